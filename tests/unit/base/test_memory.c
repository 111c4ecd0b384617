/* alloc, arena, buf and map: what all rooms stand on. */
#include "test.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"

#include <stdio.h>

TEST(alloc)
{
    nr_alloc_count(1);
    char *p = nr_alloc(NULL, 0, 10);
    CHECK_EQ(nr_alloc_live(), 10);
    p = nr_alloc(p, 10, 30);
    CHECK_EQ(nr_alloc_live(), 30);
    nr_alloc_fail_at(2, 0);
    char *q = nr_zalloc(4);
    CHECK(q && q[3] == 0);
    CHECK(nr_alloc(p, 30, 60) == NULL); /* the old block stays */
    p[29] = 1;
    p = nr_alloc(p, 30, 60); /* only once */
    CHECK(p != NULL);
    nr_free(p, 60);
    nr_free(q, 4);
    CHECK_EQ(nr_alloc_live(), 0);
    nr_alloc_fail_at(1, 1);
    CHECK(nr_zalloc(1) == NULL);
    CHECK(nr_zalloc(1) == NULL);
    nr_alloc_fail_at(0, 0);
    nr_alloc_count(0);
}

TEST(arena)
{
    nr_arena a = NR_ARENA_INIT;
    nr_alloc_count(1);
    char *first = nr_arena_alloc(&a, 0);
    CHECK(first != NULL);
    for (size_t i = 1; i < 3000; i += 7) {
        char *p = nr_arena_alloc(&a, i);
        CHECK_EQ((uintptr_t)p % 16, 0);
        memset(p, 0xA5, i); /* a sanitizer sees an overlap with the chunk's end */
    }
    char *z = nr_arena_zalloc(&a, 100, 8);
    CHECK(z[0] == 0 && z[799] == 0);
    CHECK(nr_arena_zalloc(&a, SIZE_MAX / 2, 4) == NULL);
    CHECK(nr_arena_alloc(&a, SIZE_MAX - 5) == NULL);
    nr_str s = nr_arena_str(&a, NR_STR("abc"));
    CHECK_STR(s, "abc");
    CHECK_EQ(s.p[3], 0);
    CHECK_STR(nr_arena_printf(&a, "%s-%d", "x", 12), "x-12");
    nr_arena_free(&a);
    CHECK_EQ(nr_alloc_live(), 0);
    nr_alloc_count(0);
}

TEST(buf)
{
    nr_buf b = NR_BUF_INIT;
    nr_buf_u8(&b, 1);
    nr_buf_u16(&b, 0x0203);
    nr_buf_u32(&b, 0x04050607);
    nr_buf_u64(&b, 0x08090A0B0C0D0E0F);
    nr_buf_fill(&b, 0xEE, 2);
    nr_buf_printf(&b, "%d", 42);
    nr_buf_put_str(&b, NR_STR("!"));
    CHECK_BYTES(b.data, b.size, "01 0302 07060504 0f0e0d0c0b0a0908 eeee 3432 21");
    CHECK_EQ(nr_get_u16(b.data + 1), 0x0203);
    CHECK_EQ(nr_get_u32(b.data + 3), 0x04050607);
    CHECK(nr_get_u64(b.data + 7) == 0x08090A0B0C0D0E0F);
    nr_buf_fill(&b, 0, 5000);
    CHECK_EQ(b.size, 5020);
    nr_alloc_fail_at(1, 0);
    nr_buf_fill(&b, 0, 5000);
    CHECK(b.failed);
    nr_buf_u8(&b, 1); /* sticky, though there would be memory again */
    CHECK_EQ(b.size, 5020);
    nr_buf_free(&b);
    CHECK(!b.failed && b.data == NULL);
}

TEST(map)
{
    enum { N = 2000 };
    static char keys[N][8];
    nr_arena a = NR_ARENA_INIT;
    nr_map m;
    bool added;
    nr_map_init(&m, &a);
    CHECK(nr_map_get(&m, NR_STR("x")) == NULL);
    for (int i = 0; i < N; i++) {
        snprintf(keys[i], sizeof keys[i], "k%d", i);
        nr_map_put(&m, nr_str_of(keys[i]), &added)->value = (uintptr_t)i;
        if (!added) CHECK(added);
    }
    CHECK_EQ(m.count, N);
    int wrong = 0;
    for (int i = 0; i < N; i++) {
        nr_map_entry *e = nr_map_get(&m, nr_str_of(keys[i]));
        wrong += !e || e->value != (uintptr_t)i;
    }
    CHECK_EQ(wrong, 0);
    CHECK_EQ(nr_map_put(&m, NR_STR("k7"), &added)->value, 7);
    CHECK(!added);
    CHECK(nr_map_get(&m, NR_STR("k")) == NULL);
    nr_map_put(&m, (nr_str){NULL, 0}, &added)->value = 9; /* the empty key is a key */
    CHECK_EQ(nr_map_get(&m, NR_STR(""))->value, 9);
    nr_arena_free(&a);
}

TESTS(memory, T(alloc), T(arena), T(buf), T(map))
