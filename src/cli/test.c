/* nrprof test: Lua test files, each in a state of its own, with LuaUnit and the module `nr`. */
#include "cli/cli.h"
#include "cli/files.h"
#include "cli/lua_nr.h"
#include "cli/lua_tool.h"
#include "cli/progress.h"
#include "os/os.h"

#include <cJSON.h>
#include <lauxlib.h>
#include <string.h>

enum { OPTION_VERBOSE, OPTION_PROFILER };
static const nr_option options[] = {
    {"verbose", 'v', NULL, "name every test, not only those that fail or are skipped"},
    {"profiler", 0, "PATH", "library that scenarios load (default: the one beside nrprof)"},
};

typedef struct test_run {
    nr_cli *cli;
    bool verbose;
    const char *pattern, *profiler;
    nr_str file; /* that is running */
    unsigned passed, failed, skipped;
    unsigned selected, left_out; /* by the pattern */
    cJSON *tests;                /* with --json */
    nr_progress progress;
} test_run;

static void indented(FILE *out, const char *text)
{
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "\n");
        fprintf(out, "     %.*s\n", (int)n, p);
        p += n;
        if (*p) p++;
    }
}

static void result(test_run *r, const char *name, const char *status, const char *message, double seconds)
{
    FILE *out = r->cli->out;
    bool failed = !strcmp(status, "failed"), skipped = !strcmp(status, "skipped");
    if (failed)
        r->failed++;
    else if (skipped)
        r->skipped++;
    else
        r->passed++;
    if (r->tests) {
        cJSON *t = cJSON_CreateObject();
        cJSON_AddStringToObject(t, "file", r->file.p);
        cJSON_AddStringToObject(t, "name", name);
        cJSON_AddStringToObject(t, "status", status);
        if (message) cJSON_AddStringToObject(t, "message", message);
        cJSON_AddNumberToObject(t, "seconds", seconds);
        cJSON_AddItemToArray(r->tests, t);
        return;
    }
    const char *color = "", *plain = "";
    if (r->cli->color) {
        color = failed ? "\033[31m" : skipped ? "\033[33m" : "\033[32m";
        plain = "\033[0m";
    }
    if (!failed && !skipped && !r->verbose) return;
    nr_progress_clear(&r->progress);
    fprintf(out, "%s%s%s %s: %s", color, failed ? "FAIL" : skipped ? "skip" : "ok  ", plain, r->file.p, name);
    if (skipped) fprintf(out, ": %s", message ? message : "");
    fputc('\n', out);
    if (failed && message) indented(out, message);
    fflush(out);
}

/* report(name, status, message, seconds): upvalue 1 is the run. */
static int report(lua_State *L)
{
    test_run *r = lua_touserdata(L, lua_upvalueindex(1));
    result(r, luaL_checkstring(L, 1), luaL_checkstring(L, 2), luaL_optstring(L, 3, NULL), luaL_optnumber(L, 4, 0));
    return 0;
}

/* What a test file finds: all of Lua, LuaUnit, nr, and modules beside the file. */
static void open_state(lua_State *L, test_run *r)
{
    nr_lua_open_tool(L);
    if (r->profiler) {
        lua_getglobal(L, "package");
        lua_getfield(L, -1, "loaded");
        lua_getfield(L, -1, "nr");
        lua_pushstring(L, r->profiler);
        lua_setfield(L, -2, "profiler");
        lua_pop(L, 3);
    }
    lua_getglobal(L, "package");
    nr_str dir = nr_files_directory_of(r->file);
    lua_pushlstring(L, dir.p, dir.n);
    lua_pushfstring(L, "%s/?.lua", lua_tostring(L, -1));
    lua_setfield(L, -3, "path");
    lua_pushliteral(L, "");
    lua_setfield(L, -3, "cpath");
    lua_pop(L, 2);
}

static int run_protected(lua_State *L)
{
    test_run *r = lua_touserdata(L, 1);
    open_state(L, r);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "nrprof.testing");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "run");
    lua_pushlstring(L, r->file.p, r->file.n);
    lua_pushstring(L, r->pattern);
    lua_pushlightuserdata(L, r);
    lua_pushcclosure(L, report, 1);
    lua_call(L, 3, 2);
    unsigned selected = (unsigned)lua_tointeger(L, -2), left_out = (unsigned)lua_tointeger(L, -1);
    r->selected += selected;
    r->left_out += left_out;
    if (!selected && !left_out)
        return luaL_error(L, "%s: the file has no test (a global that begins with 'Test')", r->file.p);
    return 0;
}

static int traceback(lua_State *L)
{
    const char *message = lua_tostring(L, 1);
    luaL_traceback(L, L, message ? message : "an error that is no text", 1);
    return 1;
}

static bool run_file(test_run *r)
{
    lua_State *L = luaL_newstate();
    if (!L) return nr_cli_no_memory(r->cli), false;
    lua_pushcfunction(L, traceback);
    lua_pushcfunction(L, run_protected);
    lua_pushlightuserdata(L, r);
    if (lua_pcall(L, 1, 0, 1) != LUA_OK) result(r, "the file", "failed", lua_tostring(L, -1), 0);
    lua_close(L);
    return true;
}

static bool exists(nr_str path)
{
    return nr_os_file_exists(path) || nr_os_directory_exists(path);
}

/* [PATTERN] FILE|DIR…: the first operand is a pattern when there is no such file and more operands follow. */
static bool collect(test_run *r, const nr_args *args, nr_buf *files)
{
    for (size_t i = 0; i < args->operand_count; i++) {
        nr_str path = nr_str_of(args->operands[i]);
        if (i == 0 && args->operand_count > 1 && !exists(path)) {
            r->pattern = args->operands[i];
        } else if (nr_os_file_exists(path)) {
            nr_buf_put(files, &path, sizeof path);
        } else if (nr_os_directory_exists(path)) {
            size_t before = files->size;
            if (!nr_files_collect(&r->cli->arena, path, NR_STR(".lua"), files)) return nr_cli_no_memory(r->cli), false;
            if (files->size == before) return nr_cli_error(r->cli, "%s: no test file (*.lua) in it", path.p), false;
        } else {
            return nr_cli_error(r->cli, "%s: no such file or directory", path.p), false;
        }
    }
    return !files->failed || (nr_cli_no_memory(r->cli), false);
}

static void print_json(test_run *r)
{
    cJSON *all = cJSON_CreateObject();
    cJSON_AddNumberToObject(all, "passed", r->passed);
    cJSON_AddNumberToObject(all, "failed", r->failed);
    cJSON_AddNumberToObject(all, "skipped", r->skipped);
    cJSON_AddItemToObject(all, "tests", r->tests);
    char *text = cJSON_Print(all);
    if (text) fprintf(r->cli->out, "%s\n", text);
    cJSON_free(text);
    cJSON_Delete(all);
}

static int run(nr_cli *cli, const nr_args *args)
{
    test_run r;
    nr_buf files = NR_BUF_INIT;
    int code = NR_EXIT_USAGE;
    memset(&r, 0, sizeof r);
    r.cli = cli;
    r.verbose = args->values[OPTION_VERBOSE] != NULL;
    r.profiler = args->values[OPTION_PROFILER];
    if (!args->operand_count) return nr_cli_usage(cli, &nr_command_test, "no test file or directory is given");
    if (r.profiler && !nr_os_file_exists(nr_str_of(r.profiler)))
        return nr_cli_error(cli, "%s: no such file", r.profiler), NR_EXIT_USAGE;
    if (!collect(&r, args, &files)) goto done;
    if (cli->json && !(r.tests = cJSON_CreateArray())) {
        nr_cli_no_memory(cli);
        goto done;
    }
    nr_progress_begin(&r.progress, cli, "testing");
    size_t count = files.size / sizeof(nr_str);
    for (size_t i = 0; i < count; i++) {
        memcpy(&r.file, files.data + i * sizeof r.file, sizeof r.file);
        nr_progress_set(&r.progress, i, count);
        if (!run_file(&r)) goto done;
    }
    nr_progress_clear(&r.progress);
    if (r.pattern && !r.selected && !r.failed) {
        nr_cli_error(cli, "no test matches '%s' (%u tests were looked at)", r.pattern, r.left_out);
        goto done;
    }
    if (r.tests) {
        print_json(&r);
        r.tests = NULL;
    } else {
        fprintf(cli->out, "%u passed, %u failed", r.passed, r.failed);
        fprintf(cli->out, r.skipped ? ", %u skipped\n" : "\n", r.skipped);
    }
    code = r.failed ? NR_EXIT_FINDINGS : NR_EXIT_OK;
done:
    cJSON_Delete(r.tests);
    nr_lua_clean_up();
    nr_buf_free(&files);
    return code;
}

const nr_command nr_command_test = {
    "test",
    "[OPTION...] [PATTERN] FILE|DIR...",
    "run Lua tests with LuaUnit",
    "A directory stands for the *.lua files in and below it, names that begin with '_' left out. PATTERN, a Lua "
    "pattern,\n"
    "selects tests by 'Class.test'; with a '!' in front it leaves them out. Each file runs in a Lua state of its own "
    "with\n"
    "all libraries, LuaUnit (require \"luaunit\") and the profiler's script room (require \"nr\"). The last line is\n"
    "'N passed, N failed', with ', N skipped' when tests were skipped.\n",
    options,
    NR_COUNT(options),
    run,
};
