/* disasm.h - a method body as text, for people.
 *
 *     fat, code size 7 (0x7), max stack 8, init locals, locals 11000001
 *       IL_0000: ldarg.0
 *       IL_0001: call 0A000001 System.Void [mscorlib]...   (the name comes from the callback)
 *       IL_0006: ret
 *     .try IL_0000..IL_0006 catch 01000002 handler IL_0006..IL_0009
 *
 * Anything can be printed: what is no instruction of ECMA-335 becomes ".byte 0x24", and what is wrong with a
 * header or section is said in a line that starts with "error:". */
#ifndef NR_IL_DISASM_H
#define NR_IL_DISASM_H

#include "base/buf.h"
#include "il/error.h"

#include <stddef.h>
#include <stdint.h>

/* Appends the name of a metadata token (a user string 70xxxxxx: its literal) to `out`; nothing when it has none. */
typedef void nr_disasm_name(void *context, uint32_t token, nr_buf *out);

/* Appends the text of the body at `bytes`. `name` may be NULL. The answer is what is wrong with the body,
 * if anything (the text is complete nevertheless), or NO_MEMORY. Bytes behind the body are not looked at. */
nr_il_error nr_disasm(nr_buf *out, const uint8_t *bytes, size_t size, nr_disasm_name *name, void *context);

/* The instructions only. `indent` goes in front of every line. The answer is about the first piece that is no
 * instruction. */
nr_il_error nr_disasm_code(nr_buf *out, const char *indent, const uint8_t *code, size_t size, nr_disasm_name *name,
                           void *context);

#endif
