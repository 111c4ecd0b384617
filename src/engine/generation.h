/* generation.h - everything that was loaded together: rules, indexes, templates, Lua state, blobs.
 *
 * Built aside, published with one atomic store, never changed afterwards but for sticky flags and blobs
 * that are added on demand. */
#ifndef NR_ENGINE_GENERATION_H
#define NR_ENGINE_GENERATION_H

#include "engine/epoch.h"
#include "rules/config.h"
#include "rules/home.h"
#include "rules/ruleset.h"
#include "script/script.h"

typedef struct nr_generation {
    nr_retired retired; /* first: see epoch.h */
    nr_ruleset set;
    nr_script *script;
    unsigned invalid_files; /* extension XML that could not be used */
    unsigned invalid_rules; /* .lua rule files that could not be used */
    size_t files_read;      /* extension XML, live texts not counted */
    unsigned long serial;   /* no two generations have the same */
    nr_ignore_list ignore;  /* of the configuration, for the next refresh */
} nr_generation;

/* XML text under a name: live instrumentation. In the place of a file of that name. */
typedef struct nr_named_text {
    nr_str name, text;
} nr_named_text;

/* Reads templates and rules below `home`, and the extension files. Logs the lines of a start. NULL: no memory,
 * or a built-in file is broken (logged). */
nr_generation *nr_generation_load(nr_str home, const nr_extension_files *files, const nr_named_text *live,
                                  size_t live_count, const nr_ignore_list *ignore);
/* The point that NEW_RELIC_LAMBDA_HANDLER or _HANDLER names (instrumentation-xml.md section 7). */
void nr_generation_add_environment_point(nr_generation *g);
void nr_generation_free(nr_generation *g);

#endif
