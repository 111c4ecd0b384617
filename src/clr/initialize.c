/* Initialize, step by step (com-and-lifecycle.md section 5). */
#include "base/log.h"
#include "base/version.h"
#include "clr/profiler.h"
#include "clr/runtime.h"
#include "engine/journal.h"
#include "rules/coredll.h"
#include "rules/env.h"
#include "rules/logfile.h"
#include "rules/process.h"
#include "validate/gate.h"

/* COR_PRF_MONITOR and COR_PRF_HIGH_MONITOR bits (section 6). */
enum {
    MONITOR_MODULE_LOADS = 0x4,
    MONITOR_JIT_COMPILATION = 0x20,
    MONITOR_THREADS = 0x200,
    MONITOR_CACHE_SEARCHES = 0x20000,
    ENABLE_REJIT = 0x40000,
    ENABLE_STACK_SNAPSHOT = 0x10000000,
    USE_PROFILE_IMAGES = 0x20000000,
    HIGH_DISABLE_TIERED_COMPILATION = 0x8
};
#define DISABLE_ALL_NGEN_IMAGES 0x80000000u
#define EVENT_MASK \
    (MONITOR_MODULE_LOADS | MONITOR_JIT_COMPILATION | MONITOR_THREADS | ENABLE_REJIT | ENABLE_STACK_SNAPSHOT | \
     USE_PROFILE_IMAGES | DISABLE_ALL_NGEN_IMAGES)
_Static_assert(EVENT_MASK == 0xB0040224u, "the reference's event mask");

/* With keep_precompiled: no images are thrown away, and the runtime asks before it uses code from one. */
#define FAST_EVENT_MASK \
    (MONITOR_MODULE_LOADS | MONITOR_JIT_COMPILATION | MONITOR_THREADS | MONITOR_CACHE_SEARCHES | ENABLE_REJIT | \
     ENABLE_STACK_SNAPSHOT)

enum { DESKTOP_CLR = 1, CORE_CLR = 2 }; /* COR_PRF_RUNTIME_TYPE */

typedef struct nr_start {
    nr_profiler *p;
    nr_IUnknown *unknown;
    uint16_t major, minor;
    nr_config config;
    nr_str home, core_path;
    nr_generation *generation;
    nr_process_facts facts;
} nr_start;

static bool query(nr_IUnknown *unknown, const nr_guid *iid, void **object)
{
    *object = NULL;
    return NR_CALL(unknown, QueryInterface, iid, object) >= 0 && *object;
}

/* Steps 2 to 4. The log is not open yet: nobody sees these lines, as with the reference. */
static bool find_runtime(nr_start *s)
{
    void *info = NULL;
    int32_t type = 0;
    uint16_t instance = 0;
    if (!query(s->unknown, &nr_iid_ICorProfilerInfo4, &info)) return false;
    s->p->info = info;
    if (NR_CALL(s->p->info, GetRuntimeInformation, &instance, &type, &s->major, &s->minor, NULL, NULL, 0, NULL, NULL) <
        0)
        return false;
    s->p->core = type == CORE_CLR;
    return type == CORE_CLR || type == DESKTOP_CLR;
}

/* Steps 5 to 7. */
static bool load_config(nr_start *s)
{
    bool ok = nr_config_load(&s->p->arena, s->p->core, &s->config) == NR_START_OK;
    nr_logfile_start(s->p->core);
    nr_gate_log_notes();
    if (ok) return true;
    /* Once more, now that there is a log to tell the reason to. */
    nr_log_set_initialized();
    return nr_config_load(&s->p->arena, s->p->core, &s->config) == NR_START_OK;
}

/* Step 9. */
static bool runtime_is_recent(const nr_start *s)
{
    void *probe;
    if (query(s->unknown, s->p->core ? &nr_iid_ICorProfilerInfo11 : &nr_iid_ICorProfilerInfo7, &probe)) {
        nr_release(probe);
        return true;
    }
    if (s->p->core)
        NR_LOG(NR_ERROR, ".NET Core 3.1 or greater required. Profiler not attaching.");
    else
        NR_LOG(NR_ERROR, ".NET Framework 4.6.1 is required.  Detaching New Relic profiler.");
    return false;
}

/* Step 10. */
static void prepare_thread_profiler(nr_start *s)
{
    void *info10;
    NR_LOG(NR_INFO, "Initializing ThreadProfiler");
    if (!query(s->unknown, &nr_iid_ICorProfilerInfo10, &info10)) return;
    s->p->info10 = info10;
    NR_LOG(NR_INFO, "ICorProfilerInfo10 available");
}

/* Steps 15 and 16, before the rules: a process that is refused reads no rule file and has no Lua state. */
static bool may_run_here(nr_start *s)
{
    NR_LOG(NR_TRACE, "Checking to see if we should instrument this process.");
    nr_process_facts_read(&s->p->arena, &s->facts);
    if (s->facts.force || nr_should_instrument(&s->facts, &s->config, s->p->core)) return true;
    NR_LOG(NR_INFO, "This process should not be instrumented, unloading profiler.");
    return false;
}

/* Steps 12 to 14. */
static bool load_rules(nr_start *s)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_extension_files files;
    bool ok = nr_home_directory(&arena, s->p->core, &s->home) == NR_START_OK &&
              nr_extension_files_list(&arena, s->p->core, &files) == NR_START_OK;
    if (ok) s->generation = nr_generation_load(s->home, &files, NULL, 0, &s->config.ignore);
    s->p->failed = ok && !s->generation;
    nr_arena_free(&arena);
    if (!s->generation) return false;
    if (s->generation->invalid_files)
        NR_LOG(NR_WARN, "Unable to parse one or more instrumentation files.  Live instrumentation reloading will not "
                        "work until the "
                        "unparsable file(s) are corrected or removed.");
    NR_LOG(NR_TRACE, "Read %zu instrumentation files", s->generation->files_read);
    nr_generation_add_environment_point(s->generation);
    return true;
}

/* `process { deny = … }` of the rule files. It cannot overrule NEW_RELIC_FORCE_PROFILING. */
static bool is_denied(nr_start *s)
{
    const nr_denied *d = s->facts.force ? NULL : nr_ruleset_denies(&s->generation->set, s->facts.path);
    if (!d) return false;
    NR_LOG(NR_INFO, "Process %.*s excluded by %.*s:%u.", NR_STR_ARG(s->facts.path), NR_STR_ARG(d->file), d->line);
    NR_LOG(NR_INFO, "This process should not be instrumented, unloading profiler.");
    return true;
}

static bool report_mask(int32_t hr, const char *function)
{
    if (hr < 0) NR_LOG(NR_ERROR, "Win32 function call failed.  Function: %s  HRESULT: 0x%x", function, (unsigned)hr);
    return hr >= 0;
}

/* The event mask of a fast start. False: it is not to be had here, the line says why. */
static bool set_fast_mask(nr_start *s)
{
    void *found = NULL;
    const char *why = "it needs .NET (Core)";
    bool ok = false;
    if (s->p->core && !query(s->unknown, &nr_iid_ICorProfilerInfo6, &found)) {
        why = "the runtime lacks ICorProfilerInfo6";
    } else if (s->p->core) {
        nr_ICorProfilerInfo6 *info6 = found;
        NR_LOG(NR_DEBUG, "Calling SetEventMask2().");
        ok = NR_CALL(info6, SetEventMask2, FAST_EVENT_MASK, 0) >= 0;
        why = "the runtime refused the event mask";
        nr_release(info6);
    }
    if (!ok) NR_LOG(NR_INFO, "No fast start: %s. Precompiled code and tiered compilation are off.", why);
    return ok;
}

/* Step 18. */
static bool set_event_mask(nr_start *s)
{
    nr_engine *e = atomic_load(&s->p->engine);
    void *found = NULL;
    if (nr_engine_has(e, NR_SWITCH_KEEP_PRECOMPILED)) {
        if (set_fast_mask(s)) return true;
        nr_engine_turn_off(e, NR_SWITCH_KEEP_PRECOMPILED); /* no callback has come yet */
    }
    if (s->p->core && query(s->unknown, &nr_iid_ICorProfilerInfo5, &found)) {
        nr_ICorProfilerInfo5 *info5 = found;
        NR_LOG(NR_DEBUG, "Calling SetEventMask2().");
        int32_t hr = NR_CALL(info5, SetEventMask2, EVENT_MASK, HIGH_DISABLE_TIERED_COMPILATION);
        nr_release(info5);
        return report_mask(hr, "_corProfilerInfo5->SetEventMask2");
    }
    NR_LOG(NR_DEBUG, "Calling SetEventMask().");
    return report_mask(NR_CALL(s->p->info, SetEventMask, EVENT_MASK), "_corProfilerInfo4->SetEventMask");
}

static bool start_engine(nr_start *s)
{
    /* .NET Framework hands out images that it compiled itself, whose headers say other things. */
    s->p->clr = (nr_clr){s->p->info, s->p->core ? nr_dispenser_export(s->p->info) : NULL};
    const nr_runtime runtime = {&nr_runtime_ops_clr, &s->p->clr, s->p->core};
    nr_engine *e = nr_engine_new(&runtime, s->core_path, s->generation);
    if (!e) return false;
    s->generation = NULL;
    atomic_store(&s->p->engine, e);
    return true;
}

/* Code of several application domains would share one address. */
static void check_direct_calls(const nr_profiler *p)
{
    nr_engine *e = atomic_load(&p->engine);
    if (p->core || !nr_engine_has(e, NR_SWITCH_CALL)) return;
    nr_engine_turn_off(e, NR_SWITCH_CALL);
    NR_LOG(NR_INFO, "No direct calls: they need .NET (Core). The agent is called by reflection.");
}

/* What is not as the reference does it; no line when there is nothing. */
static void log_switches(const nr_engine *e)
{
    for (unsigned i = 0; i < NR_SWITCH_COUNT; i++) {
        if (nr_engine_has(e, (nr_switch)i))
            NR_LOG(NR_INFO, "Switch %s is on: %s", nr_switches[i].name, nr_switches[i].help);
    }
}

static int32_t cancel_with_line(nr_start *s)
{
    nr_generation_free(s->generation);
    NR_LOG(NR_ERROR, "An exception was thrown while initializing the profiler. The profiler will be detached now.");
    return NR_CORPROF_E_PROFILER_CANCEL_ACTIVATION;
}

/* Which library this is: support cannot tell from the outside (a line that the reference does not have). */
static void log_identity(void)
{
    char id[65];
    NR_LOG(NR_INFO, "nrprof %s, commit %s, build %s", NRPROF_VERSION, NRPROF_COMMIT,
           nr_os_build_id(id, sizeof id) ? id : "without id");
}

/* The switch for an emergency: nothing that could be the cause of it runs, not even the reader of newrelic.config, so
 * the line that says so is written whatever the configuration says about logging. */
static bool is_disabled(bool core)
{
    if (!nr_env_bool(NR_ENV_PROFILER_DISABLED, false)) return false;
    if (nr_env_bool(NR_ENV_LOG_ENABLED, true)) {
        nr_logfile_start(core);
        nr_log_set_initialized();
        NR_LOG(NR_INFO, "NEW_RELIC_PROFILER_DISABLED is set: nothing is instrumented, unloading profiler.");
    }
    return true;
}

int32_t nr_profiler_initialize(nr_profiler *p, nr_IUnknown *unknown)
{
    nr_start s;
    memset(&s, 0, sizeof s);
    s.p = p;
    s.unknown = unknown;
    if (!find_runtime(&s) || is_disabled(p->core)) return NR_CORPROF_E_PROFILER_CANCEL_ACTIVATION;
    if (!load_config(&s)) return cancel_with_line(&s);
    log_identity();
    NR_LOG(NR_TRACE, "%s", nr_runtime_product(p->core));
    if (!runtime_is_recent(&s)) return NR_CORPROF_E_PROFILER_CANCEL_ACTIVATION;
    prepare_thread_profiler(&s);
    if (nr_core_dll_find(&p->arena, p->core, &s.core_path) != NR_START_OK)
        return NR_CORPROF_E_PROFILER_CANCEL_ACTIVATION;
    if (!may_run_here(&s)) return NR_CORPROF_E_PROFILER_CANCEL_ACTIVATION;
    if (!load_rules(&s)) return cancel_with_line(&s);
    if (is_denied(&s)) {
        nr_generation_free(s.generation);
        return NR_CORPROF_E_PROFILER_CANCEL_ACTIVATION;
    }
    nr_journal_begin("nrprof " NRPROF_VERSION ", commit " NRPROF_COMMIT);
    /* The engine exists before the mask: callbacks may come as soon as it is set. */
    bool started = start_engine(&s);
    if (started) check_direct_calls(p);
    if (!started || !set_event_mask(&s)) {
        p->failed = true;
        return cancel_with_line(&s);
    }
    log_switches(atomic_load(&p->engine));
    NR_LOG(NR_TRACE, "CLR version: %u.%u", s.major, s.minor);
    if (nr_env_bool(NR_ENV_DISABLE_APPDOMAIN_CACHING, false))
        NR_LOG(NR_INFO, "The use of AppDomain for method information caching is disabled via the "
                        "'NEW_RELIC_DISABLE_APPDOMAIN_CACHING' environment variable.");
    NR_LOG(NR_INFO, "Profiler initialized");
    if (nr_env_bool(NR_ENV_RULES_WATCH, false)) nr_watch_start(&p->watch, atomic_load(&p->engine), NR_WATCH_PERIOD);
    return NR_S_OK;
}
