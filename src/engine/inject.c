#include "engine/inject.h"

#include "base/log.h"
#include "meta/tokens.h"

enum {
    METHOD_ATTRIBUTES = 0x0096, /* public static hidebysig */
    METHOD_IMPL_FLAGS = 0x0008, /* IL, no inlining */
    SECURITY_ASSERT = 3         /* CorDeclSecurity */
};

static const char target_name[] = "System.CannotUnloadAppDomainException";
static const uint8_t constructor_sig[] = {0x20, 0x00, 0x01}; /* instance void () */

/* A permission set (ECMA-335 II.22.11) as the reference writes it (5.3): the 12 01 behind the name is not what the
 * standard says, and it stays. */
static const uint8_t permissions[] =
    "\x2E\x01\x80\x84"
    "System.Security.Permissions.SecurityPermissionAttribute, mscorlib, Version=2.0.0.0, Culture=neutral, "
    "PublicKeyToken=b77a5c561934e089"
    "\x12\x01\x54\x02\x0D"
    "UnmanagedCode"
    "\x01";
enum { PERMISSIONS_SIZE = sizeof permissions - 1 };
_Static_assert(PERMISSIONS_SIZE == 155, "module-injection.md 5.3");

typedef struct nr_injection {
    nr_engine *e;
    nr_arena arena;
    nr_scope scope;
    nr_str path;
    bool is_mscorlib, is_netstandard;
    uint32_t mscorlib_ref; /* 0: none */
    nr_tokens tokens;
} nr_injection;

/* The last reference whose name ends so is remembered; types of signatures take the first (4.4). */
static bool note_mscorlib(void *self, uint32_t token, nr_str name, const uint8_t *sig, size_t size)
{
    nr_injection *k = self;
    (void)sig;
    (void)size;
    if (nr_str_ends(name, NR_STR("mscorlib"))) k->mscorlib_ref = token;
    return true;
}

static int32_t constructor_of(nr_injection *k, uint32_t type_def, uint32_t *method)
{
    return k->scope.ops->find_method(&k->scope, type_def, ".ctor", constructor_sig, sizeof constructor_sig, method);
}

static int32_t attribute_constructor(nr_injection *k, const char *type, uint32_t *method)
{
    uint32_t type_def = 0;
    int32_t hr = k->scope.ops->find_type(&k->scope, &k->arena, nr_str_of(type), &type_def);
    return hr < 0 ? hr : constructor_of(k, type_def, method);
}

/* 5.2: a method on the exception, with the body of its constructor for the time being. */
static int32_t add_definition(nr_injection *k, nr_str name, const nr_buf *sig)
{
    static const uint8_t no_arguments[] = {1, 0, 0, 0};
    const nr_scope_ops *ops = k->scope.ops;
    nr_scope *s = &k->scope;
    uint32_t type = 0, constructor = 0, rva = 0, safe_critical = 0, suppress = 0, method = 0;
    int32_t hr = ops->find_type(s, &k->arena, nr_str_of(target_name), &type);
    if (hr >= 0) hr = constructor_of(k, type, &constructor);
    if (hr >= 0) hr = ops->method_rva(s, constructor, &rva);
    if (hr >= 0) hr = attribute_constructor(k, "System.Security.SecuritySafeCriticalAttribute", &safe_critical);
    if (hr >= 0) hr = attribute_constructor(k, "System.Security.SuppressUnmanagedCodeSecurityAttribute", &suppress);
    if (hr >= 0)
        hr = ops->define_method(s, &k->arena, type, name, METHOD_ATTRIBUTES, sig->data, sig->size, rva,
                                METHOD_IMPL_FLAGS, &method);
    if (hr >= 0) hr = ops->define_attribute(s, method, safe_critical, no_arguments, sizeof no_arguments);
    if (hr >= 0) hr = ops->define_attribute(s, method, suppress, no_arguments, sizeof no_arguments);
    if (hr >= 0) hr = ops->define_permissions(s, method, SECURITY_ASSERT, permissions, PERMISSIONS_SIZE);
    return hr;
}

/* 4: the bracketed text is taken as the name of the type, as the reference does (Q49). Such a type does not
 * exist and the reference is of no use, but its rows are there before any other that is added later. */
static int32_t add_reference(nr_injection *k, nr_str name, const nr_buf *sig)
{
    const nr_meta *meta = &k->scope.meta;
    uint32_t type = 0, member = 0;
    nr_str bracketed = nr_arena_printf(&k->arena, "[mscorlib]%s", target_name);
    if (!bracketed.p) return NR_HR_NO_MEMORY;
    int32_t hr = meta->ops->define_type_ref(meta->self, k->mscorlib_ref, bracketed, &type);
    if (hr >= 0) hr = meta->ops->define_member_ref(meta->self, type, name, sig->data, sig->size, &member);
    return hr;
}

/* True: there is a reference, or there need not be one (3.2, 3.3). netstandard.dll without one is left alone: the
 * reference goes on with an undefined token there (quirks.md C9). */
static bool ensure_mscorlib_ref(nr_injection *k)
{
    if (k->mscorlib_ref) return true;
    if (k->is_netstandard) return false;
    NR_LOG(NR_DEBUG, "Attempting to Inject reference to mscorlib into netstandard Module  %.*s", NR_STR_ARG(k->path));
    int32_t hr = k->scope.ops->define_mscorlib_ref(&k->scope, &k->mscorlib_ref);
    if (hr == NR_HR_OK) {
        NR_LOG(NR_DEBUG, "Attempting to Inject reference to mscorlib into netstandard Module  %.*s - Success: %u",
               NR_STR_ARG(k->path), k->mscorlib_ref);
        return true;
    }
    NR_LOG(NR_DEBUG, "Attempting to Inject reference to mscorlib into netstandard Module  %.*s - FAIL: %d",
           NR_STR_ARG(k->path), (int)hr);
    return false;
}

/* A row that fails does not stop the others (4.3, 5.2). */
static int32_t add_all(nr_injection *k, const nr_generation *g)
{
    nr_added_method method;
    nr_buf sig = NR_BUF_INIT;
    int32_t hr = NR_HR_OK;
    for (size_t i = 0; hr == NR_HR_OK && nr_script_added_method(g->script, i, &method); i++) {
        const nr_text *text = k->is_mscorlib ? method.inside : method.outside;
        sig.size = 0;
        nr_meta_error e = nr_tokens_signature(&k->tokens, text, &sig);
        int32_t row =
            e == NR_META_OK ? (k->is_mscorlib ? add_definition : add_reference)(k, method.name, &sig) : k->tokens.hr;
        if (e != NR_META_OK && e != NR_META_CALL_FAILED) hr = NR_HR_FAIL;
        if (e == NR_META_OK && row >= 0) continue;
        if (k->is_mscorlib)
            NR_LOG(NR_ERROR, "Failed to tokenize method signature: %.*s. Proceeding to next method.",
                   NR_STR_ARG(nr_text_source(text)));
        else
            NR_LOG(NR_TRACE,
                   "Failed to tokenize method signature: %.*s. Skipping injection of other method references for this "
                   "module.",
                   NR_STR_ARG(nr_text_source(text)));
    }
    if (hr < 0) NR_LOG(NR_ERROR, "An exception was thrown while attempting to inject into a module.");
    nr_buf_free(&sig);
    return hr;
}

static int32_t inject(nr_injection *k, const nr_generation *g)
{
    k->is_mscorlib = nr_str_ends(k->path, NR_STR("mscorlib.dll"));
    k->is_netstandard = nr_str_ends(k->path, NR_STR("netstandard.dll"));
    k->scope.meta.ops->each_assembly_ref(k->scope.meta.self, note_mscorlib, k);
    if (!k->is_mscorlib && !ensure_mscorlib_ref(k)) {
        NR_LOG(NR_INFO, "Unable to inject reference to mscorlib into %.*s.  This module will not be instrumented.",
               NR_STR_ARG(k->path));
        return NR_HR_OK;
    }
    NR_LOG(NR_DEBUG, "Injecting %shelper methods into %.*s", k->is_mscorlib ? "" : "references to ",
           NR_STR_ARG(k->path));
    k->tokens.meta = k->scope.meta;
    k->tokens.tokenizer = NR_TOKENIZER_BASE;
    k->tokens.scratch = &k->arena;
    return add_all(k, g);
}

int32_t nr_inject_into_module(nr_engine *e, const nr_generation *g, uintptr_t module)
{
    nr_injection k;
    memset(&k, 0, sizeof k);
    k.e = e;
    NR_LOG(NR_TRACE, "Module Injection Started. %llu", (unsigned long long)module);
    int32_t hr = e->runtime.ops->module_path(e->runtime.self, &k.arena, module, &k.path);
    if (hr >= 0) hr = e->runtime.ops->open_module_to_write(e->runtime.self, module, &k.scope);
    if (hr == NR_HR_OK) {
        if (k.path.n == 0 && k.scope.ops->scope_name(&k.scope, &k.arena, &k.path) < 0) k.path = NR_STR("");
        hr = inject(&k, g);
        k.scope.ops->close(&k.scope);
        NR_LOG(NR_TRACE, "Module Injection Finished. %llu : %.*s", (unsigned long long)module, NR_STR_ARG(k.path));
    } else {
        if (hr == NR_HR_FALSE)
            NR_LOG(NR_WARN, "Failed to get metadata from the module, it is likely a resource module.  ModuleName: %.*s",
                   NR_STR_ARG(k.path));
        hr = NR_HR_OK;
    }
    nr_arena_free(&k.arena);
    return hr;
}
