/* The agent's home directory, as the profiler and the agent look for it. */
#include "cli/doctor.h"

#include "base/xml.h"
#include "os/os.h"
#include "rules/home.h"

#include <string.h>

static const char core_dll[] = "NewRelic.Agent.Core.dll";

static void find_home(nr_doctor *d)
{
    const nr_env_variable *v = &nr_env_variables[d->core ? NR_ENV_HOME_CORE : NR_ENV_HOME_FRAMEWORK];
    nr_arena *arena = &d->cli->arena;
    nr_str value, other;
    bool legacy = false;
    if (!nr_doctor_env(d, v->name, &value)) legacy = nr_doctor_env(d, v->legacy, &value);
    bool set = legacy || nr_doctor_env(d, v->name, &value);
    if (!set) {
        bool registry =
            nr_os_registry_string(arena, "Software\\New Relic\\.NET Agent", "NewRelicHome", &value) && value.n;
        const char *advice = nr_doctor_text(d, "Set %s to the directory with newrelic.config.", v->name);
        if (registry)
            d->home = value;
        else if (d->core && nr_doctor_env(d, "NEW_RELIC_HOME", &other))
            nr_doctor_say(d, "home", NR_CHECK_ERROR, advice,
                          "%s is not set; NEW_RELIC_HOME is, but it counts for .NET Framework only", v->name);
        else
            nr_doctor_say(d, "home", NR_CHECK_ERROR, advice, "%s is not set: there is no home directory", v->name);
        if (!registry) return;
    }
    nr_str home = nr_doctor_path(d, value);
    if (!value.n || !nr_os_directory_exists(home)) {
        nr_doctor_say(
            d, "home", NR_CHECK_ERROR, "Correct the variable, or let the user of the process enter the directory.",
            "%s is [%.*s]: no such directory, or it cannot be listed", legacy ? v->legacy : v->name, NR_STR_ARG(value));
        return;
    }
    d->home = home;
    if (!nr_doctor_is_absolute(value))
        nr_doctor_say(d, "home", NR_CHECK_WARN,
                      "Set the full path: the current directory of the application may be another one.",
                      "the home directory is [%.*s]: that is no full path", NR_STR_ARG(value));
    else if (legacy)
        nr_doctor_say(d, "home", NR_CHECK_WARN, nr_doctor_text(d, "Set %s instead.", v->name),
                      "the home directory is given by the older name %s", v->legacy);
    else
        nr_doctor_say(d, "home", NR_CHECK_OK, NULL, "the home directory is %.*s", NR_STR_ARG(value));
}

static nr_str in_home(nr_doctor *d, const char *name)
{
    return nr_path_join(&d->cli->arena, d->home, name);
}

/* The text of a file; false: reported under the name of the check. */
static bool read_text(nr_doctor *d, const char *check, nr_str path, nr_str *text)
{
    nr_str shown = nr_doctor_shown(d, path);
    if (!nr_os_file_exists(path)) {
        nr_doctor_say(d, check, NR_CHECK_ERROR, "Install the agent there anew, or correct the variable.",
                      "there is no %.*s", NR_STR_ARG(shown));
        return false;
    }
    if (nr_os_may(&d->process, path, NR_OS_READ) && nr_text_read(&d->cli->arena, path, text) == NR_START_OK)
        return true;
    nr_doctor_say(d, check, NR_CHECK_ERROR,
                  nr_doctor_text(d, "chmod a+r %.*s, and a+x for each directory above it.", NR_STR_ARG(shown)),
                  "%.*s cannot be read", NR_STR_ARG(shown));
    return false;
}

static void check_config(nr_doctor *d)
{
    nr_str path = in_home(d, "newrelic.config"), text, enabled;
    nr_xml_error error;
    if (!read_text(d, "config", path, &text)) return;
    const nr_xml_node *document = nr_xml_parse(&d->cli->arena, text, &error);
    const nr_xml_node *root = document ? nr_xml_child(document, "configuration") : NULL;
    const char *shown = nr_doctor_text(d, "%.*s", NR_STR_ARG(nr_doctor_shown(d, path)));
    if (!document)
        nr_doctor_say(d, "config", NR_CHECK_ERROR,
                      "Correct the file at that place: without it the profiler does not start.", "%s:%u:%u: %s", shown,
                      (unsigned)error.line, (unsigned)error.column, error.text);
    else if (!root)
        nr_doctor_say(d, "config", NR_CHECK_ERROR, "Take the file that came with the agent.",
                      "%s has no element configuration", shown);
    else if (nr_xml_attribute_value(root, "agentEnabled", &enabled) &&
             (nr_str_eq_ci(enabled, NR_STR("false")) || nr_str_is(enabled, "0")))
        nr_doctor_say(d, "config", d->core ? NR_CHECK_WARN : NR_CHECK_ERROR, "Set agentEnabled=\"true\".",
                      "%s:%u: agentEnabled is %.*s", shown, (unsigned)root->line, NR_STR_ARG(enabled));
    else
        nr_doctor_say(d, "config", NR_CHECK_OK, NULL, "newrelic.config can be read");
}

/* environment-and-files.md 5: the environment's directories only, never the registry's. */
static void check_core_dll(nr_doctor *d)
{
    const nr_env_variable *install = &nr_env_variables[NR_ENV_INSTALL_PATH];
    nr_str value, directories[2];
    size_t count = 0;
    if (nr_doctor_env(d, install->name, &value) || nr_doctor_env(d, install->legacy, &value))
        directories[count++] = nr_doctor_path(d, value);
    directories[count++] = d->home;
    for (size_t i = 0; i < count; i++) {
        nr_str nested = nr_path_join(&d->cli->arena, directories[i], nr_runtime_directory(d->core));
        nr_str candidates[] = {nr_path_join(&d->cli->arena, directories[i], core_dll),
                               nr_path_join(&d->cli->arena, nested, core_dll)};
        for (size_t k = 0; k < 2; k++) {
            if (!candidates[k].p || !nr_os_file_exists(candidates[k])) continue;
            nr_str shown = nr_doctor_shown(d, candidates[k]);
            if (nr_os_may(&d->process, candidates[k], NR_OS_READ))
                nr_doctor_say(d, "agent", NR_CHECK_OK, NULL, "the agent is %.*s", NR_STR_ARG(shown));
            else
                nr_doctor_say(d, "agent", NR_CHECK_ERROR, nr_doctor_text(d, "chmod a+r %.*s", NR_STR_ARG(shown)),
                              "the user of the process may not read %.*s", NR_STR_ARG(shown));
            return;
        }
    }
    nr_doctor_say(d, "agent", NR_CHECK_ERROR,
                  "Install the agent into the home directory, or set NEW_RELIC_INSTALL_PATH to where it is.",
                  "%s is neither in the home directory nor in its %s", core_dll, nr_runtime_directory(d->core));
}

/* The agent's P/Invoke finds a library of this name beside itself: a copy there is a second profiler without a runtime. */
static void check_copy(nr_doctor *d)
{
    nr_str beside = in_home(d, NR_OS_WINDOWS ? "NewRelic.Profiler.dll" : "libNewRelicProfiler.so");
    if (!d->library.p || !beside.p || !nr_os_file_exists(beside)) return;
    if (nr_os_same_file(beside, d->library))
        nr_doctor_say(d, "one-library", NR_CHECK_OK, NULL,
                      "the library in the home directory is the one that the variables name");
    else
        nr_doctor_say(d, "one-library", NR_CHECK_WARN,
                      "Let the variable name the library in the home directory, or make that one a link to it.",
                      "%.*s is another file than %.*s: the agent may call the wrong one",
                      NR_STR_ARG(nr_doctor_shown(d, beside)), NR_STR_ARG(nr_doctor_shown(d, d->library)));
}

void nr_doctor_home(nr_doctor *d)
{
    find_home(d);
    if (!d->home.p) return;
    check_config(d);
    check_core_dll(d);
    check_copy(d);
}
