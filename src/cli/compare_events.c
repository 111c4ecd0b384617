/* What a profiler did beside writing bodies: start-up, results of callbacks, ReJIT requests, metadata definitions, calls of
 * the managed agent. */
#include "cli/compare.h"

#include <stdlib.h>
#include <string.h>

static const nr_str none = {"", 0};

/* ---- events in order -------------------------------------------------------------------------------------- */

/* Flags and maps belong to methods, which threads compile in any order; a call of the agent comes when it comes. */
static const char *kind_of(const nr_rec_event *e)
{
    if (nr_str_is(e->ev, "codegenflags") || nr_str_is(e->ev, "ilmap")) return "flags";
    if (nr_str_is(e->ev, "export")) return "export";
    return "start";
}

static nr_str *events_of(nr_comparison *c, const nr_recording *r, const char *kind, bool sorted, size_t *count)
{
    nr_buf list = NR_BUF_INIT;
    for (const nr_rec_event *e = r->events; e; e = e->next)
        if (!strcmp(kind_of(e), kind)) nr_buf_put(&list, &e->text, sizeof e->text);
    *count = list.size / sizeof(nr_str);
    nr_str *texts = nr_arena_alloc(&c->arena, list.size + 1);
    if (texts && *count) {
        memcpy(texts, list.data, list.size);
        if (sorted) qsort(texts, *count, sizeof *texts, nr_comparison_by_text);
    }
    if (list.failed || !texts) c->failed = true;
    nr_buf_free(&list);
    return c->failed ? NULL : texts;
}

static void compare_kind(nr_comparison *c, const char *kind, bool sorted)
{
    size_t n, m;
    nr_str *a = events_of(c, c->a, kind, sorted, &n), *b = events_of(c, c->b, kind, sorted, &m);
    if (a && b) nr_comparison_lists(c, kind, none, a, n, b, m);
}

/* ---- methods -------------------------------------------------------------------------------------------------- */

static nr_str results_of(nr_arena *arena, const nr_rec_method *m)
{
    nr_buf text = NR_BUF_INIT;
    for (const nr_rec_result *r = m ? m->results : NULL; r; r = r->next)
        nr_buf_printf(&text, "%s%.*s %.*s", text.size ? ", " : "", NR_STR_ARG(r->ev), NR_STR_ARG(r->hr));
    nr_str s = text.failed ? (nr_str){NULL, 0} : nr_arena_str(arena, nr_buf_str(&text));
    nr_buf_free(&text);
    return s;
}

static bool same_results(const nr_rec_method *a, const nr_rec_method *b)
{
    const nr_rec_result *x = a ? a->results : NULL, *y = b ? b->results : NULL;
    for (; x && y; x = x->next, y = y->next)
        if (!nr_str_eq(x->ev, y->ev) || !nr_str_eq(x->hr, y->hr)) return false;
    return !x && !y;
}

static const nr_rec_method *in(const nr_recording *r, const nr_rec_method *m)
{
    return nr_recording_method(nr_recording_assembly(r, m->assembly->name), m->token);
}

static void compare_results(nr_comparison *c, const nr_rec_method *a, const nr_rec_method *b)
{
    if (same_results(a, b)) return;
    nr_str name = nr_comparison_name(&c->arena, a ? a : b), x = results_of(&c->arena, a), y = results_of(&c->arena, b);
    if (!name.p || !x.p || !y.p)
        c->failed = true;
    else
        nr_comparison_change(c, "result", name, x, y);
}

static void compare_methods(nr_comparison *c)
{
    size_t other = 0;
    nr_str first = none;
    for (const nr_rec_method *m = c->a->methods; m; m = m->next) {
        const nr_rec_method *n = in(c->b, m);
        compare_results(c, m, n);
        if (!n || !m->original.n || !n->original.n || nr_str_eq(m->original, n->original)) continue;
        if (!other++) first = nr_comparison_name(&c->arena, m);
    }
    for (const nr_rec_method *m = c->b->methods; m; m = m->next)
        if (!in(c->a, m)) compare_results(c, NULL, m);
    if (other)
        nr_comparison_note(
            c,
            nr_arena_printf(&c->arena,
                            "The original code of %lu method%s differs, %.*s for one: the recordings are of different "
                            "builds of the application, so the instrumented code must differ, too.",
                            (unsigned long)other, other == 1 ? "" : "s", NR_STR_ARG(first)));
}

/* ---- requests ------------------------------------------------------------------------------------------------ */

static nr_str times(nr_arena *arena, uintptr_t n)
{
    if (!n) return none;
    return n == 1 ? NR_STR("once") : nr_arena_printf(arena, "%lu times", (unsigned long)n);
}

/* Requests of `r` that `other` has not, or another number of times. Those that are in both are said by one side only. */
static void compare_requests(nr_comparison *c, const nr_recording *r, const nr_recording *other, bool swapped)
{
    for (size_t i = 0; r->requests.slots && i <= r->requests.mask; i++) {
        const nr_map_entry *e = &r->requests.slots[i];
        const nr_map_entry *o = e->key.p ? nr_map_get(&other->requests, e->key) : NULL;
        if (!e->key.p || (o && (swapped || o->value == e->value))) continue;
        nr_str x = times(&c->arena, e->value), y = times(&c->arena, o ? o->value : 0);
        nr_comparison_change(c, "request", e->key, swapped ? y : x, swapped ? x : y);
    }
}

/* ---- definitions --------------------------------------------------------------------------------------------- */

/* What was defined, without its number: the same in two processes when the meaning is. */
static nr_str definition_text(nr_comparison *c, const nr_rec_assembly *a, const nr_rec_definition *d)
{
    nr_str meaning = d->has_token ? nr_recording_meaning(a, d->token) : d->name;
    nr_str text =
        nr_arena_printf(&c->arena, "%.*s %.*s (%.*s)", NR_STR_ARG(d->api), NR_STR_ARG(meaning), NR_STR_ARG(d->hr));
    if (!text.p) c->failed = true;
    return text.p ? text : none;
}

static nr_str *definitions_of(nr_comparison *c, const nr_rec_assembly *a, size_t *count)
{
    const nr_rec_definition *d;
    size_t n = 0;
    for (d = a ? a->definitions : NULL; d; d = d->next) n++;
    nr_str *texts = nr_arena_zalloc(&c->arena, n + 1, sizeof *texts);
    if (!texts) c->failed = true;
    *count = 0;
    for (d = a ? a->definitions : NULL; texts && d; d = d->next) texts[(*count)++] = definition_text(c, a, d);
    return texts;
}

static bool equal_lists(const nr_str *a, const nr_str *b, size_t n, size_t *first)
{
    for (size_t i = 0; i < n; i++) {
        if (nr_str_eq(a[i], b[i])) continue;
        *first = i;
        return false;
    }
    return true;
}

static void compare_definitions(nr_comparison *c, const nr_rec_assembly *a, const nr_rec_assembly *b)
{
    size_t n, m, first = 0, unused;
    nr_str *x = definitions_of(c, a, &n), *y = definitions_of(c, b, &m), where = (a ? a : b)->name;
    if (!x || !y || (n == m && equal_lists(x, y, n, &first))) return;
    nr_str *p = nr_arena_copy(&c->arena, x, n * sizeof *x), *q = nr_arena_copy(&c->arena, y, m * sizeof *y);
    if (!p || !q) {
        c->failed = true;
        return;
    }
    if (n) qsort(p, n, sizeof *p, nr_comparison_by_text);
    if (m) qsort(q, m, sizeof *q, nr_comparison_by_text);
    if (n == m && equal_lists(p, q, n, &unused)) {
        nr_str *ends[] = {x, y}, said[2];
        for (int i = 0; i < 2; i++) {
            said[i] = nr_arena_printf(&c->arena, "definition %lu of %lu is %.*s", (unsigned long)first + 1,
                                      (unsigned long)n, NR_STR_ARG(ends[i][first]));
            if (!said[i].p) c->failed = true;
        }
        nr_comparison_change(c, "order", where, said[0], said[1]);
    } else {
        nr_comparison_lists(c, "definition", where, p, n, q, m);
    }
}

void nr_compare_events(nr_comparison *c)
{
    compare_kind(c, "start", false);
    compare_kind(c, "flags", true);
    compare_kind(c, "export", true);
    compare_methods(c);
    compare_requests(c, c->a, c->b, false);
    compare_requests(c, c->b, c->a, true);
    for (const nr_rec_assembly *a = c->a->assemblies; a; a = a->next)
        compare_definitions(c, a, nr_recording_assembly(c->b, a->name));
    for (const nr_rec_assembly *b = c->b->assemblies; b; b = b->next)
        if (!nr_recording_assembly(c->a, b->name)) compare_definitions(c, NULL, b);
}
