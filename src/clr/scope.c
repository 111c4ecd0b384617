/* Metadata for the engine: IMetaDataImport2 and its relatives. Text crosses between UTF-16 and UTF-8 here. */
#include "clr/scope.h"

#include "clr/scope_types.h"

#include "base/utf.h"

enum { NAME_UNITS = 256, BATCH = 64, BATCH_NAMED = 5 };

static nr_IMetaDataImport2 *import_of(nr_scope *s)
{
    return s->import;
}

int32_t nr_scope_name(nr_scope *s, nr_arena *arena, uint32_t token, nr_name_call call, void *more, nr_str *name)
{
    uint16_t small[NAME_UNITS], *units = small;
    uint32_t length = 0;
    int32_t hr = call(s, token, small, NAME_UNITS, &length, more);
    if (hr < 0) return hr;
    if (length > NAME_UNITS) {
        units = nr_arena_alloc(arena, length * sizeof *units);
        if (!units) return NR_HR_NO_MEMORY;
        hr = call(s, token, units, length, &length, more);
        if (hr < 0) return hr;
    }
    /* The length counts the terminating zero. */
    *name = nr_utf8_from_utf16(arena, units, length ? length - 1 : 0);
    return name->p ? hr : NR_HR_NO_MEMORY;
}

static int32_t call_method_props(nr_scope *s, uint32_t token, uint16_t *units, uint32_t room, uint32_t *length,
                                 void *more)
{
    nr_method_props *p = more;
    uint32_t rva, flags;
    return NR_CALL(import_of(s), GetMethodProps, token, &p->type_def, units, room, length, &p->attributes, &p->sig,
                   &p->sig_size, &rva, &flags);
}

static int32_t method_props(nr_scope *s, nr_arena *arena, uint32_t method, nr_method_props *props)
{
    memset(props, 0, sizeof *props);
    return nr_scope_name(s, arena, method, call_method_props, props, &props->name);
}

static int32_t call_type_props(nr_scope *s, uint32_t token, uint16_t *units, uint32_t room, uint32_t *length,
                               void *more)
{
    uint32_t base;
    return NR_CALL(import_of(s), GetTypeDefProps, token, units, room, length, more, &base);
}

static int32_t type_props(nr_scope *s, nr_arena *arena, uint32_t type_def, nr_str *name, uint32_t *attributes)
{
    *attributes = 0;
    return nr_scope_name(s, arena, type_def, call_type_props, attributes, name);
}

static int32_t enclosing_type(nr_scope *s, uint32_t type_def, uint32_t *outer)
{
    return NR_CALL(import_of(s), GetNestedClassProps, type_def, outer);
}

static int32_t find_type(nr_scope *s, nr_arena *arena, nr_str name, uint32_t *type_def)
{
    uint16_t *units = nr_utf16_from_utf8(arena, name, NULL);
    if (!units) return NR_HR_NO_MEMORY;
    return NR_CALL(import_of(s), FindTypeDefByName, units, 0, type_def);
}

static bool each_type_def(nr_scope *s, nr_token_visitor visit, void *self)
{
    void *list = NULL;
    uint32_t tokens[BATCH], count = 0;
    int32_t hr = NR_HR_OK;
    bool more = true;
    while (more && (hr = NR_CALL(import_of(s), EnumTypeDefs, &list, tokens, BATCH, &count)) >= 0 && count) {
        for (uint32_t i = 0; more && i < count; i++) more = visit(self, tokens[i]);
    }
    if (list) NR_CALL(import_of(s), CloseEnum, list);
    return hr >= 0;
}

static bool each_method(nr_scope *s, uint32_t type_def, nr_token_visitor visit, void *self)
{
    void *list = NULL;
    uint32_t tokens[BATCH], count = 0;
    int32_t hr = NR_HR_OK;
    bool more = true;
    while (more && (hr = NR_CALL(import_of(s), EnumMethods, &list, type_def, tokens, BATCH, &count)) >= 0 && count) {
        for (uint32_t i = 0; more && i < count; i++) more = visit(self, tokens[i]);
    }
    if (list) NR_CALL(import_of(s), CloseEnum, list);
    return hr >= 0;
}

static bool each_method_named(nr_scope *s, nr_arena *arena, uint32_t type_def, nr_str name, nr_token_visitor visit,
                              void (*batch)(void *self, uint32_t count), void *self)
{
    void *list = NULL;
    uint32_t tokens[BATCH_NAMED], count = 0;
    bool more = true;
    uint16_t *units = nr_utf16_from_utf8(arena, name, NULL);
    while (more && units &&
           NR_CALL(import_of(s), EnumMethodsWithName, &list, type_def, units, tokens, BATCH_NAMED, &count) >= 0 &&
           count) {
        batch(self, count);
        for (uint32_t i = 0; more && i < count; i++) more = visit(self, tokens[i]);
    }
    if (list) NR_CALL(import_of(s), CloseEnum, list);
    return units != NULL;
}

/* Names of attribute types are ASCII and short. */
static void widen(const char *name, uint16_t *units, size_t room)
{
    size_t i = 0;
    for (; name[i] && i + 1 < room; i++) units[i] = (uint16_t)(unsigned char)name[i];
    units[i] = 0;
}

static int32_t custom_attribute(nr_scope *s, uint32_t method, const char *type, const uint8_t **value, uint32_t *size)
{
    uint16_t units[NAME_UNITS];
    const void *blob = NULL;
    widen(type, units, NAME_UNITS);
    int32_t hr = NR_CALL(import_of(s), GetCustomAttributeByName, method, units, &blob, size);
    *value = blob;
    return hr;
}

static bool is_name(const uint16_t *units, uint32_t length, const char *name)
{
    uint32_t i = 0;
    while (name[i] && i + 1 < length && units[i] == (unsigned char)name[i]) i++;
    return !name[i] && i + 1 == length;
}

static bool knows_type(nr_scope *s, const char *const *names)
{
    void *list = NULL;
    uint32_t tokens[BATCH], count = 0, type_def;
    uint16_t units[NAME_UNITS];
    bool found = false;
    for (const char *const *n = names; *n && !found; n++) {
        widen(*n, units, NAME_UNITS);
        found = NR_CALL(import_of(s), FindTypeDefByName, units, 0, &type_def) >= 0;
    }
    while (!found) {
        int32_t hr = NR_CALL(import_of(s), EnumTypeRefs, &list, tokens, BATCH, &count);
        if (hr < 0) found = true; /* cannot be told: every method is looked at then */
        if (hr < 0 || !count) break;
        for (uint32_t i = 0; i < count && !found; i++) {
            uint32_t scope, length = 0;
            if (NR_CALL(import_of(s), GetTypeRefProps, tokens[i], &scope, units, NAME_UNITS, &length) < 0) continue;
            if (length > NAME_UNITS) continue; /* cut off: longer than any of the names */
            for (const char *const *n = names; *n && !found; n++) found = is_name(units, length, *n);
        }
    }
    if (list) NR_CALL(import_of(s), CloseEnum, list);
    return found;
}

static bool is_valid_token(nr_scope *s, uint32_t token)
{
    return NR_CALL(import_of(s), IsValidToken, token) != 0;
}

static int32_t sig_from_token(nr_scope *s, uint32_t token, const uint8_t **sig, uint32_t *size)
{
    return NR_CALL(import_of(s), GetSigFromToken, token, sig, size);
}

static int32_t assembly_version(nr_scope *s, nr_version *version)
{
    nr_IMetaDataAssemblyImport *a = s->assembly_import;
    nr_assembly_metadata data;
    uint32_t assembly = 0;
    memset(&data, 0, sizeof data);
    int32_t hr = NR_CALL(a, GetAssemblyFromScope, &assembly);
    if (hr < 0) return hr;
    hr = NR_CALL(a, GetAssemblyProps, assembly, NULL, NULL, NULL, NULL, 0, NULL, &data, NULL);
    version->part[0] = data.major;
    version->part[1] = data.minor;
    version->part[2] = data.build;
    version->part[3] = data.revision;
    return hr;
}

static int32_t call_scope_props(nr_scope *s, uint32_t token, uint16_t *units, uint32_t room, uint32_t *length,
                                void *more)
{
    nr_guid mvid;
    (void)token;
    (void)more;
    return NR_CALL(import_of(s), GetScopeProps, units, room, length, &mvid);
}

static int32_t scope_name(nr_scope *s, nr_arena *arena, nr_str *name)
{
    return nr_scope_name(s, arena, 0, call_scope_props, NULL, name);
}

static int32_t find_method(nr_scope *s, uint32_t type_def, const char *name, const uint8_t *sig, uint32_t size,
                           uint32_t *method)
{
    uint16_t units[NAME_UNITS];
    widen(name, units, NAME_UNITS);
    return NR_CALL(import_of(s), FindMethod, type_def, units, sig, size, method);
}

static int32_t method_rva(nr_scope *s, uint32_t method, uint32_t *rva)
{
    return NR_CALL(import_of(s), GetMethodProps, method, NULL, NULL, 0, NULL, NULL, NULL, NULL, rva, NULL);
}

static int32_t define_method(nr_scope *s, nr_arena *arena, uint32_t type_def, nr_str name, uint32_t attributes,
                             const uint8_t *sig, size_t size, uint32_t rva, uint32_t impl_flags, uint32_t *method)
{
    nr_IMetaDataEmit2 *emit = s->emit;
    uint16_t *units = nr_utf16_from_utf8(arena, name, NULL);
    if (!units) return NR_HR_NO_MEMORY;
    return NR_CALL(emit, DefineMethod, type_def, units, attributes, sig, (uint32_t)size, rva, impl_flags, method);
}

static int32_t define_attribute(nr_scope *s, uint32_t owner, uint32_t constructor, const uint8_t *value, uint32_t size)
{
    nr_IMetaDataEmit2 *emit = s->emit;
    uint32_t token;
    return NR_CALL(emit, DefineCustomAttribute, owner, constructor, value, size, &token);
}

static int32_t define_permissions(nr_scope *s, uint32_t owner, uint32_t action, const uint8_t *blob, uint32_t size)
{
    nr_IMetaDataEmit2 *emit = s->emit;
    uint32_t token;
    return NR_CALL(emit, DefinePermissionSet, owner, action, blob, size, &token);
}

static int32_t define_mscorlib_ref(nr_scope *s, uint32_t *assembly_ref)
{
    static const uint8_t key_token[] = {0xB7, 0x7A, 0x5C, 0x56, 0x19, 0x34, 0xE0, 0x89};
    nr_IMetaDataAssemblyEmit *emit = s->assembly_emit;
    nr_assembly_metadata data;
    uint16_t units[NAME_UNITS];
    if (!emit) return NR_HR_FAIL;
    memset(&data, 0, sizeof data);
    data.major = 4;
    widen("mscorlib", units, NAME_UNITS);
    return NR_CALL(emit, DefineAssemblyRef, key_token, sizeof key_token, units, &data, NULL, 0, 0, assembly_ref);
}

static int32_t call_type_ref_props(nr_scope *s, uint32_t token, uint16_t *units, uint32_t room, uint32_t *length,
                                   void *more)
{
    return NR_CALL(import_of(s), GetTypeRefProps, token, more, units, room, length);
}

static int32_t call_assembly_ref_props(nr_scope *s, uint32_t token, uint16_t *units, uint32_t room, uint32_t *length,
                                       void *more)
{
    nr_IMetaDataAssemblyImport *a = s->assembly_import;
    nr_assembly_metadata data;
    (void)more;
    memset(&data, 0, sizeof data);
    return NR_CALL(a, GetAssemblyRefProps, token, NULL, NULL, units, room, length, &data, NULL, NULL, NULL);
}

static int32_t type_base(nr_scope *s, uint32_t type_def, uint32_t *base)
{
    uint32_t attributes;
    return NR_CALL(import_of(s), GetTypeDefProps, type_def, NULL, 0, NULL, &attributes, base);
}

static int32_t type_ref(nr_scope *s, nr_arena *arena, uint32_t token, uint32_t *resolution_scope, nr_str *name)
{
    return nr_scope_name(s, arena, token, call_type_ref_props, resolution_scope, name);
}

static int32_t assembly_ref(nr_scope *s, nr_arena *arena, uint32_t token, nr_str *name)
{
    return nr_scope_name(s, arena, token, call_assembly_ref_props, NULL, name);
}

static int32_t find_nested(nr_scope *s, nr_arena *arena, nr_str name, uint32_t outer, uint32_t *type_def)
{
    uint16_t *units = nr_utf16_from_utf8(arena, name, NULL);
    if (!units) return NR_HR_NO_MEMORY;
    return NR_CALL(import_of(s), FindTypeDefByName, units, outer, type_def);
}

static int32_t exported_type(nr_scope *s, nr_arena *arena, nr_str name, uint32_t *implementation)
{
    nr_IMetaDataAssemblyImport *a = s->assembly_import;
    uint32_t token = 0, type_def, flags;
    uint16_t *units = nr_utf16_from_utf8(arena, name, NULL);
    if (!units) return NR_HR_NO_MEMORY;
    int32_t hr = NR_CALL(a, FindExportedTypeByName, units, 0, &token);
    if (hr < 0) return hr;
    return NR_CALL(a, GetExportedTypeProps, token, NULL, 0, NULL, implementation, &type_def, &flags);
}

static int32_t type_spec(nr_scope *s, uint32_t token, const uint8_t **sig, uint32_t *size)
{
    return NR_CALL(import_of(s), GetTypeSpecFromToken, token, sig, size);
}

static int32_t generic_param(nr_scope *s, uint32_t owner, uint32_t number, uint32_t *flags)
{
    void *list = NULL;
    uint32_t tokens[BATCH], count = 0, n;
    int32_t hr = NR_HR_FAIL;
    while (hr < 0 && NR_CALL(import_of(s), EnumGenericParams, &list, owner, tokens, BATCH, &count) >= 0 && count) {
        for (uint32_t i = 0; i < count && hr < 0; i++) {
            int32_t got = NR_CALL(import_of(s), GetGenericParamProps, tokens[i], &n, flags, NULL, NULL, NULL, 0, NULL);
            if (got >= 0 && n == number) hr = got;
        }
    }
    if (list) NR_CALL(import_of(s), CloseEnum, list);
    return hr;
}

static int32_t method_sig(nr_scope *s, uint32_t token, const uint8_t **sig, uint32_t *size)
{
    uint32_t parent;
    if (token >> 24 == NR_TABLE_METHOD_SPEC) {
        int32_t hr = NR_CALL(import_of(s), GetMethodSpecProps, token, &token, NULL, NULL);
        if (hr < 0) return hr;
    }
    if (token >> 24 == NR_TABLE_MEMBER_REF)
        return NR_CALL(import_of(s), GetMemberRefProps, token, &parent, NULL, 0, NULL, sig, size);
    return NR_CALL(import_of(s), GetMethodProps, token, NULL, NULL, 0, NULL, NULL, sig, size, NULL, NULL);
}

static int32_t open_emit(nr_scope *s)
{
    nr_ICorProfilerInfo4 *info = s->runtime;
    if (s->emit && s->assembly_emit) return NR_HR_OK;
    int32_t hr = NR_CALL(info, GetTokenAndMetaDataFromFunction, s->function, &nr_iid_IMetaDataEmit2, &s->emit, NULL);
    if (hr < 0) return hr;
    hr = NR_CALL(info, GetTokenAndMetaDataFromFunction, s->function, &nr_iid_IMetaDataAssemblyEmit, &s->assembly_emit,
                 NULL);
    if (hr < 0) return hr;
    return s->emit && s->assembly_emit ? NR_HR_OK : NR_HR_FAIL;
}

static void close_scope(nr_scope *s)
{
    nr_release(s->assembly_emit);
    nr_release(s->emit);
    nr_release(s->assembly_import);
    nr_release(s->import);
    s->import = s->assembly_import = s->emit = s->assembly_emit = NULL;
}

static const nr_scope_ops scope_ops = {
    .method_props = method_props,
    .type_props = type_props,
    .enclosing_type = enclosing_type,
    .find_type = find_type,
    .each_type_def = each_type_def,
    .each_method = each_method,
    .each_method_named = each_method_named,
    .custom_attribute = custom_attribute,
    .knows_type = knows_type,
    .each_carrier = nr_scope_each_carrier,
    .has_attribute = nr_scope_has_attribute,
    .each_attribute = nr_scope_each_attribute,
    .each_interface = nr_scope_each_interface,
    .is_valid_token = is_valid_token,
    .sig_from_token = sig_from_token,
    .assembly_version = assembly_version,
    .type_base = type_base,
    .type_ref = type_ref,
    .assembly_ref = assembly_ref,
    .find_nested = find_nested,
    .exported_type = exported_type,
    .type_spec = type_spec,
    .generic_param = generic_param,
    .method_sig = method_sig,
    .scope_name = scope_name,
    .find_method = find_method,
    .method_rva = method_rva,
    .define_method = define_method,
    .define_attribute = define_attribute,
    .define_permissions = define_permissions,
    .define_mscorlib_ref = define_mscorlib_ref,
    .open_emit = open_emit,
    .close = close_scope,
};

/* ---- token requests: nr_meta -------------------------------------------------------------- */

static int32_t meta_find_type_def(void *m, nr_str name, uint32_t *token)
{
    nr_arena arena = NR_ARENA_INIT;
    int32_t hr = find_type(m, &arena, name, token);
    nr_arena_free(&arena);
    return hr;
}

static int32_t meta_type_def_name(void *m, nr_arena *arena, uint32_t token, nr_str *name)
{
    uint32_t attributes;
    return type_props(m, arena, token, name, &attributes);
}

static int32_t meta_type_ref_name(void *m, nr_arena *arena, uint32_t token, nr_str *name)
{
    uint32_t scope;
    return type_ref(m, arena, token, &scope, name);
}

static void meta_each_assembly_ref(void *m, nr_meta_row row, void *self)
{
    nr_scope *s = m;
    nr_IMetaDataAssemblyImport *a = s->assembly_import;
    nr_arena arena = NR_ARENA_INIT;
    void *list = NULL;
    uint32_t tokens[BATCH], count = 0;
    bool more = true;
    while (more && NR_CALL(a, EnumAssemblyRefs, &list, tokens, BATCH, &count) >= 0 && count) {
        for (uint32_t i = 0; more && i < count; i++) {
            nr_str name;
            if (assembly_ref(s, &arena, tokens[i], &name) < 0) continue;
            more = row(self, tokens[i], name, NULL, 0);
        }
    }
    if (list) NR_CALL(a, CloseEnum, list);
    nr_arena_free(&arena);
}

typedef struct nr_member {
    uint32_t parent;
    const uint8_t *sig;
    uint32_t size;
} nr_member;

static int32_t call_member_ref_props(nr_scope *s, uint32_t token, uint16_t *units, uint32_t room, uint32_t *length,
                                     void *more)
{
    nr_member *p = more;
    return NR_CALL(import_of(s), GetMemberRefProps, token, &p->parent, units, room, length, &p->sig, &p->size);
}

static void meta_each_member_ref(void *m, uint32_t parent, nr_meta_row row, void *self)
{
    nr_scope *s = m;
    nr_arena arena = NR_ARENA_INIT;
    void *list = NULL;
    uint32_t tokens[BATCH], count = 0;
    bool more = true;
    while (more && NR_CALL(import_of(s), EnumMemberRefs, &list, parent, tokens, BATCH, &count) >= 0 && count) {
        for (uint32_t i = 0; more && i < count; i++) {
            nr_member p = {0, NULL, 0};
            nr_str name;
            if (nr_scope_name(s, &arena, tokens[i], call_member_ref_props, &p, &name) < 0) continue;
            more = row(self, tokens[i], name, p.sig, p.size);
        }
    }
    if (list) NR_CALL(import_of(s), CloseEnum, list);
    nr_arena_free(&arena);
}

typedef struct nr_method_rows {
    nr_scope *scope;
    nr_arena arena;
    nr_meta_row row;
    void *self;
} nr_method_rows;

static bool method_row(void *self, uint32_t token)
{
    nr_method_rows *k = self;
    nr_method_props props;
    if (method_props(k->scope, &k->arena, token, &props) < 0) return true;
    return k->row(k->self, token, props.name, props.sig, props.sig_size);
}

static void meta_each_method(void *m, uint32_t type_def, nr_meta_row row, void *self)
{
    nr_method_rows k = {m, NR_ARENA_INIT, row, self};
    each_method(m, type_def, method_row, &k);
    nr_arena_free(&k.arena);
}

static int32_t meta_define_type_ref(void *m, uint32_t scope, nr_str name, uint32_t *token)
{
    nr_scope *s = m;
    nr_IMetaDataEmit2 *emit = s->emit;
    nr_arena arena = NR_ARENA_INIT;
    uint16_t *units = nr_utf16_from_utf8(&arena, name, NULL);
    int32_t hr = units ? NR_CALL(emit, DefineTypeRefByName, scope, units, token) : NR_HR_NO_MEMORY;
    nr_arena_free(&arena);
    return hr;
}

static int32_t meta_define_member_ref(void *m, uint32_t parent, nr_str name, const uint8_t *sig, size_t size,
                                      uint32_t *token)
{
    nr_scope *s = m;
    nr_IMetaDataEmit2 *emit = s->emit;
    nr_arena arena = NR_ARENA_INIT;
    uint16_t *units = nr_utf16_from_utf8(&arena, name, NULL);
    int32_t hr = units ? NR_CALL(emit, DefineMemberRef, parent, units, sig, (uint32_t)size, token) : NR_HR_NO_MEMORY;
    nr_arena_free(&arena);
    return hr;
}

static int32_t meta_define_assembly_ref(void *m, nr_str name, uint32_t *token)
{
    nr_scope *s = m;
    nr_IMetaDataAssemblyEmit *emit = s->assembly_emit;
    nr_assembly_metadata data;
    nr_arena arena = NR_ARENA_INIT;
    uint16_t *units = nr_utf16_from_utf8(&arena, name, NULL);
    memset(&data, 0, sizeof data);
    int32_t hr = units ? NR_CALL(emit, DefineAssemblyRef, NULL, 0, units, &data, NULL, 0, 0, token) : NR_HR_NO_MEMORY;
    nr_arena_free(&arena);
    return hr;
}

static int32_t meta_define_user_string(void *m, nr_str text, uint32_t *token)
{
    nr_scope *s = m;
    nr_IMetaDataEmit2 *emit = s->emit;
    nr_arena arena = NR_ARENA_INIT;
    size_t count = 0;
    uint16_t *units = nr_utf16_from_utf8(&arena, text, &count);
    int32_t hr = units ? NR_CALL(emit, DefineUserString, units, (uint32_t)count, token) : NR_HR_NO_MEMORY;
    nr_arena_free(&arena);
    return hr;
}

static int32_t meta_define_method_spec(void *m, uint32_t method, const uint8_t *sig, size_t size, uint32_t *token)
{
    nr_scope *s = m;
    nr_IMetaDataEmit2 *emit = s->emit;
    return NR_CALL(emit, DefineMethodSpec, method, sig, (uint32_t)size, token);
}

static int32_t meta_token_from_type_spec(void *m, const uint8_t *sig, size_t size, uint32_t *token)
{
    nr_scope *s = m;
    nr_IMetaDataEmit2 *emit = s->emit;
    return NR_CALL(emit, GetTokenFromTypeSpec, sig, (uint32_t)size, token);
}

static int32_t meta_token_from_sig(void *m, const uint8_t *sig, size_t size, uint32_t *token)
{
    nr_scope *s = m;
    nr_IMetaDataEmit2 *emit = s->emit;
    return NR_CALL(emit, GetTokenFromSig, sig, (uint32_t)size, token);
}

static const nr_meta_ops meta_ops = {
    .find_type_def = meta_find_type_def,
    .type_def_name = meta_type_def_name,
    .type_ref_name = meta_type_ref_name,
    .each_assembly_ref = meta_each_assembly_ref,
    .each_member_ref = meta_each_member_ref,
    .each_method = meta_each_method,
    .define_type_ref = meta_define_type_ref,
    .define_member_ref = meta_define_member_ref,
    .define_assembly_ref = meta_define_assembly_ref,
    .define_user_string = meta_define_user_string,
    .define_method_spec = meta_define_method_spec,
    .token_from_type_spec = meta_token_from_type_spec,
    .token_from_sig = meta_token_from_sig,
};

void nr_scope_init(nr_scope *scope, nr_IMetaDataImport2 *import, nr_IMetaDataAssemblyImport *assembly_import,
                   nr_ICorProfilerInfo4 *info)
{
    memset(scope, 0, sizeof *scope);
    scope->ops = &scope_ops;
    scope->meta.ops = &meta_ops;
    scope->meta.self = scope;
    scope->import = import;
    scope->assembly_import = assembly_import;
    scope->runtime = info;
}
