-- logging.md 1, 5 and 6: what a line looks like, and lines of start, stop, refresh and methods that no other family has.

local scenario = require "nrprof.scenario"
local nr = require "nr"
local files = require "nr.clr".files
local t = scenario.suite "logging: lines"

local function raw(s, directory)
  local list = files(directory or s.home_directory .. (nr.windows and "\\Logs" or "/logs"), ".log")
  local f = assert(io.open(assert(list[1], "no log file"), "rb"))
  local text = f:read "a"
  f:close()
  return text
end

-- ---- 1 -------------------------------------------------------------------------------------------------------------------------------

for _, zone in ipairs { "UTC", "Asia/Tokyo", "XYZ-13", "America/New_York" } do
  t:test("1: level, UTC time, text; TZ=" .. zone, { covers = { "logging 1", "logging 1.1", "logging 1.2", "logging 1.3", "logging 1.4", "logging 1.9" } }, function(s)
    local first = os.date "!%Y-%m-%d %H:%M:%S"
    s:env { TZ = zone }
    s:home { config = { level = "finest" }, rules = { { assembly = "mscorlib", class = "C", method = "M" } } }
    s:core()
    local text, count = raw(s), 0 -- nothing was shut down: it is in the file already
    local last = os.date "!%Y-%m-%d %H:%M:%S"
    local levels = {}
    for line in text:gmatch "([^\n]*)\n" do
      if nr.windows then
        s:truth(line:sub(-1) == "\r", "a line without CR")
        line = line:sub(1, -2)
      end
      local level, time = line:match "^%[(.....)%] (%d%d%d%d%-%d%d%-%d%d %d%d:%d%d:%d%d) ."
      s:truth(level and (first <= time and time <= last), "no log line: " .. line)
      s:truth(not line:find "[\r\0]", "a control character")
      levels[level] = true
      count = count + 1
    end
    s:equal(levels, { ["Trace"] = true, ["Debug"] = true, ["Info "] = true, ["Warn "] = true })
    s:truth(count > 10 and text:sub(-1) == "\n", "the last line has no end")
    s:truth(text:sub(1, 1) == "[", "a mark before the first line")
  end)
end

t:test("1.5: results in expressions are lower-case hexadecimal, others decimal", { covers = { "logging 1.5", "logging 5.3" } }, function(s)
  local m = s:method { body = "06 2a" }
  m.clr:fail("IMetaDataEmit", "GetTokenFromSig", 1, "E_OUTOFMEMORY")
  s:untouched(m:jit(), "E_FAIL", true)
  s:log_has "HRESULT: 0x8007000e"
  s:log_lacks("8007000E", "-2147024882")
end)

local ONE_BY_ONE = "the reference converts UTF-16 units one by one, and loses the lines behind what it cannot convert"
for _, word in ipairs { "é", "中文", "😀" } do
  t:test("1.7: the log is UTF-8: " .. word, { covers = { "logging 1.6", "logging 1.7" }, only_ours = word == "😀" and ONE_BY_ONE or nil }, function(s)
    s:env { NEW_RELIC_LAMBDA_HANDLER = word, _HANDLER = "a::b::" .. word }
    s:core()
    s:log_has(("[Warn ] %s is not a valid method descriptor. It must be in the format 'assembly::class::method'"):format(word),
      "[Info ] Serverless mode detected. Assembly: a Class: b Method: " .. word, "[Info ] Profiler initialized")
    s:truth(utf8.len(raw(s)), "the log is no UTF-8")
  end)
  t:test("1.8: the console is UTF-8: " .. word, { covers = "logging 1.8", only_ours = "the reference's console breaks at the first such character" }, function(s)
    s:home { config = { level = "info", console = "true" } }
    s:env { _HANDLER = "a::b::" .. word }
    s:core()
    s:contains(s:output(), "Serverless mode detected. Assembly: a Class: b Method: " .. word)
    s:contains(s:output(), "Profiler initialized")
    s:truth(utf8.len(s:output()), "the output is no UTF-8")
  end)
end

t:test("1.6: a malformed configuration does not end the log", { covers = "logging 1.6", only_ours = ONE_BY_ONE }, function(s)
  s:home { config = "<configuration><log a=中文\xFF" }
  s:core { fails = true }
  s:log_has("[Error] Exception thrown while attempting to parse main newrelic.config file: expected ' or \"", "Exception thrown at 中文",
    "[Error] An exception was thrown while initializing the profiler. The profiler will be detached now.")
end)

-- ---- 5.1 ------------------------------------------------------------------------------------------------------------------------------

t:test("5.1: the lines of a start and a stop", { covers = { "logging 5.1", "logging 5.2", "logging 5.5", "logging 6" } }, function(s)
  s:home { config = { level = "finest" } }
  local clr = s:core { version = "8.0.0.0" }
  s:equal(s:log()[1], "[Info ] Logger initialized.")
  s:log_has("[Trace] New Relic .NET CoreCLR Agent", "[Info ] Initializing ThreadProfiler", "[Info ] ICorProfilerInfo10 available",
    "Searching for New Relic Agent DLL at: home", "[Debug] Calling SetEventMask2().", "[Info ] Profiler initialized")
  s:log_has("[Info ] Identified 0 Instrumentation points (not ignored) in .xml files", "[Trace] Read 0 instrumentation files")
  s:log_has "[Trace] Checking to see if we should instrument this process."
  s:log_is({ "Warn", "Error" }, scenario.no_extension_files)
  s:equal(clr:shutdown(), "S_OK")
  s:log_has("[Info ] Profiler initialized", "[Info ] Profiler shutting down", "[Info ] Profiler shutdown")
end)

for _, row in ipairs {
  { "core", 10, "[Error] .NET Core 3.1 or greater required. Profiler not attaching." },
  { "desktop", 6, "[Error] .NET Framework 4.6.1 is required.  Detaching New Relic profiler." },
} do
  t:test(("5.1: %s without ICorProfilerInfo%d"):format(row[1], row[2] + 1), { covers = "logging 5.1" }, function(s)
    s[row[1]](s, { highest_info = row[2], fails = true })
    s:log_has(row[3])
    s:log_lacks "Profiler initialized"
  end)
end

t:test("5.1: a process that is not instrumented", { covers = { "logging 5.1", "newrelic-config 8" } }, function(s)
  s:env { NEW_RELIC_EXCLUDED_APPLICATION_NAMES = nr.windows and "nrprof.exe" or "nrprof" }
  s:equal(s:core { fails = true }.result, "CORPROF_E_PROFILER_CANCEL_ACTIVATION")
  s:log_has(" excluded by configuration.", "[Info ] This process should not be instrumented, unloading profiler.")
  s:log_is({ "Warn", "Error" }, {})
  s:log_lacks "Profiler initialized"
end)

-- ---- 5.2: refresh -------------------------------------------------------------------------------------------------------------------------

t:test("5.2: the lines of a refresh", { covers = { "logging 5.2", "logging 6" } }, function(s)
  s:env { NEW_RELIC_LOG_LEVEL = "finest" }
  local m = s:method { body = "06 2a" }
  s:rewritten(m:jit())
  s:equal(m.clr:call "InstrumentationRefresh", "S_OK")
  s:log_has("[Info ] Profiler initialized", "[Info ] Refreshing instrumentation", "[Trace] Enter: InstrumentationRefresh",
    "Loading instrumentation from home", "[Info ] Identified 1 Instrumentation points (not ignored) in .xml files", "[Trace] Fetching N.C methods",
    "[Debug] Found 1 method(s) matching M", "[Debug] ReJit success")
  s:log_has("[Debug] ReJit success", "[Trace] Leave: InstrumentationRefreshWithNewIgnoreList")
  s:log_lacks "[Trace] Leave: InstrumentationRefresh"
  s:equal(s:log_count "[Trace] Read 1 instrumentation files", 1, "lines of the start")
end)

t:test("5.2: the lines of a start with a broken file", { covers = { "logging 5.2", "logging 6" } }, function(s)
  s:home { config = { level = "finest" }, ["extensions/broken.xml"] = "<" }
  s:core()
  s:log_has("[Info ] Identified 0 Instrumentation points (not ignored) in .xml files",
    "[Warn ] Unable to parse one or more instrumentation files.  Live instrumentation reloading will not work until the unparsable file(s) are "
    .. "corrected or removed.", "[Trace] Read 1 instrumentation files")
end)

t:test("5.2: live instrumentation enters the refresh by the same door", { covers = { "logging 5.2", "logging 6", "live-instrumentation 4.1" } }, function(s)
  s:home { config = { level = "finest" } }
  local clr = s:core()
  clr:call("AddCustomInstrumentation", "x", "<extension><instrumentation/></extension>")
  s:equal(clr:call "ApplyCustomInstrumentation", "S_OK")
  s:log_has("[Trace] Applying custom instrumentation", "[Info ] Applying live instrumentation", "[Trace] Enter: InstrumentationRefresh",
    "[Trace] Enter: InstrumentationRefreshWithNewIgnoreList", "[Trace] Leave: InstrumentationRefreshWithNewIgnoreList")
end)

t:test("5.2: a refresh with a broken file", { covers = { "logging 5.2", "live-instrumentation 4.4" } }, function(s)
  s:env { NEW_RELIC_LOG_LEVEL = "finest" }
  local m = s:method { body = "06 2a" }
  s:home { ["extensions/broken.xml"] = "<" }
  s:equal(m.clr:call "InstrumentationRefresh", "S_FALSE")
  s:log_is("Error", "[Error] Unable to parse one or more instrumentation files.  Instrumentation will not be refreshed.")
  s:rewritten(m:jit())
end)

t:test("5.2: a refresh that takes a rule away", { covers = { "logging 6", "live-instrumentation 5.5" } }, function(s)
  local m = s:method { body = "06 2a" }
  s:rewritten(m:jit())
  s:home { rules = {} }
  s:equal(m.clr:call "InstrumentationRefresh", "S_OK")
  s:log_has "[Debug] Revert success"
end)

-- ---- 5.3: methods --------------------------------------------------------------------------------------------------------------------------

-- { what, the method, line; %s is its description }
for _, row in ipairs {
  { "an ordinary method", { body = "06 2a" }, "[Info ] Instrumenting method: %s" },
  { "a body that cannot be used", { body = { code = "02 2c 01 2a 14 7a" } }, "[Info ] Skipping invalid method: %s" },
  { "a special name", { name = "get_X", flags = 0x896, body = "06 2a" }, "[Error] Skipping SpecialName method: %s" },
  { "a type of sequential layout", { body = "06 2a", type = { flags = 0x100009 } }, "[Error] Skipping sequential layout method: %s" },
} do
  t:test("5.3: " .. row[1], { covers = "logging 5.3" }, function(s)
    local m = s:method(row[2])
    m:jit()
    s:log_has(row[3]:format(m:described()))
  end)
end

t:test("5.3: an API method", { covers = "logging 5.3" }, function(s)
  local m = s:api_method { body = "06 2a" }
  s:rewritten(m:jit())
  s:log_has("[Info ] Instrumenting API method: " .. m:described())
end)

t:test("5.3: the domain in a description", { covers = "logging 5.3" }, function(s)
  local m = s:method { body = "06 2a", desktop = true, clr = { domain = "/LM/W3SVC/1/ROOT" } }
  s:rewritten(m:jit())
  s:log_has(("[Info ] Instrumenting method: (Module: %sA.dll, AppDomain: /LM/W3SVC/1/ROOT)[A]N.C.M()"):format(nr.windows and "C:\\app\\" or "/app/"))
end)
