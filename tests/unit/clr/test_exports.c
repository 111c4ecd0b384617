/* The exports before Initialize, after an attach and after Shutdown (exports.md section 2; com-and-lifecycle.md). */
#include "nrprof_agent.h"

#include "base/alloc.h"
#include "base/compiler.h"
#include "clr/profiler.h"
#include "fake_info.h"
#include "test.h"

static const fake_function functions[] = {{"Program", "Main", 0, 0x02000002, 0, 0, 0, false, 0}, {0}};

/* What every export answers; out values must stay as they are unless the call succeeds. */
static void check_all(int32_t live, int32_t profile, int32_t names, uintptr_t thread)
{
    void *p = &p, *const untouched = p;
    int32_t n = 77;
    const uintptr_t id = 5;
    CHECK_EQ(InstrumentationRefresh(), live);
    CHECK_EQ(ReloadConfiguration(), live);
    CHECK_EQ(AddCustomInstrumentation("name", "<extension/>"), live);
    CHECK_EQ(AddCustomInstrumentation(NULL, NULL), live);
    CHECK_EQ(ApplyCustomInstrumentation(), live);
    CHECK_EQ(RequestProfile(&p, &n), profile);
    CHECK(n == 77 && p == untouched);
    ReleaseProfile();
    CHECK_EQ(RequestFunctionNames(&id, 1, &p), names);
    CHECK_EQ(p == untouched, names < 0);
    ShutdownThreadProfiler();
    CHECK_EQ(GetCurrentExecutionEngineThreadId(), thread);
}

TEST(without_a_profiler)
{
    CHECK(nr_profiler_current() == NULL);
    check_all(NR_E_FAIL, NR_E_UNEXPECTED, NR_E_UNEXPECTED, 0);
    CHECK_EQ(RequestProfile(NULL, NULL), NR_E_UNEXPECTED); /* said before the pointers are looked at */
    CHECK_EQ(RequestFunctionNames(NULL, 0, NULL), NR_E_UNEXPECTED);
}

static nr_ICorProfilerCallback4 *profiler(void)
{
    nr_profiler *p = nr_profiler_new();
    p->vtbl->AddRef(p);
    return (nr_ICorProfilerCallback4 *)(void *)p;
}

TEST(attached_only) /* a profiler object that was never initialised */
{
    nr_ICorProfilerCallback4 *p = profiler();
    check_all(NR_E_FAIL, NR_E_UNEXPECTED, NR_S_OK, 0); /* names: all unknown, as ever */
    CHECK_EQ(NR_CALL(p, ThreadDestroyed, 1), NR_S_OK);
    CHECK_EQ(NR_CALL0(p, Shutdown), NR_S_OK);
    CHECK_EQ(NR_CALL0(p, Release), 0);
    CHECK(nr_profiler_current() == NULL);
}

TEST(profile_and_shutdown)
{
    static const uintptr_t stack[] = {FUNCTION_ID};
    nr_alloc_count(1);
    nr_ICorProfilerCallback4 *p = profiler();
    void *records = NULL;
    int32_t n = 0;
    fake_reset(functions);
    fake.references = 2; /* on the two interfaces below */
    nr_profiler_current()->info = (nr_ICorProfilerInfo4 *)(void *)&fake.info;
    nr_profiler_current()->info10 = &fake.info;
    fake_thread_add(stack, 1, NR_S_OK);
    CHECK_EQ(GetCurrentExecutionEngineThreadId(), 0x1234);
    fake.initialize_hr = NR_E_FAIL;
    CHECK_EQ(GetCurrentExecutionEngineThreadId(), 0); /* E9: a failure is 0 */
    fake.initialize_hr = NR_S_OK;
    for (int round = 0; round < 3; round++) {
        CHECK_EQ(RequestProfile(&records, &n), NR_S_OK);
        CHECK_EQ(n, 1);
        CHECK_EQ(RequestProfile(&records, &n), NR_E_FAIL);
        CHECK_EQ(((nrprof_thread_profile *)records)->functions[0], FUNCTION_ID);
        CHECK_EQ(RequestFunctionNames(stack, 1, &records), NR_S_OK);
        CHECK_EQ(((nrprof_function_name *)records)->method_name[0], 'M');
        CHECK_EQ(NR_CALL(p, ThreadDestroyed, 0x1000), NR_S_OK);
        if (round == 0)
            ReleaseProfile();
        else if (round == 1)
            ShutdownThreadProfiler(); /* frees the profile, too */
        else
            CHECK_EQ(NR_CALL0(p, Shutdown), NR_S_OK);
    }
    CHECK_EQ(fake.initialized, 2); /* the first two rounds share a worker */
    /* The object outlives Shutdown, and so do its functions. */
    CHECK_EQ(RequestProfile(&records, &n), NR_S_OK);
    /* A runtime that goes without another Shutdown: the worker ends all the same. */
    CHECK_EQ(NR_CALL0(p, Release), 0);
    CHECK_EQ(nr_alloc_live(), 0);
    nr_alloc_count(0);
    CHECK_EQ(fake.references, 0);
    CHECK_EQ(fake.suspended, 0);
    CHECK_EQ(RequestProfile(&records, &n), NR_E_UNEXPECTED);
}

TESTS(exports, T(without_a_profiler), T(attached_only), T(profile_and_shutdown))
