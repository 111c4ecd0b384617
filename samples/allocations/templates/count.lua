-- Counts the calls of a method for each type, and says the number at 1, 2, 4, 8, … on the error stream. The number is kept in the
-- application domain, which is a table of objects by name.

local shim = require "nrprof.shim"

local slot = "nrprof.count.${type}"

local function domain() call "class [mscorlib]System.AppDomain [mscorlib]System.AppDomain::get_CurrentDomain()" end

-- Monitor.Enter or Exit on an object that everybody has and nobody else locks.
local function lock(what)
  ldtoken "class [mscorlib]System.CannotUnloadAppDomainException"
  call "class [mscorlib]System.Type [mscorlib]System.Type::GetTypeFromHandle(valuetype [mscorlib]System.RuntimeTypeHandle)"
  call("void [System.Threading]System.Threading.Monitor::" .. what .. "(object)")
end

local function count_one_more()
  domain()
  ldstr(slot)
  callvirt "instance object [mscorlib]System.AppDomain::GetData(string)"
  call "int32 [mscorlib]System.Convert::ToInt32(object)" -- null is 0
  ldc_i4_1()
  add()
  stloc "count"
  domain()
  ldstr(slot)
  ldloc "count"
  box "[mscorlib]System.Int32"
  callvirt "instance void [mscorlib]System.AppDomain::SetData(string,object)"
end

local function say()
  local silent = label()
  ldloc "count"
  ldloc "count"
  ldc_i4_1()
  sub()
  and_()
  brtrue(silent) -- no power of two
  call "class [mscorlib]System.IO.TextWriter [mscorlib]System.Console::get_Error()"
  ldstr "allocated ${type}: "
  ldloc "count"
  box "[mscorlib]System.Int32"
  call "string [mscorlib]System.String::Concat(object,object)"
  callvirt "instance void [mscorlib]System.IO.TextWriter::WriteLine(string)"
  place(silent)
end

template {
  name = "count",
  about = "counts the calls of a method for each type",
  locals = { { "count", "int32" }, { "result", "$return" } },
  max_stack = { at_least = 4 },
  body = function(m)
    shim.quietly(function()
      lock "Enter"
      shim.quietly(count_one_more) -- whatever happens, the lock is given back
      lock "Exit"
      say()
    end)
    original()
    if m.returns then stloc "result" ldloc "result" end
    ret()
  end,
}
