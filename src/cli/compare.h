/* compare.h - two recordings, method by method and event by event.
 *
 * The unit is one SetILFunctionBody of one method: the k-th of a method in A against the k-th in B. The 8-byte function id of the
 * method itself is masked (it is an address, another in every process) unless the comparison is strict. */
#ifndef NR_CLI_COMPARE_H
#define NR_CLI_COMPARE_H

#include "base/buf.h"
#include "cli/ignore.h"
#include "cli/recording.h"

/* X(enum, word in JSON, words for people). "Identical": the same bytes, and every token in them means the same. "Tokens": the same
 * when every token is replaced by its meaning. */
#define NR_VERDICTS(X) \
    X(IDENTICAL, "identical", "identical") \
    X(TOKENS, "tokens", "token numbering only") \
    X(DIFFERENT, "different", "different") \
    X(ONLY_A, "only-a", "only in A") \
    X(ONLY_B, "only-b", "only in B")

typedef enum nr_verdict {
#define X(name, word, text) NR_VERDICT_##name,
    NR_VERDICTS(X)
#undef X
        NR_VERDICT_COUNT
} nr_verdict;
const char *nr_verdict_word(nr_verdict v);
const char *nr_verdict_text(nr_verdict v);

typedef struct nr_pair {
    const nr_rec_method *method;   /* of A where it has it */
    const nr_rec_body *a, *b;      /* NULL: it has none */
    const nr_rec_assembly *in_a, *in_b;
    uint32_t turn; /* from 1: which body of the method */
    nr_verdict verdict;
    nr_str why;     /* DIFFERENT: what and where, in a few words */
    nr_str ignored; /* the --ignore rule that covers it; p == NULL: none */
} nr_pair;

typedef struct nr_change {
    const char *kind; /* "start", "flags", "result", "request", "definition", "order", "export", "log" */
    nr_str where;     /* assembly, method; empty: the process */
    nr_str a, b;      /* empty: not there */
    nr_str ignored;
} nr_change;

typedef struct nr_comparison {
    nr_arena arena;
    const nr_recording *a, *b;
    nr_ignores *ignores;
    bool strict, failed; /* failed: no memory */
    nr_pair *pairs;
    size_t pair_count;
    size_t verdicts[NR_VERDICT_COUNT]; /* ignored ones included … */
    size_t ignored[NR_VERDICT_COUNT];  /* … and how many of them are ignored */
    size_t masked;                     /* bodies with a function id */
    nr_buf changes;                    /* nr_change[] */
    size_t changes_ignored;
    nr_buf notes; /* nr_str[]: what a reader should know and what is no difference */
} nr_comparison;

/* Compares bodies. `c` is all zero but for notes. False: no memory. nr_comparison_free in any case; the recordings and `ignores` outlive the comparison. */
bool nr_compare(nr_comparison *c, const nr_recording *a, const nr_recording *b, nr_ignores *ignores, bool strict,
                nr_recording_progress *progress, void *self);
/* Adds what else was recorded (compare_events.c). */
void nr_compare_events(nr_comparison *c);
/* Adds the lines of two profiler logs, without their times, numbers and addresses; in any order (compare_log.c). NULL, or why
 * not. */
const char *nr_compare_logs(nr_comparison *c, const char *path_a, const char *path_b);
/* Nothing is left that is not identical or ignored. */
bool nr_comparison_is_clean(const nr_comparison *c);
void nr_comparison_free(nr_comparison *c);

/* ---- between the files of the comparison ---- */

void nr_comparison_change(nr_comparison *c, const char *kind, nr_str where, nr_str a, nr_str b);
void nr_comparison_note(nr_comparison *c, nr_str text);
/* "Namespace.Type.Method (Assembly, 06000001)", in `arena`. */
nr_str nr_comparison_name(nr_arena *arena, const nr_rec_method *m);
/* The texts that are in one list only become changes. */
void nr_comparison_lists(nr_comparison *c, const char *kind, nr_str where, const nr_str *a, size_t a_count, const nr_str *b,
                         size_t b_count);
/* Texts in the order of their bytes. For qsort. */
int nr_comparison_by_text(const void *a, const void *b);

#endif
