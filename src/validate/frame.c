#include "validate/frame.h"

#include "os/guard.h"

#include <stdatomic.h>
#include <stddef.h>

/* A thread's slot lies within WINDOW slots of its place. Only its own thread reads or writes `top`. */
enum { SLOTS = 1024, WINDOW = 64 };

typedef struct slot {
    _Atomic uintptr_t thread; /* 0: free */
    nr_frame *top;
} slot;

static slot table[SLOTS];

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

void nr_frame_enter(nr_frame *f)
{
    uintptr_t thread = nr_os_thread_id();
    slot *s = slot_of(thread);
    f->outer = s ? s->top : NULL;
    if (!s) s = take_slot(thread);
    f->slot = s;
    if (s) s->top = f;
}

void nr_frame_leave(nr_frame *f)
{
    slot *s = f->slot;
    if (!s) return;
    s->top = f->outer;
    if (!f->outer) atomic_store(&s->thread, 0);
}

nr_frame *nr_frame_now(void)
{
    slot *s = slot_of(nr_os_thread_id());
    return s ? s->top : NULL;
}
