/* crowd.h - many threads in one simulated CLR.
 *
 * The simulation is made for one thread. Here a lock is taken at each way into it and given back at each way out, so that any number
 * of threads may drive it, call its interfaces, and come back in from inside a callback.
 *
 * ThreadSanitizer sees neither the lock nor what happens under it. If it did, each call of the CLR would put the profiler's threads
 * into an order that no real CLR gives them, and what the library leaves unordered would never be found. What the simulation does
 * itself is therefore not checked either: it is a tool, and all of it is under that lock. */
#ifndef NR_TESTS_CROWD_H
#define NR_TESTS_CROWD_H

#include "sim/sim.h"

/* Behind nr_sim_attach: from here on any thread may come in. One CLR at a time; nr_sim_destroy needs no more. */
void crowd_open(nr_sim *sim);

/* Around every other nr_sim_…, by a thread that runs managed code: it stands still while the runtime is suspended. */
void crowd_enter(void);
void crowd_leave(void);

/* The profiler itself, for callbacks that no nr_sim_… sends. No thread that has entered calls it. */
nr_ICorProfilerCallback4 *crowd_profiler(void);

#endif
