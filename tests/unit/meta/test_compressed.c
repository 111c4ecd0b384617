#include "meta/compressed.h"
#include "test.h"

/* il-method-body.md 3.3 */
static const struct {
    const char *hex;
    size_t used; /* 0: cut off */
    uint32_t value;
    const char *minimal; /* NULL: cannot be written */
} rows[] = {
    {"00", 1, 0, "00"},
    {"7f", 1, 0x7F, "7f"},
    {"80 80", 2, 0x80, "80 80"},
    {"bf ff", 2, 0x3FFF, "bf ff"},
    {"c0 00 40 00", 4, 0x4000, "c0 00 40 00"},
    {"df ff ff ff", 4, 0x1FFFFFFF, "df ff ff ff"},
    {"80 02", 2, 2, "02"},                /* not minimal */
    {"c0 00 00 03 99", 4, 3, "03"},       /* not minimal, more behind it */
    {"e0 00 00 00", 4, 0x20000000, NULL}, /* 111xxxxx is a 4-byte form */
    {"ff ff ff ff", 4, 0x3FFFFFFF, NULL},
    {"", 0, 0, NULL},
    {"80", 0, 0, NULL},
    {"c0", 0, 0, NULL},
    {"c0 00", 0, 0, NULL},
    {"c0 00 40", 0, 0, NULL},
};

TEST(table)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t bytes[8];
        uint32_t value = 0;
        size_t n = nr_test_hex(rows[i].hex, bytes, sizeof bytes);
        CHECK_EQ(nr_blob_get_u32(bytes, n, &value), rows[i].used);
        if (!rows[i].used) continue;
        CHECK_EQ(value, rows[i].value);
        nr_buf out = NR_BUF_INIT;
        CHECK_EQ(nr_blob_put_u32(&out, value), rows[i].minimal != NULL);
        CHECK_BYTES(out.data, out.size, rows[i].minimal ? rows[i].minimal : "");
        nr_buf_free(&out);
    }
}

TEST(round_trip)
{
    static const uint32_t around[] = {0x80, 0x100, 0x4000, 0x10000, 0x1000000, NR_BLOB_U32_MAX};
    for (size_t i = 0; i < sizeof around / sizeof around[0]; i++) {
        for (uint32_t v = around[i] - 2; v <= around[i] + 2; v++) {
            nr_buf out = NR_BUF_INIT;
            uint32_t back = 0;
            bool fits = v <= 0x1FFFFFFF;
            CHECK_EQ(nr_blob_put_u32(&out, v), fits);
            CHECK_EQ(out.size, fits ? (v < 0x80 ? 1 : v < 0x4000 ? 2 : 4) : 0);
            if (fits) {
                CHECK_EQ(nr_blob_get_u32(out.data, out.size, &back), out.size);
                CHECK_EQ(back, v);
            }
            nr_buf_free(&out);
        }
    }
}

TESTS(compressed, T(table), T(round_trip))
