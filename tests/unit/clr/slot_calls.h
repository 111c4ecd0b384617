/* slot_calls.h - calls every slot of an interface from C, through the structures of clr/abi.h. */
#ifndef NR_TESTS_CLR_SLOT_CALLS_H
#define NR_TESTS_CLR_SLOT_CALLS_H

/* All arguments are zero; `called` hears the name of each slot after its call. Returns the number of slots. */
typedef void (*slot_called)(const char *name);

#define SLOT_CALLERS(X) \
    X(ICorProfilerCallback4) \
    X(ICorProfilerInfo4) \
    X(ICorProfilerInfo5) \
    X(ICorProfilerInfo7) \
    X(ICorProfilerInfo10) \
    X(ICorProfilerInfo11) \
    X(ICorProfilerFunctionControl) \
    X(IMethodMalloc) \
    X(ICorProfilerModuleEnum) \
    X(ICorProfilerThreadEnum) \
    X(IMetaDataImport2) \
    X(IMetaDataEmit2) \
    X(IMetaDataAssemblyEmit) \
    X(IMetaDataAssemblyImport) \
    X(IClassFactory)

#define X(name) unsigned call_slots_##name(void *object, slot_called called);
SLOT_CALLERS(X)
#undef X

#endif
