/* gate_internal.h - between gate.c and calls.c. */
#ifndef NR_VALIDATE_GATE_INTERNAL_H
#define NR_VALIDATE_GATE_INTERNAL_H

#include "base/str.h"
#include "validate/gate.h"
#include "validate/run.h"

/* Another profiler's library. It is never unloaded. */
typedef struct nr_gate_other {
    void *library; /* NULL: none */
    nr_str path;
    nr_class_object class_object;
    nr_agent_calls calls; /* NULL members: it does not export them */
} nr_gate_other;
/* False: it must not or cannot be used; why is noted for the log. */
bool nr_gate_load(nr_gate_other *other, const char *variable, nr_str path);

/* The agent's calls belong to this run from now on; `other`: the functions of the other library. */
void nr_gate_assign(nr_run *run, const nr_agent_calls *other);
/* All go to the other library from now on. */
void nr_gate_hand_over(const nr_agent_calls *other);
/* This run ends. */
void nr_gate_retire(nr_run *run);

#endif
