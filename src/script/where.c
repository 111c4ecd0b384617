/* The functions of rules that are called for a method: `where` and `metric_name`. */
#include "base/log.h"
#include "script/host.h"

#include <string.h>

static const struct {
    const char *name;
    nr_fact_kind kind;
} facts[NR_FACT_COUNT] = {
#define X(id, name, kind) {name, NR_FACT_##kind},
    NR_FACTS(X)
#undef X
};

const char *nr_fact_name(nr_fact fact)
{
    return facts[fact].name;
}

nr_fact_kind nr_fact_kind_of(nr_fact fact)
{
    return facts[fact].kind;
}

static void push_text(lua_State *L, nr_str text)
{
    lua_pushlstring(L, text.p ? text.p : "", text.n);
}

/* { "A", "B", A = true, B = true }: to go through, and to ask. */
static void push_list(lua_State *L, const nr_fact_value *value)
{
    lua_createtable(L, (int)value->count, (int)value->count);
    for (size_t i = 0; i < value->count; i++) {
        push_text(L, value->list[i]);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, (lua_Integer)i + 1);
        lua_pushboolean(L, 1);
        lua_rawset(L, -3);
    }
}

/* m.name */
static int ask(lua_State *L)
{
    nr_script *s = nr_script_of(L);
    const char *name = luaL_checkstring(L, 2);
    unsigned fact = 0;
    while (fact < NR_FACT_COUNT && strcmp(facts[fact].name, name) != 0) fact++;
    if (fact == NR_FACT_COUNT) return luaL_error(L, "there is no fact 'm.%s'", name);
    if (!s->facts) return luaL_error(L, "a method can be asked only while its rule is tried");
    nr_fact_value value;
    memset(&value, 0, sizeof value);
    if (!s->facts->get(s->facts->self, (nr_fact)fact, &value)) return 0;
    switch (facts[fact].kind) {
    case NR_FACT_TEXT: push_text(L, value.text); break;
    case NR_FACT_NUMBER: lua_pushinteger(L, (lua_Integer)value.number); break;
    case NR_FACT_FLAG: lua_pushboolean(L, value.flag); break;
    case NR_FACT_LIST: push_list(L, &value); break;
    }
    return 1;
}

static int no_new_fact(lua_State *L)
{
    return luaL_error(L, "the facts of a method cannot be changed");
}

void nr_facts_open(nr_script *s)
{
    lua_State *L = s->L;
    lua_newtable(L);
    lua_newtable(L);
    lua_pushcfunction(L, ask);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, no_new_fact);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    s->method = luaL_ref(L, LUA_REGISTRYINDEX);
}

/* Calls the function whose reference is the argument with the method; its one result stays. */
static int call_protected(lua_State *L)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, lua_tointeger(L, 1));
    lua_rawgeti(L, LUA_REGISTRYINDEX, nr_script_of(L)->method);
    lua_call(L, 1, 1);
    return 1;
}

/* Under the lock, which the caller gives back after taking the result from the stack. */
static bool call(nr_script *s, int function, const nr_method_facts *about)
{
    nr_mutex_lock(&s->lock);
    nr_script_set_budget(s, NR_PREDICATE_INSTRUCTIONS);
    s->facts = about;
    lua_pushcfunction(s->L, call_protected);
    lua_pushinteger(s->L, function);
    bool ok = nr_script_pcall(s, 1, 1) == LUA_OK;
    s->facts = NULL;
    return ok;
}

static void end_call(nr_script *s)
{
    lua_settop(s->L, 0);
    nr_mutex_unlock(&s->lock);
}

nr_where_answer nr_script_where(nr_script *s, const nr_point *point, const nr_method_facts *about)
{
    nr_where_answer answer = NR_WHERE_NO;
    if (point->predicate == NR_NO_PREDICATE) return NR_WHERE_YES;
    if (call(s, point->predicate, about)) {
        if (lua_toboolean(s->L, -1)) answer = NR_WHERE_YES;
    } else {
        if (s->starved) answer = NR_WHERE_NO_MEMORY;
        s->file = point->file;
        nr_script_warn_skipped(s, "the rule does not match");
    }
    end_call(s);
    return answer;
}

bool nr_script_metric(nr_script *s, nr_arena *arena, const nr_point *point, const nr_method_facts *about,
                      nr_str *metric)
{
    bool named = false;
    if (point->namer == NR_NO_PREDICATE) return false;
    if (!call(s, point->namer, about)) {
        s->file = point->file;
        nr_script_warn_skipped(s, "the metric has its default name");
    } else if (lua_type(s->L, -1) == LUA_TSTRING) {
        size_t n;
        const char *p = lua_tolstring(s->L, -1, &n);
        *metric = nr_arena_str(arena, (nr_str){p, n});
        named = metric->p && n;
    } else if (!lua_isnil(s->L, -1)) {
        NR_LOG(NR_WARN, "%.*s:%u: metric_name gave a %s, not a text - the metric has its default name",
               NR_STR_ARG(point->file), point->line, luaL_typename(s->L, -1));
    }
    end_call(s);
    return named;
}
