/* Module: freeing what readers may still be looking at. */
#include "engine/epoch.h"

#include "test.h"

typedef struct thing {
    nr_retired retired;
    int *freed;
} thing;

static void free_thing(nr_retired *what)
{
    ++*((thing *)what)->freed;
}

TEST(nothing_waits_without_readers)
{
    static nr_epoch e;
    int freed = 0;
    thing t = {.freed = &freed};
    nr_epoch_retire(&e, &t.retired, free_thing);
    CHECK_EQ(freed, 1);
    nr_epoch_collect(&e);
    nr_epoch_end(&e);
    CHECK_EQ(freed, 1); /* once */
}

TEST(a_reader_keeps_what_was_retired_since)
{
    static nr_epoch e;
    int freed = 0;
    thing a = {.freed = &freed}, b = {.freed = &freed};
    unsigned mark = nr_epoch_enter(&e), inner = nr_epoch_enter(&e); /* calls nest */
    CHECK(mark < NR_EPOCH_COUNTERS);
    CHECK_EQ(inner, mark); /* the same stack */
    nr_epoch_retire(&e, &a.retired, free_thing);
    nr_epoch_leave(&e, inner);
    nr_epoch_collect(&e);
    CHECK_EQ(freed, 0);
    nr_epoch_leave(&e, mark);
    CHECK_EQ(freed, 0); /* nobody looks when a reader leaves */
    nr_epoch_retire(&e, &b.retired, free_thing);
    CHECK_EQ(freed, 2);
}

/* A reader that came later does not keep what it cannot reach: every counter has been at zero since. */
TEST(counters_are_looked_at_one_by_one)
{
    static nr_epoch e;
    int freed = 0;
    thing a = {.freed = &freed};
    atomic_fetch_add(&e.counters[3].readers, 1); /* a reader on another stack */
    nr_epoch_retire(&e, &a.retired, free_thing);
    CHECK_EQ(freed, 0);
    atomic_fetch_add(&e.counters[7].readers, 1); /* a later one */
    atomic_fetch_sub(&e.counters[3].readers, 1);
    nr_epoch_collect(&e);
    CHECK_EQ(freed, 1);
    thing b = {.freed = &freed};
    nr_epoch_retire(&e, &b.retired, free_thing);
    CHECK_EQ(freed, 1);
    nr_epoch_end(&e); /* frees what is left */
    CHECK_EQ(freed, 2);
    atomic_fetch_sub(&e.counters[7].readers, 1);
}

static nr_epoch chain_epoch;
static thing second;

static void free_and_retire(nr_retired *what)
{
    free_thing(what);
    nr_epoch_retire(&chain_epoch, &second.retired, free_thing);
}

/* Freeing may retire: the lock is not held meanwhile. */
TEST(freeing_may_retire)
{
    int freed = 0;
    thing first = {.freed = &freed};
    second.freed = &freed;
    nr_epoch_retire(&chain_epoch, &first.retired, free_and_retire);
    CHECK_EQ(freed, 2);
}

/* A cache line each. */
TEST(counters_lie_apart)
{
    static nr_epoch e;
    CHECK_EQ((char *)&e.counters[1] - (char *)&e.counters[0], NR_CACHE_LINE);
    CHECK_EQ(sizeof e.counters, NR_CACHE_LINE * NR_EPOCH_COUNTERS);
}

TESTS(epoch, T(nothing_waits_without_readers), T(a_reader_keeps_what_was_retired_since),
      T(counters_are_looked_at_one_by_one), T(freeing_may_retire), T(counters_lie_apart))
