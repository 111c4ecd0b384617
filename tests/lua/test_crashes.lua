-- docs/crashes.md: each row names a test, and the test is there.

local lu = require "luaunit"

TestCrashes = {}

local function read(path)
  local f = io.open(path)
  if not f then return nil end
  local text = f:read "a"
  f:close()
  return text
end

function TestCrashes.test_every_row_has_its_test()
  local page, rows, seen = read "docs/crashes.md", 0, {}
  if not page then lu.skip "not run from the top of the source tree" end
  for line in page:gmatch "[^\n]+" do
    local id, rest = line:match "^| ([%w.]+) |(.*)|$"
    if id and id ~= "id" then
      rows = rows + 1
      local path, name = rest:match '`(tests/[^`]+)` "(.*)" $'
      lu.assertNotNil(path, "the row names no test: " .. line)
      local text = read(path)
      lu.assertNotNil(text, id .. ": there is no " .. path)
      lu.assertNotNil(text:find(name, 1, true), ("%s: %s has no '%s'"):format(id, path, name))
      lu.assertNil(id ~= "any" and seen[id] or nil, id .. " stands there twice")
      seen[id] = true
    end
  end
  for n = 1, 19 do lu.assertTrue(seen["C" .. n], "C" .. n .. " is missing") end
  print(("figure crashes.known %d"):format(rows))
end
