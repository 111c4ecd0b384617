/* fake_build.h - processes, modules, types and methods of the CLR in fake_clr.h. */
#ifndef NR_TESTS_ENGINE_FAKE_BUILD_H
#define NR_TESTS_ENGINE_FAKE_BUILD_H

#include "fake_runtime.h"

#include "os/lock_order.h"

static inline void clr_init(fake_clr *c, bool core)
{
    memset(c, 0, sizeof *c);
    c->runtime = (nr_runtime){&fake_runtime_ops, c, core};
    c->fail_hr = (int32_t)0x80131124u;
    nr_mutex_set_rank(&c->lock, NR_LOCK_LOG); /* the CLR's own: inside of any of the engine's, as the log's */
    c->modules = calloc(FAKE_MODULES, sizeof *c->modules);
    if (!c->modules) abort();
}

static inline void clr_free(fake_clr *c)
{
    for (size_t i = 0; i < c->module_count; i++) fake_free(&c->modules[i].meta);
    free(c->modules);
    nr_buf_free(&c->body);
    CHECK_EQ(atomic_load(&c->opened), atomic_load(&c->closed));
}

static inline uint32_t add_type(fake_module *m, const char *name, uint32_t attributes, uint32_t outer)
{
    m->types[m->type_count++] = (fake_type){.name = name, .attributes = attributes, .outer = outer};
    return fake_add(&m->meta, NR_TABLE_TYPE_DEF, 0, nr_str_of(name), fake_none);
}

/* With the type <Module> in row 1 and one reference to `reference`. */
static inline fake_module *add_module(fake_clr *c, const char *assembly, const char *path, const char *domain,
                                      const char *reference)
{
    fake_module *m = &c->modules[c->module_count++];
    m->clr = c;
    nr_mutex_set_rank(&m->lock, NR_LOCK_LOG);
    m->id = 0x10000 * c->module_count;
    m->assembly = assembly;
    m->path = path;
    m->domain = domain;
    m->version = (nr_version){{1, 2, 3, 4}};
    atomic_store(&m->loaded, true);
    fake_init(&m->meta);
    if (reference) fake_assembly(&m->meta, reference);
    add_type(m, "<Module>", 0, 0);
    return m;
}

/* `sig` and `body` in hex; returns the function id. */
static inline uintptr_t add_method(fake_module *m, uint32_t type, const char *name, const char *sig, const char *body)
{
    fake_method *f = &m->methods[m->method_count++];
    f->type = type;
    f->name = name;
    f->attributes = 0x96; /* public static hidebysig */
    f->sig_size = (uint32_t)nr_test_hex(sig, f->sig, sizeof f->sig);
    f->body_size = (uint32_t)nr_test_hex(body, f->body, sizeof f->body);
    fake_add(&m->meta, NR_TABLE_METHOD_DEF, type, nr_str_of(name), fake_blob(f->sig, f->sig_size));
    return FUNCTION_BASE + (uintptr_t)(m - m->clr->modules) * 0x10000 + m->method_count;
}

static inline fake_method *last_method_of(fake_module *m)
{
    return &m->methods[m->method_count - 1];
}

/* ---- the engine over it ------------------------------------------------------------------ */

#define CORE_PATH "/nr/netcore/NewRelic.Agent.Core.dll"

/* Rules from one XML text and one Lua text (NULL: none), read as files of a home directory. */
static inline nr_engine *start_engine(fake_clr *c, const char *xml, const char *lua)
{
    nr_arena a = NR_ARENA_INIT;
    nr_str xml_path = {NULL, 0}, lua_path = {NULL, 0};
    nr_extension_files files = {{&xml_path, 0}, {&lua_path, 0}};
    nr_ignore_list ignore = {NULL, 0};
    if (xml) xml_path = put_file(&a, "extensions" SEP "test.xml", xml), files.xml.count = 1;
    if (lua) lua_path = put_file(&a, "extensions" SEP "test.lua", lua), files.lua.count = 1;
    nr_generation *g = nr_generation_load(test_path(&a, ""), &files, NULL, 0, &ignore);
    nr_engine *e = g ? nr_engine_new(&c->runtime, NR_STR(CORE_PATH), g) : NULL;
    if (!e) nr_generation_free(g);
    nr_arena_free(&a);
    return e;
}

/* One tracer with one matcher for each method of that class. */
static inline const char *rule(const char *assembly, const char *class_name, const char *method)
{
    static char text[1000];
    snprintf(
        text, sizeof text,
        "<extension><instrumentation><tracerFactory name=\"MyFactory\"><match assemblyName=\"%s\" className=\"%s\">"
        "<exactMethodMatcher methodName=\"%s\"/></match></tracerFactory></instrumentation></extension>",
        assembly, class_name, method);
    return text;
}

/* First JIT, which must ask for a ReJIT, then the ReJIT; result of the latter. */
static inline int32_t jit_and_rejit(nr_engine *e, fake_clr *c, uintptr_t function)
{
    static int control;
    size_t before = c->request_count;
    int32_t hr = nr_engine_jit_started(e, function);
    if (hr != 0) return hr;
    if (c->request_count != before + 1) return NR_HR_FALSE;
    fake_request_row r = c->requests[before % FAKE_REQUESTS];
    return nr_engine_rejit_parameters(e, r.module, r.token, &control);
}

#endif
