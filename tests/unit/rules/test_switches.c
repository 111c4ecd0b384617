/* Kill switches by name: NEW_RELIC_RULES_DISABLED, NEW_RELIC_TEMPLATES_DISABLED. */
#include "fixture.h"

#include "rules/switches.h"

TEST(lists)
{
    static const struct {
        const char *list, *name;
        bool off;
    } rows[] = {
        {NULL, "a", false},     {"a", "a", true},    {"a", "b", false},   {"A", "a", true},    {"b,a", "a", true},
        {" b , a ", "a", true}, {"  ", "", false}, /* an empty piece is no name */
        {"a b", "a b", true},   {"a b", "a", false}, {"a*", "abc", true}, {"*c", "abc", true}, {"a*c,x", "abd", false},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        clear_env();
        set_env("NEW_RELIC_TEMPLATES_DISABLED", rows[i].list);
        bool off = nr_switched_off(NR_ENV_TEMPLATES_DISABLED, nr_str_of(rows[i].name));
        if (off != rows[i].off) printf("    '%s', '%s'\n", rows[i].list ? rows[i].list : "", rows[i].name);
        CHECK_EQ(off, rows[i].off);
    }
    clear_env();
}

TEST(patterns_without_case)
{
    static const struct {
        const char *list, *name;
        bool off;
    } rows[] = {
        {"AB*", "abc", true}, {"ab*", "ABC", true}, {"[*", "{", false}, {"@*", "`", false}, {"a*", "1a", false},
    };
    clear_env();
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        set_env("NEW_RELIC_RULES_DISABLED", rows[i].list);
        CHECK_EQ(nr_switched_off(NR_ENV_RULES_DISABLED, nr_str_of(rows[i].name)), rows[i].off);
    }
    clear_env();
}

/* A file by its name, wherever it is. */
TEST(files)
{
    nr_arena a = NR_ARENA_INIT;
    clear_env();
    set_env("NEW_RELIC_RULES_DISABLED", "one.lua");
    log_start(NR_INFO);
    CHECK(nr_file_switched_off(NR_STR("/nr/extensions/one.lua")));
    CHECK(nr_file_switched_off(NR_STR("c:\\nr\\one.lua")));
    CHECK(nr_file_switched_off(NR_STR("one.lua")));
    CHECK(!nr_file_switched_off(NR_STR("/one.lua/two.lua")));
    CHECK(!nr_file_switched_off(NR_STR("/nr/")));
    CHECK_STR(logged(&a), "I /nr/extensions/one.lua is switched off by NEW_RELIC_RULES_DISABLED\n"
                          "I c:\\nr\\one.lua is switched off by NEW_RELIC_RULES_DISABLED\n"
                          "I one.lua is switched off by NEW_RELIC_RULES_DISABLED\n");
    nr_log_reset();
    clear_env();
    nr_arena_free(&a);
}

/* Without memory for the list nothing is switched off, and nothing is lost. */
TEST(no_memory)
{
    clear_env();
    set_env("NEW_RELIC_TEMPLATES_DISABLED", "a,b");
    nr_alloc_count(1);
    nr_arena_exact(true);
    bool off = false;
    for (unsigned long n = 1; n < 10 && !off; n++) {
        nr_alloc_fail_at(n, 0);
        off = nr_switched_off(NR_ENV_TEMPLATES_DISABLED, NR_STR("b"));
        CHECK_EQ(off, !nr_alloc_has_failed());
        nr_alloc_fail_at(0, 0);
        CHECK_EQ(nr_alloc_live(), 0);
    }
    CHECK(off);
    nr_arena_exact(false);
    nr_alloc_count(0);
    clear_env();
}

TESTS(switches, T(lists), T(patterns_without_case), T(files), T(no_memory))
