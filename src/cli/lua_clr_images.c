/* lua_clr_images.c - inlining and precompiled code for Lua. */
#include "cli/lua_clr.h"

#include <lauxlib.h>

static uint32_t token_at(lua_State *L, int index)
{
    return (uint32_t)luaL_checkinteger(L, index);
}

static int answer(lua_State *L, int32_t hr, bool yes)
{
    nr_lua_push_hr(L, hr);
    lua_pushboolean(L, yes);
    return 2;
}

int nr_lua_clr_inline(lua_State *L)
{
    bool inlined = false;
    int32_t hr = nr_sim_inline(nr_lua_check_clr(L, 1), nr_lua_check_id(L, 2), token_at(L, 3), token_at(L, 4), &inlined);
    return answer(L, hr, inlined);
}

int nr_lua_clr_precompiled(lua_State *L)
{
    bool used = false;
    int32_t hr = nr_sim_precompiled(nr_lua_check_clr(L, 1), nr_lua_check_id(L, 2), token_at(L, 3), &used);
    return answer(L, hr, used);
}

int nr_lua_clr_inlined_more(lua_State *L)
{
    lua_pushboolean(L, nr_sim_inlined_more(nr_lua_check_clr(L, 1), nr_lua_check_id(L, 2)));
    return 1;
}

int nr_lua_clr_inlined(lua_State *L)
{
    lua_pushboolean(L, nr_sim_inlined(nr_lua_check_clr(L, 1), nr_lua_check_id(L, 2), token_at(L, 3),
                                      nr_lua_check_id(L, 4), token_at(L, 5)));
    return 1;
}
