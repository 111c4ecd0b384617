#include "test.h"

#include "base/compiler.h"
#include "il/refdecode.h"

/* il-method-body.md 4.1. */
TEST(forms)
{
    static const struct {
        const char *code;
        nr_ref_result result;
        int instruction, opcode_size, operand_size, branch, total;
    } rows[] = {
        {"00", NR_REF_OK, 0x00, 1, 0, 0, 1},
        {"2a", NR_REF_OK, 0x2A, 1, 0, 0, 1},
        {"1f", NR_REF_OK, 0x1F, 1, 1, 0, 2}, /* 4.1.1; the operand is not looked at */
        {"21", NR_REF_OK, 0x21, 1, 8, 0, 9},
        {"22", NR_REF_OK, 0x22, 1, 4, 0, 5},
        {"28", NR_REF_OK, 0x28, 1, 4, 0, 5},
        {"2b", NR_REF_OK, 0x2B, 1, 1, 1, 2}, /* 4.1.3 */
        {"37", NR_REF_OK, 0x37, 1, 1, 1, 2},
        {"38", NR_REF_OK, 0x38, 1, 4, 1, 5},
        {"44", NR_REF_OK, 0x44, 1, 4, 1, 5},
        {"45", NR_REF_OK, 0x45, 1, 4, 1, 5},
        {"dd", NR_REF_OK, 0xDD, 1, 4, 1, 5},
        {"de", NR_REF_OK, 0xDE, 1, 1, 1, 2},
        {"27", NR_REF_OK, 0x27, 1, 4, 0, 5}, /* jmp, throw, endfinally: no branches */
        {"7a", NR_REF_OK, 0x7A, 1, 0, 0, 1},
        {"dc", NR_REF_OK, 0xDC, 1, 0, 0, 1},
        {"24", NR_REF_OK, 0x24, 1, 0, 0, 1}, /* unused */
        {"77", NR_REF_OK, 0x77, 1, 0, 0, 1},
        {"f7", NR_REF_OK, 0xF7, 1, 0, 0, 1},
        {"f8 00", NR_REF_UNKNOWN, 0, 0, 0, 0, 0}, /* 4.1.2 */
        {"fd 2a", NR_REF_UNKNOWN, 0, 0, 0, 0, 0},
        {"fe 00", NR_REF_OK, 0x00, 2, 0, 0, 2},
        {"fe 09", NR_REF_OK, 0x09, 2, 2, 0, 4},
        {"fe 11", NR_REF_OK, 0x11, 2, 0, 0, 2},
        {"fe 16", NR_REF_OK, 0x16, 2, 4, 0, 6},
        {"fe 19 07", NR_REF_OK, 0x19, 2, 0, 0, 2}, /* no. is unused here */
        {"fe 22", NR_REF_OK, 0x22, 2, 0, 0, 2},
        {"fe 23", NR_REF_UNKNOWN, 0, 0, 0, 0, 0},
        {"fe 2a", NR_REF_UNKNOWN, 0, 0, 0, 0, 0},
        {"ff 2a", NR_REF_OK, 0x2A, 1, 0, 0, 2}, /* 4.1.4 */
        {"ff 45", NR_REF_OK, 0x45, 1, 4, 1, 6},
        {"ff 2b", NR_REF_OK, 0x2B, 1, 1, 1, 3},
        {"ff fe", NR_REF_OK, 0xFE, 1, 0, 0, 2},
        {"ff ff", NR_REF_OK, 0xFF, 1, 0, 0, 2},
        {"fe", NR_REF_OVERRUN, 0, 0, 0, 0, 0},
        {"ff", NR_REF_OVERRUN, 0, 0, 0, 0, 0},
        {"f8", NR_REF_OVERRUN, 0, 0, 0, 0, 0},
    };
    for (size_t k = 0; k < NR_COUNT(rows); k++) {
        uint8_t code[8];
        nr_ref_insn i;
        size_t n = nr_test_hex(rows[k].code, code, sizeof code);
        if (!CHECK_EQ(nr_il_decode_reference(code, n, 0, &i), rows[k].result) || rows[k].result) continue;
        CHECK_EQ(i.instruction, rows[k].instruction);
        CHECK_EQ(i.opcode_size, rows[k].opcode_size);
        CHECK_EQ(i.operand_size, rows[k].operand_size);
        CHECK_EQ(i.branch, rows[k].branch);
        CHECK_EQ(i.total_size, rows[k].total);
    }
}

TEST(one_byte_codes_are_all_known)
{
    for (int c = 0; c < 0xF8; c++) {
        uint8_t code[1] = {(uint8_t)c};
        nr_ref_insn i;
        CHECK_EQ(nr_il_decode_reference(code, 1, 0, &i), NR_REF_OK);
        CHECK_EQ(i.branch, (c >= 0x2B && c <= 0x45) || c == 0xDD || c == 0xDE);
    }
}

TESTS(refdecode, T(forms), T(one_byte_codes_are_all_known))
