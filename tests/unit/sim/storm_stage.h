/* storm_stage.h - what test_storm.c is about: assemblies, rules, and what each method has to be in the end. */
#ifndef NR_TESTS_STORM_STAGE_H
#define NR_TESTS_STORM_STAGE_H

#include "crowd.h"
#include "framework.h"
#include "rules/fixture.h"
#include "tiny_image.h"

#include "clr/factory.h"
#include "il/insn.h"
#include "il/parts.h"
#include "nrprof_agent.h"
#include "os/map.h"
#include "os/tool.h"
#include "validate/gate.h"

enum {
    THREADS = 16,
    COMPILING = 8 /* of them */,
    DEEPEST = 3,
    MOST_LASTING = 4,
    MOST_MATCHERS = 60, /* of an assembly */
    MOST_THREADS = 300  /* managed ones that come and go */
};

/* A method when nothing else is going on. */
typedef struct outcome {
    bool rewritten;
    uint64_t text; /* hash of its body, if it was rewritten; tokens as what they mean */
    size_t size;
} outcome;

typedef struct assembly {
    const char *path;
    const uint8_t *data;
    size_t size;
    uintptr_t id;
    uint32_t methods;
    atomic_bool *busy; /* by row - 1: a runtime compiles a method on one thread at a time */
    outcome *want;     /* likewise */
} assembly;

typedef struct worker {
    nr_thread thread;
    unsigned number, seed, errors, done;
} worker;

static struct {
    nr_sim *sim;
    nr_ICorProfilerInfo11_vtbl info; /* as crowd.h has them */
    nr_ICorProfilerFunctionControl_vtbl control;
    assembly lasting[MOST_LASTING], passing; /* `passing` is loaded and unloaded all the time */
    size_t count;
    nr_buf tiny;
    bool real;
    atomic_uintptr_t present[COMPILING]; /* loads of `passing`; 0: none */
    atomic_uint compiling, compiled, nested, loads, refreshes, reloads, live, profiles, frames, threads, wrong;
    atomic_flag names_taken;
    worker workers[THREADS];
} s;

static _Thread_local unsigned depth; /* of calls into the CLR inside callbacks inside … */

static unsigned random_below(unsigned *seed, unsigned n)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % n;
}

/* ---- what a method has to be --------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t h, const void *data, size_t n)
{
    const uint8_t *p = data;
    for (size_t i = 0; i < n; i++) h = (h ^ p[i]) * 0x100000001B3u;
    return h;
}

/* Row numbers of what was defined depend on the order in which methods were compiled; what they mean does not. */
static uint64_t mix_token(uint64_t h, uintptr_t module, uint32_t token)
{
    char text[600];
    int n = nr_sim_meaning(s.sim, module, token, text, sizeof text);
    CHECK(n >= 0 || token == 0);
    return mix(h, text, n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

static uint64_t text_of(uintptr_t module, const uint8_t *il, size_t size)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_body_parts parts;
    nr_insn *list;
    size_t count = 0;
    uint64_t h = 0xCBF29CE484222325u;
    CHECK(nr_body_parse(&arena, il, size, &parts) == NR_IL_OK &&
          nr_insns_decode(&arena, parts.code, parts.code_size, &list, &count, NULL) == NR_IL_OK);
    h = mix(h, &parts.flags, sizeof parts.flags);
    h = mix(h, &parts.max_stack, sizeof parts.max_stack);
    h = mix_token(h, module, parts.local_var_sig);
    for (size_t i = 0; i < count; i++) {
        h = mix(h, &list[i].op, sizeof list[i].op);
        if (nr_opcode_has_token(list[i].op))
            h = mix_token(h, module, (uint32_t)list[i].operand);
        else
            h = mix(h, &list[i].operand, sizeof list[i].operand);
        if (list[i].arms) h = mix(h, list[i].arms, (size_t)list[i].operand * 4);
    }
    for (size_t i = 0; i < parts.section_count; i++) {
        for (uint32_t c = 0; c < parts.sections[i].clause_count; c++) {
            nr_eh_clause clause = nr_body_section_clause(&parts.sections[i], c);
            if (clause.flags == NR_EH_CATCH) {
                h = mix_token(h, module, clause.token_or_filter);
                clause.token_or_filter = 0;
            }
            h = mix(h, &clause, sizeof clause);
        }
    }
    nr_arena_free(&arena);
    return h;
}

static outcome outcome_of(uintptr_t module, uint32_t token)
{
    const uint8_t *il;
    crowd_enter();
    outcome o = {nr_sim_is_rewritten(s.sim, module, token), 0, 0};
    if (nr_sim_il(s.sim, module, token, NR_SIM_BODY_CURRENT, &il, &o.size) && o.rewritten)
        o.text = text_of(module, il, o.size);
    crowd_leave();
    return o;
}

static uintptr_t load(const assembly *a, int32_t *hr)
{
    crowd_enter();
    uintptr_t id = nr_sim_load_bytes(s.sim, a->path, a->data, a->size, NR_S_OK, hr);
    crowd_leave();
    return id;
}

/* ---- rules and assemblies -------------------------------------------------------------------------------------- */

static void replace_file(const char *name, const char *text, size_t size)
{
    nr_arena a = NR_ARENA_INIT;
    nr_str path = test_path(&a, name), next = nr_arena_printf(&a, "%.*s.new", NR_STR_ARG(path));
    FILE *f = fopen(next.p, "wb");
    CHECK(f && (!size || fwrite(text, 1, size, f) == size) && fclose(f) == 0);
    bool replaced = false;
    for (int tries = 0; tries < 1000 && !replaced; tries++) { /* on Windows not while somebody reads it */
        if (tries) nr_os_sleep_ms(2);
        if (NR_OS_WINDOWS) remove(path.p);
        replaced = rename(next.p, path.p) == 0;
    }
    CHECK(replaced);
    nr_arena_free(&a);
}

static const char own_rules[] =
    "<match assemblyName='Contoso' className='Contoso.Shop'><exactMethodMatcher methodName='Sell'/>"
    "<exactMethodMatcher methodName='Pick'/><exactMethodMatcher methodName='.ctor'/></match>";
static const char lua_rules[] =
    "tracer { name = 'Lua' }\n"
    "match { assembly = 'System.Collections', class = 'System.Collections.Generic.SortedSet`1', 'Co*' }\n"
    "match { assembly = 'System.Linq', class = 'System.Linq.Enumerable', 'S*',\n"
    "        where = function(m) return m.argument_count == 2 end }\n";
/* Files that come and go. The last one is a mistake: nothing changes as long as it is there. */
static const char *const passing_rules[] = {
    "tracer { name = 'Passing' }\nmatch { assembly = 'Contoso', class = 'Contoso.Box`1', 'Get' }\n", "-- nothing\n",
    "tracer { name = 'Passing', nonsense = true }\n"};
static const char config_none[] = "<configuration xmlns='urn:newrelic-config'><log level='debug'/></configuration>";
static const char config_ignore[] =
    "<configuration xmlns='urn:newrelic-config'><log level='debug'/><instrumentation><rules>"
    "<ignore assemblyName='Contoso' className='Contoso.Shop'/></rules></instrumentation></configuration>";
static const char live_rule[] =
    "<extension><instrumentation><tracerFactory name='Live'><match assemblyName='Contoso' className='Contoso.Shop'>"
    "<exactMethodMatcher methodName='Sell'/></match></tracerFactory></instrumentation></extension>";

/* Exact matchers for methods of every third class that is no other's. */
static void rules_of(const assembly *a, nr_buf *out)
{
    nr_sim *sim = nr_sim_create(NULL);
    uintptr_t id = nr_sim_load_bytes(sim, a->path, a->data, a->size, NR_S_OK, NULL);
    char name[200], type[300], method[300], before[300] = "";
    uint32_t last = 0;
    unsigned matchers = 0;
    CHECK(nr_sim_assembly_name(sim, id, name, sizeof name) > 0);
    for (uint32_t rid = 1; rid <= a->methods && matchers < MOST_MATCHERS; rid++) {
        uint32_t token = 0x06000000 | rid, owner = nr_sim_declaring_type(sim, id, token);
        const uint8_t *il;
        size_t size;
        if (owner % 3 || !nr_sim_il(sim, id, token, NR_SIM_BODY_ORIGINAL, &il, &size)) continue;
        nr_sim_type_name(sim, id, owner, type, sizeof type);
        nr_sim_method_name(sim, id, token, method, sizeof method);
        if (strpbrk(type, "<+&") || strpbrk(method, "<&") || !strcmp(method, before)) continue;
        if (owner != last) {
            if (last) nr_buf_put_str(out, NR_STR("</match>"));
            nr_buf_printf(out, "<match assemblyName='%s' className='%s'>", name, type);
            last = owner;
        }
        nr_buf_printf(out, "<exactMethodMatcher methodName='%s'/>", method);
        strcpy(before, method);
        matchers++;
    }
    if (last) nr_buf_put_str(out, NR_STR("</match>"));
    nr_sim_destroy(sim);
}

static uint32_t method_rows(const assembly *a)
{
    nr_sim *sim = nr_sim_create(NULL);
    uint32_t rows =
        nr_sim_rows(sim, nr_sim_load_bytes(sim, a->path, a->data, a->size, NR_S_OK, NULL), NR_TAB_METHOD_DEF);
    nr_sim_destroy(sim);
    return rows;
}

static void put_rules(void)
{
    nr_buf xml = NR_BUF_INIT;
    nr_buf_put_str(&xml, NR_STR("<extension><instrumentation><tracerFactory name='F'>"));
    nr_buf_put_str(&xml, nr_str_of(own_rules));
    for (size_t i = 1; s.real && i < s.count; i++) rules_of(&s.lasting[i], &xml);
    if (s.real) rules_of(&s.passing, &xml);
    nr_buf_put_str(&xml, NR_STR("</tracerFactory></instrumentation></extension>"));
    replace_file("home" SEP "extensions" SEP "a.xml", (const char *)xml.data, xml.size);
    nr_buf_free(&xml);
}

static bool map_assembly(assembly *a, nr_arena *arena, const char *name)
{
    nr_str directory = nr_framework_directory(arena, "Microsoft.NETCore.App");
    nr_str path = nr_arena_printf(arena, "%.*s/%s", NR_STR_ARG(directory), name);
    a->path = path.p;
    return directory.p && path.p && nr_os_map_file(path, &a->data, &a->size);
}

static void unmap_all(void)
{
    for (size_t i = 1; i < MOST_LASTING; i++)
        if (s.lasting[i].data) nr_os_unmap(s.lasting[i].data, s.lasting[i].size);
    if (s.real && s.passing.data) nr_os_unmap(s.passing.data, s.passing.size);
}

/* The files, the assemblies. False: there is no framework. */
static bool begin(nr_arena *a, bool real)
{
    memset(&s, 0, sizeof s);
    atomic_flag_clear(&s.names_taken);
    s.real = real;
    tiny_image(&s.tiny, TINY_TRACED);
    s.lasting[0] = s.passing = (assembly){.path = "/app/Contoso.dll", .data = s.tiny.data, .size = s.tiny.size};
    s.count = 1;
    if (real) {
        memset(&s.passing, 0, sizeof s.passing);
        if (!map_assembly(&s.lasting[1], a, "System.Collections.dll") ||
            !map_assembly(&s.lasting[2], a, "System.Linq.dll") ||
            !map_assembly(&s.passing, a, "System.Collections.Concurrent.dll")) {
            unmap_all();
            nr_buf_free(&s.tiny);
            return false;
        }
        s.count = 3;
    }
    for (size_t i = 0; i <= s.count; i++) {
        assembly *each = i < s.count ? &s.lasting[i] : &s.passing;
        each->methods = method_rows(each);
        each->busy = nr_arena_zalloc(a, each->methods, sizeof *each->busy);
        each->want = nr_arena_zalloc(a, each->methods, sizeof *each->want);
    }
    clear_env();
    nr_buf content = NR_BUF_INIT;
    if (NR_OS_WINDOWS) CHECK(nr_os_read_file(nr_os_process_path(a), &content)); /* the agent has to say what it is */
    nr_os_make_directory(test_path(a, "home" SEP "extensions"));
    replace_file("home" SEP "NewRelic.Agent.Core.dll", (const char *)content.data, content.size);
    replace_file("home" SEP "newrelic.config", config_none, sizeof config_none - 1);
    replace_file("home" SEP "extensions" SEP "b.lua", lua_rules, sizeof lua_rules - 1);
    replace_file("home" SEP "extensions" SEP "c.lua", passing_rules[1], strlen(passing_rules[1]));
    put_rules();
    set_env("CORECLR_NEW_RELIC_HOME", test_path(a, "home").p);
    nr_buf_free(&content);
    return true;
}

static void start(void)
{
    nr_gate_begin_again(); /* as in a process that starts now */
    nr_alloc_count(1);
    s.sim = nr_sim_create(NULL);
    CHECK_EQ(nr_sim_attach_class(s.sim, (void (*)(void))DllGetClassObject), NR_S_OK);
    crowd_open(s.sim);
    for (size_t i = 0; i < s.count; i++) s.lasting[i].id = load(&s.lasting[i], NULL);
}

static void finish(void)
{
    crowd_enter();
    CHECK_EQ(nr_sim_shutdown(s.sim), NR_S_OK);
    CHECK_EQ(nr_sim_suspended(s.sim), 0);
    CHECK_EQ(nr_sim_unimplemented(s.sim), 0);
    CHECK_EQ(nr_sim_references(s.sim), 0);
    crowd_leave();
    nr_sim_destroy(s.sim);
    nr_log_reset();
    nr_gate_begin_again();
    CHECK_EQ(nr_alloc_live(), 0);
    nr_alloc_count(0);
}

/* On this thread. */
static void compile_the_rest(void)
{
    crowd_enter();
    for (size_t i = 0; i < s.count; i++) nr_sim_jit_all(s.sim, s.lasting[i].id);
    nr_sim_jit_pending(s.sim);
    crowd_leave();
}

/* One thread, once: what has to come out of the storm. */
static void calm(void)
{
    unsigned rewritten = 0, all = 0;
    start();
    CHECK_EQ(InstrumentationRefresh(), NR_S_OK);
    compile_the_rest();
    s.passing.id = load(&s.passing, NULL);
    crowd_enter();
    nr_sim_jit_all(s.sim, s.passing.id);
    crowd_leave();
    for (size_t i = 0; i <= s.count; i++) {
        assembly *a = i < s.count ? &s.lasting[i] : &s.passing;
        for (uint32_t rid = 1; rid <= a->methods; rid++, all++) {
            a->want[rid - 1] = outcome_of(a->id, 0x06000000 | rid);
            rewritten += a->want[rid - 1].rewritten;
        }
    }
    printf("  %u methods, %u of them instrumented\n", all, rewritten);
    CHECK(rewritten > (s.real ? 100u : 6u) && all > rewritten);
    finish();
}

#endif
