/* fake_info.h - what the thread profiler needs of a CLR: threads with scripted stacks, functions with names, failures on
 * demand. Static functions: include it where it is used. */
#ifndef NR_TESTS_CLR_FAKE_INFO_H
#define NR_TESTS_CLR_FAKE_INFO_H

#include "clr/abi.h"
#include "os/os.h"

#include <stdatomic.h>

enum { FAKE_THREADS = 100, FAKE_FUNCTIONS = 16, FAKE_FRAMES = 4500, FUNCTION_ID = 0x7700 };

typedef struct fake_function {
    const char *type, *method;
    uint32_t module, type_def;
    int32_t token_hr, method_hr, type_hr;
    bool no_import;
    unsigned long_name; /* the method's name is so many 'm' */
} fake_function;

typedef struct fake_thread {
    const uintptr_t *frames;
    size_t count;
    int32_t hr;
} fake_thread;

typedef struct fake_import {
    const nr_IMetaDataImport2_vtbl *vtbl;
    uint32_t module;
} fake_import;

static struct fake_info {
    nr_ICorProfilerInfo10 info; /* first */
    const fake_function *functions;
    fake_thread threads[FAKE_THREADS];
    size_t thread_count, at; /* `at`: of the enumeration */
    int32_t enum_hr, next_hr, initialize_hr;
    size_t next_fails_at; /* a batch from that thread on fails */
    fake_import imports[4];
    long references; /* on imports and the enumeration */
    atomic_int suspended, suspends, initialized, snapshots, metadata_calls;
    bool snapshot_unsuspended; /* a stack was walked while the runtime was not suspended */
    void (*on_snapshot)(void);
} fake;

/* ---- metadata ------------------------------------------------------------------------------------- */

/* A name that is cut off here has no terminator. */
static int32_t put_name(const char *name, unsigned repeat, uint16_t *out, uint32_t room, uint32_t *length)
{
    uint32_t n = repeat ? repeat : (uint32_t)strlen(name);
    for (uint32_t i = 0; i < room; i++) out[i] = (uint16_t)(i >= n ? 0 : repeat ? 'm' : (uint8_t)name[i]);
    *length = n + 1;
    return n + 1 > room ? 0x00131106 : NR_S_OK; /* CLDB_S_TRUNCATION */
}

static int32_t NR_COM fake_GetMethodProps(void *self, uint32_t method, uint32_t *type, uint16_t *name, uint32_t room,
                                          uint32_t *length, uint32_t *attributes, const uint8_t **sig, uint32_t *size,
                                          uint32_t *rva, uint32_t *flags)
{
    const fake_function *f = &fake.functions[method & 0xFF];
    (void)self, (void)attributes, (void)sig, (void)size, (void)rva, (void)flags;
    fake.metadata_calls++;
    if (f->method_hr < 0) return f->method_hr;
    *type = f->type_def;
    return put_name(f->method, f->long_name, name, room, length);
}

static int32_t NR_COM fake_GetTypeDefProps(void *self, uint32_t type, uint16_t *name, uint32_t room, uint32_t *length,
                                           uint32_t *flags, uint32_t *base)
{
    (void)flags, (void)base;
    fake.metadata_calls++;
    for (const fake_function *f = fake.functions; f->type; f++)
        if (f->type_def == type && f->module == ((fake_import *)self)->module)
            return f->type_hr < 0 ? f->type_hr : put_name(f->type, 0, name, room, length);
    return NR_E_INVALIDARG;
}

static uint32_t NR_COM fake_Release(void *self)
{
    (void)self;
    return (uint32_t)--fake.references;
}

static int32_t NR_COM fake_GetTokenAndMetaDataFromFunction(void *self, uintptr_t function, const nr_guid *iid,
                                                           void **out, uint32_t *token)
{
    const fake_function *f = &fake.functions[function - FUNCTION_ID];
    (void)self;
    fake.metadata_calls++;
    if (!nr_guid_eq(iid, &nr_iid_IMetaDataImport2)) return NR_E_NOINTERFACE;
    if (f->token_hr < 0) return f->token_hr;
    *token = 0x06000000u | (uint32_t)(function - FUNCTION_ID);
    *out = f->no_import ? NULL : &fake.imports[f->module];
    fake.references += !f->no_import;
    return NR_S_OK;
}

/* ---- threads ---------------------------------------------------------------------------------------- */

static int32_t NR_COM fake_Next(void *self, uint32_t n, uintptr_t *ids, uint32_t *fetched)
{
    (void)self;
    if (fake.next_hr < 0 && fake.at >= fake.next_fails_at) return fake.next_hr;
    for (*fetched = 0; *fetched < n && fake.at < fake.thread_count; fake.at++) ids[(*fetched)++] = 0x1000 + fake.at;
    return *fetched == n ? NR_S_OK : NR_S_FALSE;
}

static int32_t NR_COM fake_EnumThreads(void *self, void **out)
{
    static const nr_ICorProfilerThreadEnum_vtbl vtbl = {.Release = fake_Release, .Next = fake_Next};
    static nr_ICorProfilerThreadEnum threads = {&vtbl};
    (void)self;
    if (fake.enum_hr < 0) return fake.enum_hr;
    fake.references++;
    fake.at = 0;
    *out = &threads;
    return NR_S_OK;
}

static int32_t NR_COM fake_DoStackSnapshot(void *self, uintptr_t thread, void *callback, uint32_t flags, void *client,
                                           uint8_t *context, uint32_t context_size)
{
    int32_t(NR_COM * each)(uintptr_t, uintptr_t, uintptr_t, uint32_t, uint8_t *, void *);
    const fake_thread *t = &fake.threads[thread - 0x1000];
    (void)self;
    memcpy(&each, &callback, sizeof each);
    fake.snapshots++;
    if (flags || context || context_size) return NR_E_INVALIDARG;
    if (!NR_OS_WINDOWS && !fake.suspended) fake.snapshot_unsuspended = true;
    if (fake.on_snapshot) fake.on_snapshot();
    for (size_t i = 0; i < t->count; i++)
        if (each(t->frames[i], 0x40, 0, 0, NULL, client) != NR_S_OK) return NR_E_FAIL;
    return t->hr;
}

static int32_t NR_COM fake_InitializeCurrentThread(void *self)
{
    (void)self;
    fake.initialized++;
    return fake.initialize_hr;
}
static int32_t NR_COM fake_SuspendRuntime(void *self)
{
    (void)self;
    fake.suspended++;
    fake.suspends++;
    return NR_S_OK;
}
static int32_t NR_COM fake_ResumeRuntime(void *self)
{
    (void)self;
    fake.suspended--;
    return NR_S_OK;
}
static int32_t NR_COM fake_GetCurrentThreadID(void *self, uintptr_t *thread)
{
    (void)self;
    *thread = 0x1234;
    return fake.initialize_hr;
}

static void fake_reset(const fake_function *functions)
{
    static nr_ICorProfilerInfo10_vtbl info;
    static nr_IMetaDataImport2_vtbl import;
    memset(&fake, 0, sizeof fake);
    fake.functions = functions;
    info.EnumThreads = fake_EnumThreads;
    info.DoStackSnapshot = fake_DoStackSnapshot;
    info.GetTokenAndMetaDataFromFunction = fake_GetTokenAndMetaDataFromFunction;
    info.InitializeCurrentThread = fake_InitializeCurrentThread;
    info.SuspendRuntime = fake_SuspendRuntime;
    info.ResumeRuntime = fake_ResumeRuntime;
    info.GetCurrentThreadID = fake_GetCurrentThreadID;
    info.Release = fake_Release;
    import.Release = fake_Release;
    import.GetMethodProps = fake_GetMethodProps;
    import.GetTypeDefProps = fake_GetTypeDefProps;
    fake.info.vtbl = &info;
    for (uint32_t i = 0; i < 4; i++) fake.imports[i] = (fake_import){&import, i};
}

static uintptr_t fake_thread_add(const uintptr_t *frames, size_t count, int32_t hr)
{
    fake.threads[fake.thread_count] = (fake_thread){frames, count, hr};
    return 0x1000 + fake.thread_count++;
}

#endif
