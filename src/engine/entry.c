#include "engine/entry.h"

#include "base/alloc.h"
#include "base/log.h"
#include "engine/method.h"
#include "engine/types.h"

/* Injected code finds its word by the address, in whatever module it stands. Static: code may run when the engine is gone. A
 * process has one engine in whose code anything runs. Word 0 is that of templates without an entry. */
static atomic_uintptr_t words[NR_ENTRY_MOST + 1];

/* ---- entries ------------------------------------------------------------------------------------------ */

static bool same_function(const nr_template_entry *a, const nr_template_entry *b)
{
    return nr_str_eq(a->assembly, b->assembly) && nr_str_eq(a->class_name, b->class_name) &&
           nr_str_eq(a->method, b->method) && nr_str_eq(a->parameters, b->parameters) &&
           nr_str_eq(a->returns, b->returns);
}

static void free_entry(nr_entry *entry)
{
    nr_free(entry->modules, entry->room * sizeof *entry->modules);
    nr_free(entry->tokens, entry->room * sizeof *entry->tokens);
    nr_arena_free(&entry->arena);
    nr_free(entry, sizeof *entry);
}

static nr_entry *make(const nr_template_entry *t)
{
    nr_entry *entry = nr_zalloc(sizeof *entry);
    if (!entry) return NULL;
    nr_template_entry *f = &entry->function;
    *f = *t;
    nr_str *const texts[] = {&f->assembly, &f->class_name, &f->method, &f->parameters,
                             &f->returns,  &f->instead,    &f->file};
    for (size_t i = 0; i < NR_COUNT(texts); i++) {
        *texts[i] = nr_arena_str(&entry->arena, *texts[i]);
        if (texts[i]->p) continue;
        free_entry(entry);
        return NULL;
    }
    return entry;
}

static nr_entry *find(const nr_entries *entries, const nr_template_entry *t)
{
    nr_entry *entry = atomic_load(&entries->first);
    while (entry && !same_function(&entry->function, t)) entry = atomic_load(&entry->next);
    return entry;
}

/* NULL: no memory, or no more words. *is_new: nobody has looked for its function yet. */
static nr_entry *need(nr_entries *entries, const nr_template_entry *t, bool *is_new)
{
    nr_entry *entry = find(entries, t);
    *is_new = false;
    if (entry) return entry;
    nr_entry *made = make(t);
    if (!made) return NULL;
    nr_mutex_lock(&entries->lock);
    entry = find(entries, t);
    bool is_full = !entry && entries->count == NR_ENTRY_MOST, tell = is_full && !entries->is_full;
    if (is_full) {
        entries->is_full = true;
    } else if (!entry) {
        nr_entry *_Atomic *last = &entries->first;
        while (atomic_load(last)) last = &atomic_load(last)->next;
        made->word = (uintptr_t)&words[++entries->count];
        atomic_store(last, made);
        *is_new = true;
    }
    nr_mutex_unlock(&entries->lock);
    if (*is_new) return made;
    if (tell)
        NR_LOG(NR_WARN,
               "%.*s:%u: more functions than can be called by address in one process (%d); the template '%.*s' writes "
               "instead.",
               NR_STR_ARG(t->file), (unsigned)t->line, (int)NR_ENTRY_MOST, NR_STR_ARG(t->instead));
    free_entry(made);
    return entry;
}

/* ---- methods that wait -------------------------------------------------------------------------------- */

static bool grow(nr_entry *entry)
{
    uint32_t room = entry->room ? entry->room * 2 : 64;
    uint32_t *tokens = nr_alloc(entry->tokens, entry->room * sizeof *tokens, room * sizeof *tokens);
    if (tokens) entry->tokens = tokens;
    uintptr_t *modules =
        tokens ? nr_alloc(entry->modules, entry->room * sizeof *modules, room * sizeof *modules) : NULL;
    if (!modules) {
        /* The two have one size. A smaller block can nearly always be had; else the larger one stays. */
        uint32_t *back = tokens ? nr_alloc(tokens, room * sizeof *tokens, entry->room * sizeof *tokens) : entry->tokens;
        entry->tokens = back || !entry->room ? back : tokens;
        return false;
    }
    entry->modules = modules;
    entry->room = room;
    return true;
}

static bool is_waiting(const nr_entry *entry, const nr_method *m)
{
    for (uint32_t i = entry->count; i-- > 0;) {
        if (entry->tokens[i] == m->token && entry->modules[i] == m->module_id) return true;
    }
    return false;
}

/* Without memory the method stays with the other template, which does no harm. */
static nr_entry_state wait_for(nr_entries *entries, nr_entry *entry, const nr_method *m)
{
    nr_mutex_lock(&entries->lock);
    nr_entry_state state = entry->state;
    if (state == NR_ENTRY_WAITING && !is_waiting(entry, m) && (entry->count < entry->room || grow(entry))) {
        entry->modules[entry->count] = m->module_id;
        entry->tokens[entry->count++] = m->token;
    }
    nr_mutex_unlock(&entries->lock);
    return state;
}

/* ---- is the function there? -------------------------------------------------------------------------- */

static void settle(nr_engine *e, nr_entry *entry, nr_entry_state state)
{
    nr_entry waiting = {.count = 0};
    nr_mutex_lock(&e->entries.lock);
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
    nr_mutex_unlock(&e->entries.lock);
    if (waiting.count && state == NR_ENTRY_THERE) {
        NR_LOG(NR_DEBUG, "%u methods are compiled again, for direct calls", (unsigned)waiting.count);
        e->runtime.ops->request_rejit(e->runtime.self, waiting.count, waiting.modules, waiting.tokens);
    }
    nr_free(waiting.modules, waiting.room * sizeof *waiting.modules);
    nr_free(waiting.tokens, waiting.room * sizeof *waiting.tokens);
}

static bool is_waiting_for_any(nr_engine *e, const nr_entry *entry)
{
    nr_mutex_lock(&e->entries.lock);
    bool waits = entry->state == NR_ENTRY_WAITING;
    nr_mutex_unlock(&e->entries.lock);
    return waits;
}

static void consider(nr_engine *e, nr_entry *entry, const nr_module *module)
{
    if (!nr_str_eq(module->assembly, entry->function.assembly) || !is_waiting_for_any(e, entry)) return;
    settle(e, entry, nr_entry_look(e, &entry->function, module));
}

/* The entry is in the list by now: a module that loads meanwhile is seen here, or by nr_entry_module_loaded. */
static void look_at_loaded(nr_engine *e, nr_entry *entry)
{
    if (e->runtime.core) {
        for (const nr_module *r = NULL; (r = nr_modules_next(&e->modules, r));) consider(e, entry, r);
        return;
    }
    /* Code of several application domains would share one address. */
    const nr_template_entry *t = &entry->function;
    NR_LOG(NR_INFO, "%.*s:%u: functions are called by address on .NET (Core) only; the template '%.*s' writes instead.",
           NR_STR_ARG(t->file), (unsigned)t->line, NR_STR_ARG(t->instead));
    settle(e, entry, NR_ENTRY_REFUSED);
}

void nr_entry_module_loaded(nr_engine *e, nr_module *module)
{
    for (nr_entry *entry = atomic_load(&e->entries.first); entry; entry = atomic_load(&entry->next))
        consider(e, entry, module);
}

void nr_entry_forget_module(nr_entries *entries, uintptr_t module)
{
    nr_mutex_lock(&entries->lock);
    for (nr_entry *entry = atomic_load(&entries->first); entry; entry = atomic_load(&entry->next)) {
        uint32_t kept = 0;
        for (uint32_t i = 0; i < entry->count; i++) {
            if (entry->modules[i] == module) continue;
            entry->modules[kept] = entry->modules[i];
            entry->tokens[kept++] = entry->tokens[i];
        }
        entry->count = kept;
    }
    nr_mutex_unlock(&entries->lock);
}

void nr_entry_free(nr_entries *entries)
{
    nr_entry *entry = atomic_load(&entries->first);
    while (entry) {
        nr_entry *next = atomic_load(&entry->next);
        free_entry(entry);
        entry = next;
    }
}

/* ---- which template ------------------------------------------------------------------------------------ */

static bool this_is_object(nr_method *m)
{
    const nr_types types = {&m->e->modules, m->module, &m->scope, &m->arena, m->token, m->props.type_def, m->sig};
    return !(m->sig->convention & NR_SIG_HAS_THIS) || nr_type_kind_of(&types, m->props.type_def) == NR_KIND_REFERENCE;
}

/* Once for a module: there may be many such methods. */
static void tell_of_value_types(const nr_method *m, const nr_template_entry *t)
{
    if (atomic_exchange(&m->module->has_told_of_value_types, true)) return;
    NR_LOG(
        NR_INFO,
        "No direct calls from methods of value types in %.*s (the first is %.*s.%.*s): their 'this' is no object. The "
        "template '%.*s' writes instead.",
        NR_STR_ARG(m->module->assembly), NR_STR_ARG(m->type), NR_STR_ARG(m->props.name), NR_STR_ARG(t->instead));
}

static bool is_usable(nr_method *m, const nr_template_entry *t, uintptr_t *word)
{
    bool is_new;
    nr_entry *entry = need(&m->e->entries, t, &is_new);
    if (!entry) return false;
    if (is_new) look_at_loaded(m->e, entry);
    if (!this_is_object(m)) {
        if (m->e->runtime.core) tell_of_value_types(m, t);
        return false;
    }
    *word = entry->word;
    return wait_for(&m->e->entries, entry, m) == NR_ENTRY_THERE;
}

bool nr_entry_template_for(nr_method *m, nr_str *name, uintptr_t *word)
{
    nr_str next = *name;
    /* One that stands in may have an entry of its own, and those may go round in a circle. */
    for (unsigned i = 0; i <= NR_ENTRY_MOST; i++) {
        const nr_template_entry *t = nr_script_entry(m->g->script, next);
        *word = (uintptr_t)&words[0];
        if (!t || is_usable(m, t, word)) {
            *name = next;
            return true;
        }
        next = t->instead;
    }
    return false;
}
