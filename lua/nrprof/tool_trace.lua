-- nrprof.tool_trace - reads the records of the template of `nrprof run` (tool_trace_template.lua) out of an error stream, and
-- shows them as lines. Not for scripts of the profiler.

local near = require "nrprof.tool_near"
local tool = require "nrprof.tool"

local M = {}

local LONGEST_TEXT = 80

-- ---- the stream ----------------------------------------------------------------------------------------------------

-- Divides what comes in pieces: `take(fields)` hears each record, `pass(text)` everything else, in order.
function M.reader(take, pass)
  local rest = ""
  local reader = {}
  function reader.feed(bytes)
    rest = rest .. bytes
    while rest ~= "" do
      local start = rest:find("\30", 1, true)
      if start ~= 1 then
        pass(rest:sub(1, (start or 0) - 1))
        rest = start and rest:sub(start) or ""
      else
        local stop, after = rest:find("\29\r?\n", 2)
        if not stop then
          if #rest > 65536 then -- no record of ours
            pass(rest)
            rest = ""
          end
          return
        end
        local fields = {}
        for field in (rest:sub(2, stop - 1) .. "\31"):gmatch "([^\31]*)\31" do fields[#fields + 1] = field end
        take(fields)
        rest = rest:sub(after + 1)
      end
    end
  end
  function reader.finish()
    if rest ~= "" then pass(rest) end
    rest = ""
  end
  return reader
end

-- ---- values ----------------------------------------------------------------------------------------------------------

-- No control characters, not too long.
local function clean(text)
  text = text:gsub("\r\n", "\\n"):gsub("\n", "\\n"):gsub("\t", "\\t"):gsub("%c", "?")
  if #text <= LONGEST_TEXT then return text end
  return text:sub(1, (utf8.offset(text, 0, LONGEST_TEXT) or LONGEST_TEXT) - 1) .. "…"
end

-- A field "text 28 is it null" as it is shown; `type` as the profiler spells it.
function M.value(field, type)
  local text, null = field:match "^(.*)\28(%a*)$"
  if type and type:find "&$" then return "ref" end
  if type and type:find "%*$" then return "pointer" end
  if null == "True" then return "null" end
  text = clean(text or field)
  if type == "System.String" then return '"' .. text .. '"' end
  if type == "System.Char" then return "'" .. text .. "'" end
  return text
end

function M.duration(ns)
  if ns >= 1e9 then return ("%.2f s"):format(ns / 1e9) end
  return (ns >= 1e6 and "%.1f ms" or "%.3f ms"):format(ns / 1e6)
end

-- ---- calls -----------------------------------------------------------------------------------------------------------

local endings = { RanToCompletion = "a task, done", Faulted = "a task, faulted", Canceled = "a task, canceled" }

-- Takes records and gives events: { kind, time, thread, depth, method, … }, and nil for what makes no sense. `now()` is a clock in
-- nanoseconds, `ticks` how many of Stopwatch's make one of them.
function M.calls(now, ticks)
  local threads, tasks, first = {}, {}, nil
  local calls = { count = 0, methods = {} }

  local function seconds(at)
    first = first or at
    return (at - first) / 1e9
  end

  -- The call that began at `start`, and out with it and what is open above it: an exception may have passed those by.
  local function close(thread, start)
    local stack = threads[thread] or {}
    for i = #stack, 1, -1 do
      if stack[i].start == start then
        local call = stack[i]
        for k = #stack, i, -1 do stack[k] = nil end
        return call, i - 1
      end
    end
  end

  function calls.take(f)
    local kind = f[1]
    if kind == "E" then
      local thread, start = f[2], tonumber(f[3])
      if not start or #f < 7 then return nil end
      local types, arguments = near.types_of(f[7]), {}
      for i = 8, #f do arguments[#arguments + 1] = M.value(f[i], types[i - 7]) end
      local method = f[5] .. "." .. f[6]
      threads[thread] = threads[thread] or {}
      local stack = threads[thread]
      stack[#stack + 1] = { start = start, method = method }
      calls.count = calls.count + 1
      calls.methods[method .. "(" .. f[7] .. ")"] = true
      return { kind = "call", time = seconds(start * ticks), thread = thread, depth = #stack - 1, method = method,
        assembly = f[4], parameters = f[7], arguments = arguments }
    elseif kind == "C" then
      local start = tonumber(f[2])
      local task = start and tasks[start]
      if not task then return nil end
      tasks[start] = nil
      local at = now()
      return { kind = "ended", time = seconds(at), thread = task.thread, depth = task.depth, method = task.method,
        ns = at - start * ticks }
    elseif kind == "R" or kind == "T" or kind == "X" then
      local thread, start, stop = f[2], tonumber(f[3]), tonumber(f[4])
      if not start or not stop then return nil end
      local call, depth = close(thread, start)
      if not call then return nil end
      local event = { kind = kind == "X" and "threw" or "returned", time = seconds(stop * ticks), thread = thread, depth = depth,
        method = call.method, ns = (stop - start) * ticks }
      if kind == "X" then
        event.exception, event.message = f[5], clean(f[6] or "")
      elseif kind == "T" then
        event.result = f[6] == "True" and (endings[f[7]] or "a task") or "a task, still running"
        if f[6] ~= "True" then tasks[start] = { method = call.method, thread = thread, depth = depth } end
      elseif f[5] then
        event.result = M.value(f[5])
      end
      return event
    end
  end

  return calls
end

-- ---- lines -------------------------------------------------------------------------------------------------------------

function M.line(e)
  local head = ("%8.3f  thread %-3s %s"):format(e.time, e.thread, ("  "):rep(e.depth))
  if e.kind == "call" then return ("%s> %s(%s)"):format(head, e.method, table.concat(e.arguments, ", ")) end
  if e.kind == "ended" then return ("%s* %s: its task ended after %s"):format(head, e.method, M.duration(e.ns)) end
  if e.kind == "threw" then
    return ("%s! %s threw %s: %s (%s)"):format(head, e.method, e.exception, e.message, M.duration(e.ns))
  end
  return ("%s< %s%s (%s)"):format(head, e.method, e.result and " = " .. e.result or "", M.duration(e.ns))
end

-- One line of JSON.
function M.json_line(e) return (tool.json(e):gsub("\n%s*", "")) end

return M
