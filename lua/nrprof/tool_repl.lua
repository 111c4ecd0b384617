-- nrprof.tool_repl - `nrprof repl`: rules and templates, tried against an assembly while they are written. Not for scripts of the
-- profiler.

local look = require "nr.look"
local nr = require "nr"
local tool = require "nrprof.tool"

local M = {}

local MOST_METHODS = 20

local help = [[
Rules as in a rule file: tracer { … }, match { … }, ignore { … }. Each is checked at once, and the methods that they are about are shown.
  :rules             the rules so far          :undo              takes the last one back
  :explain METHOD    why it is, or is not      :il METHOD         the code before and after
  :load FILE         reads a rule file         :template FILE     reads a template
  :save FILE         writes the rules          :quit, :help
]]

-- Everything so far, as files of a directory of its own.
local function write_home(pieces)
  local directory = nr.directory()
  tool.write(tool.join(directory, "repl.lua"), table.concat(pieces, "\n") .. "\n")
  return directory
end

-- The message without the name of the file, which nobody has given a name.
local function plain(text) return (text:gsub("^repl%.lua:%d+: ", ""):gsub(" %- the file is skipped$", "")) end

-- Are these rules good? Nothing when they are, "more" when they only have no end yet, else what is wrong.
local function fault(pieces)
  local s <close> = nr.script { level = "warn" }
  if s:rules(table.concat(pieces, "\n"), "repl.lua") then return nil end
  local log = nr.log()
  local text = log[#log] and log[#log].text or "not understood"
  if text:find("near <eof>", 1, true) then return "more" end
  return plain(text)
end

local function show_methods(told, state)
  if not state.assembly then return told.write(("%s\n"):format(tool.plural(#state.pieces, "piece"))) end
  local l <close> = look.open { rules = write_home(state.pieces), framework = told.options.framework }
  if not l then return end
  local module = l:load(state.assembly)
  local shown, total = {}, 0
  for row = 1, l:count(module) do
    local token = 0x06000000 | row
    if l:rule(module, token) then
      total = total + 1
      local m = total <= MOST_METHODS and l:method(module, token)
      if m then shown[#shown + 1] = "  " .. tool.method_text(m) end
    end
  end
  if total > MOST_METHODS then shown[#shown + 1] = ("  and %d more"):format(total - MOST_METHODS) end
  told.write(tool.plural(total, "method") .. "\n" .. (total > 0 and table.concat(shown, "\n") .. "\n" or ""))
end

local function explain(told, state, method, code)
  if not state.assembly then return told.complain "no assembly was given: nrprof repl ASSEMBLY" end
  local words = { "explain", "--rules", write_home(state.pieces), "--assembly", state.assembly }
  if not code then words[#words + 1] = "--no-il" end
  if told.options.framework then words[#words + 1] = "--framework" end
  words[#words + 1] = method
  told.nrprof(table.unpack(words))
end

local commands = {}

function commands.rules(told, state) told.write(table.concat(state.pieces, "\n") .. "\n") end
function commands.undo(told, state)
  table.remove(state.pieces)
  show_methods(told, state)
end
function commands.explain(told, state, word) explain(told, state, word, false) end
function commands.il(told, state, word) explain(told, state, word, true) end
function commands.load(told, state, word)
  local text = tool.read(word)
  local why = fault { text }
  if why then tool.fail("%s: %s", word, why == "more" and "the file has no end" or why) end
  state.pieces[#state.pieces + 1] = text:gsub("\n$", "")
  show_methods(told, state)
end
function commands.template(told, _, word)
  local name = tool.base_name(word)
  nr.script({ templates = { [name] = tool.read(word) }, level = "warn" }):close()
  local log = nr.log()
  for _, line in ipairs(log) do told.complain((line.text:gsub("^.-[/\\]templates[/\\]", ""))) end
  if #log == 0 then told.write(name .. ": good for every kind of method\n") end
end
function commands.save(told, state, word)
  tool.write(word, table.concat(state.pieces, "\n") .. "\n")
  told.write(word .. "\n")
end
function commands.help(told) told.write(help) end

local function run_command(told, state, line)
  local name, word = line:match "^:(%a+)%s*(.-)%s*$"
  if name == "quit" or name == "q" then return true end
  local command = commands[name or ""]
  if not command then return told.complain(("'%s' is no command; :help lists them"):format(line)) end
  if word == "" and not (name == "rules" or name == "undo" or name == "help") then
    return told.complain((":%s needs a word behind it; :help says which"):format(name))
  end
  local ok, why = pcall(command, told, state, word)
  if not ok then told.complain(type(why) == "table" and why[1] or tostring(why)) end
end

function M.repl(told)
  local state = { pieces = {}, assembly = told.operands[1] }
  if #told.operands > 1 then return told.usage(("'%s' is not expected"):format(told.operands[2])) end
  if state.assembly and nr.kind(state.assembly) ~= "file" then tool.fail("%s: no such file", state.assembly) end
  if state.assembly then
    local l <close> = look.open { rules = write_home({}) }
    local module, why = l:load(state.assembly)
    if not module then tool.fail("%s", why) end
    told.write(("%s, %s. :help lists the commands.\n"):format(l:assembly(module), tool.plural(l:count(module), "method")))
  end
  local open -- the beginning of something that goes on in the next line
  while true do
    told.write(open and ".. " or "> ")
    told.flush()
    local line = io.read "l"
    if not line then break end
    if not open and line:find "^%s*:" then
      if run_command(told, state, line:match "^%s*(.*)$") then return 0 end
    elseif line:find "%S" or open then
      local piece = open and open .. "\n" .. line or line
      local pieces = table.move(state.pieces, 1, #state.pieces, 1, {})
      pieces[#pieces + 1] = piece
      local why = fault(pieces)
      open = why == "more" and line ~= "" and piece or nil
      if not why then
        state.pieces = pieces
        show_methods(told, state)
      elseif not open then
        told.complain(why == "more" and "it has no end" or why)
      end
    end
  end
  told.write "\n"
  return 0
end

return M
