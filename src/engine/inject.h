/* inject.h - what is added to modules on .NET Framework (reference/module-injection.md).
 *
 * mscorlib gets the helper methods; every other module gets references to them. Which methods those are is
 * said by the templates (instrumentation/templates/helpers.lua). */
#ifndef NR_ENGINE_INJECT_H
#define NR_ENGINE_INJECT_H

#include "engine/engine.h"

/* Result of ModuleLoadFinished for a module that loaded well. Inside an epoch. */
int32_t nr_inject_into_module(nr_engine *e, const nr_generation *g, uintptr_t module);

#endif
