#include "base/arena.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct nr_arena_chunk {
    nr_arena_chunk *next;
    size_t size; /* of the whole chunk, this header included */
};

enum { ALIGN = 16, FIRST_CHUNK = 4096, LARGEST_STEP = 1 << 20 };

/* Payload starts at the first 16-byte boundary behind the header; 32-bit systems align allocated memory to 8. */
static const size_t header =
    ((sizeof(nr_arena_chunk) + ALIGN - 1) & ~(size_t)(ALIGN - 1)) + (sizeof(void *) == 4 ? ALIGN / 2 : 0);

static bool exact; /* tests only */

void nr_arena_exact(bool on)
{
    exact = on;
}

static bool grow(nr_arena *a, size_t need)
{
    size_t step = a->chunks ? a->chunks->size * 2 : FIRST_CHUNK;
    if (step > LARGEST_STEP) step = LARGEST_STEP;
    if (exact) step = 0;
    if (step < need + header) step = need + header;
    nr_arena_chunk *c = nr_alloc(NULL, 0, step);
    if (!c) return false;
    c->next = a->chunks;
    c->size = step;
    a->chunks = c;
    uintptr_t free_part = (uintptr_t)(c + 1);
    a->at = (char *)c + sizeof *c + (ALIGN - free_part % ALIGN) % ALIGN;
    a->end = (char *)c + step;
    return true;
}

void *nr_arena_alloc(nr_arena *a, size_t size)
{
    if (size > SIZE_MAX / 2) return NULL;
    size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (!a->at || (size_t)(a->end - a->at) < size) {
        if (!grow(a, size)) return NULL;
    }
    void *p = a->at;
    a->at += size;
    return p;
}

void *nr_arena_zalloc(nr_arena *a, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size) return NULL;
    void *p = nr_arena_alloc(a, count * size);
    if (p) memset(p, 0, count * size);
    return p;
}

void *nr_arena_copy(nr_arena *a, const void *p, size_t size)
{
    void *q = nr_arena_alloc(a, size);
    if (q && size) memcpy(q, p, size);
    return q;
}

nr_str nr_arena_str(nr_arena *a, nr_str s)
{
    nr_str r = {NULL, 0};
    char *q = nr_arena_alloc(a, s.n + 1);
    if (!q) return r;
    if (s.n) memcpy(q, s.p, s.n);
    q[s.n] = 0;
    r.p = q;
    r.n = s.n;
    return r;
}

nr_str nr_arena_printf(nr_arena *a, const char *format, ...)
{
    nr_str r = {NULL, 0};
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    char *q = n < 0 ? NULL : nr_arena_alloc(a, (size_t)n + 1);
    if (q) {
        vsnprintf(q, (size_t)n + 1, format, again);
        r.p = q;
        r.n = (size_t)n;
    }
    va_end(again);
    va_end(args);
    return r;
}

void nr_arena_free(nr_arena *a)
{
    nr_arena_chunk *c = a->chunks;
    while (c) {
        nr_arena_chunk *next = c->next;
        nr_free(c, c->size);
        c = next;
    }
    a->chunks = NULL;
    a->at = a->end = NULL;
}
