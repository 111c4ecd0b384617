/* Module: what a script cannot do. */
#include "scripts.h"

#include "base/alloc.h"

#include "test.h"

/* Each leaves the one WARN of a file that is skipped, within the limits. */
TEST(ways_out)
{
    static const char *const rows[] = {
        "load('return 1')()",
        "loadstring('return 1')()",
        "loadfile('/etc/passwd')",
        "dofile('/etc/passwd')",
        "require 'os'",
        "require 'nrprof.shim'", /* libraries are for templates */
        "os.exit(1)",
        "io.open('/etc/passwd')",
        "debug.getregistry()",
        "package.loaded.os.exit(1)",
        "getmetatable('')",
        "setmetatable({}, {})",
        "rawset(_ENV, 'x', 1)",
        "rawget({}, 1)",
        "_G.x = 1",
        "_ENV.x = 1",
        "_ENV[1] = 1",
        "collectgarbage()",
        "coroutine.create(function() end)",
        "pcall(error)",
        "xpcall(error, error)",
        "print 'x'",
        "string.dump(function() end)",
        "(''):dump()",
        "math.random()",
        "math.randomseed(1)",
        "table.insert(_ENV, 1)",
        "table.move({ 1 }, 1, 1, 1, _ENV)",
        "point { assembly = 'A' }", /* the library's own means */
        "warn 'x'",
        "ignore_list('A')",
        "xml_mapping(function() end)",
        "template { name = 'x' }",
        "local function f() return 1 + f() end f()",
        "local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end",
        "local s = ('x'):rep(1 << 30)",
        "local s = ('x'):rep(1 << 60)",
        "local s = (''):rep(1 << 60)", /* an empty loop of that length */
        "local s = string.rep('', math.maxinteger)",
        "table.move({}, 1, 1 << 60, 2)",
        "table.move({}, math.mininteger, 0, 1)",
        "local s = 'x' while true do s = s .. s end",
        "while true do end",
        "repeat until false",
        "::a:: goto a",
        "for i = 1, math.huge do end",
        "local function f() return f() end f()",
        "(('x'):rep(70000)):find 'y'",
        "(('x'):rep(70000)):gsub('x', 'y')",
        "string.find(('x'):rep(70000), 'y')",
        "for m in (('x'):rep(70000)):gmatch 'y' do end",
        "('x'):gsub('x', function() error {} end)",
        /* library functions that do much with little */
        "string.format('%99999d', 1)",
        "table.unpack({}, 1, 1 << 30)",
        "table.concat({}, 'x', 1, 1 << 40)",
        "local t = table.pack(('x'):rep(8000000):byte(1, -1))",
        "string.find('x', ('('):rep(100))",
        "(('a'):rep(60000)):find('.-.-.-.-b')",
        "(('a'):rep(60000)):gsub('a*a*a*b', '')",
        "local t = {} for i = 1, 200000 do t[i] = i % 7 end table.sort(t, function() return true end)",
        "local t = {} for i = 1, 1000 do t[i] = i end while true do table.sort(t, function(a, b) return a > b end) end",
        "local s = ('x'):rep(7000000) s = s .. s",
        "local s = ('%s'):rep(100):format(table.unpack({ ('x'):rep(900000) }, 1, 1))",
        "utf8.char(1 << 40)",
        "utf8.codepoint(('x'):rep(3000000), 1, -1)",
        "string.rep('x', -1 >> 1, 'y')",
        "local f f = function(...) return f(1, ...) end f()",
        "local t = {} t[t] = t; while true do for k in pairs(t) do t = { [k] = t } end end",
        "error(('x'):rep(5000000))",
        /* what other files and the library hold */
        "tracer.x = 1",
        "string.gsub.x = 1",
        "next(string)()",
        "require 'nrprof.rules'",
        "require '../../etc/passwd'",
        "require 'nrprof.shim\\0'",
        "error(setmetatable)",
        "local t = {} for i = 1, 300 do t = { t } end error(t)",
        "\33Lua", /* precompiled code */
        "\33LuaT\0",
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        scripts k;
        scripts_begin(&k, NR_WARN, NULL);
        uint64_t start = nr_os_cpu_ns();
        if (scripts_rules(&k, "r.lua", rows[i])) CHECK_STR(nr_str_of(rows[i]), "a script that is refused");
        CHECK(nr_os_cpu_ns() - start < 20000000000u);
        nr_str log = scripts_log(&k);
        CHECK(nr_str_starts(log, NR_STR("W r.lua:")));
        CHECK(nr_str_ends(log, NR_STR(" - the file is skipped\n")));
        CHECK(nr_script_count(k.s).memory <= NR_SCRIPT_MEMORY);
        /* And the state is as good as new. */
        CHECK(
            scripts_rules(&k, "s.lua", "tracer {} match { assembly = 'A', class = 'C', ('M'):rep(2), ('x'):upper() }"));
        CHECK(nr_script_commit_rules(k.s));
        CHECK_EQ(k.set.count, 2);
        scripts_end(&k);
    }
}

/* Deep nesting of the text itself. */
TEST(deep_source)
{
    static const char *const parts[] = {"(", "{", "not ", "-", "function() return "};
    for (size_t i = 0; i < NR_COUNT(parts); i++) {
        scripts k;
        nr_buf b = NR_BUF_INIT;
        scripts_begin(&k, NR_WARN, NULL);
        nr_buf_printf(&b, "local x = ");
        for (int n = 0; n < 100000; n++) nr_buf_printf(&b, "%s", parts[i]);
        CHECK(!nr_script_load_rules(k.s, NR_STR("r.lua"), nr_buf_str(&b)));
        nr_buf_free(&b);
        scripts_end(&k);
    }
}

/* What one file does to a name is not seen by another, nor by the library and the mapping. */
TEST(files_do_not_share_names)
{
    static const char *const pollution[] = {
        "string.find = function() error 'polluted' end",
        "string.format = function() error 'polluted' end",
        "string.gsub = nil",
        "math.min = nil",
        "math.type = function() return 'integer' end",
        "table.concat = nil",
        "utf8.char = nil",
        "string.extra = 1",
        "table.insert(string, 'x')",
        "tracer = nil",
        "local e = _ENV; e.string = {}",
    };
    static const char probe[] =
        "assert(string.find('abc', 'b') == 2 and ('abc'):find 'b' == 2)\n"
        "assert(string.format('%d', 1) == '1' and ('a'):gsub('a', 'b') == 'b' and string.gsub('a', 'a', 'b') == 'b')\n"
        "assert(math.min(1, 2) == 1 and math.type(1.5) == 'float')\n"
        "assert(table.concat { 'a', 'b' } == 'ab' and utf8.char(65) == 'A' and #string == 0)\n"
        "tracer { name = 'T' } match { assembly = 'A', class = 'C', 'M(a, b)' }";
    for (size_t i = 0; i < NR_COUNT(pollution); i++) {
        scripts k;
        scripts_begin(&k, NR_WARN, NULL);
        scripts_rules(&k, "a.lua", pollution[i]);
        scripts_log(&k);
        if (!scripts_rules(&k, "b.lua", probe)) CHECK_STR(scripts_log(&k), pollution[i]);
        CHECK(!scripts_rules(&k, "c.lua", "tracer { nam = 1 }")); /* the library computes its hint */
        CHECK(nr_str_has(scripts_log(&k), NR_STR("W c.lua:1: unknown field 'nam' in tracer, did you mean 'name'?")));
        CHECK(nr_script_commit_rules(k.s));
        CHECK(scripts_xml(
            &k, "<extension><instrumentation><tracerFactory name='X'><match assemblyName='A' className='C,D'>"
                "<exactMethodMatcher methodName='M' parameters='a, b'/></match></tracerFactory></instrumentation>"
                "</extension>"));
        CHECK_EQ(k.set.count, 3);
        scripts_end(&k);
    }
}

/* What is there, on purpose. */
TEST(what_scripts_have)
{
    scripts k;
    scripts_begin(&k, NR_WARN, NULL);
    CHECK(scripts_rules(&k, "r.lua",
                        "assert(type(ipairs) == 'function' and select('#', 1, 2) == 2 and tonumber '3' == 3)\n"
                        "for k, v in pairs { a = 1 } do assert(k == 'a' and v == 1 and next({}) == nil) end\n"
                        "assert(('%s %5.2f'):format('a', 1.5) == 'a  1.50' and #('x'):rep(100000) == 100000)\n"
                        "assert(('ab'):rep(2, '-') == 'ab-ab' and ('x'):rep(-5) == '' and ('x'):rep(0) == '')\n"
                        "assert(table.move({ 1, 2 }, 1, 2, 2)[3] == 2 and #table.move({ 1 }, 1, 0, 5) == 1)\n"
                        "assert(math.max(1, 3) == 3 and math.floor(2.5) == 2 and math.tointeger(3.0) == 3)\n"
                        "local t = { 3, 1, 2 } table.sort(t) assert(table.concat(t, ',') == '1,2,3')\n"
                        "table.insert(t, 4) assert(table.remove(t) == 4 and select(2, table.unpack(t)) == 2)\n"
                        "for a, b in ('k=v'):gmatch '(%w)=(%w)' do assert(a == 'k' and b == 'v') end\n"
                        "assert(utf8.len 'ä' == 1 and tostring(nil) == 'nil')\n"));
    CHECK_STR(scripts_log(&k), "");
    scripts_end(&k);
}

/* The memory limit is for all files together and does not grow. */
TEST(memory_is_limited)
{
    scripts k;
    scripts_begin(&k, NR_WARN, NULL);
    size_t before = nr_script_count(k.s).memory;
    CHECK(before > 10000 && before < NR_SCRIPT_MEMORY / 4);
    for (int i = 0; i < 20; i++)
        CHECK(!scripts_rules(&k, "r.lua", "local t = {} for i = 1, 10000000 do t[i] = ('x'):rep(100) .. i end"));
    nr_str log = scripts_log(&k);
    CHECK(nr_str_has(log,
                     NR_STR("r.lua:1: memory limit reached (8 MiB for all files together) - the file is skipped\n")));
    CHECK(!nr_str_has(log, NR_STR("instruction limit")));
    nr_script_seal(k.s);
    CHECK(nr_script_count(k.s).memory < before + 200000);
    scripts_end(&k);
}

/* Each file has its own limit of instructions. */
TEST(one_endless_loop_is_not_the_next_ones)
{
    scripts k;
    scripts_begin(&k, NR_WARN, NULL);
    for (int i = 0; i < 3; i++) {
        CHECK(!scripts_rules(&k, "r.lua", "\nwhile true do end"));
        CHECK(scripts_rules(&k, "s.lua",
                            "for i = 1, 100000 do end tracer {} match { assembly = 'A', class = 'C', 'M' }"));
    }
    nr_str log = scripts_log(&k);
    CHECK_STR(log, "W r.lua:2: instruction limit reached - the file is skipped\n"
                   "W r.lua:2: instruction limit reached - the file is skipped\n"
                   "W r.lua:2: instruction limit reached - the file is skipped\n");
    CHECK(nr_script_commit_rules(k.s));
    CHECK_EQ(k.set.count, 3);
    scripts_end(&k);
}

TEST(nothing_leaks_when_memory_fails)
{
    log_start(NR_ERROR);
    nr_alloc_count(1);
    for (unsigned long n = 1; n < 4000; n += n < 60 ? 1 : 41) {
        nr_ruleset set;
        nr_alloc_fail_at(n, 1);
        if (nr_ruleset_init(&set)) {
            nr_script *s = nr_script_new(&set);
            if (s) {
                nr_script_load_builtin(s, (nr_str){NULL, 0});
                nr_script_load_rules(s, NR_STR("r.lua"),
                                     NR_STR("tracer {} match { assembly = 'A', class = 'C', 'M' } error(1)"));
                nr_script_load_rules(s, NR_STR("r.lua"),
                                     NR_STR("tracer {} match { assembly = 'A', class = 'C', 'M' }"));
                nr_script_commit_rules(s);
                nr_script_load_xml(s, NR_STR("x"), NR_STR("<extension><instrumentation/></extension>"));
                nr_script_blob(s, NR_STR("tracer"), 0);
                nr_script_seal(s);
            }
            nr_script_free(s);
            nr_ruleset_free(&set);
        }
        nr_alloc_fail_at(0, 0);
        if (!CHECK_EQ(nr_alloc_live(), 0)) break;
    }
    nr_alloc_count(0);
}

TESTS(sandbox, T(ways_out), T(deep_source), T(files_do_not_share_names), T(what_scripts_have), T(memory_is_limited),
      T(one_endless_loop_is_not_the_next_ones), T(nothing_leaks_when_memory_fails))
