/* wide.h - wide rules: those whose methods cannot be looked up under one key.
 *
 * Wildcards, exceptions, attributes, base types and interfaces. They are resolved once for each module, into rows of
 * its method table (engine/resolve.h); nothing here is on the way of a callback.
 *
 * The cost of resolving must not be rules times methods. Equal patterns are one, patterns are found through an index
 * (glob.h), and for a method the smaller list is gone through: the rules whose class fits, or those whose method
 * fits. */
#ifndef NR_RULES_WIDE_H
#define NR_RULES_WIDE_H

#include "rules/glob.h"
#include "rules/version.h"

typedef struct nr_point nr_point;
typedef struct nr_wide nr_wide;

/* What an exception leaves out: all of a list's texts are patterns. */
typedef enum nr_except_kind { NR_EXCEPT_METHOD, NR_EXCEPT_CLASS, NR_EXCEPT_ASSEMBLY } nr_except_kind;
typedef struct nr_except nr_except;
struct nr_except {
    nr_except_kind kind;
    nr_str pattern;
    bool has_parameters; /* NR_EXCEPT_METHOD */
    nr_str parameters;
    const nr_except *next;
};

struct nr_wide {
    nr_point *point; /* its names are patterns */
    const nr_except *except;
    nr_str attribute, class_attribute; /* full names; p == NULL: none is asked for */
    nr_str implements, extends;
    uint32_t order; /* of the files: the first that matches counts */
    uint32_t assembly, class_name, method; /* numbers of the patterns */
};

typedef struct nr_wides {
    nr_arena *arena;
    nr_globs assemblies, classes, methods;
    nr_wide **items;
    uint32_t count, room;
} nr_wides;

void nr_wides_init(nr_wides *w, nr_arena *arena);
/* `rule` lives in the arena of the set. False: no memory. */
bool nr_wides_add(nr_wides *w, nr_wide *rule);
/* Is there a rule whose pattern matches this assembly? False for the core library and the agent, unless a pattern is
 * their very name. */
bool nr_wides_know_assembly(const nr_wides *w, nr_str assembly);

/* The rules about one assembly, and which of them fit the class that is being looked at. */
typedef struct nr_wide_view {
    const nr_wides *all;
    nr_arena arena;
    size_t count; /* rules about the assembly */
    const nr_wide **by_class, **by_method;     /* grouped by pattern … */
    uint32_t *class_starts, *method_starts;    /* … [starts[n], starts[n + 1]) */
    uint32_t *class_stamps, *method_stamps;    /* pattern -> the last class or method that matched it */
    uint32_t class_stamp, method_stamp;
    uint32_t *patterns;                        /* that the class, then the method matches */
    uint32_t class_patterns, method_patterns;
    size_t class_rules;                        /* rules of all the patterns that the class matches */
} nr_wide_view;

/* False: no memory. `version` decides between rules with bounds. */
bool nr_wide_view_begin(nr_wide_view *v, const nr_wides *all, nr_str assembly, const nr_version *version);
/* Goes to a class; false: no rule is about it. */
bool nr_wide_view_class(nr_wide_view *v, nr_str class_name);
/* Calls `visit` for the rules that fit the class and this method by their names, in no order. Exceptions and everything but
 * names are the caller's. */
void nr_wide_view_method(nr_wide_view *v, nr_str method, void (*visit)(void *self, const nr_wide *rule), void *self);
void nr_wide_view_end(nr_wide_view *v);

/* Does an exception of the rule name it? `parameters` may have p == NULL while it is not known: then true only when it does not
 * matter. */
bool nr_wide_excepts_assembly(const nr_wide *rule, nr_str assembly);
bool nr_wide_excepts_class(const nr_wide *rule, nr_str class_name);
bool nr_wide_excepts_method(const nr_wide *rule, nr_str method, nr_str parameters);
bool nr_wide_needs_parameters(const nr_wide *rule);

#endif
