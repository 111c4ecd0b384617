/* index.h - a hash index over rows: many values for one key, found in the order they were added. */
#ifndef NR_SIM_INDEX_H
#define NR_SIM_INDEX_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct nr_index_entry {
    uint32_t hash, value;
    uint32_t next; /* number of the next entry of the bucket, 0: none */
} nr_index_entry;

typedef struct nr_index {
    nr_index_entry *entries;
    uint32_t *heads, *tails; /* per bucket: number (1-based) of an entry */
    uint32_t count, capacity, buckets;
    bool built; /* for the owner: rows of the image are in */
} nr_index;

bool nr_index_add(nr_index *index, uint32_t hash, uint32_t value);
/* Numbers of the entries with this hash; 0: no (more). */
uint32_t nr_index_first(const nr_index *index, uint32_t hash);
uint32_t nr_index_next(const nr_index *index, uint32_t entry);
static inline uint32_t nr_index_value(const nr_index *index, uint32_t entry)
{
    return index->entries[entry - 1].value;
}
void nr_index_free(nr_index *index);

static inline uint32_t nr_index_mix(uint32_t a, uint32_t b)
{
    return (a ^ (b + 0x9E3779B9u + (a << 6) + (a >> 2))) * 0x85EBCA6Bu;
}
static inline uint32_t nr_index_hash(uint32_t seed, const void *p, size_t n)
{
    nr_str s = {p, n};
    uint64_t h = nr_str_hash(s);
    return nr_index_mix(seed, (uint32_t)(h ^ h >> 32));
}

#endif
