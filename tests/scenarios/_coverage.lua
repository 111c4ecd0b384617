-- docs/coverage.md: the rules of rules.txt and the scenarios that cover them. scripts/coverage.sh runs this from the project's directory.

local lu = require "luaunit"
local clr = require "nr.clr"
local scenario = require "nrprof.scenario"

local PAGE, RULES, DIRECTORY = "docs/coverage.md", "tests/scenarios/rules.txt", "tests/scenarios"

local function read(path)
  local f = io.open(path, "rb")
  local text = f and f:read "a"
  if f then f:close() end
  return text
end

-- The document of a rule: "il-method-body 4.3" -> il-method-body; E1… are in exports, Q and C in quirks.
local function document(id)
  return id:match "^(%S+) " or (id:find "^E" and "exports" or "quirks")
end

local function rules()
  local list, by_id = {}, {}
  for line in read(RULES):gmatch "[^\r\n]+" do
    local id, title = line:match "^([^#\t]+)\t(.*)$"
    if id then
      local rule = { id = id, title = title, scenarios = {} }
      list[#list + 1] = rule
      by_id[id] = rule
    end
  end
  return list, by_id
end

local function add_scenarios(by_id)
  local count = 0
  for _, path in ipairs(clr.files(DIRECTORY, ".lua")) do
    local before = #scenario.suites
    assert(loadfile(path, "t"))()
    for i = before + 1, #scenario.suites do
      local suite = scenario.suites[i]
      for _, test in ipairs(suite.tests) do
        count = count + 1
        for _, id in ipairs(test.covers) do
          local list = assert(by_id[id], id).scenarios
          list[#list + 1] = suite.name .. ": " .. test.name
        end
      end
    end
  end
  return count
end

local function cell(text)
  return (text:gsub("|", "\\|"):gsub("<", "&lt;"))
end

-- A heading whose numbered rules have scenarios needs none of its own.
local function parts_covered(list, rule)
  local parts = 0
  for _, other in ipairs(list) do
    if other.id:sub(1, #rule.id + 1) == rule.id .. "." then
      if #other.scenarios == 0 then return false end
      parts = parts + 1
    end
  end
  return parts > 0
end

local function page(list, count)
  local covered, headings, missing, lines = 0, 0, {}, {}
  local current
  for _, rule in ipairs(list) do
    if document(rule.id) ~= current then
      current = document(rule.id)
      lines[#lines + 1] = ("\n## %s\n\n| rule | | scenarios |\n|---|---|---|"):format(current)
    end
    if #rule.scenarios > 0 then covered = covered + 1
    elseif parts_covered(list, rule) then headings = headings + 1
    else missing[current] = (missing[current] and missing[current] .. ", " or "") .. rule.id:gsub("^%S+ ", "") end
    lines[#lines + 1] = ("| %s | %s | %s |"):format(cell(rule.id), cell(rule.title), cell(table.concat(rule.scenarios, "<br>"))
      :gsub("&lt;br>", "<br>"))
  end
  local head = { "# Coverage", "",
    "Written by `scripts/coverage.sh`: the numbered rules of the reference (`tests/scenarios/rules.txt`) and the scenarios in",
    "`tests/scenarios` that pin them. Other tests of a rule (`tests/unit`, `tests/clr`, `tests/golden`) are not counted here.", "",
    ("%d scenarios; %d of %d rules have one, %d are headings whose rules all have one."):format(count, covered, #list, headings),
    "", "Rules without a scenario:", "" }
  local names = {}
  for name in pairs(missing) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do head[#head + 1] = ("- %s: %s"):format(name, missing[name]) end
  return table.concat(head, "\n") .. "\n" .. table.concat(lines, "\n") .. "\n"
end

TestCoverage = {}

function TestCoverage.test_page()
  local list, by_id = rules()
  local text = page(list, add_scenarios(by_id))
  if os.getenv "NRPROF_COVERAGE_CHECK" then
    lu.assertTrue(read(PAGE) == text, PAGE .. " is out of date: run scripts/coverage.sh")
    return
  end
  local f = assert(io.open(PAGE, "wb"))
  f:write(text)
  f:close()
end
