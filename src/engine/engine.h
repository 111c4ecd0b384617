/* engine.h - from a JIT callback to a rewritten body.
 *
 * All functions may be called by any thread at any time, also from inside a call into the CLR that another of
 * them makes (RequestReJIT does call back). No lock is held across such a call. */
#ifndef NR_ENGINE_ENGINE_H
#define NR_ENGINE_ENGINE_H

#include "engine/entry.h"
#include "engine/generation.h"
#include "engine/module.h"
#include "engine/refresh.h"
#include "engine/resolver.h"
#include "engine/runtime.h"

struct nr_engine {
    nr_runtime runtime;
    nr_str core_path; /* of NewRelic.Agent.Core.dll, as it goes into the injected code */
    nr_generation *_Atomic generation;
    nr_epoch epoch;
    nr_modules modules;
    nr_resolver resolver;
    nr_switch_set switches;    /* in force since the start */
    atomic_ulong instrumented; /* bodies given to the CLR */
    atomic_ulong verdicts[3];  /* of the verifier, where it was asked: see approval.h */
    unsigned fault_limit;      /* 0: none */
    atomic_uint faults;
    atomic_bool closed;        /* the limit has been reached */
    nr_live live;
    nr_entries entries;
};

static inline bool nr_engine_has(const nr_engine *e, nr_switch s)
{
    return nr_switch_on(e->switches, s);
}

/* A switch that this runtime has not the means for. Before the first callback. */
static inline void nr_engine_turn_off(nr_engine *e, nr_switch s)
{
    e->switches &= ~((nr_switch_set)1 << s);
}

static inline bool nr_engine_vetoes_inlining(const nr_engine *e)
{
    return (e->switches & (1u << NR_SWITCH_KEEP_PRECOMPILED | 1u << NR_SWITCH_VETO_INLINING)) != 0;
}

/* Takes over `first`, and what it says about switches. `core_path` must outlive the engine. NULL: no memory (`first` stays the caller's). */
nr_engine *nr_engine_new(const nr_runtime *runtime, nr_str core_path, nr_generation *first);
void nr_engine_free(nr_engine *e);

/* The callbacks of that name; the results are theirs. */
int32_t nr_engine_jit_started(nr_engine *e, uintptr_t function);
int32_t nr_engine_rejit_started(nr_engine *e, uintptr_t function);
int32_t nr_engine_rejit_parameters(nr_engine *e, uintptr_t module, uint32_t token, void *control);
/* Only told to the log, and only with its switch. */
void nr_engine_rejit_error(nr_engine *e, uintptr_t module, uint32_t token, int32_t status);
int32_t nr_engine_module_loaded(nr_engine *e, uintptr_t module, int32_t status);
/* May the runtime use its precompiled code for this function? May it inline it? precompiled.h */
bool nr_engine_may_use_precompiled(nr_engine *e, uintptr_t function);
bool nr_engine_may_inline(nr_engine *e, uintptr_t callee);
void nr_engine_module_unloaded(nr_engine *e, uintptr_t module);

typedef struct nr_engine_counters {
    unsigned long template_runs, blobs, instrumented;
    unsigned long verdicts[3]; /* by nr_verify_verdict */
    size_t lua_memory;
} nr_engine_counters;
/* Of the present generation; `instrumented` and `verdicts` since the start. */
nr_engine_counters nr_engine_count(nr_engine *e);

#endif
