#include "cli/lua_process.h"

#include "base/arena.h"
#include "os/os.h"
#include "os/spawn.h"

#include <lauxlib.h>
#include <stdio.h>

/* One at a time (spawn.h). */
static nr_os_program program;
static bool started;

/* start(words, pipe_errors): false when there is no such program. */
static int process_start(lua_State *L)
{
    nr_arena arena = NR_ARENA_INIT;
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argcheck(L, !started, 1, "one program at a time");
    size_t count = (size_t)lua_rawlen(L, 1);
    nr_str *words = nr_arena_zalloc(&arena, count + 1, sizeof *words);
    for (size_t i = 0; words && i < count; i++) { /* the table keeps the texts */
        lua_rawgeti(L, 1, (lua_Integer)i + 1);
        words[i].p = lua_tolstring(L, -1, &words[i].n);
        lua_pop(L, 1);
    }
    fflush(NULL);
    started = words && nr_os_program_start(&program, words, count, lua_toboolean(L, 2));
    nr_arena_free(&arena);
    lua_pushboolean(L, started);
    return 1;
}

/* read(): some bytes; nil at the end. */
static int process_read(lua_State *L)
{
    char bytes[8192];
    size_t n = started ? nr_os_program_read(&program, bytes, sizeof bytes) : 0;
    if (!n) return 0;
    lua_pushlstring(L, bytes, n);
    return 1;
}

/* wait(): the exit code. */
static int process_wait(lua_State *L)
{
    if (!started) return 0;
    lua_pushinteger(L, nr_os_program_wait(&program));
    started = false;
    return 1;
}

/* now(): nanoseconds on the clock that Stopwatch uses. */
static int process_now(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)nr_os_monotonic_ns());
    return 1;
}

int nr_lua_open_process(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"start", process_start}, {"read", process_read}, {"wait", process_wait}, {"now", process_now}, {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
