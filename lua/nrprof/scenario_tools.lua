-- nrprof.scenario_tools - what the parts of nrprof.scenario share: results (HRESULTs) as names, messages, paths.

local clr = require "nr.clr"
local lu = require "luaunit"
local nr = require "nr"

local M = {}
M.separator = nr.windows and "\\" or "/"

M.results = {
  S_OK = 0, S_FALSE = 1, E_FAIL = 0x80004005, E_NOTIMPL = 0x80004001, E_NOINTERFACE = 0x80004002, E_POINTER = 0x80004003,
  E_ABORT = 0x80004004, E_UNEXPECTED = 0x8000FFFF, E_OUTOFMEMORY = 0x8007000E, E_INVALIDARG = 0x80070057,
  CORPROF_E_PROFILER_CANCEL_ACTIVATION = 0x80131375, CORPROF_E_FUNCTION_NOT_IL = 0x80131354,
  CORPROF_E_UNSUPPORTED_CALL_SEQUENCE = 0x80131363, CORPROF_E_REJIT_NOT_ENABLED = 0x8013137C,
  CLDB_E_RECORD_NOTFOUND = 0x80131130, META_S_DUPLICATE = 0x00131197, CLDB_S_TRUNCATION = 0x00131106,
}
local HR_NAMES = {}
for name, value in pairs(M.results) do HR_NAMES[value] = name end

-- Results are names where there is one, so that a failed comparison can be read.
function M.hr_name(value)
  return value and (HR_NAMES[value] or ("0x%08X"):format(value))
end

function M.hr_value(name)
  if type(name) == "number" then return name end
  return M.results[name] or tonumber(name) or error(("'%s' is no result (HRESULT)"):format(tostring(name)), 3)
end

function M.list_of(v)
  return type(v) == "table" and v or { v }
end

function M.fail(level, format, ...)
  error(lu.FAILURE_PREFIX .. (select("#", ...) > 0 and format:format(...) or format), level + 1)
end

local function names_of(t)
  local names = {}
  for k in pairs(t) do names[#names + 1] = tostring(k) end
  table.sort(names)
  return table.concat(names, ", ")
end

function M.check_fields(t, what, fields)
  for k in pairs(t) do
    if not fields[k] then error(("%s knows no field '%s' (it has %s)"):format(what, tostring(k), names_of(fields)), 3) end
  end
end

function M.set(names)
  local r = {}
  for name in names:gmatch "%S+" do r[name] = true end
  return r
end

-- Scenarios run in directories of their own, so paths given relative to this one (or another) are completed.
local start_directory = clr.current_directory()
function M.absolute(path, directory)
  if path:find "^[/\\]" or path:find "^%a:" then return path end
  return (directory or start_directory) .. M.separator .. path
end

return M
