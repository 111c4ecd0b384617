#include "base/buf.h"

#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

void nr_buf_free(nr_buf *b)
{
    nr_free(b->data, b->capacity);
    b->data = NULL;
    b->size = b->capacity = 0;
    b->failed = false;
}

uint8_t *nr_buf_extend(nr_buf *b, size_t n)
{
    if (b->failed) return NULL;
    if (n > b->capacity - b->size) {
        size_t capacity = b->capacity ? b->capacity * 2 : 64;
        if (n > SIZE_MAX / 4 || b->size > SIZE_MAX / 4) {
            b->failed = true;
            return NULL;
        }
        while (capacity < b->size + n) capacity *= 2;
        uint8_t *p = nr_alloc(b->data, b->capacity, capacity);
        if (!p) {
            b->failed = true;
            return NULL;
        }
        b->data = p;
        b->capacity = capacity;
    }
    uint8_t *at = b->data + b->size;
    b->size += n;
    return at;
}

void nr_buf_put(nr_buf *b, const void *p, size_t n)
{
    if (n == 0) return;
    uint8_t *at = nr_buf_extend(b, n);
    if (at) memcpy(at, p, n);
}

void nr_buf_put_str(nr_buf *b, nr_str s)
{
    nr_buf_put(b, s.p, s.n);
}

void nr_buf_u8(nr_buf *b, uint8_t v)
{
    nr_buf_put(b, &v, 1);
}

void nr_buf_u16(nr_buf *b, uint16_t v)
{
    uint8_t *at = nr_buf_extend(b, 2);
    if (at) nr_put_u16(at, v);
}

void nr_buf_u32(nr_buf *b, uint32_t v)
{
    uint8_t *at = nr_buf_extend(b, 4);
    if (at) nr_put_u32(at, v);
}

void nr_buf_u64(nr_buf *b, uint64_t v)
{
    nr_buf_u32(b, (uint32_t)v);
    nr_buf_u32(b, (uint32_t)(v >> 32));
}

void nr_buf_fill(nr_buf *b, uint8_t v, size_t n)
{
    uint8_t *at = n ? nr_buf_extend(b, n) : NULL;
    if (at) memset(at, v, n);
}

void nr_buf_vprintf(nr_buf *b, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (n < 0) {
        b->failed = true;
    } else {
        /* vsnprintf writes a NUL behind the text: room for it, then drop it. */
        uint8_t *at = nr_buf_extend(b, (size_t)n + 1);
        if (at) {
            vsnprintf((char *)at, (size_t)n + 1, format, again);
            b->size--;
        }
    }
    va_end(again);
}

void nr_buf_printf(nr_buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    nr_buf_vprintf(b, format, args);
    va_end(args);
}
