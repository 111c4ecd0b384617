#include "os/os.h"

#include "os/windows/wide.h"

#include <assert.h>

/* SRWLOCK_INIT is all zero. */
static_assert(sizeof(SRWLOCK) <= sizeof(nr_mutex), "nr_mutex is too small");

void nr_mutex_lock(nr_mutex *m)
{
    AcquireSRWLockExclusive((SRWLOCK *)(void *)m);
}

void nr_mutex_unlock(nr_mutex *m)
{
    ReleaseSRWLockExclusive((SRWLOCK *)(void *)m);
}
