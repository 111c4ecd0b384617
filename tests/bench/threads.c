/* bench_threads MILLISECONDS THREADS... - JIT callbacks for methods that no rule is about, on several threads at once.
 *
 * The engine over a CLR that answers without touching memory that threads share, so that what is measured is the engine's own.
 * Prints for each number of threads the callbacks per second of all of them together. */
#include "base/log.h"
#include "engine/engine.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MOST_THREADS = 64, BATCH = 1000 };

static int32_t function_info(void *rt, uintptr_t function, uintptr_t *class_id, uintptr_t *module, uint32_t *token)
{
    (void)rt;
    *class_id = 0;
    *module = 0x1000 + (function & 7) * 0x1000;
    *token = 0x06000000 | (uint32_t)(function >> 3 & 0xFFFF);
    return NR_HR_OK;
}

static int32_t module_assembly(void *rt, uintptr_t module, uintptr_t *assembly)
{
    (void)rt;
    *assembly = module;
    return NR_HR_OK;
}

static int32_t assembly_info(void *rt, nr_arena *arena, uintptr_t assembly, nr_str *name, uintptr_t *app_domain)
{
    (void)rt;
    *app_domain = 1;
    *name = nr_arena_printf(arena, "System.Bench%u", (unsigned)(assembly >> 12));
    return name->p ? NR_HR_OK : NR_HR_NO_MEMORY;
}

static uint32_t module_flags(void *rt, uintptr_t module)
{
    (void)rt, (void)module;
    return 0;
}

static const nr_runtime_ops ops = {.function_info = function_info,
                                   .module_assembly = module_assembly,
                                   .assembly_info = assembly_info,
                                   .module_flags = module_flags};

static nr_engine *engine;
static atomic_bool stop;

typedef struct worker {
    pthread_t thread;
    unsigned long done;
    char pad[64];
} worker;

static void *work(void *self)
{
    worker *w = self;
    unsigned long done = 0;
    for (uintptr_t f = 0; !atomic_load_explicit(&stop, memory_order_relaxed); f += BATCH) {
        for (uintptr_t i = 0; i < BATCH; i++) nr_engine_jit_started(engine, f + i);
        done += BATCH;
    }
    w->done = done;
    return NULL;
}

static double run(unsigned threads, long milliseconds)
{
    static worker workers[MOST_THREADS];
    struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000}, begin, end;
    unsigned long done = 0;
    atomic_store(&stop, false);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (unsigned i = 0; i < threads; i++) pthread_create(&workers[i].thread, NULL, work, &workers[i]);
    nanosleep(&pause, NULL);
    atomic_store(&stop, true);
    for (unsigned i = 0; i < threads; i++) pthread_join(workers[i].thread, NULL);
    clock_gettime(CLOCK_MONOTONIC, &end);
    for (unsigned i = 0; i < threads; i++) done += workers[i].done;
    return (double)done / ((double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
}

int main(int argc, char **argv)
{
    const nr_runtime runtime = {&ops, NULL, true};
    const nr_extension_files no_files = {{NULL, 0}, {NULL, 0}};
    const nr_ignore_list no_ignore = {NULL, 0};
    const nr_str none = {NULL, 0};
    const nr_log_settings quiet = {NR_ERROR, false, false, false, false};
    nr_log_configure(&quiet);
    nr_generation *g = nr_generation_load(none, &no_files, NULL, 0, &no_ignore);
    engine = g ? nr_engine_new(&runtime, NR_STR(""), g) : NULL;
    if (argc < 3 || !engine) return fprintf(stderr, "usage: bench_threads MILLISECONDS THREADS...\n"), 1;
    for (int i = 2; i < argc; i++) {
        unsigned threads = (unsigned)strtoul(argv[i], NULL, 10);
        if (threads > 0 && threads <= MOST_THREADS)
            printf("%u %.0f\n", threads, run(threads, strtol(argv[1], NULL, 10)));
    }
    nr_engine_free(engine);
    return 0;
}
