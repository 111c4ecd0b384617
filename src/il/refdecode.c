#include "il/refdecode.h"

#include "il/opcodes.h"

enum {
    FIRST_PREFIX = 0xF8,
    TWO_BYTE_PREFIX = 0xFE,
    ONE_BYTE_PREFIX = 0xFF,
    TWO_BYTE_CODES = 0x23 /* FE 00 .. FE 22 */
};

nr_ref_result nr_il_decode_reference(const uint8_t *code, size_t size, size_t offset, nr_ref_insn *out)
{
    uint8_t first = code[offset];
    uint32_t taken = 1;
    uint16_t ecma = first;
    out->instruction = first;
    out->opcode_size = 1;
    if (first >= FIRST_PREFIX) {
        if (offset + 1 >= size) return NR_REF_OVERRUN;
        out->instruction = code[offset + 1];
        taken = 2;
        if (first == TWO_BYTE_PREFIX) {
            if (out->instruction >= TWO_BYTE_CODES) return NR_REF_UNKNOWN;
            ecma = (uint16_t)(NR_CODE_TWO_BYTES | out->instruction);
            out->opcode_size = 2;
        } else if (first == ONE_BYTE_PREFIX) {
            ecma = out->instruction;
        } else {
            return NR_REF_UNKNOWN;
        }
    }
    out->operand_size = 0;
    out->branch = false;
    nr_opcode op = nr_opcode_by_code(ecma);
    /* Codes without an instruction count as one without operand; `no.` is one of them for the reference. */
    if (op != NR_OP_COUNT && op != NR_OP_NO) {
        out->operand_size = nr_opcodes[op].operand_size;
        out->branch = nr_opcodes[op].flow == NR_FLOW_BRANCH || nr_opcodes[op].flow == NR_FLOW_COND_BRANCH;
    }
    out->total_size = taken + out->operand_size;
    return NR_REF_OK;
}
