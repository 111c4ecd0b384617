/* precompiled.h - what must not be run from precompiled code, and what must not be inlined.
 *
 * With the switch keep_precompiled the runtime uses the code in ReadyToRun images and asks before each. "No" sends a
 * method to the JIT, and from there it takes the usual way. That is the answer for wanted methods, which rules may be
 * about or which carry an attribute, and for methods into which the compiler of the image inlined a wanted one. A wanted
 * method is not inlined by the JIT either; the switch veto_inlining is that part alone. */
#ifndef NR_ENGINE_PRECOMPILED_H
#define NR_ENGINE_PRECOMPILED_H

#include "engine/engine.h"

/* At ModuleLoadFinished, before code of the module runs, and for each module after a refresh. Without one of the switches
 * they do nothing. Inside an epoch. Methods with attributes are noted and, with keep_precompiled, the methods of images that
 * contain wanted ones; those that may have been called before are compiled again. */
void nr_precompiled_module_loaded(nr_engine *e, const nr_generation *g, nr_module *module);
void nr_precompiled_rules_changed(nr_engine *e, const nr_generation *g, nr_module *module);

#endif
