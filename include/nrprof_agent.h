/* nrprof_agent.h - what the managed agent calls by P/Invoke (reference/exports.md).
 *
 * Nine functions, cdecl, undecorated. HRESULT is int32_t: negative means failed. Text is what the platform's default
 * marshalling makes of a .NET string: UTF-8, on Windows the ANSI code page. Any thread may call any of them. */
#ifndef NRPROF_AGENT_H
#define NRPROF_AGENT_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define NRPROF_CALL __cdecl
#else
#define NRPROF_CALL
#endif

#ifdef __cplusplus
extern "C" {
#define NRPROF_ASSERT static_assert
#else
#define NRPROF_ASSERT _Static_assert
#endif

/* One thread of a profile (exports.md E5). */
typedef struct nrprof_thread_profile {
    uintptr_t thread; /* the CLR's ThreadID */
    int32_t error;    /* HRESULT; 1: the stack was deeper than 1337 frames, and its leaves are missing */
    int32_t count;    /* frames, also where `functions` is NULL */
    /* FunctionIDs, innermost frame first, 0: a native frame. NULL when `error` is negative or `count` is 0. */
    const uintptr_t *functions;
} nrprof_thread_profile;

/* The names of one function (exports.md E7); both texts are UTF-16 and end with NUL. */
typedef struct nrprof_function_name {
    uintptr_t function;
    const uint16_t *type_name; /* namespace and name of the TypeDef, without enclosing types */
    const uint16_t *method_name;
} nrprof_function_name;

/* The managed reader walks both field by field: 4-byte pointers on x86, 8-byte ones elsewhere, no padding. */
#define NRPROF_AT(record, member, on_32, on_64) \
    NRPROF_ASSERT(offsetof(record, member) == (sizeof(void *) == 8 ? (on_64) : (on_32)), #record "." #member)
NRPROF_AT(nrprof_thread_profile, thread, 0, 0);
NRPROF_AT(nrprof_thread_profile, error, 4, 8);
NRPROF_AT(nrprof_thread_profile, count, 8, 12);
NRPROF_AT(nrprof_thread_profile, functions, 12, 16);
NRPROF_ASSERT(sizeof(nrprof_thread_profile) == (sizeof(void *) == 8 ? 24 : 16), "nrprof_thread_profile");
NRPROF_AT(nrprof_function_name, function, 0, 0);
NRPROF_AT(nrprof_function_name, type_name, 4, 8);
NRPROF_AT(nrprof_function_name, method_name, 8, 16);
NRPROF_ASSERT(sizeof(nrprof_function_name) == (sizeof(void *) == 8 ? 24 : 12), "nrprof_function_name");
#undef NRPROF_AT
#undef NRPROF_ASSERT

/* Reads all rule files again, and the custom texts that are in force. S_OK; S_FALSE (1): a file is invalid and
 * nothing has changed. All of the first four return E_FAIL when there is no initialised profiler. */
int32_t NRPROF_CALL InstrumentationRefresh(void);
/* Reads newrelic.config again, then refreshes. E_FAIL: it cannot be used, and nothing has changed. */
int32_t NRPROF_CALL ReloadConfiguration(void);
/* Keeps a copy of an extension XML under a name until the next Apply; the same name replaces. E_INVALIDARG: NULL,
 * or not valid in the marshalled encoding. */
int32_t NRPROF_CALL AddCustomInstrumentation(const char *file_name, const char *xml);
/* Puts the texts added since the last call in the place of those applied before. S_OK also when there is nothing to do. */
int32_t NRPROF_CALL ApplyCustomInstrumentation(void);

/* Samples the stacks of all managed threads once; blocks until that is done. *snapshots: *length records of type
 * nrprof_thread_profile. They belong to the profiler and are valid until ReleaseProfile or ShutdownThreadProfiler.
 * E_INVALIDARG: a NULL pointer; E_FAIL: the last profile has not been released; E_ABORT: shut down meanwhile (*length
 * is 0, *snapshots NULL); E_UNEXPECTED: no initialised profiler, or no means. In all but E_ABORT a failure leaves the
 * results as they are. */
int32_t NRPROF_CALL RequestProfile(void **snapshots, int32_t *length);
/* Frees the last profile, if there is one. */
void NRPROF_CALL ReleaseProfile(void);
/* The names of `length` functions as seen by RequestProfile since the last shutdown; others are called UnknownClass and
 * UnknownMethod(error). *results: as many records of type nrprof_function_name, in that order; they are valid until the
 * next call, the names until ShutdownThreadProfiler. E_INVALIDARG: a NULL pointer, or length 0; E_UNEXPECTED: a
 * negative length, or no profiler; E_OUTOFMEMORY. A failure leaves *results as it is. */
int32_t NRPROF_CALL RequestFunctionNames(const uintptr_t *function_ids, int32_t length, void **results);
/* Ends the sampling thread and frees everything it left. May be called at any time; the next RequestProfile starts anew. */
void NRPROF_CALL ShutdownThreadProfiler(void);
/* The CLR's id of the calling thread; 0 when there is no profiler, or the CLR has none. */
uintptr_t NRPROF_CALL GetCurrentExecutionEngineThreadId(void);

#ifdef __cplusplus
}
#endif

#endif
