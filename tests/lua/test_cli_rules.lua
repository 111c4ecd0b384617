-- nrprof check, list and explain.

local cli = require "_cli"
local image = require "nrprof.image"
local lu = require "luaunit"
local nr = require "nr"

-- An assembly with what rules can be wrong about.
local function shapes()
  local a = image.assembly { name = "Shapes", version = "4.9.0.0", types = {
    { name = "N.C", extends = "[System.Runtime]System.Object", methods = {
      { name = "Text", sig = "20 01 01 0E", body = "06 2A" },          -- void Text(string)
      { name = "Text", sig = "20 02 01 0E 08", body = "06 2A" },       -- void Text(string, int)
      { name = "get_P", sig = "20 00 01", flags = 0x886, body = "06 2A" },
      { name = "Two", sig = "20 00 01", body = "12 2A 2A 14 7A" },     -- ret ret ldnull throw
      { name = "None", sig = "20 00 01", flags = 0x5C6 },              -- abstract
    } },
    { name = "N.S", flags = 0x100109, extends = "[System.Runtime]System.ValueType",
      methods = { { name = "M", sig = "20 00 01", body = "06 2A" } } },
  } }
  local dir = nr.directory()
  nr.write(dir .. "/Shapes.dll", a.bytes)
  return dir .. "/Shapes.dll"
end

local function rules(text) return cli.write { ["r.lua"] = text, ["x.txt"] = "not a rule file" } end

local function match(fields) return ("match { assembly = 'Shapes', class = 'N.C', %s }\n"):format(fields) end

TestExplain = { setUp = cli.posix_only }

local factory = "NewRelic.Agent.Core.Tracer.Factories.DefaultTracerFactory"

-- What is printed below the head of the one method.
local function explained(dir, method, code)
  local out, err, got = cli.run("explain", "--no-il", "-r", dir, "-a", shapes(), method)
  lu.assertEquals({ err, got }, { "", code }, out)
  return (out:gsub(dir:gsub("%p", "%%%0"), "R"))
end

function TestExplain.test_the_rule_that_wins_and_those_that_do_not()
  local dir = rules("tracer { name = 'First' }\n" .. match "'text'" .. match "'Text(String)'" .. match "min = '5.0', 'Text'"
    .. match "max = '4.9', 'Text'" .. match "where = function(m) return m.argument_count > 1 end, 'Text'"
    .. match "'Text'" .. "tracer {}\n" .. match "'Text'" .. match "'Texd'"
    .. "match { assembly = 'shapes', class = 'N.C', 'Text' }\nmatch { assembly = 'Shapes', class = 'n.C', 'Text' }\n"
    .. "match { assembly = 'Shapes', class = 'Far.Away', 'Text' }\n" .. match "'Text(System.String,System.Int64)'")
  lu.assertEquals(explained(dir, "N.C.Text(System.String)", 0), ([[
N.C.Text(System.String)
  assembly Shapes 4.9.0.0, method 06000001
  rule     R/r.lua:7, First
  result   instrumented by template tracer
  not by   R/r.lua:2, N.C.text
           case differs: the method is 'Text', not 'text'
           R/r.lua:3, N.C.Text(String)
           parameter 1 is spelled 'String', it has to be 'System.String'
           R/r.lua:4, N.C.Text
           version 4.9.0.0 of the assembly is below min 5.0
           R/r.lua:5, N.C.Text
           version 4.9.0.0 of the assembly is not below max 4.9
           R/r.lua:6, N.C.Text
           its `where` says no
           R/r.lua:9, N.C.Text
           it stands behind the rule that counts, R/r.lua:7
           R/r.lua:10, N.C.Texd
           it is for the method 'Texd'
           R/r.lua:11, N.C.Text
           case differs: the assembly is 'Shapes', not 'shapes'
           R/r.lua:12, n.C.Text
           case differs: the class is 'N.C', not 'n.C'
           R/r.lua:14, N.C.Text(System.String,System.Int64)
           it is for the overload (System.String,System.Int64)
]]))
end

function TestExplain.test_a_parameter_list_goes_first()
  local dir = rules("tracer {}\n" .. match "'Text'" .. match "'Text(System.String)'")
  lu.assertStrContains(explained(dir, "N.C.Text(System.String)", 0),
    "  rule     R/r.lua:3, " .. factory .. "\n  result   instrumented by template tracer\n"
    .. "  not by   R/r.lua:2, N.C.Text\n           the rule with a parameter list goes first: R/r.lua:3\n")
  -- A list whose versions do not fit hides the rule without one, all the same.
  dir = rules("tracer {}\n" .. match "'Text'" .. match "min = '5.0', 'Text(System.String)'")
  local out = explained(dir, "N.C.Text(System.String)", 1)
  lu.assertStrContains(out, "not instrumented: no rule names it\n")
  lu.assertStrContains(out, "R/r.lua:2, N.C.Text\n           there are rules with this parameter list, and only they count\n")
end

-- Rules with patterns and the like: everything that they ask for besides names.
function TestExplain.test_wide_rules()
  local function wide(fields) return ("match { assembly = 'Sha*', class = 'N.*', %s }\n"):format(fields) end
  local dir = rules("tracer {}\n" .. wide "'Te*', except = 'Text(System.String)'" .. wide "'Text(System.Int32)'" .. wide "'T*', min = '5.0'"
    .. wide "'T*', attribute = 'A.B'" .. wide "'T*', class_attribute = 'A.C'" .. wide "'T*', extends = 'A.D'" .. wide "'T*', implements = 'A.E'"
    .. wide "'T*', where = function() return false end" .. wide "'Far*'" .. wide "'Text(System.String,...)'" .. wide "'T*'")
  lu.assertEquals(explained(dir, "N.C.Text(System.String)", 0), ([[
N.C.Text(System.String)
  assembly Shapes 4.9.0.0, method 06000001
  rule     R/r.lua:11, FACTORY
  result   instrumented by template tracer
  not by   R/r.lua:2, N.*.Te*
           its `except` names it
           R/r.lua:3, N.*.Text(System.Int32)
           its parameters (System.Int32) do not fit (System.String)
           R/r.lua:4, N.*.T*
           version 4.9.0.0 of the assembly is below min 5.0
           R/r.lua:5, N.*.T*
           it does not carry the attribute A.B
           R/r.lua:6, N.*.T*
           its class does not carry the attribute A.C
           R/r.lua:7, N.*.T*
           its class does not derive from A.D
           R/r.lua:8, N.*.T*
           its class does not implement A.E
           R/r.lua:9, N.*.T*
           its `where` says no
           R/r.lua:12, N.*.T*
           it stands behind the rule that counts, R/r.lua:11
]]):gsub("FACTORY", factory))
  dir = rules("tracer {}\n" .. wide "'get_*'" .. wide "'Text'" .. match "'Text'" .. "ignore { assembly = 'S*', class = 'N.I*' }"
    .. wide "'Te*', except = { class = 'N.C' }" .. wide "'Te*', except = { assembly = 'Shape*' }")
  lu.assertStrContains(explained(dir, "N.C.Text(System.String)", 0),
    "R/r.lua:5, N.*.Te*\n           its `except` names it\n           R/r.lua:6, N.*.Te*\n           its `except` names it\n")
  lu.assertStrContains(explained(dir, "N.C.get_P", 1), "R/r.lua:2, N.*.get_*\n           methods of this kind are left alone\n")
  lu.assertStrContains(explained(dir, "N.C.Text(System.String)", 0),
    "R/r.lua:3, N.*.Text\n           a rule that names it goes first: R/r.lua:4\n")
  dir = rules("tracer {}\n" .. wide "'Text'" .. "ignore { assembly = 'S*', class = 'N.*' }")
  lu.assertStrContains(explained(dir, "N.C.Text(System.String)", 1), "R/r.lua:2, N.*.Text\n           an ignore list takes it out")
end

function TestExplain.test_methods_that_are_left_alone()
  local dir = rules("tracer {}\n" .. match "'get_P', 'Two', 'None'" .. "match { assembly = 'Shapes', class = 'N.S', 'M' }\n"
    .. "tracer { template = 'nowhere' }\n" .. match "'Text'" .. "ignore { assembly = 'Shapes', class = 'N.Ignored' }")
  for method, why in pairs {
    ["N.C.get_P"] = "it has a special name (accessor of a property or an event, operator, static constructor), which is left alone",
    ["N.C.Two"] = "it has several RETs and its last instruction is not RET, so the code cannot be wrapped",
    ["N.C.None"] = "it has no IL body: abstract, extern, or part of an interface",
    ["N.S.M"] = "its type has sequential layout (StructLayout), which is left alone",
    ["N.C.Text(System.String)"] = "its template 'nowhere' is missing or was refused (`nrprof check` says why)",
  } do
    lu.assertStrContains(explained(dir, method, 1), "  result   not instrumented: " .. why .. "\n")
  end
end

function TestExplain.test_ignored()
  local dir = rules("tracer {}\n" .. match "'Text'" .. "ignore { assembly = 'shapes' }")
  lu.assertStrContains(explained(dir, "N.C.Text(System.String)", 1),
    "R/r.lua:2, N.C.Text\n           an ignore list takes it out (`ignore` in a rule file, or newrelic.config)\n")
end

function TestExplain.test_code_and_json()
  local dir = rules("tracer {}\n" .. match "'Text(System.String)'")
  local out, err, code = cli.run("explain", "-r", dir, "-a", shapes(), "N.C.Text(System.String)")
  lu.assertEquals({ err, code }, { "", 0 })
  lu.assertStrContains(out, "\nN.C.Text (Shapes, 06000001)\n")
  lu.assertStrMatches(out, ".*%+ +IL_0000: ldnull +; tracer%.lua:%d+\n.*")
  out, err, code = cli.run("--json", "explain", "-r", dir, "-a", shapes(), "N.C.Text(System.String)")
  lu.assertEquals({ err, code }, { "", 0 })
  lu.assertStrContains(out, '"instrumented": true,')
  lu.assertStrContains(out, '"token": "06000001"')
end

-- A file that the profiler skips is named as the user knows it, not as the copy that the profiler has read.
function TestExplain.test_a_file_with_a_mistake()
  local dir = rules "tracer { nam = 'x' }"
  for _, words in ipairs { { "explain", "--no-il", "-a", shapes(), "N.C.Two" }, { "list" } } do
    words[#words + 1], words[#words + 2] = "-r", dir
    local _, err = cli.run(table.unpack(words))
    lu.assertEquals(err, ("nrprof: %s/r.lua:1: unknown field 'nam' in tracer, did you mean 'name'? - the file is skipped\n"):format(dir))
  end
end

function TestExplain.test_wrong_use()
  local dir, dll = rules "tracer {}", shapes()
  local rows = {
    { { "N.C.Text(string)" }, "nrprof: N.C.Text has no overload (string); there is (System.String) and (System.String,System.Int32)\n" },
    { { "N.C.Two(string)" }, "nrprof: N.C.Two has no overload (string); there is ()\n" },
    { { "N.C.text" }, "nrprof: Shapes has no method 'text' in N.C, did you mean 'Text'?\n" },
    { { "N.c.Text" }, "nrprof: Shapes has no class 'N.c', did you mean 'N.C'?\n" },
    { { "Elsewhere.Type.Text" }, "nrprof: Shapes has no class 'Elsewhere.Type' (a nested type is 'Outer+Inner')\n" },
    { { "Text" }, "nrprof: 'Text' is no method: write Namespace.Type.Method or Namespace.Type.Method(System.String,…)\n" },
    { {}, "nrprof: one method is wanted: 'Namespace.Type.Method(System.String)'\ntry 'nrprof explain --help'\n" },
  }
  for _, row in ipairs(rows) do
    cli.assert_run({ err = row[2], code = 2 }, "explain", "-r", dir, "-a", dll, table.unpack(row[1]))
  end
  cli.assert_run({ err = "nrprof: the assembly is not given: --assembly FILE\ntry 'nrprof explain --help'\n", code = 2 }, "explain", "N.C.M")
  cli.assert_run({ err = "nrprof: nowhere.dll: no such file\n", code = 2 }, "explain", "-a", "nowhere.dll", "N.C.M")
end

TestList = { setUp = cli.posix_only }

function TestList.test_rules_and_methods()
  local dir = rules("tracer { name = 'F', template = 'api' }\n" .. match "min = '1.0', max = '5.0', 'Text'" .. "tracer {}\n"
    .. match "where = function() return true end, 'Nothing'" .. "match { assembly = 'Other', class = 'N.C', 'M' }\n"
    .. "ignore { assembly = 'Other' }")
  local dll = shapes()
  local directory = dll:match "^(.*)/"
  cli.assert_run({ out = ([[
    2  R/r.lua:2  [Shapes]N.C.Text  from 1.0, below 5.0, template api, F
         [Shapes]N.C.Text
         [Shapes]N.C.Text
    0  R/r.lua:4  [Shapes]N.C.Nothing  where
    -  R/r.lua:5  [Other]N.C.M  ignored
2 rules, 1 ignored, 2 methods
]]):gsub("R/", dir .. "/") }, "list", "-r", dir, "-a", directory, "-m")
  local out = cli.run("list", "-r", dir)
  lu.assertStrContains(out, dir .. "/r.lua:2  [Shapes]N.C.Text  from 1.0")
  out = cli.run("--json", "list", "-r", dir, "-a", directory)
  lu.assertStrContains(out, '"count": 2')
end

TestCheck = { setUp = cli.posix_only }

local function check(dir, code, ...)
  local out, err, got = cli.run("check", dir, ...)
  lu.assertEquals({ err, got }, { "", code }, out)
  return (out:gsub(dir:gsub("%p", "%%%0"), "R"))
end

function TestCheck.test_nothing_to_say()
  lu.assertEquals(check(rules("tracer {}\n" .. match "'Text'"), 0), "1 file, 1 rule, 0 errors, 0 warnings\n")
end

function TestCheck.test_rules_among_themselves()
  local dir = rules("tracer {}\n" .. match "'Text'" .. match "'Text'" .. match "'tExt'"
    .. "tracer { template = 'cnt' }\nmatch { assembly = 'SHAPES', class = 'N.C', 'M' }\n")
  lu.assertEquals(check(dir, 1), [[
R/r.lua:3: warning: the rule for [Shapes]N.C.Text stands behind the one at R/r.lua:2, which goes first
R/r.lua:4: warning: the method 'tExt' differs only in case from 'Text' in R/r.lua:2
R/r.lua:6: warning: the assembly 'SHAPES' differs only in case from 'Shapes' in R/r.lua:2
R/r.lua:6: error: there is no template 'cnt', so its methods would stay as they are
1 file, 4 rules, 1 error, 3 warnings
]])
end

function TestCheck.test_files_that_are_refused()
  local dir = cli.write {
    ["a.lua"] = "tracer {\n", ["b.lua"] = "\ntracer { nme = 'x' }", ["c.xml"] = "<extension>\n<instrumentation>",
    ["instrumentation/templates/t.lua"] = "template { name = 't', rets = 'none',\n  body = function() nop() ldlc 'x' end }",
    ["instrumentation/templates/u.lua"] = "template { name = 'u', rets = 'none', body = function() ldarg_0() throw() end }",
  }
  local out = check(dir, 1)
  lu.assertStrMatches(out, "R/a%.lua:%d: error: [^\n]*expected[^\n]*\n.*")
  lu.assertStrContains(out, "R/b.lua:2: error: unknown field 'nme' in tracer, did you mean 'name'?\n")
  lu.assertStrMatches(out, ".*R/c%.xml[^\n]*: error: [^\n]*\n.*")
  lu.assertStrMatches(out, ".*R/instrumentation/templates/t%.lua:2: error: [^\n]*ldlc[^\n]*\n.*")
  lu.assertNotStrContains(out, "u.lua")
end

function TestCheck.test_rules_that_match_nothing()
  local dir = rules("tracer {}\n" .. match "'Txt'" .. match "'Text(String)'" .. match "'Text(System.Byte)'" .. match "min = '5.0', 'Two'"
    .. "match { assembly = 'Shape', class = 'N.C', 'Two' }\nmatch { assembly = 'Shapes', class = 'N.D', 'Two' }\n"
    .. match "where = function() return false end, 'get_P'" .. match "'None'" .. match "'Text'")
  local out = check(dir, 1, "-a", shapes():match "^(.*)/")
  for line, text in pairs {
    [2] = "N.C.Txt matches nothing: N.C has no method 'Txt', did you mean 'Text'?",
    [3] = "N.C.Text(String) matches nothing: parameter 1 is spelled 'String', it has to be 'System.String'",
    [4] = "N.C.Text(System.Byte) matches nothing: N.C.Text has no overload (System.Byte); there is (System.String) and (System.String,System.Int32)",
    [5] = "N.C.Two matches nothing: the version of Shapes is 4.9.0.0",
    [6] = "N.C.Two matches nothing: there is no assembly 'Shape', did you mean 'Shapes'?",
    [7] = "N.D.Two matches nothing: Shapes has no class 'N.D', did you mean 'N.C'?",
    [8] = "N.C.get_P matches nothing: its `where` says no to every method",
    [9] = "N.C.None matches nothing: N.C.None has no IL body",
  } do
    lu.assertStrContains(out, ("R/r.lua:%d: warning: %s\n"):format(line, text))
  end
  lu.assertNotStrContains(out, "r.lua:10")
end

function TestCheck.test_watch()
  local dir = rules("tracer {}\n" .. match "'Text'")
  local pipe = assert(io.popen(("echo $$; exec '%s' check --watch '%s' 2>&1"):format(nr.program, dir)))
  local process = pipe:read "l"
  lu.assertEquals(pipe:read "l", "1 file, 1 rule, 0 errors, 0 warnings")
  lu.assertStrContains(pipe:read "l", "nrprof: a running process reads changed files when the agent sees a change of an *.xml file")
  nr.write(dir .. "/r.lua", "tracer { lvl = 1 }")
  lu.assertEquals({ pipe:read "l", pipe:read "l", pipe:read "l" },
    { "", dir .. "/r.lua:1: error: unknown field 'lvl' in tracer, did you mean 'level'?", "1 file, 0 rules, 1 error, 0 warnings" })
  os.execute("kill " .. process)
  pipe:close()
end

function TestCheck.test_wrong_use()
  cli.assert_run({ err = "nrprof: no rule file or directory is given\ntry 'nrprof check --help'\n", code = 2 }, "check")
  cli.assert_run({ err = "nrprof: nowhere: no such file or directory\n", code = 2 }, "check", "nowhere")
  local dir = nr.directory()
  cli.assert_run({ err = ("nrprof: %s: no rule file (*.lua, *.xml) in it\n"):format(dir), code = 2 }, "check", dir)
end
