/* nrprof doctor: would the profiler start here, or in that process, and if not, why? */
#include "cli/doctor.h"

#include "os/os.h"
#include "rules/env.h"

#include <cJSON.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_PID, OPTION_FRAMEWORK };
static const nr_option options[] = {
    {"pid", 'p', "PID", "look at a running process (Linux)"},
    {"framework", 0, NULL, "for .NET Framework, not .NET"},
};

enum { TEXT_COLUMN = 32, ADVICE_WIDTH = 90 };

static const char *const words[] = {"ok", "warn", "error", "skip"};

/* ---- what the checks use ------------------------------------------------------------------------------------ */

static nr_str format_text(nr_doctor *d, const char *format, va_list args)
{
    nr_buf text = NR_BUF_INIT;
    nr_buf_vprintf(&text, format, args);
    nr_str s = text.failed ? (nr_str){NULL, 0} : nr_arena_str(&d->cli->arena, nr_buf_str(&text));
    nr_buf_free(&text);
    if (!s.p) d->failed = true;
    return s.p ? s : NR_STR("");
}

const char *nr_doctor_text(nr_doctor *d, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    nr_str s = format_text(d, format, args);
    va_end(args);
    return s.p;
}

void nr_doctor_say(nr_doctor *d, const char *name, nr_check_status status, const char *advice, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    nr_check check = {name, status, format_text(d, format, args), nr_str_of(advice)};
    va_end(args);
    nr_buf_put(&d->checks, &check, sizeof check);
    if (d->checks.failed) d->failed = true;
}

bool nr_doctor_env(nr_doctor *d, const char *name, nr_str *value)
{
    if (!nr_os_env(&d->cli->arena, name, value)) return false;
    if (!value->p) d->failed = true;
    return value->p != NULL;
}

nr_str nr_doctor_path(nr_doctor *d, nr_str path)
{
    nr_str s = nr_arena_printf(&d->cli->arena, "%.*s%.*s", NR_STR_ARG(d->process.root), NR_STR_ARG(path));
    if (!s.p) d->failed = true;
    return s.p ? s : NR_STR("");
}

nr_str nr_doctor_shown(const nr_doctor *d, nr_str path)
{
    if (!d->process.root.n || !nr_str_starts(path, d->process.root)) return path;
    return (nr_str){path.p + d->process.root.n, path.n - d->process.root.n};
}

bool nr_doctor_is_absolute(nr_str path)
{
    if (path.n && path.p[0] == '/') return !NR_OS_WINDOWS;
    return NR_OS_WINDOWS && path.n > 2 && (path.p[1] == ':' || (path.p[0] == '\\' && path.p[1] == '\\'));
}

/* ---- the process ---------------------------------------------------------------------------------------------- */

/* The environment of the process takes the place of our own, so that whatever reads a variable reads the right one. */
static bool adopt_environment(nr_doctor *d)
{
    nr_str all = d->process.environment;
    nr_arena *arena = &d->cli->arena;
    bool ok = nr_os_clear_env();
    for (size_t i = 0; ok && i < all.n;) {
        const char *end = memchr(all.p + i, 0, all.n - i);
        nr_str entry = {all.p + i, end ? (size_t)(end - all.p) - i : all.n - i};
        const char *equals = memchr(entry.p, '=', entry.n);
        i += entry.n + 1;
        if (!equals || equals == entry.p) continue;
        nr_str name = nr_arena_str(arena, (nr_str){entry.p, (size_t)(equals - entry.p)});
        ok = name.p && nr_os_set_env(name.p, (nr_str){equals + 1, entry.n - name.n - 1});
    }
    return ok;
}

static nr_machine machine_of(nr_doctor *d, nr_str program)
{
    nr_buf bytes = NR_BUF_INIT;
    nr_machine m = NR_MACHINE_OTHER;
    if (nr_os_read_file(nr_doctor_path(d, program), &bytes)) m = nr_binary_read(nr_buf_str(&bytes)).machine;
    nr_buf_free(&bytes);
    return m;
}

static int look_at_process(nr_doctor *d, const char *pid)
{
    char *end = NULL;
    if (pid) {
        d->pid = strtoul(pid, &end, 10);
        if (*end || !d->pid || pid[0] == '-')
            return nr_cli_usage(d->cli, &nr_command_doctor, "'%s' is no process id", pid);
    }
    const char *why = nr_os_process_look(&d->cli->arena, d->pid, &d->process);
    if (why) {
        nr_cli_error(d->cli, "process %s: %s", pid ? pid : "of this program", why);
        return NR_EXIT_USAGE;
    }
    if (d->pid && !adopt_environment(d)) return nr_cli_no_memory(d->cli);
    d->machine = machine_of(d, d->process.program);
    return NR_EXIT_OK;
}

/* ---- output ------------------------------------------------------------------------------------------------------ */

static nr_check check_at(const nr_doctor *d, size_t i)
{
    nr_check c;
    memcpy(&c, d->checks.data + i * sizeof c, sizeof c);
    return c;
}

/* Words on lines that fit beside each other on a screen. */
static void print_advice(FILE *out, nr_str advice)
{
    size_t column = 0;
    for (size_t i = 0; i < advice.n;) {
        const char *p = advice.p + i, *space = memchr(p, ' ', advice.n - i);
        size_t n = space ? (size_t)(space - p) : advice.n - i;
        if (column && column + n + 1 > ADVICE_WIDTH) column = 0;
        if (!column) fprintf(out, i ? "\n%*s   " : "%*s-> ", TEXT_COLUMN, "");
        fprintf(out, "%s%.*s", column ? " " : "", (int)n, p);
        column += n + 1;
        i += n + 1;
    }
    fputc('\n', out);
}

static void print_text(nr_doctor *d, const unsigned *counts)
{
    static const char *const colors[] = {"\033[32m", "\033[33m", "\033[31m", "\033[2m"};
    nr_cli *cli = d->cli;
    size_t count = d->checks.size / sizeof(nr_check);
    const char *runtime = d->core ? ".NET" : ".NET Framework";
    if (d->pid)
        fprintf(cli->out, "process %lu, %.*s, as %s\n\n", d->pid, NR_STR_ARG(d->process.program), runtime);
    else
        fprintf(cli->out, "the environment of this program, as %s (--pid PID looks at a running process)\n\n", runtime);
    for (size_t i = 0; i < count; i++) {
        nr_check c = check_at(d, i);
        int used = fprintf(cli->out, "%2u  %s%-5s%s  %s", (unsigned)i + 1, cli->color ? colors[c.status] : "",
                           words[c.status], cli->color ? "\033[0m" : "", c.name);
        if (cli->color) used -= (int)strlen(colors[c.status]) + 4;
        fprintf(cli->out, "%*s%.*s\n", used < TEXT_COLUMN ? TEXT_COLUMN - used : 1, "", NR_STR_ARG(c.text));
        if (c.advice.n) print_advice(cli->out, c.advice);
    }
    fprintf(cli->out, "\n%u ok, %u warning%s, %u error%s, %u skipped: %s\n", counts[NR_CHECK_OK], counts[NR_CHECK_WARN],
            counts[NR_CHECK_WARN] == 1 ? "" : "s", counts[NR_CHECK_ERROR], counts[NR_CHECK_ERROR] == 1 ? "" : "s",
            counts[NR_CHECK_SKIP],
            counts[NR_CHECK_ERROR]  ? "the profiler does not work before the errors are repaired"
            : counts[NR_CHECK_WARN] ? "the profiler starts; look at the warnings"
                                    : "nothing stands in the profiler's way");
}

static void print_json(nr_doctor *d, const unsigned *counts)
{
    cJSON *document = cJSON_CreateObject(), *list;
    if (d->pid) cJSON_AddNumberToObject(document, "pid", (double)d->pid);
    cJSON_AddStringToObject(document, "runtime", d->core ? ".NET" : ".NET Framework");
    cJSON_AddStringToObject(document, "machine", nr_machine_name(d->machine));
    for (int s = 0; s <= NR_CHECK_SKIP; s++) cJSON_AddNumberToObject(document, words[s], counts[s]);
    list = cJSON_AddArrayToObject(document, "checks");
    for (size_t i = 0; i < d->checks.size / sizeof(nr_check); i++) {
        nr_check c = check_at(d, i);
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "check", c.name);
        cJSON_AddStringToObject(o, "status", words[c.status]);
        cJSON_AddStringToObject(o, "text", c.text.p);
        if (c.advice.n) cJSON_AddStringToObject(o, "advice", c.advice.p);
        cJSON_AddItemToArray(list, o);
    }
    char *text = cJSON_Print(document);
    if (text)
        fprintf(d->cli->out, "%s\n", text);
    else
        d->failed = true;
    cJSON_free(text);
    cJSON_Delete(document);
}

static int run(nr_cli *cli, const nr_args *args)
{
    nr_doctor d;
    unsigned counts[NR_CHECK_SKIP + 1] = {0};
    memset(&d, 0, sizeof d);
    d.cli = cli;
    d.core = !args->values[OPTION_FRAMEWORK];
    if (args->operand_count)
        return nr_cli_usage(cli, &nr_command_doctor, "'%s': doctor takes options only", args->operands[0]);
    int code = look_at_process(&d, args->values[OPTION_PID]);
    if (code != NR_EXIT_OK) return code;
    nr_doctor_variables(&d);
    nr_doctor_library(&d);
    nr_doctor_home(&d);
    nr_doctor_files(&d);
    for (size_t i = 0; i < d.checks.size / sizeof(nr_check); i++) counts[check_at(&d, i).status]++;
    if (d.failed)
        code = nr_cli_no_memory(cli);
    else if (cli->json)
        print_json(&d, counts);
    else
        print_text(&d, counts);
    nr_buf_free(&d.checks);
    if (code == NR_EXIT_OK && d.failed) code = nr_cli_no_memory(cli);
    return code == NR_EXIT_OK && counts[NR_CHECK_ERROR] ? NR_EXIT_FINDINGS : code;
}

const nr_command nr_command_doctor = {
    "doctor",
    "[OPTION...]",
    "check whether the profiler can start here, or in a process, and say what to do",
    "Checks the environment variables, the library, the C library, file permissions, other profilers, the home "
    "directory,\n"
    "its configuration and rule files, and the log directory. Run it as the user of the application, or as root with "
    "--pid;\n"
    "the files of a process in a container are looked at inside of the container. Nothing is changed.\n"
    "The exit code is 1 when there is an error.\n",
    options,
    NR_COUNT(options),
    run,
};
