#include "os/os.h"

#include "base/utf.h"
#include "os/unix/command_line.h"

#include <time.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

static nr_str or_else(nr_str s, nr_str fallback)
{
    return s.p ? s : fallback;
}

nr_str nr_os_process_path(nr_arena *arena)
{
    char path[PATH_SIZE];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n < 0) return NR_STR(".");
    nr_str s = {path, (size_t)n};
    return or_else(nr_arena_str(arena, s), NR_STR("."));
}

nr_str nr_os_process_directory(nr_arena *arena)
{
    (void)arena;
    return NR_STR(".");
}

nr_str nr_os_parent_process_path(nr_arena *arena)
{
    (void)arena;
    return NR_STR(".");
}

nr_str nr_os_unix_command_line(nr_arena *arena, nr_str bytes)
{
    nr_buf out = NR_BUF_INIT;
    for (size_t i = 0; i < bytes.n; i++) { /* i++ steps over the NUL */
        const char *end = memchr(bytes.p + i, 0, bytes.n - i);
        nr_str arg = {bytes.p + i, end ? (size_t)(end - bytes.p) - i : bytes.n - i};
        bool quoted = nr_str_has(arg, NR_STR(" "));
        if (quoted) nr_buf_u8(&out, '\'');
        for (size_t j = 0; j < arg.n;) nr_utf8_put(&out, nr_utf8_next(arg, &j));
        if (quoted) nr_buf_u8(&out, '\'');
        nr_buf_u8(&out, ' ');
        i += arg.n;
    }
    nr_str r = out.failed ? NR_STR("") : or_else(nr_arena_str(arena, nr_buf_str(&out)), NR_STR(""));
    nr_buf_free(&out);
    return r;
}

nr_str nr_os_command_line(nr_arena *arena)
{
    nr_buf bytes = NR_BUF_INIT;
    nr_str r = NR_STR("");
    if (nr_os_read_file(NR_STR("/proc/self/cmdline"), &bytes)) r = nr_os_unix_command_line(arena, nr_buf_str(&bytes));
    nr_buf_free(&bytes);
    return r;
}

unsigned long nr_os_process_id(void)
{
    return (unsigned long)getpid();
}

bool nr_os_app_pool_from_command_line(nr_arena *arena, nr_str *id)
{
    (void)arena;
    *id = (nr_str){NULL, 0};
    return false;
}

int64_t nr_os_unix_time(void)
{
    return time(NULL);
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec t;
    if (clock_gettime(clock, &t) != 0) return 0;
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t nr_os_monotonic_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t nr_os_cpu_ns(void)
{
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}
