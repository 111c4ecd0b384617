#include "os/os.h"
#include "os/spawn.h"
#include "test.h"

#include <string.h>

/* A line for the system's shell; what it writes to its error stream into `text`. */
static int run(const char *line, char *text, size_t room)
{
    nr_os_program p;
    nr_str words[3] = {NR_STR("sh"), NR_STR("-c"), nr_str_of(line)};
    size_t n, size = 0;
    if (NR_OS_WINDOWS) {
        words[0] = NR_STR("cmd");
        words[1] = NR_STR("/c");
    }
    CHECK(nr_os_program_start(&p, words, 3, true));
    while (size < room - 1 && (n = nr_os_program_read(&p, text + size, room - 1 - size)) > 0) size += n;
    text[size] = 0;
    return nr_os_program_wait(&p);
}

TEST(errors_and_exit_code)
{
    char text[64];
    CHECK_EQ(run(NR_OS_WINDOWS ? "echo said>&2&exit 3" : "echo said >&2; exit 3", text, sizeof text), 3);
    CHECK(!strncmp(text, "said", 4));
    CHECK_EQ(run("exit 0", text, sizeof text), 0);
    CHECK(!*text);
}

/* The next one can be started when the last was waited for, and one without a pipe has nothing to read. */
TEST(again_and_without_a_pipe)
{
    nr_os_program p;
    char text[8];
    const nr_str words[] = {NR_OS_WINDOWS ? NR_STR("cmd") : NR_STR("sh"), NR_OS_WINDOWS ? NR_STR("/c") : NR_STR("-c"),
                            NR_STR("exit 5")};
    for (int i = 0; i < 3; i++) {
        CHECK(nr_os_program_start(&p, words, 3, false));
        CHECK_EQ(nr_os_program_read(&p, text, sizeof text), 0u);
        CHECK_EQ(nr_os_program_wait(&p), 5);
    }
}

TEST(no_such_program)
{
    nr_os_program p;
    const nr_str words[] = {NR_STR("/nowhere/nrprof-no-program"), NR_STR("x")};
    CHECK(!nr_os_program_start(&p, words, 2, true));
    CHECK(!nr_os_program_start(&p, words, 2, false));
    CHECK(!nr_os_program_start(&p, words, 0, false));
}

/* A grandchild that keeps the error stream does not keep the reader. */
TEST(a_child_that_stays)
{
    char text[64];
    if (NR_OS_WINDOWS) SKIP("needs a shell with '&'");
    uint64_t before = nr_os_monotonic_ns();
    CHECK_EQ(run("sleep 20 & echo started >&2; exit 0", text, sizeof text), 0);
    CHECK(!strncmp(text, "started", 7));
    CHECK((nr_os_monotonic_ns() - before) / 1000000000u < 15);
}

TEST(ended_by_a_signal)
{
    char text[8];
    if (NR_OS_WINDOWS) SKIP("there are no signals");
    CHECK_EQ(run("kill -TERM $$", text, sizeof text), 128 + 15);
}

TESTS(spawn, T(errors_and_exit_code), T(again_and_without_a_pipe), T(no_such_program), T(a_child_that_stays),
      T(ended_by_a_signal))
