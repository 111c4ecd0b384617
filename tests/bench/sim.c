/* bench_sim LIBRARY OPERATION... - drives a profiler library in the simulated CLR, for counting what its parts cost.
 *
 * Operations, carried out in this order:
 *   env NAME=VALUE       sets a variable
 *   attach               loads the library and initialises it; its answer is printed
 *   load FILE N          loads an assembly N times; what is said about methods is about the last one
 *   jit FIRST LAST       compiles methods by row
 *   search FIRST LAST    asks whether the code that their image has for methods may be used
 *   inline ROW N         asks N times whether a method may be inlined
 *   call EXPORT          calls an exported function without arguments
 *   mark NAME N          ends a measurement that began at the last mark: N is what it is to be divided by
 *   pause, resume        callgrind does not look at what is between them, which is ten times as fast then
 *
 * Prints for each mark its name, N and nanoseconds. Under callgrind each mark writes a dump with its name. */
#include "nrsim.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <valgrind/callgrind.h>

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "bench_sim: %s: %s\n", what, why);
    return 1;
}

typedef struct bench {
    nr_sim *sim;
    const char *library;
    uintptr_t module;
    int64_t begin;
} bench;

/* One operation, read before any is carried out: what is counted is the profiler's, and not the reading of numbers. */
typedef struct step {
    int (*carry_out)(bench *b, const struct step *s);
    char *text; /* the first argument */
    uint32_t first, second;
    const char *count; /* the second one */
} step;

static uint32_t method(uint32_t row)
{
    return 0x06000000 | row;
}

static int do_env(bench *b, const step *s)
{
    (void)b;
    return putenv(s->text);
}

static int do_attach(bench *b, const step *s)
{
    (void)s;
    printf("# attach: 0x%08x\n", (unsigned)nr_sim_attach(b->sim, b->library));
    return 0;
}

static int do_load(bench *b, const step *s)
{
    int32_t hr;
    for (uint32_t i = 0; i < s->second; i++) {
        b->module = nr_sim_load(b->sim, s->text, &hr);
        if (!b->module) return fail(s->text, nr_sim_message(b->sim));
    }
    return 0;
}

static int do_jit(bench *b, const step *s)
{
    for (uint32_t row = s->first; row <= s->second; row++) nr_sim_jit(b->sim, b->module, method(row));
    return 0;
}

static int do_search(bench *b, const step *s)
{
    bool used;
    for (uint32_t row = s->first; row <= s->second; row++) nr_sim_precompiled(b->sim, b->module, method(row), &used);
    return 0;
}

static int do_inline(bench *b, const step *s)
{
    bool yes;
    for (uint32_t i = 0; i < s->second; i++) nr_sim_inline(b->sim, b->module, method(1), method(s->first), &yes);
    return 0;
}

static int do_call(bench *b, const step *s)
{
    printf("# %s: 0x%08x\n", s->text, (unsigned)nr_sim_call(b->sim, s->text));
    return 0;
}

static int do_mark(bench *b, const step *s)
{
    int64_t took = now() - b->begin;
    CALLGRIND_DUMP_STATS_AT(s->text);
    printf("%s %s %lld\n", s->text, s->count, (long long)took);
    b->begin = now();
    CALLGRIND_ZERO_STATS;
    return 0;
}

static int do_pause(bench *b, const step *s)
{
    (void)b, (void)s;
    CALLGRIND_STOP_INSTRUMENTATION;
    return 0;
}

static int do_resume(bench *b, const step *s)
{
    (void)b, (void)s;
    CALLGRIND_START_INSTRUMENTATION;
    return 0;
}

static const struct {
    const char *name;
    int arguments;
    int (*carry_out)(bench *, const step *);
} operations[] = {
    {"env", 1, do_env},       {"attach", 0, do_attach}, {"load", 2, do_load}, {"jit", 2, do_jit},
    {"search", 2, do_search}, {"inline", 2, do_inline}, {"call", 1, do_call}, {"mark", 2, do_mark},
    {"pause", 0, do_pause},   {"resume", 0, do_resume},
};

/* The operation at words[0], of which `left` are there, and how many of them it takes; 0: there is no such operation. */
static int read_step(char **words, int left, step *s)
{
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        int n = operations[i].arguments;
        if (strcmp(words[0], operations[i].name) || n >= left) continue;
        s->carry_out = operations[i].carry_out;
        s->text = n > 0 ? words[1] : NULL;
        s->count = n > 1 ? words[2] : NULL;
        s->first = n > 0 ? (uint32_t)strtoul(words[1], NULL, 10) : 0;
        s->second = n > 1 ? (uint32_t)strtoul(words[2], NULL, 10) : 0;
        return n + 1;
    }
    return 0;
}

enum { STEPS = 256 };

int main(int argc, char **argv)
{
    static step steps[STEPS];
    const nr_sim_options options = {.quiet = true, .keep_library = true};
    bench b = {nr_sim_create(&options), argc > 1 ? argv[1] : NULL, 0, 0};
    int count = 0, rc = 0;
    if (argc < 2 || !b.sim) return fail("usage", "bench_sim LIBRARY OPERATION...");
    for (int i = 2, n; i < argc; i += n) {
        n = count < STEPS ? read_step(argv + i, argc - i, &steps[count++]) : 0;
        if (n == 0) return fail(argv[i], "no such operation, without its arguments, or one too many");
    }
    CALLGRIND_ZERO_STATS;
    b.begin = now();
    for (int i = 0; rc == 0 && i < count; i++) rc = steps[i].carry_out(&b, &steps[i]);
    nr_sim_destroy(b.sim);
    return rc;
}
