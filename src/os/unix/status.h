/* status.h - paths for system calls, and the status of files; for this folder only. */
#ifndef NR_OS_UNIX_STATUS_H
#define NR_OS_UNIX_STATUS_H

#include "base/str.h"

#include <stdbool.h>
#include <sys/stat.h>

enum { NR_PATH_SIZE = 4096 };

/* `path` with a NUL behind it. False: too long, empty, or with a NUL in it. */
bool nr_os_unix_path(nr_str path, char z[NR_PATH_SIZE]);
bool nr_os_unix_status(nr_str path, struct stat *st);

#endif
