/* nrprof diff: two recordings, method by method. */
#include "cli/cli.h"

#include "cli/compare.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "os/os.h"
#include "os/tool.h"
#include "rules/home.h"

#include <stdlib.h>
#include <string.h>

enum { OPTION_HTML, OPTION_IGNORE, OPTION_LIST, OPTION_LOGS, OPTION_HOME, OPTION_FRAMEWORK, OPTION_STRICT };
static const nr_option options[] = {
    {"html", 0, "FILE", "write a report for a browser, too"},
    {"ignore", 0, "LIST", "differences that are known: tokens,order,documented,method=GLOB,event=GLOB,log=GLOB,@FILE"},
    {"list", 'n', "N", "how many differences are shown with details (default: 20; 200 in JSON and the report)"},
    {"logs", 0, "A,B", "compare these two profiler logs, too"},
    {"home", 0, "DIR", "agent home whose templates are looked up (default: the built-in ones)"},
    {"framework", 0, NULL, "the home's rules are those of .NET Framework"},
    {"strict", 0, NULL, "function ids count, too"},
};

enum { LISTED = 20, LISTED_IN_REPORT = 200, COMMENT_COLUMN = 64 };

typedef struct diff_run {
    nr_cli *cli;
    nr_recording a, b;
    nr_comparison comparison;
    nr_ignores ignores;
    nr_origins origins;
    nr_progress progress;
    uint64_t base, share; /* of the bar, in thousandths: where this step begins, and its part */
    size_t listed;        /* SIZE_MAX: not given */
} diff_run;

static void draw(void *self, uint64_t done, uint64_t total)
{
    diff_run *r = self;
    uint64_t part = total ? done * r->share / total : 0;
    nr_progress_set(&r->progress, (size_t)(r->base + (part < r->share ? part : r->share)), 1000);
}

static bool read_recording(diff_run *r, nr_recording *into, const char *path, const char *which)
{
    const char *error = nr_recording_read(into, path, draw, r);
    nr_progress_clear(&r->progress);
    r->base += r->share;
    if (error) {
        nr_cli_error(r->cli, "%s: %s", path, error);
        return false;
    }
    if (into->unreadable) {
        bool end = into->cut_off && into->unreadable == 1;
        nr_comparison_note(
            &r->comparison,
            end ? nr_arena_printf(&r->comparison.arena, "The last line of %s is cut off: it is left out.", which)
                : nr_arena_printf(
                      &r->comparison.arena,
                      "%s has %lu line%s that cannot be read; what stands there is left out. The first is line %lu.",
                      which, (unsigned long)into->unreadable, into->unreadable == 1 ? "" : "s",
                      (unsigned long)into->first_unreadable));
    }
    if (!into->totals)
        nr_comparison_note(
            &r->comparison,
            nr_arena_printf(&r->comparison.arena,
                            "%s has no end: the process was killed or still runs; what was written is compared.",
                            which));
    return true;
}

/* ---- text --------------------------------------------------------------------------------------------------- */

static const char *color(const nr_cli *cli, const char *code)
{
    return cli->color ? code : "";
}

static void print_side(nr_cli *cli, const char *which, nr_str text, nr_str origin)
{
    while (text.n && text.p[0] == ' ') text.p++, text.n--;
    if (!text.p) text = NR_STR("(nothing)");
    fprintf(cli->out, "    %s  %.*s", which, NR_STR_ARG(text));
    if (origin.n) {
        int pad = text.n < COMMENT_COLUMN ? COMMENT_COLUMN - (int)text.n : 2;
        fprintf(cli->out, "%*s%s; %.*s%s", pad, "", color(cli, "\033[36m"), NR_STR_ARG(origin), color(cli, "\033[0m"));
    }
    fputc('\n', cli->out);
}

static void print_first(diff_run *r, nr_arena *arena, const nr_pair *p)
{
    nr_side_by_side s;
    if (!nr_side_by_side_make(arena, &r->origins, &r->comparison, p, &s)) {
        r->comparison.failed = true;
        return;
    }
    if (s.first == s.count) return; /* no line shows it; `why` says the byte */
    print_side(r->cli, "A", s.rows[s.first].a, s.rows[s.first].origin_a);
    print_side(r->cli, "B", s.rows[s.first].b, s.rows[s.first].origin_b);
}

static void print_pair(diff_run *r, const nr_pair *p)
{
    nr_cli *cli = r->cli;
    nr_arena arena = NR_ARENA_INIT;
    nr_str name = nr_comparison_name(&arena, p->method);
    fprintf(cli->out, "%s%s%s: %.*s", color(cli, p->verdict == NR_VERDICT_TOKENS ? "\033[33m" : "\033[31m"),
            nr_verdict_text(p->verdict), color(cli, "\033[0m"), NR_STR_ARG(name));
    if (p->turn > 1) fprintf(cli->out, ", body %u of this method", (unsigned)p->turn);
    if (p->why.n) fprintf(cli->out, ": %.*s", NR_STR_ARG(p->why));
    fputc('\n', cli->out);
    if (p->verdict == NR_VERDICT_DIFFERENT) print_first(r, &arena, p);
    nr_arena_free(&arena);
}

static void print_change(nr_cli *cli, const nr_change *e)
{
    fprintf(cli->out, "%s%s%s%s%.*s\n", color(cli, "\033[31m"), e->kind, color(cli, "\033[0m"), e->where.n ? ": " : "",
            NR_STR_ARG(e->where));
    const nr_str none = {"", 0};
    print_side(cli, "A", e->a.n ? e->a : (nr_str){NULL, 0}, none);
    print_side(cli, "B", e->b.n ? e->b : (nr_str){NULL, 0}, none);
}

static void print_more(nr_cli *cli, size_t hidden, const char *what)
{
    if (hidden) fprintf(cli->out, "… and %lu more %s (--list N shows more)\n", (unsigned long)hidden, what);
}

static void print_text(diff_run *r, size_t most)
{
    const nr_comparison *c = &r->comparison;
    nr_cli *cli = r->cli;
    size_t shown = 0, hidden = 0;
    for (size_t i = 0; i < c->pair_count; i++) {
        if (c->pairs[i].verdict == NR_VERDICT_IDENTICAL || c->pairs[i].ignored.p) continue;
        if (shown < most)
            print_pair(r, &c->pairs[i]), shown++;
        else
            hidden++;
    }
    print_more(cli, hidden, "methods");
    shown = hidden = 0;
    for (size_t i = 0; i < c->changes.size / sizeof(nr_change); i++) {
        nr_change change;
        memcpy(&change, c->changes.data + i * sizeof change, sizeof change);
        if (change.ignored.p) continue;
        if (shown < most)
            print_change(cli, &change), shown++;
        else
            hidden++;
    }
    print_more(cli, hidden, "events");
    for (size_t i = 0; i < c->notes.size / sizeof(nr_str); i++) {
        nr_str note;
        memcpy(&note, c->notes.data + i * sizeof note, sizeof note);
        fprintf(cli->out, "note: %.*s\n", NR_STR_ARG(note));
    }
    for (size_t i = 0; i < c->ignores->count; i++)
        fprintf(cli->out, "ignored by %.*s: %u\n", NR_STR_ARG(c->ignores->rules[i].text), c->ignores->rules[i].used);
    fprintf(cli->out, "%lu methods:", (unsigned long)c->pair_count);
    for (int v = 0; v < NR_VERDICT_COUNT; v++)
        fprintf(cli->out, "%s %lu %s", v ? "," : "", (unsigned long)c->verdicts[v], nr_verdict_text((nr_verdict)v));
    fprintf(cli->out, "; %lu event differences\n", (unsigned long)(c->changes.size / sizeof(nr_change)));
}

/* ---- the command --------------------------------------------------------------------------------------------- */

static bool write_page(diff_run *r, const char *path)
{
    nr_report_options o = {&r->origins, r->listed == SIZE_MAX ? LISTED_IN_REPORT : r->listed, true};
    cJSON *document = nr_report_make(&r->comparison, &o);
    FILE *file = document ? nr_os_stream(path, "wb") : NULL;
    bool ok = file && nr_report_write_page(file, document);
    if (file && fclose(file) != 0) ok = false;
    if (!document)
        nr_cli_no_memory(r->cli);
    else if (!ok)
        nr_cli_error(r->cli, "%s: the report cannot be written", path);
    cJSON_Delete(document);
    return ok;
}

static bool print_json(diff_run *r)
{
    nr_report_options o = {&r->origins, r->listed == SIZE_MAX ? LISTED_IN_REPORT : r->listed, false};
    cJSON *document = nr_report_make(&r->comparison, &o);
    char *text = document ? cJSON_Print(document) : NULL;
    if (text)
        fprintf(r->cli->out, "%s\n", text);
    else
        nr_cli_no_memory(r->cli);
    cJSON_free(text);
    cJSON_Delete(document);
    return text != NULL;
}

static bool compare_logs(diff_run *r, const char *list)
{
    const char *comma = strchr(list, ',');
    nr_str first = nr_arena_str(&r->cli->arena, (nr_str){list, comma ? (size_t)(comma - list) : 0});
    const char *error = first.p ? nr_compare_logs(&r->comparison, first.p, comma + 1) : "out of memory";
    if (error) nr_cli_error(r->cli, "%s", error);
    return !error;
}

/* The templates that may have made the bodies. */
static int load_origins(diff_run *r, const nr_args *args)
{
    bool core = !args->values[OPTION_FRAMEWORK];
    nr_str home = nr_str_of(args->values[OPTION_HOME]);
    if (home.p && !nr_os_directory_exists(home)) {
        nr_cli_error(r->cli, "%s: no such home directory", home.p);
        return NR_EXIT_USAGE;
    }
    if (home.p && !nr_os_set_env(nr_home_variable(core), home)) return nr_cli_no_memory(r->cli);
    return nr_origins_load(&r->origins, &r->cli->arena, home, core) ? NR_EXIT_OK : nr_cli_no_memory(r->cli);
}

static int compare(diff_run *r, const nr_args *args)
{
    nr_comparison *c = &r->comparison;
    r->share = 450;
    if (!read_recording(r, &r->a, args->operands[0], "A") || !read_recording(r, &r->b, args->operands[1], "B"))
        return NR_EXIT_USAGE;
    int code = load_origins(r, args);
    if (code != NR_EXIT_OK) return code;
    r->share = 100;
    if (!nr_compare(c, &r->a, &r->b, &r->ignores, args->values[OPTION_STRICT] != NULL, draw, r))
        return nr_cli_no_memory(r->cli);
    nr_compare_events(c);
    if (args->values[OPTION_LOGS] && !compare_logs(r, args->values[OPTION_LOGS])) return NR_EXIT_USAGE;
    nr_progress_clear(&r->progress);
    if (c->failed) return nr_cli_no_memory(r->cli);
    if (args->values[OPTION_HTML] && !write_page(r, args->values[OPTION_HTML])) return NR_EXIT_USAGE;
    if (r->cli->json) {
        if (!print_json(r)) return NR_EXIT_USAGE;
    } else {
        print_text(r, r->listed == SIZE_MAX ? LISTED : r->listed);
    }
    if (c->failed) return nr_cli_no_memory(r->cli);
    if (!c->pair_count) {
        nr_cli_error(r->cli, "neither recording has a method body: nothing was compared");
        return NR_EXIT_FINDINGS;
    }
    return nr_comparison_is_clean(c) ? NR_EXIT_OK : NR_EXIT_FINDINGS;
}

static bool read_number(const char *text, size_t *out)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (*end || text[0] < '0' || text[0] > '9' || n > 1000000) return false;
    *out = n;
    return true;
}

static int run(nr_cli *cli, const nr_args *args)
{
    diff_run r;
    memset(&r, 0, sizeof r);
    r.cli = cli;
    r.listed = SIZE_MAX;
    if (args->operand_count != 2) return nr_cli_usage(cli, &nr_command_diff, "two recordings are needed");
    if (args->values[OPTION_LIST] && !read_number(args->values[OPTION_LIST], &r.listed))
        return nr_cli_usage(cli, &nr_command_diff, "option '--list' needs a number");
    if (args->values[OPTION_LOGS] && !strchr(args->values[OPTION_LOGS], ','))
        return nr_cli_usage(cli, &nr_command_diff, "option '--logs' needs two files with a comma between them");
    const char *error = nr_ignores_read(&r.ignores, &cli->arena, args->values[OPTION_IGNORE]);
    if (error) return nr_cli_usage(cli, &nr_command_diff, "%s", error);
    nr_progress_begin(&r.progress, cli, "comparing");
    int code = compare(&r, args);
    nr_progress_clear(&r.progress);
    nr_comparison_free(&r.comparison);
    nr_origins_free(&r.origins);
    nr_recording_free(&r.a);
    nr_recording_free(&r.b);
    return code;
}

const nr_command nr_command_diff = {
    "diff",
    "[OPTION...] A B",
    "compare two recordings method by method",
    "A and B are recordings: JSON lines that 'nrprof record' or a process with NEWRELIC_VALIDATION_ENABLED=1 wrote. "
    "Compared are\n"
    "the bodies that the profilers gave to the CLR, and what else they asked for. '; FILE:LINE' beside an instruction "
    "is the\n"
    "place in the template that wrote it. The exit code is 0 only when all is identical or ignored by --ignore.\n",
    options,
    NR_COUNT(options),
    run,
};
