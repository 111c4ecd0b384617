/* definition.h - where the type that a TypeRef names is defined.
 *
 * Followed by name into the assembly that the reference points to, if it is loaded, and to where that forwards the type. The CLR
 * is never asked to load anything. */
#ifndef NR_ENGINE_DEFINITION_H
#define NR_ENGINE_DEFINITION_H

#include "engine/module.h"

enum { NR_MOST_ENCLOSERS = 16 };

/* A TypeRef taken apart: names from the outermost type to the one itself. */
typedef struct nr_type_path {
    nr_str names[NR_MOST_ENCLOSERS];
    size_t count;
    uint32_t resolution_scope;
} nr_type_path;

/* False: the CLR does not answer, or more types enclose each other than any compiler nests. */
bool nr_type_path_of(nr_scope *scope, nr_arena *arena, uint32_t type_ref, nr_type_path *path);

typedef struct nr_definition {
    uintptr_t module;
    uint32_t type_def;
} nr_definition;

/* The loaded module of an assembly; 0: none. */
typedef uintptr_t (*nr_module_finder)(void *self, nr_str assembly);

/* `path` was taken from `scope`, the metadata of `module`. False: not seen, or more than eight assemblies forward it. */
bool nr_definition_find(const nr_runtime *runtime, nr_module_finder finder, void *self, uintptr_t module, nr_scope *scope,
                        nr_arena *arena, const nr_type_path *path, nr_definition *definition);

#endif
