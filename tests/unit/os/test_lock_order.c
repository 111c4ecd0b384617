/* Module: the order of locks (os/lock_order.h). A broken one ends the process, so each is tried in a copy of this one. */
#include "os/isolate.h"
#include "os/lock_order.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

#ifdef NR_LOCK_ORDER
static nr_mutex refresh, one, other, last = NR_MUTEX_INIT(NR_LOCK_LOG);

static int in_order(void *self)
{
    (void)self;
    nr_mutex_lock(&refresh);
    nr_mutex_lock(&one);
    nr_mutex_lock(&last);
    nr_mutex_unlock(&last);
    nr_mutex_unlock(&one);
    nr_mutex_lock(&other);     /* after the first one, not inside it */
    nr_mutex_unlock(&refresh); /* in any order */
    nr_mutex_unlock(&other);
    return 7;
}

static int backwards(void *self)
{
    (void)self;
    nr_mutex_lock(&last);
    nr_mutex_lock(&refresh);
    return 0;
}

static int two_ordinary(void *self)
{
    (void)self;
    nr_mutex_lock(&one);
    nr_mutex_lock(&other);
    return 0;
}

static int twice(void *self)
{
    (void)self;
    nr_mutex_lock(&one);
    nr_mutex_lock(&one); /* would wait for itself */
    return 0;
}

static int not_held(void *self)
{
    (void)self;
    nr_mutex_lock(&one);
    nr_mutex_unlock(&other);
    return 0;
}

static nr_os_end outcome(int (*body)(void *self), nr_buf *said, int *code)
{
    nr_arena a = NR_ARENA_INIT;
    nr_os_child child = {.body = body, .timeout_ms = 60000};
    child.err = nr_arena_printf(&a, "%s" NR_OS_SEPARATOR "said", nr_test_directory());
    fflush(NULL);
    nr_os_end how = nr_os_isolate(&child, code);
    said->size = 0;
    CHECK(nr_os_read_file(child.err, said));
    nr_arena_free(&a);
    return how;
}

static void check_broken(int (*body)(void *self), const char *words)
{
    nr_buf said = NR_BUF_INIT;
    int code = 0;
    CHECK_EQ(outcome(body, &said, &code), NR_OS_SIGNALLED);
    nr_buf_put(&said, "", 1);
    if (!CHECK(said.data && strstr((const char *)said.data, words))) printf("    %s\n", (const char *)said.data);
    nr_buf_free(&said);
}
#endif

TEST(order)
{
#ifdef NR_LOCK_ORDER
    nr_buf said = NR_BUF_INIT;
    int code = 0;
    if (!nr_os_can_fork()) SKIP("a process cannot be copied here");
    nr_mutex_set_rank(&refresh, NR_LOCK_REFRESH);
    CHECK_EQ(outcome(in_order, &said, &code), NR_OS_EXITED);
    CHECK_EQ(code, 7);
    CHECK_EQ(said.size, 0);
    nr_buf_free(&said);
    check_broken(backwards,
                 "a refresh, or a sampling, which are long and have others inside (rank -1) is wanted while the "
                 "log (rank 1) is held");
    check_broken(two_ordinary, "an ordinary lock (rank 0) is wanted while an ordinary lock (rank 0) is held");
    check_broken(twice, "lock order broken");
    check_broken(not_held, "is given back by a thread that does not hold it");
#else
    SKIP("this build does not check the order of locks (Debug, and those with AddressSanitizer do)");
#endif
}

/* A static one and one that was given its rank later are the same. */
TEST(ranks)
{
    nr_mutex a = NR_MUTEX_INIT(NR_LOCK_REFRESH), b = {{0}};
    nr_mutex_set_rank(&b, NR_LOCK_REFRESH);
    CHECK(!memcmp(&a, &b, sizeof a));
    nr_mutex_lock(&a);
    nr_mutex_unlock(&a);
}

TESTS(lock_order, T(order), T(ranks))
