/* diff.h - the shortest way from one list to another (E. W. Myers, "An O(ND) Difference Algorithm and Its Variations"). */
#ifndef NR_CLI_DIFF_H
#define NR_CLI_DIFF_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct nr_edit {
    char kind; /* ' ': in both, '-': in the first only, '+': in the second only */
    size_t a, b; /* indexes; that of the list it is not in has no meaning */
} nr_edit;

typedef bool nr_diff_equal(void *context, size_t a, size_t b);

/* The edits in order, in `arena`, and their number; NULL: no memory. Lists that have very little in common give all of
 * the first, then all of the second. */
nr_edit *nr_diff(nr_arena *arena, size_t a_count, size_t b_count, nr_diff_equal *equal, void *context, size_t *edit_count);

#endif
