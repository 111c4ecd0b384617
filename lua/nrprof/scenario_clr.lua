-- nrprof.scenario_clr - a simulated CLR with its modules, methods, and what became of them, for scenarios (docs/scenarios.md).

local clr = require "nr.clr"
local image = require "nrprof.image"
local nr = require "nr"
local tools = require "nrprof.scenario_tools"

local hr_name, hr_value, fail = tools.hr_name, tools.hr_value, tools.fail

-- ---- what a method became ----------------------------------------------------------------------------

local Result = {}
Result.__index = Result

local function clause_of(c)
  local r = { flags = c.flags, try = c.try, try_end = c.try + c.try_length, handler = c.handler,
    handler_end = c.handler + c.handler_length, token = c.token }
  r.text = ("%d [%04x,%04x) [%04x,%04x) %08x"):format(r.flags, r.try, r.try_end, r.handler, r.handler_end, r.token)
  return r
end

-- The number of bytes of "stloc n".
local function stloc_size(n)
  return n < 4 and 1 or n < 255 and 2 or 4
end

-- The locals of a signature 07 count …, 0 when its count is cut off.
local function local_count(sig)
  sig = sig .. "\0\0\0"
  local b = sig:byte(2) or 0
  if b < 0x80 then return b end
  if b < 0xC0 then return (b & 0x3F) << 8 | sig:byte(3) end
  return (b & 0x1F) << 24 | sig:byte(3) << 16 | sig:byte(4) << 8 | sig:byte(5)
end

-- Where the method's own code lies in what was injected around it (injected-code.md 2 and 5.3), and what of the last try or
-- catch block around it is injected again: "stloc result" and "leave".
local function find_user_code(r)
  local n = #r.clauses
  local from, to
  if r.via == "rejit" and n >= 4 then
    from, to = r.clauses[n - 1].try, r.clauses[n - 1].try_end
  elseif r.via == "info" and n >= 1 then
    from, to = r.clauses[n].handler + 1, r.clauses[n].handler_end
  else
    return
  end
  to = to - 5
  local before = r.original_locals
  local after = r.locals_sig and local_count(image.bytes(r.locals_sig)) or 0
  if after - before == (r.via == "rejit" and 3 or 1) then to = to - stloc_size(after - 1) end
  r.user_offset = from
  r.user = image.hex(image.bytes(r.code):sub(from + 1, to))
end

local function event_text(m, e)
  if e.kind == "REQUEST_REJIT" or e.kind == "REQUEST_REVERT" then
    local names = {}
    for i, x in ipairs(e.methods or {}) do names[i] = m.clr:method_name(x.module, x.token) end
    return e.name .. " " .. table.concat(names, ", ")
  elseif e.kind == "EMIT" then
    return ("%s {%s} %08x"):format(e.name, e.args or "", e.token or 0)
  end
  return e.kind .. (e.name and " " .. e.name or "")
end

-- What happened in a call: lists by kind, the rows that were added to modules.
local function digest(m, r, before)
  local c = m.clr
  r.events = c.raw:events(before)
  r.requests, r.reverts, r.emits, r.added, r.unimplemented = {}, {}, {}, {}, {}
  for _, e in ipairs(r.events) do
    e.kind = e.kind:upper()
    e.result = hr_name(e.hr)
    e.text = event_text(m, e)
    if e.kind == "REQUEST_REJIT" then r.requests[#r.requests + 1] = e.text
    elseif e.kind == "REQUEST_REVERT" then r.reverts[#r.reverts + 1] = e.text
    elseif e.kind == "UNIMPLEMENTED" then r.unimplemented[#r.unimplemented + 1] = e.name
    elseif e.kind == "EMIT" then
      r.emits[#r.emits + 1] = e
      local module = c.by_id[e.module]
      if module and e.token and e.hr < 0x80000000 and module:is_new(e.token) then
        r.added[#r.added + 1] = ("%08x %s"):format(e.token, module:meaning(e.token) or "?")
      end
    end
  end
  return r
end

local function describe_body(m, r, bytes)
  r.body = image.hex(bytes)
  r.head = r.body:sub(1, 11)
  local parts, why = clr.parts(bytes)
  r.damage = parts and parts.damage or why
  if not parts then return end
  r.tiny, r.flags, r.max_stack, r.locals_token = parts.tiny, parts.flags, parts.max_stack, parts.locals_token
  r.code, r.code_size, r.size = image.hex(parts.code), #parts.code, parts.size
  r.clauses, r.sections = {}, {}
  for i, c in ipairs(parts.clauses) do r.clauses[i] = clause_of(c) end
  for i, s in ipairs(parts.sections) do r.sections[i] = image.hex(s) end
  if parts.locals_token ~= 0 then
    local sig = m.clr.raw:signature(m.id, parts.locals_token)
    r.locals_sig, r.locals = sig and image.hex(sig), m:meaning(parts.locals_token)
  end
end

local function original_locals(m, bytes)
  local parts = clr.parts(bytes)
  local sig = parts and parts.locals_token ~= 0 and m.clr.raw:signature(m.id, parts.locals_token)
  return sig and local_count(sig) or 0
end

-- The disassembly with the meaning of tokens.
function Result:listing()
  return clr.disassemble(image.bytes(self.body), self.module.clr.raw, self.module.id)
end

-- What the verifier makes of the body: "ok", "bad" or "unknown"; the fault's name; the fault in a sentence.
function Result:verify()
  local verdict, fault, text, offset, other = clr.verify(image.bytes(self.body), self.module.clr.raw, self.module.id, self.token)
  if offset then text = ("%s at %04x%s"):format(text, offset, other and (" [%04x]"):format(other) or "") end
  return verdict, fault, text
end

-- ---- modules --------------------------------------------------------------------------------------------

local Module = {}
Module.__index = Module

-- "N.C.M", "N.C::M" (for names with dots), "N.C.M#2" (the second of that name), or a token.
local function parse_method(name)
  local nth
  local base, digits = name:match "^(.*)#(%d+)$"
  if base then name, nth = base, tonumber(digits) end
  local type_name, method = name:match "^(.-)::(.+)$"
  if not type_name then type_name, method = name:match "^(.+)%.(%.[^.]+)$" end
  if not type_name then type_name, method = name:match "^(.+)%.([^.]+)$" end
  return type_name or "<Module>", method or name, nth or 1
end

function Module:token(name)
  name = name or self.target or error("which method?", 3)
  if type(name) == "number" then return name end
  local type_name, method, nth = parse_method(name)
  local token = self.image and self.image.token(type_name, method, nth) or self.clr.raw:find(self.id, type_name, method, nth)
  return token or error(("there is no method '%s' in %s"):format(name, self.name), 3)
end

function Module:type_token(name)
  return self.image and self.image.token(name) or self.clr.raw:find(self.id, name)
end

function Module:function_id(name) return self.clr.raw:function_id(self.id, self:token(name)) end
function Module:meaning(token) return self.clr.raw:meaning(self.id, token) end
function Module:rows(table_name)
  return self.clr.raw:rows(self.id, image.tables[table_name] or error("there is no table " .. tostring(table_name), 2))
end

function Module:signature(token)
  local sig = self.clr.raw:signature(self.id, token)
  return sig and image.hex(sig)
end

-- Was the row added since the module was loaded, and not asked about before?
function Module:is_new(token)
  if self.known[token] then return false end
  self.known[token] = true
  local first = self.first_rows[token >> 24]
  return not first or (token & 0xFFFFFF) > first
end

-- The text of log lines about a method: "(Module: path, AppDomain: domain)[A]N.C.M(parameters)".
function Module:described(name, parameters)
  name = name or self.target
  local type_name, method = parse_method(name)
  return ("(Module: %s, AppDomain: %s)[%s]%s.%s(%s)"):format(self.path, self.clr.domain, self.name, type_name, method,
    parameters or "")
end

-- The bytes that GetILFunctionBody gives for a method from now on.
function Module:give(name, body)
  local bytes = image.bytes(body)
  self.given[self:token(name)] = bytes
  assert(self.clr.raw:give(self.id, self:token(name), bytes))
end

function Module:original(token)
  return self.given[token] or self.clr.raw:il(self.id, token, true)
end

-- The body that would run now, in hexadecimal; nil: there is none.
function Module:body(name)
  local bytes = self.clr.raw:il(self.id, self:token(name))
  return bytes and image.hex(bytes)
end

-- Lets the method run: see nr_sim_jit.
function Module:jit(name)
  local token = self:token(name)
  local r = setmetatable({ module = self, token = token, name = name or self.target, written = false }, Result)
  local before = self.clr.raw:event_count()
  local original = self:original(token) or ""
  r.result = hr_name(self.clr.raw:jit(self.id, token))
  digest(self, r, before)
  for _, e in ipairs(r.events) do
    if e.kind == "SET_IL" and e.module == self.id and e.method == token then
      r.set_result = e.result
      if e.hr < 0x80000000 then r.written, r.via = true, e.name end
    elseif e.kind == "GET_REJIT" and e.method == token then
      r.rejit_result = e.result
    elseif e.kind == "JIT" and e.method == token then
      r.jit_result = e.result
    end
  end
  r.original_locals = original_locals(self, original)
  describe_body(self, r, self.clr.raw:il(self.id, token) or "")
  if r.written and r.clauses then find_user_code(r) end
  return r
end

function Module:jit_all()
  local list = {}
  for rid = 1, self:rows "MethodDef" do
    local token = 0x06000000 | rid
    if self:original(token) then list[#list + 1] = self:jit(token) end
  end
  return list
end

-- JITInlining: was it allowed, and the result of the callback.
function Module:inline(caller, callee)
  local hr, yes = self.clr.raw:inline(self.id, self:token(caller), self:token(callee))
  return yes, hr_name(hr)
end

-- JITCachedFunctionSearchStarted: may the code in the image run?
function Module:precompiled(name)
  local hr, used = self.clr.raw:precompiled(self.id, self:token(name))
  return used, hr_name(hr)
end

-- The code of `caller` in this module's image contains that of a method of `module`.
function Module:inlined(caller, module, callee)
  assert(self.clr.raw:inlined(self.id, self:token(caller), module.id, module:token(callee)))
end

-- The CLR says of the list of this module's image that it is not whole.
function Module:inlined_more() assert(self.clr.raw:inlined_more(self.id)) end

function Module:unload() return hr_name(self.clr.raw:unload(self.id)) end

-- ---- a CLR -------------------------------------------------------------------------------------------------

local Clr = {}
Clr.__index = Clr

local function add_module(self, id, hr, img, path)
  local m = setmetatable({ clr = self, id = id, image = img, result = hr_name(hr), path = path, given = {}, known = {},
    first_rows = {} }, Module)
  m.name = self.raw:assembly_name(id)
  self.by_id[id] = m
  return m
end

-- The rows a module had before the profiler saw it: the image's. What is announced during the load is added already, so
-- the counts come from a load without a profiler.
local function image_rows(self, path, bytes)
  local bare = clr.new {}
  local id = assert(bytes and bare:load_bytes(path, bytes, 0) or bare:load(path))
  local counts = {}
  for _, number in pairs(image.tables) do counts[number] = bare:rows(id, number) end
  bare:close()
  return counts
end

-- An image of s:assembly, or the path of a file. options: path, status (what ModuleLoadFinished is told).
function Clr:load(what, options)
  options = options or {}
  local before = self.raw:event_count()
  local id, hr, path, img
  if type(what) == "table" then
    img = what
    path = options.path or img.path or (nr.windows and "C:\\app\\" or "/app/") .. img.name .. ".dll"
    id, hr = self.raw:load_bytes(path, img.bytes, hr_value(options.status or 0))
  else
    path = tools.absolute(what)
    id, hr = self.raw:load(path)
  end
  if not id then fail(2, hr) end
  local m = add_module(self, id, hr, img, path)
  m.first_rows = image_rows(self, path, img and img.bytes)
  digest(m, m, before)
  -- A body that cannot be measured, or is shorter than what was asked for, is given past the image.
  for _, b in ipairs(img and img.bodies or {}) do
    if self.raw:il(id, b.token, true) ~= b.bytes then
      m.given[b.token] = b.bytes
      self.raw:give(id, b.token, b.bytes)
    end
  end
  return m
end

function Clr:method_name(module, token)
  local owner = self.raw:declaring_type(module, token)
  return ("%s.%s"):format(self.raw:type_name(module, owner) or "?", self.raw:method_name(module, token) or ("%08x"):format(token))
end

-- Methods with a pending ReJIT or revert run; returns how many there were and what happened.
function Clr:jit_pending()
  local before = self.raw:event_count()
  local n = self.raw:jit_pending()
  return n, digest({ clr = self }, {}, before)
end

-- Calls an export: its result by name (an integer for GetCurrentExecutionEngineThreadId), then a list of records for
-- RequestProfile and RequestFunctionNames. The last value is what happened, for requests and reverts.
function Clr:call(name, ...)
  local before = self.raw:event_count()
  local result, records = self.raw:call(name, ...)
  local happened = digest({ clr = self }, {}, before)
  if name ~= "GetCurrentExecutionEngineThreadId" then result = hr_name(result) end
  for _, r in ipairs(records or {}) do r.result = hr_name(r.hr) end
  if records then return result, records, happened end
  return result, happened
end

-- The n-th call from now of a slot fails: n = 0 is every call.
function Clr:fail(interface, slot, nth, result)
  if not self.raw:fail(interface, slot, nth, hr_value(result or "E_FAIL")) then
    error(("there is no slot %s::%s"):format(interface, slot), 2)
  end
end
-- The nth call from now of any slot fails; Clr:failed() names it, or is "" when there was no such call.
function Clr:fail_any(nth, result) self.raw:fail_any(nth, hr_value(result or "E_FAIL")) end
function Clr:failed() return self.raw:failed() end
function Clr:fail_none() self.raw:fail_none() end
function Clr:calls(interface, slot) return self.raw:calls(interface, slot) end
function Clr:mask() return self.raw:mask() end
function Clr:attached() return self.raw:attached() end
function Clr:shutdown() return hr_name(self.raw:shutdown()) end

-- Events since the start, those of a kind only when one is given ("EMIT", see NR_SIM_EVENTS in nrsim.h).
function Clr:events(kind)
  local all, list = digest({ clr = self }, {}, 0).events, {}
  for _, e in ipairs(all) do
    if not kind or e.kind == kind then list[#list + 1] = e end
  end
  return list
end

function Clr:thread(...)
  local id = self.raw:thread()
  if ... then self:stack(id, ...) end
  return id
end
function Clr:stack(thread, functions, result) self.raw:thread_stack(thread, functions, hr_value(result or 0)) end
function Clr:end_thread(thread) return hr_name(self.raw:thread_end(thread)) end
function Clr:suspended() return self.raw:suspended() end

-- options: desktop, version, domain, highest_info. No profiler is in it yet.
local function new(options)
  return setmetatable({ raw = clr.new(options), by_id = {}, desktop = options.desktop,
    domain = options.domain or (options.desktop and "DefaultDomain" or "clrhost") }, Clr)
end

return { new = new }
