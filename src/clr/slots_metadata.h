/* slots_metadata.h - the metadata interfaces.
 *
 * X(result, name, argument words on 32-bit, (argument types, the object first)), in slot order,
 * taken from the published interface definitions (corprof.idl, cor.h). Tokens, ULONG and DWORD are
 * uint32_t, BOOL and HRESULT int32_t, ids and SIZE_T uintptr_t, WCHAR uint16_t. */
#ifndef NR_CLR_SLOTS_METADATA_H
#define NR_CLR_SLOTS_METADATA_H

#include "clr/com.h"

#define NR_SLOTS_IMetaDataImport(X) \
    NR_SLOTS_IUnknown(X) \
    X(void, CloseEnum, 1, (void *, void *)) \
    X(int32_t, CountEnum, 2, (void *, void *, uint32_t *)) \
    X(int32_t, ResetEnum, 2, (void *, void *, uint32_t)) \
    X(int32_t, EnumTypeDefs, 4, (void *, void **, uint32_t *, uint32_t, uint32_t *)) \
    X(int32_t, EnumInterfaceImpls, 5, (void *, void **, uint32_t, uint32_t *, uint32_t, uint32_t *)) \
    X(int32_t, EnumTypeRefs, 4, (void *, void **, uint32_t *, uint32_t, uint32_t *)) \
    X(int32_t, FindTypeDefByName, 3, (void *, const uint16_t *, uint32_t, uint32_t *)) \
    X(int32_t, GetScopeProps, 4, (void *, uint16_t *, uint32_t, uint32_t *, nr_guid *)) \
    X(int32_t, GetModuleFromScope, 1, (void *, uint32_t *)) \
    X(int32_t, GetTypeDefProps, 6, (void *, uint32_t, uint16_t *, uint32_t, uint32_t *, uint32_t *, uint32_t *)) \
    X(int32_t, GetInterfaceImplProps, 3, (void *, uint32_t, uint32_t *, uint32_t *)) \
    X(int32_t, GetTypeRefProps, 5, (void *, uint32_t, uint32_t *, uint16_t *, uint32_t, uint32_t *)) \
    X(int32_t, ResolveTypeRef, 4, (void *, uint32_t, const nr_guid *, void **, uint32_t *)) \
    X(int32_t, EnumMembers, 5, (void *, void **, uint32_t, uint32_t *, uint32_t, uint32_t *)) \
    X(int32_t, EnumMembersWithName, 6, (void *, void **, uint32_t, const uint16_t *, uint32_t *, uint32_t, \
      uint32_t *)) \
    X(int32_t, EnumMethods, 5, (void *, void **, uint32_t, uint32_t *, uint32_t, uint32_t *)) \
    X(int32_t, EnumMethodsWithName, 6, (void *, void **, uint32_t, const uint16_t *, uint32_t *, uint32_t, \
      uint32_t *)) \
    X(int32_t, EnumFields, 5, (void *, void **, uint32_t, uint32_t *, uint32_t, uint32_t *)) \
    X(int32_t, EnumFieldsWithName, 6, (void *, void **, uint32_t, const uint16_t *, uint32_t *, uint32_t, \
      uint32_t *)) \
    X(int32_t, EnumParams, 5, (void *, void **, uint32_t, uint32_t *, uint32_t, uint32_t *)) \
    X(int32_t, EnumMemberRefs, 5, (void *, void **, uint32_t, uint32_t *, uint32_t, uint32_t *)) \
    X(int32_t, EnumMethodImpls, 6, (void *, void **, uint32_t, uint32_t *, uint32_t *, uint32_t, uint32_t *)) \
    X(int32_t, EnumPermissionSets, 6, (void *, void **, uint32_t, uint32_t, uint32_t *, uint32_t, uint32_t *)) \
    X(int32_t, FindMember, 5, (void *, uint32_t, const uint16_t *, const uint8_t *, uint32_t, uint32_t *)) \
    X(int32_t, FindMethod, 5, (void *, uint32_t, const uint16_t *, const uint8_t *, uint32_t, uint32_t *)) \
    X(int32_t, FindField, 5, (void *, uint32_t, const uint16_t *, const uint8_t *, uint32_t, uint32_t *)) \
    X(int32_t, FindMemberRef, 5, (void *, uint32_t, const uint16_t *, const uint8_t *, uint32_t, uint32_t *)) \
    X(int32_t, GetMethodProps, 10, (void *, uint32_t, uint32_t *, uint16_t *, uint32_t, uint32_t *, uint32_t *, \
      const uint8_t **, uint32_t *, uint32_t *, uint32_t *)) \
    X(int32_t, GetMemberRefProps, 7, (void *, uint32_t, uint32_t *, uint16_t *, uint32_t, uint32_t *, \
      const uint8_t **, uint32_t *)) \
    X(int32_t, EnumProperties, 5, (void *, void **, uint32_t, uint32_t *, uint32_t, uint32_t *)) \
    X(int32_t, EnumEvents, 5, (void *, void **, uint32_t, uint32_t *, uint32_t, uint32_t *)) \
    X(int32_t, GetEventProps, 13, (void *, uint32_t, uint32_t *, const uint16_t *, uint32_t, uint32_t *, \
      uint32_t *, uint32_t *, uint32_t *, uint32_t *, uint32_t *, uint32_t *, uint32_t, uint32_t *)) \
    X(int32_t, EnumMethodSemantics, 5, (void *, void **, uint32_t, uint32_t *, uint32_t, uint32_t *)) \
    X(int32_t, GetMethodSemantics, 3, (void *, uint32_t, uint32_t, uint32_t *)) \
    X(int32_t, GetClassLayout, 6, (void *, uint32_t, uint32_t *, void *, uint32_t, uint32_t *, uint32_t *)) \
    X(int32_t, GetFieldMarshal, 3, (void *, uint32_t, const uint8_t **, uint32_t *)) \
    X(int32_t, GetRVA, 3, (void *, uint32_t, uint32_t *, uint32_t *)) \
    X(int32_t, GetPermissionSetProps, 4, (void *, uint32_t, uint32_t *, const void **, uint32_t *)) \
    X(int32_t, GetSigFromToken, 3, (void *, uint32_t, const uint8_t **, uint32_t *)) \
    X(int32_t, GetModuleRefProps, 4, (void *, uint32_t, uint16_t *, uint32_t, uint32_t *)) \
    X(int32_t, EnumModuleRefs, 4, (void *, void **, uint32_t *, uint32_t, uint32_t *)) \
    X(int32_t, GetTypeSpecFromToken, 3, (void *, uint32_t, const uint8_t **, uint32_t *)) \
    X(int32_t, GetNameFromToken, 2, (void *, uint32_t, const char **)) \
    X(int32_t, EnumUnresolvedMethods, 4, (void *, void **, uint32_t *, uint32_t, uint32_t *)) \
    X(int32_t, GetUserString, 4, (void *, uint32_t, uint16_t *, uint32_t, uint32_t *)) \
    X(int32_t, GetPinvokeMap, 6, (void *, uint32_t, uint32_t *, uint16_t *, uint32_t, uint32_t *, uint32_t *)) \
    X(int32_t, EnumSignatures, 4, (void *, void **, uint32_t *, uint32_t, uint32_t *)) \
    X(int32_t, EnumTypeSpecs, 4, (void *, void **, uint32_t *, uint32_t, uint32_t *)) \
    X(int32_t, EnumUserStrings, 4, (void *, void **, uint32_t *, uint32_t, uint32_t *)) \
    X(int32_t, GetParamForMethodIndex, 3, (void *, uint32_t, uint32_t, uint32_t *)) \
    X(int32_t, EnumCustomAttributes, 6, (void *, void **, uint32_t, uint32_t, uint32_t *, uint32_t, uint32_t *)) \
    X(int32_t, GetCustomAttributeProps, 5, (void *, uint32_t, uint32_t *, uint32_t *, const void **, \
      uint32_t *)) \
    X(int32_t, FindTypeRef, 3, (void *, uint32_t, const uint16_t *, uint32_t *)) \
    X(int32_t, GetMemberProps, 13, (void *, uint32_t, uint32_t *, uint16_t *, uint32_t, uint32_t *, \
      uint32_t *, const uint8_t **, uint32_t *, uint32_t *, uint32_t *, uint32_t *, const void **, uint32_t *)) \
    X(int32_t, GetFieldProps, 11, (void *, uint32_t, uint32_t *, uint16_t *, uint32_t, uint32_t *, \
      uint32_t *, const uint8_t **, uint32_t *, uint32_t *, const void **, uint32_t *)) \
    X(int32_t, GetPropertyProps, 16, (void *, uint32_t, uint32_t *, const uint16_t *, uint32_t, uint32_t *, \
      uint32_t *, const uint8_t **, uint32_t *, uint32_t *, const void **, uint32_t *, uint32_t *, uint32_t *, uint32_t *, uint32_t, uint32_t *)) \
    X(int32_t, GetParamProps, 10, (void *, uint32_t, uint32_t *, uint32_t *, uint16_t *, uint32_t, \
      uint32_t *, uint32_t *, uint32_t *, const void **, uint32_t *)) \
    X(int32_t, GetCustomAttributeByName, 4, (void *, uint32_t, const uint16_t *, const void **, uint32_t *)) \
    X(uint32_t, IsValidToken, 1, (void *, uint32_t)) \
    X(int32_t, GetNestedClassProps, 2, (void *, uint32_t, uint32_t *)) \
    X(int32_t, GetNativeCallConvFromSig, 3, (void *, const void *, uint32_t, uint32_t *)) \
    X(int32_t, IsGlobal, 2, (void *, uint32_t, int32_t *))

#define NR_SLOTS_IMetaDataImport2(X) \
    NR_SLOTS_IMetaDataImport(X) \
    X(int32_t, EnumGenericParams, 5, (void *, void **, uint32_t, uint32_t *, uint32_t, uint32_t *)) \
    X(int32_t, GetGenericParamProps, 8, (void *, uint32_t, uint32_t *, uint32_t *, uint32_t *, uint32_t *, \
      uint16_t *, uint32_t, uint32_t *)) \
    X(int32_t, GetMethodSpecProps, 4, (void *, uint32_t, uint32_t *, const uint8_t **, uint32_t *)) \
    X(int32_t, EnumGenericParamConstraints, 5, (void *, void **, uint32_t, uint32_t *, uint32_t, uint32_t *)) \
    X(int32_t, GetGenericParamConstraintProps, 3, (void *, uint32_t, uint32_t *, uint32_t *)) \
    X(int32_t, GetPEKind, 2, (void *, uint32_t *, uint32_t *)) \
    X(int32_t, GetVersionString, 3, (void *, uint16_t *, uint32_t, uint32_t *)) \
    X(int32_t, EnumMethodSpecs, 5, (void *, void **, uint32_t, uint32_t *, uint32_t, uint32_t *))

#define NR_SLOTS_IMetaDataEmit(X) \
    NR_SLOTS_IUnknown(X) \
    X(int32_t, SetModuleProps, 1, (void *, const uint16_t *)) \
    X(int32_t, Save, 2, (void *, const uint16_t *, uint32_t)) \
    X(int32_t, SaveToStream, 2, (void *, void *, uint32_t)) \
    X(int32_t, GetSaveSize, 2, (void *, uint32_t, uint32_t *)) \
    X(int32_t, DefineTypeDef, 5, (void *, const uint16_t *, uint32_t, uint32_t, uint32_t *, uint32_t *)) \
    X(int32_t, DefineNestedType, 6, (void *, const uint16_t *, uint32_t, uint32_t, uint32_t *, uint32_t, \
      uint32_t *)) \
    X(int32_t, SetHandler, 1, (void *, void *)) \
    X(int32_t, DefineMethod, 8, (void *, uint32_t, const uint16_t *, uint32_t, const uint8_t *, uint32_t, \
      uint32_t, uint32_t, uint32_t *)) \
    X(int32_t, DefineMethodImpl, 3, (void *, uint32_t, uint32_t, uint32_t)) \
    X(int32_t, DefineTypeRefByName, 3, (void *, uint32_t, const uint16_t *, uint32_t *)) \
    X(int32_t, DefineImportType, 7, (void *, void *, const void *, uint32_t, void *, uint32_t, void *, \
      uint32_t *)) \
    X(int32_t, DefineMemberRef, 5, (void *, uint32_t, const uint16_t *, const uint8_t *, uint32_t, uint32_t *)) \
    X(int32_t, DefineImportMember, 8, (void *, void *, const void *, uint32_t, void *, uint32_t, void *, \
      uint32_t, uint32_t *)) \
    X(int32_t, DefineEvent, 9, (void *, uint32_t, const uint16_t *, uint32_t, uint32_t, uint32_t, uint32_t, \
      uint32_t, uint32_t *, uint32_t *)) \
    X(int32_t, SetClassLayout, 4, (void *, uint32_t, uint32_t, void *, uint32_t)) \
    X(int32_t, DeleteClassLayout, 1, (void *, uint32_t)) \
    X(int32_t, SetFieldMarshal, 3, (void *, uint32_t, const uint8_t *, uint32_t)) \
    X(int32_t, DeleteFieldMarshal, 1, (void *, uint32_t)) \
    X(int32_t, DefinePermissionSet, 5, (void *, uint32_t, uint32_t, const void *, uint32_t, uint32_t *)) \
    X(int32_t, SetRVA, 2, (void *, uint32_t, uint32_t)) \
    X(int32_t, GetTokenFromSig, 3, (void *, const uint8_t *, uint32_t, uint32_t *)) \
    X(int32_t, DefineModuleRef, 2, (void *, const uint16_t *, uint32_t *)) \
    X(int32_t, SetParent, 2, (void *, uint32_t, uint32_t)) \
    X(int32_t, GetTokenFromTypeSpec, 3, (void *, const uint8_t *, uint32_t, uint32_t *)) \
    X(int32_t, SaveToMemory, 2, (void *, void *, uint32_t)) \
    X(int32_t, DefineUserString, 3, (void *, const uint16_t *, uint32_t, uint32_t *)) \
    X(int32_t, DeleteToken, 1, (void *, uint32_t)) \
    X(int32_t, SetMethodProps, 4, (void *, uint32_t, uint32_t, uint32_t, uint32_t)) \
    X(int32_t, SetTypeDefProps, 4, (void *, uint32_t, uint32_t, uint32_t, uint32_t *)) \
    X(int32_t, SetEventProps, 7, (void *, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, \
      uint32_t *)) \
    X(int32_t, SetPermissionSetProps, 5, (void *, uint32_t, uint32_t, const void *, uint32_t, uint32_t *)) \
    X(int32_t, DefinePinvokeMap, 4, (void *, uint32_t, uint32_t, const uint16_t *, uint32_t)) \
    X(int32_t, SetPinvokeMap, 4, (void *, uint32_t, uint32_t, const uint16_t *, uint32_t)) \
    X(int32_t, DeletePinvokeMap, 1, (void *, uint32_t)) \
    X(int32_t, DefineCustomAttribute, 5, (void *, uint32_t, uint32_t, const void *, uint32_t, uint32_t *)) \
    X(int32_t, SetCustomAttributeValue, 3, (void *, uint32_t, const void *, uint32_t)) \
    X(int32_t, DefineField, 9, (void *, uint32_t, const uint16_t *, uint32_t, const uint8_t *, uint32_t, \
      uint32_t, const void *, uint32_t, uint32_t *)) \
    X(int32_t, DefineProperty, 12, (void *, uint32_t, const uint16_t *, uint32_t, const uint8_t *, \
      uint32_t, uint32_t, const void *, uint32_t, uint32_t, uint32_t, uint32_t *, uint32_t *)) \
    X(int32_t, DefineParam, 8, (void *, uint32_t, uint32_t, const uint16_t *, uint32_t, uint32_t, \
      const void *, uint32_t, uint32_t *)) \
    X(int32_t, SetFieldProps, 5, (void *, uint32_t, uint32_t, uint32_t, const void *, uint32_t)) \
    X(int32_t, SetPropertyProps, 8, (void *, uint32_t, uint32_t, uint32_t, const void *, uint32_t, \
      uint32_t, uint32_t, uint32_t *)) \
    X(int32_t, SetParamProps, 6, (void *, uint32_t, const uint16_t *, uint32_t, uint32_t, const void *, \
      uint32_t)) \
    X(int32_t, DefineSecurityAttributeSet, 4, (void *, uint32_t, void *, uint32_t, uint32_t *)) \
    X(int32_t, ApplyEditAndContinue, 1, (void *, void *)) \
    X(int32_t, TranslateSigWithScope, 11, (void *, void *, const void *, uint32_t, void *, const uint8_t *, \
      uint32_t, void *, void *, const void *, uint32_t, uint32_t *)) \
    X(int32_t, SetMethodImplFlags, 2, (void *, uint32_t, uint32_t)) \
    X(int32_t, SetFieldRVA, 2, (void *, uint32_t, uint32_t)) \
    X(int32_t, Merge, 3, (void *, void *, void *, void *)) \
    X(int32_t, MergeEnd, 0, (void *))

#define NR_SLOTS_IMetaDataEmit2(X) \
    NR_SLOTS_IMetaDataEmit(X) \
    X(int32_t, DefineMethodSpec, 4, (void *, uint32_t, const uint8_t *, uint32_t, uint32_t *)) \
    X(int32_t, GetDeltaSaveSize, 2, (void *, uint32_t, uint32_t *)) \
    X(int32_t, SaveDelta, 2, (void *, const uint16_t *, uint32_t)) \
    X(int32_t, SaveDeltaToStream, 2, (void *, void *, uint32_t)) \
    X(int32_t, SaveDeltaToMemory, 2, (void *, void *, uint32_t)) \
    X(int32_t, DefineGenericParam, 7, (void *, uint32_t, uint32_t, uint32_t, const uint16_t *, uint32_t, \
      uint32_t *, uint32_t *)) \
    X(int32_t, SetGenericParamProps, 5, (void *, uint32_t, uint32_t, const uint16_t *, uint32_t, uint32_t *)) \
    X(int32_t, ResetENCLog, 0, (void *))

#define NR_SLOTS_IMetaDataAssemblyEmit(X) \
    NR_SLOTS_IUnknown(X) \
    X(int32_t, DefineAssembly, 7, (void *, const void *, uint32_t, uint32_t, const uint16_t *, \
      const void *, uint32_t, uint32_t *)) \
    X(int32_t, DefineAssemblyRef, 8, (void *, const void *, uint32_t, const uint16_t *, const void *, \
      const void *, uint32_t, uint32_t, uint32_t *)) \
    X(int32_t, DefineFile, 5, (void *, const uint16_t *, const void *, uint32_t, uint32_t, uint32_t *)) \
    X(int32_t, DefineExportedType, 5, (void *, const uint16_t *, uint32_t, uint32_t, uint32_t, uint32_t *)) \
    X(int32_t, DefineManifestResource, 5, (void *, const uint16_t *, uint32_t, uint32_t, uint32_t, uint32_t *)) \
    X(int32_t, SetAssemblyProps, 7, (void *, uint32_t, const void *, uint32_t, uint32_t, const uint16_t *, \
      const void *, uint32_t)) \
    X(int32_t, SetAssemblyRefProps, 8, (void *, uint32_t, const void *, uint32_t, const uint16_t *, \
      const void *, const void *, uint32_t, uint32_t)) \
    X(int32_t, SetFileProps, 4, (void *, uint32_t, const void *, uint32_t, uint32_t)) \
    X(int32_t, SetExportedTypeProps, 4, (void *, uint32_t, uint32_t, uint32_t, uint32_t)) \
    X(int32_t, SetManifestResourceProps, 4, (void *, uint32_t, uint32_t, uint32_t, uint32_t))

#define NR_SLOTS_IMetaDataAssemblyImport(X) \
    NR_SLOTS_IUnknown(X) \
    X(int32_t, GetAssemblyProps, 9, (void *, uint32_t, const void **, uint32_t *, uint32_t *, uint16_t *, \
      uint32_t, uint32_t *, void *, uint32_t *)) \
    X(int32_t, GetAssemblyRefProps, 10, (void *, uint32_t, const void **, uint32_t *, uint16_t *, uint32_t, \
      uint32_t *, void *, const void **, uint32_t *, uint32_t *)) \
    X(int32_t, GetFileProps, 7, (void *, uint32_t, uint16_t *, uint32_t, uint32_t *, const void **, \
      uint32_t *, uint32_t *)) \
    X(int32_t, GetExportedTypeProps, 7, (void *, uint32_t, uint16_t *, uint32_t, uint32_t *, uint32_t *, \
      uint32_t *, uint32_t *)) \
    X(int32_t, GetManifestResourceProps, 7, (void *, uint32_t, uint16_t *, uint32_t, uint32_t *, \
      uint32_t *, uint32_t *, uint32_t *)) \
    X(int32_t, EnumAssemblyRefs, 4, (void *, void **, uint32_t *, uint32_t, uint32_t *)) \
    X(int32_t, EnumFiles, 4, (void *, void **, uint32_t *, uint32_t, uint32_t *)) \
    X(int32_t, EnumExportedTypes, 4, (void *, void **, uint32_t *, uint32_t, uint32_t *)) \
    X(int32_t, EnumManifestResources, 4, (void *, void **, uint32_t *, uint32_t, uint32_t *)) \
    X(int32_t, GetAssemblyFromScope, 1, (void *, uint32_t *)) \
    X(int32_t, FindExportedTypeByName, 3, (void *, const uint16_t *, uint32_t, uint32_t *)) \
    X(int32_t, FindManifestResourceByName, 2, (void *, const uint16_t *, uint32_t *)) \
    X(void, CloseEnum, 1, (void *, void *)) \
    X(int32_t, FindAssembliesByName, 6, (void *, const uint16_t *, const uint16_t *, const uint16_t *, \
      void **, uint32_t, uint32_t *))

#define NR_SLOTS_IMetaDataTables(X) \
    NR_SLOTS_IUnknown(X) \
    X(int32_t, GetStringHeapSize, 1, (void *, uint32_t *)) \
    X(int32_t, GetBlobHeapSize, 1, (void *, uint32_t *)) \
    X(int32_t, GetGuidHeapSize, 1, (void *, uint32_t *)) \
    X(int32_t, GetUserStringHeapSize, 1, (void *, uint32_t *)) \
    X(int32_t, GetNumTables, 1, (void *, uint32_t *)) \
    X(int32_t, GetTableIndex, 2, (void *, uint32_t, uint32_t *)) \
    X(int32_t, GetTableInfo, 6, (void *, uint32_t, uint32_t *, uint32_t *, uint32_t *, uint32_t *, const char **)) \
    X(int32_t, GetColumnInfo, 6, (void *, uint32_t, uint32_t, uint32_t *, uint32_t *, uint32_t *, const char **)) \
    X(int32_t, GetCodedTokenInfo, 4, (void *, uint32_t, uint32_t *, uint32_t **, const char **)) \
    X(int32_t, GetRow, 3, (void *, uint32_t, uint32_t, void **)) \
    X(int32_t, GetColumn, 4, (void *, uint32_t, uint32_t, uint32_t, uint32_t *)) \
    X(int32_t, GetString, 2, (void *, uint32_t, const char **)) \
    X(int32_t, GetBlob, 3, (void *, uint32_t, uint32_t *, const void **)) \
    X(int32_t, GetGuid, 2, (void *, uint32_t, const nr_guid **)) \
    X(int32_t, GetUserString, 3, (void *, uint32_t, uint32_t *, const void **)) \
    X(int32_t, GetNextString, 2, (void *, uint32_t, uint32_t *)) \
    X(int32_t, GetNextBlob, 2, (void *, uint32_t, uint32_t *)) \
    X(int32_t, GetNextGuid, 2, (void *, uint32_t, uint32_t *)) \
    X(int32_t, GetNextUserString, 2, (void *, uint32_t, uint32_t *))

#define NR_SLOTS_IMetaDataTables2(X) \
    NR_SLOTS_IMetaDataTables(X) \
    X(int32_t, GetMetaDataStorage, 2, (void *, const void **, uint32_t *)) \
    X(int32_t, GetMetaDataStreamInfo, 4, (void *, uint32_t, const char **, const void **, uint32_t *))

#define NR_SLOTS_IMetaDataDispenser(X) \
    NR_SLOTS_IUnknown(X) \
    X(int32_t, DefineScope, 4, (void *, const nr_guid *, uint32_t, const nr_guid *, void **)) \
    X(int32_t, OpenScope, 4, (void *, const uint16_t *, uint32_t, const nr_guid *, void **)) \
    X(int32_t, OpenScopeOnMemory, 5, (void *, const void *, uint32_t, uint32_t, const nr_guid *, void **))

#define NR_SLOTS_IMetaDataDispenserEx(X) \
    NR_SLOTS_IMetaDataDispenser(X) \
    X(int32_t, SetOption, 2, (void *, const nr_guid *, const void *)) \
    X(int32_t, GetOption, 2, (void *, const nr_guid *, void *)) \
    X(int32_t, OpenScopeOnITypeInfo, 4, (void *, void *, uint32_t, const nr_guid *, void **)) \
    X(int32_t, GetCORSystemDirectory, 3, (void *, uint16_t *, uint32_t, uint32_t *)) \
    X(int32_t, FindAssembly, 7, (void *, const uint16_t *, const uint16_t *, const uint16_t *, const uint16_t *, uint16_t *, \
      uint32_t, uint32_t *)) \
    X(int32_t, FindAssemblyModule, 8, (void *, const uint16_t *, const uint16_t *, const uint16_t *, const uint16_t *, \
      const uint16_t *, uint16_t *, uint32_t, uint32_t *))

#endif
