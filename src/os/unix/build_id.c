/* The build id that the linker left in this library: a note in its own program headers. */
#include "os/os.h"

#include <stdio.h>

#if defined(__ELF__)
#include <elf.h>
#include <link.h>

/* Defined by the linker: where the ELF header is loaded, and with it what follows. */
extern const uint8_t __ehdr_start[] __attribute__((visibility("hidden")));

enum { NOTE_BUILD_ID = 3 };

static size_t aligned(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

bool nr_os_build_id(char *text, size_t room)
{
    const uint8_t *base = __ehdr_start;
    const ElfW(Ehdr) *elf = (const ElfW(Ehdr) *)(const void *)base;
    const ElfW(Phdr) *header = (const ElfW(Phdr) *)(const void *)(base + elf->e_phoff);
    for (unsigned i = 0; i < elf->e_phnum; i++) {
        if (header[i].p_type != PT_NOTE) continue;
        const uint8_t *at = base + header[i].p_vaddr, *end = at + header[i].p_memsz;
        while ((size_t)(end - at) > 12) {
            uint32_t name = nr_get_u32(at), size = nr_get_u32(at + 4), type = nr_get_u32(at + 8);
            const uint8_t *id = at + 12 + aligned(name);
            if (id > end || size > (size_t)(end - id)) break;
            if (type == NOTE_BUILD_ID && name == 4 && room > 2 * (size_t)size) {
                for (uint32_t b = 0; b < size; b++) snprintf(text + 2 * b, 3, "%02x", id[b]);
                return true;
            }
            at = id + aligned(size);
        }
    }
    return false;
}
#else
bool nr_os_build_id(char *text, size_t room)
{
    (void)text;
    (void)room;
    return false;
}
#endif
