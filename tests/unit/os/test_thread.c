#include "base/compiler.h"
#include "os/os.h"
#include "test.h"

#include <string.h>

static nr_mutex lock;
static nr_condition changed;
static int turn, rounds, sum;

static void add(void *self)
{
    const int *n = self;
    nr_mutex_lock(&lock);
    sum += *n;
    nr_mutex_unlock(&lock);
}

TEST(start_and_join)
{
    int numbers[] = {1, 2, 3, 4};
    nr_thread threads[NR_COUNT(numbers)];
    for (int round = 0; round < 50; round++) { /* a thread's structure can be used again */
        sum = 0;
        for (size_t i = 0; i < NR_COUNT(numbers); i++) CHECK(nr_thread_start(&threads[i], add, &numbers[i]));
        for (size_t i = 0; i < NR_COUNT(numbers); i++) nr_thread_join(&threads[i]);
        CHECK_EQ(sum, 10);
        CHECK(nr_os_run_on_thread(add, &numbers[3]));
        CHECK_EQ(sum, 14);
    }
}

/* Takes a lot of stack, as unwinding and compiling do. */
static void deep(void *self)
{
    volatile char room[512 << 10];
    for (size_t i = 0; i < sizeof room; i += 512) room[i] = 1;
    *(char *)self = room[512];
}

TEST(stack)
{
    char done = 0;
    CHECK(nr_os_run_on_thread(deep, &done));
    CHECK_EQ(done, 1);
}

/* Each waits for its turn and gives it to the other: a wake-up that gets lost hangs the test. */
static void play(void *self)
{
    const int mine = *(const int *)self;
    for (int i = 0; i < 2000; i++) {
        nr_mutex_lock(&lock);
        while (turn != mine) nr_condition_wait(&changed, &lock);
        turn = 1 - mine;
        rounds++;
        nr_condition_wake_all(&changed);
        nr_mutex_unlock(&lock);
    }
}

TEST(condition)
{
    int players[] = {0, 1};
    nr_thread threads[2];
    turn = rounds = 0;
    nr_condition_wake_all(&changed); /* nobody waits: nothing happens, nothing is kept */
    for (int i = 0; i < 2; i++) CHECK(nr_thread_start(&threads[i], play, &players[i]));
    for (int i = 0; i < 2; i++) nr_thread_join(&threads[i]);
    CHECK_EQ(rounds, 4000);
}

static void follow(void *self)
{
    (void)self;
    nr_mutex_lock(&lock);
    while (turn != 7) nr_condition_wait(&changed, &lock);
    rounds++;
    nr_mutex_unlock(&lock);
}

TEST(wake_all)
{
    nr_thread threads[8];
    turn = rounds = 0;
    for (int i = 0; i < 8; i++) CHECK(nr_thread_start(&threads[i], follow, NULL));
    nr_mutex_lock(&lock);
    turn = 7;
    nr_condition_wake_all(&changed);
    nr_mutex_unlock(&lock);
    for (int i = 0; i < 8; i++) nr_thread_join(&threads[i]);
    CHECK_EQ(rounds, 8);
}

/* Nobody wakes it. */
TEST(wait_for_a_while)
{
    uint64_t began = nr_os_monotonic_ns(), waited = 0;
    nr_mutex_lock(&lock);
    while (waited < 30000000) { /* a wait may end early */
        nr_condition_wait_for(&changed, &lock, 30);
        waited = nr_os_monotonic_ns() - began;
    }
    nr_mutex_unlock(&lock);
    CHECK(waited < 20000000000u);
}

TESTS(thread, T(start_and_join), T(stack), T(condition), T(wake_all), T(wait_for_a_while))
