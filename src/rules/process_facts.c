#include "base/log.h"
#include "os/os.h"
#include "rules/process.h"

/* 8.1 of environment-and-files.md: as in the "C" locale, letters of ASCII only. */
static nr_str upper(nr_arena *arena, nr_str s)
{
    char *p = nr_arena_copy(arena, s.p, s.n);
    if (!p) return NR_STR("");
    for (size_t i = 0; i < s.n; i++) {
        if (p[i] >= 'a' && p[i] <= 'z') p[i] = (char)(p[i] - 32);
    }
    return (nr_str){p, s.n};
}

nr_str nr_app_pool_id(nr_arena *arena)
{
    nr_str id = {NULL, 0};
    if (nr_env_get(arena, NR_ENV_APP_POOL_ID, &id))
        NR_LOG(NR_INFO, "The Profiler will use the environment variable APP_POOL_ID as the application name when "
                        "white/black listing applications pools for profiling.");
    if (id.n == 0 && nr_os_app_pool_from_command_line(arena, &id))
        NR_LOG(NR_INFO, "The Profiler will use the application pool ID from the command line as the application name "
                        "when white/black listing applications pools for profiling.");
    return id.p ? id : NR_STR("");
}

void nr_process_facts_read(nr_arena *arena, nr_process_facts *facts)
{
    facts->force = nr_env_is_set(NR_ENV_FORCE_PROFILING);
    facts->path = upper(arena, nr_os_process_path(arena));
    facts->command_line = nr_os_command_line(arena);
    facts->parent_path = upper(arena, nr_os_parent_process_path(arena));
    facts->app_pool_id = nr_app_pool_id(arena);
}
