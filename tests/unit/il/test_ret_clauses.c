/* RET rewriting of methods with exception sections: il-method-body.md 4.10, quirks.md Q17 to Q23, C5, C6. */
#include "ret_helper.h"

#include "base/alloc.h"
#include "base/compiler.h"

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

TESTS(ret_clauses, T(clauses), T(small_or_fat), T(no_memory))
