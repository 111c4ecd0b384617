-- Is what was written valid IL? injected-code.md 2 and 5, and where it is not: quirk Q24.
local scenario = require "nrprof.scenario"
local t = scenario.suite "valid IL"

-- { what, signature, body, flags of the method }
local METHODS = {
  { "a static void method", "00 00 01", "00 2a" },
  { "an instance method", "20 00 01", "02 26 2a", instance = true },
  { "a number", "00 00 08", "1a 2a" },
  { "a long", "00 00 0a", "21 01 00 00 00 00 00 00 00 2a" },
  { "a double", "00 00 0d", "23 00 00 00 00 00 00 00 00 2a" },
  { "an object of its parameter", "00 01 1c 1c", "02 2a" },
  { "parameters of every class", "00 06 01 08 0a 0d 18 1c 0e", "02 26 2a" },
  { "several RETs", "00 01 08 08", "02 2c 02 17 2a 16 2a" },
  { "several RETs and a switch", "00 01 08 08", "02 45 01 00 00 00 02 00 00 00 16 2a 17 2a" },
  { "a throw", "00 01 01 1c", "02 2d 02 14 7a 2a" },
}

for _, row in ipairs(METHODS) do
  for _, desktop in ipairs { false, true } do
    t:test(("2: %s on %s"):format(row[1], desktop and ".NET Framework" or ".NET"),
      { covers = { "injected-code 2", "injected-code 2.1" } }, function(s)
        local method = { sig = row[2], body = { code = row[3] }, desktop = desktop }
        if row.instance then method.flags = 0x0006 end
        local m = s:method(method)
        local r = m:jit()
        s:valid(r)
      end)
  end
end

for _, desktop in ipairs { false, true } do
  t:test(("5: an API method on %s"):format(desktop and ".NET Framework" or ".NET"), { covers = { "injected-code 5" } }, function(s)
    s:valid(s:api_method { sig = "00 01 1c 1c", body = { code = "02 2a" }, desktop = desktop }:jit())
  end)
end

t:test("Q24: inner RETs of an API method stay where no RET may be", { covers = { "Q24" } }, function(s)
  s:invalid(s:api_method { sig = "00 01 01 08", body = { code = "02 2c 01 2a 2a" } }:jit(), "RET_IN_HANDLER")
end)
