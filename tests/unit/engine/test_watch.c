/* Module: rule files that change while the process runs. */
#include "fake_build.h"

#include "engine/watch.h"
#include "os/tool.h"
#include "test.h"

enum { PERIOD = 20, PATIENCE = 500 }; /* ms; looks */

typedef struct stage {
    fake_clr clr;
    nr_engine *e;
    nr_watch watch;
    nr_arena arena;
} stage;

static const char one[] = "tracer { name = 'F:1' } match { assembly = 'App', class = 'N.C', 'M' }";

static void begin(stage *s)
{
    memset(s, 0, sizeof *s);
    clear_env();
    set_env("CORECLR_NEW_RELIC_HOME", nr_test_directory());
    log_start(NR_INFO);
    clr_init(&s->clr, true);
    s->e = start_engine(&s->clr, NULL, one);
    CHECK(s->e != NULL);
    CHECK(nr_watch_start(&s->watch, s->e, PERIOD));
}

static void end(stage *s)
{
    nr_watch_stop(&s->watch);
    nr_watch_stop(&s->watch); /* once more does nothing */
    nr_engine_free(s->e);
    clr_free(&s->clr);
    nr_arena_free(&s->arena);
    clear_env();
}

/* Waits until the log has the line. */
static bool comes(stage *s, const char *line)
{
    for (int i = 0; i < PATIENCE; i++) {
        if (nr_str_has(logged(&s->arena), nr_str_of(line))) return true;
        nr_os_sleep_ms(PERIOD);
    }
    return false;
}

static size_t rules(stage *s)
{
    return atomic_load(&s->e->generation)->set.count;
}

TEST(a_changed_file_takes_effect)
{
    stage s;
    begin(&s);
    nr_generation *before = atomic_load(&s.e->generation);
    nr_os_sleep_ms(5 * PERIOD);
    CHECK(atomic_load(&s.e->generation) == before); /* nothing has changed */
    put_file(&s.arena, "extensions" SEP "test.lua",
             "tracer {} match { assembly = 'App', class = 'N.C', 'M', 'K' } -- longer than before");
    CHECK(comes(&s, "I The new rules are in force."));
    CHECK(atomic_load(&s.e->generation) != before);
    CHECK_EQ(rules(&s), 2);
    end(&s);
}

TEST(a_broken_edit_keeps_the_rules)
{
    stage s;
    begin(&s);
    nr_generation *before = atomic_load(&s.e->generation);
    put_file(&s.arena, "extensions" SEP "test.lua", "tracer { nmae = 'x' } -- this one has a mistake in it, somewhere");
    CHECK(comes(&s, "W The rules that were in force stay, until the files are corrected."));
    CHECK(nr_str_has(logged(&s.arena), NR_STR("test.lua:1: unknown field 'nmae' in tracer, did you mean 'name'?")));
    CHECK(atomic_load(&s.e->generation) == before);
    put_file(&s.arena, "extensions" SEP "test.lua", "tracer {} -- corrected");
    CHECK(comes(&s, "I The new rules are in force."));
    CHECK_EQ(rules(&s), 0);
    end(&s);
}

TEST(files_that_come_and_go)
{
    stage s;
    begin(&s);
    nr_str file = put_file(&s.arena, "instrumentation" SEP "templates" SEP "own.lua",
                           "template { name = 'own', rets = 'none', max_stack = { at_least = 1 }, body = function(m) "
                           "ldnull() throw() end }");
    CHECK(comes(&s, "I The new rules are in force."));
    CHECK(nr_script_blob(atomic_load(&s.e->generation)->script, NR_STR("own"), 0) != NULL);
    log_start(NR_INFO);
    CHECK(nr_os_remove(file));
    CHECK(comes(&s, "I The new rules are in force."));
    CHECK(nr_script_blob(atomic_load(&s.e->generation)->script, NR_STR("own"), 0) == NULL);
    end(&s);
}

/* Extension files are looked at, those of the runtime too, and no others. */
TEST(which_files)
{
    stage s;
    begin(&s);
    nr_generation *before = atomic_load(&s.e->generation);
    put_file(&s.arena, "extensions" SEP "notes.txt", "not for the profiler");
    nr_os_sleep_ms(5 * PERIOD);
    CHECK(atomic_load(&s.e->generation) == before);
    put_file(&s.arena, "extensions" SEP "netcore" SEP "more.xml", rule("App", "N.C", "More"));
    CHECK(comes(&s, "I The new rules are in force."));
    CHECK_EQ(rules(&s), 2);
    end(&s);
}

/* Modules cannot be listed twice; each time the generation is a new one already. */
static atomic_int listings;

static int32_t each_module_third_time(void *self, void (*each)(void *to, uintptr_t module), void *to)
{
    return atomic_fetch_add(&listings, 1) < 2 ? NR_HR_FAIL : fake_runtime_ops.each_module(self, each, to);
}

static size_t count_of(nr_str text, const char *what)
{
    size_t n = 0, length = strlen(what);
    for (size_t i = 0; i + length <= text.n; i++) n += memcmp(text.p + i, what, length) == 0;
    return n;
}

TEST(a_refresh_that_fails_is_tried_again)
{
    stage s;
    begin(&s);
    nr_runtime_ops ops = *s.e->runtime.ops;
    ops.each_module = each_module_third_time;
    s.e->runtime.ops = &ops;
    atomic_store(&listings, 0);
    put_file(&s.arena, "extensions" SEP "test.lua", "tracer {} match { assembly = 'App', class = 'N.C', 'M', 'K' } --");
    CHECK(comes(&s, "I The new rules are in force."));
    nr_os_sleep_ms(5 * PERIOD);
    CHECK_EQ(atomic_load(&listings), 3); /* and no more */
    CHECK_EQ(rules(&s), 2);
    nr_str log = logged(&s.arena);
    CHECK_EQ(count_of(log, "I Rule files have changed"), 1);
    CHECK_EQ(count_of(log, "W The new rules could not be put in force (80004005): this is tried again at each look."),
             1);
    end(&s);
}

/* What cannot be looked at has not changed. */
TEST(no_memory_for_a_look)
{
    stage s;
    begin(&s);
    nr_alloc_fail_at(1, 1);
    nr_os_sleep_ms(5 * PERIOD);
    CHECK(nr_alloc_has_failed());
    nr_alloc_fail_at(0, 0);
    nr_os_sleep_ms(3 * PERIOD);
    CHECK_EQ(count_of(logged(&s.arena), "Rule files have changed"), 0);
    end(&s);
}

TEST(no_home_directory)
{
    stage s;
    begin(&s);
    nr_watch_stop(&s.watch);
    set_env("CORECLR_NEW_RELIC_HOME", NULL);
    nr_generation *before = atomic_load(&s.e->generation);
    CHECK(nr_watch_start(&s.watch, s.e, PERIOD));
    nr_os_sleep_ms(5 * PERIOD);
    CHECK(atomic_load(&s.e->generation) == before);
    end(&s);
}

TESTS(watch, T(a_changed_file_takes_effect), T(a_broken_edit_keeps_the_rules), T(files_that_come_and_go),
      T(which_files), T(a_refresh_that_fails_is_tried_again), T(no_memory_for_a_look), T(no_home_directory))
