/* emit.h - a low-level assembler: the encodings of injected-code.md section 1, labels, try regions.
 *
 *     nr_emit e = nr_emit_start(&code);
 *     int after = nr_emit_label(&e);
 *     nr_emit_try(&e); ... nr_emit_branch(&e, NR_OP_LEAVE, after);
 *     nr_emit_handler(&e); nr_emit_op(&e, NR_OP_POP); nr_emit_branch(&e, NR_OP_LEAVE, after);
 *     nr_emit_end_try(&e, NR_EH_CATCH, token);
 *     nr_emit_place(&e, after);
 *     err = nr_emit_finish(&e);   // e.clauses, e.clause_count are valid until nr_emit_free
 *     nr_emit_free(&e);
 *
 * Errors are sticky: the first one is what nr_emit_finish answers. */
#ifndef NR_IL_EMIT_H
#define NR_IL_EMIT_H

#include "base/buf.h"
#include "il/body.h"
#include "il/error.h"
#include "il/opcodes.h"

#include <stddef.h>
#include <stdint.h>

typedef struct nr_emit_fixup nr_emit_fixup;
typedef struct nr_emit_region nr_emit_region;

typedef struct nr_emit {
    nr_buf *code; /* the caller's; appended to */
    size_t start; /* code->size at the start: offset 0 of labels and regions */
    nr_il_error error;
    uint32_t *labels; /* offset of each, or NR_EMIT_NOT_PLACED */
    size_t label_count, label_room;
    nr_emit_fixup *fixups; /* branches waiting for their label */
    size_t fixup_count, fixup_room;
    nr_emit_region *open; /* try regions that are not closed, innermost last */
    size_t open_count, open_room;
    nr_eh_clause *clauses; /* in the order in which their handlers were closed (6.5) */
    size_t clause_count, clause_room;
} nr_emit;

#define NR_EMIT_NOT_PLACED UINT32_MAX

nr_emit nr_emit_start(nr_buf *code);
void nr_emit_free(nr_emit *e);

/* Offset of the next byte. */
uint32_t nr_emit_offset(const nr_emit *e);

/* An instruction without operand; with an operand of 1, 2, 4 or 8 bytes (anything but a branch or a switch, e.g. a token).
 * The operand has to fit the size: zero- or sign-extended. */
void nr_emit_op(nr_emit *e, nr_opcode op);
void nr_emit_operand(nr_emit *e, nr_opcode op, uint64_t operand);
/* Bytes as they are, e.g. the user's code. */
void nr_emit_bytes(nr_emit *e, const void *p, size_t n);

/* 0..3 in one byte, 4..254 in two, from 255 on in four. */
void nr_emit_ldarg(nr_emit *e, uint16_t n);
void nr_emit_ldloc(nr_emit *e, uint16_t n);
void nr_emit_stloc(nr_emit *e, uint16_t n);
/* Bytes that the three above take for an index: 1, 2 or 4. */
unsigned nr_emit_index_size(uint16_t n);
/* Always 5 and 9 bytes. */
void nr_emit_ldc_i4(nr_emit *e, uint32_t value);
void nr_emit_ldc_i8(nr_emit *e, uint64_t value);

/* A new label: 0, 1, 2, ... It can be placed once, before or after the branches to it. */
int nr_emit_label(nr_emit *e);
void nr_emit_place(nr_emit *e, int label);
/* A branch of either size (the injected code has long ones only, Q32). A label that is never placed leaves displacement 0. */
void nr_emit_branch(nr_emit *e, nr_opcode op, int label);

/* A try region starts; its handler starts, which ends the try part; the handler ends, which adds the clause.
 * `token_or_filter` as in nr_eh_clause. Regions nest. */
void nr_emit_try(nr_emit *e);
void nr_emit_handler(nr_emit *e);
void nr_emit_end_try(nr_emit *e, uint32_t flags, uint32_t token_or_filter);

/* Writes the displacements. The first error of the whole sequence; the code is of no use then. */
nr_il_error nr_emit_finish(nr_emit *e);

#endif
