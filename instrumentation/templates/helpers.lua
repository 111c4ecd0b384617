-- Bodies of the six methods that are added to mscorlib on .NET Framework, on
-- System.CannotUnloadAppDomainException (reference/injected-code.md, section 7). Nothing of the original body stays;
-- all types are mscorlib's own, so no text names an assembly.
--
-- The order of the templates is the order in which the methods are added to mscorlib, and references to them to every
-- other module (reference/module-injection.md); `method` is such a reference.

local exception = "System.CannotUnloadAppDomainException"

-- Throws when the value on the stack is null; leaves it there otherwise.
local function throw_null(message)
  local fine = label()
  dup()
  brtrue(fine)
  ldstr(message)
  newobj "instance void System.Exception::.ctor(string)"
  throw()
  place(fine)
end

local function helper(name, returns, parameters, body)
  template {
    name = name,
    method = ("%s [mscorlib]%s::%s(%s)"):format(returns, exception, name, parameters),
    reference = "2d17f05e1",
    about = "a helper method in mscorlib",
    tiny = true,
    rets = "none",
    body = body,
  }
end

helper("LoadAssemblyOrThrow", "class [mscorlib]System.Reflection.Assembly", "string", function()
  ldarg_0()
  call "class System.Reflection.Assembly System.Reflection.Assembly::LoadFrom(string)"
  throw_null "Failed to load assembly."
  ret()
end)

helper("GetTypeViaReflectionOrThrow", "class [mscorlib]System.Type", "string,string", function()
  ldarg_0()
  call("class System.Reflection.Assembly " .. exception .. "::LoadAssemblyOrThrow(string)")
  ldarg_1()
  callvirt "instance class System.Type System.Reflection.Assembly::GetType(string)"
  throw_null "Failed to load type from assembly via reflection."
  ret()
end)

helper("GetMethodViaReflectionOrThrow", "class [mscorlib]System.Reflection.MethodInfo",
  "string,string,string,class [mscorlib]System.Type[]", function()
  local by_name, done = label(), label()
  ldarg_0()
  ldarg_1()
  call("class System.Type " .. exception .. "::GetTypeViaReflectionOrThrow(string,string)")
  ldarg_2()
  ldarg_3()
  brfalse(by_name)
  ldarg_3()
  callvirt "instance class System.Reflection.MethodInfo System.Type::GetMethod(string,class System.Type[])"
  br(done)
  place(by_name)
  callvirt "instance class System.Reflection.MethodInfo System.Type::GetMethod(string)"
  br(done)
  place(done)
  throw_null "Failed to load method from type via reflection."
  ret()
end)

helper("GetMethodFromAppDomainStorage", "class [mscorlib]System.Reflection.MethodInfo", "string", function()
  call "class System.AppDomain System.AppDomain::get_CurrentDomain()"
  throw_null "System.AppDomain.CurrentDomain == null."
  ldarg_0()
  callvirt "instance object System.AppDomain::GetData(string)"
  castclass "class System.Reflection.MethodInfo"
  ret()
end)

helper("GetMethodFromAppDomainStorageOrReflectionOrThrow", "class [mscorlib]System.Reflection.MethodInfo",
  "string,string,string,string,class [mscorlib]System.Type[]", function()
  local done = label()
  ldarg_0()
  call("class System.Reflection.MethodInfo " .. exception .. "::GetMethodFromAppDomainStorage(string)")
  dup()
  brtrue(done)
  pop()
  ldarg_1()
  ldarg_2()
  ldarg_3()
  ldarg_s(4)
  call("class System.Reflection.MethodInfo " .. exception
    .. "::GetMethodViaReflectionOrThrow(string,string,string,class System.Type[])")
  dup()
  ldarg_0()
  call("void " .. exception .. "::StoreMethodInAppDomainStorageOrThrow(class System.Reflection.MethodInfo,string)")
  place(done)
  ret()
end)

helper("StoreMethodInAppDomainStorageOrThrow", "void", "class [mscorlib]System.Reflection.MethodInfo,string", function()
  call "class System.AppDomain System.AppDomain::get_CurrentDomain()"
  throw_null "System.AppDomain.CurrentDomain == null."
  ldarg_1()
  ldarg_0()
  callvirt "instance void System.AppDomain::SetData(string,object)"
  ret()
end)
