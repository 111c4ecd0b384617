/* nrprof env: how to tell the CLR about the profiler, in the words of whoever starts the application. */
#include "cli/cli.h"

#include "base/buf.h"
#include "base/utf.h"

#include <string.h>

enum { OPTION_HOME, OPTION_LIBRARY, OPTION_LIBRARY32, OPTION_FRAMEWORK, OPTION_NAME, OPTION_REGISTRY };
static const nr_option options[] = {
    {"home", 0, "DIR", "agent home, where the application will run"},
    {"library", 0, "PATH", "the library (default: the one in DIR)"},
    {"library-x86", 0, "PATH", "Windows: that for 32-bit processes (default: x86\\ in DIR)"},
    {"framework", 0, NULL, "for .NET Framework, not .NET"},
    {"name", 0, "NAME", "the application pool (iis) or the service (service)"},
    {"registry", 0, NULL, "a .reg file: both classes in both views, and the home"},
};

#define CORE_CLASS "{36032161-FFC0-4B61-B559-F6C5D41BAE5A}"
#define FRAMEWORK_CLASS "{71DA0A04-7777-4EC6-9743-7D28B46A8A41}"

enum { MOST_VARIABLES = 6 };
typedef struct plan {
    FILE *out;
    const char *home, *library, *library32, *name;
    struct {
        const char *name, *value;
    } variables[MOST_VARIABLES];
    size_t count;
} plan;

/* `text` with `escape` in front of each of `special`. */
static void put_escaped(FILE *out, const char *text, const char *special, char escape)
{
    for (; *text; text++) {
        if (strchr(special, *text)) fputc(escape, out);
        fputc(*text, out);
    }
}

static void put_doubled(FILE *out, const char *text, char c)
{
    for (; *text; text++) {
        if (*text == c) fputc(c, out);
        fputc(*text, out);
    }
}

static void as_shell(const plan *p)
{
    for (size_t i = 0; i < p->count; i++) {
        fprintf(p->out, "export %s='", p->variables[i].name);
        for (const char *c = p->variables[i].value; *c; c++)
            *c == '\'' ? (void)fputs("'\\''", p->out) : (void)fputc(*c, p->out);
        fputs("'\n", p->out);
    }
}

static void as_powershell(const plan *p)
{
    for (size_t i = 0; i < p->count; i++) {
        fprintf(p->out, "$env:%s = '", p->variables[i].name);
        put_doubled(p->out, p->variables[i].value, '\'');
        fputs("'\n", p->out);
    }
}

static void as_systemd(const plan *p)
{
    fputs("# systemctl edit NAME.service\n[Service]\n", p->out);
    for (size_t i = 0; i < p->count; i++) {
        fprintf(p->out, "Environment=\"%s=", p->variables[i].name);
        for (const char *c = p->variables[i].value; *c; c++) {
            if (*c == '%') fputc('%', p->out); /* else a specifier */
            if (*c == '"' || *c == '\\') fputc('\\', p->out);
            fputc(*c, p->out);
        }
        fputs("\"\n", p->out);
    }
}

static void as_docker(const plan *p)
{
    for (size_t i = 0; i < p->count; i++) {
        fprintf(p->out, "ENV %s=\"", p->variables[i].name);
        put_escaped(p->out, p->variables[i].value, "\"\\$", '\\');
        fputs("\"\n", p->out);
    }
}

static void as_kubernetes(const plan *p)
{
    fputs("env:\n", p->out);
    for (size_t i = 0; i < p->count; i++) {
        fprintf(p->out, "- name: %s\n  value: \"", p->variables[i].name);
        put_escaped(p->out, p->variables[i].value, "\"\\", '\\');
        fputs("\"\n", p->out);
    }
}

static void as_iis(const plan *p)
{
    for (size_t i = 0; i < p->count; i++)
        fprintf(p->out,
                "%%windir%%\\system32\\inetsrv\\appcmd.exe set config -section:system.applicationHost/applicationPools "
                "\"/+[name='%s'].environmentVariables.[name='%s',value='%s']\" /commit:apphost\n",
                p->name, p->variables[i].name, p->variables[i].value);
}

static void as_service(const plan *p)
{
    fprintf(p->out, "reg add \"HKLM\\SYSTEM\\CurrentControlSet\\Services\\%s\" /v Environment /t REG_MULTI_SZ /f /d \"",
            p->name);
    for (size_t i = 0; i < p->count; i++)
        fprintf(p->out, "%s%s=%s", i ? "\\0" : "", p->variables[i].name, p->variables[i].value);
    fputs("\"\n", p->out);
}

/* Text outside of ASCII goes as its UTF-16 bytes: in what encoding the file would be read is up to the shell that wrote it. */
static void registry_text(FILE *out, nr_str text)
{
    bool ascii = true;
    for (size_t i = 0; i < text.n; i++) ascii = ascii && (unsigned char)text.p[i] < 0x80;
    if (ascii) {
        fputc('"', out);
        put_escaped(out, text.p, "\"\\", '\\');
        fputs("\"\n", out);
        return;
    }
    fputs("hex(1):", out);
    for (size_t i = 0; i < text.n;) {
        uint16_t units[2];
        size_t count = nr_utf16_units(nr_utf8_next(text, &i), units);
        for (size_t k = 0; k < count; k++) fprintf(out, "%02x,%02x,", units[k] & 0xFFu, (unsigned)units[k] >> 8);
    }
    fputs("00,00\n", out);
}

static void registry_value(const plan *p, const char *key, const char *class, const char *tail, const char *name,
                           const char *value)
{
    fprintf(p->out, "\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\%s%s%s]\n%s=", key, class, tail, name);
    registry_text(p->out, nr_str_of(value));
}

static void as_registry(const plan *p)
{
    static const char *const classes[] = {CORE_CLASS, FRAMEWORK_CLASS};
    fputs("Windows Registry Editor Version 5.00\n", p->out);
    for (size_t i = 0; i < NR_COUNT(classes); i++) {
        registry_value(p, "Classes\\CLSID\\", classes[i], "\\InprocServer32", "@", p->library);
        fputs("\"ThreadingModel\"=\"Both\"\n", p->out);
        registry_value(p, "Classes\\WOW6432Node\\CLSID\\", classes[i], "\\InprocServer32", "@", p->library32);
        fputs("\"ThreadingModel\"=\"Both\"\n", p->out);
    }
    registry_value(p, "New Relic\\.NET Agent", "", "", "\"NewRelicHome\"", p->home);
    registry_value(p, "WOW6432Node\\New Relic\\.NET Agent", "", "", "\"NewRelicHome\"", p->home);
}

static const struct form {
    const char *name;
    bool windows, named;
    void (*print)(const plan *p);
} forms[] = {
    {"shell", false, false, as_shell},          {"systemd", false, false, as_systemd},
    {"docker", false, false, as_docker},        {"kubernetes", false, false, as_kubernetes},
    {"powershell", true, false, as_powershell}, {"iis", true, true, as_iis},
    {"service", true, true, as_service},
};
static const struct form registry_form = {"registry", true, false, as_registry};

/* Characters that no file name has on that system, or that the form has no way to write. */
static bool is_writable(const char *text, const struct form *form)
{
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || (form->windows && strchr("\"<>|", *c)) || (form->named && *c == '\''))
            return false;
    return true;
}

static bool is_absolute(const char *path, bool windows)
{
    if (!windows) return path[0] == '/';
    return (path[0] && path[1] == ':' && path[2] == '\\') || (path[0] == '\\' && path[1] == '\\');
}

static void add(plan *p, const char *name, const char *value)
{
    p->variables[p->count].name = name;
    p->variables[p->count++].value = value;
}

static const char *in_home(nr_cli *cli, const char *home, const char *separator, const char *name)
{
    size_t n = strlen(home);
    const char *between = n && home[n - 1] == *separator ? "" : separator;
    return nr_arena_printf(&cli->arena, "%s%s%s", home, between, name).p;
}

static const struct form *find_form(nr_cli *cli, const nr_args *args)
{
    const char *names[NR_COUNT(forms)], *word = args->operand_count ? args->operands[0] : "shell";
    if (args->values[OPTION_REGISTRY])
        return args->operand_count ? (nr_cli_usage(cli, &nr_command_env, "--registry goes without '%s'", word), NULL)
                                   : &registry_form;
    if (args->operand_count > 1)
        return nr_cli_usage(cli, &nr_command_env, "unexpected argument '%s'", args->operands[1]), NULL;
    for (size_t i = 0; i < NR_COUNT(forms); i++) {
        names[i] = forms[i].name;
        if (!strcmp(word, forms[i].name)) return &forms[i];
    }
    const char *near = nr_args_nearest(word, names, NR_COUNT(forms));
    nr_cli_usage(cli, &nr_command_env, "unknown form '%s'%s%s%s", word, near ? ", did you mean '" : "",
                 near ? near : "", near ? "'?" : "");
    return NULL;
}

static int run(nr_cli *cli, const nr_args *args)
{
    const struct form *form = find_form(cli, args);
    plan p = {.out = cli->out, .home = args->values[OPTION_HOME], .name = args->values[OPTION_NAME]};
    if (!form) return NR_EXIT_USAGE;
    if (!p.home)
        return nr_cli_usage(cli, &nr_command_env, "--home is missing: the agent home where the application will run");
    if (form->named && !p.name)
        return nr_cli_usage(cli, &nr_command_env, "--name is missing: of the application pool or the service");
    const char *separator = form->windows ? "\\" : "/";
    p.library = args->values[OPTION_LIBRARY];
    p.library32 = args->values[OPTION_LIBRARY32];
    if (!p.library)
        p.library = in_home(cli, p.home, separator, form->windows ? "NewRelic.Profiler.dll" : "libNewRelicProfiler.so");
    if (!p.library32) p.library32 = in_home(cli, p.home, separator, "x86\\NewRelic.Profiler.dll");
    if (!p.library || !p.library32) return nr_cli_no_memory(cli);
    const char *const paths[] = {p.home, p.library, form->windows ? p.library32 : p.library};
    for (size_t i = 0; i < NR_COUNT(paths); i++) {
        if (!is_absolute(paths[i], form->windows))
            return nr_cli_error(cli, "%s: not a whole path for %s", paths[i], form->name), NR_EXIT_USAGE;
        if (!is_writable(paths[i], form))
            return nr_cli_error(cli, "%s: it holds a character that cannot be written", paths[i]), NR_EXIT_USAGE;
    }
    if (p.name && !is_writable(p.name, form)) return nr_cli_error(cli, "%s: not a name", p.name), NR_EXIT_USAGE;
    bool framework = args->values[OPTION_FRAMEWORK] != NULL;
    add(&p, framework ? "COR_ENABLE_PROFILING" : "CORECLR_ENABLE_PROFILING", "1");
    add(&p, framework ? "COR_PROFILER" : "CORECLR_PROFILER", framework ? FRAMEWORK_CLASS : CORE_CLASS);
    if (form->windows) {
        add(&p, framework ? "COR_PROFILER_PATH_64" : "CORECLR_PROFILER_PATH_64", p.library);
        add(&p, framework ? "COR_PROFILER_PATH_32" : "CORECLR_PROFILER_PATH_32", p.library32);
    } else {
        add(&p, framework ? "COR_PROFILER_PATH" : "CORECLR_PROFILER_PATH", p.library);
    }
    add(&p, framework ? "NEW_RELIC_HOME" : "CORECLR_NEW_RELIC_HOME", p.home);
    form->print(&p);
    return NR_EXIT_OK;
}

const nr_command nr_command_env = {
    .name = "env",
    .usage = "--home DIR [shell|systemd|docker|kubernetes|powershell|iis|service]",
    .summary = "print what attaches the profiler to an application",
    .about =
        "Nothing is changed. For iis and service --name says which; --registry is for applications that name no path:\n"
        "COR_PROFILER or CORECLR_PROFILER and the switch are enough then.\n",
    .options = options,
    .option_count = NR_COUNT(options),
    .run = run,
};
