#include "os/tool.h"

#include "os/arguments.h"
#include "os/windows/wide.h"

#include <fcntl.h>
#include <io.h>

char **nr_os_arguments(nr_arena *arena, int *argc, char **argv)
{
    nr_str *list;
    size_t count;
    (void)argv;
    if (!nr_os_split_arguments(arena, (const uint16_t *)GetCommandLineW(), &list, &count)) return NULL;
    char **all = nr_arena_zalloc(arena, count + 1, sizeof *all);
    for (size_t i = 0; all && i < count; i++) all[i] = (char *)(uintptr_t)list[i].p;
    *argc = (int)count;
    return all;
}

FILE *nr_os_stream(const char *path, const char *mode)
{
    wchar_t wide_path[NR_WIDE_UNITS], wide_mode[NR_WIDE_UNITS];
    return nr_wide(nr_str_of(path), wide_path) && nr_wide(nr_str_of(mode), wide_mode) ? _wfopen(wide_path, wide_mode)
                                                                                      : NULL;
}

bool nr_os_is_terminal(FILE *stream)
{
    DWORD mode;
    HANDLE console = (HANDLE)_get_osfhandle(_fileno(stream));
    if (console == INVALID_HANDLE_VALUE || !GetConsoleMode(console, &mode)) return false;
    /* ENABLE_VIRTUAL_TERMINAL_PROCESSING: escape sequences, since Windows 10; older ones get plain text. */
    return (mode & 4) || SetConsoleMode(console, mode | 4);
}

bool nr_os_set_env(const char *name, nr_str value)
{
    wchar_t wide_name[NR_WIDE_UNITS], wide_value[NR_WIDE_UNITS];
    if (!nr_wide(nr_str_of(name), wide_name)) return false;
    if (!value.p) return SetEnvironmentVariableW(wide_name, NULL) || GetLastError() == ERROR_ENVVAR_NOT_FOUND;
    return nr_wide(value, wide_value) && SetEnvironmentVariableW(wide_name, wide_value);
}

nr_str nr_os_temporary_directory(nr_arena *arena)
{
    wchar_t base[MAX_PATH + 1];
    nr_str r = {NULL, 0};
    DWORD n = GetTempPathW(MAX_PATH + 1, base); /* ends with a backslash */
    nr_str parent = n && n <= MAX_PATH ? nr_narrow(arena, base, n) : r;
    for (unsigned i = 0; parent.p && i < 1000; i++) {
        wchar_t wide[NR_WIDE_UNITS];
        nr_str path = nr_arena_printf(arena, "%.*snrprof-%lu-%u", NR_STR_ARG(parent), GetCurrentProcessId(), i);
        if (!path.p || !nr_wide(path, wide)) break;
        if (CreateDirectoryW(wide, NULL)) return path;
        if (GetLastError() != ERROR_ALREADY_EXISTS) break;
    }
    return r;
}

bool nr_os_remove(nr_str path)
{
    wchar_t wide[NR_WIDE_UNITS];
    return nr_wide(path, wide) && (DeleteFileW(wide) || RemoveDirectoryW(wide));
}

bool nr_os_replace(nr_str from, nr_str to)
{
    wchar_t a[NR_WIDE_UNITS], b[NR_WIDE_UNITS];
    return nr_wide(from, a) && nr_wide(to, b) && MoveFileExW(a, b, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH);
}

void nr_os_ignore_broken_pipe(void)
{
    /* It does nothing else here. */
}

void nr_os_sleep_ms(unsigned milliseconds)
{
    Sleep(milliseconds);
}

void nr_os_binary(FILE *stream)
{
    _setmode(_fileno(stream), _O_BINARY);
}
