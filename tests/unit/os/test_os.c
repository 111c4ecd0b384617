#include "test.h"

#include "os/os.h"
#include "os/tool.h"

#ifndef _WIN32
#include "os/unix/command_line.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

#include <stdio.h>

#define SEP NR_OS_SEPARATOR

static nr_str path_of(nr_arena *a, const char *name)
{
    return nr_arena_printf(a, "%s" SEP "%s", nr_test_directory(), name);
}

static bool put(nr_str path, const char *text)
{
    intptr_t f = nr_os_open_log(path);
    bool ok = f != -1 && nr_os_write(f, text, strlen(text));
    nr_os_close(f);
    return ok;
}

enum { ROUNDS = 100000 };

static nr_mutex counter_lock; /* all zero is unlocked */
static long counter;

static void count(void *self)
{
    (void)self;
    for (int i = 0; i < ROUNDS; i++) {
        nr_mutex_lock(&counter_lock);
        counter++;
        nr_mutex_unlock(&counter_lock);
    }
}

/* Without exclusion two threads lose increments. */
TEST(mutex)
{
    nr_thread thread;
    counter = 0;
    if (!CHECK(nr_thread_start(&thread, count, NULL))) return;
    count(NULL);
    nr_thread_join(&thread);
    CHECK_EQ(counter, 2 * ROUNDS);
}

TEST(files)
{
    nr_arena a = NR_ARENA_INIT;
    nr_buf b = NR_BUF_INIT;
    nr_str file = path_of(&a, "f\xC3\xA9"), directory = path_of(&a, "d"), none = path_of(&a, "none");
    CHECK(!nr_os_file_exists(file));
    uint64_t size = 0, size_later = 0;
    int64_t changed = 0, changed_later = 0;
    CHECK(!nr_os_file_stamp(file, &size, &changed));
    CHECK(put(file, "first text"));
    CHECK(nr_os_file_stamp(file, &size, &changed));
    CHECK(put(file, "second")); /* truncated */
    CHECK(nr_os_file_stamp(file, &size_later, &changed_later));
    CHECK(size == 10 && size_later == 6 && changed_later >= changed);
    CHECK(!nr_os_file_stamp(nr_str_of(nr_test_directory()), &size, &changed)); /* a directory */
    CHECK(nr_os_file_exists(file) && !nr_os_directory_exists(file));
    nr_buf_u8(&b, '>');
    CHECK(nr_os_read_file(file, &b)); /* appends */
    CHECK_STR(nr_buf_str(&b), ">second");
    CHECK(!nr_os_read_file(none, &b));
    CHECK_EQ(b.size, 7);
    CHECK(nr_os_make_directory(directory) && nr_os_make_directory(directory));
    CHECK(nr_os_directory_exists(directory) && !nr_os_file_exists(directory));
    CHECK(nr_os_make_directory(path_of(&a, "x" SEP "y" SEP "z")));
    CHECK(!nr_os_make_directory(path_of(&a, "f\xC3\xA9" SEP "y")));
    CHECK(!nr_os_make_directory(NR_STR("")));
    CHECK_EQ(nr_os_open_log(path_of(&a, "none" SEP "log")), -1);
    CHECK_EQ(nr_os_open_log(directory), -1);
    CHECK(!nr_os_write(-1, "x", 1));
    /* A NUL in a path, or a path nobody can have. */
    CHECK(!nr_os_file_exists(nr_arena_printf(&a, "%.*s%c", NR_STR_ARG(file), 0)));
    char *big = nr_arena_alloc(&a, 70000);
    memset(big, 'x', 70000);
    CHECK(!nr_os_file_exists((nr_str){big, 70000}));
    CHECK(!nr_os_read_file((nr_str){big, 70000}, &b));
    nr_buf_free(&b);
    nr_arena_free(&a);
}

TEST(large_file)
{
    nr_arena a = NR_ARENA_INIT;
    nr_buf in = NR_BUF_INIT, out = NR_BUF_INIT;
    nr_str path = path_of(&a, "large");
    for (uint32_t i = 0; i < 100000; i++) nr_buf_u32(&in, i);
    intptr_t f = nr_os_open_log(path);
    CHECK(nr_os_write(f, in.data, in.size));
    nr_os_close(f);
    CHECK(nr_os_read_file(path, &out));
    CHECK(out.size == in.size && memcmp(in.data, out.data, in.size) == 0);
    nr_buf_free(&in);
    nr_buf_free(&out);
    nr_arena_free(&a);
}

static void join(void *self, nr_str name) /* the sum of the names: their order is the system's */
{
    size_t *sum = self;
    for (size_t i = 0; i < name.n; i++) *sum += (unsigned char)name.p[i];
    sum[1]++;
}

/* Whatever the code page of this process is, the file has the name that the library finds. */
TEST(streams)
{
    nr_arena a = NR_ARENA_INIT;
    nr_buf b = NR_BUF_INIT;
    nr_str path = path_of(&a, "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80.jsonl");
    char text[8] = "";
    FILE *f = nr_os_stream(path.p, "wb");
    if (CHECK(f != NULL)) CHECK(fputs("line\n", f) >= 0 && fclose(f) == 0);
    CHECK(nr_os_read_file(path, &b));
    CHECK_STR(nr_buf_str(&b), "line\n"); /* no other end of line on Windows */
    f = nr_os_stream(path.p, "rb");
    if (CHECK(f != NULL)) CHECK(fgets(text, sizeof text, f) && !strcmp(text, "line\n") && fclose(f) == 0);
    CHECK(!nr_os_stream(path_of(&a, "none" SEP "x").p, "wb"));
    CHECK(nr_os_remove(path) && !nr_os_stream(path.p, "rb"));
    nr_buf_free(&b);
    nr_arena_free(&a);
}

/* No limit of our own below that of the system: a home of 600 characters. */
TEST(long_paths)
{
    nr_arena a = NR_ARENA_INIT;
    nr_buf b = NR_BUF_INIT;
    size_t got[2] = {0, 0};
    char name[101];
    nr_str levels[6];
    memset(name, 'n', 100);
    name[100] = 0;
    levels[0] = path_of(&a, name);
    for (size_t i = 1; i < NR_COUNT(levels); i++)
        levels[i] = nr_arena_printf(&a, "%.*s" SEP "%s", NR_STR_ARG(levels[i - 1]), name);
    nr_str last = levels[NR_COUNT(levels) - 1], log = nr_arena_printf(&a, "%.*s" SEP "x.log", NR_STR_ARG(last));
    bool made = nr_os_make_directory(last);
    if (!made && NR_OS_WINDOWS) {
        for (size_t i = NR_COUNT(levels); i-- > 0;) nr_os_remove(levels[i]);
        SKIP("this Windows has its switch for long paths off");
    }
    CHECK(made && last.n > 600);
    CHECK(put(log, "text") && nr_os_file_exists(log) && nr_os_directory_exists(last));
    CHECK(nr_os_read_file(log, &b));
    CHECK_STR(nr_buf_str(&b), "text");
    CHECK(nr_os_list_by_extension(last, "log", join, got));
    CHECK_EQ(got[1], 1);
    CHECK(nr_os_remove(log));
    for (size_t i = NR_COUNT(levels); i-- > 0;) CHECK(nr_os_remove(levels[i]));
    nr_buf_free(&b);
    nr_arena_free(&a);
}

TEST(listing)
{
    nr_arena a = NR_ARENA_INIT;
    size_t got[2] = {0, 0}, want[2] = {0, 0};
    static const char *const names[] = {"a.xml", "b.XML", "fooxml", ".c.xml", "x.txt"};
    for (size_t i = 0; i < NR_COUNT(names); i++) {
        put(path_of(&a, names[i]), "");
        join(want, nr_str_of(names[i]));
    }
    CHECK(nr_os_make_directory(path_of(&a, "d.xml")));
    join(want, NR_STR("d.xml"));
    CHECK(nr_os_list_directory(nr_str_of(nr_test_directory()), join, got));
    CHECK_EQ(got[0], want[0]);
    CHECK_EQ(got[1], 6);
    if (!NR_OS_WINDOWS) { /* ends with these letters, in this case (4.4) */
        got[1] = 0;
        CHECK(nr_os_list_by_extension(nr_str_of(nr_test_directory()), "xml", join, got));
        CHECK_EQ(got[1], 4);
    }
    CHECK(!nr_os_list_directory(path_of(&a, "a.xml"), join, got));
    CHECK(!nr_os_list_by_extension(path_of(&a, "none"), "xml", join, got));
    nr_arena_free(&a);
}

TEST(process)
{
    nr_arena a = NR_ARENA_INIT;
    nr_str v;
    CHECK(nr_os_process_id() != 0);
    /* musl's loader, its libc.so, is what the system sees when it is told the program. */
    nr_str path = nr_os_process_path(&a);
    CHECK(nr_str_has(path, NR_STR("unit_os")) || nr_str_has(path, NR_STR("-musl/libc.so")));
    CHECK(nr_str_has(nr_os_command_line(&a), NR_STR("unit_os")));
    CHECK(nr_os_unix_time() > 1700000000);
    uint64_t m = nr_os_monotonic_ns(), c = nr_os_cpu_ns();
    CHECK(m != 0 && nr_os_monotonic_ns() >= m && nr_os_cpu_ns() >= c);
    CHECK(nr_os_stdout() != -1);
    CHECK(!nr_os_registry_string(&a, "Software\\No Such Key", "x", &v));
    nr_os_product_info info;
    CHECK_EQ(nr_os_product_of(&a, NR_STR("none.dll"), &info),
             NR_OS_WINDOWS ? NR_OS_PRODUCT_NO_RESOURCE : NR_OS_PRODUCT_UNCHECKED);
    if (!NR_OS_WINDOWS) {
        CHECK_STR(nr_os_process_directory(&a), ".");
        CHECK_STR(nr_os_parent_process_path(&a), ".");
        CHECK_STR(nr_os_common_app_data(&a), "");
        CHECK(!nr_os_app_pool_from_command_line(&a, &v));
    } else {
        CHECK(nr_str_has_ci(nr_os_process_path(&a), nr_os_process_directory(&a)));
        CHECK(nr_os_common_app_data(&a).n > 3);
    }
    nr_arena_free(&a);
}

#ifdef _WIN32
TEST(unix_only)
{
    SKIP("not a Unix");
}
#else
TEST(unix_only)
{
    nr_arena a = NR_ARENA_INIT;
    nr_buf b = NR_BUF_INIT;
    nr_str v;
    /* environment-and-files.md 8 */
    static const struct {
        const char *bytes;
        size_t n;
        const char *line;
    } rows[] = {
        {"", 0, ""},
        {"dotnet\0run\0", 11, "dotnet run "},
        {"/a b/dotnet\0x y\0z\0", 18, "'/a b/dotnet' 'x y' z "},
        {"a\0\0b\0", 5, "a  b "}, /* an empty argument */
        {"a\0b", 3, "a b "},      /* no NUL at the end */
        {"a\0\0", 3, "a  "},
        {"\0", 1, " "},
        {"caf\xC3\xA9\0\xE9\xFFx\0", 10, "caf\xC3\xA9 \xEF\xBF\xBD\xEF\xBF\xBDx "},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++)
        CHECK_STR(nr_os_unix_command_line(&a, (nr_str){rows[i].bytes, rows[i].n}), rows[i].line);
    /* 1.1 to 1.3; the bytes stay as they are */
    setenv("NR_TEST_VARIABLE", "caf\xE9", 1);
    CHECK(nr_os_env(&a, "NR_TEST_VARIABLE", &v));
    CHECK_STR(v, "caf\xE9");
    setenv("NR_TEST_VARIABLE", "", 1);
    CHECK(nr_os_env(&a, "NR_TEST_VARIABLE", &v));
    CHECK_STR(v, "");
    unsetenv("NR_TEST_VARIABLE");
    CHECK(!nr_os_env(&a, "NR_TEST_VARIABLE", &v));
    /* A directory reads as an empty file; a FIFO does not hold us up; links are followed. */
    CHECK(nr_os_read_file(nr_str_of(nr_test_directory()), &b));
    CHECK_EQ(b.size, 0);
    nr_str fifo = path_of(&a, "fifo"), link = path_of(&a, "link"), file = path_of(&a, "file");
    CHECK_EQ(mkfifo(fifo.p, 0600), 0);
    nr_os_read_file(fifo, &b);
    CHECK(!nr_os_file_exists(fifo) && !nr_os_directory_exists(fifo));
    CHECK_EQ(symlink("file", link.p), 0);
    CHECK(!nr_os_file_exists(link));
    CHECK(put(file, "x"));
    CHECK(nr_os_file_exists(link));
    /* 7.3, 7.4: modes, as far as the mask lets them */
    struct stat st;
    mode_t mask = umask(0);
    CHECK(nr_os_make_directory(path_of(&a, "m")));
    CHECK(put(path_of(&a, "n"), ""));
    umask(mask);
    CHECK(stat(path_of(&a, "m").p, &st) == 0 && (st.st_mode & 0777) == 0775);
    CHECK(stat(path_of(&a, "n").p, &st) == 0 && (st.st_mode & 0777) == 0666);
    nr_buf_free(&b);
    nr_arena_free(&a);
}
#endif

TESTS(os, T(mutex), T(files), T(large_file), T(streams), T(long_paths), T(listing), T(process), T(unix_only))
