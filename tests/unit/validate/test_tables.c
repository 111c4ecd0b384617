/* Modules: ids.h, frame.h. */
#include "os/os.h"
#include "os/tool.h"
#include "test.h"
#include "validate/frame.h"
#include "validate/ids.h"

#include <stdatomic.h>
#include <string.h>

TEST(ids_keep_values)
{
    nr_ids ids = {NULL, 0, 0};
    bool added;
    CHECK(nr_ids_get(&ids, 1, 2) == NULL);
    for (uint64_t i = 1; i <= 5000; i++) {
        nr_id_entry *e = nr_ids_put(&ids, i * 16, i, &added);
        CHECK(e && added);
        if (e) e->value[0] = i * 3;
    }
    CHECK_EQ(ids.count, 5000);
    bool all = true;
    for (uint64_t i = 1; i <= 5000; i++) {
        const nr_id_entry *e = nr_ids_get(&ids, i * 16, i);
        all = all && e && e->value[0] == i * 3;
    }
    CHECK(all);
    CHECK(nr_ids_put(&ids, 16, 1, &added) && !added);
    CHECK(nr_ids_get(&ids, 16, 2) == NULL);
    nr_ids_free(&ids);
}

TEST(ids_forget)
{
    nr_ids ids = {NULL, 0, 0};
    bool added;
    for (uint64_t module = 1; module <= 3; module++)
        for (uint64_t i = 0; i < 200; i++) nr_ids_put(&ids, module, i, &added);
    nr_ids_forget(&ids, 2);
    CHECK_EQ(ids.count, 400);
    CHECK(nr_ids_get(&ids, 1, 199) && nr_ids_get(&ids, 3, 0));
    CHECK(nr_ids_get(&ids, 2, 7) == NULL);
    nr_ids_forget(&ids, 9); /* nothing there */
    CHECK_EQ(ids.count, 400);
    nr_ids_free(&ids);
}

TEST(ids_are_bounded)
{
    nr_ids ids = {NULL, 0, 0};
    bool added;
    for (uint64_t i = 1; i <= (uint64_t)NR_IDS_LIMIT * 2; i++) nr_ids_put(&ids, i, 0, &added);
    CHECK(ids.room <= NR_IDS_LIMIT);
    CHECK(nr_ids_get(&ids, (uint64_t)NR_IDS_LIMIT * 2, 0) != NULL); /* the latest is there */
    CHECK(nr_ids_get(&ids, 1, 0) == NULL);                          /* the first has been forgotten */
    nr_ids_free(&ids);
}

static nr_frame frame_of(const char *name)
{
    nr_frame f;
    memset(&f, 0, sizeof f);
    f.callback = name;
    return f;
}

static void other_thread(void *self)
{
    nr_frame f = frame_of("other");
    CHECK(nr_frame_now() == NULL); /* the first thread's is not this one's */
    nr_frame_enter(&f);
    *(bool *)self = nr_frame_now() == &f;
    nr_frame_leave(&f);
    CHECK(nr_frame_now() == NULL);
}

TEST(frames_nest)
{
    nr_frame outer = frame_of("jit"), inner = frame_of("rejit");
    bool found = false;
    CHECK(nr_frame_now() == NULL);
    nr_frame_enter(&outer);
    nr_frame_enter(&inner);
    CHECK(nr_frame_now() == &inner);
    CHECK(nr_os_run_on_thread(other_thread, &found));
    CHECK(found);
    nr_frame_leave(&inner);
    CHECK(nr_frame_now() == &outer);
    nr_frame_leave(&outer);
    CHECK(nr_frame_now() == NULL);
}

/* More threads than the table has slots. */
enum { THREADS = 1200 };
static nr_mutex gate_lock;
static atomic_int entered;
enum { IN_TABLE = 1, IN_LIST = 2 };
static void crowd(void *self)
{
    nr_frame f = frame_of("crowd"), inner = frame_of("inner");
    nr_frame_enter(&f);
    bool good = nr_frame_now() == &f;
    atomic_fetch_add(&entered, 1);
    nr_mutex_lock(&gate_lock);
    nr_mutex_unlock(&gate_lock);
    nr_frame_enter(&inner); /* by now there may be a slot for it */
    good = good && nr_frame_now() == &inner;
    nr_frame_leave(&inner);
    good = good && nr_frame_now() == &f;
    nr_frame_leave(&f);
    good = good && nr_frame_now() == NULL;
    *(int *)self = !good ? 0 : f.slot ? IN_TABLE : IN_LIST;
}

TEST(frames_of_many_threads)
{
    static nr_thread threads[THREADS];
    static int results[THREADS];
    int started = 0, count[3] = {0, 0, 0};
    nr_mutex_lock(&gate_lock);
    while (started < THREADS && nr_thread_start(&threads[started], crowd, &results[started])) started++;
    while (atomic_load(&entered) < started) nr_os_sleep_ms(1);
    nr_mutex_unlock(&gate_lock);
    for (int i = 0; i < started; i++) nr_thread_join(&threads[i]);
    for (int i = 0; i < started; i++) count[results[i]]++;
    CHECK(started > 0);
    CHECK_EQ(count[0], 0);
    CHECK(nr_frame_now() == NULL);
    if (started < THREADS) SKIP("the system has no room for 1200 threads: no frame had to go into the list");
    CHECK(count[IN_LIST] >= THREADS - 1024);
}

TESTS(tables, T(ids_keep_values), T(ids_forget), T(ids_are_bounded), T(frames_nest), T(frames_of_many_threads))
