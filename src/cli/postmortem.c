/* nrprof postmortem: the journal of rewrites (engine/journal.h) out of a core file, a memory dump, or a running process. */
#include "base/log.h"
#include "cli/cli.h"
#include "engine/journal.h"
#include "il/verify.h"
#include "os/map.h"
#include "os/tool.h"

#include <cJSON.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_LAST, OPTION_ONLY };
static const nr_option options[] = {
    {"last", 'n', "N", "the last N rewrites only"},
    {"only", 0, "TEXT", "those whose method, rule or template has this text"},
};

typedef struct postmortem {
    nr_cli *cli;
    unsigned long last;
    const char *only;
    unsigned journals;
    unsigned long foreign; /* version of a journal that this program cannot read; 0: none */
    cJSON *list;           /* with --json */
    nr_journal *head;      /* room for one header and its rows */
    struct row *rows;
} postmortem;

/* ---- one journal --------------------------------------------------------------------------- */

/* A copy that is certainly aligned; its texts are made to end. */
typedef struct row {
    uint64_t number;
    bool unfinished;
    nr_journal_entry e;
} row;

static bool matches(const postmortem *p, const nr_journal_entry *e)
{
    return !p->only || strstr(e->method, p->only) || strstr(e->rule, p->only) || strstr(e->template_name, p->only);
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = ((const row *)a)->number, y = ((const row *)b)->number;
    return (x > y) - (x < y);
}

static size_t read_rows(const postmortem *p, const uint8_t *entries, size_t size, row *rows)
{
    size_t n = 0;
    for (size_t i = 0; i < NR_JOURNAL_ENTRIES && (i + 1) * sizeof(nr_journal_entry) <= size; i++) {
        row *r = &rows[n];
        memcpy(&r->e, entries + i * sizeof r->e, sizeof r->e);
        uint64_t state = atomic_load(&r->e.state);
        r->e.method[NR_JOURNAL_METHOD - 1] = r->e.rule[NR_JOURNAL_RULE - 1] = 0;
        r->e.template_name[NR_JOURNAL_TEMPLATE - 1] = 0;
        r->number = state / 2;
        r->unfinished = state & 1;
        if (state && matches(p, &r->e)) n++;
    }
    qsort(rows, n, sizeof *rows, by_number);
    if (p->last && n > p->last) {
        memmove(rows, rows + (n - p->last), p->last * sizeof *rows);
        n = p->last;
    }
    return n;
}

/* "2026-01-31 23:59:59", UTC; "?" for what is no sensible time. */
static const char *time_text(int64_t seconds, char text[24])
{
    nr_buf b = NR_BUF_INIT;
    if (seconds >= 0 && seconds < 253402300800) nr_log_format_time(seconds, &b);
    snprintf(text, 24, "%.*s", b.size ? (int)b.size : 1, b.size ? (const char *)b.data : "?");
    nr_buf_free(&b);
    return text;
}

static const char *reason(const nr_journal_entry *e, char text[24])
{
    if (e->outcome == NR_JOURNAL_REFUSED_BY_GATE) return nr_verify_fault_name((nr_verify_fault)e->hr);
    snprintf(text, 24, "0x%08x", (unsigned)e->hr);
    return text;
}

static void print_row(FILE *out, const row *r)
{
    char time[24], why[24];
    const nr_journal_entry *e = &r->e;
    fprintf(out, "#%llu %s %s", (unsigned long long)r->number, time_text(e->time, time),
            r->unfinished ? "being written down" : nr_journal_outcome_words(e->outcome));
    if (e->outcome != NR_JOURNAL_WRITTEN) fprintf(out, " (%s)", reason(e, why));
    fprintf(out, ": %08x %s\n     ", (unsigned)e->token, e->method);
    if (e->line) fprintf(out, "rule %s:%u, ", e->rule, (unsigned)e->line);
    fprintf(out, "template %s; %u -> %u bytes, %016llx -> %016llx, function %llx\n", e->template_name,
            (unsigned)e->size_before, (unsigned)e->size_after, (unsigned long long)e->hash_before,
            (unsigned long long)e->hash_after, (unsigned long long)e->function);
}

static void add_hex(cJSON *o, const char *name, uint64_t v)
{
    char text[24];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)v);
    cJSON_AddStringToObject(o, name, text);
}

static cJSON *json_row(const row *r)
{
    char time[24], why[24];
    const nr_journal_entry *e = &r->e;
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "number", (double)r->number);
    cJSON_AddStringToObject(o, "time", time_text(e->time, time));
    cJSON_AddStringToObject(o, "outcome", r->unfinished ? "unfinished" : nr_journal_outcome_words(e->outcome));
    if (e->outcome != NR_JOURNAL_WRITTEN) cJSON_AddStringToObject(o, "reason", reason(e, why));
    cJSON_AddStringToObject(o, "method", e->method);
    cJSON_AddNumberToObject(o, "token", e->token);
    cJSON_AddStringToObject(o, "rule", e->rule);
    cJSON_AddNumberToObject(o, "line", e->line);
    cJSON_AddStringToObject(o, "template", e->template_name);
    cJSON_AddNumberToObject(o, "size_before", e->size_before);
    cJSON_AddNumberToObject(o, "size_after", e->size_after);
    add_hex(o, "hash_before", e->hash_before);
    add_hex(o, "hash_after", e->hash_after);
    add_hex(o, "function", e->function);
    return o;
}

static void print_journal(postmortem *p, const nr_journal *head, const row *rows, size_t count)
{
    char time[24];
    unsigned long long total = (unsigned long long)atomic_load(&head->next), process = head->process;
    if (p->list) {
        cJSON *o = cJSON_CreateObject(), *list = cJSON_CreateArray();
        cJSON_AddStringToObject(o, "library", head->library);
        cJSON_AddNumberToObject(o, "process", (double)process);
        cJSON_AddStringToObject(o, "started", time_text(head->started, time));
        cJSON_AddNumberToObject(o, "rewrites", (double)total);
        cJSON_AddItemToObject(o, "last", list);
        for (size_t i = 0; i < count; i++) cJSON_AddItemToArray(list, json_row(&rows[i]));
        cJSON_AddItemToArray(p->list, o);
        return;
    }
    fprintf(p->cli->out, "%s: process %llu, started %s UTC, %llu rewrites; %zu shown\n", head->library, process,
            time_text(head->started, time), total, count);
    for (size_t i = 0; i < count; i++) print_row(p->cli->out, &rows[i]);
}

/* Looks at a place that has the mark. What does not fit together is a copy of the mark, not a journal. */
static void look_at(postmortem *p, const uint8_t *at, size_t size)
{
    nr_journal *head = p->head;
    size_t header = offsetof(nr_journal, entries);
    if (size <= header) return;
    memcpy(head, at, header);
    head->library[sizeof head->library - 1] = 0;
    bool sensible = head->header_size == header && head->entry_count == NR_JOURNAL_ENTRIES && head->self;
    if (sensible && head->version == NR_JOURNAL_VERSION && head->entry_size == sizeof(nr_journal_entry)) {
        print_journal(p, head, p->rows, read_rows(p, at + header, size - header, p->rows));
        p->journals++;
    } else if (head->version > NR_JOURNAL_VERSION && head->version < 100 && head->self) {
        p->foreign = head->version;
    }
}

/* ---- where to look ---------------------------------------------------------------------------- */

static bool search(void *self, const uint8_t *data, size_t size)
{
    enum { RARE = 14 }; /* the mark's rarest byte is at this place */
    postmortem *p = self;
    const uint8_t *at = data + RARE, *end = data + size;
    while (size > RARE + 1 && at < end && (at = memchr(at, NR_JOURNAL_MARK[RARE], (size_t)(end - at))) != NULL) {
        const uint8_t *start = at - RARE;
        if (end - start >= 16 && !memcmp(start, NR_JOURNAL_MARK, 16)) look_at(p, start, (size_t)(end - start));
        at++;
    }
    return true;
}

static bool is_number(const char *s, unsigned long *n)
{
    char *end;
    *n = strtoul(s, &end, 10);
    return s[0] >= '0' && s[0] <= '9' && !*end;
}

static int look(postmortem *p, const char *what)
{
    unsigned long pid;
    char why[200] = "";
    if (is_number(what, &pid)) {
        if (!nr_os_each_memory(pid, search, p, why, sizeof why)) {
            nr_cli_error(p->cli, "process %s: its memory cannot be read: %s", what, why);
            return NR_EXIT_USAGE;
        }
    } else {
        const uint8_t *data;
        size_t size;
        if (!nr_os_map_file(nr_str_of(what), &data, &size)) {
            nr_cli_error(p->cli, "%s: the file cannot be read", what);
            return NR_EXIT_USAGE;
        }
        search(p, data, size);
        nr_os_unmap(data, size);
    }
    if (p->journals) return NR_EXIT_OK;
    if (p->foreign)
        nr_cli_error(p->cli, "%s: a journal of version %lu, this nrprof reads version %d", what, p->foreign,
                     (int)NR_JOURNAL_VERSION);
    else
        nr_cli_error(p->cli, "%s: no journal of the profiler is in it", what);
    return NR_EXIT_FINDINGS;
}

static int run(nr_cli *cli, const nr_args *args)
{
    postmortem p = {.cli = cli, .only = args->values[OPTION_ONLY]};
    if (args->operand_count != 1)
        return nr_cli_usage(cli, &nr_command_postmortem, "one core file, memory dump or process id is wanted");
    if (args->values[OPTION_LAST] && (!is_number(args->values[OPTION_LAST], &p.last) || !p.last))
        return nr_cli_usage(cli, &nr_command_postmortem, "--last wants a number, not '%s'", args->values[OPTION_LAST]);
    p.head = nr_arena_alloc(&cli->arena, sizeof *p.head);
    p.rows = nr_arena_alloc(&cli->arena, NR_JOURNAL_ENTRIES * sizeof *p.rows);
    if (!p.head || !p.rows || (cli->json && !(p.list = cJSON_CreateArray()))) return nr_cli_no_memory(cli);
    int code = look(&p, args->operands[0]);
    if (code == NR_EXIT_OK && p.list) {
        char *text = cJSON_Print(p.list);
        if (text)
            fprintf(cli->out, "%s\n", text);
        else
            code = nr_cli_no_memory(cli);
        cJSON_free(text);
    }
    cJSON_Delete(p.list);
    return code;
}

const nr_command nr_command_postmortem = {
    .name = "postmortem",
    .usage = "[OPTION...] CORE|PID|FILE",
    .summary = "the last methods that the profiler rewrote in a process, also in one that has crashed",
    .about = "Reads the journal of the last 256 rewrites out of a core file, any other file with the memory of a\n"
             "process, or a running process (a number; reading its memory takes the rights of a debugger).",
    .options = options,
    .option_count = NR_COUNT(options),
    .run = run,
};
