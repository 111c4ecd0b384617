/* drive.c - what happens in the CLR: modules come and go, methods are compiled, threads start and end. */
#include "base/alloc.h"
#include "il/body.h"
#include "sim/rejit.h"

#include <string.h>

/* The callback that is running, for the events inside it. */
typedef struct context {
    const char *callback;
    uint32_t method;
} context;

static context enter(nr_sim *sim, const char *callback, uint32_t method)
{
    context before = {sim->in_callback, sim->in_method};
    sim->in_callback = callback;
    sim->in_method = method;
    return before;
}

static void leave(nr_sim *sim, context before)
{
    sim->in_callback = before.callback;
    sim->in_method = before.method;
}

/* Callbacks are only sent when the profiler has asked for them. */
#define SEND(sim, bit, ...) \
    ((sim)->attached && ((sim)->mask_low & (bit)) ? NR_CALL((sim)->callback2, __VA_ARGS__) : NR_S_OK)

/* ---- modules ------------------------------------------------------------------------------------- */

static sim_module *new_module(nr_sim *sim, const char *path)
{
    sim_module *m = nr_zalloc(sizeof *m);
    if (!m) return NULL;
    m->sim = sim;
    m->number = (uint32_t)sim_module_count(sim) + 1;
    m->id = SIM_MODULE_ID | (uintptr_t)m->number << 4;
    m->path = nr_arena_str(&m->arena, nr_str_of(path));
    sim_object_init(&m->import, sim, m, SIM_IMPORT);
    sim_object_init(&m->assembly_import, sim, m, SIM_ASSEMBLY_IMPORT);
    sim_object_init(&m->emit, sim, m, SIM_EMIT);
    sim_object_init(&m->assembly_emit, sim, m, SIM_ASSEMBLY_EMIT);
    sim_object_init(&m->allocator, sim, m, SIM_MALLOC);
    return m;
}

static uintptr_t announce(nr_sim *sim, sim_module *m, int32_t status, int32_t *result)
{
    unsigned table = nr_md_rows(&m->md, NR_TAB_ASSEMBLY) ? NR_TAB_ASSEMBLY : NR_TAB_MODULE;
    unsigned column = table == NR_TAB_ASSEMBLY ? NR_COL_ASSEMBLY_NAME : NR_COL_MODULE_NAME;
    uintptr_t assembly = m->id - SIM_MODULE_ID + SIM_ASSEMBLY_ID;
    m->assembly = nr_arena_str(&m->arena, nr_md_text(&m->md, table, 1, column));
    if (!m->path.p || !m->assembly.p || !sim_push(&sim->modules, &m, sizeof m)) {
        sim_say(sim, "out of memory");
        sim_module_free(m);
        return 0;
    }
    SEND(sim, SIM_MONITOR_ASSEMBLY_LOADS, AssemblyLoadStarted, assembly);
    SEND(sim, SIM_MONITOR_MODULE_LOADS, ModuleLoadStarted, m->id);
    if (sim->attached && sim->mask_low & SIM_MONITOR_MODULE_LOADS) {
        context before = enter(sim, "module", 0);
        int32_t hr = NR_CALL(sim->callback2, ModuleLoadFinished, m->id, status);
        leave(sim, before);
        nr_sim_event e = {.kind = NR_SIM_MODULE, .hr = hr};
        e.module = m->id;
        sim_event(sim, &e);
        if (result) *result = hr;
    }
    SEND(sim, SIM_MONITOR_MODULE_LOADS, ModuleAttachedToAssembly, m->id, assembly);
    SEND(sim, SIM_MONITOR_ASSEMBLY_LOADS, AssemblyLoadFinished, assembly, status);
    return m->id;
}

static uintptr_t load(nr_sim *sim, const char *path, const void *data, size_t size, int32_t status, int32_t *result)
{
    nr_image_error error;
    if (result) *result = NR_S_OK;
    if (sim_module_count(sim) >= 0xFFF) { /* function ids have 12 bits for the module on 32-bit machines */
        sim_say(sim, "too many modules");
        return 0;
    }
    sim_module *m = new_module(sim, path);
    if (!m) {
        sim_say(sim, "out of memory");
        return 0;
    }
    bool ok = data ? nr_md_parse(&m->md, data, size, &error) : nr_md_open(&m->md, nr_str_of(path), &error);
    if (!ok) {
        sim_say(sim, "%s: %s (at offset 0x%lx)", path, error.text, (unsigned long)error.offset);
        sim_module_free(m);
        return 0;
    }
    return announce(sim, m, status, result);
}

uintptr_t nr_sim_load(nr_sim *sim, const char *path, int32_t *hr)
{
    return load(sim, path, NULL, 0, NR_S_OK, hr);
}

uintptr_t nr_sim_load_bytes(nr_sim *sim, const char *path, const void *data, size_t size, int32_t status, int32_t *hr)
{
    return load(sim, path, data, size, status, hr);
}

int32_t nr_sim_unload(nr_sim *sim, uintptr_t module)
{
    sim_module *m = sim_module_of(sim, module);
    if (!m) return NR_E_INVALIDARG;
    SEND(sim, SIM_MONITOR_MODULE_LOADS, ModuleUnloadStarted, module);
    m->unloaded = true; /* memory stays: the profiler may hold interface pointers */
    return SEND(sim, SIM_MONITOR_MODULE_LOADS, ModuleUnloadFinished, module, NR_S_OK);
}

size_t nr_sim_modules(const nr_sim *sim, uintptr_t *out, size_t capacity)
{
    size_t n = 0;
    for (size_t i = 1; i <= sim_module_count(sim); i++) {
        const sim_module *m = sim_module_number(sim, i);
        if (m->unloaded) continue;
        if (n < capacity) out[n] = m->id;
        n++;
    }
    return n;
}

/* ---- bodies ------------------------------------------------------------------------------------------ */

bool sim_current_il(sim_module *m, uint32_t rid, bool with_rejit, const uint8_t **il, size_t *size, bool *damaged)
{
    const sim_method *method = sim_method_of(m, rid, false);
    const nr_str *written = NULL;
    *damaged = false;
    if (method && with_rejit && method->rejitted && method->rejit_il.p)
        written = &method->rejit_il;
    else if (method && method->set_il.p)
        written = &method->set_il;
    if (!written) return nr_md_body(&m->md, rid, il, size, damaged);
    *il = (const uint8_t *)written->p;
    *size = written->n;
    return true;
}

bool nr_sim_il(const nr_sim *sim, uintptr_t module, uint32_t method, nr_sim_body which, const uint8_t **il,
               size_t *size)
{
    sim_module *m = sim_module_of(sim, module);
    bool damaged;
    if (!m || !nr_md_is(&m->md, method, NR_TAB_METHOD_DEF)) return false;
    if (which == NR_SIM_BODY_ORIGINAL) return nr_md_body(&m->md, method & 0xFFFFFF, il, size, &damaged);
    return sim_current_il(m, method & 0xFFFFFF, true, il, size, &damaged);
}

bool nr_sim_is_rewritten(const nr_sim *sim, uintptr_t module, uint32_t token)
{
    sim_module *m = sim_module_of(sim, module);
    if (!m || !nr_md_is(&m->md, token, NR_TAB_METHOD_DEF)) return false;
    const sim_method *method = sim_method_of(m, token & 0xFFFFFF, false);
    return method && (method->set_il.p || (method->rejitted && method->rejit_il.p));
}

/* ---- compiling ------------------------------------------------------------------------------------------ */

void sim_rejit_error(nr_sim *sim, uintptr_t module, uint32_t token, uintptr_t function, int32_t hr)
{
    nr_sim_event e = {.kind = NR_SIM_REJIT_ERROR, .hr = hr};
    e.module = sim_module_of(sim, module) ? module : 0;
    e.method = token;
    sim_event(sim, &e);
    if (sim->attached && sim->callback) NR_CALL(sim->callback, ReJITError, module, token, function, hr);
}

static void keep_first(int32_t *result, int32_t hr)
{
    if (*result >= 0) *result = hr < 0 ? hr : NR_S_OK;
}

static void compile_rejit(sim_module *m, uint32_t rid, sim_method *method, int32_t *result)
{
    nr_sim *sim = m->sim;
    uint32_t token = (uint32_t)NR_TAB_METHOD_DEF << 24 | rid;
    uintptr_t function = sim_function_id(m, rid), version = ++sim->next_rejit_id;
    sim_control control;
    memset(&control, 0, sizeof control);
    sim_object_init(&control.object, sim, m, SIM_CONTROL);
    control.object.references = 1;
    control.rid = rid;
    method->pending = false;
    context before = enter(sim, "rejitparams", token);
    int32_t hr = NR_CALL(sim->callback, GetReJITParameters, m->id, token, &control);
    leave(sim, before);
    nr_sim_event e = {.kind = NR_SIM_GET_REJIT, .hr = hr};
    e.module = m->id;
    e.method = token;
    sim_event(sim, &e);
    if (control.object.references != 1)
        sim_say(sim, "GetReJITParameters(%08x) keeps the function control beyond the call", token);
    keep_first(result, hr);
    method->rejitted = true;
    method->rejit_il.p = NULL;
    if (hr < 0) { /* the new version exists and has the original IL: no JITCompilationStarted follows */
        sim_rejit_error(sim, m->id, token, function, hr);
        return;
    }
    method->rejit_il = control.il;
    before = enter(sim, "rejitstart", sim->in_method);
    keep_first(result, NR_CALL(sim->callback, ReJITCompilationStarted, function, version, 1));
    leave(sim, before);
    NR_CALL(sim->callback, ReJITCompilationFinished, function, version, NR_S_OK, 1);
}

static void compile_original(sim_module *m, uint32_t rid, sim_method *method, int32_t *result)
{
    nr_sim *sim = m->sim;
    uint32_t token = (uint32_t)NR_TAB_METHOD_DEF << 24 | rid;
    if (sim->attached && sim->mask_low & SIM_MONITOR_JIT) {
        context before = enter(sim, "jit", token);
        int32_t hr = NR_CALL(sim->callback2, JITCompilationStarted, sim_function_id(m, rid), 1);
        leave(sim, before);
        nr_sim_event e = {.kind = NR_SIM_JIT, .hr = hr};
        e.module = m->id;
        e.method = token;
        sim_event(sim, &e);
        keep_first(result, hr);
        NR_CALL(sim->callback2, JITCompilationFinished, sim_function_id(m, rid), NR_S_OK, 1);
    } else {
        keep_first(result, NR_S_OK);
    }
    method->compiled = true;
}

int32_t nr_sim_jit(nr_sim *sim, uintptr_t module, uint32_t token)
{
    sim_module *m = sim_module_of(sim, module);
    const uint8_t *il;
    size_t size;
    bool damaged;
    int32_t result = NR_S_FALSE;
    if (!m || !nr_md_is(&m->md, token, NR_TAB_METHOD_DEF)) {
        sim_say(sim, "%08x is no method of module 0x%lx", token, (unsigned long)module);
        return NR_E_INVALIDARG;
    }
    uint32_t rid = token & 0xFFFFFF;
    if (!sim_current_il(m, rid, false, &il, &size, &damaged)) {
        sim_say(sim, "method %08x %s", token, damaged ? "has a damaged body" : "has no IL body");
        return NR_CORPROF_E_FUNCTION_NOT_IL;
    }
    sim_method *method = sim_method_of(m, rid, true);
    if (!method) return NR_E_OUTOFMEMORY;
    /* A request made while a version is compiled is answered at once: the runtime publishes code only when its
     * version is still the active one. The bound is for a profiler that never stops asking. */
    for (int i = 0; i < 100; i++) {
        if (method->reverting) {
            method->reverting = method->rejitted = false;
            method->rejit_il.p = NULL;
            keep_first(&result, NR_S_OK);
        }
        if (method->pending && sim->attached && sim->callback)
            compile_rejit(m, rid, method, &result);
        else if (!method->rejitted && !method->compiled)
            compile_original(m, rid, method, &result);
        else
            break;
    }
    return result;
}

uint32_t nr_sim_jit_all(nr_sim *sim, uintptr_t module)
{
    sim_module *m = sim_module_of(sim, module);
    uint32_t done = 0;
    if (!m) return 0;
    for (uint32_t rid = 1; rid <= nr_md_rows(&m->md, NR_TAB_METHOD_DEF); rid++) {
        int32_t hr = nr_sim_jit(sim, module, (uint32_t)NR_TAB_METHOD_DEF << 24 | rid);
        done += hr != NR_S_FALSE && hr != NR_CORPROF_E_FUNCTION_NOT_IL;
    }
    return done;
}

uint32_t nr_sim_jit_pending(nr_sim *sim)
{
    uint32_t done = 0;
    for (size_t n = 1; n <= sim_module_count(sim); n++) {
        sim_module *m = sim_module_number(sim, n);
        for (uint32_t rid = 1; !m->unloaded && rid <= m->method_capacity; rid++) {
            const sim_method *method = m->methods[rid - 1];
            if (!method || !(method->pending || method->reverting)) continue;
            nr_sim_jit(sim, m->id, (uint32_t)NR_TAB_METHOD_DEF << 24 | rid);
            done++;
        }
    }
    return done;
}

int32_t nr_sim_inline(nr_sim *sim, uintptr_t module, uint32_t caller, uint32_t callee, bool *inlined)
{
    uintptr_t from = nr_sim_function_id(sim, module, caller), to = nr_sim_function_id(sim, module, callee);
    int32_t yes = 1;
    if (!from || !to) return NR_E_INVALIDARG;
    int32_t hr = SEND(sim, SIM_MONITOR_JIT, JITInlining, from, to, &yes);
    if (inlined) *inlined = yes != 0;
    return hr;
}

uintptr_t nr_sim_function_id(const nr_sim *sim, uintptr_t module, uint32_t method)
{
    const sim_module *m = sim_module_of(sim, module);
    return m && nr_md_is(&m->md, method, NR_TAB_METHOD_DEF) ? sim_function_id(m, method & 0xFFFFFF) : 0;
}

bool nr_sim_function_of(const nr_sim *sim, uintptr_t function, uintptr_t *module, uint32_t *method)
{
    sim_module *m;
    uint32_t rid;
    if (!sim_function(sim, function, &m, &rid)) return false;
    *module = m->id;
    *method = (uint32_t)NR_TAB_METHOD_DEF << 24 | rid;
    return true;
}

/* ---- threads ---------------------------------------------------------------------------------------------- */

uintptr_t nr_sim_thread(nr_sim *sim)
{
    sim_thread *t = nr_zalloc(sizeof *t);
    if (!t) return 0;
    t->id = SIM_THREAD_ID | (sim_thread_count(sim) + 1) << 4;
    if (!sim_push(&sim->threads, &t, sizeof t)) {
        nr_free(t, sizeof *t);
        return 0;
    }
    SEND(sim, SIM_MONITOR_THREADS, ThreadCreated, t->id);
    return t->id;
}

bool nr_sim_thread_stack(nr_sim *sim, uintptr_t thread, const uintptr_t *functions, size_t count, int32_t hr)
{
    sim_thread *t = sim_thread_of(sim, thread);
    if (!t) return false;
    t->frames.size = 0;
    t->hr = hr;
    return !count || sim_push(&t->frames, functions, count * sizeof *functions);
}

int32_t nr_sim_thread_end(nr_sim *sim, uintptr_t thread)
{
    sim_thread *t = sim_thread_of(sim, thread);
    if (!t || t->ended) return NR_E_INVALIDARG;
    t->ended = true;
    return SEND(sim, SIM_MONITOR_THREADS, ThreadDestroyed, thread);
}
