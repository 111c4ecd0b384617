/* inlinings.h - which methods the compiler of a ReadyToRun image inlined into which.
 *
 * ICorProfilerInfo6 tells it, too, but on recent .NET only of methods whose type is loaded already. What is asked when a module
 * has just been loaded then has no answer, and a type all of whose methods were inlined is never loaded at all. */
#ifndef NR_CLR_INLININGS_H
#define NR_CLR_INLININGS_H

#include "clr/loaded_image.h"

/* Rows of MethodDef. False: enough. */
typedef bool (*nr_inlining_visitor)(void *self, uint32_t inlinee, uint32_t inliner);

/* Methods of the image's own module that were inlined into others of it; not what comes from or went to another module. False: the
 * image has no list of a format that is known here, or a damaged one. */
bool nr_image_inlinings(const nr_loaded_image *image, nr_inlining_visitor visit, void *self);

#endif
