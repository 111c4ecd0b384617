/* binary.h - what a program or library says of itself: ELF and PE headers, as far as one has to know before loading it. */
#ifndef NR_CLI_BINARY_H
#define NR_CLI_BINARY_H

#include "base/str.h"

#include <stdbool.h>

typedef enum nr_machine { NR_MACHINE_OTHER, NR_MACHINE_X64, NR_MACHINE_X86, NR_MACHINE_ARM64, NR_MACHINE_ARM } nr_machine;
typedef enum nr_binary_kind { NR_BINARY_NONE, NR_BINARY_ELF, NR_BINARY_PE } nr_binary_kind;

typedef struct nr_binary {
    nr_binary_kind kind;
    nr_machine machine;
    unsigned glibc;   /* the newest GLIBC_2.x that it names: x; 0: none */
    bool musl;        /* it is linked against musl */
    bool cpp_runtime; /* it needs libstdc++ or libc++ */
} nr_binary;

/* NONE: it is neither. The head of a file is enough for kind and machine. */
nr_binary nr_binary_read(nr_str bytes);
const char *nr_machine_name(nr_machine m);
/* 2.x of a libc.so.6, from what it prints when it is run; 0: not found. */
unsigned nr_glibc_version(nr_str bytes);

#endif
