/* utf.h - the one place that converts between UTF-8 and UTF-16.
 *
 * Inside, text is UTF-8; at the COM edge it is UTF-16. A lone surrogate is legal in
 * a metadata name, so it is kept as its three-byte form (WTF-8): the round trip
 * UTF-16 -> UTF-8 -> UTF-16 loses nothing. */
#ifndef NR_BASE_UTF_H
#define NR_BASE_UTF_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decodes one code point at *at (*at < s.n) and advances *at by at least one byte.
 * A byte that begins no valid sequence yields U+FFFD; encoded surrogates are accepted. */
uint32_t nr_utf8_next(nr_str s, size_t *at);

/* Appends the UTF-8 form of one code point (surrogates included) to `out`. */
void nr_utf8_put(nr_buf *out, uint32_t code_point);

/* Appends `count` UTF-16 units as UTF-8. */
void nr_utf8_put_utf16(nr_buf *out, const uint16_t *units, size_t count);

/* UTF-16 to UTF-8 in `arena`, with a terminating NUL that is not counted.
 * Returns a slice with p == NULL when there is no memory. */
nr_str nr_utf8_from_utf16(nr_arena *arena, const uint16_t *units, size_t count);

/* UTF-8 to UTF-16 in `arena`, with a terminating NUL unit that is not counted.
 * Returns NULL when there is no memory. */
uint16_t *nr_utf16_from_utf8(nr_arena *arena, nr_str text, size_t *count);

/* The UTF-16 units of one code point; returns how many, 1 or 2. */
static inline size_t nr_utf16_units(uint32_t code_point, uint16_t units[2])
{
    if (code_point < 0x10000) {
        units[0] = (uint16_t)code_point;
        return 1;
    }
    units[0] = (uint16_t)(0xD800 + ((code_point - 0x10000) >> 10));
    units[1] = (uint16_t)(0xDC00 + ((code_point - 0x10000) & 0x3FF));
    return 2;
}

/* Number of UTF-16 units of `text`. */
size_t nr_utf16_length(nr_str text);

/* The length of the longest valid head of `text`: overlong forms, surrogates and
 * values above U+10FFFF are invalid. */
size_t nr_utf8_valid_prefix(nr_str text);

#endif
