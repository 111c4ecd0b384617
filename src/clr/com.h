/* com.h - the Component Object Model as C sees it: calling convention, GUID, HRESULT. */
#ifndef NR_CLR_COM_H
#define NR_CLR_COM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Only 32-bit Windows has more than one calling convention: there COM is stdcall. */
#if defined(_WIN32)
#define NR_COM __stdcall
#define NR_CDECL __cdecl
#else
#define NR_COM
#define NR_CDECL
#endif
/* Exports come from cmake/exports.map (ELF) and cmake/exports.def (PE). */
#if defined(_WIN32)
#define NR_EXPORT
#else
#define NR_EXPORT __attribute__((visibility("default")))
#endif

typedef struct nr_guid {
    uint32_t data1;
    uint16_t data2, data3;
    uint8_t data4[8];
} nr_guid;

_Static_assert(sizeof(nr_guid) == 16, "GUID is 16 bytes");
_Static_assert(sizeof(uintptr_t) == sizeof(void *), "ids are pointer sized");

static inline bool nr_guid_eq(const nr_guid *a, const nr_guid *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

#define NR_FAILED(hr) ((hr) < 0)

enum {
    NR_S_OK = 0,
    NR_S_FALSE = 1,
    NR_E_NOTIMPL = (int32_t)0x80004001,
    NR_E_NOINTERFACE = (int32_t)0x80004002,
    NR_E_POINTER = (int32_t)0x80004003,
    NR_E_ABORT = (int32_t)0x80004004,
    NR_E_FAIL = (int32_t)0x80004005,
    NR_E_UNEXPECTED = (int32_t)0x8000FFFF,
    NR_E_OUTOFMEMORY = (int32_t)0x8007000E,
    NR_E_INVALIDARG = (int32_t)0x80070057,
    NR_CLASS_E_NOAGGREGATION = (int32_t)0x80040110,
    NR_CORPROF_E_FUNCTION_NOT_IL = (int32_t)0x80131354,
    NR_CORPROF_E_FUNCTION_IS_PARAMETERIZED = (int32_t)0x8013135D,
    NR_CORPROF_E_UNSUPPORTED_CALL_SEQUENCE = (int32_t)0x80131363,
    NR_CORPROF_E_PROFILER_CANCEL_ACTIVATION = (int32_t)0x80131375,
    NR_META_S_DUPLICATE = 0x00131197,
    NR_CLDB_E_RECORD_NOTFOUND = (int32_t)0x80131130
};

#endif
