/* Headers, single instructions, names; one bad body and its repaired twin each. */
#include "verify_helper.h"

#include "base/alloc.h"

TEST(instructions)
{
    static const verify_row rows[] = {
        {"2a", OK},
        /* OPCODE, also where nothing leads */
        {"24 2a", BAD(OPCODE, 0)},
        {"2a 24", BAD(OPCODE, 1)},
        {"2a 00 2a", OK},
        {"00 fe 08 2a", BAD(OPCODE, 1)},
        /* OVERRUN */
        {"00 20 01 00 00", BAD(OVERRUN, 1)},
        {"00 20 01 00 00 00 26 2a", OK},
        {"2a fe", BAD(OVERRUN, 1)},
        {"16 45 ff ff ff ff 2a", BAD(OVERRUN, 1)},
        /* LOCAL_INDEX, ARGUMENT_INDEX */
        {"09 26 2a", BAD(LOCAL_INDEX, 0)},
        {"08 26 2a", OK},
        {"00 11 03 26 2a", BAD(LOCAL_INDEX, 1)},
        {"00 12 03 26 2a", BAD(LOCAL_INDEX, 1)},
        {"16 fe 0e 03 00 2a", BAD(LOCAL_INDEX, 1)},
        {"16 0d 2a", BAD(LOCAL_INDEX, 1)},
        {"21 0000000000000000 fe 0e 02 00 2a", OK},
        {"2a 09 26 2a", BAD(LOCAL_INDEX, 1)}, /* unreachable */
        {"04 26 2a", BAD(ARGUMENT_INDEX, 0)},
        {"03 26 2a", OK},
        {"0e 02 26 2a", BAD(ARGUMENT_INDEX, 0)},
        {"0f 02 26 2a", BAD(ARGUMENT_INDEX, 0)},
        {"14 10 02 2a", BAD(ARGUMENT_INDEX, 1)},
        {"14 fe 0b 01 00 fe 09 00 00 26 fe 0a 01 00 26 2a", OK},
        {"fe 09 00 01 26 2a", BAD(ARGUMENT_INDEX, 0)},
        {"fe 0a 02 00 26 2a", BAD(ARGUMENT_INDEX, 0)},
        {"16 fe 0b 02 00 2a", BAD(ARGUMENT_INDEX, 1)},
        /* FALL_OFF_END, reachable or not (reliability.md section 3: one of the tools misses the second) */
        {"00", BAD(FALL_OFF_END, 0)},
        {"2a 00", BAD(FALL_OFF_END, 1)},
        {"2a 2a", OK},
        {"16 2d fd", BAD(FALL_OFF_END, 1)},
        {"2b fe", OK},
        {"2a fe 13", BAD(FALL_OFF_END, 1)},
        /* BRANCH_TARGET: before the code, behind it, into an instruction */
        {"2b fd", BAD(BRANCH_TARGET, 0)},
        {"2b 01 2a", BAD(BRANCH_TARGET, 0)},
        {"2b 00 2a", OK},
        {"2b 01 20 00 00 00 00 2a", BAD(BRANCH_TARGET, 0)},
        {"2a 2b 7f", BAD(BRANCH_TARGET, 1)},
        {"38 ff ff ff 7f", BAD(BRANCH_TARGET, 0)},
        {"16 45 02000000 00000000 02000000 2a", BAD(BRANCH_TARGET, 1)},
        {"16 45 02000000 00000000 01000000 2a 2a", OK},
        {"de 01 2a", BAD(BRANCH_TARGET, 0)},
        {"de 00 2a", OK}, /* a branch that empties the stack, outside of everything */
    };
    nr_verify_context c = pretended_context();
    VERIFY(rows, &c);
}

TEST(tokens)
{
    static const verify_row rows[] = {
        {"28 0001000a 26 2a", OK}, /* a result of unknown class */
        {"28 00000006 2a", BAD(TOKEN, 0)}, /* rid 0 */
        {"28 00010006 26 2a", OK},
        {"28 0000002b 2a", BAD(TOKEN, 0)},
        {"28 0001002b 26 2a", OK},
        {"28 01000001 2a", BAD(TOKEN, 0)},
        {"28 010000ff 2a", BAD(TOKEN, 0)},
        {"73 0001002b 26 2a", BAD(TOKEN, 0)}, /* no constructor is generic */
        {"73 0001000a 26 2a", OK},
        {"7e 01000004 26 2a", OK},
        {"7e 01000006 26 2a", BAD(TOKEN, 0)},
        {"72 00000070 26 2a", OK},
        {"72 01000004 26 2a", BAD(TOKEN, 0)},
        {"fe 1c 0100001b 26 2a", OK},
        {"fe 1c 0100000a 26 2a", BAD(TOKEN, 0)},
        {"d0 01000004 26 2a", OK},
        {"d0 0100002b 26 2a", OK},
        {"d0 01000011 26 2a", BAD(TOKEN, 0)},
        {"16 d3 29 00000011 2a", BAD(TOKEN, 2)},
        {"16 d3 29 00010006 2a", BAD(TOKEN, 2)},
        {"2a 28 00000001 2a", BAD(TOKEN, 1)}, /* unreachable */
    };
    nr_verify_context c = pretended_context();
    VERIFY(rows, &c);

    /* Holes of a template are not looked at. */
    static const verify_row loose[] = {{"72 00000000 26 2a", OK}, {"fe 1c 00000000 26 2a", OK},
                                       {"de 03 26 de 00 2a", OK, .clauses = {{NR_EH_CATCH, 0, 2, 2, 3, 0}}}};
    static const verify_row strict[] = {{"72 00000000 26 2a", BAD(TOKEN, 0)},
                                        {"de 03 26 de 00 2a", BAD_AT(CLAUSE_TOKEN, 0, 2), .clauses = {{NR_EH_CATCH, 0, 2, 2, 3, 0}}},
                                        {"de 03 26 de 00 2a", BAD_AT(CLAUSE_TOKEN, 0, 2), .clauses = {{NR_EH_CATCH, 0, 2, 2, 3, 0x0A000001}}},
                                        {"de 03 26 de 00 2a", OK, .clauses = {{NR_EH_CATCH, 0, 2, 2, 3, 0x1B000001}}}};
    VERIFY(strict, &c);
    c.loose_tokens = true;
    VERIFY(loose, &c);
}

TEST(prefixes)
{
    static const verify_row rows[] = {
        {"0f 00 fe 13 4a 26 2a", OK},                       /* volatile. ldind.i4 */
        {"0f 00 fe 12 01 fe 13 4a 26 2a", OK},              /* two prefixes */
        {"0f 00 23 0000000000000000 fe 13 57 2a", OK},
        {"fe 13 00 2a", BAD(PREFIX, 2)},
        {"fe 13 7e 01000004 26 2a", OK},
        {"fe 12 01 7e 01000004 26 2a", BAD(PREFIX, 3)},   /* a static field is aligned */
        {"fe 16 01000001 2a", BAD(PREFIX, 6)},
        {"0f 00 fe 16 01000001 6f 0080000a 2a", OK},
        {"14 16 fe 1e 8f 01000001 26 2a", OK},              /* readonly. ldelema */
        {"14 16 fe 1e 9a 26 2a", BAD(PREFIX, 4)},
        {"fe 14 28 0001000a 2a", OK},
        {"fe 14 28 0001000a 26 2a", BAD(TAIL_CALL, 2)},
        {"fe 14 28 0001000a 2b 00 2a", BAD(TAIL_CALL, 2)}, /* what ret rewriting makes of it, Q13 */
        {"fe 14 73 0001000a 2a", BAD(PREFIX, 2)},
        {"0f 00 16 2d 02 fe 13 4a 26 2a", BAD_AT(PREFIX_TARGET, 7, 7)},
        {"0f 00 16 2d 00 fe 13 4a 26 2a", OK},              /* to the prefix itself */
        {"02 8c 01000001 fe 19 01 74 01000001 26 2a", OK},  /* no. typecheck castclass */
        {"02 fe 19 01 26 2a", BAD(PREFIX, 4)},
    };
    nr_verify_context c = pretended_context();
    VERIFY(rows, &c);
}

static void one_body(const char *hex, const nr_verify_context *c, nr_verify_fault fault, nr_il_error body)
{
    uint8_t bytes[64];
    size_t n = nr_test_hex(hex, bytes, sizeof bytes);
    uint8_t *exact = malloc(n ? n : 1);
    memcpy(exact, bytes, n);
    nr_verify_report r;
    CHECK_EQ(nr_verify_body(exact, n, c, &r), NR_IL_OK);
    CHECK_STR(nr_str_of(nr_verify_fault_name(r.fault)), nr_verify_fault_name(fault));
    CHECK_EQ(r.body, body);
    CHECK_EQ(r.verdict, fault ? NR_VERDICT_BAD : NR_VERDICT_OK);
    free(exact);
}

TEST(headers)
{
    nr_verify_context c = pretended_context();
    one_body("", NULL, NR_VERIFY_BODY, NR_IL_EMPTY);
    one_body("06 2a", NULL, NR_VERIFY_NONE, NR_IL_OK); /* tiny */
    one_body("0a 2a", NULL, NR_VERIFY_BODY, NR_IL_TRUNCATED);
    one_body("04 2a", NULL, NR_VERIFY_BODY, NR_IL_NOT_TINY_OR_FAT);
    one_body("02", NULL, NR_VERIFY_EMPTY_CODE, NR_IL_OK);
    one_body("0330 0800 00000000 00000000", NULL, NR_VERIFY_EMPTY_CODE, NR_IL_OK);
    one_body("0320 0800 01000000 00000000 2a", NULL, NR_VERIFY_BODY, NR_IL_HEADER_SIZE);
    one_body("0330 0800 01000000 00000000 2a", NULL, NR_VERIFY_NONE, NR_IL_OK);
    one_body("0330 0800 01000000 01000011 2a", NULL, NR_VERIFY_NONE, NR_IL_OK);
    one_body("0330 0800 01000000 01000006 2a", NULL, NR_VERIFY_LOCALS_TOKEN, NR_IL_OK);
    one_body("0330 0800 01000000 00000011 2a", NULL, NR_VERIFY_LOCALS_TOKEN, NR_IL_OK);
    one_body("0b30 0800 01000000 00000000 2a 000000 41 1c0000", NULL, NR_VERIFY_BODY, NR_IL_SECTION_TRUNCATED);
    /* A header without locals has none, whatever the context says; one with locals has as many as it says. */
    one_body("0e 06 26 2a", &c, NR_VERIFY_LOCAL_INDEX, NR_IL_OK);
    one_body("0330 0800 03000000 00000000 06 26 2a", NULL, NR_VERIFY_LOCAL_INDEX, NR_IL_OK);
    one_body("0330 0800 03000000 01000011 06 26 2a", &c, NR_VERIFY_NONE, NR_IL_OK);
    one_body("0330 0800 03000000 01000011 09 26 2a", &c, NR_VERIFY_LOCAL_INDEX, NR_IL_OK);
    one_body("0330 0800 03000000 01000011 09 26 2a", NULL, NR_VERIFY_NONE, NR_IL_OK);
}

TEST(names)
{
    CHECK_STR(nr_str_of(nr_verify_verdict_name(NR_VERDICT_OK)), "ok");
    CHECK_STR(nr_str_of(nr_verify_verdict_name(NR_VERDICT_BAD)), "bad");
    CHECK_STR(nr_str_of(nr_verify_verdict_name(NR_VERDICT_UNKNOWN)), "unknown");
    CHECK_STR(nr_str_of(nr_verify_fault_name(NR_VERIFY_RET_IN_TRY)), "RET_IN_TRY");
    CHECK_STR(nr_str_of(nr_verify_fault_text(NR_VERIFY_RET_IN_TRY)), "ret inside a try block");
    CHECK_STR(nr_str_of(nr_verify_fault_name(NR_VERIFY_FAULT_COUNT)), "?");
    CHECK_STR(nr_str_of(nr_verify_fault_text(NR_VERIFY_FAULT_COUNT)), "?");
}

TEST(memory)
{
    static const verify_row row = {"de 03 26 de 00 2a", OK, .clauses = {CATCH(0, 2, 2, 3)}};
    nr_buf body = NR_BUF_INIT;
    nr_verify_report r;
    nr_il_error err;
    unsigned long n = 0;
    pretended_body(&body, &row);
    nr_alloc_count(1);
    do {
        nr_alloc_fail_at(++n, 0);
        err = nr_verify_body(body.data, body.size, NULL, &r);
        if (!err) break;
        CHECK_EQ(err, NR_IL_NO_MEMORY);
        CHECK_EQ(r.verdict, NR_VERDICT_UNKNOWN);
        CHECK_EQ(r.fault, NR_VERIFY_NO_MEMORY);
    } while (n < 100);
    nr_alloc_fail_at(0, 0);
    CHECK_EQ(nr_alloc_live(), 0);
    nr_alloc_count(0);
    CHECK(n > 1);
    CHECK_EQ(r.verdict, NR_VERDICT_OK);
    nr_buf_free(&body);
}

TESTS(verify, T(instructions), T(tokens), T(prefixes), T(headers), T(names), T(memory))
