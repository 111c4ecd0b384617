/* lua_clr.h - the module `nr.clr` of test files: the simulated CLR, method bodies, and processes of their own.
 *
 * The bare functions; lua/nrprof/scenario.lua makes the sentences of a test plan of them (docs/scenarios.md). Results
 * (HRESULTs) and ids are integers, results without sign; bytes are strings. */
#ifndef NR_CLI_LUA_CLR_H
#define NR_CLI_LUA_CLR_H

#include "nrsim.h"

#include <lua.h>

/* Opens the module (a lua_CFunction for luaL_requiref). */
int nr_lua_open_clr(lua_State *L);

/* ---- between the files of the module ---- */

/* The CLR at a stack index; an error when it is closed or something else. */
nr_sim *nr_lua_check_clr(lua_State *L, int index);
void nr_lua_push_hr(lua_State *L, int32_t hr);
uintptr_t nr_lua_check_id(lua_State *L, int index);
/* call(clr, name, …): calls a function that the library exports (nrprof_agent.h). */
int nr_lua_clr_call(lua_State *L);
/* inline(clr, module, caller, callee): result, may it be inlined; precompiled(clr, module, method): result, may the image's code
 * run; inlined(clr, in, caller, module, callee): a row of the list of an image;
 * inlined_more(clr, in): that list is not whole. */
int nr_lua_clr_inline(lua_State *L);
int nr_lua_clr_precompiled(lua_State *L);
int nr_lua_clr_inlined(lua_State *L);
int nr_lua_clr_inlined_more(lua_State *L);
/* parts(body): a method body taken apart; nil and why when it has no header or is shorter than its code. */
int nr_lua_clr_parts(lua_State *L);
/* verify(body, clr?, module?, method token?): verdict and fault as il/verify.h names them, the fault in words, its offset and
 * the second one (nil: none). Without a CLR no signature is known. */
int nr_lua_clr_verify(lua_State *L);
int nr_lua_clr_fail_any(lua_State *L); /* lua_clr_verify.c */
int nr_lua_clr_failed(lua_State *L);
/* disassemble(body, clr?, module?) */
int nr_lua_clr_disassemble(lua_State *L);
/* isolate { run = function, arguments = {…}, out = path, err = path, seconds = n }: "exited", "crashed", "timed out" or
 * "not started"; the exit code, signal or error number; the signal's name. */
int nr_lua_clr_getenv(lua_State *L);
int nr_lua_clr_isolate(lua_State *L);

/* Events as they come in; Lua tables of them are made afterwards, so that nothing of Lua runs inside a callback. */
typedef struct nr_lua_events nr_lua_events;
nr_lua_events *nr_lua_events_new(nr_sim *sim);
void nr_lua_events_free(nr_lua_events *e);
size_t nr_lua_events_count(const nr_lua_events *e);
/* Pushes the list of the events from index `first` (0-based) on. */
void nr_lua_events_push(lua_State *L, const nr_lua_events *e, size_t first);

#endif
