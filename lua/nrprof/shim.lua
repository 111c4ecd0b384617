-- nrprof.shim - what the templates share that call the managed agent.
-- (reference/injected-code.md, sections 1.4, 3.1, 3.4)

local M = {}

-- Runs `body` in a try block whose catch swallows every exception.
function M.quietly(body)
  try_catch(body, "[mscorlib]System.Exception", pop)
end

-- object[] of the method's arguments, boxed; null where one cannot be.
function M.object_array()
  ldc_i4 "$argument_count"
  newarr "[mscorlib]System.Object"
  each_argument(function()
    dup()
    ldc_i4 "$argument_index"
    ldarg_boxed()
    stelem_ref()
  end)
end

-- Leaves the MethodInfo of class_name.method_name, a static method of the agent's core assembly, on the stack.
-- `key_id` tells overloads apart in the cache of the application domain. `load_types` leaves the Type[] of the
-- overload; without it the method is looked up by name alone.
function M.method_info(m, class_name, method_name, key_id, load_types)
  if m.cached then
    ldstr(class_name .. "." .. method_name .. "_" .. key_id)
    ldstr "$core_path"
    ldstr(class_name)
    ldstr(method_name)
    if load_types then load_types() else ldnull() end
    call("class [mscorlib]System.Reflection.MethodInfo [mscorlib]System.CannotUnloadAppDomainException"
      .. "::GetMethodFromAppDomainStorageOrReflectionOrThrow(string,string,string,string,class [mscorlib]System.Type[])")
  else
    ldstr "$core_path"
    call "class [mscorlib]System.Reflection.Assembly [mscorlib]System.Reflection.Assembly::LoadFrom(string)"
    ldstr(class_name)
    callvirt "instance class [mscorlib]System.Type [mscorlib]System.Reflection.Assembly::GetType(string)"
    ldstr(method_name)
    if load_types then
      load_types()
      callvirt "instance class [mscorlib]System.Reflection.MethodInfo [mscorlib]System.Type::GetMethod(string, class [mscorlib]System.Type[])"
    else
      callvirt "instance class [mscorlib]System.Reflection.MethodInfo [mscorlib]System.Type::GetMethod(string)"
    end
  end
end

return M
