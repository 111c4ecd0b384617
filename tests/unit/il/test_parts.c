/* Parsing and encoding without loss; sizes of bodies. */
#include "test.h"

#include "base/alloc.h"
#include "base/compiler.h"
#include "il/parts.h"

#include <stdlib.h>
#include <string.h>

#define FAT(size) "1b 30 08 00 " size " 00 00 00 01 00 00 11 "
#define SMALL_CLAUSE "0000 0000 01 0100 01 01000001 "
#define FAT_CLAUSE "00000000 00000000 01000000 01000000 01000000 01000001 "

static const struct {
    const char *name, *hex;
    size_t sections, clauses; /* clauses of the first section */
} bodies[] = {
    {"tiny", "0a 06 2a", 0, 0},
    {"tiny, no code", "02", 0, 0},
    {"tiny, 63 bytes",
     "fe 00000000000000000000 00000000000000000000 00000000000000000000 00000000000000000000 00000000000000000000"
     "00000000000000000000 00002a", 0, 0},
    {"fat", "13 30 08 00 02 00 00 00 00 00 00 00 06 2a", 0, 0},
    {"fat, odd flags", "f3 3f ff ff 01 00 00 00 ff ff ff ff 2a", 0, 0},
    {"header of 16 bytes", "13 40 08 00 01 00 00 00 00 00 00 00 aa bb cc dd 2a", 0, 0},
    {"small section", FAT("03") "00 00 2a 00 01 10 00 00 " SMALL_CLAUSE, 1, 1},
    {"padding and reserved bytes that are not zero", FAT("02") "00 2a ab cd 01 10 ee ff " SMALL_CLAUSE, 1, 1},
    {"no padding", FAT("04") "00 00 00 2a 01 10 00 00 " SMALL_CLAUSE, 1, 1},
    {"fat section", FAT("01") "2a 00 00 00 41 1c 00 00 " FAT_CLAUSE, 1, 1},
    {"two clauses", FAT("01") "2a 00 00 00 41 34 00 00 " FAT_CLAUSE FAT_CLAUSE, 1, 2},
    {"VB size, small", FAT("01") "2a 00 00 00 01 0c 00 00 " SMALL_CLAUSE, 1, 1},
    {"VB size, fat", FAT("01") "2a 00 00 00 41 30 00 00 " FAT_CLAUSE FAT_CLAUSE, 1, 2},
    {"no clauses", FAT("01") "2a 00 00 00 01 04 00 00", 1, 0},
    {"chained", FAT("01") "2a 00 00 00 81 10 00 00 " SMALL_CLAUSE "41 1c 00 00 " FAT_CLAUSE, 2, 1},
    {"chained, VB size", FAT("01") "2a 00 00 00 c1 18 00 00 " FAT_CLAUSE "01 0c 00 00 " SMALL_CLAUSE, 2, 1},
    {"another kind with padding behind it", FAT("01") "2a 00 00 00 82 05 00 00 99 77 66 55 01 10 00 00 " SMALL_CLAUSE, 2, 0},
    {"another kind last", FAT("01") "2a 00 00 00 42 07 00 00 99 98 97", 1, 0},
};

TEST(round_trip)
{
    for (size_t i = 0; i < NR_COUNT(bodies); i++) {
        uint8_t bytes[256];
        size_t n = nr_test_hex(bodies[i].hex, bytes, sizeof bytes);
        nr_arena arena = NR_ARENA_INIT;
        nr_body_parts p;
        nr_buf out = NR_BUF_INIT;
        size_t size = 0;
        nr_buf_u8(&out, 0xEE); /* encoding appends, alignment counts from the start of the body */
        if (!CHECK_EQ(nr_body_parse(&arena, bytes, n, &p), NR_IL_OK)) nr_test_check(0, bodies[i].name, __FILE__, __LINE__);
        CHECK_EQ(p.size, n);
        CHECK_EQ(p.section_count, bodies[i].sections);
        if (p.section_count) CHECK_EQ(p.sections[0].clause_count, bodies[i].clauses);
        CHECK_EQ(nr_body_encode(&out, &p), NR_IL_OK);
        CHECK_BYTES(out.data + 1, out.size - 1, bodies[i].hex);

        /* Whatever follows is not part of the body; a byte less is too little. */
        CHECK_EQ(nr_body_size(bytes, sizeof bytes, &size), NR_IL_OK);
        CHECK_EQ(size, n);
        uint8_t *exact = malloc(n);
        memcpy(exact, bytes, n);
        CHECK_EQ(nr_body_size(exact, n, &size), NR_IL_OK);
        for (size_t less = 0; less < n; less++) {
            uint8_t *part = malloc(less ? less : 1);
            memcpy(part, bytes, less);
            CHECK(nr_body_size(part, less, &size) != NR_IL_OK);
            CHECK(nr_body_parse(&arena, part, less, &p) != NR_IL_OK);
            free(part);
        }
        CHECK_EQ(size, n);
        free(exact);
        nr_buf_free(&out);
        nr_arena_free(&arena);
    }
}

TEST(fields)
{
    uint8_t bytes[128];
    size_t n = nr_test_hex("1b 35 34 12 01 00 00 00 78 56 34 12 2a cc cc cc 01 1c 00 00"
                           "0100 0200 03 0400 05 06000000 0400 ffff ff feff fd ffffffff", bytes, sizeof bytes);
    nr_arena arena = NR_ARENA_INIT;
    nr_body_parts p;
    CHECK_EQ(nr_body_parse(&arena, bytes, n, &p), NR_IL_OK);
    CHECK(!p.tiny && p.flags == 0x51B && p.max_stack == 0x1234 && p.local_var_sig == 0x12345678);
    CHECK(p.header_size == 12 && p.code == bytes + 12 && p.code_size == 1);
    CHECK_BYTES(p.sections[0].gap, p.sections[0].gap_size, "cc cc cc");
    CHECK_EQ(p.sections[0].size, 28);
    nr_eh_clause a = nr_body_section_clause(&p.sections[0], 0), b = nr_body_section_clause(&p.sections[0], 1);
    CHECK(a.flags == 1 && a.try_offset == 2 && a.try_length == 3 && a.handler_offset == 4 && a.handler_length == 5 &&
          a.token_or_filter == 6);
    CHECK(b.flags == 4 && b.try_offset == 0xFFFF && b.try_length == 0xFF && b.handler_offset == 0xFFFE &&
          b.handler_length == 0xFD && b.token_or_filter == 0xFFFFFFFF);
    nr_arena_free(&arena);
}

/* Code of another length: sizes and padding follow. */
TEST(exchanged_code)
{
    uint8_t bytes[128];
    size_t n = nr_test_hex(FAT("02") "00 2a ab cd 01 10 ee ff " SMALL_CLAUSE, bytes, sizeof bytes);
    nr_arena arena = NR_ARENA_INIT;
    nr_body_parts p;
    nr_buf out = NR_BUF_INIT;
    CHECK_EQ(nr_body_parse(&arena, bytes, n, &p), NR_IL_OK);
    p.code = (const uint8_t *)"\x01\x02\x03";
    p.code_size = 3;
    CHECK_EQ(nr_body_encode(&out, &p), NR_IL_OK);
    CHECK_BYTES(out.data, out.size, FAT("03") "01 02 03 00 01 10 ee ff " SMALL_CLAUSE);
    nr_buf_free(&out);
    CHECK_EQ(nr_body_parse(&arena, (const uint8_t *)"\x06\x2a", 2, &p), NR_IL_OK);
    p.code = bytes;
    p.code_size = 64;
    CHECK_EQ(nr_body_encode(&out, &p), NR_IL_TINY_TOO_LARGE);
    CHECK_EQ(out.size, 0);
    nr_buf_free(&out);
    nr_arena_free(&arena);
}

TEST(refused)
{
    static const struct {
        const char *hex;
        nr_il_error err;
    } rows[] = {
        {"", NR_IL_EMPTY},
        {"01", NR_IL_NOT_TINY_OR_FAT},
        {"07 30", NR_IL_NOT_TINY_OR_FAT},
        {"06", NR_IL_TRUNCATED},
        {"13 30 08 00", NR_IL_TRUNCATED},
        {"13 20 08 00 01 00 00 00 00 00 00 00", NR_IL_HEADER_SIZE},
        {"13 50 08 00 00 00 00 00 00 00 00 00", NR_IL_TRUNCATED},
        {FAT("01") "2a", NR_IL_SECTION_TRUNCATED},
        {FAT("01") "2a 00 00 00 01 10 00 00", NR_IL_SECTION_TRUNCATED},
        {FAT("01") "2a 00 00 00 82 00 00 00", NR_IL_SECTION_SIZE},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        uint8_t bytes[64];
        size_t size = 7, n = nr_test_hex(rows[i].hex, bytes, sizeof bytes);
        nr_arena arena = NR_ARENA_INIT;
        nr_body_parts p;
        CHECK_EQ(nr_body_size(bytes, n, &size), rows[i].err);
        CHECK_EQ(size, 7);
        CHECK_EQ(nr_body_parse(&arena, bytes, n, &p), rows[i].err);
        nr_arena_free(&arena);
    }
}

TEST(no_memory)
{
    uint8_t bytes[128];
    size_t n = nr_test_hex(FAT("01") "2a 00 00 00 41 34 00 00 " FAT_CLAUSE FAT_CLAUSE, bytes, sizeof bytes);
    int failures = 0;
    for (unsigned long k = 1;; k++) {
        nr_arena arena = NR_ARENA_INIT;
        nr_body_parts p;
        nr_buf out = NR_BUF_INIT;
        nr_alloc_fail_at(k, 0);
        nr_il_error err = nr_body_parse(&arena, bytes, n, &p);
        if (!err) err = nr_body_encode(&out, &p);
        nr_alloc_fail_at(0, 0);
        CHECK_EQ(out.size, err ? 0 : n);
        nr_buf_free(&out);
        nr_arena_free(&arena);
        if (!err) break;
        CHECK_EQ(err, NR_IL_NO_MEMORY);
        failures++;
    }
    CHECK(failures >= 2);
}

TESTS(parts, T(round_trip), T(fields), T(exchanged_code), T(refused), T(no_memory))
