-- nrprof.tool_explain - `nrprof explain`: why a method is instrumented, or is not. Not for scripts of the profiler.
--
-- What happens to the method, and which rule counts, is what the profiler in this program answers (nr.look); words for it, and for
-- the rules that come near, are found here.

local look = require "nr.look"
local near = require "nrprof.tool_near"
local nr = require "nr"
local tool = require "nrprof.tool"

local M = {}

-- "Ns.Type.Method(a,b)" to class, method, parameters (nil: all overloads).
local function split(text)
  local name, parameters = text:match "^([^(]+)%((.*)%)$"
  name = name or text
  local class, method = name:match "^(.+)%.(%.c?ctor)$"
  if not class then class, method = name:match "^(.+)%.([^.]+)$" end
  if not class or name:find "[()]" then
    tool.fail("'%s' is no method: write Namespace.Type.Method or Namespace.Type.Method(System.String,…)", text)
  end
  return class, method, parameters and parameters:gsub("%s", "") or nil
end

-- The tokens of the methods `class.method`; when there is none: what may have been meant.
local function tokens_of(l, module, class, method)
  local tokens, classes, methods = {}, {}, {}
  for row = 1, l:count(module) do
    local token = 0x06000000 | row
    local type = l:type(module, token)
    classes[type] = true
    if type == class then
      local name = l:name(module, token)
      methods[name] = true
      if name == method then tokens[#tokens + 1] = token end
    end
  end
  if #tokens > 0 then return tokens end
  local where = l:assembly(module)
  local known, what, name, set = next(methods) ~= nil, "method", method, methods
  if not known then what, name, set = "class", class, classes end
  local meant = near.nearest(name, set)
  tool.fail("%s has no %s '%s'%s%s", where, what, name, known and " in " .. class or "",
    meant and (", did you mean '%s'?"):format(meant) or what == "class" and " (a nested type is 'Outer+Inner')" or "")
end

-- ---- why a rule is not the one -----------------------------------------------------------------------------------

local function version_text(p, m)
  local function parts(v)
    local list = {}
    for n in v:gmatch "%d+" do list[#list + 1] = tonumber(n) end
    return list
  end
  local function less(a, b)
    a, b = parts(a), parts(b)
    for i = 1, 4 do
      if a[i] ~= b[i] then return a[i] < b[i] end
    end
    return false
  end
  if p.min and less(m.version, p.min) then
    return ("version %s of the assembly is below min %s"):format(m.version, tool.short_version(p.min))
  end
  return ("version %s of the assembly is not below max %s"):format(m.version, tool.short_version(p.max))
end

-- How far the names of a rule are from those of a method: 0 equal, 1 but for their case, 2 similar, 3 others.
local function far(rule, method)
  if rule == method then return 0 end
  if near.same_ci(rule, method) then return 1 end
  return near.distance(rule, method) <= 2 and 2 or 3
end

-- Is a rule worth a word for this method? Everything equal but one name, or one name that is nearly the same.
local function comes_near(p, m)
  local assembly, class, method = far(p.assembly, m.assembly), far(p.class, m.class), far(p.method, m.method)
  if class <= 1 and method <= 1 then return true end
  if assembly > 1 then return false end
  return class <= 1 and method == 2 or class == 2 and method <= 1
end

-- What nr_wide_objection says of a rule with wildcards, attributes, base types or exceptions, in words.
local objections = {
  except = "its `except` names it", attribute = "it does not carry the attribute %s", class_attribute = "its class does not carry the attribute %s",
  extends = "its class does not derive from %s", implements = "its class does not implement %s",
  ignore = "an ignore list takes it out (`ignore` in a rule file, or newrelic.config)", where = "its `where` says no",
}

local function wide_reason(l, module, token, p, m, rules)
  local verdict = l:judge(module, token, p.id)
  if verdict == "version" then return version_text(p, m) end
  if verdict == "parameters" then return ("its parameters (%s) do not fit (%s)"):format(p.parameters, m.parameters) end
  if verdict == "kind" then return "methods of this kind are left alone" end
  if objections[verdict] then return objections[verdict]:format(p.wide[verdict]) end
  if verdict then return near.name_differs(verdict, p[verdict], m[verdict]) end
  local winner = m.rule and rules[m.rule]
  if not winner then return "the profiler does not say" end
  if not winner.wide then return ("a rule that names it goes first: %s:%d"):format(winner.file or "the environment", winner.line) end
  return ("it stands behind the rule that counts, %s:%d"):format(winner.file, winner.line)
end

-- A rule with patterns is worth a word when all of its names fit, or all but for their case.
local function wide_comes_near(l, module, token, p)
  local verdict = l:judge(module, token, p.id)
  return not (verdict == "assembly" or verdict == "class" or verdict == "method")
end

-- Why this rule, which is not the one that counts, does not.
local function reason(l, module, token, p, m, rules)
  if p.wide then return wide_reason(l, module, token, p, m, rules) end
  for _, what in ipairs { "assembly", "class", "method" } do
    if p[what] ~= m[what] then return near.name_differs(what, p[what], m[what]) end
  end
  if p.parameters and p.parameters ~= m.parameters then return near.parameters_differ(p.parameters, m.parameters) end
  if p.ignored then return "an ignore list takes it out (`ignore` in a rule file, or newrelic.config)" end
  local verdict = l:judge(module, token, p.id)
  if verdict == "version" then return version_text(p, m) end
  if verdict == "where" then return "its `where` says no" end
  local winner = m.rule and rules[m.rule]
  if winner and winner.parameters and not p.parameters then
    return ("the rule with a parameter list goes first: %s:%d"):format(winner.file or "the environment", winner.line)
  end
  if winner then return ("it stands behind the rule that counts, %s:%d"):format(winner.file or "the environment", winner.line) end
  return "there are rules with this parameter list, and only they count"
end

-- ---- what happens to the method ------------------------------------------------------------------------------------

local refusals = {
  ["sequential layout"] = "its type has sequential layout (StructLayout), which is left alone",
  SpecialName = "it has a special name (accessor of a property or an event, operator, static constructor), which is left alone",
  interop = "it is called by, or calls, native code (P/Invoke, unmanaged export), which is left alone",
}

-- Lines of the log that say why a body was not written, in words of this tool where it has some.
local function complaints(lines, m)
  local list = {}
  for _, line in ipairs(lines) do
    if line.level == "Warn" or line.level == "Error" or line.text:find("Skipping invalid method", 1, true) then
      local text = line.text:gsub(": " .. m.description:gsub("%p", "%%%0"), "")
      if text:find("Last instruction was not RET", 1, true) then
        text = "it has several RETs and its last instruction is not RET, so the code cannot be wrapped"
      elseif text:find("there is no usable template", 1, true) then
        text = "its template " .. text:match "'.-'" .. " is missing or was refused (`nrprof check` says why)"
      elseif text:find("Skipping invalid method", 1, true) then
        text = nil
      end
      list[#list + 1] = text
    end
  end
  return list
end

local function explain(l, module, token, points)
  local m = l:method(module, token)
  local r = { token = ("%08X"):format(token), rejected = {} }
  if not l:has_il(module, token) then
    r.class, r.method = l:type(module, token), l:name(module, token)
    r.instrumented, r.why = false, { "it has no IL body: abstract, extern, or part of an interface" }
    return r
  end
  if not m then
    r.class, r.method, r.instrumented, r.why = l:type(module, token), l:name(module, token), false, {}
    for _, line in ipairs(l:log()) do
      if line.level == "Error" then r.why[#r.why + 1] = line.text end
    end
    return r
  end
  local rules = {}
  for _, p in ipairs(points) do rules[p.id] = p end
  for _, p in ipairs(points) do
    local close = p.id ~= m.rule and (comes_near(p, m) or p.wide and wide_comes_near(l, module, token, p))
    if close then
      r.rejected[#r.rejected + 1] = { file = p.file or "the environment", line = p.line, rule = tool.method_text(p),
        why = reason(l, module, token, p, m, rules) }
    end
  end
  l:log()
  r.class, r.method, r.parameters, r.assembly, r.version = m.class, m.method, m.parameters, m.assembly, m.version
  r.instrumented = l:compile(module, token)
  r.why = complaints(l:log(), m)
  if m.rule then
    local p = rules[m.rule]
    r.rule = { file = p.file or "the environment", line = p.line, factory = p.factory, template = p.template or "tracer" }
    if m.refusal then r.why = { refusals[m.refusal] } end
  elseif m.attributed then
    r.attribute = true
    if m.refusal then r.why = { refusals[m.refusal] } end
  elseif not r.instrumented then
    table.insert(r.why, 1, "no rule names it")
  end
  return r
end

-- ---- output ----------------------------------------------------------------------------------------------------------

local function print_result(told, r)
  local bold, plain = told.color and "\27[1m" or "", told.color and "\27[0m" or ""
  told.write(("%s%s%s\n"):format(bold, tool.method_text(r), plain))
  if r.assembly then told.write(("  assembly %s %s, method %s\n"):format(r.assembly, r.version, r.token)) end
  if r.rule then
    told.write(("  rule     %s:%d, %s\n"):format(r.rule.file, r.rule.line, r.rule.factory))
  elseif r.attribute then
    told.write "  rule     none; it carries [Transaction] or [Trace]\n"
  end
  if r.instrumented then
    told.write(("  result   instrumented%s\n"):format(r.rule and (" by template %s"):format(r.rule.template) or ""))
  else
    told.write(("  result   not instrumented: %s\n"):format(r.why[1] or "the profiler does not say why"))
    for i = 2, #r.why do told.write(("           %s\n"):format(r.why[i])) end
  end
  for i, q in ipairs(r.rejected) do
    told.write(("  %s %s:%d, %s\n           %s\n"):format(i == 1 and "not by  " or "        ", q.file, q.line, q.rule, q.why))
  end
end

-- The code that is injected, as `nrprof dump` shows it.
local function print_code(told, path, results, assembly)
  local dir, lines = nr.directory(), {}
  for _, r in ipairs(results) do
    if r.instrumented then lines[#lines + 1] = assembly .. "\t" .. r.token end
  end
  if #lines == 0 then return end
  tool.write(dir .. "/order", table.concat(lines, "\n") .. "\n")
  local words = { "dump", path, "--order", dir .. "/order" }
  for _, name in ipairs { "home", "rules" } do
    if told.options[name] then table.move({ "--" .. name, told.options[name] }, 1, 2, #words + 1, words) end
  end
  if told.options.framework then words[#words + 1] = "--framework" end
  told.write "\n"
  told.nrprof(table.unpack(words))
end

function M.explain(told)
  local o = told.options
  if not o.assembly then return told.usage "the assembly is not given: --assembly FILE" end
  if #told.operands ~= 1 then return told.usage "one method is wanted: 'Namespace.Type.Method(System.String)'" end
  if nr.kind(o.assembly) ~= "file" then tool.fail("%s: no such file", o.assembly) end
  local class, method, parameters = split(told.operands[1])
  local l <close> = look.open { home = o.home, rules = o.rules, framework = o.framework }
  if not l then return 2 end
  local start = l:log()
  for _, line in ipairs(start) do
    if line.level == "Warn" or line.level == "Error" then told.complain(line.text) end
  end
  local module, why = l:load(o.assembly)
  if not module then tool.fail("%s", why) end
  local points = l:points()
  for _, p in ipairs(l:ignored()) do
    p.ignored = true
    points[#points + 1] = p
  end
  local results, overloads = {}, {}
  for _, token in ipairs(tokens_of(l, module, class, method)) do
    local m = parameters and l:method(module, token)
    if m then overloads[#overloads + 1] = "(" .. m.parameters .. ")" end
    if not parameters or (m and m.parameters == parameters) then results[#results + 1] = explain(l, module, token, points) end
  end
  if #results == 0 then
    local hint = #overloads == 1 and near.parameters_differ(parameters, overloads[1]:sub(2, -2))
    tool.fail("%s.%s has no overload (%s); there is %s%s", class, method, parameters, near.listed(overloads),
      hint and hint:find("spelled", 1, true) and ": " .. hint or "")
  end
  local all = true
  for i, r in ipairs(results) do
    all = all and r.instrumented
    if not told.json then
      if i > 1 then told.write "\n" end
      print_result(told, r)
    end
  end
  if told.json then
    told.write(tool.json { methods = results } .. "\n")
  elseif not o["no-il"] then
    print_code(told, o.assembly, results, l:assembly(module))
  end
  return all and 0 or 1
end

return M
