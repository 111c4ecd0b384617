/* Splitting and writing: il-method-body.md sections 2, 5, 6. */
#include "test.h"

#include "base/alloc.h"
#include "base/compiler.h"
#include "il/body.h"

#include <stdlib.h>
#include <string.h>

static nr_il_error split_hex(nr_arena *arena, const char *hex, nr_method_body *out)
{
    uint8_t bytes[1024];
    size_t n = nr_test_hex(hex, bytes, sizeof bytes);
    uint8_t *exact = malloc(n ? n : 1);
    memcpy(exact, bytes, n);
    nr_il_error err = nr_body_split(arena, exact, n, out);
    if (!err) out->code = nr_arena_copy(arena, out->code, out->code_size);
    free(exact);
    return err;
}

/* 2.2 to 2.6 */
TEST(headers)
{
    static const struct {
        const char *hex;
        nr_il_error err;
        int flags, max_stack;
        uint32_t local_var_sig;
        const char *code;
    } rows[] = {
        {"0a 06 2a", NR_IL_OK, 0x013, 8, 0, "06 2a"}, /* 2.5 */
        {"02", NR_IL_OK, 0x013, 8, 0, ""},
        {"03 30 14 00 01 00 00 00 21 00 00 11 2a", NR_IL_OK, 0x003, 20, 0x11000021, "2a"},
        {"e3 3f ff ff 02 00 00 00 00 00 00 00 00 2a", NR_IL_OK, 0xFE3, 0xFFFF, 0, "00 2a"}, /* Q6 */
        {"0a 06 2a ff ff", NR_IL_OK, 0x013, 8, 0, "06 2a"},
        {"", NR_IL_EMPTY, 0, 0, 0, NULL},                 /* C18 */
        {"07", NR_IL_NOT_TINY_OR_FAT, 0, 0, 0, NULL},     /* 2.2 */
        {"00 2a", NR_IL_NOT_TINY_OR_FAT, 0, 0, 0, NULL},
        {"0a 06", NR_IL_TRUNCATED, 0, 0, 0, NULL},        /* C4 */
        {"13 30 08 00 02 00 00 00 00 00 00 00 2a", NR_IL_TRUNCATED, 0, 0, 0, NULL},
        {"13 40 08 00 01 00 00 00 00 00 00 00 00 00 00 00 2a", NR_IL_HEADER_SIZE, 0, 0, 0, NULL}, /* C10 */
        {"13 20 08 00 01 00 00 00 00 00 00 00 2a", NR_IL_HEADER_SIZE, 0, 0, 0, NULL},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        nr_arena arena = NR_ARENA_INIT;
        nr_method_body b = {0};
        if (CHECK_EQ(split_hex(&arena, rows[i].hex, &b), rows[i].err) && !rows[i].err) {
            CHECK_EQ(b.flags, rows[i].flags);
            CHECK_EQ(b.header_dwords, 3);
            CHECK_EQ(b.max_stack, rows[i].max_stack);
            CHECK_EQ(b.local_var_sig, rows[i].local_var_sig);
            CHECK_BYTES(b.code, b.code_size, rows[i].code);
            CHECK_EQ(b.clause_count, 0);
        }
        nr_arena_free(&arena);
    }
}

#define FAT "1b 30 08 00 01 00 00 00 00 00 00 00 2a cc cc cc "
#define SMALL(flags, last) flags " 0100 02 0300 04 " last
#define BIG(flags, last) flags " 01000000 02000000 03000000 04000000 " last

/* Section 5. `last`: what becomes of the last field of the first clause. */
TEST(sections)
{
    static const struct {
        const char *hex;
        nr_il_error err;
        size_t clauses;
        uint32_t flags, last;
    } rows[] = {
        {FAT "01 10 00 00" SMALL("0000", "21000001"), NR_IL_OK, 1, 0, 0x01000021},
        {FAT "01 10 aa bb" SMALL("0000", "21000001"), NR_IL_OK, 1, 0, 0x01000021}, /* reserved bytes */
        {FAT "41 1c 00 00" BIG("00000000", "21000001"), NR_IL_OK, 1, 0, 0x01000021},
        {FAT "03 10 00 00" SMALL("0000", "21000001"), NR_IL_OK, 1, 0, 0x01000021}, /* 5.1: the bit, Q19 */
        {FAT "3d 10 00 00" SMALL("0000", "21000001"), NR_IL_OK, 1, 0, 0x01000021},
        {FAT "01 0c 00 00" SMALL("0000", "21000001"), NR_IL_OK, 0, 0, 0}, /* 5.2, Q17 */
        {FAT "41 18 00 00" BIG("00000000", "21000001"), NR_IL_OK, 0, 0, 0},
        {FAT "01 1b 00 00" SMALL("0000", "21000001"), NR_IL_OK, 1, 0, 0x01000021}, /* not a multiple */
        {FAT "01 04 00 00", NR_IL_OK, 0, 0, 0},
        /* 5.3, 5.4, Q20 */
        {FAT "01 10 00 00" SMALL("0100", "05000000"), NR_IL_OK, 1, 1, 5},
        {FAT "41 1c 00 00" BIG("01000000", "05000000"), NR_IL_OK, 1, 1, 5},
        {FAT "01 10 00 00" SMALL("0200", "05000000"), NR_IL_OK, 1, 2, 0},
        {FAT "41 1c 00 00" BIG("04000000", "05000000"), NR_IL_OK, 1, 4, 0},
        {FAT "01 10 00 00" SMALL("0300", "02000000"), NR_IL_OK, 1, 3, 2},
        {FAT "41 1c 00 00" BIG("03000000", "02000000"), NR_IL_OK, 1, 3, 0},
        {FAT "41 1c 00 00" BIG("01000100", "02000000"), NR_IL_OK, 1, 0x10001, 0},
        /* refused */
        {FAT "02 10 00 00" SMALL("0000", "21000001"), NR_IL_SECTION_KIND, 0, 0, 0},
        {FAT "80", NR_IL_SECTION_KIND, 0, 0, 0}, /* before anything else is looked at */
        {FAT "81 10 00 00" SMALL("0000", "21000001"), NR_IL_SECTION_CHAIN, 0, 0, 0}, /* Q18 */
        {FAT "c1", NR_IL_SECTION_CHAIN, 0, 0, 0},
        {FAT "01 03 00 00", NR_IL_SECTION_SIZE, 0, 0, 0}, /* C7 */
        {FAT "41 00 00 00", NR_IL_SECTION_SIZE, 0, 0, 0},
        {FAT, NR_IL_SECTION_TRUNCATED, 0, 0, 0},
        {FAT "01 10 00", NR_IL_SECTION_TRUNCATED, 0, 0, 0},
        {FAT "01 1c 00 00" SMALL("0000", "21000001"), NR_IL_SECTION_TRUNCATED, 0, 0, 0},
        {FAT "41 ff ff ff" BIG("00000000", "21000001"), NR_IL_SECTION_TRUNCATED, 0, 0, 0},
        {"1b 30 08 00 01 00 00 00 00 00 00 00 2a", NR_IL_SECTION_TRUNCATED, 0, 0, 0},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        nr_arena arena = NR_ARENA_INIT;
        nr_method_body b = {0};
        if (!CHECK_EQ(split_hex(&arena, rows[i].hex, &b), rows[i].err)) nr_test_check(0, rows[i].hex, __FILE__, __LINE__);
        CHECK_EQ(b.clause_count, rows[i].clauses);
        if (b.clause_count) {
            const nr_eh_clause *c = b.clauses;
            CHECK_EQ(c->flags, rows[i].flags);
            CHECK(c->try_offset == 1 && c->try_length == 2 && c->handler_offset == 3 && c->handler_length == 4);
            CHECK_EQ(c->token_or_filter, rows[i].last);
        }
        nr_arena_free(&arena);
    }
}

/* 6.1 to 6.8 */
TEST(fat_bodies)
{
    static const nr_eh_clause clauses[] = {
        {NR_EH_CATCH, 1, 2, 3, 4, 0x01000001},  {NR_EH_FILTER, 1, 2, 3, 4, 5}, {NR_EH_FINALLY, 1, 2, 3, 4, 0xDEADBEEF},
        {NR_EH_FAULT, 1, 2, 3, 4, 0xDEADBEEF}, {3, 1, 2, 3, 4, 2}, /* 6.7: any odd flags keep the field */
    };
    nr_buf out = NR_BUF_INIT;
    nr_buf_u8(&out, 0xEE);
    CHECK_EQ(nr_body_write_fat(&out, 0x013, 10, 0x11000001, (const uint8_t *)"\x00\x2a", 2, clauses, 5), NR_IL_OK);
    CHECK_BYTES(out.data, out.size,
                "ee 1b 30 0a 00 02 00 00 00 01 00 00 11 00 2a 00 00 41 7c 00 00"
                "00000000 01000000 02000000 03000000 04000000 01000001"
                "01000000 01000000 02000000 03000000 04000000 05000000"
                "02000000 01000000 02000000 03000000 04000000 00000000"
                "04000000 01000000 02000000 03000000 04000000 00000000"
                "03000000 01000000 02000000 03000000 04000000 02000000");
    nr_buf_free(&out);

    /* 7.4 */
    static const struct {
        uint16_t flags, max_stack;
        const char *header;
    } rows[] = {
        {0x013, 10, "1b 30 0a 00"}, {0x003, 10, "0b 30 0a 00"}, {0x013, 20, "1b 30 14 00"}, {0x0E3, 10, "eb 30 0a 00"},
        {0xF13, 10, "1b 3f 0a 00"}, {0x013, 261, "1b 30 05 01"}, {0x01B, 10, "1b 30 0a 00"},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        for (size_t n = 0; n < 6; n++) {
            CHECK_EQ(nr_body_write_fat(&out, rows[i].flags, rows[i].max_stack, 0, (const uint8_t *)"\0\0\0\0\0", n, NULL, 0),
                     NR_IL_OK);
            CHECK_BYTES(out.data, 4, rows[i].header);
            CHECK_EQ(out.size, 12 + (n + 3) / 4 * 4 + 4);
            CHECK_BYTES(out.data + out.size - 4, 4, "41 04 00 00");
            nr_buf_free(&out);
        }
    }
}

/* 6.4: 699,050 clauses still fit. */
TEST(most_clauses)
{
    size_t most = (0xFFFFFF - 4) / 24;
    nr_eh_clause *clauses = calloc(most + 1, sizeof *clauses);
    nr_buf out = NR_BUF_INIT;
    CHECK_EQ(most, 699050);
    CHECK_EQ(nr_body_write_fat(&out, 3, 8, 0, NULL, 0, clauses, most + 1), NR_IL_CLAUSES_TOO_LARGE);
    CHECK_EQ(out.size, 0);
    CHECK_EQ(nr_body_write_fat(&out, 3, 8, 0, NULL, 0, clauses, most), NR_IL_OK);
    CHECK_BYTES(out.data + 12, 4, "41 f4 ff ff");
    CHECK_EQ(out.size, 16 + most * 24);
    nr_buf_free(&out);
    free(clauses);
}

/* 6.9, C13 */
TEST(tiny_bodies)
{
    uint8_t code[64] = {0x06, 0x2A};
    nr_buf out = NR_BUF_INIT;
    CHECK_EQ(nr_body_write_tiny(&out, code, 2), NR_IL_OK);
    CHECK_EQ(nr_body_write_tiny(&out, NULL, 0), NR_IL_OK);
    CHECK_BYTES(out.data, out.size, "0a 06 2a 02");
    CHECK_EQ(nr_body_write_tiny(&out, code, 64), NR_IL_TINY_TOO_LARGE);
    CHECK_EQ(out.size, 4);
    CHECK_EQ(nr_body_write_tiny(&out, code, 63), NR_IL_OK);
    CHECK_EQ(out.size, 68);
    CHECK_EQ(out.data[4], 0xFE);
    nr_buf_free(&out);
}

/* Q24, C8 */
TEST(last_ret_of_the_api_shim)
{
    static const struct {
        const char *in, *out;
        bool replaced;
    } rows[] = {{"02 2a", "02 00", true}, {"2a 02 2a", "2a 02 00", true}, {"02 7a", "02 7a", false}, {"1f 2a", "1f 00", true}};
    nr_arena arena = NR_ARENA_INIT;
    nr_method_body b = {0};
    bool replaced;
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        uint8_t code[8];
        b.code = code;
        b.code_size = (uint32_t)nr_test_hex(rows[i].in, code, sizeof code);
        CHECK_EQ(nr_body_replace_last_ret(&arena, &b, &replaced), NR_IL_OK);
        CHECK_EQ(replaced, rows[i].replaced);
        CHECK_BYTES(b.code, b.code_size, rows[i].out);
        CHECK_BYTES(code, b.code_size, rows[i].in);
    }
    b.code_size = 0;
    CHECK_EQ(nr_body_replace_last_ret(&arena, &b, &replaced), NR_IL_EMPTY_CODE);
    nr_arena_free(&arena);
}

/* What is written is split again. */
TEST(written_and_split)
{
    static const nr_eh_clause clauses[] = {{0, 9, 8, 7, 6, 0x01000001}, {1, 70000, 300, 5, 4, 3}};
    nr_buf out = NR_BUF_INIT;
    nr_arena arena = NR_ARENA_INIT;
    nr_method_body b;
    size_t size;
    CHECK_EQ(nr_body_write_fat(&out, 0x1B, 77, 0x11000002, (const uint8_t *)"abc", 3, clauses, 2), NR_IL_OK);
    CHECK_EQ(nr_body_split(&arena, out.data, out.size, &b), NR_IL_OK);
    CHECK(b.flags == 0x1B && b.max_stack == 77 && b.local_var_sig == 0x11000002 && b.clause_count == 2);
    CHECK_BYTES(b.code, b.code_size, "61 62 63");
    CHECK(b.clause_count == 2 && memcmp(b.clauses, clauses, sizeof clauses) == 0);
    CHECK_EQ(nr_body_size(out.data, out.size, &size), NR_IL_OK);
    CHECK_EQ(size, out.size);
    nr_arena_free(&arena);
    nr_buf_free(&out);
}

TEST(no_memory)
{
    static const nr_eh_clause clause = {0, 1, 2, 3, 4, 5};
    uint8_t code[300] = {0};
    int failures = 0;
    for (unsigned long k = 1;; k++) {
        nr_arena arena = NR_ARENA_INIT;
        nr_buf out = NR_BUF_INIT;
        nr_method_body b;
        bool replaced;
        nr_alloc_fail_at(k, 0);
        nr_il_error err = nr_body_write_fat(&out, 3, 8, 0, code, sizeof code, &clause, 1);
        if (err) CHECK_EQ(out.size, 0);
        if (!err) err = nr_body_split(&arena, out.data, out.size, &b);
        if (!err) err = nr_body_replace_last_ret(&arena, &b, &replaced);
        nr_alloc_fail_at(0, 0);
        nr_buf_free(&out);
        nr_arena_free(&arena);
        if (!err) break;
        CHECK_EQ(err, NR_IL_NO_MEMORY);
        failures++;
    }
    CHECK(failures >= 3);
    nr_buf out = NR_BUF_INIT;
    nr_alloc_fail_at(1, 0);
    CHECK_EQ(nr_body_write_tiny(&out, code, 1), NR_IL_NO_MEMORY);
    nr_alloc_fail_at(0, 0);
    CHECK_EQ(out.size, 0);
    nr_buf_free(&out);
    nr_arena arena = NR_ARENA_INIT;
    nr_method_body b = {0};
    bool replaced;
    b.code = code;
    b.code_size = 5;
    nr_alloc_fail_at(1, 0);
    CHECK_EQ(nr_body_replace_last_ret(&arena, &b, &replaced), NR_IL_NO_MEMORY);
    nr_alloc_fail_at(0, 0);
    nr_arena_free(&arena);
}

TESTS(body, T(headers), T(sections), T(fat_bodies), T(most_clauses), T(tiny_bodies), T(last_ret_of_the_api_shim),
      T(written_and_split), T(no_memory))
