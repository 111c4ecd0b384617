/* lua_process.h - the module `nr.process`: one other program, and what it writes to its error stream. */
#ifndef NR_CLI_LUA_PROCESS_H
#define NR_CLI_LUA_PROCESS_H

#include <lua.h>

/* Opens the module (a lua_CFunction for luaL_requiref). */
int nr_lua_open_process(lua_State *L);

#endif
