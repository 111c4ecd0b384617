#include "engine/entry.h"

#include "base/alloc.h"
#include "base/log.h"
#include "engine/method.h"
#include "engine/types.h"

/* ---- which template ------------------------------------------------------------------------------ */

static bool grow(nr_entry *entry)
{
    uint32_t room = entry->room ? entry->room * 2 : 64;
    uint32_t *tokens = nr_alloc(entry->tokens, entry->room * sizeof *tokens, room * sizeof *tokens);
    if (tokens) entry->tokens = tokens;
    uintptr_t *modules =
        tokens ? nr_alloc(entry->modules, entry->room * sizeof *modules, room * sizeof *modules) : NULL;
    if (!modules) {
        /* The two have one size. Back is always possible: a smaller block. */
        if (tokens) entry->tokens = nr_alloc(tokens, room * sizeof *tokens, entry->room * sizeof *tokens);
        return false;
    }
    entry->modules = modules;
    entry->room = room;
    return true;
}

/* Without memory the method stays with the other template, which does no harm. */
static nr_entry_state wait_for(nr_entry *entry, const nr_method *m)
{
    nr_mutex_lock(&entry->lock);
    nr_entry_state state = entry->state;
    if (state == NR_ENTRY_WAITING && (entry->count < entry->room || grow(entry))) {
        entry->modules[entry->count] = m->module_id;
        entry->tokens[entry->count++] = m->token;
    }
    nr_mutex_unlock(&entry->lock);
    return state;
}

static bool this_is_object(nr_method *m)
{
    const nr_types types = {&m->e->modules, m->module, &m->scope, &m->arena, m->token, m->props.type_def, m->sig};
    return !(m->sig->convention & NR_SIG_HAS_THIS) || nr_type_kind_of(&types, m->props.type_def) == NR_KIND_REFERENCE;
}

nr_str nr_entry_template_for(nr_method *m, nr_str name)
{
    const nr_template_entry *t = nr_script_entry(m->g->script, name);
    if (!t) return name;
    return this_is_object(m) && wait_for(&m->e->entry, m) == NR_ENTRY_THERE ? name : t->instead;
}

/* ---- is the function there? -------------------------------------------------------------------------- */

typedef struct nr_functions {
    uint32_t token;
    unsigned count;
} nr_functions;

static bool note_function(void *self, uint32_t token)
{
    nr_functions *f = self;
    f->token = token;
    f->count++;
    return true;
}

static void no_batch(void *self, uint32_t count)
{
    (void)self;
    (void)count;
}

/* One function of the name, static, and its signature as text the same. */
static bool is_there(nr_scope *scope, nr_arena *arena, const nr_template_entry *t)
{
    nr_functions f = {0, 0};
    uint32_t type_def = 0;
    nr_method_props props;
    const nr_method_sig *sig;
    nr_buf parameters = NR_BUF_INIT, returns = NR_BUF_INIT;
    if (scope->ops->find_type(scope, arena, t->class_name, &type_def) < 0) return false;
    scope->ops->each_method_named(scope, arena, type_def, t->method, note_function, no_batch, &f);
    if (f.count != 1 || scope->ops->method_props(scope, arena, f.token, &props) < 0) return false;
    if (nr_sig_parse_method(arena, props.sig, props.sig_size, &sig) != NR_META_OK) return false;
    bool same = sig->convention == 0 && sig->ret.kind == NR_PARAM_TYPE && !sig->ret.by_ref &&
                nr_sig_print_params(&parameters, arena, &scope->meta, sig) == NR_META_OK &&
                nr_sig_print_type(&returns, arena, &scope->meta, sig->ret.type) == NR_META_OK &&
                nr_str_eq(nr_buf_str(&parameters), t->parameters) && nr_str_eq(nr_buf_str(&returns), t->returns);
    nr_buf_free(&parameters);
    nr_buf_free(&returns);
    return same;
}

static bool is_separator(char c)
{
    return c == '/' || c == '\\';
}

/* Separators in a row count as one: a home directory may end with one. */
static size_t behind(nr_str path, size_t i)
{
    bool separators = is_separator(path.p[i]);
    do i++;
    while (separators && i < path.n && is_separator(path.p[i]));
    return i;
}

static bool same_path(nr_str a, nr_str b)
{
    size_t i = 0, j = 0;
    while (i < a.n && j < b.n) {
        bool separator = is_separator(a.p[i]);
        if (separator != is_separator(b.p[j])) return false;
        if (!separator && !nr_str_eq_ci((nr_str){a.p + i, 1}, (nr_str){b.p + j, 1})) return false;
        if (!NR_OS_WINDOWS && a.p[i] != b.p[j]) return false;
        i = behind(a, i);
        j = behind(b, j);
    }
    return i == a.n && j == b.n;
}

static nr_entry_state look(nr_engine *e, const nr_template_entry *t, const nr_module *module)
{
    const nr_runtime *clr = &e->runtime;
    nr_arena arena = NR_ARENA_INIT;
    nr_scope scope;
    nr_str path = {NULL, 0};
    nr_entry_state state = NR_ENTRY_WAITING;
    if (clr->ops->module_path(clr->self, &arena, module->id, &path) >= 0 && same_path(path, e->core_path) &&
        nr_runtime_read(clr, module->id, 0, &scope) >= 0) {
        state = is_there(&scope, &arena, t) ? NR_ENTRY_THERE : NR_ENTRY_REFUSED;
        scope.ops->close(&scope);
    }
    if (state == NR_ENTRY_WAITING)
        NR_LOG(NR_INFO, "No direct calls into %.*s, it is not the agent's assembly (%.*s).", NR_STR_ARG(path),
               NR_STR_ARG(e->core_path));
    if (state == NR_ENTRY_REFUSED)
        NR_LOG(NR_INFO, "No direct calls: %.*s has no static %.*s %.*s.%.*s(%.*s). It is called by reflection.",
               NR_STR_ARG(path), NR_STR_ARG(t->returns), NR_STR_ARG(t->class_name), NR_STR_ARG(t->method),
               NR_STR_ARG(t->parameters));
    nr_arena_free(&arena);
    return state;
}

void nr_entry_module_loaded(nr_engine *e, const nr_generation *g, nr_module *module)
{
    nr_entry *entry = &e->entry;
    nr_entry waiting = {.count = 0};
    if (!nr_engine_has(e, NR_SWITCH_CALL)) return;
    const nr_template_entry *t = nr_script_entry(g->script, NR_STR("direct"));
    if (!t || !nr_str_eq(module->assembly, t->assembly)) return;
    nr_entry_state state = look(e, t, module);
    nr_mutex_lock(&entry->lock);
    if (entry->state == NR_ENTRY_WAITING && state != NR_ENTRY_WAITING) {
        waiting.modules = entry->modules;
        waiting.tokens = entry->tokens;
        waiting.count = entry->count;
        waiting.room = entry->room;
        entry->modules = NULL;
        entry->tokens = NULL;
        entry->count = entry->room = 0;
        entry->state = state;
    }
    nr_mutex_unlock(&entry->lock);
    if (waiting.count && state == NR_ENTRY_THERE) {
        NR_LOG(NR_DEBUG, "%u methods are compiled again, for direct calls", (unsigned)waiting.count);
        e->runtime.ops->request_rejit(e->runtime.self, waiting.count, waiting.modules, waiting.tokens);
    }
    nr_entry_free(&waiting);
}

void nr_entry_forget_module(nr_entry *entry, uintptr_t module)
{
    uint32_t kept = 0;
    nr_mutex_lock(&entry->lock);
    for (uint32_t i = 0; i < entry->count; i++) {
        if (entry->modules[i] == module) continue;
        entry->modules[kept] = entry->modules[i];
        entry->tokens[kept++] = entry->tokens[i];
    }
    entry->count = kept;
    nr_mutex_unlock(&entry->lock);
}

void nr_entry_free(nr_entry *entry)
{
    nr_free(entry->modules, entry->room * sizeof *entry->modules);
    nr_free(entry->tokens, entry->room * sizeof *entry->tokens);
}
