/* Module: names with wildcards, and the index over them. */
#include "rules/glob.h"

#include "base/alloc.h"
#include "rules/ruleset.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

TEST(names)
{
    static const struct {
        const char *pattern, *text;
        bool yes;
    } rows[] = {
        {"Execute", "Execute", true},
        {"Execute", "Execute2", false},
        {"Execute*", "Execute", true},
        {"Execute*", "ExecuteAll", true},
        {"Execute*", "execute", false},
        {"*All", "ExecuteAll", true},
        {"*All", "AllExecute", false},
        {"E*A*l", "ExecuteAll", true},
        {"E*A*x", "ExecuteAll", false},
        {"*ecu*", "Execute", true},
        {"*", "", true},
        {"**", "x", true},
        {"a*b", "ab", true},
        {"a*b", "a", false},
        {"a*ab", "aab", true},
        {"*aab", "aaaab", true},
        {"", "", true},
        {"", "x", false},
        {"*", "<M>b__0", false},
        {"<*", "<M>b__0", true},
        {"*<M>*", "C+<M>d__1", true},
        {"*", ".ctor", false},
        {".*", ".ctor", true},
        {"*ctor", ".ctor", false},
        {".ctor", ".ctor", true},
        {"<M>b__0", "<M>b__0", true},
        {"N.*", "N.C+I", true},
        {"*.\xe6\x97\xa5*", "N.\xe6\x97\xa5\xe6\x9c\xac", true},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        if (!CHECK_EQ(nr_glob_matches(nr_str_of(rows[i].pattern), nr_str_of(rows[i].text)), rows[i].yes))
            printf("    %s on %s\n", rows[i].pattern, rows[i].text);
    }
    CHECK(nr_glob_matches_ci(NR_STR("contoso.*"), NR_STR("Contoso.Shop")));
    CHECK(nr_glob_matches_ci(NR_STR("contoso"), NR_STR("CONTOSO")));
    CHECK(!nr_glob_matches_ci(NR_STR("contoso"), NR_STR("Contoso.Shop")));
    CHECK(!nr_glob_matches_ci(NR_STR("List`*"), NR_STR("List@1"))); /* 0x20 apart, but no letters */
}

/* A pattern with many stars on a long text: no exponential time. */
TEST(a_hard_pattern)
{
    static char pattern[2001], text[20001];
    for (size_t i = 0; i + 1 < sizeof pattern; i++) pattern[i] = i % 2 ? '*' : 'a';
    pattern[sizeof pattern - 2] = 'b';
    memset(text, 'a', sizeof text - 1);
    CHECK(!nr_glob_matches(nr_str_of(pattern), nr_str_of(text)));
}

TEST(parameters)
{
    static const struct {
        const char *pattern, *text;
        bool yes, wild;
    } rows[] = {
        {"", "", true, false},
        {"", "System.Int32", false, false},
        {"System.Int32", "System.Int32", true, false},
        {"System.Int32", "System.Int32,System.Int32", false, false},
        {"System.Byte*", "System.Byte*", true, false},
        {"System.Byte*", "System.ByteArray", false, false},
        {"*", "System.Int32", true, true},
        {"*", "", false, true},
        {"*", "System.Int32,System.Int32", false, true},
        {"*,*", "System.Int32,System.Collections.Generic.Dictionary`2[System.Int32,System.String]", true, true},
        {"*", "System.Collections.Generic.Dictionary`2[System.Int32,System.String]", true, true},
        {"System.*", "System.IO.Stream", true, true},
        {"System.*", "Contoso.X", false, true},
        {"System.*.Stream", "System.IO.Stream", true, true},
        {"System.Collections.Generic.List`1[*]", "System.Collections.Generic.List`1[System.Int32]", true, true},
        {"...", "", true, true},
        {"...", "System.Int32,System.Int32", true, true},
        {"System.Int32,...", "System.Int32", true, true},
        {"System.Int32,...", "System.Int32,A.B,C", true, true},
        {"System.Int32,...", "System.String", false, true},
        {"*,...", "", false, true},
        {"System.Int32,System.Int32,...", "System.Int32", false, true},
        {"...,System.Int32", "System.Int32,System.Int32", false, false}, /* only at the end */
        {"*,*", "method void *(System.Int32,System.String),System.Int32", true, true},
        {"*", "method void *(System.Int32,System.String),System.Int32", false, true},
        {"*,*", "C`2<A,B>,D", true, true},
        {"A),B]", "A),B]", true, false}, /* closes nothing */
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        nr_str p = nr_str_of(rows[i].pattern);
        if (!CHECK_EQ(nr_glob_matches_parameters(p, nr_str_of(rows[i].text)), rows[i].yes))
            printf("    %s on %s\n", rows[i].pattern, rows[i].text);
        CHECK_EQ(nr_glob_parameters_have_wildcard(p), rows[i].wild);
    }
}

typedef struct seen {
    unsigned times[400];
} seen;

static void see(void *self, uint32_t number)
{
    ((seen *)self)->times[number]++;
}

static nr_str random_text(nr_arena *a, const char *letters, size_t longest)
{
    char text[40];
    size_t n = (size_t)rand() % (longest + 1), count = strlen(letters);
    for (size_t i = 0; i < n; i++) text[i] = letters[(size_t)rand() % count];
    return nr_arena_str(a, (nr_str){text, n});
}

/* The index finds each pattern that matches, once, and no other. */
TEST(index_and_patterns_agree)
{
    nr_arena a = NR_ARENA_INIT;
    nr_globs g;
    nr_str patterns[400];
    srand(7);
    nr_globs_init(&g, &a);
    while (g.count < 300) {
        uint32_t n;
        nr_str p = random_text(&a, "ab.<**", 9);
        if (CHECK(nr_globs_add(&g, p, &n))) patterns[n] = p;
    }
    unsigned found = 0;
    for (int round = 0; round < 3000; round++) {
        seen s = {{0}};
        nr_str text = random_text(&a, "ab.<", 12);
        nr_globs_each(&g, text, see, &s);
        for (uint32_t i = 0; i < g.count; i++) {
            bool yes = nr_glob_matches(patterns[i], text);
            found += yes;
            if (s.times[i] != yes && CHECK_EQ(s.times[i], yes))
                printf("    %.*s on %.*s\n", NR_STR_ARG(patterns[i]), NR_STR_ARG(text));
        }
    }
    CHECK(found > 1000);
    uint32_t again;
    CHECK(nr_globs_add(&g, patterns[5], &again));
    CHECK_EQ(again, 5);
    nr_arena_free(&a);
}

/* Literals longer than what is looked up, and a text that is a pattern itself. */
TEST(long_and_odd_texts)
{
    enum { LONG = NR_GLOB_ANCHOR + 50 };
    nr_arena a = NR_ARENA_INIT;
    nr_globs g;
    char head[LONG + 2], tail[LONG + 2], text[LONG + 10];
    uint32_t number;
    nr_globs_init(&g, &a);
    memset(head, 'h', LONG);
    memset(tail + 1, 't', LONG);
    head[LONG] = tail[0] = '*';
    CHECK(nr_globs_add(&g, (nr_str){head, LONG + 1}, &number) && number == 0);
    CHECK(nr_globs_add(&g, (nr_str){tail, LONG + 1}, &number) && number == 1);
    CHECK(nr_globs_add(&g, NR_STR("a*"), &number) && number == 2);
    for (size_t n = LONG - 1; n <= LONG + 1; n++) {
        seen heads = {{0}}, tails = {{0}};
        memset(text, 'h', n);
        nr_globs_each(&g, (nr_str){text, n}, see, &heads);
        CHECK(heads.times[0] == (n >= LONG) && !heads.times[1] && !heads.times[2]);
        memset(text, 't', n);
        nr_globs_each(&g, (nr_str){text, n}, see, &tails);
        CHECK(!tails.times[0] && tails.times[1] == (n >= LONG) && !tails.times[2]);
    }
    seen star = {{0}};
    nr_globs_each(&g, NR_STR("a*"), see, &star);
    CHECK_EQ(star.times[2], 1);
    nr_arena_free(&a);
}

/* ---- rules ----------------------------------------------------------------------------- */

static nr_wide *add_rule(nr_ruleset *set, nr_str assembly, nr_str class_name, nr_str method)
{
    nr_point *p = nr_ruleset_new_point(set);
    p->assembly = assembly;
    p->class_name = class_name;
    p->method = method;
    p->factory = p->metric = NR_STR("");
    p->wide = nr_arena_zalloc(&set->arena, 1, sizeof *p->wide);
    p->wide->point = p;
    CHECK(nr_ruleset_add(set, p, true));
    return p->wide;
}

static void see_rule(void *self, const nr_wide *rule)
{
    ((seen *)self)->times[rule->order]++;
}

/* Whichever list is the smaller one, the same rules come out: those that fit in all three names. */
TEST(views_and_rules_agree)
{
    static const nr_version version = {{1, 0, 0, 0}};
    nr_ruleset set;
    unsigned found = 0, classes = 0;
    srand(11);
    CHECK(nr_ruleset_init(&set));
    for (int i = 0; i < 300; i++)
        add_rule(&set, random_text(&set.arena, "AB*", 3), random_text(&set.arena, "ab.**", 5),
                 random_text(&set.arena, "mn*", 4));
    for (int round = 0; round < 60; round++) {
        nr_wide_view v;
        nr_str assembly = random_text(&set.arena, "AB", 4);
        if (!CHECK(nr_wide_view_begin(&v, &set.wides, assembly, &version))) break;
        CHECK_EQ(v.count != 0, nr_wides_know_assembly(&set.wides, assembly));
        for (int c = 0; c < 20; c++) {
            nr_str class_name = random_text(&set.arena, "ab.", 6);
            bool any = nr_wide_view_class(&v, class_name);
            for (int k = 0; k < 5; k++) {
                seen s = {{0}};
                nr_str method = random_text(&set.arena, "mn", 5);
                if (any) nr_wide_view_method(&v, method, see_rule, &s);
                classes += any;
                for (uint32_t i = 0; i < set.wides.count; i++) {
                    const nr_point *p = set.wides.items[i]->point;
                    bool yes = nr_glob_matches(p->assembly, assembly) && nr_glob_matches(p->class_name, class_name) &&
                               nr_glob_matches(p->method, method);
                    found += yes;
                    CHECK_EQ(s.times[i], yes);
                }
            }
        }
        nr_wide_view_end(&v);
    }
    CHECK(found > 1000 && classes > 1000);
    nr_ruleset_free(&set);
}

TEST(versions_and_foundations)
{
    static const nr_version one = {{1, 0, 0, 0}}, three = {{3, 0, 0, 0}};
    nr_ruleset set;
    nr_wide_view v;
    CHECK(nr_ruleset_init(&set));
    nr_wide *w = add_rule(&set, NR_STR("*"), NR_STR("*"), NR_STR("*"));
    w->point->has_max = true;
    w->point->max = (nr_version){{2, 0, 0, 0}};
    add_rule(&set, NR_STR("NewRelic.X"), NR_STR("*"), NR_STR("*"));
    CHECK(nr_wide_view_begin(&v, &set.wides, NR_STR("A"), &one));
    CHECK_EQ(v.count, 1);
    nr_wide_view_end(&v);
    CHECK(nr_wide_view_begin(&v, &set.wides, NR_STR("A"), &three));
    CHECK_EQ(v.count, 0);
    nr_wide_view_end(&v);
    CHECK(!nr_wides_know_assembly(&set.wides, NR_STR("System.Private.CoreLib")));
    CHECK(!nr_wides_know_assembly(&set.wides, NR_STR("mscorlib")));
    CHECK(!nr_wides_know_assembly(&set.wides, NR_STR("NewRelic.Y")));
    CHECK(nr_wides_know_assembly(&set.wides, NR_STR("NewRelic.X")));
    CHECK(nr_wides_know_assembly(&set.wides, NR_STR("System.Private.Xml")));
    nr_ruleset_free(&set);
}

static void count_rule(void *self, const nr_wide *rule)
{
    (void)rule;
    ++*(unsigned *)self;
}

/* A rule that could not be taken is not there, and one that could is found; a view is whole or none. */
TEST(no_memory)
{
    static const nr_version version = {{1, 0, 0, 0}};
    static const char *const names[] = {"A.*", "*.B", "*C*", "D", "*", "E*", "F*", "*G", "H*"};
    nr_alloc_count(1);
    nr_arena_exact(true);
    unsigned whole = 0, refused = 0, no_view = 0;
    for (unsigned long n = 1; n < 400 && !whole; n++) {
        nr_ruleset set;
        nr_wide_view v;
        unsigned added = 0, found = 0;
        nr_alloc_fail_at(n, 0);
        bool made = nr_ruleset_init(&set);
        for (size_t i = 0; made && i < 5 * NR_COUNT(names); i++) {
            nr_point *p = nr_ruleset_new_point(&set);
            if (!p) continue;
            p->assembly = nr_arena_printf(&set.arena, "%s%s", i % 2 ? "" : "*", names[i % NR_COUNT(names)]);
            p->class_name = p->method = NR_STR("*");
            p->wide = nr_arena_zalloc(&set.arena, 1, sizeof *p->wide);
            if (!p->wide || !p->assembly.p) continue;
            p->wide->point = p;
            bool ok = nr_ruleset_add(&set, p, true);
            refused += !ok;
            added += ok && nr_glob_matches(p->assembly, NR_STR("A.B"));
        }
        if (made) {
            bool viewed = nr_wide_view_begin(&v, &set.wides, NR_STR("A.B"), &version);
            whole = !nr_alloc_has_failed();
            nr_alloc_fail_at(0, 0);
            no_view += !viewed;
            if (viewed) {
                if (nr_wide_view_class(&v, NR_STR("X"))) nr_wide_view_method(&v, NR_STR("Y"), count_rule, &found);
                CHECK_EQ(found, added);
                nr_wide_view_end(&v);
            }
            nr_ruleset_free(&set);
        }
        nr_alloc_fail_at(0, 0);
        CHECK_EQ(nr_alloc_live(), 0);
    }
    CHECK(whole && refused > 0 && no_view > 0); /* how many there are depends on the size of a pointer */
    nr_arena_exact(false);
    nr_alloc_count(0);
}

TESTS(glob, T(names), T(a_hard_pattern), T(parameters), T(index_and_patterns_agree), T(long_and_odd_texts),
      T(views_and_rules_agree), T(versions_and_foundations), T(no_memory))
