/* trial.h - what two profilers made of one callback, and whether it is the same. */
#ifndef NR_VALIDATE_TRIAL_H
#define NR_VALIDATE_TRIAL_H

#include "base/buf.h"
#include "validate/side.h"

typedef enum nr_trial_request { NR_TRIAL_REJIT, NR_TRIAL_REVERT } nr_trial_request;

/* A body as it was given, or a request. */
typedef struct nr_trial_item {
    int what; /* nr_trial_request, or NR_TRIAL_BODY */
    uintptr_t module;
    uint32_t method;
    int32_t hr;
    uint8_t *body; /* a copy; NULL: none was given */
    size_t size;
    bool unreadable; /* one was given, but its header does not say how long it is: body is NULL */
} nr_trial_item;
enum { NR_TRIAL_BODY = 2 };

typedef struct nr_trial_half {
    nr_trial_item *items;
    size_t count, room;
    bool failed; /* no memory: something is missing */
} nr_trial_half;

/* All zero is one in which nothing has happened. It belongs to a callback, or a call of the agent, and lies on its stack. */
typedef struct nr_trial {
    nr_trial_half halves[2]; /* in charge; beside */
    struct nr_trial_block *blocks; /* bodies that the one beside has allocated; only the thread of the callback adds some */
} nr_trial;

/* From now on, or no longer: the trial of what threads in no callback do. A profiler makes requests on threads of its own while
 * the agent waits for it. One at a time; a second one stays without. Afterwards no other thread knows the trial. What a
 * profiler does of itself meanwhile (NEW_RELIC_RULES_WATCH) cannot be told from that, and counts as the agent's. */
void nr_trial_elsewhere(nr_trial *trial, bool begins);
/* From now on no thread gets at a trial through this place, where it was kept for others to use. */
void nr_trial_withdraw(nr_trial **place);

/* Outside of a shadow run these do nothing. `place`: where the trial is kept, which may be withdrawn meanwhile; NULL: that of the
 * callback, or the call of the agent, that the calling thread is in. `size` 0: as the body says itself. */
void nr_trial_body(nr_side *side, nr_trial *const *place, uintptr_t module, uint32_t method, const uint8_t *body,
                   size_t size, int32_t hr);
void nr_trial_requests(nr_side *side, nr_trial_request what, uint32_t count, const uintptr_t *modules,
                       const uint32_t *methods);
void nr_trial_mask(nr_side *side, uint32_t low, uint32_t high);

/* Memory for the profiler beside, until the end of the callback that the calling thread is in. NULL: there is none, or no callback:
 * another thread's could end while the memory is in use. */
void *nr_trial_alloc(size_t size);
/* Compares the halves, counts and reports, and frees everything. `results`: what the two callbacks returned. */
void nr_trial_end(struct nr_shadow *shadow, nr_trial *trial, const int32_t results[2], uintptr_t module, uint32_t method);

#endif
