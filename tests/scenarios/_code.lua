-- What the scenarios of injected code share: picking a rewritten body apart without the token numbers, which differ between the
-- runtimes (on .NET Framework this library adds helper references to a module first). No scenarios are in here.

local M = {}

-- "12 05" of token 01000001: a class, by ECMA-335 II.23.2.8.
local TAG = { [0x02] = 0, [0x01] = 1, [0x1B] = 2 }
function M.compressed(token)
  local v = (token & 0xFFFFFF) << 2 | TAG[token >> 24]
  if v < 0x80 then return ("%02x"):format(v) end
  if v < 0x4000 then return ("%02x %02x"):format(v >> 8 | 0x80, v & 0xFF) end
  return ("%02x %02x %02x %02x"):format(v >> 24 | 0xC0, v >> 16 & 0xFF, v >> 8 & 0xFF, v & 0xFF)
end

-- "01 00 00 70"
function M.little(value, format)
  return (string.pack(format or "<I4", value):gsub(".", function(c) return ("%02x "):format(c:byte()) end):sub(1, -2))
end

-- The number whose little-endian bytes a text gives.
function M.number(hex)
  local n = 0
  for i = #hex - 1, 1, -3 do n = n << 8 | tonumber(hex:sub(i, i + 1), 16) end
  return n
end

-- Scopes without version and key: [System.Runtime] for [System.Runtime,0.0.0.0,].
-- The agent's path is written with '/' on every system.
function M.plain(text)
  if text:find '"' then
    return (text:gsub('"[^"]*NewRelic%.Agent%.Core%.dll"', function(path) return (path:gsub("\\+", "/")) end))
  end
  return (text:gsub("%[([^%],]+),%d[^%]]*%]", "[%1]"))
end

-- Instructions with the meaning of their tokens but without numbers and offsets; scopes without version: `call
-- [System.Reflection]System.Reflection.Assembly::LoadFrom cc00 …`.
function M.instructions(r)
  local list = {}
  for line in r:listing():gmatch "[^\n]+" do
    local text = line:match "^%s*IL_%x+: (.*)$"
    if text then
      text = text:gsub("^(%S+) %x%x%x%x%x%x%x%x ", "%1 ")
      list[#list + 1] = M.plain(text)
    end
  end
  return list
end

-- The part of those between two texts (exclusive), joined by "; ". `nth`: the nth occurrence of `from`.
function M.between(r, from, to, nth)
  local out, inside, seen = {}, false, 0
  for _, text in ipairs(M.instructions(r)) do
    if inside and text == to then return table.concat(out, "; ") end
    if inside then out[#out + 1] = text end
    if not inside and text == from then
      seen = seen + 1
      inside = seen == (nth or 1)
    end
  end
  return inside and table.concat(out, "; ") or nil
end

local INDEX = { [0] = "ldc.i4.0", "ldc.i4.1", "ldc.i4.2", "ldc.i4.3", "ldc.i4.4", "ldc.i4.5", "ldc.i4.6", "ldc.i4.7", "ldc.i4.8",
  "ldc.i4.s 9", "ldc.i4.s 10" }

-- The value of item k of the eleven arguments, as M.instructions shows it.
function M.item(r, k)
  local list, at = M.instructions(r), nil
  for i, text in ipairs(list) do
    if text == "ldc.i4.s 11" then at = i end
  end
  if not at then return end
  local out, depth, inside = {}, 0, false
  for i = at + 2, #list do
    if list[i] == "dup" then depth = depth + 1 end
    if inside then
      if list[i] == "stelem.ref" and depth == 1 then
        return table.concat(out, "; ")
      end
      out[#out + 1] = list[i]
    end
    if depth == 1 and list[i - 1] == "dup" and list[i] == INDEX[k] then inside = true end
    if list[i] == "stelem.ref" then depth = depth - 1 end
  end
end

-- New rows without tokens and versions: what a rewrite left in a module.
function M.added(r)
  local list = {}
  for i, text in ipairs(r.added) do list[i] = M.plain(text):gsub("^%x+ ", "") end
  return list
end

return M
