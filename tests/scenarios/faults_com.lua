-- Every call into the CLR fails once, for each operation, at n = 1, 2, 3 … until the operation needs no more calls: no crash, the method
-- as it was or rewritten as a whole, and the next operation works. NRPROF_FAULTS=all: every n; else a part of them.

local scenario = require "nrprof.scenario"
local t = scenario.suite "faults"
local OURS = "the reference does not survive all of these"
local all = os.getenv "NRPROF_FAULTS" == "all"
local RESULTS = { "E_FAIL", "E_OUTOFMEMORY", "0x80131124" } -- the last: CLDB_E_INDEX_NOTFOUND

local function ours(name, run) t:test(name, { only_ours = OURS, seconds = 600 }, run) end

-- Calls `try(n)`, which answers the call that failed ("" when there were fewer than n), until there is none. How many failed.
local function each_call(least, offset, try)
  local n, failed = 1 + (all and 0 or offset % 5), 0
  while true do
    local call = try(n, RESULTS[n % 3 + 1])
    if call == "" then break end
    failed = failed + 1
    n = n + (all and 1 or 5)
    if n > 3000 then error "it does not come to an end" end
  end
  if failed < (all and least or least // 5) then error(("only %d calls failed"):format(failed)) end
  print(("figure faults.calls %d"):format(failed))
  io.stdout:flush() -- a scenario's process ends without
end

local RULES = { { assembly = "A", class = "N.C", method = { "M", "Other" } }, { assembly = "A", class = "N.C+D", method = "M" } }
local OTHER = { name = "Other", sig = "00 00 01", body = "06 2a" }
local REFS = { "[System.Runtime]System.Object", "[System.Runtime]System.Runtime.CompilerServices.AsyncStateMachineAttribute",
  "[System.Runtime]System.ValueType", "[System.Runtime]System.Exception" }
local ASYNC = REFS[2]

-- A method each; `type`: more of its type.
local shapes = {
  { "static void", { sig = "00 00 01", body = "06 2a" } },
  { "instance", { sig = "20 00 01", body = "06 2a" } },
  { "result", { sig = "00 00 08", body = "0a 17 2a" } },
  { "object result", { sig = "20 00 1c", body = "0a 14 2a" } },
  { "two RETs", { sig = "00 01 08 08", body = { code = "02 2c 02 17 2a 16 2a" } } },
  { "locals", { sig = "00 00 08", body = { code = "17 0a 06 2a", locals = "07 02 08 1c" } } },
  { "clauses", { sig = "00 00 01", body = { code = "00 de 03 26 de 00 2a", clauses = { { 0, 0, 3, 3, 3, 0x01000004 } } } } },
  { "clauses and two RETs", { sig = "00 01 01 08", body = { code = "02 2c 01 2a 00 de 03 26 de 00 2a", clauses = { { 0, 4, 3, 7, 3, 0x01000004 } } } } },
  { "arguments", { sig = "20 03 01 08 0e 1c", body = "06 2a" } },
  { "arrays", { sig = "00 02 01 1d 08 14 08 02 00 00", body = "06 2a" } },
  { "by reference", { sig = "00 02 01 10 08 0f 08", body = "06 2a" } },
  { "a class", { sig = "00 01 01 12 05", body = "06 2a" } },
  { "a value type", { sig = "00 01 01 11 10", body = "06 2a" } },
  { "generic method", { sig = "10 01 01 1e 00 1e 00", generic = { "T" }, body = "0a 02 2a" } },
  { "generic type", { sig = "20 01 13 00 13 00", body = "0a 03 2a" }, { generic = { "T" } } },
  { "async", { sig = "20 00 01", attributes = { ASYNC }, body = "06 2a" } },
  { "constructor", { name = ".ctor", sig = "20 00 01", body = "06 2a" } },
  { "long code", { sig = "00 01 01 08", body = { code = ("00 "):rep(120) .. "02 2c 01 2a 00 2a" } } },
  { "generic instance", { sig = "00 01 01 15 12 05 01 08", body = "06 2a" } },
  { "many arguments", { sig = "00 20 01" .. (" 08"):rep(32), body = "06 2a" } },
}

local function start(s, shape)
  local method, name = {}, shape[2].name or "M"
  for k, v in pairs(shape[2]) do method[k] = v end
  method.name = name
  local type = { name = "N.C", methods = { method, OTHER } }
  for k, v in pairs(shape[3] or {}) do type[k] = v end
  s:home { rules = { { assembly = "A", class = "N.C", method = { name, "Other" } } } }
  local image = s:assembly { name = "A", type_refs = REFS, types = { type, { name = "N.D", methods = {} }, { name = "N.V", flags = 0x100109, extends = REFS[3] } } }
  return image, "N.C." .. name
end

-- Hundreds of them would be too many to keep until the end.
local function close(s, clr)
  s:equal(clr.raw:references(), 0)
  s:equal(clr.raw:unimplemented(), 0)
  for i, c in ipairs(s.clrs) do
    if c == clr then table.remove(s.clrs, i) end
  end
  clr.raw:close()
end

-- The call that failed has to be none of another method's: it works, is whole, and the end is a clean one.
local function and_then(s, m, call)
  local other = m:jit("N.C.Other")
  -- It may have been compiled together with the first one.
  local done = other.written or (other.result == "S_FALSE" and m:body("N.C.Other") ~= scenario.image.hex(m:original(other.token)))
  if not done then error(("after %s: N.C.Other was not rewritten (%s)"):format(call, other.result)) end
  if other.written then s:equal(other:verify() ~= "bad", true) end
  s:equal(m.clr:shutdown(), "S_OK")
  close(s, m.clr)
end

for i, shape in ipairs(shapes) do
  ours(("a method is compiled: %s"):format(shape[1]), function(s)
    local image, name = start(s, shape)
    local whole
    do
      local m = s:core():load(image)
      local r = m:jit(name)
      s:rewritten(r)
      whole = r.body
      and_then(s, m)
    end
    each_call(100, i, function(n, result)
      local m = s:core():load(image)
      m.clr:fail_any(n, result)
      local r = m:jit(name)
      local call = m.clr:failed()
      m.clr:fail_none()
      if call == "" then
        s:equal(r.body, whole)
      elseif r.written then -- what need not be known was not: an argument without a type is null
        s:equal(r:verify() ~= "bad", true, call)
      else
        s:equal(m:body(name), scenario.image.hex(m:original(r.token)), call)
      end
      and_then(s, m, call)
      return call
    end)
  end)
end

-- ---- rules that ask for more than names ---------------------------------------------------------------------------------------------

local WIDE = [[
tracer {} match { assembly = "A", class = "N.C", "Other" }
tracer {} match { assembly = "A", class = "N.*", extends = "L.Base", implements = "L.IThing", attribute = "L.Mark", class_attribute = "L.Mark", "M(System.*)" }
tracer {} match { assembly = "A", class = "N.W", "*", where = function(m)
  return m.return_type == "System.Int32" and m.il_size > 0 and m.class_is_public and m.bases["L.Base"] and m.interfaces["L.IThing"]
    and m.attributes["L.Mark"] and m.class_attributes["L.Mark"] and m.version == "1.0.0.0" and not m.is_async
end }
]]

ours("rules with base types, attributes and predicates", function(s)
  s:home { ["extensions/wide.lua"] = WIDE }
  local library = s:assembly { name = "L", types = { { name = "L.IThing", flags = 0xA1 }, { name = "L.Base", implements = { "L.IThing" } },
    { name = "L.Middle", extends = "L.Base" }, { name = "L.Mark", methods = { { name = ".ctor", sig = "20 00 01", body = "06 2a" } } } } }
  local image = s:assembly { name = "A", refs = { "System.Runtime", "L" }, types = {
    { name = "N.C", extends = "[L]L.Middle", attributes = { "[L]L.Mark" }, methods = { { name = "M", sig = "20 01 01 0e", body = "06 2a", attributes = { "[L]L.Mark" } }, OTHER } },
    { name = "N.W", extends = "[L]L.Middle", attributes = { "[L]L.Mark" }, methods = { { name = "M", sig = "20 00 08", body = "0a 17 2a", attributes = { "[L]L.Mark" } } } } } }
  each_call(50, 4, function(n, result)
    local clr = s:core()
    clr:load(library)
    clr:fail_any(n, result)
    local m = clr:load(image)
    local first, second = m:jit "N.C.M", m:jit "N.W.M"
    local call = m.clr:failed()
    m.clr:fail_none()
    for name, r in pairs { ["N.C.M"] = first, ["N.W.M"] = second } do
      if call == "" then
        s:rewritten(r)
      elseif r.written then
        s:equal(r:verify() ~= "bad", true, call)
      else
        s:equal(m:body(name), scenario.image.hex(m:original(r.token)), call)
      end
    end
    and_then(s, m, call)
    return call
  end)
end)

ours("fast start: what the profiler asks about precompiled code", function(s)
  s:env { NEW_RELIC_FAST_START = "1" }
  local image = start(s, { "attribute", { sig = "00 00 01", body = "06 2a", attributes = { "[X]NewRelic.Api.Agent.TraceAttribute" } } })
  each_call(10, 2, function(n, result)
    local clr = s:core()
    clr:fail_any(n, result)
    local m = clr:load(image)
    local used, inlined = m:precompiled "N.C.M", m:inline("N.C.Other", "N.C.M")
    local call = clr:failed()
    clr:fail_none()
    if call == "" then s:equal({ used, inlined }, { false, false }) end
    and_then(s, m, call)
    return call
  end)
end)

-- ---- the other operations --------------------------------------------------------------------------------------------------------------

local SIMPLE = shapes[1]

ours("a start", function(s)
  local image = start(s, SIMPLE)
  each_call(5, 0, function(n, result)
    local clr = s:core { attach = false }
    clr:fail_any(n, result)
    local hr = clr.raw:attach(scenario.profiler)
    local call = clr:failed()
    if call == "" then s:equal(hr, 0) end
    if clr:attached() then s:equal(clr:shutdown(), "S_OK") end
    clr:fail_none()
    close(s, clr)
    local m = s:core():load(image)
    and_then(s, m, call)
    return call
  end)
end)

for _, desktop in ipairs { false, true } do
  ours("a module is loaded, " .. (desktop and ".NET Framework: methods are added" or ".NET"), function(s)
    local image = start(s, SIMPLE)
    local corlib = s:assembly { name = "mscorlib", path = "/fx/mscorlib.dll", refs = {}, types = {
      { name = "System.Object", methods = {} }, { name = "System.CannotUnloadAppDomainException", methods = { { name = ".ctor", sig = "20 00 01", body = "06 2a" } } } } }
    each_call(desktop and 20 or 5, 1, function(n, result)
      local clr = (desktop and s.desktop or s.core)(s)
      clr:fail_any(n, result)
      local m = clr:load(image)
      if desktop then clr:load(corlib) end
      local call = clr:failed()
      clr:fail_none()
      s:equal(m.result == "S_OK" or m.result:find "^[E0]" ~= nil, true)
      and_then(s, m, call)
      return call
    end)
  end)
end

for name, call_export in pairs {
  ["a refresh"] = function(clr) return clr:call "InstrumentationRefresh" end,
  ["a reload of the configuration"] = function(clr) return clr:call "ReloadConfiguration" end,
  ["live instrumentation"] = function(clr)
    clr:call("AddCustomInstrumentation", "live.xml", [[<extension><instrumentation><tracerFactory><match assemblyName="A" className="N.C">
      <exactMethodMatcher methodName="M"/></match></tracerFactory></instrumentation></extension>]])
    return clr:call "ApplyCustomInstrumentation"
  end,
} do
  ours(name, function(s)
    local image, method = start(s, SIMPLE)
    each_call(5, 2, function(n, result)
      local m = s:core():load(image)
      s:rewritten(m:jit(method))
      local before = m:body(method)
      m.clr:fail_any(n, result)
      call_export(m.clr)
      local call = m.clr:failed()
      m.clr:jit_pending()
      m.clr:fail_none()
      s:equal(m:body(method) == before or m:body(method) == scenario.image.hex(m:original(m:token(method))), true, call)
      s:equal(call_export(m.clr), "S_OK")
      m.clr:jit_pending()
      and_then(s, m, call)
      return call
    end)
  end)
end

ours("a thread profile", function(s)
  local image, method = start(s, SIMPLE)
  each_call(5, 3, function(n, result)
    local m = s:core():load(image)
    m:jit(method)
    local id = m:function_id(method)
    m.clr:thread({ id, 0, id })
    m.clr:thread({ id })
    m.clr:fail_any(n, result)
    local first = m.clr:call "RequestProfile"
    m.clr:call "ReleaseProfile"
    local call = m.clr:failed()
    m.clr:fail_none()
    s:equal(m.clr:suspended(), 0)
    local hr, list = m.clr:call "RequestProfile"
    s:equal({ hr, #list, first ~= nil }, { "S_OK", 2, true })
    m.clr:call "ReleaseProfile"
    m.clr:call "ShutdownThreadProfiler"
    and_then(s, m, call)
    return call
  end)
end)

return t
