/* frame.h - which callback a thread is in. The library has no thread-local storage: a fixed table takes its place, and a
 * list for what it has no room for. */
#ifndef NR_VALIDATE_FRAME_H
#define NR_VALIDATE_FRAME_H

#include <stdbool.h>
#include <stdint.h>

struct nr_trial;

/* One callback under way, on the stack of the thread that runs it. */
typedef struct nr_frame {
    const char *callback;  /* "jit", "module" … */
    uintptr_t module;      /* what it is about; 0: nothing */
    uint32_t method;       /* 0: none */
    bool rewrites;         /* the callback asks for a body */
    struct nr_trial *trial; /* what a shadow run compares at the end of the callback; NULL: nothing */
    struct nr_frame *outer;
    void *slot; /* NULL: in the list of those that the table had no room for */
    uintptr_t thread;
} nr_frame;

void nr_frame_enter(nr_frame *f);
void nr_frame_leave(nr_frame *f);
/* The innermost frame of the calling thread; NULL: none. */
nr_frame *nr_frame_now(void);

#endif
