-- live-instrumentation.md 1, 2 and exports.md 2, E1 to E4: documents given by the agent, and exports without a profiler.

local scenario = require "nrprof.scenario"
local SEPARATOR = require "nr".windows and "\\" or "/"
local t = scenario.suite "live custom"

local function method(name, sig) return { name = name, sig = sig or "00 00 01", body = "06 2a" } end
local function rule(name, more)
  local r = { assembly = "A", class = "N.C", method = name }
  for k, v in pairs(more or {}) do r[k] = v end
  return r
end
local function xml(...) return scenario.rules_xml { ... } end

local function start(s, rules, config)
  s:home { rules = rules or {}, config = config }
  local clr = s:core()
  return clr, clr:load(s:assembly { name = "A", types = { { name = "N.C", methods = { method "M", method "K", method "L" } } } })
end

-- Adds documents { name, text }, … and applies them: result, reverts, requests.
local function apply(s, clr, documents)
  for _, d in ipairs(documents or {}) do s:equal(clr:call("AddCustomInstrumentation", d[1], d[2]), "S_OK", d[1]) end
  local result, happened = clr:call "ApplyCustomInstrumentation"
  return { result, happened.reverts, happened.requests }
end

local M, K, L = xml(rule "M"), xml(rule "K"), xml(rule "L")
local function on(...) return { "RequestReJIT N.C." .. table.concat({ ... }, ", N.C.") } end
local function off(...) return { "RequestRevert N.C." .. table.concat({ ... }, ", N.C.") } end

-- Each row: { what, rules on disk, { documents of an Apply, reverts, requests }, … }
for _, row in ipairs {
  { "nothing added, nothing done", { rule "M" }, { {}, {}, {} } },
  { "one document", {}, { { { "a", M } }, {}, on "M" } },
  { "beside the rules on disk", { rule "K" }, { { { "a", M } }, {}, on("M", "K") } },
  { "two documents", {}, { { { "a", M }, { "b", L } }, {}, on("M", "L") } },
  { "the same name twice keeps the last text", {}, { { { "a", M }, { "a", K } }, {}, on "K" } },
  { "the next Apply replaces all of it", {}, { { { "a", M }, { "b", K } }, {}, on("M", "K") }, { { { "b", K } }, off "M", on "K" } },
  { "other names replace as well", {}, { { { "a", M } }, {}, on "M" }, { { { "c", L } }, off "M", on "L" } },
  { "an empty Apply takes everything back", {}, { { { "a", M } }, {}, on "M" }, { {}, off "M", {} } },
  { "and a second one finds nothing to do", { rule "K" }, { { { "a", M } }, {}, on("M", "K") }, { {}, off "M", on "K" }, { {}, {}, {} } },
  { "the same again is compiled again", {}, { { { "a", M } }, {}, on "M" }, { { { "a", M } }, {}, on "M" } },
  { "a document without rules is a document", { rule "K" }, { { { "a", xml() } }, {}, on "K" } },
  { "an empty name", {}, { { { "", M } }, {}, on "M" } },
  { "a name like any other text", {}, { { { "urn:x y/z?\"", M } }, {}, on "M" } },
} do
  t:test("2: " .. row[1], { covers = { "E3", "E4", "E3.1", "E3.3", "live-instrumentation 2", "live-instrumentation 2.1",
    "live-instrumentation 2.3",
    "live-instrumentation 2.4", "live-instrumentation 2.5" } }, function(s)
    local clr, m = start(s, row[2])
    m:jit_all()
    for i = 3, #row do
      local step = row[i]
      s:equal(apply(s, clr, step[1]), { "S_OK", step[2], step[3] }, "Apply " .. i - 2)
      clr:jit_pending()
    end
  end)
end

t:test("E3: adding alone changes nothing, a refresh does not take it either", { covers = { "E3.1", "live-instrumentation 1" } }, function(s)
  local clr, m = start(s)
  local result, happened = clr:call("AddCustomInstrumentation", "a", M)
  s:equal({ result, #happened.events }, { "S_OK", 0 })
  local _, after = clr:call "InstrumentationRefresh"
  s:equal(after.requests, {})
  s:untouched(m:jit "N.C.M")
end)

t:test("4.2: what was applied stays through refreshes and reloads", { covers = { "live-instrumentation 1", "live-instrumentation 4.2" } },
  function(s)
  local clr = start(s)
  apply(s, clr, { { "a", M } })
  for _, export in ipairs { "InstrumentationRefresh", "ReloadConfiguration", "InstrumentationRefresh" } do
    local result, happened = clr:call(export)
    s:equal({ result, happened.reverts, happened.requests }, { "S_OK", {}, on "M" }, export)
  end
end)

t:test("4.2: a document with the path of a file takes its place", { covers = { "live-instrumentation 4.2" } }, function(s)
  local clr = start(s, { rule("M") })
  s:equal(apply(s, clr, { { table.concat({ "home", "extensions", "rules.xml" }, SEPARATOR), K } }), { "S_OK", off "M", on "K" })
  s:equal(apply(s, clr), { "S_OK", off "K", on "M" })
end)

t:test("2: the ignore list holds for documents, too", { covers = { "live-instrumentation 4.3", "selection-in-native 6.3" } }, function(s)
  local clr = start(s, {}, { ignore = { { "A", "N.C" } } })
  s:equal(apply(s, clr, { { "a", M } }), { "S_OK", {}, {} })
end)

t:test("2.6: a document that cannot be read: this and every later refresh fails until another Apply", {
  covers = { "E4", "live-instrumentation 2.6", "live-instrumentation 4.4" } }, function(s)
  local clr, m = start(s, { rule "K" })
  s:equal(apply(s, clr, { { "a", M }, { "bad", "<extension>" } }), { "S_FALSE", {}, {} })
  s:rewritten(m:jit "N.C.K")
  s:untouched(m:jit "N.C.M")
  s:equal(clr:call "InstrumentationRefresh", "S_FALSE")
  s:equal(clr:call "ReloadConfiguration", "S_FALSE")
  s:equal(clr:call "InstrumentationRefresh", "S_FALSE")
  s:equal(apply(s, clr, { { "a", M } }), { "S_OK", {}, on("M", "K") })
  s:equal(clr:call "InstrumentationRefresh", "S_OK")
end)

t:test("2.6: an empty Apply ends it as well", { covers = { "live-instrumentation 2.6", "live-instrumentation 2.4" } }, function(s)
  local clr = start(s, { rule "K" })
  s:equal(apply(s, clr, { { "bad", "<extension>" } }), { "S_FALSE", {}, {} })
  s:equal(apply(s, clr), { "S_OK", {}, on "K" })
end)

t:test("2.2: the line 'Applying live instrumentation' comes when there is something", { covers = { "live-instrumentation 2.1",
  "live-instrumentation 2.2" } }, function(s)
  local clr = start(s, {}, { level = "finest" })
  apply(s, clr)
  s:equal(s:log_count "Applying custom instrumentation", 1)
  s:log_lacks "Applying live instrumentation"
  apply(s, clr, { { "a", M } })
  s:log_has("Adding custom instrumentation", "Applying custom instrumentation", "[Info ] Applying live instrumentation",
    "Leave: InstrumentationRefreshWithNewIgnoreList")
  apply(s, clr) -- takes back: nothing is applied
  s:equal(s:log_count "[Info ] Applying live instrumentation", 1)
end)

t:test("E3.2: text beyond ASCII is UTF-8", { covers = { "E3.2" } }, function(s)
  local clr, m = start(s)
  s:equal(apply(s, clr, { { "Größe", xml(rule("M", { factory = "Fäßer→" })) } }), { "S_OK", {}, on "M" })
  clr:jit_pending()
  s:rewritten({ written = m:body "N.C.M" ~= "06 2a", name = "M" })
end)

for _, row in ipairs { { "invalid UTF-8", "a", "<a\xff\xfe/>" }, { "a character beyond the BMP", "\u{1F600}", M }, { "no name", nil, M },
  { "no text", "a", nil } } do
  t:test("E3.2: " .. row[1] .. " does not end the process", { covers = { "E3.2" }, crashes = "E3" }, function(s)
    local clr, m = start(s, { rule "K" })
    clr:call("AddCustomInstrumentation", row[2], row[3])
    clr:call "ApplyCustomInstrumentation"
    s:rewritten(m:jit "N.C.K")
  end)
end

-- ---- exports.md 2: no profiler -------------------------------------------------------------------------------------------------------------------

local NOBODY = { { "InstrumentationRefresh", "E_FAIL" }, { "ReloadConfiguration", "E_FAIL" }, { "ApplyCustomInstrumentation", "E_FAIL" },
  { "AddCustomInstrumentation", "E_FAIL", "a", "<a/>" }, { "RequestProfile", "E_UNEXPECTED" }, { "GetCurrentExecutionEngineThreadId", 0 } }
for _, row in ipairs(NOBODY) do
  t:test("exports 2: before a profiler exists " .. row[1] .. " gives " .. row[2], { covers = { "com-and-lifecycle 4.2.3",
    "com-and-lifecycle 4.2" } }, function(s)
    local clr = s:core { attach = false }
    s:equal((clr:call(row[1], row[3], row[4])), row[2])
  end)
  t:test("exports 2: after a failed Initialize " .. row[1] .. " gives " .. row[2], { covers = { "com-and-lifecycle 4.2.4",
    "com-and-lifecycle 4.2" } }, function(s)
    s:home { config = false }
    local clr = s:core { fails = true }
    s:equal((clr:call(row[1], row[3], row[4])), row[2])
  end)
end
