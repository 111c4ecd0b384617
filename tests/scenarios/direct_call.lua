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

t:test("methods of a value type: this is no object", OURS, function(s)
  local clr = start(s)
  local m = clr:load(target(s, "[System.Runtime]System.ValueType"))
  clr:load(agent(s), AT)
  s:equal({ is_direct(s, m:jit "N.C.M"), is_direct(s, m:jit "N.C.K") }, { false, true })
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
