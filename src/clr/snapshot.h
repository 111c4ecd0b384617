/* snapshot.h - one sampling of all managed threads (reference/thread-profiler.md sections 3 and 4). */
#ifndef NR_CLR_SNAPSHOT_H
#define NR_CLR_SNAPSHOT_H

#include "clr/abi.h"
#include "clr/names.h"
#include "os/os.h"

#include <stdatomic.h>

enum {
    NR_SNAPSHOT_FRAMES = 1337,     /* of one thread */
    NR_SNAPSHOT_NAME_UNITS = 1023, /* of a name, terminator included; the rest is cut off */
    NR_SNAPSHOT_TOO_DEEP = 1       /* a record's error: more frames than that */
};

/* The buffer that DoStackSnapshot's callback writes to, about 5.5 MB: the system gives a page when it is first used. */
typedef struct nr_walk nr_walk;
nr_walk *nr_walk_new(void);
void nr_walk_free(nr_walk *walk);

/* The result. All zero is none. */
typedef struct nr_profile {
    nr_arena arena;
    nrprof_thread_profile *records;
    int32_t count;
} nr_profile;
void nr_profile_free(nr_profile *profile);

typedef struct nr_sampling {
    nr_ICorProfilerInfo4 *info;
    nr_walk *walk;
    nr_names *names;
    nr_mutex *names_lock;    /* taken while names are added, never while the CLR is called */
    const atomic_bool *stop; /* looked at before each thread */
} nr_sampling;

/* Fills an empty profile. A thread whose stack cannot be had, or recorded, is left out. False: no memory for anything. */
bool nr_snapshot_take(const nr_sampling *s, nr_profile *profile);

#endif
