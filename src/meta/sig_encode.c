/* sig_encode.c - signature bytes of parsed types: modifiers are gone, counts are minimal. */
#include "meta/compressed.h"
#include "meta/sig.h"

typedef struct encoder {
    nr_buf *out;
    uint32_t value; /* the number behind NR_META_TOO_LARGE */
} encoder;

enum { CONVENTION_MASK = 0x1F }; /* calling convention and the GENERIC bit */

static nr_meta_error encode_type(encoder *c, const nr_type *t);

static nr_meta_error put_integer(encoder *c, uint32_t value)
{
    if (nr_blob_put_u32(c->out, value)) return NR_META_OK;
    c->value = value;
    return NR_META_TOO_LARGE;
}

static nr_meta_error put_integers(encoder *c, const uint32_t *items, uint32_t count)
{
    nr_meta_error e = put_integer(c, count);
    for (uint32_t i = 0; !e && i < count; i++) e = put_integer(c, items[i]);
    return e;
}

static nr_meta_error encode_array(encoder *c, const nr_type *t)
{
    nr_meta_error e = encode_type(c, t->type);
    if (!e) e = put_integer(c, t->number);
    if (!e) e = put_integers(c, t->sizes, t->size_count);
    if (!e) e = put_integers(c, t->lower_bounds, t->lower_bound_count);
    return e;
}

static nr_meta_error encode_generic_inst(encoder *c, const nr_type *t)
{
    nr_meta_error e = encode_type(c, t->type);
    if (!e) e = put_integer(c, t->number);
    for (uint32_t i = 0; !e && i < t->number; i++) e = encode_type(c, t->arguments[i]);
    return e;
}

static nr_meta_error encode_param(encoder *c, const nr_param *p)
{
    switch (p->kind) {
    case NR_PARAM_VOID: nr_buf_u8(c->out, NR_ELEMENT_VOID); return NR_META_OK;
    case NR_PARAM_TYPEDBYREF: nr_buf_u8(c->out, NR_ELEMENT_TYPEDBYREF); return NR_META_OK;
    case NR_PARAM_SENTINEL: nr_buf_u8(c->out, NR_ELEMENT_SENTINEL); return NR_META_OK;
    case NR_PARAM_TYPE: break;
    }
    if (p->by_ref) nr_buf_u8(c->out, NR_ELEMENT_BYREF);
    return encode_type(c, p->type);
}

/* 4.7: the count of generic parameters is written for the plain GENERIC convention only, so
 * e.g. a vararg generic one loses it (Q36). */
static nr_meta_error encode_method(encoder *c, const nr_method_sig *m)
{
    nr_buf_u8(c->out, m->convention & (NR_SIG_HAS_THIS | NR_SIG_EXPLICIT_THIS | CONVENTION_MASK));
    nr_meta_error e = NR_META_OK;
    if ((m->convention & CONVENTION_MASK) == NR_SIG_GENERIC) e = put_integer(c, m->generic_count);
    if (!e) e = put_integer(c, m->param_count);
    if (!e) e = encode_param(c, &m->ret);
    for (uint32_t i = 0; !e && i < m->param_count; i++) e = encode_param(c, &m->params[i]);
    return e;
}

static nr_meta_error encode_type(encoder *c, const nr_type *t)
{
    nr_buf_u8(c->out, t->element);
    switch (t->element) {
    case NR_ELEMENT_CLASS:
    case NR_ELEMENT_VALUETYPE: return put_integer(c, nr_coded_type(t->token));
    case NR_ELEMENT_VAR:
    case NR_ELEMENT_MVAR: return put_integer(c, t->number);
    case NR_ELEMENT_ARRAY: return encode_array(c, t);
    case NR_ELEMENT_GENERICINST: return encode_generic_inst(c, t);
    case NR_ELEMENT_FNPTR: return encode_method(c, t->method);
    case NR_ELEMENT_SZARRAY: return encode_type(c, t->type);
    case NR_ELEMENT_PTR:
        if (t->type) return encode_type(c, t->type);
        nr_buf_u8(c->out, NR_ELEMENT_VOID);
        return NR_META_OK;
    default: return NR_META_OK;
    }
}

static nr_meta_error finish(encoder *c, size_t start, nr_meta_error e)
{
    if (c->out->failed) return NR_META_NO_MEMORY;
    if (e) c->out->size = start;
    return e;
}

nr_meta_error nr_sig_encode_type_value(nr_buf *out, const nr_type *type, uint32_t *value)
{
    encoder c = {out, 0};
    size_t start = out->size;
    nr_meta_error e = finish(&c, start, encode_type(&c, type));
    if (value) *value = c.value;
    return e;
}

nr_meta_error nr_sig_encode_type(nr_buf *out, const nr_type *type)
{
    return nr_sig_encode_type_value(out, type, NULL);
}

nr_meta_error nr_sig_encode_param(nr_buf *out, const nr_param *param)
{
    encoder c = {out, 0};
    size_t start = out->size;
    return finish(&c, start, encode_param(&c, param));
}
