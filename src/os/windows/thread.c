#include "base/utf.h"
#include "os/os.h"
#include "os/windows/wide.h"

typedef struct nr_run {
    void (*body)(void *self);
    void *self;
} nr_run;

static DWORD WINAPI run(void *p)
{
    const nr_run *r = p;
    r->body(r->self);
    return 0;
}

bool nr_os_run_on_thread(void (*body)(void *self), void *self)
{
    nr_run r = {body, self};
    HANDLE thread = CreateThread(NULL, 0, run, &r, 0, NULL);
    if (!thread) return false;
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
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
