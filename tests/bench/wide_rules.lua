-- How long resolving rules takes: every assembly of Microsoft.NETCore.App is loaded into the simulated CLR, with no rules and with
-- 10,000 wildcard rules of several kinds. tests/bench/wide_rules.sh runs it and prints the table; nothing is asserted about time.

local scenario = require "nrprof.scenario"
local clr = require "nr.clr"
local t = scenario.suite "wide rules"

local COUNT = 10000

local function framework()
  local root = (os.getenv "DOTNET_ROOT" or "/usr/share/dotnet") .. "/shared/Microsoft.NETCore.App"
  local newest, files = nil, {}
  for _, path in ipairs(clr.files(root, ".dll")) do
    local version = path:match "Microsoft%.NETCore%.App[/\\]([^/\\]+)[/\\]"
    if version and (not newest or version > newest) then newest = version end
  end
  for _, path in ipairs(clr.files(root, ".dll")) do
    if newest and path:find(newest, 1, true) then files[#files + 1] = path end
  end
  return files
end

local kinds = {
  { "no rules", function() return "" end },
  { "classes by their heads", function(i) return ("assembly = 'System.*', class = 'System.N%d.*', 'Execute*'"):format(i) end },
  { "classes by their tails", function(i) return ("assembly = '*', class = '*Service%d', '*'"):format(i) end },
  { "methods of all classes", function(i) return ("assembly = '*', class = '*', 'Execute%dA*'"):format(i) end },
  { "pieces inside", function(i) return ("assembly = '*', class = '*Xq%dz*', 'Get*'"):format(i) end },
  { "some that match", function(i) return ("assembly = 'System.%s*', class = '*%s*', '*%d*'"):format(
    string.char(65 + i % 26), string.char(65 + i // 26 % 26), i % 1000) end },
}

t:test("10,000 rules over the shared framework", { only_ours = "rules in Lua", seconds = 600 }, function(s)
  local files = framework()
  if #files == 0 then s:skip "there is no .NET on this machine" end
  local base
  local out = assert(io.open(assert(os.getenv "NRPROF_BENCH_TABLE", "run tests/bench/wide_rules.sh"), "w"))
  out:write(("%-28s %10s %10s %10s"):format("rules", "load, s", "more, s", "requests"), "\n")
  for _, kind in ipairs(kinds) do
    local lines = { "tracer {}" }
    for i = 1, kind[2](1) == "" and 0 or COUNT do lines[#lines + 1] = "match { " .. kind[2](i) .. " }" end
    s:home { config = { level = "info" }, ["extensions/wide.lua"] = table.concat(lines, "\n") }
    local c = s:core()
    local began = os.clock()
    for _, path in ipairs(files) do assert(c.raw:load(path)) end
    local took, requests = os.clock() - began, 0
    for _, e in ipairs(c.raw:events(0)) do
      if e.kind:upper() == "REQUEST_REJIT" then requests = requests + #e.methods end
    end
    s:log_has(("Identified %d Instrumentation points (not ignored) in .lua files"):format(#lines - 1))
    base = base or took
    out:write(("%-28s %10.2f %10.2f %10d"):format(kind[1], took, took - base, requests), "\n")
    c:shutdown()
  end
  out:write(("%d assemblies\n"):format(#files))
  out:close()
end)

return t
