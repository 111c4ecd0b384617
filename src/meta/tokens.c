/* tokens.c - single requests: scopes, types, members, strings (metadata-tokens.md sections 1 and 2). */
#include "meta/tokens.h"

#include "meta/tokens_internal.h"

#include <string.h>

enum {
    SCOPE_NOT_FOUND = 1,              /* S_FALSE in the reference, used as a token: the Module row */
    UNSUPPORTED_CALL_SEQUENCE = 0x363 /* code of CORPROF_E_UNSUPPORTED_CALL_SEQUENCE, 0x80131363 */
};

/* ---- keys ------------------------------------------------------------------------ */

void nr_request_begin(nr_request_key *key, nr_tokens *t, enum nr_request request, uint32_t number, nr_str name,
                      const uint8_t *sig, size_t size)
{
    key->data = NULL;
    key->size = 0;
    if (!t->cache) return;
    size_t need = 9 + name.n + size;
    uint8_t *p = need <= sizeof key->small ? key->small : nr_arena_alloc(t->scratch, need);
    if (!p) return;
    p[0] = (uint8_t)request;
    nr_put_u32(p + 1, number);
    nr_put_u32(p + 5, (uint32_t)name.n); /* where the name ends and the signature begins */
    if (name.n) memcpy(p + 9, name.p, name.n);
    if (size) memcpy(p + 9 + name.n, sig, size);
    key->data = p;
    key->size = need;
}

bool nr_request_known(const nr_request_key *key, nr_tokens *t, uint32_t *token)
{
    return key->data && nr_token_cache_get(t->cache, key->data, key->size, token);
}

void nr_request_done(const nr_request_key *key, nr_tokens *t, uint32_t token)
{
    if (key->data) nr_token_cache_put(t->cache, key->data, key->size, token);
}

/* ---- failures ---------------------------------------------------------------------- */

nr_meta_error nr_tokens_fail(nr_tokens *t, nr_meta_error e, nr_str detail)
{
    t->detail = detail;
    return e;
}

nr_meta_error nr_tokens_call_failed(nr_tokens *t, int32_t hr, const char *call)
{
    t->hr = hr;
    t->detail = (nr_str){NULL, 0};
    if (call && (uint32_t)hr == 0x80131000u + UNSUPPORTED_CALL_SEQUENCE)
        t->detail = nr_arena_printf(t->scratch, "%s  HRESULT: CORPROF_E_UNSUPPORTED_CALL_SEQUENCE", call);
    else if (call)
        t->detail = nr_arena_printf(t->scratch, "%s  HRESULT: %#x", call, (unsigned)hr);
    return NR_META_CALL_FAILED;
}

nr_str nr_tokens_line(const nr_tokens *t, nr_meta_error e)
{
    nr_str line = {"", 0};
    if (!nr_meta_error_is_logged(e) || (e == NR_META_CALL_FAILED && t->detail.n == 0)) return line;
    nr_str s = nr_arena_printf(t->scratch, "%s%.*s", nr_meta_error_text(e), NR_STR_ARG(t->detail));
    return s.p ? s : line;
}

/* ---- scopes ------------------------------------------------------------------------ */

typedef struct scope_search {
    nr_str name;
    uint32_t token;
} scope_search;

static bool scope_row(void *self, uint32_t token, nr_str name, const uint8_t *signature, size_t size)
{
    scope_search *s = self;
    (void)signature;
    (void)size;
    if (!nr_str_ends(name, s->name)) return true;
    s->token = token;
    return false;
}

/* The first AssemblyRef whose name ends with `name` (2.1), or SCOPE_NOT_FOUND. */
static uint32_t find_scope(nr_tokens *t, nr_str name)
{
    scope_search s = {name, SCOPE_NOT_FOUND};
    t->meta.ops->each_assembly_ref(t->meta.self, scope_row, &s);
    return s.token;
}

/* 2.5: when the definition fails, the rewrite goes on with types scoped to the module itself. */
static uint32_t core_scope(nr_tokens *t, nr_str name, bool *settled)
{
    uint32_t token = find_scope(t, name);
    if (token != SCOPE_NOT_FOUND) return token;
    *settled = t->meta.ops->define_assembly_ref(t->meta.self, name, &token) >= 0;
    return *settled ? token : SCOPE_NOT_FOUND;
}

static nr_meta_error framework_scope(nr_tokens *t, nr_str name, bool *settled, uint32_t *scope)
{
    if (!nr_str_is(name, "mscorlib")) return nr_tokens_fail(t, NR_META_NOT_MSCORLIB, name);
    uint32_t token = find_scope(t, name);
    if (token == SCOPE_NOT_FOUND) {
        *settled = false; /* a module that is still growing may gain an mscorlib */
        token = find_scope(t, NR_STR("netstandard"));
    }
    if (token == SCOPE_NOT_FOUND) token = find_scope(t, NR_STR("System.Runtime"));
    if (token == SCOPE_NOT_FOUND) return nr_tokens_fail(t, NR_META_NO_MSCORLIB, (nr_str){NULL, 0});
    *scope = token;
    return NR_META_OK;
}

nr_meta_error nr_tokens_scope(nr_tokens *t, nr_str assembly, uint32_t *scope)
{
    nr_request_key key;
    nr_str name = assembly;
    nr_meta_error e = NR_META_OK;
    bool settled = true;
    uint32_t token = SCOPE_NOT_FOUND;
    if (t->tokenizer == NR_TOKENIZER_CORE && nr_str_is(name, "mscorlib")) name = NR_STR("System.Runtime");
    nr_request_begin(&key, t, NR_REQUEST_SCOPE, (uint32_t)t->tokenizer, name, NULL, 0);
    if (nr_request_known(&key, t, scope)) return NR_META_OK;
    switch (t->tokenizer) {
    case NR_TOKENIZER_CORE: token = core_scope(t, name, &settled); break;
    case NR_TOKENIZER_FRAMEWORK: e = framework_scope(t, name, &settled, &token); break;
    case NR_TOKENIZER_BASE:
        token = find_scope(t, name);
        settled = token != SCOPE_NOT_FOUND;
        break;
    }
    if (e) return e;
    if (settled)
        nr_request_done(&key, t, token);
    else
        t->unsettled = true;
    *scope = token;
    return NR_META_OK;
}

/* ---- types ------------------------------------------------------------------------- */

/* 2.3: where .NET Core keeps the types of the templates, whatever assembly the text names. */
static nr_str core_assembly(nr_str assembly, nr_str type)
{
    static const struct {
        const char *type, *assembly;
    } rows[] = {
        {"System.Exception", "System.Runtime"},
        {"System.Type", "System.Runtime"},
        {"System.Reflection.Assembly", "System.Reflection"},
        {"System.Reflection.MethodInfo", "System.Reflection"},
        {"System.Reflection.MethodBase", "System.Reflection"},
        {"System.Action`2", "System.Core"},
        {"System.Console", "System.Console"},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        if (nr_str_is(type, rows[i].type)) return nr_str_of(rows[i].assembly);
    }
    return assembly;
}

nr_meta_error nr_tokens_type_ref(nr_tokens *t, nr_str assembly, nr_str name, uint32_t *token)
{
    nr_request_key key;
    uint32_t scope = 0, found = 0;
    if (t->tokenizer == NR_TOKENIZER_CORE) assembly = core_assembly(assembly, name);
    nr_meta_error e = nr_tokens_scope(t, assembly, &scope);
    if (e) return e;
    nr_request_begin(&key, t, NR_REQUEST_TYPE_REF, scope, name, NULL, 0);
    if (nr_request_known(&key, t, token)) return NR_META_OK;
    int32_t hr = t->meta.ops->define_type_ref(t->meta.self, scope, name, &found);
    if (hr < 0) return nr_tokens_call_failed(t, hr, "metaDataEmit->DefineTypeRefByName");
    nr_request_done(&key, t, found);
    *token = found;
    return NR_META_OK;
}

nr_meta_error nr_tokens_type_spec(nr_tokens *t, const uint8_t *sig, size_t size, uint32_t *token)
{
    nr_request_key key;
    uint32_t found = 0;
    nr_request_begin(&key, t, NR_REQUEST_TYPE_SPEC, 0, (nr_str){NULL, 0}, sig, size);
    if (nr_request_known(&key, t, token)) return NR_META_OK;
    int32_t hr = t->meta.ops->token_from_type_spec(t->meta.self, sig, size, &found);
    if (hr < 0) return nr_tokens_call_failed(t, hr, "metaDataEmit->GetTokenFromTypeSpec");
    nr_request_done(&key, t, found);
    *token = found;
    return NR_META_OK;
}

static nr_meta_error box_type_spec(nr_tokens *t, const nr_type *type, uint32_t *token)
{
    nr_buf sig = NR_BUF_INIT;
    uint32_t value = 0;
    nr_meta_error e = nr_sig_encode_type_value(&sig, type, &value);
    if (e == NR_META_TOO_LARGE) nr_tokens_fail(t, e, nr_arena_printf(t->scratch, "%#x", (unsigned)value));
    if (!e) e = nr_tokens_type_spec(t, sig.data, sig.size, token);
    nr_buf_free(&sig);
    return e;
}

static nr_meta_error box_type(nr_tokens *t, const nr_type *type, uint32_t *token)
{
    const nr_str none = {NULL, 0};
    const char *simple = nr_sig_simple_name(type->element);
    if (simple) return nr_tokens_type_ref(t, NR_STR("mscorlib"), nr_str_of(simple), token);
    switch (type->element) {
    case NR_ELEMENT_CLASS:
    case NR_ELEMENT_VALUETYPE: *token = type->token; return NR_META_OK;
    case NR_ELEMENT_PTR:
        return nr_tokens_fail(t, type->type ? NR_META_POINTER_TOKEN : NR_META_VOID_POINTER_TOKEN, none);
    case NR_ELEMENT_FNPTR: return nr_tokens_fail(t, NR_META_FUNCTION_POINTER_TOKEN, none);
    default: return box_type_spec(t, type, token);
    }
}

nr_meta_error nr_tokens_box(nr_tokens *t, const nr_param *param, uint32_t *token)
{
    switch (param->kind) {
    case NR_PARAM_TYPE: return box_type(t, param->type, token);
    case NR_PARAM_TYPEDBYREF: return nr_tokens_type_ref(t, NR_STR("mscorlib"), NR_STR("System.TypedReference"), token);
    case NR_PARAM_SENTINEL: *token = 0; return NR_META_OK;
    case NR_PARAM_VOID: break;
    }
    return nr_tokens_fail(t, NR_META_VOID_TOKEN, (nr_str){NULL, 0});
}

nr_meta_error nr_tokens_box_result(nr_tokens *t, const nr_param *result, uint32_t *token)
{
    if (result->kind == NR_PARAM_TYPE && result->by_ref)
        return nr_tokens_fail(t, NR_META_BY_REF_TOKEN, (nr_str){NULL, 0});
    return nr_tokens_box(t, result, token);
}

/* ---- members ----------------------------------------------------------------------- */

typedef struct member_search {
    nr_str name;
    const uint8_t *sig;
    size_t size;
    uint32_t token; /* 0: not found */
} member_search;

/* Signatures are compared byte by byte (1.3). */
static bool member_row(void *self, uint32_t token, nr_str name, const uint8_t *sig, size_t size)
{
    member_search *s = self;
    if (size != s->size || !nr_str_eq(name, s->name) || (size && memcmp(sig, s->sig, size))) return true;
    s->token = token;
    return false;
}

nr_meta_error nr_tokens_member(nr_tokens *t, uint32_t parent, nr_str name, const uint8_t *sig, size_t size,
                               uint32_t *token)
{
    nr_request_key key;
    member_search s = {name, sig, size, 0};
    nr_request_begin(&key, t, NR_REQUEST_MEMBER, parent, name, sig, size);
    if (nr_request_known(&key, t, token)) return NR_META_OK;
    t->meta.ops->each_member_ref(t->meta.self, parent, member_row, &s);
    if (!s.token && parent >> 24 == NR_TABLE_TYPE_DEF) t->meta.ops->each_method(t->meta.self, parent, member_row, &s);
    if (!s.token) {
        int32_t hr = t->meta.ops->define_member_ref(t->meta.self, parent, name, sig, size, &s.token);
        if (hr < 0) return nr_tokens_call_failed(t, hr, "metaDataEmit->DefineMemberRef");
    }
    nr_request_done(&key, t, s.token);
    *token = s.token;
    return NR_META_OK;
}

/* ---- the rest ------------------------------------------------------------------------ */

nr_meta_error nr_tokens_user_string(nr_tokens *t, nr_str text, uint32_t *token)
{
    nr_request_key key;
    uint32_t found = 0;
    nr_request_begin(&key, t, NR_REQUEST_STRING, 0, text, NULL, 0);
    if (nr_request_known(&key, t, token)) return NR_META_OK;
    int32_t hr = t->meta.ops->define_user_string(t->meta.self, text, &found);
    if (hr < 0) return nr_tokens_call_failed(t, hr, "metaDataEmit->DefineUserString");
    nr_request_done(&key, t, found);
    *token = found;
    return NR_META_OK;
}

nr_meta_error nr_tokens_local_sig(nr_tokens *t, const uint8_t *sig, size_t size, uint32_t *token)
{
    nr_request_key key;
    uint32_t found = 0;
    nr_request_begin(&key, t, NR_REQUEST_LOCAL_SIG, 0, (nr_str){NULL, 0}, sig, size);
    if (nr_request_known(&key, t, token)) return NR_META_OK;
    int32_t hr = t->meta.ops->token_from_sig(t->meta.self, sig, size, &found);
    if (hr < 0) return nr_tokens_call_failed(t, hr, "_metaDataEmit->GetTokenFromSig");
    nr_request_done(&key, t, found);
    *token = found;
    return NR_META_OK;
}
