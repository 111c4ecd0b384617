/* Module: versions and numbers of rules (instrumentation-xml.md 3.2 and 5). */
#include "rules/version.h"

#include "base/compiler.h"

#include "test.h"

TEST(stoi)
{
    static const struct {
        const char *text;
        bool ok;
        int32_t value;
    } rows[] = {
        {"0", true, 0},
        {"7", true, 7},
        {" 7", true, 7},
        {"\t\n\v\f\r 7 x", true, 7},
        {"+7", true, 7},
        {"-7", true, -7},
        {"9abc", true, 9},
        {"007", true, 7},
        {"0x10", true, 0},
        {"1.5", true, 1},
        {"2147483647", true, INT32_MAX},
        {"2147483648", false, 0},
        {"-2147483648", true, INT32_MIN},
        {"-2147483649", false, 0},
        {"99999999999", false, 0},
        {"99999999999999999999999999", false, 0},
        {"", false, 0},
        {" ", false, 0},
        {"x", false, 0},
        {"+", false, 0},
        {"--1", false, 0},
        {"+ 1", false, 0},
        {"\xc2\xa0"
         "1",
         false, 0},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        int32_t v = 12345;
        CHECK_EQ(nr_stoi(nr_str_of(rows[i].text), &v), rows[i].ok);
        CHECK_EQ(v, rows[i].ok ? rows[i].value : 12345); /* untouched when it fails */
    }
    int32_t v;
    CHECK(nr_stoi((nr_str){"123", 2}, &v) && v == 12); /* a slice, not a terminated text */
    CHECK(!nr_stoi((nr_str){NULL, 0}, &v));
}

/* 5.1 and 5.2 */
TEST(parse)
{
    static const struct {
        const char *text;
        bool ok;
        uint16_t part[4];
    } rows[] = {
        {"1", true, {1, 0, 0, 0}},
        {"1.2.3.4", true, {1, 2, 3, 4}},
        {"1x2x3", true, {1, 0, 0, 0}},
        {"1.0xff", true, {1, 0, 0, 0}},
        {"12abcd.35wjkg", true, {12, 35, 0, 0}},
        {"1.+2", true, {1, 2, 0, 0}},
        {" 1. 2", true, {1, 2, 0, 0}},
        {"65535.65535.65535.65535", true, {65535, 65535, 65535, 65535}},
        {"65536", false, {0}},
        {"1.65536", false, {0}},
        {"-1", false, {0}},
        {"1.-1", false, {0}},
        {"-0", true, {0, 0, 0, 0}},
        {"1.2.3.4.5", false, {0}},
        {"1.2.3.4.", false, {0}},
        {"1.", false, {0}},
        {".1", false, {0}},
        {"1..2", false, {0}},
        {"", false, {0}},
        {".", false, {0}},
        {"x", false, {0}},
        {"1.x", false, {0}},
        {"99999999999", false, {0}},
        {"0.0.0.0", true, {0, 0, 0, 0}},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        nr_version v = {{9, 9, 9, 9}};
        CHECK_EQ(nr_version_parse(nr_str_of(rows[i].text), &v), rows[i].ok);
        for (int n = 0; n < 4; n++) CHECK_EQ(v.part[n], rows[i].ok ? rows[i].part[n] : 9);
    }
}

/* 5.3: four unsigned numbers of 16 bits. */
TEST(compare)
{
    static const nr_version rising[] = {{{0, 0, 0, 0}}, {{0, 0, 0, 1}},    {{0, 0, 1, 0}},     {{0, 0, 65535, 65535}},
                                        {{0, 1, 0, 0}}, {{1, 0, 0, 0}},    {{1, 32768, 0, 0}}, {{1, 65535, 0, 0}},
                                        {{2, 0, 0, 0}}, {{32768, 0, 0, 0}}};
    for (size_t a = 0; a < NR_COUNT(rising); a++) {
        for (size_t b = 0; b < NR_COUNT(rising); b++)
            CHECK_EQ(nr_version_cmp(&rising[a], &rising[b]), a < b ? -1 : a > b);
        CHECK_EQ(nr_version_is_zero(&rising[a]), a == 0);
    }
}

TEST(print)
{
    static const struct {
        nr_version v;
        const char *text;
    } rows[] = {{{{0, 0, 0, 0}}, "0.0.0.0"},
                {{{1, 9, 10, 11}}, "1.9.10.11"},
                {{{100, 1000, 10000, 65535}}, "100.1000.10000.65535"},
                {{{99, 999, 9999, 20305}}, "99.999.9999.20305"}};
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        char out[23];
        size_t n = nr_version_print(&rows[i].v, out);
        CHECK_STR(((nr_str){out, n}), rows[i].text);
    }
}

TESTS(version, T(stoi), T(parse), T(compare), T(print))
