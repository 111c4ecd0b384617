-- com-and-lifecycle.md 4: every slot of the callback interface, called as a runtime calls it. On 32-bit Windows the stack pointer is
-- looked at after each call; everywhere what the slots write behind their results.

local scenario = require "nrprof.scenario"
local t = scenario.suite "lifecycle slots"

local SLOTS, LEFT_OUT = 89, 3 -- Initialize, Shutdown and InitializeForAttach have scenarios of their own

local function call_all(s, start, threads, rounds)
  local clr = start(s)
  local calls, wrong = clr.raw:call_slots(threads, rounds)
  s:equal(wrong, nil)
  s:equal(calls, (SLOTS - LEFT_OUT) * threads * rounds)
  s:log_has "[Info ] Profiler initialized"
  return clr
end

for _, threads in ipairs { 1, 4 } do
  for _, flavour in ipairs { "core", "desktop" } do
    t:test(("4: all %d slots, %d threads, %s"):format(SLOTS - LEFT_OUT, threads, flavour), { covers = "com-and-lifecycle 4" }, function(s)
      call_all(s, s[flavour], threads, 200)
    end)
  end
end

t:test("4: a method is instrumented after all slots were called", { covers = "com-and-lifecycle 4" }, function(s)
  local m = s:method { body = "06 2a" }
  local calls, wrong = m.clr.raw:call_slots(4, 20)
  s:equal({ calls, wrong }, { (SLOTS - LEFT_OUT) * 80 })
  s:rewritten(m:jit())
end)
