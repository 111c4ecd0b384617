/* The live instrumentation functions of nrprof_agent.h, as this library does them. */
#include "clr/agent_calls.h"

#include "base/log.h"
#include "clr/profiler.h"
#include "rules/config.h"

/* The engine of the present profiler; NULL: there is none, or it has not been initialised (attach). The line goes
 * into the log then. */
static nr_engine *engine_or(const char *line)
{
    nr_profiler *p = nr_profiler_current();
    nr_engine *e = p ? atomic_load(&p->engine) : NULL;
    if (!e) NR_LOG(NR_ERROR, "%s", line);
    return e;
}

int32_t NRPROF_CALL nr_own_InstrumentationRefresh(void)
{
    NR_LOG(NR_INFO, "Refreshing instrumentation");
    nr_engine *e = engine_or("Unable to refresh instrumentation because the profiler reference is invalid.");
    if (!e) return NR_E_FAIL;
    NR_LOG(NR_TRACE, "Enter: InstrumentationRefresh");
    return nr_engine_refresh(e, NULL);
}

int32_t NRPROF_CALL nr_own_ReloadConfiguration(void)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_config config;
    NR_LOG(NR_INFO, "Reloading newrelic.config files.");
    nr_engine *e = engine_or("Unable to reload newrelic.config files because the profiler reference is invalid.");
    if (!e) return NR_E_FAIL;
    NR_LOG(NR_TRACE, "Enter: ReloadConfiguration");
    /* A configuration that cannot be used has been logged; what was in force stays (the reference ends the process). */
    int32_t hr = NR_E_FAIL;
    if (nr_config_load(&arena, e->runtime.core, &config) == NR_START_OK) hr = nr_engine_refresh(e, &config.ignore);
    nr_arena_free(&arena);
    return hr;
}

int32_t NRPROF_CALL nr_own_AddCustomInstrumentation(const char *file_name, const char *xml)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_str name, text;
    int32_t hr = NR_E_INVALIDARG;
    NR_LOG(NR_TRACE, "Adding custom instrumentation");
    nr_engine *e = engine_or("Unable to add custom instrumentation because the profiler reference is invalid.");
    if (!e) return NR_E_FAIL;
    if (!file_name || !xml) {
        NR_LOG(NR_ERROR, "Custom instrumentation without a name or a text is not added.");
    } else if (!nr_os_marshalled_text(&arena, file_name, &name) || !nr_os_marshalled_text(&arena, xml, &text)) {
        NR_LOG(NR_ERROR,
               "Custom instrumentation is not added: its name or its text is not valid in the marshalled encoding.");
    } else {
        hr = nr_live_add(&e->live, name, text) ? NR_S_OK : NR_E_OUTOFMEMORY;
    }
    nr_arena_free(&arena);
    return hr;
}

int32_t NRPROF_CALL nr_own_ApplyCustomInstrumentation(void)
{
    NR_LOG(NR_TRACE, "Applying custom instrumentation");
    nr_engine *e = engine_or("Unable to apply custom instrumentation because the profiler reference is invalid.");
    return e ? nr_engine_apply_live(e) : NR_E_FAIL;
}
