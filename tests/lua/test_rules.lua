-- Rule files in Lua: the verbs tracer, match and ignore (lua/nrprof/rules.lua).

local nr = require "nr"
local lu = require "luaunit"
local support = require "_support"

-- The points of one rule file, and what was said about it.
local function load_rules(text)
  local s = nr.script()
  local ok = s:rules(text, "contoso.lua")
  return s:points(), support.logged "WARN", s, ok
end

local function refused(text, what, line)
  local points, said, s, ok = load_rules(text)
  lu.assertFalse(ok)
  lu.assertEquals(points, {})
  lu.assertEquals(said, { ("contoso.lua:%d: %s - the file is skipped"):format(line or 1, what) })
  s:close()
end

local default_factory = "NewRelic.Agent.Core.Tracer.Factories.DefaultTracerFactory"

TestMatch = {}

function TestMatch.test_one_method()
  local points, said = load_rules [[
    tracer { name = "SqlCommandTracer", metric_name = "Sql" }
      match { assembly = "Contoso.Data", class = "Contoso.Data.Command", "ExecuteReader" }]]
  lu.assertEquals(said, {})
  lu.assertEquals(points, { {
    assembly = "Contoso.Data", class = "Contoso.Data.Command", method = "ExecuteReader", factory = "SqlCommandTracer",
    metric = "Sql", flags = 0x7400, file = "contoso.lua", line = 2, where = false,
  } })
end

function TestMatch.test_defaults()
  local points = load_rules "tracer {}\nmatch { assembly = 'A', class = 'C', 'M' }"
  lu.assertEquals(points[1].factory, default_factory)
  lu.assertEquals(points[1].metric, "")
  lu.assertEquals(points[1].flags, 0x3400) -- as an XML element without attributes
  lu.assertNil(points[1].parameters)
  lu.assertNil(points[1].min)
  lu.assertNil(points[1].max)
  lu.assertNil(points[1].template)
end

function TestMatch.test_parameters()
  local points = load_rules [[tracer {}
    match { assembly = "A", class = "C", "M(System.Int32)", "M( System.Int32 , System.String[] )", "M()", "M(void)", "M" }]]
  local found = {}
  for i, p in ipairs(points) do found[i] = p.method .. "|" .. tostring(p.parameters) end
  lu.assertEquals(found, { "M|System.Int32", "M|System.Int32,System.String[]", "M|", "M|", "M|nil" })
end

function TestMatch.test_bounds_are_normalised()
  local points = load_rules "tracer {} match { assembly = 'A', class = 'C', min = '1.2', max = '5.0.0.1', 'M' }"
  lu.assertEquals({ points[1].min, points[1].max }, { "1.2.0.0", "5.0.0.1" })
end

function TestMatch.test_several_matches_of_one_tracer()
  local points = load_rules [[tracer { name = "A" }
    match { assembly = "X", class = "C", "M", "N" }
    match { assembly = "Y", class = "C", "M" }
    tracer { name = "B" }
    match { assembly = "Z", class = "C", "M" }]]
  local found = {}
  for i, p in ipairs(points) do found[i] = p.factory .. p.assembly .. p.method .. p.line end
  lu.assertEquals(found, { "AXM2", "AXN2", "AYM3", "BZM5" })
end

function TestMatch.test_a_rule_over_many_lines_has_the_line_of_its_verb()
  local points = load_rules "tracer {}\nmatch {\n  assembly = 'A',\n  class = 'C',\n  'M',\n}\n"
  lu.assertEquals(#points, 1)
  lu.assertTrue(points[1].line >= 2 and points[1].line <= 6)
end

function TestMatch.test_template_and_disabled_tracers()
  local points = load_rules [[tracer { template = "mine" } match { assembly = "A", class = "C", "M" }
    tracer { enabled = false } match { assembly = "A", class = "C", "N" }]]
  lu.assertEquals(#points, 1)
  lu.assertEquals(points[1].template, "mine")
end

-- Wide are rules whose methods cannot be looked up by name.
function TestMatch.test_wide_rules()
  local rows = {
    { "assembly = 'A', class = 'C', 'M(System.Byte*)'", nil }, -- a pointer
    { "assembly = 'A', class = 'C', 'M', where = function() end", nil },
    { "assembly = 'A*', class = 'C', 'M'", true },
    { "assembly = 'A', class = '*C', 'M'", true },
    { "assembly = 'A', class = 'C', 'M*'", true },
    { "assembly = 'A', class = 'C', 'M(*)'", true },
    { "assembly = 'A', class = 'C', 'M(System.*)'", true },
    { "assembly = 'A', class = 'C', 'M(System.Int32,...)'", true },
    { "assembly = 'A', class = 'C', 'M', except = 'N'", true },
    { "assembly = 'A', attribute = 'X'", true },
    { "assembly = 'A', class_attribute = 'X', 'M'", true },
    { "assembly = 'A', extends = 'X', 'M'", true },
    { "assembly = 'A', implements = 'X', 'M'", true },
  }
  for _, row in ipairs(rows) do
    local points, said = load_rules("tracer {} match { " .. row[1] .. " }")
    lu.assertEquals(said, {}, row[1])
    lu.assertEquals(points[1].wide and true, row[2], row[1])
  end
  local points = load_rules "tracer {} match { assembly = 'A', attribute = 'X' }"
  lu.assertEquals({ points[1].class, points[1].method }, { "*", "*" })
end

function TestMatch.test_a_rule_has_its_own_template_or_is_disabled()
  local points = load_rules [[tracer { template = "theirs" } match { assembly = "A", class = "C", template = "mine", "M" }
    match { assembly = "A", class = "C", "N" } match { assembly = "A", class = "C", enabled = false, "O" }]]
  lu.assertEquals(#points, 2)
  lu.assertEquals({ points[1].template, points[2].template }, { "mine", "theirs" })
end

function TestMatch.test_a_metric_from_facts()
  local points, _, s = load_rules [[tracer { metric_name = function(m) return m.class .. "/" .. m.method end }
    match { assembly = "A", class = "C", "M" }
    tracer { metric_name = function(m) if m.is_static then return 5 end end } match { assembly = "A", class = "C", "N" }]]
  lu.assertEquals({ points[1].flags, points[1].metric }, { 0x7400, "" })
  lu.assertEquals(s:metric(1, { class = "X", method = "Y" }), "X/Y")
  lu.assertNil(s:metric(2, {}))
  lu.assertNil(s:metric(2, { is_static = true }))
  lu.assertEquals(support.logged "WARN", { "contoso.lua:3: metric_name gave a number, not a text - the metric has its default name" })
  lu.assertNil(s:metric(1, {})) -- no class to join
end

TestTracer = {}

-- The bits of instrumentation-xml.md section 3.
function TestTracer.test_flags()
  local rows = {
    { "", 0x3400 },
    { "metric = 'scoped'", 0x3400 },
    { "metric = 'unscoped'", 0x2C00 },
    { "metric = 'both'", 0x3C00 },
    { "metric = 'none'", 0x2400 },
    { "metric_name = 'n'", 0x7400 },
    { "metric_name = ''", 0x3400 },
    { "metric_name = 'instance'", 0xF400 },
    { "metric_name = 'Instance'", 0xF400 },
    { "suppress_recursive_calls = false", 0x1400 },
    { "transaction_trace_segment = false", 0x3000 },
    { "level = 7", 0x73400 },
    { "transaction_naming_priority = 7", 0x7003400 },
    { "metric = 'both', level = 2, transaction_naming_priority = 1, metric_name = 'n'", 0x1027C00 },
  }
  for _, row in ipairs(rows) do
    local points = load_rules(("tracer { %s } match { assembly = 'A', class = 'C', 'M' }"):format(row[1]))
    lu.assertEquals(points[1].flags, row[2], row[1])
  end
end

function TestTracer.test_wrong_ones()
  refused("tracer 'x'", "tracer takes a table: tracer { … }")
  refused("tracer { nmae = 'x' }", "unknown field 'nmae' in tracer, did you mean 'name'?")
  refused("tracer { supress_recursive_calls = true }",
    "unknown field 'supress_recursive_calls' in tracer, did you mean 'suppress_recursive_calls'?")
  refused("tracer { zzzzzzzz = 1 }", "unknown field 'zzzzzzzz' in tracer")
  refused("tracer { 'x' }", "unknown field '1' in tracer")
  refused("tracer { name = 5 }", "field 'name' of tracer must be a text, not number")
  refused("tracer { level = '5' }", "field 'level' of tracer must be a whole number, not string")
  refused("tracer { level = 1.5 }", "field 'level' of tracer must be a whole number, not number")
  refused("tracer { level = 8 }", "field 'level' of tracer must be from 0 to 7")
  refused("tracer { transaction_naming_priority = -1 }", "field 'transaction_naming_priority' of tracer must be from 0 to 7")
  refused("tracer { metric = 'all' }", "field 'metric' of tracer must be scoped, unscoped, both or none")
  refused("tracer { enabled = 'no' }", "field 'enabled' of tracer must be true or false, not string")
  refused("\n\ntracer { metric = 'all' }", "field 'metric' of tracer must be scoped, unscoped, both or none", 3)
end

function TestMatch.test_wrong_ones()
  local function one(fields, what, line) refused("tracer {} match { " .. fields .. " }", what, line) end
  refused("match { assembly = 'A', class = 'C', 'M' }", "match before the first tracer")
  refused("tracer {} match 'x'", "match takes a table: match { … }")
  one("class = 'C', 'M'", "match needs the field 'assembly'")
  one("assembly = '', class = 'C', 'M'", "match needs the field 'assembly'")
  one("assembly = 'A', 'M'", "match needs the field 'class'")
  one("assembly = 'A', class = 'C'", "match names no method")
  one("asembly = 'A', class = 'C', 'M'", "unknown field 'asembly' in match, did you mean 'assembly'?")
  one("assembly = 'A', class = 'C', where = 'x', 'M'", "field 'where' of match must be a function, not string")
  one("assembly = 'A', class = 'C', 5", "field '1' of match must be a text, not number")
  one("assembly = 'A', class = 'C', 'M('", "'M(' is no method: write Name or Name(Type,Type)")
  one("assembly = 'A', class = 'C', ''", "'' is no method: write Name or Name(Type,Type)")
  one("assembly = 'A*', extends = 'C*', 'M'", "wildcards are not known in extends: 'C*'")
  one("assembly = 'A', implements = '', 'M'", "match needs the field 'implements'")
  one("assembly = 'A', attribute = 5", "field 'attribute' of match must be a text, not number")
  one("attribute = 'X'", "match needs the field 'assembly'")
  one("assembly = 'A', class = 'C', 'M', except = true", "field 'except' of match must be a text or a list, not boolean")
  one("assembly = 'A', class = 'C', 'M', except = { method = 'x' }", "unknown field 'method' in except")
  one("assembly = 'A', class = 'C', 'M', except = { classes = 'x' }", "unknown field 'classes' in except, did you mean 'class'?")
  one("assembly = 'A', class = 'C', 'M', except = { class = { 5 } }", "field 'class' must be a text or a list of texts")
  one("assembly = 'A', class = 'C', 'M', except = { 'M(' }", "'M(' is no method: write Name or Name(Type,Type)")
  one("assembly = 'mscorlib', class = 'C', 'M'", "methods of mscorlib cannot be instrumented")
end

-- Two lines: what is wrong with the text, and where it stands.
function TestMatch.test_wrong_versions()
  local points, said = load_rules "tracer {}\nmatch { assembly = 'A', class = 'C', min = 'x', 'M' }"
  lu.assertEquals(points, {})
  lu.assertEquals(said[#said], "contoso.lua:2: field 'min' of match is not a version: 'x' - the file is skipped")
end

TestIgnore = {}

function TestIgnore.test_covers_other_files_whatever_their_order()
  local s <close> = nr.script()
  lu.assertTrue(s:rules("tracer {} match { assembly = 'A', class = 'C', 'M' } match { assembly = 'B', class = 'C', 'M' }", "a.lua"))
  lu.assertTrue(s:rules("ignore { assembly = 'a' }", "b.lua"))
  local points = s:points()
  lu.assertEquals(#points, 1)
  lu.assertEquals(points[1].assembly, "B")
  lu.assertEquals(s:ignores(), { { assembly = "a" } })
end

function TestIgnore.test_one_class()
  local s <close> = nr.script()
  s:rules [[tracer {}
    match { assembly = "A", class = "C", "M" }
    match { assembly = "A", class = "D", "M" }
    ignore { assembly = "A", class = "c" }]]
  local points = s:points()
  lu.assertEquals(#points, 1)
  lu.assertEquals(points[1].class, "D")
end

function TestIgnore.test_wrong_ones()
  refused("ignore 'A'", "ignore takes a table: ignore { … }")
  refused("ignore {}", "ignore needs the field 'assembly'")
  refused("ignore { assembly = 'A', clas = 'C' }", "unknown field 'clas' in ignore, did you mean 'class'?")
end

TestProcess = {}

function TestProcess.test_deny()
  local s <close> = nr.script()
  lu.assertTrue(s:rules("tracer {}\nprocess { deny = { 'kudu.exe', 'build.dll' } }\nprocess { deny = {} }", "p.lua"))
  lu.assertEquals({ s:denies "/opt/kudu.exe" }, { "p.lua", 2 })
  lu.assertEquals({ s:denies "/opt/build.dll" }, { "p.lua", 2 })
  lu.assertEquals({ s:denies "/opt/shop.dll" }, {})
end

function TestProcess.test_wrong_ones()
  refused("process 'x'", "process takes a table: process { … }")
  refused("process {}", "process needs the field 'deny'")
  refused("process { alow = {} }", "unknown field 'alow' in process")
  refused("process { deni = {} }", "unknown field 'deni' in process, did you mean 'deny'?")
  refused("process { deny = 'x' }", "field 'deny' of process must be a list, not string")
  refused("process { deny = { 5 } }", "field 'deny' of process must be a list of file names")
  refused("process { deny = { x = 'y' } }", "field 'deny' of process must be a list of file names")
  refused("process { deny = { '' } }", "field 'deny' of process must be a list of file names")
  refused("process { deny = { 'k*' } }", "wildcards are not known in deny: 'k*'")
end

function TestProcess.test_a_bad_file_denies_nothing()
  local s <close> = nr.script()
  lu.assertFalse(s:rules "process { deny = { 'kudu.exe' } } nonsense()")
  lu.assertEquals({ s:denies "/opt/kudu.exe" }, {})
end

TestCompat = {}

function TestCompat.test_refused()
  lu.assertEquals(select(2, load_rules "compat {}"), {})
  refused("compat { verifi = true }", "unknown field 'verifi' in compat, did you mean 'verify'?")
  refused("compat { anything = true }", "unknown field 'anything' in compat")
  refused("compat { verify = 1 }", "field 'verify' of compat must be true or false, not number")
  refused("compat { verify = 'true' }", "field 'verify' of compat must be true or false, not string")
  refused("compat 'x'", "compat takes a table: compat { … }")
end

function TestCompat.test_switches()
  local s <close> = nr.script()
  lu.assertEquals(s:switches(), {})
  lu.assertTrue(s:rules "compat { verify = true, flags_per_method = false }")
  lu.assertEquals(s:switches(), { "verify" })
  lu.assertFalse(s:rules "compat { verify = false } nonsense()")
  lu.assertEquals(s:switches(), { "verify" })
  lu.assertTrue(s:rules "compat { flags_per_method = true } compat { verify = false }")
  lu.assertEquals(s:switches(), { "flags_per_method" })
end

TestWhere = {}

local facts = { assembly = "A", class = "C", method = "M", parameters = "System.Int32", is_static = true, argument_count = 1 }

local function predicate(code)
  local s = nr.script()
  lu.assertTrue(s:rules("tracer {}\nmatch { assembly = 'A', class = 'C', 'M',\nwhere = function(m) " .. code .. " end }"))
  lu.assertTrue(s:points()[1].where)
  s:seal()
  return s
end

function TestWhere.test_sees_the_facts_of_the_method()
  local s <close> = predicate [[
    return m.assembly == "A" and m.class == "C" and m.method == "M" and m.parameters == "System.Int32" and m.is_static
      and not m.is_async and not m.returns and m.argument_count == 1]]
  lu.assertTrue(s:where(1, facts))
  for name, other in pairs { assembly = "B", class = "D", method = "N", parameters = "", argument_count = 2, is_async = true, returns = true } do
    local changed = { is_static = true }
    for k, v in pairs(facts) do changed[k] = v end
    changed[name] = other
    lu.assertFalse(s:where(1, changed), name)
  end
end

function TestWhere.test_a_fault_counts_as_false()
  local s <close> = predicate "return m.assembly.x.y"
  lu.assertFalse(s:where(1, facts))
  local said = support.logged "WARN"
  lu.assertEquals(#said, 1)
  lu.assertStrMatches(said[1], "rules%.lua:3: .* %- the rule does not match")
end

function TestWhere.test_a_loop_without_end_counts_as_false()
  local s <close> = predicate "while true do end"
  lu.assertFalse(s:where(1, facts))
  lu.assertStrContains(support.logged("WARN")[1], "instruction limit reached")
  -- and the next call has its own limit
  local again <close> = predicate "for i = 1, 20000 do end return true"
  for _ = 1, 10 do lu.assertTrue(again:where(1, facts)) end
end

function TestWhere.test_nothing_can_be_added_later()
  local s <close> = predicate "tracer {} return true"
  lu.assertFalse(s:where(1, facts) and #s:points() > 1)
end

TestFiles = {}

function TestFiles.test_a_file_is_used_as_a_whole_or_not_at_all()
  refused("tracer {}\nmatch { assembly = 'A', class = 'C', 'M' }\nignore { assembly = 'B' }\nmatch {}",
    "match needs the field 'assembly'", 4)
  local s <close> = nr.script()
  s:rules("ignore { assembly = 'A' } nonsense()", "bad.lua")
  lu.assertEquals(s:ignores(), {})
end

function TestFiles.test_the_next_file_is_read_after_a_bad_one()
  local s <close> = nr.script()
  lu.assertFalse(s:rules("while true do end", "loop.lua"))
  lu.assertFalse(s:rules("tracer {", "syntax.lua"))
  lu.assertTrue(s:rules("tracer {} match { assembly = 'A', class = 'C', 'M' }", "good.lua"))
  lu.assertEquals(#s:points(), 1)
  local said = support.logged "WARN"
  lu.assertEquals(#said, 2)
  lu.assertEquals(said[1], "loop.lua:1: instruction limit reached - the file is skipped")
  lu.assertStrMatches(said[2], "syntax%.lua:1: .* near <eof> %- the file is skipped")
end

-- The tracer of one file is not that of the next.
function TestFiles.test_tracers_end_with_their_file()
  local s <close> = nr.script()
  lu.assertTrue(s:rules("tracer { name = 'A' }", "a.lua"))
  lu.assertFalse(s:rules("match { assembly = 'A', class = 'C', 'M' }", "b.lua"))
end

function TestFiles.test_no_instructions_and_no_mapping_here()
  refused("nop()", "nothing called 'nop' here")
  refused("xml_mapping(1)", "nothing called 'xml_mapping' here")
  refused("point {}", "nothing called 'point' here")
  refused("require 'nrprof.shim'", "nothing called 'require' here")
end

-- Lua is there when the rules need it.
function TestFiles.test_a_loop_over_names()
  local points = load_rules [[tracer {}
    for _, class in ipairs { "C", "D", "E" } do match { assembly = "A", class = "N." .. class, "M" } end]]
  lu.assertEquals(#points, 3)
  lu.assertEquals(points[3].class, "N.E")
end

-- An error that is no text has the place of the line that raised it.
function TestFiles.test_errors_of_other_kinds()
  local points, said = load_rules "error { code = 5 }"
  lu.assertEquals(points, {})
  lu.assertEquals(said, { "contoso.lua:1: an error that is no text - the file is skipped" })
end
