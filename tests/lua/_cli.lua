-- Running the tool, for its tests.

local clr = require "nr.clr"
local lu = require "luaunit"
local nr = require "nr"

local M = {}

function M.posix_only()
  if nr.windows then lu.skip "these tests use a POSIX shell" end
end

local function quoted(word) return "'" .. word:gsub("'", "'\\''") .. "'" end

-- Runs nrprof; what it wrote to its output, to its error stream, and its exit code. `before`, when the first argument is a
-- table: { input = text, env = { NAME = value }, directory = path }.
function M.run(...)
  local words, how = { ... }, {}
  if type(words[1]) == "table" then how = table.remove(words, 1) end
  local line, dir = {}, nr.directory()
  if how.directory then line[#line + 1] = "cd " .. quoted(how.directory) .. " &&" end
  for name, value in pairs(how.env or {}) do line[#line + 1] = name .. "=" .. quoted(value) end
  line[#line + 1] = quoted(nr.program)
  for _, word in ipairs(words) do line[#line + 1] = quoted(word) end
  nr.write(dir .. "/in", how.input or "")
  local pipe = assert(io.popen(table.concat(line, " ") .. " <" .. dir .. "/in 2>" .. dir .. "/err", "r"))
  local out = pipe:read "a"
  local _, _, code = pipe:close()
  return out, M.read(dir .. "/err"), code
end

function M.read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

-- A new directory with these files.
function M.write(files)
  local dir = nr.directory()
  for name, text in pairs(files) do nr.write(dir .. "/" .. name, text) end
  return dir
end

-- Exit code, and both streams: compared at once, so that a failure shows all of it.
function M.assert_run(expected, ...)
  local out, err, code = M.run(...)
  lu.assertEquals({ out = out, err = err, code = code }, { out = expected.out or "", err = expected.err or "", code = expected.code or 0 })
end

local function exists(path)
  return nr.kind(path) == "file"
end

-- The sample application: scripts/test.sh builds it.
function M.sample()
  local path = os.getenv "NRPROF_SAMPLE" or "build/dotnet/ConsoleSample/Contoso.Console.dll"
  if not exists(path) then lu.skip("there is no " .. path) end
  return path
end

-- An assembly of the installed shared frameworks.
function M.framework(name)
  local root = os.getenv "DOTNET_ROOT" or "/usr/share/dotnet"
  local found = clr.files(root .. "/shared", "/" .. name)
  if #found == 0 then lu.skip("there is no " .. name .. " below " .. root .. "/shared") end
  return found[#found]
end

-- A directory of the shared data that tests may use.
function M.shared(name)
  local path = (os.getenv "NRPROF_SHARED" or "../shared") .. "/" .. name
  if nr.kind(path) ~= "directory" then lu.skip("there is no " .. path) end
  return path
end

return M
