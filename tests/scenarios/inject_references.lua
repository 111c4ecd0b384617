-- module-injection.md 1 to 4 and 7: what .NET Framework modules other than mscorlib get when they load. The C++ profiler has this on Windows
-- only.

local scenario = require "nrprof.scenario"
local t = scenario.suite "module injection references"
local WINDOWS = "the reference has module injection on Windows only"

local function test(name, covers, body) t:test(name, { covers = covers, only_ours = WINDOWS }, body) end

local BOGUS = "[mscorlib]System.CannotUnloadAppDomainException"
local NAMES = { "LoadAssemblyOrThrow", "GetTypeViaReflectionOrThrow", "GetMethodViaReflectionOrThrow", "GetMethodFromAppDomainStorage",
  "GetMethodFromAppDomainStorageOrReflectionOrThrow", "StoreMethodInAppDomainStorageOrThrow" }

-- New definitions only, as "token scope-or-parent name signature".
local function rows(m)
  local list = {}
  for _, e in ipairs(m.emits) do
    if e.result == "S_OK" then
      local args = {}
      for value in e.args:gmatch ':"(.-)"' do args[#args + 1] = value end
      list[#list + 1] = ("%08x %s"):format(e.token, table.concat(args, " "))
    end
  end
  return list
end

-- 4.5, with the scope, and the first rows, that it has in a module with other rows before.
local function worked(scope, type_row)
  type_row = type_row or 1
  local function ty(n) return ("%08x"):format(0x01000000 + type_row - 1 + n) end
  local function coded(n) return ("%02x"):format((type_row - 1 + n) << 2 | 1) end
  local assembly, class, method = coded(1), coded(3), coded(4)
  return {
    ty(1) .. " " .. scope .. " System.Reflection.Assembly",
    ty(2) .. " " .. scope .. " " .. BOGUS,
    "0a000001 " .. ty(2) .. " LoadAssemblyOrThrow 000112" .. assembly .. "0e",
    ty(3) .. " " .. scope .. " System.Type",
    "0a000002 " .. ty(2) .. " GetTypeViaReflectionOrThrow 000212" .. class .. "0e0e",
    ty(4) .. " " .. scope .. " System.Reflection.MethodInfo",
    "0a000003 " .. ty(2) .. " GetMethodViaReflectionOrThrow 000412" .. method .. "0e0e0e1d12" .. class,
    "0a000004 " .. ty(2) .. " GetMethodFromAppDomainStorage 000112" .. method .. "0e",
    "0a000005 " .. ty(2) .. " GetMethodFromAppDomainStorageOrReflectionOrThrow 000512" .. method .. "0e0e0e0e1d12" .. class,
    "0a000006 " .. ty(2) .. " StoreMethodInAppDomainStorageOrThrow 00020112" .. method .. "0e",
  }
end

local EXAMPLE = { "module-injection 4", "module-injection 4.1", "module-injection 4.2", "module-injection 4.5", "Q49" }
test("4.5: the worked example: one reference mscorlib", EXAMPLE, function(s)
  local m = s:desktop():load(s:assembly { name = "Lib" })
  s:equal(m.result, "S_OK")
  s:equal(rows(m), worked "23000001")
end)

test("4.1: the order of all requests, repeated ones too", EXAMPLE, function(s)
  local m = s:desktop():load(s:assembly { name = "Lib" })
  local wanted = { { "System.Reflection.Assembly" }, { "System.Type" }, { "System.Reflection.MethodInfo", "System.Type" },
    { "System.Reflection.MethodInfo" },
    { "System.Reflection.MethodInfo", "System.Type" }, { "System.Reflection.MethodInfo" } }
  local list, found = {}, {}
  for i, types in ipairs(wanted) do
    for _, name in ipairs(types) do list[#list + 1] = "DefineTypeRefByName " .. name end
    list[#list + 1] = "DefineTypeRefByName " .. BOGUS
    list[#list + 1] = "DefineMemberRef " .. NAMES[i]
  end
  for i, e in ipairs(m.emits) do found[i] = e.name .. " " .. e.args:match '"name":"(.-)"' end
  s:equal(found, list)
end)

test("4.5: no reference to mscorlib: it is made first", { "module-injection 3.2", "module-injection 4.5", "module-injection 2.6", "Q50" },
  function(s)
  local m = s:desktop():load(s:assembly { name = "Lib", refs = { "netstandard" } })
  local wanted = worked "23000002"
  local found = rows(m)
  local first = table.remove(found, 1)
  s:equal(found, wanted)
  s:equal(m.emits[1].name, "DefineAssemblyRef")
  s:contains(first, "23000002 ")
  for _, part in ipairs { "mscorlib", "b77a5c561934e089" } do s:contains(m.emits[1].args, part) end
  s:equal(m:meaning(0x23000002), "mscorlib,4.0.0.0,b77a5c561934e089")
  s:equal(m:rows "AssemblyRef", 2)
end)

test("7.1: TypeRefs that are there already are found; the numbers go on behind them", { "module-injection 4.2", "module-injection 7.1" },
  function(s)
  local m = s:desktop():load(s:assembly { name = "Lib", type_refs = { "[mscorlib]System.Object", "[mscorlib]System.String" } })
  s:equal(rows(m), worked("23000001", 3))
end)

test("7.1: a rewrite afterwards finds Assembly, Type and MethodInfo, and makes its own proper references", { "module-injection 7.1",
  "module-injection 4.2" }, function(s)
  local m = s:method { body = "06 2a", desktop = true }
  s:equal(rows(m), worked "23000001")
  local r = m:jit()
  s:rewritten(r)
  for _, e in ipairs(r.emits) do
    if e.name == "DefineTypeRefByName" and e.result == "S_OK" then
      local name = e.args:match '"name":"(.-)"'
      s:truth(name ~= "System.Type" and name ~= "System.Reflection.MethodInfo" and name ~= BOGUS, name .. " was made again")
    end
  end
  local found
  for _, line in ipairs(r.added) do found = found or line:match "^(01%x+) .-%]System%.CannotUnloadAppDomainException$" end
  s:truth(found, "no proper reference to the exception")
end)

-- { what, DefineAssemblyRef fails, scope of the rewrite's System.Object }
for _, row in ipairs { { "the mscorlib reference that was made serves a rewrite, too", false, "mscorlib,4.0.0.0,b77a5c561934e089" },
  { "where it could not be made a rewrite falls back to netstandard", true, "netstandard,0.0.0.0," } } do
  test("7.2: " .. row[1], { "module-injection 7.2", "module-injection 7", "Q48" }, function(s)
    s:home { rules = { { assembly = "Lib", class = "N.C", method = "M" } } }
    local clr = s:desktop()
    if row[2] then clr:fail("IMetaDataAssemblyEmit", "DefineAssemblyRef", 1, "E_FAIL") end
    local m = clr:load(s:assembly { name = "Lib", refs = { "netstandard" }, types = { { name = "N.C", methods = {
      { name = "M", sig = "00 00 01", body = "06 2a" } } } } })
    local r = m:jit "N.C.M"
    s:rewritten(r)
    s:contains(table.concat(r.added, "\n"), "[" .. row[3] .. "]System.Object")
  end)
end

-- ---- 2.5, 4.4: several references ------------------------------------------------------------------------------------------------------

for _, row in ipairs {
  { "signatures take the first mscorlib, the bogus type the last", { "mscorlib", "mscorlib" }, "23000001", "23000002" },
  { "a suffix will do", { "My.mscorlib", "mscorlib" }, "23000001", "23000002" },
  { "the last one whatever its name", { "mscorlib", "System", "foomscorlib" }, "23000001", "23000003" },
  { "others between do not matter", { "System", "mscorlib", "netstandard" }, "23000002", "23000002" },
} do
  test("4.4: " .. row[1], { "module-injection 2.5", "module-injection 2.7", "module-injection 4.4", "Q50" }, function(s)
    local m = s:desktop():load(s:assembly { name = "Lib", refs = row[2] })
    local wanted = worked(row[3])
    wanted[2] = "01000002 " .. row[4] .. " " .. BOGUS
    s:equal(rows(m), wanted)
  end)
end

test("2.5: a name that only contains mscorlib, or has other case, is none", { "module-injection 2.5", "module-injection 3.2" }, function(s)
  local m = s:desktop():load(s:assembly { name = "Lib", refs = { "mscorlib.Extensions", "MSCORLIB" } })
  s:equal(m.emits[1].name, "DefineAssemblyRef")
  s:equal(m.emits[1].token, 0x23000003)
end)

-- ---- 3.2 to 3.4: which modules --------------------------------------------------------------------------------------------------------------

for _, row in ipairs {
  { "user code", "Shop" }, { "the agent's own assembly", "NewRelic.Agent.Core" }, { "the API", "NewRelic.Api.Agent" },
    { "a framework assembly", "System.Web" },
  { "a dynamic module", "RefEmit_InMemoryManifestModule" }, { "assembly on the ignore list", "Ignored" }, { "without a rule", "Nobody" },
} do
  test("3.4: injected into " .. row[1], { "module-injection 3.4", "module-injection 3" }, function(s)
    s:home { config = { ignore = { "Ignored" } }, rules = { { assembly = "Shop", class = "N.C", method = "M" } } }
    s:equal(rows(s:desktop():load(s:assembly { name = row[2] })), worked "23000001")
  end)
end

for _, row in ipairs {
  { "C9: netstandard.dll without a reference to mscorlib is left alone", "/x/netstandard.dll", 0 },
  { "3.3: the suffix decides", "/x/my.netstandard.dll", 0 }, { "Q52: case-sensitive", "/x/NetStandard.dll", 11 }, { "3.3: another name",
    "/x/netstandard2.dll", 11 },
} do
  test(row[1], { "module-injection 3.3", "C9", "Q52" }, function(s)
    local m = s:desktop():load(s:assembly { name = "netstandard", refs = { "System.Runtime" } }, { path = row[2] })
    s:equal({ m.result, #rows(m) }, { "S_OK", row[3] })
  end)
end

test("3.3: netstandard.dll with a reference to mscorlib is like any other", { "module-injection 3.3" }, function(s)
  s:equal(rows(s:desktop():load(s:assembly { name = "netstandard" }, { path = "/x/netstandard.dll" })), worked "23000001")
end)

test("3.4: no rule and no request: ModuleLoadFinished asks for no ReJIT on .NET Framework", { "com-and-lifecycle 7",
  "module-injection 3.4" }, function(s)
  s:home { rules = { { assembly = "Shop", class = "N.C", method = "M" } } }
  local m = s:desktop():load(s:assembly { name = "Shop", types = { { name = "N.C", methods = { { name = "M", sig = "00 00 01",
    body = "06 2a" } } } } })
  s:equal(m.requests, {})
end)

-- ---- 1, 2, 3.2, 4.3: failures ---------------------------------------------------------------------------------------------------------------

for _, status in ipairs { "E_FAIL", "0x80131018" } do
  test("1.3: a module that failed to load with " .. status .. " is left alone; that result is answered", { "module-injection 1",
    "com-and-lifecycle 7.1" }, function(s)
    local m = s:desktop():load(s:assembly { name = "Lib" }, { status = status })
    s:equal({ m.result, #m.emits }, { status, 0 })
  end)
end

test("1.3: S_FALSE is no failure", { "module-injection 1" }, function(s)
  local m = s:desktop():load(s:assembly { name = "Lib" }, { status = "S_FALSE" })
  s:equal({ m.result, #rows(m) }, { "S_OK", 10 })
end)

for _, row in ipairs { { "ICorProfilerInfo", "GetModuleInfo", 0 }, { "ICorProfilerInfo", "GetModuleMetaData", 0 }, { "ICorProfilerInfo",
  "GetModuleMetaData", 1 },
  { "ICorProfilerInfo", "GetModuleMetaData", 2 }, { "ICorProfilerInfo", "GetModuleMetaData", 3 }, { "ICorProfilerInfo",
    "GetModuleMetaData", 4 } } do
  test(("1.4: %s fails (call %d): nothing is done, S_OK"):format(row[2], row[3]), { "module-injection 1", "module-injection 2",
    "module-injection 2.1", "module-injection 2.2" }, function(s)
    local clr = s:desktop()
    clr:fail(row[1], row[2], row[3], "E_FAIL")
    local m = clr:load(s:assembly { name = "Lib" })
    s:equal({ m.result, #m.emits }, { "S_OK", 0 })
  end)
end

for _, result in ipairs { "E_FAIL", "META_S_DUPLICATE", "S_FALSE" } do
  test("3.2: DefineAssemblyRef answers " .. result .. ", which is not S_OK: nothing else is done", { "module-injection 3.2" }, function(s)
    local clr = s:desktop()
    clr:fail("IMetaDataAssemblyEmit", "DefineAssemblyRef", 1, result)
    local m = clr:load(s:assembly { name = "Lib", refs = { "netstandard" } })
    s:equal({ m.result, #rows(m), #m.emits <= 1 }, { "S_OK", 0, true })
    s:log_has "will not be instrumented"
  end)
end

-- { slot, which call fails, names that are missing then }
for _, row in ipairs {
  { "DefineMemberRef", 1, { 1 } }, { "DefineMemberRef", 6, { 6 } }, { "DefineMemberRef", 0, { 1, 2, 3, 4, 5, 6 } },
  { "DefineTypeRefByName", 1, { 1 } }, { "DefineTypeRefByName", 2, { 1 } }, { "DefineTypeRefByName", 4, { 2 } }, { "DefineTypeRefByName",
    0, { 1, 2, 3, 4, 5, 6 } },
} do
  test(("4.3: %s fails (call %d): only that row is missing"):format(row[1], row[2]), { "module-injection 4.3", "Q50" }, function(s)
    local clr = s:desktop()
    clr:fail("IMetaDataEmit", row[1], row[2], "E_FAIL")
    local m = clr:load(s:assembly { name = "Lib" })
    clr:fail_none()
    local missing, wanted, found = {}, {}, {}
    for _, i in ipairs(row[3]) do missing[i] = true end
    for i, name in ipairs(NAMES) do if not missing[i] then wanted[#wanted + 1] = name end end
    for _, e in ipairs(m.emits) do
      if e.name == "DefineMemberRef" and e.result == "S_OK" then found[#found + 1] = e.args:match '"name":"(.-)"' end
    end
    s:equal(found, wanted)
    s:equal(m.result, "S_OK")
  end)
end

test("2.3: a module without a path is known by its scope name", { "module-injection 2.3" }, function(s)
  local m = s:desktop():load(s:assembly { name = "X", module = "netstandard.dll", refs = { "System.Runtime" } }, { path = "" })
  s:equal({ m.result, #m.emits }, { "S_OK", 0 })
end)

test("6: CoreCLR adds nothing to any module", { "module-injection 6" }, function(s)
  s:home { rules = { { assembly = "Shop", class = "N.C", method = "M" } } }
  local m = s:core():load(s:assembly { name = "Shop", types = { { name = "N.C", methods = { { name = "M", sig = "00 00 01",
    body = "06 2a" } } } } })
  s:equal({ m.result, #m.emits, m.requests }, { "S_OK", 0, { "RequestReJIT N.C.M" } })
end)
