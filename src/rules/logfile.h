/* logfile.h - where the profiler log is (environment-and-files.md 7). */
#ifndef NR_RULES_LOGFILE_H
#define NR_RULES_LOGFILE_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>

/* Full path of the log of this process; p == NULL: no memory. Touches no file. `shadow`: of the profiler that is not in
 * charge (validation.md). */
nr_str nr_logfile_path(nr_arena *arena, bool core, bool shadow);
/* This library is not in charge: what is opened from now on is the log of a shadow. */
void nr_logfile_set_shadow(bool on);
/* Step 6 of a start: unless logging is off or goes to the console, makes the directory and opens
 * the file. When that is not possible, logging is switched off and the start goes on. */
void nr_logfile_start(bool core);

#endif
