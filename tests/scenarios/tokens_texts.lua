-- The small language in which injected code names types and methods: metadata-tokens.md 4. Texts of the built-in code are pinned by
-- tokens_order.lua, on any library; these here come from templates of a home directory, which only this library reads.
local scenario = require "nrprof.scenario"
local code = dofile((debug.getinfo(1, "S").source:match "^@(.*[/\\])" or "") .. "_code.lua")

local t = scenario.suite "tokens_texts"

local TEMPLATE = [==[
template {
  name = "tracer",
  about = "one text",
  rets = "all",
  max_stack = { at_least = 8 },
  body = function()
    local after = label()
    br(after)
    %s [=[%s]=]
    place(after)
    original()
    ret()
  end,
}
]==]

-- The method with the text in front of it, and the rows that its token took.
local function with(s, verb, text)
  s:home { ["instrumentation/templates/tracer.lua"] = TEMPLATE:format(verb, text) }
  local m = s:method { body = "06 2a", rule = { factory = "F" }, assembly = { refs = { "System.Runtime" } } }
  local r = m:jit()
  return m, r
end

-- A method specification's is in its definition only.
local function signature_of(m, r, token)
  for _, e in ipairs(r.emits) do
    if e.token == token and e.name == "DefineMethodSpec" then
      return (e.args:match '"sig":"(%x+)"':gsub("%x%x", "%0 "):sub(1, -2))
    end
  end
  return m:signature(token)
end

-- Verb, text, the rows added (the last is the token), the signature of the last row.
local TEXTS = {
  { "ldtoken", "class [mscorlib]System.Exception", { "[System.Runtime]System.Exception" } },
  { "castclass", "class [mscorlib]System.Exception", { "[System.Runtime]System.Exception" } },
  { "ldtoken", "valuetype [mscorlib]System.RuntimeTypeHandle", { "[System.Runtime]System.RuntimeTypeHandle" } },
  { "ldtoken", "class [mscorlib]System.Type[]", { "[System.Runtime]System.Type", "spec class [System.Runtime]System.Type[]" }, "1d 12 05" },
  { "ldtoken", "object[][]", { "spec object[][]" }, "1d 1d 1c" },
  { "ldtoken", "bool[]", { "spec bool[]" }, "1d 02" },
  { "ldtoken", "uint32[]", { "spec u4[]" }, "1d 09" },
  { "ldtoken", "string [ ]", { "spec string[]" }, "1d 0e" },
  { "ldtoken", "class [mscorlib]System.Action`2<object,class [mscorlib]System.Exception>", { "System.Core,0.0.0.0,", "[System.Core]System.Action`2",
    "[System.Runtime]System.Exception", "spec class [System.Core]System.Action`2<object,class [System.Runtime]System.Exception>" },
    "15 12 05 02 1c 12 09" },
  { "ldtoken", " class\t[ mscorlib ]\nSystem . Action ` 2 < object , string >", { "System.Core,0.0.0.0,", "[System.Core]System.Action`2",
    "spec class [System.Core]System.Action`2<object,string>" }, "15 12 05 02 1c 0e" },
  { "ldtoken", "class [mscorlib]A.B/C", { "[System.Runtime]A.B/C" } },
  { "call", "instance void [mscorlib]System.Exception::.ctor(string)", { "[System.Runtime]System.Exception",
    "[System.Runtime]System.Exception::.ctor cc20 void(string)" }, "20 01 01 0e" },
  { "callvirt", "instance object [mscorlib]System.Reflection.MethodBase::Invoke(object, object[])", { "System.Reflection,0.0.0.0,",
    "[System.Reflection]System.Reflection.MethodBase", "[System.Reflection]System.Reflection.MethodBase::Invoke cc20 object(object,object[])" },
    "20 02 1c 1c 1d 1c" },
  { "callvirt", "instance void [mscorlib]System.Action`2<object,class [mscorlib]System.Exception>::Invoke(!0,!1)", { "System.Core,0.0.0.0,",
    "[System.Core]System.Action`2", "[System.Runtime]System.Exception",
    "spec class [System.Core]System.Action`2<object,class [System.Runtime]System.Exception>",
    "spec class [System.Core]System.Action`2<object,class [System.Runtime]System.Exception>::Invoke cc20 void(!0,!1)" }, "20 02 01 13 00 13 01" },
  -- Types of the signature come first, then the target.
  { "call", "class [mscorlib]X.R [mscorlib]X.T::F(valuetype [mscorlib]X.P, !!1, uint32)", { "[System.Runtime]X.R", "[System.Runtime]X.P",
    "[System.Runtime]X.T", "[System.Runtime]X.T::F cc00 class [System.Runtime]X.R(valuetype [System.Runtime]X.P,!!1,u4)" },
    "00 03 12 05 11 09 1e 01 09" },
  { "call", "void [mscorlib]A.B::M<string,!!0>(!!1)", nil, "0a 02 0e 1e 00" },
}

for _, row in ipairs(TEXTS) do
  local verb, text, rows, signature = table.unpack(row)
  t:test(("4: %s %s"):format(verb, (text:gsub("%s+", " "))), { covers = { "metadata-tokens 4", "metadata-tokens 4.1", "metadata-tokens 4.2",
    "metadata-tokens 4.3", "metadata-tokens 4.4", "metadata-tokens 4.5", "metadata-tokens 3.1", "injected-code 1.6" },
    only_ours = "templates in the home directory" }, function(s)
      local m, r = with(s, verb, text)
      s:rewritten(r)
      local op, bytes = r.code:match "^38 05 00 00 00 (%x%x) (%x%x %x%x %x%x %x%x) 00 2a$"
      s:equal(op, ({ ldtoken = "d0", castclass = "74", call = "28", callvirt = "6f" })[verb])
      local token = code.number(bytes)
      if signature then s:equal(signature_of(m, r, token), signature) end
      local list = code.added(r)
      if list[#list] and list[#list]:find "^locals" then list[#list] = nil end
      if rows then s:equal(list, rows) end
      s:truth(m:is_new(token) == false, "the token is one of the rows that were added")
    end)
end

for _, row in ipairs { { "ldtoken", "int32" }, { "ldtoken", "long" }, { "ldtoken", "object[,]" }, { "ldtoken", "object[3]" },
  { "ldtoken", "class [mscorlib]System.Action`3<object,object>" }, { "ldtoken", "class [mscorlib]System.Action`2" }, { "ldtoken", "instance object" },
  { "ldtoken", "" }, { "ldtoken", "class" }, { "ldtoken", "class A-B" }, { "ldtoken", "class A+B" }, { "call", "object : x" },
  { "call", "object [mscorlib]X" }, { "call", "object !0::Y()" }, { "call", "void [[mscorlib]]X::Y()" }, { "call", "void [mscorlib]X::Y(" },
  { "call", "void [mscorlib]X::Y() z" },
  -- texts that can be read but stand for no row
  { "ldtoken", "object" }, { "ldtoken", "string" }, { "ldtoken", "!0" }, { "ldtoken", "!!1" } } do
  t:test(("4: %s '%s' is a mistake; the built-in template stays"):format(row[1], row[2]), { covers = { "metadata-tokens 4.1", "metadata-tokens 4.2",
    "metadata-tokens 4.4", "metadata-tokens 4.5" }, only_ours = "templates in the home directory" }, function(s)
      local _, r = with(s, row[1], row[2])
      s:rewritten(r)
      s:equal(r.size, 356) -- that of the built-in template
      s:log_has "tracer.lua"
    end)
end

