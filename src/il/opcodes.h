/* opcodes.h - the instructions of ECMA-335 partition III as data: one table (opcodes.def) from
 * which the decoders, the assembler, the disassembler and the stack-depth rules are made. */
#ifndef NR_IL_OPCODES_H
#define NR_IL_OPCODES_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Index into the table. NR_OP_COUNT stands for "no such instruction". */
typedef enum nr_opcode {
#define NR_OP(name, mnemonic, code, operand, pops, pushes, flow) NR_OP_##name,
#include "il/opcodes.def"
#undef NR_OP
    NR_OP_COUNT
} nr_opcode;

/* The encodings: one byte, or 0xFE00 + second byte. */
enum {
#define NR_OP(name, mnemonic, code, operand, pops, pushes, flow) NR_CODE_##name = code,
#include "il/opcodes.def"
#undef NR_OP
    NR_CODE_TWO_BYTES = 0xFE00 /* codes from here on are written FE, low byte */
};

/* What follows the opcode, with its size in bytes. For a switch only the count of arms is in the size. */
#define NR_OPERANDS(X) \
    X(NONE, 0) \
    X(SHORT_VAR, 1) /* argument or local number */ \
    X(VAR, 2) \
    X(SHORT_I, 1) \
    X(I, 4) \
    X(I8, 8) \
    X(SHORT_R, 4) \
    X(R, 8) \
    X(SHORT_BR, 1) /* displacement from the next instruction, signed */ \
    X(BR, 4) \
    X(METHOD, 4) /* from here to TOK: metadata tokens */ \
    X(FIELD, 4) \
    X(TYPE, 4) \
    X(STRING, 4) \
    X(SIG, 4) \
    X(TOK, 4) \
    X(SWITCH, 4)

typedef enum nr_operand {
#define X(name, size) NR_OPERAND_##name,
    NR_OPERANDS(X)
#undef X
        NR_OPERAND_COUNT
} nr_operand;

typedef enum nr_flow {
    NR_FLOW_NEXT,
    NR_FLOW_BREAK,
    NR_FLOW_CALL,
    NR_FLOW_RETURN, /* ret, endfinally, endfilter */
    NR_FLOW_BRANCH, /* leave included */
    NR_FLOW_COND_BRANCH, /* switch included */
    NR_FLOW_THROW,
    NR_FLOW_META /* prefixes */
} nr_flow;

enum { NR_STACK_VARIABLE = -1 };

typedef struct nr_opcode_info {
    const char *mnemonic; /* "ldc.i4.s"; prefixes end with a dot */
    uint16_t code;
    uint8_t operand;      /* nr_operand */
    uint8_t operand_size; /* a switch: 4, the arms come on top */
    int8_t pops, pushes;  /* or NR_STACK_VARIABLE */
    uint8_t flow;         /* nr_flow */
} nr_opcode_info;

extern const nr_opcode_info nr_opcodes[NR_OP_COUNT];

/* The instruction of a code as above, NR_OP_COUNT when the standard has none. */
nr_opcode nr_opcode_by_code(uint16_t code);

/* By mnemonic ("ldarg.0", "tail."), aliases of the standard included. */
nr_opcode nr_opcode_by_mnemonic(nr_str mnemonic);

/* By verb: the mnemonic with '_' for every '.' ("ldc_i4_s", "tail_"). One '_' may be put
 * behind any verb: `and`, `or`, `not` and `break` are reserved words in Lua. */
nr_opcode nr_opcode_by_verb(nr_str verb);

/* The 4-byte form of a branch that has a 1-byte displacement; any other instruction is given back. */
nr_opcode nr_opcode_long_branch(nr_opcode op);

static inline bool nr_opcode_has_token(nr_opcode op)
{
    uint8_t k = nr_opcodes[op].operand;
    return k >= NR_OPERAND_METHOD && k <= NR_OPERAND_TOK;
}

/* Bytes of the opcode itself. */
static inline uint32_t nr_opcode_size(nr_opcode op)
{
    return nr_opcodes[op].code >= NR_CODE_TWO_BYTES ? 2 : 1;
}

#endif
