-- selection-in-native.md 1 to 2.5 and section 5's first test: which functions get as far as a look-up of their rule. Most rows run on
-- the simulated .NET Framework, where nothing is asked for when a module loads: there the JIT callback alone decides.

local scenario = require "nrprof.scenario"
local t = scenario.suite "selection filter"

local BODY = "06 2a"
local TRACE = { type = "[NewRelic.Api.Agent]NewRelic.Api.Agent.TraceAttribute" }

local function method(name, more)
  local m = { name = name or "M", sig = "00 00 01", body = BODY }
  for k, v in pairs(more or {}) do m[k] = v end
  return m
end

local function one_type(s, assembly, class, m)
  return s:assembly { name = assembly, types = { { name = class, methods = { m or method() } } } }
end

-- ---- the three sets ---------------------------------------------------------------------------------------------------

local SETS = { "selection-in-native 2", "selection-in-native 2.1", "com-and-lifecycle 8.2.3", "com-and-lifecycle 8.2.4" }
local RULE = { assembly = "Shop", class = "N.Cart", method = "Add" }

for _, row in ipairs {
  { "all three names as the rule has them", "Shop", "N.Cart", "Add", true },
  { "the assembly in other case", "shop", "N.Cart", "Add" },
  { "the assembly with more letters", "Shop2", "N.Cart", "Add" },
  { "the assembly with fewer letters", "Sho", "N.Cart", "Add" },
  { "the type in other case", "Shop", "N.cart", "Add" },
  { "the namespace in other case", "Shop", "n.Cart", "Add" },
  { "the type without its namespace", "Shop", "Cart", "Add" },
  { "the method in other case", "Shop", "N.Cart", "add" },
  { "the method with more letters", "Shop", "N.Cart", "Add2" },
} do
  for _, flavour in ipairs { "core", "desktop" } do
    t:test(("2.1: %s: %s (%s)"):format(row[1], row[5] and "instrumented" or "not", flavour), { covers = SETS }, function(s)
      s:home { rules = { RULE } }
      local m = s[flavour](s):load(one_type(s, row[2], row[3], method(row[4])))
      local r = m:jit(("%s.%s"):format(row[3], row[4]))
      s:equal(r.result, "S_OK")
      s:equal(r.written, row[5] or false)
    end)
  end
end

t:test("2.1: names of different rules that meet in one method make no rule", { covers = { "selection-in-native 2.1", "Q55" } }, function(s)
  s:home { rules = { { assembly = "A", class = "N.C", method = "M" }, { assembly = "A", class = "N.D", method = "K" },
    { assembly = "B", class = "N.E", method = "L" } } }
  local m = s:desktop():load(s:assembly { name = "A", types = {
    { name = "N.C", methods = { method "M", method "K", method "L" } },
    { name = "N.D", methods = { method "M", method "K" } },
    { name = "N.E", methods = { method "L" } } } })
  local wanted = { ["N.C.M"] = true, ["N.D.K"] = true }
  for _, name in ipairs { "N.C.M", "N.C.K", "N.C.L", "N.D.M", "N.D.K", "N.E.L" } do
    local r = m:jit(name)
    s:equal({ r.written, r.result }, { wanted[name] or false, "S_OK" }, name)
    s:equal(r.requests, wanted[name] and { "RequestReJIT " .. name } or {}, name)
  end
end)

t:test("2.1: a method that passes all three sets is taken apart even when no rule fits it", {
  covers = { "selection-in-native 2.1", "selection-in-native 9", "selection-in-native 3", "Q55" } }, function(s)
  s:home { rules = { { assembly = "A", class = "N.C", method = "M" }, { assembly = "A", class = "N.D", method = "K" } } }
  local m = s:desktop():load(s:assembly { name = "A", types = {
    { name = "N.C", methods = { method "M", method "K", method "Other" } }, { name = "N.D", methods = { method "M" } } } })
  m.clr:fail("ICorProfilerInfo", "GetILFunctionBody", 0, "E_FAIL")
  s:untouched(m:jit "N.C.Other") -- left at the second set
  s:log_is("Error", {})
  s:untouched(m:jit "N.C.K", "E_FAIL")
  s:untouched(m:jit "N.D.M", "E_FAIL")
  s:equal(s:log_count "[Error] An exception was thrown while getting details about a function.", 2)
end)

for _, row in ipairs {
  { "mscorlib is in the set of assemblies without a rule", "mscorlib", "System.CannotUnloadAppDomainException", "LoadAssemblyOrThrow",
    "E_FAIL" },
  { "another assembly is not", "mscorlib2", "System.CannotUnloadAppDomainException", "LoadAssemblyOrThrow", "S_OK" },
  { "another type of mscorlib is not", "mscorlib", "System.AppDomainUnloadedException", "LoadAssemblyOrThrow", "S_OK" },
  { "another method of the exception is not", "mscorlib", "System.CannotUnloadAppDomainException", "Load", "S_OK" },
  { "GetMethodViaReflectionOrThrow is", "mscorlib", "System.CannotUnloadAppDomainException", "GetMethodViaReflectionOrThrow", "E_FAIL" },
  { "GetAppDomainBoolean is", "mscorlib", "System.CannotUnloadAppDomainException", "GetAppDomainBoolean", "E_FAIL" },
  { "GetThreadLocalBoolean is", "mscorlib", "System.CannotUnloadAppDomainException", "GetThreadLocalBoolean", "E_FAIL" },
  { "SetThreadLocalBoolean is", "mscorlib", "System.CannotUnloadAppDomainException", "SetThreadLocalBoolean", "E_FAIL" },
  { "SetAppDomainBoolean is not", "mscorlib", "System.CannotUnloadAppDomainException", "SetAppDomainBoolean", "S_OK" },
} do
  t:test(("2.1: built-in names: %s"):format(row[1]), { covers = { "selection-in-native 2.1", "com-and-lifecycle 8.2.4" } }, function(s)
    local m = s:desktop():load(one_type(s, row[2], row[3], method(row[4])))
    m.clr:fail("ICorProfilerInfo", "GetILFunctionBody", 0, "E_FAIL") -- says who got so far
    s:equal(m:jit(row[3] .. "." .. row[4]).result, row[5])
  end)
end

-- ---- names of types ---------------------------------------------------------------------------------------------------------

local NESTED = { { 2, "public" }, { 3, "private" }, { 4, "family" }, { 5, "assembly" }, { 6, "family and assembly" },
  { 7, "family or assembly" } }
for _, visibility in ipairs(NESTED) do
  t:test(("2.3: a nested type is Outer+Inner (nested %s)"):format(visibility[2]), {
    covers = { "selection-in-native 2.3", "com-and-lifecycle 8.2.5", "module-injection 6.1", "selection-in-native 7.1" } }, function(s)
    s:home { rules = { { assembly = "A", class = "N.Outer+Inner+Most", method = "M" } } }
    local m = s:core():load(s:assembly { name = "A", types = { { name = "N.Outer", methods = { method() }, types = {
      { name = "Inner", flags = 0x100000 | visibility[1], methods = { method() }, types = {
        { name = "Most", flags = 0x100000 | visibility[1], methods = { method() } } } } } } } })
    s:equal(m.requests, {}) -- not found when the module loads
    s:untouched(m:jit "N.Outer.M")
    s:untouched(m:jit "N.Outer+Inner.M")
    local r = m:jit "N.Outer+Inner+Most.M"
    s:rewritten(r)
    s:equal(r.requests, { "RequestReJIT N.Outer+Inner+Most.M" })
    s:contains(r:listing(), '"N.Outer+Inner+Most"')
  end)
end

t:test("2.3: the arity of a generic type stays in its name", { covers = "selection-in-native 2.3" }, function(s)
  s:home { rules = { { assembly = "A", class = "N.List`1", method = "M" } } }
  local m = s:core():load(s:assembly { name = "A", types = { { name = "N.List`1", generic = { "T" }, methods = { method() } },
    { name = "N.List", methods = { method() } } } })
  s:rewritten(m:jit "N.List`1.M")
  s:untouched(m:jit "N.List.M")
end)

t:test("2.3: a type without namespace has no dot", { covers = "selection-in-native 2.3" }, function(s)
  s:home { rules = { { assembly = "A", class = "Program", method = "M" } } }
  s:rewritten(s:core():load(one_type(s, "A", "Program")):jit "Program.M")
end)

-- ---- who is asked for attributes --------------------------------------------------------------------------------------------

for _, row in ipairs {
  { "System.Web", false }, { "System.", false }, { "Microsoft.Extensions", false }, { "NewRelic.Agent.Core", false },
  { "NewRelic.Api.Agent", false }, { "System", true }, { "SystemX", true }, { "system.Web", true }, { "Microsoft", true },
  { "microsoft.X", true }, { "NewRelic", true }, { "Newrelic.X", true }, { "My.System.Web", true }, { "A", true },
} do
  t:test(("2: attributes count in assembly '%s': %s"):format(row[1], row[2] and "yes" or "no"), {
    covers = { "selection-in-native 2", "selection-in-native 5", "com-and-lifecycle 8.2.2" } }, function(s)
    local m = s:core():load(one_type(s, row[1], "N.C", method("M", { attributes = { TRACE } })))
    local r = m:jit "N.C.M"
    s:equal({ r.written, r.result, #r.requests }, { row[2], "S_OK", row[2] and 1 or 0 })
  end)
end

-- 200 other attributes on 100 other methods: several batches of rows, and constructors that share a place in what is kept of them.
local function attributed(s)
  local methods = { method("Traced", { attributes = { "[L]L.OtherAttribute", TRACE } }),
    method("Web", { attributes = { { type = "[NewRelic.Api.Agent]NewRelic.Api.Agent.TransactionAttribute", blob = "01 00 01 00 54 02 03 57 65 62 01" } } }) }
  for i = 1, 100 do
    methods[#methods + 1] = method("X" .. i, { attributes = { ("[L]L.A%dAttribute"):format(i), "[L]L.OtherAttribute" } })
  end
  methods[#methods + 1] = method("Last", { attributes = { TRACE } })
  return s:assembly { name = "Foreign", types = { { name = "N.C", methods = methods, attributes = { TRACE } } } }
end

t:test("2: methods without the attributes are not asked about, one by one", { covers = { "selection-in-native 2" } }, function(s)
  s:home { rules = { RULE } }
  local m = s:core():load(attributed(s))
  for i = 1, 100 do s:untouched(m:jit("N.C.X" .. i)) end
  if not scenario.is_ours() then return end
  s:equal({ m.clr:calls("IMetaDataImport", "GetCustomAttributeByName") }, { 0 })
  local props = m.clr:calls("IMetaDataImport", "GetCustomAttributeProps")
  for _, name in ipairs { "Traced", "Web", "Last" } do s:rewritten(m:jit("N.C." .. name)) end
  s:equal({ m.clr:calls("IMetaDataImport", "GetCustomAttributeProps") }, { props })
end)

for _, slot in ipairs { "EnumCustomAttributes", "GetCustomAttributeProps", "GetMemberRefProps" } do
  t:test("2: " .. slot .. " fails: methods are asked about one by one", { covers = { "selection-in-native 2" } }, function(s)
    s:home { rules = { RULE } }
    local m = s:core():load(attributed(s))
    m.clr:fail("IMetaDataImport", slot, 3, "E_FAIL")
    for i = 1, 100 do s:untouched(m:jit("N.C.X" .. i)) end
    m.clr:fail_none()
    for _, name in ipairs { "Traced", "Web", "Last" } do s:rewritten(m:jit("N.C." .. name)) end
  end)
end

-- ---- the level TRACE -------------------------------------------------------------------------------------------------------------

local LEVELS = { { "info" }, { "debug" }, { "finest", true }, { "fine" }, { "all", true }, { "off" }, { "warn" } }
for _, row in ipairs(LEVELS) do
  t:test(("2.5: at level %s methods without a rule are %s"):format(row[1], row[2] and "taken apart" or "left at once"), {
    covers = { "selection-in-native 2.5", "Q54", "com-and-lifecycle 8.2.3" } }, function(s)
    s:home { config = { level = row[1] } }
    local m = s:core():load(one_type(s, "Foreign", "N.C"))
    m.clr:fail("ICorProfilerInfo", "GetILFunctionBody", 0, "E_FAIL")
    s:untouched(m:jit "N.C.M", row[2] and "E_FAIL" or "S_OK")
  end)
end

t:test("2.5: at TRACE a type NewRelic.Api.Agent.NewRelic of any assembly becomes an API shim", {
  covers = { "selection-in-native 2.5", "selection-in-native 4.2", "Q54", "com-and-lifecycle 8.2.8" } }, function(s)
  s:home { config = { level = "finest" } }
  local r = s:core():load(one_type(s, "Foreign", "NewRelic.Api.Agent.NewRelic")):jit "NewRelic.Api.Agent.NewRelic.M"
  s:equal({ r.written, r.via, r.requests }, { true, "info", {} })
end)

t:test("2.5: below TRACE it does not", { covers = { "selection-in-native 2.5", "Q54" } }, function(s)
  s:untouched(s:core():load(one_type(s, "Foreign", "NewRelic.Api.Agent.NewRelic")):jit "NewRelic.Api.Agent.NewRelic.M")
end)

local EFFECTIVE = { "selection-in-native 2.4" }
for _, row in ipairs {
  { "TRACE to the console counts as INFO", { level = "finest", console = "true" }, {}, "S_OK" },
  { "TRACE counts when logging is off", { level = "finest", log_enabled = "false" }, {}, "E_FAIL" },
  { "TRACE in an Azure function counts as INFO", { level = "finest" }, { FUNCTIONS_WORKER_RUNTIME = "dotnet-isolated" }, "S_OK" },
  { "TRACE in an Azure function with the override", { level = "finest" }, { FUNCTIONS_WORKER_RUNTIME = "dotnet-isolated",
    NEW_RELIC_AZURE_FUNCTION_LOG_LEVEL_OVERRIDE = "true" }, "E_FAIL" },
} do
  t:test("2.4: " .. row[1], { covers = EFFECTIVE }, function(s)
    s:env(row[3])
    s:env { NEW_RELIC_AZURE_FUNCTION_MODE_ENABLED = "0" } -- the process decision is another matter
    s:home { config = row[2] }
    local m = s:core():load(one_type(s, "Foreign", "N.C"))
    m.clr:fail("ICorProfilerInfo", "GetILFunctionBody", 0, "E_FAIL")
    s:equal(m:jit("N.C.M").result, row[4])
  end)
end

-- ---- nothing happens to what is not selected ---------------------------------------------------------------------------------------

t:test("2: a method that is left at a set costs no body, no definition and no request", {
  covers = { "selection-in-native 2", "selection-in-native 9" } }, function(s)
  s:home { rules = { RULE } }
  local m = s:desktop():load(one_type(s, "Foreign", "N.Cart", method "Add"))
  local before = #m.clr:events "GET_IL"
  local r = m:jit "N.Cart.Add"
  s:untouched(r)
  s:equal(#m.clr:events "GET_IL", before)
  s:equal(r.requests, {})
end)

t:test("1: only five callbacks do something; inlining is left as it was", {
  covers = { "selection-in-native 1", "selection-in-native 8", "com-and-lifecycle 4.1" } }, function(s)
  s:home { rules = { { assembly = "A", class = "N.C", method = { "M", "K" } } } }
  local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = { method "M", method "K" } } } })
  local yes, result = m:inline("N.C.M", "N.C.K")
  s:equal({ yes, result }, { true, "S_OK" })
  m:jit_all()
  yes, result = m:inline("N.C.K", "N.C.M")
  s:equal({ yes, result }, { true, "S_OK" })
  s:equal(m:unload(), "S_OK")
end)
