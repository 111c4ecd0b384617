/* profiler.h - the object that the CLR calls: ICorProfilerCallback4 over the engine. */
#ifndef NR_CLR_PROFILER_H
#define NR_CLR_PROFILER_H

#include "clr/abi.h"
#include "clr/runtime.h"
#include "clr/threads.h"
#include "engine/engine.h"
#include "engine/watch.h"

#include <stdatomic.h>

typedef struct nr_profiler {
    const nr_ICorProfilerCallback4_vtbl *vtbl; /* first: this is the COM object */
    atomic_int references;
    nr_arena arena; /* texts that live as long as the profiler */
    nr_ICorProfilerInfo4 *info;
    nr_ICorProfilerInfo10 *info10; /* NULL: the runtime has none */
    bool core;
    nr_clr clr; /* what the engine asks */
    nr_engine *_Atomic engine; /* NULL before Initialize has succeeded */
    nr_threads threads;
    bool failed; /* Initialize ended by an error of this library, not by a decision or a missing file */
    nr_watch watch; /* NEW_RELIC_RULES_WATCH */
} nr_profiler;

/* A new object without references; it becomes the one that the exports work on. NULL: no memory. */
nr_profiler *nr_profiler_new(void);
/* The last one made that still lives; NULL: none. */
nr_profiler *nr_profiler_current(void);

/* `failed` of the present one. */
bool nr_profiler_start_failed(void);

/* com-and-lifecycle.md section 5; S_OK or CORPROF_E_PROFILER_CANCEL_ACTIVATION. */
int32_t nr_profiler_initialize(nr_profiler *p, nr_IUnknown *unknown);

#endif
