/* Module: points and the indexes over them (instrumentation-xml.md 6, newrelic-config.md 5.2). */
#include "fixture.h"

#include "rules/ruleset.h"

static nr_point *add(nr_ruleset *set, const char *assembly, const char *class_name, const char *method,
                     const char *parameters)
{
    nr_point *p = nr_ruleset_new_point(set);
    p->assembly = nr_str_of(assembly);
    p->class_name = nr_str_of(class_name);
    p->method = nr_str_of(method);
    p->has_parameters = parameters != NULL;
    if (parameters) p->parameters = nr_str_of(parameters);
    CHECK(nr_ruleset_add(set, p, true));
    return p;
}

static nr_point *lookup(const nr_ruleset *set, const char *class_name, const char *method, const char *parameters)
{
    nr_arena a = NR_ARENA_INIT;
    nr_point *p =
        nr_ruleset_lookup(set, &a, NR_STR("A"), nr_str_of(class_name), nr_str_of(method), nr_str_of(parameters));
    nr_arena_free(&a);
    return p;
}

/* selection-in-native.md 2.1: names that are there without any rule. */
TEST(helper_names)
{
    static const char *const methods[] = {"GetAppDomainBoolean",
                                          "GetThreadLocalBoolean",
                                          "SetThreadLocalBoolean",
                                          "GetMethodFromAppDomainStorageOrReflectionOrThrow",
                                          "GetMethodFromAppDomainStorage",
                                          "GetMethodViaReflectionOrThrow",
                                          "GetTypeViaReflectionOrThrow",
                                          "LoadAssemblyOrThrow",
                                          "StoreMethodInAppDomainStorageOrThrow"};
    nr_ruleset set;
    CHECK(nr_ruleset_init(&set));
    CHECK(nr_ruleset_has_assembly(&set, NR_STR("mscorlib")));
    CHECK(!nr_ruleset_has_assembly(&set, NR_STR("Mscorlib")));
    CHECK(nr_ruleset_has_class(&set, NR_STR("System.CannotUnloadAppDomainException")));
    CHECK(!nr_ruleset_has_class(&set, NR_STR("mscorlib")));
    for (size_t i = 0; i < NR_COUNT(methods); i++) CHECK(nr_ruleset_has_method(&set, nr_str_of(methods[i])));
    CHECK(!nr_ruleset_has_method(&set, NR_STR("SetAppDomainBoolean"))); /* has no place in the set */
    CHECK_EQ(set.count, 0);
    CHECK(nr_ruleset_of_assembly(&set, NR_STR("mscorlib")) == NULL);
    CHECK(lookup(&set, "C", "M", "") == NULL);
    nr_ruleset_free(&set);
}

/* 6.2 and 6.4 */
TEST(keys)
{
    nr_ruleset set;
    CHECK(nr_ruleset_init(&set));
    nr_point *any = add(&set, "A", "N.C", "M", NULL), *none = add(&set, "A", "N.C", "M", "");
    nr_point *two = add(&set, "A", "N.C", "M", "x,y"), *other = add(&set, "A", "N.C", "O", "x");
    CHECK(lookup(&set, "N.C", "M", "x") == any);
    CHECK(lookup(&set, "N.C", "M", "") == none);
    CHECK(lookup(&set, "N.C", "M", "x,y") == two);
    CHECK(lookup(&set, "N.C", "M", "x,Y") == any); /* ordinal */
    CHECK(lookup(&set, "N.C", "O", "x") == other);
    CHECK(lookup(&set, "N.C", "O", "") == NULL);
    CHECK(lookup(&set, "N.c", "M", "") == NULL);
    CHECK(lookup(&set, "N", "C.M", "") == none); /* the whole key is one text, as in the reference */
    CHECK(lookup(&set, "N.C", "m", "") == NULL);
    nr_ruleset_free(&set);
}

/* The order of the files decides between rules for one method (6.6). */
TEST(order_of_a_key)
{
    nr_ruleset set;
    CHECK(nr_ruleset_init(&set));
    nr_point *p[4];
    for (int i = 0; i < 3; i++) p[i] = add(&set, "A", "C", "M", NULL);
    p[3] = add(&set, "A", "C", "M", "x");
    CHECK(lookup(&set, "C", "M", "") == p[0]);
    CHECK(p[0]->next_of_key == p[1] && p[1]->next_of_key == p[2] && !p[2]->next_of_key);
    CHECK(lookup(&set, "C", "M", "x") == p[3] && !p[3]->next_of_key);
    CHECK(set.first == p[0] && p[0]->next == p[1] && set.last == p[3]);
    CHECK_EQ(set.count, 4);
    /* Newest first. */
    const nr_point *a = nr_ruleset_of_assembly(&set, NR_STR("A"));
    for (int i = 3; i >= 0; i--, a = a ? a->next_of_assembly : NULL) CHECK(a == p[i]);
    CHECK(a == NULL);
    nr_ruleset_free(&set);
}

TEST(ignore)
{
    static const struct {
        const char *assembly, *class_name;
        bool ignored;
    } rows[] = {{"Whole", "Any", true}, {"WHOLE", "Any", true}, {"Whole2", "Any", false}, {"Half", "N.C", true},
                {"hALF", "n.c", true},  {"Half", "N.D", false}, {"Empty", "", true},      {"Empty", "X", false},
                {"A1", "X", true},      {"A\x11", "X", true}}; /* 6.5: equal after bit 0x20 of one unit */
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        nr_ruleset set;
        CHECK(nr_ruleset_init(&set));
        CHECK(nr_ruleset_add_ignore(&set, NR_STR("Whole"), (nr_str){NULL, 0}, false));
        CHECK(nr_ruleset_add_ignore(&set, NR_STR("Half"), NR_STR("N.C"), false));
        CHECK(nr_ruleset_add_ignore(&set, NR_STR("Empty"), NR_STR(""), false));
        CHECK(nr_ruleset_add_ignore(&set, NR_STR("A1"), (nr_str){NULL, 0}, false));
        add(&set, rows[i].assembly, rows[i].class_name, "M", NULL);
        CHECK_EQ(set.count, !rows[i].ignored);
        CHECK_EQ(nr_ruleset_has_assembly(&set, nr_str_of(rows[i].assembly)), !rows[i].ignored);
        nr_point *p = nr_ruleset_new_point(&set); /* the point of the environment is not ignored */
        p->assembly = nr_str_of(rows[i].assembly);
        p->class_name = p->method = NR_STR("");
        CHECK(nr_ruleset_add(&set, p, false));
        CHECK_EQ(set.count, 1 + !rows[i].ignored);
        nr_ruleset_free(&set);
    }
}

/* instrumentation-xml.md 5.4: from min on, up to and without max, with the lines that say so. */
TEST(version_bounds)
{
    static const struct {
        uint16_t v;
        bool min, max, ok;
        const char *log;
    } rows[] = {
        {1, false, false, true, ""},
        {2, true, true, true, ""},
        {1, true, false, false, "D A version 1.0.0.0 does not meet minimum version 2.0.0.0\n"},
        {4, false, true, false, "D A version 4.0.0.0 exceeds maximum version 4.0.0.0\n"},
        {3, true, true, true, ""},
        {5, true, true, false, "D A version 5.0.0.0 exceeds maximum version 4.0.0.0\n"},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        nr_ruleset set;
        nr_arena a = NR_ARENA_INIT;
        CHECK(nr_ruleset_init(&set));
        log_start(NR_DEBUG);
        nr_point *p = nr_ruleset_new_point(&set);
        p->has_min = rows[i].min;
        p->has_max = rows[i].max;
        p->min.part[0] = 2;
        p->max.part[0] = 4;
        nr_version v = {{rows[i].v, 0, 0, 0}};
        CHECK_EQ(nr_point_accepts_version(p, NR_STR("A"), &v), rows[i].ok);
        CHECK_STR(logged(&a), rows[i].log);
        nr_arena_free(&a);
        nr_ruleset_free(&set);
    }
}

TEST(no_memory)
{
    nr_alloc_count(1);
    for (unsigned long n = 1; n < 100; n++) {
        nr_ruleset set;
        nr_arena_exact(n >= 40);
        nr_alloc_fail_at(n < 40 ? n : n - 39, 0);
        if (nr_ruleset_init(&set)) {
            for (int i = 0; i < 200; i++) {
                nr_point *p = nr_ruleset_new_point(&set);
                if (!p) continue;
                p->assembly = p->class_name = p->method = NR_STR("X");
                nr_ruleset_add(&set, p, true);
                nr_ruleset_add_ignore(&set, NR_STR("Y"), NR_STR("Z"), false);
            }
            CHECK(set.count >= 198);
            nr_ruleset_free(&set);
        }
        nr_alloc_fail_at(0, 0);
        CHECK_EQ(nr_alloc_live(), 0);
    }
    nr_arena_exact(false);
    nr_alloc_count(0);
}

/* The names differ, so that the maps grow: a point is in the set and found by its key, or in neither. */
TEST(no_memory_for_many_names)
{
    enum { POINTS = 40 };
    nr_alloc_count(1);
    nr_arena_exact(true);
    bool whole = false;
    unsigned lost = 0;
    for (unsigned long n = 1; n < 500 && !whole; n++) {
        nr_ruleset set;
        nr_point *added[POINTS] = {NULL};
        unsigned denied = 0, count = 0;
        nr_alloc_fail_at(n, 0);
        if (nr_ruleset_init(&set)) {
            for (unsigned i = 0; i < POINTS; i++) {
                nr_point *p = nr_ruleset_new_point(&set);
                if (!p) continue;
                p->assembly = nr_arena_printf(&set.arena, "A%u", i);
                p->class_name = nr_arena_printf(&set.arena, "C%u", i);
                p->method = nr_arena_printf(&set.arena, "M%u", i);
                if (!p->assembly.p || !p->class_name.p || !p->method.p) continue;
                if (nr_ruleset_add(&set, p, true)) added[i] = p;
                denied += nr_ruleset_add_denied(&set, p->assembly, NR_STR("f"), i);
            }
            nr_arena scratch = NR_ARENA_INIT;
            for (unsigned i = 0; i < POINTS; i++) {
                if (!added[i]) continue;
                count++;
                nr_point *p = nr_ruleset_lookup(&set, &scratch, added[i]->assembly, added[i]->class_name,
                                                added[i]->method, NR_STR("System.Int32"));
                CHECK(p == added[i] || (!p && nr_alloc_has_failed())); /* the key is made anew */
            }
            whole = !nr_alloc_has_failed();
            CHECK_EQ(set.count, count);
            CHECK(count >= POINTS - 1 && denied >= POINTS - 1);
            lost += count < POINTS;
            nr_arena_free(&scratch);
            nr_ruleset_free(&set);
        }
        nr_alloc_fail_at(0, 0);
        CHECK_EQ(nr_alloc_live(), 0);
    }
    CHECK(whole && lost > 50);
    nr_arena_exact(false);
    nr_alloc_count(0);
}

/* Of two rules for one method the second is named when a version exists that both accept. */
TEST(hidden_rules)
{
    static const struct {
        uint16_t min_a, max_a, min_b, max_b; /* 0: no bound */
        const char *factory, *metric, *template_name;
        uint32_t flags;
        const char *log;
    } rows[] = {
        {0, 0, 0, 0, "F", "M", "T", 1, "D b:2: the rule for [A]C.M stands behind the one at a:1, which goes first\n"},
        {0, 0, 0, 0, "G", "M", "T", 1, "I b:2: the rule for [A]C.M stands behind the one at a:1, which goes first\n"},
        {0, 0, 0, 0, "F", "N", "T", 1, "I b:2: the rule for [A]C.M stands behind the one at a:1, which goes first\n"},
        {0, 0, 0, 0, "F", "M", "U", 1, "I b:2: the rule for [A]C.M stands behind the one at a:1, which goes first\n"},
        {0, 0, 0, 0, "F", "M", "T", 2, "I b:2: the rule for [A]C.M stands behind the one at a:1, which goes first\n"},
        {0, 3, 3, 0, "F", "M", "T", 1, ""},
        {0, 4, 3, 0, "F", "M", "T", 1, "D b:2: the rule for [A]C.M stands behind the one at a:1, which goes first\n"},
        {3, 0, 0, 3, "F", "M", "T", 1, ""},
        {3, 0, 0, 4, "F", "M", "T", 1, "D b:2: the rule for [A]C.M stands behind the one at a:1, which goes first\n"},
        {3, 4, 0, 0, "F", "M", "T", 1, "D b:2: the rule for [A]C.M stands behind the one at a:1, which goes first\n"},
        {0, 0, 3, 4, "F", "M", "T", 1, "D b:2: the rule for [A]C.M stands behind the one at a:1, which goes first\n"},
        {3, 4, 4, 5, "F", "M", "T", 1, ""},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        nr_ruleset set;
        nr_arena a = NR_ARENA_INIT;
        CHECK(nr_ruleset_init(&set));
        for (uint32_t k = 0; k < 2; k++) {
            nr_point *p = nr_ruleset_new_point(&set);
            uint16_t min = k ? rows[i].min_b : rows[i].min_a, max = k ? rows[i].max_b : rows[i].max_a;
            p->assembly = NR_STR("A");
            p->class_name = NR_STR("C");
            p->method = NR_STR("M");
            p->factory = nr_str_of(k ? rows[i].factory : "F");
            p->metric = nr_str_of(k ? rows[i].metric : "M");
            p->template_name = nr_str_of(k ? rows[i].template_name : "T");
            atomic_store(&p->flags, k ? rows[i].flags : 1);
            p->file = nr_str_of(k ? "b" : "a");
            p->line = k + 1;
            p->has_min = min != 0;
            p->min.part[0] = min;
            p->has_max = max != 0;
            p->max.part[0] = max;
            CHECK(nr_ruleset_add(&set, p, true));
        }
        log_start(NR_DEBUG);
        nr_ruleset_report_hidden(&set);
        CHECK_STR(logged(&a), rows[i].log);
        nr_arena_free(&a);
        nr_ruleset_free(&set);
    }
    nr_log_reset();
}

TESTS(ruleset, T(helper_names), T(keys), T(order_of_a_key), T(ignore), T(version_bounds), T(no_memory),
      T(no_memory_for_many_names), T(hidden_rules))
