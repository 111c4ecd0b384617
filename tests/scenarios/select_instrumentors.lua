-- selection-in-native.md 4.1 to 4.3, 5 and 6.3 to 6.5: the three instrumentors, the attributes, the ignore list and the rule of the
-- environment.

local scenario = require "nrprof.scenario"
local t = scenario.suite "selection instrumentors"

local function flags_of(s, r)
  s:rewritten(r)
  local word = scenario.image.bytes(r.code):match "\x25\x17\x20(....)\x8c"
  s:truth(word, "there is no flag word in " .. r.code)
  return ("%08x"):format(string.unpack("<I4", word))
end

-- ---- 4.3: what the default instrumentor refuses ---------------------------------------------------------------------------

local PUBLIC, NESTED, SEQUENTIAL, EXPLICIT = 0x100001, 0x100002, 0x08, 0x10
local REFUSED = { "selection-in-native 4", "selection-in-native 4.3", "com-and-lifecycle 8.3", "selection-in-native 4.3.1",
  "selection-in-native 9", "com-and-lifecycle 8.3.3" }

-- { what, method, type flags, why }
local refusals = {
  { "a top-level sequential type", {}, PUBLIC | SEQUENTIAL, "sequential layout" },
  { "an explicit-layout type is instrumented", {}, PUBLIC | EXPLICIT },
  { "a layout of both bits is instrumented", {}, PUBLIC | SEQUENTIAL | EXPLICIT },
  { "an auto-layout type is instrumented", {}, PUBLIC },
  { "a property accessor", { name = "get_X", flags = 0x0896 }, nil, "SpecialName" },
  { "an event accessor", { name = "add_E", flags = 0x0896 }, nil, "SpecialName" },
  { "an operator", { name = "op_Addition", flags = 0x0896 }, nil, "SpecialName" },
  { "a static constructor", { name = ".cctor" }, nil, "SpecialName" },
  { "a static constructor without the flag is instrumented", { name = ".cctor", flags = 0x0096 } },
  { "a constructor is instrumented", { name = ".ctor", sig = "20 00 01" } },
  { "the flag alone, whatever the name", { name = "Plain", flags = 0x0896 }, nil, "SpecialName" },
  { "get_X without the flag is instrumented", { name = "get_X", flags = 0x0096 } },
  { "RTSpecialName alone is instrumented", { name = "Plain", flags = 0x1096 } },
  { "a PInvoke method", { flags = 0x2096 }, nil, "interop" },
  { "an unmanaged export", { flags = 0x009E }, nil, "interop" },
  { "layout goes before the name", { name = "get_X", flags = 0x2896 }, PUBLIC | SEQUENTIAL, "sequential layout" },
  { "the name goes before interop", { name = "get_X", flags = 0x2896 }, nil, "SpecialName" },
  { "an abstract flag alone does not matter", { flags = 0x0496 } },
}
for _, row in ipairs(refusals) do
  local covers = { table.unpack(REFUSED) }
  if row[4] == "SpecialName" then covers[#covers + 1] = "Q57" end
  for _, flavour in ipairs { "core", "desktop" } do
    t:test(("4.3: %s (%s)"):format(row[1], flavour), { covers = covers }, function(s)
      local spec = { sig = "00 00 01", body = "06 2a", desktop = flavour == "desktop", type = { flags = row[3] } }
      for k, v in pairs(row[2]) do spec[k] = v end
      local m = s:method(spec)
      local r = m:jit()
      if not row[4] then
        s:rewritten(r)
        s:log_lacks "Skipping"
        return
      end
      s:untouched(r)
      s:equal(r.requests, {})
      local line = ("[Error] Skipping %s method: %s"):format(row[4], m:described())
      s:log_has(line)
      s:equal(s:log_count(line), 1)
      s:log_lacks("Instrumenting method", "Request reJIT")
    end)
  end
end

-- 2.2: layout is that of the outermost type. { what, flags of outer, inner, innermost type, instrumented }
for _, row in ipairs {
  { "a sequential type in a class is instrumented", PUBLIC, NESTED | SEQUENTIAL, nil, true },
  { "a class in a sequential type is not", PUBLIC | SEQUENTIAL, NESTED },
  { "three deep, the outermost decides: no", PUBLIC | SEQUENTIAL, NESTED, NESTED },
  { "three deep, the outermost decides: yes", PUBLIC, NESTED | SEQUENTIAL, NESTED | SEQUENTIAL, true },
  { "the middle one does not", PUBLIC, NESTED | SEQUENTIAL, NESTED, true },
} do
  t:test("Q27: " .. row[1], { covers = { "Q27", "selection-in-native 2.2", "selection-in-native 4.3.1", "com-and-lifecycle 8.2.6" } },
    function(s)
    local methods = { { name = "M", sig = "00 00 01", body = "06 2a" } }
    local innermost = row[4] and { { name = "Z", flags = row[4], methods = methods } }
    local class = row[4] and "N.X+Y+Z" or "N.X+Y"
    s:home { rules = { { assembly = "A", class = class, method = "M" } } }
    local m = s:core():load(s:assembly { name = "A", types = { { name = "N.X", flags = row[2], types = {
      { name = "Y", flags = row[3], methods = not row[4] and methods or nil, types = innermost } } } } })
    local r = m:jit(class .. ".M")
    s:equal(r.written, row[5] or false)
    if not row[5] then s:log_has("[Error] Skipping sequential layout method: " .. m:described(class .. ".M")) end
  end)
end

t:test("4.3.2: the tests are made at ReJIT, too: asked for when the module loads, refused then", { covers = "selection-in-native 4.3.2" },
  function(s)
  local m = s:method { name = "get_X", flags = 0x0896, body = "06 2a" }
  s:equal(m.requests, { "RequestReJIT N.C.get_X" })
  local r = m:jit()
  s:untouched(r)
  s:equal(r.rejit_result, "S_OK")
end)

t:test("4.3: a body that cannot be wrapped is skipped, at JIT it is asked for all the same", {
  covers = { "selection-in-native 4.3", "selection-in-native 9", "com-and-lifecycle 8.3.5" } }, function(s)
  local m = s:method { body = { code = "02 2c 01 2a 14 7a" }, desktop = true }
  local r = m:jit()
  s:untouched(r)
  s:equal({ r.jit_result, r.rejit_result, r.requests }, { "S_OK", "S_OK", { "RequestReJIT N.C.M" } })
  s:log_has("[Info ] Instrumenting method: " .. m:described(), "[Info ] Skipping invalid method: " .. m:described())
end)

-- ---- 5: attributes -------------------------------------------------------------------------------------------------------------

local API = "[NewRelic.Api.Agent]NewRelic.Api.Agent."
local ASYNC = { type = "[System.Runtime]System.Runtime.CompilerServices.AsyncStateMachineAttribute" }
local function transaction(blob) return { type = API .. "TransactionAttribute", blob = blob } end
local ATTRIBUTE = { "selection-in-native 5", "com-and-lifecycle 8.2.2", "selection-in-native 4.3" }
for _, row in ipairs {
  { "Transaction without arguments", { transaction "01 00 00 00" }, "00500000" },
  { "Transaction, Web = true", { transaction "01 00 01 00 54 02 03 57 65 62 01" }, "00300000" },
  { "Transaction, Web = false", { transaction "01 00 01 00 54 02 03 57 65 62 00" }, "00500000" },
  { "Transaction, value 02", { transaction "01 00 01 00 54 02 03 57 65 62 02" }, "00500000" },
  { "Transaction, a field Foo = true counts as Web", { transaction "01 00 01 00 53 02 03 46 6f 6f 01" }, "00300000" },
  { "Transaction, two named arguments", { transaction "01 00 02 00 54 02 03 57 65 62 01 54 02 01 58 01" }, "00500000" },
  { "Transaction, 10 bytes", { transaction "01 00 01 00 54 02 02 57 65 01" }, "00500000" },
  { "Transaction, 12 bytes", { transaction "01 00 01 00 54 02 04 57 65 62 73 01" }, "00500000" },
  { "Transaction, 11 bytes of anything that end with 01", { transaction "00 00 00 00 00 00 00 00 00 00 01" }, "00300000" },
  { "Transaction, an empty blob", { transaction "" }, "00500000" },
  { "Trace", { { type = API .. "TraceAttribute" } }, "00100000" },
  { "Trace, whatever its blob", { { type = API .. "TraceAttribute", blob = "01 00 01 00 54 02 03 57 65 62 01" } }, "00100000" },
  { "both: Transaction goes before Trace", { { type = API .. "TraceAttribute" }, transaction "01 00 00 00" }, "00500000" },
  { "async Transaction", { transaction "01 00 00 00", ASYNC }, "00d00000" },
  { "async Web transaction", { transaction "01 00 01 00 54 02 03 57 65 62 01", ASYNC }, "00b00000" },
  { "async Trace", { { type = API .. "TraceAttribute" }, ASYNC }, "00900000" },
  { "the attribute of any assembly counts", { { type = "[Elsewhere]NewRelic.Api.Agent.TraceAttribute" } }, "00100000" },
  { "another namespace does not", { { type = "[NewRelic.Api.Agent]NewRelic.Api.TraceAttribute" } } },
  { "other case does not", { { type = "[NewRelic.Api.Agent]NewRelic.Api.Agent.traceAttribute" } } },
  { "async alone does not", { ASYNC } },
} do
  t:test(("5: %s: %s"):format(row[1], row[3] or "not instrumented"), { covers = { "Q53", table.unpack(ATTRIBUTE) } }, function(s)
    local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = {
      { name = "M", sig = "00 00 01", body = "06 2a", attributes = row[2] } } } } })
    local r = m:jit "N.C.M"
    if not row[3] then return s:untouched(r) end
    s:equal(r.requests, { "RequestReJIT N.C.M" })
    s:equal(flags_of(s, r), row[3])
    s:contains(r:listing(), '"NewRelic.Agent.Core.Tracer.Factories.DefaultTracerFactory"')
  end)
end

t:test("5: attributes of the type do not count", { covers = "selection-in-native 5" }, function(s)
  local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", attributes = { API .. "TraceAttribute",
    API .. "TransactionAttribute" },
    methods = { { name = "M", sig = "00 00 01", body = "06 2a" } } } } })
  s:untouched(m:jit "N.C.M")
end)

t:test("5: the attribute may be defined in the assembly itself", { covers = "selection-in-native 5" }, function(s)
  local m = s:core():load(s:assembly { name = "A", types = {
    { name = "NewRelic.Api.Agent.TraceAttribute", methods = { { name = ".ctor", sig = "20 00 01", body = "06 2a" } } },
    { name = "N.C", methods = { { name = "M", sig = "00 00 01", body = "06 2a",
      attributes = { "NewRelic.Api.Agent.TraceAttribute" } } } } } })
  s:equal(flags_of(s, m:jit "N.C.M"), "00100000")
end)

for _, row in ipairs {
  { "a rule and Transaction", transaction "01 00 00 00", "00503400" }, { "a rule and Web", transaction "01 00 01 00 54 02 03 57 65 62 01",
    "00303400" },
  { "a rule and Trace", { type = API .. "TraceAttribute" }, "00103400" },
} do
  t:test(("5: %s: the bits come together: %s"):format(row[1], row[3]), { covers = { "selection-in-native 5", "selection-in-native 6" } },
    function(s)
    local r = s:method { body = "06 2a", attributes = { row[2] }, rule = { factory = "MyFactory" } }:jit()
    s:equal(flags_of(s, r), row[3])
    s:contains(r:listing(), '"MyFactory"')
  end)
end

t:test("5: an attribute does not lift the refusals", { covers = { "selection-in-native 5", "Q57" } }, function(s)
  local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = {
    { name = "get_X", sig = "00 00 01", flags = 0x0896, body = "06 2a", attributes = { API .. "TraceAttribute" } } } } } })
  s:untouched(m:jit "N.C.get_X")
  s:log_has("[Error] Skipping SpecialName method: " .. m:described "N.C.get_X")
end)

-- ---- 6.3: the ignore list ---------------------------------------------------------------------------------------------------------

for _, row in ipairs {
  { "the assembly", { "A" } }, { "the assembly in other case", { "a" } }, { "assembly and class", { { "A", "N.C" } } },
  { "both in other case", { { "a", "n.c" } } }, { "another class", { { "A", "N.D" } }, true }, { "part of a name", { { "A", "N" } }, true },
  { "another assembly", { "B" }, true }, { "one of several", { "B", { "A", "N.C" } } },
} do
  t:test(("6.3: the ignore list has %s: %s"):format(row[1], row[3] and "instrumented" or "not"), {
    covers = { "selection-in-native 6.3", "selection-in-native 6.5" } }, function(s)
    s:home { config = { ignore = row[2] } }
    s:equal(s:method { body = "06 2a" }:jit().written, row[3] or false)
  end)
end

t:test("6.3: attributes are not affected by the ignore list", { covers = "selection-in-native 6.3" }, function(s)
  s:home { config = { ignore = { "A" } } }
  s:equal(flags_of(s, s:method { body = "06 2a", attributes = { API .. "TraceAttribute" } }:jit()), "00100000")
end)

-- ---- 6.4: the rule of the environment ------------------------------------------------------------------------------------------------

local function handler(s, variables)
  s:env(variables)
  local clr = s:core()
  return clr, clr:load(s:assembly { name = "A", types = { { name = "N.C", methods = { { name = "M", sig = "00 00 01",
    body = "06 2a" } } } } })
end

for _, row in ipairs {
  { "_HANDLER", { _HANDLER = "A::N.C::M" }, true },
  { "NEW_RELIC_LAMBDA_HANDLER", { NEW_RELIC_LAMBDA_HANDLER = "A::N.C::M" }, true },
  { "NEW_RELIC_LAMBDA_HANDLER goes first", { NEW_RELIC_LAMBDA_HANDLER = "A::N.C::M", _HANDLER = "A::N.C::K" }, true },
  { "and hides the other one", { NEW_RELIC_LAMBDA_HANDLER = "A::N.C::K", _HANDLER = "A::N.C::M" } },
  { "two parts", { _HANDLER = "A::N.C" } }, { "four parts", { _HANDLER = "A::N.C::M::X" } }, { "single colons", { _HANDLER = "A:N.C:M" } },
  { "one part", { _HANDLER = "bootstrap" } },
} do
  t:test(("6.4: %s: %s"):format(row[1], row[3] and "instrumented" or "not"), { covers = { "selection-in-native 6.4", "Q60" } }, function(s)
    local _, m = handler(s, row[2])
    local r = m:jit "N.C.M"
    if not row[3] then return s:untouched(r) end
    s:equal(flags_of(s, r), "00000000")
    s:contains(r:listing(), '"NewRelic.Providers.Wrapper.AwsLambda.HandlerMethod"')
  end)
end

t:test("6.4: the ignore list does not touch it", { covers = { "selection-in-native 6.4" } }, function(s)
  s:home { config = { ignore = { "A" } } }
  local _, m = handler(s, { _HANDLER = "A::N.C::M" })
  s:rewritten(m:jit "N.C.M")
end)

t:test("Q60: a refresh drops the rule of the environment: the method is asked back and stays its own", {
  covers = { "Q60", "live-instrumentation 1", "selection-in-native 6.4" } }, function(s)
  local clr, m = handler(s, { _HANDLER = "A::N.C::M" })
  s:rewritten(m:jit "N.C.M")
  local result, happened = clr:call "InstrumentationRefresh"
  s:equal({ result, happened.reverts, happened.requests }, { "S_OK", { "RequestRevert N.C.M" }, {} })
  clr:jit_pending()
  s:equal(m:body "N.C.M", "06 2a")
end)
