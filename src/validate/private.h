/* private.h - metadata for the profiler that is not in charge: what it defines goes to a copy of its own. */
#ifndef NR_VALIDATE_PRIVATE_H
#define NR_VALIDATE_PRIVATE_H

#include "validate/shadow.h"

enum { NR_OPEN_TO_WRITE = 1 }; /* CorOpenFlags: ofWrite */

/* Can the runtime make copies of metadata? */
bool nr_private_is_possible(nr_shadow *s);
/* As GetModuleMetaData. A module is read as it is in the runtime until the profiler in charge may have defined something in it; from
 * then on, to write, and while a method is rewritten, from a copy of what was loaded. E_NOTIMPL: the runtime has no dispenser, or
 * the module no image. */
int32_t nr_private_metadata(nr_shadow *s, uintptr_t module, uint32_t flags, const nr_guid *iid, void **object);
/* Takes over a copy of a module's metadata; where there is one already, that one counts. One reference on the result. */
nr_IUnknown *nr_private_adopt(nr_shadow *s, uintptr_t module, nr_IUnknown *made);
/* A profiler has got metadata of this module to write. When it is the one in charge of a shadow run, it may now define something
 * there that the one beside it must not find; else nothing is noted. `module` 0: it is not known which. */
void nr_private_written(nr_side *side, uintptr_t module);
void nr_private_forget(nr_shadow *s, uintptr_t module);
void nr_private_free(nr_shadow *s);

/* An IMethodMalloc whose memory lasts as long as the callback. */
int32_t nr_private_allocator(void **allocator);

#endif
