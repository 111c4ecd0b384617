#include "os/os.h"

#include <assert.h>

#ifdef __APPLE__
/* An all-zero pthread mutex is not valid there; an all-zero unfair lock is. */
#include <os/lock.h>

static_assert(sizeof(os_unfair_lock) <= sizeof(nr_mutex), "nr_mutex is too small");

void nr_mutex_lock(nr_mutex *m)
{
    os_unfair_lock_lock((os_unfair_lock *)(void *)m);
}

void nr_mutex_unlock(nr_mutex *m)
{
    os_unfair_lock_unlock((os_unfair_lock *)(void *)m);
}
#else
#include <pthread.h>

/* PTHREAD_MUTEX_INITIALIZER is all zero in glibc and in musl. */
static_assert(sizeof(pthread_mutex_t) <= sizeof(nr_mutex), "nr_mutex is too small");

void nr_mutex_lock(nr_mutex *m)
{
    pthread_mutex_lock((pthread_mutex_t *)(void *)m);
}

void nr_mutex_unlock(nr_mutex *m)
{
    pthread_mutex_unlock((pthread_mutex_t *)(void *)m);
}
#endif
