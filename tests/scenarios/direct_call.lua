-- The switch call = "direct" (docs/compat.md): the agent's function is called by its address once it is known to be there.

local scenario = require "nrprof.scenario"
local t = scenario.suite "direct call"
local SEPARATOR = require "nr".windows and "\\" or "/"

local OURS = { only_ours = "direct calls are an addition" }
local ACTION = "15 12 0d 02 1c 12 15" -- Action`2<object,Exception>; type_refs 3 and 5

local function agent(s, sig, name)
  return s:assembly { name = "NewRelic.Agent.Core", refs = { "System.Runtime" },
    type_refs = { "[System.Runtime]System.Object", "[System.Runtime]System.Type", "[System.Runtime]System.Action`2",
      "[System.Runtime]System.ValueType", "[System.Runtime]System.Exception" },
    types = { { name = "NewRelic.Agent.Core.AgentShim", methods = { { name = name or "GetFinishTracerDelegate",
      sig = sig or "00 0b " .. ACTION .. " 0e 09 0e 0e 12 09 0e 0e 0e 1c 1d 1c 0b", body = "14 2a" } } } } }
end

local function target(s, extends)
  return s:assembly { name = "A", refs = { "System.Runtime" },
    type_refs = { "[System.Runtime]System.Object", "[System.Runtime]System.ValueType" },
    types = { { name = "N.C", extends = extends, methods = { { name = "M", sig = "20 01 08 08", body = "0a 03 2a" },
      { name = "K", sig = "00 00 01", body = "06 2a" } } } } }
end

local function start(s, flavour)
  s:env { NEW_RELIC_DIRECT_CALL = "1" }
  s:home { rules = { { assembly = "A", class = "N.C", method = { "M", "K" } } } }
  return s[flavour or "core"](s)
end

local AT = { path = "home/NewRelic.Agent.Core.dll" }
local function is_direct(s, r)
  s:rewritten(r)
  return r:listing():find("calli", 1, true) ~= nil
end

t:test("before the agent is there the function is called by reflection, then what was written is compiled again", OURS, function(s)
  local clr = start(s)
  local m = clr:load(target(s))
  s:equal(is_direct(s, m:jit "N.C.M"), false)
  local core = clr:load(agent(s), AT)
  s:equal(core.requests, { "RequestReJIT N.C.M" })
  local r = m:jit "N.C.M"
  s:equal(is_direct(s, r), true)
  s:valid(r)
  s:equal(is_direct(s, m:jit "N.C.K"), true)
  s:log_has "Switch call is on: "
end)

t:test("the text of the call", OURS, function(s)
  local clr = start(s)
  local m = clr:load(target(s))
  clr:load(agent(s), AT)
  local r = m:jit "N.C.K"
  local token = string.unpack("<I4", scenario.image.bytes(r.code):match "\x4d%)(..\0\x11)") -- ldind.i; calli
  s:bytes(m:signature(token), "00 0b 15 12 ?? 02 1c 12 ?? 0e 09 0e 0e 12 ?? 0e 0e 0e 1c 1d 1c 0b")
  s:contains(r:listing(), "GetFunctionPointer")
  s:valid(r)
end)

for _, row in ipairs {
  { "an int for the flags", "00 0b " .. ACTION .. " 0e 08 0e 0e 12 09 0e 0e 0e 1c 1d 1c 0b" },
  { "ten parameters", "00 0a " .. ACTION .. " 0e 09 0e 0e 12 09 0e 0e 0e 1c 1d 1c" },
  { "an object as its result", "00 0b 1c 0e 09 0e 0e 12 09 0e 0e 0e 1c 1d 1c 0b" },
  { "an instance method", "20 0b " .. ACTION .. " 0e 09 0e 0e 12 09 0e 0e 0e 1c 1d 1c 0b" },
  { "another name", nil, "GetFinishTracer" },
  { "no result", "00 0b 01 0e 09 0e 0e 12 09 0e 0e 0e 1c 1d 1c 0b" },
  { "a result by reference", "00 0b 10 1c 0e 09 0e 0e 12 09 0e 0e 0e 1c 1d 1c 0b" },
  { "a typed reference as its result", "00 0b 16 0e 09 0e 0e 12 09 0e 0e 0e 1c 1d 1c 0b" },
  { "a signature that is cut off", "00 0b 1c 0e" },
  { "parameters of a type that is not there", "00 0b " .. ACTION .. " 0e 09 0e 0e 12 7d 0e 0e 0e 1c 1d 1c 0b" },
  { "a result of a type that is not there", "00 0b 12 7d 0e 09 0e 0e 12 09 0e 0e 0e 1c 1d 1c 0b" },
} do
  t:test("an agent's function that is not as expected is called by reflection: " .. row[1], OURS, function(s)
    local clr = start(s)
    local m = clr:load(target(s))
    m:jit "N.C.M"
    s:equal(clr:load(agent(s, row[2], row[3]), AT).requests, {})
    s:equal(is_direct(s, m:jit "N.C.K"), false)
    s:log_has "No direct calls: home/NewRelic.Agent.Core.dll has no static System.Action`2[System.Object,System.Exception] NewRelic.Agent.Core.AgentShim.GetFinishTracerDelegate("
  end)
end

t:test("an assembly of that name from elsewhere does not count", OURS, function(s)
  local clr = start(s)
  local m = clr:load(target(s))
  clr:load(agent(s), { path = "elsewhere/NewRelic.Agent.Core.dll" })
  s:equal(is_direct(s, m:jit "N.C.K"), false)
  s:log_has("[Info ] No direct calls into elsewhere/NewRelic.Agent.Core.dll, it is not the agent's assembly (home"
    .. SEPARATOR .. "NewRelic.Agent.Core.dll).")
  clr:load(agent(s), AT)
  s:equal(is_direct(s, m:jit "N.C.K"), true)
end)

t:test("an agent without the type is called by reflection", OURS, function(s)
  local clr = start(s)
  local m = clr:load(target(s))
  clr:load(s:assembly { name = "NewRelic.Agent.Core", types = { { name = "NewRelic.Agent.Core.Other" } } }, AT)
  s:equal(is_direct(s, m:jit "N.C.K"), false)
  s:log_has "No direct calls: home/NewRelic.Agent.Core.dll has no static "
end)

for _, row in ipairs {
  { "home//NewRelic.Agent.Core.dll", true }, -- two separators are one
  { "home\\NewRelic.Agent.Core.dll", require "nr".windows }, -- elsewhere a character like any other
  { "home\\/\\NewRelic.Agent.Core.dll", require "nr".windows },
  { "home/NewRelic.Agent.Core.dll.old", false },
  { "home/NewRelic.Agent.Core.dl", false },
  { "home.NewRelic.Agent.Core.dll", false },
  { "homeNewRelic.Agent.Core.dll", false },
  { "home/NewRelic/Agent.Core.dll", false },
  { "HOME/NewRelic.Agent.Core.dll", require "nr".windows },
} do
  t:test("is " .. row[1] .. " the agent's assembly?", OURS, function(s)
    local clr = start(s)
    local m = clr:load(target(s))
    clr:load(agent(s), { path = row[1] })
    s:equal(is_direct(s, m:jit "N.C.K"), row[2])
    s:equal(s:log_count "No direct calls into ", row[2] and 0 or 1)
  end)
end

t:test("a home directory that ends with separators", OURS, function(s)
  s:env { NEW_RELIC_DIRECT_CALL = "1", CORECLR_NEW_RELIC_HOME = "home//" }
  s:home { rules = { { assembly = "A", class = "N.C", method = "K" } } }
  local clr = s:core()
  local m = clr:load(target(s))
  clr:load(agent(s), AT)
  s:equal(is_direct(s, m:jit "N.C.K"), true)
end)

t:test("as many methods as have been written are compiled again, but for those of modules that went away", OURS, function(s)
  local names, methods = {}, {}
  for i = 1, 70 do
    names[i] = "M" .. i
    methods[i] = { name = names[i], sig = "00 00 01", body = "06 2a" }
  end
  s:env { NEW_RELIC_DIRECT_CALL = "1" }
  s:home { rules = { { assembly = "A", class = "N.C", method = names }, { assembly = "B", class = "N.C", method = names } } }
  local clr = s:core()
  local function load(name) return clr:load(s:assembly { name = name, types = { { name = "N.C", methods = methods } } }) end
  local a, b = load "A", load "B"
  for _, name in ipairs(names) do
    s:equal(is_direct(s, a:jit("N.C." .. name)), false)
    s:equal(is_direct(s, b:jit("N.C." .. name)), false)
  end
  a:unload()
  local asked = clr:load(agent(s), AT).requests
  s:equal(#asked, 1)
  s:equal(select(2, asked[1]:gsub("N%.C%.M%d+", "")), 70)
  s:equal(is_direct(s, b:jit "N.C.M70"), true)
  s:equal(clr:load(agent(s), AT).requests, {}) -- once
end)

t:test("methods of a value type: this is no object, and one line for a module says so", OURS, function(s)
  s:env { NEW_RELIC_DIRECT_CALL = "1" }
  s:home { rules = { { assembly = "A", class = "N.C", method = { "L", "M", "K" } } } }
  local clr = s:core()
  local m = clr:load(s:assembly { name = "A", refs = { "System.Runtime" },
    type_refs = { "[System.Runtime]System.Object", "[System.Runtime]System.ValueType" },
    types = { { name = "N.C", extends = "[System.Runtime]System.ValueType", methods = { { name = "M", sig = "20 00 01", body = "06 2a" },
      { name = "L", sig = "20 00 01", body = "06 2a" }, { name = "K", sig = "00 00 01", body = "06 2a" } } } } })
  clr:load(agent(s), AT)
  s:equal({ is_direct(s, m:jit "N.C.M"), is_direct(s, m:jit "N.C.L"), is_direct(s, m:jit "N.C.K") }, { false, false, true })
  s:log_has "[Info ] No direct calls from methods of value types in A (the first is N.C.M): their 'this' is no object. The template 'tracer' writes instead."
  s:equal(s:log_count "No direct calls", 1)
end)

t:test("a module that went away is not asked for", OURS, function(s)
  local clr = start(s)
  local m = clr:load(target(s))
  m:jit "N.C.M"
  m:unload()
  s:equal(clr:load(agent(s), AT).requests, {})
end)

t:test("a rule's own template stays", OURS, function(s)
  s:env { NEW_RELIC_DIRECT_CALL = "1" }
  s:home { ["extensions/x.lua"] = "tracer { template = 'tracer' } match { assembly = 'A', class = 'N.C', 'K' }" }
  local clr = s:core()
  clr:load(agent(s), AT)
  s:equal(is_direct(s, clr:load(target(s)):jit "N.C.K"), false)
end)

t:test("the template of direct calls is switched off", OURS, function(s)
  s:env { NEW_RELIC_TEMPLATES_DISABLED = "direct" }
  local clr = start(s)
  local m = clr:load(target(s))
  clr:load(agent(s), AT)
  s:untouched(m:jit "N.C.K")
end)

t:test("not on .NET Framework", OURS, function(s)
  start(s, "desktop")
  s:log_has "[Info ] No direct calls: they need .NET (Core). The agent is called by reflection."
end)

-- A template of one's own that calls a function by its address: it leaves a number where the built-in one has the address.
local OWN = [[
local shim = require "nrprof.shim"
template { name = "own",
  entry = { assembly = "NewRelic.Agent.Core", class = "NewRelic.Agent.Core.AgentShim", method = "METHOD",
    parameters = "System.Int32", returns = "System.Int32", instead = "tracer" },
  body = function()
    ldc_i4(1) ldc_i8 "$shared_word" conv_i() ldind_i()
    calli "int32 [mscorlib]NewRelic.Agent.Core.AgentShim::METHOD(int32)" pop()
    original() ret()
  end }]]

local function with_own_files(s, method)
  s:home { ["instrumentation/templates/own.lua"] = OWN:gsub("METHOD", method),
    ["extensions/x.lua"] = "tracer { template = 'own' } match { assembly = 'A', class = 'N.C', 'K' }\n"
      .. "tracer { } match { assembly = 'A', class = 'N.C', 'M' }" }
end

local function with_own(s, method, switch)
  s:env { NEW_RELIC_DIRECT_CALL = switch }
  with_own_files(s, method)
  return s:core()
end

local function agent_with_own(s)
  return s:assembly { name = "NewRelic.Agent.Core", refs = { "System.Runtime" },
    type_refs = { "[System.Runtime]System.Object", "[System.Runtime]System.Type", "[System.Runtime]System.Action`2",
      "[System.Runtime]System.ValueType", "[System.Runtime]System.Exception" },
    types = { { name = "NewRelic.Agent.Core.AgentShim", methods = {
      { name = "GetFinishTracerDelegate", sig = "00 0b " .. ACTION .. " 0e 09 0e 0e 12 09 0e 0e 0e 1c 1d 1c 0b", body = "14 2a" },
      { name = "Own", sig = "00 01 08 08", body = "02 2a" }, { name = "Text", sig = "00 01 08 0e", body = "16 2a" } } } } }
end

-- The words whose address is in the code: ldc.i8 …; conv.i.
local function words_of(r)
  local words, seen = {}, {}
  for at in scenario.image.bytes(r.code):gmatch "\x21(........)\xd3" do
    if not seen[at] then words[#words + 1] = at end
    seen[at] = true
  end
  return words
end

t:test("a template with another function has its own word, and is looked for on its own", OURS, function(s)
  local clr = with_own(s, "Own", "1")
  local m = clr:load(target(s))
  s:equal({ is_direct(s, m:jit "N.C.K"), is_direct(s, m:jit "N.C.M") }, { false, false })
  s:equal(#clr:load(agent_with_own(s), AT).requests, 2) -- one for each function
  local own, direct = m:jit "N.C.K", m:jit "N.C.M"
  s:equal({ is_direct(s, own), is_direct(s, direct) }, { true, true })
  s:valid(own)
  local a, b = words_of(own), words_of(direct)
  s:equal({ #a, #b }, { 1, 1 })
  s:equal(a[1] ~= b[1], true)
end)

for _, method in ipairs { "Text", "Missing" } do
  t:test("a template whose function is not as it says is not used, whatever the built-in one's is: " .. method, OURS, function(s)
    local clr = with_own(s, method, "1")
    local m = clr:load(target(s))
    clr:load(agent_with_own(s), AT)
    s:equal({ is_direct(s, m:jit "N.C.M"), is_direct(s, m:jit "N.C.K") }, { true, false })
    s:log_has("No direct calls: home/NewRelic.Agent.Core.dll has no static System.Int32 NewRelic.Agent.Core.AgentShim." .. method
      .. "(System.Int32) as ")
    s:log_has "own.lua:2 wants it. The template 'tracer' writes instead."
  end)
end

t:test("a template of one's own needs no switch", OURS, function(s)
  local clr = with_own(s, "Own")
  local m = clr:load(target(s))
  s:equal(is_direct(s, m:jit "N.C.K"), false)
  s:equal(clr:load(agent_with_own(s), AT).requests, { "RequestReJIT N.C.K" })
  s:equal({ is_direct(s, m:jit "N.C.K"), is_direct(s, m:jit "N.C.M") }, { true, false })
end)

t:test("one's own on .NET Framework", OURS, function(s)
  with_own(s, "Own")
  local clr = s:desktop()
  local m = clr:load(target(s))
  clr:load(agent_with_own(s), AT)
  s:equal(is_direct(s, m:jit "N.C.K"), false)
  s:log_has ": functions are called by address on .NET (Core) only; the template 'tracer' writes instead."
end)

t:test("templates that stand in for each other write nothing", OURS, function(s)
  s:home { ["instrumentation/templates/own.lua"] = OWN:gsub("METHOD", "Missing"):gsub('"tracer"', '"two"') .. "\n"
      .. OWN:gsub("METHOD", "None"):gsub('"tracer"', '"own"'):gsub('name = "own"', 'name = "two"'),
    ["extensions/x.lua"] = "tracer { template = 'own' } match { assembly = 'A', class = 'N.C', 'K' }" }
  local clr = s:core()
  s:untouched(clr:load(target(s)):jit "N.C.K")
  s:log_has "there is no usable template 'own', the method stays as it is"
end)

t:test("a template cannot stand in for itself", OURS, function(s)
  s:home { ["instrumentation/templates/own.lua"] = OWN:gsub('"tracer"', '"own"') }
  s:core()
  s:log_has "own.lua:2: template: the template 'own' cannot stand in for itself (entry, field 'instead') - the file is skipped"
end)

t:test("rules and templates change when the agent is there: what the new template calls is looked for", OURS, function(s)
  local function is_direct_now(m, method) return scenario.image.bytes(m:body(method)):find "\x4d%)..\0\x11" ~= nil end -- ldind.i; calli
  local clr = with_own(s, "Own", "1")
  local m = clr:load(target(s))
  clr:load(agent_with_own(s), AT)
  s:equal({ is_direct(s, m:jit "N.C.K"), is_direct(s, m:jit "N.C.M") }, { true, true })
  for _, row in ipairs { { "Missing", false }, { "Own", true }, { "Text", false } } do
    with_own_files(s, row[1])
    s:equal(clr:call "InstrumentationRefresh", "S_OK")
    clr:jit_pending()
    s:equal({ is_direct_now(m, "N.C.K"), is_direct_now(m, "N.C.M") }, { row[2], true })
  end
end)
