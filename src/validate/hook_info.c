/* hook_info.c - ICorProfilerInfo and ICorProfilerFunctionControl: what the profiler asks of the CLR. */
#include "validate/hooks.h"
#include "validate/private.h"
#include "validate/record.h"
#include "validate/trial.h"

#define INFO(face) NR_INNER(ICorProfilerInfo15, face)
#define CONTROL(face) NR_INNER(ICorProfilerFunctionControl, face)

static nr_side *side_of(nr_face *face)
{
    return face->proxy->side;
}

/* ---- event masks ------------------------------------------------------------------------------------- */

static int32_t NR_COM set_event_mask(nr_face *self, uint32_t low)
{
    nr_side *side = side_of(self);
    int32_t hr = side->beside ? NR_S_OK : NR_CALL(INFO(self), SetEventMask, low);
    nr_trial_mask(side, low, 0);
    nr_record_mask(side, low, NULL, hr);
    return hr;
}

static int32_t NR_COM set_event_mask2(nr_face *self, uint32_t low, uint32_t high)
{
    nr_side *side = side_of(self);
    int32_t hr = side->beside ? NR_S_OK : NR_CALL(INFO(self), SetEventMask2, low, high);
    nr_trial_mask(side, low, high);
    nr_record_mask(side, low, &high, hr);
    return hr;
}

/* ---- functions and bodies ------------------------------------------------------------------------------ */

static int32_t NR_COM get_function_info(nr_face *self, uintptr_t function, uintptr_t *class_id, uintptr_t *module,
                                        uint32_t *token)
{
    uintptr_t m = 0;
    uint32_t t = 0;
    if (!module) module = &m;
    if (!token) token = &t;
    int32_t hr = NR_CALL(INFO(self), GetFunctionInfo, function, class_id, module, token);
    if (hr >= 0) nr_record_function(side_of(self), function, *module, *token);
    return hr;
}

static int32_t NR_COM get_function_from_token(nr_face *self, uintptr_t module, uint32_t token, uintptr_t *function)
{
    int32_t hr = NR_CALL(INFO(self), GetFunctionFromToken, module, token, function);
    if (hr >= 0 && function) nr_record_function(side_of(self), *function, module, token);
    return hr;
}

static int32_t NR_COM get_il_function_body(nr_face *self, uintptr_t module, uint32_t method, const uint8_t **body,
                                           uint32_t *size)
{
    const uint8_t *b = NULL;
    uint32_t n = 0;
    if (!body) body = &b;
    if (!size) size = &n;
    int32_t hr = NR_CALL(INFO(self), GetILFunctionBody, module, method, body, size);
    nr_record_read(side_of(self), module, method, *body, *size, hr);
    return hr;
}

static int32_t NR_COM get_il_function_body_allocator(nr_face *self, uintptr_t module, void **allocator)
{
    nr_side *side = side_of(self);
    if (side->beside) return nr_private_allocator(allocator);
    return NR_CALL(INFO(self), GetILFunctionBodyAllocator, module, allocator);
}

static int32_t NR_COM set_il_function_body(nr_face *self, uintptr_t module, uint32_t method, const uint8_t *body)
{
    nr_side *side = side_of(self);
    int32_t hr = side->beside ? NR_S_OK : NR_CALL(INFO(self), SetILFunctionBody, module, method, body);
    nr_record_write(side, "info", module, method, body, 0, hr);
    nr_trial_body(side, NULL, module, method, body, 0, hr);
    return hr;
}

/* ---- requests -------------------------------------------------------------------------------------------- */

static int32_t NR_COM request_rejit(nr_face *self, uint32_t count, uintptr_t *modules, uint32_t *methods)
{
    nr_side *side = side_of(self);
    int32_t hr = side->beside ? NR_S_OK : NR_CALL(INFO(self), RequestReJIT, count, modules, methods);
    nr_record_request(side, "rejit", count, modules, methods, hr, NULL);
    nr_trial_requests(side, NR_TRIAL_REJIT, count, modules, methods);
    return hr;
}

static int32_t NR_COM request_rejit_with_inliners(nr_face *self, uint32_t flags, uint32_t count, uintptr_t *modules,
                                                  uint32_t *methods)
{
    nr_side *side = side_of(self);
    int32_t hr = side->beside ? NR_S_OK : NR_CALL(INFO(self), RequestReJITWithInliners, flags, count, modules, methods);
    nr_record_request(side, "rejit_inliners", count, modules, methods, hr, NULL);
    nr_trial_requests(side, NR_TRIAL_REJIT, count, modules, methods);
    return hr;
}

static int32_t NR_COM request_revert(nr_face *self, uint32_t count, uintptr_t *modules, uint32_t *methods,
                                     int32_t *each)
{
    nr_side *side = side_of(self);
    int32_t hr = NR_S_OK;
    if (!side->beside)
        hr = NR_CALL(INFO(self), RequestRevert, count, modules, methods, each);
    else if (each)
        memset(each, 0, count * sizeof *each);
    nr_record_request(side, "revert", count, modules, methods, hr, each);
    nr_trial_requests(side, NR_TRIAL_REVERT, count, modules, methods);
    return hr;
}

/* ---- metadata ---------------------------------------------------------------------------------------------- */

static int32_t open_metadata(nr_face *self, uintptr_t module, uint32_t flags, const nr_guid *iid, void **object)
{
    nr_side *side = side_of(self);
    int32_t hr;
    if (!object) return NR_E_POINTER;
    *object = NULL;
    if (side->beside)
        hr = nr_private_metadata(side->shadow, module, flags, iid, object);
    else
        hr = NR_CALL(INFO(self), GetModuleMetaData, module, flags, iid, object);
    if (hr < 0 || !*object) return hr;
    if (flags & NR_OPEN_TO_WRITE) nr_private_written(side, module);
    *object = nr_metadata_wrap(side, iid, *object, module);
    return *object ? hr : NR_E_OUTOFMEMORY;
}

static int32_t NR_COM get_module_metadata(nr_face *self, uintptr_t module, uint32_t flags, const nr_guid *iid,
                                          void **object)
{
    return open_metadata(self, module, flags, iid, object);
}

static int32_t NR_COM get_token_and_metadata(nr_face *self, uintptr_t function, const nr_guid *iid, void **object,
                                             uint32_t *token)
{
    nr_side *side = side_of(self);
    uintptr_t module = 0;
    uint32_t t = 0;
    int32_t hr = NR_CALL(INFO(self), GetFunctionInfo, function, NULL, &module, &t);
    if (side->beside && object) {
        if (hr < 0) return hr;
        if (token) *token = t;
        return open_metadata(self, module, 0, iid, object);
    }
    bool known = hr >= 0;
    hr = NR_CALL(INFO(self), GetTokenAndMetaDataFromFunction, function, iid, object, token);
    if (hr < 0 || !object || !*object || !known) return hr;
    *object = nr_metadata_wrap(side, iid, *object, module);
    return *object ? hr : NR_E_OUTOFMEMORY;
}

/* ---- ICorProfilerFunctionControl ------------------------------------------------------------------------------- */

static int32_t NR_COM set_codegen_flags(nr_face *self, uint32_t flags)
{
    nr_proxy *p = self->proxy;
    int32_t hr = p->side->beside ? NR_S_OK : NR_CALL(CONTROL(self), SetCodegenFlags, flags);
    nr_record_codegen_flags(p->side, p->module, p->method, flags, hr);
    return hr;
}

static int32_t NR_COM control_set_il(nr_face *self, uint32_t size, const uint8_t *body)
{
    nr_proxy *p = self->proxy;
    int32_t hr = p->side->beside ? NR_S_OK : NR_CALL(CONTROL(self), SetILFunctionBody, size, body);
    nr_record_write(p->side, "rejit", p->module, p->method, size ? body : NULL, size, hr);
    nr_trial_body(p->side, &p->trial, p->module, p->method, size ? body : NULL, size, hr);
    return hr;
}

static int32_t NR_COM control_set_map(nr_face *self, uint32_t count, void *map)
{
    nr_proxy *p = self->proxy;
    int32_t hr = p->side->beside ? NR_S_OK : NR_CALL(CONTROL(self), SetILInstrumentedCodeMap, count, map);
    nr_record_map(p->side, p->module, p->method, count, hr);
    return hr;
}

/* ---- the profiler that is not in charge ---------------------------------------------------------------------------- */

typedef uintptr_t W;
static int32_t NR_COM refuse_0(void *s)
{
    (void)s;
    return NR_E_NOTIMPL;
}
static int32_t NR_COM refuse_1(void *s, W a)
{
    (void)s, (void)a;
    return NR_E_NOTIMPL;
}
static int32_t NR_COM refuse_2(void *s, W a, W b)
{
    (void)s, (void)a, (void)b;
    return NR_E_NOTIMPL;
}
static int32_t NR_COM refuse_3(void *s, W a, W b, W c)
{
    (void)s, (void)a, (void)b, (void)c;
    return NR_E_NOTIMPL;
}
static int32_t NR_COM refuse_4(void *s, W a, W b, W c, W d)
{
    (void)s, (void)a, (void)b, (void)c, (void)d;
    return NR_E_NOTIMPL;
}
static int32_t NR_COM refuse_5(void *s, W a, W b, W c, W d, W e)
{
    (void)s, (void)a, (void)b, (void)c, (void)d, (void)e;
    return NR_E_NOTIMPL;
}
static int32_t NR_COM refuse_8(void *s, W a, W b, W c, W d, W e, W f, W g, W h)
{
    (void)s, (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h;
    return NR_E_NOTIMPL;
}
static int32_t NR_COM refuse_12(void *s, W a, W b, W c, W d, W e, W f, W g, W h, W i, W j, W k, W l)
{
    (void)s, (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h, (void)i, (void)j, (void)k, (void)l;
    return NR_E_NOTIMPL;
}

/* Slots that change the process or the CLR, with their argument words on 32-bit Windows. Bodies, requests, masks and
 * metadata are not among them: they are answered, and compared. */
#define REFUSED(X) \
    X(SetEnterLeaveFunctionHooks, 3) \
    X(SetFunctionIDMapper, 1) \
    X(SetFunctionReJIT, 1) \
    X(ForceGC, 0) \
    X(SetILInstrumentedCodeMap, 4) \
    X(BeginInprocDebugging, 2) \
    X(EndInprocDebugging, 1) \
    X(SetEnterLeaveFunctionHooks2, 3) \
    X(RequestProfilerDetach, 1) \
    X(SetFunctionIDMapper2, 2) \
    X(SetEnterLeaveFunctionHooks3, 3) \
    X(SetEnterLeaveFunctionHooks3WithInfo, 3) \
    X(ApplyMetaData, 1) \
    X(SuspendRuntime, 0) \
    X(ResumeRuntime, 0) \
    X(SetEnvironmentVariable, 2) \
    X(EventPipeStartSession, 4) \
    X(EventPipeAddProviderToSession, 8) \
    X(EventPipeStopSession, 2) \
    X(EventPipeCreateProvider, 2) \
    X(EventPipeDefineEvent, 12) \
    X(EventPipeWriteEvent, 5) \
    X(CreateHandle, 3) \
    X(DestroyHandle, 1) \
    X(EventPipeCreateProvider2, 3)

static nr_any_function beside_slots[NR_SLOTS_OF_ICorProfilerInfo15];

const nr_any_function *nr_beside_info_slots(void)
{
    return beside_slots;
}

void nr_hook_info(void)
{
    NR_OVERRIDE(INFO, ICorProfilerInfo15, SetEventMask, set_event_mask);
    NR_OVERRIDE(INFO, ICorProfilerInfo15, SetEventMask2, set_event_mask2);
    NR_OVERRIDE(INFO, ICorProfilerInfo15, GetFunctionInfo, get_function_info);
    NR_OVERRIDE(INFO, ICorProfilerInfo15, GetFunctionFromToken, get_function_from_token);
    NR_OVERRIDE(INFO, ICorProfilerInfo15, GetILFunctionBody, get_il_function_body);
    NR_OVERRIDE(INFO, ICorProfilerInfo15, GetILFunctionBodyAllocator, get_il_function_body_allocator);
    NR_OVERRIDE(INFO, ICorProfilerInfo15, SetILFunctionBody, set_il_function_body);
    NR_OVERRIDE(INFO, ICorProfilerInfo15, RequestReJIT, request_rejit);
    NR_OVERRIDE(INFO, ICorProfilerInfo15, RequestReJITWithInliners, request_rejit_with_inliners);
    NR_OVERRIDE(INFO, ICorProfilerInfo15, RequestRevert, request_revert);
    NR_OVERRIDE(INFO, ICorProfilerInfo15, GetModuleMetaData, get_module_metadata);
    NR_OVERRIDE(INFO, ICorProfilerInfo15, GetTokenAndMetaDataFromFunction, get_token_and_metadata);
    NR_OVERRIDE(CONTROL, ICorProfilerFunctionControl, SetCodegenFlags, set_codegen_flags);
    NR_OVERRIDE(CONTROL, ICorProfilerFunctionControl, SetILFunctionBody, control_set_il);
    NR_OVERRIDE(CONTROL, ICorProfilerFunctionControl, SetILInstrumentedCodeMap, control_set_map);
    memcpy(beside_slots, nr_family_slots(NR_FAMILY_INFO), sizeof beside_slots);
#define X(name, words) beside_slots[NR_SLOT(ICorProfilerInfo15, name)] = (nr_any_function)refuse_##words;
    REFUSED(X)
#undef X
}
