/* fake_types.h - the half of the fake CLR that only the verifier asks. Included by fake_clr.h.
 *
 * A type is a value type by FAKE_VALUE or FAKE_BY_REF_LIKE among its attributes. Calls that fail on demand are named
 * "verify …": their failure must not be one of the method. */
#ifndef NR_TESTS_ENGINE_FAKE_TYPES_H
#define NR_TESTS_ENGINE_FAKE_TYPES_H

static inline const fake_row *row_of(fake_module *m, uint32_t token)
{
    const fake_row *found = NULL;
    nr_mutex_lock(&m->lock);
    for (size_t i = 0; i < m->meta.count && !found; i++) {
        if (m->meta.rows[i].token == token) found = &m->meta.rows[i];
    }
    nr_mutex_unlock(&m->lock);
    return found;
}

static inline int32_t sc_type_base(nr_scope *s, uint32_t type_def, uint32_t *base)
{
    fake_module *m = of_scope(s);
    size_t row = type_def & 0xFFFFFF;
    if (fails(m->clr, "verify base")) return m->clr->fail_hr;
    if (!row || row > m->type_count) return FAKE_INVALID;
    *base = m->types[row - 1].base;
    if (m->types[row - 1].attributes & (FAKE_VALUE | FAKE_BY_REF_LIKE)) *base = FAKE_VALUE_TYPE_REF;
    return 0;
}

static inline int32_t sc_type_ref(nr_scope *s, nr_arena *arena, uint32_t token, uint32_t *resolution_scope, nr_str *name)
{
    fake_module *m = of_scope(s);
    const fake_row *row = row_of(m, token);
    if (fails(m->clr, "verify TypeRef")) return m->clr->fail_hr;
    if (token == FAKE_VALUE_TYPE_REF) return text_out(arena, "System.ValueType", name);
    if (!row) return FAKE_INVALID;
    *resolution_scope = row->parent;
    *name = nr_arena_str(arena, row->name);
    return name->p ? 0 : NR_HR_NO_MEMORY;
}

static inline int32_t sc_assembly_ref(nr_scope *s, nr_arena *arena, uint32_t token, nr_str *name)
{
    fake_module *m = of_scope(s);
    const fake_row *row = row_of(m, token);
    if (fails(m->clr, "verify AssemblyRef")) return m->clr->fail_hr;
    if (!row) return FAKE_INVALID;
    *name = nr_arena_str(arena, row->name);
    return name->p ? 0 : NR_HR_NO_MEMORY;
}

static inline int32_t sc_find_nested(nr_scope *s, nr_arena *arena, nr_str name, uint32_t outer, uint32_t *type_def)
{
    fake_module *m = of_scope(s);
    (void)arena;
    for (size_t i = 0; i < m->type_count; i++) {
        if (m->types[i].outer != outer || !nr_str_is(name, m->types[i].name)) continue;
        *type_def = (uint32_t)NR_TABLE_TYPE_DEF << 24 | (uint32_t)(i + 1);
        return 0;
    }
    return (int32_t)0x80131130u;
}

/* A forward: a row of the table 0x27 whose parent is the AssemblyRef. */
static inline int32_t sc_exported_type(nr_scope *s, nr_arena *arena, nr_str name, uint32_t *implementation)
{
    fake_module *m = of_scope(s);
    (void)arena;
    for (size_t i = 0; i < m->meta.count; i++) {
        if (m->meta.rows[i].table != 0x27 || !nr_str_eq(m->meta.rows[i].name, name)) continue;
        *implementation = m->meta.rows[i].parent;
        return 0;
    }
    return (int32_t)0x80131130u;
}

static inline int32_t sc_blob(nr_scope *s, uint32_t token, const uint8_t **sig, uint32_t *size)
{
    fake_module *m = of_scope(s);
    const fake_row *row = row_of(m, token);
    if (fails(m->clr, "verify blob")) return m->clr->fail_hr;
    if (!row) return FAKE_INVALID;
    *sig = (const uint8_t *)row->blob.p;
    *size = (uint32_t)row->blob.n;
    return 0;
}

static inline int32_t sc_generic_param(nr_scope *s, uint32_t owner, uint32_t number, uint32_t *flags)
{
    (void)s, (void)owner;
    *flags = number == 7 ? 0x20 : 0; /* the eighth allows by-ref-like types */
    return 0;
}

#endif
