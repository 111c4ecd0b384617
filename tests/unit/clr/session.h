/* session.h - a thread profiler over a CLR of ten functions. Static functions: include it where it is used. */
#ifndef NR_TESTS_CLR_SESSION_H
#define NR_TESTS_CLR_SESSION_H

#include "base/alloc.h"
#include "clr/threads.h"
#include "fake_info.h"
#include "os/lock_order.h"
#include "test.h"

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
    if (t) nr_mutex_set_rank(&t->sampling, NR_LOCK_REFRESH);
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

#endif
