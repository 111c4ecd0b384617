#include "cli/lua_tool.h"

#include "cli/lua_clr.h"
#include "cli/lua_look.h"
#include "cli/lua_nr.h"
#include "cli/lua_process.h"
#include "script/embedded.h"

#include <lauxlib.h>
#include <lualib.h>
#include <string.h>

/* package.searchers: modules that are compiled in, "luaunit" and those of lua/. */
static int search_embedded(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    const nr_embedded *e = nr_embedded_tool_files;
    const char *path = lua_pushfstring(L, "%s.lua", name);
    while (e->name && strcmp(e->name, path) != 0) e++;
    if (!e->name) {
        path = luaL_gsub(L, name, ".", "/");
        path = lua_pushfstring(L, "lua/%s.lua", path);
        e = nr_embedded_files;
        while (e->name && strcmp(e->name, path) != 0) e++;
    }
    if (!e->name) return lua_pushfstring(L, "no file '%s' in this program", path), 1;
    if (luaL_loadbufferx(L, (const char *)e->data, e->size, lua_pushfstring(L, "=%s", path), "t") != LUA_OK)
        return lua_error(L);
    lua_pushstring(L, path);
    return 2;
}

void nr_lua_open_tool(lua_State *L)
{
    luaL_openlibs(L);
    luaL_requiref(L, "nr.clr", nr_lua_open_clr, 0);
    luaL_requiref(L, "nr.look", nr_lua_open_look, 0);
    luaL_requiref(L, "nr", nr_lua_open_nr, 0);
    luaL_requiref(L, "nr.process", nr_lua_open_process, 0);
    lua_pop(L, 4);
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "searchers");
    lua_pushcfunction(L, search_embedded);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    lua_pop(L, 2);
}

/* ---- commands -------------------------------------------------------------------------------------------- */

typedef struct command_run {
    nr_cli *cli;
    const nr_command *command;
    const nr_args *args;
    const char *module, *name;
    int code;
} command_run;

static command_run *run_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

static int write_out(lua_State *L)
{
    size_t n;
    const char *text = luaL_checklstring(L, 1, &n);
    fwrite(text, 1, n, run_of(L)->cli->out);
    return 0;
}

static int write_err(lua_State *L)
{
    command_run *r = run_of(L);
    size_t n;
    const char *text = luaL_checklstring(L, 1, &n);
    fflush(r->cli->out);
    fwrite(text, 1, n, r->cli->err);
    return 0;
}

static int complain(lua_State *L)
{
    nr_cli_error(run_of(L)->cli, "%s", luaL_checkstring(L, 1));
    return 0;
}

static int usage(lua_State *L)
{
    command_run *r = run_of(L);
    lua_pushinteger(L, nr_cli_usage(r->cli, r->command, "%s", luaL_checkstring(L, 1)));
    return 1;
}

static int flush(lua_State *L)
{
    fflush(run_of(L)->cli->out);
    return 0;
}

/* nrprof(word, …): another command of this program; its exit code. */
static int other_command(lua_State *L)
{
    command_run *r = run_of(L);
    int count = lua_gettop(L);
    char **argv = lua_newuserdatauv(L, sizeof *argv * (size_t)(count + 2), 0);
    static char name[] = "nrprof";
    argv[0] = name;
    for (int i = 1; i <= count; i++) {
        size_t n;
        const char *word = luaL_checklstring(L, i, &n);
        argv[i] = lua_newuserdatauv(L, n + 1, 0); /* stays on the stack */
        memcpy(argv[i], word, n + 1);
        luaL_checkstack(L, 2, NULL);
    }
    argv[count + 1] = NULL;
    lua_pushinteger(L, nr_cli_main(count + 1, argv, r->cli->out, r->cli->err));
    return 1;
}

static void push_options(lua_State *L, const command_run *r)
{
    lua_newtable(L);
    for (size_t i = 0; i < r->command->option_count; i++) {
        const nr_option *o = &r->command->options[i];
        if (!r->args->values[i]) continue;
        if (o->value)
            lua_pushstring(L, r->args->values[i]);
        else
            lua_pushboolean(L, 1);
        lua_setfield(L, -2, o->name);
    }
}

static int run_protected(lua_State *L)
{
    static const luaL_Reg functions[] = {{"write", write_out}, {"write_error", write_err}, {"complain", complain},
                                         {"usage", usage},     {"nrprof", other_command},  {"flush", flush},
                                         {NULL, NULL}};
    command_run *r = lua_touserdata(L, 1);
    nr_lua_open_tool(L);
    lua_getglobal(L, "require");
    lua_pushfstring(L, "nrprof.%s", r->module);
    lua_call(L, 1, 1);
    lua_getfield(L, -1, r->name);
    lua_newtable(L);
    lua_pushlightuserdata(L, r);
    luaL_setfuncs(L, functions, 1);
    push_options(L, r);
    lua_setfield(L, -2, "options");
    lua_createtable(L, (int)r->args->operand_count, 0);
    for (size_t i = 0; i < r->args->operand_count; i++) {
        lua_pushstring(L, r->args->operands[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "operands");
    lua_pushboolean(L, r->cli->json);
    lua_setfield(L, -2, "json");
    lua_pushboolean(L, r->cli->color);
    lua_setfield(L, -2, "color");
    lua_call(L, 1, 1);
    r->code = (int)luaL_checkinteger(L, -1);
    return 0;
}

/* An error that is a list of one text is what the user did wrong; anything else is a fault of this program. */
static int explain_error(lua_State *L)
{
    if (lua_istable(L, 1)) return 1;
    luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
    return 1;
}

int nr_lua_run_command(nr_cli *cli, const nr_command *command, const nr_args *args, const char *module,
                       const char *name)
{
    static unsigned depth; /* a command may run another, and has files of its own until it ends */
    command_run r = {cli, command, args, module, name, NR_EXIT_USAGE};
    lua_State *L = luaL_newstate();
    if (!L) return nr_cli_no_memory(cli);
    depth++;
    lua_pushcfunction(L, explain_error);
    lua_pushcfunction(L, run_protected);
    lua_pushlightuserdata(L, &r);
    if (lua_pcall(L, 1, 0, 1) != LUA_OK) {
        if (lua_istable(L, -1)) lua_rawgeti(L, -1, 1);
        nr_cli_error(cli, "%s", luaL_tolstring(L, -1, NULL));
        r.code = NR_EXIT_USAGE;
    }
    lua_close(L);
    if (--depth == 0) nr_lua_clean_up();
    return r.code;
}
