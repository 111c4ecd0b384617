-- nrprof.rules - the verbs of rule files: tracer, match, ignore.
--
--     tracer { name = "SqlCommandTracer", metric = "scoped", level = 2 }
--       match { assembly = "Contoso.Data", class = "Contoso.Data.Command", max = "5.0",
--               "ExecuteReader(System.Data.CommandBehavior)", "ExecuteNonQuery" }
--       match { assembly = "Contoso.*", class = "*Repository", "Find*", "Load(System.Int32,...)", except = { "FindAll" },
--               where = function(m) return not m.is_async end }
--       match { assembly = "*", attribute = "Contoso.TracedAttribute" }
--     ignore { assembly = "Contoso.Legacy*" }
--
-- Every table is checked completely before anything is done with it, and nothing of a file takes effect
-- before the whole file was read: a file is used as a whole or not at all. Points go to the host at once, which takes them back
-- when the file fails: thousands of them would fill the memory of the scripts.

local M = {}

local default_factory = "NewRelic.Agent.Core.Tracer.Factories.DefaultTracerFactory"

local SEGMENT, UNSCOPED, SCOPED = 1 << 10, 1 << 11, 1 << 12
local SUPPRESS_RECURSIVE, CUSTOM_METRIC_NAME, TARGET_CLASS_NAME = 1 << 13, 1 << 14, 1 << 15
local metric_bits = { scoped = SCOPED, unscoped = UNSCOPED, both = SCOPED | UNSCOPED, none = 0 }

-- Of the file that is being read.
local ignores, denied, switches, current, loading

-- Edit distance of two short texts.
local function distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local before = row[0]
    row[0] = i
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      before, row[j] = row[j], math.min(row[j] + 1, row[j - 1] + 1, before + cost)
    end
  end
  return row[#b]
end

local function nearest(name, known)
  local best, least = nil, 3
  for k in pairs(known) do
    local d = type(k) == "string" and distance(name, k) or least
    if d < least or (d == least and best and k < best) then best, least = k, d end
  end
  return best
end

local kinds = {
  string = "a text", boolean = "true or false", integer = "a whole number", table = "a list",
  ["function"] = "a function", ["text or function"] = "a text or a function", ["text or list"] = "a text or a list",
}
local alternatives = {
  ["text or function"] = { string = true, ["function"] = true }, ["text or list"] = { string = true, table = true },
}

local function is_of(kind, v)
  if kind == "integer" then return math.type(v) == "integer" end
  if alternatives[kind] then return alternatives[kind][type(v)] end
  return type(v) == kind
end

-- complain() raises the error at the line of the rule file.
local function check(what, t, known)
  if not loading then complain(("%s can be used only while its file is loading"):format(what)) end
  if type(t) ~= "table" then complain(("%s takes a table: %s { … }"):format(what, what)) end
  local listed = 0
  for k, v in pairs(t) do
    local kind = known[k]
    if math.type(k) == "integer" and known[1] then
      kind = known[1]
      listed = listed + 1
    end
    if not kind then
      local hint = type(k) == "string" and nearest(k, known)
      complain(("unknown field '%s' in %s%s"):format(tostring(k), what, hint and (", did you mean '%s'?"):format(hint) or ""))
    end
    if not is_of(kind, v) then
      complain(("field '%s' of %s must be %s, not %s"):format(tostring(k), what, kinds[kind], type(v)))
    end
  end
  if listed ~= #t then complain(("the list in %s has a gap"):format(what)) end
end

local function required(what, t, name)
  if t[name] == nil or t[name] == "" then complain(("%s needs the field '%s'"):format(what, name)) end
end

local function three_bits(t, name, shift)
  local v = t[name] or 0
  if v < 0 or v > 7 then complain(("field '%s' of tracer must be from 0 to 7"):format(name)) end
  return v << shift
end

local tracer_fields = {
  id = "string", name = "string", metric_name = "text or function", metric = "string", level = "integer",
  suppress_recursive_calls = "boolean", transaction_trace_segment = "boolean",
  transaction_naming_priority = "integer", template = "string", enabled = "boolean",
}

local function tracer(t)
  check("tracer", t, tracer_fields)
  local bits = metric_bits[t.metric or "scoped"]
  if not bits then complain("field 'metric' of tracer must be scoped, unscoped, both or none") end
  local namer = type(t.metric_name) == "function" and t.metric_name or nil
  local metric_name = not namer and t.metric_name or ""
  local flags = bits | three_bits(t, "level", 16) | three_bits(t, "transaction_naming_priority", 24)
  if metric_name ~= "" or namer then flags = flags | CUSTOM_METRIC_NAME end
  if same_ci(metric_name, "instance") then flags = flags | TARGET_CLASS_NAME end
  if t.suppress_recursive_calls ~= false then flags = flags | SUPPRESS_RECURSIVE end
  if t.transaction_trace_segment ~= false then flags = flags | SEGMENT end
  current = {
    factory = t.name and t.name ~= "" and t.name or default_factory, metric = metric_name, flags = flags,
    template = t.template, namer = namer, enabled = t.enabled ~= false and not is_disabled("tracer", t.id),
  }
end

local function bound(t, name)
  if t[name] == nil then return nil end
  local v = version(t[name])
  if not v then complain(("field '%s' of match is not a version: '%s'"):format(name, t[name])) end
  return v
end

local match_fields = {
  id = "string", assembly = "string", class = "string", min = "string", max = "string", where = "function", "string",
  except = "text or list", attribute = "string", class_attribute = "string", implements = "string", extends = "string",
  template = "string", enabled = "boolean",
}

-- "Name" or "Name(parameters)": white space between parameters does not matter, "void" is none.
local function method_of(text)
  local name, parameters = text:match "^([^(]+)%((.*)%)$"
  if not name then
    if text:find("(", 1, true) or text == "" then complain(("'%s' is no method: write Name or Name(Type,Type)"):format(text)) end
    return text, nil
  end
  parameters = parameters:gsub("%s", "")
  if parameters == "void" then parameters = "" end
  return name, parameters
end

local function is_wild(text) return text:find("*", 1, true) ~= nil end

local function no_wildcard(what, text)
  if is_wild(text) then complain(("wildcards are not known in %s: '%s'"):format(what, text)) end
end

local except_fields = { class = "text or list", assembly = "text or list", "string" }

local function texts_of(what, v)
  if type(v) == "string" then return { v } end
  for i, text in pairs(v) do
    if math.type(i) ~= "integer" or type(text) ~= "string" then complain(("field '%s' must be a text or a list of texts"):format(what)) end
  end
  return v
end

-- except = "Name" or { "Name", "Name(Types)", class = …, assembly = … }: what is left out, as { kind, pattern, parameters }.
local function exceptions_of(v)
  if v == nil then return nil end
  if type(v) == "string" then v = { v } end
  check("except", v, except_fields)
  local list = {}
  for _, text in ipairs(v) do list[#list + 1] = { "method", method_of(text) } end
  for _, kind in ipairs { "class", "assembly" } do
    for _, text in ipairs(texts_of(kind, v[kind] or {})) do list[#list + 1] = { kind, text } end
  end
  return list
end

local function match(t)
  check("match", t, match_fields)
  if not current then complain "match before the first tracer" end
  required("match", t, "assembly")
  local by_kind = t.attribute or t.class_attribute or t.implements or t.extends
  for _, name in ipairs { "attribute", "class_attribute", "implements", "extends" } do
    if t[name] then
      required("match", t, name)
      no_wildcard(name, t[name])
    end
  end
  if not by_kind then required("match", t, "class") end
  if #t == 0 and not by_kind then complain "match names no method" end
  if t.assembly == "mscorlib" then complain "methods of mscorlib cannot be instrumented" end
  local min, max, line = bound(t, "min"), bound(t, "max"), line_of_rule()
  local class, except = t.class or "*", exceptions_of(t.except)
  local enabled = current.enabled and t.enabled ~= false and not is_disabled("match", t.id)
  for _, text in ipairs(#t > 0 and t or { "*" }) do
    local name, parameters = method_of(text)
    if enabled then
      point {
        assembly = t.assembly, class = class, method = name, parameters = parameters, min = min, max = max,
        factory = current.factory, metric = current.metric, flags = current.flags, template = t.template or current.template,
        namer = current.namer, where = t.where, line = line, except = except, attribute = t.attribute,
        class_attribute = t.class_attribute, implements = t.implements, extends = t.extends,
        wide = by_kind ~= nil or except ~= nil or is_wild(t.assembly) or is_wild(class) or is_wild(name)
          or parameters ~= nil and parameters_are_wild(parameters),
      }
    end
  end
end

local ignore_fields = { assembly = "string", class = "string" }

local function ignore(t)
  check("ignore", t, ignore_fields)
  required("ignore", t, "assembly")
  ignores[#ignores + 1] = t
end

local process_fields = { deny = "table" }

-- Only exclusions: a rule file cannot make a process instrumented that the configuration leaves out.
local function process(t)
  check("process", t, process_fields)
  if not t.deny then complain "process needs the field 'deny'" end
  local line = line_of_rule()
  for k, name in pairs(t.deny) do
    if math.type(k) ~= "integer" or type(name) ~= "string" or name == "" then
      complain "field 'deny' of process must be a list of file names"
    end
    no_wildcard("deny", name)
    denied[#denied + 1] = { name = name, line = line }
  end
end

-- Named switches for behaviour better than the reference's; all off. switch_words (src/rules/compat.h) has the values of each.
local switch_fields = {}
for name, words in pairs(switch_words) do switch_fields[name] = words[true] and "boolean" or "string" end

local function compat(t)
  check("compat", t, switch_fields)
  for name, value in pairs(t) do
    local on = switch_words[name][value]
    if on == nil then
      local words = {}
      for word in pairs(switch_words[name]) do words[#words + 1] = ("'%s'"):format(word) end
      table.sort(words)
      complain(("field '%s' of compat must be %s"):format(name, table.concat(words, " or ")))
    end
    switches[name] = on
  end
end

M.verbs = { tracer = tracer, match = match, ignore = ignore, process = process, compat = compat }

-- A file begins.
function M.begin()
  ignores, denied, switches, current, loading = {}, {}, {}, nil, true
end

-- A file was read without a fault: its rules take effect.
function M.finish()
  for _, i in ipairs(ignores) do ignore_list(i.assembly, i.class) end
  for _, d in ipairs(denied) do deny(d.name, d.line) end
  for name, on in pairs(switches) do switch(name, on) end
  loading = false
end

return M
