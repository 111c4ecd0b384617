/* import_enum.c - the Enum… methods of IMetaDataImport2.
 *
 * The first call takes a snapshot of the tokens, the next ones hand it out. Nothing to enumerate: no handle is
 * made, the count is 0 and the result S_FALSE, as in the runtime. */
#include "base/alloc.h"
#include "sim/sim.h"

#include <string.h>

#define ENTER(slot) SIM_ENTER(((sim_object *)self)->sim, SIM_IMPORT, IMetaDataImport2, slot)
#define MODULE(self) (((sim_object *)(self))->module)

bool sim_enum_add(sim_enum *e, uint32_t token)
{
    return sim_push(&e->tokens, &token, sizeof token);
}

void sim_enum_close(void *handle)
{
    sim_enum *e = handle;
    if (!e) return;
    nr_buf_free(&e->tokens);
    nr_free(e, sizeof *e);
}

static uint32_t enum_count(const sim_enum *e)
{
    return (uint32_t)(e->tokens.size / sizeof(uint32_t));
}

int32_t sim_enum_step(sim_module *m, void **handle, uint32_t *out, uint32_t capacity, uint32_t *count, sim_filler fill,
                      const void *how)
{
    sim_enum *e;
    if (count) *count = 0;
    if (!handle) return NR_E_INVALIDARG;
    e = *handle;
    if (!e) {
        e = nr_zalloc(sizeof *e);
        if (!e) return NR_E_OUTOFMEMORY;
        if (!fill(m, e, how)) {
            sim_enum_close(e);
            return NR_E_OUTOFMEMORY;
        }
        if (!enum_count(e)) {
            sim_enum_close(e);
            return NR_S_FALSE;
        }
        *handle = e;
    }
    uint32_t got = 0, all = enum_count(e);
    const uint32_t *tokens = (const uint32_t *)(const void *)e->tokens.data;
    while (got < capacity && e->at < all) {
        if (out) out[got] = tokens[e->at];
        got++;
        e->at++;
    }
    if (count) *count = got;
    return got ? NR_S_OK : NR_S_FALSE;
}

static void NR_COM CloseEnum(void *self, void *handle)
{
    sim_object *o = self;
    o->sim->calls[o->kind][NR_SLOT(IMetaDataImport2, CloseEnum)]++;
    sim_enum_close(handle);
}

static int32_t NR_COM CountEnum(void *self, void *handle, uint32_t *count)
{
    ENTER(CountEnum);
    *count = handle ? enum_count(handle) : 0;
    return NR_S_OK;
}

static int32_t NR_COM ResetEnum(void *self, void *handle, uint32_t position)
{
    ENTER(ResetEnum);
    sim_enum *e = handle;
    if (e) e->at = position < enum_count(e) ? position : enum_count(e);
    return NR_S_OK;
}

/* ---- what is enumerated ----------------------------------------------------------------- */

bool sim_fill_table(sim_module *m, sim_enum *e, const void *how)
{
    unsigned table = *(const unsigned *)how;
    uint32_t rid = table == NR_TAB_TYPE_DEF ? 2 : 1; /* "<Module>" is not enumerated */
    for (uint32_t n = nr_md_rows(&m->md, table); rid <= n; rid++)
        if (!sim_enum_add(e, (uint32_t)table << 24 | rid)) return false;
    return true;
}

typedef struct members {
    uint32_t parent;
    const uint16_t *name; /* NULL: all */
} members;

static bool fill_methods(sim_module *m, sim_enum *e, const void *how)
{
    const members *w = how;
    uint32_t type = w->parent & 0xFFFFFF ? w->parent : 0x02000001;
    nr_arena scratch = NR_ARENA_INIT;
    nr_str name = {NULL, 0};
    bool ok = true;
    if (!nr_md_is(&m->md, type, NR_TAB_TYPE_DEF)) return true;
    if (w->name) {
        name = sim_utf8(&scratch, w->name);
        ok = name.p != NULL;
    }
    for (uint32_t i = 0, rid; ok && (rid = nr_md_method_at(&m->md, type & 0xFFFFFF, i)) != 0; i++) {
        if (w->name && !nr_str_eq(nr_md_text(&m->md, NR_TAB_METHOD_DEF, rid, NR_COL_METHOD_NAME), name)) continue;
        ok = sim_enum_add(e, (uint32_t)NR_TAB_METHOD_DEF << 24 | rid);
    }
    nr_arena_free(&scratch);
    return ok;
}

static bool fill_fields(sim_module *m, sim_enum *e, const void *how)
{
    uint32_t type = *(const uint32_t *)how;
    if (!nr_md_is(&m->md, type, NR_TAB_TYPE_DEF)) return true;
    for (uint32_t i = 0, rid; (rid = nr_md_field_at(&m->md, type & 0xFFFFFF, i)) != 0; i++)
        if (!sim_enum_add(e, (uint32_t)NR_TAB_FIELD << 24 | rid)) return false;
    return true;
}

static bool fill_member_refs(sim_module *m, sim_enum *e, const void *how)
{
    uint32_t parent = *(const uint32_t *)how, entry = 0, token;
    while ((token = nr_md_member_ref_of(&m->md, parent, &entry)) != 0)
        if (!sim_enum_add(e, token)) return false;
    return true;
}

/* Rows of `table` whose coded `column` is a token; a nil token: all rows. */
typedef struct owned {
    unsigned table, column;
    uint32_t owner;
} owned;

static bool fill_owned(sim_module *m, sim_enum *e, const void *how)
{
    const owned *w = how;
    uint32_t coded;
    if (!(w->owner & 0xFFFFFF)) return sim_fill_table(m, e, &w->table);
    if (!nr_image_token_coded(w->table, w->column, w->owner, &coded)) return true;
    for (uint32_t rid = nr_md_first(&m->md, w->table, w->column, coded); rid;
         rid = nr_md_next(&m->md, w->table, w->column, coded, rid))
        if (!sim_enum_add(e, (uint32_t)w->table << 24 | rid)) return false;
    return true;
}

static bool fill_interfaces(sim_module *m, sim_enum *e, const void *how)
{
    uint32_t type = *(const uint32_t *)how & 0xFFFFFF;
    for (uint32_t rid = nr_md_first(&m->md, NR_TAB_INTERFACE_IMPL, NR_COL_INTERFACE_CLASS, type); rid;
         rid = nr_md_next(&m->md, NR_TAB_INTERFACE_IMPL, NR_COL_INTERFACE_CLASS, type, rid))
        if (!sim_enum_add(e, (uint32_t)NR_TAB_INTERFACE_IMPL << 24 | rid)) return false;
    return true;
}

static int32_t NR_COM EnumInterfaceImpls(void *self, void **handle, uint32_t type, uint32_t *out, uint32_t capacity,
                                         uint32_t *count)
{
    ENTER(EnumInterfaceImpls);
    return sim_enum_step(MODULE(self), handle, out, capacity, count, fill_interfaces, &type);
}

static int32_t table_step(void *self, unsigned table, void **handle, uint32_t *out, uint32_t capacity, uint32_t *count)
{
    return sim_enum_step(MODULE(self), handle, out, capacity, count, sim_fill_table, &table);
}

#define TABLE_ENUM(slot, table) \
    static int32_t NR_COM slot(void *self, void **handle, uint32_t *out, uint32_t capacity, uint32_t *count) \
    { \
        ENTER(slot); \
        return table_step(self, table, handle, out, capacity, count); \
    }
TABLE_ENUM(EnumTypeDefs, NR_TAB_TYPE_DEF)
TABLE_ENUM(EnumTypeRefs, NR_TAB_TYPE_REF)
TABLE_ENUM(EnumModuleRefs, NR_TAB_MODULE_REF)
TABLE_ENUM(EnumSignatures, NR_TAB_STAND_ALONE_SIG)
TABLE_ENUM(EnumTypeSpecs, NR_TAB_TYPE_SPEC)

static int32_t NR_COM EnumMethods(void *self, void **handle, uint32_t type, uint32_t *out, uint32_t capacity,
                                  uint32_t *count)
{
    ENTER(EnumMethods);
    members w = {type, NULL};
    return sim_enum_step(MODULE(self), handle, out, capacity, count, fill_methods, &w);
}

static int32_t NR_COM EnumMethodsWithName(void *self, void **handle, uint32_t type, const uint16_t *name, uint32_t *out,
                                          uint32_t capacity, uint32_t *count)
{
    ENTER(EnumMethodsWithName);
    members w = {type, name};
    return sim_enum_step(MODULE(self), handle, out, capacity, count, fill_methods, &w);
}

static int32_t NR_COM EnumFields(void *self, void **handle, uint32_t type, uint32_t *out, uint32_t capacity,
                                 uint32_t *count)
{
    ENTER(EnumFields);
    return sim_enum_step(MODULE(self), handle, out, capacity, count, fill_fields, &type);
}

static int32_t NR_COM EnumMemberRefs(void *self, void **handle, uint32_t parent, uint32_t *out, uint32_t capacity,
                                     uint32_t *count)
{
    ENTER(EnumMemberRefs);
    return sim_enum_step(MODULE(self), handle, out, capacity, count, fill_member_refs, &parent);
}

static int32_t NR_COM EnumCustomAttributes(void *self, void **handle, uint32_t owner, uint32_t type, uint32_t *out,
                                           uint32_t capacity, uint32_t *count)
{
    ENTER(EnumCustomAttributes);
    owned w = {NR_TAB_CUSTOM_ATTRIBUTE, NR_COL_ATTRIBUTE_PARENT, owner};
    if (type & 0xFFFFFF) return NR_E_NOTIMPL; /* by attribute type: not simulated */
    return sim_enum_step(MODULE(self), handle, out, capacity, count, fill_owned, &w);
}

static int32_t NR_COM EnumPermissionSets(void *self, void **handle, uint32_t owner, uint32_t actions, uint32_t *out,
                                         uint32_t capacity, uint32_t *count)
{
    ENTER(EnumPermissionSets);
    owned w = {NR_TAB_DECL_SECURITY, NR_COL_SECURITY_PARENT, owner};
    if (actions) return NR_E_NOTIMPL; /* by action: not simulated */
    return sim_enum_step(MODULE(self), handle, out, capacity, count, fill_owned, &w);
}

static int32_t NR_COM EnumGenericParams(void *self, void **handle, uint32_t owner, uint32_t *out, uint32_t capacity,
                                        uint32_t *count)
{
    ENTER(EnumGenericParams);
    owned w = {NR_TAB_GENERIC_PARAM, NR_COL_GENERIC_PARAM_OWNER, owner};
    return sim_enum_step(MODULE(self), handle, out, capacity, count, fill_owned, &w);
}

static int32_t NR_COM EnumMethodSpecs(void *self, void **handle, uint32_t method, uint32_t *out, uint32_t capacity,
                                      uint32_t *count)
{
    ENTER(EnumMethodSpecs);
    owned w = {NR_TAB_METHOD_SPEC, NR_COL_METHOD_SPEC_METHOD, method};
    return sim_enum_step(MODULE(self), handle, out, capacity, count, fill_owned, &w);
}

void sim_import_enum_vtbl(sim_vtbls *v)
{
    nr_IMetaDataImport2_vtbl *t = &v->IMPORT;
    t->CloseEnum = CloseEnum;
    v->ASSEMBLY_IMPORT.CloseEnum = CloseEnum;
    t->CountEnum = CountEnum;
    t->ResetEnum = ResetEnum;
    t->EnumTypeDefs = EnumTypeDefs;
    t->EnumInterfaceImpls = EnumInterfaceImpls;
    t->EnumTypeRefs = EnumTypeRefs;
    t->EnumModuleRefs = EnumModuleRefs;
    t->EnumSignatures = EnumSignatures;
    t->EnumTypeSpecs = EnumTypeSpecs;
    t->EnumMethods = EnumMethods;
    t->EnumMethodsWithName = EnumMethodsWithName;
    t->EnumFields = EnumFields;
    t->EnumMemberRefs = EnumMemberRefs;
    t->EnumCustomAttributes = EnumCustomAttributes;
    t->EnumPermissionSets = EnumPermissionSets;
    t->EnumGenericParams = EnumGenericParams;
    t->EnumMethodSpecs = EnumMethodSpecs;
}
