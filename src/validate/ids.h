/* ids.h - what has been seen: a table from two numbers to two others, of bounded size. Not thread-safe. */
#ifndef NR_VALIDATE_IDS_H
#define NR_VALIDATE_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 8 MB. A table that is full is emptied: it forgets, and what depends on it is written once more. */
enum { NR_IDS_LIMIT = 1 << 18 };

typedef struct nr_id_entry {
    uint64_t key[2], value[2]; /* key[0] == 0: free */
} nr_id_entry;

/* All zero is an empty one. */
typedef struct nr_ids {
    nr_id_entry *slots;
    size_t room, count;
} nr_ids;

/* The entry of a key whose first number is not 0; NULL: none. */
nr_id_entry *nr_ids_get(const nr_ids *ids, uint64_t a, uint64_t b);
/* The same, added with value 0 when it is missing (*added tells). Valid until the next call. NULL: no memory. */
nr_id_entry *nr_ids_put(nr_ids *ids, uint64_t a, uint64_t b, bool *added);
/* Removes all entries whose first number is `a`. */
void nr_ids_forget(nr_ids *ids, uint64_t a);
void nr_ids_free(nr_ids *ids);

#endif
