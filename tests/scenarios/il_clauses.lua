-- il-method-body.md sections 4.10, 5, and 6.4 to 6.8: exception clauses, read, moved, written. Method bodies here are a fat header with a
-- section of raw bytes; the method's own code begins at 00a9 of the injected one.

local scenario = require "nrprof.scenario"
local t = scenario.suite "il-method-body clauses"

local TRY = "00 de 03 26 de 00 " -- try [0,3) handler [3,6)
local ONE_RET, TWO_RETS = TRY .. "2a", TRY .. "02 2c 01 2a 00 2a"
local USER = 0xA9

local function small(flags, try, try_length, handler, handler_length, token)
  return scenario.image.hex(string.pack("<I2I2I1I2I1I4", flags, try, try_length, handler, handler_length, token))
end

local function fat(...) return scenario.image.hex(string.pack("<I4I4I4I4I4I4", ...)) end

local SMALL, FAT = small(0, 0, 3, 3, 3, 0x01000001), fat(0, 0, 3, 3, 3, 0x01000001)
local TEXT = "0 [00a9,00ac) [00ac,00af) 01000001"

-- The original clauses as they come out.
local function originals(r)
  local list = {}
  for i = 1, #r.clauses - 4 do list[i] = r.clauses[i].text end
  return list
end

local function clauses(s, code, section)
  local r = s:method { body = { code = code, section = section } }:jit()
  s:rewritten(r)
  return r, originals(r)
end

-- ---- 5.1: kinds of sections -----------------------------------------------------------------------------------------------------

local NO_TABLE = "[Error] Attempted to instrument a method with something other than an exception handling clause as a method extra section."
local MORE = "[Error] Attempted to instrument a method with multiple extra sections."

for _, row in ipairs {
  { "00 10 0000" .. SMALL, NO_TABLE }, { "02 10 0000" .. SMALL, NO_TABLE }, { "40 1c0000" .. FAT, NO_TABLE }, { "3e 10 0000" .. SMALL, NO_TABLE },
  { "80 10 0000" .. SMALL, NO_TABLE }, { "81 10 0000" .. SMALL .. "01 10 0000" .. SMALL, MORE }, { "c1 1c0000" .. FAT .. "01 10 0000" .. SMALL, MORE },
  { "81 10 0000" .. SMALL, MORE }, { "83 10 0000" .. SMALL, MORE },
} do
  for path, code in pairs { method = ONE_RET, api_method = TWO_RETS } do
    t:test(("5.1: a section of kind %s is an error of the method (%s, %d bytes)"):format(row[1]:sub(1, 2), path, #row[1]), { covers = { "il-method-body 5.1", "Q18", "Q19" } }, function(s)
      s:untouched(s[path](s, { body = { code = code, section = row[1] } }):jit(), "E_FAIL") -- before anything is defined
      s:log_has(row[2], "[Error] An unexpected exception was thrown while possibly instrumenting a function.")
    end)
  end
end

for _, kind in ipairs { "01", "03", "05", "07", "21", "3f", "41", "43", "7f" } do
  t:test("5.1: bit 0 makes a table of clauses: " .. kind, { covers = { "il-method-body 5", "il-method-body 5.1", "Q19" } }, function(s)
    local is_fat = tonumber(kind, 16) & 0x40 ~= 0
    local _, list = clauses(s, ONE_RET, kind .. (is_fat and "1c0000" .. FAT or "10 0000" .. SMALL))
    s:equal(list, { TEXT })
  end)
end

t:test("5.1: a method that is refused for its RETs is not looked at any further", { covers = { "il-method-body 5.1", "il-method-body 1.3" } }, function(s)
  s:untouched(s:method { body = { code = "2a 00 00 00", section = "00 10 0000" .. SMALL } }:jit())
  s:log_has "[Error] Last instruction was not RET, aborting"
  s:log_lacks(NO_TABLE)
end)

-- ---- 5.2: how many clauses ----------------------------------------------------------------------------------------------------------

for _, row in ipairs {
  { "small, size 4", "01 04 0000", 0 }, { "small, size 15", "01 0f 0000" .. SMALL, 0 }, { "small, size 16", "01 10 0000" .. SMALL, 1 },
  { "small, size 27", "01 1b 0000" .. SMALL .. SMALL, 1 }, { "small, size 28", "01 1c 0000" .. SMALL .. SMALL, 2 },
  { "small, size 12", "01 0c 0000" .. SMALL, 0 }, { "small, size 24", "01 18 0000" .. SMALL .. SMALL, 1 },
  { "small, something in the reserved bytes", "01 10 ff ff" .. SMALL, 1 }, { "small, 20 clauses", "01 f4 0000" .. SMALL:rep(20), 20 },
  { "fat, size 4", "41 040000", 0 }, { "fat, size 27", "41 1b0000" .. FAT, 0 }, { "fat, size 28", "41 1c0000" .. FAT, 1 }, { "fat, size 51", "41 330000" .. FAT .. FAT, 1 },
  { "fat, size 24", "41 180000" .. FAT, 0 }, { "fat, size 48", "41 300000" .. FAT .. FAT, 1 }, { "fat, size 100h", "41 000100" .. FAT:rep(11), 10 },
  { "fat, size 10000h", "41 000001" .. FAT:rep(2731), 2730 },
} do
  t:test("5.2: " .. row[1], { covers = { "il-method-body 5.2", "Q17" } }, function(s)
    local r, list = clauses(s, ONE_RET, row[2])
    s:equal(#list, row[3])
    s:equal(list[#list], row[3] > 0 and TEXT or nil)
    s:equal(r.size, 12 + (r.code_size + 3) // 4 * 4 + 4 + 24 * (row[3] + 4))
  end)
end

for _, row in ipairs { { "small", "01 0c 0000" .. SMALL }, { "fat", "41 180000" .. FAT }, { "small, two", "01 18 0000" .. SMALL:rep(2) }, { "fat, two", "41 300000" .. FAT:rep(2) } } do
  t:test("4.10.2: a size without the four bytes of its header is right when there are two RETs: " .. row[1], { covers = { "il-method-body 4.10.2", "Q17" } }, function(s)
    local _, list = clauses(s, TWO_RETS, row[2])
    s:equal(list, row[1]:find "two" and { TEXT, TEXT } or { TEXT })
  end)
end

-- ---- 5.3, 5.4, 6.6, 6.7: fields, in and out -------------------------------------------------------------------------------------------------

-- Flags, then the last four bytes of the clause that comes out for 02000001: from a small one, from a fat one.
for _, row in ipairs {
  { 0, "02000001", "02000001" }, { 1, "ab000001", "ab000001" }, { 2, "00000000", "00000000" }, { 4, "00000000", "00000000" },
  { 3, "02000001", "00000000" }, { 5, "02000001", "00000000" }, { 6, "00000000", "00000000" }, { 0x8000, "00000000", "00000000" }, { 0xFFFF, "02000001", "00000000" },
} do
  local flags = row[1]
  t:test(("6.7: flags %x"):format(flags), { covers = { "il-method-body 5.3", "il-method-body 5.4", "il-method-body 6.6", "il-method-body 6.7", "Q20", "Q21" } }, function(s)
    s:home { rules = { { assembly = "A", class = "N.C", method = { "Small", "Fat" } } } }
    local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = {
      { name = "Small", sig = "00 00 01", body = { code = ONE_RET, section = "01 10 0000" .. small(flags, 0, 3, 3, 3, 0x01000002) } },
      { name = "Fat", sig = "00 00 01", body = { code = ONE_RET, section = "41 1c0000" .. fat(flags, 0, 3, 3, 3, 0x01000002) } },
    } } } })
    for i, name in ipairs { "Small", "Fat" } do
      local section = m:jit("N.C." .. name).sections[1]
      s:bytes(section, ("41 7c0000 %02x%02x0000 a9000000 03000000 ac000000 03000000 %s *"):format(flags & 0xFF, flags >> 8, row[i + 1]), name)
    end
  end)
end

for _, v in ipairs { 0, 0xFF, 0x100, 0xFFFF } do
  local byte = v & 0xFF
  t:test(("5.4: a small clause with offsets %x, lengths %x"):format(v, byte), { covers = { "il-method-body 5.4", "il-method-body 6.6" } }, function(s)
    local r = clauses(s, ONE_RET, "01 10 0000" .. small(0, v, byte, v, byte, 0x0102FFFE))
    s:bytes(r.sections[1], "41 7c0000" .. fat(0, v + USER, byte, v + USER, byte, 0x0102FFFE) .. "*")
  end)
end

for _, v in ipairs { 0, 0xFF, 0x100, 0xFFFF, 0x10000, 0xFFFFFF, 0x1000000, 0x7FFFFFFF, 0xFFFFFF57, 0xFFFFFFFF } do
  t:test(("5.3: a fat clause with offsets and lengths %x"):format(v), { covers = { "il-method-body 5.3", "il-method-body 6.6" } }, function(s)
    local r = clauses(s, ONE_RET, "41 340000" .. fat(0, v, v, v, v, v) .. fat(1, v, v, v, v, v))
    local moved = v + USER & 0xFFFFFFFF -- it wraps around
    s:bytes(r.sections[1], "41 940000" .. fat(0, moved, v, moved, v, v) .. fat(1, moved, v, moved, v, moved) .. "*")
  end)
end

t:test("6.7: flags of a fat clause have 32 bits", { covers = { "il-method-body 5.3", "il-method-body 6.7" } }, function(s)
  local r = clauses(s, ONE_RET, "41 1c0000" .. fat(0x10001, 0, 3, 3, 3, 5))
  s:bytes(r.sections[1], "41 7c0000" .. fat(0x10001, USER, 3, USER + 3, 3, 0) .. "*")
end)

t:test("4.10.6: unless there are two RETs and few clauses", { covers = { "il-method-body 4.10.6", "il-method-body 4.10.5" } }, function(s)
  local r = clauses(s, TWO_RETS, "41 1c0000" .. fat(0x10000, 0, 3, 3, 3, 5))
  s:bytes(r.sections[1], "41 7c0000" .. fat(0, USER, 3, USER + 3, 3, 5) .. "*")
end)

t:test("6.5: original clauses keep their order, whatever it is, and come first", { covers = { "il-method-body 6.5", "il-method-body 6.8", "Q22" } }, function(s)
  local r, list = clauses(s, ONE_RET, "01 28 0000" .. small(2, 5, 1, 6, 1, 0) .. small(0, 0, 3, 3, 3, 0x02000003) .. small(1, 1, 1, 2, 1, 4))
  s:equal(list, { "2 [00ae,00af) [00af,00b0) 00000000", "0 [00a9,00ac) [00ac,00af) 02000003", "1 [00aa,00ab) [00ab,00ac) 000000ad" })
  s:equal(#r.clauses, 7)
  s:equal(#scenario.image.bytes(r.sections[1]), 4 + 7 * 24)
  s:equal(#r.sections, 1)
end)

t:test("6.5: so does the one of an API method", { covers = { "il-method-body 6.5" } }, function(s)
  local r = s:api_method { body = { code = ONE_RET, section = "01 10 0000" .. SMALL } }:jit()
  s:rewritten(r)
  s:equal(#r.clauses, 2)
  s:equal(r.clauses[1].try, r.user_offset)
  s:equal(r.clauses[1].token, 0x01000001)
  s:equal(r.clauses[2].try, 0)
end)

-- ---- 2.3: where the section is -------------------------------------------------------------------------------------------------------------

for n = 0, 3 do
  for _, row in ipairs { { "method", "one RET", "2a" }, { "method", "two RETs", "2a 2a" }, { "api_method", "an API method", "2a" } } do
    t:test(("2.3: the section is at the next multiple of four (%d nops, %s)"):format(n, row[2]), { covers = { "il-method-body 2.3", "il-method-body 6.4" } }, function(s)
      local r = s[row[1]](s, { body = { code = TRY .. ("00 "):rep(n) .. row[3], section = "01 10 0000" .. SMALL } }):jit()
      s:rewritten(r)
      s:equal(r.clauses[1].token, 0x01000001)
      s:equal(r.clauses[1].try, r.user_offset)
      local pad = -r.code_size & 3
      s:equal(r.size, 12 + r.code_size + pad + 4 + 24 * #r.clauses)
      s:equal(r.body:sub(3 * (12 + r.code_size) + 1, 3 * (12 + r.code_size + pad + 1) - 1), ("00 "):rep(pad) .. "41")
    end)
  end
end

t:test("2.6: without the flag what lies behind the code is no section", { covers = { "il-method-body 2.6", "il-method-body 1.1" } }, function(s)
  for _, body in ipairs { "13 30 08 00 08000000 00000000" .. TRY .. "00 2a 01 10 0000" .. SMALL, "06 2a 00 00 01 10 0000" .. SMALL } do
    local r = s:method { body = body }:jit()
    s:rewritten(r)
    s:equal(#r.clauses, 4)
  end
end)

-- ---- 4.10: two RETs --------------------------------------------------------------------------------------------------------------------------

t:test("4.10.1: a fat section is read as a small one is", { covers = { "il-method-body 4.10.1", "il-method-body 4.10.4" } }, function(s)
  local _, list = clauses(s, TWO_RETS, "41 1c0000" .. FAT)
  s:equal(list, { TEXT })
end)

-- Tokens tell clauses apart.
local function small_of(token) return small(0, 0, 3, 3, 3, token) end
for _, row in ipairs {
  { "one over one", "81 10 0000" .. small_of(1) .. "01 10 0000" .. small_of(2), { 2 } },
  { "one over two", "81 1c 0000" .. small_of(1) .. small_of(2) .. "01 10 0000" .. small_of(3), { 3, 2 } },
  { "a fat one over a small one", "81 10 0000" .. small_of(1) .. "41 1c0000" .. fat(0, 0, 3, 3, 3, 2), { 2 } },
  { "a small one over two fat ones", "c1 340000" .. fat(0, 0, 3, 3, 3, 1) .. fat(0, 0, 3, 3, 3, 2) .. "01 10 0000" .. small_of(3), { 3, 2 } },
  { "three sections", "81 1c 0000" .. small_of(1) .. small_of(2) .. "81 1c 0000" .. small_of(3) .. small_of(4) .. "01 10 0000" .. small_of(5), { 5, 4 } },
  { "a section of another kind is skipped", "81 10 0000" .. small_of(1) .. "82 08 0000 ffffffff 01 10 0000" .. small_of(2), { 2 } },
  { "and at the end", "81 10 0000" .. small_of(1) .. "02 08 0000 ffffffff", { 1 } },
} do
  t:test("4.10.3: each section writes over the first: " .. row[1], { covers = { "il-method-body 4.10.3", "Q18" } }, function(s)
    local r = clauses(s, TWO_RETS, row[2])
    local tokens = {}
    for i = 1, #r.clauses - 4 do tokens[i] = r.clauses[i].token end
    s:equal(tokens, row[3])
  end)
end

-- 02 2c 01 2a | 00 de 03 26 de 00 | 00 2a: the RET at 3 grows by one byte. Offsets of instructions: 0 1 3 4 5 7 8 10 11.
local MOVED = "02 2c 01 2a 00 de 03 26 de 00 00 2a"
for _, row in ipairs {
  { "try and handler behind the RET", { 0, 4, 3, 7, 3, 9 }, "0 [00ae,00b1) [00b1,00b4) 00000009" },
  { "the RET in the try block", { 0, 0, 7, 7, 3, 9 }, "0 [00a9,00b1) [00b1,00b4) 00000009" },
  { "the RET at its end", { 0, 0, 3, 7, 3, 9 }, "0 [00a9,00ac) [00b1,00b4) 00000009" },
  { "the RET alone", { 2, 3, 1, 4, 1, 9 }, "2 [00ac,00ae) [00ae,00af) 00000000" },
  { "an end at the last RET", { 0, 4, 3, 7, 4, 9 }, "0 [00ae,00b1) [00b1,00b5) 00000009" },
  { "empty blocks", { 0, 4, 0, 4, 0, 9 }, "0 [00ae,00ae) [00ae,00ae) 00000009" },
  { "a filter", { 1, 0, 3, 7, 3, 4 }, "1 [00a9,00ac) [00b1,00b4) 000000ae" },
  { "no filter for flags 3", { 3, 0, 3, 7, 3, 6 }, "3 [00a9,00ac) [00b1,00b4) 00000006" },
} do
  for _, kind in ipairs { "clauses", "fat_clauses" } do
    t:test(("4.10.4: %s (%s)"):format(row[1], kind), { covers = { "il-method-body 4.10.4" } }, function(s)
      local r = s:method { body = { code = MOVED, [kind] = { row[2] } } }:jit()
      s:rewritten(r)
      s:equal(r.clauses[1].text, row[3])
    end)
  end
end

for _, row in ipairs {
  { "try start", { 0, 2, 1, 7, 3, 9 } }, { "try end", { 0, 4, 2, 7, 3, 9 } }, { "handler start", { 0, 4, 3, 9, 1, 9 } }, { "handler end", { 0, 4, 3, 7, 2, 9 } },
  { "try end at the code's", { 0, 4, 8, 7, 3, 9 } }, { "handler end at the code's", { 0, 4, 3, 7, 5, 9 } }, { "handler behind the code", { 0, 4, 3, 20, 3, 9 } },
  { "filter", { 1, 4, 3, 7, 3, 6 } }, { "filter at the end of the code", { 1, 4, 3, 7, 3, 12 } },
} do
  t:test("4.10.4: refused: no instruction at " .. row[1], { covers = { "il-method-body 4.10.4", "Q23" } }, function(s)
    s:untouched(s:method { body = { code = MOVED, clauses = { row[2] } } }:jit(), "E_FAIL")
    s:log_has "[Error] An unexpected exception was thrown while possibly instrumenting a function."
  end)
  t:test("Q23: with one RET nobody asks for an instruction at " .. row[1], { covers = { "Q23", "il-method-body 6.6" } }, function(s)
    local c = row[2]
    local r = s:method { body = { code = "02 2c 01 00 00 de 03 26 de 00 00 2a", clauses = { c } } }:jit()
    s:rewritten(r)
    s:equal({ r.clauses[1].try - USER, r.clauses[1].try_end - USER, r.clauses[1].handler - USER, r.clauses[1].handler_end - USER },
      { c[2], c[2] + c[3], c[4], c[4] + c[5] })
  end)
end

for _, n in ipairs { 19, 20, 21, 22, 300 } do
  t:test(("4.10.5: %d clauses and two RETs"):format(n), { covers = { "il-method-body 4.10.5", "il-method-body 4.10.6" } }, function(s)
    local list, expected = {}, {}
    for i = 1, n do
      list[i] = { i % 2 * 2, 0, 3, 3, 3, i % 2 == 0 and 0x02000000 + i or 0 }
      expected[i] = ("%d [00a9,00ac) [00ac,00af) %08x"):format(list[i][1], list[i][6])
    end
    local r = s:method { body = { code = TWO_RETS, fat_clauses = list } }:jit()
    s:rewritten(r)
    s:equal(originals(r), expected)
    s:equal(r.size, 12 + (r.code_size + 3) // 4 * 4 + 4 + 24 * (n + 4)) -- nothing of the form in between is left
  end)
end

t:test("4.10.5: offsets and lengths of any size survive two RETs", { covers = { "il-method-body 4.10.5", "il-method-body 4.10.6" } }, function(s)
  for _, n in ipairs { 0xFE, 0x100, 0x10000 } do
    local r = s:method { body = { code = ("00 "):rep(n) .. "26 2a 2a", fat_clauses = { { 0, 0, n, n, 1, 7 }, { 1, n, 1, 0, n, n } } } }:jit()
    s:rewritten(r)
    s:equal(originals(r), { ("0 [00a9,%04x) [%04x,%04x) 00000007"):format(USER + n, USER + n, USER + n + 1),
      ("1 [%04x,%04x) [00a9,%04x) %08x"):format(USER + n, USER + n + 1, USER + n, USER + n) })
  end
end)
