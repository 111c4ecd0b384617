-- module-injection.md 5: the helper methods that .NET Framework's mscorlib gets. The C++ profiler has this on Windows only.
-- Real ones are tried when they are there: see REAL below.

local scenario = require "nrprof.scenario"
local t = scenario.suite "module injection corlib"
local WINDOWS = "the reference has module injection on Windows only"

local function test(name, covers, body) t:test(name, { covers = covers, only_ours = WINDOWS }, body) end

local EXCEPTION = "System.CannotUnloadAppDomainException"
local SAFE, SUPPRESS = "System.Security.SecuritySafeCriticalAttribute", "System.Security.SuppressUnmanagedCodeSecurityAttribute"
local NAMES = { "LoadAssemblyOrThrow", "GetTypeViaReflectionOrThrow", "GetMethodViaReflectionOrThrow", "GetMethodFromAppDomainStorage",
  "GetMethodFromAppDomainStorageOrReflectionOrThrow", "StoreMethodInAppDomainStorageOrThrow" }
-- 5.3
local PERMISSIONS = "2e018084" .. scenario.image.hex(
  "System.Security.Permissions.SecurityPermissionAttribute, mscorlib, Version=2.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089"):gsub(" ", "")
  .. "120154020d" .. scenario.image.hex("UnmanagedCode"):gsub(" ", "") .. "01"

local CONSTRUCTOR = { name = ".ctor", sig = "20 00 01", body = "06 2a" }
-- 5.5: TypeDefs Assembly 02000003, Type 02000004, MethodInfo 02000005.
local function corlib(s, without)
  local types = { { name = "System.Object" }, { name = "System.Reflection.Assembly" }, { name = "System.Type" },
    { name = "System.Reflection.MethodInfo" } }
  for _, name in ipairs { EXCEPTION, SAFE, SUPPRESS } do
    types[#types + 1] = { name = name, methods = name ~= without and { CONSTRUCTOR } or nil }
  end
  return s:assembly { name = "mscorlib", refs = {}, types = types }
end

local function args_of(e)
  local t = {}
  for k, v in e.args:gmatch '"(.-)":"(.-)"' do t[k] = v end
  return t
end

local function of_slot(m, slot)
  local list = {}
  for _, e in ipairs(m.emits) do if e.name == slot then list[#list + 1] = e end end
  return list
end

-- 5.2, 5.5
local SIGS = { "0001120c0e", "000212100e0e", "000412140e0e0e1d1210", "000112140e", "000512140e0e0e0e1d1210", "00020112140e" }

test("5.5: the worked example: signatures, attributes, flags", { "module-injection 3.1", "module-injection 5", "module-injection 5.1",
  "module-injection 5.2",
  "module-injection 5.5", "Q51" }, function(s)
  local m = s:desktop():load(corlib(s))
  s:equal(m.result, "S_OK")
  local defined = of_slot(m, "DefineMethod")
  s:equal(#defined, 6)
  local rva = args_of(defined[1]).rva
  for i, e in ipairs(defined) do
    s:equal({ e.token, args_of(e) }, { 0x06000003 + i, { parent = "02000006", name = NAMES[i], flags = "96", impl = "8", rva = rva,
      sig = SIGS[i] } })
  end
  s:truth(tonumber(rva, 16) ~= 0, "the address of the constructor")
  s:equal(m:body(EXCEPTION .. ".LoadAssemblyOrThrow"), "06 2a") -- 5.4: the constructor's until the first JIT
end)

test("5.2: each method gets two attributes and a permission set, in this order", { "module-injection 5.2", "module-injection 5.3",
  "Q51" }, function(s)
  local m = s:desktop():load(corlib(s))
  s:equal(#m.emits, 24)
  for i = 1, 6 do
    local method = ("%08x"):format(0x06000003 + i)
    local names = {}
    for k = 1, 4 do names[k] = m.emits[4 * i - 4 + k].name end
    s:equal(names, { "DefineMethod", "DefineCustomAttribute", "DefineCustomAttribute", "DefinePermissionSet" })
    s:equal(args_of(m.emits[4 * i - 2]), { of = method, ctor = "06000002", value = "01000000" })
    s:equal(args_of(m.emits[4 * i - 1]), { of = method, ctor = "06000003", value = "01000000" })
    s:equal(args_of(m.emits[4 * i]), { of = method, action = "3", value = PERMISSIONS })
  end
  s:equal(#PERMISSIONS, 2 * 155)
end)

test("5.1: no TypeRef, AssemblyRef or MemberRef is made", { "module-injection 5.1" }, function(s)
  local m = s:desktop():load(corlib(s))
  s:equal({ m:rows "TypeRef", m:rows "AssemblyRef", m:rows "MemberRef", m:rows "MethodDef" }, { 0, 0, 0, 9 })
end)

for _, row in ipairs { { "/fx/mscorlib.dll", true }, { "/x/foomscorlib.dll", true }, { "C:\\x\\mscorlib.dll", true },
  { "/fx/Mscorlib.dll" }, { "/fx/mscorlib.ni.dll" } } do
  test(("2.4: the path %s is %s"):format(row[1], row[2] and "mscorlib's" or "another module's"), { "module-injection 2.4", "Q52" },
    function(s)
    local m = s:desktop():load(corlib(s), { path = row[1] })
    s:equal({ #of_slot(m, "DefineMethod"), #of_slot(m, "DefineAssemblyRef") }, row[2] and { 6, 0 } or { 0, 1 })
  end)
end

for _, name in ipairs { EXCEPTION, SAFE, SUPPRESS } do
  test("5.2: without a constructor of " .. name .. " nothing is added, S_OK", { "module-injection 5.2" }, function(s)
    local m = s:desktop():load(corlib(s, name))
    s:equal({ m.result, #m.emits, s:log_count "Proceeding to next method." }, { "S_OK", 0, 6 })
  end)
end

-- { slot, call, definitions that are left of the six methods, of attributes, of permission sets }
for _, row in ipairs {
  { "IMetaDataEmit", "DefineMethod", 2, 5, 10, 5 }, { "IMetaDataEmit", "DefineCustomAttribute", 1, 6, 10, 5 }, { "IMetaDataEmit",
    "DefineCustomAttribute", 4, 6, 11, 5 },
  { "IMetaDataEmit", "DefinePermissionSet", 6, 6, 12, 5 }, { "IMetaDataEmit", "DefineMethod", 0, 0, 0, 0 },
} do
  test(("5.2: %s fails (call %d): the rest of that row only is skipped"):format(row[2], row[3]), { "module-injection 5.2", "Q50" },
    function(s)
    local clr = s:desktop()
    clr:fail(row[1], row[2], row[3], "E_FAIL")
    local m = clr:load(corlib(s))
    local function done(slot)
      local n = 0
      for _, e in ipairs(of_slot(m, slot)) do n = n + (e.result == "S_OK" and 1 or 0) end
      return n
    end
    s:equal({ done "DefineMethod", done "DefineCustomAttribute", done "DefinePermissionSet", m.result }, { row[4], row[5], row[6], "S_OK" })
  end)
end

test("5.4: at its first JIT an added method gets its own body", { "module-injection 5.4", "selection-in-native 4.1" }, function(s)
  local m = s:desktop():load(corlib(s))
  local r = m:jit(EXCEPTION .. ".GetMethodFromAppDomainStorageOrReflectionOrThrow")
  s:equal(r.via, "info")
  s:bytes(r.body, "7e 02 28 07000006 25 3a 12000000 26 03 04 05 0e 04 28 06000006 25 02 28 09000006 2a")
end)

-- ---- a real one ---------------------------------------------------------------------------------------------------------------------------

local nuget = os.getenv "NUGET_PACKAGES" or (os.getenv "HOME" or os.getenv "USERPROFILE" or "") .. "/.nuget/packages"
local REAL = {
  { "Mono's mscorlib", os.getenv "NRPROF_TEST_MSCORLIB" or "/usr/lib/mono/4.5/mscorlib.dll",
    "package libmono-corlib4.5-dll, or set NRPROF_TEST_MSCORLIB" },
  { ".NET Framework 4.6.2's mscorlib",
    nuget .. "/microsoft.netframework.referenceassemblies.net462/1.0.3/build/.NETFramework/v4.6.2/mscorlib.dll",
    "dotnet restore tests/scenarios/netframework" },
}

local function real(s, which)
  local path = which[2]
  local f = io.open(path, "rb")
  if not f then s:skip(("there is no %s (%s)"):format(path, which[3])) end
  f:close()
  return s:desktop():load(path)
end

for _, which in ipairs(REAL) do

test("5: " .. which[1] .. " gets the six methods, with its own tokens", { "module-injection 5", "module-injection 5.2", "Q51" }, function(s)
  local m = real(s, which)
  s:equal(m.result, "S_OK")
  local defined = of_slot(m, "DefineMethod")
  s:equal({ #defined, #of_slot(m, "DefineCustomAttribute"), #of_slot(m, "DefinePermissionSet"), #m.emits }, { 6, 12, 6, 24 })
  local function class(name)
    local token = m:type_token(name)
    return "12" .. scenario.image.hex(scenario.image.compressed((token & 0xFFFFFF) << 2)):gsub(" ", "")
  end
  local assembly, kind, method = class "System.Reflection.Assembly", class "System.Type", class "System.Reflection.MethodInfo"
  local sigs = { "0001" .. assembly .. "0e", "0002" .. kind .. "0e0e", "0004" .. method .. "0e0e0e1d" .. kind, "0001" .. method .. "0e",
    "0005" .. method .. "0e0e0e0e1d" .. kind, "000201" .. method .. "0e" }
  local first = defined[1].token
  for i, e in ipairs(defined) do
    local a = args_of(e)
    s:equal({ e.token, a.parent, a.name, a.flags, a.impl, a.sig },
      { first + i - 1, ("%08x"):format(m:type_token(EXCEPTION)), NAMES[i], "96", "8", sigs[i] })
  end
  local constructors = { ("%08x"):format(m:token(SAFE .. "..ctor")), ("%08x"):format(m:token(SUPPRESS .. "..ctor")) }
  for i, e in ipairs(of_slot(m, "DefineCustomAttribute")) do s:equal(args_of(e).ctor, constructors[(i - 1) % 2 + 1]) end
  for _, e in ipairs(of_slot(m, "DefinePermissionSet")) do s:equal(args_of(e).value, PERMISSIONS) end
end)

test("5.4: " .. which[1] .. ": all six bodies are written, and call each other", { "module-injection 5.4", "selection-in-native 4.1" },
  function(s)
  local m = real(s, which)
  local sizes = { 24, 30, 53, 34, 31, 30 }
  for i, name in ipairs(NAMES) do
    local r = m:jit(EXCEPTION .. "." .. name)
    s:equal({ r.result, r.via, r.code_size, r.tiny }, { "S_OK", "info", sizes[i], true }, name)
    local listing = r:listing()
    s:truth(not listing:find "%?%x%x%x%x%x%x%x%x", listing)
    for _, e in ipairs(r.emits) do s:equal(e.name, "DefineUserString") end
  end
  s:contains(m:jit(EXCEPTION .. "..ctor").name, ".ctor")
  s:log_lacks "unknown helper"
end)

end
