/* abi.h - the CLR profiling and metadata interfaces as C structures.
 *
 * From the slot lists: a vtable type per interface, an object type whose first word is the vtable, and
 * the number of slots. Own declarations: the vendors' headers do not compile as C on every target. */
#ifndef NR_CLR_ABI_H
#define NR_CLR_ABI_H

#include "clr/com.h"
#include "clr/slots_callback.h"
#include "clr/slots_info.h"
#include "clr/slots_metadata.h"

#define NR_SLOTS_IUnknown(X) \
    X(int32_t, QueryInterface, 2, (void *, const nr_guid *, void **)) \
    X(uint32_t, AddRef, 0, (void *)) \
    X(uint32_t, Release, 0, (void *))

/* Interfaces, each with its IID. */
#define NR_INTERFACES(X) \
    X(IUnknown, 0x00000000, 0x0000, 0x0000, 0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46) \
    X(IClassFactory, 0x00000001, 0x0000, 0x0000, 0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46) \
    X(ICorProfilerCallback, 0x176FBED1, 0xA55C, 0x4796, 0x98, 0xCA, 0xA9, 0xDA, 0x0E, 0xF8, 0x83, 0xE7) \
    X(ICorProfilerCallback2, 0x8A8CC829, 0xCCF2, 0x49FE, 0xBB, 0xAE, 0x0F, 0x02, 0x22, 0x28, 0x07, 0x1A) \
    X(ICorProfilerCallback3, 0x4FD2ED52, 0x7731, 0x4B8D, 0x94, 0x69, 0x03, 0xD2, 0xCC, 0x30, 0x86, 0xC5) \
    X(ICorProfilerCallback4, 0x7B63B2E3, 0x107D, 0x4D48, 0xB2, 0xF6, 0xF6, 0x1E, 0x22, 0x94, 0x70, 0xD2) \
    X(ICorProfilerInfo, 0x28B5557D, 0x3F3F, 0x48B4, 0x90, 0xB2, 0x5F, 0x9E, 0xEA, 0x2F, 0x6C, 0x48) \
    X(ICorProfilerInfo2, 0xCC0935CD, 0xA518, 0x487D, 0xB0, 0xBB, 0xA9, 0x32, 0x14, 0xE6, 0x54, 0x78) \
    X(ICorProfilerInfo3, 0xB555ED4F, 0x452A, 0x4E54, 0x8B, 0x39, 0xB5, 0x36, 0x0B, 0xAD, 0x32, 0xA0) \
    X(ICorProfilerInfo4, 0x0D8FDCAA, 0x6257, 0x47BF, 0xB1, 0xBF, 0x94, 0xDA, 0xC8, 0x84, 0x66, 0xEE) \
    X(ICorProfilerInfo5, 0x07602928, 0xCE38, 0x4B83, 0x81, 0xE7, 0x74, 0xAD, 0xAF, 0x78, 0x12, 0x14) \
    X(ICorProfilerInfo6, 0xF30A070D, 0xBFFB, 0x46A7, 0xB1, 0xD8, 0x87, 0x81, 0xEF, 0x7B, 0x69, 0x8A) \
    X(ICorProfilerInfo7, 0x9AEECC0D, 0x63E0, 0x4187, 0x8C, 0x00, 0xE3, 0x12, 0xF5, 0x03, 0xF6, 0x63) \
    X(ICorProfilerInfo8, 0xC5AC80A6, 0x782E, 0x4716, 0x80, 0x44, 0x39, 0x59, 0x8C, 0x60, 0xCF, 0xBF) \
    X(ICorProfilerInfo9, 0x008170DB, 0xF8CC, 0x4796, 0x9A, 0x51, 0xDC, 0x8A, 0xA0, 0xB4, 0x70, 0x12) \
    X(ICorProfilerInfo10, 0x2F1B5152, 0xC869, 0x40C9, 0xAA, 0x5F, 0x3A, 0xBE, 0x02, 0x6B, 0xD7, 0x20) \
    X(ICorProfilerInfo11, 0x06398876, 0x8987, 0x4154, 0xB6, 0x21, 0x40, 0xA0, 0x0D, 0x6E, 0x4D, 0x04) \
    X(ICorProfilerFunctionControl, 0xF0963021, 0xE1EA, 0x4732, 0x85, 0x81, 0xE0, 0x1B, 0x0B, 0xD3, 0xC0, 0xC6) \
    X(IMethodMalloc, 0xA0EFB28B, 0x6EE2, 0x4D7B, 0xB9, 0x83, 0xA7, 0x5E, 0xF7, 0xBE, 0xED, 0xB8) \
    X(ICorProfilerModuleEnum, 0xB0266D75, 0x2081, 0x4493, 0xAF, 0x7F, 0x02, 0x8B, 0xA3, 0x4D, 0xB8, 0x91) \
    X(ICorProfilerThreadEnum, 0x571194F7, 0x25ED, 0x419F, 0xAA, 0x8B, 0x70, 0x16, 0xB3, 0x15, 0x97, 0x01) \
    X(IMetaDataImport, 0x7DAC8207, 0xD3AE, 0x4C75, 0x9B, 0x67, 0x92, 0x80, 0x1A, 0x49, 0x7D, 0x44) \
    X(IMetaDataImport2, 0xFCE5EFA0, 0x8BBA, 0x4F8E, 0xA0, 0x36, 0x8F, 0x20, 0x22, 0xB0, 0x84, 0x66) \
    X(IMetaDataEmit, 0xBA3FEE4C, 0xECB9, 0x4E41, 0x83, 0xB7, 0x18, 0x3F, 0xA4, 0x1C, 0xD8, 0x59) \
    X(IMetaDataEmit2, 0xF5DD9950, 0xF693, 0x42E6, 0x83, 0x0E, 0x7B, 0x83, 0x3E, 0x81, 0x46, 0xA9) \
    X(IMetaDataAssemblyEmit, 0x211EF15B, 0x5317, 0x4438, 0xB1, 0x96, 0xDE, 0xC8, 0x7B, 0x88, 0x76, 0x93) \
    X(IMetaDataAssemblyImport, 0xEE62470B, 0xE94B, 0x424E, 0x9B, 0x7C, 0x2F, 0x00, 0xC9, 0x24, 0x9F, 0x93)

#define NR_SLOT_MEMBER(result, name, words, args) result(NR_COM *name) args;
#define NR_SLOT_INDEX(result, name, words, args) name,
#define NR_SLOT_COUNT(result, name, words, args) +1
#define X(name, ...) \
    typedef struct nr_##name nr_##name; \
    typedef struct nr_##name##_vtbl { \
        NR_SLOTS_##name(NR_SLOT_MEMBER) \
    } nr_##name##_vtbl; \
    struct nr_##name { \
        const nr_##name##_vtbl *vtbl; \
    }; \
    enum { NR_SLOTS_OF_##name = 0 NR_SLOTS_##name(NR_SLOT_COUNT) }; \
    extern const nr_guid nr_iid_##name;
NR_INTERFACES(X)
#undef X

/* Calls a method: NR_CALL(info, GetFunctionInfo, fid, &c, &m, &t). */
#define NR_CALL(object, method, ...) ((object)->vtbl->method((object), __VA_ARGS__))
#define NR_CALL0(object, method) ((object)->vtbl->method((object)))

static inline void nr_release(void *object)
{
    if (object) ((nr_IUnknown *)object)->vtbl->Release(object);
}

/* Slot numbers that other code relies on (recorded from running CLRs). */
_Static_assert(NR_SLOTS_OF_ICorProfilerCallback == 72, "ICorProfilerCallback ends at slot 71");
_Static_assert(NR_SLOTS_OF_ICorProfilerCallback2 == 80, "ICorProfilerCallback2 ends at slot 79");
_Static_assert(NR_SLOTS_OF_ICorProfilerCallback3 == 83, "ICorProfilerCallback3 ends at slot 82");
_Static_assert(NR_SLOTS_OF_ICorProfilerCallback4 == 89, "ICorProfilerCallback4 ends at slot 88");
#define NR_SLOT(interface, method) (offsetof(nr_##interface##_vtbl, method) / sizeof(void *))
_Static_assert(NR_SLOT(ICorProfilerInfo, GetFunctionInfo) == 15, "slot");
_Static_assert(NR_SLOT(ICorProfilerInfo, GetTokenAndMetaDataFromFunction) == 19, "slot");
_Static_assert(NR_SLOT(ICorProfilerInfo, SetILFunctionBody) == 24, "slot");
_Static_assert(NR_SLOT(ICorProfilerInfo4, RequestReJIT) == 73, "slot");
_Static_assert(NR_SLOT(ICorProfilerInfo5, SetEventMask2) == 82, "slot");
_Static_assert(NR_SLOT(ICorProfilerInfo10, RequestReJITWithInliners) == 96, "slot");
_Static_assert(NR_SLOT(IMetaDataImport2, GetMethodSpecProps) == 67, "slot");
_Static_assert(NR_SLOT(IMetaDataEmit2, DefineMethodSpec) == 52, "slot");
_Static_assert(NR_SLOT(IMetaDataAssemblyEmit, DefineAssemblyRef) == 4, "slot");
_Static_assert(NR_SLOT(IMetaDataAssemblyImport, GetAssemblyRefProps) == 4, "slot");

/* ASSEMBLYMETADATA (cor.h): version, locale, processor and system ids. */
typedef struct nr_assembly_metadata {
    uint16_t major, minor, build, revision;
    uint16_t *locale;
    uint32_t locale_size;
    uint32_t *processors;
    uint32_t processor_count;
    void *systems;
    uint32_t system_count;
} nr_assembly_metadata;
_Static_assert(sizeof(nr_assembly_metadata) == (sizeof(void *) == 8 ? 56 : 32), "ASSEMBLYMETADATA");

#endif
