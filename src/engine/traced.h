/* traced.h - which methods of a module carry [Transaction] or [Trace].
 *
 * Decided once for each module, at its first callback: one pass over its custom attributes leaves a bit for each method.
 * To ask the CLR about every method that is compiled would cost more than all the rest of a callback that leads nowhere.
 * Attributes that somebody adds to a method of the table afterwards are not seen; methods that come later are asked about
 * when the module knew one of the two attributes at all, and so are all of a dynamic module. */
#ifndef NR_ENGINE_TRACED_H
#define NR_ENGINE_TRACED_H

#include "engine/module.h"

/* Makes the bits when they are missing. `function` gives access to the metadata, 0: the module itself does. Inside an epoch. */
void nr_module_find_traced(nr_modules *m, nr_module *module, uintptr_t function);
/* May the method carry one of them? Makes the bits when they are missing. `module->untraced` is the quick answer. */
bool nr_module_may_be_traced(nr_modules *m, nr_module *module, uintptr_t function, uint32_t row);

#endif
