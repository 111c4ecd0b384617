/* glob.h - patterns of names: '*' is any text, '?' one character. */
#ifndef NR_CLI_GLOB_H
#define NR_CLI_GLOB_H

#include "base/str.h"

#include <stdbool.h>

bool nr_glob(nr_str pattern, nr_str text);

#endif
