#include "os/map.h"

#include "base/alloc.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t nothing[1];

static char *path_z(nr_str path)
{
    char *z = nr_alloc(NULL, 0, path.n + 1);
    if (z) {
        if (path.n) memcpy(z, path.p, path.n);
        z[path.n] = 0;
    }
    return z;
}

bool nr_os_map_file(nr_str path, const uint8_t **data, size_t *size)
{
    bool ok = false;
    struct stat st;
    char *z = path_z(path);
    int fd = z ? open(z, O_RDONLY | O_CLOEXEC) : -1;
    nr_free(z, path.n + 1);
    if (fd < 0) return false;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) goto done;
    if (st.st_size == 0) {
        *data = nothing;
        *size = 0;
        ok = true;
        goto done;
    }
    if ((uint64_t)st.st_size > SIZE_MAX) goto done;
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED) goto done;
    *data = p;
    *size = (size_t)st.st_size;
    ok = true;
done:
    close(fd);
    return ok;
}

void nr_os_unmap(const uint8_t *data, size_t size)
{
    if (!size) return;
    void *p;
    memcpy(&p, &data, sizeof p); /* munmap takes no pointer to const */
    munmap(p, size);
}

void *nr_os_library_open(nr_str path, char *why, size_t why_size)
{
    char *z = path_z(path);
    void *library = z ? dlopen(z, RTLD_LAZY | RTLD_LOCAL) : NULL;
    if (!library && why && why_size) {
        const char *text = z ? dlerror() : "out of memory";
        snprintf(why, why_size, "%s", text ? text : "");
    }
    nr_free(z, path.n + 1);
    return library;
}

void (*nr_os_library_symbol(void *library, const char *name))(void)
{
    void *p = dlsym(library, name);
    void (*f)(void);
    memcpy(&f, &p, sizeof f); /* ISO C has no cast from object to function pointer */
    return f;
}

void nr_os_library_close(void *library)
{
    if (library) dlclose(library);
}
