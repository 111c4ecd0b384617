/* loaded_image.h - a module's metadata as it was loaded, read beside the CLR.
 *
 * The first public metadata interface that anybody asks a module for makes the CLR turn its own metadata of that module into
 * the form that can be written to, and read it more slowly from then on: in a start of a web application 12 %, when every
 * module is asked. A scope of one's own over the same bytes costs nothing afterwards. */
#ifndef NR_CLR_LOADED_IMAGE_H
#define NR_CLR_LOADED_IMAGE_H

#include "clr/abi.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int32_t(NR_COM *nr_get_dispenser)(const nr_guid *clsid, const nr_guid *iid, void **object);

/* MetaDataGetDispenser of the runtime that `info` is of. NULL: it exports none (single-file applications), or `info` is not the
 * runtime's own object. Takes the loader's lock: not in a callback that others may wait for. */
nr_get_dispenser nr_dispenser_export(const nr_ICorProfilerInfo4 *info);
/* A new dispenser, with one reference. NULL: `get` is NULL, or has failed. */
nr_IMetaDataDispenserEx *nr_dispenser_new(nr_get_dispenser get);

typedef struct nr_loaded_image {
    const uint8_t *metadata; /* the root (ECMA-335 II.24.2.1), in the runtime's memory */
    uint32_t size;
    bool collectible;         /* may be gone before the profiler hears of it */
    const uint8_t *base, *pe; /* of the image, and its PE signature */
    bool flat;                /* sections lie as in the file */
    uint32_t native;          /* address of the ManagedNativeHeader (ReadyToRun), relative to the image; 0: none */
} nr_loaded_image;

/* Where `size` bytes at this address relative to the image are. NULL: not within one section, or not within the image. */
const uint8_t *nr_image_at(const nr_loaded_image *image, uint32_t rva, uint32_t size);
/* Of a loaded module: what has been defined since is not in it. False: it has no image, as dynamic ones. */
bool nr_loaded_image_of(nr_ICorProfilerInfo4 *info, uintptr_t module, nr_loaded_image *image);

#endif
