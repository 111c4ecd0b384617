#include "os/guard.h"

#include "os/windows/wide.h"

#include <stdio.h>
#include <string.h>

#ifndef LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR
#define LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR 0x00000100
#endif
#ifndef LOAD_LIBRARY_SEARCH_SYSTEM32
#define LOAD_LIBRARY_SEARCH_SYSTEM32 0x00000800
#endif

static HMODULE module_around(const void *address)
{
    HMODULE module = NULL;
    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, address,
                       &module);
    return module;
}

static bool identity(const wchar_t *path, BY_HANDLE_FILE_INFORMATION *info)
{
    HANDLE h =
        CreateFileW(path, 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING, 0, NULL);
    if (h == INVALID_HANDLE_VALUE) return false;
    bool ok = GetFileInformationByHandle(h, info) != 0;
    CloseHandle(h);
    return ok;
}

static bool is_absolute(const wchar_t *z)
{
    return (z[0] && z[1] == L':' && (z[2] == L'\\' || z[2] == L'/')) || (z[0] == L'\\' && z[1] == L'\\');
}

nr_os_distrust nr_os_distrusts(nr_str path)
{
    wchar_t z[NR_WIDE_UNITS];
    static const char here = 0;
    BY_HANDLE_FILE_INFORMATION file, own;
    if (!nr_wide(path, z)) return NR_OS_DISTRUST_NO_FILE;
    if (!is_absolute(z)) return NR_OS_DISTRUST_RELATIVE;
    if (!identity(z, &file)) return NR_OS_DISTRUST_NO_FILE;
    DWORD n = GetModuleFileNameW(module_around(&here), z, NR_WIDE_UNITS);
    if (n && n < NR_WIDE_UNITS && identity(z, &own) && own.dwVolumeSerialNumber == file.dwVolumeSerialNumber &&
        own.nFileIndexHigh == file.nFileIndexHigh && own.nFileIndexLow == file.nFileIndexLow)
        return NR_OS_DISTRUST_OURSELVES;
    return NR_OS_DISTRUST_NONE;
}

bool nr_os_is_elevated(void)
{
    return false; /* there are no set-uid programs */
}

void *nr_os_library_open_guarded(nr_str path, char *why, size_t why_size)
{
    wchar_t z[NR_WIDE_UNITS];
    HMODULE library = NULL;
    if (nr_wide(path, z))
        library = LoadLibraryExW(z, NULL, LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32);
    if (!library && why && why_size) snprintf(why, why_size, "LoadLibraryEx error %lu", GetLastError());
    return library;
}

void (*nr_os_symbol_around(const void *address, const char *name))(void)
{
    HMODULE module = module_around(address);
    FARPROC p = module ? GetProcAddress(module, name) : NULL;
    void (*f)(void);
    memcpy(&f, &p, sizeof f);
    return f;
}

nr_str nr_os_absolute_path(nr_arena *arena, nr_str path)
{
    wchar_t z[NR_WIDE_UNITS], full[NR_WIDE_UNITS];
    if (!nr_wide(path, z)) return path;
    DWORD n = GetFullPathNameW(z, NR_WIDE_UNITS, full, NULL);
    return n && n < NR_WIDE_UNITS ? nr_narrow(arena, full, n) : path;
}

intptr_t nr_os_create_private(nr_str path, bool *exists)
{
    wchar_t z[NR_WIDE_UNITS];
    *exists = false;
    if (!nr_wide(path, z)) return -1;
    /* No sharing for writing or deletion; access lists are those of the directory. */
    HANDLE h = CreateFileW(z, GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
    *exists = h == INVALID_HANDLE_VALUE && GetLastError() == ERROR_FILE_EXISTS;
    return (intptr_t)h;
}

void nr_os_cut(intptr_t file, uint64_t size)
{
    LARGE_INTEGER at;
    at.QuadPart = (LONGLONG)size;
    if (SetFilePointerEx((HANDLE)file, at, NULL, FILE_BEGIN)) SetEndOfFile((HANDLE)file);
}

bool nr_os_rename(nr_str from, nr_str to)
{
    wchar_t a[NR_WIDE_UNITS], b[NR_WIDE_UNITS];
    return nr_wide(from, a) && nr_wide(to, b) && MoveFileExW(a, b, MOVEFILE_REPLACE_EXISTING);
}

uintptr_t nr_os_thread_id(void)
{
    return GetCurrentThreadId();
}
