/* runtime.h - the CLR as the engine sees it: two tables of functions.
 *
 * src/clr puts ICorProfilerInfo and the metadata interfaces behind them. Text is UTF-8 in the caller's
 * arena; results are the CLR's HRESULTs. */
#ifndef NR_ENGINE_RUNTIME_H
#define NR_ENGINE_RUNTIME_H

#include "base/arena.h"
#include "base/str.h"
#include "meta/meta.h"
#include "rules/version.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* HRESULTs that the engine distinguishes. */
enum {
    NR_HR_OK = 0,
    NR_HR_FALSE = 1,
    NR_HR_FAIL = (int32_t)0x80004005,
    NR_HR_NO_MEMORY = (int32_t)0x8007000E,
    NR_HR_NOT_IL = (int32_t)0x80131354, /* CORPROF_E_FUNCTION_NOT_IL */
    NR_HR_PARAMETERIZED = (int32_t)0x8013135D
};

/* CorTypeAttr and CorMethodAttr bits that matter. */
enum {
    NR_TYPE_NESTED = 0x06, /* any nested visibility has one of these bits, as the reference tests */
    NR_TYPE_LAYOUT_MASK = 0x18,
    NR_TYPE_SEQUENTIAL = 0x08,
    NR_TYPE_VISIBILITY_MASK = 0x07,
    NR_TYPE_PUBLIC = 0x01,
    NR_TYPE_NESTED_PUBLIC = 0x02,
    NR_TYPE_SEALED = 0x100,
    NR_METHOD_ACCESS_MASK = 0x0007,
    NR_METHOD_PRIVATE = 0x0001,
    NR_METHOD_PUBLIC = 0x0006,
    NR_METHOD_UNMANAGED_EXPORT = 0x0008,
    NR_METHOD_FINAL = 0x0020,
    NR_METHOD_VIRTUAL = 0x0040,
    NR_METHOD_ABSTRACT = 0x0400,
    NR_METHOD_SPECIAL_NAME = 0x0800,
    NR_METHOD_PINVOKE = 0x2000
};

typedef struct nr_method_props {
    uint32_t type_def, attributes;
    nr_str name;
    const uint8_t *sig;
    uint32_t sig_size;
} nr_method_props;

/* One module's metadata, open for one job. */
typedef struct nr_scope {
    const struct nr_scope_ops *ops;
    nr_meta meta; /* token requests; its writing half works after open_emit only */
    void *import, *assembly_import, *emit, *assembly_emit;
    void *runtime;
    uintptr_t function, module; /* what it was opened for; 0: not that */
} nr_scope;

typedef bool (*nr_token_visitor)(void *self, uint32_t token);
typedef bool (*nr_name_visitor)(void *self, nr_str name);

typedef struct nr_scope_ops {
    int32_t (*method_props)(nr_scope *s, nr_arena *arena, uint32_t method, nr_method_props *props);
    int32_t (*type_props)(nr_scope *s, nr_arena *arena, uint32_t type_def, nr_str *name, uint32_t *attributes);
    int32_t (*enclosing_type)(nr_scope *s, uint32_t type_def, uint32_t *outer);
    int32_t (*find_type)(nr_scope *s, nr_arena *arena, nr_str name, uint32_t *type_def);
    /* Calls `visit` for each until it returns false. False: the CLR ended the enumeration with a failure. */
    bool (*each_type_def)(nr_scope *s, nr_token_visitor visit, void *self);
    bool (*each_method)(nr_scope *s, uint32_t type_def, nr_token_visitor visit, void *self);
    /* Batches of 5; `batch` hears the size of each. False: no memory. */
    bool (*each_method_named)(nr_scope *s, nr_arena *arena, uint32_t type_def, nr_str name, nr_token_visitor visit,
                              void (*batch)(void *self, uint32_t count), void *self);
    /* S_OK only when the method carries an attribute of that type. */
    int32_t (*custom_attribute)(nr_scope *s, uint32_t method, const char *type, const uint8_t **value, uint32_t *size);
    /* Does the module refer to, or define, a type of that name? */
    bool (*knows_type)(nr_scope *s, const char *const *names);
    /* Calls `visit` for the owner of each attribute of the module that is of one of these types, or of one that cannot be
     * named. False: the CLR could not tell them all. */
    bool (*each_carrier)(nr_scope *s, const char *const *types, nr_token_visitor visit, void *self);
    /* For wide rules (wide_rows.h). */
    bool (*has_attribute)(nr_scope *s, nr_arena *arena, uint32_t owner, nr_str type);
    /* The full names of the attribute types of a method or type. */
    void (*each_attribute)(nr_scope *s, nr_arena *arena, uint32_t owner, nr_name_visitor visit, void *self);
    /* TypeDef, TypeRef or TypeSpec of each interface that the type itself names. */
    void (*each_interface)(nr_scope *s, uint32_t type_def, nr_token_visitor visit, void *self);
    bool (*is_valid_token)(nr_scope *s, uint32_t token);
    int32_t (*sig_from_token)(nr_scope *s, uint32_t token, const uint8_t **sig, uint32_t *size);
    int32_t (*assembly_version)(nr_scope *s, nr_version *version);
    /* For the verifier and for wide rules: what tokens of this module stand for. */
    int32_t (*type_base)(nr_scope *s, uint32_t type_def, uint32_t *base);
    int32_t (*type_ref)(nr_scope *s, nr_arena *arena, uint32_t type_ref, uint32_t *resolution_scope, nr_str *name);
    int32_t (*assembly_ref)(nr_scope *s, nr_arena *arena, uint32_t assembly_ref, nr_str *name);
    int32_t (*find_nested)(nr_scope *s, nr_arena *arena, nr_str name, uint32_t outer, uint32_t *type_def);
    /* The implementation of an exported type: an AssemblyRef when it is forwarded. */
    int32_t (*exported_type)(nr_scope *s, nr_arena *arena, nr_str name, uint32_t *implementation);
    int32_t (*type_spec)(nr_scope *s, uint32_t type_spec, const uint8_t **sig, uint32_t *size);
    /* GenericParamAttributes of the n-th type parameter of a type or method. */
    int32_t (*generic_param)(nr_scope *s, uint32_t owner, uint32_t number, uint32_t *flags);
    /* Of a MethodDef or MemberRef, or of the method behind a MethodSpec. */
    int32_t (*method_sig)(nr_scope *s, uint32_t method, const uint8_t **sig, uint32_t *size);
    /* For what is added to mscorlib (module-injection.md section 5). */
    int32_t (*scope_name)(nr_scope *s, nr_arena *arena, nr_str *name);
    int32_t (*find_method)(nr_scope *s, uint32_t type_def, const char *name, const uint8_t *sig, uint32_t size,
                           uint32_t *method);
    int32_t (*method_rva)(nr_scope *s, uint32_t method, uint32_t *rva);
    int32_t (*define_method)(nr_scope *s, nr_arena *arena, uint32_t type_def, nr_str name, uint32_t attributes,
                             const uint8_t *sig, size_t size, uint32_t rva, uint32_t impl_flags, uint32_t *method);
    int32_t (*define_attribute)(nr_scope *s, uint32_t owner, uint32_t constructor, const uint8_t *value, uint32_t size);
    int32_t (*define_permissions)(nr_scope *s, uint32_t owner, uint32_t action, const uint8_t *blob, uint32_t size);
    /* mscorlib 4.0.0.0, public key token b77a5c561934e089. */
    int32_t (*define_mscorlib_ref)(nr_scope *s, uint32_t *assembly_ref);
    /* Opens the writing half. */
    int32_t (*open_emit)(nr_scope *s);
    void (*close)(nr_scope *s);
} nr_scope_ops;

/* COR_PRF_MODULE_FLAGS; precompiled: COR_PRF_MODULE_NGEN, of ReadyToRun images as well. */
enum { NR_MODULE_PRECOMPILED = 0x2, NR_MODULE_DYNAMIC = 0x4, NR_MODULE_COLLECTIBLE = 0x8 };

typedef struct nr_runtime_ops {
    int32_t (*function_info)(void *rt, uintptr_t function, uintptr_t *class_id, uintptr_t *module, uint32_t *token);
    int32_t (*function_from_token)(void *rt, uintptr_t module, uint32_t token, uintptr_t *function);
    int32_t (*module_path)(void *rt, nr_arena *arena, uintptr_t module, nr_str *path);
    int32_t (*module_assembly)(void *rt, uintptr_t module, uintptr_t *assembly);
    uint32_t (*module_flags)(void *rt, uintptr_t module); /* 0 when the CLR does not tell */
    int32_t (*assembly_info)(void *rt, nr_arena *arena, uintptr_t assembly, nr_str *name, uintptr_t *app_domain);
    int32_t (*app_domain_name)(void *rt, nr_arena *arena, uintptr_t app_domain, nr_str *name);
    int32_t (*il_body)(void *rt, uintptr_t module, uint32_t method, const uint8_t **body, uint32_t *size);
    /* Gives the body to the CLR: through `control` (an ICorProfilerFunctionControl) when there is one, which copies it, else
     * with SetILFunctionBody, in memory of the CLR's allocator, which keeps it. */
    int32_t (*set_il_body)(void *rt, uintptr_t module, uint32_t method, void *control, const uint8_t *body, size_t size);
    int32_t (*request_rejit)(void *rt, uint32_t count, uintptr_t *modules, uint32_t *methods);
    int32_t (*request_revert)(void *rt, uint32_t count, uintptr_t *modules, uint32_t *methods);
    /* Calls `visit` for every loaded module. */
    int32_t (*each_module)(void *rt, void (*visit)(void *self, uintptr_t module), void *self);
    /* Calls `visit` for every method into whose precompiled code, in the image of module `in`, that method was inlined.
     * S_FALSE: there are more. A failure: the image has no list of them. Of a method whose type is not loaded recent versions of .NET know none. */
    int32_t (*each_inliner)(void *rt, uintptr_t in, uintptr_t module, uint32_t method,
                            bool (*visit)(void *self, uintptr_t module, uint32_t method), void *self);
    /* Calls `visit` with the rows of MethodDef for every method of the module that the compiler of its precompiled code inlined into
     * another one of the same module, types that are not loaded included. A failure: its image has no list that can be read. */
    int32_t (*each_inlining)(void *rt, uintptr_t module, bool (*visit)(void *self, uint32_t inlinee, uint32_t inliner),
                             void *self);
    int32_t (*open_function)(void *rt, uintptr_t function, nr_scope *scope);
    int32_t (*open_module)(void *rt, uintptr_t module, nr_scope *scope);
    /* To read what the module held when it was loaded; what has been defined since is missing. It leaves the CLR's own reading
     * of the module as fast as it was, which the two others do not. A failure: not of this module or runtime. */
    int32_t (*open_image)(void *rt, uintptr_t module, nr_scope *scope);
    /* With its writing half. S_FALSE: the module has no metadata to write (a resource module). */
    int32_t (*open_module_to_write)(void *rt, uintptr_t module, nr_scope *scope);
} nr_runtime_ops;

typedef struct nr_runtime {
    const nr_runtime_ops *ops;
    void *self;
    bool core; /* .NET Core, by GetRuntimeInformation */
} nr_runtime;

/* For questions that the image answers: from there, or, where it cannot be read, from the CLR, through `function` unless that
 * is 0. The module must not be unloaded before the scope is closed. */
static inline int32_t nr_runtime_read(const nr_runtime *rt, uintptr_t module, uintptr_t function, nr_scope *scope)
{
    int32_t hr = rt->ops->open_image(rt->self, module, scope);
    if (hr >= 0) return hr;
    return function ? rt->ops->open_function(rt->self, function, scope) : rt->ops->open_module(rt->self, module, scope);
}

#endif
