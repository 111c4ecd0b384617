/* hook_callback.c - ICorProfilerCallback: what the CLR asks of the profiler, and in a shadow run of both. The one beside
 * goes first: it sees methods as they were before the one in charge has changed anything. */
#include "base/alloc.h"
#include "base/compiler.h"
#include "base/log.h"
#include "validate/frame.h"
#include "validate/gate_internal.h"
#include "validate/hooks.h"
#include "validate/private.h"
#include "validate/record.h"
#include "validate/run.h"
#include "validate/trial.h"

#define CALLBACK(face) NR_INNER(ICorProfilerCallback11, face)

typedef struct call {
    nr_run *run;
    nr_face *face;
    nr_counted what;
    nr_frame frame;
    nr_trial trial;
    int32_t results[2];
} call;

static void begin(call *c, nr_face *face, nr_counted what, const char *name, uintptr_t module, uint32_t method)
{
    memset(c, 0, sizeof *c);
    c->run = (nr_run *)face->proxy->side;
    c->face = face;
    c->what = what;
    c->frame.callback = name;
    c->frame.module = module;
    c->frame.method = method;
    if (c->run->beside_callback) c->frame.trial = &c->trial;
    nr_frame_enter(&c->frame);
}

/* After one of the two has answered. */
static void answered(call *c, bool beside, uint64_t from, int32_t hr)
{
    uint64_t ns = nr_os_monotonic_ns() - from;
    c->results[beside] = hr;
    if (c->run->beside_callback) atomic_fetch_add_explicit(&c->run->shadow.ns[beside], ns, memory_order_relaxed);
    nr_record_count(beside ? &c->run->beside : &c->run->charge, c->what, ns);
}

#define ASK(c, is_beside, object, method, ...) \
    do { \
        uint64_t from_ = nr_os_monotonic_ns(); \
        int32_t hr_ = NR_CALL(object, method, __VA_ARGS__); \
        answered((c), (is_beside), from_, hr_); \
    } while (0)
#define ASK_BOTH(c, method, ...) \
    do { \
        if ((c)->run->beside_callback) ASK((c), true, (c)->run->beside_callback, method, __VA_ARGS__); \
        ASK((c), false, CALLBACK((c)->face), method, __VA_ARGS__); \
    } while (0)

static int32_t end(call *c)
{
    nr_frame_leave(&c->frame);
    if (c->frame.trial) nr_trial_end(&c->run->shadow, &c->trial, c->results, c->frame.module, c->frame.method);
    return c->results[0];
}

static void both_methods(call *c, const char *ev)
{
    nr_record_method(&c->run->charge, ev, c->frame.module, c->frame.method, c->results[0]);
    if (c->run->beside_callback) nr_record_method(&c->run->beside, ev, c->frame.module, c->frame.method, c->results[1]);
}

/* Module and token of a function, where somebody needs them. */
static void locate(nr_run *run, uintptr_t function, uintptr_t *module, uint32_t *method)
{
    *module = 0;
    *method = 0;
    if (!run->charge.info || (!run->charge.recorder && !run->beside_callback)) return;
    if (NR_CALL(run->charge.info, GetFunctionInfo, function, NULL, module, method) < 0) return;
    nr_record_function(&run->charge, function, *module, *method);
    if (run->beside_callback) nr_record_function(&run->beside, function, *module, *method);
}

/* ---- life ----------------------------------------------------------------------------------------------- */

static void drop_beside(nr_run *run)
{
    nr_release(run->beside_callback);
    run->beside_callback = NULL;
}

static nr_face *info_for(nr_run *run, nr_side *side)
{
    side->info->vtbl->AddRef(side->info);
    nr_face *face = nr_proxy_new(side, NR_FAMILY_INFO, side->info);
    if (face && side == &run->beside) face->slots = nr_beside_info_slots();
    return face;
}

static bool find_runtime(nr_run *run, nr_IUnknown *unknown)
{
    void *found = NULL;
    int32_t type = 0;
    uint16_t instance = 0, major = 0, minor = 0, build = 0, patch = 0;
    if (NR_CALL(unknown, QueryInterface, &nr_iid_ICorProfilerInfo4, &found) < 0 || !found) return false;
    run->charge.info = found; /* one reference for both */
    run->beside.info = found;
    NR_CALL(run->charge.info, GetRuntimeInformation, &instance, &type, &major, &minor, &build, &patch, 0, NULL, NULL);
    nr_record_runtime(&run->charge, type == 2, major, minor, build, patch);
    if (run->beside_callback) nr_record_runtime(&run->beside, type == 2, major, minor, build, patch);
    return type == 2;
}

static void start_beside(nr_run *run, bool core)
{
    nr_frame frame = {.callback = ""};
    int32_t hr = NR_E_OUTOFMEMORY;
    uint64_t from = nr_os_monotonic_ns();
    nr_face *info = info_for(run, &run->beside);
    if (info) {
        nr_frame_enter(&frame);
        hr = NR_CALL(run->beside_callback, Initialize, info);
        nr_frame_leave(&frame);
        nr_release(info);
    }
    nr_record_initialize(&run->beside, false, nr_os_monotonic_ns() - from, hr);
    if (!run->own_beside) nr_gate_rename_log(core);
    if (hr < 0) drop_beside(run);
}

static int32_t start_charge(nr_run *run, nr_face *self, bool attach, void *data, uint32_t size)
{
    nr_frame frame = {.callback = ""};
    int32_t hr = NR_E_OUTOFMEMORY;
    uint64_t from = nr_os_monotonic_ns();
    nr_face *info = info_for(run, &run->charge);
    if (info) {
        nr_frame_enter(&frame);
        if (attach)
            hr = NR_CALL(CALLBACK(self), InitializeForAttach, info, data, size);
        else
            hr = NR_CALL(CALLBACK(self), Initialize, info);
        nr_frame_leave(&frame);
        nr_release(info);
    }
    uint64_t ns = nr_os_monotonic_ns() - from;
    nr_record_count(&run->charge, attach ? NR_COUNTED_InitializeForAttach : NR_COUNTED_Initialize, ns);
    nr_record_initialize(&run->charge, attach, ns, hr);
    return hr;
}

static int32_t start(nr_face *self, void *unknown, bool attach, void *data, uint32_t size)
{
    nr_run *run = (nr_run *)self->proxy->side;
    bool core = find_runtime(run, unknown);
    if (!run->charge.info) { /* too old to stand between */
        drop_beside(run);
        return attach ? NR_CALL(CALLBACK(self), InitializeForAttach, unknown, data, size)
                      : NR_CALL(CALLBACK(self), Initialize, unknown);
    }
    nr_gate_starting(run, core);
    bool two = run->beside_callback != NULL;
    if (two && (attach || !nr_private_is_possible(&run->shadow))) drop_beside(run);
    if (run->beside_callback) start_beside(run, core);
    if (two && !run->beside_callback) run->charge.shadow = NULL;
    int32_t hr = start_charge(run, self, attach, data, size);
    void *other = hr < 0 && run->own_in_charge && !attach ? nr_gate_fallback(run, core) : NULL;
    if (other) {
        nr_release(atomic_exchange(&self->inner, other));
        run->own_in_charge = false;
        hr = start_charge(run, self, false, NULL, 0);
    }
    if (two && !run->beside_callback)
        NR_LOG(NR_WARN, "There is no shadow run: %s",
               attach ? "the profiler was attached"
                      : "the profiler beside could not start, or the runtime gives no copies of metadata");
    if (hr < 0 && run->beside_callback) {
        NR_CALL0(run->beside_callback, Shutdown);
        drop_beside(run);
    }
    if (run->beside_callback) nr_shadow_started(&run->shadow);
    return hr;
}

static int32_t NR_COM cb_initialize(nr_face *self, void *unknown)
{
    return start(self, unknown, false, NULL, 0);
}

static int32_t NR_COM cb_initialize_for_attach(nr_face *self, void *unknown, void *data, uint32_t size)
{
    return start(self, unknown, true, data, size);
}

static int32_t NR_COM cb_shutdown(nr_face *self)
{
    nr_run *run = (nr_run *)self->proxy->side;
    if (run->beside_callback) {
        NR_CALL0(run->beside_callback, Shutdown);
        nr_record_shutdown(&run->beside);
    }
    uint64_t from = nr_os_monotonic_ns();
    int32_t hr = NR_CALL0(CALLBACK(self), Shutdown);
    nr_record_count(&run->charge, NR_COUNTED_Shutdown, nr_os_monotonic_ns() - from);
    nr_record_shutdown(&run->charge);
    if (run->beside_callback) nr_shadow_summary(&run->shadow);
    return hr;
}

/* ---- modules ---------------------------------------------------------------------------------------------- */

static int32_t NR_COM cb_module_load_finished(nr_face *self, uintptr_t module, int32_t status)
{
    call c;
    begin(&c, self, NR_COUNTED_ModuleLoadFinished, "module", module, 0);
    ASK_BOTH(&c, ModuleLoadFinished, module, status);
    if (status >= 0) {
        nr_record_module(&c.run->charge, module, c.results[0]);
        if (c.run->beside_callback) nr_record_module(&c.run->beside, module, c.results[1]);
    }
    return end(&c);
}

static int32_t NR_COM cb_module_unload_finished(nr_face *self, uintptr_t module, int32_t status)
{
    call c;
    begin(&c, self, NR_COUNTED_ModuleUnloadFinished, "", module, 0);
    ASK_BOTH(&c, ModuleUnloadFinished, module, status);
    nr_record_forget_module(&c.run->charge, module);
    nr_record_forget_module(&c.run->beside, module);
    if (c.run->beside_callback) nr_private_forget(&c.run->shadow, module);
    return end(&c);
}

/* ---- methods ------------------------------------------------------------------------------------------------ */

static int32_t NR_COM cb_jit_started(nr_face *self, uintptr_t function, int32_t safe)
{
    call c;
    uintptr_t module;
    uint32_t method;
    locate((nr_run *)self->proxy->side, function, &module, &method);
    begin(&c, self, NR_COUNTED_JITCompilationStarted, "jit", module, method);
    ASK_BOTH(&c, JITCompilationStarted, function, safe);
    if (c.results[0]) nr_record_method(&c.run->charge, "jitret", module, method, c.results[0]);
    if (c.results[1]) nr_record_method(&c.run->beside, "jitret", module, method, c.results[1]);
    return end(&c);
}

static int32_t NR_COM cb_jit_finished(nr_face *self, uintptr_t function, int32_t status, int32_t safe)
{
    nr_run *run = (nr_run *)self->proxy->side;
    uintptr_t module;
    uint32_t method;
    if (status < 0 && run->charge.recorder) {
        locate(run, function, &module, &method);
        nr_record_method(&run->charge, "jitfail", module, method, status);
    }
    uint64_t from = nr_os_monotonic_ns();
    int32_t hr = NR_CALL(CALLBACK(self), JITCompilationFinished, function, status, safe);
    nr_record_count(&run->charge, NR_COUNTED_JITCompilationFinished, nr_os_monotonic_ns() - from);
    return hr;
}

static int32_t NR_COM cb_rejit_started(nr_face *self, uintptr_t function, uintptr_t rejit, int32_t safe)
{
    call c;
    uintptr_t module;
    uint32_t method;
    locate((nr_run *)self->proxy->side, function, &module, &method);
    begin(&c, self, NR_COUNTED_ReJITCompilationStarted, "rejitstart", module, method);
    ASK_BOTH(&c, ReJITCompilationStarted, function, rejit, safe);
    return end(&c);
}

static int32_t NR_COM cb_rejit_finished(nr_face *self, uintptr_t function, uintptr_t rejit, int32_t status,
                                        int32_t safe)
{
    nr_run *run = (nr_run *)self->proxy->side;
    uintptr_t module;
    uint32_t method;
    if (status < 0 && run->charge.recorder) {
        locate(run, function, &module, &method);
        nr_record_method(&run->charge, "rejitfail", module, method, status);
    }
    uint64_t from = nr_os_monotonic_ns();
    int32_t hr = NR_CALL(CALLBACK(self), ReJITCompilationFinished, function, rejit, status, safe);
    nr_record_count(&run->charge, NR_COUNTED_ReJITCompilationFinished, nr_os_monotonic_ns() - from);
    return hr;
}

static nr_face *control_for(nr_side *side, nr_ICorProfilerFunctionControl *control, call *c)
{
    control->vtbl->AddRef(control);
    nr_face *face = nr_proxy_new(side, NR_FAMILY_CONTROL, control);
    if (!face) return NULL;
    face->proxy->module = c->frame.module;
    face->proxy->method = c->frame.method;
    face->proxy->trial = c->frame.trial;
    return face;
}

/* The profiler may have kept it, and may still write. */
static void control_done(nr_face *face)
{
    if (face) nr_trial_withdraw(&face->proxy->trial);
    nr_release(face);
}

static int32_t NR_COM cb_get_rejit_parameters(nr_face *self, uintptr_t module, uint32_t method, void *control)
{
    call c;
    begin(&c, self, NR_COUNTED_GetReJITParameters, "rejitparams", module, method);
    c.frame.rewrites = true;
    nr_face *wrapped = c.run->beside_callback ? control_for(&c.run->beside, control, &c) : NULL;
    if (wrapped) ASK(&c, true, c.run->beside_callback, GetReJITParameters, module, method, wrapped);
    control_done(wrapped);
    wrapped = control_for(&c.run->charge, control, &c);
    ASK(&c, false, CALLBACK(self), GetReJITParameters, module, method, wrapped ? (void *)wrapped : control);
    control_done(wrapped);
    both_methods(&c, "getrejit");
    return end(&c);
}

static int32_t NR_COM cb_rejit_error(nr_face *self, uintptr_t module, uint32_t method, uintptr_t function,
                                     int32_t status)
{
    nr_run *run = (nr_run *)self->proxy->side;
    nr_record_method(&run->charge, "rejiterror", module, method, status);
    uint64_t from = nr_os_monotonic_ns();
    int32_t hr = NR_CALL(CALLBACK(self), ReJITError, module, method, function, status);
    nr_record_count(&run->charge, NR_COUNTED_ReJITError, nr_os_monotonic_ns() - from);
    return hr;
}

/* ---- threads -------------------------------------------------------------------------------------------------- */

static int32_t NR_COM cb_thread_destroyed(nr_face *self, uintptr_t thread)
{
    call c;
    begin(&c, self, NR_COUNTED_ThreadDestroyed, "", 0, 0);
    ASK_BOTH(&c, ThreadDestroyed, thread);
    return end(&c);
}

/* ---- the object --------------------------------------------------------------------------------------------------- */

void nr_proxy_queried(nr_proxy *p, nr_family family, const nr_guid *iid, int32_t hr)
{
    if (!iid || (family != NR_FAMILY_CALLBACK && family != NR_FAMILY_INFO)) return;
    nr_record_query(p->side, family == NR_FAMILY_INFO ? "info" : "callback", iid, hr);
}

static void end_run(nr_run *run)
{
    nr_gate_retire(run);
    nr_release(run->beside_callback);
    nr_shadow_free(&run->shadow);
    nr_release(run->charge.info);
    nr_recorder_free(run->charge.recorder);
    nr_recorder_free(run->beside.recorder);
    nr_free(run, sizeof *run);
}

static void ended(nr_proxy *p)
{
    end_run((nr_run *)p->side);
}

nr_face *nr_run_new(nr_run *run, void *callback)
{
    run->shadow.charge = &run->charge;
    run->shadow.beside = &run->beside;
    run->beside.beside = true;
    if (run->beside_callback) run->charge.shadow = run->beside.shadow = &run->shadow;
    nr_face *face = nr_proxy_new(&run->charge, NR_FAMILY_CALLBACK, callback);
    if (face)
        face->proxy->ended = ended;
    else
        end_run(run);
    return face;
}

void nr_hook_callback(void)
{
    NR_OVERRIDE(CALLBACK, ICorProfilerCallback11, Initialize, cb_initialize);
    NR_OVERRIDE(CALLBACK, ICorProfilerCallback11, InitializeForAttach, cb_initialize_for_attach);
    NR_OVERRIDE(CALLBACK, ICorProfilerCallback11, Shutdown, cb_shutdown);
    NR_OVERRIDE(CALLBACK, ICorProfilerCallback11, ModuleLoadFinished, cb_module_load_finished);
    NR_OVERRIDE(CALLBACK, ICorProfilerCallback11, ModuleUnloadFinished, cb_module_unload_finished);
    NR_OVERRIDE(CALLBACK, ICorProfilerCallback11, JITCompilationStarted, cb_jit_started);
    NR_OVERRIDE(CALLBACK, ICorProfilerCallback11, JITCompilationFinished, cb_jit_finished);
    NR_OVERRIDE(CALLBACK, ICorProfilerCallback11, ReJITCompilationStarted, cb_rejit_started);
    NR_OVERRIDE(CALLBACK, ICorProfilerCallback11, GetReJITParameters, cb_get_rejit_parameters);
    NR_OVERRIDE(CALLBACK, ICorProfilerCallback11, ReJITCompilationFinished, cb_rejit_finished);
    NR_OVERRIDE(CALLBACK, ICorProfilerCallback11, ReJITError, cb_rejit_error);
    NR_OVERRIDE(CALLBACK, ICorProfilerCallback11, ThreadDestroyed, cb_thread_destroyed);
}
