#include "base/alloc.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* One test in front of every allocation: zero in production. */
static atomic_int test_mode;
static atomic_ulong fail_at;
static atomic_int fail_forever;
static atomic_int has_failed;

/* Bytes handed out and not yet returned. Always counted: a support engineer reads it in the log, and no method that
 * does not match ever gets here. `from` is where tests begin to count. */
static atomic_llong in_use;
static atomic_llong from;

static int test_denies(void)
{
    unsigned long n = atomic_load(&fail_at);
    if (n == 0) return 0;
    if (n > 1) {
        atomic_store(&fail_at, n - 1);
        return 0;
    }
    if (!atomic_load(&fail_forever)) atomic_store(&fail_at, 0);
    atomic_store(&has_failed, 1);
    return 1;
}

void *nr_alloc(void *p, size_t old_size, size_t new_size)
{
    if (new_size == 0) {
        if (p) atomic_fetch_sub_explicit(&in_use, (long long)old_size, memory_order_relaxed);
        free(p);
        return NULL;
    }
    if (atomic_load_explicit(&test_mode, memory_order_relaxed) && test_denies()) return NULL;
    void *q = realloc(p, new_size);
    if (q)
        atomic_fetch_add_explicit(&in_use, (long long)new_size - (p ? (long long)old_size : 0), memory_order_relaxed);
    return q;
}

void nr_free(void *p, size_t size)
{
    if (p) nr_alloc(p, size, 0);
}

void *nr_zalloc(size_t size)
{
    void *p = nr_alloc(NULL, 0, size);
    if (p) memset(p, 0, size);
    return p;
}

void nr_alloc_fail_at(unsigned long nth, int forever)
{
    atomic_store(&has_failed, 0);
    atomic_store(&fail_forever, forever);
    atomic_store(&fail_at, nth);
    atomic_store(&test_mode, 1);
}

int nr_alloc_has_failed(void)
{
    return atomic_load(&has_failed);
}

long long nr_alloc_live(void)
{
    return atomic_load(&in_use) - atomic_load(&from);
}

void nr_alloc_count(int on)
{
    atomic_store(&from, on ? atomic_load(&in_use) : 0);
}
