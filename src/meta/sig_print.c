/* sig_print.c - the text of parameter lists (injected-code.md section 6). */
#include "meta/sig.h"
#include "meta/sig_simple.h"

typedef struct printer {
    nr_buf *out;
    nr_arena *scratch;
    const nr_meta *meta;
    uint32_t value; /* the table number behind NR_META_TOKEN_TYPE */
} printer;

static nr_meta_error print_type(printer *p, const nr_type *t);
static nr_meta_error print_params(printer *p, const nr_method_sig *m);

const char *nr_sig_simple_name(uint8_t element)
{
    static const char *const names[NR_SIG_SIMPLE_END] = {
#define X(code, name) [code] = name,
        NR_SIG_SIMPLE(X)
#undef X
    };
    return element < NR_SIG_SIMPLE_END ? names[element] : NULL;
}

static void put(printer *p, const char *text)
{
    nr_buf_put_str(p->out, nr_str_of(text));
}

/* Name and namespace only: a nested type goes without its enclosing types (Q38). */
static nr_meta_error print_name(printer *p, uint32_t token)
{
    nr_str name = {NULL, 0};
    int32_t hr;
    switch (token >> 24) {
    case NR_TABLE_TYPE_REF: hr = p->meta->ops->type_ref_name(p->meta->self, p->scratch, token, &name); break;
    case NR_TABLE_TYPE_DEF: hr = p->meta->ops->type_def_name(p->meta->self, p->scratch, token, &name); break;
    case NR_TABLE_TYPE_SPEC: return NR_META_TYPE_SPEC;
    default: p->value = token >> 24; return NR_META_TOKEN_TYPE;
    }
    if (hr < 0) return NR_META_TYPE_NAME;
    nr_buf_put_str(p->out, name);
    return NR_META_OK;
}

/* Bounds are raw unsigned values and the sums wrap (Q37). */
static nr_meta_error print_array(printer *p, const nr_type *t)
{
    nr_meta_error e = print_type(p, t->type);
    if (e) return e;
    if (t->number > NR_SIG_MAX_RANK) return NR_META_SIGNATURE;
    put(p, "[");
    for (uint32_t i = 0; i < t->number; i++) {
        if (i) put(p, ",");
        if (i >= t->size_count) continue;
        uint32_t low = i < t->lower_bound_count ? t->lower_bounds[i] : 0;
        nr_buf_printf(p->out, "%u...%u", (unsigned)low, (unsigned)(uint32_t)(low + t->sizes[i] - 1));
    }
    put(p, "]");
    return NR_META_OK;
}

static nr_meta_error print_generic_inst(printer *p, const nr_type *t)
{
    nr_meta_error e = print_type(p, t->type);
    put(p, "[");
    for (uint32_t i = 0; !e && i < t->number; i++) {
        if (i) put(p, ",");
        e = print_type(p, t->arguments[i]);
    }
    put(p, "]");
    return e;
}

static nr_meta_error print_param(printer *p, const nr_param *param)
{
    nr_meta_error e = NR_META_OK;
    switch (param->kind) {
    case NR_PARAM_VOID: put(p, "void"); break;
    case NR_PARAM_TYPEDBYREF: put(p, "System.TypedReference"); break;
    case NR_PARAM_SENTINEL: put(p, "..."); break;
    case NR_PARAM_TYPE:
        e = print_type(p, param->type);
        if (param->by_ref) put(p, "&");
        break;
    }
    return e;
}

static nr_meta_error print_function(printer *p, const nr_method_sig *m)
{
    put(p, "(");
    nr_meta_error e = print_param(p, &m->ret);
    put(p, ")(");
    if (!e) e = print_params(p, m);
    put(p, ")");
    return e;
}

/* The parser limits the depth of what it builds, so this recursion is limited, too. */
static nr_meta_error print_type(printer *p, const nr_type *t)
{
    nr_meta_error e = NR_META_OK;
    const char *name = nr_sig_simple_name(t->element);
    if (name) {
        put(p, name);
        return NR_META_OK;
    }
    switch (t->element) {
    case NR_ELEMENT_CLASS:
    case NR_ELEMENT_VALUETYPE: return print_name(p, t->token);
    case NR_ELEMENT_VAR: nr_buf_printf(p->out, "!%u", (unsigned)t->number); break;
    case NR_ELEMENT_MVAR: nr_buf_printf(p->out, "!!%u", (unsigned)t->number); break;
    case NR_ELEMENT_ARRAY: return print_array(p, t);
    case NR_ELEMENT_GENERICINST: return print_generic_inst(p, t);
    case NR_ELEMENT_FNPTR: return print_function(p, t->method);
    case NR_ELEMENT_PTR:
        if (t->type)
            e = print_type(p, t->type);
        else
            put(p, "void");
        put(p, "*");
        break;
    case NR_ELEMENT_SZARRAY:
        e = print_type(p, t->type);
        put(p, "[]");
        break;
    default: p->value = t->element; return NR_META_ELEMENT;
    }
    return e;
}

static nr_meta_error print_params(printer *p, const nr_method_sig *m)
{
    nr_meta_error e = NR_META_OK;
    for (uint32_t i = 0; !e && i < m->param_count; i++) {
        if (i) put(p, ",");
        e = print_param(p, &m->params[i]);
    }
    return e;
}

/* A failure leaves the text as it was. */
static nr_meta_error finish(printer *p, size_t start, nr_meta_error e)
{
    if (p->out->failed) return NR_META_NO_MEMORY;
    if (e) p->out->size = start;
    return e;
}

nr_meta_error nr_sig_print_params(nr_buf *out, nr_arena *scratch, const nr_meta *meta, const nr_method_sig *sig)
{
    printer p = {out, scratch, meta, 0};
    size_t start = out->size;
    return finish(&p, start, print_params(&p, sig));
}

nr_meta_error nr_sig_print_type(nr_buf *out, nr_arena *scratch, const nr_meta *meta, const nr_type *type)
{
    printer p = {out, scratch, meta, 0};
    size_t start = out->size;
    return finish(&p, start, print_type(&p, type));
}

nr_str nr_sig_print_line(nr_arena *arena, const nr_meta *meta, const nr_method_sig *sig)
{
    nr_buf text = NR_BUF_INIT;
    printer p = {&text, arena, meta, 0};
    nr_meta_error e = finish(&p, 0, print_params(&p, sig));
    nr_buf_free(&text);
    nr_str line = {"", 0};
    if (e == NR_META_TOKEN_TYPE)
        line = nr_arena_printf(arena, "%s%u", nr_meta_error_text(e), (unsigned)p.value);
    else if (nr_meta_error_is_logged(e))
        line = nr_str_of(nr_meta_error_text(e));
    return line;
}
