/* Module: base classes and interfaces of a type, and the facts that rules ask for. Over real metadata: scenarios. */
#include "fake_build.h"

#include "engine/facts.h"
#include "test.h"

enum { CLASS = 0x02000002, GENERIC = 0x02000003, FACE = 0x02000004 }; /* N.C, N.G, N.I of App */

typedef struct stage {
    fake_clr clr;
    fake_module *m, *lib;
    nr_engine *e;
    nr_module *module;
    nr_arena arena;
    nr_scope scope;
    nr_hierarchy h;
    char told[400]; /* what the visitor was told */
    unsigned most;  /* it ends the walk after so many; 0: never */
    unsigned count;
} stage;

static uint32_t add_spec(stage *s, const char *hex)
{
    uint8_t bytes[16];
    size_t n = nr_test_hex(hex, bytes, sizeof bytes);
    return fake_add(&s->m->meta, NR_TABLE_TYPE_SPEC, 0, fake_none, fake_blob(bytes, n));
}

static uint32_t add_reference(fake_module *m, uint32_t scope, const char *name)
{
    return fake_add(&m->meta, NR_TABLE_TYPE_REF, scope, nr_str_of(name), fake_none);
}

/* class N.C : N.G<int>, N.I, L.J<int>; class N.G<T> : L.Outer.Inner; interface N.I : L.J<int>. In Lib: class Inner : Object. */
static void begin(stage *s)
{
    int32_t hr;
    memset(s, 0, sizeof *s);
    clear_env();
    log_start(NR_INFO);
    clr_init(&s->clr, true);
    s->m = add_module(&s->clr, "App", "/app/App.dll", "clrhost", "Lib");
    s->lib = add_module(&s->clr, "Lib", "/app/Lib.dll", "clrhost", "System.Runtime");
    add_type(s->m, "N.C", 0x101, 0);
    add_type(s->m, "N.G", 1, 0);
    add_type(s->m, "N.I", 0x20, 0);
    uint32_t outer = add_type(s->lib, "L.Outer", 1, 0);
    add_type(s->lib, "Inner", 2, outer);
    add_type(s->lib, "L.J", 0x21, 0);
    uint32_t r_outer = add_reference(s->m, 0x23000001, "L.Outer"), r_inner = add_reference(s->m, r_outer, "Inner");
    CHECK_EQ(add_reference(s->m, 0x23000001, "L.J"), 0x01000003); /* coded 0d */
    uint32_t generic = add_spec(s, "15 12 0c 01 08"), face = add_spec(s, "15 12 0d 01 08");
    s->m->types[1].base = generic;
    s->m->types[1].interfaces[0] = FACE;
    s->m->types[1].interfaces[1] = face;
    s->m->types[2].base = r_inner;
    s->m->types[3].interfaces[0] = face;
    s->lib->types[2].base = add_reference(s->lib, 0x23000001, "System.Object");
    s->e = start_engine(&s->clr, NULL, NULL);
    CHECK_EQ(s->clr.runtime.ops->open_module(&s->clr, s->m->id, &s->scope), 0);
    CHECK(nr_modules_need(&s->e->modules, s->lib->id, &hr) != NULL);
    s->module = nr_modules_need(&s->e->modules, s->m->id, &hr);
    nr_hierarchy_begin(&s->h, &s->e->modules);
}

static void end(stage *s)
{
    nr_hierarchy_end(&s->h);
    s->scope.ops->close(&s->scope);
    nr_arena_free(&s->arena);
    nr_engine_free(s->e);
    clr_free(&s->clr);
}

/* "base N.G, direct; " */
static bool tell(void *self, nr_str name, nr_relation relation, bool direct)
{
    stage *s = self;
    size_t n = strlen(s->told);
    snprintf(s->told + n, sizeof s->told - n, "%s %.*s%s; ", relation == NR_RELATION_BASE ? "base" : "interface",
             NR_STR_ARG(name), direct ? ", direct" : "");
    return ++s->count != s->most;
}

static bool walk(stage *s, bool interfaces)
{
    s->told[0] = 0;
    s->count = 0;
    return nr_hierarchy_walk(&s->h, s->module, &s->scope, CLASS, interfaces, tell, s);
}

static const char all_of_them[] = "base N.G, direct; interface N.I, direct; interface L.J, direct; "
                                  "base L.Outer+Inner; interface L.J; base System.Object; ";

TEST(bases_and_interfaces)
{
    stage s;
    begin(&s);
    CHECK(walk(&s, true));
    CHECK_STR(nr_str_of(s.told), all_of_them);
    CHECK(walk(&s, false));
    CHECK_STR(nr_str_of(s.told), "base N.G, direct; base L.Outer+Inner; base System.Object; ");
    end(&s);
}

/* A visitor that has what it wanted is not told more. */
TEST(a_walk_that_is_ended)
{
    stage s;
    begin(&s);
    for (s.most = 1; s.most <= 6; s.most++) {
        CHECK(walk(&s, true));
        CHECK_EQ(s.count, s.most);
        CHECK(nr_str_starts(nr_str_of(all_of_them), nr_str_of(s.told)));
    }
    end(&s);
}

static nr_answer has(stage *s, nr_relation relation, const char *name)
{
    return nr_hierarchy_has(&s->h, s->module, &s->scope, CLASS, relation, nr_str_of(name));
}

TEST(answers)
{
    stage s;
    begin(&s);
    CHECK_EQ(has(&s, NR_RELATION_BASE, "L.Outer+Inner"), NR_YES);
    CHECK_EQ(has(&s, NR_RELATION_INTERFACE, "L.J"), NR_YES);
    CHECK_EQ(has(&s, NR_RELATION_BASE, "L.J"), NR_NO); /* it is an interface */
    CHECK_EQ(has(&s, NR_RELATION_INTERFACE, "N.G"), NR_NO);
    atomic_store(&s.lib->loaded, false); /* what is behind N.G nobody knows then */
    CHECK_EQ(has(&s, NR_RELATION_BASE, "N.G"), NR_YES);
    CHECK_EQ(has(&s, NR_RELATION_BASE, "System.Object"), NR_CANNOT_TELL);
    end(&s);
}

/* A call of the CLR that fails hides a part; the walk says so, and what it told before is right. */
TEST(every_call_of_a_walk)
{
    bool whole = false;
    unsigned n = 1;
    for (; n < 60 && !whole; n++) {
        stage s;
        begin(&s);
        atomic_store(&s.clr.failable, 0);
        atomic_store(&s.clr.fail_at, n);
        bool complete = walk(&s, true);
        whole = !s.clr.failed_call[0];
        if (!CHECK_EQ(complete, whole)) printf("    %u: %s\n", n, s.clr.failed_call);
        atomic_store(&s.clr.fail_at, 0);
        CHECK(walk(&s, true));
        CHECK_STR(nr_str_of(s.told), all_of_them);
        end(&s);
    }
    CHECK(whole && n > 15);
}

TEST(each_allocation_of_a_walk)
{
    bool whole = false;
    unsigned long n = 1, lost = 0;
    nr_arena_exact(true);
    nr_alloc_count(1);
    for (; n < 200 && !whole; n++) {
        stage s;
        begin(&s);
        nr_alloc_fail_at(n, 0);
        bool complete = walk(&s, true);
        whole = !nr_alloc_has_failed();
        nr_alloc_fail_at(0, 0);
        lost += !complete;
        /* What is kept about assemblies is a convenience: without it there is still an answer. */
        CHECK(complete ? nr_str_is(nr_str_of(s.told), all_of_them) : !whole);
        CHECK(walk(&s, true));
        CHECK_STR(nr_str_of(s.told), all_of_them);
        end(&s);
        CHECK_EQ(nr_alloc_live(), 0);
    }
    nr_alloc_count(0);
    nr_arena_exact(false);
    CHECK(whole && lost > 10);
}

/* A base that is no class, or that the metadata does not have. */
TEST(bases_that_cannot_be_read)
{
    static const char *const specs[] = {"1d 08", "15 12", "", "15 12 c0", "15 12 06", "15 12 00", "15 12 7c"};
    static const uint32_t tokens[] = {0x1B000FFF, 0x01000FFF, 0x02000FFF, 0x06000001};
    for (size_t i = 0; i < NR_COUNT(specs) + NR_COUNT(tokens); i++) {
        stage s;
        begin(&s);
        s.m->types[1].base = i < NR_COUNT(specs) ? add_spec(&s, specs[i]) : tokens[i - NR_COUNT(specs)];
        bool complete = walk(&s, false);
        if (complete || s.count) printf("    row %zu: %s\n", i, s.told);
        CHECK(!complete && s.count == 0);
        CHECK(!walk(&s, true));
        CHECK_STR(nr_str_of(s.told), "interface N.I, direct; interface L.J, direct; interface L.J; ");
        end(&s);
    }
}

/* No compiler writes such a thing; the walk ends all the same. */
TEST(a_class_that_is_its_own_base)
{
    stage s;
    begin(&s);
    s.m->types[1].base = GENERIC;
    s.m->types[2].base = CLASS;
    CHECK(!walk(&s, false));
    CHECK(s.count > 400);
    CHECK_EQ(has(&s, NR_RELATION_BASE, "N.C"), NR_YES);
    CHECK_EQ(has(&s, NR_RELATION_BASE, "N.X"), NR_CANNOT_TELL);
    end(&s);
}

/* ---- facts ------------------------------------------------------------------------------------ */

typedef struct method {
    nr_fact_source source;
    nr_method_props props;
} method;

static void begin_method(stage *s, method *m, const char *sig, const char *body)
{
    add_method(s->m, CLASS, "M", sig, body);
    uint32_t token = (uint32_t)NR_TABLE_METHOD_DEF << 24 | (uint32_t)s->m->method_count;
    CHECK_EQ(s->scope.ops->method_props(&s->scope, &s->arena, token, &m->props), 0);
    m->source = (nr_fact_source){.hierarchy = &s->h,
                                 .module = s->module,
                                 .scope = &s->scope,
                                 .arena = &s->arena,
                                 .token = token,
                                 .props = &m->props,
                                 .type = NR_STR("N.C"),
                                 .version = {{1, 2, 3, 4}}};
}

TEST(the_return_type)
{
    static const struct {
        const char *sig, *text; /* NULL: cannot be told */
    } rows[] = {{"00 00 01", "void"},
                {"00 00 08", "System.Int32"},
                {"00 00 10 08", "System.Int32&"},
                {"00 00 1d 0e", "System.String[]"},
                {"00 00 12 08", "N.C"},
                {"00 00 16", "System.TypedReference"},
                {"00 00 12 9f ff", NULL},
                {"00 01 08", NULL}};
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        stage s;
        method m;
        nr_fact_value v = {.text = {NULL, 0}};
        begin(&s);
        begin_method(&s, &m, rows[i].sig, "06 2a");
        bool known = nr_fact_get(&m.source, NR_FACT_RETURN_TYPE, &v);
        if (!CHECK_EQ(known, rows[i].text != NULL)) printf("    %s\n", rows[i].sig);
        if (known && rows[i].text) CHECK_STR(v.text, rows[i].text);
        CHECK(!m.source.no_memory);
        end(&s);
    }
}

TEST(the_size_of_the_code)
{
    static const struct {
        const char *body;
        int64_t size; /* -1: cannot be told */
    } rows[] = {{"06 2a", 1}, {"13 30 08 00 02 00 00 00 00 00 00 00 00 2a", 2}, {"", -1}, {"13 30 08 00 02", -1}};
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        stage s;
        method m;
        nr_fact_value v = {.number = -1};
        begin(&s);
        begin_method(&s, &m, "00 00 01", rows[i].body);
        CHECK_EQ(nr_fact_get(&m.source, NR_FACT_IL_SIZE, &v), rows[i].size >= 0);
        CHECK_EQ(v.number, rows[i].size);
        end(&s);
    }
}

static bool is_subset(const nr_fact_value *v, const char *const *names, size_t count)
{
    size_t found = 0;
    for (size_t i = 0; i < v->count; i++) {
        for (size_t k = 0; k < count; k++) found += nr_str_is(v->list[i], names[k]);
    }
    return found == v->count;
}

/* Each name once, however often the walk comes to it. Without memory for a name there is no list. */
TEST(a_long_list)
{
    static const char *const names[] = {"N.I", "L.J", "F.0", "F.1", "F.2", "F.3", "F.4", "F.5", "F.6", "F.7"};
    bool whole = false;
    unsigned refused = 0;
    nr_arena_exact(true);
    nr_alloc_count(1);
    for (unsigned long n = 1; n < 400 && !whole; n++) {
        stage s;
        method m;
        nr_fact_value v = {.count = 0};
        begin(&s);
        for (size_t i = 2; i < NR_COUNT(names); i++) {
            uint32_t rows = add_type(s.m, names[i], 0x21, 0);
            s.m->types[1].interfaces[i] = rows;
        }
        begin_method(&s, &m, "00 00 01", "06 2a");
        nr_alloc_fail_at(n, 0);
        bool known = nr_fact_get(&m.source, NR_FACT_INTERFACES, &v);
        whole = !nr_alloc_has_failed();
        nr_alloc_fail_at(0, 0);
        CHECK_EQ(known, !m.source.no_memory);
        if (known) CHECK(is_subset(&v, names, NR_COUNT(names)));
        if (whole) CHECK(known && v.count == NR_COUNT(names));
        refused += !known;
        end(&s);
        CHECK_EQ(nr_alloc_live(), 0);
    }
    nr_alloc_count(0);
    nr_arena_exact(false);
    CHECK(whole && refused >= NR_COUNT(names)); /* each name, and the list itself twice */
}

/* A single fact is whole or is not told. */
TEST(each_allocation_of_a_fact)
{
    static const struct {
        nr_fact fact;
        const char *text;
    } rows[] = {{NR_FACT_VERSION, "1.2.3.4"},
                {NR_FACT_BASE, "N.G"},
                {NR_FACT_PARAMETERS, "System.Int32,N.C"},
                {NR_FACT_RETURN_TYPE, "System.String&"}};
    nr_arena_exact(true);
    nr_alloc_count(1);
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        bool whole = false;
        unsigned refused = 0;
        for (unsigned long n = 1; n < 200 && !whole; n++) {
            stage s;
            method m;
            nr_fact_value v = {.text = {NULL, 0}};
            begin(&s);
            begin_method(&s, &m, "00 02 10 0e 08 12 08", "06 2a");
            nr_alloc_fail_at(n, 0);
            bool known = nr_fact_get(&m.source, rows[i].fact, &v);
            whole = !nr_alloc_has_failed();
            nr_alloc_fail_at(0, 0);
            CHECK(known || !whole);
            if (known) CHECK_STR(v.text, rows[i].text);
            refused += !known;
            end(&s);
            CHECK_EQ(nr_alloc_live(), 0);
        }
        CHECK(whole && refused > 0);
    }
    nr_alloc_count(0);
    nr_arena_exact(false);
}

TEST(flags_and_counts)
{
    stage s;
    method m;
    nr_fact_value v;
    begin(&s);
    begin_method(&s, &m, "30 02 01 01 08 0e", "06 2a");
    m.props.attributes = 0x61; /* private virtual final */
    static const struct {
        nr_fact fact;
        bool flag;
    } flags[] = {{NR_FACT_IS_PRIVATE, true},      {NR_FACT_IS_PUBLIC, false},      {NR_FACT_IS_VIRTUAL, true},
                 {NR_FACT_IS_FINAL, true},        {NR_FACT_IS_STATIC, false},      {NR_FACT_RETURNS, false},
                 {NR_FACT_IS_CONSTRUCTOR, false}, {NR_FACT_CLASS_IS_PUBLIC, true}, {NR_FACT_CLASS_IS_SEALED, true}};
    for (size_t i = 0; i < NR_COUNT(flags); i++) {
        v.flag = !flags[i].flag;
        CHECK(nr_fact_get(&m.source, flags[i].fact, &v));
        if (!CHECK_EQ(v.flag, flags[i].flag)) printf("    %s\n", nr_fact_name(flags[i].fact));
    }
    s.m->types[1].attributes = 2; /* nested public */
    CHECK(nr_fact_get(&m.source, NR_FACT_CLASS_IS_PUBLIC, &v) && v.flag);
    CHECK(nr_fact_get(&m.source, NR_FACT_CLASS_IS_SEALED, &v) && !v.flag);
    s.m->types[1].attributes = 3; /* nested private */
    CHECK(nr_fact_get(&m.source, NR_FACT_CLASS_IS_PUBLIC, &v) && !v.flag);
    CHECK(nr_fact_get(&m.source, NR_FACT_NAMESPACE, &v));
    CHECK_STR(v.text, "N");
    CHECK(!nr_fact_get(&m.source, NR_FACT_COUNT, &v)); /* no such fact */
    end(&s);
}

TESTS(relatives, T(bases_and_interfaces), T(a_walk_that_is_ended), T(answers), T(every_call_of_a_walk),
      T(each_allocation_of_a_walk), T(bases_that_cannot_be_read), T(a_class_that_is_its_own_base), T(the_return_type),
      T(the_size_of_the_code), T(a_long_list), T(each_allocation_of_a_fact), T(flags_and_counts))
