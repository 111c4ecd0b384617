/* side.h - one profiler as seen from here: what it was given, and where what it does is written down. */
#ifndef NR_VALIDATE_SIDE_H
#define NR_VALIDATE_SIDE_H

#include "clr/abi.h"
#include "validate/view.h"

struct nr_recorder;
struct nr_shadow;

typedef struct nr_side {
    struct nr_recorder *recorder; /* NULL: nothing is written down */
    nr_ICorProfilerInfo4 *info;   /* the runtime's own; NULL before Initialize */
    struct nr_shadow *shadow;     /* NULL: this is no shadow run */
    bool beside;                  /* not in charge: gives nothing to the CLR */
} nr_side;

/* A module's metadata as this side sees it: what it has defined is there. */
void nr_side_view(nr_side *side, uintptr_t module, nr_view *view);

#endif
