#include "os/lock_order.h"

#include <assert.h>

#ifdef __APPLE__
/* An all-zero pthread mutex is not valid there; an all-zero unfair lock is. */
#include <os/lock.h>
#include <unistd.h>

static_assert(sizeof(os_unfair_lock) <= sizeof(nr_mutex) - sizeof(uint64_t), "nr_mutex is too small");

void nr_mutex_lock(nr_mutex *m)
{
    nr_lock_order_take(m);
    os_unfair_lock_lock((os_unfair_lock *)(void *)m);
}

void nr_mutex_unlock(nr_mutex *m)
{
    nr_lock_order_drop(m);
    os_unfair_lock_unlock((os_unfair_lock *)(void *)m);
}

/* An unfair lock has no condition variable: looks again every millisecond. */
void nr_condition_wait(nr_condition *c, nr_mutex *m)
{
    (void)c;
    nr_mutex_unlock(m);
    usleep(1000);
    nr_mutex_lock(m);
}

void nr_condition_wait_for(nr_condition *c, nr_mutex *m, unsigned milliseconds)
{
    (void)milliseconds; /* a wait may end early */
    nr_condition_wait(c, m);
}

void nr_condition_wake_all(nr_condition *c)
{
    (void)c;
}
#else
#include <pthread.h>
#include <time.h>

/* PTHREAD_MUTEX_INITIALIZER and PTHREAD_COND_INITIALIZER are all zero in glibc and in musl. */
static_assert(sizeof(pthread_mutex_t) <= sizeof(nr_mutex) - sizeof(uint64_t), "nr_mutex is too small");
static_assert(sizeof(pthread_cond_t) <= sizeof(nr_condition), "nr_condition is too small");

void nr_mutex_lock(nr_mutex *m)
{
    nr_lock_order_take(m);
    pthread_mutex_lock((pthread_mutex_t *)(void *)m);
}

void nr_mutex_unlock(nr_mutex *m)
{
    nr_lock_order_drop(m);
    pthread_mutex_unlock((pthread_mutex_t *)(void *)m);
}

void nr_condition_wait(nr_condition *c, nr_mutex *m)
{
    pthread_cond_wait((pthread_cond_t *)(void *)c, (pthread_mutex_t *)(void *)m);
}

/* The clock of a condition that was not set up is the calendar's: a jump of it makes one wait short or long. */
void nr_condition_wait_for(nr_condition *c, nr_mutex *m, unsigned milliseconds)
{
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_sec += milliseconds / 1000;
    at.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    pthread_cond_timedwait((pthread_cond_t *)(void *)c, (pthread_mutex_t *)(void *)m, &at);
}

void nr_condition_wake_all(nr_condition *c)
{
    pthread_cond_broadcast((pthread_cond_t *)(void *)c);
}
#endif
