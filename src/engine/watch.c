#include "engine/watch.h"

#include "base/log.h"

typedef struct nr_print {
    nr_arena arena;
    nr_str directory;
    uint64_t sum; /* in no order: directories have none */
    bool failed;  /* no memory: something is missing in the sum */
} nr_print;

static void add_file(void *self, nr_str name)
{
    nr_print *p = self;
    uint64_t size;
    int64_t changed;
    if (!nr_str_ends_ci(name, NR_STR(".lua")) && !nr_str_ends_ci(name, NR_STR(".xml"))) return;
    nr_str path = nr_arena_printf(&p->arena, "%.*s" NR_OS_SEPARATOR "%.*s", NR_STR_ARG(p->directory), NR_STR_ARG(name));
    nr_str text = {NULL, 0};
    if (path.p) {
        if (!nr_os_file_stamp(path, &size, &changed)) return;
        text = nr_arena_printf(&p->arena, "%.*s %llu %lld", NR_STR_ARG(path), (unsigned long long)size,
                               (long long)changed);
    }
    if (text.p)
        p->sum += nr_str_hash(text);
    else
        p->failed = true;
}

/* A number that is another one when a file has come, gone or changed. False: no memory, and *sum is as it was. */
static bool print_of_files(bool core, uint64_t *sum)
{
    static const char *const directories[] = {"extensions", "instrumentation" NR_OS_SEPARATOR "templates",
                                              "instrumentation" NR_OS_SEPARATOR "rules"};
    nr_print p = {NR_ARENA_INIT, {NULL, 0}, 0, false};
    nr_str home;
    nr_start_error e = nr_home_directory(&p.arena, core, &home);
    p.failed = e == NR_START_NO_MEMORY;
    if (e == NR_START_OK) {
        for (size_t i = 0; i <= NR_COUNT(directories); i++) {
            p.directory = nr_path_join(&p.arena, home, directories[i < NR_COUNT(directories) ? i : 0]);
            if (i == NR_COUNT(directories))
                p.directory = nr_path_join(&p.arena, p.directory, nr_runtime_directory(core));
            if (p.directory.p)
                nr_os_list_directory(p.directory, add_file, &p);
            else
                p.failed = true;
        }
    }
    nr_arena_free(&p.arena);
    if (!p.failed) *sum = p.sum;
    return !p.failed;
}

/* False: it is time to stop. */
static bool wait_a_period(nr_watch *w)
{
    nr_mutex_lock(&w->lock);
    if (!w->stop) nr_condition_wait_for(&w->wake, &w->lock, w->period);
    bool stop = w->stop;
    nr_mutex_unlock(&w->lock);
    return !stop;
}

/* False: no file is to blame, and it may succeed later. `again`: that has been said. */
static bool refresh(nr_watch *w, bool again)
{
    if (!again) NR_LOG(NR_INFO, "Rule files have changed: the rules are loaded again.");
    int32_t hr = nr_engine_refresh(w->e, NULL);
    if (hr == NR_HR_OK)
        NR_LOG(NR_INFO, "The new rules are in force.");
    else if (hr > 0)
        NR_LOG(NR_WARN, "The rules that were in force stay, until the files are corrected.");
    else if (!again)
        NR_LOG(NR_WARN, "The new rules could not be put in force (%08x): this is tried again at each look.",
               (unsigned)hr);
    return hr >= 0;
}

static void watch(void *self)
{
    nr_watch *w = self;
    bool core = w->e->runtime.core;
    uint64_t tried = w->print, before = tried, now;
    bool again = false;
    while (wait_a_period(w)) {
        if (!print_of_files(core, &now)) continue;
        if ((now != tried || again) && now == before) {
            again = !refresh(w, again && now == tried);
            tried = now;
        }
        before = now;
    }
}

bool nr_watch_start(nr_watch *w, nr_engine *e, unsigned period)
{
    w->e = e;
    w->period = period;
    w->stop = false;
    w->print = 0;
    print_of_files(e->runtime.core, &w->print); /* before anybody can change a file after this call */
    w->running = nr_thread_start(&w->thread, watch, w);
    if (w->running)
        NR_LOG(NR_INFO, "Rule and template files are watched.");
    else
        NR_LOG(NR_WARN, "Rule files cannot be watched: there is no thread.");
    return w->running;
}

void nr_watch_stop(nr_watch *w)
{
    if (!w->running) return;
    nr_mutex_lock(&w->lock);
    w->stop = true;
    nr_condition_wake_all(&w->wake);
    nr_mutex_unlock(&w->lock);
    nr_thread_join(&w->thread);
    w->running = false;
}
