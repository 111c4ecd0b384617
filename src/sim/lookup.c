/* lookup.c - what tools ask about modules, types and methods. */
#include "sim/sim.h"

#include <string.h>

static int give(nr_str text, char *out, size_t capacity)
{
    if (!text.p) return -1;
    if (capacity) {
        size_t n = text.n < capacity - 1 ? text.n : capacity - 1;
        if (n) memcpy(out, text.p, n);
        out[n] = 0;
    }
    return (int)text.n;
}

int nr_sim_assembly_name(const nr_sim *sim, uintptr_t module, char *out, size_t capacity)
{
    const sim_module *m = sim_module_of(sim, module);
    return m ? give(m->assembly, out, capacity) : -1;
}

int nr_sim_module_path(const nr_sim *sim, uintptr_t module, char *out, size_t capacity)
{
    const sim_module *m = sim_module_of(sim, module);
    return m ? give(m->path, out, capacity) : -1;
}

int nr_sim_type_name(const nr_sim *sim, uintptr_t module, uint32_t type, char *out, size_t capacity)
{
    const sim_module *m = sim_module_of(sim, module);
    nr_arena scratch = NR_ARENA_INIT;
    if (!m || !nr_md_is(&m->md, type, NR_TAB_TYPE_DEF)) return -1;
    int n = give(nr_md_type_name(&m->md, &scratch, type & 0xFFFFFF), out, capacity);
    nr_arena_free(&scratch);
    return n;
}

int nr_sim_method_name(const nr_sim *sim, uintptr_t module, uint32_t method, char *out, size_t capacity)
{
    const sim_module *m = sim_module_of(sim, module);
    if (!m || !nr_md_is(&m->md, method, NR_TAB_METHOD_DEF)) return -1;
    return give(nr_md_text(&m->md, NR_TAB_METHOD_DEF, method & 0xFFFFFF, NR_COL_METHOD_NAME), out, capacity);
}

int nr_sim_meaning(const nr_sim *sim, uintptr_t module, uint32_t token, char *out, size_t capacity)
{
    const sim_module *m = sim_module_of(sim, module);
    nr_buf text = NR_BUF_INIT;
    if (!m) return -1;
    sim_meaning(m, &text, token);
    int n = text.failed ? -1 : give(nr_buf_str(&text), out, capacity);
    nr_buf_free(&text);
    return n;
}

uint32_t nr_sim_rows(const nr_sim *sim, uintptr_t module, unsigned table)
{
    const sim_module *m = sim_module_of(sim, module);
    return m ? nr_md_rows(&m->md, table) : 0;
}

uint32_t nr_sim_declaring_type(const nr_sim *sim, uintptr_t module, uint32_t method)
{
    const sim_module *m = sim_module_of(sim, module);
    if (!m || !nr_md_is(&m->md, method, NR_TAB_METHOD_DEF)) return 0;
    uint32_t rid = nr_md_method_type(&m->md, method & 0xFFFFFF);
    return rid ? (uint32_t)NR_TAB_TYPE_DEF << 24 | rid : 0;
}

bool nr_sim_method_flags(const nr_sim *sim, uintptr_t module, uint32_t method, uint32_t *flags, uint32_t *impl_flags)
{
    const sim_module *m = sim_module_of(sim, module);
    if (!m || !nr_md_is(&m->md, method, NR_TAB_METHOD_DEF)) return false;
    if (flags) *flags = nr_md_get(&m->md, NR_TAB_METHOD_DEF, method & 0xFFFFFF, NR_COL_METHOD_FLAGS);
    if (impl_flags) *impl_flags = nr_md_get(&m->md, NR_TAB_METHOD_DEF, method & 0xFFFFFF, NR_COL_METHOD_IMPL_FLAGS);
    return true;
}

uint32_t nr_sim_find(nr_sim *sim, uintptr_t module, const char *type, const char *method, unsigned nth)
{
    sim_module *m = sim_module_of(sim, module);
    nr_str full = nr_str_of(type);
    uint32_t token = 0;
    if (!m) return 0;
    for (size_t start = 0, at = 0; at <= full.n; at++) { /* "A.B+C+D": one TypeDef inside the other */
        if (at < full.n && full.p[at] != '+') continue;
        nr_str part = {full.p + start, at - start};
        token = nr_md_find_type_def(&m->md, part, token);
        if (!token) return 0;
        start = at + 1;
    }
    if (!method) return token;
    for (uint32_t i = 0, rid; (rid = nr_md_method_at(&m->md, token & 0xFFFFFF, i)) != 0; i++)
        if (nr_str_is(nr_md_text(&m->md, NR_TAB_METHOD_DEF, rid, NR_COL_METHOD_NAME), method) && nth-- == 0)
            return (uint32_t)NR_TAB_METHOD_DEF << 24 | rid;
    return 0;
}
