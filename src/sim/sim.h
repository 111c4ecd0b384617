/* sim.h - inside of the simulated CLR: what its files share. The outside is include/nrsim.h. */
#ifndef NR_SIM_SIM_H
#define NR_SIM_SIM_H

#include "base/arena.h"
#include "base/buf.h"
#include "clr/abi.h"
#include "nrsim.h"
#include "sim/md.h"

/* ---- interfaces offered to the profiler ----------------------------------------------------- */

/* X(kind, newest interface, name without version) */
#define NR_SIM_KINDS(X) \
    X(INFO, ICorProfilerInfo11, "ICorProfilerInfo") \
    X(IMPORT, IMetaDataImport2, "IMetaDataImport") \
    X(ASSEMBLY_IMPORT, IMetaDataAssemblyImport, "IMetaDataAssemblyImport") \
    X(EMIT, IMetaDataEmit2, "IMetaDataEmit") \
    X(ASSEMBLY_EMIT, IMetaDataAssemblyEmit, "IMetaDataAssemblyEmit") \
    X(CONTROL, ICorProfilerFunctionControl, "ICorProfilerFunctionControl") \
    X(MALLOC, IMethodMalloc, "IMethodMalloc") \
    X(MODULE_ENUM, ICorProfilerModuleEnum, "ICorProfilerModuleEnum") \
    X(THREAD_ENUM, ICorProfilerThreadEnum, "ICorProfilerThreadEnum") \
    X(METHOD_ENUM, ICorProfilerMethodEnum, "ICorProfilerMethodEnum")

typedef enum sim_kind {
#define X(kind, interface, name) SIM_##kind,
    NR_SIM_KINDS(X)
#undef X
        SIM_KINDS
} sim_kind;

#define SIM_MAX_SLOTS 112 /* checked in stub.c */

typedef struct sim_vtbls {
#define X(kind, interface, name) nr_##interface##_vtbl kind;
    NR_SIM_KINDS(X)
#undef X
} sim_vtbls;

typedef struct sim_module sim_module;

/* Every object starts like this. */
typedef struct sim_object {
    const void *vtbl;
    nr_sim *sim;
    sim_module *module; /* metadata objects, allocators, function controls */
    sim_kind kind;
    long references;
} sim_object;

/* ---- state ------------------------------------------------------------------------------------ */

typedef struct sim_method {
    bool compiled;  /* the original code (or what SetILFunctionBody left) */
    bool pending;   /* a ReJIT was requested and not yet compiled */
    bool rejitted;  /* the ReJIT version is the active one */
    bool reverting; /* back to the original at the next call */
    nr_str set_il, rejit_il; /* p == NULL: none; in the module's arena */
} sim_method;

struct sim_module {
    nr_sim *sim;
    uintptr_t id;
    uint32_t number;
    bool unloaded;
    nr_md md;
    nr_arena arena; /* names, bodies */
    nr_str path, assembly;
    sim_object import, assembly_import, emit, assembly_emit, allocator;
    sim_method **methods; /* by rid - 1; NULL until something happens to it */
    uint32_t method_capacity;
    nr_buf blocks;        /* nr_str: what IMethodMalloc handed out */
    nr_buf inlinings;     /* of its image; precompiled.c */
    bool inlinings_incomplete;
};

typedef struct sim_thread {
    uintptr_t id;
    bool ended;
    nr_buf frames; /* uintptr_t */
    int32_t hr;
} sim_thread;

typedef struct sim_failure {
    sim_kind kind;
    unsigned slot;
    unsigned long at; /* number of the call, 0: all */
    int32_t hr;
} sim_failure;

struct nr_sim {
    nr_sim_options options;
    nr_str app_domain;
    nr_arena arena;
    sim_vtbls vtbls;
    sim_object info;
    nr_buf modules; /* sim_module *, by number - 1 */
    nr_buf threads; /* sim_thread * */
    nr_buf failures;
    unsigned long any_in; /* so many calls until any one fails; 0: none will */
    int32_t any_hr;
    char any_failed[80];
    unsigned long calls[SIM_KINDS][SIM_MAX_SLOTS];
    unsigned unimplemented;
    long references;
    void *library;
    nr_ICorProfilerCallback2 *callback2; /* what CreateInstance gave; holds one reference */
    nr_ICorProfilerCallback4 *callback;  /* NULL: none, or not attached */
    bool attached;
    uint32_t mask_low, mask_high;
    int suspended;
    uintptr_t next_rejit_id;
    /* what the running callback is about */
    const char *in_callback;
    uint32_t in_method;
    nr_sim_sink sink;
    void *sink_self;
    struct nr_sim_recording *recording;
    char message[512];
};

enum { /* event mask bits (corprof.idl) */
    SIM_MONITOR_MODULE_LOADS = 0x4,
    SIM_MONITOR_ASSEMBLY_LOADS = 0x8,
    SIM_MONITOR_JIT = 0x20,
    SIM_MONITOR_THREADS = 0x200,
    SIM_MONITOR_CACHE_SEARCHES = 0x20000,
    SIM_ENABLE_REJIT = 0x40000
};

/* ids: far apart from each other, so that one taken for another is found out */
enum {
    SIM_MODULE_ID = 0x40000000,
    SIM_ASSEMBLY_ID = 0x50000000,
    SIM_APP_DOMAIN_ID = 0x60000000,
    SIM_THREAD_ID = 0x70000000
};

sim_module *sim_module_of(const nr_sim *sim, uintptr_t id); /* NULL: none */
sim_module *sim_module_number(const nr_sim *sim, size_t number); /* 1-based; unloaded ones included */
void sim_module_free(sim_module *m);
size_t sim_module_count(const nr_sim *sim);
sim_thread *sim_thread_of(const nr_sim *sim, uintptr_t id);
size_t sim_thread_count(const nr_sim *sim);
sim_thread *sim_thread_number(const nr_sim *sim, size_t number); /* 0-based */
sim_method *sim_method_of(sim_module *m, uint32_t rid, bool create);
/* A function id is module number << 20 | rid. */
bool sim_function(const nr_sim *sim, uintptr_t function, sim_module **m, uint32_t *rid);
uintptr_t sim_function_id(const sim_module *m, uint32_t rid);
bool sim_current_il(sim_module *m, uint32_t rid, bool with_rejit, const uint8_t **il, size_t *size, bool *damaged);
void sim_say(nr_sim *sim, const char *format, ...) NR_PRINTF(2, 3);

/* Appends to a vector kept in a buffer; the buffer's failure is not sticky here. */
bool sim_push(nr_buf *list, const void *item, size_t size);

/* ---- every entry ---------------------------------------------------------------------------------- */

/* Counts the call; true: it is to fail with *hr. */
bool sim_enter(nr_sim *sim, sim_kind kind, unsigned slot, int32_t *hr);
#define SIM_ENTER(sim_, kind_, interface, slot) \
    do { \
        int32_t hr_; \
        if (sim_enter((sim_), (kind_), NR_SLOT(interface, slot), &hr_)) return hr_; \
    } while (0)

/* AddRef of every object. */
uint32_t NR_COM sim_add_ref(void *self);
void sim_object_init(sim_object *o, nr_sim *sim, sim_module *m, sim_kind kind);
const void *sim_vtbl(const nr_sim *sim, sim_kind kind);
/* Fills all tables: loud stubs first, then what is implemented. */
void sim_vtbls_init(sim_vtbls *v);
void sim_info_vtbl(sim_vtbls *v);
void sim_rejit_vtbl(sim_vtbls *v);
void sim_import_vtbl(sim_vtbls *v);
void sim_import_enum_vtbl(sim_vtbls *v);
void sim_assembly_vtbl(sim_vtbls *v);
void sim_emit_vtbl(sim_vtbls *v);
void sim_objects_vtbl(sim_vtbls *v);
void sim_precompiled_vtbl(sim_vtbls *v);
int32_t sim_stub(void *self, sim_kind kind, unsigned slot);
/* Interface number by name, versions ignored; and slot by name; false: none. */
bool sim_slot_named(const char *interface_name, const char *slot, sim_kind *kind, unsigned *number);

/* Metadata object of a module for an IID; adds a reference. */
int32_t sim_metadata(sim_module *m, const nr_guid *iid, void **out);
int32_t sim_new_module_enum(nr_sim *sim, void **out);
int32_t sim_new_thread_enum(nr_sim *sim, void **out);
int32_t sim_new_method_enum(nr_sim *sim, void **out); /* empty */
bool sim_method_enum_add(void *list, nr_prf_method method);

/* Compressed UTF-8 to the caller's UTF-16 buffer, by the conventions of the metadata interfaces: *needed counts
 * the NUL; a name that does not fit is cut and the result is CLDB_S_TRUNCATION. */
int32_t sim_put_text(nr_str text, uint16_t *out, uint32_t capacity, uint32_t *needed);
nr_str sim_utf8(nr_arena *arena, const uint16_t *z); /* p == NULL: no memory */

/* ---- HCORENUM ------------------------------------------------------------------------------------- */

typedef struct sim_enum {
    nr_buf tokens; /* uint32_t */
    uint32_t at;
} sim_enum;
typedef bool (*sim_filler)(sim_module *m, sim_enum *e, const void *how);
bool sim_enum_add(sim_enum *e, uint32_t token);
/* One step of any Enum…: fills *handle on the first call. */
int32_t sim_enum_step(sim_module *m, void **handle, uint32_t *out, uint32_t capacity, uint32_t *count,
                      sim_filler fill, const void *how);
void sim_enum_close(void *handle);
bool sim_fill_table(sim_module *m, sim_enum *e, const void *table); /* const unsigned *: all rows */

/* ---- events ------------------------------------------------------------------------------------------ */

/* Completes the context fields and calls the sink. */
void sim_event(nr_sim *sim, nr_sim_event *e);
void sim_recording_free(nr_sim *sim);

/* What a token means, appended (meaning.c). */
void sim_meaning(const sim_module *m, nr_buf *out, uint32_t token);
nr_str sim_guid_text(char buffer[48], const nr_guid *g);

#endif
