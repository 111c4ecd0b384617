/* journal.h - the last rewrites, where a debugger, a core file or another process finds them.
 *
 * A ring of fixed memory inside the library: nothing is allocated, no lock is taken, and only a method that is rewritten costs
 * anything. `nrprof postmortem` reads it. Its layout is the same for all targets; whoever changes it
 * changes NR_JOURNAL_VERSION. */
#ifndef NR_ENGINE_JOURNAL_H
#define NR_ENGINE_JOURNAL_H

#include "base/str.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define NR_JOURNAL_MARK "nrprof journal\r\n" /* 16 bytes; an editor that changes line ends is found out */

enum {
    NR_JOURNAL_VERSION = 1,
    NR_JOURNAL_ENTRIES = 256,
    NR_JOURNAL_METHOD = 200,
    NR_JOURNAL_RULE = 100,
    NR_JOURNAL_TEMPLATE = 28
};

/* What became of a body: X(name, words) */
#define NR_JOURNAL_OUTCOMES(X) \
    X(WRITTEN, "written") \
    X(REFUSED_BY_CLR, "refused by the CLR") \
    X(REFUSED_BY_GATE, "refused by the verifier")

typedef enum nr_journal_outcome {
#define X(name, words) NR_JOURNAL_##name,
    NR_JOURNAL_OUTCOMES(X)
#undef X
        NR_JOURNAL_OUTCOME_COUNT
} nr_journal_outcome;

typedef struct nr_journal_entry {
    _Atomic uint64_t state; /* 0: empty; 2 n: the n-th rewrite; 2 n + 1: that is being written down */
    int64_t time;           /* seconds since 1970 */
    uint64_t hash_before, hash_after; /* nr_journal_hash of the whole body */
    uint64_t function;
    uint32_t size_before, size_after;
    uint32_t token, line;   /* line: of the rule; 0: not from a file */
    uint32_t outcome;       /* nr_journal_outcome */
    int32_t hr;             /* of the CLR; of the verifier: nr_verify_fault */
    /* UTF-8 with a NUL. What is too long: of the method the end is missing, of the path of the rule the beginning. */
    char method[NR_JOURNAL_METHOD], rule[NR_JOURNAL_RULE], template_name[NR_JOURNAL_TEMPLATE];
} nr_journal_entry;

typedef struct nr_journal {
    char mark[16]; /* written last */
    uint32_t version, header_size, entry_size, entry_count;
    uint64_t self; /* address of the journal: copies elsewhere in memory are none */
    int64_t started;
    uint64_t process;
    char library[64]; /* name, version, commit */
    _Atomic uint64_t next; /* rewrites so far */
    nr_journal_entry entries[NR_JOURNAL_ENTRIES];
} nr_journal;

_Static_assert(sizeof(nr_journal_entry) == 392 && offsetof(nr_journal_entry, method) == 64, "layout of version 1");
_Static_assert(offsetof(nr_journal, next) == 120 && offsetof(nr_journal, entries) == 128, "layout of version 1");

/* Makes it findable; `library` says who writes. Once per start; what is in it stays. */
void nr_journal_begin(const char *library);
const nr_journal *nr_journal_here(void);

typedef struct nr_journal_note {
    nr_str method, rule_file, template_name;
    uint32_t token, line;
    uint64_t function;
    const uint8_t *before, *after;
    size_t size_before, size_after;
    nr_journal_outcome outcome;
    int32_t hr;
} nr_journal_note;
/* Any thread. A note is lost when the writer of the one 256 before has not come to its end. */
void nr_journal_write(const nr_journal_note *note);

/* FNV-1a, 64 bits. */
uint64_t nr_journal_hash(const uint8_t *p, size_t size);
const char *nr_journal_outcome_words(uint32_t outcome); /* "?" for none */

#endif
