/* Linked into the tool with --wrap=_exit: a scenario's process has no destructors (src/os/unix/isolate.c), which is where counters
 * would be written. */
#include "counters.h"

#include <gcov.h>

void __real__exit(int code) __attribute__((noreturn));
void __wrap__exit(int code) __attribute__((noreturn));

static void (*dump_library)(void); /* a process loads one */

void nr_coverage_register(void (*dump)(void))
{
    dump_library = dump;
}

void __wrap__exit(int code)
{
    __gcov_dump();
    if (dump_library) dump_library();
    __real__exit(code);
}
