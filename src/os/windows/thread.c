#include "base/utf.h"
#include "os/os.h"
#include "os/windows/wide.h"

static DWORD WINAPI run(void *p)
{
    const nr_thread *t = p;
    t->body(t->self);
    return 0;
}

bool nr_thread_start(nr_thread *t, void (*body)(void *self), void *self)
{
    t->body = body;
    t->self = self;
    t->handle = (uintptr_t)CreateThread(NULL, 0, run, t, 0, NULL);
    return t->handle != 0;
}

void nr_thread_join(nr_thread *t)
{
    HANDLE thread = (HANDLE)t->handle;
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

bool nr_os_run_on_thread(void (*body)(void *self), void *self)
{
    nr_thread t;
    if (!nr_thread_start(&t, body, self)) return false;
    nr_thread_join(&t);
    return true;
}

bool nr_os_marshalled_text(nr_arena *arena, const char *z, nr_str *text)
{
    int n = MultiByteToWideChar(CP_ACP, MB_ERR_INVALID_CHARS, z, -1, NULL, 0);
    if (n <= 0) return false;
    uint16_t *units = nr_arena_alloc(arena, (size_t)n * sizeof *units);
    if (!units || MultiByteToWideChar(CP_ACP, MB_ERR_INVALID_CHARS, z, -1, (wchar_t *)units, n) != n) return false;
    *text = nr_utf8_from_utf16(arena, units, (size_t)n - 1);
    return text->p != NULL;
}
