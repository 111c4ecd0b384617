/* buf.h - a growing buffer of bytes.
 *
 * Failure is sticky: after the first allocation that fails, everything appended is
 * dropped and `failed` stays set, so a long sequence of appends is checked once. */
#ifndef NR_BASE_BUF_H
#define NR_BASE_BUF_H

#include "base/compiler.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct nr_buf {
    uint8_t *data;
    size_t size, capacity;
    bool failed;
} nr_buf;

#define NR_BUF_INIT {NULL, 0, 0, false}

void nr_buf_free(nr_buf *b);
/* Room for `n` more bytes at the end, not cleared, counted in `size`; NULL when failed. */
uint8_t *nr_buf_extend(nr_buf *b, size_t n);
void nr_buf_put(nr_buf *b, const void *p, size_t n);
void nr_buf_put_str(nr_buf *b, nr_str s);
/* Little endian, whatever the machine is. */
void nr_buf_u8(nr_buf *b, uint8_t v);
void nr_buf_u16(nr_buf *b, uint16_t v);
void nr_buf_u32(nr_buf *b, uint32_t v);
void nr_buf_u64(nr_buf *b, uint64_t v);
void nr_buf_fill(nr_buf *b, uint8_t v, size_t n);
void nr_buf_printf(nr_buf *b, const char *format, ...) NR_PRINTF(2, 3);
void nr_buf_vprintf(nr_buf *b, const char *format, va_list args);
static inline nr_str nr_buf_str(const nr_buf *b)
{
    nr_str s = {(const char *)b->data, b->size};
    return s;
}

/* Unaligned little-endian reads and writes. */
static inline uint16_t nr_get_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}
static inline uint32_t nr_get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
static inline uint64_t nr_get_u64(const uint8_t *p)
{
    return (uint64_t)nr_get_u32(p) | (uint64_t)nr_get_u32(p + 4) << 32;
}
static inline void nr_put_u16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}
static inline void nr_put_u32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
}

#endif
