#include "test.h"

#include "base/alloc.h"
#include "base/compiler.h"
#include "il/locals.h"

#include <string.h>

static const uint8_t object[] = {0x1C};

/* The first bytes of `sig`. */
static void check_head(const nr_buf *sig, const char *hex)
{
    uint8_t want[16];
    size_t n = nr_test_hex(hex, want, sizeof want);
    CHECK(sig->size >= n && memcmp(sig->data, want, n) == 0);
}

/* il-method-body.md 3.7. `fill` bytes 08 stand for the locals that are there. */
TEST(examples)
{
    static const struct {
        const char *base;
        const char *heads[3];
        int indexes[3];
    } rows[] = {
        {"07 00", {"07 01 1c", "07 02 1c 1c", "07 03 1c 1c 1c"}, {0, 1, 2}},
        {"", {"07 01 1c", "07 02 1c 1c", "07 03 1c 1c 1c"}, {0, 1, 2}}, /* 3.1 */
        {"07 7e 08", {"07 7f 08", "07 80 80 08", "07 80 81 08"}, {126, 127, 128}},
        {"07 bf fe 08", {"07 bf ff 08", "07 c0 00 40 00 08", "07 c0 00 40 01 08"}, {16382, 16383, 16384}},
        {"07 80 02 08 08", {"07 03 08 08 1c", "07 04 08 08 1c 1c", "07 05"}, {2, 3, 4}},
        {"07 c0 00 00 02 08 08", {"07 03 08 08 1c", "07 04 08 08 1c 1c", "07 05"}, {2, 3, 4}},
        {"06 01 08", {"06 02 08 1c", "06 03 08 1c 1c", "06 04"}, {1, 2, 3}},
        {"07 e0 00 00 02 08 08", {NULL, NULL, NULL}, {0, 0, 0}}, /* 111xxxxx: too many */
        {"07 c0 00 ff fd 08", {"07 c0 00 ff fe 08", NULL, NULL}, {65533, 0, 0}},
        {"07 c0 00 ff fe 08", {NULL, NULL, NULL}, {0, 0, 0}},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        uint8_t base[16];
        nr_buf sig = NR_BUF_INIT;
        size_t n = nr_test_hex(rows[i].base, base, sizeof base);
        CHECK_EQ(nr_locals_begin(&sig, base, n), NR_IL_OK);
        for (size_t k = 0; k < 3; k++) {
            uint16_t index = 0x7777;
            size_t before = sig.size;
            nr_il_error err = nr_locals_append(&sig, object, sizeof object, &index);
            if (rows[i].heads[k]) {
                CHECK_EQ(err, NR_IL_OK);
                CHECK_EQ(index, rows[i].indexes[k]);
                check_head(&sig, rows[i].heads[k]);
                CHECK_EQ(sig.data[sig.size - 1], 0x1C);
            } else {
                CHECK_EQ(err, NR_IL_LOCALS_TOO_MANY);
                CHECK_EQ(sig.size, before);
                CHECK_EQ(index, 0x7777);
            }
        }
        nr_buf_free(&sig);
    }
}

/* C17: the reference takes the appended type for a part of the count. */
TEST(cut_off_counts)
{
    static const char *const bases[] = {"07", "07 80", "07 c0", "07 c0 00", "07 c0 00 01"};
    for (size_t i = 0; i < NR_COUNT(bases); i++) {
        uint8_t base[8];
        nr_buf sig = NR_BUF_INIT;
        uint16_t index;
        uint32_t count;
        size_t n = nr_test_hex(bases[i], base, sizeof base);
        CHECK_EQ(nr_locals_begin(&sig, base, n), NR_IL_OK);
        CHECK_EQ(nr_locals_append(&sig, object, 1, &index), NR_IL_LOCALS_TRUNCATED);
        CHECK_EQ(nr_locals_count(&sig, &count), NR_IL_LOCALS_TRUNCATED);
        CHECK_BYTES(sig.data, sig.size, bases[i]);
        nr_buf_free(&sig);
    }
}

TEST(types_of_any_length)
{
    static const uint8_t type[] = {0x12, 0x80, 0x81};
    nr_buf sig = NR_BUF_INIT;
    uint16_t index;
    uint32_t count = 0;
    nr_locals_begin(&sig, NULL, 0);
    CHECK_EQ(nr_locals_append(&sig, type, 3, &index), NR_IL_OK);
    CHECK_EQ(nr_locals_append(&sig, NULL, 0, &index), NR_IL_OK);
    CHECK_BYTES(sig.data, sig.size, "07 02 12 80 81");
    CHECK_EQ(nr_locals_count(&sig, &count), NR_IL_OK);
    CHECK_EQ(count, 2);
    /* Beginning again forgets what was there. */
    CHECK_EQ(nr_locals_begin(&sig, NULL, 0), NR_IL_OK);
    CHECK_BYTES(sig.data, sig.size, "07 00");
    nr_buf_free(&sig);
}

/* Many appends against a count kept apart. */
TEST(long_signatures)
{
    nr_buf sig = NR_BUF_INIT;
    uint16_t index;
    int wrong = 0;
    nr_locals_begin(&sig, NULL, 0);
    for (uint32_t i = 0; i < 0xFFFE; i++) {
        wrong += nr_locals_append(&sig, object, 1, &index) != NR_IL_OK || index != i;
    }
    CHECK_EQ(wrong, 0);
    check_head(&sig, "07 c0 00 ff fe 1c 1c");
    CHECK_EQ(sig.size, 5 + 0xFFFE);
    CHECK_EQ(nr_locals_append(&sig, object, 1, &index), NR_IL_LOCALS_TOO_MANY);
    nr_buf_free(&sig);
}

/* 3.3, ECMA-335 II.23.2. */
TEST(compressed_integers)
{
    static const struct {
        uint32_t value;
        const char *hex;
    } rows[] = {
        {0, "00"}, {3, "03"}, {0x7F, "7f"}, {0x80, "80 80"}, {0x2E57, "ae 57"}, {0x3FFF, "bf ff"},
        {0x4000, "c0 00 40 00"}, {0x1FFFFFFF, "df ff ff ff"},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        nr_buf b = NR_BUF_INIT;
        uint32_t v = 0xDEAD;
        CHECK(nr_compressed_put(&b, rows[i].value));
        CHECK_BYTES(b.data, b.size, rows[i].hex);
        CHECK_EQ(nr_compressed_get(b.data, b.size, &v), b.size);
        CHECK_EQ(v, rows[i].value);
        for (size_t n = 0; n < b.size; n++) CHECK_EQ(nr_compressed_get(b.data, n, &v), 0);
        nr_buf_free(&b);
    }
    nr_buf b = NR_BUF_INIT;
    CHECK(!nr_compressed_put(&b, 0x20000000));
    CHECK_EQ(b.size, 0);
    nr_buf_free(&b);
    uint32_t v = 0;
    CHECK_EQ(nr_compressed_get((const uint8_t *)"\xff\x01\x02\x03", 4, &v), 4);
    CHECK_EQ(v, 0x3F010203);
}

TEST(no_memory)
{
    int failures = 0;
    for (unsigned long n = 1;; n++) {
        nr_buf sig = NR_BUF_INIT;
        uint16_t index;
        uint8_t type[200];
        memset(type, 8, sizeof type);
        nr_alloc_fail_at(n, 0);
        nr_il_error err = nr_locals_begin(&sig, NULL, 0);
        if (!err) err = nr_locals_append(&sig, type, sizeof type, &index);
        nr_alloc_fail_at(0, 0);
        if (!err) CHECK_EQ(sig.size, 202);
        nr_buf_free(&sig);
        if (!err) break;
        CHECK_EQ(err, NR_IL_NO_MEMORY);
        failures++;
    }
    CHECK(failures >= 2);
}

TESTS(locals, T(examples), T(cut_off_counts), T(types_of_any_length), T(long_signatures), T(compressed_integers), T(no_memory))
