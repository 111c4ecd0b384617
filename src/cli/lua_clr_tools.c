/* lua_clr_tools.c - method bodies and processes for Lua. */
#include "base/buf.h"
#include "cli/lua_clr.h"
#include "il/disasm.h"
#include "il/parts.h"
#include "os/isolate.h"
#include "os/os.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

static void set_number(lua_State *L, const char *name, lua_Integer v)
{
    lua_pushinteger(L, v);
    lua_setfield(L, -2, name);
}

static void push_clause(lua_State *L, const nr_eh_clause *c)
{
    lua_createtable(L, 0, 6);
    set_number(L, "flags", c->flags);
    set_number(L, "try", c->try_offset);
    set_number(L, "try_length", c->try_length);
    set_number(L, "handler", c->handler_offset);
    set_number(L, "handler_length", c->handler_length);
    set_number(L, "token", c->token_or_filter);
}

int nr_lua_clr_parts(lua_State *L)
{
    size_t n;
    const uint8_t *body = (const uint8_t *)luaL_checklstring(L, 1, &n);
    nr_arena arena = NR_ARENA_INIT;
    nr_body_parts parts;
    nr_il_error error = nr_body_parse(&arena, body, n, &parts), code_error = NR_IL_OK;
    if (error != NR_IL_OK) code_error = nr_body_parse_code(body, n, &parts);
    if (code_error != NR_IL_OK) {
        nr_arena_free(&arena);
        lua_pushnil(L);
        lua_pushstring(L, nr_il_error_text(code_error));
        return 2;
    }
    lua_createtable(L, 0, 10);
    lua_pushboolean(L, parts.tiny);
    lua_setfield(L, -2, "tiny");
    lua_pushlstring(L, (const char *)parts.header, parts.header_size);
    lua_setfield(L, -2, "header");
    set_number(L, "flags", parts.flags);
    set_number(L, "max_stack", parts.max_stack);
    set_number(L, "locals_token", parts.local_var_sig);
    lua_pushlstring(L, (const char *)parts.code, parts.code_size);
    lua_setfield(L, -2, "code");
    set_number(L, "size", (lua_Integer)parts.size);
    lua_newtable(L);
    lua_newtable(L);
    lua_Integer clauses = 0;
    for (size_t s = 0; error == NR_IL_OK && s < parts.section_count; s++) {
        const nr_body_section *section = &parts.sections[s];
        lua_pushlstring(L, (const char *)section->bytes, section->size);
        lua_rawseti(L, -3, (lua_Integer)s + 1);
        for (uint32_t i = 0; i < section->clause_count; i++) {
            nr_eh_clause c = nr_body_section_clause(section, i);
            push_clause(L, &c);
            lua_rawseti(L, -2, ++clauses);
        }
    }
    lua_setfield(L, -3, "clauses");
    lua_setfield(L, -2, "sections");
    if (error != NR_IL_OK) {
        lua_pushstring(L, nr_il_error_text(error));
        lua_setfield(L, -2, "damage");
    }
    nr_arena_free(&arena);
    return 1;
}

typedef struct names {
    const nr_sim *sim;
    uintptr_t module;
} names;

static void name(void *context, uint32_t token, nr_buf *out)
{
    const names *x = context;
    int n = nr_sim_meaning(x->sim, x->module, token, NULL, 0);
    uint8_t *p = n > 0 ? nr_buf_extend(out, (size_t)n + 1) : NULL;
    if (!p) return;
    nr_sim_meaning(x->sim, x->module, token, (char *)p, (size_t)n + 1);
    out->size--; /* the NUL */
}

int nr_lua_clr_disassemble(lua_State *L)
{
    size_t n;
    const uint8_t *body = (const uint8_t *)luaL_checklstring(L, 1, &n);
    names x = {NULL, 0};
    nr_buf text = NR_BUF_INIT;
    if (!lua_isnoneornil(L, 2)) {
        x.sim = nr_lua_check_clr(L, 2);
        x.module = nr_lua_check_id(L, 3);
    }
    nr_disasm(&text, body, n, x.sim ? name : NULL, &x);
    lua_pushlstring(L, text.size ? (const char *)text.data : "", text.size);
    nr_buf_free(&text);
    return 1;
}

/* os.getenv gives text in the code page on Windows; this is UTF-8. */
int nr_lua_clr_getenv(lua_State *L)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_str value;
    if (nr_os_env(&arena, luaL_checkstring(L, 1), &value) && value.p)
        lua_pushlstring(L, value.p, value.n);
    else
        lua_pushnil(L);
    nr_arena_free(&arena);
    return 1;
}

/* ---- processes -------------------------------------------------------------------------------- */

static int run_body(void *self)
{
    lua_State *L = self;
    lua_getfield(L, 1, "run");
    if (lua_pcall(L, 0, 0, 0) == LUA_OK) return 0;
    fprintf(stderr, "%s\n", luaL_tolstring(L, -1, NULL));
    return 1;
}

static nr_str path_field(lua_State *L, const char *field)
{
    nr_str s = {NULL, 0};
    lua_getfield(L, 1, field);
    if (!lua_isnil(L, -1)) s.p = luaL_checklstring(L, -1, &s.n);
    return s; /* the text stays on the stack */
}

int nr_lua_clr_isolate(lua_State *L)
{
    static const char *const ends[] = {"not started", "exited", "crashed", "timed out"};
    enum { MOST_ARGUMENTS = 8 };
    nr_str arguments[MOST_ARGUMENTS];
    nr_os_child child;
    int code = 0;
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    memset(&child, 0, sizeof child);
    child.body = run_body;
    child.self = L;
    child.out = path_field(L, "out");
    child.err = path_field(L, "err");
    lua_getfield(L, 1, "seconds");
    child.timeout_ms = (unsigned)(luaL_optnumber(L, -1, 30) * 1000);
    lua_getfield(L, 1, "arguments");
    while (lua_istable(L, 4 + 1) && child.argument_count < MOST_ARGUMENTS) {
        if (lua_rawgeti(L, 5, (lua_Integer)child.argument_count + 1) == LUA_TNIL) break;
        arguments[child.argument_count].p = luaL_checklstring(L, -1, &arguments[child.argument_count].n);
        child.argument_count++;
    }
    child.arguments = arguments;
    fflush(NULL);
    nr_os_end end = nr_os_isolate(&child, &code);
    lua_pushstring(L, ends[end]);
    lua_pushinteger(L, code);
    lua_pushstring(L, end == NR_OS_SIGNALLED ? nr_os_signal_name(code) : NULL);
    return 3;
}
