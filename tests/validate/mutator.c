/* mutator.c - a profiler that is another one (MUTATOR_TARGET) but for one mistake (MUTATOR_KIND): what a shadow run has to find.
 *
 *   byte     one byte of a body is another one
 *   drop     a body is not given
 *   string   a user string is another one
 *   clause   the first try region of a body is one byte longer
 *   old      it makes no object newer than ICorProfilerCallback2, and gets no event mask from the runtime
 *
 * The others' mistake is made where it suits for the second time; standard error then says "mutated KIND TOKEN". */
#include "base/alloc.h"
#include "os/map.h"
#include "validate/proxy.h"
#include "validate/side.h"

#include <stdio.h>
#include <stdlib.h>

enum { NTH = 2 };

static nr_side side;
static const char *kind;
static uint32_t method; /* under way; the runtime compiles these methods one after the other in the tests */
static int suited;

static bool strikes(const char *name)
{
    if (strcmp(kind, name) != 0 || ++suited != NTH) return false;
    fprintf(stderr, "mutated %s %08x\n", kind, (unsigned)method);
    return true;
}

/* The first section behind the code (ECMA-335 II.25.4.5). */
static bool lengthen_first_clause(uint8_t *body, uint32_t size)
{
    if ((body[0] & 3) != 3 || !(body[0] & 8)) return false;
    size_t at = (12 + nr_get_u32(body + 4) + 3) & ~(size_t)3;
    if (at + 12 > size) return false;
    if (!strikes("clause")) return false;
    body[at + 4 + (body[at] & 0x40 ? 8 : 4)]++; /* the low byte of TryLength */
    return true;
}

static int32_t NR_COM set_il(nr_face *self, uint32_t size, const uint8_t *given)
{
    uint8_t *body = nr_alloc(NULL, 0, size);
    int32_t hr = NR_S_OK;
    if (!body) return NR_E_OUTOFMEMORY;
    memcpy(body, given, size);
    bool drop = strikes("drop");
    if (size > 40 && strikes("byte")) body[size / 2] ^= 1;
    lengthen_first_clause(body, size);
    if (!drop) hr = NR_CALL(NR_INNER(ICorProfilerFunctionControl, self), SetILFunctionBody, size, body);
    nr_free(body, size);
    return hr;
}

static int32_t NR_COM define_user_string(nr_face *self, const uint16_t *text, uint32_t length, uint32_t *token)
{
    static const uint16_t other[] = {'m', 'u', 't', 'a', 't', 'e', 'd'};
    if (method && strikes("string")) {
        text = other;
        length = 7;
    }
    return NR_CALL(NR_INNER(IMetaDataEmit2, self), DefineUserString, text, length, token);
}

/* The importer is asked for the writer later on. */
static void wrap(const nr_guid *iid, void **object)
{
    int family = nr_family_of(iid);
    if (family == NR_FAMILY_EMIT || family == NR_FAMILY_IMPORT)
        *object = nr_proxy_new(&side, (nr_family)family, *object);
}

static int32_t NR_COM get_metadata(nr_face *self, uintptr_t module, uint32_t flags, const nr_guid *iid, void **object)
{
    int32_t hr = NR_CALL(NR_INNER(ICorProfilerInfo15, self), GetModuleMetaData, module, flags, iid, object);
    if (hr >= 0 && *object) wrap(iid, object);
    return hr;
}

static int32_t NR_COM get_token_and_metadata(nr_face *self, uintptr_t function, const nr_guid *iid, void **object,
                                             uint32_t *token)
{
    nr_ICorProfilerInfo15 *info = NR_INNER(ICorProfilerInfo15, self);
    int32_t hr = NR_CALL(info, GetTokenAndMetaDataFromFunction, function, iid, object, token);
    if (hr >= 0 && object && *object) wrap(iid, object);
    return hr;
}

static int32_t NR_COM set_event_mask2(nr_face *self, uint32_t low, uint32_t high)
{
    if (!strcmp(kind, "old")) return NR_E_FAIL;
    return NR_CALL(NR_INNER(ICorProfilerInfo15, self), SetEventMask2, low, high);
}

static int32_t NR_COM initialize(nr_face *self, void *unknown)
{
    nr_IUnknown *u = unknown;
    void *info = NULL;
    if (NR_CALL(u, QueryInterface, &nr_iid_ICorProfilerInfo4, &info) < 0) return NR_E_FAIL;
    nr_face *face = nr_proxy_new(&side, NR_FAMILY_INFO, info);
    int32_t hr = NR_CALL(NR_INNER(ICorProfilerCallback11, self), Initialize, face);
    nr_release(face);
    return hr;
}

static int32_t NR_COM get_rejit_parameters(nr_face *self, uintptr_t module, uint32_t token, void *control)
{
    nr_IUnknown *u = control;
    u->vtbl->AddRef(u);
    method = token;
    nr_face *face = nr_proxy_new(&side, NR_FAMILY_CONTROL, control);
    int32_t hr = NR_CALL(NR_INNER(ICorProfilerCallback11, self), GetReJITParameters, module, token, face);
    nr_release(face);
    method = 0;
    return hr;
}

typedef int32_t(NR_COM *class_object)(const nr_guid *clsid, const nr_guid *iid, void **object);
static nr_IClassFactory *behind;

static int32_t NR_COM factory_query(void *self, const nr_guid *iid, void **object)
{
    (void)iid;
    *object = self;
    return NR_S_OK;
}

static uint32_t NR_COM factory_count(void *self)
{
    (void)self;
    return 1;
}

static int32_t NR_COM factory_create(void *self, void *outer, const nr_guid *iid, void **object)
{
    (void)self;
    if (!strcmp(kind, "old") && !nr_guid_eq(iid, &nr_iid_ICorProfilerCallback2)) return NR_E_NOINTERFACE;
    int32_t hr = NR_CALL(behind, CreateInstance, outer, iid, object);
    if (hr >= 0) *object = nr_proxy_new(&side, NR_FAMILY_CALLBACK, *object);
    return hr;
}

static int32_t NR_COM factory_lock(void *self, int32_t on)
{
    (void)self;
    (void)on;
    return NR_S_OK;
}

NR_EXPORT int32_t NR_COM DllGetClassObject(const nr_guid *clsid, const nr_guid *iid, void **object);
NR_EXPORT int32_t NR_COM DllGetClassObject(const nr_guid *clsid, const nr_guid *iid, void **object)
{
    static const nr_IClassFactory_vtbl slots = {factory_query, factory_count, factory_count, factory_create,
                                                factory_lock};
    static nr_IClassFactory factory = {&slots};
    const char *target = getenv("MUTATOR_TARGET");
    char why[256] = "MUTATOR_TARGET or MUTATOR_KIND is not set";
    kind = getenv("MUTATOR_KIND");
    void *library = target && kind ? nr_os_library_open(nr_str_of(target), why, sizeof why) : NULL;
    class_object make = library ? (class_object)nr_os_library_symbol(library, "DllGetClassObject") : NULL;
    void *found = NULL;
    if (!make || make(clsid, iid, &found) < 0) {
        fprintf(stderr, "mutator: %s\n", why);
        return NR_E_FAIL;
    }
    behind = found;
    nr_proxy_prepare();
    NR_OVERRIDE(CALLBACK, ICorProfilerCallback11, Initialize, initialize);
    NR_OVERRIDE(CALLBACK, ICorProfilerCallback11, GetReJITParameters, get_rejit_parameters);
    NR_OVERRIDE(INFO, ICorProfilerInfo15, SetEventMask2, set_event_mask2);
    NR_OVERRIDE(INFO, ICorProfilerInfo15, GetModuleMetaData, get_metadata);
    NR_OVERRIDE(INFO, ICorProfilerInfo15, GetTokenAndMetaDataFromFunction, get_token_and_metadata);
    NR_OVERRIDE(CONTROL, ICorProfilerFunctionControl, SetILFunctionBody, set_il);
    NR_OVERRIDE(EMIT, IMetaDataEmit2, DefineUserString, define_user_string);
    *object = &factory;
    return NR_S_OK;
}
