#include "cli/side_by_side.h"

#include "cli/diff.h"

#include <string.h>

typedef struct side {
    const nr_rec_assembly *assembly;
    const nr_rec_body *body;
    nr_listing listing;
    nr_str *exact; /* the lines without token numbers, where a name stands behind them */
    const nr_blob *blob;
} side;

typedef struct two_sides {
    side a, b;
    bool exact; /* compare offsets, too */
} two_sides;

static void name_token(void *context, uint32_t token, nr_buf *out)
{
    const side *s = context;
    nr_str meaning = nr_recording_meaning(s->assembly, token);
    if (meaning.n && meaning.p[0] != '?') nr_listing_short_name(out, meaning);
}

static bool is_token(nr_str s, size_t at)
{
    enum { DIGITS = 8 };
    if (at + DIGITS + 1 >= s.n || s.p[at + DIGITS] != ' ') return false;
    for (size_t i = at; i < at + DIGITS; i++)
        if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'A' && s.p[i] <= 'F'))) return false;
    return true;
}

/* Where the token of a line stands: the operand, "locals TOKEN" of the header, "catch TOKEN" of a clause. `s` is a
 * part of the line's end. */
static bool find_token(const nr_line *line, nr_str s, size_t *at)
{
    static const char *const before[] = {", locals ", " catch "};
    if (line->mnemonic.n) {
        if (s.n < line->operand.n) return false;
        *at = s.n - line->operand.n;
        return is_token(s, *at);
    }
    for (size_t k = 0; k < 2; k++) {
        size_t n = strlen(before[k]);
        for (size_t i = 0; i + n < s.n; i++) {
            if (memcmp(s.p + i, before[k], n) != 0) continue;
            *at = i + n;
            return is_token(s, *at);
        }
    }
    return false;
}

static nr_str without_token(nr_arena *arena, const nr_line *line, nr_str s)
{
    size_t at;
    if (!find_token(line, s, &at)) return s;
    return nr_arena_printf(arena, "%.*s%.*s", (int)at, s.p, (int)(s.n - at - 9), s.p + at + 9);
}

/* The constant is an address: what it is says more. */
static nr_str without_own_id(nr_arena *arena, const side *s, const nr_line *line)
{
    static const char start[] = "ldc.i8 0x";
    enum { LABEL = 2 /* indent */ + 3 /* "IL_" */ };
    size_t header = s->body->size && (s->body->il[0] & 3) == 2 ? 1
                    : s->body->size > 1                        ? (size_t)(s->body->il[1] >> 4) * 4
                                                               : 0;
    uint32_t offset = 0;
    const char *colon = memchr(line->text.p, ':', line->text.n);
    if (!nr_str_is(line->mnemonic, "ldc.i8") || !colon) return line->text;
    for (const char *p = line->text.p + LABEL; p < colon; p++)
        offset = offset << 4 | (uint32_t)(*p <= '9' ? *p - '0' : (*p | 0x20) - 'a' + 10);
    for (uint32_t i = 0; i < s->body->own_id_count; i++) {
        if (s->body->own_ids[i] != header + offset + 1) continue;
        return nr_arena_printf(arena, "%.*s: %.*s(function id of this method)", (int)(colon - line->text.p),
                               line->text.p, (int)sizeof start - 3, start);
    }
    return line->text;
}

static bool make_side(nr_arena *arena, nr_origins *origins, const nr_rec_method *m, bool strict, side *s)
{
    if (!s->body || !s->body->size) return true;
    if (!nr_listing_make(arena, s->body->il, s->body->size, name_token, s, &s->listing)) return false;
    if (origins) s->blob = nr_origins_find(origins, arena, m->name, &s->listing);
    s->exact = nr_arena_zalloc(arena, s->listing.count + 1, sizeof *s->exact);
    for (size_t i = 0; s->exact && i < s->listing.count; i++) {
        nr_line *line = &s->listing.lines[i];
        nr_str shown = strict ? line->text : without_own_id(arena, s, line);
        if (!shown.p) return false;
        if (shown.p != line->text.p) line->key = NR_STR("ldc.i8 own id");
        s->exact[i] = shown.p != line->text.p ? shown : without_token(arena, line, shown);
        line->key = without_token(arena, line, line->key);
        line->text = shown;
        if (!s->exact[i].p || !line->key.p) return false;
    }
    return s->exact != NULL;
}

static bool same_line(void *context, size_t a, size_t b)
{
    const two_sides *t = context;
    if (t->exact) return nr_str_eq(t->a.exact[a], t->b.exact[b]);
    return nr_str_eq(t->a.listing.lines[a].key, t->b.listing.lines[b].key);
}

static nr_str origin_of(nr_arena *arena, const side *s, size_t line)
{
    nr_buf text = NR_BUF_INIT;
    nr_origin_print(&text, s->blob, &s->listing.lines[line]);
    nr_str r = text.size ? nr_arena_str(arena, nr_buf_str(&text)) : (nr_str){"", 0};
    nr_buf_free(&text);
    return r;
}

/* What is taken away and what stands there instead go into one row. */
static void make_rows(nr_arena *arena, const two_sides *t, const nr_edit *edits, size_t count, nr_side_by_side *out)
{
    size_t free_b = 0; /* the first row of this block of differences that has no line of B yet */
    for (size_t i = 0; i < count; i++) {
        char kind = edits[i].kind;
        nr_row *row = &out->rows[out->count];
        if (kind == '+' && free_b < out->count)
            row = &out->rows[free_b++];
        else
            memset(row, 0, sizeof *row), out->count++;
        if (kind != '+') {
            row->a = t->a.listing.lines[edits[i].a].text;
            row->origin_a = origin_of(arena, &t->a, edits[i].a);
        }
        if (kind != '-') {
            row->b = t->b.listing.lines[edits[i].b].text;
            row->origin_b = origin_of(arena, &t->b, edits[i].b);
        }
        row->equal = kind == ' ';
        if (kind == ' ' || (kind == '+' && row == &out->rows[out->count - 1])) free_b = out->count;
        /* A damaged body fits no template; its lines come from where the other side's do. */
        if (row->a.p && row->b.p && !t->a.blob) row->origin_a = row->origin_b;
        if (row->a.p && row->b.p && !t->b.blob) row->origin_b = row->origin_a;
    }
}

static bool is_instruction(nr_str text)
{
    return nr_str_starts(text, NR_STR("  IL_"));
}

static size_t first_difference(const nr_side_by_side *s)
{
    size_t first = s->count;
    for (size_t i = s->count; i-- > 0;)
        if (!s->rows[i].equal) first = i;
    for (size_t i = first; i < s->count; i++) {
        const nr_row *row = &s->rows[i];
        if (!row->equal && (is_instruction(row->a) || is_instruction(row->b))) return i;
    }
    return first;
}

bool nr_side_by_side_make(nr_arena *arena, nr_origins *origins, const nr_comparison *c, const nr_pair *pair,
                          nr_side_by_side *out)
{
    two_sides t;
    memset(&t, 0, sizeof t);
    memset(out, 0, sizeof *out);
    t.a.assembly = pair->in_a;
    t.a.body = pair->a;
    t.b.assembly = pair->in_b;
    t.b.body = pair->b;
    if (!make_side(arena, origins, pair->method, c->strict, &t.a) ||
        !make_side(arena, origins, pair->method, c->strict, &t.b))
        return false;
    out->rows = nr_arena_alloc(arena, (t.a.listing.count + t.b.listing.count + 1) * sizeof *out->rows);
    for (int exact = 0; exact < 2;
         exact++) { /* a branch that goes elsewhere, a clause with other limits: only offsets differ */
        size_t count = 0;
        t.exact = exact;
        nr_edit *edits = nr_diff(arena, t.a.listing.count, t.b.listing.count, same_line, &t, &count);
        if (!edits || !out->rows) return false;
        out->count = 0;
        make_rows(arena, &t, edits, count, out);
        out->first = first_difference(out);
        if (out->first < out->count) break;
    }
    return true;
}
