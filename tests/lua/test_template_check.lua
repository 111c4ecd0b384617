-- Templates from the home directory are checked when they load: stack, types, regions, for every shape and several signatures.
-- Every message names file, line and verb.

local nr = require "nr"
local lu = require "luaunit"
local support = require "_support"

local function load_template(text)
  local s <close> = nr.script { templates = { ["own.lua"] = text }, check = true }
  return s:blob "t", support.logged "WARN"
end

TestTemplateCheck = {}

-- { fields, body from line 2 on, what is said behind "own.lua:" }
for i, row in ipairs {
  { "", "pop()\noriginal() ret()", "2: pop: an instruction takes more than there is on the stack" },
  { "", "original()\nldnull()\nret()", "4: ret: the stack does not hold exactly the result at ret" },
  { "", "original()\nif m.returns then pop() end\nret()", "4: ret: the stack does not hold exactly the result at ret" },
  { "", "ldc_i4(1)\nldstr 'a'\nadd() pop() original() ret()", "4: add: an instruction cannot work on a value of this class" },
  { "", "original()\nnop()", "3: nop: control falls off the end of the code" },
  { "max_stack = { exactly = 1 },", "ldnull()\nldnull()\npop() pop() original() ret()", "3: ldnull: the stack grows beyond the maximum of the header" },
  { "", "call 'void [mscorlib]System.Console::WriteLine(string)'\noriginal() ret()", "2: call: an instruction takes more than there is on the stack" },
  { "", "ldc_i4(5)\ncall 'void [mscorlib]System.Console::WriteLine(string)'\noriginal() ret()", "3: call: an instruction cannot work on a value of this class" },
  { "max_stack = { at_least = 2 },", "local l = label()\nldnull()\nbr(l)\nplace(l)\npop()\npop()\noriginal() ret()", "7: pop: an instruction takes more than there is on the stack" },
  { "max_stack = { at_least = 2 },", "local l = label()\nldc_i4_1()\nbrfalse(l)\nldnull()\nplace(l)\noriginal() ret()", "5: ldnull: two paths meet with stacks of different depths" },
  { "", "try_catch(function()\nret()\nend, '[mscorlib]System.Exception', pop) original() ret()", "3: ret: ret inside a try block" },
  { "", "ldnull()\ntry_catch(function() nop() end, '[mscorlib]System.Exception', pop) pop() original() ret()", "3: nop: the stack is not empty where a try block is entered" },
  { "max_stack = { at_least = 9 },", "each_argument(function()\nldarg_boxed()\nend) original() ret()", "4: ret: the stack does not hold exactly the result at ret" },
  { "", "ldarg_s(9)\npop() original() ret()", "2: ldarg_s: there is no such argument" },
  { "", "rethrow()\noriginal() ret()", "2: rethrow: rethrow outside a catch handler" },
  { "max_stack = { exactly = 1 }, locals = { { 'n', 'int64' } },", "ldloc 'n'\nldloc 'n'\npop() pop() original() ret()",
    "3: ldloc: the stack grows beyond the maximum of the header" },
  { "max_stack = { at_least = 1 },", "ldnull()\noriginal()\npop() ret()", "3: original: the stack grows beyond the maximum of the header" },
  { "max_stack = { exactly = 1 },", "each_argument(function()\nldarg_boxed()\nldarg_boxed() pop() pop() end) original() ret()",
    "4: ldarg_boxed: the stack grows beyond the maximum of the header" },
  { "max_stack = { exactly = 1 }, locals = { { 'r', '$return' } },",
    "original()\nif m.returns then stloc 'r' ldloc_boxed 'r'\nldloc_boxed 'r' pop() pop() ldloc 'r' end ret()",
    "4: ldloc_boxed: the stack grows beyond the maximum of the header" },
  { "", "local l = label()\nbr(l)\noriginal() ret()\nplace(l)", "3: br: a branch leads to something that is not an instruction" },
  { "", "original() ret()\ntry_catch(function() nop() end, '[mscorlib]System.Exception', pop)",
    "3: leave: a branch leads to something that is not an instruction" },
  { "", "local function deeper(n)\npop() if n > 0 then try_catch(nop, '[mscorlib]System.Exception', function() deeper(n - 1) end) end end\n"
    .. "ldnull() deeper(17) original() ret()", "3: try_catch: try, handler and end do not match" },
  { "max_stack = { at_least = 1 },", "for i = 1, 4200 do ldstr(tostring(i)) pop() end\noriginal() ret()",
    "2: ldstr: it asks for more tokens than a template may (4096)" },
  { "max_stack = { at_least = 1 },", "ldtoken 'class N.C'\npop()\npop()\noriginal() ret()", "4: pop: an instruction takes more than there is on the stack" },
  { "locals = { { 'n', 'int64' } },", "ldc_i4(1)\nstloc 'n' original() ret()", "3: stloc: an instruction cannot work on a value of this class" },
} do
  TestTemplateCheck[("test_%02d %s"):format(i, row[3])] = function()
    local blob, said = load_template(("template { name = 't', %s body = function(m)\n%s end }"):format(row[1], row[2]))
    lu.assertNil(blob)
    lu.assertEquals(#said, 1)
    lu.assertStrContains(said[1], "own.lua:" .. row[3] .. " (")
    lu.assertStrContains(said[1], " - the file is skipped")
  end
end

-- Sixteen classes more than are told apart: the others are not judged.
function TestTemplateCheck.test_many_locals()
  local locals = {}
  for i = 1, 80 do locals[i] = ("{ 'l%d', 'int32' }"):format(i) end
  local blob, said = load_template(("template { name = 't', max_stack = { at_least = 1 }, locals = { %s }, body = function(m)\nldc_i4(1) stloc 'l80' original() ret() end }")
    :format(table.concat(locals, ", ")))
  lu.assertEquals(said, {})
  lu.assertNotNil(blob)
end

-- The shape that the fault is in.
function TestTemplateCheck.test_a_fault_in_static_methods()
  local _, said = load_template "template { name = 't', max_stack = { at_least = 1 }, body = function(m)\nif m.is_static then pop() end original() ret() end }"
  lu.assertStrContains(said[1], "own.lua:2: pop: an instruction takes more than there is on the stack (static, ")
end

function TestTemplateCheck.test_a_fault_in_a_library_that_comes_first()
  local blob, said = load_template [[local shim = require "nrprof.shim"
    template { name = "t", max_stack = { at_least = 1 }, body = function(m)
      shim.object_array() pop() original() ret() end }]]
  lu.assertNil(blob)
  lu.assertStrMatches(said[1], ".*own%.lua:1: dup at nrprof%.shim:%d+: the stack grows beyond the maximum of the header %(.*")
end

-- What a library writes has its own line; the call in the file is named first.
function TestTemplateCheck.test_a_fault_in_a_library()
  local blob, said = load_template [[local shim = require "nrprof.shim"
    template { name = "t", max_stack = { at_least = 1 }, body = function(m)
      nop()
      shim.object_array() pop() original() ret() end }]]
  lu.assertNil(blob)
  lu.assertStrMatches(said[1], ".*own%.lua:3: dup at nrprof%.shim:%d+: the stack grows beyond the maximum of the header %(.*")
end

function TestTemplateCheck.test_fields_and_numbers()
  local blob, said = load_template [[template { name = "t", max_stack = { at_least = 3 },
    locals = { { "since", "int64" } },
    body = function(m)
      ldsfld "int64 [System.Runtime.Extensions]System.Diagnostics.Stopwatch::Frequency"
      pop()
      call "int64 [System.Runtime.Extensions]System.Diagnostics.Stopwatch::GetTimestamp()"
      stloc "since"
      ldloc "since"
      conv_r8()
      box "[mscorlib]System.Double"
      pop()
      original()
      ret()
    end }]]
  lu.assertEquals(said, {})
  lu.assertNotNil(blob)
  _, said = load_template "template { name = 't', body = function(m)\nldsfld 'object [mscorlib]System.String::Empty()' end }"
  lu.assertStrContains(said[1], "own.lua:2: 'ldsfld' takes the text of a field")
  _, said = load_template "template { name = 't', body = function(m)\ncall 'string [mscorlib]System.String::Empty' end }"
  lu.assertStrContains(said[1], "own.lua:2: 'call' takes the text of a method")
end

-- The templates that are built in do not wait for a customer's method either.
function TestTemplateCheck.test_the_built_in_ones()
  for _, name in ipairs { "tracer", "api", "helpers" } do
    local s <close> = nr.script {
      templates = { [name .. ".lua"] = nr.embedded("instrumentation/templates/" .. name .. ".lua") }, check = true }
    lu.assertEquals(support.logged "WARN", {}, name)
    lu.assertEquals(#support.logged "INFO", 1)
  end
end
