#include "base/str.h"

#include "base/utf.h"

static bool same_ci(uint32_t a, uint32_t b)
{
    return a == b || a == (b ^ 0x20);
}

/* Compares `tail` with the head of `s` from *at on; advances *at on success. */
static bool head_ci(nr_str s, size_t *at, nr_str tail)
{
    size_t i = *at, j = 0;
    while (j < tail.n) {
        if (i >= s.n) return false;
        if (!same_ci(nr_utf8_next(s, &i), nr_utf8_next(tail, &j))) return false;
    }
    *at = i;
    return true;
}

bool nr_str_eq_ci(nr_str a, nr_str b)
{
    size_t at = 0;
    return head_ci(a, &at, b) && at == a.n;
}

static bool is_ascii(nr_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] & 0x80) return false;
    }
    return true;
}

bool nr_str_ends_ci(nr_str s, nr_str tail)
{
    if (tail.n == 0) return true;
    if (is_ascii(tail)) { /* as many bytes, then: nothing else folds into ASCII */
        size_t at = s.n - tail.n;
        return s.n >= tail.n && head_ci(s, &at, tail);
    }
    for (size_t i = 0; i < s.n;) {
        size_t at = i;
        if (head_ci(s, &at, tail) && at == s.n) return true;
        nr_utf8_next(s, &i);
    }
    return false;
}

bool nr_str_has_ci(nr_str s, nr_str part)
{
    if (part.n == 0) return true;
    for (size_t i = 0; i < s.n;) {
        size_t at = i;
        bool ascii = !(((uint8_t)s.p[i] | (uint8_t)part.p[0]) & 0x80);
        if (!(ascii && !same_ci((uint8_t)s.p[i], (uint8_t)part.p[0])) && head_ci(s, &at, part)) return true;
        nr_utf8_next(s, &i);
    }
    return false;
}

bool nr_str_has(nr_str s, nr_str part)
{
    for (size_t i = 0; i + part.n <= s.n; i++) {
        if (memcmp(s.p + i, part.p, part.n) == 0) return true;
    }
    return false;
}

/* The UTF-16 units of a code point, as one number that orders like them. */
static uint32_t units_of(uint32_t c)
{
    if (c < 0x10000) return c << 16;
    c -= 0x10000;
    return (0xD800 + (c >> 10)) << 16 | (0xDC00 + (c & 0x3FF));
}

int nr_str_cmp_utf16(nr_str a, nr_str b)
{
    size_t i = 0, j;
    while (i < a.n && i < b.n && a.p[i] == b.p[i] && !(a.p[i] & 0x80)) i++; /* paths have much in common */
    j = i;
    while (i < a.n && j < b.n) {
        uint32_t x = nr_utf8_next(a, &i), y = nr_utf8_next(b, &j);
        if (x == y) continue;
        uint32_t u = units_of(x), v = units_of(y);
        /* A lone high surrogate against a pair that begins with it: the next unit of that text decides. */
        if (u >> 16 == v >> 16 && !(u & 0xFFFF)) u |= i < a.n ? units_of(nr_utf8_next(a, &i)) >> 16 : 0;
        if (u >> 16 == v >> 16 && !(v & 0xFFFF)) v |= j < b.n ? units_of(nr_utf8_next(b, &j)) >> 16 : 0;
        if (u != v) return u < v ? -1 : 1;
    }
    if (i < a.n) return 1;
    return j < b.n ? -1 : 0;
}

uint64_t nr_str_hash(nr_str s)
{
    uint64_t h = 0xcbf29ce484222325u ^ s.n, word;
    size_t i = 0;
    for (; s.n - i >= sizeof word; i += sizeof word) {
        memcpy(&word, s.p + i, sizeof word);
        h = (h ^ word) * 0x9e3779b97f4a7c15u;
        h ^= h >> 29;
    }
    for (; i < s.n; i++) h = (h ^ (uint8_t)s.p[i]) * 0x100000001b3u;
    h ^= h >> 32;
    h *= 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}
