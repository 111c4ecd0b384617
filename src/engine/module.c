#include "engine/module.h"

#include "base/alloc.h"
#include "base/log.h"
#include "engine/traced.h"
#include "engine/why.h"

static unsigned bucket_of(uintptr_t id)
{
    return (unsigned)((uint64_t)id * 0x9E3779B97F4A7C15u >> 54);
}
_Static_assert(NR_MODULE_BUCKETS == 1024, "bucket_of yields 10 bits");

nr_module *nr_modules_find(nr_modules *m, uintptr_t id)
{
    nr_module *r = atomic_load(&m->buckets[bucket_of(id)]);
    while (r && r->id != id) r = atomic_load(&r->next);
    return r;
}

nr_module *nr_modules_named(nr_modules *m, nr_str assembly)
{
    nr_module *only = NULL;
    unsigned count = 0;
    for (unsigned i = 0; i < NR_MODULE_BUCKETS; i++) {
        for (nr_module *r = atomic_load(&m->buckets[i]); r; r = atomic_load(&r->next)) {
            if (!nr_str_eq(r->assembly, assembly)) continue;
            if (!r->collectible) return r;
            only = r;
            count++;
        }
    }
    return count == 1 ? only : NULL;
}

static void free_candidates(nr_retired *what)
{
    nr_candidates *c = (nr_candidates *)what;
    nr_wide_rows_free(&c->wide);
    nr_free(c, offsetof(nr_candidates, words) + (c->bits / 64 + 1) * sizeof(uint64_t));
}

static void free_module(nr_retired *what)
{
    nr_module *r = (nr_module *)what;
    nr_candidates *c = atomic_load(&r->candidates);
    if (c) free_candidates(&c->retired);
    nr_method_bits_free(atomic_load(&r->traced));
    nr_method_bits_free(atomic_load(&r->searched));
    nr_method_bits_free(atomic_load(&r->callers));
    nr_token_cache_free(r->tokens);
    nr_arena_free(&r->arena);
    nr_free(r, sizeof *r);
}

static nr_module *make(nr_modules *m, uintptr_t id, int32_t *hr)
{
    const nr_runtime_ops *clr = m->runtime->ops;
    uintptr_t assembly = 0, domain = 0;
    nr_module *r = nr_zalloc(sizeof *r);
    *hr = NR_HR_NO_MEMORY;
    if (!r) return NULL;
    r->id = id;
    *hr = clr->module_assembly(m->runtime->self, id, &assembly);
    if (*hr >= 0) *hr = clr->assembly_info(m->runtime->self, &r->arena, assembly, &r->assembly, &domain);
    if (*hr >= 0 && !(r->tokens = nr_token_cache_new())) *hr = NR_HR_NO_MEMORY;
    if (*hr < 0) {
        free_module(&r->retired);
        return NULL;
    }
    uint32_t flags = clr->module_flags(m->runtime->self, id);
    r->dynamic = (flags & NR_MODULE_DYNAMIC) != 0;
    r->collectible = (flags & NR_MODULE_COLLECTIBLE) != 0;
    r->precompiled = (flags & NR_MODULE_PRECOMPILED) != 0;
    r->searches_attributes = !nr_str_starts(r->assembly, NR_STR("System.")) &&
                             !nr_str_starts(r->assembly, NR_STR("Microsoft.")) &&
                             !nr_str_starts(r->assembly, NR_STR("NewRelic."));
    r->is_api = nr_str_is(r->assembly, "NewRelic.Api.Agent");
    atomic_init(&r->untraced, !r->searches_attributes);
    return r;
}

nr_module *nr_modules_need(nr_modules *m, uintptr_t id, int32_t *hr)
{
    nr_module *r = nr_modules_find(m, id);
    *hr = NR_HR_OK;
    if (r) return r;
    nr_module *made = make(m, id, hr); /* asks the CLR: outside the lock */
    if (!made) return NULL;
    nr_mutex_lock(&m->lock);
    r = nr_modules_find(m, id);
    if (!r) {
        nr_module *_Atomic *bucket = &m->buckets[bucket_of(id)];
        atomic_store(&made->next, atomic_load(bucket));
        atomic_store(bucket, made);
    }
    nr_mutex_unlock(&m->lock);
    if (r) free_module(&made->retired); /* another thread was faster */
    return r ? r : made;
}

void nr_modules_remove(nr_modules *m, uintptr_t id)
{
    nr_mutex_lock(&m->lock);
    nr_module *_Atomic *at = &m->buckets[bucket_of(id)];
    nr_module *r = atomic_load(at);
    while (r && r->id != id) {
        at = &r->next;
        r = atomic_load(at);
    }
    if (r) atomic_store(at, atomic_load(&r->next));
    nr_mutex_unlock(&m->lock);
    if (r) nr_epoch_retire(m->epoch, &r->retired, free_module);
}

void nr_modules_end(nr_modules *m)
{
    for (unsigned i = 0; i < NR_MODULE_BUCKETS; i++) {
        nr_module *r = atomic_load(&m->buckets[i]);
        atomic_store(&m->buckets[i], NULL);
        while (r) {
            nr_module *next = atomic_load(&r->next);
            free_module(&r->retired);
            r = next;
        }
    }
}

nr_module *nr_modules_next(nr_modules *m, const nr_module *previous)
{
    nr_module *r = previous ? atomic_load(&previous->next) : atomic_load(&m->buckets[0]);
    unsigned i = previous ? bucket_of(previous->id) : 0;
    while (!r && ++i < NR_MODULE_BUCKETS) r = atomic_load(&m->buckets[i]);
    return r;
}

int32_t nr_type_full_name(nr_scope *scope, nr_arena *arena, uint32_t type_def, nr_str *name, uint32_t *attributes)
{
    int32_t hr = scope->ops->type_props(scope, arena, type_def, name, attributes);
    while (hr >= 0 && (*attributes & NR_TYPE_NESTED)) {
        uint32_t outer = 0;
        nr_str outer_name;
        hr = scope->ops->enclosing_type(scope, type_def, &outer);
        if (hr >= 0) hr = scope->ops->type_props(scope, arena, outer, &outer_name, attributes);
        if (hr < 0) break;
        *name = nr_arena_printf(arena, "%.*s+%.*s", NR_STR_ARG(outer_name), NR_STR_ARG(*name));
        if (!name->p) return NR_HR_NO_MEMORY;
        type_def = outer;
    }
    return hr;
}

/* ---- candidates ------------------------------------------------------------------ */

typedef struct nr_collector {
    nr_scope *scope;
    const nr_generation *g;
    nr_arena arena;
    uint32_t *rows;
    size_t count, room;
    bool failed;
} nr_collector;

static bool add_row(void *self, uint32_t token)
{
    nr_collector *k = self;
    if (k->count == k->room) {
        size_t room = k->room ? k->room * 2 : 64;
        uint32_t *rows = nr_alloc(k->rows, k->room * sizeof *rows, room * sizeof *rows);
        if (!rows) {
            k->failed = true;
            return false;
        }
        k->rows = rows;
        k->room = room;
    }
    k->rows[k->count++] = token & 0xFFFFFF;
    return true;
}

/* What cannot be read now is a candidate: its name decides when it is jitted. */
static bool collect_method(void *self, uint32_t token)
{
    nr_collector *k = self;
    nr_method_props props;
    if (k->scope->ops->method_props(k->scope, &k->arena, token, &props) >= 0 &&
        !nr_ruleset_has_method(&k->g->set, props.name))
        return true;
    return add_row(k, token);
}

static bool collect_type(void *self, uint32_t token)
{
    nr_collector *k = self;
    nr_str name;
    uint32_t attributes;
    bool listed = true;
    if (nr_type_full_name(k->scope, &k->arena, token, &name, &attributes) < 0)
        listed = k->scope->ops->each_method(k->scope, token, add_row, k);
    else if (nr_ruleset_has_class(&k->g->set, name))
        listed = k->scope->ops->each_method(k->scope, token, collect_method, k);
    if (!listed) k->failed = true;
    nr_arena_free(&k->arena);
    return !k->failed;
}

/* Highest row of the method table: rows are without gaps, so halving finds it. */
uint32_t nr_scope_last_method(nr_scope *scope)
{
    uint32_t low = 0, high = 0x1000000;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (scope->ops->is_valid_token(scope, (uint32_t)NR_TABLE_METHOD_DEF << 24 | middle))
            low = middle;
        else
            high = middle;
    }
    return low;
}

static uint32_t last_bit(const nr_collector *k, const nr_wide_rows *wide)
{
    uint32_t bits = wide->count ? wide->items[wide->count - 1].row + 1 : 0;
    for (size_t i = 0; i < k->count; i++) {
        if (k->rows[i] >= bits) bits = k->rows[i] + 1;
    }
    return bits;
}

static nr_candidates *build(nr_modules *m, nr_module *module, const nr_generation *g, uintptr_t function)
{
    nr_scope scope;
    nr_collector k = {&scope, g, NR_ARENA_INIT, NULL, 0, 0, false};
    nr_wide_rows wide = {NULL, 0, 0, false};
    nr_candidates *c = NULL;
    bool plain = nr_ruleset_has_assembly(&g->set, module->assembly);
    bool patterns = nr_wides_know_assembly(&g->set.wides, module->assembly);
    uint32_t known = UINT32_MAX, bits = 0;
    if (!module->dynamic && !module->is_api && (plain || patterns)) {
        if (nr_runtime_read(m->runtime, module->id, function, &scope) < 0) return NULL;
        known = nr_scope_last_method(&scope);
        /* A list that ends too early would hide methods for good. */
        if (plain && !scope.ops->each_type_def(&scope, collect_type, &k)) k.failed = true;
        if (plain && nr_log_on(NR_DEBUG)) nr_why_not(module, g, &scope);
        if (patterns && !nr_wide_rows_of(m, module, g, &scope, &wide)) k.failed = true;
        scope.ops->close(&scope);
        bits = last_bit(&k, &wide);
    }
    if (nr_log_on(NR_DEBUG)) nr_why_not_assembly(module, g);
    if (!k.failed) c = nr_zalloc(offsetof(nr_candidates, words) + (bits / 64 + 1) * sizeof(uint64_t));
    if (c) {
        c->generation = g->serial;
        c->known = known;
        c->by_name = module->dynamic || module->is_api;
        c->bits = bits;
        c->wide = wide;
        for (size_t i = 0; i < k.count; i++) c->words[k.rows[i] / 64] |= (uint64_t)1 << k.rows[i] % 64;
        for (size_t i = 0; i < wide.count; i++)
            c->words[wide.items[i].row / 64] |= (uint64_t)1 << wide.items[i].row % 64;
    } else {
        nr_wide_rows_free(&wide);
    }
    nr_free(k.rows, k.room * sizeof *k.rows);
    return c;
}

static nr_candidates *publish(nr_modules *m, nr_module *module, nr_candidates *c)
{
    nr_candidates *old = atomic_exchange(&module->candidates, c);
    if (old) nr_epoch_retire(m->epoch, &old->retired, free_candidates);
    return c;
}

const nr_candidates *nr_module_candidates(nr_modules *m, nr_module *module, const nr_generation *g, uintptr_t function)
{
    nr_candidates *c = atomic_load_explicit(&module->candidates, memory_order_acquire);
    if (NR_LIKELY(c && c->generation == g->serial)) return c;
    c = build(m, module, g, function);
    return c ? publish(m, module, c) : NULL;
}

bool nr_module_may_be_wide(nr_modules *m, nr_module *module, const nr_generation *g, uintptr_t function, uint32_t token)
{
    uint32_t row = token & 0xFFFFFF;
    if (!g->set.wides.count) return false;
    const nr_candidates *c = nr_module_candidates(m, module, g, function);
    if (!c || c->by_name || row > c->known) return nr_wides_know_assembly(&g->set.wides, module->assembly);
    return nr_wide_rows_find(&c->wide, row) != NULL;
}

bool nr_module_names(const nr_candidates *c, uint32_t row)
{
    if (c->by_name || row > c->known) return true;
    return row < c->bits && (c->words[row / 64] >> row % 64 & 1);
}

bool nr_module_may_match(nr_modules *m, nr_module *module, const nr_generation *g, uintptr_t function, uint32_t token)
{
    const nr_candidates *c = nr_module_candidates(m, module, g, function);
    /* No memory: by name, this time. */
    if (!c || nr_module_names(c, token & 0xFFFFFF)) return true;
    return !atomic_load_explicit(&module->untraced, memory_order_relaxed) &&
           nr_module_may_be_traced(m, module, function, token & 0xFFFFFF);
}
