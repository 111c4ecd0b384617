/* Exception clauses and the flow between regions; one bad body and its repaired twin each. */
#include "verify_helper.h"

#include <time.h>

/* 00 nop, 26 pop, 2a ret, dc endfinally, de xx leave.s, fe11 endfilter, fe1a rethrow */
TEST(clauses)
{
    static const verify_row rows[] = {
        {"de 03 26 de 00 2a", OK, .clauses = {CATCH(0, 2, 2, 3)}},
        {"de 01 dc 2a", OK, .clauses = {FINALLY(0, 2, 2, 1)}},
        {"de 01 dc 2a", OK, .clauses = {FAULT(0, 2, 2, 1)}},
        {"de 07 26 16 fe 11 26 de 00 2a", OK, .clauses = {FILTER(0, 2, 2, 6, 3)}},
        /* a handler in front of its try block, at the very end of the code, and both */
        {"2b 04 26 de 03 00 de 00 2a", OK, .clauses = {CATCH(6, 2, 2, 3)}},
        {"de 00 2a dc", OK, .clauses = {FINALLY(0, 2, 3, 1)}},
        {"de 01 dc 2a", BAD_AT(CLAUSE_FLAGS, 0, 2), .clauses = {{3, 0, 2, 2, 1, 0}}},
        {"de 01 dc 2a", BAD_AT(CLAUSE_FLAGS, 0, 2), .clauses = {{8, 0, 2, 2, 1, 0}}},
        /* RANGE */
        {"de 01 dc 2a", BAD_AT(CLAUSE_RANGE, 0, 2), .clauses = {FINALLY(0, 0, 2, 1)}},
        {"de 01 dc 2a", BAD_AT(CLAUSE_RANGE, 0, 2), .clauses = {FINALLY(0, 2, 2, 0)}},
        {"de 01 dc 2a", BAD_AT(CLAUSE_RANGE, 0, 2), .clauses = {FINALLY(0, 2, 2, 3)}},
        {"de 01 dc 2a", BAD_AT(CLAUSE_RANGE, 4, 2), .clauses = {FINALLY(4, 1, 2, 1)}},
        {"de 01 dc 2a", BAD_AT(CLAUSE_RANGE, 0, 0xFFFFFFFF), .clauses = {FINALLY(0, 2, 0xFFFFFFFF, 2)}},
        {"de 01 dc 2a", BAD_AT(CLAUSE_RANGE, 1, 2), .clauses = {FINALLY(1, 0xFFFFFFFF, 2, 1)}},
        /* BOUNDARY: each of the five places */
        {"de 01 dc 2a", BAD_AT(CLAUSE_BOUNDARY, 1, 2), .clauses = {FINALLY(1, 1, 2, 1)}},
        {"de 01 dc 2a", BAD_AT(CLAUSE_BOUNDARY, 0, 2), .clauses = {FINALLY(0, 1, 2, 1)}},
        {"de 03 26 de 00 2a", BAD_AT(CLAUSE_BOUNDARY, 0, 4), .clauses = {CATCH(0, 2, 4, 1)}},
        {"de 03 26 de 00 2a", BAD_AT(CLAUSE_BOUNDARY, 0, 2), .clauses = {CATCH(0, 2, 2, 2)}},
        {"de 07 26 16 fe 11 26 de 00 2a", BAD_AT(CLAUSE_BOUNDARY, 0, 6), .clauses = {FILTER(0, 2, 1, 6, 3)}},
        /* FILTER */
        {"de 07 26 16 fe 11 26 de 00 2a", BAD_AT(CLAUSE_FILTER, 0, 6), .clauses = {FILTER(0, 2, 6, 6, 3)}},
        {"de 07 26 16 fe 11 26 de 00 2a", BAD_AT(CLAUSE_FILTER, 0, 6), .clauses = {FILTER(0, 2, 9, 6, 3)}},
        /* OVERLAP */
        {"00 00 de 01 dc 2a", BAD_AT(CLAUSE_OVERLAP, 0, 2), .clauses = {FINALLY(0, 4, 2, 3)}},
        {"00 00 de 01 dc 2a", OK, .clauses = {FINALLY(0, 4, 4, 1)}},
        {"00 de 02 dc dc 2a", BAD_AT(CLAUSE_OVERLAP, 1, 3), .clauses = {FINALLY(0, 3, 3, 1), FINALLY(1, 2, 3, 1)}}, /* one handler of two blocks */
        {"de 01 dc 2a", BAD_AT(CLAUSE_OVERLAP, 0, 0), .clauses = {FINALLY(0, 2, 0, 2)}},
        /* two handlers of one try block */
        {"de 06 26 de 03 26 de 00 2a", OK, .clauses = {CATCH(0, 2, 2, 3), CATCH(0, 2, 5, 3)}},
        /* APART: a handler deeper, or not as deep as its try block; a handler inside its own try block */
        {"de 05 de 01 dc dc 2a", BAD_AT(CLAUSE_APART, 0, 4), .clauses = {FINALLY(0, 2, 4, 1), FINALLY(2, 3, 5, 1)}},
        {"de 04 de 02 dc dc 2a", OK, .clauses = {FINALLY(2, 2, 4, 1), FINALLY(0, 5, 5, 1)}},
        {"de 00 dc 2a", BAD_AT(CLAUSE_APART, 0, 2), .clauses = {FINALLY(0, 3, 2, 1)}},
        /* ORDER: nested try blocks, the inner one first */
        {"de 00 de 02 dc dc 2a", BAD_AT(CLAUSE_ORDER, 2, 4), .clauses = {FINALLY(0, 5, 5, 1), FINALLY(2, 2, 4, 1)}},
        {"de 00 de 02 dc dc 2a", OK, .clauses = {FINALLY(2, 2, 4, 1), FINALLY(0, 5, 5, 1)}},
        /* harmless (reliability.md section 3): a try block inside a handler, its clause after the handler's */
        {"de 04 de 01 dc dc 2a", OK, .clauses = {FINALLY(0, 2, 2, 4), FINALLY(2, 2, 4, 1)}},
        {"de 04 de 01 dc dc 2a", OK, .clauses = {FINALLY(2, 2, 4, 1), FINALLY(0, 2, 2, 4)}},
    };
    VERIFY(rows, NULL);
}

TEST(branches)
{
    static const verify_row rows[] = {
        /* BRANCH_OUT_OF_TRY */
        {"2b 03 dc 00 00 2a", BAD_AT(BRANCH_OUT_OF_TRY, 0, 5), .clauses = {FINALLY(0, 2, 2, 1)}},
        {"de 03 dc 00 00 2a", OK, .clauses = {FINALLY(0, 2, 2, 1)}},
        {"16 2d 03 de 01 dc 2a", BAD_AT(BRANCH_OUT_OF_TRY, 1, 6), .clauses = {FINALLY(0, 5, 5, 1)}},
        {"16 2d 00 de 01 dc 2a", OK, .clauses = {FINALLY(0, 5, 5, 1)}},
        {"16 45 01000000 03000000 de 01 dc 2a", BAD_AT(BRANCH_OUT_OF_TRY, 1, 13), .clauses = {FINALLY(0, 12, 12, 1)}},
        {"16 45 01000000 00000000 de 01 dc 2a", OK, .clauses = {FINALLY(0, 12, 12, 1)}},
        /* BRANCH_OUT_OF_HANDLER */
        {"de 03 26 2b 00 2a", BAD_AT(BRANCH_OUT_OF_HANDLER, 3, 5), .clauses = {CATCH(0, 2, 2, 3)}},
        {"de 03 2b 01 dc 2a", BAD_AT(BRANCH_OUT_OF_HANDLER, 2, 5), .clauses = {FINALLY(0, 2, 2, 3)}},
        {"de 03 2b 00 dc 2a", OK, .clauses = {FINALLY(0, 2, 2, 3)}},
        {"de 08 26 2b 02 fe 11 26 de 00 2a", BAD_AT(BRANCH_OUT_OF_HANDLER, 3, 7), .clauses = {FILTER(0, 2, 2, 7, 3)}},
        /* BRANCH_INTO_TRY: only at its first instruction */
        {"2b 01 00 de 01 dc 2a", BAD_AT(BRANCH_INTO_TRY, 0, 3), .clauses = {FINALLY(2, 3, 5, 1)}},
        {"2b 00 00 de 01 dc 2a", OK, .clauses = {FINALLY(2, 3, 5, 1)}},
        /* ... through two try blocks with the same start, but not when an outer one started before */
        {"2b 00 de 02 dc dc 2a", OK, .clauses = {FINALLY(2, 2, 4, 1), FINALLY(2, 3, 5, 1)}},
        {"2b 01 00 de 02 dc dc 2a", BAD_AT(BRANCH_INTO_TRY, 0, 3), .clauses = {FINALLY(3, 2, 5, 1), FINALLY(2, 4, 6, 1)}},
        /* BRANCH_INTO_HANDLER */
        {"2b 02 de 01 dc 2a", BAD_AT(BRANCH_INTO_HANDLER, 0, 4), .clauses = {FINALLY(2, 2, 4, 1)}},
        {"2b 00 de 01 dc 2a", OK, .clauses = {FINALLY(2, 2, 4, 1)}},
        {"2b 03 de 03 26 de 00 2a", BAD_AT(BRANCH_INTO_HANDLER, 0, 5), .clauses = {CATCH(2, 2, 4, 3)}},
        {"2a 2b 02 de 01 dc 2a", BAD_AT(BRANCH_INTO_HANDLER, 1, 5), .clauses = {FINALLY(3, 2, 5, 1)}}, /* unreachable */
        /* the try block of a handler's own clause is not around it */
        {"00 00 de 06 26 2b f9 00 de 00 2a", BAD_AT(BRANCH_OUT_OF_HANDLER, 5, 0), .clauses = {CATCH(0, 4, 4, 6)}},
    };
    VERIFY(rows, NULL);
}

TEST(leaves)
{
    static const verify_row rows[] = {
        /* out of several try blocks and catch handlers at once */
        {"de 04 26 de 01 dc 2a", OK, .clauses = {CATCH(0, 2, 2, 3), FINALLY(0, 5, 5, 1)}},
        /* LEAVE_HANDLER: out of finally, fault, filter; inside it may be used */
        {"de 03 de 01 dc 2a", BAD_AT(LEAVE_HANDLER, 2, 5), .clauses = {FINALLY(0, 2, 2, 3)}},
        {"de 03 de 00 dc 2a", OK, .clauses = {FINALLY(0, 2, 2, 3)}},
        {"de 03 de 01 dc 2a", BAD_AT(LEAVE_HANDLER, 2, 5), .clauses = {FAULT(0, 2, 2, 3)}},
        {"de 08 26 de 05 fe 11 26 de 00 2a", BAD_AT(LEAVE_HANDLER, 3, 10), .clauses = {FILTER(0, 2, 2, 7, 3)}},
        {"de 04 de 02 dc dc 2a", BAD_AT(LEAVE_HANDLER, 2, 6), .clauses = {FINALLY(2, 2, 4, 1), FINALLY(0, 2, 2, 4)}},
        {"de 04 de 01 dc dc 2a", OK, .clauses = {FINALLY(2, 2, 4, 1), FINALLY(0, 2, 2, 4)}},
        /* into a try block: its first instruction; a catch handler to its own block: any (I.12.4.2.8.2.2) */
        {"00 de 03 26 de fb 2a", OK, .clauses = {CATCH(0, 3, 3, 3)}},
        {"00 00 de 03 26 de fa 2a", OK, .clauses = {CATCH(0, 4, 4, 3)}},
        {"00 00 de 06 de 04 26 de f8 dc 2a", BAD_AT(BRANCH_INTO_TRY, 7, 1), .clauses = {FINALLY(0, 4, 9, 1), CATCH(4, 2, 6, 3)}},
        {"de 01 2a 00 de 03 26 de fa 2a", BAD_AT(BRANCH_INTO_TRY, 0, 3), .clauses = {CATCH(2, 4, 6, 3)}},
        /* into handlers: never */
        {"de 01 26 26 de 00 2a", BAD_AT(BRANCH_INTO_HANDLER, 0, 3), .clauses = {CATCH(0, 2, 2, 4)}},
    };
    VERIFY(rows, NULL);
}

TEST(falls)
{
    static const verify_row rows[] = {
        /* FALL_OUT_OF_TRY: the missing leave */
        {"00 dc 2a", BAD_AT(FALL_OUT_OF_TRY, 0, 1), .clauses = {FINALLY(0, 1, 1, 1)}},
        {"de 01 dc 2a", OK, .clauses = {FINALLY(0, 2, 2, 1)}},
        {"16 2d fd 2a dc", BAD_AT(FALL_OUT_OF_TRY, 1, 3), .clauses = {FINALLY(0, 3, 4, 1)}},
        /* FALL_OUT_OF_HANDLER */
        {"de 01 26 2a", BAD_AT(FALL_OUT_OF_HANDLER, 2, 3), .clauses = {CATCH(0, 2, 2, 1)}},
        {"de 01 00 2a", BAD_AT(FALL_OUT_OF_HANDLER, 2, 3), .clauses = {FINALLY(0, 2, 2, 1)}},
        {"de 06 26 16 26 26 de 00 2a", BAD_AT(FALL_OUT_OF_HANDLER, 4, 5), .clauses = {FILTER(0, 2, 2, 5, 3)}},
        {"de 07 26 16 fe 11 26 de 00 2a", OK, .clauses = {FILTER(0, 2, 2, 6, 3)}},
        {"de 02 7a 00 2a", BAD_AT(FALL_OUT_OF_HANDLER, 3, 4), .clauses = {CATCH(0, 2, 2, 2)}}, /* unreachable */
        {"de 02 7a 7a 2a", OK, .clauses = {CATCH(0, 2, 2, 2)}},
        /* FALL_INTO_HANDLER */
        {"de 00 2a 00 dc", BAD_AT(FALL_INTO_HANDLER, 3, 4), .clauses = {FINALLY(0, 2, 4, 1)}},
        {"de 00 2a dc", OK, .clauses = {FINALLY(0, 2, 3, 1)}},
        /* into a try block is how one is entered */
        {"00 de 01 dc 2a", OK, .clauses = {FINALLY(1, 2, 3, 1)}},
    };
    VERIFY(rows, NULL);
}

TEST(places)
{
    static const verify_row rows[] = {
        {"2a dc", BAD(RET_IN_TRY, 0), .clauses = {FINALLY(0, 1, 1, 1)}},
        {"de 01 2a 2a", BAD(RET_IN_HANDLER, 2), .clauses = {FINALLY(0, 2, 2, 1)}},
        {"de 01 dc 2a", OK, .clauses = {FINALLY(0, 2, 2, 1)}},
        {"de 02 7a 2a 2a", BAD(RET_IN_HANDLER, 3), .clauses = {CATCH(0, 2, 2, 2)}}, /* unreachable */
        {"27 01000006 dc", BAD(JMP_IN_REGION, 0), .clauses = {FINALLY(0, 5, 5, 1)}},
        {"de 01 dc 27 01000006", OK, .clauses = {FINALLY(0, 2, 2, 1)}},
        {"fe 1a", BAD(RETHROW_OUTSIDE, 0)},
        {"de 02 fe 1a 2a", BAD(RETHROW_OUTSIDE, 2), .clauses = {FINALLY(0, 2, 2, 2)}},
        {"de 02 fe 1a 2a", OK, .clauses = {CATCH(0, 2, 2, 2)}},
        {"de 07 26 fe 1a fe 11 fe 1a 2a", BAD(RETHROW_OUTSIDE, 3), .clauses = {FILTER(0, 2, 2, 7, 2)}},
        {"de 06 26 16 fe 11 fe 1a 2a", OK, .clauses = {FILTER(0, 2, 2, 6, 2)}},
        /* the reference's templates leave behind a rethrow */
        {"de 07 fe 1a dd 00000000 2a", OK, .clauses = {CATCH(0, 2, 2, 7)}},
        {"dc", BAD(ENDFINALLY_OUTSIDE, 0)},
        {"de 01 dc 2a", BAD(ENDFINALLY_OUTSIDE, 2), .clauses = {CATCH(0, 2, 2, 1)}},
        {"dc dc 2a", BAD(ENDFINALLY_OUTSIDE, 0), .clauses = {FINALLY(0, 1, 1, 1)}},
        {"de 03 dc dc dc 2a", BAD(ENDFINALLY_OUTSIDE, 2), .clauses = {FINALLY(2, 1, 3, 1), FINALLY(0, 2, 2, 3)}},
        {"16 fe 11", BAD(ENDFILTER_OUTSIDE, 1)},
        {"de 04 16 fe 11 00 2a", BAD(ENDFILTER_OUTSIDE, 3), .clauses = {FINALLY(0, 2, 2, 4)}},
        {"de 05 16 fe 0f 26 dc 2a", BAD(LOCALLOC_IN_HANDLER, 3), .clauses = {FINALLY(0, 2, 2, 5)}},
        {"16 fe 0f 26 de 01 dc 2a", OK, .clauses = {FINALLY(0, 6, 6, 1)}},
    };
    VERIFY(rows, NULL);
}

/* `levels` try blocks in each other: nop... leave.s 0, then a finally handler each, inner first. */
static void nested(nr_buf *out, uint32_t levels)
{
    nr_buf code = NR_BUF_INIT;
    nr_eh_clause *clauses = calloc(levels, sizeof *clauses);
    nr_buf_fill(&code, 0x00, levels);
    for (uint32_t i = 0; i < levels; i++) {
        nr_buf_u16(&code, 0x01DE); /* leave.s over the handler */
        nr_buf_u8(&code, 0xDC);
        uint32_t start = levels - 1 - i, end = levels + 3 * i + 2;
        clauses[i] = (nr_eh_clause){NR_EH_FINALLY, start, end - start, end, 1, 0};
    }
    nr_buf_u8(&code, 0x2A);
    nr_body_write_fat(out, 0x3013, 1, 0, code.data, code.size, clauses, levels);
    nr_buf_free(&code);
    free(clauses);
}

TEST(many_regions)
{
    nr_buf body = NR_BUF_INIT;
    nr_verify_report r;
    nested(&body, 30000);
    clock_t start = clock();
    CHECK_EQ(nr_verify_body(body.data, body.size, NULL, &r), NR_IL_OK);
    CHECK_EQ(r.verdict, NR_VERDICT_OK);
    CHECK_EQ(r.fault, NR_VERIFY_NONE);
    CHECK((clock() - start) / CLOCKS_PER_SEC < 20); /* hours if it were not linear */
    nr_buf_free(&body);
}

/* One try block with many handlers; the last leaves back into the middle of it many times. */
static void many_returns(uint32_t handlers, uint32_t leaves, nr_verify_report *r)
{
    nr_buf code = NR_BUF_INIT, body = NR_BUF_INIT;
    nr_eh_clause *clauses = calloc(handlers, sizeof *clauses);
    uint32_t end = 7 + 6 * (handlers - 1) + 1 + 5 * leaves;
    nr_buf_u16(&code, 0);
    for (uint32_t i = 0; i < handlers; i++) {
        nr_buf_u8(&code, 0xDD);
        nr_buf_u32(&code, end - (uint32_t)code.size - 4);
        clauses[i] = (nr_eh_clause){NR_EH_CATCH, 0, 7, (uint32_t)code.size, 6, 0x01000001};
        nr_buf_u8(&code, 0x26);
    }
    clauses[handlers - 1].handler_length = 1 + 5 * leaves;
    for (uint32_t i = 0; i < leaves; i++) {
        nr_buf_u8(&code, 0xDD);
        nr_buf_u32(&code, 1 - (uint32_t)code.size - 4);
    }
    nr_buf_u8(&code, 0x2A);
    nr_body_write_fat(&body, 0x3013, 1, 0, code.data, code.size, clauses, handlers);
    CHECK_EQ(nr_verify_body(body.data, body.size, NULL, r), NR_IL_OK);
    nr_buf_free(&code);
    nr_buf_free(&body);
    free(clauses);
}

TEST(too_complex)
{
    nr_verify_report r;
    many_returns(50, 50, &r);
    CHECK_EQ(r.fault, NR_VERIFY_NONE);
    many_returns(5000, 20000, &r);
    CHECK_EQ(r.fault, NR_VERIFY_TOO_COMPLEX);
    CHECK_EQ(r.verdict, NR_VERDICT_UNKNOWN);
    size_t size = 12 + (16u << 20) + 1; /* more code than is looked at */
    uint8_t *huge = calloc(1, size);
    nr_put_u32(huge, 0x00083003);
    nr_put_u32(huge + 4, (uint32_t)size - 12);
    CHECK_EQ(nr_verify_body(huge, size, NULL, &r), NR_IL_OK);
    CHECK_EQ(r.fault, NR_VERIFY_TOO_COMPLEX);
    free(huge);
}

TESTS(verify_flow, T(clauses), T(branches), T(leaves), T(falls), T(places), T(many_regions), T(too_complex))
