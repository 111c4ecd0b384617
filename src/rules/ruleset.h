/* ruleset.h - instrumentation points and the indexes over them (instrumentation-xml.md section 6).
 *
 * Filled once while rules load, then read-only but for the sticky flags of a point, and shared by all
 * threads. Everything lives in the arena of its generation. */
#ifndef NR_RULES_RULESET_H
#define NR_RULES_RULESET_H

#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"
#include "rules/compat.h"
#include "rules/version.h"
#include "rules/wide.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* TracerFactoryArgs (selection-in-native.md section 6). */
enum {
    NR_FLAG_SEGMENT = 1u << 10,
    NR_FLAG_UNSCOPED = 1u << 11,
    NR_FLAG_SCOPED = 1u << 12,
    NR_FLAG_SUPPRESS_RECURSIVE = 1u << 13,
    NR_FLAG_CUSTOM_METRIC_NAME = 1u << 14,
    NR_FLAG_TARGET_CLASS_NAME = 1u << 15,
    NR_FLAG_ATTRIBUTE = 1u << 20,
    NR_FLAG_WEB_TRANSACTION = 1u << 21,
    NR_FLAG_OTHER_TRANSACTION = 1u << 22,
    NR_FLAG_ASYNC = 1u << 23
};

enum { NR_NO_PREDICATE = -1 };

struct nr_point {
    nr_str assembly, class_name, method;
    bool has_parameters;
    nr_str parameters; /* normalised list text; "" is a method without parameters */
    bool has_min, has_max;
    nr_version min, max;  /* inclusive, exclusive */
    nr_str factory, metric;
    atomic_uint flags;    /* the flags of methods seen stay in (quirks.md Q2) */
    nr_str template_name; /* p == NULL: the default tracer */
    int predicate;        /* reference of a Lua function, or NR_NO_PREDICATE */
    int namer;            /* the same: it gives the metric of each method */
    nr_wide *wide;        /* NULL: the names are names; otherwise patterns, and more may be asked for */
    nr_str file;          /* where the rule stands; p == NULL: it comes from the environment */
    uint32_t line;
    nr_point *next_of_key;      /* same key, in file order */
    nr_point *next_of_assembly; /* same assembly, newest first */
    nr_point *next;             /* all, in file order */
};

/* Assembly equal and class absent or equal, both case-insensitively (newrelic-config.md 5.2). */
typedef struct nr_ignore nr_ignore;
struct nr_ignore {
    nr_str assembly;
    nr_str class_name; /* p == NULL: the whole assembly */
    bool patterns;     /* from a rule file: a `*` is a wildcard */
    const nr_ignore *next;
};

/* A process that a rule file denies: the file name of its path, without case. */
typedef struct nr_denied nr_denied;
struct nr_denied {
    nr_str process;
    nr_str file;
    uint32_t line;
    const nr_denied *next;
};

typedef struct nr_ruleset {
    nr_arena arena;
    nr_point *first, *last;
    size_t count;
    nr_map keys;        /* match key -> first nr_point of it */
    nr_map assemblies;  /* -> first nr_point of it (0 for names without points) */
    nr_map classes, methods; /* sets of names */
    nr_wides wides;
    const nr_ignore *ignore;
    nr_point *ignored; /* points that were left out because of it, newest first by `next`: for tools that say so */
    const nr_denied *denied;
    nr_switch_set switches; /* those that rule files turn on */
} nr_ruleset;

/* False: no memory. Adds the names that the helper methods need (selection-in-native.md 2.1). */
bool nr_ruleset_init(nr_ruleset *set);
void nr_ruleset_free(nr_ruleset *set);

/* A cleared point in the set's arena, not yet part of the set; NULL: no memory. */
nr_point *nr_ruleset_new_point(nr_ruleset *set);
/* Adds a point whose texts live as long as the set. It is left out when it is ignored (DEBUG line). */
bool nr_ruleset_add(nr_ruleset *set, nr_point *point, bool may_be_ignored);
bool nr_ruleset_add_ignore(nr_ruleset *set, nr_str assembly, nr_str class_name, bool patterns);
bool nr_ruleset_ignores(const nr_ruleset *set, nr_str assembly, nr_str class_name);

bool nr_ruleset_add_denied(nr_ruleset *set, nr_str process, nr_str file, uint32_t line);
/* The rule that denies the process of this path; NULL: none. */
const nr_denied *nr_ruleset_denies(const nr_ruleset *set, nr_str process_path);

/* Of plain rules; wide ones: nr_wides_know_assembly. */
bool nr_ruleset_has_assembly(const nr_ruleset *set, nr_str assembly);
bool nr_ruleset_has_class(const nr_ruleset *set, nr_str class_name);
bool nr_ruleset_has_method(const nr_ruleset *set, nr_str method);
/* First point of an assembly; follow next_of_assembly. */
const nr_point *nr_ruleset_of_assembly(const nr_ruleset *set, nr_str assembly);

/* The candidates of a method: those of the key with parameters when that key exists, else
 * those of the key without. Follow next_of_key. `scratch` holds the key text. */
nr_point *nr_ruleset_lookup(const nr_ruleset *set, nr_arena *scratch, nr_str assembly, nr_str class_name,
                            nr_str method, nr_str parameters);
/* Logs the rules that are never used, because one before them has the same key and accepts the same versions: at INFO
 * when they would report something else, else at DEBUG. The reference chooses between such rules by chance. */
void nr_ruleset_report_hidden(const nr_ruleset *set);

/* Version bounds; logs the DEBUG line of the one that is not met. */
bool nr_point_accepts_version(const nr_point *point, nr_str assembly, const nr_version *version);

#endif
