/* compare.h - two bodies for one method, made in one process. */
#ifndef NR_VALIDATE_COMPARE_H
#define NR_VALIDATE_COMPARE_H

#include "validate/shadow.h"
#include "validate/trial.h"

/* IDENTICAL: the same bytes, and every token means the same to both sides. NUMBERING: the same when each token is
 * replaced by its meaning. DIFFERENT: *why says where. FunctionIDs are not masked: there is one process. */
nr_verdict nr_compare_bodies(nr_shadow *s, const nr_trial_item *charge, const nr_trial_item *beside, nr_buf *why);

#endif
