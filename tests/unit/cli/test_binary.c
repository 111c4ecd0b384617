/* Module: what a library says of itself (cli/binary.h). */
#include "cli/binary.h"

#include "base/buf.h"
#include "test.h"

#include <string.h>

/* An ELF head for the machine with `names` behind it, each between NULs. */
static nr_str elf(nr_buf *b, uint16_t machine, const char *const *names)
{
    b->size = 0;
    nr_buf_put(b, "\177ELF\2\1\1", 7);
    nr_buf_fill(b, 0, 11);
    nr_buf_u16(b, machine);
    nr_buf_fill(b, 0, 44);
    for (; *names; names++) nr_buf_put(b, *names, strlen(*names) + 1);
    return nr_buf_str(b);
}

TEST(machines)
{
    static const struct {
        uint16_t number;
        nr_machine machine;
    } rows[] = {{62, NR_MACHINE_X64},
                {3, NR_MACHINE_X86},
                {183, NR_MACHINE_ARM64},
                {40, NR_MACHINE_ARM},
                {243, NR_MACHINE_OTHER}};
    const char *const none[] = {NULL};
    nr_buf b = NR_BUF_INIT;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        nr_binary r = nr_binary_read(elf(&b, rows[i].number, none));
        CHECK_EQ(r.kind, NR_BINARY_ELF);
        CHECK_EQ(r.machine, rows[i].machine);
        CHECK_EQ(r.glibc, 0);
    }
    nr_buf_free(&b);
}

TEST(names_in_the_string_table)
{
    const char *const glibc[] = {"libc.so.6", "GLIBC_2.2.5", "GLIBC_2.34", "GLIBC_2.17", NULL};
    const char *const musl[] = {"libstdc++.so.6", "libc.musl-x86_64.so.1", NULL};
    const char *const inside[] = {"xGLIBC_2.99", "mylibc.musl-x", "notlibstdc++.so.6", NULL};
    nr_buf b = NR_BUF_INIT;
    nr_binary r = nr_binary_read(elf(&b, 62, glibc));
    CHECK_EQ(r.glibc, 34);
    CHECK(!r.musl && !r.cpp_runtime);
    r = nr_binary_read(elf(&b, 62, musl));
    CHECK_EQ(r.glibc, 0);
    CHECK(r.musl && r.cpp_runtime);
    r = nr_binary_read(elf(&b, 62, inside)); /* the ends of other names */
    CHECK_EQ(r.glibc, 0);
    CHECK(!r.musl && !r.cpp_runtime);
    nr_buf_free(&b);
}

TEST(windows)
{
    nr_buf b = NR_BUF_INIT;
    nr_buf_put(&b, "MZ", 2);
    nr_buf_fill(&b, 0, 58);
    nr_buf_u32(&b, 64);
    nr_buf_put(&b, "PE\0\0", 4);
    nr_buf_u16(&b, 0xAA64);
    nr_buf_fill(&b, 0, 8);
    nr_binary r = nr_binary_read(nr_buf_str(&b));
    CHECK_EQ(r.kind, NR_BINARY_PE);
    CHECK_EQ(r.machine, NR_MACHINE_ARM64);
    nr_put_u32(b.data + 60, 0xFFFFFFF0u); /* the header beyond the end */
    CHECK_EQ(nr_binary_read(nr_buf_str(&b)).kind, NR_BINARY_NONE);
    nr_buf_free(&b);
}

/* Whatever is cut off, nothing behind it is read: each head has a block of its own for the sanitizer. */
TEST(cut_off)
{
    const char *const names[] = {"GLIBC_2.34", NULL};
    nr_buf b = NR_BUF_INIT, c = NR_BUF_INIT;
    elf(&b, 62, names);
    for (size_t n = 0; n < b.size; n++) {
        c = (nr_buf)NR_BUF_INIT;
        nr_buf_put(&c, b.data, n);
        nr_binary r = nr_binary_read(nr_buf_str(&c));
        CHECK(r.glibc == 0 || n > 70);
        nr_glibc_version(nr_buf_str(&c));
        nr_buf_free(&c);
    }
    nr_buf_free(&b);
}

TEST(version_of_glibc)
{
    CHECK_EQ(nr_glibc_version(NR_STR("GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n")), 36);
    CHECK_EQ(nr_glibc_version(NR_STR("stable release version 2.")), 0);
    CHECK_EQ(nr_glibc_version(NR_STR("ssstable release version 2.17, by")), 17);
    CHECK_EQ(nr_glibc_version(NR_STR("musl libc")), 0);
    CHECK_EQ(nr_glibc_version(NR_STR("")), 0);
}

TESTS(binary, T(machines), T(names_in_the_string_table), T(windows), T(cut_off), T(version_of_glibc))
