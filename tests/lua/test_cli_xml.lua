-- nrprof import-xml and export-xml.

local cli = require "_cli"
local clr = require "nr.clr"
local lu = require "luaunit"
local nr = require "nr"

local fields = { "assembly", "class", "method", "parameters", "min", "max", "factory", "metric", "flags", "template" }

-- The points that a file gives, one text each.
local function points(kind, text)
  local s <close> = nr.script { level = "warn" }
  lu.assertTrue(s[kind](s, text), "the file is refused: " .. (nr.log()[1] or { text = "" }).text)
  local list = {}
  for i, p in ipairs(s:points()) do
    local parts = {}
    for k, name in ipairs(fields) do parts[k] = tostring(p[name]) end
    list[i] = table.concat(parts, "|")
  end
  return list
end

local function same_points(xml, lua)
  local expected = points("xml", xml)
  lu.assertEquals(table.concat(points("rules", lua), "\n"), table.concat(expected, "\n"))
  return #expected
end

local everything = [[
<?xml version="1.0"?>
<extension xmlns="urn:newrelic-extension"><instrumentation>
  <!-- two lines
       of a comment -->
  <tracerFactory name="A &quot;quoted&quot; name" metricName="Custom/X" metric="both" level="3" transactionNamingPriority="5"
      suppressRecursiveCalls="false" transactionTraceSegment="false">
    <match assemblyName="Contoso" className="Contoso.A,Contoso.B`1[System.Int32,System.String]" minVersion="1.2.3" maxVersion="4">
      <exactMethodMatcher methodName="M" parameters="void"/>
      <!-- this overload only -->
      <exactMethodMatcher methodName="M" parameters="System.Int32, System.Byte[]"/>
      <exactMethodMatcher methodName="N"/>
    </match>
  </tracerFactory>
  <tracerFactory enabled="false" metric="none">
    <match assemblyName="Contoso" className="Contoso.A"><exactMethodMatcher methodName="Off"/></match>
  </tracerFactory>
  <tracerFactory metricName="instance" metric="unscoped">
    <match assemblyName="Contoso" className="Contoso.A"><exactMethodMatcher methodName=".ctor"/></match>
  </tracerFactory>
</instrumentation></extension>
]]

TestImport = { setUp = cli.posix_only }

function TestImport.test_every_attribute()
  local dir = cli.write { ["all.xml"] = everything }
  local out, err, code = cli.run("import-xml", dir .. "/all.xml")
  lu.assertEquals({ err, code }, { "", 0 })
  lu.assertEquals(out, [[
-- Made from all.xml by `nrprof import-xml`.

-- two lines
-- of a comment
tracer { name = "A \"quoted\" name", metric_name = "Custom/X", metric = "both", level = 3, transaction_naming_priority = 5, suppress_recursive_calls = false, transaction_trace_segment = false }
  match { assembly = "Contoso", class = "Contoso.A", min = "1.2.3", max = "4.0",
          "M()" }
  match { assembly = "Contoso", class = "Contoso.B`1[System.Int32,System.String]", min = "1.2.3", max = "4.0",
          "M()" }
  -- this overload only
  match { assembly = "Contoso", class = "Contoso.A", min = "1.2.3", max = "4.0",
          "M(System.Int32,System.Byte[])" }
  match { assembly = "Contoso", class = "Contoso.B`1[System.Int32,System.String]", min = "1.2.3", max = "4.0",
          "M(System.Int32,System.Byte[])" }
  match { assembly = "Contoso", class = "Contoso.A", min = "1.2.3", max = "4.0",
          "N" }
  match { assembly = "Contoso", class = "Contoso.B`1[System.Int32,System.String]", min = "1.2.3", max = "4.0",
          "N" }

tracer { metric = "none", enabled = false }
  match { assembly = "Contoso", class = "Contoso.A",
          "Off" }

tracer { metric_name = "instance", metric = "unscoped" }
  match { assembly = "Contoso", class = "Contoso.A",
          ".ctor" }
]])
  lu.assertEquals(same_points(everything, out), 7)
end

-- What ships with the agent: the same points, file by file.
function TestImport.test_shipped_files_give_the_same_points()
  local files, total = clr.files(cli.shared "data/extensions", ".xml"), 0
  local dir = nr.directory()
  local words = { "import-xml", "-o", dir }
  for _, path in ipairs(files) do words[#words + 1] = path end
  local out, err, code = cli.run(table.unpack(words))
  lu.assertEquals({ out, err, code }, { "", "", 0 })
  for _, path in ipairs(files) do
    total = total + same_points(cli.read(path), cli.read(dir .. "/" .. path:match "([^/]+)%.xml$" .. ".lua"))
  end
  lu.assertEquals(#files, 45)
  lu.assertTrue(total > 500, "points: " .. total)
end

local config = '<?xml version="1.0"?><configuration xmlns="urn:newrelic-config" agentEnabled="true"><log level="info"/></configuration>'

-- … and the same bodies, tokens and requests on the simulated CLR.
function TestImport.test_shipped_files_give_the_same_recording()
  local dir = cli.write { ["xml/newrelic.config"] = config, ["xml/NewRelic.Agent.Core.dll"] = "" }
  local files = clr.files(cli.shared "data/extensions", ".xml")
  local assemblies, words = {}, { "import-xml", "-o", dir .. "/lua" }
  for _, name in ipairs { "System.Net.Http", "System.Data.Common", "System.Net.Requests", "Microsoft.Extensions.Logging.Abstractions",
    "Microsoft.AspNetCore.Mvc.Core", "Microsoft.AspNetCore.Http", "Microsoft.AspNetCore.Hosting", "Microsoft.Extensions.Logging" } do
    assemblies[#assemblies + 1] = cli.framework(name .. ".dll")
  end
  for _, path in ipairs(files) do
    nr.write(dir .. "/xml/extensions/" .. path:match "[^/]+$", cli.read(path))
    words[#words + 1] = path
  end
  lu.assertEquals(select(3, cli.run(table.unpack(words))), 0)
  -- One path for both homes: it is written into the code.
  local home, recordings = dir .. "/home", {}
  for _, kind in ipairs { "xml", "lua" } do
    os.execute(("rm -rf '%s'; cp -r '%s/xml' '%s'"):format(home, dir, home))
    if kind == "lua" then os.execute(("rm '%s'/extensions/*.xml; cp '%s'/lua/*.lua '%s/extensions/'"):format(home, dir, home)) end
    local _, err, code = cli.run("record", "--home", home, "-o", dir .. "/" .. kind .. ".jsonl", table.unpack(assemblies))
    lu.assertEquals({ err, code }, { "", 0 })
    recordings[kind] = cli.read(dir .. "/" .. kind .. ".jsonl")
  end
  local _, bodies = recordings.xml:gsub('{"ev":"setil"', "")
  lu.assertTrue(bodies >= 5, "bodies: " .. bodies)
  lu.assertTrue(recordings.lua == recordings.xml, "the recordings differ")
end

function TestImport.test_what_it_cannot_take()
  local dir = cli.write {
    ["star.xml"] = [[<extension><instrumentation><tracerFactory>
<match assemblyName="A" className="B*"><exactMethodMatcher methodName="M"/></match></tracerFactory></instrumentation></extension>]],
    ["no.xml"] = "<extension", ["e.xml"] = "<other/>", ["empty.xml"] = [[<extension><instrumentation><tracerFactory>
<match assemblyName="A" className=""><exactMethodMatcher methodName="M"/></match></tracerFactory></instrumentation></extension>]],
    ["cor.xml"] = [[<extension><instrumentation><tracerFactory>
<match assemblyName="mscorlib" className="System.X"><exactMethodMatcher methodName="M"/></match></tracerFactory></instrumentation></extension>]],
  }
  local _, err, code = cli.run("import-xml", dir .. "/no.xml")
  lu.assertStrMatches(err, "nrprof: .*/no%.xml: [^\n]+\n")
  lu.assertEquals(code, 2)
  _, err, code = cli.run("import-xml", dir .. "/empty.xml")
  lu.assertStrMatches(err, "nrprof: .*/empty%.xml: a rule has no equal in Lua: .*needs the field 'class'\n")
  lu.assertEquals(code, 2)
  _, err, code = cli.run("import-xml", dir .. "/star.xml") -- no wildcard in XML, but one in Lua
  lu.assertStrMatches(err, "nrprof: .*/star%.xml:2: this rule would mean something else in Lua: B%*%.M\n")
  lu.assertEquals(code, 2)
  _, err, code = cli.run("import-xml", dir .. "/cor.xml")
  lu.assertStrMatches(err, "nrprof: .*/cor%.xml: Skipping instrumentation targeted at the mscorlib assembly for class System%.X\n")
  lu.assertEquals(code, 0)
  cli.assert_run({ err = "nrprof: nowhere.xml: no such file\n", code = 2 }, "import-xml", "nowhere.xml")
  cli.assert_run({ err = "nrprof: no file is given\ntry 'nrprof import-xml --help'\n", code = 2 }, "import-xml")
end

TestExport = { setUp = cli.posix_only }

function TestExport.test_there_and_back()
  local dir = cli.write { ["all.xml"] = everything }
  lu.assertEquals(select(3, cli.run("import-xml", dir .. "/all.xml", "-o", dir .. "/all.lua")), 0)
  local out, err, code = cli.run("export-xml", dir .. "/all.lua")
  lu.assertEquals({ err, code }, { "", 0 })
  lu.assertStrContains(out, '<match assemblyName="Contoso" className="Contoso.A" minVersion="1.2.3" maxVersion="4.0">')
  lu.assertEquals(points("xml", out), points("xml", everything))
end

function TestExport.test_what_xml_has_no_words_for()
  local rows = {
    { "tracer {}\nmatch { assembly = 'A', class = 'B', 'M', where = function() return true end }", ":2: extension XML has no words for `where`" },
    { "tracer { template = 'count' }\n\nmatch { assembly = 'A', class = 'B', 'M' }", ":3: extension XML has no words for `template = \"count\"`" },
    { "tracer {}\nmatch { assembly = 'A*', class = 'B', 'M' }", ":2: extension XML has no words for the wildcard in [A*]B.M" },
    { "tracer {}\nmatch { assembly = 'A', class = 'B', 'M', extends = 'C' }", ":2: extension XML has no words for `extends`" },
    { "tracer { metric_name = function() return 'x' end }\nmatch { assembly = 'A', class = 'B', 'M' }",
      ":2: extension XML has no words for a `metric_name` that is a function" },
    { "ignore { assembly = 'A' }", ": extension XML has no words for `ignore`; newrelic.config has an ignore list" },
    { "tracer { nam = 'x' }", ":1: unknown field 'nam' in tracer, did you mean 'name'?" },
  }
  for _, row in ipairs(rows) do
    local path = cli.write { ["r.lua"] = row[1] } .. "/r.lua"
    cli.assert_run({ err = ("nrprof: %s%s\n"):format(path, row[2]), code = 2 }, "export-xml", path)
  end
end
