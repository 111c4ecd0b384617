#include "cli/files.h"

#include "os/isolate.h"
#include "os/os.h"
#include "os/tool.h"

#include <stdlib.h>

typedef struct names {
    nr_arena *arena;
    nr_buf list; /* nr_str[] */
} names;

static void add_name(void *self, nr_str name)
{
    names *n = self;
    nr_str copy = nr_arena_str(n->arena, name);
    if (copy.p)
        nr_buf_put(&n->list, &copy, sizeof copy);
    else
        n->list.failed = true;
}

static int by_name(const void *a, const void *b)
{
    return nr_str_cmp_utf16(*(const nr_str *)a, *(const nr_str *)b);
}

static nr_str join(nr_arena *arena, nr_str directory, nr_str name)
{
    return nr_arena_printf(arena, "%.*s%s%.*s", NR_STR_ARG(directory),
                           directory.n && directory.p[directory.n - 1] == '/' ? "" : NR_OS_SEPARATOR, NR_STR_ARG(name));
}

static nr_str item(const nr_buf *list, size_t i)
{
    nr_str s;
    memcpy(&s, list->data + i * sizeof s, sizeof s);
    return s;
}

/* The entries of `directory`, last name first, on top of the stack `todo`: they come off in order. */
static bool push_entries(nr_arena *arena, nr_str directory, nr_buf *todo)
{
    names entries = {arena, NR_BUF_INIT};
    bool ok = nr_os_list_directory(directory, add_name, &entries);
    size_t count = entries.list.size / sizeof(nr_str);
    if (count) qsort(entries.list.data, count, sizeof(nr_str), by_name);
    for (size_t i = count; i-- > 0;) {
        nr_str name = item(&entries.list, i);
        if (name.p[0] == '.' || name.p[0] == '_') continue;
        nr_str path = join(arena, directory, name);
        if (!path.p) ok = false;
        nr_buf_put(todo, &path, sizeof path);
    }
    ok = ok && !entries.list.failed && !todo->failed;
    nr_buf_free(&entries.list);
    return ok;
}

bool nr_files_collect(nr_arena *arena, nr_str directory, nr_str suffix, nr_buf *list)
{
    nr_buf todo = NR_BUF_INIT;
    bool ok = push_entries(arena, directory, &todo);
    while (ok && todo.size) {
        nr_str path = item(&todo, todo.size / sizeof path - 1);
        todo.size -= sizeof path;
        if (nr_os_file_exists(path)) {
            if (nr_str_ends(path, suffix)) nr_buf_put(list, &path, sizeof path);
        } else if (nr_os_directory_exists(path)) {
            ok = push_entries(arena, path, &todo);
        }
    }
    nr_buf_free(&todo);
    return ok && !list->failed;
}

nr_str nr_files_directory_of(nr_str path)
{
    size_t n = path.n;
    while (n && path.p[n - 1] != '/' && !(NR_OS_WINDOWS && path.p[n - 1] == '\\')) n--;
    if (n == 0) return NR_STR(".");
    return (nr_str){path.p, n > 1 ? n - 1 : n};
}

nr_str nr_files_default_library(nr_arena *arena)
{
    return join(arena, nr_files_directory_of(nr_os_process_path(arena)), NR_STR(NR_OS_LIBRARY));
}

/* Windows makes directories by their whole path only, as the profiler has to. */
static bool make_directory_of(nr_str path)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_str directory = nr_files_directory_of(path), here = nr_os_current_directory(&arena);
    bool ok = nr_os_directory_exists(directory) || nr_os_make_directory(directory) ||
              (here.p && nr_os_make_directory(join(&arena, here, directory)));
    nr_arena_free(&arena);
    return ok;
}

bool nr_files_write(nr_str path, nr_str bytes)
{
    if (!make_directory_of(path)) return false;
    intptr_t file = nr_os_open_log(path);
    bool ok = file != -1 && nr_os_write(file, bytes.p, bytes.n);
    if (file != -1) nr_os_close(file);
    return ok;
}

bool nr_files_remove_tree(nr_str path)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_buf directories = NR_BUF_INIT; /* nr_str[]: parents in front of what is in them */
    bool ok = true;
    if (nr_os_remove(path)) return true;
    nr_buf_put(&directories, &path, sizeof path);
    for (size_t i = 0; ok && i < directories.size / sizeof path; i++) {
        nr_str directory = item(&directories, i);
        names entries = {&arena, NR_BUF_INIT};
        ok = nr_os_list_directory(directory, add_name, &entries) && !entries.list.failed;
        for (size_t e = 0; ok && e < entries.list.size / sizeof path; e++) {
            nr_str child = join(&arena, directory, item(&entries.list, e));
            if (!child.p)
                ok = false;
            else if (!nr_os_remove(child))
                nr_buf_put(&directories, &child, sizeof child);
        }
        nr_buf_free(&entries.list);
        ok = ok && !directories.failed;
    }
    for (size_t i = directories.size / sizeof path; ok && i-- > 0;) ok = nr_os_remove(item(&directories, i));
    nr_buf_free(&directories);
    nr_arena_free(&arena);
    return ok;
}
