#include "os/tool.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

char **nr_os_arguments(nr_arena *arena, int *argc, char **argv)
{
    (void)arena;
    (void)argc;
    return argv;
}

FILE *nr_os_stream(const char *path, const char *mode)
{
    return fopen(path, mode);
}

bool nr_os_is_terminal(FILE *stream)
{
    return isatty(fileno(stream)) == 1;
}

bool nr_os_set_env(const char *name, nr_str value)
{
    nr_arena arena = NR_ARENA_INIT;
    bool ok = false;
    if (!value.p) {
        ok = unsetenv(name) == 0;
    } else {
        nr_str z = nr_arena_str(&arena, value);
        ok = z.p && setenv(name, z.p, 1) == 0;
    }
    nr_arena_free(&arena);
    return ok;
}

nr_str nr_os_temporary_directory(nr_arena *arena)
{
    const char *base = getenv("TMPDIR");
    nr_str path = nr_arena_printf(arena, "%s/nrprof-XXXXXX", base && *base ? base : "/tmp");
    nr_arena scratch = NR_ARENA_INIT;
    char *z = path.p ? nr_arena_copy(&scratch, path.p, path.n + 1) : NULL;
    nr_str r = {NULL, 0};
    if (z && mkdtemp(z)) r = nr_arena_str(arena, nr_str_of(z));
    nr_arena_free(&scratch);
    return r;
}

bool nr_os_remove(nr_str path)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_str z = nr_arena_str(&arena, path);
    bool ok = z.p && remove(z.p) == 0;
    nr_arena_free(&arena);
    return ok;
}

bool nr_os_replace(nr_str from, nr_str to)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_str a = nr_arena_str(&arena, from), b = nr_arena_str(&arena, to);
    bool ok = a.p && b.p && rename(a.p, b.p) == 0;
    nr_arena_free(&arena);
    return ok;
}

void nr_os_ignore_broken_pipe(void)
{
    signal(SIGPIPE, SIG_IGN);
}

void nr_os_sleep_ms(unsigned milliseconds)
{
    struct timespec t = {(time_t)(milliseconds / 1000), (long)(milliseconds % 1000) * 1000000};
    nanosleep(&t, NULL);
}

void nr_os_binary(FILE *stream)
{
    (void)stream;
}
