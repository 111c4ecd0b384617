-- nrprof install, rollback and env.

local nr = require "nr"
local lu = require "luaunit"

local directory = nr.program:match "^(.*)/"
local NAME = "libNewRelicProfiler.so"

local function run(...)
  local words = { "'" .. nr.program .. "'" }
  for i, word in ipairs { ... } do words[i + 1] = "'" .. word:gsub("'", "'\\''") .. "'" end
  local dir = nr.directory()
  local pipe = assert(io.popen(table.concat(words, " ") .. " 2>" .. dir .. "/err", "r"))
  local out = pipe:read "a"
  local _, _, code = pipe:close()
  local file <close> = assert(io.open(dir .. "/err"))
  return out, file:read "a", code
end

local function read(path)
  local file <close> = io.open(path, "rb")
  return file and file:read "a"
end

local function posix_only()
  if nr.windows then lu.skip "these tests use a POSIX shell" end
end

-- ---- install and rollback ---------------------------------------------------------------------------------------------

TestInstall = {}

function TestInstall:setUp()
  posix_only()
  self.ours = assert(read(directory .. "/" .. NAME))
  -- A profiler for this machine with all the agent's exports that does not say it is nrprof.
  self.theirs = self.ours:gsub("nrprof %%s, commit %%s", "another one is this ")
  lu.assertNotEquals(self.theirs, self.ours)
  self.home = nr.directory()
  self.library = self.home .. "/" .. NAME
  self.kept = self.library .. ".before-nrprof"
  nr.write(self.library, self.theirs)
end

-- Nothing but `message` comes of it, and no file changes.
function TestInstall:refuses(command, message)
  local before, kept = read(self.library), read(self.kept)
  local out, err, code = run(command, "--home", self.home)
  lu.assertEquals({ out, err, code }, { "", "nrprof: " .. message .. "\n", 2 })
  lu.assertTrue(read(self.library) == before and read(self.kept) == kept)
  lu.assertNil(read(self.library .. ".new"))
end

function TestInstall:test_there_and_back()
  local out, err, code = run("install", "--home", self.home)
  lu.assertEquals({ out, err, code }, { self.library .. " is nrprof now; the C++ profiler is kept in " .. self.kept .. "\n", "", 0 })
  lu.assertTrue(read(self.library) == self.ours and read(self.kept) == self.theirs)
  self:refuses("install", self.library .. " is nrprof already: nothing is changed")
  out, err, code = run("rollback", "--home", self.home)
  lu.assertEquals({ out, err, code }, { self.library .. " is the C++ profiler again\n", "", 0 })
  lu.assertTrue(read(self.library) == self.theirs and read(self.kept) == nil)
  self:refuses("rollback", self.library .. " is the C++ profiler, not nrprof: nothing is changed")
end

function TestInstall:test_json()
  lu.assertEquals(run("install", "--json", "--home", self.home), ('{"installed":"%s","kept":"%s"}\n'):format(self.library, self.kept))
end

function TestInstall:test_a_process_that_has_loaded_it_keeps_its_file()
  local file <close> = assert(io.open(self.library, "rb"))
  run("install", "--home", self.home)
  lu.assertTrue(file:read "a" == self.theirs)
end

function TestInstall:test_unknown_files_stay()
  for _, text in ipairs { "", "#!/bin/sh\n", "\127ELF" .. ("\0"):rep(100), self.theirs:gsub("RequestFunctionNames", "RequestFunctionNumbs") } do
    nr.write(self.library, text)
    self:refuses("install", self.library .. " is no profiler of the New Relic agent: nothing is changed")
    self:refuses("rollback", self.library .. " is no profiler of the New Relic agent, not nrprof: nothing is changed")
  end
end

function TestInstall:test_another_processor()
  nr.write(self.library, self.theirs:sub(1, 18) .. "\3\0" .. self.theirs:sub(21))
  self:refuses("install", self.library .. " is for another processor or system than " .. directory .. "/" .. NAME .. ": nothing is changed")
end

function TestInstall:test_what_is_kept_is_not_lost()
  nr.write(self.kept, "something")
  self:refuses("install", self.kept .. " is in the way, from an earlier installation: nothing is changed")
  nr.write(self.library, self.ours)
  self:refuses("rollback", self.kept .. " is no profiler of the New Relic agent: there is nothing to bring back")
  os.remove(self.kept)
  self:refuses("rollback", self.kept .. " is not there: there is nothing to bring back")
end

function TestInstall:test_nothing_there()
  os.remove(self.library)
  self:refuses("install", self.library .. " is not there: nothing is changed")
  local _, err, code = run("install", "--home", self.home .. "/none")
  lu.assertEquals({ err, code }, { "nrprof: " .. self.home .. "/none: no such directory\n", 2 })
  _, err, code = run "install"
  lu.assertEquals({ err, code }, { "nrprof: --home is missing: the directory of the agent\ntry 'nrprof install --help'\n", 2 })
end

function TestInstall:test_only_our_library_is_installed()
  local _, err, code = run("install", "--home", self.home, "--profiler", self.library)
  lu.assertEquals({ err, code }, { "nrprof: " .. self.library .. " is not nrprof's library\n", 2 })
  lu.assertTrue(read(self.library) == self.theirs)
end

-- ---- env ------------------------------------------------------------------------------------------------------------------

TestEnv = { setUp = posix_only }

local CORE, FRAMEWORK = "{36032161-FFC0-4B61-B559-F6C5D41BAE5A}", "{71DA0A04-7777-4EC6-9743-7D28B46A8A41}"

-- The shell itself reads it back.
function TestEnv.test_shell()
  local text = run("env", "--home", "/o'p $x\\")
  local pipe <close> = assert(io.popen("sh -c '" .. (text .. 'echo "$CORECLR_ENABLE_PROFILING|$CORECLR_PROFILER|$CORECLR_PROFILER_PATH|"; printf %s "$CORECLR_NEW_RELIC_HOME"'):gsub("'", "'\\''") .. "'"))
  lu.assertEquals(pipe:read "a", "1|" .. CORE .. "|/o'p $x\\/" .. NAME .. "|\n/o'p $x\\")
end

function TestEnv.test_forms()
  local rows = {
    { { "systemd", "--home", '/a b/50%"' }, 'Environment="CORECLR_PROFILER_PATH=/a b/50%%\\"/' .. NAME .. '"\n' },
    { { "docker", "--home", "/a$b/" }, 'ENV CORECLR_PROFILER_PATH="/a\\$b/' .. NAME .. '"\n' },
    { { "kubernetes", "--home", "/a" }, '- name: CORECLR_NEW_RELIC_HOME\n  value: "/a"\n' },
    { { "powershell", "--home", "C:\\it's" }, "$env:CORECLR_PROFILER_PATH_32 = 'C:\\it''s\\x86\\NewRelic.Profiler.dll'\n" },
    { { "iis", "--framework", "--name", "Shop", "--home", "C:\\n" },
      "\"/+[name='Shop'].environmentVariables.[name='COR_PROFILER',value='" .. FRAMEWORK .. "']\" /commit:apphost\n" },
    { { "service", "--name", "Shop", "--home", "C:\\n", "--library", "D:\\p.dll" },
      '\\Services\\Shop" /v Environment /t REG_MULTI_SZ /f /d "CORECLR_ENABLE_PROFILING=1\\0CORECLR_PROFILER=' .. CORE
      .. "\\0CORECLR_PROFILER_PATH_64=D:\\p.dll\\0" },
  }
  for _, row in ipairs(rows) do
    local out, err, code = run("env", table.unpack(row[1]))
    lu.assertEquals({ err, code }, { "", 0 })
    lu.assertStrContains(out, row[2])
  end
end

function TestEnv.test_registry()
  local text = run("env", "--registry", "--home", "C:\\n")
  for _, class in ipairs { CORE, FRAMEWORK } do
    lu.assertStrContains(text, ("\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Classes\\CLSID\\%s\\InprocServer32]\n@=\"C:\\\\n\\\\NewRelic.Profiler.dll\"\n"):format(class))
    lu.assertStrContains(text, ("\\Classes\\WOW6432Node\\CLSID\\%s\\InprocServer32]\n@=\"C:\\\\n\\\\x86\\\\NewRelic.Profiler.dll\"\n"):format(class))
  end
end

-- A .reg file's encoding is a guess of whoever reads it, unless it is ASCII.
function TestEnv.test_registry_outside_of_ascii()
  local text = run("env", "--registry", "--home", "C:\\é😀")
  lu.assertNotStrContains(text, "é")
  lu.assertStrContains(text, '\n"NewRelicHome"=hex(1):43,00,3a,00,5c,00,e9,00,3d,d8,00,de,00,00\n')
end

function TestEnv.test_wrong_use()
  local rows = {
    { { "sistemd", "--home", "/a" }, "unknown form 'sistemd', did you mean 'systemd'?" },
    { {}, "--home is missing: the agent home where the application will run" },
    { { "iis", "--home", "C:\\a" }, "--name is missing: of the application pool or the service" },
    { { "--home", "a" }, "a: not a whole path for shell" },
    { { "powershell", "--home", "/a" }, "/a: not a whole path for powershell" },
    { { "--home", "/a\nb" }, "/a\nb: it holds a character that cannot be written" },
    { { "iis", "--name", "a", "--home", "C:\\it's" }, "C:\\it's: it holds a character that cannot be written" },
  }
  for _, row in ipairs(rows) do
    local out, err, code = run("env", table.unpack(row[1]))
    lu.assertEquals({ out, code }, { "", 2 })
    lu.assertStrContains(err, "nrprof: " .. row[2] .. "\n")
  end
end
