/* slots.c - every slot of the profiler's callback interface is called, by several threads at once. */
#include "sim/sim.h"

#include "os/map.h"
#include "os/os.h"

#include <stdatomic.h>
#include <stdio.h>

enum { MOST_THREADS = 16, MOST_WORDS = 8, OUT_BYTES = 64, FILL = 0xA5 };

typedef struct slot {
    const char *name;
    size_t words; /* the object included */
    size_t out;   /* bytes that it may write at any of its arguments */
} slot;

/* A BOOL, but for QueryInterface. */
static const slot slots[] = {
#define X(result, name, words, args) {#name, (words) + 1, 4},
    NR_SLOTS_ICorProfilerCallback4(X)
#undef X
};

typedef struct caller {
    nr_thread thread;
    nr_sim *sim;
    unsigned rounds;
    atomic_uint *calls;
    char wrong[128]; /* "": nothing */
} caller;

/* Those with which a CLR begins and ends have their own functions. */
static bool is_left_out(size_t i)
{
    return i == NR_SLOT(ICorProfilerCallback4, Initialize) || i == NR_SLOT(ICorProfilerCallback4, Shutdown) ||
           i == NR_SLOT(ICorProfilerCallback4, InitializeForAttach);
}

static void call_slot(caller *c, size_t i)
{
    nr_ICorProfilerCallback4 *callback = c->sim->callback;
    void (*method)(void);
    uint8_t out[OUT_BYTES];
    uintptr_t words[MOST_WORDS];
    intptr_t moved = 0;
    size_t may_write = i == NR_SLOT(ICorProfilerCallback4, QueryInterface) ? sizeof(void *) : slots[i].out;
    memset(out, FILL, sizeof out);
    /* No id of this CLR, and where something is written to, memory that can be looked at. */
    for (size_t w = 0; w < MOST_WORDS; w++) words[w] = (uintptr_t)out;
    words[0] = (uintptr_t)callback;
    memcpy(&method, (const uint8_t *)(const void *)callback->vtbl + i * sizeof method, sizeof method);
    nr_os_call_method(method, words, slots[i].words, &moved);
    atomic_fetch_add(c->calls, 1);
    if (moved && !c->wrong[0])
        snprintf(c->wrong, sizeof c->wrong, "%s: the stack pointer was off by %ld bytes", slots[i].name, (long)moved);
    for (size_t b = may_write; b < sizeof out; b++)
        if (out[b] != FILL && !c->wrong[0])
            snprintf(c->wrong, sizeof c->wrong, "%s: wrote behind %zu bytes", slots[i].name, may_write);
}

static void call_all(void *self)
{
    caller *c = self;
    for (unsigned round = 0; round < c->rounds; round++)
        for (size_t i = 0; i < NR_COUNT(slots); i++)
            if (!is_left_out(i)) call_slot(c, i);
}

unsigned nr_sim_call_slots(nr_sim *sim, unsigned threads, unsigned rounds)
{
    static caller callers[MOST_THREADS];
    atomic_uint calls = 0;
    unsigned started = 0;
    sim->message[0] = 0;
    if (!sim->attached || !sim->callback || threads == 0 || threads > MOST_THREADS) {
        snprintf(sim->message, sizeof sim->message, "there is no profiler, or not 1 to %d threads", MOST_THREADS);
        return 0;
    }
    for (; started < threads; started++) {
        callers[started] = (caller){.sim = sim, .rounds = rounds, .calls = &calls};
        if (!nr_thread_start(&callers[started].thread, call_all, &callers[started])) break;
    }
    for (unsigned i = 0; i < started; i++) nr_thread_join(&callers[i].thread);
    if (started < threads) snprintf(sim->message, sizeof sim->message, "only %u threads could be started", started);
    for (unsigned i = 0; i < started; i++)
        if (callers[i].wrong[0]) snprintf(sim->message, sizeof sim->message, "%s", callers[i].wrong);
    return atomic_load(&calls);
}
