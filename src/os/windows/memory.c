/* The memory of another process. */
#include "base/alloc.h"
#include "os/tool.h"
#include "os/windows/wide.h"

#include <stdio.h>

enum { LARGEST = 256 << 20 };

static bool visit_range(HANDLE process, const MEMORY_BASIC_INFORMATION *m,
                        bool (*visit)(void *self, const uint8_t *data, size_t size), void *self)
{
    SIZE_T done = 0;
    uint8_t *copy = nr_alloc(NULL, 0, m->RegionSize);
    bool go_on = true;
    if (!copy) return true;
    if (ReadProcessMemory(process, m->BaseAddress, copy, m->RegionSize, &done) && done) go_on = visit(self, copy, done);
    nr_free(copy, m->RegionSize);
    return go_on;
}

bool nr_os_each_memory(unsigned long process, bool (*visit)(void *self, const uint8_t *data, size_t size), void *self,
                       char *why, size_t why_size)
{
    HANDLE h = OpenProcess(PROCESS_QUERY_INFORMATION | PROCESS_VM_READ, FALSE, process);
    MEMORY_BASIC_INFORMATION m;
    const char *at = NULL;
    if (!h) {
        snprintf(why, why_size, "error %lu", GetLastError());
        return false;
    }
    while (VirtualQueryEx(h, at, &m, sizeof m) == sizeof m) {
        bool writable = m.State == MEM_COMMIT && !(m.Protect & PAGE_GUARD) &&
                        (m.Protect & (PAGE_READWRITE | PAGE_WRITECOPY | PAGE_EXECUTE_READWRITE));
        if (writable && m.RegionSize <= LARGEST && !visit_range(h, &m, visit, self)) break;
        at = (const char *)m.BaseAddress + m.RegionSize;
        if (!at) break;
    }
    CloseHandle(h);
    return true;
}
