/* run.h - one profiler object of the CLR: who is in charge, who is beside it. */
#ifndef NR_VALIDATE_RUN_H
#define NR_VALIDATE_RUN_H

#include "clr/agent_calls.h"
#include "validate/proxy.h"
#include "validate/shadow.h"

typedef struct nr_run {
    nr_side charge; /* first: the callback proxy's side is this one */
    nr_side beside;
    nr_shadow shadow;
    nr_ICorProfilerCallback4 *beside_callback; /* NULL: nobody is beside */
    bool own_in_charge, own_beside;
} nr_run;

/* The object that the CLR gets: takes over `run` and `callback`. NULL: no memory, and both are gone. */
nr_face *nr_run_new(nr_run *run, void *callback);

/* What Initialize needs of the gate (gate.c). */

/* The runtime is known now; nothing is initialised yet. Where this library is not one of the two, its log is opened. */
void nr_gate_starting(nr_run *run, bool core);
/* A profiler of another library has been initialised beside this one: its log gets the name of a shadow's. */
void nr_gate_rename_log(bool core);
/* This library could not start. The fallback's object, with one reference, when it is to take over; else NULL. */
void *nr_gate_fallback(nr_run *run, bool core);

#endif
