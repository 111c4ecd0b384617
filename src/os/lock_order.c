/* What each thread holds, in a table by thread id: there is no thread-local storage in the library. */
#include "os/lock_order.h"

#ifdef NR_LOCK_ORDER
#include "os/guard.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_THREADS = 128 /* that hold a lock at one time */, MOST_HELD = 8 };

typedef struct holder {
    atomic_uintptr_t thread; /* 0: free. Everything else is touched by this thread only */
    unsigned count;
    const nr_mutex *held[MOST_HELD];
} holder;

static holder holders[MOST_THREADS];

static nr_lock_rank rank_of(const nr_mutex *m)
{
    return (nr_lock_rank)(int64_t)m->storage[NR_MUTEX_WORDS - 1];
}

static const char *what(nr_lock_rank rank)
{
    switch (rank) {
#define X(name, number, text) \
    case NR_LOCK_##name: return text;
        NR_LOCK_RANKS(X)
#undef X
    }
    return "a lock without a rank";
}

/* The thread's own; a free one when it has none and `claim`; else NULL. */
static holder *holder_of(uintptr_t thread, bool claim)
{
    for (size_t i = 0; i < MOST_THREADS; i++)
        if (atomic_load(&holders[i].thread) == thread) return &holders[i];
    for (size_t i = 0; claim && i < MOST_THREADS; i++) {
        uintptr_t nobody = 0;
        if (atomic_compare_exchange_strong(&holders[i].thread, &nobody, thread)) return &holders[i];
    }
    return NULL;
}

void nr_lock_order_take(const nr_mutex *m)
{
    holder *h = holder_of(nr_os_thread_id(), true);
    if (!h) return; /* more threads than there is room for: this lock goes unchecked */
    for (unsigned i = 0; i < h->count; i++) {
        if (rank_of(m) > rank_of(h->held[i])) continue;
        fprintf(stderr, "lock order broken: %s (rank %d) is wanted while %s (rank %d) is held\n", what(rank_of(m)),
                (int)rank_of(m), what(rank_of(h->held[i])), (int)rank_of(h->held[i]));
        abort();
    }
    if (h->count == MOST_HELD) {
        fprintf(stderr, "lock order: a thread holds more than %d locks\n", MOST_HELD);
        abort();
    }
    h->held[h->count++] = m;
}

void nr_lock_order_drop(const nr_mutex *m)
{
    holder *h = holder_of(nr_os_thread_id(), false);
    unsigned at = 0;
    if (!h) return;
    while (at < h->count && h->held[at] != m) at++;
    if (at == h->count) {
        fprintf(stderr, "lock order: %s is given back by a thread that does not hold it\n", what(rank_of(m)));
        abort();
    }
    for (h->count--; at < h->count; at++) h->held[at] = h->held[at + 1];
    if (!h->count) atomic_store(&h->thread, 0);
}
#endif
