-- The verb `template`: its fields, files of the home directory that replace templates, and the limits of a script.

local nr = require "nr"
local lu = require "luaunit"
local support = require "_support"

-- One file in <home>/instrumentation/templates; what was said about it.
local function load_file(text, name)
  local s = nr.script { templates = { [name or "t.lua"] = text } }
  return s, support.logged "WARN"
end

local function refused(text, what, line)
  local s <close>, said = load_file(text)
  lu.assertEquals(#said, 1)
  lu.assertStrMatches(said[1], (".*t%%.lua:%s .* %%- the file is skipped"):format(line and line .. ":" or ""))
  lu.assertStrContains(said[1], what)
end

TestTemplateFields = {}

function TestTemplateFields.test_defaults()
  local s <close>, said = load_file "template { name = 'x', body = function() original() end }"
  lu.assertEquals(said, {})
  local blob = s:blob "x"
  lu.assertEquals(blob.name, "x")
  lu.assertStrMatches(blob.file, ".*t%.lua")
  lu.assertEquals(blob.rets, "all")
  lu.assertFalse(blob.tiny)
  lu.assertEquals({ blob.stack_at_least, blob.stack_over_arguments }, { 8, 0 })
  lu.assertEquals(blob.locals, {})
end

function TestTemplateFields.test_all()
  local s <close>, said = load_file [[template {
    name = "x", reference = "2d17f05e1", about = "text", rets = "last",
    locals = { { "a", "object" }, { "b", "$return" } },
    max_stack = { at_least = 3, over_arguments = 65535 },
    body = function() original() end,
  }]]
  lu.assertEquals(said, {})
  local blob = s:blob "x"
  lu.assertEquals(blob.rets, "last")
  lu.assertEquals(blob.locals, { { name = "a", type = "object" }, { name = "b", type = "$return" } })
  lu.assertEquals({ blob.stack_at_least, blob.stack_over_arguments }, { 3, 65535 })
end

function TestTemplateFields.test_max_stack_exactly()
  local s <close> = load_file "template { name = 'x', max_stack = { exactly = 9, at_least = 4 }, body = function() original() end }"
  lu.assertEquals(s:blob("x").stack_exactly, 9)
end

function TestTemplateFields.test_wrong_ones()
  local rows = {
    { "template 'x'", "table expected, got string" },
    { "template { name = 'x', boddy = 1 }", "unknown field 'boddy' in a template" },
    { "template { name = 'x', 1 }", "unknown field '1' in a template" },
    { "template { body = function() end }", "field 'name' must be a text" },
    { "template { name = 5, body = function() end }", "field 'name' must be a text" },
    { "template { name = 'x', about = {}, body = function() end }", "field 'about' must be a text" },
    { "template { name = 'x' }", "field 'body' must be a function" },
    { "template { name = 'x', rets = 'some', body = function() end }", [[field 'rets' must be "all", "last" or "none"]] },
    { "template { name = 'x', locals = 'y', body = function() end }", "field 'locals' must be a list of { name, type }" },
    { "template { name = 'x', locals = { 'y' }, body = function() end }", "local 1 must be { name, type }" },
    { "template { name = 'x', locals = { { 'a', 'object' }, { 'b' } }, body = function() end }", "local 2 must be { name, type }" },
    { "template { name = 'x', locals = { { 'a', 'object x' } }, body = function() end }", "'object x' is no type: " },
    { "template { name = 'x', locals = { { 'a', 'void A::B()' } }, body = function() end }", "is no type: it is a method" },
    { "template { name = 'x', max_stack = 8, body = function() end }", "field 'max_stack' must be a table" },
    { "template { name = 'x', entry = { klass = 'C' }, body = function() end }", "unknown field 'klass' in entry" },
    { "template { name = 'x', entry = { assembly = 'A' }, body = function() end }", "template: field 'class' must be a text" },
    { "template { name = 'x', entry = 'A', body = function() end }", "template: field 'entry' must be a table" },
    { "template { name = 'x', max_stack = { most = 8 }, body = function() end }", "unknown field 'most' in max_stack" },
    { "template { name = 'x', max_stack = { at_least = 65536 }, body = function() end }",
      "max_stack.at_least must be a number from 0 to 65535" },
    { "template { name = 'x', max_stack = { exactly = -1 }, body = function() end }", "max_stack.exactly must be a number" },
    { "template { name = 'x', tiny = true, body = function() end }", "a tiny body has no locals and no original code" },
    { "template { name = 'x', tiny = true, rets = 'none', locals = { { 'a', 'object' } }, body = function() end }",
      "a tiny body has no locals" },
    { "template { name = 'x', rets = 'none', body = function() template {} end }", "a template inside the body of a template" },
    { "nop()", "instructions can only be written inside the body of a template" },
    { "label()", "instructions can only be written inside the body of a template" },
    { "\n\ntemplate { name = 'x', body = 1 }", "field 'body' must be a function", 3 },
    { "template { name = 'x', body = function() ", "'end' expected near <eof>" },
  }
  for _, row in ipairs(rows) do refused(row[1], row[2], row[3] or 1) end
end

TestOverrides = {}

local function with_nop()
  local text, n = nr.embedded("instrumentation/templates/tracer.lua"):gsub("ldnull%(%) stloc \"tracer\"", "nop() %0")
  lu.assertEquals(n, 1)
  return text
end

-- A file of the home directory replaces the built-in template of the same name, and only that.
function TestOverrides.test_one_instruction_more()
  local plain <close> = nr.script()
  local before, api = support.steps(plain:blob "tracer"), support.steps(plain:blob "api")
  local s <close>, said = load_file(with_nop(), "tracer.lua")
  lu.assertEquals(said, {})
  table.insert(before, 1, "nop")
  lu.assertEquals(support.steps(s:blob "tracer"), before)
  lu.assertEquals(support.steps(s:blob "api"), api)
  local loaded = support.logged "INFO"
  lu.assertEquals(#loaded, 1)
  lu.assertStrMatches(loaded[1], "Loaded .*tracer%.lua")
end

-- The name of the template counts, not that of the file.
function TestOverrides.test_from_a_file_of_another_name()
  local s <close> = load_file(with_nop(), "mine.lua")
  lu.assertEquals(s:blob("tracer")[1].text, "nop")
end

function TestOverrides.test_a_broken_file_leaves_the_built_in_template()
  local s <close>, said = load_file(with_nop() .. "\nnonsense(", "tracer.lua")
  lu.assertEquals(#said, 1)
  lu.assertStrContains(said[1], "tracer.lua:")
  lu.assertEquals(s:blob("tracer")[1].text, "ldnull")
end

-- A fault in the second template of a file: the first one is not used either.
function TestOverrides.test_a_file_is_used_as_a_whole()
  local s <close>, said = load_file(with_nop() .. "\ntemplate { name = 'x', body = function() ldloc 'y' end }", "tracer.lua")
  lu.assertEquals(#said, 1)
  lu.assertEquals(s:blob("tracer")[1].text, "ldnull")
end

function TestOverrides.test_the_later_file_wins()
  local s <close> = nr.script { templates = {
    ["b.lua"] = "template { name = 'x', rets = 'none', body = function() nop() end }",
    ["a.lua"] = "template { name = 'x', rets = 'none', body = function() ret() end }",
  } }
  support.assert_steps(s:blob "x", "nop")
end

function TestOverrides.test_other_files_are_left_alone()
  local s <close>, said = load_file("nonsense(", "tracer.lua.orig")
  lu.assertEquals(said, {})
  lu.assertEquals(s:blob("tracer")[1].text, "ldnull")
end

-- A byte order mark and UTF-16 are read as in every other file of the home directory.
function TestOverrides.test_encodings()
  local text = "template { name = 'x', rets = 'none', body = function() ldstr 'é' end }"
  local s <close>, said = load_file("\xEF\xBB\xBF" .. text)
  lu.assertEquals(said, {})
  support.assert_steps(s:blob "x", 'ldstr "é"')
  local units = {}
  for _, c in utf8.codes(text) do units[#units + 1] = string.pack("<I2", c) end
  local wide <close>, said_wide = load_file("\xFF\xFE" .. table.concat(units))
  lu.assertEquals(said_wide, {})
  support.assert_steps(wide:blob "x", 'ldstr "é"')
end

TestLimits = {}

function TestLimits.test_instructions()
  refused("while true do end", "instruction limit reached", 1)
  refused("template { name = 'x', rets = 'none', body = function() while true do end end }", "instruction limit reached", 1)
end

function TestLimits.test_memory()
  local s <close>, said = load_file "local t = {} for i = 1, 1e9 do t[i] = {} end"
  lu.assertEquals(#said, 1)
  lu.assertStrContains(said[1], "memory limit reached (8 MiB for all files together)")
end

function TestLimits.test_steps()
  refused("template { name = 'x', rets = 'none', body = function() for i = 1, 100001 do nop() end end }",
    "a template of more than 100000 steps", 1)
end

function TestLimits.test_labels()
  refused("template { name = 'x', rets = 'none', body = function() for i = 1, 10001 do label() end end }",
    "more than 10000 labels", 1)
end

function TestLimits.test_precompiled_code()
  local s <close>, said = load_file(string.dump(load "return 1"))
  lu.assertEquals(#said, 1)
  lu.assertStrContains(said[1], "attempt to load a binary chunk")
end

TestSandbox = {}

function TestSandbox.test_what_does_not_exist()
  for _, name in ipairs {
    "io", "os", "debug", "package", "coroutine", "load", "loadfile", "loadstring", "dofile", "pcall", "xpcall", "print",
    "getmetatable", "setmetatable", "rawget", "rawset", "rawequal", "rawlen", "collectgarbage", "warn", "_G", "tracer", "match",
    "ignore", "point", "xml_mapping",
  } do
    refused(("local x = %s"):format(name), ("nothing called '%s' here"):format(name), 1)
  end
end

function TestSandbox.test_members_that_are_missing()
  for _, member in ipairs {
    "string.dump", "string.pack", "string.unpack", "string.packsize", "math.random", "math.randomseed", "table.foo",
  } do
    local s <close>, said = load_file(("if %s ~= nil then error 'there' end"):format(member))
    lu.assertEquals(said, {})
  end
  -- Methods of strings come from the library's own table.
  refused("local x = ('x'):dump()", "attempt to call a nil value (method 'dump')", 1)
end

function TestSandbox.test_globals_cannot_be_set()
  refused("answer = 42", "global 'answer' cannot be set in a script; say 'local answer'", 1)
  refused("function helper() end", "global 'helper' cannot be set in a script; say 'local helper'", 1)
end

function TestSandbox.test_long_subjects_of_patterns()
  for _, call in ipairs { "find(t, 'a')", "match(t, 'a')", "gmatch(t, 'a')", "gsub(t, 'a', 'b')" } do
    refused(("local t = ('a'):rep(65537) string.%s"):format(call), "text longer than 65536 bytes in a pattern function", 1)
  end
  refused("local t = ('a'):rep(65537) t:find 'b'", "text longer than 65536 bytes in a pattern function", 1)
  local s <close>, said = load_file "local t = ('a'):rep(65536) t:find 'b'"
  lu.assertEquals(said, {})
end

function TestSandbox.test_require()
  local s <close>, said = load_file "local shim = require 'nrprof.shim' assert(shim == require 'nrprof.shim') assert(shim.quietly)"
  lu.assertEquals(said, {})
  refused("require 'nrprof.shimm'", "there is no library 'nrprof.shimm' to require", 1)
  refused("require 'os'", "there is no library 'os' to require", 1)
  refused("require()", "string expected, got no value", 1)
end

-- What one file could change, every other one would get.
function TestSandbox.test_shared_tables_cannot_be_changed()
  for _, name in ipairs { "string", "table", "math", "utf8" } do
    refused(name .. ".stolen = 1", "'stolen' belongs to all scripts and cannot be set", 1)
    refused(name .. ".len = 1", "'len' belongs to all scripts and cannot be set", 1)
  end
end
