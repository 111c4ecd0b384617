#include "test.h"

#include "base/alloc.h"
#include "base/compiler.h"
#include "il/disasm.h"

#include <stdlib.h>
#include <string.h>

static void name_token(void *context, uint32_t token, nr_buf *out)
{
    ++*(int *)context;
    if (token == 0x0A000001) nr_buf_put_str(out, NR_STR("System.Console::WriteLine"));
    if (token == 0x70000001) nr_buf_put_str(out, NR_STR("\"text\""));
}

static void check(const char *hex, nr_il_error err, const char *want)
{
    uint8_t bytes[512];
    size_t n = nr_test_hex(hex, bytes, sizeof bytes);
    uint8_t *exact = malloc(n ? n : 1);
    memcpy(exact, bytes, n);
    nr_buf out = NR_BUF_INIT;
    int names = 0;
    CHECK_EQ(nr_disasm(&out, exact, n, name_token, &names), err);
    CHECK_STR(nr_buf_str(&out), want);
    nr_buf_free(&out);
    free(exact);
}

TEST(bodies)
{
    check("0a 06 2a", NR_IL_OK,
          "tiny, code size 2 (0x2), max stack 8\n"
          "  IL_0000: ldloc.0\n"
          "  IL_0001: ret\n");
    check("1b 30 0a 00 0e 00 00 00 01 00 00 11 02 72 01000070 28 0100000a de 00 2a 00 00 41 7c 00 00"
          "00000000 00000000 01000000 02000000 03000000 01000001"
          "01000000 00000000 01000000 02000000 03000000 04000000"
          "02000000 00000000 01000000 02000000 03000000 00000000"
          "04000000 00000000 01000000 02000000 03000000 00000000"
          "07000000 00000000 01000000 02000000 03000000 05000000", NR_IL_OK,
          "fat, code size 14 (0xe), max stack 10, init locals, locals 11000001\n"
          "  IL_0000: ldarg.0\n"
          "  IL_0001: ldstr 70000001 \"text\"\n"
          "  IL_0006: call 0A000001 System.Console::WriteLine\n"
          "  IL_000b: leave.s IL_000d\n"
          "  IL_000d: ret\n"
          ".try IL_0000..IL_0001 catch 01000001 handler IL_0002..IL_0005\n"
          ".try IL_0000..IL_0001 filter IL_0004 handler IL_0002..IL_0005\n"
          ".try IL_0000..IL_0001 finally handler IL_0002..IL_0005\n"
          ".try IL_0000..IL_0001 fault handler IL_0002..IL_0005\n"
          ".try IL_0000..IL_0001 flags 0x7 0x00000005 handler IL_0002..IL_0005\n");
    check("e3 40 08 00 00 00 00 00 00 00 00 00 01 02 03 04", NR_IL_OK,
          "fat, code size 0 (0x0), max stack 8, flags 0x0e3, header of 16 bytes\n");
    check("0b 30 08 00 04 00 00 00 00 00 00 00 00 00 00 2a 42 06 00 00 aa bb", NR_IL_OK,
          "fat, code size 4 (0x4), max stack 8\n"
          "  IL_0000: nop\n  IL_0001: nop\n  IL_0002: nop\n  IL_0003: ret\n"
          ".section kind 0x42, 6 bytes\n");
}

TEST(operands)
{
    static const struct {
        const char *hex, *text;
    } rows[] = {
        {"1f ff", "ldc.i4.s -1"}, {"20 feffffff", "ldc.i4 -2"}, {"21 0100000000000080", "ldc.i8 0x8000000000000001"},
        {"22 0000c03f", "ldc.r4 1.5 (0x3fc00000)"}, {"23 000000000000e0bf", "ldc.r8 -0.5 (0xbfe0000000000000)"},
        {"0e ff", "ldarg.s 255"}, {"fe 0c 00 01", "ldloc 256"}, {"fe 12 04", "unaligned. 4"}, {"fe 14", "tail."},
        {"2b fd", "br.s -0x1"}, {"38 00000100", "br IL_10005"}, {"45 00000000", "switch ()"},
        {"45 02000000 00000000 f3ffffff", "switch (IL_000d, IL_0000)"}, {"d0 01000002", "ldtoken 02000001"},
        {"29 02000011", "calli 11000002"},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        uint8_t code[32];
        char want[80];
        size_t n = nr_test_hex(rows[i].hex, code, sizeof code);
        nr_buf out = NR_BUF_INIT;
        CHECK_EQ(nr_disasm_code(&out, "", code, n, NULL, NULL), NR_IL_OK);
        strcpy(want, "IL_0000: ");
        strcat(want, rows[i].text);
        strcat(want, "\n");
        CHECK_STR(nr_buf_str(&out), want);
        nr_buf_free(&out);
    }
}

/* A name is asked for where there is a token, and only there. */
TEST(names)
{
    uint8_t code[64];
    size_t n = nr_test_hex("20 0100000a 6f 0100000a 21 0100000a0100000a 8d 01000001", code, sizeof code);
    nr_buf out = NR_BUF_INIT;
    int names = 0;
    CHECK_EQ(nr_disasm_code(&out, "\t", code, n, name_token, &names), NR_IL_OK);
    CHECK_EQ(names, 2);
    CHECK_STR(nr_buf_str(&out), "\tIL_0000: ldc.i4 167772161\n\tIL_0005: callvirt 0A000001 System.Console::WriteLine\n"
                                "\tIL_000a: ldc.i8 0x0a0000010a000001\n\tIL_0013: newarr 01000001\n");
    nr_buf_free(&out);
}

TEST(broken_bodies)
{
    check("", NR_IL_EMPTY, "error: the method has no body\n");
    check("07", NR_IL_NOT_TINY_OR_FAT, "error: Is not tiny or fat.\n");
    check("0a 06", NR_IL_TRUNCATED, "error: the method body is shorter than its header says\n");
    check("12 24 fe 20 00", NR_IL_ILLEGAL_OPCODE,
          "tiny, code size 4 (0x4), max stack 8\n"
          "  IL_0000: .byte 0x24\n"
          "  IL_0001: .byte 0xfe\n"
          "  IL_0002: .byte 0x20\n"
          "  IL_0003: nop\n");
    check("0a 00 20", NR_IL_CODE_OVERRUN,
          "tiny, code size 2 (0x2), max stack 8\n"
          "  IL_0000: nop\n"
          "  IL_0001: .byte 0x20\n");
    /* The code is shown though the section is broken. */
    check("0b 30 08 00 01 00 00 00 00 00 00 00 2a 00 00 00 01 10 00 00", NR_IL_SECTION_TRUNCATED,
          "fat, code size 1 (0x1), max stack 8\n"
          "  IL_0000: ret\n"
          "error: an extra section reaches beyond the end of the method body\n");
}

TEST(arbitrary_bytes)
{
    uint32_t seed = 5;
    int good = 0;
    for (int i = 0; i < 3000; i++) {
        size_t n = (size_t)(i % 80) + 1;
        uint8_t *bytes = malloc(n);
        for (size_t k = 0; k < n; k++) {
            seed = seed * 1664525 + 1013904223;
            bytes[k] = (uint8_t)(seed >> 24);
        }
        if (i % 2) bytes[0] = (uint8_t)(n - 1 < 63 ? (n - 1) << 2 | 2 : 0xFE);
        if (i % 4 == 0 && n >= 16) {
            memcpy(bytes, "\x1b\x30\x08\x00\x04\x00\x00\x00", 8);
        }
        nr_buf out = NR_BUF_INIT;
        nr_il_error err = nr_disasm(&out, bytes, n, NULL, NULL);
        good += out.size && out.data[out.size - 1] == '\n' && err != NR_IL_NO_MEMORY;
        nr_buf_free(&out);
        free(bytes);
    }
    CHECK_EQ(good, 3000);
}

TEST(no_memory)
{
    uint8_t body[64];
    size_t n = nr_test_hex("1b 30 0a 00 01 00 00 00 01 00 00 11 2a 00 00 00 41 1c 00 00"
                           "00000000 00000000 01000000 02000000 03000000 01000001", body, sizeof body);
    int failures = 0;
    nr_alloc_count(1);
    for (unsigned long k = 1;; k++) {
        nr_buf out = NR_BUF_INIT;
        nr_alloc_fail_at(k, 0);
        nr_il_error err = nr_disasm(&out, body, n, NULL, NULL);
        nr_alloc_fail_at(0, 0);
        nr_buf_free(&out);
        if (!err) break;
        CHECK_EQ(err, NR_IL_NO_MEMORY);
        failures++;
    }
    CHECK(failures >= 3);
    CHECK_EQ(nr_alloc_live(), 0);
    nr_alloc_count(0);
}

TESTS(disasm, T(bodies), T(operands), T(names), T(broken_bodies), T(arbitrary_bytes), T(no_memory))
