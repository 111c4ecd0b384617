/* What the tests of RET rewriting share. */
#ifndef NR_TESTS_IL_RET_HELPER_H
#define NR_TESTS_IL_RET_HELPER_H

#include "test.h"

#include "il/body.h"

#include <stdlib.h>
#include <string.h>

typedef struct result {
    nr_arena arena;
    nr_il_error err;
    const uint8_t *bytes;
    size_t size;
    bool multiple;
} result;

/* In a block of exactly its size, so that a sanitizer sees every byte read too much. */
static inline result rewrite(const uint8_t *bytes, size_t size)
{
    result r = {NR_ARENA_INIT, NR_IL_OK, NULL, 0, false};
    uint8_t *exact = malloc(size ? size : 1);
    memcpy(exact, bytes, size);
    r.err = nr_body_rewrite_ret(&r.arena, exact, size, &r.bytes, &r.size, &r.multiple);
    if (r.bytes == exact) r.bytes = nr_arena_copy(&r.arena, exact, size);
    free(exact);
    return r;
}

static inline result rewrite_hex(const char *hex)
{
    uint8_t bytes[1024];
    return rewrite(bytes, nr_test_hex(hex, bytes, sizeof bytes));
}

static inline result rewrite_tiny(const uint8_t *code, size_t size)
{
    uint8_t body[64];
    body[0] = (uint8_t)(size << 2 | 2);
    memcpy(body + 1, code, size);
    return rewrite(body, size + 1);
}

static inline result rewrite_fat(const uint8_t *code, size_t size)
{
    nr_buf b = NR_BUF_INIT;
    nr_buf_u32(&b, 0x00083013);
    nr_buf_u32(&b, (uint32_t)size);
    nr_buf_u32(&b, 0);
    nr_buf_put(&b, code, size);
    result r = rewrite(b.data, b.size);
    nr_buf_free(&b);
    return r;
}

#endif
