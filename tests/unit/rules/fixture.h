/* fixture.h - what the tests of this room share: environment, files, and the lines logged. */
#ifndef NR_TESTS_RULES_FIXTURE_H
#define NR_TESTS_RULES_FIXTURE_H

#include "test.h"

#include "base/alloc.h"
#include "base/log.h"
#include "os/os.h"
#include "rules/env.h"

#include <stdio.h>
#include <stdlib.h>

#define SEP NR_OS_SEPARATOR

/* NULL: unset. */
static inline void set_env(const char *name, const char *value)
{
#ifdef _WIN32
    char text[2000];
    snprintf(text, sizeof text, "%s=%s", name, value ? value : "");
    _putenv(text);
#else
    if (value) {
        setenv(name, value, 1);
    } else {
        unsetenv(name);
    }
#endif
}

/* No variable of the profiler is set, by its new or its older name. */
static inline void clear_env(void)
{
    for (size_t i = 0; i < NR_ENV_COUNT; i++) {
        set_env(nr_env_variables[i].name, NULL);
        if (nr_env_variables[i].legacy) set_env(nr_env_variables[i].legacy, NULL);
    }
}

/* Path below the test's directory, which stands for "@" in the lines logged. */
static inline nr_str test_path(nr_arena *arena, const char *name)
{
    return nr_arena_printf(arena, "%s%s%s", nr_test_directory(), *name ? SEP : "", name);
}

static inline nr_str put_file(nr_arena *arena, const char *name, const char *text)
{
    nr_str path = test_path(arena, name);
    size_t n = path.n;
    while (path.p[n - 1] != SEP[0]) n--;
    CHECK(nr_os_make_directory((nr_str){path.p, n - 1}));
    intptr_t f = nr_os_open_log(path);
    CHECK(nr_os_write(f, text, strlen(text)));
    nr_os_close(f);
    return path;
}

static size_t log_skipped;

/* From here on lines of that level and above are kept. */
static inline void log_start(nr_log_level level)
{
    nr_arena a = NR_ARENA_INIT;
    nr_buf raw = NR_BUF_INIT;
    nr_log_reset();
    nr_log_open(test_path(&a, "log"));
    nr_log_configure(&(nr_log_settings){level, true, false, false, false});
    nr_os_read_file(test_path(&a, "log"), &raw); /* the line that this wrote */
    log_skipped = raw.size;
    nr_buf_free(&raw);
    nr_arena_free(&a);
}

/* The lines since log_start: "I text\n", by the first letter of the level, "@" for the
 * directory of the test. */
static inline nr_str logged(nr_arena *arena)
{
    nr_buf raw = NR_BUF_INIT, out = NR_BUF_INIT;
    nr_str directory = nr_str_of(nr_test_directory());
    nr_os_read_file(test_path(arena, "log"), &raw);
    nr_str s = nr_buf_str(&raw);
    if (s.n >= log_skipped) s = (nr_str){s.p + log_skipped, s.n - log_skipped};
    for (size_t i = 0; i < s.n;) {
        nr_str rest = {s.p + i, s.n - i};
        if ((i == 0 || s.p[i - 1] == '\n') && rest.n > 28 && rest.p[0] == '[') {
            nr_buf_u8(&out, (uint8_t)rest.p[1]);
            nr_buf_u8(&out, ' ');
            i += 28;
        } else if (nr_str_starts(rest, directory)) {
            nr_buf_u8(&out, '@');
            i += directory.n;
        } else {
            if (s.p[i] != '\r') nr_buf_u8(&out, (uint8_t)s.p[i]);
            i++;
        }
    }
    nr_str r = nr_arena_str(arena, nr_buf_str(&out));
    nr_buf_free(&raw);
    nr_buf_free(&out);
    return r;
}

#endif
