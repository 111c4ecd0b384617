-- A first scenario file, to copy from: docs/scenarios.md. Names that begin with '_' are left out when a directory is run;
-- `nrprof test tests/scenarios/_example.lua` runs this one.

local scenario = require "nrprof.scenario"

local t = scenario.suite "example"

t:test("7.1: the smallest method gets 356 bytes around it", { covers = { "il-method-body 7.1" } }, function(s)
  local m = s:method { body = "06 2a", rule = { factory = "MyFactory" } } -- one assembly A, one type N.C, one method M
  local r = m:jit()                                                       -- JIT, then the ReJIT that was asked for
  s:rewritten(r)
  s:equal(r.size, 356)
  s:bytes(r.head, "1b 30 0a 00")
  s:bytes(r.user, "00")
  s:equal(r.clauses[1].text, "0 [0004,00a3) [00a3,00a9) 01000002")
  s:equal(r.requests, {})                                                 -- it was asked for when the module was loaded
  s:equal(m.requests, { "RequestReJIT N.C.M" })
  s:equal(r.added[1], "01000001 [System.Runtime,0.0.0.0,]System.Object")
  s:contains(r:listing(), 'ldstr 700000AA "MyFactory"')
  s:log_has("[Info ] Profiler initialized", "[Info ] Instrumenting method: " .. m:described())
end)

t:test("a module, two types, several methods, by hand", function(s)
  s:env { NEW_RELIC_LOG_LEVEL = "finest" }
  s:home {
    config = { level = "info", ignore = { "Left.Out" } },
    rules = { { assembly = "Shop", class = "Shop.Cart", method = { "Add", "Remove" }, parameters = "System.Int32" } },
  }
  local clr = s:core { version = "8.0.0.0" }
  local m = clr:load(s:assembly {
    name = "Shop", version = "2.1.0.0", refs = { "System.Runtime", { name = "Lib", version = "1.2.3.4" } },
    types = {
      { name = "Shop.Cart", methods = {
        { name = "Add", sig = "20 01 01 08", body = "06 2a" },
        { name = "Add", sig = "20 01 01 0e", body = "06 2a" },
        { name = "Remove", sig = "20 01 08 08", body = { code = "03 0a 06 2a", locals = "07 01 08", max_stack = 2 } },
      } },
      { name = "Shop.Till", types = { { name = "Drawer", methods = { { name = "Open", sig = "00 00 01", body = "06 2a" } } } } },
    },
  })
  s:rewritten(m:jit "Shop.Cart.Add")            -- Add(int)
  s:untouched(m:jit "Shop.Cart.Add#2")          -- Add(string)
  s:untouched(m:jit "Shop.Till+Drawer.Open")
  local r = m:jit "Shop.Cart.Remove"
  s:equal(r.locals_sig, "07 04 08 12 05 12 09 08")
  s:bytes(r.user, "03 0a 06 00")
end)

t:test("a call that fails leaves the method alone", function(s)
  local m = s:method { body = "06 2a" }
  m.clr:fail("IMetaDataEmit", "GetTokenFromSig", 1, "E_OUTOFMEMORY")
  local r = m:jit()
  s:untouched(r, "E_FAIL", true)
end)

t:test("a profiler that does not start", function(s)
  s:home { config = false }
  local clr = s:core { fails = true }
  s:equal(clr.result, "CORPROF_E_PROFILER_CANCEL_ACTIVATION")
  s:equal(clr:call "InstrumentationRefresh", "E_FAIL") -- the library is still there
end)
