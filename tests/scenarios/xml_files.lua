-- instrumentation-xml.md 1, 7, 8 and environment-and-files.md 4.3 to 4.5: which extension files are read, in what order, and the
-- serverless point.

local scenario = require "nrprof.scenario"
local nr = require "nr"
local t = scenario.suite "instrumentation-xml: files"
local EXTENSIONS = nr.windows and "home\\extensions\\" or "home/extensions/"
local function loading(directory) return "[Info ] Loading instrumentation from " .. (nr.windows and directory:gsub("/", "\\") or directory) end

local PLEASE = " Please validate your instrumentation files against extensions/extension.xsd or contact New Relic support."
local function invalid(name)
  return ("[Warn ] Exception thrown while attempting to parse instrumentation file '%s%s'."):format(EXTENSIONS, name) .. PLEASE
end
local AT_START = "[Warn ] Unable to parse one or more instrumentation files.  Live instrumentation reloading will not work until the "
  .. "unparsable file(s) are corrected or removed."

local function identified(n) return ("[Info ] Identified %d Instrumentation points (not ignored) in .xml files"):format(n) end
local function rule(method) return scenario.rules_xml { { assembly = "A", class = "N.C", method = method, factory = "F" .. method } } end

local function load(s, clr, names)
  local methods = {}
  for i, name in ipairs(names) do methods[i] = { name = name, sig = "00 00 01", body = "06 2a" } end
  return (clr or s:core()):load(s:assembly { name = "A", types = { { name = "N.C", methods = methods } } })
end

local function parsed(s)
  local names = {}
  for _, line in ipairs(s:log()) do names[#names + 1] = line:gsub("\\", "/"):match "^%[Debug%] Parsing instrumentation file 'home/extensions/(.*)'$" end
  return names
end

-- ---- 1.1: order, 4.4: names ------------------------------------------------------------------------------------------------

t:test("1.1: both directories, in the order of full paths", { covers = { "instrumentation-xml 1.1", "instrumentation-xml 1.3",
  "environment-and-files 4.4", "environment-and-files 4.5" } }, function(s)
  local files = {}
  for i, name in ipairs { "b.xml", "a.xml", "netcore/a.xml", "B.xml", "z.xml", "netcore/z.xml", "_.xml", "na.xml", "netframework/c.xml", "sub/d.xml",
    "a-b.xml", "a.b.xml" } do
    if name ~= "b.xml" or not nr.windows then files["extensions/" .. name] = rule("M" .. i) end -- there it is the same file as B.xml
  end
  s:home(files)
  s:core()
  local order = { "B.xml", "_.xml", "a-b.xml", "a.b.xml", "a.xml", "b.xml", "na.xml", "netcore/a.xml", "netcore/z.xml", "z.xml" }
  if nr.windows then table.remove(order, 6) end
  s:equal(parsed(s), order)
  s:log_has(loading "home/extensions", loading "home/extensions/netcore", identified(#order))
  s:log_lacks("netframework", "sub/")
end)

t:test("1.1: .NET Framework has its own directory", { covers = { "instrumentation-xml 1.1", "environment-and-files 4" } }, function(s)
  s:home { ["extensions/x.xml"] = rule "M", ["extensions/netcore/x.xml"] = rule "K", ["extensions/netframework/x.xml"] = rule "L" }
  s:desktop()
  s:equal(parsed(s), { "netframework/x.xml", "x.xml" })
  s:log_has(loading "home/extensions", loading "home/extensions/netframework")
end)

t:test("4.4: what ends with the letters xml, hidden files too, is read", { covers = "environment-and-files 4.4" }, function(s)
  if nr.windows then s:skip "Windows lists *.xml" end
  local files = {}
  for i, name in ipairs { "a.xml", "fooxml", ".xml", ".hidden.xml", "xml", "b.XML", "c.Xml", "d.xml.bak", "e.xmlx", "f.xml ", "d.xml/inner.xml" } do
    files["extensions/" .. name] = rule("M" .. i)
  end
  s:home(files)
  s:core()
  s:equal(parsed(s), { ".hidden.xml", ".xml", "a.xml", "d.xml", "fooxml", "xml" })
  s:log_has(identified(5))
  s:log_is("Warn", "[Warn ] extension node not found in instrumentation file." .. PLEASE) -- the directory d.xml is an empty text
end)

-- A home without extensions; Windows makes no directory of a relative name, so that of the log is there already.
local function other_home(s)
  nr.write("other/newrelic.config", scenario.config_xml {})
  nr.write("other/NewRelic.Agent.Core.dll", scenario.agent_dll(false))
  if nr.windows then nr.write("other/Logs/there.txt", "") end
  s.home_directory, s.home_made = "other", true
end

t:test("4.2: no directory of extensions is a warning", { covers = { "environment-and-files 4", "environment-and-files 4.2", "logging 5.2" } }, function(s)
  other_home(s)
  local clr = s:core()
  s:log_is({ "Warn", "Error" }, { "[Warn ] Unable to find the New Relic Agent extensions directory (other" .. (nr.windows and "\\" or "/")
    .. "extensions).  No methods will be instrumented except those decorated with [Transaction] or [Trace] attributes in conjunction with the New Relic agent API.",
    table.unpack(scenario.no_extension_files) })
  s:log_has(identified(0), "[Info ] Profiler initialized")
  s:untouched(load(s, clr, { "M" }):jit "N.C.M")
end)

t:test("4.2: a file named extensions is no directory", { covers = "environment-and-files 4.2" }, function(s)
  other_home(s)
  nr.write("other/extensions", rule "M")
  s:core()
  s:log_has "Unable to find the New Relic Agent extensions directory (other"
end)

-- ---- 1.2: deprecated names ----------------------------------------------------------------------------------------------------

for _, row in ipairs {
  { "NewRelic.Providers.Wrapper.Logging.Instrumentation.xml", true },
  { "NewRelic.Providers.Wrapper.CastleMonoRail2.Instrumentation.xml", true },
  { "NewRelic.Providers.Wrapper.Asp35.Instrumentation.xml", true },
  { "newrelic.providers.wrapper.LOGGING.instrumentation.xml", true },
  { "x.NewRelic.Providers.Wrapper.Asp35.Instrumentation.xml", true },
  { "NewRelic.Providers.Wrapper.Asp35.Instrumentation.xml.copy.xml", true },
  { "NewRelic.Providers.Wrapper.Log4NetLogging.Instrumentation.xml", false },
  { "NewRelic.Providers.Wrapper.Asp350.Instrumentation.xml", false },
  { "Wrapper.Asp35.Instrumentation.xml", false },
} do
  for _, text in ipairs { rule "M", "<broken" } do
    t:test(("1.2: %s, %s, is %s"):format(row[1], text == "<broken" and "broken" or "good", row[2] and "left out" or "read"),
      { covers = "instrumentation-xml 1.2" }, function(s)
      s:home { ["extensions/" .. row[1]] = text, ["extensions/z.xml"] = rule "K" }
      s:core()
      if row[2] then
        s:log_is("Warn", ("[Warn ] Deprecated instrumentation file being ignored: %s"):format(EXTENSIONS .. row[1]))
        s:equal(parsed(s), { "z.xml" })
      else
        s:log_is("Warn", text == "<broken" and { invalid(row[1]), AT_START } or {})
      end
      s:log_has(identified((row[2] or text == "<broken") and 1 or 2))
    end)
  end
end

-- ---- 1.4: a file that breaks off ------------------------------------------------------------------------------------------------

t:test("1.4: the files around a broken one count; every broken one is named", { covers = { "instrumentation-xml 1.4", "instrumentation-xml 1.6" } }, function(s)
  s:home { ["extensions/a.xml"] = rule "M", ["extensions/b.xml"] = "<extension>", ["extensions/c.xml"] = rule "K", ["extensions/d.xml"] = "nonsense",
    ["extensions/e.xml"] = rule "L" }
  local m = load(s, nil, { "M", "K", "L" })
  for _, name in ipairs { "M", "K", "L" } do s:rewritten(m:jit("N.C." .. name)) end
  s:log_is({ "Warn", "Error" }, { invalid "b.xml", invalid "d.xml", AT_START })
  s:log_has(invalid "b.xml", "[Debug] Parsing instrumentation file '" .. EXTENSIONS .. "c.xml'", invalid "d.xml",
    identified(3), AT_START)
end)

t:test("1.4: a file whose XML breaks at its end gives no point", { covers = { "instrumentation-xml 1.4", "environment-and-files 4.3" } }, function(s)
  s:home { ["extensions/x.xml"] = (rule("M"):gsub("</extension>", "")) }
  s:untouched(load(s, nil, { "M" }):jit "N.C.M")
  s:log_is("Warn", { invalid "x.xml", AT_START })
  s:log_has(identified(0))
end)

t:test("1.6: points are counted after splitting and without those of the ignore list", { covers = { "instrumentation-xml 1.6", "instrumentation-xml 6.1" } },
  function(s)
  s:home { config = { ignore = { "Left", { "A", "N.D" }, { "a", "n.E" } } }, rules = {
    { assembly = "A", class = "N.C,N.D,N.E,N.F", method = { "M", "K" }, parameters = "System.String, System.Int32" },
    { assembly = "LEFT", class = "X", method = "M" }, { assembly = "Left2", class = "X", method = "M" },
  } }
  s:core()
  s:log_has(
    "[Debug] Instrumentation for [A]N.D.M(System.String,System.Int32) is in the ignore list in the newrelic.config file and will be ignored.",
    "[Debug] Instrumentation for [A]N.E.M(System.String,System.Int32) is in the ignore list in the newrelic.config file and will be ignored.",
    "[Debug] Instrumentation for [A]N.D.K(System.String,System.Int32) is in the ignore list in the newrelic.config file and will be ignored.",
    "[Debug] Instrumentation for [A]N.E.K(System.String,System.Int32) is in the ignore list in the newrelic.config file and will be ignored.",
    "[Debug] Instrumentation for [LEFT]X.M is in the ignore list in the newrelic.config file and will be ignored.", identified(5))
end)

-- ---- 7: the serverless point -----------------------------------------------------------------------------------------------------------

local function handler(s, env, methods)
  s:env(env)
  local list = {}
  for i, m in ipairs(methods or { { name = "M", sig = "00 00 01", body = "06 2a" }, { name = "M", sig = "00 01 01 0e", body = "06 2a" } }) do list[i] = m end
  local clr = s:core()
  return clr:load(s:assembly { name = "A", types = { { name = "N.C", methods = list } } }), clr
end

local function arguments(r)
  local text = r:listing()
  return text:match 'ldc%.i4%.0\n[^\n]*ldstr %x+ "([^\n]*)"\n', tonumber(text:match "ldc%.i4%.1\n[^\n]*ldc%.i4 (%-?%d+)\n"),
    text:match 'ldc%.i4%.2\n[^\n]*(ldnull)\n' or text:match 'ldc%.i4%.2\n[^\n]*ldstr %x+ "([^\n]*)"\n'
end

-- { NEW_RELIC_LAMBDA_HANDLER, _HANDLER, lines }
local FOUND, FOUND2 = "[Debug] Found NEW_RELIC_LAMBDA_HANDLER environment variable: ", "[Debug] Found _HANDLER environment variable: "
local SERVERLESS = "[Info ] Serverless mode detected. Assembly: A Class: N.C Method: M"
local function bad(text) return ("[Warn ] %s is not a valid method descriptor. It must be in the format 'assembly::class::method'"):format(text) end
for _, row in ipairs {
  { "A::N.C::M", nil, true, { FOUND .. "A::N.C::M", SERVERLESS } },
  { nil, "A::N.C::M", true, { FOUND2 .. "A::N.C::M", SERVERLESS } },
  { "A::N.C::M", "B::X::Y", true, { FOUND .. "A::N.C::M", SERVERLESS } },
  { "bad", "A::N.C::M", true, { FOUND .. "bad", bad "bad", FOUND2 .. "A::N.C::M", SERVERLESS } },
  { "A::N.C", nil, false, { FOUND .. "A::N.C", bad "A::N.C" } },
  { "A::N.C::M::K", nil, false, { FOUND .. "A::N.C::M::K", bad "A::N.C::M::K" } },
  { "A:N.C:M", "A::N.C", false, { FOUND .. "A:N.C:M", bad "A:N.C:M", FOUND2 .. "A::N.C", bad "A::N.C" } },
  { "::::", nil, false, { FOUND .. "::::", "[Info ] Serverless mode detected. Assembly:  Class:  Method: " } },
  { "A::N.C::M ", nil, false, { FOUND .. "A::N.C::M ", "[Info ] Serverless mode detected. Assembly: A Class: N.C Method: M " } },
  { " A::N.C::M", nil, false, { FOUND .. " A::N.C::M", "[Info ] Serverless mode detected. Assembly:  A Class: N.C Method: M" } },
  { "a::n.c::m", nil, false, { FOUND .. "a::n.c::m", "[Info ] Serverless mode detected. Assembly: a Class: n.c Method: m" } },
  { "A::N.C:::M", nil, false, { FOUND .. "A::N.C:::M", "[Info ] Serverless mode detected. Assembly: A Class: N.C Method: :M" } },
} do
  t:test(("7: NEW_RELIC_LAMBDA_HANDLER %s, _HANDLER %s"):format(row[1] and "'" .. row[1] .. "'" or "unset", row[2] and "'" .. row[2] .. "'" or "unset"),
    { covers = { "instrumentation-xml 7.1", "instrumentation-xml 7.2", "instrumentation-xml 7.3", "selection-in-native 6.4", "environment-and-files 2" } },
    function(s)
    local m = handler(s, { NEW_RELIC_LAMBDA_HANDLER = row[1] or false, _HANDLER = row[2] or false })
    for i = 1, 2 do
      local r = m:jit("N.C.M#" .. i)
      if row[3] then
        s:rewritten(r)
        local factory, number, metric = arguments(r)
        s:equal(factory, "NewRelic.Providers.Wrapper.AwsLambda.HandlerMethod")
        s:equal(number, 0)
        s:equal(metric, "")
      else
        s:untouched(r)
      end
    end
    s:log_has(table.unpack(row[4]))
    s:equal(s:log_count "Serverless mode", #row[4] > 1 and row[4][#row[4]]:find "Serverless" and 1 or 0)
    s:equal(s:log_count "environment variable: ", (row[4][3] or ""):find "Found" and 2 or 1)
    s:log_has(identified(0))
  end)
end

t:test("7.3: the ignore list does not hold it back", { covers = "instrumentation-xml 7.3" }, function(s)
  s:home { config = { ignore = { "A" } } }
  local m = handler(s, { _HANDLER = "A::N.C::M" })
  s:rewritten(m:jit "N.C.M")
end)

t:test("7.3: mscorlib is not refused", { covers = "instrumentation-xml 7.3" }, function(s)
  s:env { _HANDLER = "mscorlib::N.C::M" }
  s:core()
  s:log_has "[Info ] Serverless mode detected. Assembly: mscorlib Class: N.C Method: M"
  s:log_is({ "Warn", "Error" }, scenario.no_extension_files)
end)

t:test("7.4: a refresh drops it and takes the rewrite back", { covers = { "instrumentation-xml 7.4", "Q60" } }, function(s)
  local m, clr = handler(s, { _HANDLER = "A::N.C::M" }, { { name = "M", sig = "00 00 01", body = "06 2a" } })
  s:rewritten(m:jit "N.C.M")
  local result, happened = clr:call "InstrumentationRefresh"
  s:equal(result, "S_OK")
  s:equal(happened.reverts, { "RequestRevert N.C.M" })
  clr:jit_pending()
  s:bytes(m:body "N.C.M", "06 2a")
end)

-- ---- 8: what the points drive ------------------------------------------------------------------------------------------------------------

t:test("8: at module load all overloads are asked for, nested types are not found", { covers = { "instrumentation-xml 8", "instrumentation-xml 4.2", "logging 1.5" } },
  function(s)
  s:home { rules = { { assembly = "A", class = "N.C", method = "M", parameters = "System.String", min = "9.0" }, { assembly = "A", class = "N.C+D", method = "K" },
    { assembly = "A", class = "N.Gone", method = "M" } } }
  local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = { { name = "M", sig = "00 00 01", body = "06 2a" },
    { name = "M", sig = "00 01 01 08", body = "06 2a" } }, types = { { name = "D", methods = { { name = "K", sig = "00 00 01", body = "06 2a" } } } } } } })
  s:equal(m.requests, { "RequestReJIT N.C.M, N.C.M" })
  s:log_has "[Info ] Unable to find N.C+D for rejit. HR:-2146234064"
  s:log_has "[Info ] Unable to find N.Gone for rejit. HR:-2146234064"
  s:log_has "[Debug] Found 2 method(s) matching M"
  s:untouched(m:jit "N.C.M")
  s:rewritten(m:jit "N.C+D.K")
end)
