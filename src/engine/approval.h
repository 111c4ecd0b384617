/* approval.h - the last look at a body before the CLR gets it, and when to stop.
 *
 * Safe mode is the switch `verify` (rules/compat.h): only a body whose verdict is OK is written, any other leaves its method
 * as it is. Otherwise bytes must match the reference's, so the verdict is looked for at log level DEBUG only, counted, and changes
 * nothing. */
#ifndef NR_ENGINE_APPROVAL_H
#define NR_ENGINE_APPROVAL_H

#include "engine/method.h"

typedef struct nr_approval_job {
    const uint8_t *body;
    size_t size;
    uint32_t own_start, own_size; /* the method's own code in it */
    nr_str template_name;
    const nr_point *point; /* NULL: no rule */
} nr_approval_job;

/* False: the method stays as it is. One WARN said why, and the refusal has been counted. */
bool nr_approval_passes(nr_method *m, const nr_approval_job *job);
/* Enters what became of a body into the journal. */
void nr_approval_note(const nr_method *m, const nr_approval_job *job, int outcome, int32_t hr);

/* Something happened that is this library's own fault, or a refusal in safe mode. At the limit one ERROR line is
 * written and nr_approval_is_closed from then on. */
void nr_approval_count_fault(nr_engine *e);
static inline bool nr_approval_is_closed(const nr_engine *e)
{
    return atomic_load_explicit(&e->closed, memory_order_relaxed);
}

#endif
