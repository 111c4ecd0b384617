/* fake_profiler.h - a profiler of a few lines, inside the test: it notes what it is told and does what the test says. */
#ifndef NR_TESTS_FAKE_PROFILER_H
#define NR_TESTS_FAKE_PROFILER_H

#include "base/compiler.h"
#include "clr/abi.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct fake {
    nr_ICorProfilerCallback4 object; /* first: `self` */
    nr_ICorProfilerInfo11 *info;
    long references;
    char log[4000]; /* callbacks in order, a space behind each */
    /* what it does */
    int32_t initialize, jit, parameters, module;
    uint32_t low, high;
    bool request_in_jit, request_in_start, request_in_module;
    const uint8_t *rejit_il;
    uint32_t rejit_size;
    void (*on_jit)(uintptr_t function);
} fake;

static void fake_note(const char *format, ...)
{
    size_t n = strlen(fake.log);
    va_list args;
    va_start(args, format);
    vsnprintf(fake.log + n, sizeof fake.log - n, format, args);
    va_end(args);
}

#define P0 void *self
#define P1 P0, uintptr_t p1
#define P2 P1, uintptr_t p2
#define P3 P2, uintptr_t p3
#define P4 P3, uintptr_t p4
#define P5 P4, uintptr_t p5
#define I0 (void)self;
#define I1 I0(void) p1;
#define I2 I1(void) p2;
#define I3 I2(void) p3;
#define I4 I3(void) p4;
#define I5 I4(void) p5;
#define X(result, name, words, args) \
    static result NR_COM fake_default_##name(P##words) \
    { \
        I##words fake_note("%s ", #name); \
        return 0; \
    }
NR_SLOTS_ICorProfilerCallback4(X)
#undef X

static int32_t NR_COM fake_QueryInterface(void *self, const nr_guid *iid, void **out)
{
    static const nr_guid *const known[] = {&nr_iid_IUnknown, &nr_iid_ICorProfilerCallback2, &nr_iid_ICorProfilerCallback4};
    *out = NULL;
    for (size_t i = 0; i < NR_COUNT(known); i++)
        if (nr_guid_eq(iid, known[i])) *out = self;
    fake.references += *out != NULL;
    return *out ? NR_S_OK : NR_E_NOINTERFACE;
}
static uint32_t NR_COM fake_AddRef(void *self)
{
    (void)self;
    return (uint32_t)++fake.references;
}
static uint32_t NR_COM fake_Release(void *self)
{
    (void)self;
    return (uint32_t)--fake.references;
}

static int32_t NR_COM fake_Initialize(void *self, void *unknown)
{
    (void)self;
    void *p = NULL;
    fake_note("Initialize ");
    int32_t hr = NR_CALL((nr_IUnknown *)unknown, QueryInterface, &nr_iid_ICorProfilerInfo11, &p);
    if (hr < 0) return hr;
    fake.info = p;
    NR_CALL(fake.info, SetEventMask2, fake.low, fake.high);
    return fake.initialize;
}

static int32_t NR_COM fake_ModuleLoadFinished(void *self, uintptr_t module, int32_t status)
{
    (void)self;
    fake_note("ModuleLoadFinished(%x,%x) ", (unsigned)module, (unsigned)status);
    uint32_t token = 0x06000004;
    if (fake.request_in_module) NR_CALL(fake.info, RequestReJIT, 1, &module, &token);
    return fake.module;
}

static int32_t NR_COM fake_JITCompilationStarted(void *self, uintptr_t function, int32_t safe)
{
    (void)self, (void)safe;
    uintptr_t type, module;
    uint32_t token;
    NR_CALL(fake.info, GetFunctionInfo, function, &type, &module, &token);
    fake_note("JIT(%08x) ", (unsigned)token);
    if (fake.on_jit) fake.on_jit(function);
    if (fake.request_in_jit) NR_CALL(fake.info, RequestReJIT, 1, &module, &token);
    return fake.jit;
}

static int32_t NR_COM fake_GetReJITParameters(void *self, uintptr_t module, uint32_t token, void *control)
{
    (void)self, (void)module;
    fake_note("Parameters(%08x) ", (unsigned)token);
    if (fake.rejit_il)
        NR_CALL((nr_ICorProfilerFunctionControl *)control, SetILFunctionBody, fake.rejit_size, fake.rejit_il);
    return fake.parameters;
}

static int32_t NR_COM fake_ReJITCompilationStarted(void *self, uintptr_t function, uintptr_t version, int32_t safe)
{
    (void)self, (void)safe;
    uintptr_t module;
    uint32_t token;
    NR_CALL(fake.info, GetFunctionInfo, function, NULL, &module, &token);
    fake_note("ReJIT(%08x,%u) ", (unsigned)token, (unsigned)version);
    if (fake.request_in_start) NR_CALL(fake.info, RequestReJIT, 1, &module, &token);
    fake.request_in_start = false;
    return NR_S_OK;
}

static int32_t NR_COM fake_ReJITError(void *self, uintptr_t module, uint32_t token, uintptr_t function, int32_t hr)
{
    (void)self, (void)module, (void)function;
    fake_note("Error(%08x,%08x) ", (unsigned)token, (unsigned)hr);
    return NR_S_OK;
}

static int32_t NR_COM fake_JITInlining(void *self, uintptr_t caller, uintptr_t callee, int32_t *yes)
{
    (void)self, (void)caller, (void)callee;
    fake_note("Inlining ");
    *yes = 0;
    return NR_S_OK;
}

/* ---- class factory ------------------------------------------------------------------------------ */

static int32_t NR_COM factory_CreateInstance(void *self, void *outer, const nr_guid *iid, void **out)
{
    (void)self, (void)outer;
    return fake_QueryInterface(&fake, iid, out);
}
static int32_t NR_COM factory_QueryInterface(void *self, const nr_guid *iid, void **out)
{
    (void)iid;
    *out = self;
    return NR_S_OK;
}
static uint32_t NR_COM factory_count(void *self)
{
    (void)self;
    return 1;
}
static int32_t NR_COM factory_LockServer(void *self, int32_t lock)
{
    (void)self, (void)lock;
    return NR_S_OK;
}

static int32_t NR_COM fake_class_object(const nr_guid *clsid, const nr_guid *iid, void **out)
{
    static const nr_IClassFactory_vtbl vtbl = {factory_QueryInterface, factory_count, factory_count,
                                               factory_CreateInstance, factory_LockServer};
    static nr_IClassFactory factory = {&vtbl};
    (void)clsid, (void)iid;
    *out = &factory;
    return NR_S_OK;
}

static void fake_reset(void)
{
    static nr_ICorProfilerCallback4_vtbl v;
    memset(&fake, 0, sizeof fake);
#define X(result, name, words, args) v.name = (result(NR_COM *) args)(void (*)(void))fake_default_##name;
    NR_SLOTS_ICorProfilerCallback4(X)
#undef X
    v.QueryInterface = fake_QueryInterface;
    v.AddRef = fake_AddRef;
    v.Release = fake_Release;
    v.Initialize = fake_Initialize;
    v.ModuleLoadFinished = fake_ModuleLoadFinished;
    v.JITCompilationStarted = fake_JITCompilationStarted;
    v.GetReJITParameters = fake_GetReJITParameters;
    v.ReJITCompilationStarted = fake_ReJITCompilationStarted;
    v.ReJITError = fake_ReJITError;
    v.JITInlining = fake_JITInlining;
    fake.object.vtbl = &v;
    fake.low = 0xB0040224; /* com-and-lifecycle.md 6 */
    fake.high = 8;
}

#endif
