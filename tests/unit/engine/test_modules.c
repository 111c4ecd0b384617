/* Module: what is known of modules: candidates, rows added later, dynamic modules, unloading, module-load ReJIT. */
#include "fake_build.h"

#include "test.h"

typedef struct stage {
    fake_clr clr;
    fake_module *m;
    uint32_t type;
    nr_engine *e;
    nr_arena arena;
} stage;

static void begin(stage *s, bool core, nr_log_level level, const char *xml)
{
    clear_env();
    memset(&s->arena, 0, sizeof s->arena);
    log_start(level);
    clr_init(&s->clr, core);
    s->m = add_module(&s->clr, "App", "/app/App.dll", core ? "clrhost" : "D", core ? "System.Runtime" : "mscorlib");
    s->type = add_type(s->m, "N.C", 1, 0);
    s->e = start_engine(&s->clr, xml, NULL);
    CHECK(s->e != NULL);
}

static void end(stage *s)
{
    nr_engine_free(s->e);
    clr_free(&s->clr);
    nr_arena_free(&s->arena);
}

/* The tables are made once; methods that are not in them cost no metadata call at all. */
TEST(tables_are_made_once)
{
    stage s;
    begin(&s, true, NR_INFO, rule("App", "N.C", "M"));
    for (int i = 0; i < 40; i++) add_method(s.m, s.type, i == 37 ? "M" : "X", "00 00 01", "06 2a");
    for (uintptr_t i = 1; i <= 40; i++) CHECK_EQ(nr_engine_jit_started(s.e, FUNCTION_BASE + i), 0);
    CHECK_EQ(s.clr.request_count, 1);
    CHECK_EQ(s.clr.requests[0].token, 0x06000000 + 38);
    CHECK_EQ(atomic_load(&s.clr.each_types), 1);
    unsigned opened = atomic_load(&s.clr.opened), calls = atomic_load(&s.clr.failable);
    for (uintptr_t i = 1; i <= 30; i++) CHECK_EQ(nr_engine_jit_started(s.e, FUNCTION_BASE + i), 0);
    CHECK_EQ(atomic_load(&s.clr.opened), opened);
    CHECK_EQ(atomic_load(&s.clr.failable), calls + 30); /* GetFunctionInfo and nothing else */
    end(&s);
}

/* Of an assembly without rules, of one with rules, and both again where attributes may be: once their tables are there, nothing. */
TEST(callbacks_that_match_nothing_allocate_nothing)
{
    enum { KINDS = 4, COUNT = 40 };
    stage s;
    begin(&s, true, NR_INFO, rule("App", "N.C", "M"));
    fake_module *modules[KINDS] = {s.m};
    for (int k = 1; k < KINDS; k++) {
        modules[k] = add_module(&s.clr, k == 2 ? "App" : "Other", "/app/x.dll", "clrhost", "System.Runtime");
        modules[k]->knows_attributes = k >= 2;
        add_type(modules[k], "N.C", 1, 0);
    }
    for (int k = 0; k < KINDS; k++) {
        for (int i = 0; i < COUNT; i++) add_method(modules[k], s.type, "X", "00 00 01", "06 2a");
    }
    for (unsigned long round = 0; round < 2; round++) {
        nr_alloc_fail_at(round, 1); /* the first request, and each after it */
        for (uintptr_t k = 0; k < KINDS; k++) {
            for (uintptr_t i = 1; i <= COUNT; i++)
                CHECK_EQ(nr_engine_jit_started(s.e, FUNCTION_BASE + k * 0x10000 + i), 0);
        }
        CHECK(!nr_alloc_has_failed());
    }
    nr_alloc_fail_at(0, 0);
    CHECK_EQ(s.clr.request_count, 0);
    end(&s);
}

/* The bit of row 63, 64, 65: words of the table. */
TEST(rows_at_word_boundaries)
{
    stage s;
    begin(&s, true, NR_INFO, rule("App", "N.C", "M"));
    for (int i = 1; i <= FAKE_METHODS; i++) add_method(s.m, s.type, i >= 62 ? "M" : "X", "00 00 01", "06 2a");
    for (uintptr_t i = 1; i <= FAKE_METHODS; i++) nr_engine_jit_started(s.e, FUNCTION_BASE + i);
    CHECK_EQ(s.clr.request_count, FAKE_METHODS - 61);
    end(&s);
}

/* Edit and continue: a method that came after the tables goes by name. */
TEST(rows_added_later_go_by_name)
{
    stage s;
    begin(&s, true, NR_INFO, rule("App", "N.C", "M"));
    uintptr_t x = add_method(s.m, s.type, "X", "00 00 01", "06 2a");
    uintptr_t m = add_method(s.m, s.type, "M", "00 00 01", "06 2a");
    uintptr_t y = add_method(s.m, s.type, "Y", "00 00 01", "06 2a");
    s.m->hidden = 2;
    CHECK_EQ(nr_engine_jit_started(s.e, x), 0);
    CHECK_EQ(s.clr.request_count, 0);
    s.m->hidden = 0;
    CHECK_EQ(nr_engine_jit_started(s.e, m), 0);
    CHECK_EQ(s.clr.request_count, 1);
    CHECK_EQ(nr_engine_jit_started(s.e, y), 0);
    CHECK_EQ(s.clr.request_count, 1);
    CHECK_EQ(atomic_load(&s.clr.each_types), 1);
    end(&s);
}

/* Reflection.Emit: every method goes by name, and may come to carry attributes at any time. */
TEST(dynamic_modules_go_by_name)
{
    stage s;
    begin(&s, true, NR_INFO, rule("App", "N.C", "M"));
    s.m->flags = NR_MODULE_DYNAMIC;
    CHECK_EQ(nr_engine_jit_started(s.e, add_method(s.m, s.type, "X", "00 00 01", "06 2a")), 0);
    CHECK_EQ(s.clr.request_count, 0);
    CHECK_EQ(nr_engine_jit_started(s.e, add_method(s.m, s.type, "M", "00 00 01", "06 2a")), 0);
    CHECK_EQ(s.clr.request_count, 1);
    uintptr_t f = add_method(s.m, s.type, "Traced", "00 00 01", "06 2a");
    last_method_of(s.m)->marks = ON_TRACE;
    CHECK_EQ(nr_engine_jit_started(s.e, f), 0);
    CHECK_EQ(s.clr.request_count, 2);
    CHECK_EQ(atomic_load(&s.clr.each_types), 0);
    CHECK_EQ(atomic_load(&s.clr.knows_calls), 0);
    end(&s);
}

/* Ids are used again: a record goes with its module. */
TEST(an_unloaded_module_is_forgotten)
{
    stage s;
    begin(&s, true, NR_INFO, rule("App", "N.C", "M"));
    uintptr_t f = add_method(s.m, s.type, "M", "00 00 01", "06 2a");
    CHECK_EQ(jit_and_rejit(s.e, &s.clr, f), 0);
    nr_engine_module_unloaded(s.e, s.m->id);
    atomic_store(&s.m->loaded, false);
    CHECK_EQ(nr_engine_jit_started(s.e, f), NR_HR_FAIL);
    /* Another module under the same id: other names, other rows. */
    fake_module *n = add_module(&s.clr, "Another", "/app/Another.dll", "clrhost", "System.Runtime");
    n->id = s.m->id;
    uint32_t type = add_type(n, "N.C", 1, 0);
    size_t before = s.clr.request_count;
    CHECK_EQ(nr_engine_jit_started(s.e, add_method(n, type, "M", "00 00 01", "06 2a")), 0);
    CHECK_EQ(s.clr.request_count, before);
    /* And one with the old name: its tokens are asked for anew. */
    nr_engine_module_unloaded(s.e, n->id);
    n->assembly = "App";
    CHECK_EQ(jit_and_rejit(s.e, &s.clr, FUNCTION_BASE + 0x10001), 0);
    CHECK(nr_str_has(fake_take(&n->meta.added), NR_STR("01000001 23000001 System.Object\n")));
    nr_engine_module_unloaded(s.e, 0x77777); /* never seen */
    end(&s);
}

/* module-injection.md 6, com-and-lifecycle.md 7: one request with all tokens, ascending. */
TEST(methods_are_requested_when_a_module_loads)
{
    stage s;
    begin(&s, true, NR_DEBUG,
          "<extension><instrumentation><tracerFactory><match assemblyName='App' className='N.D,N.C,N.C+I,None'>"
          "<exactMethodMatcher methodName='M'/><exactMethodMatcher methodName='L' parameters='System.Int32'/></match>"
          "<match assemblyName='App' className='N.C' minVersion='99'><exactMethodMatcher methodName='M'/></match>"
          "</tracerFactory></instrumentation></extension>");
    uint32_t d = add_type(s.m, "N.D", 1, 0), inner = add_type(s.m, "I", 2, s.type);
    add_method(s.m, d, "M", "00 00 01", "06 2a");                                   /* 1 */
    add_method(s.m, s.type, "X", "00 00 01", "06 2a");                              /* 2 */
    for (int i = 0; i < 12; i++) add_method(s.m, s.type, "M", "00 00 01", "06 2a"); /* 3 to 14: three batches */
    add_method(s.m, inner, "M", "00 00 01", "06 2a");                               /* 15: a nested type is not found */
    add_method(s.m, d, "L", "00 00 01", "06 2a"); /* 16: parameters do not matter here */
    CHECK_EQ(nr_engine_module_loaded(s.e, s.m->id, 0), 0);
    CHECK_EQ(s.clr.request_calls, 1);
    CHECK_EQ(s.clr.request_count, 14);
    for (size_t i = 0; i < 14; i++) {
        CHECK_EQ(s.clr.requests[i].module, s.m->id);
        CHECK_EQ(s.clr.requests[i].token, 0x06000000 + (i == 0 ? 1 : i == 13 ? 16 : i + 2));
    }
    nr_str log = logged(&s.arena);
    CHECK(nr_str_has(log, NR_STR("I Unable to find N.C+I for rejit. HR:-2146234064\n")));
    CHECK(nr_str_has(log, NR_STR("I Unable to find None for rejit. HR:-2146234064\n")));
    CHECK(nr_str_has(log, NR_STR("D Found 5 method(s) matching M\n")));
    CHECK(nr_str_has(log, NR_STR("D Found 2 method(s) matching M\n")));
    CHECK(nr_str_has(log, NR_STR("D ReJit success\n")));
    /* 7.1: they come to GetReJITParameters without a first JIT. */
    CHECK_EQ(nr_engine_rejit_parameters(s.e, s.m->id, 0x06000003, NULL), 0);
    CHECK_EQ(s.clr.bodies, 1);
    end(&s);
}

TEST(modules_without_rules_are_not_opened)
{
    stage s;
    begin(&s, true, NR_INFO, rule("Other", "N.C", "M"));
    add_method(s.m, s.type, "M", "00 00 01", "06 2a");
    CHECK_EQ(nr_engine_module_loaded(s.e, s.m->id, 0), 0);
    CHECK_EQ(atomic_load(&s.clr.opened), 0);
    CHECK_EQ(s.clr.request_calls, 0);
    end(&s);
}

/* A module that is asked for its metadata is read more slowly by the CLR for the rest of its life: one in which no rule
 * hits is read from its image, at load and when its methods come. */
TEST(modules_are_read_from_their_images)
{
    for (int there = 0; there < 2; there++) {
        stage s;
        begin(&s, true, NR_INFO, rule("App", "N.C", "None"));
        s.clr.images = there;
        for (int i = 0; i < 3; i++) add_method(s.m, s.type, "M", "00 00 01", "06 2a");
        CHECK_EQ(nr_engine_module_loaded(s.e, s.m->id, 0), 0);
        for (uintptr_t i = 1; i <= 3; i++) CHECK_EQ(nr_engine_jit_started(s.e, FUNCTION_BASE + i), 0);
        unsigned opened = atomic_load(&s.clr.opened);
        CHECK(opened >= 2);
        CHECK_EQ(atomic_load(&s.clr.images_read), there ? opened : 0);
        end(&s);
    }
}

/* One image cannot be read: the CLR is asked, and the rule hits. */
TEST(an_image_that_cannot_be_read)
{
    stage s;
    begin(&s, true, NR_INFO, rule("App", "N.C", "M"));
    s.clr.images = true;
    add_method(s.m, s.type, "M", "00 00 01", "06 2a");
    s.clr.fail_hr = NR_HR_FAIL;
    for (unsigned n = 1; n < 20 && strcmp(s.clr.failed_call, "OpenScopeOnMemory"); n++) {
        s.clr.request_count = 0;
        atomic_store(&s.clr.fail_at, atomic_load(&s.clr.failable) + n);
        CHECK_EQ(nr_engine_module_loaded(s.e, s.m->id, 0), 0);
    }
    CHECK(!strcmp(s.clr.failed_call, "OpenScopeOnMemory"));
    CHECK_EQ(s.clr.request_count, 1);
    end(&s);
}

/* com-and-lifecycle.md 7: a failed load; .NET Framework asks for nothing. */
TEST(what_else_a_load_may_be)
{
    for (int core = 0; core < 2; core++) {
        stage s;
        begin(&s, core, NR_INFO, rule("App", "N.C", "M"));
        add_method(s.m, s.type, "M", "00 00 01", "06 2a");
        CHECK_EQ(nr_engine_module_loaded(s.e, s.m->id, FAKE_INVALID), core ? 0 : FAKE_INVALID);
        CHECK_EQ(s.clr.request_calls, 0);
        CHECK_EQ(nr_engine_module_loaded(s.e, s.m->id, 0), 0);
        CHECK_EQ(s.clr.request_calls, core);
        CHECK_EQ(nr_engine_module_loaded(s.e, 0x5555, 0), 0); /* unknown to the CLR */
        end(&s);
    }
}

/* A RequestReJIT that fails is a DEBUG line (7.3). */
TEST(a_failed_request_at_load)
{
    stage s;
    begin(&s, true, NR_DEBUG, rule("App", "N.C", "M"));
    add_method(s.m, s.type, "M", "00 00 01", "06 2a");
    CHECK_EQ(nr_engine_module_loaded(s.e, s.m->id, 0), 0);
    unsigned before = atomic_load(&s.clr.failable);
    CHECK_EQ(nr_engine_module_loaded(s.e, s.m->id, 0), 0);
    atomic_store(&s.clr.fail_at, atomic_load(&s.clr.failable) + (atomic_load(&s.clr.failable) - before));
    CHECK_EQ(nr_engine_module_loaded(s.e, s.m->id, 0), 0);
    CHECK_STR(nr_str_of(s.clr.failed_call), "RequestReJIT");
    CHECK(nr_str_has(logged(&s.arena), NR_STR("D ReJit failed\n")));
    end(&s);
}

/* Calls back from RequestReJIT: no lock is held. */
static nr_engine *reentered;
static unsigned depth;

static int32_t reenter(void *rt, uint32_t count, uintptr_t *modules, uint32_t *methods)
{
    int32_t hr = rt_request_rejit(rt, count, modules, methods);
    if (depth++ == 0) {
        CHECK_EQ(nr_engine_jit_started(reentered, FUNCTION_BASE + 2), 0);
        CHECK_EQ(nr_engine_rejit_parameters(reentered, modules[0], methods[0], NULL), 0);
        CHECK_EQ(nr_engine_module_loaded(reentered, modules[0], 0), 0);
        nr_engine_module_unloaded(reentered, modules[0]); /* its record is still in use further up */
    }
    return hr;
}

TEST(request_rejit_may_call_back)
{
    static nr_runtime_ops ops;
    stage s;
    begin(&s, true, NR_INFO, rule("App", "N.C", "M"));
    ops = fake_runtime_ops;
    ops.request_rejit = reenter;
    s.e->runtime.ops = &ops;
    reentered = s.e;
    depth = 0;
    for (int i = 0; i < 2; i++) add_method(s.m, s.type, "M", "00 00 01", "06 2a");
    CHECK_EQ(nr_engine_jit_started(s.e, FUNCTION_BASE + 1), 0);
    CHECK_EQ(depth, 3);
    CHECK_EQ(s.clr.bodies, 1);
    depth = 0;
    CHECK_EQ(nr_engine_module_loaded(s.e, s.m->id, 0), 0);
    CHECK_EQ(s.clr.bodies, 2);
    end(&s);
}

/* While a refresh asks the CLR, which holds the refresh gate, other threads go through every callback and may hand over
 * rules: a CLR that waits for them before it answers gets its answer. Were one of them to take the gate, this would
 * never end. */
static void call_everything(void *self)
{
    stage *s = self;
    CHECK_EQ(nr_engine_jit_started(s->e, FUNCTION_BASE + 1), 0);
    CHECK_EQ(nr_engine_rejit_started(s->e, FUNCTION_BASE + 1), 0);
    nr_engine_rejit_parameters(s->e, s->m->id, 0x06000002, NULL);
    CHECK_EQ(nr_engine_module_loaded(s->e, s->m->id, 0), 0);
    CHECK(nr_live_add(&s->e->live, NR_STR("name"), NR_STR("<extension/>")));
    nr_engine_count(s->e);
    nr_engine_module_unloaded(s->e, s->m->id);
}

static stage *refreshed;

static int32_t wait_for_others(void *rt, uint32_t count, uintptr_t *modules, uint32_t *methods)
{
    if (depth++ == 0) CHECK(nr_os_run_on_thread(call_everything, refreshed));
    return rt_request_rejit(rt, count, modules, methods);
}

TEST(callbacks_go_on_while_a_refresh_asks_the_clr)
{
    static nr_runtime_ops ops;
    stage s;
    begin(&s, true, NR_INFO, rule("App", "N.C", "M"));
    set_env("CORECLR_NEW_RELIC_HOME", nr_test_directory());
    ops = fake_runtime_ops;
    ops.request_rejit = wait_for_others;
    s.e->runtime.ops = &ops;
    refreshed = &s;
    depth = 0;
    add_method(s.m, s.type, "M", "00 00 01", "06 2a");
    CHECK_EQ(nr_engine_refresh(s.e, NULL), 0);
    CHECK_EQ(depth, 3); /* the refresh; inside it the JIT and the module load */
    CHECK_EQ(s.clr.request_count, 3);
    clear_env();
    end(&s);
}

/* More modules than there are lists: those that share one do not get in each other's way. */
TEST(modules_of_one_list)
{
    enum { COUNT = NR_MODULE_BUCKETS + 200 };
    stage s;
    int32_t hr;
    begin(&s, true, NR_INFO, NULL);
    nr_modules *all = &s.e->modules;
    uintptr_t first = s.m->id;
    for (uintptr_t i = 0; i < COUNT; i++) {
        s.m->id = first + i * 0x1000;
        CHECK(nr_modules_need(all, s.m->id, &hr) != NULL);
    }
    for (uintptr_t i = 0; i < COUNT; i += 2)
        nr_modules_remove(all, first + i * 0x1000); /* the oldest of a list is its last */
    for (uintptr_t i = 0; i < COUNT; i++) {
        const nr_module *found = nr_modules_find(all, first + i * 0x1000);
        CHECK(i % 2 ? found && found->id == first + i * 0x1000 : !found);
    }
    nr_modules_remove(all, first); /* it is gone already */
    end(&s);
}

/* Two plug-ins of one name, or one that is loaded anew while its old self goes: which is meant is not known. */
TEST(modules_that_may_be_unloaded_are_found_by_name_only_alone)
{
    int32_t hr;
    stage s;
    begin(&s, true, NR_INFO, NULL);
    nr_modules *all = &s.e->modules;
    fake_module *one = add_module(&s.clr, "Plugin", "/a/Plugin.dll", "clrhost", "System.Runtime");
    fake_module *two = add_module(&s.clr, "Plugin", "/b/Plugin.dll", "clrhost", "System.Runtime");
    fake_module *lasting = add_module(&s.clr, "Plugin", "/c/Plugin.dll", "clrhost", "System.Runtime");
    one->flags = two->flags = NR_MODULE_COLLECTIBLE;
    CHECK(nr_modules_named(all, NR_STR("Plugin")) == NULL);
    const nr_module *r = nr_modules_need(all, one->id, &hr);
    CHECK(r && nr_modules_named(all, NR_STR("Plugin")) == r);
    CHECK(nr_modules_need(all, two->id, &hr) != NULL);
    CHECK(nr_modules_named(all, NR_STR("Plugin")) == NULL);
    r = nr_modules_need(all, lasting->id, &hr);
    CHECK(r && nr_modules_named(all, NR_STR("Plugin")) == r);
    nr_modules_remove(all, lasting->id);
    nr_modules_remove(all, two->id);
    CHECK(nr_modules_named(all, NR_STR("Plugin")) == nr_modules_find(all, one->id));
    end(&s);
}

TESTS(modules, T(tables_are_made_once), T(callbacks_that_match_nothing_allocate_nothing), T(rows_at_word_boundaries),
      T(rows_added_later_go_by_name), T(dynamic_modules_go_by_name), T(an_unloaded_module_is_forgotten),
      T(methods_are_requested_when_a_module_loads), T(modules_without_rules_are_not_opened),
      T(modules_are_read_from_their_images), T(an_image_that_cannot_be_read), T(what_else_a_load_may_be),
      T(a_failed_request_at_load), T(request_rejit_may_call_back), T(callbacks_go_on_while_a_refresh_asks_the_clr),
      T(modules_of_one_list), T(modules_that_may_be_unloaded_are_found_by_name_only_alone))
