#include "test.h"

#include "base/alloc.h"
#include "base/compiler.h"
#include "il/emit.h"

#include <string.h>

/* injected-code.md section 1. */
TEST(indexes)
{
    static const struct {
        uint16_t n;
        const char *ldarg, *ldloc, *stloc;
    } rows[] = {
        {0, "02", "06", "0a"},
        {1, "03", "07", "0b"},
        {2, "04", "08", "0c"},
        {3, "05", "09", "0d"},
        {4, "0e 04", "11 04", "13 04"},
        {254, "0e fe", "11 fe", "13 fe"},
        {255, "fe 09 ff 00", "fe 0c ff 00", "fe 0e ff 00"}, /* Q31 */
        {256, "fe 09 00 01", "fe 0c 00 01", "fe 0e 00 01"},
        {65535, "fe 09 ff ff", "fe 0c ff ff", "fe 0e ff ff"},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        void (*const verbs[])(nr_emit *, uint16_t) = {nr_emit_ldarg, nr_emit_ldloc, nr_emit_stloc};
        const char *const want[] = {rows[i].ldarg, rows[i].ldloc, rows[i].stloc};
        for (size_t v = 0; v < 3; v++) {
            nr_buf code = NR_BUF_INIT;
            nr_emit e = nr_emit_start(&code);
            verbs[v](&e, rows[i].n);
            CHECK_EQ(nr_emit_index_size(rows[i].n), code.size);
            CHECK_EQ(nr_emit_finish(&e), NR_IL_OK);
            CHECK_BYTES(code.data, code.size, want[v]);
            nr_emit_free(&e);
            nr_buf_free(&code);
        }
    }
}

TEST(operands)
{
    nr_buf code = NR_BUF_INIT;
    nr_emit e = nr_emit_start(&code);
    nr_emit_ldc_i4(&e, 0);
    nr_emit_ldc_i4(&e, 0xFFFFFFFF);
    nr_emit_ldc_i8(&e, 0x00007F00AA010203);
    nr_emit_operand(&e, NR_OP_LDC_I4_S, 9);
    nr_emit_operand(&e, NR_OP_LDC_I4_S, (uint64_t)-1);
    nr_emit_operand(&e, NR_OP_CALLVIRT, 0x0A000001);
    nr_emit_op(&e, NR_OP_LDNULL);
    nr_emit_op(&e, NR_OP_RETHROW);
    nr_emit_operand(&e, NR_OP_LDARG, 3);
    nr_emit_bytes(&e, "\x2a\x2b", 2);
    CHECK_EQ(nr_emit_offset(&e), code.size);
    CHECK_EQ(nr_emit_finish(&e), NR_IL_OK);
    CHECK_BYTES(code.data, code.size,
                "20 00000000 20 ffffffff 21 030201aa007f0000 1f 09 1f ff 6f 0100000a 14 fe1a fe09 0300 2a 2b");
    nr_emit_free(&e);
    nr_buf_free(&code);
}

TEST(mistakes)
{
    static const struct {
        nr_opcode op;
        int kind; /* 0 op, 1 operand, 2 branch */
        uint64_t operand;
        nr_il_error err;
    } rows[] = {
        {NR_OP_CALL, 0, 0, NR_IL_EMIT_OPERAND},
        {NR_OP_COUNT, 0, 0, NR_IL_EMIT_OPERAND},
        {NR_OP_NOP, 1, 0, NR_IL_EMIT_OPERAND},
        {NR_OP_BR, 1, 0, NR_IL_EMIT_OPERAND},
        {NR_OP_BR_S, 1, 0, NR_IL_EMIT_OPERAND},
        {NR_OP_SWITCH, 1, 0, NR_IL_EMIT_OPERAND},
        {NR_OP_COUNT, 1, 0, NR_IL_EMIT_OPERAND},
        {NR_OP_LDC_I4_S, 1, 256, NR_IL_EMIT_OPERAND},
        {NR_OP_LDC_I4_S, 1, (uint64_t)-129, NR_IL_EMIT_OPERAND},
        {NR_OP_LDARG, 1, 0x10000, NR_IL_EMIT_OPERAND},
        {NR_OP_LDC_I4, 1, 0x100000000, NR_IL_EMIT_OPERAND},
        {NR_OP_LDC_I4_S, 1, 255, NR_IL_OK},
        {NR_OP_LDC_I4_S, 1, (uint64_t)-128, NR_IL_OK},
        {NR_OP_LDC_I8, 1, UINT64_MAX, NR_IL_OK},
        {NR_OP_CALL, 2, 0, NR_IL_EMIT_BRANCH},
        {NR_OP_COUNT, 2, 0, NR_IL_EMIT_BRANCH},
        {NR_OP_BR, 2, 1, NR_IL_EMIT_LABEL},
        {NR_OP_BR, 2, (uint64_t)-1, NR_IL_EMIT_LABEL},
        {NR_OP_BR, 2, 0, NR_IL_OK},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        nr_buf code = NR_BUF_INIT;
        nr_emit e = nr_emit_start(&code);
        CHECK_EQ(nr_emit_label(&e), 0);
        if (rows[i].kind == 0) nr_emit_op(&e, rows[i].op);
        if (rows[i].kind == 1) nr_emit_operand(&e, rows[i].op, rows[i].operand);
        if (rows[i].kind == 2) nr_emit_branch(&e, rows[i].op, (int)rows[i].operand);
        if (rows[i].err) CHECK_EQ(code.size, 0);
        CHECK_EQ(nr_emit_finish(&e), rows[i].err);
        nr_emit_free(&e);
        nr_buf_free(&code);
    }
}

/* 1.1; offsets count from the start, not from the buffer's. */
TEST(labels)
{
    nr_buf code = NR_BUF_INIT;
    nr_buf_put(&code, "\xcc\xcc\xcc", 3);
    nr_emit e = nr_emit_start(&code);
    int back = nr_emit_label(&e), forward = nr_emit_label(&e), never = nr_emit_label(&e);
    CHECK(back == 0 && forward == 1 && never == 2);
    nr_emit_place(&e, back);
    nr_emit_op(&e, NR_OP_NOP);
    nr_emit_branch(&e, NR_OP_BRFALSE, forward);
    nr_emit_branch(&e, NR_OP_BR, back);
    nr_emit_branch(&e, NR_OP_LEAVE, never);
    nr_emit_branch(&e, NR_OP_BR_S, back);
    nr_emit_place(&e, forward);
    nr_emit_branch(&e, NR_OP_LEAVE, forward);
    CHECK_EQ(nr_emit_finish(&e), NR_IL_OK);
    CHECK_BYTES(code.data, code.size,
                "cccccc 00 39 0c000000 38 f5ffffff dd 00000000 2b ee dd fbffffff");
    nr_emit_free(&e);
    nr_buf_free(&code);
}

TEST(label_mistakes)
{
    for (int i = 0; i < 3; i++) {
        nr_buf code = NR_BUF_INIT;
        nr_emit e = nr_emit_start(&code);
        int l = nr_emit_label(&e);
        nr_emit_place(&e, l);
        if (i == 0) nr_emit_place(&e, l);
        if (i == 1) nr_emit_place(&e, 7);
        if (i == 2) nr_emit_place(&e, -1);
        nr_emit_op(&e, NR_OP_CALL); /* the first error stays */
        CHECK_EQ(nr_emit_finish(&e), NR_IL_EMIT_LABEL);
        nr_emit_free(&e);
        nr_buf_free(&code);
    }
}

TEST(short_branches_have_a_reach)
{
    for (size_t distance = 127; distance <= 128; distance++) {
        uint8_t filler[128] = {0};
        nr_buf code = NR_BUF_INIT;
        nr_emit e = nr_emit_start(&code);
        int l = nr_emit_label(&e);
        nr_emit_branch(&e, NR_OP_BR_S, l);
        nr_emit_bytes(&e, filler, distance);
        nr_emit_place(&e, l);
        CHECK_EQ(nr_emit_finish(&e), distance == 127 ? NR_IL_OK : NR_IL_EMIT_BRANCH);
        if (distance == 127) CHECK_EQ(code.data[1], 0x7F);
        nr_emit_free(&e);
        nr_buf_free(&code);
    }
}

static void finish_tracer(nr_emit *e, nr_opcode result, nr_opcode failure)
{
    int end = nr_emit_label(e);
    nr_emit_ldloc(e, 0);
    nr_emit_branch(e, NR_OP_BRFALSE, end);
    nr_emit_try(e);
    nr_emit_ldloc(e, 0);
    nr_emit_operand(e, NR_OP_CASTCLASS, 0x1B000001);
    nr_emit_op(e, result);
    nr_emit_op(e, failure);
    nr_emit_operand(e, NR_OP_CALLVIRT, 0x0A000002);
    nr_emit_branch(e, NR_OP_LEAVE, end);
    nr_emit_handler(e);
    nr_emit_op(e, NR_OP_POP);
    nr_emit_branch(e, NR_OP_LEAVE, end);
    nr_emit_end_try(e, NR_EH_CATCH, 0x01000002);
    nr_emit_place(e, end);
}

/* The shape of injected-code.md 2 with the sizes of il-method-body.md 7.1: its clause table has to come out. */
TEST(tracer_shape)
{
    uint8_t filler[0x9F - 5] = {0};
    nr_buf code = NR_BUF_INIT, body = NR_BUF_INIT;
    nr_emit e = nr_emit_start(&code);
    int a = nr_emit_label(&e), b = nr_emit_label(&e);
    for (uint16_t local = 0; local < 2; local++) {
        nr_emit_op(&e, NR_OP_LDNULL);
        nr_emit_stloc(&e, local);
    }
    nr_emit_try(&e);
    nr_emit_bytes(&e, filler, sizeof filler);
    nr_emit_branch(&e, NR_OP_LEAVE, a);
    nr_emit_handler(&e);
    nr_emit_op(&e, NR_OP_POP);
    nr_emit_branch(&e, NR_OP_LEAVE, a);
    nr_emit_end_try(&e, NR_EH_CATCH, 0x01000002);
    nr_emit_place(&e, a);
    nr_emit_try(&e);
    CHECK_EQ(nr_emit_offset(&e), 0xA9);
    nr_emit_op(&e, NR_OP_NOP);
    nr_emit_branch(&e, NR_OP_LEAVE, b);
    nr_emit_handler(&e);
    nr_emit_stloc(&e, 1);
    finish_tracer(&e, NR_OP_LDNULL, NR_OP_LDLOC_1);
    nr_emit_op(&e, NR_OP_RETHROW);
    nr_emit_branch(&e, NR_OP_LEAVE, b);
    nr_emit_end_try(&e, NR_EH_CATCH, 0x01000002);
    nr_emit_place(&e, b);
    finish_tracer(&e, NR_OP_LDNULL, NR_OP_LDNULL);
    nr_emit_op(&e, NR_OP_RET);
    CHECK_EQ(nr_emit_finish(&e), NR_IL_OK);
    CHECK_EQ(code.size, 0xF4);
    CHECK_BYTES(code.data + 0x9E, 0x12, "dd 06000000 26 dd 00000000 00 dd 26000000 0b");

    static const uint32_t want[4][4] = {
        {0x04, 0xA3, 0xA3, 0xA9}, {0xB6, 0xC8, 0xC8, 0xCE}, {0xA9, 0xAF, 0xAF, 0xD5}, {0xDB, 0xED, 0xED, 0xF3}};
    CHECK_EQ(e.clause_count, 4);
    for (size_t i = 0; i < 4 && i < e.clause_count; i++) {
        const nr_eh_clause *c = &e.clauses[i];
        CHECK_EQ(c->try_offset, want[i][0]);
        CHECK_EQ(c->try_offset + c->try_length, want[i][1]);
        CHECK_EQ(c->handler_offset, want[i][2]);
        CHECK_EQ(c->handler_offset + c->handler_length, want[i][3]);
        CHECK_EQ(c->token_or_filter, 0x01000002);
    }
    CHECK_EQ(nr_body_write_fat(&body, 0x13, 10, 0x11000001, code.data, code.size, e.clauses, e.clause_count), NR_IL_OK);
    CHECK_EQ(body.size, 356);
    CHECK_BYTES(body.data, 12, "1b 30 0a 00 f4 00 00 00 01 00 00 11");
    CHECK_BYTES(body.data + 0x100, 8, "41 64 00 00 00000000");
    nr_emit_free(&e);
    nr_buf_free(&code);
    nr_buf_free(&body);
}

TEST(region_mistakes)
{
    for (int i = 0; i < 5; i++) {
        nr_buf code = NR_BUF_INIT;
        nr_emit e = nr_emit_start(&code);
        if (i == 0) nr_emit_handler(&e);
        if (i == 1) nr_emit_end_try(&e, 0, 0);
        if (i >= 2) nr_emit_try(&e);
        if (i == 3) nr_emit_end_try(&e, 0, 0);
        if (i == 4) {
            nr_emit_handler(&e);
            nr_emit_handler(&e);
        }
        CHECK_EQ(nr_emit_finish(&e), NR_IL_EMIT_TRY);
        nr_emit_free(&e);
        nr_buf_free(&code);
    }
}

/* Everything grows: labels, branches, regions, clauses. */
static nr_il_error many(nr_emit *e)
{
    for (int i = 0; i < 100; i++) {
        int l = nr_emit_label(e);
        nr_emit_try(e);
        nr_emit_branch(e, NR_OP_LEAVE, l);
        nr_emit_place(e, l);
    }
    for (uint32_t i = 0; i < 100; i++) {
        nr_emit_handler(e);
        nr_emit_op(e, NR_OP_ENDFINALLY);
        nr_emit_end_try(e, NR_EH_FINALLY, i);
    }
    return nr_emit_finish(e);
}

TEST(growing)
{
    nr_buf code = NR_BUF_INIT;
    nr_emit e = nr_emit_start(&code);
    CHECK_EQ(many(&e), NR_IL_OK);
    CHECK_EQ(code.size, 600);
    CHECK_EQ(e.clause_count, 100);
    CHECK_EQ(e.clauses[0].try_offset, 495); /* innermost first */
    CHECK_EQ(e.clauses[99].try_offset, 0);
    CHECK_EQ(e.clauses[99].handler_offset, 599);
    nr_emit_free(&e);
    nr_buf_free(&code);
}

TEST(no_memory)
{
    int failures = 0;
    nr_alloc_count(1);
    for (unsigned long n = 1;; n++) {
        nr_buf code = NR_BUF_INIT;
        nr_emit e = nr_emit_start(&code);
        nr_alloc_fail_at(n, 0);
        nr_il_error err = many(&e);
        nr_alloc_fail_at(0, 0);
        nr_emit_free(&e);
        nr_buf_free(&code);
        if (!err) break;
        CHECK_EQ(err, NR_IL_NO_MEMORY);
        failures++;
    }
    CHECK(failures > 10);
    CHECK_EQ(nr_alloc_live(), 0);
    nr_alloc_count(0);
}

TESTS(emit, T(indexes), T(operands), T(mistakes), T(labels), T(label_mistakes), T(short_branches_have_a_reach),
      T(tracer_shape), T(region_mistakes), T(growing), T(no_memory))
