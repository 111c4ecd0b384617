/* RET rewriting: il-method-body.md section 4, quirks.md Q5 to Q23 and part C. */
#include "test.h"

#include "base/alloc.h"
#include "base/compiler.h"
#include "il/body.h"
#include "il/insn.h"
#include "il/parts.h"

#include <stdlib.h>
#include <string.h>

typedef struct result {
    nr_arena arena;
    nr_il_error err;
    const uint8_t *bytes;
    size_t size;
    bool multiple;
} result;

/* In a block of exactly its size, so that a sanitizer sees every byte read too much. */
static result rewrite(const uint8_t *bytes, size_t size)
{
    result r = {NR_ARENA_INIT, NR_IL_OK, NULL, 0, false};
    uint8_t *exact = malloc(size ? size : 1);
    memcpy(exact, bytes, size);
    r.err = nr_body_rewrite_ret(&r.arena, exact, size, &r.bytes, &r.size, &r.multiple);
    if (r.bytes == exact) r.bytes = nr_arena_copy(&r.arena, exact, size);
    free(exact);
    return r;
}

static result rewrite_hex(const char *hex)
{
    uint8_t bytes[1024];
    return rewrite(bytes, nr_test_hex(hex, bytes, sizeof bytes));
}

static result rewrite_tiny(const uint8_t *code, size_t size)
{
    uint8_t body[64];
    body[0] = (uint8_t)(size << 2 | 2);
    memcpy(body + 1, code, size);
    return rewrite(body, size + 1);
}

static result rewrite_fat(const uint8_t *code, size_t size)
{
    nr_buf b = NR_BUF_INIT;
    nr_buf_u32(&b, 0x00083013);
    nr_buf_u32(&b, (uint32_t)size);
    nr_buf_u32(&b, 0);
    nr_buf_put(&b, code, size);
    result r = rewrite(b.data, b.size);
    nr_buf_free(&b);
    return r;
}

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

/* ---- exception sections, 4.10 ---- */

#define SECTIONED(size) "1b 30 08 00 " size " 00 00 00 00 00 00 00 "
#define CODE_11 SECTIONED("0c") "00 de 03 26 de 00 02 2c 01 2a 00 2a "

TEST(clauses)
{
    static const struct {
        const char *in;
        nr_il_error err;
        const char *section; /* of the new body, behind 12 + 13 + 3 bytes */
    } rows[] = {
        /* The example: small, one clause. */
        {CODE_11 "01 10 00 00 0000 0000 03 0300 03 01000001", NR_IL_OK,
         "01 10 00 00 | 0000 0000 03 0300 03 01000001 | ffffffff ffffffff ffffffff"},
        /* 2: DataSize without the header (Q17). */
        {CODE_11 "01 0c 00 00 0000 0000 03 0300 03 01000001", NR_IL_OK,
         "01 10 00 00 | 0000 0000 03 0300 03 01000001 | ffffffff ffffffff ffffffff"},
        /* Fat, written as small; offsets that move. */
        {CODE_11 "41 1c 00 00 02000000 00000000 09000000 0a000000 01000000 efbeadde", NR_IL_OK,
         "01 10 00 00 | 0200 0000 09 0b00 01 efbeadde | ffffffff ffffffff ffffffff"},
        {CODE_11 "41 18 00 00 02000000 06000000 04000000 0a000000 01000000 00000000", NR_IL_OK,
         "01 10 00 00 | 0200 0600 05 0b00 01 00000000 | ffffffff ffffffff ffffffff"},
        /* 4: filters move for flags 1 only (Q21); flags are cut to 16 bits in a small section (6). */
        {CODE_11 "01 10 00 00 0100 0000 03 0300 03 0a000000", NR_IL_OK,
         "01 10 00 00 | 0100 0000 03 0300 03 0b000000 | ffffffff ffffffff ffffffff"},
        {CODE_11 "01 10 00 00 0300 0000 03 0300 03 0a000000", NR_IL_OK,
         "01 10 00 00 | 0300 0000 03 0300 03 0a000000 | ffffffff ffffffff ffffffff"},
        {CODE_11 "41 1c 00 00 01000100 00000000 03000000 03000000 03000000 0a000000", NR_IL_OK,
         "01 10 00 00 | 0100 0000 03 0300 03 0a000000 | ffffffff ffffffff ffffffff"},
        {CODE_11 "01 10 00 00 0100 0000 03 0300 03 02000000", NR_IL_CLAUSE_BOUNDARY, NULL},
        /* Q23 and other ends that are no instruction. */
        {CODE_11 "01 10 00 00 0000 0000 03 0300 09 01000001", NR_IL_CLAUSE_BOUNDARY, NULL},
        {CODE_11 "01 10 00 00 0000 0000 02 0300 03 01000001", NR_IL_CLAUSE_BOUNDARY, NULL},
        {CODE_11 "01 10 00 00 0000 0200 01 0300 03 01000001", NR_IL_CLAUSE_BOUNDARY, NULL},
        {CODE_11 "01 10 00 00 0000 0000 03 0500 01 01000001", NR_IL_CLAUSE_BOUNDARY, NULL},
        {CODE_11 "41 1c 00 00 00000000 06000000 fdffffff 03000000 03000000 01000001", NR_IL_OK, /* ends wrap */
         "41 1c 00 00 | 00000000 06000000 fdffffff 03000000 03000000 01000001"},
        /* 3, Q18: the later section wins slot by slot. */
        {CODE_11 "81 10 00 00 0000 0000 03 0300 03 01000001 01 10 00 00 0000 0300 03 0600 01 02000001", NR_IL_OK,
         "01 10 00 00 | 0000 0300 03 0600 01 02000001 | ffffffff ffffffff ffffffff"},
        {CODE_11 "81 10 00 00 0000 0000 03 0300 03 01000001 02 05 00 00 00", NR_IL_OK, /* the chain ends at another kind */
         "01 10 00 00 | 0000 0000 03 0300 03 01000001 | ffffffff ffffffff ffffffff"},
        {CODE_11 "81 10 00 00 0000 0000 03 0300 03 01000001 82 05 00 00 00 000000"
                 "01 10 00 00 0000 0300 03 0600 01 02000001", NR_IL_OK, /* or goes on behind it */
         "01 10 00 00 | 0000 0300 03 0600 01 02000001 | ffffffff ffffffff ffffffff"},
        {CODE_11 "81 10 00 00 0000 0000 03 0300 03 01000001 01 1c 00 00 0000 0000 03 0300 03 01000001"
                 "0000 0000 03 0300 03 01000001", NR_IL_SECTION_OVERFLOW, NULL}, /* C6 */
        {CODE_11 "81 04 00 00 01 10 00 00 0000 0000 03 0300 03 01000001", NR_IL_SECTION_OVERFLOW, NULL},
        {CODE_11 "81 10 00 00 0000 0000 03 0300 03 01000001 82 00 00 00", NR_IL_SECTION_SIZE, NULL}, /* itself, for ever */
        /* C5 */
        {CODE_11 "02 10 00 00 0000 0000 03 0300 03 01000001", NR_IL_SECTION_NO_CLAUSES, NULL},
        {CODE_11 "03 10 00 00 0000 0000 03 0300 03 01000001", NR_IL_SECTION_NO_CLAUSES, NULL},
        {CODE_11 "01 04 00 00", NR_IL_SECTION_NO_CLAUSES, NULL},
        {CODE_11 "41 17 00 00", NR_IL_SECTION_NO_CLAUSES, NULL},
        /* Outside the buffer. */
        {CODE_11, NR_IL_SECTION_TRUNCATED, NULL},
        {CODE_11 "01 10 00", NR_IL_SECTION_TRUNCATED, NULL},
        {CODE_11 "01 10 00 00 0000 0000 03 0300 03 010000", NR_IL_SECTION_TRUNCATED, NULL},
        {CODE_11 "81 10 00 00 0000 0000 03 0300 03 01000001", NR_IL_SECTION_TRUNCATED, NULL},
        {CODE_11 "41 ff ff ff", NR_IL_SECTION_TRUNCATED, NULL},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        result r = rewrite_hex(rows[i].in);
        if (!CHECK_EQ(r.err, rows[i].err)) nr_test_check(0, rows[i].in, __FILE__, __LINE__);
        if (rows[i].section && r.err == NR_IL_OK) {
            char want[200];
            size_t n = 0;
            for (const char *p = rows[i].section; *p; p++) {
                if (*p != '|') want[n++] = *p;
            }
            want[n] = 0;
            CHECK_BYTES(r.bytes, 28, "1b 30 08 00 0d 00 00 00 00 00 00 00 00 de 03 26 de 00 02 2c 02 2b 01 00 00 ffffff");
            CHECK_BYTES(r.bytes + 28, r.size - 28, want);
        } else {
            CHECK(!r.bytes && !r.size);
        }
        nr_arena_free(&r.arena);
    }
}

/* `n` clauses try[0,1) handler[1,2) in front of two RETs, small or fat. */
static result rewrite_clauses(size_t n, bool fat, uint32_t nops)
{
    nr_buf b = NR_BUF_INIT;
    nr_buf_u32(&b, 0x0008301B);
    nr_buf_u32(&b, nops + 2);
    nr_buf_u32(&b, 0);
    nr_buf_fill(&b, 0, nops);
    nr_buf_fill(&b, 0x2A, 2);
    nr_buf_fill(&b, 0, (4 - b.size) & 3);
    nr_buf_u32(&b, fat ? 0x41u | (uint32_t)(n * 24 + 4) << 8 : 1u | (uint32_t)((n * 12 + 4) & 0xFF) << 8);
    for (size_t i = 0; i < n; i++) {
        if (fat) {
            uint32_t c[] = {0, 0, nops, nops, 1, (uint32_t)i};
            for (size_t k = 0; k < 6; k++) nr_buf_u32(&b, c[k]);
        } else {
            uint8_t c[] = {0, 0, 0, 0, 1, 1, 0, 1, (uint8_t)i, 0, 0, 1};
            nr_buf_put(&b, c, sizeof c);
        }
    }
    result r = rewrite(b.data, b.size);
    nr_buf_free(&b);
    return r;
}

/* 4.10, 5: 20 clauses fit a small section, offsets up to FFFF, lengths up to FF. */
TEST(small_or_fat)
{
    static const struct {
        size_t n;
        uint32_t nops;
        bool fat;
    } rows[] = {{1, 100, false}, {20, 100, false}, {21, 100, true}, {1, 255, false}, {1, 256, true}, {1, 70000, true}};
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        result r = rewrite_clauses(rows[i].n, true, rows[i].nops);
        if (CHECK_EQ(r.err, NR_IL_OK)) {
            size_t reserved = 4 + rows[i].n * 24;
            const uint8_t *s = r.bytes + r.size - reserved;
            CHECK_EQ(s[0], rows[i].fat ? 0x41 : 0x01);
            CHECK_EQ(s[1] | s[2] << 8, 4 + rows[i].n * (rows[i].fat ? 24 : 12));
            if (!rows[i].fat) CHECK_EQ(s[reserved - 1], 0xFF);
            nr_method_body body;
            CHECK_EQ(nr_body_split(&r.arena, r.bytes, r.size, &body), NR_IL_OK);
            CHECK_EQ(body.clause_count, rows[i].n);
            CHECK_EQ(body.clauses[rows[i].n - 1].token_or_filter, rows[i].n - 1);
            CHECK_EQ(body.clauses[0].try_length, rows[i].nops);
        }
        nr_arena_free(&r.arena);
    }
    result r = rewrite_clauses(20, false, 100);
    CHECK_EQ(r.err, NR_IL_OK);
    nr_arena_free(&r.arena);
}

/* ---- structure ---- */

static uint32_t seed;
static uint32_t next(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;
    return n ? (seed >> 8) % n : 0;
}

/* `count` random instructions, a RET last; branches lead to random instructions. */
static size_t random_code(uint8_t *code, size_t count, uint32_t *starts)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        starts[i] = (uint32_t)n;
        uint32_t kind = i + 1 == count ? 0 : next(8);
        static const uint8_t first[] = {0x2A, 0x2C, 0x39, 0x45, 0x00, 0x20, 0xFE, 0xDD};
        code[n++] = first[kind];
        switch (kind) {
        case 1: code[n++] = 0; break;
        case 3:
            nr_put_u32(code + n, next(4));
            n += 4 + 4 * nr_get_u32(code + n);
            break;
        case 2:
        case 5:
        case 7: n += 4; break;
        case 6: code[n++] = 0x14; break;
        default: break;
        }
    }
    return n;
}

static void random_targets(uint8_t *code, size_t count, const uint32_t *starts, size_t size)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t next_insn = i + 1 < count ? starts[i + 1] : (uint32_t)size;
        uint8_t *p = code + starts[i];
        if (*p == 0x2C) {
            for (int tries = 0; tries < 50; tries++) {
                int32_t d = (int32_t)(starts[next((uint32_t)count)] - next_insn);
                if (d >= -128 && d <= 127) {
                    p[1] = (uint8_t)d;
                    break;
                }
            }
        } else if (*p == 0x39 || *p == 0xDD) {
            nr_put_u32(p + 1, starts[next((uint32_t)count)] - next_insn);
        } else if (*p == 0x45) {
            for (uint32_t a = 0; a < nr_get_u32(p + 1); a++) {
                nr_put_u32(p + 5 + 4 * a, starts[next((uint32_t)count)] - next_insn);
            }
        }
    }
}

static long long index_of(const nr_insn *list, size_t count, int64_t offset)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (list[middle].offset < offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && list[low].offset == offset ? (long long)low : -1;
}

/* Instruction i stays instruction i, a branch to instruction k stays a branch to instruction k, a RET is a branch to the
 * last one. Judged by the strict decoder, which shares nothing with the rewrite. */
static void check_same_program(const uint8_t *old_code, size_t old_size, const uint8_t *new_code, size_t new_size)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_insn *a, *b;
    size_t n, m;
    int wrong = 0;
    if (CHECK_EQ(nr_insns_decode(&arena, old_code, old_size, &a, &n, NULL), NR_IL_OK) &&
        CHECK_EQ(nr_insns_decode(&arena, new_code, new_size, &b, &m, NULL), NR_IL_OK) && CHECK_EQ(m, n)) {
        for (size_t i = 0; i < n; i++) {
            if (a[i].op == NR_OP_RET) {
                wrong += i + 1 == n ? b[i].op != NR_OP_NOP
                                    : (b[i].op != NR_OP_BR && b[i].op != NR_OP_BR_S) ||
                                          index_of(b, n, nr_insn_target(&b[i], 0)) != (long long)n - 1;
                continue;
            }
            wrong += nr_opcode_long_branch(a[i].op) != nr_opcode_long_branch(b[i].op);
            if (a[i].op == NR_OP_SWITCH) {
                wrong += a[i].operand != b[i].operand;
                for (uint32_t k = 0; k < a[i].operand; k++) {
                    wrong += index_of(a, n, nr_insn_target(&a[i], k)) != index_of(b, n, nr_insn_target(&b[i], k));
                }
            } else if (nr_insn_target(&a[i], 0) >= 0) {
                wrong += index_of(a, n, nr_insn_target(&a[i], 0)) != index_of(b, n, nr_insn_target(&b[i], 0));
            } else {
                wrong += a[i].operand != b[i].operand;
            }
        }
    }
    CHECK_EQ(wrong, 0);
    nr_arena_free(&arena);
}

TEST(random_programs)
{
    static uint8_t code[8192];
    static uint32_t starts[1024];
    int rewritten = 0;
    seed = 1;
    for (int i = 0; i < 400; i++) {
        memset(code, 0, sizeof code);
        size_t count = 2 + next(i < 300 ? 40 : 600);
        size_t size = random_code(code, count, starts);
        random_targets(code, count, starts, size);
        result r = rewrite_fat(code, size);
        if (r.err == NR_IL_OK && r.multiple) {
            rewritten++;
            check_same_program(code, size, r.bytes + 12, r.size - 12);
        } else if (r.err) {
            /* Only short displacements of -128 and those that 50 tries could not place. */
            CHECK_EQ(r.err, NR_IL_BRANCH_TARGET);
        }
        nr_arena_free(&r.arena);
    }
    CHECK(rewritten > 200);
}

/* 150 KB, 50,000 branches, 16,000 RETs: a quadratic rewrite would be noticed by whoever waits for this. */
TEST(large_methods)
{
    enum { COUNT = 66000 };
    uint8_t *code = calloc(COUNT, 6);
    uint32_t *starts = calloc(COUNT, sizeof *starts);
    size_t size = 0;
    for (size_t i = 0; i < COUNT; i++) {
        starts[i] = (uint32_t)size;
        code[size] = i % 4 == 0 || i + 1 == COUNT ? 0x2A : i % 4 == 1 ? 0xDD : 0x39;
        size += code[size] == 0x2A ? 1 : 5;
    }
    seed = 7;
    random_targets(code, COUNT, starts, size);
    result r = rewrite_fat(code, size);
    if (CHECK_EQ(r.err, NR_IL_OK)) check_same_program(code, size, r.bytes + 12, r.size - 12);
    nr_arena_free(&r.arena);
    free(code);
    free(starts);
}

TEST(no_memory)
{
    uint8_t body[256];
    size_t n = nr_test_hex(CODE_11 "01 10 00 00 0000 0000 03 0300 03 01000001", body, sizeof body);
    int failures = 0;
    nr_alloc_count(1);
    for (unsigned long k = 1;; k++) {
        nr_arena arena = NR_ARENA_INIT;
        const uint8_t *out = NULL;
        size_t size = 0;
        bool multiple;
        nr_alloc_fail_at(k, 0);
        nr_il_error err = nr_body_rewrite_ret(&arena, body, n, &out, &size, &multiple);
        nr_alloc_fail_at(0, 0);
        CHECK((err == NR_IL_OK) == (out != NULL));
        nr_arena_free(&arena);
        if (!err) break;
        CHECK_EQ(err, NR_IL_NO_MEMORY);
        failures++;
    }
    CHECK(failures >= 3); /* instructions, result, self-check */
    CHECK_EQ(nr_alloc_live(), 0);
    nr_alloc_count(0);
}

/* Anything may come in; what goes out can be split, or is refused with a name. */
TEST(arbitrary_bytes)
{
    static const uint8_t likely[] = {0x2A, 0x2A, 0x2B, 0x2C, 0x38, 0x45, 0xFE, 0xFF, 0x00, 0x01, 0xDE, 0x20};
    int done = 0, refused = 0;
    seed = 3;
    for (int i = 0; i < 30000; i++) {
        uint8_t body[120] = {0};
        size_t n = next(sizeof body);
        for (size_t k = 0; k < n; k++) body[k] = (uint8_t)(next(2) ? likely[next(sizeof likely)] : next(256));
        if (next(4) && n) {
            bool fat = n > 16 && next(2);
            body[0] = fat ? (uint8_t)(next(2) ? 0x1B : 0x13) : (uint8_t)((n < 64 ? n - 1 : 63) << 2 | 2);
            if (fat) {
                body[1] = 0x30;
                nr_put_u32(body + 4, 1 + next((uint32_t)n - 12));
                body[11 + nr_get_u32(body + 4)] = 0x2A;
            } else {
                body[n < 64 ? n - 1 : 63] = 0x2A;
            }
        }
        result r = rewrite(body, n);
        if (r.err) {
            refused++;
            CHECK(r.bytes == NULL);
        } else {
            nr_method_body b;
            nr_il_error err = nr_body_split(&r.arena, r.bytes, r.size, &b);
            done += err == NR_IL_OK;
            if (r.multiple) CHECK_EQ(err, NR_IL_OK);
        }
        nr_arena_free(&r.arena);
    }
    CHECK(done > 1000 && refused > 1000);
}

TESTS(ret, T(none_or_one_ret), T(examples), T(refused), T(self_check), T(expansion_limit), T(expanded_switch_and_branches),
      T(headers), T(nothing_is_copied_when_nothing_changes), T(multiple_is_told), T(count_of_rets_wraps), T(clauses),
      T(small_or_fat), T(random_programs), T(large_methods), T(no_memory), T(arbitrary_bytes))
