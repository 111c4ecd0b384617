-- selection-in-native.md 4.1 and 4.2: helpers of mscorlib and methods of the agent's API are written at their first JIT.

local scenario = require "nrprof.scenario"
local t = scenario.suite "selection shims"

-- ---- 4.1: helpers ---------------------------------------------------------------------------------------------------------------

local EXCEPTION = "System.CannotUnloadAppDomainException"
local TYPES = { "System.Object", "System.Type", "System.Reflection.Assembly", "System.Reflection.MethodInfo" }

-- An mscorlib that has the six methods already, so that a library that adds none fills them in, too. There is no constructor of
-- the exception: module injection finds nothing to copy.
local function corlib(s, path, more)
  local function static(name, sig) return { name = name, sig = sig, body = "06 2a" } end
  local types = {}
  for i, name in ipairs(TYPES) do types[i] = { name = name } end       -- 02000002 … 02000005
  types[2].methods = { { name = "GetMethod", sig = "20 01 12 14 0e", body = "06 2a" }, { name = "GetMethod",
    sig = "20 02 12 14 0e 1d 12 0c", body = "06 2a" } }
  types[3].methods = { static("LoadFrom", "00 01 12 10 0e"), { name = "GetType", sig = "20 01 12 0c 0e", body = "06 2a" } }
  types[5] = { name = "System.AppDomain", methods = { static("get_CurrentDomain", "00 00 12 18"),
    { name = "GetData", sig = "20 01 1c 0e", body = "06 2a" }, { name = "SetData", sig = "20 02 01 0e 1c", body = "06 2a" } } }
  types[6] = { name = "System.Exception", methods = { { name = ".ctor", sig = "20 01 01 0e", body = "06 2a" } } }
  types[7] = { name = EXCEPTION, methods = {
    static("LoadAssemblyOrThrow", "00 01 12 10 0e"), static("GetTypeViaReflectionOrThrow", "00 02 12 0c 0e 0e"),
    static("GetMethodViaReflectionOrThrow", "00 04 12 14 0e 0e 0e 1d 12 0c"), static("GetMethodFromAppDomainStorage", "00 01 12 14 0e"),
    static("GetMethodFromAppDomainStorageOrReflectionOrThrow", "00 05 12 14 0e 0e 0e 0e 1d 12 0c"),
    static("StoreMethodInAppDomainStorageOrThrow", "00 02 01 12 14 0e"),
    static("GetThreadLocalBoolean", "00 01 02 0e"), static("SetThreadLocalBoolean", "00 02 01 0e 02"),
    static("GetAppDomainBoolean", "00 01 02 0e"), static("SetAppDomainBoolean", "00 02 01 0e 02"), static("Other", "00 00 01") } }
  for k, v in pairs(more or {}) do types[7][k] = v end
  return s:desktop():load(s:assembly { name = "mscorlib", refs = {}, types = types }, { path = path or "/fx/mscorlib.dll" })
end

-- injected-code.md 7.1, tokens symbolic.
local HELPERS = {
  { "LoadAssemblyOrThrow", "62 02 28 ???????? 25 3a 0b000000 72 ???????? 73 ???????? 7a 2a" },
  { "GetTypeViaReflectionOrThrow", "7a 02 28 ???????? 03 6f ???????? 25 3a 0b000000 72 ???????? 73 ???????? 7a 2a" },
  { "GetMethodViaReflectionOrThrow",
    "d6 02 03 28 ???????? 04 05 39 0b000000 05 6f ???????? 38 0a000000 6f ???????? 38 00000000 25 3a 0b000000 72 ???????? 73 ???????? 7a 2a" },
  { "GetMethodFromAppDomainStorage", "8a 28 ???????? 25 3a 0b000000 72 ???????? 73 ???????? 7a 02 6f ???????? 74 ???????? 2a" },
  { "GetMethodFromAppDomainStorageOrReflectionOrThrow",
    "7e 02 28 ???????? 25 3a 12000000 26 03 04 05 0e 04 28 ???????? 25 02 28 ???????? 2a" },
  { "StoreMethodInAppDomainStorageOrThrow", "7a 28 ???????? 25 3a 0b000000 72 ???????? 73 ???????? 7a 03 02 6f ???????? 2a" },
}
for _, row in ipairs(HELPERS) do
  t:test("4.1: helper " .. row[1] .. " is written at its first JIT", {
    covers = { "selection-in-native 4.1", "selection-in-native 7.1", "com-and-lifecycle 8.2.8", "module-injection 5.4" } }, function(s)
    local m = corlib(s)
    local r = m:jit(EXCEPTION .. "." .. row[1])
    s:equal({ r.result, r.written, r.via, r.requests }, { "S_OK", true, "info", {} })
    s:bytes(r.body, row[2])
    s:log_has("Instrumenting helper method: (Module: /fx/mscorlib.dll, AppDomain: DefaultDomain)[mscorlib]" .. EXCEPTION .. "." .. row[1])
    for _, e in ipairs(r.emits) do s:equal(e.name, "DefineUserString") end
  end)
end

for _, name in ipairs { "GetThreadLocalBoolean", "SetThreadLocalBoolean", "GetAppDomainBoolean" } do
  t:test("4.1: " .. name .. " has no body to be given", { covers = { "selection-in-native 4.1", "Q55" } }, function(s)
    local m = corlib(s)
    s:untouched(m:jit(EXCEPTION .. "." .. name))
    s:log_has("Instrumenting helper method: ", "[Error] Attempted to instrument an unknown helper method in mscorlib.")
  end)
end

t:test("4.1: SetAppDomainBoolean and other methods do not get that far", { covers = { "selection-in-native 4.1",
  "selection-in-native 2.1" } }, function(s)
  local m = corlib(s)
  s:untouched(m:jit(EXCEPTION .. ".SetAppDomainBoolean"))
  s:untouched(m:jit(EXCEPTION .. ".Other"))
  s:log_lacks "Instrumenting helper method"
end)

for _, row in ipairs { { "/fx/mscorlib.dll", true }, { "/x/foomscorlib.dll", true }, { "mscorlib.dll", true }, { "/fx/MSCORLIB.DLL" },
  { "/fx/mscorlib.ni.dll" }, { "/fx/mscorlib.dll.bak" }, { "/fx/System.Private.CoreLib.dll" } } do
  t:test(("4.1: the path %s is %s"):format(row[1], row[2] and "mscorlib's" or "none of mscorlib"), {
    covers = { "selection-in-native 4.1", "Q52", "selection-in-native 10" } }, function(s)
    s:equal(corlib(s, row[1]):jit(EXCEPTION .. ".GetMethodFromAppDomainStorage").written, row[2] or false)
  end)
end

t:test("4.1: the helper instrumentor ends nothing: a rule for a helper is asked for as well", { covers = { "selection-in-native 4.1",
  "Q55" } }, function(s)
  local api = "[NewRelic.Api.Agent]NewRelic.Api.Agent.TraceAttribute"
  local m = corlib(s, nil, { methods = { { name = "GetMethodFromAppDomainStorage", sig = "00 01 12 14 0e", body = "06 2a",
    attributes = { api } },
    { name = "LoadAssemblyOrThrow", sig = "00 01 12 10 0e", body = "06 2a", flags = 0x0896, attributes = { api } } } })
  local r = m:jit(EXCEPTION .. ".GetMethodFromAppDomainStorage")
  s:equal(r.requests, { "RequestReJIT " .. EXCEPTION .. ".GetMethodFromAppDomainStorage" })
  s:log_has("Instrumenting helper method: ", "Request reJIT: ")
  s:rewritten(m:jit(EXCEPTION .. ".LoadAssemblyOrThrow"))
  s:log_has "Skipping SpecialName method: "
end)

-- ---- 4.2: the API ------------------------------------------------------------------------------------------------------------------

local API = "NewRelic.Api.Agent.NewRelic"
for _, row in ipairs {
  { "any method name", { name = "Anything" }, true }, { "a parameter", { sig = "00 01 01 0e" }, true }, { "a result", { sig = "00 00 0e",
    body = "0a 14 2a" }, true },
  { "a property accessor", { name = "get_X", flags = 0x0896 }, true }, { "a constructor", { name = ".ctor", sig = "20 00 01" }, true },
  { "the static constructor is left", { name = ".cctor" } }, { "GetAgent is left", { name = "GetAgent" } },
  { "getAgent is not GetAgent", { name = "getAgent" }, true }, { "PInvoke flags do not matter", { flags = 0x2096 }, true },
} do
  t:test("4.2: API methods: " .. row[1], { covers = { "selection-in-native 4.2", "com-and-lifecycle 8.2.8" } }, function(s)
    local spec = { body = "06 2a" }
    for k, v in pairs(row[2]) do spec[k] = v end
    local m = s:api_method(spec)
    s:equal(m.requests, {})
    local r = m:jit()
    s:equal({ r.result, r.requests, r.rejit_result }, { "S_OK", {}, nil })
    if row[3] then
      s:equal(r.via, "info")
      s:log_has "Instrumenting API method: "
    else
      s:untouched(r)
      s:log_has("[Debug] Skipping instrumenting API method: " .. m:described())
    end
  end)
end

t:test("4.2: other types of the API assembly are left", { covers = { "selection-in-native 4.2" } }, function(s)
  local m = s:api_method { body = "06 2a", type = { name = "NewRelic.Api.Agent.Other" } }
  s:untouched(m:jit())
  s:log_lacks "API method"
end)

t:test("4.2: a nested type of that name is another one", { covers = { "selection-in-native 4.2", "selection-in-native 2.3" } }, function(s)
  s:home {}
  local m = s:core():load(s:assembly { name = "NewRelic.Api.Agent", types = { { name = API, types = { { name = "Inner", methods = {
    { name = "M", sig = "00 00 01", body = "06 2a" } } } } } } })
  s:untouched(m:jit(API .. "+Inner.M"))
end)

t:test("4.2: a rule for an API method is asked for at load; the body is written through the function control then", {
  covers = { "selection-in-native 4.2", "selection-in-native 7.1" } }, function(s)
  s:home { rules = { { assembly = "NewRelic.Api.Agent", class = API, method = "M", factory = "MyFactory" } } }
  local m = s:core():load(s:assembly { name = "NewRelic.Api.Agent", types = { { name = API, methods = { { name = "M", sig = "00 00 01",
    body = "06 2a" } } } } })
  s:equal(m.requests, { "RequestReJIT " .. API .. ".M" })
  local r = m:jit(API .. ".M")
  s:equal({ r.written, r.via, r.max_stack, #r.clauses }, { true, "rejit", 10, 1 })
  s:log_has "Instrumenting API method: "
  s:log_lacks "Instrumenting method: "
end)
