-- Writes the assemblies and home directories of the benchmarks below the directory in NRPROF_BENCH_OUT. Run with `nrprof test`.

local image = require "nrprof.image"
local scenario = require "nrprof.scenario"
local t = scenario.suite "bench images"

local out = os.getenv "NRPROF_BENCH_OUT"

local function write(name, bytes)
  local f = assert(io.open(out .. "/" .. name, "wb"))
  f:write(bytes)
  f:close()
end

local TRACE = "[NewRelic.Api.Agent]NewRelic.Api.Agent.TraceAttribute"
local VOID = { sig = "00 00 01", body = "06 2a" }

-- `types` types of `methods` methods each, all alike.
local function flat(name, types, methods, first_attributes)
  local list = {}
  for i = 1, types do
    local m = {}
    for j = 1, methods do
      m[j] = { name = "M" .. j, sig = VOID.sig, body = VOID.body, attributes = i == 1 and j == 1 and first_attributes or nil }
    end
    list[i] = { name = "N.C" .. i, methods = m }
  end
  return image.assembly { name = name, refs = { "System.Runtime" }, types = list }.bytes
end

-- A method of about `size` bytes: nops and two returns.
local function body(size, returns)
  local tail = returns and "17 2d 02 18 2a 19 2a" or "17 2d 01 2a 2a"
  return { code = ("00 "):rep(size) .. tail, max_stack = 4 }
end

-- Rows of the assembly Shapes, in pairs: the first of its shape, and another like it.
local SHAPES = {
  { "static void ()", "00 00 01", 10 }, { "static int (int, string)", "00 02 08 08 0e", 10, true },
  { "void (int)", "20 01 01 08", 10 }, { "object (8 parameters)", "20 08 1c 08 0e 1c 02 0d 0a 1d 08 0e", 100, true },
  { "static void (), 1,000 bytes", "00 00 01", 1000 }, { "static void (), 10,000 bytes", "00 00 01", 10000 },
}

local function shapes()
  local methods = {}
  for i, s in ipairs(SHAPES) do
    for _, which in ipairs { "A", "B" } do
      methods[#methods + 1] = { name = which .. i, sig = s[2], body = body(s[3], s[4]) }
    end
  end
  return image.assembly { name = "Shapes", refs = { "System.Runtime" }, types = { { name = "N.C", methods = methods } } }.bytes
end

local function rules(count, assembly)
  local list = {}
  for i = 1, count do
    list[i] = { assembly = assembly, class = "N.R" .. i, method = "Rule" .. i, factory = "F" .. i % 50 }
  end
  return list
end

-- Rules that each assembly is looked through for; no method has such a class.
local function wide_rules(count)
  local lines = { "tracer {}" }
  for i = 1, count do lines[#lines + 1] = ("match { assembly = '*', class = '*Service%d', '*' }"):format(i) end
  return table.concat(lines, "\n") .. "\n"
end

t:test("write", { seconds = 600 }, function()
  if not out then return end
  write("Plain.dll", flat("Plain", 20, 50))
  write("Attributed.dll", flat("Attributed", 20, 50, { TRACE }))
  write("Ruled.dll", flat("Ruled", 20, 50))
  write("Both.dll", flat("Both", 20, 50, { TRACE }))
  write("Shapes.dll", shapes())
  for _, n in ipairs { 10, 100, 1000, 10000, 100000 } do write(("Methods%d.dll"):format(n), flat("Ruled", math.max(1, n // 50), math.min(n, 50))) end
  local names = {}
  for i, s in ipairs(SHAPES) do names[i] = s[1] end
  write("shapes.txt", table.concat(names, "\n") .. "\n")
  local method_names = {}
  for i = 1, #SHAPES do
    method_names[#method_names + 1] = "A" .. i
    method_names[#method_names + 1] = "B" .. i
  end
  write("shapes.xml", scenario.rules_xml { { assembly = "Shapes", class = "N.C", method = method_names },
    { assembly = "Ruled", class = "N.C1", method = "M1" }, { assembly = "Both", class = "N.C1", method = "M1" } })
  for _, n in ipairs { 10, 100, 1000, 10000, 100000 } do
    write(("rules%d.xml"):format(n), scenario.rules_xml(rules(n, "Elsewhere")))
    write(("ruled%d.xml"):format(n), scenario.rules_xml(rules(n, "Ruled")))
  end
  for _, n in ipairs { 10, 100, 1000, 10000 } do write(("wide%d.lua"):format(n), wide_rules(n)) end
end)
