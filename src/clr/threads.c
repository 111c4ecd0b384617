#include "clr/threads.h"

#include "base/alloc.h"
#include "base/log.h"

static const char stopping_line[] = "TP: Shutting down thread profiler";

/* ---- the worker ------------------------------------------------------------------------------ */

/* A process whose runtime stays suspended is lost: once more, before giving up. */
static void resume(nr_ICorProfilerInfo10 *info10)
{
    int32_t hr = NR_CALL0(info10, ResumeRuntime);
    if (NR_FAILED(hr)) hr = NR_CALL0(info10, ResumeRuntime);
    if (NR_FAILED(hr)) NR_LOG(NR_ERROR, "TP: ResumeRuntime failed: 0x%x", (unsigned)hr);
}

/* Without memory, or with a runtime that does not stop, there is no sampling; the runtime goes on and the request is answered all the same. */
static bool sample(nr_threads *t, nr_profile *profile)
{
    const nr_sampling s = {t->info, t->walk, &t->names, &t->lock, &t->stopping};
    /* On Windows DoStackSnapshot suspends the thread it looks at; elsewhere it wants all of them suspended. */
    bool suspend = !NR_OS_WINDOWS;
    int32_t hr = suspend ? NR_CALL0(t->info10, SuspendRuntime) : NR_S_OK;
    if (NR_FAILED(hr)) { /* walking the stack of a running thread can crash; what was not suspended is not resumed */
        NR_LOG(NR_ERROR, "TP: SuspendRuntime failed: 0x%x", (unsigned)hr);
        return false;
    }
    nr_mutex_lock(&t->sampling);
    bool ok = nr_snapshot_take(&s, profile);
    nr_mutex_unlock(&t->sampling);
    if (suspend) resume(t->info10);
    if (!ok) NR_LOG(NR_ERROR, "TP: Exception thrown while profiling.");
    return ok;
}

/* Waits for something to do. False: the end. */
static bool next_request(nr_threads *t)
{
    nr_mutex_lock(&t->lock);
    while (!t->requested && !atomic_load(&t->stopping)) nr_condition_wait(&t->changed, &t->lock);
    t->requested = false;
    bool stop = atomic_load(&t->stopping);
    nr_mutex_unlock(&t->lock);
    return !stop;
}

static void work(void *self)
{
    nr_threads *t = self;
    NR_LOG(NR_TRACE, "TP: profile thread started");
    /* Before any other call of the CLR, and before a thread is suspended: it may take locks that such a thread holds. */
    int32_t hr = NR_CALL0(t->info, InitializeCurrentThread);
    if (NR_FAILED(hr)) NR_LOG(NR_ERROR, "TP: InitializeCurrentThread failed: 0x%x", (unsigned)hr);
    while (next_request(t)) {
        nr_profile profile = {NR_ARENA_INIT, NULL, 0};
        bool ok = sample(t, &profile);
        nr_mutex_lock(&t->lock);
        t->profile = profile;
        t->failed = !ok;
        t->done = true;
        nr_condition_wake_all(&t->changed);
        nr_mutex_unlock(&t->lock);
    }
    NR_LOG(NR_INFO, "%s", stopping_line);
    NR_LOG(NR_TRACE, "TP: profile thread terminating");
}

/* The lock is held. */
static bool start(nr_threads *t, nr_ICorProfilerInfo4 *info, nr_ICorProfilerInfo10 *info10)
{
    if (t->running) return true;
    NR_LOG(NR_TRACE, "TP: starting profile thread");
    if (!t->walk) t->walk = nr_walk_new();
    t->info = info;
    t->info10 = info10;
    t->requested = false;
    t->running = t->walk && nr_thread_start(&t->worker, work, t);
    return t->running;
}

/* ---- requests ---------------------------------------------------------------------------------- */

/* The lock is held. E_ABORT: a shutdown came first. */
static int32_t serve(nr_threads *t)
{
    unsigned before = t->shutdowns;
    t->busy = t->requested = true;
    t->done = false;
    nr_condition_wake_all(&t->changed);
    while (!t->done && !atomic_load(&t->stopping) && before == t->shutdowns) nr_condition_wait(&t->changed, &t->lock);
    /* The shutdown has forgotten this request, and there may be another one by now. */
    if (before != t->shutdowns) return NR_E_ABORT;
    t->busy = false;
    if (atomic_load(&t->stopping)) return NR_E_ABORT;
    return t->failed ? NR_E_UNEXPECTED : NR_S_OK;
}

int32_t nr_threads_request(nr_threads *t, nr_ICorProfilerInfo4 *info, nr_ICorProfilerInfo10 *info10, void **records,
                           int32_t *count)
{
    int32_t hr;
    if (!records || !count) return NR_E_INVALIDARG;
    nr_mutex_lock(&t->lock);
    if (t->busy || t->profile.count) {
        /* A profile that is still being made counts as one that has not been released. */
        hr = NR_E_FAIL;
    } else if (!info || (!NR_OS_WINDOWS && !info10)) {
        NR_LOG(NR_DEBUG, "TP: RequestProfile called without proper initialization. (%s)",
               info ? "corProfilerInfo10" : "corProfilerInfo");
        hr = NR_E_UNEXPECTED;
    } else if (atomic_load(&t->stopping)) {
        hr = NR_E_ABORT;
    } else if (!start(t, info, info10)) {
        hr = NR_E_UNEXPECTED;
    } else {
        nr_profile_free(&t->profile); /* of no threads at all: nobody needs to release that */
        hr = serve(t);
    }
    if (hr == NR_E_ABORT) {
        *count = 0;
        *records = NULL;
        NR_LOG(NR_INFO, "%s", stopping_line);
        NR_LOG(NR_TRACE, "The thread profile was aborted.");
    } else if (hr == NR_S_OK) {
        *count = t->profile.count;
        *records = t->profile.records;
        if (!t->profile.count)
            NR_LOG(NR_DEBUG, "RequestProfile failed    : The thread profile was empty (zero-sized/null data).");
    }
    nr_mutex_unlock(&t->lock);
    return hr;
}

void nr_threads_release(nr_threads *t)
{
    nr_mutex_lock(&t->lock);
    nr_profile_free(&t->profile);
    nr_mutex_unlock(&t->lock);
}

/* The lock is held. */
static void free_answer(nr_threads *t)
{
    nr_free(t->answer, t->answer_size);
    t->answer = NULL;
    t->answer_size = 0;
}

int32_t nr_threads_names(nr_threads *t, const uintptr_t *functions, int32_t count, void **results)
{
    int32_t hr = NR_E_UNEXPECTED;
    if (!results || !functions || count == 0) return NR_E_INVALIDARG;
    nr_mutex_lock(&t->lock);
    free_answer(t);
    if (count > 0) {
        size_t size = (size_t)count <= SIZE_MAX / sizeof *t->answer ? (size_t)count * sizeof *t->answer : 0;
        t->answer = size ? nr_alloc(NULL, 0, size) : NULL;
        hr = t->answer ? NR_S_OK : NR_E_OUTOFMEMORY;
        if (t->answer) t->answer_size = size;
    }
    for (int32_t i = 0; hr == NR_S_OK && i < count; i++) t->answer[i] = nr_names_answer(&t->names, functions[i]);
    if (hr == NR_S_OK) *results = t->answer;
    nr_mutex_unlock(&t->lock);
    return hr;
}

/* ---- the end ------------------------------------------------------------------------------------- */

void nr_threads_shutdown(nr_threads *t)
{
    nr_mutex_lock(&t->lock);
    while (atomic_load(&t->stopping)) nr_condition_wait(&t->changed, &t->lock);
    atomic_store(&t->stopping, true);
    bool joined = t->running;
    nr_condition_wake_all(&t->changed);
    nr_mutex_unlock(&t->lock);
    if (joined) nr_thread_join(&t->worker);
    NR_LOG(NR_TRACE, "%s", joined ? "TP: profile thread shut down" : "TP: Shutdown called while thread is not running");
    nr_mutex_lock(&t->lock);
    nr_profile_free(&t->profile);
    free_answer(t);
    nr_names_clear(&t->names);
    nr_walk_free(t->walk);
    t->walk = NULL;
    t->running = t->busy = t->requested = t->done = false;
    t->shutdowns++;
    atomic_store(&t->stopping, false);
    nr_condition_wake_all(&t->changed);
    nr_mutex_unlock(&t->lock);
}

void nr_threads_wait_for_sampling(nr_threads *t)
{
    nr_mutex_lock(&t->sampling);
    nr_mutex_unlock(&t->sampling);
}
