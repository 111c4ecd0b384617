#include "cli/lua_look.h"

#include "base/log.h"
#include "cli/lua_nr.h"
#include "cli/session.h"
#include "clr/profiler.h"
#include "engine/method.h"
#include "engine/wide_rows.h"
#include "os/os.h"
#include "os/tool.h"

#include <lauxlib.h>
#include <string.h>

static const char type_name[] = "nrprof.look";

typedef struct look {
    nr_cli cli; /* its arena holds what the session has */
    nr_session session;
    nr_engine *engine; /* NULL: closed */
    nr_generation *generation;
    size_t log_read; /* bytes of the log that were given out */
} look;

static look *look_of(lua_State *L)
{
    look *l = luaL_checkudata(L, 1, type_name);
    if (!l->engine) luaL_error(L, "this look is closed");
    return l;
}

static void set_version(lua_State *L, const char *name, const nr_version *version)
{
    char text[24];
    lua_pushlstring(L, text, nr_version_print(version, text));
    lua_setfield(L, -2, name);
}

/* wide = { attribute, class_attribute, extends, implements, except }: what a rule asks for besides names. */
static void push_wide(lua_State *L, const nr_wide *wide)
{
    lua_createtable(L, 0, 5);
    nr_lua_set_str(L, "attribute", wide->attribute);
    nr_lua_set_str(L, "class_attribute", wide->class_attribute);
    nr_lua_set_str(L, "extends", wide->extends);
    nr_lua_set_str(L, "implements", wide->implements);
    nr_lua_set_bool(L, "except", wide->except != NULL);
    lua_setfield(L, -2, "wide");
}

void nr_lua_push_point(lua_State *L, const nr_point *p)
{
    lua_createtable(L, 0, 13);
    nr_lua_set_str(L, "assembly", p->assembly);
    nr_lua_set_str(L, "class", p->class_name);
    nr_lua_set_str(L, "method", p->method);
    if (p->has_parameters) nr_lua_set_str(L, "parameters", p->parameters.p ? p->parameters : NR_STR(""));
    if (p->has_min) set_version(L, "min", &p->min);
    if (p->has_max) set_version(L, "max", &p->max);
    nr_lua_set_str(L, "factory", p->factory);
    nr_lua_set_str(L, "metric", p->metric);
    lua_pushinteger(L, (lua_Integer)atomic_load(&((nr_point *)(uintptr_t)p)->flags));
    lua_setfield(L, -2, "flags");
    nr_lua_set_str(L, "template", p->template_name);
    nr_lua_set_bool(L, "where", p->predicate != NR_NO_PREDICATE);
    if (p->namer != NR_NO_PREDICATE) nr_lua_set_bool(L, "metric_function", true);
    if (p->wide) push_wide(L, p->wide);
    nr_lua_set_str(L, "file", p->file);
    lua_pushinteger(L, p->line);
    lua_setfield(L, -2, "line");
}

/* ---- begin and end ------------------------------------------------------------------------------------------- */

static int look_close(lua_State *L)
{
    look *l = luaL_checkudata(L, 1, type_name);
    if (l->cli.err) nr_session_end(&l->session);
    nr_arena_free(&l->cli.arena);
    memset(l, 0, sizeof *l);
    return 0;
}

static const char *field(lua_State *L, const char *name)
{
    lua_getfield(L, 1, name);
    const char *text = luaL_optstring(L, -1, NULL);
    lua_pop(L, 1); /* the table keeps it */
    return text;
}

/* look.open { home = DIR?, rules = DIR?, framework = bool? }: nil when it cannot, which has been said. */
static int look_open(lua_State *L)
{
    nr_session_options o;
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    memset(&o, 0, sizeof o);
    o.home = field(L, "home");
    o.rules = field(L, "rules");
    lua_getfield(L, 1, "framework");
    o.framework = lua_toboolean(L, -1);
    o.in_process = true;
    lua_pop(L, 1);
    look *l = lua_newuserdatauv(L, sizeof *l, 0);
    memset(l, 0, sizeof *l);
    luaL_setmetatable(L, type_name);
    l->cli.out = stdout;
    l->cli.err = stderr;
    nr_log_reset();
    if (nr_session_begin(&l->session, &l->cli, &o, NULL, NULL) != NR_EXIT_OK) return lua_pushnil(L), 1;
    nr_profiler *p = nr_profiler_current();
    l->engine = p ? atomic_load(&p->engine) : NULL;
    if (!l->engine) return luaL_error(L, "the profiler in this program has not started");
    l->generation = atomic_load(&l->engine->generation);
    return 1;
}

/* ---- rules --------------------------------------------------------------------------------------------------- */

static void push_points(lua_State *L, look *l, const nr_point *first)
{
    int count = 0;
    lua_newtable(L);
    for (const nr_point *p = first; p; p = p->next) {
        nr_lua_push_point(L, p);
        if (p->file.p) nr_lua_set_str(L, "file", nr_session_rule_path(&l->session, p->file));
        lua_pushlightuserdata(L, (void *)(uintptr_t)p);
        lua_setfield(L, -2, "id");
        lua_rawseti(L, -2, ++count);
    }
}

/* l:points(): the rules in force, in the order in which they count; `id` is a point's name for the other functions. */
static int look_points(lua_State *L)
{
    look *l = look_of(L);
    push_points(L, l, l->generation->set.first);
    return 1;
}

/* l:ignored(): those that an ignore list took out. */
static int look_ignored(lua_State *L)
{
    look *l = look_of(L);
    push_points(L, l, l->generation->set.ignored);
    return 1;
}

/* l:log(): the lines since the last call, as { level, text }. */
static int look_log(lua_State *L)
{
    look *l = look_of(L);
    nr_arena arena = NR_ARENA_INIT;
    nr_buf bytes = NR_BUF_INIT;
    nr_session_read_log(&l->session, &arena, &bytes);
    int count = 0;
    lua_newtable(L);
    for (size_t i = l->log_read < bytes.size ? l->log_read : bytes.size; i < bytes.size;) {
        enum { HEAD = 28 };
        const char *p = (const char *)bytes.data + i, *end = memchr(p, '\n', bytes.size - i);
        size_t n = end ? (size_t)(end - p) : bytes.size - i;
        i += n + 1;
        if (n && p[n - 1] == '\r') n--;
        if (n < HEAD || p[0] != '[' || p[6] != ']') continue;
        lua_createtable(L, 0, 2);
        nr_lua_set_str(L, "level", (nr_str){p + 1, p[5] == ' ' ? 4 : 5});
        nr_lua_set_str(L, "text", nr_session_rule_path(&l->session, (nr_str){p + HEAD, n - HEAD}));
        lua_rawseti(L, -2, ++count);
    }
    l->log_read = bytes.size;
    nr_buf_free(&bytes);
    nr_arena_free(&arena);
    return 1;
}

/* ---- methods ------------------------------------------------------------------------------------------------- */

/* l:load(path): the module, or nil and why not. */
static int look_load(lua_State *L)
{
    look *l = look_of(L);
    uintptr_t module = nr_sim_load(l->session.sim, luaL_checkstring(L, 2), NULL);
    if (!module) return lua_pushnil(L), lua_pushstring(L, nr_sim_message(l->session.sim)), 2;
    lua_pushinteger(L, (lua_Integer)module);
    return 1;
}

static uintptr_t check_module(lua_State *L)
{
    return (uintptr_t)luaL_checkinteger(L, 2);
}

static uint32_t check_token(lua_State *L)
{
    return (uint32_t)luaL_checkinteger(L, 3);
}

/* l:count(module): how many methods it defines; their tokens are 0x06000001 and on. */
static int look_count(lua_State *L)
{
    look *l = look_of(L);
    lua_pushinteger(L, nr_session_method_count(&l->session, check_module(L)));
    return 1;
}

static int push_text(lua_State *L, nr_str (*call)(const nr_session *, nr_arena *, uintptr_t, uint32_t))
{
    look *l = look_of(L);
    nr_arena arena = NR_ARENA_INIT;
    nr_str text = call(&l->session, &arena, check_module(L), check_token(L));
    lua_pushlstring(L, text.p, text.n);
    nr_arena_free(&arena);
    return 1;
}

static int look_type(lua_State *L)
{
    return push_text(L, nr_session_type);
}

static int look_name(lua_State *L)
{
    return push_text(L, nr_session_method_name);
}

static int look_assembly(lua_State *L)
{
    look *l = look_of(L);
    nr_arena arena = NR_ARENA_INIT;
    nr_str text = nr_session_assembly(&l->session, &arena, check_module(L));
    lua_pushlstring(L, text.p, text.n);
    nr_arena_free(&arena);
    return 1;
}

static int look_has_il(lua_State *L)
{
    look *l = look_of(L);
    lua_pushboolean(L, nr_session_has_il(&l->session, check_module(L), check_token(L)));
    return 1;
}

/* A method as the engine has it when it decides; false: the engine cannot, and has said why in the log. */
static bool begin_method(look *l, uintptr_t module, uint32_t token, nr_method *m)
{
    int32_t hr;
    memset(m, 0, sizeof *m);
    m->e = l->engine;
    m->g = l->generation;
    m->module = nr_modules_need(&l->engine->modules, module, &hr);
    m->function = nr_sim_function_id(l->session.sim, module, token);
    m->module_id = module;
    m->token = token;
    return m->module && nr_method_facts_of(m) == NR_FACTS_READY && nr_method_describe(m) == NR_META_OK;
}

/* l:rule(module, token): the `id` of the rule that counts for a method; nil: none does. `attributed` as second result: it
 * carries [Transaction] or [Trace]. */
static int look_rule(lua_State *L)
{
    look *l = look_of(L);
    uintptr_t module = check_module(L);
    uint32_t token = check_token(L);
    nr_method m;
    int32_t hr;
    nr_module *record = nr_modules_need(&l->engine->modules, module, &hr);
    if (!record || !nr_session_has_il(&l->session, module, token)) return 0;
    uintptr_t function = nr_sim_function_id(l->session.sim, module, token);
    if (!nr_module_may_match(&l->engine->modules, record, l->generation, function, token)) return 0;
    nr_point *p = begin_method(l, module, token, &m) ? nr_method_find_point(&m) : NULL;
    bool traced = m.traced;
    nr_method_end(&m);
    if (p)
        lua_pushlightuserdata(L, p);
    else
        lua_pushnil(L);
    lua_pushboolean(L, traced);
    return 2;
}

/* l:method(module, token): what the engine knows of a method and decides; nil: it cannot tell (l:log() says why). */
static int look_method(lua_State *L)
{
    look *l = look_of(L);
    nr_method m;
    if (!begin_method(l, check_module(L), check_token(L), &m)) {
        nr_method_end(&m);
        return lua_pushnil(L), 1;
    }
    nr_point *p = nr_method_find_point(&m);
    const char *refusal = nr_method_refusal(&m);
    lua_createtable(L, 0, 12);
    nr_lua_set_str(L, "assembly", m.module->assembly);
    set_version(L, "version", &m.version);
    nr_lua_set_str(L, "class", m.type);
    nr_lua_set_str(L, "method", m.props.name);
    nr_lua_set_str(L, "parameters", m.parameters);
    nr_lua_set_str(L, "description", m.description);
    nr_lua_set_bool(L, "is_static", !(m.sig->convention & NR_SIG_HAS_THIS));
    nr_lua_set_bool(L, "is_async", (m.flags & NR_FLAG_ASYNC) != 0);
    nr_lua_set_bool(L, "attributed", m.traced);
    if (refusal) nr_lua_set_str(L, "refusal", nr_str_of(refusal));
    if (p) {
        lua_pushlightuserdata(L, p);
        lua_setfield(L, -2, "rule");
    }
    nr_method_end(&m);
    return 1;
}

/* l:judge(module, token, id): why a rule does not count for a method: "version", "where", nothing, and for a rule with wildcards and the
 * like all that nr_wide_objection says; of other rules the names are taken to be the method's. */
static int look_judge(lua_State *L)
{
    look *l = look_of(L);
    luaL_checktype(L, 4, LUA_TLIGHTUSERDATA);
    const nr_point *p = lua_touserdata(L, 4);
    nr_method m;
    const char *verdict = NULL;
    if (begin_method(l, check_module(L), check_token(L), &m)) {
        if (p->wide)
            verdict = nr_wide_objection(&m, p->wide);
        else if (!nr_point_accepts_version(p, m.module->assembly, &m.version))
            verdict = "version";
        else if (!nr_method_predicate_holds(&m, p))
            verdict = "where";
    }
    nr_method_end(&m);
    return verdict ? (lua_pushstring(L, verdict), 1) : 0;
}

/* l:compile(module, token): lets the method run; has the profiler written its body? */
static int look_compile(lua_State *L)
{
    look *l = look_of(L);
    uintptr_t module = check_module(L);
    uint32_t token = check_token(L);
    nr_sim_jit(l->session.sim, module, token);
    lua_pushboolean(L, nr_sim_is_rewritten(l->session.sim, module, token));
    return 1;
}

int nr_lua_open_look(lua_State *L)
{
    static const luaL_Reg methods[] = {{"close", look_close},   {"points", look_points},   {"ignored", look_ignored},
                                       {"log", look_log},       {"load", look_load},       {"count", look_count},
                                       {"type", look_type},     {"name", look_name},       {"assembly", look_assembly},
                                       {"has_il", look_has_il}, {"rule", look_rule},       {"method", look_method},
                                       {"judge", look_judge},   {"compile", look_compile}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"open", look_open}, {NULL, NULL}};
    luaL_newmetatable(L, type_name);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, look_close);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, look_close);
    lua_setfield(L, -2, "__close");
    lua_pop(L, 1);
    luaL_newlib(L, functions);
    return 1;
}
