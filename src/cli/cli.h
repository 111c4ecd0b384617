/* cli.h - what the commands of nrprof share: options, messages, exit codes. */
#ifndef NR_CLI_CLI_H
#define NR_CLI_CLI_H

#include "base/arena.h"
#include "base/compiler.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>


/* Exit codes: all is well; the command worked and has something to complain about (a failed test, a difference);
 * the command could not do what it was told (wrong usage, unreadable input). */
enum { NR_EXIT_OK = 0, NR_EXIT_FINDINGS = 1, NR_EXIT_USAGE = 2 };

typedef struct nr_cli {
    nr_arena arena; /* lives as long as the command */
    FILE *out, *err;
    bool json;  /* results as JSON on `out`, nothing else there */
    bool color; /* `out` is a terminal and NO_COLOR is not set */
} nr_cli;

typedef struct nr_option {
    const char *name;  /* without the dashes */
    char letter;       /* 0: none */
    const char *value; /* what stands for the value in the help; NULL: a flag */
    const char *help;
} nr_option;

enum { NR_MOST_OPTIONS = 12 };

typedef struct nr_args {
    const char *values[NR_MOST_OPTIONS]; /* by index into the command's options; a flag: its name; NULL: not given */
    const char **operands;
    size_t operand_count;
    bool help;
} nr_args;

typedef struct nr_command {
    const char *name;
    const char *usage;   /* behind "nrprof NAME " */
    const char *summary; /* one line */
    const char *about;   /* more lines, or NULL */
    const nr_option *options;
    size_t option_count;
    int (*run)(nr_cli *cli, const nr_args *args);
} nr_command;

extern const nr_command nr_command_test, nr_command_dump, nr_command_record;
extern const nr_command nr_command_check, nr_command_list, nr_command_explain, nr_command_import_xml, nr_command_export_xml;
extern const nr_command nr_command_diff, nr_command_postmortem, nr_command_doctor;
extern const nr_command nr_command_run, nr_command_repl, nr_command_completion, nr_command_man;
/* The commands, in the order of the help; NULL behind the last one. */
const nr_command *nr_cli_command(size_t n);
extern const nr_command nr_command_install, nr_command_rollback, nr_command_env;

/* "nrprof: " text, newline, on `err`. */
void nr_cli_error(nr_cli *cli, const char *format, ...) NR_PRINTF(2, 3);
/* The same with a hint to --help; always NR_EXIT_USAGE. `command` may be NULL. */
int nr_cli_usage(nr_cli *cli, const nr_command *command, const char *format, ...) NR_PRINTF(3, 4);
int nr_cli_no_memory(nr_cli *cli);

/* args.c. False: wrong usage, reported. "--" ends options; "--name=value" and "--name value" are the same; letters
 * may be joined. */
bool nr_args_parse(nr_cli *cli, const nr_command *command, int argc, char **argv, nr_args *out);
void nr_args_help(nr_cli *cli, const nr_command *command);
/* The candidate that `word` is most likely a misspelling of; NULL: none is near. */
const char *nr_args_nearest(const char *word, const char *const *candidates, size_t count);

/* Runs the tool. argv[0] is not looked at. */
int nr_cli_main(int argc, char **argv, FILE *out, FILE *err);

#endif
