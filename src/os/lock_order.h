/* lock_order.h - which locks a thread may hold at once. docs/architecture.md, "Threads", has the reasons.
 *
 * A lock has a rank. A thread that holds locks may take another one only if its rank is higher than all of theirs, so no two threads
 * can wait for each other. Most locks are ordinary: none of those is taken while another one is held. Builds with NR_LOCK_ORDER (Debug,
 * and with AddressSanitizer) check it at every lock, whether or not anybody waits; others know nothing of it. */
#ifndef NR_OS_LOCK_ORDER_H
#define NR_OS_LOCK_ORDER_H

#include "os/os.h"

/* X(name, rank, what it is), lowest first. All zero memory is an ordinary lock. */
#define NR_LOCK_RANKS(X) \
    X(REFRESH, -1, "a refresh, or a sampling, which are long and have others inside") \
    X(ORDINARY, 0, "an ordinary lock") \
    X(LOG, 1, "the log")

typedef enum nr_lock_rank {
#define X(name, rank, what) NR_LOCK_##name = (rank),
    NR_LOCK_RANKS(X)
#undef X
} nr_lock_rank;

/* For a lock that is made before the program runs. */
#define NR_MUTEX_INIT(rank) {{[NR_MUTEX_WORDS - 1] = (uint64_t)(int64_t)(rank)}}

/* Before its first use, for a lock that is not ordinary. In the last word, which no system's own lock reaches. */
static inline void nr_mutex_set_rank(nr_mutex *m, nr_lock_rank rank)
{
    m->storage[NR_MUTEX_WORDS - 1] = (uint64_t)(int64_t)rank;
}

/* For nr_mutex_lock and nr_mutex_unlock only. */
#ifdef NR_LOCK_ORDER
void nr_lock_order_take(const nr_mutex *m); /* ends the process, with a message, when the order is broken */
void nr_lock_order_drop(const nr_mutex *m);
#else
static inline void nr_lock_order_take(const nr_mutex *m)
{
    (void)m;
}
static inline void nr_lock_order_drop(const nr_mutex *m)
{
    (void)m;
}
#endif

#endif
