/* The COM object: ICorProfilerCallback4, reference counting, the slots. */
#include "base/alloc.h"
#include "base/log.h"
#include "clr/profiler.h"
#include "il/verify.h"
#include "os/lock_order.h"

/* The last object made, for the exports (com-and-lifecycle.md 4.2). */
static nr_profiler *_Atomic current;

static nr_profiler *profiler_of(void *self)
{
    return self;
}

static int32_t NR_COM cb_QueryInterface(void *self, const nr_guid *iid, void **object)
{
    static const nr_guid *const known[] = {&nr_iid_IUnknown, &nr_iid_ICorProfilerCallback,
                                           &nr_iid_ICorProfilerCallback2, &nr_iid_ICorProfilerCallback3,
                                           &nr_iid_ICorProfilerCallback4};
    if (!object) return NR_E_POINTER;
    for (size_t i = 0; i < NR_COUNT(known); i++) {
        if (!nr_guid_eq(iid, known[i])) continue;
        atomic_fetch_add(&profiler_of(self)->references, 1);
        *object = self;
        return NR_S_OK;
    }
    *object = NULL;
    return NR_E_NOINTERFACE;
}

static uint32_t NR_COM cb_AddRef(void *self)
{
    return (uint32_t)atomic_fetch_add(&profiler_of(self)->references, 1) + 1;
}

static void destroy(nr_profiler *p)
{
    nr_profiler *expected = p;
    atomic_compare_exchange_strong(&current, &expected, NULL);
    /* A runtime that lets go without Shutdown leaves a worker that still uses its interfaces. */
    if (p->threads.running) nr_threads_shutdown(&p->threads);
    nr_watch_stop(&p->watch);
    nr_engine_free(atomic_load(&p->engine));
    nr_release(p->info10);
    nr_release(p->info);
    nr_arena_free(&p->arena);
    nr_free(p, sizeof *p);
}

static uint32_t NR_COM cb_Release(void *self)
{
    int left = atomic_fetch_sub(&profiler_of(self)->references, 1) - 1;
    if (left <= 0) destroy(self);
    return (uint32_t)left;
}

static int32_t NR_COM cb_Initialize(void *self, void *unknown)
{
    return nr_profiler_initialize(self, unknown);
}

static int32_t NR_COM cb_Shutdown(void *self)
{
    nr_engine *e = atomic_load(&profiler_of(self)->engine);
    NR_LOG(NR_INFO, "Profiler shutting down");
    nr_threads_shutdown(&profiler_of(self)->threads);
    nr_watch_stop(&profiler_of(self)->watch);
    if (e && nr_log_on(NR_DEBUG)) {
        nr_engine_counters c = nr_engine_count(e);
        NR_LOG(NR_DEBUG, "Templates: %lu runs, %lu blobs; %lu methods instrumented; %zu bytes in use by Lua",
               c.template_runs, c.blobs, c.instrumented, c.lua_memory);
        NR_LOG(NR_DEBUG, "Verifier: %lu bodies ok, %lu bad, %lu unknown", c.verdicts[NR_VERDICT_OK],
               c.verdicts[NR_VERDICT_BAD], c.verdicts[NR_VERDICT_UNKNOWN]);
    }
    NR_LOG(NR_INFO, "Profiler shutdown");
    return NR_S_OK;
}

static int32_t NR_COM cb_ThreadDestroyed(void *self, uintptr_t thread)
{
    (void)thread;
    nr_threads_wait_for_sampling(&profiler_of(self)->threads);
    return NR_S_OK;
}

static int32_t NR_COM cb_ModuleLoadFinished(void *self, uintptr_t module, int32_t status)
{
    nr_engine *e = atomic_load(&profiler_of(self)->engine);
    return e ? nr_engine_module_loaded(e, module, status) : NR_S_OK;
}

/* From here on its id may not be handed to the CLR any more. */
static int32_t NR_COM cb_ModuleUnloadStarted(void *self, uintptr_t module)
{
    nr_engine *e = atomic_load(&profiler_of(self)->engine);
    if (e) nr_engine_module_unloaded(e, module);
    return NR_S_OK;
}

/* Once more: somebody may have asked for it in between. */
static int32_t NR_COM cb_ModuleUnloadFinished(void *self, uintptr_t module, int32_t status)
{
    (void)status;
    return cb_ModuleUnloadStarted(self, module);
}

static int32_t NR_COM cb_JITCompilationStarted(void *self, uintptr_t function, int32_t safe_to_block)
{
    nr_engine *e = atomic_load(&profiler_of(self)->engine);
    (void)safe_to_block;
    return e ? nr_engine_jit_started(e, function) : NR_S_OK;
}

static int32_t NR_COM cb_ReJITCompilationStarted(void *self, uintptr_t function, uintptr_t rejit, int32_t safe_to_block)
{
    nr_engine *e = atomic_load(&profiler_of(self)->engine);
    (void)rejit;
    (void)safe_to_block;
    return e ? nr_engine_rejit_started(e, function) : NR_S_OK;
}

static int32_t NR_COM cb_GetReJITParameters(void *self, uintptr_t module, uint32_t method, void *control)
{
    nr_engine *e = atomic_load(&profiler_of(self)->engine);
    return e ? nr_engine_rejit_parameters(e, module, method, control) : NR_S_FALSE;
}

static int32_t NR_COM cb_JITCachedFunctionSearchStarted(void *self, uintptr_t function, int32_t *use)
{
    nr_engine *e = atomic_load(&profiler_of(self)->engine);
    if (e && use) *use = nr_engine_may_use_precompiled(e, function);
    return NR_S_OK;
}

static int32_t NR_COM cb_JITInlining(void *self, uintptr_t caller, uintptr_t callee, int32_t *should)
{
    nr_engine *e = atomic_load_explicit(&profiler_of(self)->engine, memory_order_acquire);
    (void)caller;
    /* Comes 16 times as often as a JIT callback. */
    if (NR_LIKELY(!e || !nr_engine_vetoes_inlining(e))) return NR_S_OK;
    if (should && !nr_engine_may_inline(e, callee)) *should = 0;
    return NR_S_OK;
}

static int32_t NR_COM cb_ReJITError(void *self, uintptr_t module, uint32_t method, uintptr_t function, int32_t status)
{
    nr_engine *e = atomic_load(&profiler_of(self)->engine);
    (void)function;
    if (e) nr_engine_rejit_error(e, module, method, status);
    return NR_S_OK;
}

/* All other callbacks: S_OK, no out parameter touched. One function per number of argument words, because on 32-bit
 * Windows the callee takes its arguments off the stack. */
typedef uintptr_t W;
static int32_t NR_COM nothing_0(void *s)
{
    (void)s;
    return NR_S_OK;
}
static int32_t NR_COM nothing_1(void *s, W a)
{
    (void)s, (void)a;
    return NR_S_OK;
}
static int32_t NR_COM nothing_2(void *s, W a, W b)
{
    (void)s, (void)a, (void)b;
    return NR_S_OK;
}
static int32_t NR_COM nothing_3(void *s, W a, W b, W c)
{
    (void)s, (void)a, (void)b, (void)c;
    return NR_S_OK;
}
static int32_t NR_COM nothing_4(void *s, W a, W b, W c, W d)
{
    (void)s, (void)a, (void)b, (void)c, (void)d;
    return NR_S_OK;
}
static int32_t NR_COM nothing_5(void *s, W a, W b, W c, W d, W e)
{
    (void)s, (void)a, (void)b, (void)c, (void)d, (void)e;
    return NR_S_OK;
}

typedef void (*any_function)(void);

/* Slots in order, as untyped pointers; the named ones are then put over them. */
static any_function slots[] = {
#define X(result, name, words, args) (any_function) nothing_##words,
    NR_SLOTS_ICorProfilerCallback4(X)
#undef X
};
_Static_assert(sizeof slots == sizeof(nr_ICorProfilerCallback4_vtbl), "one pointer a slot");

static const nr_ICorProfilerCallback4_vtbl *vtbl_once(void)
{
    static nr_ICorProfilerCallback4_vtbl vtbl;
    static atomic_int state; /* 0 new, 1 being made, 2 ready */
    int expected = 0;
    if (atomic_load(&state) == 2) return &vtbl;
    if (atomic_compare_exchange_strong(&state, &expected, 1)) {
        memcpy(&vtbl, slots, sizeof vtbl);
        vtbl.QueryInterface = cb_QueryInterface;
        vtbl.AddRef = cb_AddRef;
        vtbl.Release = cb_Release;
        vtbl.Initialize = cb_Initialize;
        vtbl.Shutdown = cb_Shutdown;
        vtbl.ThreadDestroyed = cb_ThreadDestroyed;
        vtbl.ModuleLoadFinished = cb_ModuleLoadFinished;
        vtbl.ModuleUnloadStarted = cb_ModuleUnloadStarted;
        vtbl.ModuleUnloadFinished = cb_ModuleUnloadFinished;
        vtbl.JITCompilationStarted = cb_JITCompilationStarted;
        vtbl.ReJITCompilationStarted = cb_ReJITCompilationStarted;
        vtbl.GetReJITParameters = cb_GetReJITParameters;
        vtbl.JITCachedFunctionSearchStarted = cb_JITCachedFunctionSearchStarted;
        vtbl.JITInlining = cb_JITInlining;
        vtbl.ReJITError = cb_ReJITError;
        atomic_store(&state, 2);
    }
    while (atomic_load(&state) != 2) continue;
    return &vtbl;
}

nr_profiler *nr_profiler_new(void)
{
    nr_profiler *p = nr_zalloc(sizeof *p);
    if (!p) return NULL;
    nr_mutex_set_rank(&p->threads.sampling, NR_LOCK_REFRESH);
    p->vtbl = vtbl_once();
    atomic_store(&current, p);
    return p;
}

nr_profiler *nr_profiler_current(void)
{
    return atomic_load(&current);
}

bool nr_profiler_start_failed(void)
{
    nr_profiler *p = nr_profiler_current();
    return p && p->failed;
}
