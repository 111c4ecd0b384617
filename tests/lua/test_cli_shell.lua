-- nrprof repl, completion and man.

local cli = require "_cli"
local lu = require "luaunit"
local nr = require "nr"

TestRepl = { setUp = cli.posix_only }

-- What is printed for these lines; prompts stand in front of the answers.
local function repl(lines, ...)
  local out, err, code = cli.run({ input = table.concat(lines, "\n") .. "\n" }, "repl", ...)
  lu.assertEquals(code, 0, err)
  return out, err
end

function TestRepl.test_rules_against_an_assembly()
  local out, err = repl({ "tracer {}", 'match { assembly = "Contoso.Console", class = "Contoso.Cart",', '"Add" }', ":undo", ":rules", ":quit" },
    cli.sample())
  lu.assertEquals(err, "")
  lu.assertStrMatches(out, "Contoso%.Console, %d+ methods%. :help lists the commands%.\n"
    .. "> 0 methods\n> %.%. 2 methods\n  Contoso%.Cart%.Add%(System%.String%)\n  Contoso%.Cart%.Add%(System%.String,System%.Int32%)\n"
    .. "> 0 methods\n> tracer {}\n> ")
end

function TestRepl.test_mistakes_are_not_kept()
  local out, err = repl { "tracer {}", "tracer { lvl = 1 }", "match {", "", "nonsense()", ":nosuch", ":load", ":load nowhere", ":rules" }
  lu.assertEquals(out, "> 1 piece\n> > .. > > > > > tracer {}\n> \n")
  lu.assertStrContains(err, "nrprof: unknown field 'lvl' in tracer, did you mean 'level'?\nnrprof: it has no end\n")
  lu.assertStrContains(err, "nrprof: ':nosuch' is no command; :help lists them\nnrprof: :load needs a word behind it; :help says which\n"
    .. "nrprof: nowhere: no such file\n")
end

function TestRepl.test_explain_save_load_and_templates()
  local dir = cli.write { ["t.lua"] = "template { name = 't', rets = 'none', body = function() ldarg_0() throw() end }",
    ["bad.lua"] = "template { name = 't', rets = 'none', body = function() ldlc() end }" }
  local out, err = repl({ "tracer {}", 'match { assembly = "Contoso.Console", class = "Contoso.Cart", "Total" }',
    ":explain Contoso.Cart.Total", ":save " .. dir .. "/saved.lua", ":template " .. dir .. "/t.lua", ":template " .. dir .. "/bad.lua" },
    cli.sample())
  lu.assertStrContains(out, "  result   instrumented by template tracer\n")
  lu.assertStrContains(out, "t.lua: good for every kind of method\n")
  lu.assertStrMatches(err, "nrprof: bad%.lua:1: [^\n]*ldlc[^\n]*\n")
  lu.assertEquals(cli.read(dir .. "/saved.lua"), 'tracer {}\nmatch { assembly = "Contoso.Console", class = "Contoso.Cart", "Total" }\n')
  out = repl({ ":load " .. dir .. "/saved.lua" }, cli.sample())
  lu.assertStrContains(out, "> 1 method\n  Contoso.Cart.Total(System.Decimal)\n")
end

local function commands()
  local list = {}
  local text = cli.run "--help"
  for name in text:match("^(.*)\noptions:"):gmatch "\n  ([%w-]+) +[^\n]*" do list[#list + 1] = name end
  return list
end

TestCompletion = { setUp = cli.posix_only }

local function has(program) return os.execute(("command -v %s >/dev/null 2>&1"):format(program)) end

-- What bash offers for words, the last of which is being typed.
local function offers(...)
  local words = { ... }
  local script = cli.write { ["c.sh"] = cli.run("completion", "bash") .. ("\nCOMP_WORDS=(%s)\nCOMP_CWORD=%d\n_nrprof\necho \"${COMPREPLY[@]}\"\n"):format(
    "'" .. table.concat(words, "' '") .. "'", #words - 1) }
  local pipe <close> = assert(io.popen("bash " .. script .. "/c.sh 2>&1"))
  return pipe:read "l"
end

function TestCompletion.test_bash()
  if not has "bash" then lu.skip "there is no bash" end
  lu.assertEquals(offers("nrprof", "ex"), "explain export-xml")
  lu.assertEquals(offers("nrprof", "check", "--a"), "--assemblies")
  lu.assertEquals(offers("nrprof", "check", "fi"), "")
  lu.assertEquals(offers("nrprof", "run", "--w"), "--why")
end

function TestCompletion.test_every_command_is_known_to_every_shell()
  for _, shell in ipairs { "bash", "zsh", "powershell" } do
    local text, err, code = cli.run("completion", shell)
    lu.assertEquals({ err, code }, { "", 0 })
    for _, name in ipairs(commands()) do lu.assertStrContains(text, name) end
  end
  if has "zsh" then lu.assertTrue(os.execute(("'%s' completion zsh | zsh -n"):format(nr.program))) end
end

function TestCompletion.test_wrong_use()
  local hint = "\ntry 'nrprof completion --help'\n"
  cli.assert_run({ err = "nrprof: one shell is wanted: bash, zsh or powershell" .. hint, code = 2 }, "completion")
  cli.assert_run({ err = "nrprof: unknown shell 'fish': bash, zsh or powershell" .. hint, code = 2 }, "completion", "fish")
end

TestMan = { setUp = cli.posix_only }

function TestMan.test_page()
  local text, err, code = cli.run "man"
  lu.assertEquals({ err, code }, { "", 0 })
  for _, name in ipairs(commands()) do lu.assertStrContains(text, ".SS nrprof " .. name:gsub("%-", "\\-") .. " ") end
  for line in text:gmatch "[^\n]+" do
    if line:find "^[.']" then lu.assertStrMatches(line, "%.%a%a?%a?.*") end
  end
  if not has "groff" then lu.skip "there is no groff to read it" end
  local pipe <close> = assert(io.popen(("'%s' man | groff -man -Tascii -ww 2>&1 >/dev/null"):format(nr.program)))
  lu.assertEquals(pipe:read "a", "")
end
