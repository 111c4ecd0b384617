/* lua_clr_verify.c - what tests of robustness need: calls that fail, and the verifier for Lua, with what the simulated CLR knows of the signatures behind tokens. */
#include "cli/lua_clr.h"
#include "il/parts.h"
#include "il/verify.h"
#include "il/verify_sig.h"
#include "sim/give.h"

#include <lauxlib.h>
#include <string.h>

enum { MOST_CLASSES = 1024 }; /* a signature with more parameters or locals counts as one of unknown classes */

typedef struct shapes {
    const nr_sim *sim;
    uintptr_t module;
    uint8_t callee[MOST_CLASSES], arguments[MOST_CLASSES], locals[MOST_CLASSES];
} shapes;

static bool shape_of(void *self, uint32_t token, nr_call_shape *out)
{
    shapes *x = self;
    const uint8_t *p;
    size_t n;
    return nr_sim_signature(x->sim, x->module, token, &p, &n) &&
           nr_verify_method_sig(p, n, x->callee, MOST_CLASSES, out);
}

static void know_locals(shapes *x, const uint8_t *body, size_t size, nr_verify_context *context)
{
    nr_body_parts parts;
    const uint8_t *p;
    size_t n;
    bool classes;
    if (nr_body_parse_code(body, size, &parts) != NR_IL_OK || !parts.local_var_sig ||
        !nr_sim_signature(x->sim, x->module, parts.local_var_sig, &p, &n) ||
        !nr_verify_locals_sig(p, n, x->locals, MOST_CLASSES, &context->local_count, &classes))
        return;
    context->locals_known = true;
    context->local_classes = classes ? x->locals : NULL;
}

int nr_lua_clr_verify(lua_State *L)
{
    size_t size;
    const uint8_t *body = (const uint8_t *)luaL_checklstring(L, 1, &size);
    nr_verify_context context;
    nr_verify_report report;
    memset(&context, 0, sizeof context);
    if (!lua_isnoneornil(L, 2)) {
        nr_sim *sim = nr_lua_check_clr(L, 2);
        uintptr_t module = nr_lua_check_id(L, 3);
        uint32_t method = (uint32_t)luaL_optinteger(L, 4, 0);
        const uint8_t *sig;
        size_t n;
        shapes *x = lua_newuserdatauv(L, sizeof *x, 0); /* stays on the stack while it is used */
        x->sim = sim;
        x->module = module;
        context.call_shape = shape_of;
        context.self = x;
        if (nr_sim_signature(sim, module, method, &sig, &n))
            nr_verify_own_sig(sig, n, x->arguments, MOST_CLASSES, &context);
        know_locals(x, body, size, &context);
    }
    nr_verify_body(body, size, &context, &report);
    lua_pushstring(L, nr_verify_verdict_name(report.verdict));
    lua_pushstring(L, nr_verify_fault_name(report.fault));
    lua_pushstring(L,
                   report.fault == NR_VERIFY_BODY ? nr_il_error_text(report.body) : nr_verify_fault_text(report.fault));
    for (int i = 0; i < 2; i++) {
        uint32_t offset = i ? report.other : report.offset;
        if (offset == NR_VERIFY_NO_OFFSET)
            lua_pushnil(L);
        else
            lua_pushinteger(L, offset);
    }
    return 5;
}

/* clr:fail_any(n, result), clr:failed() */
int nr_lua_clr_fail_any(lua_State *L)
{
    nr_sim_fail_any(nr_lua_check_clr(L, 1), (unsigned long)luaL_checkinteger(L, 2),
                    (int32_t)(uint32_t)luaL_checkinteger(L, 3));
    return 0;
}

int nr_lua_clr_failed(lua_State *L)
{
    lua_pushstring(L, nr_sim_failed(nr_lua_check_clr(L, 1)));
    return 1;
}
