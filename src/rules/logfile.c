#include "rules/logfile.h"

#include "base/log.h"
#include "os/os.h"
#include "rules/home.h"

static nr_str log_directory(nr_arena *arena, bool core)
{
    nr_str d;
    if (nr_env_get(arena, NR_ENV_PROFILER_LOG_DIRECTORY, &d)) return d;
    if (nr_env_get(arena, NR_ENV_LOG_DIRECTORY, &d)) return d;
    /* Azure Web Sites; any drive. */
    if (nr_env_get(arena, NR_ENV_AZURE_SITES, &d) && nr_str_has(d, NR_STR(":\\DWASFiles\\Sites"))) {
        if (!nr_env_get(arena, NR_ENV_AZURE_HOME, &d)) return NR_STR("");
        return d.p ? nr_path_join(arena, d, "LogFiles" NR_OS_SEPARATOR "NewRelic") : d;
    }
    if (nr_home_from_environment(arena, core, &d))
        return d.p ? nr_path_join(arena, d, NR_OS_WINDOWS ? "Logs" : "logs") : d;
    return nr_path_join(arena, nr_os_common_app_data(arena),
                        "New Relic" NR_OS_SEPARATOR ".NET Agent" NR_OS_SEPARATOR "Logs");
}

static bool is_shadow; /* set before the first start, by one thread */

void nr_logfile_set_shadow(bool on)
{
    is_shadow = on;
}

static nr_str log_file(nr_arena *arena, nr_str directory, bool shadow)
{
    if (!directory.p) return directory;
    return nr_arena_printf(arena, "%.*s" NR_OS_SEPARATOR "NewRelic.Profiler.%lu%s.log", NR_STR_ARG(directory),
                           nr_os_process_id(), shadow ? ".shadow" : "");
}

nr_str nr_logfile_path(nr_arena *arena, bool core, bool shadow)
{
    return log_file(arena, log_directory(arena, core), shadow);
}

void nr_logfile_start(bool core)
{
    nr_arena scratch = NR_ARENA_INIT;
    if (!nr_log_is_enabled() || nr_log_is_console()) return;
    nr_str directory = log_directory(&scratch, core), path = log_file(&scratch, directory, is_shadow);
    bool there = path.p && (nr_os_directory_exists(directory) || nr_os_make_directory(directory));
    /* Elsewhere the opening of the file decides: it may be possible all the same (7.3). */
    if (!path.p || (NR_OS_WINDOWS && !there)) {
        nr_log_disable();
    } else {
        nr_log_open(path);
    }
    nr_arena_free(&scratch);
}
