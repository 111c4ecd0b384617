#include "cli/lua_clr.h"

#include "base/alloc.h"
#include "base/compiler.h"
#include "cli/files.h"
#include "os/isolate.h"
#include "os/os.h"
#include "os/tool.h"
#include "sim/give.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

static const char type_name[] = "nrprof.clr";

/* Bytes that the CLR only refers to. Each has an allocation of its exact size, so that tools see reads past the end. */
typedef struct kept {
    struct kept *next;
    size_t size;
    void *bytes;
} kept;

typedef struct clr_value {
    nr_sim *sim;
    nr_lua_events *events;
    kept *kept;
} clr_value;

static clr_value *value_of(lua_State *L, int index)
{
    clr_value *v = luaL_checkudata(L, index, type_name);
    if (!v->sim) luaL_error(L, "this CLR is closed");
    return v;
}

nr_sim *nr_lua_check_clr(lua_State *L, int index)
{
    return value_of(L, index)->sim;
}

static nr_sim *sim_of(lua_State *L)
{
    return value_of(L, 1)->sim;
}

void nr_lua_push_hr(lua_State *L, int32_t hr)
{
    lua_pushinteger(L, (lua_Integer)(uint32_t)hr);
}

uintptr_t nr_lua_check_id(lua_State *L, int index)
{
    return (uintptr_t)luaL_checkinteger(L, index);
}

static int32_t check_hr(lua_State *L, int index)
{
    return (int32_t)(uint32_t)luaL_checkinteger(L, index);
}

static uint32_t check_token(lua_State *L, int index)
{
    return (uint32_t)luaL_checkinteger(L, index);
}

static int push_bool(lua_State *L, bool b)
{
    lua_pushboolean(L, b);
    return 1;
}

static int push_hr(lua_State *L, int32_t hr)
{
    nr_lua_push_hr(L, hr);
    return 1;
}

static int push_number(lua_State *L, uintptr_t v)
{
    lua_pushinteger(L, (lua_Integer)v);
    return 1;
}

static const void *keep(lua_State *L, clr_value *v, int index, size_t *size)
{
    const char *bytes = luaL_checklstring(L, index, size);
    kept *k = nr_alloc(NULL, 0, sizeof *k);
    void *copy = nr_alloc(NULL, 0, *size ? *size : 1);
    if (!k || !copy) {
        nr_free(k, sizeof *k);
        nr_free(copy, *size ? *size : 1);
        luaL_error(L, "out of memory");
        return NULL;
    }
    memcpy(copy, bytes, *size);
    *k = (kept){v->kept, *size ? *size : 1, copy};
    v->kept = k;
    return copy;
}

/* ---- a CLR ------------------------------------------------------------------------------------- */

static int clr_close(lua_State *L)
{
    clr_value *v = luaL_checkudata(L, 1, type_name);
    nr_sim_destroy(v->sim);
    nr_lua_events_free(v->events);
    for (kept *k = v->kept, *next; k; k = next) {
        next = k->next;
        nr_free(k->bytes, k->size);
        nr_free(k, sizeof *k);
    }
    memset(v, 0, sizeof *v);
    return 0;
}

/* nr.clr.new { desktop = false, version = "10.0.0.0", domain = text, highest_info = n } */
static int clr_new(lua_State *L)
{
    nr_sim_options o;
    memset(&o, 0, sizeof o);
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_getfield(L, 1, "desktop");
    o.flavour = lua_toboolean(L, -1) ? NR_SIM_DESKTOP : NR_SIM_CORE;
    lua_getfield(L, 1, "domain");
    o.app_domain = luaL_optstring(L, -1, NULL);
    lua_getfield(L, 1, "highest_info");
    o.highest_info = (unsigned)luaL_optinteger(L, -1, 0);
    lua_getfield(L, 1, "version");
    const char *version = luaL_optstring(L, -1, "0.0.0.0");
    unsigned part[4] = {0, 0, 0, 0};
    for (int i = 0; *version && i < 4; version++) {
        if (*version == '.')
            i++;
        else
            part[i] = part[i] * 10 + (unsigned)(*version - '0');
    }
    o.major = (uint16_t)part[0];
    o.minor = (uint16_t)part[1];
    o.build = (uint16_t)part[2];
    o.qfe = (uint16_t)part[3];
    o.quiet = true;        /* events and unimplemented() tell it */
    o.keep_library = true; /* its threads may still run when the CLR is gone */
    clr_value *v = lua_newuserdatauv(L, sizeof *v, 0);
    memset(v, 0, sizeof *v);
    luaL_setmetatable(L, type_name);
    v->sim = nr_sim_create(&o);
    if (v->sim) v->events = nr_lua_events_new(v->sim);
    return v->events ? 1 : luaL_error(L, "out of memory");
}

static int clr_message(lua_State *L)
{
    lua_pushstring(L, nr_sim_message(sim_of(L)));
    return 1;
}

static int clr_attach(lua_State *L)
{
    return push_hr(L, nr_sim_attach(sim_of(L), luaL_checkstring(L, 2)));
}

static int clr_load_library(lua_State *L)
{
    return push_hr(L, nr_sim_load_library(sim_of(L), luaL_checkstring(L, 2)));
}

static int clr_attached(lua_State *L)
{
    return push_bool(L, nr_sim_attached(sim_of(L)));
}

static int clr_exports(lua_State *L)
{
    return push_bool(L, nr_sim_export(sim_of(L), luaL_checkstring(L, 2)) != NULL);
}

static int clr_shutdown(lua_State *L)
{
    return push_hr(L, nr_sim_shutdown(sim_of(L)));
}

static int clr_mask(lua_State *L)
{
    uint32_t low, high;
    nr_sim_mask(sim_of(L), &low, &high);
    push_number(L, low);
    return push_number(L, high) + 1;
}

/* ---- modules ------------------------------------------------------------------------------------ */

static int loaded(lua_State *L, nr_sim *sim, uintptr_t module, int32_t hr)
{
    if (!module) {
        lua_pushnil(L);
        lua_pushstring(L, nr_sim_message(sim));
        return 2;
    }
    push_number(L, module);
    nr_lua_push_hr(L, hr);
    return 2;
}

/* load(path): id, result of ModuleLoadFinished; or nil, why */
static int clr_load(lua_State *L)
{
    nr_sim *sim = sim_of(L);
    int32_t hr = 0;
    uintptr_t module = nr_sim_load(sim, luaL_checkstring(L, 2), &hr);
    return loaded(L, sim, module, hr);
}

/* load_bytes(path, bytes, status) */
static int clr_load_bytes(lua_State *L)
{
    clr_value *v = value_of(L, 1);
    const char *path = luaL_checkstring(L, 2);
    size_t n;
    int32_t hr = 0;
    const void *bytes = keep(L, v, 3, &n);
    uintptr_t module = nr_sim_load_bytes(v->sim, path, bytes, n, (int32_t)(uint32_t)luaL_optinteger(L, 4, 0), &hr);
    return loaded(L, v->sim, module, hr);
}

static int clr_unload(lua_State *L)
{
    return push_hr(L, nr_sim_unload(sim_of(L), nr_lua_check_id(L, 2)));
}

static int clr_modules(lua_State *L)
{
    nr_sim *sim = sim_of(L);
    size_t n = nr_sim_modules(sim, NULL, 0);
    uintptr_t *ids = lua_newuserdatauv(L, (n + 1) * sizeof *ids, 0);
    nr_sim_modules(sim, ids, n);
    lua_newtable(L);
    for (size_t i = 0; i < n; i++) {
        push_number(L, ids[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* ---- methods ------------------------------------------------------------------------------------- */

static int clr_jit(lua_State *L)
{
    return push_hr(L, nr_sim_jit(sim_of(L), nr_lua_check_id(L, 2), check_token(L, 3)));
}

static int clr_jit_all(lua_State *L)
{
    return push_number(L, nr_sim_jit_all(sim_of(L), nr_lua_check_id(L, 2)));
}

static int clr_jit_pending(lua_State *L)
{
    return push_number(L, nr_sim_jit_pending(sim_of(L)));
}

/* il(module, token, original?): bytes or nil */
static int clr_il(lua_State *L)
{
    const uint8_t *il;
    size_t n;
    nr_sim_body which = lua_toboolean(L, 4) ? NR_SIM_BODY_ORIGINAL : NR_SIM_BODY_CURRENT;
    if (!nr_sim_il(sim_of(L), nr_lua_check_id(L, 2), check_token(L, 3), which, &il, &n)) return 0;
    lua_pushlstring(L, (const char *)il, n);
    return 1;
}

static int clr_give(lua_State *L)
{
    clr_value *v = value_of(L, 1);
    uintptr_t module = nr_lua_check_id(L, 2);
    uint32_t token = check_token(L, 3);
    size_t n;
    const void *bytes = keep(L, v, 4, &n);
    return push_bool(L, nr_sim_give_il(v->sim, module, token, bytes, n));
}

static int clr_function_id(lua_State *L)
{
    return push_number(L, nr_sim_function_id(sim_of(L), nr_lua_check_id(L, 2), check_token(L, 3)));
}

static int clr_method_flags(lua_State *L)
{
    uint32_t flags, impl;
    if (!nr_sim_method_flags(sim_of(L), nr_lua_check_id(L, 2), check_token(L, 3), &flags, &impl)) return 0;
    push_number(L, flags);
    return push_number(L, impl) + 1;
}

/* ---- threads and failures --------------------------------------------------------------------------- */

static int clr_thread(lua_State *L)
{
    return push_number(L, nr_sim_thread(sim_of(L)));
}

/* thread_stack(thread, { function ids, innermost first }, result) */
static int clr_thread_stack(lua_State *L)
{
    uintptr_t frames[256];
    nr_sim *sim = sim_of(L);
    luaL_checktype(L, 3, LUA_TTABLE);
    size_t n = (size_t)lua_rawlen(L, 3);
    luaL_argcheck(L, n <= NR_COUNT(frames), 3, "too many frames");
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, 3, (lua_Integer)i + 1);
        frames[i] = nr_lua_check_id(L, -1);
        lua_pop(L, 1);
    }
    return push_bool(
        L, nr_sim_thread_stack(sim, nr_lua_check_id(L, 2), frames, n, (int32_t)(uint32_t)luaL_optinteger(L, 4, 0)));
}

static int clr_thread_end(lua_State *L)
{
    return push_hr(L, nr_sim_thread_end(sim_of(L), nr_lua_check_id(L, 2)));
}

static int clr_suspended(lua_State *L)
{
    lua_pushinteger(L, nr_sim_suspended(sim_of(L)));
    return 1;
}

/* fail(interface, slot, nth, result) */
static int clr_fail(lua_State *L)
{
    return push_bool(L, nr_sim_fail(sim_of(L), luaL_checkstring(L, 2), luaL_checkstring(L, 3),
                                    (unsigned)luaL_checkinteger(L, 4), check_hr(L, 5)));
}

static int clr_fail_none(lua_State *L)
{
    nr_sim_fail_none(sim_of(L));
    return 0;
}

static int clr_calls(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)nr_sim_calls(sim_of(L), luaL_checkstring(L, 2), luaL_checkstring(L, 3)));
    return 1;
}

static int clr_references(lua_State *L)
{
    lua_pushinteger(L, nr_sim_references(sim_of(L)));
    return 1;
}

/* call_slots(threads, rounds): the number of calls, and what is wrong or nil */
static int clr_call_slots(lua_State *L)
{
    nr_sim *sim = sim_of(L);
    lua_pushinteger(L, nr_sim_call_slots(sim, (unsigned)luaL_checkinteger(L, 2), (unsigned)luaL_checkinteger(L, 3)));
    const char *wrong = nr_sim_message(sim);
    lua_pushstring(L, *wrong ? wrong : NULL);
    return 2;
}

static int clr_unimplemented(lua_State *L)
{
    return push_number(L, nr_sim_unimplemented(sim_of(L)));
}

/* ---- looking things up -------------------------------------------------------------------------------- */

typedef int text_call(const nr_sim *sim, uintptr_t module, uint32_t token, char *out, size_t capacity);

static int push_text(lua_State *L, text_call *call)
{
    nr_sim *sim = sim_of(L);
    uintptr_t module = nr_lua_check_id(L, 2);
    uint32_t token = (uint32_t)luaL_optinteger(L, 3, 0);
    int n = call(sim, module, token, NULL, 0);
    if (n < 0) return 0;
    luaL_Buffer b;
    char *p = luaL_buffinitsize(L, &b, (size_t)n + 1);
    call(sim, module, token, p, (size_t)n + 1);
    luaL_pushresultsize(&b, (size_t)n);
    return 1;
}

static int assembly_text(const nr_sim *sim, uintptr_t module, uint32_t token, char *out, size_t capacity)
{
    (void)token;
    return nr_sim_assembly_name(sim, module, out, capacity);
}

static int path_text(const nr_sim *sim, uintptr_t module, uint32_t token, char *out, size_t capacity)
{
    (void)token;
    return nr_sim_module_path(sim, module, out, capacity);
}

static int clr_meaning(lua_State *L)
{
    return push_text(L, nr_sim_meaning);
}
static int clr_type_name(lua_State *L)
{
    return push_text(L, nr_sim_type_name);
}
static int clr_method_name(lua_State *L)
{
    return push_text(L, nr_sim_method_name);
}
static int clr_assembly_name(lua_State *L)
{
    return push_text(L, assembly_text);
}
static int clr_path(lua_State *L)
{
    return push_text(L, path_text);
}

static int clr_rows(lua_State *L)
{
    return push_number(L, nr_sim_rows(sim_of(L), nr_lua_check_id(L, 2), (unsigned)luaL_checkinteger(L, 3)));
}

static int clr_declaring_type(lua_State *L)
{
    return push_number(L, nr_sim_declaring_type(sim_of(L), nr_lua_check_id(L, 2), check_token(L, 3)));
}

/* find(module, type, method?, nth = 1): token or nil */
static int clr_find(lua_State *L)
{
    uint32_t token = nr_sim_find(sim_of(L), nr_lua_check_id(L, 2), luaL_checkstring(L, 3), luaL_optstring(L, 4, NULL),
                                 (unsigned)luaL_optinteger(L, 5, 1) - 1);
    return token ? push_number(L, token) : 0;
}

static int clr_signature(lua_State *L)
{
    const uint8_t *p;
    size_t n;
    if (!nr_sim_signature(sim_of(L), nr_lua_check_id(L, 2), check_token(L, 3), &p, &n)) return 0;
    lua_pushlstring(L, (const char *)p, n);
    return 1;
}

static int clr_event_count(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)nr_lua_events_count(value_of(L, 1)->events));
    return 1;
}

/* events(first = 0): those that came after the first `first` ones */
static int clr_events(lua_State *L)
{
    nr_lua_events_push(L, value_of(L, 1)->events, (size_t)luaL_optinteger(L, 2, 0));
    return 1;
}

/* ---- the rest ------------------------------------------------------------------------------------------- */

static int set_env(lua_State *L)
{
    size_t n = 0;
    const char *name = luaL_checkstring(L, 1), *p = luaL_optlstring(L, 2, NULL, &n);
    return nr_os_set_env(name, (nr_str){p, n}) ? 0 : luaL_error(L, "%s cannot be set", name);
}

/* files(directory, suffix): paths below it, in order */
static int list_files(lua_State *L)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_buf list = NR_BUF_INIT;
    bool ok = nr_files_collect(&arena, nr_str_of(luaL_checkstring(L, 1)), nr_str_of(luaL_checkstring(L, 2)), &list);
    lua_newtable(L);
    for (size_t i = 0; ok && i < list.size / sizeof(nr_str); i++) {
        nr_str path;
        memcpy(&path, list.data + i * sizeof path, sizeof path);
        lua_pushlstring(L, path.p, path.n);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    nr_buf_free(&list);
    nr_arena_free(&arena);
    return 1;
}

static int make_directory(lua_State *L)
{
    return push_bool(L, nr_os_make_directory(nr_str_of(luaL_checkstring(L, 1))));
}

static int current_directory(lua_State *L)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_str path = nr_os_current_directory(&arena);
    lua_pushlstring(L, path.p ? path.p : ".", path.p ? path.n : 1);
    nr_arena_free(&arena);
    return 1;
}

static int enter_directory(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    return nr_os_enter_directory(nr_str_of(path)) ? 0 : luaL_error(L, "%s cannot be entered", path);
}

static void set_default_library(lua_State *L)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_str here = nr_files_directory_of(nr_os_process_path(&arena));
    lua_pushlstring(L, here.p, here.n);
    lua_pushstring(L, NR_OS_SEPARATOR);
    lua_pushstring(L, NR_OS_WINDOWS ? "NewRelic.Profiler.dll" : "libNewRelicProfiler.so");
    lua_concat(L, 3);
    lua_setfield(L, -2, "default_library");
    nr_arena_free(&arena);
}

int nr_lua_open_clr(lua_State *L)
{
    static const luaL_Reg methods[] = {{"close", clr_close},
                                       {"message", clr_message},
                                       {"attach", clr_attach},
                                       {"load_library", clr_load_library},
                                       {"attached", clr_attached},
                                       {"exports", clr_exports},
                                       {"call", nr_lua_clr_call},
                                       {"shutdown", clr_shutdown},
                                       {"mask", clr_mask},
                                       {"load", clr_load},
                                       {"load_bytes", clr_load_bytes},
                                       {"unload", clr_unload},
                                       {"modules", clr_modules},
                                       {"jit", clr_jit},
                                       {"jit_all", clr_jit_all},
                                       {"jit_pending", clr_jit_pending},
                                       {"inline", nr_lua_clr_inline},
                                       {"precompiled", nr_lua_clr_precompiled},
                                       {"inlined", nr_lua_clr_inlined},
                                       {"inlined_more", nr_lua_clr_inlined_more},
                                       {"il", clr_il},
                                       {"give", clr_give},
                                       {"function_id", clr_function_id},
                                       {"method_flags", clr_method_flags},
                                       {"thread", clr_thread},
                                       {"thread_stack", clr_thread_stack},
                                       {"thread_end", clr_thread_end},
                                       {"suspended", clr_suspended},
                                       {"fail", clr_fail},
                                       {"fail_none", clr_fail_none},
                                       {"fail_any", nr_lua_clr_fail_any},
                                       {"failed", nr_lua_clr_failed},
                                       {"calls", clr_calls},
                                       {"references", clr_references},
                                       {"call_slots", clr_call_slots},
                                       {"unimplemented", clr_unimplemented},
                                       {"meaning", clr_meaning},
                                       {"type_name", clr_type_name},
                                       {"method_name", clr_method_name},
                                       {"assembly_name", clr_assembly_name},
                                       {"path", clr_path},
                                       {"rows", clr_rows},
                                       {"declaring_type", clr_declaring_type},
                                       {"find", clr_find},
                                       {"signature", clr_signature},
                                       {"event_count", clr_event_count},
                                       {"events", clr_events},
                                       {NULL, NULL}};
    static const luaL_Reg functions[] = {{"new", clr_new},
                                         {"parts", nr_lua_clr_parts},
                                         {"verify", nr_lua_clr_verify},
                                         {"disassemble", nr_lua_clr_disassemble},
                                         {"isolate", nr_lua_clr_isolate},
                                         {"setenv", set_env},
                                         {"getenv", nr_lua_clr_getenv},
                                         {"files", list_files},
                                         {"make_directory", make_directory},
                                         {"current_directory", current_directory},
                                         {"enter_directory", enter_directory},
                                         {NULL, NULL}};
    luaL_newmetatable(L, type_name);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, clr_close);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
    luaL_newlib(L, functions);
    set_default_library(L);
    return 1;
}
