-- nrprof doctor: each check with a good case and bad ones, in an environment that holds nothing else, and in processes.

local nr = require "nr"
local lu = require "luaunit"

local library = nr.program:gsub("[^/]*$", "libNewRelicProfiler.so")

local function quoted(word) return "'" .. word:gsub("'", "'\\''") .. "'" end

local function shell(command)
  local pipe = assert(io.popen(command, "r"))
  local out = pipe:read "a"
  local _, _, code = pipe:close()
  return out, code
end

local is_root = not nr.windows and shell "id -u" == "0\n"

local function set_up()
  if nr.windows then lu.skip "these tests use a POSIX shell" end
  local file = io.open(library, "rb")
  if not file then lu.skip "there is no profiler library beside nrprof" end
  file:close()
end

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

local config = '<?xml version="1.0"?>\n<configuration xmlns="urn:newrelic-config" agentEnabled="true">\n</configuration>\n'
local rule = 'tracer {}\n  match { assembly = "Shop", class = "Shop.Cart", "Total" }\n'

-- A home directory. `files` replaces some of its files; false leaves one out.
local function home(files)
  local dir = nr.directory()
  local all = { ["newrelic.config"] = config, ["NewRelic.Agent.Core.dll"] = "MZ", ["extensions/r.lua"] = rule }
  for name, text in pairs(files or {}) do all[name] = text end
  for name, text in pairs(all) do if text then nr.write(dir .. "/" .. name, text) end end
  shell(("chmod -R u=rwX,go=rX %s"):format(quoted(dir)))
  return dir
end

-- All that the profiler needs; `changes` replaces variables, false takes one away.
local function environment(changes)
  local all = {
    CORECLR_ENABLE_PROFILING = "1", CORECLR_PROFILER = "{36032161-FFC0-4B61-B559-F6C5D41BAE5A}",
    CORECLR_PROFILER_PATH = library, CORECLR_NEW_RELIC_HOME = home(),
  }
  for name, value in pairs(changes or {}) do all[name] = value end
  local words = {}
  for name, value in pairs(all) do if value then words[#words + 1] = quoted(name .. "=" .. value) end end
  return "env -i " .. table.concat(words, " ")
end

-- Checks by name: { status, text, advice }; of several with one name the first. Then the exit code and the text.
local function parsed(out, code)
  local checks, current = {}, nil
  for line in out:gmatch "[^\n]+" do
    local status, name, text = line:match "^ *%d+  (%l+) +([%l-]+) +(.*)$"
    local advice = line:match "^ +%-> (.*)$"
    if name then
      current = checks[name] and {} or { status, text }
      checks[name] = checks[name] or current
    elseif advice and current then
      current[3] = advice
    end
  end
  return checks, code, out
end

local function doctor(changes, ...)
  return parsed(shell(environment(changes) .. " " .. quoted(nr.program) .. " doctor " .. table.concat({ ... }, " ") .. " 2>&1"))
end

-- rows: { variables, check, status, part of the text, part of the advice }
local function check_all(rows)
  for i, row in ipairs(rows) do
    local checks, _, out = doctor(row[1])
    local found = checks[row[2]]
    lu.assertNotNil(found, ("row %d: no check %s in\n%s"):format(i, row[2], out))
    lu.assertEquals(found[1], row[3], out)
    lu.assertStrContains(found[2], row[4])
    if row[5] then lu.assertStrContains(found[3] or "(no advice)", row[5]) end
  end
end

TestEnvironment = { setUp = set_up }

function TestEnvironment.test_all_is_well()
  local checks, code, out = doctor()
  lu.assertEquals(code, 0, out)
  lu.assertStrMatches(out, ".*\n\n13 ok, 0 warnings, 0 errors, 0 skipped: nothing stands in the profiler's way\n")
  for name, check in pairs(checks) do lu.assertEquals(check[1], "ok", name) end
end

function TestEnvironment.test_nothing_is_set()
  local none = { CORECLR_ENABLE_PROFILING = false, CORECLR_PROFILER = false, CORECLR_PROFILER_PATH = false, CORECLR_NEW_RELIC_HOME = false }
  local checks, code, out = doctor(none)
  lu.assertEquals(code, 1, out)
  for _, name in ipairs { "enabled", "class-id", "library-path", "home" } do lu.assertEquals(checks[name][1], "error", name) end
end

function TestEnvironment.test_variables()
  local class = "CORECLR_PROFILER"
  check_all {
    { {}, "enabled", "ok", "CORECLR_ENABLE_PROFILING is 1" },
    { { CORECLR_ENABLE_PROFILING = "0" }, "enabled", "error", "is [0], not 1", "Set CORECLR_ENABLE_PROFILING=1." },
    { { CORECLR_ENABLE_PROFILING = '"1"' }, "enabled", "error", 'has quotes or blanks around its value: ["1"]' },
    { { CORECLR_ENABLE_PROFILING = false, COR_ENABLE_PROFILING = "1" }, "enabled", "error", "COR_ENABLE_PROFILING is, but it counts for .NET Framework only" },
    { { [class] = "{36032161-ffc0-4b61-b559-f6c5d41bae5a}" }, "class-id", "ok", "CORECLR_PROFILER is this profiler's" },
    { { [class] = "{846F5F1C-F9AE-4B07-969E-05C26BC060D8}" }, "class-id", "error", "names another profiler: Datadog's tracer", "room for one profiler" },
    { { [class] = "{00000000-F9AE-4B07-969E-05C26BC060D8}" }, "class-id", "error", "that is another profiler's" },
    { { [class] = " {36032161-FFC0-4B61-B559-F6C5D41BAE5A}" }, "class-id", "error", "has quotes or blanks" },
    { {}, "library-path", "ok", "CORECLR_PROFILER_PATH names " .. library },
    { { CORECLR_PROFILER_PATH = "lib.so" }, "library-path", "error", "is [lib.so]: that is no full path" },
    { { CORECLR_PROFILER_PATH = "/nowhere/lib.so" }, "library-path", "error", "names /nowhere/lib.so: there is no such file" },
    { { CORECLR_PROFILER_PATH_64 = "/nowhere/x64.so", CORECLR_PROFILER_PATH_ARM64 = "/nowhere/arm64.so" }, "library-path", "error", "/nowhere/" },
    { {}, "diagnostics", "ok", "does not keep profilers out" },
    { { DOTNET_EnableDiagnostics = "1" }, "diagnostics", "ok", "does not keep profilers out" },
    { { DOTNET_EnableDiagnostics = "0" }, "diagnostics", "error", "DOTNET_EnableDiagnostics is 0: the runtime loads no profiler", "Remove DOTNET_EnableDiagnostics" },
    { { DOTNET_EnableDiagnostics_Profiler = "0" }, "diagnostics", "error", "DOTNET_EnableDiagnostics_Profiler is 0" },
    { { COMPlus_EnableDiagnostics = "0" }, "diagnostics", "error", "COMPlus_EnableDiagnostics is 0" },
    { {}, "second-profiler", "ok", "no other profiler is announced" },
    { { CORECLR_ENABLE_NOTIFICATION_PROFILERS = "1" }, "second-profiler", "warn", "CORECLR_ENABLE_NOTIFICATION_PROFILERS is [1]" },
    { { DOTNET_STARTUP_HOOKS = "/x/hook.dll" }, "second-profiler", "warn", "DOTNET_STARTUP_HOOKS is [/x/hook.dll]" },
  }
end

-- A library that is a changed copy of the real one.
local function changed(change)
  local path = nr.directory() .. "/lib.so"
  nr.write(path, change(read(library)))
  return { CORECLR_PROFILER_PATH = path }
end

function TestEnvironment.test_library()
  local own = string.unpack("<I2", read(nr.program), 19) -- e_machine
  local other, name = 183, "ARM64"
  if own == other then other, name = 62, "x64" end
  local loose = changed(function(text) return text end)
  shell("chmod 666 " .. quoted(loose.CORECLR_PROFILER_PATH))
  check_all {
    { {}, "library-permissions", "ok", "the library can be read" },
    { loose, "library-permissions", "warn", "every user of the machine may change " .. loose.CORECLR_PROFILER_PATH, "chmod o-w" },
    { {}, "library-machine", "ok", "the library is for " },
    { changed(function(text) return text:sub(1, 18) .. string.pack("<I2", other) .. text:sub(21) end), "library-machine", "error", "the library is for " .. name },
    { changed(function() return "hello" end), "library-machine", "error", "is no library" },
    { changed(function() return "MZ" .. ("\0"):rep(58) .. string.pack("<I4", 64) .. "PE\0\0" .. string.pack("<I2", 0x8664) .. ("\0"):rep(40) end),
      "library-machine", "error", "is a library for Windows" },
    { changed(function(text) return text .. "\0libc.musl-x86_64.so.1\0" end), "libc", "error", "made for musl" },
  }
  local checks = doctor()
  if checks.libc[1] == "skip" then lu.skip("libc: " .. checks.libc[2]) end
  check_all {
    { {}, "libc", "ok", "the library " },
    { changed(function(text) return text .. "\0GLIBC_2.999\0" end), "libc", "error", "the library needs glibc 2.999, here is 2." },
  }
end

function TestEnvironment.test_home()
  local both = home { ["libNewRelicProfiler.so"] = read(library) }
  local linked = home()
  shell(("ln -s %s %s/libNewRelicProfiler.so"):format(quoted(library), quoted(linked)))
  local function with(files) return { CORECLR_NEW_RELIC_HOME = home(files) } end
  local dir = home()
  check_all {
    { { CORECLR_NEW_RELIC_HOME = dir }, "home", "ok", "the home directory is " .. dir },
    { { CORECLR_NEW_RELIC_HOME = false }, "home", "error", "CORECLR_NEW_RELIC_HOME is not set: there is no home directory" },
    { { CORECLR_NEW_RELIC_HOME = false, NEW_RELIC_HOME = dir }, "home", "error", "NEW_RELIC_HOME is, but it counts for .NET Framework only" },
    { { CORECLR_NEW_RELIC_HOME = false, CORECLR_NEWRELIC_HOME = dir }, "home", "warn", "by the older name CORECLR_NEWRELIC_HOME" },
    { { CORECLR_NEW_RELIC_HOME = "/nowhere" }, "home", "error", "is [/nowhere]: no such directory" },
    { { CORECLR_NEW_RELIC_HOME = "" }, "home", "error", "is []: no such directory" },
    { { CORECLR_NEW_RELIC_HOME = "src" }, "home", "warn", "[src]: that is no full path" },
    { {}, "config", "ok", "newrelic.config can be read" },
    { with { ["newrelic.config"] = false }, "config", "error", "there is no /" },
    { with { ["newrelic.config"] = "<configuration>\n  <log level>\n" }, "config", "error", "newrelic.config:2:" },
    { with { ["newrelic.config"] = "<settings/>" }, "config", "error", "has no element configuration" },
    { with { ["newrelic.config"] = '\n<configuration agentEnabled="false"/>' }, "config", "warn", "newrelic.config:2: agentEnabled is false", 'agentEnabled="true"' },
    { {}, "agent", "ok", "NewRelic.Agent.Core.dll" },
    { with { ["NewRelic.Agent.Core.dll"] = false, ["netcore/NewRelic.Agent.Core.dll"] = "MZ" }, "agent", "ok", "/netcore/NewRelic.Agent.Core.dll" },
    { with { ["NewRelic.Agent.Core.dll"] = false }, "agent", "error", "is neither in the home directory nor in its netcore" },
    { { CORECLR_NEW_RELIC_HOME = linked }, "one-library", "ok", "is the one that the variables name" },
    { { CORECLR_NEW_RELIC_HOME = both }, "one-library", "warn", "is another file than " .. library, "make that one a link to it" },
  }
  lu.assertEquals(doctor({ COR_ENABLE_PROFILING = "1", COR_PROFILER = "{71DA0A04-7777-4EC6-9643-7D28B46A8A41}", COR_PROFILER_PATH = library, NEW_RELIC_HOME = dir },
    "--framework").enabled, { "ok", "COR_ENABLE_PROFILING is 1" })
end

function TestEnvironment.test_rules()
  local function with(files) return { CORECLR_NEW_RELIC_HOME = home(files) } end
  local xml = '<extension xmlns="urn:newrelic-extension"><instrumentation><tracerFactory>'
    .. '<match assemblyName="A" className="C"><exactMethodMatcher methodName="m"/></match></tracerFactory></instrumentation></extension>'
  check_all {
    { {}, "rules", "ok", "1 rule file with 1 rule, without a mistake" },
    { with { ["extensions/a.xml"] = xml, ["extensions/netcore/b.xml"] = xml }, "rules", "ok", "3 rule files with 3 rules" },
    { with { ["extensions/a.xml"] = "<extension>\n<instrumentation x>" }, "rules", "warn", "/extensions/a.xml:2:", "Correct the file at that place" },
    { with { ["extensions/a.xml"] = "<other/>" }, "rules", "warn", "/extensions/a.xml: extension node not found" },
    { with { ["extensions/r.lua"] = 'tracer {}\n  match { assembly = "A", clas = "C", "m" }\n' }, "rules", "warn", "/extensions/r.lua:2: unknown field 'clas'" },
    { with { ["extensions/r.lua"] = false }, "rules", "warn", "there is no rule file in the home's extensions" },
  }
end

function TestEnvironment.test_log_directory()
  local dir = nr.directory()
  check_all {
    { {}, "log-directory", "ok", "/logs, which will be made" },
    { { NEW_RELIC_PROFILER_LOG_DIRECTORY = dir }, "log-directory", "ok", "the log goes to " .. dir },
    { { NEW_RELIC_LOG_CONSOLE = "true" }, "log-directory", "skip", "the profiler writes no log file" },
    { { NEW_RELIC_LOG_DIRECTORY = nr.program .. "/logs" }, "log-directory", "warn", "may not write to " .. nr.program .. "/logs" },
  }
end

function TestEnvironment.test_json()
  local out, code = shell(environment { CORECLR_PROFILER_PATH = "/nowhere/lib.so" } .. " " .. quoted(nr.program) .. " doctor --json")
  lu.assertEquals(code, 1)
  local squeezed = out:gsub("%s+", " ")
  lu.assertStrContains(squeezed, '"error": 1, "skip": 0, "checks": [{ "check": "enabled", "status": "ok", "text": "CORECLR_ENABLE_PROFILING is 1" }')
  lu.assertStrContains(squeezed, '"check": "library-path", "status": "error", "text": "CORECLR_PROFILER_PATH names /nowhere/lib.so: there is no such file", "advice": "')
end

function TestEnvironment.test_wrong_use()
  local function said(...) return shell(quoted(nr.program) .. " doctor " .. table.concat({ ... }, " ") .. " 2>&1") end
  local out, code = said "x"
  lu.assertEquals({ out, code }, { "nrprof: 'x': doctor takes options only\ntry 'nrprof doctor --help'\n", 2 })
  for _, pid in ipairs { "x", "0", "-4", "12x" } do
    out, code = said("--pid=" .. pid)
    lu.assertEquals({ out, code }, { "nrprof: '" .. pid .. "' is no process id\ntry 'nrprof doctor --help'\n", 2 })
  end
  out, code = said "--pid 4194305"
  lu.assertEquals({ out, code }, { "nrprof: process 4194305: there is no such process\n", 2 })
end

-- ---- running processes: `sleep` with libraries that have the names of others

TestProcess = { setUp = function()
  set_up()
  local proc = io.open "/proc/self/status"
  if not proc then lu.skip "there is no /proc" end
  proc:close()
end }

-- A process with an environment, and with the profiler library loaded under these names; `user`: as that user. The checks.
local function process(changes, names, user)
  local dir, preload = nr.directory(), {}
  for i, name in ipairs(names) do
    preload[i] = name:sub(1, 1) == "/" and name or dir .. "/" .. name
    if preload[i] ~= name then nr.write(preload[i], read(library)) end
  end
  shell("chmod -R a+rX " .. quoted(dir))
  changes = changes or {}
  changes.LD_PRELOAD = table.concat(preload, ":")
  local as = user and ("setpriv --reuid=%d --regid=%d --clear-groups "):format(user, user) or ""
  -- the program is there before its libraries are
  local there = "[ \"$(cat /proc/$p/comm)\" = sleep ]" .. (#preload > 0 and " && grep -qF " .. quoted(preload[#preload]) .. " /proc/$p/maps" or "")
  local script = ("%s %ssleep 60 >/dev/null 2>&1 & p=$!; i=0; until { %s; } || [ $i -ge 100 ]; do sleep 0.05; i=$((i+1)); done; "
    .. "%s doctor --pid $p 2>&1; c=$?; kill $p; exit $c"):format(environment(changes), as, there, quoted(nr.program))
  return parsed(shell(script))
end

function TestProcess.test_loaded()
  local logs = nr.directory()
  local checks, code, out = process({ NEW_RELIC_PROFILER_LOG_DIRECTORY = logs }, { library, "libcoreclr.so" })
  lu.assertEquals(code, 0, out)
  lu.assertEquals(checks.loaded, { "ok", "the profiler is loaded in the process" }, out)
  lu.assertEquals(checks.enabled[1], "ok", out)
  lu.assertEquals(checks["log-file"][1], "warn", out)
  lu.assertStrMatches(checks["log-file"][2], "there is no " .. logs:gsub("%p", "%%%0") .. "/NewRelic%.Profiler%.%d+%.log")
end

function TestProcess.test_not_loaded()
  local checks, code, out = process({}, { "libcoreclr.so" })
  lu.assertEquals({ checks.loaded[1], checks.loaded[2], code }, { "error", "the profiler is not loaded in the process", 1 }, out)
  checks, code, out = process({}, {})
  lu.assertEquals({ checks.loaded[1], code }, { "error", 1 }, out)
  lu.assertStrContains(checks.loaded[2], "there is no .NET runtime in process")
end

function TestProcess.test_second_profiler()
  local checks, _, out = process({}, { library, "libcoreclr.so", "Datadog.Trace.ClrProfiler.Native.so" })
  lu.assertEquals({ checks["second-profiler"][1], checks["second-profiler"][2] }, { "error", "Datadog's tracer is loaded in the process" }, out)
end

function TestProcess.test_musl()
  local checks, _, out = process({}, { "ld-musl-x86_64.so.1" })
  lu.assertEquals({ checks.libc[1], checks.libc[2] }, { "ok", "the process runs on musl, and the library can" }, out)
  checks, _, out = process(changed(function(text) return text .. "\0libstdc++.so.6\0" end), { "ld-musl-x86_64.so.1" })
  lu.assertEquals(checks.libc[1], "error", out)
  lu.assertStrContains(checks.libc[2], "needs a C++ runtime")
end

-- The environment that counts is the process', not ours.
function TestProcess.test_its_own_environment()
  local checks, _, out = process({ CORECLR_ENABLE_PROFILING = "0" }, {})
  lu.assertEquals(checks.enabled[1], "error", out)
end

-- Files that root may read, and the user of the process may not.
function TestProcess.test_permissions()
  if not is_root then lu.skip "only root can start a process of another user" end
  local own, closed, logs = changed(function(text) return text end), home(), nr.directory()
  local files = { own.CORECLR_PROFILER_PATH, closed .. "/newrelic.config", closed .. "/NewRelic.Agent.Core.dll", closed .. "/extensions/r.lua" }
  for i, path in ipairs(files) do files[i] = quoted(path) end
  local changes = { CORECLR_PROFILER_PATH = own.CORECLR_PROFILER_PATH, CORECLR_NEW_RELIC_HOME = closed, NEW_RELIC_PROFILER_LOG_DIRECTORY = logs }
  -- the directory of this run is for its user only: the way to it is opened for this test
  local _, opened = shell("d=" .. quoted(nr.directory()) .. "; chmod a+x \"$(dirname \"$d\")\" \"$d\"; chmod 700 " .. quoted(logs))
  lu.assertEquals(opened, 0)
  shell("chmod 600 " .. table.concat(files, " "))
  local checks, code, out = process(changes, {}, 65534)
  lu.assertEquals(code, 1)
  for _, name in ipairs { "library-permissions", "config", "agent" } do
    lu.assertEquals((checks[name] or {})[1], "error", name .. "\n" .. out)
    lu.assertStrContains(checks[name][3], "chmod a+r")
  end
  lu.assertEquals({ checks.rules[1], checks["log-directory"][1] }, { "warn", "warn" }, out)
  shell("chmod 644 " .. table.concat(files, " ") .. "; chmod 777 " .. quoted(logs))
  checks, _, out = process(changes, {}, 65534)
  for _, name in ipairs { "library-permissions", "config", "agent", "rules", "log-directory" } do
    lu.assertEquals((checks[name] or {})[1], "ok", name .. "\n" .. out)
  end
end

-- In a container the same paths are other files.
function TestProcess.test_container()
  local _, code = shell "unshare -m true 2>/dev/null && unshare -m mount -t tmpfs none /mnt 2>/dev/null"
  if code ~= 0 then lu.skip "this user may not make a mount namespace" end
  local pid = nr.directory() .. "/pid"
  local script = ("unshare -m sh -c %s & i=0; while ! grep -qx sleep /proc/$(cat %s 2>/dev/null)/comm 2>/dev/null && [ $i -lt 100 ]; do sleep 0.05; i=$((i+1)); done; "
    .. "%s doctor --pid $(cat %s) 2>&1; kill $(cat %s)"):format(
    quoted(("mount -t tmpfs none /mnt && cp -r %s /mnt/agent && cp %s /mnt/agent/ && echo 'tracer {} match { assembly = \"A\", clas = \"C\", \"m\" }' > /mnt/agent/extensions/r.lua && echo $$ > %s && exec %s sleep 60 >/dev/null 2>&1")
      :format(quoted(home()), quoted(library), quoted(pid), environment { CORECLR_PROFILER_PATH = "/mnt/agent/libNewRelicProfiler.so", CORECLR_NEW_RELIC_HOME = "/mnt/agent" })),
    quoted(pid), quoted(nr.program), quoted(pid), quoted(pid))
  local checks, _, out = parsed(shell(script))
  lu.assertEquals(checks["library-path"], { "ok", "CORECLR_PROFILER_PATH names /mnt/agent/libNewRelicProfiler.so" }, out)
  for _, name in ipairs { "library-permissions", "library-machine", "home", "config", "agent", "one-library", "log-directory" } do
    lu.assertEquals((checks[name] or {})[1], "ok", name .. "\n" .. out)
  end
  lu.assertStrMatches(checks.rules[2], "/mnt/agent/extensions/r%.lua:1: unknown field 'clas'.*", nil, nil, out)
end
