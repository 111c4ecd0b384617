#include "os/windows/wide.h"

#include "base/utf.h"

#include <assert.h>

static_assert(sizeof(wchar_t) == sizeof(uint16_t), "wide text is UTF-16");

bool nr_wide(nr_str s, wchar_t out[NR_WIDE_UNITS])
{
    size_t n = 0;
    if (s.n && memchr(s.p, 0, s.n)) return false;
    for (size_t i = 0; i < s.n;) {
        if (n > NR_WIDE_UNITS - 3) return false; /* room for a pair and the end */
        n += nr_utf16_units(nr_utf8_next(s, &i), (uint16_t *)out + n);
    }
    out[n] = 0;
    return true;
}

nr_str nr_narrow(nr_arena *arena, const wchar_t *p, size_t units)
{
    return nr_utf8_from_utf16(arena, (const uint16_t *)p, units);
}

nr_str nr_narrow_z(nr_arena *arena, const wchar_t *z)
{
    return nr_narrow(arena, z, wcslen(z));
}

FARPROC nr_system_function(const wchar_t *dll, const char *function)
{
    wchar_t path[MAX_PATH + 32];
    UINT n = GetSystemDirectoryW(path, MAX_PATH);
    size_t length = wcslen(dll);
    if (n == 0 || n >= MAX_PATH || length > 30) return NULL;
    /* By full path: the directory of the application is not to be searched. */
    path[n] = L'\\';
    memcpy(path + n + 1, dll, (length + 1) * sizeof *dll);
    HMODULE module = LoadLibraryW(path);
    return module ? GetProcAddress(module, function) : NULL;
}
