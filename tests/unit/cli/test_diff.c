/* Module: the shortest edit script (cli/diff.h), against a plain table of longest common subsequences. */
#include "cli/diff.h"

#include "test.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST = 24 };

typedef struct pair {
    const char *a, *b;
} pair;

static bool same(void *context, size_t a, size_t b)
{
    const pair *p = context;
    return p->a[a] == p->b[b];
}

/* "a-b+c": unchanged letters as they are. */
static nr_str script(const char *a, const char *b)
{
    static char out[256];
    nr_arena arena = NR_ARENA_INIT;
    pair p = {a, b};
    size_t count, n = 0;
    nr_edit *edits = nr_diff(&arena, strlen(a), strlen(b), same, &p, &count);
    for (size_t i = 0; edits && i < count; i++) {
        if (edits[i].kind != ' ') out[n++] = edits[i].kind;
        out[n++] = edits[i].kind == '-' ? a[edits[i].a] : b[edits[i].b];
    }
    nr_arena_free(&arena);
    return (nr_str){out, n};
}

TEST(small_ones)
{
    CHECK_STR(script("", ""), "");
    CHECK_STR(script("abc", "abc"), "abc");
    CHECK_STR(script("", "ab"), "+a+b");
    CHECK_STR(script("ab", ""), "-a-b");
    CHECK_STR(script("abc", "abxc"), "ab+xc");
    CHECK_STR(script("abxc", "abc"), "ab-xc");
    CHECK_STR(script("a", "b"), "-a+b");
    CHECK_STR(script("abc", "xxabcyy"), "+x+xabc+y+y"); /* what instrumentation looks like */
}

static size_t common(const char *a, size_t n, const char *b, size_t m)
{
    size_t table[LONGEST + 1][LONGEST + 1];
    memset(table, 0, sizeof table);
    for (size_t i = 1; i <= n; i++) {
        for (size_t j = 1; j <= m; j++) {
            size_t best = table[i - 1][j] > table[i][j - 1] ? table[i - 1][j] : table[i][j - 1];
            table[i][j] = a[i - 1] == b[j - 1] ? table[i - 1][j - 1] + 1 : best;
        }
    }
    return table[n][m];
}

/* Every script turns the first into the second, in order, and keeps as much as can be kept. */
TEST(random_ones)
{
    uint32_t seed = 1;
    for (int round = 0; round < 3000; round++) {
        char a[LONGEST + 1], b[LONGEST + 1];
        char *lists[2] = {a, b};
        for (int l = 0; l < 2; l++) {
            size_t n = (seed = seed * 1664525u + 1013904223u) >> 16;
            n %= LONGEST + 1;
            for (size_t i = 0; i < n; i++)
                lists[l][i] = (char)('a' + ((seed = seed * 1664525u + 1013904223u) >> 16) % 4);
            lists[l][n] = 0;
        }
        nr_arena arena = NR_ARENA_INIT;
        pair p = {a, b};
        size_t count = 0, x = 0, y = 0, kept = 0;
        nr_edit *edits = nr_diff(&arena, strlen(a), strlen(b), same, &p, &count);
        CHECK(edits != NULL);
        for (size_t i = 0; edits && i < count; i++) {
            if (edits[i].kind != '+') CHECK_EQ(edits[i].a, x++);
            if (edits[i].kind != '-') CHECK_EQ(edits[i].b, y++);
            if (edits[i].kind == ' ') {
                CHECK_EQ(a[edits[i].a], b[edits[i].b]);
                kept++;
            }
        }
        CHECK_EQ(x, strlen(a));
        CHECK_EQ(y, strlen(b));
        CHECK_EQ(kept, common(a, strlen(a), b, strlen(b)));
        nr_arena_free(&arena);
    }
}

static bool never(void *context, size_t a, size_t b)
{
    (void)context, (void)a, (void)b;
    return false;
}

/* More differences than are looked for: everything goes, everything comes. */
TEST(nothing_in_common)
{
    nr_arena arena = NR_ARENA_INIT;
    size_t count = 0;
    nr_edit *edits = nr_diff(&arena, 2000, 2000, never, NULL, &count);
    CHECK(edits != NULL);
    CHECK_EQ(count, 4000);
    CHECK_EQ(edits[0].kind, '-');
    CHECK_EQ(edits[1999].kind, '-');
    CHECK_EQ(edits[2000].kind, '+');
    CHECK_EQ(edits[3999].b, 1999);
    nr_arena_free(&arena);
}

TESTS(diff, T(small_ones), T(random_ones), T(nothing_in_common))
