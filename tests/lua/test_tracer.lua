-- The default tracer, step by step in every shape (reference/injected-code.md, sections 2 and 3).

local nr = require "nr"
local lu = require "luaunit"
local support = require "_support"

local exception = "[mscorlib]System.Exception"
local action = "class [mscorlib]System.Action`2<object,class [mscorlib]System.Exception>"

-- 3.1
local uncached = [[
  ldstr $core_path
  call class [mscorlib]System.Reflection.Assembly [mscorlib]System.Reflection.Assembly::LoadFrom(string)
  ldstr "NewRelic.Agent.Core.AgentShim"
  callvirt instance class [mscorlib]System.Type [mscorlib]System.Reflection.Assembly::GetType(string)
  ldstr "GetFinishTracerDelegate"
  callvirt instance class [mscorlib]System.Reflection.MethodInfo [mscorlib]System.Type::GetMethod(string)
]]
local cached = [[
  ldstr "NewRelic.Agent.Core.AgentShim.GetFinishTracerDelegate_0"     ; 3.1.1
  ldstr $core_path
  ldstr "NewRelic.Agent.Core.AgentShim"
  ldstr "GetFinishTracerDelegate"
  ldnull
  call class [mscorlib]System.Reflection.MethodInfo [mscorlib]System.CannotUnloadAppDomainException::]]
  .. [[GetMethodFromAppDomainStorageOrReflectionOrThrow(string,string,string,string,class [mscorlib]System.Type[])
]]

-- 3.2: one element of the object[11]
local function element(index, ...)
  return ("dup\n%s\n%s\nstelem.ref\n"):format(index, table.concat({ ... }, "\n"))
end

local function arguments(static)
  return "ldnull\nldc.i4.s 11\nnewarr [mscorlib]System.Object\n"
    .. element("ldc.i4.0", "ldstr.trimmed $factory")
    .. element("ldc.i4.1", "ldc.i4 $flags", "box [mscorlib]System.UInt32")
    .. element("ldc.i4.2", "ldstr.trimmed $metric")
    .. element("ldc.i4.3", "ldstr.trimmed $assembly")
    .. element("ldc.i4.4", "ldtoken $type_def",
      "call class [mscorlib]System.Type [mscorlib]System.Type::GetTypeFromHandle(valuetype [mscorlib]System.RuntimeTypeHandle)")
    .. element("ldc.i4.5", "ldstr.trimmed $type")
    .. element("ldc.i4.6", "ldstr.trimmed $method")
    .. element("ldc.i4.7", "ldstr.trimmed $parameters")
    .. element("ldc.i4.8", static and "ldnull" or "ldarg.0")
    .. element("ldc.i4.s 9", "ldc.i4 $argument_count", "newarr [mscorlib]System.Object", -- 3.4
      "each argument", "dup", "ldc.i4 $argument_index", "ldarg boxed", "stelem.ref", "end each")
    .. element("ldc.i4.s 10", "ldc.i8 $function_id", "box [mscorlib]System.UInt64")
end

-- 2.1, with the labels of this use
local function finish(after, quiet, result, failure)
  return ([[
    ldloc tracer
    brfalse L%d
    try
    ldloc tracer
    castclass %s
    %s
    %s
    callvirt instance void [mscorlib]System.Action`2<object,class [mscorlib]System.Exception>::Invoke(!0,!1)
    leave L%d
    catch %s
    pop
    leave L%d
    end catch
    L%d:
    L%d:
  ]]):format(after, action, result, failure, quiet, exception, quiet, quiet, after)
end

local function tracer(shape)
  local stored = shape.returns and "stloc result\n" or ""
  return "ldnull\nstloc tracer\nldnull\nstloc failure\n"
    .. "try\n" .. (shape.cached and cached or uncached) .. arguments(shape.static)
    .. "callvirt instance object [mscorlib]System.Reflection.MethodBase::Invoke(object, object[])\nstloc tracer\n"
    .. ("leave L0\ncatch %s\npop\nleave L0\nend catch\nL0:\n"):format(exception)
    .. "try\noriginal\n" .. stored .. ("leave L1\ncatch %s\nstloc failure\n"):format(exception)
    .. finish(2, 3, "ldnull", "ldloc failure")
    .. "rethrow\nleave L1\nend catch\nL1:\n"
    .. finish(4, 5, shape.returns and "ldloc boxed result" or "ldnull", "ldnull")
    .. (shape.returns and "ldloc result\n" or "") .. "ret\n"
end

TestTracer = {}

function TestTracer.test_steps_in_every_shape()
  local s <close> = nr.script()
  for bits = 0, 7 do
    local shape = { static = bits & 1 ~= 0, returns = bits & 2 ~= 0, cached = bits & 4 ~= 0 }
    support.assert_steps(s:blob("tracer", shape), tracer(shape))
  end
  lu.assertEquals(nr.log(), {})
end

-- il-method-body.md 3.4 and 6.3: order and types of the added locals, max stack
function TestTracer.test_locals_and_stack()
  local s <close> = nr.script()
  local blob = s:blob("tracer", { returns = true })
  lu.assertEquals(blob.locals, {
    { name = "tracer", type = "class [mscorlib]System.Object" },
    { name = "failure", type = "class [mscorlib]System.Exception" },
    { name = "result", type = "$return" },
  })
  lu.assertEquals(blob.rets, "all")
  lu.assertFalse(blob.tiny)
  lu.assertEquals(blob.stack_at_least, 10)
  lu.assertEquals(blob.stack_over_arguments, 1)
  lu.assertNil(blob.stack_exactly)
end

-- A shape runs the template once, however often it is asked for.
function TestTracer.test_a_shape_runs_the_template_once()
  local s <close> = nr.script()
  lu.assertEquals(s:count().template_runs, 0)
  for _ = 1, 3 do
    for _, shape in ipairs { {}, { static = true }, { static = true, returns = true } } do s:blob("tracer", shape) end
  end
  lu.assertEquals(s:count().template_runs, 3)
  lu.assertEquals(s:count().blobs, 3)
end

-- Each step says on which line of a file it was written.
function TestTracer.test_lines()
  local s <close> = nr.script()
  local text, wanted = nr.embedded "instrumentation/templates/tracer.lua", {}
  local n = 0
  for line in text:gmatch "[^\n]*\n" do
    n = n + 1
    if line:find "rethrow%(%)" then wanted.rethrow = n end
    if line:find "^%s*ret%(%)" then wanted.ret = n end
    if line:find "^%s*original%(%)" then wanted.original = n end
  end
  local seen = {}
  for _, step in ipairs(s:blob "tracer") do
    if wanted[step.text] then seen[step.text] = step.line end
  end
  lu.assertEquals(seen, wanted)
end
