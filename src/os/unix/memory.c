/* The memory of another process, through /proc. */
#include "base/alloc.h"
#include "os/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { LARGEST = 256 << 20 };

static bool visit_range(int memory, uint64_t from, uint64_t to,
                        bool (*visit)(void *self, const uint8_t *data, size_t size), void *self)
{
    size_t size = (size_t)(to - from), done = 0;
    uint8_t *copy = nr_alloc(NULL, 0, size);
    if (!copy) return true;
    while (done < size) {
        ssize_t n = pread(memory, copy + done, size - done, (off_t)(from + done));
        if (n <= 0) break; /* what cannot be read, and what is behind it, is left out */
        done += (size_t)n;
    }
    bool go_on = done == 0 || visit(self, copy, done);
    nr_free(copy, size);
    return go_on;
}

bool nr_os_each_memory(unsigned long process, bool (*visit)(void *self, const uint8_t *data, size_t size), void *self,
                       char *why, size_t why_size)
{
    char path[64], line[512];
    bool ok = false;
    int memory = -1;
    snprintf(path, sizeof path, "/proc/%lu/maps", process);
    FILE *maps = fopen(path, "re");
    if (!maps) goto done;
    snprintf(path, sizeof path, "/proc/%lu/mem", process);
    memory = open(path, O_RDONLY | O_CLOEXEC);
    if (memory < 0) goto done;
    ok = true;
    for (bool go_on = true; go_on && fgets(line, sizeof line, maps);) {
        unsigned long long from, to;
        char access[5];
        bool whole = strchr(line, '\n') != NULL;
        if (sscanf(line, "%llx-%llx %4s", &from, &to, access) == 3 && access[0] == 'r' && access[1] == 'w' &&
            to - from <= LARGEST)
            go_on = visit_range(memory, from, to, visit, self);
        while (!whole && fgets(line, sizeof line, maps))
            whole = strchr(line, '\n') != NULL; /* the rest of a long path */
    }
done:
    if (!ok) snprintf(why, why_size, "%s", strerror(errno));
    if (memory >= 0) close(memory);
    if (maps) fclose(maps);
    return ok;
}
