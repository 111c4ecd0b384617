/* precompiled.c - code in images (ReadyToRun): may it be used, and what was inlined into it. */
#include "sim/sim.h"

#define SIM(self) (((sim_object *)(self))->sim)

enum { SIM_E_DATA_INCOMPLETE = (int32_t)0x80131351 }; /* CORPROF_E_DATAINCOMPLETE */

/* One row of an image's list of inlinings. */
typedef struct sim_inlining {
    uint32_t caller;
    uintptr_t module;
    uint32_t callee;
} sim_inlining;

int32_t nr_sim_precompiled(nr_sim *sim, uintptr_t module, uint32_t method, bool *used)
{
    uintptr_t function = nr_sim_function_id(sim, module, method);
    int32_t yes = 1, hr = NR_S_OK;
    if (!function) return NR_E_INVALIDARG;
    if (sim->attached && sim->mask_low & SIM_MONITOR_CACHE_SEARCHES)
        hr = NR_CALL(sim->callback, JITCachedFunctionSearchStarted, function, &yes);
    if (used) *used = yes != 0;
    return hr;
}

bool nr_sim_inlined(nr_sim *sim, uintptr_t in, uint32_t caller, uintptr_t module, uint32_t callee)
{
    sim_module *m = sim_module_of(sim, in);
    sim_inlining row = {caller, module, callee};
    return m && sim_push(&m->inlinings, &row, sizeof row);
}

bool nr_sim_inlined_more(nr_sim *sim, uintptr_t in)
{
    sim_module *m = sim_module_of(sim, in);
    if (m) m->inlinings_incomplete = true;
    return m != NULL;
}

static int32_t NR_COM EnumNgenModuleMethodsInliningThisMethod(void *self, uintptr_t in, uintptr_t module,
                                                              uint32_t method, int32_t *incomplete, void **out)
{
    SIM_ENTER(SIM(self), SIM_INFO, ICorProfilerInfo11, EnumNgenModuleMethodsInliningThisMethod);
    const sim_module *m = sim_module_of(SIM(self), in);
    if (!m || !out) return NR_E_INVALIDARG;
    if (incomplete) *incomplete = m->inlinings_incomplete;
    if (!m->inlinings.size && !m->inlinings_incomplete) return SIM_E_DATA_INCOMPLETE;
    int32_t hr = sim_new_method_enum(SIM(self), out);
    const sim_inlining *rows = (const sim_inlining *)(const void *)m->inlinings.data;
    for (size_t i = 0; hr >= 0 && i < m->inlinings.size / sizeof *rows; i++) {
        if (rows[i].module != module || rows[i].callee != method) continue;
        hr = sim_method_enum_add(*out, (nr_prf_method){in, rows[i].caller}) ? NR_S_OK : NR_E_OUTOFMEMORY;
        if (hr < 0) nr_release(*out);
    }
    return hr;
}

void sim_precompiled_vtbl(sim_vtbls *v)
{
    v->INFO.EnumNgenModuleMethodsInliningThisMethod = EnumNgenModuleMethodsInliningThisMethod;
}
