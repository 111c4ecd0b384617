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

void nr_xml_push(lua_State *L, const nr_xml_node *node)
{
    nr_element_value *v = lua_newuserdatauv(L, sizeof *v, 0);
    v->node = node;
    v->serial = nr_script_of(L)->xml_serial;
    luaL_setmetatable(L, type_name);
}

static const nr_xml_node *node_of(lua_State *L, int index)
{
    const nr_script *s = nr_script_of(L);
    const nr_element_value *v = luaL_checkudata(L, index, type_name);
    if (!s->xml_open || v->serial != s->xml_serial) luaL_error(L, "this element belongs to a document that is closed");
    return v->node;
}

static int push_or_nil(lua_State *L, const nr_xml_node *node)
{
    if (node)
        nr_xml_push(L, node);
    else
        lua_pushnil(L);
    return 1;
}

static int element_first(lua_State *L)
{
    return push_or_nil(L, nr_xml_child(node_of(L, 1), luaL_checkstring(L, 2)));
}

/* The iterator of each: upvalue 1 is the parent, 2 the name; the control value is the element before. */
static int element_step(lua_State *L)
{
    const char *name = lua_tostring(L, lua_upvalueindex(2));
    if (lua_isnil(L, 2)) return push_or_nil(L, nr_xml_child(node_of(L, lua_upvalueindex(1)), name));
    return push_or_nil(L, nr_xml_next(node_of(L, 2), name));
}

static int element_each(lua_State *L)
{
    node_of(L, 1);
    luaL_checkstring(L, 2);
    lua_settop(L, 2);
    lua_pushcclosure(L, element_step, 2);
    return 1;
}

static int element_get(lua_State *L)
{
    nr_str value;
    if (!nr_xml_attribute_value(node_of(L, 1), luaL_checkstring(L, 2), &value)) return 0;
    lua_pushlstring(L, value.p ? value.p : "", value.n);
    return 1;
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
    luaL_newlib(s->L, methods);
    lua_setfield(s->L, -2, "__index");
    lua_pop(s->L, 1);
}
