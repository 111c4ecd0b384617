/* parts.h - a method body taken apart without interpreting it, and put together again.
 *
 * nr_body_split gives what the rewrite needs and drops the rest; this keeps every byte, chained and unknown sections
 * included: parse followed by encode gives the bytes of the body back. */
#ifndef NR_IL_PARTS_H
#define NR_IL_PARTS_H

#include "base/arena.h"
#include "base/buf.h"
#include "il/body.h"
#include "il/error.h"

#include <stddef.h>
#include <stdint.h>

typedef struct nr_body_section {
    const uint8_t *gap; /* padding in front of it, 0 to 3 bytes */
    size_t gap_size;
    const uint8_t *bytes; /* kind byte and all */
    size_t size;
    uint8_t kind;          /* the whole byte: kind 1 is an exception table, 0x40 fat, 0x80 more to come */
    uint32_t clause_count; /* exception table: clauses as the CLR counts them; else 0 */
} nr_body_section;

/* Pointers are into the bytes that were parsed. */
typedef struct nr_body_parts {
    bool tiny;
    const uint8_t *header; /* 1 byte, or four times the size field */
    size_t header_size;
    uint16_t flags;         /* tiny: 0 */
    uint16_t max_stack;     /* tiny: 8 */
    uint32_t local_var_sig; /* tiny: 0 */
    const uint8_t *code;
    size_t code_size;
    nr_body_section *sections; /* in the arena */
    size_t section_count;
    size_t size; /* of the whole body */
} nr_body_parts;

nr_il_error nr_body_parse(nr_arena *arena, const uint8_t *bytes, size_t size, nr_body_parts *out);

/* The same without looking at sections (there are none in the result, and `size` ends with the code): for bodies whose
 * sections are broken. */
nr_il_error nr_body_parse_code(const uint8_t *bytes, size_t size, nr_body_parts *out);

/* Appends the body. `code` and `code_size` may have been exchanged: the size in the header follows, and padding is kept where
 * its length still fits and zero elsewhere. Every other field is written from the bytes that were parsed. */
nr_il_error nr_body_encode(nr_buf *out, const nr_body_parts *parts);

/* Clause i < clause_count of an exception table, the last field as it is written. */
nr_eh_clause nr_body_section_clause(const nr_body_section *section, uint32_t i);

#endif
