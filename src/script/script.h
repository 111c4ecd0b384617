/* script.h - the Lua state of one generation: rule files, the XML mapping, templates.
 *
 * Lua is entered under one lock, through lua_pcall, with a memory and an instruction limit, and never on
 * the path of a method that does not match. Inside, the CLR is asked for metadata at most, which never calls back. */
#ifndef NR_SCRIPT_SCRIPT_H
#define NR_SCRIPT_SCRIPT_H

#include "base/arena.h"
#include "base/str.h"
#include "rules/ruleset.h"
#include "script/blob.h"
#include "script/facts.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NR_SCRIPT_MEMORY = 8 << 20,         /* bytes, for all files of a generation together */
    NR_SCRIPT_INSTRUCTIONS = 10000000,  /* for loading one file; more for a long XML file */
    NR_TEMPLATE_INSTRUCTIONS = 1000000, /* for one template run */
    NR_PREDICATE_INSTRUCTIONS = 100000  /* for one call of a rule's `where` */
};

typedef struct nr_script nr_script;

/* A new state whose rules go into `set`; NULL: no memory or a broken installation (logged). The set
 * must outlive the state. */
nr_script *nr_script_new(nr_ruleset *set);
void nr_script_free(nr_script *s);

/* Loads the templates and the XML mapping: the built-in files, those of the same name in
 * <home>/instrumentation/{templates,rules} instead, and further files there. A file that fails is skipped with
 * one WARN that names file and line; the built-in one stays in force. False: a built-in file failed. */
bool nr_script_load_builtin(nr_script *s, nr_str home);

/* Looks at what templates from the home directory made, for each shape: a complaint in `arena` refuses the file, p == NULL
 * means that all is well. "@:12: …" names the line. */
typedef nr_str (*nr_script_check)(nr_arena *arena, const nr_blob *blob, unsigned shape);
void nr_script_set_check(nr_script *s, nr_script_check check);

/* Maps the points of one extension document. False: the file is invalid in the sense of
 * instrumentation-xml.md 1.4 (points before the fault stay); the caller logs it. */
bool nr_script_load_xml(nr_script *s, nr_str file, nr_str text);

/* Text of a rule or template file, if it is one that may tell this process what to do: it belongs to root or the process's user and
 * not everybody may write to it. False: one WARN said why. A loose mode of its directory is warned about, once in a row. */
bool nr_script_read_file(nr_script *s, nr_arena *arena, nr_str path, nr_str *text);

/* Runs one rule file. False: it was skipped as a whole, with one WARN. Its points wait for
 * nr_script_commit_rules, so that an `ignore` in one file covers the rules of every other. */
bool nr_script_load_rules(nr_script *s, nr_str file, nr_str text);
/* Puts the points of all rule files into the set, in the order of the files. */
bool nr_script_commit_rules(nr_script *s);

/* No more files: rule verbs cease to work. */
void nr_script_seal(nr_script *s);

/* The blob of a template for a shape; the template runs at the first request. NULL: no such template, or it
 * failed (one WARN when it did). Any thread. */
const nr_blob *nr_script_blob(nr_script *s, nr_str template_name, unsigned shape);

/* Is there a template of that name that the environment switches off? */
bool nr_script_template_is_off(nr_script *s, nr_str template_name);

/* What the template calls by address; NULL: nothing, or no such template. */
const nr_template_entry *nr_script_entry(nr_script *s, nr_str template_name);

/* A method that templates add to mscorlib (.NET Framework). */
typedef struct nr_added_method {
    nr_str name;
    const nr_text *outside; /* as other modules refer to it: types in [mscorlib] */
    const nr_text *inside;  /* in mscorlib itself */
} nr_added_method;
/* The n-th, in the order of the template file; false: there are no more. */
bool nr_script_added_method(nr_script *s, size_t n, nr_added_method *method);

typedef enum nr_where_answer { NR_WHERE_NO, NR_WHERE_YES, NR_WHERE_NO_MEMORY /* it could not be asked */ } nr_where_answer;
/* The rule's `where`; without one, yes. A predicate that fails counts as no; one WARN names its line. Any thread. */
nr_where_answer nr_script_where(nr_script *s, const nr_point *point, const nr_method_facts *facts);
/* The metric that the rule's own function gives, in `arena`. False: there is none, or it gave none. */
bool nr_script_metric(nr_script *s, nr_arena *arena, const nr_point *point, const nr_method_facts *facts, nr_str *metric);

typedef struct nr_script_counters {
    unsigned long template_runs, blobs;
    size_t memory; /* bytes in use by Lua */
} nr_script_counters;
nr_script_counters nr_script_count(nr_script *s);

#endif
