/* hook_metadata.c - metadata definitions: their arguments and the tokens that they give. */
#include "base/json.h"
#include "base/utf.h"
#include "validate/hooks.h"
#include "validate/private.h"
#include "validate/record.h"

#define EMIT(face) NR_INNER(IMetaDataEmit2, face)

void *nr_metadata_wrap(nr_side *side, const nr_guid *iid, void *object, uintptr_t module)
{
    int family = nr_family_of(iid);
    /* IUnknown: as metadata has no interface of its own for it, the importer's face stands for it. */
    if (family == NR_FAMILY_UNKNOWN) {
        void *import = NULL;
        nr_IUnknown *unknown = object;
        if (NR_CALL(unknown, QueryInterface, &nr_iid_IMetaDataImport2, &import) < 0 || !import) return object;
        nr_release(object);
        object = import;
        family = NR_FAMILY_IMPORT;
    }
    if (family >= NR_FAMILY_COUNT) return object;
    if (nr_family_writes(family)) nr_private_written(side, module);
    nr_face *face = nr_proxy_new(side, (nr_family)family, object);
    if (face) face->proxy->module = module;
    return face;
}

/* ---- arguments as JSON members -------------------------------------------------------------------------- */

static void member(nr_buf *out, const char *name)
{
    nr_buf_printf(out, out->size ? ",\"%s\":" : "\"%s\":", name);
}

static void token(nr_buf *out, const char *name, uint32_t t)
{
    member(out, name);
    nr_buf_printf(out, "\"%08x\"", (unsigned)t);
}

static void flags(nr_buf *out, const char *name, uint32_t v)
{
    member(out, name);
    nr_buf_printf(out, "\"%x\"", (unsigned)v);
}

static void units(nr_buf *out, const char *name, const uint16_t *text, size_t n)
{
    member(out, name);
    nr_json_utf16(out, text, text ? n : 0);
}

static void text(nr_buf *out, const char *name, const uint16_t *z)
{
    size_t n = 0;
    while (z && z[n]) n++;
    units(out, name, z, n);
}

static void bytes(nr_buf *out, const char *name, const void *p, uint32_t n)
{
    member(out, name);
    nr_json_hex(out, p, n);
}

static bool records(const nr_face *self)
{
    return self->proxy->side->recorder != NULL;
}

static int32_t defined(nr_face *self, nr_definition what, nr_buf *arguments, int32_t hr, const uint32_t *result)
{
    nr_record_definition(self->proxy->side, what, self->proxy->module, arguments, hr, result);
    return hr;
}

/* ---- IMetaDataEmit2 ----------------------------------------------------------------------------------------- */

static int32_t NR_COM define_type_ref(nr_face *self, uint32_t scope, const uint16_t *name, uint32_t *result)
{
    nr_buf a = NR_BUF_INIT;
    int32_t hr = NR_CALL(EMIT(self), DefineTypeRefByName, scope, name, result);
    if (!records(self)) return hr;
    token(&a, "scope", scope);
    text(&a, "name", name);
    return defined(self, NR_DEFINITION_DefineTypeRefByName, &a, hr, result);
}

static int32_t NR_COM define_member_ref(nr_face *self, uint32_t parent, const uint16_t *name, const uint8_t *sig,
                                        uint32_t size, uint32_t *result)
{
    nr_buf a = NR_BUF_INIT;
    int32_t hr = NR_CALL(EMIT(self), DefineMemberRef, parent, name, sig, size, result);
    if (!records(self)) return hr;
    token(&a, "parent", parent);
    text(&a, "name", name);
    bytes(&a, "sig", sig, size);
    return defined(self, NR_DEFINITION_DefineMemberRef, &a, hr, result);
}

static int32_t NR_COM define_user_string(nr_face *self, const uint16_t *string, uint32_t length, uint32_t *result)
{
    nr_buf a = NR_BUF_INIT;
    int32_t hr = NR_CALL(EMIT(self), DefineUserString, string, length, result);
    if (!records(self)) return hr;
    units(&a, "str", string, length);
    return defined(self, NR_DEFINITION_DefineUserString, &a, hr, result);
}

static int32_t NR_COM get_token_from_sig(nr_face *self, const uint8_t *sig, uint32_t size, uint32_t *result)
{
    nr_buf a = NR_BUF_INIT;
    int32_t hr = NR_CALL(EMIT(self), GetTokenFromSig, sig, size, result);
    if (!records(self)) return hr;
    bytes(&a, "sig", sig, size);
    return defined(self, NR_DEFINITION_GetTokenFromSig, &a, hr, result);
}

static int32_t NR_COM get_token_from_type_spec(nr_face *self, const uint8_t *sig, uint32_t size, uint32_t *result)
{
    nr_buf a = NR_BUF_INIT;
    int32_t hr = NR_CALL(EMIT(self), GetTokenFromTypeSpec, sig, size, result);
    if (!records(self)) return hr;
    bytes(&a, "sig", sig, size);
    return defined(self, NR_DEFINITION_GetTokenFromTypeSpec, &a, hr, result);
}

static int32_t NR_COM define_method_spec(nr_face *self, uint32_t parent, const uint8_t *sig, uint32_t size,
                                         uint32_t *result)
{
    nr_buf a = NR_BUF_INIT;
    int32_t hr = NR_CALL(EMIT(self), DefineMethodSpec, parent, sig, size, result);
    if (!records(self)) return hr;
    token(&a, "parent", parent);
    bytes(&a, "sig", sig, size);
    return defined(self, NR_DEFINITION_DefineMethodSpec, &a, hr, result);
}

static int32_t NR_COM define_module_ref(nr_face *self, const uint16_t *name, uint32_t *result)
{
    nr_buf a = NR_BUF_INIT;
    int32_t hr = NR_CALL(EMIT(self), DefineModuleRef, name, result);
    if (!records(self)) return hr;
    text(&a, "name", name);
    return defined(self, NR_DEFINITION_DefineModuleRef, &a, hr, result);
}

static int32_t NR_COM define_method(nr_face *self, uint32_t parent, const uint16_t *name, uint32_t attributes,
                                    const uint8_t *sig, uint32_t size, uint32_t rva, uint32_t impl, uint32_t *result)
{
    nr_buf a = NR_BUF_INIT;
    int32_t hr = NR_CALL(EMIT(self), DefineMethod, parent, name, attributes, sig, size, rva, impl, result);
    if (!records(self)) return hr;
    token(&a, "parent", parent);
    text(&a, "name", name);
    flags(&a, "flags", attributes);
    flags(&a, "rva", rva);
    flags(&a, "impl", impl);
    bytes(&a, "sig", sig, size);
    return defined(self, NR_DEFINITION_DefineMethod, &a, hr, result);
}

static int32_t NR_COM define_field(nr_face *self, uint32_t parent, const uint16_t *name, uint32_t attributes,
                                   const uint8_t *sig, uint32_t size, uint32_t type, const void *value, uint32_t length,
                                   uint32_t *result)
{
    nr_buf a = NR_BUF_INIT;
    int32_t hr = NR_CALL(EMIT(self), DefineField, parent, name, attributes, sig, size, type, value, length, result);
    if (!records(self)) return hr;
    token(&a, "parent", parent);
    text(&a, "name", name);
    flags(&a, "flags", attributes);
    bytes(&a, "sig", sig, size);
    return defined(self, NR_DEFINITION_DefineField, &a, hr, result);
}

static int32_t NR_COM define_type_def(nr_face *self, const uint16_t *name, uint32_t attributes, uint32_t extends,
                                      uint32_t *implements, uint32_t *result)
{
    nr_buf a = NR_BUF_INIT;
    int32_t hr = NR_CALL(EMIT(self), DefineTypeDef, name, attributes, extends, implements, result);
    if (!records(self)) return hr;
    text(&a, "name", name);
    flags(&a, "flags", attributes);
    token(&a, "extends", extends);
    return defined(self, NR_DEFINITION_DefineTypeDef, &a, hr, result);
}

static int32_t NR_COM define_nested_type(nr_face *self, const uint16_t *name, uint32_t attributes, uint32_t extends,
                                         uint32_t *implements, uint32_t encloser, uint32_t *result)
{
    nr_buf a = NR_BUF_INIT;
    int32_t hr = NR_CALL(EMIT(self), DefineNestedType, name, attributes, extends, implements, encloser, result);
    if (!records(self)) return hr;
    text(&a, "name", name);
    flags(&a, "flags", attributes);
    token(&a, "extends", extends);
    token(&a, "encloser", encloser);
    return defined(self, NR_DEFINITION_DefineNestedType, &a, hr, result);
}

static int32_t NR_COM define_pinvoke_map(nr_face *self, uint32_t of, uint32_t mapping, const uint16_t *name,
                                         uint32_t dll)
{
    nr_buf a = NR_BUF_INIT;
    int32_t hr = NR_CALL(EMIT(self), DefinePinvokeMap, of, mapping, name, dll);
    if (!records(self)) return hr;
    token(&a, "of", of);
    flags(&a, "flags", mapping);
    text(&a, "name", name);
    token(&a, "dll", dll);
    return defined(self, NR_DEFINITION_DefinePinvokeMap, &a, hr, NULL);
}

static int32_t NR_COM define_custom_attribute(nr_face *self, uint32_t of, uint32_t constructor, const void *value,
                                              uint32_t size, uint32_t *result)
{
    nr_buf a = NR_BUF_INIT;
    int32_t hr = NR_CALL(EMIT(self), DefineCustomAttribute, of, constructor, value, size, result);
    if (!records(self)) return hr;
    token(&a, "of", of);
    token(&a, "ctor", constructor);
    bytes(&a, "value", value, size);
    return defined(self, NR_DEFINITION_DefineCustomAttribute, &a, hr, NULL);
}

static int32_t NR_COM define_permission_set(nr_face *self, uint32_t of, uint32_t action, const void *value,
                                            uint32_t size, uint32_t *result)
{
    nr_buf a = NR_BUF_INIT;
    int32_t hr = NR_CALL(EMIT(self), DefinePermissionSet, of, action, value, size, result);
    if (!records(self)) return hr;
    token(&a, "of", of);
    flags(&a, "action", action);
    bytes(&a, "value", value, size);
    return defined(self, NR_DEFINITION_DefinePermissionSet, &a, hr, result);
}

/* The runtime's own objects take no proxies as arguments. */
static int32_t NR_COM define_import_type(nr_face *self, void *assembly, const void *hash, uint32_t hash_size,
                                         void *import, uint32_t type_def, void *assembly_emit, uint32_t *result)
{
    nr_buf a = NR_BUF_INIT;
    int32_t hr = NR_CALL(EMIT(self), DefineImportType, nr_proxy_unwrap(assembly), hash, hash_size,
                         nr_proxy_unwrap(import), type_def, nr_proxy_unwrap(assembly_emit), result);
    if (!records(self)) return hr;
    token(&a, "td", type_def);
    return defined(self, NR_DEFINITION_DefineImportType, &a, hr, result);
}

static int32_t NR_COM define_import_member(nr_face *self, void *assembly, const void *hash, uint32_t hash_size,
                                           void *import, uint32_t member_token, void *assembly_emit, uint32_t parent,
                                           uint32_t *result)
{
    nr_buf a = NR_BUF_INIT;
    int32_t hr = NR_CALL(EMIT(self), DefineImportMember, nr_proxy_unwrap(assembly), hash, hash_size,
                         nr_proxy_unwrap(import), member_token, nr_proxy_unwrap(assembly_emit), parent, result);
    if (!records(self)) return hr;
    token(&a, "member", member_token);
    token(&a, "parent", parent);
    return defined(self, NR_DEFINITION_DefineImportMember, &a, hr, result);
}

static int32_t NR_COM translate_sig(nr_face *self, void *assembly, const void *hash, uint32_t hash_size, void *import,
                                    const uint8_t *sig, uint32_t size, void *assembly_emit, void *emit, const void *out,
                                    uint32_t room, uint32_t *length)
{
    return NR_CALL(EMIT(self), TranslateSigWithScope, nr_proxy_unwrap(assembly), hash, hash_size,
                   nr_proxy_unwrap(import), sig, size, nr_proxy_unwrap(assembly_emit), nr_proxy_unwrap(emit), out, room,
                   length);
}

static int32_t NR_COM merge(nr_face *self, void *import, void *map, void *handler)
{
    return NR_CALL(EMIT(self), Merge, nr_proxy_unwrap(import), map, handler);
}

static int32_t NR_COM apply_edit_and_continue(nr_face *self, void *import)
{
    return NR_CALL(EMIT(self), ApplyEditAndContinue, nr_proxy_unwrap(import));
}

/* ---- the other interfaces --------------------------------------------------------------------------------------- */

static int32_t NR_COM define_assembly_ref(nr_face *self, const void *key, uint32_t key_size, const uint16_t *name,
                                          const void *version, const void *hash, uint32_t hash_size,
                                          uint32_t attributes, uint32_t *result)
{
    static const nr_assembly_metadata none;
    nr_buf a = NR_BUF_INIT;
    const nr_assembly_metadata *v = version ? version : &none;
    int32_t hr = NR_CALL(NR_INNER(IMetaDataAssemblyEmit, self), DefineAssemblyRef, key, key_size, name, version, hash,
                         hash_size, attributes, result);
    if (!records(self)) return hr;
    text(&a, "name", name);
    member(&a, "ver");
    nr_buf_printf(&a, "\"%u.%u.%u.%u\"", v->major, v->minor, v->build, v->revision);
    flags(&a, "flags", attributes);
    bytes(&a, "key", key, key_size);
    return defined(self, NR_DEFINITION_DefineAssemblyRef, &a, hr, result);
}

/* Opens the metadata of another module. */
static int32_t NR_COM resolve_type_ref(nr_face *self, uint32_t type_ref, const nr_guid *iid, void **scope,
                                       uint32_t *type_def)
{
    int32_t hr = NR_CALL(NR_INNER(IMetaDataImport2, self), ResolveTypeRef, type_ref, iid, scope, type_def);
    if (hr < 0 || !scope || !*scope) return hr;
    *scope = nr_metadata_wrap(self->proxy->side, iid, *scope, 0);
    return *scope ? hr : NR_E_OUTOFMEMORY;
}

void nr_hook_metadata(void)
{
    NR_OVERRIDE(EMIT, IMetaDataEmit2, DefineTypeRefByName, define_type_ref);
    NR_OVERRIDE(EMIT, IMetaDataEmit2, DefineMemberRef, define_member_ref);
    NR_OVERRIDE(EMIT, IMetaDataEmit2, DefineUserString, define_user_string);
    NR_OVERRIDE(EMIT, IMetaDataEmit2, GetTokenFromSig, get_token_from_sig);
    NR_OVERRIDE(EMIT, IMetaDataEmit2, GetTokenFromTypeSpec, get_token_from_type_spec);
    NR_OVERRIDE(EMIT, IMetaDataEmit2, DefineMethodSpec, define_method_spec);
    NR_OVERRIDE(EMIT, IMetaDataEmit2, DefineModuleRef, define_module_ref);
    NR_OVERRIDE(EMIT, IMetaDataEmit2, DefineMethod, define_method);
    NR_OVERRIDE(EMIT, IMetaDataEmit2, DefineField, define_field);
    NR_OVERRIDE(EMIT, IMetaDataEmit2, DefineTypeDef, define_type_def);
    NR_OVERRIDE(EMIT, IMetaDataEmit2, DefineNestedType, define_nested_type);
    NR_OVERRIDE(EMIT, IMetaDataEmit2, DefinePinvokeMap, define_pinvoke_map);
    NR_OVERRIDE(EMIT, IMetaDataEmit2, DefineCustomAttribute, define_custom_attribute);
    NR_OVERRIDE(EMIT, IMetaDataEmit2, DefinePermissionSet, define_permission_set);
    NR_OVERRIDE(EMIT, IMetaDataEmit2, DefineImportType, define_import_type);
    NR_OVERRIDE(EMIT, IMetaDataEmit2, DefineImportMember, define_import_member);
    NR_OVERRIDE(EMIT, IMetaDataEmit2, TranslateSigWithScope, translate_sig);
    NR_OVERRIDE(EMIT, IMetaDataEmit2, Merge, merge);
    NR_OVERRIDE(EMIT, IMetaDataEmit2, ApplyEditAndContinue, apply_edit_and_continue);
    NR_OVERRIDE(ASSEMBLY_EMIT, IMetaDataAssemblyEmit, DefineAssemblyRef, define_assembly_ref);
    NR_OVERRIDE(IMPORT, IMetaDataImport2, ResolveTypeRef, resolve_type_ref);
}
