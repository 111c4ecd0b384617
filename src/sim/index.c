#include "sim/index.h"

#include "base/alloc.h"

#include <string.h>

static void link_entry(nr_index *ix, uint32_t number)
{
    nr_index_entry *e = &ix->entries[number - 1];
    uint32_t bucket = e->hash & (ix->buckets - 1);
    e->next = 0;
    if (ix->tails[bucket]) ix->entries[ix->tails[bucket] - 1].next = number;
    else ix->heads[bucket] = number;
    ix->tails[bucket] = number;
}

static bool grow(nr_index *ix)
{
    uint32_t capacity = ix->capacity ? ix->capacity * 2 : 64;
    nr_index_entry *entries =
        nr_alloc(ix->entries, ix->capacity * sizeof *entries, (size_t)capacity * sizeof *entries);
    if (!entries) return false;
    ix->entries = entries;
    uint32_t *both = nr_zalloc((size_t)capacity * 2 * sizeof *both);
    if (!both) { /* the entries keep their new size: give it back, so that `capacity` stays true */
        ix->entries = nr_alloc(entries, (size_t)capacity * sizeof *entries, ix->capacity * sizeof *entries);
        return false;
    }
    nr_free(ix->heads, (size_t)ix->buckets * 2 * sizeof *both);
    ix->heads = both;
    ix->tails = both + capacity;
    ix->buckets = ix->capacity = capacity;
    for (uint32_t n = 1; n <= ix->count; n++) link_entry(ix, n);
    return true;
}

bool nr_index_add(nr_index *ix, uint32_t hash, uint32_t value)
{
    if (ix->count == ix->capacity && !grow(ix)) return false;
    nr_index_entry *e = &ix->entries[ix->count++];
    e->hash = hash;
    e->value = value;
    link_entry(ix, ix->count);
    return true;
}

static uint32_t match(const nr_index *ix, uint32_t hash, uint32_t number)
{
    while (number && ix->entries[number - 1].hash != hash) number = ix->entries[number - 1].next;
    return number;
}

uint32_t nr_index_first(const nr_index *ix, uint32_t hash)
{
    return ix->buckets ? match(ix, hash, ix->heads[hash & (ix->buckets - 1)]) : 0;
}

uint32_t nr_index_next(const nr_index *ix, uint32_t entry)
{
    return match(ix, ix->entries[entry - 1].hash, ix->entries[entry - 1].next);
}

void nr_index_free(nr_index *ix)
{
    nr_free(ix->entries, ix->capacity * sizeof *ix->entries);
    nr_free(ix->heads, (size_t)ix->buckets * 2 * sizeof *ix->heads);
    memset(ix, 0, sizeof *ix);
}
