/* template_check.h - is what a template writes valid IL?
 *
 * A blob is linked for sample methods of its shape, with tokens that stand for nothing, and the body is verified: depth and
 * classes of the stack, regions, branches, locals. So the author of a template hears of a fault when it loads, not the
 * customer when a method is compiled. */
#ifndef NR_ENGINE_TEMPLATE_CHECK_H
#define NR_ENGINE_TEMPLATE_CHECK_H

#include "base/arena.h"
#include "script/blob.h"

/* nr_script_check: the complaint in `arena`, "@:12: pop: …" with the line and verb of the step; p == NULL: there is none. */
nr_str nr_template_check(nr_arena *arena, const nr_blob *blob, unsigned shape);

#endif
