-- nrprof.tool_list - `nrprof list`: the rules in force. Not for scripts of the profiler.

local look = require "nr.look"
local nr = require "nr"
local tool = require "nrprof.tool"
local count = require "nrprof.tool_count"

local M = {}

local default_factory = "NewRelic.Agent.Core.Tracer.Factories.DefaultTracerFactory"

-- "min 5.0, below 6.0, where, template count, SqlCommandTracer"
local function details(p)
  local list = {}
  if p.min then list[#list + 1] = "from " .. tool.short_version(p.min) end
  if p.max then list[#list + 1] = "below " .. tool.short_version(p.max) end
  for _, name in ipairs { "attribute", "class_attribute", "extends", "implements" } do
    if p.wide and p.wide[name] then list[#list + 1] = name .. " " .. p.wide[name] end
  end
  if p.wide and p.wide.except then list[#list + 1] = "except" end
  if p.where then list[#list + 1] = "where" end
  if p.template then list[#list + 1] = "template " .. p.template end
  if p.factory ~= default_factory then list[#list + 1] = p.factory end
  return table.concat(list, ", ")
end

function M.list(told)
  local o = told.options
  if #told.operands > 0 then return told.usage(("'%s' is not expected"):format(told.operands[1])) end
  if o.assemblies and nr.kind(o.assemblies) ~= "directory" then tool.fail("%s: no such directory", o.assemblies) end
  if o.methods and not o.assemblies then return told.usage "--methods needs --assemblies DIR" end
  local l <close> = look.open { home = o.home, rules = o.rules, framework = o.framework }
  if not l then return 2 end
  for _, line in ipairs(l:log()) do
    if line.level == "Warn" or line.level == "Error" then told.complain(line.text) end
  end
  local points, ignored = l:points(), l:ignored()
  local found = o.assemblies and count.count(l, o.assemblies)
  local rows, total = {}, 0
  for _, p in ipairs(points) do
    local methods = found and (found[p.id] or {})
    rows[#rows + 1] = { file = p.file or "the environment", line = p.line, assembly = p.assembly, rule = tool.method_text(p),
      details = details(p), methods = methods }
    total = total + (methods and #methods or 0)
  end
  for _, p in ipairs(ignored) do
    rows[#rows + 1] = { file = p.file, line = p.line, assembly = p.assembly, rule = tool.method_text(p), details = "ignored" }
  end
  if told.json then
    for _, r in ipairs(rows) do
      r.count = r.methods and #r.methods
      local names = {}
      for i, m in ipairs(r.methods or {}) do names[i] = m.assembly .. " " .. m.class .. "." .. m.method end
      r.methods = r.methods and names
    end
    told.write(tool.json { rules = rows } .. "\n")
    return 0
  end
  for _, r in ipairs(rows) do
    local number = r.methods and ("%5d  "):format(#r.methods) or found and "    -  " or ""
    told.write(("%s%s:%d  [%s]%s%s\n"):format(number, r.file, r.line, r.assembly, r.rule, r.details ~= "" and "  " .. r.details or ""))
    for _, m in ipairs(o.methods and r.methods or {}) do told.write(("         [%s]%s.%s\n"):format(m.assembly, m.class, m.method)) end
  end
  told.write(tool.plural(#points, "rule"))
  if #ignored > 0 then told.write((", %d ignored"):format(#ignored)) end
  if found then told.write(", " .. tool.plural(total, "method")) end
  told.write "\n"
  return 0
end

return M
