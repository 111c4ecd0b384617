-- The tracer around a method: injected-code.md 1, 2, 3.2, 3.4 and 8, quirks Q25, Q28 to Q32, Q35, Q39, Q40.
local scenario = require "nrprof.scenario"
local code = dofile((debug.getinfo(1, "S").source:match "^@(.*[/\\])" or "") .. "_code.lua")

local t = scenario.suite "code_shape"

-- {n} is a token by number, ID the function id.
local function fill(text, m)
  return (text:gsub("{(%x+)}", function(hex) return code.little(tonumber(hex, 16)) end)
    :gsub("ID", code.little(m:function_id(), "<I8")))
end

-- injected-code.md 8, with the strings of this place.
local VOID = [[
  14 0a 14 0b
  72 {70000004} 28 {0a000001} 72 {7000003e} 6f {0a000002} 72 {7000007a} 6f {0a000003}
  14 1f 0b 8d {01000001}
  25 16 72 {700000aa} a2
  25 17 20 00 34 00 00 8c {01000006} a2
  25 18 72 {700000be} a2
  25 19 72 {700000c0} a2
  25 1a d0 {02000002} 28 {0a000004} a2
  25 1b 72 {700000c4} a2
  25 1c 72 {700000cc} a2
  25 1d 72 {700000be} a2
  25 1e 14 a2
  25 1f 09 20 00 00 00 00 8d {01000001} a2
  25 1f 0a 21 ID 8c {01000008} a2
  6f {0a000005} 0a dd 06 00 00 00
  26 dd 00 00 00 00
  00 dd 26 00 00 00
  0b
  06 39 18 00 00 00 06 74 {1b000001} 14 07 6f {0a000006} dd 06 00 00 00
  26 dd 00 00 00 00
  fe 1a dd 00 00 00 00
  06 39 18 00 00 00 06 74 {1b000001} 14 14 6f {0a000006} dd 06 00 00 00
  26 dd 00 00 00 00
  2a]]

t:test("8: a static void method on .NET: 244 bytes and four clauses", { covers = { "injected-code 8", "injected-code 2",
  "injected-code 2.1", "injected-code 2.2", "injected-code 2.3", "injected-code 1", "injected-code 1.1", "injected-code 1.2",
  "injected-code 1.3", "injected-code 1.4", "injected-code 3", "injected-code 3.2", "injected-code 3.4", "Q32" } }, function(s)
    local m = s:method { body = "06 2a", rule = { factory = "MyFactory" } }
    local r = m:jit()
    s:equal(r.code_size, 244)
    s:bytes(r.code, fill(VOID, m))
    local list = {}
    for i, c in ipairs(r.clauses) do list[i] = c.text end
    s:equal(list, { "0 [0004,00a3) [00a3,00a9) 01000002", "0 [00b6,00c8) [00c8,00ce) 01000002",
      "0 [00a9,00af) [00af,00d5) 01000002", "0 [00db,00ed) [00ed,00f3) 01000002" })
    s:equal(m:meaning(0x01000002), "[System.Runtime,0.0.0.0,]System.Exception")
    s:equal(m:meaning(0x0A000006), "spec class [System.Core,0.0.0.0,]System.Action`2<object,class "
      .. "[System.Runtime,0.0.0.0,]System.Exception>::Invoke cc20 void(!0,!1)")
    s:equal(r.user_offset, 0xa9)
  end)

t:test("8: the same, looked up through the application domain's storage: 240 bytes", { covers = { "injected-code 8",
  "injected-code 3.1", "injected-code 3.1.1" } }, function(s)
    local m = s:method { desktop = true, body = "06 2a", rule = { factory = "MyFactory" } }
    local r = m:jit()
    s:equal(r.code_size, 240)
    s:bytes(r.code:sub(1, 3 * 0x22), "14 0a 14 0b 72 ???????? 72 ???????? 72 ???????? 72 ???????? 14 28 ???????? 14 1f 0b *")
    local list = code.instructions(r)
    s:equal(table.concat(list, "; ", 5, 10), 'ldstr "NewRelic.Agent.Core.AgentShim.GetFinishTracerDelegate_0"; '
      .. 'ldstr "home/NewRelic.Agent.Core.dll"; ldstr "NewRelic.Agent.Core.AgentShim"; ldstr "GetFinishTracerDelegate"; ldnull; '
      .. "call [mscorlib]System.CannotUnloadAppDomainException::GetMethodFromAppDomainStorageOrReflectionOrThrow cc00 "
      .. "class [mscorlib]System.Reflection.MethodInfo(string,string,string,string,class [mscorlib]System.Type[])")
    s:equal(r.user_offset, 0xa5)
    -- Everything behind the look-up is as on .NET.
    s:bytes(r.code:sub(3 * 0x1e + 1):gsub("(%x%x %x%x 00 [017][0ab1])", "?? ?? ?? ??"), nil or
      (fill(VOID, m):gsub("%s+", " "):match " (14 1f 0b 8d .*)$":gsub("(%x%x %x%x 00 [017][0ab1])", "?? ?? ?? ??")))
  end)
