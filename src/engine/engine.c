#include "engine/engine.h"

#include "base/alloc.h"
#include "base/log.h"
#include "engine/approval.h"
#include "engine/inject.h"
#include "engine/method.h"
#include "engine/precompiled.h"
#include "engine/refresh.h"
#include "engine/requests.h"
#include "os/lock_order.h"

enum { FAULT_LIMIT = 100 };

nr_engine *nr_engine_new(const nr_runtime *runtime, nr_str core_path, nr_generation *first)
{
    nr_engine *e = nr_zalloc(sizeof *e);
    if (!e) return NULL;
    e->runtime = *runtime;
    nr_mutex_set_rank(&e->live.gate, NR_LOCK_REFRESH);
    e->core_path = core_path;
    e->modules.epoch = &e->epoch;
    e->modules.runtime = &e->runtime;
    e->switches = nr_switches_in_force(first->set.switches);
    e->fault_limit = nr_env_number(NR_ENV_FAULT_LIMIT, FAULT_LIMIT);
    atomic_init(&e->generation, first);
    return e;
}

void nr_engine_free(nr_engine *e)
{
    if (!e) return;
    nr_epoch_end(&e->epoch);
    nr_modules_end(&e->modules);
    nr_resolver_end(&e->resolver);
    nr_live_free(&e->live);
    nr_entry_free(&e->entries);
    nr_generation_free(atomic_load(&e->generation));
    nr_free(e, sizeof *e);
}

static int32_t no_details(void)
{
    NR_LOG(NR_ERROR, "An exception was thrown while getting details about a function.");
    return NR_HR_FAIL;
}

/* The long way: facts, instrumentors. Inside an epoch. */
static int32_t process(nr_engine *e, nr_generation *g, nr_module *module, uintptr_t function, uint32_t token,
                       bool inject, void *control)
{
    nr_method m;
    int32_t hr = NR_HR_OK;
    if (nr_approval_is_closed(e)) return inject ? NR_HR_FALSE : NR_HR_OK;
    memset(&m, 0, sizeof m);
    m.e = e;
    m.g = g;
    m.module = module;
    m.function = function;
    m.module_id = module->id;
    m.token = token;
    m.inject = inject;
    m.control = control;
    switch (nr_method_facts_of(&m)) {
    case NR_FACTS_SKIPPED:
        NR_LOG(NR_TRACE, "JITCompilationStarted Finished. Function Skipped. %llu", (unsigned long long)function);
        break;
    case NR_FACTS_FAILED: hr = NR_HR_FAIL; break;
    case NR_FACTS_READY: hr = nr_method_instrument(&m); break;
    }
    nr_method_end(&m);
    return hr;
}

/* From a function id to the long way, or out by the short one: one call, one table, one bit. */
static int32_t process_function(nr_engine *e, uintptr_t function, bool inject, void *control)
{
    uintptr_t class_id = 0, module_id = 0;
    uint32_t token = 0;
    int32_t hr = e->runtime.ops->function_info(e->runtime.self, function, &class_id, &module_id, &token);
    if (hr < 0) return no_details();
    unsigned mark = nr_epoch_enter(&e->epoch);
    nr_generation *g = atomic_load(&e->generation);
    nr_module *module = nr_modules_need(&e->modules, module_id, &hr);
    if (!module) {
        hr = no_details();
    } else if (nr_log_effective_level() == NR_TRACE || nr_module_may_match(&e->modules, module, g, function, token)) {
        hr = process(e, g, module, function, token, inject, control);
    } else {
        hr = NR_HR_OK;
    }
    nr_epoch_leave(&e->epoch, mark);
    return hr;
}

int32_t nr_engine_jit_started(nr_engine *e, uintptr_t function)
{
    NR_LOG(NR_TRACE, "JITCompilationStarted. %llu", (unsigned long long)function);
    int32_t hr = process_function(e, function, false, NULL);
    NR_LOG(NR_TRACE, "JITCompilationStartedFinished. %llu", (unsigned long long)function);
    return hr;
}

int32_t nr_engine_rejit_started(nr_engine *e, uintptr_t function)
{
    uintptr_t class_id, module = 0;
    uint32_t token = 0;
    NR_LOG(NR_TRACE, "ReJITCompilationStarted. %llu", (unsigned long long)function);
    if (e->runtime.ops->function_info(e->runtime.self, function, &class_id, &module, &token) != NR_HR_OK) {
        NR_LOG(NR_TRACE, "GetFunctionInfo call failed in RequestGenericMethodReJIT");
    } else if (nr_resolver_was_waiting(&e->resolver, module, token, function)) {
        NR_LOG(NR_DEBUG, "Requesting a reJIT of a generic function");
        e->runtime.ops->request_rejit(e->runtime.self, 1, &module, &token);
    }
    NR_LOG(NR_TRACE, "ReJITCompilationStartedFinished. %llu", (unsigned long long)function);
    return NR_HR_OK;
}

/* com-and-lifecycle.md 8.5.1; 0: none. */
static uintptr_t resolve(nr_engine *e, uintptr_t module, uint32_t token)
{
    uintptr_t function = 0;
    int32_t hr = e->runtime.ops->function_from_token(e->runtime.self, module, token, &function);
    if (hr >= 0) return function;
    if (hr != NR_HR_PARAMETERIZED) {
        NR_LOG(NR_ERROR, "GetFunctionFromToken call failed: 0x%x", (unsigned)hr);
        return 0;
    }
    NR_LOG(NR_TRACE, "Generic function lookup falling back to map");
    function = nr_resolver_take(&e->resolver, module, token);
    if (!function) NR_LOG(NR_TRACE, "Generic function lookup failed, queued a reJIT");
    return function;
}

int32_t nr_engine_rejit_parameters(nr_engine *e, uintptr_t module, uint32_t token, void *control)
{
    int32_t hr = NR_HR_FALSE;
    NR_LOG(NR_TRACE, "GetReJITParameters called");
    uintptr_t function = resolve(e, module, token);
    if (function) {
        NR_LOG(NR_TRACE, "ReJIT %llu", (unsigned long long)function);
        hr = process_function(e, function, true, control);
    }
    NR_LOG(NR_TRACE, "GetReJITParameters finished");
    return hr;
}

void nr_engine_rejit_error(nr_engine *e, uintptr_t module_id, uint32_t token, int32_t status)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_scope scope;
    nr_method_props props;
    nr_str type;
    uint32_t attributes;
    int32_t hr;
    if (!nr_engine_has(e, NR_SWITCH_REPORT_REJIT_ERRORS)) return;
    unsigned mark = nr_epoch_enter(&e->epoch);
    const nr_module *module = nr_modules_need(&e->modules, module_id, &hr);
    hr = module ? e->runtime.ops->open_module(e->runtime.self, module_id, &scope) : NR_HR_FAIL;
    if (hr >= 0) {
        hr = scope.ops->method_props(&scope, &arena, token, &props);
        if (hr >= 0) hr = nr_type_full_name(&scope, &arena, props.type_def, &type, &attributes);
        scope.ops->close(&scope);
    }
    if (hr >= 0)
        NR_LOG(NR_ERROR, "The CLR refused the new body of [%.*s]%.*s.%.*s.  HRESULT: 0x%x",
               NR_STR_ARG(module->assembly), NR_STR_ARG(type), NR_STR_ARG(props.name), (unsigned)status);
    else
        NR_LOG(NR_ERROR, "The CLR refused the new body of method 0x%x.  HRESULT: 0x%x", (unsigned)token,
               (unsigned)status);
    nr_epoch_leave(&e->epoch, mark);
    nr_arena_free(&arena);
}

/* ---- modules ------------------------------------------------------------------------- */

/* com-and-lifecycle.md section 7, Core. */
static void load_core_module(nr_engine *e, nr_module *module, const nr_generation *g)
{
    nr_token_set tokens = NR_TOKEN_SET_INIT;
    if (nr_approval_is_closed(e)) return;
    if (!nr_ruleset_has_assembly(&g->set, module->assembly) && !nr_wides_know_assembly(&g->set.wides, module->assembly))
        return;
    NR_LOG(NR_TRACE, "Assembly module loaded: %.*s", NR_STR_ARG(module->assembly));
    if (nr_token_set_at_load(e, module, g, &tokens)) nr_token_set_rejit(e, module, &tokens);
    nr_token_set_free(&tokens);
}

int32_t nr_engine_module_loaded(nr_engine *e, uintptr_t module_id, int32_t status)
{
    int32_t hr;
    nr_epoch_collect(&e->epoch);
    if (status < 0) return e->runtime.core ? NR_HR_OK : status;
    unsigned mark = nr_epoch_enter(&e->epoch);
    nr_generation *g = atomic_load(&e->generation);
    nr_module *module = nr_modules_need(&e->modules, module_id, &hr);
    hr = NR_HR_OK;
    if (!e->runtime.core)
        hr = nr_inject_into_module(e, g, module_id);
    else if (module)
        load_core_module(e, module, g);
    if (module) nr_precompiled_module_loaded(e, g, module);
    if (module) nr_entry_module_loaded(e, module);
    nr_epoch_leave(&e->epoch, mark);
    return hr;
}

void nr_engine_module_unloaded(nr_engine *e, uintptr_t module)
{
    nr_modules_remove(&e->modules, module);
    nr_resolver_forget_module(&e->resolver, module);
    nr_entry_forget_module(&e->entries, module);
}

nr_engine_counters nr_engine_count(nr_engine *e)
{
    unsigned mark = nr_epoch_enter(&e->epoch);
    nr_script_counters s = nr_script_count(atomic_load(&e->generation)->script);
    nr_epoch_leave(&e->epoch, mark);
    nr_engine_counters c = {.template_runs = s.template_runs,
                            .blobs = s.blobs,
                            .instrumented = atomic_load(&e->instrumented),
                            .lua_memory = s.memory};
    for (size_t i = 0; i < NR_COUNT(c.verdicts); i++) c.verdicts[i] = atomic_load(&e->verdicts[i]);
    return c;
}
