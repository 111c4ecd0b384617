/* Module: everything at once, through the library's own interfaces. 16 threads on one simulated CLR compile methods of real assemblies,
 * load and unload modules, refresh, read the configuration and rule files that change, hand over live rules, sample stacks, and come and
 * go themselves; callbacks nest: inside RequestReJIT others are compiled, when a body is set JITInlining comes. Meant for the thread
 * sanitizer. NRPROF_STORM: how many rounds each compiling thread makes. */
#include "storm_stage.h"

/* ---- what the threads do ------------------------------------------------------------------------------------------ */

static void jit_lasting(unsigned *seed)
{
    assembly *a = &s.lasting[random_below(seed, (unsigned)s.count)];
    uint32_t rid = 1 + random_below(seed, a->methods);
    if (random_below(seed, 4)) /* those with a rule more often */
        for (unsigned i = 0; i < a->methods && !a->want[rid - 1].rewritten; i++) rid = rid % a->methods + 1;
    if (atomic_exchange_explicit(&a->busy[rid - 1], true, memory_order_relaxed)) return;
    crowd_enter();
    int32_t hr = nr_sim_jit(s.sim, a->id, 0x06000000 | rid);
    crowd_leave();
    atomic_store_explicit(&a->busy[rid - 1], false, memory_order_relaxed);
    if (hr == NR_S_OK)
        atomic_fetch_add_explicit(&s.compiled, 1, memory_order_relaxed);
    else if (hr < 0 && hr != NR_CORPROF_E_FUNCTION_NOT_IL)
        atomic_fetch_add(&s.wrong, 1);
}

/* What a runtime may do while a profiler calls it. */
static void call_back(unsigned n)
{
    if (depth >= DEEPEST) return;
    depth++;
    unsigned seed = n * 2654435761u + depth;
    int32_t yes = 1;
    atomic_fetch_add_explicit(&s.nested, 1, memory_order_relaxed);
    jit_lasting(&seed);
    nr_ICorProfilerCallback4 *p = crowd_profiler();
    const assembly *a = &s.lasting[random_below(&seed, (unsigned)s.count)];
    uintptr_t function = (uintptr_t)(a - s.lasting + 1) << 20 | (1 + random_below(&seed, a->methods));
    if (NR_CALL(p, JITInlining, function, function, &yes) < 0) atomic_fetch_add(&s.wrong, 1);
    depth--;
}

static int32_t NR_COM request_and_call_back(void *self, uint32_t count, uintptr_t *modules, uint32_t *methods)
{
    int32_t hr = s.info.RequestReJIT(self, count, modules, methods);
    call_back(count && methods ? methods[0] : 0);
    return hr;
}

static int32_t NR_COM set_and_call_back(void *self, uint32_t size, const uint8_t *body)
{
    int32_t hr = s.control.SetILFunctionBody(self, size, body);
    call_back(size);
    return hr;
}

/* The thread's own load of `passing`: what has a rule is rewritten, the rest is not. */
static void come_and_go(worker *w)
{
    const assembly *a = &s.passing;
    int32_t hr;
    uintptr_t id = load(a, &hr);
    if (!id || hr < 0) w->errors++;
    atomic_store_explicit(&s.present[w->number], id, memory_order_relaxed);
    for (uint32_t rid = 1 + random_below(&w->seed, 7); rid <= a->methods; rid += s.real ? 7 : 1) {
        crowd_enter();
        hr = nr_sim_jit(s.sim, id, 0x06000000 | rid);
        bool rewritten = nr_sim_is_rewritten(s.sim, id, 0x06000000 | rid);
        crowd_leave();
        if (hr == NR_S_OK) atomic_fetch_add_explicit(&s.compiled, 1, memory_order_relaxed);
        if (hr < 0 && hr != NR_CORPROF_E_FUNCTION_NOT_IL) w->errors++;
        if (s.real && rewritten != a->want[rid - 1].rewritten) w->errors++;
    }
    atomic_store_explicit(&s.present[w->number], 0, memory_order_relaxed);
    crowd_enter();
    hr = nr_sim_unload(s.sim, id);
    crowd_leave();
    if (hr < 0) w->errors++;
    atomic_fetch_add_explicit(&s.loads, 1, memory_order_relaxed);
}

/* Callbacks about somebody else's module, which may be gone by now. Not through nr_sim_jit: its owner must find what he compiled. */
static void look_at_passing(unsigned *seed)
{
    nr_ICorProfilerCallback4 *p = crowd_profiler();
    uintptr_t id = atomic_load_explicit(&s.present[random_below(seed, COMPILING)], memory_order_relaxed);
    uint32_t token = 0x06000001 + random_below(seed, s.passing.methods);
    int32_t yes = 1;
    crowd_enter();
    uintptr_t function = id ? nr_sim_function_id(s.sim, id, token) : 0;
    crowd_leave();
    if (!function) return;
    NR_CALL(p, JITCompilationStarted, function, 1);
    NR_CALL(p, JITCachedFunctionSearchStarted, function, &yes);
    NR_CALL(p, JITInlining, function, function, &yes);
}

static unsigned rounds(void)
{
    const char *v = getenv("NRPROF_STORM");
    return v && *v ? (unsigned)strtoul(v, NULL, 10) : 3;
}

static void compile(worker *w)
{
    for (unsigned round = 0; round < rounds(); round++) {
        for (unsigned i = 0; i < 60; i++) {
            jit_lasting(&w->seed);
            if (i % 8 == 0) look_at_passing(&w->seed);
        }
        come_and_go(w);
    }
    atomic_fetch_sub(&s.compiling, 1);
}

/* S_FALSE: there is a file with a mistake just now. */
static bool good(int32_t hr)
{
    return hr == NR_S_OK || hr == NR_S_FALSE;
}

static void reload(worker *w, unsigned i)
{
    if (i % 2)
        replace_file("home" SEP "newrelic.config", config_ignore, sizeof config_ignore - 1);
    else
        replace_file("home" SEP "newrelic.config", config_none, sizeof config_none - 1);
    int32_t hr = ReloadConfiguration();
    if (!good(hr) && !(NR_OS_WINDOWS && hr == NR_E_FAIL)) w->errors++;
    atomic_fetch_add_explicit(&s.reloads, 1, memory_order_relaxed);
}

static void change_rules(worker *w, unsigned i)
{
    const char *text = passing_rules[i % 7 == 6 ? 2 : i % 2];
    replace_file("home" SEP "extensions" SEP "c.lua", text, strlen(text));
    if (!good(InstrumentationRefresh())) w->errors++;
    atomic_fetch_add_explicit(&s.refreshes, 1, memory_order_relaxed);
}

static void live(worker *w, unsigned i)
{
    if (i % 3 && AddCustomInstrumentation(i % 2 ? "live.xml" : "other.xml", live_rule) != NR_S_OK) w->errors++;
    if (!good(ApplyCustomInstrumentation())) w->errors++;
    atomic_fetch_add_explicit(&s.live, 1, memory_order_relaxed);
}

/* Method names are the simulation's own. */
static void check_names(worker *w, const nrprof_function_name *names, const uintptr_t *functions, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        char name[300] = "";
        uintptr_t module;
        uint32_t method;
        if (!functions[i]) continue;
        crowd_enter();
        bool known = nr_sim_function_of(s.sim, functions[i], &module, &method);
        if (known) nr_sim_method_name(s.sim, module, method, name, sizeof name);
        crowd_leave();
        bool same = known && names[i].function == functions[i];
        for (size_t k = 0; same && k <= strlen(name); k++) same = names[i].method_name[k] == (uint8_t)name[k];
        if (!same) w->errors++;
        atomic_fetch_add_explicit(&s.frames, 1, memory_order_relaxed);
    }
}

/* Names are valid until the next call, or the end of the sampling thread. */
static bool take_names(void)
{
    return !atomic_flag_test_and_set(&s.names_taken);
}

static void give_names(void)
{
    atomic_flag_clear(&s.names_taken);
}

static void ask_names(worker *w, const uintptr_t *functions, int32_t count)
{
    void *names = NULL;
    if (RequestFunctionNames(functions, count, &names) != NR_S_OK)
        w->errors++;
    else
        check_names(w, names, functions, count);
}

/* A profile belongs to the one who asked for it until he releases it. */
static void profile(worker *w, unsigned i)
{
    void *records = NULL;
    int32_t count = 0, hr = RequestProfile(&records, &count);
    if (hr == NR_E_FAIL || hr == NR_E_ABORT) return; /* the other one has it; he has ended it */
    if (hr != NR_S_OK || count < 4) {
        w->errors++;
        return;
    }
    const nrprof_thread_profile *r = records;
    bool names = take_names();
    for (int32_t k = 0; names && k < count; k++)
        if (r[k].functions && r[k].count > 0) ask_names(w, r[k].functions, r[k].count);
    atomic_fetch_add_explicit(&s.profiles, 1, memory_order_relaxed);
    w->done += names;
    if (names && i % 5 == 4)
        ShutdownThreadProfiler();
    else
        ReleaseProfile();
    if (names) give_names();
}

static uintptr_t new_thread(unsigned *seed)
{
    uintptr_t frames[6], id = nr_sim_thread(s.sim);
    for (size_t i = 0; i < NR_COUNT(frames); i++) {
        const assembly *a = &s.lasting[random_below(seed, (unsigned)s.count)];
        frames[i] = i == 3 ? 0 : nr_sim_function_id(s.sim, a->id, 0x06000001 + random_below(seed, a->methods));
    }
    nr_sim_thread_stack(s.sim, id, frames, NR_COUNT(frames), NR_S_OK);
    return id;
}

static void managed_thread(worker *w)
{
    uint16_t name[] = {'p', 'o', 'o', 'l', 0};
    nr_ICorProfilerCallback4 *p = crowd_profiler();
    if (atomic_load_explicit(&s.threads, memory_order_relaxed) >= MOST_THREADS) {
        nr_condition never = {{0}};
        nr_mutex m = {{0}};
        nr_mutex_lock(&m);
        nr_condition_wait_for(&never, &m, 1);
        nr_mutex_unlock(&m);
        return;
    }
    crowd_enter();
    uintptr_t id = new_thread(&w->seed);
    crowd_leave();
    if (NR_CALL(p, ThreadAssignedToOSThread, id, w->number) < 0) w->errors++;
    if (NR_CALL(p, ThreadNameChanged, id, 4, name) < 0) w->errors++;
    jit_lasting(&w->seed);
    crowd_enter();
    if (nr_sim_thread_end(s.sim, id) < 0) w->errors++;
    crowd_leave();
    atomic_fetch_add_explicit(&s.threads, 1, memory_order_relaxed);
}

static void anything_else(worker *w, unsigned i)
{
    nr_ICorProfilerCallback4 *p = crowd_profiler();
    const assembly *a = &s.lasting[i % s.count];
    uint32_t token = 0x06000001 + random_below(&w->seed, a->methods);
    bool inlined, used;
    NR_CALL(p, ReJITError, a->id, token, 0, NR_E_FAIL);
    crowd_enter();
    if (nr_sim_inline(s.sim, a->id, 0x06000001, token, &inlined) < 0) w->errors++;
    if (nr_sim_precompiled(s.sim, a->id, token, &used) < 0) w->errors++;
    crowd_leave();
    NR_CALL0(p, AddRef);
    NR_CALL0(p, Release);
    if (GetCurrentExecutionEngineThreadId() == 0) w->errors++;
    if (i % 16 == 0 && AddCustomInstrumentation("third.xml", live_rule) != NR_S_OK) w->errors++;
    if (take_names()) { /* while somebody is sampling, or not */
        uintptr_t function = (uintptr_t)(a - s.lasting + 1) << 20 | (token & 0xFFFFFF);
        void *names = NULL;
        if (RequestFunctionNames(&function, 1, &names) != NR_S_OK ||
            ((const nrprof_function_name *)names)->function != function)
            w->errors++;
        give_names();
    }
    look_at_passing(&w->seed);
}

static void work(void *self)
{
    worker *w = self;
    if (w->number < COMPILING) {
        compile(w);
        return;
    }
    /* Each comes to its turn, however short the others are at work. */
    for (unsigned i = 0; (atomic_load_explicit(&s.compiling, memory_order_relaxed) || w->done < 2) && w->errors < 100;
         i++) {
        switch (w->number - COMPILING) {
        case 0:
            if (!good(InstrumentationRefresh())) w->errors++;
            atomic_fetch_add_explicit(&s.refreshes, 1, memory_order_relaxed);
            break;
        case 1: reload(w, i); break;
        case 2: change_rules(w, i); break;
        case 3: live(w, i); break;
        case 4:
        case 5: profile(w, i); continue;
        case 6: managed_thread(w); break;
        default: anything_else(w, i); break;
        }
        w->done++;
    }
}

static void storm(void)
{
    start();
    crowd_enter();
    for (unsigned i = 0, seed = 1; i < 4; i++) new_thread(&seed); /* these stay */
    crowd_leave();
    s.info = s.sim->vtbls.INFO;
    s.control = s.sim->vtbls.CONTROL;
    s.sim->vtbls.INFO.RequestReJIT = request_and_call_back;
    s.sim->vtbls.CONTROL.SetILFunctionBody = set_and_call_back;
    atomic_store(&s.compiling, COMPILING);
    for (unsigned i = 0; i < THREADS; i++) {
        s.workers[i].number = i;
        s.workers[i].seed = i * 7919;
        CHECK(nr_thread_start(&s.workers[i].thread, work, &s.workers[i]));
    }
    for (unsigned i = 0; i < THREADS; i++) nr_thread_join(&s.workers[i].thread);
    for (unsigned i = 0; i < THREADS; i++)
        if (!CHECK_EQ(s.workers[i].errors, 0)) printf("    thread %u\n", i);
    CHECK_EQ(atomic_load(&s.wrong), 0);
    CHECK(atomic_load(&s.nested) > 0 && atomic_load(&s.compiled) > 0 && atomic_load(&s.threads) > 0);
    CHECK(atomic_load(&s.refreshes) > 0 && atomic_load(&s.reloads) > 0 && atomic_load(&s.live) > 0);
    CHECK(atomic_load(&s.profiles) > 0 && atomic_load(&s.frames) > 0);
}

/* Every method of these assemblies is what it is in calm. */
static void compare(size_t from)
{
    unsigned differences = 0, rewritten = 0;
    char name[300];
    for (size_t i = from; i < s.count; i++) {
        for (uint32_t rid = 1; rid <= s.lasting[i].methods; rid++) {
            const outcome *want = &s.lasting[i].want[rid - 1];
            outcome got = outcome_of(s.lasting[i].id, 0x06000000 | rid);
            rewritten += got.rewritten;
            if (got.rewritten == want->rewritten && got.text == want->text && got.size == want->size) continue;
            crowd_enter();
            nr_sim_method_name(s.sim, s.lasting[i].id, 0x06000000 | rid, name, sizeof name);
            crowd_leave();
            if (differences++ < 20)
                printf("    %s %08x %s: rewritten %d, %zu bytes; in calm %d, %zu bytes\n", s.lasting[i].path,
                       0x06000000 | rid, name, got.rewritten, got.size, want->rewritten, want->size);
        }
    }
    CHECK_EQ(differences, 0);
    CHECK(rewritten > 3);
}

/* The rules of the framework's assemblies have been the same all the time: no refresh is needed for their methods. Then all rules
 * are those of the beginning. */
static void compare_all(void)
{
    compile_the_rest();
    if (s.real) compare(1);
    replace_file("home" SEP "newrelic.config", config_none, sizeof config_none - 1);
    replace_file("home" SEP "extensions" SEP "c.lua", passing_rules[1], strlen(passing_rules[1]));
    CHECK_EQ(ApplyCustomInstrumentation(), NR_S_OK); /* what is pending */
    CHECK_EQ(ApplyCustomInstrumentation(), NR_S_OK); /* nothing */
    CHECK_EQ(ReloadConfiguration(), NR_S_OK);
    compile_the_rest();
    compare(0);
}

static void report(void)
{
    printf("figure concurrency.compilations %u\nfigure concurrency.bodies %lu\n", atomic_load(&s.compiled),
           nr_sim_calls(s.sim, "ICorProfilerFunctionControl", "SetILFunctionBody"));
    printf("figure concurrency.nested %u\nfigure concurrency.modules %u\n", atomic_load(&s.nested),
           atomic_load(&s.loads));
    printf("figure concurrency.refreshes %u\nfigure concurrency.reloads %u\nfigure concurrency.live %u\n",
           atomic_load(&s.refreshes), atomic_load(&s.reloads), atomic_load(&s.live));
    printf("figure concurrency.profiles %u\nfigure concurrency.frames %u\nfigure concurrency.threads %u\n",
           atomic_load(&s.profiles), atomic_load(&s.frames), atomic_load(&s.threads));
}

static void run(void)
{
    calm();
    storm();
    compare_all();
    report();
    finish();
}

static void end(nr_arena *a)
{
    unmap_all();
    nr_buf_free(&s.tiny);
    nr_arena_free(a);
    clear_env();
}

/* Without the log: its lock puts threads into an order that they do not have otherwise. */
TEST(own_assembly)
{
    nr_arena a = NR_ARENA_INIT;
    CHECK(begin(&a, false));
    set_env("NEW_RELIC_LOG_ENABLED", "0");
    run();
    end(&a);
}

TEST(real_assemblies)
{
    nr_arena a = NR_ARENA_INIT;
    if (!begin(&a, true)) {
        nr_arena_free(&a);
        SKIP("no shared framework is installed");
    }
    set_env("NEW_RELIC_LOG_ENABLED", "0");
    run();
    end(&a);
}

/* Inlining and precompiled code are asked about, templates for direct calls are loaded when the first is wanted, files are watched, each
 * body is verified, all is logged. Not NEW_RELIC_SAFE_REWRITE: so many refusals of the same methods would end all instrumentation, as
 * they should. */
TEST(switches)
{
    static const char *const variables[] = {"NEW_RELIC_FAST_START", "NEW_RELIC_DIRECT_CALL", "NEW_RELIC_RULES_WATCH"};
    nr_arena a = NR_ARENA_INIT;
    if (!begin(&a, true)) CHECK(begin(&a, false));
    for (size_t i = 0; i < NR_COUNT(variables); i++) set_env(variables[i], "1");
    run();
    end(&a);
}

/* What stands between the CLR and the profiler then sees all of it. */
TEST(recorded)
{
    nr_arena a = NR_ARENA_INIT;
    CHECK(begin(&a, false));
    set_env("NEW_RELIC_LOG_ENABLED", "0");
    set_env("NEWRELIC_VALIDATION_ENABLED", "1");
    set_env("NEWRELIC_VALIDATION_OUTPUT", test_path(&a, "records").p);
    run();
    CHECK(nr_os_directory_exists(test_path(&a, "records")));
    end(&a);
    nr_gate_begin_again();
}

TESTS(storm, T(own_assembly), T(real_assemblies), T(switches), T(recorded))
