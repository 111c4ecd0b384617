/* info.c - ICorProfilerInfo..11: functions, modules, assemblies, app domains, bodies, runtime. */
#include "base/compiler.h"
#include "base/utf.h"
#include "il/body.h"
#include "sim/sim.h"

#include <string.h>

#define ENTER(slot) SIM_ENTER(((sim_object *)self)->sim, SIM_INFO, ICorProfilerInfo11, slot)
#define SIM(self) (((sim_object *)(self))->sim)

enum {
    SIM_E_DATAINCOMPLETE = (int32_t)0x80131351, /* CORPROF_E_DATAINCOMPLETE */
    SIM_E_SNAPSHOT_ABORTED = (int32_t)0x80131361
};

static void put_id(uintptr_t *out, uintptr_t value)
{
    if (out) *out = value;
}

/* Names of the profiling API: no terminator trouble, S_OK even when cut. */
static int32_t put_name(nr_str name, uint16_t *out, uint32_t capacity, uint32_t *needed)
{
    int32_t hr = sim_put_text(name, out, capacity, needed);
    return hr == NR_MD_S_TRUNCATED ? NR_S_OK : hr;
}

static int32_t NR_COM QueryInterface(void *self, const nr_guid *iid, void **out)
{
    static const nr_guid *const versions[] = {
        &nr_iid_IUnknown,         &nr_iid_ICorProfilerInfo,  &nr_iid_ICorProfilerInfo2,  &nr_iid_ICorProfilerInfo3,
        &nr_iid_ICorProfilerInfo4, &nr_iid_ICorProfilerInfo5, &nr_iid_ICorProfilerInfo6, &nr_iid_ICorProfilerInfo7,
        &nr_iid_ICorProfilerInfo8, &nr_iid_ICorProfilerInfo9, &nr_iid_ICorProfilerInfo10, &nr_iid_ICorProfilerInfo11};
    nr_sim *sim = SIM(self);
    unsigned highest = sim->options.highest_info ? sim->options.highest_info : 11;
    int32_t hr = NR_E_NOINTERFACE;
    if (!out) return NR_E_POINTER;
    *out = NULL;
    if (!sim_enter(sim, SIM_INFO, 0, &hr)) {
        hr = NR_E_NOINTERFACE;
        for (unsigned i = 0; i < NR_COUNT(versions) && i <= highest; i++) {
            if (!nr_guid_eq(iid, versions[i])) continue;
            sim_add_ref(self);
            *out = self;
            hr = NR_S_OK;
        }
    }
    char text[48];
    nr_sim_event e = {.kind = NR_SIM_QUERY, .hr = hr};
    sim_guid_text(text, iid);
    e.name = text;
    e.args = "info";
    sim_event(sim, &e);
    return hr;
}

/* ---- functions ------------------------------------------------------------------------------- */

static int32_t NR_COM GetFunctionInfo(void *self, uintptr_t function, uintptr_t *type, uintptr_t *module,
                                      uint32_t *token)
{
    ENTER(GetFunctionInfo);
    sim_module *m;
    uint32_t rid;
    if (!sim_function(SIM(self), function, &m, &rid)) return NR_E_INVALIDARG;
    /* A shared generic instantiation has no exact class. */
    put_id(type, nr_md_is_generic(&m->md, rid) ? 0 : m->id | (uintptr_t)1 << 27);
    put_id(module, m->id);
    if (token) *token = (uint32_t)NR_TAB_METHOD_DEF << 24 | rid;
    return NR_S_OK;
}

static int32_t NR_COM GetFunctionFromToken(void *self, uintptr_t module, uint32_t token, uintptr_t *function)
{
    ENTER(GetFunctionFromToken);
    sim_module *m = sim_module_of(SIM(self), module);
    if (!m || !nr_md_is(&m->md, token, NR_TAB_METHOD_DEF)) return NR_E_INVALIDARG;
    if (nr_md_is_generic(&m->md, token & 0xFFFFFF)) return NR_CORPROF_E_FUNCTION_IS_PARAMETERIZED;
    put_id(function, sim_function_id(m, token & 0xFFFFFF));
    return NR_S_OK;
}

static int32_t NR_COM GetTokenAndMetaDataFromFunction(void *self, uintptr_t function, const nr_guid *iid, void **out,
                                                      uint32_t *token)
{
    ENTER(GetTokenAndMetaDataFromFunction);
    sim_module *m;
    uint32_t rid;
    if (!sim_function(SIM(self), function, &m, &rid)) return NR_E_INVALIDARG;
    if (token) *token = (uint32_t)NR_TAB_METHOD_DEF << 24 | rid;
    return out ? sim_metadata(m, iid, out) : NR_S_OK;
}

/* ---- modules, assemblies, app domains ------------------------------------------------------------ */

static int32_t module_info(sim_module *m, const uint8_t **base, uint32_t capacity, uint32_t *needed, uint16_t *name,
                           uintptr_t *assembly)
{
    if (!m) return SIM_E_DATAINCOMPLETE;
    if (base) *base = m->md.image.data;
    put_id(assembly, m->id - SIM_MODULE_ID + SIM_ASSEMBLY_ID);
    return put_name(m->path, name, capacity, needed);
}

static int32_t NR_COM GetModuleInfo(void *self, uintptr_t module, const uint8_t **base, uint32_t capacity,
                                    uint32_t *needed, uint16_t *name, uintptr_t *assembly)
{
    ENTER(GetModuleInfo);
    return module_info(sim_module_of(SIM(self), module), base, capacity, needed, name, assembly);
}

static int32_t NR_COM GetModuleInfo2(void *self, uintptr_t module, const uint8_t **base, uint32_t capacity,
                                     uint32_t *needed, uint16_t *name, uintptr_t *assembly, uint32_t *flags)
{
    ENTER(GetModuleInfo2);
    sim_module *m = sim_module_of(SIM(self), module);
    if (flags) *flags = m && m->md.image.ready_to_run ? 3 : 1; /* COR_PRF_MODULE_DISK, _NGEN */
    return module_info(m, base, capacity, needed, name, assembly);
}

static int32_t NR_COM GetModuleMetaData(void *self, uintptr_t module, uint32_t flags, const nr_guid *iid, void **out)
{
    ENTER(GetModuleMetaData);
    sim_module *m = sim_module_of(SIM(self), module);
    (void)flags; /* reading and writing are the same object here, as they are for a profiler's scope */
    return m ? sim_metadata(m, iid, out) : SIM_E_DATAINCOMPLETE;
}

static int32_t NR_COM GetAssemblyInfo(void *self, uintptr_t assembly, uint32_t capacity, uint32_t *needed,
                                      uint16_t *name, uintptr_t *app_domain, uintptr_t *module)
{
    ENTER(GetAssemblyInfo);
    sim_module *m = sim_module_of(SIM(self), assembly - SIM_ASSEMBLY_ID + SIM_MODULE_ID);
    if (!m) return NR_E_INVALIDARG;
    put_id(app_domain, SIM_APP_DOMAIN_ID);
    put_id(module, m->id);
    return put_name(m->assembly, name, capacity, needed);
}

static int32_t NR_COM GetAppDomainInfo(void *self, uintptr_t app_domain, uint32_t capacity, uint32_t *needed,
                                       uint16_t *name, uintptr_t *process)
{
    ENTER(GetAppDomainInfo);
    if (app_domain != SIM_APP_DOMAIN_ID) return NR_E_INVALIDARG;
    put_id(process, 1);
    return put_name(SIM(self)->app_domain, name, capacity, needed);
}

static int32_t NR_COM GetAppDomainsContainingModule(void *self, uintptr_t module, uint32_t capacity, uint32_t *count,
                                                    uintptr_t *domains)
{
    ENTER(GetAppDomainsContainingModule);
    if (!sim_module_of(SIM(self), module)) return NR_E_INVALIDARG;
    if (count) *count = 1;
    if (domains && capacity) domains[0] = SIM_APP_DOMAIN_ID;
    return NR_S_OK;
}

static int32_t NR_COM EnumModules(void *self, void **out)
{
    ENTER(EnumModules);
    return out ? sim_new_module_enum(SIM(self), out) : NR_E_INVALIDARG;
}

/* ---- bodies ------------------------------------------------------------------------------------------ */

static int32_t NR_COM GetILFunctionBody(void *self, uintptr_t module, uint32_t token, const uint8_t **body,
                                        uint32_t *size)
{
    nr_sim *sim = SIM(self);
    sim_module *m = sim_module_of(sim, module);
    const uint8_t *il = NULL;
    size_t n = 0;
    bool damaged;
    int32_t hr;
    if (!sim_enter(sim, SIM_INFO, NR_SLOT(ICorProfilerInfo11, GetILFunctionBody), &hr)) {
        if (!m || !nr_md_is(&m->md, token, NR_TAB_METHOD_DEF)) hr = NR_E_INVALIDARG;
        else if (sim_current_il(m, token & 0xFFFFFF, false, &il, &n, &damaged)) hr = NR_S_OK;
        else hr = NR_CORPROF_E_FUNCTION_NOT_IL;
    }
    if (hr >= 0) {
        if (body) *body = il;
        if (size) *size = (uint32_t)n;
    }
    nr_sim_event e = {.kind = NR_SIM_GET_IL, .hr = hr};
    e.module = m ? module : 0;
    e.method = token;
    e.bytes = il;
    e.size = n;
    sim_event(sim, &e);
    return hr;
}

static int32_t NR_COM GetILFunctionBodyAllocator(void *self, uintptr_t module, void **out)
{
    ENTER(GetILFunctionBodyAllocator);
    sim_module *m = sim_module_of(SIM(self), module);
    if (!m || !out) return NR_E_INVALIDARG;
    sim_add_ref(&m->allocator);
    *out = &m->allocator;
    return NR_S_OK;
}

/* The size is not passed: it is read from the body, which must lie in memory of IMethodMalloc. */
static bool allocated_size(const sim_module *m, const uint8_t *p, size_t *left)
{
    const nr_str *blocks = (const nr_str *)(const void *)m->blocks.data;
    for (size_t i = m->blocks.size / sizeof *blocks; i--;) {
        const uint8_t *start = (const uint8_t *)blocks[i].p;
        if (p < start || p >= start + blocks[i].n) continue;
        *left = (size_t)(start + blocks[i].n - p);
        return true;
    }
    return false;
}

static int32_t NR_COM SetILFunctionBody(void *self, uintptr_t module, uint32_t token, const uint8_t *body)
{
    nr_sim *sim = SIM(self);
    sim_module *m = sim_module_of(sim, module);
    size_t left = 0, size = 0;
    int32_t hr;
    if (!sim_enter(sim, SIM_INFO, NR_SLOT(ICorProfilerInfo11, SetILFunctionBody), &hr)) {
        hr = NR_E_INVALIDARG;
        if (m && nr_md_is(&m->md, token, NR_TAB_METHOD_DEF) && body) {
            sim_method *method = sim_method_of(m, token & 0xFFFFFF, true);
            if (!allocated_size(m, body, &left)) {
                sim_say(sim, "SetILFunctionBody(%08x): the body is not in memory of IMethodMalloc", token);
            } else if (nr_body_size(body, left, &size) != NR_IL_OK) {
                sim_say(sim, "SetILFunctionBody(%08x): the body is longer than its memory", token);
            } else if (!method) {
                hr = NR_E_OUTOFMEMORY;
            } else { /* after the method was compiled this is accepted as well, and too late */
                nr_str copy = {nr_arena_copy(&m->arena, body, size), size};
                hr = copy.p ? NR_S_OK : NR_E_OUTOFMEMORY;
                if (copy.p) method->set_il = copy;
            }
        }
    }
    nr_sim_event e = {.kind = NR_SIM_SET_IL, .hr = hr};
    e.module = m ? module : 0;
    e.method = token;
    e.name = "info";
    e.bytes = size ? body : NULL;
    e.size = size;
    sim_event(sim, &e);
    return hr;
}

/* ---- runtime, masks, threads ---------------------------------------------------------------------------- */

static int32_t NR_COM GetRuntimeInformation(void *self, uint16_t *instance, void *type, uint16_t *major,
                                            uint16_t *minor, uint16_t *build, uint16_t *qfe, uint32_t capacity,
                                            uint32_t *needed, uint16_t *version)
{
    ENTER(GetRuntimeInformation);
    const nr_sim_options *o = &SIM(self)->options;
    uint32_t runtime = o->flavour == NR_SIM_DESKTOP ? 1 : 2; /* COR_PRF_DESKTOP_CLR, COR_PRF_CORE_CLR */
    if (instance) *instance = 0;
    if (type) memcpy(type, &runtime, sizeof runtime);
    if (major) *major = o->major;
    if (minor) *minor = o->minor;
    if (build) *build = o->build;
    if (qfe) *qfe = o->qfe;
    if (!needed && !version) return NR_S_OK;
    nr_arena scratch = NR_ARENA_INIT;
    nr_str text = nr_arena_printf(&scratch, "v%u.%u.%u", o->major, o->minor, o->build);
    int32_t hr = put_name(text, version, capacity, needed);
    nr_arena_free(&scratch);
    return hr;
}

static int32_t set_mask(void *self, const char *slot, int32_t hr, bool go, uint32_t low, uint32_t high)
{
    nr_sim *sim = SIM(self);
    if (go) {
        sim->mask_low = low;
        sim->mask_high = high;
        hr = NR_S_OK;
    }
    nr_sim_event e = {.kind = NR_SIM_MASK, .hr = hr};
    e.name = slot;
    e.low = low;
    e.high = high;
    sim_event(sim, &e);
    return hr;
}

static int32_t NR_COM SetEventMask(void *self, uint32_t low)
{
    int32_t hr;
    bool go = !sim_enter(SIM(self), SIM_INFO, NR_SLOT(ICorProfilerInfo11, SetEventMask), &hr);
    return set_mask(self, "SetEventMask", go ? NR_S_OK : hr, go, low, SIM(self)->mask_high);
}

static int32_t NR_COM SetEventMask2(void *self, uint32_t low, uint32_t high)
{
    int32_t hr;
    bool go = !sim_enter(SIM(self), SIM_INFO, NR_SLOT(ICorProfilerInfo11, SetEventMask2), &hr);
    return set_mask(self, "SetEventMask2", go ? NR_S_OK : hr, go, low, high);
}

static int32_t NR_COM GetEventMask(void *self, uint32_t *low)
{
    ENTER(GetEventMask);
    *low = SIM(self)->mask_low;
    return NR_S_OK;
}

static int32_t NR_COM GetEventMask2(void *self, uint32_t *low, uint32_t *high)
{
    ENTER(GetEventMask2);
    *low = SIM(self)->mask_low;
    *high = SIM(self)->mask_high;
    return NR_S_OK;
}

static int32_t NR_COM EnumThreads(void *self, void **out)
{
    ENTER(EnumThreads);
    return out ? sim_new_thread_enum(SIM(self), out) : NR_E_INVALIDARG;
}

static int32_t NR_COM InitializeCurrentThread(void *self)
{
    ENTER(InitializeCurrentThread);
    return NR_S_OK;
}

static int32_t NR_COM GetCurrentThreadID(void *self, uintptr_t *thread)
{
    ENTER(GetCurrentThreadID);
    if (!thread) return NR_E_INVALIDARG;
    *thread = SIM_THREAD_ID; /* the thread that drives the simulation */
    return NR_S_OK;
}

typedef int32_t(NR_COM *snapshot)(uintptr_t function, uintptr_t ip, uintptr_t frame, uint32_t context_size,
                                  uint8_t *context, void *client);

static int32_t NR_COM DoStackSnapshot(void *self, uintptr_t thread, void *callback, uint32_t flags, void *client,
                                      uint8_t *context, uint32_t context_size)
{
    ENTER(DoStackSnapshot);
    const sim_thread *t = sim_thread_of(SIM(self), thread);
    snapshot each;
    (void)flags, (void)context, (void)context_size;
    if (!t || t->ended) return (int32_t)0x8013135E; /* CORPROF_E_STACKSNAPSHOT_INVALID_TGT_THREAD */
    memcpy(&each, &callback, sizeof each);
    const uintptr_t *frames = (const uintptr_t *)(const void *)t->frames.data;
    for (size_t i = 0; i < t->frames.size / sizeof *frames; i++)
        if (each(frames[i], 0x1000 + i, 0, 0, NULL, client) != NR_S_OK) return SIM_E_SNAPSHOT_ABORTED;
    return t->hr;
}

static int32_t NR_COM SuspendRuntime(void *self)
{
    ENTER(SuspendRuntime);
    SIM(self)->suspended++;
    return NR_S_OK;
}

static int32_t NR_COM ResumeRuntime(void *self)
{
    ENTER(ResumeRuntime);
    SIM(self)->suspended--;
    return NR_S_OK;
}

void sim_info_vtbl(sim_vtbls *v)
{
    nr_ICorProfilerInfo11_vtbl *t = &v->INFO;
    t->QueryInterface = QueryInterface;
    t->GetFunctionInfo = GetFunctionInfo;
    t->GetFunctionFromToken = GetFunctionFromToken;
    t->GetTokenAndMetaDataFromFunction = GetTokenAndMetaDataFromFunction;
    t->GetModuleInfo = GetModuleInfo;
    t->GetModuleInfo2 = GetModuleInfo2;
    t->GetModuleMetaData = GetModuleMetaData;
    t->GetAssemblyInfo = GetAssemblyInfo;
    t->GetAppDomainInfo = GetAppDomainInfo;
    t->GetAppDomainsContainingModule = GetAppDomainsContainingModule;
    t->EnumModules = EnumModules;
    t->GetILFunctionBody = GetILFunctionBody;
    t->GetILFunctionBodyAllocator = GetILFunctionBodyAllocator;
    t->SetILFunctionBody = SetILFunctionBody;
    t->GetRuntimeInformation = GetRuntimeInformation;
    t->SetEventMask = SetEventMask;
    t->SetEventMask2 = SetEventMask2;
    t->GetEventMask = GetEventMask;
    t->GetEventMask2 = GetEventMask2;
    t->EnumThreads = EnumThreads;
    t->InitializeCurrentThread = InitializeCurrentThread;
    t->GetCurrentThreadID = GetCurrentThreadID;
    t->DoStackSnapshot = DoStackSnapshot;
    t->SuspendRuntime = SuspendRuntime;
    t->ResumeRuntime = ResumeRuntime;
}
