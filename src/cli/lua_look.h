/* lua_look.h - the module `nr.look`: what the profiler decides about a method, and why, by asking the profiler itself.
 *
 * The code of the library is linked into this program and attached to a simulated CLR in it; its generation and the steps of its
 * decision can be looked at from here. Nothing of them is done a second time. lua/nrprof/tool_*.lua makes the sentences. */
#ifndef NR_CLI_LUA_LOOK_H
#define NR_CLI_LUA_LOOK_H

#include "rules/ruleset.h"

#include <lua.h>

/* Opens the module (a lua_CFunction for luaL_requiref). */
int nr_lua_open_look(lua_State *L);
/* Pushes a point as a table: assembly, class, method, parameters, min, max, factory, metric, flags, template, where, file, line. */
void nr_lua_push_point(lua_State *L, const nr_point *p);

#endif
