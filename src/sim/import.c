/* import.c - IMetaDataImport2: properties of rows and lookups by name. */
#include "base/alloc.h"
#include "base/utf.h"
#include "sim/sim.h"

#include <string.h>

#define ENTER(slot) SIM_ENTER(((sim_object *)self)->sim, SIM_IMPORT, IMetaDataImport2, slot)
#define MD(self) (&((sim_object *)(self))->module->md)

/* ---- helpers ------------------------------------------------------------------------------ */

int32_t sim_put_text(nr_str text, uint16_t *out, uint32_t capacity, uint32_t *needed)
{
    uint32_t n = 0;
    if (!text.p) return NR_MD_E_INDEX;
    for (size_t at = 0; at < text.n;) {
        uint32_t c = nr_utf8_next(text, &at);
        uint16_t units[2] = {(uint16_t)c, 0};
        uint32_t count = 1;
        if (c >= 0x10000) {
            units[0] = (uint16_t)(0xD7C0 + (c >> 10));
            units[1] = (uint16_t)(0xDC00 | (c & 0x3FF));
            count = 2;
        }
        for (uint32_t i = 0; i < count; i++, n++)
            if (out && capacity && n < capacity - 1) out[n] = units[i];
    }
    if (needed) *needed = n + 1;
    if (!out || !capacity) return NR_S_OK;
    out[n < capacity ? n : capacity - 1] = 0;
    return n < capacity ? NR_S_OK : NR_MD_S_TRUNCATED;
}

nr_str sim_utf8(nr_arena *arena, const uint16_t *z)
{
    size_t n = 0;
    while (z && z[n]) n++;
    return nr_utf8_from_utf16(arena, z ? z : (const uint16_t *)u"", n);
}

static int32_t put_blob(const nr_md *md, unsigned table, uint32_t rid, unsigned column, const uint8_t **sig,
                        uint32_t *size)
{
    const uint8_t *p;
    uint32_t n;
    if (!nr_md_bytes(md, table, rid, column, &p, &n)) return NR_MD_E_INDEX;
    if (sig) *sig = p;
    if (size) *size = n;
    return NR_S_OK;
}

static void put(uint32_t *out, uint32_t value)
{
    if (out) *out = value;
}

/* Members of "<Module>" are global: the interface says they have no type. */
enum { GLOBAL = 0x02000000, MODULE_TYPE = 0x02000001 };
static uint32_t owner_token(uint32_t type)
{
    return type == MODULE_TYPE ? GLOBAL : type;
}

static int32_t put_dotted(void *self, unsigned table, uint32_t rid, uint16_t *name, uint32_t capacity, uint32_t *needed)
{
    nr_arena scratch = NR_ARENA_INIT;
    int32_t hr = sim_put_text(nr_md_dotted(MD(self), &scratch, table, rid), name, capacity, needed);
    nr_arena_free(&scratch);
    return hr;
}

int32_t sim_metadata(sim_module *m, const nr_guid *iid, void **out)
{
    sim_object *o = NULL;
    if (!out) return NR_E_POINTER;
    *out = NULL;
    if (nr_guid_eq(iid, &nr_iid_IUnknown) || nr_guid_eq(iid, &nr_iid_IMetaDataImport) ||
        nr_guid_eq(iid, &nr_iid_IMetaDataImport2))
        o = &m->import;
    else if (nr_guid_eq(iid, &nr_iid_IMetaDataEmit) || nr_guid_eq(iid, &nr_iid_IMetaDataEmit2))
        o = &m->emit;
    else if (nr_guid_eq(iid, &nr_iid_IMetaDataAssemblyImport))
        o = &m->assembly_import;
    else if (nr_guid_eq(iid, &nr_iid_IMetaDataAssemblyEmit))
        o = &m->assembly_emit;
    if (!o) return NR_E_NOINTERFACE;
    sim_add_ref(o);
    *out = o;
    return NR_S_OK;
}

static int32_t NR_COM md_QueryInterface(void *self, const nr_guid *iid, void **out)
{
    return sim_metadata(((sim_object *)self)->module, iid, out);
}

/* ---- properties ------------------------------------------------------------------------------ */

static int32_t NR_COM GetScopeProps(void *self, uint16_t *name, uint32_t capacity, uint32_t *needed, nr_guid *mvid)
{
    ENTER(GetScopeProps);
    if (mvid) {
        const nr_image *image = &MD(self)->image;
        uint32_t n = nr_md_get(MD(self), NR_TAB_MODULE, 1, NR_COL_MODULE_MVID);
        memset(mvid, 0, sizeof *mvid);
        if (n && n <= image->guids.size / 16) memcpy(mvid, image->guids.data + (size_t)(n - 1) * 16, 16);
    }
    return sim_put_text(nr_md_text(MD(self), NR_TAB_MODULE, 1, NR_COL_MODULE_NAME), name, capacity, needed);
}

static int32_t NR_COM GetModuleFromScope(void *self, uint32_t *module)
{
    ENTER(GetModuleFromScope);
    put(module, 1);
    return NR_S_OK;
}

static int32_t NR_COM GetTypeDefProps(void *self, uint32_t type, uint16_t *name, uint32_t capacity, uint32_t *needed,
                                      uint32_t *flags, uint32_t *extends)
{
    ENTER(GetTypeDefProps);
    const nr_md *md = MD(self);
    if (type >> 24 != NR_TAB_TYPE_DEF) return NR_S_FALSE; /* as the runtime does */
    if (type == GLOBAL) {                                 /* "no type" has an empty name */
        put(flags, 0);
        put(extends, 0x01000000);
        return sim_put_text(NR_STR(""), name, capacity, needed);
    }
    if (!nr_md_is(md, type, NR_TAB_TYPE_DEF)) return NR_MD_E_INDEX;
    uint32_t rid = type & 0xFFFFFF;
    put(flags, nr_md_get(md, NR_TAB_TYPE_DEF, rid, NR_COL_TYPE_DEF_FLAGS));
    if (extends) {
        uint32_t base = nr_md_token(md, NR_TAB_TYPE_DEF, rid, NR_COL_TYPE_DEF_EXTENDS);
        *extends = base & 0xFFFFFF ? base : 0x01000000; /* none: mdTypeRefNil */
    }
    return put_dotted(self, NR_TAB_TYPE_DEF, rid, name, capacity, needed);
}

static int32_t NR_COM GetInterfaceImplProps(void *self, uint32_t token, uint32_t *type, uint32_t *interface)
{
    ENTER(GetInterfaceImplProps);
    const nr_md *md = MD(self);
    uint32_t rid = token & 0xFFFFFF;
    if (!nr_md_is(md, token, NR_TAB_INTERFACE_IMPL)) return NR_MD_E_INDEX;
    put(type, (uint32_t)NR_TAB_TYPE_DEF << 24 | nr_md_get(md, NR_TAB_INTERFACE_IMPL, rid, NR_COL_INTERFACE_CLASS));
    put(interface, nr_md_token(md, NR_TAB_INTERFACE_IMPL, rid, NR_COL_INTERFACE_INTERFACE));
    return NR_S_OK;
}

static int32_t NR_COM GetTypeRefProps(void *self, uint32_t type, uint32_t *scope, uint16_t *name, uint32_t capacity,
                                      uint32_t *needed)
{
    ENTER(GetTypeRefProps);
    if (type == 0x01000000) {
        put(scope, 0);
        return sim_put_text(NR_STR(""), name, capacity, needed);
    }
    if (!nr_md_is(MD(self), type, NR_TAB_TYPE_REF)) return NR_MD_E_INDEX;
    put(scope, nr_md_token(MD(self), NR_TAB_TYPE_REF, type & 0xFFFFFF, NR_COL_TYPE_REF_SCOPE));
    return put_dotted(self, NR_TAB_TYPE_REF, type & 0xFFFFFF, name, capacity, needed);
}

static int32_t method_props(void *self, uint32_t method, uint32_t *type, uint16_t *name, uint32_t capacity,
                            uint32_t *needed, uint32_t *flags, const uint8_t **sig, uint32_t *size, uint32_t *rva,
                            uint32_t *impl)
{
    const nr_md *md = MD(self);
    if (!nr_md_is(md, method, NR_TAB_METHOD_DEF)) return NR_MD_E_INDEX;
    uint32_t rid = method & 0xFFFFFF;
    put(type, owner_token((uint32_t)NR_TAB_TYPE_DEF << 24 | nr_md_method_type(md, rid)));
    put(flags, nr_md_get(md, NR_TAB_METHOD_DEF, rid, NR_COL_METHOD_FLAGS));
    put(rva, nr_md_get(md, NR_TAB_METHOD_DEF, rid, NR_COL_METHOD_RVA));
    put(impl, nr_md_get(md, NR_TAB_METHOD_DEF, rid, NR_COL_METHOD_IMPL_FLAGS));
    int32_t hr = put_blob(md, NR_TAB_METHOD_DEF, rid, NR_COL_METHOD_SIG, sig, size);
    if (hr < 0) return hr;
    return sim_put_text(nr_md_text(md, NR_TAB_METHOD_DEF, rid, NR_COL_METHOD_NAME), name, capacity, needed);
}

static int32_t NR_COM GetMethodProps(void *self, uint32_t method, uint32_t *type, uint16_t *name, uint32_t capacity,
                                     uint32_t *needed, uint32_t *flags, const uint8_t **sig, uint32_t *size,
                                     uint32_t *rva, uint32_t *impl)
{
    ENTER(GetMethodProps);
    return method_props(self, method, type, name, capacity, needed, flags, sig, size, rva, impl);
}

static int32_t NR_COM GetRVA(void *self, uint32_t token, uint32_t *rva, uint32_t *impl)
{
    ENTER(GetRVA);
    return method_props(self, token, NULL, NULL, 0, NULL, NULL, NULL, NULL, rva, impl);
}

static int32_t NR_COM GetMemberRefProps(void *self, uint32_t token, uint32_t *parent, uint16_t *name, uint32_t capacity,
                                        uint32_t *needed, const uint8_t **sig, uint32_t *size)
{
    ENTER(GetMemberRefProps);
    const nr_md *md = MD(self);
    uint32_t rid = token & 0xFFFFFF;
    if (!nr_md_is(md, token, NR_TAB_MEMBER_REF)) return NR_MD_E_INDEX;
    put(parent, owner_token(nr_md_token(md, NR_TAB_MEMBER_REF, rid, NR_COL_MEMBER_REF_PARENT)));
    int32_t hr = put_blob(md, NR_TAB_MEMBER_REF, rid, NR_COL_MEMBER_REF_SIG, sig, size);
    if (hr < 0) return hr;
    return sim_put_text(nr_md_text(md, NR_TAB_MEMBER_REF, rid, NR_COL_MEMBER_REF_NAME), name, capacity, needed);
}

static int32_t NR_COM GetFieldProps(void *self, uint32_t token, uint32_t *type, uint16_t *name, uint32_t capacity,
                                    uint32_t *needed, uint32_t *flags, const uint8_t **sig, uint32_t *size,
                                    uint32_t *constant_type, const void **constant, uint32_t *constant_size)
{
    ENTER(GetFieldProps);
    const nr_md *md = MD(self);
    uint32_t rid = token & 0xFFFFFF;
    if (!nr_md_is(md, token, NR_TAB_FIELD)) return NR_MD_E_INDEX;
    put(type, owner_token((uint32_t)NR_TAB_TYPE_DEF << 24 | nr_md_field_type(md, rid)));
    put(flags, nr_md_get(md, NR_TAB_FIELD, rid, NR_COL_FIELD_FLAGS));
    put(constant_type, 0); /* constants are not simulated: ELEMENT_TYPE_VOID */
    if (constant) *constant = NULL;
    put(constant_size, 0);
    int32_t hr = put_blob(md, NR_TAB_FIELD, rid, NR_COL_FIELD_SIG, sig, size);
    if (hr < 0) return hr;
    return sim_put_text(nr_md_text(md, NR_TAB_FIELD, rid, NR_COL_FIELD_NAME), name, capacity, needed);
}

static int32_t NR_COM GetSigFromToken(void *self, uint32_t token, const uint8_t **sig, uint32_t *size)
{
    ENTER(GetSigFromToken);
    if (!nr_md_is(MD(self), token, NR_TAB_STAND_ALONE_SIG)) return NR_MD_E_INDEX;
    return put_blob(MD(self), NR_TAB_STAND_ALONE_SIG, token & 0xFFFFFF, 0, sig, size);
}

static int32_t NR_COM GetTypeSpecFromToken(void *self, uint32_t token, const uint8_t **sig, uint32_t *size)
{
    ENTER(GetTypeSpecFromToken);
    if (!nr_md_is(MD(self), token, NR_TAB_TYPE_SPEC)) return NR_MD_E_INDEX;
    return put_blob(MD(self), NR_TAB_TYPE_SPEC, token & 0xFFFFFF, 0, sig, size);
}

static int32_t NR_COM GetMethodSpecProps(void *self, uint32_t token, uint32_t *parent, const uint8_t **sig,
                                         uint32_t *size)
{
    ENTER(GetMethodSpecProps);
    if (!nr_md_is(MD(self), token, NR_TAB_METHOD_SPEC)) return NR_MD_E_INDEX;
    put(parent, nr_md_token(MD(self), NR_TAB_METHOD_SPEC, token & 0xFFFFFF, NR_COL_METHOD_SPEC_METHOD));
    return put_blob(MD(self), NR_TAB_METHOD_SPEC, token & 0xFFFFFF, NR_COL_METHOD_SPEC_SIG, sig, size);
}

static int32_t NR_COM GetModuleRefProps(void *self, uint32_t token, uint16_t *name, uint32_t capacity, uint32_t *needed)
{
    ENTER(GetModuleRefProps);
    if (!nr_md_is(MD(self), token, NR_TAB_MODULE_REF)) return NR_MD_E_INDEX;
    return sim_put_text(nr_md_text(MD(self), NR_TAB_MODULE_REF, token & 0xFFFFFF, 0), name, capacity, needed);
}

static int32_t NR_COM GetUserString(void *self, uint32_t token, uint16_t *out, uint32_t capacity, uint32_t *units)
{
    ENTER(GetUserString);
    const uint8_t *p;
    uint32_t n;
    if (!nr_md_user_string(MD(self), token, &p, &n)) return NR_MD_E_INDEX;
    put(units, n);
    if (!out || !capacity) return NR_S_OK;
    memcpy(out, p, (size_t)(n < capacity ? n : capacity) * 2); /* no terminator unless it is cut */
    if (n <= capacity) return NR_S_OK;
    out[capacity - 1] = 0;
    return NR_MD_S_TRUNCATED;
}

static int32_t NR_COM GetNestedClassProps(void *self, uint32_t type, uint32_t *encloser)
{
    ENTER(GetNestedClassProps);
    if (!nr_md_is(MD(self), type, NR_TAB_TYPE_DEF)) return NR_MD_E_NOT_FOUND;
    uint32_t outer = nr_md_encloser(MD(self), type & 0xFFFFFF);
    if (!outer) return NR_MD_E_NOT_FOUND;
    put(encloser, (uint32_t)NR_TAB_TYPE_DEF << 24 | outer);
    return NR_S_OK;
}

static int32_t NR_COM GetPermissionSetProps(void *self, uint32_t token, uint32_t *action, const void **set,
                                            uint32_t *size)
{
    ENTER(GetPermissionSetProps);
    const uint8_t *p = NULL;
    if (!nr_md_is(MD(self), token, NR_TAB_DECL_SECURITY)) return NR_MD_E_INDEX;
    put(action, nr_md_get(MD(self), NR_TAB_DECL_SECURITY, token & 0xFFFFFF, NR_COL_SECURITY_ACTION));
    int32_t hr = put_blob(MD(self), NR_TAB_DECL_SECURITY, token & 0xFFFFFF, NR_COL_SECURITY_SET, &p, size);
    if (set) *set = p;
    return hr;
}

static int32_t NR_COM GetCustomAttributeProps(void *self, uint32_t token, uint32_t *owner, uint32_t *type,
                                              const void **value, uint32_t *size)
{
    ENTER(GetCustomAttributeProps);
    const uint8_t *p = NULL;
    uint32_t rid = token & 0xFFFFFF;
    if (!nr_md_is(MD(self), token, NR_TAB_CUSTOM_ATTRIBUTE)) return NR_MD_E_INDEX;
    put(owner, nr_md_token(MD(self), NR_TAB_CUSTOM_ATTRIBUTE, rid, NR_COL_ATTRIBUTE_PARENT));
    put(type, nr_md_token(MD(self), NR_TAB_CUSTOM_ATTRIBUTE, rid, NR_COL_ATTRIBUTE_TYPE));
    int32_t hr = put_blob(MD(self), NR_TAB_CUSTOM_ATTRIBUTE, rid, NR_COL_ATTRIBUTE_VALUE, &p, size);
    if (value) *value = p;
    return hr;
}

static uint32_t NR_COM IsValidToken(void *self, uint32_t token)
{
    int32_t hr;
    if (sim_enter(((sim_object *)self)->sim, SIM_IMPORT, NR_SLOT(IMetaDataImport2, IsValidToken), &hr)) return 0;
    return nr_md_is_valid(MD(self), token);
}

static int32_t NR_COM GetVersionString(void *self, uint16_t *out, uint32_t capacity, uint32_t *needed)
{
    ENTER(GetVersionString);
    return sim_put_text(MD(self)->image.version, out, capacity, needed);
}

/* ---- lookups ------------------------------------------------------------------------------------ */

/* The type that declares an attribute constructor, as dotted name. */
static bool attribute_is(const nr_md *md, uint32_t row, nr_str ns, nr_str name)
{
    uint32_t constructor = nr_md_token(md, NR_TAB_CUSTOM_ATTRIBUTE, row, NR_COL_ATTRIBUTE_TYPE), type = 0;
    if (nr_md_is(md, constructor, NR_TAB_METHOD_DEF)) {
        type = (uint32_t)NR_TAB_TYPE_DEF << 24 | nr_md_method_type(md, constructor & 0xFFFFFF);
    } else if (nr_md_is(md, constructor, NR_TAB_MEMBER_REF)) {
        type = nr_md_token(md, NR_TAB_MEMBER_REF, constructor & 0xFFFFFF, NR_COL_MEMBER_REF_PARENT);
    }
    unsigned table = type >> 24;
    if ((table != NR_TAB_TYPE_DEF && table != NR_TAB_TYPE_REF) || !nr_md_is(md, type, table)) return false;
    return nr_str_eq(nr_md_text(md, table, type & 0xFFFFFF, 1), name) &&
           nr_str_eq(nr_md_text(md, table, type & 0xFFFFFF, 2), ns);
}

static int32_t NR_COM GetCustomAttributeByName(void *self, uint32_t owner, const uint16_t *name, const void **value,
                                               uint32_t *size)
{
    ENTER(GetCustomAttributeByName);
    const nr_md *md = MD(self);
    nr_arena scratch = NR_ARENA_INIT;
    nr_str ns, simple, full = sim_utf8(&scratch, name);
    uint32_t coded;
    int32_t hr = NR_S_FALSE;
    if (value) *value = NULL;
    put(size, 0);
    if (!full.p)
        hr = NR_E_OUTOFMEMORY;
    else if (nr_image_token_coded(NR_TAB_CUSTOM_ATTRIBUTE, NR_COL_ATTRIBUTE_PARENT, owner, &coded)) {
        nr_md_split(full, &ns, &simple);
        for (uint32_t row = nr_md_first(md, NR_TAB_CUSTOM_ATTRIBUTE, NR_COL_ATTRIBUTE_PARENT, coded); row;
             row = nr_md_next(md, NR_TAB_CUSTOM_ATTRIBUTE, NR_COL_ATTRIBUTE_PARENT, coded, row)) {
            const uint8_t *p = NULL;
            if (!attribute_is(md, row, ns, simple)) continue;
            hr = put_blob(md, NR_TAB_CUSTOM_ATTRIBUTE, row, NR_COL_ATTRIBUTE_VALUE, &p, size);
            if (value) *value = p;
            break;
        }
    }
    nr_arena_free(&scratch);
    return hr;
}

static int32_t NR_COM FindTypeDefByName(void *self, const uint16_t *name, uint32_t encloser, uint32_t *type)
{
    ENTER(FindTypeDefByName);
    nr_arena scratch = NR_ARENA_INIT;
    nr_str full = sim_utf8(&scratch, name);
    uint32_t token = full.p ? nr_md_find_type_def(MD(self), full, encloser) : 0;
    nr_arena_free(&scratch);
    put(type, token ? token : 0x02000000);
    return token ? NR_S_OK : NR_MD_E_NOT_FOUND;
}

static int32_t NR_COM FindTypeRef(void *self, uint32_t scope, const uint16_t *name, uint32_t *type)
{
    ENTER(FindTypeRef);
    const nr_md *md = MD(self);
    nr_arena scratch = NR_ARENA_INIT;
    nr_str ns, simple, full = sim_utf8(&scratch, name);
    uint32_t found = 0;
    if (full.p) {
        nr_md_split(full, &ns, &simple);
        for (uint32_t rid = 1, n = nr_md_rows(md, NR_TAB_TYPE_REF); rid <= n && !found; rid++)
            if (nr_md_token(md, NR_TAB_TYPE_REF, rid, NR_COL_TYPE_REF_SCOPE) == scope &&
                nr_str_eq(nr_md_text(md, NR_TAB_TYPE_REF, rid, 1), simple) &&
                nr_str_eq(nr_md_text(md, NR_TAB_TYPE_REF, rid, 2), ns))
                found = (uint32_t)NR_TAB_TYPE_REF << 24 | rid;
    }
    nr_arena_free(&scratch);
    put(type, found ? found : 0x01000000);
    return found ? NR_S_OK : NR_MD_E_NOT_FOUND;
}

static int32_t NR_COM FindMethod(void *self, uint32_t type, const uint16_t *name, const uint8_t *sig, uint32_t size,
                                 uint32_t *method)
{
    ENTER(FindMethod);
    const nr_md *md = MD(self);
    nr_arena scratch = NR_ARENA_INIT;
    nr_str wanted = sim_utf8(&scratch, name);
    uint32_t found = 0;
    if (!(type & 0xFFFFFF)) type = 0x02000001;
    if (wanted.p && nr_md_is(md, type, NR_TAB_TYPE_DEF)) {
        for (uint32_t i = 0, rid; !found && (rid = nr_md_method_at(md, type & 0xFFFFFF, i)) != 0; i++) {
            const uint8_t *p;
            uint32_t n;
            if (!nr_str_eq(nr_md_text(md, NR_TAB_METHOD_DEF, rid, NR_COL_METHOD_NAME), wanted)) continue;
            if (sig && size) {
                if (!nr_md_bytes(md, NR_TAB_METHOD_DEF, rid, NR_COL_METHOD_SIG, &p, &n) || n != size) continue;
                if (memcmp(p, sig, n)) continue;
            }
            found = (uint32_t)NR_TAB_METHOD_DEF << 24 | rid;
        }
    }
    nr_arena_free(&scratch);
    put(method, found ? found : 0x06000000);
    return found ? NR_S_OK : NR_MD_E_NOT_FOUND;
}

static int32_t NR_COM GetGenericParamProps(void *self, uint32_t token, uint32_t *number, uint32_t *flags,
                                           uint32_t *owner, uint32_t *reserved, uint16_t *name, uint32_t capacity,
                                           uint32_t *needed)
{
    ENTER(GetGenericParamProps);
    const nr_md *md = MD(self);
    uint32_t rid = token & 0xFFFFFF;
    if (!nr_md_is(md, token, NR_TAB_GENERIC_PARAM)) return NR_MD_E_INDEX;
    put(number, nr_md_get(md, NR_TAB_GENERIC_PARAM, rid, NR_COL_GENERIC_PARAM_NUMBER));
    put(flags, nr_md_get(md, NR_TAB_GENERIC_PARAM, rid, NR_COL_GENERIC_PARAM_FLAGS));
    put(owner, nr_md_token(md, NR_TAB_GENERIC_PARAM, rid, NR_COL_GENERIC_PARAM_OWNER));
    put(reserved, 0);
    return sim_put_text(nr_md_text(md, NR_TAB_GENERIC_PARAM, rid, NR_COL_GENERIC_PARAM_NAME), name, capacity, needed);
}

void sim_import_vtbl(sim_vtbls *v)
{
    nr_IMetaDataImport2_vtbl *t = &v->IMPORT;
    t->QueryInterface = v->EMIT.QueryInterface = v->ASSEMBLY_IMPORT.QueryInterface = v->ASSEMBLY_EMIT.QueryInterface =
        md_QueryInterface;
    t->GetScopeProps = GetScopeProps;
    t->GetModuleFromScope = GetModuleFromScope;
    t->GetTypeDefProps = GetTypeDefProps;
    t->GetInterfaceImplProps = GetInterfaceImplProps;
    t->GetTypeRefProps = GetTypeRefProps;
    t->GetMethodProps = GetMethodProps;
    t->GetRVA = GetRVA;
    t->GetMemberRefProps = GetMemberRefProps;
    t->GetFieldProps = GetFieldProps;
    t->GetSigFromToken = GetSigFromToken;
    t->GetTypeSpecFromToken = GetTypeSpecFromToken;
    t->GetMethodSpecProps = GetMethodSpecProps;
    t->GetModuleRefProps = GetModuleRefProps;
    t->GetUserString = GetUserString;
    t->GetNestedClassProps = GetNestedClassProps;
    t->GetPermissionSetProps = GetPermissionSetProps;
    t->GetCustomAttributeProps = GetCustomAttributeProps;
    t->GetCustomAttributeByName = GetCustomAttributeByName;
    t->IsValidToken = IsValidToken;
    t->GetVersionString = GetVersionString;
    t->FindTypeDefByName = FindTypeDefByName;
    t->FindTypeRef = FindTypeRef;
    t->FindMethod = FindMethod;
    t->GetGenericParamProps = GetGenericParamProps;
}
