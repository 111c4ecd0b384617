-- What the test files share.

local lu = require "luaunit"
local nr = require "nr"

local M = {}

-- A block of text as a list of its lines, without margins and empty lines. "; …" is a comment.
function M.lines(text)
  local list = {}
  for line in text:gmatch "[^\n]+" do
    line = line:gsub("%s*; .*$", ""):match "^%s*(.-)%s*$"
    if line ~= "" then list[#list + 1] = line end
  end
  return list
end

-- The texts of a blob's steps.
function M.steps(blob)
  lu.assertNotNil(blob, "the template has no blob for this shape")
  local list = {}
  for i, step in ipairs(blob) do list[i] = step.text end
  return list
end

-- Compared as text: LuaUnit then shows the two listings.
function M.assert_steps(blob, expected)
  lu.assertEquals(table.concat(M.steps(blob), "\n"), table.concat(M.lines(expected), "\n"))
end

-- The texts of the log at a level.
function M.logged(level)
  local list = {}
  for _, line in ipairs(nr.log()) do
    if line.level == level then list[#list + 1] = line.text end
  end
  return list
end

-- A script with one template called "t" whose body is `body` (text), and what was said about it. `fields` stand in the
-- template's table.
function M.template(body, fields)
  local text = ("template { name = 't', %s body = function(m) %s end }"):format(fields or "rets = 'none',", body)
  local s = nr.script { templates = { ["t.lua"] = text } }
  return s, M.logged "WARN"
end

-- The template is used, and the steps of its body in the shape are these.
function M.assert_body(body, expected, shape, fields)
  local s, said = M.template(body, fields)
  lu.assertEquals(said, {})
  M.assert_steps(s:blob("t", shape), expected)
  s:close()
end

-- The file is refused with one WARN that names the file and the line (default: the first one; false: what is wrong is
-- what is missing, and that has no line) and says `what`.
function M.assert_refused(body, what, fields, line)
  local s, said = M.template(body, fields)
  lu.assertEquals(#said, 1)
  lu.assertStrContains(said[1], line == false and "t.lua: " or ("t.lua:%d: "):format(line or 1))
  lu.assertStrContains(said[1], what)
  lu.assertStrContains(said[1], " - the file is skipped")
  lu.assertNil(s:blob "t")
  s:close()
end

return M
