#include "os/map.h"

#include "base/utf.h"

#include <stdio.h>
#include <string.h>
#include <windows.h>

_Static_assert(sizeof(wchar_t) == sizeof(uint16_t), "file names are UTF-16");

static const uint8_t nothing[1];

bool nr_os_map_file(nr_str path, const uint8_t **data, size_t *size)
{
    nr_arena arena = NR_ARENA_INIT;
    bool ok = false;
    HANDLE file = INVALID_HANDLE_VALUE, section = NULL;
    uint16_t *wide = nr_utf16_from_utf8(&arena, path, NULL);
    if (!wide) goto done;
    file = CreateFileW((const wchar_t *)wide, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL,
                       OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) goto done;
    LARGE_INTEGER length;
    if (!GetFileSizeEx(file, &length) || (uint64_t)length.QuadPart > SIZE_MAX) goto done;
    if (length.QuadPart == 0) {
        *data = nothing;
        *size = 0;
        ok = true;
        goto done;
    }
    section = CreateFileMappingW(file, NULL, PAGE_READONLY, 0, 0, NULL);
    if (!section) goto done;
    void *p = MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0);
    if (!p) goto done;
    *data = p;
    *size = (size_t)length.QuadPart;
    ok = true;
done:
    if (section) CloseHandle(section);
    if (file != INVALID_HANDLE_VALUE) CloseHandle(file);
    nr_arena_free(&arena);
    return ok;
}

void nr_os_unmap(const uint8_t *data, size_t size)
{
    if (size) UnmapViewOfFile(data);
}

void *nr_os_library_open(nr_str path, char *why, size_t why_size)
{
    nr_arena arena = NR_ARENA_INIT;
    HMODULE library = NULL;
    uint16_t *wide = nr_utf16_from_utf8(&arena, path, NULL);
    if (wide) library = LoadLibraryExW((const wchar_t *)wide, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
    if (!library && why && why_size) snprintf(why, why_size, "LoadLibrary error %lu", GetLastError());
    nr_arena_free(&arena);
    return library;
}

void (*nr_os_library_symbol(void *library, const char *name))(void)
{
    FARPROC p = GetProcAddress(library, name);
    void (*f)(void);
    memcpy(&f, &p, sizeof f);
    return f;
}

void nr_os_library_close(void *library)
{
    if (library) FreeLibrary(library);
}
