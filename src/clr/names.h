/* names.h - what the functions seen by the thread profiler are called: UTF-16, as the CLR gives it and the agent reads it.
 *
 * Grows with the number of distinct functions, not with the number of samples; texts never move. One writer. The
 * writer's own look-ups need no lock; those of other threads exclude nr_names_put. */
#ifndef NR_CLR_NAMES_H
#define NR_CLR_NAMES_H

#include "base/map.h"
#include "nrprof_agent.h"

/* All zero is an empty one. */
typedef struct nr_names {
    nr_arena arena;
    nr_map functions; /* the bytes of the FunctionID: an nrprof_function_name */
    /* The text of a type's name: itself. Sharing goes by text and not by token, because the same token means other
     * types in other modules. */
    nr_map types;
} nr_names;

/* NULL: not seen. Allocates nothing. */
const nrprof_function_name *nr_names_get(const nr_names *names, uintptr_t function);
/* The same, with "UnknownClass" and "UnknownMethod(error)" for what has not been seen. */
nrprof_function_name nr_names_answer(const nr_names *names, uintptr_t function);
/* Lengths in UTF-16 units, without a terminator. A function that is known keeps its names. False: no memory. */
bool nr_names_put(nr_names *names, uintptr_t function, const uint16_t *type, size_t type_length, const uint16_t *method,
                  size_t method_length);
void nr_names_clear(nr_names *names);

#endif
