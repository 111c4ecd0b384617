#include "engine/method_bits.h"

#include "base/alloc.h"

#include <stddef.h>

static size_t size_of(uint32_t rows)
{
    return offsetof(nr_method_bits, words) + ((size_t)rows / 64 + 1) * sizeof(uint64_t);
}

nr_method_bits *nr_method_bits_new(uint32_t rows)
{
    nr_method_bits *bits = nr_zalloc(size_of(rows));
    if (bits) bits->count = rows;
    return bits;
}

void nr_method_bits_free(nr_method_bits *bits)
{
    if (bits) nr_free(bits, size_of(bits->count));
}

nr_method_bits *nr_method_bits_publish(nr_method_bits *_Atomic *where, nr_method_bits *bits)
{
    nr_method_bits *there = NULL;
    if (!bits || atomic_compare_exchange_strong(where, &there, bits)) return bits ? bits : atomic_load(where);
    nr_method_bits_free(bits);
    return there;
}

bool nr_method_bits_set(nr_method_bits *bits, uint32_t row)
{
    uint64_t bit = (uint64_t)1 << row % 64;
    return row <= bits->count && !(atomic_fetch_or(&bits->words[row / 64], bit) & bit);
}
