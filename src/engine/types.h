/* types.h - what a type token stands for, for the verifier: a reference type, a value type, a by-ref-like one.
 *
 * A type of another assembly is looked up in the module of that name, if it is loaded, and followed where that forwards it
 * to. The CLR is never asked to load anything. */
#ifndef NR_ENGINE_TYPES_H
#define NR_ENGINE_TYPES_H

#include "engine/module.h"
#include "il/verify.h"
#include "meta/sig.h"

typedef struct nr_types {
    nr_modules *modules;
    nr_module *module; /* whose tokens are asked about; remembers the answers */
    nr_scope *scope;   /* of that module */
    nr_arena *arena;
    uint32_t method, type_def; /* whose type parameters a TypeSpec may name */
    const nr_method_sig *sig;  /* its signature tells classes from value types without a look-up; may be NULL */
} nr_types;

/* Inside an epoch. NR_KIND_UNRESOLVED also when the CLR does not answer or there is no memory. */
nr_type_kind nr_type_kind_of(const nr_types *t, uint32_t token);

#endif
