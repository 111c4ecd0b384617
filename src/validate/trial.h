/* trial.h - what two profilers made of one callback, and whether it is the same. */
#ifndef NR_VALIDATE_TRIAL_H
#define NR_VALIDATE_TRIAL_H

#include "base/buf.h"
#include "os/os.h"
#include "validate/side.h"

#include <stdatomic.h>

typedef enum nr_trial_request { NR_TRIAL_REJIT, NR_TRIAL_REVERT } nr_trial_request;

/* A body as it was given, or a request. */
typedef struct nr_trial_item {
    int what; /* nr_trial_request, or NR_TRIAL_BODY */
    uintptr_t module;
    uint32_t method;
    int32_t hr;
    uint8_t *body; /* a copy; NULL: none was given */
    size_t size;
} nr_trial_item;
enum { NR_TRIAL_BODY = 2 };

typedef struct nr_trial_half {
    nr_trial_item *items;
    size_t count, room;
    bool failed; /* no memory: something is missing */
} nr_trial_half;

/* All zero is one in which nothing has happened. */
typedef struct nr_trial {
    nr_mutex lock;
    nr_trial_half halves[2]; /* in charge; beside */
    struct nr_trial_block *blocks; /* bodies that the one beside has allocated */
} nr_trial;

/* Of the callback, or the call of the agent, that the calling thread is in; NULL: none. */
nr_trial *nr_trial_now(void);
/* From now on, or no longer: the trial of calls that a profiler makes on threads of its own while the agent waits for it.
 * One at a time; a second one stays without. */
void nr_trial_elsewhere(nr_trial *trial, bool begins);

/* Outside of a shadow run these do nothing. `size` 0: as the body says itself. */
void nr_trial_body(nr_side *side, nr_trial *trial, uintptr_t module, uint32_t method, const uint8_t *body, size_t size,
                   int32_t hr);
void nr_trial_requests(nr_side *side, nr_trial_request what, uint32_t count, const uintptr_t *modules,
                       const uint32_t *methods);
void nr_trial_mask(nr_side *side, uint32_t low, uint32_t high);

/* Memory for the profiler beside, until the end of the trial. NULL: none. */
void *nr_trial_alloc(nr_trial *trial, size_t size);
/* Compares the halves, counts and reports, and frees everything. `results`: what the two callbacks returned. */
void nr_trial_end(struct nr_shadow *shadow, nr_trial *trial, const int32_t results[2], uintptr_t module, uint32_t method);

#endif
