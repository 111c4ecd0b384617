#include "os/map.h"

typedef uintptr_t W;

#if defined(__i386__)
/* Pushes the words, calls, and looks where the callee has left the stack pointer: stdcall is to take away what was pushed. */
int32_t nr_os_call_method(void (*method)(void), const uintptr_t *w, size_t count, intptr_t *moved)
{
    int32_t result;
    intptr_t off;
    __asm__ volatile("movl %%esp, %%ebx\n\t"
                     "1: pushl -4(%%esi,%%ecx,4)\n\t"
                     "loop 1b\n\t"
                     "call *%%edi\n\t"
                     "movl %%ebx, %%edx\n\t"
                     "subl %%esp, %%edx\n\t"
                     "movl %%ebx, %%esp"
                     : "=a"(result), "=&d"(off), "+c"(count)
                     : "S"(w), "D"(method)
                     : "ebx", "memory", "cc");
    *moved = off;
    return result;
}
#else
int32_t nr_os_call_method(void (*method)(void), const uintptr_t *w, size_t count, intptr_t *moved)
{
    *moved = 0;
    /* On x64 the caller cleans up: more words than the callee takes do no harm. */
    if (count > 6) return -1;
    return ((int32_t(*)(W, W, W, W, W, W))method)(w[0], w[1], w[2], w[3], w[4], w[5]);
}
#endif
