-- nrprof.testing - runs the tests of one file with LuaUnit, for `nrprof test`. Not for scripts of the profiler.

local M = {}

-- LuaUnit marks the messages of failed assertions; the mark says nothing that FAIL does not.
local function plain(message)
  return (tostring(message):gsub("LuaUnit test %u+: *", ""))
end

-- What is below LuaUnit says nothing about the test; neither does the only place that the message names, too.
local function trace(text)
  local kept = {}
  for line in text:gmatch "[^\n]+" do
    if line:find("luaunit.lua:", 1, true) then break end
    kept[#kept + 1] = line
  end
  return #kept > 2 and "\n" .. table.concat(kept, "\n") or ""
end

-- Calls report(name, status, message, seconds) for every test; status is "passed", "failed" or "skipped".
-- Returns how many tests the file has and how many the pattern left out.
function M.run(path, pattern, report)
  local lu = require "luaunit"
  local chunk, fault = loadfile(path, "t")
  if not chunk then error(fault, 0) end
  chunk()

  local output = setmetatable({}, { __index = lu.genericOutput })
  function output.new(runner)
    return setmetatable({ runner = runner, result = runner.result }, { __index = output })
  end
  function output:endTest(node)
    local name, status, message = node.testName, "passed", nil
    if node:isSkipped() then
      status, message = "skipped", plain(node.msg)
    elseif node:isFailure() then
      status, message = "failed", plain(node.msg)
    elseif node:isError() then
      status, message = "failed", plain(node.msg) .. trace(node.stackTrace or "")
    end
    report(name, status, message, node.duration)
  end

  local tests = {}
  for _, name in ipairs(lu.LuaUnit.collectTests()) do tests[#tests + 1] = { name, _G[name] } end
  local runner = lu.LuaUnit.new()
  runner.outputType = output
  -- Not through LuaUnit's command line, which would read this program's arguments and variables of the environment.
  runner.patternIncludeFilter = pattern and { pattern } or nil
  runner:registerSuite()
  runner:internalRunSuiteByInstances(tests)
  runner:unregisterSuite()
  return runner.result.selectedCount, runner.result.nonSelectedCount
end

return M
