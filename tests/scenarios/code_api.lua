-- Methods of NewRelic.Api.Agent.NewRelic: injected-code.md 5, quirks Q1, Q24, Q33, Q42, Q47.
local scenario = require "nrprof.scenario"
local code = dofile((debug.getinfo(1, "S").source:match "^@(.*[/\\])" or "") .. "_code.lua")

local t = scenario.suite "code_api"

local function words(r, from, to)
  return table.concat(code.instructions(r), "; ", from, to)
end

t:test("5.6: static string F(string) on .NET: 107 bytes and one clause", { covers = { "injected-code 5.6", "injected-code 5",
  "injected-code 5.3", "injected-code 5.4", "injected-code 5.5", "Q24" } }, function(s)
    local m = s:api_method { name = "F", sig = "00 01 0e 0e", body = { code = "72 01 00 00 70 2a" }, assembly = { user_strings = { "hello" } } }
    local r = m:jit()
    s:equal(r.via, "info") -- written at the first JIT; nothing is asked for again
    s:equal(r.requests, {})
    s:equal(r.code_size, 107)
    s:bytes(r.code, [[72 10000070 28 0100000a 72 4a000070 6f 0200000a 72 84000070
      20 01000000 8d 02000001 25 20 00000000 d0 03000001 28 0300000a a2 6f 0400000a
      14 20 01000000 8d 06000001 25 20 00000000 02 8c 03000001 a2 28 0500000a 0a dd 0d000000
      26 72 01000070 00 0a dd 00000000 06 2a]])
    s:equal(#r.clauses, 1)
    s:equal(r.clauses[1].text, "0 [0000,005c) [005c,0069) 01000008")
    s:equal(m:meaning(0x01000008), "[System.Runtime,0.0.0.0,]System.Exception")
    s:equal(r.locals_sig, "07 01 0e")
    s:equal(r.head, "1b 30 0a 00")
    s:log_has("[Info ] Instrumenting API method: " .. m:described(nil, "System.String"))
  end)

local INVOKE = "call [System.Reflection]System.Reflection.MethodBase::Invoke cc20 object(object,object[])"

t:test("5.3: a void method drops what comes back, and has no locals", { covers = { "injected-code 5.3", "Q47", "Q24" } }, function(s)
  local r = s:api_method { body = "06 2a" }:jit()
  s:equal(words(r, 1, 1), 'ldstr "home/NewRelic.Agent.Core.dll"')
  s:bytes(r.code, "72 ???????? 28 ???????? 72 ???????? 6f ???????? 72 ???????? 20 00000000 8d ???????? 6f ???????? 14 20 00000000 8d ???????? "
    .. "28 ???????? 26 dd 07000000 26 00 dd 00000000 2a")
  s:contains(words(r), INVOKE .. "; pop; leave ")
  s:equal(r.locals_sig, "07 00")
end)

t:test("5.3: the result has the index behind the method's locals", { covers = { "injected-code 5.3", "injected-code 5.5" } }, function(s)
  local r = s:api_method { sig = "00 00 08", body = { code = "16 0a 06 2a", locals = "07 04 08 08 08 08" } }:jit()
  s:bytes(r.code:sub(-3 * 26), " ?? ?? ?? 0a 13 04 dd 0c000000 26 16 0a 06 00 13 04 dd 00000000 11 04 2a")
  s:equal(r.locals_sig, "07 05 08 08 08 08 08")
end)

t:test("5.3: original clauses come first, shifted behind the injected code", { covers = { "injected-code 5.3", "il-method-body 6.6" } }, function(s)
  local r = s:api_method { body = { code = "00 de 03 26 de 00 2a", clauses = { { 0, 0, 3, 3, 3, 0x01000001 } } },
    assembly = { type_refs = { "[System.Runtime]System.Object" } } }:jit()
  local at = r.user_offset
  s:equal(r.user, "00 de 03 26 de 00 00")
  s:equal(#r.clauses, 2)
  s:equal(r.clauses[1].text, ("0 [%04x,%04x) [%04x,%04x) 01000001"):format(at, at + 3, at + 3, at + 6))
  s:equal(r.clauses[2].handler + 1, at)
end)

for _, row in ipairs { { 2, 10 }, { 10, 10 }, { 12, 10 }, { 200, 10 } } do
  t:test(("5.3: max stack %d becomes 10"):format(row[1]), { covers = { "injected-code 5.3", "Q24" } }, function(s)
    local r = s:api_method { body = { code = "2a", max_stack = row[1] } }:jit()
    s:equal(r.max_stack, row[2])
  end)
end

t:test("5.3: max stack stays 10 with twenty parameters", { covers = { "injected-code 5.3", "Q24" } }, function(s)
  s:equal(s:api_method { sig = "00 14 01" .. (" 08"):rep(20), body = "06 2a" }:jit().max_stack, 10)
end)

-- 5.2: only a last byte 2a is replaced.
for _, row in ipairs {
  { "02 2c 01 2a 2a", "02 2c 01 2a 00", "an inner RET stays", false },
  { "14 7a", "14 7a", "without RET the code is used as it is", true },
  { "02 2c 01 2a 14 7a", "02 2c 01 2a 14 7a", "only the last byte counts", true },
  { "20 00 00 00 2a", "20 00 00 00 00", "the last byte counts though it is none", false },
  { "02 2d 02 2a 00 2a", "02 2d 02 2a 00 00", "short branches stay short", false },
} do
  t:test(("5.2: %s (%s)"):format(row[3], row[1]), { covers = { "injected-code 5.2", "Q24" } }, function(s)
    local m = s:api_method { sig = "00 01 01 08", body = { code = row[1] } }
    local r = m:jit()
    s:rewritten(r)
    s:equal(r.user, row[2])
    if row[4] then s:log_has("[Error] Unexpected instruction in method " .. m:described(nil, "System.Int32")) else s:log_lacks "[Error]" end
  end)
end

t:test("5.2: an API method without code", { covers = { "injected-code 5.2", "C8" }, crashes = "C8" }, function(s)
  s:untouched(s:api_method { body = { code = "", max_stack = 1 } }:jit(), "S_OK", true)
end)

-- 5.1
for _, row in ipairs { { ".cctor", false }, { "GetAgent", false }, { ".ctor", true }, { "getAgent", true }, { "GetAgent2", true },
  { "NoticeError", true } } do
  local name, written = table.unpack(row)
  t:test(("5.1: %s is %s"):format(name, written and "filled in" or "left alone"), { covers = "injected-code 5.1" }, function(s)
    local m = s:api_method { name = name, sig = name == ".ctor" and "20 00 01" or "00 00 01", body = "06 2a" }
    local r = m:jit(m.image.token("NewRelic.Api.Agent.NewRelic", name))
    if written then
      s:equal(r.via, "info")
      s:contains(words(r), ('ldstr "%s"'):format(name))
    else
      s:untouched(r)
    end
  end)
end

t:test("5.1: GetAgent can be instrumented by a rule", { covers = "injected-code 5.1" }, function(s)
  s:home { rules = { { assembly = "NewRelic.Api.Agent", class = "NewRelic.Api.Agent.NewRelic", method = "GetAgent" } } }
  local r = s:api_method { name = "GetAgent", body = "06 2a" }:jit()
  s:equal(r.via, "rejit")
  s:contains(words(r), "AgentShim")
end)

t:test("5.1: for all others a rule changes only when they are written", { covers = "injected-code 5.1" }, function(s)
  s:home { rules = { { assembly = "NewRelic.Api.Agent", class = "NewRelic.Api.Agent.NewRelic", method = "F" } } }
  local m = s:api_method { name = "F", body = "06 2a" }
  local r = m:jit()
  s:equal(r.via, "rejit") -- asked for when the module was loaded
  s:equal(r.code_size, 70)
  s:contains(words(r), "AgentApi")
end)

for _, row in ipairs { { "NewRelic.Api.Agent", "NewRelic.Api.Agent.NewRelic2" }, { "Other", "NewRelic.Api.Agent.NewRelic" },
  { "NewRelic.Api.Agent", "NewRelic.Api.Agent.newRelic" } } do
  t:test(("5: methods of [%s]%s are not filled in"):format(row[1], row[2]), { covers = "injected-code 5" }, function(s)
    s:home {}
    local m = s:core():load(s:assembly { name = row[1], types = { { name = row[2], methods = { { name = "F", sig = "00 00 01", body = "06 2a" } } } } })
    s:untouched(m:jit(row[2] .. ".F"))
  end)
end

t:test("5: at log level trace the assembly of the type does not matter", { covers = { "injected-code 5", "Q54" } }, function(s)
  s:home { config = { level = "finest" } }
  local m = s:core():load(s:assembly { name = "Other", types = { { name = "NewRelic.Api.Agent.NewRelic",
    methods = { { name = "F", sig = "00 00 01", body = "06 2a" } } } } })
  s:equal(m:jit "NewRelic.Api.Agent.NewRelic.F".via, "info")
end)

-- 5.4
t:test("5.4: on .NET Framework the key has the function id in decimal", { covers = { "injected-code 5.4", "Q1", "Q42" } }, function(s)
  local m = s:api_method { desktop = true, name = "F", sig = "00 01 01 08", body = "06 2a" }
  local r = m:jit()
  s:equal(words(r, 1, 4), ('ldstr "NewRelic.Agent.Core.AgentApi.F_%d"; ldstr "home/NewRelic.Agent.Core.dll"; '
    .. 'ldstr "NewRelic.Agent.Core.AgentApi"; ldstr "F"'):format(m:function_id()))
  s:equal(words(r, 5, 14), "ldc.i4 1; newarr [mscorlib]System.Type; dup; ldc.i4 0; ldtoken [mscorlib]System.Int32; "
    .. "call [mscorlib]System.Type::GetTypeFromHandle cc00 class [mscorlib]System.Type(valuetype [mscorlib]System.RuntimeTypeHandle); "
    .. "stelem.ref; call [mscorlib]System.CannotUnloadAppDomainException::GetMethodFromAppDomainStorageOrReflectionOrThrow cc00 class "
    .. "[mscorlib]System.Reflection.MethodInfo(string,string,string,string,class [mscorlib]System.Type[]); ldnull; ldc.i4 1")
  s:bytes(r.code, "72 ???????? 72 ???????? 72 ???????? 72 ???????? 20 01000000 8d ???????? 25 20 00000000 d0 ???????? 28 ???????? a2 "
    .. "28 ???????? 14 20 01000000 8d ???????? 25 20 00000000 02 8c ???????? a2 28 ???????? 26 dd 07000000 26 00 dd 00000000 2a")
end)

-- Type of a parameter, what the array of types gets, what the array of values gets; nil: nothing can be done.
local TYPES = {
  { "08", "[System.Runtime]System.Int32", "ldarg.0; box [System.Runtime]System.Int32" },
  { "0e", "[System.Runtime]System.String", "ldarg.0; box [System.Runtime]System.String" },
  { "12 05", "[Lib]Lib.T", "ldarg.0; box [Lib]Lib.T" },
  { "12 08", "NewRelic.Api.Agent.NewRelic", "ldarg.0; box NewRelic.Api.Agent.NewRelic" },
  { "1d 0e", "spec string[]", "ldarg.0; box spec string[]" },
  { "15 12 05 01 08", "spec class [Lib]Lib.T<i4>", "ldarg.0; box spec class [Lib]Lib.T<i4>" },
  { "1e 00", "spec !!0", "ldarg.0; box spec !!0" },
  { "10 08", "[System.Runtime]System.Int32", "ldnull" },
  { "10 12 05", "[Lib]Lib.T", "ldnull" },
  { "20 05 08", "[System.Runtime]System.Int32", "ldarg.0; box [System.Runtime]System.Int32" },
  { "16", "[System.Runtime]System.TypedReference", "ldarg.0; box [System.Runtime]System.TypedReference" },
  { "0f 08" }, { "0f 01" }, { "1b 00 00 01" }, { "10 0f 08" }, { "45 08" },
}
for _, row in ipairs(TYPES) do
  t:test("5.4: a parameter " .. row[1], { covers = { "injected-code 5.4", row[1]:find "^10" and "Q33" or nil } }, function(s)
    local r = s:api_method { sig = "00 01 01 " .. row[1], body = "06 2a", assembly = { refs = { "System.Runtime", "Lib" }, type_refs = { "[Lib]Lib.T" } } }:jit()
    if not row[2] then return s:untouched(r, "E_FAIL", true) end
    s:contains(words(r), "newarr [System.Runtime]System.Type; dup; ldc.i4 0; ldtoken " .. row[2] .. "; call ")
    s:contains(words(r), "newarr [System.Runtime]System.Object; dup; ldc.i4 0; " .. row[3] .. "; stelem.ref; call ")
  end)
end

t:test("5.4: a sentinel leaves an unfinished array element in both arrays", { covers = { "injected-code 5.4", "Q35" } }, function(s)
  local r = s:api_method { sig = "05 02 01 08 41", body = "06 2a" }:jit()
  s:contains(r.code, "25 20 01 00 00 00 a2 6f")
  s:contains(r.code, "25 20 01 00 00 00 a2 28")
end)

t:test("5.4: parameters of an instance method begin with argument 1", { covers = "injected-code 5.4" }, function(s)
  local r = s:api_method { sig = "20 01 01 08", body = "06 2a" }:jit()
  s:contains(words(r), "ldnull; ldc.i4 1; newarr [System.Runtime]System.Object; dup; ldc.i4 0; ldarg.1; box")
end)

for _, row in ipairs { { "0f 08", "a pointer" }, { "10 08", "a by-ref" } } do
  t:test(("5.3: the result of an API method may be %s: it is not boxed"):format(row[2]), { covers = { "injected-code 5.3", "injected-code 5.5" } },
    function(s)
      local r = s:api_method { sig = "00 00 " .. row[1], body = "0a 14 2a" }:jit()
      s:rewritten(r)
      s:equal(r.locals_sig, "07 01 " .. row[1])
    end)
end
