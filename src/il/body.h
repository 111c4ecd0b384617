/* body.h - method bodies (ECMA-335 II.25.4): reading, splitting, writing.
 *
 * Bytes in, bytes out. Everything read is checked against the size of the buffer; an error leaves the outputs
 * untouched. Section numbers are those of reference/il-method-body.md. */
#ifndef NR_IL_BODY_H
#define NR_IL_BODY_H

#include "base/arena.h"
#include "base/buf.h"
#include "il/error.h"

#include <stddef.h>
#include <stdint.h>

/* CorILMethodFlags, in the low 12 bits of a fat header. */
enum { NR_IL_FAT_FORMAT = 0x03, NR_IL_MORE_SECTS = 0x08, NR_IL_INIT_LOCALS = 0x10 };

/* The header of II.25.4.3, and what a tiny one (II.25.4.2) can hold. */
enum { NR_IL_FAT_HEADER = 12, NR_IL_TINY_MAX_CODE = 63, NR_IL_TINY_MAX_STACK = 8 };

/* COR_ILEXCEPTION_CLAUSE flags. */
enum { NR_EH_CATCH = 0, NR_EH_FILTER = 1, NR_EH_FINALLY = 2, NR_EH_FAULT = 4 };

typedef struct nr_eh_clause {
    uint32_t flags;
    uint32_t try_offset, try_length;
    uint32_t handler_offset, handler_length;
    uint32_t token_or_filter; /* class token, or filter offset; 0 for finally and fault */
} nr_eh_clause;

/* A body split into its parts, as il-method-body.md sections 2 and 5 say (a tiny body gets
 * the fat header of 2.5). `code` points into the bytes that were split. */
typedef struct nr_method_body {
    uint16_t flags;         /* 12 bits */
    uint8_t header_dwords;  /* the size field; always 3 for what is accepted */
    uint16_t max_stack;
    uint32_t local_var_sig; /* StandAloneSig token, 0: no locals */
    const uint8_t *code;
    uint32_t code_size;
    nr_eh_clause *clauses;
    size_t clause_count;
} nr_method_body;

/* Splits `size` bytes. Clauses are in `arena`. token_or_filter of a clause is what 5.3 and 5.4 make of it: a filter
 * offset for flags 1 only (and, from a small section, unshifted for any odd flags), else 0. */
nr_il_error nr_body_split(nr_arena *arena, const uint8_t *bytes, size_t size, nr_method_body *out);

/* Replaces the RETs as il-method-body.md section 4 says. *out is a complete method body in
 * `arena` (it may be `bytes` itself when nothing changes), to be handed to nr_body_split.
 * *multiple tells whether the multi-RET rewrite took place (the reference logs it); it is set for
 * failures as well, when the reference logs before it fails. */
nr_il_error nr_body_rewrite_ret(nr_arena *arena, const uint8_t *bytes, size_t size, const uint8_t **out,
                                size_t *out_size, bool *multiple);

/* What the API shim does instead (quirks Q24, C8): body->code becomes a copy in `arena` whose last byte,
 * when it is a RET, is a NOP. *replaced == false: the reference logs "Unexpected instruction in method {fn}"
 * and goes on. Empty code is refused. */
nr_il_error nr_body_replace_last_ret(nr_arena *arena, nr_method_body *body, bool *replaced);

/* Appends the fat form of section 6: header with MoreSects set and size 3, `code`, padding,
 * one fat section with all `clauses` (absolute offsets). The last field of a clause is written as 6.7 says. Nothing
 * is appended on failure. */
nr_il_error nr_body_write_fat(nr_buf *out, uint16_t flags, uint16_t max_stack, uint32_t local_var_sig,
                              const uint8_t *code, size_t code_size, const nr_eh_clause *clauses,
                              size_t clause_count);

/* Appends the tiny form of 6.9; refuses 64 bytes and more. */
nr_il_error nr_body_write_tiny(nr_buf *out, const uint8_t *code, size_t code_size);

/* The exact size in bytes of the body at `bytes` (header, code, padding, all sections), e.g. for
 * a body inside an image. `size` is what may be read. Sections are measured as the CLR does:
 * 4 bytes and as many whole clauses as the DataSize has room for, its header counted or not. */
nr_il_error nr_body_size(const uint8_t *bytes, size_t size, size_t *body_size);

#endif
