/* proxy.h - objects that stand in front of others: every slot of an interface is passed on, some are looked at.
 *
 * A proxy has one face for each interface family that the object behind it has shown. All faces share one reference
 * count and answer QueryInterface alike, so that a proxy is one COM object. The newest version of a family serves for
 * all, because each version only adds slots to the one before. */
#ifndef NR_VALIDATE_PROXY_H
#define NR_VALIDATE_PROXY_H

#include "clr/abi.h"

#include <stdatomic.h>
#include <stdbool.h>

/* Families: the newest version. */
#define NR_FAMILIES(X) \
    X(CALLBACK, ICorProfilerCallback11) \
    X(INFO, ICorProfilerInfo15) \
    X(CONTROL, ICorProfilerFunctionControl) \
    X(IMPORT, IMetaDataImport2) \
    X(EMIT, IMetaDataEmit2) \
    X(ASSEMBLY_IMPORT, IMetaDataAssemblyImport) \
    X(ASSEMBLY_EMIT, IMetaDataAssemblyEmit) \
    X(TABLES, IMetaDataTables2)

typedef enum nr_family {
#define X(family, interface) NR_FAMILY_##family,
    NR_FAMILIES(X)
#undef X
        NR_FAMILY_COUNT
} nr_family;
enum { NR_FAMILY_UNKNOWN = NR_FAMILY_COUNT, NR_FAMILY_OTHER };

typedef void (*nr_any_function)(void);

typedef struct nr_face {
    const nr_any_function *slots; /* first: this is what callers see as an interface */
    void *_Atomic inner;          /* NULL: the object behind has not shown it yet */
    struct nr_proxy *proxy;
} nr_face;

typedef struct nr_proxy {
    nr_face faces[NR_FAMILY_COUNT];
    atomic_int references;
    nr_family first; /* the face that stands for IUnknown */
    struct nr_side *side;
    uintptr_t module;       /* metadata, function control */
    uint32_t method;        /* function control */
    struct nr_trial *trial; /* function control in a shadow run, until its callback ends (nr_trial_withdraw) */
    void (*ended)(struct nr_proxy *proxy); /* after the last Release; NULL: nothing to do */
} nr_proxy;

/* Takes over the caller's reference on `inner`; one reference on the result. NULL: no memory, and `inner` is released. */
nr_face *nr_proxy_new(struct nr_side *side, nr_family family, void *inner);
/* The family of an interface id, NR_FAMILY_UNKNOWN for IUnknown, NR_FAMILY_OTHER for all that are not known here. */
int nr_family_of(const nr_guid *iid);
/* Is metadata written through it? */
static inline bool nr_family_writes(int family)
{
    return family == NR_FAMILY_EMIT || family == NR_FAMILY_ASSEMBLY_EMIT;
}
/* The object behind an interface that may be a proxy; the same pointer when it is none. */
void *nr_proxy_unwrap(void *object);

/* Once, before the first proxy is made. */
void nr_proxy_prepare(void);
size_t nr_family_size(nr_family family); /* in slots */
/* The slots of a family, to be overridden before the first proxy is made. */
nr_any_function *nr_family_slots(nr_family family);
#define NR_OVERRIDE(family, interface, method, function) \
    (nr_family_slots(NR_FAMILY_##family)[NR_SLOT(interface, method)] = (nr_any_function)(function))
/* The object behind a face, as an interface. */
#define NR_INNER(interface, face) ((nr_##interface *)atomic_load_explicit(&(face)->inner, memory_order_relaxed))

/* What a QueryInterface has answered: called for callbacks and ICorProfilerInfo. */
void nr_proxy_queried(nr_proxy *proxy, nr_family family, const nr_guid *iid, int32_t hr);

#endif
