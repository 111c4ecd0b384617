#include "meta/meaning.h"

#include "meta/compressed.h"

enum { MAX_NESTING = 200 }; /* of types within one signature */

typedef struct reader {
    nr_meaning_names names;
    void *self;
    nr_buf *out;
    const uint8_t *p, *end;
    bool bad;
    int depth;   /* tokens within tokens */
    int nesting; /* types within types */
} reader;

static void type(reader *r);

static uint32_t number(reader *r)
{
    uint32_t v = 0;
    size_t n;
    if (r->p >= r->end || !(n = nr_blob_get_u32(r->p, (size_t)(r->end - r->p), &v))) {
        r->bad = true;
        return 0;
    }
    r->p += n;
    return v;
}

static void coded_type(reader *r)
{
    static const uint32_t tables[] = {0x02000000, 0x01000000, 0x1B000000, 0};
    uint32_t v = number(r);
    r->names(r->self, r->out, tables[v & 3] | v >> 2, r->depth + 1);
}

static void types(reader *r, uint32_t n)
{
    for (uint32_t i = 0; i < n && !r->bad; i++) {
        if (i) nr_buf_u8(r->out, ',');
        type(r);
    }
}

static void method(reader *r)
{
    uint32_t convention = number(r);
    nr_buf_printf(r->out, "cc%02x ", (unsigned)convention);
    if (convention & 0x10) nr_buf_printf(r->out, "gen%u ", (unsigned)number(r));
    uint32_t n = number(r);
    type(r);
    nr_buf_u8(r->out, '(');
    types(r, n);
    nr_buf_u8(r->out, ')');
}

/* The recorder reads the rank where the element type stands, and then the type (II.23.2.13 has them the other way
 * round). What an array shows is therefore not its type, but the same for equal bytes, and equal to the recordings. */
static void array(reader *r)
{
    uint32_t rank = number(r);
    type(r);
    nr_buf_printf(r->out, "[rank %u", (unsigned)rank);
    uint32_t n = number(r);
    for (uint32_t i = 0; i < n && !r->bad; i++) nr_buf_printf(r->out, " s%u", (unsigned)number(r));
    n = number(r);
    for (uint32_t i = 0; i < n && !r->bad; i++) nr_buf_printf(r->out, " l%u", (unsigned)number(r));
    nr_buf_u8(r->out, ']');
}

static void words(reader *r, const char *text)
{
    nr_buf_put_str(r->out, nr_str_of(text));
}

static void one_type(reader *r)
{
    static const char *const primitives[] = {"end", "void", "bool", "char", "i1", "u1", "i2",    "u2",
                                             "i4",  "u4",   "i8",   "u8",   "r4", "r8", "string"};
    uint32_t c = number(r) & 0xFF;
    if (c < 15) {
        words(r, primitives[c]);
        return;
    }
    switch (c) {
    case 0x0F: type(r), words(r, "*"); return;
    case 0x10: type(r), words(r, "&"); return;
    case 0x11: words(r, "valuetype "), coded_type(r); return;
    case 0x12: words(r, "class "), coded_type(r); return;
    case 0x13: nr_buf_printf(r->out, "!%u", (unsigned)number(r)); return;
    case 0x14: array(r); return;
    case 0x15:
        type(r), words(r, "<");
        types(r, number(r));
        words(r, ">");
        return;
    case 0x16: words(r, "typedref"); return;
    case 0x18: words(r, "i"); return;
    case 0x19: words(r, "u"); return;
    case 0x1B: words(r, "fnptr "), method(r); return;
    case 0x1C: words(r, "object"); return;
    case 0x1D: type(r), words(r, "[]"); return;
    case 0x1E: nr_buf_printf(r->out, "!!%u", (unsigned)number(r)); return;
    case 0x1F: words(r, "modreq("), coded_type(r), words(r, ") "), type(r); return;
    case 0x20: words(r, "modopt("), coded_type(r), words(r, ") "), type(r); return;
    case 0x41: words(r, "sentinel "), type(r); return;
    case 0x45: words(r, "pinned "), type(r); return;
    default: break;
    }
    r->bad = true;
    nr_buf_printf(r->out, "?et%02x", (unsigned)c);
}

static void type(reader *r)
{
    if (r->bad || ++r->nesting > MAX_NESTING) {
        r->bad = true;
        words(r, "?");
        return;
    }
    one_type(r);
    r->nesting--;
}

void nr_meaning_of_signature(nr_buf *out, const uint8_t *p, size_t n, bool type_spec, int depth, nr_meaning_names names,
                             void *self)
{
    reader r = {names, self, out, p, n ? p + n : p, false, depth, 0}; /* an empty blob has no bytes to point to */
    if (n && depth <= NR_MEANING_DEPTH) {
        unsigned c = *p & 0x0F;
        if (type_spec) {
            type(&r);
        } else if (c == 6) {
            r.p++;
            words(&r, "field ");
            type(&r);
        } else if (c == 7 || c == 10) {
            r.p++;
            uint32_t count = number(&r);
            words(&r, c == 7 ? "locals(" : "inst(");
            types(&r, count);
            words(&r, ")");
        } else {
            method(&r);
        }
        if (!r.bad && r.p == r.end) return;
    }
    nr_buf_put_str(out, NR_STR("{raw "));
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        nr_buf_u8(out, (uint8_t)digits[p[i] >> 4]);
        nr_buf_u8(out, (uint8_t)digits[p[i] & 15]);
    }
    nr_buf_u8(out, '}');
}
