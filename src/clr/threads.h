/* threads.h - the thread profiler: a thread that samples on request, what it found, and its end
 * (reference/thread-profiler.md; results as in exports.md E5 to E8). */
#ifndef NR_CLR_THREADS_H
#define NR_CLR_THREADS_H

#include "clr/snapshot.h"

/* All zero is one that has done nothing yet. Any thread may call any of the functions below; they never wait for
 * each other longer than one sampling takes. */
typedef struct nr_threads {
    nr_mutex lock; /* of everything but `sampling`, and of writes to `names`; not held while the CLR is called */
    nr_condition changed;
    nr_mutex sampling; /* held during one sampling */
    nr_thread worker;
    bool running;         /* there is a worker to join */
    bool busy;            /* a request is being served */
    bool requested, done; /* for the worker; by the worker */
    bool failed;          /* what is done */
    atomic_bool stopping; /* between the beginning and the end of a shutdown */
    unsigned shutdowns;   /* a waiting request sees that one has come and gone */
    nr_ICorProfilerInfo4 *info;
    nr_ICorProfilerInfo10 *info10;
    nr_walk *walk;
    nr_profile profile;
    nr_names names;
    nrprof_function_name *answer;
    size_t answer_size; /* bytes */
} nr_threads;

/* RequestProfile. `info` NULL: never initialised; `info10` NULL: the runtime has none. They stay as long as the worker. */
int32_t nr_threads_request(nr_threads *t, nr_ICorProfilerInfo4 *info, nr_ICorProfilerInfo10 *info10, void **records,
                           int32_t *count);
void nr_threads_release(nr_threads *t);
int32_t nr_threads_names(nr_threads *t, const uintptr_t *functions, int32_t count, void **results);
/* Ends the worker and frees everything; afterwards all is as in the beginning. */
void nr_threads_shutdown(nr_threads *t);
/* Returns when no sampling is running: until then the CLR must keep the thread that is ending. */
void nr_threads_wait_for_sampling(nr_threads *t);

#endif
