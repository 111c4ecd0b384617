/* Numbers are those of reference/thread-profiler.md and, with an E, of reference/exports.md. */
#include "base/alloc.h"
#include "base/compiler.h"
#include "base/log.h"
#include "clr/threads.h"
#include "fake_info.h"
#include "test.h"

#include <stdio.h>

#define F(n) ((uintptr_t)(FUNCTION_ID + (n)))
enum { MAIN, WORK, INNER, OTHER, NO_TOKEN, NO_METHOD, NO_TYPE, NO_IMPORT, LONG, GLOBAL };

static const fake_function functions[FAKE_FUNCTIONS] = {
    [MAIN] = {"App.Program", "Main", 0, 0x02000002, 0, 0, 0, false, 0},
    [WORK] = {"App.Program", "Work", 0, 0x02000002, 0, 0, 0, false, 0},
    [INNER] = {"WorkerThread", ".ctor", 0, 0x02000003, 0, 0, 0, false, 0},
    [OTHER] = {"Lib.Thing", "Do", 1, 0x02000002, 0, 0, 0, false, 0}, /* the token of App.Program, in another module */
    [NO_TOKEN] = {"x", "x", 2, 0x02000004, NR_E_INVALIDARG, 0, 0, false, 0},
    [NO_METHOD] = {"x", "x", 2, 0x02000005, 0, NR_CLDB_E_RECORD_NOTFOUND, 0, false, 0},
    [NO_TYPE] = {"x", "x", 2, 0x02000006, 0, 0, NR_E_FAIL, false, 0},
    [NO_IMPORT] = {"x", "x", 2, 0x02000007, 0, 0, 0, true, 0},
    [LONG] = {"Long", "", 3, 0x02000002, 0, 0, 0, false, 3000},
    [GLOBAL] = {"<Module>", "main", 3, 0x02000001, 0, 0, 0, false, 0},
};

static nr_threads *t;

static void begin(void)
{
    fake_reset(functions);
    t = nr_zalloc(sizeof *t);
}

static void end(void)
{
    nr_threads_shutdown(t);
    CHECK_EQ(fake.suspended, 0);
    CHECK_EQ(fake.references, 0);
    CHECK(!fake.snapshot_unsuspended);
    nr_free(t, sizeof *t);
}

static int32_t request(const nrprof_thread_profile **records, int32_t *count)
{
    void *p = t;
    int32_t hr = nr_threads_request(t, (nr_ICorProfilerInfo4 *)(void *)&fake.info, &fake.info, &p, count);
    *records = p;
    return hr;
}

/* Does one type and method text of `name` say that? */
static bool named(nrprof_function_name name, const char *type, const char *method)
{
    size_t i = 0, j = 0;
    while (type[i] && name.type_name[i] == (uint8_t)type[i]) i++;
    while (method[j] && name.method_name[j] == (uint8_t)method[j]) j++;
    return !type[i] && !name.type_name[i] && !method[j] && !name.method_name[j];
}

static bool is_called(uintptr_t function, const char *type, const char *method)
{
    void *p = NULL;
    if (nr_threads_names(t, &function, 1, &p) != NR_S_OK) return false;
    const nrprof_function_name *n = p;
    return n->function == function && named(*n, type, method);
}

#define UNKNOWN "UnknownClass", "UnknownMethod(error)"

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

TEST(records) /* E5, record layout and rules; 3.5; 4.3 */
{
    static const uintptr_t plain[] = {F(WORK), 0, F(MAIN)}, odd[] = {F(WORK), F(NO_TOKEN), F(MAIN)},
                           method[] = {F(NO_METHOD), F(NO_TYPE)}, import[] = {F(NO_IMPORT)}, native[] = {0, 0};
    static const struct {
        const uintptr_t *frames;
        size_t count;
        int32_t hr;
        bool kept;
        int32_t error;
        bool ids;
    } rows[] = {
        {plain, 3, NR_S_OK, true, 0, true},
        {plain, 0, (int32_t)0x80131360, false, 0, false}, /* CORPROF_E_STACKSNAPSHOT_UNSAFE */
        {plain, 2, (int32_t)0x80131361, false, 0, false}, /* _ABORTED, after some frames */
        {plain, 0, (int32_t)0x8013135E, false, 0, false}, /* _INVALID_TGT_THREAD */
        {odd, 3, NR_S_OK, true, NR_E_INVALIDARG, false},  /* count stays, ids do not */
        {method, 1, NR_S_OK, true, NR_CLDB_E_RECORD_NOTFOUND, false},
        {method, 2, NR_S_OK, true, NR_E_FAIL, false},     /* the last failure */
        {import, 1, NR_S_OK, true, 0, true},              /* no metadata is no failure */
        {native, 2, NR_S_OK, true, 0, true},
        {plain, 0, NR_S_OK, true, 0, false},
        {plain, 3, NR_S_FALSE, true, 0, true},
    };
    const nrprof_thread_profile *r;
    int32_t count, at = 0;
    begin();
    for (size_t i = 0; i < NR_COUNT(rows); i++) fake_thread_add(rows[i].frames, rows[i].count, rows[i].hr);
    for (int round = 0; round < 2; round++) { /* what failed fails again: no names of another frame are kept for it */
        CHECK_EQ(request(&r, &count), NR_S_OK);
        at = 0;
        for (size_t i = 0; i < NR_COUNT(rows) && at < count; i++) {
            if (!rows[i].kept) continue;
            CHECK_EQ(r[at].thread, 0x1000 + i);
            CHECK_EQ(r[at].error, rows[i].error);
            CHECK_EQ(r[at].count, rows[i].count);
            CHECK_EQ(r[at].functions != NULL, rows[i].ids);
            for (size_t k = 0; rows[i].ids && k < rows[i].count; k++) CHECK_EQ(r[at].functions[k], rows[i].frames[k]);
            at++;
        }
        CHECK_EQ(at, count);
        CHECK_EQ(at, 8);
        nr_threads_release(t);
    }
    CHECK(is_called(F(NO_TOKEN), UNKNOWN) && is_called(F(NO_METHOD), UNKNOWN) && is_called(F(NO_TYPE), UNKNOWN));
    CHECK(is_called(F(NO_IMPORT), UNKNOWN));
    end();
}

TEST(too_deep) /* 1, 4.1 and 4.3 */
{
    static uintptr_t stack[FAKE_FRAMES];
    static const struct {
        size_t depth, failing; /* a frame whose names cannot be read; 0: none */
        int32_t error, count;
    } rows[] = {
        {1305, 0, 0, 1305},    {1336, 0, 0, 1336}, {1337, 0, 0, 1337},
        {1338, 0, 1, 1},       {1505, 0, 1, 168},  {2 * 1337, 0, 1, 1337},
        {2 * 1337 + 5, 0, 1, 5}, {1337, 1335, NR_E_INVALIDARG, 1337},
        {1500, 3, 1, 163},     /* a failure before, forgotten */
        {1500, 1400, 1, 163},  /* a failure after, not heard */
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        const nrprof_thread_profile *r;
        int32_t count;
        begin();
        for (size_t k = 0; k < rows[i].depth; k++) stack[k] = k % 3 ? F(WORK) : F(INNER);
        stack[rows[i].depth - 1] = F(MAIN);
        if (rows[i].failing) stack[rows[i].failing] = F(NO_TOKEN);
        fake_thread_add(stack, rows[i].depth, NR_S_OK);
        CHECK_EQ(request(&r, &count), NR_S_OK);
        CHECK_EQ(count, 1);
        CHECK_EQ(r->error, rows[i].error);
        CHECK_EQ(r->count, rows[i].count);
        CHECK_EQ(r->functions != NULL, rows[i].error >= 0);
        /* what is left are the frames at the root */
        for (int32_t k = 0; r->functions && k < r->count; k++)
            CHECK_EQ(r->functions[k], stack[rows[i].depth - (size_t)rows[i].count + (size_t)k]);
        CHECK(is_called(F(MAIN), "App.Program", "Main"));
        end();
    }
}

TEST(batches) /* 3.2: 40 at a time; a failure ends the list */
{
    static const uintptr_t stack[] = {F(MAIN)};
    static const struct {
        size_t threads, fails_at;
        int32_t enum_hr, next_hr, count;
    } rows[] = {{0, 0, 0, 0, 0},   {1, 0, 0, 0, 1},   {39, 0, 0, 0, 39},         {40, 0, 0, 0, 40},          {41, 0, 0, 0, 41},
                {80, 0, 0, 0, 80}, {99, 0, 0, 0, 99}, {99, 0, NR_E_FAIL, 0, 0}, {99, 40, 0, NR_E_FAIL, 40}, {99, 0, 0, NR_E_FAIL, 0}};
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        const nrprof_thread_profile *r;
        int32_t count;
        begin();
        for (size_t k = 0; k < rows[i].threads; k++) fake_thread_add(stack, 1, NR_S_OK);
        fake.enum_hr = rows[i].enum_hr;
        fake.next_hr = rows[i].next_hr;
        fake.next_fails_at = rows[i].fails_at;
        CHECK_EQ(request(&r, &count), NR_S_OK);
        CHECK_EQ(count, rows[i].count);
        for (int32_t k = 0; k < count; k++) CHECK_EQ(r[k].thread, 0x1000 + k);
        end();
    }
}

/* ---- names -------------------------------------------------------------------------------------------- */

TEST(names) /* E7; 4.2, 4.4; 5 */
{
    static const uintptr_t stack[] = {F(INNER), F(WORK), F(WORK), F(OTHER), F(GLOBAL), 0, F(MAIN)},
                           asked[] = {F(MAIN), F(OTHER), 0, F(MAIN), F(INNER), 0x99};
    const nrprof_thread_profile *r;
    void *p = NULL;
    int32_t count;
    begin();
    fake_thread_add(stack, NR_COUNT(stack), NR_S_OK);
    CHECK(is_called(F(MAIN), UNKNOWN)); /* the CLR is not asked */
    CHECK_EQ(request(&r, &count), NR_S_OK);
    int calls = fake.metadata_calls;
    CHECK_EQ(calls, 5 * 3); /* five functions; the recursion is not looked up again */
    CHECK_EQ(nr_threads_names(t, asked, 6, &p), NR_S_OK);
    const nrprof_function_name *n = p;
    for (size_t i = 0; i < 6; i++) CHECK_EQ(n[i].function, asked[i]);
    CHECK(named(n[0], "App.Program", "Main") && named(n[3], "App.Program", "Main"));
    CHECK(named(n[1], "Lib.Thing", "Do")); /* the same token in another module */
    CHECK(named(n[2], UNKNOWN) && named(n[5], UNKNOWN));
    CHECK(named(n[4], "WorkerThread", ".ctor"));
    CHECK(is_called(F(GLOBAL), "<Module>", "main"));
    CHECK(is_called(F(WORK), "App.Program", "Work"));
    nr_threads_release(t); /* names stay */
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(request(&r, &count), NR_S_OK);
        nr_threads_release(t);
    }
    CHECK_EQ(fake.metadata_calls, calls); /* known functions are not asked about again */
    CHECK(is_called(F(INNER), "WorkerThread", ".ctor"));
    nr_threads_shutdown(t);
    CHECK(is_called(F(INNER), UNKNOWN));
    end();
}

TEST(name_refusals) /* E7.1 */
{
    const uintptr_t ids[] = {1, 2};
    void *p = &p, *const untouched = p;
    begin();
    CHECK_EQ(nr_threads_names(t, NULL, 1, &p), NR_E_INVALIDARG);
    CHECK_EQ(nr_threads_names(t, ids, 0, &p), NR_E_INVALIDARG);
    CHECK_EQ(nr_threads_names(t, ids, 1, NULL), NR_E_INVALIDARG);
    CHECK_EQ(nr_threads_names(t, ids, -1, &p), NR_E_UNEXPECTED);
    CHECK_EQ(nr_threads_names(t, ids, INT32_MIN, &p), NR_E_UNEXPECTED);
    nr_alloc_fail_at(1, 0);
    CHECK_EQ(nr_threads_names(t, ids, 2, &p), NR_E_OUTOFMEMORY);
    nr_alloc_fail_at(0, 0);
    CHECK(p == untouched);
    CHECK_EQ(nr_threads_names(t, ids, 2, &p), NR_S_OK);
    end();
}

TEST(long_names) /* 1: 1023 units, terminator included */
{
    static const uintptr_t stack[] = {F(LONG)};
    const nrprof_thread_profile *r;
    void *p = NULL;
    int32_t count;
    begin();
    fake_thread_add(stack, 1, NR_S_OK);
    CHECK_EQ(request(&r, &count), NR_S_OK);
    CHECK_EQ(r->error, 0); /* cut off is not failed */
    CHECK_EQ(nr_threads_names(t, stack, 1, &p), NR_S_OK);
    const uint16_t *name = ((nrprof_function_name *)p)->method_name;
    size_t n = 0;
    while (name[n] == 'm') n++;
    CHECK_EQ(n, 1022);
    CHECK_EQ(name[n], 0);
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
    if (!NR_OS_WINDOWS) CHECK_EQ(fake.suspends, 2); /* 2.5 */
    else CHECK_EQ(fake.suspends, 0);
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
        if (o.hr == NR_S_OK) served++;
        else if (o.hr == NR_E_FAIL) refused++;
        else if (o.hr == NR_E_ABORT) aborted++;
        else other_results++;
        if (nr_threads_names(t, ids, 3, &names) != NR_S_OK) other_results++;
        nr_threads_wait_for_sampling(t);
        if (o.hr == NR_S_OK) nr_threads_release(t);
        if (closes && i % 10 == 9) nr_threads_shutdown(t);
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

TESTS(threads, T(refusals), T(no_threads), T(records), T(too_deep), T(batches), T(names), T(name_refusals), T(long_names),
      T(session_log), T(failure_log), T(shutdown_during_request), T(destroyed_threads_wait), T(several_callers),
      T(several_callers_and_shutdowns), T(no_memory), T(bounded_memory))
