-- il-method-body.md section 3: the signature of the locals. Bodies are `06 2a` unless the local matters; TypeRefs are 01000001 (Object)
-- and 01000002 (Exception) in modules that have none, so the two locals of the tracer are 12 05 and 12 09.

local scenario = require "nrprof.scenario"
local t = scenario.suite "il-method-body locals"

local function ints(n) return ("08"):rep(n) end
local TOO_MANY = "is too big to add locals to (>= 0xfffe)"

-- ---- 3.1: what is added to ---------------------------------------------------------------------------------------------------

t:test("3.1: without locals it begins with 07 00", { covers = { "il-method-body 3", "il-method-body 3.1", "il-method-body 3.4" } }, function(s)
  for _, body in ipairs { "06 2a", "03 30 08 00 02000000 00000000 00 2a" } do
    local r = s:method { body = body }:jit()
    s:equal(r.locals_sig, "07 02 12 05 12 09")
  end
end)

for _, row in ipairs {
  { "one local", "07 01 08", "07 03 08 12 05 12 09" },
  { "a count of none", "07 00", "07 02 12 05 12 09" },
  { "pinned, by reference, modified", "07 03 45 10 08 1f 05 08 20 05 0f 01", "07 05 45 10 08 1f 05 08 20 05 0f 01 12 05 12 09" },
  { "types that do not exist", "07 02 12 81 01 ff", "07 04 12 81 01 ff 12 05 12 09" },
  { "fewer types than its count", "07 05 08", "07 07 08 12 05 12 09" },
  { "more types than its count", "07 01 08 08 08", "07 03 08 08 08 12 05 12 09" },
  { "another first byte", "06 01 08", "06 03 08 12 05 12 09", "il-method-body 3.7" },
  { "a first byte FF", "ff 01 08", "ff 03 08 12 05 12 09" },
  { "a count of two bytes that needs one", "07 80 02 08 08", "07 04 08 08 12 05 12 09", "il-method-body 3.7" },
  { "a count of four bytes that needs one", "07 c0 00 00 02 08 08", "07 04 08 08 12 05 12 09", "il-method-body 3.3" },
  { "a count of four bytes that needs two", "07 c0 00 00 90" .. ints(0x90), "07 80 92" .. ints(0x90) .. "12 05 12 09", "il-method-body 3.3" },
} do
  t:test("3.1: the old signature is kept as it is: " .. row[1], { covers = { "il-method-body 3.1", "il-method-body 3.2", "Q40", row[4] } }, function(s)
    local r = s:method { body = { code = "06 2a", locals = row[2] } }:jit()
    s:rewritten(r)
    s:bytes(r.locals_sig, row[3])
  end)
end

t:test("3.1: a token of locals that does not exist is an error of the method", { covers = { "il-method-body 3.1" } }, function(s)
  s:untouched(s:method { body = { code = "06 2a", locals = 0x11000077 } }:jit(), "E_FAIL")
end)

t:test("3.1: so it is when GetSigFromToken fails", { covers = { "il-method-body 3.1" } }, function(s)
  local m = s:method { body = { code = "06 2a", locals = "07 01 08" } }
  m.clr:fail("IMetaDataImport", "GetSigFromToken", 0)
  s:untouched(m:jit(), "E_FAIL")
end)

-- ---- 3.2, 3.3, 3.7: counts ------------------------------------------------------------------------------------------------------

for _, row in ipairs {
  { 0x7C, "7e" }, { 0x7D, "7f" }, { 0x7E, "80 80" }, { 0x7F, "80 81" }, { 0x80, "80 82" },
  { 0x3FFC, "bf fe" }, { 0x3FFD, "bf ff" }, { 0x3FFE, "c0 00 40 00" }, { 0x3FFF, "c0 00 40 01" }, { 65532, "c0 00 ff fe" },
} do
  local n = row[1]
  t:test(("3.3: %d locals and two"):format(n), { covers = { "il-method-body 3.2", "il-method-body 3.3", "il-method-body 3.7" } }, function(s)
    local count = n < 0x80 and ("%02x"):format(n) or n < 0x4000 and ("%04x"):format(0x8000 | n) or ("%08x"):format(0xC0000000 | n)
    local r = s:method { body = { code = "06 2a", locals = "07" .. count .. ints(n) } }:jit()
    s:rewritten(r)
    s:bytes(r.locals_sig, "07" .. row[2] .. ints(n) .. "12 05 12 09")
  end)
end

for _, row in ipairs {
  { "void, 65533 locals", "method", "00 00 01", 65533, nil, "(0xfffe) " },
  { "void, 65534 locals", "method", "00 00 01", 65534, nil, "(0xfffe) " },
  { "a result, 65531 locals", "method", "00 00 08", 65531, "c0 00 ff fe" },
  { "a result, 65532 locals", "method", "00 00 08", 65532, nil, "(0xfffe) " },
  { "an API method with a result, 65533 locals", "api_method", "00 00 08", 65533, "c0 00 ff fe" },
  { "an API method with a result, 65534 locals", "api_method", "00 00 08", 65534, nil, "(0xfffe) " },
  { "a void API method, 65535 locals", "api_method", "00 00 01", 65535, "c0 00 ff ff" },
} do
  t:test("3.7: " .. row[1], { covers = { "il-method-body 3.2", "il-method-body 3.7", "Q40" } }, function(s)
    local n = row[4]
    local locals = ("07%08x"):format(0xC0000000 | n) .. ints(n)
    local r = s[row[2]](s, { sig = row[3], body = { code = "06 2a", locals = locals } }):jit()
    if row[5] then
      s:rewritten(r)
      s:bytes(r.locals_sig:sub(1, 14), "07" .. row[5])
    else
      s:untouched(r, "E_FAIL", true)
      s:log_has(row[6] .. TOO_MANY)
      for _, e in ipairs(r.emits) do s:truth(e.name ~= "GetTokenFromSig", "a token was asked for") end
    end
  end)
end

t:test("3.3: a count that begins with 111 has four bytes and is too big", { covers = { "il-method-body 3.3", "il-method-body 3.2" } }, function(s)
  local r = s:method { body = { code = "06 2a", locals = "07 e0 00 00 01 08" } }:jit()
  s:untouched(r, "E_FAIL", true)
  s:log_has("(0x20000001) " .. TOO_MANY)
end)

t:test("3.3: a count of four bytes has 30 bits", { covers = { "il-method-body 3.3" } }, function(s)
  s:untouched(s:method { body = { code = "06 2a", locals = "07 ff ff ff ff 08" } }:jit(), "E_FAIL", true)
  s:log_has("(0x3fffffff) " .. TOO_MANY)
end)

-- ---- 3.4: which ---------------------------------------------------------------------------------------------------------------------

for _, row in ipairs {
  { "int", "08", "08" }, { "string", "0e", "0e" }, { "object", "1c", "1c" }, { "native int", "18", "18" },
  { "a class", "12 05", "12 05" }, { "a value type", "11 05", "11 05" }, { "an array", "1d 0e", "1d 0e" },
  { "an array of two dimensions", "14 08 02 00 02 00 00", "14 08 02 00 02 00 00" },
  { "a generic type", "15 12 05 01 08", "15 12 05 01 08" },
  { "a modified int", "20 05 1f 05 08", "08" }, { "an array of modified int", "1d 20 05 08", "1d 08" },
  { "TypedReference", "16", "16" },
} do
  for path, head in pairs { method = "07 04 08 12 05 12 ??", api_method = "07 02 08" } do
    t:test(("3.4: the result, %s (%s)"):format(row[1], path), { covers = { "il-method-body 3.4", "Q36" } }, function(s)
      local r = s[path](s, { sig = "00 00 " .. row[2], body = { code = "06 2a", locals = "07 01 08" },
        assembly = { type_refs = { "[System.Runtime]System.Object" } } }):jit()
      s:rewritten(r)
      s:bytes(r.locals_sig, head .. row[3])
    end)
  end
end

t:test("3.4: a result by reference stays one in an API method", { covers = { "il-method-body 3.4" } }, function(s)
  local r = s:api_method { sig = "00 00 20 05 10 20 05 08", body = "06 2a" }:jit()
  s:rewritten(r)
  s:bytes(r.locals_sig, "07 01 10 08")
end)

t:test("3.4: a void API method gets none, but a token", { covers = { "il-method-body 3.4", "il-method-body 3.6", "Q47" } }, function(s)
  local r = s:api_method { body = "06 2a" }:jit()
  s:equal(r.locals_sig, "07 00")
  s:equal(r.locals_token, 0x11000001)
end)

t:test("3.4: the old signature of a void API method is asked about again", { covers = { "il-method-body 3.4", "il-method-body 3.6" } }, function(s)
  local r = s:api_method { body = { code = "06 2a", locals = "07 80 01 08" } }:jit()
  s:equal(r.locals_sig, "07 80 01 08") -- nothing is added, so its count is not looked at
  s:contains(r.emits[#r.emits].text, "GetTokenFromSig")
end)

t:test("3.4: Object is a class, whose TypeRef takes as many bytes as it needs", { covers = { "il-method-body 3.4", "Q40" } }, function(s)
  local refs = {}
  for i = 1, 31 do refs[i] = "[System.Runtime]N.T" .. i end
  local r = s:method { body = "06 2a", assembly = { type_refs = refs } }:jit()
  s:equal(r.locals_sig, "07 02 12 80 81 12 80 85") -- 01000020, 01000021
  s:equal(r.added[1], "01000020 [System.Runtime,0.0.0.0,]System.Object")
end)

t:test("3.4: a TypeRef that is there already is used", { covers = { "il-method-body 3.4" } }, function(s)
  local r = s:method { body = "06 2a", assembly = { type_refs = { "[System.Runtime]System.Exception", "[System.Runtime]System.Object" } } }:jit()
  s:equal(r.locals_sig, "07 02 12 09 12 05")
end)

-- ---- 3.5: order -------------------------------------------------------------------------------------------------------------------------

for _, row in ipairs {
  { 0, "14 0a 14 0b", "0c" }, { 1, "14 0b 14 0c", "0d" }, { 2, "14 0c 14 0d", "13 04" }, { 3, "14 0d 14 13 04", "13 05" },
  { 4, "14 13 04 14 13 05", "13 06" }, { 252, "14 13 fc 14 13 fd", "13 fe" }, { 253, "14 13 fd 14 13 fe", "fe 0e ff 00" },
  { 254, "14 13 fe 14 fe0e ff 00", "fe 0e 00 01" }, { 65531, "14 fe0e fb ff 14 fe0e fc ff", "fe0e fd ff" },
} do
  t:test(("3.5: behind %d locals come tracer, exception, result"):format(row[1]), { covers = { "il-method-body 3.5", "il-method-body 3.2", "Q31" } }, function(s)
    local n = row[1]
    local r = s:method { sig = "00 00 08", body = { code = "06 2a", locals = ("07%08x"):format(0xC0000000 | n) .. ints(n) } }:jit()
    s:rewritten(r)
    s:bytes(r.code, row[2] .. "72 *")
    s:bytes(r.user, "06 00")
    s:bytes(r.code:sub(r.user_offset * 3 + 1), "06 00" .. row[3] .. "dd *")
  end)
end

-- ---- 3.6: the token --------------------------------------------------------------------------------------------------------------------

for what, path in pairs { ["a method"] = "method", ["an API method"] = "api_method" } do
  t:test("3.6: the signature's token is the last that " .. what .. " asks for", { covers = { "il-method-body 3.6", "il-method-body 1.3" } }, function(s)
    local r = s[path](s, { sig = "00 01 08 08", body = { code = "06 2a", locals = "07 01 08" } }):jit()
    s:rewritten(r)
    s:equal(r.emits[#r.emits].name, "GetTokenFromSig")
    s:equal(r.emits[#r.emits].token, r.locals_token)
    for i = 1, #r.emits - 1 do s:truth(r.emits[i].name ~= "GetTokenFromSig", "asked before") end
    s:equal(r.locals_token, 0x11000002)
  end)

  t:test("3.6: when there is none, " .. what .. " is left alone", { covers = { "il-method-body 3.6" } }, function(s)
    local m = s[path](s, { body = "06 2a" })
    m.clr:fail("IMetaDataEmit", "GetTokenFromSig", 0)
    s:untouched(m:jit(), "E_FAIL", true)
  end)
end
