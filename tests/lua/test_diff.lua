-- nrprof diff: recordings made by hand, each with one thing changed. tests/golden compares real ones.

local nr = require "nr"
local lu = require "luaunit"

-- Runs nrprof diff; what it wrote to its output, to its error stream, and its exit code.
local function diff(...)
  local words = { "'" .. nr.program .. "' diff" }
  for i, word in ipairs { ... } do words[i + 1] = "'" .. word:gsub("'", "'\\''") .. "'" end
  local dir = nr.directory()
  local pipe = assert(io.popen(table.concat(words, " ") .. " 2>" .. dir .. "/err", "r"))
  local out = pipe:read "a"
  local _, _, code = pipe:close()
  local file <close> = assert(io.open(dir .. "/err"))
  return out, file:read "a", code
end

local function posix_only()
  if nr.windows then lu.skip "these tests use a POSIX shell" end
end

-- ldstr, pop, ldc.i8 <function id>, pop, nop, ret, in a fat body with one catch clause.
local code = "72%08x" .. "26" .. "21%s" .. "26" .. "00" .. "de00" .. "26de00" .. "2a"
local function body(t)
  local il = code:format(0, t.id or "1122334455667788"):gsub("^72%x%x%x%x%x%x%x%x", function()
    local s = t.string or 0x70000001
    return ("72%02x%02x%02x%02x"):format(s & 255, s >> 8 & 255, s >> 16 & 255, s >> 24)
  end)
  il = il:gsub("00de", (t.nop or "00") .. "de", 1)
  local size = #il // 2
  local padding = ("00"):rep(-size % 4)
  local try, length = t.try or 0, t.length or 18
  local clause = ("01100000" .. "0000" .. "%02x00%02x" .. "1200" .. "03" .. "0c000001"):format(try, length)
  return ("1b300200%02x00000000000000"):format(size):sub(1, 24) .. il .. padding .. clause
end

local function line(method, il, hr)
  return ('{"ev":"setil","via":"rejit","asm":"Contoso.Shop","type":"Contoso.Cart","method":"%s","tok":"%s","hr":"%s","size":%d,'
    .. '"tk":[13,%d],"fid":[[19,"self"]],"il":"%s"}'):format(method[1], method[2], hr or "00000000", #il // 2, #il // 2 - 4, il)
end

local total, add = { "Total", "06000001" }, { "Add", "06000002" }
local start = {
  '{"ev":"create","iid":"8a8cc829","hr":"00000000"}',
  '{"ev":"mask","low":"b0040224","high":"00000008","hr":"00000000"}',
  '{"ev":"init","attach":0,"ms":16.945,"hr":"00000000"}',
  '{"ev":"module","asm":"Contoso.Shop","hr":"00000000"}',
  '{"ev":"rejit","cb":"module","hr":"00000000","n":2,"m":[{"asm":"Contoso.Shop","toks":["06000001","06000002"]}]}',
  '{"ev":"emit","api":"DefineUserString","asm":"Contoso.Shop","str":"one","hr":"00000000","tok":"70000001"}',
  [[{"ev":"tok","asm":"Contoso.Shop","tok":"70000001","is":"\"one\""}]],
  '{"ev":"emit","api":"DefineTypeRefByName","asm":"Contoso.Shop","name":"System.Exception","hr":"00000000","tok":"0100000c"}',
  '{"ev":"tok","asm":"Contoso.Shop","tok":"0100000c","is":"[System.Runtime,6.0.0.0,b03f5f7f11d50a3a]System.Exception"}',
  '{"ev":"getil","asm":"Contoso.Shop","type":"Contoso.Cart","method":"Total","tok":"06000001","hr":"00000000","size":8,"fnv":"16147acf88671a5b"}',
  '{"ev":"getrejit","asm":"Contoso.Shop","type":"Contoso.Cart","method":"Total","tok":"06000001","hr":"00000000"}',
}
local finish = '{"ev":"exit","jit_started":2,"jit_ms":1.5,"setil":2}'

-- A recording of two methods. `edit` changes the lines, `t` the body of the first method.
local function recording(t, edit)
  local lines = table.move(start, 1, #start, 1, {})
  lines[#lines + 1] = line(total, body(t or {}))
  lines[#lines + 1] = line(add, body {})
  lines[#lines + 1] = finish
  if edit then edit(lines) end
  local path = nr.directory() .. "/r.jsonl"
  nr.write(path, table.concat(lines, "\n") .. "\n")
  return path
end

local function last_line(text) return text:match "([^\n]*)\n$" end

TestBodies = { setUp = posix_only }

local function summary(identical, tokens, different, a, b, events)
  local n = identical + tokens + different + a + b
  return ("%d methods: %d identical, %d token numbering only, %d different, %d only in A, %d only in B; %d event differences")
    :format(n, identical, tokens, different, a, b, events or 0)
end

function TestBodies.test_identical()
  local out, err, exit = diff(recording(), recording())
  lu.assertEquals({ out, err, exit }, { summary(2, 0, 0, 0, 0) .. "\n", "", 0 })
end

-- An address, other in every process; --strict looks at it.
function TestBodies.test_function_ids_are_masked()
  local a, b = recording(), recording { id = "aabbccddeeff0011" }
  local out, _, exit = diff(a, b)
  lu.assertEquals({ last_line(out), exit }, { summary(2, 0, 0, 0, 0), 0 })
  out, _, exit = diff("--strict", a, b)
  lu.assertEquals({ last_line(out), exit }, { summary(1, 0, 1, 0, 0), 1 })
  lu.assertStrContains(out, "A  IL_0006: ldc.i8 0x8877665544332211\n")
  -- the id of another method is a constant like any other
  local function others(lines) for i, l in ipairs(lines) do lines[i] = l:gsub('"self"', '"Contoso.Shop:06000002"') end end
  out, _, exit = diff(recording({}, others), recording({ id = "aabbccddeeff0011" }, others))
  lu.assertEquals({ last_line(out), exit }, { summary(1, 0, 1, 0, 0), 1 })
end

function TestBodies.test_flipped_byte()
  local out, _, exit = diff(recording(), recording { nop = "01" })
  lu.assertEquals({ last_line(out), exit }, { summary(1, 0, 1, 0, 0), 1 })
  lu.assertStrContains(out, "different: Contoso.Cart.Total (Contoso.Shop, 06000001): byte at 0x1c: 00 in A, 01 in B\n"
    .. "    A  IL_0010: nop\n    B  IL_0010: break\n")
end

function TestBodies.test_shifted_clause()
  local out, _, exit = diff(recording(), recording { try = 1, length = 17 })
  lu.assertEquals({ last_line(out), exit }, { summary(1, 0, 1, 0, 0), 1 })
  lu.assertStrContains(out, "    A  .try IL_0000..IL_0012 catch 0100000C [System.Runtime]System.Exception handler IL_0012..IL_0015\n"
    .. "    B  .try IL_0001..IL_0012 catch 0100000C [System.Runtime]System.Exception handler IL_0012..IL_0015\n")
end

function TestBodies.test_changed_string()
  local out, _, exit = diff(recording(), recording({}, function(lines)
    for i, l in ipairs(lines) do lines[i] = l:gsub("one", "two") end
  end))
  lu.assertEquals(exit, 1)
  lu.assertStrContains(out, 'different: Contoso.Cart.Total (Contoso.Shop, 06000001): token at 0xd: 70000001 "one" in A, 70000001 "two" in B\n'
    .. '    A  IL_0000: ldstr 70000001 "one"\n    B  IL_0000: ldstr 70000001 "two"\n')
  lu.assertStrContains(out, 'definition: Contoso.Shop\n    A  DefineUserString "one" (00000000)\n    B  DefineUserString "two" (00000000)\n')
end

-- A NUL is a character of a string, and what stands behind it counts.
function TestBodies.test_string_with_nul()
  local function with(text)
    return recording({}, function(lines) for i, l in ipairs(lines) do lines[i] = l:gsub("one", text) end end)
  end
  local _, _, exit = diff(with [[a\u0000b]], with [[a\u0000b]])
  lu.assertEquals(exit, 0)
  _, _, exit = diff(with [[a\u0000b]], with [[a\u0000c]])
  lu.assertEquals(exit, 1)
  _, _, exit = diff(with [[a\\u0000b]], with [[a\u0000b]])
  lu.assertEquals(exit, 1)
end

local function renumber(lines)
  for i, l in ipairs(lines) do lines[i] = l:gsub("70000001", "70000009") end
end

function TestBodies.test_renumbered_tokens()
  local a, b = recording(), recording({ string = 0x70000009 }, function(lines)
    renumber(lines)
    lines[#lines - 1] = line(add, body { string = 0x70000009 })
  end)
  local out, _, exit = diff(a, b)
  lu.assertEquals({ out, exit }, {
    "token numbering only: Contoso.Cart.Total (Contoso.Shop, 06000001)\n"
      .. "token numbering only: Contoso.Cart.Add (Contoso.Shop, 06000002)\n" .. summary(0, 2, 0, 0, 0) .. "\n", 1 })
  out, _, exit = diff("--ignore", "tokens", a, b)
  lu.assertEquals({ out, exit }, { "ignored by tokens: 2\n" .. summary(0, 2, 0, 0, 0) .. "\n", 0 })
end

-- A token that no line explains is equal to itself only.
function TestBodies.test_unexplained_tokens()
  local function bare(lines) for i = #lines, 1, -1 do if lines[i]:find('"is"', 1, true) then table.remove(lines, i) end end end
  local _, _, exit = diff(recording({}, bare), recording({}, bare))
  lu.assertEquals(exit, 0)
  local out, _, code = diff(recording({}, bare), recording({ string = 0x70000009 }, bare))
  lu.assertEquals(code, 1)
  lu.assertStrContains(out, "token at 0xd: 70000001 (not explained) in A, 70000009 (not explained) in B\n")
end

function TestBodies.test_dropped_method()
  local a, b = recording(), recording({}, function(lines) table.remove(lines, #lines - 1) end)
  local out, _, exit = diff(a, b)
  lu.assertEquals({ out, exit }, { "only in A: Contoso.Cart.Add (Contoso.Shop, 06000002)\n" .. summary(1, 0, 0, 1, 0) .. "\n", 1 })
  out, _, exit = diff(b, a)
  lu.assertEquals({ out, exit }, { "only in B: Contoso.Cart.Add (Contoso.Shop, 06000002)\n" .. summary(1, 0, 0, 0, 1) .. "\n", 1 })
  out, _, exit = diff("--ignore", "method=Contoso.Cart.A*", a, b)
  lu.assertEquals({ last_line(out), exit }, { summary(1, 0, 0, 1, 0), 0 })
  _, _, exit = diff("--ignore", "method=Contoso.Cart.T*", a, b)
  lu.assertEquals(exit, 1)
end

-- The k-th body of a method is compared with the k-th.
function TestBodies.test_second_body()
  local function again(il) return function(lines) table.insert(lines, #lines, line(total, il)) end end
  local out, _, exit = diff(recording({}, again(body {})), recording({}, again(body { nop = "01" })))
  lu.assertEquals({ last_line(out), exit }, { summary(2, 0, 1, 0, 0), 1 })
  lu.assertStrContains(out, "different: Contoso.Cart.Total (Contoso.Shop, 06000001), body 2 of this method: byte at")
end

function TestBodies.test_result_and_interface()
  local out, _, exit = diff(recording(), recording({}, function(lines) lines[#lines - 1] = line(add, body {}, "80131351") end))
  lu.assertEquals(exit, 1)
  lu.assertStrContains(out, "written through rejit with result 00000000 in A, through rejit with 80131351 in B\n")
end

function TestBodies.test_home_directories_are_masked()
  local function at(home)
    return recording({}, function(lines) for i, l in ipairs(lines) do lines[i] = l:gsub("one", home .. "NewRelic.Agent.Core.dll") end end)
  end
  lu.assertEquals(select(3, diff(at "/opt/a/", at "/usr/local/b/")), 0)
  lu.assertEquals(select(3, diff(at [[C:\\Program Files\\]], at "/usr/local/b/")), 0)
  lu.assertEquals(select(3, diff(at "x", at "y")), 1) -- no directory
end

TestEvents = { setUp = posix_only }

-- edits of the lines, and what is said about them
local function edited(from, to)
  return recording({}, function(lines)
    local found = 0
    for i, l in ipairs(lines) do
      local n
      lines[i], n = l:gsub(from, to)
      found = found + n
    end
    assert(found > 0, from)
  end)
end

function TestEvents.test_each_kind()
  local rows = {
    { 'b0040224', 'b0040225', 'start\n    A  {"ev":"mask","low":"b0040224","high":"00000008","hr":"00000000"}\n' },
    { '"toks":%["06000001",', '"toks":[', "request: rejit from module of Contoso.Shop 06000001 (00000000)\n    A  once\n    B  (nothing)\n" },
    { '("ev":"getrejit".*)00000000', '%180131351', "result: Contoso.Cart.Total (Contoso.Shop, 06000001)\n    A  getrejit 00000000\n    B  getrejit 80131351\n" },
    { '("System.Exception","hr":")00000000', '%180131351', "definition: Contoso.Shop\n    A  DefineTypeRefByName [System.Runtime,6.0.0.0,b03f5f7f11d50a3a]System.Exception (00000000)\n" },
  }
  for _, row in ipairs(rows) do
    local out, _, exit = diff(recording(), edited(row[1], row[2]))
    lu.assertEquals(exit, 1, row[1])
    lu.assertStrContains(out, row[3])
  end
  local kind = "event=start"
  lu.assertEquals(select(3, diff("--ignore", kind, recording(), edited("b0040224", "b0040225"))), 0)
  lu.assertEquals(select(3, diff("--ignore", "event=res*", recording(), edited("b0040224", "b0040225"))), 1)
end

function TestEvents.test_times_do_not_count()
  lu.assertEquals(select(3, diff(recording(), edited("16.945", "99.5"))), 0)
end

function TestEvents.test_order_of_definitions()
  local other = recording({}, function(lines) lines[6], lines[8] = lines[8], lines[6] end)
  local out, _, exit = diff(recording(), other)
  lu.assertEquals(exit, 1)
  lu.assertStrContains(out, 'order: Contoso.Shop\n    A  definition 1 of 2 is DefineUserString "one" (00000000)\n')
  lu.assertEquals(select(3, diff("--ignore", "order", recording(), other)), 0)
end

function TestEvents.test_other_builds_are_noted()
  local out, _, exit = diff(recording(), edited("16147acf88671a5b", "26147acf88671a5b"))
  lu.assertEquals(exit, 0)
  lu.assertStrContains(out, "note: The original code of 1 method differs, Contoso.Cart.Total (Contoso.Shop, 06000001) for one: ")
end

function TestEvents.test_calls_of_the_agent()
  local function call(hr)
    return recording({}, function(lines) table.insert(lines, 12, ('{"ev":"export","name":"ReloadConfiguration","hr":"%s"}'):format(hr)) end)
  end
  lu.assertEquals(select(3, diff(call "00000000", call "00000000")), 0)
  local out, _, exit = diff(call "00000000", call "80004005")
  lu.assertEquals(exit, 1)
  lu.assertStrContains(out, 'export\n    A  {"ev":"export","name":"ReloadConfiguration","hr":"00000000"}\n    B  {"ev":"export","name":"ReloadConfiguration","hr":"80004005"}\n')
end

TestLogs = { setUp = posix_only }

local function log(text)
  local path = nr.directory() .. "/p.log"
  nr.write(path, text)
  return path
end

function TestLogs.test_lines_in_any_order()
  local r = recording()
  local a = log "[Info ] 2026-01-31 23:59:59 one\n[Warn ] 2026-01-31 23:59:59 module 140123456789012\n"
  local b = log "[Warn ] 2026-02-01 00:00:00 module 140999999999999\r\n[Info ] 2026-02-01 00:00:00 one\r\n"
  lu.assertEquals(select(3, diff("--logs", a .. "," .. b, r, r)), 0)
  local out, _, exit = diff("--logs", a .. "," .. log "[Info ] 2026-01-31 23:59:59 one\n", r, r)
  lu.assertEquals(exit, 1)
  lu.assertStrContains(out, "log\n    A  [Warn ] module @id\n    B  (nothing)\n")
  lu.assertEquals(select(3, diff("--ignore", "log=[Warn ] module *", "--logs", a .. "," .. log "[Info ] 2026-01-31 23:59:59 one\n", r, r)), 0)
end

function TestLogs.test_documented_lines()
  local r = recording()
  local list = log "" .. "," .. log "[Info ] 2026-01-31 23:59:59 nrprof 0.1.0, commit abc, build id def\n"
  lu.assertEquals(select(3, diff("--logs", list, r, r)), 1)
  lu.assertEquals(select(3, diff("--ignore", "documented", "--logs", list, r, r)), 0)
end

TestFiles = { setUp = posix_only }

-- A process that was killed leaves half a line.
function TestFiles.test_cut_off()
  local path = nr.directory() .. "/cut.jsonl"
  local file <close> = assert(io.open(recording()))
  local text = file:read "a"
  nr.write(path, text:sub(1, text:find('"06000002","hr":"00000000","size"', 1, true) + 20))
  local html = nr.directory() .. "/report.html"
  local out, err, exit = diff("--html", html, recording(), path)
  lu.assertEquals({ err, exit }, { "", 1 })
  lu.assertStrContains(out, "only in A: Contoso.Cart.Add (Contoso.Shop, 06000002)\nnote: The last line of B is cut off: it is left out.\n"
    .. "note: B has no end: the process was killed or still runs; what was written is compared.\n")
  local page <close> = assert(io.open(html))
  lu.assertTrue(page:read "a":find('"verdict":"only-a"', 1, true) ~= nil, "the method is not in the report")
end

function TestFiles.test_damaged_lines()
  local function broken(what) return recording({}, function(lines) table.insert(lines, 3, what) end) end
  for _, what in ipairs { "nonsense", '{"no":"event"}', '{"ev":"setil","asm":"A","tok":"06000009","hr":"0","tk":[900],"fid":[],"il":"062a"}',
    '{"ev":"setil","asm":"A","tok":"06000009","hr":"0","tk":[],"fid":[],"il":"06zz"}', '{"ev":"tok","asm":"A","tok":"7"}', "[1,2]" } do
    local out, _, exit = diff(recording(), broken(what))
    lu.assertEquals({ out, exit }, { "note: B has 1 line that cannot be read; what stands there is left out. The first is line 3.\n" .. summary(2, 0, 0, 0, 0) .. "\n", 0 }, what)
  end
end

-- Bodies that are no bodies are compared as bytes, and shown as far as that goes.
function TestFiles.test_damaged_bodies()
  for _, il in ipairs { "", "06", "ff", "1b300200ffffff7f00000000", "0a7201" } do
    local function with(text)
      return recording({}, function(lines)
        lines[#lines] = ('{"ev":"setil","via":"info","asm":"A","type":"T","method":"m","tok":"06000001","hr":"00000000","tk":[],"fid":[],"il":"%s"}'):format(text)
      end)
    end
    lu.assertEquals(select(3, diff(with(il), with(il))), 0)
    local out, _, exit = diff(with(il), with(il .. "2a"))
    lu.assertEquals(exit, 1)
    lu.assertStrContains(out, "different: T.m (A, 06000001): ")
  end
end

function TestFiles.test_formats()
  local function version(n) return recording({}, function(lines) table.insert(lines, 1, ('{"ev":"recording","format":%d,"profiler":"self"}'):format(n)) end) end
  lu.assertEquals(select(3, diff(version(1), recording())), 0)
  local new = version(2)
  local out, err, exit = diff(recording(), new)
  lu.assertEquals({ out, exit }, { "", 2 })
  lu.assertEquals(err, "nrprof: " .. new .. ": its format is version 2, this nrprof reads version 1: use the nrprof that came with the profiler that recorded it\n")
end

function TestFiles.test_what_is_no_recording()
  local r = recording()
  local rows = {
    { { r }, "two recordings are needed" },
    { { r, "/nowhere" }, "/nowhere: the file cannot be read\n" },
    { { r, log "hello\n" }, ": it is no recording: " },
    { { r, log "" }, ": it is no recording: " },
    { { r, log "\xFD7zXZ\0\0\4" }, ": it is compressed, unpack it first: xz -dk FILE\n" },
    { { "--ignore", "token", r, r }, "--ignore: 'token' is none of tokens, order, " },
    { { "--ignore", "method", r, r }, "--ignore: 'method' needs a pattern" },
    { { "--ignore", "@/nowhere", r, r }, "--ignore: '/nowhere' cannot be read" },
    { { "--ignore", "@" .. log "# why\ntokens # all\n\nmethods=x\n", r, r }, "p.log:4: --ignore: 'methods=x' is none of" },
    { { "--list", "x", r, r }, "option '--list' needs a number" },
    { { "--logs", "x", r, r }, "option '--logs' needs two files" },
    { { "--logs", "/nowhere,x", r, r }, "/nowhere: the log cannot be read\n" },
    { { "--html", "/nowhere/x", r, r }, "/nowhere/x: the report cannot be written\n" },
    { { "--home", "/nowhere", r, r }, "/nowhere: no such home directory\n" },
  }
  for _, row in ipairs(rows) do
    local out, err, exit = diff(table.unpack(row[1]))
    lu.assertEquals({ out, exit }, { "", 2 }, row[2])
    lu.assertStrContains(err, row[2])
  end
end

-- Two recordings without a body are equal, and prove nothing.
function TestFiles.test_nothing_to_compare()
  local function empty(lines) for i = #lines, 1, -1 do if lines[i]:find "setil" and i < #lines then table.remove(lines, i) end end end
  local _, err, exit = diff(recording({}, empty), recording({}, empty))
  lu.assertEquals({ err, exit }, { "nrprof: neither recording has a method body: nothing was compared\n", 1 })
end

function TestFiles.test_ignore_file()
  local rules = log "# known since 1.2\nmethod=Contoso.Cart.Tot?l   # the new template\n"
  local out, _, exit = diff("--ignore", "@" .. rules, recording(), recording { nop = "01" })
  lu.assertEquals({ out, exit }, { "ignored by method=Contoso.Cart.Tot?l: 1\n" .. summary(1, 0, 1, 0, 0) .. "\n", 0 })
end

function TestFiles.test_list()
  local a, b = recording(), recording({ nop = "01" }, function(lines) table.remove(lines, #lines - 1) end)
  local out = diff("--list", "1", a, b)
  lu.assertStrContains(out, "different: ")
  lu.assertNotStrContains(out, "only in A: ")
  lu.assertStrContains(out, "… and 1 more methods (--list N shows more)\n")
end

TestReports = { setUp = posix_only }

function TestReports.test_json()
  local out, err, exit = diff("--json", recording(), recording { nop = "01" })
  lu.assertEquals({ err, exit }, { "", 1 })
  local squeezed = out:gsub("%s+", " ")
  lu.assertStrContains(squeezed, '"clean": false, "summary": { "methods": 2, "identical": 1, "tokens": 0, "different": 1, "only-a": 0, "only-b": 0,')
  lu.assertStrContains(squeezed, '"verdict": "different", "why": "byte at 0x1c: 00 in A, 01 in B", "first": { "a": " IL_0010: nop", "b": " IL_0010: break" }')
  lu.assertNotStrContains(out, '"rows"')
end

-- One file, nothing from elsewhere, and no name ends the script early.
function TestReports.test_page_is_one_file()
  local html = nr.directory() .. "/report.html"
  local odd = edited('"Total"', '"</script><b>"')
  diff("--html", html, odd, recording({ nop = "01" }))
  local file <close> = assert(io.open(html))
  local page = file:read "a"
  lu.assertTrue(select(2, page:gsub("</script>", "")) == 2, "the data ends a script")
  lu.assertTrue(page:find([[\u003c/script>\u003cb>]], 1, true) ~= nil, "the odd name is not there")
  lu.assertNil(page:find "https?://" or page:find "@import" or page:find "<link[^>]*stylesheet" or page:find "<script[^>]*src")
  lu.assertTrue(page:find("default-src 'none'", 1, true) ~= nil, "no policy")
end

-- The sample of the demo, where it was built, and the library beside nrprof: bodies that templates made.
TestTemplates = {}

local sample = os.getenv "NRPROF_SAMPLE" or "build/dotnet/ConsoleSample/Contoso.Console.dll"

function TestTemplates.setUp()
  posix_only()
  for _, path in ipairs { sample, (nr.program:gsub("[^/]*$", "libNewRelicProfiler.so")) } do
    local file = io.open(path, "rb")
    if not file then lu.skip("there is no " .. path) end
    file:close()
  end
end

-- A recording of the sample, and a copy in which `change` has replaced the body of Contoso.Cart.Total.
local function recorded(change)
  local dir = nr.directory()
  nr.write(dir .. "/agent/newrelic.config", '<configuration xmlns="urn:newrelic-config" agentEnabled="true"/>')
  nr.write(dir .. "/agent/NewRelic.Agent.Core.dll", "")
  nr.write(dir .. "/agent/extensions/r.lua", [[tracer {} match { assembly = "Contoso.Console", class = "Contoso.Cart", "Total", "Add" }]])
  local path = dir .. "/a.jsonl"
  assert(os.execute(("'%s' record '%s' --home '%s/agent' -o '%s' >/dev/null"):format(nr.program, sample, dir, path)))
  local file <close> = assert(io.open(path))
  local text, changed = file:read "a", 0
  text = text:gsub('({"ev":"setil"[^\n]*"type":"Contoso%.Cart","method":"Total"[^\n]*"il":")(%x+)', function(head, il)
    changed = changed + 1
    return head .. change(il)
  end)
  lu.assertEquals(changed, 1)
  nr.write(dir .. "/b.jsonl", text)
  return path, dir .. "/b.jsonl", dir .. "/agent"
end

function TestTemplates.test_nothing_changed()
  local a, b = recorded(function(il) return il end)
  local out, err, exit = diff(a, b)
  lu.assertEquals({ err, exit }, { "", 0 })
  lu.assertStrMatches(out, "(%d+) methods: %1 identical, .*")
end

-- The body with another string still fits the template; one with another instruction does not, and its lines are named by the other's.
function TestTemplates.test_both_template_lines()
  for _, change in ipairs {
    { "72(%x%x)(%x%x%x%x70)", function(low, rest) return ("72%02x"):format(tonumber(low, 16) ~ 4) .. rest end, "ldstr 70%x+[^\n]-", "ldstr 70%x+[^\n]-" },
    { "^(" .. ("%x"):rep(24) .. ")14", "%115", "ldnull", "ldc%.i4%.m1" },
  } do
    local a, b, dir = recorded(function(il)
      local new, n = il:gsub(change[1], change[2], 1)
      lu.assertEquals(n, 1)
      return new
    end)
    for _, arguments in ipairs { { a, b }, { "--home", dir, a, b } } do
      local out, _, exit = diff(table.unpack(arguments))
      lu.assertEquals(exit, 1)
      lu.assertStrMatches(out, "different: Contoso%.Cart%.Total %(Contoso%.Console, 06000003%): [^\n]*\n    A  IL_%x+: " .. change[3]
        .. " +; ([%w.]+:%d+)\n    B  IL_%x+: " .. change[4] .. " +; %1\n.*")
    end
  end
end

-- The library's own recording and that of the simulated CLR: two instruments beside each other in one process.
function TestTemplates.test_two_recorders()
  local a, _, dir = recorded(function(il) return il end)
  local out = nr.directory()
  local command = "NEWRELIC_VALIDATION_ENABLED=1 NEWRELIC_VALIDATION_OUTPUT='%s' '%s' record '%s' --home '%s' -o '%s/sim.jsonl' >/dev/null"
  assert(os.execute(command:format(out, nr.program, sample, dir, out)))
  local pipe <close> = assert(io.popen("ls '" .. out .. "'/NewRelic.Validation.*.jsonl"))
  local own = pipe:read "l"
  lu.assertNotNil(own)
  for _, other in ipairs { out .. "/sim.jsonl", a } do
    local text, err, exit = diff(own, other)
    lu.assertEquals({ err, exit }, { "", 0 }, text)
    lu.assertStrMatches(text, "(%d+) methods: %1 identical, .*; 0 event differences\n")
  end
end
