-- In which order rows are added to a module, and what is left there when a rewrite fails: metadata-tokens.md 3, 5 and 6, Q4, Q44, Q46.
local scenario = require "nrprof.scenario"
local code = dofile((debug.getinfo(1, "S").source:match "^@(.*[/\\])" or "") .. "_code.lua")

local t = scenario.suite "tokens_order"

local function lines(text)
  local list = {}
  for line in text:gmatch "[^\n]+" do list[#list + 1] = line:match "^%s*(.-)%s*$" end
  return list
end

-- Rows with their tokens; the scope without its version where that says nothing.
local function added(r)
  local list = {}
  for i, text in ipairs(r.added) do list[i] = code.plain(text) end
  return list
end

local TYPE_FROM_HANDLE = "[%s]System.Type::GetTypeFromHandle cc00 class [%s]System.Type(valuetype [%s]System.RuntimeTypeHandle)"

local VOID = lines [[
  01000001 [System.Runtime]System.Object
  01000002 [System.Runtime]System.Exception
  70000004 "home/NewRelic.Agent.Core.dll"
  23000002 System.Reflection,0.0.0.0,
  01000003 [System.Reflection]System.Reflection.Assembly
  0a000001 [System.Reflection]System.Reflection.Assembly::LoadFrom cc00 class [System.Reflection]System.Reflection.Assembly(string)
  7000003e "NewRelic.Agent.Core.AgentShim"
  01000004 [System.Runtime]System.Type
  0a000002 [System.Reflection]System.Reflection.Assembly::GetType cc20 class [System.Runtime]System.Type(string)
  7000007a "GetFinishTracerDelegate"
  01000005 [System.Reflection]System.Reflection.MethodInfo
  0a000003 [System.Runtime]System.Type::GetMethod cc20 class [System.Reflection]System.Reflection.MethodInfo(string)
  700000aa "MyFactory"
  01000006 [System.Runtime]System.UInt32
  700000be ""
  700000c0 "A"
  01000007 [System.Runtime]System.RuntimeTypeHandle
  0a000004 [System.Runtime]System.Type::GetTypeFromHandle cc00 class [System.Runtime]System.Type(valuetype [System.Runtime]System.RuntimeTypeHandle)
  700000c4 "N.C"
  700000cc "M"
  01000008 [System.Runtime]System.UInt64
  01000009 [System.Reflection]System.Reflection.MethodBase
  0a000005 [System.Reflection]System.Reflection.MethodBase::Invoke cc20 object(object,object[])
  23000003 System.Core,0.0.0.0,
  0100000a [System.Core]System.Action`2
  1b000001 spec class [System.Core]System.Action`2<object,class [System.Runtime]System.Exception>
  0a000006 spec class [System.Core]System.Action`2<object,class [System.Runtime]System.Exception>::Invoke cc20 void(!0,!1)
  11000001 locals(class [System.Runtime]System.Object,class [System.Runtime]System.Exception)]]

t:test("6: static void M() on .NET with a reference to System.Runtime", { covers = { "metadata-tokens 6", "metadata-tokens 3",
  "metadata-tokens 3.1", "metadata-tokens 3.2", "metadata-tokens 3.3", "metadata-tokens 4.6", "metadata-tokens 5.2", "metadata-tokens 7" } }, function(s)
    local m = s:method { body = "06 2a", rule = { factory = "MyFactory" } }
    local r = m:jit()
    s:equal(added(r), VOID)
    s:equal({ m:rows "TypeRef", m:rows "MemberRef", m:rows "TypeSpec", m:rows "AssemblyRef", m:rows "StandAloneSig" }, { 10, 6, 1, 3, 1 })
  end)

-- 4.3: the texts of the injected code as signatures.
for token, bytes in pairs { [0x0A000001] = "00 01 12 0d 0e", [0x0A000002] = "20 01 12 11 0e", [0x0A000003] = "20 01 12 15 0e",
  [0x0A000004] = "00 01 12 11 11 1d", [0x0A000005] = "20 02 1c 1c 1d 1c", [0x0A000006] = "20 02 01 13 00 13 01",
  [0x1B000001] = "15 12 29 02 1c 12 09", [0x11000001] = "07 02 12 05 12 09" } do
  t:test(("6: the signature of %08x is %s"):format(token, bytes), { covers = { "metadata-tokens 6", "metadata-tokens 4.3",
    "metadata-tokens 4.5", "Q40" } }, function(s)
      local m = s:method { body = "06 2a" }
      m:jit()
      s:equal(m:signature(token), bytes)
    end)
end

t:test("6: int M(string, int): the parameters' types come between RuntimeTypeHandle and UInt64", { covers = { "metadata-tokens 6",
  "metadata-tokens 3" } }, function(s)
    local r = s:method { sig = "20 02 08 0e 08", body = { code = "16 2a", locals = "07 02 08 0e" }, rule = { factory = "MyFactory" } }:jit()
    local wanted = {}
    for _, line in ipairs(VOID) do
      if line:find "UInt64" then
        wanted[#wanted + 1] = '700000d0 "System.String,System.Int32"'
        wanted[#wanted + 1] = "01000008 [System.Runtime]System.String"
        wanted[#wanted + 1] = "01000009 [System.Runtime]System.Int32"
      end
      wanted[#wanted + 1] = line
    end
    s:equal(r.locals_sig, "07 05 08 0e 12 05 12 09 08")
    local found = added(r)
    s:equal(#found, #wanted)
    for i = 1, #wanted - 1 do s:equal(found[i]:sub(10), wanted[i]:sub(10), "row " .. i) end
    s:equal(found[#found], "11000002 locals(i4,string,class [System.Runtime]System.Object,class [System.Runtime]System.Exception,i4)")
  end)

t:test("6: on .NET Framework, looked up through the domain's storage", { covers = { "metadata-tokens 6", "metadata-tokens 3" } }, function(s)
  local m = s:method { clr = { domain = "App" }, assembly = { refs = { "mscorlib" } }, body = "06 2a", rule = { factory = "MyFactory" } }
  local r = m:jit()
  s:equal(added(r), lines(([[
    01000001 [m]System.Object
    01000002 [m]System.Exception
    70000004 "NewRelic.Agent.Core.AgentShim.GetFinishTracerDelegate_0"
    70000074 "home/NewRelic.Agent.Core.dll"
    700000ae "NewRelic.Agent.Core.AgentShim"
    700000ea "GetFinishTracerDelegate"
    01000003 [m]System.Reflection.MethodInfo
    01000004 [m]System.Type
    01000005 [m]System.CannotUnloadAppDomainException
    0a000001 [m]System.CannotUnloadAppDomainException::GetMethodFromAppDomainStorageOrReflectionOrThrow cc00 class [m]System.Reflection.MethodInfo(string,string,string,string,class [m]System.Type[])
    7000011a "MyFactory"
    01000006 [m]System.UInt32
    7000012e ""
    70000130 "A"
    01000007 [m]System.RuntimeTypeHandle
    0a000002 [m]System.Type::GetTypeFromHandle cc00 class [m]System.Type(valuetype [m]System.RuntimeTypeHandle)
    70000134 "N.C"
    7000013c "M"
    01000008 [m]System.UInt64
    01000009 [m]System.Reflection.MethodBase
    0a000003 [m]System.Reflection.MethodBase::Invoke cc20 object(object,object[])
    0100000a [m]System.Action`2
    1b000001 spec class [m]System.Action`2<object,class [m]System.Exception>
    0a000004 spec class [m]System.Action`2<object,class [m]System.Exception>::Invoke cc20 void(!0,!1)
    11000001 locals(class [m]System.Object,class [m]System.Exception)]]):gsub("%[m%]", "[mscorlib]")))
  s:equal(m:signature(0x0A000001), "00 05 12 0d 0e 0e 0e 0e 1d 12 11")
  s:equal(m:rows "AssemblyRef", 1)
end)

t:test("3: an API method on .NET", { covers = "metadata-tokens 3" }, function(s)
  local r = s:api_method { name = "F", sig = "00 01 0e 08", body = { code = "14 2a" } }:jit()
  s:equal(added(r), lines(([[
    70000004 "home/NewRelic.Agent.Core.dll"
    23000002 System.Reflection,0.0.0.0,
    01000001 [System.Reflection]System.Reflection.Assembly
    0a000001 [System.Reflection]System.Reflection.Assembly::LoadFrom cc00 class [System.Reflection]System.Reflection.Assembly(string)
    7000003e "NewRelic.Agent.Core.AgentApi"
    01000002 [System.Runtime]System.Type
    0a000002 [System.Reflection]System.Reflection.Assembly::GetType cc20 class [System.Runtime]System.Type(string)
    70000078 "F"
    01000003 [System.Runtime]System.Int32
    01000004 [System.Runtime]System.RuntimeTypeHandle
    0a000003 ]] .. TYPE_FROM_HANDLE .. [[

    01000005 [System.Reflection]System.Reflection.MethodInfo
    0a000004 [System.Runtime]System.Type::GetMethod cc20 class [System.Reflection]System.Reflection.MethodInfo(string,class [System.Runtime]System.Type[])
    01000006 [System.Runtime]System.Object
    01000007 [System.Reflection]System.Reflection.MethodBase
    0a000005 [System.Reflection]System.Reflection.MethodBase::Invoke cc20 object(object,object[])
    01000008 [System.Runtime]System.Exception
    11000001 locals(string)]]):gsub("%%s", "System.Runtime")))
end)

t:test("3: an API method on .NET Framework", { covers = "metadata-tokens 3" }, function(s)
  local m = s:api_method { name = "F", clr = { domain = "App" }, assembly = { refs = { "mscorlib" } }, sig = "00 01 01 08", body = "06 2a" }
  local list = code.added(m:jit())
  s:equal(list, lines(([[
    "NewRelic.Agent.Core.AgentApi.F_ID"
    "home/NewRelic.Agent.Core.dll"
    "NewRelic.Agent.Core.AgentApi"
    "F"
    [m]System.Type
    [m]System.Int32
    [m]System.RuntimeTypeHandle
    [m]System.Type::GetTypeFromHandle cc00 class [m]System.Type(valuetype [m]System.RuntimeTypeHandle)
    [m]System.Reflection.MethodInfo
    [m]System.CannotUnloadAppDomainException
    [m]System.CannotUnloadAppDomainException::GetMethodFromAppDomainStorageOrReflectionOrThrow cc00 class [m]System.Reflection.MethodInfo(string,string,string,string,class [m]System.Type[])
    [m]System.Object
    [m]System.Reflection.MethodBase
    [m]System.Reflection.MethodBase::Invoke cc20 object(object,object[])
    [m]System.Exception
    locals()]]):gsub("%[m%]", "[mscorlib]"):gsub("_ID", "_" .. m:function_id())))
end)

-- ---- 3: what is left when a rewrite fails ------------------------------------------------------------

-- A method, the last row that is added, how many there are.
local LAST_INVOKE = "spec class [System.Core]System.Action`2<object,class [System.Runtime]System.Exception>::Invoke cc20 void(!0,!1)"
local PARTIAL = {
  { "a pointer result", { sig = "00 00 0f 08", body = "0a 14 2a" }, 27, LAST_INVOKE },
  { "a by-ref result", { sig = "00 00 10 08", body = "0a 14 2a" }, 27, LAST_INVOKE },
  { "a function pointer result", { sig = "00 00 1b 00 00 01", body = "0a 14 2a" }, 27, LAST_INVOKE },
  { "65534 locals", { body = { code = "2a", locals = "07 c0 00 ff fe" .. (" 08"):rep(0xFFFE) } }, 1, "[System.Runtime]System.Object" },
  { "65533 locals", { body = { code = "2a", locals = "07 c0 00 ff fd" .. (" 08"):rep(0xFFFD) } }, 2, "[System.Runtime]System.Exception" },
  { "65532 locals and a result", { sig = "00 00 08", body = { code = "16 2a", locals = "07 c0 00 ff fc" .. (" 08"):rep(0xFFFC) } }, 2,
    "[System.Runtime]System.Exception" },
  { "a domain of .NET Framework without known reference", { clr = { domain = "App" }, assembly = { refs = { "Lib" } }, body = "06 2a" }, 0 },
}
for _, row in ipairs(PARTIAL) do
  local name, method, count, last = table.unpack(row)
  t:test("3: what is left of a method with " .. name, { covers = { "metadata-tokens 3", "Q44", "Q40" } }, function(s)
    local r = s:method(method):jit()
    s:untouched(r, "E_FAIL", true)
    local list = code.added(r)
    s:equal(list[#list], last)
    s:equal(#list, count)
  end)
end

t:test("3: a refused method leaves nothing", { covers = { "metadata-tokens 3", "metadata-tokens 5.4" } }, function(s)
  s:untouched(s:method { sig = "00 01 08 08", body = { code = "02 2c 02 16 2a 14 7a" } }:jit())
end)

t:test("3: rows that a failed rewrite left are used by the next one", { covers = { "Q44", "Q4", "metadata-tokens 5.3" } }, function(s)
  local m = s:method { sig = "00 00 0f 08", body = "0a 14 2a", rule = { method = { "M", "Next" } },
    type = { methods = { { name = "Next", sig = "00 00 01", body = "06 2a" } } } }
  s:untouched(m:jit(), "E_FAIL", true)
  local r = m:jit "N.C.Next"
  s:rewritten(r)
  local list = code.added(r)
  s:equal(list, { '"Next"', "locals(class [System.Runtime]System.Object,class [System.Runtime]System.Exception)" })
end)

-- 1.1: the n-th new definition of a kind fails.
local SLOTS = {
  { "DefineTypeRefByName", 1, 0 }, { "DefineTypeRefByName", 2, 1 }, { "DefineUserString", 1, 2 }, { "DefineMemberRef", 1, 5 },
  { "DefineMemberRef", 6, 26 }, { "GetTokenFromTypeSpec", 1, 25 }, { "GetTokenFromSig", 1, 27 }, { "DefineUserString", 2, 6 },
  { "DefineUserString", 5, 14 },
}
for _, row in ipairs(SLOTS) do
  local slot, nth, count = table.unpack(row)
  t:test(("1.1: when call %d of %s fails nothing is written"):format(nth, slot), { covers = { "metadata-tokens 1.1", "metadata-tokens 3", "Q44" } },
    function(s)
      local m = s:method { body = "06 2a", rule = { factory = "MyFactory" } }
      m.clr:fail("IMetaDataEmit", slot, nth, "E_OUTOFMEMORY")
      local r = m:jit()
      s:untouched(r, "E_FAIL", true)
      s:equal(added(r), table.move(VOID, 1, count, 1, {}))
    end)
end

t:test("3: when the body is not taken all rows are there", { covers = "metadata-tokens 3" }, function(s)
  local m = s:method { body = "06 2a", rule = { factory = "MyFactory" } }
  m.clr:fail("ICorProfilerFunctionControl", "SetILFunctionBody", 1, "E_FAIL")
  local r = m:jit()
  s:untouched(r, "E_FAIL", true)
  s:equal(added(r), VOID)
end)

-- ---- 5: rows are shared ---------------------------------------------------------------------------------

t:test("5.1: five methods of a module share their rows", { covers = { "metadata-tokens 5.1", "metadata-tokens 5" } }, function(s)
  local methods, names = {}, {}
  for i = 1, 5 do
    names[i] = "M" .. i
    methods[i] = { name = names[i], sig = "00 00 01", body = "06 2a" }
  end
  s:home { rules = { { assembly = "A", class = "N.C", method = names } } }
  local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = methods } } })
  m:jit "N.C.M3"
  for _, name in ipairs { "M1", "M5", "M2", "M4" } do
    local r = m:jit("N.C." .. name)
    s:rewritten(r)
    s:equal(code.added(r), { '"' .. name .. '"' })
  end
  s:equal({ m:rows "TypeRef", m:rows "MemberRef", m:rows "TypeSpec", m:rows "AssemblyRef", m:rows "StandAloneSig" }, { 10, 6, 1, 3, 1 })
end)

t:test("5.2: rows and strings come behind those of the image", { covers = { "metadata-tokens 5.2", "metadata-tokens 5.4" } }, function(s)
  local r = s:method { body = "06 2a", assembly = { refs = { "System.Runtime", "Lib" }, user_strings = { "hello", "ab" },
    type_refs = { "[Lib]Lib.T", "[System.Runtime]System.Exception" }, member_refs = { { "[Lib]Lib.T", "Run", "20 00 01" } } } }:jit()
  local list = added(r)
  s:equal(table.move(list, 1, 5, 1, {}), { "01000003 [System.Runtime]System.Object", '70000014 "home/NewRelic.Agent.Core.dll"',
    "23000003 System.Reflection,0.0.0.0,", "01000004 [System.Reflection]System.Reflection.Assembly",
    "0a000002 [System.Reflection]System.Reflection.Assembly::LoadFrom cc00 class [System.Reflection]System.Reflection.Assembly(string)" })
end)

t:test("5.3: the tokens depend on which method comes first", { covers = { "metadata-tokens 5.3", "Q4" } }, function(s)
  local m = s:method { sig = "00 01 01 0c", body = "06 2a", rule = { method = { "M", "Other" } },
    type = { methods = { { name = "Other", sig = "00 01 01 0d", body = "06 2a" } } } }
  m:jit "N.C.Other"
  local r = m:jit()
  s:equal(m:meaning(0x01000008), "[System.Runtime,0.0.0.0,]System.Double")
  s:equal(code.added(r), { '"M"', '"System.Single"', "[System.Runtime]System.Single" })
end)
