/* Module: rule files in Lua: what each verb makes, and what it says about a mistake. */
#include "scripts.h"

#include "test.h"

#define DEFAULT_FACTORY "NewRelic.Agent.Core.Tracer.Factories.DefaultTracerFactory"

TEST(what_the_verbs_make)
{
    static const struct {
        const char *text, *points;
    } rows[] = {
        {"", ""},
        {"tracer { name = 'T' }", ""},
        {"tracer {} match { assembly = 'A', class = 'N.C', 'M' }", "[A]N.C.M 00003400 " DEFAULT_FACTORY "| :1\n"},
        {"tracer { name = '' } match { assembly = 'A', class = 'C', 'M' }",
         "[A]C.M 00003400 " DEFAULT_FACTORY "| :1\n"},
        {"tracer { name = 'T' }\n\nmatch {\n assembly = 'A', class = 'C',\n 'M', 'N(int)' }\n",
         "[A]C.M 00003400 T| :3\n[A]C.N(int) 00003400 T| :3\n"},
        {"tracer { name = 'T', metric = 'none', level = 7, transaction_naming_priority = 7, metric_name = 'x',"
         " suppress_recursive_calls = false, transaction_trace_segment = false }"
         " match { assembly = 'A', class = 'C', 'M' }",
         "[A]C.M 07074000 T|x :1\n"},
        {"tracer { metric = 'unscoped', metric_name = 'Instance', template = 'mine' } match { assembly = 'A', class = "
         "'C', 'M' }",
         "[A]C.M 0000ec00 " DEFAULT_FACTORY "|Instance mine :1\n"},
        {"tracer { metric = 'both' } match { assembly = 'A', class = 'C', min = '1.2', max = '2', 'M' }",
         "[A]C.M 00003c00 " DEFAULT_FACTORY "| >=1.2.0.0 <2.0.0.0 :1\n"},
        {"tracer { enabled = false } match { assembly = 'A', class = 'C', 'M' } tracer { name = 'T' }"
         " match { assembly = 'A', class = 'C', 'N' }",
         "[A]C.N 00003400 T| :1\n"},
        {"tracer { name = 'T' } match { assembly = 'A', class = 'C', 'M(void)', 'M()', 'M( System.Int32 ,\tN.G`1[ "
         "System.String ] )',"
         " '.ctor', 'I.M(a&)' }",
         "[A]C.M() 00003400 T| :1\n[A]C.M() 00003400 T| :1\n[A]C.M(System.Int32,N.G`1[System.String]) 00003400 T| :1\n"
         "[A]C..ctor 00003400 T| :1\n[A]C.I.M(a&) 00003400 T| :1\n"},
        {"tracer { name = 'T' } match { assembly = 'A', class = 'C', 'M', where = function() return true end }",
         "[A]C.M 00003400 T| where :1\n"},
        {"local function group(c) match { assembly = 'A', class = c, 'M' } end\ntracer { name = 'T' }\n"
         "for _, c in ipairs { 'C', 'D' } do\n group(c)\nend",
         "[A]C.M 00003400 T| :1\n[A]D.M 00003400 T| :1\n"},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        scripts k;
        scripts_begin(&k, NR_INFO, NULL);
        CHECK(scripts_rules(&k, "r.lua", rows[i].text));
        CHECK_EQ(k.set.count, 0); /* they wait … */
        CHECK(nr_script_commit_rules(k.s));
        CHECK_STR(scripts_points(&k), rows[i].points);
        CHECK_STR(scripts_log(&k), "");
        scripts_end(&k);
    }
}

/* A file is used as a whole or not at all; the line in front is the one of the mistake. */
TEST(mistakes)
{
    static const struct {
        const char *text, *message; /* between "W r.lua:" and " - the file is skipped" */
    } rows[] = {
        {"tracer\n{", "2: unexpected symbol near <eof>"},
        {"x = 1", "1: global 'x' cannot be set in a script; say 'local x'"},
        {"\ntraser {}", "2: nothing called 'traser' here"},
        {"tracer 'T'", "1: tracer takes a table: tracer { … }"},
        {"tracer()", "1: tracer takes a table: tracer { … }"},
        {"\n\ntracer { nam = 'T' }", "3: unknown field 'nam' in tracer, did you mean 'name'?"},
        {"tracer { suppress_recursive_call = true }",
         "1: unknown field 'suppress_recursive_call' in tracer, did you mean 'suppress_recursive_calls'?"},
        {"tracer { something_else = 1 }", "1: unknown field 'something_else' in tracer"},
        {"tracer { 'T' }", "1: unknown field '1' in tracer"},
        {"tracer { [true] = 1 }", "1: unknown field 'true' in tracer"},
        {"tracer { name = 1 }", "1: field 'name' of tracer must be a text, not number"},
        {"tracer { level = '2' }", "1: field 'level' of tracer must be a whole number, not string"},
        {"tracer { level = 2.5 }", "1: field 'level' of tracer must be a whole number, not number"},
        {"\ntracer { level = 8 }", "2: field 'level' of tracer must be from 0 to 7"},
        {"tracer { transaction_naming_priority = -1 }",
         "1: field 'transaction_naming_priority' of tracer must be from 0 to 7"},
        {"tracer { enabled = 'false' }", "1: field 'enabled' of tracer must be true or false, not string"},
        {"tracer {}\nmatch { class = 'C', 'M' }", "2: match needs the field 'assembly'"},
        {"tracer {}\nmatch { assembly = '', class = 'C', 'M' }", "2: match needs the field 'assembly'"},
        {"tracer {}\nmatch { assembly = 'A', 'M' }", "2: match needs the field 'class'"},
        {"tracer {}\nmatch { assembly = 'A', class = 'C', clas = 'D', 'M' }",
         "2: unknown field 'clas' in match, did you mean 'class'?"},
        {"tracer {}\nmatch { assembly = 'A', class = 'C', 5 }", "2: field '1' of match must be a text, not number"},
        {"tracer {}\nmatch { assembly = 'A', class = 'C', where = true, 'M' }",
         "2: field 'where' of match must be a function, not boolean"},
        {"tracer {}\nmatch { assembly = 'A', class = 'C', min = 'x', 'M' }",
         "2: field 'min' of match is not a version: 'x'"},
        {"tracer {}\nmatch { assembly = 'A', class = 'C', 'M(' }",
         "2: 'M(' is no method: write Name or Name(Type,Type)"},
        {"tracer {}\nmatch { assembly = 'A', class = 'C', '' }", "2: '' is no method: write Name or Name(Type,Type)"},
        {"tracer {}\nmatch { assembly = 'A', class = 'C', '(int)' }",
         "2: '(int)' is no method: write Name or Name(Type,Type)"},
        {"tracer {}\nmatch { assembly = 'A*', attribute = 'X*' }", "2: wildcards are not known in attribute: 'X*'"},
        {"tracer {}\nmatch { assembly = '*', class = '*', 'M', except = { 5 } }",
         "2: field '1' of except must be a text, not number"},
        {"ignore {}", "1: ignore needs the field 'assembly'"},
        {"\nignore { assembly = 'A', class = 1 }", "2: field 'class' of ignore must be a text, not number"},
        {"\nprocess {}", "2: process needs the field 'deny'"},
        {"process { deny = 'x' }", "1: field 'deny' of process must be a list, not string"},
        {"process { deny = { 1 } }", "1: field 'deny' of process must be a list of file names"},
        {"process { deny = { '' } }", "1: field 'deny' of process must be a list of file names"},
        {"process { deny = { a = 'x' } }", "1: field 'deny' of process must be a list of file names"},
        {"process { deny = { 'x*' } }", "1: wildcards are not known in deny: 'x*'"},
        {"process { allow = { 'x' } }", "1: unknown field 'allow' in process"},
        {"compat { anything = true }", "1: unknown field 'anything' in compat"},
        {"tracer {}\nmatch { assembly = 'A', class = 'C', 'M', [3] = 'N' }", "2: the list in match has a gap"},
        {"error 'own words'", "1: own words"},
        {"local s = ('x'):rep(2000)\ns:find '.-.-.-y'",
         "2: pattern '.-.-.-y' has too many repetitions for a text of 2000 bytes"},
        {"error { }", NULL},
        {"error(42)", NULL},
        {"error()", NULL},
        {"local t = nil; t.x = 1", "1: attempt to index a nil value (local 't')"},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        scripts k;
        char text[600], line[400];
        scripts_begin(&k, NR_WARN, NULL);
        snprintf(text, sizeof text, "%s", rows[i].text);
        CHECK(!scripts_rules(&k, "r.lua", text));
        if (rows[i].message)
            snprintf(line, sizeof line, "W r.lua:%s - the file is skipped\n", rows[i].message);
        else
            snprintf(line, sizeof line, "W r.lua:1: an error that is no text - the file is skipped\n");
        nr_str log = scripts_log(&k);
        /* version() has a line of its own in front. */
        if (nr_str_starts(log, NR_STR("W x is not a valid version\n"))) log.p += 27, log.n -= 27;
        CHECK_STR(log, line);
        CHECK(nr_script_commit_rules(k.s));
        CHECK_EQ(k.set.count, 0);
        scripts_end(&k);
    }
}

/* The same, where the verb itself finds the mistake, not one of its helpers. */
TEST(mistakes_found_by_a_verb)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"\ntracer { metric = 'scopped' }", "2: field 'metric' of tracer must be scoped, unscoped, both or none"},
        {"\nmatch { assembly = 'A', class = 'C', 'M' }", "2: match before the first tracer"},
        {"tracer {}\nmatch { assembly = 'A', class = 'C' }", "2: match names no method"},
        {"tracer {}\nmatch { assembly = 'mscorlib', class = 'C', 'M' }",
         "2: methods of mscorlib cannot be instrumented"},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        scripts k;
        char line[400];
        scripts_begin(&k, NR_WARN, NULL);
        CHECK(!scripts_rules(&k, "r.lua", rows[i].text));
        nr_str log = scripts_log(&k);
        snprintf(line, sizeof line, "W r.lua:%s - the file is skipped\n", rows[i].message);
        CHECK_STR(log, line);
        scripts_end(&k);
    }
}

TEST(a_file_is_used_as_a_whole_or_not_at_all)
{
    scripts k;
    scripts_begin(&k, NR_WARN, NULL);
    CHECK(scripts_rules(&k, "a.lua", "tracer { name = 'A' } match { assembly = 'A', class = 'C', 'M' }"));
    CHECK(!scripts_rules(
        &k, "b.lua",
        "ignore { assembly = 'A' } tracer { name = 'B' } match { assembly = 'B', class = 'C', 'M' } boom()"));
    CHECK(scripts_rules(&k, "c.lua", "tracer { name = 'C' } match { assembly = 'C', class = 'C', 'M' }"));
    CHECK(!scripts_rules(&k, "d.lua",
                         "match { assembly = 'D', class = 'C', 'M' }")); /* the tracer of c.lua is not in force */
    CHECK(nr_script_commit_rules(k.s));
    CHECK_STR(scripts_points(&k), "[A]C.M 00003400 A| :1\n[C]C.M 00003400 C| :1\n");
    CHECK_EQ(k.set.first->file.n, 5);
    CHECK_STR(k.set.first->file, "a.lua");
    scripts_end(&k);
}

/* An ignore in one file covers the rules of every other, and the XML. */
TEST(ignore_across_files)
{
    scripts k;
    scripts_begin(&k, NR_DEBUG, NULL);
    CHECK(
        scripts_rules(&k, "a.lua",
                      "tracer { name = 'A' } match { assembly = 'Gone', class = 'C', 'M' }"
                      " match { assembly = 'Half', class = 'C', 'M' } match { assembly = 'Half', class = 'D', 'M' }"));
    CHECK(scripts_rules(&k, "b.lua", "ignore { assembly = 'gone' } ignore { assembly = 'HALF', class = 'd' }"));
    CHECK(nr_script_commit_rules(k.s));
    CHECK(scripts_xml(&k,
                      "<extension><instrumentation><tracerFactory name='X'><match assemblyName='Gone' className='X'>"
                      "<exactMethodMatcher methodName='M'/></match></tracerFactory></instrumentation></extension>"));
    CHECK_STR(scripts_points(&k), "[Half]C.M 00003400 A| :1\n");
    CHECK(nr_str_has(scripts_log(&k),
                     NR_STR("D Instrumentation for [Gone]C.M is in the ignore list in the newrelic.config file "
                            "and will be ignored.\n")));
    /* Names of ignored points are not looked for, either. */
    CHECK(!nr_ruleset_has_assembly(&k.set, NR_STR("Gone")));
    CHECK(nr_ruleset_has_assembly(&k.set, NR_STR("Half")));
    scripts_end(&k);
}

static bool some_facts(void *self, nr_fact fact, nr_fact_value *v)
{
    static const nr_str attributes[] = {{"A", 1}, {"B", 1}};
    (void)self;
    switch (fact) {
    case NR_FACT_ASSEMBLY: v->text = NR_STR("A"); return true;
    case NR_FACT_CLASS: v->text = NR_STR("C"); return true;
    case NR_FACT_METHOD: v->text = NR_STR("M"); return true;
    case NR_FACT_PARAMETERS: v->text = NR_STR("p"); return true;
    case NR_FACT_IS_STATIC:
    case NR_FACT_RETURNS: v->flag = true; return true;
    case NR_FACT_IS_ASYNC: return true;
    case NR_FACT_ARGUMENT_COUNT: v->number = 3; return true;
    case NR_FACT_ATTRIBUTES:
        v->list = attributes;
        v->count = 2;
        return true;
    default: return false;
    }
}

TEST(predicates)
{
    static const struct {
        const char *where;
        bool yes;
        const char *log;
    } rows[] = {
        {"return true", true, ""},
        {"return 0", true, ""},
        {"return", false, ""},
        {"return m.class == 'C' and m.method == 'M' and m.assembly == 'A' and m.parameters == 'p' and m.argument_count "
         "== 3",
         true, ""},
        {"return m.is_static", true, ""},
        {"return m.is_async", false, ""},
        {"return m.returns", true, ""},
        {"return m.nothing", false, "W r.lua:2: there is no fact 'm.nothing' - the rule does not match\n"},
        {"m.is_static = false return true", false,
         "W r.lua:2: the facts of a method cannot be changed - the rule does not match\n"},
        {"return m.attributes['A'] and m.attributes[2] == 'B' and #m.attributes == 2", true, ""},
        {"return m.base == nil and not m.is_final", true, ""}, /* cannot be told */
        {"return m.method:find 'M' == 1", true, ""},
        {"error 'no'", false, "W r.lua:2: no - the rule does not match\n"},
        {"while true do end", false, "W r.lua:2: instruction limit reached - the rule does not match\n"},
        {"return m()", false, "W r.lua:2: attempt to call a table value (local 'm') - the rule does not match\n"},
    };
    const nr_method_facts facts = {some_facts, NULL};
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        scripts k;
        char text[400];
        scripts_begin(&k, NR_WARN, NULL);
        snprintf(text, sizeof text, "tracer {} match { assembly = 'A', class = 'C', 'M', where = function(m)\n%s end }",
                 rows[i].where);
        CHECK(scripts_rules(&k, "r.lua", text));
        CHECK(nr_script_commit_rules(k.s));
        nr_script_seal(k.s);
        for (int again = 0; again < 2; again++)
            CHECK_EQ(nr_script_where(k.s, k.set.first, &facts), rows[i].yes ? NR_WHERE_YES : NR_WHERE_NO);
        nr_str log = scripts_log(&k);
        if (rows[i].log[0]) log.n /= 2; /* each time */
        CHECK_STR(log, rows[i].log);
        scripts_end(&k);
    }
    nr_point plain;
    memset(&plain, 0, sizeof plain);
    plain.predicate = NR_NO_PREDICATE;
    CHECK_EQ(nr_script_where(NULL, &plain, &facts), NR_WHERE_YES);
}

TESTS(rule_files, T(what_the_verbs_make), T(mistakes), T(mistakes_found_by_a_verb),
      T(a_file_is_used_as_a_whole_or_not_at_all), T(ignore_across_files), T(predicates))
