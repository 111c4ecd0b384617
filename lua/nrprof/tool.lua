-- nrprof.tool - what the commands of nrprof share that are written in Lua. Not for scripts of the profiler.

local clr = require "nr.clr"
local nr = require "nr"

local M = {}

-- What the user did wrong: ends the command with one line and exit code 2.
function M.fail(format, ...)
  error({ select("#", ...) > 0 and format:format(...) or format }, 0)
end

M.separator = nr.windows and "\\" or "/"

function M.read(path)
  local kind = nr.kind(path)
  if kind ~= "file" then M.fail("%s: %s", path, kind and "is a directory" or "no such file") end
  return nr.read(path) or M.fail("%s: the file cannot be read", path)
end

function M.write(path, text)
  if not pcall(nr.write, path, text) then M.fail("%s: the file cannot be written", path) end
end

function M.base_name(path) return path:match "[^/\\]*$" end
function M.directory_of(path) return path:match "^(.*)[/\\][^/\\]*$" or "." end
function M.join(a, b) return a:match "[/\\]$" and a .. b or a .. M.separator .. b end

-- The files below a directory whose names end with one of the suffixes, in the order of their names.
function M.files(directory, ...)
  local list = {}
  for _, suffix in ipairs { ... } do
    for _, path in ipairs(clr.files(directory, suffix)) do list[#list + 1] = path end
  end
  table.sort(list)
  return list
end

-- "1 rule", "2 rules"
function M.plural(n, word) return n == 1 and "1 " .. word or n .. " " .. word .. "s" end

-- ---- JSON ------------------------------------------------------------------------------------------------------

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function json_text(s)
  return '"' .. s:gsub('[%c"\\]', function(c) return escapes[c] or ("\\u%04x"):format(c:byte()) end) .. '"'
end

-- An empty table is a list; a table with a field that is a text is an object, its members in the order of their names.
function M.json(v, indent)
  indent = indent or ""
  if type(v) == "string" then return json_text(v) end
  if type(v) ~= "table" then return tostring(v) end
  local inner, parts, names = indent .. "  ", {}, {}
  for k in pairs(v) do
    if type(k) == "string" then names[#names + 1] = k end
  end
  if #names == 0 then
    for i, item in ipairs(v) do parts[i] = inner .. M.json(item, inner) end
    return #parts == 0 and "[]" or "[\n" .. table.concat(parts, ",\n") .. "\n" .. indent .. "]"
  end
  table.sort(names)
  for i, name in ipairs(names) do parts[i] = inner .. json_text(name) .. ": " .. M.json(v[name], inner) end
  return "{\n" .. table.concat(parts, ",\n") .. "\n" .. indent .. "}"
end

-- ---- rules -----------------------------------------------------------------------------------------------------

-- "Contoso.Cart.Add(System.String)"
function M.method_text(p)
  return ("%s.%s%s"):format(p.class, p.method, p.parameters and "(" .. p.parameters .. ")" or "")
end

-- "5.0" for "5.0.0.0": at least two numbers stay.
function M.short_version(v)
  local a, b, c, d = v:match "^(%d+)%.(%d+)%.(%d+)%.(%d+)$"
  if d ~= "0" then return v end
  return c ~= "0" and ("%s.%s.%s"):format(a, b, c) or ("%s.%s"):format(a, b)
end

-- Bits of a point's flags (docs/rules.md; src/rules/ruleset.h).
M.flag = {
  segment = 1 << 10, unscoped = 1 << 11, scoped = 1 << 12, suppress = 1 << 13, custom_metric = 1 << 14, target_class = 1 << 15,
}

return M
