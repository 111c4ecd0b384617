-- instrumentation-xml.md 2 and 3: the attributes of tracerFactory, and the number they become in the injected code.

local scenario = require "nrprof.scenario"
local nr = require "nr"
local t = scenario.suite "instrumentation-xml: flags"
local EXTENSIONS = nr.windows and "home\\extensions\\" or "home/extensions/"

local INVALID = "[Warn ] Exception thrown while attempting to parse instrumentation file '" .. EXTENSIONS .. "x.xml'. Please validate your "
  .. "instrumentation files against extensions/extension.xsd or contact New Relic support."
local INVALID_AT_START = "[Warn ] Unable to parse one or more instrumentation files.  Live instrumentation reloading will not work until the "
  .. "unparsable file(s) are corrected or removed."
local DEFAULT_FACTORY = "NewRelic.Agent.Core.Tracer.Factories.DefaultTracerFactory"

local function matcher(method)
  return ('<match assemblyName="A" className="N.C"><exactMethodMatcher methodName="%s"/></match>'):format(method)
end

-- Three tracerFactory elements: K, the one with these attributes for M, and L.
local function file(attributes)
  return '<extension><instrumentation><tracerFactory name="first">' .. matcher "K" .. "</tracerFactory><tracerFactory " .. attributes
    .. ">" .. matcher "M" .. "</tracerFactory><tracerFactory>" .. matcher "L" .. "</tracerFactory></instrumentation></extension>"
end

local function load(s, xml)
  s:home { ["extensions/x.xml"] = xml }
  local methods = {}
  for i, name in ipairs { "K", "M", "L" } do methods[i] = { name = name, sig = "00 00 01", body = "06 2a" } end
  return s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = methods } } })
end

-- Items 0, 1 and 2 of the array that GetFinishTracerDelegate gets: factory, arguments, metric name (nil: null).
local function given(r)
  local text = r:listing()
  local factory = text:match 'ldc%.i4%.0\n[^\n]*ldstr %x+ "([^\n]*)"\n'
  local number = text:match "ldc%.i4%.1\n[^\n]*ldc%.i4 (%-?%d+)\n"
  local metric = text:match 'ldc%.i4%.2\n[^\n]*ldstr %x+ "([^\n]*)"\n'
  return factory, number and ("0x%08X"):format(number), metric
end

local function flags(rule, attributes, expected)
  t:test(("%s: %s: %s"):format(rule:match "%S+$", attributes ~= "" and attributes:gsub("\n", "\\n"):gsub("\t", "\\t") or "no attribute", expected),
    { covers = { rule, "instrumentation-xml 3" } }, function(s)
    local m = load(s, file(attributes))
    local r = m:jit "N.C.M"
    s:rewritten(r)
    local _, number = given(r)
    s:equal(number, expected)
    local _, others = given(m:jit "N.C.L")
    s:equal(others, "0x00003400", "the element behind it")
    s:log_has "[Info ] Identified 3 Instrumentation points (not ignored) in .xml files"
  end)
end

-- ---- the bits -------------------------------------------------------------------------------------------------------

for _, row in ipairs {
  { "", "0x00003400" },
  { 'metricName=""', "0x00003400" },
  { 'metricName="n"', "0x00007400" },
  { 'metricName=" "', "0x00007400" },
  { 'metricName="instance"', "0x0000F400" },
  { 'metricName="INSTANCE"', "0x0000F400" },
  { 'metricName="instances"', "0x00007400" },
  { 'metricName=" instance"', "0x00007400" },
  { 'metric=""', "0x00003400" },
  { 'metric="scoped"', "0x00003400" },
  { 'metric="SCOPED"', "0x00003400" },
  { 'metric="unscoped"', "0x00002C00" },
  { 'metric="UnScoped"', "0x00002C00" },
  { 'metric="both"', "0x00003C00" },
  { 'metric="BOTH"', "0x00003C00" },
  { 'metric="none"', "0x00002400" },
  { 'metric="scope"', "0x00002400" },
  { 'metric=" scoped"', "0x00002400" },
  { 'suppressRecursiveCalls=""', "0x00003400" },
  { 'suppressRecursiveCalls="true"', "0x00003400" },
  { 'suppressRecursiveCalls="TRUE"', "0x00003400" },
  { 'suppressRecursiveCalls="false"', "0x00001400" },
  { 'suppressRecursiveCalls="no"', "0x00001400" },
  { 'suppressRecursiveCalls="1"', "0x00001400" },
  { 'transactionTraceSegment=""', "0x00003400" },
  { 'transactionTraceSegment="True"', "0x00003400" },
  { 'transactionTraceSegment="false"', "0x00003000" },
  { 'transactionTraceSegment="1"', "0x00003000" },
  { 'SUPPRESSRECURSIVECALLS="FALSE" TransactionTraceSegment="x"', "0x00001000" },
} do
  flags("instrumentation-xml 3.1", row[1], row[2])
end

for _, row in ipairs {
  { 'level=""', "0x00003400" },
  { 'level="0"', "0x00003400" },
  { 'level="2"', "0x00023400" },
  { 'level="7"', "0x00073400" },
  { 'level="8"', "0x00003400" },
  { 'level="15"', "0x00073400" },
  { 'level="-1"', "0x00073400" },
  { 'level="-2"', "0x00063400" },
  { 'level="+3"', "0x00033400" },
  { 'level=" \t\n5"', "0x00053400" },
  { 'level="6 "', "0x00063400" },
  { 'level="9abc"', "0x00013400" },
  { 'level="0x1f"', "0x00003400" },
  { 'level="012"', "0x00043400" },
  { 'level="3.9"', "0x00033400" },
  { 'level="2147483647"', "0x00073400" },
  { 'level="-2147483648"', "0x00003400" },
  { 'level="000000000000000000000000000000000000000001"', "0x00013400" },
  { 'transactionNamingPriority=""', "0x00003400" },
  { 'transactionNamingPriority="2"', "0x02003400" },
  { 'transactionNamingPriority="7"', "0x07003400" },
  { 'transactionNamingPriority="8"', "0x00003400" },
  { 'transactionNamingPriority="-1"', "0x07003400" },
  { 'transactionNamingPriority=" 7"', "0x07003400" },
} do
  flags("instrumentation-xml 3.2", row[1], row[2])
end

flags("instrumentation-xml 3.3", 'metric="none" level="15" suppressRecursiveCalls="no" transactionTraceSegment="1" '
  .. 'transactionNamingPriority="9abc" metricName="Instance"', "0x0107C000")
flags("instrumentation-xml 3.3", 'metric="BOTH" level="-1" suppressRecursiveCalls="TRUE" transactionTraceSegment="True" '
  .. 'transactionNamingPriority=" 7" metricName="n"', "0x07077C00")

-- Unknown attributes of shipped files, and those that look as if they existed.
flags("instrumentation-xml 2.1", 'foo="bar" isAsync="true" args="1" combineMultipleInvocations="true" fullClassMatch="true"', "0x00003400")
flags("instrumentation-xml 2.2", 'isAsync="true" async="true" args="268435455"', "0x00003400")

-- ---- integers that end the file ---------------------------------------------------------------------------------------------

for _, attribute in ipairs { "level", "transactionNamingPriority" } do
  for _, value in ipairs { "x", " ", "-", "+", "- 1", "--1", "+-1", ".5", "2147483648", "-2147483649", "99999999999" } do
    t:test(('3.2: %s="%s" ends the file, what came before stays'):format(attribute, value),
      { covers = { "instrumentation-xml 3.2", "instrumentation-xml 1.4", "Q59" } }, function(s)
      local m = load(s, file(('%s="%s"'):format(attribute, value)))
      s:rewritten(m:jit "N.C.K")
      s:untouched(m:jit "N.C.M")
      s:untouched(m:jit "N.C.L")
      s:log_has(INVALID, "[Info ] Identified 1 Instrumentation points (not ignored) in .xml files")
      s:log_has(INVALID_AT_START)
    end)
  end
end

t:test("3.2: a bad number in an element that is not enabled is not read", { covers = { "instrumentation-xml 3.2", "instrumentation-xml 2" } },
  function(s)
  local m = load(s, file 'enabled="false" level="x"')
  s:rewritten(m:jit "N.C.K")
  s:untouched(m:jit "N.C.M")
  s:rewritten(m:jit "N.C.L")
  s:log_lacks(INVALID)
end)

-- ---- enabled, names --------------------------------------------------------------------------------------------------------

for _, row in ipairs {
  { "", true }, { "true", true }, { "false", false }, { "FALSE", false }, { "False", false }, { "0", true }, { "no", true }, { " false", true },
} do
  t:test(('2: tracerFactory enabled="%s" %s'):format(row[1], row[2] and "counts" or "is left out"), { covers = "instrumentation-xml 2" }, function(s)
    local m = load(s, file(('enabled="%s"'):format(row[1])))
    local r = m:jit "N.C.M"
    if row[2] then s:rewritten(r) else s:untouched(r) end
    s:rewritten(m:jit "N.C.L")
    s:log_has(("[Info ] Identified %d Instrumentation points (not ignored) in .xml files"):format(row[2] and 3 or 2))
    s:log_lacks "Exception thrown"
  end)
end

for _, row in ipairs {
  { "", DEFAULT_FACTORY, "" },
  { 'name=""', DEFAULT_FACTORY, "" },
  { 'name="A.B"', "A.B", "" },
  { 'name="a b"', "a b", "" },
  { 'name="F" metricName="Custom/x y"', "F", "Custom/x y" },
  { 'name="F" metricName="instance"', "F", "instance" },
  { 'name="&lt;F&amp;&gt;" metricName="&apos;"', "<F&>", "'" },
} do
  t:test("2: names reach the injected code as they are: " .. (row[1] ~= "" and row[1] or "none"), { covers = "instrumentation-xml 2" }, function(s)
    local r = load(s, file(row[1])):jit "N.C.M"
    s:rewritten(r)
    local factory, _, metric = given(r)
    s:equal(factory, row[2])
    s:equal(metric, row[3])
  end)
end

t:test("2: extension@enabled is not read", { covers = { "instrumentation-xml 2", "instrumentation-xml 2.1" } }, function(s)
  local m = load(s, (file(""):gsub("<extension>", '<extension enabled="false">')))
  for _, name in ipairs { "N.C.K", "N.C.M", "N.C.L" } do s:rewritten(m:jit(name)) end
end)
