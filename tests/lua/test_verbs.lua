-- The verbs of template bodies: what each makes, and what is said when it is used wrongly.

local lu = require "luaunit"
local support = require "_support"

local body, refused = support.assert_body, support.assert_refused
local with_original = "rets = 'all', locals = { { 'x', 'object' }, { 'r', '$return' } },"

local function words(text)
  local list = {}
  for word in text:gmatch "%S+" do list[#list + 1] = word end
  return list
end

-- "ldc.i4.m1" -> ldc_i4_m1; reserved words of Lua get one '_' more.
local function verb(mnemonic)
  local name = mnemonic:gsub("%.", "_")
  if name == "and" or name == "or" or name == "not" or name == "break" then name = name .. "_" end
  return name
end

-- The instructions of ECMA-335 partition III by kind of operand.
local plain = words [[
  nop break ldarg.0 ldarg.1 ldarg.2 ldarg.3 ldloc.0 ldloc.1 ldloc.2 ldloc.3 stloc.0 stloc.1 stloc.2 stloc.3 ldnull ldc.i4.m1
  ldc.i4.0 ldc.i4.1 ldc.i4.2 ldc.i4.3 ldc.i4.4 ldc.i4.5 ldc.i4.6 ldc.i4.7 ldc.i4.8 dup pop ret ldind.i1 ldind.u1 ldind.i2
  ldind.u2 ldind.i4 ldind.u4 ldind.i8 ldind.i ldind.r4 ldind.r8 ldind.ref stind.ref stind.i1 stind.i2 stind.i4 stind.i8
  stind.r4 stind.r8 add sub mul div div.un rem rem.un and or xor shl shr shr.un neg not conv.i1 conv.i2 conv.i4 conv.i8
  conv.r4 conv.r8 conv.u4 conv.u8 conv.r.un throw conv.ovf.i1.un conv.ovf.i2.un conv.ovf.i4.un conv.ovf.i8.un conv.ovf.u1.un
  conv.ovf.u2.un conv.ovf.u4.un conv.ovf.u8.un conv.ovf.i.un conv.ovf.u.un ldlen ldelem.i1 ldelem.u1 ldelem.i2 ldelem.u2
  ldelem.i4 ldelem.u4 ldelem.i8 ldelem.i ldelem.r4 ldelem.r8 ldelem.ref stelem.i stelem.i1 stelem.i2 stelem.i4 stelem.i8
  stelem.r4 stelem.r8 stelem.ref conv.ovf.i1 conv.ovf.u1 conv.ovf.i2 conv.ovf.u2 conv.ovf.i4 conv.ovf.u4 conv.ovf.i8
  conv.ovf.u8 ckfinite conv.u2 conv.u1 conv.i conv.ovf.i conv.ovf.u add.ovf add.ovf.un mul.ovf mul.ovf.un sub.ovf sub.ovf.un
  endfinally stind.i conv.u arglist ceq cgt cgt.un clt clt.un localloc endfilter volatile. tail. cpblk initblk rethrow
  refanytype readonly.
]]
local one_byte = words "ldarg.s ldarga.s starg.s ldloc.s ldloca.s stloc.s ldc.i4.s unaligned. no."
local two_bytes = words "ldarg ldarga starg ldloc ldloca stloc"
local branches = words "br brfalse brtrue beq bge bgt ble blt bne.un bge.un bgt.un ble.un blt.un leave"
local types = words [[cpobj ldobj castclass isinst unbox stobj box newarr ldelema ldelem stelem unbox.any refanyval mkrefany
  initobj constrained. sizeof ldtoken]]
local methods = words "jmp call callvirt newobj ldftn ldvirtftn"
local fields = words "ldfld ldflda stfld ldsfld ldsflda stsfld"
local unusable = words [[ldc.r4 ldc.r8 switch br.s brfalse.s brtrue.s beq.s bge.s
  bgt.s ble.s blt.s bne.un.s bge.un.s bgt.un.s ble.un.s blt.un.s leave.s]]

TestMnemonics = {}

function TestMnemonics.test_calli()
  body([[calli "object [a]N.C::M(string,uint64,nint)"]], "calli object [a]N.C::M(string,uint64,nint)")
  refused([[calli "class [a]N.C"]], "'calli' takes the text of a method")
end

function TestMnemonics.test_shared_word()
  body([[ldc_i8 "$shared_word" conv_i() ldind_i()]], "ldc.i8 $shared_word\nconv.i\nldind.i")
end

function TestMnemonics.test_every_instruction_is_in_one_list()
  local n = #plain + #one_byte + #two_bytes + #branches + #types + #methods + #fields + #unusable + #words "ldc.i4 ldc.i8 ldstr calli"
  lu.assertEquals(n, 219)
end

function TestMnemonics.test_without_operand()
  local calls = {}
  for i, m in ipairs(plain) do calls[i] = verb(m) .. "()" end
  body(table.concat(calls, " "), table.concat(plain, "\n"))
end

function TestMnemonics.test_without_operand_given_one()
  for _, m in ipairs(plain) do refused(verb(m) .. "(1)", ("'%s' takes no operand"):format(verb(m))) end
end

function TestMnemonics.test_one_byte()
  for _, m in ipairs(one_byte) do
    body(("%s(0) %s(127) %s(-128)"):format(verb(m), verb(m), verb(m)), ("%s 0\n%s 127\n%s -128"):format(m, m, m))
    refused(verb(m) .. "(256)", ("the operand of '%s' does not fit into 1 byte(s)"):format(verb(m)))
    refused(verb(m) .. "(-129)", "does not fit into 1 byte(s)")
    refused(verb(m) .. "'$flags'", ("'%s' takes a literal number"):format(verb(m)))
    refused(verb(m) .. "()", "number expected, got no value")
    refused(verb(m) .. "(1.5)", "number has no integer representation")
  end
end

function TestMnemonics.test_two_bytes()
  for _, m in ipairs(two_bytes) do
    body(("%s(0) %s(32767)"):format(verb(m), verb(m)), ("%s 0\n%s 32767"):format(m, m))
    refused(verb(m) .. "(65536)", ("the operand of '%s' does not fit into 2 byte(s)"):format(verb(m)))
  end
end

function TestMnemonics.test_numbers()
  body("ldc_i4(0) ldc_i4(-1) ldc_i4(2147483647) ldc_i4(0xFFFFFFFF)", "ldc.i4 0\nldc.i4 -1\nldc.i4 2147483647\nldc.i4 -1")
  refused("ldc_i4(0x100000000)", "the operand of 'ldc_i4' does not fit into 4 byte(s)")
  refused("ldc_i4 'many'", "number expected, got string")
  body("ldc_i8(math.mininteger) ldc_i8(math.maxinteger)", "ldc.i8 -9223372036854775808\nldc.i8 9223372036854775807")
end

function TestMnemonics.test_number_holes()
  body("ldc_i4 '$flags' ldc_i8 '$function_id' ldc_i4 '$argument_count'",
    "ldc.i4 $flags\nldc.i8 $function_id\nldc.i4 $argument_count")
  refused("ldc_i4 '$flag'", "there is no number called '$flag'")
  refused("ldc_i4 '$argument_index'", "'$argument_index' is known inside each_argument only")
end

function TestMnemonics.test_branches()
  for _, m in ipairs(branches) do
    body(("local l = label() %s(l) place(l)"):format(verb(m)), m .. " L0\nL0:")
    refused(verb(m) .. "(0)", "this is no label; get one from label()")
    refused(verb(m) .. "()", "number expected, got no value")
  end
end

function TestMnemonics.test_types()
  for _, m in ipairs(types) do
    local raw = m == "box" or m == "newarr" or m == "unbox.any"
    local text = raw and "[mscorlib]System.Int32" or "valuetype [mscorlib]System.Int32"
    body(("%s '%s'"):format(verb(m), text), m .. " " .. text)
    if not raw then
      refused(verb(m) .. " 'void A::B()'", ("'%s' takes the text of a type"):format(verb(m)))
      refused(verb(m) .. " 'nonsense ['", "is no type or method: ")
    end
    refused(verb(m) .. "()", "string expected, got no value")
    refused(verb(m) .. " '$typ_def'", "there is no token called '$typ_def'")
    if m ~= "ldtoken" then refused(verb(m) .. " '$type_def'", ("'%s' takes a type or method text"):format(verb(m))) end
  end
end

function TestMnemonics.test_token_holes()
  body("ldtoken '$type_def'", "ldtoken $type_def")
  body("each_argument(function() with_argument_type(function() ldtoken '$argument_type' end) end)",
    "each argument\nwith argument type\nldtoken $argument_type\nend type\nend each")
  refused("each_argument(function() ldtoken '$argument_type' end)", "'$argument_type' is known inside with_argument_type only")
end

function TestMnemonics.test_methods()
  local text = "instance object [mscorlib]System.Reflection.MethodBase::Invoke(object, object[])"
  for _, m in ipairs(methods) do
    body(("%s '%s'"):format(verb(m), text), m .. " " .. text)
    refused(verb(m) .. " 'class [mscorlib]System.Type'", ("'%s' takes the text of a method"):format(verb(m)))
    refused(verb(m) .. "(true)", "string expected, got boolean")
  end
end

function TestMnemonics.test_fields()
  local text = "class [mscorlib]System.Type[] [mscorlib]System.Type::EmptyTypes"
  for _, m in ipairs(fields) do
    body(("%s '%s'"):format(verb(m), text), m .. " " .. text)
    refused(verb(m) .. " 'class [mscorlib]System.Type'", ("'%s' takes the text of a field"):format(verb(m)))
    refused(verb(m) .. " 'void [mscorlib]System.Type::M()'", ("'%s' takes the text of a field"):format(verb(m)))
  end
end

function TestMnemonics.test_those_that_templates_cannot_use()
  for _, m in ipairs(unusable) do refused(verb(m) .. "()", ("'%s' cannot be used in a template"):format(verb(m))) end
end

TestStrings = {}

function TestStrings.test_literal_and_holes()
  body([[ldstr "" ldstr "a b" ldstr "$method" ldstr "${method}" ldstr "x.${method}_${function_ulong}!"]],
    'ldstr ""\nldstr "a b"\nldstr $method\nldstr $method\nldstr "x.${method}_${function_ulong}!"')
end

function TestStrings.test_every_hole()
  for _, hole in ipairs(words "factory metric assembly type method parameters core_path function_ulong") do
    body(("ldstr '$%s' ldstr_trimmed '$%s'"):format(hole, hole), ("ldstr $%s\nldstr.trimmed $%s"):format(hole, hole))
  end
end

function TestStrings.test_wrong_use()
  refused("ldstr '$methd'", "there is no text called '$methd'")
  refused("ldstr 'a${methd}'", "there is no text called '$methd'")
  refused("ldstr 'a${method'", "'${' without '}'")
  refused("ldstr()", "string expected, got no value")
  refused("ldstr '" .. ("a${method}"):rep(9) .. "'", "a text of more than 15 pieces")
end

TestLocals = {}

function TestLocals.test_by_name()
  body("original() stloc 'x' ldloc 'x' ldloc 'r'", "original\nstloc x\nldloc x\nldloc r", nil, with_original)
end

function TestLocals.test_by_number()
  body("original() stloc(2)", "original\nstloc 2", nil, with_original)
end

function TestLocals.test_wrong_use()
  refused("original() ldloc 'y'", "the template has no local called 'y'", with_original)
  refused("original() ldloc_boxed 'x'", 'only the result ("$return") can be loaded boxed', with_original)
  refused("original() ldloc_boxed 'y'", "the template has no local called 'y'", with_original)
end

function TestLocals.test_boxed()
  body("original() ldloc_boxed 'r'", "original\nldloc boxed r", { returns = true }, with_original)
end

TestStructure = {}

function TestStructure.test_labels()
  body("local a, b = label(), label() br(b) place(a) br(a) place(b)", "br L1\nL0:\nbr L0\nL1:")
  refused("local l = label() place(l) place(l)", "the label has its place already")
  refused("br(label())", "template 't' branches to a label without a place")
  refused("place(7)", "this is no label; get one from label()")
end

-- An unused label needs no place (injected-code.md 1.2).
function TestStructure.test_a_label_that_nobody_uses()
  body("label() nop()", "nop")
end

function TestStructure.test_try_catch()
  body("try_catch(nop, '[mscorlib]System.Exception', pop) ret()", [[
    try
    nop
    leave L0
    catch [mscorlib]System.Exception
    pop
    leave L0
    end catch
    L0:
    ret
  ]])
  refused("try_catch(1, 'x', pop)", "function expected, got number")
  refused("try_catch(nop, nil, pop)", "string expected, got nil")
  refused("try_catch(nop, '[mscorlib]System.Exception')", "function expected, got no value")
end

function TestStructure.test_nested_try_catch()
  body("try_catch(function() try_catch(nop, '[m]A', pop) end, '[m]B', rethrow)", [[
    try
    try
    nop
    leave L1
    catch [m]A
    pop
    leave L1
    end catch
    L1:
    leave L0
    catch [m]B
    rethrow
    leave L0
    end catch
    L0:
  ]])
end

function TestStructure.test_original()
  refused("original() original()", "the method's own code can be used only once", "rets = 'all',")
  refused("nop()", "template 't' never uses the method's own code (original())", "rets = 'all',")
  refused("nop()", "template 't' never uses the method's own code (original())", "rets = 'last',")
  refused("original()", "this template replaces the method (rets = \"none\")")
  refused("original(1)", "'original' takes no operand", "rets = 'all',")
  refused("each_argument(function() original() end)", "the method's own code cannot be repeated for each argument",
    "rets = 'all',")
end

function TestStructure.test_each_argument()
  body("each_argument(function() ldc_i4 '$argument_index' ldarg_boxed() end)",
    "each argument\nldc.i4 $argument_index\nldarg boxed\nend each")
  refused("each_argument(function() each_argument(nop) end)", "each_argument inside each_argument")
  refused("each_argument(function() label() end)", "labels and try_catch cannot be repeated for each argument")
  refused("each_argument()", "function expected, got no value")
  refused("ldarg_boxed()", "'ldarg_boxed' can be used inside each_argument only")
  refused("each_argument(function() ldarg_boxed(1) end)", "'ldarg_boxed' takes no operand")
end

function TestStructure.test_with_argument_type()
  refused("with_argument_type(nop)", "'with_argument_type' can be used inside each_argument only")
  refused("each_argument(function() with_argument_type(function() with_argument_type(nop) end) end)",
    "with_argument_type inside with_argument_type")
end

TestFacts = {}

function TestFacts.test_the_shape()
  local text = "if m.is_static then ldc_i4_0() end if m.returns then ldc_i4_1() end if m.cached then ldc_i4_2() end nop()"
  body(text, "nop")
  body(text, "ldc.i4.0\nnop", { static = true })
  body(text, "ldc.i4.1\nnop", { returns = true })
  body(text, "ldc.i4.2\nnop", { cached = true })
  body(text, "ldc.i4.0\nldc.i4.1\nldc.i4.2\nnop", { static = true, returns = true, cached = true })
end

-- Else a blob would be used for methods that it was not made for.
function TestFacts.test_nothing_else_can_be_seen()
  refused("if m.name then nop() end",
    "a template cannot see 'm.name': use a hole ('$…') or one of is_static, returns, cached")
end

-- The line of the verb, not of the template.
function TestFacts.test_the_line_of_a_fault()
  refused("\nnop()\nldloc 'y'\n", "the template has no local called 'y'", nil, 3)
end

-- All shapes are tried when a file is loaded: a fault in one of them does not wait for a method of that shape.
function TestFacts.test_a_fault_in_one_shape()
  refused("nop() if m.cached and m.returns and m.is_static then ldloc 'y' end", "the template has no local called 'y'")
end
