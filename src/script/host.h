/* host.h - inside of the script room: the Lua state and what its files share. */
#ifndef NR_SCRIPT_HOST_H
#define NR_SCRIPT_HOST_H

#include "base/xml.h"
#include "os/os.h"
#include "script/script.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include <stdatomic.h>

/* Kinds of files, by what they may call. */
typedef enum nr_file_kind { NR_FILE_TEMPLATE, NR_FILE_MAPPING, NR_FILE_RULES, NR_FILE_LIBRARY, NR_FILE_COUNT } nr_file_kind;

/* The built-in template files run in stages, when somebody asks for a template of theirs: those that nearly every rule needs, then
 * the others. A number says how many stages are left. */
enum { NR_STAGE_NONE, NR_STAGE_RARE, NR_STAGE_COMMON };

typedef struct nr_template nr_template;
struct nr_template {
    nr_str name, file;
    int body; /* reference of the Lua function */
    nr_prepare prepare;
    bool tiny, stack_exact;
    bool off; /* by NEW_RELIC_TEMPLATES_DISABLED */
    uint16_t stack_at_least, stack_over_arguments;
    const nr_blob_local *locals;
    size_t local_count;
    const nr_text *outside, *inside; /* of a method that is added to mscorlib, else NULL */
    const nr_template_entry *entry;  /* NULL: none */
    const nr_blob *_Atomic blobs[NR_SHAPE_COUNT];
    bool failed[NR_SHAPE_COUNT];
    nr_template *_Atomic next;
};

struct nr_builder; /* verbs.c */

struct nr_script {
    lua_State *L;
    nr_mutex lock;
    nr_arena arena;
    nr_ruleset *set;
    size_t memory;
    long budget;               /* instructions left for the present entry */
    int environments[NR_FILE_COUNT]; /* references of the tables of shared names */
    int rule_verbs;            /* reference of what lua/nrprof/rules.lua returned */
    int mapping;               /* reference of the XML mapping, LUA_NOREF at first */
    int new_mapping;           /* of the one that the file which is loading sets */
    bool own_mapping;          /* it came from the home directory */
    bool sealed;
    int last_line;             /* of the last thousand instructions */
    bool starved; /* the system had no memory for something since this was cleared */
    bool xml_open;             /* a document is being mapped … */
    unsigned long xml_serial;  /* … and this is its number: elements of an earlier one are gone */
    nr_str warned_directory;   /* of loose mode */
    nr_str file;               /* the file that is loading; its path stands in messages */
    nr_point *pending, *pending_last; /* read, not yet in the set */
    const nr_point *last_point;       /* the one that was read last; NULL: none */
    nr_script_check check;     /* NULL: none */
    bool from_home;            /* the file that is loading is not a built-in one */
    nr_template *_Atomic templates, *new_templates;
    atomic_uint later;          /* stages of built-in template files that have not been run yet */
    struct nr_builder *builder; /* while a template body runs */
    int method;                 /* reference of `m`, the method of the rule that is being tried … */
    const nr_method_facts *facts; /* … and where it is asked; NULL: there is none */
    unsigned long template_runs, blobs;
};

static inline nr_script *nr_script_of(lua_State *L)
{
    return *(nr_script **)lua_getextraspace(L);
}

/* sandbox.c: the shared names of every kind of file. Raises Lua errors. */
void nr_sandbox_open(nr_script *s);
/* Compiles text (never binary) and gives it an environment of that kind: leaves a function on the stack, or an
 * error message; result of lua_load. Messages about a line begin with `name`. */
int nr_sandbox_load(nr_script *s, nr_file_kind env, nr_str text, const char *name);

/* script.c: so many instructions from now on; one WARN about the error on the stack, for a file that is skipped. */
void nr_script_set_budget(nr_script *s, long instructions);
void nr_script_warn_skipped(nr_script *s, const char *what);
/* No limit from now on. */
void nr_script_no_budget(nr_script *s);
/* Runs a file; false: it was skipped, with one WARN that ends in `what`. The name must live as long as the set: rules and
 * templates keep it. */
bool nr_script_run_file(nr_script *s, nr_file_kind env, nr_str file, nr_str text, const char *what);

/* load.c: runs the built-in template files that have waited until now, if there are any, until `left` stages are left. Without
 * memory they wait on. */
void nr_script_run_later(nr_script *s, unsigned left);
/* The line of the file that is being carried out; 0: none. Takes no memory. */
int nr_script_line(lua_State *L);
/* lua_pcall for what is written in files: the message of an error begins with "@:12: ". */
int nr_script_pcall(nr_script *s, int arguments, int results);
/* where.c: makes `m`. */
void nr_facts_open(nr_script *s);

/* verbs.c: fills the table on top of the stack with the verbs of templates that are no mnemonics. */
void nr_verbs_open(nr_script *s);
/* verbs.c: pushes the verb that writes an instruction, named as templates name it; false: there is none. */
bool nr_verbs_push(lua_State *L, const char *verb);
/* Runs the body of a template on the stack for a shape and builds its blob. Raises Lua errors. */
const nr_blob *nr_verbs_run(nr_script *s, nr_template *t, unsigned shape);
/* template.c: the verb that registers a template. */
int nr_template_verb(lua_State *L);

/* host_rules.c: fills the table on top with what the mapping and the rule library call. */
void nr_host_open(nr_script *s);

/* xml_verbs.c: opens the elements of documents to Lua, and pushes one. */
void nr_xml_open(nr_script *s);
void nr_xml_push(lua_State *L, const nr_xml_node *node);

/* Copies the string at `index` into the arena of the set (`in_set`) or of the state. Raises on no memory. */
nr_str nr_script_string(nr_script *s, int index, bool in_set);
_Noreturn int nr_script_no_memory(lua_State *L);

#endif
