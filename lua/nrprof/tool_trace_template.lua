-- The template of `nrprof run`, in place of the default tracer: every call is one or two records on the standard error stream, written
-- by the framework itself. No managed agent is needed.
--
-- A record is  30 kind 31 field 31 field … 29 10  (decimal character codes); nrprof reads them out of the stream, see tool_trace.lua.
--   E thread start assembly type method parameters argument…   a call begins; start is Stopwatch.GetTimestamp()
--   R thread start now result                                  it returned (result: not for void)
--   T thread start now result ended status                     it returned a task; had it ended (True, False), and its Status
--   X thread start now exception message                       it threw
--   C start                                                    the task that it returned, which had not ended, has
-- Behind an argument or result stands  28 True  when it is null.
--
-- One write of less than PIPE_BUF (4096) bytes reaches a pipe in one piece: longer records are cut. That, and not Console.Error, because
-- an application may redirect that, or hold its lock.

local shim = require "nrprof.shim"

local FIELD, END, NULL = "\31", "\29\n", "\28"
local LONGEST = 1200 -- characters, of up to three bytes in UTF-8

local task_type = "class [mscorlib]System.Threading.Tasks.Task"

local function concat() call "string [mscorlib]System.String::Concat(string,string)" end
local function concat_object() call "string [mscorlib]System.String::Concat(object,object)" end
local function add(text) ldstr(text) concat() end

-- Of the value that `load` leaves as an object: its text, and a mark when it is null.
local function add_value(load)
  add(FIELD)
  load()
  concat_object()
  add(NULL)
  load()
  ldnull()
  call "bool [mscorlib]System.Object::ReferenceEquals(object,object)"
  box "[mscorlib]System.Boolean"
  concat_object()
end

local function add_number(load, type)
  add(FIELD)
  load()
  box("[mscorlib]System." .. type)
  concat_object()
end

local function timestamp() call "int64 [mscorlib]System.Diagnostics.Stopwatch::GetTimestamp()" end
local function thread() call "int32 [mscorlib]System.Environment::get_CurrentManagedThreadId()" end
local function begin(kind)
  ldstr("\30" .. kind)
  add_number(thread, "Int32")
  add_number(function() ldloc "start" end, "Int64")
end

-- Writes the text in the local of that name.
local function write()
  local short = label()
  ldloc "text"
  callvirt "instance int32 [mscorlib]System.String::get_Length()"
  ldc_i4(LONGEST)
  ble(short)
  ldloc "text"
  ldc_i4_0()
  ldc_i4(LONGEST)
  callvirt "instance string [mscorlib]System.String::Substring(int32,int32)"
  ldstr "…"
  concat()
  stloc "text"
  place(short)
  call "class [mscorlib]System.Text.Encoding [mscorlib]System.Text.Encoding::get_UTF8()"
  ldloc "text"
  ldstr(END)
  concat()
  callvirt "instance uint8[] [mscorlib]System.Text.Encoding::GetBytes(string)"
  stloc "bytes"
  call "class [mscorlib]System.IO.Stream [mscorlib]System.Console::OpenStandardError()"
  stloc "stream"
  ldloc "stream"
  ldloc "bytes"
  ldc_i4_0()
  ldloc "bytes"
  ldlen()
  conv_i4()
  callvirt "instance void [mscorlib]System.IO.Stream::Write(uint8[],int32,int32)"
  ldloc "stream"
  callvirt "instance void [mscorlib]System.IO.Stream::Dispose()"
end

local function write_entry()
  begin "E"
  add(FIELD .. "${assembly}" .. FIELD .. "${type}" .. FIELD .. "${method}" .. FIELD .. "${parameters}")
  stloc "text"
  shim.quietly(function() -- the application's own ToString
    ldloc "text"
    each_argument(function() add_value(ldarg_boxed) end)
    stloc "text"
  end)
  write()
end

local function write_failure()
  begin "X"
  add_number(timestamp, "Int64")
  add(FIELD)
  ldloc "failure"
  callvirt "instance class [mscorlib]System.Type [mscorlib]System.Object::GetType()"
  concat_object()
  add(FIELD)
  ldloc "failure"
  callvirt "instance string [mscorlib]System.Exception::get_Message()"
  concat()
  stloc "text"
  write()
end

-- When the task ends a stream writer is disposed of, whose buffer has a record.
local function write_when_ended()
  call "class [mscorlib]System.IO.Stream [mscorlib]System.Console::OpenStandardError()"
  newobj "instance void [mscorlib]System.IO.StreamWriter::.ctor(class [mscorlib]System.IO.Stream)"
  stloc "writer"
  ldloc "writer"
  ldstr("\30C")
  add_number(function() ldloc "start" end, "Int64")
  add(END)
  callvirt "instance void [mscorlib]System.IO.TextWriter::Write(string)"
  ldloc "task"
  callvirt("instance valuetype [mscorlib]System.Runtime.CompilerServices.TaskAwaiter [mscorlib]System.Threading.Tasks.Task::GetAwaiter()")
  box "[mscorlib]System.Runtime.CompilerServices.TaskAwaiter"
  ldloc "writer"
  ldftn "instance void [mscorlib]System.IO.TextWriter::Dispose()"
  newobj "instance void [mscorlib]System.Action::.ctor(object,nint)"
  callvirt "instance void [mscorlib]System.Runtime.CompilerServices.INotifyCompletion::OnCompleted(class [mscorlib]System.Action)"
end

local function load_result() ldloc_boxed "result" end

local function write_result(m)
  local no_task, written = label(), label()
  if m.returns then
    load_result()
    isinst(task_type)
    stloc "task"
    ldloc "task"
    brfalse(no_task)
    ldloc "task"
    callvirt "instance bool [mscorlib]System.Threading.Tasks.Task::get_IsCompleted()"
    stloc "ended" -- asked once: it may end between two questions
    begin "T"
    add_number(timestamp, "Int64")
    add_value(load_result)
    add(FIELD)
    ldloc "ended"
    box "[mscorlib]System.Boolean"
    concat_object()
    add(FIELD)
    ldloc "task"
    callvirt "instance valuetype [mscorlib]System.Threading.Tasks.TaskStatus [mscorlib]System.Threading.Tasks.Task::get_Status()"
    box "[mscorlib]System.Threading.Tasks.TaskStatus"
    concat_object()
    stloc "text"
    write()
    ldloc "ended"
    brtrue(written)
    write_when_ended()
    br(written)
  end
  place(no_task)
  begin "R"
  add_number(timestamp, "Int64")
  if m.returns then add_value(load_result) end
  stloc "text"
  write()
  place(written)
end

template {
  name = "tracer",
  about = "prints a method's calls on the standard error stream",
  locals = {
    { "start", "int64" },
    { "failure", "class [mscorlib]System.Exception" },
    { "text", "string" },
    { "bytes", "uint8[]" },
    { "stream", "class [mscorlib]System.IO.Stream" },
    { "task", task_type },
    { "ended", "bool" },
    { "writer", "class [mscorlib]System.IO.StreamWriter" },
    { "result", "$return" },
  },
  max_stack = { at_least = 8 },
  rets = "all",
  body = function(m)
    shim.quietly(function()
      timestamp()
      stloc "start"
      write_entry()
    end)
    try_catch(function()
      original()
      if m.returns then stloc "result" end
    end, "[mscorlib]System.Exception", function()
      stloc "failure"
      shim.quietly(write_failure)
      rethrow()
    end)
    shim.quietly(function() write_result(m) end)
    if m.returns then ldloc "result" end
    ret()
  end,
}
