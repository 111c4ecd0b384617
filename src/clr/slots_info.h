/* slots_info.h - the interfaces that the runtime gives to a profiler.
 *
 * X(result, name, argument words on 32-bit, (argument types, the object first)), in slot order,
 * taken from the published interface definitions (corprof.idl, cor.h). Tokens, ULONG and DWORD are
 * uint32_t, BOOL and HRESULT int32_t, ids and SIZE_T uintptr_t, WCHAR uint16_t. */
#ifndef NR_CLR_SLOTS_INFO_H
#define NR_CLR_SLOTS_INFO_H

#include "clr/com.h"

#define NR_SLOTS_ICorProfilerInfo(X) \
    NR_SLOTS_IUnknown(X) \
    X(int32_t, GetClassFromObject, 2, (void *, uintptr_t, uintptr_t *)) \
    X(int32_t, GetClassFromToken, 3, (void *, uintptr_t, uint32_t, uintptr_t *)) \
    X(int32_t, GetCodeInfo, 3, (void *, uintptr_t, const uint8_t **, uint32_t *)) \
    X(int32_t, GetEventMask, 1, (void *, uint32_t *)) \
    X(int32_t, GetFunctionFromIP, 2, (void *, const uint8_t *, uintptr_t *)) \
    X(int32_t, GetFunctionFromToken, 3, (void *, uintptr_t, uint32_t, uintptr_t *)) \
    X(int32_t, GetHandleFromThread, 2, (void *, uintptr_t, void **)) \
    X(int32_t, GetObjectSize, 2, (void *, uintptr_t, uint32_t *)) \
    X(int32_t, IsArrayClass, 4, (void *, uintptr_t, uint32_t *, uintptr_t *, uint32_t *)) \
    X(int32_t, GetThreadInfo, 2, (void *, uintptr_t, uint32_t *)) \
    X(int32_t, GetCurrentThreadID, 1, (void *, uintptr_t *)) \
    X(int32_t, GetClassIDInfo, 3, (void *, uintptr_t, uintptr_t *, uint32_t *)) \
    X(int32_t, GetFunctionInfo, 4, (void *, uintptr_t, uintptr_t *, uintptr_t *, uint32_t *)) \
    X(int32_t, SetEventMask, 1, (void *, uint32_t)) \
    X(int32_t, SetEnterLeaveFunctionHooks, 3, (void *, void *, void *, void *)) \
    X(int32_t, SetFunctionIDMapper, 1, (void *, void *)) \
    X(int32_t, GetTokenAndMetaDataFromFunction, 4, (void *, uintptr_t, const nr_guid *, void **, uint32_t *)) \
    X(int32_t, GetModuleInfo, 6, (void *, uintptr_t, const uint8_t **, uint32_t, uint32_t *, uint16_t *, \
      uintptr_t *)) \
    X(int32_t, GetModuleMetaData, 4, (void *, uintptr_t, uint32_t, const nr_guid *, void **)) \
    X(int32_t, GetILFunctionBody, 4, (void *, uintptr_t, uint32_t, const uint8_t **, uint32_t *)) \
    X(int32_t, GetILFunctionBodyAllocator, 2, (void *, uintptr_t, void **)) \
    X(int32_t, SetILFunctionBody, 3, (void *, uintptr_t, uint32_t, const uint8_t *)) \
    X(int32_t, GetAppDomainInfo, 5, (void *, uintptr_t, uint32_t, uint32_t *, uint16_t *, uintptr_t *)) \
    X(int32_t, GetAssemblyInfo, 6, (void *, uintptr_t, uint32_t, uint32_t *, uint16_t *, uintptr_t *, \
      uintptr_t *)) \
    X(int32_t, SetFunctionReJIT, 1, (void *, uintptr_t)) \
    X(int32_t, ForceGC, 0, (void *)) \
    X(int32_t, SetILInstrumentedCodeMap, 4, (void *, uintptr_t, int32_t, uint32_t, void *)) \
    X(int32_t, GetInprocInspectionInterface, 1, (void *, void **)) \
    X(int32_t, GetInprocInspectionIThisThread, 1, (void *, void **)) \
    X(int32_t, GetThreadContext, 2, (void *, uintptr_t, uintptr_t *)) \
    X(int32_t, BeginInprocDebugging, 2, (void *, int32_t, uint32_t *)) \
    X(int32_t, EndInprocDebugging, 1, (void *, uint32_t)) \
    X(int32_t, GetILToNativeMapping, 4, (void *, uintptr_t, uint32_t, uint32_t *, void *))

#define NR_SLOTS_ICorProfilerInfo2(X) \
    NR_SLOTS_ICorProfilerInfo(X) \
    X(int32_t, DoStackSnapshot, 6, (void *, uintptr_t, void *, uint32_t, void *, uint8_t *, uint32_t)) \
    X(int32_t, SetEnterLeaveFunctionHooks2, 3, (void *, void *, void *, void *)) \
    X(int32_t, GetFunctionInfo2, 8, (void *, uintptr_t, uintptr_t, uintptr_t *, uintptr_t *, uint32_t *, \
      uint32_t, uint32_t *, uintptr_t *)) \
    X(int32_t, GetStringLayout, 3, (void *, uint32_t *, uint32_t *, uint32_t *)) \
    X(int32_t, GetClassLayout, 5, (void *, uintptr_t, void *, uint32_t, uint32_t *, uint32_t *)) \
    X(int32_t, GetClassIDInfo2, 7, (void *, uintptr_t, uintptr_t *, uint32_t *, uintptr_t *, uint32_t, \
      uint32_t *, uintptr_t *)) \
    X(int32_t, GetCodeInfo2, 4, (void *, uintptr_t, uint32_t, uint32_t *, void *)) \
    X(int32_t, GetClassFromTokenAndTypeArgs, 5, (void *, uintptr_t, uint32_t, uint32_t, uintptr_t *, \
      uintptr_t *)) \
    X(int32_t, GetFunctionFromTokenAndTypeArgs, 6, (void *, uintptr_t, uint32_t, uintptr_t, uint32_t, \
      uintptr_t *, uintptr_t *)) \
    X(int32_t, EnumModuleFrozenObjects, 2, (void *, uintptr_t, void **)) \
    X(int32_t, GetArrayObjectInfo, 5, (void *, uintptr_t, uint32_t, uint32_t *, int32_t *, uint8_t **)) \
    X(int32_t, GetBoxClassLayout, 2, (void *, uintptr_t, uint32_t *)) \
    X(int32_t, GetThreadAppDomain, 2, (void *, uintptr_t, uintptr_t *)) \
    X(int32_t, GetRVAStaticAddress, 3, (void *, uintptr_t, uint32_t, void **)) \
    X(int32_t, GetAppDomainStaticAddress, 4, (void *, uintptr_t, uint32_t, uintptr_t, void **)) \
    X(int32_t, GetThreadStaticAddress, 4, (void *, uintptr_t, uint32_t, uintptr_t, void **)) \
    X(int32_t, GetContextStaticAddress, 4, (void *, uintptr_t, uint32_t, uintptr_t, void **)) \
    X(int32_t, GetStaticFieldInfo, 3, (void *, uintptr_t, uint32_t, void *)) \
    X(int32_t, GetGenerationBounds, 3, (void *, uint32_t, uint32_t *, void *)) \
    X(int32_t, GetObjectGeneration, 2, (void *, uintptr_t, void *)) \
    X(int32_t, GetNotifiedExceptionClauseInfo, 1, (void *, void *))

#define NR_SLOTS_ICorProfilerInfo3(X) \
    NR_SLOTS_ICorProfilerInfo2(X) \
    X(int32_t, EnumJITedFunctions, 1, (void *, void **)) \
    X(int32_t, RequestProfilerDetach, 1, (void *, uint32_t)) \
    X(int32_t, SetFunctionIDMapper2, 2, (void *, void *, void *)) \
    X(int32_t, GetStringLayout2, 2, (void *, uint32_t *, uint32_t *)) \
    X(int32_t, SetEnterLeaveFunctionHooks3, 3, (void *, void *, void *, void *)) \
    X(int32_t, SetEnterLeaveFunctionHooks3WithInfo, 3, (void *, void *, void *, void *)) \
    X(int32_t, GetFunctionEnter3Info, 5, (void *, uintptr_t, uintptr_t, uintptr_t *, uint32_t *, void *)) \
    X(int32_t, GetFunctionLeave3Info, 4, (void *, uintptr_t, uintptr_t, uintptr_t *, void *)) \
    X(int32_t, GetFunctionTailcall3Info, 3, (void *, uintptr_t, uintptr_t, uintptr_t *)) \
    X(int32_t, EnumModules, 1, (void *, void **)) \
    X(int32_t, GetRuntimeInformation, 9, (void *, uint16_t *, void *, uint16_t *, uint16_t *, uint16_t *, \
      uint16_t *, uint32_t, uint32_t *, uint16_t *)) \
    X(int32_t, GetThreadStaticAddress2, 5, (void *, uintptr_t, uint32_t, uintptr_t, uintptr_t, void **)) \
    X(int32_t, GetAppDomainsContainingModule, 4, (void *, uintptr_t, uint32_t, uint32_t *, uintptr_t *)) \
    X(int32_t, GetModuleInfo2, 7, (void *, uintptr_t, const uint8_t **, uint32_t, uint32_t *, uint16_t *, \
      uintptr_t *, uint32_t *))

#define NR_SLOTS_ICorProfilerInfo4(X) \
    NR_SLOTS_ICorProfilerInfo3(X) \
    X(int32_t, EnumThreads, 1, (void *, void **)) \
    X(int32_t, InitializeCurrentThread, 0, (void *)) \
    X(int32_t, RequestReJIT, 3, (void *, uint32_t, uintptr_t *, uint32_t *)) \
    X(int32_t, RequestRevert, 4, (void *, uint32_t, uintptr_t *, uint32_t *, int32_t *)) \
    X(int32_t, GetCodeInfo3, 5, (void *, uintptr_t, uintptr_t, uint32_t, uint32_t *, void *)) \
    X(int32_t, GetFunctionFromIP2, 3, (void *, const uint8_t *, uintptr_t *, uintptr_t *)) \
    X(int32_t, GetReJITIDs, 4, (void *, uintptr_t, uint32_t, uint32_t *, uintptr_t *)) \
    X(int32_t, GetILToNativeMapping2, 5, (void *, uintptr_t, uintptr_t, uint32_t, uint32_t *, void *)) \
    X(int32_t, EnumJITedFunctions2, 1, (void *, void **)) \
    X(int32_t, GetObjectSize2, 2, (void *, uintptr_t, uintptr_t *))

#define NR_SLOTS_ICorProfilerInfo5(X) \
    NR_SLOTS_ICorProfilerInfo4(X) \
    X(int32_t, GetEventMask2, 2, (void *, uint32_t *, uint32_t *)) \
    X(int32_t, SetEventMask2, 2, (void *, uint32_t, uint32_t))

#define NR_SLOTS_ICorProfilerInfo6(X) \
    NR_SLOTS_ICorProfilerInfo5(X) \
    X(int32_t, EnumNgenModuleMethodsInliningThisMethod, 5, (void *, uintptr_t, uintptr_t, uint32_t, \
      int32_t *, void **))

#define NR_SLOTS_ICorProfilerInfo7(X) \
    NR_SLOTS_ICorProfilerInfo6(X) \
    X(int32_t, ApplyMetaData, 1, (void *, uintptr_t)) \
    X(int32_t, GetInMemorySymbolsLength, 2, (void *, uintptr_t, uint32_t *)) \
    X(int32_t, ReadInMemorySymbols, 5, (void *, uintptr_t, uint32_t, uint8_t *, uint32_t, uint32_t *))

#define NR_SLOTS_ICorProfilerInfo8(X) \
    NR_SLOTS_ICorProfilerInfo7(X) \
    X(int32_t, IsFunctionDynamic, 2, (void *, uintptr_t, int32_t *)) \
    X(int32_t, GetFunctionFromIP3, 3, (void *, const uint8_t *, uintptr_t *, uintptr_t *)) \
    X(int32_t, GetDynamicFunctionInfo, 7, (void *, uintptr_t, uintptr_t *, const uint8_t **, uint32_t *, \
      uint32_t, uint32_t *, uint16_t *))

#define NR_SLOTS_ICorProfilerInfo9(X) \
    NR_SLOTS_ICorProfilerInfo8(X) \
    X(int32_t, GetNativeCodeStartAddresses, 5, (void *, uintptr_t, uintptr_t, uint32_t, uint32_t *, \
      uintptr_t *)) \
    X(int32_t, GetILToNativeMapping3, 4, (void *, uintptr_t, uint32_t, uint32_t *, void *)) \
    X(int32_t, GetCodeInfo4, 4, (void *, uintptr_t, uint32_t, uint32_t *, void *))

#define NR_SLOTS_ICorProfilerInfo10(X) \
    NR_SLOTS_ICorProfilerInfo9(X) \
    X(int32_t, EnumerateObjectReferences, 3, (void *, uintptr_t, void *, void *)) \
    X(int32_t, IsFrozenObject, 2, (void *, uintptr_t, int32_t *)) \
    X(int32_t, GetLOHObjectSizeThreshold, 1, (void *, uint32_t *)) \
    X(int32_t, RequestReJITWithInliners, 4, (void *, uint32_t, uint32_t, uintptr_t *, uint32_t *)) \
    X(int32_t, SuspendRuntime, 0, (void *)) \
    X(int32_t, ResumeRuntime, 0, (void *))

#define NR_SLOTS_ICorProfilerInfo11(X) \
    NR_SLOTS_ICorProfilerInfo10(X) \
    X(int32_t, GetEnvironmentVariable, 4, (void *, const uint16_t *, uint32_t, uint32_t *, uint16_t *)) \
    X(int32_t, SetEnvironmentVariable, 2, (void *, const uint16_t *, const uint16_t *))

/* COR_PRF_EVENTPIPE_PROVIDER_CONFIG: two pointers, 64 bits of keywords, a level. */
typedef struct nr_eventpipe_provider {
    const uint16_t *name;
    uint64_t keywords;
    uint32_t level;
    const uint16_t *filter;
} nr_eventpipe_provider;

/* Passed by value with a session of 64 bits in front: on x86 behind the two words of the session; on x64 Unix on the stack, behind
 * five registers that the session leaves free; elsewhere as a pointer. */
#if UINTPTR_MAX > 0xFFFFFFFF
#define NR_WORDS_OF_PROVIDER 9
#else
#define NR_WORDS_OF_PROVIDER 8
#endif

#define NR_SLOTS_ICorProfilerInfo12(X) \
    NR_SLOTS_ICorProfilerInfo11(X) \
    X(int32_t, EventPipeStartSession, 4, (void *, uint32_t, nr_eventpipe_provider *, int32_t, uint64_t *)) \
    X(int32_t, EventPipeAddProviderToSession, NR_WORDS_OF_PROVIDER, (void *, uint64_t, nr_eventpipe_provider)) \
    X(int32_t, EventPipeStopSession, 2, (void *, uint64_t)) \
    X(int32_t, EventPipeCreateProvider, 2, (void *, const uint16_t *, uintptr_t *)) \
    X(int32_t, EventPipeGetProviderInfo, 4, (void *, uintptr_t, uint32_t, uint32_t *, uint16_t *)) \
    X(int32_t, EventPipeDefineEvent, 12, (void *, uintptr_t, const uint16_t *, uint32_t, uint64_t, uint32_t, uint32_t, uint8_t, \
      int32_t, uint32_t, void *, uintptr_t *)) \
    X(int32_t, EventPipeWriteEvent, 5, (void *, uintptr_t, uint32_t, void *, const nr_guid *, const nr_guid *))

#define NR_SLOTS_ICorProfilerInfo13(X) \
    NR_SLOTS_ICorProfilerInfo12(X) \
    X(int32_t, CreateHandle, 3, (void *, uintptr_t, int32_t, void **)) \
    X(int32_t, DestroyHandle, 1, (void *, void *)) \
    X(int32_t, GetObjectIDFromHandle, 2, (void *, void *, uintptr_t *))

#define NR_SLOTS_ICorProfilerInfo14(X) \
    NR_SLOTS_ICorProfilerInfo13(X) \
    X(int32_t, EnumerateNonGCObjects, 1, (void *, void **)) \
    X(int32_t, GetNonGCHeapBounds, 3, (void *, uint32_t, uint32_t *, void *)) \
    X(int32_t, EventPipeCreateProvider2, 3, (void *, const uint16_t *, void *, uintptr_t *))

#define NR_SLOTS_ICorProfilerInfo15(X) \
    NR_SLOTS_ICorProfilerInfo14(X) \
    X(int32_t, EnumerateGCHeapObjects, 2, (void *, void *, void *))

#define NR_SLOTS_ICorProfilerFunctionControl(X) \
    NR_SLOTS_IUnknown(X) \
    X(int32_t, SetCodegenFlags, 1, (void *, uint32_t)) \
    X(int32_t, SetILFunctionBody, 2, (void *, uint32_t, const uint8_t *)) \
    X(int32_t, SetILInstrumentedCodeMap, 2, (void *, uint32_t, void *))

#define NR_SLOTS_IMethodMalloc(X) \
    NR_SLOTS_IUnknown(X) \
    X(void *, Alloc, 1, (void *, uint32_t))

#define NR_SLOTS_ICorProfilerModuleEnum(X) \
    NR_SLOTS_IUnknown(X) \
    X(int32_t, Skip, 1, (void *, uint32_t)) \
    X(int32_t, Reset, 0, (void *)) \
    X(int32_t, Clone, 1, (void *, void **)) \
    X(int32_t, GetCount, 1, (void *, uint32_t *)) \
    X(int32_t, Next, 3, (void *, uint32_t, uintptr_t *, uint32_t *))

/* Elements: a module id and a MethodDef (COR_PRF_METHOD). */
#define NR_SLOTS_ICorProfilerMethodEnum(X) \
    NR_SLOTS_IUnknown(X) \
    X(int32_t, Skip, 1, (void *, uint32_t)) \
    X(int32_t, Reset, 0, (void *)) \
    X(int32_t, Clone, 1, (void *, void **)) \
    X(int32_t, GetCount, 1, (void *, uint32_t *)) \
    X(int32_t, Next, 3, (void *, uint32_t, nr_prf_method *, uint32_t *))

#define NR_SLOTS_ICorProfilerThreadEnum(X) \
    NR_SLOTS_IUnknown(X) \
    X(int32_t, Skip, 1, (void *, uint32_t)) \
    X(int32_t, Reset, 0, (void *)) \
    X(int32_t, Clone, 1, (void *, void **)) \
    X(int32_t, GetCount, 1, (void *, uint32_t *)) \
    X(int32_t, Next, 3, (void *, uint32_t, uintptr_t *, uint32_t *))

#endif
