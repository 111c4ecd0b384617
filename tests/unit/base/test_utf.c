#include "test.h"

#include "base/alloc.h"
#include "base/utf.h"

TEST(next)
{
    static const struct {
        const char *bytes;
        uint32_t code_point;
        size_t length;
    } rows[] = {
        {"a", 'a', 1},
        {"\xC3\xA9", 0xE9, 2},
        {"\xE4\xB8\xAD", 0x4E2D, 3},
        {"\xF0\x9F\x98\x80", 0x1F600, 4},
        {"\xED\xA0\xBD", 0xD83D, 3},             /* a lone surrogate is kept */
        {"\xC0\x80", 0xFFFD, 1},                 /* overlong */
        {"\xE0\x80\x80", 0xFFFD, 1},
        {"\xF0\x80\x80\x80", 0xFFFD, 1},
        {"\xF4\x90\x80\x80", 0xFFFD, 1},         /* above U+10FFFF */
        {"\x80", 0xFFFD, 1},                     /* no lead byte */
        {"\xC3", 0xFFFD, 1},                     /* cut off */
        {"\xE4\xB8", 0xFFFD, 1},
        {"\xC3(", 0xFFFD, 1},                    /* no continuation */
        {"\xEF\xBF\xBD", 0xFFFD, 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t at = 0;
        CHECK_EQ(nr_utf8_next(nr_str_of(rows[i].bytes), &at), rows[i].code_point);
        CHECK_EQ(at, rows[i].length);
    }
}

TEST(valid_prefix)
{
    CHECK_EQ(nr_utf8_valid_prefix(NR_STR("caf\xC3\xA9")), 5);
    CHECK_EQ(nr_utf8_valid_prefix(NR_STR("ab\xFF" "c")), 2);
    CHECK_EQ(nr_utf8_valid_prefix(NR_STR("a\xED\xA0\xBD")), 1);
    CHECK_EQ(nr_utf8_valid_prefix(NR_STR("a\xEF\xBF\xBD" "b")), 5); /* U+FFFD itself is valid */
    CHECK_EQ(nr_utf8_valid_prefix(NR_STR("")), 0);
}

TEST(round_trip)
{
    /* é 中 U+1F600, a lone high and a lone low surrogate */
    static const uint16_t units[] = {0xE9, 0x4E2D, 0xD83D, 0xDE00, 0xD800, 'x', 0xDC00};
    nr_arena a = NR_ARENA_INIT;
    nr_str s = nr_utf8_from_utf16(&a, units, 7);
    CHECK_BYTES(s.p, s.n, "c3a9 e4b8ad f09f9880 eda080 78 edb080");
    CHECK_EQ(s.p[s.n], 0);
    CHECK_EQ(nr_utf16_length(s), 7);
    size_t n = 0;
    uint16_t *back = nr_utf16_from_utf8(&a, s, &n);
    CHECK_EQ(n, 7);
    CHECK(memcmp(back, units, sizeof units) == 0);
    CHECK_EQ(back[7], 0);
    nr_buf b = NR_BUF_INIT;
    nr_utf8_put_utf16(&b, units, 7);
    CHECK(nr_str_eq(nr_buf_str(&b), s));
    nr_buf_free(&b);
    nr_alloc_fail_at(1, 0);
    nr_arena empty = NR_ARENA_INIT;
    CHECK(nr_utf8_from_utf16(&empty, units, 7).p == NULL);
    nr_alloc_fail_at(1, 0);
    CHECK(nr_utf16_from_utf8(&empty, s, &n) == NULL);
    nr_arena_free(&empty);
    nr_arena_free(&a);
}

TESTS(utf, T(next), T(valid_prefix), T(round_trip))
