/* doctor.h - what `nrprof doctor` looks at, and what it says about it. */
#ifndef NR_CLI_DOCTOR_H
#define NR_CLI_DOCTOR_H

#include "base/buf.h"
#include "cli/binary.h"
#include "cli/cli.h"
#include "os/tool.h"

typedef enum nr_check_status { NR_CHECK_OK, NR_CHECK_WARN, NR_CHECK_ERROR, NR_CHECK_SKIP } nr_check_status;

typedef struct nr_check {
    const char *name; /* stable: support and scripts refer to it */
    nr_check_status status;
    nr_str text;   /* what was found */
    nr_str advice; /* what to do; n == 0: nothing */
} nr_check;

typedef struct nr_doctor {
    nr_cli *cli;
    bool core;         /* .NET, not .NET Framework */
    unsigned long pid; /* 0: no process, the environment of this program */
    nr_os_process process;
    nr_machine machine; /* of the process, or of this program */
    nr_str library;     /* the profiler library that the variables name, as it is reached from here; p == NULL: none */
    nr_str home;        /* likewise the home directory */
    bool loaded;        /* it is in the process */
    nr_buf checks;      /* nr_check[] */
    bool failed;        /* no memory */
} nr_doctor;

/* Adds a check. `advice` may be NULL. */
void nr_doctor_say(nr_doctor *d, const char *name, nr_check_status status, const char *advice, const char *format, ...)
    NR_PRINTF(5, 6);
/* Text in the CLI's arena, for advice. */
const char *nr_doctor_text(nr_doctor *d, const char *format, ...) NR_PRINTF(2, 3);
/* The value of a variable of the process; false: not set. */
bool nr_doctor_env(nr_doctor *d, const char *name, nr_str *value);
/* A path of the process, as it is reached from here: another in a container. */
nr_str nr_doctor_path(nr_doctor *d, nr_str path);
/* The same path as the process writes it. */
nr_str nr_doctor_shown(const nr_doctor *d, nr_str path);
bool nr_doctor_is_absolute(nr_str path);

/* The groups of checks, in this order. */
void nr_doctor_variables(nr_doctor *d); /* doctor_variables.c; finds d->library */
void nr_doctor_library(nr_doctor *d);   /* doctor_library.c */
void nr_doctor_home(nr_doctor *d);      /* doctor_home.c; finds d->home */
void nr_doctor_files(nr_doctor *d);     /* doctor_files.c: what is in the home, and the log directory */

#endif
