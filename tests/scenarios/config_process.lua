-- newrelic-config.md 5 to 9: application lists, application pools, and the decision to instrument as far as it depends on variables and
-- files. The process is nrprof itself: rows of section 8 that need another path, parent or command line (8.1 rows 4 to 8, the command
-- lines of 8.2, SMSvcHost, w3wp and the predefined names of 8.3, 8.4, the application's .config) have their proof in
-- tests/unit/rules/test_process.c (core_command_lines, application_pools, framework, azure_functions) and test_config.c.

local scenario = require "nrprof.scenario"
local nr = require "nr"
local t = scenario.suite "newrelic-config: process"

local CANCEL = "CORPROF_E_PROFILER_CANCEL_ACTIVATION"
local EXE = nr.windows and "nrprof.exe" or "nrprof"
local UNLOADING = "[Info ] This process should not be instrumented, unloading profiler."
local NAMED = "due to existence of application node in newrelic.config or NEW_RELIC_INCLUDED_APPLICATION_NAMES environment variable."
local EXCLUDED, UNLISTED = " excluded by configuration.", "is not configured to be instrumented."

local function configuration(inside)
  return '<configuration><log level="finest"/>' .. (inside or "") .. "</configuration>"
end

local function applications(list) return "<instrumentation><applications>" .. list .. "</applications></instrumentation>" end

-- Starts and says what was decided: the line must be there.
local function decided(s, desktop, yes, ...)
  local start = desktop and s.desktop or s.core
  local clr = start(s, { fails = not yes })
  if not yes then
    s:equal(clr.result, CANCEL)
    s:log_has(UNLOADING)
  else
    s:log_lacks(UNLOADING)
    s:log_has "[Info ] Profiler initialized"
  end
  s:log_has(...)
  return clr
end

-- ---- 5: included and excluded applications, .NET Framework --------------------------------------------------------------------------

local function application(attributes) return "<application " .. attributes .. "/>" end
for _, row in ipairs {
  { "named", application(("name='%s'"):format(EXE)), NAMED }, { "in capitals", application(("name='%s'"):format(EXE:upper())), NAMED },
  { "the end of the name", application(("name='%s'"):format(EXE:sub(3))), NAMED }, { "an empty name", application "name=''", NAMED },
  { "include=true", application(("name='%s' include='true'"):format(EXE)), NAMED },
  { "include=1", application(("name='%s' include='1'"):format(EXE)), NAMED },
  { "include empty", application(("name='%s' include=''"):format(EXE)), NAMED },
  { "include=false", application(("name='%s' include='false'"):format(EXE)), EXCLUDED },
  { "include=FALSE", application(("name='%s' include='FALSE'"):format(EXE)), EXCLUDED },
  { "include=false for the end of the name", application(("name='%s' include='false'"):format(EXE:sub(3))), UNLISTED },
  { "both", application(("name='%s'"):format(EXE)) .. application(("name='%s' include='false'"):format(EXE)), EXCLUDED },
  { "the second", application "name='other.exe'" .. application(("name='%s'"):format(EXE)), NAMED },
  { "no name attribute", application "include='true'" .. application "Name2='x'", UNLISTED },
  { "another name", application "name='other.exe'", UNLISTED }, { "none", "", UNLISTED },
  { "blanks around", application(("name=' %s'"):format(EXE)), UNLISTED },
} do
  t:test("5: application: " .. row[1], { covers = { "newrelic-config 5", "newrelic-config 8.3", "newrelic-config 8" } }, function(s)
    s:home { config = configuration(applications(row[2])) }
    s:env { NEW_RELIC_FORCE_PROFILING = false }
    decided(s, true, row[3] == NAMED, row[3])
  end)
end

t:test("5.3: only the first instrumentation and the first applications count", { covers = "newrelic-config 5.3" }, function(s)
  s:home { config = configuration("<instrumentation><applications/><applications>" .. application(("name='%s'"):format(EXE))
    .. "</applications></instrumentation>" .. applications(application(("name='%s'"):format(EXE)))) }
  s:env { NEW_RELIC_FORCE_PROFILING = false }
  decided(s, true, false, UNLISTED)
end)

t:test("5.3: only the first rules element counts", { covers = "newrelic-config 5.3" }, function(s)
  s:home { config = configuration "<instrumentation><rules><ignore assemblyName='A'/></rules><rules><ignore assemblyName='B'/></rules></instrumentation>",
    rules = { { assembly = "A", class = "C", method = "M" }, { assembly = "B", class = "C", method = "M" } } }
  s:core()
  s:log_has "[Info ] Identified 1 Instrumentation points (not ignored) in .xml files"
end)

-- Lists in variables. { value, included: decision on Framework, excluded: left out on .NET? }
local E = EXE
for _, row in ipairs {
  { E, true, true }, { E:upper(), true, true }, { "a.exe," .. E, true, true }, { E .. ",a.exe", true, true }, { E .. ",", true, true },
  { "a.exe, " .. E, false, false }, { E .. " ", false, false }, { E:sub(2), true, false }, { "x" .. E, false, false }, { ",a.exe", true, false },
  { ",", true, false }, { "a.exe,", false, false }, { E:gsub("prof", "*"), false, false }, { E .. ";a.exe", false, false }, { "other.exe", false, false },
} do
  local value, included, excluded = row[1], row[2], row[3]
  t:test(("5.1: NEW_RELIC_INCLUDED_APPLICATION_NAMES='%s': .NET Framework %s"):format(value, included and "yes" or "no"),
    { covers = { "newrelic-config 5.1", "environment-and-files 1", "environment-and-files 2", "newrelic-config 8.3" } }, function(s)
    s:home { config = configuration(applications(application(("name='%s'"):format(included and "other.exe" or EXE)))) }
    s:env { NEW_RELIC_FORCE_PROFILING = false, NEW_RELIC_INCLUDED_APPLICATION_NAMES = value }
    decided(s, true, included, included and NAMED or UNLISTED)
  end)
  t:test(("5.1: NEW_RELIC_EXCLUDED_APPLICATION_NAMES='%s': .NET %s"):format(value, excluded and "no" or "yes"),
    { covers = { "newrelic-config 5.1", "environment-and-files 1", "environment-and-files 2", "newrelic-config 8" } }, function(s)
    s:home { config = configuration(applications(application(("name='%s' include='false'"):format(excluded and "other.exe" or EXE)))) }
    s:env { NEW_RELIC_EXCLUDED_APPLICATION_NAMES = value }
    decided(s, false, not excluded, excluded and EXCLUDED or "is not IIS.")
  end)
end

t:test("5.1: an empty list replaces that of the file", { covers = { "newrelic-config 5.1", "environment-and-files 1" } }, function(s)
  if nr.windows then s:skip "an empty variable is not set there" end
  s:home { config = configuration(applications(application(("name='%s' include='false'"):format(EXE)))) }
  s:env { NEW_RELIC_EXCLUDED_APPLICATION_NAMES = "" }
  decided(s, false, true, "is not IIS.")
end)

t:test("5.1: the two lists are independent", { covers = "newrelic-config 5.1" }, function(s)
  s:home { config = configuration(applications(application(("name='%s' include='false'"):format(EXE)))) }
  s:env { NEW_RELIC_FORCE_PROFILING = false, NEW_RELIC_INCLUDED_APPLICATION_NAMES = EXE }
  decided(s, true, false, EXCLUDED)
end)

-- ---- 5.2: the ignore list ------------------------------------------------------------------------------------------------------------

for _, row in ipairs {
  { "assemblyName='A'", true }, { "assemblyName='a'", true }, { "assemblyName='A' className=''", true }, { "assemblyName='A' className='N.C'", true },
  { "assemblyName='A' className='n.c'", true }, { "assemblyName='A' className='N'", false }, { "assemblyName='A' className='N.C.'", false },
  { "assemblyName='A' className='N.*'", false }, { "assemblyName='*'", false }, { "assemblyName='B' className='N.C'", false },
  { "className='N.C'", false }, { "assemblyName='' className='N.C'", false }, { "assemblyName='A ' className='N.C'", false },
} do
  t:test(("5.2: ignore %s %s [A]N.C.M"):format(row[1], row[2] and "is" or "is not"), { covers = { "newrelic-config 5.2", "instrumentation-xml 6.1", "selection-in-native 6.3" } },
    function(s)
    s:home { config = configuration("<instrumentation><rules><ignore " .. row[1] .. "/></rules></instrumentation>"),
      rules = { { assembly = "A", class = "N.C", method = "M" } } }
    local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = { { name = "M", sig = "00 00 01", body = "06 2a" } } } } })
    local r = m:jit "N.C.M"
    if row[2] then
      s:untouched(r)
      s:log_has "[Debug] Instrumentation for [A]N.C.M is in the ignore list in the newrelic.config file and will be ignored."
    else
      s:rewritten(r)
      s:log_lacks "is in the ignore list"
    end
  end)
end

-- ---- 6: application pools; where it counts is IIS only, so what can be seen here are the warnings --------------------------------------

local NO_NAME = "[Warn ] ApplicationPool element in configuration file is missing the 'name' attribute."
local NO_INSTRUMENT = "[Warn ] ApplicationPool element in configuration file is missing the 'instrument' attribute."
for _, row in ipairs {
  { "<applicationPool/>", { NO_NAME } }, { "<applicationPool instrument='true'/>", { NO_NAME } }, { "<applicationPool name='a'/>", { NO_INSTRUMENT } },
  { "<applicationPool name='a' instrument='x'/>", {} }, { "<applicationPool name='' instrument=''/>", {} }, { "<defaultBehavior/>", {} },
  { "<applicationPool name='a'/><applicationPool/><APPLICATIONPOOL NAME='b' INSTRUMENT='true'/>", { NO_INSTRUMENT, NO_NAME } },
} do
  t:test("6: " .. row[1], { covers = { "newrelic-config 6", "logging 5.1", "logging 3.2" } }, function(s)
    s:home { config = configuration("<applicationPools>" .. row[1] .. "</applicationPools>"), rules = {} }
    local clr = s:core()
    s:log_is("Warn", {}) -- the first load cannot be seen
    clr:call "ReloadConfiguration"
    s:log_is("Warn", row[2])
  end)
end

-- ---- 8: force, Azure Functions ------------------------------------------------------------------------------------------------------------

for _, name in ipairs { "NEW_RELIC_FORCE_PROFILING", "NEWRELIC_FORCE_PROFILING" } do
  for _, value in ipairs { "1", "true", "0", "false", "x" } do
    t:test(("2: %s=%s: whatever else is said"):format(name, value), { covers = { "environment-and-files 2", "com-and-lifecycle 3" } }, function(s)
      s:home { config = "<configuration agentEnabled='false'><log level='finest'/></configuration>" }
      s:env { NEW_RELIC_FORCE_PROFILING = false, NEW_RELIC_EXCLUDED_APPLICATION_NAMES = EXE, FUNCTIONS_WORKER_RUNTIME = "dotnet", APP_POOL_ID = "~x",
        NEW_RELIC_AZURE_FUNCTION_LOG_LEVEL_OVERRIDE = "1" }
      s:env { [name] = value }
      decided(s, value == "x", true)
      s:log_lacks("Azure function detected", EXCLUDED, "Process Path:")
    end)
  end
end

local DETECTED = "Azure function detected. Determining whether to instrument "
local AZURE = {
  pool = "[Info ] This application pool (%s) has been identified as an in-process Azure Functions built-in background application and will be ignored.",
  inside = "[Info ] Function is running in-process. This process will be instrumented.",
  webjobs = "[Info ] Appears to be Azure WebJobs Script WebHost based on commandLine. Not instrumenting this process.",
  unknown = "[Info ] Couldn't determine whether this Azure Function process should be instrumented based on commandLine. Falling back to checking application pool",
}
-- { FUNCTIONS_WORKER_RUNTIME, APP_POOL_ID, decision, line }. The command line has the word "test".
for _, row in ipairs {
  { "dotnet", nil, true, AZURE.inside }, { "DOTNET", nil, true, AZURE.inside }, { "dotnet", "pool", true, AZURE.inside },
  { "dotnet", "~1pool", false, AZURE.pool:format "~1pool" }, { "DotNet", "~", false, AZURE.pool:format "~" }, { "dotnet", "a~", true, AZURE.inside },
  { "dotnet", "test", true, AZURE.inside }, { "dotnet-isolated", "test", false, AZURE.webjobs }, { "node", "TEST", false, AZURE.webjobs },
  { "dotnet-isolated", "no such word", true, AZURE.unknown }, { "dotnet-isolated", nil, true, AZURE.unknown }, { "dotnet-isolated", "~1x", true, AZURE.unknown },
} do
  t:test(("8.1: FUNCTIONS_WORKER_RUNTIME=%s, pool %s: %s"):format(row[1], row[2] or "unset", row[3] and "yes" or "no"),
    { covers = { "newrelic-config 8.1", "environment-and-files 2", "environment-and-files 9" } }, function(s)
    s:home { config = "<configuration agentEnabled='false'><log level='info'/></configuration>" }
    s:env { FUNCTIONS_WORKER_RUNTIME = row[1], APP_POOL_ID = row[2] or false }
    decided(s, false, row[3], DETECTED, row[4])
    if row[4] == AZURE.unknown then s:log_has(row[4], "is not IIS.") else s:log_lacks "is not IIS." end
  end)
end

t:test("8.1: on .NET Framework, too, before agentEnabled", { covers = "newrelic-config 8.1" }, function(s)
  s:home { config = "<configuration agentEnabled='false'><log level='info'/></configuration>" }
  s:env { FUNCTIONS_WORKER_RUNTIME = "dotnet", NEW_RELIC_FORCE_PROFILING = false }
  decided(s, true, true, AZURE.inside)
end)

t:test("8.1: undecided on .NET Framework: its own rules", { covers = { "newrelic-config 8.1", "newrelic-config 8.3" } }, function(s)
  s:home { config = configuration() }
  s:env { FUNCTIONS_WORKER_RUNTIME = "node", NEW_RELIC_FORCE_PROFILING = false }
  decided(s, true, false, AZURE.unknown, UNLISTED)
end)

t:test("8: an excluded name goes before Azure Functions", { covers = "newrelic-config 8" }, function(s)
  s:env { FUNCTIONS_WORKER_RUNTIME = "dotnet", NEW_RELIC_EXCLUDED_APPLICATION_NAMES = EXE }
  decided(s, false, false, EXCLUDED)
  s:log_lacks(DETECTED)
end)

for _, row in ipairs { { nil, true }, { "true", true }, { "1", true }, { "TRUE", true }, { "false", false }, { "0", false }, { "yes", false }, { " ", false },
  { " true", false } } do
  t:test(("2: NEW_RELIC_AZURE_FUNCTION_MODE_ENABLED %s is %s"):format(row[1] and "'" .. row[1] .. "'" or "unset", row[2] and "on" or "off"),
    { covers = { "environment-and-files 2", "newrelic-config 8" } }, function(s)
    s:env { FUNCTIONS_WORKER_RUNTIME = "dotnet-isolated", APP_POOL_ID = "test", NEW_RELIC_AZURE_FUNCTION_MODE_ENABLED = row[1] or false }
    decided(s, false, not row[2], row[2] and AZURE.webjobs or "is not IIS.")
    if not row[2] then s:log_lacks(DETECTED) end
  end)
end

-- ---- 8, first lines; 9 ---------------------------------------------------------------------------------------------------------------------

t:test("8: TRACE says what is known of the process", { covers = { "newrelic-config 8", "environment-and-files 8", "logging 6" } }, function(s)
  s:home { config = configuration() }
  s:env { APP_POOL_ID = "Pool" }
  s:core()
  s:log_has("[Trace] Checking to see if we should instrument this process.", "Process Path: ", "Parent Process Path: ",
    "[Trace] App Pool Id: Pool", "[Trace] Is Core CLR: true")
end)

t:test("9: a reload changes the ignore list and nothing of the decision", { covers = { "newrelic-config 9", "live-instrumentation 3.5", "live-instrumentation 3.4" } },
  function(s)
  local m = s:method { body = "06 2a" }
  local clr = m.clr
  s:rewritten(m:jit())
  s:home { config = "<configuration agentEnabled='false'><log level='debug'/><instrumentation><rules><ignore assemblyName='A'/></rules><applications>"
    .. application(("name='%s' include='false'"):format(EXE)) .. "</applications></instrumentation></configuration>" }
  local result, happened = clr:call "ReloadConfiguration"
  s:equal(result, "S_OK")
  s:equal(happened.reverts, { "RequestRevert N.C.M" })
  s:equal(s:log_count "is not IIS.", 1)
  s:log_lacks(EXCLUDED)
  s:truth(clr:attached(), "the profiler stays")
end)
