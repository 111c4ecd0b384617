/* coredll.h - the managed agent's DLL (environment-and-files.md 5 and 6). */
#ifndef NR_RULES_COREDLL_H
#define NR_RULES_COREDLL_H

#include "rules/home.h"

/* Searches NewRelic.Agent.Core.dll and checks, on Windows, that it belongs to the product of
 * this runtime. *path is not normalised: it becomes a string in injected code (5.3). */
nr_start_error nr_core_dll_find(nr_arena *arena, bool core, nr_str *path);

#endif
