-- quirks.md part C: input on which the C++ profiler crashes, hangs or reads memory it does not own is refused cleanly: no body is
-- written, and, unless the reference gets that far, nothing is defined. Bodies here are given to the profiler as they are; the bytes
-- lie at the end of an allocation, so that a build with AddressSanitizer sees a read behind them.

local scenario = require "nrprof.scenario"
local t = scenario.suite "quirks C"

local FAT = "13 30 08 00" -- fat header, InitLocals, max stack 8; then code size and locals
local FAT_MORE = "1b 30 08 00"

-- Scenarios of one kind: each row is { what, method, the reason in the log }.
local function refused(id, options, result, rows, make)
  for _, row in ipairs(rows) do
    options.covers = options.covers or { id }
    local copy = {}
    for k, v in pairs(options) do copy[k] = v end
    t:test(("%s: %s"):format(id, row[1]), copy, function(s)
      local m = make and make(s, row[2]) or s:method(row[2])
      local r = m:jit()
      s:untouched(r, result)
      s:equal(m:body(), scenario.image.hex(m:original(r.token)))
      s:log_has("[Info ] Instrumenting " .. (make and "API " or "") .. "method: " .. m:described())
      if row[3] then s:log_has(row[3]) end
      if result == "S_OK" then s:log_has("[Info ] Skipping invalid method: " .. m:described()) end
      s:log_lacks "potentially fatal"
    end)
  end
end

local function api(s, method) return s:api_method(method) end

-- ---- C1: headers that are neither tiny nor fat -------------------------------------------------------------------------

local headers = {}
for byte = 0, 255 do
  local tiny, fat = byte & 3 == 2, byte & 7 == 3
  if not tiny and not fat then headers[#headers + 1] = byte end
end

t:test("C1: a first byte that is no header leaves the method alone", { covers = { "C1", "il-method-body 2.1" }, crashes = "C1" }, function(s)
  local methods = {}
  for i, byte in ipairs(headers) do
    methods[i] = { name = "M" .. byte, sig = "00 00 01", body = ("%02x 30 08 00 02000000 00000000 06 2a"):format(byte) }
  end
  s:home { rules = { { assembly = "A", class = "N.C", method = (function()
    local names = {}
    for i, m in ipairs(methods) do names[i] = m.name end
    return names
  end)() } } }
  local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = methods } } })
  s:equal(#headers, 160)
  for _, method in ipairs(methods) do
    s:untouched(m:jit("N.C." .. method.name))
    s:log_has("[Info ] Skipping invalid method: " .. m:described("N.C." .. method.name))
  end
end)

t:test("C1: in an API method it is an error of the method", { covers = { "C1", "il-method-body 2.2" } }, function(s)
  local r = s:api_method { body = "07 30 08 00 02000000 00000000 06 2a" }:jit()
  s:untouched(r, "E_FAIL")
  s:log_has(r.module:described() .. ": Is not tiny or fat.")
end)

-- ---- C2: types that are no TypeDef or TypeRef --------------------------------------------------------------------------

for _, row in ipairs {
  { "a class that is a TypeSpec", "00 01 01 12 06", "[Error] TypeSpec parameters not supported." },
  { "a value type that is a TypeSpec", "00 01 01 11 06", "[Error] TypeSpec parameters not supported." },
  { "a class with a token of the fourth kind", "00 01 01 12 07", "Attempted to lookup type strings for an unhandled token type." },
  { "the element of an array", "00 01 01 1d 12 06", "[Error] TypeSpec parameters not supported." },
  { "the argument of a generic type", "00 01 01 15 12 05 01 12 06", "[Error] TypeSpec parameters not supported." },
} do
  for _, level in ipairs { "debug", "off" } do
    t:test(("C2: %s as parameter, log level %s"):format(row[1], level), { covers = { "C2", "injected-code 6.4" }, crashes = "C2" }, function(s)
      s:env { NEW_RELIC_LOG_LEVEL = level }
      local m = s:method { sig = row[2], body = "06 2a", assembly = { type_specs = { "1d 08" }, type_refs = { "[System.Runtime]System.Object" } } }
      s:untouched(m:jit(), "E_FAIL")
      s:log_has(row[3]) -- "off" still writes errors
    end)
  end
end

-- ---- C3, C4: instructions that do not end where the code does ------------------------------------------------------------

refused("C3", { crashes = "C3" }, "S_OK", {
  { "a switch whose table wraps around to the start", { body = { code = "00 00 00 45 feffff3f 2a" } }, "a switch table reaches beyond the end of the code" },
  { "a switch whose table wraps around to a RET", { body = { code = "00 00 2a 00 00 00 45 feffff3f 2a" } }, "a switch table reaches beyond the end of the code" },
  { "a switch with more arms than there is code, and two RETs", { body = { code = "02 2c 01 2a 2a 45 00000010 2a" } } },
})

refused("C4", { only_ours = "the reference reads behind the buffer (C4)" }, "S_OK", {
  { "a switch without its count", { body = { code = "2a 2a 45 2a" } }, "an instruction reaches beyond the end of the code" },
  { "a prefix byte at the end", { body = { code = "00 fe" } }, "an instruction reaches beyond the end of the code" },
  { "a fat code size behind the buffer", { body = FAT .. "00010000 00000000 06 2a" }, "the method body is shorter than its header says" },
  { "a tiny code size behind the buffer", { body = "fe 06 2a" }, "the method body is shorter than its header says" },
  { "a fat header that is cut off", { body = FAT }, "the method body is shorter than its header says" },
})
refused("C4", { only_ours = "the reference reads behind the buffer (C4)" }, "E_FAIL", {
  { "a section behind the buffer", { body = FAT_MORE .. "04000000 00000000 02 00 00 2a 01 40 0000" },
    "an extra section reaches beyond the end of the method body" },
})

t:test("C4: a last RET inside a cut-off operand counts, like in the reference", { covers = { "C4", "Q8" } }, function(s)
  local r = s:method { body = { code = "2a 20 2a" } }:jit()
  s:rewritten(r)
  s:bytes(r.user, "2a 20 00")
end)

-- ---- C5, C6, C7: extra sections ------------------------------------------------------------------------------------------

local TWO_RETS = "02 2c 01 2a 00 00 00 2a" -- eight bytes: the section follows without padding
local CLAUSE = "0000 0000 01 0100 01 01000001"

refused("C5", { crashes = "C5" }, "S_OK", {
  { "two RETs and a first section of another kind", { body = FAT_MORE .. "08000000 00000000" .. TWO_RETS .. "02 04 0000" },
    "the first extra section has no exception handling clause" },
  { "two RETs and a section without clauses", { body = FAT_MORE .. "08000000 00000000" .. TWO_RETS .. "01 04 0000" },
    "the first extra section has no exception handling clause" },
})

refused("C6", { crashes = "C6" }, "E_FAIL", {
  { "two RETs and a chained section with more clauses than the first",
    { body = FAT_MORE .. "08000000 00000000" .. TWO_RETS .. "81 10 0000" .. CLAUSE .. "01 28 0000" .. CLAUSE:rep(3) },
    "a chained section has more clauses than the first" },
})

refused("C7", { crashes = "C7" }, "E_FAIL", {
  { "a small section of size 3", { body = FAT_MORE .. "04000000 00000000 00 00 00 2a 01 03 0000" }, "an extra section is smaller than its own header" },
  { "a small section of size 0", { body = FAT_MORE .. "04000000 00000000 00 00 00 2a 01 00 0000" }, "an extra section is smaller than its own header" },
  { "a fat section of size 2", { body = FAT_MORE .. "04000000 00000000 00 00 00 2a 41 020000" }, "an extra section is smaller than its own header" },
})

-- ---- C8, C10, C18: methods without code, headers of another size, no body -------------------------------------------------

refused("C8", { crashes = "C8", covers = { "C8", "injected-code 5.2" } }, "S_OK", {
  { "an API method with a tiny header and no code", { body = "02" }, "the method has no code" },
  { "an API method with a fat header and no code", { body = FAT .. "00000000 00000000" }, "the method has no code" },
}, api)

refused("C10", { only_ours = "the reference writes a body that a CLR reads from another offset (C10)" }, "S_OK", {
  { "a fat header of four dwords", { body = "13 40 08 00 02000000 00000000 00000000 06 2a" }, "the fat header is not three dwords long" },
  { "a fat header of no dword", { body = "13 00 08 00 02000000 00000000 06 2a" }, "the fat header is not three dwords long" },
  { "a fat header of four dwords, two RETs", { body = "13 40 08 00 06000000 00000000 00000000 02 2c 01 2a 00 2a" }, "the fat header is not three dwords long" },
})

refused("C18", { crashes = "C18" }, "E_FAIL", { { "a body of no byte", { body = "" } } })
refused("C18", { crashes = "C18" }, "E_FAIL", { { "an API method with a body of no byte", { body = "" } } }, api)

-- ---- C9: netstandard.dll on .NET Framework ---------------------------------------------------------------------------------

t:test("C9: netstandard.dll that refers to no mscorlib is skipped", { covers = { "C9", "module-injection 3.3" }, only_ours = "module injection is compiled on Windows only" }, function(s)
  local clr = s:desktop()
  local m = clr:load(s:assembly { name = "netstandard", refs = { "System.Runtime" },
    types = { { name = "N.C", methods = { { name = "M", sig = "00 00 01", body = "06 2a" } } } } })
  s:equal(m.result, "S_OK")
  s:equal(m.added, {})
end)

-- ---- C11: no memory for the new body -----------------------------------------------------------------------------------------

t:test("C11: IMethodMalloc::Alloc gives nothing (api_method)", { covers = { "C11", "il-method-body 6.10" }, crashes = "C11" }, function(s)
  local m = s:api_method { body = "06 2a" }
  m.clr:fail("IMethodMalloc", "Alloc", 0)
  local r = m:jit()
  s:untouched(r, "E_FAIL", true) -- definitions stay: Q44
  s:equal(r.locals, nil)
  s:log_has(m:described() .. ": A potentially fatal error occurred when attempting to instrument, this function may no longer be valid.")
  m.clr:fail_none()
end)

t:test("C11: there is no allocator (api_method)", { covers = { "C11" } }, function(s)
  local m = s:api_method { body = "06 2a" }
  m.clr:fail("ICorProfilerInfo", "GetILFunctionBodyAllocator", 1)
  s:untouched(m:jit(), "E_FAIL", true)
  s:log_has(m:described() .. ": A potentially fatal error occurred")
end)

for name, call in pairs { Alloc = "IMethodMalloc", GetILFunctionBodyAllocator = "ICorProfilerInfo" } do
  t:test(("C11: a ReJIT needs no memory of the CLR's allocator (%s)"):format(name), { covers = { "C11", "il-method-body 6.10" },
    only_ours = "the reference asks for memory that is lost, and crashes without" }, function(s)
    local m = s:method { body = "06 2a" }
    m.clr:fail(call, name, 0)
    s:rewritten(m:jit())
    s:equal(m.clr:calls(call, name), 0)
    m.clr:fail_none()
  end)
end

-- ---- C12: names of types that do not exist --------------------------------------------------------------------------------------

for what, sig in pairs { TypeDef = "00 01 01 12 84 00", TypeRef = "00 01 01 12 84 01" } do
  t:test(("C12: a parameter with a %s that does not exist"):format(what), { covers = { "C12" }, only_ours = "the reference reads an uninitialised length (C12)" }, function(s)
    s:untouched(s:method { sig = sig, body = "06 2a" }:jit(), "E_FAIL")
  end)
end

-- ---- C14, C15, C16: shared state ---------------------------------------------------------------------------------------------------

t:test("C14: two methods of one point share its flags, and the second keeps what the first has added", { covers = { "C14", "Q2" } }, function(s)
  s:home { rules = { { assembly = "A", class = "N.C", method = "M" } } }
  local m = s:core():load(s:assembly { name = "A", type_refs = { "[System.Runtime]System.Runtime.CompilerServices.AsyncStateMachineAttribute" },
    types = { { name = "N.C", methods = {
      { name = "M", sig = "00 00 01", body = "06 2a" },
      { name = "M", sig = "00 01 01 08", body = "06 2a",
        attributes = { "[System.Runtime]System.Runtime.CompilerServices.AsyncStateMachineAttribute" } },
    } } } })
  s:bytes(m:jit("N.C.M").code, "* 25 17 20 00340000 8c *")
  s:bytes(m:jit("N.C.M#2").code, "* 25 17 20 00348000 8c *")
end)

t:test("C15: methods of several modules are told apart, whatever their numbers", { covers = { "C15" }, only_ours = "the reference's order of keys is none (Q26)" }, function(s)
  local modules, methods = {}, {}
  for i = 1, 6 do methods[i] = { name = "M" .. i, sig = "00 00 01", body = ("0a %02x 2a"):format(0x16 + i) } end
  local names = {}
  for i, method in ipairs(methods) do names[i] = method.name end
  local rules = {}
  for n = 1, 4 do rules[n] = { assembly = "A" .. n, class = "N.C", method = names, factory = "F" .. n } end
  s:home { rules = rules }
  local clr = s:core()
  for n = 1, 4 do modules[n] = clr:load(s:assembly { name = "A" .. n, types = { { name = "N.C", methods = methods } } }) end
  for i = #names, 1, -1 do
    for n = 1, 4 do
      local r = modules[n]:jit("N.C." .. names[i])
      s:rewritten(r)
      s:bytes(r.user, ("%02x 00"):format(0x16 + i))
      s:contains(r:listing(), ('"F%d"'):format(n))
      s:contains(r:listing(), ("ldc.i8 0x%016x"):format(modules[n]:function_id("N.C." .. names[i])))
    end
  end
end)

for _, flavour in ipairs { "core", "desktop" } do
  t:test(("C16: the event mask of %s is always the same"):format(flavour), { covers = { "C16", "selection-in-native 8" } }, function(s)
    local low, high = s[flavour](s):mask()
    s:equal(("%08x %08x"):format(low, high), flavour == "core" and "b0040224 00000008" or "b0040224 00000000")
  end)
end

-- ---- C17: locals -----------------------------------------------------------------------------------------------------------------------

for _, sig in ipairs { "07 80", "07 c0", "07 c0 00 00", "07" } do
  t:test(("C17: a signature of locals that ends inside its count (%s)"):format(sig), { covers = { "C17", "Q40", "il-method-body 3.7" },
    only_ours = "the reference takes the type of the new local for the count (C17)" }, function(s)
    local m = s:method { body = { code = "06 2a", locals = sig } }
    local r = m:jit()
    s:untouched(r, "E_FAIL", true)
    s:equal(r.added, { "01000001 [System.Runtime,0.0.0.0,]System.Object" }) -- the tracer's local was to be added
    s:log_has "the local variable signature ends inside its count"
  end)
end
