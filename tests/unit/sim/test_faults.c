/* Module: the whole profiler on the simulated CLR while allocations and file operations fail, one at a time: n = 1, 2, 3 … until the
 * operation succeeds. After each: no crash, no leak, the method as it was or rewritten as a whole, and a start with nothing
 * failing works. NRPROF_FAULTS=all: every n; a number: each of so many; else a sample. Memory of the simulation fails as well, which for the profiler is
 * a call that fails. */
#include "rules/fixture.h"
#include "tiny_image.h"

#include "clr/abi.h"
#include "clr/factory.h"
#include "nrprof_agent.h"
#include "nrsim.h"
#include "os/fault.h"
#include "os/isolate.h"
#include "validate/gate.h"

static const char xml[] =
    "<extension><instrumentation><tracerFactory name='F'><match assemblyName='Contoso' className='Contoso.Shop'>"
    "<exactMethodMatcher methodName='Sell'/><exactMethodMatcher methodName='Pick'/><exactMethodMatcher "
    "methodName='.ctor'/></match>"
    "<match assemblyName='Contoso' className='Contoso.Shop+Cart'><exactMethodMatcher methodName='Add'/></match>"
    "</tracerFactory></instrumentation></extension>";
static const char rules[] = "tracer { name = 'L' }\nmatch { assembly = 'Contoso', class = 'Contoso.Box`1', 'Get' "
                            "}\nignore { assembly = 'B' }\n";
static const char live[] =
    "<extension><instrumentation><tracerFactory name='Live'><match assemblyName='Contoso' className='Contoso.Shop'>"
    "<exactMethodMatcher methodName='Sell'/></match></tracerFactory></instrumentation></extension>";
static const char config[] = "<configuration xmlns='urn:newrelic-config'><log level='debug'/></configuration>";
static const char extra_template[] =
    "template { name = 'extra', locals = {}, body = function(m) original() ret() end }\n";

enum { SELL = 0x06000002, ADD = 0x06000005, METHODS = 5 };
static const uint32_t methods[METHODS] = {0x06000001, SELL, 0x06000004, ADD, 0x06000006};

typedef struct stage {
    nr_sim *sim;
    uintptr_t module;
    nr_buf image;
    size_t whole[METHODS]; /* sizes of the bodies as they have to be */
} stage;

static stage st;

/* On Windows the agent's assembly has to say what it is. This program does. */
static void put_agent(nr_arena *a)
{
    nr_buf content = NR_BUF_INIT;
    if (NR_OS_WINDOWS) CHECK(nr_os_read_file(nr_os_process_path(a), &content));
    intptr_t f = nr_os_open_log(put_file(a, "home" SEP "NewRelic.Agent.Core.dll", ""));
    CHECK(nr_os_write(f, content.data, content.size));
    nr_os_close(f);
    nr_buf_free(&content);
}

static void begin_files(void)
{
    nr_arena a = NR_ARENA_INIT;
    clear_env();
    put_file(&a, "home" SEP "newrelic.config", config);
    put_agent(&a);
    put_file(&a, "home" SEP "extensions" SEP "a.xml", xml);
    put_file(&a, "home" SEP "extensions" SEP "b.lua", rules);
    put_file(&a, "home" SEP "instrumentation" SEP "templates" SEP "extra.lua", extra_template);
    set_env("CORECLR_NEW_RELIC_HOME", test_path(&a, "home").p);
    nr_arena_free(&a);
    if (!st.image.size) tiny_image(&st.image, 0);
}

static int32_t attach(void)
{
    nr_sim_options quiet = {.quiet = true};
    st.module = 0;
    st.sim = nr_sim_create(&quiet);
    return st.sim ? nr_sim_attach_class(st.sim, (void (*)(void))DllGetClassObject) : NR_E_OUTOFMEMORY;
}

static void load(void)
{
    st.module = nr_sim_load_bytes(st.sim, "/app/Contoso.dll", st.image.data, st.image.size, NR_S_OK, NULL);
}

static void compile(void)
{
    for (size_t i = 0; i < METHODS; i++) nr_sim_jit(st.sim, st.module, methods[i]);
}

static void profile(void)
{
    uintptr_t ids[2] = {nr_sim_function_id(st.sim, st.module, SELL), 0};
    uintptr_t thread = nr_sim_thread(st.sim);
    void *records = NULL, *names = NULL;
    int32_t count = 0;
    if (thread) nr_sim_thread_stack(st.sim, thread, ids, 2, NR_S_OK);
    RequestProfile(&records, &count);
    RequestFunctionNames(ids, 2, &names);
    ReleaseProfile();
    ShutdownThreadProfiler();
    CHECK_EQ(nr_sim_suspended(st.sim), 0);
}

static void refresh(void)
{
    InstrumentationRefresh();
    nr_sim_jit_pending(st.sim);
}

static void apply(void)
{
    AddCustomInstrumentation("live.xml", live);
    ApplyCustomInstrumentation();
    nr_sim_jit_pending(st.sim);
}

static void reload(void)
{
    ReloadConfiguration();
    nr_sim_jit_pending(st.sim);
}

static size_t size_of(size_t i)
{
    const uint8_t *il;
    size_t size = 0;
    nr_sim_il(st.sim, st.module, methods[i], NR_SIM_BODY_CURRENT, &il, &size);
    return size;
}

static bool untouched(size_t i)
{
    return !nr_sim_is_rewritten(st.sim, st.module, methods[i]);
}

static void end(void)
{
    if (st.sim && nr_sim_attached(st.sim)) {
        CHECK_EQ(nr_sim_shutdown(st.sim), NR_S_OK);
        CHECK_EQ(nr_sim_references(st.sim), 0);
    }
    nr_sim_destroy(st.sim);
    st.sim = NULL;
    nr_log_reset();
}

/* What it has to be when nothing fails. */
static void measure(void)
{
    CHECK_EQ(attach(), NR_S_OK);
    load();
    compile();
    for (size_t i = 0; i < METHODS; i++) {
        CHECK(!untouched(i));
        st.whole[i] = size_of(i);
        CHECK(st.whole[i] > 200);
    }
    end();
}

typedef struct operation {
    const char *name;
    void (*before[3])(void); /* with nothing failing, after the start */
    void (*it)(void);        /* NULL: the start */
} operation;

static const operation operations[] = {
    {"start", {NULL}, NULL},
    {"module load", {NULL}, load},
    {"compilation", {load}, compile},
    {"refresh", {load, compile}, refresh},
    {"live instrumentation", {load, compile}, apply},
    {"reload", {load, compile}, reload},
    {"thread profile", {load, compile}, profile},
};

/* From one n to the next; 0: a sample, closer at the beginning. */
static unsigned long stride(void)
{
    const char *v = getenv("NRPROF_FAULTS");
    return !v ? 0 : !strcmp(v, "all") ? 1 : strtoul(v, NULL, 10);
}

/* Runs an operation once while something fails. True: nothing has failed any more. */
static bool once(const operation *o, void (*arm)(unsigned long n), unsigned long n, bool (*fired)(void))
{
    if (!o->it) arm(n);
    int32_t hr = attach();
    if (o->it) {
        CHECK_EQ(hr, NR_S_OK);
        for (size_t i = 0; i < NR_COUNT(o->before) && o->before[i]; i++) o->before[i]();
        arm(n);
        o->it();
    }
    bool all = !fired();
    arm(0);
    if (all) CHECK(hr == NR_S_OK && st.sim);
    /* The next operation works: what was left out now comes, and what is there is whole. */
    if (st.sim && nr_sim_attached(st.sim)) {
        if (!st.module) load();
        CHECK(st.module != 0);
        for (size_t i = 0; st.module && i < METHODS; i++) {
            if (!untouched(i) && size_of(i) != st.whole[i]) printf("    %s, %lu: method %zu\n", o->name, n, i);
            CHECK(untouched(i) || size_of(i) == st.whole[i]);
        }
        CHECK_EQ(InstrumentationRefresh(), NR_S_OK);
        nr_sim_jit_pending(st.sim);
        compile();
        for (size_t i = 0; st.module && i < METHODS; i++) {
            /* A refresh does not ask for methods of nested types, like the reference: one that failed stays as it was. */
            if (untouched(i) && methods[i] == ADD) continue;
            if (untouched(i)) printf("    %s, %lu: method %zu is lost\n", o->name, n, i);
            CHECK(!untouched(i) && size_of(i) == st.whole[i]);
        }
    }
    end();
    return all;
}

/* ---- allocations ------------------------------------------------------------------------------------- */

static void arm_memory(unsigned long n)
{
    nr_alloc_fail_at(n, 0);
}

static bool memory_fired(void)
{
    return nr_alloc_has_failed();
}

TEST(allocations)
{
    unsigned long injected = 0;
    begin_files();
    measure();
    nr_alloc_count(1);
    for (size_t k = 0; k < NR_COUNT(operations); k++) {
        unsigned long n = 1, step = 1;
        for (; n < 100000; n += step) {
            bool done = once(&operations[k], arm_memory, n, memory_fired);
            if (!CHECK_EQ(nr_alloc_live(), 0)) printf("    %s, allocation %lu\n", operations[k].name, n);
            if (done) break;
            injected++;
            step = n < 8 ? 1 : stride() ? stride() : n / 3;
        }
        printf("  %s: until allocation %lu\n", operations[k].name, n);
        CHECK(n > 5 && n < 100000);
    }
    nr_alloc_count(0);
    printf("figure faults.allocations %lu\n", injected);
    CHECK(injected > 60);
    measure();
}

/* ---- files ----------------------------------------------------------------------------------------------- */

static void arm_file(unsigned long n)
{
    nr_os_fail_file_at(n, false);
}

static bool file_fired(void)
{
    return atomic_load(&nr_os_file_fault) == 0;
}

TEST(files)
{
    static const size_t with_files[] = {0, 3, 4, 5}; /* start, refresh, live instrumentation, reload */
    unsigned long injected = 0;
    begin_files();
    measure();
    nr_alloc_count(1);
    for (size_t k = 0; k < NR_COUNT(with_files); k++) {
        unsigned long n = 1;
        for (; n < 10000; n++) {
            bool done = once(&operations[with_files[k]], arm_file, n, file_fired);
            if (!CHECK_EQ(nr_alloc_live(), 0))
                printf("    %s, file operation %lu\n", operations[with_files[k]].name, n);
            if (done) break;
            injected++;
        }
        printf("  %s: until file operation %lu\n", operations[with_files[k]].name, n);
        CHECK(n > 3 && n < 10000);
    }
    nr_alloc_count(0);
    printf("figure faults.files %lu\n", injected);
}

/* ---- a recording is made meanwhile ------------------------------------------------------------------------ */

typedef struct means {
    const char *name;
    void (*arm)(unsigned long n);
    bool (*fired)(void);
} means;

/* Files are read back in between: a recording that could not be begun or went on without a line is none of a method's business. */
static unsigned long while_recording(const operation *o, const means *m)
{
    unsigned long n = 1, step = 1, injected = 0;
    for (; n < 100000; n += step) {
        nr_gate_begin_again(); /* as in a process that starts now */
        bool done = once(o, m->arm, n, m->fired);
        nr_gate_begin_again();
        if (!CHECK_EQ(nr_alloc_live(), 0)) printf("    %s, %s %lu\n", o->name, m->name, n);
        if (done) break;
        injected++;
        step = n < 8 ? 1 : stride() ? stride() : n / 2;
    }
    printf("  %s: until %s %lu\n", o->name, m->name, n);
    CHECK(n < 100000);
    return injected;
}

TEST(recording)
{
    static const means each[] = {{"allocation", arm_memory, memory_fired}, {"file operation", arm_file, file_fired}};
    nr_arena a = NR_ARENA_INIT;
    unsigned long injected = 0;
    nr_str here = nr_os_current_directory(&a);
    begin_files();
    measure();
    /* Where a recording goes without the variable: nothing may come to be there. */
    CHECK(here.p && nr_os_enter_directory(test_path(&a, "")));
    set_env("NEWRELIC_VALIDATION_ENABLED", "1");
    set_env("NEWRELIC_VALIDATION_OUTPUT", test_path(&a, "records").p);
    nr_alloc_count(1);
    for (size_t i = 0; i < NR_COUNT(each); i++)
        for (size_t k = 0; k < NR_COUNT(operations); k++) injected += while_recording(&operations[k], &each[i]);
    nr_alloc_count(0);
    printf("figure faults.recording %lu\n", injected);
    CHECK(injected > 60);
    CHECK(nr_os_directory_exists(test_path(&a, "records")));
    CHECK(!nr_os_directory_exists(test_path(&a, "validation_output")));
    CHECK(nr_os_enter_directory(here));
    clear_env();
    nr_gate_begin_again();
    begin_files();
    nr_arena_free(&a);
}

/* A disk that is gone for good. */
TEST(no_files_at_all)
{
    begin_files();
    nr_alloc_count(1);
    for (unsigned long n = 1; n < 60; n += stride() == 1 ? 1 : 4) {
        nr_os_fail_file_at(n, true);
        if (attach() == NR_S_OK) {
            load();
            compile();
            for (size_t i = 0; i < METHODS; i++) CHECK(untouched(i) || size_of(i) == st.whole[i] || !st.whole[i]);
        }
        nr_os_fail_file_at(0, false);
        end();
        CHECK_EQ(nr_alloc_live(), 0);
    }
    nr_alloc_count(0);
    measure();
    nr_buf_free(&st.image);
}

TESTS(faults, T(allocations), T(files), T(recording), T(no_files_at_all))
