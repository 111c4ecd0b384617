#include "engine/epoch.h"

unsigned nr_epoch_enter(nr_epoch *e)
{
    /* Stacks of threads lie at least 64 KiB apart; the multiplication spreads them. */
    uintptr_t here = (uintptr_t)&e;
    here = (uintptr_t)((uint64_t)(here >> 16) * 0x9E3779B97F4A7C15u >> 58);
    atomic_fetch_add(&e->counters[here].readers, 1);
    return (unsigned)here;
}

void nr_epoch_leave(nr_epoch *e, unsigned counter)
{
    atomic_fetch_sub_explicit(&e->counters[counter].readers, 1, memory_order_release);
}

/* Under the lock: takes out of the list what no reader can see any more. */
static nr_retired *take_free(nr_epoch *e)
{
    nr_retired *done = NULL;
    uint64_t idle = 0;
    if (!e->retired) return NULL;
    for (unsigned i = 0; i < NR_EPOCH_COUNTERS; i++) {
        if (atomic_load(&e->counters[i].readers) == 0) idle |= (uint64_t)1 << i;
    }
    for (nr_retired **at = &e->retired; *at;) {
        nr_retired *r = *at;
        r->waiting &= ~idle;
        if (r->waiting) {
            at = &r->next;
        } else {
            *at = r->next;
            r->next = done;
            done = r;
        }
    }
    return done;
}

static void free_all(nr_retired *r)
{
    while (r) {
        nr_retired *next = r->next;
        r->free(r);
        r = next;
    }
}

void nr_epoch_retire(nr_epoch *e, nr_retired *what, void (*free)(nr_retired *what))
{
    what->free = free;
    what->waiting = UINT64_MAX;
    nr_mutex_lock(&e->lock);
    what->next = e->retired;
    e->retired = what;
    nr_retired *done = take_free(e);
    nr_mutex_unlock(&e->lock);
    free_all(done);
}

void nr_epoch_collect(nr_epoch *e)
{
    nr_mutex_lock(&e->lock);
    nr_retired *done = take_free(e);
    nr_mutex_unlock(&e->lock);
    free_all(done);
}

size_t nr_epoch_waiting(nr_epoch *e)
{
    size_t count = 0;
    nr_mutex_lock(&e->lock);
    for (const nr_retired *r = e->retired; r; r = r->next) count++;
    nr_mutex_unlock(&e->lock);
    return count;
}

void nr_epoch_end(nr_epoch *e)
{
    nr_mutex_lock(&e->lock);
    nr_retired *all = e->retired;
    e->retired = NULL;
    nr_mutex_unlock(&e->lock);
    free_all(all);
}
