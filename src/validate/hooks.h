/* hooks.h - what is looked at on the way; all other slots only pass through. */
#ifndef NR_VALIDATE_HOOKS_H
#define NR_VALIDATE_HOOKS_H

#include "validate/proxy.h"

/* Puts the functions into the slots of their families; once, after nr_proxy_prepare. */
void nr_hook_info(void);
void nr_hook_metadata(void);
void nr_hook_callback(void);

/* The slots of ICorProfilerInfo for a profiler that is not in charge: what would change the process is refused. */
const nr_any_function *nr_beside_info_slots(void);

/* Takes over a metadata interface that the runtime has answered, as one that is looked at. The same pointer when the
 * interface is of no family. NULL: no memory. */
void *nr_metadata_wrap(struct nr_side *side, const nr_guid *iid, void *object, uintptr_t module);

#endif
