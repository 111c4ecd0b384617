/* fake_clr.h - the engine's tables of functions over modules in memory.
 *
 * Metadata rows and token requests are those of meta/fake_meta.h; methods, types and their properties stand beside
 * them, row for row. A function id is FUNCTION_BASE + module index * 0x10000 + method row. Every call that can fail
 * is counted, so a test can let the n-th one fail. Static functions: include it where it is used. */
#ifndef NR_TESTS_ENGINE_FAKE_CLR_H
#define NR_TESTS_ENGINE_FAKE_CLR_H

#include "meta/fake_meta.h"
#include "rules/fixture.h"

#include "engine/engine.h"
#include "engine/method.h"

#include <stdatomic.h>
#include <stdlib.h>

#define FUNCTION_BASE ((uintptr_t)0x7f00aa00)

enum { FAKE_MODULES = 24, FAKE_TYPES = 16, FAKE_METHODS = 64, FAKE_REQUESTS = 256 };
enum { ON_TRANSACTION = 1, ON_TRACE = 2, ON_ASYNC = 4 }; /* attributes of a method */
enum { FAKE_VALUE = 0x20000000, FAKE_BY_REF_LIKE = 0x40000000, FAKE_VALUE_TYPE_REF = 0x01FFFFFF };

typedef struct fake_type {
    const char *name;
    uint32_t attributes, outer; /* token of the enclosing type */
    uint32_t base;              /* 0: none, or by FAKE_VALUE */
    uint32_t interfaces[12];    /* up to the first 0 */
} fake_type;

typedef struct fake_method {
    uint32_t type, attributes;
    const char *name;
    uint8_t sig[40], body[400];
    uint32_t sig_size, body_size;
    unsigned marks;
    const uint8_t *value; /* of the attribute */
    uint32_t value_size;
    bool generic;
} fake_method;

typedef struct fake_module {
    struct fake_clr *clr;
    uintptr_t id;
    const char *assembly, *path, *domain;
    uint32_t flags;
    atomic_bool loaded;
    bool knows_attributes;
    nr_version version;
    fake_meta meta;
    nr_mutex lock; /* over `meta` */
    fake_type types[FAKE_TYPES];
    size_t type_count;
    fake_method methods[FAKE_METHODS];
    size_t method_count;
    uint32_t hidden; /* so many of the last methods came after the first look */
} fake_module;

typedef struct fake_request_row {
    uintptr_t module;
    uint32_t token;
} fake_request_row;

typedef struct fake_clr {
    nr_runtime runtime;
    fake_module *modules; /* FAKE_MODULES; a megabyte, which is all the stack there is on Windows */
    size_t module_count;
    nr_mutex lock; /* over what follows */
    fake_request_row requests[FAKE_REQUESTS];
    size_t request_count, request_calls, revert_count, revert_calls;
    nr_buf body; /* the last one written */
    uintptr_t body_module;
    uint32_t body_method;
    void *body_control;
    unsigned bodies;
    bool images; /* modules can be read beside the CLR */
    atomic_uint images_read;
    atomic_uint opened, closed, attribute_looks, knows_calls, carrier_calls, props_calls, each_types;
    atomic_uint failable, fail_at;
    int32_t fail_hr;
    char failed_call[40];
} fake_clr;

static inline bool fails(fake_clr *c, const char *call)
{
    if (atomic_fetch_add(&c->failable, 1) + 1 != atomic_load(&c->fail_at)) return false;
    snprintf(c->failed_call, sizeof c->failed_call, "%s", call);
    return true;
}

static inline fake_module *module_by_id(fake_clr *c, uintptr_t id)
{
    for (size_t i = 0; i < c->module_count; i++) {
        if (c->modules[i].id == id && atomic_load(&c->modules[i].loaded)) return &c->modules[i];
    }
    return NULL;
}

static inline fake_method *method_of(fake_module *m, uint32_t token)
{
    size_t row = token & 0xFFFFFF;
    return token >> 24 == NR_TABLE_METHOD_DEF && row && row <= m->method_count ? &m->methods[row - 1] : NULL;
}

static inline fake_module *module_of_function(fake_clr *c, uintptr_t function, uint32_t *token)
{
    uintptr_t n = function - FUNCTION_BASE;
    if (n >> 16 >= c->module_count || !atomic_load(&c->modules[n >> 16].loaded)) return NULL;
    *token = (uint32_t)NR_TABLE_METHOD_DEF << 24 | (uint32_t)(n & 0xFFFF);
    return method_of(&c->modules[n >> 16], *token) ? &c->modules[n >> 16] : NULL;
}

enum { FAKE_INVALID = (int32_t)0x80070057 };

static inline int32_t text_out(nr_arena *arena, const char *text, nr_str *out)
{
    *out = nr_arena_str(arena, nr_str_of(text));
    return out->p ? 0 : NR_HR_NO_MEMORY;
}

/* ---- scope ---------------------------------------------------------------------------- */

static inline fake_module *of_scope(nr_scope *s)
{
    return s->import;
}

static inline int32_t sc_method_props(nr_scope *s, nr_arena *arena, uint32_t method, nr_method_props *props)
{
    fake_module *m = of_scope(s);
    fake_method *f = method_of(m, method);
    atomic_fetch_add(&m->clr->props_calls, 1);
    if (fails(m->clr, "GetMethodProps")) return m->clr->fail_hr;
    if (!f) return FAKE_INVALID;
    props->type_def = f->type;
    props->attributes = f->attributes;
    props->sig = f->sig;
    props->sig_size = f->sig_size;
    return text_out(arena, f->name, &props->name);
}

static inline int32_t sc_type_props(nr_scope *s, nr_arena *arena, uint32_t type_def, nr_str *name, uint32_t *attributes)
{
    fake_module *m = of_scope(s);
    size_t row = type_def & 0xFFFFFF;
    if (fails(m->clr, "GetTypeDefProps")) return m->clr->fail_hr;
    if (!row || row > m->type_count) return FAKE_INVALID;
    *attributes = m->types[row - 1].attributes;
    return text_out(arena, m->types[row - 1].name, name);
}

static inline int32_t sc_enclosing_type(nr_scope *s, uint32_t type_def, uint32_t *outer)
{
    fake_module *m = of_scope(s);
    if (fails(m->clr, "GetNestedClassProps")) return m->clr->fail_hr;
    *outer = m->types[(type_def & 0xFFFFFF) - 1].outer;
    return *outer ? 0 : FAKE_INVALID;
}

static inline int32_t sc_find_type(nr_scope *s, nr_arena *arena, nr_str name, uint32_t *type_def)
{
    fake_module *m = of_scope(s);
    (void)arena;
    if (fails(m->clr, "FindTypeDefByName")) return m->clr->fail_hr;
    for (size_t i = 0; i < m->type_count; i++) {
        if (m->types[i].outer || !nr_str_is(name, m->types[i].name)) continue;
        *type_def = (uint32_t)NR_TABLE_TYPE_DEF << 24 | (uint32_t)(i + 1);
        return 0;
    }
    return (int32_t)0x80131130u;
}

static inline bool sc_each_type_def(nr_scope *s, nr_token_visitor visit, void *self)
{
    fake_module *m = of_scope(s);
    atomic_fetch_add(&m->clr->each_types, 1);
    if (fails(m->clr, "EnumTypeDefs")) return false;
    for (size_t i = 0; i < m->type_count; i++) {
        if (!visit(self, (uint32_t)NR_TABLE_TYPE_DEF << 24 | (uint32_t)(i + 1))) return true;
    }
    return true;
}

static inline bool sc_each_method(nr_scope *s, uint32_t type_def, nr_token_visitor visit, void *self)
{
    fake_module *m = of_scope(s);
    if (fails(m->clr, "EnumMethods")) return false;
    for (size_t i = 0; i < m->method_count - m->hidden; i++) {
        if (m->methods[i].type != type_def) continue;
        if (!visit(self, (uint32_t)NR_TABLE_METHOD_DEF << 24 | (uint32_t)(i + 1))) return true;
    }
    return true;
}

static inline bool sc_each_method_named(nr_scope *s, nr_arena *arena, uint32_t type_def, nr_str name,
                                        nr_token_visitor visit, void (*batch)(void *self, uint32_t count), void *self)
{
    fake_module *m = of_scope(s);
    uint32_t tokens[5], n = 0;
    if (!nr_arena_str(arena, name).p) return false;
    for (size_t i = 0; i <= m->method_count; i++) {
        if (i < m->method_count && m->methods[i].type == type_def && nr_str_is(name, m->methods[i].name))
            tokens[n++] = (uint32_t)NR_TABLE_METHOD_DEF << 24 | (uint32_t)(i + 1);
        if (n == 0 || (n < 5 && i < m->method_count)) continue;
        batch(self, n);
        for (uint32_t k = 0; k < n; k++) {
            if (!visit(self, tokens[k])) return true;
        }
        n = 0;
    }
    return true;
}

static inline int32_t sc_custom_attribute(nr_scope *s, uint32_t method, const char *type, const uint8_t **value,
                                          uint32_t *size)
{
    fake_module *m = of_scope(s);
    const fake_method *f = method_of(m, method);
    unsigned mark = !strcmp(type, "NewRelic.Api.Agent.TransactionAttribute") ? ON_TRANSACTION
                    : !strcmp(type, "NewRelic.Api.Agent.TraceAttribute")     ? ON_TRACE
                                                                             : ON_ASYNC;
    if (mark != ON_ASYNC) atomic_fetch_add(&m->clr->attribute_looks, 1);
    if (fails(m->clr, "GetCustomAttributeByName")) return m->clr->fail_hr;
    if (method >> 24 == NR_TABLE_TYPE_DEF)
        return m->types[(method & 0xFFFFFF) - 1].attributes & FAKE_BY_REF_LIKE ? 0 : NR_HR_FALSE;
    if (!f || !(f->marks & mark)) return NR_HR_FALSE;
    *value = f->value;
    *size = f->value_size;
    return 0;
}

static inline bool sc_has_attribute(nr_scope *s, nr_arena *arena, uint32_t owner, nr_str type)
{
    const uint8_t *value;
    uint32_t size;
    nr_str z = nr_arena_str(arena, type);
    return z.p && sc_custom_attribute(s, owner, z.p, &value, &size) == 0;
}

static inline void sc_each_interface(nr_scope *s, uint32_t type_def, nr_token_visitor visit, void *self)
{
    fake_module *m = of_scope(s);
    size_t row = type_def & 0xFFFFFF;
    for (size_t i = 0; row && row <= m->type_count && i < 12 && m->types[row - 1].interfaces[i]; i++) {
        if (!visit(self, m->types[row - 1].interfaces[i])) return;
    }
}

/* Every type and method has the attributes A.B and A.D. */
static inline void sc_each_attribute(nr_scope *s, nr_arena *arena, uint32_t owner, nr_name_visitor visit, void *self)
{
    (void)s, (void)arena, (void)owner;
    if (visit(self, NR_STR("A.B"))) visit(self, NR_STR("A.D"));
}

static inline int32_t sc_method_rva(nr_scope *s, uint32_t method, uint32_t *rva)
{
    const fake_method *f = method_of(of_scope(s), method);
    *rva = f && f->body_size ? 0x2050 : 0;
    return f ? 0 : FAKE_INVALID;
}

static inline bool sc_knows_type(nr_scope *s, const char *const *names)
{
    fake_module *m = of_scope(s);
    atomic_fetch_add(&m->clr->knows_calls, 1);
    CHECK(!strcmp(names[0], "NewRelic.Api.Agent.TransactionAttribute"));
    return m->knows_attributes;
}

static inline bool sc_each_carrier(nr_scope *s, const char *const *types, nr_token_visitor visit, void *self)
{
    fake_module *m = of_scope(s);
    (void)types;
    atomic_fetch_add(&m->clr->carrier_calls, 1);
    if (fails(m->clr, "EnumCustomAttributes")) return false;
    for (uint32_t i = 0; i < m->method_count - m->hidden; i++) {
        if (m->methods[i].marks & (ON_TRACE | ON_TRANSACTION))
            visit(self, (uint32_t)NR_TABLE_METHOD_DEF << 24 | (i + 1));
    }
    return true;
}

static inline bool sc_is_valid_token(nr_scope *s, uint32_t token)
{
    fake_module *m = of_scope(s);
    return token >> 24 == NR_TABLE_METHOD_DEF && (token & 0xFFFFFF) &&
           (token & 0xFFFFFF) <= m->method_count - m->hidden;
}

static inline int32_t sc_sig_from_token(nr_scope *s, uint32_t token, const uint8_t **sig, uint32_t *size)
{
    fake_module *m = of_scope(s);
    int32_t hr = FAKE_INVALID;
    if (fails(m->clr, "GetSigFromToken")) return m->clr->fail_hr;
    nr_mutex_lock(&m->lock);
    for (size_t i = 0; i < m->meta.count && hr < 0; i++) {
        if (m->meta.rows[i].token != token) continue;
        *sig = (const uint8_t *)m->meta.rows[i].blob.p;
        *size = (uint32_t)m->meta.rows[i].blob.n;
        hr = 0;
    }
    nr_mutex_unlock(&m->lock);
    return hr;
}

static inline int32_t sc_assembly_version(nr_scope *s, nr_version *version)
{
    fake_module *m = of_scope(s);
    if (fails(m->clr, "GetAssemblyProps")) return m->clr->fail_hr;
    *version = m->version;
    return 0;
}

static inline int32_t sc_open_emit(nr_scope *s)
{
    fake_module *m = of_scope(s);
    if (fails(m->clr, "IMetaDataEmit2")) return m->clr->fail_hr;
    s->emit = m;
    return 0;
}

static inline void sc_close(nr_scope *s)
{
    atomic_fetch_add(&of_scope(s)->clr->closed, 1);
    s->import = NULL;
}

#include "fake_types.h"

static const nr_scope_ops fake_scope_ops = {
    .method_props = sc_method_props,
    .type_props = sc_type_props,
    .enclosing_type = sc_enclosing_type,
    .find_type = sc_find_type,
    .each_type_def = sc_each_type_def,
    .each_method = sc_each_method,
    .each_method_named = sc_each_method_named,
    .custom_attribute = sc_custom_attribute,
    .knows_type = sc_knows_type,
    .each_carrier = sc_each_carrier,
    .has_attribute = sc_has_attribute,
    .each_attribute = sc_each_attribute,
    .each_interface = sc_each_interface,
    .method_rva = sc_method_rva,
    .is_valid_token = sc_is_valid_token,
    .sig_from_token = sc_sig_from_token,
    .assembly_version = sc_assembly_version,
    .type_base = sc_type_base,
    .type_ref = sc_type_ref,
    .assembly_ref = sc_assembly_ref,
    .find_nested = sc_find_nested,
    .exported_type = sc_exported_type,
    .type_spec = sc_blob,
    .method_sig = sc_blob,
    .generic_param = sc_generic_param,
    .open_emit = sc_open_emit,
    .close = sc_close,
};

/* Token requests: fake_meta's under the module's lock, and countable as calls that fail. */
#define LOCKED(call, ...) \
    fake_module *f = m; \
    if (fails(f->clr, #call)) return f->clr->fail_hr; \
    nr_mutex_lock(&f->lock); \
    int32_t hr = fake_##call(&f->meta, __VA_ARGS__); \
    nr_mutex_unlock(&f->lock); \
    return hr
#define LOCKED_EACH(call, ...) \
    fake_module *f = m; \
    nr_mutex_lock(&f->lock); \
    fake_##call(&f->meta, __VA_ARGS__); \
    nr_mutex_unlock(&f->lock)

static inline int32_t lk_find_type_def(void *m, nr_str n, uint32_t *t)
{
    LOCKED(find_type_def, n, t);
}
static inline int32_t lk_name(void *m, nr_arena *a, uint32_t t, nr_str *n)
{
    LOCKED(name, a, t, n);
}
static inline void lk_each_assembly_ref(void *m, nr_meta_row row, void *self)
{
    LOCKED_EACH(each_assembly_ref, row, self);
}
static inline void lk_each_member_ref(void *m, uint32_t p, nr_meta_row row, void *self)
{
    LOCKED_EACH(each_member_ref, p, row, self);
}
static inline void lk_each_method(void *m, uint32_t p, nr_meta_row row, void *self)
{
    LOCKED_EACH(each_method, p, row, self);
}
static inline int32_t lk_type_ref(void *m, uint32_t s, nr_str n, uint32_t *t)
{
    LOCKED(define_type_ref, s, n, t);
}
static inline int32_t lk_member_ref(void *m, uint32_t p, nr_str n, const uint8_t *b, size_t z, uint32_t *t)
{
    LOCKED(define_member_ref, p, n, b, z, t);
}
static inline int32_t lk_assembly_ref(void *m, nr_str n, uint32_t *t)
{
    LOCKED(define_assembly_ref, n, t);
}
static inline int32_t lk_user_string(void *m, nr_str s, uint32_t *t)
{
    LOCKED(define_user_string, s, t);
}
static inline int32_t lk_method_spec(void *m, uint32_t p, const uint8_t *b, size_t z, uint32_t *t)
{
    LOCKED(define_method_spec, p, b, z, t);
}
static inline int32_t lk_type_spec(void *m, const uint8_t *b, size_t z, uint32_t *t)
{
    LOCKED(token_from_type_spec, b, z, t);
}
static inline int32_t lk_sig(void *m, const uint8_t *b, size_t z, uint32_t *t)
{
    LOCKED(token_from_sig, b, z, t);
}

static const nr_meta_ops fake_locked_meta_ops = {
    lk_find_type_def, lk_name,      lk_name,       lk_each_assembly_ref, lk_each_member_ref,
    lk_each_method,   lk_type_ref,  lk_member_ref, lk_assembly_ref,      lk_user_string,
    lk_method_spec,   lk_type_spec, lk_sig};

#endif
