-- live-instrumentation.md 2 to 5 and exports.md E1 to E4: rules that change while the process runs.

local scenario = require "nrprof.scenario"
local t = scenario.suite "live instrumentation"

local function method(name, sig) return { name = name, sig = sig or "00 00 01", body = "06 2a" } end
local function rule(class, name, more)
  local r = { assembly = "A", class = class, method = name }
  for k, v in pairs(more or {}) do r[k] = v end
  return r
end
local function xml(...) return scenario.rules_xml { ... } end

-- A: N.C with M, K, O(int), O(string); N.D with M; N.D+E with M.
local function start(s, rules, config)
  s:home { rules = rules, config = config }
  local clr = s:core()
  return clr, clr:load(s:assembly { name = "A", types = {
    { name = "N.C", methods = { method "M", method "K", method("O", "00 01 01 08"), method("O", "00 01 01 0e") } },
    { name = "N.D", methods = { method "M" }, types = { { name = "E", methods = { method "M" } } } } } })
end

local function factory_of(m, name)
  local body = m:body(name)
  if body == "06 2a" then return "none" end
  return scenario.image.bytes(body) and (m:jit(name):listing():match '"(F:[^"]*)"') or "?"
end

-- ---- 4, 5: what a refresh asks for -----------------------------------------------------------------------------------------

-- { what, rules before, rules after, reverts, requests }
for _, row in ipairs {
  { "nothing changed: everything is compiled again", { rule("N.C", "M") }, { rule("N.C", "M") }, {}, { "RequestReJIT N.C.M" } },
  { "a rule more", { rule("N.C", "M") }, { rule("N.C", { "M", "K" }) }, {}, { "RequestReJIT N.C.M, N.C.K" } },
  { "a rule less", { rule("N.C", { "M", "K" }) }, { rule("N.C", "K") }, { "RequestRevert N.C.M" }, { "RequestReJIT N.C.K" } },
  { "another rule", { rule("N.C", "M") }, { rule("N.D", "M") }, { "RequestRevert N.C.M" }, { "RequestReJIT N.D.M" } },
  { "the first rule", {}, { rule("N.C", "M") }, {}, { "RequestReJIT N.C.M" } },
  { "the last rule goes", { rule("N.C", "M") }, {}, { "RequestRevert N.C.M" }, {} },
  { "no rules at all", {}, {}, {}, {} },
  { "all overloads, parameters are not looked at", {}, { rule("N.C", "O", { parameters = "System.Int32" }) }, {},
    { "RequestReJIT N.C.O, N.C.O" } },
  { "versions are not looked at", {}, { rule("N.C", "M", { min = "9.0" }) }, {}, { "RequestReJIT N.C.M" } },
  { "one call for all types, tokens ascending", {}, { rule("N.D", "M"), rule("N.C", "K"), rule("N.C", "M") }, {},
    { "RequestReJIT N.C.M, N.C.K, N.D.M" } },
  { "a method of two rules once", {}, { rule("N.C", "M", { max = "1" }), rule("N.C", "M", { min = "1" }) }, {}, { "RequestReJIT N.C.M" } },
  { "another assembly's rules", {}, { rule("N.C", "M", { assembly = "B" }) }, {}, {} },
  { "an assembly in other case", {}, { rule("N.C", "M", { assembly = "a" }) }, {}, {} },
  { "a type that is not there", {}, { rule("N.X", "M"), rule("N.C", "M") }, {}, { "RequestReJIT N.C.M" } },
  { "a method that is not there", {}, { rule("N.C", "X") }, {}, {} },
  { "nested types are not found", {}, { rule("N.D+E", "M") }, {}, {} },
  { "nested types are not asked back", { rule("N.D+E", "M") }, {}, {}, {} },
} do
  t:test("5: refresh: " .. row[1], { covers = { "E1", "live-instrumentation 4", "live-instrumentation 4.2", "live-instrumentation 4.6",
    "live-instrumentation 4.8",
    "live-instrumentation 5", "live-instrumentation 5.2", "live-instrumentation 5.3", "live-instrumentation 5.4",
      "live-instrumentation 5.5",
    "live-instrumentation 5.6", "selection-in-native 7.8" } }, function(s)
    local clr, m = start(s, row[2])
    m:jit_all()
    s:home { rules = row[3] }
    local result, happened = clr:call "InstrumentationRefresh"
    s:equal({ result, happened.reverts, happened.requests }, { "S_OK", row[4], row[5] })
  end)
end

t:test("5.5: what is asked back comes first, then what is asked for", { covers = { "live-instrumentation 5.5",
  "live-instrumentation 5.6" } }, function(s)
  local clr, m = start(s, { rule("N.C", "M") })
  m:jit_all()
  s:home { rules = { rule("N.C", "K") } }
  local _, happened = clr:call "InstrumentationRefresh"
  local kinds = {}
  for _, e in ipairs(happened.events) do
    if e.kind:find "^REQUEST" then kinds[#kinds + 1] = e.kind end
  end
  s:equal(kinds, { "REQUEST_REVERT", "REQUEST_REJIT" })
  s:log_has("[Debug] Revert success", "[Debug] ReJit success")
end)

t:test("4: after a refresh methods have their new rule, or none", { covers = { "E1", "live-instrumentation 4.5", "live-instrumentation 5",
  "selection-in-native 7.7" } }, function(s)
  local clr, m = start(s, { rule("N.C", "M", { factory = "F:1" }), rule("N.C", "K", { factory = "F:1" }) })
  s:contains(m:jit("N.C.M"):listing(), '"F:1"')
  m:jit "N.C.K"
  s:home { rules = { rule("N.C", "M", { factory = "F:2" }) } }
  s:equal(clr:call "InstrumentationRefresh", "S_OK")
  local n = clr:jit_pending()
  s:equal(n, 2)
  s:equal({ factory_of(m, "N.C.M"), m:body "N.C.K" }, { "F:2", "06 2a" })
end)

t:test("5: a method asked for whose parameters do not fit keeps its own code", { covers = { "live-instrumentation 5",
  "selection-in-native 7.8" } }, function(s)
  local clr, m = start(s, {})
  s:home { rules = { rule("N.C", "O", { parameters = "System.String" }) } }
  clr:call "InstrumentationRefresh"
  clr:jit_pending()
  s:equal(m:body "N.C.O#1", "06 2a")
  s:truth(m:body "N.C.O#2" ~= "06 2a", "the second overload has its tracer")
end)

t:test("4.5: the next compilation uses the new rules, also of types that a refresh does not find",
  { covers = { "live-instrumentation 4.5", "live-instrumentation 5" } }, function(s)
  local clr, m = start(s, {})
  s:home { rules = { rule("N.D+E", "M", { factory = "F:2" }) } }
  clr:call "InstrumentationRefresh"
  s:contains(m:jit("N.D+E.M"):listing(), '"F:2"')
end)

t:test("5: a nested type's method keeps its instrumentation when its rule goes", { covers = { "live-instrumentation 5" } }, function(s)
  local clr, m = start(s, { rule("N.D+E", "M", { factory = "F:1" }) })
  s:rewritten(m:jit "N.D+E.M")
  s:home { rules = {} }
  clr:call "InstrumentationRefresh"
  clr:jit_pending()
  s:equal(factory_of(m, "N.D+E.M"), "F:1")
end)

for _, bad in ipairs { "<extension><instrumentation>", "not XML", "<a" } do
  t:test(("4.4: a file '%s' cannot be read: S_FALSE, nothing changes"):format(bad), { covers = { "E1", "live-instrumentation 4.4" } },
    function(s)
    local clr, m = start(s, { rule("N.C", "M") })
    s:home { rules = { rule("N.C", "K") }, ["extensions/bad.xml"] = bad }
    local result, happened = clr:call "InstrumentationRefresh"
    s:equal({ result, happened.requests, happened.reverts }, { "S_FALSE", {}, {} })
    s:log_has "[Error] Unable to parse one or more instrumentation files.  Instrumentation will not be refreshed."
    s:rewritten(m:jit "N.C.M")
    s:untouched(m:jit "N.C.K")
  end)
end

for _, empty in ipairs { "", '<?xml version="1.0"?>', "<other/>",
  '<?xml version="1.0"?><extension><instrumentation></wrong></extension>' } do
  t:test(("4.4: a file '%s' is no fault"):format(empty), { covers = { "live-instrumentation 4.4" } }, function(s)
    local clr = start(s, {})
    s:home { rules = { rule("N.C", "K") }, ["extensions/other.xml"] = empty }
    local result, happened = clr:call "InstrumentationRefresh"
    s:equal({ result, happened.requests }, { "S_OK", { "RequestReJIT N.C.K" } })
  end)
end

t:test("4.3: a refresh keeps the ignore list; ReloadConfiguration takes the new one", { covers = { "E2", "live-instrumentation 3",
  "live-instrumentation 3.3", "live-instrumentation 4.3" } }, function(s)
  local clr, m = start(s, { rule("N.C", "M"), rule("N.D", "M") }, { ignore = { { "A", "N.D" } } })
  s:equal(m.requests, { "RequestReJIT N.C.M" })
  s:home { config = { ignore = { { "A", "N.C" } } } }
  local _, happened = clr:call "InstrumentationRefresh"
  s:equal({ happened.reverts, happened.requests }, { {}, { "RequestReJIT N.C.M" } })
  local result, after = clr:call "ReloadConfiguration"
  s:equal({ result, after.reverts, after.requests }, { "S_OK", { "RequestRevert N.C.M" }, { "RequestReJIT N.D.M" } })
  s:log_has("[Info ] Reloading newrelic.config files.")
  local _, again = clr:call "InstrumentationRefresh"
  s:equal({ again.reverts, again.requests }, { {}, { "RequestReJIT N.D.M" } })
end)

t:test("3.2: ReloadConfiguration changes the level at once", { covers = { "E2", "live-instrumentation 3.1",
  "live-instrumentation 3.2" } }, function(s)
  local clr = start(s, {}, { level = "info" })
  s:home { config = { level = "finest" } }
  s:equal(clr:call "ReloadConfiguration", "S_OK")
  s:log_has("[Info ] Reloading newrelic.config files.", "[Info ] <-- New logging level set: Trace",
    "Enter: InstrumentationRefreshWithNewIgnoreList",
    "Leave: InstrumentationRefreshWithNewIgnoreList")
  s:home { config = { level = "error" } }
  s:equal(clr:call "ReloadConfiguration", "S_OK")
  local before = #s:log()
  s:equal(clr:call "InstrumentationRefresh", "S_OK")
  s:equal(#s:log(), before)
end)

t:test("3: a configuration that cannot be read is answered with a failure, and the old one stays", { covers = { "E2" }, crashes = "E2" },
  function(s)
  local clr, m = start(s, { rule("N.C", "M") })
  s:home { config = '<?xml version="1.0"?><other/>' }
  local result, happened = clr:call "ReloadConfiguration"
  s:equal({ result, happened.requests }, { "E_FAIL", {} })
  s:rewritten(m:jit "N.C.M")
end)

t:test("3.4: ReloadConfiguration changes nothing of the decision, of the mask or of the log's place",
  { covers = { "live-instrumentation 3.4", "com-and-lifecycle 6" } }, function(s)
  local clr, m = start(s, { rule("N.C", "M") })
  s:home { config = { enabled = false } }
  s:equal(clr:call "ReloadConfiguration", "S_OK")
  s:equal({ clr:mask() }, { 0xB0040224, 8 })
  s:equal(#clr:events "MASK", 1)
  s:rewritten(m:jit "N.C.M")
end)

t:test("5.1: a module that cannot be asked for its assembly is passed over", { covers = { "live-instrumentation 5.1" } }, function(s)
  s:home { rules = {} }
  local clr = s:core()
  clr:fail("ICorProfilerInfo", "GetAssemblyInfo", 0, "E_FAIL") -- before it loads: a library may keep names that it has asked for
  clr:load(s:assembly { name = "A", types = { { name = "N.C", methods = { method "M" } } } })
  s:home { rules = { rule("N.C", "M") } }
  local result, happened = clr:call "InstrumentationRefresh"
  s:equal({ result, happened.requests }, { "S_OK", {} })
  s:log_has "[Error] Function 'GetAssemblyName' failed.  HRESULT: -2147467259"
end)

t:test("5.3: metadata that cannot be read: nothing is asked for", { covers = { "live-instrumentation 5.3" } }, function(s)
  local clr = start(s, {})
  s:home { rules = { rule("N.C", "M") } }
  clr:fail("ICorProfilerInfo", "GetModuleMetaData", 0, "E_FAIL")
  local result, happened = clr:call "InstrumentationRefresh"
  s:equal({ result, happened.requests }, { "S_OK", {} })
end)

t:test("4.8: the result does not depend on what the requests were answered", { covers = { "live-instrumentation 4.8" } }, function(s)
  local clr, m = start(s, { rule("N.C", "M") })
  m:jit_all()
  s:home { rules = { rule("N.C", "K") } }
  clr:fail("ICorProfilerInfo", "RequestReJIT", 0, "E_FAIL")
  clr:fail("ICorProfilerInfo", "RequestRevert", 0, "E_FAIL")
  s:equal(clr:call "InstrumentationRefresh", "S_OK")
  s:log_has("[Debug] Revert failed", "[Debug] ReJit failed")
end)

t:test("5: every module of an assembly's name, and more than a hundred modules", { covers = { "live-instrumentation 5" } }, function(s)
  local clr = start(s, {})
  for i = 1, 120 do clr:load(s:assembly { name = "B" .. i % 60, types = { { name = "N.C", methods = { method "M" } } } }) end
  s:home { rules = { rule("N.C", "M", { assembly = "B1" }), rule("N.C", "M", { assembly = "B59" }) } }
  local _, happened = clr:call "InstrumentationRefresh"
  s:equal(#happened.requests, 4)
end)

t:test("5: a module that is gone is not asked any more", { covers = { "live-instrumentation 5" } }, function(s)
  local clr, m = start(s, { rule("N.C", "M") })
  m:unload()
  local result, happened = clr:call "InstrumentationRefresh"
  s:equal({ result, happened.requests }, { "S_OK", {} })
end)

t:test("1: .NET Framework: a refresh finds modules in the same way", { covers = { "live-instrumentation 5" } }, function(s)
  s:home { rules = {} }
  local clr = s:desktop()
  local m = clr:load(s:assembly { name = "A", types = { { name = "N.C", methods = { method "M" } } } })
  s:untouched(m:jit "N.C.M")
  s:home { rules = { rule("N.C", "M") } }
  local _, happened = clr:call "InstrumentationRefresh"
  s:equal(happened.requests, { "RequestReJIT N.C.M" })
  clr:jit_pending()
  s:truth(m:body "N.C.M" ~= "06 2a", "instrumented")
end)

t:test("4.1: at TRACE a refresh says where it begins and ends", { covers = { "live-instrumentation 4.1", "live-instrumentation 4.8",
  "E1" } }, function(s)
  local clr = start(s, {}, { level = "finest" })
  clr:call "InstrumentationRefresh"
  s:log_has("[Info ] Refreshing instrumentation", "Enter: InstrumentationRefresh", "Enter: InstrumentationRefreshWithNewIgnoreList",
    "Leave: InstrumentationRefreshWithNewIgnoreList")
end)

t:test("4.7: EnumModules fails: the error is logged and the process lives", { covers = { "live-instrumentation 4.7" },
  crashes = "live-instrumentation 4.7" }, function(s)
  local clr, m = start(s, {})
  s:home { rules = { rule("N.D+E", "M") } }
  clr:fail("ICorProfilerInfo", "EnumModules", 0, "E_FAIL")
  local _, happened = clr:call "InstrumentationRefresh"
  s:equal(happened.requests, {})
  s:log_has "[Error] Function 'RejitInstrumentationPoints' failed.  HRESULT: -2147467259"
  s:rewritten(m:jit "N.D+E.M") -- the new rules are in force
end)

t:test("3.5: process lists are read again, without effect", { covers = { "live-instrumentation 3.5", "live-instrumentation 3.4" } },
  function(s)
  local clr, m = start(s, { rule("N.C", "M") })
  s:env { NEW_RELIC_EXCLUDED_APPLICATION_NAMES = "nrprof,nrprof.exe" }
  s:equal(clr:call "ReloadConfiguration", "S_OK")
  s:rewritten(m:jit "N.C.M")
end)

t:test("6: a compilation between two refreshes sees whole rule sets only", { covers = { "live-instrumentation 6" } }, function(s)
  local clr, m = start(s, { rule("N.C", "M", { factory = "F:0" }) })
  for i = 1, 20 do
    s:home { rules = { rule("N.C", "M", { factory = "F:" .. i }) } }
    s:equal(clr:call "InstrumentationRefresh", "S_OK")
    s:contains(m:jit("N.C.M"):listing(), '"F:' .. i .. '"')
  end
end)
