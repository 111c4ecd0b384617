#include "os/spawn.h"

#include "base/buf.h"
#include "os/windows/command_line.h"
#include "os/windows/wide.h"

/* The keyboard's interrupt reaches both; the program decides. */
static BOOL WINAPI ignore_interrupt(DWORD event)
{
    return event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT;
}

bool nr_os_program_start(nr_os_program *p, const nr_str *words, size_t count, bool pipe_errors)
{
    static wchar_t line[NR_WIDE_UNITS];
    nr_buf text = NR_BUF_INIT;
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    STARTUPINFOW start = {.cb = sizeof start, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION process;
    HANDLE reading = NULL, writing = NULL;
    bool ok = !pipe_errors || CreatePipe(&reading, &writing, &inherited, 0);
    if (reading) SetHandleInformation(reading, HANDLE_FLAG_INHERIT, 0);
    for (size_t i = 0; i < count; i++) nr_command_line_add(&text, words[i]);
    start.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    start.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    start.hStdError = pipe_errors ? writing : GetStdHandle(STD_ERROR_HANDLE);
    ok = ok && !text.failed && nr_wide(nr_buf_str(&text), line) &&
         CreateProcessW(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &start, &process);
    if (ok) {
        CloseHandle(process.hThread);
        SetConsoleCtrlHandler(ignore_interrupt, TRUE);
    } else if (reading) {
        CloseHandle(reading);
    }
    p->process = ok ? (intptr_t)process.hProcess : 0;
    p->errors = ok && reading ? (intptr_t)reading : -1;
    if (writing) CloseHandle(writing);
    nr_buf_free(&text);
    return ok;
}

size_t nr_os_program_read(nr_os_program *p, char *bytes, size_t room)
{
    DWORD got = 0, waiting = 0;
    if (p->errors == -1) return 0;
    for (;;) {
        bool ended = WaitForSingleObject((HANDLE)p->process, 0) == WAIT_OBJECT_0;
        if (!PeekNamedPipe((HANDLE)p->errors, NULL, 0, NULL, &waiting, NULL)) return 0;
        if (waiting) return ReadFile((HANDLE)p->errors, bytes, (DWORD)room, &got, NULL) ? got : 0;
        if (ended) return 0; /* whoever holds the pipe now is a child of it */
        Sleep(20);
    }
}

int nr_os_program_wait(nr_os_program *p)
{
    DWORD code = 0;
    WaitForSingleObject((HANDLE)p->process, INFINITE);
    GetExitCodeProcess((HANDLE)p->process, &code);
    CloseHandle((HANDLE)p->process);
    if (p->errors != -1) CloseHandle((HANDLE)p->errors);
    p->errors = -1;
    SetConsoleCtrlHandler(ignore_interrupt, FALSE);
    return (int)code;
}
