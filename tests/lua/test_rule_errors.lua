-- Every message of the loader of rule files with an input that causes it: docs/rule-errors.md is made from this table
-- (NRPROF_UPDATE_DOCS=1), and each row is loaded.

local nr = require "nr"
local lu = require "luaunit"
local support = require "_support"

local here = debug.getinfo(1, "S").source:match "^@(.*)[/\\]" or "."
local root = here .. "/../../"

-- { input, message, line (1) }
local T = "tracer {} "
local rows = {
  -- the table of a verb
  { "tracer 'x'", "tracer takes a table: tracer { … }" },
  { "tracer { nmae = 'x' }", "unknown field 'nmae' in tracer, did you mean 'name'?" },
  { "tracer { zzzzzzzz = 1 }", "unknown field 'zzzzzzzz' in tracer" },
  { "tracer { level = '5' }", "field 'level' of tracer must be a whole number, not string" },
  { "tracer { enabled = 'no' }", "field 'enabled' of tracer must be true or false, not string" },
  { "tracer { metric_name = 5 }", "field 'metric_name' of tracer must be a text or a function, not number" },
  { T .. "match { assembly = 'A', class = 'C', 'M', [3] = 'N' }", "the list in match has a gap" },
  { T .. "\nmatch {\n  asembly = 'A', class = 'C', 'M' }", "unknown field 'asembly' in match, did you mean 'assembly'?", 2 },
  -- tracer
  { "tracer { level = 8 }", "field 'level' of tracer must be from 0 to 7" },
  { "tracer { metric = 'all' }", "field 'metric' of tracer must be scoped, unscoped, both or none" },
  -- match
  { "match { assembly = 'A', class = 'C', 'M' }", "match before the first tracer" },
  { T .. "match { class = 'C', 'M' }", "match needs the field 'assembly'" },
  { T .. "match { assembly = 'A', 'M' }", "match needs the field 'class'" },
  { T .. "match { assembly = 'A', class = 'C' }", "match names no method" },
  { T .. "match { assembly = 'A', class = 'C', 'M(' }", "'M(' is no method: write Name or Name(Type,Type)" },
  { T .. "match { assembly = 'mscorlib', class = 'C', 'M' }", "methods of mscorlib cannot be instrumented" },
  { T .. "match { assembly = 'A', class = 'C', min = '1.x', 'M' }", "field 'min' of match is not a version: '1.x'" },
  { T .. "match { assembly = 'A', class = 'C', where = 'x', 'M' }", "field 'where' of match must be a function, not string" },
  { T .. "match { assembly = 'A', attribute = 'X*' }", "wildcards are not known in attribute: 'X*'" },
  { T .. "match { assembly = 'A', extends = '' }", "match needs the field 'extends'" },
  { T .. "match { assembly = 'A', class = 'C', 'M', except = 5 }", "field 'except' of match must be a text or a list, not number" },
  { T .. "match { assembly = 'A', class = 'C', 'M', except = { class = { 5 } } }", "field 'class' must be a text or a list of texts" },
  -- the others
  { "ignore {}", "ignore needs the field 'assembly'" },
  { "process {}", "process needs the field 'deny'" },
  { "process { deny = 'x' }", "field 'deny' of process must be a list, not string" },
  { "process { deny = { 5 } }", "field 'deny' of process must be a list of file names" },
  { "process { deny = { 'k*' } }", "wildcards are not known in deny: 'k*'" },
  { "compat { anything = true }", "unknown field 'anything' in compat" },
  { "\ncompat { verify = 5 }", "field 'verify' of compat must be true or false, not number", 2 },
  { "f = tracer", "global 'f' cannot be set in a script; say 'local f'" },
  { "tracr {}", "nothing called 'tracr' here" },
  -- what a file may not do
  { "os.exit()", "nothing called 'os' here" },
  { "io.open 'x'", "nothing called 'io' here" },
  { "load 'x'", "nothing called 'load' here" },
  { "require 'x'", "nothing called 'require' here" },
  { "pcall(error)", "nothing called 'pcall' here" },
  { "string.format = nil", "'format' belongs to all scripts and cannot be set" },
  -- limits
  { "while true do end", "instruction limit reached" },
  { "local function f() return 1 + f() end f()", "memory limit reached (8 MiB for all files together)" },
  { "local t = {} for i = 1, 1e8 do t[i] = { i } end", "memory limit reached (8 MiB for all files together)" },
  { "local s = ('x'):rep(9000000)", "more than 8388608 repetitions" },
  { "local s = ('x'):rep(70000) s:find 'y'", "text longer than 65536 bytes in a pattern function" },
  { "local s = ('x'):rep(2000) s:find '.-.-.-y'", "pattern '.-.-.-y' has too many repetitions for a text of 2000 bytes" },
  -- the text
  { "tracer {}\nmatch { assembly = '\xC3(' }", "the text is not UTF-8", 2 },
  -- Lua itself
  { "\27Lua", "attempt to load a binary chunk (mode is 't')" },
  { "tracer {} match {", "unexpected symbol near <eof>" },
  { "tracer {\n name = 'x'", "'}' expected (to close '{' at line 1) near <eof>", 2 },
  { "local t = nil t.x = 1", "attempt to index a nil value (local 't')" },
  { "error 'own words'", "own words" },
  { "\nerror { }", "an error that is no text", 2 },
  { "error()", "an error that is no text" },
}

local function load_file(text)
  local s <close> = nr.script()
  local ok = s:rules(text, "contoso.lua")
  return ok, support.logged "WARN", #s:points()
end

TestRuleErrors = {}

for i, row in ipairs(rows) do
  local text, message, line = row[1], row[2], row[3]
  TestRuleErrors[("test_%02d %s"):format(i, text:gsub("[^%g ]", "."))] = function()
    local ok, said, points = load_file(text)
    lu.assertFalse(ok)
    lu.assertEquals(points, 0)
    local last = said[#said] or ""
    local at = ("contoso.lua:%d: "):format(line or 1)
    lu.assertEquals(last:sub(1, #at), at, last)
    lu.assertEquals(last:sub(#at + 1), message .. " - the file is skipped")
  end
end


function TestRuleErrors.test_the_other_files_load()
  local s <close> = nr.script()
  for _, row in ipairs(rows) do lu.assertFalse(s:rules(row[1], "bad.lua")) end
  lu.assertTrue(s:rules("tracer {} match { assembly = 'A', class = 'C', 'M' }", "good.lua"))
  lu.assertEquals(#s:points(), 1)
end

local function read(path)
  local f = assert(io.open(path, "rb"))
  local text = f:read "a"
  f:close()
  return (text:gsub("\r\n", "\n"))
end

-- Each message of the library stands in the table: its text up to the first %.
function TestRuleErrors.test_every_message_is_in_the_table()
  local source, count = read(root .. "lua/nrprof/rules.lua"), 0
  for text in source:gmatch 'complain%s*%(*"([^"]+)"' do
    count = count + 1
    local pattern = text:gsub("[%^%$%(%)%.%[%]%*%+%-%?]", "%%%0"):gsub("%%[sd]", ".*")
    -- Only a function that outlives its file gets to the first; no switch has words of its own in this version.
    local found = text:find "can be used only while" or text:find "of compat must be"
    for _, row in ipairs(rows) do found = found or row[2]:find(pattern) end
    lu.assertTrue(found ~= nil, "no row for: " .. text)
  end
  lu.assertTrue(count >= 14, "the messages of rules.lua are not where they were")
end

function TestRuleErrors.test_the_document()
  local lines = {
    "# Messages of the rule loader", "",
    "Made from `tests/lua/test_rule_errors.lua`, which loads every input. A file with a mistake is left out as a whole; its line in the",
    "log, at WARN, is `FILE:LINE: MESSAGE - the file is skipped`. All other files load.", "",
    "| in the file | message |", "|---|---|" }
  local function cell(s) return (s:gsub("\27", "␛"):gsub("\xC3%(", "\\xC3("):gsub("\n", " ⏎ "):gsub("|", "\\|")) end
  for _, row in ipairs(rows) do
    lines[#lines + 1] = ("| `%s` | %s |"):format(cell(row[1]), cell(row[2]))
  end
  local want, path = table.concat(lines, "\n") .. "\n", root .. "docs/rule-errors.md"
  if os.getenv "NRPROF_UPDATE_DOCS" then
    local f = assert(io.open(path, "wb"))
    f:write(want)
    f:close()
  end
  lu.assertEquals(read(path), want)
end
