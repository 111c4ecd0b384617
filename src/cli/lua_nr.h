/* lua_nr.h - the module `nr` of test files: the script room as it is in the library. docs/cli.md describes it. */
#ifndef NR_CLI_LUA_NR_H
#define NR_CLI_LUA_NR_H

#include "base/str.h"

#include <lua.h>
#include <stdbool.h>

/* Opens the module (a lua_CFunction for luaL_requiref). */
int nr_lua_open_nr(lua_State *L);
/* A directory of this run for homes and logs, made at its first use; p == NULL: it cannot be made. */
nr_str nr_lua_scratch(void);
/* Removes it. */
void nr_lua_clean_up(void);

/* A field of the table on top of the stack. A text with p == NULL is left out. */
void nr_lua_set_str(lua_State *L, const char *name, nr_str s);
void nr_lua_set_bool(lua_State *L, const char *name, bool v);

#endif
