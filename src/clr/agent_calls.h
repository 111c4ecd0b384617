/* agent_calls.h - the functions of nrprof_agent.h as a table: this library's, or those of another profiler. */
#ifndef NR_CLR_AGENT_CALLS_H
#define NR_CLR_AGENT_CALLS_H

#include "nrprof_agent.h"

/* X(result, name, parameters) */
#define NR_AGENT_CALLS(X) \
    X(int32_t, InstrumentationRefresh, (void)) \
    X(int32_t, ReloadConfiguration, (void)) \
    X(int32_t, AddCustomInstrumentation, (const char *, const char *)) \
    X(int32_t, ApplyCustomInstrumentation, (void)) \
    X(int32_t, RequestProfile, (void **, int32_t *)) \
    X(void, ReleaseProfile, (void)) \
    X(int32_t, RequestFunctionNames, (const uintptr_t *, int32_t, void **)) \
    X(void, ShutdownThreadProfiler, (void)) \
    X(uintptr_t, GetCurrentExecutionEngineThreadId, (void))

typedef struct nr_agent_calls {
#define X(result, name, parameters) result(NRPROF_CALL *name) parameters;
    NR_AGENT_CALLS(X)
#undef X
} nr_agent_calls;

/* What this library does itself. */
#define X(result, name, parameters) result NRPROF_CALL nr_own_##name parameters;
NR_AGENT_CALLS(X)
#undef X
extern const nr_agent_calls nr_agent_calls_own;

#endif
