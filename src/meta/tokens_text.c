/* tokens_text.c - signature bytes and tokens of parsed texts, requests in the reference's order
 * (metadata-tokens.md 3.1, 4.3, 4.4). */
#include "meta/compressed.h"
#include "meta/text_tree.h"
#include "meta/tokens.h"
#include "meta/tokens_internal.h"

enum {
    GENERIC_METHOD_INSTANTIATION = 0x0A, /* first byte of a MethodSpec, ECMA-335 II.23.2.15 */
    FIELD_SIGNATURE = 0x06
};

static nr_meta_error put_type(nr_tokens *t, const nr_text_type *type, nr_buf *out);

static nr_meta_error type_def(nr_tokens *t, nr_str name, uint32_t *token)
{
    nr_request_key key;
    uint32_t found = 0;
    nr_request_begin(&key, t, NR_REQUEST_TYPE_DEF, 0, name, NULL, 0);
    if (nr_request_known(&key, t, token)) return NR_META_OK;
    int32_t hr = t->meta.ops->find_type_def(t->meta.self, name, &found);
    if (hr < 0) return nr_tokens_call_failed(t, hr, NULL);
    nr_request_done(&key, t, found);
    *token = found;
    return NR_META_OK;
}

/* Of a class without its arguments. */
static nr_meta_error class_token(nr_tokens *t, const nr_text_type *type, uint32_t *token)
{
    if (type->assembly.n == 0) return type_def(t, type->name, token);
    return nr_tokens_type_ref(t, type->assembly, type->name, token);
}

static nr_meta_error put_integer(nr_tokens *t, uint32_t value, nr_buf *out)
{
    if (nr_blob_put_u32(out, value)) return NR_META_OK;
    return nr_tokens_fail(t, NR_META_TOO_LARGE, nr_arena_printf(t->scratch, "%#x", (unsigned)value));
}

static nr_meta_error put_types(nr_tokens *t, const nr_text_types *types, nr_buf *out)
{
    nr_meta_error e = NR_META_OK;
    for (const nr_text_type *type = types->first; !e && type; type = type->next) e = put_type(t, type, out);
    return e;
}

static nr_meta_error put_class(nr_tokens *t, const nr_text_type *type, nr_buf *out)
{
    uint32_t token = 0;
    if (type->arguments.count) nr_buf_u8(out, NR_ELEMENT_GENERICINST);
    nr_buf_u8(out, type->element);
    nr_meta_error e = class_token(t, type, &token);
    if (!e) e = put_integer(t, nr_coded_type(token), out);
    if (!e && type->arguments.count) e = put_integer(t, type->arguments.count, out);
    if (!e) e = put_types(t, &type->arguments, out);
    return e;
}

static nr_meta_error put_type(nr_tokens *t, const nr_text_type *type, nr_buf *out)
{
    if (out->failed) return NR_META_NO_MEMORY; /* and no request more */
    nr_buf_fill(out, NR_ELEMENT_SZARRAY, type->arrays);
    switch (type->element) {
    case NR_ELEMENT_CLASS:
    case NR_ELEMENT_VALUETYPE: return put_class(t, type, out);
    case NR_ELEMENT_VAR:
    case NR_ELEMENT_MVAR: nr_buf_u8(out, type->element); return put_integer(t, type->number, out);
    default: nr_buf_u8(out, type->element); return NR_META_OK;
    }
}

static nr_meta_error put_method(nr_tokens *t, const nr_text *text, nr_buf *out)
{
    nr_meta_error e = NR_META_OK;
    unsigned generic = text->arguments.count ? NR_SIG_GENERIC : 0;
    nr_buf_u8(out, (uint8_t)((text->instance ? NR_SIG_HAS_THIS : 0) | generic));
    if (generic) e = put_integer(t, text->arguments.count, out);
    if (!e) e = put_integer(t, text->params.count, out);
    if (!e) e = put_type(t, text->type, out);
    if (!e) e = put_types(t, &text->params, out);
    return e;
}

nr_meta_error nr_tokens_signature(nr_tokens *t, const nr_text *text, nr_buf *out)
{
    size_t start = out->size;
    nr_meta_error e = text->kind == NR_TEXT_METHOD ? put_method(t, text, out) : put_type(t, text->type, out);
    if (out->failed) return NR_META_NO_MEMORY;
    if (e) out->size = start;
    return e;
}

bool nr_text_has_token(const nr_text *text)
{
    const nr_text_type *type = text->type;
    return text->kind != NR_TEXT_TYPE || type->arrays || type->element == NR_ELEMENT_CLASS ||
           type->element == NR_ELEMENT_VALUETYPE;
}

static nr_meta_error type_token(nr_tokens *t, const nr_text *text, const nr_text_type *type, uint32_t *token)
{
    bool is_class = type->element == NR_ELEMENT_CLASS || type->element == NR_ELEMENT_VALUETYPE;
    if (!type->arrays && !type->arguments.count) {
        if (!is_class) return nr_tokens_fail(t, NR_META_TEXT_TOKEN, text->source);
        return class_token(t, type, token);
    }
    nr_buf sig = NR_BUF_INIT;
    nr_meta_error e = put_type(t, type, &sig);
    if (sig.failed) e = NR_META_NO_MEMORY;
    if (!e) e = nr_tokens_type_spec(t, sig.data, sig.size, token);
    nr_buf_free(&sig);
    return e;
}

/* `method`<arguments>. Not remembered: nothing is known about repeated DefineMethodSpec calls. */
static nr_meta_error method_spec(nr_tokens *t, const nr_text *text, uint32_t method, uint32_t *token)
{
    nr_buf sig = NR_BUF_INIT;
    uint32_t found = 0;
    int32_t hr;
    nr_buf_u8(&sig, GENERIC_METHOD_INSTANTIATION);
    nr_meta_error e = put_integer(t, text->arguments.count, &sig);
    if (!e) e = put_types(t, &text->arguments, &sig);
    if (sig.failed) e = NR_META_NO_MEMORY;
    if (e) goto done;
    t->unsettled = true;
    hr = t->meta.ops->define_method_spec(t->meta.self, method, sig.data, sig.size, &found);
    if (hr < 0)
        e = nr_tokens_call_failed(t, hr, "metaDataEmit->DefineMethodSpec");
    else
        *token = found;
done:
    nr_buf_free(&sig);
    return e;
}

/* Signature types first, then the target, then the member, then the instantiation (3.1). */
static nr_meta_error method_token(nr_tokens *t, const nr_text *text, uint32_t *token)
{
    nr_buf sig = NR_BUF_INIT;
    uint32_t target = 0, member = 0;
    nr_meta_error e = put_method(t, text, &sig);
    if (sig.failed) e = NR_META_NO_MEMORY;
    if (!e) e = type_token(t, text, text->target, &target);
    if (!e) e = nr_tokens_member(t, target, text->method, sig.data, sig.size, &member);
    if (!e && text->arguments.count) e = method_spec(t, text, member, &member);
    if (!e) *token = member;
    nr_buf_free(&sig);
    return e;
}

/* As a method: signature, target, member (II.23.2.4). */
static nr_meta_error field_token(nr_tokens *t, const nr_text *text, uint32_t *token)
{
    nr_buf sig = NR_BUF_INIT;
    uint32_t target = 0;
    nr_buf_u8(&sig, FIELD_SIGNATURE);
    nr_meta_error e = put_type(t, text->type, &sig);
    if (sig.failed) e = NR_META_NO_MEMORY;
    if (!e) e = type_token(t, text, text->target, &target);
    if (!e) e = nr_tokens_member(t, target, text->method, sig.data, sig.size, token);
    nr_buf_free(&sig);
    return e;
}

nr_meta_error nr_tokens_of_text(nr_tokens *t, const nr_text *text, uint32_t *token)
{
    nr_request_key key;
    uint32_t found = 0;
    nr_meta_error e;
    nr_request_begin(&key, t, text->kind == NR_TEXT_RAW ? NR_REQUEST_RAW_TEXT : NR_REQUEST_TEXT, (uint32_t)t->tokenizer,
                     text->source, NULL, 0);
    if (nr_request_known(&key, t, token)) return NR_META_OK;
    t->unsettled = false;
    switch (text->kind) {
    case NR_TEXT_METHOD: e = method_token(t, text, &found); break;
    case NR_TEXT_FIELD: e = field_token(t, text, &found); break;
    case NR_TEXT_RAW: e = nr_tokens_type_ref(t, text->type->assembly, text->type->name, &found); break;
    default: e = type_token(t, text, text->type, &found); break;
    }
    if (!e && !t->unsettled) nr_request_done(&key, t, found);
    if (!e) *token = found;
    return e;
}
