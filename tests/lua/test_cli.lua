-- The command line tool itself: options, exit codes, the test runner, dump and record.

local nr = require "nr"
local lu = require "luaunit"

-- Runs nrprof; what it wrote to its output, to its error stream, and its exit code.
local function run(...)
  local words = { "'" .. nr.program .. "'" }
  for i, word in ipairs { ... } do words[i + 1] = "'" .. word:gsub("'", "'\\''") .. "'" end
  local dir = nr.directory()
  local pipe = assert(io.popen(table.concat(words, " ") .. " 2>" .. dir .. "/err", "r"))
  local out = pipe:read "a"
  local _, _, code = pipe:close()
  local file <close> = assert(io.open(dir .. "/err"))
  return out, file:read "a", code
end

local function posix_only()
  if nr.windows then lu.skip "these tests use a POSIX shell" end
end

TestUsage = { setUp = posix_only }

function TestUsage.test_help()
  local out, err, code = run "--help"
  lu.assertEquals({ err, code }, { "", 0 })
  lu.assertStrContains(out, "usage: nrprof COMMAND")
  for _, command in ipairs { "test", "dump", "record", "postmortem" } do
    lu.assertStrMatches(out, ".*\n  " .. command .. " +%l.*")
    local text, said, exit = run(command, "--help")
    lu.assertEquals({ said, exit }, { "", 0 })
    lu.assertStrContains(text, "usage: nrprof " .. command .. " ")
  end
end

function TestUsage.test_version()
  lu.assertStrMatches(run "--version", "nrprof %d+%.%d+%.%d+\n")
  lu.assertStrMatches(run("--version", "--json"), '{"name":"nrprof","version":"%d+%.%d+%.%d+"}\n')
end

-- Wrong use: one line that says what, one that says where to read on; exit code 2, nothing on the output.
function TestUsage.test_wrong_use()
  local rows = {
    { { "tset" }, "nrprof: unknown command 'tset', did you mean 'test'?\ntry 'nrprof --help'\n" },
    { { "frobnicate" }, "nrprof: unknown command 'frobnicate'\ntry 'nrprof --help'\n" },
    { { "--versoin" }, "nrprof: unknown option '--versoin', did you mean '--version'?\ntry 'nrprof --help'\n" },
    { { "test" }, "nrprof: no test file or directory is given\ntry 'nrprof test --help'\n" },
    { { "test", "--verbos", "x" }, "nrprof: unknown option '--verbos', did you mean '--verbose'?\ntry 'nrprof test --help'\n" },
    { { "test", "-x" }, "nrprof: unknown option '-x'\ntry 'nrprof test --help'\n" },
    { { "test", "--verbose=1", "x" }, "nrprof: option '--verbose' takes no value\ntry 'nrprof test --help'\n" },
    { { "test", "nowhere" }, "nrprof: nowhere: no such file or directory\n" },
    { { "dump" }, "nrprof: no assembly is given\ntry 'nrprof dump --help'\n" },
    { { "dump", "--dif", "x" }, "nrprof: unknown option '--dif', did you mean '--diff'?\ntry 'nrprof dump --help'\n" },
    { { "dump", "--before", "--after", "x" }, "nrprof: --before, --after and --diff exclude each other\ntry 'nrprof dump --help'\n" },
    { { "dump", "x", "--method" }, "nrprof: option '--method' needs a value: GLOB\ntry 'nrprof dump --help'\n" },
    { { "dump", "-m", "a", "--method=b", "x" }, "nrprof: option '--method' is given twice\ntry 'nrprof dump --help'\n" },
    { { "dump", "nowhere.dll" }, "nrprof: nowhere.dll: no such file\n" },
    { { "record", nr.program }, "nrprof: where the recording goes is not given: -o FILE\ntry 'nrprof record --help'\n" },
    { { "record", "-o", "/nowhere/x", nr.program }, "nrprof: /nowhere/x: the file cannot be written\n" },
    { { "dump", "--", "--diff" }, "nrprof: --diff: no such file\n" },
  }
  for _, row in ipairs(rows) do
    local out, err, code = run(table.unpack(row[1]))
    lu.assertEquals({ out, err, code }, { "", row[2], 2 }, table.concat(row[1], " "))
  end
end

function TestUsage.test_no_command()
  local out, err, code = run()
  lu.assertEquals({ out, code }, { "", 2 })
  lu.assertStrContains(err, "usage: nrprof COMMAND")
end

TestRunner = { setUp = posix_only }

local function write(files)
  local dir = nr.directory()
  for name, text in pairs(files) do nr.write(dir .. "/" .. name, text) end
  return dir
end

local head = "local lu = require 'luaunit'\nTestX = {}\n"

function TestRunner.test_counts_and_exit_codes()
  local dir = write {
    ["good.lua"] = head .. "function TestX.test_a() end function TestX.test_b() end",
    ["bad.lua"] = head .. "function TestX.test_c() lu.assertEquals(1, 2) end\nfunction TestX.test_d() lu.skip 'no reason' end",
  }
  local out, err, code = run("test", dir .. "/good.lua")
  lu.assertEquals({ out, err, code }, { "2 passed, 0 failed\n", "", 0 })
  out, err, code = run("test", dir)
  lu.assertEquals({ err, code }, { "", 1 })
  lu.assertEquals(out, ("FAIL %s/bad.lua: TestX.test_c\n     %s/bad.lua:3: expected: 2, actual: 1\n"):format(dir, dir)
    .. ("skip %s/bad.lua: TestX.test_d: no reason\n3 passed, 1 failed, 1 skipped\n"):format(dir):gsub("3 passed", "2 passed"))
end

function TestRunner.test_verbose_and_pattern()
  local dir = write { ["t.lua"] = head .. "function TestX.test_one() end function TestX.test_two() end" }
  lu.assertEquals(run("test", "-v", dir),
    ("ok   %s/t.lua: TestX.test_one\nok   %s/t.lua: TestX.test_two\n2 passed, 0 failed\n"):format(dir, dir))
  lu.assertEquals(run("test", "-v", "two", dir), ("ok   %s/t.lua: TestX.test_two\n1 passed, 0 failed\n"):format(dir))
  lu.assertEquals(run("test", "!two", dir), "1 passed, 0 failed\n")
  local out, err, code = run("test", "three", dir)
  lu.assertEquals({ out, err, code }, { "", "nrprof: no test matches 'three' (2 tests were looked at)\n", 2 })
end

-- A file that cannot be read, or tests nothing, must not pass for a success.
function TestRunner.test_files_that_do_not_work()
  local dir = write { ["syntax.lua"] = "function (", ["empty.lua"] = "local x = 1", ["error.lua"] = "error 'early'" }
  local out, _, code = run("test", dir)
  lu.assertEquals(code, 1)
  lu.assertStrContains(out, "FAIL " .. dir .. "/syntax.lua: the file\n")
  lu.assertStrContains(out, "syntax.lua:1: <name> expected near '('")
  lu.assertStrContains(out, "empty.lua: the file has no test (a global that begins with 'Test')")
  lu.assertStrContains(out, "error.lua:1: early")
  lu.assertStrContains(out, "\n0 passed, 3 failed\n")
end

function TestRunner.test_each_file_has_a_state_of_its_own()
  local dir = write {
    ["a.lua"] = "TestA = {} function TestA.test_a() leaked = true end",
    ["b.lua"] = "TestB = {} function TestB.test_b() assert(leaked == nil and TestA == nil) end",
  }
  lu.assertEquals(run("test", dir), "2 passed, 0 failed\n")
end

-- Names that begin with '_' are modules of the tests beside them; directories are read in depth.
function TestRunner.test_modules_and_directories()
  local dir = write {
    ["_m.lua"] = "return 42",
    ["t.lua"] = "TestT = {} function TestT.test_m() assert(require '_m' == 42) end",
    ["sub/_hidden/x.lua"] = "syntax error",
    ["sub/t.lua"] = "TestT = {} function TestT.test_sub() end",
    ["notes.txt"] = "no Lua",
  }
  lu.assertEquals(run("test", dir), "2 passed, 0 failed\n")
  local out, err, code = run("test", write { ["notes.txt"] = "" })
  lu.assertEquals({ out, code }, { "", 2 })
  lu.assertStrContains(err, "no test file (*.lua) in it")
end

function TestRunner.test_json()
  local dir = write { ["t.lua"] = head .. "function TestX.test_a() end function TestX.test_b() lu.fail 'why \"so\"' end" }
  local out, _, code = run("test", "--json", dir)
  lu.assertEquals(code, 1)
  lu.assertStrMatches(out, '%s*{%s*"passed":%s*1,%s*"failed":%s*1,%s*"skipped":%s*0,%s*"tests":%s*%[.*%]%s*}%s*')
  lu.assertStrMatches(out, '.*"name":%s*"TestX.test_b",%s*"status":%s*"failed",%s*"message":%s*".-why \\"so\\"".*')
end

-- setUp and tearDown are LuaUnit's; a fault in them is a fault of the test.
function TestRunner.test_set_up()
  local dir = write { ["t.lua"] = head .. "function TestX.setUp() n = (n or 0) + 1 end function TestX.test_a() assert(n == 1) end"
    .. " function TestX.test_b() assert(n == 2) end function TestX.tearDown() if n == 2 then error 'down' end end" }
  local out, _, code = run("test", dir)
  lu.assertEquals(code, 1)
  lu.assertStrContains(out, "down")
  lu.assertStrContains(out, "1 passed, 1 failed\n")
end

-- The sample of the demo, where it was built; a profiler library beside nrprof.
TestAssemblies = {}

local sample = os.getenv "NRPROF_SAMPLE" or "build/dotnet/ConsoleSample/Contoso.Console.dll"

function TestAssemblies.setUp()
  posix_only()
  local file = io.open(sample, "rb")
  if not file then lu.skip("there is no " .. sample) end
  file:close()
  local library = io.open(nr.program:gsub("[^/]*$", "libNewRelicProfiler.so"), "rb")
  if not library then lu.skip "there is no profiler library beside nrprof" end
  library:close()
end

local rules = [[tracer { name = "T" }
  match { assembly = "Contoso.Console", class = "Contoso.Cart", "Total" }]]

function TestAssemblies.test_dump_diff()
  local dir = write { ["r.lua"] = rules }
  local out, err, code = run("dump", sample, "--rules", dir, "-m", "Contoso.Cart.Total", "--diff")
  lu.assertEquals({ err, code }, { "", 0 })
  lu.assertStrMatches(out, "Contoso%.Cart%.Total %(Contoso%.Console, 060%x+%)\n.*")
  lu.assertStrContains(out, "\n  rule " .. dir .. "/r.lua:2\n  template tracer (instrumentation/templates/tracer.lua)\n")
  lu.assertStrMatches(out, ".*\n%+  IL_0000: ldnull +; tracer%.lua:%d+\n.*")
  lu.assertStrMatches(out, '.*\n%+  IL_%x+: ldstr 70%x+ "T" +; tracer%.lua:%d+\n.*')
  lu.assertStrMatches(out, ".*\n%+%.try IL_0005%.%.IL_%x+ catch 01%x+ %[System%.Runtime%]System%.Exception handler IL_%x+%.%.IL_%x+\n.*")
  -- every instruction of the original is there, unmarked or taken away; what is added comes from the template
  for line in out:gmatch "\n(%+  IL_[^\n]*)" do
    if not line:find("; tracer.lua", 1, true) and not line:find("; nrprof.shim", 1, true) then lu.assertStrMatches(line, "%+  IL_%x+: [bn]%l+.*") end
  end
  lu.assertStrMatches(out, '.*\n%+  IL_%x+: ldstr 70%x+ "[^\n]*NewRelic.Agent.Core.dll" +; nrprof.shim:%d+\n.*')
  -- what the template wrote is new, even where the original has an instruction like it
  lu.assertNil(out:find "\n   IL_[^\n]*; tracer%.lua")
end

function TestAssemblies.test_dump_before_and_after()
  local dir = write { ["r.lua"] = rules }
  local before = run("dump", sample, "--rules", dir, "-m", "Contoso.Cart.Total", "--before")
  local after = run("dump", sample, "--rules", dir, "-m", "Contoso.Cart.Total", "--after")
  lu.assertNil(before:find("AgentShim", 1, true))
  lu.assertStrContains(before, "endfinally")
  lu.assertStrContains(after, '"NewRelic.Agent.Core.AgentShim"')
  lu.assertStrContains(after, "endfinally")
end

function TestAssemblies.test_dump_of_what_is_not_instrumented()
  local dir = write { ["r.lua"] = rules }
  local out, _, code = run("dump", sample, "--rules", dir, "-m", "Contoso.Cart.A?d")
  lu.assertEquals(code, 0)
  lu.assertStrContains(out, "Contoso.Cart.Add (Contoso.Console, 06000001): not instrumented\n")
  local _, err, none = run("dump", sample, "--rules", dir, "-m", "Contoso.Kart.*")
  lu.assertEquals({ err, none }, { "nrprof: no method matches 'Contoso.Kart.*'\n", 1 })
end

function TestAssemblies.test_dump_without_a_home()
  local out, err, code = run("dump", sample, "--home", "/nowhere")
  lu.assertEquals({ out, err, code }, { "", "nrprof: /nowhere: no such home directory\n", 2 })
end

function TestAssemblies.test_what_is_no_assembly()
  local dir = write { ["x.dll"] = "MZ", ["rules/r.lua"] = rules }
  local out, err, code = run("dump", dir .. "/x.dll", "--rules", dir .. "/rules")
  lu.assertEquals({ out, code }, { "", 2 })
  lu.assertStrMatches(err, "nrprof: " .. dir:gsub("%p", "%%%0") .. "/x%.dll: .* %(at offset 0x%x+%)\n")
end

-- A template of the home, and the order of methods: token numbers depend on it.
function TestAssemblies.test_record()
  local dir = write {
    ["newrelic.config"] = '<configuration xmlns="urn:newrelic-config" agentEnabled="true"/>',
    ["NewRelic.Agent.Core.dll"] = "",
    ["extensions/r.lua"] = [[tracer {} match { assembly = "Contoso.Console", class = "Contoso.Cart", "Total", "Add" }]],
    ["order"] = "# backwards\nContoso.Console\t06000003\nContoso.Console\t06000002\tmore columns\n",
    ["wrong"] = "Contoso.Console\t06000003\nContoso.Console\t0600FFFF\n",
  }
  local function bodies(...)
    local out, err, code = run("record", sample, "--home", dir, "-o", "-", ...)
    lu.assertEquals(code, 0, err)
    local list = {}
    for token in out:gmatch '{"ev":"setil"[^\n]-"type":"Contoso%.Cart"[^\n]-"tok":"(%x+)"' do list[#list + 1] = token end
    return list, out, err
  end
  local list, first, err = bodies()
  lu.assertEquals(list, { "06000001", "06000002", "06000003" })
  lu.assertStrMatches(err, "%d+ methods compiled, %d+ bodies written, recording in %-\n") -- those with attributes, too
  local _, again = bodies()
  lu.assertEquals(first, again)
  lu.assertEquals((bodies("--order", dir .. "/order")), { "06000003", "06000002" })
  local _, said, code = run("record", sample, "--home", dir, "-o", "-", "--order", dir .. "/wrong")
  lu.assertEquals(code, 2)
  lu.assertStrContains(said, "/wrong:2: neither a method of the given assemblies nor 'assembly<tab>token'\n")
end
