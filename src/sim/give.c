#include "sim/give.h"

#include "sim/sim.h"

/* As if an earlier profiler had written it: whatever asks for the body that is to be compiled gets this one. */
bool nr_sim_give_il(nr_sim *sim, uintptr_t module, uint32_t token, const void *il, size_t size)
{
    sim_module *m = sim_module_of(sim, module);
    if (!m || !il || !nr_md_is(&m->md, token, NR_TAB_METHOD_DEF)) return false;
    sim_method *method = sim_method_of(m, token & 0xFFFFFF, true);
    if (!method) return false;
    method->set_il = (nr_str){il, size};
    return true;
}

bool nr_sim_signature(const nr_sim *sim, uintptr_t module, uint32_t token, const uint8_t **p, size_t *size)
{
    const sim_module *m = sim_module_of(sim, module);
    unsigned column = 0;
    uint32_t n = 0;
    if (m && nr_md_is(&m->md, token, NR_TAB_METHOD_SPEC))
        token = nr_md_token(&m->md, NR_TAB_METHOD_SPEC, token & 0xFFFFFF, NR_COL_METHOD_SPEC_METHOD);
    unsigned table = token >> 24;
    if (!m || !nr_md_is(&m->md, token, table)) return false;
    switch (table) {
    case NR_TAB_STAND_ALONE_SIG:
    case NR_TAB_TYPE_SPEC: break;
    case NR_TAB_MEMBER_REF: column = NR_COL_MEMBER_REF_SIG; break;
    case NR_TAB_METHOD_DEF: column = NR_COL_METHOD_SIG; break;
    case NR_TAB_FIELD: column = NR_COL_FIELD_SIG; break;
    default: return false;
    }
    if (!nr_md_bytes(&m->md, table, token & 0xFFFFFF, column, p, &n)) return false;
    *size = n;
    return true;
}
