/* calls.c - calls of the managed agent, while something stands between the CLR and the profiler. */
#include "base/compiler.h"
#include "validate/frame.h"
#include "validate/gate_internal.h"
#include "validate/record.h"
#include "validate/trial.h"

/* The agent makes these calls from the start of the application on; a run lives as long as the CLR wants. */
static nr_run *_Atomic current;
static const nr_agent_calls *_Atomic charge, *_Atomic beside;

void nr_gate_assign(nr_run *run, const nr_agent_calls *other)
{
    atomic_store(&charge, run->own_in_charge ? &nr_agent_calls_own : other);
    atomic_store(&beside, !run->beside_callback ? NULL : run->own_beside ? &nr_agent_calls_own : other);
    atomic_store(&current, run);
}

void nr_gate_hand_over(const nr_agent_calls *other)
{
    atomic_store(&charge, other);
}

void nr_gate_retire(nr_run *run)
{
    nr_run *expected = run;
    atomic_compare_exchange_strong(&current, &expected, NULL);
}

/* One call: both profilers do it, the one beside first. */
typedef struct call {
    nr_run *run;
    const nr_agent_calls *charge, *beside;
    nr_frame frame;
    nr_trial trial;
    int32_t results[2];
    bool tried;
} call;

static void begin(call *c, bool changes)
{
    memset(c, 0, sizeof *c);
    c->run = atomic_load(&current);
    c->charge = atomic_load(&charge);
    c->beside = c->run && c->run->beside_callback ? atomic_load(&beside) : NULL;
    c->frame.callback = "";
    c->tried = changes && c->beside;
    if (c->tried) {
        c->frame.trial = &c->trial;
        /* Requests for compilation come from a thread that the profiler starts. */
        nr_trial_elsewhere(&c->trial, true);
    }
    nr_frame_enter(&c->frame);
}

static void end(call *c, const char *name, const int32_t *hr, const char *const *arguments)
{
    nr_frame_leave(&c->frame);
    if (c->tried) {
        nr_trial_elsewhere(&c->trial, false);
        nr_trial_end(&c->run->shadow, &c->trial, c->results, 0, 0);
    }
    if (!c->run) return;
    nr_record_export(&c->run->charge, name, hr, arguments);
    if (c->tried) nr_record_export(&c->run->beside, name, &c->results[1], arguments);
}

enum { NO_SUCH_FUNCTION = NR_E_NOTIMPL };

#define CHANGING(name, parameters, arguments, ...) \
    static int32_t NRPROF_CALL gate_##name parameters \
    { \
        const char *const list[] = {__VA_ARGS__, NULL}; \
        call c; \
        begin(&c, true); \
        if (c.tried && c.beside->name) c.results[1] = c.beside->name arguments; \
        c.results[0] = c.charge && c.charge->name ? c.charge->name arguments : NO_SUCH_FUNCTION; \
        end(&c, #name, &c.results[0], list); \
        return c.results[0]; \
    }
CHANGING(InstrumentationRefresh, (void), (), NULL)
CHANGING(ReloadConfiguration, (void), (), NULL)
CHANGING(AddCustomInstrumentation, (const char *file_name, const char *xml), (file_name, xml), file_name, xml)
CHANGING(ApplyCustomInstrumentation, (void), (), NULL)

/* The thread profiler belongs to the one in charge. */
static int32_t NRPROF_CALL gate_RequestProfile(void **snapshots, int32_t *length)
{
    call c;
    begin(&c, false);
    int32_t hr = c.charge && c.charge->RequestProfile ? c.charge->RequestProfile(snapshots, length) : NO_SUCH_FUNCTION;
    end(&c, "RequestProfile", &hr, NULL);
    return hr;
}

static void NRPROF_CALL gate_ReleaseProfile(void)
{
    call c;
    begin(&c, false);
    if (c.charge && c.charge->ReleaseProfile) c.charge->ReleaseProfile();
    end(&c, "ReleaseProfile", NULL, NULL);
}

static int32_t NRPROF_CALL gate_RequestFunctionNames(const uintptr_t *functions, int32_t length, void **results)
{
    call c;
    begin(&c, false);
    int32_t hr = c.charge && c.charge->RequestFunctionNames ? c.charge->RequestFunctionNames(functions, length, results)
                                                            : NO_SUCH_FUNCTION;
    end(&c, "RequestFunctionNames", &hr, NULL);
    return hr;
}

static void NRPROF_CALL gate_ShutdownThreadProfiler(void)
{
    call c;
    begin(&c, false);
    if (c.charge && c.charge->ShutdownThreadProfiler) c.charge->ShutdownThreadProfiler();
    end(&c, "ShutdownThreadProfiler", NULL, NULL);
}

/* Called for every transaction, so it is not recorded. */
static uintptr_t NRPROF_CALL gate_GetCurrentExecutionEngineThreadId(void)
{
    const nr_agent_calls *c = atomic_load(&charge);
    return c && c->GetCurrentExecutionEngineThreadId ? c->GetCurrentExecutionEngineThreadId() : 0;
}

const nr_agent_calls nr_agent_calls_gate = {
#define X(result, name, parameters) .name = gate_##name,
    NR_AGENT_CALLS(X)
#undef X
};
