-- What an extension XML file means (reference/instrumentation-xml.md, sections 2 to 5).
--
-- The reader in C hands over the document as nested tables: node.tag and the keys of node.attributes are in
-- lower case (names compare without case), values are as written, node[1], node[2], … are the child elements,
-- node.line is the line. What is called here ends up where the verbs of a .lua rule file end up, too: in points.

local default_factory = "NewRelic.Agent.Core.Tracer.Factories.DefaultTracerFactory"

-- TracerFactoryArgs, reference/instrumentation-xml.md 3
local SEGMENT, UNSCOPED, SCOPED = 1 << 10, 1 << 11, 1 << 12
local SUPPRESS_RECURSIVE, CUSTOM_METRIC_NAME, TARGET_CLASS_NAME = 1 << 13, 1 << 14, 1 << 15

local function child(node, tag)
  for _, n in ipairs(node) do
    if n.tag == tag then return n end
  end
end

-- Iterates over the children of one name.
local function each(node, tag)
  local i = 0
  return function()
    repeat i = i + 1 until not node[i] or node[i].tag == tag
    return node[i]
  end
end

-- Set when absent or "true".
local function default_on(text, flag)
  return (text == "" or same_ci(text, "true")) and flag or 0
end

-- A number of three bits; text that is no number makes the file invalid.
local function three_bits(text, shift)
  return text == "" and 0 or (integer(text) & 7) << shift
end

local function flags_of(tracer)
  local flags = 0
  local metric = tracer.metric or ""
  if metric == "" or same_ci(metric, "scoped") or same_ci(metric, "both") then flags = flags | SCOPED end
  if same_ci(metric, "unscoped") or same_ci(metric, "both") then flags = flags | UNSCOPED end
  local name = tracer.metricname or ""
  if name ~= "" then flags = flags | CUSTOM_METRIC_NAME end
  if same_ci(name, "instance") then flags = flags | TARGET_CLASS_NAME end
  return flags
    | three_bits(tracer.level or "", 16)
    | default_on(tracer.suppressrecursivecalls or "", SUPPRESS_RECURSIVE)
    | default_on(tracer.transactiontracesegment or "", SEGMENT)
    | three_bits(tracer.transactionnamingpriority or "", 24)
end

-- nil: any overload. "void" means none; otherwise white space is dropped.
local function parameters_of(text)
  if not text then return nil end
  if same_ci(text, "void") then return "" end
  return (text:gsub("%s", ""))
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

local function matcher(tracer, match, node)
  local a, m, t = node.attributes, match.attributes, tracer.attributes
  local assembly, class = m.assemblyname or "", m.classname or ""
  local min, max = version(m.minversion or ""), version(m.maxversion or "")
  if assembly == "mscorlib" then
    warn("Skipping instrumentation targeted at the mscorlib assembly for class " .. class)
    return
  end
  local factory = t.name or ""
  local flags = flags_of(t)
  for _, one in ipairs(classes_of(class)) do
    point {
      assembly = assembly, class = one, method = a.methodname or "", parameters = parameters_of(a.parameters),
      min = min, max = max,
      factory = factory ~= "" and factory or default_factory, metric = t.metricname or "", flags = flags,
      line = node.line,
    }
  end
end

local advice = " node not found in instrumentation file. Please validate your instrumentation files against "
  .. "extensions/extension.xsd or contact New Relic support."

xml_mapping(function(document)
  local extension = child(document, "extension")
  if not extension then return warn("extension" .. advice) end
  local instrumentation = child(extension, "instrumentation")
  if not instrumentation then return warn("instrumentation" .. advice) end
  for tracer in each(instrumentation, "tracerfactory") do
    if not same_ci(tracer.attributes.enabled or "", "false") then
      for match in each(tracer, "match") do
        for node in each(match, "exactmethodmatcher") do matcher(tracer, match, node) end
      end
    end
  end
end)
