/* The Lua state of a generation: life, limits, loading. */
#include "script/script.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/utf.h"
#include "base/xml.h"
#include "rules/switches.h"
#include "script/embedded.h"
#include "script/host.h"

#include <string.h>

enum { HOOK_STEP = 1000, MOST_ARGUMENTS = 4096 };

int nr_script_line(lua_State *L)
{
    lua_Debug ar;
    for (int level = 0; lua_getstack(L, level, &ar); level++) {
        if (lua_getinfo(L, "Sl", &ar) && !strcmp(ar.short_src, "@") && ar.currentline > 0) return ar.currentline;
    }
    return 0;
}

/* Lua's allocator: the choke point of the library, with a limit (lua_Alloc: osize of a new block is a type). */
static void *allocate(void *ud, void *p, size_t old_size, size_t new_size)
{
    nr_script *s = ud;
    if (!p) old_size = 0;
    if (new_size > old_size && s->memory + (new_size - old_size) > NR_SCRIPT_MEMORY) return NULL;
    void *q = nr_alloc(p, old_size, new_size);
    if (q || new_size == 0)
        s->memory = s->memory - old_size + new_size;
    else
        s->starved = true;
    return q;
}

static void count_instructions(lua_State *L, lua_Debug *ar)
{
    nr_script *s = nr_script_of(L);
    s->budget -= HOOK_STEP;
    s->last_line = nr_script_line(L);
    /* An instruction that hands on a quarter of a million arguments takes as long as as many others. */
    bool arguments = lua_getlocal(L, ar, -MOST_ARGUMENTS) != NULL;
    if (s->budget <= 0 || arguments) {
        /* From now on at every instruction: nothing can go on after this. */
        lua_sethook(L, count_instructions, LUA_MASKCOUNT, 1);
        luaL_where(L, 0); /* a hook has no frame of its own: luaL_error would look at the caller */
        lua_pushstring(L, arguments ? "too many arguments" : "instruction limit reached");
        lua_concat(L, 2);
        lua_error(L);
    }
}

void nr_script_set_budget(nr_script *s, long instructions)
{
    s->budget = instructions;
    lua_sethook(s->L, count_instructions, LUA_MASKCOUNT, HOOK_STEP);
}

/* The files that are compiled in need no limit, and counting costs a good part of their time. */
void nr_script_no_budget(nr_script *s)
{
    lua_sethook(s->L, NULL, 0, 0);
}

_Noreturn int nr_script_no_memory(lua_State *L)
{
    nr_script_of(L)->starved = true;
    for (;;) luaL_error(L, "not enough memory"); /* which does not come back */
}

nr_str nr_script_string(nr_script *s, int index, bool in_set)
{
    size_t n;
    const char *p = luaL_checklstring(s->L, index, &n);
    nr_str text = nr_arena_str(in_set ? &s->set->arena : &s->arena, (nr_str){p, n});
    if (!text.p) nr_script_no_memory(s->L);
    return text;
}

/* What has no place of its own, because it is no text or comes from a library, gets that of the line being carried out. */
static int locate(lua_State *L)
{
    const char *message = lua_type(L, 1) == LUA_TSTRING ? lua_tostring(L, 1) : "an error that is no text";
    int line = nr_script_line(L);
    if (!strncmp(message, "@:", 2)) return 1;
    lua_pushfstring(L, "@:%d: %s", line ? line : 1, message);
    return 1;
}

int nr_script_pcall(nr_script *s, int arguments, int results)
{
    int handler = lua_gettop(s->L) - arguments;
    lua_pushcfunction(s->L, locate);
    lua_insert(s->L, handler);
    s->last_line = 0;
    s->starved = false;
    int status = lua_pcall(s->L, arguments, results, handler);
    lua_remove(s->L, handler);
    return status;
}

/* One WARN for a file that is skipped: "@:12: text" becomes "path:12: text". */
void nr_script_warn_skipped(nr_script *s, const char *what)
{
    const char *message = lua_type(s->L, -1) == LUA_TSTRING ? lua_tostring(s->L, -1) : "an error that is no text";
    if (!strncmp(message, "@:", 2)) {
        NR_LOG(NR_WARN, "%.*s:%s - %s", NR_STR_ARG(s->file), message + 2, what);
    } else { /* no memory: Lua calls no handler then, and its stack may be in pieces */
        bool limit = !s->starved && !strcmp(message, "not enough memory");
        NR_LOG(NR_WARN, "%.*s:%d: %s - %s", NR_STR_ARG(s->file), s->last_line ? s->last_line : 1,
               limit ? "memory limit reached (8 MiB for all files together)" : message, what);
    }
}

static int open_protected(lua_State *L)
{
    nr_script *s = nr_script_of(L);
    nr_sandbox_open(s);
    nr_facts_open(s);
    return 0;
}

/* Leaves what lua/nrprof/rules.lua returns. Compiled at the first rule file: most homes have none, and it is a quarter of
 * the work of a start. */
static void push_rule_library(nr_script *s)
{
    lua_State *L = s->L;
    nr_str text = {NULL, 0};
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->rule_verbs);
    if (s->rule_verbs != LUA_NOREF) return;
    lua_pop(L, 1);
    for (const nr_embedded *e = nr_embedded_files; e->name; e++) {
        if (!strcmp(e->name, "lua/nrprof/rules.lua")) text = (nr_str){(const char *)e->data, e->size};
    }
    if (!text.p) luaL_error(L, "lua/nrprof/rules.lua is missing in this build");
    if (nr_sandbox_load(s, NR_FILE_LIBRARY, text, "=nrprof.rules") != LUA_OK) lua_error(L);
    lua_call(L, 0, 1);
    /* The verbs it returns join the shared names of rule files. */
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->environments[NR_FILE_RULES]);
    lua_getfield(L, -2, "verbs");
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, -6);
    }
    lua_pop(L, 2);
    lua_pushvalue(L, -1);
    s->rule_verbs = luaL_ref(L, LUA_REGISTRYINDEX);
}

nr_script *nr_script_new(nr_ruleset *set)
{
    nr_script *s = nr_zalloc(sizeof *s);
    if (!s) return NULL;
    s->set = set;
    s->mapping = s->new_mapping = s->rule_verbs = LUA_NOREF;
    s->L = lua_newstate(allocate, s);
    if (!s->L) {
        nr_free(s, sizeof *s);
        return NULL;
    }
    *(nr_script **)lua_getextraspace(s->L) = s;
    lua_gc(s->L, LUA_GCINC, 400, 0, 0); /* what loading leaves is collected by nr_script_seal, once */
    s->file = NR_STR("");
    lua_pushcfunction(s->L, open_protected);
    if (lua_pcall(s->L, 0, 0, 0) != LUA_OK) {
        nr_script_warn_skipped(s, "the rules cannot be loaded");
        nr_script_free(s);
        return NULL;
    }
    return s;
}

void nr_script_free(nr_script *s)
{
    if (!s) return;
    lua_close(s->L);
    nr_arena_free(&s->arena);
    nr_free(s, sizeof *s);
}

bool nr_script_commit_rules(nr_script *s)
{
    nr_point *p = s->pending;
    bool ok = true;
    s->pending = s->pending_last = NULL;
    while (ok && p) {
        nr_point *next = p->next;
        p->next = NULL;
        ok = nr_ruleset_add(s->set, p, true);
        p = next;
    }
    return ok;
}

/* New templates take the place of older ones of the same name. */
static void adopt_templates(nr_script *s)
{
    while (s->new_templates) {
        nr_template *t = s->new_templates;
        s->new_templates = t->next;
        t->off = nr_switched_off(NR_ENV_TEMPLATES_DISABLED, t->name);
        if (t->off)
            NR_LOG(NR_INFO, "The template '%.*s' is switched off by %s", NR_STR_ARG(t->name),
                   nr_env_variables[NR_ENV_TEMPLATES_DISABLED].name);
        nr_template *_Atomic *at = &s->templates, *old;
        while ((old = atomic_load(at)) && !nr_str_eq(old->name, t->name)) at = &old->next;
        atomic_store(&t->next, old ? atomic_load(&old->next) : NULL);
        atomic_store(at, t); /* others may be on the way through the list */
    }
}

/* A method that is added to mscorlib has one signature, not those of the samples. */
static void check_blob(nr_script *s, const nr_template *t, const nr_blob *blob, unsigned shape)
{
    if (!s->check || t->outside) return;
    nr_str complaint = s->check(&s->arena, blob, shape);
    if (!complaint.p) return;
    lua_pushlstring(s->L, complaint.p, complaint.n);
    lua_error(s->L);
}

void nr_script_set_check(nr_script *s, nr_script_check check)
{
    s->check = check;
}

/* Compiles and runs the file text in the argument (a light pointer to an nr_str). */
static int run_protected(lua_State *L)
{
    nr_script *s = nr_script_of(L);
    const nr_str *text = lua_touserdata(L, 1);
    /* "=@": messages begin with "@:line:"; warn_skipped puts the whole path there, which Lua would cut to 59 bytes. */
    if (nr_sandbox_load(s, (nr_file_kind)lua_tointeger(L, 2), *text, "=@") != LUA_OK) return lua_error(L);
    lua_call(L, 0, 0);
    /* A template from outside is tried in every shape now: its author hears of a fault at once. The
     * built-in ones are covered by the tests and wait until they are needed. */
    if (s->from_home) {
        for (nr_template *t = s->new_templates; t; t = t->next) {
            for (unsigned shape = 0; shape < NR_SHAPE_COUNT; shape++)
                check_blob(s, t, nr_verbs_run(s, t, shape), shape);
        }
    }
    return 0;
}

/* The mapping of a file that was read without a fault takes the place of the one in force. */
static void adopt_mapping(nr_script *s, bool ok)
{
    if (s->new_mapping == LUA_NOREF) return;
    luaL_unref(s->L, LUA_REGISTRYINDEX, ok ? s->mapping : s->new_mapping);
    if (ok) s->mapping = s->new_mapping;
    s->new_mapping = LUA_NOREF;
}

/* A file that is cut off or garbled somewhere must not be used in part. */
static bool is_valid_text(nr_str file, nr_str text, const char *what)
{
    size_t valid = nr_utf8_valid_prefix(text), line = 1;
    if (valid == text.n || text.p[0] == '\x1b') return true; /* precompiled code is refused for what it is */
    for (size_t i = 0; i < valid; i++) line += text.p[i] == '\n';
    NR_LOG(NR_WARN, "%.*s:%zu: the text is not UTF-8 - %s", NR_STR_ARG(file), line, what);
    return false;
}

bool nr_script_run_file(nr_script *s, nr_file_kind env, nr_str file, nr_str text, const char *what)
{
    if (!file.p || !is_valid_text(file, text, what)) return false;
    s->file = file;
    s->new_templates = NULL;
    lua_pushcfunction(s->L, run_protected);
    lua_pushlightuserdata(s->L, &text);
    lua_pushinteger(s->L, env);
    bool ok = nr_script_pcall(s, 2, 0) == LUA_OK;
    if (!ok)
        nr_script_warn_skipped(s, what);
    else
        adopt_templates(s);
    adopt_mapping(s, ok);
    lua_settop(s->L, 0);
    return ok;
}

static int map_protected(lua_State *L)
{
    nr_script *s = nr_script_of(L);
    const nr_xml_node *document = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->mapping);
    nr_xml_push(L, document);
    lua_call(L, 1, 0);
    return 0;
}

bool nr_script_load_xml(nr_script *s, nr_str file, nr_str text)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_xml_error error = {NULL, 0, 0, 0};
    bool ok = false;
    nr_xml_node *document = nr_xml_parse(&arena, text, &error);
    if (!document) {
        NR_LOG(NR_DEBUG, "%.*s:%u:%u: %s", NR_STR_ARG(file), error.line, error.column, error.text);
        goto done;
    }
    s->file = nr_arena_str(&s->set->arena, file);
    if (!s->file.p) goto done;
    /* A mapping from the home directory has a limit that grows with the document. */
    if (s->own_mapping)
        nr_script_set_budget(s, NR_SCRIPT_INSTRUCTIONS + (long)(text.n < 10000000 ? text.n : 10000000) * 100);
    else
        nr_script_no_budget(s);
    s->xml_open = true;
    lua_pushcfunction(s->L, map_protected);
    lua_pushlightuserdata(s->L, document);
    ok = lua_pcall(s->L, 1, 0, 0) == LUA_OK;
    s->xml_open = false;
    s->xml_serial++;
    if (!ok) {
        const char *why = lua_type(s->L, -1) == LUA_TSTRING ? lua_tostring(s->L, -1) : NULL;
        NR_LOG(NR_DEBUG, "%.*s: %s", NR_STR_ARG(file), why ? why : "an error that is no text");
    }
    lua_settop(s->L, 0);
    if (!nr_script_commit_rules(s)) ok = false;
done:
    nr_arena_free(&arena);
    return ok;
}

static int library_protected(lua_State *L)
{
    push_rule_library(nr_script_of(L));
    lua_getfield(L, -1, lua_touserdata(L, 1));
    lua_call(L, 0, 0);
    return 0;
}

/* Calls rules.begin() or rules.finish(). Even the look for the function is protected: its name takes memory. */
static bool call_rule_library(nr_script *s, const char *function)
{
    lua_pushcfunction(s->L, library_protected);
    lua_pushlightuserdata(s->L, (void *)(uintptr_t)function);
    bool ok = lua_pcall(s->L, 1, 0, 0) == LUA_OK;
    if (!ok) nr_script_warn_skipped(s, "the file is skipped");
    lua_settop(s->L, 0);
    return ok;
}

/* A directory to which everybody may write: nobody's file there is trusted, but one's own can be taken away. */
static void look_at_directory(nr_script *s, nr_str path)
{
    unsigned mode;
    size_t n = path.n;
    while (n && path.p[n - 1] != NR_OS_SEPARATOR[0]) n--;
    nr_str directory = {path.p, n ? n - 1 : 0};
    if (!n || nr_str_eq(directory, s->warned_directory) || !nr_os_is_world_writable(directory, &mode)) return;
    s->warned_directory = nr_arena_str(&s->arena, directory);
    NR_LOG(NR_WARN,
           "%.*s: any user may write to this directory (mode %04o); only files of root and of this process's user are "
           "used",
           NR_STR_ARG(directory), mode);
}

bool nr_script_read_file(nr_script *s, nr_arena *arena, nr_str path, nr_str *text)
{
    nr_buf bytes = NR_BUF_INIT;
    nr_os_owner o;
    *text = (nr_str){NULL, 0};
    look_at_directory(s, path);
    if (nr_os_read_trusted_file(path, &bytes, &o)) {
        /* The whole text: a rule file with a fault in it is refused, not cut. */
        nr_str decoded = nr_text_decode_all(arena, nr_buf_str(&bytes)); /* may be the bytes themselves */
        if (decoded.p) *text = nr_arena_str(arena, decoded);
        if (!text->p) NR_LOG(NR_WARN, "%.*s: out of memory - the file is skipped", NR_STR_ARG(path));
    } else if (o.trust == NR_OS_WORLD_WRITABLE) {
        NR_LOG(NR_WARN, "%.*s: any user may write to this file (mode %04o) - the file is skipped", NR_STR_ARG(path),
               o.mode);
    } else if (o.trust == NR_OS_FOREIGN) {
        NR_LOG(NR_WARN,
               "%.*s: this file belongs to user %lu, not to root or this process's user %lu - the file is skipped",
               NR_STR_ARG(path), o.owner, o.user);
    } else if (o.trust == NR_OS_NOT_A_FILE) {
        NR_LOG(NR_WARN, "%.*s: this is no regular file - the file is skipped", NR_STR_ARG(path));
    } else {
        NR_LOG(NR_WARN, "%.*s: the file cannot be read and is skipped", NR_STR_ARG(path));
    }
    nr_buf_free(&bytes);
    return text->p != NULL;
}

bool nr_script_load_rules(nr_script *s, nr_str file, nr_str text)
{
    nr_point *last = s->pending_last;
    nr_script_run_later(s, NR_STAGE_NONE); /* rule files may use up the memory */
    nr_script_set_budget(s, NR_SCRIPT_INSTRUCTIONS);
    s->file = file = nr_arena_str(&s->set->arena, file);
    bool ok = call_rule_library(s, "begin") &&
              nr_script_run_file(s, NR_FILE_RULES, file, text, "the file is skipped") && call_rule_library(s, "finish");
    s->file = NR_STR("");
    if (!ok) { /* none of its points stays */
        *(last ? &last->next : &s->pending) = NULL;
        s->pending_last = last;
    }
    return ok;
}

void nr_script_seal(nr_script *s)
{
    s->sealed = true;
    lua_gc(s->L, LUA_GCCOLLECT);
}

static int blob_protected(lua_State *L)
{
    nr_script *s = nr_script_of(L);
    lua_pushlightuserdata(L, (void *)nr_verbs_run(s, lua_touserdata(L, 1), (unsigned)lua_tointeger(L, 2)));
    return 1;
}

static void make_blob(nr_script *s, nr_template *t, unsigned shape)
{
    nr_mutex_lock(&s->lock);
    if (!atomic_load_explicit(&t->blobs[shape], memory_order_relaxed) && !t->failed[shape]) {
        nr_script_set_budget(s, NR_TEMPLATE_INSTRUCTIONS);
        s->starved = false;
        s->template_runs++;
        lua_pushcfunction(s->L, blob_protected);
        lua_pushlightuserdata(s->L, t);
        lua_pushinteger(s->L, (lua_Integer)shape);
        if (nr_script_pcall(s, 2, 1) == LUA_OK) {
            s->blobs++;
            atomic_store_explicit(&t->blobs[shape], lua_touserdata(s->L, -1), memory_order_release);
        } else {
            t->failed[shape] = !s->starved; /* what failed for want of memory is tried again */
            s->file = t->file;
            nr_script_warn_skipped(s, "methods of this shape stay as they are");
        }
        lua_settop(s->L, 0);
    }
    nr_mutex_unlock(&s->lock);
}

static nr_template *find_template(nr_script *s, nr_str name)
{
    nr_template *t = atomic_load(&s->templates);
    while (t && !nr_str_eq(t->name, name)) t = atomic_load(&t->next);
    return t;
}

static nr_template *template_named(nr_script *s, nr_str name)
{
    nr_template *t = find_template(s, name);
    for (unsigned left = NR_STAGE_COMMON; !t && left-- > NR_STAGE_NONE;) {
        if (atomic_load(&s->later) <= left) continue;
        nr_script_run_later(s, left);
        t = find_template(s, name);
    }
    return t;
}

bool nr_script_template_is_off(nr_script *s, nr_str template_name)
{
    const nr_template *t = template_named(s, template_name);
    return t && t->off;
}

const nr_template_entry *nr_script_entry(nr_script *s, nr_str template_name)
{
    const nr_template *t = template_named(s, template_name);
    return t ? t->entry : NULL;
}

const nr_blob *nr_script_blob(nr_script *s, nr_str template_name, unsigned shape)
{
    nr_template *t = template_named(s, template_name);
    if (!t || t->off || shape >= NR_SHAPE_COUNT) return NULL;
    const nr_blob *blob = atomic_load_explicit(&t->blobs[shape], memory_order_acquire);
    if (blob) return blob;
    make_blob(s, t, shape);
    return atomic_load_explicit(&t->blobs[shape], memory_order_acquire);
}

bool nr_script_added_method(nr_script *s, size_t n, nr_added_method *method)
{
    nr_script_run_later(s, NR_STAGE_NONE);
    const nr_template *t = atomic_load(&s->templates);
    for (; t; t = atomic_load(&t->next)) {
        if (t->outside && n-- == 0) break;
    }
    if (!t) return false;
    method->name = t->name;
    method->outside = t->outside;
    method->inside = t->inside;
    return true;
}

nr_script_counters nr_script_count(nr_script *s)
{
    nr_mutex_lock(&s->lock);
    nr_script_counters c = {s->template_runs, s->blobs, s->memory};
    nr_mutex_unlock(&s->lock);
    return c;
}
