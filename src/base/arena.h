/* arena.h - memory for one job, freed in one call.
 *
 * Every rewrite has one; so has everything that lives exactly as long as a
 * generation of rules. Blocks are 16-byte aligned and never move. */
#ifndef NR_BASE_ARENA_H
#define NR_BASE_ARENA_H

#include "base/compiler.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct nr_arena_chunk nr_arena_chunk;

typedef struct nr_arena {
    nr_arena_chunk *chunks; /* newest first */
    char *at, *end;         /* free part of the newest chunk */
} nr_arena;

#define NR_ARENA_INIT {NULL, NULL, NULL}

/* `size` bytes, not cleared; NULL when there is no memory. Size 0 gives a valid pointer. */
void *nr_arena_alloc(nr_arena *a, size_t size);
/* The same, cleared. `count * size` is checked for overflow. */
void *nr_arena_zalloc(nr_arena *a, size_t count, size_t size);
void *nr_arena_copy(nr_arena *a, const void *p, size_t size);
/* A copy with a terminating NUL behind it; p == NULL when there is no memory. */
nr_str nr_arena_str(nr_arena *a, nr_str s);
nr_str nr_arena_printf(nr_arena *a, const char *format, ...) NR_PRINTF(2, 3);
void nr_arena_free(nr_arena *a);
/* Tests only: every block has memory of its own, so that each one can be the one that there is no memory for. */
void nr_arena_exact(bool on);

#endif
