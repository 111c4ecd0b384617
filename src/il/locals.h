/* locals.h - local variable signatures (ECMA-335 II.23.2.6), as il-method-body.md section 3. */
#ifndef NR_IL_LOCALS_H
#define NR_IL_LOCALS_H

#include "base/buf.h"
#include "il/error.h"

#include <stddef.h>
#include <stdint.h>

/* Starts `sig` with the given signature bytes; none (size 0) means "07 00". */
nr_il_error nr_locals_begin(nr_buf *sig, const uint8_t *bytes, size_t size);

/* Appends one local of the given type bytes and gives its index. The lead byte and the other
 * locals are not looked at. `sig` is unchanged on failure. Refuses when the count is
 * 0xFFFE or more before the append, and a signature whose count is cut off (C17). */
nr_il_error nr_locals_append(nr_buf *sig, const uint8_t *type, size_t size, uint16_t *index);

/* The count, e.g. for the log line of NR_IL_LOCALS_TOO_MANY. */
nr_il_error nr_locals_count(const nr_buf *sig, uint32_t *count);

/* ECMA-335 II.23.2 compressed unsigned integers. Returns the bytes used, 0 when the text
 * ends too early. Rules of 3.3 (111xxxxx is accepted as a 4-byte form). */
size_t nr_compressed_get(const uint8_t *p, size_t size, uint32_t *value);
/* Appends the minimal form; false when value > 0x1FFFFFFF. */
bool nr_compressed_put(nr_buf *out, uint32_t value);

#endif
