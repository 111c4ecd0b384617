/* image.h - a module's metadata as it was loaded, read beside the CLR.
 *
 * The first public metadata interface that anybody asks a module for makes the CLR turn its own metadata of that module into
 * the form that can be written to, and read it more slowly from then on: in a start of a web application 12 %, when every
 * module is asked. A scope of one's own over the same bytes costs nothing afterwards. */
#ifndef NR_CLR_IMAGE_H
#define NR_CLR_IMAGE_H

#include "clr/abi.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int32_t(NR_COM *nr_get_dispenser)(const nr_guid *clsid, const nr_guid *iid, void **object);

/* MetaDataGetDispenser of the runtime that `info` is of. NULL: it exports none (single-file applications), or `info` is not the
 * runtime's own object. Takes the loader's lock: not in a callback that others may wait for. */
nr_get_dispenser nr_image_dispenser_of(const nr_ICorProfilerInfo4 *info);
/* A new dispenser, with one reference. NULL: `get` is NULL, or has failed. */
nr_IMetaDataDispenserEx *nr_image_dispenser(nr_get_dispenser get);

/* The metadata root (ECMA-335 II.24.2.1) in the memory of a loaded module: what has been defined since is not in it. False:
 * the module has no image (dynamic ones), or one that may go before the profiler hears of it (collectible ones). */
bool nr_image_metadata(nr_ICorProfilerInfo4 *info, uintptr_t module, const uint8_t **metadata, uint32_t *size);

#endif
