-- environment-and-files.md 1 to 5 and 7 to 9: variables, their old names, the agent's DLL, the log's directory. The application's
-- .config (8.2) lies beside the program: tests/unit/rules/test_config.c (application_config). The process's path and command line
-- (8): tests/unit/os/test_os.c and test_process.c (facts_of_this_process).

local scenario = require "nrprof.scenario"
local nr = require "nr"
local files = require "nr.clr".files
local t = scenario.suite "environment-and-files"

local CANCEL = "CORPROF_E_PROFILER_CANCEL_ACTIVATION"
local RUNTIMES = { core = { "CORECLR_NEW_RELIC_HOME", "CORECLR_NEWRELIC_HOME" }, desktop = { "NEW_RELIC_HOME", "NEWRELIC_HOME" } }
local ALL_HOMES = { CORECLR_NEW_RELIC_HOME = false, CORECLR_NEWRELIC_HOME = false, NEW_RELIC_HOME = false, NEWRELIC_HOME = false }

local function home_at(directory, level)
  nr.write(directory .. "/newrelic.config", scenario.config_xml { level = level or "debug" })
  nr.write(directory .. "/NewRelic.Agent.Core.dll", "") -- on Windows only s:home can write one that is accepted
  nr.write(directory .. "/extensions/x.xml", "<extension><instrumentation/></extension>")
end

-- A path as the profiler writes it.
local function path(text) return nr.windows and (text:gsub("/", "\\")) or text end

local function only_unix(s) if nr.windows then s:skip "Windows has the registry, checks the DLL, and knows no empty variables" end end

-- ---- 3: home ------------------------------------------------------------------------------------------------------------------

-- { runtime, variables, directory }
for _, row in ipairs {
  { "core", { CORECLR_NEW_RELIC_HOME = "one" }, "one" }, { "core", { CORECLR_NEWRELIC_HOME = "two" }, "two" },
  { "core", { CORECLR_NEW_RELIC_HOME = "one", CORECLR_NEWRELIC_HOME = "two" }, "one" }, { "desktop", { NEW_RELIC_HOME = "one" }, "one" },
  { "desktop", { NEWRELIC_HOME = "two" }, "two" }, { "desktop", { NEW_RELIC_HOME = "one", NEWRELIC_HOME = "two" }, "one" },
  { "core", { CORECLR_NEW_RELIC_HOME = "one", NEW_RELIC_HOME = "two" }, "one" }, { "desktop", { CORECLR_NEW_RELIC_HOME = "one", NEW_RELIC_HOME = "two" }, "two" },
} do
  local given = {}
  for name, value in pairs(row[2]) do given[#given + 1] = name .. "=" .. value end
  table.sort(given)
  t:test(("3.1: %s: %s"):format(row[1], table.concat(given, " ")), { covers = { "environment-and-files 3", "environment-and-files 3.1", "environment-and-files 1",
    "environment-and-files 2", "environment-and-files 7" } }, function(s)
    only_unix(s)
    s.home_made, s.home_directory = true, row[3]
    home_at "one"
    home_at "two"
    s:env(ALL_HOMES)
    s:env(row[2])
    s[row[1]](s)
    s:log_has(("[Debug] Searching for New Relic Agent DLL at: %s/NewRelic.Agent.Core.dll"):format(row[3]),
      ("[Debug] Parsing instrumentation file '%s/extensions/x.xml'"):format(row[3]))
    s:equal(#files(row[3] .. (nr.windows and "/Logs" or "/logs"), ".log"), 1, "log files")
    s:equal(#files((row[3] == "one" and "two" or "one") .. "/logs", ".log"), 0, "log files")
  end)
end

for _, row in ipairs { { "core", { NEW_RELIC_HOME = "one", NEWRELIC_HOME = "one" } }, { "desktop", { CORECLR_NEW_RELIC_HOME = "one", CORECLR_NEWRELIC_HOME = "one" } },
  { "core", {} } } do
  t:test(("3.3: %s does not ask for %s"):format(row[1], next(row[2]) and "the other runtime's variables" or "anything else"),
    { covers = { "environment-and-files 3.3", "environment-and-files 2", "logging 3.4" } }, function(s)
    only_unix(s)
    s.home_made = true
    home_at "one"
    s:env(ALL_HOMES)
    s:env(row[2])
    s:env { NEW_RELIC_LOG_DIRECTORY = "logs", NEW_RELIC_LOG_CONSOLE = "1" }
    s:equal(s[row[1]](s, { fails = true }).result, CANCEL)
  end)
end

for _, console in ipairs { "0", "1" } do
  t:test(("3.3: no home at all, console=%s: the file says so"):format(console), { covers = { "environment-and-files 3.3", "logging 3.4", "logging 5.1" } }, function(s)
    only_unix(s)
    s.home_made = true
    s:env(ALL_HOMES)
    s:env { NEW_RELIC_LOG_DIRECTORY = "logs", NEW_RELIC_LOG_CONSOLE = console, CORECLR_NEW_RELIC_HOME = false }
    s:equal(s:core { fails = true }.result, CANCEL)
    s:log_has("[Error] Unable to find New Relic Home directory in registry or environment.",
      "[Error] An exception was thrown while initializing the profiler. The profiler will be detached now.")
    s:equal(s:output(), "")
  end)
end

t:test("1.4: an empty new name hides the old one", { covers = "environment-and-files 1" }, function(s)
  only_unix(s)
  home_at "two"
  s:env { CORECLR_NEW_RELIC_HOME = "", CORECLR_NEWRELIC_HOME = "two", NEW_RELIC_LOG_DIRECTORY = "logs" }
  s:equal(s:core { fails = true }.result, CANCEL)
  s:log_has "[Error] The global newrelic.config file was not found at: "
end)

for _, row in ipairs { { "home/", "home//" }, { "./home", "./home/" }, { "home/../home", "home/../home/" } } do
  t:test(("3.4: the home %s is taken as it is"):format(row[1]), { covers = { "environment-and-files 3.4", "environment-and-files 5.3" } }, function(s)
    only_unix(s)
    s.home_directory = row[1]
    local r = s:method { body = "06 2a" }:jit()
    s:rewritten(r)
    s:contains(r:listing(), ('"%sNewRelic.Agent.Core.dll"'):format(row[2]))
    s:log_has(("[Info ] Loading instrumentation from %sextensions"):format(row[2]), ("[Debug] Parsing instrumentation file '%sextensions/rules.xml'"):format(row[2]))
  end)
end

-- ---- 5: the agent's DLL --------------------------------------------------------------------------------------------------------

local NAME = "/NewRelic.Agent.Core.dll"
-- { files, variables, the one that is taken, how many places were tried }
for _, row in ipairs {
  { { "i", "i/netcore", "home", "home/netcore" }, "i", 1 }, { { "i/netcore", "home", "home/netcore" }, "i/netcore", 2 }, { { "home", "home/netcore" }, "home", 3 },
  { { "home/netcore" }, "home/netcore", 4 }, { { "i/netframework", "home/netframework", "home/netcore" }, "home/netcore", 4 },
} do
  for _, variable in ipairs { "NEW_RELIC_INSTALL_PATH", "NEWRELIC_INSTALL_PATH" } do
    t:test(("5: %s=i, there are %s"):format(variable, table.concat(row[1], ", ")), { covers = { "environment-and-files 5", "environment-and-files 2", "environment-and-files 5.3",
      "logging 6" } }, function(s)
      only_unix(s)
      s:home { core = false }
      for _, directory in ipairs(row[1]) do nr.write(directory .. NAME, "") end
      s:env { [variable] = "i" }
      local r = s:method { body = "06 2a" }:jit()
      s:contains(r:listing(), ('"%s%s"'):format(row[2], NAME))
      local tried = {}
      for i, directory in ipairs { "i", "i/netcore", "home", "home/netcore" } do
        if i <= row[3] then tried[i] = "[Debug] Searching for New Relic Agent DLL at: " .. directory .. NAME end
      end
      s:log_has(table.unpack(tried))
      s:equal(s:log_count "Searching for New Relic Agent DLL at: ", row[3])
    end)
  end
end

for _, row in ipairs { { "core", "CORECLR_NEW_RELIC_HOME", { "home", "home/netcore" } }, { "desktop", "NEW_RELIC_HOME", { "home", "home/netframework" } } } do
  t:test(("5.2: no DLL, %s"):format(row[1]), { covers = { "environment-and-files 5.2", "logging 5.1" } }, function(s)
    s:home { core = false, ["NewRelic.Agent.Core.dll/directory.txt"] = "", ["net/NewRelic.Agent.Core.dll"] = "" }
    s:equal(s[row[1]](s, { fails = true }).result, CANCEL)
    s:log_has("[Debug] Searching for New Relic Agent DLL at: " .. path(row[3][1] .. NAME), "[Debug] Searching for New Relic Agent DLL at: " .. path(row[3][2] .. NAME),
      ("[Error] Unable to find %s or NEW_RELIC_INSTALL_PATH environment variables.  Aborting instrumentation."):format(row[2]),
      "[Error] The New Relic Agent DLL is missing.")
  end)
end

t:test("6: any content is accepted outside of Windows", { covers = "environment-and-files 6" }, function(s)
  only_unix(s)
  s:home { core = "this is no library" }
  s:core()
  s:log_has "[Info ] Profiler initialized"
end)

-- ---- 7: the log's directory -------------------------------------------------------------------------------------------------------

-- { variables, directory }
for _, row in ipairs {
  { {}, "home/logs" }, { { NEW_RELIC_PROFILER_LOG_DIRECTORY = "p" }, "p" }, { { NEWRELIC_PROFILER_LOG_DIRECTORY = "p" }, "p" },
  { { NEW_RELIC_PROFILER_LOG_DIRECTORY = "p", NEWRELIC_PROFILER_LOG_DIRECTORY = "q" }, "p" }, { { NEW_RELIC_LOG_DIRECTORY = "g" }, "g" },
  { { NEWRELIC_LOG_DIRECTORY = "g" }, "g" }, { { NEW_RELIC_LOG_DIRECTORY = "g", NEWRELIC_LOG_DIRECTORY = "q" }, "g" },
  { { NEW_RELIC_LOG_DIRECTORY = "g", NEWRELIC_PROFILER_LOG_DIRECTORY = "p" }, "p" }, { { NEW_RELIC_PROFILER_LOG_DIRECTORY = "p/" }, "p" },
  { { NEW_RELIC_PROFILER_LOG_DIRECTORY = "a/b/c" }, "a/b/c" }, { { NEW_RELIC_LOG_DIRECTORY = "there" }, "there" },
  { { HOME_EXPANDED = "C:\\DWASFiles\\Sites\\x", HOME = "h" }, "h/LogFiles/NewRelic" }, { { HOME_EXPANDED = "d:\\DWASFiles\\Sites", HOME = "h" }, "h/LogFiles/NewRelic" },
  { { HOME_EXPANDED = "C:\\dwasfiles\\sites\\x", HOME = "h" }, "home/logs" }, { { HOME_EXPANDED = "C:\\x", HOME = "h" }, "home/logs" }, { { HOME = "h" }, "home/logs" },
  { { HOME_EXPANDED = "C:\\DWASFiles\\Sites\\x", HOME = "h", NEW_RELIC_LOG_DIRECTORY = "g" }, "g" },
} do
  local given = {}
  for name, value in pairs(row[1]) do given[#given + 1] = name .. "=" .. value end
  table.sort(given)
  t:test(("7: the log with %s is in %s"):format(#given > 0 and table.concat(given, " ") or "nothing set", row[2]),
    { covers = { "environment-and-files 7", "environment-and-files 7.2", "environment-and-files 7.3", "environment-and-files 2" } }, function(s)
    nr.write("there/other.txt", "")
    for name, value in pairs(row[1]) do
      -- Windows makes no directory of a relative name.
      s:env { [name] = nr.windows and name ~= "HOME_EXPANDED" and path(s.directory .. "/" .. value) or value }
    end
    s:core()
    for _, directory in ipairs { "home/logs", "home/Logs", "p", "q", "g", "a/b/c", "there", "h/LogFiles/NewRelic" } do
      local same = directory:lower() == row[2]:lower() and (directory == row[2] or nr.windows)
      s:equal(#files(directory, ".log"), same and 1 or 0, "log files in " .. directory)
      if same then s:truth(files(directory, ".log")[1]:find "NewRelic%.Profiler%.%d+%.log$", "name of the log file") end
    end
  end)
end

t:test("7.3: Windows makes no directory of a relative name, and the profiler runs on without its log", { covers = "environment-and-files 7.3" }, function(s)
  if not nr.windows then s:skip "elsewhere it is made" end
  s:env { NEW_RELIC_LOG_DIRECTORY = "g" }
  s:rewritten(s:method { body = "06 2a" }:jit())
  for _, directory in ipairs { "g", "home/Logs" } do s:equal(#files(directory, ".log"), 0, "log files in " .. directory) end
end)

t:test("7.3: a log that cannot be opened stops nothing", { covers = { "environment-and-files 7.3", "logging 3" } }, function(s)
  nr.write("file", "x")
  s:env { NEW_RELIC_PROFILER_LOG_DIRECTORY = "file/sub" }
  local r = s:method { body = "06 2a" }:jit()
  s:rewritten(r)
  s:equal(s:output(), "")
end)

t:test("7.4: an earlier file of the same name is emptied", { covers = "environment-and-files 7.4" }, function(s)
  only_unix(s)
  local f = assert(io.open("/proc/self/stat"))
  local pid = f:read "n"
  f:close()
  local path = ("home/logs/NewRelic.Profiler.%d.log"):format(pid)
  nr.write(path, ("old line\n"):rep(1000))
  s:core()
  s:equal(#files("home/logs", ".log"), 1)
  s:equal(s:log()[1], "[Info ] Logger initialized.")
  s:log_lacks "old line"
end)

-- ---- 2, 9: the others ---------------------------------------------------------------------------------------------------------------

local POOL = "[Info ] The Profiler will use the environment variable APP_POOL_ID as the application name when white/black listing applications pools for profiling."
for _, row in ipairs {
  { "a", nil, "a" }, { nil, "b", "b" }, { "a", "b", "a" }, { "", "b", "", true }, { "", nil, "", true }, { nil, "", "", true },
} do
  t:test(("9.1: APP_POOL_ID %s, ASPNETCORE_IIS_APP_POOL_ID %s"):format(row[1] and "'" .. row[1] .. "'" or "unset", row[2] and "'" .. row[2] .. "'" or "unset"),
    { covers = { "environment-and-files 9", "environment-and-files 9.1", "environment-and-files 2", "logging 5.1" } }, function(s)
    if row[4] then only_unix(s) end
    s:home { config = { level = "finest" } }
    s:env { APP_POOL_ID = row[1] or false, ASPNETCORE_IIS_APP_POOL_ID = row[2] or false }
    s:core()
    s:log_has(POOL, "[Trace] App Pool Id: " .. row[3])
  end)
end

t:test("9.2: neither variable: no pool outside of Windows", { covers = "environment-and-files 9.2" }, function(s)
  s:home { config = { level = "finest" } }
  s:core()
  s:log_has "[Trace] App Pool Id: "
  s:log_lacks "The Profiler will use"
end)

for _, row in ipairs { { "1", true }, { "true", true }, { "TRUE", true }, { "0", false }, { "false", false }, { "yes", false }, { " 1", false } } do
  t:test(("2: NEW_RELIC_DISABLE_APPDOMAIN_CACHING='%s' is %s, and read anew"):format(row[1], row[2] and "on" or "off"),
    { covers = { "environment-and-files 2", "environment-and-files 1", "injected-code 3.1.2", "Q42", "logging 5.1" } }, function(s)
    s:env { NEW_RELIC_DISABLE_APPDOMAIN_CACHING = row[1] }
    local m = s:method { desktop = true, body = "06 2a", type = { methods = { { name = "K", sig = "00 00 01", body = "06 2a" } } }, rule = { method = { "M", "K" } } }
    local text = "The use of AppDomain for method information caching is disabled via the 'NEW_RELIC_DISABLE_APPDOMAIN_CACHING' environment variable."
    s:equal(s:log_count("[Info ] " .. text), row[2] and 1 or 0)
    local first = m:jit "N.C.M"
    s:env { NEW_RELIC_DISABLE_APPDOMAIN_CACHING = not row[2] and "1" }
    local second = m:jit "N.C.K"
    s:rewritten(first)
    s:rewritten(second)
    s:truth((first.code_size ~= second.code_size), "the code of both is the same")
  end)
end

-- ---- 4.1, 8.1 ---------------------------------------------------------------------------------------------------------------------------

t:test("4.1: a directory is no file", { covers = { "environment-and-files 4.1", "environment-and-files 4" } }, function(s)
  s:home { config = false, ["newrelic.config/inner.txt"] = "" }
  s:equal(s:core { fails = true }.result, CANCEL)
  s:log_has "[Error] The global newrelic.config file was not found at: home"
end)

t:test("8.1: the process's path is upper-cased, outside of Windows the parent is '.'", { covers = { "environment-and-files 8", "environment-and-files 8.1" } },
  function(s)
  only_unix(s)
  s:home { config = { level = "finest" } }
  s:core()
  local path
  for _, line in ipairs(s:log()) do path = path or line:match "^%[Trace%] Process Path: (.*)$" end
  s:truth(path and path:find "^/.*/NRPROF$" and path == path:upper(), "the path is " .. tostring(path))
  s:log_has("[Trace] Parent Process Path: .", ("[Info ] Process %s with parent process . is not IIS."):format(path))
end)
