-- What can stand between the CLR and the profiler (docs/validation.md, docs/rollout.md), on the simulated CLR.
local scenario = require "nrprof.scenario"
local nr = require "nr"

local t = scenario.suite "Validation"

local function contents(path)
  local f <close> = assert(io.open(path, "rb"))
  return f:read "a"
end

-- Another file is another library, with data of its own.
local function other_library()
  local path = nr.directory() .. "/libOther.so"
  nr.write(path, contents(scenario.profiler))
  return path
end

local function one_method(s)
  s:home { rules = { { assembly = "A", class = "N.C", method = "M" } } }
  return s:assembly { name = "A", types = { { name = "N.C", methods = { { name = "M", sig = "00 00 01", body = "06 2a" } } } } }
end

-- The lines of the only recording in a directory, by kind of event.
local function recording(directory)
  local found, count = {}, 0
  for line in contents(directory):gmatch "[^\n]+" do
    local kind = assert(line:match '^{"ev":"(%w+)".*}$', line)
    found[kind] = found[kind] or {}
    table.insert(found[kind], line)
    count = count + 1
    if count == 1 then assert(kind == "recording", line) end
  end
  return found
end

t:test("a method is recorded as it was given", { covers = { "com-and-lifecycle 5" } }, function(s)
  local directory = nr.directory()
  local assembly = one_method(s)
  s:env { NEWRELIC_VALIDATION_ENABLED = "1", NEWRELIC_VALIDATION_OUTPUT = directory }
  local clr = s:core()
  local m = clr:load(assembly)
  s:rewritten(m:jit "N.C.M")
  clr:shutdown()
  local path
  for _, line in ipairs(s:log()) do path = path or line:match "Validation recording: (%C+)" end
  local lines = recording(path)
  s:equal(#lines.setil, 1)
  s:equal(lines.setil[1]:match '"via":"(%w+)","asm":"(%w+)","type":"([%w.]+)","method":"(%w+)"', "rejit")
  s:equal(#lines.shutdown, 1)
  assert(lines.emit and lines.tok and lines.getil and lines.getrejit and lines.mask and lines.init)
end)

t:test("switched off by 0: nothing is written", { covers = { "com-and-lifecycle 5" } }, function(s)
  local directory = nr.directory() .. "/none"
  local assembly = one_method(s)
  s:env { NEWRELIC_VALIDATION_ENABLED = "0", NEWRELIC_VALIDATION_OUTPUT = directory }
  s:rewritten(s:core():load(assembly):jit "N.C.M")
  s:equal(io.open(directory), nil)
end)

-- The event mask is refused once: this library cannot start, the other one can.
t:test("a start that fails inside: the fallback takes over", { covers = { "com-and-lifecycle 5" } }, function(s)
  if nr.windows then s:skip "this library's log cannot be renamed while it is open" end
  local path = other_library()
  s:env { NEW_RELIC_PROFILER_FALLBACK = path }
  local clr = s:core { attach = false }
  clr:fail("ICorProfilerInfo", "SetEventMask2", 1, "E_FAIL")
  s:equal({ clr.raw:attach(scenario.profiler), clr:attached() }, { 0, true })
  s:equal(clr:call "InstrumentationRefresh", "S_OK")
end)

t:test("a process that is excluded has no fallback", { covers = { "com-and-lifecycle 5" } }, function(s)
  s:env { NEW_RELIC_PROFILER_FALLBACK = other_library(), NEW_RELIC_EXCLUDED_APPLICATION_NAMES = "nrprof,nrprof.exe" }
  local clr = s:core { fails = true }
  s:equal(clr.result, "CORPROF_E_PROFILER_CANCEL_ACTIVATION")
  for _, line in ipairs(s:log()) do assert(not line:find "takes over", line) end
end)

t:test("a target does the work, and the agent's calls go to it", { covers = { "com-and-lifecycle 5" } }, function(s)
  local assembly = one_method(s)
  s:env { NEWRELIC_VALIDATION_TARGET = other_library() }
  local clr = s:core()
  s:rewritten(clr:load(assembly):jit "N.C.M")
  s:equal(clr:call "InstrumentationRefresh", "S_OK")
end)

t:test("a target that is no library: this one does the work", { covers = { "com-and-lifecycle 5" } }, function(s)
  local path = nr.directory() .. "/text.so"
  nr.write(path, "no library")
  local assembly = one_method(s)
  s:env { NEWRELIC_VALIDATION_TARGET = path }
  s:rewritten(s:core():load(assembly):jit "N.C.M")
  local said = 0
  for _, line in ipairs(s:log()) do if line:find("NEWRELIC_VALIDATION_TARGET is not used", 1, true) then said = said + 1 end end
  s:equal(said, 1)
end)
