/* emit.c - IMetaDataEmit2: definitions on top of the image, each reported as an event. */
#include "base/json.h"
#include "base/utf.h"
#include "sim/sim.h"

#include <string.h>

/* What one definition needs on its way: the call is counted (and may be made to fail), carried out, reported. */
typedef struct job {
    sim_object *o;
    const char *slot;
    nr_arena scratch;
    nr_buf args;
    int32_t hr;
    uint32_t token;
    bool go; /* not made to fail */
} job;

static void job_begin(job *j, void *self, const char *slot, unsigned number)
{
    memset(j, 0, sizeof *j);
    j->o = self;
    j->slot = slot;
    j->go = !sim_enter(j->o->sim, SIM_EMIT, number, &j->hr);
}
#define BEGIN(j, slot) job_begin((j), self, #slot, (unsigned)NR_SLOT(IMetaDataEmit2, slot))
#define MD(j) (&(j)->o->module->md)

static nr_str job_name(job *j, const uint16_t *name)
{
    size_t n = 0;
    while (name && name[n]) n++;
    nr_json_utf16(&j->args, name, n);
    nr_str s = nr_utf8_from_utf16(&j->scratch, name, n);
    if (!s.p && j->go) {
        j->go = false;
        j->hr = NR_E_OUTOFMEMORY;
    }
    return s;
}

static int32_t job_end(job *j, uint32_t *token)
{
    nr_buf_u8(&j->args, 0);
    if (token && j->hr >= 0) *token = j->token;
    nr_sim_event e = {.kind = NR_SIM_EMIT, .hr = j->hr};
    e.module = j->o->module->id;
    e.name = j->slot;
    e.args = j->args.failed ? "" : (const char *)j->args.data;
    e.token = j->hr >= 0 ? j->token : 0;
    sim_event(j->o->sim, &e);
    nr_buf_free(&j->args);
    nr_arena_free(&j->scratch);
    return j->hr;
}

static int32_t NR_COM DefineTypeRefByName(void *self, uint32_t scope, const uint16_t *name, uint32_t *token)
{
    job j;
    BEGIN(&j, DefineTypeRefByName);
    nr_buf_printf(&j.args, "\"scope\":\"%08x\",\"name\":", scope);
    nr_str utf8 = job_name(&j, name);
    if (j.go) j.hr = nr_md_define_type_ref(MD(&j), scope, utf8, &j.token);
    return job_end(&j, token);
}

static int32_t NR_COM DefineMemberRef(void *self, uint32_t parent, const uint16_t *name, const uint8_t *sig,
                                      uint32_t size, uint32_t *token)
{
    job j;
    BEGIN(&j, DefineMemberRef);
    nr_buf_printf(&j.args, "\"parent\":\"%08x\",\"name\":", parent);
    nr_str utf8 = job_name(&j, name);
    nr_buf_put_str(&j.args, NR_STR(",\"sig\":"));
    nr_json_hex(&j.args, sig, size);
    if (j.go) j.hr = nr_md_define_member_ref(MD(&j), parent, utf8, sig, size, &j.token);
    return job_end(&j, token);
}

static int32_t NR_COM DefineUserString(void *self, const uint16_t *text, uint32_t units, uint32_t *token)
{
    job j;
    BEGIN(&j, DefineUserString);
    nr_buf_put_str(&j.args, NR_STR("\"str\":"));
    nr_json_utf16(&j.args, text, units);
    if (j.go) j.hr = nr_md_define_user_string(MD(&j), text, units, &j.token);
    return job_end(&j, token);
}

static int32_t NR_COM GetTokenFromSig(void *self, const uint8_t *sig, uint32_t size, uint32_t *token)
{
    job j;
    BEGIN(&j, GetTokenFromSig);
    nr_buf_put_str(&j.args, NR_STR("\"sig\":"));
    nr_json_hex(&j.args, sig, size);
    if (j.go) j.hr = nr_md_define_sig(MD(&j), sig, size, &j.token);
    return job_end(&j, token);
}

static int32_t NR_COM GetTokenFromTypeSpec(void *self, const uint8_t *sig, uint32_t size, uint32_t *token)
{
    job j;
    BEGIN(&j, GetTokenFromTypeSpec);
    nr_buf_put_str(&j.args, NR_STR("\"sig\":"));
    nr_json_hex(&j.args, sig, size);
    if (j.go) j.hr = nr_md_define_type_spec(MD(&j), sig, size, &j.token);
    return job_end(&j, token);
}

static int32_t NR_COM DefineMethodSpec(void *self, uint32_t parent, const uint8_t *sig, uint32_t size, uint32_t *token)
{
    job j;
    BEGIN(&j, DefineMethodSpec);
    nr_buf_printf(&j.args, "\"parent\":\"%08x\",\"sig\":", parent);
    nr_json_hex(&j.args, sig, size);
    if (j.go) j.hr = nr_md_define_method_spec(MD(&j), parent, sig, size, &j.token);
    return job_end(&j, token);
}

static int32_t NR_COM DefineModuleRef(void *self, const uint16_t *name, uint32_t *token)
{
    job j;
    BEGIN(&j, DefineModuleRef);
    nr_buf_put_str(&j.args, NR_STR("\"name\":"));
    nr_str utf8 = job_name(&j, name);
    if (j.go) j.hr = nr_md_define_module_ref(MD(&j), utf8, &j.token);
    return job_end(&j, token);
}

static int32_t NR_COM DefineMethod(void *self, uint32_t type, const uint16_t *name, uint32_t flags,
                                   const uint8_t *sig, uint32_t size, uint32_t rva, uint32_t impl, uint32_t *token)
{
    job j;
    BEGIN(&j, DefineMethod);
    nr_buf_printf(&j.args, "\"parent\":\"%08x\",\"name\":", type);
    nr_str utf8 = job_name(&j, name);
    nr_buf_printf(&j.args, ",\"flags\":\"%x\",\"rva\":\"%x\",\"impl\":\"%x\",\"sig\":", flags, rva, impl);
    nr_json_hex(&j.args, sig, size);
    if (j.go) j.hr = nr_md_define_method(MD(&j), type, utf8, flags, sig, size, rva, impl, &j.token);
    return job_end(&j, token);
}

static int32_t NR_COM DefineCustomAttribute(void *self, uint32_t owner, uint32_t constructor, const void *value,
                                            uint32_t size, uint32_t *token)
{
    job j;
    BEGIN(&j, DefineCustomAttribute);
    nr_buf_printf(&j.args, "\"of\":\"%08x\",\"ctor\":\"%08x\",\"value\":", owner, constructor);
    nr_json_hex(&j.args, value, size);
    if (j.go) j.hr = nr_md_define_attribute(MD(&j), owner, constructor, value, size, &j.token);
    return job_end(&j, token);
}

static int32_t NR_COM DefinePermissionSet(void *self, uint32_t owner, uint32_t action, const void *set,
                                          uint32_t size, uint32_t *token)
{
    job j;
    BEGIN(&j, DefinePermissionSet);
    nr_buf_printf(&j.args, "\"of\":\"%08x\",\"action\":\"%x\",\"value\":", owner, action);
    nr_json_hex(&j.args, set, size);
    if (j.go) j.hr = nr_md_define_permission_set(MD(&j), owner, action, set, size, &j.token);
    return job_end(&j, token);
}

void sim_emit_vtbl(sim_vtbls *v)
{
    nr_IMetaDataEmit2_vtbl *t = &v->EMIT;
    t->DefineTypeRefByName = DefineTypeRefByName;
    t->DefineMemberRef = DefineMemberRef;
    t->DefineUserString = DefineUserString;
    t->GetTokenFromSig = GetTokenFromSig;
    t->GetTokenFromTypeSpec = GetTokenFromTypeSpec;
    t->DefineMethodSpec = DefineMethodSpec;
    t->DefineModuleRef = DefineModuleRef;
    t->DefineMethod = DefineMethod;
    t->DefineCustomAttribute = DefineCustomAttribute;
    t->DefinePermissionSet = DefinePermissionSet;
}
