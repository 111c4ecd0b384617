/* logfile.h - where the profiler log is (environment-and-files.md 7). */
#ifndef NR_RULES_LOGFILE_H
#define NR_RULES_LOGFILE_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>

/* Full path of the log of this process; p == NULL: no memory. Touches no file. */
nr_str nr_logfile_path(nr_arena *arena, bool core);
/* Step 6 of a start: unless logging is off or goes to the console, makes the directory and opens
 * the file. When that is not possible, logging is switched off and the start goes on. */
void nr_logfile_start(bool core);

#endif
