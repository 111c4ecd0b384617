#include "base/json.h"

#include "base/utf.h"

static void escape(nr_buf *out, uint32_t c)
{
    if (c == '"' || c == '\\') {
        nr_buf_u8(out, '\\');
        nr_buf_u8(out, (uint8_t)c);
    } else if (c < 32) {
        nr_buf_printf(out, "\\u%04x", (unsigned)c);
    } else if (c >= 0xD800 && c < 0xE000) {
        nr_buf_printf(out, "\\\\u%04x", (unsigned)c); /* a lone surrogate: its number as text */
    } else {
        nr_utf8_put(out, c);
    }
}

void nr_json_text(nr_buf *out, nr_str utf8)
{
    nr_buf_u8(out, '"');
    for (size_t at = 0; at < utf8.n;) escape(out, nr_utf8_next(utf8, &at));
    nr_buf_u8(out, '"');
}

void nr_json_utf16(nr_buf *out, const uint16_t *units, size_t count)
{
    nr_buf_u8(out, '"');
    for (size_t i = 0; i < count; i++) {
        uint32_t c = units[i];
        if (c >= 0xD800 && c < 0xDC00 && i + 1 < count && units[i + 1] >= 0xDC00 && units[i + 1] < 0xE000)
            c = 0x10000 + ((c - 0xD800) << 10) + (units[++i] - 0xDC00u);
        escape(out, c);
    }
    nr_buf_u8(out, '"');
}

void nr_json_hex(nr_buf *out, const void *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *b = p;
    if (!p) n = 0;
    uint8_t *at = nr_buf_extend(out, 2 * n + 2);
    if (!at) return;
    *at++ = '"';
    for (size_t i = 0; i < n; i++) {
        *at++ = (uint8_t)digits[b[i] >> 4];
        *at++ = (uint8_t)digits[b[i] & 15];
    }
    *at = '"';
}
