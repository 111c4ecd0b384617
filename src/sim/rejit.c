/* rejit.c - RequestReJIT, RequestRevert and ICorProfilerFunctionControl.
 *
 * A request only marks the method; the next nr_sim_jit of it compiles. A request that finds one pending joins it;
 * a request during GetReJITParameters or later makes another version, as in CoreCLR. */
#include "sim/rejit.h"

#include "base/alloc.h"

#include <string.h>

#define SIM(self) (((sim_object *)(self))->sim)

enum { SIM_E_REJIT_NOT_ENABLED = (int32_t)0x8013137C };

static void request_event(nr_sim *sim, nr_sim_event_kind kind, const char *slot, int32_t hr, uint32_t count,
                          const uintptr_t *modules, const uint32_t *tokens)
{
    nr_sim_event e = {.kind = kind, .hr = hr};
    e.name = slot;
    e.modules = modules;
    e.tokens = tokens;
    e.count = count;
    sim_event(sim, &e);
}

static int32_t check(const nr_sim *sim, uint32_t count, const uintptr_t *modules, const uint32_t *tokens)
{
    if (!(sim->mask_low & SIM_ENABLE_REJIT)) return SIM_E_REJIT_NOT_ENABLED;
    return count && modules && tokens ? NR_S_OK : NR_E_INVALIDARG;
}

static sim_method *requested(const nr_sim *sim, uintptr_t module, uint32_t token, int32_t *hr)
{
    sim_module *m = sim_module_of(sim, module);
    *hr = NR_E_INVALIDARG;
    if (!m || !nr_md_is(&m->md, token, NR_TAB_METHOD_DEF)) return NULL;
    sim_method *method = sim_method_of(m, token & 0xFFFFFF, true);
    *hr = method ? NR_S_OK : NR_E_OUTOFMEMORY;
    return method;
}

static int32_t request(nr_sim *sim, const char *slot, bool go, int32_t hr, uint32_t count, const uintptr_t *modules,
                       const uint32_t *tokens)
{
    if (go) hr = check(sim, count, modules, tokens);
    go = go && hr >= 0;
    request_event(sim, NR_SIM_REQUEST_REJIT, slot, hr, modules && tokens ? count : 0, modules, tokens);
    for (uint32_t i = 0; go && i < count; i++) {
        int32_t each;
        sim_method *method = requested(sim, modules[i], tokens[i], &each);
        if (method) {
            method->pending = true;
            method->reverting = false;
        } else {
            sim_rejit_error(sim, modules[i], tokens[i], 0, each);
        }
    }
    return hr;
}

static int32_t NR_COM RequestReJIT(void *self, uint32_t count, uintptr_t *modules, uint32_t *tokens)
{
    int32_t hr = NR_S_OK;
    bool go = !sim_enter(SIM(self), SIM_INFO, NR_SLOT(ICorProfilerInfo11, RequestReJIT), &hr);
    return request(SIM(self), "RequestReJIT", go, hr, count, modules, tokens);
}

static int32_t NR_COM RequestReJITWithInliners(void *self, uint32_t flags, uint32_t count, uintptr_t *modules,
                                               uint32_t *tokens)
{
    int32_t hr = NR_S_OK;
    bool go = !sim_enter(SIM(self), SIM_INFO, NR_SLOT(ICorProfilerInfo11, RequestReJITWithInliners), &hr);
    (void)flags;
    return request(SIM(self), "RequestReJITWithInliners", go, hr, count, modules, tokens);
}

static int32_t NR_COM RequestRevert(void *self, uint32_t count, uintptr_t *modules, uint32_t *tokens, int32_t *status)
{
    nr_sim *sim = SIM(self);
    int32_t hr = NR_S_OK;
    bool go = !sim_enter(sim, SIM_INFO, NR_SLOT(ICorProfilerInfo11, RequestRevert), &hr);
    if (go) hr = check(sim, count, modules, tokens);
    go = go && hr >= 0;
    for (uint32_t i = 0; go && i < count; i++) {
        int32_t each;
        sim_method *method = requested(sim, modules[i], tokens[i], &each);
        if (method) {
            method->reverting = method->rejitted;
            method->pending = false;
        }
        if (status) status[i] = each;
    }
    request_event(sim, NR_SIM_REQUEST_REVERT, "RequestRevert", hr, modules && tokens ? count : 0, modules, tokens);
    return hr;
}

static int32_t NR_COM GetReJITIDs(void *self, uintptr_t function, uint32_t capacity, uint32_t *count, uintptr_t *ids)
{
    SIM_ENTER(SIM(self), SIM_INFO, ICorProfilerInfo11, GetReJITIDs);
    sim_module *m;
    uint32_t rid;
    if (!sim_function(SIM(self), function, &m, &rid)) return NR_E_INVALIDARG;
    const sim_method *method = sim_method_of(m, rid, false);
    uint32_t n = method && method->rejitted;
    if (count) *count = n;
    if (n && ids && capacity) ids[0] = SIM(self)->next_rejit_id;
    return NR_S_OK;
}

/* ---- ICorProfilerFunctionControl -------------------------------------------------------------- */

static int32_t NR_COM control_QueryInterface(void *self, const nr_guid *iid, void **out)
{
    if (!out) return NR_E_POINTER;
    *out = NULL;
    if (!nr_guid_eq(iid, &nr_iid_IUnknown) && !nr_guid_eq(iid, &nr_iid_ICorProfilerFunctionControl))
        return NR_E_NOINTERFACE;
    sim_add_ref(self);
    *out = self;
    return NR_S_OK;
}

static int32_t control_event(sim_control *c, nr_sim_event *e)
{
    e->module = c->object.module->id;
    e->method = (uint32_t)NR_TAB_METHOD_DEF << 24 | c->rid;
    sim_event(c->object.sim, e);
    return e->hr;
}

static int32_t NR_COM control_SetILFunctionBody(void *self, uint32_t size, const uint8_t *body)
{
    sim_control *c = self;
    nr_sim_event e = {.kind = NR_SIM_SET_IL, .hr = NR_E_INVALIDARG};
    if (!sim_enter(c->object.sim, SIM_CONTROL, NR_SLOT(ICorProfilerFunctionControl, SetILFunctionBody), &e.hr)) {
        e.hr = NR_E_INVALIDARG;
        if (body && size) {
            nr_str copy = {nr_arena_copy(&c->object.module->arena, body, size), size};
            e.hr = copy.p ? NR_S_OK : NR_E_OUTOFMEMORY;
            if (copy.p) c->il = copy;
        }
    }
    e.name = "rejit";
    e.bytes = body;
    e.size = body ? size : 0;
    return control_event(c, &e);
}

static int32_t NR_COM control_SetCodegenFlags(void *self, uint32_t flags)
{
    nr_sim_event e = {.kind = NR_SIM_CODEGEN_FLAGS, .hr = NR_S_OK};
    if (!sim_enter(SIM(self), SIM_CONTROL, NR_SLOT(ICorProfilerFunctionControl, SetCodegenFlags), &e.hr))
        e.hr = NR_S_OK;
    e.low = flags;
    return control_event(self, &e);
}

static int32_t NR_COM control_SetILInstrumentedCodeMap(void *self, uint32_t count, void *map)
{
    nr_sim_event e = {.kind = NR_SIM_IL_MAP, .hr = NR_S_OK};
    (void)map;
    if (!sim_enter(SIM(self), SIM_CONTROL, NR_SLOT(ICorProfilerFunctionControl, SetILInstrumentedCodeMap), &e.hr))
        e.hr = NR_S_OK;
    e.count = count;
    return control_event(self, &e);
}

void sim_rejit_vtbl(sim_vtbls *v)
{
    v->INFO.RequestReJIT = RequestReJIT;
    v->INFO.RequestReJITWithInliners = RequestReJITWithInliners;
    v->INFO.RequestRevert = RequestRevert;
    v->INFO.GetReJITIDs = GetReJITIDs;
    v->CONTROL.QueryInterface = control_QueryInterface;
    v->CONTROL.SetILFunctionBody = control_SetILFunctionBody;
    v->CONTROL.SetCodegenFlags = control_SetCodegenFlags;
    v->CONTROL.SetILInstrumentedCodeMap = control_SetILInstrumentedCodeMap;
}
