/* nrprof_agent.h - what the managed agent calls by P/Invoke (reference/exports.md).
 *
 * Nine functions, cdecl, undecorated. HRESULT is int32_t; text is what the platform's default marshalling makes of
 * a .NET string: UTF-8, on Windows the ANSI code page. */
#ifndef NRPROF_AGENT_H
#define NRPROF_AGENT_H

#include <stdint.h>

#if defined(_WIN32)
#define NRPROF_CALL __cdecl
#else
#define NRPROF_CALL
#endif

#ifdef __cplusplus
extern "C" {
#endif

int32_t NRPROF_CALL InstrumentationRefresh(void);
int32_t NRPROF_CALL ReloadConfiguration(void);
int32_t NRPROF_CALL AddCustomInstrumentation(const char *file_name, const char *xml);
int32_t NRPROF_CALL ApplyCustomInstrumentation(void);
int32_t NRPROF_CALL RequestProfile(void **snapshots, int32_t *length);
void NRPROF_CALL ReleaseProfile(void);
int32_t NRPROF_CALL RequestFunctionNames(const uintptr_t *function_ids, int32_t length, void **results);
void NRPROF_CALL ShutdownThreadProfiler(void);
/* The CLR's id of the calling thread; 0 when there is no profiler, or the CLR has none. */
uintptr_t NRPROF_CALL GetCurrentExecutionEngineThreadId(void);

#ifdef __cplusplus
}
#endif

#endif
