/* Module: function ids of generic methods (com-and-lifecycle.md 8.5). */
#include "engine/resolver.h"

#include "base/alloc.h"

#include "test.h"

TEST(remember_and_take)
{
    static nr_resolver r;
    nr_resolver_remember(&r, 0x1000, 0x06000001, 0xAA);
    nr_resolver_remember(&r, 0x1000, 0x06000001, 0xBB); /* the last one counts */
    nr_resolver_remember(&r, 0x1000, 0x06000002, 0xCC);
    nr_resolver_remember(&r, 0x2000, 0x06000001, 0xDD);
    CHECK_EQ(nr_resolver_take(&r, 0x1000, 0x06000001), 0xBB);
    CHECK_EQ(nr_resolver_take(&r, 0x1000, 0x06000001), 0); /* Q58: once */
    CHECK_EQ(nr_resolver_take(&r, 0x1000, 0x06000002), 0xCC);
    CHECK_EQ(nr_resolver_take(&r, 0x2000, 0x06000001), 0xDD);
    nr_resolver_end(&r);
}

TEST(wait_and_be_found)
{
    static nr_resolver r;
    CHECK(!nr_resolver_was_waiting(&r, 1, 2, 0xAA));
    CHECK_EQ(nr_resolver_take(&r, 1, 2), 0);
    CHECK_EQ(nr_resolver_take(&r, 1, 2), 0);
    CHECK(!nr_resolver_was_waiting(&r, 2, 1, 0xAA)); /* Q26: not this order */
    CHECK(nr_resolver_was_waiting(&r, 1, 2, 0xAA));
    CHECK(!nr_resolver_was_waiting(&r, 1, 2, 0xBB)); /* no more, and 0xBB is not remembered */
    CHECK_EQ(nr_resolver_take(&r, 1, 2), 0xAA);
    /* Both at once: what is remembered while the method waits does not end the waiting. */
    CHECK_EQ(nr_resolver_take(&r, 1, 2), 0);
    nr_resolver_remember(&r, 1, 2, 0xCC);
    CHECK_EQ(nr_resolver_take(&r, 1, 2), 0xCC);
    CHECK(nr_resolver_was_waiting(&r, 1, 2, 0xDD));
    nr_resolver_end(&r);
}

TEST(a_module_that_goes)
{
    static nr_resolver r;
    nr_alloc_count(1);
    for (uintptr_t m = 1; m <= 3; m++) {
        for (uint32_t t = 1; t <= 300; t++) nr_resolver_remember(&r, m << 12, 0x06000000 | t, m * 1000 + t);
    }
    nr_resolver_forget_module(&r, 2 << 12);
    for (uint32_t t = 1; t <= 300; t++) {
        CHECK_EQ(nr_resolver_take(&r, 1 << 12, 0x06000000 | t), 1000 + t);
        CHECK_EQ(nr_resolver_take(&r, 2 << 12, 0x06000000 | t), 0);
        CHECK_EQ(nr_resolver_take(&r, 3 << 12, 0x06000000 | t), 3000 + t);
    }
    nr_resolver_end(&r);
    CHECK_EQ(nr_alloc_live(), 0);
    nr_alloc_count(0);
}

TEST(no_memory)
{
    static nr_resolver r;
    nr_alloc_fail_at(1, 1);
    nr_resolver_remember(&r, 1, 2, 0xAA);
    CHECK_EQ(nr_resolver_take(&r, 1, 2), 0);
    CHECK(!nr_resolver_was_waiting(&r, 1, 2, 0xAA));
    nr_alloc_fail_at(0, 0);
    nr_resolver_remember(&r, 1, 2, 0xAA);
    CHECK_EQ(nr_resolver_take(&r, 1, 2), 0xAA);
    nr_resolver_end(&r);
}

TESTS(resolver, T(remember_and_take), T(wait_and_be_found), T(a_module_that_goes), T(no_memory))
