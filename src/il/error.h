/* error.h - why a method body is not rewritten.
 *
 * One line each: name, what follows (SKIP: "Skipping invalid method", callback answers
 * S_OK; FAIL: E_FAIL), whether the text belongs into the log at ERROR (LOGGED) or the reference is silent
 * there (QUIET: the text is for tools and the trace), and the text. Texts with a reference line in logging.md
 * 5.3 are the reference's; the others name what quirks.md part C refuses. */
#ifndef NR_IL_ERROR_H
#define NR_IL_ERROR_H

#include <stdbool.h>

typedef enum nr_il_outcome { NR_IL_DONE, NR_IL_SKIP, NR_IL_FAIL } nr_il_outcome;

#define NR_IL_ERRORS(X) \
    X(OK, DONE, QUIET, "") \
    X(NO_MEMORY, FAIL, LOGGED, "out of memory") \
    /* the body as a whole */ \
    X(EMPTY, FAIL, LOGGED, "the method has no body") /* C18 */ \
    X(TRUNCATED, SKIP, LOGGED, "the method body is shorter than its header says") /* C4 */ \
    X(BAD_HEADER, SKIP, LOGGED, "the method header is neither tiny nor fat") /* C1, ret rewriting */ \
    X(NOT_TINY_OR_FAT, FAIL, LOGGED, "Is not tiny or fat.") /* splitting */ \
    X(HEADER_SIZE, SKIP, LOGGED, "the fat header is not three dwords long") /* C10 */ \
    X(EMPTY_CODE, SKIP, LOGGED, "the method has no code") /* C8 */ \
    X(TOO_LARGE, FAIL, LOGGED, "the code is larger than 4 GiB") /* C13 */ \
    X(TINY_TOO_LARGE, FAIL, LOGGED, "the code does not fit a tiny method header") /* C13 */ \
    /* instructions */ \
    X(ILLEGAL_OPCODE, SKIP, LOGGED, "not an instruction of ECMA-335") \
    X(UNKNOWN_OPCODE, SKIP, QUIET, "unknown instruction in a method with several RETs") \
    X(CODE_OVERRUN, SKIP, LOGGED, "an instruction reaches beyond the end of the code") /* C4 */ \
    X(SWITCH_OVERRUN, SKIP, LOGGED, "a switch table reaches beyond the end of the code") /* C3 */ \
    X(LAST_NOT_RET, SKIP, LOGGED, "Last instruction was not RET, aborting") \
    X(LAST_RET_IN_OPERAND, FAIL, QUIET, "the last byte is a RET but not an instruction") /* Q16 */ \
    X(BRANCH_TARGET, SKIP, QUIET, "a branch leads to something that is not an instruction") \
    X(CHECK_PARSE, SKIP, LOGGED, "Failed to parse instructions after method rewrite") \
    X(CHECK_TARGETS, SKIP, LOGGED, "Failed to validate instructions after method rewrite") \
    /* sections */ \
    X(SECTION_KIND, FAIL, LOGGED, \
      "Attempted to instrument a method with something other than an exception handling clause as a method extra section.") \
    X(SECTION_CHAIN, FAIL, LOGGED, "Attempted to instrument a method with multiple extra sections.") \
    X(SECTION_SIZE, FAIL, LOGGED, "an extra section is smaller than its own header") /* C7 */ \
    X(SECTION_TRUNCATED, FAIL, LOGGED, "an extra section reaches beyond the end of the method body") \
    X(SECTION_NO_CLAUSES, SKIP, LOGGED, "the first extra section has no exception handling clause") /* C5 */ \
    X(SECTION_OVERFLOW, FAIL, LOGGED, "a chained section has more clauses than the first") /* C6 */ \
    X(CLAUSE_BOUNDARY, FAIL, QUIET, "an exception clause does not start and end at instructions") /* Q23 */ \
    X(CLAUSES_TOO_LARGE, FAIL, LOGGED, "Exception clauses grew too large with instrumentation.") \
    /* locals; the reference puts the count behind "count": nr_locals_count tells it */ \
    X(LOCALS_TOO_MANY, FAIL, LOGGED, "Extracted local count is too big to add locals to (>= 0xfffe)") \
    X(LOCALS_TRUNCATED, FAIL, LOGGED, "the local variable signature ends inside its count") /* C17 */ \
    /* emission: mistakes of the caller */ \
    X(EMIT_LABEL, FAIL, LOGGED, "no such label, or a label placed twice") \
    X(EMIT_BRANCH, FAIL, LOGGED, "a branch needs an instruction with a displacement, and a target within reach") \
    X(EMIT_OPERAND, FAIL, LOGGED, "the operand does not suit the instruction") \
    X(EMIT_TRY, FAIL, LOGGED, "try, handler and end do not match")

typedef enum nr_il_error {
#define X(name, outcome, log, text) NR_IL_##name,
    NR_IL_ERRORS(X)
#undef X
        NR_IL_ERROR_COUNT
} nr_il_error;

nr_il_outcome nr_il_error_outcome(nr_il_error e);
const char *nr_il_error_name(nr_il_error e);
const char *nr_il_error_text(nr_il_error e);
/* Whether the text is logged at ERROR. */
bool nr_il_error_logged(nr_il_error e);

#endif
