-- How the agent's method is found, and what of the environment the bytes depend on: injected-code.md 3.1, 9; Q41, Q42.
local scenario = require "nrprof.scenario"
local code = dofile((debug.getinfo(1, "S").source:match "^@(.*[/\\])" or "") .. "_code.lua")

local t = scenario.suite "code_lookup"
local DLL = "/NewRelic.Agent.Core.dll"

-- The look-up is "uncached": LoadFrom, GetType, GetMethod; or "cached": one call of a helper of mscorlib.
local function kind(r)
  local list = code.instructions(r)
  local cached, uncached = 0, 0
  for _, text in ipairs(list) do
    if text:find "GetMethodFromAppDomainStorageOrReflectionOrThrow" then cached = cached + 1 end
    if text:find "::LoadFrom " then uncached = uncached + 1 end
  end
  return cached == 1 and uncached == 0 and "cached" or uncached == 1 and cached == 0 and "uncached" or "neither"
end

local UNCACHED = 'ldstr "home/NewRelic.Agent.Core.dll"; call [%s]System.Reflection.Assembly::LoadFrom cc00 class '
  .. '[%s]System.Reflection.Assembly(string); ldstr "NewRelic.Agent.Core.AgentShim"; callvirt [%s]System.Reflection.Assembly::GetType '
  .. 'cc20 class [%s]System.Type(string); ldstr "GetFinishTracerDelegate"; callvirt [%s]System.Type::GetMethod cc20 class '
  .. "[%s]System.Reflection.MethodInfo(string)"
local CACHED = 'ldstr "NewRelic.Agent.Core.AgentShim.GetFinishTracerDelegate_0"; ldstr "home/NewRelic.Agent.Core.dll"; '
  .. 'ldstr "NewRelic.Agent.Core.AgentShim"; ldstr "GetFinishTracerDelegate"; ldnull; call [mscorlib]System.CannotUnloadAppDomainException'
  .. "::GetMethodFromAppDomainStorageOrReflectionOrThrow cc00 class [mscorlib]System.Reflection.MethodInfo"
  .. "(string,string,string,string,class [mscorlib]System.Type[])"

for _, row in ipairs {
  { "on .NET", false, nil, nil, UNCACHED:format("System.Reflection", "System.Reflection", "System.Reflection", "System.Runtime", "System.Runtime",
    "System.Reflection") },
  { "on .NET Framework", true, nil, nil, CACHED },
  { "on .NET Framework with caching disabled", true, "true", nil, UNCACHED:format(("mscorlib "):rep(6):match(("(%S+) "):rep(6))) },
  { "on .NET in a domain not named clrhost", false, nil, "corerun", CACHED },
} do
  local name, desktop, variable, domain, expected = table.unpack(row)
  t:test("3.1: the look-up " .. name, { covers = { "injected-code 3.1", "injected-code 3.1.1", "injected-code 9", domain and "Q41" or nil } },
    function(s)
      s:env { NEW_RELIC_DISABLE_APPDOMAIN_CACHING = variable or false }
      local m = s:method { desktop = desktop, clr = { domain = domain }, body = "06 2a",
        assembly = { refs = { (desktop or domain) and "mscorlib" or "System.Runtime" } } }
      local r = m:jit()
      s:rewritten(r)
      local list = code.instructions(r)
      s:equal(table.concat(list, "; ", 5, 10), expected)
      s:equal(list[11], "ldnull")
    end)
end

-- 2.2 of metadata-tokens.md: the flavour is chosen by the name of the function's domain, exactly.
for _, row in ipairs { { "clrhost", "uncached" }, { "CLRHOST", "cached" }, { "clrhost ", "cached" }, { "clrhost2", "cached" },
  { "corerun", "cached" }, { "/LM/W3SVC/1/ROOT", "cached" } } do
  for _, desktop in ipairs { false, true } do
    t:test(("3.1: in the domain '%s' of .NET%s the look-up is %s"):format(row[1], desktop and " Framework" or "", row[2]),
      { covers = { "injected-code 3.1", "injected-code 9", "Q41", "metadata-tokens 2.2" } }, function(s)
        local m = s:method { desktop = desktop, clr = { domain = row[1] }, body = "06 2a", assembly = { refs = { "mscorlib", "System.Runtime" } } }
        local r = m:jit()
        s:rewritten(r)
        s:equal(kind(r), row[2])
        -- With it comes the way references are resolved.
        s:contains(table.concat(code.instructions(r), "\n"), row[2] == "cached" and "[mscorlib]System.Action`2"
          or "[System.Core]System.Action`2")
      end)
  end
end

for value, expected in pairs { ["true"] = "uncached", TRUE = "uncached", True = "uncached", ["1"] = "uncached", ["false"] = "cached",
  ["0"] = "cached", [""] = "cached", yes = "cached", ["2"] = "cached", ["true "] = "cached", [" 1"] = "cached", ["11"] = "cached", on = "cached" } do
  t:test(("3.1.2: with caching disabled by '%s' the look-up is %s"):format(value, expected), { covers = { "injected-code 3.1.2", "Q42" } },
    function(s)
      s:env { NEW_RELIC_DISABLE_APPDOMAIN_CACHING = value }
      local r = s:method { desktop = true, body = "06 2a" }:jit()
      s:equal(kind(r), expected)
    end)
  if value == "true" or value == "" then
    t:test(("3.1.2: '%s' changes nothing on .NET"):format(value), { covers = "injected-code 3.1.2" }, function(s)
      s:env { NEW_RELIC_DISABLE_APPDOMAIN_CACHING = value }
      s:equal(kind(s:method { body = "06 2a" }:jit()), "uncached")
    end)
  end
end

t:test("3.1.2: the variable is read again at each rewrite", { covers = { "injected-code 3.1.2", "Q42" } }, function(s)
  s:home { rules = { { assembly = "A", class = "N.C", method = { "P", "Q", "R" } } } }
  local methods = {}
  for i, name in ipairs { "P", "Q", "R" } do methods[i] = { name = name, sig = "00 00 01", body = "06 2a" } end
  local m = s:desktop():load(s:assembly { name = "A", types = { { name = "N.C", methods = methods } } })
  s:equal(kind(m:jit "N.C.P"), "cached")
  s:env { NEW_RELIC_DISABLE_APPDOMAIN_CACHING = "1" }
  s:equal(kind(m:jit "N.C.Q"), "uncached")
  s:env { NEW_RELIC_DISABLE_APPDOMAIN_CACHING = "0" }
  s:equal(kind(m:jit "N.C.R"), "cached")
end)

t:test("3.1.2: it is read again for API methods, too", { covers = "injected-code 3.1.2" }, function(s)
  local m = s:api_method { desktop = true, name = "F", body = "06 2a", type = { methods = { { name = "G", sig = "00 00 01", body = "06 2a" } } } }
  s:equal(kind(m:jit()), "cached")
  s:env { NEW_RELIC_DISABLE_APPDOMAIN_CACHING = "True" }
  s:equal(kind(m:jit "NewRelic.Api.Agent.NewRelic.G"), "uncached")
end)

-- 3.1.3: files that exist (in two directories: "i" of the installation, "h" the home), variables, and which is taken.
local PATHS = {
  { "home", {}, {}, "home" .. DLL },
  { "home before its sub-directory", {}, { "home/netcore", "home/netframework" }, "home" .. DLL },
  { "the runtime's sub-directory of home", {}, { "-home", "home/netcore", "home/netframework" }, "home/%s" .. DLL },
  { "the installation", { NEW_RELIC_INSTALL_PATH = "i" }, { "i" }, "i" .. DLL },
  { "the installation before its sub-directory", { NEW_RELIC_INSTALL_PATH = "i" }, { "i", "i/netcore", "i/netframework" }, "i" .. DLL },
  { "the runtime's sub-directory of the installation before home", { NEW_RELIC_INSTALL_PATH = "i" }, { "i/netcore", "i/netframework" },
    "i/%s" .. DLL },
  { "home when the installation lacks the file", { NEW_RELIC_INSTALL_PATH = "i" }, {}, "home" .. DLL },
  { "the old name of the installation", { NEWRELIC_INSTALL_PATH = "i" }, { "i" }, "i" .. DLL },
  { "the new name of the installation before the old one", { NEW_RELIC_INSTALL_PATH = "i", NEWRELIC_INSTALL_PATH = "j" }, { "i", "j" },
    "i" .. DLL },
  { "only the new name when both are set", { NEW_RELIC_INSTALL_PATH = "i", NEWRELIC_INSTALL_PATH = "j" }, { "j" }, "home" .. DLL },
  { "a path with a separator at its end, which is doubled", { NEW_RELIC_INSTALL_PATH = "i/" }, { "i" }, "i/" .. DLL },
}
for _, row in ipairs(PATHS) do
  local name, variables, files, expected = table.unpack(row)
  for _, desktop in ipairs { false, true } do
    t:test(("3.1.3: %s (.NET%s)"):format(name, desktop and " Framework" or ""), { covers = { "injected-code 3.1.3", "injected-code 9" } },
      function(s)
        s:env(variables)
        s:home { core = files[1] ~= "-home" and "" or false }
        for i, directory in ipairs(files) do
          if directory:sub(1, 1) ~= "-" then s:home { ["../" .. directory .. DLL] = "" } end
        end
        local r = s:method { desktop = desktop, body = "06 2a" }:jit()
        s:rewritten(r)
        local text = (expected:gsub("%%s", desktop and "netframework" or "netcore"))
        s:equal(code.instructions(r)[desktop and 6 or 5], ('ldstr "%s"'):format(text))
      end)
  end
end

for _, row in ipairs {
  { false, { CORECLR_NEW_RELIC_HOME = "home", CORECLR_NEWRELIC_HOME = "old" }, "home" },
  { false, { CORECLR_NEW_RELIC_HOME = false, CORECLR_NEWRELIC_HOME = "home", NEW_RELIC_HOME = "no" }, "home" },
  { true, { NEW_RELIC_HOME = "home", NEWRELIC_HOME = "old" }, "home" },
  { true, { NEW_RELIC_HOME = false, NEWRELIC_HOME = "home", CORECLR_NEW_RELIC_HOME = "no" }, "home" },
} do
  local names = {}
  for k, v in pairs(row[2]) do names[#names + 1] = k .. "=" .. tostring(v) end
  table.sort(names)
  t:test(("3.1.3: the home of .NET%s with %s"):format(row[1] and " Framework" or "", table.concat(names, ", ")),
    { covers = "injected-code 3.1.3" }, function(s)
      s:env(row[2])
      local r = s:method { desktop = row[1], body = "06 2a" }:jit()
      s:equal(code.instructions(r)[row[1] and 6 or 5], 'ldstr "home/NewRelic.Agent.Core.dll"')
    end)
end

for _, level in ipairs { "off", "error", "info", "debug", "finest" } do
  t:test(("9: the bytes are the same at log level %s"):format(level), { covers = "injected-code 9" }, function(s)
    s:home { config = { level = level } }
    local r = s:method { body = "06 2a" }:jit()
    s:equal(r.size, 356)
    s:equal(kind(r), "uncached")
  end)
end
