/* What a script may call.
 *
 * An allow-list: a name that is not in it does not exist. Left out on purpose: load and its kin and string.dump
 * (precompiled code can crash an interpreter), pcall (would catch the limits), metatables (would reach the string
 * metatable and with it every other script), coroutines, io, os, debug, random numbers. Pattern functions can take
 * time that the instruction count does not see, so the length of their subject is limited, the more so the more
 * repetitions a pattern has. */
#include "script/embedded.h"
#include "script/host.h"

#include <string.h>

enum { LONGEST_SUBJECT = 65536, MOST_COMPARISONS = 1000000000 };

static const char *const base_names[] = {"assert", "error",    "ipairs",   "next", "pairs",
                                         "select", "tonumber", "tostring", "type", NULL};
static const char *const string_names[] = {"byte",  "char",  "find", "format",  "gmatch", "gsub",  "len",
                                           "lower", "match", "rep",  "reverse", "sub",    "upper", NULL};
static const char *const table_names[] = {"concat", "insert", "move", "pack", "remove", "sort", "unpack", NULL};
static const char *const math_names[] = {"abs", "ceil",       "floor",     "huge", "maxinteger", "max",
                                         "min", "mininteger", "tointeger", "type", "ult",        NULL};
static const char *const utf8_names[] = {"char", "charpattern", "codepoint", "codes", "len", "offset", NULL};

/* Could matching take more than MOST_COMPARISONS? Every repetition may be tried at every length, and a pattern that is not
 * anchored at every start. */
static bool is_costly(const char *pattern, size_t length, size_t n)
{
    double steps = pattern[0] == '^' ? 1 : (double)n;
    for (size_t i = 0; i < length; i++) {
        if (pattern[i] == '*' || pattern[i] == '+' || pattern[i] == '-') steps *= (double)n;
    }
    return steps > MOST_COMPARISONS;
}

/* Calls the library function in upvalue 1 after a look at its subject and pattern. Upvalue 2: the fourth argument says
 * that there is no pattern (string.find). */
static int limited(lua_State *L)
{
    size_t n = 0, length = 0;
    luaL_checklstring(L, 1, &n);
    const char *pattern = luaL_checklstring(L, 2, &length);
    bool plain = lua_toboolean(L, lua_upvalueindex(2)) && lua_toboolean(L, 4);
    if (n > LONGEST_SUBJECT) return luaL_error(L, "text longer than %d bytes in a pattern function", LONGEST_SUBJECT);
    if (!plain && is_costly(pattern, length, n))
        return luaL_error(L, "pattern '%s' has too many repetitions for a text of %d bytes", pattern, (int)n);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

/* The same for a function that loops as often as its arguments say, whatever there is to be done: upvalue 2 is the
 * index of the last number, upvalue 3 of the first (0: it is 1). */
static int bounded(lua_State *L)
{
    int last = (int)lua_tointeger(L, lua_upvalueindex(2)), first = (int)lua_tointeger(L, lua_upvalueindex(3));
    lua_Integer from = first ? luaL_checkinteger(L, first) : 1, to = luaL_checkinteger(L, last);
    if (to > from && (lua_Unsigned)to - (lua_Unsigned)from >= NR_SCRIPT_MEMORY)
        return luaL_error(L, "more than %d repetitions", NR_SCRIPT_MEMORY);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

/* Bounds the member of the table on top. */
static void bound(lua_State *L, const char *name, int last, int first)
{
    lua_getfield(L, -1, name);
    lua_pushinteger(L, last);
    lua_pushinteger(L, first);
    lua_pushcclosure(L, bounded, 3);
    lua_setfield(L, -2, name);
}

/* Copies the named members of the table at `from` into the table on top. */
static void copy_names(lua_State *L, int from, const char *const *names)
{
    from = lua_absindex(L, from);
    for (; *names; names++) {
        lua_getfield(L, from, *names);
        lua_setfield(L, -2, *names);
    }
}

static int no_new_member(lua_State *L)
{
    return luaL_error(L, "'%s' belongs to all scripts and cannot be set", luaL_tolstring(L, 2, NULL));
}

/* Replaces the table on top by one through which it can be read only: what one file does to `string` or to a required
 * library must not be seen by another. */
static void make_read_only(lua_State *L)
{
    lua_newtable(L);
    lua_newtable(L);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, no_new_member);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_remove(L, -2);
}

/* Replaces the members of string that match patterns, in the library table itself: methods of strings
 * ("x"):find(…) look there. */
static void limit_patterns(lua_State *L)
{
    static const char *const names[] = {"find", "gmatch", "gsub", "match", NULL};
    for (const char *const *n = names; *n; n++) {
        lua_getfield(L, -1, *n);
        lua_pushboolean(L, !strcmp(*n, "find"));
        lua_pushcclosure(L, limited, 2);
        lua_setfield(L, -2, *n);
    }
    bound(L, "rep", 2, 0);
    lua_pushnil(L);
    lua_setfield(L, -2, "dump");
}

/* Opens a library and leaves its allowed members, to be read only, under `name` in the table on top. */
static void open_part(lua_State *L, const char *name, lua_CFunction open, const char *const *names)
{
    lua_pushcfunction(L, open);
    lua_call(L, 0, 1);
    if (names == string_names) limit_patterns(L);
    lua_newtable(L);
    copy_names(L, -2, names);
    if (names == table_names) bound(L, "move", 3, 2);
    make_read_only(L);
    lua_setfield(L, -3, name);
    lua_pop(L, 1);
}

static int module_missing(lua_State *L, const char *name)
{
    return luaL_error(L, "there is no library '%s' to require", name);
}

/* require "nrprof.shim": a library of the built-in files, loaded once. */
static int require_library(lua_State *L)
{
    nr_script *s = nr_script_of(L);
    const char *name = luaL_checkstring(L, 1);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, "nrprof.loaded");
    if (lua_getfield(L, -1, name) != LUA_TNIL) return 1;
    lua_pop(L, 1);
    const char *path = luaL_gsub(L, lua_pushfstring(L, "lua/%s.lua", name), ".", "/");
    /* The suffix went the way of the dots: "lua/nrprof/shim/lua". */
    size_t n = strlen(path);
    path = lua_pushfstring(L, "%s.lua", lua_pushlstring(L, path, n - 4));
    const nr_embedded *e = nr_embedded_files;
    while (e->name && strcmp(e->name, path) != 0) e++;
    if (!e->name) return module_missing(L, name);
    nr_str text = {(const char *)e->data, e->size};
    if (nr_sandbox_load(s, NR_FILE_TEMPLATE, text, lua_pushfstring(L, "=%s", name)) != LUA_OK) return lua_error(L);
    lua_call(L, 0, 1);
    if (lua_istable(L, -1)) make_read_only(L);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, "nrprof.loaded");
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
    return 1;
}

static int unknown_name(lua_State *L)
{
    return luaL_error(L, "nothing called '%s' here", luaL_tolstring(L, 2, NULL));
}

/* The __index of templates: a mnemonic becomes a verb when it is asked for, because there are two hundred and a template takes some twenty. */
static int verb_or_unknown_name(lua_State *L)
{
    if (lua_type(L, 2) != LUA_TSTRING || !nr_verbs_push(L, lua_tostring(L, 2))) return unknown_name(L);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, -2);
    lua_rawset(L, 1);
    return 1;
}

static int no_new_name(lua_State *L)
{
    return luaL_error(L, "global '%s' cannot be set in a script; say 'local %s'", luaL_tolstring(L, 2, NULL),
                      luaL_tolstring(L, 2, NULL));
}

/* Leaves a table with the names that all kinds of files share. */
static void open_common(lua_State *L)
{
    lua_newtable(L);
    lua_pushcfunction(L, luaopen_base);
    lua_call(L, 0, 1);
    lua_pushvalue(L, -2);
    copy_names(L, -2, base_names);
    lua_pop(L, 2);
    open_part(L, "string", luaopen_string, string_names);
    open_part(L, "table", luaopen_table, table_names);
    open_part(L, "math", luaopen_math, math_names);
    open_part(L, "utf8", luaopen_utf8, utf8_names);
}

void nr_sandbox_open(nr_script *s)
{
    lua_State *L = s->L;
    nr_xml_open(s);
    open_common(L);
    int common = lua_gettop(L);
    for (int env = 0; env < NR_FILE_COUNT; env++) {
        lua_newtable(L);
        for (lua_pushnil(L); lua_next(L, common); lua_pop(L, 1)) {
            lua_pushvalue(L, -2);
            lua_pushvalue(L, -2);
            lua_rawset(L, -5);
        }
        if (env == NR_FILE_TEMPLATE) {
            nr_verbs_open(s);
            lua_pushcfunction(L, nr_template_verb);
            lua_setfield(L, -2, "template");
            lua_pushcfunction(L, require_library);
            lua_setfield(L, -2, "require");
        } else if (env == NR_FILE_MAPPING || env == NR_FILE_LIBRARY) {
            nr_host_open(s);
        }
        lua_newtable(L);
        lua_pushcfunction(L, env == NR_FILE_TEMPLATE ? verb_or_unknown_name : unknown_name);
        lua_setfield(L, -2, "__index");
        lua_setmetatable(L, -2);
        s->environments[env] = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    lua_pop(L, 1);
}

int nr_sandbox_load(nr_script *s, nr_file_kind env, nr_str text, const char *name)
{
    lua_State *L = s->L;
    int status = luaL_loadbufferx(L, text.p, text.n, name, "t");
    if (status != LUA_OK) return status;
    lua_newtable(L);
    lua_newtable(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->environments[env]);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, no_new_name);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_setupvalue(L, -2, 1);
    return LUA_OK;
}
