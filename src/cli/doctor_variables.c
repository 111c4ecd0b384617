/* What the runtime looks at before it loads a profiler. */
#include "cli/doctor.h"

#include "os/os.h"

#include <string.h>

#define CORE_CLASS_ID "{36032161-FFC0-4B61-B559-F6C5D41BAE5A}"
#define FRAMEWORK_CLASS_ID "{71DA0A04-7777-4EC6-9643-7D28B46A8A41}"

/* Profilers of others, by the class id in COR(ECLR)_PROFILER and by the name of their library. A process has room for one. */
static const struct {
    const char *id, *library, *name;
} others[] = {
    {"{846F5F1C-F9AE-4B07-969E-05C26BC060D8}", "Datadog.Trace.ClrProfiler.Native", "Datadog's tracer"},
    {"{846F5F1C-F9AE-4B07-969E-05C26BC060D8}", "Datadog.AutoInstrumentation", "Datadog's tracer"},
    {"{918728DD-259F-4A6A-AC2B-B85E1B658318}", "OpenTelemetry.AutoInstrumentation.Native",
     "OpenTelemetry's auto-instrumentation"},
    {"{FA65FE15-F085-4681-9B20-95E04F6C03CC}", "elastic_apm_profiler", "Elastic's APM agent"},
    {"{324F817A-7420-4E6D-B3C1-143FBED6D855}", "InstrumentationEngine", "Microsoft's CLR Instrumentation Engine"},
};

static const char *variable(const nr_doctor *d, const char *core, const char *framework)
{
    return d->core ? core : framework;
}

/* Quotes and blanks that a shell, a unit file or a Dockerfile was expected to take away. */
static bool is_wrapped(nr_str s)
{
    if (!s.n) return false;
    static const char around[] = " \t\r\n\"'";
    return memchr(around, s.p[0], sizeof around - 1) || memchr(around, s.p[s.n - 1], sizeof around - 1);
}

static bool complain_if_wrapped(nr_doctor *d, const char *check, const char *name, nr_str value)
{
    if (!is_wrapped(value)) return false;
    nr_doctor_say(d, check, NR_CHECK_ERROR, "Set it without them: where it is set, nothing takes them away.",
                  "%s has quotes or blanks around its value: [%.*s]", name, NR_STR_ARG(value));
    return true;
}

static void check_enabled(nr_doctor *d)
{
    const char *name = variable(d, "CORECLR_ENABLE_PROFILING", "COR_ENABLE_PROFILING");
    const char *other = variable(d, "COR_ENABLE_PROFILING", "CORECLR_ENABLE_PROFILING");
    nr_str value, unused;
    if (!nr_doctor_env(d, name, &value)) {
        const char *advice = nr_doctor_text(d, "Set %s=1 where the application is started.", name);
        if (nr_doctor_env(d, other, &unused))
            nr_doctor_say(d, "enabled", NR_CHECK_ERROR, advice, "%s is not set; %s is, but it counts for %s only", name,
                          other, d->core ? ".NET Framework" : ".NET");
        else
            nr_doctor_say(d, "enabled", NR_CHECK_ERROR, advice, "%s is not set: the runtime loads no profiler", name);
        return;
    }
    if (complain_if_wrapped(d, "enabled", name, value)) return;
    if (!nr_str_is(value, "1"))
        nr_doctor_say(d, "enabled", NR_CHECK_ERROR, nr_doctor_text(d, "Set %s=1.", name),
                      "%s is [%.*s], not 1: the runtime loads no profiler", name, NR_STR_ARG(value));
    else
        nr_doctor_say(d, "enabled", NR_CHECK_OK, NULL, "%s is 1", name);
}

static void check_class_id(nr_doctor *d)
{
    const char *name = variable(d, "CORECLR_PROFILER", "COR_PROFILER"),
               *id = d->core ? CORE_CLASS_ID : FRAMEWORK_CLASS_ID;
    const char *advice = nr_doctor_text(d, "Set %s=%s.", name, id);
    nr_str value;
    if (!nr_doctor_env(d, name, &value)) {
        nr_doctor_say(d, "class-id", NR_CHECK_ERROR, advice,
                      "%s is not set: the runtime does not know which profiler is meant", name);
        return;
    }
    if (complain_if_wrapped(d, "class-id", name, value)) return;
    if (nr_str_eq_ci(value, nr_str_of(id))) {
        nr_doctor_say(d, "class-id", NR_CHECK_OK, NULL, "%s is this profiler's", name);
        return;
    }
    for (size_t i = 0; i < NR_COUNT(others); i++) {
        if (!nr_str_eq_ci(value, nr_str_of(others[i].id))) continue;
        nr_doctor_say(
            d, "class-id", NR_CHECK_ERROR,
            nr_doctor_text(
                d, "A process has room for one profiler. Remove the variables of the other product, then set %s=%s.",
                name, id),
            "%s names another profiler: %s", name, others[i].name);
        return;
    }
    nr_doctor_say(d, "class-id", NR_CHECK_ERROR, advice, "%s is [%.*s]: that is another profiler's", name,
                  NR_STR_ARG(value));
}

static void check_path(nr_doctor *d)
{
    const char *base = variable(d, "CORECLR_PROFILER_PATH", "COR_PROFILER_PATH");
    const char *suffix = d->machine == NR_MACHINE_ARM64 ? "_ARM64"
                         : d->machine == NR_MACHINE_ARM ? "_ARM32"
                         : d->machine == NR_MACHINE_X86 ? "_32"
                                                        : "_64";
    const char *name = nr_doctor_text(d, "%s%s", base, suffix); /* goes before the one without a suffix */
    nr_str value;
    if (!nr_doctor_env(d, name, &value)) {
        name = base;
        if (!nr_doctor_env(d, name, &value)) {
            nr_doctor_say(d, "library-path", d->core ? NR_CHECK_ERROR : NR_CHECK_WARN,
                          nr_doctor_text(d, "Set %s to the full path of %s.", name,
                                         NR_OS_WINDOWS ? "NewRelic.Profiler.dll" : "libNewRelicProfiler.so"),
                          "%s is not set: %s", name,
                          d->core ? "the runtime does not know where the profiler is"
                                  : "the runtime takes the profiler that is registered in the registry");
            return;
        }
    }
    if (complain_if_wrapped(d, "library-path", name, value)) return;
    if (!nr_doctor_is_absolute(value)) {
        nr_doctor_say(d, "library-path", NR_CHECK_ERROR, "Set the full path.", "%s is [%.*s]: that is no full path",
                      name, NR_STR_ARG(value));
        return;
    }
    d->library = nr_doctor_path(d, value);
    if (nr_os_file_exists(d->library)) {
        nr_doctor_say(d, "library-path", NR_CHECK_OK, NULL, "%s names %.*s", name, NR_STR_ARG(value));
        return;
    }
    d->library.p = NULL;
    nr_doctor_say(d, "library-path", NR_CHECK_ERROR,
                  "Install the library there, or correct the variable; in a container: look inside of it.",
                  "%s names %.*s: there is no such file", name, NR_STR_ARG(value));
}

/* Switches that keep the runtime from loading profilers at all. */
static void check_diagnostics(nr_doctor *d)
{
    static const char *const names[] = {"DOTNET_EnableDiagnostics", "DOTNET_EnableDiagnostics_Profiler",
                                        "COMPlus_EnableDiagnostics", "COMPlus_EnableDiagnostics_Profiler"};
    nr_str value;
    for (size_t i = 0; i < NR_COUNT(names); i++) {
        if (!nr_doctor_env(d, names[i], &value) || !nr_str_is(value, "0")) continue;
        nr_doctor_say(d, "diagnostics", NR_CHECK_ERROR,
                      nr_doctor_text(d,
                                     "Remove %s, or set it to 1. To keep the rest of diagnostics off on .NET 8 and "
                                     "newer: DOTNET_EnableDiagnostics_IPC=0 "
                                     "and DOTNET_EnableDiagnostics_Debugger=0.",
                                     names[i]),
                      "%s is 0: the runtime loads no profiler", names[i]);
        return;
    }
    nr_doctor_say(d, "diagnostics", NR_CHECK_OK, NULL, "DOTNET_EnableDiagnostics does not keep profilers out");
}

/* Another profiler may be on its way in by other doors: attached later, as a notification profiler, or in place of this one. */
static void check_second(nr_doctor *d)
{
    static const char *const names[] = {"CORECLR_ENABLE_NOTIFICATION_PROFILERS", "CORECLR_NOTIFICATION_PROFILERS"};
    nr_str value;
    for (size_t i = 0; i < NR_COUNT(others); i++) {
        if (!nr_str_has(d->process.maps, nr_str_of(others[i].library))) continue;
        nr_doctor_say(d, "second-profiler", NR_CHECK_ERROR,
                      "Two products cannot rewrite the same methods. Remove one of them from this process.",
                      "%s is loaded in the process", others[i].name);
        return;
    }
    for (size_t i = 0; d->core && i < NR_COUNT(names); i++) {
        if (!nr_doctor_env(d, names[i], &value) || !value.n || nr_str_is(value, "0")) continue;
        nr_doctor_say(d, "second-profiler", NR_CHECK_WARN,
                      "A notification profiler is allowed beside this one, but it costs time and may request other "
                      "events: try without it.",
                      "%s is [%.*s]", names[i], NR_STR_ARG(value));
        return;
    }
    if (nr_doctor_env(d, "DOTNET_STARTUP_HOOKS", &value) && value.n) {
        nr_doctor_say(d, "second-profiler", NR_CHECK_WARN,
                      "A start-up hook is how other monitoring products come in: try without it when something is odd.",
                      "DOTNET_STARTUP_HOOKS is [%.*s]", NR_STR_ARG(value));
        return;
    }
    nr_doctor_say(d, "second-profiler", NR_CHECK_OK, NULL, "no other profiler is %s",
                  d->pid ? "loaded or announced" : "announced");
}

void nr_doctor_variables(nr_doctor *d)
{
    check_enabled(d);
    check_class_id(d);
    check_path(d);
    check_diagnostics(d);
    check_second(d);
}
