/* ignore.h - differences that are known and documented: what `nrprof diff --ignore` takes. */
#ifndef NR_CLI_IGNORE_H
#define NR_CLI_IGNORE_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

/* X(enum, word, does a pattern follow?, meaning) */
#define NR_IGNORE_KINDS(X) \
    X(TOKENS, "tokens", false, "bodies that differ in the numbers of tokens only") \
    X(ORDER, "order", false, "the same metadata definitions in another order") \
    X(METHOD, "method", true, "methods: Namespace.Type.Method, * and ? allowed") \
    X(EVENT, "event", true, "events: the kind, * and ? allowed") \
    X(LOG, "log", true, "log lines without their time, * and ? allowed") \
    X(DOCUMENTED, "documented", false, "the log lines that docs/compat.md lists as added")

typedef enum nr_ignore_kind {
#define X(name, word, pattern, meaning) NR_IGNORE_##name,
    NR_IGNORE_KINDS(X)
#undef X
        NR_IGNORE_KIND_COUNT
} nr_ignore_kind;

typedef struct nr_ignore_rule {
    nr_ignore_kind kind;
    nr_str pattern; /* n == 0: the kind takes none */
    nr_str text;    /* as it was given, for reports */
    unsigned used;  /* by how many differences */
} nr_ignore_rule;

typedef struct nr_ignores {
    nr_ignore_rule *rules;
    size_t count;
} nr_ignores;

/* Reads "tokens,method=Contoso.*,@FILE": entries between commas; a file has one entry a line, '#' begins a comment (or " #" behind an
 * entry), and no files in it. NULL: all is well; else what is wrong, in `arena`. `list` may be NULL. */
const char *nr_ignores_read(nr_ignores *out, nr_arena *arena, const char *list);
/* The text of the first rule of that kind that fits; p == NULL: none. */
nr_str nr_ignores_find(nr_ignores *ignores, nr_ignore_kind kind, nr_str text);

#endif
