#include "os/os.h"

#include "os/arguments.h"
#include "os/windows/wide.h"

#include <tlhelp32.h>

static nr_str or_else(nr_str s, nr_str fallback)
{
    return s.p ? s : fallback;
}

nr_str nr_os_process_path(nr_arena *arena)
{
    wchar_t path[NR_PATH_UNITS];
    DWORD n = GetModuleFileNameW(NULL, path, NR_PATH_UNITS);
    if (n == 0) return NR_STR(".");
    path[NR_PATH_UNITS - 1] = 0; /* a longer path is cut there, as in the reference */
    return or_else(nr_narrow_z(arena, path), NR_STR("."));
}

nr_str nr_os_process_directory(nr_arena *arena)
{
    nr_str path = nr_os_process_path(arena);
    size_t n = path.n;
    while (n > 0 && path.p[n - 1] != '\\' && path.p[n - 1] != '/') n--;
    if (n == 0) return NR_STR(".");
    /* The separator goes, except behind the root of a drive. */
    if (!(n == 3 && path.p[1] == ':')) n--;
    return (nr_str){path.p, n};
}

static DWORD parent_process_id(void)
{
    DWORD self = GetCurrentProcessId(), parent = 0;
    PROCESSENTRY32W entry;
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    if (all == INVALID_HANDLE_VALUE) return 0;
    memset(&entry, 0, sizeof entry);
    entry.dwSize = sizeof entry;
    for (BOOL more = Process32FirstW(all, &entry); more; more = Process32NextW(all, &entry)) {
        if (entry.th32ProcessID != self) continue;
        parent = entry.th32ParentProcessID;
        break;
    }
    CloseHandle(all);
    return parent;
}

nr_str nr_os_parent_process_path(nr_arena *arena)
{
    wchar_t path[NR_PATH_UNITS];
    DWORD n = NR_PATH_UNITS, parent = parent_process_id();
    HANDLE process = parent ? OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, parent) : NULL;
    if (!process) return NR_STR("");
    BOOL ok = QueryFullProcessImageNameW(process, 0, path, &n);
    CloseHandle(process);
    return ok ? or_else(nr_narrow(arena, path, n), NR_STR("")) : NR_STR("");
}

nr_str nr_os_command_line(nr_arena *arena)
{
    return or_else(nr_narrow_z(arena, GetCommandLineW()), NR_STR(""));
}

unsigned long nr_os_process_id(void)
{
    return GetCurrentProcessId();
}

bool nr_os_app_pool_from_command_line(nr_arena *arena, nr_str *id)
{
    nr_arena scratch = NR_ARENA_INIT;
    nr_str *arguments;
    size_t count;
    *id = (nr_str){NULL, 0};
    if (!nr_os_split_arguments(&scratch, (const uint16_t *)GetCommandLineW(), &arguments, &count)) goto done;
    /* The argument behind the last one does not exist; the reference reads it all the same. */
    for (size_t i = 0; count >= 3 && i + 1 < count; i++) {
        if (!nr_str_is(arguments[i], "-ap")) continue;
        nr_str s = arguments[i + 1];
        if (s.n >= 3 && s.p[0] == '"') s = (nr_str){s.p + 1, s.n - 2};
        *id = nr_arena_str(arena, s);
        break;
    }
done:
    nr_arena_free(&scratch);
    return id->p != NULL;
}

/* 100-nanosecond steps. */
static uint64_t ticks(FILETIME t)
{
    return (uint64_t)t.dwHighDateTime << 32 | t.dwLowDateTime;
}

int64_t nr_os_unix_time(void)
{
    FILETIME now; /* since 1601-01-01 UTC */
    GetSystemTimeAsFileTime(&now);
    return (int64_t)(ticks(now) / 10000000u) - 11644473600;
}

uint64_t nr_os_monotonic_ns(void)
{
    LARGE_INTEGER per_second, now;
    if (!QueryPerformanceFrequency(&per_second) || !QueryPerformanceCounter(&now)) return 0;
    uint64_t f = (uint64_t)per_second.QuadPart, c = (uint64_t)now.QuadPart;
    return c / f * 1000000000u + c % f * 1000000000u / f;
}

uint64_t nr_os_cpu_ns(void)
{
    FILETIME created, ended, kernel, user;
    if (!GetProcessTimes(GetCurrentProcess(), &created, &ended, &kernel, &user)) return 0;
    return (ticks(kernel) + ticks(user)) * 100;
}
