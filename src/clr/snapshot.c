#include "clr/snapshot.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/log.h"

enum { THREAD_BATCH = 40, SNAPSHOT_DEFAULT = 0 /* COR_PRF_SNAPSHOT_DEFAULT */ };

typedef struct nr_frame {
    uintptr_t function;
    bool named;                          /* the names below are those of `function` */
    uint32_t type_length, method_length; /* terminator included, of the whole name */
    uint16_t type[NR_SNAPSHOT_NAME_UNITS], method[NR_SNAPSHOT_NAME_UNITS];
} nr_frame;

struct nr_walk {
    nr_ICorProfilerInfo4 *info;
    const nr_names *names;
    int32_t count, error;
    nr_frame frames[NR_SNAPSHOT_FRAMES];
};

nr_walk *nr_walk_new(void)
{
    return nr_alloc(NULL, 0, sizeof(nr_walk));
}

void nr_walk_free(nr_walk *walk)
{
    nr_free(walk, sizeof *walk);
}

void nr_profile_free(nr_profile *profile)
{
    nr_arena_free(&profile->arena);
    memset(profile, 0, sizeof *profile);
}

/* ---- the callback ----------------------------------------------------------------------------- */

/* While this runs the sampled thread is suspended, on Linux all of them are; it may hold the heap's lock or the log's.
 * So nothing here allocates, locks or logs. */
static int32_t read_names(nr_ICorProfilerInfo4 *info, nr_frame *f)
{
    void *found = NULL;
    uint32_t method = 0, type = 0;
    int32_t hr = NR_CALL(info, GetTokenAndMetaDataFromFunction, f->function, &nr_iid_IMetaDataImport2, &found, &method);
    nr_IMetaDataImport2 *import = found;
    if (NR_FAILED(hr) || !import) return hr;
    hr = NR_CALL(import, GetMethodProps, method, &type, f->method, NR_SNAPSHOT_NAME_UNITS, &f->method_length, NULL,
                 NULL, NULL, NULL, NULL);
    /* Always asked for. A cache by token, as the reference has, takes one module's type for another's. */
    if (!NR_FAILED(hr))
        hr = NR_CALL(import, GetTypeDefProps, type, f->type, NR_SNAPSHOT_NAME_UNITS, &f->type_length, NULL, NULL);
    f->named = !NR_FAILED(hr) && type != 0;
    nr_release(import);
    return hr;
}

/* StackSnapshotCallback */
static int32_t NR_COM on_frame(uintptr_t function, uintptr_t ip, uintptr_t frame_info, uint32_t context_size,
                               uint8_t *context, void *client)
{
    nr_walk *w = client;
    (void)ip, (void)frame_info, (void)context_size, (void)context;
    if (w->count == NR_SNAPSHOT_FRAMES) {
        /* Leaves may be lost, the root must not: it is what the call tree grows from. */
        w->count = 0;
        w->error = NR_SNAPSHOT_TOO_DEEP;
    }
    nr_frame *f = &w->frames[w->count];
    f->function = function;
    f->named = false;
    /* In a recursion the frame before has just said it all. */
    bool again = w->count > 0 && f[-1].function == function;
    if (function && !again && !nr_names_get(w->names, function)) {
        int32_t hr = read_names(w->info, f);
        if (NR_FAILED(hr) && w->error != NR_SNAPSHOT_TOO_DEEP) w->error = hr;
    }
    w->count++;
    return NR_S_OK;
}

/* ---- threads ------------------------------------------------------------------------------------ */

/* All managed threads, the calling one included. False: no memory. */
static bool list_threads(nr_ICorProfilerInfo4 *info, nr_buf *ids)
{
    uintptr_t batch[THREAD_BATCH];
    void *found = NULL;
    if (NR_FAILED(NR_CALL(info, EnumThreads, &found)) || !found) {
        NR_LOG(NR_ERROR, "TP: GetThreads: Could not get thread enumerator");
        return true;
    }
    nr_ICorProfilerThreadEnum *threads = found;
    int32_t hr;
    uint32_t fetched;
    do {
        fetched = 0;
        hr = NR_CALL(threads, Next, THREAD_BATCH, batch, &fetched);
        if (!NR_FAILED(hr) && fetched <= THREAD_BATCH) nr_buf_put(ids, batch, fetched * sizeof *batch);
    } while (hr == NR_S_OK && fetched); /* S_FALSE: these were the last */
    if (NR_FAILED(hr)) NR_LOG(NR_ERROR, "TP: GetThreads: thread enum Next() failed");
    nr_release(threads);
    return !ids->failed;
}

/* The CLR may say that a name is longer than what it has written. */
static size_t length_of(uint32_t with_terminator)
{
    uint32_t n = with_terminator < NR_SNAPSHOT_NAME_UNITS ? with_terminator : NR_SNAPSHOT_NAME_UNITS;
    return n ? n - 1 : 0;
}

static bool keep_names(const nr_sampling *s)
{
    bool ok = true;
    nr_mutex_lock(s->names_lock);
    for (int32_t i = 0; i < s->walk->count && ok; i++) {
        const nr_frame *f = &s->walk->frames[i];
        if (f->named)
            ok = nr_names_put(s->names, f->function, f->type, length_of(f->type_length), f->method,
                              length_of(f->method_length));
    }
    nr_mutex_unlock(s->names_lock);
    return ok;
}

static bool record(const nr_walk *w, uintptr_t thread, nr_profile *profile)
{
    uintptr_t *functions = NULL;
    if (!NR_FAILED(w->error) && w->count) {
        functions = nr_arena_alloc(&profile->arena, (size_t)w->count * sizeof *functions);
        if (!functions) return false;
        for (int32_t i = 0; i < w->count; i++) functions[i] = w->frames[i].function;
    }
    profile->records[profile->count++] = (nrprof_thread_profile){thread, w->error, w->count, functions};
    return true;
}

static void sample_thread(const nr_sampling *s, uintptr_t thread, nr_profile *profile)
{
    int32_t(NR_COM * callback)(uintptr_t, uintptr_t, uintptr_t, uint32_t, uint8_t *, void *) = on_frame;
    void *pointer; /* as the slot's type has it */
    memcpy(&pointer, &callback, sizeof pointer);
    nr_walk *w = s->walk;
    w->info = s->info;
    w->names = s->names;
    w->count = w->error = 0;
    if (NR_FAILED(NR_CALL(s->info, DoStackSnapshot, thread, pointer, SNAPSHOT_DEFAULT, w, NULL, 0))) return;
    if (!keep_names(s) || !record(w, thread, profile)) NR_LOG(NR_TRACE, "TP: exception in ProfileAllThreads");
}

bool nr_snapshot_take(const nr_sampling *s, nr_profile *profile)
{
    nr_buf ids = NR_BUF_INIT;
    bool ok = list_threads(s->info, &ids);
    size_t count = ids.size / sizeof(uintptr_t);
    if (ok) profile->records = nr_arena_zalloc(&profile->arena, count + 1, sizeof *profile->records);
    ok = ok && profile->records;
    for (size_t i = 0; i < count && ok; i++) {
        uintptr_t thread;
        if (atomic_load(s->stop)) {
            NR_LOG(NR_INFO, "TP: Shutting down thread profiler");
            break;
        }
        memcpy(&thread, ids.data + i * sizeof thread, sizeof thread);
        sample_thread(s, thread, profile);
    }
    nr_buf_free(&ids);
    return ok;
}
