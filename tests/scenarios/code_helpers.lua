-- The bodies of the helpers in mscorlib (.NET Framework): injected-code.md 7. The methods are in the image here, as the module
-- injection leaves them; that is tested elsewhere.
local scenario = require "nrprof.scenario"
local code = dofile((debug.getinfo(1, "S").source:match "^@(.*[/\\])" or "") .. "_code.lua")

local t = scenario.suite "code_helpers"

-- Types by the row they get: 12 10 = row 4 of TypeDef.
local HELPER = "System.CannotUnloadAppDomainException"
local function mscorlib(s, drop)
  local function m(name, sig) return { name = name, sig = sig, body = "06 2a" } end
  local types = {
    { name = "System.Object" },                                                                      -- 02000002 08
    { name = "System.Exception", methods = { m(".ctor", "20 00 01"), m(".ctor", "20 01 01 0e") } },  -- 02000003 0c
    { name = "System.Type", methods = { m("GetMethod", "20 01 12 14 0e"),                            -- 02000004 10
      m("GetMethod", "20 02 12 14 0e 1d 12 10") } },
    { name = "System.Reflection.MethodInfo" },                                                       -- 02000005 14
    { name = "System.Reflection.Assembly", methods = { m("LoadFrom", "00 01 12 18 0e"),              -- 02000006 18
      m("GetType", "20 01 12 10 0e") } },
    { name = "System.AppDomain", methods = { m("get_CurrentDomain", "00 00 12 1c"),                  -- 02000007 1c
      m("GetData", "20 01 1c 0e"), m("SetData", "20 02 01 0e 1c") } },
    { name = HELPER, methods = {
      m("LoadAssemblyOrThrow", "00 01 12 18 0e"),
      m("GetTypeViaReflectionOrThrow", "00 02 12 10 0e 0e"),
      m("GetMethodViaReflectionOrThrow", "00 04 12 14 0e 0e 0e 1d 12 10"),
      m("GetMethodFromAppDomainStorage", "00 01 12 14 0e"),
      m("GetMethodFromAppDomainStorageOrReflectionOrThrow", "00 05 12 14 0e 0e 0e 0e 1d 12 10"),
      m("StoreMethodInAppDomainStorageOrThrow", "00 02 01 12 14 0e"),
      m("GetThreadLocalBoolean", "00 01 02 0e"), m("SetThreadLocalBoolean", "00 02 01 0e 02"),
      m("GetAppDomainBoolean", "00 01 02 0e"), m("SetAppDomainBoolean", "00 02 01 0e 02"),
      m("Other", "00 00 01"),
    } },
  }
  if drop then drop(types) end
  return s:assembly { name = types.name or "mscorlib", refs = {}, path = "/w/mscorlib.dll", types = types }
end

local METHODS = {
  { "LoadAssemblyOrThrow", 24, "62 02 28 M 25 3a 0b000000 72 S 73 M 7a 2a",
    "ldarg.0; call System.Reflection.Assembly::LoadFrom cc00 class System.Reflection.Assembly(string); dup; brtrue IL_0017; "
      .. 'ldstr "Failed to load assembly."; newobj System.Exception::.ctor cc20 void(string); throw; ret' },
  { "GetTypeViaReflectionOrThrow", 30, "7a 02 28 M 03 6f M 25 3a 0b000000 72 S 73 M 7a 2a",
    "ldarg.0; call " .. HELPER .. "::LoadAssemblyOrThrow cc00 class System.Reflection.Assembly(string); ldarg.1; callvirt "
      .. "System.Reflection.Assembly::GetType cc20 class System.Type(string); dup; brtrue IL_001d; "
      .. 'ldstr "Failed to load type from assembly via reflection."; newobj System.Exception::.ctor cc20 void(string); throw; ret' },
  { "GetMethodViaReflectionOrThrow", 53,
    "d6 02 03 28 M 04 05 39 0b000000 05 6f M 38 0a000000 6f M 38 00000000 25 3a 0b000000 72 S 73 M 7a 2a",
    "ldarg.0; ldarg.1; call " .. HELPER .. "::GetTypeViaReflectionOrThrow cc00 class System.Type(string,string); ldarg.2; ldarg.3; "
      .. "brfalse IL_0019; ldarg.3; callvirt System.Type::GetMethod cc20 class System.Reflection.MethodInfo(string,class System.Type[]); "
      .. "br IL_0023; callvirt System.Type::GetMethod cc20 class System.Reflection.MethodInfo(string); br IL_0023; dup; brtrue IL_0034; "
      .. 'ldstr "Failed to load method from type via reflection."; newobj System.Exception::.ctor cc20 void(string); throw; ret' },
  { "GetMethodFromAppDomainStorage", 34, "8a 28 M 25 3a 0b000000 72 S 73 M 7a 02 6f M 74 05000002 2a",
    "call System.AppDomain::get_CurrentDomain cc00 class System.AppDomain(); dup; brtrue IL_0016; "
      .. 'ldstr "System.AppDomain.CurrentDomain == null."; newobj System.Exception::.ctor cc20 void(string); throw; ldarg.0; '
      .. "callvirt System.AppDomain::GetData cc20 object(string); castclass System.Reflection.MethodInfo; ret" },
  { "GetMethodFromAppDomainStorageOrReflectionOrThrow", 31, "7e 02 28 M 25 3a 12000000 26 03 04 05 0e 04 28 M 25 02 28 M 2a",
    "ldarg.0; call " .. HELPER .. "::GetMethodFromAppDomainStorage cc00 class System.Reflection.MethodInfo(string); dup; brtrue IL_001e; "
      .. "pop; ldarg.1; ldarg.2; ldarg.3; ldarg.s 4; call " .. HELPER .. "::GetMethodViaReflectionOrThrow cc00 class "
      .. "System.Reflection.MethodInfo(string,string,string,class System.Type[]); dup; ldarg.0; call " .. HELPER
      .. "::StoreMethodInAppDomainStorageOrThrow cc00 void(class System.Reflection.MethodInfo,string); ret" },
  { "StoreMethodInAppDomainStorageOrThrow", 30, "7a 28 M 25 3a 0b000000 72 S 73 M 7a 03 02 6f M 2a",
    "call System.AppDomain::get_CurrentDomain cc00 class System.AppDomain(); dup; brtrue IL_0016; "
      .. 'ldstr "System.AppDomain.CurrentDomain == null."; newobj System.Exception::.ctor cc20 void(string); throw; ldarg.1; ldarg.0; '
      .. "callvirt System.AppDomain::SetData cc20 void(string,object); ret" },
}

for _, row in ipairs(METHODS) do
  local name, size, bytes, words = table.unpack(row)
  t:test(("7: %s has %d bytes"):format(name, size), { covers = { "injected-code 7", "injected-code 7.1", "metadata-tokens 3",
    "metadata-tokens 1", "il-method-body 6.9" } }, function(s)
      local r = s:desktop():load(mscorlib(s)):jit(HELPER .. "." .. name)
      s:equal(r.via, "info")
      s:truth(r.tiny, "the header is tiny")
      s:equal(r.code_size, size)
      s:bytes(r.body, (bytes:gsub("M", "??????06"):gsub("S", "??????70")))
      s:equal(table.concat(code.instructions(r), "; "), words)
      -- All tokens are definitions of mscorlib itself; only the message is new.
      for _, line in ipairs(r.added) do s:truth(line:find "^70", line) end
    end)
end

-- The fourth is on no list of names that are looked at, so it is met at log level trace only, where there is no list.
for _, row in ipairs { { "GetThreadLocalBoolean", "debug", true }, { "SetThreadLocalBoolean", "debug", true },
  { "GetAppDomainBoolean", "debug", true }, { "SetAppDomainBoolean", "debug", false }, { "SetAppDomainBoolean", "finest", true } } do
  local name, level, seen = table.unpack(row)
  t:test(("7.2: %s has no body to be written (level %s)"):format(name, level), { covers = { "injected-code 7.2", "Q55" } }, function(s)
    s:home { config = { level = level } }
    s:untouched(s:desktop():load(mscorlib(s)):jit(HELPER .. "." .. name))
    s:equal(s:log_count "[Error] Attempted to instrument an unknown helper method in mscorlib.", seen and 1 or 0)
  end)
end

for _, row in ipairs { { HELPER .. ".Other", "another method of the type" }, { "System.Type.GetMethod", "a method of another type" } } do
  t:test("7: " .. row[2] .. " is left alone", { covers = "injected-code 7" }, function(s)
    s:untouched(s:desktop():load(mscorlib(s)):jit(row[1]))
    s:log_lacks "Attempted to instrument an unknown helper"
  end)
end

-- Which runtime it is does not matter, but for the module injection that makes these methods.
t:test("7: a type of that name in a mscorlib.dll of .NET is filled in, too", { covers = "injected-code 7" }, function(s)
  s:bytes(s:core():load(mscorlib(s)):jit(HELPER .. ".LoadAssemblyOrThrow").body, "62 02 28 *")
end)

t:test("7: in an assembly of another file name it is not", { covers = "injected-code 7" }, function(s)
  local m = s:desktop():load(mscorlib(s), { path = "/w/mscorlib.ni.dll" })
  s:untouched(m:jit(HELPER .. ".LoadAssemblyOrThrow"))
end)

t:test("7.3: a helper that is named by a rule, too, is handed on to the tracer", { covers = { "injected-code 7.3", "Q55" } }, function(s)
  s:home { rules = { { assembly = "mscorlib.net", class = HELPER, method = "LoadAssemblyOrThrow" } } }
  local m = s:desktop():load(mscorlib(s, function(types) types.name = "mscorlib.net" end))
  local r = m:jit(HELPER .. ".LoadAssemblyOrThrow")
  s:equal(r.requests, { "RequestReJIT " .. HELPER .. ".LoadAssemblyOrThrow" })
end)

t:test("7: a helper whose callee is not there is left alone", { covers = { "injected-code 7", "metadata-tokens 1.1" } }, function(s)
  local m = s:desktop():load(mscorlib(s, function(types) types[6].name = "System.AppDomains" end))
  s:untouched(m:jit(HELPER .. ".GetMethodFromAppDomainStorage"), "E_FAIL", true)
  s:equal(m:jit(HELPER .. ".LoadAssemblyOrThrow").via, "info")
end)

t:test("7: a member that is not defined becomes a reference below its own type", { covers = "metadata-tokens 1" }, function(s)
  local m = s:desktop():load(mscorlib(s, function(types) types[5].methods = {} end))
  local r = m:jit(HELPER .. ".LoadAssemblyOrThrow")
  s:bytes(r.body, "62 02 28 ??????0a 25 3a 0b000000 72 ??????70 73 ??????06 7a 2a")
  s:equal(code.instructions(r)[2], "call System.Reflection.Assembly::LoadFrom cc00 class System.Reflection.Assembly(string)")
end)
