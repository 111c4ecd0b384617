/* entry.c - what the agent calls: this library's own function, unless something stands between (src/validate). */
#include "clr/agent_calls.h"
#include "clr/com.h"
#include "validate/gate.h"

const nr_agent_calls nr_agent_calls_own = {
#define X(result, name, parameters) .name = nr_own_##name,
    NR_AGENT_CALLS(X)
#undef X
};

#define CALLS (nr_gate_is_closed() ? &nr_agent_calls_gate : &nr_agent_calls_own)

NR_EXPORT int32_t NRPROF_CALL InstrumentationRefresh(void)
{
    return CALLS->InstrumentationRefresh();
}

NR_EXPORT int32_t NRPROF_CALL ReloadConfiguration(void)
{
    return CALLS->ReloadConfiguration();
}

NR_EXPORT int32_t NRPROF_CALL AddCustomInstrumentation(const char *file_name, const char *xml)
{
    return CALLS->AddCustomInstrumentation(file_name, xml);
}

NR_EXPORT int32_t NRPROF_CALL ApplyCustomInstrumentation(void)
{
    return CALLS->ApplyCustomInstrumentation();
}

NR_EXPORT int32_t NRPROF_CALL RequestProfile(void **snapshots, int32_t *length)
{
    return CALLS->RequestProfile(snapshots, length);
}

NR_EXPORT void NRPROF_CALL ReleaseProfile(void)
{
    CALLS->ReleaseProfile();
}

NR_EXPORT int32_t NRPROF_CALL RequestFunctionNames(const uintptr_t *function_ids, int32_t length, void **results)
{
    return CALLS->RequestFunctionNames(function_ids, length, results);
}

NR_EXPORT void NRPROF_CALL ShutdownThreadProfiler(void)
{
    CALLS->ShutdownThreadProfiler();
}

NR_EXPORT uintptr_t NRPROF_CALL GetCurrentExecutionEngineThreadId(void)
{
    return CALLS->GetCurrentExecutionEngineThreadId();
}
