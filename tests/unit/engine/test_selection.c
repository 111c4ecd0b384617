/* Module: which methods are looked at, and what becomes of them (selection-in-native.md 2 to 7). */
#include "fake_build.h"

#include "test.h"

typedef struct stage {
    fake_clr clr;
    fake_module *m;
    uint32_t type;
    nr_engine *e;
    nr_arena arena;
} stage;

static void begin_with(stage *s, bool core, nr_log_level level, const char *xml, const char *lua)
{
    clear_env();
    memset(&s->arena, 0, sizeof s->arena);
    log_start(level);
    clr_init(&s->clr, core);
    s->m = add_module(&s->clr, "App", "/app/App.dll", core ? "clrhost" : "D", core ? "System.Runtime" : "mscorlib");
    s->type = add_type(s->m, "N.C", 1, 0);
    s->e = start_engine(&s->clr, xml, lua);
    CHECK(s->e != NULL);
    logged(&s->arena);
}

static void begin(stage *s)
{
    begin_with(s, true, NR_INFO, rule("App", "N.C", "M"), NULL);
}

static void end(stage *s)
{
    nr_engine_free(s->e);
    clr_free(&s->clr);
    nr_arena_free(&s->arena);
}

static bool log_has(stage *s, const char *line)
{
    return nr_str_has(logged(&s->arena), nr_str_of(line));
}

/* Flags and factory of the last body: `25 17 20 <flags>`, which stands behind the fifth ldstr. */
static uint32_t flags_of_body(const fake_clr *c)
{
    for (size_t i = 12; i + 8 < c->body.size; i++) {
        const uint8_t *p = c->body.data + i;
        if (p[0] == 0x25 && p[1] == 0x17 && p[2] == 0x20) return nr_get_u32(p + 3);
    }
    return UINT32_MAX;
}

/* 2.1 and 4: the three sets, then the point. */
TEST(what_no_rule_is_about)
{
    static const struct {
        const char *assembly, *type, *method;
        bool asked;
    } rows[] = {{"App", "N.C", "M", true},      {"App", "N.C", "m", false},     {"App", "N.c", "M", false},
                {"app", "N.C", "M", false},     {"App", "N.C", "Other", false}, {"App", "N.D", "M", false},
                {"Another", "N.C", "M", false}, {"mscorlib", "N.C", "M", false}};
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        stage s;
        begin(&s);
        s.m->assembly = rows[i].assembly;
        s.m->types[1].name = rows[i].type;
        uintptr_t f = add_method(s.m, s.type, rows[i].method, "00 00 01", "06 2a");
        CHECK_EQ(nr_engine_jit_started(s.e, f), 0);
        CHECK_EQ(s.clr.request_count, rows[i].asked);
        CHECK_EQ(nr_engine_rejit_parameters(s.e, s.m->id, 0x06000001, NULL), 0);
        CHECK_EQ(s.clr.bodies, rows[i].asked);
        end(&s);
    }
}

/* 4.3.1 to 4.3.3 */
TEST(refusals)
{
    static const struct {
        const char *method;
        uint32_t type_attributes, attributes;
        const char *why; /* NULL: it is instrumented */
    } rows[] = {
        {"M", 0x01, 0x96, NULL},
        {"M", 0x09, 0x96, "sequential layout"},
        {"M", 0x11, 0x96, NULL}, /* explicit layout */
        {"M", 0x19, 0x96, NULL}, /* both bits: not what is tested */
        {"M", 0x01, 0x896, "SpecialName"},
        {".ctor", 0x01, 0x1886, NULL},
        {".cctor", 0x01, 0x1891, "SpecialName"},
        {"M", 0x01, 0x2096, "interop"},
        {"M", 0x01, 0x9e, "interop"},
        {"M", 0x09, 0x2896, "sequential layout"}, /* the first one counts */
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        stage s;
        char line[200];
        begin_with(&s, true, NR_INFO, rule("App", "N.C", rows[i].method), NULL);
        s.m->types[1].attributes = rows[i].type_attributes;
        uintptr_t f = add_method(s.m, s.type, rows[i].method, "00 00 01", "06 2a");
        last_method_of(s.m)->attributes = rows[i].attributes;
        CHECK_EQ(nr_engine_jit_started(s.e, f), 0);
        CHECK_EQ(s.clr.request_count, rows[i].why == NULL);
        CHECK_EQ(nr_engine_rejit_parameters(s.e, s.m->id, 0x06000001, NULL), 0);
        CHECK_EQ(s.clr.bodies, rows[i].why == NULL);
        snprintf(line, sizeof line, "E Skipping %s method: (Module: /app/App.dll, AppDomain: clrhost)[App]N.C.%s()\n",
                 rows[i].why ? rows[i].why : "", rows[i].method);
        CHECK_EQ(log_has(&s, line), rows[i].why != NULL);
        if (rows[i].why) CHECK_STR(fake_take(&s.m->meta.requests), "");
        end(&s);
    }
}

/* 2.2, 2.3, Q27: the name goes through all enclosing types, the attributes are the outermost one's. */
TEST(nested_types)
{
    static const struct {
        const char *rule;
        uint32_t outer, inner;
        bool asked;
    } rows[] = {{"N.C+I", 1, 2, true},   {"I", 1, 2, false},     {"N.C.I", 1, 2, false},
                {"N.C+I", 1, 0xA, true}, {"N.C+I", 9, 2, false}, {"N.C+I", 0, 3, true}};
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        stage s;
        begin_with(&s, true, NR_INFO, rule("App", rows[i].rule, "M"), NULL);
        s.m->types[1].attributes = rows[i].outer;
        uint32_t inner = add_type(s.m, "I", rows[i].inner, s.type);
        uintptr_t f = add_method(s.m, inner, "M", "00 00 01", "06 2a");
        CHECK_EQ(nr_engine_jit_started(s.e, f), 0);
        CHECK_EQ(s.clr.request_count, rows[i].asked);
        end(&s);
    }
    stage s;
    begin_with(&s, true, NR_INFO, rule("App", "N.C+I+J", "M"), NULL);
    uint32_t i = add_type(s.m, "I", 2, s.type), j = add_type(s.m, "J", 5, i);
    uintptr_t f = add_method(s.m, j, "M", "00 00 01", "06 2a");
    CHECK_EQ(jit_and_rejit(s.e, &s.clr, f), 0);
    CHECK(nr_str_has(fake_take(&s.m->meta.added), NR_STR(" N.C+I+J\n")));
    end(&s);
}

/* Section 5 */
TEST(attributes)
{
    static const uint8_t plain[] = {1, 0, 0, 0};
    static const uint8_t web[] = {1, 0, 1, 0, 0x54, 2, 3, 0x57, 0x65, 0x62, 1};
    static const uint8_t not_web[] = {1, 0, 1, 0, 0x54, 2, 3, 0x57, 0x65, 0x62, 0};
    static const uint8_t two[] = {1, 0, 1, 0, 0x54, 2, 3, 0x57, 0x65, 0x62, 2};
    static const uint8_t longer[] = {1, 0, 2, 0, 0x54, 2, 3, 0x57, 0x65, 0x62, 1, 0};
    static const struct {
        const char *assembly;
        unsigned marks;
        const uint8_t *value;
        uint32_t size, flags; /* 0: not instrumented */
    } rows[] = {
        {"Other", ON_TRANSACTION, plain, sizeof plain, 0x00500000},
        {"Other", ON_TRANSACTION, web, sizeof web, 0x00300000},
        {"Other", ON_TRANSACTION, not_web, sizeof not_web, 0x00500000},
        {"Other", ON_TRANSACTION, two, sizeof two, 0x00500000},
        {"Other", ON_TRANSACTION, longer, sizeof longer, 0x00500000},
        {"Other", ON_TRACE, plain, sizeof plain, 0x00100000},
        {"Other", ON_TRACE | ON_TRANSACTION, web, sizeof web, 0x00300000},
        {"Other", ON_TRACE | ON_ASYNC, plain, sizeof plain, 0x00900000},
        {"Other", ON_ASYNC, plain, sizeof plain, 0},
        {"Other", 0, plain, sizeof plain, 0},
        {"App", ON_TRACE, plain, sizeof plain, 0x00100000}, /* in an assembly with rules, but another method */
        {"System.X", ON_TRACE, plain, sizeof plain, 0},     /* these three are not searched */
        {"Microsoft.X", ON_TRACE, plain, sizeof plain, 0},
        {"NewRelic.X", ON_TRACE, plain, sizeof plain, 0},
        {"system.X", ON_TRACE, plain, sizeof plain, 0x00100000},
        {"System", ON_TRACE, plain, sizeof plain, 0x00100000},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        stage s;
        begin(&s);
        s.m->assembly = rows[i].assembly;
        s.m->knows_attributes = true;
        uintptr_t f = add_method(s.m, s.type, "Attributed", "00 00 01", "06 2a");
        last_method_of(s.m)->marks = rows[i].marks;
        last_method_of(s.m)->value = rows[i].value;
        last_method_of(s.m)->value_size = rows[i].size;
        CHECK_EQ(nr_engine_jit_started(s.e, f), 0);
        CHECK_EQ(s.clr.request_count, rows[i].flags != 0);
        CHECK_EQ(nr_engine_rejit_parameters(s.e, s.m->id, 0x06000001, NULL), 0);
        CHECK_EQ(s.clr.bodies, rows[i].flags != 0);
        if (rows[i].flags) {
            CHECK_EQ(flags_of_body(&s.clr), rows[i].flags);
            /* 4.3.3: the default factory, an empty metric */
            CHECK(nr_str_has(fake_take(&s.m->meta.added),
                             NR_STR(" NewRelic.Agent.Core.Tracer.Factories.DefaultTracerFactory\n")));
        }
        end(&s);
    }
}

/* Which methods of a module carry the attributes is found out once; nobody looks at the others. */
TEST(attribute_knowledge_is_decided_once)
{
    for (int knows = 0; knows < 2; knows++) {
        stage s;
        begin(&s);
        s.m->assembly = "Other";
        s.m->knows_attributes = knows;
        for (int i = 0; i < 10; i++) add_method(s.m, s.type, "X", "00 00 01", "06 2a");
        last_method_of(s.m)->marks = knows ? ON_TRACE : 0;
        for (uintptr_t i = 1; i <= 9; i++) CHECK_EQ(nr_engine_jit_started(s.e, FUNCTION_BASE + i), 0);
        CHECK_EQ(atomic_load(&s.clr.knows_calls), 1);
        CHECK_EQ(atomic_load(&s.clr.carrier_calls), knows);
        CHECK_EQ(atomic_load(&s.clr.attribute_looks), 0);
        CHECK_EQ(nr_engine_jit_started(s.e, FUNCTION_BASE + 10), 0);
        CHECK_EQ(s.clr.request_count, (size_t)knows);
        CHECK_EQ(atomic_load(&s.clr.carrier_calls), knows);
        end(&s);
    }
    stage s; /* and never where they are not searched */
    begin(&s);
    s.m->assembly = "System.Other";
    CHECK_EQ(nr_engine_jit_started(s.e, add_method(s.m, s.type, "X", "00 00 01", "06 2a")), 0);
    CHECK_EQ(atomic_load(&s.clr.knows_calls), 0);
    end(&s);
}

/* A module without rules that knows the attributes: a plain method, and one that carries one. */
static void begin_other(stage *s, uintptr_t *plain, uintptr_t *traced)
{
    begin(s);
    s->m->assembly = "Other";
    s->m->knows_attributes = true;
    *plain = add_method(s->m, s->type, "X", "00 00 01", "06 2a");
    *traced = add_method(s->m, s->type, "T", "00 00 01", "06 2a");
    last_method_of(s->m)->marks = ON_TRACE;
}

/* A method that came after the look is asked about, also in an assembly without rules. */
TEST(attributes_of_a_method_that_came_later)
{
    stage s;
    uintptr_t x, traced;
    begin_other(&s, &x, &traced);
    uintptr_t y = add_method(s.m, s.type, "Y", "00 00 01", "06 2a");
    s.m->hidden = 2;
    CHECK_EQ(nr_engine_jit_started(s.e, x), 0);
    s.m->hidden = 0;
    CHECK_EQ(atomic_load(&s.clr.attribute_looks), 0);
    CHECK_EQ(nr_engine_jit_started(s.e, traced), 0);
    CHECK_EQ(s.clr.request_count, 1);
    CHECK_EQ(nr_engine_jit_started(s.e, y), 0);
    CHECK_EQ(s.clr.request_count, 1);
    CHECK_EQ(atomic_load(&s.clr.carrier_calls), 1);
    end(&s);
}

/* A CLR that does not list attributes is asked about each method, as the reference asks. */
TEST(attributes_that_cannot_be_listed)
{
    bool tried = false;
    for (unsigned n = 1; !tried && n < 20; n++) { /* there are calls before it: of function, module and assembly */
        stage s;
        uintptr_t x, traced;
        begin_other(&s, &x, &traced);
        atomic_store(&s.clr.fail_at, n);
        int32_t hr = nr_engine_jit_started(s.e, x);
        tried = !strcmp(s.clr.failed_call, "EnumCustomAttributes");
        CHECK(hr == 0 || !tried);
        CHECK_EQ(nr_engine_jit_started(s.e, traced), 0);
        CHECK_EQ(s.clr.request_count, 1);
        CHECK_EQ(atomic_load(&s.clr.carrier_calls), 1);
        CHECK(!tried || atomic_load(&s.clr.attribute_looks) > 1);
        end(&s);
    }
    CHECK(tried);
}

/* Q2: the flags of one method stay in the point that it shares. */
TEST(sticky_flags)
{
    stage s;
    begin(&s);
    uintptr_t sync = add_method(s.m, s.type, "M", "00 01 01 0e", "06 2a");
    uintptr_t async = add_method(s.m, s.type, "M", "00 01 01 08", "06 2a");
    last_method_of(s.m)->marks = ON_ASYNC;
    CHECK_EQ(jit_and_rejit(s.e, &s.clr, sync), 0);
    CHECK_EQ(flags_of_body(&s.clr), 0x00003400);
    CHECK_EQ(jit_and_rejit(s.e, &s.clr, async), 0);
    CHECK_EQ(flags_of_body(&s.clr), 0x00803400);
    CHECK_EQ(jit_and_rejit(s.e, &s.clr, sync), 0);
    CHECK_EQ(flags_of_body(&s.clr), 0x00803400);
    end(&s);
}

/* 4.3.4 comes before the refusals: a method that is skipped leaves its flags, too. */
TEST(a_refused_method_leaves_its_flags)
{
    stage s;
    begin(&s);
    uintptr_t f = add_method(s.m, s.type, "M", "00 01 01 0e", "06 2a");
    uintptr_t special = add_method(s.m, s.type, "M", "00 01 01 08", "06 2a");
    last_method_of(s.m)->marks = ON_ASYNC;
    last_method_of(s.m)->attributes = 0x896;
    CHECK_EQ(nr_engine_jit_started(s.e, special), 0);
    CHECK_EQ(s.clr.request_count, 0);
    CHECK_EQ(jit_and_rejit(s.e, &s.clr, f), 0);
    CHECK_EQ(flags_of_body(&s.clr), 0x00803400);
    end(&s);
}

/* The flags of an attribute are not kept: its point is made anew for each pass. */
TEST(an_attribute_point_is_not_shared)
{
    static const uint8_t plain[] = {1, 0, 0, 0};
    stage s;
    begin(&s);
    s.m->assembly = "Other";
    s.m->knows_attributes = true;
    uintptr_t f[2];
    for (int i = 0; i < 2; i++) {
        f[i] = add_method(s.m, s.type, "X", i ? "00 00 01" : "00 01 01 08", "06 2a");
        last_method_of(s.m)->marks = i ? ON_TRACE : ON_TRANSACTION | ON_ASYNC;
        last_method_of(s.m)->value = plain;
        last_method_of(s.m)->value_size = sizeof plain;
    }
    CHECK_EQ(jit_and_rejit(s.e, &s.clr, f[0]), 0);
    CHECK_EQ(flags_of_body(&s.clr), 0x00D00000);
    CHECK_EQ(jit_and_rejit(s.e, &s.clr, f[1]), 0);
    CHECK_EQ(flags_of_body(&s.clr), 0x00100000);
    end(&s);
}

/* il-method-body.md 4.3 and quirks C: what the body itself refuses. */
TEST(bodies_that_are_left_alone)
{
    static const struct {
        const char *sig, *body;
        int32_t hr;
        const char *line;
    } rows[] = {
        {"00 00 01", "12 2a 14 7a 00", 0, "E Last instruction was not RET, aborting"}, /* Q7 */
        {"00 00 01", "12 02 2c 7a", -1, NULL}, /* C4: a tiny size beyond the body */
        {"00 00 01", "12 2a 2a 1f 2a", NR_HR_FAIL, "E An unexpected exception was thrown"}, /* Q16 */
        {"00 00 01", "1a 02 2c 04 2a 00 2a", 0, "I Skipping invalid method: "},             /* Q15 */
        {"00 00 0f 08", "06 2a", NR_HR_FAIL, "E An unexpected exception was thrown"},       /* 4.2: pointer result */
        {"00 00 10 08", "06 2a", NR_HR_FAIL, "E An unexpected exception was thrown"},
        {"00 01 01 45", "06 2a", NR_HR_FAIL,
         "E An SignatureParserException was thrown while possibly instrumenting function: M"},
        {"00 02 01 08", "06 2a", NR_HR_FAIL, "E An SignatureParserException was thrown"},
        {"00 01 01 12 06", "06 2a", NR_HR_FAIL, "E "}, /* C2: TypeSpec as a class */
        {"00 00 01", "07 00", -1, NULL},               /* C1: neither tiny nor fat */
        {"00 00 01", "", NR_HR_FAIL, NULL},            /* C18 */
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        stage s;
        begin(&s);
        uintptr_t f = add_method(s.m, s.type, "M", rows[i].sig, rows[i].body);
        nr_engine_jit_started(s.e, f);
        int32_t hr = nr_engine_rejit_parameters(s.e, s.m->id, 0x06000001, NULL);
        if (rows[i].hr == -1)
            CHECK(hr == 0 || hr == NR_HR_FAIL);
        else if (hr != rows[i].hr)
            CHECK_EQ(hr * 1000ll + (long long)i, rows[i].hr); /* which row */
        CHECK_EQ(s.clr.bodies, 0);
        if (rows[i].line && !log_has(&s, rows[i].line)) CHECK_STR(logged(&s.arena), rows[i].line);
        end(&s);
    }
}

/* A method ending in throw without any RET is wrapped as it is. */
TEST(a_method_without_ret_is_wrapped)
{
    stage s;
    begin(&s);
    CHECK_EQ(jit_and_rejit(s.e, &s.clr, add_method(s.m, s.type, "M", "00 00 01", "0a 14 7a")), 0);
    CHECK_EQ(s.clr.bodies, 1);
    end(&s);
}

/* Parameters and versions: instrumentation-xml.md 6.4. */
TEST(the_point_that_counts)
{
    static const char xml[] =
        "<extension><instrumentation><tracerFactory name='Plain'><match assemblyName='App' className='N.C'>"
        "<exactMethodMatcher methodName='M'/></match></tracerFactory>"
        "<tracerFactory name='Int'><match assemblyName='App' className='N.C' maxVersion='2.0'>"
        "<exactMethodMatcher methodName='M' parameters='System.Int32'/></match></tracerFactory>"
        "<tracerFactory name='IntNew'><match assemblyName='App' className='N.C' minVersion='2.0' maxVersion='3.0'>"
        "<exactMethodMatcher methodName='M' parameters='System.Int32'/></match></tracerFactory>"
        "</instrumentation></extension>";
    static const struct {
        const char *sig;
        uint16_t major;
        const char *factory; /* NULL: none */
    } rows[] = {{"00 00 01", 1, " Plain\n"},
                {"00 01 01 0e", 9, " Plain\n"},
                {"00 01 01 08", 1, " Int\n"},
                {"00 01 01 08", 2, " IntNew\n"},
                {"00 01 01 08", 3, NULL}};
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        stage s;
        begin_with(&s, true, NR_INFO, xml, NULL);
        s.m->version = (nr_version){{rows[i].major, 0, 0, 0}};
        uintptr_t f = add_method(s.m, s.type, "M", rows[i].sig, "06 2a");
        int32_t hr = jit_and_rejit(s.e, &s.clr, f);
        CHECK_EQ(hr, rows[i].factory ? 0 : NR_HR_FALSE);
        if (rows[i].factory) CHECK(nr_str_has(fake_take(&s.m->meta.added), nr_str_of(rows[i].factory)));
        end(&s);
    }
}

/* A rule's `where`, and a template of the rule's own that does not exist. */
TEST(rules_in_lua)
{
    static const char lua[] =
        "tracer { name = 'One', level = 2 }\n"
        "match { assembly = 'App', class = 'N.C', 'M',\n"
        "  where = function(m) return m.argument_count == 1 and m.is_static and not m.is_async and not m.returns\n"
        "    and m.assembly == 'App' and m.class == 'N.C' and m.method == 'M' and m.parameters == 'System.Int32' end "
        "}\n"
        "tracer { name = 'Two', template = 'none such' }\n"
        "match { assembly = 'App', class = 'N.C', 'M' }\n";
    stage s;
    begin_with(&s, true, NR_INFO, NULL, lua);
    uintptr_t one = add_method(s.m, s.type, "M", "00 01 01 08", "06 2a");
    uintptr_t two = add_method(s.m, s.type, "M", "00 01 01 0e", "06 2a");
    CHECK_EQ(jit_and_rejit(s.e, &s.clr, one), 0);
    CHECK_EQ(s.clr.bodies, 1);
    CHECK_EQ(flags_of_body(&s.clr), 0x00023400);
    CHECK_EQ(jit_and_rejit(s.e, &s.clr, two), 0);
    CHECK_EQ(s.clr.bodies, 1); /* the method stays as it is */
    CHECK(log_has(&s, "there is no usable template 'none such', the method stays as it is\n"));
    end(&s);
}

/* 2.5: at TRACE every function is constructed, with or without a rule. */
TEST(trace_switches_the_filters_off)
{
    for (int trace = 0; trace < 2; trace++) {
        stage s;
        begin_with(&s, true, trace ? NR_TRACE : NR_DEBUG, rule("App", "N.C", "M"), NULL);
        s.m->assembly = "Unrelated";
        s.m->types[1].name = "NewRelic.Api.Agent.NewRelic";
        uintptr_t f = add_method(s.m, s.type, "F", "00 00 01", "06 2a");
        CHECK_EQ(nr_engine_jit_started(s.e, f), 0);
        CHECK_EQ(s.clr.bodies, trace); /* the API shim in any assembly (Q54) */
        end(&s);
    }
}

/* Section 7: generic methods. */
TEST(generic_methods)
{
    stage s;
    begin(&s);
    uintptr_t f = add_method(s.m, s.type, "M", "10 01 00 01", "06 2a");
    last_method_of(s.m)->generic = true;
    /* First JIT: the function id is remembered, then used up by the ReJIT. */
    CHECK_EQ(jit_and_rejit(s.e, &s.clr, f), 0);
    CHECK_EQ(s.clr.bodies, 1);
    /* Q58: the second ReJIT has none: S_FALSE, and the method waits for ReJITCompilationStarted. */
    CHECK_EQ(nr_engine_rejit_parameters(s.e, s.m->id, 0x06000001, NULL), NR_HR_FALSE);
    CHECK_EQ(s.clr.bodies, 1);
    size_t before = s.clr.request_count;
    CHECK_EQ(nr_engine_rejit_started(s.e, f), 0);
    CHECK_EQ(s.clr.request_count, before + 1);
    CHECK_EQ(nr_engine_rejit_parameters(s.e, s.m->id, 0x06000001, NULL), 0);
    CHECK_EQ(s.clr.bodies, 2);
    CHECK_EQ(nr_engine_rejit_started(s.e, f), 0); /* nothing waits */
    CHECK_EQ(s.clr.request_count, before + 1);
    /* 7.2: at the first JIT again, twice: the last one counts, and once. */
    CHECK_EQ(nr_engine_jit_started(s.e, f), 0);
    CHECK_EQ(nr_engine_jit_started(s.e, f), 0);
    CHECK_EQ(nr_engine_rejit_parameters(s.e, s.m->id, 0x06000001, NULL), 0);
    CHECK_EQ(nr_engine_rejit_parameters(s.e, s.m->id, 0x06000001, NULL), NR_HR_FALSE);
    /* A module that goes takes what is remembered along. */
    CHECK_EQ(nr_engine_rejit_started(s.e, f), 0);
    nr_engine_module_unloaded(s.e, s.m->id);
    CHECK_EQ(nr_engine_rejit_parameters(s.e, s.m->id, 0x06000001, NULL), NR_HR_FALSE);
    /* Unknown: an ERROR line and S_FALSE. */
    CHECK_EQ(nr_engine_rejit_parameters(s.e, 0x999, 0x06000001, NULL), NR_HR_FALSE);
    CHECK(log_has(&s, "E GetFunctionFromToken call failed: 0x80070057\n"));
    CHECK_EQ(nr_engine_rejit_started(s.e, 0x999), 0);
    end(&s);
}

/* 7.1: a body is never written at the first JIT, and a failed request is only logged. */
TEST(a_failed_request_is_logged)
{
    stage s;
    begin(&s);
    uintptr_t f = add_method(s.m, s.type, "M", "00 00 01", "06 2a");
    CHECK_EQ(nr_engine_jit_started(s.e, f), 0);
    unsigned calls = atomic_load(&s.clr.failable);
    atomic_store(&s.clr.failable, 0);
    CHECK_EQ(nr_engine_jit_started(s.e, f), 0);
    calls = atomic_load(&s.clr.failable);
    atomic_store(&s.clr.failable, 0);
    atomic_store(&s.clr.fail_at, calls); /* the last call is RequestReJIT */
    CHECK_EQ(nr_engine_jit_started(s.e, f), 0);
    CHECK_STR(nr_str_of(s.clr.failed_call), "RequestReJIT");
    CHECK(log_has(&s, "E ReJIT failed for (Module: /app/App.dll, AppDomain: clrhost)[App]N.C.M()\n"));
    end(&s);
}

TESTS(selection, T(what_no_rule_is_about), T(refusals), T(nested_types), T(attributes),
      T(attribute_knowledge_is_decided_once), T(attributes_of_a_method_that_came_later),
      T(attributes_that_cannot_be_listed), T(sticky_flags), T(a_refused_method_leaves_its_flags),
      T(an_attribute_point_is_not_shared), T(bodies_that_are_left_alone), T(a_method_without_ret_is_wrapped),
      T(the_point_that_counts), T(rules_in_lua), T(trace_switches_the_filters_off), T(generic_methods),
      T(a_failed_request_is_logged))
