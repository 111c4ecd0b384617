/* session.h - a profiler in a simulated CLR, as `dump` and `record` need it. */
#ifndef NR_CLI_SESSION_H
#define NR_CLI_SESSION_H

#include "cli/cli.h"
#include "cli/progress.h"
#include "base/buf.h"
#include "nrsim.h"

#include <stdint.h>

typedef struct nr_session {
    nr_cli *cli;
    nr_sim *sim;
    nr_str home;    /* the agent home that the profiler reads */
    nr_str scratch; /* removed at the end */
    nr_str rules, rules_copy; /* the directory of --rules, and where its files were copied; p == NULL: none */
    nr_str log;     /* the profiler's log directory */
    bool keep_log, in_process;
    nr_progress progress;
    struct nr_saved_variable {
        const char *name;
        nr_str value; /* p == NULL: it was not set */
    } saved[4]; /* variables of this process that the session sets, as they were */
    size_t saved_count;
} nr_session;

typedef struct nr_session_options {
    const char *home;     /* NULL: the environment's */
    const char *rules;    /* NULL, or a directory whose files stand for those in <home>/extensions */
    const char *profiler; /* NULL: the library beside this program */
    bool framework;       /* .NET Framework instead of .NET Core */
    const char *log;      /* directory that keeps the profiler's log; NULL: it is thrown away */
    bool in_process;      /* the profiler that is linked into this program, at its finest log level */
} nr_session_options;

/* Sets the environment up, creates the CLR and attaches the profiler. The profiler's log goes to a directory that is removed
 * afterwards. `before_attach` (may be NULL) sees the CLR before the profiler does anything. NR_EXIT_OK, or what went
 * wrong has been said. Call nr_session_end in any case. */
int nr_session_begin(nr_session *s, nr_cli *cli, const nr_session_options *options,
                     bool (*before_attach)(nr_session *s, void *self), void *self);
/* Shuts the profiler down and says what it complained about (WARN and ERROR lines), on the error stream; of one in this process
 * the log is there to be read instead. */
void nr_session_end(nr_session *s);

/* All bytes of the profiler's log so far. */
void nr_session_read_log(const nr_session *s, nr_arena *arena, nr_buf *bytes);

/* The path of a rule file as the user knows it: with --rules the profiler reads a copy. In the CLI's arena. */
nr_str nr_session_rule_path(const nr_session *s, nr_str path);

/* Loads an assembly; 0: it cannot be loaded, which has been said. */
uintptr_t nr_session_load(nr_session *s, const char *path);

/* A method to compile. */
typedef struct nr_session_method {
    uintptr_t module;
    uint32_t token;
} nr_session_method;

/* Called for every method of a module that has a body in IL, in ascending order. */
bool nr_session_has_il(const nr_session *s, uintptr_t module, uint32_t token);
uint32_t nr_session_method_count(const nr_session *s, uintptr_t module);

/* The methods named by an order file, in its order: lines "assembly <tab> token in hexadecimal", more columns are ignored, '#'
 * begins a comment. Or a recording: the methods whose body the profiler asked for. Methods are appended to `out` (nr_session_method). False: said. */
bool nr_session_read_order(nr_session *s, const char *path, const uintptr_t *modules, size_t module_count, nr_buf *out);

/* Text of a lookup of nrsim.h in `arena`; "" when there is none. */
nr_str nr_session_assembly(const nr_session *s, nr_arena *arena, uintptr_t module);
nr_str nr_session_type(const nr_session *s, nr_arena *arena, uintptr_t module, uint32_t method);
nr_str nr_session_method_name(const nr_session *s, nr_arena *arena, uintptr_t module, uint32_t method);

#endif
