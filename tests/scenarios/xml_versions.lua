-- instrumentation-xml.md 5: minVersion and maxVersion. What a text was understood as is in the line that refuses a lower version.

local scenario = require "nrprof.scenario"
local t = scenario.suite "instrumentation-xml: versions"

local function load(s, min, max, version)
  return s:method { body = "06 2a", rule = { min = min, max = max }, assembly = { version = version } }
end

local function shown(text) return "'" .. text:gsub("%c", function(c) return ("\\%d"):format(c:byte()) end) .. "'" end

-- { text, the four numbers, the version just below }
for _, row in ipairs {
  { "1", "1.0.0.0", "0.65535.65535.65535" }, { "1.2", "1.2.0.0", "1.1.65535.65535" }, { "1.2.3", "1.2.3.0", "1.2.2.65535" },
  { "1.2.3.4", "1.2.3.4", "1.2.3.3" }, { "12", "12.0.0.0", "11.0.0.0" }, { "12.345", "12.345.0.0", "12.344.0.0" },
  { "12.345.6789", "12.345.6789.0", "12.345.6788.0" }, { "12.345.6789.65535", "12.345.6789.65535", "12.345.6789.65534" },
  { "5.01.340", "5.1.340.0", "5.1.339.0" }, { "  1.2.3", "1.2.3.0", "1.2.2.0" }, { "1.  2.3", "1.2.3.0", "1.2.2.0" },
  { "1.2.3   ", "1.2.3.0", "1.2.2.0" }, { "  1  .2.3", "1.2.3.0", "1.2.2.0" }, { "1x2x3", "1.0.0.0", "0.9.9.9" },
  { "1.0xff", "1.0.0.0", "0.9.9.9" }, { "1.+2.+3", "1.2.3.0", "1.2.2.0" }, { "12abcd.35wjkg.88sldkjg", "12.35.88.0", "12.35.87.0" },
  { "01", "1.0.0.0", "0.9.9.9" }, { "1.+2", "1.2.0.0", "1.1.0.0" }, { "\t1.\n2", "1.2.0.0", "1.1.0.0" }, { "0.0.0.1", "0.0.0.1", "0.0.0.0" },
  { "65535.65535.65535.65535", "65535.65535.65535.65535", "65535.65535.65535.65534" }, { "10.0", "10.0.0.0", "9.9.9.9" },
  { "+1", "1.0.0.0", "0.9.9.9" }, { "-0.1", "0.1.0.0", "0.0.9.9" }, { "1. 5", "1.5.0.0", "1.4.0.0" },
} do
  local text, four, below = row[1], row[2], row[3]
  t:test(("5.1: %s is %s: inclusive as minVersion, exclusive as maxVersion"):format(shown(text), four),
    { covers = { "instrumentation-xml 5.1", "instrumentation-xml 5.3", "instrumentation-xml 5.4" } }, function(s)
    local methods, types = {}, {}
    for _, name in ipairs { "Min", "Max" } do methods[#methods + 1] = { name = name, sig = "00 00 01", body = "06 2a" } end
    types[1] = { name = "N.C", methods = methods }
    s:home { rules = { { assembly = "A", class = "N.C", method = "Min", min = text }, { assembly = "A", class = "N.C", method = "Max", max = text } } }
    local clr = s:core()
    local at = clr:load(s:assembly { name = "A", version = four, types = types }, { path = "/app/1/A.dll" })
    s:rewritten(at:jit "N.C.Min")
    s:untouched(at:jit "N.C.Max")
    s:log_has(("[Debug] A version %s exceeds maximum version %s"):format(four, four))
    s:log_lacks "does not meet"
    local under = clr:load(s:assembly { name = "A", version = below, types = types }, { path = "/app/2/A.dll" })
    s:untouched(under:jit "N.C.Min")
    s:rewritten(under:jit "N.C.Max")
    s:log_has(("[Debug] A version %s does not meet minimum version %s"):format(below, four))
    s:log_lacks("is not a valid version", ("A version %s exceeds"):format(below))
  end)
end

for _, text in ipairs { "    ", "1.2.3.a", "zzz1.2.3.a", "abc", "1.a.3", "1.2.3.4.5", "12.345.6789.101112", "99999999999999999999999999999999", "-1",
  "1.2.-3.4", "1.", ".1", "1..2", ".", "65536", "1.2.3.65536", "2147483648", "1.2.3.", "v1.0", "1. " } do
  for _, attribute in ipairs { "min", "max" } do
    t:test(("5.2: %sVersion %s is no bound"):format(attribute, shown(text)), { covers = "instrumentation-xml 5.2" }, function(s)
      local m = load(s, attribute == "min" and text or nil, attribute == "max" and text or nil, attribute == "min" and "0.0.0.0" or "65535.0.0.0")
      s:rewritten(m:jit())
      s:log_is("Warn", { ("[Warn ] %s is not a valid version"):format(text) })
      s:log_has "[Info ] Identified 1 Instrumentation points (not ignored) in .xml files"
    end)
  end
end

for _, text in ipairs { "", "0", "0.0", "0.0.0.0", "0x5", "-0" } do
  t:test(("5.2: %s is no bound, without a warning"):format(shown(text)), { covers = "instrumentation-xml 5.2" }, function(s)
    local m = load(s, text, text, "3.0.0.0")
    s:rewritten(m:jit())
    s:log_is({ "Warn", "Error" }, {})
  end)
end

-- { min, max, version, does it match }
for _, row in ipairs {
  { "1.0.0", "2.0.0", "1.0.0.0", true }, { "1.0.0", "2.0.0", "1.0.0.1", true }, { "1.0.0", "2.0.0", "1.1.0.0", true },
  { "1.0.0", "2.0.0", "1.9.9.9", true }, { "1.0.0", "2.0.0", "1.65535.65535.65535", true }, { "1.0.0", "2.0.0", "0.9.9.9", false },
  { "1.0.0", "2.0.0", "0.0.0.0", false }, { "1.0.0", "2.0.0", "2.0.0.0", false }, { "1.0.0", "2.0.0", "2.0.0.1", false },
  { "1.0.0", "2.0.0", "2.1.0.0", false }, { "1.0.0", "2.0.0", "10.0.0.0", false }, { "1.0.0", nil, "1.0.0.0", true },
  { "1.0.0", nil, "65535.0.0.0", true }, { "1.0.0", nil, "0.9.0.0", false }, { nil, "2.0.0", "0.0.0.0", true }, { nil, "2.0.0", "1.9.0.0", true },
  { nil, "2.0.0", "2.0.0.0", false }, { nil, nil, "0.0.0.0", true }, { nil, nil, "65535.65535.65535.65535", true }, { "2", "1", "1.5.0.0", false },
  { "1", "1", "1.0.0.0", false }, { "32768", nil, "32767.0.0.0", false }, { "32768", nil, "32768.0.0.0", true },
} do
  t:test(("5.4: from %s to below %s: %s is %s"):format(row[1] or "any", row[2] or "any", row[3], row[4] and "in" or "out"),
    { covers = { "instrumentation-xml 5.4", "instrumentation-xml 6.5" } }, function(s)
    local m = load(s, row[1], row[2], row[3])
    local r = m:jit()
    if row[4] then s:rewritten(r) else s:untouched(r) end
    s:equal(m.requests, { "RequestReJIT N.C.M" }, "the module's load asks whatever the version")
    s:log_is({ "Warn", "Error" }, {})
  end)
end

t:test("2.1: versions on exactMethodMatcher have no effect", { covers = "instrumentation-xml 2.1" }, function(s)
  s:home { ["extensions/x.xml"] = '<extension><instrumentation><tracerFactory><match assemblyName="A" className="N.C"><exactMethodMatcher '
    .. 'methodName="M" minVersion="5.0" maxVersion="nonsense" parameter="System.Int32" parameterTypes="System.Int32"/></match></tracerFactory>'
    .. "</instrumentation></extension>" }
  local m = s:core():load(s:assembly { name = "A", version = "1.0.0.0", types = { { name = "N.C", methods = {
    { name = "M", sig = "00 00 01", body = "06 2a" }, { name = "M", sig = "00 01 01 08", body = "06 2a" } } } } })
  s:rewritten(m:jit "N.C.M")
  s:rewritten(m:jit "N.C.M#2")
  s:log_is({ "Warn", "Error" }, {})
end)

-- ---- 6.4, 6.5: parameters first, versions then ---------------------------------------------------------------------------

local function factory(r)
  return r.written and r:listing():match 'ldc%.i4%.0\n[^\n]*ldstr %x+ "([^\n]*)"\n' or "-"
end

-- Rules { factory, parameters, min, max } of one method; factory for M(), M(int) of version 1.5.0.0.
for _, row in ipairs {
  { "the key with parameters wins, whatever the order", { { "all" }, { "int", "System.Int32" } }, "all", "int" },
  { "the key with parameters wins, the other way round", { { "int", "System.Int32" }, { "all" } }, "all", "int" },
  { "no way back from a key with parameters whose version is wrong", { { "all" }, { "int", "System.Int32", "2.0" } }, "all", "-" },
  { "parameterless is a key with parameters", { { "all" }, { "none", "" } }, "none", "all" },
  { "parameterless, wrong version", { { "all" }, { "none", "void", nil, "1.5" } }, "-", "all" },
  { "the first of a key whose version fits", { { "old", nil, nil, "1.5" }, { "mid", nil, "1.5", "1.6" }, { "new", nil, "1.6" } }, "mid", "mid" },
  { "none of a key whose version fits", { { "old", nil, nil, "1.5" }, { "new", nil, "1.5.0.1" } }, "-", "-" },
  { "versions of a key with parameters", { { "old", "System.Int32", nil, "1.5" }, { "new", "System.Int32", "1.5" } }, "-", "new" },
} do
  t:test("6.4: " .. row[1], { covers = { "instrumentation-xml 6.3", "instrumentation-xml 6.4", "instrumentation-xml 6.5", "Q56" } }, function(s)
    local rules = {}
    for i, r in ipairs(row[2]) do
      rules[i] = { assembly = "A", class = "N.C", method = "M", factory = r[1], parameters = r[2], min = r[3], max = r[4] }
    end
    s:home { rules = rules }
    local m = s:core():load(s:assembly { name = "A", version = "1.5.0.0", types = { { name = "N.C", methods = {
      { name = "M", sig = "00 00 01", body = "06 2a" }, { name = "M", sig = "00 01 01 08", body = "06 2a" } } } } })
    s:equal(factory(m:jit "N.C.M"), row[3])
    s:equal(factory(m:jit "N.C.M#2"), row[4])
  end)
end

t:test("6.6: of two that fit, the first in file order", { covers = { "instrumentation-xml 6.6", "Q3" },
  only_ours = "the reference takes the one at the lower heap address" }, function(s)
  s:home { ["extensions/a.xml"] = scenario.rules_xml { { assembly = "A", class = "N.C", method = "M", factory = "a", max = "9" } },
    ["extensions/b.xml"] = scenario.rules_xml { { assembly = "A", class = "N.C", method = "M", factory = "b" },
      { assembly = "A", class = "N.C", method = "M", factory = "c" } } }
  local clr = s:core()
  local types = { { name = "N.C", methods = { { name = "M", sig = "00 00 01", body = "06 2a" } } } }
  s:equal(factory(clr:load(s:assembly { name = "A", version = "8.0.0.0", types = types }, { path = "/app/1/A.dll" }):jit "N.C.M"), "a")
  s:equal(factory(clr:load(s:assembly { name = "A", version = "9.0.0.0", types = types }, { path = "/app/2/A.dll" }):jit "N.C.M"), "b")
end)

t:test("6.7: equal points on one key are one", { covers = "instrumentation-xml 6.7" }, function(s)
  local rule = { assembly = "A", class = "N.C", method = "M", factory = "same" }
  s:home { rules = { rule, rule, rule } }
  local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = { { name = "M", sig = "00 00 01", body = "06 2a" } } } } })
  s:equal(m.requests, { "RequestReJIT N.C.M" })
  s:equal(factory(m:jit "N.C.M"), "same")
  s:log_has "[Info ] Identified 3 Instrumentation points (not ignored) in .xml files"
end)
