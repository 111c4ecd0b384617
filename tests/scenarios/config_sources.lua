-- newrelic-config.md 1.11, 2, 3: where settings come from, and what is wrong with a file that cannot be used.

local scenario = require "nrprof.scenario"
local nr = require "nr"
local t = scenario.suite "newrelic-config: sources"

local CANCEL = "CORPROF_E_PROFILER_CANCEL_ACTIVATION"
local GONE = "[Error] An exception was thrown while initializing the profiler. The profiler will be detached now."

-- ---- 1.11, 2.1: a global file that cannot be used --------------------------------------------------------------------------------

for _, row in ipairs {
  { "nonsense", "expected <", "nonsense" }, { "<configuration/>x", "expected <", "x" },
  { "<configuration", "expected >", "" }, { "<configuration/ >", "expected >", " >" }, { "<configuration></configuration a>", "expected >", "a>" },
  { "<>", "expected element name", ">" }, { "< configuration/>", "expected element name", " configuration/>" },
  { "<a/></a>", "expected element name", "/a>" },
  { "<configuration ='1'/>", "expected >", "='1'/>" }, { "<configuration a/>", "expected =", "/>" }, { "<configuration a 'b'/>", "expected =", "'b'/>" },
  { "<configuration a=b/>", "expected ' or \"", "b/>" }, { "<configuration a='b/>", "expected ' or \"", "" },
  { "<configuration a='&#65'/>", "expected ;", "'/>" }, { "<configuration a='&#x110000;'/>", "invalid numeric character entity", nil },
  { "<configuration>", "unexpected end of data", "" }, { "<configuration><log>", "unexpected end of data", "" },
  { "<configuration><!-- ", "unexpected end of data", nil }, { "<?xml ", "unexpected end of data", nil },
  { "<!DOCTYPE [", "unexpected end of data", nil }, { "<![CDATA[", "unexpected end of data", nil },
} do
  t:test(("1.11: %s: %s"):format(row[1], row[2]), { covers = { "newrelic-config 1.11", "newrelic-config 2.1", "logging 5.1", "logging 3.2" },
    only_ours = "the reference prints the rest of the text with the wrong width: it reads behind it, and the log ends" }, function(s)
    s:home { config = row[1] }
    s:equal(s:core { fails = true }.result, CANCEL)
    s:log_has("[Error] Exception thrown while attempting to parse main newrelic.config file: " .. row[2])
    s:log_has(row[3] and "[Error] Exception thrown at " .. row[3] or "Exception thrown at", GONE)
  end)
end

for _, row in ipairs { { "an empty file", "" }, { "another root", "<config/>" }, { "only a declaration", '<?xml version="1.0"?>' },
  { "a prefixed root", "<x:configuration/>" } } do
  t:test("2.1: no configuration element: " .. row[1], { covers = { "newrelic-config 2.1", "newrelic-config 1.6", "logging 5.1" } }, function(s)
    s:home { config = row[2] }
    s:equal(s:core { fails = true }.result, CANCEL)
    s:log_has("[Error] Unable to locate configuration node in the global newrelic.config file.", GONE)
  end)
end

t:test("4: no newrelic.config at all", { covers = { "environment-and-files 4", "logging 5.1" } }, function(s)
  s:home { config = false }
  s:equal(s:core { fails = true }.result, CANCEL)
  s:log_has("[Error] The global newrelic.config file was not found at: home", GONE)
end)

t:test("1.1: a configuration in capitals, with UTF-8 mark", { covers = { "newrelic-config 1.1", "environment-and-files 4.3" } }, function(s)
  s:home { config = '\u{FEFF}<CONFIGURATION AGENTENABLED="TRUE"><LOG LEVEL="DEBUG"/></CONFIGURATION>' }
  s:core()
  s:log_has "[Debug] Calling SetEventMask2()."
end)

-- ---- 2: one file for everything but agentEnabled ------------------------------------------------------------------------------------

local function local_config(text)
  if nr.windows then return end -- there it lies beside the program
  nr.write("newrelic.config", text)
end

local REPORT = { "[Info ] Global config agentEnabled=true", "[Info ] Local config agentEnabled=true" }

t:test("2: the local file replaces log, instrumentation and pools of the global one", { covers = { "newrelic-config 2", "environment-and-files 4" } }, function(s)
  if nr.windows then s:skip "the local file lies beside the program" end
  s:home { config = { level = "debug", ignore = { "A" } }, rules = { { assembly = "A", class = "N.C", method = "M" }, { assembly = "B", class = "N.C",
    method = "M" } } }
  local_config '<configuration><log level="all"/><instrumentation><rules><ignore assemblyName="B"/></rules></instrumentation></configuration>'
  s:core()
  s:log_has("[Debug] Instrumentation for [B]N.C.M is in the ignore list in the newrelic.config file and will be ignored.",
    "[Info ] Identified 1 Instrumentation points (not ignored) in .xml files")
  s:log_has "Process Path: " -- a TRACE line
  s:log_lacks "for [A]N.C.M is in the ignore list"
end)

t:test("2: nothing is merged: a local file without log has the defaults", { covers = { "newrelic-config 2", "newrelic-config 4.3" } }, function(s)
  if nr.windows then s:skip "the local file lies beside the program" end
  s:home { config = { level = "debug", ignore = { "A" } }, rules = { { assembly = "A", class = "N.C", method = "M" } } }
  local_config "<configuration/>"
  s:core()
  s:log_has "[Info ] Identified 1 Instrumentation points (not ignored) in .xml files"
  s:log_lacks "Debug"
end)

for _, row in ipairs {
  { "malformed", "<configuration", "[Warn ] Unable to parse local newrelic.config. Defaulting to global version." },
  { "empty", "", "[Warn ] Unable to find the configuration node in local newrelic.config file. Defaulting to global version." },
  { "with another root", "<config><log level='off'/></config>",
    "[Warn ] Unable to find the configuration node in local newrelic.config file. Defaulting to global version." },
} do
  t:test(("2.2: a local file that is %s: the global one counts; said when reloaded only"):format(row[1]),
    { covers = { "newrelic-config 2.2", "logging 3.2", "logging 5.1", "newrelic-config 9" } }, function(s)
    if nr.windows then s:skip "the local file lies beside the program" end
    s:home { config = { level = "debug" } }
    local_config(row[2])
    local clr = s:core()
    s:log_is({ "Warn", "Error" }, {})
    s:log_has "[Debug] Calling SetEventMask2()."
    s:log_lacks "Found newrelic.config at"
    s:equal(clr:call "ReloadConfiguration", "S_OK")
    s:log_has("[Info ] Reloading newrelic.config files.", "[Info ] Found newrelic.config at: home/newrelic.config",
      "[Info ] Found newrelic.config at: ./newrelic.config", row[3])
  end)
end

-- ---- 3: agentEnabled -----------------------------------------------------------------------------------------------------------------------

local ENABLED = "is not IIS."
local DISABLED = "[Info ] New Relic has been disabled via newrelic.config file."
local IN_LOCAL = "[Info ] Enabling instrumentation for this process due to existence of agentEnabled=true in local newrelic.config."
local UNLISTED = "is not configured to be instrumented."

local function configuration(value)
  return value and ('<configuration agentEnabled="%s"><log level="debug"/></configuration>'):format(value) or "<configuration><log level='debug'/></configuration>"
end
local NONE = {}

-- { global, local (NONE: no file), enabled, enabled in local }; nil: no attribute
for _, row in ipairs {
  { nil, NONE, true, false }, { "true", NONE, true, false }, { "TRUE", NONE, true, false }, { "True", NONE, true, false }, { "false", NONE, false },
  { "1", NONE, false }, { "", NONE, false }, { " true", NONE, false }, { "yes", NONE, false },
  { nil, nil, true, true }, { nil, "true", true, true }, { nil, "TRUE", true, true }, { nil, "false", false }, { nil, "", false },
  { "true", nil, true, true }, { "true", "true", true, true }, { "true", "false", false }, { "true", "1", false },
  { "false", nil, false }, { "false", "true", false }, { "false", "false", false }, { "1", "true", false },
} do
  local global, own, enabled, in_local = row[1], row[2], row[3], row[4]
  local function shown(v) return v == NONE and "no file" or v and "'" .. v .. "'" or "absent" end
  t:test(("3: agentEnabled global %s, local %s: .NET Framework %s"):format(shown(global), shown(own), enabled and "yes" or "no"),
    { covers = { "newrelic-config 3", "newrelic-config 8.3" } }, function(s)
    if nr.windows and own ~= NONE then s:skip "the local file lies beside the program" end
    s:home { config = configuration(global) }
    if own ~= NONE then local_config(configuration(own)) end
    s:env { NEW_RELIC_FORCE_PROFILING = false }
    local clr = s:desktop { fails = not in_local }
    if not in_local then s:equal(clr.result, CANCEL) end
    s:log_has(not enabled and DISABLED or in_local and IN_LOCAL or UNLISTED)
    if not in_local then s:log_has "[Info ] This process should not be instrumented, unloading profiler." end
  end)
  t:test(("3: agentEnabled global %s, local %s: .NET does not ask"):format(shown(global), shown(own)),
    { covers = { "newrelic-config 3", "newrelic-config 8.2.5" } }, function(s)
    if nr.windows and own ~= NONE then s:skip "the local file lies beside the program" end
    s:home { config = configuration(global) }
    if own ~= NONE then local_config(configuration(own)) end
    local clr = s:core()
    s:log_has(ENABLED)
    s:equal(clr:call "ReloadConfiguration", "S_OK")
    if own == NONE then s:log_lacks "config agentEnabled="
    else
      local function yes(v) return v == nil or v:lower() == "true" end
      s:log_has(("[Info ] Global config agentEnabled=%s"):format(yes(global)), ("[Info ] Local config agentEnabled=%s"):format(yes(own)))
      s:equal(s:log_count "config agentEnabled=", 2)
    end
  end)
end
