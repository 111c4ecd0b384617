#include "il/locals.h"

#include <string.h>

enum { LIMIT = 0xFFFE, COMPRESSED_MAX = 0x1FFFFFFF };

size_t nr_compressed_get(const uint8_t *p, size_t size, uint32_t *value)
{
    if (size < 1) return 0;
    if (!(p[0] & 0x80)) {
        *value = p[0];
        return 1;
    }
    if (size < 2) return 0;
    if (!(p[0] & 0x40)) {
        *value = (p[0] & 0x7Fu) << 8 | p[1];
        return 2;
    }
    if (size < 4) return 0;
    *value = (p[0] & 0x3Fu) << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    return 4;
}

/* The minimal form; 0 when there is none. */
static size_t compress(uint8_t out[4], uint32_t v)
{
    if (v <= 0x7F) {
        out[0] = (uint8_t)v;
        return 1;
    }
    if (v <= 0x3FFF) {
        out[0] = (uint8_t)(v >> 8 | 0x80);
        out[1] = (uint8_t)v;
        return 2;
    }
    if (v > COMPRESSED_MAX) return 0;
    out[0] = (uint8_t)(v >> 24 | 0xC0);
    out[1] = (uint8_t)(v >> 16);
    out[2] = (uint8_t)(v >> 8);
    out[3] = (uint8_t)v;
    return 4;
}

bool nr_compressed_put(nr_buf *out, uint32_t value)
{
    uint8_t bytes[4];
    size_t n = compress(bytes, value);
    nr_buf_put(out, bytes, n);
    return n != 0;
}

nr_il_error nr_locals_begin(nr_buf *sig, const uint8_t *bytes, size_t size)
{
    static const uint8_t none[] = {0x07, 0x00};
    sig->size = 0;
    if (size == 0) {
        bytes = none;
        size = sizeof none;
    }
    nr_buf_put(sig, bytes, size);
    return sig->failed ? NR_IL_NO_MEMORY : NR_IL_OK;
}

nr_il_error nr_locals_count(const nr_buf *sig, uint32_t *count)
{
    if (sig->size < 2 || !nr_compressed_get(sig->data + 1, sig->size - 1, count)) return NR_IL_LOCALS_TRUNCATED;
    return NR_IL_OK;
}

nr_il_error nr_locals_append(nr_buf *sig, const uint8_t *type, size_t size, uint16_t *index)
{
    uint32_t count;
    uint8_t now[4];

    if (sig->failed) return NR_IL_NO_MEMORY;
    /* The reference appends the type first, and a count that is cut off then takes its bytes (C17). */
    nr_il_error err = nr_locals_count(sig, &count);
    if (err) return err;
    if (count >= LIMIT) return NR_IL_LOCALS_TOO_MANY;
    size_t was = nr_compressed_get(sig->data + 1, sig->size - 1, &count);
    size_t becomes = compress(now, count + 1);

    /* One extension for both changes, so a failure leaves the signature as it was. A count that is not in its minimal form
     * may also become shorter. */
    size_t old_size = sig->size, new_size = old_size - was + becomes + size;
    if (new_size > old_size && !nr_buf_extend(sig, new_size - old_size)) return NR_IL_NO_MEMORY;
    memmove(sig->data + 1 + becomes, sig->data + 1 + was, old_size - 1 - was);
    memcpy(sig->data + 1, now, becomes);
    if (size) memcpy(sig->data + new_size - size, type, size);
    sig->size = new_size;
    *index = (uint16_t)count;
    return NR_IL_OK;
}
