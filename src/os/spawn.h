/* spawn.h - another program beside this one, and what it writes to its error stream. */
#ifndef NR_OS_SPAWN_H
#define NR_OS_SPAWN_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct nr_os_program {
    intptr_t process, errors; /* the process; the reading end of the pipe, -1: none */
} nr_os_program;

/* Starts words[0], searched on the PATH, with the environment, standard input and output of this process. `pipe_errors`: its error
 * stream goes into a pipe that nr_os_program_read reads; else it is this process'. Until nr_os_program_wait is done, an interrupt
 * from the keyboard is for the program only, and a request to end (SIGTERM, SIGHUP) is handed on to it. False: there is no such
 * program, or it cannot be started. One at a time. */
bool nr_os_program_start(nr_os_program *p, const nr_str *words, size_t count, bool pipe_errors);
/* What there is to read, at least one byte; 0: it has ended, or closed its error stream (children that still hold it do not
 * count). */
size_t nr_os_program_read(nr_os_program *p, char *bytes, size_t room);
/* Waits for its end; its exit code, 128 + n when signal n ended it. */
int nr_os_program_wait(nr_os_program *p);

#endif
