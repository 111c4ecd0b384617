/* Module: many threads in the engine at once, while modules come and go. Also meant for the thread sanitizer. */
#include "fake_build.h"

#include "test.h"

#ifdef _WIN32
#include <process.h>
#include <windows.h>
#else
#include <pthread.h>
#endif

enum { THREADS = 8, ROUNDS = 300, COMING_AND_GOING = 16 };

typedef struct worker {
    struct stage *s;
    unsigned number, errors, late;
} worker;

typedef struct stage {
    fake_clr clr;
    nr_engine *e;
    fake_module *lasting;
    atomic_uint written, running;
    worker workers[THREADS];
} stage;

/* Like the fake's, but every body counts for its method. */
static int32_t count_body(void *rt, uintptr_t module, uint32_t method, void *control, const uint8_t *body, size_t size)
{
    stage *s = control;
    (void)rt;
    (void)module;
    (void)method;
    if (size > 300 && body[0] == 0x1b) atomic_fetch_add(&s->written, 1);
    return 0;
}

static int32_t ignore_request(void *rt, uint32_t count, uintptr_t *modules, uint32_t *methods)
{
    (void)rt;
    (void)count;
    (void)modules;
    (void)methods;
    return 0;
}

static void load_and_unload(worker *w, unsigned round)
{
    stage *s = w->s;
    fake_module *m = &s->clr.modules[1 + w->number * 2 + round % 2]; /* this thread's own */
    atomic_store(&m->loaded, true);
    if (nr_engine_module_loaded(s->e, m->id, 0) != 0) w->errors++;
    if (nr_engine_jit_started(s->e, FUNCTION_BASE + (uintptr_t)(m - s->clr.modules) * 0x10000 + 1) != 0) w->errors++;
    if (nr_engine_rejit_parameters(s->e, m->id, 0x06000001, s) != 0) w->errors++;
    nr_engine_module_unloaded(s->e, m->id);
    atomic_store(&m->loaded, false);
}

static void work_through(worker *w)
{
    stage *s = w->s;
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint32_t row = 1 + (i * 7 + w->number) % 8;
        if (nr_engine_jit_started(s->e, FUNCTION_BASE + row) != 0) w->errors++;
        int32_t hr = nr_engine_rejit_parameters(s->e, s->lasting->id, 0x06000000 | row, s);
        if (row == 8) { /* generic: another thread may have taken the function id */
            if (hr == NR_HR_FALSE)
                w->late++;
            else if (hr != 0)
                w->errors++;
            nr_engine_rejit_started(s->e, FUNCTION_BASE + row);
        } else if (hr != 0) {
            w->errors++;
        }
        /* Somebody else's, loaded or not at this moment. */
        nr_engine_jit_started(s->e,
                              FUNCTION_BASE + (uintptr_t)(1 + (i * 5 + w->number) % COMING_AND_GOING) * 0x10000 + 1);
        load_and_unload(w, i);
    }
}

static void work(worker *w)
{
    work_through(w);
    atomic_fetch_sub(&w->s->running, 1);
}

#ifdef _WIN32
static unsigned __stdcall run(void *p)
{
    work(p);
    return 0;
}
#else
static void *run(void *p)
{
    work(p);
    return NULL;
}
#endif

/* Meanwhile this thread refreshes, if it is to. */
static unsigned refresh_meanwhile(stage *s, bool refresh)
{
    unsigned n = 0;
    while (refresh && atomic_load(&s->running)) {
        CHECK_EQ(nr_engine_refresh(s->e, NULL), 0);
        n++;
    }
    return n;
}

static unsigned run_all(stage *s, bool refresh)
{
    unsigned refreshed;
    atomic_store(&s->running, THREADS);
#ifdef _WIN32
    HANDLE threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++) threads[i] = (HANDLE)_beginthreadex(NULL, 0, run, &s->workers[i], 0, NULL);
    refreshed = refresh_meanwhile(s, refresh);
    WaitForMultipleObjects(THREADS, threads, TRUE, INFINITE);
    for (unsigned i = 0; i < THREADS; i++) CloseHandle(threads[i]);
#else
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++) CHECK_EQ(pthread_create(&threads[i], NULL, run, &s->workers[i]), 0);
    refreshed = refresh_meanwhile(s, refresh);
    for (unsigned i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
#endif
    return refreshed;
}

static const char rules[] =
    "tracer { name = 'T' }\n"
    "match { assembly = 'App', class = 'N.C', 'M' }\n"
    "match { assembly = 'App', class = 'N.C', 'W', where = function(m) return m.argument_count == 0 end }\n"
    "match { assembly = 'Plugin', class = 'N.C', 'M' }\n";

static void check_that_nothing_is_lost(bool refresh)
{
    static stage s;
    static nr_runtime_ops ops;
    memset(&s, 0, sizeof s);
    clear_env();
    set_env("CORECLR_NEW_RELIC_HOME", nr_test_directory());
    log_start(NR_ERROR);
    nr_alloc_count(1);
    clr_init(&s.clr, true);
    ops = fake_runtime_ops;
    ops.set_il_body = count_body;
    ops.request_rejit = ignore_request;
    s.clr.runtime.ops = &ops;
    s.lasting = add_module(&s.clr, "App", "/app/App.dll", "clrhost", "System.Runtime");
    uint32_t type = add_type(s.lasting, "N.C", 1, 0);
    for (int i = 0; i < 8; i++)
        add_method(s.lasting, type, i == 5 ? "W" : "M", i % 2 ? "00 00 08" : "00 00 01", i % 2 ? "0a 16 2a" : "06 2a");
    last_method_of(s.lasting)->generic = true;
    s.lasting->methods[2].marks = ON_ASYNC; /* sticky flags race with reads */
    for (int i = 0; i < COMING_AND_GOING; i++) {
        fake_module *m = add_module(&s.clr, "Plugin", "/app/Plugin.dll", "clrhost", "System.Runtime");
        uint32_t t = add_type(m, "N.C", 1, 0);
        add_method(m, t, "M", "00 00 01", "06 2a");
        atomic_store(&m->loaded, false);
    }
    s.e = start_engine(&s.clr, NULL, rules);
    if (!CHECK(s.e != NULL)) return;
    for (unsigned i = 0; i < THREADS; i++) s.workers[i] = (worker){&s, i, 0, 0};
    unsigned refreshed = run_all(&s, refresh);
    unsigned late = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        CHECK_EQ(s.workers[i].errors, 0);
        late += s.workers[i].late;
    }
    CHECK_EQ(atomic_load(&s.written), THREADS * ROUNDS * 2 - late);
    CHECK_EQ(nr_engine_count(s.e).instrumented, THREADS * ROUNDS * 2 - late);
    if (!refresh)
        CHECK_EQ(nr_engine_count(s.e).template_runs, 2); /* a shape each: void and not */
    else
        CHECK(refreshed > 0 && nr_engine_count(s.e).template_runs <= 2);
    /* Every definition once: what a second thread asks for is there. */
    for (size_t i = 0; i < s.lasting->meta.count; i++) {
        for (size_t k = 0; k < i; k++) {
            const fake_row *a = &s.lasting->meta.rows[i], *b = &s.lasting->meta.rows[k];
            CHECK(a->token != b->token);
        }
    }
    nr_engine_free(s.e);
    clr_free(&s.clr);
    CHECK_EQ(nr_alloc_live(), 0);
    nr_alloc_count(0);
    clear_env();
}

TEST(nothing_is_lost)
{
    check_that_nothing_is_lost(false);
}

TEST(nothing_is_lost_while_rules_change)
{
    check_that_nothing_is_lost(true);
}

TESTS(threads, T(nothing_is_lost), T(nothing_is_lost_while_rules_change))
