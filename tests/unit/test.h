/* test.h - the unit-test harness: one executable per room, each test runnable by name.
 *
 *     TEST(name) { CHECK(x); CHECK_EQ(got, want); CHECK_BYTES(got, n, "02 2c 01"); }
 *     TESTS(module, T(name), T(other))
 *
 * A failed check prints file, line and both values, and the test goes on. */
#ifndef NR_TESTS_TEST_H
#define NR_TESTS_TEST_H

#include "base/str.h"

#include <stddef.h>
#include <stdint.h>

typedef struct nr_test {
    const char *name;
    void (*run)(void);
} nr_test;

typedef struct nr_test_module {
    const char *name;
    const nr_test *tests; /* ends with name == NULL */
} nr_test_module;

#define TEST(name) static void test_##name(void)
#define T(name) {#name, test_##name}
/* `module` is the file name without "test_" and ".c"; the build generates the list of modules. */
#define TESTS(module, ...) \
    extern const nr_test nr_tests_##module[]; \
    const nr_test nr_tests_##module[] = {__VA_ARGS__, {NULL, NULL}};

#define CHECK(cond) nr_test_check((cond) ? 1 : 0, #cond, __FILE__, __LINE__)
#define CHECK_EQ(got, want) \
    nr_test_equal((long long)(got), (long long)(want), #got, __FILE__, __LINE__)
#define CHECK_STR(got, want) nr_test_str((got), (want), #got, __FILE__, __LINE__)
#define CHECK_BYTES(got, size, hex) \
    nr_test_bytes((got), (size), (hex), #got, __FILE__, __LINE__)
/* The rest of the test needs a means that is missing here: it is counted as skipped, with the reason. */
#define SKIP(reason) \
    do { \
        nr_test_skip(reason); \
        return; \
    } while (0)

int nr_test_check(int ok, const char *what, const char *file, int line);
int nr_test_equal(long long got, long long want, const char *what, const char *file, int line);
int nr_test_str(nr_str got, const char *want, const char *what, const char *file, int line);
/* `hex`: two digits a byte, white space ignored. */
int nr_test_bytes(const void *got, size_t size, const char *hex, const char *what, const char *file, int line);
void nr_test_skip(const char *reason);
/* Hex text to bytes; returns their number. */
size_t nr_test_hex(const char *hex, uint8_t *out, size_t capacity);
/* Where something fails at n = 1, 2, 3 …: from one n to the next. `usual`, but with NRPROF_FAULTS=all 1, and with a number that one. */
unsigned long nr_test_stride(unsigned long usual);
/* A directory that is empty when a test first asks for it, the same during that test, and removed
 * at the end of the run; ends without a separator. */
const char *nr_test_directory(void);

#endif
