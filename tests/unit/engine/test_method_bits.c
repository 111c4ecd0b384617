/* Module: a bit for each method of a module. */
#include "engine/method_bits.h"

#include "base/alloc.h"
#include "test.h"

TEST(set_and_get)
{
    nr_method_bits *_Atomic bits;
    atomic_init(&bits, NULL);
    CHECK(!nr_method_bits_get(&bits, 1)); /* nobody has set any */
    nr_alloc_count(1);
    nr_method_bits *b = nr_method_bits_publish(&bits, nr_method_bits_new(130));
    for (uint32_t row = 1; row <= 131; row += 13) {
        CHECK(!nr_method_bits_get(&bits, row));
        CHECK_EQ(nr_method_bits_set(b, row), row <= 130); /* true for who was the first */
        CHECK(!nr_method_bits_set(b, row));
        CHECK_EQ(nr_method_bits_get(&bits, row), row <= 130);
    }
    CHECK(!nr_method_bits_set(b, 131));
    CHECK(!nr_method_bits_get(&bits, 131));
    CHECK(!nr_method_bits_get(&bits, 2));
    nr_method_bits_free(b);
    CHECK_EQ(nr_alloc_live(), 0);
    nr_alloc_count(0);
}

/* Of two threads that make the bits of a module one is the first; both go on with its bits. */
TEST(publish)
{
    nr_method_bits *_Atomic bits;
    atomic_init(&bits, NULL);
    nr_alloc_count(1);
    CHECK(nr_method_bits_publish(&bits, NULL) == NULL);
    nr_method_bits *first = nr_method_bits_publish(&bits, nr_method_bits_new(10));
    CHECK(first && atomic_load(&bits) == first);
    CHECK(nr_method_bits_publish(&bits, nr_method_bits_new(10)) == first);
    CHECK(nr_method_bits_publish(&bits, NULL) == first); /* there was no memory for the second */
    nr_method_bits_free(first);
    CHECK_EQ(nr_alloc_live(), 0);
    nr_alloc_fail_at(1, 0);
    CHECK(nr_method_bits_new(10) == NULL);
    nr_alloc_fail_at(0, 0);
    nr_alloc_count(0);
}

TESTS(method_bits, T(set_and_get), T(publish))
