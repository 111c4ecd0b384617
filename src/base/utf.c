#include "base/utf.h"

uint32_t nr_utf8_next(nr_str s, size_t *at)
{
    const uint8_t *p = (const uint8_t *)s.p + *at;
    size_t left = s.n - *at, length;
    uint32_t c = p[0], least;
    if (c < 0x80) {
        *at += 1;
        return c;
    }
    if (c >= 0xC2 && c < 0xE0) {
        length = 2;
        c &= 0x1F;
        least = 0x80;
    } else if (c >= 0xE0 && c < 0xF0) {
        length = 3;
        c &= 0x0F;
        least = 0x800;
    } else if (c >= 0xF0 && c < 0xF5) {
        length = 4;
        c &= 0x07;
        least = 0x10000;
    } else {
        *at += 1;
        return 0xFFFD;
    }
    for (size_t i = 1; i < length; i++) {
        if (i >= left || (p[i] & 0xC0) != 0x80) {
            *at += 1;
            return 0xFFFD;
        }
        c = c << 6 | (p[i] & 0x3Fu);
    }
    if (c < least || c > 0x10FFFF) {
        *at += 1;
        return 0xFFFD;
    }
    *at += length;
    return c;
}

void nr_utf8_put(nr_buf *out, uint32_t c)
{
    if (c < 0x80) {
        nr_buf_u8(out, (uint8_t)c);
    } else if (c < 0x800) {
        nr_buf_u8(out, (uint8_t)(0xC0 | c >> 6));
        nr_buf_u8(out, (uint8_t)(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
        nr_buf_u8(out, (uint8_t)(0xE0 | c >> 12));
        nr_buf_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3F)));
        nr_buf_u8(out, (uint8_t)(0x80 | (c & 0x3F)));
    } else {
        nr_buf_u8(out, (uint8_t)(0xF0 | c >> 18));
        nr_buf_u8(out, (uint8_t)(0x80 | (c >> 12 & 0x3F)));
        nr_buf_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3F)));
        nr_buf_u8(out, (uint8_t)(0x80 | (c & 0x3F)));
    }
}

static bool is_high(uint16_t u)
{
    return u >= 0xD800 && u < 0xDC00;
}

static bool is_low(uint16_t u)
{
    return u >= 0xDC00 && u < 0xE000;
}

/* One code point of `units` from *at on; a lone surrogate is returned as it is. */
static uint32_t utf16_next(const uint16_t *units, size_t count, size_t *at)
{
    uint16_t u = units[(*at)++];
    if (is_high(u) && *at < count && is_low(units[*at]))
        return 0x10000 + ((uint32_t)(u - 0xD800) << 10) + (uint32_t)(units[(*at)++] - 0xDC00);
    return u;
}

void nr_utf8_put_utf16(nr_buf *out, const uint16_t *units, size_t count)
{
    for (size_t i = 0; i < count;) nr_utf8_put(out, utf16_next(units, count, &i));
}

nr_str nr_utf8_from_utf16(nr_arena *arena, const uint16_t *units, size_t count)
{
    nr_str r = {NULL, 0};
    if (count > SIZE_MAX / 4) return r;
    /* A unit becomes at most three bytes; a pair of them four. */
    char *p = nr_arena_alloc(arena, count * 3 + 1);
    if (!p) return r;
    size_t n = 0;
    for (size_t i = 0; i < count;) {
        uint32_t c = utf16_next(units, count, &i);
        if (c < 0x80) {
            p[n++] = (char)c;
        } else if (c < 0x800) {
            p[n++] = (char)(0xC0 | c >> 6);
            p[n++] = (char)(0x80 | (c & 0x3F));
        } else if (c < 0x10000) {
            p[n++] = (char)(0xE0 | c >> 12);
            p[n++] = (char)(0x80 | (c >> 6 & 0x3F));
            p[n++] = (char)(0x80 | (c & 0x3F));
        } else {
            p[n++] = (char)(0xF0 | c >> 18);
            p[n++] = (char)(0x80 | (c >> 12 & 0x3F));
            p[n++] = (char)(0x80 | (c >> 6 & 0x3F));
            p[n++] = (char)(0x80 | (c & 0x3F));
        }
    }
    p[n] = 0;
    r.p = p;
    r.n = n;
    return r;
}

uint16_t *nr_utf16_from_utf8(nr_arena *arena, nr_str text, size_t *count)
{
    if (text.n > SIZE_MAX / 4) return NULL;
    uint16_t *p = nr_arena_alloc(arena, (text.n + 1) * sizeof *p);
    if (!p) return NULL;
    size_t n = 0;
    for (size_t i = 0; i < text.n;) n += nr_utf16_units(nr_utf8_next(text, &i), p + n);
    p[n] = 0;
    if (count) *count = n;
    return p;
}

size_t nr_utf16_length(nr_str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n;) n += nr_utf8_next(text, &i) >= 0x10000 ? 2 : 1;
    return n;
}

size_t nr_utf8_valid_prefix(nr_str text)
{
    for (size_t i = 0; i < text.n;) {
        uint64_t eight;
        /* Most text is ASCII: eight bytes at a time. */
        if (text.n - i >= sizeof eight) {
            memcpy(&eight, text.p + i, sizeof eight);
            if (!(eight & 0x8080808080808080u)) {
                i += sizeof eight;
                continue;
            }
        }
        size_t start = i;
        uint32_t c = nr_utf8_next(text, &i);
        /* U+FFFD is written as three bytes; one byte of progress means a bad byte. */
        if (i == start + 1 && c == 0xFFFD) return start;
        if (c >= 0xD800 && c < 0xE000) return start;
    }
    return text.n;
}
