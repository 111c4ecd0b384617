#include "cli/compare.h"

#include "base/compiler.h"
#include "cli/diff.h"

#include <string.h>

static const char *const words[] = {
#define X(name, word, text) word,
    NR_VERDICTS(X)
#undef X
};
static const char *const texts[] = {
#define X(name, word, text) text,
    NR_VERDICTS(X)
#undef X
};

const char *nr_verdict_word(nr_verdict v)
{
    return words[v];
}

const char *nr_verdict_text(nr_verdict v)
{
    return texts[v];
}

/* ---- bodies --------------------------------------------------------------------------------------------- */

static nr_str say(nr_comparison *c, const char *format, ...) NR_PRINTF(2, 3);
static nr_str say(nr_comparison *c, const char *format, ...)
{
    va_list args;
    nr_buf text = NR_BUF_INIT;
    va_start(args, format);
    nr_buf_vprintf(&text, format, args);
    va_end(args);
    nr_str s = text.failed ? (nr_str){NULL, 0} : nr_arena_str(&c->arena, nr_buf_str(&text));
    nr_buf_free(&text);
    if (!s.p) c->failed = true;
    return s.p ? s : NR_STR("");
}

/* A copy without function ids. */
static uint8_t *masked(nr_arena *arena, const nr_rec_body *b, bool strict)
{
    enum { ID_SIZE = 8 };
    uint8_t *il = nr_arena_copy(arena, b->il, b->size);
    for (uint32_t i = 0; il && !strict && i < b->own_id_count; i++) memset(il + b->own_ids[i], 0, ID_SIZE);
    return il;
}

/* A token that the recording does not explain means only itself. */
static bool same_meaning(nr_str a, uint32_t token_a, nr_str b, uint32_t token_b)
{
    bool unknown = !a.p || !b.p || (a.n && a.p[0] == '?');
    if (unknown && token_a != token_b) return false;
    return (!a.p && !b.p) || (a.p && b.p ? nr_str_eq(a, b) : unknown && (a.p ? a : b).p[0] == '?');
}

static nr_str shown(nr_str meaning)
{
    enum { LONGEST = 200 };
    if (!meaning.p) return NR_STR("(not explained)");
    if (meaning.n > LONGEST) meaning.n = LONGEST;
    return meaning;
}

/* Tokens of equal meaning are cleared in both. False: two differ, and pair->why says which. */
static bool clear_tokens(nr_comparison *c, nr_pair *p, uint8_t *x, uint8_t *y)
{
    for (uint32_t i = 0; i < p->a->token_count; i++) {
        uint32_t at = p->a->tokens[i], u = nr_get_u32(x + at), v = nr_get_u32(y + at);
        nr_str a = nr_recording_meaning(p->in_a, u), b = nr_recording_meaning(p->in_b, v);
        if (!same_meaning(a, u, b, v)) {
            p->why = say(c, "token at 0x%x: %08X %.*s in A, %08X %.*s in B", (unsigned)at, (unsigned)u,
                         NR_STR_ARG(shown(a)), (unsigned)v, NR_STR_ARG(shown(b)));
            return false;
        }
    }
    for (uint32_t i = 0; i < p->a->token_count; i++) {
        memset(x + p->a->tokens[i], 0, 4);
        memset(y + p->a->tokens[i], 0, 4);
    }
    return true;
}

static nr_verdict judge(nr_comparison *c, nr_arena *scratch, nr_pair *p)
{
    const nr_rec_body *a = p->a, *b = p->b;
    if (!a) return NR_VERDICT_ONLY_B;
    if (!b) return NR_VERDICT_ONLY_A;
    if (!nr_str_eq(a->via, b->via) || !nr_str_eq(a->hr, b->hr)) {
        p->why = say(c, "written through %.*s with result %.*s in A, through %.*s with %.*s in B", NR_STR_ARG(a->via),
                     NR_STR_ARG(a->hr), NR_STR_ARG(b->via), NR_STR_ARG(b->hr));
        return NR_VERDICT_DIFFERENT;
    }
    if (a->size != b->size) {
        p->why = say(c, "%u bytes in A, %u in B", (unsigned)a->size, (unsigned)b->size);
        return NR_VERDICT_DIFFERENT;
    }
    if (a->token_count != b->token_count ||
        (a->token_count && memcmp(a->tokens, b->tokens, a->token_count * sizeof *a->tokens) != 0)) {
        p->why = NR_STR("the instructions stand at other places");
        return NR_VERDICT_DIFFERENT;
    }
    uint8_t *x = masked(scratch, a, c->strict), *y = masked(scratch, b, c->strict);
    if (!x || !y) return c->failed = true, NR_VERDICT_DIFFERENT;
    bool same = !a->size || !memcmp(x, y, a->size);
    if (!clear_tokens(c, p, x, y)) return NR_VERDICT_DIFFERENT;
    for (uint32_t i = 0; i < a->size; i++) {
        if (x[i] == y[i]) continue;
        p->why = say(c, "byte at 0x%x: %02x in A, %02x in B", (unsigned)i, a->il[i], b->il[i]);
        return NR_VERDICT_DIFFERENT;
    }
    return same ? NR_VERDICT_IDENTICAL : NR_VERDICT_TOKENS;
}

static void add_pair(nr_comparison *c, nr_arena *scratch, nr_pair p)
{
    p.verdict = judge(c, scratch, &p);
    c->masked += p.a && p.b && p.a->own_id_count;
    c->verdicts[p.verdict]++;
    if (p.verdict != NR_VERDICT_IDENTICAL) {
        nr_str name = nr_arena_printf(scratch, "%.*s.%.*s", NR_STR_ARG(p.method->type), NR_STR_ARG(p.method->name));
        if (p.verdict == NR_VERDICT_TOKENS) p.ignored = nr_ignores_find(c->ignores, NR_IGNORE_TOKENS, name);
        if (!p.ignored.p) p.ignored = nr_ignores_find(c->ignores, NR_IGNORE_METHOD, name);
        c->ignored[p.verdict] += p.ignored.p != NULL;
    }
    c->pairs[c->pair_count++] = p;
}

/* The bodies of one method; either may be NULL. */
static void add_method(nr_comparison *c, const nr_rec_method *a, const nr_rec_method *b)
{
    nr_arena scratch = NR_ARENA_INIT;
    const nr_rec_body *x = a ? a->bodies : NULL, *y = b ? b->bodies : NULL;
    nr_pair p;
    memset(&p, 0, sizeof p);
    p.method = a ? a : b;
    p.in_a = a ? a->assembly : NULL;
    p.in_b = b ? b->assembly : NULL;
    for (p.turn = 1; x || y; p.turn++) {
        p.a = x;
        p.b = y;
        add_pair(c, &scratch, p);
        x = x ? x->next : NULL;
        y = y ? y->next : NULL;
    }
    nr_arena_free(&scratch);
}

static const nr_rec_method *in(const nr_recording *r, const nr_rec_method *m)
{
    return nr_recording_method(nr_recording_assembly(r, m->assembly->name), m->token);
}

bool nr_compare(nr_comparison *c, const nr_recording *a, const nr_recording *b, nr_ignores *ignores, bool strict,
                nr_recording_progress *progress, void *self)
{
    c->a = a;
    c->b = b;
    c->ignores = ignores;
    c->strict = strict;
    c->pairs = nr_arena_alloc(&c->arena, (a->body_count + b->body_count + 1) * sizeof *c->pairs);
    if (!c->pairs) return false;
    for (const nr_rec_method *m = a->methods; m && !c->failed; m = m->next) {
        add_method(c, m, in(b, m));
        if (progress) progress(self, c->pair_count, a->body_count);
    }
    for (const nr_rec_method *m = b->methods; m && !c->failed; m = m->next)
        if (!in(a, m)) add_method(c, NULL, m);
    return !c->failed;
}

bool nr_comparison_is_clean(const nr_comparison *c)
{
    for (int v = NR_VERDICT_IDENTICAL + 1; v < NR_VERDICT_COUNT; v++)
        if (c->verdicts[v] > c->ignored[v]) return false;
    return c->changes.size / sizeof(nr_change) == c->changes_ignored;
}

void nr_comparison_free(nr_comparison *c)
{
    nr_buf_free(&c->changes);
    nr_buf_free(&c->notes);
    nr_arena_free(&c->arena);
}

/* ---- what all kinds of events need -------------------------------------------------------------------------- */

void nr_comparison_note(nr_comparison *c, nr_str text)
{
    if (text.p) nr_buf_put(&c->notes, &text, sizeof text);
    if (!text.p || c->notes.failed) c->failed = true;
}

void nr_comparison_change(nr_comparison *c, const char *kind, nr_str where, nr_str a, nr_str b)
{
    nr_change change = {kind, where, a, b, {NULL, 0}};
    bool log = !strcmp(kind, "log");
    if (!strcmp(kind, "order")) change.ignored = nr_ignores_find(c->ignores, NR_IGNORE_ORDER, where);
    if (log) change.ignored = nr_ignores_find(c->ignores, NR_IGNORE_LOG, a.n ? a : b);
    if (!log && !change.ignored.p) change.ignored = nr_ignores_find(c->ignores, NR_IGNORE_EVENT, nr_str_of(kind));
    c->changes_ignored += change.ignored.p != NULL;
    nr_buf_put(&c->changes, &change, sizeof change);
    if (c->changes.failed) c->failed = true;
}

nr_str nr_comparison_name(nr_arena *arena, const nr_rec_method *m)
{
    return nr_arena_printf(arena, "%.*s%s%.*s (%.*s, %08X)", NR_STR_ARG(m->type), m->type.n ? "." : "",
                           NR_STR_ARG(m->name), NR_STR_ARG(m->assembly->name), (unsigned)m->token);
}

typedef struct two_lists {
    const nr_str *a, *b;
} two_lists;

static bool same_text(void *context, size_t a, size_t b)
{
    const two_lists *l = context;
    return nr_str_eq(l->a[a], l->b[b]);
}

void nr_comparison_lists(nr_comparison *c, const char *kind, nr_str where, const nr_str *a, size_t a_count,
                         const nr_str *b, size_t b_count)
{
    nr_arena scratch = NR_ARENA_INIT;
    const nr_str none = {"", 0};
    two_lists lists = {a, b};
    size_t count = 0;
    nr_edit *edits = nr_diff(&scratch, a_count, b_count, same_text, &lists, &count);
    if (!edits) c->failed = true;
    for (size_t i = 0; edits && i < count; i++) {
        /* What is taken away and what stands there instead are one change. */
        bool replaced = i + 1 < count && edits[i].kind == '-' && edits[i + 1].kind == '+';
        if (edits[i].kind == ' ') continue;
        nr_str x = edits[i].kind == '-' ? a[edits[i].a] : none, y = edits[i].kind == '+' ? b[edits[i].b] : none;
        if (replaced) y = b[edits[++i].b];
        nr_comparison_change(c, kind, where, x, y);
    }
    nr_arena_free(&scratch);
}

int nr_comparison_by_text(const void *a, const void *b)
{
    const nr_str *x = a, *y = b;
    size_t n = x->n < y->n ? x->n : y->n;
    int d = n ? memcmp(x->p, y->p, n) : 0;
    return d ? d : (x->n > y->n) - (x->n < y->n);
}
