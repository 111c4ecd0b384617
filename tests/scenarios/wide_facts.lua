-- The facts of a method that a `where` can ask for (docs/rules.md): each with the values it has, and the methods that have them.

local scenario = require "nrprof.scenario"
local t = scenario.suite "facts of methods"
local only = { only_ours = "rules in Lua" }

local ASYNC = "[System.Runtime]System.Runtime.CompilerServices.AsyncStateMachineAttribute"
local ITERATOR = "[System.Runtime]System.Runtime.CompilerServices.IteratorStateMachineAttribute"

local function method(name, sig, more)
  local m = { name = name, sig = sig or "20 00 01", body = "06 2a" }
  for k, v in pairs(more or {}) do m[k] = v end
  return m
end

local function numbered(count)
  local names = {}
  for i = 1, count do names[i] = ("[L]L.A%d"):format(i) end
  return names
end

local types = {
  { name = "N.S.C", extends = "[L]L.Middle", attributes = { "[L]L.X", "[L]L.Y", "[L]L.X" }, implements = { "[L]L.IWide", "[System.Runtime]System.IDisposable" },
    methods = {
      method ".ctor",
      method("Async", nil, { attributes = { ASYNC } }), method("Iterator", nil, { attributes = { ITERATOR } }),
      method("Private", nil, { flags = 0x81 }), method("Virtual", nil, { flags = 0x1C6 }), method("Final", nil, { flags = 0x1E6 }),
      method("Static", "00 02 08 0e 1c"), method("ByRef", "20 00 10 08", { body = { code = "02 7f01000004 2a" } }), method("Typed", "20 00 16", { body = "0a 14 2a" }),
      method("Generic", "30 02 00 01", { generic = { "T", "U" } }), method("Fat", nil, { body = { code = "00 00 2a", locals = "07 01 08" } }),
      method("Marked", nil, { attributes = { "[L]L.X", "[L]L.X", "[L]L.Y" } }), method("Many", nil, { attributes = numbered(9) }) },
    types = { { name = "Public", flags = 0x100102, methods = { method "Inner" } }, { name = "Hidden", flags = 0x100003, methods = { method "Inner" } } } },
  { name = "Bare", flags = 0x100100, implements = { "L2.IOwn" }, methods = { method "Run" } },
  { name = "L2.IOwn", flags = 0xA1, methods = { { name = "Do", sig = "20 00 01", flags = 0x5C6 } } } }

local function library(s)
  return s:assembly { name = "L", types = {
    { name = "L.IThing", flags = 0xA1 }, { name = "L.IWide", flags = 0xA1, implements = { "L.IThing" } },
    { name = "L.Base", extends = "[System.Runtime]System.Object" }, { name = "L.Middle", extends = "L.Base", implements = { "L.IThing" } } } }
end

for _, row in ipairs {
  { "m.assembly", "F", { "Bare.Run" } },
  { "m.version", "1.2.3.4", { "Bare.Run" } },
  { "m.namespace", "N.S", { "N.S.C+Hidden.Inner", "N.S.C+Public.Inner", "N.S.C.Static" } },
  { "m.namespace", "", { "Bare.Run" } },
  { "m.is_constructor", "true", { "N.S.C..ctor" }, all = true },
  { "m.is_async", "true", { "N.S.C.Async" }, all = true },
  { "m.is_iterator", "true", { "N.S.C.Iterator" }, all = true },
  { "m.is_private", "true", { "N.S.C.Private" }, all = true },
  { "m.is_public", "false", { "N.S.C.Private" }, all = true },
  { "m.is_virtual", "true", { "N.S.C.Final", "N.S.C.Virtual" }, all = true },
  { "m.is_final", "true", { "N.S.C.Final" }, all = true },
  { "m.is_static", "true", { "N.S.C.Static" }, all = true },
  { "m.returns", "true", { "N.S.C.ByRef", "N.S.C.Static", "N.S.C.Typed" }, all = true },
  { "m.return_type", "void", { "Bare.Run", "N.S.C.Generic" } },
  { "m.return_type", "System.Int32", { "N.S.C.Static" }, all = true },
  { "m.return_type", "System.Int32&", { "N.S.C.ByRef" }, all = true },
  { "m.return_type", "System.TypedReference", { "N.S.C.Typed" }, all = true },
  { "m.parameters", "System.String,System.Object", { "N.S.C.Static" }, all = true },
  { "m.argument_count", "2", { "N.S.C.Static" }, all = true },
  { "m.generic_count", "2", { "N.S.C.Generic" }, all = true },
  { "m.il_size", "1", { "Bare.Run", "N.S.C.Async" } },
  { "m.il_size", "2", { "N.S.C.Typed" }, all = true },
  { "m.il_size", "3", { "N.S.C.Fat" }, all = true },
  { "table.concat(m.attributes, ' ')", "L.X L.Y", { "N.S.C.Marked" }, all = true },
  { "#m.attributes", "9", { "N.S.C.Many" }, all = true },
  { "m.attributes[9] == 'L.A9' and m.attributes['L.A1']", "true", { "N.S.C.Many" }, all = true },
  { "table.concat(m.class_attributes, ' ')", "L.X L.Y", { "N.S.C.Many" } },
  { "m.class_is_public", "true", { "N.S.C+Public.Inner", "N.S.C.Many" } },
  { "m.class_is_public", "false", { "Bare.Run", "N.S.C+Hidden.Inner" }, all = true },
  { "m.class_is_sealed", "true", { "Bare.Run", "N.S.C+Public.Inner" }, all = true },
  { "m.base", "L.Middle", { "N.S.C.Many" } },
  { "m.base", "nil", { "Bare.Run" } },
  { "table.concat(m.bases, ' ')", "L.Middle L.Base System.Object", { "N.S.C.Many" } },
  { "#m.bases", "0", { "Bare.Run" } },
  { "table.concat(m.interfaces, ' ')", "L.IWide System.IDisposable L.IThing", { "N.S.C.Many" } },
  { "table.concat(m.interfaces, ' ')", "L2.IOwn", { "Bare.Run" }, all = true },
} do
  t:test(row[1] .. " = " .. row[2], only, function(s)
    s:home { ["extensions/a.lua"] = ("tracer {} match { assembly = 'F', class = '*', '*', '.*', where = function(m) return tostring(%s) == %q end }")
      :format(row[1], row[2]) }
    local clr = s:core()
    -- What is not loaded is asked about again when a method is compiled; here all is settled when the module loads.
    clr:load(s:assembly { name = "System.Runtime", types = { { name = "System.IDisposable", flags = 0xA1 } } })
    clr:load(library(s))
    local m = clr:load(s:assembly { name = "F", version = "1.2.3.4", refs = { "System.Runtime", "L" }, types = types })
    local asked = {}
    for _, request in ipairs(m.requests) do
      for name in request:gsub("^RequestReJIT ", ""):gmatch "[^, ]+" do asked[#asked + 1] = name end
    end
    table.sort(asked)
    if row.all then
      s:equal(asked, row[3])
    else
      local found = {}
      for _, name in ipairs(asked) do found[name] = true end
      for _, name in ipairs(row[3]) do s:truth(found[name], name .. " is not among " .. table.concat(asked, ", ")) end
      s:truth(#asked < 17, "all methods are the same")
    end
    s:log_is("Error", {})
  end)
end

return t
