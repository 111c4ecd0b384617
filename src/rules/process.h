/* process.h - whether this process is to be instrumented (newrelic-config.md 8). The names it
 * knows are in instrumentation/rules/process.lua. */
#ifndef NR_RULES_PROCESS_H
#define NR_RULES_PROCESS_H

#include "base/arena.h"
#include "base/str.h"
#include "rules/config.h"

#include <stdbool.h>

typedef struct nr_process_facts {
    nr_str path, parent_path; /* upper case */
    nr_str command_line;
    nr_str app_pool_id; /* empty: none */
    bool force;         /* the decision is not to be asked for */
} nr_process_facts;

/* Reads the facts, all of them and in the reference's order, with the lines about the
 * application pool id. Without memory they are empty texts. */
void nr_process_facts_read(nr_arena *arena, nr_process_facts *facts);
/* Section 9 of environment-and-files.md; "" when there is none. */
nr_str nr_app_pool_id(nr_arena *arena);
/* The whole table, with its TRACE and INFO lines. Looks at the Azure Functions variables. */
bool nr_should_instrument(const nr_process_facts *facts, const nr_config *config, bool core);

#endif
