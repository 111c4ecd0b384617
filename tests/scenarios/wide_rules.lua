-- Rules of our own that say more than names (docs/rules.md): wildcards, exceptions, parameters, attributes, base classes,
-- interfaces, predicates. Which methods are asked for when a module is loaded, which are instrumented when they are compiled.

local nr = require "nr"
local scenario = require "nrprof.scenario"
local t = scenario.suite "wide rules"
local only = "rules in Lua"

local function method(name, sig, more)
  local m = { name = name, sig = sig or "20 00 01", body = "06 2a" }
  for k, v in pairs(more or {}) do m[k] = v end
  return m
end

local special = { flags = 0x0886 }

-- The library: L.IThing, L.IWide : L.IThing, L.Base, L.Middle : L.Base, [L]L.MarkAttribute.
local function library(s)
  return s:assembly { name = "L", version = "2.0.0.0", types = {
    { name = "L.IThing", flags = 0xA1, methods = { { name = "Do", sig = "20 00 01", flags = 0x5C6 } } },
    { name = "L.IWide", flags = 0xA1, implements = { "L.IThing" } },
    { name = "L.Base", methods = { method "Run" }, implements = { "L.IWide" } },
    { name = "L.Middle", extends = "L.Base", methods = { method "Run" } },
    { name = "L.MarkAttribute", methods = { method ".ctor" } } } }
end

local function application(s)
  return s:assembly { name = "Contoso.Shop", version = "1.5.0.0", refs = { "System.Runtime", "L" }, types = {
    { name = "Contoso.Cart", extends = "[L]L.Middle", attributes = { "[L]L.MarkAttribute" }, methods = {
      method ".ctor", method "Execute", method("ExecuteAll", "20 01 01 08"), method("ExecuteAll", "20 02 01 08 0e"),
      method("get_Total", "20 00 08", special), method("Find", "20 01 01 0e", { attributes = { "[L]L.MarkAttribute" } }),
      method "<Find>b__0", { name = "None", sig = "20 00 01", flags = 0x5C6 } } },
    { name = "Contoso.Till", implements = { "[L]L.IWide" }, methods = { method "Execute", method("Static", "00 01 01 08") },
      types = { { name = "Drawer", methods = { method "Execute" } } } },
    { name = "Contoso.Point", flags = 0x109, methods = { method "Execute" } },
    { name = "Other.Cart", methods = { method "Execute" } } } }
end

-- What is asked for when the application is loaded, with or without the library there.
local function requests(s, rules, without)
  s:home { ["extensions/wide.lua"] = "tracer { name = 'F:1' }\n" .. rules }
  local clr = s:core()
  if not without then clr:load(library(s)) end
  local m = clr:load(application(s))
  return m.requests, clr, m
end

local A = "Contoso.Cart"
for _, row in ipairs {
  { "a method", "assembly = 'Contoso.Shop', class = 'Contoso.Cart', 'Execute*'", "Contoso.Cart.Execute, Contoso.Cart.ExecuteAll, Contoso.Cart.ExecuteAll" },
  { "a class", "assembly = 'Contoso.Shop', class = '*.Cart', 'Execute'", "Contoso.Cart.Execute, Other.Cart.Execute" },
  { "nested classes", "assembly = 'Contoso.Shop', class = 'Contoso.Till*', 'Execute'", "Contoso.Till.Execute, Contoso.Till+Drawer.Execute" },
  { "an assembly", "assembly = 'Contoso.*', class = 'Contoso.Cart', 'Execute'", "Contoso.Cart.Execute" },
  { "another assembly", "assembly = 'Fabrikam.*', class = 'Contoso.Cart', 'Execute'" },
  { "a piece inside", "assembly = '*Shop*', class = '*oso.C*', '*cuteA*'", "Contoso.Cart.ExecuteAll, Contoso.Cart.ExecuteAll" },
  { "case", "assembly = 'contoso.*', class = '*', '*'" },
  { "accessors, abstract methods, value types and what compilers make up are not matched", "assembly = '*', class = 'Contoso.*', '*'",
    "Contoso.Cart.Execute, Contoso.Cart.ExecuteAll, Contoso.Cart.ExecuteAll, Contoso.Cart.Find, Contoso.Till.Execute, "
      .. "Contoso.Till.Static, Contoso.Till+Drawer.Execute" },
  { "unless they are named", "assembly = '*', class = '*Cart', '.*', '<*'", "Contoso.Cart..ctor, Contoso.Cart.<Find>b__0" },
  { "versions below", "assembly = 'Contoso.*', class = '*', max = '1.5', 'Execute'" },
  { "versions in the bounds", "assembly = 'Contoso.*', class = 'Other.*', min = '1.5', max = '1.6', 'Execute'", "Other.Cart.Execute" },
  { "one parameter of any type", "assembly = '*', class = 'Contoso.Cart', 'ExecuteAll(*)'", "Contoso.Cart.ExecuteAll" },
  { "any parameters behind the first", "assembly = '*', class = 'Contoso.Cart', 'ExecuteAll(System.Int32,...)'",
    "Contoso.Cart.ExecuteAll, Contoso.Cart.ExecuteAll" },
  { "parameters of a namespace", "assembly = '*', class = 'Contoso.Cart', 'Find(System.*)'", "Contoso.Cart.Find" },
  { "parameters of another namespace", "assembly = '*', class = 'Contoso.Cart', 'Find(Contoso.*)'" },
  { "no parameters", "assembly = '*', class = '*.Cart', 'Execute()'", "Contoso.Cart.Execute, Other.Cart.Execute" },
  { "except methods", "assembly = '*', class = '*.Cart', 'Execute*', except = { 'ExecuteAll(System.Int32)' }",
    "Contoso.Cart.Execute, Contoso.Cart.ExecuteAll, Other.Cart.Execute" },
  { "except one text", "assembly = '*', class = '*.Cart', 'Execute*', except = 'ExecuteA*'", "Contoso.Cart.Execute, Other.Cart.Execute" },
  { "except classes", "assembly = '*', class = '*', 'Execute', except = { class = { 'Other.*', '*+*' } }", "Contoso.Cart.Execute, Contoso.Till.Execute" },
  { "except assemblies", "assembly = '*', class = '*', 'Execute', except = { assembly = 'Contoso.S*' }" },
  { "an exception on exact names", "assembly = 'Contoso.Shop', class = 'Contoso.Cart', 'ExecuteAll', except = { 'ExecuteAll(*)' }",
    "Contoso.Cart.ExecuteAll" },
  { "an attribute", "assembly = 'Contoso.*', attribute = 'L.MarkAttribute'", "Contoso.Cart.Find" },
  { "an attribute and a name", "assembly = 'Contoso.*', attribute = 'L.MarkAttribute', class = '*', 'Execute'" },
  { "an attribute of the class", "assembly = '*', class_attribute = 'L.MarkAttribute', 'Execute'", "Contoso.Cart.Execute" },
  { "an attribute that is not there", "assembly = '*', attribute = 'L.OtherAttribute'" },
  { "a base class in another assembly", "assembly = 'Contoso.*', extends = 'L.Base', 'Execute'", "Contoso.Cart.Execute" },
  { "the nearest base class", "assembly = 'Contoso.*', extends = 'L.Middle', 'Execute'", "Contoso.Cart.Execute" },
  { "an interface of a base class, through another one", "assembly = 'Contoso.*', implements = 'L.IThing', 'Execute'",
    "Contoso.Cart.Execute, Contoso.Till.Execute" },
  { "a base class is no interface", "assembly = 'Contoso.*', implements = 'L.Base', 'Execute'" },
  { "an interface is no base class", "assembly = 'Contoso.*', extends = 'L.IWide', 'Execute'" },
  { "a predicate", "assembly = 'Contoso.*', class = '*', '*', where = function(m) return m.is_static end", "Contoso.Till.Static" },
  { "disabled", "assembly = 'Contoso.*', class = '*', '*', enabled = false" },
  { "ignored", "assembly = 'Contoso.*', class = '*.Cart', 'Execute' } ignore { assembly = 'contoso.*', class = 'contoso.*'", "Other.Cart.Execute" },
} do
  t:test("at load: " .. row[1], { only_ours = only }, function(s)
    local list, _, m = requests(s, "match { " .. row[2] .. " }")
    s:equal(list, row[3] and { "RequestReJIT " .. row[3] } or {})
    -- Compiling finds the same methods, one by one.
    local found = {}
    for _, r in ipairs(m:jit_all()) do
      if r.written then found[#found + 1] = m.clr:method_name(m.id, r.token) end
    end
    s:equal(table.concat(found, ", "), row[3] or "")
  end)
end

t:test("the core library and the agent are not meant by a wildcard", { only_ours = only }, function(s)
  s:home { ["extensions/wide.lua"] = "tracer {} match { assembly = '*', class = '*', 'M' } match { assembly = 'NewRelic.B', class = '*', 'K' }" }
  local clr = s:core()
  for _, name in ipairs { "System.Private.CoreLib", "NewRelic.A", "NewRelic.B" } do
    local m = clr:load(s:assembly { name = name, types = { { name = "N.C", methods = { method "M", method "K" } } } })
    s:equal(m.requests, name == "NewRelic.B" and { "RequestReJIT N.C.K" } or {})
  end
end)

t:test("a base class that is not loaded yet is seen when the method is compiled", { only_ours = only }, function(s)
  local list, clr, m = requests(s, "match { assembly = 'Contoso.*', extends = 'L.Base', 'Execute' }", true)
  s:equal(list, {})
  clr:load(library(s))
  s:untouched(m:jit "Contoso.Till.Execute")
  s:rewritten(m:jit "Contoso.Cart.Execute")
end)

-- Its lists were too short when the module was loaded; that it said yes to what it saw then does not count either.
for _, row in ipairs {
  { "m.bases['L.Base']", true }, { "not m.bases['L.Base']", false }, { "m.interfaces['L.IThing']", true }, { "not m.interfaces['L.IThing']", false },
} do
  t:test("a predicate about what is not loaded yet is asked again when the method is compiled: " .. row[1], { only_ours = only }, function(s)
    local list, clr, m = requests(s, ("match { assembly = 'Contoso.*', class = '*', 'ExecuteAll', where = function(m) return %s end }"):format(row[1]), true)
    s:equal(list, {})
    clr:load(library(s))
    local r = m:jit "Contoso.Cart.ExecuteAll"
    if row[2] then s:rewritten(r) else s:untouched(r) end
  end)
end

t:test("a base class that cannot be seen at all is none", { only_ours = only }, function(s)
  local _, _, m = requests(s, "match { assembly = 'Contoso.*', extends = 'L.Base', 'Execute' }", true)
  s:untouched(m:jit "Contoso.Cart.Execute")
end)

t:test("which rule counts: the exact one, then the first in the files", { only_ours = only }, function(s)
  s:home {
    ["extensions/a.lua"] = "tracer { name = 'F:wide' } match { assembly = '*', class = '*', 'Execute*' }",
    ["extensions/b.lua"] = "tracer { name = 'F:later' } match { assembly = '*', class = 'Contoso.*', 'Exec*', 'Find' }",
    rules = { { assembly = "Contoso.Shop", class = "Contoso.Cart", method = "Execute", factory = "F:xml" } } }
  local m = s:core():load(application(s))
  s:contains(m:jit("Contoso.Cart.Execute"):listing(), '"F:xml"')
  s:contains(m:jit("Contoso.Till.Execute"):listing(), '"F:wide"')
  s:contains(m:jit("Contoso.Cart.Find"):listing(), '"F:later"')
end)

t:test("template and metric of one rule", { only_ours = only }, function(s)
  s:home { ["extensions/a.lua"] = [[
    tracer { metric_name = function(m) return "Custom/" .. m.class .. "/" .. m.method end }
      match { assembly = "Contoso.*", class = "*.Till", "Execute" }
    tracer { metric_name = function(m) return nil end }
      match { assembly = "Contoso.*", class = "*.Cart", "Find" } ]] }
  local m = s:core():load(application(s))
  local text = m:jit("Contoso.Till.Execute"):listing()
  s:contains(text, '"Custom/Contoso.Till/Execute"')
  s:contains(text, "ldc.i4 29696") -- 0x7400
  s:contains(m:jit("Contoso.Cart.Find"):listing(), "ldc.i4 13312") -- 0x3400: no name, no flag for one
end)

-- ---- where base types are ------------------------------------------------------------------------------

-- The application's classes, each with a method Execute, in their order; `more`: fields of the assembly.
local function relations(s, rule, classes, more)
  s:home { ["extensions/wide.lua"] = "tracer {} match { assembly = 'App', " .. rule .. ", 'Execute' }" }
  local clr = s:core()
  for _, other in ipairs(more and more.loaded or {}) do clr:load(s:assembly(other)) end
  local spec = { name = "App", types = {} }
  for k, v in pairs(more or {}) do
    if k ~= "loaded" then spec[k] = v end
  end
  for i, c in ipairs(classes) do
    local copy = { name = "App.C" .. i, methods = { method "Execute" } }
    for k, v in pairs(c) do copy[k] = v end
    spec.types[i] = copy
  end
  return clr:load(s:assembly(spec)), clr
end

local NESTED = { name = "L", types = { { name = "L.Base" }, { name = "L.Outer", types = { { name = "Inner", flags = 0x100002, extends = "L.Base" } } },
  { name = "L.Generic`1", generic = { "T" }, extends = "L.Base" } } }
local FORWARD = { name = "F", refs = { "System.Runtime", "L" }, exported = { "[L]L.Base", "[L]L.Outer", "[F]L.Round" }, types = {} }

for _, row in ipairs {
  { "a nested class", "extends = 'L.Outer+Inner'", { { extends = "[L]L.Outer/Inner" } }, true },
  { "the base of a nested class", "extends = 'L.Base'", { { extends = "[L]L.Outer/Inner" } }, true },
  { "a nested class that is not there", "extends = 'L.Base'", { { extends = "[L]L.Outer/None" } }, false },
  { "a forwarded class", "extends = 'System.Object'", { { extends = "[F]L.Base" } }, false }, -- L.Base has no base class
  { "the base of a class nested in a forwarded one", "extends = 'L.Base'", { { extends = "[F]L.Outer/Inner" } }, true },
  { "a class that is forwarded in a circle", "extends = 'L.Base'", { { extends = "[F]L.Round" } }, false },
  { "a class that nobody has", "extends = 'L.Base'", { { extends = "[F]L.None" } }, false },
  { "an instance of a generic class", "extends = 'L.Generic`1'", { { extends = 0x1B000001 } }, true },
  { "the base of an instance of a generic class", "extends = 'L.Base'", { { extends = 0x1B000001 } }, true },
  { "an array as base class", "extends = 'L.Base'", { { extends = 0x1B000002 } }, false },
  { "a TypeSpec that is cut off", "extends = 'L.Base'", { { extends = 0x1B000003 } }, false },
  { "a TypeSpec with half a token", "extends = 'L.Base'", { { extends = 0x1B000004 } }, false },
  { "a TypeSpec that is not there", "extends = 'L.Base'", { { extends = 0x1B000077 } }, false },
  { "a TypeDef that is not there", "extends = 'L.Base'", { { extends = 0x02000077 } }, false },
  { "a TypeRef that is not there", "extends = 'L.Base'", { { extends = 0x01000077 } }, false },
  { "a reference into the same module", "extends = 'L.Base'", { { extends = "[]App.C2" }, { extends = "[L]L.Base" } }, true },
  { "a reference into the same module that leads nowhere", "extends = 'L.Base'", { { extends = "[]App.None" } }, false },
  { "classes in a circle", "extends = 'L.Base'", { { extends = "App.C2" }, { extends = "App.C1" } }, false },
  { "an enumeration", "extends = 'System.Enum'", { { extends = "[System.Runtime]System.Enum" } }, true },
  { "nothing is above Enum", "extends = 'System.ValueType'", { { extends = "[System.Runtime]System.Enum" } }, false },
  { "a value type", "extends = 'System.ValueType'", { { extends = "[System.Runtime]System.ValueType" } }, true },
} do
  t:test("base types: " .. row[1], { only_ours = only }, function(s)
    local m = relations(s, row[2], row[3], { refs = { "System.Runtime", "L", "F" }, loaded = { NESTED, FORWARD }, type_refs = { "[L]L.Generic`1" },
      type_specs = { "15 12 05 01 08", "1d 08", "15 12", "15 12 c0" } })
    s:equal(m.requests, row[4] and { "RequestReJIT App.C1.Execute" .. (row[3][2] and ", App.C2.Execute" or "") } or {})
    -- What cannot be told at load is asked again when the method is compiled; the answer is the same.
    local r = m:jit "App.C1.Execute"
    if row[4] then s:rewritten(r) else s:untouched(r) end
    s:log_is("Error", {})
  end)
end

t:test("base types: one answer known, one not yet", { only_ours = only }, function(s)
  for rule, yes in pairs {
    ["extends = 'App.C2', implements = 'L.IThing'"] = true, ["extends = 'L.Base', implements = 'App.I'"] = true,
    ["extends = 'App.Not', implements = 'L.IThing'"] = false, ["extends = 'L.Base', implements = 'App.Not'"] = false,
    ["extends = 'L.Base', implements = 'L.IThing'"] = true,
  } do
    local m, clr = relations(s, "id = 'a', " .. rule .. ", 'Execute' } match { id = 'b', assembly = 'App', " .. rule, {
      { extends = "App.C2", implements = { "[L]L.IThing", "App.I" } }, { extends = "[L]L.Base" }, { name = "App.I", flags = 0xA1, methods = {} } },
      { refs = { "System.Runtime", "L" } })
    clr:load(s:assembly { name = "L", types = { { name = "L.Base" }, { name = "L.IThing", flags = 0xA1 } } })
    local r = m:jit "App.C1.Execute"
    if yes then s:rewritten(r) else s:untouched(r) end
    clr:shutdown()
  end
end)

t:test("an attribute whose name is not ASCII", { only_ours = only }, function(s)
  s:home { ["extensions/wide.lua"] = "tracer {} match { assembly = 'App', attribute = 'L.M\u{E4}rkAttribute' }" }
  local m = s:core():load(s:assembly { name = "App", refs = { "System.Runtime", "L" }, types = { { name = "App.C", methods = {
    method("Marked", nil, { attributes = { "[L]L.M\u{E4}rkAttribute" } }), method "Plain" } } } })
  s:equal(m.requests, { "RequestReJIT App.C.Marked" })
end)

t:test("base types: more of them than are followed", { only_ours = only }, function(s)
  local interfaces, refs = {}, {}
  for i = 1, 600 do
    interfaces[i] = { name = "L.I" .. i, flags = 0xA1, implements = i == 600 and { "L.Top" } or i == 1 and { "L.First" } or nil }
    refs[i] = "[L]L.I" .. i
  end
  interfaces[601], interfaces[602] = { name = "L.Top", flags = 0xA1 }, { name = "L.First", flags = 0xA1 }
  local loaded = { { name = "L", types = interfaces } }
  -- Those of the class itself are all seen, and what the first 500 have.
  for name, yes in pairs { ["L.I600"] = true, ["L.First"] = true, ["L.Top"] = false } do
    local m = relations(s, "implements = '" .. name .. "'", { { implements = refs } }, { refs = { "System.Runtime", "L" }, loaded = loaded })
    local r = m:jit "App.C1.Execute"
    if yes then s:rewritten(r) else s:untouched(r) end
    s.clrs[#s.clrs]:shutdown()
  end
end)

t:test("base types: deeper nested than anything that is followed", { only_ours = only }, function(s)
  for depth, yes in pairs { [15] = true, [16] = false } do
    local inner = { name = "D" .. depth, flags = 0x100002, extends = "L.Base" }
    for i = depth - 1, 1, -1 do inner = { name = "D" .. i, flags = 0x100002, types = { inner } } end
    local path = "[L]L.D0"
    for i = 1, depth do path = path .. "/D" .. i end
    local m = relations(s, "extends = 'L.Base'", { { extends = path } }, { refs = { "System.Runtime", "L" },
      loaded = { { name = "L", types = { { name = "L.Base" }, { name = "L.D0", types = { inner } } } } } })
    s:equal(m.requests, yes and { "RequestReJIT App.C1.Execute" } or {})
    s.clrs[#s.clrs]:shutdown()
  end
end)

-- ---- refresh ---------------------------------------------------------------------------------------

for _, row in ipairs {
  { "a wide rule more", "", "match { assembly = '*', class = 'Other.*', '*' }", {}, { "RequestReJIT Other.Cart.Execute" } },
  { "it goes", "match { assembly = '*', class = '*.Cart', 'Execute' }", "match { assembly = '*', class = 'Other.*', 'Exec*' }",
    { "RequestRevert Contoso.Cart.Execute" }, { "RequestReJIT Other.Cart.Execute" } },
  { "all go", "match { assembly = '*', implements = 'L.IThing', 'Execute' }", "",
    { "RequestRevert Contoso.Cart.Execute, Contoso.Till.Execute" }, {} },
  { "a predicate changes", "match { assembly = '*', class = '*', 'Static', 'Find' }",
    "match { assembly = '*', class = '*', 'Static', 'Find', where = function(m) return m.is_static end }",
    { "RequestRevert Contoso.Cart.Find" }, { "RequestReJIT Contoso.Till.Static" } },
} do
  t:test("refresh: " .. row[1], { only_ours = only }, function(s)
    local _, clr, m = requests(s, row[2])
    m:jit_all()
    s:home { ["extensions/wide.lua"] = "tracer { name = 'F:2' }\n" .. row[3] }
    local result, happened = clr:call "InstrumentationRefresh"
    s:equal({ result, happened.reverts, happened.requests }, { "S_OK", row[4], row[5] })
  end)
end

t:test("refresh: what was settled at compile time is asked back", { only_ours = only }, function(s)
  local _, clr, m = requests(s, "match { assembly = 'Contoso.*', extends = 'L.Base', 'Execute' }", true)
  clr:load(library(s))
  s:rewritten(m:jit "Contoso.Cart.Execute")
  s:home { ["extensions/wide.lua"] = "" }
  local _, happened = clr:call "InstrumentationRefresh"
  s:contains(table.concat(happened.reverts), "Contoso.Cart.Execute")
  clr:jit_pending()
  s:equal(m:body "Contoso.Cart.Execute", "06 2a")
end)

-- ---- .NET Framework: nothing is asked for at load -----------------------------------------------------------

t:test("on .NET Framework methods are found when they are compiled", { only_ours = only }, function(s)
  s:home { ["extensions/a.lua"] = "tracer {} match { assembly = 'A*', class = '*', 'M*', where = function(m) return m.is_public end }" }
  local clr = s:desktop()
  local m = clr:load(s:assembly { name = "A1", types = { { name = "N.C", methods = { method "M1", method("M2", nil, { flags = 0x81 }) } } } })
  s:equal(m.requests, {})
  s:rewritten(m:jit "N.C.M1")
  s:untouched(m:jit "N.C.M2")
end)

-- ---- switches ------------------------------------------------------------------------------------------

t:test("rules are switched off by file and by id", { only_ours = only }, function(s)
  s:env { NEW_RELIC_RULES_DISABLED = "one.lua, B*" }
  s:home {
    ["extensions/one.lua"] = "tracer {} match { assembly = '*', class = 'Contoso.Cart', 'Execute' }",
    ["extensions/two.lua"] = "tracer {}\nmatch { id = 'b1', assembly = '*', class = 'Contoso.Till', 'Execute' }\n"
      .. "match { id = 'a1', assembly = '*', class = 'Other.Cart', 'Execute' }" }
  local m = s:core():load(application(s))
  s:equal(m.requests, { "RequestReJIT Other.Cart.Execute" })
  s:log_has("one.lua is switched off by NEW_RELIC_RULES_DISABLED", "two.lua:2: the match 'b1' is switched off by NEW_RELIC_RULES_DISABLED")
end)

t:test("templates are switched off by name", { only_ours = only }, function(s)
  s:env { NEW_RELIC_TEMPLATES_DISABLED = "nothing, TRACE*" }
  s:home { ["extensions/a.lua"] = "tracer {} match { assembly = 'Contoso.*', class = '*.Till', 'Execute' }" }
  local m = s:core():load(application(s))
  s:untouched(m:jit "Contoso.Till.Execute")
  s:log_has("The template 'tracer' is switched off by NEW_RELIC_TEMPLATES_DISABLED",
    "the template 'tracer' is switched off, the method stays as it is")
end)

-- ---- near misses -----------------------------------------------------------------------------------------

t:test("rules that nearly matched say so, once", { only_ours = only }, function(s)
  s:home { config = { level = "debug" }, ["extensions/a.lua"] = table.concat({
    "tracer {}",
    "match { assembly = 'Contoso.Shop', class = 'Contoso.cart', 'Execute' }",
    "match { assembly = 'Contoso.Shop', class = 'Contoso.Cart', 'execute' }",
    "match { assembly = 'Contoso.Shop', class = 'Contoso.Cart', 'Nothing' }",
    "match { assembly = 'Contoso.Shop', class = 'Contoso.Cart', 'ExecuteAll(System.String)' }",
    "match { assembly = 'Contoso.Shop', class = 'Contoso.Nothing', 'Execute' }",
    "match { assembly = 'Contoso.Shop', class = 'Contoso.Till+Drawer', 'Execute' }",
    "match { assembly = 'Contoso.Shop', class = 'Contoso.Cart', 'Find(System.String)', 'Execute' }",
    "match { assembly = 'Contoso.Shop', class = 'Contoso.Till', min = '2.0', 'Execute' }",
    "match { assembly = 'Contoso.Shop', class = 'Contoso.Till', max = '1.5', 'Execute' }",
    "match { assembly = 'contoso.shop', class = 'Contoso.Cart', 'Find' }",
    "match { assembly = 'l', class = 'L.Base', 'Run' }",
    "match { assembly = 'Contoso.Shop', class = 'Other.Cart', max = '1.5', 'Execute' }", -- a pair: one of them suits
    "match { assembly = 'Contoso.Shop', class = 'Other.Cart', min = '1.5', 'Execute' }" }, "\n") }
  local clr = s:core()
  clr:load(library(s)):jit_all()
  clr:load(application(s)):jit_all()
  local near = {}
  for _, line in ipairs(s:log()) do near[#near + 1] = line:match "Near miss: .*[/\\]a%.lua:(.*)" end
  table.sort(near)
  s:equal(near, {
    "10: Contoso.Shop has the version 1.5.0.0, which is not below max",
    "11: the assembly Contoso.Shop has another case than contoso.shop",
    "12: the assembly L has another case than l",
    "2: Contoso.Shop has a class Contoso.Cart, with another case than Contoso.cart",
    "3: the class Contoso.Cart has a method Execute, with another case than execute",
    "4: the class Contoso.Cart has no method Nothing",
    "5: Contoso.Cart.ExecuteAll has no overload (System.String); there are: (System.Int32), (System.Int32,System.String)",
    "6: Contoso.Shop has no class Contoso.Nothing",
    "9: Contoso.Shop has the version 1.5.0.0, which is below min",
  })
end)

t:test("files are watched on request, and not where nothing is instrumented", { only_ours = only }, function(s)
  s:home { ["extensions/a.lua"] = "" }
  s:core():shutdown()
  for _, line in ipairs(s:log()) do s:truth(not line:find "watched", line) end
  s:env { NEW_RELIC_RULES_WATCH = "true" }
  local clr = s:core()
  s:log_has "[Info ] Rule and template files are watched."
  s:equal(clr:shutdown(), "S_OK")
  s:home { ["extensions/a.lua"] = "process { deny = { '" .. (nr.windows and "nrprof.exe" or "nrprof") .. "' } }" }
  s:core { fails = true } -- a start begins a new log
  s:log_has "This process should not be instrumented, unloading profiler."
  for _, line in ipairs(s:log()) do s:truth(not line:find "watched", line) end
end)

t:test("a rule file that is not UTF-8 is refused as a whole", { only_ours = only }, function(s)
  s:home { ["extensions/a.lua"] = "tracer {} match { assembly = 'Contoso.Shop', class = 'Contoso.Cart', 'Execute' }\n-- \xC3(\n",
    ["extensions/b.lua"] = "\xEF\xBB\xBFtracer {} match { assembly = 'Contoso.Shop', class = 'Contoso.Cart', 'Find' }" }
  local m = s:core():load(application(s))
  s:equal(m.requests, { "RequestReJIT Contoso.Cart.Find" })
  s:log_has("a.lua:2: the text is not UTF-8 - the file is skipped")
end)

return t
