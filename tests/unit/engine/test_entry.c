/* Module: methods that wait for the agent's function. What is written for them: scenarios. */
#include "fake_build.h"

#include "engine/entry.h"
#include "test.h"

typedef struct stage {
    fake_clr clr;
    nr_engine *e;
    nr_method_sig sig; /* static: no `this` to look at */
    nr_method m;
    nr_entry *entry;
} stage;

static void begin(stage *s)
{
    memset(s, 0, sizeof *s);
    clear_env();
    set_env("NEW_RELIC_DIRECT_CALL", "1");
    log_start(NR_INFO);
    clr_init(&s->clr, true);
    s->e = start_engine(&s->clr, NULL, NULL);
    s->m = (nr_method){.e = s->e, .g = atomic_load(&s->e->generation), .module_id = 0x10000, .sig = &s->sig};
    s->entry = &s->e->entry;
    CHECK(nr_script_entry(s->m.g->script, NR_STR("direct")) != NULL); /* read now, not at the first method */
}

static void end(stage *s)
{
    nr_engine_free(s->e);
    clr_free(&s->clr);
    clear_env();
}

/* The stand-in writes the method, whether or not it can be noted. */
static void ask(stage *s, uint32_t row)
{
    s->m.token = 0x06000000 | row;
    nr_str name = nr_entry_template_for(&s->m, NR_STR("direct"));
    CHECK(name.n > 0 && !nr_str_is(name, "direct"));
}

/* The two lists have one size, and what was noted stays. */
TEST(no_memory_for_the_list)
{
    stage s;
    begin(&s);
    for (uint32_t noted = 0; noted <= 64; noted += 64) {
        for (unsigned long n = 1; n <= 2; n++) {
            nr_alloc_fail_at(n, 0);
            ask(&s, 1000);
            CHECK(nr_alloc_has_failed());
            nr_alloc_fail_at(0, 0);
            CHECK_EQ(s.entry->count, noted);
            CHECK_EQ(s.entry->room, noted);
        }
        for (uint32_t i = 1; i <= 64; i++) ask(&s, noted + i);
        CHECK_EQ(s.entry->count, noted + 64);
    }
    for (uint32_t i = 0; i < s.entry->count; i++) {
        CHECK_EQ(s.entry->tokens[i], 0x06000001 + i);
        CHECK_EQ(s.entry->modules[i], 0x10000);
    }
    end(&s);
}

/* Methods of a module that goes are not asked for. */
TEST(a_module_that_goes)
{
    stage s;
    begin(&s);
    for (uint32_t i = 1; i <= 4; i++) {
        s.m.module_id = i % 2 ? 0x10000 : 0x20000;
        ask(&s, i);
    }
    nr_entry_forget_module(s.entry, 0x10000);
    CHECK_EQ(s.entry->count, 2);
    CHECK_EQ(s.entry->tokens[0], 0x06000002);
    CHECK_EQ(s.entry->tokens[1], 0x06000004);
    end(&s);
}

TESTS(entry, T(no_memory_for_the_list), T(a_module_that_goes))
