/* Elements of an XML document as Lua sees them.
 *
 * A value for each element that the mapping visits, not a table for each that the document has: a file with tens of
 * thousands of rules stays within the memory limit. A value that outlives its document is refused. */
#include "script/host.h"

typedef struct nr_element_value {
    const nr_xml_node *node;
    unsigned long serial;
} nr_element_value;

static const char type_name[] = "nrprof.element";

/* Upvalue of all functions here: the metatable of elements. By its name it would have to be looked up each time. */
#define METATABLE lua_upvalueindex(1)

static nr_element_value *new_value(lua_State *L, const nr_xml_node *node)
{
    nr_element_value *v = lua_newuserdatauv(L, sizeof *v, 0);
    v->node = node;
    v->serial = nr_script_of(L)->xml_serial;
    return v;
}

void nr_xml_push(lua_State *L, const nr_xml_node *node)
{
    new_value(L, node);
    luaL_setmetatable(L, type_name);
}

static const nr_xml_node *node_of(lua_State *L, int index)
{
    const nr_script *s = nr_script_of(L);
    const nr_element_value *v = lua_touserdata(L, index);
    if (!v || !lua_getmetatable(L, index) || !lua_rawequal(L, -1, METATABLE)) luaL_checkudata(L, index, type_name);
    lua_pop(L, 1);
    if (!s->xml_open || v->serial != s->xml_serial) luaL_error(L, "this element belongs to a document that is closed");
    return v->node;
}

static int push_or_nil(lua_State *L, const nr_xml_node *node)
{
    if (node) {
        new_value(L, node);
        lua_pushvalue(L, METATABLE);
        lua_setmetatable(L, -2);
    } else {
        lua_pushnil(L);
    }
    return 1;
}

static int element_first(lua_State *L)
{
    return push_or_nil(L, nr_xml_child(node_of(L, 1), luaL_checkstring(L, 2)));
}

static void push_attribute(lua_State *L, const nr_xml_node *node, const char *name)
{
    nr_str value;
    if (nr_xml_attribute_value(node, name, &value))
        lua_pushlstring(L, value.p ? value.p : "", value.n);
    else
        lua_pushnil(L);
}

/* The iterator of each. Upvalues: 2 the parent, 3 the name, 4 the number of attributes, their names; the control value is the
 * element before. */
enum { UPVALUES = 4, MOST_ATTRIBUTES = 32 };

static int element_step(lua_State *L)
{
    const char *name = lua_tostring(L, lua_upvalueindex(3));
    int attributes = (int)lua_tointeger(L, lua_upvalueindex(4));
    const nr_xml_node *node =
        lua_isnil(L, 2) ? nr_xml_child(node_of(L, lua_upvalueindex(2)), name) : nr_xml_next(node_of(L, 2), name);
    push_or_nil(L, node);
    if (!node) return 1;
    luaL_checkstack(L, attributes, NULL);
    for (int i = 1; i <= attributes; i++) push_attribute(L, node, lua_tostring(L, lua_upvalueindex(UPVALUES + i)));
    return 1 + attributes;
}

/* each(name, attribute, …): with each element come these attributes. */
static int element_each(lua_State *L)
{
    int attributes = lua_gettop(L) - 2;
    node_of(L, 1);
    luaL_checkstring(L, 2);
    if (attributes > MOST_ATTRIBUTES) luaL_error(L, "more than %d attributes", MOST_ATTRIBUTES);
    for (int i = 1; i <= attributes; i++) luaL_checkstring(L, 2 + i);
    lua_pushinteger(L, attributes);
    lua_insert(L, 3);
    lua_pushvalue(L, METATABLE);
    lua_insert(L, 1);
    lua_pushcclosure(L, element_step, UPVALUES + attributes);
    return 1;
}

/* One value for each name; nil: there is no such attribute. */
static int element_get(lua_State *L)
{
    const nr_xml_node *node = node_of(L, 1);
    int names = lua_gettop(L);
    luaL_checkstack(L, names, "too many names");
    for (int i = 2; i <= names || i == 2; i++) push_attribute(L, node, luaL_checkstring(L, i));
    return lua_gettop(L) - names;
}

static int element_line(lua_State *L)
{
    lua_pushinteger(L, node_of(L, 1)->line);
    return 1;
}

void nr_xml_open(nr_script *s)
{
    static const luaL_Reg methods[] = {
        {"first", element_first}, {"each", element_each}, {"get", element_get}, {"line", element_line}, {NULL, NULL}};
    luaL_newmetatable(s->L, type_name);
    luaL_newlibtable(s->L, methods);
    lua_pushvalue(s->L, -2);
    luaL_setfuncs(s->L, methods, 1);
    lua_setfield(s->L, -2, "__index");
    lua_pop(s->L, 1);
}
