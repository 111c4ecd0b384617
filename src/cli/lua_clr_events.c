/* lua_clr_events.c - the events of a simulated CLR, kept for Lua. */
#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "cli/lua_clr.h"

#include <lauxlib.h>
#include <string.h>

struct nr_lua_events {
    nr_arena arena;
    nr_buf list; /* nr_sim_event[], what they point to in the arena */
    bool failed;
};

static const char *keep_text(nr_lua_events *e, const char *z)
{
    nr_str s = z ? nr_arena_str(&e->arena, nr_str_of(z)) : (nr_str){NULL, 0};
    if (z && !s.p) e->failed = true;
    return s.p;
}

static const void *keep(nr_lua_events *e, const void *p, size_t size)
{
    void *copy = p ? nr_arena_copy(&e->arena, p, size) : NULL;
    if (p && !copy) e->failed = true;
    return copy;
}

static void sink(void *self, const nr_sim_event *event)
{
    nr_lua_events *e = self;
    nr_sim_event copy = *event;
    copy.callback = keep_text(e, event->callback);
    copy.name = keep_text(e, event->name);
    copy.args = keep_text(e, event->args);
    copy.bytes = keep(e, event->bytes, event->size);
    copy.modules = keep(e, event->modules, event->count * sizeof *event->modules);
    copy.tokens = keep(e, event->tokens, event->count * sizeof *event->tokens);
    nr_buf_put(&e->list, &copy, sizeof copy);
    if (e->list.failed) e->failed = true;
}

nr_lua_events *nr_lua_events_new(nr_sim *sim)
{
    nr_lua_events *e = nr_zalloc(sizeof *e);
    if (e) nr_sim_set_sink(sim, sink, e);
    return e;
}

void nr_lua_events_free(nr_lua_events *e)
{
    if (!e) return;
    nr_buf_free(&e->list);
    nr_arena_free(&e->arena);
    nr_free(e, sizeof *e);
}

size_t nr_lua_events_count(const nr_lua_events *e)
{
    return e->list.size / sizeof(nr_sim_event);
}

static void set_number(lua_State *L, const char *name, uintptr_t v)
{
    if (!v) return;
    lua_pushinteger(L, (lua_Integer)v);
    lua_setfield(L, -2, name);
}

static void set_text(lua_State *L, const char *name, const char *z)
{
    if (!z || !*z) return;
    lua_pushstring(L, z);
    lua_setfield(L, -2, name);
}

static void push_event(lua_State *L, const nr_sim_event *e)
{
    lua_createtable(L, 0, 10);
    set_text(L, "kind", nr_sim_event_name(e->kind));
    nr_lua_push_hr(L, e->hr);
    lua_setfield(L, -2, "hr");
    set_text(L, "callback", e->callback);
    set_number(L, "during", e->in);
    set_number(L, "module", e->module);
    set_number(L, "method", e->method);
    set_text(L, "name", e->name);
    set_text(L, "args", e->args);
    set_number(L, "token", e->token);
    set_number(L, "low", e->low);
    set_number(L, "high", e->high);
    set_number(L, "count", e->count);
    if (e->bytes) {
        lua_pushlstring(L, (const char *)e->bytes, e->size);
        lua_setfield(L, -2, "bytes");
    }
    if (!e->modules || !e->tokens) return;
    lua_createtable(L, (int)e->count, 0);
    for (uint32_t i = 0; i < e->count; i++) {
        lua_createtable(L, 0, 2);
        set_number(L, "module", e->modules[i]);
        set_number(L, "token", e->tokens[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "methods");
}

void nr_lua_events_push(lua_State *L, const nr_lua_events *e, size_t first)
{
    if (e->failed) luaL_error(L, "out of memory: events were lost");
    lua_newtable(L);
    for (size_t i = first, n = nr_lua_events_count(e); i < n; i++) {
        nr_sim_event event;
        memcpy(&event, e->list.data + i * sizeof event, sizeof event);
        push_event(L, &event);
        lua_rawseti(L, -2, (lua_Integer)(i - first) + 1);
    }
}
