/* The entry points of a COM server, and the class factory (com-and-lifecycle.md sections 2 and 3). */
#include "clr/factory.h"

#include "base/alloc.h"
#include "clr/profiler.h"
#include "validate/gate.h"

#include <stdatomic.h>

typedef struct nr_factory {
    const nr_IClassFactory_vtbl *vtbl;
    atomic_int references;
} nr_factory;

static int32_t NR_COM cf_QueryInterface(void *self, const nr_guid *iid, void **object)
{
    nr_factory *f = self;
    if (!object) return NR_E_POINTER;
    if (nr_guid_eq(iid, &nr_iid_IUnknown) || nr_guid_eq(iid, &nr_iid_IClassFactory)) {
        atomic_fetch_add(&f->references, 1);
        *object = self;
        return NR_S_OK;
    }
    *object = NULL;
    return NR_E_NOINTERFACE;
}

static uint32_t NR_COM cf_AddRef(void *self)
{
    nr_factory *f = self;
    return (uint32_t)atomic_fetch_add(&f->references, 1) + 1;
}

static uint32_t NR_COM cf_Release(void *self)
{
    nr_factory *f = self;
    int left = atomic_fetch_sub(&f->references, 1) - 1;
    if (left <= 0) nr_free(f, sizeof *f);
    return (uint32_t)left;
}

static int32_t NR_COM cf_CreateInstance(void *self, void *outer, const nr_guid *iid, void **object)
{
    (void)self;
    if (!object) return NR_E_POINTER;
    *object = NULL;
    if (outer) return NR_CLASS_E_NOAGGREGATION;
    nr_profiler *p = nr_profiler_new();
    if (!p) return NR_E_FAIL;
    int32_t hr = p->vtbl->QueryInterface(p, iid, object);
    /* The reference leaves such an object behind as the one its exports use; it could never be initialised. */
    if (hr < 0) {
        p->vtbl->AddRef(p);
        p->vtbl->Release(p);
    }
    return hr;
}

static int32_t NR_COM cf_LockServer(void *self, int32_t lock)
{
    (void)self;
    (void)lock;
    return NR_S_OK;
}

static const nr_IClassFactory_vtbl factory_vtbl = {cf_QueryInterface, cf_AddRef, cf_Release, cf_CreateInstance,
                                                   cf_LockServer};

/* Any class id is accepted, as the reference does: installers use two, tests others. */
static int32_t NR_COM own_class_object(const nr_guid *clsid, const nr_guid *iid, void **object)
{
    (void)clsid;
    if (!object) return NR_E_POINTER;
    nr_factory *f = nr_zalloc(sizeof *f);
    if (!f) return NR_E_FAIL;
    f->vtbl = &factory_vtbl;
    int32_t hr = cf_QueryInterface(f, iid, object);
    if (hr < 0) nr_free(f, sizeof *f);
    return hr;
}

NR_EXPORT int32_t NR_COM DllGetClassObject(const nr_guid *clsid, const nr_guid *iid, void **object)
{
    return nr_gate_class_object(own_class_object, clsid, iid, object);
}

NR_EXPORT int32_t NR_COM DllCanUnloadNow(void)
{
    return NR_S_OK;
}
