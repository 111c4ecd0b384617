/* sig.c - the parser of method signatures. */
#include "meta/sig.h"

#include "meta/compressed.h"
#include "meta/sig_simple.h"

#include <string.h>

typedef struct reader {
    nr_arena *arena;
    const uint8_t *at, *end;
    unsigned depth;
    uint32_t value; /* the byte behind NR_META_ELEMENT */
} reader;

/* Types of one byte need no memory: all signatures share these. */
static const nr_type simple_types[NR_SIG_SIMPLE_END] = {
#define X(code, name) [code] = {.element = code},
    NR_SIG_SIMPLE(X)
#undef X
};

static nr_meta_error parse_type(reader *r, const nr_type **out);
static nr_meta_error parse_method(reader *r, const nr_method_sig **out);

uint32_t nr_coded_type(uint32_t token)
{
    uint32_t tag = 0;
    switch (token >> 24) {
    case 0x01: tag = 1; break;
    case 0x1B: tag = 2; break;
    case 0x72: tag = 3; break;
    default: break;
    }
    return (token & 0x00FFFFFF) << 2 | tag;
}

uint32_t nr_token_of_coded_type(uint32_t coded)
{
    static const uint32_t tables[4] = {0x02000000, 0x01000000, 0x1B000000, 0x72000000};
    return tables[coded & 3] | coded >> 2;
}

static nr_meta_error get_integer(reader *r, uint32_t *value)
{
    size_t n = nr_blob_get_u32(r->at, (size_t)(r->end - r->at), value);
    r->at += n;
    return n ? NR_META_OK : NR_META_END_IN_INTEGER;
}

static nr_meta_error get_token(reader *r, uint32_t *token)
{
    uint32_t coded = 0;
    nr_meta_error e = get_integer(r, &coded);
    *token = nr_token_of_coded_type(coded);
    return e;
}

/* Custom modifiers are dropped wherever a type may stand. There is a byte at r->at afterwards. */
static nr_meta_error skip_modifiers(reader *r)
{
    for (;;) {
        if (r->at == r->end) return NR_META_END_IN_MODIFIER;
        if (*r->at != NR_ELEMENT_CMOD_OPT && *r->at != NR_ELEMENT_CMOD_REQD) return NR_META_OK;
        r->at++;
        uint32_t token;
        nr_meta_error e = get_token(r, &token);
        if (e) return e;
    }
}

static bool accept(reader *r, uint8_t element)
{
    if (*r->at != element) return false;
    r->at++;
    return true;
}

/* An array that has room for item number `used`. A count in a signature is only a claim: room grows with
 * the items that are really there, and never beyond `count`. */
static void *room_for(reader *r, void *items, size_t item_size, uint32_t used, uint32_t *capacity, uint32_t count)
{
    if (used < *capacity) return items;
    uint32_t larger = *capacity ? *capacity * 2 : 4;
    if (larger > count) larger = count;
    void *p = nr_arena_zalloc(r->arena, larger, item_size);
    if (p && used) memcpy(p, items, used * item_size);
    *capacity = larger;
    return p;
}

static nr_meta_error parse_integers(reader *r, const uint32_t **out, uint32_t *out_count)
{
    uint32_t *items = NULL, capacity = 0, count = 0;
    nr_meta_error e = get_integer(r, &count);
    for (uint32_t i = 0; !e && i < count; i++) {
        items = room_for(r, items, sizeof *items, i, &capacity, count);
        if (!items) return NR_META_NO_MEMORY;
        e = get_integer(r, &items[i]);
    }
    *out = items;
    *out_count = count;
    return e;
}

static nr_meta_error parse_array(reader *r, nr_type *t)
{
    nr_meta_error e = parse_type(r, &t->type);
    if (!e) e = get_integer(r, &t->number);
    if (!e) e = parse_integers(r, &t->sizes, &t->size_count);
    if (!e) e = parse_integers(r, &t->lower_bounds, &t->lower_bound_count);
    return e;
}

static nr_meta_error parse_generic_inst(reader *r, nr_type *t)
{
    const nr_type **arguments = NULL;
    uint32_t capacity = 0;
    nr_meta_error e = parse_type(r, &t->type);
    if (!e) e = get_integer(r, &t->number);
    for (uint32_t i = 0; !e && i < t->number; i++) {
        arguments = room_for(r, (void *)arguments, sizeof *arguments, i, &capacity, t->number);
        if (!arguments) return NR_META_NO_MEMORY;
        e = parse_type(r, &arguments[i]);
    }
    t->arguments = arguments;
    return e;
}

static nr_meta_error parse_pointer(reader *r, nr_type *t)
{
    nr_meta_error e = skip_modifiers(r);
    if (!e && !accept(r, NR_ELEMENT_VOID)) e = parse_type(r, &t->type);
    return e;
}

static nr_meta_error parse_compound(reader *r, uint8_t element, const nr_type **out)
{
    nr_type *t = nr_arena_zalloc(r->arena, 1, sizeof *t);
    if (!t) return NR_META_NO_MEMORY;
    t->element = element;
    *out = t;
    switch (element) {
    case NR_ELEMENT_CLASS:
    case NR_ELEMENT_VALUETYPE: return get_token(r, &t->token);
    case NR_ELEMENT_VAR:
    case NR_ELEMENT_MVAR: return get_integer(r, &t->number);
    case NR_ELEMENT_ARRAY: return parse_array(r, t);
    case NR_ELEMENT_GENERICINST: return parse_generic_inst(r, t);
    case NR_ELEMENT_PTR: return parse_pointer(r, t);
    case NR_ELEMENT_FNPTR: return parse_method(r, &t->method);
    case NR_ELEMENT_SZARRAY: return parse_type(r, &t->type);
    default: r->value = element; return NR_META_ELEMENT;
    }
}

static nr_meta_error parse_type(reader *r, const nr_type **out)
{
    /* The reference tells the end before a modifier from the end behind one; so does the log. After
     * SZARRAY it looks for modifiers first. */
    if (r->at == r->end) return NR_META_END_IN_TYPE;
    nr_meta_error e = skip_modifiers(r);
    if (e) return e;
    uint8_t element = *r->at++;
    if (element < NR_SIG_SIMPLE_END && simple_types[element].element) {
        *out = &simple_types[element];
        return NR_META_OK;
    }
    if (r->depth == NR_SIG_MAX_DEPTH) return NR_META_SIGNATURE;
    if (element == NR_ELEMENT_SZARRAY && r->at == r->end) return NR_META_END_IN_MODIFIER;
    r->depth++;
    e = parse_compound(r, element, out);
    r->depth--;
    return e;
}

static nr_meta_error parse_by_ref_and_type(reader *r, nr_param *p)
{
    p->kind = NR_PARAM_TYPE;
    p->by_ref = accept(r, NR_ELEMENT_BYREF);
    return parse_type(r, &p->type);
}

static nr_meta_error parse_result(reader *r, nr_param *p)
{
    nr_meta_error e = skip_modifiers(r);
    if (e) return e;
    if (accept(r, NR_ELEMENT_VOID)) {
        p->kind = NR_PARAM_VOID;
        return NR_META_OK;
    }
    if (accept(r, NR_ELEMENT_TYPEDBYREF)) {
        p->kind = NR_PARAM_TYPEDBYREF;
        return NR_META_OK;
    }
    return parse_by_ref_and_type(r, p);
}

static nr_meta_error parse_param(reader *r, nr_param *p)
{
    nr_meta_error e = skip_modifiers(r);
    if (e) return e;
    if (accept(r, NR_ELEMENT_TYPEDBYREF)) {
        p->kind = NR_PARAM_TYPEDBYREF;
        return NR_META_OK;
    }
    if (accept(r, NR_ELEMENT_SENTINEL)) {
        p->kind = NR_PARAM_SENTINEL;
        return NR_META_OK;
    }
    return parse_by_ref_and_type(r, p);
}

static nr_meta_error parse_method(reader *r, const nr_method_sig **out)
{
    if (r->at == r->end) return NR_META_END_IN_METHOD;
    nr_method_sig *m = nr_arena_zalloc(r->arena, 1, sizeof *m);
    if (!m) return NR_META_NO_MEMORY;
    m->convention = *r->at++;
    nr_meta_error e = m->convention & NR_SIG_GENERIC ? get_integer(r, &m->generic_count) : NR_META_OK;
    if (!e) e = get_integer(r, &m->param_count);
    if (!e) e = parse_result(r, &m->ret);
    nr_param *params = NULL;
    uint32_t capacity = 0;
    for (uint32_t i = 0; !e && i < m->param_count; i++) {
        params = room_for(r, params, sizeof *params, i, &capacity, m->param_count);
        if (!params) return NR_META_NO_MEMORY;
        e = parse_param(r, &params[i]);
    }
    m->params = params;
    *out = m;
    return e;
}

static nr_meta_error parse(reader *r, nr_arena *arena, const uint8_t *sig, size_t size, const nr_method_sig **out)
{
    const nr_method_sig *m = NULL;
    *r = (reader){.arena = arena, .at = sig, .end = size ? sig + size : sig};
    nr_meta_error e = parse_method(r, &m);
    *out = e ? NULL : m;
    return e;
}

nr_meta_error nr_sig_parse_method(nr_arena *arena, const uint8_t *sig, size_t size, const nr_method_sig **out)
{
    reader r;
    return parse(&r, arena, sig, size, out);
}

nr_str nr_sig_parse_line(nr_arena *arena, const uint8_t *sig, size_t size)
{
    reader r;
    const nr_method_sig *m;
    nr_meta_error e = parse(&r, arena, sig, size, &m);
    nr_str none = {"", 0};
    if (!nr_meta_error_is_logged(e)) return none;
    if (e == NR_META_ELEMENT) return nr_arena_printf(arena, "%s%#x", nr_meta_error_text(e), (unsigned)r.value);
    return nr_str_of(nr_meta_error_text(e));
}
