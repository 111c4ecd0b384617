#include "rules/home.h"

#include "base/log.h"
#include "base/xml.h"
#include "os/os.h"

#include <stdlib.h>

const char *nr_start_error_text(nr_start_error e)
{
    static const char *const texts[] = {
#define X(name, text) text,
        NR_START_ERRORS(X)
#undef X
    };
    return (unsigned)e < NR_START_ERROR_COUNT ? texts[e] : "";
}

const char *nr_runtime_directory(bool core)
{
    return core ? "netcore" : "netframework";
}

const char *nr_runtime_product(bool core)
{
    return core ? "New Relic .NET CoreCLR Agent" : "New Relic .NET Agent";
}

bool nr_home_from_environment(nr_arena *arena, bool core, nr_str *home)
{
    return nr_env_get(arena, core ? NR_ENV_HOME_CORE : NR_ENV_HOME_FRAMEWORK, home);
}

const char *nr_home_variable(bool core)
{
    return nr_env_variables[core ? NR_ENV_HOME_CORE : NR_ENV_HOME_FRAMEWORK].name;
}

nr_start_error nr_home_directory(nr_arena *arena, bool core, nr_str *home)
{
    if (nr_home_from_environment(arena, core, home)) return home->p ? NR_START_OK : NR_START_NO_MEMORY;
    if (nr_os_registry_string(arena, "Software\\New Relic\\.NET Agent", "NewRelicHome", home))
        return home->p ? NR_START_OK : NR_START_NO_MEMORY;
    NR_LOG(NR_ERROR, "Unable to find New Relic Home directory in registry or environment.");
    return NR_START_NO_HOME;
}

nr_str nr_path_join(nr_arena *arena, nr_str a, const char *b)
{
    return nr_arena_printf(arena, "%.*s" NR_OS_SEPARATOR "%s", NR_STR_ARG(a), b);
}

nr_start_error nr_text_read(nr_arena *arena, nr_str path, nr_str *text)
{
    nr_buf bytes = NR_BUF_INIT;
    nr_start_error e = NR_START_NO_MEMORY;
    *text = (nr_str){NULL, 0};
    if (!nr_os_read_file(path, &bytes)) {
        if (bytes.failed) goto done;
        NR_LOG(NR_ERROR, "Unable to open file. File path: %.*s", NR_STR_ARG(path));
        e = NR_START_UNREADABLE;
        goto done;
    }
    nr_str decoded = nr_text_decode(arena, nr_buf_str(&bytes));
    if (decoded.p) *text = nr_arena_str(arena, decoded);
    if (text->p) e = NR_START_OK;
done:
    nr_buf_free(&bytes);
    return e;
}

/* ---- extensions ----------------------------------------------------------------------- */

typedef struct listing {
    nr_arena *arena;
    nr_str directory;
    const char *tail; /* what a name must end with; NULL: anything */
    nr_buf paths;     /* of nr_str */
} listing;

static void add_path(void *self, nr_str name)
{
    listing *l = self;
    if (l->tail && !nr_str_ends_ci(name, nr_str_of(l->tail))) return;
    nr_str path = nr_arena_printf(l->arena, "%.*s" NR_OS_SEPARATOR "%.*s", NR_STR_ARG(l->directory), NR_STR_ARG(name));
    if (path.p) {
        nr_buf_put(&l->paths, &path, sizeof path);
    } else {
        l->paths.failed = true;
    }
}

static int by_path(const void *a, const void *b)
{
    return nr_str_cmp_utf16(*(const nr_str *)a, *(const nr_str *)b);
}

static bool finish(listing *l, nr_str_list *list)
{
    list->count = l->paths.size / sizeof(nr_str);
    if (list->count) qsort(l->paths.data, list->count, sizeof(nr_str), by_path);
    list->items = l->paths.failed ? NULL : nr_arena_copy(l->arena, l->paths.data, l->paths.size);
    nr_buf_free(&l->paths);
    return list->items != NULL;
}

static void list_files(listing *xml, listing *lua, nr_str directory)
{
    xml->directory = lua->directory = directory;
    if (!nr_os_list_by_extension(directory, "xml", add_path, xml) && NR_OS_WINDOWS)
        NR_LOG(NR_WARN, "No instrumentation files found.");
    nr_os_list_directory(directory, add_path, lua);
}

nr_start_error nr_extension_files_list(nr_arena *arena, bool core, nr_extension_files *files)
{
    nr_str home;
    listing xml = {arena, {NULL, 0}, NULL, NR_BUF_INIT}, lua = {arena, {NULL, 0}, ".lua", NR_BUF_INIT};
    memset(files, 0, sizeof *files);
    nr_start_error e = nr_home_directory(arena, core, &home);
    if (e) return e;
    nr_str root = nr_path_join(arena, home, "extensions");
    nr_str runtime = root.p ? nr_path_join(arena, root, nr_runtime_directory(core)) : root;
    if (!runtime.p) return NR_START_NO_MEMORY;
    if (nr_os_directory_exists(root)) {
        NR_LOG(NR_INFO, "Loading instrumentation from %.*s", NR_STR_ARG(root));
    } else {
        NR_LOG(NR_WARN,
               "Unable to find the New Relic Agent extensions directory (%.*s).  No methods will be instrumented except "
               "those decorated with [Transaction] or [Trace] attributes in conjunction with the New Relic agent API.",
               NR_STR_ARG(root));
    }
    list_files(&xml, &lua, root);
    if (nr_os_directory_exists(runtime)) {
        NR_LOG(NR_INFO, "Loading instrumentation from %.*s", NR_STR_ARG(runtime));
        list_files(&xml, &lua, runtime);
    }
    bool ok = finish(&xml, &files->xml);
    ok = finish(&lua, &files->lua) && ok;
    return ok ? NR_START_OK : NR_START_NO_MEMORY;
}
