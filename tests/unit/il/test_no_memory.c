/* Every allocation of what this room does fails once: the answer says so and is no other one, nothing is left, and without a failure it is
 * what it always was. */
#include "base/alloc.h"
#include "il/emit.h"
#include "il/locals.h"
#include "il/parts.h"
#include "ret_helper.h"

#include "il/verify.h"

/* Two RETs, a switch and a catch handler. */
static const char rich[] =
    "1b30 0800 15000000 01000011  45 01000000 00000000 02 2c 02 26 2a de 03 26 de 00 00 2a 000000"
    "01 10 0000 0000 0000 10 1000 03 01000001";

TEST(rewriting_of_rets)
{
    uint8_t body[300];
    size_t size = nr_test_hex(rich, body, sizeof body);
    result want = rewrite(body, size);
    CHECK_EQ(want.err, NR_IL_OK);
    CHECK(want.multiple);
    nr_alloc_count(1);
    nr_arena_exact(true);
    unsigned long n = 1;
    for (bool whole = false; !whole && n < 200; n++) {
        nr_alloc_fail_at(n, 0);
        result got = rewrite(body, size);
        whole = !nr_alloc_has_failed();
        nr_alloc_fail_at(0, 0);
        CHECK_EQ(got.err, whole ? NR_IL_OK : NR_IL_NO_MEMORY);
        if (whole) CHECK(got.size == want.size && !memcmp(got.bytes, want.bytes, want.size));
        nr_arena_free(&got.arena);
        CHECK_EQ(nr_alloc_live(), 0);
    }
    CHECK(n > 3 && n < 200);
    nr_arena_exact(false);
    nr_alloc_count(0);
    nr_arena_free(&want.arena);
}

/* The strict and the tolerant way to take a body apart. */
TEST(parts_of_a_body)
{
    uint8_t body[300];
    size_t size = nr_test_hex(rich, body, sizeof body);
    nr_alloc_count(1);
    nr_arena_exact(true);
    unsigned long n = 1;
    for (bool whole = false; !whole && n < 50; n++) {
        nr_arena a = NR_ARENA_INIT;
        nr_method_body m;
        nr_body_parts parts;
        nr_il_error split, parse;
        nr_alloc_fail_at(n, 0);
        split = nr_body_split(&a, body, size, &m);
        parse = nr_body_parse(&a, body, size, &parts);
        whole = !nr_alloc_has_failed();
        nr_alloc_fail_at(0, 0);
        CHECK(split == NR_IL_OK || split == NR_IL_NO_MEMORY);
        CHECK(parse == NR_IL_OK || parse == NR_IL_NO_MEMORY);
        CHECK_EQ(whole, split == NR_IL_OK && parse == NR_IL_OK);
        nr_arena_free(&a);
        CHECK_EQ(nr_alloc_live(), 0);
    }
    CHECK(n > 2 && n < 50);
    nr_arena_exact(false);
    nr_alloc_count(0);
}

/* int M(int): a branch and a catch handler; no calls. */
TEST(verifying)
{
    static const char hex[] = "1b30 0800 0e000000 00000000  02 2c 04 17 26 de 05 de 03 26 de 00 16 2a 0000"
                              "01 10 0000 0000 0000 09 0900 03 01000001";
    static const uint8_t int32[] = {NR_STACK_INT32};
    nr_verify_context context = {
        .arguments_known = true, .locals_known = true, .argument_count = 1, .argument_classes = int32};
    uint8_t body[100];
    size_t size = nr_test_hex(hex, body, sizeof body);
    nr_verify_report want;
    nr_verify_body(body, size, &context, &want);
    CHECK_EQ(want.verdict, NR_VERDICT_OK);
    nr_alloc_count(1);
    nr_arena_exact(true);
    unsigned long n = 1;
    for (bool whole = false; !whole && n < 100; n++) {
        nr_verify_report got;
        nr_alloc_fail_at(n, 0);
        nr_verify_body(body, size, &context, &got);
        whole = !nr_alloc_has_failed();
        nr_alloc_fail_at(0, 0);
        CHECK_EQ(got.verdict, whole ? want.verdict : NR_VERDICT_UNKNOWN);
        CHECK_EQ(got.fault, whole ? want.fault : NR_VERIFY_NO_MEMORY);
        CHECK_EQ(nr_alloc_live(), 0);
    }
    CHECK(n > 6 && n < 100);
    nr_arena_exact(false);
    nr_alloc_count(0);
}

TEST(signatures_of_locals)
{
    static const uint8_t old[] = {0x07, 0x01, 0x08}, type[] = {0x1C};
    for (unsigned long n = 1; n <= 2; n++) {
        nr_buf sig = NR_BUF_INIT;
        uint16_t index = 0;
        nr_alloc_count(1);
        nr_alloc_fail_at(n, 1);
        nr_il_error e = nr_locals_begin(&sig, old, sizeof old);
        CHECK_EQ(e, n == 1 ? NR_IL_NO_MEMORY : NR_IL_OK);
        for (int i = 0; !e && i < 300; i++) e = nr_locals_append(&sig, type, sizeof type, &index);
        nr_alloc_fail_at(0, 0);
        CHECK_EQ(e, NR_IL_NO_MEMORY);
        nr_buf_free(&sig);
        CHECK_EQ(nr_alloc_live(), 0);
        nr_alloc_count(0);
    }
}

/* A failure anywhere is told at the end. */
TEST(emitting)
{
    unsigned long n = 1;
    nr_alloc_count(1);
    for (bool whole = false; !whole && n < 50; n++) {
        nr_buf code = NR_BUF_INIT;
        nr_alloc_fail_at(n, 0);
        nr_emit e = nr_emit_start(&code);
        for (int i = 0; i < 40; i++) {
            int after = nr_emit_label(&e);
            nr_emit_try(&e);
            nr_emit_ldc_i8(&e, 7);
            nr_emit_op(&e, NR_OP_POP);
            nr_emit_branch(&e, NR_OP_LEAVE, after);
            nr_emit_handler(&e);
            nr_emit_op(&e, NR_OP_POP);
            nr_emit_branch(&e, NR_OP_LEAVE, after);
            nr_emit_end_try(&e, NR_EH_CATCH, 0x01000001);
            nr_emit_place(&e, after);
        }
        nr_il_error err = nr_emit_finish(&e);
        whole = !nr_alloc_has_failed();
        nr_alloc_fail_at(0, 0);
        CHECK_EQ(err, whole ? NR_IL_OK : NR_IL_NO_MEMORY);
        if (whole) CHECK_EQ(e.clause_count, 40);
        nr_emit_free(&e);
        nr_buf_free(&code);
        CHECK_EQ(nr_alloc_live(), 0);
    }
    CHECK(n > 5 && n < 50);
    nr_alloc_count(0);
}

TESTS(no_memory, T(rewriting_of_rets), T(parts_of_a_body), T(verifying), T(signatures_of_locals), T(emitting))
