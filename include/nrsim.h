/* nrsim.h - the simulated CLR.
 *
 * Loads a profiler library as a runtime does (DllGetClassObject, class factory, ICorProfilerCallback2..4,
 * Initialize) and drives it through the same COM interfaces, over real assemblies read from disk. No
 * managed code runs. Everything is deterministic: ids are small numbers that depend only on the order in
 * which modules are loaded and on tokens; nothing happens unless one of these functions is called.
 *
 * Text is UTF-8 and ends with NUL; tokens are metadata tokens (ECMA-335 II.22), results HRESULTs: negative
 * means failed. One thread at a time may call into one CLR; threads of the profiler may call the CLR's
 * interfaces while that thread waits inside an exported function. */
#ifndef NRSIM_H
#define NRSIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nr_sim nr_sim;

/* ---- a CLR ------------------------------------------------------------------------------ */

typedef enum nr_sim_flavour {
    NR_SIM_CORE,   /* runtime type 2, app domain "clrhost", version 10.0 unless set */
    NR_SIM_DESKTOP /* .NET Framework: runtime type 1, app domain "DefaultDomain", version 4.0.30319 */
} nr_sim_flavour;

typedef struct nr_sim_options {
    nr_sim_flavour flavour;
    uint16_t major, minor, build, qfe; /* all 0: the flavour's */
    const char *app_domain;            /* NULL: the flavour's */
    unsigned highest_info;             /* highest ICorProfilerInfo version offered, 1 to 11; 0: 11 */
    bool quiet;                        /* no line on stderr for a slot that is not implemented */
    bool keep_library;                 /* do not unload the library with the CLR (its threads may still run) */
} nr_sim_options;

/* `options` may be NULL. NULL: out of memory. */
nr_sim *nr_sim_create(const nr_sim_options *options);
/* Shuts the profiler down when that was not done yet, unloads everything. NULL is allowed. */
void nr_sim_destroy(nr_sim *sim);
/* What went wrong last, in English; "" when nothing did. Valid until the next call. */
const char *nr_sim_message(const nr_sim *sim);

/* ---- the profiler ----------------------------------------------------------------------- */

/* Loads a library and initialises the profiler in it; the result is what Initialize returned. When it
 * failed the profiler has been released and detached, as a runtime does; its exports can still be called.
 * Other failures (no library, no class object) are negative, too, and nr_sim_message tells which. */
int32_t nr_sim_attach(nr_sim *sim, const char *library_path);
/* The same with a class object function of this process: a profiler linked into a test.
 * Its type is DllGetClassObject's: int32_t (clsid, iid, out), stdcall on 32-bit Windows. */
int32_t nr_sim_attach_class(nr_sim *sim, void (*get_class_object)(void));
/* Loads the library only (for the behaviour of exports before initialisation). */
int32_t nr_sim_load_library(nr_sim *sim, const char *library_path);
/* False: never attached, Initialize failed, or already shut down. */
bool nr_sim_attached(const nr_sim *sim);
/* An exported function of the library, NULL: none of that name. */
void (*nr_sim_export(nr_sim *sim, const char *name))(void);
/* Calls an export of the form int32_t name(void) (cdecl), e.g. "InstrumentationRefresh".
 * E_NOINTERFACE when there is none. */
int32_t nr_sim_call(nr_sim *sim, const char *name);
/* The Shutdown callback; then the profiler is released. */
int32_t nr_sim_shutdown(nr_sim *sim);
/* Low and high event mask that the profiler has set. */
void nr_sim_mask(const nr_sim *sim, uint32_t *low, uint32_t *high);

/* ---- modules ---------------------------------------------------------------------------- */

/* Loads an assembly: AssemblyLoadStarted, ModuleLoadStarted, ModuleLoadFinished,
 * ModuleAttachedToAssembly, AssemblyLoadFinished, as far as the event mask asks for them. Returns the module
 * id, 0 when the file is no assembly (nr_sim_message: file, reason and offset). Without a profiler
 * it is just loaded. `hr` (may be NULL): what ModuleLoadFinished returned. */
uintptr_t nr_sim_load(nr_sim *sim, const char *path, int32_t *hr);
/* The same over bytes in memory that outlive the CLR; `path` is the name that the profiler sees. `status`
 * is given to ModuleLoadFinished. */
uintptr_t nr_sim_load_bytes(nr_sim *sim, const char *path, const void *data, size_t size, int32_t status, int32_t *hr);
/* ModuleUnloadStarted and -Finished; the id becomes invalid. */
int32_t nr_sim_unload(nr_sim *sim, uintptr_t module);
/* Ids in load order; returns their number, writes at most `capacity`. */
size_t nr_sim_modules(const nr_sim *sim, uintptr_t *out, size_t capacity);

/* ---- methods ---------------------------------------------------------------------------- */

/* Lets a method run, as its first or next call would: what has to be compiled is compiled now, with the
 * callbacks of a CoreCLR without tiering:
 *   - a ReJIT was requested: GetReJITParameters; when that failed ReJITError, else
 *     ReJITCompilationStarted and -Finished;
 *   - else, when its original code was not compiled yet: JITCompilationStarted and -Finished;
 * and again while the profiler asks for another ReJIT inside one of them. The result is S_OK, S_FALSE when
 * nothing had to be compiled, or the first failing result of a callback; E_INVALIDARG: no such method;
 * CORPROF_E_FUNCTION_NOT_IL: it has no IL body. */
int32_t nr_sim_jit(nr_sim *sim, uintptr_t module, uint32_t method);
/* nr_sim_jit for every method with IL of a module, in ascending order. Returns how many had to be compiled. */
uint32_t nr_sim_jit_all(nr_sim *sim, uintptr_t module);
/* nr_sim_jit for every method with a pending ReJIT request or revert; returns how many there were. */
uint32_t nr_sim_jit_pending(nr_sim *sim);
/* JITInlining(caller, callee); *inlined: what the profiler answered (true by default). */
int32_t nr_sim_inline(nr_sim *sim, uintptr_t module, uint32_t caller, uint32_t callee, bool *inlined);
/* JITCachedFunctionSearchStarted, when the event mask asks for it; *used: may the image's code run (true by default)? */
int32_t nr_sim_precompiled(nr_sim *sim, uintptr_t module, uint32_t method, bool *used);
/* In the image of module `in`, the code of `caller` contains that of a method of `module`. False: no memory, no module. */
bool nr_sim_inlined(nr_sim *sim, uintptr_t in, uint32_t caller, uintptr_t module, uint32_t callee);
/* That image has a list, of which the CLR says that it is not whole. False: no module. */
bool nr_sim_inlined_more(nr_sim *sim, uintptr_t in);
uintptr_t nr_sim_function_id(const nr_sim *sim, uintptr_t module, uint32_t method);
bool nr_sim_function_of(const nr_sim *sim, uintptr_t function, uintptr_t *module, uint32_t *method);

typedef enum nr_sim_body {
    NR_SIM_BODY_ORIGINAL, /* the image's */
    NR_SIM_BODY_CURRENT   /* what would run: written by ReJIT, or by SetILFunctionBody, or the image's */
} nr_sim_body;
/* A body; valid until the next call that compiles. False: it has none. */
bool nr_sim_il(const nr_sim *sim, uintptr_t module, uint32_t method, nr_sim_body which, const uint8_t **il, size_t *size);
/* Has the current body been written by the profiler? */
bool nr_sim_is_rewritten(const nr_sim *sim, uintptr_t module, uint32_t method);

/* ---- threads ---------------------------------------------------------------------------- */

/* A managed thread for EnumThreads; ThreadCreated is sent when the mask asks for it. 0: no memory. */
uintptr_t nr_sim_thread(nr_sim *sim);
/* Its stack for DoStackSnapshot, innermost frame first: function ids, 0 for a native frame. A failing `hr`
 * is returned by DoStackSnapshot, after the frames. */
bool nr_sim_thread_stack(nr_sim *sim, uintptr_t thread, const uintptr_t *functions, size_t count, int32_t hr);
/* ThreadDestroyed. */
int32_t nr_sim_thread_end(nr_sim *sim, uintptr_t thread);
/* SuspendRuntime calls minus ResumeRuntime calls. */
int nr_sim_suspended(const nr_sim *sim);

/* Calls every slot of the callback interface but Initialize, InitializeForAttach and Shutdown, `rounds` times on each of `threads`
 * threads (1 to 16), with ids that name nothing. Returns the number of calls. nr_sim_message then says which slot left the
 * stack pointer of 32-bit Windows elsewhere, or wrote more than its result; "" when none did. */
unsigned nr_sim_call_slots(nr_sim *sim, unsigned threads, unsigned rounds);

/* ---- failures --------------------------------------------------------------------------- */

/* The n-th call from now (1: the next one) of a slot returns `hr` without any effect, e.g.
 * nr_sim_fail(sim, "IMetaDataEmit", "DefineMemberRef", 1, hr). `nth` 0: every call. Interface versions are
 * one interface here: "IMetaDataEmit2" is the same. False: no such slot, or no memory. */
bool nr_sim_fail(nr_sim *sim, const char *interface_name, const char *slot, unsigned nth, int32_t hr);
/* The n-th call from now of any slot at all returns `hr` (or, where it returns no HRESULT, NULL or 0). 0: none. */
void nr_sim_fail_any(nr_sim *sim, unsigned long nth, int32_t hr);
/* The call that nr_sim_fail_any made fail, "Interface::Slot"; "" when it has not come to that. */
const char *nr_sim_failed(const nr_sim *sim);
void nr_sim_fail_none(nr_sim *sim);
/* How often a slot was called; interface references still held by the profiler on modules. */
unsigned long nr_sim_calls(const nr_sim *sim, const char *interface_name, const char *slot);
long nr_sim_references(const nr_sim *sim);
/* Calls of slots that the simulation does not implement. A test should find 0. */
unsigned nr_sim_unimplemented(const nr_sim *sim);

/* ---- events ----------------------------------------------------------------------------- */

/* kind, meaning */
#define NR_SIM_EVENTS(X) \
    X(CREATE, "CreateInstance; name: the IID") \
    X(QUERY, "QueryInterface; name: the IID, args: \"callback\" or \"info\"") \
    X(INIT, "Initialize returned") \
    X(MASK, "event mask set; low, high; name: \"SetEventMask\" or \"SetEventMask2\"") \
    X(MODULE, "ModuleLoadFinished returned; module") \
    X(JIT, "JITCompilationStarted returned; module, method") \
    X(GET_REJIT, "GetReJITParameters returned; module, method") \
    X(REJIT_ERROR, "ReJITError was sent; module, method") \
    X(REQUEST_REJIT, "name: \"RequestReJIT\" or \"RequestReJITWithInliners\"; modules, tokens, count") \
    X(REQUEST_REVERT, "RequestRevert; modules, tokens, count") \
    X(GET_IL, "GetILFunctionBody; module, method, bytes") \
    X(SET_IL, "a body was written; name: \"info\" or \"rejit\"; module, method, bytes") \
    X(CODEGEN_FLAGS, "ICorProfilerFunctionControl::SetCodegenFlags; low") \
    X(IL_MAP, "ICorProfilerFunctionControl::SetILInstrumentedCodeMap; count") \
    X(EMIT, "a metadata definition; name: the slot, args, token: the result") \
    X(SHUTDOWN, "Shutdown returned") \
    X(UNIMPLEMENTED, "a slot that is not simulated was called; name: interface and slot")

typedef enum nr_sim_event_kind {
#define X(name, meaning) NR_SIM_##name,
    NR_SIM_EVENTS(X)
#undef X
        NR_SIM_EVENT_KINDS
} nr_sim_event_kind;

typedef struct nr_sim_event {
    nr_sim_event_kind kind;
    int32_t hr;
    const char *callback; /* in which the profiler did it: "", "module", "jit", "rejitparams", "rejitstart" */
    uint32_t in;          /* the method that callback was about, 0: none */
    uintptr_t module;     /* 0: none */
    uint32_t method;
    const char *name;
    const char *args;     /* EMIT: the arguments as JSON members, in the recorder's form: "scope":"23000001",… */
    uint32_t token;
    uint32_t low, high;
    const uint8_t *bytes; /* NULL: none */
    size_t size;
    const uintptr_t *modules;
    const uint32_t *tokens;
    uint32_t count;
} nr_sim_event;

/* Everything an event points to is valid during the call only. The sink may look things up in `sim`, but not
 * drive it. One sink at a time; NULL removes it. */
typedef void (*nr_sim_sink)(void *self, const nr_sim_event *event);
void nr_sim_set_sink(nr_sim *sim, nr_sim_sink sink, void *self);
const char *nr_sim_event_name(nr_sim_event_kind kind);

/* ---- recordings --------------------------------------------------------------------------- */

/* Writes events as JSON lines in the format of the golden recordings (one text per line, with its
 * newline). `original`: "getil" lines carry the bytes. Replaces the sink. */
typedef void (*nr_sim_writer)(void *self, const char *text, size_t size);
bool nr_sim_record(nr_sim *sim, nr_sim_writer writer, void *self, bool original, bool every_emit);
/* Writes the totals and ends the recording. False: memory ran out on the way. */
bool nr_sim_record_end(nr_sim *sim);

/* ---- looking things up (for tools) --------------------------------------------------------- */

/* Text results: the number of bytes it takes without the NUL, or -1 when there is no such thing; at
 * most `capacity` bytes are written, NUL included. */
int nr_sim_assembly_name(const nr_sim *sim, uintptr_t module, char *out, size_t capacity);
int nr_sim_module_path(const nr_sim *sim, uintptr_t module, char *out, size_t capacity);
/* "Namespace.Outer+Inner" of a TypeDef token. */
int nr_sim_type_name(const nr_sim *sim, uintptr_t module, uint32_t type, char *out, size_t capacity);
int nr_sim_method_name(const nr_sim *sim, uintptr_t module, uint32_t method, char *out, size_t capacity);
/* What a token means, resolved down to names: the "is" text of the golden recordings. */
int nr_sim_meaning(const nr_sim *sim, uintptr_t module, uint32_t token, char *out, size_t capacity);
uint32_t nr_sim_rows(const nr_sim *sim, uintptr_t module, unsigned table);
uint32_t nr_sim_declaring_type(const nr_sim *sim, uintptr_t module, uint32_t method);
/* MethodAttributes and MethodImplAttributes. */
bool nr_sim_method_flags(const nr_sim *sim, uintptr_t module, uint32_t method, uint32_t *flags, uint32_t *impl_flags);
/* Full name of the type ("A.B", nested "A.B+C") and a method name to tokens: the n-th (0, 1, …) method of that name. 0: none.
 * `type` alone (method NULL): the TypeDef token. */
uint32_t nr_sim_find(nr_sim *sim, uintptr_t module, const char *type, const char *method, unsigned nth);

#ifdef __cplusplus
}
#endif

#endif
