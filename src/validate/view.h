/* view.h - a module's metadata as names: what tokens mean, what methods are called. */
#ifndef NR_VALIDATE_VIEW_H
#define NR_VALIDATE_VIEW_H

#include "base/buf.h"
#include "clr/abi.h"

/* Opened for one event. A part that cannot be had is NULL, and what needs it is called "?". */
typedef struct nr_view {
    nr_IMetaDataImport2 *import;
    nr_IMetaDataAssemblyImport *assembly_import;
} nr_view;

/* Of a module as the runtime has it. */
void nr_view_open(nr_view *view, nr_ICorProfilerInfo4 *info, uintptr_t module);
void nr_view_close(nr_view *view);

/* Appends what a token means, down to names (validation.md, "Meanings"). */
void nr_view_meaning(nr_view *view, nr_buf *out, uint32_t token);
/* Appends the full name of the type that a method belongs to, and the method's name; "?" both when there is no such method. */
void nr_view_method(nr_view *view, uint32_t method, nr_buf *type, nr_buf *name);
/* Appends the simple name of the assembly that a module belongs to, or "?". */
void nr_view_assembly(nr_ICorProfilerInfo4 *info, uintptr_t module, nr_buf *out);

#endif
