-- The six methods that are added to mscorlib (reference/injected-code.md, section 7).

local nr = require "nr"
local lu = require "luaunit"
local support = require "_support"

local storm = "System.CannotUnloadAppDomainException::"

local function throw_null(label, message)
  return ([[
    dup
    brtrue L%d
    ldstr "%s"
    newobj instance void System.Exception::.ctor(string)
    throw
    L%d:
  ]]):format(label, message, label)
end

local bodies = {
  LoadAssemblyOrThrow = [[
    ldarg.0
    call class System.Reflection.Assembly System.Reflection.Assembly::LoadFrom(string)
  ]] .. throw_null(0, "Failed to load assembly.") .. "ret",

  GetTypeViaReflectionOrThrow = [[
    ldarg.0
    call class System.Reflection.Assembly ]] .. storm .. [[LoadAssemblyOrThrow(string)
    ldarg.1
    callvirt instance class System.Type System.Reflection.Assembly::GetType(string)
  ]] .. throw_null(0, "Failed to load type from assembly via reflection.") .. "ret",

  GetMethodViaReflectionOrThrow = [[
    ldarg.0
    ldarg.1
    call class System.Type ]] .. storm .. [[GetTypeViaReflectionOrThrow(string,string)
    ldarg.2
    ldarg.3
    brfalse L0
    ldarg.3
    callvirt instance class System.Reflection.MethodInfo System.Type::GetMethod(string,class System.Type[])
    br L1
    L0:
    callvirt instance class System.Reflection.MethodInfo System.Type::GetMethod(string)
    br L1            ; to the next instruction
    L1:
  ]] .. throw_null(2, "Failed to load method from type via reflection.") .. "ret",

  GetMethodFromAppDomainStorage = [[
    call class System.AppDomain System.AppDomain::get_CurrentDomain()
  ]] .. throw_null(0, "System.AppDomain.CurrentDomain == null.") .. [[
    ldarg.0
    callvirt instance object System.AppDomain::GetData(string)
    castclass class System.Reflection.MethodInfo
    ret
  ]],

  GetMethodFromAppDomainStorageOrReflectionOrThrow = [[
    ldarg.0
    call class System.Reflection.MethodInfo ]] .. storm .. [[GetMethodFromAppDomainStorage(string)
    dup
    brtrue L0
    pop
    ldarg.1
    ldarg.2
    ldarg.3
    ldarg.s 4
    call class System.Reflection.MethodInfo ]] .. storm .. [[GetMethodViaReflectionOrThrow(string,string,string,class System.Type[])
    dup
    ldarg.0
    call void ]] .. storm .. [[StoreMethodInAppDomainStorageOrThrow(class System.Reflection.MethodInfo,string)
    L0:
    ret
  ]],

  StoreMethodInAppDomainStorageOrThrow = [[
    call class System.AppDomain System.AppDomain::get_CurrentDomain()
  ]] .. throw_null(0, "System.AppDomain.CurrentDomain == null.") .. [[
    ldarg.1
    ldarg.0
    callvirt instance void System.AppDomain::SetData(string,object)
    ret
  ]],
}

TestHelpers = {}

function TestHelpers.test_bodies_are_tiny_and_as_documented()
  local s <close> = nr.script()
  for name, expected in pairs(bodies) do
    local blob = s:blob(name, { static = true, returns = true })
    support.assert_steps(blob, expected)
    lu.assertTrue(blob.tiny)
    lu.assertEquals(blob.rets, "none")
    lu.assertEquals(blob.locals, {})
  end
end

-- They are methods of mscorlib itself: an assembly in a text would become a reference of mscorlib to mscorlib.
function TestHelpers.test_no_text_names_an_assembly()
  local s <close> = nr.script()
  for name in pairs(bodies) do
    for _, text in ipairs(support.steps(s:blob(name, { static = true }))) do
      lu.assertNil(text:find("[mscorlib]", 1, true))
    end
  end
end

-- 7.2
function TestHelpers.test_names_without_a_body()
  local s <close> = nr.script()
  for _, name in ipairs { "GetThreadLocalBoolean", "SetThreadLocalBoolean", "GetAppDomainBoolean", "SetAppDomainBoolean" } do
    lu.assertNil(s:blob(name))
  end
end
