/* text.c - the parser of the type and method grammar (metadata-tokens.md 4.2). */
#include "meta/text.h"

#include "base/buf.h"
#include "meta/text_scan.h"
#include "meta/text_tree.h"

typedef struct parser {
    nr_arena *arena;
    nr_text_scanner scan;
    nr_buf name;     /* scratch for a name in pieces */
    unsigned depth;  /* type lists inside type lists */
    const char *why; /* the first failure; everything stops then */
} parser;

enum { MAX_TYPES = 0xFFFF };

static const char no_memory[] = "out of memory";

static bool parse_type(parser *p, bool raw_allowed, nr_text_type **out);
static bool parse_types(parser *p, nr_text_types *out);

static bool fail(parser *p, const char *reason)
{
    if (!p->why) {
        nr_str s = nr_arena_printf(p->arena, "%s at character %u", reason, (unsigned)(p->scan.at + 1));
        p->why = s.p ? s.p : no_memory;
    }
    return false;
}

static bool out_of_memory(parser *p)
{
    if (!p->why) p->why = no_memory;
    return false;
}

/* Takes the next token if it is the wanted one. */
static bool maybe(parser *p, nr_text_token wanted)
{
    size_t back = p->scan.at;
    if (nr_text_next(&p->scan) == wanted) return true;
    p->scan.at = back;
    return false;
}

static bool expect(parser *p, nr_text_token wanted)
{
    size_t back = p->scan.at;
    nr_text_token found = nr_text_next(&p->scan);
    if (found == wanted) return true;
    p->scan.at = back;
    if (!p->why) {
        nr_str s = nr_arena_printf(p->arena, "%s expected, not %s, at character %u", nr_text_token_text(wanted),
                                   nr_text_token_text(found), (unsigned)(back + 1));
        p->why = s.p ? s.p : no_memory;
    }
    return false;
}

/* name { "." name }: appends to p->name. A name holds dots itself; this is for those with white space
 * before them, which is dropped. */
static bool parse_qualified_name(parser *p)
{
    for (;;) {
        if (!expect(p, NR_TOK_NAME)) return false;
        nr_buf_put_str(&p->name, p->scan.name);
        if (!maybe(p, NR_TOK_DOT)) return true;
        nr_buf_u8(&p->name, '.');
    }
}

static bool take_name(parser *p, nr_str *out)
{
    if (p->name.failed) return out_of_memory(p);
    *out = nr_arena_str(p->arena, nr_buf_str(&p->name));
    p->name.size = 0;
    return out->p ? true : out_of_memory(p);
}

/* [ "[" assembly "]" ] name { "/" name } [ "`" count "<" types ">" ] */
static bool parse_class(parser *p, uint8_t element, nr_text_type *t)
{
    t->element = element;
    p->name.size = 0;
    if (maybe(p, NR_TOK_OPEN_SQUARE)) {
        if (!parse_qualified_name(p) || !expect(p, NR_TOK_CLOSE_SQUARE)) return false;
        if (!take_name(p, &t->assembly)) return false;
    }
    if (!parse_qualified_name(p)) return false;
    while (maybe(p, NR_TOK_SLASH)) {
        nr_buf_u8(&p->name, '/');
        if (!parse_qualified_name(p)) return false;
    }
    if (!maybe(p, NR_TOK_BACKTICK)) return take_name(p, &t->name);
    if (!expect(p, NR_TOK_NUMBER)) return false;
    uint32_t count = p->scan.number;
    nr_buf_printf(&p->name, "`%u", (unsigned)count);
    if (!take_name(p, &t->name)) return false;
    if (!expect(p, NR_TOK_LESS) || !parse_types(p, &t->arguments) || !expect(p, NR_TOK_GREATER)) return false;
    if (t->arguments.count != count) return fail(p, "the number behind \"`\" is not the number of type arguments");
    return true;
}

static bool parse_variable(parser *p, uint8_t element, nr_text_type *t)
{
    t->element = element;
    if (!expect(p, NR_TOK_NUMBER)) return false;
    t->number = p->scan.number;
    return true;
}

static bool parse_plain_type(parser *p, bool raw_allowed, nr_text_type *t)
{
    size_t back = p->scan.at;
    switch (nr_text_next(&p->scan)) {
    case NR_TOK_OBJECT: t->element = NR_ELEMENT_OBJECT; return true;
    case NR_TOK_VOID: t->element = NR_ELEMENT_VOID; return true;
    case NR_TOK_BOOL: t->element = NR_ELEMENT_BOOLEAN; return true;
    case NR_TOK_UINT32: t->element = NR_ELEMENT_U4; return true;
    case NR_TOK_STRING: t->element = NR_ELEMENT_STRING; return true;
    case NR_TOK_PRIMITIVE: t->element = (uint8_t)p->scan.number; return true;
    case NR_TOK_CLASS: return parse_class(p, NR_ELEMENT_CLASS, t);
    case NR_TOK_VALUETYPE: return parse_class(p, NR_ELEMENT_VALUETYPE, t);
    case NR_TOK_BANG: return parse_variable(p, NR_ELEMENT_VAR, t);
    case NR_TOK_DOUBLE_BANG: return parse_variable(p, NR_ELEMENT_MVAR, t);
    case NR_TOK_OPEN_SQUARE:
    case NR_TOK_NAME:
        if (!raw_allowed) break;
        p->scan.at = back;
        return parse_class(p, NR_ELEMENT_CLASS, t);
    default: break;
    }
    p->scan.at = back;
    return fail(p, "a type expected");
}

static bool parse_type(parser *p, bool raw_allowed, nr_text_type **out)
{
    nr_text_type *t = nr_arena_zalloc(p->arena, 1, sizeof *t);
    if (!t) return out_of_memory(p);
    if (!parse_plain_type(p, raw_allowed, t)) return false;
    for (;;) {
        size_t back = p->scan.at;
        if (!maybe(p, NR_TOK_OPEN_SQUARE)) break;
        if (maybe(p, NR_TOK_NAME)) {
            /* No array: it is the "[assembly]" of the target that follows a method's result. */
            p->scan.at = back;
            break;
        }
        if (!expect(p, NR_TOK_CLOSE_SQUARE)) return false;
        t->arrays++;
    }
    *out = t;
    return true;
}

static bool parse_types(parser *p, nr_text_types *out)
{
    if (p->depth == NR_SIG_MAX_DEPTH) return fail(p, "types nested too deeply");
    p->depth++;
    do {
        nr_text_type *t = NULL;
        if (!parse_type(p, false, &t)) return false;
        if (out->count == MAX_TYPES) return fail(p, "too many types");
        if (out->last)
            out->last->next = t;
        else
            out->first = t;
        out->last = t;
        out->count++;
    } while (maybe(p, NR_TOK_COMMA));
    p->depth--;
    return true;
}

/* target "::" [ "." ] name, and for a method [ "<" types ">" ] "(" [ types ] ")"; a field ends with its name */
static bool parse_method_tail(parser *p, nr_text *t)
{
    t->kind = NR_TEXT_METHOD;
    if (!parse_type(p, true, &t->target)) return false;
    bool is_class = t->target->element == NR_ELEMENT_CLASS || t->target->element == NR_ELEMENT_VALUETYPE;
    if (!is_class || t->target->arrays) return fail(p, "the target of a method must be a class; it ends");
    if (!expect(p, NR_TOK_DOUBLE_COLON)) return false;
    p->name.size = 0;
    if (maybe(p, NR_TOK_DOT)) nr_buf_u8(&p->name, '.');
    if (!expect(p, NR_TOK_NAME)) return false;
    nr_buf_put_str(&p->name, p->scan.name);
    if (!take_name(p, &t->method)) return false;
    if (!t->instance && maybe(p, NR_TOK_END)) {
        t->kind = NR_TEXT_FIELD;
        return true;
    }
    if (maybe(p, NR_TOK_LESS) && (!parse_types(p, &t->arguments) || !expect(p, NR_TOK_GREATER))) return false;
    if (!expect(p, NR_TOK_OPEN)) return false;
    if (maybe(p, NR_TOK_CLOSE)) return true;
    return parse_types(p, &t->params) && expect(p, NR_TOK_CLOSE);
}

static bool parse_text(parser *p, nr_text *t)
{
    size_t begin = p->scan.at;
    nr_text_token first = nr_text_next(&p->scan);
    p->scan.at = begin;
    if (first == NR_TOK_OPEN_SQUARE) {
        t->type = nr_arena_zalloc(p->arena, 1, sizeof *t->type);
        if (!t->type) return out_of_memory(p);
        return parse_class(p, NR_ELEMENT_CLASS, t->type) && expect(p, NR_TOK_END);
    }
    t->instance = maybe(p, NR_TOK_INSTANCE);
    if (!parse_type(p, false, &t->type)) return false;
    if (!t->instance && maybe(p, NR_TOK_END)) return true;
    return parse_method_tail(p, t) && expect(p, NR_TOK_END);
}

static nr_text *new_text(nr_arena *arena, nr_str text)
{
    nr_text *t = nr_arena_zalloc(arena, 1, sizeof *t);
    if (!t) return NULL;
    t->source = nr_arena_str(arena, text);
    return t->source.p ? t : NULL;
}

const nr_text *nr_text_parse(nr_arena *arena, nr_str text, const char **why)
{
    parser p = {.arena = arena, .name = NR_BUF_INIT};
    const nr_text *result = NULL;
    nr_text *t = new_text(arena, text);
    if (!t) {
        p.why = no_memory;
        goto done;
    }
    p.scan.text = t->source;
    if (parse_text(&p, t)) result = t;
done:
    nr_buf_free(&p.name);
    *why = result ? NULL : p.why;
    return result;
}

static size_t find(nr_str s, char c)
{
    size_t i = 0;
    while (i < s.n && s.p[i] != c) i++;
    return i;
}

const nr_text *nr_text_parse_raw(nr_arena *arena, nr_str text, const char **why)
{
    size_t open = find(text, '['), close = find(text, ']');
    if (close == text.n || open > close) {
        *why = "\"[assembly]Type\" expected";
        return NULL;
    }
    nr_text *t = new_text(arena, text);
    nr_text_type *type = t ? nr_arena_zalloc(arena, 1, sizeof *type) : NULL;
    if (!type) {
        *why = no_memory;
        return NULL;
    }
    type->element = NR_ELEMENT_CLASS;
    type->assembly = (nr_str){t->source.p + open + 1, close - open - 1};
    type->name = (nr_str){t->source.p + close + 1, text.n - close - 1};
    t->kind = NR_TEXT_RAW;
    t->type = type;
    *why = NULL;
    return t;
}

bool nr_text_is_method(const nr_text *t)
{
    return t->kind == NR_TEXT_METHOD;
}

bool nr_text_is_field(const nr_text *t)
{
    return t->kind == NR_TEXT_FIELD;
}

nr_str nr_text_source(const nr_text *t)
{
    return t->source;
}
