/* refdecode.h - instructions as the C++ profiler reads them (il-method-body.md 4.1).
 *
 * Only ret rewriting uses this: its outcome has to be the reference's for every input, legal or not. Everything that
 * wants to know what the CLR will make of the bytes uses insn.h. */
#ifndef NR_IL_REFDECODE_H
#define NR_IL_REFDECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct nr_ref_insn {
    uint8_t instruction;  /* the second byte of FE and FF forms: FF 2A looks like RET (4.1.4) */
    uint8_t opcode_size;  /* bytes written for the opcode: 2 for FE forms, 1 for FF forms although they take 2 */
    uint8_t operand_size; /* a switch: 4 */
    bool branch;          /* 4.1.3, switch included */
    uint32_t total_size;  /* bytes taken, a switch's arms not included */
} nr_ref_insn;

typedef enum nr_ref_result {
    NR_REF_OK,
    NR_REF_UNKNOWN, /* the reference has no such instruction */
    NR_REF_OVERRUN  /* a prefix is the last byte: the reference looks at the byte behind the code */
} nr_ref_result;

/* Needs offset < size. The operand need not be inside the code: the reference does not look at it here. */
nr_ref_result nr_il_decode_reference(const uint8_t *code, size_t size, size_t offset, nr_ref_insn *out);

#endif
