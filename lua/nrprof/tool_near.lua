-- nrprof.tool_near - what two names have to do with each other: for messages that say why a rule is not the one. Not for scripts of
-- the profiler. Nothing here decides anything: the profiler has, and this says it in words.

local M = {}

function M.lower(text) return (text:gsub("%u", string.lower)) end
function M.same_ci(a, b) return M.lower(a) == M.lower(b) end

-- Edit distance, up to 3.
function M.distance(a, b)
  if math.abs(#a - #b) > 3 then return 4 end
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

-- The name out of a list (or the keys of a set) that `name` may have been meant to be; nil: none is near.
function M.nearest(name, names)
  local best, least = nil, 3
  for k, v in pairs(names) do
    local candidate = type(k) == "string" and k or v
    local d = M.same_ci(candidate, name) and 0 or M.distance(candidate, name)
    if d < least or (d == least and best and candidate < best) then best, least = candidate, d end
  end
  return best
end

-- "a, b and c"
function M.listed(words)
  if #words < 2 then return words[1] or "" end
  return table.concat(words, ", ", 1, #words - 1) .. " and " .. words[#words]
end

-- A parameter list to a list of types: commas outside of brackets divide.
function M.types_of(parameters)
  local list, depth, start = {}, 0, 1
  if parameters == "" then return list end
  for at, c in parameters:gmatch "()([%[%],<>])" do
    if c == "[" or c == "<" then
      depth = depth + 1
    elseif c == "]" or c == ">" then
      depth = depth - 1
    elseif depth == 0 then
      list[#list + 1] = parameters:sub(start, at - 1)
      start = at + 1
    end
  end
  list[#list + 1] = parameters:sub(start)
  return list
end

local keywords = {
  bool = "Boolean", byte = "Byte", sbyte = "SByte", char = "Char", decimal = "Decimal", double = "Double", float = "Single",
  int = "Int32", uint = "UInt32", long = "Int64", ulong = "UInt64", short = "Int16", ushort = "UInt16", object = "Object",
  string = "String",
}

-- Is `spelled` another way to write `name`: without namespace, as C# does, in another case?
local function other_spelling(spelled, name)
  local word = spelled:match "[^.]*$"
  word = word:gsub("^%l+", keywords)
  return M.same_ci(spelled, name) or M.same_ci(word, name:match "[^.]*$")
end

-- Why a rule with the parameters `rule` is not about a method with the parameters `method`.
function M.parameters_differ(rule, method)
  local a, b = M.types_of(rule), M.types_of(method)
  if #a == #b then
    local odd
    for i = 1, #a do
      if a[i] ~= b[i] then
        if not other_spelling(a[i], b[i]) then return ("it is for the overload (%s)"):format(rule) end
        odd = odd or i
      end
    end
    return ("parameter %d is spelled '%s', it has to be '%s'"):format(odd, a[odd], b[odd])
  end
  return ("it is for the overload (%s)"):format(rule)
end

-- "case differs: …" or "it is for …"; `what` is "assembly", "class" or "method".
function M.name_differs(what, rule, method)
  if M.same_ci(rule, method) then return ("case differs: the %s is '%s', not '%s'"):format(what, method, rule) end
  return ("it is for %s '%s'"):format(what == "assembly" and "the assembly" or "the " .. what, rule)
end

return M
