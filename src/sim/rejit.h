/* rejit.h - what drive.c needs of rejit.c. */
#ifndef NR_SIM_REJIT_H
#define NR_SIM_REJIT_H

#include "sim/sim.h"

/* The ICorProfilerFunctionControl of one GetReJITParameters call. */
typedef struct sim_control {
    sim_object object;
    uint32_t rid;
    nr_str il; /* in the module's arena; p == NULL: nothing was set */
} sim_control;

/* Sends ReJITError (drive.c). */
void sim_rejit_error(nr_sim *sim, uintptr_t module, uint32_t token, uintptr_t function, int32_t hr);

#endif
