/* nrprof dump: the IL of methods before and after the profiler had its way with them. */
#include "cli/cli.h"
#include "cli/diff.h"
#include "cli/glob.h"
#include "cli/listing.h"
#include "cli/origin.h"
#include "cli/session.h"
#include "os/os.h"

#include <cJSON.h>
#include <string.h>

enum {
    OPTION_METHOD,
    OPTION_RULES,
    OPTION_HOME,
    OPTION_BEFORE,
    OPTION_AFTER,
    OPTION_DIFF,
    OPTION_ORDER,
    OPTION_PROFILER,
    OPTION_FRAMEWORK,
    OPTION_LOG
};
static const nr_option options[] = {
    {"method", 'm', "GLOB", "methods to look at: 'Namespace.Type.Method' with * and ?"},
    {"rules", 'r', "DIR", "rule files (*.xml, *.lua) in place of those of the home"},
    {"home", 0, "DIR", "agent home (default: the environment's)"},
    {"before", 0, NULL, "show the original code"},
    {"after", 0, NULL, "show the instrumented code"},
    {"diff", 0, NULL, "show what is added and removed (default)"},
    {"order", 0, "FILE", "methods to compile, in this order (default: all, ascending)"},
    {"profiler", 0, "PATH", "profiler library (default: the one beside nrprof)"},
    {"framework", 0, NULL, "as .NET Framework does, not .NET Core"},
    {"log", 0, "DIR", "keep the profiler's log there"},
};

enum { COMMENT_COLUMN = 64 };

typedef struct dump_run {
    nr_session session;
    nr_origins origins;
    nr_str pattern; /* p == NULL: every method */
    char mode;      /* 'b', 'a', 'd' */
    unsigned matched, shown;
    cJSON *methods; /* with --json */
    bool failed;    /* no memory */
} dump_run;

typedef struct shown_method {
    nr_str assembly, type, name;
    uint32_t token;
    bool rewritten;
    const nr_blob *blob; /* NULL: it is not known which template made it */
    nr_listing before, after;
} shown_method;

typedef struct namer {
    nr_sim *sim;
    uintptr_t module;
} namer;

static void name_token(void *context, uint32_t token, nr_buf *out)
{
    namer *n = context;
    nr_arena arena = NR_ARENA_INIT;
    int size = nr_sim_meaning(n->sim, n->module, token, NULL, 0);
    char *p = size < 0 ? NULL : nr_arena_alloc(&arena, (size_t)size + 1);
    if (p) {
        nr_sim_meaning(n->sim, n->module, token, p, (size_t)size + 1);
        nr_listing_short_name(out, (nr_str){p, (size_t)size});
    }
    nr_arena_free(&arena);
}

static bool list_body(dump_run *r, nr_arena *arena, uintptr_t module, uint32_t token, nr_sim_body which,
                      nr_listing *out)
{
    const uint8_t *il;
    size_t size;
    namer n = {r->session.sim, module};
    memset(out, 0, sizeof *out);
    if (!nr_sim_il(r->session.sim, module, token, which, &il, &size)) return true;
    return nr_listing_make(arena, il, size, name_token, &n, out);
}

/* ---- where the instructions come from ------------------------------------------------------------- */

/* Calls `each` for every rule that names the method, whatever its parameters and versions. */
static void rules_of(dump_run *r, const shown_method *m, void (*each)(void *self, const nr_point *p), void *self)
{
    const nr_point *p = nr_ruleset_of_assembly(&r->origins.set, m->assembly);
    for (; p; p = p->next_of_assembly) {
        if (p->file.p && nr_str_eq(p->class_name, m->type) && nr_str_eq(p->method, m->name)) each(self, p);
    }
}

/* ---- output -------------------------------------------------------------------------------------------- */

static void print_line(dump_run *r, const shown_method *m, char mark, const nr_line *line)
{
    nr_cli *cli = r->session.cli;
    nr_buf text = NR_BUF_INIT;
    const char *color = mark == '+' ? "\033[32m" : mark == '-' ? "\033[31m" : "";
    if (r->mode == 'd') nr_buf_u8(&text, (uint8_t)mark);
    nr_buf_put_str(&text, line->text);
    if (line->step) {
        nr_buf_fill(&text, ' ', text.size + 2 < COMMENT_COLUMN ? COMMENT_COLUMN - text.size : 2);
        if (cli->color) nr_buf_put_str(&text, NR_STR("\033[36m"));
        nr_buf_put_str(&text, NR_STR("; "));
        nr_origin_print(&text, m->blob, line);
    }
    if (text.failed) r->failed = true;
    if (cli->color) fputs(color, cli->out);
    fwrite(text.data, 1, text.size, cli->out);
    fputs(cli->color ? "\033[0m\n" : "\n", cli->out);
    nr_buf_free(&text);
}

static bool same_line(void *context, size_t a, size_t b)
{
    const shown_method *m = context;
    /* What a template wrote is new, even if the method has an instruction like it. */
    return !m->after.lines[b].step && nr_str_eq(m->before.lines[a].key, m->after.lines[b].key);
}

static nr_edit *difference(nr_arena *arena, const shown_method *m, size_t *count)
{
    shown_method *context = (shown_method *)(uintptr_t)m;
    return nr_diff(arena, m->before.count, m->after.count, same_line, context, count);
}

static void print_rule(void *self, const nr_point *p)
{
    const nr_session *s = self;
    fprintf(s->cli->out, "  rule %.*s:%u\n", NR_STR_ARG(nr_session_rule_path(s, p->file)), (unsigned)p->line);
}

static void print_method(dump_run *r, nr_arena *arena, const shown_method *m)
{
    nr_cli *cli = r->session.cli;
    if (r->shown) fputc('\n', cli->out);
    fprintf(cli->out, "%s%.*s.%.*s%s (%.*s, %08X)%s\n", cli->color ? "\033[1m" : "", NR_STR_ARG(m->type),
            NR_STR_ARG(m->name), cli->color ? "\033[0m" : "", NR_STR_ARG(m->assembly), (unsigned)m->token,
            m->rewritten ? "" : ": not instrumented");
    if (m->rewritten) {
        rules_of(r, m, print_rule, &r->session);
        if (m->blob)
            fprintf(cli->out, "  template %.*s (%.*s)\n", NR_STR_ARG(m->blob->template_name),
                    NR_STR_ARG(m->blob->file));
    }
    if (r->mode == 'd' && m->rewritten) {
        size_t count;
        nr_edit *edits = difference(arena, m, &count);
        if (!edits) r->failed = true;
        for (size_t i = 0; edits && i < count; i++)
            print_line(r, m, edits[i].kind,
                       edits[i].kind == '-' ? &m->before.lines[edits[i].a] : &m->after.lines[edits[i].b]);
        return;
    }
    const nr_listing *l = r->mode == 'b' ? &m->before : &m->after;
    for (size_t i = 0; i < l->count; i++) print_line(r, m, ' ', &l->lines[i]);
}

static void add_text(cJSON *object, const char *name, nr_arena *arena, nr_str text)
{
    nr_str z = nr_arena_str(arena, text);
    if (z.p) cJSON_AddStringToObject(object, name, z.p);
}

static void add_line(cJSON *list, nr_arena *arena, const shown_method *m, char mark, const nr_line *line)
{
    cJSON *item = cJSON_CreateObject();
    char mark_text[2] = {mark, 0};
    if (mark) cJSON_AddStringToObject(item, "change", mark_text);
    add_text(item, "text", arena, line->text);
    if (line->step) {
        nr_buf origin = NR_BUF_INIT;
        nr_origin_print(&origin, m->blob, line);
        add_text(item, "template", arena, nr_buf_str(&origin));
        nr_buf_free(&origin);
    }
    cJSON_AddItemToArray(list, item);
}

typedef struct rule_list {
    const nr_session *session;
    cJSON *list;
} rule_list;

static void add_rule(void *self, const nr_point *p)
{
    rule_list *l = self;
    cJSON *rule = cJSON_CreateObject();
    cJSON_AddStringToObject(rule, "file", nr_session_rule_path(l->session, p->file).p);
    cJSON_AddNumberToObject(rule, "line", p->line);
    cJSON_AddItemToArray(l->list, rule);
}

static void add_method(dump_run *r, nr_arena *arena, const shown_method *m)
{
    cJSON *o = cJSON_CreateObject(), *lines = cJSON_CreateArray();
    char token[12];
    snprintf(token, sizeof token, "%08x", (unsigned)m->token);
    add_text(o, "assembly", arena, m->assembly);
    cJSON_AddStringToObject(o, "token", token);
    add_text(o, "type", arena, m->type);
    add_text(o, "method", arena, m->name);
    cJSON_AddBoolToObject(o, "rewritten", m->rewritten);
    if (m->rewritten) {
        rule_list rules = {&r->session, cJSON_AddArrayToObject(o, "rules")};
        rules_of(r, m, add_rule, &rules);
        if (m->blob) add_text(o, "template", arena, m->blob->template_name);
    }
    cJSON_AddItemToObject(o, "lines", lines);
    size_t count = 0;
    nr_edit *edits = r->mode == 'd' ? difference(arena, m, &count) : NULL;
    for (size_t i = 0; edits && i < count; i++)
        add_line(lines, arena, m, edits[i].kind,
                 edits[i].kind == '-' ? &m->before.lines[edits[i].a] : &m->after.lines[edits[i].b]);
    const nr_listing *l = r->mode == 'b' ? &m->before : &m->after;
    for (size_t i = 0; r->mode != 'd' && i < l->count; i++) add_line(lines, arena, m, 0, &l->lines[i]);
    cJSON_AddItemToArray(r->methods, o);
}

/* ---- methods --------------------------------------------------------------------------------------------- */

static void look_at(dump_run *r, uintptr_t module, uint32_t token)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_session *s = &r->session;
    shown_method m;
    memset(&m, 0, sizeof m);
    if (!nr_session_has_il(s, module, token)) return;
    m.token = token;
    m.type = nr_session_type(s, &arena, module, token);
    m.name = nr_session_method_name(s, &arena, module, token);
    nr_str full = nr_arena_printf(&arena, "%.*s.%.*s", NR_STR_ARG(m.type), NR_STR_ARG(m.name));
    if (!r->pattern.p || nr_glob(r->pattern, full)) {
        r->matched++;
        nr_sim_jit(s->sim, module, token);
        m.rewritten = nr_sim_is_rewritten(s->sim, module, token);
        if (m.rewritten || r->pattern.p) {
            m.assembly = nr_session_assembly(s, &arena, module);
            if (!list_body(r, &arena, module, token, NR_SIM_BODY_ORIGINAL, &m.before) ||
                !list_body(r, &arena, module, token, NR_SIM_BODY_CURRENT, &m.after))
                r->failed = true;
            if (m.rewritten) m.blob = nr_origins_find(&r->origins, &arena, m.name, &m.after);
            nr_progress_clear(&s->progress);
            if (r->methods)
                add_method(r, &arena, &m);
            else
                print_method(r, &arena, &m);
            r->shown++;
        }
    }
    nr_arena_free(&arena);
}

static bool look_at_all(dump_run *r, const nr_args *args)
{
    const char *order = args->values[OPTION_ORDER];
    nr_buf methods = NR_BUF_INIT;
    uintptr_t *modules = nr_arena_zalloc(&r->session.cli->arena, args->operand_count, sizeof *modules);
    bool ok = modules != NULL;
    for (size_t i = 0; ok && i < args->operand_count; i++) {
        if (!(modules[i] = nr_session_load(&r->session, args->operands[i]))) ok = false;
        uint32_t count = ok && !order ? nr_session_method_count(&r->session, modules[i]) : 0;
        for (uint32_t rid = 1; rid <= count && !ferror(r->session.cli->out); rid++) {
            look_at(r, modules[i], 0x06000000 | rid);
            nr_progress_set(&r->session.progress, i * 1000 + (size_t)rid * 1000 / count, args->operand_count * 1000);
        }
    }
    if (ok && order) ok = nr_session_read_order(&r->session, order, modules, args->operand_count, &methods);
    for (size_t i = 0; ok && i < methods.size / sizeof(nr_session_method); i++) {
        nr_session_method m;
        memcpy(&m, methods.data + i * sizeof m, sizeof m);
        look_at(r, m.module, m.token);
    }
    nr_buf_free(&methods);
    return ok;
}

static void print_json(dump_run *r)
{
    cJSON *all = cJSON_CreateObject();
    cJSON_AddItemToObject(all, "methods", r->methods);
    char *text = cJSON_Print(all);
    if (text) fprintf(r->session.cli->out, "%s\n", text);
    cJSON_free(text);
    cJSON_Delete(all);
    r->methods = NULL;
}

static int choose_mode(nr_cli *cli, const nr_args *args, char *mode)
{
    static const struct {
        int option;
        char mode;
    } modes[] = {{OPTION_BEFORE, 'b'}, {OPTION_AFTER, 'a'}, {OPTION_DIFF, 'd'}};
    unsigned given = 0;
    *mode = 'd';
    for (size_t i = 0; i < NR_COUNT(modes); i++) {
        if (!args->values[modes[i].option]) continue;
        *mode = modes[i].mode;
        given++;
    }
    if (given > 1) return nr_cli_usage(cli, &nr_command_dump, "--before, --after and --diff exclude each other");
    return NR_EXIT_OK;
}

static int run(nr_cli *cli, const nr_args *args)
{
    dump_run r;
    nr_session_options o = {args->values[OPTION_HOME],     args->values[OPTION_RULES],
                            args->values[OPTION_PROFILER], args->values[OPTION_FRAMEWORK] != NULL,
                            args->values[OPTION_LOG],      false};
    memset(&r, 0, sizeof r);
    if (!args->operand_count) return nr_cli_usage(cli, &nr_command_dump, "no assembly is given");
    if (choose_mode(cli, args, &r.mode) != NR_EXIT_OK) return NR_EXIT_USAGE;
    for (size_t i = 0; i < args->operand_count; i++) {
        if (!nr_os_file_exists(nr_str_of(args->operands[i])))
            return nr_cli_error(cli, "%s: no such file", args->operands[i]), NR_EXIT_USAGE;
    }
    if (args->values[OPTION_METHOD]) r.pattern = nr_str_of(args->values[OPTION_METHOD]);
    if (cli->json && !(r.methods = cJSON_CreateArray())) return nr_cli_no_memory(cli);
    int code = nr_session_begin(&r.session, cli, &o, NULL, NULL);
    if (code == NR_EXIT_OK && !nr_origins_load(&r.origins, &cli->arena, r.session.home, !o.framework))
        code = nr_cli_no_memory(cli);
    if (code == NR_EXIT_OK && !look_at_all(&r, args)) code = NR_EXIT_USAGE;
    nr_progress_clear(&r.session.progress);
    if (code == NR_EXIT_OK && r.methods) print_json(&r);
    cJSON_Delete(r.methods);
    nr_session_end(&r.session);
    nr_origins_free(&r.origins);
    if (code == NR_EXIT_OK && r.failed) code = nr_cli_no_memory(cli);
    if (code == NR_EXIT_OK && !r.shown) {
        if (r.pattern.p && !r.matched)
            nr_cli_error(cli, "no method matches '%.*s'", NR_STR_ARG(r.pattern));
        else
            nr_cli_error(cli, "none of %u methods is instrumented", r.matched);
        code = NR_EXIT_FINDINGS;
    }
    return code;
}

const nr_command nr_command_dump = {
    "dump",
    "[OPTION...] ASSEMBLY...",
    "show the IL of methods before and after instrumentation",
    "Loads the profiler library into a simulated CLR and compiles the methods in ascending order. Shown are those that "
    "the\n"
    "profiler rewrites and, with --method, the others that match. '; FILE:LINE' beside an instruction is the place in "
    "the\n"
    "template that wrote it. A method of a nested type is 'Outer+Inner.Method'.\n",
    options,
    NR_COUNT(options),
    run,
};
