#include "os/os.h"

#include "os/windows/wide.h"

static void hex4(wchar_t *at, unsigned v)
{
    for (int shift = 12; shift >= 0; shift -= 4) *at++ = L"0123456789ABCDEF"[v >> shift & 15];
}

/* Product name of the first language that has one; NULL: none has. */
static const wchar_t *product_name(const void *block)
{
    void *p = NULL;
    UINT size = 0;
    if (!VerQueryValueW(block, L"\\VarFileInfo\\Translation", &p, &size)) return NULL;
    const WORD *pair = p; /* language, code page */
    for (UINT i = 0; i < size / 4; i++, pair += 2) {
        wchar_t query[] = L"\\StringFileInfo\\LLLLCCCC\\ProductName";
        hex4(query + 16, pair[0]);
        hex4(query + 20, pair[1]);
        if (VerQueryValueW(block, query, &p, &size)) return p;
    }
    return NULL;
}

nr_os_product nr_os_product_of(nr_arena *arena, nr_str path, nr_os_product_info *info)
{
    nr_arena scratch = NR_ARENA_INIT;
    wchar_t z[NR_WIDE_UNITS];
    nr_os_product result = NR_OS_PRODUCT_NO_RESOURCE;
    memset(info, 0, sizeof *info);
    DWORD size = nr_wide(path, z) ? GetFileVersionInfoSizeW(z, NULL) : 0;
    void *block = size ? nr_arena_alloc(&scratch, size) : NULL;
    if (!block || !GetFileVersionInfoW(z, 0, size, block)) goto done;
    result = NR_OS_PRODUCT_NO_NAME;
    const wchar_t *name = product_name(block);
    info->name = name ? nr_narrow_z(arena, name) : info->name;
    if (!info->name.p) goto done;
    result = NR_OS_PRODUCT_FOUND;
    void *p = NULL;
    UINT length = 0;
    if (VerQueryValueW(block, L"\\", &p, &length)) {
        const VS_FIXEDFILEINFO *fixed = p;
        info->has_version = true;
        info->version[0] = HIWORD(fixed->dwFileVersionMS);
        info->version[1] = LOWORD(fixed->dwFileVersionMS);
        info->version[2] = HIWORD(fixed->dwFileVersionLS);
        info->version[3] = LOWORD(fixed->dwFileVersionLS);
    }
done:
    nr_arena_free(&scratch);
    return result;
}
