/* Module: functions that are called by their address: each has its state, its word, and the methods that wait for it. What is
 * written for them: scenarios. */
#include "fake_build.h"

#include "engine/entry.h"
#include "os/tool.h"
#include "test.h"

typedef struct stage {
    fake_clr clr;
    nr_engine *e;
    nr_method_sig sig; /* static: no `this` to look at */
    nr_method m;
} stage;

#define OWN(name, function, instead) \
    "template { name = '" name "', entry = { assembly = 'NewRelic.Agent.Core', class = 'N.Agent', method = '" function \
    "', parameters = 'System.Int32', returns = 'System.Int32', instead = '" instead \
    "' }, body = function() original() ret() end }\n"

static void begin_with(stage *s, bool core, const char *templates)
{
    nr_arena a = NR_ARENA_INIT;
    memset(s, 0, sizeof *s);
    clear_env();
    set_env("NEW_RELIC_DIRECT_CALL", "1");
    log_start(NR_INFO);
    if (templates) put_file(&a, "instrumentation" SEP "templates" SEP "own.lua", templates);
    clr_init(&s->clr, core);
    s->e = start_engine(&s->clr, NULL, NULL);
    s->m = (nr_method){.e = s->e, .g = atomic_load(&s->e->generation), .module_id = 0x10000, .sig = &s->sig};
    CHECK(nr_script_entry(s->m.g->script, NR_STR("direct")) != NULL); /* read now, not at the first method */
    nr_arena_free(&a);
}

static void begin(stage *s)
{
    begin_with(s, true, NULL);
}

static void end(stage *s)
{
    nr_engine_free(s->e);
    clr_free(&s->clr);
    clear_env();
}

static const nr_entry *first(const stage *s)
{
    return atomic_load(&s->e->entries.first);
}

/* The template that writes a method; *word: that of what it calls. */
static nr_str writer(stage *s, const char *name, uint32_t row, uintptr_t *word)
{
    nr_str written = nr_str_of(name);
    s->m.token = 0x06000000 | row;
    return nr_entry_template_for(&s->m, &written, word) ? written : NR_STR("none");
}

/* The stand-in writes the method, whether or not it can be noted. */
static void ask(stage *s, uint32_t row)
{
    uintptr_t word;
    CHECK_STR(writer(s, "direct", row, &word), "tracer");
}

/* The agent's assembly, with one function int(int); or so it seems. */
static void load_agent(stage *s, const char *function, const char *sig)
{
    fake_module *m = add_module(&s->clr, "NewRelic.Agent.Core", CORE_PATH, "domain", "System.Runtime");
    uint32_t type = add_type(m, "N.Agent", 0, 0);
    add_method(m, type, function, sig, "06 2a");
    CHECK_EQ(nr_engine_module_loaded(s->e, m->id, 0), 0);
}

/* That line, and once. */
static void check_told(const char *line)
{
    nr_arena a = NR_ARENA_INIT;
    const char *at = strstr(logged(&a).p, line);
    CHECK(at && !strstr(at + 1, line));
    nr_arena_free(&a);
}

static const char int_of_int[] = "00 01 08 08";

/* The two lists have one size, and what was noted stays. */
TEST(no_memory_for_the_list)
{
    stage s;
    begin(&s);
    ask(&s, 1);
    nr_entry_forget_module(&s.e->entries, 0x10000);
    for (uint32_t noted = 64; noted <= 128; noted += 64) {
        for (uint32_t i = noted - 63; i <= noted; i++) ask(&s, i);
        CHECK_EQ(first(&s)->count, noted);
        for (unsigned long n = 1; n <= 2; n++) {
            nr_alloc_fail_at(n, 0);
            ask(&s, 1000);
            CHECK(nr_alloc_has_failed());
            nr_alloc_fail_at(0, 0);
            CHECK_EQ(first(&s)->count, noted);
            CHECK_EQ(first(&s)->room, noted);
        }
    }
    for (uint32_t i = 0; i < first(&s)->count; i++) {
        CHECK_EQ(first(&s)->tokens[i], 0x06000001 + i);
        CHECK_EQ(first(&s)->modules[i], 0x10000);
    }
    end(&s);
}

/* Neither for the first method's lists nor for the entry itself: the next method is noted. */
TEST(no_memory_at_first)
{
    stage s;
    bool whole = false;
    begin(&s);
    for (unsigned long n = 1; !whole && n < 50; n++) {
        nr_alloc_fail_at(n, 0);
        ask(&s, 1);
        whole = !nr_alloc_has_failed();
        nr_alloc_fail_at(0, 0);
        CHECK(!first(&s) || first(&s)->count == (whole ? 1 : 0));
    }
    CHECK(whole);
    CHECK_EQ(first(&s)->count, 1);
    CHECK_EQ(s.e->entries.count, 1);
    end(&s);
}

/* A method may be written many times until the agent comes, if it ever does. */
TEST(each_method_waits_once)
{
    stage s;
    begin(&s);
    for (unsigned i = 0; i < 300; i++) {
        s.m.module_id = i % 2 ? 0x10000 : 0x20000;
        ask(&s, 1 + i % 3);
    }
    CHECK_EQ(first(&s)->count, 6);
    CHECK_EQ(first(&s)->room, 64);
    end(&s);
}

/* Methods of a module that goes are not asked for. */
TEST(a_module_that_goes)
{
    stage s;
    begin(&s);
    for (uint32_t i = 1; i <= 4; i++) {
        s.m.module_id = i % 2 ? 0x10000 : 0x20000;
        ask(&s, i);
    }
    nr_entry_forget_module(&s.e->entries, 0x10000);
    CHECK_EQ(first(&s)->count, 2);
    CHECK_EQ(first(&s)->tokens[0], 0x06000002);
    CHECK_EQ(first(&s)->tokens[1], 0x06000004);
    end(&s);
}

/* That one function is there says nothing about another one; and no code finds the address of another's. */
TEST(each_function_is_looked_for)
{
    stage s;
    uintptr_t there, same, missing, none;
    begin_with(&s, true, OWN("a", "M", "tracer") OWN("b", "M", "tracer") OWN("c", "Missing", "tracer"));
    CHECK_STR(writer(&s, "a", 1, &there), "tracer");
    CHECK_STR(writer(&s, "c", 2, &missing), "tracer");
    load_agent(&s, "M", int_of_int);
    CHECK_EQ(s.clr.request_count, 1); /* only what waited for M */
    CHECK_STR(writer(&s, "a", 1, &there), "a");
    CHECK_STR(writer(&s, "b", 1, &same), "b");
    CHECK_STR(writer(&s, "c", 2, &missing), "tracer");
    CHECK_STR(writer(&s, "tracer", 3, &none), "tracer");
    CHECK_STR(writer(&s, "direct", 4, &missing), "tracer"); /* met after the agent came */
    CHECK(there == same && there != none && missing == none);
    CHECK_EQ(s.e->entries.count, 3);
    const nr_entry *a = first(&s), *c = atomic_load(&a->next), *direct = atomic_load(&c->next);
    CHECK(a->word == there && c->word != a->word && direct->word != c->word && direct->word != a->word);
    CHECK(a->state == NR_ENTRY_THERE && c->state == NR_ENTRY_REFUSED && direct->state == NR_ENTRY_REFUSED);
    CHECK(a->word != none && c->word != none && direct->word != none);
    CHECK(!a->room && !c->room && !direct->room);
    end(&s);
}

/* Other rules, other templates, and the agent has long been loaded. */
TEST(a_template_of_a_later_generation)
{
    stage s;
    uintptr_t before, after;
    nr_arena a = NR_ARENA_INIT;
    begin_with(&s, true, OWN("own", "M", "tracer"));
    load_agent(&s, "M", int_of_int);
    CHECK_STR(writer(&s, "own", 1, &before), "own");
    nr_ignore_list ignore = {NULL, 0};
    nr_extension_files files = {{NULL, 0}, {NULL, 0}};
    static const char *const functions[] = {OWN("own", "Gone", "tracer"), OWN("own", "M", "tracer")};
    for (size_t i = 0; i < NR_COUNT(functions); i++) {
        nr_str file = test_path(&a, "instrumentation" SEP "templates" SEP "own.lua");
        CHECK(nr_os_remove(file));
        put_file(&a, "instrumentation" SEP "templates" SEP "own.lua", functions[i]);
        nr_generation *g = nr_generation_load(test_path(&a, ""), &files, NULL, 0, &ignore);
        s.m.g = g;
        CHECK_STR(writer(&s, "own", 1, &after), i ? "own" : "tracer");
        CHECK_EQ(after == before, i);
        nr_generation_free(g); /* what is known of the function lives on */
        CHECK_STR(first(&s)->function.method, "M");
    }
    CHECK_EQ(s.e->entries.count, 2);
    nr_arena_free(&a);
    end(&s);
}

/* One that stands in is looked at like any other. */
TEST(what_stands_in_is_looked_at)
{
    stage s;
    uintptr_t word;
    begin_with(&s, true,
               OWN("far", "Missing", "near") OWN("near", "M", "tracer") OWN("x", "One", "y") OWN("y", "Two", "x"));
    CHECK_STR(writer(&s, "far", 1, &word), "tracer");
    CHECK_STR(writer(&s, "x", 1, &word), "none");
    load_agent(&s, "M", "00 01 08 0e");
    CHECK_STR(writer(&s, "far", 1, &word), "tracer");
    end(&s);
    begin_with(&s, true, OWN("far", "Missing", "near") OWN("near", "M", "tracer"));
    load_agent(&s, "M", int_of_int);
    CHECK_STR(writer(&s, "far", 1, &word), "near");
    CHECK_EQ(word, atomic_load(&first(&s)->next)->word);
    end(&s);
}

/* Words are never given back: code that has their address may run until the process ends. */
TEST(more_functions_than_words)
{
    static char text[20000];
    stage s;
    uintptr_t word, none;
    char name[8], *p = text;
    for (unsigned i = 0; i < NR_ENTRY_MOST + 2; i++)
        p +=
            snprintf(p, 300,
                     "template { name = 't%u', entry = { assembly = 'A', class = 'C%u', method = 'M', parameters = '', "
                     "returns = 'System.Int32', instead = 'tracer' }, body = function() original() ret() end }\n",
                     i, i);
    begin_with(&s, true, text);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < NR_ENTRY_MOST + 2; i++) {
            snprintf(name, sizeof name, "t%u", i);
            CHECK(nr_script_entry(s.m.g->script, nr_str_of(name)) != NULL);
            CHECK_STR(writer(&s, name, 1, &word), "tracer");
        }
    }
    CHECK_EQ(s.e->entries.count, NR_ENTRY_MOST);
    writer(&s, "tracer", 1, &none);
    for (const nr_entry *x = first(&s); x; x = atomic_load(&x->next)) {
        CHECK(x->word != none);
        for (const nr_entry *y = atomic_load(&x->next); y; y = atomic_load(&y->next)) CHECK(x->word != y->word);
    }
    check_told("W @" SEP "instrumentation" SEP "templates" SEP
               "own.lua:33: more functions than can be called by address in one process "
               "(32); the template 'tracer' writes instead.\n");
    end(&s);
}

TEST(not_on_the_framework)
{
    stage s;
    uintptr_t word;
    begin_with(&s, false, OWN("own", "M", "tracer"));
    load_agent(&s, "M", int_of_int);
    for (unsigned i = 0; i < 3; i++) CHECK_STR(writer(&s, "own", 1, &word), "tracer");
    check_told("I @" SEP "instrumentation" SEP "templates" SEP
               "own.lua:1: functions are called by address on .NET (Core) only; the "
               "template 'tracer' writes instead.\n");
    end(&s);
}

TESTS(entry, T(no_memory_for_the_list), T(no_memory_at_first), T(each_method_waits_once), T(a_module_that_goes),
      T(each_function_is_looked_for), T(a_template_of_a_later_generation), T(what_stands_in_is_looked_at),
      T(more_functions_than_words), T(not_on_the_framework))
