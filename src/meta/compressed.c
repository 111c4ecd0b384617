#include "meta/compressed.h"

size_t nr_blob_get_u32(const uint8_t *p, size_t size, uint32_t *value)
{
    if (size < 1) return 0;
    if (!(p[0] & 0x80)) {
        *value = p[0];
        return 1;
    }
    if (!(p[0] & 0x40)) {
        if (size < 2) return 0;
        *value = (uint32_t)(p[0] & 0x3F) << 8 | p[1];
        return 2;
    }
    if (size < 4) return 0;
    *value = (uint32_t)(p[0] & 0x3F) << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    return 4;
}

bool nr_blob_put_u32(nr_buf *out, uint32_t value)
{
    uint8_t bytes[4];
    size_t n;
    if (value > NR_BLOB_U32_MAX) return false;
    if (value <= 0x7F) {
        bytes[0] = (uint8_t)value;
        n = 1;
    } else if (value <= 0x3FFF) {
        bytes[0] = (uint8_t)(value >> 8 | 0x80);
        bytes[1] = (uint8_t)value;
        n = 2;
    } else {
        bytes[0] = (uint8_t)(value >> 24 | 0xC0);
        bytes[1] = (uint8_t)(value >> 16);
        bytes[2] = (uint8_t)(value >> 8);
        bytes[3] = (uint8_t)value;
        n = 4;
    }
    nr_buf_put(out, bytes, n);
    return true;
}
