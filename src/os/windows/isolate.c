#include "os/isolate.h"

#include "base/buf.h"
#include "os/os.h"
#include "os/windows/command_line.h"
#include "os/windows/wide.h"

bool nr_os_can_fork(void)
{
    return false;
}

static HANDLE output(nr_str path, DWORD standard)
{
    static wchar_t wide[NR_WIDE_UNITS];
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    if (!path.p) return GetStdHandle(standard);
    if (!nr_wide(path, wide)) return INVALID_HANDLE_VALUE;
    return CreateFileW(wide, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherited, CREATE_ALWAYS, 0, NULL);
}

/* Under wine, on a busy machine, one process in some thousands is gone before its first instruction; wine says "internal error" then,
 * which Windows does not. Nothing has run, so it is started once more. */
static bool create(wchar_t *line, STARTUPINFOW *start, PROCESS_INFORMATION *process)
{
    for (int attempts = 3; attempts > 0; attempts--) {
        if (CreateProcessW(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, start, process)) return true;
        if (GetLastError() != ERROR_INTERNAL_ERROR) return false;
    }
    return false;
}

nr_os_end nr_os_isolate(const nr_os_child *child, int *code)
{
    static wchar_t line[NR_WIDE_UNITS];
    nr_arena arena = NR_ARENA_INIT;
    nr_buf text = NR_BUF_INIT;
    STARTUPINFOW start = {.cb = sizeof start, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION process;
    nr_os_end end = NR_OS_NOT_STARTED;
    DWORD exit_code = 0;
    *code = 0;
    nr_command_line_add(&text, nr_os_process_path(&arena));
    for (size_t i = 0; i < child->argument_count; i++) nr_command_line_add(&text, child->arguments[i]);
    start.hStdInput = INVALID_HANDLE_VALUE;
    start.hStdOutput = output(child->out, STD_OUTPUT_HANDLE);
    start.hStdError = output(child->err, STD_ERROR_HANDLE);
    UINT mode = SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX); /* inherited: no dialogue for a crash */
    if (!text.failed && nr_wide(nr_buf_str(&text), line) && create(line, &start, &process)) {
        end = NR_OS_EXITED;
        if (WaitForSingleObject(process.hProcess, child->timeout_ms) == WAIT_TIMEOUT) {
            end = NR_OS_TIMED_OUT;
            TerminateProcess(process.hProcess, 1);
            WaitForSingleObject(process.hProcess, INFINITE);
        } else if (GetExitCodeProcess(process.hProcess, &exit_code) && (exit_code & 0xC0000000u) == 0xC0000000u) {
            end = NR_OS_SIGNALLED;
        }
        *code = (int)exit_code;
        CloseHandle(process.hThread);
        CloseHandle(process.hProcess);
    } else {
        *code = (int)GetLastError();
    }
    SetErrorMode(mode);
    if (child->out.p && start.hStdOutput != INVALID_HANDLE_VALUE) CloseHandle(start.hStdOutput);
    if (child->err.p && start.hStdError != INVALID_HANDLE_VALUE) CloseHandle(start.hStdError);
    nr_buf_free(&text);
    nr_arena_free(&arena);
    return end;
}

const char *nr_os_signal_name(int code)
{
    switch ((DWORD)code) {
    case EXCEPTION_ACCESS_VIOLATION: return "access violation";
    case EXCEPTION_STACK_OVERFLOW: return "stack overflow";
    case EXCEPTION_INT_DIVIDE_BY_ZERO: return "division by zero";
    case EXCEPTION_ILLEGAL_INSTRUCTION: return "illegal instruction";
    default: return NULL;
    }
}

nr_str nr_os_current_directory(nr_arena *arena)
{
    wchar_t path[NR_PATH_UNITS];
    DWORD n = GetCurrentDirectoryW(NR_PATH_UNITS, path);
    return n && n < NR_PATH_UNITS ? nr_narrow(arena, path, n) : (nr_str){NULL, 0};
}

bool nr_os_enter_directory(nr_str path)
{
    wchar_t wide[NR_WIDE_UNITS];
    return nr_wide(path, wide) && SetCurrentDirectoryW(wide);
}
