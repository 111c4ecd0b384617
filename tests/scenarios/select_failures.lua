-- selection-in-native.md 1.2, 2, 3 and 9: calls of the CLR that fail while a method is looked at, and what the callback answers.

local scenario = require "nrprof.scenario"
local t = scenario.suite "selection failures"

local function target(s, more)
  local spec = { body = "06 2a", sig = "00 01 01 0e" }
  for k, v in pairs(more or {}) do spec[k] = v end
  return s:method(spec)
end

-- Every call of a slot fails. { interface, slot, result at JIT (.NET Framework), result at ReJIT (core) }
local SLOTS = {
  { "ICorProfilerInfo", "GetFunctionInfo" }, { "ICorProfilerInfo", "GetModuleInfo" }, { "ICorProfilerInfo", "GetAssemblyInfo" },
  { "ICorProfilerInfo", "GetTokenAndMetaDataFromFunction" }, { "ICorProfilerInfo", "GetAppDomainInfo" }, { "ICorProfilerInfo",
    "GetILFunctionBody" },
  { "IMetaDataImport", "GetMethodProps" }, { "IMetaDataImport", "GetTypeDefProps" },
  { "IMetaDataAssemblyImport", "GetAssemblyFromScope" }, { "IMetaDataAssemblyImport", "GetAssemblyProps" },
}
for _, row in ipairs(SLOTS) do
  for _, flavour in ipairs { "JIT", "ReJIT" } do
    t:test(("2, 3: %s fails at %s: E_FAIL, the method stays"):format(row[2], flavour), { covers = { "selection-in-native 1.1",
      "selection-in-native 1.2",
      "selection-in-native 2", "selection-in-native 3", "selection-in-native 9", "com-and-lifecycle 8", "com-and-lifecycle 8.1",
        "com-and-lifecycle 8.2", "com-and-lifecycle 8.2.1", "com-and-lifecycle 8.2.7" } }, function(s)
      local m = target(s, { desktop = flavour == "JIT" })
      m.clr:fail(row[1], row[2], 0, "E_FAIL")
      local r = m:jit()
      m.clr:fail_none()
      s:untouched(r, "E_FAIL", true)
      s:equal(#r.requests, 0)
      s:log_has "[Error] An exception was thrown while getting details about a function."
    end)
  end
end

t:test("2: GetNestedClassProps fails: E_FAIL", { covers = { "selection-in-native 2" } }, function(s)
  s:home { rules = { { assembly = "A", class = "N.X+Y", method = "M" } } }
  local m = s:core():load(s:assembly { name = "A", types = { { name = "N.X", types = { { name = "Y", methods = { { name = "M",
    sig = "00 00 01", body = "06 2a" } } } } } } })
  m.clr:fail("IMetaDataImport", "GetNestedClassProps", 0, "E_FAIL")
  s:untouched(m:jit "N.X+Y.M", "E_FAIL")
end)

-- 5, step 6 of 3: an attribute whose look-up fails is absent.
for _, result in ipairs { "E_FAIL", "S_FALSE", "CLDB_E_RECORD_NOTFOUND", "META_S_DUPLICATE" } do
  t:test("5: GetCustomAttributeByName answers " .. result .. ": no attribute", { covers = { "selection-in-native 5", "Q53",
    "com-and-lifecycle 8.2.2" } }, function(s)
    s:home { rules = { { assembly = "A", class = "N.C", method = "K" } } }
    local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = {
      { name = "M", sig = "00 00 01", body = "06 2a", attributes = { "[NewRelic.Api.Agent]NewRelic.Api.Agent.TraceAttribute" } },
      { name = "K", sig = "00 00 01", body = "06 2a",
        attributes = { "[System.Runtime]System.Runtime.CompilerServices.AsyncStateMachineAttribute" } } } } } })
    m.clr:fail("IMetaDataImport", "GetCustomAttributeByName", 0, result)
    s:untouched(m:jit "N.C.M")
    local r = m:jit "N.C.K"
    s:truth(scenario.image.bytes(r.code):find("\x25\x17\x20\x00\x34\x00\x00\x8c", 1, true), "not async")
  end)
end

-- ---- 1.2: faults of instrumentors -----------------------------------------------------------------------------------------------

-- { what, method, a log line }
for _, row in ipairs {
  { "a signature that ends too soon", { sig = "00 02 01 0e" },
    "[Error] An SignatureParserException was thrown while possibly instrumenting function: M" },
  { "an element type that is none", { sig = "00 01 01 3f" },
    "[Error] An SignatureParserException was thrown while possibly instrumenting function: M" },
  { "a pointer is returned", { sig = "00 00 0f 08", body = "0a 14 2a" } },
  { "a reference is returned", { sig = "00 00 10 08", body = "0a 14 2a" } },
} do
  t:test("1.2: " .. row[1] .. ": E_FAIL", { covers = { "selection-in-native 1.2", "selection-in-native 9", "com-and-lifecycle 8.2.9" } },
    function(s)
    local m = target(s, row[2])
    local r = m:jit()
    s:untouched(r, "E_FAIL", true)
    if row[3] then s:log_has(row[3]) end
  end)
  t:test("1.2: " .. row[1] .. " (.NET Framework): never written", { covers = { "selection-in-native 1.2", "selection-in-native 9" } },
    function(s)
    local spec = { desktop = true }
    for k, v in pairs(row[2]) do spec[k] = v end
    local m = target(s, spec)
    local r = m:jit()
    s:untouched(r, "E_FAIL", true)
    s:equal(#r.requests, row[3] and 0 or 1) -- a bad signature ends it at JIT, a result that cannot be stored at ReJIT
  end)
end

for _, row in ipairs { { "the function control", {}, "ICorProfilerFunctionControl", "SetILFunctionBody" } } do
  t:test("9: " .. row[1] .. " refuses the body: E_FAIL", { covers = { "selection-in-native 9" } }, function(s)
    local m = target(s, row[2])
    m.clr:fail(row[3], row[4], 1, "E_FAIL")
    s:untouched(m:jit(), "E_FAIL", true)
  end)
end

t:test("9: SetILFunctionBody refuses an API body: E_FAIL", { covers = { "selection-in-native 9", "selection-in-native 1" } }, function(s)
  local m = s:api_method { body = "06 2a" }
  m.clr:fail("ICorProfilerInfo", "SetILFunctionBody", 1, "E_FAIL")
  s:untouched(m:jit(), "E_FAIL", true)
end)

t:test("9: a ReJIT request that fails is logged, and S_OK", { covers = { "selection-in-native 9", "selection-in-native 4.3",
  "com-and-lifecycle 8.3.4" } }, function(s)
  local m = target(s, { desktop = true })
  m.clr:fail("ICorProfilerInfo", "RequestReJIT", 1, "E_FAIL")
  local r = m:jit()
  s:untouched(r)
  s:log_has("Request reJIT: [", "[Error] ReJIT failed for " .. m:described(nil, "System.String"))
end)

for _, row in ipairs { { "IMetaDataEmit", "GetTokenFromSig" }, { "IMetaDataEmit", "DefineTypeRefByName" }, { "IMetaDataEmit",
  "DefineMemberRef" }, { "IMetaDataEmit", "DefineUserString" },
  { "IMetaDataEmit", "GetTokenFromTypeSpec" } } do
  t:test("9: " .. row[2] .. " fails during the rewrite: E_FAIL, nothing written", { covers = { "selection-in-native 9",
    "selection-in-native 1.2" } }, function(s)
    local m = target(s)
    m.clr:fail(row[1], row[2], 1, "E_OUTOFMEMORY")
    local r = m:jit()
    m.clr:fail_none()
    s:untouched(r, "E_FAIL", true)
  end)
end

-- ---- ModuleLoadFinished on CoreCLR ------------------------------------------------------------------------------------------------

local MODULE = { "module-injection 6", "com-and-lifecycle 7", "com-and-lifecycle 7.1", "com-and-lifecycle 7.4" }
for _, row in ipairs { { "ICorProfilerInfo", "GetModuleInfo" }, { "ICorProfilerInfo", "GetAssemblyInfo" }, { "ICorProfilerInfo",
  "GetModuleMetaData" },
  { "IMetaDataImport", "FindTypeDefByName" }, { "IMetaDataImport", "EnumMethodsWithName" } } do
  t:test(("6: %s fails when a module loads: S_OK, nothing asked for; the first JIT finds the method"):format(row[2]), { covers = MODULE },
    function(s)
    s:home { rules = { { assembly = "A", class = "N.C", method = "M" } } }
    local clr = s:core()
    clr:fail(row[1], row[2], 0, "E_FAIL")
    local m = clr:load(s:assembly { name = "A", types = { { name = "N.C", methods = { { name = "M", sig = "00 00 01",
      body = "06 2a" } } } } })
    s:equal({ m.result, m.requests }, { "S_OK", {} })
    clr:fail_none()
    local r = m:jit "N.C.M"
    s:rewritten(r)
    s:equal(r.requests, { "RequestReJIT N.C.M" })
  end)
end

t:test("6: RequestReJIT fails when a module loads: S_OK; the first JIT asks again", { covers = { "com-and-lifecycle 7.3",
  "module-injection 6" } }, function(s)
  s:home { rules = { { assembly = "A", class = "N.C", method = "M" } } }
  local clr = s:core()
  clr:fail("ICorProfilerInfo", "RequestReJIT", 1, "E_FAIL")
  local m = clr:load(s:assembly { name = "A", types = { { name = "N.C", methods = { { name = "M", sig = "00 00 01",
    body = "06 2a" } } } } })
  s:equal(m.result, "S_OK")
  s:log_has "[Debug] ReJit failed"
  s:rewritten(m:jit "N.C.M")
end)

t:test("6: a module that failed to load is answered S_OK and asked nothing", { covers = { "com-and-lifecycle 7.1",
  "module-injection 6" } }, function(s)
  s:home { rules = { { assembly = "A", class = "N.C", method = "M" } } }
  local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = { { name = "M", sig = "00 00 01",
    body = "06 2a" } } } } }, { status = "E_FAIL" })
  s:equal({ m.result, m.requests }, { "S_OK", {} })
end)

-- { what, rules, requests }
local function r(class, method, more)
  local x = { assembly = "A", class = class, method = method }
  for k, v in pairs(more or {}) do x[k] = v end
  return x
end
for _, row in ipairs {
  { "one method", { r("N.C", "M") }, { "RequestReJIT N.C.M" } },
  { "all overloads, whatever the parameters", { r("N.C", "O", { parameters = "System.Int32" }) },
    { "RequestReJIT N.C.O, N.C.O, N.C.O, N.C.O, N.C.O, N.C.O" } },
  { "one call, tokens ascending, each once", { r("N.D", "M"), r("N.C", "M"), r("N.C", "M", { parameters = "" }) },
    { "RequestReJIT N.C.M, N.D.M" } },
  { "whatever the version", { r("N.C", "M", { min = "9" }) }, { "RequestReJIT N.C.M" } },
  { "not for another assembly", { r("N.C", "M", { assembly = "B" }) }, {} },
  { "not for the name in other case", { r("N.c", "M"), r("N.C", "m") }, {} },
  { "not for nested types", { r("N.D+E", "M"), r("E", "M") }, {} },
} do
  t:test("6: a module loads: " .. row[1], { covers = { "com-and-lifecycle 7.2", "com-and-lifecycle 7.3", "module-injection 6",
    "module-injection 6.1", "selection-in-native 7.1" } }, function(s)
    s:home { rules = row[2] }
    local methods = { { name = "M", sig = "00 00 01", body = "06 2a" } }
    for i = 1, 6 do methods[i + 1] = { name = "O", sig = ("00 %02x 01"):format(i) .. (" 08"):rep(i), body = "06 2a" } end
    local one = { { name = "M", sig = "00 00 01", body = "06 2a" } }
    local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = methods }, { name = "N.D", methods = one,
      types = { { name = "E", methods = one } } } } })
    s:equal({ m.result, m.requests }, { "S_OK", row[3] })
  end)
end
