#include "engine/precompiled.h"

#include "base/alloc.h"
#include "base/log.h"
#include "engine/requests.h"
#include "engine/traced.h"

/* ---- wanted methods ------------------------------------------------------------------------- */

/* Nothing in a dynamic module can be compiled again: the CLR refuses. */
static const nr_candidates *candidates_of(nr_engine *e, const nr_generation *g, nr_module *module)
{
    return module->dynamic ? NULL : nr_module_candidates(&e->modules, module, g, 0);
}

static bool is_wanted(const nr_candidates *c, nr_module *module, uint32_t row)
{
    return nr_module_names(c, row) || nr_method_bits_get(&module->traced, row);
}

/* What could not be found out, for want of memory, counts as wanted: it is compiled, and then asked about again. */
static bool is_wanted_now(nr_engine *e, nr_module *module, uint32_t row)
{
    if (module->dynamic) return false;
    const nr_candidates *c = candidates_of(e, atomic_load(&e->generation), module);
    if (!c || nr_module_names(c, row)) return true;
    return !atomic_load(&module->untraced) && nr_module_may_be_traced(&e->modules, module, 0, row);
}

/* No row behind this one is wanted. */
static uint32_t last_wanted(const nr_candidates *c, nr_module *module)
{
    const nr_method_bits *traced = atomic_load(&module->traced);
    uint32_t rows = traced ? traced->count : 0;
    return c->bits < rows ? rows : c->bits;
}

/* None of the 64 rows from 64 * word on. */
static bool wants_none_of(const nr_candidates *c, nr_module *module, uint32_t word)
{
    const nr_method_bits *traced = atomic_load_explicit(&module->traced, memory_order_acquire);
    if (c->by_name || word * 64 + 63 > c->known) return false;
    if (word <= c->bits / 64 && c->words[word]) return false;
    return !traced || word > traced->count / 64 || !atomic_load_explicit(&traced->words[word], memory_order_relaxed);
}

/* The first wanted row from `row` on, or one behind `last`. Few words of a table have a bit, and for each module that is
 * loaded the tables of all others are gone over. */
static uint32_t next_wanted(const nr_candidates *c, nr_module *module, uint32_t row, uint32_t last)
{
    while (row <= last && !is_wanted(c, module, row))
        row += row % 64 == 0 && wants_none_of(c, module, row / 64) ? 64 : 1;
    return row;
}

/* ---- precompiled callers ---------------------------------------------------------------------- */

static nr_method_bits *need_bits(nr_engine *e, const nr_module *module, nr_method_bits *_Atomic *where)
{
    nr_method_bits *bits = atomic_load(where);
    nr_scope scope;
    if (bits || nr_runtime_read(&e->runtime, module->id, 0, &scope) < 0) return bits;
    bits = nr_method_bits_publish(where, nr_method_bits_new(nr_scope_last_method(&scope)));
    scope.ops->close(&scope);
    return bits;
}

/* The wanted methods; `again`: also those whose callers were looked for before. */
static void wanted_of(nr_engine *e, const nr_generation *g, nr_module *module, bool again, nr_token_set *tokens)
{
    const nr_candidates *c = candidates_of(e, g, module);
    uint32_t last = c ? last_wanted(c, module) : 0;
    nr_method_bits *searched = c && (last || module->is_api) ? need_bits(e, module, &module->searched) : NULL;
    if (!searched) return;
    if (module->is_api) last = searched->count;
    for (uint32_t row = next_wanted(c, module, 1, last); row <= last; row = next_wanted(c, module, row + 1, last)) {
        if (!again && nr_method_bits_get(&module->searched, row)) continue;
        if (!nr_token_set_add(tokens, (uint32_t)NR_TABLE_METHOD_DEF << 24 | row)) break;
        nr_method_bits_set(searched, row); /* after it is noted, or it would never be */
    }
}

typedef struct nr_callers {
    nr_engine *e;
    nr_module *in;              /* whose image is looked at */
    const nr_token_set *wanted; /* ascending */
    nr_token_set new;           /* callers that were not known */
} nr_callers;

/* What an image tells of is its own methods. */
static bool note_caller(void *self, uintptr_t module, uint32_t token)
{
    nr_callers *k = self;
    if (module != k->in->id) return true;
    nr_method_bits *bits = need_bits(k->e, k->in, &k->in->callers);
    if (bits && nr_method_bits_get(&k->in->callers, token & 0xFFFFFF)) return true;
    if (!bits || !nr_token_set_add(&k->new, token)) return false;
    nr_method_bits_set(bits, token & 0xFFFFFF);
    return true;
}

static bool note_own_caller(void *self, uint32_t inlinee, uint32_t inliner)
{
    nr_callers *k = self;
    return !nr_token_set_has(k->wanted, (uint32_t)NR_TABLE_METHOD_DEF << 24 | inlinee) ||
           note_caller(k, k->in->id, (uint32_t)NR_TABLE_METHOD_DEF << 24 | inliner);
}

/* A copy that no list shows runs uninstrumented: where to look for what is missing in a trace. S_FALSE: the runtime says that
 * its list is not whole. */
static void tell_gap(nr_module *in, const nr_module *of, int32_t hr)
{
    if (!in->precompiled || atomic_exchange(&in->gap_told, true)) return;
    NR_LOG(
        NR_DEBUG,
        "The image of %.*s %s methods that are inlined in it (0x%x). Copies of methods of %.*s may be in it that are "
        "not instrumented.",
        NR_STR_ARG(in->assembly), hr < 0 ? "has no list of" : "does not list all", (unsigned)hr,
        NR_STR_ARG(of->assembly));
}

/* Notes the methods in the image of `in` that contain one of these. `running`: they may have been called already. */
static void search_image(nr_engine *e, nr_module *in, const nr_module *of, const nr_token_set *tokens, bool running)
{
    nr_callers k = {e, in, tokens, NR_TOKEN_SET_INIT};
    const nr_runtime_ops *clr = e->runtime.ops;
    bool known = !tokens->count || (in == of && clr->each_inlining(e->runtime.self, in->id, note_own_caller, &k) >= 0);
    for (size_t i = 0; !known && i < tokens->count; i++) {
        int32_t hr = clr->each_inliner(e->runtime.self, in->id, of->id, tokens->items[i], note_caller, &k);
        if (hr != NR_HR_OK) tell_gap(in, of, hr);
        if (hr < 0) break; /* no image, or one without a list: the next method would hear the same */
    }
    if (k.new.count)
        NR_LOG(NR_DEBUG, "%zu precompiled methods of %.*s contain methods of %.*s that are to be instrumented",
               k.new.count, NR_STR_ARG(in->assembly), NR_STR_ARG(of->assembly));
    if (running) nr_token_set_rejit(e, in, &k.new);
    nr_token_set_free(&k.new);
}

/* Whose code may be precompiled, or may be in precompiled code. A module that can be unloaded is not used so; its id might be of none. */
static bool has_image(const nr_module *module)
{
    return !module->dynamic && !module->collectible;
}

static void search_images_for(nr_engine *e, const nr_generation *g, nr_module *module, bool fresh)
{
    nr_token_set tokens = NR_TOKEN_SET_INIT;
    if (!has_image(module)) return;
    wanted_of(e, g, module, false, &tokens);
    for (nr_module *in = tokens.count ? nr_modules_next(&e->modules, NULL) : NULL; in;
         in = nr_modules_next(&e->modules, in))
        if (has_image(in)) search_image(e, in, module, &tokens, !fresh || in != module);
    nr_token_set_free(&tokens);
}

void nr_precompiled_module_loaded(nr_engine *e, const nr_generation *g, nr_module *module)
{
    if (!nr_engine_vetoes_inlining(e)) return;
    nr_module_find_traced(&e->modules, module, 0);
    if (!nr_engine_has(e, NR_SWITCH_KEEP_PRECOMPILED)) return;
    search_images_for(e, g, module, true);
    if (!has_image(module)) return;
    for (nr_module *of = nr_modules_next(&e->modules, NULL); of; of = nr_modules_next(&e->modules, of)) {
        nr_token_set tokens = NR_TOKEN_SET_INIT;
        if (of != module && has_image(of)) wanted_of(e, g, of, true, &tokens);
        search_image(e, module, of, &tokens, false);
        nr_token_set_free(&tokens);
    }
}

void nr_precompiled_rules_changed(nr_engine *e, const nr_generation *g, nr_module *module)
{
    if (nr_engine_has(e, NR_SWITCH_KEEP_PRECOMPILED)) search_images_for(e, g, module, false);
}

/* ---- the two questions ----------------------------------------------------------------------------- */

bool nr_engine_may_use_precompiled(nr_engine *e, uintptr_t function)
{
    uintptr_t class_id, module_id = 0;
    uint32_t token = 0;
    if (e->runtime.ops->function_info(e->runtime.self, function, &class_id, &module_id, &token) < 0) return true;
    unsigned mark = nr_epoch_enter(&e->epoch);
    nr_module *module = nr_modules_find(&e->modules, module_id);
    uint32_t row = token & 0xFFFFFF;
    bool refused = module && (nr_method_bits_get(&module->callers, row) || is_wanted_now(e, module, row));
    nr_epoch_leave(&e->epoch, mark);
    if (refused) NR_LOG(NR_TRACE, "Precompiled code refused. %llu", (unsigned long long)function);
    return !refused;
}

bool nr_engine_may_inline(nr_engine *e, uintptr_t callee)
{
    uintptr_t class_id, module_id = 0;
    uint32_t token = 0;
    if (e->runtime.ops->function_info(e->runtime.self, callee, &class_id, &module_id, &token) < 0) return true;
    unsigned mark = nr_epoch_enter(&e->epoch);
    nr_module *module = nr_modules_find(&e->modules, module_id);
    bool wanted = module && is_wanted_now(e, module, token & 0xFFFFFF);
    nr_epoch_leave(&e->epoch, mark);
    return !wanted;
}
