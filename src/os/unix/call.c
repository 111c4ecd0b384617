#include "os/map.h"

typedef uintptr_t W;

int32_t nr_os_call_method(void (*method)(void), const uintptr_t *w, size_t count, intptr_t *moved)
{
    *moved = 0;
    /* Here the caller cleans up: more words than the callee takes do no harm. */
    if (count > 6) return -1;
    return ((int32_t(*)(W, W, W, W, W, W))method)(w[0], w[1], w[2], w[3], w[4], w[5]);
}
