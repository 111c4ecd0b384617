/* gate.h - whether anything stands between the CLR and this profiler, decided once from the environment. */
#ifndef NR_VALIDATE_GATE_H
#define NR_VALIDATE_GATE_H

#include "clr/agent_calls.h"
#include "clr/abi.h"

#include <stdatomic.h>

/* True: something does. Never, when no variable of docs/validation.md or docs/rollout.md is set. */
extern atomic_bool nr_gate_closed;
static inline bool nr_gate_is_closed(void)
{
    return atomic_load_explicit(&nr_gate_closed, memory_order_relaxed);
}

typedef int32_t(NR_COM *nr_class_object)(const nr_guid *clsid, const nr_guid *iid, void **object);
/* DllGetClassObject; `own` is what it answers when nothing stands between. */
int32_t nr_gate_class_object(nr_class_object own, const nr_guid *clsid, const nr_guid *iid, void **object);

/* Calls of the agent while something stands between: carried out by the profiler in charge, and in a shadow run before
 * that by the one beside it; recorded. */
extern const nr_agent_calls nr_agent_calls_gate;

/* Writes to the log what there was to say before it was open. */
void nr_gate_log_notes(void);

/* Tests only: the next class object is asked for as in a new process. Nothing of what stood between may be in use any more. */
void nr_gate_begin_again(void);

#endif
