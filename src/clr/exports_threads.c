/* The thread profiler's functions of nrprof_agent.h, as this library does them. */
#include "clr/agent_calls.h"

#include "base/log.h"
#include "clr/profiler.h"

static nr_profiler *profiler_or_line(const char *function)
{
    nr_profiler *p = nr_profiler_current();
    if (!p) NR_LOG(NR_ERROR, "%s: entry point called before the profiler has been initialized", function);
    return p;
}

int32_t NRPROF_CALL nr_own_RequestProfile(void **snapshots, int32_t *length)
{
    nr_profiler *p = profiler_or_line("RequestProfile");
    return p ? nr_threads_request(&p->threads, p->info, p->info10, snapshots, length) : NR_E_UNEXPECTED;
}

void NRPROF_CALL nr_own_ReleaseProfile(void)
{
    nr_profiler *p = profiler_or_line("ReleaseProfile");
    if (p) nr_threads_release(&p->threads);
}

int32_t NRPROF_CALL nr_own_RequestFunctionNames(const uintptr_t *function_ids, int32_t length, void **results)
{
    nr_profiler *p = profiler_or_line("RequestFunctionNames");
    return p ? nr_threads_names(&p->threads, function_ids, length, results) : NR_E_UNEXPECTED;
}

void NRPROF_CALL nr_own_ShutdownThreadProfiler(void)
{
    nr_profiler *p = profiler_or_line("ShutdownThreadProfiler");
    if (p) nr_threads_shutdown(&p->threads);
}

uintptr_t NRPROF_CALL nr_own_GetCurrentExecutionEngineThreadId(void)
{
    nr_profiler *p = profiler_or_line("GetCurrentExecutionEngineThreadId");
    uintptr_t thread = 0;
    if (!p || !p->info || NR_FAILED(NR_CALL(p->info, GetCurrentThreadID, &thread))) return 0;
    return thread;
}
