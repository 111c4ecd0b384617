#include "rules/env.h"

#include "base/log.h"
#include "os/os.h"

const nr_env_variable nr_env_variables[NR_ENV_COUNT] = {
#define X(id, name, legacy, runtime, type, fallback, help) \
    {name, legacy, NR_ENV_##runtime, NR_ENV_##type, fallback, help},
    NR_ENV(X)
#undef X
};

bool nr_env_get(nr_arena *arena, nr_env_id id, nr_str *value)
{
    const nr_env_variable *v = &nr_env_variables[id];
    return nr_os_env(arena, v->name, value) || (v->legacy && nr_os_env(arena, v->legacy, value));
}

bool nr_env_is_set(nr_env_id id)
{
    nr_arena scratch = NR_ARENA_INIT;
    nr_str value;
    bool set = nr_env_get(&scratch, id, &value);
    nr_arena_free(&scratch);
    return set;
}

static bool one_of(nr_str value, const char *word, const char *digit)
{
    return nr_str_eq_ci(value, nr_str_of(word)) || nr_str_eq_ci(value, nr_str_of(digit));
}

bool nr_env_bool(nr_env_id id, bool fallback)
{
    nr_arena scratch = NR_ARENA_INIT;
    nr_str value;
    bool result = fallback;
    if (nr_env_get(&scratch, id, &value)) {
        if (one_of(value, "true", "1")) {
            result = true;
        } else if (one_of(value, "false", "0")) {
            result = false;
        }
    }
    nr_arena_free(&scratch);
    return result;
}

unsigned nr_env_number(nr_env_id id, unsigned fallback)
{
    nr_arena scratch = NR_ARENA_INIT;
    nr_str value;
    unsigned number = 0;
    if (!nr_env_get(&scratch, id, &value)) return fallback;
    bool ok = value.p && value.n > 0 && value.n < 10;
    for (size_t i = 0; ok && i < value.n; i++) {
        ok = value.p[i] >= '0' && value.p[i] <= '9';
        number = number * 10 + (unsigned)(value.p[i] - '0');
    }
    if (!ok)
        NR_LOG(NR_WARN, "%s: '%.*s' is no number, %u counts", nr_env_variables[id].name, NR_STR_ARG(value), fallback);
    nr_arena_free(&scratch);
    return ok ? number : fallback;
}

bool nr_env_list(nr_arena *arena, nr_env_id id, nr_str_list *list)
{
    nr_str value;
    *list = (nr_str_list){NULL, 0};
    if (!nr_env_get(arena, id, &value)) return false;
    if (!value.p) return true;
    size_t count = 1;
    for (size_t i = 0; i < value.n; i++) count += value.p[i] == ',';
    list->items = nr_arena_zalloc(arena, count, sizeof *list->items);
    if (!list->items) return true;
    for (size_t start = 0, i = 0; i <= value.n; i++) {
        if (i < value.n && value.p[i] != ',') continue;
        if (i < value.n || i > start) list->items[list->count++] = (nr_str){value.p + start, i - start};
        start = i + 1;
    }
    return true;
}

static bool test_value(nr_env_id id, bool unset, bool (*test)(nr_str))
{
    nr_arena scratch = NR_ARENA_INIT;
    nr_str value;
    bool result = nr_env_get(&scratch, id, &value) ? test(value) : unset;
    nr_arena_free(&scratch);
    return result;
}

static bool not_empty(nr_str value)
{
    return value.n > 0;
}

static bool is_dotnet(nr_str value)
{
    return nr_str_eq_ci(value, NR_STR("dotnet"));
}

static bool is_on(nr_str value)
{
    return value.n == 0 || one_of(value, "true", "1");
}

bool nr_env_is_azure_function(void)
{
    return test_value(NR_ENV_FUNCTIONS_WORKER_RUNTIME, false, not_empty);
}

bool nr_env_is_azure_in_process(void)
{
    return test_value(NR_ENV_FUNCTIONS_WORKER_RUNTIME, false, is_dotnet);
}

bool nr_env_azure_mode_enabled(void)
{
    return test_value(NR_ENV_AZURE_FUNCTION_MODE, true, is_on);
}
