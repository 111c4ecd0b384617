-- How a parameter or a result of each type is loaded, and how it is written in texts: injected-code.md 4 and 6.
local scenario = require "nrprof.scenario"
local code = dofile((debug.getinfo(1, "S").source:match "^@(.*[/\\])" or "") .. "_code.lua")

local t = scenario.suite "code_types"

-- Tokens in signatures: 05 Lib.T, 09 Lib.G`1, 11 Inner of Lib.Outer; 08 N.C, 0c its nested D; 06 a TypeSpec.
local ASSEMBLY = { refs = { "System.Runtime", "Lib" }, type_refs = { "[Lib]Lib.T", "[Lib]Lib.G`1", "[Lib]Lib.Outer/Inner" },
  type_specs = { "1d 1c" } }

local function method(s, sig, body, static)
  return s:method { sig = sig, body = body or "06 2a", assembly = ASSEMBLY, type = { types = { { name = "D" } } },
    flags = static and 0x96 or nil }
end

-- What stands before stelem.ref: "null", "nothing", "System.X" (TypeRef of System.Runtime), "spec …" (TypeSpec's bytes), a token.
local function boxed(m, load, argument)
  if load == "" then return "nothing" end
  if load == "14" then return "null" end
  local bytes = load:match("^" .. argument .. " 8c (%x%x %x%x %x%x %x%x)$")
  if not bytes then return load end
  local token = code.number(bytes)
  if token >> 24 == 0x1B then return "spec " .. m:signature(token) end
  local system = m:meaning(token):match "^%[System%.Runtime,[^%]]*%](System%..*)$"
  return system or ("%08x"):format(token)
end

local function first_argument(m, r)
  local load = r.code:match "25 1f 09 20 01 00 00 00 8d %x%x %x%x 00 01 25 20 00 00 00 00 (.-) ?a2 a2 25 1f 0a 21"
  return load and boxed(m, load, "02") or "?"
end

-- Type bytes, how a parameter is loaded, how a result is ("-": not asked, "E_FAIL"), text, more rules.
local TYPES = {
  { "02", "System.Boolean", "System.Boolean", "System.Boolean" },
  { "03", "System.Char", "System.Char", "System.Char" },
  { "04", "System.SByte", "System.SByte", "System.SByte" },
  { "05", "System.Byte", "System.Byte", "System.Byte" },
  { "06", "System.Int16", "System.Int16", "System.Int16" },
  { "07", "System.UInt16", "System.UInt16", "System.UInt16" },
  { "08", "System.Int32", "System.Int32", "System.Int32", "injected-code 4.6" },
  { "09", "System.UInt32", "System.UInt32", "System.UInt32" },
  { "0a", "System.Int64", "System.Int64", "System.Int64" },
  { "0b", "System.UInt64", "System.UInt64", "System.UInt64" },
  { "0c", "System.Single", "System.Single", "System.Single" },
  { "0d", "System.Double", "System.Double", "System.Double" },
  { "0e", "System.String", "System.String", "System.String" },
  { "18", "System.IntPtr", "System.IntPtr", "System.IntPtr" },
  { "19", "System.UIntPtr", "System.UIntPtr", "System.UIntPtr" },
  { "1c", "System.Object", "System.Object", "System.Object" },
  { "16", "System.TypedReference", "System.TypedReference", "System.TypedReference", "Q34" },
  { "12 05", "01000001", "01000001", "Lib.T", "injected-code 4.8" },
  { "12 08", "02000002", "02000002", "N.C", "injected-code 4.8" },
  { "12 0c", "02000003", "02000003", "D", "Q38" },
  { "12 11", "01000004", "01000004", "Inner", "Q38" },
  { "11 05", "01000001", "01000001", "Lib.T" },
  { "11 08", "02000002", "02000002", "N.C" },
  { "15 12 09 01 08", "spec 15 12 09 01 08", "spec 15 12 09 01 08", "Lib.G`1[System.Int32]" },
  { "15 11 09 01 0e", "spec 15 11 09 01 0e", "spec 15 11 09 01 0e", "Lib.G`1[System.String]", "injected-code 4.4" },
  { "15 12 09 02 0e 1d 13 00", "spec 15 12 09 02 0e 1d 13 00", "spec 15 12 09 02 0e 1d 13 00", "Lib.G`1[System.String,!0[]]" },
  { "15 12 09 01 15 11 09 01 12 05", "spec 15 12 09 01 15 11 09 01 12 05", "spec 15 12 09 01 15 11 09 01 12 05",
    "Lib.G`1[Lib.G`1[Lib.T]]" },
  { "13 00", "spec 13 00", "spec 13 00", "!0" },
  { "13 03", "spec 13 03", "spec 13 03", "!3" },
  { "1e 00", "spec 1e 00", "spec 1e 00", "!!0" },
  { "1e 80 80", "spec 1e 80 80", "spec 1e 80 80", "!!128" },
  { "1d 0e", "spec 1d 0e", "spec 1d 0e", "System.String[]" },
  { "1d 1d 0e", "spec 1d 1d 0e", "spec 1d 1d 0e", "System.String[][]", "injected-code 6.3" },
  { "1d 12 05", "spec 1d 12 05", "spec 1d 12 05", "Lib.T[]" },
  { "1d 0f 08", "spec 1d 0f 08", "spec 1d 0f 08", "System.Int32*[]", "injected-code 4.6" },
  { "14 08 02 00 02 00 00", "spec 14 08 02 00 02 00 00", "spec 14 08 02 00 02 00 00", "System.Int32[,]", "injected-code 6.3" },
  { "14 08 02 02 05 04 00", "spec 14 08 02 02 05 04 00", "-", "System.Int32[0...4,0...3]", "injected-code 6.3" },
  { "14 08 02 02 05 04 02 02 04", "spec 14 08 02 02 05 04 02 02 04", "-", "System.Int32[2...6,4...7]", "Q37" },
  { "14 08 01 01 00 00", "spec 14 08 01 01 00 00", "-", "System.Int32[0...4294967295]", "Q37" },
  { "14 08 02 00 01 05", "spec 14 08 02 00 01 05", "-", "System.Int32[,]" }, -- a lower bound without a size is not shown
  { "14 08 07 00 00", "spec 14 08 07 00 00", "-", "System.Int32[,,,,,,]" },
  { "14 08 06 02 04 03 02 00 00", "spec 14 08 06 02 04 03 02 00 00", "-", "System.Int32[0...3,0...2,,,,]" },
  { "14 08 02 02 02 03 02 01 06", "spec 14 08 02 02 02 03 02 01 06", "-", "System.Int32[1...2,6...8]" },
  { "14 08 04 02 05 03 02 00 03", "spec 14 08 04 02 05 03 02 00 03", "-", "System.Int32[0...4,3...5,,]" },
  { "14 08 80 02 00 00", "spec 14 08 02 00 00", "spec 14 08 02 00 00", "System.Int32[,]", "injected-code 4.7" },
  { "14 1d 0e 01 01 80 80 00", "spec 14 1d 0e 01 01 80 80 00", "-", "System.String[][0...127]" },
  { "0f 08", "null", "E_FAIL", "System.Int32*", "injected-code 4.6" },
  { "0f 01", "null", "E_FAIL", "void*" },
  { "0f 0f 12 05", "null", "E_FAIL", "Lib.T**" },
  { "1b 00 01 01 08", "null", "E_FAIL", "(void)(System.Int32)", "injected-code 4.6" },
  { "1b 10 01 01 08 1e 00", "null", "E_FAIL", "(System.Int32)(!!0)", "injected-code 6.3" },
  { "1b 20 00 0e", "null", "E_FAIL", "(System.String)()" },
  { "1d 1b 15 01 01 08 1e 00", "spec 1d 1b 15 01 08 1e 00", "-", "(System.Int32)(!!0)[]", "Q36" },
  { "1d 1b 10 01 01 08 1e 00", "spec 1d 1b 10 01 01 08 1e 00", "-", "(System.Int32)(!!0)[]", "injected-code 4.7" },
  { "1d 1b a0 00 01", "spec 1d 1b 20 00 01", "-", "(void)()[]", "injected-code 4.7" },
  { "1d 1b 60 01 01 1c", "spec 1d 1b 60 01 01 1c", "-", "(void)(System.Object)[]", "injected-code 4.7" },
  { "1d 1b 00 01 10 08 1c", "spec 1d 1b 00 01 10 08 1c", "-", "(System.Int32&)(System.Object)[]" },
  { "10 08", "null", "E_FAIL", "System.Int32&", "Q33" },
  { "10 12 05", "null", "E_FAIL", "Lib.T&" },
  { "10 0f 08", "null", "E_FAIL", "System.Int32*&", "injected-code 6.3" },
  { "10 1d 08", "null", "E_FAIL", "System.Int32[]&", "injected-code 4.5" },
  { "20 05 08", "System.Int32", "System.Int32", "System.Int32", "injected-code 4.3" },
  { "1f 05 20 08 08", "System.Int32", "System.Int32", "System.Int32", "injected-code 4.3" },
  { "1d 20 05 08", "spec 1d 08", "spec 1d 08", "System.Int32[]", "Q36" },
  { "20 05 10 08", "null", "E_FAIL", "System.Int32&", "injected-code 4.3" },
  { "10 20 05 08", "null", "E_FAIL", "System.Int32&", "injected-code 4.3" },
  { "0f 20 05 08", "null", "E_FAIL", "System.Int32*", "injected-code 4.3" },
  { "0f 20 05 01", "null", "E_FAIL", "void*", "injected-code 4.3" },
  { "20 05 16", "System.TypedReference", "System.TypedReference", "System.TypedReference", "injected-code 4.3" },
  { "15 12 09 01 20 05 08", "spec 15 12 09 01 08", "spec 15 12 09 01 08", "Lib.G`1[System.Int32]", "injected-code 4.3" },
  { "14 20 05 08 01 00 00", "spec 14 08 01 00 00", "spec 14 08 01 00 00", "System.Int32[]", "injected-code 4.3" },
}

for _, row in ipairs(TYPES) do
  local bytes, parameter, result, text, rule = table.unpack(row)
  t:test(("a parameter %s (%s)"):format(bytes, text),
    { covers = { "injected-code 4", "injected-code 4.1", "injected-code 6.2", rule } }, function(s)
      local m = method(s, "00 01 01 " .. bytes)
      local r = m:jit()
      s:rewritten(r)
      s:equal(first_argument(m, r), parameter)
      s:equal(code.item(r, 7), ('ldstr "%s"'):format(text))
      s:log_has("[Info ] Instrumenting method: " .. m:described(nil, text))
    end)
  if result ~= "-" then
    t:test(("a result %s (%s)"):format(bytes, text), { covers = { "injected-code 4", "injected-code 4.2", rule } }, function(s)
      local m = method(s, "00 00 " .. bytes, "0a 14 2a")
      local r = m:jit()
      if result == "E_FAIL" then return s:untouched(r, "E_FAIL", true) end
      s:rewritten(r)
      s:equal(boxed(m, r.code:match " 06 74 %x%x 00 00 1b (08 8c [%x ]-) 14 6f", "08"), result)
      s:equal(code.item(r, 7), 'ldstr ""')
      s:bytes(r.code:sub(-14), "00 00 00 08 2a", "ldloc result; ret")
    end)
  end
end

for _, bytes in ipairs { "01", "45 08", "21 00", "10 10 08", "10 16", "10 01", "00", "17", "1a", "22", "40 08", "0f", "1d", "15 12 09",
  "15 12 09 02 08", "14 08 02", "12", "20 05", "1e", "1b 00", "", "ff" } do
  t:test(("a parameter '%s' cannot be read, so nothing is done"):format(bytes), { covers = "injected-code 4" }, function(s)
    local r = method(s, "00 01 01 " .. bytes):jit()
    s:untouched(r, "E_FAIL")
  end)
end

for _, bytes in ipairs { "45 08", "21 00", "10 10 08", "41", "00", "1d", "1d 01" } do
  t:test(("a result '%s' cannot be read, so nothing is done"):format(bytes), { covers = "injected-code 4" }, function(s)
    s:untouched(method(s, "00 00 " .. bytes):jit(), "E_FAIL")
  end)
end

t:test("4: a void result has no local, and null is given as result", { covers = { "injected-code 4", "injected-code 2" } }, function(s)
  local r = method(s, "00 00 01"):jit()
  s:truth(r.code:find(" 06 74 %x%x 00 00 1b 14 14 6f [%x ]+2a$"))
  s:equal(r.locals, "locals(class [System.Runtime,0.0.0.0,]System.Object,class [System.Runtime,0.0.0.0,]System.Exception)")
end)

t:test("4.3: modifiers before void do not make a result of it", { covers = "injected-code 4.3" }, function(s)
  local r = method(s, "00 00 20 05 01"):jit()
  s:rewritten(r)
  s:truth(r.code:find " 14 14 6f ")
end)

for _, name in ipairs { "06", "07" } do
  t:test(("4: a result of class token %s is taken as it is"):format(name), { covers = "injected-code 4" }, function(s)
    local r = method(s, "00 00 12 " .. name, "0a 14 2a"):jit()
    s:rewritten(r)
    s:contains(r.code, "08 8c " .. (name == "06" and "01 00 00 1b" or "01 00 00 72") .. " 14 6f")
  end)
  t:test(("4: a parameter of class token %s has no name"):format(name), { covers = { "injected-code 4", "C2", "injected-code 6.4" },
    crashes = "C2" }, function(s)
      s:untouched(method(s, "00 01 01 12 " .. name):jit(), "E_FAIL")
    end)
end

t:test("4.1: nothing is loaded for a sentinel", { covers = { "injected-code 4.1", "Q35", "injected-code 6.2" } }, function(s)
  local r = method(s, "05 03 01 08 41 0e"):jit()
  s:contains(r.code, "25 20 01 00 00 00 a2 25 20 02 00 00 00 04 8c")
  s:equal(code.item(r, 7), 'ldstr "System.Int32,...,System.String"')
end)

t:test("4.1: when the box token of a parameter is refused it becomes null, and the rest goes on",
  { covers = { "injected-code 4.1", "metadata-tokens 3" } }, function(s)
    local m = method(s, "00 03 01 08 1d 08 0e")
    m.clr:fail("IMetaDataEmit", "GetTokenFromTypeSpec", 1, "E_FAIL")
    local r = m:jit()
    s:rewritten(r)
    s:contains(code.item(r, 9), "ldc.i4 1; ldnull; stelem.ref; dup; ldc.i4 2; ldarg.2; box [System.Runtime]System.String")
  end)

t:test("4.2: when the box token of the result is refused nothing is written", { covers = "injected-code 4.2" }, function(s)
  local m = method(s, "00 00 1d 0e", "0a 14 2a")
  -- The first TypeSpec is that of Action`2: a new one for the result is the second (this library asks once for each).
  m.clr:fail("IMetaDataEmit", "GetTokenFromTypeSpec", s.ours() and 2 or 4, "E_FAIL")
  s:untouched(m:jit(), "E_FAIL", true)
end)

t:test("4.5: the type behind a by-ref parameter costs no definition", { covers = "injected-code 4.5" }, function(s)
  local r = method(s, "00 01 01 10 1d 0e"):jit()
  s:rewritten(r)
  for _, row in ipairs(r.added) do s:truth(not row:find "^01%x+ .*System%.String$", row) end
end)

-- 4.8: rid 33 makes two bytes, rid 4096 four.
for _, row in ipairs { { 31, "7d" }, { 32, "80 81" }, { 0x0FFF, "bf fd" }, { 0x1000, "c0 00 40 01" } } do
  local rid, compressed = table.unpack(row)
  t:test(("4.8: TypeRef %d is written %s"):format(rid, compressed), { covers = { "injected-code 4.8", "metadata-tokens 4.3" } }, function(s)
    local refs = {}
    for i = 1, rid do refs[i] = "[Lib]Lib.T" .. i end
    local m = s:method { sig = "00 01 01 1d 20 05 12 " .. compressed, body = "06 2a",
      assembly = { refs = { "System.Runtime", "Lib" }, type_refs = refs } }
    local r = m:jit()
    s:rewritten(r)
    s:equal(m:signature(0x1B000001), "1d 12 " .. compressed)
    s:equal(code.item(r, 7), ('ldstr "Lib.T%d[]"'):format(rid))
  end)
end

-- 6.1
for _, row in ipairs { { "00 00 01", "" }, { "00 01 01 08", "System.Int32" }, { "20 02 08 0e 1d 1c", "System.String,System.Object[]" },
  { "30 02 03 01 1e 01 13 00 10 02", "!!1,!0,System.Boolean&" } } do
  t:test(("6.1: the parameters of %s are '%s'"):format(row[1], row[2]), { covers = { "injected-code 6.1", "injected-code 6" } }, function(s)
    local m = method(s, row[1], row[1] == "20 02 08 0e 1d 1c" and "0a 16 2a" or "06 2a")
    local r = m:jit()
    s:equal(code.item(r, 7), ('ldstr "%s"'):format(row[2]))
    s:log_has("[Info ] Instrumenting method: " .. m:described(nil, row[2]))
  end)
end
