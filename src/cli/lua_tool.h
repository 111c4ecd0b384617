/* lua_tool.h - commands of nrprof that are written in Lua (lua/nrprof/tool_*.lua), and the state they and test files run in. */
#ifndef NR_CLI_LUA_TOOL_H
#define NR_CLI_LUA_TOOL_H

#include "cli/cli.h"

#include <lua.h>

/* All libraries of Lua, the modules `nr`, `nr.clr`, `nr.look` and `nr.process`, and `require` for what is compiled in. Raises Lua errors. */
void nr_lua_open_tool(lua_State *L);

/* Runs function `name` of the module nrprof.`module` with one table: what it was told (options by name, operands) and how to
 * answer (write, complain, usage, nrprof). The function's result is the exit code. */
int nr_lua_run_command(nr_cli *cli, const nr_command *command, const nr_args *args, const char *module, const char *name);

#endif
