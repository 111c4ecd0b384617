/* RET rewriting: il-method-body.md section 4, quirks.md Q5 to Q23 and part C. */
#include "ret_helper.h"

#include "base/compiler.h"

typedef struct row {
    const char *code, *out; /* out: code behind the header; NULL: refused with `err` */
    nr_il_error err;
} row;

static void check_rows(const row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t code[64];
        size_t n = nr_test_hex(rows[i].code, code, sizeof code);
        for (int fat = 0; fat < 2; fat++) {
            result r = fat ? rewrite_fat(code, n) : rewrite_tiny(code, n);
            if (!CHECK_EQ(r.err, rows[i].err)) nr_test_bytes(code, n, "", rows[i].code, __FILE__, __LINE__);
            if (rows[i].out && r.err == NR_IL_OK) {
                size_t header = fat || r.multiple ? 12 : 1;
                CHECK_BYTES(r.bytes + header, r.size - header, rows[i].out);
            } else {
                CHECK(r.bytes == NULL && r.size == 0);
            }
            nr_arena_free(&r.arena);
        }
    }
}

/* 4.3 */
TEST(none_or_one_ret)
{
    static const row rows[] = {
        {"", "", NR_IL_OK},
        {"06 2a", "06 00", NR_IL_OK},
        {"02 7a", "02 7a", NR_IL_OK}, /* no RET: wrapped as it is */
        {"2b fe", "2b fe", NR_IL_OK},
        {"02 2c 01 2a 14 7a", NULL, NR_IL_LAST_NOT_RET}, /* Q7 */
        {"2a 2b fd", NULL, NR_IL_LAST_NOT_RET},
        {"2a 1f 2a", "2a 1f 00", NR_IL_OK}, /* Q8 */
        {"2a 1f 05", NULL, NR_IL_LAST_NOT_RET},
        {"fe 23 02 2c 01 2a 00 2a", "fe 23 02 2c 01 2a 00 2a", NR_IL_OK}, /* Q9 */
        {"02 2c 01 2a fe 23 00 2a", "02 2c 01 2a fe 23 00 00", NR_IL_OK}, /* Q9 */
        {"f8 2a 2a", "f8 2a 2a", NR_IL_OK}, /* Q12 */
        {"ff 2a", "ff 00", NR_IL_OK}, /* Q12: one RET, its byte replaced */
        {"ff 2a 00", NULL, NR_IL_LAST_NOT_RET},
        {"45 00 00 00 00 2a", "45 00 00 00 00 00", NR_IL_OK},
        {"45 01 00 00 00 2a 2a 2a 2a 2a", "45 01 00 00 00 2a 2a 2a 2a 00", NR_IL_OK}, /* arms are no RETs */
        {"45 40 00 00 00 2a", "45 40 00 00 00 2a", NR_IL_OK}, /* a table beyond the end is not read: no RET */
        /* An operand that is cut off is not looked at. */
        {"20 01", "20 01", NR_IL_OK},
        {"2a 20 2a", "2a 20 00", NR_IL_OK},
        {"38 2a", "38 2a", NR_IL_OK},
    };
    check_rows(rows, NR_COUNT(rows));
}

/* 4.5 */
TEST(examples)
{
    static const row rows[] = {
        {"02 2c 01 2a 00 2a", "02 2c 02 2b 01 00 00", NR_IL_OK},
        {"02 2d 02 03 2a 16 2d 01 2a 2a", "02 2d 03 03 2b 05 16 2d 02 2b 00 00", NR_IL_OK},
        {"02 45 02000000 01000000 02000000 2a 2a 2a", "02 45 02000000 02000000 04000000 2b 02 2b 00 00", NR_IL_OK},
        {"02 45 00000000 2a 2a", "02 45 00000000 2b 00 00", NR_IL_OK},
        {"02 45 01000000 f6ffffff 2a 2a", "02 45 01000000 f6ffffff 2b 00 00", NR_IL_OK},
        {"02 39 01000000 2a 2a", "02 39 02000000 2b 00 00", NR_IL_OK},
        {"02 fe 09 01 00 fe 01 2c 01 2a 00 2a", "02 fe 09 01 00 fe 01 2c 02 2b 01 00 00", NR_IL_OK},
        {"02 2c 08 fe 14 28 01 00 00 0a 2a 00 2a", "02 2c 09 fe 14 28 01 00 00 0a 2b 01 00 00", NR_IL_OK}, /* Q13 */
        {"02 2c 01 2a 24 2a", "02 2c 02 2b 01 24 00", NR_IL_OK},
        {"ff 2a 00 2a", "2b 01 00 00", NR_IL_OK},                          /* Q12 */
        {"02 2c 01 2a ff 00 2a", "02 2c 02 2b 02 00 00 00", NR_IL_OK},     /* Q12 */
        {"fe 19 2a 2a", "fe 19 2b 00 00", NR_IL_OK},                       /* no. has no operand here */
        {"2a 2a", "2b 00 00", NR_IL_OK},
        {"2b fe 2a 2a", "2b fe 2b 00 00", NR_IL_OK}, /* backwards */
        {"2a de fd 2a", "2b 02 de fc 00", NR_IL_OK},
    };
    check_rows(rows, NR_COUNT(rows));
}

/* 4.5, below the table; 4.4, 4; C3, C4. */
TEST(refused)
{
    static const row rows[] = {
        {"02 2c 04 2a 00 00 2a", NULL, NR_IL_BRANCH_TARGET}, /* Q15: the end of the body */
        {"02 2c 02 2a 1f 05 2a", NULL, NR_IL_BRANCH_TARGET}, /* inside an instruction */
        {"2b f0 2a 2a", NULL, NR_IL_BRANCH_TARGET},          /* negative */
        {"38 f0ffff7f 2a 2a", NULL, NR_IL_BRANCH_TARGET},
        {"45 01000000 7fffffff 2a 2a", NULL, NR_IL_BRANCH_TARGET},
        {"2a 2a fe 23 2a", NULL, NR_IL_UNKNOWN_OPCODE},
        {"02 2c 01 2a 2a fe 23 2a", NULL, NR_IL_UNKNOWN_OPCODE},
        {"2a 2a fc 2a", NULL, NR_IL_UNKNOWN_OPCODE},
        {"2a 2a 1f 2a", NULL, NR_IL_LAST_RET_IN_OPERAND}, /* Q16 */
        {"2a 2a 20 2a", NULL, NR_IL_LAST_RET_IN_OPERAND},
        {"2a ff 2a", NULL, NR_IL_LAST_RET_IN_OPERAND},
        {"2c 05 2a 2a 1f 2a", NULL, NR_IL_LAST_RET_IN_OPERAND}, /* comes before targets are judged */
        {"2a 2a 38 2a", NULL, NR_IL_CODE_OVERRUN}, /* C4 */
        {"2a 2a 2c", NULL, NR_IL_LAST_NOT_RET},
        {"00 ff", NULL, NR_IL_CODE_OVERRUN}, /* C4: FF 2A would be a RET */
        {"00 fe", NULL, NR_IL_CODE_OVERRUN},
        {"2a fe", NULL, NR_IL_LAST_NOT_RET}, /* whatever follows */
        {"00 45 2a", NULL, NR_IL_CODE_OVERRUN},
        {"2a 2a 45 01 00 2a", NULL, NR_IL_CODE_OVERRUN},
        {"2a 2a 45 01000000 00 2a", NULL, NR_IL_SWITCH_OVERRUN}, /* C3, C4 */
        {"2a 2a 45 ffffff7f 2a", NULL, NR_IL_SWITCH_OVERRUN},
        {"02 02 02 45 feffff3f 2a", NULL, NR_IL_SWITCH_OVERRUN}, /* C3: back to itself, for ever */
        {"45 feffff3f 2a", "45 feffff3f 2a", NR_IL_OK},          /* far behind the end: no RET */
    };
    check_rows(rows, NR_COUNT(rows));
}

/* 4.4, 10: bytes that FF forms leave behind are read again. */
TEST(self_check)
{
    static const row rows[] = {
        {"2a ff fd 2a", NULL, NR_IL_CHECK_PARSE},         /* FD FD */
        {"2a ff 1f 2c 2a", NULL, NR_IL_CHECK_TARGETS},    /* 1F 1F, then a branch to the end */
        {"2a ff 20 01 02 03 04 2a", "2b 06 20 20 01 02 03 04 00", NR_IL_OK}, /* other instructions, but instructions */
        {"2a ff 20 01 02 03 38 2a", NULL, NR_IL_CODE_OVERRUN},
        {"2a ff 20 01 02 03 45 2a", NULL, NR_IL_CODE_OVERRUN},
        {"2a ff 2b 00 2a", NULL, NR_IL_BRANCH_TARGET}, /* the displacement is 2B, the opcode's own byte */
    };
    check_rows(rows, NR_COUNT(rows));
    /* It leads to the last instruction here, and is one off once it takes two bytes. */
    uint8_t code[47] = {0xFF, 0x2B};
    code[45] = code[46] = 0x2A;
    result r = rewrite_tiny(code, sizeof code);
    CHECK_EQ(r.err, NR_IL_CHECK_TARGETS);
    nr_arena_free(&r.arena);
}

/* A body of the form: 02 2c 01 2a, NOPs, 2a. Sum 126 stays short, 127 expands (Q10). */
TEST(expansion_limit)
{
    uint8_t code[200];
    static const struct {
        size_t size;
        bool expand;
    } rows[] = {{124, false}, {125, true}, {126, true}};
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        size_t n = rows[i].size;
        memset(code, 0, sizeof code);
        memcpy(code, "\x02\x2c\x01\x2a", 4);
        code[n - 1] = 0x2A;
        result r = rewrite_fat(code, n);
        if (CHECK_EQ(r.err, NR_IL_OK)) {
            CHECK_EQ(r.size, 12 + n + (rows[i].expand ? 7 : 1));
            CHECK_EQ(nr_get_u32(r.bytes + 4), n + (rows[i].expand ? 7 : 1));
            if (rows[i].expand) {
                CHECK_BYTES(r.bytes + 12, 6, "02 39 05000000");
                CHECK_EQ(r.bytes[18], 0x38);
                CHECK_EQ(nr_get_u32(r.bytes + 19), n - 5);
            } else {
                CHECK_BYTES(r.bytes + 12, 5, "02 2c 02 2b 77");
            }
            CHECK_EQ(r.bytes[r.size - 1], 0);
        }
        nr_arena_free(&r.arena);
    }
    /* More RETs expand earlier: 123 + 3 stays, 123 + 4 does not. */
    for (size_t rets = 3; rets <= 4; rets++) {
        memset(code, 0, sizeof code);
        memset(code + 123 - rets, 0x2A, rets);
        result r = rewrite_fat(code, 123);
        CHECK_EQ(r.err, NR_IL_OK);
        CHECK_EQ(r.size, 12 + 123 + (rets - 1) * (rets == 4 ? 4 : 1));
        nr_arena_free(&r.arena);
    }
}

/* 4.5: the switch of 137 bytes; 4.4, 6: every short branch and leave becomes long. */
TEST(expanded_switch_and_branches)
{
    uint8_t code[200] = {0};
    size_t n = nr_test_hex("02 45 02000000 01000000 02000000 2a 2a", code, sizeof code);
    n += 120;
    code[n++] = 0x2A;
    CHECK_EQ(n, 137);
    result r = rewrite_fat(code, n);
    if (CHECK_EQ(r.err, NR_IL_OK)) {
        CHECK_BYTES(r.bytes + 12, 24, "02 45 02000000 05000000 0a000000 38 7d000000 38 78000000");
        CHECK_EQ(r.size, 12 + 137 + 8);
    }
    nr_arena_free(&r.arena);

    for (int op = 0x2B; op <= 0x38; op++) {
        memset(code, 0, sizeof code);
        code[0] = op == 0x38 ? 0xDE : (uint8_t)op;
        code[1] = 0x7F;
        code[129] = 0x2A;
        code[139] = 0x2A;
        r = rewrite_fat(code, 140);
        if (CHECK_EQ(r.err, NR_IL_OK)) {
            CHECK_EQ(r.bytes[12], op == 0x38 ? 0xDD : op + 13);
            CHECK_EQ(nr_get_u32(r.bytes + 13), 0x7F); /* to the branch that was a RET */
            CHECK_EQ(r.bytes[12 + 132], 0x38);
        }
        nr_arena_free(&r.arena);
    }
}

/* 4.9, 7.4; C1, C4, C10, C18. */
TEST(headers)
{
    static const struct {
        const char *in;
        nr_il_error err;
        const char *out;
    } rows[] = {
        {"1a 02 2c 01 2a 00 2a", NR_IL_OK, "03 30 08 00 07 00 00 00 00 00 00 00 02 2c 02 2b 01 00 00"}, /* Q5 */
        {"0a 06 2a", NR_IL_OK, "0a 06 00"},
        {"0a 06 2a cc", NR_IL_OK, "0a 06 00 cc"}, /* what follows the body stays */
        {"e3 3f 14 01 02 00 00 00 21 43 65 11 2a 2a", NR_IL_OK, "e3 3f 14 01 03 00 00 00 21 43 65 11 2b 00 00"}, /* Q6 */
        {"", NR_IL_EMPTY, NULL},                /* C18 */
        {"07 30 08 00", NR_IL_BAD_HEADER, NULL}, /* C1 */
        {"00", NR_IL_BAD_HEADER, NULL},
        {"f1 2a", NR_IL_BAD_HEADER, NULL},
        {"0a 06", NR_IL_TRUNCATED, NULL}, /* C4 */
        {"13 30 08 00 01 00 00 00 00 00 00", NR_IL_TRUNCATED, NULL},
        {"13 30 08 00 02 00 00 00 00 00 00 00 2a", NR_IL_TRUNCATED, NULL},
        {"13 30 08 00 ff ff ff ff 00 00 00 00 2a", NR_IL_TRUNCATED, NULL},
        {"13 40 08 00 01 00 00 00 00 00 00 00 01 02 03 04 2a", NR_IL_HEADER_SIZE, NULL}, /* C10 */
        {"13 40 08 00 02 00 00 00 00 00 00 00 01 02 03 04 2a 2a", NR_IL_HEADER_SIZE, NULL},
        {"13 20 08 00 01 00 00 00 2a 00 00 00", NR_IL_HEADER_SIZE, NULL},
        {"13 20 08 00 02 00 00 00 2a 2a 00 00", NR_IL_HEADER_SIZE, NULL},
        /* The reference finds these first. */
        {"13 40 08 00 02 00 00 00 00 00 00 00 01 02 03 04 2a 00", NR_IL_LAST_NOT_RET, NULL},
        {"13 40 08 00 04 00 00 00 00 00 00 00 01 02 03 04 2a 2a 1f 2a", NR_IL_LAST_RET_IN_OPERAND, NULL},
        /* MoreSects with one RET: sections are not looked at here. */
        {"1b 30 08 00 01 00 00 00 00 00 00 00 2a", NR_IL_OK, "1b 30 08 00 01 00 00 00 00 00 00 00 00"},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        result r = rewrite_hex(rows[i].in);
        if (!CHECK_EQ(r.err, rows[i].err)) nr_test_check(0, rows[i].in, __FILE__, __LINE__);
        if (rows[i].out) {
            CHECK_BYTES(r.bytes, r.size, rows[i].out);
        } else {
            CHECK(!r.bytes && !r.size);
        }
        nr_arena_free(&r.arena);
    }
}

TEST(nothing_is_copied_when_nothing_changes)
{
    const uint8_t body[] = {0x06, 0x7A};
    nr_arena arena = NR_ARENA_INIT;
    const uint8_t *out;
    size_t size;
    bool multiple = true;
    CHECK_EQ(nr_body_rewrite_ret(&arena, body, sizeof body, &out, &size, &multiple), NR_IL_OK);
    CHECK(out == body && size == sizeof body && !multiple && !arena.chunks);
    nr_arena_free(&arena);
}

/* The reference says that it rewrites before it finds that it cannot. */
TEST(multiple_is_told)
{
    static const struct {
        const char *in;
        bool multiple;
    } rows[] = {{"0a 2a 2a", true}, {"12 2a 2a 1f 2a", true}, {"0a 06 2a", false}, {"0a 2a 06", false}};
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        result r = rewrite_hex(rows[i].in);
        CHECK_EQ(r.multiple, rows[i].multiple);
        nr_arena_free(&r.arena);
    }
}

/* Q14: the count is 16 bits wide. */
TEST(count_of_rets_wraps)
{
    static uint8_t code[65540];
    static const struct {
        size_t rets;
        bool same, multiple;
    } rows[] = {{65535, false, true}, {65536, true, false}, {65537, false, false}, {65538, false, true}};
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        memset(code, 0x2A, rows[i].rets);
        result r = rewrite_fat(code, rows[i].rets);
        CHECK_EQ(r.err, NR_IL_OK);
        CHECK_EQ(r.multiple, rows[i].multiple);
        CHECK_EQ(r.bytes[r.size - 1], rows[i].same ? 0x2A : 0);
        CHECK_EQ(r.bytes[12], rows[i].multiple ? 0x38 : 0x2A);
        nr_arena_free(&r.arena);
    }
}

TESTS(ret, T(none_or_one_ret), T(examples), T(refused), T(self_check), T(expansion_limit), T(expanded_switch_and_branches),
      T(headers), T(nothing_is_copied_when_nothing_changes), T(multiple_is_told), T(count_of_rets_wraps))
