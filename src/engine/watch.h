/* watch.h - NEW_RELIC_RULES_WATCH: rule and template files that change take effect by themselves.
 *
 * A thread looks at names, sizes and times of the files every two seconds: the same on every file system, mounted ones and
 * containers' overlays included, and without a handle that somebody could be waiting for. A change is acted on when it has
 * stood still for one period, so that an editor or a copy can finish. A refresh that fails because of a file leaves the rules in
 * force until a file changes; one that fails otherwise, for want of memory say, is tried again at each look. */
#ifndef NR_ENGINE_WATCH_H
#define NR_ENGINE_WATCH_H

#include "engine/engine.h"

enum { NR_WATCH_PERIOD = 2000 }; /* ms */

typedef struct nr_watch { /* all zero: not running */
    nr_engine *e;
    unsigned period;
    uint64_t print; /* of the files that are in force */
    nr_thread thread;
    nr_mutex lock; /* over what follows */
    nr_condition wake;
    bool running, stop;
} nr_watch;

/* False: there is no thread, and nothing is watched. */
bool nr_watch_start(nr_watch *w, nr_engine *e, unsigned period);
/* Waits for a refresh that is under way. Nothing when it is not running. */
void nr_watch_stop(nr_watch *w);

#endif
