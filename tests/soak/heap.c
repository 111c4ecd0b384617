/* heap.so, for LD_PRELOAD: who holds how much of the C heap. Each second a line goes to the file that SOAK_HEAP names:
 *
 *     libcoreclr.so 98961 libNewRelicProfiler.so 672731 ...
 *
 * the bytes that each library has asked for and not given back, by the address that called malloc, or C++'s operator new. For the soak test: what a
 * process grows by is the profiler's, or it is not. glibc only; the program and what it starts must not fork without exec. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *p);

enum { BUCKETS = 1 << 17, BLOCKS = 1 << 21, CALLERS = 1 << 14, LIBRARIES = 256 };

/* A block that is in use. Those of a bucket, and those that are free, are chained by index; 0 ends a chain. */
typedef struct block {
    uintptr_t address;
    size_t size;
    uint32_t caller, next;
} block;

typedef struct caller {
    uintptr_t address;
    size_t bytes;
    unsigned library; /* + 1; 0: not asked yet */
} caller;

static block blocks[BLOCKS]; /* pages that are never used cost nothing */
static caller callers[CALLERS];
static uint32_t buckets[BUCKETS], blocks_used = 1, free_blocks;
static size_t not_counted; /* blocks beyond the table */
static atomic_flag busy = ATOMIC_FLAG_INIT;

static void lock(void)
{
    while (atomic_flag_test_and_set_explicit(&busy, memory_order_acquire)) sched_yield();
}

static void unlock(void)
{
    atomic_flag_clear_explicit(&busy, memory_order_release);
}

static uint32_t hash(uintptr_t address, uint32_t size)
{
    return (uint32_t)(((address >> 1) * UINT64_C(0x9E3779B97F4A7C15)) >> 40) & (size - 1);
}

static uint32_t caller_of(uintptr_t address)
{
    uint32_t i = hash(address, CALLERS);
    for (uint32_t tries = 0; callers[i].address && callers[i].address != address && tries < CALLERS; tries++)
        i = (i + 1) & (CALLERS - 1);
    callers[i].address = address;
    return i;
}

static void *taken(void *p, size_t size, void *by)
{
    if (!p) return p;
    lock();
    uint32_t i = free_blocks;
    if (i)
        free_blocks = blocks[i].next;
    else if (blocks_used < BLOCKS)
        i = blocks_used++;
    if (i) {
        uint32_t *bucket = &buckets[hash((uintptr_t)p, BUCKETS)];
        blocks[i] = (block){(uintptr_t)p, size, caller_of((uintptr_t)by), *bucket};
        *bucket = i;
        callers[blocks[i].caller].bytes += size;
    } else {
        not_counted++;
    }
    unlock();
    return p;
}

static void given_back(void *p)
{
    if (!p) return;
    lock();
    uint32_t *at = &buckets[hash((uintptr_t)p, BUCKETS)];
    while (*at && blocks[*at].address != (uintptr_t)p) at = &blocks[*at].next;
    uint32_t i = *at;
    if (i) {
        *at = blocks[i].next;
        callers[blocks[i].caller].bytes -= blocks[i].size;
        blocks[i].next = free_blocks;
        free_blocks = i;
    }
    unlock();
}

#define CALLER __builtin_return_address(0)

void *malloc(size_t size)
{
    return taken(__libc_malloc(size), size, CALLER);
}

void *calloc(size_t count, size_t size)
{
    return taken(__libc_calloc(count, size), count * size, CALLER);
}

/* What is moved without being counted in between could be given to another thread meanwhile, so it is taken out first. */
void *realloc(void *p, size_t size)
{
    given_back(p);
    return taken(__libc_realloc(p, size), size, CALLER);
}

void free(void *p)
{
    given_back(p);
    __libc_free(p);
}

void *memalign(size_t alignment, size_t size)
{
    return taken(__libc_memalign(alignment, size), size, CALLER);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return taken(__libc_memalign(alignment, size), size, CALLER);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *p = __libc_memalign(alignment, size);
    if (p) *out = taken(p, size, CALLER);
    return p ? 0 : ENOMEM;
}

/* operator new and new[]: they would call malloc from libstdc++, whoever wants the memory. They may not return NULL. */
void *_Znwm(size_t size)
{
    void *p = __libc_malloc(size ? size : 1);
    if (!p) abort();
    return taken(p, size, CALLER);
}

void *_Znam(size_t size)
{
    void *p = __libc_malloc(size ? size : 1);
    if (!p) abort();
    return taken(p, size, CALLER);
}

/* The same with std::nothrow */
void *_ZnwmRKSt9nothrow_t(size_t size, const void *nothrow)
{
    (void)nothrow;
    return taken(__libc_malloc(size ? size : 1), size, CALLER);
}

void *_ZnamRKSt9nothrow_t(size_t size, const void *nothrow)
{
    (void)nothrow;
    return taken(__libc_malloc(size ? size : 1), size, CALLER);
}

/* ---- the lines --------------------------------------------------------------------------------------------- */

static char names[LIBRARIES][64];
static size_t library_bytes[LIBRARIES];
static unsigned library_count;

static unsigned library_of(uintptr_t address)
{
    Dl_info info;
    const char *name = dladdr((void *)address, &info) && info.dli_fname ? info.dli_fname : "unknown";
    name = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
    unsigned i = 0;
    while (i < library_count && strncmp(names[i], name, sizeof names[i] - 1) != 0) i++;
    if (i == library_count && library_count < LIBRARIES - 1)
        snprintf(names[library_count++], sizeof names[i], "%s", name);
    return i;
}

static void *report(void *unused)
{
    FILE *out = fopen(getenv("SOAK_HEAP"), "w");
    (void)unused;
    for (; out; nanosleep(&(struct timespec){.tv_sec = 1}, NULL)) {
        memset(library_bytes, 0, sizeof library_bytes);
        for (uint32_t i = 0; i < CALLERS; i++) {
            if (!callers[i].address) continue;
            if (!callers[i].library) callers[i].library = library_of(callers[i].address) + 1;
            library_bytes[callers[i].library - 1] += callers[i].bytes;
        }
        for (unsigned i = 0; i < library_count; i++) fprintf(out, "%s %zu ", names[i], library_bytes[i]);
        fprintf(out, "uncounted %zu\n", not_counted);
        fflush(out);
    }
    return NULL;
}

__attribute__((constructor)) static void begin(void)
{
    pthread_t thread;
    if (getenv("SOAK_HEAP")) pthread_create(&thread, NULL, report, NULL);
}
