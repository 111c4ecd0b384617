-- What an extension XML file means (reference/instrumentation-xml.md, sections 2 to 5).

local nr = require "nr"
local lu = require "luaunit"
local support = require "_support"

local function load_xml(text)
  local s = nr.script()
  local ok = s:xml(text, "e.xml")
  return s:points(), ok, s
end

local function document(inside)
  return '<?xml version="1.0" encoding="utf-8"?>\n<extension xmlns="urn:newrelic-extension"><instrumentation>\n' .. inside
    .. "\n</instrumentation></extension>"
end

-- One method, with attributes at each level.
local function one(tracer, match, method)
  return load_xml(document(("<tracerFactory %s>\n<match %s>\n<exactMethodMatcher %s/>\n</match></tracerFactory>"):format(
    tracer or "", match or 'assemblyName="A" className="C"', method or 'methodName="M"')))
end

local function flags(attributes)
  local points, ok = one(attributes)
  return ok and points[1] and points[1].flags or ok
end

TestStructure = {}

function TestStructure.test_one_method()
  local points, ok = one('name="T" metricName="n"', 'assemblyName="A.B" className="C.D"', 'methodName="M" parameters="System.Int32"')
  lu.assertTrue(ok)
  lu.assertEquals(points, { {
    assembly = "A.B", class = "C.D", method = "M", parameters = "System.Int32", factory = "T", metric = "n", flags = 0x7400,
    file = "e.xml", line = 5, where = false,
  } })
  lu.assertEquals(nr.log(), {})
end

function TestStructure.test_nesting_in_order()
  local points = load_xml(document [[
    <tracerFactory name="T">
      <match assemblyName="A" className="C"><exactMethodMatcher methodName="M"/><exactMethodMatcher methodName="N"/></match>
      <other><match assemblyName="X" className="C"><exactMethodMatcher methodName="M"/></match></other>
      <match assemblyName="B" className="C"><exactMethodMatcher methodName="M"/></match>
    </tracerFactory>
    <tracerFactory name="U"><match assemblyName="A" className="D"><exactMethodMatcher methodName="M"/></match></tracerFactory>]])
  local found = {}
  for i, p in ipairs(points) do found[i] = p.factory .. p.assembly .. p.class .. p.method end
  lu.assertEquals(found, { "TACM", "TACN", "TBCM", "UADM" })
end

-- 2: names of elements and attributes compare without case; values are verbatim.
function TestStructure.test_case()
  local points = load_xml [[<EXTENSION><Instrumentation><TRACERFACTORY Name=" T "><Match ASSEMBLYNAME="a" classname="c">
    <ExactMethodMatcher METHODNAME="m"/></Match></TRACERFACTORY></Instrumentation></EXTENSION>]]
  lu.assertEquals({ points[1].factory, points[1].assembly, points[1].class, points[1].method }, { " T ", "a", "c", "m" })
end

-- 1.5
function TestStructure.test_missing_nodes()
  local advice = " node not found in instrumentation file. Please validate your instrumentation files against "
    .. "extensions/extension.xsd or contact New Relic support."
  local points, ok = load_xml "<other/>"
  lu.assertEquals({ points, ok }, { {}, true })
  lu.assertEquals(support.logged "WARN", { "extension" .. advice })
  points, ok = load_xml "<extension/>"
  lu.assertEquals({ points, ok }, { {}, true })
  lu.assertEquals(support.logged "WARN", { "instrumentation" .. advice })
end

-- 1.4: the position of a fault is said at DEBUG; the caller says which file it is.
function TestStructure.test_malformed()
  local points, ok = load_xml "<extension>\n<instrumentation"
  lu.assertEquals({ points, ok }, { {}, false })
  lu.assertEquals(#support.logged "DEBUG", 1)
  lu.assertStrMatches(support.logged("DEBUG")[1], "e%.xml:2:%d+: expected .*")
end

-- Only the first `instrumentation` counts.
function TestStructure.test_a_second_instrumentation()
  local inside = '<tracerFactory><match assemblyName="A" className="%s"><exactMethodMatcher methodName="M"/></match></tracerFactory>'
  local points = load_xml("<extension><instrumentation>" .. inside:format "C" .. "</instrumentation><instrumentation>"
    .. inside:format "D" .. "</instrumentation></extension>")
  lu.assertEquals(#points, 1)
  lu.assertEquals(points[1].class, "C")
end

-- 2
function TestStructure.test_enabled()
  lu.assertEquals(#one 'enabled="false"', 0)
  lu.assertEquals(#one 'enabled="FALSE"', 0)
  lu.assertEquals(#one 'enabled="no"', 1)
  lu.assertEquals(#one 'enabled=""', 1)
  lu.assertEquals(#load_xml '<extension enabled="false"><instrumentation><tracerFactory><match><exactMethodMatcher/></match></tracerFactory></instrumentation></extension>', 1)
end

-- 2.1
function TestStructure.test_unknown_attributes()
  local points, ok = one('level2="x"', 'assemblyName="A" className="C" foo="1"', 'methodName="M" parameter="x" minVersion="9"')
  lu.assertTrue(ok)
  lu.assertEquals({ points[1].flags, points[1].parameters, points[1].min }, { 0x3400 })
end

-- 2.3
function TestStructure.test_mscorlib()
  lu.assertEquals(one(nil, 'assemblyName="mscorlib" className="C,D"'), {})
  lu.assertEquals(support.logged "WARN", { "Skipping instrumentation targeted at the mscorlib assembly for class C,D" })
  lu.assertEquals(#one(nil, 'assemblyName="MSCORLIB" className="C"'), 1)
  lu.assertEquals(#one(nil, 'assemblyName="System.Private.CoreLib" className="C"'), 1)
end

-- 2.4
function TestStructure.test_missing_names()
  local points = load_xml "<extension><instrumentation><tracerFactory><match><exactMethodMatcher/></match></tracerFactory></instrumentation></extension>"
  lu.assertEquals(points, { {
    assembly = "", class = "", method = "", metric = "", flags = 0x3400, file = "e.xml", line = 1, where = false,
    factory = "NewRelic.Agent.Core.Tracer.Factories.DefaultTracerFactory",
  } })
end

TestFlags = {}

-- 3
function TestFlags.test_single_attributes()
  local rows = {
    { "", 0x3400 }, -- 3.1
    { 'metric="scoped"', 0x3400 }, { 'metric="SCOPED"', 0x3400 }, { 'metric=""', 0x3400 },
    { 'metric="unscoped"', 0x2C00 }, { 'metric="both"', 0x3C00 }, { 'metric="none"', 0x2400 }, { 'metric="typo"', 0x2400 },
    { 'metricName="n"', 0x7400 }, { 'metricName="instance"', 0xF400 }, { 'metricName="INSTANCE"', 0xF400 }, { 'metricName=""', 0x3400 },
    { 'suppressRecursiveCalls="true"', 0x3400 }, { 'suppressRecursiveCalls="TRUE"', 0x3400 },
    { 'suppressRecursiveCalls="false"', 0x1400 }, { 'suppressRecursiveCalls="1"', 0x1400 }, { 'suppressRecursiveCalls=""', 0x3400 },
    { 'transactionTraceSegment="false"', 0x3000 }, { 'transactionTraceSegment="True"', 0x3400 },
    { 'level="1"', 0x13400 }, { 'level="7"', 0x73400 }, { 'level="8"', 0x3400 }, { 'level="15"', 0x73400 }, { 'level=""', 0x3400 },
    { 'transactionNamingPriority="1"', 0x1003400 }, { 'transactionNamingPriority="7"', 0x7003400 },
  }
  for _, row in ipairs(rows) do lu.assertEquals(flags(row[1]), row[2], row[1]) end
end

-- 3.2
function TestFlags.test_integers()
  local rows = {
    { "9abc", 1 }, { " 7", 7 }, { "\t+3", 3 }, { "-1", 7 }, { "2147483647", 7 }, { "-2147483648", 0 },
    { "x", false }, { "99999999999", false }, { "2147483648", false }, { "-", false }, { " ", false },
  }
  for _, row in ipairs(rows) do
    lu.assertEquals(flags(('level="%s"'):format(row[1])), row[2] and row[2] << 16 | 0x3400, row[1])
    lu.assertEquals(flags(('transactionNamingPriority="%s"'):format(row[1])), row[2] and row[2] << 24 | 0x3400, row[1])
  end
end

-- 3.3
function TestFlags.test_measured_examples()
  lu.assertEquals(flags [[metric="none" level="15" suppressRecursiveCalls="no" transactionTraceSegment="1"
    transactionNamingPriority="9abc" metricName="Instance"]], 0x0107C000)
  lu.assertEquals(flags [[metric="BOTH" level="-1" suppressRecursiveCalls="TRUE" transactionTraceSegment="True"
    transactionNamingPriority=" 7" metricName="n"]], 0x07077C00)
end

-- 1.4: what was read before the fault stays.
function TestFlags.test_points_before_a_fault_stay()
  local factory = '<tracerFactory %s><match assemblyName="A" className="C"><exactMethodMatcher methodName="%s"/></match></tracerFactory>'
  local points, ok = load_xml(document(factory:format("", "M") .. factory:format('level="x"', "N") .. factory:format("", "O")))
  lu.assertFalse(ok)
  lu.assertEquals(#points, 1)
  lu.assertEquals(points[1].method, "M")
end

TestNames = {}

local function classes(text)
  local list = {}
  for i, p in ipairs((one(nil, ('assemblyName="A" className="%s"'):format(text)))) do list[i] = p.class end
  return list
end

-- 4.1
function TestNames.test_class_lists()
  lu.assertEquals(classes "C", { "C" })
  lu.assertEquals(classes "C,D", { "C", "D" })
  lu.assertEquals(classes "C, D", { "C", " D" })
  lu.assertEquals(classes ",C,", { "", "C", "" })
  lu.assertEquals(classes "G[A,B],D", { "G[A,B]", "D" })
  lu.assertEquals(classes "G&lt;A,H[B,C]&gt;,D", { "G<A,H[B,C]>", "D" })
  lu.assertEquals(classes "G[A,B&gt;,D", { "G[A,B>", "D" }) -- kinds are not told apart
  lu.assertEquals(classes "A],B,C", { "A],B,C" }) -- a stray closer ends all splitting
  lu.assertEquals(classes "A,B],C", { "A", "B],C" })
end

-- 4.4
function TestNames.test_parameters()
  local rows = {
    { 'methodName="M"', nil }, { 'methodName="M" parameters="void"', "" }, { 'methodName="M" parameters="VOID"', "" },
    { 'methodName="M" parameters=""', "" }, { 'methodName="M" parameters=" void "', "void" },
    { 'methodName="M" parameters=" A ,&#9;B[] "', "A,B[]" },
  }
  for _, row in ipairs(rows) do
    local points = one(nil, nil, row[1])
    lu.assertEquals(points[1].parameters, row[2], row[1])
  end
end

TestVersions = {}

local function bounds(min, max)
  local points = one(nil, ('assemblyName="A" className="C" minVersion="%s" maxVersion="%s"'):format(min, max))
  return points[1].min, points[1].max
end

-- 5.1
function TestVersions.test_valid()
  local rows = {
    { "1", "1.0.0.0" }, { "1.2.3.4", "1.2.3.4" }, { "1x2x3", "1.0.0.0" }, { "1.0xff", "1.0.0.0" },
    { "12abcd.35wjkg", "12.35.0.0" }, { "1.+2", "1.2.0.0" }, { " 7", "7.0.0.0" }, { "65535.0", "65535.0.0.0" },
  }
  for _, row in ipairs(rows) do lu.assertEquals({ bounds(row[1], row[1]) }, { row[2], row[2] }, row[1]) end
end

-- 5.2
function TestVersions.test_no_bound()
  for _, text in ipairs { "", "0", "0.0.0.0" } do
    lu.assertEquals({ bounds(text, text) }, {}, text)
    lu.assertEquals(nr.log(), {}, text)
  end
  for _, text in ipairs { "1.2.3.4.5", "x", "1..2", "-1", "65536", "99999999999" } do
    lu.assertEquals({ bounds(text, "") }, {}, text)
    lu.assertEquals(support.logged "WARN", { text .. " is not a valid version" }, text)
  end
end

TestMapping = {}

-- A file in <home>/instrumentation/rules replaces the meaning of XML.
function TestMapping.test_override()
  local text, n = nr.embedded("instrumentation/rules/extension_xml.lua"):gsub("<< 16", "<< 17")
  lu.assertEquals(n, 0) -- the shift is an argument
  text, n = text:gsub('three_bits%(level or "", 16%)', 'three_bits(level or "", 17)')
  lu.assertEquals(n, 1)
  local s <close> = nr.script { mapping = { ["extension_xml.lua"] = text } }
  lu.assertEquals(support.logged "WARN", {})
  lu.assertTrue(s:xml(document '<tracerFactory level="1"><match><exactMethodMatcher/></match></tracerFactory>'))
  lu.assertEquals(s:points()[1].flags, 0x23400)
end

function TestMapping.test_a_broken_one_leaves_the_built_in()
  local s <close> = nr.script { mapping = { ["extension_xml.lua"] = "xml_mapping(nonsense)" } }
  lu.assertEquals(#support.logged "WARN", 1)
  lu.assertStrMatches(support.logged("WARN")[1], ".*extension_xml%.lua:1: nothing called 'nonsense' here %- the file is skipped")
  lu.assertTrue(s:xml(document '<tracerFactory level="1"><match><exactMethodMatcher/></match></tracerFactory>'))
  lu.assertEquals(s:points()[1].flags, 0x13400)
end

-- An element that was kept from one document to the next is refused.
function TestMapping.test_elements_end_with_their_document()
  local s <close> = nr.script { mapping = { ["m.lua"] = [[
    local kept
    xml_mapping(function(document)
      if kept then warn(kept:get "a" or "none") end
      kept = document:first "x"
      warn(kept:get "a" .. kept:line())
    end)]] } }
  lu.assertTrue(s:xml '\n<x a="1"/>')
  lu.assertFalse(s:xml '<x a="1"/>')
  lu.assertEquals(support.logged "WARN", { "12" })
  lu.assertStrContains(support.logged("DEBUG")[1], "this element belongs to a document that is closed")
end

-- Several attributes at once: nil where there is none, "" where it is empty.
function TestMapping.test_get_of_several()
  local s <close> = nr.script { mapping = { ["m.lua"] = [[
    xml_mapping(function(document)
      local a, none, empty, again = document:first "x":get("a", "none", "EMPTY", "a")
      warn(("%s %s '%s' %s"):format(a, none, empty, again))
      warn(tostring(select("#", document:first "x":get("none", "a", "none"))))
    end)]] } }
  lu.assertTrue(s:xml '<x empty="" a="1"/>')
  lu.assertEquals(support.logged "WARN", { "1 nil '' 1", "3" })
end

function TestMapping.test_each_with_attributes()
  local s <close> = nr.script { mapping = { ["m.lua"] = [[
    xml_mapping(function(document)
      for x, a, b, line in document:first "l":each("x", "A", "b") do
        warn(("%d %s %s %s"):format(x:line(), a, b, line))
      end
    end)]] } }
  lu.assertTrue(s:xml '<l>\n<x b="2" a="1"/><y a="3"/>\n<x/></l>')
  lu.assertEquals(support.logged "WARN", { "2 1 2 nil", "3 nil nil nil" })
end

function TestMapping.test_wrong_use_of_elements()
  local rows = {
    { "document:first(1, 2):each()", "" },
    { "document:each()", "string expected, got no value" },
    { "document:each('x', {})", "string expected, got table" },
    { "document:each('x', " .. ("'a', "):rep(32) .. "'a')", "more than 32 attributes" },
    { "document:get()", "string expected, got no value" },
    { "document:get('a', {})", "string expected, got table" },
    { "document.get(warn, 'x')", "nrprof.element expected, got function" },
    { "document.first({}, 'x')", "nrprof.element expected, got table" },
    { "point { method = 5 }", "method" },
    { "point 'x'", "table expected, got string" },
    { "integer 'x'", "'x' is no number" },
  }
  for _, row in ipairs(rows) do
    local s <close> = nr.script { mapping = { ["m.lua"] = "xml_mapping(function(document) " .. row[1] .. " end)" } }
    lu.assertFalse(s:xml "<x/>", row[1])
    lu.assertStrContains(support.logged("DEBUG")[1], row[2], false, row[1])
    lu.assertEquals(s:points(), {})
  end
end

-- Tens of thousands of rules in one file stay within the limits of memory and instructions.
function TestMapping.test_a_large_file()
  local parts = {}
  for i = 1, 30000 do parts[i] = ('<exactMethodMatcher methodName="Method%d"/>'):format(i) end
  local points, ok = load_xml(document('<tracerFactory><match assemblyName="A" className="C">' .. table.concat(parts, "\n")
    .. "</match></tracerFactory>"))
  lu.assertTrue(ok)
  lu.assertEquals(#points, 30000)
  lu.assertEquals(points[30000].line, 30002)
end
