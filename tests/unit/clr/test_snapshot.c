/* What one sampling finds. Numbers are those of reference/thread-profiler.md and, with an E, of reference/exports.md. */
#include "base/compiler.h"
#include "session.h"

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
        {method, 2, NR_S_OK, true, NR_E_FAIL, false}, /* the last failure */
        {import, 1, NR_S_OK, true, 0, true},          /* no metadata is no failure */
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
        {1305, 0, 0, 1305},   {1336, 0, 0, 1336},     {1337, 0, 0, 1337},      {1338, 0, 1, 1},
        {1505, 0, 1, 168},    {2 * 1337, 0, 1, 1337}, {2 * 1337 + 5, 0, 1, 5}, {1337, 1335, NR_E_INVALIDARG, 1337},
        {1500, 3, 1, 163},    /* a failure before, forgotten */
        {1500, 1400, 1, 163}, /* a failure after, not heard */
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
    } rows[] = {{0, 0, 0, 0, 0},         {1, 0, 0, 0, 1},          {39, 0, 0, 0, 39},
                {40, 0, 0, 0, 40},       {41, 0, 0, 0, 41},        {80, 0, 0, 0, 80},
                {99, 0, 0, 0, 99},       {99, 0, NR_E_FAIL, 0, 0}, {99, 40, 0, NR_E_FAIL, 40},
                {99, 0, 0, NR_E_FAIL, 0}};
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

TESTS(snapshot, T(records), T(too_deep), T(batches), T(names), T(name_refusals), T(long_names))
