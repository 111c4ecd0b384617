/* The functions of nrprof_agent.h.
 *
 * Live instrumentation and thread profiles are not part of this version: with a profiler they answer E_NOTIMPL and
 * one ERROR line, which the managed agent takes as any other failure. Without one they answer as the reference does. */
#include "nrprof_agent.h"

#include "base/log.h"
#include "clr/profiler.h"


static int32_t refuse(const char *what, int32_t without_profiler, const char *line)
{
    if (!nr_profiler_current()) {
        NR_LOG(NR_ERROR, "%s", line);
        return without_profiler;
    }
    NR_LOG(NR_ERROR, "%s is not part of this version.", what);
    return NR_E_NOTIMPL;
}

NR_EXPORT int32_t NRPROF_CALL InstrumentationRefresh(void)
{
    NR_LOG(NR_INFO, "Refreshing instrumentation");
    return refuse("InstrumentationRefresh", NR_E_FAIL,
                  "Unable to refresh instrumentation because the profiler reference is invalid.");
}

NR_EXPORT int32_t NRPROF_CALL ReloadConfiguration(void)
{
    NR_LOG(NR_INFO, "Reloading newrelic.config files.");
    return refuse("ReloadConfiguration", NR_E_FAIL,
                  "Unable to reload newrelic.config files because the profiler reference is invalid.");
}

NR_EXPORT int32_t NRPROF_CALL AddCustomInstrumentation(const char *file_name, const char *xml)
{
    (void)file_name;
    (void)xml;
    NR_LOG(NR_TRACE, "Adding custom instrumentation");
    return refuse("AddCustomInstrumentation", NR_E_FAIL,
                  "Unable to add custom instrumentation because the profiler reference is invalid.");
}

NR_EXPORT int32_t NRPROF_CALL ApplyCustomInstrumentation(void)
{
    NR_LOG(NR_TRACE, "Applying custom instrumentation");
    return refuse("ApplyCustomInstrumentation", NR_E_FAIL,
                  "Unable to apply custom instrumentation because the profiler reference is invalid.");
}

NR_EXPORT int32_t NRPROF_CALL RequestProfile(void **snapshots, int32_t *length)
{
    (void)snapshots;
    (void)length;
    return refuse("RequestProfile", NR_E_UNEXPECTED,
                  "RequestProfile: entry point called before the profiler has been initialized");
}

NR_EXPORT void NRPROF_CALL ReleaseProfile(void)
{
    refuse("ReleaseProfile", NR_E_UNEXPECTED,
           "ReleaseProfile: entry point called before the profiler has been initialized");
}

NR_EXPORT int32_t NRPROF_CALL RequestFunctionNames(const uintptr_t *function_ids, int32_t length, void **results)
{
    (void)function_ids;
    (void)length;
    (void)results;
    return refuse("RequestFunctionNames", NR_E_UNEXPECTED,
                  "RequestFunctionNames: entry point called before the profiler has been initialized");
}

NR_EXPORT void NRPROF_CALL ShutdownThreadProfiler(void)
{
    refuse("ShutdownThreadProfiler", NR_E_UNEXPECTED,
           "ShutdownThreadProfiler: entry point called before the profiler has been initialized");
}

NR_EXPORT uintptr_t NRPROF_CALL GetCurrentExecutionEngineThreadId(void)
{
    nr_profiler *p = nr_profiler_current();
    uintptr_t thread = 0;
    if (!p) {
        NR_LOG(NR_ERROR, "GetCurrentExecutionEngineThreadId: entry point called before the profiler has been initialized");
        return 0;
    }
    if (!p->info || NR_CALL(p->info, GetCurrentThreadID, &thread) < 0) return 0;
    return thread;
}
