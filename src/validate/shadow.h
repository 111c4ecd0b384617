/* shadow.h - a shadow run: two profilers in one process, and the count of what they made alike. */
#ifndef NR_VALIDATE_SHADOW_H
#define NR_VALIDATE_SHADOW_H

#include "os/os.h"
#include "validate/ids.h"
#include "validate/side.h"

#include <stdatomic.h>

#define NR_VERDICTS(X) \
    X(IDENTICAL, "identical") \
    X(NUMBERING, "numbering") \
    X(DIFFERENT, "different") \
    X(ONLY_CHARGE, "only-charge") \
    X(ONLY_SHADOW, "only-shadow")
typedef enum nr_verdict {
#define X(name, text) NR_VERDICT_##name,
    NR_VERDICTS(X)
#undef X
        NR_VERDICTS_KINDS
} nr_verdict;

typedef struct nr_private_module nr_private_module;

typedef struct nr_shadow {
    nr_side *charge, *beside;
    _Atomic uint64_t counts[NR_VERDICTS_KINDS];
    _Atomic uint64_t ns[2]; /* inside callbacks: in charge, beside */
    uint32_t masks[2][2];
    nr_mutex lock; /* of what follows; never held while the CLR is called */
    nr_ids same;   /* module and token: means the same to both */
    nr_private_module *modules;
} nr_shadow;

/* Counts a verdict about a method, and reports all but the first kind: WARN lines up to a number, lines of the recording. */
void nr_shadow_verdict(nr_shadow *s, nr_verdict verdict, uintptr_t module, uint32_t method, const char *why);
/* One INFO line. */
void nr_shadow_summary(nr_shadow *s);
/* Compares event masks, when both have been set. */
void nr_shadow_started(nr_shadow *s);
void nr_shadow_free(nr_shadow *s);

#endif
