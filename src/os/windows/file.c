#include "os/os.h"

#include "base/utf.h"
#include "os/fault.h"
#include "os/windows/wide.h"

enum { READ_STEP = 1 << 16 };

static DWORD attributes_of(nr_str path)
{
    wchar_t z[NR_WIDE_UNITS];
    return !nr_os_file_fails() && nr_wide(path, z) ? GetFileAttributesW(z) : INVALID_FILE_ATTRIBUTES;
}

bool nr_os_file_exists(nr_str path)
{
    DWORD a = attributes_of(path);
    return a != INVALID_FILE_ATTRIBUTES && !(a & FILE_ATTRIBUTE_DIRECTORY);
}

bool nr_os_file_stamp(nr_str path, uint64_t *size, int64_t *changed)
{
    WIN32_FILE_ATTRIBUTE_DATA data;
    wchar_t z[NR_WIDE_UNITS];
    if (!nr_wide(path, z) || !GetFileAttributesExW(z, GetFileExInfoStandard, &data)) return false;
    if (data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) return false;
    *size = (uint64_t)data.nFileSizeHigh << 32 | data.nFileSizeLow;
    *changed = (int64_t)((uint64_t)data.ftLastWriteTime.dwHighDateTime << 32 | data.ftLastWriteTime.dwLowDateTime);
    return true;
}

bool nr_os_directory_exists(nr_str path)
{
    DWORD a = attributes_of(path);
    return a != INVALID_FILE_ATTRIBUTES && (a & FILE_ATTRIBUTE_DIRECTORY);
}

bool nr_os_is_world_writable(nr_str path, unsigned *mode)
{
    (void)path;
    (void)mode;
    return false;
}

static HANDLE open_path(nr_str path, DWORD access, DWORD creation)
{
    wchar_t z[NR_WIDE_UNITS];
    if (nr_os_file_fails() || !nr_wide(path, z)) return INVALID_HANDLE_VALUE;
    /* No security attributes: the handle is not inherited. Shared as the C runtime shares it. */
    return CreateFileW(z, access, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, creation, FILE_ATTRIBUTE_NORMAL, NULL);
}

bool nr_os_read_file(nr_str path, nr_buf *out)
{
    bool ok = false;
    HANDLE h = open_path(path, GENERIC_READ, OPEN_EXISTING);
    if (h == INVALID_HANDLE_VALUE) return false;
    for (;;) {
        uint8_t *at = nr_buf_extend(out, READ_STEP);
        DWORD n = 0;
        if (!at) break;
        ok = !nr_os_file_fails() && ReadFile(h, at, READ_STEP, &n, NULL) != 0;
        if (!ok) n = 0;
        out->size -= READ_STEP - n;
        if (n == 0) break;
    }
    CloseHandle(h);
    return ok && !out->failed;
}

bool nr_os_read_trusted_file(nr_str path, nr_buf *out, nr_os_owner *owner)
{
    memset(owner, 0, sizeof *owner);
    return nr_os_read_file(path, out);
}

/* `pattern` is ASCII. */
static bool list(nr_str path, const char *pattern, void (*each)(void *self, nr_str name), void *self)
{
    wchar_t z[NR_WIDE_UNITS];
    WIN32_FIND_DATAW found;
    if (nr_os_file_fails() || !nr_wide(path, z)) return false;
    size_t n = wcslen(z);
    if (n + 1 + strlen(pattern) >= NR_WIDE_UNITS) return false;
    z[n++] = L'\\';
    while (*pattern) z[n++] = (wchar_t)*pattern++;
    z[n] = 0;
    HANDLE h = FindFirstFileW(z, &found);
    if (h == INVALID_HANDLE_VALUE) return false;
    do {
        uint8_t text[3 * MAX_PATH];
        nr_buf name = {text, 0, sizeof text, false}; /* always has room: nothing is allocated or freed */
        nr_utf8_put_utf16(&name, (const uint16_t *)found.cFileName, wcslen(found.cFileName));
        if (!nr_str_is(nr_buf_str(&name), ".") && !nr_str_is(nr_buf_str(&name), "..")) each(self, nr_buf_str(&name));
    } while (FindNextFileW(h, &found));
    FindClose(h);
    return true;
}

bool nr_os_list_directory(nr_str path, void (*each)(void *self, nr_str name), void *self)
{
    return list(path, "*", each, self);
}

bool nr_os_list_by_extension(nr_str path, const char *extension, void (*each)(void *self, nr_str name), void *self)
{
    char pattern[32] = "*.";
    size_t n = strlen(extension);
    if (n > sizeof pattern - 3) return false;
    memcpy(pattern + 2, extension, n + 1);
    return list(path, pattern, each, self);
}

/* "C:\..." or "\\server...": the shell's function, which the reference calls, takes no other. */
static bool fully_qualified(const wchar_t *z)
{
    return (z[0] && z[1] == L':' && z[2] == L'\\') || (z[0] == L'\\' && z[1] == L'\\');
}

bool nr_os_make_directory(nr_str path)
{
    wchar_t z[NR_WIDE_UNITS];
    if (nr_os_file_fails() || !nr_wide(path, z) || !fully_qualified(z)) return false;
    for (size_t i = 3; z[i - 1]; i++) {
        wchar_t kept = z[i];
        if (kept && kept != L'\\' && kept != L'/') continue;
        z[i] = 0;
        CreateDirectoryW(z, NULL); /* what exists already, or cannot be made, shows in the end */
        z[i] = kept;
    }
    return nr_os_directory_exists(path);
}

intptr_t nr_os_open_log(nr_str path)
{
    return (intptr_t)open_path(path, GENERIC_WRITE, CREATE_ALWAYS);
}

bool nr_os_write(intptr_t file, const void *p, size_t n)
{
    const char *at = p;
    if (file == -1 || nr_os_file_fails()) return false;
    while (n > 0) {
        DWORD done = 0;
        if (!WriteFile((HANDLE)file, at, n > READ_STEP ? READ_STEP : (DWORD)n, &done, NULL) || done == 0) return false;
        at += done;
        n -= done;
    }
    return true;
}

intptr_t nr_os_stdout(void)
{
    HANDLE h = GetStdHandle(STD_OUTPUT_HANDLE);
    return h ? (intptr_t)h : -1; /* a service has none */
}

void nr_os_close(intptr_t file)
{
    if (file != -1) CloseHandle((HANDLE)file);
}
