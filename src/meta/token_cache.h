/* token_cache.h - what the token requests of one module have answered so far.
 *
 * The reference asks the CLR again each time and relies on it to answer with the row that is
 * there (metadata-tokens.md section 5). Remembering an answer leaves out a call that changes nothing, so the
 * sequence of distinct definitions in the module stays the same. */
#ifndef NR_META_TOKEN_CACHE_H
#define NR_META_TOKEN_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct nr_token_cache nr_token_cache;

/* NULL: no memory. One per module and not shared between modules. Any thread may use it; its lock is
 * never held while something else is called. */
nr_token_cache *nr_token_cache_new(void);
void nr_token_cache_free(nr_token_cache *cache);

/* `cache` may be NULL. */
bool nr_token_cache_get(nr_token_cache *cache, const void *key, size_t size, uint32_t *token);
/* The first answer for a key stays. No memory: nothing is remembered. */
void nr_token_cache_put(nr_token_cache *cache, const void *key, size_t size, uint32_t token);
/* Number of remembered answers. */
size_t nr_token_cache_count(nr_token_cache *cache);

#endif
