#include "base/utf.h"
#include "os/os.h"

#include <pthread.h>

typedef struct nr_run {
    void (*body)(void *self);
    void *self;
} nr_run;

static void *run(void *p)
{
    const nr_run *r = p;
    r->body(r->self);
    return NULL;
}

bool nr_os_run_on_thread(void (*body)(void *self), void *self)
{
    pthread_t thread;
    nr_run r = {body, self};
    if (pthread_create(&thread, NULL, run, &r) != 0) return false;
    pthread_join(thread, NULL);
    return true;
}

bool nr_os_marshalled_text(nr_arena *arena, const char *z, nr_str *text)
{
    nr_str s = nr_str_of(z);
    if (nr_utf8_valid_prefix(s) != s.n) return false;
    *text = nr_arena_str(arena, s);
    return text->p != NULL;
}
