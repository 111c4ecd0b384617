-- selection-in-native.md 7 and com-and-lifecycle.md 8.3 to 8.5: the ReJIT protocol.

local scenario = require "nrprof.scenario"
local t = scenario.suite "lifecycle ReJIT"

local M = { name = "M", sig = "00 00 01", body = "06 2a" }
local GENERIC = { name = "G", sig = "10 01 00 01", generic = { "T" }, body = "06 2a" }
local function rule(method) return { assembly = "A", class = "N.C", method = method } end

local function start(s, flavour, names, methods, type_more)
  s:home { rules = { rule(names) } }
  local type_spec = { name = "N.C", methods = methods }
  for k, v in pairs(type_more or {}) do type_spec[k] = v end
  return s[flavour](s):load(s:assembly { name = "A", types = { type_spec } })
end

local function kinds(r)
  local wanted, list = { JIT = true, GET_REJIT = true, REQUEST_REJIT = true, SET_IL = true, REJIT_ERROR = true, REQUEST_REVERT = true }, {}
  for _, e in ipairs(r.events) do
    if wanted[e.kind] then list[#list + 1] = e.kind .. (e.result == "S_OK" and "" or " " .. e.result) end
  end
  return list
end

t:test("7.1: .NET Framework: JIT, request, GetReJITParameters, body", { covers = { "selection-in-native 7.1", "com-and-lifecycle 8.3.4",
  "com-and-lifecycle 8.3.5", "com-and-lifecycle 8.4" } }, function(s)
  local m = start(s, "desktop", "M", { M })
  local r = m:jit "N.C.M"
  s:equal(kinds(r), { "REQUEST_REJIT", "JIT", "SET_IL", "GET_REJIT" })
  s:equal({ r.jit_result, r.rejit_result, r.via }, { "S_OK", "S_OK", "rejit" })
  s:log_has("[Debug] Request reJIT: [" .. m:function_id "N.C.M" .. "] " .. m:described "N.C.M",
    "[Info ] Instrumenting method: " .. m:described "N.C.M")
end)

t:test("7.1: CoreCLR: asked for when the module loads, no JITCompilationStarted", { covers = { "selection-in-native 7.1",
  "com-and-lifecycle 7.3" } }, function(s)
  local m = start(s, "core", "M", { M })
  local r = m:jit "N.C.M"
  s:equal(kinds(r), { "SET_IL", "GET_REJIT" })
  s:equal(r.jit_result, nil)
  s:log_lacks "Request reJIT: ["
end)

t:test("7.1: CoreCLR: a method found by its attribute takes the other way", { covers = { "selection-in-native 7.1" } }, function(s)
  local m = start(s, "core", "K", { { name = "M", sig = "00 00 01", body = "06 2a",
    attributes = { "[X]NewRelic.Api.Agent.TraceAttribute" } } })
  s:equal(kinds(m:jit "N.C.M"), { "REQUEST_REJIT", "JIT", "SET_IL", "GET_REJIT" })
end)

t:test("8.3.6: the function id is in the code as ldc.i8", { covers = { "com-and-lifecycle 8.3.6", "Q1" } }, function(s)
  local m = start(s, "core", { "M", "K" }, { M, { name = "K", sig = "00 00 01", body = "06 2a" } })
  local a, b = m:jit "N.C.M", m:jit "N.C.K"
  for name, r in pairs { ["N.C.M"] = a, ["N.C.K"] = b } do
    s:truth(scenario.image.bytes(r.code):find("\x25\x1f\x0a\x21" .. string.pack("<I8", m:function_id(name)) .. "\x8c", 1, true), name)
  end
end)

-- ---- generic methods -------------------------------------------------------------------------------------------------------------

local RESOLVER = { "selection-in-native 3.1", "selection-in-native 7", "com-and-lifecycle 8.5", "selection-in-native 7.2",
  "selection-in-native 7.3", "selection-in-native 7.4", "com-and-lifecycle 8.5.1", "com-and-lifecycle 8.5.2",
  "com-and-lifecycle 8.5.3", "Q58" }
for _, row in ipairs { { "a generic method", { GENERIC }, nil, "N.C.G", "G" },
  { "a method of a generic type", { M }, { generic = { "T" } }, "N.C.M", "M" } } do
  t:test("7.4: CoreCLR: " .. row[1] .. " takes two rounds", { covers = RESOLVER }, function(s)
    local m = start(s, "core", row[5], row[2], row[3])
    s:equal(m.requests, { "RequestReJIT " .. row[4] })
    local r = m:jit(row[4])
    s:equal(kinds(r), { "GET_REJIT S_FALSE", "REQUEST_REJIT", "SET_IL", "GET_REJIT" })
    s:equal(r.requests, { "RequestReJIT " .. row[4] })
    s:rewritten(r)
    s:log_has("[Debug] Requesting a reJIT of a generic function", "Instrumenting method: ")
  end)

  t:test("7.2: .NET Framework: " .. row[1] .. " is remembered at its JIT", { covers = RESOLVER }, function(s)
    local m = start(s, "desktop", row[5], row[2], row[3])
    local r = m:jit(row[4])
    s:equal(kinds(r), { "REQUEST_REJIT", "JIT", "SET_IL", "GET_REJIT" })
    s:log_lacks "Requesting a reJIT of a generic function"
  end)

  t:test("Q58: the next ReJIT of " .. row[1] .. " needs the round trip: what was remembered is used up", { covers = RESOLVER }, function(s)
    local m = start(s, "desktop", row[5], row[2], row[3])
    m:jit(row[4])
    for _ = 1, 2 do
      s:equal(m.clr:call "InstrumentationRefresh", "S_OK")
      s:equal(kinds(m:jit(row[4])), { "GET_REJIT S_FALSE", "REQUEST_REJIT", "SET_IL", "GET_REJIT" })
    end
  end)
end

t:test("Q26: generic methods of several modules with the same tokens are kept apart", { covers = { "Q26", "C15",
  "selection-in-native 7.6" },
  only_ours = "the reference's order is none; look-ups can miss" }, function(s)
  s:home { rules = { { assembly = "A", class = "N.C", method = { "G", "H", "I" } } } }
  local clr, modules = s:core(), {}
  for i = 1, 5 do
    local methods = {}
    for k, name in ipairs { "G", "H", "I" } do methods[k] = { name = name, sig = "10 01 00 01", generic = { "T" }, body = "06 2a" } end
    modules[i] = clr:load(s:assembly { name = "A", types = { { name = "N.C", methods = methods } } })
  end
  for _, name in ipairs { "N.C.H", "N.C.G", "N.C.I" } do
    for i = 5, 1, -1 do s:rewritten(modules[i]:jit(name)) end
  end
end)

t:test("7.3: GetFunctionFromToken fails: logged, S_FALSE, the method stays", { covers = { "selection-in-native 7.3",
  "selection-in-native 9", "com-and-lifecycle 8.5.1", "com-and-lifecycle 8.4" } }, function(s)
  local m = start(s, "core", "M", { M })
  m.clr:fail("ICorProfilerInfo", "GetFunctionFromToken", 1, "E_FAIL")
  local r = m:jit "N.C.M"
  s:untouched(r)
  s:equal({ r.rejit_result, #r.requests }, { "S_FALSE", 0 })
  s:log_has "GetFunctionFromToken call failed: 0x"
end)

t:test("7.4: GetFunctionInfo fails in ReJITCompilationStarted: no second round", { covers = { "selection-in-native 7.4",
  "com-and-lifecycle 8.5.3" } }, function(s)
  local m = start(s, "core", "G", { GENERIC })
  m.clr:fail("ICorProfilerInfo", "GetFunctionInfo", 0, "E_FAIL")
  local r = m:jit "N.C.G"
  s:equal({ r.written, r.result, #r.requests }, { false, "S_OK", 0 })
end)

t:test("8.5.3: GetFunctionInfo must answer exactly S_OK there", { covers = { "com-and-lifecycle 8.5.3" } }, function(s)
  local m = start(s, "core", "G", { GENERIC })
  m.clr:fail("ICorProfilerInfo", "GetFunctionInfo", 1, "S_FALSE")
  local r = m:jit "N.C.G"
  s:equal({ r.written, #r.requests }, { false, 0 })
end)

-- ---- again and again ----------------------------------------------------------------------------------------------------------------

t:test("7.7: a ReJIT starts from the original body, and asks for all tokens again", { covers = { "selection-in-native 7.7" } }, function(s)
  local m = start(s, "core", "M", { M })
  local first = m:jit "N.C.M"
  s:equal(m.clr:call "InstrumentationRefresh", "S_OK")
  local second = m:jit "N.C.M"
  s:equal(second.body, first.body)
  s:equal(second.added, {})
  m:give("N.C.M", "0a 00 2a")
  s:equal(m.clr:call "InstrumentationRefresh", "S_OK")
  s:bytes(m:jit("N.C.M").user, "00 00")
end)

t:test("Q4: token numbers depend on the order in which methods are compiled", { covers = { "Q4" } }, function(s)
  local function added(names)
    local m = start(s, "core", { "M", "K" }, { M, { name = "K", sig = "00 01 01 0c", body = "06 2a" } })
    local list = {}
    for _, name in ipairs(names) do list[#list + 1] = table.concat(m:jit(name).added, "\n") end
    m.clr:shutdown()
    return list
  end
  local list = added { "N.C.K", "N.C.M" }
  s:contains(list[1], "]System.Single")
  s:truth(not list[2]:find "01%x%x%x%x%x%x [^\n]*Object", "the first one has made Object")
  s:contains(list[1], "01000001 [System.Runtime,0.0.0.0,]System.Object")
end)

t:test("Q4: and on what an unfinished rewrite left behind", { covers = { "Q4", "Q44" } }, function(s)
  local m = start(s, "core", { "M", "P" }, { M, { name = "P", sig = "00 00 0f 08", body = "0a 14 2a" } })
  local r = m:jit "N.C.P"
  s:untouched(r, "E_FAIL", true)
  s:truth(#r.added > 5, "definitions were made")
  local next = m:jit "N.C.M"
  s:rewritten(next)
  for _, line in ipairs(next.added) do s:truth(not line:find "System.Object$", "made again: " .. line) end
end)

t:test("8.2.9: a method that fails once is looked at again at its next ReJIT", { covers = { "selection-in-native 7.7",
  "com-and-lifecycle 8.4" } }, function(s)
  local m = start(s, "core", "M", { M })
  m.clr:fail("IMetaDataEmit", "DefineMemberRef", 1, "E_FAIL")
  s:untouched(m:jit "N.C.M", "E_FAIL", true)
  s:equal(m.clr:call "InstrumentationRefresh", "S_OK")
  s:rewritten(m:jit "N.C.M")
end)

t:test("7: modules of the same assembly name are each asked for", { covers = { "com-and-lifecycle 7.3", "selection-in-native 7.5" } },
  function(s)
  s:home { rules = { rule "M" } }
  local clr = s:core()
  for _ = 1, 3 do
    local m = clr:load(s:assembly { name = "A", types = { { name = "N.C", methods = { M } } } })
    s:equal(m.requests, { "RequestReJIT N.C.M" })
    s:rewritten(m:jit "N.C.M")
  end
end)

t:test("a module that is unloaded is forgotten; another one gets its place", { covers = { "com-and-lifecycle 7" } }, function(s)
  s:home { rules = { rule "M" } }
  local clr = s:core()
  local first = clr:load(s:assembly { name = "A", types = { { name = "N.C", methods = { M } } } })
  s:rewritten(first:jit "N.C.M")
  s:equal(first:unload(), "S_OK")
  s:rewritten(clr:load(s:assembly { name = "A", types = { { name = "N.C", methods = { M } } } }):jit "N.C.M")
end)
