/* switches.h - what the environment switches off by name. */
#ifndef NR_RULES_SWITCHES_H
#define NR_RULES_SWITCHES_H

#include "rules/env.h"

/* Does the list in this variable hold the name, or a pattern for it? Without case. */
bool nr_switched_off(nr_env_id list, nr_str name);
/* The same for a rule file, by the last part of its path. One INFO line says so. */
bool nr_file_switched_off(nr_str path);

#endif
