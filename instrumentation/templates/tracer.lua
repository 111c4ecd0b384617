-- The default tracer: a method wrapped so that the agent hears of its start and its finish.
--
--     tracer, failure = null
--     try { tracer = AgentShim.GetFinishTracerDelegate(…) } catch { }
--     try { result = the method } catch (failure) { finish(null, failure); rethrow }
--     finish(result, null)
--     return result
--
-- Instructions and their encoding forms are those of the reference: the bytes must match
-- (reference/injected-code.md, sections 2 and 3).

local shim = require "nrprof.shim"

local action = "class [mscorlib]System.Action`2<object,class [mscorlib]System.Exception>"

-- finish(result, failure), when there is a tracer; what it throws is swallowed.
local function finish(load_result, load_failure)
  local after = label()
  ldloc "tracer"
  brfalse(after)
  shim.quietly(function()
    ldloc "tracer"
    castclass(action)
    load_result()
    load_failure()
    callvirt("instance void [mscorlib]System.Action`2<object,class [mscorlib]System.Exception>::Invoke(!0,!1)")
  end)
  place(after)
end

-- One element of the object[11].
local function element(load_index, load_value)
  dup()
  load_index()
  load_value()
  stelem_ref()
end

local function arguments_of_call(m)
  ldc_i4_s(11)
  newarr "[mscorlib]System.Object"
  element(ldc_i4_0, function() ldstr_trimmed "$factory" end)
  element(ldc_i4_1, function() ldc_i4 "$flags" box "[mscorlib]System.UInt32" end)
  element(ldc_i4_2, function() ldstr_trimmed "$metric" end)
  element(ldc_i4_3, function() ldstr_trimmed "$assembly" end)
  element(ldc_i4_4, function()
    ldtoken "$type_def"
    call "class [mscorlib]System.Type [mscorlib]System.Type::GetTypeFromHandle(valuetype [mscorlib]System.RuntimeTypeHandle)"
  end)
  element(ldc_i4_5, function() ldstr_trimmed "$type" end)
  element(ldc_i4_6, function() ldstr_trimmed "$method" end)
  element(ldc_i4_7, function() ldstr_trimmed "$parameters" end)
  element(ldc_i4_8, m.is_static and ldnull or ldarg_0)
  element(function() ldc_i4_s(9) end, shim.object_array)
  element(function() ldc_i4_s(10) end, function() ldc_i8 "$function_id" box "[mscorlib]System.UInt64" end)
end

template {
  name = "tracer",
  reference = "2d17f05e1",
  about = "wraps a method and reports its start and finish to the agent",
  locals = {
    { "tracer", "class [mscorlib]System.Object" },
    { "failure", "class [mscorlib]System.Exception" },
    { "result", "$return" },
  },
  max_stack = { at_least = 10, over_arguments = 1 },
  rets = "all",
  body = function(m)
    ldnull() stloc "tracer"
    ldnull() stloc "failure"

    shim.quietly(function()
      shim.method_info(m, "NewRelic.Agent.Core.AgentShim", "GetFinishTracerDelegate", "0")
      ldnull()
      arguments_of_call(m)
      callvirt "instance object [mscorlib]System.Reflection.MethodBase::Invoke(object, object[])"
      stloc "tracer"
    end)

    try_catch(function()
      original()
      if m.returns then stloc "result" end
    end, "[mscorlib]System.Exception", function()
      stloc "failure"
      finish(ldnull, function() ldloc "failure" end)
      rethrow()
    end)

    finish(m.returns and function() ldloc_boxed "result" end or ldnull, ldnull)
    if m.returns then ldloc "result" end
    ret()
  end,
}
