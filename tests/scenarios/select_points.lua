-- selection-in-native.md 4.4 and 6: which rule a method gets, and the word of flags that its tracer is called with.

local scenario = require "nrprof.scenario"
local t = scenario.suite "selection points"

-- Item 1 of the tracer call: "dup; ldc.i4.1; ldc.i4 flags; box".
local function flags_of(s, r)
  s:rewritten(r)
  local word = scenario.image.bytes(r.code):match "\x25\x17\x20(....)\x8c"
  s:truth(word, "there is no flag word in " .. r.code)
  return ("%08x"):format(string.unpack("<I4", word))
end

-- Which factory the tracer is called with: rules here are named after what they are.
local function factory_of(r)
  return r.written and r:listing():match '"(F:[^"]*)"' or "none"
end

local XML = '<?xml version="1.0"?><extension xmlns="urn:newrelic-extension"><instrumentation>%s</instrumentation></extension>'
local function xml(inner) return XML:format(inner) end
local function point(factory, match, matcher)
  return ('<tracerFactory %s><match assemblyName="A" className="N.C" %s><exactMethodMatcher methodName="M" %s/></match></tracerFactory>')
    :format(factory or "", match or "", matcher or "")
end

-- ---- 6: the flag word --------------------------------------------------------------------------------------------------

for _, row in ipairs {
  { "6.1: a plain rule", "", "00003400" },
  { "6: level 0", 'level="0"', "00003400" },
  { "6: level 1", 'level="1"', "00013400" },
  { "6: level 7", 'level="7"', "00073400" },
  { "6: of a level three bits count", 'level="9"', "00013400" },
  { "6: priority 1", 'transactionNamingPriority="1"', "01003400" },
  { "6: priority 7", 'transactionNamingPriority="7"', "07003400" },
  { "6: of a priority three bits count", 'transactionNamingPriority="12"', "04003400" },
  { "6: priority and level", 'transactionNamingPriority="2" level="3"', "02033400" },
  { "6: a metric name", 'metricName="Custom/X"', "00007400" },
  { "6: an empty metric name", 'metricName=""', "00003400" },
  { "6: metric name instance", 'metricName="instance"', "0000f400" },
  { "6: metric name INSTANCE", 'metricName="INSTANCE"', "0000f400" },
  { "6: metric name instances is one of its own", 'metricName="instances"', "00007400" },
  { "6: suppressRecursiveCalls false", 'suppressRecursiveCalls="false"', "00001400" },
  { "6: suppressRecursiveCalls true", 'suppressRecursiveCalls="true"', "00003400" },
  { "6: suppressRecursiveCalls TRUE", 'suppressRecursiveCalls="TRUE"', "00003400" },
  { "6: suppressRecursiveCalls empty", 'suppressRecursiveCalls=""', "00003400" },
  { "6: suppressRecursiveCalls 1 is not true", 'suppressRecursiveCalls="1"', "00001400" },
  { "6: metric scoped", 'metric="scoped"', "00003400" },
  { "6: metric unscoped", 'metric="unscoped"', "00002c00" },
  { "6: metric both", 'metric="both"', "00003c00" },
  { "6: metric empty", 'metric=""', "00003400" },
  { "6: metric none", 'metric="none"', "00002400" },
  { "6: transactionTraceSegment false", 'transactionTraceSegment="false"', "00003000" },
  { "6: transactionTraceSegment True", 'transactionTraceSegment="True"', "00003400" },
  { "6: transactionTraceSegment empty", 'transactionTraceSegment=""', "00003400" },
  { "6: all of them", 'metricName="instance" metric="both" level="7" transactionNamingPriority="7"', "0707fc00" },
  { "6: nothing", 'metric="none" suppressRecursiveCalls="no" transactionTraceSegment="no"', "00000000" },
} do
  t:test(row[1] .. " gives " .. row[3], { covers = { "selection-in-native 6", "selection-in-native 6.1" } }, function(s)
    s:home { ["extensions/x.xml"] = xml(point(row[2])) }
    local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = { { name = "M", sig = "00 00 01",
      body = "06 2a" } } } } })
    s:equal(flags_of(s, m:jit "N.C.M"), row[3])
  end)
end

local ASYNC = { type = "[System.Runtime]System.Runtime.CompilerServices.AsyncStateMachineAttribute" }
t:test("6.1: an async method of a plain rule gives 00803400", {
  covers = { "selection-in-native 6.1", "selection-in-native 3", "com-and-lifecycle 8.2.7" } }, function(s)
  local m = s:method { body = "06 2a", attributes = { ASYNC } }
  s:equal(flags_of(s, m:jit()), "00803400")
  s:log_has("[Debug] Async method detected: " .. m:described())
end)

-- ---- 6.2: names and empty texts ------------------------------------------------------------------------------------------

for _, row in ipairs {
  { "factory without a name", "", '"NewRelic.Agent.Core.Tracer.Factories.DefaultTracerFactory"' },
  { "factory with an empty name", 'name=""', '"NewRelic.Agent.Core.Tracer.Factories.DefaultTracerFactory"' },
  { "factory with a name", 'name="My.Factory"', '"My.Factory"' },
  { "metric name verbatim", 'metricName="A &lt;b&gt; &amp;c"', '"A <b> &c"' },
} do
  t:test("6.2: " .. row[1], { covers = { "selection-in-native 6.2" } }, function(s)
    s:home { ["extensions/x.xml"] = xml(point(row[2])) }
    local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = { { name = "M", sig = "00 00 01",
      body = "06 2a" } } } } })
    local r = m:jit "N.C.M"
    s:rewritten(r)
    s:contains(r:listing(), row[3])
  end)
end

-- ---- 4.4, 6.2: overloads and parameters -------------------------------------------------------------------------------------

-- Overloads of N.C.M; a row names the rule that each gets.
local OVERLOADS = { { "()", "00 00 01" }, { "(string)", "00 01 01 0e" }, { "(string,int)", "00 02 01 0e 08" } }
local PARAMETERS = { "selection-in-native 4.4", "selection-in-native 4.4.1", "selection-in-native 6.2", "com-and-lifecycle 8.3.1" }
for _, row in ipairs {
  { "no attribute fits all", { { 'name="F:any"' } }, "F:any", "F:any", "F:any" },
  { "empty is no parameters", { { 'name="F:none"', "", 'parameters=""' } }, "F:none", "none", "none" },
  { "void is no parameters", { { 'name="F:none"', "", 'parameters="void"' } }, "F:none", "none", "none" },
  { "VOID is no parameters", { { 'name="F:none"', "", 'parameters="VOID"' } }, "F:none", "none", "none" },
  { "one type", { { 'name="F:one"', "", 'parameters="System.String"' } }, "none", "F:one", "none" },
  { "other case is another type", { { 'name="F:one"', "", 'parameters="System.string"' } }, "none", "none", "none" },
  { "two types", { { 'name="F:two"', "", 'parameters="System.String,System.Int32"' } }, "none", "none", "F:two" },
  { "blanks do not count", { { 'name="F:two"', "", 'parameters=" System.String ,  System.Int32 "' } }, "none", "none", "F:two" },
  { "the exact rule goes before the general one", { { 'name="F:any"' }, { 'name="F:one"', "", 'parameters="System.String"' } },
    "F:any", "F:one", "F:any" },
  { "whatever the order", { { 'name="F:one"', "", 'parameters="System.String"' }, { 'name="F:any"' } }, "F:any", "F:one", "F:any" },
  { "one rule each", { { 'name="F:none"', "", 'parameters=""' }, { 'name="F:one"', "", 'parameters="System.String"' },
    { 'name="F:two"', "", 'parameters="System.String,System.Int32"' } }, "F:none", "F:one", "F:two" },
} do
  t:test("4.4: parameters: " .. row[1], { covers = PARAMETERS }, function(s)
    local points, methods = {}, {}
    for i, p in ipairs(row[2]) do points[i] = point(p[1], p[2], p[3]) end
    for i, o in ipairs(OVERLOADS) do methods[i] = { name = "M", sig = o[2], body = "06 2a" } end
    s:home { ["extensions/x.xml"] = xml(table.concat(points)) }
    local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = methods } } })
    for i, o in ipairs(OVERLOADS) do
      local r = m:jit("N.C.M#" .. i)
      s:equal({ factory_of(r), r.result }, { row[2 + i], "S_OK" }, o[1])
    end
  end)
end

t:test("MethodRewriterTest overloads_are_instrumented: two overloads with rules of their own, each written once", {
  covers = { "selection-in-native 4.4" } }, function(s)
  s:home { ["extensions/x.xml"] = xml(point('name="F:s"', "", 'parameters="System.String"') .. point('name="F:i"', "",
    'parameters="System.Int32"')) }
  local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = {
    { name = "M", sig = "00 01 01 0e", body = "06 2a" }, { name = "M", sig = "00 01 01 08", body = "06 2a" } } } } })
  s:equal(#m:jit_all(), 2)
  s:equal(#m.clr:events "SET_IL", 2)
  s:equal({ factory_of(m:jit "N.C.M#1"), factory_of(m:jit "N.C.M#2") }, { "none", "none" }) -- nothing is left to do
end)

-- ---- 4.4.3: versions ------------------------------------------------------------------------------------------------------------

for _, row in ipairs {
  { "1.0.0", "2.0.0", "1.0.0.0", true }, { "1.0.0", "2.0.0", "1.0.0.1", true }, { "1.0.0", "2.0.0", "1.9.65535.65535", true },
  { "1.0.0", "2.0.0", "2.0.0.0", false }, { "1.0.0", "2.0.0", "0.9.9.9", false }, { "1.0.0", "2.0.0", "2.0.0.1", false },
  { "1.2.3.4", nil, "1.2.3.4", true }, { "1.2.3.4", nil, "1.2.3.3", false }, { "1.2.3.4", nil, "9.0.0.0", true },
  { nil, "1.2.3.4", "1.2.3.4", false }, { nil, "1.2.3.4", "1.2.3.3", true }, { nil, "1.2.3.4", "0.0.0.0", true },
  { nil, nil, "0.0.0.0", true }, { "1", "1.1", "1.0.9.9", true }, { "1.10", nil, "1.9.0.0", false }, { "1.9", nil, "1.10.0.0", true },
} do
  t:test(("4.4.3: min %s, max %s: version %s is %s"):format(row[1] or "none", row[2] or "none", row[3], row[4] and "in" or "out"), {
    covers = { "selection-in-native 4.4.3", "module-injection 6.2" } }, function(s)
    local m = s:method { body = "06 2a", rule = { min = row[1], max = row[2] }, assembly = { version = row[3] } }
    local r = m:jit()
    s:equal({ r.written, r.result }, { row[4], "S_OK" })
    s:equal(m.requests, { "RequestReJIT N.C.M" }) -- when a module loads versions are not looked at
  end)
end

for _, row in ipairs {
  { "of two with disjoint ranges the one that fits", { { 'name="F:1"', 'maxVersion="2"' }, { 'name="F:2"', 'minVersion="2"' } },
    "2.0.0.0", "F:2" },
  { "the other one", { { 'name="F:1"', 'maxVersion="2"' }, { 'name="F:2"', 'minVersion="2"' } }, "1.9.0.0", "F:1" },
  { "an exact rule out of its range hides the general one", { { 'name="F:any"' },
    { 'name="F:exact"', 'maxVersion="2"', 'parameters=""' } }, "2.0.0.0", "none" },
  { "an exact rule in its range", { { 'name="F:any"' }, { 'name="F:exact"', 'maxVersion="2"', 'parameters=""' } }, "1.0.0.0", "F:exact" },
} do
  t:test("4.4.3: " .. row[1], { covers = { "selection-in-native 4.4.3", "Q56" } }, function(s)
    local points = {}
    for i, p in ipairs(row[2]) do points[i] = point(p[1], p[2], p[3]) end
    s:home { ["extensions/x.xml"] = xml(table.concat(points)) }
    local m = s:core():load(s:assembly { name = "A", version = row[3], types = { { name = "N.C", methods = { { name = "M",
      sig = "00 00 01", body = "06 2a" } } } } })
    local r = m:jit "N.C.M"
    s:equal({ factory_of(r), r.result }, { row[4], "S_OK" })
  end)
end

t:test("4.4.4: of two rules that both fit, the first in the file wins", { covers = { "selection-in-native 4.4.4", "Q3" },
  only_ours = "the reference takes the one at the lower heap address" }, function(s)
  s:home { ["extensions/x.xml"] = xml(point('name="F:1"') .. point('name="F:2"')) }
  local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = { { name = "M", sig = "00 00 01",
    body = "06 2a" } } } } })
  s:equal(factory_of(m:jit "N.C.M"), "F:1")
end)

t:test("Q3: of two rules that both fit, one of them is used", { covers = { "Q3" } }, function(s)
  s:home { ["extensions/x.xml"] = xml(point('name="F:1"') .. point('name="F:2"')) }
  local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = { { name = "M", sig = "00 00 01",
    body = "06 2a" } } } } })
  s:truth(factory_of(m:jit "N.C.M"):find "^F:[12]$", "neither")
end)

-- ---- Q2: flags stay in the rule ---------------------------------------------------------------------------------------------------

local TRANSACTION = { type = "[NewRelic.Api.Agent]NewRelic.Api.Agent.TransactionAttribute" }
local STICKY = { "Q2", "com-and-lifecycle 8.3.2", "selection-in-native 4.3" }
for _, row in ipairs {
  { "sync before async", { {}, { ASYNC } }, { "00003400", "00803400" } },
  { "sync after async", { { ASYNC }, {} }, { "00803400", "00803400" } },
  { "a transaction's bits leak the same way", { { TRANSACTION }, {} }, { "00503400", "00503400" } },
  { "and add up", { { TRANSACTION }, { ASYNC }, {} }, { "00503400", "00d03400", "00d03400" } },
} do
  t:test("Q2: overloads of one rule: " .. row[1], { covers = STICKY }, function(s)
    s:home { rules = { { assembly = "A", class = "N.C", method = "M" } } }
    local methods = {}
    for i, list in ipairs(row[2]) do
      methods[i] = { name = "M", sig = ("00 %02x 01"):format(i) .. (" 08"):rep(i), body = "06 2a", attributes = list }
    end
    local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = methods } } })
    for i, wanted in ipairs(row[3]) do s:equal(flags_of(s, m:jit("N.C.M#" .. i)), wanted, "overload " .. i) end
  end)
end

t:test("Q2: a method that is refused afterwards leaves its flags all the same", { covers = { "Q2", "selection-in-native 4.3.2" } },
  function(s)
  s:home { rules = { { assembly = "A", class = "N.C", method = "M" } } }
  local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = {
    { name = "M", sig = "00 01 01 08", flags = 0x0896, body = "06 2a", attributes = { ASYNC } }, { name = "M", sig = "00 00 01",
      body = "06 2a" } } } } })
  s:untouched(m:jit "N.C.M#1")
  s:equal(flags_of(s, m:jit "N.C.M#2"), "00803400")
end)

t:test("Q2: methods of different rules do not share flags; a refresh starts afresh", {
  covers = { "Q2", "live-instrumentation 5" } }, function(s)
  s:home { rules = { { assembly = "A", class = "N.C", method = { "M", "K" } } } }
  local clr = s:core()
  local m = clr:load(s:assembly { name = "A", types = { { name = "N.C", methods = {
    { name = "M", sig = "00 01 01 08", body = "06 2a", attributes = { ASYNC } }, { name = "M", sig = "00 00 01", body = "06 2a" },
    { name = "K", sig = "00 00 01", body = "06 2a" } } } } })
  s:equal(flags_of(s, m:jit "N.C.M#1"), "00803400")
  s:equal(flags_of(s, m:jit "N.C.K"), "00003400")
  s:equal(clr:call "InstrumentationRefresh", "S_OK")
  s:equal(flags_of(s, m:jit "N.C.M#2"), "00003400")
  s:equal(flags_of(s, m:jit "N.C.M#1"), "00803400")
end)

-- ---- Q59 -------------------------------------------------------------------------------------------------------------------------------

for _, attribute in ipairs { 'level="x"', 'transactionNamingPriority="high"', 'level="-"' } do
  t:test("Q59: " .. attribute .. " ends its file; rules in front of it and other files stay", {
    covers = { "Q59", "selection-in-native 6.2" } }, function(s)
    local function of(name, method, more)
      return ('<tracerFactory name="%s" %s><match assemblyName="A" className="N.C"><exactMethodMatcher methodName="%s"/></match></tracerFactory>')
        :format(name, more or "", method)
    end
    s:home { ["extensions/a.xml"] = xml(of("F:1", "M1") .. of("F:2", "M2", attribute) .. of("F:3", "M3")),
      ["extensions/b.xml"] = xml(of("F:4", "M4")) }
    local methods = {}
    for i = 1, 4 do methods[i] = { name = "M" .. i, sig = "00 00 01", body = "06 2a" } end
    local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = methods } } })
    local found = {}
    for i = 1, 4 do found[i] = factory_of(m:jit("N.C.M" .. i)) end
    s:equal(found, { "F:1", "none", "none", "F:4" })
  end)
end
