#include "test.h"

TEST(compare_ignoring_case)
{
    /* environment-and-files.md 1.7: equal, or equal after one bit */
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"true", "TRUE", true},
        {"true", "tru", false},
        {"tru", "true", false},
        {"", "", true},
        {"[", "{", true},
        {"\\", "|", true},
        {"]", "}", true},
        {"^", "~", true},
        {"@", "`", true},
        {"-", "\r", true},
        {"_", "\x7F", true},
        {"a", "b", false},
        {"\xC3\xA9", "\xC3\x89", true},                 /* é É differ in that bit, too */
        {"\xC4\x80", "\xC4\x81", false},                /* Ā ā do not: no Unicode folding */
        {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\xA0", true}, /* the bit of the low surrogate */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_EQ(nr_str_eq_ci(nr_str_of(rows[i].a), nr_str_of(rows[i].b)), rows[i].same);
}

TEST(ends_and_has)
{
    CHECK(nr_str_ends_ci(NR_STR("MYFOO.EXE"), NR_STR("foo.exe")));
    CHECK(!nr_str_ends_ci(NR_STR("FOO.EXE.BAK"), NR_STR("foo.exe")));
    CHECK(!nr_str_ends_ci(NR_STR("O.EXE"), NR_STR("foo.exe")));
    CHECK(nr_str_ends_ci(NR_STR("x"), NR_STR("")));
    CHECK(nr_str_ends_ci(NR_STR(""), NR_STR("")));
    CHECK(nr_str_has_ci(NR_STR("exec C:\\MSBUILD.DLL x"), NR_STR("msbuild.dll")));
    CHECK(!nr_str_has_ci(NR_STR("msbuild.dl"), NR_STR("msbuild.dll")));
    CHECK(nr_str_has_ci(NR_STR("aab"), NR_STR("AB")));
    CHECK(nr_str_has(NR_STR("aab"), NR_STR("ab")));
    CHECK(!nr_str_has(NR_STR("aab"), NR_STR("AB")));
    CHECK(!nr_str_has(NR_STR("a"), NR_STR("ab")));
    CHECK(nr_str_starts(NR_STR("abc"), NR_STR("ab")) && !nr_str_starts(NR_STR("a"), NR_STR("ab")));
    CHECK(nr_str_ends(NR_STR("fooxml"), NR_STR("xml")) && !nr_str_ends(NR_STR("b.XML"), NR_STR("xml")));
}

static int sign(int v)
{
    return (v > 0) - (v < 0);
}

TEST(order_of_utf16)
{
    static const struct {
        const char *a, *b;
        int order;
    } rows[] = {
        {"a", "b", -1},
        {"a", "a", 0},
        {"a", "ab", -1},
        {"b", "ab", 1},
        {"A.xml", "a.xml", -1},
        {"\xEF\xBF\xBD", "\xF0\x9F\x98\x80", 1},  /* U+FFFD above U+1F600: its first unit is D83D */
        {"\xED\x9F\xBF", "\xF0\x9F\x98\x80", -1}, /* U+D7FF below it */
        {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x81", -1},
        {"\xED\xA0\xBD", "\xF0\x9F\x98\x80", -1}, /* a lone D83D, then nothing */
        {"\xED\xA0\xBD"
         "a",
         "\xF0\x9F\x98\x80", -1}, /* … then U+0061, below DE00 */
        {"\xED\xA0\xBD"
         "\xEF\xBF\xBD",
         "\xF0\x9F\x98\x80", 1}, /* … then U+FFFD, above it */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_EQ(sign(nr_str_cmp_utf16(nr_str_of(rows[i].a), nr_str_of(rows[i].b))), rows[i].order);
        CHECK_EQ(sign(nr_str_cmp_utf16(nr_str_of(rows[i].b), nr_str_of(rows[i].a))), -rows[i].order);
    }
}

TEST(hash)
{
    /* Stable over processes and platforms. */
    CHECK(nr_str_hash(NR_STR("")) == nr_str_hash((nr_str){NULL, 0}));
    CHECK(nr_str_hash(NR_STR("ab")) != nr_str_hash(NR_STR("ba")));
    CHECK(nr_str_hash(NR_STR("System.String")) == nr_str_hash(NR_STR("System.String")));
    /* Tables take the low bits. Names that differ only at their end, of every length to three words: in a table of 1,024 places,
     * few of a hundred may share one. */
    for (int length = 1; length < 24; length++) {
        char name[] = "RuleRuleRuleRuleRuleRule";
        bool taken[1024] = {false};
        int shared = 0;
        for (int i = 0; i < 100; i++) {
            name[length - 1] = (char)('0' + i % 10);
            if (length > 1) name[length - 2] = (char)('0' + i / 10);
            bool *place = &taken[nr_str_hash((nr_str){name, (size_t)length}) % 1024];
            shared += *place && !(length == 1 && i >= 10);
            *place = true;
        }
        CHECK(shared < 15);
    }
}

TESTS(str, T(compare_ignoring_case), T(ends_and_has), T(order_of_utf16), T(hash))
