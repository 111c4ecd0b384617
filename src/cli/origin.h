/* origin.h - which line of which template made an instruction.
 *
 * Nothing in a body says it: the templates are run once more, and the one that fits is taken. */
#ifndef NR_CLI_ORIGIN_H
#define NR_CLI_ORIGIN_H

#include "cli/listing.h"
#include "rules/ruleset.h"
#include "script/script.h"

typedef struct nr_origins {
    nr_ruleset set; /* the same rules and templates as the profiler's */
    nr_script *script;
} nr_origins;

/* Loads the templates, with those of the home instead of the built-in ones of the same name, and the rules of
 * the environment's home. An empty `home`: the built-in templates and no rules. Files that the profiler skips with
 * a message are skipped here without one. False: no memory. nr_origins_free in any case. */
bool nr_origins_load(nr_origins *o, nr_arena *arena, nr_str home, bool core);
void nr_origins_free(nr_origins *o);

/* The template that made the listing of an instrumented body of that method, whose lines then have their steps. NULL: none fits. */
const nr_blob *nr_origins_find(nr_origins *o, nr_arena *arena, nr_str method, nr_listing *after);
/* Appends "tracer.lua:70"; nothing for a line of the method's own. */
void nr_origin_print(nr_buf *out, const nr_blob *blob, const nr_line *line);

#endif
