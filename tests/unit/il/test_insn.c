#include "test.h"

#include "base/alloc.h"
#include "base/compiler.h"
#include "il/insn.h"

#include <stdlib.h>
#include <string.h>

static nr_il_error decode(const char *hex, nr_insn *out)
{
    uint8_t bytes[32];
    size_t n = nr_test_hex(hex, bytes, sizeof bytes);
    uint8_t *exact = malloc(n);
    memcpy(exact, bytes, n);
    nr_il_error err = nr_insn_decode(exact, n, 0, out);
    free(exact);
    return err;
}

TEST(forms)
{
    static const struct {
        const char *hex;
        nr_il_error err;
        nr_opcode op;
        uint32_t size;
        uint64_t operand;
    } rows[] = {
        {"00", NR_IL_OK, NR_OP_NOP, 1, 0},
        {"1f ff", NR_IL_OK, NR_OP_LDC_I4_S, 2, 0xFF},
        {"20 78563412 00", NR_IL_OK, NR_OP_LDC_I4, 5, 0x12345678},
        {"21 8877665544332211", NR_IL_OK, NR_OP_LDC_I8, 9, 0x1122334455667788},
        {"fe 09 ff 01", NR_IL_OK, NR_OP_LDARG, 4, 0x1FF},
        {"fe 16 01 00 00 1b", NR_IL_OK, NR_OP_CONSTRAINED, 6, 0x1B000001},
        {"fe 19 01", NR_IL_OK, NR_OP_NO, 3, 1},
        {"45 02000000 01000000 ffffffff", NR_IL_OK, NR_OP_SWITCH, 13, 2},
        {"45 00000000", NR_IL_OK, NR_OP_SWITCH, 5, 0},
        {"24", NR_IL_ILLEGAL_OPCODE, NR_OP_COUNT, 0, 0},
        {"ff 2a", NR_IL_ILLEGAL_OPCODE, NR_OP_COUNT, 0, 0},
        {"fe 23", NR_IL_ILLEGAL_OPCODE, NR_OP_COUNT, 0, 0},
        {"fe", NR_IL_CODE_OVERRUN, NR_OP_COUNT, 0, 0},
        {"1f", NR_IL_CODE_OVERRUN, NR_OP_COUNT, 0, 0},
        {"20 01 02 03", NR_IL_CODE_OVERRUN, NR_OP_COUNT, 0, 0},
        {"fe 09 01", NR_IL_CODE_OVERRUN, NR_OP_COUNT, 0, 0},
        {"45 01 00 00", NR_IL_CODE_OVERRUN, NR_OP_COUNT, 0, 0},
        {"45 01000000 01 02 03", NR_IL_CODE_OVERRUN, NR_OP_COUNT, 0, 0},
        {"45 ffffffff 00000000", NR_IL_CODE_OVERRUN, NR_OP_COUNT, 0, 0},
        {"45 00000040 00000000", NR_IL_CODE_OVERRUN, NR_OP_COUNT, 0, 0}, /* 4 * n wraps */
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        nr_insn got = {0};
        if (!CHECK_EQ(decode(rows[i].hex, &got), rows[i].err) || rows[i].err) continue;
        CHECK_EQ(got.op, rows[i].op);
        CHECK_EQ(got.size, rows[i].size);
        CHECK_EQ(got.operand, rows[i].operand);
        CHECK((got.arms != NULL) == (rows[i].op == NR_OP_SWITCH));
    }
}

TEST(targets)
{
    uint8_t code[40];
    size_t n = nr_test_hex("00 2b fd 38 05000000 45 02000000 00000000 efffffff dd 00000080 2a", code, sizeof code);
    nr_arena arena = NR_ARENA_INIT;
    nr_insn *list;
    size_t count;
    if (CHECK_EQ(nr_insns_decode(&arena, code, n, &list, &count, NULL), NR_IL_OK) && CHECK_EQ(count, 6)) {
        CHECK_EQ(nr_insn_target(&list[0], 0), -1);
        CHECK_EQ(nr_insn_target(&list[1], 0), 0);
        CHECK_EQ(nr_insn_target(&list[2], 0), 13);
        CHECK_EQ(nr_insn_target(&list[3], 0), 21);
        CHECK_EQ(nr_insn_target(&list[3], 1), 4);
        CHECK_EQ(nr_insn_target(&list[4], 0), 26 - 0x80000000LL);
    }
    nr_arena_free(&arena);
}

/* Every instruction of the table, one after the other, and back. */
TEST(round_trip)
{
    nr_buf code = NR_BUF_INIT, again = NR_BUF_INIT;
    for (int i = 0; i < NR_OP_COUNT; i++) {
        const nr_opcode_info *o = &nr_opcodes[i];
        if (o->code > 0xFF) nr_buf_u8(&code, 0xFE);
        nr_buf_u8(&code, (uint8_t)o->code);
        if (o->operand == NR_OPERAND_SWITCH) {
            nr_buf_u32(&code, 3);
            nr_buf_put(&code, "abcdefghijkl", 12);
        } else {
            nr_buf_put(&code, "\x81\x92\xa3\xb4\xc5\xd6\xe7\xf8", o->operand_size);
        }
    }
    nr_arena arena = NR_ARENA_INIT;
    nr_insn *list;
    size_t count, at = 0;
    if (CHECK_EQ(nr_insns_decode(&arena, code.data, code.size, &list, &count, NULL), NR_IL_OK)) {
        CHECK_EQ(count, NR_OP_COUNT);
        for (size_t i = 0; i < count; i++) {
            CHECK_EQ(list[i].op, i);
            CHECK_EQ(list[i].offset, at);
            at += list[i].size;
            nr_insn_encode(&again, &list[i]);
        }
        CHECK(again.size == code.size && memcmp(again.data, code.data, code.size) == 0);
    }
    nr_arena_free(&arena);
    nr_buf_free(&code);
    nr_buf_free(&again);
}

TEST(the_culprit_is_told)
{
    static const struct {
        const char *hex;
        nr_il_error err;
        size_t bad;
    } rows[] = {{"00 00 24 00", NR_IL_ILLEGAL_OPCODE, 2}, {"1f 24 20 00", NR_IL_CODE_OVERRUN, 2}, {"f8", NR_IL_ILLEGAL_OPCODE, 0}};
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        uint8_t code[8];
        nr_arena arena = NR_ARENA_INIT;
        nr_insn *list = NULL;
        size_t count = 77, bad = 99, n = nr_test_hex(rows[i].hex, code, sizeof code);
        CHECK_EQ(nr_insns_decode(&arena, code, n, &list, &count, &bad), rows[i].err);
        CHECK_EQ(bad, rows[i].bad);
        CHECK(list == NULL && count == 77);
        nr_arena_free(&arena);
    }
}

TEST(no_code_and_no_memory)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_insn *list;
    size_t count = 5;
    CHECK_EQ(nr_insns_decode(&arena, NULL, 0, &list, &count, NULL), NR_IL_OK);
    CHECK_EQ(count, 0);
    nr_arena_free(&arena);
    nr_alloc_fail_at(1, 0);
    CHECK_EQ(nr_insns_decode(&arena, (const uint8_t *)"\x2a", 1, &list, &count, NULL), NR_IL_NO_MEMORY);
    nr_alloc_fail_at(0, 0);
    nr_arena_free(&arena);
}

TESTS(insn, T(forms), T(targets), T(round_trip), T(the_culprit_is_told), T(no_code_and_no_memory))
