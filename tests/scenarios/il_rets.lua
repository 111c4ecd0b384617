-- il-method-body.md section 4.4, step by step, and 4.9: methods with several RETs. What the worked examples of 4.5 show is in
-- il_method_body_rets.lua.

local scenario = require "nrprof.scenario"
local t = scenario.suite "il-method-body several RETs"

local function nops(n) return ("00 "):rep(n) end
local function d4(n) return ("%02x %02x %02x %02x "):format(n & 255, n >> 8 & 255, n >> 16 & 255, n >> 24 & 255) end

local function becomes(rule, covers, rows)
  for _, row in ipairs(rows) do
    t:test(rule .. ": " .. row[1], { covers = covers }, function(s)
      local r = s:method { body = { code = row[2] } }:jit()
      s:rewritten(r)
      s:bytes(r.user, row[3])
      s:equal(#r.clauses, 4)
      s:log_has "[Debug] Rewriting multi-return method"
      s:log_lacks("[Error]", "Skipping")
    end)
  end
end

local function refused(rule, covers, rows)
  for _, row in ipairs(rows) do
    t:test(rule .. ": refused: " .. row[1], { covers = covers }, function(s)
      local m = s:method { body = { code = row[2] } }
      local r = m:jit()
      s:untouched(r, row[3])
      s:equal(m:body(), scenario.image.hex(m:original(r.token)))
      if row[3] then
        s:log_has "[Error] An unexpected exception was thrown while possibly instrumenting a function."
        s:log_lacks "Skipping"
      else
        s:log_has("[Debug] Rewriting multi-return method", "[Info ] Skipping invalid method: " .. m:described())
      end
    end)
  end
end

-- ---- 4.4.1: short or long -----------------------------------------------------------------------------------------------------

-- rets RETs first, the last at the end, nops between: size bytes of code.
local function run_of_rets(size, rets)
  local code = ("2a "):rep(rets - 1) .. nops(size - rets) .. "2a"
  local step = size + rets >= 127 and 5 or 2
  local final = step * (rets - 1) + size - rets
  local out = {}
  for i = 1, rets - 1 do
    local distance = final - step * i
    out[i] = step == 5 and "38" .. d4(distance) or ("2b %02x "):format(distance)
  end
  return code, table.concat(out) .. nops(size - rets) .. "00", step
end

for _, row in ipairs {
  { 124, 2, 2 }, { 125, 2, 5 }, { 123, 3, 2 }, { 124, 3, 5 }, { 119, 7, 2 }, { 120, 7, 5 }, { 63, 63, 2 }, { 64, 62, 2 }, { 64, 63, 5 }, { 64, 64, 5 },
  { 126, 2, 5 }, { 127, 2, 5 }, { 128, 2, 5 }, { 400, 3, 5 }, { 70000, 2, 5 },
} do
  local size, rets = row[1], row[2]
  t:test(("4.4.1: %d bytes with %d RETs: %s"):format(size, rets, row[3] == 2 and "br.s" or "br"), { covers = { "il-method-body 4.4", "il-method-body 4.4.1", "il-method-body 4.4.6", "Q10" } }, function(s)
    local code, expected, step = run_of_rets(size, rets)
    s:equal(step, row[3])
    local r = s:method { body = { code = code } }:jit()
    s:rewritten(r)
    s:bytes(r.user, expected)
  end)
end

-- ---- 4.4.3: targets --------------------------------------------------------------------------------------------------------------

becomes("4.4.3", { "il-method-body 4.4.3", "il-method-body 4.4.8" }, {
  { "a branch to itself", "2a 2b fe 2a", "2b 02 2b fe 00" },
  { "a branch to the start", "00 2a 2b fc 2a", "00 2b 02 2b fb 00" }, -- over the RET, which is longer now
  { "a long branch to the start", "00 2a 38 f9ffffff 2a", "00 2b 05 38 f8ffffff 00" },
  { "a switch to the start, itself, behind it", "2a 02 45 03000000 edffffff efffffff 00000000 2a",
    "2b 12 02 45 03000000 ecffffff efffffff 00000000 00" },
  { "branches across a RET in both directions", "02 2c 02 2a 00 2c f9 2a", "02 2c 03 2b 03 00 2c f8 00" },
  { "two branches to one RET", "2c 03 2d 01 00 2a 2a", "2c 03 2d 01 00 2b 00 00" },
  { "leave and leave.s", "de 00 dd 00000000 2a 2a", "de 00 dd 00000000 2b 00 00" },
})

refused("4.4.3", { "il-method-body 4.4.3", "il-method-body 4.4.9" }, {
  { "a target behind the end", "2a 2b 01 2a" },
  { "a target far behind the end", "2a 38 ffffff7f 2a" },
  { "a target before the start", "2b fd 2a 2a" },
  { "a target far before the start", "2a 38 00000080 2a" },
  { "a target in the second byte of an instruction", "2b 01 fe 01 2a 2a" },
  { "a target in the operand of the branch itself", "2a 2b ff 2a" },
  { "one arm of several into an instruction", "02 45 03000000 00000000 01000000 02000000 1f 05 2a 2a" },
  { "an arm to before the start", "02 45 01000000 f5ffffff 2a 2a" },
  { "an arm to the end of the code", "02 45 01000000 02000000 2a 2a" },
  { "an arm into the table", "02 45 01000000 ffffffff 2a 2a" },
})

-- ---- 4.4.2, 4.4.4: where instructions are ------------------------------------------------------------------------------------------

refused("4.4.2", { "il-method-body 4.4.2", "il-method-body 4.2" }, {
  { "an unknown opcode behind the second of three RETs", "2a 2a fe 24 00 2a" },
  { "an unknown opcode in front of the last RET", "2a 2a f8 2a" },
})

refused("4.4.4", { "il-method-body 4.4.4", "Q16" }, {
  { "the last byte in the operand of ldc.i4", "2a 2a 20 00 00 00 2a", "E_FAIL" },
  { "the last byte as a variable number", "2a 2a fe 09 00 2a", "E_FAIL" },
  { "the last byte as the distance of a branch", "2a 2a 2b 2a", "E_FAIL" },
  { "the last byte in a switch table", "2a 2a 45 01000000 0000002a", "E_FAIL" },
  { "and an unknown target, too", "2a 2b 70 2a 1f 2a", "E_FAIL" },
})

-- ---- 4.4.5, 4.4.6: what RETs become --------------------------------------------------------------------------------------------------

becomes("4.4.5", { "il-method-body 4.4.5" }, {
  { "branches to the last RET lead to the nop in its place", "2c 02 2a 00 2a", "2c 03 2b 01 00 00" },
  { "a switch to the last RET", "02 45 01000000 02000000 2a 00 2a", "02 45 01000000 03000000 2b 01 00 00" },
})

for op = 0x2B, 0x38 do
  local short, long = op, op + 0x0D
  if op == 0x38 then short, long = 0xDE, 0xDD end
  t:test(("4.4.6: %02X becomes %02X when the method becomes long"):format(short, long), { covers = { "il-method-body 4.4.6", "Q10" } }, function(s)
    local r = s:method { body = { code = ("02 %02x 01 2a"):format(short) .. nops(121) .. "2a" } }:jit()
    s:bytes(r.user, ("02 %02x 05000000 38 79000000"):format(long) .. nops(121) .. "00")
  end)
  t:test(("4.4.6: %02X stays long when the method stays short"):format(long), { covers = { "il-method-body 4.4.6", "Q11" } }, function(s)
    local r = s:method { body = { code = ("02 %02x 01000000 2a 00 2a"):format(long) } }:jit()
    s:bytes(r.user, ("02 %02x 02000000 2b 01 00 00"):format(long))
  end)
end

becomes("4.4.6", { "il-method-body 4.4.6", "Q11" }, {
  { "a long method with long branches", "02 39 01000000 2a" .. nops(120) .. "2a", "02 39 05000000 38 78000000" .. nops(120) .. "00" },
  { "a long method with a switch that leads over short branches", "02 45 02000000 02000000 04000000 2c 03 2c 01 2a" .. nops(120) .. "2a",
    "02 45 02000000 05000000 0a000000 39 0a000000 39 05000000 38 78000000" .. nops(120) .. "00" },
  { "a backward branch gets longer by what lies between", "00 2a 2c fc 2a" .. nops(120) .. "2a",
    "00 38 82000000 39 f5ffffff 38 78000000" .. nops(120) .. "00" },
})

-- ---- 4.4.8: the longest short branches --------------------------------------------------------------------------------------------------

becomes("4.4.8", { "il-method-body 4.4.8", "Q10" }, {
  { "123 bytes forward", "2a" .. nops(122) .. "2a", "2b 7a" .. nops(122) .. "00" },
  { "124 bytes back", "2a" .. nops(120) .. "2b 85 2a", "2b 7a" .. nops(120) .. "2b 84 00" },
})

-- ---- 4.9: header ---------------------------------------------------------------------------------------------------------------------------

t:test("4.9: of a fat header only the code size changes: stack, locals, flags are kept", { covers = { "il-method-body 4.9", "il-method-body 2.4" } }, function(s)
  local r = s:method { body = { code = "02 2c 01 2a 00 2a", locals = "07 01 08", max_stack = 0x1234, flags = 0x3E3 | 0xC00 } }:jit()
  s:rewritten(r)
  s:bytes(r.head, "eb 3f 34 12")
  s:equal(r.locals_sig, "07 03 08 12 05 12 09")
  s:bytes(r.user, "02 2c 02 2b 01 00 00")
end)

t:test("4.9: a tiny one loses InitLocals only with two RETs", { covers = { "il-method-body 4.9", "il-method-body 2.5", "Q5" } }, function(s)
  s:home { rules = { { assembly = "A", class = "N.C", method = { "M0", "M1", "M2", "M3" } } } }
  local codes = { M0 = { "14 7a", 0x1B }, M1 = { "00 2a", 0x1B }, M2 = { "2a 2a", 0x0B }, M3 = { "2a 2a 2a", 0x0B } }
  local methods = {}
  for name, row in pairs(codes) do methods[#methods + 1] = { name = name, sig = "00 00 01", body = { code = row[1] } } end
  local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = methods } } })
  for name, row in pairs(codes) do s:equal(m:jit("N.C." .. name).flags, row[2], name) end
end)

t:test("4.9: a refused method is refused every time, and the tiny body stays tiny", { covers = { "il-method-body 4.9", "il-method-body 1.1" } }, function(s)
  local m = s:method { body = { code = "2a 2b 70 2a" } }
  s:untouched(m:jit())
  s:equal(m:body(), "12 2a 2b 70 2a")
end)
