-- unit-test-inventory.md, InstrumentationConfigurationTest and InstrumentationPointTest: what those tests of the C++ profiler pin, through the
-- whole library. Their method is MyAssembly, MyNamespace.MyClass, MyMethod(MyNamespace.MyTypeName), version 1.2.3.4.

local scenario = require "nrprof.scenario"
local SEPARATOR = require "nr".windows and "\\" or "/"
local t = scenario.suite "selection inventory"

local XML = '<?xml version="1.0" encoding="utf-8"?><extension><instrumentation>%s</instrumentation></extension>'

local function match(attributes, ...)
  local matchers = {}
  for i, m in ipairs { ... } do matchers[i] = ("<exactMethodMatcher %s/>"):format(m) end
  return ("<match %s>%s</match>"):format(attributes, table.concat(matchers))
end
local function factory(attributes, ...) return ("<tracerFactory %s>%s</tracerFactory>"):format(attributes, table.concat { ... }) end
local function document(...) return XML:format(table.concat { ... }) end

local OURS = 'assemblyName="MyAssembly" className="MyNamespace.MyClass"'
local METHOD = 'methodName="MyMethod"'
local function plain(match_attributes, method_attributes)
  return document(factory("", match(match_attributes or OURS, method_attributes or METHOD)))
end

local WITH_PARAMETER, WITHOUT = "00 01 01 12 05", "00 00 01"

local function run(s, files, more)
  more = more or {}
  local home = { config = { ignore = more.ignore } }
  for name, text in pairs(files) do home["extensions/" .. name] = text end
  s:home(home)
  if more.env then s:env(more.env) end
  local m = s:core():load(s:assembly { name = "MyAssembly", version = more.version or "1.2.3.4",
    type_refs = { "[System.Runtime]MyNamespace.MyTypeName" }, -- 01000001, in a signature 05
    types = { { name = more.class or "MyNamespace.MyClass", methods = { { name = "MyMethod", sig = more.sig or WITH_PARAMETER,
      body = "06 2a" } } } } })
  return m:jit((more.class or "MyNamespace.MyClass") .. ".MyMethod")
end

local COVERS = { "selection-in-native 4.4", "selection-in-native 6.2" }
local function row(name, files, wanted, more)
  if type(files) == "string" then files = { ["x.xml"] = files } end
  t:test(name .. (wanted and ": matches" or ": does not match"), { covers = COVERS }, function(s)
    local r = run(s, files, more)
    s:equal({ r.written, r.result }, { wanted, "S_OK" })
  end)
end

row("no_matches_with_empty_xml", '<?xml version="1.0" encoding="utf-8"?>', false)
row("basic_match", plain(), true)
row("no_assembly_match", plain 'assemblyName="OtherAssembly" className="MyNamespace.MyClass"', false)
row("no_class_match", plain 'assemblyName="MyAssembly" className="MyNamespace.OtherClass"', false)
row("no_method_match", plain(OURS, 'methodName="OtherMethod"'), false)
row("missing names match nothing", plain("", ""), false)
row("multiple_xml_files, the first", { ["a.xml"] = plain(), ["b.xml"] = plain(OURS, 'methodName="X"') }, true)
row("multiple_xml_files, the second", { ["a.xml"] = plain(OURS, 'methodName="X"'), ["b.xml"] = plain() }, true)
row("multiple_matchers, the second", document(factory("", match(OURS, 'methodName="X"', METHOD))), true)
row("multiple_matches, the second", document(factory("", match('assemblyName="X" className="Y"', 'methodName="Z"'), match(OURS, METHOD))),
  true)
row("one_match_one_nomatch", document(factory("", match(OURS, METHOD), match('assemblyName="X" className="Y"', METHOD))), true)
row("two factories, the second", document(factory('name="F"', match(OURS, 'methodName="Z"')), factory("", match(OURS, METHOD))), true)
row("a factory that is switched off", document(factory('enabled="false"', match(OURS, METHOD))), false)
row("a factory that is switched off in other case", document(factory('enabled="FALSE"', match(OURS, METHOD))), false)
row("a factory that is switched on", document(factory('enabled="true"', match(OURS, METHOD))), true)
row("enabled with any other text", document(factory('enabled="no"', match(OURS, METHOD))), true)
row("the namespace of the document does not matter", (plain():gsub("<extension>", '<extension xmlns="urn:newrelic-extension">')), true)
row("unknown attributes do not matter", plain(OURS .. ' x="1"', METHOD .. ' parameter="System.Int32" minVersion="9"'), true)

for _, name in ipairs { "NewRelic.Providers.Wrapper.Logging.Instrumentation.xml",
  "NewRelic.Providers.Wrapper.CastleMonoRail2.Instrumentation.xml",
  "NewRelic.Providers.Wrapper.Asp35.Instrumentation.xml", "newrelic.providers.wrapper.asp35.instrumentation.xml" } do
  row("deprecated_instrumentation_xml_is_ignored " .. name, { [name] = plain() }, false)
end

-- ---- parameters -------------------------------------------------------------------------------------------------------------------

local function with(parameters) return plain(OURS, METHOD .. (' parameters="%s"'):format(parameters)) end
row("with_matching_parameters", with "MyNamespace.MyTypeName", true)
row("with_nonmatching_parameters", with "MyNamespace.OtherTypeName", false)
row("when_matcher_has_no_parameters_then_all_overloads_are_matched", plain(), true)
row("when_matcher_has_empty_parameter_string_then_parameterized_overload", with "", false)
row("when_matcher_has_void_parameter_string_then_parameterized_overload", with "void", false)
row("when_matcher_has_no_parameter_string_then_unparameterized_overload", plain(), true, { sig = WITHOUT })
row("when_matcher_has_empty_parameter_string_then_unparameterized_overload", with "", true, { sig = WITHOUT })
row("when_matcher_has_void_parameter_string_then_unparameterized_overload", with "void", true, { sig = WITHOUT })
row("when_matcher_has_string_parameter_string_then_unparameterized_overload", with "System.String", false, { sig = WITHOUT })
row("when_matcher_has_multiple_parameter_string_then_parameterized_overload", with "System.String, MyNamespace.MyTypeName", true,
  { sig = "00 02 01 0e 12 05" })

-- ---- versions -----------------------------------------------------------------------------------------------------------------------

for _, v in ipairs { { "1.0.0.0", true }, { "1.0.0.1", true }, { "1.5.0.0", true }, { "1.9.9.9", true }, { "1.2.3.4", true }, { "0.9.9.9",
  false },
  { "2.0.0.0", false }, { "2.0.0.1", false }, { "2.5.0.0", false }, { "10.0.0.0", false }, { "0.0.0.0", false } } do
  row(("basic_%s_with_version %s"):format(v[2] and "match" or "mismatch", v[1]), plain(OURS .. ' minVersion="1.0.0" maxVersion="2.0.0"'),
    v[2], { version = v[1] })
end

-- ---- comma lists of classes -------------------------------------------------------------------------------------------------------------

local THREE = plain 'assemblyName="MyAssembly" className="N.A,MyNamespace.MyClass,N.C"'
row("multiple_class_matcher, the middle one", THREE, true)
row("multiple_class_matcher, the first", THREE, true, { class = "N.A" })
row("multiple_class_matcher, the last", THREE, true, { class = "N.C" })
row("multiple_class_matcher, another", THREE, false, { class = "N.B" })
local GENERIC = plain 'assemblyName="MyAssembly" className="N.A`2[X,Y],N.B&lt;P,Q&gt;,MyNamespace.MyClass"'
row("multiple_generic_class_matcher, behind brackets", GENERIC, true)
row("multiple_generic_class_matcher, with []", GENERIC, true, { class = "N.A`2[X,Y]" })
row("multiple_generic_class_matcher, with <>", GENERIC, true, { class = "N.B<P,Q>" })
row("multiple_generic_class_matcher, a part of one", GENERIC, false, { class = "Y]" })
row("Q59: pieces are not trimmed", plain 'assemblyName="MyAssembly" className="N.A, MyNamespace.MyClass"', false)

-- ---- ignored, environment ---------------------------------------------------------------------------------------------------------------------

row("ignored_instrumentation_should_not_have_instrumentation_points", plain(), false, { ignore = { { "MyAssembly",
  "MyNamespace.MyClass" } } })
row("set_lambda_instrumentation_point_success", {}, true, { env = { _HANDLER = "MyAssembly::MyNamespace.MyClass::MyMethod" } })
for _, text in ipairs { "", "MyAssembly", "MyAssembly::MyNamespace.MyClass", "MyAssembly::MyNamespace.MyClass::",
  "::MyNamespace.MyClass::MyMethod",
  "MyAssembly::MyNamespace.MyClass::MyMethod::x" } do
  row(("set_lambda_instrumentation_point_failure '%s'"):format(text), {}, false, { env = { _HANDLER = text } })
end

t:test("increment_invalid_file: a truncated file is warned about, and does not disturb the others",
  { covers = { "selection-in-native 6.2", "live-instrumentation 4.4" } }, function(s)
  local r = run(s, { ["a.xml"] = plain():sub(1, -30), ["b.xml"] = plain() })
  s:rewritten(r)
  s:log_has("Exception thrown while attempting to parse instrumentation file 'home" .. SEPARATOR .. "extensions" .. SEPARATOR .. "a.xml'.")
end)

t:test("rules for mscorlib are dropped, with a warning", { covers = { "selection-in-native 6.2" } }, function(s)
  s:home { rules = { { assembly = "mscorlib", class = "N.C", method = "M" }, { assembly = "System.Private.CoreLib", class = "N.C",
    method = "M" } } }
  local clr = s:core()
  local function load(name)
    return clr:load(s:assembly { name = name, types = { { name = "N.C", methods = { { name = "M", sig = "00 00 01",
      body = "06 2a" } } } } })
  end
  s:untouched(load "mscorlib":jit "N.C.M")
  s:rewritten(load "System.Private.CoreLib":jit "N.C.M")
  s:log_has "[Warn ] Skipping instrumentation targeted at the mscorlib assembly for class N.C"
end)
