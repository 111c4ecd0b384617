/* lines.h - a file of lines that survives the process: each is written by one system call, and never in part. */
#ifndef NR_VALIDATE_LINES_H
#define NR_VALIDATE_LINES_H

#include "base/buf.h"
#include "os/os.h"

#include <stdatomic.h>
#include <stdbool.h>

/* All zero, with `file` -1, is one that drops everything. Any thread may write. */
typedef struct nr_lines {
    nr_mutex lock;
    intptr_t file;
    uint64_t size;
    atomic_bool open;
    char path[1024]; /* for messages; cut off when it is longer */
} nr_lines;

/* Creates "<directory>/NewRelic.Validation.<pid><ending>", or with a number from -2 to -99 in front of the ending, and
 * the directory. False: it cannot be, and *why says so. */
bool nr_lines_create(nr_lines *l, nr_str directory, const char *ending, const char **why);
/* Appends `line`, which ends with \n. When it cannot be written the file is closed, after one WARN line in the log. */
void nr_lines_write(nr_lines *l, const nr_buf *line);

#endif
