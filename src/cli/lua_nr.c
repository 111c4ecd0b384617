#include "cli/lua_nr.h"

#include "base/log.h"
#include "cli/files.h"
#include "cli/lua_look.h"
#include "cli/steps.h"
#include "engine/template_check.h"
#include "os/os.h"
#include "os/tool.h"
#include "script/embedded.h"
#include "script/script.h"

#include <lauxlib.h>
#include <string.h>

static const char type_name[] = "nrprof.script";

typedef struct script_value {
    nr_arena arena;
    nr_ruleset set;
    nr_script *script;
    nr_str home; /* p == NULL: none of its own */
} script_value;

/* One process, one log, one directory: the log of the script room is a global of the library, too. */
static nr_arena scratch_arena;
static nr_str scratch;
static unsigned homes;

nr_str nr_lua_scratch(void)
{
    if (!scratch.p) scratch = nr_os_temporary_directory(&scratch_arena);
    return scratch;
}

void nr_lua_clean_up(void)
{
    nr_log_reset();
    if (scratch.p) nr_files_remove_tree(scratch);
    nr_arena_free(&scratch_arena);
    scratch = (nr_str){NULL, 0};
}

static nr_str check_str(lua_State *L, int index)
{
    nr_str s;
    s.p = luaL_checklstring(L, index, &s.n);
    return s;
}

void nr_lua_set_str(lua_State *L, const char *name, nr_str s)
{
    if (!s.p) return;
    lua_pushlstring(L, s.p, s.n);
    lua_setfield(L, -2, name);
}

static void set_number(lua_State *L, const char *name, lua_Integer v)
{
    lua_pushinteger(L, v);
    lua_setfield(L, -2, name);
}

void nr_lua_set_bool(lua_State *L, const char *name, bool v)
{
    lua_pushboolean(L, v);
    lua_setfield(L, -2, name);
}

/* ---- the log --------------------------------------------------------------------------------- */

static nr_str log_path(nr_arena *arena)
{
    nr_str dir = nr_lua_scratch();
    return dir.p ? nr_arena_printf(arena, "%.*s" NR_OS_SEPARATOR "log", NR_STR_ARG(dir)) : dir;
}

static void start_log(lua_State *L, nr_log_level level)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_log_settings settings = {level, true, false, false, false};
    nr_str path = log_path(&arena);
    nr_log_reset();
    nr_log_configure(&settings);
    bool ok = path.p && nr_log_open(path);
    nr_arena_free(&arena);
    if (!ok) luaL_error(L, "no log can be written in the directory for temporary files");
}

/* "[Warn ] 2026-01-31 23:59:59 text": the level in capitals and the text; lines without such a head belong to the one before. */
static int nr_log_lines(lua_State *L)
{
    enum { HEAD = 28 };
    nr_arena arena = NR_ARENA_INIT;
    nr_buf bytes = NR_BUF_INIT;
    nr_str path = log_path(&arena);
    bool ok = path.p && nr_os_read_file(path, &bytes);
    nr_arena_free(&arena);
    lua_newtable(L);
    int count = 0;
    for (size_t i = 0; ok && i < bytes.size;) {
        const char *p = (const char *)bytes.data + i, *end = memchr(p, '\n', bytes.size - i);
        size_t n = end ? (size_t)(end - p) : bytes.size - i;
        i += n + 1;
        if (n && p[n - 1] == '\r') n--;
        if (n < HEAD || p[0] != '[' || p[6] != ']') continue;
        nr_str text = {p + HEAD, n - HEAD};
        if (nr_str_is(text, "Logger initialized.")) continue;
        lua_createtable(L, 0, 2);
        char level[6];
        for (int k = 0; k < 5; k++) level[k] = (char)(p[k + 1] >= 'a' && p[k + 1] <= 'z' ? p[k + 1] - 32 : p[k + 1]);
        nr_lua_set_str(L, "level", (nr_str){level, level[4] == ' ' ? 4 : 5});
        nr_lua_set_str(L, "text", text);
        lua_rawseti(L, -2, ++count);
    }
    nr_buf_free(&bytes);
    return 1;
}

/* ---- scripts ------------------------------------------------------------------------------------ */

static script_value *value_of(lua_State *L)
{
    script_value *v = luaL_checkudata(L, 1, type_name);
    if (!v->script) luaL_error(L, "this script is closed");
    return v;
}

static int script_close(lua_State *L)
{
    script_value *v = luaL_checkudata(L, 1, type_name);
    nr_script_free(v->script);
    v->script = NULL;
    nr_ruleset_free(&v->set);
    if (v->home.p) nr_files_remove_tree(v->home);
    v->home = (nr_str){NULL, 0};
    nr_arena_free(&v->arena);
    return 0;
}

/* Writes the files of the table at field `name` of argument 1 to <home>/instrumentation/<kind>. */
static void write_kind(lua_State *L, script_value *v, const char *name, const char *kind)
{
    if (lua_getfield(L, 1, name) == LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    luaL_argcheck(L, lua_istable(L, -1), 1, "a table of file name to text is wanted");
    if (!v->home.p) {
        nr_str dir = nr_lua_scratch();
        if (dir.p) v->home = nr_arena_printf(&v->arena, "%.*s" NR_OS_SEPARATOR "home%u", NR_STR_ARG(dir), ++homes);
    }
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        luaL_argcheck(L, lua_type(L, -2) == LUA_TSTRING, 1, "a file name is wanted");
        nr_str text = check_str(L, -1);
        nr_str path = nr_arena_printf(
            &v->arena, "%.*s" NR_OS_SEPARATOR "instrumentation" NR_OS_SEPARATOR "%s" NR_OS_SEPARATOR "%s",
            NR_STR_ARG(v->home), kind, lua_tostring(L, -2));
        if (!v->home.p || !path.p || !nr_files_write(path, text))
            luaL_error(L, "%s cannot be written", lua_tostring(L, -2));
    }
    lua_pop(L, 1);
}

static void known_fields(lua_State *L, const char *const *known)
{
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
        const char *const *k = known;
        while (*k && (lua_type(L, -2) != LUA_TSTRING || strcmp(*k, lua_tostring(L, -2)) != 0)) k++;
        if (!*k) luaL_error(L, "nr.script knows no field '%s'", luaL_tolstring(L, -2, NULL));
    }
}

/* nr.script { home = directory?, templates = { [file] = text }?, mapping = { [file] = text }?, level = "debug"?, check = true? } */
static int nr_script_open(lua_State *L)
{
    static const char *const fields[] = {"home", "templates", "mapping", "level", "check", NULL};
    static const char *const levels[] = {"trace", "debug", "info", "warn", "error", NULL};
    if (lua_isnoneornil(L, 1)) {
        lua_settop(L, 0);
        lua_newtable(L);
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    known_fields(L, fields);
    lua_getfield(L, 1, "level");
    int level = luaL_checkoption(L, -1, "trace", levels);
    lua_pop(L, 1);
    script_value *v = lua_newuserdatauv(L, sizeof *v, 0);
    memset(v, 0, sizeof *v);
    luaL_setmetatable(L, type_name);
    write_kind(L, v, "templates", "templates");
    write_kind(L, v, "mapping", "rules");
    nr_str home = v->home;
    if (lua_getfield(L, 1, "home") != LUA_TNIL) {
        if (home.p) return luaL_error(L, "nr.script takes a home directory or the texts of files, not both");
        home = nr_arena_str(&v->arena, check_str(L, -1));
    }
    lua_pop(L, 1);
    start_log(L, (nr_log_level)level);
    if (!nr_ruleset_init(&v->set)) return luaL_error(L, "not enough memory");
    v->script = nr_script_new(&v->set);
    if (!v->script) return luaL_error(L, "the script room cannot be opened; nr.log() says why");
    lua_getfield(L, 1, "check");
    if (lua_toboolean(L, -1)) nr_script_set_check(v->script, nr_template_check);
    lua_pop(L, 1);
    if (!nr_script_load_builtin(v->script, home)) return luaL_error(L, "a built-in file failed; nr.log() says which");
    return 1;
}

/* s:rules(text, file = "rules.lua"): false when the file was skipped. */
static int script_rules(lua_State *L)
{
    script_value *v = value_of(L);
    nr_str text = check_str(L, 2), file = nr_str_of(luaL_optstring(L, 3, "rules.lua"));
    lua_pushboolean(L, nr_script_load_rules(v->script, file, text));
    return 1;
}

/* s:xml(text, file = "rules.xml"): false when the file is invalid. */
static int script_xml(lua_State *L)
{
    script_value *v = value_of(L);
    nr_str text = check_str(L, 2), file = nr_str_of(luaL_optstring(L, 3, "rules.xml"));
    lua_pushboolean(L, nr_script_load_xml(v->script, file, text));
    return 1;
}

static int script_seal(lua_State *L)
{
    nr_script_seal(value_of(L)->script);
    return 0;
}

/* s:points(): what was loaded, in file order; rules that wait for an ignore list are committed first. */
static int script_points(lua_State *L)
{
    script_value *v = value_of(L);
    if (!nr_script_commit_rules(v->script)) return luaL_error(L, "not enough memory");
    lua_newtable(L);
    int count = 0;
    for (const nr_point *p = v->set.first; p; p = p->next) {
        nr_lua_push_point(L, p);
        lua_rawseti(L, -2, ++count);
    }
    return 1;
}

/* A fact out of the table at index 3; what it is made of stays on the stack while the predicate runs. */
static bool fact_of_table(void *self, nr_fact fact, nr_fact_value *value)
{
    lua_State *L = self;
    luaL_checkstack(L, 8, "facts");
    int type = lua_getfield(L, 3, nr_fact_name(fact));
    if (type == LUA_TNIL) return false;
    value->flag = lua_toboolean(L, -1);
    value->number = lua_tointeger(L, -1);
    if (type == LUA_TSTRING) value->text = check_str(L, -1);
    if (type != LUA_TTABLE) return true;
    value->count = (size_t)lua_rawlen(L, -1);
    nr_str *list = lua_newuserdatauv(L, (value->count + 1) * sizeof *list, 0);
    for (size_t i = 0; i < value->count; i++) {
        lua_geti(L, -2, (lua_Integer)i + 1);
        list[i].p = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &list[i].n) : NULL;
        if (!list[i].p) list[i].n = 0;
        lua_pop(L, 1); /* the table keeps it */
    }
    value->list = list;
    return true;
}

static const nr_point *point_at(lua_State *L, const script_value *v)
{
    lua_Integer n = luaL_checkinteger(L, 2);
    luaL_checktype(L, 3, LUA_TTABLE);
    const nr_point *p = v->set.first;
    while (p && --n > 0) p = p->next;
    luaL_argcheck(L, p && n == 0, 2, "there is no such point");
    return p;
}

/* s:where(n, facts): does the predicate of the n-th point accept a method with these facts? */
static int script_where(lua_State *L)
{
    script_value *v = value_of(L);
    const nr_method_facts facts = {fact_of_table, L};
    int top = lua_gettop(L);
    bool yes = nr_script_where(v->script, point_at(L, v), &facts) == NR_WHERE_YES;
    lua_settop(L, top);
    lua_pushboolean(L, yes);
    return 1;
}

/* s:metric(n, facts): the name that the n-th point's metric_name gives such a method; nil: none. */
static int script_metric(lua_State *L)
{
    script_value *v = value_of(L);
    const nr_method_facts facts = {fact_of_table, L};
    nr_arena arena = NR_ARENA_INIT;
    nr_str metric;
    int top = lua_gettop(L);
    bool named = nr_script_metric(v->script, &arena, point_at(L, v), &facts, &metric);
    lua_settop(L, top);
    if (named) lua_pushlstring(L, metric.p, metric.n);
    nr_arena_free(&arena);
    return named;
}

/* s:ignores(): { assembly, class? } entries, the latest first. */
static int script_ignores(lua_State *L)
{
    script_value *v = value_of(L);
    lua_newtable(L);
    int count = 0;
    for (const nr_ignore *i = v->set.ignore; i; i = i->next) {
        lua_createtable(L, 0, 2);
        nr_lua_set_str(L, "assembly", i->assembly);
        nr_lua_set_str(L, "class", i->class_name);
        lua_rawseti(L, -2, ++count);
    }
    return 1;
}

/* s:switches(): names of the switches that the rule files turn on, in the order of their table. */
static int script_switches(lua_State *L)
{
    lua_newtable(L);
    for (unsigned i = 0; i < NR_SWITCH_COUNT; i++) {
        if (!nr_switch_on(value_of(L)->set.switches, (nr_switch)i)) continue;
        lua_pushstring(L, nr_switches[i].name);
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    }
    return 1;
}

/* s:report_hidden(): rules that never count are logged, as after loading. */
static int script_report_hidden(lua_State *L)
{
    nr_ruleset_report_hidden(&value_of(L)->set);
    return 0;
}

/* s:denies(path): file and line of the rule that leaves this process alone; nothing when there is none. */
static int script_denies(lua_State *L)
{
    const nr_denied *d = nr_ruleset_denies(&value_of(L)->set, check_str(L, 2));
    if (!d) return 0;
    lua_pushlstring(L, d->file.p ? d->file.p : "", d->file.n);
    lua_pushinteger(L, d->line);
    return 2;
}

static unsigned shape_of(lua_State *L, int index)
{
    static const char *const names[] = {"static", "returns", "cached"};
    unsigned shape = 0;
    if (lua_isnoneornil(L, index)) return 0;
    luaL_checktype(L, index, LUA_TTABLE);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        int i = 0;
        while (i < 3 && (lua_type(L, -2) != LUA_TSTRING || strcmp(names[i], lua_tostring(L, -2)) != 0)) i++;
        if (i == 3) luaL_error(L, "a shape has static, returns and cached, not '%s'", luaL_tolstring(L, -2, NULL));
        if (lua_toboolean(L, -1)) shape |= 1u << i; /* NR_SHAPE_STATIC, _RETURNS, _CACHED */
    }
    return shape;
}

static void push_locals(lua_State *L, const nr_blob *blob)
{
    lua_newtable(L);
    for (size_t i = 0; i < blob->local_count; i++) {
        lua_createtable(L, 0, 2);
        nr_lua_set_str(L, "name", blob->locals[i].name);
        nr_lua_set_str(L, "type", blob->locals[i].type ? nr_text_source(blob->locals[i].type) : NR_STR("$return"));
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "locals");
}

/* s:blob(template, { static?, returns?, cached? }): nil, or the steps as a list of { text, line } with the facts of the
 * template beside them. */
static int script_blob(lua_State *L)
{
    static const char *const prepares[] = {"none", "all", "last"};
    script_value *v = value_of(L);
    const nr_blob *blob = nr_script_blob(v->script, check_str(L, 2), shape_of(L, 3));
    if (!blob) return lua_pushnil(L), 1;
    lua_createtable(L, (int)blob->step_count, 10);
    nr_buf text = NR_BUF_INIT;
    for (size_t i = 0; i < blob->step_count; i++) {
        text.size = 0;
        nr_step_print(&text, blob, &blob->steps[i]);
        lua_createtable(L, 0, 2);
        nr_lua_set_str(L, "text", nr_buf_str(&text));
        set_number(L, "line", blob->steps[i].line);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    nr_buf_free(&text);
    nr_lua_set_str(L, "name", blob->template_name);
    nr_lua_set_str(L, "file", blob->file);
    lua_pushstring(L, prepares[blob->prepare]);
    lua_setfield(L, -2, "rets");
    nr_lua_set_bool(L, "tiny", blob->tiny);
    if (blob->stack_exact) {
        set_number(L, "stack_exactly", blob->stack_at_least);
    } else {
        set_number(L, "stack_at_least", blob->stack_at_least);
        set_number(L, "stack_over_arguments", blob->stack_over_arguments);
    }
    push_locals(L, blob);
    return 1;
}

static int script_count(lua_State *L)
{
    nr_script_counters c = nr_script_count(value_of(L)->script);
    lua_createtable(L, 0, 3);
    set_number(L, "template_runs", (lua_Integer)c.template_runs);
    set_number(L, "blobs", (lua_Integer)c.blobs);
    set_number(L, "memory", (lua_Integer)c.memory);
    return 1;
}

/* ---- the rest ------------------------------------------------------------------------------------- */

/* nr.embedded(name): the text of a file that is compiled in ("instrumentation/templates/tracer.lua"), or nil. */
static int nr_embedded_text(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    const nr_embedded *const tables[] = {nr_embedded_files, nr_embedded_tool_files};
    for (size_t i = 0; i < NR_COUNT(tables); i++) {
        for (const nr_embedded *e = tables[i]; e->name; e++) {
            if (strcmp(e->name, name) != 0) continue;
            lua_pushlstring(L, (const char *)e->data, e->size);
            return 1;
        }
    }
    return 0;
}

/* nr.directory(): a new empty directory that disappears at the end of the run. */
static int nr_directory(lua_State *L)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_str dir = nr_lua_scratch(), path = {NULL, 0};
    if (dir.p) path = nr_arena_printf(&arena, "%.*s" NR_OS_SEPARATOR "dir%u", NR_STR_ARG(dir), ++homes);
    bool ok = path.p && nr_os_make_directory(path);
    if (ok) lua_pushlstring(L, path.p, path.n);
    nr_arena_free(&arena);
    return ok ? 1 : luaL_error(L, "no directory can be made");
}

/* nr.kind(path): "file", "directory", or nil. */
static int nr_kind(lua_State *L)
{
    nr_str path = check_str(L, 1);
    if (nr_os_directory_exists(path)) return lua_pushliteral(L, "directory"), 1;
    return nr_os_file_exists(path) ? (lua_pushliteral(L, "file"), 1) : 0;
}

/* nr.sleep(seconds) */
static int nr_sleep(lua_State *L)
{
    nr_os_sleep_ms((unsigned)(luaL_checknumber(L, 1) * 1000));
    return 0;
}

/* nr.write(path, text): writes a file, making its directory. */
static int nr_write(lua_State *L)
{
    nr_str path = check_str(L, 1), text = check_str(L, 2);
    if (!nr_files_write(path, text)) return luaL_error(L, "%s cannot be written", path.p);
    return 0;
}

/* nr.read(path): the bytes of a file, nil when it cannot be read. Lua's own io knows no name outside of Windows' code page. */
static int nr_read(lua_State *L)
{
    nr_buf bytes = NR_BUF_INIT;
    if (nr_os_read_file(check_str(L, 1), &bytes))
        lua_pushlstring(L, (const char *)bytes.data, bytes.size);
    else
        lua_pushnil(L);
    nr_buf_free(&bytes);
    return 1;
}

static int close_stream(lua_State *L)
{
    luaL_Stream *stream = luaL_checkudata(L, 1, LUA_FILEHANDLE);
    return luaL_fileresult(L, fclose(stream->f) == 0, NULL);
}

/* nr.open(path, mode): a file of Lua's io, nil when it cannot be opened. */
static int nr_open(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1), *mode = luaL_checkstring(L, 2);
    luaL_Stream *stream = lua_newuserdatauv(L, sizeof *stream, 0);
    stream->closef = NULL; /* closed, should the rest fail */
    luaL_setmetatable(L, LUA_FILEHANDLE);
    stream->f = nr_os_stream(path, mode);
    if (!stream->f) return 0;
    stream->closef = close_stream;
    return 1;
}

int nr_lua_open_nr(lua_State *L)
{
    static const luaL_Reg methods[] = {{"rules", script_rules},       {"xml", script_xml},
                                       {"seal", script_seal},         {"points", script_points},
                                       {"where", script_where},       {"metric", script_metric},
                                       {"ignores", script_ignores},   {"blob", script_blob},
                                       {"count", script_count},       {"close", script_close},
                                       {"denies", script_denies},     {"report_hidden", script_report_hidden},
                                       {"switches", script_switches}, {NULL, NULL}};
    static const luaL_Reg functions[] = {
        {"script", nr_script_open},  {"log", nr_log_lines}, {"write", nr_write}, {"embedded", nr_embedded_text},
        {"directory", nr_directory}, {"kind", nr_kind},     {"sleep", nr_sleep}, {"read", nr_read},
        {"open", nr_open},           {NULL, NULL}};
    luaL_newmetatable(L, type_name);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, script_close);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, script_close);
    lua_setfield(L, -2, "__close");
    lua_pop(L, 1);
    luaL_newlib(L, functions);
    nr_arena arena = NR_ARENA_INIT;
    nr_lua_set_str(L, "program", nr_os_process_path(&arena));
    nr_arena_free(&arena);
    lua_pushboolean(L, NR_OS_WINDOWS);
    lua_setfield(L, -2, "windows");
    return 1;
}
