-- What an extension XML file means (reference/instrumentation-xml.md, sections 2 to 5).
--
-- The reader in C hands over elements: node:first "name" is its first child of that name, node:each("name", "attribute", …) goes
-- over all of them with the values of these attributes, node:get("attribute", …) is their values, nil where there is
-- none, node:line() its line. Names compare without case, values are as written. What is called here ends up where the verbs of a .lua rule file end up, too: in points.

-- Called for every rule: locals are found faster than shared names.
local point, version, same_ci, without_space = point, version, same_ci, without_space

local default_factory = "NewRelic.Agent.Core.Tracer.Factories.DefaultTracerFactory"

-- TracerFactoryArgs, reference/instrumentation-xml.md 3
local SEGMENT, UNSCOPED, SCOPED = 1 << 10, 1 << 11, 1 << 12
local SUPPRESS_RECURSIVE, CUSTOM_METRIC_NAME, TARGET_CLASS_NAME = 1 << 13, 1 << 14, 1 << 15

-- Set when absent or "true".
local function default_on(text, flag)
  return (text == "" or same_ci(text, "true")) and flag or 0
end

-- A number of three bits; text that is no number makes the file invalid.
local function three_bits(text, shift)
  return text == "" and 0 or (integer(text) & 7) << shift
end

local function flags_of(tracer, name)
  local flags = 0
  local metric, level, suppress, segment, priority = tracer:get("metric", "level", "suppressRecursiveCalls",
    "transactionTraceSegment", "transactionNamingPriority")
  metric = metric or ""
  if metric == "" or same_ci(metric, "scoped") or same_ci(metric, "both") then flags = flags | SCOPED end
  if same_ci(metric, "unscoped") or same_ci(metric, "both") then flags = flags | UNSCOPED end
  if name ~= "" then flags = flags | CUSTOM_METRIC_NAME end
  if same_ci(name, "instance") then flags = flags | TARGET_CLASS_NAME end
  return flags
    | three_bits(level or "", 16)
    | default_on(suppress or "", SUPPRESS_RECURSIVE)
    | default_on(segment or "", SEGMENT)
    | three_bits(priority or "", 24)
end

-- nil: any overload. "void" means none; otherwise white space is dropped.
local function parameters_of(text)
  if not text then return nil end
  if same_ci(text, "void") then return "" end
  return without_space(text)
end

-- One class name a piece: commas outside brackets divide; pieces are not trimmed.
local function classes_of(text)
  if not text:find(",", 1, true) then return { text } end
  local pieces, start, depth = {}, 1, 0
  for at, mark in text:gmatch "()([<>%[%],])" do
    if mark == "<" or mark == "[" then
      depth = depth + 1
    elseif mark == ">" or mark == "]" then
      depth = depth - 1
    elseif depth == 0 then
      pieces[#pieces + 1] = text:sub(start, at - 1)
      start = at + 1
    end
  end
  pieces[#pieces + 1] = text:sub(start)
  return pieces
end

-- What all matchers of a tracer factory share; asked for by the first one, because a number that is none makes the
-- file invalid only when there is a matcher.
local function shared_of(tracer)
  local factory, metric = tracer:get("name", "metricName")
  metric = metric or ""
  return {
    factory = factory and factory ~= "" and factory or default_factory,
    metric = metric,
    flags = flags_of(tracer, metric),
  }
end

-- One table for all points: point() takes what is in it, and a new table for each would cost more than all the rest.
local one_point = {}

local function mapped(tracer)
  local shared
  for match, assembly, class, min_text, max_text in tracer:each("match", "assemblyName", "className", "minVersion", "maxVersion") do
    assembly, class = assembly or "", class or ""
    local classes = classes_of(class)
    for node, method, parameters in match:each("exactMethodMatcher", "methodName", "parameters") do
      -- For each matcher again: a text that is no version is one WARN each.
      local min, max = min_text and version(min_text), max_text and version(max_text)
      if assembly == "mscorlib" then
        warn("Skipping instrumentation targeted at the mscorlib assembly for class " .. class)
      else
        shared = shared or shared_of(tracer)
        local p = one_point
        p.assembly, p.method, p.parameters = assembly, method or "", parameters_of(parameters)
        p.min, p.max, p.line = min, max, node:line()
        p.factory, p.metric, p.flags = shared.factory, shared.metric, shared.flags
        for i = 1, #classes do
          p.class = classes[i]
          point(p)
        end
      end
    end
  end
end

local advice = " node not found in instrumentation file. Please validate your instrumentation files against "
  .. "extensions/extension.xsd or contact New Relic support."

xml_mapping(function(document)
  local extension = document:first "extension"
  if not extension then return warn("extension" .. advice) end
  local instrumentation = extension:first "instrumentation"
  if not instrumentation then return warn("instrumentation" .. advice) end
  for tracer, enabled in instrumentation:each("tracerFactory", "enabled") do
    if not enabled or not same_ci(enabled, "false") then mapped(tracer) end
  end
end)
