-- The tracer around a method: injected-code.md 1, 2, 3.2, 3.4 and 8, quirks Q25, Q28 to Q32, Q35, Q39, Q40.
local scenario = require "nrprof.scenario"
local code = dofile((debug.getinfo(1, "S").source:match "^@(.*[/\\])" or "") .. "_code.lua")

local t = scenario.suite "code_shape"

-- {n} is a token by number (or any token), ID the function id.
local function fill(text, m, any)
  return (text:gsub("{(%x+)}", function(hex) return any and "????????" or code.little(tonumber(hex, 16)) end)
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
    -- Behind the look-up everything is as on .NET, but for the scopes.
    s:bytes(r.code:sub(3 * 0x1e + 1), fill(VOID, m, true):match "14 1f 0b 8d .*$")
  end)

-- Parameters' indexes: 0 to 3, one byte, two bytes from 255 on; Q31.
local function signature(n, static)
  return (static and "00 " or "20 ") .. (n < 128 and ("%02x"):format(n) or ("%02x %02x"):format(n >> 8 | 0x80, n & 0xFF)) .. " 01"
    .. (" 08"):rep(n)
end

for _, row in ipairs { { 0, "02" }, { 3, "05" }, { 4, "0e 04" }, { 254, "0e fe" }, { 255, "fe 09 ff 00" }, { 256, "fe 09 00 01" } } do
  local index, load = table.unpack(row)
  t:test(("1: argument %d is loaded by %s"):format(index, load), { covers = { "injected-code 1", "injected-code 3.4", "Q31" } }, function(s)
    local r = s:method { sig = signature(index + 1, true), body = "06 2a" }:jit()
    s:contains(r.code, " 25 20 " .. code.little(index) .. " " .. load .. " 8c ")
    s:contains(r.code, " 25 1f 09 20 " .. code.little(index + 1) .. " 8d ")
  end)
  if index > 0 then
    t:test(("3.4: parameter %d of an instance method is argument %d"):format(index - 1, index), { covers = "injected-code 3.4" }, function(s)
      local r = s:method { sig = signature(index), body = "06 2a" }:jit()
      s:contains(r.code, " 25 20 " .. code.little(index - 1) .. " " .. load .. " 8c ")
    end)
  end
end

-- Locals: n of the method, then tracer n, exception n + 1, result n + 2.
local function numbered(n, short, long)
  if n < 4 then return ("%02x"):format(short + n) end
  if n < 255 then return ("%s %02x"):format(long[1], n) end
  return ("fe %s %02x %02x"):format(long[2], n & 0xFF, n >> 8)
end
local function stloc(n) return numbered(n, 0x0A, { "13", "0e" }) end
local function ldloc(n) return numbered(n, 0x06, { "11", "0c" }) end

for _, n in ipairs { 0, 1, 2, 3, 4, 251, 252, 253, 254, 255, 300 } do
  t:test(("1: with %d locals the added ones are stored by %s, %s, %s"):format(n, stloc(n), stloc(n + 1), stloc(n + 2)),
    { covers = { "injected-code 1", "injected-code 2", "Q31" } }, function(s)
      local count = n < 128 and ("%02x"):format(n) or ("%02x %02x"):format(n >> 8 | 0x80, n & 0xFF)
      local r = s:method { sig = "00 00 08", body = { code = "16 2a", locals = n > 0 and "07 " .. count .. (" 1c"):rep(n) or nil } }:jit()
      s:bytes(r.code, ("14 %s 14 %s 72 * 6f ???????? %s dd 06000000 26 dd 00000000 16 00 %s dd ??000000 %s %s 39 ??000000 %s 74 ???????? "
        .. "14 %s 6f ???????? dd 06000000 26 dd 00000000 fe1a dd 00000000 %s 39 ??000000 %s 74 ???????? %s 8c ???????? 14 6f ???????? "
        .. "dd 06000000 26 dd 00000000 %s 2a"):format(stloc(n), stloc(n + 1), stloc(n), stloc(n + 2), stloc(n + 1), ldloc(n), ldloc(n),
        ldloc(n + 1), ldloc(n), ldloc(n), ldloc(n + 2), ldloc(n + 2)))
      -- Each jump goes where the pieces end, whatever their size.
      local wide = #ldloc(n) // 3 + 1
      s:contains(r.code, " 39 " .. code.little(5 + wide + 1 + #ldloc(n + 1) // 3 + 1 + 5 + 5 + 6) .. " ")
    end)
end

t:test("8: an instance method with two parameters, a result and two locals", { covers = { "injected-code 8", "injected-code 2",
  "injected-code 3.2", "injected-code 3.4" } }, function(s)
    local m = s:method { sig = "20 02 08 0e 08", body = { code = "16 2a", locals = "07 02 08 0e" } }
    local r = m:jit()
    s:bytes(r.code:sub(1, 11), "14 0c 14 0d")
    s:equal(code.item(r, 8), "ldarg.0")
    s:equal(code.item(r, 7), 'ldstr "System.String,System.Int32"')
    s:contains(r.code, ("20 02 00 00 00 8d %s 25 20 00 00 00 00 03 8c %s a2 25 20 01 00 00 00 04 8c %s a2 a2"):format(
      code.little(0x01000001), code.little(0x01000008), code.little(0x01000009)))
    s:equal({ m:meaning(0x01000008), m:meaning(0x01000009) }, { "[System.Runtime,0.0.0.0,]System.String", "[System.Runtime,0.0.0.0,]System.Int32" })
    s:contains(r.code, "16 00 13 04 dd ")
    s:bytes(r.code:sub(-3 * 39 + 1), "08 39 1e000000 08 74 0100001b 11 04 8c 09000001 14 6f 0600000a dd 06000000 26 dd 00000000 11 04 2a")
    s:equal(r.locals_sig, "07 05 08 0e 12 05 12 09 08")
  end)

-- The eleven arguments.
local UINT32, UINT64 = "; box [System.Runtime]System.UInt32", "; box [System.Runtime]System.UInt64"
for k, row in pairs {
  [0] = { "the tracer factory", 'ldstr "Fac tory"' },
  { "the tracer's flags", "ldc.i4 29696" .. UINT32 },
  { "the metric name", 'ldstr "Met"' },
  { "the assembly", 'ldstr "A"' },
  { "the type's token", "ldtoken N.C+D; call [System.Runtime]System.Type::GetTypeFromHandle cc00 class [System.Runtime]System.Type"
    .. "(valuetype [System.Runtime]System.RuntimeTypeHandle)" },
  { "the type with + for nesting", 'ldstr "N.C+D"' },
  { "the method", 'ldstr "Run"' },
  { "the parameters", 'ldstr "System.Int32"' },
  { "this", "ldarg.0" },
  { "the arguments", "ldc.i4 1; newarr [System.Runtime]System.Object; dup; ldc.i4 0; ldarg.1; box [System.Runtime]System.Int32; stelem.ref" },
  { "the function id" },
} do
  t:test(("3.2: item %d is %s"):format(k, row[1]), { covers = { "injected-code 3.2", k == 10 and "Q1" or nil } }, function(s)
    s:home { rules = { { assembly = "A", class = "N.C+D", method = "Run", factory = "Fac tory", metric_name = "Met" } } }
    local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", types = { { name = "D",
      methods = { { name = "Run", sig = "20 01 01 08", body = "06 2a" } } } } } } })
    local r = m:jit "N.C+D.Run"
    s:equal(code.item(r, k), row[2] or ("ldc.i8 0x%016x"):format(m:function_id "N.C+D.Run") .. UINT64)
  end)
end

t:test("3.2: the token of a generic type is that of its definition", { covers = { "injected-code 3.2", "Q39" } }, function(s)
  s:home { rules = { { assembly = "A", class = "N.G`1", method = "M" } } }
  local m = s:core():load(s:assembly { name = "A", types = { { name = "N.G`1", generic = { "T" },
    methods = { { name = "M", sig = "20 01 01 13 00", body = "06 2a" } } } } })
  local r = m:jit "N.G`1.M"
  s:contains(r.code, "25 1a d0 02 00 00 02 28 ")
  s:equal(code.item(r, 5), 'ldstr "N.G`1"')
  s:equal(code.item(r, 7), 'ldstr "!0"')
end)

for _, row in ipairs { { "00 00 01", "ldnull" }, { "20 00 01", "ldarg.0" }, { "60 01 01 1c", "ldarg.0" }, { "30 01 00 01", "ldarg.0" },
  { "10 01 00 01", "ldnull" } } do
  t:test(("3.2: item 8 of a method %s is %s"):format(row[1], row[2]), { covers = "injected-code 3.2" }, function(s)
    local m = s:method { sig = row[1], body = "06 2a", generic = row[1]:find "^[13]0 01" and { "T" } or nil }
    s:equal(code.item(m:jit(), 8), row[2])
  end)
end

t:test("3.2: this of a value type is given as it is, without ldobj and box", { covers = { "injected-code 3.2", "Q28", "Q27" } }, function(s)
  s:home { rules = { { assembly = "A", class = "N.C+V", method = "M" } } }
  local m = s:core():load(s:assembly { name = "A", refs = { "System.Runtime" }, types = { { name = "N.C",
    types = { { name = "V", flags = 0x10010A, extends = "[System.Runtime]System.ValueType",
      methods = { { name = "M", sig = "20 00 01", body = "06 2a" } } } } } } })
  local r = m:jit "N.C+V.M"
  s:rewritten(r)
  s:contains(r.code, "25 1e 02 a2")
end)

t:test("Q27: a class in a type with sequential layout is left out", { covers = "Q27" }, function(s)
  s:home { rules = { { assembly = "A", class = "N.V+C", method = "M" } } }
  local m = s:core():load(s:assembly { name = "A", types = { { name = "N.V", flags = 0x100109, extends = "[System.Runtime]System.ValueType",
    types = { { name = "C", methods = { { name = "M", sig = "20 00 01", body = "06 2a" } } } } } } })
  s:untouched(m:jit "N.V+C.M")
end)

t:test("3.4: an explicit this counts as first parameter and is loaded one off", { covers = { "injected-code 3.4", "Q35" } }, function(s)
  local r = s:method { sig = "60 02 01 1c 08", body = "06 2a" }:jit()
  s:equal(code.item(r, 9), "ldc.i4 2; newarr [System.Runtime]System.Object; dup; ldc.i4 0; ldarg.1; box [System.Runtime]System.Object; "
    .. "stelem.ref; dup; ldc.i4 1; ldarg.2; box [System.Runtime]System.Int32; stelem.ref")
end)

-- 1.5: leading blanks of the textual operands are lost; 3.2 items 0, 2, 5 and 6 can have some.
for _, row in ipairs { { "  Fac tory ", "Fac tory " }, { "   ", "" }, { "x  ", "x  " }, { "\t x", "\t x" } } do
  t:test(("1.5: a factory %q becomes %q"):format(row[1], row[2]), { covers = { "injected-code 1.5", "Q29" } }, function(s)
    local r = s:method { body = "06 2a", rule = { factory = row[1], metric_name = " m " } }:jit()
    local found = code.item(r, 0)
    s:equal(found, ('ldstr "%s"'):format(row[2]))
    s:equal(code.item(r, 2), 'ldstr "m "')
  end)
end

t:test("1.5: names of types and methods lose leading blanks, too", { covers = { "injected-code 1.5", "Q29" } }, function(s)
  s:home { rules = { { assembly = "A", class = " N.C ", method = " M " } } }
  local m = s:core():load(s:assembly { name = "A", types = { { name = " N.C ", methods = { { name = " M ", sig = "00 00 01", body = "06 2a" } } } } })
  local r = m:jit(m.image.token(" N.C ", " M "))
  s:rewritten(r)
  s:equal(code.item(r, 5), 'ldstr "N.C "')
  s:equal(code.item(r, 6), 'ldstr "M "')
end)

t:test("1.5: the path of the agent keeps its leading blanks", { covers = "injected-code 1.5" }, function(s)
  s:home {}
  s:env { NEW_RELIC_INSTALL_PATH = "  i" }
  s:home { ["../  i/NewRelic.Agent.Core.dll"] = "" }
  local r = s:method { body = "06 2a" }:jit()
  s:equal(code.instructions(r)[5], 'ldstr "  i/NewRelic.Agent.Core.dll"')
end)

t:test("2.2: a method without RET is wrapped as it is", { covers = "injected-code 2.2" }, function(s)
  local r = s:method { sig = "00 00 08", body = { code = "14 7a" } }:jit()
  s:rewritten(r)
  s:contains(r.code, " 26 dd 00 00 00 00 14 7a 0c dd ")
  s:equal(r.user, "14 7a")
end)

t:test("Q30: a parameter that cannot be named stops the rewrite at every log level", { covers = "Q30" }, function(s)
  s:home { config = { level = "off" } }
  local r = s:method { sig = "00 01 01 45 08", body = "06 2a" }:jit()
  s:untouched(r, "E_FAIL")
end)
