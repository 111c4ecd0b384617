/* md_internal.h - what md.c and define.c share. */
#ifndef NR_SIM_MD_INTERNAL_H
#define NR_SIM_MD_INTERNAL_H

#include "sim/md.h"

#define NR_MD_DEFINED 0x80000000u /* bit of a heap offset: defined later, the rest is a number */

struct user {
    uint32_t offset, count;
    uint16_t *units;
};

#endif
