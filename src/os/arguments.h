/* arguments.h - a Windows command line as arguments. */
#ifndef NR_OS_ARGUMENTS_H
#define NR_OS_ARGUMENTS_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Splits a command line (UTF-16, ending with 0) by the rules of CommandLineToArgvW, without SHELL32, whose start-up code has no
 * place in a profiled process. *list: the arguments as UTF-8, each with a NUL behind it, in `arena`; the program's name is
 * the first. False: no memory. */
bool nr_os_split_arguments(nr_arena *arena, const uint16_t *line, nr_str **list, size_t *count);

#endif
