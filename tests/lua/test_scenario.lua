-- What scenario files stand on: assemblies made of tables, processes of their own, what is said about a failure. (That a profiler does the
-- right thing is said in tests/scenarios.)

local clr = require "nr.clr"
local image = require "nrprof.image"
local lu = require "luaunit"
local nr = require "nr"

-- ---- image ----------------------------------------------------------------------------------------------------------------

TestImage = {}

local function load(spec)
  local img = image.assembly(spec)
  local c = clr.new {}
  local id, why = c:load_bytes("/app/x.dll", img.bytes)
  lu.assertNotNil(id, why)
  return c, id, img
end

function TestImage.test_bytes()
  lu.assertEquals(image.bytes "0a 02|2A│\n00", "\x0a\x02\x2a\x00")
  lu.assertEquals(image.hex "\x0a\xff", "0a ff")
  lu.assertEquals(image.hex "", "")
  lu.assertErrorMsgContains("no text of hexadecimal bytes", image.bytes, "0a 2")
  lu.assertErrorMsgContains("no text of hexadecimal bytes", image.bytes, "0g")
end

function TestImage.test_compressed() -- II.23.2
  for n, hex in pairs { [0] = "00", [0x7F] = "7f", [0x80] = "80 80", [0x3FFF] = "bf ff", [0x4000] = "c0 00 40 00" } do
    lu.assertEquals(image.hex(image.compressed(n)), hex)
  end
end

function TestImage.test_the_smallest()
  local c, id = load { name = "A" }
  lu.assertEquals(c:assembly_name(id), "A")
  lu.assertEquals(c:rows(id, image.tables.TypeDef), 1)
  lu.assertEquals(c:rows(id, image.tables.MethodDef), 0)
  lu.assertEquals(c:meaning(id, 0x23000001), "System.Runtime,0.0.0.0,")
end

function TestImage.test_rows_and_tokens()
  local c, id, img = load {
    name = "A", refs = { { name = "mscorlib", version = "4.0.0.0", key = "b77a5c561934e089" }, "Lib" },
    type_refs = { "[mscorlib]System.Object", "[Lib]Lib.Outer/Inner", "[]Own" },
    type_specs = { "1d 08" }, sigs = { "07 01 08" }, user_strings = { "hi", "", "\u{1F600}" },
    member_refs = { { "[mscorlib]System.Object", ".ctor", "20 00 01" } },
    types = {
      { name = "N.C", extends = "[mscorlib]System.Object", methods = {
        { name = ".ctor", sig = "20 00 01", body = "06 2a" },
        { name = "M", sig = "00 00 01", body = { code = "00 2a", locals = "07 01 0e" } },
        { name = "M", sig = "00 01 01 08", body = "06 2a", generic = { "T" } },
        { name = "P", sig = "00 00 01", flags = 0x2016, pinvoke = "native" },
      }, types = { { name = "D", methods = { { name = "Q", sig = "00 00 01", body = "06 2a" } } } } },
      { name = "E" },
    } }
  lu.assertEquals(c:meaning(id, 0x01000001), "[mscorlib,4.0.0.0,b77a5c561934e089]System.Object")
  lu.assertStrContains(c:meaning(id, 0x01000003), "Inner")
  lu.assertEquals(c:meaning(id, 0x70000001), '"hi"')
  lu.assertEquals(img.user_strings[1], 0x70000001)
  lu.assertEquals(c:meaning(id, img.user_strings[3]), '"\u{1F600}"')
  lu.assertStrContains(c:meaning(id, 0x0A000001), "System.Object::.ctor")
  lu.assertEquals(image.hex(c:signature(id, 0x1B000001)), "1d 08")
  lu.assertEquals(image.hex(c:signature(id, 0x11000002)), "07 01 0e")
  for i, name in ipairs { "N.C", "N.C+D", "E" } do
    lu.assertEquals(c:type_name(id, 0x02000001 + i), name)
    lu.assertEquals(img.token(name), 0x02000001 + i)
    lu.assertEquals(c:find(id, name), 0x02000001 + i)
  end
  lu.assertEquals(img.token("N.C", "M", 2), 0x06000003)
  lu.assertEquals(c:find(id, "N.C", "M", 2), 0x06000003)
  lu.assertEquals(c:find(id, "N.C+D", "Q"), 0x06000005)
  lu.assertNil(img.token("N.C", "M", 3))
  lu.assertEquals(c:declaring_type(id, 0x06000005), 0x02000003)
  lu.assertEquals({ c:method_flags(id, 0x06000001) }, { 0x1886, 0 })
  lu.assertEquals({ c:method_flags(id, 0x06000002) }, { 0x96, 0 })
  lu.assertEquals(image.hex(c:il(id, 0x06000001, true)), "06 2a")
  lu.assertEquals(image.hex(c:il(id, 0x06000002, true)), "13 30 08 00 02 00 00 00 02 00 00 11 00 2a")
  lu.assertNil(c:il(id, 0x06000004, true))
end

function TestImage.test_bodies()
  for _, row in ipairs {
    { "06 2a", "06 2a" },
    { { code = "00 2a" }, "0a 00 2a" },
    { { code = "00 2a", max_stack = 3 }, "13 30 03 00 02 00 00 00 00 00 00 00 00 2a" },
    { { code = "00 2a", init = false }, "03 30 08 00 02 00 00 00 00 00 00 00 00 2a" },
    { { code = "00 2a", flags = 0xE3, locals = 0x11000007 }, "e3 30 08 00 02 00 00 00 07 00 00 11 00 2a" },
    { { code = "00 00 2a", clauses = { { 0, 0, 1, 1, 1, 0x01000001 } } },
      "1b 30 08 00 03 00 00 00 00 00 00 00 00 00 2a 00 01 10 00 00 00 00 00 00 01 01 00 01 01 00 00 01" },
    { { code = "2a", fat_clauses = { { 2, 0, 1, 1, 1, 9 } } },
      "1b 30 08 00 01 00 00 00 00 00 00 00 2a 00 00 00 41 1c 00 00 02 00 00 00 00 00 00 00 01 00 00 00 01 00 00 00 01 00 00 00 09 00 00 00" },
    { { code = "2a", section = "02 04 00 00" }, "1b 30 08 00 01 00 00 00 00 00 00 00 2a 00 00 00 02 04 00 00" },
  } do
    local img = image.assembly { name = "A", types = { { name = "C", methods = { { name = "M", sig = "00 00 01", body = row[1] } } } } }
    lu.assertEquals(image.hex(img.bodies[1].bytes), row[2])
  end
end

function TestImage.test_attributes_find_their_rows()
  local c, id = load { name = "A", types = {
    { name = "C", attributes = { "[Lib]XAttribute" }, methods = {
      { name = "M", sig = "00 00 01", body = "06 2a", attributes = { { type = "[Lib]XAttribute" }, { type = "[Lib]YAttribute" } } } } } } }
  lu.assertEquals(c:rows(id, image.tables.CustomAttribute), 3)
  lu.assertEquals(c:rows(id, image.tables.TypeRef), 2)
  lu.assertEquals(c:rows(id, image.tables.MemberRef), 2)
  lu.assertEquals(c:meaning(id, 0x23000002), "Lib,0.0.0.0,")
end

function TestImage.test_many_rows_have_wide_columns()
  local methods = {}
  for i = 1, 20000 do methods[i] = { name = "Method" .. i, sig = "00 00 01" } end
  local c, id = load { name = "A", types = { { name = "C", methods = methods, attributes = { "[Lib]XAttribute" } } } }
  lu.assertEquals(c:method_name(id, 0x06000000 + 20000), "Method20000") -- more than 64 KiB of strings
  lu.assertEquals(c:find(id, "C", "Method19999"), 0x06000000 + 19999)
end

function TestImage.test_misspelt_fields()
  local function made(spec) return function() image.assembly(spec) end end
  lu.assertErrorMsgContains("an assembly knows no field 'nmae'", made { nmae = "A" })
  lu.assertErrorMsgContains("a type knows no field 'method'", made { name = "A", types = { { name = "C", method = {} } } })
  lu.assertErrorMsgContains("a method knows no field 'il'", made { name = "A", methods = { { name = "M", sig = "00 00 01", il = "" } } })
  lu.assertErrorMsgContains("'sig' of a method wants a text", made { name = "A", methods = { { name = "M" } } })
  lu.assertErrorMsgContains("there is no type 'X'", made { name = "A", types = { { name = "C", extends = "X" } } })
end

-- ---- scenarios --------------------------------------------------------------------------------------------------------------

TestScenario = {}

-- Runs a file with these scenarios by the program itself; what it printed, and its exit code.
local function run(text, rules)
  if nr.windows then lu.skip "these tests use a POSIX shell" end
  local dir = nr.directory()
  nr.write(dir .. "/file.lua", "local scenario = require 'nrprof.scenario' local t = scenario.suite 'suite'\n" .. text)
  if rules then nr.write(dir .. "/rules.txt", rules) end
  local pipe = assert(io.popen(("cd '%s' && '%s' test -v %s file.lua 2>&1"):format(dir, nr.program,
    nr.profiler and "--profiler '" .. nr.profiler .. "'" or ""), "r"))
  local out = pipe:read "a"
  local _, _, code = pipe:close()
  return out, code
end

function TestScenario.test_passed_failed_skipped()
  local out, code = run [[
    t:test("good", function(s) s:equal(1, 1) end)
    t:test("bad", function(s) s:equal("a", "b", "what") end)
    t:test("wrong", function(s) local x = nil; x() end)
    t:test("left out", function(s) s:skip "because" end)]]
  lu.assertEquals(code, 1)
  lu.assertStrContains(out, "ok   file.lua: suite.good")
  lu.assertStrContains(out, "FAIL file.lua: suite.bad\n     file.lua:3: what: expected 'b', found 'a'")
  lu.assertStrContains(out, "file.lua:4: attempt to call a nil value (local 'x')")
  lu.assertStrContains(out, "skip file.lua: suite.left out: because")
  lu.assertStrContains(out, "1 passed, 2 failed, 1 skipped")
end

function TestScenario.test_ends_of_the_process()
  local out = run [[
    local lu = require "luaunit"
    t:test("kill", function(s) os.execute("kill -KILL $PPID") end)
    t:test("leave", function(s) lu.unregisterCurrentSuite() os.exit(7) end)
    t:test("hang", { seconds = 0.2 }, function(s) while true do end end)
    t:test("after", function(s) end)]]
  lu.assertStrContains(out, "suite.kill\n     crashed: SIGKILL")
  lu.assertStrContains(out, "suite.leave\n     the process ended with exit code 7")
  lu.assertStrContains(out, "suite.hang\n     did not end within 0.2 s")
  lu.assertStrContains(out, "ok   file.lua: suite.after")
end

function TestScenario.test_scenarios_share_nothing()
  local out = run [[
    t:test("1", function(s) s:env { NEW_RELIC_X = "1" } shared = 1 end)
    t:test("2", function(s) s:equal(shared, nil) s:equal(os.getenv "NEW_RELIC_X", nil) end)]]
  lu.assertStrContains(out, "2 passed, 0 failed")
end

function TestScenario.test_bytes_and_log()
  local out = run [[
    local function bad(name, f) t:test(name, function(s) f(s) end) end
    bad("b1", function(s) s:bytes("01 02", "01 03") end)
    bad("b2", function(s) s:bytes("01 02 03", "01 * 04") end)
    bad("b3", function(s) s:bytes("01", "01 ??") end)
    t:test("b4", function(s) s:bytes("01 2e 28 03", "01 * 28 ??") s:bytes("01 02", "0102") end)
    t:test("l1", function(s)
      s:core()
      s:log_has("[Info ] Logger initialized.", "Profiler init")
      s:log_lacks "Profiler initialised"
      s:log_is({ "Warn", "Error" }, {})
      s:equal(s:log_count "[Info ] Profiler initialized", 1)
    end)
    bad("l2", function(s) s:core() s:log_has("Profiler init", "Logger init") end)
    bad("l3", function(s) s:core() s:log_has "[Info ] Profiler init" end)
    bad("l4", function(s) s:core() s:log_lacks "Profiler init" end)]]
  lu.assertStrContains(out, "different from byte 0x1 (2 bytes expected, 2 found)")
  lu.assertStrContains(out, "the log has no line 'Logger init' after the one before it")
  lu.assertStrContains(out, "the log has '[Info ] Profiler initialized'")
  lu.assertStrContains(out, "2 passed, 6 failed")
end

function TestScenario.test_a_home_that_is_not_there()
  local out = run [[
    t:test("1", function(s) s:home { config = false } s:core() end)
    t:test("2", function(s) s:home { config = false } s:equal(s:core { fails = true }.result, "CORPROF_E_PROFILER_CANCEL_ACTIVATION") end)
    t:test("3", function(s) s:core { fails = true } end)]]
  lu.assertStrContains(out, "Initialize: CORPROF_E_PROFILER_CANCEL_ACTIVATION")
  lu.assertStrContains(out, "Initialize succeeded")
  lu.assertStrContains(out, "1 passed, 2 failed")
end

function TestScenario.test_covers_wants_known_rules()
  local text = "t:test('1', { covers = { 'Q1', 'Q2' } }, function() end)"
  lu.assertStrContains(run(text), "1 passed, 0 failed")
  lu.assertStrContains(run(text, "Q1\tone\nQ2\ttwo\n"), "1 passed, 0 failed")
  lu.assertStrContains(run(text, "Q1\tone\n"), "there is no rule 'Q2' in rules.txt")
end

function TestScenario.test_misuse()
  lu.assertStrContains(run "t:test('1', { cover = {} }, function() end)", "a test knows no field 'cover'")
  lu.assertStrContains(run "t:test('1', function() end) t:test('1', function() end)", "there are two scenarios '1'")
  lu.assertStrContains(run "t:test('1', function(s) s:home { rule = {} } end)", "s:home knows no field 'rule'")
  lu.assertStrContains(run "t:test('1', function(s) s:core { versoin = '1' } end)", "a CLR knows no field 'versoin'")
  lu.assertStrContains(run "t:test('1', function(s) s:core():fail('IMetaDataEmit', 'Nothing', 1) end)", "there is no slot IMetaDataEmit::Nothing")
end
