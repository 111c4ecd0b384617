-- What the verifier refuses when the switch `verify` is on, what it only tells when it is off, and when the library stops by itself.

local nr = require "nr"
local scenario = require "nrprof.scenario"
local t = scenario.suite "safe mode"
local OURS = "the reference has no verifier"
local function ours(name, run) t:test(name, { only_ours = OURS }, run) end

local BY_REF_LIKE = "[System.Runtime]System.Runtime.CompilerServices.IsByRefLikeAttribute"
local VALUE_TYPE = "[System.Runtime]System.ValueType"

local function text(s) return table.concat(s:log(), "\n") end

-- Assembly A with N.C.M, a static method with one parameter of the value type in TypeDef 3 (or of TypeRef 2, when there is none).
local function with_parameter(s, type, refs)
  local types = { { name = "N.C", methods = { { name = "M", sig = "00 01 01 11 " .. (type and "0c" or "09"), body = "06 2a" } } } }
  if type then types[2] = type end
  s:home { rules = { { assembly = "A", class = "N.C", method = "M" } } }
  local clr = s:core()
  return clr, s:assembly { name = "A", refs = { "System.Runtime", "Lib" }, type_refs = { VALUE_TYPE, refs or "[Lib]Lib.Point", BY_REF_LIKE }, types = types }
end

local SPAN = { name = "N.Span", flags = 0x100109, extends = VALUE_TYPE, attributes = { BY_REF_LIKE } }
local POINT = { name = "N.Point", flags = 0x100109, extends = VALUE_TYPE }

-- ---- values ---------------------------------------------------------------------------------------------------------------------

ours("a by-ref-like parameter is boxed as the reference does it, and the verdict is told at DEBUG", function(s)
  local clr, image = with_parameter(s, SPAN)
  local m = clr:load(image)
  local r = m:jit("N.C.M")
  s:rewritten(r)
  s:log_has("Verifier: bad BY_REF_LIKE at IL_00")
  s:log_is("Warn", {})
  clr:shutdown()
  s:log_has("[Debug] Verifier: 0 bodies ok, 1 bad, 0 unknown")
end)

ours("at INFO nobody asks the verifier", function(s)
  s:env { NEW_RELIC_LOG_LEVEL = "info" }
  local clr, image = with_parameter(s, SPAN)
  local m = clr:load(image)
  s:rewritten(m:jit("N.C.M"))
  s:equal(clr:calls("IMetaDataImport2", "GetMemberRefProps") > 0, true)
  s:equal(clr:calls("IMetaDataAssemblyImport", "FindExportedTypeByName"), 0)
  s:log_lacks "Verifier"
end)

for what, turn_on in pairs {
  ["the environment"] = function(s) s:env { NEW_RELIC_SAFE_REWRITE = "1" } end,
  ["a rule file"] = function(s) s:home { ["extensions/safe.lua"] = "compat { verify = true }\n" } end,
} do
  ours("a by-ref-like parameter is refused, turned on by " .. what, function(s)
    turn_on(s)
    local clr, image = with_parameter(s, SPAN)
    local m = clr:load(image)
    local r = m:jit("N.C.M")
    s:untouched(r, "S_OK", true)
    s:equal(m:body("N.C.M"), "06 2a")
    s:log_has("[Info ] Instrumenting method: " .. m:described("N.C.M", "N.Span"))
    local line = text(s):match("[^\n]*Left as it is[^\n]*")
    s:contains(line, "[Warn ] Left as it is: [A]N.C.M(N.Span): the new body is bad BY_REF_LIKE at IL_00")
    if nr.windows then line = line:gsub("\\", "/") end
    s:contains(line, ": a value of a by-ref-like type is boxed or put into an array (rule home/extensions/rules.xml:")
    s:contains(line, ", template tracer)")
    s:equal(s:log_count "Left as it is", 1)
    clr:shutdown()
    s:log_has("[Debug] Verifier: 0 bodies ok, 1 bad, 0 unknown")
  end)
end

ours("a method that the environment names, and one of the public API: no rule file to point to", function(s)
  s:env { NEW_RELIC_SAFE_REWRITE = "1", NEW_RELIC_LAMBDA_HANDLER = "A::N.C::M" }
  s:home {}
  local clr, image = s:core(), nil
  image = s:assembly { name = "A", refs = { "System.Runtime", "Lib" }, type_refs = { VALUE_TYPE, "[Lib]Lib.Point", BY_REF_LIKE },
    types = { { name = "N.C", methods = { { name = "M", sig = "00 01 01 11 0c", body = "06 2a" } } }, SPAN } }
  s:untouched(clr:load(image):jit("N.C.M"), "S_OK", true)
  s:log_has(": a value of a by-ref-like type is boxed or put into an array (rule without a file, template tracer)")
  local api = clr:load(s:assembly { name = "NewRelic.Api.Agent", refs = { "System.Runtime", "Lib" }, type_refs = { VALUE_TYPE, "[Lib]Lib.Point", BY_REF_LIKE },
    types = { { name = "NewRelic.Api.Agent.NewRelic", methods = { { name = "IgnoreTransaction", sig = "00 01 01 11 0c", body = "06 2a" } } }, SPAN } })
  s:untouched(api:jit("NewRelic.Api.Agent.NewRelic.IgnoreTransaction"), "S_OK", true)
  s:log_has("is boxed or put into an array (no rule, template api)")
end)

ours("a value type that is none is written", function(s)
  s:env { NEW_RELIC_SAFE_REWRITE = "true" }
  local clr, image = with_parameter(s, POINT)
  local r = clr:load(image):jit("N.C.M")
  s:rewritten(r)
  clr:shutdown()
  s:log_has("[Debug] Verifier: 1 bodies ok, 0 bad, 0 unknown")
end)

ours("a value type of an assembly that is not loaded is unknown, and refused by that name", function(s)
  s:env { NEW_RELIC_SAFE_REWRITE = "true" }
  local clr, image = with_parameter(s)
  local m = clr:load(image)
  s:untouched(m:jit("N.C.M"), "S_OK", true)
  s:contains(text(s), "Left as it is: [A]N.C.M(Lib.Point): the new body is unknown TYPE_UNRESOLVED at IL_00")
end)

for _, row in ipairs {
  { "a value type", { name = "Lib.Point", flags = 0x100109, extends = VALUE_TYPE }, true },
  { "a by-ref-like type", { name = "Lib.Point", flags = 0x100109, extends = VALUE_TYPE, attributes = { BY_REF_LIKE } }, false },
} do
  for _, forwarded in ipairs { false, true } do
    ours(("%s of another assembly that is loaded%s"):format(row[1], forwarded and ", where it is forwarded to" or ""), function(s)
      s:env { NEW_RELIC_SAFE_REWRITE = "true" }
      local clr, image = with_parameter(s)
      clr:load(s:assembly { name = forwarded and "Real" or "Lib", type_refs = { VALUE_TYPE, BY_REF_LIKE }, types = { row[2] } })
      if forwarded then
        clr:load(s:assembly { name = "Lib", refs = { "System.Runtime", "Real" }, exported = { "[Real]Lib.Point" }, types = {} })
      end
      local r = clr:load(image):jit("N.C.M")
      if row[3] then s:rewritten(r) else s:untouched(r, "S_OK", true) end
    end)
  end
end

ours("forwards in a circle end", function(s)
  s:env { NEW_RELIC_SAFE_REWRITE = "true" }
  local clr, image = with_parameter(s)
  clr:load(s:assembly { name = "Lib", refs = { "System.Runtime", "Lib" }, exported = { "[Lib]Lib.Point" }, types = {} })
  s:untouched(clr:load(image):jit("N.C.M"), "S_OK", true)
  s:contains(text(s), "unknown TYPE_UNRESOLVED")
end)

ours("a class of an assembly that is not loaded is no question: the signature says that it is one", function(s)
  s:env { NEW_RELIC_SAFE_REWRITE = "true" }
  local m = s:method { sig = "00 01 12 09 12 09", body = "0a 02 2a", assembly = { refs = { "System.Runtime", "Lib" },
    type_refs = { "[System.Runtime]System.Object", "[Lib]Lib.Thing" } } }
  s:rewritten(m:jit())
end)

ours("the `this` of a value type is stored as an object", function(s)
  s:env { NEW_RELIC_SAFE_REWRITE = "true" }
  -- nested: the test for a sequential layout looks at the outermost type (Q27)
  s:home { rules = { { assembly = "A", class = "N.C+P", method = "M" } } }
  local m = s:core():load(s:assembly { name = "A", type_refs = { VALUE_TYPE }, types = {
    { name = "N.C", types = { { name = "P", flags = 0x10010a, extends = VALUE_TYPE, methods = { { name = "M", sig = "20 00 01", body = "06 2a" } } } } } } })
  s:untouched(m:jit("N.C+P.M"), "S_OK", true)
  s:contains(text(s), "Left as it is: [A]N.C+P.M(): the new body is bad POINTER_AS_OBJECT at IL_00")
end)

ours("a type parameter may be boxed, unless it allows by-ref-like types", function(s)
  s:env { NEW_RELIC_SAFE_REWRITE = "true" }
  local function generic(flags) return { name = "M", sig = "10 01 01 01 1e 00", body = "06 2a", generic = { { name = "T", flags = flags } } } end
  s:home { rules = { { assembly = "A", class = "N.C", method = "M" }, { assembly = "A", class = "N.D", method = "M" } } }
  local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = { generic(0) } }, { name = "N.D", methods = { generic(0x20) } } } })
  s:rewritten(m:jit("N.C.M"))
  s:untouched(m:jit("N.D.M"), "S_OK", true)
  s:contains(text(s), "unknown TYPE_UNRESOLVED")
end)

-- Assembly A with N.C.M, whose one parameter is written `sig`; `types` behind N.C, `specs` and `refs` of the assembly, other assemblies loaded.
local function parameter(s, row)
  s:env { NEW_RELIC_SAFE_REWRITE = "true" }
  s:home { rules = { { assembly = "A", class = "N.C", method = "M" } } }
  local clr = s:core()
  for _, other in ipairs(row.loaded or {}) do clr:load(s:assembly(other)) end
  local types = { { name = "N.C", generic = row.generic, methods = { { name = "M", sig = (row.generic and "20" or "00") .. " 01 01 " .. row.sig, body = "06 2a" } } } }
  for _, t in ipairs(row.types or {}) do types[#types + 1] = t end
  local refs = { VALUE_TYPE, "[System.Runtime]System.Enum", BY_REF_LIKE }
  for _, r in ipairs(row.refs or {}) do refs[#refs + 1] = r end
  return clr:load(s:assembly { name = "A", refs = { "System.Runtime", "Lib", "Fwd" }, type_refs = refs, types = types })
end

local LIB = { name = "Lib", type_refs = { VALUE_TYPE, BY_REF_LIKE, "[System.Runtime]System.Enum" }, types = {
  { name = "Lib.Outer", types = { { name = "Point", flags = 0x10010a, extends = VALUE_TYPE },
    { name = "View", flags = 0x10010a, extends = VALUE_TYPE, attributes = { BY_REF_LIKE } } } },
  { name = "Lib.Color", flags = 0x101, extends = "[System.Runtime]System.Enum" }, { name = "Lib.View`1", flags = 0x109, extends = VALUE_TYPE, generic = { "T" }, attributes = { BY_REF_LIKE } },
  { name = "Lib.Pair`1", flags = 0x109, extends = VALUE_TYPE, generic = { "T" } } } }
local FWD = { name = "Fwd", refs = { "System.Runtime", "Lib" }, exported = { "[Lib]Lib.Outer" }, types = {} }

for _, row in ipairs {
  -- coded tokens: TypeRef 4 is 11, what is nested in it 15, TypeDef 3 is 0c
  { "an enumeration", sig = "11 11", refs = { "[Lib]Lib.Color" }, ok = true },
  { "an enumeration of the assembly itself", sig = "11 0c", types = { { name = "N.E", flags = 0x101, extends = "[System.Runtime]System.Enum" } }, ok = true },
  { "a nested value type", sig = "11 15", refs = { "[Lib]Lib.Outer/Point" }, ok = true },
  { "a nested by-ref-like type", sig = "11 15", refs = { "[Lib]Lib.Outer/View" }, verdict = "bad BY_REF_LIKE" },
  { "a nested type that is not there", sig = "11 15", refs = { "[Lib]Lib.Outer/None" }, verdict = "unknown TYPE_UNRESOLVED" },
  { "a nested value type, forwarded", sig = "11 15", refs = { "[Fwd]Lib.Outer/Point" }, ok = true },
  { "a nested by-ref-like type, forwarded", sig = "11 15", refs = { "[Fwd]Lib.Outer/View" }, verdict = "bad BY_REF_LIKE" },
  { "a type that no assembly has", sig = "11 11", refs = { "[Fwd]Lib.None" }, verdict = "unknown TYPE_UNRESOLVED" },
  { "a reference into the assembly itself", sig = "11 11", refs = { "[]N.P" }, types = { { name = "N.P", flags = 0x109, extends = VALUE_TYPE } }, ok = true },
  { "a reference into the assembly itself that leads nowhere", sig = "11 11", refs = { "[]N.None" }, verdict = "unknown TYPE_UNRESOLVED" },
  { "a base class that is not there", sig = "11 0c", types = { { name = "N.P", flags = 0x109, extends = 0x01000077 } }, verdict = "unknown TYPE_UNRESOLVED" },
  { "a by-ref-like type by its name alone", sig = "11 11", refs = { "[System.Runtime]System.Span`1" }, verdict = "bad BY_REF_LIKE" },
  { "a by-ref-like type by the name of its definition", sig = "11 0c", types = { { name = "System.ArgIterator", flags = 0x109, extends = VALUE_TYPE } }, verdict = "bad BY_REF_LIKE" },
  { "a value type by its name alone", sig = "11 11", refs = { "[System.Runtime]System.Guid" }, ok = true },
  { "an instance of a generic value type", sig = "15 11 11 01 08", refs = { "[Lib]Lib.Pair`1" }, ok = true },
  { "an instance of a generic by-ref-like type", sig = "15 11 11 01 08", refs = { "[Lib]Lib.View`1" }, verdict = "bad BY_REF_LIKE" },
  { "an instance of a generic class", sig = "15 12 11 01 08", refs = { "[Lib]Lib.None`1" }, ok = true },
  { "a type parameter of the class", sig = "13 00", generic = { "T" }, ok = true },
  { "a type parameter that may be by-ref-like", sig = "13 00", generic = { { name = "T", flags = 0x20 } }, verdict = "unknown TYPE_UNRESOLVED" },
  { "a type parameter that is not there", sig = "13 05", generic = { "T" }, verdict = "unknown TYPE_UNRESOLVED" },
  { "a native integer", sig = "18", ok = true },
  { "a pointer", sig = "0f 08", ok = true },
} do
  ours("boxed: " .. row[1], function(s)
    row.loaded = { LIB, FWD }
    local m = parameter(s, row)
    local r = m:jit("N.C.M")
    if row.ok then
      s:rewritten(r)
      s:log_lacks "Left as it is"
    else
      s:untouched(r, "S_OK", true)
      s:contains(text(s), "the new body is " .. row.verdict .. " at IL_00")
    end
  end)
end

-- ---- when it stops ----------------------------------------------------------------------------------------------------------------

local function many(s, count)
  local methods, names = {}, {}
  for i = 1, count do
    names[i] = "M" .. i
    methods[i] = { name = names[i], sig = "00 01 01 11 0c", body = "06 2a" }
  end
  names[count + 1] = "Good"
  methods[count + 1] = { name = "Good", sig = "00 00 01", body = "06 2a" }
  s:home { rules = { { assembly = "A", class = "N.C", method = names } } }
  return s:assembly { name = "A", type_refs = { VALUE_TYPE, BY_REF_LIKE }, types = { { name = "N.C", methods = methods }, SPAN } }
end

ours("after so many refusals nothing more is instrumented, and one line says so", function(s)
  s:env { NEW_RELIC_SAFE_REWRITE = "1", NEW_RELIC_PROFILER_FAULT_LIMIT = "3" }
  local image = many(s, 4)
  local clr = s:core()
  local m = clr:load(image)
  s:rewritten(m:jit("N.C.Good"))
  for i = 1, 4 do s:untouched(m:jit("N.C.M" .. i), i < 4 and "S_OK" or nil, true) end
  s:equal(s:log_count "Left as it is", 3)
  s:equal(s:log_count "[Error] 3 internal faults or refusals of the verifier: no further method is instrumented in this process (NEW_RELIC_PROFILER_FAULT_LIMIT).", 1)
  local other = clr:load((many(s, 1)))
  s:equal(other.requests, {})
  s:untouched(other:jit("N.C.Good"), nil, true)
end)

ours("0 is no limit; what is no number counts as the default", function(s)
  s:env { NEW_RELIC_SAFE_REWRITE = "1", NEW_RELIC_PROFILER_FAULT_LIMIT = "0" }
  local image = many(s, 120)
  local m = s:core():load(image)
  for i = 1, 120 do m:jit("N.C.M" .. i) end
  s:equal(s:log_count "Left as it is", 120)
  s:rewritten(m:jit("N.C.Good"))
end)

ours("100 is the default, also for what is no number", function(s)
  s:env { NEW_RELIC_SAFE_REWRITE = "1", NEW_RELIC_PROFILER_FAULT_LIMIT = "many" }
  local image = many(s, 101)
  local m = s:core():load(image)
  s:log_has("[Warn ] NEW_RELIC_PROFILER_FAULT_LIMIT: 'many' is no number, 100 counts")
  for i = 1, 101 do m:jit("N.C.M" .. i) end
  s:equal(s:log_count "Left as it is", 100)
end)

ours("what the reference refuses as well is no fault", function(s)
  s:env { NEW_RELIC_PROFILER_FAULT_LIMIT = "1" }
  s:home { rules = { { assembly = "A", class = "N.C", method = { "Bad", "Worse", "Good" } } } }
  local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = {
    { name = "Bad", sig = "00 00 01", body = { code = "02 2c 01 2a 14 7a" } }, { name = "Worse", sig = "00 00 0f 08", body = "0a 14 2a" },
    { name = "Good", sig = "00 00 01", body = "06 2a" } } } } })
  s:untouched(m:jit("N.C.Bad"))
  s:untouched(m:jit("N.C.Worse"), "E_FAIL", true)
  s:rewritten(m:jit("N.C.Good"))
end)

-- ---- the kill switch ------------------------------------------------------------------------------------------------------------------

ours("NEW_RELIC_PROFILER_DISABLED=1: nothing is read, nothing is instrumented", function(s)
  s:env { NEW_RELIC_PROFILER_DISABLED = "1" }
  s:home { config = "<this is no configuration", ["extensions/x.lua"] = "error 'never read'" }
  local clr = s:core { fails = true }
  s:equal(clr.result, "CORPROF_E_PROFILER_CANCEL_ACTIVATION")
  s:equal({ clr:mask() }, { 0, 0 })
  s:log_is({ "Trace", "Debug", "Info ", "Warn ", "Error" }, { "[Info ] NEW_RELIC_PROFILER_DISABLED is set: nothing is instrumented, unloading profiler." })
end)

ours("NEW_RELIC_PROFILER_DISABLED=0 changes nothing", function(s)
  s:env { NEW_RELIC_PROFILER_DISABLED = "0" }
  s:rewritten(s:method { body = "06 2a" }:jit())
end)

ours("NEW_RELIC_PROFILER_DISABLED with logging off writes no file", function(s)
  s:env { NEW_RELIC_PROFILER_DISABLED = "true", NEW_RELIC_LOG_ENABLED = "false" }
  s:core { fails = true }
  s:equal(s:log(), {})
end)

return t
