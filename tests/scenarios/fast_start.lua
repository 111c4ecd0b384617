-- The switches keep_precompiled (fast start) and veto_inlining: docs/compat.md.

local scenario = require "nrprof.scenario"
local t = scenario.suite "fast start"

local OURS = { only_ours = "fast start is an addition" }
local FAST = { NEW_RELIC_FAST_START = "1" }
local TRACE = "[X]NewRelic.Api.Agent.TraceAttribute"

local function method(name, attributes, sig) return { name = name, sig = sig or "00 00 01", body = "06 2a", attributes = attributes } end

-- A: N.C with M (rule), K, T (attribute), G generic; N.D with M; N.C+E with M (rule).
local function assembly(s, name)
  return s:assembly { name = name, types = {
    { name = "N.C", methods = { method "M", method "K", method("T", { TRACE }),
      { name = "G", sig = "10 01 00 01", generic = { "T" }, body = "06 2a" } }, types = { { name = "E", methods = { method "M" } } } },
    { name = "N.D", methods = { method "M" } } } }
end
local RULES = { { assembly = "A", class = "N.C", method = { "M", "G" } }, { assembly = "A", class = "N.C+E", method = "M" } }

local function start(s, env)
  s:env(env or FAST)
  s:home { rules = RULES }
  return s:core()
end

t:test("without the switch: the reference's event mask, and nothing is asked", OURS, function(s)
  local clr = start(s, {})
  s:equal({ clr:mask() }, { 0xB0040224, 8 })
  local m = clr:load(assembly(s, "A"))
  s:equal({ m:precompiled "N.C.M", m:inline("N.C.K", "N.C.M") }, { true, true, "S_OK" })
end)

t:test("the mask keeps precompiled code and tiering, and asks before code is used", OURS, function(s)
  local clr = start(s)
  s:equal({ clr:mask() }, { 0x10060224, 0 })
  s:log_has "Switch keep_precompiled is on: "
end)

t:test("precompiled code of wanted methods is refused, all other is used", OURS, function(s)
  local m = start(s):load(assembly(s, "A"))
  local used = {}
  for _, name in ipairs { "N.C.M", "N.C.K", "N.C.T", "N.C.G", "N.C+E.M", "N.D.M" } do used[name] = (m:precompiled(name)) end
  s:equal(used, { ["N.C.M"] = false, ["N.C.K"] = true, ["N.C.T"] = false, ["N.C.G"] = false, ["N.C+E.M"] = false, ["N.D.M"] = true })
end)

t:test("methods that cannot be listed count as wanted", OURS, function(s)
  for _, slot in ipairs { "EnumCustomAttributes", "GetCustomAttributeProps" } do
    s:env(FAST)
    s:home { rules = RULES }
    local clr = s:core { fail = { "IMetaDataImport", slot, 1 } }
    local m = clr:load(assembly(s, "B"))
    s:equal({ slot, (m:precompiled "N.C.T"), (m:precompiled "N.D.M") }, { slot, false, false })
    clr:shutdown()
  end
end)

t:test("an assembly without rules: only attributes count", OURS, function(s)
  local m = start(s):load(assembly(s, "B"))
  s:equal({ (m:precompiled "N.C.M"), (m:precompiled "N.C.T") }, { true, false })
end)

t:test("a refused method is instrumented as ever", OURS, function(s)
  local m = start(s):load(assembly(s, "A"))
  for _, name in ipairs { "N.C.M", "N.C.T", "N.C+E.M" } do
    s:equal((m:precompiled(name)), false)
    s:rewritten(m:jit(name))
  end
end)

for _, name in ipairs { "NEW_RELIC_FAST_START", "NEW_RELIC_VETO_INLINING" } do
  t:test(name .. ": wanted methods are not inlined", OURS, function(s)
    local m = start(s, { [name] = "1" }):load(assembly(s, "A"))
    local inlined = {}
    for _, callee in ipairs { "N.C.M", "N.C.K", "N.C.T", "N.C+E.M", "N.D.M" } do inlined[callee] = (m:inline("N.D.M", callee)) end
    s:equal(inlined, { ["N.C.M"] = false, ["N.C.K"] = true, ["N.C.T"] = false, ["N.C+E.M"] = false, ["N.D.M"] = true })
  end)
end

t:test("the veto alone changes no mask", OURS, function(s)
  s:equal({ start(s, { NEW_RELIC_VETO_INLINING = "1" }):mask() }, { 0xB0040224, 8 })
end)

for _, whole in ipairs { true, false } do
  t:test("precompiled code that contains a wanted method, in another module that loaded before" .. (whole and "" or ", from a list that is not whole"), OURS, function(s)
    local clr = start(s)
    local b = clr:load(assembly(s, "B"))
    s:equal((b:precompiled "N.D.M"), true)
    -- The list of an image is there from the beginning; the simulation can name the other module only when it is loaded, so the rule comes last.
    s:home { rules = {} }
    s:equal(clr:call "InstrumentationRefresh", "S_OK")
    local a = clr:load(assembly(s, "A"))
    b:inlined("N.D.M", a, "N.C.M")
    b:inlined("N.C.K", a, "N.C.K")
    if not whole then b:inlined_more() end
    s:home { rules = RULES }
    local result, happened = clr:call "InstrumentationRefresh"
    s:equal(result, "S_OK")
    s:equal(happened.requests, { "RequestReJIT N.C.M, N.C.G", "RequestReJIT N.D.M" })
    s:equal({ (b:precompiled "N.D.M"), (b:precompiled "N.C.K") }, { false, true })
    s:untouched(b:jit "N.D.M") -- compiled again from its own code
    _, happened = clr:call "InstrumentationRefresh"
    s:equal(happened.requests, { "RequestReJIT N.C.M, N.C.G" })
  end)
end

-- What lists cannot show is told once for each image, and only where a wanted method might be in it.
for _, row in ipairs {
  { "an image whose list is not whole", true, true, "does not list all methods that are inlined in it (0x1)." },
  { "an image with code and no list", true, false, "has no list of methods that are inlined in it (0x80131351)." },
  { "an image without code", false, false },
} do
  t:test(row[1], OURS, function(s)
    local clr = start(s)
    local b = clr:load(s:assembly { name = "B", precompiled = row[2], types = { { name = "N.D", methods = { method "M" } } } })
    if row[3] then b:inlined_more() end
    local line = "The image of B " .. (row[4] or "")
    s:log_lacks(line) -- nothing is wanted that might be in it
    clr:load(assembly(s, "A"))
    s:equal(s:log_count(line .. (row[4] and " Copies of methods of A may be in it that are not instrumented." or "")), row[4] and 1 or 0)
    clr:load(assembly(s, "A"))
    s:equal(s:log_count(line), row[4] and 1 or 0)
  end)
end

t:test("nothing is told without fast start", OURS, function(s)
  local clr = start(s, { NEW_RELIC_VETO_INLINING = "1" })
  clr:load(s:assembly { name = "A", precompiled = true, types = { { name = "N.C", methods = { method "M" } } } })
  s:log_lacks "inlined in it"
end)

-- The runtime makes stubs that have a method's token and no IL, and with precompiled code it tells of them.
t:test("a callback for a method without IL says nothing", OURS, function(s)
  local m = start(s):load(assembly(s, "A"))
  m.clr:fail("ICorProfilerInfo", "GetILFunctionBody", 0, "CORPROF_E_FUNCTION_NOT_IL")
  s:untouched(m:jit "N.C.M")
  s:equal(m.clr:calls("ICorProfilerInfo", "GetILFunctionBody") > 0, true)
  s:log_is("Error", {})
  m.clr:fail_none()
  s:rewritten(m:jit "N.C+E.M")
end)

t:test("any other failure to get its IL is told", OURS, function(s)
  local m = start(s):load(assembly(s, "A"))
  m.clr:fail("ICorProfilerInfo", "GetILFunctionBody", 0, "E_FAIL")
  s:untouched(m:jit "N.C.M", "E_FAIL", true)
  s:log_has "[Error] An exception was thrown while getting details about a function."
end)

t:test("without the switch a method without IL is an error", {}, function(s)
  local m = start(s, {}):load(assembly(s, "A"))
  m.clr:fail("ICorProfilerInfo", "GetILFunctionBody", 0, "CORPROF_E_FUNCTION_NOT_IL")
  s:untouched(m:jit "N.C.M", "E_FAIL", true)
  s:log_has "[Error] An exception was thrown while getting details about a function."
end)

t:test("what is asked about a method that nobody knows", OURS, function(s)
  local m = start(s):load(assembly(s, "A"))
  m.clr:fail("ICorProfilerInfo", "GetFunctionInfo", 1)
  s:equal((m:precompiled "N.C.M"), true)
  m.clr:fail("ICorProfilerInfo", "GetFunctionInfo", 1)
  s:equal((m:inline("N.D.M", "N.C.M")), true)
  s:equal((m:precompiled "N.C.M"), false)
end)

t:test("a runtime that refuses the event mask gets the reference's", OURS, function(s)
  s:env(FAST)
  s:home { rules = RULES }
  local clr = s:core { fail = { "ICorProfilerInfo", "SetEventMask2", 1 } }
  s:equal({ clr:mask() }, { 0xB0040224, 8 })
  s:log_has "[Info ] No fast start: the runtime refused the event mask. Precompiled code and tiered compilation are off."
end)

-- .NET has every older interface beside the one without which nothing starts, so it is a query that fails: the one after those for 4,
-- 11 and 10.
t:test("a runtime without ICorProfilerInfo6 gets the reference's event mask and one line", OURS, function(s)
  s:env(FAST)
  s:home { rules = RULES }
  local clr = s:core { fail = { "ICorProfilerInfo", "QueryInterface", 4 } }
  s:equal({ clr:mask() }, { 0xB0040224, 8 })
  s:equal(s:log_count "No fast start: ", 1)
  s:log_has "[Info ] No fast start: the runtime lacks ICorProfilerInfo6. Precompiled code and tiered compilation are off."
  s:log_lacks "Switch keep_precompiled"
  local m = clr:load(assembly(s, "A"))
  s:equal((m:precompiled "N.C.M"), true) -- nobody asks
  s:rewritten(m:jit "N.C.M")
end)

t:test("no fast start on .NET Framework", OURS, function(s)
  s:env(FAST)
  s:home { rules = RULES }
  local clr = s:desktop()
  s:equal({ clr:mask() }, { 0xB0040224, 0 })
  s:log_has "[Info ] No fast start: it needs .NET (Core). Precompiled code and tiered compilation are off."
  s:log_lacks "Switch keep_precompiled"
end)
