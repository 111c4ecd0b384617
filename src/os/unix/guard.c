#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr, RTLD_NOLOAD */
#endif
#include "os/guard.h"

#include "os/map.h"
#include "os/unix/status.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/auxv.h>
#endif

/* The path by which the library or program that holds `address` was loaded; NULL: unknown. */
static const char *path_around(const void *address)
{
    Dl_info found;
    return dladdr(address, &found) ? found.dli_fname : NULL;
}

nr_os_distrust nr_os_distrusts(nr_str path)
{
    struct stat st, own;
    if (!path.n || path.p[0] != '/') return NR_OS_DISTRUST_RELATIVE;
    if (!nr_os_unix_status(path, &st) || !S_ISREG(st.st_mode)) return NR_OS_DISTRUST_NO_FILE;
    if (st.st_uid != 0 && st.st_uid != geteuid()) return NR_OS_DISTRUST_OWNER;
    if (st.st_mode & S_IWOTH) return NR_OS_DISTRUST_WRITABLE;
    static const char here = 0;
    const char *self = path_around(&here);
    if (self && nr_os_unix_status(nr_str_of(self), &own) && own.st_dev == st.st_dev && own.st_ino == st.st_ino)
        return NR_OS_DISTRUST_OURSELVES;
    return NR_OS_DISTRUST_NONE;
}

bool nr_os_is_elevated(void)
{
#if defined(__linux__)
    if (getauxval(AT_SECURE)) return true;
#endif
    return getuid() != geteuid() || getgid() != getegid();
}

void *nr_os_library_open_guarded(nr_str path, char *why, size_t why_size)
{
    return nr_os_library_open(path, why, why_size);
}

void (*nr_os_symbol_around(const void *address, const char *name))(void)
{
    const char *path = path_around(address);
    void *library = path ? dlopen(path, RTLD_LAZY | RTLD_NOLOAD) : NULL;
    if (!library) library = dlopen(NULL, RTLD_LAZY); /* the program itself */
    if (!library) return NULL;
    void (*f)(void) = nr_os_library_symbol(library, name);
    dlclose(library); /* what was loaded stays loaded */
    return f;
}

nr_str nr_os_absolute_path(nr_arena *arena, nr_str path)
{
    char here[NR_PATH_SIZE];
    if (path.n && path.p[0] == '/') return path;
    if (!getcwd(here, sizeof here)) return path;
    while (path.n > 1 && path.p[0] == '.' && path.p[1] == '/') path.p += 2, path.n -= 2;
    return nr_arena_printf(arena, "%s/%.*s", here, NR_STR_ARG(path));
}

intptr_t nr_os_create_private(nr_str path, bool *exists)
{
    char z[NR_PATH_SIZE];
    *exists = false;
    if (!nr_os_unix_path(path, z)) return -1;
    int fd = open(z, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    *exists = fd < 0 && errno == EEXIST;
    return fd;
}

void nr_os_cut(intptr_t file, uint64_t size)
{
    if (ftruncate((int)file, (off_t)size) == 0) lseek((int)file, (off_t)size, SEEK_SET);
}

bool nr_os_rename(nr_str from, nr_str to)
{
    char a[NR_PATH_SIZE], b[NR_PATH_SIZE];
    return nr_os_unix_path(from, a) && nr_os_unix_path(to, b) && rename(a, b) == 0;
}

uintptr_t nr_os_thread_id(void)
{
    return (uintptr_t)pthread_self();
}
