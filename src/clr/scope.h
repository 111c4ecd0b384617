/* scope.h - the metadata interfaces of one module behind the engine's tables. */
#ifndef NR_CLR_SCOPE_H
#define NR_CLR_SCOPE_H

#include "clr/abi.h"
#include "engine/runtime.h"

/* Fills *scope from IMetaDataImport2 and IMetaDataAssemblyImport (references are taken over). */
void nr_scope_init(nr_scope *scope, nr_IMetaDataImport2 *import, nr_IMetaDataAssemblyImport *assembly_import,
                   nr_ICorProfilerInfo4 *info);

#endif
