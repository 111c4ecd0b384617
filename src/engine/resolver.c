#include "engine/resolver.h"

#include "base/alloc.h"

struct nr_pair {
    nr_pair *next;
    uintptr_t module, function; /* function 0: none remembered */
    uint32_t token;
    bool waiting;
};

static nr_pair **find(nr_resolver *r, uintptr_t module, uint32_t token)
{
    uint64_t h = ((uint64_t)module ^ (uint64_t)token << 40) * 0x9E3779B97F4A7C15u;
    nr_pair **at = &r->buckets[h >> 56];
    while (*at && ((*at)->module != module || (*at)->token != token)) at = &(*at)->next;
    return at;
}

/* The pair, made when it is missing; NULL: no memory. */
static nr_pair *need(nr_resolver *r, uintptr_t module, uint32_t token)
{
    nr_pair **at = find(r, module, token);
    if (!*at) {
        nr_pair *p = nr_zalloc(sizeof *p);
        if (!p) return NULL;
        p->module = module;
        p->token = token;
        *at = p;
    }
    return *at;
}

static void drop(nr_pair **at)
{
    nr_pair *p = *at;
    *at = p->next;
    nr_free(p, sizeof *p);
}

void nr_resolver_remember(nr_resolver *r, uintptr_t module, uint32_t token, uintptr_t function)
{
    nr_mutex_lock(&r->lock);
    nr_pair *p = need(r, module, token);
    if (p) p->function = function;
    nr_mutex_unlock(&r->lock);
}

uintptr_t nr_resolver_take(nr_resolver *r, uintptr_t module, uint32_t token)
{
    uintptr_t function = 0;
    nr_mutex_lock(&r->lock);
    nr_pair *p = need(r, module, token);
    if (p && p->function) {
        function = p->function;
        p->function = 0;
        if (!p->waiting) drop(find(r, module, token));
    } else if (p) {
        p->waiting = true;
    }
    nr_mutex_unlock(&r->lock);
    return function;
}

bool nr_resolver_was_waiting(nr_resolver *r, uintptr_t module, uint32_t token, uintptr_t function)
{
    nr_mutex_lock(&r->lock);
    nr_pair *p = *find(r, module, token);
    bool waited = p && p->waiting;
    if (waited) {
        p->waiting = false;
        p->function = function;
    }
    nr_mutex_unlock(&r->lock);
    return waited;
}

void nr_resolver_forget_module(nr_resolver *r, uintptr_t module)
{
    nr_mutex_lock(&r->lock);
    for (unsigned i = 0; i < NR_RESOLVER_BUCKETS; i++) {
        for (nr_pair **at = &r->buckets[i]; *at;) {
            if ((*at)->module == module)
                drop(at);
            else
                at = &(*at)->next;
        }
    }
    nr_mutex_unlock(&r->lock);
}

void nr_resolver_end(nr_resolver *r)
{
    nr_mutex_lock(&r->lock);
    for (unsigned i = 0; i < NR_RESOLVER_BUCKETS; i++) {
        while (r->buckets[i]) drop(&r->buckets[i]);
    }
    nr_mutex_unlock(&r->lock);
}
