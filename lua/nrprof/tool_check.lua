-- nrprof.tool_check - `nrprof check`: rule files and templates before a process reads them. Not for scripts of the profiler.

local look = require "nr.look"
local near = require "nrprof.tool_near"
local nr = require "nr"
local tool = require "nrprof.tool"
local count = require "nrprof.tool_count"

local M = {}

-- ---- findings ----------------------------------------------------------------------------------------------------

local function add(findings, level, file, line, text)
  findings[#findings + 1] = { level = level, file = file, line = line or 0, text = text }
end

-- A line of the log as a finding: "FILE:LINE: text - what became of it". `files` maps paths in the log to those of the user.
local function from_log(findings, text, file)
  text = text:gsub(" %- the file is skipped$", ""):gsub(" %- the built%-in .*$", "")
  local rest = text:sub(1, #file) == file and text:sub(#file + 1)
  local line = rest and rest:match "^:(%d+):"
  if line then
    add(findings, "error", file, tonumber(line), rest:match "^:%d+: (.*)$")
  else
    add(findings, "error", file, 0, rest and rest:match "^: (.*)$" or text)
  end
end

-- ---- files ---------------------------------------------------------------------------------------------------------

local function is_template(path, text)
  return path:find "[/\\]templates[/\\][^/\\]*$" ~= nil or text:find "^%s*template%s*[{(]" ~= nil
    or text:find "\n%s*template%s*[{(]" ~= nil
end

local function collect(told)
  local files = { rules = {}, xml = {}, templates = {} }
  local function take(path)
    local text = tool.read(path)
    if path:find "%.[xX][mM][lL]$" then
      table.insert(files.xml, { path = path, text = text })
    else
      table.insert(is_template(path, text) and files.templates or files.rules, { path = path, text = text })
    end
  end
  for _, path in ipairs(told.operands) do
    local kind = nr.kind(path)
    if kind == "directory" then
      for _, file in ipairs(tool.files(path, ".lua", ".xml")) do take(file) end
    elseif kind then
      take(path)
    else
      tool.fail("%s: no such file or directory", path)
    end
  end
  for _, list in pairs(files) do table.sort(list, function(a, b) return a.path < b.path end) end
  if #files.rules + #files.xml + #files.templates == 0 then
    tool.fail("%s: no rule file (*.lua, *.xml) in it", told.operands[1])
  end
  return files
end

-- Each template file alone, so that what is said is about it; the good ones together are what rules may name.
local function check_templates(findings, files)
  local good = {}
  for i, file in ipairs(files.templates) do
    local name = tool.base_name(file.path)
    nr.script({ templates = { [name] = file.text }, level = "warn" }):close()
    local log = nr.log()
    for _, line in ipairs(log) do
      local rest = line.text:match("^.-[/\\]templates[/\\]" .. name:gsub("%p", "%%%0") .. "(.*)$")
      from_log(findings, rest and file.path .. rest or line.text, file.path)
    end
    if #log == 0 then good[good[name] and i .. "-" .. name or name] = file.text end
  end
  return good
end

-- ---- rules among themselves ------------------------------------------------------------------------------------------

local function report_hidden(findings, s)
  local before = #nr.log()
  s:report_hidden()
  for i, line in ipairs(nr.log()) do
    local file, at, what = line.text:match "^(.-):(%d+): (the rule for .*)$"
    if i > before and file then add(findings, "warning", file, tonumber(at), what) end
  end
end

-- Names that are equal but for their case: one of them is most likely a mistake.
local function report_case(findings, points)
  local seen = {}
  for _, p in ipairs(points) do
    for _, what in ipairs(p.wide and {} or { "assembly", "class", "method" }) do
      local name = p[what]
      local scope = what == "method" and near.lower(p.class) .. "." or ""
      local key = what .. " " .. scope .. near.lower(name)
      local other = seen[key]
      if not other then
        seen[key] = { name = name, file = p.file, line = p.line, told = {} }
      elseif other.name ~= name and not other.told[name] then
        other.told[name] = true
        add(findings, "warning", p.file, p.line, ("the %s '%s' differs only in case from '%s' in %s:%d"):format(what, name, other.name,
          other.file, other.line))
      end
    end
  end
end

local function report_templates(findings, s, points)
  local said = {}
  for _, p in ipairs(points) do
    if p.template and not said[p.template] and not s:blob(p.template, {}) then
      said[p.template] = true
      add(findings, "error", p.file, p.line, ("there is no template '%s', so its methods would stay as they are"):format(p.template))
    end
  end
end

local function check_rules(findings, files, templates)
  local s <close> = nr.script { templates = next(templates) and templates or nil, level = "debug" }
  local seen = #nr.log()
  local function load(kind, file)
    local ok = s[kind](s, file.text, file.path)
    local log, named = nr.log(), false
    for i = seen + 1, #log do
      if log[i].level == "WARN" or log[i].level == "ERROR" then
        from_log(findings, log[i].text, file.path)
        named = true
      end
    end
    seen = #log
    if not ok and not named then add(findings, "error", file.path, 0, "no valid extension XML") end
  end
  for _, file in ipairs(files.rules) do load("rules", file) end
  for _, file in ipairs(files.xml) do load("xml", file) end
  local points = s:points()
  report_hidden(findings, s)
  report_case(findings, points)
  report_templates(findings, s, points)
  return #points
end

-- ---- rules and assemblies ----------------------------------------------------------------------------------------------

-- Everything that is defined in the assemblies, by name: types[assembly][class][method] = list of { module, token }.
local function names_of(l, assemblies)
  local types = {}
  for _, a in ipairs(assemblies) do
    local classes = types[a.name] or {}
    types[a.name] = classes
    for row = 1, l:count(a.module) do
      local token = 0x06000000 | row
      local class, method = l:type(a.module, token), l:name(a.module, token)
      classes[class] = classes[class] or {}
      classes[class][method] = classes[class][method] or {}
      table.insert(classes[class][method], { module = a.module, token = token })
    end
  end
  return types
end

local function or_meant(name, set)
  local meant = near.nearest(name, set)
  return meant and (", did you mean '%s'?"):format(meant) or ""
end

local function why_nothing(l, p, types)
  if p.wide then return "no method fits its patterns" end
  local classes = types[p.assembly]
  if not classes then return ("there is no assembly '%s'%s"):format(p.assembly, or_meant(p.assembly, types)) end
  local methods = classes[p.class]
  if not methods then return ("%s has no class '%s'%s"):format(p.assembly, p.class, or_meant(p.class, classes)) end
  local overloads = methods[p.method]
  if not overloads then return ("%s has no method '%s'%s"):format(p.class, p.method, or_meant(p.method, methods)) end
  local lists, hint, fitting = {}, nil, nil
  for _, o in ipairs(overloads) do
    local m = l:method(o.module, o.token)
    if m and (not p.parameters or m.parameters == p.parameters) then fitting = { o = o, m = m } end
    if m and p.parameters then
      lists[#lists + 1] = "(" .. m.parameters .. ")"
      local words = near.parameters_differ(p.parameters, m.parameters)
      hint = hint or words:find("spelled", 1, true) and words
    end
  end
  if fitting then
    local verdict = l:judge(fitting.o.module, fitting.o.token, p.id)
    if verdict == "version" then return ("the version of %s is %s"):format(p.assembly, fitting.m.version) end
    if verdict == "where" then return "its `where` says no to every method" end
    return "other rules go first"
  end
  if hint then return hint end
  if #lists == 0 then return ("%s.%s has no IL body"):format(p.class, p.method) end
  return ("%s.%s has no overload (%s); there is %s"):format(p.class, p.method, p.parameters, near.listed(lists))
end

-- Adds a finding for each rule of the files ({ rules = { { path, text } }, xml = … }) that matches nothing in the assemblies of a
-- directory.
function M.check_assemblies(findings, files, assemblies_directory, framework)
  local directory = nr.directory()
  local shown = {}
  for kind, list in pairs { rules = files.rules, xml = files.xml } do
    for i, file in ipairs(list) do
      local copy = tool.join(directory, ("%05d.%s"):format(i, kind == "xml" and "xml" or "lua"))
      tool.write(copy, file.text)
      shown[tool.base_name(copy)] = file.path
    end
  end
  local l <close> = look.open { rules = directory, framework = framework }
  if not l then return end
  local found, assemblies = count.count(l, assemblies_directory)
  local types
  for _, p in ipairs(l:points()) do
    if not found[p.id] then
      types = types or names_of(l, assemblies)
      add(findings, "warning", shown[tool.base_name(p.file)] or p.file, p.line,
        ("%s matches nothing: %s"):format(tool.method_text(p), why_nothing(l, p, types)))
    end
  end
end

-- ---- the command ---------------------------------------------------------------------------------------------------------

local function print_findings(told, findings, files, points)
  table.sort(findings, function(a, b)
    if a.file ~= b.file then return a.file < b.file end
    if a.line ~= b.line then return a.line < b.line end
    return a.text < b.text
  end)
  local number = { error = 0, warning = 0 }
  for _, f in ipairs(findings) do number[f.level] = number[f.level] + 1 end
  local code = #findings == 0 and 0 or 1
  if told.json then
    told.write(tool.json { findings = findings, rules = points } .. "\n")
    return code
  end
  for _, f in ipairs(findings) do
    told.write(("%s%s: %s: %s\n"):format(f.file, f.line > 0 and ":" .. f.line or "", f.level, f.text))
  end
  told.write(("%s, %s, %s, %s\n"):format(tool.plural(#files.rules + #files.xml + #files.templates, "file"),
    tool.plural(points, "rule"), tool.plural(number.error, "error"), tool.plural(number.warning, "warning")))
  return code
end

local function once(told, files)
  local findings = {}
  local templates = check_templates(findings, files)
  local points = check_rules(findings, files, templates)
  if told.options.assemblies then M.check_assemblies(findings, files, told.options.assemblies, told.options.framework) end
  return print_findings(told, findings, files, points)
end

-- All bytes of all files: they are small, and a time stamp may not change when a file does.
local function state_of(files)
  local parts = {}
  for _, list in pairs { files.rules, files.xml, files.templates } do
    for _, file in ipairs(list) do parts[#parts + 1] = file.path .. "\0" .. file.text end
  end
  table.sort(parts)
  return table.concat(parts, "\1")
end

function M.check(told)
  local o = told.options
  if #told.operands == 0 then return told.usage "no rule file or directory is given" end
  if o.assemblies and nr.kind(o.assemblies) ~= "directory" then tool.fail("%s: no such directory", o.assemblies) end
  local files = collect(told)
  local code, state = once(told, files), state_of(files)
  if o.watch then
    told.complain(os.getenv "NEW_RELIC_RULES_WATCH" == "1"
      and "NEW_RELIC_RULES_WATCH=1: a process started like this reads changed files by itself"
      or "a running process reads changed files when the agent sees a change of an *.xml file, or by itself with NEW_RELIC_RULES_WATCH=1")
  end
  while o.watch do
    told.flush()
    nr.sleep(0.3)
    -- An editor may have taken a file away for a moment.
    local ok, now = pcall(collect, told)
    if ok and state_of(now) ~= state then
      state = state_of(now)
      told.write "\n"
      once(told, now)
    end
  end
  return code
end

return M
