/* str.h - a slice of text: UTF-8, not terminated, not owned. */
#ifndef NR_BASE_STR_H
#define NR_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct nr_str {
    const char *p;
    size_t n;
} nr_str;

#define NR_STR(literal) ((nr_str){(literal), sizeof(literal) - 1})
/* For printf("%.*s", NR_STR_ARG(s)). */
#define NR_STR_ARG(s) (int)(s).n, nr_str_chars((s).p)

static inline const char *nr_str_chars(const char *p)
{
    return p ? p : ""; /* printf takes no NULL, however few characters it may read */
}

static inline nr_str nr_str_of(const char *z)
{
    nr_str s = {z, z ? strlen(z) : 0};
    return s;
}

static inline bool nr_str_eq(nr_str a, nr_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool nr_str_is(nr_str a, const char *z)
{
    return nr_str_eq(a, nr_str_of(z));
}

static inline bool nr_str_starts(nr_str s, nr_str head)
{
    return s.n >= head.n && memcmp(s.p, head.p, head.n) == 0;
}

static inline bool nr_str_ends(nr_str s, nr_str tail)
{
    return s.n >= tail.n && memcmp(s.p + s.n - tail.n, tail.p, tail.n) == 0;
}

/* Equal when every code point is equal, or equal after one has bit 0x20 flipped:
 * the reference's comparison (environment-and-files.md, 1.7). */
bool nr_str_eq_ci(nr_str a, nr_str b);
bool nr_str_ends_ci(nr_str s, nr_str tail);
/* Finds `part` in `s` with the comparison of nr_str_eq_ci. */
bool nr_str_has_ci(nr_str s, nr_str part);
bool nr_str_has(nr_str s, nr_str part);

/* Order of the UTF-16 code units of the two texts (instrumentation-xml.md 1.1). */
int nr_str_cmp_utf16(nr_str a, nr_str b);

/* 64-bit hash, eight bytes at a time; other on machines of another byte order. */
uint64_t nr_str_hash(nr_str s);

#endif
