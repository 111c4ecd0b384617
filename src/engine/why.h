/* why.h - rules that nearly matched, told once per module and generation at DEBUG: what a rule is most often wrong about is
 * the case of a name, another overload, or a version.
 *
 * Nothing of this is on the way of a method: it happens when the tables of a module are made. */
#ifndef NR_ENGINE_WHY_H
#define NR_ENGINE_WHY_H

#include "engine/module.h"

/* Of a module whose metadata is open. */
void nr_why_not(const nr_module *module, const nr_generation *g, nr_scope *scope);
/* Is there a rule whose assembly differs from the module's in case only? */
void nr_why_not_assembly(const nr_module *module, const nr_generation *g);

#endif
