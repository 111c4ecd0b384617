#include "rules/glob.h"

#include <string.h>

enum { PIECE = 4 }; /* bytes of a piece that are looked up */

bool nr_glob_has_wildcard(nr_str p)
{
    return p.n && memchr(p.p, '*', p.n) != NULL;
}

static bool same(char a, char b)
{
    return a == b;
}

static bool same_ci(char a, char b)
{
    char letter = (char)(a | 0x20);
    return a == b || (letter == (char)(b | 0x20) && letter >= 'a' && letter <= 'z');
}

static bool any_star(nr_str p, size_t i)
{
    return p.p[i] == '*';
}

/* In types a star may also be a pointer's: a wildcard stands at the start of a name or of an argument. */
static bool star_of_type(nr_str p, size_t i)
{
    return p.p[i] == '*' && (i == 0 || memchr(".,[(<", p.p[i - 1], 5));
}

/* Goes back to the last star only: an earlier one cannot help. */
static bool matches(nr_str p, nr_str t, bool (*is_star)(nr_str, size_t), bool (*equal)(char, char))
{
    size_t i = 0, j = 0, star = p.n, mark = 0;
    while (j < t.n) {
        if (i < p.n && is_star(p, i)) {
            star = i++;
            mark = j;
        } else if (i < p.n && equal(p.p[i], t.p[j])) {
            i++;
            j++;
        } else if (star < p.n) {
            i = star + 1;
            j = ++mark;
        } else {
            return false;
        }
    }
    while (i < p.n && is_star(p, i)) i++;
    return i == p.n;
}

static bool has(nr_str s, char c)
{
    return s.n && memchr(s.p, c, s.n) != NULL;
}

bool nr_glob_matches(nr_str p, nr_str t)
{
    if (!nr_glob_has_wildcard(p)) return nr_str_eq(p, t);
    if (has(t, '<') && !has(p, '<')) return false;
    if (t.n && t.p[0] == '.' && p.p[0] != '.') return false;
    return matches(p, t, any_star, same);
}

bool nr_glob_matches_ci(nr_str p, nr_str t)
{
    return nr_glob_has_wildcard(p) ? matches(p, t, any_star, same_ci) : nr_str_eq_ci(p, t);
}

/* ---- parameters --------------------------------------------------------------------- */

/* The first type of a list; *rest is what follows its comma, p == NULL: nothing does. */
static nr_str first_type(nr_str list, nr_str *rest)
{
    size_t i = 0, depth = 0;
    for (; i < list.n; i++) {
        char c = list.p[i];
        if (c == '[' || c == '(' || c == '<') depth++;
        if ((c == ']' || c == ')' || c == '>') && depth) depth--;
        if (c == ',' && !depth) break;
    }
    *rest = i < list.n ? (nr_str){list.p + i + 1, list.n - i - 1} : (nr_str){NULL, 0};
    return (nr_str){list.p, i};
}

bool nr_glob_matches_parameters(nr_str p, nr_str t)
{
    nr_str more_p = p, more_t = t;
    if (nr_str_is(p, "...")) return true;
    if (!p.n || !t.n) return p.n == t.n;
    while (more_p.p && more_t.p) {
        nr_str type_p = first_type(more_p, &more_p);
        if (nr_str_is(type_p, "...") && !more_p.p) return true;
        if (!matches(type_p, first_type(more_t, &more_t), star_of_type, same)) return false;
    }
    return !more_t.p && (!more_p.p || nr_str_is(more_p, "..."));
}

bool nr_glob_parameters_have_wildcard(nr_str p)
{
    for (size_t i = 0; i < p.n; i++) {
        if (star_of_type(p, i)) return true;
    }
    return nr_str_is(p, "...") || nr_str_ends(p, NR_STR(",..."));
}

/* ---- the index ---------------------------------------------------------------------- */

void nr_globs_init(nr_globs *g, nr_arena *arena)
{
    memset(g, 0, sizeof *g);
    g->arena = arena;
    nr_map_init(&g->numbers, arena);
    nr_map_init(&g->heads, arena);
    nr_map_init(&g->tails, arena);
    nr_map_init(&g->pieces, arena);
}

static bool grow(nr_globs *g)
{
    uint32_t room = g->room ? g->room * 2 : 16;
    nr_glob_item *items = nr_arena_alloc(g->arena, room * sizeof *items);
    if (!items) return false;
    if (g->count) memcpy(items, g->items, g->count * sizeof *items);
    g->items = items;
    g->room = room;
    return true;
}

static bool anchor(nr_globs *g, nr_map *map, uint8_t *lengths, nr_str literal, uint32_t number)
{
    nr_map_entry *e = nr_map_put(map, literal, NULL);
    if (!e) return false;
    g->items[number].next = (uint32_t)e->value;
    e->value = number + 1;
    lengths[literal.n] = 1;
    return true;
}

/* The longest piece between two stars; one is at the end. */
static nr_str longest_piece(nr_str p)
{
    nr_str best = {NULL, 0};
    for (size_t i = 0; i < p.n; i++) {
        size_t start = i;
        while (p.p[i] != '*') i++;
        if (i - start > best.n) best = (nr_str){p.p + start, i - start};
    }
    return best;
}

static bool index_pattern(nr_globs *g, nr_str p, uint32_t number)
{
    size_t head = 0, tail = 0;
    if (!nr_glob_has_wildcard(p)) return true; /* `numbers` finds it */
    while (p.p[head] != '*') head++;
    while (p.p[p.n - 1 - tail] != '*') tail++;
    if (head > NR_GLOB_ANCHOR) head = NR_GLOB_ANCHOR;
    if (tail > NR_GLOB_ANCHOR) tail = NR_GLOB_ANCHOR;
    if (head && head >= tail) return anchor(g, &g->heads, g->head_lengths, (nr_str){p.p, head}, number);
    if (tail) return anchor(g, &g->tails, g->tail_lengths, (nr_str){p.p + p.n - tail, tail}, number);
    nr_str piece = longest_piece(p);
    if (piece.n > PIECE) piece.n = PIECE;
    if (piece.n) return anchor(g, &g->pieces, g->piece_lengths, piece, number);
    g->items[number].next = g->always;
    g->always = number + 1;
    return true;
}

bool nr_globs_add(nr_globs *g, nr_str pattern, uint32_t *number)
{
    nr_map_entry *e = nr_map_put(&g->numbers, pattern, NULL);
    if (!e) return false;
    if (!e->value) {
        if (g->count == g->room && !grow(g)) return false;
        g->items[g->count] = (nr_glob_item){pattern, 0};
        if (!index_pattern(g, pattern, g->count)) return false;
        e->value = ++g->count;
    }
    *number = (uint32_t)e->value - 1;
    return true;
}

typedef struct nr_asking {
    const nr_globs *g;
    nr_str text;
    void (*visit)(void *self, uint32_t number);
    void *self;
} nr_asking;

static void try_all(const nr_asking *a, uint32_t number)
{
    for (; number; number = a->g->items[number - 1].next) {
        if (nr_glob_matches(a->g->items[number - 1].text, a->text)) a->visit(a->self, number - 1);
    }
}

static void try_anchor(const nr_asking *a, const nr_map *map, nr_str literal)
{
    const nr_map_entry *e = nr_map_get(map, literal);
    if (e) try_all(a, (uint32_t)e->value);
}

/* A piece may stand in the text more than once; its patterns are tried at the first one. */
static bool stands_before(nr_str text, size_t at, size_t n)
{
    for (size_t i = 0; i < at; i++) {
        if (!memcmp(text.p + i, text.p + at, n)) return true;
    }
    return false;
}

void nr_globs_each(const nr_globs *g, nr_str text, void (*visit)(void *self, uint32_t number), void *self)
{
    const nr_asking a = {g, text, visit, self};
    const nr_map_entry *e = nr_map_get(&g->numbers, text);
    if (e && !nr_glob_has_wildcard(text)) visit(self, (uint32_t)e->value - 1);
    for (size_t n = 1; n <= NR_GLOB_ANCHOR && n <= text.n; n++) {
        if (g->head_lengths[n]) try_anchor(&a, &g->heads, (nr_str){text.p, n});
        if (g->tail_lengths[n]) try_anchor(&a, &g->tails, (nr_str){text.p + text.n - n, n});
    }
    for (size_t n = 1; n <= PIECE && n <= text.n; n++) {
        if (!g->piece_lengths[n]) continue;
        for (size_t i = 0; i + n <= text.n; i++) {
            const nr_map_entry *piece = nr_map_get(&g->pieces, (nr_str){text.p + i, n});
            if (piece && !stands_before(text, i, n)) try_all(&a, (uint32_t)piece->value);
        }
    }
    try_all(&a, g->always);
}
