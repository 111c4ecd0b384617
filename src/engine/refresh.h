/* refresh.h - live instrumentation (reference/live-instrumentation.md): a new generation in place of the old one. */
#ifndef NR_ENGINE_REFRESH_H
#define NR_ENGINE_REFRESH_H

#include "os/os.h"
#include "rules/config.h"

typedef struct nr_engine nr_engine;
typedef struct nr_live_text nr_live_text;

/* XML that the managed agent handed over: what waits for Apply, and what the last Apply took. */
typedef struct nr_live {
    nr_mutex lock; /* of the two lists */
    nr_mutex gate; /* one refresh at a time. Held across calls into the CLR, and so never taken by a callback. */
    nr_live_text *pending, *applied;
} nr_live;

/* Keeps a copy of `xml` under `name` until the next nr_live_apply; the same name replaces. False: no memory. */
bool nr_live_add(nr_live *live, nr_str name, nr_str xml);
void nr_live_free(nr_live *live);

/* Results of the exports: S_OK; S_FALSE when a file is invalid (nothing changes); a failure when nothing could be
 * loaded (nothing changes). `ignore`: NULL takes that of the present generation. Not to be called from a callback. */
int32_t nr_engine_refresh(nr_engine *e, const nr_ignore_list *ignore);
/* Takes what is pending in place of what was applied, and refreshes when there is, or was, anything. */
int32_t nr_engine_apply_live(nr_engine *e);

#endif
