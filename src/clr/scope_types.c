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

static int32_t attribute_props(nr_scope *s, uint32_t attribute, uint32_t *owner, uint32_t *constructor)
{
    const void *value = NULL;
    uint32_t size = 0;
    return NR_CALL(import_of(s), GetCustomAttributeProps, attribute, owner, constructor, &value, &size);
}

/* The type whose constructor this is: MemberRef or MethodDef. */
static int32_t constructed_type(nr_scope *s, nr_arena *arena, uint32_t constructor, nr_str *name)
{
    uint32_t size = 0, type = 0, length = 0, flags = 0, rva = 0, scope = 0;
    const uint8_t *sig = NULL;
    int32_t hr;
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
            uint32_t constructor = 0, of = 0;
            nr_str name;
            if (attribute_props(s, tokens[i], &of, &constructor) >= 0 &&
                constructed_type(s, arena, constructor, &name) >= 0)
                more = visit(self, name);
        }
    }
    if (list) NR_CALL(import_of(s), CloseEnum, list);
}

/* A module has thousands of attributes and few constructors of them: verdicts are kept, one for each value of the last
 * bits of a token. */
enum { VERDICTS = 64 };

typedef struct nr_verdict {
    uint32_t constructor;
    bool is_one;
} nr_verdict;

static bool constructs_one(nr_scope *s, uint32_t constructor, const char *const *types, nr_verdict *verdict)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_str name;
    if (verdict->constructor == constructor) return verdict->is_one;
    verdict->constructor = constructor;
    /* What cannot be named, as of a TypeSpec, may be one. */
    bool named = constructed_type(s, &arena, constructor, &name) >= 0;
    while (named && *types && !nr_str_is(name, *types)) types++;
    verdict->is_one = *types != NULL;
    nr_arena_free(&arena);
    return verdict->is_one;
}

/* The runtime does not filter by constructor when it enumerates all rows. */
bool nr_scope_each_carrier(nr_scope *s, const char *const *types, nr_token_visitor visit, void *self)
{
    nr_verdict verdicts[VERDICTS] = {{0, false}};
    void *list = NULL;
    uint32_t tokens[BATCH], count = 0, owner = 0, constructor = 0;
    int32_t hr = NR_HR_OK;
    bool more = true;
    while (more && (hr = NR_CALL(import_of(s), EnumCustomAttributes, &list, 0, 0, tokens, BATCH, &count)) >= 0 &&
           count) {
        for (uint32_t i = 0; more && i < count; i++) {
            hr = attribute_props(s, tokens[i], &owner, &constructor);
            more = hr >= 0;
            if (more && constructs_one(s, constructor, types, &verdicts[constructor % VERDICTS]))
                more = visit(self, owner);
        }
    }
    if (list) NR_CALL(import_of(s), CloseEnum, list);
    return hr >= 0;
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
