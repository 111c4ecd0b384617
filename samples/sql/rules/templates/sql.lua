-- Writes the text of a DbCommand to the error stream, cut at LIMIT characters: texts may be long, and hold what does not belong
-- into a log.

local shim = require "nrprof.shim"

local LIMIT = 40

template {
  name = "sql",
  about = "shows the text of a command, cut at a limit",
  locals = { { "text", "string" }, { "result", "$return" } },
  max_stack = { at_least = 4 },
  body = function(m)
    if not m.is_static then
      shim.quietly(function()
        local short = label()
        ldarg_0()
        callvirt "instance string [System.Data.Common]System.Data.Common.DbCommand::get_CommandText()"
        stloc "text"
        ldloc "text"
        callvirt "instance int32 [mscorlib]System.String::get_Length()"
        ldc_i4(LIMIT)
        ble(short)
        ldloc "text"
        ldc_i4_0()
        ldc_i4(LIMIT)
        callvirt "instance string [mscorlib]System.String::Substring(int32,int32)"
        ldstr "…"
        call "string [mscorlib]System.String::Concat(string,string)"
        stloc "text"
        place(short)
        call "class [mscorlib]System.IO.TextWriter [mscorlib]System.Console::get_Error()"
        ldstr "sql ${method}: "
        ldloc "text"
        call "string [mscorlib]System.String::Concat(string,string)"
        callvirt "instance void [mscorlib]System.IO.TextWriter::WriteLine(string)"
      end)
    end
    original()
    if m.returns then stloc "result" ldloc "result" end
    ret()
  end,
}
