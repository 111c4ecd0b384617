-- newrelic-config.md 1: what counts as XML. Shown with an extension file, where the reader's verdict is a log line and a method.

local scenario = require "nrprof.scenario"
local nr = require "nr"
local t = scenario.suite "newrelic-config: XML reader"
local EXTENSIONS = nr.windows and "home\\extensions\\" or "home/extensions/"

local OPEN, CLOSE = "<extension><instrumentation><tracerFactory>", "</tracerFactory></instrumentation></extension>"
local MATCH = '<match assemblyName="A" className="N.C"><exactMethodMatcher methodName="M"/></match>'
local WHOLE = OPEN .. MATCH .. CLOSE
local PLEASE = " Please validate your instrumentation files against extensions/extension.xsd or contact New Relic support."
local WARNING = {
  invalid = "[Warn ] Exception thrown while attempting to parse instrumentation file '" .. EXTENSIONS .. "x.xml'." .. PLEASE,
  extension = "[Warn ] extension node not found in instrumentation file." .. PLEASE,
  instrumentation = "[Warn ] instrumentation node not found in instrumentation file." .. PLEASE,
}
local AT_START = "[Warn ] Unable to parse one or more instrumentation files.  Live instrumentation reloading will not work until the "
  .. "unparsable file(s) are corrected or removed."

local function plain(xml) return (xml:gsub('"', "'")) end

-- The matcher with a className written this way: does it name N.C?
local function class(value, quote)
  quote = quote or '"'
  return OPEN .. '<match assemblyName="A" className=' .. quote .. value .. quote .. '><exactMethodMatcher methodName="M"/></match>' .. CLOSE
end

-- verdict: "used" (M is rewritten), "nothing" (a point for something else), "empty" (no point, no warning), or one of WARNING.
local function row(rule, what, xml, verdict, options)
  options = options or {}
  options.covers = { "newrelic-config " .. rule }
  if verdict == "extension" or verdict == "instrumentation" then options.covers[2] = "instrumentation-xml 1.5" end
  if verdict == "invalid" then options.covers[2] = "instrumentation-xml 1.4" end
  t:test(("%s: %s: %s"):format(rule, what, verdict), options, function(s)
    s:home { ["extensions/x.xml"] = xml }
    local m = s:core():load(s:assembly { name = "A", types = { { name = "N.C", methods = { { name = "M", sig = "00 00 01", body = "06 2a" } } } } })
    local r = m:jit "N.C.M"
    if verdict == "used" then s:rewritten(r) else s:untouched(r) end
    s:log_is("Warn", verdict == "invalid" and { WARNING.invalid, AT_START } or { WARNING[verdict] })
    s:log_has(("[Info ] Identified %d Instrumentation points (not ignored) in .xml files"):format(
      (verdict == "used" or verdict == "nothing") and 1 or 0))
  end)
end

-- 1.1
row("1.1", "names in capitals", '<EXTENSION><INSTRUMENTATION><TRACERFACTORY><MATCH ASSEMBLYNAME="A" CLASSNAME="N.C"><EXACTMETHODMATCHER '
  .. 'METHODNAME="M"/></MATCH></TRACERFACTORY></INSTRUMENTATION></EXTENSION>', "used")
row("1.1", "names in mixed capitals", (WHOLE:gsub("extension", "eXtension"):gsub("className", "classname")), "used")
row("1.1", "a longer name", (WHOLE:gsub("extension", "extensions")), "extension")
row("1.1", "a shorter name", (WHOLE:gsub("instrumentation", "instrument")), "instrumentation")
row("1.1", "values keep their case", class "n.c", "nothing")
-- 1.2
row("1.2", "a prefixed root", (WHOLE:gsub("extension>", "x:extension>")), "extension")
row("1.2", "a prefixed child", (WHOLE:gsub("<instrumentation>", "<x:instrumentation>")), "instrumentation")
row("1.2", "xmlns is an attribute like any other", (WHOLE:gsub("<extension>", '<extension xmlns="urn:x" xmlns:x="urn:y">')), "used")
row("1.2", "a prefixed attribute", (WHOLE:gsub("className=", "x:className=")), "nothing")
-- 1.3
row("1.3", "other roots before", "<a/><b>text</b>" .. WHOLE, "used")
row("1.3", "other roots behind", WHOLE .. "<a/>", "used")
row("1.3", "a second root of that name does not count", "<extension/>" .. WHOLE, "instrumentation")
row("1.3", "a second instrumentation does not count", "<extension><instrumentation/><instrumentation><tracerFactory>" .. MATCH .. CLOSE, "empty")
row("1.3", "siblings of other names between", OPEN .. "<x/>" .. MATCH .. "<y></y>" .. CLOSE, "used")
row("1.3", "a match outside of a tracerFactory", "<extension><instrumentation>" .. MATCH .. "</instrumentation></extension>", "empty")
row("1.3", "an inner extension", "<root>" .. WHOLE .. "</root>", "extension")
-- 1.4
row("1.4", "closing tags of other names", (WHOLE:gsub("</%a+>", "</wrong>")), "used")
row("1.4", "closing tags without a name", (WHOLE:gsub("</%a+>", "</>")), "used")
row("1.4", "blanks in closing tags", (WHOLE:gsub("</(%a+)>", "</%1 \n>")), "used")
row("1.4", "a missing closing tag", (WHOLE:gsub("</extension>", "")), "invalid")
row("1.4", "one closing tag too many", WHOLE .. "</extension>", "invalid")
row("1.4", "a closing tag that does not end", (WHOLE:gsub("</extension>", "</extension")), "invalid")
row("1.4", "an element that does not end", WHOLE .. "<a", "invalid")
-- 1.5
row("1.5", "a declaration", '<?xml version="1.0" encoding="utf-8"?>\n' .. WHOLE, "used")
row("1.5", "a declaration with another encoding", '<?xml version="1.0" encoding="utf-16"?>' .. WHOLE, "used")
row("1.5", "a declaration that is none", "<?xml nonsense < > ?>" .. WHOLE, "used")
row("1.5", "processing instructions", "<?pi a?>" .. (OPEN .. "<?pi <match?>" .. MATCH .. CLOSE) .. "<?end?>", "used")
row("1.5", "comments", "<!-- a -- b <x> -->" .. OPEN .. "<!--" .. MATCH .. "-->" .. MATCH .. "<!---->" .. CLOSE .. "<!-- -->", "used")
row("1.5", "a match in a comment", OPEN .. "<!--" .. MATCH .. "-->" .. CLOSE, "empty")
row("1.5", "a comment that does not end", OPEN .. "<!-- " .. MATCH .. CLOSE, "invalid")
row("1.5", "a document type with brackets", "<!DOCTYPE extension [ <!ENTITY a 'b'> [x] ]>" .. WHOLE, "used")
row("1.5", "a document type that does not end", "<!DOCTYPE extension [ " .. WHOLE, "invalid")
row("1.5", "an unknown exclamation", "<!SOMETHING a b>" .. WHOLE, "used")
row("1.5", "CDATA is not read", OPEN .. "<![CDATA[" .. MATCH .. "]]>" .. CLOSE, "empty")
row("1.5", "CDATA beside", OPEN .. "<![CDATA[</x>&]]>" .. MATCH .. CLOSE, "used")
row("1.5", "CDATA that does not end", OPEN .. "<![CDATA[ ]]" .. MATCH .. CLOSE, "invalid")
-- 1.6
row("1.6", "an empty file", "", "extension")
row("1.6", "only white space", " \r\n\t ", "extension")
row("1.6", "only a declaration", '<?xml version="1.0"?>', "extension")
row("1.6", "text before the first element", "x" .. WHOLE, "invalid")
row("1.6", "text behind the last element", WHOLE .. "x", "invalid")
row("1.6", "white space around", "\n\n" .. WHOLE .. "\n ", "used")
row("1.6", "text in elements", OPEN .. "some text &amp; more" .. MATCH .. " > " .. CLOSE, "used")
-- 1.7
row("1.7", "the first of two attributes", class 'N.C" className="X', "used")
row("1.7", "the first of two attributes, the other way round", class 'X" className="N.C', "nothing")
row("1.7", "the first in any case", class 'N.C" CLASSNAME="X', "used")
row("1.7", "single quotes", plain(WHOLE), "used")
row("1.7", "the other quote inside", class("N.C'"), "nothing")
row("1.7", "nothing between attributes", (WHOLE:gsub('"A" c', '"A"c')), "used")
row("1.7", "lines between attributes", (WHOLE:gsub(" className=", "\r\n\tclassName =\n")), "used")
row("1.7", "no quotes", (WHOLE:gsub('"M"', "M")), "invalid")
row("1.7", "no value", (WHOLE:gsub('="M"', "")), "invalid")
row("1.7", "no equals sign", (WHOLE:gsub('="M"', '"M"')), "invalid")
row("1.7", "a value that does not end", (WHOLE:gsub('"M"', '"M')), "invalid")
row("1.7", "an element without a name", OPEN .. "< match/>" .. MATCH .. CLOSE, "invalid")
row("1.7", "an attribute without a name", (WHOLE:gsub("<match ", '<match ="x" ')), "invalid")
-- 1.8
row("1.8", "a blank before", class " N.C", "nothing")
row("1.8", "a blank behind", class "N.C ", "nothing")
row("1.8", "a line break", class "N.C\n", "nothing")
row("1.8", "a tag in a value", class "N.C</match>", "nothing")
-- 1.9
row("1.9", "numbers, decimal", class "N&#46;C", "used")
row("1.9", "numbers, hexadecimal", class "N&#x2E;C", "used")
row("1.9", "numbers, small hexadecimal", class "&#x4e;.&#x43;", "used")
row("1.9", "numbers with zeros", class "&#0000078;.C", "used")
row("1.9", "an unknown entity stays", class "N&foo;.C", "nothing")
row("1.9", "a bare ampersand stays", class "N.C&", "nothing")
row("1.9", "entities know their case", class "&QUOT;", "nothing")
row("1.9", "a number without semicolon", class "N&#46C", "invalid")
row("1.9", "a number beyond the last", class "N&#x110000;", "invalid")
row("1.9", "the last number", class "N&#x10FFFF;", "nothing")
