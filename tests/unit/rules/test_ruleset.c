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
    for (unsigned long n = 1; n < 40; n++) {
        nr_ruleset set;
        nr_alloc_fail_at(n, 0);
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
    nr_alloc_count(0);
}

TESTS(ruleset, T(helper_names), T(keys), T(order_of_a_key), T(ignore), T(version_bounds), T(no_memory))
