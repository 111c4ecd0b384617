/* method_bits.h - a bit for each method of a module, set by any thread, never cleared. */
#ifndef NR_ENGINE_METHOD_BITS_H
#define NR_ENGINE_METHOD_BITS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct nr_method_bits {
    uint32_t count; /* rows 1 to count */
    _Atomic uint64_t words[1];
} nr_method_bits;

/* NULL: no memory. */
nr_method_bits *nr_method_bits_new(uint32_t rows);
void nr_method_bits_free(nr_method_bits *bits);
/* Puts them where there are none yet, and frees them otherwise. Returns those that are there; `bits` may be NULL. */
nr_method_bits *nr_method_bits_publish(nr_method_bits *_Atomic *where, nr_method_bits *bits);

/* True: it was not set, and is now. */
bool nr_method_bits_set(nr_method_bits *bits, uint32_t row);

static inline bool nr_method_bits_get(nr_method_bits *_Atomic *where, uint32_t row)
{
    nr_method_bits *b = atomic_load_explicit(where, memory_order_acquire);
    return b && row <= b->count && (atomic_load_explicit(&b->words[row / 64], memory_order_relaxed) >> row % 64 & 1);
}

#endif
