/* header.h - the method header (ECMA-335 II.25.4.1 to 3), inside this room only. */
#ifndef NR_IL_HEADER_H
#define NR_IL_HEADER_H

#include "il/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NR_TINY_FORMAT = 2, NR_TINY_MASK = 3, NR_FAT_FORMAT_MASK = 7 };

typedef struct nr_body_header {
    bool tiny;
    bool sections;    /* MoreSects */
    uint8_t dwords;   /* fat: the size field, not checked beyond the buffer; tiny: 0 */
    uint16_t flags;   /* fat: 12 bits; tiny: 0 */
    uint16_t max_stack;
    uint32_t local_var_sig;
    uint32_t code_offset, code_size; /* inside the buffer */
} nr_body_header;

/* EMPTY, TRUNCATED (C4) or NOT_TINY_OR_FAT, in the order in which the bytes are looked at. */
nr_il_error nr_header_read(const uint8_t *bytes, size_t size, nr_body_header *out);

/* Bytes from `size` to the next multiple of four. Sections are aligned within the body: the copies that the CLR
 * hands out and the bodies of an image start at such a multiple. */
static inline size_t nr_body_padding(size_t size)
{
    return (4 - (size & 3)) & 3;
}

/* Where the first section starts, if there is one. */
static inline size_t nr_header_sections(const nr_body_header *h)
{
    size_t end = (size_t)h->code_offset + h->code_size;
    return end + nr_body_padding(end);
}

#endif
