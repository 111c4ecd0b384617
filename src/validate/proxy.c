#include "validate/proxy.h"

#include "base/alloc.h"
#include "base/compiler.h"
#include "validate/private.h"

#include <string.h>

int nr_family_of(const nr_guid *iid)
{
    static const struct {
        const nr_guid *iid;
        int family;
    } known[] = {
        {&nr_iid_IUnknown, NR_FAMILY_UNKNOWN},
#define CALLBACK(n) {&nr_iid_ICorProfilerCallback##n, NR_FAMILY_CALLBACK}
#define INFO(n) \
    { \
        &nr_iid_ICorProfilerInfo##n, NR_FAMILY_INFO \
    }
        CALLBACK(),
        CALLBACK(2),
        CALLBACK(3),
        CALLBACK(4),
        CALLBACK(5),
        CALLBACK(6),
        CALLBACK(7),
        CALLBACK(8),
        CALLBACK(9),
        CALLBACK(10),
        CALLBACK(11),
        INFO(),
        INFO(2),
        INFO(3),
        INFO(4),
        INFO(5),
        INFO(6),
        INFO(7),
        INFO(8),
        INFO(9),
        INFO(10),
        INFO(11),
        INFO(12),
        INFO(13),
        INFO(14),
        INFO(15),
        {&nr_iid_ICorProfilerFunctionControl, NR_FAMILY_CONTROL},
        {&nr_iid_IMetaDataImport, NR_FAMILY_IMPORT},
        {&nr_iid_IMetaDataImport2, NR_FAMILY_IMPORT},
        {&nr_iid_IMetaDataEmit, NR_FAMILY_EMIT},
        {&nr_iid_IMetaDataEmit2, NR_FAMILY_EMIT},
        {&nr_iid_IMetaDataAssemblyImport, NR_FAMILY_ASSEMBLY_IMPORT},
        {&nr_iid_IMetaDataAssemblyEmit, NR_FAMILY_ASSEMBLY_EMIT},
        {&nr_iid_IMetaDataTables, NR_FAMILY_TABLES},
        {&nr_iid_IMetaDataTables2, NR_FAMILY_TABLES},
    };
    for (size_t i = 0; i < NR_COUNT(known); i++)
        if (nr_guid_eq(iid, known[i].iid)) return known[i].family;
    return NR_FAMILY_OTHER;
}

/* A proxy is known by the functions in its slots: those of QueryInterface are this file's. */
static int32_t NR_COM face_QueryInterface(nr_face *self, const nr_guid *iid, void **object);

void *nr_proxy_unwrap(void *object)
{
    nr_face *face = object;
    if (!face || face->slots[0] != (nr_any_function)face_QueryInterface) return object;
    return atomic_load(&face->inner);
}

static nr_face *show(nr_proxy *p, nr_family family, void *inner)
{
    nr_face *face = &p->faces[family];
    void *nobody = NULL;
    /* Another thread may have asked at the same time; families have one pointer in every runtime there is. */
    if (!atomic_compare_exchange_strong(&face->inner, &nobody, inner)) nr_release(inner);
    atomic_fetch_add(&p->references, 1);
    return face;
}

static int32_t NR_COM face_QueryInterface(nr_face *self, const nr_guid *iid, void **object)
{
    nr_proxy *p = self->proxy;
    nr_IUnknown *inner = atomic_load(&self->inner);
    void *found = NULL;
    if (!object) return NR_E_POINTER;
    *object = NULL;
    int family = iid ? nr_family_of(iid) : NR_FAMILY_OTHER;
    int32_t hr;
    /* A module that is read as it is in the runtime must not become one that is written there. */
    if (p->side->beside && p->module && nr_family_writes(family))
        hr = nr_private_metadata(p->side->shadow, p->module, NR_OPEN_TO_WRITE, iid, &found);
    else
        hr = NR_CALL(inner, QueryInterface, iid, &found);
    nr_proxy_queried(p, p->first, iid, hr);
    if (hr < 0 || !found) return hr;
    if (nr_family_writes(family)) nr_private_written(p->side, p->module);
    if (family == NR_FAMILY_UNKNOWN) {
        nr_release(found);
        atomic_fetch_add(&p->references, 1);
        *object = &p->faces[p->first];
    } else if (family < NR_FAMILY_COUNT) {
        *object = show(p, (nr_family)family, found);
    } else if (p->first == NR_FAMILY_CALLBACK || p->first == NR_FAMILY_INFO || p->first == NR_FAMILY_CONTROL) {
        /* Its slots are not known: neither side may see the other without us between. */
        nr_release(found);
        return NR_E_NOINTERFACE;
    } else {
        *object = found; /* metadata has interfaces that only read */
    }
    return hr;
}

static uint32_t NR_COM face_AddRef(nr_face *self)
{
    return (uint32_t)atomic_fetch_add(&self->proxy->references, 1) + 1;
}

static uint32_t NR_COM face_Release(nr_face *self)
{
    nr_proxy *p = self->proxy;
    int left = atomic_fetch_sub(&p->references, 1) - 1;
    if (left > 0) return (uint32_t)left;
    for (unsigned f = 0; f < NR_FAMILY_COUNT; f++) nr_release(atomic_load(&p->faces[f].inner));
    if (p->ended) p->ended(p);
    nr_free(p, sizeof *p);
    return 0;
}

nr_face *nr_proxy_new(struct nr_side *side, nr_family family, void *inner)
{
    nr_proxy *p = nr_zalloc(sizeof *p);
    if (!p) {
        nr_release(inner);
        return NULL;
    }
    p->side = side;
    p->first = family;
    for (unsigned f = 0; f < NR_FAMILY_COUNT; f++) {
        nr_any_function *slots = nr_family_slots((nr_family)f);
        p->faces[f].slots = slots;
        p->faces[f].proxy = p;
    }
    atomic_init(&p->references, 1);
    atomic_init(&p->faces[family].inner, inner);
    return &p->faces[family];
}

/* Once, before the first proxy: the three slots that never pass on. */
void nr_proxy_prepare(void)
{
    for (unsigned f = 0; f < NR_FAMILY_COUNT; f++) {
        nr_any_function *slots = nr_family_slots((nr_family)f);
        slots[0] = (nr_any_function)face_QueryInterface;
        slots[1] = (nr_any_function)face_AddRef;
        slots[2] = (nr_any_function)face_Release;
    }
}
