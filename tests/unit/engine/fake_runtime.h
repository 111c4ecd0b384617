/* fake_runtime.h - the engine's table of functions for the runtime, over the modules of fake_clr.h. */
#ifndef NR_TESTS_ENGINE_FAKE_RUNTIME_H
#define NR_TESTS_ENGINE_FAKE_RUNTIME_H

#include "fake_clr.h"

static inline int32_t rt_function_info(void *rt, uintptr_t function, uintptr_t *class_id, uintptr_t *module,
                                       uint32_t *token)
{
    fake_clr *c = rt;
    if (fails(c, "GetFunctionInfo")) return c->fail_hr;
    fake_module *m = module_of_function(c, function, token);
    if (!m) return FAKE_INVALID;
    *class_id = 1;
    *module = m->id;
    return 0;
}

static inline int32_t rt_function_from_token(void *rt, uintptr_t module, uint32_t token, uintptr_t *function)
{
    fake_clr *c = rt;
    fake_module *m = module_by_id(c, module);
    if (fails(c, "GetFunctionFromToken")) return c->fail_hr;
    if (!m || !method_of(m, token)) return FAKE_INVALID;
    if (method_of(m, token)->generic) return NR_HR_PARAMETERIZED;
    *function = FUNCTION_BASE + (uintptr_t)(m - c->modules) * 0x10000 + (token & 0xFFFFFF);
    return 0;
}

static inline int32_t rt_module_path(void *rt, nr_arena *arena, uintptr_t module, nr_str *path)
{
    fake_clr *c = rt;
    fake_module *m = module_by_id(c, module);
    if (fails(c, "GetModuleInfo path")) return c->fail_hr;
    return m ? text_out(arena, m->path, path) : FAKE_INVALID;
}

static inline int32_t rt_module_assembly(void *rt, uintptr_t module, uintptr_t *assembly)
{
    fake_clr *c = rt;
    if (fails(c, "GetModuleInfo")) return c->fail_hr;
    *assembly = module;
    return module_by_id(c, module) ? 0 : FAKE_INVALID;
}

static inline uint32_t rt_module_flags(void *rt, uintptr_t module)
{
    fake_module *m = module_by_id(rt, module);
    return m ? m->flags : 0;
}

static inline int32_t rt_assembly_info(void *rt, nr_arena *arena, uintptr_t assembly, nr_str *name,
                                       uintptr_t *app_domain)
{
    fake_clr *c = rt;
    fake_module *m = module_by_id(c, assembly);
    if (fails(c, "GetAssemblyInfo")) return c->fail_hr;
    *app_domain = assembly;
    return m ? text_out(arena, m->assembly, name) : FAKE_INVALID;
}

static inline int32_t rt_app_domain_name(void *rt, nr_arena *arena, uintptr_t app_domain, nr_str *name)
{
    fake_clr *c = rt;
    fake_module *m = module_by_id(c, app_domain);
    if (fails(c, "GetAppDomainInfo")) return c->fail_hr;
    return m ? text_out(arena, m->domain, name) : FAKE_INVALID;
}

static inline int32_t rt_il_body(void *rt, uintptr_t module, uint32_t method, const uint8_t **body, uint32_t *size)
{
    fake_clr *c = rt;
    fake_module *m = module_by_id(c, module);
    fake_method *f = m ? method_of(m, method) : NULL;
    if (fails(c, "GetILFunctionBody")) return c->fail_hr;
    if (!f) return FAKE_INVALID;
    *body = f->body;
    *size = f->body_size;
    return 0;
}

static inline int32_t rt_set_il_body(void *rt, uintptr_t module, uint32_t method, void *control, const uint8_t *body,
                                     size_t size)
{
    fake_clr *c = rt;
    if (fails(c, "SetILFunctionBody")) return c->fail_hr;
    nr_mutex_lock(&c->lock);
    c->body.size = 0;
    nr_buf_put(&c->body, body, size);
    int32_t hr = c->body.failed ? NR_HR_NO_MEMORY : 0;
    if (hr < 0) nr_buf_free(&c->body);
    c->body.failed = false;
    c->body_module = module;
    c->body_method = method;
    c->body_control = control;
    c->bodies += hr == 0;
    nr_mutex_unlock(&c->lock);
    return hr;
}

static inline int32_t rt_request_rejit(void *rt, uint32_t count, uintptr_t *modules, uint32_t *methods)
{
    fake_clr *c = rt;
    if (fails(c, "RequestReJIT")) return c->fail_hr;
    nr_mutex_lock(&c->lock);
    c->request_calls++;
    for (uint32_t i = 0; i < count; i++) {
        c->requests[c->request_count % FAKE_REQUESTS] = (fake_request_row){modules[i], methods[i]};
        c->request_count++;
    }
    nr_mutex_unlock(&c->lock);
    return 0;
}

static inline int32_t rt_request_revert(void *rt, uint32_t count, uintptr_t *modules, uint32_t *methods)
{
    fake_clr *c = rt;
    (void)modules;
    (void)methods;
    if (fails(c, "RequestRevert")) return c->fail_hr;
    nr_mutex_lock(&c->lock);
    c->revert_calls++;
    c->revert_count += count;
    nr_mutex_unlock(&c->lock);
    return 0;
}

static inline int32_t rt_each_module(void *rt, void (*visit)(void *self, uintptr_t module), void *self)
{
    fake_clr *c = rt;
    if (fails(c, "EnumModules")) return c->fail_hr;
    for (size_t i = 0; i < c->module_count; i++) {
        if (atomic_load(&c->modules[i].loaded)) visit(self, c->modules[i].id);
    }
    return 0;
}

/* No image contains one. */
static inline int32_t rt_each_inliner(void *rt, uintptr_t in, uintptr_t module, uint32_t method,
                                      bool (*visit)(void *self, uintptr_t module, uint32_t method), void *self)
{
    (void)rt, (void)in, (void)module, (void)method, (void)visit, (void)self;
    return 0;
}

/* Nor has one a list of its own. */
static inline int32_t rt_each_inlining(void *rt, uintptr_t module,
                                       bool (*visit)(void *self, uint32_t inlinee, uint32_t inliner), void *self)
{
    (void)rt, (void)module, (void)visit, (void)self;
    return NR_HR_FAIL;
}

static inline int32_t open_scope(fake_clr *c, fake_module *m, nr_scope *scope)
{
    if (!m) return FAKE_INVALID;
    memset(scope, 0, sizeof *scope);
    scope->ops = &fake_scope_ops;
    scope->meta = (nr_meta){&fake_locked_meta_ops, m};
    scope->import = m;
    atomic_fetch_add(&c->opened, 1);
    return 0;
}

static inline int32_t rt_open_function(void *rt, uintptr_t function, nr_scope *scope)
{
    fake_clr *c = rt;
    uint32_t token;
    if (fails(c, "GetTokenAndMetaDataFromFunction")) return c->fail_hr;
    return open_scope(c, module_of_function(c, function, &token), scope);
}

static inline int32_t rt_open_module(void *rt, uintptr_t module, nr_scope *scope)
{
    fake_clr *c = rt;
    if (fails(c, "GetModuleMetaData")) return c->fail_hr;
    return open_scope(c, module_by_id(c, module), scope);
}

static inline int32_t rt_open_image(void *rt, uintptr_t module, nr_scope *scope)
{
    fake_clr *c = rt;
    if (!c->images || fails(c, "OpenScopeOnMemory")) return NR_HR_FAIL;
    atomic_fetch_add(&c->images_read, 1);
    return open_scope(c, module_by_id(c, module), scope);
}

/* Module injection has tests of its own: here every module is one without metadata to write. */
static inline int32_t rt_open_module_to_write(void *rt, uintptr_t module, nr_scope *scope)
{
    fake_clr *c = rt;
    (void)module;
    (void)scope;
    return fails(c, "GetModuleMetaData to write") ? c->fail_hr : NR_HR_FALSE;
}

static const nr_runtime_ops fake_runtime_ops = {
    .function_info = rt_function_info,
    .function_from_token = rt_function_from_token,
    .module_path = rt_module_path,
    .module_assembly = rt_module_assembly,
    .module_flags = rt_module_flags,
    .assembly_info = rt_assembly_info,
    .app_domain_name = rt_app_domain_name,
    .il_body = rt_il_body,
    .set_il_body = rt_set_il_body,
    .request_rejit = rt_request_rejit,
    .request_revert = rt_request_revert,
    .each_module = rt_each_module,
    .each_inliner = rt_each_inliner,
    .each_inlining = rt_each_inlining,
    .open_function = rt_open_function,
    .open_module = rt_open_module,
    .open_image = rt_open_image,
    .open_module_to_write = rt_open_module_to_write,
};

#endif
