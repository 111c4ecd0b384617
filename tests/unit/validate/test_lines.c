/* Module: lines.h, and what guard.h says about files. */
#include "base/log.h"
#include "os/guard.h"
#include "test.h"
#include "validate/lines.h"

#include <stdio.h>

static nr_str in(nr_arena *arena, const char *name)
{
    return nr_arena_printf(arena, "%s" NR_OS_SEPARATOR "%s", nr_test_directory(), name);
}

static void write_line(nr_lines *l, const char *text)
{
    nr_buf b = NR_BUF_INIT;
    nr_buf_put_str(&b, nr_str_of(text));
    nr_lines_write(l, &b);
    nr_buf_free(&b);
}

TEST(files_are_new_ones)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_lines first = {.file = -1}, second = {.file = -1};
    const char *why = "";
    char want[64];
    nr_str directory = in(&arena, "made");
    CHECK(nr_lines_create(&first, directory, ".jsonl", &why)); /* makes the directory */
    CHECK(nr_lines_create(&second, directory, ".jsonl", &why));
    snprintf(want, sizeof want, "NewRelic.Validation.%lu.jsonl", nr_os_process_id());
    CHECK(nr_str_ends(nr_str_of(first.path), nr_str_of(want)));
    snprintf(want, sizeof want, "NewRelic.Validation.%lu-2.jsonl", nr_os_process_id());
    CHECK(nr_str_ends(nr_str_of(second.path), nr_str_of(want)));
    write_line(&first, "{\"ev\":\"a\"}\n");
    write_line(&first, "{\"ev\":\"b\"}\n");
    nr_buf text = NR_BUF_INIT; /* while the file is open: as after a kill */
    CHECK(nr_os_read_file(nr_str_of(first.path), &text));
    CHECK_STR(nr_buf_str(&text), "{\"ev\":\"a\"}\n{\"ev\":\"b\"}\n");
    nr_buf_free(&text);
    nr_os_close(first.file);
    nr_os_close(second.file);
    nr_arena_free(&arena);
}

TEST(no_directory_no_recording)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_lines l = {.file = -1};
    const char *why = "";
    nr_str file = in(&arena, "a file");
    nr_os_close(nr_os_open_log(file));
    CHECK(!nr_lines_create(&l, file, ".jsonl", &why));
    CHECK_STR(nr_str_of(why), "the directory cannot be made");
    write_line(&l, "dropped\n"); /* nothing happens */
    nr_arena_free(&arena);
}

/* A full disk: what fitted of the line is cut off, one line says so, and the rest is dropped. */
TEST(a_line_that_cannot_be_written)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_lines l = {.file = -1};
    if (NR_OS_WINDOWS) SKIP("there is no device that is always full");
    nr_str log = in(&arena, "log");
    nr_log_configure(&(nr_log_settings){NR_INFO, true, false, false, false});
    nr_log_open(log);
    l.file = nr_os_open_log(NR_STR("/dev/full"));
    CHECK(l.file >= 0);
    atomic_store(&l.open, true);
    snprintf(l.path, sizeof l.path, "/dev/full");
    write_line(&l, "one\n");
    write_line(&l, "two\n");
    CHECK_EQ(l.file, -1);
    nr_log_reset();
    nr_buf text = NR_BUF_INIT;
    nr_os_read_file(log, &text);
    nr_str said = nr_buf_str(&text);
    CHECK(nr_str_has(said, NR_STR("[Warn ]")));
    CHECK(nr_str_has(said, NR_STR("The validation recording ends here, because it cannot be written: /dev/full")));
    size_t lines = 0;
    for (size_t i = 0; i < said.n; i++) lines += said.p[i] == '\n';
    CHECK_EQ(lines, 2); /* with "Logger initialized." */
    nr_buf_free(&text);
    nr_arena_free(&arena);
}

TEST(distrust)
{
    nr_arena arena = NR_ARENA_INIT;
    unsigned mode = 0;
    CHECK_EQ(nr_os_distrusts(NR_STR("libother.so")), NR_OS_DISTRUST_RELATIVE);
    CHECK(nr_os_distrusts(NR_STR("")) != NR_OS_DISTRUST_NONE);
    nr_str file = in(&arena, "library");
    CHECK_EQ(nr_os_distrusts(file), NR_OS_DISTRUST_NO_FILE);
    nr_os_close(nr_os_open_log(file));
    CHECK_EQ(nr_os_distrusts(file), NR_OS_DISTRUST_NONE);
    CHECK_EQ(nr_os_distrusts(nr_os_process_path(&arena)),
             NR_OS_DISTRUST_OURSELVES); /* this test holds the library's code */
    nr_str directory = nr_str_of(nr_test_directory());
    CHECK_EQ(nr_os_distrusts(directory), NR_OS_DISTRUST_NO_FILE);
    CHECK(!nr_os_is_world_writable(file, &mode));
    CHECK(!nr_os_is_elevated());
    nr_arena_free(&arena);
}

TEST(absolute_paths)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_str a = nr_os_absolute_path(&arena, NR_STR("./x/y"));
    CHECK(a.n > 5 && nr_str_ends(a, NR_STR("x" NR_OS_SEPARATOR "y")) && !nr_str_starts(a, NR_STR(".")));
    nr_str directory = nr_str_of(nr_test_directory()), whole = nr_os_absolute_path(&arena, directory);
    CHECK_EQ(whole.n, directory.n);
    CHECK(nr_str_eq(nr_os_absolute_path(&arena, whole), whole));
    if (!NR_OS_WINDOWS) CHECK(nr_str_eq(whole, directory)); /* there '/' has become '\' */
    nr_arena_free(&arena);
}

TESTS(lines, T(files_are_new_ones), T(no_directory_no_recording), T(a_line_that_cannot_be_written), T(distrust),
      T(absolute_paths))
