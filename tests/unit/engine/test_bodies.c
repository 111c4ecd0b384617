/* Module: whole bodies through the engine with the built-in templates, byte for byte
 * (il-method-body.md 7, injected-code.md 5.6, 7.1 and 8, metadata-tokens.md 6). */
#include "fake_build.h"

#include "test.h"

/* injected-code.md 8 up to the user code at 0x00a9, and behind it. */
#define BEFORE_USER_CODE \
    "14 0a 14 0b" \
    "72 01000070 28 0100000a 72 49000070 6f 0200000a 72 85000070 6f 0300000a" \
    "14 1f 0b 8d 01000001" \
    "25 16 72 b5000070 a2" \
    "25 17 20 00340000 8c 06000001 a2" \
    "25 18 72 c9000070 a2" \
    "25 19 72 cb000070 a2" \
    "25 1a d0 02000002 28 0400000a a2" \
    "25 1b 72 e1000070 a2" \
    "25 1c 72 09010070 a2" \
    "25 1d 72 c9000070 a2" \
    "25 1e 14 a2" \
    "25 1f 09 20 00000000 8d 01000001 a2" \
    "25 1f 0a 21 01aa007f00000000 8c 08000001 a2" \
    "6f 0500000a 0a dd 06000000" \
    "26 dd 00000000"
#define AFTER_USER_CODE \
    "dd 26000000" \
    "0b" \
    "06 39 18000000 06 74 0100001b 14 07 6f 0600000a dd 06000000" \
    "26 dd 00000000" \
    "fe1a dd 00000000" \
    "06 39 18000000 06 74 0100001b 14 14 6f 0600000a dd 06000000" \
    "26 dd 00000000" \
    "2a"

typedef struct example {
    fake_clr clr;
    fake_module *m;
    uint32_t type;
    nr_engine *e;
} example;

/* One module with the type of the worked examples in row 2 and a rule for its method M. */
static void begin(example *x, bool core, const char *domain, const char *reference)
{
    clear_env();
    log_start(NR_INFO);
    clr_init(&x->clr, core);
    x->m = add_module(&x->clr, "MyAssembly", "/app/MyAssembly.dll", domain, reference);
    x->type = add_type(x->m, "MyNamespace.MyClass", 1, 0);
    x->e = start_engine(&x->clr, rule("MyAssembly", "MyNamespace.MyClass", "M"), NULL);
    CHECK(x->e != NULL);
}

static void end(example *x)
{
    nr_engine_free(x->e);
    clr_free(&x->clr);
    clear_env();
}

static nr_str log_of(nr_arena *a)
{
    return logged(a);
}

/* injected-code.md 8, il-method-body.md 7.1, metadata-tokens.md 6. */
TEST(the_worked_example_of_core)
{
    example x;
    nr_arena a = NR_ARENA_INIT;
    begin(&x, true, "clrhost", "System.Runtime");
    uintptr_t f = add_method(x.m, x.type, "M", "00 00 01", "06 2a");
    CHECK_EQ(f, 0x7f00aa01);
    CHECK_EQ(nr_engine_jit_started(x.e, f), 0);
    CHECK_EQ(x.clr.request_count, 1);
    CHECK_EQ(x.clr.requests[0].module, x.m->id);
    CHECK_EQ(x.clr.requests[0].token, 0x06000001);
    CHECK_EQ(x.clr.bodies, 0);                     /* 7.1: nothing is written at the first JIT … */
    CHECK_STR(fake_take(&x.m->meta.requests), ""); /* … and nothing is requested */
    int control;
    CHECK_EQ(nr_engine_rejit_parameters(x.e, x.m->id, 0x06000001, &control), 0);
    CHECK_EQ(x.clr.bodies, 1);
    CHECK(x.clr.body_control == &control);
    CHECK_EQ(x.clr.body_module, x.m->id);
    CHECK_EQ(x.clr.body_method, 0x06000001);
    CHECK_BYTES(x.clr.body.data, x.clr.body.size,
                "1b 30 0a 00 f4 00 00 00 01 00 00 11" BEFORE_USER_CODE "00" AFTER_USER_CODE "41 64 00 00"
                "00000000 04000000 9f000000 a3000000 06000000 02000001"
                "00000000 b6000000 12000000 c8000000 06000000 02000001"
                "00000000 a9000000 06000000 af000000 26000000 02000001"
                "00000000 db000000 12000000 ed000000 06000000 02000001");
    CHECK_STR(fake_take(&x.m->meta.added), "01000001 23000001 System.Object\n"
                                           "01000002 23000001 System.Exception\n"
                                           "70000001 " CORE_PATH "\n"
                                           "23000002 System.Reflection\n"
                                           "01000003 23000002 System.Reflection.Assembly\n"
                                           "0a000001 01000003 LoadFrom 00 01 12 0d 0e\n"
                                           "70000049 NewRelic.Agent.Core.AgentShim\n"
                                           "01000004 23000001 System.Type\n"
                                           "0a000002 01000003 GetType 20 01 12 11 0e\n"
                                           "70000085 GetFinishTracerDelegate\n"
                                           "01000005 23000002 System.Reflection.MethodInfo\n"
                                           "0a000003 01000004 GetMethod 20 01 12 15 0e\n"
                                           "700000b5 MyFactory\n"
                                           "01000006 23000001 System.UInt32\n"
                                           "700000c9 \n"
                                           "700000cb MyAssembly\n"
                                           "01000007 23000001 System.RuntimeTypeHandle\n"
                                           "0a000004 01000004 GetTypeFromHandle 00 01 12 11 11 1d\n"
                                           "700000e1 MyNamespace.MyClass\n"
                                           "70000109 M\n"
                                           "01000008 23000001 System.UInt64\n"
                                           "01000009 23000002 System.Reflection.MethodBase\n"
                                           "0a000005 01000009 Invoke 20 02 1c 1c 1d 1c\n"
                                           "23000003 System.Core\n"
                                           "0100000a 23000003 System.Action`2\n"
                                           "1b000001 15 12 29 02 1c 12 09\n"
                                           "0a000006 1b000001 Invoke 20 02 01 13 00 13 01\n"
                                           "11000001 07 02 12 05 12 09\n");
    CHECK_STR(log_of(&a), "I Identified 1 Instrumentation points (not ignored) in .xml files\n"
                          "I Instrumenting method: (Module: /app/MyAssembly.dll, AppDomain: "
                          "clrhost)[MyAssembly]MyNamespace.MyClass.M()\n");
    /* 7.7: again from the original body; no row is new, the bytes are the same. */
    nr_buf first = NR_BUF_INIT;
    nr_buf_put(&first, x.clr.body.data, x.clr.body.size);
    CHECK_EQ(nr_engine_rejit_parameters(x.e, x.m->id, 0x06000001, &control), 0);
    CHECK(first.size == x.clr.body.size && !memcmp(first.data, x.clr.body.data, first.size));
    CHECK_STR(fake_take(&x.m->meta.added), "");
    CHECK_EQ(nr_engine_count(x.e).instrumented, 2);
    CHECK_EQ(nr_engine_count(x.e).template_runs, 1);
    nr_buf_free(&first);
    nr_arena_free(&a);
    end(&x);
}

/* il-method-body.md 7.2: one original clause, in a small and in a fat section. */
TEST(an_original_clause_moves_with_the_code)
{
    static const char *const sections[] = {"01 10 0000  0000 0000 03 0300 03 01000001",
                                           "41 1c0000  00000000 00000000 03000000 03000000 03000000 01000001"};
    for (size_t i = 0; i < NR_COUNT(sections); i++) {
        example x;
        char body[200];
        begin(&x, true, "clrhost", "System.Runtime");
        snprintf(body, sizeof body, "1b 30 08 00 07000000 00000000  00 de 03 26 de 00 2a 00 %s", sections[i]);
        uintptr_t f = add_method(x.m, x.type, "M", "00 00 01", body);
        CHECK_EQ(jit_and_rejit(x.e, &x.clr, f), 0);
        CHECK_BYTES(x.clr.body.data, x.clr.body.size,
                    "1b 30 0a 00 fa 00 00 00 01 00 00 11" BEFORE_USER_CODE "00 de 03 26 de 00 00" AFTER_USER_CODE
                    "00 00"
                    "41 7c 00 00"
                    "00000000 a9000000 03000000 ac000000 03000000 01000001"
                    "00000000 04000000 9f000000 a3000000 06000000 02000001"
                    "00000000 bc000000 12000000 ce000000 06000000 02000001"
                    "00000000 a9000000 0c000000 b5000000 26000000 02000001"
                    "00000000 e1000000 12000000 f3000000 06000000 02000001");
        end(&x);
    }
}

/* il-method-body.md 7.3: a filter moves, too. */
TEST(an_original_filter_moves_with_the_code)
{
    example x;
    begin(&x, true, "clrhost", "System.Runtime");
    uintptr_t f = add_method(x.m, x.type, "M", "00 00 01",
                             "1b 30 08 00 0b000000 00000000  00 de 07 26 17 fe 11 26 de 00 2a 00"
                             "01 10 0000  0100 0000 03 0700 03 03000000");
    CHECK_EQ(jit_and_rejit(x.e, &x.clr, f), 0);
    size_t clauses = 12 + 0xFE + 2 + 4;
    CHECK(x.clr.body.size == clauses + 5 * 24);
    if (x.clr.body.size > clauses + 24)
        CHECK_BYTES(x.clr.body.data + clauses, 24, "01000000 a9000000 03000000 b0000000 03000000 ac000000");
    end(&x);
}

/* il-method-body.md 7.4, and Q5: header results. */
TEST(headers)
{
    static const struct {
        const char *sig, *body, *header;
    } rows[] = {
        {"00 00 01", "06 2a", "1b 30 0a 00"},
        {"00 00 01", "1a 02 2c 01 2a 00 2a", "0b 30 0a 00"}, /* tiny, 2 RETs */
        {"00 00 01", "13 30 14 00 01000000 00000000 2a", "1b 30 14 00"},
        {"00 00 01", "03 30 08 00 01000000 00000000 2a", "0b 30 0a 00"},
        {"00 00 01", "e3 30 08 00 01000000 00000000 2a", "eb 30 0a 00"},
        {"00 0c 01 08 08 08 08 08 08 08 08 08 08 08 08", "06 2a", "1b 30 0d 00"}, /* 12 parameters */
        {"20 09 01 08 08 08 08 08 08 08 08 08", "06 2a", "1b 30 0a 00"},          /* `this` does not count */
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        example x;
        begin(&x, true, "clrhost", "System.Runtime");
        uintptr_t f = add_method(x.m, x.type, "M", rows[i].sig, rows[i].body);
        CHECK_EQ(jit_and_rejit(x.e, &x.clr, f), 0);
        if (CHECK(x.clr.body.size > 4)) CHECK_BYTES(x.clr.body.data, 4, rows[i].header);
        end(&x);
    }
}

/* injected-code.md 8, second example: instance int M(string,int), two locals already there. */
TEST(an_instance_method_with_locals_and_a_result)
{
    example x;
    begin(&x, true, "clrhost", "System.Runtime");
    static const uint8_t locals[] = {0x07, 0x02, 0x08, 0x0e};
    uint32_t sig = fake_add(&x.m->meta, NR_TABLE_STAND_ALONE_SIG, 0, fake_none, fake_blob(locals, sizeof locals));
    CHECK_EQ(sig, 0x11000001);
    uintptr_t f = add_method(x.m, x.type, "M", "20 02 08 0e 08", "13 30 02 00 02000000 01000011 16 2a");
    last_method_of(x.m)->attributes = 0x86;
    CHECK_EQ(jit_and_rejit(x.e, &x.clr, f), 0);
    CHECK_BYTES(x.clr.body.data, x.clr.body.size,
                "1b 30 0a 00 19 01 00 00 02 00 00 11"
                "14 0c 14 0d"
                "72 01000070 28 0100000a 72 49000070 6f 0200000a 72 85000070 6f 0300000a"
                "14 1f 0b 8d 01000001"
                "25 16 72 b5000070 a2"
                "25 17 20 00340000 8c 06000001 a2"
                "25 18 72 c9000070 a2"
                "25 19 72 cb000070 a2"
                "25 1a d0 02000002 28 0400000a a2"
                "25 1b 72 e1000070 a2"
                "25 1c 72 09010070 a2"
                "25 1d 72 0d010070 a2" /* System.String,System.Int32 */
                "25 1e 02 a2"
                "25 1f 09 20 02000000 8d 01000001 25 20 00000000 03 8c 08000001 a2 25 20 01000000 04 8c 09000001 a2 a2"
                "25 1f 0a 21 01aa007f00000000 8c 0a000001 a2"
                "6f 0500000a 0c dd 06000000"
                "26 dd 00000000"
                "16 00 13 04 dd 26000000"
                "0d"
                "08 39 18000000 08 74 0100001b 14 09 6f 0600000a dd 06000000"
                "26 dd 00000000"
                "fe1a dd 00000000"
                "08 39 1e000000 08 74 0100001b 11 04 8c 09000001 14 6f 0600000a dd 06000000"
                "26 dd 00000000"
                "11 04 2a"
                "00 00 00"
                "41 64 00 00"
                "00000000 04000000 b9000000 bd000000 06000000 02000001"
                "00000000 d3000000 12000000 e5000000 06000000 02000001"
                "00000000 c3000000 09000000 cc000000 26000000 02000001"
                "00000000 f8000000 18000000 10010000 06000000 02000001");
    CHECK(nr_str_has(fake_take(&x.m->meta.added), NR_STR("11000002 07 05 08 0e 12 05 12 09 08\n")));
    end(&x);
}

/* injected-code.md 8, last example, and metadata-tokens.md 6: .NET Framework, looked up through the cache. */
TEST(the_cached_variant_of_the_framework)
{
    example x;
    begin(&x, false, "DefaultDomain", "mscorlib");
    uintptr_t f = add_method(x.m, x.type, "M", "00 00 01", "06 2a");
    CHECK_EQ(jit_and_rejit(x.e, &x.clr, f), 0);
    CHECK_BYTES(x.clr.body.data, x.clr.body.size,
                "1b 30 0a 00 f0 00 00 00 01 00 00 11"
                "14 0a 14 0b"
                "72 01000070 72 71000070 72 b9000070 72 f5000070 14 28 0100000a"
                "14 1f 0b 8d 01000001"
                "25 16 72 25010070 a2"
                "25 17 20 00340000 8c 06000001 a2"
                "25 18 72 39010070 a2"
                "25 19 72 3b010070 a2"
                "25 1a d0 02000002 28 0200000a a2"
                "25 1b 72 51010070 a2"
                "25 1c 72 79010070 a2"
                "25 1d 72 39010070 a2"
                "25 1e 14 a2"
                "25 1f 09 20 00000000 8d 01000001 a2"
                "25 1f 0a 21 01aa007f00000000 8c 08000001 a2"
                "6f 0300000a 0a dd 06000000"
                "26 dd 00000000"
                "00 dd 26000000"
                "0b"
                "06 39 18000000 06 74 0100001b 14 07 6f 0400000a dd 06000000"
                "26 dd 00000000"
                "fe1a dd 00000000"
                "06 39 18000000 06 74 0100001b 14 14 6f 0400000a dd 06000000"
                "26 dd 00000000"
                "2a"
                "41 64 00 00"
                "00000000 04000000 9b000000 9f000000 06000000 02000001"
                "00000000 b2000000 12000000 c4000000 06000000 02000001"
                "00000000 a5000000 06000000 ab000000 26000000 02000001"
                "00000000 d7000000 12000000 e9000000 06000000 02000001");
    CHECK_STR(fake_take(&x.m->meta.added),
              "01000001 23000001 System.Object\n"
              "01000002 23000001 System.Exception\n"
              "70000001 NewRelic.Agent.Core.AgentShim.GetFinishTracerDelegate_0\n"
              "70000071 " CORE_PATH "\n"
              "700000b9 NewRelic.Agent.Core.AgentShim\n"
              "700000f5 GetFinishTracerDelegate\n"
              "01000003 23000001 System.Reflection.MethodInfo\n"
              "01000004 23000001 System.Type\n"
              "01000005 23000001 System.CannotUnloadAppDomainException\n"
              "0a000001 01000005 GetMethodFromAppDomainStorageOrReflectionOrThrow 00 05 12 0d 0e 0e 0e 0e 1d 12 11\n"
              "70000125 MyFactory\n"
              "01000006 23000001 System.UInt32\n"
              "70000139 \n"
              "7000013b MyAssembly\n"
              "01000007 23000001 System.RuntimeTypeHandle\n"
              "0a000002 01000004 GetTypeFromHandle 00 01 12 11 11 1d\n"
              "70000151 MyNamespace.MyClass\n"
              "70000179 M\n"
              "01000008 23000001 System.UInt64\n"
              "01000009 23000001 System.Reflection.MethodBase\n"
              "0a000003 01000009 Invoke 20 02 1c 1c 1d 1c\n"
              "0100000a 23000001 System.Action`2\n"
              "1b000001 15 12 29 02 1c 12 09\n"
              "0a000004 1b000001 Invoke 20 02 01 13 00 13 01\n"
              "11000001 07 02 12 05 12 09\n");
    end(&x);
}

/* 3.1.2, Q41, Q42: the variable is read at every rewrite; "clrhost" decides, not the runtime's type. */
TEST(which_lookup)
{
    static const struct {
        bool core;
        const char *domain, *reference, *variable;
        bool cached;
    } rows[] = {
        {true, "clrhost", "System.Runtime", NULL, false},
        {true, "corerun", "mscorlib", NULL, true}, /* Q41 */
        {false, "clrhost", "System.Runtime", NULL, false},
        {false, "d", "mscorlib", "true", false},
        {false, "d", "mscorlib", "TRUE", false},
        {false, "d", "mscorlib", "1", false},
        {false, "d", "mscorlib", "false", true},
        {false, "d", "mscorlib", "0", true},
        {false, "d", "mscorlib", "yes", true},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        example x;
        begin(&x, rows[i].core, rows[i].domain, rows[i].reference);
        uintptr_t f = add_method(x.m, x.type, "M", "00 00 01", "06 2a");
        CHECK_EQ(jit_and_rejit(x.e, &x.clr, f), 0);
        set_env("NEW_RELIC_DISABLE_APPDOMAIN_CACHING", rows[i].variable);
        CHECK_EQ(nr_engine_rejit_parameters(x.e, x.m->id, 0x06000001, NULL), 0);
        if (CHECK(x.clr.body.size > 8)) CHECK_EQ(x.clr.body.data[4], rows[i].cached ? 0xf0 : 0xf4);
        set_env("NEW_RELIC_DISABLE_APPDOMAIN_CACHING", NULL);
        end(&x);
    }
}

/* Q29 and 1.5: leading blanks of the texts from the rule are dropped. */
TEST(leading_blanks_of_a_factory)
{
    example x;
    begin(&x, true, "clrhost", "System.Runtime");
    nr_engine_free(x.e);
    x.e = start_engine(
        &x.clr,
        "<extension><instrumentation><tracerFactory name='  Fac tory ' metricName='   '>"
        "<match assemblyName='MyAssembly' className='MyNamespace.MyClass'><exactMethodMatcher methodName='M'/>"
        "</match></tracerFactory></instrumentation></extension>",
        NULL);
    uintptr_t f = add_method(x.m, x.type, "M", "00 00 01", "06 2a");
    CHECK_EQ(jit_and_rejit(x.e, &x.clr, f), 0);
    nr_str added = fake_take(&x.m->meta.added);
    CHECK(nr_str_has(added, NR_STR(" Fac tory \n7")) || nr_str_has(added, NR_STR(" Fac tory \n0")));
    CHECK(!nr_str_has(added, NR_STR("  Fac")));
    end(&x);
}

/* ---- the API shim ------------------------------------------------------------------------ */

static uintptr_t begin_api(example *x, bool core, const char *name, const char *sig, const char *body)
{
    clear_env();
    log_start(NR_INFO);
    clr_init(&x->clr, core);
    x->m = add_module(&x->clr, "NewRelic.Api.Agent", "/app/NewRelic.Api.Agent.dll", core ? "clrhost" : "D",
                      core ? "System.Runtime" : "mscorlib");
    x->type = add_type(x->m, "NewRelic.Api.Agent.NewRelic", 1, 0);
    x->e = start_engine(&x->clr, NULL, NULL);
    CHECK(x->e != NULL);
    return add_method(x->m, x->type, name, sig, body);
}

/* injected-code.md 5.6. */
TEST(the_worked_example_of_the_api)
{
    example x;
    uintptr_t f = begin_api(&x, true, "F", "00 01 0e 0e", "1a 72 01000070 2a");
    CHECK_EQ(nr_engine_jit_started(x.e, f), 0);
    CHECK_EQ(x.clr.request_count, 0); /* 5.1: at the first JIT, without a ReJIT */
    CHECK(x.clr.body_control == NULL);
    CHECK_BYTES(x.clr.body.data, x.clr.body.size,
                "1b 30 0a 00 6b 00 00 00 01 00 00 11"
                "72 01000070 28 0100000a 72 49000070 6f 0200000a 72 83000070 20 01000000 8d 02000001 25 20 00000000"
                "d0 03000001 28 0300000a a2 6f 0400000a 14 20 01000000 8d 06000001 25 20 00000000 02 8c 03000001 a2"
                "28 0500000a 0a dd 0d000000 26 72 01000070 00 0a dd 00000000 06 2a"
                "00"
                "41 1c 00 00 00000000 00000000 5c000000 5c000000 0d000000 08000001");
    CHECK_STR(fake_take(&x.m->meta.added), "70000001 " CORE_PATH "\n"
                                           "23000002 System.Reflection\n"
                                           "01000001 23000002 System.Reflection.Assembly\n"
                                           "0a000001 01000001 LoadFrom 00 01 12 05 0e\n"
                                           "70000049 NewRelic.Agent.Core.AgentApi\n"
                                           "01000002 23000001 System.Type\n"
                                           "0a000002 01000001 GetType 20 01 12 09 0e\n"
                                           "70000083 F\n"
                                           "01000003 23000001 System.String\n"
                                           "01000004 23000001 System.RuntimeTypeHandle\n"
                                           "0a000003 01000002 GetTypeFromHandle 00 01 12 09 11 11\n"
                                           "01000005 23000002 System.Reflection.MethodInfo\n"
                                           "0a000004 01000002 GetMethod 20 02 12 15 0e 1d 12 09\n"
                                           "01000006 23000001 System.Object\n"
                                           "01000007 23000002 System.Reflection.MethodBase\n"
                                           "0a000005 01000007 Invoke 20 02 1c 1c 1d 1c\n"
                                           "01000008 23000001 System.Exception\n"
                                           "11000001 07 01 0e\n");
    end(&x);
}

/* 5.4 and Q42: the key of the cached variant ends in the function id as an unsigned long. */
TEST(the_cached_key_of_the_api)
{
    example x;
    char key[100];
    uintptr_t f = begin_api(&x, false, "F", "00 00 01", "06 2a");
    CHECK_EQ(nr_engine_jit_started(x.e, f), 0);
    snprintf(key, sizeof key, "70000001 NewRelic.Agent.Core.AgentApi.F_%lu\n", (unsigned long)f);
    nr_str added = fake_take(&x.m->meta.added);
    CHECK(nr_str_starts(added, nr_str_of(key)));
    /* void: no result local, `07 00` is requested all the same (Q47), the object is popped. */
    CHECK(nr_str_has(added, NR_STR("11000001 07 00\n")));
    end(&x);
}

/* 5.2, Q24: only a RET as the last byte is replaced; max stack is 10 whatever it was. */
TEST(the_api_keeps_inner_rets)
{
    example x;
    nr_arena a = NR_ARENA_INIT;
    uintptr_t f = begin_api(&x, true, "F", "00 00 01", "13 30 0c 00 06000000 00000000 02 2c 01 2a 00 2a");
    CHECK_EQ(nr_engine_jit_started(x.e, f), 0);
    if (CHECK(x.clr.body.size > 12)) CHECK_BYTES(x.clr.body.data, 4, "1b 30 0a 00");
    uint8_t want[] = {0x26, 0x02, 0x2c, 0x01, 0x2a, 0x00, 0x00, 0xdd};
    nr_str body = nr_buf_str(&x.clr.body), part = fake_blob(want, sizeof want);
    CHECK(nr_str_has(body, part));
    /* No RET at the end: an ERROR line, and the code as it is. */
    f = add_method(x.m, x.type, "G", "00 00 01", "0a 14 7a");
    CHECK_EQ(nr_engine_jit_started(x.e, f), 0);
    uint8_t kept[] = {0x26, 0x14, 0x7a, 0xdd};
    CHECK(nr_str_has(nr_buf_str(&x.clr.body), fake_blob(kept, sizeof kept)));
    CHECK(nr_str_has(logged(&a), NR_STR("E Unexpected instruction in method (Module: /app/NewRelic.Api.Agent.dll")));
    nr_arena_free(&a);
    end(&x);
}

/* 5.1: .cctor and GetAgent go on to the default instrumentor, which has no rule for them. */
TEST(the_api_leaves_two_methods_alone)
{
    static const char *const names[] = {".cctor", "GetAgent"};
    for (size_t i = 0; i < NR_COUNT(names); i++) {
        example x;
        uintptr_t f = begin_api(&x, true, names[i], "00 00 01", "06 2a");
        CHECK_EQ(nr_engine_jit_started(x.e, f), 0);
        CHECK_EQ(x.clr.bodies, 0);
        CHECK_EQ(x.clr.request_count, 0);
        end(&x);
    }
}

/* 5.4: a pointer parameter has no type token and aborts; what was requested stays. */
TEST(the_api_refuses_a_pointer)
{
    example x;
    uintptr_t f = begin_api(&x, true, "F", "00 01 01 0f 08", "06 2a");
    CHECK_EQ(nr_engine_jit_started(x.e, f), NR_HR_FAIL);
    CHECK_EQ(x.clr.bodies, 0);
    CHECK(nr_str_ends(fake_take(&x.m->meta.added), NR_STR(" F\n")));
    end(&x);
}

/* ---- helpers of mscorlib --------------------------------------------------------------------- */

/* injected-code.md 7.1. MemberRefs number on in the order of the requests; the constructor of Exception and the
 * helpers themselves are methods of the module. */
TEST(the_six_helpers)
{
    static const struct {
        const char *name, *sig, *body;
    } rows[] = {
        {"LoadAssemblyOrThrow", "00 01 12 0c 0e", "62 02 28 0100000a 25 3a 0b000000 72 01000070 73 01000006 7a 2a"},
        {"GetTypeViaReflectionOrThrow", "00 02 12 10 0e 0e",
         "7a 02 28 02000006 03 6f 0100000a 25 3a 0b000000 72 01000070 73 01000006 7a 2a"},
        {"GetMethodViaReflectionOrThrow", "00 04 12 14 0e 0e 0e 1d 12 10",
         "d6 02 03 28 03000006 04 05 39 0b000000 05 6f 0100000a 38 0a000000 6f 0200000a 38 00000000 25 3a 0b000000"
         "72 01000070 73 01000006 7a 2a"},
        {"GetMethodFromAppDomainStorage", "00 01 12 14 0e",
         "8a 28 0100000a 25 3a 0b000000 72 01000070 73 01000006 7a 02 6f 0200000a 74 05000002 2a"},
        {"GetMethodFromAppDomainStorageOrReflectionOrThrow", "00 05 12 14 0e 0e 0e 0e 1d 12 10",
         "7e 02 28 05000006 25 3a 12000000 26 03 04 05 0e 04 28 04000006 25 02 28 07000006 2a"},
        {"StoreMethodInAppDomainStorageOrThrow", "00 02 01 12 14 0e",
         "7a 28 0100000a 25 3a 0b000000 72 01000070 73 01000006 7a 03 02 6f 0200000a 2a"},
    };
    static const char *const messages[] = {"Failed to load assembly.",
                                           "Failed to load type from assembly via reflection.",
                                           "Failed to load method from type via reflection.",
                                           "System.AppDomain.CurrentDomain == null.",
                                           NULL,
                                           "System.AppDomain.CurrentDomain == null."};
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        example x;
        uintptr_t f[NR_COUNT(rows)];
        clear_env();
        log_start(NR_INFO);
        clr_init(&x.clr, false);
        x.m = add_module(&x.clr, "mscorlib", "C:\\Windows\\mscorlib.dll", "DefaultDomain", NULL);
        uint32_t exception = add_type(x.m, "System.Exception", 1, 0);
        add_type(x.m, "System.Reflection.Assembly", 1, 0);
        add_type(x.m, "System.Type", 1, 0);
        add_type(x.m, "System.Reflection.MethodInfo", 1, 0);
        add_type(x.m, "System.AppDomain", 1, 0);
        uint32_t own = add_type(x.m, "System.CannotUnloadAppDomainException", 1, 0);
        add_method(x.m, exception, ".ctor", "20 01 01 0e", "06 2a");
        for (size_t k = 0; k < NR_COUNT(rows); k++) f[k] = add_method(x.m, own, rows[k].name, rows[k].sig, "06 2a");
        x.e = start_engine(&x.clr, NULL, NULL);
        CHECK_EQ(nr_engine_jit_started(x.e, f[i]), 0);
        CHECK_EQ(x.clr.bodies, 1);
        CHECK_EQ(x.clr.request_count, 0);
        CHECK(x.clr.body_control == NULL);
        CHECK_BYTES(x.clr.body.data, x.clr.body.size, rows[i].body);
        nr_str requests = fake_take(&x.m->meta.requests);
        if (messages[i]) CHECK(nr_str_has(requests, nr_str_of(messages[i])));
        CHECK(!nr_str_has(requests, NR_STR("SIG"))); /* tiny: no locals signature */
        CHECK(!nr_str_has(requests, NR_STR("T 2")));
        end(&x);
    }
}

/* 7.2: names without a body leave an ERROR line and nothing else. */
TEST(helpers_without_a_body)
{
    static const char *const names[] = {"GetThreadLocalBoolean", "SetThreadLocalBoolean", "GetAppDomainBoolean"};
    for (size_t i = 0; i < NR_COUNT(names); i++) {
        example x;
        nr_arena a = NR_ARENA_INIT;
        clear_env();
        log_start(NR_INFO);
        clr_init(&x.clr, false);
        x.m = add_module(&x.clr, "mscorlib", "C:\\mscorlib.dll", "DefaultDomain", NULL);
        uint32_t own = add_type(x.m, "System.CannotUnloadAppDomainException", 1, 0);
        uintptr_t f = add_method(x.m, own, names[i], "00 00 01", "06 2a");
        x.e = start_engine(&x.clr, NULL, NULL);
        CHECK_EQ(nr_engine_jit_started(x.e, f), 0);
        CHECK_EQ(x.clr.bodies, 0);
        CHECK(nr_str_has(logged(&a), NR_STR("E Attempted to instrument an unknown helper method in mscorlib.\n")));
        nr_arena_free(&a);
        end(&x);
    }
}

/* The three conditions of selection-in-native.md 4.1; the path's end compares with case. */
TEST(what_is_no_helper)
{
    static const struct {
        const char *path, *type, *method;
    } rows[] = {{"C:\\MSCORLIB.DLL", "System.CannotUnloadAppDomainException", "LoadAssemblyOrThrow"},
                {"C:\\mscorlib.dll", "System.Other", "LoadAssemblyOrThrow"},
                {"C:\\mscorlib.dll", "System.CannotUnloadAppDomainException", "ToString"}};
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        example x;
        clear_env();
        log_start(NR_INFO);
        clr_init(&x.clr, false);
        x.m = add_module(&x.clr, "mscorlib", rows[i].path, "DefaultDomain", NULL);
        uintptr_t f = add_method(x.m, add_type(x.m, rows[i].type, 1, 0), rows[i].method, "00 01 01 0e", "06 2a");
        x.e = start_engine(&x.clr, NULL, NULL);
        CHECK_EQ(nr_engine_jit_started(x.e, f), 0);
        CHECK_EQ(x.clr.bodies, 0);
        end(&x);
    }
}

TESTS(bodies, T(the_worked_example_of_core), T(an_original_clause_moves_with_the_code),
      T(an_original_filter_moves_with_the_code), T(headers), T(an_instance_method_with_locals_and_a_result),
      T(the_cached_variant_of_the_framework), T(which_lookup), T(leading_blanks_of_a_factory),
      T(the_worked_example_of_the_api), T(the_cached_key_of_the_api), T(the_api_keeps_inner_rets),
      T(the_api_leaves_two_methods_alone), T(the_api_refuses_a_pointer), T(the_six_helpers), T(helpers_without_a_body),
      T(what_is_no_helper))
