#include "base/utf.h"
#include "os/os.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

/* The CLR unwinds stacks and compiles rules on these threads. musl's default of 128 KiB is too small for that; this is
 * what the CLR asks for there for its own. */
enum { STACK_SIZE = 1536 * 1024 };

static_assert(sizeof(pthread_t) <= sizeof(uintptr_t), "a thread's handle is a word");

static void *run(void *p)
{
    const nr_thread *t = p;
    t->body(t->self);
    return NULL;
}

bool nr_thread_start(nr_thread *t, void (*body)(void *self), void *self)
{
    pthread_attr_t attributes;
    pthread_t thread;
    t->body = body;
    t->self = self;
    if (pthread_attr_init(&attributes) != 0) return false;
    /* Refused where a thread's storage leaves no room in it: then the default has to do. */
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    int failed = pthread_create(&thread, &attributes, run, t);
    if (failed) failed = pthread_create(&thread, NULL, run, t);
    pthread_attr_destroy(&attributes);
    if (failed) return false;
    memcpy(&t->handle, &thread, sizeof thread);
    return true;
}

void nr_thread_join(nr_thread *t)
{
    pthread_t thread;
    memcpy(&thread, &t->handle, sizeof thread);
    pthread_join(thread, NULL);
}

bool nr_os_run_on_thread(void (*body)(void *self), void *self)
{
    nr_thread t;
    if (!nr_thread_start(&t, body, self)) return false;
    nr_thread_join(&t);
    return true;
}

bool nr_os_marshalled_text(nr_arena *arena, const char *z, nr_str *text)
{
    nr_str s = nr_str_of(z);
    if (nr_utf8_valid_prefix(s) != s.n) return false;
    *text = nr_arena_str(arena, s);
    return text->p != NULL;
}
