#include "base/utf.h"
#include "base/xml.h"

static nr_str from_utf16_bytes(nr_arena *arena, nr_str bytes, bool big_endian)
{
    const uint8_t *p = (const uint8_t *)bytes.p;
    size_t count = bytes.n / 2;
    nr_str r = {NULL, 0};
    nr_arena scratch = NR_ARENA_INIT;
    uint16_t *units = nr_arena_alloc(&scratch, count * sizeof *units);
    if (units) {
        for (size_t i = 0; i < count; i++) {
            const uint8_t *u = p + 2 * i;
            units[i] = nr_get_u16(u);
            if (big_endian) units[i] = (uint16_t)(u[0] << 8 | u[1]);
        }
        r = nr_utf8_from_utf16(arena, units, count);
    }
    nr_arena_free(&scratch);
    return r;
}

nr_str nr_text_decode(nr_arena *arena, nr_str bytes)
{
    nr_str text = nr_text_decode_all(arena, bytes);
    text.n = nr_utf8_valid_prefix(text);
    return text;
}

nr_str nr_text_decode_all(nr_arena *arena, nr_str bytes)
{
    if (bytes.n == 0) return NR_STR("");
    if (nr_str_starts(bytes, NR_STR("\xFF\xFE")) || nr_str_starts(bytes, NR_STR("\xFE\xFF"))) {
        nr_str rest = {bytes.p + 2, bytes.n - 2};
        return from_utf16_bytes(arena, rest, bytes.p[0] == '\xFE');
    }
    if (nr_str_starts(bytes, NR_STR("\xEF\xBB\xBF"))) {
        bytes.p += 3;
        bytes.n -= 3;
    }
    return bytes;
}
