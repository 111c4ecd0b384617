-- nrprof run: its rules, the records in an error stream, and the lines that are made of them. With a real CLR: tests/run/run.sh.

local cli = require "_cli"
local lu = require "luaunit"
local nr = require "nr"
local run = require "nrprof.tool_run"
local trace = require "nrprof.tool_trace"

TestReader = {}

-- What the reader makes of a stream that comes in pieces of n bytes.
local function read(stream, n)
  local list = {}
  local reader = trace.reader(function(fields) list[#list + 1] = "[" .. table.concat(fields, "|") .. "]" end,
    function(text) list[#list + 1] = text end)
  for i = 1, #stream, n do reader.feed(stream:sub(i, i + n - 1)) end
  reader.finish()
  return table.concat(list)
end

function TestReader.test_records_and_other_text_in_pieces_of_any_size()
  local stream = "before\n\30E\0311\0312\29\nbetween\30C\0315\29\r\nafter \30not a record"
  for n = 1, #stream do
    lu.assertEquals(read(stream, n), "before\n[E|1|2]between[C|5]after \30not a record")
  end
end

-- Something else that begins like a record is not kept back for ever.
function TestReader.test_what_only_looks_like_a_record()
  local long = "\30" .. ("x"):rep(70000)
  local passed = ""
  local reader = trace.reader(function() lu.fail "no record" end, function(text) passed = passed .. text end)
  reader.feed(long)
  lu.assertEquals(passed, long)
end

TestValues = {}

function TestValues.test_how_they_are_shown()
  for _, row in ipairs {
    { "text\28False", "System.String", '"text"' }, { "\28False", "System.String", '""' }, { "\28True", "System.String", "null" },
    { "\28True", "System.Object", "null" }, { "x\28False", "System.Char", "'x'" }, { "5\28False", "System.Int32", "5" },
    { "\28True", "System.Int32&", "ref" }, { "\28True", "System.Byte*", "pointer" }, { "a\nb\tc\1\28False", "System.Object", "a\\nb\\tc?" },
    { ("x"):rep(100) .. "\28False", nil, ("x"):rep(79) .. "…" }, { "cut off…", "System.Object", "cut off…" },
  } do
    lu.assertEquals(trace.value(row[1], row[2]), row[3])
  end
end

function TestValues.test_durations()
  lu.assertEquals(trace.duration(1500), "0.002 ms")
  lu.assertEquals(trace.duration(12345678), "12.3 ms")
  lu.assertEquals(trace.duration(2500000000), "2.50 s")
end

TestCalls = {}

-- The lines of some records; their fields divided by blanks.
local function lines(...)
  local calls, list = trace.calls(function() return 9000000 end, 1), {}
  for _, record in ipairs { ... } do
    local fields = {}
    for field in (record .. " "):gmatch "(%S*) " do fields[#fields + 1] = field end
    local event = calls.take(fields)
    if event then list[#list + 1] = trace.line(event) end
  end
  return list, calls
end

function TestCalls.test_nested_calls_of_two_threads()
  local list, calls = lines("E 1 1000000 A N.C Out System.String,System.Int32 x\28False 5\28False", "E 1 2000000 A N.C In ", "E 7 2500000 A N.C Out ",
    "R 1 2000000 3000000", "R 7 2500000 3500001 null\28True", "R 1 1000000 4000000 6\28False")
  lu.assertEquals(list, {
    '   0.000  thread 1   > N.C.Out("x", 5)', "   0.001  thread 1     > N.C.In()", "   0.002  thread 7   > N.C.Out()",
    "   0.002  thread 1     < N.C.In (1.0 ms)", "   0.003  thread 7   < N.C.Out = null (1.0 ms)", "   0.003  thread 1   < N.C.Out = 6 (3.0 ms)",
  })
  lu.assertEquals(calls.count, 3)
end

function TestCalls.test_exceptions_and_tasks()
  lu.assertEquals(lines("E 1 1000000 A N.C Out ", "E 1 1500000 A N.C In ", "X 1 1000000 2000000 N.Error text",
    "E 1 3000000 A N.C Async ", "T 1 3000000 4000000 Task\28False False WaitingForActivation", "C 3000000",
    "E 1 5000000 A N.C Done ", "T 1 5000000 6000000 Task\28False True Faulted", "C 5000000"), {
    "   0.000  thread 1   > N.C.Out()", "   0.001  thread 1     > N.C.In()", "   0.001  thread 1   ! N.C.Out threw N.Error: text (1.0 ms)",
    "   0.002  thread 1   > N.C.Async()", "   0.003  thread 1   < N.C.Async = a task, still running (1.0 ms)",
    "   0.008  thread 1   * N.C.Async: its task ended after 6.0 ms",
    "   0.004  thread 1   > N.C.Done()", "   0.005  thread 1   < N.C.Done = a task, faulted (1.0 ms)",
  })
end

-- Records that were cut, or are none of ours, end nothing.
function TestCalls.test_nonsense()
  lu.assertEquals(lines("E", "E 1 x A N.C M ", "R 1 5 6", "R", "T 1", "X 1 2 y", "C", "C 77", "Z 1 2 3", ""), {})
end

TestRules = {}

-- The rules of patterns load, and name what they say.
function TestRules.test_patterns()
  local s <close> = nr.script { level = "warn" }
  lu.assertTrue(s:rules(run.rules_of "[Shop]Contoso.Cart::Add(System.String)\n[Shop]Contoso.Cart::Total", "r.lua"))
  local points = s:points()
  lu.assertEquals({ points[1].assembly, points[1].class, points[1].method, points[1].parameters }, { "Shop", "Contoso.Cart", "Add", "System.String" })
  lu.assertEquals({ points[2].method, points[2].parameters }, { "Total" })
end

function TestRules.test_the_template_has_every_shape()
  local s <close> = nr.script { templates = { ["tracer.lua"] = nr.embedded "nrprof.tool_trace_template.lua" }, level = "warn" }
  lu.assertEquals(nr.log(), {})
  for _, returns in ipairs { true, false } do
    lu.assertEquals(s:blob("tracer", { returns = returns }).locals[1].name, "start")
  end
end

TestRunUsage = { setUp = cli.posix_only }

function TestRunUsage.test_wrong_use()
  local hint = "\ntry 'nrprof run --help'\n"
  for _, row in ipairs {
    { {}, "no program is given: nrprof run --trace PATTERN -- dotnet app.dll" .. hint },
    { { "--", "true" }, "nothing to show: --trace PATTERN or --rules DIR" .. hint },
    { { "--trace", "Cart.Add", "--", "true" },
      "'Cart.Add' is no pattern: write Namespace.Type::Method or [Assembly]Namespace.Type::Method, with * for any text\n" },
    { { "--rules", "nowhere", "--", "true" }, "nowhere: no such directory\n" },
    { { "--trace", "[A]B::C", "--profiler", "nowhere.so", "--", "true" }, "nowhere.so: no such profiler library\n" },
    { { "--trace", "[A]B::C", "--", "/nowhere/program" }, "/nowhere/program: no such program, or it cannot be started\n" },
  } do
    cli.assert_run({ err = "nrprof: " .. row[2], code = 2 }, "run", table.unpack(row[1]))
  end
end

function TestRunUsage.test_a_program_that_is_no_dotnet_application()
  cli.assert_run({ out = "in\n", code = 4, err = "to errors\nnrprof: 0 calls of 0 methods, exit code 4; the profiler was not loaded: "
    .. "no .NET (Core) application, or its diagnostics are off (DOTNET_EnableDiagnostics)\n" },
    { input = "in\n" }, "run", "--trace", "[A]B::C", "--", "sh", "-c", "cat; echo to errors >&2; exit 4")
end
