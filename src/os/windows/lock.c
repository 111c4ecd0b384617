#include "os/lock_order.h"

#include "os/windows/wide.h"

#include <assert.h>

/* SRWLOCK_INIT is all zero. */
static_assert(sizeof(SRWLOCK) <= sizeof(nr_mutex) - sizeof(uint64_t), "nr_mutex is too small");
/* So is CONDITION_VARIABLE_INIT. */
static_assert(sizeof(CONDITION_VARIABLE) <= sizeof(nr_condition), "nr_condition is too small");

void nr_mutex_lock(nr_mutex *m)
{
    nr_lock_order_take(m);
    AcquireSRWLockExclusive((SRWLOCK *)(void *)m);
}

void nr_mutex_unlock(nr_mutex *m)
{
    nr_lock_order_drop(m);
    ReleaseSRWLockExclusive((SRWLOCK *)(void *)m);
}

void nr_condition_wait(nr_condition *c, nr_mutex *m)
{
    SleepConditionVariableSRW((CONDITION_VARIABLE *)(void *)c, (SRWLOCK *)(void *)m, INFINITE, 0);
}

void nr_condition_wait_for(nr_condition *c, nr_mutex *m, unsigned milliseconds)
{
    SleepConditionVariableSRW((CONDITION_VARIABLE *)(void *)c, (SRWLOCK *)(void *)m, milliseconds, 0);
}

void nr_condition_wake_all(nr_condition *c)
{
    WakeAllConditionVariable((CONDITION_VARIABLE *)(void *)c);
}
