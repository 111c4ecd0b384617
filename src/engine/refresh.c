#include "engine/refresh.h"

#include "base/alloc.h"
#include "base/log.h"
#include "engine/precompiled.h"
#include "engine/requests.h"

struct nr_live_text {
    nr_live_text *next;
    size_t size; /* of this block */
    nr_str name, xml;
};

static void free_texts(nr_live_text *t)
{
    while (t) {
        nr_live_text *next = t->next;
        nr_free(t, t->size);
        t = next;
    }
}

void nr_live_free(nr_live *live)
{
    free_texts(live->pending);
    free_texts(live->applied);
    live->pending = live->applied = NULL;
}

bool nr_live_add(nr_live *live, nr_str name, nr_str xml)
{
    size_t size = sizeof(nr_live_text) + name.n + xml.n;
    nr_live_text *t = nr_alloc(NULL, 0, size), *old = NULL;
    if (!t) return false;
    char *at = (char *)(t + 1);
    t->size = size;
    if (name.n) memcpy(at, name.p, name.n);
    if (xml.n) memcpy(at + name.n, xml.p, xml.n);
    t->name = (nr_str){at, name.n};
    t->xml = (nr_str){at + name.n, xml.n};
    nr_mutex_lock(&live->lock);
    nr_live_text **place = &live->pending;
    while (*place && !nr_str_eq((*place)->name, name)) place = &(*place)->next;
    if (*place) {
        old = *place;
        *place = old->next;
        old->next = NULL;
    }
    t->next = live->pending;
    live->pending = t;
    nr_mutex_unlock(&live->lock);
    free_texts(old);
    return true;
}

/* A copy of what is applied, in `arena`. False: no memory. */
static bool applied_texts(nr_live *live, nr_arena *arena, nr_named_text **list, size_t *count)
{
    bool ok;
    nr_mutex_lock(&live->lock);
    *count = 0;
    for (const nr_live_text *t = live->applied; t; t = t->next) (*count)++;
    *list = nr_arena_zalloc(arena, *count + 1, sizeof **list);
    ok = *list != NULL;
    size_t i = 0;
    for (const nr_live_text *t = live->applied; ok && t; t = t->next, i++) {
        (*list)[i].name = nr_arena_str(arena, t->name);
        (*list)[i].text = nr_arena_str(arena, t->xml);
        ok = (*list)[i].name.p && (*list)[i].text.p;
    }
    nr_mutex_unlock(&live->lock);
    return ok;
}

/* ---- requests for all loaded modules ------------------------------------------------------ */

typedef struct nr_change {
    nr_engine *e;
    const nr_generation *before, *after;
    int32_t hr;
} nr_change;

static bool tokens_of(const nr_change *c, nr_module *module, const nr_generation *g, nr_token_set *tokens)
{
    if (!nr_ruleset_of_assembly(&g->set, module->assembly) && !nr_wides_know_assembly(&g->set.wides, module->assembly))
        return false;
    /* What was open may have been settled, and instrumented, since: it is asked back, too. */
    return nr_token_set_of(c->e, module, g, g == c->before, tokens);
}

/* live-instrumentation.md section 5, steps 1 to 6. */
static void change_module(void *self, uintptr_t id)
{
    const nr_change *c = self;
    nr_token_set before = NR_TOKEN_SET_INIT, after = NR_TOKEN_SET_INIT;
    int32_t hr;
    unsigned mark = nr_epoch_enter(&c->e->epoch);
    nr_module *module = nr_modules_need(&c->e->modules, id, &hr);
    if (module) {
        bool had = tokens_of(c, module, c->before, &before), has = tokens_of(c, module, c->after, &after);
        if (had && has) nr_token_set_subtract(&before, &after);
        /* Without memory for the new ones, all old ones would seem to be gone. */
        if (had && !after.failed) nr_token_set_revert(c->e, module, &before);
        if (has) nr_token_set_rejit(c->e, module, &after);
        if (before.failed || after.failed)
            NR_LOG(NR_ERROR,
                   "No memory to ask for the methods of %.*s: those compiled before keep what they have until the next "
                   "refresh",
                   NR_STR_ARG(module->assembly));
        nr_precompiled_rules_changed(c->e, c->after, module);
    } else {
        NR_LOG(NR_ERROR, "Function 'GetAssemblyName' failed.  HRESULT: %d", (int)hr);
    }
    nr_epoch_leave(&c->e->epoch, mark);
    nr_token_set_free(&before);
    nr_token_set_free(&after);
}

static void change_modules(void *self)
{
    nr_change *c = self;
    c->hr = c->e->runtime.ops->each_module(c->e->runtime.self, change_module, c);
    if (c->hr < 0) NR_LOG(NR_ERROR, "Function 'RejitInstrumentationPoints' failed.  HRESULT: %d", (int)c->hr);
}

static void free_generation(nr_retired *what)
{
    nr_generation_free((nr_generation *)what);
}

/* The new rules are in force before anything is asked for: what is compiled from now on uses them. */
static int32_t publish(nr_engine *e, nr_generation *g)
{
    nr_generation *before = atomic_exchange(&e->generation, g);
    nr_change change = {e, before, g, NR_HR_OK};
    /* The CLR refuses these requests on a thread that runs managed code. */
    if (!nr_os_run_on_thread(change_modules, &change)) change.hr = NR_HR_NO_MEMORY;
    nr_epoch_retire(&e->epoch, &before->retired, free_generation);
    return change.hr < 0 ? change.hr : NR_HR_OK;
}

static int32_t build(nr_engine *e, const nr_ignore_list *ignore, nr_generation **built)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_extension_files files;
    nr_named_text *live = NULL;
    nr_str home;
    size_t count = 0;
    int32_t hr = NR_HR_FAIL;
    /* Only a refresh replaces the generation, and this is the only one: it stays while its list is read. */
    const nr_generation *present = atomic_load(&e->generation);
    *built = NULL;
    if (nr_home_directory(&arena, e->runtime.core, &home) != NR_START_OK ||
        nr_extension_files_list(&arena, e->runtime.core, &files) != NR_START_OK ||
        !applied_texts(&e->live, &arena, &live, &count))
        goto done;
    nr_generation *g = nr_generation_load(home, &files, live, count, ignore ? ignore : &present->ignore);
    if (!g) goto done;
    if (g->invalid_files || g->invalid_rules) {
        NR_LOG(NR_ERROR, "Unable to parse one or more instrumentation files.  Instrumentation will not be refreshed.");
        nr_generation_free(g);
        hr = NR_HR_FALSE;
        goto done;
    }
    *built = g;
    hr = NR_HR_OK;
done:
    nr_arena_free(&arena);
    return hr;
}

int32_t nr_engine_refresh(nr_engine *e, const nr_ignore_list *ignore)
{
    nr_generation *g;
    NR_LOG(NR_TRACE, "Enter: InstrumentationRefreshWithNewIgnoreList");
    nr_mutex_lock(&e->live.gate);
    int32_t hr = build(e, ignore, &g);
    if (g) hr = publish(e, g);
    nr_mutex_unlock(&e->live.gate);
    if (g)
        NR_LOG(NR_DEBUG, "Refreshed: %lld bytes of memory in use by this library, %zu old tables not freed yet",
               nr_alloc_live(), nr_epoch_waiting(&e->epoch));
    if (hr == NR_HR_OK) NR_LOG(NR_TRACE, "Leave: InstrumentationRefreshWithNewIgnoreList");
    return hr;
}

int32_t nr_engine_apply_live(nr_engine *e)
{
    nr_mutex_lock(&e->live.lock);
    nr_live_text *before = e->live.applied;
    e->live.applied = e->live.pending;
    e->live.pending = NULL;
    bool any = e->live.applied != NULL, some = any || before;
    nr_mutex_unlock(&e->live.lock);
    free_texts(before);
    if (any) NR_LOG(NR_INFO, "Applying live instrumentation");
    if (!some) return NR_HR_OK;
    NR_LOG(NR_TRACE, "Enter: InstrumentationRefresh");
    return nr_engine_refresh(e, NULL);
}
