/* error.h - why a method body is not rewritten.
 *
 * One line each: name, what follows (SKIP: "Skipping invalid method", callback answers
 * S_OK; FAIL: E_FAIL), and the text logged at ERROR. Texts with a reference line in logging.md 5.3 are
 * the reference's; the others name what quirks.md part C refuses. */
#ifndef NR_IL_ERROR_H
#define NR_IL_ERROR_H

typedef enum nr_il_outcome { NR_IL_DONE, NR_IL_SKIP, NR_IL_FAIL } nr_il_outcome;

#define NR_IL_ERRORS(X) \
    X(OK, DONE, "") \
    X(NO_MEMORY, FAIL, "out of memory") \
    X(TRUNCATED, FAIL, "the method body is shorter than its header says")

typedef enum nr_il_error {
#define X(name, outcome, text) NR_IL_##name,
    NR_IL_ERRORS(X)
#undef X
        NR_IL_ERROR_COUNT
} nr_il_error;

nr_il_outcome nr_il_error_outcome(nr_il_error e);
const char *nr_il_error_name(nr_il_error e);
const char *nr_il_error_text(nr_il_error e);

#endif
