-- What docs/rules.md and docs/templates.md show is true: every example loads, every field, fact and verb is there.

local nr = require "nr"
local lu = require "luaunit"
local support = require "_support"

local here = debug.getinfo(1, "S").source:match "^@(.*)[/\\]" or "."
local root = here .. "/../../"

local function read(path)
  local f = assert(io.open(root .. path, "rb"))
  local text = f:read "a"
  f:close()
  return (text:gsub("\r\n", "\n"))
end

-- Calls `each(kind, text, line)` for the blocks of Lua in a document, indented ones in lists as well.
local function blocks(path, each)
  local kind, lines, start, margin, count = nil, {}, 0, "", 0
  local number = 0
  for line in read(path):gmatch "([^\n]*)\n" do
    number = number + 1
    local indent, opened = line:match "^(%s*)```lua ?(%a*)$"
    if opened then
      kind, lines, start, margin = opened, {}, number, indent
    elseif kind and line == margin .. "```" then
      count = count + 1
      each(kind, table.concat(lines, "\n"), start)
      kind = nil
    elseif kind then
      lines[#lines + 1] = line:sub(#margin + 1)
    end
  end
  return count
end

TestRulesDocument = {}

function TestRulesDocument.test_examples()
  local n = blocks("docs/rules.md", function(_, text, line)
    local s <close> = nr.script()
    lu.assertTrue(s:rules(text, "docs/rules.md"), "line " .. line)
    lu.assertEquals(support.logged "WARN", {}, "line " .. line)
    lu.assertTrue(#s:points() > 0, "line " .. line)
  end)
  lu.assertTrue(n >= 8)
end

-- Every fact stands in the table, and nothing else does.
function TestRulesDocument.test_facts()
  local known, shown = {}, {}
  for name in read "src/script/facts.h":gmatch 'X%([A-Z_]+, "([a-z_]+)", %u+%)' do known[name] = true end
  local section = read "docs/rules.md":match "### where\n(.-)\n### "
  for row in section:gmatch "\n| (`[^|]*) |" do
    for name in row:gmatch "`([a-z_]+)`" do shown[name] = true end
  end
  lu.assertTrue(known.is_async and known.interfaces)
  lu.assertEquals(shown, known)
end

-- Every field of the verbs is in the tables and in the annotations for editors.
function TestRulesDocument.test_fields()
  local source, document, meta = read "lua/nrprof/rules.lua", read "docs/rules.md", read "lua/nrprof/meta/rules.lua"
  for _, verb in ipairs { "tracer", "match", "except", "ignore", "process" } do
    local fields, count = source:match("local " .. verb .. "_fields = (%b{})"), 0
    for name in fields:gmatch "([%a_]+) =" do
      count = count + 1
      lu.assertStrContains(document, name)
      lu.assertStrContains(meta, name)
    end
    lu.assertTrue(count > 0, verb)
  end
  for name in read "src/script/facts.h":gmatch 'X%([A-Z_]+, "([a-z_]+)", %u+%)' do
    lu.assertStrContains(meta, "---@field " .. name .. " ")
  end
end

-- The annotations are for editors: they must compile, and are in no product.
function TestRulesDocument.test_annotations()
  for _, name in ipairs { "rules", "templates" } do
    local path = "lua/nrprof/meta/" .. name .. ".lua"
    lu.assertNotNil(load(read(path), path, "t"))
    lu.assertNil(nr.embedded(path))
  end
end

TestTemplatesDocument = {}

local function check_template(text, line)
  local s <close> = nr.script { templates = { ["doc.lua"] = text }, check = true }
  lu.assertEquals(support.logged "WARN", {}, "line " .. line)
end

function TestTemplatesDocument.test_examples()
  local kinds = {}
  blocks("docs/templates.md", function(kind, text, line)
    kinds[kind] = (kinds[kind] or 0) + 1
    if kind == "rule" then
      local s <close> = nr.script()
      lu.assertTrue(s:rules(text), "line " .. line)
    elseif kind == "body" then
      check_template(([[template { name = "doc", max_stack = { at_least = 6, over_arguments = 1 },
        locals = { { "note", "object" }, { "result", "$return" } }, body = function(m)
        %s
        end }]]):format(text), line)
    else
      lu.assertEquals(kind, "template", "line " .. line)
      check_template(text, line)
    end
  end)
  lu.assertTrue(kinds.body >= 11 and kinds.template >= 4 and kinds.rule >= 2)
end

-- Every verb that is no mnemonic stands in an example, and so does every hole.
function TestTemplatesDocument.test_verbs_and_holes()
  local examples = {}
  blocks("docs/templates.md", function(_, text) examples[#examples + 1] = text end)
  local all, count = table.concat(examples, "\n"), 0
  for verb in read "src/script/verbs.c":gmatch '{"([a-z_]+)", verb_' do
    count = count + 1
    lu.assertStrContains(all, verb)
    lu.assertStrContains(read "lua/nrprof/meta/templates.lua", "function " .. verb .. "(")
  end
  lu.assertTrue(count >= 9)
  local document = read "docs/templates.md"
  for hole in read "src/script/blob.h":gmatch 'X%([A-Z_]+, "([a-z_]+)"%)' do lu.assertStrContains(document, hole) end
end

-- ---- docs/verbs.md: every mnemonic with an example that is assembled here --------------------------------------------------

local examples = {
  NONE = "%s()", SHORT_VAR = "%s(1)", VAR = "%s(1)", SHORT_I = "%s(1)", I = "%s(1)", I8 = "%s(1)",
  BR = "local l = label() %s(l) place(l)",
  METHOD = [[%s "instance string [mscorlib]System.Object::ToString()"]],
  FIELD = [[%s "string [mscorlib]System.String::Empty"]],
  TYPE = [[%s "class [mscorlib]System.String"]], TOK = [[%s "class [mscorlib]System.String"]],
  STRING = [[%s "text of ${method}"]], SIG = [[%s "string [mscorlib]System.Object::ToString(object)"]],
}
local raw_types = { box = true, newarr = true, unbox_any = true }

function TestTemplatesDocument.test_every_mnemonic()
  local lines = {
    "# Mnemonics in templates", "",
    "Made from `src/il/opcodes.def` by `tests/lua/test_docs.lua`, which assembles every example. `ldloc` and `stloc` also take the name of a",
    "local of the template (`templates.md`). What takes and leaves which values on the stack is ECMA-335 part III.", "",
    "| verb | example |", "|---|---|" }
  local left_out, count = {}, 0
  for mnemonic, operand in read "src/il/opcodes.def":gmatch 'NR_OP%([%w_]+,%s*"([^"]+)",%s*%w+,%s*([%w_]+)' do
    local verb = mnemonic:gsub("%.", "_")
    if verb == "and" or verb == "or" or verb == "not" or verb == "break" then verb = verb .. "_" end
    count = count + 1
    if examples[operand] then
      local example = examples[operand]:format(verb)
      if raw_types[verb] then example = verb .. ' "[mscorlib]System.Int32"' end
      local s <close>, said = support.template(example)
      lu.assertEquals(said, {}, example)
      lu.assertNotNil(s:blob "t", example)
      lines[#lines + 1] = ("| `%s` | `%s` |"):format(verb, example)
    else
      local s <close>, said = support.template(verb .. "()")
      lu.assertEquals(#said, 1, verb)
      lu.assertStrContains(said[1], ("'%s' cannot be used in a template"):format(verb))
      left_out[#left_out + 1] = "`" .. verb .. "`"
    end
  end
  lu.assertTrue(count > 200)
  lines[#lines + 1] = ""
  lines[#lines + 1] = "Not available: " .. table.concat(left_out, ", ") .. "."
  local want = table.concat(lines, "\n") .. "\n"
  if os.getenv "NRPROF_UPDATE_DOCS" then
    local f = assert(io.open(root .. "docs/verbs.md", "wb"))
    f:write(want)
    f:close()
  end
  lu.assertEquals(read "docs/verbs.md", want)
end
