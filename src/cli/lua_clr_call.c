/* lua_clr_call.c - the exported functions of a profiler library, for Lua (reference/exports.md). */
#include "cli/lua_clr.h"
#include "nrprof_agent.h"

#include "base/buf.h"
#include "base/compiler.h"
#include "base/utf.h"

#include <lauxlib.h>
#include <string.h>

typedef void plain(void);

/* exports.md E5 and E7: the records as the managed side reads them. */
typedef struct snapshot {
    uintptr_t thread;
    int32_t hr, count;
    const uintptr_t *functions;
} snapshot;
typedef struct function_name {
    uintptr_t function;
    const uint16_t *type, *method;
} function_name;

static void push_utf16(lua_State *L, const uint16_t *z)
{
    nr_buf text = NR_BUF_INIT;
    size_t n = 0;
    while (z && z[n]) n++;
    for (size_t i = 0; i < n; i++) {
        uint32_t c = z[i];
        if (c >= 0xD800 && c < 0xDC00 && z[i + 1] >= 0xDC00 && z[i + 1] < 0xE000)
            c = 0x10000 + ((c - 0xD800) << 10) + (z[++i] - 0xDC00u);
        nr_utf8_put(&text, c);
    }
    lua_pushlstring(L, text.size ? (const char *)text.data : "", text.size);
    nr_buf_free(&text);
}

static void set_id(lua_State *L, const char *name, uintptr_t v)
{
    lua_pushinteger(L, (lua_Integer)v);
    lua_setfield(L, -2, name);
}

/* hr, { { thread, hr, count, [1…] = function ids } }; a second argument false passes NULL for both results. */
static int request_profile(lua_State *L, plain *p)
{
    void *records = NULL;
    int32_t length = -1;
    bool nothing = lua_isboolean(L, 3) && !lua_toboolean(L, 3);
    int32_t hr = ((int32_t(NRPROF_CALL *)(void **, int32_t *))p)(nothing ? NULL : &records, nothing ? NULL : &length);
    nr_lua_push_hr(L, hr);
    if (length < 0 || hr < 0) return 1;
    lua_newtable(L);
    for (int32_t i = 0; records && i < length; i++) {
        snapshot s;
        memcpy(&s, (const char *)records + (size_t)i * sizeof s, sizeof s);
        lua_newtable(L);
        set_id(L, "thread", s.thread);
        set_id(L, "count", (uintptr_t)s.count);
        nr_lua_push_hr(L, s.hr);
        lua_setfield(L, -2, "hr");
        for (int32_t f = 0; s.hr >= 0 && s.functions && f < s.count; f++) {
            lua_pushinteger(L, (lua_Integer)s.functions[f]);
            lua_rawseti(L, -2, f + 1);
        }
        lua_rawseti(L, -2, i + 1);
    }
    return 2;
}

/* Arguments: a list of ids or nil for NULL, a length when it is not the list's, false for NULL results. */
static int request_names(lua_State *L, plain *p)
{
    uintptr_t ids[256] = {0};
    const uintptr_t *given = NULL;
    lua_Integer n = 0;
    void *records = NULL;
    if (lua_istable(L, 3)) {
        n = (lua_Integer)lua_rawlen(L, 3);
        luaL_argcheck(L, n <= (lua_Integer)NR_COUNT(ids), 3, "too many ids");
        for (lua_Integer i = 0; i < n; i++) {
            lua_rawgeti(L, 3, i + 1);
            ids[i] = (uintptr_t)luaL_checkinteger(L, -1);
            lua_pop(L, 1);
        }
        given = ids;
    }
    n = luaL_optinteger(L, 4, n);
    bool nothing = lua_isboolean(L, 5) && !lua_toboolean(L, 5);
    int32_t hr =
        ((int32_t(NRPROF_CALL *)(const uintptr_t *, int32_t, void **))p)(given, (int32_t)n, nothing ? NULL : &records);
    nr_lua_push_hr(L, hr);
    if (hr < 0 || !records) return 1;
    lua_newtable(L);
    for (lua_Integer i = 0; i < n; i++) {
        function_name f;
        memcpy(&f, (const char *)records + (size_t)i * sizeof f, sizeof f);
        lua_newtable(L);
        set_id(L, "id", f.function);
        push_utf16(L, f.type);
        lua_setfield(L, -2, "type");
        push_utf16(L, f.method);
        lua_setfield(L, -2, "method");
        lua_rawseti(L, -2, i + 1);
    }
    return 2;
}

int nr_lua_clr_call(lua_State *L)
{
    nr_sim *sim = nr_lua_check_clr(L, 1);
    const char *name = luaL_checkstring(L, 2);
    plain *p = nr_sim_export(sim, name);
    if (!p) return luaL_error(L, "the library does not export %s", name);
    if (!strcmp(name, "RequestProfile")) return request_profile(L, p);
    if (!strcmp(name, "RequestFunctionNames")) return request_names(L, p);
    if (!strcmp(name, "ReleaseProfile") || !strcmp(name, "ShutdownThreadProfiler")) {
        ((void(NRPROF_CALL *)(void))p)();
        return 0;
    }
    if (!strcmp(name, "GetCurrentExecutionEngineThreadId")) {
        lua_pushinteger(L, (lua_Integer)((uintptr_t(NRPROF_CALL *)(void))p)());
        return 1;
    }
    if (!strcmp(name, "AddCustomInstrumentation")) {
        const char *file = luaL_optstring(L, 3, NULL), *xml = luaL_optstring(L, 4, NULL);
        nr_lua_push_hr(L, ((int32_t(NRPROF_CALL *)(const char *, const char *))p)(file, xml));
        return 1;
    }
    nr_lua_push_hr(L, ((int32_t(NRPROF_CALL *)(void))p)());
    return 1;
}
