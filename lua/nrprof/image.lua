-- nrprof.image - assemblies made of Lua tables, for tests (docs/scenarios.md): PE32 with one section, metadata with a "#~" stream
-- (ECMA-335 II.22 to II.25). What a table says is written as it is said; nothing is checked for sense, so that tests can
-- make assemblies that no compiler makes. Not for scripts of the profiler.

local M = {}

-- "0a 2A|00" -> bytes. Spaces, newlines, '|' and '│' only divide.
function M.bytes(hex)
  local digits = hex:gsub("│", ""):gsub("[%s|]+", "")
  if #digits % 2 ~= 0 or digits:find "[^%x]" then error("'" .. hex .. "' is no text of hexadecimal bytes", 2) end
  return (digits:gsub("%x%x", function(h) return string.char(tonumber(h, 16)) end))
end

-- bytes -> "0a 2a 00"
function M.hex(bytes)
  return (bytes:gsub(".", function(c) return ("%02x "):format(c:byte()) end):sub(1, -2))
end

-- II.23.2 compressed unsigned integer.
function M.compressed(n)
  if n < 0x80 then return string.char(n) end
  if n < 0x4000 then return string.pack(">I2", n | 0x8000) end
  return string.pack(">I4", n | 0xC0000000)
end

local TABLE = {
  Module = 0x00, TypeRef = 0x01, TypeDef = 0x02, Field = 0x04, MethodDef = 0x06, Param = 0x08, InterfaceImpl = 0x09,
  MemberRef = 0x0A, CustomAttribute = 0x0C, StandAloneSig = 0x11, ModuleRef = 0x1A, TypeSpec = 0x1B, ImplMap = 0x1C,
  Assembly = 0x20, AssemblyRef = 0x23, ExportedType = 0x27, NestedClass = 0x29, GenericParam = 0x2A, MethodSpec = 0x2B,
}
M.tables = TABLE

-- II.24.2.6: bits of the tag, and the table of each tag.
local CODED = {
  TypeDefOrRef = { 2, 0x02, 0x01, 0x1B },
  HasCustomAttribute = { 5, 0x06, 0x04, 0x01, 0x02, 0x08, 0x09, 0x0A, 0x00, 0x0E, 0x17, 0x14, 0x11, 0x1A, 0x1B, 0x20, 0x23,
    0x26, 0x27, 0x28, 0x2A, 0x2C, 0x2B },
  MemberRefParent = { 3, 0x02, 0x01, 0x1A, 0x06, 0x1B },
  CustomAttributeType = { 3, false, false, 0x06, 0x0A },
  ResolutionScope = { 2, 0x00, 0x1A, 0x23, 0x01 },
  TypeOrMethodDef = { 1, 0x02, 0x06 },
  MethodDefOrRef = { 1, 0x06, 0x0A },
  MemberForwarded = { 1, 0x04, 0x06 },
  Implementation = { 2, 0x26, 0x23, 0x27 },
}

-- Columns: 2 and 4 bytes, heaps ("S" strings, "G" guids, "B" blobs), rows of a table (its number as 0x100 + n), coded indexes.
local COLUMNS = {
  [0x00] = { 2, "S", "G", "G", "G" },
  [0x01] = { "ResolutionScope", "S", "S" },
  [0x02] = { 4, "S", "S", "TypeDefOrRef", 0x104, 0x106 },
  [0x04] = { 2, "S", "B" },
  [0x06] = { 4, 2, 2, "S", "B", 0x108 },
  [0x09] = { 0x102, "TypeDefOrRef" },
  [0x0A] = { "MemberRefParent", "S", "B" },
  [0x0C] = { "HasCustomAttribute", "CustomAttributeType", "B" },
  [0x11] = { "B" },
  [0x1A] = { "S" },
  [0x1B] = { "B" },
  [0x1C] = { 2, "MemberForwarded", "S", 0x11A },
  [0x20] = { 4, 2, 2, 2, 2, 4, "B", "S", "S" },
  [0x23] = { 2, 2, 2, 2, 4, "B", "S", "S", "B" },
  [0x27] = { 4, 4, "S", "S", "Implementation" },
  [0x29] = { 0x102, 0x102 },
  [0x2A] = { 2, 2, "TypeOrMethodDef", "S" },
  [0x2B] = { "MethodDefOrRef", "B" },
}
-- II.22: tables that are sorted, by which column.
local SORTED = { [0x09] = 1, [0x0C] = 1, [0x1C] = 2, [0x29] = 1, [0x2A] = 3 }

local Builder = {}
Builder.__index = Builder

local function text(value, what)
  if type(value) ~= "string" then error(what .. " wants a text, not " .. type(value), 0) end
  return value
end

local function known(t, what, fields)
  for k in pairs(t) do
    if type(k) ~= "number" and not fields[k] then error(("%s knows no field '%s'"):format(what, tostring(k)), 0) end
  end
end

local function set(names)
  local r = {}
  for name in names:gmatch "%S+" do r[name] = true end
  return r
end

-- Adds a row of values (heap values as they are, coded indexes as tokens); returns its token.
function Builder:row(number, ...)
  local rows = self.rows[number] or {}
  self.rows[number] = rows
  rows[#rows + 1] = { ... }
  return number << 24 | #rows
end

local function version_of(v)
  local part = {}
  for n in (v or "0.0.0.0"):gmatch "%d+" do part[#part + 1] = tonumber(n) end
  return part[1] or 0, part[2] or 0, part[3] or 0, part[4] or 0
end

local ref_fields = set "name version key flags culture"

-- "mscorlib" or { name =, version =, key = hex, flags =, culture = }
function Builder:assembly_ref(r)
  if type(r) == "string" then r = { name = r } end
  known(r, "an assembly reference", ref_fields)
  local a, b, c, d = version_of(r.version)
  local token = self:row(0x23, a, b, c, d, r.flags or 0, M.bytes(r.key or ""), text(r.name, "an assembly reference"),
    r.culture or "", "")
  self.refs[r.name] = self.refs[r.name] or token
  return token
end

local function split_name(full)
  local namespace, name = full:match "^(.*)%.([^.]+)$"
  return namespace or "", name or full
end

-- "[Assembly]Name.Space.Type/Nested", the assembly referenced already; a token is itself. Existing rows are found again.
function Builder:type_ref(name)
  if type(name) == "number" then return name end
  if self.type_refs[name] then return self.type_refs[name] end
  local outer, nested = name:match "^(.*)/([^/]+)$"
  local token
  if outer then
    token = self:row(0x01, self:type_ref(outer), nested, "")
  else
    local scope, full = name:match "^%[(.-)%](.+)$"
    if not scope then error(("'%s': a type reference is written [Assembly]Namespace.Type"):format(name), 0) end
    local namespace, simple = split_name(full)
    token = self:row(0x01, scope == "" and 0x00000001 or self.refs[scope] or self:assembly_ref(scope), simple, namespace)
  end
  self.type_refs[name] = token
  return token
end

-- A type that is forwarded to another assembly: "[Assembly]Namespace.Type".
function Builder:exported(full)
  local scope, rest = full:match "^%[(.-)%](.+)$"
  local namespace, name = split_name(rest)
  self:row(0x27, 0x200000, 0, name, namespace, self.refs[scope] or self:assembly_ref(scope))
end

-- Type parameters: names, or { name =, flags = }.
function Builder:generic(owner, list)
  for i, p in ipairs(list or {}) do
    local flags = type(p) == "table" and p.flags or 0
    self:row(0x2A, i - 1, flags, owner, type(p) == "table" and p.name or p)
  end
end

-- A type by the name of a TypeDef ("N.C", "N.C+D"), a TypeRef ("[A]N.C") or a token.
function Builder:type_token(t)
  if type(t) == "number" then return t end
  if t:sub(1, 1) == "[" then return self:type_ref(t) end
  return self.type_defs[t] or error(("there is no type '%s' in this assembly"):format(t), 0)
end

function Builder:member_ref(parent, name, sig)
  local parent_token = self:type_token(parent)
  local blob = M.bytes(sig)
  for i, row in ipairs(self.rows[0x0A] or {}) do
    if row[1] == parent_token and row[2] == name and row[3] == blob then return 0x0A000000 | i end
  end
  return self:row(0x0A, parent_token, name, blob)
end

local attribute_fields = set "type sig blob"

-- { { type = "[A]N.XAttribute", sig = "20 00 01", blob = "01 00 00 00" }, … } or just names
function Builder:attributes(owner, list)
  for _, a in ipairs(list or {}) do
    if type(a) == "string" then a = { type = a } end
    known(a, "an attribute", attribute_fields)
    local ctor = self:member_ref(a.type, ".ctor", a.sig or "20 00 01")
    self:row(0x0C, owner, ctor, M.bytes(a.blob or "01 00 00 00"))
  end
end

local body_fields = set "code locals max_stack init flags clauses fat_clauses section"

local function sections(body)
  if body.section then return M.bytes(body.section) end
  local list = body.clauses or body.fat_clauses
  if not list or #list == 0 then return "" end
  local parts = { false }
  for _, c in ipairs(list) do -- { flags, try offset, try length, handler offset, handler length, token or filter }
    parts[#parts + 1] = string.pack(body.fat_clauses and "<I4I4I4I4I4I4" or "<I2I2I1I2I1I4", table.unpack(c, 1, 6))
  end
  local size = 4 + #list * (body.fat_clauses and 24 or 12)
  parts[1] = body.fat_clauses and string.pack("<I4", size << 8 | 0x41) or string.pack("<I1I1I2", 1, size, 0)
  return table.concat(parts)
end

-- II.25.4: a text of bytes is taken as it is; a table becomes a fat body (or, with `code` alone, a tiny one if it fits).
function Builder:body(b)
  if type(b) == "string" then return M.bytes(b) end
  known(b, "a body", body_fields)
  local code, extra = M.bytes(text(b.code, "'code' of a body")), sections(b)
  local plain = not (b.locals or b.max_stack or b.init ~= nil or b.flags) and extra == ""
  if plain and #code < 64 then return string.char(#code << 2 | 2) .. code end
  local locals = b.locals or 0
  if type(locals) == "string" then locals = self:row(0x11, M.bytes(locals)) end
  local flags = b.flags or (0x03 | (b.init ~= false and 0x10 or 0) | (extra ~= "" and 0x08 or 0))
  local head = string.pack("<I2I2I4I4", flags | 0x3000, b.max_stack or 8, #code, locals)
  if extra ~= "" then code = code .. ("\0"):rep(-#code % 4) .. extra end
  return head .. code
end

local method_fields = set "name sig flags impl body attributes generic pinvoke"
local type_fields = set "name flags extends implements types methods attributes generic fields"

function Builder:method(owner_path, m)
  known(m, "a method", method_fields)
  local sig = M.bytes(text(m.sig, "'sig' of a method"))
  local static = sig:byte(1) & 0x20 == 0
  local flags = m.flags or (0x0086 | (static and 0x10 or 0) | (m.name:sub(1, 1) == "." and 0x1800 or 0))
  local body = m.body and self:body(m.body)
  local token = self:row(0x06, 0, m.impl or 0, flags, text(m.name, "'name' of a method"), sig, 1)
  if body then
    self.bodies[#self.bodies + 1] = { token = token, bytes = body, row = self.rows[0x06][token & 0xFFFFFF] }
  end
  self:generic(token, m.generic)
  if m.pinvoke then
    self:row(0x1C, 0, token, m.name, self:row(0x1A, m.pinvoke) & 0xFFFFFF)
  end
  self.methods[#self.methods + 1] = { type = owner_path, name = m.name, token = token }
  self.later[#self.later + 1] = function() self:attributes(token, m.attributes) end
  return token
end

-- Types in the order of their tokens: an enclosing type in front of what is nested in it.
function Builder:add_type(t, enclosing, path)
  known(t, "a type", type_fields)
  local namespace, name = split_name(text(t.name, "'name' of a type"))
  if enclosing then namespace, name = "", t.name end
  local full = enclosing and path .. "+" .. name or t.name
  local row = { t.flags or (enclosing and 0x100002 or 0x100001), name, namespace, 0, 0, 0 }
  self.rows[0x02][#self.rows[0x02] + 1] = row
  local token = 0x02000000 | #self.rows[0x02]
  self.type_defs[full] = token
  if enclosing then self:row(0x29, token & 0xFFFFFF, enclosing & 0xFFFFFF) end
  self:generic(token, t.generic)
  self.pending[#self.pending + 1] = function()
    row[5] = #(self.rows[0x04] or {}) + 1
    row[6] = #(self.rows[0x06] or {}) + 1
    for _, f in ipairs(t.fields or {}) do self:row(0x04, f.flags or 6, f.name, M.bytes(f.sig or "06 08")) end
    for _, m in ipairs(t.methods or {}) do self:method(full, m) end
  end
  self.later[#self.later + 1] = function()
    if t.extends then row[4] = self:type_token(t.extends) end
    for _, interface in ipairs(t.implements or {}) do self:row(0x09, token & 0xFFFFFF, self:type_token(interface)) end
    self:attributes(token, t.attributes)
  end
  for _, inner in ipairs(t.types or {}) do self:add_type(inner, token, full) end
end

-- ---- writing ------------------------------------------------------------------------------------

local function heap(align)
  local h = { size = 1, parts = { "\0" }, at = {} }
  function h:add(bytes, stored)
    if bytes == "" and not stored then return 0 end
    local at = self.at[bytes]
    if not at then
      at = self.size
      stored = stored or bytes
      self.at[bytes] = at
      self.parts[#self.parts + 1] = stored
      self.size = self.size + #stored
    end
    return at
  end
  function h:close()
    self.parts[#self.parts + 1] = ("\0"):rep(-self.size % align)
    return table.concat(self.parts)
  end
  return h
end

local function utf16(s)
  local parts = {}
  for _, c in utf8.codes(s, true) do
    if c >= 0x10000 then
      c = c - 0x10000
      parts[#parts + 1] = string.pack("<I2I2", 0xD800 + (c >> 10), 0xDC00 + (c & 0x3FF))
    else
      parts[#parts + 1] = string.pack("<I2", c)
    end
  end
  return table.concat(parts)
end

-- II.24.2.4: length, units, and a byte that says whether a unit is special. The offset of the k-th string is in .user_strings.
local function user_string_heap(list)
  local h, offsets = heap(4), {}
  for i, s in ipairs(list or {}) do
    local units = utf16(s)
    offsets[i] = 0x70000000 | h:add(units, M.compressed(#units + 1) .. units .. "\0")
  end
  return h:close(), offsets
end

function Builder:coded(kind, token)
  local c = CODED[kind]
  if token == 0 then return 0 end
  for tag = 2, #c do
    if c[tag] == token >> 24 then return (token & 0xFFFFFF) << c[1] | (tag - 2) end
  end
  error(("token %08x cannot stand in a %s column"):format(token, kind), 0)
end

function Builder:count(number)
  return self.rows[number] and #self.rows[number] or 0
end

function Builder:index_size(kind)
  if type(kind) == "number" then return self:count(kind - 0x100) < 0x10000 and 2 or 4 end
  local most, c = 0, CODED[kind]
  for tag = 2, #c do most = math.max(most, c[tag] and self:count(c[tag]) or 0) end
  return most < 1 << (16 - c[1]) and 2 or 4
end

function Builder:table_stream(strings, blobs)
  local valid, sorted, counts, data = 0, 0, {}, {}
  for number, column in pairs(SORTED) do
    local kind = COLUMNS[number][column]
    local order = {}
    for i, row in ipairs(self.rows[number] or {}) do
      order[i] = { type(kind) == "string" and self:coded(kind, row[column]) or row[column], i, row }
    end
    table.sort(order, function(a, b) return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2]) end)
    for i, o in ipairs(order) do self.rows[number][i] = o[3] end
    sorted = sorted | 1 << number
  end
  -- Heap indexes first: their sizes are needed for the widths.
  local values = {}
  for number = 0, 63 do
    for i, row in ipairs(self.rows[number] or {}) do
      local v = {}
      for c, kind in ipairs(COLUMNS[number]) do
        if kind == "S" then v[c] = strings:add(row[c] == "" and "" or row[c] .. "\0")
        elseif kind == "B" then v[c] = blobs:add(row[c], row[c] ~= "" and M.compressed(#row[c]) .. row[c] or nil)
        else v[c] = row[c] end
      end
      values[number] = values[number] or {}
      values[number][i] = v
    end
  end
  local wide = { S = strings.size >= 0x10000 and 4 or 2, B = blobs.size >= 0x10000 and 4 or 2, G = 2 }
  for number = 0, 63 do
    if values[number] then
      valid = valid | 1 << number
      counts[#counts + 1] = string.pack("<I4", #values[number])
      local format = "<"
      for _, kind in ipairs(COLUMNS[number]) do
        format = format .. "I" .. (wide[kind] or (type(kind) == "number" and kind < 0x100 and kind) or self:index_size(kind))
      end
      for _, v in ipairs(values[number]) do
        for c, kind in ipairs(COLUMNS[number]) do
          if CODED[kind] then v[c] = self:coded(kind, v[c]) end
        end
        data[#data + 1] = string.pack(format, table.unpack(v))
      end
    end
  end
  local sizes = (wide.S == 4 and 1 or 0) | (wide.B == 4 and 4 or 0)
  local stream = string.pack("<I4I1I1I1I1I8I8", 0, 2, 0, sizes, 1, valid, sorted) .. table.concat(counts) .. table.concat(data)
  return stream .. ("\0"):rep(-#stream % 4)
end

function Builder:metadata()
  local strings, blobs = heap(4), heap(4)
  local tables = self:table_stream(strings, blobs)
  local users, offsets = user_string_heap(self.spec.user_strings)
  self.user_strings = offsets
  local streams = { { "#~", tables }, { "#Strings", strings:close() }, { "#US", users }, { "#GUID", ("\x11"):rep(16) },
    { "#Blob", blobs:close() } }
  local at, heads, data = 32, {}, {}
  for _, s in ipairs(streams) do at = at + 8 + (#s[1] + 4 & ~3) end
  for _, s in ipairs(streams) do
    heads[#heads + 1] = string.pack("<I4I4", at, #s[2]) .. s[1] .. ("\0"):rep((#s[1] + 4 & ~3) - #s[1])
    data[#data + 1] = s[2]
    at = at + #s[2]
  end
  return string.pack("<I4I2I2I4I4", 0x424A5342, 1, 1, 0, 12) .. "v4.0.30319\0\0" .. string.pack("<I2I2", 0, #streams)
    .. table.concat(heads) .. table.concat(data)
end

-- II.25.2: one section at RVA 0x2000; directory `index` (0-based) of the optional header is at its begin.
local function pe_file(section, content, index, size)
  local RVA = 0x2000
  content = content .. ("\0"):rep(-#content % 0x200)
  local optional = string.pack("<I2I1I1I4I4I4I4I4I4", 0x10B, 8, 0, #content, 0, 0, 0, RVA, 0)
    .. string.pack("<I4I4I4I2I2I2I2I2I2I4I4I4I4I2I2I4I4I4I4I4I4", 0x400000, 0x2000, 0x200, 4, 0, 0, 0, 4, 0, 0,
      RVA + (#content + 0x1FFF & ~0x1FFF), 0x200, 0, 3, 0x8540, 0x100000, 0x1000, 0x100000, 0x1000, 0, 16)
    .. ("\0"):rep(index * 8) .. string.pack("<I4I4", RVA, size) .. ("\0"):rep((15 - index) * 8)
  local head = "MZ" .. ("\0"):rep(0x3A) .. string.pack("<I4", 0x80) .. ("\0"):rep(0x40) .. "PE\0\0"
    .. string.pack("<I2I2I4I4I4I2I2", 0x14C, 1, 0, 0, 0, #optional, 0x2022) .. optional
    .. string.pack("<c8I4I4I4I4I4I4I2I2I4", section, #content, RVA, #content, 0x200, 0, 0, 0, 0, 0x60000020)
  return head .. ("\0"):rep(0x200 - #head) .. content
end

-- II.25.3: CLI header, bodies, metadata.
function Builder:pe()
  local RVA, CLI = 0x2000, 72
  local parts, size = {}, CLI
  for _, b in ipairs(self.bodies) do
    local pad = -size % 4
    parts[#parts + 1] = ("\0"):rep(pad) .. b.bytes
    b.row[1] = RVA + size + pad
    size = size + pad + #b.bytes
  end
  parts[#parts + 1] = ("\0"):rep(-size % 4)
  size = size + -size % 4
  local metadata = self:metadata()
  local cli = string.pack("<I4I2I2I4I4I4I4", 72, 2, 5, RVA + size, #metadata, 1, 0) .. ("\0"):rep(40)
    .. string.pack("<I4I4", self.spec.precompiled and RVA or 0, 0) -- ManagedNativeHeader: that there is one is all that is looked at
  return pe_file(".text", cli .. table.concat(parts) .. metadata, 14, CLI)
end

-- A block of a version resource: length, length of the value, kind, name, value, what is inside.
local function block(key, value, units, children)
  local name = utf16(key .. "\0")
  local head = name .. ("\0"):rep(-(6 + #name) % 4) .. value
  for _, child in ipairs(children or {}) do head = head .. ("\0"):rep(-(6 + #head) % 4) .. child end
  return string.pack("<I2I2I2", 6 + #head, units and #value // 2 or #value, units and 1 or 0) .. head
end

-- A DLL that is nothing but a version resource: what the profiler looks at in NewRelic.Agent.Core.dll on Windows. product nil:
-- without a product name.
function M.versioned_dll(product, version)
  local a, b, c, d = version_of(version)
  local high, low = a << 16 | b, c << 16 | d
  local fixed = string.pack("<I4I4I4I4I4I4I4I4I4I4I4I4I4", 0xFEEF04BD, 0x10000, high, low, high, low, 0x3F, 0, 4, 2, 0, 0, 0)
  local strings = { product and block("ProductName", utf16(product .. "\0"), true) }
  local info = block("VS_VERSION_INFO", fixed, false, {
    block("StringFileInfo", "", true, { block("040904B0", "", true, strings) }),
    block("VarFileInfo", "", true, { block("Translation", string.pack("<I2I2", 0x409, 0x4B0), false) }) })
  -- Three directories of one entry each: type 16 (version), name 1, language; then where the data is.
  local function directory(id, offset) return string.pack("<I4I4I2I2I2I2I4I4", 0, 0, 0, 0, 0, 1, id, offset) end
  local resources = directory(16, 0x80000018) .. directory(1, 0x80000030) .. directory(0x409, 0x48)
    .. string.pack("<I4I4I4I4", 0x2058, #info, 0, 0) .. info
  return pe_file(".rsrc", resources, 2, #resources)
end

local assembly_fields = set [[name precompiled version flags key culture module refs type_refs types methods member_refs type_specs sigs
  user_strings attributes no_manifest path exported]]

-- Returns { bytes =, name =, path =, bodies = { { token, bytes } }, methods = { { type, name, token } }, user_strings = tokens,
-- token = function(type, method?, nth?) }.
function M.assembly(spec)
  known(spec, "an assembly", assembly_fields)
  local b = setmetatable({ spec = spec, rows = { [0x02] = {} }, refs = {}, type_refs = {}, type_defs = {}, bodies = {},
    methods = {}, pending = {}, later = {} }, Builder)
  local name = text(spec.name, "'name' of an assembly")
  b:row(0x00, 0, spec.module or name .. ".dll", 1, 0, 0)
  if not spec.no_manifest then
    local a, c, d, e = version_of(spec.version or "1.0.0.0")
    b:row(0x20, 0x8004, a, c, d, e, spec.flags or 0, M.bytes(spec.key or ""), name, spec.culture or "")
  end
  for _, r in ipairs(spec.refs or { "System.Runtime" }) do b:assembly_ref(r) end
  for _, r in ipairs(spec.type_refs or {}) do b:type_ref(r) end
  for _, blob in ipairs(spec.type_specs or {}) do b:row(0x1B, M.bytes(blob)) end
  for _, blob in ipairs(spec.sigs or {}) do b:row(0x11, M.bytes(blob)) end
  b.rows[0x02][1] = { 0, "<Module>", "", 0, 1, 1 }
  b.pending[1] = function() for _, m in ipairs(spec.methods or {}) do b:method("<Module>", m) end end
  b.type_defs["<Module>"] = 0x02000001
  for _, t in ipairs(spec.types or {}) do b:add_type(t) end
  for _, f in ipairs(b.pending) do f() end
  for _, m in ipairs(spec.member_refs or {}) do b:row(0x0A, b:type_token(m.parent or m[1]), m.name or m[2], M.bytes(m.sig or m[3])) end
  for _, f in ipairs(b.later) do f() end
  for _, e in ipairs(spec.exported or {}) do b:exported(e) end
  if not spec.no_manifest then b:attributes(0x20000001, spec.attributes) end
  local image = { name = name, path = spec.path, bytes = b:pe(), bodies = b.bodies, methods = b.methods,
    user_strings = b.user_strings }
  function image.token(type_name, method, nth)
    if not method then return b.type_defs[type_name] end
    nth = nth or 1
    for _, m in ipairs(b.methods) do
      if m.type == type_name and m.name == method then
        nth = nth - 1
        if nth == 0 then return m.token end
      end
    end
  end
  return image
end

return M
