-- The API shim: a method of NewRelic.Api.Agent.NewRelic calls its namesake in the agent's AgentApi; when that
-- fails in any way, its own code runs (reference/injected-code.md, section 5).

local shim = require "nrprof.shim"

-- Type[] of the parameters, for the lookup of the overload.
local function type_array()
  ldc_i4 "$argument_count"
  newarr "[mscorlib]System.Type"
  each_argument(function()
    dup()
    ldc_i4 "$argument_index"
    with_argument_type(function()
      ldtoken "$argument_type"
      call "class [mscorlib]System.Type [mscorlib]System.Type::GetTypeFromHandle(valuetype [mscorlib]System.RuntimeTypeHandle)"
    end)
    stelem_ref()
  end)
end

template {
  name = "api",
  reference = "2d17f05e1",
  about = "forwards a method of the public API to the agent",
  locals = { { "result", "$return" } },
  max_stack = { exactly = 10 },
  rets = "last",
  body = function(m)
    try_catch(function()
      shim.method_info(m, "NewRelic.Agent.Core.AgentApi", "${method}", "${function_ulong}", type_array)
      ldnull()
      shim.object_array()
      call "instance object [mscorlib]System.Reflection.MethodBase::Invoke(object, object[])"
      if m.returns then stloc "result" else pop() end
    end, "[mscorlib]System.Exception", function()
      pop()
      original()
      if m.returns then stloc "result" end
    end)
    if m.returns then ldloc "result" end
    ret()
  end,
}
