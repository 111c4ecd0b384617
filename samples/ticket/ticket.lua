-- A customer's ticket as a test: "We added a rule for Cart.Add and Cart.Total. Only Total is instrumented."
-- What they sent is put down here, and what the profiler does with it; no .NET and nothing of theirs is needed.
--
--     nrprof test samples/ticket

local scenario = require "nrprof.scenario"

local t = scenario.suite "ticket"

-- Their class, as `nrprof explain` or a decompiler shows it: only names and parameters matter.
local function their_assembly(s)
  return s:assembly { name = "Contoso.Shop", version = "2.3.0.0", types = { { name = "Contoso.Cart", methods = {
    { name = "Add", sig = "20 02 08 0E 08", body = { code = "16 2A" } }, -- int Add(string, int)
    { name = "Total", sig = "20 00 0D", body = { code = "23 00 00 00 00 00 00 00 00 2A" } }, -- double Total()
  } } } }
end

-- Which methods of it get a body, with these rules.
local function instrumented(s, rules)
  s:home { ["extensions/shop.lua"] = rules }
  local module, names = s:core():load(their_assembly(s)), {}
  for _, name in ipairs { "Add", "Total" } do
    if module:jit("Contoso.Cart." .. name).written then names[#names + 1] = name end
  end
  return names
end

t:test("as the customer has it: C# spelling of the parameters", function(s)
  s:equal(instrumented(s, [[
    tracer {} match { assembly = "Contoso.Shop", class = "Contoso.Cart", "Add(string,int)", "Total" }]]), { "Total" })
end)

t:test("the answer: names of the runtime", function(s)
  s:equal(instrumented(s, [[
    tracer {} match { assembly = "Contoso.Shop", class = "Contoso.Cart", "Add(System.String,System.Int32)", "Total" }]]),
    { "Add", "Total" })
end)
