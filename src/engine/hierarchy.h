/* hierarchy.h - base classes and interfaces of a type, across the loaded modules.
 *
 * Types are followed by name into the assemblies that references point to, and where those forward them to. A module that is
 * not loaded ends the way there; the walk says so. Inside an epoch. */
#ifndef NR_ENGINE_HIERARCHY_H
#define NR_ENGINE_HIERARCHY_H

#include "base/map.h"
#include "engine/module.h"

/* For one job: what was found out about assemblies is kept. */
typedef struct nr_hierarchy {
    nr_modules *modules;
    nr_arena arena;
    nr_map assemblies; /* name -> module id, 0: not loaded */
} nr_hierarchy;

void nr_hierarchy_begin(nr_hierarchy *h, nr_modules *modules);
void nr_hierarchy_end(nr_hierarchy *h);

typedef enum nr_relation { NR_RELATION_BASE, NR_RELATION_INTERFACE } nr_relation;
/* False ends the walk. The name lives as long as the call. */
typedef bool (*nr_relative_visitor)(void *self, nr_str name, nr_relation relation, bool direct);

/* Visits the base classes from the nearest on, and all interfaces, those of bases and of interfaces as well. A name may come
 * more than once. Only with `interfaces` are they looked at. False: a part could not be seen. */
bool nr_hierarchy_walk(nr_hierarchy *h, nr_module *module, nr_scope *scope, uint32_t type_def, bool interfaces,
                       nr_relative_visitor visit, void *self);

typedef enum nr_answer { NR_NO, NR_YES, NR_CANNOT_TELL } nr_answer;
nr_answer nr_hierarchy_has(nr_hierarchy *h, nr_module *module, nr_scope *scope, uint32_t type_def, nr_relation relation,
                           nr_str name);

#endif
