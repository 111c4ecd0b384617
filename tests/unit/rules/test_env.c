#include "fixture.h"

TEST(table)
{
    /* environment-and-files.md 2: names, older names, runtimes */
    static const struct {
        const char *name, *legacy;
        nr_env_runtime runtime;
    } rows[] = {
        {"NEW_RELIC_HOME", "NEWRELIC_HOME", NR_ENV_FRAMEWORK},
        {"CORECLR_NEW_RELIC_HOME", "CORECLR_NEWRELIC_HOME", NR_ENV_CORE},
        {"NEW_RELIC_INSTALL_PATH", "NEWRELIC_INSTALL_PATH", NR_ENV_BOTH},
        {"NEW_RELIC_FORCE_PROFILING", "NEWRELIC_FORCE_PROFILING", NR_ENV_BOTH},
        {"NEW_RELIC_PROFILER_LOG_DIRECTORY", "NEWRELIC_PROFILER_LOG_DIRECTORY", NR_ENV_BOTH},
        {"NEW_RELIC_LOG_DIRECTORY", "NEWRELIC_LOG_DIRECTORY", NR_ENV_BOTH},
        {"NEW_RELIC_LOG_LEVEL", "NEWRELIC_LOG_LEVEL", NR_ENV_BOTH},
        {"NEW_RELIC_LOG_ENABLED", NULL, NR_ENV_BOTH},
        {"NEW_RELIC_LOG_CONSOLE", NULL, NR_ENV_BOTH},
        {"NEW_RELIC_AZURE_FUNCTION_LOG_LEVEL_OVERRIDE", NULL, NR_ENV_BOTH},
        {"FUNCTIONS_WORKER_RUNTIME", NULL, NR_ENV_BOTH},
        {"NEW_RELIC_AZURE_FUNCTION_MODE_ENABLED", NULL, NR_ENV_BOTH},
        {"NEW_RELIC_INCLUDED_APPLICATION_NAMES", NULL, NR_ENV_FRAMEWORK},
        {"NEW_RELIC_EXCLUDED_APPLICATION_NAMES", NULL, NR_ENV_BOTH},
        {"APP_POOL_ID", "ASPNETCORE_IIS_APP_POOL_ID", NR_ENV_BOTH},
        {"NEW_RELIC_LAMBDA_HANDLER", NULL, NR_ENV_BOTH},
        {"_HANDLER", NULL, NR_ENV_BOTH},
        {"NEW_RELIC_DISABLE_APPDOMAIN_CACHING", NULL, NR_ENV_FRAMEWORK},
        {"NEW_RELIC_PROFILER_DISABLED", NULL, NR_ENV_BOTH},
        {"NEW_RELIC_PROFILER_FAULT_LIMIT", NULL, NR_ENV_BOTH},
        {"NEW_RELIC_FAST_START", NULL, NR_ENV_BOTH},
        {"NEW_RELIC_DIRECT_CALL", NULL, NR_ENV_BOTH},
        {"NEW_RELIC_VETO_INLINING", NULL, NR_ENV_BOTH},
        {"NEW_RELIC_SAFE_REWRITE", NULL, NR_ENV_BOTH},
        {"NEW_RELIC_NESTED_TYPES_AT_LOAD", NULL, NR_ENV_BOTH},
        {"NEW_RELIC_BY_REF_LIKE_AS_NULL", NULL, NR_ENV_BOTH},
        {"NEW_RELIC_FLAGS_PER_METHOD", NULL, NR_ENV_BOTH},
        {"NEW_RELIC_REPORT_REJIT_ERRORS", NULL, NR_ENV_BOTH},
        {"NEW_RELIC_RULES_DISABLED", NULL, NR_ENV_BOTH},
        {"NEW_RELIC_TEMPLATES_DISABLED", NULL, NR_ENV_BOTH},
        {"NEW_RELIC_RULES_WATCH", NULL, NR_ENV_BOTH},
        {"NEW_RELIC_PROFILER_DELAY_IN_SEC", "NEWRELIC_PROFILER_DELAY_IN_SEC", NR_ENV_BOTH},
        {"HOME_EXPANDED", NULL, NR_ENV_BOTH},
        {"HOME", NULL, NR_ENV_BOTH},
        {"NEWRELIC_VALIDATION_ENABLED", NULL, NR_ENV_BOTH},
        {"NEWRELIC_VALIDATION_OUTPUT", NULL, NR_ENV_BOTH},
        {"NEWRELIC_VALIDATION_TARGET", NULL, NR_ENV_BOTH},
        {"NEWRELIC_VALIDATION_SHADOW", NULL, NR_ENV_BOTH},
        {"NEWRELIC_VALIDATION_SHADOW_REVERSE", NULL, NR_ENV_BOTH},
        {"NEW_RELIC_PROFILER_FALLBACK", NULL, NR_ENV_BOTH},
        {"NEW_RELIC_PROFILER_FALLBACK_PERCENT", NULL, NR_ENV_BOTH},
    };
    CHECK_EQ(NR_ENV_COUNT, sizeof rows / sizeof rows[0]);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const nr_env_variable *v = NULL;
        for (size_t j = 0; j < NR_ENV_COUNT; j++) {
            if (!strcmp(nr_env_variables[j].name, rows[i].name)) v = &nr_env_variables[j];
        }
        if (!CHECK(v != NULL)) continue;
        CHECK_STR(nr_str_of(v->legacy ? v->legacy : "-"), rows[i].legacy ? rows[i].legacy : "-");
        CHECK_EQ(v->runtime, rows[i].runtime);
        CHECK(v->help[0] && v->help[strlen(v->help) - 1] == '.');
    }
}

TEST(new_and_legacy)
{
    /* 1.1 to 1.4; "-" is "not set" */
    static const struct {
        const char *current, *legacy, *unix_value, *windows_value;
    } rows[] = {
        {NULL, NULL, "-", "-"}, {"a", NULL, "a", "a"}, {NULL, "b", "b", "b"},
        {"a", "b", "a", "a"},   {"", NULL, "", "-"},   {"", "b", "", "b"}, /* an empty new name hides the older one */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        nr_arena a = NR_ARENA_INIT;
        nr_str v;
        clear_env();
        set_env("NEW_RELIC_LOG_LEVEL", rows[i].current);
        set_env("NEWRELIC_LOG_LEVEL", rows[i].legacy);
        bool set = nr_env_get(&a, NR_ENV_LOG_LEVEL, &v);
        CHECK_STR(set ? v : NR_STR("-"), NR_OS_WINDOWS ? rows[i].windows_value : rows[i].unix_value);
        CHECK_EQ(nr_env_is_set(NR_ENV_LOG_LEVEL), set);
        nr_arena_free(&a);
    }
    clear_env();
}

TEST(booleans)
{
    /* 1.5; result with fallback false, then true */
    static const struct {
        const char *value;
        bool or_false, or_true;
    } rows[] = {
        {"true", true, true},    {"TRUE", true, true},      {"1", true, true},   {"false", false, false},
        {"FaLsE", false, false}, {"0", false, false},       {"", false, true},   {"yes", false, true},
        {" true", false, true},  {"truetrue", false, true}, {NULL, false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        clear_env();
        set_env("NEW_RELIC_LOG_ENABLED", rows[i].value);
        CHECK_EQ(nr_env_bool(NR_ENV_LOG_ENABLED, false), rows[i].or_false);
        CHECK_EQ(nr_env_bool(NR_ENV_LOG_ENABLED, true), rows[i].or_true);
    }
    clear_env();
}

TEST(lists)
{
    /* 1.6; pieces in brackets */
    static const struct {
        const char *value, *pieces;
    } rows[] = {
        {"a", "[a]"},    {"a,b", "[a][b]"}, {" a , b ", "[ a ][ b ]"},
        {",a", "[][a]"}, {"a,", "[a]"},     {"a,,b", "[a][][b]"},
        {",", "[]"},     {",,", "[][]"},
    };
    nr_arena a = NR_ARENA_INIT;
    nr_str_list list;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        nr_buf b = NR_BUF_INIT;
        clear_env();
        set_env("NEW_RELIC_INCLUDED_APPLICATION_NAMES", rows[i].value);
        CHECK(nr_env_list(&a, NR_ENV_INCLUDED_APPLICATIONS, &list));
        for (size_t j = 0; j < list.count; j++) nr_buf_printf(&b, "[%.*s]", NR_STR_ARG(list.items[j]));
        CHECK_STR(nr_buf_str(&b), rows[i].pieces);
        nr_buf_free(&b);
    }
    clear_env();
    CHECK(!nr_env_list(&a, NR_ENV_INCLUDED_APPLICATIONS, &list));
    set_env("NEW_RELIC_INCLUDED_APPLICATION_NAMES", "");
    CHECK_EQ(nr_env_list(&a, NR_ENV_INCLUDED_APPLICATIONS, &list), !NR_OS_WINDOWS); /* set, and empty */
    CHECK_EQ(list.count, 0);
    nr_arena_free(&a);
    nr_arena_exact(true); /* the value and the list have a block each; on Windows the UTF-16 of the value, too */
    bool whole = false;
    unsigned long n = 1;
    for (; n <= 10 && !whole; n++) {
        set_env("NEW_RELIC_INCLUDED_APPLICATION_NAMES", "aaaaaaaaaaaaaaaaaaaaaaaaa,b");
        nr_alloc_fail_at(n, 1);
        bool set = nr_env_list(&a, NR_ENV_INCLUDED_APPLICATIONS, &list);
        whole = !nr_alloc_has_failed();
        nr_alloc_fail_at(0, 0);
        CHECK(set && (list.items != NULL) == whole);
        nr_arena_free(&a);
    }
    CHECK(whole && n > 3);
    nr_arena_exact(false);
    clear_env();
}

TEST(azure_functions)
{
    static const struct {
        const char *runtime, *mode;
        bool function, in_process, enabled;
    } rows[] = {
        {NULL, NULL, false, false, true},
        {"", NULL, false, false, true},
        {"dotnet", NULL, true, true, true},
        {"DotNet", "", true, true, true},
        {"dotnet-isolated", "true", true, false, true},
        {"x", "1", true, false, true},
        {"x", "0", true, false, false},
        {"x", "false", true, false, false},
        {"x", "yes", true, false, false}, /* any other text: off */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        clear_env();
        set_env("FUNCTIONS_WORKER_RUNTIME", rows[i].runtime);
        set_env("NEW_RELIC_AZURE_FUNCTION_MODE_ENABLED", rows[i].mode);
        CHECK_EQ(nr_env_is_azure_function(), rows[i].function);
        CHECK_EQ(nr_env_is_azure_in_process(), rows[i].in_process);
        CHECK_EQ(nr_env_azure_mode_enabled(), rows[i].enabled);
    }
    clear_env();
}

TEST(numbers)
{
    static const struct {
        const char *value;
        unsigned number;
        const char *log;
    } rows[] = {
        {NULL, 7, ""},
        {"0", 0, ""},
        {"42", 42, ""},
        {"999999999", 999999999, ""},
        {"1000000000", 7,
         "W NEW_RELIC_PROFILER_FAULT_LIMIT: '1000000000' is no number, 7 counts\n"}, /* nine digits fit */
        {"1/", 7, "W NEW_RELIC_PROFILER_FAULT_LIMIT: '1/' is no number, 7 counts\n"},
        {"1:", 7, "W NEW_RELIC_PROFILER_FAULT_LIMIT: '1:' is no number, 7 counts\n"},
        {"-1", 7, "W NEW_RELIC_PROFILER_FAULT_LIMIT: '-1' is no number, 7 counts\n"},
        {"", 7, NR_OS_WINDOWS ? "" : "W NEW_RELIC_PROFILER_FAULT_LIMIT: '' is no number, 7 counts\n"},
    };
    nr_arena a = NR_ARENA_INIT;
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        clear_env();
        set_env("NEW_RELIC_PROFILER_FAULT_LIMIT", rows[i].value);
        log_start(NR_INFO);
        CHECK_EQ(nr_env_number(NR_ENV_FAULT_LIMIT, 7), rows[i].number);
        CHECK_STR(logged(&a), rows[i].log);
    }
    set_env("NEW_RELIC_PROFILER_FAULT_LIMIT", "42");
    nr_alloc_fail_at(1, 1);
    CHECK_EQ(nr_env_number(NR_ENV_FAULT_LIMIT, 7), 7);
    nr_alloc_fail_at(0, 0);
    nr_log_reset();
    clear_env();
    nr_arena_free(&a);
}

TESTS(env, T(table), T(new_and_legacy), T(booleans), T(lists), T(numbers), T(azure_functions))
