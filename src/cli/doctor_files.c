/* The rule files of the home, read as the profiler reads them, and its log. */
#include "cli/doctor.h"

#include "base/log.h"
#include "base/xml.h"
#include "cli/files.h"
#include "os/os.h"
#include "rules/home.h"
#include "rules/logfile.h"
#include "rules/ruleset.h"
#include "script/script.h"

#include <string.h>

enum { LOG_HEAD = 28 /* "[Warn ] 2026-01-31 23:59:59 " */ };

/* ---- rule files ------------------------------------------------------------------------------------------ */

typedef struct rule_files {
    nr_doctor *d;
    nr_str directory;
    nr_buf names; /* nr_str[]: paths */
} rule_files;

static void add_name(void *self, nr_str name)
{
    rule_files *f = self;
    nr_str z = nr_arena_str(&f->d->cli->arena, name);
    nr_str path = z.p ? nr_path_join(&f->d->cli->arena, f->directory, z.p) : z;
    if (path.p)
        nr_buf_put(&f->names, &path, sizeof path);
    else
        f->d->failed = true;
}

static void list(rule_files *f, const char *extension)
{
    nr_str home = nr_path_join(&f->d->cli->arena, f->d->home, "extensions");
    nr_str inner = nr_path_join(&f->d->cli->arena, home, nr_runtime_directory(f->d->core));
    f->directory = home;
    if (home.p) nr_os_list_by_extension(home, extension, add_name, f);
    f->directory = inner;
    if (inner.p) nr_os_list_by_extension(inner, extension, add_name, f);
}

static bool read_file(nr_doctor *d, nr_str path, nr_str *text)
{
    if (nr_os_may(&d->process, path, NR_OS_READ) && nr_text_read(&d->cli->arena, path, text) == NR_START_OK)
        return true;
    nr_str shown = nr_doctor_shown(d, path);
    nr_doctor_say(d, "rules", NR_CHECK_WARN, nr_doctor_text(d, "chmod a+r %.*s", NR_STR_ARG(shown)),
                  "%.*s cannot be read: its rules are missing", NR_STR_ARG(shown));
    return false;
}

/* Calls `each` with the text of every WARN and ERROR line of a log from *from on, which is then its end. */
static void complaints(nr_str log, size_t *from, void (*each)(void *self, nr_str text), void *self)
{
    nr_buf bytes = NR_BUF_INIT;
    if (!nr_os_read_file(log, &bytes)) bytes.size = 0;
    for (; *from < bytes.size;) {
        const char *p = (const char *)bytes.data + *from, *end = memchr(p, '\n', bytes.size - *from);
        nr_str line = {p, end ? (size_t)(end - p) : bytes.size - *from};
        *from += line.n + (end != NULL);
        bool bad = nr_str_starts(line, NR_STR("[Warn ]")) || nr_str_starts(line, NR_STR("[Error]"));
        if (bad && line.n > LOG_HEAD) each(self, (nr_str){line.p + LOG_HEAD, line.n - LOG_HEAD});
    }
    nr_buf_free(&bytes);
}

/* What the script room says while it reads the files, in a log of its own. */
typedef struct reading {
    nr_doctor *d;
    nr_script *script;
    nr_str log;
    size_t said;  /* bytes of the log */
    nr_str path;  /* of the file that is read; p == NULL: none */
    bool mistake; /* in any file */
} reading;

/* The mistakes of Lua files begin with their place, those of XML files name no file. */
static void say_mistake(void *self, nr_str text)
{
    reading *r = self;
    bool placed = !r->path.p || nr_str_starts(text, r->path);
    nr_str shown = placed ? nr_doctor_shown(r->d, text) : nr_doctor_shown(r->d, r->path);
    nr_doctor_say(r->d, "rules", NR_CHECK_WARN, "Correct the file, or take it out of the directory.", "%.*s%s%.*s",
                  NR_STR_ARG(shown), placed ? "" : ": ", placed ? 0 : (int)text.n, text.p);
    r->mistake = true;
}

static void take_mistakes(reading *r)
{
    complaints(r->log, &r->said, say_mistake, r);
    r->path.p = NULL;
}

static void load_lua(reading *r, nr_str path)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_str text;
    if (!read_file(r->d, path, &text)) {
        r->mistake = true;
        return;
    }
    r->path = path;
    /* Once more, as the profiler does it: by owner and mode. */
    if (nr_script_read_file(r->script, &arena, path, &text)) nr_script_load_rules(r->script, path, text);
    take_mistakes(r);
    nr_arena_free(&arena);
}

static void load_xml(reading *r, nr_str path)
{
    nr_str text, shown = nr_doctor_shown(r->d, path);
    nr_xml_error error = {NULL, 0, 0, 0};
    if (!read_file(r->d, path, &text)) {
        r->mistake = true;
        return;
    }
    if (!nr_xml_parse(&r->d->cli->arena, text, &error)) {
        nr_doctor_say(r->d, "rules", NR_CHECK_WARN, "Correct the file at that place: the profiler skips it.",
                      "%.*s:%u:%u: %s", NR_STR_ARG(shown), (unsigned)error.line, (unsigned)error.column, error.text);
        r->mistake = true;
        return;
    }
    r->path = path;
    nr_script_load_xml(r->script, path, text);
    take_mistakes(r);
}

static nr_str item(const nr_buf *list, size_t i)
{
    nr_str s;
    memcpy(&s, list->data + i * sizeof s, sizeof s);
    return s;
}

/* Reads all rule files; their number. */
static unsigned load_all(reading *r)
{
    rule_files f = {r->d, {NULL, 0}, NR_BUF_INIT};
    list(&f, ".lua");
    size_t count = f.names.size / sizeof(nr_str), total = count;
    for (size_t i = 0; i < count; i++) load_lua(r, item(&f.names, i));
    if (!nr_script_commit_rules(r->script)) r->d->failed = true;
    take_mistakes(r);
    f.names.size = 0;
    list(&f, "xml");
    count = f.names.size / sizeof(nr_str);
    for (size_t i = 0; i < count; i++) load_xml(r, item(&f.names, i));
    nr_script_seal(r->script);
    nr_buf_free(&f.names);
    return (unsigned)(total + count);
}

static void check_rules(nr_doctor *d)
{
    nr_ruleset set;
    nr_script *script = NULL;
    unsigned files = 0, points = 0;
    nr_log_settings settings = {NR_WARN, true, false, false, false};
    nr_str scratch = nr_os_temporary_directory(&d->cli->arena), log = nr_path_join(&d->cli->arena, scratch, "log");
    if (!scratch.p || !log.p) {
        nr_doctor_say(d, "rules", NR_CHECK_SKIP, NULL, "no temporary file can be written");
        return;
    }
    nr_log_reset();
    nr_log_configure(&settings);
    bool ready = nr_log_open(log);
    if (!nr_ruleset_init(&set) || !(script = nr_script_new(&set)) || !nr_script_load_builtin(script, d->home))
        ready = false;
    reading r = {d, script, log, 0, {NULL, 0}, false};
    if (ready) files = load_all(&r);
    nr_log_disable();
    for (const nr_point *p = set.first; ready && p; p = p->next) points++;
    if (!ready)
        nr_doctor_say(d, "rules", NR_CHECK_SKIP, NULL, "the rules cannot be read here");
    else if (!files)
        nr_doctor_say(d, "rules", NR_CHECK_WARN, "Install the agent's extensions directory into the home.",
                      "there is no rule file in the home's extensions: only methods with [Transaction] or [Trace] are "
                      "instrumented");
    else if (!r.mistake)
        nr_doctor_say(d, "rules", NR_CHECK_OK, NULL, "%u rule file%s with %u rule%s, without a mistake", files,
                      files == 1 ? "" : "s", points, points == 1 ? "" : "s");
    nr_script_free(script);
    nr_ruleset_free(&set);
    nr_files_remove_tree(scratch);
}

/* ---- the log ---------------------------------------------------------------------------------------------- */

/* The directory itself, or what exists nearest above it: there it will be made. */
static nr_str existing(nr_str directory)
{
    while (directory.n > 1 && !nr_os_directory_exists(directory) && !nr_os_file_exists(directory))
        directory = nr_files_directory_of(directory);
    return directory;
}

typedef struct counted {
    nr_arena *arena;
    unsigned count;
    nr_str first;
} counted;

static void count_one(void *self, nr_str text)
{
    counted *c = self;
    if (!c->count++) c->first = nr_arena_str(c->arena, text);
}

/* The log of a process that has the profiler: what it complained about. */
static void check_log_file(nr_doctor *d, nr_str directory)
{
    nr_str path = nr_arena_printf(&d->cli->arena, "%.*s" NR_OS_SEPARATOR "NewRelic.Profiler.%lu.log",
                                  NR_STR_ARG(directory), d->process.inner_pid);
    nr_str shown = nr_doctor_shown(d, path);
    counted c = {&d->cli->arena, 0, {NULL, 0}};
    size_t start = 0;
    if (!nr_os_file_exists(path)) {
        nr_doctor_say(d, "log-file", NR_CHECK_WARN, "Is logging switched off, or was the file removed?",
                      "there is no %.*s", NR_STR_ARG(shown));
        return;
    }
    complaints(path, &start, count_one, &c);
    if (c.count)
        nr_doctor_say(d, "log-file", NR_CHECK_WARN, "Read the log.",
                      "%.*s has %u lines with WARN or ERROR, the first: %.*s", NR_STR_ARG(shown), c.count,
                      NR_STR_ARG(c.first));
    else
        nr_doctor_say(d, "log-file", NR_CHECK_OK, NULL, "%.*s has no WARN and no ERROR", NR_STR_ARG(shown));
}

static void check_log(nr_doctor *d)
{
    nr_str path = nr_logfile_path(&d->cli->arena, d->core, false), value;
    if ((nr_doctor_env(d, "NEW_RELIC_LOG_CONSOLE", &value) &&
         (nr_str_eq_ci(value, NR_STR("true")) || nr_str_is(value, "1"))) ||
        (nr_doctor_env(d, "NEW_RELIC_LOG_ENABLED", &value) &&
         (nr_str_eq_ci(value, NR_STR("false")) || nr_str_is(value, "0")))) {
        nr_doctor_say(d, "log-directory", NR_CHECK_SKIP, NULL,
                      "the profiler writes no log file, as NEW_RELIC_LOG_CONSOLE or NEW_RELIC_LOG_ENABLED says");
        return;
    }
    if (!path.p) {
        d->failed = true;
        return;
    }
    nr_str shown = nr_files_directory_of(path), directory = nr_doctor_path(d, shown), there = existing(directory);
    if (!nr_os_file_exists(there) && nr_os_may(&d->process, there, NR_OS_WRITE))
        nr_doctor_say(d, "log-directory", NR_CHECK_OK, NULL, "the log goes to %.*s%s", NR_STR_ARG(shown),
                      there.n == directory.n ? "" : ", which will be made");
    else
        nr_doctor_say(d, "log-directory", NR_CHECK_WARN,
                      "Let the user of the process write there, or set NEW_RELIC_PROFILER_LOG_DIRECTORY to a directory "
                      "where it may. The profiler works without its log, "
                      "but nobody can see why when something is wrong.",
                      "the user of the process may not write to %.*s", NR_STR_ARG(shown));
    if (d->loaded) check_log_file(d, directory);
}

void nr_doctor_files(nr_doctor *d)
{
    if (d->home.p) check_rules(d);
    check_log(d);
}
