// interfaces.h - the published interfaces as C++ compilers lay them out: names and parameters in the order of
// corprof.idl and cor.h, as far as they matter for a call on x64 (P pointer, W pointer-sized, U and I 32 bits).
//
// Written apart from src/clr/slots_*.h on purpose: the two lists check each other.
#ifndef NR_TESTS_CLR_INTERFACES_H
#define NR_TESTS_CLR_INTERFACES_H

#include <cstdint>

typedef void *P;
typedef uintptr_t W;
typedef uint32_t U;
typedef int32_t I;

#define PURE(result, name, parameters) virtual result name parameters = 0;

#define METHODS_IUnknown(X) X(I, QueryInterface, (P, P)) X(U, AddRef, ()) X(U, Release, ())
#define METHODS_IClassFactory(X) X(I, CreateInstance, (P, P, P)) X(I, LockServer, (I))

#define METHODS_ICorProfilerCallback(X) \
    X(I, Initialize, (P)) X(I, Shutdown, ()) X(I, AppDomainCreationStarted, (W)) \
    X(I, AppDomainCreationFinished, (W, I)) X(I, AppDomainShutdownStarted, (W)) \
    X(I, AppDomainShutdownFinished, (W, I)) X(I, AssemblyLoadStarted, (W)) X(I, AssemblyLoadFinished, (W, I)) \
    X(I, AssemblyUnloadStarted, (W)) X(I, AssemblyUnloadFinished, (W, I)) X(I, ModuleLoadStarted, (W)) \
    X(I, ModuleLoadFinished, (W, I)) X(I, ModuleUnloadStarted, (W)) X(I, ModuleUnloadFinished, (W, I)) \
    X(I, ModuleAttachedToAssembly, (W, W)) X(I, ClassLoadStarted, (W)) X(I, ClassLoadFinished, (W, I)) \
    X(I, ClassUnloadStarted, (W)) X(I, ClassUnloadFinished, (W, I)) X(I, FunctionUnloadStarted, (W)) \
    X(I, JITCompilationStarted, (W, I)) X(I, JITCompilationFinished, (W, I, I)) \
    X(I, JITCachedFunctionSearchStarted, (W, P)) X(I, JITCachedFunctionSearchFinished, (W, U)) \
    X(I, JITFunctionPitched, (W)) X(I, JITInlining, (W, W, P)) X(I, ThreadCreated, (W)) \
    X(I, ThreadDestroyed, (W)) X(I, ThreadAssignedToOSThread, (W, U)) X(I, RemotingClientInvocationStarted, ()) \
    X(I, RemotingClientSendingMessage, (P, I)) X(I, RemotingClientReceivingReply, (P, I)) \
    X(I, RemotingClientInvocationFinished, ()) X(I, RemotingServerReceivingMessage, (P, I)) \
    X(I, RemotingServerInvocationStarted, ()) X(I, RemotingServerInvocationReturned, ()) \
    X(I, RemotingServerSendingReply, (P, I)) X(I, UnmanagedToManagedTransition, (W, U)) \
    X(I, ManagedToUnmanagedTransition, (W, U)) X(I, RuntimeSuspendStarted, (U)) X(I, RuntimeSuspendFinished, ()) \
    X(I, RuntimeSuspendAborted, ()) X(I, RuntimeResumeStarted, ()) X(I, RuntimeResumeFinished, ()) \
    X(I, RuntimeThreadSuspended, (W)) X(I, RuntimeThreadResumed, (W)) X(I, MovedReferences, (U, P, P, P)) \
    X(I, ObjectAllocated, (W, W)) X(I, ObjectsAllocatedByClass, (U, P, P)) X(I, ObjectReferences, (W, W, U, P)) \
    X(I, RootReferences, (U, P)) X(I, ExceptionThrown, (W)) X(I, ExceptionSearchFunctionEnter, (W)) \
    X(I, ExceptionSearchFunctionLeave, ()) X(I, ExceptionSearchFilterEnter, (W)) \
    X(I, ExceptionSearchFilterLeave, ()) X(I, ExceptionSearchCatcherFound, (W)) \
    X(I, ExceptionOSHandlerEnter, (W)) X(I, ExceptionOSHandlerLeave, (W)) \
    X(I, ExceptionUnwindFunctionEnter, (W)) X(I, ExceptionUnwindFunctionLeave, ()) \
    X(I, ExceptionUnwindFinallyEnter, (W)) X(I, ExceptionUnwindFinallyLeave, ()) \
    X(I, ExceptionCatcherEnter, (W, W)) X(I, ExceptionCatcherLeave, ()) \
    X(I, COMClassicVTableCreated, (W, P, P, U)) X(I, COMClassicVTableDestroyed, (W, P, P)) \
    X(I, ExceptionCLRCatcherFound, ()) X(I, ExceptionCLRCatcherExecute, ())

#define METHODS_ICorProfilerCallback2(X) \
    X(I, ThreadNameChanged, (W, U, P)) X(I, GarbageCollectionStarted, (I, P, U)) \
    X(I, SurvivingReferences, (U, P, P)) X(I, GarbageCollectionFinished, ()) \
    X(I, FinalizeableObjectQueued, (U, W)) X(I, RootReferences2, (U, P, P, P, P)) X(I, HandleCreated, (W, W)) \
    X(I, HandleDestroyed, (W))

#define METHODS_ICorProfilerCallback3(X) \
    X(I, InitializeForAttach, (P, P, U)) X(I, ProfilerAttachComplete, ()) X(I, ProfilerDetachSucceeded, ())

#define METHODS_ICorProfilerCallback4(X) \
    X(I, ReJITCompilationStarted, (W, W, I)) X(I, GetReJITParameters, (W, U, P)) \
    X(I, ReJITCompilationFinished, (W, W, I, I)) X(I, ReJITError, (W, U, W, I)) \
    X(I, MovedReferences2, (U, P, P, P)) X(I, SurvivingReferences2, (U, P, P))

#define METHODS_ICorProfilerInfo(X) \
    X(I, GetClassFromObject, (W, P)) X(I, GetClassFromToken, (W, U, P)) X(I, GetCodeInfo, (W, P, P)) \
    X(I, GetEventMask, (P)) X(I, GetFunctionFromIP, (P, P)) X(I, GetFunctionFromToken, (W, U, P)) \
    X(I, GetHandleFromThread, (W, P)) X(I, GetObjectSize, (W, P)) X(I, IsArrayClass, (W, P, P, P)) \
    X(I, GetThreadInfo, (W, P)) X(I, GetCurrentThreadID, (P)) X(I, GetClassIDInfo, (W, P, P)) \
    X(I, GetFunctionInfo, (W, P, P, P)) X(I, SetEventMask, (U)) X(I, SetEnterLeaveFunctionHooks, (P, P, P)) \
    X(I, SetFunctionIDMapper, (P)) X(I, GetTokenAndMetaDataFromFunction, (W, P, P, P)) \
    X(I, GetModuleInfo, (W, P, U, P, P, P)) X(I, GetModuleMetaData, (W, U, P, P)) \
    X(I, GetILFunctionBody, (W, U, P, P)) X(I, GetILFunctionBodyAllocator, (W, P)) \
    X(I, SetILFunctionBody, (W, U, P)) X(I, GetAppDomainInfo, (W, U, P, P, P)) \
    X(I, GetAssemblyInfo, (W, U, P, P, P, P)) X(I, SetFunctionReJIT, (W)) X(I, ForceGC, ()) \
    X(I, SetILInstrumentedCodeMap, (W, I, U, P)) X(I, GetInprocInspectionInterface, (P)) \
    X(I, GetInprocInspectionIThisThread, (P)) X(I, GetThreadContext, (W, P)) X(I, BeginInprocDebugging, (I, P)) \
    X(I, EndInprocDebugging, (U)) X(I, GetILToNativeMapping, (W, U, P, P))

#define METHODS_ICorProfilerInfo2(X) \
    X(I, DoStackSnapshot, (W, P, U, P, P, U)) X(I, SetEnterLeaveFunctionHooks2, (P, P, P)) \
    X(I, GetFunctionInfo2, (W, P, P, P, P, U, P, P)) X(I, GetStringLayout, (P, P, P)) \
    X(I, GetClassLayout, (W, P, U, P, P)) X(I, GetClassIDInfo2, (W, P, P, P, U, P, P)) \
    X(I, GetCodeInfo2, (W, U, P, P)) X(I, GetClassFromTokenAndTypeArgs, (W, U, U, P, P)) \
    X(I, GetFunctionFromTokenAndTypeArgs, (W, U, W, U, P, P)) X(I, EnumModuleFrozenObjects, (W, P)) \
    X(I, GetArrayObjectInfo, (W, U, P, P, P)) X(I, GetBoxClassLayout, (W, P)) X(I, GetThreadAppDomain, (W, P)) \
    X(I, GetRVAStaticAddress, (W, U, P)) X(I, GetAppDomainStaticAddress, (W, U, W, P)) \
    X(I, GetThreadStaticAddress, (W, U, W, P)) X(I, GetContextStaticAddress, (W, U, W, P)) \
    X(I, GetStaticFieldInfo, (W, U, P)) X(I, GetGenerationBounds, (U, P, P)) X(I, GetObjectGeneration, (W, P)) \
    X(I, GetNotifiedExceptionClauseInfo, (P))

#define METHODS_ICorProfilerInfo3(X) \
    X(I, EnumJITedFunctions, (P)) X(I, RequestProfilerDetach, (U)) X(I, SetFunctionIDMapper2, (P, P)) \
    X(I, GetStringLayout2, (P, P)) X(I, SetEnterLeaveFunctionHooks3, (P, P, P)) \
    X(I, SetEnterLeaveFunctionHooks3WithInfo, (P, P, P)) X(I, GetFunctionEnter3Info, (W, W, P, P, P)) \
    X(I, GetFunctionLeave3Info, (W, W, P, P)) X(I, GetFunctionTailcall3Info, (W, W, P)) X(I, EnumModules, (P)) \
    X(I, GetRuntimeInformation, (P, P, P, P, P, P, U, P, P)) X(I, GetThreadStaticAddress2, (W, U, W, W, P)) \
    X(I, GetAppDomainsContainingModule, (W, U, P, P)) X(I, GetModuleInfo2, (W, P, U, P, P, P, P))

#define METHODS_ICorProfilerInfo4(X) \
    X(I, EnumThreads, (P)) X(I, InitializeCurrentThread, ()) X(I, RequestReJIT, (U, P, P)) \
    X(I, RequestRevert, (U, P, P, P)) X(I, GetCodeInfo3, (W, W, U, P, P)) X(I, GetFunctionFromIP2, (P, P, P)) \
    X(I, GetReJITIDs, (W, U, P, P)) X(I, GetILToNativeMapping2, (W, W, U, P, P)) X(I, EnumJITedFunctions2, (P)) \
    X(I, GetObjectSize2, (W, P))

#define METHODS_ICorProfilerInfo5(X) \
    X(I, GetEventMask2, (P, P)) X(I, SetEventMask2, (U, U))

#define METHODS_ICorProfilerInfo6(X) \
    X(I, EnumNgenModuleMethodsInliningThisMethod, (W, W, U, P, P))

#define METHODS_ICorProfilerInfo7(X) \
    X(I, ApplyMetaData, (W)) X(I, GetInMemorySymbolsLength, (W, P)) X(I, ReadInMemorySymbols, (W, U, P, U, P))

#define METHODS_ICorProfilerInfo8(X) \
    X(I, IsFunctionDynamic, (W, P)) X(I, GetFunctionFromIP3, (P, P, P)) \
    X(I, GetDynamicFunctionInfo, (W, P, P, P, U, P, P))

#define METHODS_ICorProfilerInfo9(X) \
    X(I, GetNativeCodeStartAddresses, (W, W, U, P, P)) X(I, GetILToNativeMapping3, (W, U, P, P)) \
    X(I, GetCodeInfo4, (W, U, P, P))

#define METHODS_ICorProfilerInfo10(X) \
    X(I, EnumerateObjectReferences, (W, P, P)) X(I, IsFrozenObject, (W, P)) X(I, GetLOHObjectSizeThreshold, (P)) \
    X(I, RequestReJITWithInliners, (U, U, P, P)) X(I, SuspendRuntime, ()) X(I, ResumeRuntime, ())

#define METHODS_ICorProfilerInfo11(X) \
    X(I, GetEnvironmentVariable, (P, U, P, P)) X(I, SetEnvironmentVariable, (P, P))

#define METHODS_ICorProfilerFunctionControl(X) \
    X(I, SetCodegenFlags, (U)) X(I, SetILFunctionBody, (U, P)) X(I, SetILInstrumentedCodeMap, (U, P))

#define METHODS_IMethodMalloc(X) \
    X(P, Alloc, (U))

#define METHODS_ICorProfilerModuleEnum(X) \
    X(I, Skip, (U)) X(I, Reset, ()) X(I, Clone, (P)) X(I, GetCount, (P)) X(I, Next, (U, P, P))

#define METHODS_ICorProfilerThreadEnum(X) \
    X(I, Skip, (U)) X(I, Reset, ()) X(I, Clone, (P)) X(I, GetCount, (P)) X(I, Next, (U, P, P))

#define METHODS_IMetaDataImport(X) \
    X(void, CloseEnum, (P)) X(I, CountEnum, (P, P)) X(I, ResetEnum, (P, U)) X(I, EnumTypeDefs, (P, P, U, P)) \
    X(I, EnumInterfaceImpls, (P, U, P, U, P)) X(I, EnumTypeRefs, (P, P, U, P)) \
    X(I, FindTypeDefByName, (P, U, P)) X(I, GetScopeProps, (P, U, P, P)) X(I, GetModuleFromScope, (P)) \
    X(I, GetTypeDefProps, (U, P, U, P, P, P)) X(I, GetInterfaceImplProps, (U, P, P)) \
    X(I, GetTypeRefProps, (U, P, P, U, P)) X(I, ResolveTypeRef, (U, P, P, P)) X(I, EnumMembers, (P, U, P, U, P)) \
    X(I, EnumMembersWithName, (P, U, P, P, U, P)) X(I, EnumMethods, (P, U, P, U, P)) \
    X(I, EnumMethodsWithName, (P, U, P, P, U, P)) X(I, EnumFields, (P, U, P, U, P)) \
    X(I, EnumFieldsWithName, (P, U, P, P, U, P)) X(I, EnumParams, (P, U, P, U, P)) \
    X(I, EnumMemberRefs, (P, U, P, U, P)) X(I, EnumMethodImpls, (P, U, P, P, U, P)) \
    X(I, EnumPermissionSets, (P, U, U, P, U, P)) X(I, FindMember, (U, P, P, U, P)) \
    X(I, FindMethod, (U, P, P, U, P)) X(I, FindField, (U, P, P, U, P)) X(I, FindMemberRef, (U, P, P, U, P)) \
    X(I, GetMethodProps, (U, P, P, U, P, P, P, P, P, P)) \
    X(I, GetMemberRefProps, (U, P, P, U, P, P, P)) X(I, EnumProperties, (P, U, P, U, P)) \
    X(I, EnumEvents, (P, U, P, U, P)) X(I, GetEventProps, (U, P, P, U, P, P, P, P, P, P, P, U, P)) \
    X(I, EnumMethodSemantics, (P, U, P, U, P)) X(I, GetMethodSemantics, (U, U, P)) \
    X(I, GetClassLayout, (U, P, P, U, P, P)) X(I, GetFieldMarshal, (U, P, P)) X(I, GetRVA, (U, P, P)) \
    X(I, GetPermissionSetProps, (U, P, P, P)) X(I, GetSigFromToken, (U, P, P)) \
    X(I, GetModuleRefProps, (U, P, U, P)) X(I, EnumModuleRefs, (P, P, U, P)) \
    X(I, GetTypeSpecFromToken, (U, P, P)) X(I, GetNameFromToken, (U, P)) \
    X(I, EnumUnresolvedMethods, (P, P, U, P)) X(I, GetUserString, (U, P, U, P)) \
    X(I, GetPinvokeMap, (U, P, P, U, P, P)) X(I, EnumSignatures, (P, P, U, P)) X(I, EnumTypeSpecs, (P, P, U, P)) \
    X(I, EnumUserStrings, (P, P, U, P)) X(I, GetParamForMethodIndex, (U, U, P)) \
    X(I, EnumCustomAttributes, (P, U, U, P, U, P)) X(I, GetCustomAttributeProps, (U, P, P, P, P)) \
    X(I, FindTypeRef, (U, P, P)) X(I, GetMemberProps, (U, P, P, U, P, P, P, P, P, P, P, P, P)) \
    X(I, GetFieldProps, (U, P, P, U, P, P, P, P, P, P, P)) \
    X(I, GetPropertyProps, (U, P, P, U, P, P, P, P, P, P, P, P, P, P, U, P)) \
    X(I, GetParamProps, (U, P, P, P, U, P, P, P, P, P)) X(I, GetCustomAttributeByName, (U, P, P, P)) \
    X(I, IsValidToken, (U)) X(I, GetNestedClassProps, (U, P)) X(I, GetNativeCallConvFromSig, (P, U, P)) \
    X(I, IsGlobal, (U, P))

#define METHODS_IMetaDataImport2(X) \
    X(I, EnumGenericParams, (P, U, P, U, P)) X(I, GetGenericParamProps, (U, P, P, P, P, P, U, P)) \
    X(I, GetMethodSpecProps, (U, P, P, P)) X(I, EnumGenericParamConstraints, (P, U, P, U, P)) \
    X(I, GetGenericParamConstraintProps, (U, P, P)) X(I, GetPEKind, (P, P)) X(I, GetVersionString, (P, U, P)) \
    X(I, EnumMethodSpecs, (P, U, P, U, P))

#define METHODS_IMetaDataEmit(X) \
    X(I, SetModuleProps, (P)) X(I, Save, (P, U)) X(I, SaveToStream, (P, U)) X(I, GetSaveSize, (U, P)) \
    X(I, DefineTypeDef, (P, U, U, P, P)) X(I, DefineNestedType, (P, U, U, P, U, P)) X(I, SetHandler, (P)) \
    X(I, DefineMethod, (U, P, U, P, U, U, U, P)) X(I, DefineMethodImpl, (U, U, U)) \
    X(I, DefineTypeRefByName, (U, P, P)) X(I, DefineImportType, (P, P, U, P, U, P, P)) \
    X(I, DefineMemberRef, (U, P, P, U, P)) X(I, DefineImportMember, (P, P, U, P, U, P, U, P)) \
    X(I, DefineEvent, (U, P, U, U, U, U, U, P, P)) X(I, SetClassLayout, (U, U, P, U)) \
    X(I, DeleteClassLayout, (U)) X(I, SetFieldMarshal, (U, P, U)) X(I, DeleteFieldMarshal, (U)) \
    X(I, DefinePermissionSet, (U, U, P, U, P)) X(I, SetRVA, (U, U)) X(I, GetTokenFromSig, (P, U, P)) \
    X(I, DefineModuleRef, (P, P)) X(I, SetParent, (U, U)) X(I, GetTokenFromTypeSpec, (P, U, P)) \
    X(I, SaveToMemory, (P, U)) X(I, DefineUserString, (P, U, P)) X(I, DeleteToken, (U)) \
    X(I, SetMethodProps, (U, U, U, U)) X(I, SetTypeDefProps, (U, U, U, P)) \
    X(I, SetEventProps, (U, U, U, U, U, U, P)) X(I, SetPermissionSetProps, (U, U, P, U, P)) \
    X(I, DefinePinvokeMap, (U, U, P, U)) X(I, SetPinvokeMap, (U, U, P, U)) X(I, DeletePinvokeMap, (U)) \
    X(I, DefineCustomAttribute, (U, U, P, U, P)) X(I, SetCustomAttributeValue, (U, P, U)) \
    X(I, DefineField, (U, P, U, P, U, U, P, U, P)) X(I, DefineProperty, (U, P, U, P, U, U, P, U, U, U, P, P)) \
    X(I, DefineParam, (U, U, P, U, U, P, U, P)) X(I, SetFieldProps, (U, U, U, P, U)) \
    X(I, SetPropertyProps, (U, U, U, P, U, U, U, P)) X(I, SetParamProps, (U, P, U, U, P, U)) \
    X(I, DefineSecurityAttributeSet, (U, P, U, P)) X(I, ApplyEditAndContinue, (P)) \
    X(I, TranslateSigWithScope, (P, P, U, P, P, U, P, P, P, U, P)) X(I, SetMethodImplFlags, (U, U)) \
    X(I, SetFieldRVA, (U, U)) X(I, Merge, (P, P, P)) X(I, MergeEnd, ())

#define METHODS_IMetaDataEmit2(X) \
    X(I, DefineMethodSpec, (U, P, U, P)) X(I, GetDeltaSaveSize, (U, P)) X(I, SaveDelta, (P, U)) \
    X(I, SaveDeltaToStream, (P, U)) X(I, SaveDeltaToMemory, (P, U)) \
    X(I, DefineGenericParam, (U, U, U, P, U, P, P)) X(I, SetGenericParamProps, (U, U, P, U, P)) \
    X(I, ResetENCLog, ())

#define METHODS_IMetaDataAssemblyEmit(X) \
    X(I, DefineAssembly, (P, U, U, P, P, U, P)) X(I, DefineAssemblyRef, (P, U, P, P, P, U, U, P)) \
    X(I, DefineFile, (P, P, U, U, P)) X(I, DefineExportedType, (P, U, U, U, P)) \
    X(I, DefineManifestResource, (P, U, U, U, P)) X(I, SetAssemblyProps, (U, P, U, U, P, P, U)) \
    X(I, SetAssemblyRefProps, (U, P, U, P, P, P, U, U)) X(I, SetFileProps, (U, P, U, U)) \
    X(I, SetExportedTypeProps, (U, U, U, U)) X(I, SetManifestResourceProps, (U, U, U, U))

#define METHODS_IMetaDataAssemblyImport(X) \
    X(I, GetAssemblyProps, (U, P, P, P, P, U, P, P, P)) \
    X(I, GetAssemblyRefProps, (U, P, P, P, U, P, P, P, P, P)) X(I, GetFileProps, (U, P, U, P, P, P, P)) \
    X(I, GetExportedTypeProps, (U, P, U, P, P, P, P)) X(I, GetManifestResourceProps, (U, P, U, P, P, P, P)) \
    X(I, EnumAssemblyRefs, (P, P, U, P)) X(I, EnumFiles, (P, P, U, P)) X(I, EnumExportedTypes, (P, P, U, P)) \
    X(I, EnumManifestResources, (P, P, U, P)) X(I, GetAssemblyFromScope, (P)) \
    X(I, FindExportedTypeByName, (P, U, P)) X(I, FindManifestResourceByName, (P, P)) X(void, CloseEnum, (P)) \
    X(I, FindAssembliesByName, (P, P, P, P, U, P))

struct IUnknown {
    METHODS_IUnknown(PURE)
};
#define DERIVED(name, base) \
    struct name : base { \
        METHODS_##name(PURE) \
    };
#define INTERFACES(X) \
    X(IClassFactory, IUnknown) \
    X(ICorProfilerCallback, IUnknown) \
    X(ICorProfilerCallback2, ICorProfilerCallback) \
    X(ICorProfilerCallback3, ICorProfilerCallback2) \
    X(ICorProfilerCallback4, ICorProfilerCallback3) \
    X(ICorProfilerInfo, IUnknown) \
    X(ICorProfilerInfo2, ICorProfilerInfo) \
    X(ICorProfilerInfo3, ICorProfilerInfo2) \
    X(ICorProfilerInfo4, ICorProfilerInfo3) \
    X(ICorProfilerInfo5, ICorProfilerInfo4) \
    X(ICorProfilerInfo6, ICorProfilerInfo5) \
    X(ICorProfilerInfo7, ICorProfilerInfo6) \
    X(ICorProfilerInfo8, ICorProfilerInfo7) \
    X(ICorProfilerInfo9, ICorProfilerInfo8) \
    X(ICorProfilerInfo10, ICorProfilerInfo9) \
    X(ICorProfilerInfo11, ICorProfilerInfo10) \
    X(ICorProfilerFunctionControl, IUnknown) \
    X(IMethodMalloc, IUnknown) \
    X(ICorProfilerModuleEnum, IUnknown) \
    X(ICorProfilerThreadEnum, IUnknown) \
    X(IMetaDataImport, IUnknown) \
    X(IMetaDataImport2, IMetaDataImport) \
    X(IMetaDataEmit, IUnknown) \
    X(IMetaDataEmit2, IMetaDataEmit) \
    X(IMetaDataAssemblyEmit, IUnknown) \
    X(IMetaDataAssemblyImport, IUnknown)
INTERFACES(DERIVED)

#endif
