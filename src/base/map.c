#include "base/map.h"

void nr_map_init(nr_map *m, nr_arena *arena)
{
    m->arena = arena;
    m->slots = NULL;
    m->mask = 0;
    m->count = 0;
}

static nr_map_entry *find(nr_map_entry *slots, size_t mask, nr_str key, uint64_t hash)
{
    size_t i = (size_t)hash & mask;
    while (slots[i].key.p && !(slots[i].hash == hash && nr_str_eq(slots[i].key, key))) i = (i + 1) & mask;
    return &slots[i];
}

static bool grow(nr_map *m)
{
    size_t size = m->slots ? (m->mask + 1) * 2 : 16;
    nr_map_entry *slots = nr_arena_zalloc(m->arena, size, sizeof *slots);
    if (!slots) return false;
    for (size_t i = 0; m->slots && i <= m->mask; i++) {
        if (m->slots[i].key.p) *find(slots, size - 1, m->slots[i].key, m->slots[i].hash) = m->slots[i];
    }
    m->slots = slots;
    m->mask = size - 1;
    return true;
}

nr_map_entry *nr_map_put(nr_map *m, nr_str key, bool *added)
{
    if (!key.p) key.p = "";
    uint64_t hash = nr_str_hash(key);
    if (added) *added = false;
    nr_map_entry *e = nr_map_get_hashed(m, key, hash);
    if (e) return e;
    if (!m->slots || (m->count + 1) * 4 > (m->mask + 1) * 3) {
        if (!grow(m)) return NULL;
    }
    e = find(m->slots, m->mask, key, hash);
    e->key = key;
    e->hash = hash;
    e->value = 0;
    m->count++;
    if (added) *added = true;
    return e;
}

nr_map_entry *nr_map_get_hashed(const nr_map *m, nr_str key, uint64_t hash)
{
    if (!m->slots) return NULL;
    nr_map_entry *e = find(m->slots, m->mask, key, hash);
    return e->key.p ? e : NULL;
}

nr_map_entry *nr_map_get(const nr_map *m, nr_str key)
{
    return nr_map_get_hashed(m, key, nr_str_hash(key));
}
