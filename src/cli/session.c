#include "cli/session.h"

#include "cli/files.h"
#include "clr/factory.h"
#include "os/os.h"
#include "os/tool.h"
#include "rules/home.h"

#include <string.h>

enum { MOST_COMPLAINTS = 5 };

static nr_str path_in(nr_session *s, nr_str directory, const char *name)
{
    return nr_path_join(&s->cli->arena, directory, name);
}

/* Copies a file that may be missing; `otherwise` is written then. */
static bool copy_or(nr_session *s, nr_str from, nr_str to, nr_str otherwise)
{
    nr_buf bytes = NR_BUF_INIT;
    bool ok = to.p != NULL;
    if (from.p && nr_os_file_exists(from))
        ok = ok && nr_os_read_file(from, &bytes);
    else
        nr_buf_put_str(&bytes, otherwise);
    ok = ok && !bytes.failed && nr_files_write(to, nr_buf_str(&bytes));
    nr_buf_free(&bytes);
    (void)s;
    return ok;
}

static bool copy_tree(nr_session *s, nr_str from, nr_str to, const char *suffix)
{
    nr_buf list = NR_BUF_INIT;
    bool ok = nr_files_collect(&s->cli->arena, from, nr_str_of(suffix), &list);
    for (size_t i = 0; ok && i < list.size / sizeof(nr_str); i++) {
        nr_str file;
        memcpy(&file, list.data + i * sizeof file, sizeof file);
        nr_str name = nr_arena_str(&s->cli->arena, (nr_str){file.p + from.n, file.n - from.n});
        nr_str target = nr_arena_printf(&s->cli->arena, "%.*s%.*s", NR_STR_ARG(to), NR_STR_ARG(name));
        ok = name.p && target.p && copy_or(s, file, target, NR_STR(""));
    }
    nr_buf_free(&list);
    return ok;
}

/* --rules: a home of its own with the configuration and templates of the real one and the rules of the directory. */
static int make_home(nr_session *s, const char *rules)
{
    static const char config[] =
        "<?xml version=\"1.0\"?>\n<configuration xmlns=\"urn:newrelic-config\" agentEnabled=\"true\">\n"
        "  <log level=\"info\"/>\n</configuration>\n";
    nr_arena *arena = &s->cli->arena;
    nr_str from = s->home, none = {NULL, 0}, dir = nr_arena_str(arena, nr_str_of(rules));
    while (dir.n > 1 && dir.p[dir.n - 1] == '/') dir.n--;
    if (!nr_os_directory_exists(dir)) return nr_cli_error(s->cli, "%s: no such directory", rules), NR_EXIT_USAGE;
    nr_str home = path_in(s, s->scratch, "home"), extensions = path_in(s, home, "extensions");
    bool ok = copy_or(s, from.p ? path_in(s, from, "newrelic.config") : none, path_in(s, home, "newrelic.config"),
                      nr_str_of(config)) &&
              copy_or(s, from.p ? path_in(s, from, "NewRelic.Agent.Core.dll") : none,
                      path_in(s, home, "NewRelic.Agent.Core.dll"), NR_STR("")) &&
              copy_tree(s, dir, extensions, ".xml") && copy_tree(s, dir, extensions, ".lua");
    nr_str own = from.p ? path_in(s, from, "instrumentation") : none;
    if (ok && own.p && nr_os_directory_exists(own)) ok = copy_tree(s, own, path_in(s, home, "instrumentation"), ".lua");
    if (!ok) return nr_cli_error(s->cli, "%s: the files cannot be copied", rules), NR_EXIT_USAGE;
    s->home = home;
    s->rules = dir;
    s->rules_copy = extensions;
    return NR_EXIT_OK;
}

nr_str nr_session_rule_path(const nr_session *s, nr_str path)
{
    if (!s->rules.p || !nr_str_starts(path, s->rules_copy)) return path;
    nr_str rest = {path.p + s->rules_copy.n, path.n - s->rules_copy.n};
    nr_str shown = nr_arena_printf(&s->cli->arena, "%.*s%.*s", NR_STR_ARG(s->rules), NR_STR_ARG(rest));
    return shown.p ? shown : path;
}

static int find_home(nr_session *s, const nr_session_options *o)
{
    bool core = !o->framework;
    nr_str home = {NULL, 0};
    if (o->home)
        home = nr_arena_str(&s->cli->arena, nr_str_of(o->home));
    else if (!nr_home_from_environment(&s->cli->arena, core, &home))
        home.p = NULL;
    if (home.p && !nr_os_directory_exists(home))
        return nr_cli_error(s->cli, "%s: no such home directory", home.p), NR_EXIT_USAGE;
    s->home = home;
    if (o->rules) {
        int code = make_home(s, o->rules);
        if (code != NR_EXIT_OK) return code;
    }
    if (!s->home.p)
        return nr_cli_error(s->cli, "there is no agent home: set %s, or give --home or --rules",
                            nr_home_variable(core)),
               NR_EXIT_USAGE;
    return NR_EXIT_OK;
}

static nr_str library(nr_session *s, const nr_session_options *o)
{
    if (o->profiler) return nr_arena_str(&s->cli->arena, nr_str_of(o->profiler));
    nr_str here = nr_files_directory_of(nr_os_process_path(&s->cli->arena));
    return path_in(s, here, NR_OS_WINDOWS ? "NewRelic.Profiler.dll" : "libNewRelicProfiler.so");
}

void nr_session_read_log(const nr_session *s, nr_arena *arena, nr_buf *bytes)
{
    nr_buf files = NR_BUF_INIT;
    bool ok = s->log.p && nr_os_directory_exists(s->log) && nr_files_collect(arena, s->log, NR_STR(".log"), &files);
    for (size_t f = 0; ok && f < files.size / sizeof(nr_str); f++) {
        nr_str path;
        memcpy(&path, files.data + f * sizeof path, sizeof path);
        nr_os_read_file(path, bytes);
    }
    nr_buf_free(&files);
}

/* The first lines with WARN and ERROR in the profiler's log. */
static void complaints(nr_session *s)
{
    nr_buf bytes = NR_BUF_INIT;
    unsigned count = 0;
    nr_session_read_log(s, &s->cli->arena, &bytes);
    const char *at = (const char *)bytes.data, *end = at ? at + bytes.size : at;
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t n = line_end ? (size_t)(line_end - at) : (size_t)(end - at);
        nr_str line = {at, n};
        at += n + 1;
        if (!nr_str_starts(line, NR_STR("[Warn ]")) && !nr_str_starts(line, NR_STR("[Error]"))) continue;
        if (count++ < MOST_COMPLAINTS && n > 28)
            fprintf(s->cli->err, "profiler: %.5s %.*s\n", line.p + 1, (int)(n - 28), line.p + 28);
    }
    if (count > MOST_COMPLAINTS)
        fprintf(s->cli->err, "profiler: and %u lines more%s\n", count - MOST_COMPLAINTS,
                s->keep_log ? "" : " (--log DIR keeps the log)");
    nr_buf_free(&bytes);
}

/* Until nr_session_end. */
static bool set_variable(nr_session *s, const char *name, nr_str value)
{
    struct nr_saved_variable *v = &s->saved[s->saved_count++];
    v->name = name;
    if (!nr_os_env(&s->cli->arena, name, &v->value)) v->value.p = NULL;
    return nr_os_set_env(name, value);
}

static void restore_environment(nr_session *s)
{
    while (s->saved_count) {
        const struct nr_saved_variable *v = &s->saved[--s->saved_count];
        nr_os_set_env(v->name, v->value);
    }
}

static bool set_environment(nr_session *s, bool core)
{
    nr_str level;
    /* Whatever the configuration says about processes: this one is to be looked at. */
    bool ok = set_variable(s, nr_home_variable(core), s->home) &&
              set_variable(s, "NEW_RELIC_PROFILER_LOG_DIRECTORY", s->log) &&
              set_variable(s, "NEW_RELIC_FORCE_PROFILING", NR_STR("1"));
    /* Below INFO more methods are looked at (selection-in-native.md 2.4) and the log is long: only by demand. */
    if (s->in_process)
        ok = ok && set_variable(s, "NEW_RELIC_LOG_LEVEL", NR_STR("finest"));
    else if (ok && !nr_os_env(&s->cli->arena, "NEW_RELIC_LOG_LEVEL", &level))
        ok = set_variable(s, "NEW_RELIC_LOG_LEVEL", NR_STR("info"));
    return ok;
}
_Static_assert(NR_COUNT(((nr_session *)0)->saved) == 4, "set_environment sets four variables");

int nr_session_begin(nr_session *s, nr_cli *cli, const nr_session_options *o,
                     bool (*before_attach)(nr_session *, void *), void *self)
{
    nr_sim_options options;
    memset(s, 0, sizeof *s);
    memset(&options, 0, sizeof options);
    s->cli = cli;
    nr_progress_begin(&s->progress, cli, "compiling");
    s->scratch = nr_os_temporary_directory(&cli->arena);
    if (!s->scratch.p) return nr_cli_error(cli, "no directory for temporary files can be made"), NR_EXIT_USAGE;
    s->in_process = o->in_process;
    s->keep_log = o->log != NULL;
    s->log = s->keep_log ? nr_arena_str(&cli->arena, nr_str_of(o->log)) : path_in(s, s->scratch, "logs");
    int code = find_home(s, o);
    if (code != NR_EXIT_OK) return code;
    nr_str path = library(s, o);
    if (!path.p || !s->log.p) return nr_cli_no_memory(cli);
    if (!s->in_process && !nr_os_file_exists(path))
        return nr_cli_error(cli, "%s: no such profiler library", path.p), NR_EXIT_USAGE;
    if (!set_environment(s, !o->framework)) return nr_cli_error(cli, "the environment cannot be set"), NR_EXIT_USAGE;
    options.flavour = o->framework ? NR_SIM_DESKTOP : NR_SIM_CORE;
    options.keep_library = true; /* nothing comes after this; its threads may still run */
    if (!(s->sim = nr_sim_create(&options))) return nr_cli_no_memory(cli);
    if (before_attach && !before_attach(s, self)) return nr_cli_no_memory(cli);
    int32_t hr =
        s->in_process ? nr_sim_attach_class(s->sim, (void (*)(void))DllGetClassObject) : nr_sim_attach(s->sim, path.p);
    if (hr < 0) {
        nr_cli_error(cli, "%s: the profiler did not start (0x%08X): %s", path.p, (unsigned)hr, nr_sim_message(s->sim));
        return NR_EXIT_USAGE;
    }
    return NR_EXIT_OK;
}

void nr_session_end(nr_session *s)
{
    nr_progress_clear(&s->progress);
    nr_sim_destroy(s->sim);
    s->sim = NULL;
    if (!s->in_process) complaints(s);
    restore_environment(s);
    if (s->scratch.p) nr_files_remove_tree(s->scratch);
    s->scratch.p = NULL;
}

uintptr_t nr_session_load(nr_session *s, const char *path)
{
    uintptr_t module = nr_sim_load(s->sim, path, NULL);
    if (!module) {
        nr_progress_clear(&s->progress);
        nr_cli_error(s->cli, "%s", nr_sim_message(s->sim));
    }
    return module;
}

uint32_t nr_session_method_count(const nr_session *s, uintptr_t module)
{
    enum { METHOD_DEF_TABLE = 6 };
    return nr_sim_rows(s->sim, module, METHOD_DEF_TABLE);
}

bool nr_session_has_il(const nr_session *s, uintptr_t module, uint32_t token)
{
    const uint8_t *il;
    size_t size;
    return nr_sim_il(s->sim, module, token, NR_SIM_BODY_ORIGINAL, &il, &size);
}

/* nrsim.h gives text into a buffer and the size it takes. */
typedef int text_call(const nr_sim *sim, uintptr_t module, uint32_t token, char *out, size_t capacity);

static nr_str text_of(const nr_session *s, nr_arena *arena, text_call *call, uintptr_t module, uint32_t token)
{
    int n = call(s->sim, module, token, NULL, 0);
    char *p = n < 0 ? NULL : nr_arena_alloc(arena, (size_t)n + 1);
    if (!p) return NR_STR("");
    call(s->sim, module, token, p, (size_t)n + 1);
    return (nr_str){p, (size_t)n};
}

static int assembly_text(const nr_sim *sim, uintptr_t module, uint32_t token, char *out, size_t capacity)
{
    (void)token;
    return nr_sim_assembly_name(sim, module, out, capacity);
}

nr_str nr_session_assembly(const nr_session *s, nr_arena *arena, uintptr_t module)
{
    return text_of(s, arena, assembly_text, module, 0);
}

nr_str nr_session_type(const nr_session *s, nr_arena *arena, uintptr_t module, uint32_t method)
{
    return text_of(s, arena, nr_sim_type_name, module, nr_sim_declaring_type(s->sim, module, method));
}

nr_str nr_session_method_name(const nr_session *s, nr_arena *arena, uintptr_t module, uint32_t method)
{
    return text_of(s, arena, nr_sim_method_name, module, method);
}

/* The text of a member of a JSON line; n == 0: none. Names of assemblies and tokens need no unescaping. */
static nr_str member(nr_str line, nr_str name)
{
    for (size_t i = 0; i + name.n < line.n; i++) {
        if (memcmp(line.p + i, name.p, name.n) != 0) continue;
        const char *p = line.p + i + name.n, *quote = memchr(p, '"', line.n - i - name.n);
        return quote ? (nr_str){p, (size_t)(quote - p)} : (nr_str){NULL, 0};
    }
    return (nr_str){NULL, 0};
}

/* Eight hexadecimal digits; 0: it is something else. */
static uint32_t parse_token(nr_str text)
{
    uint32_t token = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') : ((unsigned char)c | 0x20u) - 'a' + 10u;
        if (digit > 15) return 0;
        token = token << 4 | digit;
    }
    return text.n == 8 ? token : 0;
}

/* One line of an order file; 1: a method, 0: nothing on it, -1: neither. */
static int order_line(nr_session *s, nr_str line, const uintptr_t *modules, size_t count, nr_session_method *out)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_str assembly, token;
    while (line.n && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == ' ')) line.n--;
    if (!line.n || line.p[0] == '#') return 0;
    bool recording = line.p[0] == '{';
    if (recording) {
        if (!nr_str_is(member(line, NR_STR("{\"ev\":\"")), "getil")) return 0;
        assembly = member(line, NR_STR(",\"asm\":\""));
        token = member(line, NR_STR(",\"tok\":\""));
    } else {
        const char *tab = memchr(line.p, '\t', line.n), *end = line.p + line.n;
        if (!tab) return -1;
        const char *next = memchr(tab + 1, '\t', (size_t)(end - tab - 1));
        assembly = (nr_str){line.p, (size_t)(tab - line.p)};
        token = (nr_str){tab + 1, (size_t)((next ? next : end) - tab - 1)};
    }
    out->module = 0;
    out->token = parse_token(token);
    for (size_t i = 0; !out->module && i < count; i++) {
        if (nr_str_eq(nr_session_assembly(s, &arena, modules[i]), assembly)) out->module = modules[i];
    }
    nr_arena_free(&arena);
    if (!out->module) return recording ? 0 : -1; /* a recording may know more assemblies */
    bool there = out->token >> 24 == 6 && (out->token & 0xFFFFFF) - 1 < nr_session_method_count(s, out->module);
    return there ? 1 : -1;
}

bool nr_session_read_order(nr_session *s, const char *path, const uintptr_t *modules, size_t count, nr_buf *out)
{
    nr_buf bytes = NR_BUF_INIT;
    bool ok = nr_os_read_file(nr_str_of(path), &bytes);
    unsigned line = 0;
    if (!ok) nr_cli_error(s->cli, "%s: the file cannot be read", path);
    for (size_t i = 0; ok && i < bytes.size;) {
        const char *p = (const char *)bytes.data + i, *end = memchr(p, '\n', bytes.size - i);
        nr_str text = {p, end ? (size_t)(end - p) : bytes.size - i};
        nr_session_method m;
        int found = order_line(s, text, modules, count, &m);
        i += text.n + 1;
        line++;
        if (found > 0) nr_buf_put(out, &m, sizeof m);
        if (found < 0) {
            nr_cli_error(s->cli, "%s:%u: neither a method of the given assemblies nor 'assembly<tab>token'", path,
                         line);
            ok = false;
        }
    }
    nr_buf_free(&bytes);
    if (ok && out->failed) nr_cli_no_memory(s->cli);
    return ok && !out->failed;
}
