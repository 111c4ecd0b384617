-- The API shim, step by step (reference/injected-code.md, section 5).

local nr = require "nr"
local lu = require "luaunit"
local support = require "_support"

local from_handle =
  "call class [mscorlib]System.Type [mscorlib]System.Type::GetTypeFromHandle(valuetype [mscorlib]System.RuntimeTypeHandle)"

-- 5.4: A
local types = [[
  ldc.i4 $argument_count
  newarr [mscorlib]System.Type
  each argument
  dup
  ldc.i4 $argument_index
  with argument type
  ldtoken $argument_type
  ]] .. from_handle .. [[

  end type
  stelem.ref
  end each
]]
local uncached = [[
  ldstr $core_path
  call class [mscorlib]System.Reflection.Assembly [mscorlib]System.Reflection.Assembly::LoadFrom(string)
  ldstr "NewRelic.Agent.Core.AgentApi"
  callvirt instance class [mscorlib]System.Type [mscorlib]System.Reflection.Assembly::GetType(string)
  ldstr $method
]] .. types .. [[
  callvirt instance class [mscorlib]System.Reflection.MethodInfo [mscorlib]System.Type::GetMethod(string, class [mscorlib]System.Type[])
]]
local cached = [[
  ldstr "NewRelic.Agent.Core.AgentApi.${method}_${function_ulong}"
  ldstr $core_path
  ldstr "NewRelic.Agent.Core.AgentApi"
  ldstr $method
]] .. types .. [[
  call class [mscorlib]System.Reflection.MethodInfo [mscorlib]System.CannotUnloadAppDomainException::]]
  .. [[GetMethodFromAppDomainStorageOrReflectionOrThrow(string,string,string,string,class [mscorlib]System.Type[])
]]

-- 5.3
local function api(shape)
  return "try\n" .. (shape.cached and cached or uncached) .. [[
    ldnull
    ldc.i4 $argument_count
    newarr [mscorlib]System.Object
    each argument
    dup
    ldc.i4 $argument_index
    ldarg boxed
    stelem.ref
    end each
    call instance object [mscorlib]System.Reflection.MethodBase::Invoke(object, object[])    ; 28, not 6F
  ]] .. (shape.returns and "stloc result\n" or "pop\n") .. [[
    leave L0
    catch [mscorlib]System.Exception
    pop
    original
  ]] .. (shape.returns and "stloc result\n" or "") .. [[
    leave L0
    end catch
    L0:
  ]] .. (shape.returns and "ldloc result\n" or "") .. "ret\n"
end

TestApi = {}

function TestApi.test_steps_in_every_shape()
  local s <close> = nr.script()
  for bits = 0, 7 do
    local shape = { static = bits & 1 ~= 0, returns = bits & 2 ~= 0, cached = bits & 4 ~= 0 }
    -- ldstr "${method}" and ldstr "$method" are one piece, and so one text
    support.assert_steps(s:blob("api", shape), api(shape))
  end
  lu.assertEquals(nr.log(), {})
end

function TestApi.test_locals_and_stack()
  local s <close> = nr.script()
  local blob = s:blob("api", { static = true, returns = true })
  lu.assertEquals(blob.locals, { { name = "result", type = "$return" } })
  lu.assertEquals(blob.rets, "last") -- 5.2
  lu.assertEquals(blob.stack_exactly, 10)
  lu.assertNil(blob.stack_at_least)
end
