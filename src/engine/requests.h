/* requests.h - the methods of a module that rules name, and what is asked of the CLR for them. */
#ifndef NR_ENGINE_REQUESTS_H
#define NR_ENGINE_REQUESTS_H

#include "engine/engine.h"

typedef struct nr_token_set { /* once collected: ascending, without duplicates */
    uint32_t *items;
    size_t count, room;
    bool failed;
    nr_str method; /* the name that is being looked up, for the log */
} nr_token_set;

#define NR_TOKEN_SET_INIT {NULL, 0, 0, false, {NULL, 0}}

/* The methods that the points of the module's assembly name, by class and method name only: parameters and versions are looked
 * at when the method comes (live-instrumentation.md section 5); and those of wide rules, `open_too` with what is not settled.
 * False: the module has no metadata, or no memory. Inside an epoch. */
bool nr_token_set_of(nr_engine *e, nr_module *module, const nr_generation *g, bool open_too, nr_token_set *tokens);
/* The same while the module is loaded, without what is not settled. */
bool nr_token_set_at_load(nr_engine *e, nr_module *module, const nr_generation *g, nr_token_set *tokens);
/* At the end; false: no memory. */
bool nr_token_set_add(nr_token_set *tokens, uint32_t token);
/* Of a collected set. */
bool nr_token_set_has(const nr_token_set *tokens, uint32_t token);
/* Takes the members of `other` out. */
void nr_token_set_subtract(nr_token_set *tokens, const nr_token_set *other);
void nr_token_set_free(nr_token_set *tokens);

/* One call for all of them; none for an empty set. The result is only logged. */
void nr_token_set_rejit(nr_engine *e, const nr_module *module, const nr_token_set *tokens);
void nr_token_set_revert(nr_engine *e, const nr_module *module, const nr_token_set *tokens);

#endif
