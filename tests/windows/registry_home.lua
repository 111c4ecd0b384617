-- environment-and-files.md 3.2, 5.1 and 7.1: the home that registry.sh has put into the registry, and what it is not used for.

local nr = require "nr"
local scenario = require "nrprof.scenario"
local files = require "nr.clr".files
local t = scenario.suite "registry"

local home = os.getenv "NRPROF_TEST_HOME" and require "nr.clr".getenv "NRPROF_TEST_HOME"
local NO_HOME = { CORECLR_NEW_RELIC_HOME = false, CORECLR_NEWRELIC_HOME = false, NEW_RELIC_HOME = false, NEWRELIC_HOME = false }

local RULE = { assembly = "A", class = "N.C", method = "M" }

-- The agent's DLL is not looked for in that home, nor is the log made there: both are told in other ways.
local function start(s, runtime)
  s:home { config = false, core = "" }
  nr.write(home .. "\\newrelic.config", scenario.config_xml { level = "debug" })
  nr.write(home .. "\\extensions\\rules.xml", scenario.rules_xml { RULE })
  s:env(NO_HOME)
  s:env { NEW_RELIC_INSTALL_PATH = "home", NEW_RELIC_LOG_DIRECTORY = s.directory .. "\\logs" }
  return s[runtime](s)
end

for _, runtime in ipairs { "core", "desktop" } do
  t:test(runtime .. ": configuration and rules come from the registry's home", function(s)
    local c = start(s, runtime)
    s:log_has("[Debug] Parsing instrumentation file '" .. home .. "\\extensions\\rules.xml'")
    s:log_lacks "Unable to find New Relic Home directory"
    local m = c:load(s:assembly { name = "A", types = { { name = "N.C", methods = { { name = "M", sig = "00 00 01", body = "06 2a" } } } } })
    s:rewritten(m:jit "N.C.M")
    s:equal(#files(home .. "\\Logs", ".log"), 0, "log files in the home")
  end)
end

t:test("the environment's home goes before it", function(s)
  nr.write(home .. "\\newrelic.config", scenario.config_xml { level = "debug" })
  s:home { rules = { RULE } }
  s:core()
  s:log_has "[Debug] Parsing instrumentation file 'home\\extensions\\rules.xml'"
  s:log_lacks(home)
end)

t:test("the agent's DLL is not looked for there", function(s)
  nr.write(home .. "\\newrelic.config", scenario.config_xml { level = "debug" })
  nr.write(home .. "\\NewRelic.Agent.Core.dll", scenario.agent_dll(false))
  s.home_made = true
  s:env(NO_HOME)
  s:env { NEW_RELIC_INSTALL_PATH = false, NEW_RELIC_LOG_DIRECTORY = s.directory .. "\\logs" }
  s:equal(s:core { fails = true }.result, "CORPROF_E_PROFILER_CANCEL_ACTIVATION")
  s:log_lacks "Unable to find New Relic Home directory"
  s:log_lacks("Searching for New Relic Agent DLL at: " .. home)
end)
