/* slots_callback.h - the interfaces that the profiler implements.
 *
 * X(result, name, argument words on 32-bit, (argument types, the object first)), in slot order,
 * taken from the published interface definitions (corprof.idl, cor.h). Tokens, ULONG and DWORD are
 * uint32_t, BOOL and HRESULT int32_t, ids and SIZE_T uintptr_t, WCHAR uint16_t. */
#ifndef NR_CLR_SLOTS_CALLBACK_H
#define NR_CLR_SLOTS_CALLBACK_H

#include "clr/com.h"

#define NR_SLOTS_ICorProfilerCallback(X) \
    NR_SLOTS_IUnknown(X) \
    X(int32_t, Initialize, 1, (void *, void *)) \
    X(int32_t, Shutdown, 0, (void *)) \
    X(int32_t, AppDomainCreationStarted, 1, (void *, uintptr_t)) \
    X(int32_t, AppDomainCreationFinished, 2, (void *, uintptr_t, int32_t)) \
    X(int32_t, AppDomainShutdownStarted, 1, (void *, uintptr_t)) \
    X(int32_t, AppDomainShutdownFinished, 2, (void *, uintptr_t, int32_t)) \
    X(int32_t, AssemblyLoadStarted, 1, (void *, uintptr_t)) \
    X(int32_t, AssemblyLoadFinished, 2, (void *, uintptr_t, int32_t)) \
    X(int32_t, AssemblyUnloadStarted, 1, (void *, uintptr_t)) \
    X(int32_t, AssemblyUnloadFinished, 2, (void *, uintptr_t, int32_t)) \
    X(int32_t, ModuleLoadStarted, 1, (void *, uintptr_t)) \
    X(int32_t, ModuleLoadFinished, 2, (void *, uintptr_t, int32_t)) \
    X(int32_t, ModuleUnloadStarted, 1, (void *, uintptr_t)) \
    X(int32_t, ModuleUnloadFinished, 2, (void *, uintptr_t, int32_t)) \
    X(int32_t, ModuleAttachedToAssembly, 2, (void *, uintptr_t, uintptr_t)) \
    X(int32_t, ClassLoadStarted, 1, (void *, uintptr_t)) \
    X(int32_t, ClassLoadFinished, 2, (void *, uintptr_t, int32_t)) \
    X(int32_t, ClassUnloadStarted, 1, (void *, uintptr_t)) \
    X(int32_t, ClassUnloadFinished, 2, (void *, uintptr_t, int32_t)) \
    X(int32_t, FunctionUnloadStarted, 1, (void *, uintptr_t)) \
    X(int32_t, JITCompilationStarted, 2, (void *, uintptr_t, int32_t)) \
    X(int32_t, JITCompilationFinished, 3, (void *, uintptr_t, int32_t, int32_t)) \
    X(int32_t, JITCachedFunctionSearchStarted, 2, (void *, uintptr_t, int32_t *)) \
    X(int32_t, JITCachedFunctionSearchFinished, 2, (void *, uintptr_t, uint32_t)) \
    X(int32_t, JITFunctionPitched, 1, (void *, uintptr_t)) \
    X(int32_t, JITInlining, 3, (void *, uintptr_t, uintptr_t, int32_t *)) \
    X(int32_t, ThreadCreated, 1, (void *, uintptr_t)) \
    X(int32_t, ThreadDestroyed, 1, (void *, uintptr_t)) \
    X(int32_t, ThreadAssignedToOSThread, 2, (void *, uintptr_t, uint32_t)) \
    X(int32_t, RemotingClientInvocationStarted, 0, (void *)) \
    X(int32_t, RemotingClientSendingMessage, 2, (void *, nr_guid *, int32_t)) \
    X(int32_t, RemotingClientReceivingReply, 2, (void *, nr_guid *, int32_t)) \
    X(int32_t, RemotingClientInvocationFinished, 0, (void *)) \
    X(int32_t, RemotingServerReceivingMessage, 2, (void *, nr_guid *, int32_t)) \
    X(int32_t, RemotingServerInvocationStarted, 0, (void *)) \
    X(int32_t, RemotingServerInvocationReturned, 0, (void *)) \
    X(int32_t, RemotingServerSendingReply, 2, (void *, nr_guid *, int32_t)) \
    X(int32_t, UnmanagedToManagedTransition, 2, (void *, uintptr_t, uint32_t)) \
    X(int32_t, ManagedToUnmanagedTransition, 2, (void *, uintptr_t, uint32_t)) \
    X(int32_t, RuntimeSuspendStarted, 1, (void *, uint32_t)) \
    X(int32_t, RuntimeSuspendFinished, 0, (void *)) \
    X(int32_t, RuntimeSuspendAborted, 0, (void *)) \
    X(int32_t, RuntimeResumeStarted, 0, (void *)) \
    X(int32_t, RuntimeResumeFinished, 0, (void *)) \
    X(int32_t, RuntimeThreadSuspended, 1, (void *, uintptr_t)) \
    X(int32_t, RuntimeThreadResumed, 1, (void *, uintptr_t)) \
    X(int32_t, MovedReferences, 4, (void *, uint32_t, uintptr_t *, uintptr_t *, uint32_t *)) \
    X(int32_t, ObjectAllocated, 2, (void *, uintptr_t, uintptr_t)) \
    X(int32_t, ObjectsAllocatedByClass, 3, (void *, uint32_t, uintptr_t *, uint32_t *)) \
    X(int32_t, ObjectReferences, 4, (void *, uintptr_t, uintptr_t, uint32_t, uintptr_t *)) \
    X(int32_t, RootReferences, 2, (void *, uint32_t, uintptr_t *)) \
    X(int32_t, ExceptionThrown, 1, (void *, uintptr_t)) \
    X(int32_t, ExceptionSearchFunctionEnter, 1, (void *, uintptr_t)) \
    X(int32_t, ExceptionSearchFunctionLeave, 0, (void *)) \
    X(int32_t, ExceptionSearchFilterEnter, 1, (void *, uintptr_t)) \
    X(int32_t, ExceptionSearchFilterLeave, 0, (void *)) \
    X(int32_t, ExceptionSearchCatcherFound, 1, (void *, uintptr_t)) \
    X(int32_t, ExceptionOSHandlerEnter, 1, (void *, uintptr_t)) \
    X(int32_t, ExceptionOSHandlerLeave, 1, (void *, uintptr_t)) \
    X(int32_t, ExceptionUnwindFunctionEnter, 1, (void *, uintptr_t)) \
    X(int32_t, ExceptionUnwindFunctionLeave, 0, (void *)) \
    X(int32_t, ExceptionUnwindFinallyEnter, 1, (void *, uintptr_t)) \
    X(int32_t, ExceptionUnwindFinallyLeave, 0, (void *)) \
    X(int32_t, ExceptionCatcherEnter, 2, (void *, uintptr_t, uintptr_t)) \
    X(int32_t, ExceptionCatcherLeave, 0, (void *)) \
    X(int32_t, COMClassicVTableCreated, 4, (void *, uintptr_t, const nr_guid *, void *, uint32_t)) \
    X(int32_t, COMClassicVTableDestroyed, 3, (void *, uintptr_t, const nr_guid *, void *)) \
    X(int32_t, ExceptionCLRCatcherFound, 0, (void *)) \
    X(int32_t, ExceptionCLRCatcherExecute, 0, (void *))

#define NR_SLOTS_ICorProfilerCallback2(X) \
    NR_SLOTS_ICorProfilerCallback(X) \
    X(int32_t, ThreadNameChanged, 3, (void *, uintptr_t, uint32_t, uint16_t *)) \
    X(int32_t, GarbageCollectionStarted, 3, (void *, int32_t, int32_t *, uint32_t)) \
    X(int32_t, SurvivingReferences, 3, (void *, uint32_t, uintptr_t *, uint32_t *)) \
    X(int32_t, GarbageCollectionFinished, 0, (void *)) \
    X(int32_t, FinalizeableObjectQueued, 2, (void *, uint32_t, uintptr_t)) \
    X(int32_t, RootReferences2, 5, (void *, uint32_t, uintptr_t *, void *, void *, uintptr_t *)) \
    X(int32_t, HandleCreated, 2, (void *, uintptr_t, uintptr_t)) \
    X(int32_t, HandleDestroyed, 1, (void *, uintptr_t))

#define NR_SLOTS_ICorProfilerCallback3(X) \
    NR_SLOTS_ICorProfilerCallback2(X) \
    X(int32_t, InitializeForAttach, 3, (void *, void *, void *, uint32_t)) \
    X(int32_t, ProfilerAttachComplete, 0, (void *)) \
    X(int32_t, ProfilerDetachSucceeded, 0, (void *))

#define NR_SLOTS_ICorProfilerCallback4(X) \
    NR_SLOTS_ICorProfilerCallback3(X) \
    X(int32_t, ReJITCompilationStarted, 3, (void *, uintptr_t, uintptr_t, int32_t)) \
    X(int32_t, GetReJITParameters, 3, (void *, uintptr_t, uint32_t, void *)) \
    X(int32_t, ReJITCompilationFinished, 4, (void *, uintptr_t, uintptr_t, int32_t, int32_t)) \
    X(int32_t, ReJITError, 4, (void *, uintptr_t, uint32_t, uintptr_t, int32_t)) \
    X(int32_t, MovedReferences2, 4, (void *, uint32_t, uintptr_t *, uintptr_t *, uintptr_t *)) \
    X(int32_t, SurvivingReferences2, 3, (void *, uint32_t, uintptr_t *, uintptr_t *))

/* The profiler does not implement those from here on; what stands in front of another profiler does. */
#define NR_SLOTS_ICorProfilerCallback5(X) \
    NR_SLOTS_ICorProfilerCallback4(X) \
    X(int32_t, ConditionalWeakTableElementReferences, 4, (void *, uint32_t, uintptr_t *, uintptr_t *, uintptr_t *))

#define NR_SLOTS_ICorProfilerCallback6(X) \
    NR_SLOTS_ICorProfilerCallback5(X) \
    X(int32_t, GetAssemblyReferences, 2, (void *, const uint16_t *, void *))

#define NR_SLOTS_ICorProfilerCallback7(X) \
    NR_SLOTS_ICorProfilerCallback6(X) \
    X(int32_t, ModuleInMemorySymbolsUpdated, 1, (void *, uintptr_t))

#define NR_SLOTS_ICorProfilerCallback8(X) \
    NR_SLOTS_ICorProfilerCallback7(X) \
    X(int32_t, DynamicMethodJITCompilationStarted, 4, (void *, uintptr_t, int32_t, const uint8_t *, uint32_t)) \
    X(int32_t, DynamicMethodJITCompilationFinished, 3, (void *, uintptr_t, int32_t, int32_t))

#define NR_SLOTS_ICorProfilerCallback9(X) \
    NR_SLOTS_ICorProfilerCallback8(X) \
    X(int32_t, DynamicMethodUnloaded, 1, (void *, uintptr_t))

#define NR_SLOTS_ICorProfilerCallback10(X) \
    NR_SLOTS_ICorProfilerCallback9(X) \
    X(int32_t, EventPipeEventDelivered, 12, (void *, uintptr_t, uint32_t, uint32_t, uint32_t, const uint8_t *, uint32_t, \
      const uint8_t *, const nr_guid *, const nr_guid *, uintptr_t, uint32_t, uintptr_t *)) \
    X(int32_t, EventPipeProviderCreated, 1, (void *, uintptr_t))

#define NR_SLOTS_ICorProfilerCallback11(X) \
    NR_SLOTS_ICorProfilerCallback10(X) \
    X(int32_t, LoadAsNotificationOnly, 1, (void *, int32_t *))

#define NR_SLOTS_IClassFactory(X) \
    NR_SLOTS_IUnknown(X) \
    X(int32_t, CreateInstance, 3, (void *, void *, const nr_guid *, void **)) \
    X(int32_t, LockServer, 1, (void *, int32_t))

#endif
