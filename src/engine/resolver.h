/* resolver.h - function ids of generic methods (com-and-lifecycle.md 8.5).
 *
 * A ReJIT is asked for by module and token; for a generic method the CLR does not say which FunctionID that is. What
 * the JIT callbacks saw is remembered here, and what could not be resolved waits for ReJITCompilationStarted. */
#ifndef NR_ENGINE_RESOLVER_H
#define NR_ENGINE_RESOLVER_H

#include "os/os.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct nr_pair nr_pair;

enum { NR_RESOLVER_BUCKETS = 256 };

typedef struct nr_resolver {
    nr_mutex lock; /* held for look-ups only, never across a call into the CLR */
    nr_pair *buckets[NR_RESOLVER_BUCKETS];
} nr_resolver;

/* Remembers the function id of a generic method; the last one counts. */
void nr_resolver_remember(nr_resolver *r, uintptr_t module, uint32_t token, uintptr_t function);
/* Takes the remembered id; 0: none, and the method waits now. */
uintptr_t nr_resolver_take(nr_resolver *r, uintptr_t module, uint32_t token);
/* Did the method wait? Then it waits no more, and `function` is remembered. */
bool nr_resolver_was_waiting(nr_resolver *r, uintptr_t module, uint32_t token, uintptr_t function);
/* A module is gone; its id may be used again. */
void nr_resolver_forget_module(nr_resolver *r, uintptr_t module);
void nr_resolver_end(nr_resolver *r);

#endif
