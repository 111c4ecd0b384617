/* define.c - rows added to a module, with the duplicate checks, success codes and numbers of the
 * runtime's metadata writer (metadata-tokens.md section 5; checked against it in test_runtime.c).
 *
 * Checked for duplicates: TypeRef, MemberRef, StandAloneSig, MethodSpec (META_S_DUPLICATE), TypeSpec and
 * user strings (S_OK). Not checked: AssemblyRef, ModuleRef, MethodDef, CustomAttribute, DeclSecurity.
 * User strings of the image are not reused. */
#include "base/compiler.h"
#include "sim/md_internal.h"

#include <string.h>

/* ---- growing -------------------------------------------------------------------- */

/* Room for `n` bytes; unlike the buffer's own failure this one is not sticky: the next request may succeed. */
static void *append(nr_buf *list, size_t n)
{
    uint8_t *p = nr_buf_extend(list, n);
    if (!p) list->failed = false;
    return p;
}

static bool add_slice(nr_md *md, nr_buf *list, const void *p, size_t n, uint32_t *offset)
{
    nr_str s = {nr_arena_copy(&md->arena, n ? p : "", n), n};
    uint32_t number = (uint32_t)(list->size / sizeof s);
    void *at = s.p ? append(list, sizeof s) : NULL;
    if (!at) return false;
    memcpy(at, &s, sizeof s);
    *offset = NR_MD_DEFINED | number;
    return true;
}

static bool add_string(nr_md *md, nr_str s, uint32_t *offset)
{
    *offset = 0; /* the empty string is at 0 in every heap */
    return !s.n || add_slice(md, &md->strings, s.p, s.n, offset);
}

static bool add_blob(nr_md *md, const void *p, size_t n, uint32_t *offset)
{
    *offset = 0;
    return !n || add_slice(md, &md->blobs, p, n, offset);
}

static int32_t add_row(nr_md *md, unsigned table, const uint32_t *cells, size_t count, uint32_t *token)
{
    uint32_t rid = nr_md_rows(md, table) + 1;
    if (rid > 0xFFFFFF) return NR_MD_E_TOO_BIG;
    uint32_t *row = append(&md->added[table], NR_MD_CELLS * sizeof *row);
    if (!row) return NR_MD_E_NO_MEMORY;
    memset(row, 0, NR_MD_CELLS * sizeof *row);
    memcpy(row, cells, count * sizeof *row);
    *token = (uint32_t)table << 24 | rid;
    return NR_MD_S_OK;
}

static void drop_row(nr_md *md, unsigned table)
{
    md->added[table].size -= NR_MD_CELLS * sizeof(uint32_t);
}

/* ---- indexes ------------------------------------------------------------------------ */

static uint32_t hash_named(uint32_t seed, nr_str ns, nr_str name)
{
    return nr_index_hash(nr_index_hash(seed, ns.p, ns.n), name.p, name.n);
}

static uint32_t hash_type(const nr_md *md, unsigned table, uint32_t rid)
{
    uint32_t seed = table == NR_TAB_TYPE_REF ? nr_md_get(md, table, rid, NR_COL_TYPE_REF_SCOPE) : 0;
    return hash_named(seed, nr_md_text(md, table, rid, 2), nr_md_text(md, table, rid, 1));
}

static uint32_t hash_blob_row(const nr_md *md, unsigned table, uint32_t rid, uint32_t seed, unsigned column)
{
    const uint8_t *p = NULL;
    uint32_t n = 0;
    nr_md_bytes(md, table, rid, column, &p, &n);
    return nr_index_hash(seed, p, n);
}

static uint32_t hash_of(const nr_md *md, const nr_index *ix, uint32_t rid)
{
    if (ix == &md->type_defs) return hash_type(md, NR_TAB_TYPE_DEF, rid);
    if (ix == &md->type_refs) return hash_type(md, NR_TAB_TYPE_REF, rid);
    if (ix == &md->type_specs) return hash_blob_row(md, NR_TAB_TYPE_SPEC, rid, 0, 0);
    if (ix == &md->sigs) return hash_blob_row(md, NR_TAB_STAND_ALONE_SIG, rid, 0, 0);
    if (ix == &md->members_of)
        return nr_index_mix(0, nr_md_get(md, NR_TAB_MEMBER_REF, rid, NR_COL_MEMBER_REF_PARENT));
    if (ix == &md->method_specs)
        return hash_blob_row(md, NR_TAB_METHOD_SPEC, rid, nr_md_get(md, NR_TAB_METHOD_SPEC, rid, 0), 1);
    nr_str name = nr_md_text(md, NR_TAB_MEMBER_REF, rid, NR_COL_MEMBER_REF_NAME);
    uint32_t seed = nr_index_hash(nr_md_get(md, NR_TAB_MEMBER_REF, rid, NR_COL_MEMBER_REF_PARENT), name.p, name.n);
    return hash_blob_row(md, NR_TAB_MEMBER_REF, rid, seed, NR_COL_MEMBER_REF_SIG);
}

/* Brings an index up to date when it is first used. */
static bool ready(nr_md *md, nr_index *ix, unsigned table)
{
    if (ix->built) return true;
    uint32_t n = nr_md_rows(md, table);
    for (uint32_t rid = 1; rid <= n; rid++) {
        if (nr_index_add(ix, hash_of(md, ix, rid), rid)) continue;
        nr_index_free(ix);
        return false;
    }
    ix->built = true;
    return true;
}

static bool same_blob(const nr_md *md, unsigned table, uint32_t rid, unsigned column, const uint8_t *p, uint32_t n)
{
    const uint8_t *q;
    uint32_t m;
    return nr_md_bytes(md, table, rid, column, &q, &m) && m == n && (!n || !memcmp(p, q, n));
}

/* ---- types -------------------------------------------------------------------------- */

uint32_t nr_md_find_type_def(nr_md *md, nr_str full, uint32_t encloser)
{
    nr_str ns, name;
    nr_md_split(full, &ns, &name);
    if (!ready(md, &md->type_defs, NR_TAB_TYPE_DEF)) return 0;
    uint32_t outer = encloser & 0xFFFFFF, e = nr_index_first(&md->type_defs, hash_named(0, ns, name));
    for (; e; e = nr_index_next(&md->type_defs, e)) {
        uint32_t rid = nr_index_value(&md->type_defs, e);
        bool nested = (nr_md_get(md, NR_TAB_TYPE_DEF, rid, NR_COL_TYPE_DEF_FLAGS) & 7) >= 2;
        if (nested != (outer != 0) || (nested && nr_md_encloser(md, rid) != outer)) continue;
        if (nr_str_eq(nr_md_text(md, NR_TAB_TYPE_DEF, rid, NR_COL_TYPE_DEF_NAME), name) &&
            nr_str_eq(nr_md_text(md, NR_TAB_TYPE_DEF, rid, NR_COL_TYPE_DEF_NAMESPACE), ns))
            return (uint32_t)NR_TAB_TYPE_DEF << 24 | rid;
    }
    return 0;
}

int32_t nr_md_define_type_ref(nr_md *md, uint32_t scope, nr_str full, uint32_t *token)
{
    nr_str ns, name;
    uint32_t cells[3];
    nr_md_split(full, &ns, &name);
    if (!nr_image_token_coded(NR_TAB_TYPE_REF, NR_COL_TYPE_REF_SCOPE, scope, &cells[0]))
        return NR_MD_E_BAD_ARGUMENT;
    if (!ready(md, &md->type_refs, NR_TAB_TYPE_REF)) return NR_MD_E_NO_MEMORY;
    uint32_t hash = hash_named(cells[0], ns, name);
    for (uint32_t e = nr_index_first(&md->type_refs, hash); e; e = nr_index_next(&md->type_refs, e)) {
        uint32_t rid = nr_index_value(&md->type_refs, e);
        if (nr_md_get(md, NR_TAB_TYPE_REF, rid, NR_COL_TYPE_REF_SCOPE) != cells[0]) continue;
        if (!nr_str_eq(nr_md_text(md, NR_TAB_TYPE_REF, rid, NR_COL_TYPE_REF_NAME), name)) continue;
        if (!nr_str_eq(nr_md_text(md, NR_TAB_TYPE_REF, rid, NR_COL_TYPE_REF_NAMESPACE), ns)) continue;
        *token = (uint32_t)NR_TAB_TYPE_REF << 24 | rid;
        return NR_MD_S_DUPLICATE;
    }
    if (!add_string(md, name, &cells[1]) || !add_string(md, ns, &cells[2])) return NR_MD_E_NO_MEMORY;
    int32_t hr = add_row(md, NR_TAB_TYPE_REF, cells, 3, token);
    if (hr < 0 || nr_index_add(&md->type_refs, hash, *token & 0xFFFFFF)) return hr;
    drop_row(md, NR_TAB_TYPE_REF);
    return NR_MD_E_NO_MEMORY;
}

/* ---- members ------------------------------------------------------------------------- */

uint32_t nr_md_member_ref_of(nr_md *md, uint32_t parent, uint32_t *entry)
{
    uint32_t coded;
    if (!nr_image_token_coded(NR_TAB_MEMBER_REF, NR_COL_MEMBER_REF_PARENT, parent, &coded)) return 0;
    if (!ready(md, &md->members_of, NR_TAB_MEMBER_REF)) return 0;
    uint32_t e = *entry ? nr_index_next(&md->members_of, *entry)
                        : nr_index_first(&md->members_of, nr_index_mix(0, coded));
    for (; e; e = nr_index_next(&md->members_of, e)) {
        uint32_t rid = nr_index_value(&md->members_of, e);
        if (nr_md_get(md, NR_TAB_MEMBER_REF, rid, NR_COL_MEMBER_REF_PARENT) != coded) continue;
        *entry = e;
        return (uint32_t)NR_TAB_MEMBER_REF << 24 | rid;
    }
    *entry = 0;
    return 0;
}

int32_t nr_md_define_member_ref(nr_md *md, uint32_t parent, nr_str name, const uint8_t *sig, uint32_t size,
                                uint32_t *token)
{
    uint32_t cells[3];
    if (!(parent & 0xFFFFFF)) parent = 0x02000001; /* no parent: the module's own type */
    if (!nr_image_token_coded(NR_TAB_MEMBER_REF, NR_COL_MEMBER_REF_PARENT, parent, &cells[0]))
        return NR_MD_E_BAD_ARGUMENT;
    if (!ready(md, &md->member_refs, NR_TAB_MEMBER_REF) || !ready(md, &md->members_of, NR_TAB_MEMBER_REF))
        return NR_MD_E_NO_MEMORY;
    uint32_t hash = nr_index_hash(nr_index_hash(cells[0], name.p, name.n), sig, size);
    for (uint32_t e = nr_index_first(&md->member_refs, hash); e; e = nr_index_next(&md->member_refs, e)) {
        uint32_t rid = nr_index_value(&md->member_refs, e);
        if (nr_md_get(md, NR_TAB_MEMBER_REF, rid, NR_COL_MEMBER_REF_PARENT) != cells[0]) continue;
        if (!nr_str_eq(nr_md_text(md, NR_TAB_MEMBER_REF, rid, NR_COL_MEMBER_REF_NAME), name)) continue;
        if (!same_blob(md, NR_TAB_MEMBER_REF, rid, NR_COL_MEMBER_REF_SIG, sig, size)) continue;
        *token = (uint32_t)NR_TAB_MEMBER_REF << 24 | rid;
        return NR_MD_S_DUPLICATE;
    }
    if (!add_string(md, name, &cells[1]) || !add_blob(md, sig, size, &cells[2])) return NR_MD_E_NO_MEMORY;
    int32_t hr = add_row(md, NR_TAB_MEMBER_REF, cells, 3, token);
    if (hr < 0) return hr;
    uint32_t rid = *token & 0xFFFFFF;
    if (nr_index_add(&md->member_refs, hash, rid)) {
        if (nr_index_add(&md->members_of, nr_index_mix(0, cells[0]), rid)) return hr;
        nr_index_free(&md->member_refs); /* it names the row that is dropped now: build it again when needed */
    }
    drop_row(md, NR_TAB_MEMBER_REF);
    return NR_MD_E_NO_MEMORY;
}

/* A table whose rows are found by one blob column behind an optional parent. */
static int32_t define_blob_row(nr_md *md, nr_index *ix, unsigned table, unsigned column, uint32_t parent,
                               const uint8_t *sig, uint32_t size, int32_t duplicate, uint32_t *token)
{
    uint32_t cells[2] = {parent, 0};
    if (!ready(md, ix, table)) return NR_MD_E_NO_MEMORY;
    uint32_t hash = nr_index_hash(column ? parent : 0, sig, size);
    for (uint32_t e = nr_index_first(ix, hash); e; e = nr_index_next(ix, e)) {
        uint32_t rid = nr_index_value(ix, e);
        if (column && nr_md_get(md, table, rid, 0) != parent) continue;
        if (!same_blob(md, table, rid, column, sig, size)) continue;
        *token = (uint32_t)table << 24 | rid;
        return duplicate;
    }
    if (!add_blob(md, sig, size, &cells[column])) return NR_MD_E_NO_MEMORY;
    int32_t hr = add_row(md, table, cells, column + 1, token);
    if (hr < 0 || nr_index_add(ix, hash, *token & 0xFFFFFF)) return hr;
    drop_row(md, table);
    return NR_MD_E_NO_MEMORY;
}

int32_t nr_md_define_sig(nr_md *md, const uint8_t *sig, uint32_t size, uint32_t *token)
{
    return define_blob_row(md, &md->sigs, NR_TAB_STAND_ALONE_SIG, 0, 0, sig, size, NR_MD_S_DUPLICATE, token);
}

int32_t nr_md_define_type_spec(nr_md *md, const uint8_t *sig, uint32_t size, uint32_t *token)
{
    return define_blob_row(md, &md->type_specs, NR_TAB_TYPE_SPEC, 0, 0, sig, size, NR_MD_S_OK, token);
}

int32_t nr_md_define_method_spec(nr_md *md, uint32_t parent, const uint8_t *sig, uint32_t size, uint32_t *token)
{
    uint32_t coded;
    if (!nr_image_token_coded(NR_TAB_METHOD_SPEC, NR_COL_METHOD_SPEC_METHOD, parent, &coded))
        return NR_MD_E_BAD_PARENT;
    return define_blob_row(md, &md->method_specs, NR_TAB_METHOD_SPEC, 1, coded, sig, size, NR_MD_S_DUPLICATE,
                           token);
}

/* ---- user strings ---------------------------------------------------------------------- */

int32_t nr_md_define_user_string(nr_md *md, const uint16_t *units, uint32_t count, uint32_t *token)
{
    uint32_t hash = nr_index_hash(count, units, (size_t)count * 2);
    const struct user *users = (const struct user *)(const void *)md->users.data;
    for (uint32_t e = nr_index_first(&md->user_index, hash); e; e = nr_index_next(&md->user_index, e)) {
        const struct user *u = &users[nr_index_value(&md->user_index, e)];
        if (u->count != count || (count && memcmp(u->units, units, (size_t)count * 2))) continue;
        *token = 0x70000000u | u->offset;
        return NR_MD_S_OK;
    }
    /* II.24.2.4: compressed length, the units, one flag byte. */
    uint64_t size = (uint64_t)count * 2 + 1;
    size += size < 0x80 ? 1 : size < 0x4000 ? 2 : 4;
    if (md->user_end > 0xFFFFFF || size > 0x1FFFFFFF) return NR_MD_E_TOO_BIG;
    struct user u = {md->user_end, count, nr_arena_copy(&md->arena, count ? (const void *)units : "", (size_t)count * 2)};
    uint32_t number = (uint32_t)(md->users.size / sizeof u);
    void *at = u.units ? append(&md->users, sizeof u) : NULL;
    if (!at) return NR_MD_E_NO_MEMORY;
    memcpy(at, &u, sizeof u);
    if (!nr_index_add(&md->user_index, hash, number)) {
        md->users.size -= sizeof u;
        return NR_MD_E_NO_MEMORY;
    }
    md->user_end += (uint32_t)size;
    *token = 0x70000000u | u.offset;
    return NR_MD_S_OK;
}

/* ---- rows without a duplicate check ------------------------------------------------------- */

int32_t nr_md_define_module_ref(nr_md *md, nr_str name, uint32_t *token)
{
    uint32_t cells[1];
    if (!add_string(md, name, &cells[0])) return NR_MD_E_NO_MEMORY;
    return add_row(md, NR_TAB_MODULE_REF, cells, 1, token);
}

int32_t nr_md_define_assembly_ref(nr_md *md, nr_str name, const uint16_t version[4], nr_str culture,
                                  const void *key, uint32_t key_size, const void *hash, uint32_t hash_size,
                                  uint32_t flags, uint32_t *token)
{
    uint32_t cells[9] = {version[0], version[1], version[2], version[3], flags};
    if (!add_blob(md, key, key_size, &cells[NR_COL_ASSEMBLY_REF_KEY]) ||
        !add_string(md, name, &cells[NR_COL_ASSEMBLY_REF_NAME]) ||
        !add_string(md, culture, &cells[NR_COL_ASSEMBLY_REF_CULTURE]) ||
        !add_blob(md, hash, hash_size, &cells[NR_COL_ASSEMBLY_REF_HASH]))
        return NR_MD_E_NO_MEMORY;
    return add_row(md, NR_TAB_ASSEMBLY_REF, cells, 9, token);
}

int32_t nr_md_define_method(nr_md *md, uint32_t type, nr_str name, uint32_t flags, const uint8_t *sig,
                            uint32_t size, uint32_t rva, uint32_t impl_flags, uint32_t *token)
{
    uint32_t cells[NR_MD_CELLS] = {rva, impl_flags, flags};
    if (!(type & 0xFFFFFF)) type = 0x02000001; /* global */
    if (!nr_md_is(md, type, NR_TAB_TYPE_DEF)) return NR_MD_E_INDEX;
    if (nr_str_is(name, ".ctor") || nr_str_is(name, ".cctor")) cells[NR_COL_METHOD_FLAGS] |= 0x1800; /* (RT)SpecialName */
    cells[NR_TAB_MAX_COLUMNS] = type & 0xFFFFFF;
    if (!add_string(md, name, &cells[NR_COL_METHOD_NAME]) || !add_blob(md, sig, size, &cells[NR_COL_METHOD_SIG]))
        return NR_MD_E_NO_MEMORY;
    return add_row(md, NR_TAB_METHOD_DEF, cells, NR_MD_CELLS, token);
}

int32_t nr_md_define_attribute(nr_md *md, uint32_t owner, uint32_t constructor, const void *value, uint32_t size,
                               uint32_t *token)
{
    uint32_t cells[3];
    if (!nr_image_token_coded(NR_TAB_CUSTOM_ATTRIBUTE, NR_COL_ATTRIBUTE_PARENT, owner, &cells[0]) ||
        !nr_image_token_coded(NR_TAB_CUSTOM_ATTRIBUTE, NR_COL_ATTRIBUTE_TYPE, constructor, &cells[1]))
        return NR_MD_E_BAD_ARGUMENT;
    if (!add_blob(md, value, size, &cells[2])) return NR_MD_E_NO_MEMORY;
    return add_row(md, NR_TAB_CUSTOM_ATTRIBUTE, cells, 3, token);
}

int32_t nr_md_define_permission_set(nr_md *md, uint32_t owner, uint32_t action, const void *set, uint32_t size,
                                    uint32_t *token)
{
    uint32_t cells[3] = {action};
    if (!nr_image_token_coded(NR_TAB_DECL_SECURITY, NR_COL_SECURITY_PARENT, owner, &cells[1]))
        return NR_MD_E_BAD_ARGUMENT;
    if (!add_blob(md, set, size, &cells[2])) return NR_MD_E_NO_MEMORY;
    int32_t hr = add_row(md, NR_TAB_DECL_SECURITY, cells, 3, token);
    if (hr < 0 || owner >> 24 == NR_TAB_ASSEMBLY) return hr;
    if (!nr_md_is_valid(md, owner)) return NR_MD_E_INDEX; /* found out after the row was added */
    uint32_t *at = append(&md->secured, sizeof *at);
    if (at) *at = owner;
    return at ? hr : NR_MD_E_NO_MEMORY;
}
