/* epoch.h - freeing what readers may still be looking at.
 *
 * A reader marks one of 64 counters, chosen by its stack address, each on a cache line of its own; it never
 * waits. What is taken out of a shared structure is retired, and freed when every counter has been seen at zero
 * since. Nobody waits for that: it is looked at when something is retired and when a module loads. (Waiting would be
 * simpler, but a reader may be inside a call into the CLR that waits for the thread that retires.) */
#ifndef NR_ENGINE_EPOCH_H
#define NR_ENGINE_EPOCH_H

#include "os/os.h"

#include <stdatomic.h>
#include <stdint.h>

enum { NR_EPOCH_COUNTERS = 64, NR_CACHE_LINE = 64 };

typedef struct nr_retired nr_retired;
struct nr_retired { /* first member of what is to be retired */
    nr_retired *next;
    void (*free)(nr_retired *what);
    uint64_t waiting; /* a bit for each counter that has not been seen at zero yet */
};

typedef struct nr_epoch {
    struct {
        atomic_uint readers;
        char pad[NR_CACHE_LINE - sizeof(atomic_uint)];
    } counters[NR_EPOCH_COUNTERS];
    nr_mutex lock;
    nr_retired *retired;
} nr_epoch;

/* Returns the counter to hand to nr_epoch_leave. Calls nest. */
unsigned nr_epoch_enter(nr_epoch *e);
void nr_epoch_leave(nr_epoch *e, unsigned counter);

/* `what` must not be reachable for new readers any more. */
void nr_epoch_retire(nr_epoch *e, nr_retired *what, void (*free)(nr_retired *what));
/* Frees what can be freed. */
void nr_epoch_collect(nr_epoch *e);
/* How many things are retired and not freed yet. */
size_t nr_epoch_waiting(nr_epoch *e);
/* Frees everything; no reader may be left. */
void nr_epoch_end(nr_epoch *e);

#endif
