#include "clr/runtime.h"

#include "base/log.h"
#include "base/utf.h"
#include "clr/inlinings.h"
#include "clr/scope.h"

enum { NAME_UNITS = 512 };

static nr_ICorProfilerInfo4 *info_of(const void *rt)
{
    return ((const nr_clr *)rt)->info;
}

static int32_t function_info(void *rt, uintptr_t function, uintptr_t *class_id, uintptr_t *module, uint32_t *token)
{
    nr_ICorProfilerInfo4 *info = info_of(rt);
    return NR_CALL(info, GetFunctionInfo, function, class_id, module, token);
}

static int32_t function_from_token(void *rt, uintptr_t module, uint32_t token, uintptr_t *function)
{
    nr_ICorProfilerInfo4 *info = info_of(rt);
    return NR_CALL(info, GetFunctionFromToken, module, token, function);
}

/* The name into a buffer that suits nearly all; a longer one is asked for again. */
static int32_t module_path(void *rt, nr_arena *arena, uintptr_t module, nr_str *path)
{
    nr_ICorProfilerInfo4 *info = info_of(rt);
    uint16_t small[NAME_UNITS], *units = small;
    uint32_t length = 0;
    const uint8_t *base;
    uintptr_t assembly;
    int32_t hr = NR_CALL(info, GetModuleInfo, module, &base, NAME_UNITS, &length, small, &assembly);
    if (hr >= 0 && length > NAME_UNITS) {
        units = nr_arena_alloc(arena, length * sizeof *units);
        if (!units) return NR_HR_NO_MEMORY;
        hr = NR_CALL(info, GetModuleInfo, module, &base, length, &length, units, &assembly);
    }
    if (hr < 0) return hr;
    *path = nr_utf8_from_utf16(arena, units, length ? length - 1 : 0);
    return path->p ? hr : NR_HR_NO_MEMORY;
}

static int32_t module_assembly(void *rt, uintptr_t module, uintptr_t *assembly)
{
    nr_ICorProfilerInfo4 *info = info_of(rt);
    return NR_CALL(info, GetModuleInfo, module, NULL, 0, NULL, NULL, assembly);
}

static uint32_t module_flags(void *rt, uintptr_t module)
{
    nr_ICorProfilerInfo4 *info = info_of(rt);
    uint32_t flags = 0, length = 0;
    uintptr_t assembly = 0;
    const uint8_t *base = NULL;
    if (NR_CALL(info, GetModuleInfo2, module, &base, 0, &length, NULL, &assembly, &flags) < 0) return 0;
    return flags;
}

static int32_t assembly_info(void *rt, nr_arena *arena, uintptr_t assembly, nr_str *name, uintptr_t *app_domain)
{
    nr_ICorProfilerInfo4 *info = info_of(rt);
    uint16_t small[NAME_UNITS], *units = small;
    uint32_t length = 0;
    uintptr_t module;
    int32_t hr = NR_CALL(info, GetAssemblyInfo, assembly, NAME_UNITS, &length, small, app_domain, &module);
    if (hr >= 0 && length > NAME_UNITS) {
        units = nr_arena_alloc(arena, length * sizeof *units);
        if (!units) return NR_HR_NO_MEMORY;
        hr = NR_CALL(info, GetAssemblyInfo, assembly, length, &length, units, app_domain, &module);
    }
    if (hr < 0) return hr;
    *name = nr_utf8_from_utf16(arena, units, length ? length - 1 : 0);
    return name->p ? hr : NR_HR_NO_MEMORY;
}

static int32_t app_domain_name(void *rt, nr_arena *arena, uintptr_t app_domain, nr_str *name)
{
    nr_ICorProfilerInfo4 *info = info_of(rt);
    uint16_t small[NAME_UNITS], *units = small;
    uint32_t length = 0;
    uintptr_t process;
    int32_t hr = NR_CALL(info, GetAppDomainInfo, app_domain, NAME_UNITS, &length, small, &process);
    if (hr >= 0 && length > NAME_UNITS) {
        units = nr_arena_alloc(arena, length * sizeof *units);
        if (!units) return NR_HR_NO_MEMORY;
        hr = NR_CALL(info, GetAppDomainInfo, app_domain, length, &length, units, &process);
    }
    if (hr < 0) return hr;
    *name = nr_utf8_from_utf16(arena, units, length ? length - 1 : 0);
    return name->p ? hr : NR_HR_NO_MEMORY;
}

static int32_t il_body(void *rt, uintptr_t module, uint32_t method, const uint8_t **body, uint32_t *size)
{
    nr_ICorProfilerInfo4 *info = info_of(rt);
    return NR_CALL(info, GetILFunctionBody, module, method, body, size);
}

/* A function control copies the body. ICorProfilerInfo keeps it where it is, in memory of the module's allocator, which nobody ever frees: in a
 * ReJIT that would be lost at each refresh. */
static int32_t set_il_body(void *rt, uintptr_t module, uint32_t method, void *control, const uint8_t *body, size_t size)
{
    nr_ICorProfilerInfo4 *info = info_of(rt);
    nr_ICorProfilerFunctionControl *c = control;
    void *found = NULL;
    if (!size || size > UINT32_MAX) return NR_HR_NO_MEMORY;
    if (c) return NR_CALL(c, SetILFunctionBody, (uint32_t)size, body);
    int32_t hr = NR_CALL(info, GetILFunctionBodyAllocator, module, &found);
    nr_IMethodMalloc *allocator = found;
    if (hr < 0 || !allocator) return hr < 0 ? hr : NR_HR_FAIL;
    void *memory = NR_CALL(allocator, Alloc, (uint32_t)size);
    if (memory) {
        memcpy(memory, body, size);
        hr = NR_CALL(info, SetILFunctionBody, module, method, memory);
    } else {
        hr = NR_HR_NO_MEMORY;
    }
    nr_release(allocator);
    return hr;
}

static int32_t request_rejit(void *rt, uint32_t count, uintptr_t *modules, uint32_t *methods)
{
    nr_ICorProfilerInfo4 *info = info_of(rt);
    return NR_CALL(info, RequestReJIT, count, modules, methods);
}

static int32_t request_revert(void *rt, uint32_t count, uintptr_t *modules, uint32_t *methods)
{
    nr_ICorProfilerInfo4 *info = info_of(rt);
    return NR_CALL(info, RequestRevert, count, modules, methods, NULL);
}

enum { MODULE_BATCH = 100 };

static int32_t each_module(void *rt, void (*visit)(void *self, uintptr_t module), void *self)
{
    nr_ICorProfilerInfo4 *info = info_of(rt);
    void *found = NULL;
    uintptr_t modules[MODULE_BATCH];
    uint32_t count = 0;
    int32_t hr = NR_CALL(info, EnumModules, &found);
    nr_ICorProfilerModuleEnum *list = found;
    if (hr < 0 || !list) return hr < 0 ? hr : NR_HR_FAIL;
    while (NR_CALL(list, Next, MODULE_BATCH, modules, &count) >= 0 && count) {
        for (uint32_t i = 0; i < count; i++) visit(self, modules[i]);
    }
    nr_release(list);
    return NR_HR_OK;
}

enum { METHOD_BATCH = 64 };

static int32_t each_inliner(void *rt, uintptr_t in, uintptr_t module, uint32_t method,
                            bool (*visit)(void *self, uintptr_t module, uint32_t method), void *self)
{
    nr_ICorProfilerInfo4 *info = info_of(rt);
    void *found = NULL;
    nr_prf_method methods[METHOD_BATCH];
    uint32_t count = 0;
    int32_t incomplete = 0;
    bool more = true;
    int32_t hr = NR_CALL(info, QueryInterface, &nr_iid_ICorProfilerInfo6, &found);
    nr_ICorProfilerInfo6 *info6 = found;
    if (hr < 0) return hr;
    found = NULL;
    hr = NR_CALL(info6, EnumNgenModuleMethodsInliningThisMethod, in, module, method, &incomplete, &found);
    nr_release(info6);
    nr_ICorProfilerMethodEnum *list = found;
    if (hr < 0 || !list) return hr < 0 ? hr : NR_HR_FAIL;
    while (more && NR_CALL(list, Next, METHOD_BATCH, methods, &count) >= 0 && count) {
        for (uint32_t i = 0; more && i < count; i++) more = visit(self, methods[i].module, methods[i].method);
    }
    nr_release(list);
    return incomplete ? NR_HR_FALSE : NR_HR_OK;
}

/* That of a collectible module may be gone while it is read. */
static bool image_to_read(const nr_clr *clr, uintptr_t module, nr_loaded_image *image)
{
    return nr_loaded_image_of(clr->info, module, image) && !image->collectible;
}

static int32_t each_inlining(void *rt, uintptr_t module, bool (*visit)(void *self, uint32_t inlinee, uint32_t inliner),
                             void *self)
{
    nr_loaded_image image;
    return image_to_read(rt, module, &image) && nr_image_inlinings(&image, visit, self) ? NR_HR_OK : NR_HR_FAIL;
}

static int32_t both_imports(nr_ICorProfilerInfo4 *info, nr_scope *scope, void *import, void *assembly, int32_t hr)
{
    if (hr >= 0 && import && assembly) {
        nr_scope_init(scope, import, assembly, info);
        return hr;
    }
    nr_release(import);
    nr_release(assembly);
    return hr < 0 ? hr : NR_HR_FAIL;
}

static int32_t open_function(void *rt, uintptr_t function, nr_scope *scope)
{
    nr_ICorProfilerInfo4 *info = info_of(rt);
    void *import = NULL, *assembly = NULL;
    int32_t hr = NR_CALL(info, GetTokenAndMetaDataFromFunction, function, &nr_iid_IMetaDataImport2, &import, NULL);
    if (hr >= 0)
        hr = NR_CALL(info, GetTokenAndMetaDataFromFunction, function, &nr_iid_IMetaDataAssemblyImport, &assembly, NULL);
    hr = both_imports(info, scope, import, assembly, hr);
    if (hr >= 0) scope->function = function;
    return hr;
}

enum { OF_READ = 0 }; /* CorOpenFlags */

static int32_t open_module(void *rt, uintptr_t module, nr_scope *scope)
{
    nr_ICorProfilerInfo4 *info = info_of(rt);
    void *import = NULL, *assembly = NULL;
    int32_t hr = NR_CALL(info, GetModuleMetaData, module, OF_READ, &nr_iid_IMetaDataImport2, &import);
    if (hr >= 0) hr = NR_CALL(info, GetModuleMetaData, module, OF_READ, &nr_iid_IMetaDataAssemblyImport, &assembly);
    hr = both_imports(info, scope, import, assembly, hr);
    if (hr >= 0) scope->module = module;
    return hr;
}

static int32_t open_image(void *rt, uintptr_t module, nr_scope *scope)
{
    nr_clr *clr = rt;
    void *import = NULL, *assembly = NULL;
    nr_loaded_image image;
    if (!clr->dispenser) return NR_HR_FAIL;
    if (!image_to_read(clr, module, &image)) {
        NR_LOG(NR_TRACE, "Module %llu is not read from an image: the CLR is asked for its metadata.",
               (unsigned long long)module);
        return NR_HR_FAIL;
    }
    nr_IMetaDataDispenserEx *dispenser = nr_dispenser_new(clr->dispenser);
    if (!dispenser) return NR_HR_FAIL;
    int32_t hr =
        NR_CALL(dispenser, OpenScopeOnMemory, image.metadata, image.size, OF_READ, &nr_iid_IMetaDataImport2, &import);
    if (hr >= 0 && import)
        hr = NR_CALL((nr_IUnknown *)import, QueryInterface, &nr_iid_IMetaDataAssemblyImport, &assembly);
    nr_release(dispenser);
    hr = both_imports(clr->info, scope, import, assembly, hr);
    if (hr >= 0) scope->module = module;
    return hr;
}

enum { OF_WRITE = 1 };

static int32_t open_module_to_write(void *rt, uintptr_t module, nr_scope *scope)
{
    nr_ICorProfilerInfo4 *info = info_of(rt);
    void *emit = NULL, *import = NULL, *assembly_emit = NULL, *assembly_import = NULL;
    int32_t hr = NR_CALL(info, GetModuleMetaData, module, OF_WRITE, &nr_iid_IMetaDataEmit2, &emit);
    if (hr >= 0) hr = NR_CALL(info, GetModuleMetaData, module, OF_READ, &nr_iid_IMetaDataImport2, &import);
    if (hr >= 0) hr = NR_CALL(info, GetModuleMetaData, module, OF_WRITE, &nr_iid_IMetaDataAssemblyEmit, &assembly_emit);
    if (hr >= 0)
        hr = NR_CALL(info, GetModuleMetaData, module, OF_READ, &nr_iid_IMetaDataAssemblyImport, &assembly_import);
    if (hr >= 0 && emit && import && assembly_import) {
        nr_scope_init(scope, import, assembly_import, info);
        scope->module = module;
        scope->emit = emit;
        scope->assembly_emit = assembly_emit;
        return NR_HR_OK;
    }
    nr_release(assembly_import);
    nr_release(assembly_emit);
    nr_release(import);
    nr_release(emit);
    return hr < 0 ? hr : NR_HR_FALSE;
}

const nr_runtime_ops nr_runtime_ops_clr = {
    .function_info = function_info,
    .function_from_token = function_from_token,
    .module_path = module_path,
    .module_assembly = module_assembly,
    .module_flags = module_flags,
    .assembly_info = assembly_info,
    .app_domain_name = app_domain_name,
    .il_body = il_body,
    .set_il_body = set_il_body,
    .request_rejit = request_rejit,
    .request_revert = request_revert,
    .each_module = each_module,
    .each_inliner = each_inliner,
    .each_inlining = each_inlining,
    .open_function = open_function,
    .open_module = open_module,
    .open_image = open_image,
    .open_module_to_write = open_module_to_write,
};
