/* module.h - what is known of the loaded modules.
 *
 * Readers find a record without a lock: buckets are lists of atomic pointers, writers take a lock and retire
 * what they take out. A record is made when its module loads, or when one of its methods is first seen. */
#ifndef NR_ENGINE_MODULE_H
#define NR_ENGINE_MODULE_H

#include "engine/epoch.h"
#include "engine/generation.h"
#include "engine/method_bits.h"
#include "engine/runtime.h"
#include "engine/wide_rows.h"
#include "meta/token_cache.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Which methods of a module the rules of one generation may be about: the three name sets of the reference's early
 * filter (selection-in-native.md 2.1), decided once. Valid for methods that exist when it is made. */
typedef struct nr_candidates {
    nr_retired retired;
    unsigned long generation; /* its serial: the address of one that is gone may come again */
    uint32_t known; /* highest method row at that time; later ones go by name */
    bool by_name;   /* dynamic module: every method goes by name */
    nr_wide_rows wide; /* of wide rules; their bits are set, too */
    uint32_t bits;
    uint64_t words[1]; /* a bit per row, [0, bits) */
} nr_candidates;

typedef struct nr_module nr_module;
struct nr_module {
    nr_retired retired;
    uintptr_t id;
    nr_module *_Atomic next;
    nr_arena arena;
    nr_str assembly;
    bool dynamic;
    bool collectible; /* may be unloaded while others run: its id is good only for who knows that some of its code still runs */
    bool precompiled;         /* its image holds code */
    bool searches_attributes; /* not System., Microsoft., NewRelic. */
    bool is_api;              /* the assembly NewRelic.Api.Agent: every method is looked at */
    nr_candidates *_Atomic candidates;
    nr_method_bits *_Atomic traced;  /* methods that may carry one; NULL: not looked for, or untraced. See traced.h */
    nr_method_bits *_Atomic searched; /* wanted methods whose precompiled callers have been looked for */
    nr_method_bits *_Atomic callers; /* methods whose precompiled code contains wanted ones */
    nr_token_cache *tokens;
    /* No method can carry [Transaction] or [Trace]. Not beside the flags above: compilers read those with one wide read. */
    atomic_bool untraced;
    atomic_bool has_told_of_value_types; /* see entry.c */
    atomic_bool gap_told; /* that what is inlined in its image is not known, or not whole */
};

enum { NR_MODULE_BUCKETS = 1024 };

typedef struct nr_modules nr_modules;
struct nr_modules {
    nr_epoch *epoch;
    const nr_runtime *runtime;
    nr_mutex lock;
    nr_module *_Atomic buckets[NR_MODULE_BUCKETS];
};

/* Inside an epoch. NULL: not known. */
nr_module *nr_modules_find(nr_modules *m, uintptr_t id);
/* Inside an epoch: a module of the assembly of that name. With several, any of them that cannot be unloaded; NULL when all can:
 * which of them is meant is not known, and one may be going just now. Looks at every record. */
nr_module *nr_modules_named(nr_modules *m, nr_str assembly);
/* The record, made when it is missing; NULL: the CLR does not know the module, or no memory (*hr). */
nr_module *nr_modules_need(nr_modules *m, uintptr_t id, int32_t *hr);
void nr_modules_remove(nr_modules *m, uintptr_t id);
void nr_modules_end(nr_modules *m);

/* Is this method to be looked at, as far as tables tell? Makes the tables when they are missing: `function` gives
 * access to the metadata then. Inside an epoch. */
bool nr_module_may_match(nr_modules *m, nr_module *module, const nr_generation *g, uintptr_t function, uint32_t token);

/* The tables of this generation, made when they are missing or of another one. `function` 0: the module itself gives
 * access. NULL: no memory, or no metadata. Inside an epoch. */
const nr_candidates *nr_module_candidates(nr_modules *m, nr_module *module, const nr_generation *g, uintptr_t function);
/* May a wide rule be about this method? Asked for what may match only. */
bool nr_module_may_be_wide(nr_modules *m, nr_module *module, const nr_generation *g, uintptr_t function, uint32_t token);
/* As far as names tell. */
bool nr_module_names(const nr_candidates *c, uint32_t row);
/* The record behind `previous`, NULL: the first one. NULL: there are no more. Inside an epoch. */
nr_module *nr_modules_next(nr_modules *m, const nr_module *previous);
/* Highest row of the method table. */
uint32_t nr_scope_last_method(nr_scope *scope);

/* Full name of a type, Namespace.Outer+Inner, and the attributes of the outermost one, which is what the
 * reference goes on with (com-and-lifecycle.md 8.2.6). */
int32_t nr_type_full_name(nr_scope *scope, nr_arena *arena, uint32_t type_def, nr_str *name, uint32_t *attributes);

#endif
