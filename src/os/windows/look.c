/* Only this program's own process: another one's environment is not to be had from here. */
#include "os/tool.h"

#include "os/os.h"
#include "os/windows/wide.h"

#include <string.h>

const char *nr_os_process_look(nr_arena *arena, unsigned long pid, nr_os_process *out)
{
    memset(out, 0, sizeof *out);
    if (pid)
        return "on Windows only the environment of this program can be checked: run it where the application starts";
    out->inner_pid = nr_os_process_id();
    out->program = nr_os_process_path(arena);
    return NULL;
}

static HANDLE open_path(nr_str path, DWORD access)
{
    wchar_t wide[NR_WIDE_UNITS];
    if (!nr_wide(path, wide)) return INVALID_HANDLE_VALUE;
    /* BACKUP_SEMANTICS: directories, too. */
    return CreateFileW(wide, access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                       FILE_FLAG_BACKUP_SEMANTICS, NULL);
}

bool nr_os_may(const nr_os_process *who, nr_str path, nr_os_access access)
{
    (void)who;
    /* FILE_WRITE_DATA of a directory is FILE_ADD_FILE. */
    HANDLE h = open_path(path, access == NR_OS_WRITE ? FILE_WRITE_DATA : FILE_READ_DATA);
    if (h == INVALID_HANDLE_VALUE) return false;
    CloseHandle(h);
    return true;
}

bool nr_os_same_file(nr_str a, nr_str b)
{
    BY_HANDLE_FILE_INFORMATION x, y;
    HANDLE h = open_path(a, FILE_READ_ATTRIBUTES), k = open_path(b, FILE_READ_ATTRIBUTES);
    bool ok = h != INVALID_HANDLE_VALUE && k != INVALID_HANDLE_VALUE && GetFileInformationByHandle(h, &x) &&
              GetFileInformationByHandle(k, &y);
    if (h != INVALID_HANDLE_VALUE) CloseHandle(h);
    if (k != INVALID_HANDLE_VALUE) CloseHandle(k);
    return ok && x.dwVolumeSerialNumber == y.dwVolumeSerialNumber && x.nFileIndexHigh == y.nFileIndexHigh &&
           x.nFileIndexLow == y.nFileIndexLow;
}

bool nr_os_clear_env(void)
{
    return false; /* there is no other process' environment to take over */
}
