/* objects.c - the small COM objects: allocator, function control, enumerations of modules and threads. */
#include "base/alloc.h"
#include "sim/sim.h"

#include <string.h>

/* ---- reference counting ------------------------------------------------------------------- */

/* Objects that live inside a module or the CLR are only counted; the rest is freed at 0. */
uint32_t NR_COM sim_add_ref(void *self)
{
    sim_object *o = self;
    o->sim->references++;
    return (uint32_t)++o->references;
}

static uint32_t NR_COM embedded_Release(void *self)
{
    sim_object *o = self;
    o->sim->references--;
    return (uint32_t)--o->references;
}

void sim_object_init(sim_object *o, nr_sim *sim, sim_module *m, sim_kind kind)
{
    o->vtbl = sim_vtbl(sim, kind);
    o->sim = sim;
    o->module = m;
    o->kind = kind;
    o->references = 0;
}

const void *sim_vtbl(const nr_sim *sim, sim_kind kind)
{
    switch (kind) {
#define X(k, interface, name) \
    case SIM_##k: return &sim->vtbls.k;
        NR_SIM_KINDS(X)
#undef X
    default: return NULL;
    }
}

static int32_t answer(void *self, bool yes, void **out)
{
    if (!out) return NR_E_POINTER;
    *out = NULL;
    if (!yes) return NR_E_NOINTERFACE;
    sim_add_ref(self);
    *out = self;
    return NR_S_OK;
}

/* ---- IMethodMalloc -------------------------------------------------------------------------- */

static int32_t NR_COM malloc_QueryInterface(void *self, const nr_guid *iid, void **out)
{
    return answer(self, nr_guid_eq(iid, &nr_iid_IUnknown) || nr_guid_eq(iid, &nr_iid_IMethodMalloc), out);
}

static void *NR_COM malloc_Alloc(void *self, uint32_t size)
{
    sim_object *o = self;
    int32_t hr;
    if (sim_enter(o->sim, SIM_MALLOC, NR_SLOT(IMethodMalloc, Alloc), &hr)) return NULL;
    nr_str block = {nr_arena_alloc(&o->module->arena, size), size};
    if (!block.p || !sim_push(&o->module->blocks, &block, sizeof block)) return NULL;
    void *p;
    memcpy(&p, &block.p, sizeof p);
    return p;
}

/* ---- ICorProfilerModuleEnum, ICorProfilerThreadEnum, ICorProfilerMethodEnum -------------------- */

typedef struct id_enum {
    sim_object object;
    nr_buf ids; /* uintptr_t, or nr_prf_method */
    size_t at;
} id_enum;

static int32_t NR_COM enum_QueryInterface(void *self, const nr_guid *iid, void **out)
{
    sim_object *o = self;
    const nr_guid *own = o->kind == SIM_MODULE_ENUM   ? &nr_iid_ICorProfilerModuleEnum
                         : o->kind == SIM_THREAD_ENUM ? &nr_iid_ICorProfilerThreadEnum
                                                      : &nr_iid_ICorProfilerMethodEnum;
    return answer(self, nr_guid_eq(iid, &nr_iid_IUnknown) || nr_guid_eq(iid, own), out);
}

static uint32_t NR_COM enum_Release(void *self)
{
    id_enum *e = self;
    uint32_t left = embedded_Release(self);
    if (!left) {
        nr_buf_free(&e->ids);
        nr_free(e, sizeof *e);
    }
    return left;
}

static size_t id_count(const id_enum *e)
{
    return e->ids.size / sizeof(uintptr_t);
}

static int32_t NR_COM enum_Skip(void *self, uint32_t n)
{
    id_enum *e = self;
    size_t left = id_count(e) - e->at;
    e->at += n < left ? n : left;
    return n <= left ? NR_S_OK : NR_S_FALSE;
}

static int32_t NR_COM enum_Reset(void *self)
{
    ((id_enum *)self)->at = 0;
    return NR_S_OK;
}

static int32_t NR_COM module_enum_GetCount(void *self, uint32_t *n)
{
    id_enum *e = self;
    SIM_ENTER(e->object.sim, SIM_MODULE_ENUM, ICorProfilerModuleEnum, GetCount);
    if (!n) return NR_E_INVALIDARG;
    *n = (uint32_t)id_count(e);
    return NR_S_OK;
}

static int32_t NR_COM thread_enum_GetCount(void *self, uint32_t *n)
{
    id_enum *e = self;
    SIM_ENTER(e->object.sim, SIM_THREAD_ENUM, ICorProfilerThreadEnum, GetCount);
    if (!n) return NR_E_INVALIDARG;
    *n = (uint32_t)id_count(e);
    return NR_S_OK;
}

static int32_t next(id_enum *e, uint32_t n, uintptr_t *out, uint32_t *fetched)
{
    if (!out || (n > 1 && !fetched)) return NR_E_INVALIDARG;
    uint32_t got = 0;
    const uintptr_t *ids = (const uintptr_t *)(const void *)e->ids.data;
    while (got < n && e->at < id_count(e)) out[got++] = ids[e->at++];
    if (fetched) *fetched = got;
    return got == n ? NR_S_OK : NR_S_FALSE;
}

static int32_t NR_COM module_enum_Next(void *self, uint32_t n, uintptr_t *out, uint32_t *fetched)
{
    SIM_ENTER(((sim_object *)self)->sim, SIM_MODULE_ENUM, ICorProfilerModuleEnum, Next);
    return next(self, n, out, fetched);
}

static int32_t NR_COM thread_enum_Next(void *self, uint32_t n, uintptr_t *out, uint32_t *fetched)
{
    SIM_ENTER(((sim_object *)self)->sim, SIM_THREAD_ENUM, ICorProfilerThreadEnum, Next);
    return next(self, n, out, fetched);
}

static int32_t NR_COM method_enum_Next(void *self, uint32_t n, nr_prf_method *out, uint32_t *fetched)
{
    id_enum *e = self;
    SIM_ENTER(e->object.sim, SIM_METHOD_ENUM, ICorProfilerMethodEnum, Next);
    const nr_prf_method *methods = (const nr_prf_method *)(const void *)e->ids.data;
    uint32_t got = 0;
    if (!out || (n > 1 && !fetched)) return NR_E_INVALIDARG;
    while (got < n && e->at < e->ids.size / sizeof *methods) out[got++] = methods[e->at++];
    if (fetched) *fetched = got;
    return got == n ? NR_S_OK : NR_S_FALSE;
}

static id_enum *new_enum(nr_sim *sim, sim_kind kind)
{
    id_enum *e = nr_zalloc(sizeof *e);
    if (!e) return NULL;
    sim_object_init(&e->object, sim, NULL, kind);
    sim_add_ref(e);
    return e;
}

int32_t sim_new_module_enum(nr_sim *sim, void **out)
{
    id_enum *e = new_enum(sim, SIM_MODULE_ENUM);
    if (!e) return NR_E_OUTOFMEMORY;
    for (size_t n = 1; n <= sim_module_count(sim); n++) {
        const sim_module *m = sim_module_number(sim, n);
        if (m->unloaded || sim_push(&e->ids, &m->id, sizeof m->id)) continue;
        enum_Release(e);
        return NR_E_OUTOFMEMORY;
    }
    *out = e;
    return NR_S_OK;
}

int32_t sim_new_thread_enum(nr_sim *sim, void **out)
{
    id_enum *e = new_enum(sim, SIM_THREAD_ENUM);
    if (!e) return NR_E_OUTOFMEMORY;
    for (size_t n = 0; n < sim_thread_count(sim); n++) {
        const sim_thread *t = sim_thread_number(sim, n);
        if (t->ended || sim_push(&e->ids, &t->id, sizeof t->id)) continue;
        enum_Release(e);
        return NR_E_OUTOFMEMORY;
    }
    *out = e;
    return NR_S_OK;
}

int32_t sim_new_method_enum(nr_sim *sim, void **out)
{
    *out = new_enum(sim, SIM_METHOD_ENUM);
    return *out ? NR_S_OK : NR_E_OUTOFMEMORY;
}

bool sim_method_enum_add(void *list, nr_prf_method method)
{
    return sim_push(&((id_enum *)list)->ids, &method, sizeof method);
}

/* ---- tables -------------------------------------------------------------------------------- */

void sim_objects_vtbl(sim_vtbls *v)
{
#define X(kind, interface, name) \
    v->kind.AddRef = sim_add_ref; \
    v->kind.Release = embedded_Release;
    NR_SIM_KINDS(X)
#undef X
    v->MALLOC.QueryInterface = malloc_QueryInterface;
    v->MALLOC.Alloc = malloc_Alloc;
    v->MODULE_ENUM.QueryInterface = v->THREAD_ENUM.QueryInterface = v->METHOD_ENUM.QueryInterface = enum_QueryInterface;
    v->MODULE_ENUM.Release = v->THREAD_ENUM.Release = v->METHOD_ENUM.Release = enum_Release;
    v->MODULE_ENUM.Skip = v->THREAD_ENUM.Skip = enum_Skip;
    v->MODULE_ENUM.Reset = v->THREAD_ENUM.Reset = enum_Reset;
    v->MODULE_ENUM.GetCount = module_enum_GetCount;
    v->THREAD_ENUM.GetCount = thread_enum_GetCount;
    v->MODULE_ENUM.Next = module_enum_Next;
    v->THREAD_ENUM.Next = thread_enum_Next;
    v->METHOD_ENUM.Next = method_enum_Next;
}
