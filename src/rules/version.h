/* version.h - assembly versions as rules write them (instrumentation-xml.md section 5). */
#ifndef NR_RULES_VERSION_H
#define NR_RULES_VERSION_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct nr_version {
    uint16_t part[4];
} nr_version;

/* C++ stoi in base 10: leading white space and sign, trailing text ignored. False: no digits,
 * or outside the range of a 32-bit int. */
bool nr_stoi(nr_str text, int32_t *value);

/* One to four parts, each read like nr_stoi. False: not a valid version. */
bool nr_version_parse(nr_str text, nr_version *out);

/* "1.2.3.4" without a terminator into `out`, which has room for 23 bytes. Returns the length. */
size_t nr_version_print(const nr_version *v, char *out);

/* -1, 0, 1 */
int nr_version_cmp(const nr_version *a, const nr_version *b);
bool nr_version_is_zero(const nr_version *v);

#endif
