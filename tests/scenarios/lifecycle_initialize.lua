-- com-and-lifecycle.md 4 to 6, 9 and 10, selection-in-native.md 8: start, event mask and end.

local scenario = require "nrprof.scenario"
local SEPARATOR = require "nr".windows and "\\" or "/"
local t = scenario.suite "lifecycle initialize"

local CANCEL = "CORPROF_E_PROFILER_CANCEL_ACTIVATION"

-- ---- 6: the event mask ------------------------------------------------------------------------------------------------------

local MASK = { "com-and-lifecycle 6", "selection-in-native 8", "com-and-lifecycle 5" }
for _, row in ipairs {
  { "core", {}, 0xB0040224, 8, "SetEventMask2" }, { "core", { version = "3.1.0.0" }, 0xB0040224, 8, "SetEventMask2" },
  { "desktop", {}, 0xB0040224, 0, "SetEventMask" }, { "desktop", { highest_info = 7 }, 0xB0040224, 0, "SetEventMask" },
} do
  t:test(("6: the mask of %s %s%s"):format(row[1], row[2].version or "", row[2].highest_info or ""), { covers = MASK }, function(s)
    local clr = s[row[1]](s, row[2])
    s:equal({ clr:mask() }, { row[3], row[4] })
    local events = clr:events "MASK"
    s:equal({ #events, events[1].name }, { 1, row[5] })
    s:log_has("[Debug] Calling " .. row[5] .. "().", "[Info ] Profiler initialized")
    clr:call "InstrumentationRefresh"
    clr:call "ReloadConfiguration"
    s:equal(#clr:events "MASK", 1) -- set once
  end)
end

-- ---- 4.3, 5.9: minimum versions -------------------------------------------------------------------------------------------------

for _, row in ipairs {
  { "core", 11, true }, { "core", 10 }, { "core", 5 }, { "core", 4 }, { "desktop", 11, true }, { "desktop", 7, true }, { "desktop", 6 },
    { "desktop", 4 },
} do
  t:test(("4.3: %s with ICorProfilerInfo%d: %s"):format(row[1], row[2], row[3] and "attaches" or "does not"), {
    covers = { "com-and-lifecycle 4.3", "com-and-lifecycle 5", "selection-in-native 8" } }, function(s)
    local clr = s[row[1]](s, { highest_info = row[2], fails = not row[3] })
    s:equal(clr.result, row[3] and "S_OK" or CANCEL)
    if row[3] then return end
    s:equal({ #clr:events "MASK", clr:attached() }, { 0, false })
    s:log_has(row[1] == "core" and "[Error] .NET Core 3.1 or greater required. Profiler not attaching."
      or "[Error] .NET Framework 4.6.1 is required.  Detaching New Relic profiler.")
  end)
end

for _, flavour in ipairs { "core", "desktop" } do
  t:test("5.2: without ICorProfilerInfo4 " .. flavour .. " activation is cancelled, before there is a log",
    { covers = { "com-and-lifecycle 5", "com-and-lifecycle 4.3" } }, function(s)
    local clr = s[flavour](s, { highest_info = 3, fails = true })
    s:equal({ clr.result, #s:log() }, { CANCEL, 0 })
  end)
end

-- ---- 5: steps that can fail ---------------------------------------------------------------------------------------------------------

t:test("5.11: without NewRelic.Agent.Core.dll activation is cancelled", { covers = { "com-and-lifecycle 5" } }, function(s)
  s:home { core = false }
  local clr = s:core { fails = true }
  s:equal(clr.result, CANCEL)
  s:log_has("Aborting instrumentation.", "[Error] The New Relic Agent DLL is missing.")
end)

t:test("5.16: a .NET Framework process on no list is left alone, with one line", { covers = { "com-and-lifecycle 5" } }, function(s)
  s:env { NEW_RELIC_FORCE_PROFILING = false }
  local clr = s:desktop { fails = true }
  s:equal({ clr.result, #clr:events "MASK" }, { CANCEL, 0 })
  s:log_has "[Info ] This process should not be instrumented, unloading profiler."
end)

t:test("5.16: forced profiling goes before every list", { covers = { "com-and-lifecycle 5" } }, function(s)
  s:env { NEW_RELIC_FORCE_PROFILING = "anything", NEW_RELIC_EXCLUDED_APPLICATION_NAMES = "nrprof,nrprof.exe" }
  s:equal(s:core().result, "S_OK")
end)

-- The profiler is attached by hand, so that calls of Initialize can fail. { step, flavour, slot, log line }
for _, row in ipairs {
  { "5.3", "core", "GetRuntimeInformation" }, { "5.3", "desktop", "GetRuntimeInformation" },
  { "5.18", "core", "SetEventMask2",
    "[Error] An exception was thrown while initializing the profiler. The profiler will be detached now." },
  { "5.18", "desktop", "SetEventMask",
    "[Error] An exception was thrown while initializing the profiler. The profiler will be detached now." },
} do
  t:test(("%s: %s fails on %s: activation is cancelled"):format(row[1], row[3], row[2]), { covers = { "com-and-lifecycle 5",
    "com-and-lifecycle 6" } }, function(s)
    local clr = s[row[2]](s, { attach = false })
    clr:fail("ICorProfilerInfo", row[3], 0, "E_FAIL")
    s:equal({ clr.raw:attach(scenario.profiler), clr:attached() }, { scenario.results[CANCEL], false })
    if row[4] then s:log_has(row[4]) else s:equal(#s:log(), 0) end
    clr:fail_none()
    s:equal(clr:call "InstrumentationRefresh", "E_FAIL")
  end)
end

t:test("5: the lines of a start", { covers = { "com-and-lifecycle 5" } }, function(s)
  s:home { config = { level = "info" } }
  s:core()
  s:log_has("[Info ] Logger initialized.", "[Info ] Initializing ThreadProfiler", "[Info ] ICorProfilerInfo10 available",
    "[Info ] Profiler initialized")
  s:log_is({ "Warn", "Error" }, scenario.no_extension_files)
end)

t:test("5.5: a newrelic.config that cannot be read cancels activation; its error is logged", { covers = { "com-and-lifecycle 5" } },
  function(s)
  s:home { config = '<?xml version="1.0"?><other/>' }
  local clr = s:core { fails = true }
  s:equal(clr.result, CANCEL)
  s:log_has "[Error] An exception was thrown while initializing the profiler. The profiler will be detached now."
end)

t:test("5.12: bad extension files are warned about, others count", { covers = { "com-and-lifecycle 5" } }, function(s)
  s:home { ["extensions/bad.xml"] = "<extension", rules = { { assembly = "A", class = "N.C", method = "M" } } }
  local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = { { name = "M", sig = "00 00 01",
    body = "06 2a" } } } } })
  s:rewritten(m:jit "N.C.M")
  s:log_has("Exception thrown while attempting to parse instrumentation file 'home" .. SEPARATOR .. "extensions" .. SEPARATOR .. "bad.xml'.")
end)

t:test("5.19: at TRACE the CLR's version is in the log", { covers = { "com-and-lifecycle 5" } }, function(s)
  s:home { config = { level = "finest" } }
  s:core { version = "10.0.0.0" }
  s:log_has("[Trace] New Relic .NET CoreCLR Agent", "[Trace] Checking to see if we should instrument this process.",
    "[Trace] CLR version: 10.0", "[Info ] Profiler initialized")
end)

-- ---- 4: the object ----------------------------------------------------------------------------------------------------------------------

-- Interface ids are compared by their digits.
local function by_digits(t)
  local r = {}
  for id, n in pairs(t) do r[id:gsub("-", ""):lower()] = n end
  return r
end
local function digits(e) return (e.name:gsub("[{}-]", ""):lower()) end

local CALLBACK = by_digits { ["176FBED1-A55C-4796-98CA-A9DA0EF883E7"] = 1, ["8A8CC829-CCF2-49FE-BBAE-0F022228071A"] = 2,
  ["4FD2ED52-7731-4B8D-9469-03D2CC3086C5"] = 3,
  ["7B63B2E3-107D-4D48-B2F6-F61E229470D2"] = 4 }
t:test("4.1: the profiler is an ICorProfilerCallback, 2, 3 and 4, and no newer one", { covers = { "com-and-lifecycle 4.1",
  "com-and-lifecycle 4", "com-and-lifecycle 3" } }, function(s)
  local clr, found = s:core(), {}
  for _, e in ipairs(clr:events "QUERY") do
    if e.args == "callback" then
      local n = CALLBACK[digits(e)]
      if n then found[n] = true end
      s:equal(e.hr < 0x80000000, n ~= nil or digits(e):find "^00000000" ~= nil, e.name)
    end
  end
  s:truth(found[3] or found[4], "it is asked for ICorProfilerCallback3 or 4")
end)

local INFO = by_digits { ["0D8FDCAA-6257-47BF-B1BF-94DAC88466EE"] = 4, ["07602928-CE38-4B83-81E7-74ADAF781214"] = 5,
  ["9AEECC0D-63E0-4187-8C00-E312F503F663"] = 7,
  ["2F1B5152-C869-40C9-AA5F-3ABE026BD720"] = 10, ["06398876-8987-4154-B621-40A00D6E4D04"] = 11 }
for _, row in ipairs { { "core", { 4, 5, 10, 11 } }, { "desktop", { 4, 7, 10 } } } do
  t:test("4.3: the interfaces that it asks " .. row[1] .. " for", { covers = { "com-and-lifecycle 4.3" } }, function(s)
    local clr, asked, list = s[row[1]](s), {}, {}
    for _, e in ipairs(clr:events "QUERY") do
      if e.args == "info" then
        local n = INFO[digits(e)]
        s:truth(n, "it asked for " .. e.name)
        if not asked[n] then list[#list + 1] = n end
        asked[n] = true
      end
    end
    s:equal(list[1], 4) -- first of all
    table.sort(list)
    s:equal(list, row[2])
  end)
end

t:test("9: Shutdown says so, and a profiler that is shut down still has its exports", { covers = { "com-and-lifecycle 9",
  "com-and-lifecycle 4.2.3" } }, function(s)
  local clr = s:core()
  s:equal(clr:shutdown(), "S_OK")
  s:log_has("[Info ] Profiler initialized", "[Info ] Profiler shutting down", "[Info ] Profiler shutdown")
  s:equal(clr:attached(), false)
end)

t:test("9: ThreadDestroyed is answered S_OK", { covers = { "com-and-lifecycle 9" } }, function(s)
  local clr = s:core()
  s:equal(clr:end_thread(clr:thread()), "S_OK")
end)

t:test("4.2: a second CLR in the process works; exports go to the last one", { covers = { "com-and-lifecycle 4.2",
  "com-and-lifecycle 4.2.2" } }, function(s)
  s:home { rules = { { assembly = "A", class = "N.C", method = "M" } } }
  local list = {}
  for i, flavour in ipairs { "core", "desktop" } do
    list[i] = s[flavour](s)
    local m = list[i]:load(s:assembly { name = "A", types = { { name = "N.C", methods = { { name = "M", sig = "00 00 01",
      body = "06 2a" } } } } })
    s:rewritten(m:jit "N.C.M")
  end
  local before = { #list[1]:events "REQUEST_REJIT", #list[2]:events "REQUEST_REJIT" }
  s:equal(list[2]:call "InstrumentationRefresh", "S_OK")
  s:equal({ #list[1]:events "REQUEST_REJIT", #list[2]:events "REQUEST_REJIT" }, { before[1], before[2] + 1 })
end)
