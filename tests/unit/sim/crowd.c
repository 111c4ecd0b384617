#include "crowd.h"

#include "clr/words.h"
#include "os/lock_order.h"

static struct {
    nr_sim *sim;
    sim_vtbls plain;                    /* the simulation's own */
    nr_ICorProfilerCallback4 *profiler; /* the real one; `face` stands before it */
    nr_ICorProfilerCallback4 face;
    nr_ICorProfilerCallback4_vtbl callbacks;
    nr_mutex lock;
    nr_condition changed; /* the runtime goes on */
} crowd;

static _Thread_local bool inside; /* this thread has the lock */

/* ---- the lock that nobody sees ---------------------------------------------------------------- */

#ifdef __SANITIZE_THREAD__
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);
void AnnotateIgnoreSyncBegin(const char *file, int line);
void AnnotateIgnoreSyncEnd(const char *file, int line);

static void hide(void)
{
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
    AnnotateIgnoreSyncBegin(__FILE__, __LINE__);
}

static void show(void)
{
    AnnotateIgnoreSyncEnd(__FILE__, __LINE__);
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
}
#else
static void hide(void)
{
}

static void show(void)
{
}
#endif

static void take(void)
{
    hide();
    nr_mutex_lock(&crowd.lock);
    inside = true;
}

static void give(void)
{
    inside = false;
    nr_mutex_unlock(&crowd.lock);
    show();
}

static void wait_for_resume(void)
{
    while (crowd.sim->suspended) nr_condition_wait(&crowd.changed, &crowd.lock);
}

void crowd_enter(void)
{
    take();
    wait_for_resume();
}

void crowd_leave(void)
{
    give();
}

/* ---- into the simulation ------------------------------------------------------------------------ */

typedef nr_word W;

/* A slot of the simulation that uses another one is inside already. */
#define SLOT(kind, interface, result, name, words, args) \
    static W NR_COM kind##_##name(void *self NR_WORDS_##words) \
    { \
        typedef W(NR_COM *slot)(void *self NR_WORDS_##words); \
        slot plain = (slot)(void (*)(void))crowd.plain.kind.name; \
        bool nested = inside; \
        if (!nested) take(); \
        W answer = plain(self NR_PASSED_##words); \
        if (!nested) give(); \
        return answer; \
    }
#include "sim/slots.def"
#undef SLOT

static void put_entries(void)
{
#define SLOT(kind, interface, result, name, words, args) \
    crowd.sim->vtbls.kind.name = (result(NR_COM *) args)(void (*)(void))kind##_##name;
#include "sim/slots.def"
#undef SLOT
}

/* Requests stop the world for a moment: not while somebody else has stopped it. */
static int32_t NR_COM RequestReJIT(void *self, uint32_t count, uintptr_t *modules, uint32_t *methods)
{
    crowd_enter();
    int32_t hr = crowd.plain.INFO.RequestReJIT(self, count, modules, methods);
    crowd_leave();
    return hr;
}

static int32_t NR_COM RequestRevert(void *self, uint32_t count, uintptr_t *modules, uint32_t *methods, int32_t *status)
{
    crowd_enter();
    int32_t hr = crowd.plain.INFO.RequestRevert(self, count, modules, methods, status);
    crowd_leave();
    return hr;
}

static int32_t NR_COM ResumeRuntime(void *self)
{
    take();
    int32_t hr = crowd.plain.INFO.ResumeRuntime(self);
    nr_condition_wake_all(&crowd.changed);
    give();
    return hr;
}

typedef int32_t(NR_COM *on_frame)(uintptr_t function, uintptr_t ip, uintptr_t frame, uint32_t context_size,
                                  uint8_t *context, void *client);
typedef struct walk {
    on_frame each;
    void *client;
} walk;

static int32_t NR_COM out_of_walk(uintptr_t function, uintptr_t ip, uintptr_t frame, uint32_t context_size,
                                  uint8_t *context, void *client)
{
    const walk *w = client;
    give();
    int32_t hr = w->each(function, ip, frame, context_size, context, w->client);
    take();
    return hr;
}

static int32_t NR_COM DoStackSnapshot(void *self, uintptr_t thread, void *callback, uint32_t flags, void *client,
                                      uint8_t *context, uint32_t context_size)
{
    walk w = {NULL, client};
    on_frame out = out_of_walk;
    void *pointer;
    memcpy(&w.each, &callback, sizeof callback);
    memcpy(&pointer, &out, sizeof pointer);
    take();
    int32_t hr = crowd.plain.INFO.DoStackSnapshot(self, thread, pointer, flags, &w, context, context_size);
    give();
    return hr;
}

/* ---- out of it ------------------------------------------------------------------------------------ */

#define X(result, name, words, args) \
    static W NR_COM callback_##name(void *self NR_WORDS_##words) \
    { \
        typedef W(NR_COM *slot)(void *self NR_WORDS_##words); \
        slot real = (slot)(void (*)(void))crowd.profiler->vtbl->name; \
        (void)self; \
        give(); \
        W answer = real(crowd.profiler NR_PASSED_##words); \
        crowd_enter(); \
        return answer; \
    }
NR_SLOTS_ICorProfilerCallback4(X)
#undef X

    nr_ICorProfilerCallback4 *crowd_profiler(void)
{
    return crowd.profiler;
}

void crowd_open(nr_sim *sim)
{
    memset(&crowd, 0, sizeof crowd);
    /* Taken under any lock of the profiler; nothing is taken under it. */
    nr_mutex_set_rank(&crowd.lock, (nr_lock_rank)(NR_LOCK_LOG + 1));
    crowd.sim = sim;
    crowd.plain = sim->vtbls;
    crowd.profiler = sim->callback;
#define X(result, name, words, args) crowd.callbacks.name = (result(NR_COM *) args)(void (*)(void))callback_##name;
    NR_SLOTS_ICorProfilerCallback4(X)
#undef X
        crowd.face.vtbl = &crowd.callbacks;
    sim->callback = &crowd.face;
    sim->callback2 = (nr_ICorProfilerCallback2 *)&crowd.face;
    put_entries();
    sim->vtbls.INFO.RequestReJIT = RequestReJIT;
    sim->vtbls.INFO.RequestRevert = RequestRevert;
    sim->vtbls.INFO.ResumeRuntime = ResumeRuntime;
    sim->vtbls.INFO.DoStackSnapshot = DoStackSnapshot;
}
