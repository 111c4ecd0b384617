#include "test.h"

#include "il/error.h"

#include <string.h>

TEST(every_error_is_described)
{
    for (int e = 0; e < NR_IL_ERROR_COUNT; e++) {
        CHECK(strlen(nr_il_error_name((nr_il_error)e)) > 1);
        CHECK((strlen(nr_il_error_text((nr_il_error)e)) > 0) == (e != NR_IL_OK));
        CHECK((nr_il_error_outcome((nr_il_error)e) == NR_IL_DONE) == (e == NR_IL_OK));
    }
    CHECK_EQ(nr_il_error_outcome((nr_il_error)9999), NR_IL_FAIL);
    CHECK_STR(nr_str_of(nr_il_error_name((nr_il_error)9999)), "UNKNOWN");
}

/* quirks.md part C, Q16, Q23: what the callback answers. */
TEST(outcomes)
{
    static const struct {
        nr_il_error e;
        nr_il_outcome outcome;
        bool logged;
    } rows[] = {
        {NR_IL_BAD_HEADER, NR_IL_SKIP, true},          /* C1 */
        {NR_IL_SWITCH_OVERRUN, NR_IL_SKIP, true},      /* C3 */
        {NR_IL_CODE_OVERRUN, NR_IL_SKIP, true},        /* C4 */
        {NR_IL_TRUNCATED, NR_IL_SKIP, true},           /* C4 */
        {NR_IL_SECTION_NO_CLAUSES, NR_IL_SKIP, true},  /* C5 */
        {NR_IL_SECTION_OVERFLOW, NR_IL_FAIL, true},    /* C6 */
        {NR_IL_SECTION_SIZE, NR_IL_FAIL, true},        /* C7 */
        {NR_IL_EMPTY_CODE, NR_IL_SKIP, true},          /* C8 */
        {NR_IL_HEADER_SIZE, NR_IL_SKIP, true},         /* C10 */
        {NR_IL_TINY_TOO_LARGE, NR_IL_FAIL, true},      /* C13 */
        {NR_IL_LOCALS_TRUNCATED, NR_IL_FAIL, true},    /* C17 */
        {NR_IL_EMPTY, NR_IL_FAIL, true},               /* C18 */
        {NR_IL_LAST_RET_IN_OPERAND, NR_IL_FAIL, false}, /* Q16 */
        {NR_IL_CLAUSE_BOUNDARY, NR_IL_FAIL, false},    /* Q23 */
        {NR_IL_UNKNOWN_OPCODE, NR_IL_SKIP, false},
        {NR_IL_BRANCH_TARGET, NR_IL_SKIP, false}, /* Q15 */
        {NR_IL_LAST_NOT_RET, NR_IL_SKIP, true},
        {NR_IL_NOT_TINY_OR_FAT, NR_IL_FAIL, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_EQ(nr_il_error_outcome(rows[i].e), rows[i].outcome);
        CHECK_EQ(nr_il_error_logged(rows[i].e), rows[i].logged);
    }
}

/* logging.md 5.3. */
TEST(texts_of_the_reference)
{
    CHECK_STR(nr_str_of(nr_il_error_text(NR_IL_LAST_NOT_RET)), "Last instruction was not RET, aborting");
    CHECK_STR(nr_str_of(nr_il_error_text(NR_IL_NOT_TINY_OR_FAT)), "Is not tiny or fat.");
    CHECK_STR(nr_str_of(nr_il_error_text(NR_IL_SECTION_KIND)),
              "Attempted to instrument a method with something other than an exception handling clause as a method "
              "extra section.");
    CHECK_STR(nr_str_of(nr_il_error_text(NR_IL_SECTION_CHAIN)),
              "Attempted to instrument a method with multiple extra sections.");
    CHECK_STR(nr_str_of(nr_il_error_text(NR_IL_CLAUSES_TOO_LARGE)),
              "Exception clauses grew too large with instrumentation.");
    CHECK_STR(nr_str_of(nr_il_error_text(NR_IL_CHECK_PARSE)), "Failed to parse instructions after method rewrite");
    CHECK_STR(nr_str_of(nr_il_error_text(NR_IL_CHECK_TARGETS)), "Failed to validate instructions after method rewrite");
}

TESTS(error, T(every_error_is_described), T(outcomes), T(texts_of_the_reference))
