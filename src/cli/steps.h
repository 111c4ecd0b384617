/* steps.h - the steps of a blob as text, one line each, for tests and for people.
 *
 *     call class [mscorlib]System.Type …    instructions: mnemonic and operand as in the template
 *     ldc.i4 $flags                         a hole
 *     ldstr.trimmed $factory
 *     stloc tracer                          locals by name
 *     brfalse L2        L2:                 labels are numbered from 0
 *     try               catch [mscorlib]System.Exception               end catch
 *     original          each argument       end each       and so on */
#ifndef NR_CLI_STEPS_H
#define NR_CLI_STEPS_H

#include "base/buf.h"
#include "script/blob.h"

/* Appends the text of one step, without a newline. */
void nr_step_print(nr_buf *out, const nr_blob *blob, const nr_step *step);
/* "factory", "flags", …: the name behind the '$' of a hole, "" for a literal. */
const char *nr_text_hole_name(nr_text_hole hole);

#endif
