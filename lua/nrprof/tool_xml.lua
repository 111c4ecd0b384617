-- nrprof.tool_xml - `nrprof import-xml` and `nrprof export-xml`. Not for scripts of the profiler.
--
-- Neither reads the language it comes from by itself: the points are asked from the script room, which is the one that the
-- profiler has, and what is written is read again and must give the same points.

local nr = require "nr"
local tool = require "nrprof.tool"

local M = {}

local default_factory = "NewRelic.Agent.Core.Tracer.Factories.DefaultTracerFactory"
local flag = tool.flag

-- The points of a text, and the lines that were said about it.
local function points_of(kind, text, file)
  local s <close> = nr.script { level = "warn" }
  local ok = s[kind](s, text, file)
  local said = {}
  for i, line in ipairs(nr.log()) do said[i] = line.text end
  return ok and s:points() or nil, said, ok and s:ignores() or {}
end

local function metric_of(flags)
  local scoped, unscoped = flags & flag.scoped ~= 0, flags & flag.unscoped ~= 0
  return scoped and unscoped and "both" or scoped and "scoped" or unscoped and "unscoped" or "none"
end

local point_fields = { "assembly", "class", "method", "parameters", "min", "max", "factory", "metric", "flags", "template" }
local function same_point(a, b)
  for _, name in ipairs(point_fields) do
    if a[name] ~= b[name] then return false end
  end
  return not (a.where or b.where or a.wide or b.wide)
end

-- What has to be equal for rules to share a tracer, and for methods to share a match.
local function tracer_key(p) return table.concat({ p.factory, p.metric, p.flags, tostring(p.enabled), p.template or "" }, "\1") end
local function match_key(p) return table.concat({ p.assembly, p.class, p.min or "", p.max or "" }, "\1") end

-- ---- XML to Lua ------------------------------------------------------------------------------------------------

-- Comments of a document, as { line, text }.
local function comments_of(xml)
  local list, line, at = {}, 1, 1
  for start, text, stop in xml:gmatch "()<!%-%-(.-)%-%->()" do
    line = line + select(2, xml:sub(at, start - 1):gsub("\n", ""))
    list[#list + 1] = { line = line, text = text }
    line = line + select(2, text:gsub("\n", ""))
    at = stop
  end
  return list
end

-- Rules in factories that are not enabled give no points: they are found as the difference to the same document with them
-- enabled, whose lines are the same.
local function with_disabled(xml, file)
  local enabled, said = points_of("xml", xml, file)
  if not enabled then return nil, said end
  local other = xml:gsub("([eE][nN][aA][bB][lL][eE][dD]%s*=%s*)([\"'])[fF][aA][lL][sS][eE][\"']", "%1%2true%2")
  local all = other ~= xml and points_of("xml", other, file) or enabled
  local at = 1
  for _, p in ipairs(all) do
    local same = enabled[at]
    p.enabled = same ~= nil and p.line == same.line and same_point(p, same)
    if p.enabled then at = at + 1 end
  end
  return all, said, enabled
end

local function quoted(text)
  return (("%q"):format(text):gsub("\\\n", "\\n"):gsub("\\13", "\\r"):gsub("\\9", "\\t"))
end

local function put_comments(out, comments, line, indent)
  while comments[1] and comments[1].line < line do
    for text in table.remove(comments, 1).text:gmatch "[^\r\n]+" do
      text = text:match "^%s*(.-)%s*$"
      if text ~= "" then out[#out + 1] = indent .. "-- " .. text end
    end
  end
end

local function tracer_line(p)
  local fields = {}
  local function field(name, value) fields[#fields + 1] = ("%s = %s"):format(name, value) end
  if p.factory ~= default_factory then field("name", quoted(p.factory)) end
  if p.metric ~= "" then field("metric_name", quoted(p.metric)) end
  if metric_of(p.flags) ~= "scoped" then field("metric", quoted(metric_of(p.flags))) end
  if p.flags >> 16 & 7 ~= 0 then field("level", p.flags >> 16 & 7) end
  if p.flags >> 24 & 7 ~= 0 then field("transaction_naming_priority", p.flags >> 24 & 7) end
  if p.flags & flag.suppress == 0 then field("suppress_recursive_calls", "false") end
  if p.flags & flag.segment == 0 then field("transaction_trace_segment", "false") end
  if not p.enabled then field("enabled", "false") end
  return #fields == 0 and "tracer {}" or "tracer { " .. table.concat(fields, ", ") .. " }"
end

local function match_head(p)
  local text = ("  match { assembly = %s, class = %s"):format(quoted(p.assembly), quoted(p.class))
  if p.min then text = text .. (", min = %s"):format(quoted(tool.short_version(p.min))) end
  if p.max then text = text .. (", max = %s"):format(quoted(tool.short_version(p.max))) end
  return text .. ","
end

-- The methods of a match that may share it: no comment between them, and none of them would be read as something else.
local function lua_of(points, comments)
  local out, i = {}, 1
  while i <= #points do
    local p = points[i]
    local new_tracer = i == 1 or tracer_key(p) ~= tracer_key(points[i - 1])
    if new_tracer and i > 1 then out[#out + 1] = "" end
    put_comments(out, comments, p.line, new_tracer and "" or "  ")
    if new_tracer then out[#out + 1] = tracer_line(p) end
    out[#out + 1] = match_head(p)
    local j = i
    while points[j] and match_key(points[j]) == match_key(p) and tracer_key(points[j]) == tracer_key(p) do
      local m = points[j]
      put_comments(out, comments, m.line, "          ")
      out[#out + 1] = "          " .. quoted(m.method .. (m.parameters and "(" .. m.parameters .. ")" or "")) .. ","
      j = j + 1
    end
    out[#out] = out[#out]:sub(1, -2) .. " }"
    i = j
  end
  put_comments(out, comments, math.maxinteger, "")
  return table.concat(out, "\n") .. "\n"
end

local function first_difference(expected, got)
  for i = 1, math.max(#expected, #got) do
    if not expected[i] or not got[i] or not same_point(expected[i], got[i]) then return expected[i] or got[i] end
  end
end

-- The rules of one document in Lua, and what was said about it.
function M.lua_from_xml(xml, file)
  local all, said, enabled = with_disabled(xml, file)
  if not all then tool.fail("%s: %s", file, said[#said] or "no valid extension XML") end
  local text = ("-- Made from %s by `nrprof import-xml`.\n\n"):format(tool.base_name(file)) .. lua_of(all, comments_of(xml))
  local again, why = points_of("rules", text, file)
  local odd = again and first_difference(enabled, again)
  if not again then
    tool.fail("%s: a rule has no equal in Lua: %s", file, (why[#why]:gsub(" %- the file is skipped$", "")))
  elseif odd then
    tool.fail("%s:%d: this rule would mean something else in Lua: %s", file, odd.line, tool.method_text(odd))
  end
  return text, said
end

-- ---- Lua to XML ------------------------------------------------------------------------------------------------

local function xml_text(s)
  return (s:gsub("[&<>\"]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }))
end

local function attributes(list)
  local parts = {}
  for _, pair in ipairs(list) do
    if pair[2] ~= nil then parts[#parts + 1] = (' %s="%s"'):format(pair[1], xml_text(tostring(pair[2]))) end
  end
  return table.concat(parts)
end

-- A value, or nil when it is the one that counts without the attribute.
local function unless(value, default) if value ~= default then return value end end

local function factory_line(p)
  return "    <tracerFactory" .. attributes {
    { "name", unless(p.factory, default_factory) }, { "metricName", unless(p.metric, "") },
    { "metric", unless(metric_of(p.flags), "scoped") }, { "level", unless(p.flags >> 16 & 7, 0) },
    { "transactionNamingPriority", unless(p.flags >> 24 & 7, 0) },
    { "suppressRecursiveCalls", p.flags & flag.suppress == 0 and "false" or nil },
    { "transactionTraceSegment", p.flags & flag.segment == 0 and "false" or nil },
  } .. ">"
end

-- Why a rule has no equal in XML; nil: it has one.
local function inexpressible(p)
  if p.where then return "`where`" end
  if p.template then return ("`template = \"%s\"`"):format(p.template) end
  if p.metric_function then return "a `metric_name` that is a function" end
  for _, name in ipairs { "attribute", "class_attribute", "extends", "implements", "except" } do
    if p.wide and p.wide[name] then return "`" .. name .. "`" end
  end
  if p.wide then return ("the wildcard in [%s]%s"):format(p.assembly, tool.method_text(p)) end
  if p.class:find(",", 1, true) and not p.class:find("[%[<]") then return "a class name with a comma" end
end

function M.xml_from_lua(text, file)
  local points, said, ignores = points_of("rules", text, file)
  if not points then tool.fail("%s", (said[#said]:gsub(" %- the file is skipped$", ""))) end
  if #ignores > 0 then tool.fail("%s: extension XML has no words for `ignore`; newrelic.config has an ignore list", file) end
  for _, p in ipairs(points) do
    local why = inexpressible(p)
    if why then tool.fail("%s:%d: extension XML has no words for %s", file, p.line, why) end
  end
  local out = { '<?xml version="1.0" encoding="utf-8"?>', ("<!-- Made from %s by `nrprof export-xml`. -->"):format(
    tool.base_name(file):gsub("%-%-+", "-")), '<extension xmlns="urn:newrelic-extension">', "  <instrumentation>" }
  for i, p in ipairs(points) do
    local before, after = points[i - 1], points[i + 1]
    local new_tracer = not before or tracer_key(before) ~= tracer_key(p)
    if new_tracer then out[#out + 1] = factory_line(p) end
    if new_tracer or match_key(before) ~= match_key(p) then
      out[#out + 1] = "      <match" .. attributes { { "assemblyName", p.assembly }, { "className", p.class },
        { "minVersion", p.min and tool.short_version(p.min) }, { "maxVersion", p.max and tool.short_version(p.max) } } .. ">"
    end
    out[#out + 1] = "        <exactMethodMatcher" .. attributes { { "methodName", p.method }, { "parameters", p.parameters } } .. " />"
    local ends = not after or tracer_key(after) ~= tracer_key(p)
    if ends or match_key(after) ~= match_key(p) then out[#out + 1] = "      </match>" end
    if ends then out[#out + 1] = "    </tracerFactory>" end
  end
  out[#out + 1] = "  </instrumentation>\n</extension>\n"
  local xml = table.concat(out, "\n")
  local odd = first_difference(points, points_of("xml", xml, file) or {})
  if odd then tool.fail("%s:%d: this rule would mean something else in XML: %s", file, odd.line, tool.method_text(odd)) end
  return xml
end

-- ---- the commands ----------------------------------------------------------------------------------------------

local function convert(told, suffix, converted)
  if #told.operands == 0 then return told.usage "no file is given" end
  local output, results = told.options.output, {}
  for i, path in ipairs(told.operands) do
    local text, said = converted(tool.read(path), path)
    for _, line in ipairs(said or {}) do told.complain(("%s: %s"):format(path, line)) end
    results[i] = { path = path, text = text }
  end
  local to_directory = output and (#results > 1 or nr.kind(output) == "directory" or output:find "[/\\]$")
  if output and not to_directory then
    tool.write(output, results[1].text)
    return 0
  end
  for _, r in ipairs(results) do
    if to_directory then
      tool.write(tool.join(output, (tool.base_name(r.path):gsub("%.%w+$", "") .. suffix)), r.text)
    else
      told.write(r.text)
    end
  end
  return 0
end

function M.import_xml(told) return convert(told, ".lua", M.lua_from_xml) end
function M.export_xml(told) return convert(told, ".xml", M.xml_from_lua) end

return M
