-- The direct tracer (switch call = "direct"): what the default one does and tells the agent, but the agent's function is
-- called by its address. The first code that runs finds the address by reflection and leaves it in $shared_word, which holds
-- it for the rest of the process. So the name of the agent's assembly never has to bind anywhere, and nothing is allocated or
-- locked but the array of arguments.

local shim = require "nrprof.shim"

local class, method = "NewRelic.Agent.Core.AgentShim", "GetFinishTracerDelegate"
local action = "class [mscorlib]System.Action`2<object,class [mscorlib]System.Exception>"

local function load_shared_word()
  ldc_i8 "$shared_word"
  conv_i()
end

local function load_entry()
  load_shared_word()
  ldind_i()
end

-- Address of the function, once for the process. GetFunctionPointer gives one that stays, whatever the JIT does later.
local function find_entry(m)
  local known = label()
  load_entry()
  brtrue(known)
  load_shared_word()
  shim.method_info(m, class, method, "0")
  callvirt "instance valuetype [mscorlib]System.RuntimeMethodHandle [mscorlib]System.Reflection.MethodBase::get_MethodHandle()"
  box "[mscorlib]System.RuntimeMethodHandle"
  unbox "valuetype [mscorlib]System.RuntimeMethodHandle"
  call "instance nint [mscorlib]System.RuntimeMethodHandle::GetFunctionPointer()"
  stind_i()
  place(known)
end

local function arguments_of_call(m)
  ldstr_trimmed "$factory"
  ldc_i4 "$flags"
  ldstr_trimmed "$metric"
  ldstr_trimmed "$assembly"
  ldtoken "$type_def"
  call "class [mscorlib]System.Type [mscorlib]System.Type::GetTypeFromHandle(valuetype [mscorlib]System.RuntimeTypeHandle)"
  ldstr_trimmed "$type"
  ldstr_trimmed "$method"
  ldstr_trimmed "$parameters"
  if m.is_static then ldnull() else ldarg_0() end
  shim.object_array()
  ldc_i8 "$function_id"
end

-- finish(result, failure), when there is a tracer; what it throws is swallowed.
local function finish(load_result, load_failure)
  local after = label()
  ldloc "tracer"
  brfalse(after)
  shim.quietly(function()
    ldloc "tracer"
    load_result()
    load_failure()
    callvirt("instance void [mscorlib]System.Action`2<object,class [mscorlib]System.Exception>::Invoke(!0,!1)")
  end)
  place(after)
end

template {
  name = "direct",
  about = "as tracer, but the agent is called by the address of its function",
  entry = {
    assembly = "NewRelic.Agent.Core", class = class, method = method,
    parameters = "System.String,System.UInt32,System.String,System.String,System.Type,System.String,System.String,"
      .. "System.String,System.Object,System.Object[],System.UInt64",
    returns = "System.Action`2[System.Object,System.Exception]",
    instead = "tracer",
  },
  locals = {
    { "tracer", action },
    { "failure", "class [mscorlib]System.Exception" },
    { "result", "$return" },
  },
  max_stack = { at_least = 16 },
  rets = "all",
  body = function(m)
    ldnull() stloc "tracer"
    ldnull() stloc "failure"

    shim.quietly(function()
      find_entry(m)
      arguments_of_call(m)
      load_entry()
      calli(action .. " [mscorlib]" .. class .. "::" .. method .. "(string,uint32,string,string,class [mscorlib]System.Type,"
        .. "string,string,string,object,object[],uint64)")
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
