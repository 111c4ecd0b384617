#include "os/os.h"

#include "os/windows/wide.h"

bool nr_os_env(nr_arena *arena, const char *name, nr_str *value)
{
    nr_arena scratch = NR_ARENA_INIT;
    wchar_t wide_name[NR_WIDE_UNITS];
    bool set = false;
    *value = (nr_str){NULL, 0};
    DWORD room = nr_wide(nr_str_of(name), wide_name) ? GetEnvironmentVariableW(wide_name, NULL, 0) : 0;
    /* The value may grow between the two calls. Size 0 is "not set", 1 is "empty" (the NUL). */
    while (room > 1) {
        set = true;
        wchar_t *p = nr_arena_alloc(&scratch, room * sizeof *p);
        if (!p) break;
        DWORD n = GetEnvironmentVariableW(wide_name, p, room);
        if (n < room) {
            set = n > 0;
            if (set) *value = nr_narrow(arena, p, n);
            break;
        }
        room = n;
    }
    nr_arena_free(&scratch);
    return set;
}

bool nr_os_registry_string(nr_arena *arena, const char *key, const char *name, nr_str *value)
{
    wchar_t wide_key[NR_WIDE_UNITS], wide_name[NR_WIDE_UNITS];
    nr_arena scratch = NR_ARENA_INIT;
    HKEY handle = NULL;
    bool there = false;
    DWORD size = 0;
    *value = (nr_str){NULL, 0};
    if (!nr_wide(nr_str_of(key), wide_key) || !nr_wide(nr_str_of(name), wide_name)) return false;
    /* No WOW64 flag: a 32-bit process sees the 32-bit view, as the reference does. */
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, wide_key, 0, KEY_QUERY_VALUE, &handle) != ERROR_SUCCESS) return false;
    if (RegGetValueW(handle, NULL, wide_name, RRF_RT_REG_SZ, NULL, NULL, &size) != ERROR_SUCCESS) goto done;
    there = true;
    wchar_t *text = nr_arena_zalloc(&scratch, 1, size + sizeof *text);
    if (!text) goto done;
    there = RegGetValueW(handle, NULL, wide_name, RRF_RT_REG_SZ, NULL, text, &size) == ERROR_SUCCESS;
    if (there) *value = nr_narrow_z(arena, text);
done:
    RegCloseKey(handle);
    nr_arena_free(&scratch);
    return there;
}

nr_str nr_os_common_app_data(nr_arena *arena)
{
    enum { COMMON_APPDATA = 0x0023 }; /* CSIDL_COMMON_APPDATA */
    typedef HRESULT(WINAPI * get_folder)(HWND, int, HANDLE, DWORD, LPWSTR);
    wchar_t path[MAX_PATH];
    nr_str r = {NULL, 0};
    get_folder get = (get_folder)(void (*)(void))nr_system_function(L"shell32.dll", "SHGetFolderPathW");
    if (get && SUCCEEDED(get(NULL, COMMON_APPDATA, NULL, 0, path))) r = nr_narrow_z(arena, path);
    return r.p ? r : NR_STR("");
}
