#include "validate/ids.h"

#include "base/alloc.h"

#include <string.h>

static size_t place(uint64_t a, uint64_t b)
{
    uint64_t h = (a ^ b * 0x9E3779B97F4A7C15u) * 0xBF58476D1CE4E5B9u;
    return (size_t)(h ^ h >> 31);
}

/* The slot of a key, or the free one where it belongs; the table is never full. */
static nr_id_entry *find(nr_id_entry *slots, size_t room, uint64_t a, uint64_t b)
{
    size_t i = place(a, b) & (room - 1);
    while (slots[i].key[0] && (slots[i].key[0] != a || slots[i].key[1] != b)) i = (i + 1) & (room - 1);
    return &slots[i];
}

nr_id_entry *nr_ids_get(const nr_ids *ids, uint64_t a, uint64_t b)
{
    if (!ids->room) return NULL;
    nr_id_entry *e = find(ids->slots, ids->room, a, b);
    return e->key[0] ? e : NULL;
}

static bool grow(nr_ids *ids)
{
    size_t room = ids->room ? ids->room * 2 : 256;
    if (room > NR_IDS_LIMIT) {
        memset(ids->slots, 0, ids->room * sizeof *ids->slots);
        ids->count = 0;
        return true;
    }
    nr_id_entry *slots = nr_zalloc(room * sizeof *slots);
    if (!slots) return false;
    for (size_t i = 0; i < ids->room; i++) {
        const nr_id_entry *e = &ids->slots[i];
        if (e->key[0]) *find(slots, room, e->key[0], e->key[1]) = *e;
    }
    nr_free(ids->slots, ids->room * sizeof *slots);
    ids->slots = slots;
    ids->room = room;
    return true;
}

nr_id_entry *nr_ids_put(nr_ids *ids, uint64_t a, uint64_t b, bool *added)
{
    *added = false;
    if (ids->room) {
        nr_id_entry *e = find(ids->slots, ids->room, a, b);
        if (e->key[0]) return e;
    }
    if (ids->count * 4 >= ids->room * 3 && !grow(ids)) return NULL;
    nr_id_entry *e = find(ids->slots, ids->room, a, b);
    memset(e, 0, sizeof *e);
    e->key[0] = a;
    e->key[1] = b;
    ids->count++;
    *added = true;
    return e;
}

void nr_ids_forget(nr_ids *ids, uint64_t a)
{
    nr_ids kept = {NULL, 0, 0};
    bool added, any = false;
    for (size_t i = 0; i < ids->room && !any; i++) any = ids->slots[i].key[0] == a;
    if (!any) return;
    /* Linear probing leaves no holes: the others move to a new table. Without memory all are forgotten. */
    for (size_t i = 0; i < ids->room; i++) {
        const nr_id_entry *e = &ids->slots[i];
        if (!e->key[0] || e->key[0] == a) continue;
        nr_id_entry *n = nr_ids_put(&kept, e->key[0], e->key[1], &added);
        if (n) *n = *e;
    }
    nr_ids_free(ids);
    *ids = kept;
}

void nr_ids_free(nr_ids *ids)
{
    nr_free(ids->slots, ids->room * sizeof *ids->slots);
    memset(ids, 0, sizeof *ids);
}
