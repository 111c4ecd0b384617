/* stopwatch.c - a profiler that passes every callback on to another one and measures how long the other takes.
 *
 * STOPWATCH_LIBRARY is the other one. When the process ends, STOPWATCH_FILE gets a line "NAME CALLS NANOSECONDS" for each callback
 * that was made. A callback inside another counts for the outer one: all figures together are the time inside the library,
 * what the CLR does for it there included. Wall time: for machines that are idle. x86-64 Linux. */
#include "clr/abi.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define EXPORT __attribute__((visibility("default")))

typedef uintptr_t word;
typedef word (*method)(void *, word, word, word, word, word);

static const char *const names[] = {
#define X(result, name, words, args) #name,
    NR_SLOTS_ICorProfilerCallback11(X)
#undef X
};
enum { SLOTS = sizeof names / sizeof names[0] };

static struct {
    atomic_llong calls, nanoseconds;
} figures[SLOTS];
static const method **inner;
static _Thread_local int depth;
static long long of_the_clock; /* what reading it twice takes */

static long long now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* No callback that these profilers ask for has more than five arguments: all of them travel in registers. */
static word pass(int slot, word a, word b, word c, word d, word e)
{
    long long begin = now();
    depth++;
    word result = (*inner)[slot](inner, a, b, c, d, e);
    if (--depth == 0) {
        atomic_fetch_add_explicit(&figures[slot].calls, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&figures[slot].nanoseconds, now() - begin - of_the_clock, memory_order_relaxed);
    }
    return result;
}

#define X(result, name, words, args) \
    static word pass_##name(void *self, word a, word b, word c, word d, word e) \
    { \
        (void)self; \
        return pass(NR_SLOT(ICorProfilerCallback11, name), a, b, c, d, e); \
    }
NR_SLOTS_ICorProfilerCallback11(X)
#undef X
    static const method slots[] = {
#define X(result, name, words, args) pass_##name,
        NR_SLOTS_ICorProfilerCallback11(X)
#undef X
};
static method own_slots[SLOTS];
static const method *object = own_slots;

/* The other one's object answers for all versions of the interface with itself; so does this one. */
static word query(void *self, word iid, word out, word c, word d, word e)
{
    void **result = (void **)out;
    int32_t hr = (int32_t)(*inner)[0](inner, iid, out, c, d, e);
    if (hr < 0) return (word)hr;
    if (*result != (void *)inner) return (word)NR_E_NOINTERFACE;
    *result = self;
    return (word)hr;
}

static const nr_guid *wanted_class;

static int32_t create(void *self, void *outer, const nr_guid *iid, void **out)
{
    int32_t (*get)(const nr_guid *, const nr_guid *, void **) = NULL;
    void *library = dlopen(getenv("STOPWATCH_LIBRARY"), RTLD_LAZY | RTLD_LOCAL);
    nr_IClassFactory *factory = NULL;
    void *made = NULL;
    (void)self;
    if (library) *(void **)&get = dlsym(library, "DllGetClassObject");
    if (!get || get(wanted_class, &nr_iid_IClassFactory, (void **)&factory) < 0) return NR_E_FAIL;
    int32_t hr = NR_CALL(factory, CreateInstance, outer, iid, &made);
    if (hr < 0) return hr;
    inner = made;
    for (int i = 0; i < SLOTS; i++) own_slots[i] = slots[i];
    own_slots[0] = query;
    long long begin = now();
    for (int i = 0; i < 1000; i++) now();
    of_the_clock = (now() - begin) / 1000;
    *out = &object;
    return NR_S_OK;
}

static int32_t itself(void *self, const nr_guid *iid, void **out)
{
    (void)iid;
    *out = self;
    return NR_S_OK;
}

static uint32_t one(void *self)
{
    (void)self;
    return 1;
}

static int32_t lock(void *self, int32_t yes)
{
    (void)self, (void)yes;
    return NR_S_OK;
}

static const nr_IClassFactory_vtbl factory_slots = {itself, one, one, create, lock};
static const nr_IClassFactory_vtbl *own_factory = &factory_slots;

EXPORT int32_t DllGetClassObject(const nr_guid *clsid, const nr_guid *iid, void **out)
{
    static nr_guid copy;
    (void)iid;
    copy = *clsid;
    wanted_class = &copy;
    *out = &own_factory;
    return NR_S_OK;
}

__attribute__((destructor)) static void report(void)
{
    const char *path = getenv("STOPWATCH_FILE");
    FILE *f = path && inner ? fopen(path, "w") : NULL;
    if (!f) return;
    for (int i = NR_SLOT(ICorProfilerCallback, Initialize); i < SLOTS; i++) {
        if (figures[i].calls)
            fprintf(f, "%s %lld %lld\n", names[i], (long long)figures[i].calls, (long long)figures[i].nanoseconds);
    }
    fclose(f);
}
