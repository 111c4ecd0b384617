-- nrprof.tool_run - `nrprof run`: an application under the profiler, with nothing installed. Not for scripts of the profiler.

local check = require "nrprof.tool_check"
local clr = require "nr.clr"
local image = require "nrprof.image"
local nr = require "nr"
local process = require "nr.process"
local tool = require "nrprof.tool"
local trace = require "nrprof.tool_trace"

local M = {}

local MOST_COMPLAINTS = 5

local config = [[
<?xml version="1.0"?>
<configuration xmlns="urn:newrelic-config" agentEnabled="true">
  <log level="info"/>
</configuration>
]]

-- ---- rules for --trace -------------------------------------------------------------------------------------------------

-- What the template of the trace itself calls: with one of these methods traced every record would make another.
local never = { "mscorlib", "netstandard", "System.Private.CoreLib", "System.Runtime", "System.Console", "System.Collections",
  "System.Memory", "System.Threading", "System.Runtime.Extensions", "System.Runtime.InteropServices", "System.Text.Encoding.Extensions",
  "Microsoft.Win32.Primitives" }

-- "[Assembly]Namespace.Type::Method(types)" to its parts.
local function split(pattern)
  local assembly, rest = pattern:match "^%[([^%]]+)%](.+)$"
  local class, method = (rest or pattern):match "^(.+)::(.+)$"
  if not class then
    tool.fail("'%s' is no pattern: write Namespace.Type::Method or [Assembly]Namespace.Type::Method, with * for any text", pattern)
  end
  return assembly or "*", class, method
end

-- The rule file of the patterns.
function M.rules_of(patterns)
  local out = {}
  for pattern in patterns:gmatch "%S+" do
    local assembly, class, method = split(pattern)
    out[#out + 1] = ("tracer {} match { assembly = %q, class = %q, %q }"):format(assembly, class, method)
    -- The framework only when it is meant.
    if assembly == "*" and not class:find "^System%." and not class:find "^Microsoft%." then
      out[#out + 1] = 'ignore { assembly = "System.*" } ignore { assembly = "Microsoft.*" }'
    end
  end
  for _, assembly in ipairs(never) do out[#out + 1] = ("ignore { assembly = %q }"):format(assembly) end
  return table.concat(out, "\n") .. "\n"
end

-- ---- the home ------------------------------------------------------------------------------------------------------------

local function make_home(o)
  local home = nr.directory()
  local function put(name, text) tool.write(tool.join(home, (name:gsub("/", tool.separator))), text) end
  put("newrelic.config", config)
  -- The profiler wants to see the agent, whose template is not used here.
  put("NewRelic.Agent.Core.dll", image.versioned_dll("New Relic .NET CoreCLR Agent", "0.0.0.0"))
  put("instrumentation/templates/tracer.lua", nr.embedded "nrprof.tool_trace_template.lua")
  if o.trace then put("extensions/nrprof-run.lua", M.rules_of(o.trace)) end
  if o.rules then
    if nr.kind(o.rules) ~= "directory" then tool.fail("%s: no such directory", o.rules) end
    for _, path in ipairs(tool.files(o.rules, ".lua", ".xml")) do
      local template = path:find "[/\\]templates[/\\][^/\\]*$"
      put((template and "instrumentation/templates/" or "extensions/") .. tool.base_name(path), tool.read(path))
    end
  end
  return home
end

-- Variables of other homes and profilers would go before ours.
local function set_environment(home, library, log, why)
  for _, name in ipairs { "CORECLR_NEWRELIC_HOME", "NEW_RELIC_INSTALL_PATH", "NEWRELIC_INSTALL_PATH", "CORECLR_PROFILER_PATH_64",
    "CORECLR_PROFILER_PATH_32", "CORECLR_PROFILER_PATH_ARM64", "NEW_RELIC_LOG_CONSOLE", "NEW_RELIC_LOG_ENABLED",
    "NEWRELIC_PROFILER_LOG_DIRECTORY", "NEWRELIC_LOG_LEVEL" } do
    clr.setenv(name, nil)
  end
  clr.setenv("CORECLR_ENABLE_PROFILING", "1")
  clr.setenv("CORECLR_PROFILER", "{36032161-FFC0-4B61-B559-F6C5D41BAE5A}")
  clr.setenv("CORECLR_PROFILER_PATH", library)
  clr.setenv("CORECLR_NEW_RELIC_HOME", home)
  clr.setenv("NEW_RELIC_PROFILER_LOG_DIRECTORY", log)
  clr.setenv("NEW_RELIC_LOG_LEVEL", why and "debug" or "info") -- near misses are DEBUG lines
end

-- ---- afterwards ------------------------------------------------------------------------------------------------------------

-- A line about a rule file of the temporary home, as the user knows the file.
local function rule_path(o, home, line)
  local directory = tool.join(tool.join(home, "extensions"), "")
  if line:sub(1, #directory) ~= directory then return line end
  local rest = line:sub(#directory + 1)
  if rest:find("nrprof-run.lua:", 1, true) == 1 then return "--trace" .. rest:match "^nrprof%-run%.lua:%d+(:.*)$" end
  return tool.join(o.rules or "", rest)
end

-- What the logs of all processes say: complaints, and why there may be nothing to see.
local function report(told, home, log, calls, code, said)
  local complaints, misses, instrumented, refused, files = {}, {}, 0, false, tool.files(log, ".log")
  for _, path in ipairs(files) do
    for level, text in tool.read(path):gmatch "%[(%a+) *%] %d+%-%d+%-%d+ %d+:%d+:%d+ ([^\r\n]*)" do
      if level == "Warn" or level == "Error" then
        complaints[#complaints + 1] = text:gsub(home:gsub("%p", "%%%0"), "(home)")
      end
      local near = told.options.why and text:match "^Near miss: (.*)$"
      if near then misses[near] = true end
      if text:find("Instrumenting method:", 1, true) then instrumented = instrumented + 1 end
      refused = refused or text:find("This process should not be instrumented", 1, true) ~= nil
    end
  end
  local lines = {}
  for miss in pairs(misses) do
    local line = rule_path(told.options, home, miss)
    if not said[line:match "^%-%-trace" or line:match "^.-:%d+"] then lines[#lines + 1] = line end
  end
  table.sort(lines)
  for _, line in ipairs(lines) do told.complain("near miss: " .. line) end
  for i = 1, math.min(#complaints, MOST_COMPLAINTS) do told.complain("profiler: " .. complaints[i]) end
  if #complaints > MOST_COMPLAINTS then
    told.complain(("profiler: and %d lines more%s"):format(#complaints - MOST_COMPLAINTS,
      told.options.log and "" or " (--log DIR keeps the log)"))
  end
  local why = ""
  if #files == 0 then
    why = "; the profiler was not loaded: no .NET (Core) application, or its diagnostics are off (DOTNET_EnableDiagnostics)"
  elseif instrumented == 0 and refused then
    why = "; the profiler leaves this process alone (`dotnet run` and other commands of the SDK: start the built application)"
  elseif instrumented == 0 then
    why = "; no method that was called matches (nrprof list --assemblies DIR counts them)"
  end
  local methods = 0
  for _ in pairs(calls.methods) do methods = methods + 1 end
  told.complain(("%s of %s, exit code %d%s"):format(tool.plural(calls.count, "call"), tool.plural(methods, "method"), code, why))
end

-- ---- the command ---------------------------------------------------------------------------------------------------------------

local function absolute(path)
  if path:find "^[/\\]" or path:find "^%a:" then return path end
  return tool.join(clr.current_directory(), path)
end

-- Each rule that matches nothing in the application's directory, with the reason, before it starts. Returns the places of these rules:
-- near misses of the same ones, which the profiler may report while it runs, say nothing new.
local function say_why(told, directory)
  local said = {}
  local o, findings, files = told.options, {}, { rules = {}, xml = {} }
  for _, path in ipairs(o.rules and tool.files(o.rules, ".lua", ".xml") or {}) do
    if not path:find "[/\\]templates[/\\][^/\\]*$" then
      table.insert(path:find "%.xml$" and files.xml or files.rules, { path = path, text = tool.read(path) })
    end
  end
  if o.trace then table.insert(files.rules, 1, { path = "--trace", text = M.rules_of(o.trace) }) end
  check.check_assemblies(findings, files, directory)
  for _, f in ipairs(findings) do
    local place = f.file == "--trace" and f.file or f.file .. ":" .. f.line
    said[place] = true
    told.complain(("%s: %s"):format(place, f.text))
  end
  return said
end

local function library(o)
  local path = o.profiler or clr.default_library
  if nr.kind(path) ~= "file" then tool.fail("%s: no such profiler library", path) end
  return absolute(path)
end

-- The directory of the first word that is a file with a .NET assembly's name.
local function application_directory(words)
  for _, word in ipairs(words) do
    if word:find "%.[dD][lL][lL]$" and nr.kind(word) == "file" then return tool.directory_of(word) end
  end
  if words[1]:find "[/\\]" and nr.kind(words[1] .. ".dll") == "file" then return tool.directory_of(words[1]) end
end

function M.run(told)
  local o, words = told.options, told.operands
  if #words == 0 then return told.usage "no program is given: nrprof run --trace PATTERN -- dotnet app.dll" end
  if not o.trace and not o.rules then return told.usage "nothing to show: --trace PATTERN or --rules DIR" end
  local home = make_home(o)
  local log = o.log and absolute(o.log) or tool.join(home, "logs")
  local path = library(o)
  local directory = o.why and application_directory(words)
  local said = directory and say_why(told, directory) or {}
  local output
  if o.output then output = nr.open(o.output, "wb") or tool.fail("%s: the file cannot be written", o.output) end
  set_environment(home, path, log, o.why)

  local calls = trace.calls(process.now, nr.windows and 100 or 1)
  local at_line_start = true
  local function put(text)
    if output then
      output:write(text, "\n")
      output:flush()
    else
      told.write_error((at_line_start and "" or "\n") .. text .. "\n")
      at_line_start = true
    end
  end
  local reader = trace.reader(function(fields)
    local event = calls.take(fields)
    if event then put(told.json and trace.json_line(event) or trace.line(event)) end
  end, function(text)
    told.write_error(text)
    at_line_start = text:sub(-1) == "\n"
  end)

  if not process.start(words, true) then tool.fail("%s: no such program, or it cannot be started", words[1]) end
  for bytes in process.read do reader.feed(bytes) end
  reader.finish()
  local code = process.wait()
  if output then output:close() end
  report(told, home, log, calls, code, said)
  return code
end

return M
