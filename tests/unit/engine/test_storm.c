/* Module: everything at once. 16 threads compile, load and unload modules, refresh, read the configuration again and hand over live
 * rules, and callbacks nest: inside RequestReJIT other methods are compiled, inside a compilation JITInlining comes. Meant for the thread
 * sanitizer, and for the check of the order of locks. */
#include "fake_build.h"

#include "test.h"

#include <stdio.h>

enum {
    THREADS = 16,
    CHANGING = 4 /* of them */,
    ROUNDS = 120,
    METHODS = 8,
    OWN = 1 /* modules of a thread that compiles */
};
enum { DEEPEST = 3 };

typedef struct storm storm;
typedef struct worker {
    nr_thread thread;
    storm *s;
    unsigned number, errors;
} worker;

struct storm {
    fake_clr clr;
    nr_engine *e;
    fake_module *lasting;
    atomic_uint written, nested, modules, changes, compiling, broken;
    worker workers[THREADS];
};

static storm s;
static _Thread_local unsigned depth; /* of callbacks inside calls into the CLR inside callbacks … */

static uintptr_t lasting_function(unsigned n)
{
    return FUNCTION_BASE + 1 + n % METHODS;
}

/* What a runtime may send while a profiler calls it: another method is compiled, and has others inlined. */
static void call_back(unsigned n)
{
    if (depth >= DEEPEST) return;
    depth++;
    atomic_fetch_add(&s.nested, 1);
    if (nr_engine_jit_started(s.e, lasting_function(n)) < 0) atomic_fetch_add(&s.broken, 1);
    nr_engine_may_inline(s.e, lasting_function(n + 1));
    if (nr_engine_rejit_parameters(s.e, s.lasting->id, 0x06000001 + n % METHODS, &s) < 0)
        atomic_fetch_add(&s.broken, 1);
    depth--;
}

static int32_t request(void *rt, uint32_t count, uintptr_t *modules, uint32_t *methods)
{
    (void)rt;
    (void)modules;
    call_back(count ? methods[0] : 0);
    return 0;
}

/* A body that is not whole would be shorter, or have another header. */
static int32_t take_body(void *rt, uintptr_t module, uint32_t method, void *control, const uint8_t *body, size_t size)
{
    (void)rt;
    (void)module;
    (void)control;
    if (size > 300 && body[0] == 0x1b)
        atomic_fetch_add(&s.written, 1);
    else
        atomic_fetch_add(&s.broken, 1);
    nr_engine_may_inline(s.e, lasting_function(method));
    return 0;
}

static void come_and_go(worker *w)
{
    fake_module *m = &s.clr.modules[1 + w->number];
    atomic_store(&m->loaded, true);
    if (nr_engine_module_loaded(s.e, m->id, 0) < 0) w->errors++;
    if (nr_engine_jit_started(s.e, FUNCTION_BASE + (uintptr_t)(m - s.clr.modules) * 0x10000 + 1) < 0) w->errors++;
    if (nr_engine_rejit_parameters(s.e, m->id, 0x06000001, &s) < 0) w->errors++;
    nr_engine_module_unloaded(s.e, m->id);
    atomic_store(&m->loaded, false);
    atomic_fetch_add(&s.modules, 1);
}

static void compile(worker *w)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned n = i * 7 + w->number;
        if (nr_engine_jit_started(s.e, lasting_function(n)) < 0) w->errors++;
        if (nr_engine_rejit_parameters(s.e, s.lasting->id, 0x06000001 + n % METHODS, &s) < 0) w->errors++;
        nr_engine_may_use_precompiled(s.e, lasting_function(n + 3));
        nr_engine_jit_started(
            s.e, FUNCTION_BASE + (uintptr_t)(1 + n % (THREADS - CHANGING)) * 0x10000 + 1); /* there or not */
        come_and_go(w);
    }
    atomic_fetch_sub(&s.compiling, 1);
}

static void change(worker *w)
{
    static const nr_ignore_entry entry = {.assembly = {"Plugin", 6}, .class_name = {NULL, 0}};
    const nr_ignore_list some = {&entry, 1}, none = {NULL, 0};
    for (unsigned i = 0; atomic_load(&s.compiling); i++) {
        char xml[300];
        int32_t hr = 0;
        switch (w->number % CHANGING) {
        case 0: hr = nr_engine_refresh(s.e, NULL); break;
        case 1: hr = nr_engine_refresh(s.e, i % 2 ? &some : &none); break; /* the configuration was read again */
        case 2:
            snprintf(xml, sizeof xml,
                     "<extension><instrumentation><tracerFactory name='L%u'><match assemblyName='App' className='N.C'>"
                     "<exactMethodMatcher methodName='%s'/></match></tracerFactory></instrumentation></extension>",
                     i, i % 2 ? "M" : "Nobody");
            if (!nr_live_add(&s.e->live, NR_STR("live.xml"), nr_str_of(xml))) w->errors++;
            hr = nr_engine_apply_live(s.e);
            break;
        default:
            nr_engine_count(s.e);
            nr_engine_rejit_error(s.e, s.lasting->id, 0x06000001, -1);
            nr_engine_may_inline(s.e, lasting_function(i));
        }
        if (hr != 0) w->errors++;
        atomic_fetch_add(&s.changes, w->number % CHANGING < 3);
    }
}

static void work(void *self)
{
    worker *w = self;
    if (w->number >= THREADS - CHANGING)
        change(w);
    else
        compile(w);
}

static const char rules[] =
    "tracer { name = 'T' }\n"
    "match { assembly = 'App', class = 'N.C', 'M' }\n"
    "match { assembly = 'App', class = 'N.C', 'W', where = function(m) return m.argument_count == 0 end }\n"
    "match { assembly = 'P*', class = 'N.C', 'M' }\n";

static void begin(nr_runtime_ops *ops)
{
    memset(&s, 0, sizeof s);
    clear_env();
    set_env("CORECLR_NEW_RELIC_HOME", nr_test_directory());
    set_env("NEW_RELIC_FAST_START", "1"); /* so that inlining and precompiled code are asked about */
    log_start(NR_DEBUG);
    nr_alloc_count(1);
    clr_init(&s.clr, true);
    *ops = fake_runtime_ops;
    ops->set_il_body = take_body;
    ops->request_rejit = ops->request_revert = request;
    s.clr.runtime.ops = ops;
    s.lasting = add_module(&s.clr, "App", "/app/App.dll", "clrhost", "System.Runtime");
    uint32_t type = add_type(s.lasting, "N.C", 1, 0);
    for (int i = 0; i < METHODS; i++)
        add_method(s.lasting, type, i == 5 ? "W" : "M", i % 2 ? "00 00 08" : "00 00 01", i % 2 ? "0a 16 2a" : "06 2a");
    for (int i = 0; i < THREADS - CHANGING; i++) {
        fake_module *m = add_module(&s.clr, "Plugin", "/app/Plugin.dll", "clrhost", "System.Runtime");
        add_method(m, add_type(m, "N.C", 1, 0), "M", "00 00 01", "06 2a");
        atomic_store(&m->loaded, false);
    }
    s.e = start_engine(&s.clr, NULL, rules);
}

/* Nothing is missing when it is quiet again. */
static void check_the_next(void)
{
    const nr_ignore_list none = {NULL, 0};
    CHECK_EQ(nr_engine_refresh(s.e, &none), 0);
    unsigned before = atomic_load(&s.written);
    depth = DEEPEST;
    for (unsigned i = 0; i < METHODS; i++) {
        CHECK_EQ(nr_engine_jit_started(s.e, lasting_function(i)), 0);
        CHECK_EQ(nr_engine_rejit_parameters(s.e, s.lasting->id, 0x06000001 + i, &s), 0);
    }
    depth = 0;
    CHECK_EQ(atomic_load(&s.written), before + METHODS);
}

TEST(everything_at_once)
{
    static nr_runtime_ops ops;
    begin(&ops);
    if (!CHECK(s.e != NULL)) return;
    atomic_store(&s.compiling, THREADS - CHANGING);
    for (unsigned i = 0; i < THREADS; i++) {
        s.workers[i].s = &s;
        s.workers[i].number = i;
        CHECK(nr_thread_start(&s.workers[i].thread, work, &s.workers[i]));
    }
    for (unsigned i = 0; i < THREADS; i++) nr_thread_join(&s.workers[i].thread);
    for (unsigned i = 0; i < THREADS; i++) CHECK_EQ(s.workers[i].errors, 0);
    CHECK_EQ(atomic_load(&s.broken), 0);
    CHECK(atomic_load(&s.nested) > 0 && atomic_load(&s.changes) > 0);
    check_the_next();
    printf("figure concurrency.engine.compilations %u\n", atomic_load(&s.written));
    printf("    %u calls from inside another, %u modules, %u refreshes\n", atomic_load(&s.nested),
           atomic_load(&s.modules), atomic_load(&s.changes));
    nr_engine_free(s.e);
    clr_free(&s.clr);
    CHECK_EQ(nr_alloc_live(), 0);
    nr_alloc_count(0);
    nr_log_reset();
    clear_env();
}

TESTS(storm, T(everything_at_once))
