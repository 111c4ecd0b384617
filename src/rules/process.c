#include "rules/process.h"

#include "base/log.h"
#include "rules/process_lists.h"

typedef enum answer { NO, YES, UNKNOWN } answer;

/* The lists end with p == NULL. NULL: none of the list. */
static const nr_str *ends_with(nr_str s, const nr_str *list)
{
    for (; list->p; list++) {
        if (nr_str_ends_ci(s, *list)) return list;
    }
    return NULL;
}

static const nr_str *contains(nr_str s, const nr_str *list)
{
    for (; list->p; list++) {
        if (nr_str_has_ci(s, *list)) return list;
    }
    return NULL;
}

static bool equals(nr_str s, const nr_str *list)
{
    for (; list->p; list++) {
        if (nr_str_eq_ci(s, *list)) return true;
    }
    return false;
}

static bool excluded(nr_str path, const nr_config *c)
{
    size_t n = path.n;
    while (n > 0 && path.p[n - 1] != '/' && path.p[n - 1] != '\\') n--;
    nr_str name = {path.p + n, path.n - n};
    for (size_t i = 0; i < c->excluded.count; i++) {
        if (nr_str_eq_ci(name, c->excluded.items[i])) return true;
    }
    return false;
}

static bool in_background_pool(const nr_process_facts *f)
{
    return nr_str_starts(f->app_pool_id, NR_STR("~"));
}

/* ---- 8.1 Azure Functions -------------------------------------------------------------------- */

static answer azure_function(const nr_process_facts *f)
{
    NR_LOG(NR_INFO, "Azure function detected. Determining whether to instrument %.*s", NR_STR_ARG(f->path));
    if (nr_env_is_azure_in_process()) {
        if (in_background_pool(f)) {
            NR_LOG(NR_INFO,
                   "This application pool (%.*s) has been identified as an in-process Azure Functions built-in background "
                   "application and will be ignored.",
                   NR_STR_ARG(f->app_pool_id));
            return NO;
        }
        NR_LOG(NR_INFO, "Function is running in-process. This process will be instrumented.");
        return YES;
    }
    if (f->app_pool_id.n > 0 && nr_str_has_ci(f->command_line, f->app_pool_id)) {
        NR_LOG(NR_INFO, "Appears to be Azure WebJobs Script WebHost based on commandLine. Not instrumenting this process.");
        return NO;
    }
    if (contains(f->command_line, process_functions_hosts) || contains(f->path, process_functions_hosts)) {
        NR_LOG(NR_INFO,
               "Appears to be Azure Functions WebHost (Linux) based on commandLine. Not instrumenting this process.");
        return NO;
    }
    if (ends_with(f->path, process_functions_workers)) {
        NR_LOG(NR_INFO, "FunctionNetHost.exe is a valid Azure function command. This process will be instrumented.");
        return YES;
    }
    if (ends_with(f->path, process_functions_tools)) {
        NR_LOG(NR_INFO, "Func.exe is a tool for testing Azure functions locally. Not instrumenting this process.");
        return NO;
    }
    const nr_str *argument = contains(f->command_line, process_functions_arguments);
    if (argument) {
        NR_LOG(NR_INFO, "Command line contains %.*s. This process will be instrumented.", NR_STR_ARG(*argument));
        return YES;
    }
    NR_LOG(NR_INFO, "Couldn't determine whether this Azure Function process should be instrumented based on commandLine. "
                    "Falling back to checking application pool");
    return UNKNOWN;
}

/* ---- 8.4 Application pools ------------------------------------------------------------------ */

static bool on_list(nr_str name, const nr_str_list *list) /* exact, unlike all other comparisons here */
{
    for (size_t i = 0; i < list->count; i++) {
        if (nr_str_eq(name, list->items[i])) return true;
    }
    return false;
}

static bool application_pool(nr_str id, const nr_config *c)
{
    const char *what;
    bool yes = false;
    if (on_list(id, &c->pools_denied)) {
        what = "is explicitly configured to NOT be instrumented.";
    } else if (on_list(id, &c->pools_allowed)) {
        what = "is explicitly configured to be instrumented.";
        yes = true;
    } else if (nr_str_starts(id, NR_STR("~"))) {
        what = "has been identified as an Azure WebSites built-in background application and will be ignored.";
    } else if (c->pools_by_default) {
        what = "is not explicitly configured to be instrumented or not but application pools are set to be enabled by "
               "default.";
        yes = true;
    } else {
        what = "is not explicitly configured to be instrumented or not but application pools are set to be disabled by "
               "default.";
    }
    NR_LOG(NR_INFO, "This application pool (%.*s) %s", NR_STR_ARG(id), what);
    return yes;
}

static bool is_iis(nr_str path, nr_str parent)
{
    bool iis = ends_with(path, process_iis_processes) || ends_with(parent, process_iis_processes);
    NR_LOG(NR_INFO, "Process %.*s%s%.*s is%s IIS.", NR_STR_ARG(path), parent.n ? " with parent process " : "",
           NR_STR_ARG(parent), iis ? "" : " not");
    return iis;
}

/* ---- 8.2 .NET Core -------------------------------------------------------------------------- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* `piece` ends with `name`, which begins it or follows a blank, separator or quotation mark. A real
 * lower case is compared here, not one flipped bit. */
static bool ends_as_word(nr_str piece, nr_str name)
{
    if (piece.n < name.n) return false;
    size_t start = piece.n - name.n;
    for (size_t i = 0; i < name.n; i++) {
        if (lower(piece.p[start + i]) != lower(name.p[i])) return false;
    }
    return start == 0 || memchr(" /\\'\"", piece.p[start - 1], 5) != NULL;
}

static bool is_dotnet(nr_str piece)
{
    nr_str unquoted = piece;
    if (piece.n && (piece.p[piece.n - 1] == '"' || piece.p[piece.n - 1] == '\'')) unquoted.n--;
    for (const nr_str *name = process_dotnet_names; name->p; name++) {
        if (ends_as_word(unquoted, *name)) return true;
    }
    return false;
}

static bool next_piece(nr_str line, size_t *at, nr_str *piece)
{
    while (*at < line.n && line.p[*at] == ' ') ++*at;
    size_t start = *at;
    while (*at < line.n && line.p[*at] != ' ') ++*at;
    *piece = (nr_str){line.p + start, *at - start};
    return piece->n > 0;
}

/* The first dotnet command decides; nothing behind it is no command. */
static bool is_dotnet_tool(nr_str line)
{
    size_t at = 0;
    nr_str piece, next;
    for (bool more = next_piece(line, &at, &piece); more; piece = next) {
        more = next_piece(line, &at, &next);
        if (is_dotnet(piece)) return equals(next, process_dotnet_commands);
    }
    return false;
}

static bool core_process(const nr_process_facts *f, const nr_config *c)
{
    if (is_dotnet_tool(f->command_line) || contains(f->command_line, process_refused_command_lines)) {
        NR_LOG(NR_INFO,
               "This process will not be instrumented. Command line identified as invalid invocation for instrumentation");
        return false;
    }
    return is_iis(f->path, f->parent_path) ? application_pool(f->app_pool_id, c) : true;
}

/* ---- 8.3 .NET Framework ----------------------------------------------------------------------- */

static bool framework_process(const nr_process_facts *f, const nr_config *c)
{
    if (!c->agent_enabled) {
        NR_LOG(NR_INFO, "New Relic has been disabled via newrelic.config file.");
        return false;
    }
    const nr_str *ignored = ends_with(f->path, process_ignored_processes);
    if (ignored) {
        NR_LOG(NR_INFO, "The %.*s process has been identified as an ignored process.", NR_STR_ARG(*ignored));
        return false;
    }
    if (c->app_config_set && c->app_config_enabled) {
        NR_LOG(NR_INFO,
               "Enabling instrumentation for this process due to existence of NewRelic.AgentEnabled=true in %.*s.config.",
               NR_STR_ARG(f->path));
        return true;
    }
    if (c->app_config_set) {
        NR_LOG(NR_INFO,
               "Disabling instrumentation for this process due to the existence of NewRelic.AgentEnabled in %.*s.config "
               "which is set to a value other than 'true'.",
               NR_STR_ARG(f->path));
        return false;
    }
    for (size_t i = 0; i < c->included.count; i++) {
        if (!nr_str_ends_ci(f->path, c->included.items[i])) continue;
        NR_LOG(NR_INFO,
               "Enabling instrumentation for this process (%.*s) due to existence of application node in newrelic.config "
               "or NEW_RELIC_INCLUDED_APPLICATION_NAMES environment variable.",
               NR_STR_ARG(f->path));
        return true;
    }
    if (is_iis(f->path, NR_STR(""))) return application_pool(f->app_pool_id, c);
    if (ends_with(f->path, process_default_processes)) {
        NR_LOG(NR_INFO,
               "Enabling instrumentation for this process (%.*s) due to it being in a predefined set of processes to be "
               "instrumented.",
               NR_STR_ARG(f->path));
        return true;
    }
    if (c->enabled_in_local) {
        NR_LOG(NR_INFO, "Enabling instrumentation for this process due to existence of agentEnabled=true in local "
                        "newrelic.config.");
        return true;
    }
    NR_LOG(NR_INFO, "This process (%.*s) is not configured to be instrumented.", NR_STR_ARG(f->path));
    return false;
}

bool nr_should_instrument(const nr_process_facts *f, const nr_config *c, bool core)
{
    NR_LOG(NR_TRACE, "Process Path: %.*s", NR_STR_ARG(f->path));
    NR_LOG(NR_TRACE, "Parent Process Path: %.*s", NR_STR_ARG(f->parent_path));
    NR_LOG(NR_TRACE, "App Pool Id: %.*s", NR_STR_ARG(f->app_pool_id));
    NR_LOG(NR_TRACE, "Is Core CLR: %s", core ? "true" : "false");
    if (excluded(f->path, c)) {
        NR_LOG(NR_INFO, "Process %.*s excluded by configuration.", NR_STR_ARG(f->path));
        return false;
    }
    if (nr_env_is_azure_function() && nr_env_azure_mode_enabled()) {
        answer a = azure_function(f);
        if (a != UNKNOWN) return a == YES;
    }
    return core ? core_process(f, c) : framework_process(f, c);
}
