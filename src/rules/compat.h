/* compat.h - named switches for behaviour that is better than the reference's. All are off by default.
 *
 * A switch is turned on by a rule file, `compat { name = true }`, or by its environment variable, which goes first. What
 * counts is what holds at the start of the process: a refresh changes no switch. */
#ifndef NR_RULES_COMPAT_H
#define NR_RULES_COMPAT_H

#include "base/str.h"
#include "rules/env.h"

#include <stdbool.h>
#include <stdint.h>

/* X(identifier, name in rule files, environment variable, text that turns it on and off there (NULL: true and false), effect).
 * docs/compat.md has the table; tests compare. */
#define NR_COMPAT(X) \
    X(KEEP_PRECOMPILED, "keep_precompiled", FAST_START, NULL, NULL, \
      "Fast start, .NET only: precompiled (ReadyToRun) code and tiered compilation stay on. Only methods that are to be " \
      "instrumented, and precompiled methods that contain one, are compiled anew; they are not inlined.") \
    X(VETO_INLINING, "veto_inlining", VETO_INLINING, NULL, NULL, \
      "The JIT may not inline a method that rules or attributes name: an inlined copy is not instrumented.") \
    X(CALL, "call", DIRECT_CALL, "direct", "reflection", \
      "Injected code, .NET only: the agent is called by the address of its function, which is looked up by reflection once for " \
      "the process; otherwise every call of an instrumented method does that again.") \
    X(VERIFY, "verify", SAFE_REWRITE, NULL, NULL, \
      "A rewritten body is verified before the CLR gets it; one that is not valid IL is left as it was.") \
    X(NESTED_AT_LOAD, "nested_types_at_load", NESTED_TYPES_AT_LOAD, NULL, NULL, \
      "Methods of nested types are asked for when their module loads or rules change, as those of others are, and not only when " \
      "they are compiled for the first time.") \
    X(BY_REF_LIKE_AS_NULL, "by_ref_like_as_null", BY_REF_LIKE_AS_NULL, NULL, NULL, \
      "Arguments and results of by-ref-like types (Span) are handed to the agent as null; without it such a method throws " \
      "InvalidProgramException when it is called.") \
    X(FLAGS_PER_METHOD, "flags_per_method", FLAGS_PER_METHOD, NULL, NULL, \
      "The flags of one method (async, attributes) are not kept for the other methods of the same rule.") \
    X(REPORT_REJIT_ERRORS, "report_rejit_errors", REPORT_REJIT_ERRORS, NULL, NULL, \
      "A body that the CLR refuses after it was asked to compile it again is one ERROR line with the method's name.")

typedef enum nr_switch {
#define X(id, name, variable, on, off, help) NR_SWITCH_##id,
    NR_COMPAT(X)
#undef X
        NR_SWITCH_COUNT
} nr_switch;

typedef struct nr_switch_info {
    const char *name;
    nr_env_id variable;
    const char *on, *off; /* NULL: true, false */
    const char *help;
} nr_switch_info;

extern const nr_switch_info nr_switches[NR_SWITCH_COUNT];

/* A bit for each switch. */
typedef uint32_t nr_switch_set;
_Static_assert(NR_SWITCH_COUNT <= 32, "nr_switch_set");

static inline bool nr_switch_on(nr_switch_set set, nr_switch s)
{
    return (set >> s & 1) != 0;
}

/* What rule files and the environment say together. */
nr_switch_set nr_switches_in_force(nr_switch_set of_rules);

#endif
