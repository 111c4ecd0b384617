-- logging.md 2 to 4, newrelic-config.md 4: levels, console, on and off, and where each is taken from.

local scenario = require "nrprof.scenario"
local files = require "nr.clr".files
local t = scenario.suite "logging: levels"

local MSCORLIB = { { assembly = "mscorlib", class = "C", method = "M" } } -- a WARN line
local TEXT = {
  Trace = "Process Path: ", Debug = "[Debug] Calling SetEventMask2().", ["Info "] = "[Info ] Profiler initialized",
  ["Warn "] = "[Warn ] Skipping instrumentation targeted at the mscorlib assembly for class C",
}
local ORDER = { "Trace", "Debug", "Info ", "Warn ", "Error" }

-- The lines of `level` and above are there, none below.
local function check_level(s, level)
  local on = false
  for _, each in ipairs(ORDER) do
    if each == level then on = true end
    if TEXT[each] and on then s:log_has(TEXT[each]) end
    if not on then s:log_lacks("[" .. each .. "]") end
  end
  for _, line in ipairs(s:log()) do
    for _, each in ipairs(ORDER) do
      if each == level then break end
      s:truth(line:sub(1, 7) ~= "[" .. each .. "]", "a line below the level: " .. line)
    end
  end
end

local WORDS = {
  { "off", "Error" }, { "error", "Error" }, { "warn", "Warn " }, { "info", "Info " }, { "debug", "Debug" }, { "fine", "Debug" },
  { "verbose", "Trace" }, { "finest", "Trace" }, { "all", "Trace" }, { "OFF", "Error" }, { "FiNeSt", "Trace" }, { "DEBUG", "Debug" },
  { "trace", "Info " }, { "warning", "Info " }, { "fatal", "Info " }, { "critical", "Info " }, { " debug", "Info " }, { "debug ", "Info " },
  { "nonsense", "Info " }, { "0", "Info " },
}

for _, row in ipairs(WORDS) do
  local word, level = row[1], row[2]
  t:test(("2: log level '%s' in newrelic.config is %s"):format(word, level), { covers = { "logging 2", "newrelic-config 4" } }, function(s)
    s:home { config = { level = word }, rules = MSCORLIB }
    s:core()
    check_level(s, level)
    s:equal(#files("home/logs", ".log"), 1, "files") -- also with "off"
  end)
  t:test(("4.1: NEW_RELIC_LOG_LEVEL='%s' is %s, whatever the file says"):format(word, level),
    { covers = { "logging 2", "newrelic-config 4.1", "environment-and-files 2" } }, function(s)
    s:home { config = { level = level == "Debug" and "off" or "debug", log_enabled = false, console = true }, rules = MSCORLIB }
    s:env { NEW_RELIC_LOG_LEVEL = word }
    s:core()
    check_level(s, level)
    s:equal(s:output(), "", "the console") -- the element is not read at all
  end)
end

for _, row in ipairs {
  { "no log element", "", "Info " }, { "no level", "<log/>", "Info " }, { "an empty level", "<log level=''/>", "Info " },
  { "the first of two elements", "<log level='debug'/><log level='off'/>", "Debug" }, { "other attributes", "<log level='warn' fileName='x' "
    .. "maxLogFileSizeMB='1' auditLog='true' directory='elsewhere' maxLogFiles='0'/>", "Warn " },
  { "a log element inside of another", "<x><log level='debug'/></x>", "Info " },
} do
  t:test("4.3: " .. row[1], { covers = { "newrelic-config 4.3", "newrelic-config 4" } }, function(s)
    s:home { config = "<configuration>" .. row[2] .. "</configuration>", rules = MSCORLIB }
    s:core()
    check_level(s, row[3])
    s:equal(#files("home/logs", ".log"), 1, "files")
    s:equal(#files("elsewhere", ".log"), 0, "files")
  end)
end

-- ---- console and enabled ----------------------------------------------------------------------------------------------------------

local DISABLED, FILE, CONSOLE = "nothing", "the file", "the console"

-- { attributes of log, NEW_RELIC_LOG_CONSOLE, NEW_RELIC_LOG_ENABLED, where }
for _, row in ipairs {
  { "", nil, nil, FILE },
  { "console='true'", nil, nil, CONSOLE }, { "console='TRUE'", nil, nil, CONSOLE }, { "console='1'", nil, nil, FILE }, { "console='yes'", nil, nil, FILE },
  { "console=''", nil, nil, FILE }, { "console='false'", nil, nil, FILE },
  { "enabled='true'", nil, nil, FILE }, { "enabled='True'", nil, nil, FILE }, { "enabled='1'", nil, nil, DISABLED }, { "enabled='false'", nil, nil, DISABLED },
  { "enabled=''", nil, nil, DISABLED }, { "enabled='yes'", nil, nil, DISABLED }, { "console='true' enabled='false'", nil, nil, DISABLED },
  { "", "true", nil, CONSOLE }, { "", "1", nil, CONSOLE }, { "", "TRUE", nil, CONSOLE }, { "", "false", nil, FILE }, { "", "0", nil, FILE },
  { "", "yes", nil, FILE }, { "", "", nil, FILE }, { "", " true", nil, FILE }, { "console='true'", "0", nil, FILE }, { "console='true'", "False", nil, FILE },
  { "console='true'", "maybe", nil, CONSOLE }, { "console='true'", "", nil, CONSOLE },
  { "", nil, "false", DISABLED }, { "", nil, "0", DISABLED }, { "", nil, "FALSE", DISABLED }, { "", nil, "no", FILE }, { "", nil, "", FILE },
  { "enabled='false'", nil, "true", FILE }, { "enabled='false'", nil, "1", FILE }, { "enabled='false'", nil, "on", DISABLED },
  { "enabled='false'", nil, "", DISABLED }, { "", "1", "0", DISABLED }, { "enabled='false'", "1", "1", CONSOLE },
} do
  local attributes, console, enabled, where = table.unpack(row, 1, 4)
  t:test(("4.2: log %s, NEW_RELIC_LOG_CONSOLE %s, NEW_RELIC_LOG_ENABLED %s: %s"):format(attributes ~= "" and attributes or "plain",
    console and "'" .. console .. "'" or "unset", enabled and "'" .. enabled .. "'" or "unset", where),
    { covers = { "newrelic-config 4.2", "newrelic-config 4", "environment-and-files 1", "logging 3", "logging 3.1" } }, function(s)
    s:home { config = "<configuration><log level='info' " .. attributes .. "/></configuration>" }
    s:env { NEW_RELIC_LOG_CONSOLE = console or false, NEW_RELIC_LOG_ENABLED = enabled or false }
    s:core()
    s:equal(#files("home/logs", ".log"), where == FILE and 1 or 0, "log files")
    if where == FILE then s:log_has("[Info ] Logger initialized.", "[Info ] Profiler initialized") end
    local output = s:output()
    if where == CONSOLE then
      s:contains(output, "Console logging enabled")
      s:contains(output, "Profiler initialized")
    else
      s:equal(output, "")
    end
  end)
end

-- ---- clamps, and the lines of a load ------------------------------------------------------------------------------------------------

local CLAMP = "[Warn ] Logging level has been clamped to %s. Console logging at DEBUG or TRACE level incurs a very large performance hit."
local AZURE = "[Warn ] Logging level has been clamped to %s. TRACE level logging is not supported in Azure Function mode."

local function lines(text)
  local list = {}
  for line in text:gmatch "[^\r\n]+" do list[#list + 1] = (line:gsub("^(%[.....%]) %d+%-%d+%-%d+ %d+:%d+:%d+ ", "%1 ")) end
  return list
end

for _, row in ipairs {
  { "finest", "Info ", 3 }, { "debug", "Info ", 3 }, { "info", "Info ", 3 }, { "warn", "Warn ", 1 }, { "off", "Error", 0 },
} do
  t:test(("4: console mode at level %s begins with its own lines"):format(row[1]), { covers = { "logging 4", "logging 2", "logging 3.3", "logging 1.1" } },
    function(s)
    s:home { config = { level = row[1], console = "true" }, rules = MSCORLIB }
    s:core()
    local found = lines(s:output())
    local expected = { "[Info ] <-- New logging level set: " .. row[2], CLAMP:format(row[2]), "[Info ] Console logging enabled" }
    if row[3] == 1 then expected = { expected[2] } elseif row[3] == 0 then expected = {} end
    for i, line in ipairs(expected) do s:equal(found[i], line) end
    for _, line in ipairs(found) do s:truth(not line:find "^%[Debug%]" and not line:find "^%[Trace%]", line) end
    local text = table.concat(found, "\n")
    s:equal(text:find("Skipping instrumentation targeted at the mscorlib", 1, true) ~= nil, row[2] ~= "Error")
    s:equal(text:find("Profiler initialized", 1, true) ~= nil, row[2] == "Info ")
    s:equal(text:find("Logger initialized", 1, true), nil)
  end)
end

for _, row in ipairs {
  { "dotnet-isolated", nil, "Info " }, { "dotnet", nil, "Info " }, { "x", "false", "Info " }, { "x", "yes", "Info " }, { "x", "", "Info " },
  { "x", "true", "Trace" }, { "x", "1", "Trace" }, { "", nil, "Trace" }, { nil, "false", "Trace" },
} do
  t:test(("2: FUNCTIONS_WORKER_RUNTIME %s, level override %s: finest is %s"):format(row[1] and "'" .. row[1] .. "'" or "unset",
    row[2] and "'" .. row[2] .. "'" or "unset", row[3]), { covers = { "logging 2", "environment-and-files 2", "logging 4" } }, function(s)
    s:home { config = { level = "finest" }, rules = MSCORLIB }
    s:env { FUNCTIONS_WORKER_RUNTIME = row[1] or false, NEW_RELIC_AZURE_FUNCTION_LOG_LEVEL_OVERRIDE = row[2] or false }
    local clr = s:core()
    check_level(s, row[3])
    s:log_lacks "has been clamped" -- written before the file is open
    s:equal(clr:call "ReloadConfiguration", "S_OK")
    s:log_has("[Info ] Reloading newrelic.config files.", "[Info ] <-- New logging level set: " .. row[3])
    if row[3] == "Info " then s:log_has(AZURE:format "Info ") else s:log_lacks "has been clamped" end
  end)
end

t:test("4: both clamps", { covers = "logging 4" }, function(s)
  s:home { config = { level = "finest", console = "true" } }
  s:env { FUNCTIONS_WORKER_RUNTIME = "x" }
  s:core()
  local found = lines(s:output())
  s:equal({ table.unpack(found, 1, 4) }, { "[Info ] <-- New logging level set: Info ", CLAMP:format "Info ", AZURE:format "Info ",
    "[Info ] Console logging enabled" })
end)

for _, row in ipairs { { "finest", "Trace" }, { "debug", "Debug" }, { "info", "Info " } } do
  t:test(("3.3: a reload at level %s says so, the first load does not"):format(row[1]), { covers = { "logging 3.3", "logging 3.2", "logging 4", "newrelic-config 9" } },
    function(s)
    s:home { config = { level = row[1] } }
    local clr = s:core()
    s:log_lacks("New logging level set", "Found newrelic.config at")
    s:log_has "[Info ] Logger initialized."
    s:equal(s:log()[1], "[Info ] Logger initialized.")
    s:equal(clr:call "ReloadConfiguration", "S_OK")
    s:log_has("Found newrelic.config at: home", "[Info ] <-- New logging level set: " .. row[2])
    s:equal(s:log_count "Logger initialized.", 1)
  end)
end

t:test("9: a reload changes the level, both ways", { covers = { "newrelic-config 9", "logging 2" } }, function(s)
  s:home { config = { level = "info" } }
  local clr = s:core()
  s:log_lacks "[Trace] Leave: InstrumentationRefreshWithNewIgnoreList"
  s:home { config = { level = "finest" } }
  clr:call "ReloadConfiguration"
  s:log_has("[Info ] <-- New logging level set: Trace", "Leave: InstrumentationRefreshWithNewIgnoreList")
  s:home { config = { level = "error" } }
  local before = #s:log()
  clr:call "ReloadConfiguration"
  local all = s:log()
  for i = before + 1, #all do s:truth(not all[i]:find "level set", all[i]) end
end)

for _, how in ipairs { "log_enabled", "console" } do
  t:test(("3: what starts with %s has no file after a reload either"):format(how == "console" and "a console" or "logging off"),
    { covers = { "newrelic-config 9", "live-instrumentation 3.4" } }, function(s)
    s:home { config = how == "console" and { console = "true", level = "info" } or { log_enabled = "false" } }
    local clr = s:core()
    s:home { config = { level = "debug" } }
    clr:call "ReloadConfiguration"
    clr:call "InstrumentationRefresh"
    s:equal(s:log(), {})
  end)
end
