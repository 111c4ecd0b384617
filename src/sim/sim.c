/* sim.c - a CLR and the profiler in it: creation, attaching, ids. */
#include "sim/sim.h"

#include "base/alloc.h"
#include "base/compiler.h"
#include "os/map.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool sim_push(nr_buf *list, const void *item, size_t size)
{
    uint8_t *p = nr_buf_extend(list, size);
    if (!p) {
        list->failed = false;
        return false;
    }
    memcpy(p, item, size);
    return true;
}

void sim_say(nr_sim *sim, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(sim->message, sizeof sim->message, format, args);
    va_end(args);
}

const char *nr_sim_message(const nr_sim *sim)
{
    return sim->message;
}

/* ---- ids ------------------------------------------------------------------------------------- */

size_t sim_module_count(const nr_sim *sim)
{
    return sim->modules.size / sizeof(sim_module *);
}

sim_module *sim_module_number(const nr_sim *sim, size_t number)
{
    return ((sim_module *const *)(const void *)sim->modules.data)[number - 1];
}

sim_module *sim_module_of(const nr_sim *sim, uintptr_t id)
{
    uintptr_t number = (id - SIM_MODULE_ID) >> 4;
    if (id < SIM_MODULE_ID || (id & 15) || !number || number > sim_module_count(sim)) return NULL;
    sim_module *m = sim_module_number(sim, number);
    return m->unloaded ? NULL : m;
}

size_t sim_thread_count(const nr_sim *sim)
{
    return sim->threads.size / sizeof(sim_thread *);
}

sim_thread *sim_thread_number(const nr_sim *sim, size_t number)
{
    return ((sim_thread *const *)(const void *)sim->threads.data)[number];
}

sim_thread *sim_thread_of(const nr_sim *sim, uintptr_t id)
{
    for (size_t i = 0; i < sim_thread_count(sim); i++)
        if (sim_thread_number(sim, i)->id == id) return sim_thread_number(sim, i);
    return NULL;
}

uintptr_t sim_function_id(const sim_module *m, uint32_t rid)
{
    return (uintptr_t)m->number << 20 | rid;
}

bool sim_function(const nr_sim *sim, uintptr_t function, sim_module **m, uint32_t *rid)
{
    uintptr_t number = function >> 20;
    *rid = (uint32_t)(function & 0xFFFFF);
    if (!number || number > sim_module_count(sim)) return false;
    *m = sim_module_number(sim, number);
    return !(*m)->unloaded && *rid && *rid <= nr_md_rows(&(*m)->md, NR_TAB_METHOD_DEF);
}

sim_method *sim_method_of(sim_module *m, uint32_t rid, bool create)
{
    if (rid > m->method_capacity) {
        if (!create) return NULL;
        uint32_t capacity = nr_md_rows(&m->md, NR_TAB_METHOD_DEF) + 64;
        sim_method **grown = nr_alloc(m->methods, m->method_capacity * sizeof *grown, capacity * sizeof *grown);
        if (!grown) return NULL;
        memset(grown + m->method_capacity, 0, (capacity - m->method_capacity) * sizeof *grown);
        m->methods = grown;
        m->method_capacity = capacity;
    }
    if (!m->methods[rid - 1] && create) m->methods[rid - 1] = nr_arena_zalloc(&m->arena, 1, sizeof(sim_method));
    return m->methods[rid - 1];
}

/* ---- creation ----------------------------------------------------------------------------------- */

nr_sim *nr_sim_create(const nr_sim_options *options)
{
    nr_sim *sim = nr_zalloc(sizeof *sim);
    if (!sim) return NULL;
    if (options) sim->options = *options;
    nr_sim_options *o = &sim->options;
    if (!o->major && !o->minor && !o->build && !o->qfe) {
        bool desktop = o->flavour == NR_SIM_DESKTOP;
        o->major = desktop ? 4 : 10;
        o->build = desktop ? 30319 : 0;
    }
    const char *domain = o->flavour == NR_SIM_DESKTOP ? "DefaultDomain" : "clrhost";
    sim->app_domain = nr_arena_str(&sim->arena, nr_str_of(o->app_domain ? o->app_domain : domain));
    o->app_domain = sim->app_domain.p;
    sim->in_callback = "";
    sim_vtbls_init(&sim->vtbls);
    sim_object_init(&sim->info, sim, NULL, SIM_INFO);
    if (sim->app_domain.p) return sim;
    nr_sim_destroy(sim);
    return NULL;
}

void sim_module_free(sim_module *m)
{
    nr_free(m->methods, m->method_capacity * sizeof *m->methods);
    nr_buf_free(&m->blocks);
    nr_buf_free(&m->inlinings);
    nr_arena_free(&m->arena);
    nr_md_close(&m->md);
    nr_free(m, sizeof *m);
}

void nr_sim_destroy(nr_sim *sim)
{
    if (!sim) return;
    if (sim->attached) nr_sim_shutdown(sim);
    /* What the profiler still holds points into modules: nothing of it may be used from here on. */
    if (!sim->options.keep_library) nr_os_library_close(sim->library);
    for (size_t n = 1; n <= sim_module_count(sim); n++) sim_module_free(sim_module_number(sim, n));
    for (size_t n = 0; n < sim_thread_count(sim); n++) {
        sim_thread *t = sim_thread_number(sim, n);
        nr_buf_free(&t->frames);
        nr_free(t, sizeof *t);
    }
    sim_recording_free(sim);
    nr_buf_free(&sim->modules);
    nr_buf_free(&sim->threads);
    nr_buf_free(&sim->failures);
    nr_arena_free(&sim->arena);
    nr_free(sim, sizeof *sim);
}

/* ---- attaching ------------------------------------------------------------------------------------- */

typedef int32_t(NR_COM *class_object)(const nr_guid *clsid, const nr_guid *iid, void **out);

/* The profiler is identified by whoever configures the runtime; it does not look at it. */
static const nr_guid clsid_core = {0x36032161, 0xFFC0, 0x4B61, {0xB5, 0x59, 0xF6, 0xC5, 0xD4, 0x1B, 0xAE, 0x5A}};
static const nr_guid clsid_desktop = {0x71DA0A04, 0x7777, 0x4EC6, {0x96, 0x43, 0x7D, 0x28, 0xB4, 0x6A, 0x8A, 0x41}};

static void query_event(nr_sim *sim, nr_sim_event_kind kind, const nr_guid *iid, int32_t hr)
{
    char text[48];
    nr_sim_event e = {.kind = kind, .hr = hr};
    sim_guid_text(text, iid);
    e.name = text;
    e.args = "callback";
    sim_event(sim, &e);
}

/* Asks for the newest callback interface first, as CoreCLR 10 does. */
static void query_callbacks(nr_sim *sim)
{
    static const nr_guid newer[] = {
        {0x42350846, 0xAAED, 0x47F7, {0xB1, 0x28, 0xFD, 0x0C, 0x98, 0x88, 0x1C, 0xDE}},
        {0xCEC5B60E, 0xC69C, 0x495F, {0x87, 0xF6, 0x84, 0xD2, 0x8E, 0xE1, 0x6F, 0xFB}},
        {0x27583EC3, 0xC8F5, 0x482F, {0x80, 0x52, 0x19, 0x4B, 0x8C, 0xE4, 0x70, 0x5A}},
        {0x5BED9B15, 0xC079, 0x4D47, {0xBF, 0xE2, 0x21, 0x5A, 0x14, 0x0C, 0x07, 0xE0}},
        {0xF76A2DBA, 0x1D52, 0x4539, {0x86, 0x6C, 0x2A, 0xA5, 0x18, 0xF9, 0xEF, 0xC3}},
        {0xFC13DF4B, 0x4448, 0x4F4F, {0x95, 0x0C, 0xBA, 0x8D, 0x19, 0xD0, 0x0C, 0x36}},
        {0x8DFBA405, 0x8C9F, 0x45F8, {0xBF, 0xFA, 0x83, 0xB1, 0x4C, 0xEF, 0x78, 0xB5}},
        {0x7B63B2E3, 0x107D, 0x4D48, {0xB2, 0xF6, 0xF6, 0x1E, 0x22, 0x94, 0x70, 0xD2}}};
    void *p = NULL;
    int32_t hr = NR_CALL(sim->callback2, QueryInterface, &nr_iid_ICorProfilerCallback2, &p);
    query_event(sim, NR_SIM_QUERY, &nr_iid_ICorProfilerCallback2, hr);
    if (hr >= 0) nr_release(p);
    for (size_t i = 0; i < NR_COUNT(newer); i++) {
        p = NULL;
        hr = NR_CALL(sim->callback2, QueryInterface, &newer[i], &p);
        query_event(sim, NR_SIM_QUERY, &newer[i], hr);
        if (hr < 0) continue;
        sim->callback = p;
        return;
    }
}

static void detach(nr_sim *sim)
{
    nr_release(sim->callback);
    nr_release(sim->callback2);
    sim->callback = NULL;
    sim->callback2 = NULL;
    sim->attached = false;
}

static int32_t attach(nr_sim *sim, class_object get)
{
    nr_IClassFactory *factory = NULL;
    void *p = NULL;
    if (sim->attached || sim->callback2) {
        sim_say(sim, "a profiler is attached already");
        return NR_E_UNEXPECTED;
    }
    int32_t hr = get(sim->options.flavour == NR_SIM_DESKTOP ? &clsid_desktop : &clsid_core, &nr_iid_IClassFactory, &p);
    if (hr < 0 || !p) {
        sim_say(sim, "DllGetClassObject failed: 0x%08x", (unsigned)hr);
        return hr < 0 ? hr : NR_E_UNEXPECTED;
    }
    factory = p;
    p = NULL;
    hr = NR_CALL(factory, CreateInstance, NULL, &nr_iid_ICorProfilerCallback2, &p);
    query_event(sim, NR_SIM_CREATE, &nr_iid_ICorProfilerCallback2, hr);
    nr_release(factory);
    if (hr < 0 || !p) {
        sim_say(sim, "IClassFactory::CreateInstance failed: 0x%08x", (unsigned)hr);
        return hr < 0 ? hr : NR_E_UNEXPECTED;
    }
    sim->callback2 = p;
    query_callbacks(sim);
    hr = NR_CALL(sim->callback2, Initialize, &sim->info);
    nr_sim_event e = {.kind = NR_SIM_INIT, .hr = hr};
    sim_event(sim, &e);
    sim->attached = hr >= 0;
    if (hr < 0) {
        sim_say(sim, "Initialize failed: 0x%08x", (unsigned)hr);
        detach(sim);
    }
    return hr;
}

int32_t nr_sim_attach_class(nr_sim *sim, void (*get_class_object)(void))
{
    return attach(sim, (class_object)get_class_object);
}

int32_t nr_sim_load_library(nr_sim *sim, const char *library_path)
{
    char why[256] = "";
    if (sim->library) return NR_S_FALSE;
    sim->library = nr_os_library_open(nr_str_of(library_path), why, sizeof why);
    if (sim->library) return NR_S_OK;
    sim_say(sim, "%s cannot be loaded: %s", library_path, why);
    return (int32_t)0x8007007E; /* HRESULT_FROM_WIN32(ERROR_MOD_NOT_FOUND) */
}

int32_t nr_sim_attach(nr_sim *sim, const char *library_path)
{
    int32_t hr = nr_sim_load_library(sim, library_path);
    if (hr < 0) return hr;
    void (*get)(void) = nr_os_library_symbol(sim->library, "DllGetClassObject");
    if (get) return nr_sim_attach_class(sim, get);
    sim_say(sim, "%s does not export DllGetClassObject", library_path);
    return NR_E_NOINTERFACE;
}

bool nr_sim_attached(const nr_sim *sim)
{
    return sim->attached;
}

void (*nr_sim_export(nr_sim *sim, const char *name))(void)
{
    return sim->library ? nr_os_library_symbol(sim->library, name) : NULL;
}

int32_t nr_sim_call(nr_sim *sim, const char *name)
{
    void (*p)(void) = nr_sim_export(sim, name);
    if (!p) {
        sim_say(sim, "the library does not export %s", name);
        return NR_E_NOINTERFACE;
    }
    return ((int32_t(NR_CDECL *)(void))p)();
}

int32_t nr_sim_shutdown(nr_sim *sim)
{
    if (!sim->attached) return NR_E_UNEXPECTED;
    int32_t hr = NR_CALL0(sim->callback2, Shutdown);
    nr_sim_event e = {.kind = NR_SIM_SHUTDOWN, .hr = hr};
    sim_event(sim, &e);
    detach(sim);
    return hr;
}

void nr_sim_mask(const nr_sim *sim, uint32_t *low, uint32_t *high)
{
    if (low) *low = sim->mask_low;
    if (high) *high = sim->mask_high;
}

long nr_sim_references(const nr_sim *sim)
{
    return sim->references;
}

unsigned nr_sim_unimplemented(const nr_sim *sim)
{
    return sim->unimplemented;
}

int nr_sim_suspended(const nr_sim *sim)
{
    return sim->suspended;
}
