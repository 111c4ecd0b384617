/* tool.h - what the command line tool needs from the operating system and the library does not. */
#ifndef NR_OS_TOOL_H
#define NR_OS_TOOL_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* main's arguments as UTF-8 in `arena`: as they are on Unix; on Windows, whose C runtime gives them in the code page, those of the
 * UTF-16 command line. NULL: no memory. */
char **nr_os_arguments(nr_arena *arena, int *argc, char **argv);
/* fopen with a path in UTF-8, whatever the code page is. */
FILE *nr_os_stream(const char *path, const char *mode);
/* A stream that a person reads: escape sequences and progress bars may go there. */
bool nr_os_is_terminal(FILE *stream);
/* Sets a variable of this process' environment; value.p == NULL removes it. Not while other threads run. */
bool nr_os_set_env(const char *name, nr_str value);
/* A new directory that only this user can look into; p == NULL: it could not be made. */
nr_str nr_os_temporary_directory(nr_arena *arena);
/* Removes a file, a link, or an empty directory. */
bool nr_os_remove(nr_str path);
/* Gives the file `from` the name `to`; a file of that name is replaced, as a whole. Not across file systems. */
bool nr_os_replace(nr_str from, nr_str to);
/* A reader that goes away (`nrprof … | head`) makes writing fail instead of ending the program, so that it can clean up. */
void nr_os_ignore_broken_pipe(void);
/* Waits. */
void nr_os_sleep_ms(unsigned milliseconds);
/* Calls `visit` for each piece of memory that a process can write to, up to 256 MiB each, until it returns false; `data` is a copy.
 * False: its memory cannot be read; `why` says in the system's words why. */
bool nr_os_each_memory(unsigned long process, bool (*visit)(void *self, const uint8_t *data, size_t size), void *self, char *why,
                       size_t why_size);
/* Output of programs goes through as it is, without another end of line (Windows). */
void nr_os_binary(FILE *stream);

/* ---- a process, from outside ------------------------------------------------------------------ */

enum { NR_OS_MOST_GROUPS = 64 };

/* What this user may see of a process. */
typedef struct nr_os_process {
    nr_str environment; /* "NAME=value", a NUL behind each; p == NULL for this process */
    nr_str program;     /* path, as the process sees it */
    nr_str root;        /* goes in front of its paths to reach them from here; n == 0: they are the same */
    nr_str maps;        /* paths of the files mapped in it, a line each; n == 0: it cannot be seen */
    unsigned long inner_pid; /* its id inside of its container */
    unsigned long user, groups[NR_OS_MOST_GROUPS];
    unsigned group_count;
} nr_os_process;
/* Looks at a process; pid 0: this one. Text in `arena`. NULL: all is well; else why it cannot be done. */
const char *nr_os_process_look(nr_arena *arena, unsigned long pid, nr_os_process *out);

typedef enum nr_os_access { NR_OS_READ, NR_OS_WRITE /* of a directory: make files in it */ } nr_os_access;
/* May the user of the process do that? By the permissions of the file and of the directories above it. */
bool nr_os_may(const nr_os_process *who, nr_str path, nr_os_access access);
/* The same file, by whatever names. */
bool nr_os_same_file(nr_str a, nr_str b);
/* Removes all variables of this process' environment. Not while other threads run. */
bool nr_os_clear_env(void);

#endif
