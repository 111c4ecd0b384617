/* What the XML mapping and the library of rule verbs call. */
#include "base/log.h"
#include "rules/env.h"
#include "rules/switches.h"
#include "script/host.h"

#include <string.h>

static nr_str field(nr_script *s, const char *name)
{
    nr_str text = {NULL, 0};
    if (lua_getfield(s->L, 1, name) != LUA_TNIL) {
        luaL_argcheck(s->L, lua_type(s->L, -1) == LUA_TSTRING, 1, name);
        text = nr_script_string(s, -1, true);
    }
    lua_pop(s->L, 1);
    return text;
}

static nr_str or_empty(nr_str text)
{
    return text.p ? text : NR_STR("");
}

/* Fields of each rule. Their names are upvalues of point(): it is called for every method that rules name. */
// clang-format off
#define FIELDS(X) \
    X(assembly) X(class) X(method) X(parameters) X(min) X(max) X(factory) X(metric) X(template) X(flags) X(line) X(where) \
    X(namer) X(wide)
// clang-format on
typedef enum nr_field {
#define X(name) FIELD_##name,
    FIELDS(X)
#undef X
        FIELD_COUNT
} nr_field;

static int push_field(lua_State *L, nr_field f)
{
    lua_pushvalue(L, lua_upvalueindex((int)f + 1));
    return lua_rawget(L, 1);
}

/* Leaves the value on the stack, where it is a text or nil. */
static nr_str push_text(lua_State *L, nr_field f)
{
    nr_str text = {NULL, 0};
    if (push_field(L, f) == LUA_TNIL) return text;
    luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, 1, lua_tostring(L, lua_upvalueindex((int)f + 1)));
    text.p = lua_tolstring(L, -1, &text.n);
    return text;
}

/* `before`: the text of the rule before, which is the same more often than not. */
static nr_str text_of(nr_script *s, nr_field f, nr_str before)
{
    nr_str text = push_text(s->L, f);
    if (text.p) text = before.p && nr_str_eq(text, before) ? before : nr_script_string(s, -1, true);
    lua_pop(s->L, 1);
    return text;
}

/* A version that version() made, as text "1.2.3.4". */
static bool version_of(nr_script *s, nr_field f, nr_version *out)
{
    nr_str text = push_text(s->L, f);
    bool is = text.p && nr_version_parse(text, out);
    lua_pop(s->L, 1);
    return is;
}

static nr_str list_item(nr_script *s, int index, lua_Integer n)
{
    nr_str text = {NULL, 0};
    if (lua_geti(s->L, index, n) == LUA_TSTRING) text = nr_script_string(s, -1, true);
    lua_pop(s->L, 1);
    return text;
}

/* except = { { "method" | "class" | "assembly", pattern, parameters? }, … } */
static const nr_except *except_field(nr_script *s)
{
    static const char *const kinds[] = {"method", "class", "assembly"};
    lua_State *L = s->L;
    nr_except *first = NULL;
    lua_Integer n = lua_getfield(L, 1, "except") == LUA_TTABLE ? (lua_Integer)lua_rawlen(L, -1) : 0;
    for (lua_Integer i = n; i > 0; i--) {
        nr_except *e = nr_arena_zalloc(&s->set->arena, 1, sizeof *e);
        if (!e) nr_script_no_memory(L);
        lua_geti(L, -1, i);
        int list = lua_gettop(L);
        nr_str kind = list_item(s, list, 1);
        e->pattern = or_empty(list_item(s, list, 2));
        e->parameters = list_item(s, list, 3);
        e->has_parameters = e->parameters.p != NULL;
        for (int k = 0; k < 3; k++) {
            if (nr_str_is(kind, kinds[k])) e->kind = (nr_except_kind)k;
        }
        lua_pop(L, 1);
        e->next = first;
        first = e;
    }
    lua_pop(L, 1);
    return first;
}

static nr_wide *wide_of(nr_script *s, nr_point *p)
{
    nr_wide *w = nr_arena_zalloc(&s->set->arena, 1, sizeof *w);
    if (!w) nr_script_no_memory(s->L);
    w->point = p;
    w->except = except_field(s);
    w->attribute = field(s, "attribute");
    w->class_attribute = field(s, "class_attribute");
    w->implements = field(s, "implements");
    w->extends = field(s, "extends");
    return w;
}

static int function_of(nr_script *s, nr_field f)
{
    if (push_field(s->L, f) == LUA_TFUNCTION) return luaL_ref(s->L, LUA_REGISTRYINDEX);
    lua_pop(s->L, 1);
    return NR_NO_PREDICATE;
}

/* point { assembly, class, method, parameters?, min?, max?, factory, metric, flags, line, template?, where?, namer? }, and for a
 * wide rule: wide = true, except?, attribute?, class_attribute?, implements?, extends? */
static int host_point(lua_State *L)
{
    static const nr_point none;
    nr_script *s = nr_script_of(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    if (s->sealed) return luaL_error(L, "a rule can only be written while its file is loading");
    lua_settop(L, 1);
    nr_point *p = nr_ruleset_new_point(s->set);
    if (!p) return nr_script_no_memory(L);
    const nr_point *before = s->last_point ? s->last_point : &none;
    p->assembly = or_empty(text_of(s, FIELD_assembly, before->assembly));
    p->class_name = or_empty(text_of(s, FIELD_class, before->class_name));
    p->method = or_empty(text_of(s, FIELD_method, before->method));
    p->parameters = text_of(s, FIELD_parameters, before->parameters);
    p->has_parameters = p->parameters.p != NULL;
    p->has_min = version_of(s, FIELD_min, &p->min);
    p->has_max = version_of(s, FIELD_max, &p->max);
    p->factory = or_empty(text_of(s, FIELD_factory, before->factory));
    p->metric = or_empty(text_of(s, FIELD_metric, before->metric));
    p->template_name = text_of(s, FIELD_template, before->template_name);
    push_field(L, FIELD_flags);
    atomic_init(&p->flags, (unsigned)lua_tointeger(L, -1));
    push_field(L, FIELD_line);
    p->line = (uint32_t)lua_tointeger(L, -1);
    lua_pop(L, 2);
    p->file = s->file;
    p->predicate = function_of(s, FIELD_where);
    p->namer = function_of(s, FIELD_namer);
    push_field(L, FIELD_wide);
    if (lua_toboolean(L, -1)) p->wide = wide_of(s, p);
    lua_pop(L, 1);
    if (s->pending_last)
        s->pending_last->next = p;
    else
        s->pending = p;
    s->pending_last = p;
    s->last_point = p;
    return 0;
}

static int host_ignore(lua_State *L)
{
    nr_script *s = nr_script_of(L);
    nr_str assembly = nr_script_string(s, 1, true), class_name = {NULL, 0};
    if (lua_type(L, 2) == LUA_TSTRING) class_name = nr_script_string(s, 2, true);
    if (!nr_ruleset_add_ignore(s->set, assembly, class_name, true)) return nr_script_no_memory(L);
    return 0;
}

static int host_deny(lua_State *L)
{
    nr_script *s = nr_script_of(L);
    nr_str process = nr_script_string(s, 1, true);
    if (!nr_ruleset_add_denied(s->set, process, s->file, (uint32_t)luaL_checkinteger(L, 2)))
        return nr_script_no_memory(L);
    return 0;
}

/* switch(name, on): of `compat`. The name is one of switch_words. */
static int host_switch(lua_State *L)
{
    nr_ruleset *set = nr_script_of(L)->set;
    const char *name = luaL_checkstring(L, 1);
    for (unsigned i = 0; i < NR_SWITCH_COUNT; i++) {
        nr_switch_set bit = (nr_switch_set)1 << i;
        if (strcmp(name, nr_switches[i].name) != 0) continue;
        set->switches = lua_toboolean(L, 2) ? set->switches | bit : set->switches & ~bit;
    }
    return 0;
}

/* switch_words: name of a switch -> { [value in rule files] = on or off }. */
static void push_switches(lua_State *L)
{
    lua_newtable(L);
    for (unsigned i = 0; i < NR_SWITCH_COUNT; i++) {
        const nr_switch_info *s = &nr_switches[i];
        lua_newtable(L);
        for (int on = 0; on < 2; on++) {
            if (s->on)
                lua_pushstring(L, on ? s->on : s->off);
            else
                lua_pushboolean(L, on);
            lua_pushboolean(L, on);
            lua_rawset(L, -3);
        }
        lua_setfield(L, -2, s->name);
    }
}

static int host_warn(lua_State *L)
{
    NR_LOG(NR_WARN, "%s", luaL_checkstring(L, 1));
    return 0;
}

/* The number of a text as C++ stoi reads it; an error when it is none. */
static int host_integer(lua_State *L)
{
    size_t n;
    nr_str text;
    int32_t value;
    text.p = luaL_checklstring(L, 1, &n);
    text.n = n;
    if (!nr_stoi(text, &value)) return luaL_error(L, "'%s' is no number", text.p);
    lua_pushinteger(L, value);
    return 1;
}

/* "1.2" -> "1.2.0.0"; nil for no bound: empty, 0.0.0.0, or (with a WARN) not a version. */
static int host_version(lua_State *L)
{
    size_t n;
    nr_str text;
    nr_version v;
    text.p = luaL_checklstring(L, 1, &n);
    text.n = n;
    if (n == 0) return 0;
    if (!nr_version_parse(text, &v)) {
        NR_LOG(NR_WARN, "%.*s is not a valid version", NR_STR_ARG(text));
        return 0;
    }
    if (nr_version_is_zero(&v)) return 0;
    char out[24];
    lua_pushlstring(L, out, nr_version_print(&v, out));
    return 1;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The text without the white space of the C locale, as "%s" in a pattern. */
static int host_without_space(lua_State *L)
{
    size_t n, kept = 0;
    const char *text = luaL_checklstring(L, 1, &n);
    luaL_Buffer b;
    while (kept < n && !is_space(text[kept])) kept++;
    if (kept == n) { /* nearly always: the text itself */
        lua_settop(L, 1);
        return 1;
    }
    char *out = luaL_buffinitsize(L, &b, n);
    memcpy(out, text, kept);
    for (size_t i = kept; i < n; i++) {
        if (!is_space(text[i])) out[kept++] = text[i];
    }
    luaL_pushresultsize(&b, kept);
    return 1;
}

static int host_same_ci(lua_State *L)
{
    nr_str a, b;
    a.p = luaL_checklstring(L, 1, &a.n);
    b.p = luaL_checklstring(L, 2, &b.n);
    lua_pushboolean(L, nr_str_eq_ci(a, b));
    return 1;
}

/* Is there anything but names in this parameter list? */
static int host_parameters_are_wild(lua_State *L)
{
    nr_str text;
    text.p = luaL_checklstring(L, 1, &text.n);
    lua_pushboolean(L, nr_glob_parameters_have_wildcard(text));
    return 1;
}

/* is_disabled("match", id): does the environment switch the rule of that id off? One INFO line for each. */
static int host_is_disabled(lua_State *L)
{
    nr_script *s = nr_script_of(L);
    nr_str id;
    if (lua_isnoneornil(L, 2)) return 0;
    id.p = luaL_checklstring(L, 2, &id.n);
    bool off = nr_switched_off(NR_ENV_RULES_DISABLED, id);
    if (off)
        NR_LOG(NR_INFO, "%.*s:%d: the %s '%.*s' is switched off by %s", NR_STR_ARG(s->file), nr_script_line(L),
               luaL_checkstring(L, 1), NR_STR_ARG(id), nr_env_variables[NR_ENV_RULES_DISABLED].name);
    lua_pushboolean(L, off);
    return 1;
}

static int host_line(lua_State *L)
{
    lua_pushinteger(L, nr_script_line(L));
    return 1;
}

/* An error at the line of the rule file, however deep in the library it was found. */
static int host_complain(lua_State *L)
{
    lua_pushfstring(L, "@:%d: %s", nr_script_line(L), luaL_checkstring(L, 1));
    return lua_error(L);
}

static int host_xml_mapping(lua_State *L)
{
    nr_script *s = nr_script_of(L);
    luaL_checktype(L, 1, LUA_TFUNCTION);
    if (s->sealed) return luaL_error(L, "the XML mapping can only be set while its file is loading");
    lua_settop(L, 1);
    luaL_unref(L, LUA_REGISTRYINDEX, s->new_mapping);
    s->new_mapping = LUA_NOREF;
    s->new_mapping = luaL_ref(L, LUA_REGISTRYINDEX);
    s->own_mapping = s->from_home;
    return 0;
}

void nr_host_open(nr_script *s)
{
    static const luaL_Reg functions[] = {{"ignore_list", host_ignore},
                                         {"deny", host_deny},
                                         {"switch", host_switch},
                                         {"warn", host_warn},
                                         {"integer", host_integer},
                                         {"version", host_version},
                                         {"without_space", host_without_space},
                                         {"same_ci", host_same_ci},
                                         {"parameters_are_wild", host_parameters_are_wild},
                                         {"is_disabled", host_is_disabled},
                                         {"line_of_rule", host_line},
                                         {"complain", host_complain},
                                         {"xml_mapping", host_xml_mapping},
                                         {NULL, NULL}};
    luaL_setfuncs(s->L, functions, 0);
#define X(name) lua_pushliteral(s->L, #name);
    FIELDS(X)
#undef X
    lua_pushcclosure(s->L, host_point, FIELD_COUNT);
    lua_setfield(s->L, -2, "point");
    push_switches(s->L);
    lua_setfield(s->L, -2, "switch_words");
}
