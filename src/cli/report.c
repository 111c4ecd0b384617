#include "cli/report.h"

#include "base/version.h"
#include "script/embedded.h"

#include <string.h>

static void add_text(cJSON *object, const char *name, nr_str text)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_str z = nr_arena_str(&arena, text);
    if (z.p) cJSON_AddStringToObject(object, name, z.p);
    nr_arena_free(&arena);
}

static void add_item(cJSON *array, nr_str text)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_str z = nr_arena_str(&arena, text);
    if (z.p) cJSON_AddItemToArray(array, cJSON_CreateString(z.p));
    nr_arena_free(&arena);
}

static void add_number(cJSON *object, const char *name, size_t n)
{
    cJSON_AddNumberToObject(object, name, (double)n);
}

static void add_recording(cJSON *document, const char *name, const nr_recording *r)
{
    cJSON *o = cJSON_AddObjectToObject(document, name);
    add_text(o, "file", r->path);
    if (r->process.n) add_text(o, "process", r->process);
    if (r->profiler.n) add_text(o, "profiler", r->profiler);
    add_number(o, "lines", r->lines);
    add_number(o, "unreadable", r->unreadable);
    add_number(o, "bodies", r->body_count);
    cJSON_AddBoolToObject(o, "complete", r->totals != NULL);
    if (r->totals) cJSON_AddItemToObject(o, "totals", cJSON_Duplicate(r->totals, true));
}

static void add_counts(cJSON *object, const size_t *verdicts)
{
    for (int v = 0; v < NR_VERDICT_COUNT; v++) add_number(object, nr_verdict_word((nr_verdict)v), verdicts[v]);
}

/* ---- assemblies -------------------------------------------------------------------------------------------- */

typedef struct assembly_row {
    size_t verdicts[NR_VERDICT_COUNT];
    nr_str name;
    cJSON *identical; /* names, for the page */
} assembly_row;

static void add_identical(assembly_row *row, const nr_pair *p)
{
    char token[12];
    cJSON *item = cJSON_CreateArray();
    snprintf(token, sizeof token, "%08x", (unsigned)p->method->token);
    add_item(item, nr_str_of(token));
    add_item(item, p->method->type);
    add_item(item, p->method->name);
    cJSON_AddItemToArray(row->identical, item);
}

static bool add_assemblies(cJSON *document, const nr_comparison *c, bool page)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_map map;
    nr_buf order = NR_BUF_INIT; /* assembly_row *[] */
    cJSON *list = cJSON_AddArrayToObject(document, "assemblies");
    bool ok = list != NULL;
    nr_map_init(&map, &arena);
    for (size_t i = 0; ok && i < c->pair_count; i++) {
        bool added;
        nr_map_entry *e = nr_map_put(&map, c->pairs[i].method->assembly->name, &added);
        assembly_row *row = e && !added ? (assembly_row *)e->value : nr_arena_zalloc(&arena, 1, sizeof *row);
        if (!e || !row) {
            ok = false;
            break;
        }
        if (added) {
            e->value = (uintptr_t)row;
            row->name = e->key;
            if (page) row->identical = cJSON_CreateArray();
            nr_buf_put(&order, &row, sizeof row);
        }
        row->verdicts[c->pairs[i].verdict]++;
        if (page && c->pairs[i].verdict == NR_VERDICT_IDENTICAL) add_identical(row, &c->pairs[i]);
    }
    for (size_t i = 0; i < order.size / sizeof(assembly_row *); i++) {
        assembly_row *row;
        memcpy(&row, order.data + i * sizeof row, sizeof row);
        cJSON *o = cJSON_CreateObject();
        add_text(o, "name", row->name);
        add_counts(o, row->verdicts);
        if (row->identical) cJSON_AddItemToObject(o, "names", row->identical);
        cJSON_AddItemToArray(list, o);
    }
    ok = ok && !order.failed;
    nr_buf_free(&order);
    nr_arena_free(&arena);
    return ok;
}

/* ---- methods --------------------------------------------------------------------------------------------------- */

static void add_first(cJSON *method, const nr_row *row)
{
    cJSON *o = cJSON_AddObjectToObject(method, "first");
    if (row->a.p) add_text(o, "a", row->a);
    if (row->b.p) add_text(o, "b", row->b);
    if (row->origin_a.n) add_text(o, "template_a", row->origin_a);
    if (row->origin_b.n) add_text(o, "template_b", row->origin_b);
}

/* [a, b, template of a, template of b]; 0 stands for "no such line"; an equal line has b and its template only where they differ. */
static void add_row(cJSON *rows, const nr_row *row)
{
    cJSON *o = cJSON_CreateArray();
    const nr_str texts[] = {row->a, row->b, row->origin_a, row->origin_b};
    size_t count = 4;
    if (row->equal && nr_str_eq(row->a, row->b) && nr_str_eq(row->origin_a, row->origin_b)) {
        add_item(o, row->a);
        if (row->origin_a.n) add_item(o, row->origin_a);
        cJSON_AddItemToArray(rows, o);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (texts[i].p)
            add_item(o, texts[i]);
        else
            cJSON_AddItemToArray(o, cJSON_CreateNumber(0));
    }
    if (row->equal) cJSON_AddItemToArray(o, cJSON_CreateTrue());
    cJSON_AddItemToArray(rows, o);
}

static bool add_code(cJSON *method, const nr_comparison *c, const nr_pair *p, const nr_report_options *options)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_side_by_side s;
    bool ok = nr_side_by_side_make(&arena, options->origins, c, p, &s);
    if (ok && p->verdict == NR_VERDICT_DIFFERENT && s.first < s.count) add_first(method, &s.rows[s.first]);
    if (ok && options->page) {
        cJSON *rows = cJSON_AddArrayToObject(method, "rows");
        for (size_t i = 0; i < s.count; i++) add_row(rows, &s.rows[i]);
    }
    nr_arena_free(&arena);
    return ok;
}

/* Different ones have code first; what is in one recording only and numbering is easier to guess. */
static bool wants_code(const nr_comparison *c, const nr_pair *p, const nr_report_options *options, size_t *left)
{
    bool want = p->verdict == NR_VERDICT_DIFFERENT || (options->page && p->verdict != NR_VERDICT_TOKENS);
    if (options->page && p->verdict == NR_VERDICT_TOKENS) want = c->verdicts[NR_VERDICT_DIFFERENT] < *left;
    if (!want || !*left) return false;
    --*left;
    return true;
}

static bool add_methods(cJSON *document, const nr_comparison *c, const nr_report_options *options)
{
    cJSON *list = cJSON_AddArrayToObject(document, "methods");
    size_t left = options->details;
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < c->pair_count; i++) {
        const nr_pair *p = &c->pairs[i];
        char token[12];
        if (p->verdict == NR_VERDICT_IDENTICAL) continue;
        cJSON *o = cJSON_CreateObject();
        snprintf(token, sizeof token, "%08x", (unsigned)p->method->token);
        add_text(o, "assembly", p->method->assembly->name);
        cJSON_AddStringToObject(o, "token", token);
        add_text(o, "type", p->method->type);
        add_text(o, "method", p->method->name);
        if (p->turn > 1) add_number(o, "body", p->turn);
        cJSON_AddStringToObject(o, "verdict", nr_verdict_word(p->verdict));
        if (p->why.n) add_text(o, "why", p->why);
        if (p->ignored.p) add_text(o, "ignored", p->ignored);
        if (wants_code(c, p, options, &left)) ok = add_code(o, c, p, options);
        cJSON_AddItemToArray(list, o);
    }
    return ok;
}

/* ---- the document ------------------------------------------------------------------------------------------------ */

static void add_changes(cJSON *document, const nr_comparison *c)
{
    cJSON *list = cJSON_AddArrayToObject(document, "events");
    for (size_t i = 0; i < c->changes.size / sizeof(nr_change); i++) {
        nr_change change;
        memcpy(&change, c->changes.data + i * sizeof change, sizeof change);
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "kind", change.kind);
        if (change.where.n) add_text(o, "where", change.where);
        if (change.a.n) add_text(o, "a", change.a);
        if (change.b.n) add_text(o, "b", change.b);
        if (change.ignored.p) add_text(o, "ignored", change.ignored);
        cJSON_AddItemToArray(list, o);
    }
}

static void add_ignores(cJSON *document, const nr_ignores *ignores)
{
    cJSON *list = cJSON_AddArrayToObject(document, "ignore");
    for (size_t i = 0; i < ignores->count; i++) {
        cJSON *o = cJSON_CreateObject();
        add_text(o, "rule", ignores->rules[i].text);
        add_number(o, "used", ignores->rules[i].used);
        cJSON_AddItemToArray(list, o);
    }
}

cJSON *nr_report_make(const nr_comparison *c, const nr_report_options *options)
{
    cJSON *document = cJSON_CreateObject(), *counts;
    cJSON_AddStringToObject(document, "nrprof", NRPROF_VERSION);
    add_recording(document, "a", c->a);
    add_recording(document, "b", c->b);
    cJSON_AddBoolToObject(document, "clean", nr_comparison_is_clean(c));
    counts = cJSON_AddObjectToObject(document, "summary");
    add_number(counts, "methods", c->pair_count);
    add_counts(counts, c->verdicts);
    add_number(counts, "masked", c->masked);
    cJSON_AddItemToObject(counts, "ignored", cJSON_CreateObject());
    add_counts(cJSON_GetObjectItem(counts, "ignored"), c->ignored);
    bool ok = add_assemblies(document, c, options->page) && add_methods(document, c, options);
    add_changes(document, c);
    cJSON *notes = cJSON_AddArrayToObject(document, "notes");
    for (size_t i = 0; i < c->notes.size / sizeof(nr_str); i++) {
        nr_str note;
        memcpy(&note, c->notes.data + i * sizeof note, sizeof note);
        add_item(notes, note);
    }
    add_ignores(document, c->ignores);
    if (ok && notes) return document;
    cJSON_Delete(document);
    return NULL;
}

/* ---- the page ------------------------------------------------------------------------------------------------------ */

static nr_str embedded(const char *name)
{
    const nr_embedded *e = nr_embedded_tool_files;
    while (e->name && strcmp(e->name, name) != 0) e++;
    return (nr_str){(const char *)e->data, e->size};
}

/* A '<' in a name must not end the element: JSON knows it as \u003c, too. */
static void write_document(FILE *out, const char *json)
{
    for (const char *p = json; *p;) {
        size_t n = strcspn(p, "<");
        fwrite(p, 1, n, out);
        p += n;
        if (!*p) break;
        fputs("\\u003c", out);
        p++;
    }
}

bool nr_report_write_page(FILE *out, const cJSON *document)
{
    static const char *const parts[] = {"@style@", "@data@", "@script@"};
    char *json = cJSON_PrintUnformatted(document);
    nr_str page = embedded("report.html");
    if (!json) return false;
    for (size_t i = 0; i < 3; i++) {
        size_t at = 0, n = strlen(parts[i]);
        while (at + n < page.n && memcmp(page.p + at, parts[i], n) != 0) at++;
        fwrite(page.p, 1, at, out);
        page = (nr_str){page.p + at + n, page.n - at - n};
        nr_str file = embedded(i == 0 ? "report.css" : "report.js");
        if (i == 1)
            write_document(out, json);
        else
            fwrite(file.p, 1, file.n, out);
    }
    fwrite(page.p, 1, page.n, out);
    cJSON_free(json);
    return fflush(out) == 0 && !ferror(out);
}
