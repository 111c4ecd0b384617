/* Exception clauses (ECMA-335 II.19, II.25.4.6) as a tree of regions, and what control flow between regions may do. */
#include "il/verify_internal.h"

static bool clause_bad(nr_verifier *v, nr_verify_fault fault, const nr_eh_clause *c)
{
    return nr_verify_stop(v, fault, c->try_offset, c->handler_offset);
}

static bool boundary(const nr_verifier *v, uint32_t offset)
{
    return offset == v->size || (v->marks[offset] & NR_MARK_START);
}

static bool extent(const nr_verifier *v, uint32_t offset, uint32_t length)
{
    return length > 0 && offset < v->size && length <= v->size - offset;
}

static bool check_clause(nr_verifier *v, const nr_eh_clause *c)
{
    bool filter = c->flags == NR_EH_FILTER;
    if (!filter && c->flags != NR_EH_CATCH && c->flags != NR_EH_FINALLY && c->flags != NR_EH_FAULT)
        return clause_bad(v, NR_VERIFY_CLAUSE_FLAGS, c);
    if (!extent(v, c->try_offset, c->try_length) || !extent(v, c->handler_offset, c->handler_length))
        return clause_bad(v, NR_VERIFY_CLAUSE_RANGE, c);
    if (filter && c->token_or_filter >= c->handler_offset) return clause_bad(v, NR_VERIFY_CLAUSE_FILTER, c);
    if (!boundary(v, c->try_offset) || !boundary(v, c->try_offset + c->try_length) ||
        !boundary(v, c->handler_offset) || !boundary(v, c->handler_offset + c->handler_length) ||
        (filter && !boundary(v, c->token_or_filter)))
        return clause_bad(v, NR_VERIFY_CLAUSE_BOUNDARY, c);
    if (c->flags == NR_EH_CATCH && !v->context.loose_tokens) {
        uint32_t table = c->token_or_filter >> 24;
        if ((table != 0x01 && table != 0x02 && table != 0x1B) || (c->token_or_filter & 0xFFFFFF) == 0)
            return clause_bad(v, NR_VERIFY_CLAUSE_TOKEN, c);
    }
    return true;
}

static bool load_clauses(nr_verifier *v)
{
    uint32_t n = 0, at = 0;
    for (size_t s = 0; s < v->body.section_count; s++) n += v->body.sections[s].clause_count;
    v->clauses = nr_verify_alloc(v, n, sizeof *v->clauses);
    if (!v->clauses) return false;
    v->clause_count = n;
    for (size_t s = 0; s < v->body.section_count; s++) {
        for (uint32_t i = 0; i < v->body.sections[s].clause_count; i++) {
            nr_verify_clause *to = &v->clauses[at++];
            to->c = nr_body_section_clause(&v->body.sections[s], i);
            if (!check_clause(v, &to->c)) return false;
        }
    }
    return true;
}

/* ---- the tree --------------------------------------------------------------------------- */

typedef struct span {
    uint32_t start, end, clause;
    uint8_t kind;
} span;

/* Outer first. Clauses of equal try blocks in their order, which is not needed but makes reports repeatable. */
static bool before(const span *a, const span *b)
{
    if (a->start != b->start) return a->start < b->start;
    if (a->end != b->end) return a->end > b->end;
    if (a->kind != b->kind) return a->kind < b->kind;
    return a->clause < b->clause;
}

static void sift(span *s, size_t root, size_t count)
{
    span moving = s[root];
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && before(&s[child], &s[child + 1])) child++;
        if (!before(&moving, &s[child])) break;
        s[root] = s[child];
    }
    s[root] = moving;
}

/* A heap sort: the library's qsort may allocate behind our back or take quadratic time. */
static void sort(span *s, size_t count)
{
    for (size_t i = count / 2; i-- > 0;) sift(s, i, count);
    for (size_t end = count; end > 1;) {
        span last = s[--end];
        s[end] = s[0];
        s[0] = last;
        sift(s, 0, end);
    }
}

static size_t spans_of(const nr_verify_clause *clause, uint32_t number, span *out)
{
    const nr_eh_clause *c = &clause->c;
    size_t n = 0;
    uint8_t kind = c->flags == NR_EH_FINALLY ? NR_REGION_FINALLY
                   : c->flags == NR_EH_FAULT ? NR_REGION_FAULT
                                             : NR_REGION_CATCH;
    out[n++] = (span){c->try_offset, c->try_offset + c->try_length, number, NR_REGION_TRY};
    out[n++] = (span){c->handler_offset, c->handler_offset + c->handler_length, number, kind};
    if (c->flags == NR_EH_FILTER)
        out[n++] = (span){c->token_or_filter, c->handler_offset, number, NR_REGION_FILTER};
    return n;
}

static void add_to_block(nr_verifier *v, uint32_t region, uint32_t number)
{
    nr_region *r = &v->regions[region];
    nr_verify_clause *clause = &v->clauses[number];
    clause->block = region;
    clause->next = r->clauses;
    r->clauses = number;
    if (number < r->first_clause) r->first_clause = number;
    if (r->last_clause == NR_NO_CLAUSE || number > r->last_clause) r->last_clause = number;
}

static void inherit(nr_verifier *v, uint32_t number)
{
    nr_region *r = &v->regions[number], *parent = &v->regions[r->parent];
    bool handler = r->kind != NR_REGION_TRY;
    r->outer = r->parent;
    if (parent->kind == NR_REGION_TRY && parent->start == r->start) r->outer = parent->outer;
    r->blocker = handler && r->kind != NR_REGION_CATCH ? number : parent->blocker;
    r->catching = r->kind == NR_REGION_CATCH || parent->catching;
    r->handling = handler || parent->handling;
}

static bool build(nr_verifier *v)
{
    size_t most = (size_t)v->clause_count * 3, n = 0;
    span *spans = nr_verify_alloc(v, most, sizeof *spans);
    if (!spans) return false;
    v->regions = nr_verify_alloc(v, most + 1, sizeof *v->regions);
    if (!v->regions) return false;
    for (uint32_t i = 0; i < v->clause_count; i++) n += spans_of(&v->clauses[i], i, spans + n);
    sort(spans, n);

    v->regions[0] = (nr_region){.end = v->size, .clauses = NR_NO_CLAUSE};
    v->region_count = 1;
    uint32_t open = 0;
    for (size_t i = 0; i < n; i++) {
        const span *s = &spans[i];
        while (s->start >= v->regions[open].end) open = v->regions[open].parent;
        const nr_region *o = &v->regions[open];
        bool same = open && s->start == o->start && s->end == o->end;
        if (s->end > o->end || (same && (s->kind != NR_REGION_TRY || o->kind != NR_REGION_TRY)))
            return clause_bad(v, NR_VERIFY_CLAUSE_OVERLAP, &v->clauses[s->clause].c);
        if (!same) {
            uint32_t number = v->region_count++;
            v->regions[number] = (nr_region){.start = s->start, .end = s->end, .parent = open, .kind = s->kind,
                                             .first_clause = NR_NO_CLAUSE, .last_clause = NR_NO_CLAUSE,
                                             .clauses = NR_NO_CLAUSE};
            inherit(v, number);
            open = number;
        }
        if (s->kind == NR_REGION_TRY) add_to_block(v, open, s->clause);
        else if (s->kind != NR_REGION_FILTER) v->clauses[s->clause].handler = open;
    }
    return true;
}

/* Try block and handler have the same surroundings; a filter is next to its handler, so it has them, too. The clause of an
 * inner try block comes before those of all try blocks around it: the runtime takes the first that fits. The order
 * of try blocks inside a handler and of that handler's own clause does not matter. */
static bool check_tree(nr_verifier *v)
{
    for (uint32_t i = 0; i < v->clause_count; i++) {
        const nr_verify_clause *c = &v->clauses[i];
        if (v->regions[c->block].parent != v->regions[c->handler].parent)
            return clause_bad(v, NR_VERIFY_CLAUSE_APART, &c->c);
    }
    uint32_t *around = nr_verify_alloc(v, v->region_count, sizeof *around); /* nearest try block outwards, 0: none */
    if (!around) return false;
    for (uint32_t i = 1; i < v->region_count; i++) {
        const nr_region *r = &v->regions[i];
        around[i] = v->regions[r->parent].kind == NR_REGION_TRY ? r->parent : around[r->parent];
        if (r->kind == NR_REGION_TRY && around[i] && r->last_clause > v->regions[around[i]].first_clause)
            return clause_bad(v, NR_VERIFY_CLAUSE_ORDER, &v->clauses[r->last_clause].c);
    }
    return true;
}

static bool spread(nr_verifier *v)
{
    uint32_t open = 0, next = 1;
    v->region_of = nr_verify_alloc(v, v->size, sizeof *v->region_of);
    if (!v->region_of) return false;
    for (uint32_t at = 0; at < v->size; at++) {
        while (at >= v->regions[open].end) open = v->regions[open].parent;
        for (; next < v->region_count && v->regions[next].start == at; next++) {
            open = next;
            v->marks[at] |= v->regions[next].kind == NR_REGION_TRY ? NR_MARK_TRY : NR_MARK_TARGET;
        }
        v->region_of[at] = open;
    }
    return true;
}

bool nr_verify_regions(nr_verifier *v)
{
    return load_clauses(v) && build(v) && check_tree(v) && spread(v);
}

/* ---- control flow ------------------------------------------------------------------------- */

/* The outermost region from which one may enter the regions around `to` there: try blocks at their first instruction only,
 * anything else not at all. */
static uint32_t entered_from(const nr_verifier *v, uint32_t to)
{
    uint32_t number = v->region_of[to];
    const nr_region *r = &v->regions[number];
    return r->kind == NR_REGION_TRY && r->start == to ? r->outer : number;
}

static bool flows(const nr_verifier *v, uint32_t from, uint32_t to)
{
    uint32_t source = v->region_of[from];
    return nr_region_has(v, entered_from(v, to), source) && nr_region_has(v, source, v->region_of[to]);
}

/* The outermost region around `to` that is not around `from`. Only for reports. */
static nr_region_kind first_entered(const nr_verifier *v, uint32_t from, uint32_t to)
{
    uint32_t number = v->region_of[to];
    while (!nr_region_has(v, v->regions[number].parent, v->region_of[from])) number = v->regions[number].parent;
    return (nr_region_kind)v->regions[number].kind;
}

bool nr_verify_fall(nr_verifier *v, uint32_t from, uint32_t to)
{
    if (flows(v, from, to)) return true;
    nr_verify_fault fault = NR_VERIFY_FALL_INTO_HANDLER; /* nothing starts in the middle of a try block */
    uint32_t source = v->region_of[from];
    if (!nr_region_has(v, source, v->region_of[to]))
        fault = v->regions[source].kind == NR_REGION_TRY ? NR_VERIFY_FALL_OUT_OF_TRY : NR_VERIFY_FALL_OUT_OF_HANDLER;
    return nr_verify_stop(v, fault, from, to);
}

static nr_verify_fault wrong_entry(const nr_verifier *v, uint32_t from, uint32_t to)
{
    return first_entered(v, from, to) == NR_REGION_TRY ? NR_VERIFY_BRANCH_INTO_TRY : NR_VERIFY_BRANCH_INTO_HANDLER;
}

bool nr_verify_branch(nr_verifier *v, uint32_t from, uint32_t to)
{
    if (flows(v, from, to)) return true;
    uint32_t source = v->region_of[from];
    nr_verify_fault fault;
    if (nr_region_has(v, source, v->region_of[to])) fault = wrong_entry(v, from, to);
    else fault = v->regions[source].kind == NR_REGION_TRY ? NR_VERIFY_BRANCH_OUT_OF_TRY : NR_VERIFY_BRANCH_OUT_OF_HANDLER;
    return nr_verify_stop(v, fault, from, to);
}

/* I.12.4.2.8.2.2: a catch handler may leave to any instruction of its own try block. */
static bool in_handler_of(nr_verifier *v, uint32_t from, uint32_t block, bool *answer)
{
    *answer = false;
    if (v->regions[block].kind != NR_REGION_TRY) return true;
    for (uint32_t c = v->regions[block].clauses; c != NR_NO_CLAUSE; c = v->clauses[c].next) {
        if (v->budget == 0) return nr_verify_stop(v, NR_VERIFY_TOO_COMPLEX, from, NR_VERIFY_NO_OFFSET);
        v->budget--;
        uint32_t handler = v->clauses[c].handler;
        if (v->regions[handler].kind == NR_REGION_CATCH && nr_region_has(v, handler, v->region_of[from])) *answer = true;
    }
    return true;
}

bool nr_verify_leave(nr_verifier *v, uint32_t from, uint32_t to)
{
    uint32_t source = v->region_of[from], entered = entered_from(v, to);
    if (!nr_region_has(v, v->regions[source].blocker, v->region_of[to]))
        return nr_verify_stop(v, NR_VERIFY_LEAVE_HANDLER, from, to);
    if (nr_region_has(v, entered, source)) return true;
    bool back;
    if (!in_handler_of(v, from, entered, &back)) return false;
    return back || nr_verify_stop(v, wrong_entry(v, from, to), from, to);
}
