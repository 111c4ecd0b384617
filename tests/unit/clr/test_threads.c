/* Numbers are those of reference/thread-profiler.md and, with an E, of reference/exports.md. */
#include "base/alloc.h"
#include "base/log.h"
#include "session.h"

#include <stdio.h>

/* ---- requests --------------------------------------------------------------------------------------- */

TEST(refusals) /* E5, rows 1 to 4 and 7 */
{
    static const uintptr_t stack[] = {F(MAIN)};
    void *records = &records, *const untouched = records;
    int32_t count = 77;
    nr_ICorProfilerInfo4 *info = (nr_ICorProfilerInfo4 *)(void *)&fake.info;
    begin();
    fake_thread_add(stack, 1, NR_S_OK);
    CHECK_EQ(nr_threads_request(t, info, &fake.info, NULL, &count), NR_E_INVALIDARG);
    CHECK_EQ(nr_threads_request(t, info, &fake.info, &records, NULL), NR_E_INVALIDARG);
    CHECK_EQ(nr_threads_request(t, NULL, NULL, &records, &count), NR_E_UNEXPECTED);
    if (!NR_OS_WINDOWS) CHECK_EQ(nr_threads_request(t, info, NULL, &records, &count), NR_E_UNEXPECTED);
    CHECK(records == untouched && count == 77);
    CHECK_EQ(fake.initialized, 0); /* no thread was made for that */
    CHECK_EQ(nr_threads_request(t, info, &fake.info, &records, &count), NR_S_OK);
    CHECK_EQ(count, 1);
    void *const first = records;
    count = 77;
    CHECK_EQ(nr_threads_request(t, info, &fake.info, &records, &count), NR_E_FAIL); /* row 2 */
    CHECK(records == first && count == 77);
    CHECK_EQ(nr_threads_request(t, NULL, NULL, &records, &count), NR_E_FAIL); /* row 2 before row 3 */
    nr_threads_release(t);
    nr_threads_release(t); /* E6: safe to call twice */
    CHECK_EQ(nr_threads_request(t, info, &fake.info, &records, &count), NR_S_OK);
    CHECK_EQ(fake.initialized, 1); /* 2.3: once for each worker */
    end();
}

TEST(no_threads)
{
    const nrprof_thread_profile *r;
    int32_t count = 7;
    begin();
    for (int i = 0; i < 3; i++) { /* an empty profile need not be released */
        CHECK_EQ(request(&r, &count), NR_S_OK);
        CHECK_EQ(count, 0);
    }
    end();
}

/* ---- the worker's life, and the log -------------------------------------------------------------------- */

static const char *log_path(void)
{
    static char path[700];
    snprintf(path, sizeof path, "%s%slog", nr_test_directory(), NR_OS_SEPARATOR);
    return path;
}

static void log_begin(void)
{
    nr_log_reset();
    nr_log_open(nr_str_of(log_path()));
    nr_log_configure(&(nr_log_settings){NR_TRACE, true, false, false, false});
}

/* Is the log, without its own lines at the beginning and without times, exactly this? */
static void check_log(const char *wanted)
{
    nr_buf b = NR_BUF_INIT, got = NR_BUF_INIT;
    nr_log_reset();
    CHECK(nr_os_read_file(nr_str_of(log_path()), &b));
    const char *p = (const char *)b.data, *stop = p + b.size;
    while (p < stop) {
        const char *e = memchr(p, '\n', (size_t)(stop - p));
        nr_str line = {p, (size_t)((e ? e : stop) - p)};
        p = e ? e + 1 : stop;
        while (line.n && line.p[line.n - 1] == '\r') line.n--;
        /* "[Level] YYYY-MM-DD hh:mm:ss text" */
        if (line.n < 28 || !(nr_str_has(line, NR_STR("TP: ")) || nr_str_has(line, NR_STR("thread profile")))) continue;
        nr_buf_put(&got, line.p + 1, 1);
        nr_buf_put(&got, line.p + 27, line.n - 27);
        nr_buf_u8(&got, '\n');
    }
    CHECK_STR(nr_buf_str(&got), wanted);
    nr_buf_free(&b);
    nr_buf_free(&got);
}

TEST(session_log) /* 2.2 to 2.7 */
{
    static const uintptr_t stack[] = {F(MAIN)};
    const nrprof_thread_profile *r;
    int32_t count;
    begin();
    fake_thread_add(stack, 1, NR_S_OK);
    fake.initialize_hr = NR_E_FAIL;
    log_begin();
    nr_threads_shutdown(t);
    CHECK_EQ(request(&r, &count), NR_S_OK);
    nr_threads_release(t);
    CHECK_EQ(request(&r, &count), NR_S_OK);
    nr_threads_shutdown(t);
    nr_threads_shutdown(t);
    check_log("T TP: Shutdown called while thread is not running\n"
              "T TP: starting profile thread\n"
              "T TP: profile thread started\n"
              "E TP: InitializeCurrentThread failed: 0x80004005\n"
              "I TP: Shutting down thread profiler\n"
              "T TP: profile thread terminating\n"
              "T TP: profile thread shut down\n"
              "T TP: Shutdown called while thread is not running\n");
    if (!NR_OS_WINDOWS)
        CHECK_EQ(fake.suspends, 2); /* 2.5 */
    else
        CHECK_EQ(fake.suspends, 0);
    end();
}

TEST(failure_log) /* 2.6, 3.2, E5 rows 3, 4 and 7 */
{
    const nrprof_thread_profile *r;
    void *p;
    int32_t count;
    begin();
    log_begin();
    nr_threads_request(t, NULL, NULL, &p, &count);
    if (!NR_OS_WINDOWS) nr_threads_request(t, (nr_ICorProfilerInfo4 *)(void *)&fake.info, NULL, &p, &count);
    fake.enum_hr = NR_E_FAIL;
    request(&r, &count);
    fake.enum_hr = 0;
    fake.next_hr = NR_E_FAIL;
    request(&r, &count);
    check_log(NR_OS_WINDOWS ? "D TP: RequestProfile called without proper initialization. (corProfilerInfo)\n"
                              "T TP: starting profile thread\n"
                              "T TP: profile thread started\n"
                              "E TP: GetThreads: Could not get thread enumerator\n"
                              "D RequestProfile failed    : The thread profile was empty (zero-sized/null data).\n"
                              "E TP: GetThreads: thread enum Next() failed\n"
                              "D RequestProfile failed    : The thread profile was empty (zero-sized/null data).\n"
                            : "D TP: RequestProfile called without proper initialization. (corProfilerInfo)\n"
                              "D TP: RequestProfile called without proper initialization. (corProfilerInfo10)\n"
                              "T TP: starting profile thread\n"
                              "T TP: profile thread started\n"
                              "E TP: GetThreads: Could not get thread enumerator\n"
                              "D RequestProfile failed    : The thread profile was empty (zero-sized/null data).\n"
                              "E TP: GetThreads: thread enum Next() failed\n"
                              "D RequestProfile failed    : The thread profile was empty (zero-sized/null data).\n");
    end();
}

/* ---- several threads ------------------------------------------------------------------------------------- */

static nr_mutex gate;
static nr_condition gate_changed;
static int inside, open_gate; /* of the gate */

static void hold(void)
{
    nr_mutex_lock(&gate);
    inside++;
    nr_condition_wake_all(&gate_changed);
    while (!open_gate) nr_condition_wait(&gate_changed, &gate);
    nr_mutex_unlock(&gate);
}

static void wait_inside(void)
{
    nr_mutex_lock(&gate);
    while (!inside) nr_condition_wait(&gate_changed, &gate);
    nr_mutex_unlock(&gate);
}

static void set_gate(int state)
{
    nr_mutex_lock(&gate);
    inside = 0;
    open_gate = state;
    nr_condition_wake_all(&gate_changed);
    nr_mutex_unlock(&gate);
}

typedef struct outcome {
    int32_t hr, count;
    void *records;
} outcome;

static void request_body(void *self)
{
    outcome *o = self;
    o->hr = nr_threads_request(t, (nr_ICorProfilerInfo4 *)(void *)&fake.info, &fake.info, &o->records, &o->count);
}

static atomic_bool passed;
static void shutdown_body(void *self)
{
    (void)self;
    nr_threads_shutdown(t);
    passed = true;
}
static void destroyed_body(void *self)
{
    (void)self;
    nr_threads_wait_for_sampling(t);
    passed = true;
}

TEST(shutdown_during_request) /* 2.7, 3.3, E5 row 5 */
{
    static const uintptr_t stack[] = {F(MAIN)};
    nr_thread requester, closer;
    begin();
    for (int i = 0; i < 3; i++) fake_thread_add(stack, 1, NR_S_OK);
    fake.on_snapshot = hold;
    for (int round = 0; round < 20; round++) {
        outcome o = {77, 77, &o};
        set_gate(0);
        int before = fake.snapshots;
        CHECK(nr_thread_start(&requester, request_body, &o));
        wait_inside();
        CHECK(nr_thread_start(&closer, shutdown_body, NULL));
        while (!atomic_load(&t->stopping)) continue;
        nr_thread_join(&requester); /* comes back although the sampling is still held up */
        CHECK_EQ(o.hr, NR_E_ABORT);
        CHECK(o.count == 0 && o.records == NULL);
        set_gate(1);
        nr_thread_join(&closer);
        CHECK_EQ(fake.snapshots - before, 1); /* the other two threads were left alone */
    }
    fake.on_snapshot = NULL;
    outcome o = {77, 77, &o};
    request_body(&o); /* E8: works again */
    CHECK_EQ(o.hr, NR_S_OK);
    CHECK_EQ(o.count, 3);
    end();
}

TEST(missed_shutdown) /* 2.8: one that begins and ends before the waiting request gets to run */
{
    static const uintptr_t stack[] = {F(MAIN)};
    nr_thread requester;
    outcome o = {77, 77, &o};
    begin();
    fake_thread_add(stack, 1, NR_S_OK);
    fake.on_snapshot = hold;
    set_gate(0);
    CHECK(nr_thread_start(&requester, request_body, &o));
    wait_inside();
    nr_mutex_lock(&t->lock); /* what a whole shutdown leaves for the request to see */
    t->shutdowns++;
    nr_condition_wake_all(&t->changed);
    nr_mutex_unlock(&t->lock);
    nr_thread_join(&requester);
    CHECK_EQ(o.hr, NR_E_ABORT);
    CHECK(o.count == 0 && o.records == NULL);
    CHECK(t->busy); /* by now another request's, for all this one knows */
    set_gate(1);
    nr_threads_shutdown(t);
    CHECK_EQ(t->shutdowns, 2);
    fake.on_snapshot = NULL;
    request_body(&o);
    CHECK_EQ(o.hr, NR_S_OK);
    end();
}

TEST(destroyed_threads_wait) /* 3.1 */
{
    static const uintptr_t stack[] = {F(MAIN)};
    nr_thread requester, dying;
    outcome o = {77, 77, NULL}, second = {77, 77, NULL};
    begin();
    fake_thread_add(stack, 1, NR_S_OK);
    nr_threads_wait_for_sampling(t); /* nothing is running: at once */
    fake.on_snapshot = hold;
    set_gate(0);
    passed = false;
    CHECK(nr_thread_start(&requester, request_body, &o));
    wait_inside();
    CHECK(nr_thread_start(&dying, destroyed_body, NULL));
    request_body(&second); /* one at a time */
    CHECK_EQ(second.hr, NR_E_FAIL);
    CHECK(!passed);
    uint64_t start = nr_os_monotonic_ns();
    while (nr_os_monotonic_ns() - start < 20000000) continue;
    CHECK(!passed);
    set_gate(1);
    nr_thread_join(&dying);
    nr_thread_join(&requester);
    CHECK(passed);
    CHECK_EQ(o.hr, NR_S_OK);
    end();
}

enum { CALLERS = 4, ROUNDS = 300 };
static atomic_int served, refused, aborted, other_results;

static void caller(void *self)
{
    static const uintptr_t ids[] = {F(MAIN), F(WORK), 0};
    const bool closes = self != NULL;
    for (int i = 0; i < ROUNDS; i++) {
        outcome o = {77, 77, NULL};
        void *names = NULL;
        request_body(&o);
        if (o.hr == NR_S_OK)
            served++;
        else if (o.hr == NR_E_FAIL)
            refused++;
        else if (o.hr == NR_E_ABORT)
            aborted++;
        else
            other_results++;
        if (nr_threads_names(t, ids, 3, &names) != NR_S_OK) other_results++;
        nr_threads_wait_for_sampling(t);
        if (o.hr != NR_S_OK) continue;
        if (closes && i % 3 == 0)
            nr_threads_shutdown(t);
        else
            nr_threads_release(t);
    }
}

static void run_callers(bool closing)
{
    static const uintptr_t stack[] = {F(WORK), F(INNER), F(MAIN)};
    nr_thread threads[CALLERS];
    served = refused = aborted = other_results = 0;
    begin();
    for (int i = 0; i < 5; i++) fake_thread_add(stack, 3, NR_S_OK);
    for (int i = 0; i < CALLERS; i++) CHECK(nr_thread_start(&threads[i], caller, closing && i < 2 ? t : NULL));
    for (int i = 0; i < CALLERS; i++) nr_thread_join(&threads[i]);
    CHECK_EQ(served + refused + aborted, CALLERS * ROUNDS);
    CHECK(served > 0);
    CHECK_EQ(other_results, 0);
    if (!closing) CHECK_EQ(aborted, 0);
    outcome o = {77, 77, NULL};
    request_body(&o); /* nobody is left waiting, nothing is left behind */
    CHECK_EQ(o.hr, NR_S_OK);
    CHECK_EQ(o.count, 5);
    end();
}

TEST(several_callers)
{
    run_callers(false);
}

TEST(several_callers_and_shutdowns) /* 2.8: no wake-up is lost */
{
    run_callers(true);
}

/* ---- memory ------------------------------------------------------------------------------------------------ */

TEST(no_memory) /* 2.6: the caller does not hang, the runtime is not left suspended */
{
    static const uintptr_t first[] = {F(WORK), F(MAIN)}, second[] = {F(OTHER), F(INNER)};
    bool complete = false;
    nr_alloc_count(1);
    for (unsigned long nth = 1; nth < 200 && !complete; nth++) {
        const nrprof_thread_profile *r;
        int32_t count;
        begin();
        fake_thread_add(first, 2, NR_S_OK);
        fake_thread_add(second, 2, NR_S_OK);
        nr_alloc_fail_at(nth, 0);
        int32_t hr = request(&r, &count);
        nr_alloc_fail_at(0, 0);
        CHECK(hr == NR_S_OK || hr == NR_E_UNEXPECTED);
        if (hr == NR_S_OK) {
            CHECK(count == 1 || count == 2); /* a thread may be missing */
            for (int32_t i = 0; i < count; i++) CHECK(r[i].error == 0 && r[i].count == 2 && r[i].functions);
            complete = nth > 5 && count == 2;
        }
        nr_threads_release(t);
        CHECK_EQ(request(&r, &count), NR_S_OK); /* and the next one is as if nothing had been */
        CHECK_EQ(count, 2);
        CHECK(is_called(F(OTHER), "Lib.Thing", "Do"));
        CHECK(is_called(F(MAIN), "App.Program", "Main"));
        end();
        CHECK_EQ(nr_alloc_live(), 0);
    }
    CHECK(complete);
    nr_alloc_count(0);
}

TEST(bounded_memory) /* 5: samples of the same functions take nothing */
{
    static const uintptr_t stack[] = {F(WORK), F(WORK), F(INNER), F(MAIN)};
    long long after_two = 0;
    nr_alloc_count(1);
    begin();
    for (int i = 0; i < 20; i++) fake_thread_add(stack, 4, NR_S_OK);
    for (int i = 0; i < 200; i++) {
        const nrprof_thread_profile *r;
        int32_t count;
        void *p;
        CHECK_EQ(request(&r, &count), NR_S_OK);
        CHECK_EQ(nr_threads_names(t, stack, 4, &p), NR_S_OK);
        nr_threads_release(t);
        if (i == 1) after_two = nr_alloc_live();
    }
    CHECK_EQ(nr_alloc_live(), after_two);
    end();
    CHECK_EQ(nr_alloc_live(), 0);
    nr_alloc_count(0);
}

TESTS(threads, T(refusals), T(no_threads), T(session_log), T(failure_log), T(shutdown_during_request),
      T(missed_shutdown), T(destroyed_threads_wait), T(several_callers), T(several_callers_and_shutdowns), T(no_memory),
      T(bounded_memory))
