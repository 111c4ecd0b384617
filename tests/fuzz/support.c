#include "fuzz.h"

#include "test.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[64];

static void remove_tree(const char *path)
{
    char inner[1200];
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
        snprintf(inner, sizeof inner, "%s/%s", path, e->d_name);
        if (unlink(inner) != 0) remove_tree(inner);
    }
    if (d) closedir(d);
    rmdir(path);
}

static void remove_directory(void)
{
    remove_tree(directory);
}

const char *nr_test_directory(void)
{
    if (!directory[0]) {
        snprintf(directory, sizeof directory, "%s/nrprof-fuzz-XXXXXX",
                 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        REQUIRE(mkdtemp(directory));
        atexit(remove_directory);
    }
    return directory;
}

int nr_test_check(int ok, const char *what, const char *file, int line)
{
    if (!ok) {
        fprintf(stderr, "%s:%d: property broken: %s\n", file, line, what);
        abort();
    }
    return 1;
}

int nr_test_equal(long long got, long long want, const char *what, const char *file, int line)
{
    if (got != want) fprintf(stderr, "%lld, not %lld\n", got, want);
    return nr_test_check(got == want, what, file, line);
}

size_t nr_test_hex(const char *hex, uint8_t *out, size_t capacity)
{
    size_t n = 0;
    for (const char *p = hex; *p;) {
        unsigned v;
        if (*p == ' ') {
            p++;
            continue;
        }
        REQUIRE(sscanf(p, "%2x", &v) == 1 && n < capacity);
        out[n++] = (uint8_t)v;
        p += 2;
    }
    return n;
}
