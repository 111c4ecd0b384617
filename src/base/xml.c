#include "base/xml.h"

#include "base/utf.h"

/* What a byte ends. Bytes of 0x80 and more end nothing: the reference looks at the low byte of
 * a UTF-16 unit and so stops at some of those characters (1.10); this reader does not. */
enum { SPACE = 1, ENDS_NAME = 2, ENDS_ATTRIBUTE = 4 };
static const uint8_t classes[256] = {
    [0] = ENDS_NAME | ENDS_ATTRIBUTE,
    ['\t'] = SPACE | ENDS_NAME | ENDS_ATTRIBUTE,
    ['\n'] = SPACE | ENDS_NAME | ENDS_ATTRIBUTE,
    ['\r'] = SPACE | ENDS_NAME | ENDS_ATTRIBUTE,
    [' '] = SPACE | ENDS_NAME | ENDS_ATTRIBUTE,
    ['/'] = ENDS_NAME | ENDS_ATTRIBUTE,
    ['>'] = ENDS_NAME | ENDS_ATTRIBUTE,
    ['?'] = ENDS_NAME | ENDS_ATTRIBUTE,
    ['<'] = ENDS_ATTRIBUTE, /* "<a<b>" is an element of the name "a<b" */
    ['='] = ENDS_ATTRIBUTE,
    ['!'] = ENDS_ATTRIBUTE,
};

typedef struct reader {
    nr_arena *arena;
    const char *p;
    size_t n, at;
    size_t elements;
    size_t line_at; /* `line` is the line of this offset */
    uint32_t line;
    const char *error;
    size_t error_at;
} reader;

/* The byte `ahead` of the position; 0 at and behind the end: the text itself holds none. */
static char peek(const reader *r, size_t ahead)
{
    return ahead < r->n - r->at ? r->p[r->at + ahead] : '\0';
}

static bool fail_at(reader *r, const char *error, size_t at)
{
    r->error = error;
    r->error_at = at;
    return false;
}

static bool fail(reader *r, const char *error)
{
    return fail_at(r, error, r->at);
}

static void skip_space(reader *r)
{
    while (r->at < r->n && (classes[(uint8_t)r->p[r->at]] & SPACE)) r->at++;
}

static nr_str name(reader *r, uint8_t end)
{
    size_t start = r->at;
    while (r->at < r->n && !(classes[(uint8_t)r->p[r->at]] & end)) r->at++;
    return (nr_str){r->p + start, r->at - start};
}

static bool looks_at(const reader *r, nr_str what)
{
    return r->n - r->at >= what.n && memcmp(r->p + r->at, what.p, what.n) == 0;
}

static bool skip_behind(reader *r, nr_str what)
{
    while (r->at < r->n) {
        const char *next = memchr(r->p + r->at, what.p[0], r->n - r->at);
        if (!next) break;
        r->at = (size_t)(next - r->p);
        if (looks_at(r, what)) {
            r->at += what.n;
            return true;
        }
        r->at++;
    }
    r->at = r->n;
    return fail(r, "unexpected end of data");
}

/* ---- attribute values and text ------------------------------------------------------- */

/* Where the decoded characters go. The reference decodes in place, on UTF-16 units; their
 * number is needed for the place of one error. */
typedef struct sink {
    char *p; /* NULL: only counted */
    size_t n, units;
} sink;

static void put(sink *s, uint8_t byte)
{
    if (s->p) s->p[s->n++] = (char)byte;
}

static void put_unit(sink *s, uint8_t unit)
{
    s->units++;
    if (unit < 0x80) {
        put(s, unit);
    } else {
        put(s, (uint8_t)(0xC0 | unit >> 6));
        put(s, (uint8_t)(0x80 | (unit & 0x3F)));
    }
}

/* UTF-16 units that begin with this byte of a UTF-8 text. */
static size_t units_of(char c)
{
    uint8_t b = (uint8_t)c;
    return (b & 0xC0) == 0x80 ? 0 : b >= 0xF0 ? 2 : 1;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* A numeric reference (1.9); its value as UTF-8, one character a byte. That is never longer than
 * the reference: 2, 4, 6 or 8 bytes for at least 5, 5, 7 and 8. */
static bool numeric_reference(reader *r, size_t start, sink *out)
{
    bool hex = peek(r, 2) == 'x';
    unsigned long code = 0; /* its width is the reference's, so it wraps where that wraps */
    r->at += hex ? 3 : 2;
    for (int d; (d = digit(peek(r, 0))) >= 0; r->at++) code = code * (hex ? 16 : 10) + (unsigned long)d;
    if (code < 0x80) {
        put_unit(out, (uint8_t)code);
    } else if (code < 0x110000) {
        nr_buf bytes = NR_BUF_INIT;
        nr_utf8_put(&bytes, (uint32_t)code);
        if (bytes.failed) return fail(r, "out of memory");
        for (size_t i = 0; i < bytes.size; i++) put_unit(out, bytes.data[i]);
        nr_buf_free(&bytes);
    } else {
        /* The reference points at where the character would have gone. */
        size_t at = start;
        for (size_t units = 0; at < r->n && (units += units_of(r->p[at])) <= out->units;) at++;
        return fail_at(r, "invalid numeric character entity", at);
    }
    if (peek(r, 0) != ';') return fail(r, "expected ;");
    r->at++;
    return true;
}

static bool reference(reader *r, size_t start, sink *out)
{
    static const struct {
        nr_str text;
        char c;
    } named[] = {
        {{"&amp;", 5}, '&'}, {{"&apos;", 6}, '\''}, {{"&quot;", 6}, '"'}, {{"&gt;", 4}, '>'}, {{"&lt;", 4}, '<'}};
    if (peek(r, 1) == '#') return numeric_reference(r, start, out);
    for (size_t i = 0; i < NR_COUNT(named); i++) {
        if (!looks_at(r, named[i].text)) continue;
        r->at += named[i].text.n;
        put_unit(out, (uint8_t)named[i].c);
        return true;
    }
    r->at++; /* any other '&' stands for itself */
    put_unit(out, '&');
    return true;
}

/* Reads up to `stop` or the end of the text. `value` NULL: text of an element, checked and not
 * kept; there the reference condenses white space. */
static bool characters(reader *r, char stop, nr_str *value)
{
    size_t start = r->at;
    const char *end = memchr(r->p + start, stop, r->n - start);
    size_t limit = end ? (size_t)(end - r->p) : r->n;
    bool condense = value == NULL;
    sink out = {NULL, 0, 0};
    if (!memchr(r->p + start, '&', limit - start)) {
        r->at = limit;
        if (value) *value = (nr_str){r->p + start, limit - start};
        return true;
    }
    if (value) {
        out.p = nr_arena_alloc(r->arena, limit - start);
        if (!out.p) return fail(r, "out of memory");
    }
    while (r->at < limit) {
        char c = r->p[r->at];
        if (c == '&') {
            if (!reference(r, start, &out)) return false;
        } else if (condense && (classes[(uint8_t)c] & SPACE)) {
            skip_space(r);
            out.units++;
        } else {
            out.units += units_of(c);
            put(&out, (uint8_t)c);
            r->at++;
        }
    }
    /* "&#0;" ends a value: the reference reads it as a terminated string. */
    const char *zero = value ? memchr(out.p, 0, out.n) : NULL;
    if (value) *value = (nr_str){out.p, zero ? (size_t)(zero - out.p) : out.n};
    return true;
}

static bool attributes(reader *r, nr_xml_node *node)
{
    nr_xml_attribute **tail = &node->attributes;
    while (r->at < r->n && !(classes[(uint8_t)r->p[r->at]] & ENDS_ATTRIBUTE)) {
        nr_xml_attribute *a = nr_arena_zalloc(r->arena, 1, sizeof *a);
        if (!a) return fail(r, "out of memory");
        *tail = a;
        tail = &a->next;
        a->name = name(r, ENDS_ATTRIBUTE);
        skip_space(r);
        if (peek(r, 0) != '=') return fail(r, "expected =");
        r->at++;
        skip_space(r);
        char quote = peek(r, 0);
        if (quote != '\'' && quote != '"') return fail(r, "expected ' or \"");
        r->at++;
        if (!characters(r, quote, &a->value)) return false;
        if (peek(r, 0) != quote) return fail(r, "expected ' or \"");
        r->at++;
        skip_space(r);
    }
    return true;
}

/* ---- nodes ------------------------------------------------------------------------------ */

/* Behind "<!DOCTYPE ": to its '>', brackets nest. */
static bool doctype(reader *r)
{
    size_t depth = 0;
    for (; r->at < r->n; r->at++) {
        char c = r->p[r->at];
        if (c == '[') depth++;
        if (c == ']' && depth) depth--;
        if (c == '>' && !depth) {
            r->at++;
            return true;
        }
    }
    return fail(r, "unexpected end of data");
}

/* Behind "<", at '?' or '!'. */
static bool skip_special(reader *r)
{
    if (peek(r, 0) == '?') {
        r->at++;
        return skip_behind(r, NR_STR("?>"));
    }
    if (looks_at(r, NR_STR("!--"))) {
        r->at += 3;
        return skip_behind(r, NR_STR("-->"));
    }
    if (looks_at(r, NR_STR("![CDATA["))) {
        r->at += 8;
        return skip_behind(r, NR_STR("]]>"));
    }
    if (looks_at(r, NR_STR("!DOCTYPE")) && (classes[(uint8_t)peek(r, 8)] & SPACE)) {
        r->at += 9;
        return doctype(r);
    }
    return skip_behind(r, NR_STR(">"));
}

static uint32_t line_of(reader *r, size_t at)
{
    while (r->line_at < at) {
        const char *next = memchr(r->p + r->line_at, '\n', at - r->line_at);
        r->line_at = next ? (size_t)(next - r->p) + 1 : at;
        if (next) r->line++;
    }
    return r->line;
}

static nr_xml_node *no_node(reader *r, const char *error)
{
    fail(r, error);
    return NULL;
}

/* Behind "<". Gives the new element when it stays open, else its parent. */
static nr_xml_node *open_element(reader *r, nr_xml_node *parent)
{
    if (++r->elements > NR_XML_MOST_ELEMENTS) return no_node(r, "too many elements");
    nr_xml_node *node = nr_arena_zalloc(r->arena, 1, sizeof *node);
    if (!node) return no_node(r, "out of memory");
    node->line = line_of(r, r->at - 1);
    node->parent = parent;
    node->name = name(r, ENDS_NAME);
    if (node->name.n == 0) return no_node(r, "expected element name");
    skip_space(r);
    if (!attributes(r, node)) return NULL;
    bool empty = peek(r, 0) == '/';
    if (empty) r->at++;
    if (peek(r, 0) != '>') return no_node(r, "expected >");
    r->at++;
    /* While an element is open, its `next` is not needed yet and holds its last child. */
    if (parent->next) {
        parent->next->next = node;
    } else {
        parent->first_child = node;
    }
    parent->next = node;
    return empty ? parent : node;
}

/* At "</". Any name closes the innermost element (1.4). */
static nr_xml_node *close_element(reader *r, nr_xml_node *node)
{
    r->at += 2;
    name(r, ENDS_NAME);
    skip_space(r);
    if (peek(r, 0) != '>') return no_node(r, "expected >");
    r->at++;
    node->next = NULL;
    return node->parent;
}

static bool document(reader *r, nr_xml_node *root)
{
    nr_xml_node *node = root;
    for (;;) {
        skip_space(r);
        if (node == root) {
            if (r->at == r->n) break;
            if (peek(r, 0) != '<') return fail(r, "expected <");
        } else {
            if (r->at < r->n && peek(r, 0) != '<' && !characters(r, '<', NULL)) return false;
            if (r->at == r->n) return fail(r, "unexpected end of data");
            if (peek(r, 1) == '/') {
                node = close_element(r, node);
                if (!node) return false;
                continue;
            }
        }
        r->at++; /* '<' */
        if (peek(r, 0) == '?' || peek(r, 0) == '!') {
            if (!skip_special(r)) return false;
        } else {
            node = open_element(r, node);
            if (!node) return false;
        }
    }
    root->next = NULL;
    return true;
}

nr_xml_node *nr_xml_parse(nr_arena *arena, nr_str text, nr_xml_error *error)
{
    reader r = {.arena = arena, .p = text.p, .n = text.n, .line = 1};
    const char *zero = text.n ? memchr(text.p, 0, text.n) : NULL;
    if (zero) r.n = (size_t)(zero - text.p);
    if (!r.p) r.p = "";
    /* A BOM whose bytes were taken for characters, which the reference skips as well. */
    if (looks_at(&r, NR_STR("\xC3\xAF\xC2\xBB\xC2\xBF"))) r.at = 6;
    nr_xml_node *root = nr_arena_zalloc(arena, 1, sizeof *root);
    bool ok = root ? document(&r, root) : fail(&r, "out of memory");
    if (error) {
        memset(error, 0, sizeof *error);
        error->text = r.error;
        error->offset = r.error_at;
        if (!ok) {
            r.line = 1;
            r.line_at = 0;
            error->line = line_of(&r, r.error_at);
            size_t start = r.error_at;
            while (start > 0 && r.p[start - 1] != '\n') start--;
            error->column = (uint32_t)(r.error_at - start) + 1;
        }
    }
    return ok ? root : NULL;
}

/* ---- looking things up --------------------------------------------------------------------- */

static char upper(uint32_t unit)
{
    char c = (char)(unit & 0xFF); /* rule 1.1: the low byte decides */
    return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

static bool same_name(nr_str have, const char *want)
{
    size_t at = 0;
    while (at < have.n) {
        if (have.p[at] == *want && *want && !(*want & 0x80)) { /* nearly always */
            at++;
            want++;
            continue;
        }
        uint32_t c = nr_utf8_next(have, &at);
        if (c >= 0x10000 && (!*want || upper(0xD800 + ((c - 0x10000) >> 10)) != upper((uint8_t)*want++))) return false;
        if (!*want || upper(c) != upper((uint8_t)*want++)) return false;
    }
    return !*want;
}

static const nr_xml_node *first_of(const nr_xml_node *node, const char *want)
{
    while (node && !same_name(node->name, want)) node = node->next;
    return node;
}

const nr_xml_node *nr_xml_child(const nr_xml_node *node, const char *name_)
{
    return node ? first_of(node->first_child, name_) : NULL;
}

const nr_xml_node *nr_xml_next(const nr_xml_node *node, const char *name_)
{
    return node ? first_of(node->next, name_) : NULL;
}

bool nr_xml_attribute_value(const nr_xml_node *node, const char *name_, nr_str *value)
{
    for (const nr_xml_attribute *a = node ? node->attributes : NULL; a; a = a->next) {
        if (!same_name(a->name, name_)) continue;
        *value = a->value;
        return true;
    }
    return false;
}
