/* isolate.h - work in a process of its own: whatever happens in it, this one goes on. For tests of libraries that keep
 * process-wide state, and that may crash. */
#ifndef NR_OS_ISOLATE_H
#define NR_OS_ISOLATE_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum nr_os_end {
    NR_OS_NOT_STARTED, /* code: the system's error number */
    NR_OS_EXITED,   /* code: the exit code */
    NR_OS_SIGNALLED, /* code: the signal, on Windows the exception code */
    NR_OS_TIMED_OUT /* it has been ended */
} nr_os_end;

/* True: the process is a copy of this one and runs `body`. False (Windows): it is this program started anew with
 * `arguments`, which have to lead it to the same work. */
bool nr_os_can_fork(void);

typedef struct nr_os_child {
    int (*body)(void *self); /* its result is the exit code */
    void *self;
    const nr_str *arguments; /* without the program's name */
    size_t argument_count;
    nr_str out, err; /* files that take its standard output and error; p == NULL: they are this process' */
    unsigned timeout_ms;
} nr_os_child;

/* Runs it and waits for its end. Buffered output of this process has to be flushed before. */
nr_os_end nr_os_isolate(const nr_os_child *child, int *code);
/* "SIGSEGV"; NULL: no name is known. */
const char *nr_os_signal_name(int code);
/* Of this process. p == NULL: it cannot be told. */
nr_str nr_os_current_directory(nr_arena *arena);
bool nr_os_enter_directory(nr_str path);

#endif
