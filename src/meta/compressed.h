/* compressed.h - compressed unsigned integers in blobs (ECMA-335 II.23.2). */
#ifndef NR_META_COMPRESSED_H
#define NR_META_COMPRESSED_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NR_BLOB_U32_MAX = 0x1FFFFFFF }; /* the largest value that can be written */

/* Returns the bytes used, 0 when the blob ends too early. As lenient as the reference: non-minimal
 * forms are taken, and 111xxxxx begins a 4-byte form like 110xxxxx, so values reach 0x3FFFFFFF. */
size_t nr_blob_get_u32(const uint8_t *p, size_t size, uint32_t *value);

/* Appends the minimal form; false, and nothing appended, when value > NR_BLOB_U32_MAX. */
bool nr_blob_put_u32(nr_buf *out, uint32_t value);

#endif
