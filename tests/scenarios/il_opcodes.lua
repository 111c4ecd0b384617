-- il-method-body.md sections 4.1 and 4.2: how instructions are told apart. The instruction under test stands between RETs, and the bytes
-- of its operand are RETs, too (2A): a length that is wrong by one byte makes other RETs count, or be replaced.

local scenario = require "nrprof.scenario"
local t = scenario.suite "il-method-body opcodes"

-- Methods of one type, in one CLR: list of { code, expected user code or false (refused) }, or { …, result = "E_FAIL" }.
local function check(s, list)
  local methods, names = {}, {}
  for i, row in ipairs(list) do
    names[i] = "M" .. i
    methods[i] = { name = names[i], sig = "00 00 01", body = { code = row[1] } }
  end
  s:home { rules = { { assembly = "A", class = "N.C", method = names } } }
  local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = methods } } })
  for i, row in ipairs(list) do
    local r = m:jit("N.C." .. names[i])
    if row[2] then
      s:truth(r.written, row[1] .. " was not rewritten")
      s:bytes(r.user, row[2], row[1])
    else
      s:truth(not r.written, row[1] .. " was rewritten")
      s:equal(r.result, row.result or "S_OK", row[1])
    end
  end
end

-- ECMA-335 III: sizes of operands, as ranges of opcodes. What is in no range has none.
local function sizes_of(text)
  local sizes = {}
  for size, ranges in text:gmatch "(%d): ([%x%s-]+);" do
    for range in ranges:gmatch "%S+" do
      local from, to = range:match "^(%x%x)-?(%x*)$"
      for op = tonumber(from, 16), tonumber(to ~= "" and to or from, 16) do sizes[op] = tonumber(size) end
    end
  end
  return sizes
end

local one = sizes_of [[1: 0e-13 1f 2b-37 de; 4: 20 22 27-29 38-44 6f-75 79 7b-81 8c-8d 8f a3-a5 c2 c6 d0 dd; 8: 21 23;]]
local two = sizes_of [[1: 12; 2: 09-0e; 4: 06-07 15-16 1c;]]
local RET, SWITCH = 0x2A, 0x45

local function is_branch(op)
  return op >= 0x2B and op <= 0x37 or op >= 0x38 and op <= 0x44 or op == 0xDD or op == 0xDE
end

local function each_plain(f)
  for op = 0x00, 0xF7 do
    if op ~= RET and op ~= SWITCH and not is_branch(op) then f(op, one[op] or 0) end
  end
end

t:test("4.1.1: every opcode of one byte has the operand of ECMA-335, none if it is unused", { covers = { "il-method-body 4.1", "il-method-body 4.1.1", "il-method-body 4.2", "Q12" } }, function(s)
  local list = {}
  each_plain(function(op, size)
    list[#list + 1] = { ("%02x%s 2a"):format(op, ("2a"):rep(size)), ("%02x%s 00"):format(op, ("2a"):rep(size)) }
  end)
  s:equal(#list, 248 - 2 - 13 - 13 - 2)
  check(s, list)
end)

t:test("4.1.1: and is copied with it when there are two RETs", { covers = { "il-method-body 4.1.1", "il-method-body 4.4.7" } }, function(s)
  local list = {}
  each_plain(function(op, size)
    local insn = ("%02x%s"):format(op, ("2a"):rep(size))
    list[#list + 1] = { ("2a %s 2a"):format(insn), ("2b %02x %s 00"):format(1 + size, insn) }
  end)
  check(s, list)
end)

t:test("4.1.2: FE 00 to FE 22 are instructions, with the operands of ECMA-335", { covers = { "il-method-body 4.1.2", "il-method-body 4.4.7" } }, function(s)
  local list = {}
  for op = 0x00, 0x22 do
    local size = two[op] or 0
    if op == 0x19 then size = 0 end -- "no." is unknown to the table: unused, as FE 1B
    local insn = ("fe%02x%s"):format(op, ("2a"):rep(size))
    list[#list + 1] = { insn .. "2a", insn .. "00" }
    list[#list + 1] = { ("2a %s 2a"):format(insn), ("2b %02x %s 00"):format(2 + size, insn) }
  end
  check(s, list)
end)

t:test("4.1.2: FE 23 to FE FF are unknown: counting ends, two RETs before them refuse the method", { covers = { "il-method-body 4.1.2", "il-method-body 4.2", "il-method-body 4.4.2", "Q9" } }, function(s)
  local list = {}
  for op = 0x23, 0xFF do
    list[#list + 1] = { ("00 fe%02x 2a 00 2a"):format(op), ("00 fe%02x 2a 00 2a"):format(op) }
    list[#list + 1] = { ("2a fe%02x 2a 00 2a"):format(op), ("2a fe%02x 2a 00 00"):format(op) }
    list[#list + 1] = { ("2a 2a fe%02x 2a"):format(op), false }
  end
  check(s, list)
end)

for page = 0xF8, 0xFD do
  t:test(("4.1.2: nothing begins with %02X"):format(page), { covers = { "il-method-body 4.1.2", "il-method-body 4.2", "Q12" } }, function(s)
    local list = {}
    for op = 0, 0xFF, 3 do
      list[#list + 1] = { ("00 %02x%02x 2a 00 2a"):format(page, op), ("00 %02x%02x 2a 00 2a"):format(page, op) }
      list[#list + 1] = { ("2a 2a %02x%02x 2a"):format(page, op), false }
    end
    check(s, list)
  end)
end

t:test("4.1.2: FF is a prefix of the opcodes of one byte; in front of the only RET it stays", { covers = { "il-method-body 4.1.2", "Q12" } }, function(s)
  local list = { { "ff 2a", "ff 00" }, { "ff 2a 2a", "2b 00 00" }, { "2a ff 2a", false, result = "E_FAIL" } }
  each_plain(function(op, size)
    local operand = ("2a"):rep(size)
    list[#list + 1] = { ("ff %02x %s 2a"):format(op, operand), ("ff %02x %s 00"):format(op, operand) }
  end)
  check(s, list)
end)

t:test("4.1.4: with two RETs FF is replaced by a second copy of the opcode, which takes the place of the operand's first byte", { covers = { "il-method-body 4.1.4", "il-method-body 4.4.7", "Q12" } }, function(s)
  check(s, {
    { "2a ff 00 2a", "2b 02 00 00 00" },
    { "2a ff 14 2a", "2b 02 14 14 00" },
    { "2a ff 1f 07 2a", "2b 03 1f 1f 07 00" },
    { "2a ff 20 11 22 33 14 2a", "2b 06 20 20 11 22 33 14 00" },
    { "2a ff 28 01 00 00 0a 2a", "2b 06 28 28 01 00 00 0a 00" },
  })
end)

t:test("4.1.4: a branch behind FF: its opcode is read as its distance, and it comes out one byte short", { covers = { "il-method-body 4.1.4", "il-method-body 4.4.8", "Q12" } }, function(s)
  local nops = ("00"):rep(0x2C)
  check(s, {
    { "2a ff 2c 01 " .. nops .. "2a", "2b 2e 2c 2b " .. nops .. "00" }, -- lands on the nop before its target
    { "2a ff 2c 01 00 2a", false },                                     -- 2C bytes further is behind the end
    { "2a ff 2c 01 " .. nops:rep(3) .. "2a", "38 89000000 39 2c000000 " .. nops:rep(3) .. "00" },
  })
end)

t:test("4.4.10: code that is valid no more after FF was replaced is refused", { covers = { "il-method-body 4.4.10", "Q12" } }, function(s)
  check(s, {
    { "2a ff 20 11223344 00 00 00 00 2a", "2b 0a 20 20112233 44 00000000 00" }, -- a branch that the original does not have
    { "2a ff 20 11223344 00 00 00 14 2a", false },                              -- and whose target does not exist
    { "2a ff 20 112233fe 26 2a", false },                                       -- FE 26 is no instruction
  })
end)

t:test("4.1.4: FF 45 is a switch whose count begins with its own opcode", { covers = { "il-method-body 4.1.4", "il-method-body 4.2", "Q12" } }, function(s)
  local table = "45 000000" .. ("2a000000"):rep(0x45)
  check(s, { { "ff " .. table .. "2a", "ff " .. table .. "00" } })
end)

-- ---- 4.1.3: branches -----------------------------------------------------------------------------------------------------

t:test("4.1.3: the operand of a branch is a distance: it is calculated anew", { covers = { "il-method-body 4.1.3", "il-method-body 4.4.3", "Q11" } }, function(s)
  local list = {}
  for op = 0x2B, 0x44 do
    if op <= 0x37 then list[#list + 1] = { ("02 %02x 01 2a 00 2a"):format(op), ("02 %02x 02 2b 01 00 00"):format(op) }
    else list[#list + 1] = { ("02 %02x 01000000 2a 00 2a"):format(op), ("02 %02x 02000000 2b 01 00 00"):format(op) } end
  end
  list[#list + 1] = { "02 de 01 2a 00 2a", "02 de 02 2b 01 00 00" }
  list[#list + 1] = { "02 dd 01000000 2a 00 2a", "02 dd 02000000 2b 01 00 00" }
  s:equal(#list, 28)
  check(s, list)
end)

t:test("4.1.3: the operand of jmp is none, and throw, rethrow, endfinally, endfilter have none", { covers = { "il-method-body 4.1.3" } }, function(s)
  check(s, {
    { "2a 27 01000000 2a", "2b 05 27 01000000 00" },
    { "2a 7a dc fe11 fe1a 2a", "2b 06 7a dc fe11 fe1a 00" },
  })
end)

-- ---- 4.2: counting ---------------------------------------------------------------------------------------------------------

t:test("4.2: RETs inside operands and tables do not count", { covers = { "il-method-body 4.2" } }, function(s)
  check(s, {
    { "1f 2a 2a", "1f 2a 00" },
    { "20 2a2a2a2a 21 2a2a2a2a2a2a2a2a 2a", "20 2a2a2a2a 21 2a2a2a2a2a2a2a2a 00" },
    { "02 45 02000000 2a2a2a2a 2a2a2a2a 2a", "02 45 02000000 2a2a2a2a 2a2a2a2a 00" }, -- its arms are not looked at
    { "02 45 00000000 2a", "02 45 00000000 00" },
    { "2b 2a 2a", "2b 2a 00" },                                                       -- nor are the targets of branches
    { "38 2a2a2a2a 2a", "38 2a2a2a2a 00" },
  })
end)

for _, row in ipairs { { 65536, "none", "2a" }, { 65537, "one", "00" } } do
  t:test(("4.2: %d RETs count as %s"):format(row[1], row[2]), { covers = { "il-method-body 4.2", "il-method-body 4.3", "Q14" } }, function(s)
    local r = s:method { body = { code = ("2a"):rep(row[1]) } }:jit()
    s:rewritten(r)
    s:bytes(r.user, ("2a"):rep(row[1] - 1) .. row[3])
  end)
end
