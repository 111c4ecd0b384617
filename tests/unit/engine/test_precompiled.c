/* Module: with fast start, which methods may run from precompiled code, and which may be inlined. */
#include "fake_build.h"

#include "engine/precompiled.h"
#include "test.h"

enum { DYNAMIC = NR_MODULE_DYNAMIC };

typedef struct stage {
    fake_clr clr;
    fake_module *app, *lib; /* methods M, K; A, B */
    uintptr_t m, k, a, b;
    nr_engine *e;
} stage;

static const char *app_name = "App";
static int32_t list_is = NR_HR_OK; /* NR_HR_FALSE: that of Lib is not whole; NR_HR_FAIL: there is none */

/* App.M was inlined into Lib.A, twice, and into a method of another module, of which the image of Lib cannot tell. */
static int32_t each_inliner(void *rt, uintptr_t in, uintptr_t module, uint32_t method,
                            bool (*visit)(void *self, uintptr_t module, uint32_t method), void *self)
{
    fake_clr *c = rt;
    const uintptr_t app = c->modules[0].id, lib = c->modules[1].id;
    if (fails(c, "EnumNgenModuleMethodsInliningThisMethod")) return c->fail_hr;
    if (in != lib || module != app || method != 0x06000001) return 0;
    if (list_is < 0) return list_is;
    if (visit(self, lib, 0x06000001) && visit(self, app, 0x06000002)) visit(self, lib, 0x06000001);
    return list_is;
}

static void begin(stage *s, uint32_t app_flags)
{
    static nr_runtime_ops ops;
    clear_env();
    set_env("NEW_RELIC_FAST_START", "1");
    log_start(NR_INFO);
    nr_alloc_count(1);
    clr_init(&s->clr, true);
    s->app = add_module(&s->clr, app_name, "/app/App.dll", "clrhost", "System.Runtime");
    s->lib = add_module(&s->clr, "Lib", "/app/Lib.dll", "clrhost", "System.Runtime");
    uint32_t type = add_type(s->app, "N.C", 1, 0), other = add_type(s->lib, "L.C", 1, 0);
    s->m = add_method(s->app, type, "M", "00 00 01", "06 2a");
    s->k = add_method(s->app, type, "K", "00 00 01", "06 2a");
    s->a = add_method(s->lib, other, "A", "00 00 01", "06 2a");
    s->b = add_method(s->lib, other, "B", "00 00 01", "06 2a");
    s->app->flags = app_flags;
    s->lib->knows_attributes = true;
    last_method_of(s->lib)->marks = ON_TRACE;
    ops = fake_runtime_ops;
    ops.each_inliner = each_inliner;
    s->clr.runtime.ops = &ops;
    s->e = start_engine(&s->clr, rule("App", "N.C", "M"), NULL);
    CHECK(s->e != NULL);
}

static void load_both(stage *s)
{
    CHECK_EQ(nr_engine_module_loaded(s->e, s->app->id, 0), 0);
    CHECK_EQ(nr_engine_module_loaded(s->e, s->lib->id, 0), 0);
}

static void end(stage *s)
{
    nr_engine_free(s->e);
    clr_free(&s->clr);
    clear_env();
    CHECK_EQ(nr_alloc_live(), 0);
    nr_alloc_count(0);
}

static bool used(stage *s, uintptr_t function)
{
    return nr_engine_may_use_precompiled(s->e, function);
}

TEST(wanted_methods_and_what_contains_them)
{
    stage s;
    begin(&s, 0);
    CHECK(used(&s, s.m) && nr_engine_may_inline(s.e, s.m)); /* nothing is known of the module */
    load_both(&s);
    CHECK(!used(&s, s.m) && used(&s, s.k) && !used(&s, s.a) && !used(&s, s.b));
    CHECK(!nr_engine_may_inline(s.e, s.m) && nr_engine_may_inline(s.e, s.k));
    CHECK(nr_engine_may_inline(s.e, s.a) && !nr_engine_may_inline(s.e, s.b)); /* B carries [Trace] */
    CHECK(used(&s, 12345) && nr_engine_may_inline(s.e, 12345));
    end(&s);
}

TEST(nothing_of_a_dynamic_module)
{
    stage s;
    begin(&s, DYNAMIC);
    load_both(&s);
    CHECK(used(&s, s.m) && nr_engine_may_inline(s.e, s.m));
    CHECK(used(&s, s.a) && !used(&s, s.b));
    end(&s);
}

/* No rule names its methods: each of them is looked at when it is compiled, wherever it is. */
TEST(what_contains_methods_of_the_api)
{
    stage s;
    app_name = "NewRelic.Api.Agent";
    begin(&s, 0);
    load_both(&s);
    CHECK(!used(&s, s.m) && !used(&s, s.a) && !used(&s, s.b));
    end(&s);
    app_name = "App";
}

/* Its id may be of none when another module is searched: it is left out. No other image has copies of its methods. */
TEST(a_module_that_may_be_unloaded)
{
    stage s;
    begin(&s, NR_MODULE_COLLECTIBLE);
    load_both(&s);
    CHECK(!used(&s, s.m) && used(&s, s.a) && !used(&s, s.b));
    end(&s);
}

/* There is no second question: to compile it is safe, and its rule or attribute is found then. */
TEST(what_cannot_be_found_out_is_wanted)
{
    stage s;
    begin(&s, 0);
    int32_t hr;
    CHECK(nr_modules_need(&s.e->modules, s.app->id, &hr) && nr_modules_need(&s.e->modules, s.lib->id, &hr));
    nr_alloc_fail_at(1, 1);
    CHECK(!used(&s, s.k) && !used(&s, s.b) && !nr_engine_may_inline(s.e, s.k) && !nr_engine_may_inline(s.e, s.b));
    nr_alloc_fail_at(0, 0);
    CHECK(used(&s, s.k) && !used(&s, s.b) && nr_engine_may_inline(s.e, s.k) && !nr_engine_may_inline(s.e, s.b));
    end(&s);
}

static void load_with(stage *s, int32_t list, uint32_t lib_flags)
{
    list_is = list;
    begin(s, 0);
    log_start(NR_DEBUG);
    s->lib->flags = lib_flags;
    load_both(s);
    list_is = NR_HR_OK;
}

static bool log_has(const char *text)
{
    nr_arena a = NR_ARENA_INIT;
    bool has = nr_str_has(logged(&a), nr_str_of(text));
    nr_arena_free(&a);
    return has;
}

#define GAP "methods that are inlined in it"

TEST(an_image_without_a_list)
{
    stage s;
    load_with(&s, NR_HR_FAIL, 0);
    CHECK(!used(&s, s.m) && used(&s, s.a) && !used(&s, s.b));
    CHECK(!log_has(GAP)); /* no code is in it either */
    end(&s);
    load_with(&s, NR_HR_FAIL, NR_MODULE_PRECOMPILED);
    CHECK(!used(&s, s.m) && used(&s, s.a) && !used(&s, s.b));
    CHECK(log_has("The image of Lib has no list of " GAP
                  " (0x80004005). Copies of methods of App may be in it that are "
                  "not instrumented."));
    end(&s);
}

TEST(a_list_that_is_not_whole)
{
    stage s;
    load_with(&s, NR_HR_FALSE, NR_MODULE_PRECOMPILED);
    CHECK(!used(&s, s.m) && !used(&s, s.a)); /* it counts as far as it goes */
    CHECK(log_has("The image of Lib does not list all " GAP " (0x1). Copies of methods of App may be in it"));
    end(&s);
    load_with(&s, NR_HR_OK, NR_MODULE_PRECOMPILED);
    CHECK(!log_has(GAP));
    end(&s);
}

/* Whatever fails while modules load: what a rule names is never run from precompiled code, nor inlined, and the application runs on. */
static void each_failure(bool memory)
{
    bool whole = false;
    unsigned n = 1;
    for (; n < 400 && !whole; n++) {
        stage s;
        begin(&s, 0);
        nr_arena_exact(memory);
        if (memory) {
            nr_alloc_fail_at(n, 0);
        } else {
            atomic_store(&s.clr.failable, 0);
            atomic_store(&s.clr.fail_at, n);
        }
        nr_engine_module_loaded(s.e, s.app->id, 0);
        nr_engine_module_loaded(s.e, s.lib->id, 0);
        whole = memory ? !nr_alloc_has_failed() : !s.clr.failed_call[0];
        nr_alloc_fail_at(0, 0);
        nr_arena_exact(false);
        atomic_store(&s.clr.fail_at, 0);
        load_both(&s);
        if (used(&s, s.m) || nr_engine_may_inline(s.e, s.m))
            printf("    %u: %s\n", n, memory ? "allocation" : s.clr.failed_call);
        CHECK(!used(&s, s.m) && !nr_engine_may_inline(s.e, s.m));
        if (whole) CHECK(used(&s, s.k) && !used(&s, s.a) && !used(&s, s.b));
        end(&s);
    }
    CHECK(whole && n > 20);
}

TEST(each_allocation)
{
    each_failure(true);
}

TEST(each_call)
{
    each_failure(false);
}

TESTS(precompiled, T(wanted_methods_and_what_contains_them), T(nothing_of_a_dynamic_module),
      T(what_contains_methods_of_the_api), T(a_module_that_may_be_unloaded), T(what_cannot_be_found_out_is_wanted),
      T(an_image_without_a_list), T(a_list_that_is_not_whole), T(each_allocation), T(each_call))
