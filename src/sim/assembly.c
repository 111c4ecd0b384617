/* assembly.c - IMetaDataAssemblyImport and IMetaDataAssemblyEmit. */
#include "base/json.h"
#include "sim/sim.h"

#include <string.h>

#define ENTER(slot) SIM_ENTER(((sim_object *)self)->sim, SIM_ASSEMBLY_IMPORT, IMetaDataAssemblyImport, slot)
#define MD(self) (&((sim_object *)(self))->module->md)

static int32_t put_blob(const nr_md *md, unsigned table, uint32_t rid, unsigned column, const void **out,
                        uint32_t *size)
{
    const uint8_t *p;
    uint32_t n;
    if (!nr_md_bytes(md, table, rid, column, &p, &n)) return NR_MD_E_INDEX;
    if (out) *out = n ? p : NULL;
    if (size) *size = n;
    return NR_S_OK;
}

static void put_version(const nr_md *md, unsigned table, uint32_t rid, unsigned column, void *metadata)
{
    nr_assembly_metadata *m = metadata;
    if (!m) return;
    m->major = (uint16_t)nr_md_get(md, table, rid, column);
    m->minor = (uint16_t)nr_md_get(md, table, rid, column + 1);
    m->build = (uint16_t)nr_md_get(md, table, rid, column + 2);
    m->revision = (uint16_t)nr_md_get(md, table, rid, column + 3);
    m->processor_count = 0;
    m->system_count = 0;
}

/* The locale goes into the caller's buffer; its size is in and out. */
static void put_locale(nr_str culture, void *metadata)
{
    nr_assembly_metadata *m = metadata;
    uint32_t needed = 0;
    if (!m) return;
    sim_put_text(culture, m->locale, m->locale ? m->locale_size : 0, &needed);
    m->locale_size = culture.n ? needed : 0;
}

static int32_t NR_COM GetAssemblyProps(void *self, uint32_t token, const void **key, uint32_t *key_size,
                                       uint32_t *hash_algorithm, uint16_t *name, uint32_t capacity, uint32_t *needed,
                                       void *metadata, uint32_t *flags)
{
    ENTER(GetAssemblyProps);
    const nr_md *md = MD(self);
    uint32_t rid = token & 0xFFFFFF;
    if (!nr_md_is(md, token, NR_TAB_ASSEMBLY)) return NR_MD_E_INDEX;
    int32_t hr = put_blob(md, NR_TAB_ASSEMBLY, rid, NR_COL_ASSEMBLY_KEY, key, key_size);
    if (hr < 0) return hr;
    if (hash_algorithm) *hash_algorithm = nr_md_get(md, NR_TAB_ASSEMBLY, rid, NR_COL_ASSEMBLY_HASH);
    if (flags) {
        const uint8_t *p;
        uint32_t n;
        *flags = nr_md_get(md, NR_TAB_ASSEMBLY, rid, NR_COL_ASSEMBLY_FLAGS);
        if (nr_md_bytes(md, NR_TAB_ASSEMBLY, rid, NR_COL_ASSEMBLY_KEY, &p, &n) && n) *flags |= 1; /* afPublicKey */
    }
    put_version(md, NR_TAB_ASSEMBLY, rid, NR_COL_ASSEMBLY_MAJOR, metadata);
    put_locale(nr_md_text(md, NR_TAB_ASSEMBLY, rid, NR_COL_ASSEMBLY_CULTURE), metadata);
    return sim_put_text(nr_md_text(md, NR_TAB_ASSEMBLY, rid, NR_COL_ASSEMBLY_NAME), name, capacity, needed);
}

static int32_t NR_COM GetAssemblyRefProps(void *self, uint32_t token, const void **key, uint32_t *key_size,
                                          uint16_t *name, uint32_t capacity, uint32_t *needed, void *metadata,
                                          const void **hash, uint32_t *hash_size, uint32_t *flags)
{
    ENTER(GetAssemblyRefProps);
    const nr_md *md = MD(self);
    uint32_t rid = token & 0xFFFFFF;
    if (!nr_md_is(md, token, NR_TAB_ASSEMBLY_REF)) return NR_MD_E_INDEX;
    int32_t hr = put_blob(md, NR_TAB_ASSEMBLY_REF, rid, NR_COL_ASSEMBLY_REF_KEY, key, key_size);
    if (hr >= 0) hr = put_blob(md, NR_TAB_ASSEMBLY_REF, rid, NR_COL_ASSEMBLY_REF_HASH, hash, hash_size);
    if (hr < 0) return hr;
    if (flags) *flags = nr_md_get(md, NR_TAB_ASSEMBLY_REF, rid, NR_COL_ASSEMBLY_REF_FLAGS);
    put_version(md, NR_TAB_ASSEMBLY_REF, rid, NR_COL_ASSEMBLY_REF_MAJOR, metadata);
    put_locale(nr_md_text(md, NR_TAB_ASSEMBLY_REF, rid, NR_COL_ASSEMBLY_REF_CULTURE), metadata);
    return sim_put_text(nr_md_text(md, NR_TAB_ASSEMBLY_REF, rid, NR_COL_ASSEMBLY_REF_NAME), name, capacity, needed);
}

static int32_t NR_COM EnumAssemblyRefs(void *self, void **handle, uint32_t *out, uint32_t capacity, uint32_t *count)
{
    ENTER(EnumAssemblyRefs);
    static const unsigned table = NR_TAB_ASSEMBLY_REF;
    return sim_enum_step(((sim_object *)self)->module, handle, out, capacity, count, sim_fill_table, &table);
}

static int32_t NR_COM GetAssemblyFromScope(void *self, uint32_t *token)
{
    ENTER(GetAssemblyFromScope);
    if (!nr_md_rows(MD(self), NR_TAB_ASSEMBLY)) return NR_MD_E_NOT_FOUND;
    *token = (uint32_t)NR_TAB_ASSEMBLY << 24 | 1;
    return NR_S_OK;
}

/* Names of nested types stand alone, with the row of the encloser as implementation. */
static int32_t NR_COM FindExportedTypeByName(void *self, const uint16_t *name, uint32_t encloser, uint32_t *token)
{
    ENTER(FindExportedTypeByName);
    const nr_md *md = MD(self);
    nr_arena scratch = NR_ARENA_INIT;
    nr_str full = sim_utf8(&scratch, name), ns, simple;
    uint32_t found = 0;
    if (full.p) nr_md_split(full, &ns, &simple);
    for (uint32_t rid = 1; full.p && !found && rid <= nr_md_rows(md, NR_TAB_EXPORTED_TYPE); rid++) {
        uint32_t in = nr_md_token(md, NR_TAB_EXPORTED_TYPE, rid, NR_COL_EXPORTED_IMPLEMENTATION);
        bool nested = in >> 24 == NR_TAB_EXPORTED_TYPE;
        if (nested ? in != encloser : (encloser & 0xFFFFFF) != 0) continue;
        if (nr_str_eq(nr_md_text(md, NR_TAB_EXPORTED_TYPE, rid, NR_COL_EXPORTED_NAME), simple) &&
            nr_str_eq(nr_md_text(md, NR_TAB_EXPORTED_TYPE, rid, NR_COL_EXPORTED_NAMESPACE), ns))
            found = (uint32_t)NR_TAB_EXPORTED_TYPE << 24 | rid;
    }
    bool memory = full.p != NULL;
    nr_arena_free(&scratch);
    if (!memory) return NR_E_OUTOFMEMORY;
    if (found) *token = found;
    return found ? NR_S_OK : NR_MD_E_NOT_FOUND;
}

static int32_t NR_COM GetExportedTypeProps(void *self, uint32_t token, uint16_t *name, uint32_t capacity,
                                           uint32_t *needed, uint32_t *implementation, uint32_t *type_def,
                                           uint32_t *flags)
{
    ENTER(GetExportedTypeProps);
    const nr_md *md = MD(self);
    uint32_t rid = token & 0xFFFFFF;
    if (!nr_md_is(md, token, NR_TAB_EXPORTED_TYPE)) return NR_MD_E_INDEX;
    if (implementation) *implementation = nr_md_token(md, NR_TAB_EXPORTED_TYPE, rid, NR_COL_EXPORTED_IMPLEMENTATION);
    if (type_def) *type_def = nr_md_get(md, NR_TAB_EXPORTED_TYPE, rid, NR_COL_EXPORTED_TYPE_DEF);
    if (flags) *flags = nr_md_get(md, NR_TAB_EXPORTED_TYPE, rid, NR_COL_EXPORTED_FLAGS);
    nr_arena scratch = NR_ARENA_INIT;
    nr_str ns = nr_md_text(md, NR_TAB_EXPORTED_TYPE, rid, NR_COL_EXPORTED_NAMESPACE);
    nr_str full = nr_arena_printf(&scratch, "%.*s%s%.*s", NR_STR_ARG(ns), ns.n ? "." : "",
                                  NR_STR_ARG(nr_md_text(md, NR_TAB_EXPORTED_TYPE, rid, NR_COL_EXPORTED_NAME)));
    int32_t hr = full.p ? sim_put_text(full, name, capacity, needed) : NR_E_OUTOFMEMORY;
    nr_arena_free(&scratch);
    return hr;
}

/* ---- IMetaDataAssemblyEmit ------------------------------------------------------------------------ */

static int32_t NR_COM DefineAssemblyRef(void *self, const void *key, uint32_t key_size, const uint16_t *name,
                                        const void *metadata, const void *hash, uint32_t hash_size, uint32_t flags,
                                        uint32_t *token)
{
    sim_object *o = self;
    const nr_assembly_metadata *am = metadata;
    static const nr_assembly_metadata zero;
    nr_arena scratch = NR_ARENA_INIT;
    nr_buf args = NR_BUF_INIT;
    uint32_t result = 0;
    int32_t hr;
    if (!am) am = &zero;
    if (!sim_enter(o->sim, SIM_ASSEMBLY_EMIT, NR_SLOT(IMetaDataAssemblyEmit, DefineAssemblyRef), &hr)) {
        uint16_t version[4] = {am->major, am->minor, am->build, am->revision};
        nr_str utf8 = sim_utf8(&scratch, name), culture = sim_utf8(&scratch, am->locale);
        hr = utf8.p && culture.p
                 ? nr_md_define_assembly_ref(&o->module->md, utf8, version, culture, key, key ? key_size : 0, hash,
                                             hash ? hash_size : 0, flags, &result)
                 : NR_E_OUTOFMEMORY;
    }
    if (token && hr >= 0) *token = result;
    size_t units = 0;
    while (name && name[units]) units++;
    nr_buf_put_str(&args, NR_STR("\"name\":"));
    nr_json_utf16(&args, name, units);
    nr_buf_printf(&args, ",\"ver\":\"%u.%u.%u.%u\",\"flags\":\"%x\",\"key\":", am->major, am->minor, am->build,
                  am->revision, flags);
    nr_json_hex(&args, key, key ? key_size : 0);
    nr_buf_u8(&args, 0);
    nr_sim_event e = {.kind = NR_SIM_EMIT, .hr = hr};
    e.module = o->module->id;
    e.name = "DefineAssemblyRef";
    e.args = args.failed ? "" : (const char *)args.data;
    e.token = result;
    sim_event(o->sim, &e);
    nr_buf_free(&args);
    nr_arena_free(&scratch);
    return hr;
}

void sim_assembly_vtbl(sim_vtbls *v)
{
    v->ASSEMBLY_IMPORT.GetAssemblyProps = GetAssemblyProps;
    v->ASSEMBLY_IMPORT.GetAssemblyRefProps = GetAssemblyRefProps;
    v->ASSEMBLY_IMPORT.EnumAssemblyRefs = EnumAssemblyRefs;
    v->ASSEMBLY_IMPORT.FindExportedTypeByName = FindExportedTypeByName;
    v->ASSEMBLY_IMPORT.GetExportedTypeProps = GetExportedTypeProps;
    v->ASSEMBLY_IMPORT.GetAssemblyFromScope = GetAssemblyFromScope;
    v->ASSEMBLY_EMIT.DefineAssemblyRef = DefineAssemblyRef;
}
