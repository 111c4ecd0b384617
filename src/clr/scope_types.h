/* scope_types.h - what wide rules ask about attributes and interfaces; goes with scope.c. */
#ifndef NR_CLR_SCOPE_TYPES_H
#define NR_CLR_SCOPE_TYPES_H

#include "clr/abi.h"
#include "engine/runtime.h"

/* A name that a call of two rounds gives: first into a buffer on the stack, then, when it is longer, into memory. */
typedef int32_t (*nr_name_call)(nr_scope *s, uint32_t token, uint16_t *units, uint32_t room, uint32_t *length,
                                void *more);
int32_t nr_scope_name(nr_scope *s, nr_arena *arena, uint32_t token, nr_name_call call, void *more, nr_str *name);

/* The functions of nr_scope_ops with these names. */
bool nr_scope_has_attribute(nr_scope *s, nr_arena *arena, uint32_t owner, nr_str type);
void nr_scope_each_attribute(nr_scope *s, nr_arena *arena, uint32_t owner, nr_name_visitor visit, void *self);
bool nr_scope_each_carrier(nr_scope *s, const char *const *types, nr_token_visitor visit, void *self);
void nr_scope_each_interface(nr_scope *s, uint32_t type_def, nr_token_visitor visit, void *self);

#endif
