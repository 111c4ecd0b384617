/* runtime.h - ICorProfilerInfo behind the engine's table. */
#ifndef NR_CLR_RUNTIME_H
#define NR_CLR_RUNTIME_H

#include "clr/loaded_image.h"
#include "engine/runtime.h"

/* What the table works on (nr_runtime.self). */
typedef struct nr_clr {
    nr_ICorProfilerInfo4 *info;
    nr_get_dispenser dispenser; /* NULL: modules are not read beside the CLR */
} nr_clr;

extern const nr_runtime_ops nr_runtime_ops_clr;

#endif
