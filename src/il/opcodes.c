#include "il/opcodes.h"

#include "base/compiler.h"


/* A constant expression per kind, so that the table below can carry the size. */
enum {
#define X(name, size) SIZE_##name = size,
    NR_OPERANDS(X)
#undef X
};

enum { V = NR_STACK_VARIABLE };

const nr_opcode_info nr_opcodes[NR_OP_COUNT] = {
#define NR_OP(name, mnemonic, code, operand, pops, pushes, flow) \
    {mnemonic, code, NR_OPERAND_##operand, SIZE_##operand, pops, pushes, NR_FLOW_##flow},
#include "il/opcodes.def"
#undef NR_OP
};

/* What ret rewriting and the emitter rely on: every short branch is 0x0D below its long form, except leave. */
#define PAIR(name) _Static_assert(NR_CODE_##name - NR_CODE_##name##_S == 0x0D, #name)
PAIR(BR);
PAIR(BRFALSE);
PAIR(BRTRUE);
PAIR(BEQ);
PAIR(BGE);
PAIR(BGT);
PAIR(BLE);
PAIR(BLT);
PAIR(BNE_UN);
PAIR(BGE_UN);
PAIR(BGT_UN);
PAIR(BLE_UN);
PAIR(BLT_UN);
#undef PAIR
_Static_assert(NR_CODE_BR_S == 0x2B && NR_CODE_BLT_UN_S == 0x37, "short branches are 2B..37");
_Static_assert(NR_CODE_BR == 0x38 && NR_CODE_BLT_UN == 0x44, "long branches are 38..44");
_Static_assert(NR_CODE_SWITCH == 0x45, "the switch follows the branches");
_Static_assert(NR_CODE_LEAVE_S == 0xDE && NR_CODE_LEAVE == 0xDD, "leave");
/* The table is in the order of codes without gaps among the branches, so indexes shift alike. */
_Static_assert(NR_OP_BLT_UN_S - NR_OP_BR_S == 12 && NR_OP_BR - NR_OP_BR_S == 13, "branches in order");
_Static_assert(NR_OP_LEAVE_S == NR_OP_LEAVE + 1, "leave in order");
_Static_assert(NR_CODE_NOP == 0 && NR_CODE_RET == 0x2A, "nop, ret");
_Static_assert(NR_OP_COUNT < 0xFF, "by_code keeps index + 1 in a byte");

/* Two pages of 256: one-byte codes, then those behind FE. 0: none. */
#define SLOT(code) (((code) >> 15) << 8 | ((code) & 0xFF))
static const uint8_t by_code[512] = {
#define NR_OP(name, mnemonic, code, operand, pops, pushes, flow) [SLOT(code)] = NR_OP_##name + 1,
#include "il/opcodes.def"
#undef NR_OP
};

static const struct {
    const char *mnemonic;
    nr_opcode op;
} aliases[] = {
#define NR_OP(name, mnemonic, code, operand, pops, pushes, flow)
#define NR_OP_ALIAS(mnemonic, name) {mnemonic, NR_OP_##name},
#include "il/opcodes.def"
#undef NR_OP_ALIAS
#undef NR_OP
};

nr_opcode nr_opcode_by_code(uint16_t code)
{
    if (code > 0xFF && code < NR_CODE_TWO_BYTES) return NR_OP_COUNT;
    if (code >= NR_CODE_TWO_BYTES + 0x100) return NR_OP_COUNT;
    uint8_t i = by_code[SLOT(code)];
    return i ? (nr_opcode)(i - 1) : NR_OP_COUNT;
}

/* `s` is `mnemonic`, where `dot` stands for '.'. */
static bool same(nr_str s, const char *mnemonic, char dot)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = mnemonic[i] == '.' ? dot : mnemonic[i];
        if (c == 0 || c != s.p[i]) return false;
    }
    return mnemonic[s.n] == 0;
}

/* Only used while rules and templates load: a table of hashes would not pay. */
static nr_opcode find(nr_str s, char dot)
{
    for (int i = 0; i < NR_OP_COUNT; i++) {
        if (same(s, nr_opcodes[i].mnemonic, dot)) return (nr_opcode)i;
    }
    for (size_t i = 0; i < NR_COUNT(aliases); i++) {
        if (same(s, aliases[i].mnemonic, dot)) return aliases[i].op;
    }
    return NR_OP_COUNT;
}

nr_opcode nr_opcode_by_mnemonic(nr_str mnemonic)
{
    return find(mnemonic, '.');
}

nr_opcode nr_opcode_by_verb(nr_str verb)
{
    nr_opcode op = find(verb, '_');
    if (op == NR_OP_COUNT && verb.n > 1 && verb.p[verb.n - 1] == '_') {
        verb.n--;
        op = find(verb, '_');
    }
    return op;
}

nr_opcode nr_opcode_long_branch(nr_opcode op)
{
    if (op >= NR_OP_BR_S && op <= NR_OP_BLT_UN_S) return (nr_opcode)(op + (NR_OP_BR - NR_OP_BR_S));
    if (op == NR_OP_LEAVE_S) return NR_OP_LEAVE;
    return op;
}
