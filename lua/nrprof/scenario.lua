-- nrprof.scenario - test plans for a profiler library on the simulated CLR (docs/scenarios.md). Not for scripts of the profiler.
--
-- A library under test keeps state of its process (log, singleton, threads) and may crash: every scenario runs in a process of
-- its own, a fork of this one where the system has that, else this program started anew for the one scenario.

local clr = require "nr.clr"
local image = require "nrprof.image"
local lu = require "luaunit"
local nr = require "nr"
local scenario_clr = require "nrprof.scenario_clr"
local tools = require "nrprof.scenario_tools"

local M = { suites = {}, image = image, results = tools.results }
local separator, list_of, fail, hr_name = tools.separator, tools.list_of, tools.fail, tools.hr_name
local read_file, check_fields, set = nr.read, tools.check_fields, tools.set

-- ---- the library ------------------------------------------------------------------------------------

M.profiler = tools.absolute(nr.profiler or clr.default_library)

local ours
-- Is the library under test of this project, whatever its file name? It carries the names of its embedded files.
function M.is_ours()
  if ours == nil then
    local bytes = read_file(M.profiler) or error(M.profiler .. ": no such profiler library", 0)
    ours = bytes:find("lua/nrprof/rules.lua", 1, true) ~= nil
  end
  return ours
end

-- ---- a scenario ------------------------------------------------------------------------------------------------

local Scenario = {}
Scenario.__index = Scenario

-- Everything a profiler or a shell may have left in the environment.
local VARIABLES = [[NEW_RELIC_HOME NEWRELIC_HOME CORECLR_NEW_RELIC_HOME CORECLR_NEWRELIC_HOME NEW_RELIC_INSTALL_PATH
  NEWRELIC_INSTALL_PATH NEW_RELIC_FORCE_PROFILING NEWRELIC_FORCE_PROFILING NEW_RELIC_PROFILER_LOG_DIRECTORY
  NEWRELIC_PROFILER_LOG_DIRECTORY NEW_RELIC_LOG_DIRECTORY NEWRELIC_LOG_DIRECTORY NEW_RELIC_LOG_LEVEL NEWRELIC_LOG_LEVEL
  NEW_RELIC_LOG_ENABLED NEW_RELIC_LOG_CONSOLE NEW_RELIC_AZURE_FUNCTION_LOG_LEVEL_OVERRIDE FUNCTIONS_WORKER_RUNTIME
  NEW_RELIC_AZURE_FUNCTION_MODE_ENABLED NEW_RELIC_INCLUDED_APPLICATION_NAMES NEW_RELIC_EXCLUDED_APPLICATION_NAMES APP_POOL_ID
  ASPNETCORE_IIS_APP_POOL_ID NEW_RELIC_LAMBDA_HANDLER _HANDLER NEW_RELIC_DISABLE_APPDOMAIN_CACHING
  NEW_RELIC_PROFILER_DELAY_IN_SEC HOME_EXPANDED NEW_RELIC_PROFILER_DISABLED NEW_RELIC_PROFILER_FAULT_LIMIT
  NEW_RELIC_NESTED_TYPES_AT_LOAD NEW_RELIC_BY_REF_LIKE_AS_NULL NEW_RELIC_FAST_START NEW_RELIC_DIRECT_CALL NEW_RELIC_VETO_INLINING NEW_RELIC_SAFE_REWRITE NEW_RELIC_FLAGS_PER_METHOD NEW_RELIC_REPORT_REJIT_ERRORS
  NEWRELIC_VALIDATION_ENABLED NEWRELIC_VALIDATION_OUTPUT NEWRELIC_VALIDATION_TARGET NEWRELIC_VALIDATION_SHADOW
  NEWRELIC_VALIDATION_SHADOW_REVERSE NEW_RELIC_PROFILER_FALLBACK NEW_RELIC_PROFILER_FALLBACK_PERCENT]]

local function xml_text(s)
  return (tostring(s):gsub("[&<>\"]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }))
end

local function attributes(t, names)
  local parts = {}
  for _, pair in ipairs(names) do
    local value = t[pair[1]]
    if value ~= nil then parts[#parts + 1] = (' %s="%s"'):format(pair[2], xml_text(value)) end
  end
  return table.concat(parts)
end

local FACTORY = { { "factory", "name" }, { "enabled", "enabled" }, { "metric_name", "metricName" }, { "metric", "metric" },
  { "level", "level" }, { "suppress", "suppressRecursiveCalls" }, { "segment", "transactionTraceSegment" },
  { "priority", "transactionNamingPriority" } }
local MATCH = { { "assembly", "assemblyName" }, { "class", "className" }, { "min", "minVersion" }, { "max", "maxVersion" } }
local rule_fields = set [[factory enabled metric_name metric level suppress segment priority assembly class min max method
  parameters]]

-- { { assembly =, class =, method = name or list, parameters =, factory =, … }, … } as an extension file.
function M.rules_xml(rules)
  local lines = { '<?xml version="1.0" encoding="utf-8"?>', '<extension xmlns="urn:newrelic-extension"><instrumentation>' }
  for _, r in ipairs(rules) do
    check_fields(r, "a rule", rule_fields)
    lines[#lines + 1] = ("<tracerFactory%s>"):format(attributes(r, FACTORY))
    lines[#lines + 1] = ("<match%s>"):format(attributes(r, MATCH))
    for _, name in ipairs(list_of(r.method)) do
      lines[#lines + 1] = ("<exactMethodMatcher%s/>"):format(attributes({ name = name, parameters = r.parameters },
        { { "name", "methodName" }, { "parameters", "parameters" } }))
    end
    lines[#lines + 1] = "</match></tracerFactory>"
  end
  lines[#lines + 1] = "</instrumentation></extension>"
  return table.concat(lines, "\n")
end

-- The text of a newrelic.config. { level = "debug", ignore = { "A", { "A", "C" } }, enabled = true, inside = more XML }
local config_fields = set "level ignore enabled inside console log_enabled"
function M.config_xml(c)
  check_fields(c, "a configuration", config_fields)
  local lines = { '<?xml version="1.0"?>',
    ('<configuration xmlns="urn:newrelic-config" agentEnabled="%s">'):format(tostring(c.enabled ~= false)),
    ("<log%s/>"):format(attributes({ level = c.level or "debug", console = c.console, enabled = c.log_enabled },
      { { "level", "level" }, { "console", "console" }, { "enabled", "enabled" } })) }
  if c.ignore then
    lines[#lines + 1] = "<instrumentation><rules>"
    for _, i in ipairs(c.ignore) do
      i = list_of(i)
      lines[#lines + 1] = ("<ignore%s/>"):format(attributes({ a = i[1], c = i[2] },
        { { "a", "assemblyName" }, { "c", "className" } }))
    end
    lines[#lines + 1] = "</rules></instrumentation>"
  end
  lines[#lines + 1] = c.inside or ""
  lines[#lines + 1] = "</configuration>"
  return table.concat(lines, "\n")
end

-- Fills the home directory: rules = a list (extensions/rules.xml), config = text, table, or false for no file, core = false for no
-- NewRelic.Agent.Core.dll, and texts of files by relative path. Can be called again to change files. An empty
-- NewRelic.Agent.Core.dll stands for one that the profiler accepts.
function Scenario:home(t)
  local root = tools.absolute(self.home_directory, self.directory) .. separator
  local function write(name, text)
    if name:find "NewRelic%.Agent%.Core%.dll$" then self.agent_dlls[name] = text == "" or nil end
    nr.write(root .. (nr.windows and name:gsub("/", "\\") or name), text)
  end
  t = t or {}
  local config, core = t.config, t.core
  if config == nil and not self.home_made then config = {} end
  if core == nil and not self.home_made then core = "" end
  self.home_made = true
  if config then
    write("newrelic.config", type(config) == "table" and M.config_xml(config) or config)
  end
  if core then write("NewRelic.Agent.Core.dll", core) end
  if t.rules then write("extensions/rules.xml", M.rules_xml(t.rules)) end
  for name, content in pairs(t) do
    if name:find "[/.]" then write(name, content)
    elseif name ~= "config" and name ~= "core" and name ~= "rules" then
      error(("s:home knows no field '%s'; a file name has a '/' or a '.'"):format(name), 2)
    end
  end
  -- Windows makes no directory of a relative name, so that of the log is there already.
  if not clr.make_directory(root .. "extensions") or (nr.windows and not clr.make_directory(root .. "Logs")) then
    error("no home directory can be made", 2)
  end
  return self.home_directory
end

-- { NAME = value, OTHER = false }: sets and removes variables, now and for good.
function Scenario:env(t)
  for name, value in pairs(t) do
    self.env_set[name] = { value = value and tostring(value) or nil }
    clr.setenv(name, value and tostring(value) or nil)
  end
end

function Scenario:assembly(t)
  local copy = {}
  for k, v in pairs(t) do copy[k] = v end
  copy.refs = copy.refs or { self.is_desktop and "mscorlib" or "System.Runtime" }
  return image.assembly(copy)
end

local clr_fields = set "version domain highest_info fails attach fail"

M.products = { [false] = "New Relic .NET CoreCLR Agent", [true] = "New Relic .NET Agent" }

-- An agent's assembly that is accepted: on Windows it has to say what it is.
function M.agent_dll(desktop) return nr.windows and image.versioned_dll(M.products[desktop], "10.0.0.0") or "" end

-- What an extensions directory without a file adds to the warnings.
M.no_extension_files = nr.windows and { "[Warn ] No instrumentation files found." } or {}

local function start(s, desktop, options)
  options = options or {}
  check_fields(options, "a CLR", clr_fields)
  if not s.home_made then s:home {} end
  s.is_desktop = desktop
  if nr.windows then
    local names = s.agent_dlls
    s.agent_dlls = {}
    for name in pairs(names) do s:home { [name] = M.agent_dll(desktop) } end
    s.agent_dlls = names -- the next runtime asks for another
  end
  local variable = desktop and "NEW_RELIC_HOME" or "CORECLR_NEW_RELIC_HOME"
  if not s.env_set[variable] then clr.setenv(variable, s.home_directory) end
  -- .NET Framework processes are left alone unless a list names them; this program is on none.
  if desktop and not s.env_set.NEW_RELIC_FORCE_PROFILING then clr.setenv("NEW_RELIC_FORCE_PROFILING", "1") end
  local c = scenario_clr.new { desktop = desktop, version = options.version, domain = options.domain,
    highest_info = options.highest_info }
  local raw = c.raw
  s.clrs[#s.clrs + 1] = c
  if options.fail then c:fail(table.unpack(options.fail)) end
  if options.attach == false then
    local hr = raw:load_library(M.profiler)
    if hr ~= 0 then fail(3, raw:message()) end
  else
    c.result = hr_name(raw:attach(M.profiler))
    if c.result ~= "S_OK" and not options.fails then fail(3, "Initialize: %s (%s)", c.result, raw:message()) end
    if c.result == "S_OK" and options.fails then fail(3, "Initialize succeeded") end
  end
  return c
end

-- options: version, domain, highest_info (newest ICorProfilerInfo offered), fails = true (Initialize has to fail; c.result says
-- how), attach = false (the library is loaded only).
function Scenario:core(options)
  local c = start(self, false, options)
  return c
end
function Scenario:desktop(options)
  local c = start(self, true, options)
  return c
end

local target_fields = set "name sig flags impl body attributes generic pinvoke type assembly rule desktop clr"

-- One CLR (core, or desktop = true; clr = its options), one assembly "A" (assembly = more fields) with one type "N.C" (type =
-- more fields) and in it the method that the table describes; name "M" and signature void() unless said otherwise. The
-- module's `target` is that method: m:jit() runs it.
local function target(s, t, assembly_name, type_name)
  check_fields(t, "a method", target_fields)
  local method, type_spec = {}, { name = type_name }
  for k, v in pairs(t) do
    if k ~= "type" and k ~= "assembly" and k ~= "rule" and k ~= "desktop" and k ~= "clr" then method[k] = v end
  end
  method.name, method.sig = method.name or "M", method.sig or "00 00 01"
  for k, v in pairs(t.type or {}) do type_spec[k] = v end
  type_spec.methods = { method }
  for _, other in ipairs(t.type and t.type.methods or {}) do type_spec.methods[#type_spec.methods + 1] = other end
  local assembly = { name = assembly_name, types = { type_spec } }
  for k, v in pairs(t.assembly or {}) do assembly[k] = v end
  local c = t.desktop and s:desktop(t.clr) or not t.desktop and s:core(t.clr)
  local m = c:load(s:assembly(assembly))
  m.target = type_spec.name .. "::" .. method.name
  return m
end

-- The method is instrumented by an extension file (rule = more fields of its rule, e.g. factory).
function Scenario:method(t)
  local rule = { assembly = "A", class = "N.C", method = t.name or "M" }
  for k, v in pairs(t.rule or {}) do rule[k] = v end
  self:home { rules = { rule } }
  return target(self, t, "A", "N.C")
end

-- A method of NewRelic.Api.Agent.NewRelic, which the profiler fills in without any rule.
function Scenario:api_method(t)
  return target(self, t, "NewRelic.Api.Agent", "NewRelic.Api.Agent.NewRelic")
end

-- ---- the log ---------------------------------------------------------------------------------------------------------

-- Lines "[Info ] text", without their time.
function Scenario:log()
  local function set_to(name) return self.env_set[name] and self.env_set[name].value end
  local directory = set_to "NEW_RELIC_PROFILER_LOG_DIRECTORY" or set_to "NEW_RELIC_LOG_DIRECTORY"
    or self.home_directory .. (nr.windows and "\\Logs" or "/logs")
  local lines = {}
  for _, path in ipairs(clr.files(directory, ".log")) do
    for line in (read_file(path) or ""):gmatch "[^\r\n]+" do
      lines[#lines + 1] = (line:gsub("^(%[.....%]) %d+%-%d+%-%d+ %d+:%d+:%d+ ", "%1 "))
    end
  end
  return lines
end

-- A text that begins with '[' is a whole line, any other a part of one.
local function has_line(lines, wanted)
  for _, line in ipairs(lines) do
    if line == wanted or (wanted:sub(1, 1) ~= "[" and line:find(wanted, 1, true)) then return line end
  end
end

-- The texts appear, in this order.
function Scenario:log_has(...)
  local lines, from = self:log(), 1
  for _, wanted in ipairs { ... } do
    local found
    for i = from, #lines do
      if has_line({ lines[i] }, wanted) then
        found = i
        break
      end
    end
    if not found then fail(2, "the log has no line '%s'%s", wanted, from > 1 and " after the one before it" or "") end
    from = found + 1
  end
end

function Scenario:log_lacks(...)
  local lines = self:log()
  for _, unwanted in ipairs { ... } do
    local line = has_line(lines, unwanted)
    if line then fail(2, "the log has '%s'", line) end
  end
end

-- How many lines have it.
function Scenario:log_count(wanted)
  local n = 0
  for _, line in ipairs(self:log()) do
    if has_line({ line }, wanted) then n = n + 1 end
  end
  return n
end

-- The lines of these levels ("Warn", "Error") only are exactly these.
function Scenario:log_is(levels, expected)
  local found = {}
  for _, line in ipairs(self:log()) do
    for _, level in ipairs(list_of(levels)) do
      if line:find("^%[" .. level) then found[#found + 1] = line end
    end
  end
  self:equal(table.concat(found, "\n"), table.concat(list_of(expected), "\n"), nil, 3)
end

-- What was written to standard output so far (console logging).
function Scenario:output()
  io.stdout:flush()
  return read_file(self.directory .. "/out") or ""
end

-- ---- saying what has to be --------------------------------------------------------------------------------------------

local function shown(v)
  return type(v) == "string" and (v:find "\n" and "\n" .. v or "'" .. v .. "'") or lu.prettystr(v)
end

function Scenario:equal(actual, expected, what, level)
  if type(actual) == "table" and type(expected) == "table" then
    local ok, fault = pcall(lu.assertEquals, actual, expected)
    if not ok then fail(level or 2, "%s%s", what and what .. ": " or "", tostring(fault):gsub(".-" .. lu.FAILURE_PREFIX, "")) end
  elseif actual ~= expected then
    fail(level or 2, "%sexpected %s, found %s", what and what .. ": " or "", shown(expected), shown(actual))
  end
end

function Scenario:truth(value, what)
  if not value then fail(2, what or "this is not so") end
end

function Scenario:contains(text, part)
  if not tostring(text):find(part, 1, true) then fail(2, "'%s' is not in\n%s", part, tostring(text)) end
end

-- Bytes in hexadecimal; "??" is any byte, "*" any number of bytes.
function Scenario:bytes(actual, expected, what)
  what = what and what .. ": " or ""
  if not actual then fail(2, "%sthere are no bytes, expected %s", what, expected) end
  local pattern, plain = {}, expected:gsub("│", " "):gsub("[%s|]+", "")
  local i = 1
  while i <= #plain do
    local two = plain:sub(i, i + 1)
    if two:sub(1, 1) == "*" then
      pattern[#pattern + 1] = ".-"
      i = i + 1
    else
      if two == "??" then pattern[#pattern + 1] = "."
      else
        local c = string.char(tonumber(two, 16) or error("'" .. two .. "' is no byte", 2))
        pattern[#pattern + 1] = c:find "%p" and "%" .. c or c
      end
      i = i + 2
    end
  end
  local bytes = image.bytes(actual)
  if bytes:find("^" .. table.concat(pattern) .. "$") then return end
  local same = 0
  if not plain:find "[?*]" then
    local wanted = image.bytes(plain)
    while same < #wanted and wanted:byte(same + 1) == bytes:byte(same + 1) do same = same + 1 end
    fail(2, "%sdifferent from byte 0x%x (%d bytes expected, %d found)\nexpected %s\nfound    %s", what, same, #wanted, #bytes,
      image.hex(wanted), actual)
  end
  fail(2, "%sexpected %s\nfound    %s", what, expected, actual)
end

-- The method keeps its own body; the callbacks answered `result` (default S_OK) and nothing was defined.
function Scenario:untouched(r, result, emits)
  if r.written then fail(2, "%s was rewritten", tostring(r.name)) end
  if r.result ~= (result or "S_OK") then fail(2, "the callback answered %s, not %s", r.result, result or "S_OK") end
  if not emits and #r.emits > 0 then fail(2, "%d definitions were made, the first: %s", #r.emits, r.emits[1].text) end
end

function Scenario:rewritten(r)
  if not r.written then fail(2, "%s was not rewritten (%s)", tostring(r.name), r.result) end
end

-- The written body keeps to the rules that the JIT relies on, as far as can be told from bytes and signatures.
function Scenario:valid(r)
  Scenario.rewritten(self, r)
  local verdict, fault, text = r:verify()
  if verdict ~= "ok" then fail(2, "%s: %s %s: %s\n%s", tostring(r.name), verdict, fault, text, r:listing()) end
end

-- The written body breaks the rule `fault` (names: src/il/verify.h), as that of the C++ profiler does.
function Scenario:invalid(r, wanted)
  Scenario.rewritten(self, r)
  local verdict, fault = r:verify()
  if verdict ~= "bad" or fault ~= wanted then
    fail(2, "%s: the verifier says %s %s, not %s", tostring(r.name), verdict, fault, wanted)
  end
end

function Scenario:skip(reason) error(lu.SKIP_PREFIX .. reason, 0) end
function Scenario:only_ours(reason)
  if not M.is_ours() and not os.getenv "NRPROF_SCENARIO_ALL" then self:skip(reason or "only of this library") end
end
function Scenario:reference_crashes(id) self:only_ours("the reference crashes (" .. id .. ")") end
Scenario.ours = M.is_ours

-- ---- running ------------------------------------------------------------------------------------------------------------

local function clear_environment()
  for name in VARIABLES:gmatch "%S+" do clr.setenv(name, nil) end
end

-- A scenario ends with a shutdown, and may not have used what the simulation does not have.
local function finish(s)
  for _, c in ipairs(s.clrs) do
    if c:attached() then s:equal(c:shutdown(), "S_OK", "Shutdown", 0) end
    if c.raw:unimplemented() > 0 and not s.unimplemented_allowed then
      local names = {}
      for _, e in ipairs(c:events "UNIMPLEMENTED") do names[#names + 1] = e.name end
      fail(0, "slots were called that are not simulated: %s", table.concat(names, ", "))
    end
  end
end

local function tail_of_log(s)
  local lines = s:log()
  if #lines == 0 then return "" end
  local first = math.max(1, #lines - 24)
  return "\nlog:\n  " .. table.concat(lines, "\n  ", first)
end

-- The home directory is given to the profiler as "home", relative: its name becomes a string constant in injected code,
-- and its length decides the tokens of all strings behind it.
local function run_here(body, directory)
  clear_environment()
  clr.enter_directory(directory)
  local s = setmetatable({ directory = directory, home_directory = "home", clrs = {}, env_set = {}, agent_dlls = {} }, Scenario)
  local ok, fault = xpcall(function()
    body(s)
    finish(s)
  end, function(e)
    e = tostring(e)
    if e:find(lu.FAILURE_PREFIX, 1, true) or e:find(lu.SKIP_PREFIX, 1, true) then return e end
    return (debug.traceback(e, 2):gsub("\n[^\n]*scenario.lua:%d+: in upvalue 'run_here'.*", ""))
  end)
  local status = "passed"
  if not ok then
    local reason = fault:match(lu.SKIP_PREFIX .. "(.*)")
    status = reason and "skipped" or "failed"
    fault = reason or fault:gsub(lu.FAILURE_PREFIX, "", 1) .. tail_of_log(s)
  end
  nr.write(directory .. separator .. "result", status .. "\n" .. (fault or ""))
end

local function outcome(directory, how, code, name, seconds)
  local text = read_file(directory .. "/result")
  local err = read_file(directory .. "/err") or ""
  if how == "exited" and code == 0 and text then
    local status, message = text:match "^(%a+)\n(.*)$"
    if status == "passed" then return end
    if status == "skipped" then error(lu.SKIP_PREFIX .. message, 0) end
    error(lu.FAILURE_PREFIX .. message, 0)
  end
  local what = ("the process of the scenario could not be started (error %d)"):format(code)
  if how == "crashed" then what = ("crashed: %s"):format(name or ("0x%08X"):format(code))
  elseif how == "timed out" then what = ("did not end within %g s"):format(seconds)
  elseif how == "exited" then what = ("the process ended with exit code %d"):format(code) end
  if text and how ~= "timed out" then what = what .. " at its end; before that: " .. text end
  error(lu.FAILURE_PREFIX .. what .. (err ~= "" and "\n" .. err:sub(1, 4000) or ""), 0)
end

local function run(full_name, file, options, body)
  local inside = clr.getenv "NRPROF_SCENARIO"
  if inside then -- started for one scenario only
    if inside ~= full_name then return end
    run_here(body, clr.getenv "NRPROF_SCENARIO_DIRECTORY")
    lu.unregisterCurrentSuite() -- LuaUnit lets nobody out otherwise
    os.exit(0)
  end
  if not M.is_ours() and not os.getenv "NRPROF_SCENARIO_ALL" then
    if options.crashes then error(lu.SKIP_PREFIX .. "the reference crashes (" .. tostring(options.crashes) .. ")", 0) end
    if options.only_ours then error(lu.SKIP_PREFIX .. tostring(options.only_ours), 0) end
  end
  local directory = nr.directory()
  local seconds = options.seconds or 60
  clr.setenv("NRPROF_SCENARIO_DIRECTORY", directory)
  if nr.windows then clr.setenv("NRPROF_SCENARIO", full_name) end
  local arguments = { "test", file }
  if nr.profiler then arguments = { "test", "--profiler", nr.profiler, file } end
  local how, code, name = clr.isolate { run = function() run_here(body, directory) end, arguments = arguments,
    out = directory .. "/out", err = directory .. "/err", seconds = seconds }
  if nr.windows then clr.setenv("NRPROF_SCENARIO", nil) end
  for figure in (read_file(directory .. "/out") or ""):gmatch "figure [%w.-]+ %d+" do print(figure) end -- of a run, for the reliability page
  outcome(directory, how, code, name, seconds)
end

-- ---- suites ----------------------------------------------------------------------------------------------------------------

local Suite = {}
local info = setmetatable({}, { __mode = "k" }) -- beside the suite: every field of it is a test for LuaUnit
local test_fields = set "covers crashes only_ours seconds"

-- Rule ids of rules.txt beside the file; nil: there is no such file, anything goes.
local function rules_beside(file)
  local text = read_file((file:match "^(.*)[/\\]" or ".") .. "/rules.txt")
  if not text then return end
  local rules = {}
  for line in text:gmatch "[^\r\n]+" do
    local id = line:match "^([^\t#]+)\t"
    if id then rules[id] = true end
  end
  return rules
end

-- t:test(name, { covers = { ids }, crashes = id, only_ours = reason, seconds = 60 }, function(s) … end)
function Suite:test(name, options, body)
  if type(options) == "function" then options, body = {}, options end
  check_fields(options, "a test", test_fields)
  local i = info[self]
  local covers = list_of(options.covers or {})
  for _, id in ipairs(covers) do
    if i.rules and not i.rules[id] then error(("there is no rule '%s' in rules.txt"):format(id), 2) end
  end
  if rawget(self, name) then error(("there are two scenarios '%s'"):format(name), 2) end
  i.tests[#i.tests + 1] = { name = name, covers = covers, options = options }
  self[name] = function() run(i.name .. "." .. name, i.file, options, body) end
end

-- A group of scenarios, named like the part of the reference that it is about.
function M.suite(name)
  local suite = setmetatable({}, { __index = Suite })
  local file = debug.getinfo(2, "S").source:gsub("^@", "")
  if name:find(".", 1, true) then error("the name of a suite has no '.'", 2) end
  info[suite] = { name = name, file = file, tests = {}, rules = rules_beside(file) }
  M.suites[#M.suites + 1] = info[suite]
  _G[name] = suite
  return suite
end

-- Scenario names are sentences, suites are named like documents: neither begins with "test".
local is_test_name, is_method_name = lu.LuaUnit.isTestName, lu.LuaUnit.isMethodTestName
function lu.LuaUnit.isTestName(name) return info[_G[name]] ~= nil or is_test_name(name) end
local suite_method = {}
function lu.LuaUnit.isMethodTestName(name)
  for _, i in ipairs(M.suites) do
    local known = suite_method[i]
    if not known or known.n ~= #i.tests then
      known = { n = #i.tests }
      for _, t in ipairs(i.tests) do known[t.name] = true end
      suite_method[i] = known
    end
    if known[name] then return true end
  end
  return is_method_name(name)
end

return M
