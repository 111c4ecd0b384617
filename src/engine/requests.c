#include "engine/requests.h"

#include "base/alloc.h"
#include "base/log.h"

#include <stdlib.h>

bool nr_token_set_add(nr_token_set *t, uint32_t token)
{
    if (t->count == t->room) {
        size_t room = t->room ? t->room * 2 : 32;
        uint32_t *items = nr_alloc(t->items, t->room * sizeof *items, room * sizeof *items);
        if (!items) {
            t->failed = true;
            return false;
        }
        t->items = items;
        t->room = room;
    }
    t->items[t->count++] = token;
    return true;
}

static bool add_token(void *self, uint32_t token)
{
    return nr_token_set_add(self, token);
}

static void log_batch(void *self, uint32_t count)
{
    const nr_token_set *t = self;
    NR_LOG(NR_DEBUG, "Found %u method(s) matching %.*s", count, NR_STR_ARG(t->method));
}

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void sort_unique(nr_token_set *t)
{
    size_t kept = 0;
    if (t->count) qsort(t->items, t->count, sizeof *t->items, ascending);
    for (size_t i = 0; i < t->count; i++) {
        if (i == 0 || t->items[i] != t->items[i - 1]) t->items[kept++] = t->items[i];
    }
    t->count = kept;
}

/* The tables of the generation that is in force are made now; those of one that is not are looked at or found anew. */
static void add_wide(nr_engine *e, nr_module *module, const nr_generation *g, nr_scope *scope, bool open_too,
                     nr_token_set *tokens)
{
    const nr_candidates *c = atomic_load(&module->candidates);
    nr_wide_rows own = {NULL, 0, 0, false};
    if (!nr_wides_know_assembly(&g->set.wides, module->assembly)) return;
    if (atomic_load(&e->generation) == g) c = nr_module_candidates(&e->modules, module, g, 0);
    const nr_wide_rows *rows = c && c->generation == g->serial ? &c->wide : &own;
    if (rows == &own && !nr_wide_rows_of(&e->modules, module, g, scope, &own)) tokens->failed = true;
    for (size_t i = 0; i < rows->count; i++) {
        if (open_too || !rows->items[i].open)
            add_token(tokens, (uint32_t)NR_TABLE_METHOD_DEF << 24 | rows->items[i].row);
    }
    nr_wide_rows_free(&own);
}

/* The reference asks for the whole name of a nested type as that of one that is not, and finds nothing. */
static int32_t find_type(const nr_engine *e, nr_scope *scope, nr_arena *arena, nr_str name, uint32_t *type_def)
{
    size_t start = 0;
    int32_t hr = NR_HR_OK;
    if (!nr_engine_has(e, NR_SWITCH_NESTED_AT_LOAD)) return scope->ops->find_type(scope, arena, name, type_def);
    for (size_t i = 0; hr >= 0 && i <= name.n; i++) {
        if (i < name.n && name.p[i] != '+') continue;
        nr_str piece = {name.p + start, i - start};
        hr = start ? scope->ops->find_nested(scope, arena, piece, *type_def, type_def)
                   : scope->ops->find_type(scope, arena, piece, type_def);
        start = i + 1;
    }
    return hr;
}

/* Closes the scope. */
static bool collect(nr_engine *e, nr_module *module, const nr_generation *g, nr_scope *scope, bool open_too,
                    nr_token_set *tokens)
{
    nr_arena arena = NR_ARENA_INIT;
    const nr_point *p = nr_ruleset_of_assembly(&g->set, module->assembly);
    for (; p && !tokens->failed; p = p->next_of_assembly) {
        uint32_t type_def = 0;
        NR_LOG(NR_TRACE, "Fetching %.*s methods", NR_STR_ARG(p->class_name));
        int32_t hr = find_type(e, scope, &arena, p->class_name, &type_def);
        if (hr < 0) {
            if (hr == NR_HR_NO_MEMORY) tokens->failed = true;
            NR_LOG(NR_INFO, "Unable to find %.*s for rejit. HR:%d", NR_STR_ARG(p->class_name), (int)hr);
            continue;
        }
        tokens->method = p->method;
        if (!scope->ops->each_method_named(scope, &arena, type_def, p->method, add_token, log_batch, tokens))
            tokens->failed = true;
    }
    add_wide(e, module, g, scope, open_too, tokens);
    scope->ops->close(scope);
    nr_arena_free(&arena);
    sort_unique(tokens);
    return !tokens->failed;
}

bool nr_token_set_at_load(nr_engine *e, nr_module *module, const nr_generation *g, nr_token_set *tokens)
{
    nr_scope scope;
    return nr_runtime_read(&e->runtime, module->id, 0, &scope) >= 0 && collect(e, module, g, &scope, false, tokens);
}

/* What was defined since the module was loaded (hot reload) is there, too, but for wide rules, whose tables are of the image. */
bool nr_token_set_of(nr_engine *e, nr_module *module, const nr_generation *g, bool open_too, nr_token_set *tokens)
{
    nr_scope scope;
    int32_t hr = e->runtime.ops->open_module(e->runtime.self, module->id, &scope);
    if (hr == NR_HR_NO_MEMORY) tokens->failed = true;
    return hr >= 0 && collect(e, module, g, &scope, open_too, tokens);
}

bool nr_token_set_has(const nr_token_set *tokens, uint32_t token)
{
    return tokens->count && bsearch(&token, tokens->items, tokens->count, sizeof token, ascending);
}

void nr_token_set_subtract(nr_token_set *tokens, const nr_token_set *other)
{
    size_t kept = 0, j = 0;
    for (size_t i = 0; i < tokens->count; i++) {
        while (j < other->count && other->items[j] < tokens->items[i]) j++;
        if (j == other->count || other->items[j] != tokens->items[i]) tokens->items[kept++] = tokens->items[i];
    }
    tokens->count = kept;
}

void nr_token_set_free(nr_token_set *tokens)
{
    nr_free(tokens->items, tokens->room * sizeof *tokens->items);
}

typedef int32_t (*request)(void *rt, uint32_t count, uintptr_t *modules, uint32_t *methods);

static void ask(nr_engine *e, const nr_module *module, const nr_token_set *tokens, request call, const char *what)
{
    if (!tokens->count) return;
    uintptr_t *modules = nr_alloc(NULL, 0, tokens->count * sizeof *modules);
    if (!modules) return;
    for (size_t i = 0; i < tokens->count; i++) modules[i] = module->id;
    int32_t hr = call(e->runtime.self, (uint32_t)tokens->count, modules, tokens->items);
    NR_LOG(NR_DEBUG, "%s %s", what, hr >= 0 ? "success" : "failed");
    nr_free(modules, tokens->count * sizeof *modules);
}

void nr_token_set_rejit(nr_engine *e, const nr_module *module, const nr_token_set *tokens)
{
    ask(e, module, tokens, e->runtime.ops->request_rejit, "ReJit");
}

void nr_token_set_revert(nr_engine *e, const nr_module *module, const nr_token_set *tokens)
{
    ask(e, module, tokens, e->runtime.ops->request_revert, "Revert");
}
