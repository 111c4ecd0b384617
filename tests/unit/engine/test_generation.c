/* Module: which texts of rules a generation takes. */
#include "fake_build.h"

#include "engine/generation.h"
#include "test.h"

static const char one[] = "<extension><instrumentation><tracerFactory><match assemblyName='App' className='N.C'>"
                          "<exactMethodMatcher methodName='M'/></match></tracerFactory></instrumentation></extension>";

static nr_generation *load(nr_arena *a, nr_str *xml, size_t count, const nr_named_text *live, size_t live_count)
{
    nr_extension_files files = {{xml, count}, {NULL, 0}};
    nr_ignore_list ignore = {NULL, 0};
    return nr_generation_load(test_path(a, ""), &files, live, live_count, &ignore);
}

/* NEW_RELIC_RULES_DISABLED: a file is neither parsed nor counted as broken. */
TEST(a_file_that_is_switched_off)
{
    nr_arena a = NR_ARENA_INIT;
    clear_env();
    nr_str files[2];
    files[0] = put_file(&a, "extensions" SEP "Bad.Instrumentation.xml", "<extension");
    files[1] = put_file(&a, "extensions" SEP "Good.Instrumentation.xml", one);
    for (int off = 0; off < 2; off++) {
        set_env(nr_env_variables[NR_ENV_RULES_DISABLED].name, off ? "bad.*" : NULL);
        log_start(NR_INFO);
        nr_generation *g = load(&a, files, 2, NULL, 0);
        CHECK(g != NULL);
        if (g) CHECK_EQ(g->invalid_files, !off);
        if (g) CHECK_EQ(g->set.count, 1);
        CHECK_EQ(nr_str_has(logged(&a), NR_STR("Bad.Instrumentation.xml is switched off by ")), off);
        nr_generation_free(g);
    }
    clear_env();
    nr_arena_free(&a);
}

/* Nobody writes 32 MiB of instrumentation: that is another file, or a mistake. It is not parsed, and the others count. */
TEST(a_text_that_is_too_long)
{
    enum { LARGEST = 32 << 20 };
    nr_arena a = NR_ARENA_INIT;
    char *text = calloc(1, LARGEST + 1);
    if (!CHECK(text != NULL)) return;
    const nr_named_text live[] = {{NR_STR("long"), {text, LARGEST + 1}}, {NR_STR("short"), {one, sizeof one - 1}}};
    clear_env();
    log_start(NR_WARN);
    nr_generation *g = load(&a, NULL, 0, live, 2);
    CHECK(g != NULL);
    if (g) CHECK_EQ(g->invalid_files, 1);
    if (g) CHECK_EQ(g->set.count, 1);
    CHECK_STR(logged(&a), "W long: 33554433 bytes, more than an instrumentation file may have (33554432) - the file is "
                          "skipped\n");
    nr_generation_free(g);
    free(text);
    nr_arena_free(&a);
}

TESTS(generation, T(a_file_that_is_switched_off), T(a_text_that_is_too_long))
