/* framework.h - every assembly of the installed shared frameworks, for tests over real method bodies.
 *
 * DOTNET_ROOT names the installation (default: where Debian-like systems have it); of several versions of a framework the
 * highest in text order is taken. */
#ifndef NR_TESTS_SIM_FRAMEWORK_H
#define NR_TESTS_SIM_FRAMEWORK_H

#include "base/compiler.h"
#include "os/os.h"
#include "sim/md.h"

#include <stdlib.h>

typedef struct nr_framework_walk {
    void (*file)(void *self, const nr_md *md, nr_str path);
    void *self;
    nr_arena arena;
    nr_str directory, version;
    unsigned files;
} nr_framework_walk;

static inline void nr_framework_version(void *self, nr_str name)
{
    nr_framework_walk *w = self;
    if (name.n && name.p[0] >= '0' && name.p[0] <= '9' && (!w->version.p || nr_str_cmp_utf16(w->version, name) < 0))
        w->version = nr_arena_str(&w->arena, name);
}

static inline void nr_framework_file(void *self, nr_str name)
{
    nr_framework_walk *w = self;
    nr_md md;
    nr_image_error error;
    if (!nr_str_ends(name, NR_STR(".dll"))) return;
    nr_str path = nr_arena_printf(&w->arena, "%.*s/%.*s", NR_STR_ARG(w->directory), NR_STR_ARG(name));
    if (!nr_md_open(&md, path, &error)) return; /* native libraries are there as well */
    w->file(w->self, &md, path);
    w->files++;
    nr_md_close(&md);
}

/* Where an installed framework has its assemblies. p == NULL: there is none. */
static inline nr_str nr_framework_directory(nr_arena *arena, const char *framework)
{
    const char *root = getenv("DOTNET_ROOT");
    nr_framework_walk w = {.arena = NR_ARENA_INIT};
    nr_str none = {NULL, 0};
    nr_str all = nr_arena_printf(arena, "%s/shared/%s", root && *root ? root : "/usr/share/dotnet", framework);
    nr_os_list_directory(all, nr_framework_version, &w);
    nr_str directory =
        w.version.p ? nr_arena_printf(arena, "%.*s/%.*s", NR_STR_ARG(all), NR_STR_ARG(w.version)) : none;
    nr_arena_free(&w.arena);
    return directory;
}

/* Calls `file` for each assembly; returns how many there were. */
static inline unsigned nr_each_framework_file(void (*file)(void *self, const nr_md *md, nr_str path), void *self)
{
    static const char *const frameworks[] = {"Microsoft.NETCore.App", "Microsoft.AspNetCore.App"};
    nr_framework_walk w = {.file = file, .self = self, .arena = NR_ARENA_INIT};
    for (size_t i = 0; i < NR_COUNT(frameworks); i++) {
        w.directory = nr_framework_directory(&w.arena, frameworks[i]);
        if (w.directory.p) nr_os_list_directory(w.directory, nr_framework_file, &w);
    }
    nr_arena_free(&w.arena);
    return w.files;
}

#endif
