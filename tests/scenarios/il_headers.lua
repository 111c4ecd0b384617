-- il-method-body.md sections 1, 2, 6 and 8: which path does what to a body, headers in and out, and how the new body is handed over.

local scenario = require "nrprof.scenario"
local t = scenario.suite "il-method-body headers"

-- Methods of one type in one CLR: list of { body =, sig = }, f(r, row) for each.
local function each(s, list, f)
  local methods, names = {}, {}
  for i, row in ipairs(list) do
    names[i] = "M" .. i
    methods[i] = { name = names[i], sig = row.sig or "00 00 01", body = row.body }
  end
  s:home { rules = { { assembly = "A", class = "N.C", method = names } } }
  local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = methods } } })
  for i, row in ipairs(list) do
    local r = m:jit("N.C." .. names[i])
    s:truth(r.written, tostring(row.body) .. " was not rewritten")
    f(r, row)
  end
end

local function fat(flags, stack, code)
  return scenario.image.hex(string.pack("<I2I2I4I4", flags | 0x3000, stack, #scenario.image.bytes(code), 0)) .. " " .. code
end

-- ---- 1: paths ------------------------------------------------------------------------------------------------------------------

t:test("1: a method is rewritten by ReJIT, with a fat header and one section", { covers = { "il-method-body 1", "il-method-body 6.10" } }, function(s)
  local r = s:method { body = "06 2a" }:jit()
  s:equal({ r.via, r.tiny, #r.sections, #r.clauses }, { "rejit", false, 1, 4 })
end)

t:test("1: an API method by SetILFunctionBody, with a fat header and one section", { covers = { "il-method-body 1", "il-method-body 6.10" } }, function(s)
  local r = s:api_method { body = "06 2a" }:jit()
  s:equal({ r.via, r.tiny, #r.sections, #r.clauses }, { "info", false, 1, 1 })
end)

t:test("1: the RETs of an API method stay, but for the last byte", { covers = { "il-method-body 1", "il-method-body 4", "Q24" } }, function(s)
  for _, row in ipairs { { "02 2c 01 2a 00 2a", "02 2c 01 2a 00 00" }, { "2a 1f 2a", "2a 1f 00" }, { "fe 23 2a 2a", "fe 23 2a 00" }, { "2a 14 7a", "2a 14 7a" } } do
    local r = s:api_method { body = { code = row[1] } }:jit()
    s:rewritten(r)
    s:bytes(r.user, row[2])
    s:log_lacks "multi-return"
  end
end)

t:test("1.1: the profiler works on a copy", { covers = { "il-method-body 1.1" } }, function(s)
  local m = s:method { body = "06 2a" }
  m.clr:fail("IMetaDataEmit", "GetTokenFromSig", 1)
  s:untouched(m:jit(), "E_FAIL", true)
  s:equal(m:body(), "06 2a") -- its RET is a NOP in the copy only
end)

for _, path in ipairs { "method", "api_method" } do
  t:test("1.1: bytes behind the code are no part of it (" .. path .. ")", { covers = { "il-method-body 1.1", "il-method-body 1.2" } }, function(s)
    for _, body in ipairs { "06 2a 2a 2a ff", fat(0x13, 8, "2a") .. " 2a ff 2a ff" } do
      local r = s[path](s, { body = body }):jit()
      s:rewritten(r)
      s:bytes(r.user, "00")
    end
  end)
end

for path, wrong in pairs { method = "07 2a", api_method = "07 2a" } do
  t:test("1.3: a signature that is none is found before the body is looked at (" .. path .. ")", { covers = { "il-method-body 1.3" } }, function(s)
    s:untouched(s[path](s, { sig = "00 01 01 45", body = wrong }):jit(), "E_FAIL")
    s:log_lacks("Is not tiny or fat", "Skipping")
  end)
end

t:test("1.3: sections come before locals", { covers = { "il-method-body 1.3" } }, function(s)
  local m = s:method { body = { code = "00 00 00 2a", locals = 0x11000077, section = "80 10 0000 0000 0000 01 0100 01 01000001" } }
  s:untouched(m:jit(), "E_FAIL")
  s:log_has "[Error] Attempted to instrument a method with something other than an exception handling clause as a method extra section."
  s:log_lacks "Win32 error"
end)

t:test("1.3: the old locals come before the code's tokens", { covers = { "il-method-body 1.3" } }, function(s)
  local m = s:method { body = { code = "00 2a", locals = "07 01 08" } }
  m.clr:fail("IMetaDataImport", "GetSigFromToken", 0)
  m.clr:fail("IMetaDataEmit", "DefineUserString", 0)
  s:untouched(m:jit(), "E_FAIL")
  s:equal(m.clr:calls("IMetaDataEmit", "DefineUserString"), 0)
end)

-- ---- 2: headers that come in ----------------------------------------------------------------------------------------------------------

t:test("2.1: a tiny method has up to 63 bytes of code", { covers = { "il-method-body 2", "il-method-body 2.1", "il-method-body 2.2", "il-method-body 2.5" } }, function(s)
  local list = {}
  for n = 1, 63 do list[n] = { body = ("%02x "):format(n << 2 | 2) .. ("14 "):rep(n - 1) .. "2a", n = n } end
  each(s, list, function(r, row)
    s:bytes(r.user, ("14 "):rep(row.n - 1) .. "00")
    s:bytes(r.body:sub(1, 36), ("1b 30 0a 00 ?? ?? 00 00 01 00 00 11"))
  end)
end)

t:test("2.4: all twelve bits of the flags of a fat header are kept", { covers = { "il-method-body 2.1", "il-method-body 2.3", "il-method-body 2.4", "il-method-body 6.1", "il-method-body 6.3", "Q6" } }, function(s)
  local list = {}
  for flags = 3, 0xFFF, 0x10 do list[#list + 1] = { body = fat(flags, 8, "00 2a"), flags = flags } end
  s:equal(#list, 256)
  each(s, list, function(r, row) s:equal(r.flags & 0xFFF, row.flags | 8) end)
end)

t:test("2.2: the code of an API method is found as any other", { covers = { "il-method-body 2.2", "il-method-body 2.5", "il-method-body 6.3" } }, function(s)
  for _, row in ipairs { { "0a 14 2a", "1b 30 0a 00", "14 00" }, { fat(0x13, 8, "14 2a"), "1b 30 0a 00", "14 00" }, { fat(0x03, 8, "2a 2a"), "0b 30 0a 00", "2a 00" },
    { "0a 2a 2a", "1b 30 0a 00", "2a 00" }, { fat(0xFE3, 8, "2a"), "eb 3f 0a 00", "00" } } do
    local r = s:api_method { body = row[1] }:jit()
    s:rewritten(r)
    s:bytes(r.head, row[2])
    s:bytes(r.user, row[3])
  end
end)

-- ---- 6.1, 6.2: what goes out -------------------------------------------------------------------------------------------------------------

t:test("6.1: the code size is that of all instructions", { covers = { "il-method-body 6", "il-method-body 6.1", "il-method-body 6.11" }, seconds = 600 }, function(s)
  local list = {}
  for _, n in ipairs { 1, 2, 64, 255, 256, 65535, 65536, 1000000 } do list[#list + 1] = { body = { code = ("00 "):rep(n - 1) .. "2a", max_stack = 8 }, n = n } end
  each(s, list, function(r, row)
    s:equal(r.code_size, 0xF4 - 1 + row.n)
    s:bytes(r.user, ("00"):rep(row.n))
    s:equal(r.size, 12 + (r.code_size + 3) // 4 * 4 + 100)
  end)
end)

t:test("6.2: the stack of a method is what it was, ten, or one more than its parameters, whichever is most", { covers = { "il-method-body 6.2", "Q25" } }, function(s)
  local function sig(n, kind)
    local count = n < 0x80 and ("%02x"):format(n) or n < 0x4000 and ("%04x"):format(0x8000 | n) or ("%08x"):format(0xC0000000 | n)
    return (kind or "00") .. count .. "01" .. ("08"):rep(n)
  end
  local list = {}
  for _, row in ipairs { { 0, 0, 10 }, { 9, 0, 10 }, { 10, 0, 10 }, { 11, 0, 11 }, { 0xFFFF, 0, 0xFFFF }, { 8, 9, 10 }, { 8, 10, 11 }, { 12, 10, 12 }, { 11, 11, 12 },
    { 8, 127, 128 }, { 8, 128, 129 }, { 400, 300, 400 }, { 8, 300, 301 }, { 8, 10, 11, "20" } } do
    list[#list + 1] = { body = fat(0x13, row[1], "2a"), sig = sig(row[2], row[4]), expected = row[3] }
  end
  list[#list + 1] = { body = fat(0x13, 8, "2a"), sig = "05 0b 01 0808080808 41 0808080808", expected = 12 } -- the sentinel counts
  each(s, list, function(r, row) s:equal(r.max_stack, row.expected, row.sig) end)
end)

t:test("6.2: two RETs change nothing about it", { covers = { "il-method-body 6.2", "il-method-body 4.9" } }, function(s)
  each(s, { { body = fat(0x13, 300, "2a 2a"), expected = 300 }, { body = fat(0x13, 3, "2a 2a"), expected = 10 }, { body = "0a 2a 2a", expected = 10 } },
    function(r, row) s:equal(r.max_stack, row.expected) end)
end)

for _, stack in ipairs { 0, 8, 10, 12, 0xFFFF } do
  t:test(("6.2: the stack of an API method is ten, not %d"):format(stack), { covers = { "il-method-body 6.2", "Q24" } }, function(s)
    local r = s:api_method { sig = "00 0c 01" .. ("08"):rep(12), body = fat(0x13, stack, "2a") }:jit()
    s:rewritten(r)
    s:equal(r.max_stack, 10)
  end)
end

-- ---- 6.4: the section -------------------------------------------------------------------------------------------------------------------------

-- So many clauses are too much for the tables of a result: bytes go in, and only what the callbacks say is looked at.
for _, row in ipairs {
  { "method", 699046, true }, { "method", 699047, false }, { "api_method", 699049, true }, { "api_method", 699050, false },
} do
  t:test(("6.4: %d clauses of its own are %s (%s)"):format(row[2], row[3] and "not too many" or "too many", row[1]), { covers = { "il-method-body 6.4" } }, function(s)
    local m = s[row[1]](s, { body = "06 2a" })
    local clause = string.pack("<I4I4I4I4I4I4", 0, 0, 1, 1, 1, 1)
    local raw = m.clr.raw
    raw:give(m.id, m:token(), string.pack("<I2I2I4I4", 0x301B, 8, 4, 0) .. "\0\0\0\x2a" .. string.pack("<I4", 0x41 | (row[2] * 24 + 4) << 8) .. clause:rep(row[2]))
    local result = raw:jit(m.id, m:token())
    s:equal(result, row[3] and 0 or scenario.results.E_FAIL)
    local size = #raw:il(m.id, m:token())
    local injected = row[1] == "method" and 4 or 1
    if row[3] then
      s:truth(size > 0xFFFFFF - 24, "it was not written")
      s:log_lacks "grew too large"
    else
      s:log_has "[Error] Exception clauses grew too large with instrumentation."
    end
    s:equal(row[2] + injected <= 699050, row[3])
  end)
end

-- ---- 6.10: handing it over ---------------------------------------------------------------------------------------------------------------------

for path, interface in pairs { method = "ICorProfilerFunctionControl", api_method = "ICorProfilerInfo" } do
  t:test("6.10: the body is set once (" .. path .. ")", { covers = { "il-method-body 6.10" } }, function(s)
    local m = s[path](s, { body = "06 2a" })
    s:rewritten(m:jit())
    s:equal({ m.clr:calls(interface, "SetILFunctionBody"), m.clr:calls("ICorProfilerInfo", "SetILInstrumentedCodeMap") }, { 1, 0 })
  end)
  t:test("6.10: when the body cannot be set it is an error of the method (" .. path .. ")", { covers = { "il-method-body 6.10" } }, function(s)
    local m = s[path](s, { body = "06 2a" })
    m.clr:fail(interface, "SetILFunctionBody", 1, "E_INVALIDARG")
    s:untouched(m:jit(), "E_FAIL", true)
    s:log_has(m:described() .. ": A potentially fatal error occurred when attempting to instrument, this function may no longer be valid.")
  end)
end

t:test("6.10: memory is asked for once, where the CLR keeps the body there", { covers = { "il-method-body 6.10" } }, function(s)
  local m = s:api_method { body = "06 2a" }
  s:rewritten(m:jit())
  s:equal(m.clr:calls("IMethodMalloc", "Alloc"), 1)
end)

-- ---- 8: the same everywhere ------------------------------------------------------------------------------------------------------------------------

for _, row in ipairs {
  { "one RET", { code = "06 2a" } }, { "two RETs", { code = "02 2c 01 2a 00 2a" } },
  { "a clause", { code = "00 de 03 26 de 00 2a 2a", locals = "07 01 08", clauses = { { 0, 0, 3, 3, 3, 0x01000001 } } } },
} do
  t:test("8: .NET Framework gets the same around the code: " .. row[1], { covers = { "il-method-body 8" } }, function(s)
    local core = s:method { body = row[2] }:jit()
    local framework = s:method { body = row[2], desktop = true }:jit()
    s:rewritten(framework)
    s:equal({ framework.user, framework.flags, framework.max_stack }, { core.user, core.flags, core.max_stack })
    s:equal(core.code_size - framework.code_size, 4) -- the call that is cached has four bytes less
    s:equal({ core.user_offset, framework.user_offset }, { 0xA9, 0xA5 })
    for i, c in ipairs(core.clauses) do
      local f = framework.clauses[i]
      s:equal({ f.flags, f.handler_end - f.handler }, { c.flags, c.handler_end - c.handler })
    end
  end)
end

for _, level in ipairs { "off", "error", "info", "debug", "finest" } do
  t:test("8: the log level has no part in it: " .. level, { covers = { "il-method-body 8" } }, function(s)
    s:env { NEW_RELIC_LOG_LEVEL = level }
    local r = s:method { body = "1a 02 2c 01 2a 00 2a" }:jit()
    s:rewritten(r)
    s:bytes(r.head, "0b 30 0a 00")
    s:bytes(r.user, "02 2c 02 2b 01 00 00")
    s:equal(r.size, 12 + 0xFC + 100)
  end)
end
