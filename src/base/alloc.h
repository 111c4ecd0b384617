/* alloc.h - the one place where memory comes from.
 *
 * The caller always knows the old size, so a limit, a count of live bytes or a
 * failure at the n-th request can be put in front of every allocation of the
 * library (the Lua states included) without a header per block. */
#ifndef NR_BASE_ALLOC_H
#define NR_BASE_ALLOC_H

#include <stddef.h>

/* Resizes `p` from `old_size` to `new_size` bytes.
 *   p == NULL, old_size == 0   allocates
 *   new_size == 0              frees and returns NULL
 * Returns NULL when there is no memory; the old block then stays valid. */
void *nr_alloc(void *p, size_t old_size, size_t new_size);

/* Frees a block of `size` bytes; NULL is allowed. */
void nr_free(void *p, size_t size);

/* nr_alloc(NULL, 0, size), filled with zero bytes. */
void *nr_zalloc(size_t size);

/* Tests only. `nth` = 1 lets the next request fail, 2 the one after it; 0 switches
 * failures off. `forever` makes every later request fail as well. */
void nr_alloc_fail_at(unsigned long nth, int forever);
/* Has a request failed since nr_alloc_fail_at? */
int nr_alloc_has_failed(void);

/* Bytes handed out and not yet returned since the process started. */
long long nr_alloc_live(void);
/* Tests only: counts from here (1), or from the start of the process again (0). */
void nr_alloc_count(int on);

#endif
