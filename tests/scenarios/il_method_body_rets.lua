-- il-method-body.md sections 4 and 7: what becomes of the RETs of a method, and of its header. The bytes are the reference's worked examples:
-- `user` is the method's own code as it stands inside the injected code.

local scenario = require "nrprof.scenario"
local t = scenario.suite "il-method-body RETs"

-- ---- 4.5: worked examples -----------------------------------------------------------------------------------------------

local nops = ("00 "):rep(120)
for _, row in ipairs {
  { "two RETs", "1a│02 2c 01 2a 00 2a", "02 2c 02 2b 01 00 00", "Q5" },
  { "branches to both RETs", "02 2d 02 03 2a 16 2d 01 2a 2a", "02 2d 03 03 2b 05 16 2d 02 2b 00 00" },
  { "a switch with two arms to RETs", "02 45 02000000 01000000 02000000 2a 2a 2a", "02 45 02000000 02000000 04000000 2b 02 2b 00 00" },
  { "a long branch stays long", "02 39 01000000 2a 2a", "02 39 02000000 2b 00 00", "Q11" },
  { "instructions of two bytes", "02 fe 09 01 00 fe 01 2c 01 2a 00 2a", "02 fe 09 01 00 fe 01 2c 02 2b 01 00 00" },
  { "tail. stays although its RET is gone", "02 2c 08 fe 14 28 01 00 00 0a 2a 00 2a", "02 2c 09 fe 14 28 01 00 00 0a 2b 01 00 00", "Q13" },
  { "124 bytes and two RETs stay short", "02 2c 01 2a" .. nops:sub(1, -4) .. "2a", "02 2c 02 2b 77" .. nops:sub(1, -4) .. "00", "Q10" },
  { "125 bytes and two RETs become long", "02 2c 01 2a" .. nops .. "2a", "02 39 05000000 38 78000000" .. nops .. "00", "Q10" },
  { "a switch in a method that becomes long", "02 45 02000000 01000000 02000000 2a 2a" .. nops .. "2a",
    "02 45 02000000 05000000 0a000000 38 7d000000 38 78000000" .. nops .. "00" },
  { "an unused opcode is an instruction of one byte", "02 2c 01 2a 24 2a", "02 2c 02 2b 01 24 00", "Q12" },
  { "FF 2A is a RET", "FF 2A 00 2A", "2b 01 00 00", "Q12" },
  { "FF 00 is two NOPs", "02 2c 01 2a FF 00 2a", "02 2c 02 2b 02 00 00 00", "Q12" },
} do
  t:test("4.5: " .. row[1], { covers = { "il-method-body 4.5", "il-method-body 4.4.6", row[4] } }, function(s)
    local code = row[2]:gsub("^1a│", "")
    local r = s:method { body = { code = code } }:jit()
    s:rewritten(r)
    s:bytes(r.user, row[3])
    s:equal(#r.clauses, 4)
    s:log_lacks("[Error]", "Skipping")
  end)
end

t:test("4.4.2: RET in front of a switch without arms", { covers = { "il-method-body 4.4.2" } }, function(s)
  local r = s:method { body = { code = "02 2c 01 2a 02 45 00000000 2a" } }:jit()
  s:bytes(r.user, "02 2c 02 2b 06 02 45 00000000 00")
end)

-- ---- 4.3: one RET, none --------------------------------------------------------------------------------------------------

for _, row in ipairs {
  { "no RET: nothing is changed", "00 14 7a", "00 14 7a", "Q7" },
  { "one RET at the end becomes NOP", "06 2a", "06 00" },
  { "the last byte, not the last instruction, is looked at", "2a 1f 2a", "2a 1f 00", "Q8" },
  { "an unknown opcode hides the RETs behind it", "fe 23 02 2c 01 2a 00 2a", "fe 23 02 2c 01 2a 00 2a", "Q9" },
  { "an unknown opcode behind the first RET hides the others", "02 2c 01 2a fe 23 00 2a", "02 2c 01 2a fe 23 00 00", "Q9" },
} do
  t:test("4.3: " .. row[1], { covers = { "il-method-body 4.3", "il-method-body 4.2", row[4] } }, function(s)
    local r = s:method { body = { code = row[2] } }:jit()
    s:rewritten(r)
    s:bytes(r.user, row[3])
  end)
end

for _, row in ipairs {
  { "a RET, then a throw", "02 2c 01 2a 14 7a" },
  { "two RETs, then an endless loop", "02 2c 01 2a 02 2c 01 2a 2b fe" },
  { "a RET, then a byte that is none", "2a 00" },
} do
  t:test("4.3: refused: " .. row[1], { covers = { "il-method-body 4.3", "Q7" } }, function(s)
    local m = s:method { body = { code = row[2] } }
    s:untouched(m:jit())
    s:log_has("[Info ] Instrumenting method: " .. m:described(), "[Error] Last instruction was not RET, aborting",
      "[Info ] Skipping invalid method: " .. m:described())
  end)
end

-- ---- 4.5: refusals ---------------------------------------------------------------------------------------------------------

for _, row in ipairs {
  { "a branch to the end of the body", "02 2c 04 2a 00 00 2a", "Q15" },
  { "a branch into an instruction", "02 2c 02 2a 1f 05 2a" },
  { "a branch to before the body", "2b f0 2a 2a" },
  { "a switch arm to the end of the body", "02 45 01000000 02000000 2a 2a", "Q15" },
  { "an unknown opcode behind the second RET", "02 2c 01 2a 2a fe 23 2a" },
  { "an opcode of page FD", "02 2c 01 2a 2a fd 00 2a", "Q12" },
} do
  t:test("4.5: refused: " .. row[1], { covers = { "il-method-body 4.5", "il-method-body 4.4.9", row[3] } }, function(s)
    local m = s:method { body = { code = row[2] } }
    s:untouched(m:jit())
    s:log_has("[Info ] Skipping invalid method: " .. m:described())
  end)
end

t:test("4.4.4: two RETs and a last one inside an operand is an error of the method", { covers = { "il-method-body 4.4.4", "Q16" } }, function(s)
  s:untouched(s:method { body = { code = "2a 2a 1f 2a" } }:jit(), "E_FAIL")
  s:log_has "[Error] An unexpected exception was thrown while possibly instrumenting a function."
end)

-- ---- 4.10: clauses move with the code ------------------------------------------------------------------------------------------

t:test("4.10: the clause of a method with two RETs", { covers = { "il-method-body 4.10", "il-method-body 4.10.4" } }, function(s)
  local m = s:method { body = { code = "00 de 03 26 de 00 02 2c 01 2a 00 2a", clauses = { { 0, 0, 3, 3, 3, 0x01000001 } } } }
  local r = m:jit()
  s:bytes(r.user, "00 de 03 26 de 00 02 2c 02 2b 01 00 00")
  s:equal(#r.clauses, 5)
  s:equal(r.clauses[1].text, "0 [00a9,00ac) [00ac,00af) 01000001")
end)

t:test("4.10: a handler behind a widened branch starts later", { covers = { "il-method-body 4.10.4" } }, function(s)
  local m = s:method { body = { code = "02 2c 01 2a 00 de 03 26 de 00 2a", clauses = { { 0, 4, 3, 7, 3, 0x01000001 } } } }
  s:equal(m:jit().clauses[1].text, "0 [00ae,00b1) [00b1,00b4) 01000001")
end)

for what, clause in pairs { ["a handler"] = { 0, 4, 3, 7, 4, 0x01000001 }, ["a try block"] = { 0, 4, 7, 4, 3, 0x01000001 } } do
  t:test("4.10: refused: " .. what .. " that ends where the code does", { covers = { "il-method-body 4.10.4", "Q23" } }, function(s)
    s:untouched(s:method { body = { code = "02 2c 01 2a 00 de 03 26 de 00 2a", clauses = { clause } } }:jit(), "E_FAIL")
  end)
end

t:test("4.10.2: a section without its header in its size keeps all clauses when there are two RETs", { covers = { "il-method-body 4.10.2", "il-method-body 5.2", "Q17" } }, function(s)
  local section = "01 0c 0000  0000 0000 03 0300 03 01000001"
  local two = s:method { body = { code = "00 de 03 26 de 00 02 2c 01 2a 00 2a", section = section } }:jit()
  s:equal(#two.clauses, 5)
end)

t:test("5.2: a section without its header in its size loses its last clause when there is one RET", { covers = { "il-method-body 5.2", "Q17" } }, function(s)
  local section = "01 0c 0000  0000 0000 03 0300 03 01000001"
  local r = s:method { body = { code = "00 de 03 26 de 00 2a", section = section } }:jit()
  s:equal(#r.clauses, 4)
end)

-- ---- 7: whole bodies -------------------------------------------------------------------------------------------------------------

t:test("7.1: void M(), tiny", { covers = { "il-method-body 7.1", "il-method-body 6.4", "il-method-body 6.8", "injected-code 8" } }, function(s)
  local r = s:method { body = "06 2a", rule = { factory = "MyFactory" } }:jit()
  s:equal(r.size, 356)
  s:bytes(r.body, "1b 30 0a 00 f4 00 00 00 01 00 00 11 *")
  s:bytes(r.user, "00")
  s:bytes(r.sections[1], "41 64 00 00 *")
  s:equal(r.user_offset, 0xA9)
  local clauses = {}
  for i, c in ipairs(r.clauses) do clauses[i] = c.text end
  s:equal(table.concat(clauses, "\n"), [[
0 [0004,00a3) [00a3,00a9) 01000002
0 [00b6,00c8) [00c8,00ce) 01000002
0 [00a9,00af) [00af,00d5) 01000002
0 [00db,00ed) [00ed,00f3) 01000002]])
end)

for _, kind in ipairs { "clauses", "fat_clauses" } do
  t:test("7.2: one catch clause, " .. kind, { covers = { "il-method-body 7.2", "il-method-body 6.5", "Q22" } }, function(s)
    local body = { code = "00 de 03 26 de 00 2a", [kind] = { { 0, 0, 3, 3, 3, 0x01000001 } } }
    local r = s:method { body = body }:jit()
    s:equal(r.size, 388)
    s:bytes(r.sections[1], "41 7c 00 00 *")
    local clauses = {}
    for i, c in ipairs(r.clauses) do clauses[i] = c.text end
    s:equal(table.concat(clauses, "\n"), [[
0 [00a9,00ac) [00ac,00af) 01000001
0 [0004,00a3) [00a3,00a9) 01000002
0 [00bc,00ce) [00ce,00d4) 01000002
0 [00a9,00b5) [00b5,00db) 01000002
0 [00e1,00f3) [00f3,00f9) 01000002]])
  end)
end

t:test("7.3: a filter", { covers = { "il-method-body 7.3", "Q21" } }, function(s)
  local r = s:method { body = { code = "00 de 07 26 17 fe 11 26 de 00 2a", clauses = { { 1, 0, 3, 7, 3, 3 } } } }:jit()
  s:bytes(r.sections[1], "41 ?? ?? ?? 01000000 a9000000 03000000 b0000000 03000000 ac000000 *")
end)

-- ---- 7.4: headers -------------------------------------------------------------------------------------------------------------------

for _, row in ipairs {
  { "tiny, one RET", "06 2a", "1b 30 0a 00" },
  { "tiny, no RET", "0a 14 7a", "1b 30 0a 00" },
  { "tiny, two RETs", "1a 02 2c 01 2a 00 2a", "0b 30 0a 00", rule = "Q5" },
  { "fat, flags 0x013, max stack 20", "13 30 14 00 02000000 00000000 00 2a", "1b 30 14 00" },
  { "fat, flags 0x003", "03 30 08 00 02000000 00000000 00 2a", "0b 30 0a 00" },
  { "fat, flags 0x013, two RETs", "13 30 08 00 06000000 00000000 02 2c 01 2a 00 2a", "1b 30 0a 00" },
  { "fat, flags 0x0E3", "e3 30 08 00 02000000 00000000 00 2a", "eb 30 0a 00", rule = "Q6" },
  { "fat, flags 0xF13", "13 3f 08 00 02000000 00000000 00 2a", "1b 3f 0a 00", rule = "Q6" },
  { "12 parameters, tiny", "06 2a", "1b 30 0d 00", sig = "00 0c 01" .. ("08"):rep(12), rule = "Q25" },
  { "9 parameters, tiny", "06 2a", "1b 30 0a 00", sig = "00 09 01" .. ("08"):rep(9), rule = "Q25" },
  { "10 parameters, tiny", "06 2a", "1b 30 0b 00", sig = "00 0a 01" .. ("08"):rep(10), rule = "Q25" },
  { "10 parameters and this", "06 2a", "1b 30 0b 00", sig = "20 0a 01" .. ("08"):rep(10), rule = "Q25" },
  { "260 parameters", "06 2a", "1b 30 05 01", sig = "00 8104 01" .. ("08"):rep(260), rule = "Q25" },
} do
  t:test("7.4: " .. row[1], { covers = { "il-method-body 7.4", "il-method-body 6.2", "il-method-body 6.3", row.rule } }, function(s)
    local r = s:method { body = row[2], sig = row.sig }:jit()
    s:rewritten(r)
    s:bytes(r.head, row[3])
  end)
end
