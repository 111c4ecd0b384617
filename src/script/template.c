/* Templates: the verb that registers one, and their blobs. */
#include "base/log.h"
#include "script/host.h"

#include <string.h>

static const char *const fields[] = {"name", "reference", "about", "locals", "max_stack", "rets",
                                     "tiny", "method",    "entry", "body",   NULL};

static bool is_one_of(const char *name, const char *const *list)
{
    for (; *list; list++) {
        if (!strcmp(name, *list)) return true;
    }
    return false;
}

/* Every key of the table at `index` must be a text out of `known`. */
static void check_fields(lua_State *L, int index, const char *const *known, const char *what)
{
    index = lua_absindex(L, index);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || !is_one_of(lua_tostring(L, -2), known))
            luaL_error(L, "unknown field '%s' in %s", luaL_tolstring(L, -2, NULL), what);
    }
}

static nr_str text_field(nr_script *s, int index, const char *name, bool required)
{
    lua_State *L = s->L;
    nr_str text = {NULL, 0};
    int type = lua_getfield(L, index, name);
    if (type == LUA_TSTRING)
        text = nr_script_string(s, -1, false);
    else if (type != LUA_TNIL || required)
        luaL_error(L, "template: field '%s' must be a text", name);
    lua_pop(L, 1);
    return text;
}

/* locals = { { "name", "type" }, … }: a list, because their order is the order of their numbers. */
static void read_locals(nr_script *s, nr_template *t, int index)
{
    lua_State *L = s->L;
    if (lua_getfield(L, index, "locals") == LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    luaL_argcheck(L, lua_istable(L, -1), 1, "field 'locals' must be a list of { name, type }");
    size_t n = (size_t)lua_rawlen(L, -1);
    if (n > 1000) luaL_error(L, "template: more than 1000 locals");
    nr_blob_local *locals = nr_arena_zalloc(&s->arena, n, sizeof *locals);
    if (!locals) nr_script_no_memory(L);
    for (size_t i = 0; i < n; i++) {
        if (lua_rawgeti(L, -1, (lua_Integer)i + 1) != LUA_TTABLE || lua_rawgeti(L, -1, 1) != LUA_TSTRING ||
            lua_rawgeti(L, -2, 2) != LUA_TSTRING)
            luaL_error(L, "template: local %d must be { name, type }", (int)i + 1);
        locals[i].name = nr_script_string(s, -2, false);
        nr_str type = nr_script_string(s, -1, false);
        if (!nr_str_is(type, "$return")) {
            const char *why = NULL;
            locals[i].type = nr_text_parse(&s->arena, type, &why);
            if (!locals[i].type || nr_text_is_method(locals[i].type) || nr_text_is_field(locals[i].type))
                luaL_error(L, "template: '%s' is no type: %s", type.p, why ? why : "it is a method or field");
        }
        lua_pop(L, 3);
    }
    lua_pop(L, 1);
    t->locals = locals;
    t->local_count = n;
}

static uint16_t stack_field(lua_State *L, const char *name, bool *present)
{
    lua_Integer v = 0;
    if (lua_getfield(L, -1, name) != LUA_TNIL) {
        if (!lua_isinteger(L, -1) || (v = lua_tointeger(L, -1)) < 0 || v > 0xFFFF)
            luaL_error(L, "template: max_stack.%s must be a number from 0 to 65535", name);
        if (present) *present = true;
    }
    lua_pop(L, 1);
    return (uint16_t)v;
}

/* What own templates have when they do not say: as much as a tiny header stands for (II.25.4.2). */
enum { DEFAULT_STACK = 8 };

static void read_max_stack(lua_State *L, nr_template *t, int index)
{
    static const char *const known[] = {"at_least", "over_arguments", "exactly", NULL};
    int type = lua_getfield(L, index, "max_stack");
    if (type == LUA_TTABLE) {
        check_fields(L, -1, known, "max_stack");
        t->stack_at_least = stack_field(L, "at_least", NULL);
        t->stack_over_arguments = stack_field(L, "over_arguments", NULL);
        uint16_t exactly = stack_field(L, "exactly", &t->stack_exact);
        if (t->stack_exact) t->stack_at_least = exactly;
    } else if (type != LUA_TNIL) {
        luaL_error(L, "template: field 'max_stack' must be a table");
    } else if (nr_script_of(L)->from_home) {
        t->stack_at_least = DEFAULT_STACK;
    }
    lua_pop(L, 1);
}

static nr_prepare read_rets(lua_State *L, int index)
{
    static const char *const names[] = {"none", "all", "last", NULL};
    lua_getfield(L, index, "rets");
    const char *text = luaL_optstring(L, -1, "all");
    for (int i = 0; names[i]; i++) {
        if (!strcmp(text, names[i])) {
            lua_pop(L, 1);
            return (nr_prepare)i;
        }
    }
    return (nr_prepare)luaL_error(L, "template: field 'rets' must be \"all\", \"last\" or \"none\"");
}

/* method = "text of a method": one that is added to mscorlib, seen from outside ("[mscorlib]…") as it is
 * written, from inside with those marks taken out. */
static void read_method(nr_script *s, nr_template *t, int index)
{
    lua_State *L = s->L;
    const char *why = NULL;
    if (lua_getfield(L, index, "method") != LUA_TNIL) {
        nr_str outside = nr_script_string(s, -1, false);
        luaL_gsub(L, outside.p, "[mscorlib]", "");
        nr_str inside = nr_script_string(s, -1, false);
        t->outside = nr_text_parse(&s->arena, outside, &why);
        t->inside = t->outside ? nr_text_parse(&s->arena, inside, &why) : NULL;
        if (!t->inside || !nr_text_is_method(t->inside))
            luaL_error(L, "template: '%s' is no method: %s", outside.p, why ? why : "it is a type");
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* entry = { assembly, class, method, parameters, returns, instead }: texts, all of them. */
static void read_entry(nr_script *s, nr_template *t, int index)
{
    static const char *const known[] = {"assembly", "class", "method", "parameters", "returns", "instead", NULL};
    lua_State *L = s->L;
    int type = lua_getfield(L, index, "entry");
    if (type == LUA_TTABLE) {
        check_fields(L, -1, known, "entry");
        nr_template_entry *e = nr_arena_zalloc(&s->arena, 1, sizeof *e);
        if (!e) nr_script_no_memory(L);
        nr_str *const texts[] = {&e->assembly, &e->class_name, &e->method, &e->parameters, &e->returns, &e->instead};
        for (int i = 0; known[i]; i++) *texts[i] = text_field(s, lua_absindex(L, -1), known[i], true);
        if (nr_str_eq(e->instead, t->name))
            luaL_error(L, "template: the template '%s' cannot stand in for itself (entry, field 'instead')", t->name.p);
        e->file = s->file;
        e->line = (uint32_t)nr_script_line(L);
        t->entry = e;
    } else if (type != LUA_TNIL) {
        luaL_error(L, "template: field 'entry' must be a table");
    }
    lua_pop(L, 1);
}

int nr_template_verb(lua_State *L)
{
    nr_script *s = nr_script_of(L);
    if (s->sealed) return luaL_error(L, "a template can only be written while its file is loading");
    if (s->builder) return luaL_error(L, "a template inside the body of a template");
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    check_fields(L, 1, fields, "a template");
    nr_template *t = nr_arena_zalloc(&s->arena, 1, sizeof *t);
    if (!t) return nr_script_no_memory(L);
    t->name = text_field(s, 1, "name", true);
    text_field(s, 1, "reference", false);
    text_field(s, 1, "about", false);
    t->file = s->file;
    t->prepare = read_rets(L, 1);
    lua_getfield(L, 1, "tiny");
    t->tiny = lua_toboolean(L, -1);
    lua_pop(L, 1);
    read_max_stack(L, t, 1);
    read_locals(s, t, 1);
    read_method(s, t, 1);
    read_entry(s, t, 1);
    if (t->tiny && (t->local_count || t->prepare != NR_PREPARE_NONE))
        return luaL_error(L, "template: a tiny body has no locals and no original code (rets = \"none\")");
    if (lua_getfield(L, 1, "body") != LUA_TFUNCTION) return luaL_error(L, "template: field 'body' must be a function");
    t->body = luaL_ref(L, LUA_REGISTRYINDEX);
    /* In the order of the file: there are few. */
    nr_template *last = s->new_templates;
    while (last && atomic_load(&last->next)) last = atomic_load(&last->next);
    if (last)
        atomic_store(&last->next, t);
    else
        s->new_templates = t;
    return 0;
}
