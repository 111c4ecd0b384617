#include "test.h"

#include "base/compiler.h"
#include "il/opcodes.h"

#include <string.h>

TEST(the_table_is_ordered_and_complete)
{
    CHECK_EQ(NR_OP_COUNT, 219); /* partition III, with no. */
    for (int i = 0; i < NR_OP_COUNT; i++) {
        const nr_opcode_info *o = &nr_opcodes[i];
        CHECK_EQ(nr_opcode_by_code(o->code), i);
        CHECK_EQ(nr_opcode_by_mnemonic(nr_str_of(o->mnemonic)), i);
        CHECK(i == 0 || nr_opcodes[i - 1].code < o->code);
        CHECK(o->operand < NR_OPERAND_COUNT && o->flow <= NR_FLOW_META);
        CHECK(o->pops >= -1 && o->pops <= 3 && o->pushes >= -1 && o->pushes <= 2);
        CHECK_EQ(nr_opcode_size((nr_opcode)i), o->code > 0xFF ? 2 : 1);
    }
}

TEST(codes_without_an_instruction)
{
    int one = 0, two = 0;
    for (int c = 0; c < 256; c++) {
        one += nr_opcode_by_code((uint16_t)c) != NR_OP_COUNT;
        two += nr_opcode_by_code((uint16_t)(0xFE00 + c)) != NR_OP_COUNT;
    }
    CHECK_EQ(one + two, NR_OP_COUNT);
    static const uint16_t none[] = {0x24, 0x77, 0x78, 0xA6, 0xB2, 0xBB, 0xC1, 0xC4, 0xC5, 0xC7, 0xCF, 0xE1, 0xF0, 0xFE,
                                    0xFF, 0xFE08, 0xFE10, 0xFE1B, 0xFE1F, 0xFE22, 0xFE23, 0xFEFF, 0x100, 0x102, 0xFD02, 0xFF00,
                                    0xFF2A, 0xFFFF};
    for (size_t i = 0; i < NR_COUNT(none); i++) CHECK_EQ(nr_opcode_by_code(none[i]), NR_OP_COUNT);
}

/* Rows of partition III, one or more per operand kind and flow. */
TEST(rows)
{
    static const struct {
        nr_opcode op;
        const char *mnemonic;
        uint16_t code;
        nr_operand operand;
        int size, pops, pushes;
        nr_flow flow;
    } rows[] = {
        {NR_OP_NOP, "nop", 0x00, NR_OPERAND_NONE, 0, 0, 0, NR_FLOW_NEXT},
        {NR_OP_BREAK, "break", 0x01, NR_OPERAND_NONE, 0, 0, 0, NR_FLOW_BREAK},
        {NR_OP_LDARG_S, "ldarg.s", 0x0E, NR_OPERAND_SHORT_VAR, 1, 0, 1, NR_FLOW_NEXT},
        {NR_OP_STLOC_S, "stloc.s", 0x13, NR_OPERAND_SHORT_VAR, 1, 1, 0, NR_FLOW_NEXT},
        {NR_OP_LDC_I4_S, "ldc.i4.s", 0x1F, NR_OPERAND_SHORT_I, 1, 0, 1, NR_FLOW_NEXT},
        {NR_OP_LDC_I4, "ldc.i4", 0x20, NR_OPERAND_I, 4, 0, 1, NR_FLOW_NEXT},
        {NR_OP_LDC_I8, "ldc.i8", 0x21, NR_OPERAND_I8, 8, 0, 1, NR_FLOW_NEXT},
        {NR_OP_LDC_R4, "ldc.r4", 0x22, NR_OPERAND_SHORT_R, 4, 0, 1, NR_FLOW_NEXT},
        {NR_OP_LDC_R8, "ldc.r8", 0x23, NR_OPERAND_R, 8, 0, 1, NR_FLOW_NEXT},
        {NR_OP_DUP, "dup", 0x25, NR_OPERAND_NONE, 0, 1, 2, NR_FLOW_NEXT},
        {NR_OP_JMP, "jmp", 0x27, NR_OPERAND_METHOD, 4, 0, 0, NR_FLOW_CALL},
        {NR_OP_CALL, "call", 0x28, NR_OPERAND_METHOD, 4, -1, -1, NR_FLOW_CALL},
        {NR_OP_CALLI, "calli", 0x29, NR_OPERAND_SIG, 4, -1, -1, NR_FLOW_CALL},
        {NR_OP_RET, "ret", 0x2A, NR_OPERAND_NONE, 0, -1, 0, NR_FLOW_RETURN},
        {NR_OP_BR_S, "br.s", 0x2B, NR_OPERAND_SHORT_BR, 1, 0, 0, NR_FLOW_BRANCH},
        {NR_OP_BLT_UN_S, "blt.un.s", 0x37, NR_OPERAND_SHORT_BR, 1, 2, 0, NR_FLOW_COND_BRANCH},
        {NR_OP_BR, "br", 0x38, NR_OPERAND_BR, 4, 0, 0, NR_FLOW_BRANCH},
        {NR_OP_BRTRUE, "brtrue", 0x3A, NR_OPERAND_BR, 4, 1, 0, NR_FLOW_COND_BRANCH},
        {NR_OP_SWITCH, "switch", 0x45, NR_OPERAND_SWITCH, 4, 1, 0, NR_FLOW_COND_BRANCH},
        {NR_OP_CALLVIRT, "callvirt", 0x6F, NR_OPERAND_METHOD, 4, -1, -1, NR_FLOW_CALL},
        {NR_OP_LDSTR, "ldstr", 0x72, NR_OPERAND_STRING, 4, 0, 1, NR_FLOW_NEXT},
        {NR_OP_NEWOBJ, "newobj", 0x73, NR_OPERAND_METHOD, 4, -1, 1, NR_FLOW_CALL},
        {NR_OP_CASTCLASS, "castclass", 0x74, NR_OPERAND_TYPE, 4, 1, 1, NR_FLOW_NEXT},
        {NR_OP_THROW, "throw", 0x7A, NR_OPERAND_NONE, 0, 1, 0, NR_FLOW_THROW},
        {NR_OP_STFLD, "stfld", 0x7D, NR_OPERAND_FIELD, 4, 2, 0, NR_FLOW_NEXT},
        {NR_OP_BOX, "box", 0x8C, NR_OPERAND_TYPE, 4, 1, 1, NR_FLOW_NEXT},
        {NR_OP_NEWARR, "newarr", 0x8D, NR_OPERAND_TYPE, 4, 1, 1, NR_FLOW_NEXT},
        {NR_OP_STELEM_REF, "stelem.ref", 0xA2, NR_OPERAND_NONE, 0, 3, 0, NR_FLOW_NEXT},
        {NR_OP_LDTOKEN, "ldtoken", 0xD0, NR_OPERAND_TOK, 4, 0, 1, NR_FLOW_NEXT},
        {NR_OP_ENDFINALLY, "endfinally", 0xDC, NR_OPERAND_NONE, 0, 0, 0, NR_FLOW_RETURN},
        {NR_OP_LEAVE, "leave", 0xDD, NR_OPERAND_BR, 4, 0, 0, NR_FLOW_BRANCH},
        {NR_OP_LEAVE_S, "leave.s", 0xDE, NR_OPERAND_SHORT_BR, 1, 0, 0, NR_FLOW_BRANCH},
        {NR_OP_LDARG, "ldarg", 0xFE09, NR_OPERAND_VAR, 2, 0, 1, NR_FLOW_NEXT},
        {NR_OP_ENDFILTER, "endfilter", 0xFE11, NR_OPERAND_NONE, 0, 1, 0, NR_FLOW_RETURN},
        {NR_OP_UNALIGNED, "unaligned.", 0xFE12, NR_OPERAND_SHORT_I, 1, 0, 0, NR_FLOW_META},
        {NR_OP_TAIL, "tail.", 0xFE14, NR_OPERAND_NONE, 0, 0, 0, NR_FLOW_META},
        {NR_OP_CONSTRAINED, "constrained.", 0xFE16, NR_OPERAND_TYPE, 4, 0, 0, NR_FLOW_META},
        {NR_OP_NO, "no.", 0xFE19, NR_OPERAND_SHORT_I, 1, 0, 0, NR_FLOW_META},
        {NR_OP_RETHROW, "rethrow", 0xFE1A, NR_OPERAND_NONE, 0, 0, 0, NR_FLOW_THROW},
        {NR_OP_READONLY, "readonly.", 0xFE1E, NR_OPERAND_NONE, 0, 0, 0, NR_FLOW_META},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        const nr_opcode_info *o = &nr_opcodes[rows[i].op];
        CHECK_STR(nr_str_of(o->mnemonic), rows[i].mnemonic);
        CHECK_EQ(o->code, rows[i].code);
        CHECK_EQ(o->operand, rows[i].operand);
        CHECK_EQ(o->operand_size, rows[i].size);
        CHECK_EQ(o->pops, rows[i].pops);
        CHECK_EQ(o->pushes, rows[i].pushes);
        CHECK_EQ(o->flow, rows[i].flow);
    }
}

TEST(verbs)
{
    static const struct {
        const char *verb;
        nr_opcode op;
    } rows[] = {
        {"ldc_i4_s", NR_OP_LDC_I4_S}, {"ldarg_0", NR_OP_LDARG_0}, {"tail_", NR_OP_TAIL}, {"tail__", NR_OP_TAIL},
        {"and_", NR_OP_AND}, {"or_", NR_OP_OR}, {"not_", NR_OP_NOT}, {"break_", NR_OP_BREAK}, {"ret", NR_OP_RET},
        {"conv_ovf_i1_un", NR_OP_CONV_OVF_I1_UN}, {"stelem_any", NR_OP_STELEM}, {"brnull_s", NR_OP_BRFALSE_S},
        {"ldc.i4.s", NR_OP_COUNT}, {"ret__", NR_OP_COUNT}, {"re", NR_OP_COUNT}, {"rett", NR_OP_COUNT}, {"", NR_OP_COUNT},
        {"_", NR_OP_COUNT}, {"RET", NR_OP_COUNT}, {"tail", NR_OP_COUNT},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) CHECK_EQ(nr_opcode_by_verb(nr_str_of(rows[i].verb)), rows[i].op);
    /* Every mnemonic has its verb. */
    for (int i = 0; i < NR_OP_COUNT; i++) {
        char verb[32];
        size_t n = strlen(nr_opcodes[i].mnemonic);
        for (size_t c = 0; c <= n; c++) verb[c] = nr_opcodes[i].mnemonic[c] == '.' ? '_' : nr_opcodes[i].mnemonic[c];
        CHECK_EQ(nr_opcode_by_verb(nr_str_of(verb)), i);
    }
}

TEST(mnemonics)
{
    CHECK_EQ(nr_opcode_by_mnemonic(NR_STR("brinst")), NR_OP_BRTRUE);
    CHECK_EQ(nr_opcode_by_mnemonic(NR_STR("ldind.u8")), NR_OP_LDIND_I8);
    CHECK_EQ(nr_opcode_by_mnemonic(NR_STR("endfault")), NR_OP_ENDFINALLY);
    CHECK_EQ(nr_opcode_by_mnemonic(NR_STR("ldc_i4_s")), NR_OP_COUNT);
    CHECK_EQ(nr_opcode_by_mnemonic(NR_STR("nop\0x")), NR_OP_COUNT);
}

TEST(long_branches)
{
    int changed = 0;
    for (int i = 0; i < NR_OP_COUNT; i++) {
        nr_opcode op = (nr_opcode)i, to = nr_opcode_long_branch(op);
        if (nr_opcodes[i].operand != NR_OPERAND_SHORT_BR) {
            CHECK_EQ(to, op);
            continue;
        }
        changed++;
        CHECK_EQ(nr_opcodes[to].operand, NR_OPERAND_BR);
        size_t n = strlen(nr_opcodes[to].mnemonic);
        CHECK(strncmp(nr_opcodes[to].mnemonic, nr_opcodes[i].mnemonic, n) == 0);
        CHECK_STR(nr_str_of(nr_opcodes[i].mnemonic + n), ".s");
    }
    CHECK_EQ(changed, 14);
}

TEST(tokens)
{
    CHECK(nr_opcode_has_token(NR_OP_CALL) && nr_opcode_has_token(NR_OP_LDSTR) && nr_opcode_has_token(NR_OP_LDTOKEN));
    CHECK(!nr_opcode_has_token(NR_OP_SWITCH) && !nr_opcode_has_token(NR_OP_BR) && !nr_opcode_has_token(NR_OP_LDC_I4));
}

TESTS(opcodes, T(the_table_is_ordered_and_complete), T(codes_without_an_instruction), T(rows), T(verbs), T(mnemonics),
      T(long_branches), T(tokens))
