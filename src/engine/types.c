#include "engine/types.h"

#include "base/buf.h"
#include "engine/definition.h"
#include "il/locals.h"

enum { ALLOWS_BY_REF_LIKE = 0x20 }; /* GenericParamAttributes */

static bool is_nil(uint32_t token)
{
    return (token & 0xFFFFFF) == 0;
}

/* Where no module can be asked, or .NET Framework's has no attribute to tell. */
static nr_type_kind kind_by_name(nr_str name)
{
    static const char *const by_ref_like[] = {"TypedReference", "ArgIterator", "RuntimeArgumentHandle", "Span`1",
                                              "ReadOnlySpan`1"};
    static const char *const values[] = {"Boolean", "Char",           "SByte",     "Byte",    "Int16",    "UInt16",
                                         "Int32",   "UInt32",         "Int64",     "UInt64",  "Single",   "Double",
                                         "IntPtr",  "UIntPtr",        "Void",      "Decimal", "DateTime", "TimeSpan",
                                         "Guid",    "DateTimeOffset", "Nullable`1"};
    static const char *const references[] = {"Object", "String", "Array", "Exception", "Type", "Enum", "ValueType"};
    if (!nr_str_starts(name, NR_STR("System."))) return NR_KIND_UNRESOLVED;
    name = (nr_str){name.p + 7, name.n - 7};
    for (size_t i = 0; i < NR_COUNT(by_ref_like); i++) {
        if (nr_str_is(name, by_ref_like[i])) return NR_KIND_BY_REF_LIKE;
    }
    for (size_t i = 0; i < NR_COUNT(values); i++) {
        if (nr_str_is(name, values[i])) return NR_KIND_VALUE;
    }
    for (size_t i = 0; i < NR_COUNT(references); i++) {
        if (nr_str_is(name, references[i])) return NR_KIND_REFERENCE;
    }
    return NR_KIND_UNRESOLVED;
}

/* ---- definitions ------------------------------------------------------------------------- */

static int32_t name_of(const nr_types *t, nr_scope *s, uint32_t token, nr_str *name)
{
    uint32_t ignored;
    if (token >> 24 == NR_TABLE_TYPE_REF) return s->ops->type_ref(s, t->arena, token, &ignored, name);
    return s->ops->type_props(s, t->arena, token, name, &ignored);
}

static nr_type_kind kind_of_definition(const nr_types *t, nr_scope *s, uint32_t type_def)
{
    uint32_t base = 0, size;
    nr_str name, base_name;
    const uint8_t *value;
    if (s->ops->type_base(s, type_def, &base) < 0 || name_of(t, s, type_def, &name) < 0) return NR_KIND_UNRESOLVED;
    nr_type_kind known = kind_by_name(name);
    if (known == NR_KIND_BY_REF_LIKE) return known;
    if (is_nil(base) || base >> 24 == NR_TABLE_TYPE_SPEC) return NR_KIND_REFERENCE;
    if (name_of(t, s, base, &base_name) < 0) return NR_KIND_UNRESOLVED;
    if (nr_str_is(base_name, "System.Enum")) return NR_KIND_VALUE;
    if (!nr_str_is(base_name, "System.ValueType") || nr_str_is(name, "System.Enum")) return NR_KIND_REFERENCE;
    int32_t hr =
        s->ops->custom_attribute(s, type_def, "System.Runtime.CompilerServices.IsByRefLikeAttribute", &value, &size);
    if (hr < 0) return NR_KIND_UNRESOLVED;
    return hr == NR_HR_OK ? NR_KIND_BY_REF_LIKE : NR_KIND_VALUE;
}

/* ---- references --------------------------------------------------------------------------- */

static uintptr_t module_named(void *self, nr_str assembly)
{
    const nr_module *m = nr_modules_named(self, assembly);
    return m ? m->id : 0;
}

static nr_type_kind kind_of_reference(const nr_types *t, uint32_t type_ref)
{
    const nr_runtime *clr = t->modules->runtime;
    nr_type_path path;
    nr_definition d;
    nr_scope s;
    nr_type_kind kind = NR_KIND_UNRESOLVED;
    if (!nr_type_path_of(t->scope, t->arena, type_ref, &path)) return kind;
    if (nr_definition_find(clr, module_named, t->modules, t->module->id, t->scope, t->arena, &path, &d) &&
        nr_runtime_read(clr, d.module, 0, &s) >= 0) {
        kind = kind_of_definition(t, &s, d.type_def);
        s.ops->close(&s);
    }
    return kind == NR_KIND_UNRESOLVED && path.count == 1 ? kind_by_name(path.names[0]) : kind;
}

/* ---- TypeSpecs (II.23.2.14) --------------------------------------------------------------------- */

static nr_type_kind kind_of_parameter(const nr_types *t, uint32_t owner, uint32_t number)
{
    uint32_t flags = 0;
    if (t->scope->ops->generic_param(t->scope, owner, number, &flags) < 0 || (flags & ALLOWS_BY_REF_LIKE))
        return NR_KIND_UNRESOLVED;
    return NR_KIND_VALUE;
}

static nr_type_kind kind_of_spec(const nr_types *t, uint32_t type_spec)
{
    const uint8_t *p = NULL;
    uint32_t size = 0, at = 0, number = 0;
    if (t->scope->ops->type_spec(t->scope, type_spec, &p, &size) < 0) return NR_KIND_UNRESOLVED;
    while (at < size && (p[at] == NR_ELEMENT_CMOD_REQD || p[at] == NR_ELEMENT_CMOD_OPT)) {
        size_t used = nr_compressed_get(p + at + 1, size - at - 1, &number);
        if (!used) return NR_KIND_UNRESOLVED;
        at += 1 + (uint32_t)used;
    }
    if (at == size) return NR_KIND_UNRESOLVED;
    uint8_t element = p[at++];
    if (element == NR_ELEMENT_GENERICINST && at < size) element = p[at++];
    bool counted = nr_compressed_get(p + at, size - at, &number) > 0;
    switch (element) {
    case NR_ELEMENT_STRING:
    case NR_ELEMENT_OBJECT:
    case NR_ELEMENT_CLASS:
    case NR_ELEMENT_ARRAY:
    case NR_ELEMENT_SZARRAY: return NR_KIND_REFERENCE;
    case NR_ELEMENT_BYREF:
    case NR_ELEMENT_TYPEDBYREF: return NR_KIND_BY_REF_LIKE;
    case NR_ELEMENT_VALUETYPE: {
        uint32_t token = nr_token_of_coded_type(number);
        /* A TypeSpec here is valid for nobody, and could refer to itself. */
        return counted && token >> 24 != NR_TABLE_TYPE_SPEC ? nr_type_kind_of(t, token) : NR_KIND_UNRESOLVED;
    }
    case NR_ELEMENT_VAR: return counted ? kind_of_parameter(t, t->type_def, number) : NR_KIND_UNRESOLVED;
    case NR_ELEMENT_MVAR: return counted ? kind_of_parameter(t, t->method, number) : NR_KIND_UNRESOLVED;
    default:
        return (element >= NR_ELEMENT_BOOLEAN && element <= NR_ELEMENT_PTR) || element == NR_ELEMENT_I ||
                       element == NR_ELEMENT_I + 1 || element == NR_ELEMENT_FNPTR
                   ? NR_KIND_VALUE
                   : NR_KIND_UNRESOLVED;
    }
}

/* ---- the question ------------------------------------------------------------------------------ */

static bool is_class_of(const nr_param *p, uint32_t token)
{
    return p->kind == NR_PARAM_TYPE && p->type && p->type->element == NR_ELEMENT_CLASS && p->type->token == token;
}

static bool signature_says_class(const nr_method_sig *sig, uint32_t token)
{
    if (!sig) return false;
    bool is = is_class_of(&sig->ret, token);
    for (uint32_t i = 0; !is && i < sig->param_count; i++) is = is_class_of(&sig->params[i], token);
    return is;
}

/* TypeSpecs are not remembered: what a type parameter is depends on the method. */
static void key_of(uint32_t token, uint8_t key[5])
{
    key[0] = 0xFF; /* no request begins with it */
    nr_put_u32(key + 1, token);
}

nr_type_kind nr_type_kind_of(const nr_types *t, uint32_t token)
{
    uint8_t key[5];
    uint32_t known;
    nr_type_kind kind = NR_KIND_UNRESOLVED;
    if (is_nil(token)) return kind;
    if (token >> 24 == NR_TABLE_TYPE_SPEC) return kind_of_spec(t, token);
    if (signature_says_class(t->sig, token)) return NR_KIND_REFERENCE;
    key_of(token, key);
    if (nr_token_cache_get(t->module->tokens, key, sizeof key, &known)) return (nr_type_kind)known;
    if (token >> 24 == NR_TABLE_TYPE_DEF) kind = kind_of_definition(t, t->scope, token);
    if (token >> 24 == NR_TABLE_TYPE_REF) kind = kind_of_reference(t, token);
    if (kind != NR_KIND_UNRESOLVED) nr_token_cache_put(t->module->tokens, key, sizeof key, (uint32_t)kind);
    return kind;
}
