/* runtime.h - ICorProfilerInfo behind the engine's table. */
#ifndef NR_CLR_RUNTIME_H
#define NR_CLR_RUNTIME_H

#include "clr/abi.h"
#include "engine/runtime.h"

/* The table works on an nr_ICorProfilerInfo4 (nr_runtime.self). */
extern const nr_runtime_ops nr_runtime_ops_clr;

#endif
