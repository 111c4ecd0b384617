-- Text outside of ASCII: newrelic-config.md 1.9 and 1.10, environment-and-files.md 3.5 and 4.3, logging.md 1.7.
-- The reference looks at the low byte of a UTF-16 unit and cannot write surrogates to its log; what only we can do is marked.

local scenario = require "nrprof.scenario"
local nr = require "nr"
local t = scenario.suite "instrumentation-xml: text"
local EXTENSIONS = nr.windows and "home\\extensions\\" or "home/extensions/"

local LOW_BYTE = "the reference classifies characters by the low byte of a UTF-16 unit"
local ONE_BY_ONE = "the reference converts UTF-16 units one by one"
local BOM = "\u{FEFF}"

local function utf16(text, big)
  local parts = {}
  for _, c in utf8.codes(text) do
    local function put(unit) parts[#parts + 1] = string.pack(big and ">I2" or "<I2", unit) end
    if c >= 0x10000 then
      put(0xD800 + (c - 0x10000 >> 10))
      put(0xDC00 + (c - 0x10000 & 0x3FF))
    else
      put(c)
    end
  end
  return table.concat(parts)
end

local function factory(r) return r:listing():match 'ldc%.i4%.0\n[^\n]*ldstr %x+ "([^\n]*)"\n' end

-- ---- names, in the file and in metadata ---------------------------------------------------------------------------------------

for _, row in ipairs {
  { "é", "Latin-1" }, { "ü中文", "two and three bytes" }, { "プロファイラ", "katakana" }, { "Ж", "Cyrillic" }, { "\u{FFFD}", "the replacement character" },
  { "a\u{0301}", "a combining accent" },
  { "\u{2022}", "U+2022, low byte of a quote", LOW_BYTE }, { "\u{4E27}", "U+4E27, low byte of an apostrophe", LOW_BYTE },
  { "\u{0100}", "U+0100, low byte NUL", LOW_BYTE }, { "\u{013C}", "U+013C, low byte of <" }, { "\u{4E26}", "U+4E26, low byte of &" },
  { "\u{1F600}", "U+1F600, low surrogate DE00", LOW_BYTE }, { "\u{10000}", "U+10000", LOW_BYTE }, { "\u{10FFFD}", "U+10FFFD", ONE_BY_ONE },
  { "𝒳𐐷", "mathematical and Deseret letters", ONE_BY_ONE },
} do
  local word, what, only_ours = row[1], row[2], row[3]
  t:test(("1.10: names of assembly, class, method and factory: %s"):format(what),
    { covers = { "newrelic-config 1.10", "instrumentation-xml 6.2", "logging 1.7" }, only_ours = only_ours }, function(s)
    s:home { rules = { { assembly = "A" .. word, class = "N." .. word, method = word .. "M", factory = "F" .. word, metric_name = word } } }
    local m = s:core():load(s:assembly { name = "A" .. word, types = { { name = "N." .. word,
      methods = { { name = word .. "M", sig = "00 00 01", body = "06 2a" }, { name = "M", sig = "00 00 01", body = "06 2a" } } } } },
      { path = "/app/x.dll" })
    local name = ("N.%s.%sM"):format(word, word)
    local r = m:jit(name)
    s:rewritten(r)
    s:equal(factory(r), "F" .. word)
    s:untouched(m:jit(("N.%s.M"):format(word)))
    s:log_has(("[Info ] Instrumenting method: (Module: /app/x.dll, AppDomain: clrhost)[A%s]N.%s.%sM()"):format(word, word, word))
  end)
end

-- In comments, element text and other attributes, too.
for _, row in ipairs {
  { "a comment", "<!-- \u{2022}\u{0100}\u{1F600} é -->" }, { "CDATA", "<![CDATA[\u{1F600}中]]>" }, { "plain text", "é中ü" },
  { "text with the low byte of <", "\u{013C}", LOW_BYTE }, { "text with a low byte NUL", "\u{0100}", LOW_BYTE },
  { "text beyond the BMP", "\u{1F600}", LOW_BYTE }, { "an unknown element", "<é中>ü</é中>" }, { "an unknown attribute", "<a é='中'/>" },
} do
  t:test("1.10: " .. row[1], { covers = "newrelic-config 1.10", only_ours = row[3] }, function(s)
    s:home { ["extensions/x.xml"] = "<extension>" .. row[2] .. "<instrumentation><tracerFactory>" .. '<match assemblyName="A" className="N.C">'
      .. '<exactMethodMatcher methodName="M"/></match></tracerFactory></instrumentation></extension>' }
    local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = { { name = "M", sig = "00 00 01", body = "06 2a" } } } } })
    s:rewritten(m:jit "N.C.M")
    s:log_is({ "Warn", "Error" }, {})
  end)
end

-- Numeric entities from 0x80 on become their UTF-8 bytes, one unit per byte.
for _, row in ipairs {
  { "&#233;", "Ã©" }, { "&#xE9;", "Ã©" }, { "&#x7F;", "\u{7F}" }, { "&#x80;", "\u{C2}\u{80}" }, { "&#8226;", "\u{E2}\u{80}\u{A2}" },
  { "&#x1F600;", "\u{F0}\u{9F}\u{98}\u{80}" },
} do
  t:test(("1.9: the number %s is UTF-8, one unit per byte"):format(row[1]), { covers = "newrelic-config 1.9" }, function(s)
    s:home { ["extensions/x.xml"] = ('<extension><instrumentation><tracerFactory name="F%s"><match assemblyName="A" className="N.C">'
      .. '<exactMethodMatcher methodName="M"/></match></tracerFactory></instrumentation></extension>'):format(row[1]) }
    local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = { { name = "M", sig = "00 00 01", body = "06 2a" } } } } })
    local r = m:jit "N.C.M"
    s:rewritten(r)
    s:equal(factory(r), "F" .. row[2])
  end)
end

-- ---- encodings ------------------------------------------------------------------------------------------------------------------------

local function rule(word) return scenario.rules_xml { { assembly = "A", class = "N.C", method = "M", factory = "F" .. word } } end
local PLEASE = " Please validate your instrumentation files against extensions/extension.xsd or contact New Relic support."

for _, row in ipairs {
  { "UTF-8 without mark", rule "中é", "F中é" }, { "UTF-8 with mark", BOM .. rule "中é", "F中é" }, { "ASCII with mark", BOM .. rule "", "F" },
  { "a sequence that breaks off behind the last element", rule "" .. "\xC3", "F" },
  { "a bad byte behind the last element", rule "" .. "\xFF<a>", "F" }, { "a bad byte far behind", rule "" .. (" "):rep(20000) .. "\xFF", "F" },
  { "CR LF lines", (rule("x"):gsub("\n", "\r\n")), "Fx" }, { "CR lines", (rule("x"):gsub("\n", "\r")), "Fx" },
  { "UTF-16, little-endian, with mark", utf16(BOM .. rule "中😀"), "F中😀", "the reference knows UTF-8 only" },
  { "UTF-16, big-endian, with mark", utf16(BOM .. rule "中😀", true), "F中😀", "the reference knows UTF-8 only" },
} do
  t:test("4.3: " .. row[1] .. " is read", { covers = "environment-and-files 4.3", only_ours = row[4] }, function(s)
    s:home { ["extensions/x.xml"] = row[2] }
    local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = { { name = "M", sig = "00 00 01", body = "06 2a" } } } } })
    local r = m:jit "N.C.M"
    s:rewritten(r)
    s:equal(factory(r), row[3])
    s:log_is({ "Warn", "Error" }, {})
  end)
end

for _, row in ipairs {
  { "a bad byte in a value", rule "\xFF" }, { "a bad byte in a comment behind the last element", rule "" .. "<!--\xFF-->" }, { "a sequence that breaks off", rule "\xE4\xB8" },
  { "an overlong sequence", rule "\xC0\xAF" }, { "a surrogate in UTF-8", rule "\xED\xA0\x80" }, { "beyond U+10FFFF", rule "\xF4\x90\x80\x80" },
  { "two marks", BOM .. BOM .. rule "" },
} do
  t:test("4.3: " .. row[1] .. " makes the file invalid", { covers = { "environment-and-files 4.3", "instrumentation-xml 1.4" } }, function(s)
    s:home { ["extensions/x.xml"] = row[2], ["extensions/y.xml"] = rule "" }
    local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = { { name = "M", sig = "00 00 01", body = "06 2a" } } } } })
    s:log_has("[Warn ] Exception thrown while attempting to parse instrumentation file '" .. EXTENSIONS .. "x.xml'." .. PLEASE)
    s:log_has "[Info ] Identified 1 Instrumentation points (not ignored) in .xml files"
    s:equal(factory(m:jit "N.C.M"), "F")
  end)
end

-- ---- paths ------------------------------------------------------------------------------------------------------------------------------

local ONLY_ASCII_HOME = "the reference looks for files under paths of one byte per unit"
for _, word in ipairs { "höme", "ホーム", "home😀", "home with blanks" } do
  t:test(("3.5: the home directory is %s"):format(word), { covers = { "environment-and-files 3.5", "environment-and-files 3.4", "environment-and-files 4" },
    only_ours = word:find "[\x80-\xff]" and ONLY_ASCII_HOME or nil }, function(s)
    s.home_directory = word
    local r = s:method { body = "06 2a" }:jit()
    s:rewritten(r)
    local dll = word .. (nr.windows and "\\" or "/") .. "NewRelic.Agent.Core.dll"
    if not nr.windows then s:contains(r:listing(), ('"%s"'):format(dll)) end
    s:log_has("[Debug] Searching for New Relic Agent DLL at: " .. dll,
      ("[Debug] Parsing instrumentation file '%s'"):format((EXTENSIONS .. "rules.xml"):gsub("^home", word)))
  end)
end

for _, row in ipairs { { "é.xml" }, { "日本語.xml" }, { "😀.xml", "the reference cannot decode it" } } do
  t:test(("4.4: an extension file is named %s"):format(row[1]), { covers = { "environment-and-files 4.4", "logging 1.7" }, only_ours = row[2] }, function(s)
    s:home { ["extensions/" .. row[1]] = rule "日本" }
    local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = { { name = "M", sig = "00 00 01", body = "06 2a" } } } } })
    s:equal(factory(m:jit "N.C.M"), "F日本")
    s:log_has(("[Debug] Parsing instrumentation file '" .. EXTENSIONS .. "%s'"):format(row[1]))
  end)
end

t:test("1.1: file names are ordered by UTF-16 code units", { covers = { "instrumentation-xml 1.1", "environment-and-files 4.5" },
  only_ours = "the reference cannot decode the second name" }, function(s)
  s:home { ["extensions/\u{FF5E}.xml"] = rule "", ["extensions/\u{1F600}.xml"] = rule "", ["extensions/z.xml"] = rule "" }
  s:core()
  s:log_has("[Debug] Parsing instrumentation file '" .. EXTENSIONS .. "z.xml'", "[Debug] Parsing instrumentation file '" .. EXTENSIONS .. "\u{1F600}.xml'",
    "[Debug] Parsing instrumentation file '" .. EXTENSIONS .. "\u{FF5E}.xml'")
end)

t:test("4.3: a file name that is no UTF-8 does not stop the others", { covers = "environment-and-files 1", only_ours = "the reference throws" }, function(s)
  if nr.windows then s:skip "file names are UTF-16" end
  s:home { ["extensions/\xFF.xml"] = rule "", ["extensions/z.xml"] = rule "" }
  s:core()
  s:log_has("[Debug] Parsing instrumentation file '" .. EXTENSIONS .. "z.xml'", "[Info ] Profiler initialized")
end)
