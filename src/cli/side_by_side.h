/* side_by_side.h - the two bodies of a method as lines beside each other. */
#ifndef NR_CLI_SIDE_BY_SIDE_H
#define NR_CLI_SIDE_BY_SIDE_H

#include "cli/compare.h"
#include "cli/origin.h"

typedef struct nr_row {
    bool equal;
    nr_str a, b;               /* p == NULL: this side has no such line */
    nr_str origin_a, origin_b; /* "tracer.lua:70"; n == 0: a line of the method's own, or nobody knows */
} nr_row;

typedef struct nr_side_by_side {
    nr_row *rows;
    size_t count;
    size_t first; /* the first row that differs, an instruction where there is one; == count: the bytes differ where no line shows it */
} nr_side_by_side;

/* Tokens are named as each recording explains them; their numbers do not count as differences, nor does the function id of the
 * method itself unless the comparison is strict. `origins` may be NULL. False: no memory. */
bool nr_side_by_side_make(nr_arena *arena, nr_origins *origins, const nr_comparison *c, const nr_pair *pair, nr_side_by_side *out);

#endif
