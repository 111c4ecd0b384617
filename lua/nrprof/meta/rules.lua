---@meta
-- Annotations for the Lua language server: the verbs of rule files (docs/rules.md). For editors only; nothing loads this file.

---A list that can be gone through and asked: `m.attributes["Contoso.TracedAttribute"]`.
---@alias nrprof.Names { [integer]: string, [string]: boolean }

---What a rule's functions may ask about a method. Nothing is found out before it is asked for.
---@class (exact) nrprof.Method
---@field assembly string simple name
---@field version string of the assembly, "1.2.3.4"
---@field class string full name, Namespace.Outer+Inner
---@field namespace string
---@field method string
---@field parameters string as in a rule: "System.Int32,System.String"
---@field return_type string "void", "System.Int32", …
---@field argument_count integer without the object itself
---@field generic_count integer type parameters of the method
---@field il_size integer? bytes of its code
---@field is_static boolean
---@field returns boolean not void
---@field is_async boolean
---@field is_iterator boolean
---@field is_constructor boolean
---@field is_public boolean
---@field is_private boolean
---@field is_virtual boolean
---@field is_final boolean
---@field attributes nrprof.Names full names of the types of its attributes
---@field class_attributes nrprof.Names
---@field class_is_public boolean
---@field class_is_sealed boolean
---@field base string? full name of the base class
---@field bases nrprof.Names all base classes, the nearest first
---@field interfaces nrprof.Names

---@class (exact) nrprof.Tracer
---@field id? string name for NEW_RELIC_RULES_DISABLED
---@field name? string tracer factory or wrapper of the managed agent
---@field metric_name? string | fun(m: nrprof.Method): string?
---@field metric? "scoped" | "unscoped" | "both" | "none"
---@field level? integer 0 to 7
---@field suppress_recursive_calls? boolean
---@field transaction_trace_segment? boolean
---@field transaction_naming_priority? integer 0 to 7
---@field template? string
---@field enabled? boolean

---Patterns of methods as list members, of classes and assemblies by name.
---@class (exact) nrprof.Except
---@field class? string | string[]
---@field assembly? string | string[]
---@field [integer] string

---@class (exact) nrprof.Match
---@field assembly string simple name, `*` is a wildcard
---@field class? string full name, `*` is a wildcard
---@field min? string assembly version, inclusive
---@field max? string assembly version, exclusive
---@field except? string | nrprof.Except
---@field attribute? string full name of an attribute of the method
---@field class_attribute? string full name of an attribute of the class
---@field extends? string full name of a base class
---@field implements? string full name of an interface
---@field where? fun(m: nrprof.Method): boolean?
---@field template? string
---@field enabled? boolean
---@field id? string name for NEW_RELIC_RULES_DISABLED
---@field [integer] string methods: "Name", "Name(Type,Type)", "Name()"

---Says what is reported for the methods of the `match`es that follow, up to the next `tracer`.
---@param t nrprof.Tracer
function tracer(t) end

---Methods that are instrumented, as the last `tracer` says.
---@param t nrprof.Match
function match(t) end

---Leaves out the points of an assembly, or of one class of it, whichever file they stand in.
---@param t { assembly: string, class?: string }
function ignore(t) end

---Processes that are not instrumented, by file name.
---@param t { deny: string[] }
function process(t) end

---Named switches (docs/compat.md).
---@param t table<string, boolean>
function compat(t) end
