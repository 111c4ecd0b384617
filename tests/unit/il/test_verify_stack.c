/* Depth and classes of the stack; one bad body and its repaired twin each. */
#include "verify_helper.h"

/* Arguments and locals: 0 int32, 1 object, (local) 2 int64. 02 03 ldarg, 06 07 08 ldloc, 0a 0b 0c stloc. */
TEST(depth)
{
    static const verify_row rows[] = {
        {"26 2a", BAD(STACK_UNDERFLOW, 0)},
        {"16 26 2a", OK},
        {"16 58 2a", BAD(STACK_UNDERFLOW, 1)},
        {"25 2a", BAD(STACK_UNDERFLOW, 0)},
        {"2a 26 2a", OK}, /* unreachable */
        {"16 14 a2 2a", BAD(STACK_UNDERFLOW, 2)},
        {"14 28 0200000a 2a", BAD(STACK_UNDERFLOW, 1)}, /* two parameters */
        {"16 14 28 0200000a 2a", OK},
        {"16 14 28 0280000a 2a", BAD(STACK_UNDERFLOW, 2)}, /* and `this` */
        {"14 16 14 28 0280000a 2a", OK},
        {"16 14 73 0280000a 26 2a", OK}, /* newobj makes `this` */
        {"28 0600000a 26 2a", BAD(STACK_UNDERFLOW, 0)},
        {"16 28 0100000a 26 2a", BAD(STACK_UNDERFLOW, 6)}, /* void */
        {"16 28 0102000a 26 2a", OK},
        {"16 29 01000011 2a", BAD(STACK_UNDERFLOW, 1)},
        {"16 14 29 01000011 2a", BAD(STACK_CLASS, 2)},
        {"16 16 d3 29 01000011 2a", OK}, /* the function pointer is on top */
        {"16 16 26 26 2a", BAD(STACK_OVERFLOW, 1), .max_stack = 1},
        {"16 16 26 26 2a", OK, .max_stack = 2},
        {"16 25 26 26 2a", BAD(STACK_OVERFLOW, 1), .max_stack = 1},
        {"28 0002000a 26 2a", BAD(STACK_OVERFLOW, 0), .max_stack = -1},
        {"28 0002000a 26 2a", OK, .max_stack = 1},
        {"00 2a", OK, .max_stack = -1},
        {"de 03 26 de 00 2a", BAD(STACK_OVERFLOW, 2), .clauses = {CATCH(0, 2, 2, 3)}, .max_stack = -1},
        {"de 01 dc 2a", OK, .clauses = {FINALLY(0, 2, 2, 1)}, .max_stack = -1},
    };
    nr_verify_context c = pretended_context();
    VERIFY(rows, &c);
}

TEST(joins)
{
    static const verify_row rows[] = {
        /* depth: 16 2d xx brtrue over a push */
        {"16 2d 01 16 2a", BAD_AT(JOIN_DEPTH, 3, 4)},
        {"16 2d 01 00 2a", OK},
        {"16 16 16 2d fc 26 26 2a", BAD_AT(JOIN_DEPTH, 3, 1)}, /* a loop that leaves something behind each time */
        {"16 16 2d fc 2a", BAD_AT(JOIN_DEPTH, 2, 0)},
        {"16 26 16 2d fb 2a", OK},
        /* class: int32 with object, with native int, two objects, float with int64 */
        {"16 2d 03 16 2b 01 14 26 2a", BAD_AT(JOIN_CLASS, 6, 7)},
        {"16 2d 03 14 2b 01 14 26 2a", OK},
        {"16 2d 04 16 d3 2b 01 16 26 2a", OK},
        {"16 2d 0b 22 00000000 2b 09 21 0000000000000000 26 2a", BAD(BRANCH_TARGET, 1)},
        {"16 2d 07 22 00000000 2b 09 21 0000000000000000 26 2a", BAD_AT(JOIN_CLASS, 10, 19)},
        {"16 2d 07 22 00000000 2b 05 22 00000000 26 2a", OK},
        /* below the top as well */
        {"16 2d 04 16 16 2b 02 14 16 26 26 2a", BAD_AT(JOIN_CLASS, 8, 9)},
        {"16 2d 04 14 16 2b 02 14 16 26 26 2a", OK},
        /* an unknown class goes with all */
        {"16 2d 07 7e 01000004 2b 01 14 26 2a", OK, .max_stack = 1},
        {"16 45 01000000 01000000 16 2a", BAD_AT(JOIN_DEPTH, 10, 11)},
        /* a handler is entered with its object whatever branches to its start inside it */
        {"de 05 26 2b fd de 00 2a", BAD_AT(JOIN_DEPTH, 3, 2), .clauses = {CATCH(0, 2, 2, 5)}},
        {"de 06 26 14 2b fc de 00 2a", OK, .clauses = {CATCH(0, 2, 2, 6)}},
    };
    nr_verify_context c = pretended_context();
    VERIFY(rows, &c);
}

TEST(regions)
{
    static const verify_row rows[] = {
        {"16 de 01 dc 2a", BAD(TRY_STACK, 1), .clauses = {FINALLY(1, 2, 3, 1)}},
        {"16 26 de 01 dc 2a", OK, .clauses = {FINALLY(2, 2, 4, 1)}},
        {"00 16 16 2d fc de 01 dc 2a", BAD_AT(JOIN_DEPTH, 3, 1), .clauses = {FINALLY(1, 6, 7, 1)}},
        /* exactly one object in a catch handler, a filter and its handler; nothing in finally */
        {"de 03 26 26 7a 2a", BAD(STACK_UNDERFLOW, 3), .clauses = {CATCH(0, 2, 2, 3)}},
        {"de 04 65 26 de 00 2a", BAD(STACK_CLASS, 2), .clauses = {CATCH(0, 2, 2, 4)}},
        {"de 07 fe 11 26 26 de 00 00 2a", BAD(STACK_CLASS, 2), .clauses = {FILTER(0, 2, 2, 4, 4)}},
        {"de 02 26 dc 2a", BAD(STACK_UNDERFLOW, 2), .clauses = {FINALLY(0, 2, 2, 2)}},
        {"de 07 26 16 fe 11 26 de 00 2a", OK, .clauses = {FILTER(0, 2, 2, 6, 3)}},
        {"de 08 16 16 fe 11 26 de 00 00 2a", BAD(END_STACK, 4), .clauses = {FILTER(0, 2, 2, 6, 3)}},
        /* leave and endfinally empty the stack (harmless: the pop that is missing in front of leave) */
        {"16 de 03 26 de 00 2a", OK, .clauses = {CATCH(0, 3, 3, 3)}},
        {"de 02 de 00 2a", OK, .clauses = {CATCH(0, 2, 2, 2)}},
        {"de 02 16 dc 2a", OK, .clauses = {FINALLY(0, 2, 2, 2)}},
        /* what follows the handler starts with an empty stack */
        {"16 de 03 26 de 00 26 2a", BAD(STACK_UNDERFLOW, 6), .clauses = {CATCH(0, 3, 3, 3)}},
        /* the handler of a try block that is not reached is not followed */
        {"2a de 02 26 dc 2a", OK, .clauses = {FINALLY(1, 2, 3, 2)}},
        {"16 16 fe 0f 26 26 2a", BAD(END_STACK, 2)},
        {"16 fe 0f 26 2a", OK},
        {"16 27 01000006", BAD(END_STACK, 1)},
        {"27 01000006", OK},
    };
    nr_verify_context c = pretended_context();
    VERIFY(rows, &c);
}

TEST(classes)
{
    static const verify_row rows[] = {
        /* arguments and locals */
        {"14 0a 2a", BAD(STACK_CLASS, 1)}, /* the result local has the wrong type */
        {"16 0a 2a", OK},
        {"03 0b 2a", OK},
        {"02 0b 2a", BAD(STACK_CLASS, 1)},
        {"08 10 00 2a", BAD(STACK_CLASS, 1)},
        {"06 10 00 2a", OK},
        /* an int32 that is not boxed into object[]; parameters of a call */
        {"14 16 17 a2 2a", BAD(STACK_CLASS, 3)},
        {"14 16 17 8c 01000001 a2 2a", OK},
        {"16 16 28 0200000a 2a", BAD(STACK_CLASS, 2)},
        {"14 14 28 0200000a 2a", BAD(STACK_CLASS, 2)},
        {"28 0002000a 7a", BAD(STACK_CLASS, 5)}, /* a result of int32 is thrown */
        {"28 0006000a 7a", OK},
        {"28 0001000a 7a", OK}, /* an unknown one */
        /* arithmetic: tables 2 to 6 of III.1.5 */
        {"16 17 58 0a 2a", OK},
        {"16 08 58 26 2a", BAD(STACK_CLASS, 2)},
        {"08 08 58 0c 2a", OK},
        {"08 08 58 0a 2a", BAD(STACK_CLASS, 3)},
        {"14 14 58 26 2a", BAD(STACK_CLASS, 2)},
        {"14 14 fe 01 0a 2a", OK},
        {"14 14 fe 03 0a 2a", OK}, /* cgt.un is the test for not null */
        {"14 16 fe 01 26 2a", BAD(STACK_CLASS, 2)},
        {"12 00 16 58 4a 0a 2a", OK},                   /* & + int32 is & */
        {"12 00 12 00 58 26 2a", BAD(STACK_CLASS, 4)},
        {"12 00 12 00 59 0a 2a", OK},                   /* & - & is native int */
        {"12 00 12 00 59 0b 2a", BAD(STACK_CLASS, 5)},
        {"22 00000000 16 5f 26 2a", BAD(STACK_CLASS, 6)},
        {"22 00000000 22 00000000 5f 26 2a", BAD(STACK_CLASS, 10)},
        {"22 00000000 22 00000000 5a 26 2a", OK},
        {"08 16 62 0c 2a", OK},                         /* shl: the count may be narrower */
        {"16 08 62 26 2a", BAD(STACK_CLASS, 2)},
        {"16 08 5f 26 2a", BAD(STACK_CLASS, 2)},
        {"14 65 26 2a", BAD(STACK_CLASS, 1)},
        {"08 65 0c 2a", OK},
        {"08 65 0a 2a", BAD(STACK_CLASS, 2)},
        {"22 00000000 66 26 2a", BAD(STACK_CLASS, 5)},
        {"08 69 0a 2a", OK},
        {"08 6b 0a 2a", BAD(STACK_CLASS, 2)},
        {"d0 01000001 69 26 2a", BAD(STACK_CLASS, 5)},
        /* branches */
        {"14 2d 00 2a", OK},
        {"22 00000000 2d 00 2a", BAD(STACK_CLASS, 5)},
        {"14 16 2e 00 2a", BAD(STACK_CLASS, 2)},
        {"14 16 37 00 2a", BAD(STACK_CLASS, 2)}, /* blt.un.s and blt.un, the last of their rows */
        {"14 16 44 00000000 2a", BAD(STACK_CLASS, 2)},
        {"16 16 2e 00 2a", OK},
        {"14 45 00000000 2a", BAD(STACK_CLASS, 1)},
        /* memory */
        {"14 4a 26 2a", BAD(STACK_CLASS, 1)},
        {"12 00 4a 0a 2a", OK},
        {"12 00 4b 0b 2a", BAD(STACK_CLASS, 3)},
        {"12 01 50 0b 2a", OK},
        {"12 00 14 54 2a", BAD(STACK_CLASS, 3)},
        {"12 01 14 51 2a", OK},
        /* objects */
        {"16 7a", BAD(STACK_CLASS, 1)},
        {"14 7a", OK},
        {"16 74 01000001 26 2a", BAD(STACK_CLASS, 1)},
        {"16 8e 26 2a", BAD(STACK_CLASS, 1)},
        {"14 8e 69 0a 2a", OK},
        {"14 14 9a 26 2a", BAD(STACK_CLASS, 2)}, /* an object as index */
        {"14 16 9a 0b 2a", OK},
        {"22 00000000 7b 01000004 26 2a", BAD(STACK_CLASS, 5)},
        {"14 7b 01000004 0a 2a", OK},
        {"14 7c 01000004 0b 2a", BAD(POINTER_AS_OBJECT, 6)}, /* ldflda: & */
        {"14 7c 01000004 4a 0a 2a", OK},
        {"12 00 7c 01000004 0b 2a", BAD(POINTER_AS_OBJECT, 7)},
        {"16 d3 7c 01000004 0b 2a", OK}, /* of an unmanaged pointer: not known which kind */
        /* a managed pointer is no object and cannot be kept */
        {"14 16 12 01 a2 2a", BAD(POINTER_AS_OBJECT, 4)},
        {"12 01 12 01 51 2a", BAD(POINTER_AS_OBJECT, 4)},
        {"12 01 8c 01000001 26 2a", BAD(POINTER_AS_OBJECT, 2)},
        {"12 01 80 01000004 2a", BAD(POINTER_AS_OBJECT, 2)},
        {"12 01 74 01000001 26 2a", BAD(POINTER_AS_OBJECT, 2)},
        {"16 12 01 28 0200000a 2a", BAD(POINTER_AS_OBJECT, 3)},
        {"12 01 7a", BAD(POINTER_AS_OBJECT, 2)},
        /* dup keeps the class */
        {"14 25 0b 0a 2a", BAD(STACK_CLASS, 3)},
        {"14 25 0b 0b 2a", OK},
    };
    nr_verify_context c = pretended_context();
    VERIFY(rows, &c);
}

/* 1: a reference type, 2: a value type, 3: by-ref-like; anything else cannot be resolved. */
static nr_type_kind pretended_kind(void *self, uint32_t token)
{
    (void)self;
    switch (token & 0xFFFFFF) {
    case 1: return NR_KIND_REFERENCE;
    case 2: return NR_KIND_VALUE;
    case 3: return NR_KIND_BY_REF_LIKE;
    default: return NR_KIND_UNRESOLVED;
    }
}

TEST(types)
{
    static const verify_row rows[] = {
        {"14 8c 01000001 26 2a", OK},
        {"16 8c 02000002 26 2a", OK},
        {"28 0001000a 8c 03000001 26 2a", BAD(BY_REF_LIKE, 5)},
        {"28 0001000a 8c 0300001b 26 2a", BAD(BY_REF_LIKE, 5)},
        {"14 a5 03000001 26 2a", BAD(BY_REF_LIKE, 1)},
        {"14 79 03000001 26 2a", BAD(BY_REF_LIKE, 1)},
        {"16 8d 03000001 26 2a", BAD(BY_REF_LIKE, 1)},
        {"14 16 a3 03000001 26 2a", BAD(BY_REF_LIKE, 2)},
        {"14 16 28 0001000a a4 03000001 2a", BAD(BY_REF_LIKE, 7)},
        {"14 16 8f 03000001 26 2a", BAD(BY_REF_LIKE, 2)},
        /* may be copied, cleared and measured */
        {"12 02 fe 15 03000001 2a", OK},
        {"12 02 12 02 71 03000001 81 03000001 2a", OK},
        {"fe 1c 03000001 26 2a", OK},
        {"d0 03000001 26 2a", OK},
        /* unreachable: the JIT does not look there, either */
        {"2a 28 0001000a 8c 03000001 26 2a", OK},
        /* what cannot be resolved is said, and what follows is looked at */
        {"16 8c 04000001 26 2a", BAD(TYPE_UNRESOLVED, 1)},
        {"28 ff00000a 16 8c 04000001 26 2a", BAD(CALL_SHAPE, 0)},
        {"16 8c 04000001 26 16 8c 05000001 26 28 0001000a 8c 03000001 26 2a", BAD(BY_REF_LIKE, 19)},
        {"16 8c 04000001 26 26 2a", BAD(STACK_UNDERFLOW, 7)},
    };
    static const verify_row own[] = {
        {"16 8c 04000001 26 2a", OK},
        {"28 0001000a 8c 03000001 26 2a", OK},
        {"00 00 00 00 00 00 00 00 00 00 00 00 16 8c 04000001 26 2a", BAD(TYPE_UNRESOLVED, 13)},
    };
    nr_verify_context c = pretended_context();
    c.type_kind = pretended_kind;
    VERIFY(rows, &c);
    c.own_end = 12;
    VERIFY(own, &c);
}

TEST(results)
{
    static const verify_row unknown[] = {{"2a", OK}, {"16 2a", OK}, {"16 16 2a", BAD(RET_STACK, 2)}};
    static const verify_row none[] = {{"2a", OK}, {"16 2a", BAD(RET_STACK, 1)}};
    static const verify_row integer[] = {{"16 2a", OK},
                                         {"2a", BAD(RET_STACK, 0)},
                                         {"16 16 2a", BAD(RET_STACK, 2)},
                                         {"14 2a", BAD(STACK_CLASS, 1)}};
    nr_verify_context c = pretended_context();
    VERIFY(unknown, NULL);
    VERIFY(unknown, &c);
    c.result = NR_RESULT_VOID;
    VERIFY(none, &c);
    c.result = NR_RESULT_VALUE;
    c.result_class = NR_STACK_INT32;
    VERIFY(integer, &c);
}

TEST(unknown_calls)
{
    static const verify_row rows[] = {
        {"28 ff00000a 26 26 26 2a", BAD(CALL_SHAPE, 0)},
        {"00 28 ff00000a 28 ff00000a 2a", BAD(CALL_SHAPE, 1)}, /* the first one */
        {"2a 28 ff00000a 2a", OK},                              /* unreachable */
        /* a fault is one nevertheless: on another path, behind leave, in a handler, or of the structure */
        {"16 2d 06 28 ff00000a 2a 26 2a", BAD(STACK_UNDERFLOW, 9)},
        {"28 ff00000a de 03 26 de 00 26 2a", BAD(STACK_UNDERFLOW, 10), .clauses = {CATCH(0, 7, 7, 3)}},
        {"28 ff00000a de 03 26 de 00 00 2a", BAD(CALL_SHAPE, 0), .clauses = {CATCH(0, 7, 7, 3)}},
        {"28 ff00000a de 03 26 26 7a 2a", BAD(STACK_UNDERFLOW, 8), .clauses = {CATCH(0, 7, 7, 3)}},
        {"28 ff00000a 00", BAD(FALL_OFF_END, 5)},
        /* a join with a stack that is known: followed again with that one */
        {"16 2d 07 28 ff00000a 2b 01 16 26 26 2a", BAD(STACK_UNDERFLOW, 12)},
        {"16 2d 07 28 ff00000a 2b 01 16 26 00 2a", BAD(CALL_SHAPE, 3)},
        {"16 2c 03 16 2b 07 28 ff00000a 2b 00 26 26 2a", BAD(STACK_UNDERFLOW, 14)},
        /* known again at the start of a try block */
        {"28 ff00000a 26 de 01 dc 2a", BAD(STACK_UNDERFLOW, 5), .clauses = {FINALLY(5, 3, 8, 1)}},
    };
    nr_verify_context c = pretended_context();
    VERIFY(rows, &c);
    static const verify_row no_callback[] = {{"28 0100000a 2a", BAD(CALL_SHAPE, 0)}};
    VERIFY(no_callback, NULL);
}

/* 65,535 deep, and back. */
TEST(deep_stack)
{
    nr_buf code = NR_BUF_INIT, body = NR_BUF_INIT;
    nr_verify_report r;
    nr_buf_fill(&code, 0x16, 65535);
    nr_buf_fill(&code, 0x26, 65535);
    nr_buf_u8(&code, 0x2A);
    nr_body_write_fat(&body, 0x3013, 65535, 0, code.data, code.size, NULL, 0);
    CHECK_EQ(nr_verify_body(body.data, body.size, NULL, &r), NR_IL_OK);
    CHECK_EQ(r.verdict, NR_VERDICT_OK);
    body.data[2] = 0xFE; /* 65,534 */
    CHECK_EQ(nr_verify_body(body.data, body.size, NULL, &r), NR_IL_OK);
    CHECK_EQ(r.fault, NR_VERIFY_STACK_OVERFLOW);
    CHECK_EQ(r.offset, 65534);
    nr_buf_free(&code);
    nr_buf_free(&body);
}

/* Thousands of joins on deep stacks. */
TEST(shared_stacks)
{
    enum { DEEP = 30000, JOINS = 20000 };
    nr_buf code = NR_BUF_INIT, body = NR_BUF_INIT;
    nr_verify_report r;
    nr_buf_fill(&code, 0x16, DEEP);
    uint32_t join = (uint32_t)code.size;
    for (uint32_t i = 0; i < JOINS; i++) { /* the two topmost are new each time, what is below is shared */
        nr_buf_put(&code, "\x26\x26\x16\x16\x16\x3a", 6);
        nr_buf_u32(&code, join - (uint32_t)code.size - 4);
    }
    nr_buf_fill(&code, 0x26, DEEP);
    nr_buf_u8(&code, 0x2A);
    nr_body_write_fat(&body, 0x3013, DEEP + 1, 0, code.data, code.size, NULL, 0);
    CHECK_EQ(nr_verify_body(body.data, body.size, NULL, &r), NR_IL_OK);
    CHECK_EQ(r.verdict, NR_VERDICT_OK);
    nr_buf_free(&code);
    nr_buf_free(&body);
}

static void deep_switch(nr_buf *code, uint32_t deep, uint32_t arms, uint32_t gap)
{
    nr_buf_fill(code, 0x16, deep + 1);
    nr_buf_u8(code, 0x45);
    nr_buf_u32(code, arms);
    for (uint32_t i = 0; i < arms; i++) nr_buf_u32(code, gap + i);
}

/* Two deep stacks that share nothing meet at thousands of places: there is an end to comparing them. */
static void meet(uint32_t deep, uint32_t arms, nr_verify_report *r)
{
    nr_buf code = NR_BUF_INIT, body = NR_BUF_INIT;
    uint32_t one = deep + 1 + 5 + 4 * arms;
    nr_buf_put(&code, "\x16\x3a", 2);
    nr_buf_u32(&code, one + 5);
    deep_switch(&code, deep, arms, 5 + one);
    nr_buf_u8(&code, 0x38);
    nr_buf_u32(&code, one);
    deep_switch(&code, deep, arms, 0);
    nr_buf_fill(&code, 0x00, arms);
    nr_buf_fill(&code, 0x26, deep);
    nr_buf_u8(&code, 0x2A);
    nr_body_write_fat(&body, 0x3013, (uint16_t)(deep + 1), 0, code.data, code.size, NULL, 0);
    CHECK_EQ(nr_verify_body(body.data, body.size, NULL, r), NR_IL_OK);
    nr_buf_free(&code);
    nr_buf_free(&body);
}

TEST(too_complex)
{
    nr_verify_report r;
    meet(100, 100, &r);
    CHECK_EQ(r.fault, NR_VERIFY_NONE);
    meet(20000, 20000, &r);
    CHECK_EQ(r.fault, NR_VERIFY_TOO_COMPLEX);
    CHECK_EQ(r.verdict, NR_VERDICT_UNKNOWN);
}

TESTS(verify_stack, T(depth), T(joins), T(regions), T(classes), T(types), T(results), T(unknown_calls), T(deep_stack), T(shared_stacks), T(too_complex))
