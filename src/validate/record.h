/* record.h - one profiler's recording: events as lines (docs/validation.md). Any thread may record. */
#ifndef NR_VALIDATE_RECORD_H
#define NR_VALIDATE_RECORD_H

#include "validate/ids.h"
#include "validate/lines.h"
#include "validate/side.h"
#include "validate/view.h"

/* Callbacks whose number and time are counted. */
#define NR_COUNTED(X) \
    X(Initialize) \
    X(InitializeForAttach) \
    X(Shutdown) \
    X(ModuleLoadFinished) \
    X(ModuleUnloadFinished) \
    X(JITCompilationStarted) \
    X(JITCompilationFinished) \
    X(ReJITCompilationStarted) \
    X(GetReJITParameters) \
    X(ReJITCompilationFinished) \
    X(ReJITError) \
    X(ThreadDestroyed)
typedef enum nr_counted {
#define X(name) NR_COUNTED_##name,
    NR_COUNTED(X)
#undef X
        NR_COUNTED_KINDS
} nr_counted;

/* Definitions that are recorded: slot names of IMetaDataEmit2 and IMetaDataAssemblyEmit, in the order of the alphabet. */
#define NR_DEFINITIONS(X) \
    X(DefineAssemblyRef) \
    X(DefineCustomAttribute) \
    X(DefineField) \
    X(DefineImportMember) \
    X(DefineImportType) \
    X(DefineMemberRef) \
    X(DefineMethod) \
    X(DefineMethodSpec) \
    X(DefineModuleRef) \
    X(DefineNestedType) \
    X(DefinePermissionSet) \
    X(DefinePinvokeMap) \
    X(DefineTypeDef) \
    X(DefineTypeRefByName) \
    X(DefineUserString) \
    X(GetTokenFromSig) \
    X(GetTokenFromTypeSpec)
typedef enum nr_definition {
#define X(name) NR_DEFINITION_##name,
    NR_DEFINITIONS(X)
#undef X
        NR_DEFINITION_KINDS
} nr_definition;

enum { NR_METHODS_KEPT = 64, NR_ASSEMBLIES_KEPT = 128 };
typedef struct nr_kept_text {
    uintptr_t module;
    uint32_t token;
    nr_buf text;
} nr_kept_text;

typedef struct nr_recorder {
    nr_lines lines;
    nr_mutex lock; /* of the tables; never held while the CLR is called */
    nr_ids tokens, definitions, functions;
    nr_kept_text methods[NR_METHODS_KEPT], assemblies[NR_ASSEMBLIES_KEPT]; /* by hash; the last one stays */
    _Atomic uint64_t calls[NR_COUNTED_KINDS], ns[NR_COUNTED_KINDS];
    _Atomic uint64_t defined[NR_DEFINITION_KINDS];
    _Atomic uint64_t bodies, own_ns;
} nr_recorder;

/* Creates the file and writes the first line. `profiler` NULL: this one. NULL: there is no recording, and *why says why. */
nr_recorder *nr_recorder_new(nr_str directory, const char *profiler, bool shadow_run, bool beside, const char **why);
/* Closes the file. Nobody may be recording. */
void nr_recorder_free(nr_recorder *r);

/* In all of the following a side without a recording is allowed, and nothing happens then. */
void nr_record_create(nr_side *side, const nr_guid *iid, int32_t hr);
void nr_record_query(nr_side *side, const char *of, const nr_guid *iid, int32_t hr);
void nr_record_runtime(nr_side *side, bool core, uint16_t major, uint16_t minor, uint16_t build, uint16_t patch);
void nr_record_initialize(nr_side *side, bool attach, uint64_t ns, int32_t hr);
void nr_record_mask(nr_side *side, uint32_t low, const uint32_t *high, int32_t hr);
void nr_record_module(nr_side *side, uintptr_t module, int32_t hr);
/* `ev`: rejit, rejit_inliners, revert; `each` NULL: not asked for. */
void nr_record_request(nr_side *side, const char *ev, uint32_t count, const uintptr_t *modules, const uint32_t *methods,
                       int32_t hr, const int32_t *each);
void nr_record_read(nr_side *side, uintptr_t module, uint32_t method, const uint8_t *body, uint32_t size, int32_t hr);
/* `size` 0 with a body: as large as it says itself, and all of that may be read. */
void nr_record_write(nr_side *side, const char *via, uintptr_t module, uint32_t method, const uint8_t *body, uint32_t size,
                     int32_t hr);
/* `arguments`: the members, as JSON; freed here. `token` NULL: the definition gives none. */
void nr_record_definition(nr_side *side, nr_definition what, uintptr_t module, nr_buf *arguments, int32_t hr,
                          const uint32_t *token);
/* jitret, jitfail …: a method and a result. */
void nr_record_method(nr_side *side, const char *ev, uintptr_t module, uint32_t method, int32_t hr);
void nr_record_codegen_flags(nr_side *side, uintptr_t module, uint32_t method, uint32_t flags, int32_t hr);
void nr_record_map(nr_side *side, uintptr_t module, uint32_t method, uint32_t count, int32_t hr);
/* `arguments`: texts, ended by NULL; `hr` NULL: the function has no result. */
void nr_record_export(nr_side *side, const char *name, const int32_t *hr, const char *const *arguments);
void nr_record_shadow(nr_side *side, uintptr_t module, uint32_t method, const char *is, const char *why);
void nr_record_warning(nr_side *side, const char *what);
void nr_record_shutdown(nr_side *side);

/* The profiler has learned this function id, or the CLR has spoken of it. */
void nr_record_function(nr_side *side, uintptr_t function, uintptr_t module, uint32_t method);
void nr_record_forget_module(nr_side *side, uintptr_t module);
void nr_record_count(nr_side *side, nr_counted what, uint64_t ns);

#endif
