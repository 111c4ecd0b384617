/* bench_sim LIBRARY OPERATION... - drives a profiler library in the simulated CLR, for counting what its parts cost.
 *
 * Operations, carried out in this order:
 *   env NAME=VALUE       sets a variable
 *   attach               loads the library and initialises it; its answer is printed
 *   load FILE            loads an assembly; jit and inline are about the last one
 *   jit FIRST LAST       compiles methods by row
 *   inline N             asks N times whether method 1 may be inlined
 *   call EXPORT          calls an exported function without arguments
 *   mark NAME N          ends a measurement that began at the last mark: N is what it is to be divided by
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

static int jit(bench *b, uint32_t first, uint32_t last)
{
    for (uint32_t row = first; row <= last; row++) nr_sim_jit(b->sim, b->module, 0x06000000 | row);
    return 0;
}

static int ask_inline(bench *b, long times)
{
    bool yes;
    for (long i = 0; i < times; i++) nr_sim_inline(b->sim, b->module, 0x06000001, 0x06000001, &yes);
    return 0;
}

static void mark(bench *b, const char *name, const char *count)
{
    printf("%s %s %lld\n", name, count, (long long)(now() - b->begin));
    CALLGRIND_DUMP_STATS_AT(name);
    CALLGRIND_ZERO_STATS;
    b->begin = now();
}

/* Number of arguments of an operation; -1: there is no such operation. */
static int arguments_of(const char *operation)
{
    static const struct {
        const char *name;
        int arguments;
    } known[] = {{"env", 1}, {"attach", 0}, {"load", 1}, {"jit", 2}, {"inline", 1}, {"call", 1}, {"mark", 2}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (!strcmp(operation, known[i].name)) return known[i].arguments;
    }
    return -1;
}

static int carry_out(bench *b, char **words)
{
    const char *operation = words[0];
    if (!strcmp(operation, "env")) return putenv(words[1]);
    if (!strcmp(operation, "mark")) return mark(b, words[1], words[2]), 0;
    if (!strcmp(operation, "attach")) {
        printf("# attach: 0x%08x\n", (unsigned)nr_sim_attach(b->sim, b->library));
        return 0;
    }
    if (!strcmp(operation, "load")) {
        int32_t hr;
        b->module = nr_sim_load(b->sim, words[1], &hr);
        return b->module ? 0 : fail(words[1], nr_sim_message(b->sim));
    }
    if (!strcmp(operation, "jit"))
        return jit(b, (uint32_t)strtoul(words[1], NULL, 10), (uint32_t)strtoul(words[2], NULL, 10));
    if (!strcmp(operation, "inline")) return ask_inline(b, strtol(words[1], NULL, 10));
    printf("# %s: 0x%08x\n", words[1], (unsigned)nr_sim_call(b->sim, words[1]));
    return 0;
}

int main(int argc, char **argv)
{
    const nr_sim_options options = {.quiet = true, .keep_library = true};
    bench b = {nr_sim_create(&options), argc > 1 ? argv[1] : NULL, 0, 0};
    int rc = 0;
    if (argc < 2 || !b.sim) return fail("usage", "bench_sim LIBRARY OPERATION...");
    CALLGRIND_ZERO_STATS;
    b.begin = now();
    for (int i = 2; rc == 0 && i < argc;) {
        int n = arguments_of(argv[i]);
        if (n < 0 || i + n >= argc) rc = fail(argv[i], "no such operation, or without its arguments");
        if (rc == 0) rc = carry_out(&b, argv + i);
        i += n + 1;
    }
    nr_sim_destroy(b.sim);
    return rc;
}
