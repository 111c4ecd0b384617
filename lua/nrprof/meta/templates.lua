---@meta
-- Annotations for the Lua language server: templates (docs/templates.md). For editors only; nothing loads this file. The mnemonics of
-- ECMA-335 with `_` for `.` are verbs as well; the ones that are used most are here.

---@class nrprof.Label

---What a body may branch on.
---@class (exact) nrprof.Shape
---@field is_static boolean
---@field returns boolean not void
---@field cached boolean look methods of the agent up through the helper in mscorlib

---@class (exact) nrprof.Template
---@field name string
---@field about? string
---@field reference? string
---@field locals? string[][] { { "name", "type" }, … }; the type "$return" is the method's result
---@field max_stack? { at_least?: integer, over_arguments?: integer, exactly?: integer }
---@field rets? "all" | "last" | "none"
---@field tiny? boolean
---@field method? string
---@field body fun(m: nrprof.Shape)

---@param t nrprof.Template
function template(t) end

---The built-in libraries, `nrprof.shim` for one.
---@param name string
---@return table
function require(name) end

---The method's own code, once.
function original() end
---@return nrprof.Label
function label() end
---@param l nrprof.Label
function place(l) end
---Both parts end with a `leave` behind the region.
---@param body fun()
---@param type string "[assembly]Type" of what is caught
---@param handler fun() begins with the exception on the stack
function try_catch(body, type, handler) end
---Repeats what `body` writes for each argument.
---@param body fun()
function each_argument(body) end
---Inside each_argument: the argument as object, or null where it cannot be boxed.
function ldarg_boxed() end
---Inside each_argument: `ldtoken "$argument_type"` is the argument's type.
---@param body fun()
function with_argument_type(body) end
---The result as object.
---@param name string a local of type "$return"
function ldloc_boxed(name) end
---As ldstr, without leading spaces.
---@param text string
function ldstr_trimmed(text) end

---@param text string a text, "$hole", or "… ${hole} …"
function ldstr(text) end
---@param name string | integer a local of the template
function ldloc(name) end
---@param name string | integer a local of the template
function stloc(name) end
---@param method string "[instance] type [assembly]Type::Name(types)"
function call(method) end
---@param method string
function callvirt(method) end
---@param constructor string "instance void [assembly]Type::.ctor(types)"
function newobj(constructor) end
---@param type string "class [assembly]Name"
function castclass(type) end
---@param type string "class [assembly]Name"
function isinst(type) end
---@param type string "[assembly]Name"
function box(type) end
---@param type string "[assembly]Name"
function unbox_any(type) end
---@param type string "[assembly]Name" of the elements
function newarr(type) end
---@param type string "class [assembly]Name", "$type_def", "$argument_type"
function ldtoken(type) end
---@param field string "type [assembly]Type::Name"
function ldsfld(field) end
---@param field string
function stsfld(field) end
---@param field string
function ldfld(field) end
---@param field string
function stfld(field) end
---@param value integer | string five bytes; or "$flags", "$argument_count", "$argument_index"
function ldc_i4(value) end
---@param value integer two bytes
function ldc_i4_s(value) end
---@param value integer | string nine bytes; or "$function_id"
function ldc_i8(value) end
---@param number integer
function ldarg_s(number) end
---@param l nrprof.Label
function br(l) end
---@param l nrprof.Label
function brtrue(l) end
---@param l nrprof.Label
function brfalse(l) end
---@param l nrprof.Label
function leave(l) end
function ldnull() end
function dup() end
function pop() end
function ret() end
function throw() end
function rethrow() end
function ldarg_0() end
function add() end
function sub() end
function mul() end
function div() end
function conv_i8() end
function conv_r8() end
function stelem_ref() end
