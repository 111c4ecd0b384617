#include "meta/token_cache.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/map.h"
#include "os/os.h"

struct nr_token_cache {
    nr_mutex lock;
    nr_arena arena; /* keys and slots */
    nr_map map;
};

nr_token_cache *nr_token_cache_new(void)
{
    nr_token_cache *c = nr_zalloc(sizeof *c);
    if (c) nr_map_init(&c->map, &c->arena);
    return c;
}

void nr_token_cache_free(nr_token_cache *cache)
{
    if (!cache) return;
    nr_arena_free(&cache->arena);
    nr_free(cache, sizeof *cache);
}

static nr_str key_of(const void *key, size_t size)
{
    nr_str s = {key, size};
    return s;
}

bool nr_token_cache_get(nr_token_cache *cache, const void *key, size_t size, uint32_t *token)
{
    if (!cache) return false;
    nr_str k = key_of(key, size);
    uint64_t hash = nr_str_hash(k);
    nr_mutex_lock(&cache->lock);
    const nr_map_entry *e = nr_map_get_hashed(&cache->map, k, hash);
    if (e) *token = (uint32_t)e->value;
    nr_mutex_unlock(&cache->lock);
    return e != NULL;
}

void nr_token_cache_put(nr_token_cache *cache, const void *key, size_t size, uint32_t token)
{
    if (!cache) return;
    nr_str k = key_of(key, size);
    nr_mutex_lock(&cache->lock);
    if (!nr_map_get(&cache->map, k)) {
        nr_str copy = nr_arena_str(&cache->arena, k);
        nr_map_entry *e = copy.p ? nr_map_put(&cache->map, copy, NULL) : NULL;
        if (e) e->value = token;
    }
    nr_mutex_unlock(&cache->lock);
}

size_t nr_token_cache_count(nr_token_cache *cache)
{
    if (!cache) return 0;
    nr_mutex_lock(&cache->lock);
    size_t n = cache->map.count;
    nr_mutex_unlock(&cache->lock);
    return n;
}
