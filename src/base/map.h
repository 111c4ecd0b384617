/* map.h - hash map from text to a word, in an arena. Keys are not copied: they must
 * live as long as the map. No removal; not thread-safe while it is written. */
#ifndef NR_BASE_MAP_H
#define NR_BASE_MAP_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct nr_map_entry {
    nr_str key;
    uint64_t hash;
    uintptr_t value;
} nr_map_entry;

typedef struct nr_map {
    nr_arena *arena;
    nr_map_entry *slots; /* open addressing, linear probing; key.p == NULL is free */
    size_t mask;         /* number of slots - 1 */
    size_t count;
} nr_map;

void nr_map_init(nr_map *m, nr_arena *arena);
/* The entry of `key`, added with value 0 when it is missing (*added tells; may be NULL).
 * The pointer is valid until the next nr_map_put. NULL: no memory. */
nr_map_entry *nr_map_put(nr_map *m, nr_str key, bool *added);
/* The entry of `key`, or NULL. */
nr_map_entry *nr_map_get(const nr_map *m, nr_str key);
nr_map_entry *nr_map_get_hashed(const nr_map *m, nr_str key, uint64_t hash);

#endif
