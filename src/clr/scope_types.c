#include "clr/scope_types.h"

#include "base/utf.h"

enum { BATCH = 64 };

static nr_IMetaDataImport2 *import_of(nr_scope *s)
{
    return s->import;
}

bool nr_scope_has_attribute(nr_scope *s, nr_arena *arena, uint32_t owner, nr_str type)
{
    const void *value = NULL;
    uint32_t size = 0;
    uint16_t *units = nr_utf16_from_utf8(arena, type, NULL);
    return units && NR_CALL(import_of(s), GetCustomAttributeByName, owner, units, &value, &size) == NR_HR_OK;
}

/* The type whose constructor an attribute names: MemberRef or MethodDef. */
static int32_t attribute_type(nr_scope *s, nr_arena *arena, uint32_t attribute, nr_str *name)
{
    uint32_t owner = 0, constructor = 0, size = 0, type = 0, length = 0, flags = 0, rva = 0, scope = 0;
    const void *value = NULL;
    const uint8_t *sig = NULL;
    int32_t hr = NR_CALL(import_of(s), GetCustomAttributeProps, attribute, &owner, &constructor, &value, &size);
    if (hr < 0) return hr;
    if (constructor >> 24 == NR_TABLE_MEMBER_REF)
        hr = NR_CALL(import_of(s), GetMemberRefProps, constructor, &type, NULL, 0, &length, &sig, &size);
    else
        hr = NR_CALL(import_of(s), GetMethodProps, constructor, &type, NULL, 0, &length, &flags, &sig, &size, &rva,
                     &flags);
    if (hr < 0) return hr;
    if (type >> 24 == NR_TABLE_TYPE_REF) return s->ops->type_ref(s, arena, type, &scope, name);
    return s->ops->type_props(s, arena, type, name, &flags);
}

void nr_scope_each_attribute(nr_scope *s, nr_arena *arena, uint32_t owner, nr_name_visitor visit, void *self)
{
    void *list = NULL;
    uint32_t tokens[BATCH], count = 0;
    bool more = true;
    while (more && NR_CALL(import_of(s), EnumCustomAttributes, &list, owner, 0, tokens, BATCH, &count) >= 0 && count) {
        for (uint32_t i = 0; more && i < count; i++) {
            nr_str name;
            if (attribute_type(s, arena, tokens[i], &name) >= 0) more = visit(self, name);
        }
    }
    if (list) NR_CALL(import_of(s), CloseEnum, list);
}

void nr_scope_each_interface(nr_scope *s, uint32_t type_def, nr_token_visitor visit, void *self)
{
    void *list = NULL;
    uint32_t tokens[BATCH], count = 0, owner = 0, interface = 0;
    bool more = true;
    while (more && NR_CALL(import_of(s), EnumInterfaceImpls, &list, type_def, tokens, BATCH, &count) >= 0 && count) {
        for (uint32_t i = 0; more && i < count; i++) {
            if (NR_CALL(import_of(s), GetInterfaceImplProps, tokens[i], &owner, &interface) >= 0)
                more = visit(self, interface);
        }
    }
    if (list) NR_CALL(import_of(s), CloseEnum, list);
}
