-- Switches (docs/compat.md): what each changes, and that nothing changes without it.

local scenario = require "nrprof.scenario"
local t = scenario.suite "switches"

local OURS = { only_ours = "switches are an addition" }
local ASYNC = "[X]System.Runtime.CompilerServices.AsyncStateMachineAttribute"

local function flags_of(s, r)
  s:rewritten(r)
  return ("%08x"):format(string.unpack("<I4", scenario.image.bytes(r.code):match "\x25\x17\x20(....)\x8c"))
end

-- ---- how they are set -------------------------------------------------------------------------------------------------

for _, row in ipairs {
  { "nothing is on", nil, nil, nil },
  { "a rule file turns one on", "compat { verify = true }", nil, "verify" },
  { "the variable turns one on", nil, { NEW_RELIC_SAFE_REWRITE = "1" }, "verify" },
  { "the variable goes before the rule file", "compat { verify = true }", { NEW_RELIC_SAFE_REWRITE = "0" }, nil },
  { "a variable that is neither true nor false does not count", "compat { verify = true }", { NEW_RELIC_SAFE_REWRITE = "yes" }, "verify" },
  { "a file with a mistake turns nothing on", "compat { verify = true } nonsense()", nil, nil },
} do
  t:test("set: " .. row[1], OURS, function(s)
    s:home { ["extensions/x.lua"] = row[2] or "" }
    if row[3] then s:env(row[3]) end
    s:core()
    if row[4] then s:log_has("Switch " .. row[4] .. " is on: ") else s:log_lacks "Switch " end
  end)
end

t:test("set: a refresh changes no switch", OURS, function(s)
  s:home { rules = { { assembly = "A", class = "N.C", method = { "P", "A" } } } }
  local clr = s:core()
  s:home { ["extensions/x.lua"] = "compat { flags_per_method = true }" }
  s:equal(clr:call "InstrumentationRefresh", "S_OK")
  local m = clr:load(s:assembly { name = "A", types = { { name = "N.C", methods = {
    { name = "P", sig = "00 01 01 08", body = "06 2a", attributes = { ASYNC } }, { name = "P", sig = "00 00 01", body = "06 2a" } } } } })
  s:equal(flags_of(s, m:jit "N.C.P"), "00803400")
  s:equal(flags_of(s, m:jit "N.C.P#2"), "00803400")
end)

-- ---- flags_per_method -------------------------------------------------------------------------------------------------

for _, row in ipairs { { "0", "00803400" }, { "1", "00003400" } } do
  t:test("flags_per_method " .. row[1] .. ": the overload after an async one has " .. row[2], OURS, function(s)
    s:env { NEW_RELIC_FLAGS_PER_METHOD = row[1] }
    s:home { rules = { { assembly = "A", class = "N.C", method = "P" } } }
    local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = {
      { name = "P", sig = "00 01 01 08", body = "06 2a", attributes = { ASYNC } }, { name = "P", sig = "00 00 01", body = "06 2a" } } } } })
    s:equal(flags_of(s, m:jit "N.C.P"), "00803400")
    s:equal(flags_of(s, m:jit "N.C.P#2"), row[2])
  end)
end

-- ---- report_rejit_errors ----------------------------------------------------------------------------------------------

for _, on in ipairs { "0", "1" } do
  t:test("report_rejit_errors " .. on, OURS, function(s)
    s:env { NEW_RELIC_REPORT_REJIT_ERRORS = on }
    s:home { rules = { { assembly = "A", class = "N.C", method = "M" } } }
    local clr = s:core()
    local m = clr:load(s:assembly { name = "A", types = { { name = "N.C", methods = { { name = "M", sig = "00 00 01", body = "06 2a" } } } } })
    clr:fail("ICorProfilerFunctionControl", "SetILFunctionBody", 1, "E_FAIL")
    m:jit "N.C.M"
    local line = "[Error] The CLR refused the new body of [A]N.C.M.  HRESULT: 0x80004005"
    if on == "1" then s:log_has(line) else s:log_lacks "The CLR refused" end
  end)
end

-- ---- nested_types_at_load ---------------------------------------------------------------------------------------------

for _, row in ipairs { { "0", {} }, { "1", { "RequestReJIT N.C+E.M, N.C+E+F.M" } } } do
  t:test("nested_types_at_load " .. row[1], OURS, function(s)
    s:env { NEW_RELIC_NESTED_TYPES_AT_LOAD = row[1] }
    s:home { rules = { { assembly = "A", class = "N.C+E", method = "M" }, { assembly = "A", class = "N.C+E+F", method = "M" },
      { assembly = "A", class = "N.C+X", method = "M" } } }
    local M = { { name = "M", sig = "00 00 01", body = "06 2a" } }
    local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C",
      types = { { name = "E", methods = M, types = { { name = "F", methods = M } } } } } } })
    s:equal(m.requests, row[2])
    s:rewritten(m:jit "N.C+E.M")
    s:log_has "Unable to find N.C+X for rejit."
  end)
end

-- ---- by_ref_like_as_null ----------------------------------------------------------------------------------------------

for _, on in ipairs { "0", "1" } do
  t:test("by_ref_like_as_null " .. on, OURS, function(s)
    s:env { NEW_RELIC_BY_REF_LIKE_AS_NULL = on, NEW_RELIC_SAFE_REWRITE = "1" }
    s:home { rules = { { assembly = "A", class = "N.C", method = "M" } } }
    local m = s:core():load(s:assembly { name = "A", type_refs = { "[System.Runtime]System.Object", "[System.Runtime]System.Span`1",
      "[System.Runtime]System.Guid" }, types = { { name = "N.C", methods = { { name = "M", body = "0a 02 2a", -- Span<int> M(Span<int>, Guid, int)
        sig = "00 03 15 11 09 01 08 15 11 09 01 08 11 0d 08" } } } } })
    local r = m:jit "N.C.M"
    if on == "0" then
      s:untouched(r, "S_OK", true)
      s:log_has "BY_REF_LIKE"
    else
      s:rewritten(r)
      local _, boxed = r:listing():gsub("box [^\n]*Guid", "")
      local _, spans = r:listing():gsub("box [^\n]*Span", "")
      s:equal({ boxed, spans }, { 1, 0 })
    end
  end)
end
