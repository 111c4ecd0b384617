/* Module: templates: the verbs and their mistakes, files of a home directory, shapes and blobs. */
#include "scripts.h"

#include "test.h"

/* Loads one template file of a home directory; the built-in ones are loaded before it. */
static void begin(scripts *k, const char *text)
{
    nr_arena a = NR_ARENA_INIT;
    put_file(&a, "home" SEP "instrumentation" SEP "templates" SEP "x.lua", text);
    scripts_begin(k, NR_WARN, "home");
    nr_arena_free(&a);
}

#define IN_BODY(code) \
    "template { name = 'x', locals = { { 'a', 'object' }, { 'r', '$return' } }, body = function(m)\n" code " end }"

TEST(mistakes)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        /* the table */
        {"template 'x'", "bad argument #1 to 'template' (table expected, got string)"},
        {"template {}", "1: template: field 'name' must be a text"},
        {"template { name = 1 }", "1: template: field 'name' must be a text"},
        {"\ntemplate { name = 'x', nam = 1 }", "2: unknown field 'nam' in a template"},
        {"template { name = 'x', [1] = 1 }", "1: unknown field '1' in a template"},
        {"template { name = 'x' }", "1: template: field 'body' must be a function"},
        {"template { name = 'x', body = 1 }", "1: template: field 'body' must be a function"},
        {"template { name = 'x', reference = 1 }", "1: template: field 'reference' must be a text"},
        {"template { name = 'x', rets = 'some' }", "1: template: field 'rets' must be \"all\", \"last\" or \"none\""},
        {"template { name = 'x', max_stack = 10 }", "1: template: field 'max_stack' must be a table"},
        {"template { name = 'x', max_stack = { atleast = 1 } }", "1: unknown field 'atleast' in max_stack"},
        {"template { name = 'x', max_stack = { at_least = -1 } }",
         "1: template: max_stack.at_least must be a number from 0 to 65535"},
        {"template { name = 'x', max_stack = { exactly = 65536 } }",
         "1: template: max_stack.exactly must be a number from 0 to 65535"},
        {"template { name = 'x', locals = 1 }", "field 'locals' must be a list of { name, type }"},
        {"template { name = 'x', locals = { 'a' } }", "1: template: local 1 must be { name, type }"},
        {"template { name = 'x', locals = { { 'a', 'object' }, { 'b' } } }",
         "1: template: local 2 must be { name, type }"},
        {"template { name = 'x', locals = { { 'a', 'decimal' } } }", "1: template: 'decimal' is no type: "},
        {"template { name = 'x', locals = { { 'a', 'void [a]B::C()' } } }",
         "1: template: 'void [a]B::C()' is no type: it is a method"},
        {"template { name = 'x', tiny = true, body = function() end }",
         "1: template: a tiny body has no locals and no original code"},
        {"local n = {} template { name = 'x', rets = 'none', body = function() template { name = 'y' } end }",
         "1: a template inside the body of a template"},
        {"ret()", "1: instructions can only be written inside the body of a template"},
        {"label()", "1: instructions can only be written inside the body of a template"},
        {"tracer {}", "1: nothing called 'tracer' here"},
        {"require 'os'", "1: there is no library 'os' to require"},
        {"require '../../etc/passwd'", "1: there is no library '../../etc/passwd' to require"},
        /* bodies */
        {IN_BODY("ret()"), " template 'x' never uses the method's own code (original())"},
        {IN_BODY("original() original()"), "2: the method's own code can be used only once"},
        {IN_BODY("original(1)"), "2: 'original' takes no operand"},
        {IN_BODY("original() ret(1)"), "2: 'ret' takes no operand"},
        {"template { name = 'x', rets = 'none', body = function() original() end }",
         "1: this template replaces the method (rets = \"none\")"},
        {IN_BODY("original()\nbr(label())"), " template 'x' branches to a label without a place"},
        {IN_BODY("original() br(7)"), "2: this is no label; get one from label()"},
        {IN_BODY("original() br 'x'"), "2: bad argument #1 to 'br' (number expected, got string)"},
        {IN_BODY("original() local l = label() place(l) place(l)"), "2: the label has its place already"},
        {IN_BODY("original() ldloc 'b'"), "2: the template has no local called 'b'"},
        {IN_BODY("original() ldloc_boxed 'a'"), "2: only the result (\"$return\") can be loaded boxed"},
        {IN_BODY("original() ldc_i4_s(256)"), "2: the operand of 'ldc_i4_s' does not fit into 1 byte(s)"},
        {IN_BODY("original() ldc_i4_s(-129)"), "2: the operand of 'ldc_i4_s' does not fit into 1 byte(s)"},
        {IN_BODY("original() ldc_i4(1 << 32)"), "2: the operand of 'ldc_i4' does not fit into 4 byte(s)"},
        {IN_BODY("original() ldc_i4_s '$flags'"), "2: 'ldc_i4_s' takes a literal number"},
        {IN_BODY("original() ldc_i4 '$flag'"), "2: there is no number called '$flag'"},
        {IN_BODY("original() ldc_i4 '$argument_index'"), "2: '$argument_index' is known inside each_argument only"},
        {IN_BODY("original() ldstr '$nothing'"), "2: there is no text called '$nothing'"},
        {IN_BODY("original() ldstr 'a${nothing}'"), "2: there is no text called '$nothing'"},
        {IN_BODY("original() ldstr 'a${type'"), "2: '${' without '}'"},
        {IN_BODY("original() ldstr()"), "2: bad argument #1 to 'ldstr' (string expected, got no value)"},
        {IN_BODY("original() ldtoken 'object'"),
         "2: 'object' has no token: 'ldtoken' needs a class, as in 'class [mscorlib]System.Object'"},
        {IN_BODY("original() ldtoken '$thing'"), "2: there is no token called '$thing'"},
        {IN_BODY("original() ldtoken '$argument_type'"), "2: '$argument_type' is known inside with_argument_type only"},
        {IN_BODY("original() call '$type_def'"), "2: 'call' takes a type or method text"},
        {IN_BODY("original() call '[a]B'"), "2: 'call' takes the text of a method"},
        {IN_BODY("original() castclass 'void [a]B::C()'"), "2: 'castclass' takes the text of a type"},
        {IN_BODY("original() call 'nonsense ('"), "2: 'nonsense (' is no type or method: "},
        {IN_BODY("original() ldarg_boxed()"), "2: 'ldarg_boxed' can be used inside each_argument only"},
        {IN_BODY("original() with_argument_type(function() end)"),
         "2: 'with_argument_type' can be used inside each_argument only"},
        {IN_BODY("original() each_argument(function() each_argument(function() end) end)"),
         "2: each_argument inside each_argument"},
        {IN_BODY("original() each_argument(function() label() end)"),
         "2: labels and try_catch cannot be repeated for each argument"},
        {IN_BODY("each_argument(function() original() end)"),
         "2: the method's own code cannot be repeated for each argument"},
        {IN_BODY("original() each_argument(1)"),
         "2: bad argument #1 to 'each_argument' (function expected, got number)"},
        {IN_BODY("original() switch()"), "2: 'switch' cannot be used in a template"},
        {IN_BODY("original() if m.name then ret() end"), "2: a template cannot see 'm.name': use a hole"},
        {IN_BODY("original() nothing()"), "2: nothing called 'nothing' here"},
        {IN_BODY("while true do original end"), "2: syntax error near 'end'"},
        {IN_BODY("while true do end"), "2: instruction limit reached"},
        {IN_BODY("original() for i = 1, 200000 do nop() end"), "2: a template of more than 100000 steps"},
        {IN_BODY("original() for i = 1, 20000 do label() end"), "2: more than 10000 labels"},
        {IN_BODY("original() if m.returns then error 'one shape' end"), "2: one shape"},
        {"local shim = require 'nrprof.shim' shim.quietly = nil",
         "1: 'quietly' belongs to all scripts and cannot be set"},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        scripts k;
        begin(&k, rows[i].text);
        nr_str log = scripts_log(&k);
        char start[400];
        snprintf(start, sizeof start, "W @%s", SEP "home" SEP "instrumentation" SEP "templates" SEP "x.lua:");
        if (!CHECK(nr_str_starts(log, nr_str_of(start)))) CHECK_STR(log, rows[i].text);
        size_t n = strlen(start);
        nr_str rest = {log.p + n, log.n > n ? log.n - n : 0};
        /* Messages of argument checks begin with the line of the call, too. */
        if (!nr_str_starts(rest, nr_str_of(rows[i].message)) && !nr_str_has(rest, nr_str_of(rows[i].message)))
            CHECK_STR(rest, rows[i].message);
        CHECK(nr_str_ends(log, NR_STR(" - the file is skipped\n")));
        /* The built-in ones are still there. */
        CHECK(nr_script_blob(k.s, NR_STR("tracer"), NR_SHAPE_STATIC) != NULL);
        CHECK(nr_script_blob(k.s, NR_STR("x"), 0) == NULL);
        CHECK(nr_script_blob(k.s, NR_STR("y"), 0) == NULL);
        scripts_end(&k);
    }
}

static unsigned count_plain(const nr_blob *b, uint8_t code)
{
    unsigned n = 0;
    for (size_t i = 0; b && i < b->step_count; i++)
        n += b->steps[i].kind == NR_STEP_PLAIN && b->steps[i].code_size == 1 && b->steps[i].code[0] == code;
    return n;
}

TEST(a_file_of_the_home_directory_replaces_by_name)
{
    scripts k;
    nr_arena a = NR_ARENA_INIT;
    put_file(&a, "home" SEP "instrumentation" SEP "templates" SEP "b.lua",
             "template { name = 'tracer', body = function() nop() nop() original() ret() end }"
             "template { name = 'extra', rets = 'none', tiny = true, body = function() ret() end }");
    put_file(&a, "home" SEP "instrumentation" SEP "templates" SEP "a.lua",
             "template { name = 'tracer', body = function() nop() original() ret() end }");
    put_file(&a, "home" SEP "instrumentation" SEP "templates" SEP "readme.txt", "not Lua");
    scripts_begin(&k, NR_INFO, "home");
    CHECK_EQ(count_plain(nr_script_blob(k.s, NR_STR("tracer"), 0), 0x00),
             2); /* in the order of names: b.lua is the last */
    CHECK(nr_script_blob(k.s, NR_STR("extra"), 0)->tiny);
    CHECK(nr_script_blob(k.s, NR_STR("api"), 0) != NULL);
    CHECK_STR(scripts_log(&k), "I Loaded @" SEP "home" SEP "instrumentation" SEP "templates" SEP "a.lua\n"
                               "I Loaded @" SEP "home" SEP "instrumentation" SEP "templates" SEP "b.lua\n");
    nr_arena_free(&a);
    scripts_end(&k);
}

/* An endless loop in a file of the home directory does not take the built-in files behind it along. */
TEST(an_endless_file_harms_nobody_else)
{
    scripts k;
    begin(&k, "while true do end");
    CHECK(scripts_xml(&k,
                      "<extension><instrumentation><tracerFactory><match assemblyName='A' className='C'>"
                      "<exactMethodMatcher methodName='M'/></match></tracerFactory></instrumentation></extension>"));
    CHECK_EQ(k.set.count, 1);
    scripts_end(&k);
}

/* A mapping that fails while it loads is not used, even when it registered before. */
TEST(a_broken_mapping_is_not_used)
{
    scripts k;
    nr_arena a = NR_ARENA_INIT;
    put_file(&a, "home" SEP "instrumentation" SEP "rules" SEP "x.lua",
             "xml_mapping(function() error 'mine' end) boom()");
    scripts_begin(&k, NR_WARN, "home");
    CHECK(nr_str_has(scripts_log(&k), NR_STR("x.lua:1: nothing called 'boom' here - the file is skipped\n")));
    static const char xml[] =
        "<extension><instrumentation><tracerFactory><match assemblyName='A' className='C'>"
        "<exactMethodMatcher methodName='M'/></match></tracerFactory></instrumentation></extension>";
    CHECK(scripts_xml(&k, xml));
    CHECK_EQ(k.set.count, 1);
    scripts_end(&k);
    /* One that loads is; elements do not outlive their document. */
    put_file(&a, "home" SEP "instrumentation" SEP "rules" SEP "x.lua",
             "local kept\nxml_mapping(function(d)\n if kept then kept:line() end\n kept = d:first 'extension'\n"
             " point { assembly = 'Own', class = 'C', method = 'M', factory = 'F', metric = '', flags = 1, line = "
             "kept:line() } end)");
    scripts_begin(&k, NR_DEBUG, "home");
    CHECK(scripts_xml(&k, xml));
    CHECK_STR(scripts_points(&k), "[Own]C.M 00000001 F| :1\n");
    CHECK(!scripts_xml(&k, xml));
    CHECK(nr_str_has(scripts_log(&k), NR_STR("3: this element belongs to a document that is closed\n")));
    nr_arena_free(&a);
    scripts_end(&k);
}

TEST(blobs_are_made_once_a_shape)
{
    scripts k;
    scripts_begin(&k, NR_WARN, NULL);
    CHECK_EQ(nr_script_count(k.s).template_runs, 0); /* the built-in ones wait */
    const nr_blob *first[NR_SHAPE_COUNT];
    for (unsigned shape = 0; shape < NR_SHAPE_COUNT; shape++) {
        first[shape] = nr_script_blob(k.s, NR_STR("tracer"), shape);
        CHECK(first[shape] != NULL);
        CHECK(first[shape] == nr_script_blob(k.s, NR_STR("tracer"), shape));
        CHECK(shape == 0 || first[shape] != first[shape - 1]);
    }
    CHECK_EQ(nr_script_count(k.s).template_runs, NR_SHAPE_COUNT);
    CHECK_EQ(nr_script_count(k.s).blobs, NR_SHAPE_COUNT);
    CHECK(nr_script_blob(k.s, NR_STR("tracer"), NR_SHAPE_COUNT) == NULL);
    CHECK(nr_script_blob(k.s, NR_STR("none"), 0) == NULL);
    const nr_blob *b = first[0];
    CHECK_STR(b->template_name, "tracer");
    CHECK_STR(b->file, "instrumentation/templates/tracer.lua");
    CHECK_EQ(b->prepare, NR_PREPARE_ALL_RETS);
    CHECK_EQ(b->stack_at_least, 10);
    CHECK_EQ(b->stack_over_arguments, 1);
    CHECK_EQ(b->local_count, 3);
    CHECK(b->locals[2].type == NULL);
    CHECK_EQ(nr_script_blob(k.s, NR_STR("api"), 0)->prepare, NR_PREPARE_LAST_RET);
    CHECK(nr_script_blob(k.s, NR_STR("api"), 0)->stack_exact);
    CHECK(nr_script_blob(k.s, NR_STR("LoadAssemblyOrThrow"), 0)->tiny);
    scripts_end(&k);
}

/* What a body may not do later either: register a template once the files are read. */
TEST(sealed)
{
    scripts k;
    begin(&k, "local tried\ntemplate { name = 'x', body = function() original() ret() end }");
    CHECK_STR(scripts_log(&k), "");
    nr_script_seal(k.s);
    CHECK(nr_script_blob(k.s, NR_STR("x"), 0) != NULL);
    CHECK(nr_script_blob(k.s, NR_STR("tracer"), 0) != NULL);
    CHECK(!scripts_rules(&k, "late.lua", "tracer {} match { assembly = 'A', class = 'C', 'M' }"));
    CHECK(nr_str_has(scripts_log(&k),
                     NR_STR("a rule can only be written while its file is loading - the file is skipped\n")));
    CHECK(nr_script_commit_rules(k.s));
    CHECK_EQ(k.set.count, 0);
    scripts_end(&k);
}

/* Built-in files are run when a template of theirs is asked for, also behind the seal. Without memory the template is missing this
 * time; nothing else goes wrong. */
TEST(files_that_wait)
{
    static const char *const names[] = {"tracer", "direct"}; /* of the first and of the second stage */
    unsigned failed = 0;
    for (unsigned long n = 0; n < 4000; n = n * 5 / 4 + 1) {
        scripts k;
        nr_added_method method;
        scripts_begin(&k, NR_ERROR, "home");
        nr_script_seal(k.s);
        for (size_t i = 0; i < NR_COUNT(names); i++) {
            nr_str name = nr_str_of(names[i]);
            size_t before = nr_script_count(k.s).memory;
            nr_alloc_fail_at(n, 1);
            bool there = nr_script_blob(k.s, name, 0) != NULL;
            failed += !there;
            CHECK(n || there);
            nr_alloc_fail_at(0, 0);
            CHECK(nr_script_blob(k.s, name, 0) != NULL);
            size_t used = nr_script_count(k.s).memory;
            CHECK(n || used - before > 10000); /* the files of the stage; later the collector may have been there */
            CHECK(nr_script_blob(k.s, name, 1) != NULL);
            CHECK(n || nr_script_count(k.s).memory - used < 4000); /* a run of a template */
        }
        CHECK(nr_script_entry(k.s, NR_STR("direct")) != NULL);
        CHECK(nr_script_added_method(k.s, 5, &method));
        CHECK(!nr_script_added_method(k.s, 6, &method));
        CHECK(
            !scripts_rules(&k, "late.lua", "tracer {} match { assembly = 'A', class = 'C', 'M' }")); /* sealed again */
        scripts_end(&k);
    }
    CHECK(failed > 10);
}

/* All are there at once where the home directory has templates, where templates are switched off, and before rule files. */
TEST(files_that_do_not_wait)
{
    for (int i = 0; i < 3; i++) {
        scripts k;
        if (i == 0) {
            begin(&k, "template { name = 'direct', body = function() nop() original() ret() end }");
        } else {
            set_env("NEW_RELIC_TEMPLATES_DISABLED", i == 1 ? "dir*" : NULL);
            scripts_begin(&k, NR_INFO, NULL);
        }
        if (i == 2) CHECK(scripts_rules(&k, "r.lua", ""));
        if (i == 1)
            CHECK_STR(scripts_log(&k), "I The template 'direct' is switched off by NEW_RELIC_TEMPLATES_DISABLED\n");
        nr_script_seal(k.s);
        size_t before = nr_script_count(k.s).memory;
        nr_script_entry(k.s, NR_STR("direct"));
        nr_script_entry(k.s, NR_STR("none"));
        CHECK_EQ(nr_script_count(k.s).memory, before);
        CHECK_EQ(nr_script_template_is_off(k.s, NR_STR("direct")), i == 1);
        CHECK_EQ(nr_script_entry(k.s, NR_STR("direct")) == NULL, i == 0); /* one's own replaces it */
        scripts_end(&k);
        clear_env();
    }
}

TESTS(templates, T(files_that_wait), T(files_that_do_not_wait), T(mistakes),
      T(a_file_of_the_home_directory_replaces_by_name), T(an_endless_file_harms_nobody_else),
      T(a_broken_mapping_is_not_used), T(blobs_are_made_once_a_shape), T(sealed))
