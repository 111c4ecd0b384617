/* insn.h - single instructions, strictly as ECMA-335 partition III has them. */
#ifndef NR_IL_INSN_H
#define NR_IL_INSN_H

#include "base/arena.h"
#include "base/buf.h"
#include "il/error.h"
#include "il/opcodes.h"

#include <stddef.h>
#include <stdint.h>

typedef struct nr_insn {
    uint32_t offset;     /* of the opcode in the code */
    uint32_t size;       /* opcode, operand, arms */
    nr_opcode op;
    uint64_t operand;    /* its bits, zero-extended; a switch: the number of arms */
    const uint8_t *arms; /* a switch: displacements of 4 bytes, in the code that was decoded; else NULL */
} nr_insn;

/* Decodes the instruction at `offset` < `size`. ILLEGAL_OPCODE, or CODE_OVERRUN when it does not fit the code. */
nr_il_error nr_insn_decode(const uint8_t *code, size_t size, size_t offset, nr_insn *out);

/* All instructions of `code`, in `arena`. On an error *bad (when not NULL) is the offset of the culprit. */
nr_il_error nr_insns_decode(nr_arena *arena, const uint8_t *code, size_t size, nr_insn **out, size_t *count,
                            size_t *bad);

/* Appends the bytes of an instruction; `offset` and `size` are not looked at. */
void nr_insn_encode(nr_buf *out, const nr_insn *insn);

/* Where a branch leads, counted like `offset`; arm < operand picks one of a switch. -1: not a branch. */
int64_t nr_insn_target(const nr_insn *insn, uint32_t arm);

#endif
