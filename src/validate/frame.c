#include "validate/frame.h"

#include "os/guard.h"
#include "os/os.h"

#include <stdatomic.h>
#include <stddef.h>

/* A thread's slot lies within WINDOW slots of its place. Only its own thread reads or writes `top`. */
enum { SLOTS = 1024, WINDOW = 64 };

typedef struct slot {
    _Atomic uintptr_t thread; /* 0: free */
    nr_frame *top;
} slot;

static slot table[SLOTS];

/* Frames of threads that found no slot, innermost first; `outer` is the next one, whatever its thread. */
static nr_mutex lock;
static nr_frame *crowd;
static atomic_uint crowd_size;

static size_t place(uintptr_t thread)
{
    uint64_t h = (uint64_t)thread * 0x9E3779B97F4A7C15u;
    return (size_t)(h >> 32);
}

static slot *slot_of(uintptr_t thread)
{
    size_t from = place(thread);
    for (size_t i = 0; i < WINDOW; i++) {
        slot *s = &table[(from + i) % SLOTS];
        if (atomic_load_explicit(&s->thread, memory_order_relaxed) == thread) return s;
    }
    return NULL;
}

static slot *take_slot(uintptr_t thread)
{
    size_t from = place(thread);
    for (size_t i = 0; i < WINDOW; i++) {
        slot *s = &table[(from + i) % SLOTS];
        uintptr_t nobody = 0;
        if (atomic_compare_exchange_strong(&s->thread, &nobody, thread)) return s;
    }
    return NULL;
}

static void join_crowd(nr_frame *f)
{
    nr_mutex_lock(&lock);
    f->outer = crowd;
    crowd = f;
    atomic_fetch_add(&crowd_size, 1);
    nr_mutex_unlock(&lock);
}

static void leave_crowd(nr_frame *f)
{
    nr_mutex_lock(&lock);
    nr_frame **at = &crowd;
    while (*at != f) at = &(*at)->outer;
    *at = f->outer;
    atomic_fetch_sub(&crowd_size, 1);
    nr_mutex_unlock(&lock);
}

static nr_frame *find_in_crowd(uintptr_t thread)
{
    if (!atomic_load(&crowd_size)) return NULL;
    nr_mutex_lock(&lock);
    nr_frame *f = crowd;
    while (f && f->thread != thread) f = f->outer;
    nr_mutex_unlock(&lock);
    return f;
}

void nr_frame_enter(nr_frame *f)
{
    f->thread = nr_os_thread_id();
    slot *s = slot_of(f->thread);
    f->outer = s ? s->top : NULL;
    if (!s) s = take_slot(f->thread);
    f->slot = s;
    if (s)
        s->top = f;
    else
        join_crowd(f);
}

void nr_frame_leave(nr_frame *f)
{
    slot *s = f->slot;
    if (!s) {
        leave_crowd(f);
        return;
    }
    s->top = f->outer;
    if (!f->outer) atomic_store(&s->thread, 0);
}

/* A thread that has a slot is in no frame of the list within that of the slot. */
nr_frame *nr_frame_now(void)
{
    uintptr_t thread = nr_os_thread_id();
    const slot *s = slot_of(thread);
    return s ? s->top : find_in_crowd(thread);
}
