-- Which assembly reference a new type reference gets, and which rows are found again: metadata-tokens.md 1 and 2, Q43, Q45, Q46, Q48.
local scenario = require "nrprof.scenario"
local code = dofile((debug.getinfo(1, "S").source:match "^@(.*[/\\])" or "") .. "_code.lua")

local t = scenario.suite "tokens_scope"

-- The definitions of assembly references, and the scope of a type.
local function defined(r)
  local list = {}
  for _, e in ipairs(r.emits) do
    if e.name == "DefineAssemblyRef" then list[#list + 1] = e.args:match '"name":"([^"]*)"' end
  end
  return table.concat(list, " ")
end

local function scope(r, name)
  for _, e in ipairs(r.emits) do
    if e.name == "DefineTypeRefByName" and e.args:match '"name":"([^"]*)"' == name then return e.args:match '"scope":"(%x+)"' end
  end
end

-- ---- .NET ---------------------------------------------------------------------------------------------

local RUNTIME = { name = "System.Runtime", version = "4.2.1.0", key = "b03f5f7f11d50a3a" }
-- References of the assembly, what is defined, scope of System.Object, System.Reflection.Assembly and System.Action`2, remark.
local CORE = {
  { { "System.Runtime" }, "System.Reflection System.Core", 1, 2, 3, "found" },
  { { RUNTIME }, "System.Reflection System.Core", 1, 2, 3, "found whatever its version and key" },
  { { "Lib", "System.Runtime", "System.Core", "System.Reflection" }, "", 2, 4, 3, "all found" },
  { { "My.System.Runtime", "System.Runtime" }, "System.Reflection System.Core", 1, 2 + 1, 4, "the first whose name ends so is taken", "Q43" },
  { { "System.Runtime", "My.System.Runtime" }, "System.Reflection System.Core", 1, 3, 4, "the first whose name ends so is taken", "Q43" },
  { { "MySystem.Runtime" }, "System.Reflection System.Core", 1, 2, 3, "the end of a word is enough", "Q43" },
  { { "system.runtime" }, "System.Runtime System.Reflection System.Core", 2, 3, 4, "letter case counts" },
  { { "System.Runtime.Extensions" }, "System.Runtime System.Reflection System.Core", 2, 3, 4, "only ends count" },
  { { "netstandard" }, "System.Runtime System.Reflection System.Core", 2, 3, 4, "a netstandard library gets new ones", "Q43" },
  { { "mscorlib" }, "System.Runtime System.Reflection System.Core", 2, 3, 4, "a library of mscorlib gets new ones" },
  { { "System.Private.CoreLib" }, "System.Runtime System.Reflection System.Core", 2, 3, 4, "and one of the core library" },
  { {}, "System.Runtime System.Reflection System.Core", 1, 2, 3, "without any reference" },
  { { "System.Runtime", "X.Reflection" }, "System.Reflection System.Core", 1, 3, 4, "another Reflection" },
  { { "System.Runtime", "X.System.Reflection", "Y.System.Core" }, "", 1, 2, 3, "each by its end" },
}
for i, row in ipairs(CORE) do
  local refs, new, object, assembly, action, remark, quirk = table.unpack(row)
  t:test(("2: references of .NET, case %d: %s"):format(i, remark), { covers = { "metadata-tokens 2", "metadata-tokens 2.1", "metadata-tokens 2.4",
    "metadata-tokens 2.6", quirk } }, function(s)
      local m = s:method { body = "06 2a", assembly = { refs = refs } }
      local r = m:jit()
      s:rewritten(r)
      s:equal(defined(r), new)
      s:equal({ scope(r, "System.Object"), scope(r, "System.Reflection.Assembly"), scope(r, "System.Action`2") },
        { ("23%06x"):format(object), ("23%06x"):format(assembly), ("23%06x"):format(action) })
      s:equal(m:rows "AssemblyRef", #refs + select(2, new:gsub("%S+", "")))
    end)
end

t:test("2.4: a new reference has version 0.0.0.0, no key, no flags", { covers = { "metadata-tokens 2.4", "Q43" } }, function(s)
  local r = s:method { body = "06 2a" }:jit()
  s:equal(defined(r), "System.Reflection System.Core")
  for _, e in ipairs(r.emits) do
    if e.name == "DefineAssemblyRef" then s:truth(e.text:find('"ver":"0.0.0.0","flags":"0","key":""', 1, true), e.text) end
  end
  s:contains(table.concat(r.added, "\n"), "23000002 System.Reflection,0.0.0.0,\n")
end)

t:test("2.4: a reference is made right before the first type that needs it", { covers = { "metadata-tokens 2.4", "metadata-tokens 3.3" } }, function(s)
  local r = s:method { body = "06 2a", assembly = { refs = {} } }:jit()
  local list = code.added(r)
  s:equal(list[1], "System.Runtime,0.0.0.0,")
  s:equal(list[2], "[System.Runtime]System.Object")
  for i, text in ipairs(list) do
    if text:find "^System.Reflection," then s:equal(list[i + 1], "[System.Reflection]System.Reflection.Assembly") end
    if text:find "^System.Core," then s:equal(list[i + 1], "[System.Core]System.Action`2") end
  end
end)

for name, assembly in pairs { Exception = "Runtime", Type = "Runtime", Object = "Runtime", UInt32 = "Runtime", UInt64 = "Runtime",
  RuntimeTypeHandle = "Runtime", ["Reflection.Assembly"] = "Reflection", ["Reflection.MethodInfo"] = "Reflection",
  ["Reflection.MethodBase"] = "Reflection", ["Action`2"] = "Core", Int32 = "Runtime", TypedReference = "Runtime", String = "Runtime",
  UIntPtr = "Runtime" } do
  t:test(("2.3: System.%s is in System.%s"):format(name, assembly), { covers = { "metadata-tokens 2.3", "metadata-tokens 3.3" } }, function(s)
    local r = s:method { sig = "00 04 01 08 16 0e 19", body = "06 2a", assembly = { refs = { "System.Runtime", "System.Reflection", "System.Core" } } }:jit()
    local rows = { Runtime = "23000001", Reflection = "23000002", Core = "23000003" }
    s:equal(scope(r, "System." .. name), rows[assembly])
  end)
end

-- 2.5: the first is System.Runtime, then System.Reflection, then System.Core.
for _, row in ipairs { { "System.Object", "Runtime" }, { "System.Reflection.Assembly", "Reflection" }, { "System.Action`2", "Core" } } do
  t:test(("2.5: when System.%s cannot be referenced its types are taken for the module's"):format(row[2]),
    { covers = { "metadata-tokens 2.5", "Q45" } }, function(s)
      local m = s:method { body = "06 2a", assembly = { refs = {} } }
      m.clr:fail("IMetaDataAssemblyEmit", "DefineAssemblyRef", 0, "E_FAIL")
      local r = m:jit()
      s:rewritten(r)
      s:equal(scope(r, row[1]), "00000001")
      s:equal(m:rows "AssemblyRef", 0)
    end)
end

t:test("2.5: one reference that is refused does not spoil the others", { covers = { "metadata-tokens 2.5", "Q45" } }, function(s)
  local m = s:method { body = "06 2a" }
  m.clr:fail("IMetaDataAssemblyEmit", "DefineAssemblyRef", 1, "E_FAIL")
  local r = m:jit()
  s:rewritten(r)
  s:equal(scope(r, "System.Object"), "23000001")
  s:equal(scope(r, "System.Reflection.Assembly"), "00000001")
end)

-- ---- .NET Framework --------------------------------------------------------------------------------------

-- A domain not named clrhost chooses this way of resolving; on .NET no references are injected first.
local FRAMEWORK = {
  { { "mscorlib" }, 1, "mscorlib" },
  { { "Lib", "mscorlib" }, 2, "mscorlib in the second row" },
  { { "netstandard" }, 1, "netstandard" },
  { { "System.Runtime" }, 1, "System.Runtime" },
  { { "System.Runtime", "netstandard" }, 2, "netstandard before System.Runtime" },
  { { "netstandard", "mscorlib" }, 2, "mscorlib before netstandard" },
  { { "System.Runtime", "netstandard", "mscorlib" }, 3, "mscorlib before all" },
  { { "My.mscorlib", "mscorlib" }, 1, "the first whose name ends so" },
  { { "notnetstandard", "System.Runtime" }, 1, "ends count for netstandard, too" },
  { { "Mscorlib", "MSCORLIB" }, nil, "letter case counts" },
  { { "mscorlib.dll" }, nil, "only ends count" },
  { {}, nil, "none" },
}
for i, row in ipairs(FRAMEWORK) do
  local refs, wanted, remark = table.unpack(row)
  t:test(("2.7: references of .NET Framework, case %d: %s"):format(i, remark), { covers = { "metadata-tokens 2.7", "metadata-tokens 2.1", "metadata-tokens 2.2",
    "Q48" } }, function(s)
      local m = s:method { body = "06 2a", clr = { domain = "App" }, assembly = { refs = refs } }
      local r = m:jit()
      s:equal(m:rows "AssemblyRef", #refs) -- none is ever defined
      if not wanted then return s:untouched(r, "E_FAIL") end
      s:rewritten(r)
      for _, e in ipairs(r.emits) do
        if e.name == "DefineTypeRefByName" then s:equal(e.args:match '"scope":"(%x+)"', ("23%06x"):format(wanted), e.args) end
      end
      s:equal(scope(r, "System.Action`2"), ("23%06x"):format(wanted))
      s:equal(scope(r, "System.Reflection.MethodInfo"), ("23%06x"):format(wanted))
    end)
end

t:test("2.7: on .NET Framework itself a netstandard library is resolved to the mscorlib that was added to it, or to netstandard",
  { covers = { "metadata-tokens 2.7", "Q48" } }, function(s)
    local m = s:method { body = "06 2a", desktop = true, assembly = { refs = { "netstandard" } } }
    local r = m:jit()
    s:rewritten(r)
    s:equal(scope(r, "System.Object"), s.ours() and "23000002" or "23000001") -- the reference injects on Windows only
  end)

-- ---- 1: rows that are there already ------------------------------------------------------------------------

-- Member references of the image: parent, name, signature, is it used for LoadFrom? 01000001 is System.Reflection.Assembly.
local MEMBERS = {
  { "LoadFrom", "00 01 12 05 0e", true, "the same" },
  { "LoadFrom", "00 01 12 09 0e", false, "an equal type by another token" },
  { "Loadfrom", "00 01 12 05 0e", false, "another name" },
  { "LoadFrom", "20 01 12 05 0e", false, "another calling convention" },
  { "LoadFrom", "00 01 20 09 12 05 0e", false, "with a modifier" },
  { "LoadFrom", "00 01 12 05 0e 00", false, "with a byte more" },
}
for _, row in ipairs(MEMBERS) do
  local name, sig, used, remark = table.unpack(row)
  t:test(("1.3: an existing member reference, %s, is %s"):format(remark, used and "used" or "not used"), { covers = { "metadata-tokens 1",
    "metadata-tokens 1.3", "Q46" } }, function(s)
      local m = s:method { body = "06 2a", assembly = { refs = { "System.Runtime", "System.Reflection" },
        type_refs = { "[System.Reflection]System.Reflection.Assembly", "[System.Reflection]System.Reflection.Assembly2" },
        member_refs = { { "[System.Reflection]System.Reflection.Assembly", "Other", "00 00 01" },
          { "[System.Reflection]System.Reflection.Assembly", name, sig } } } }
      local r = m:jit()
      s:rewritten(r)
      s:contains(r.code, used and " 28 02 00 00 0a 72" or " 28 03 00 00 0a 72")
      s:equal(m:rows "MemberRef", used and 7 or 8)
    end)
end

t:test("1.3: of two equal member references the first is used", { covers = { "metadata-tokens 1", "metadata-tokens 1.3" } }, function(s)
  local load = { "[System.Reflection]System.Reflection.Assembly", "LoadFrom", "00 01 12 05 0e" }
  local r = s:method { body = "06 2a", assembly = { refs = { "System.Runtime", "System.Reflection" },
    type_refs = { "[System.Reflection]System.Reflection.Assembly" }, member_refs = { load, load } } }:jit()
  s:contains(r.code, " 28 01 00 00 0a 72")
end)

t:test("1.3: a member reference of another type is not used", { covers = "metadata-tokens 1" }, function(s)
  local r = s:method { body = "06 2a", assembly = { refs = { "System.Runtime", "System.Reflection", "Lib" },
    type_refs = { "[System.Reflection]System.Reflection.Assembly", "[Lib]System.Reflection.Assembly" },
    member_refs = { { "[Lib]System.Reflection.Assembly", "LoadFrom", "00 01 12 05 0e" } } } }:jit()
  s:contains(r.code, " 28 02 00 00 0a 72")
end)

t:test("1: existing type references, type specifications, strings and local signatures are used", { covers = { "metadata-tokens 1", "Q46" } }, function(s)
  local m = s:method { body = "06 2a", assembly = { refs = { "System.Runtime", "System.Core" }, type_refs = { "[System.Runtime]System.Exception",
    "[System.Core]System.Action`2", "[System.Runtime]System.Object" }, type_specs = { "15 12 09 02 1c 12 05" }, sigs = { "07 02 12 0d 12 05" } } }
  local r = m:jit()
  s:equal(r.locals_token, 0x11000001)
  s:equal({ m:rows "TypeRef", m:rows "TypeSpec", m:rows "StandAloneSig", m:rows "AssemblyRef" }, { 10, 1, 1, 3 })
end)

t:test("1: a nested type of the same name is none", { covers = "metadata-tokens 1" }, function(s)
  local m = s:method { body = "06 2a", assembly = { refs = { "System.Runtime", "Lib" }, type_refs = { "[Lib]System.Outer/Object" } } }
  local r = m:jit()
  s:equal(scope(r, "System.Object"), "23000001")
  s:equal(m:rows "TypeRef", 12)
end)

-- 1.1, 1.2: searches that fail.
t:test("1.2: when references cannot be enumerated they are defined", { covers = "metadata-tokens 1.2" }, function(s)
  local m = s:method { body = "06 2a" }
  m.clr:fail("IMetaDataAssemblyImport", "EnumAssemblyRefs", 0, "E_FAIL")
  local r = m:jit()
  s:rewritten(r)
  s:equal(scope(r, "System.Object"), "23000002")
end)

t:test("1.2: when member references cannot be enumerated they are defined", { covers = { "metadata-tokens 1.2", "metadata-tokens 1.1" } }, function(s)
  local m = s:method { body = "06 2a" }
  m.clr:fail("IMetaDataImport", "EnumMemberRefs", 0, "E_FAIL")
  s:rewritten(m:jit())
end)
