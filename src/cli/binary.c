#include "cli/binary.h"

#include "base/buf.h"

#include <string.h>

static nr_machine elf_machine(unsigned m)
{
    switch (m) { /* e_machine */
    case 62: return NR_MACHINE_X64;
    case 3: return NR_MACHINE_X86;
    case 183: return NR_MACHINE_ARM64;
    case 40: return NR_MACHINE_ARM;
    default: return NR_MACHINE_OTHER;
    }
}

static nr_machine pe_machine(unsigned m)
{
    switch (m) { /* IMAGE_FILE_HEADER.Machine */
    case 0x8664: return NR_MACHINE_X64;
    case 0x014C: return NR_MACHINE_X86;
    case 0xAA64: return NR_MACHINE_ARM64;
    case 0x01C4: return NR_MACHINE_ARM;
    default: return NR_MACHINE_OTHER;
    }
}

/* Where `word` stands behind a NUL, as the names in a string table do; NULL: nowhere. */
static const char *find_name(nr_str bytes, size_t from, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = bytes.p + from, *end = bytes.p + bytes.n; p < end;) {
        p = memchr(p, 0, (size_t)(end - p));
        if (!p || (size_t)(end - p) <= n) return NULL;
        p++;
        if (!memcmp(p, word, n)) return p;
    }
    return NULL;
}

static unsigned digits(const char *p, const char *end)
{
    unsigned v = 0;
    while (p < end && *p >= '0' && *p <= '9' && v < 10000) v = v * 10 + (unsigned)(*p++ - '0');
    return v;
}

static unsigned newest_glibc(nr_str bytes)
{
    static const char start[] = "GLIBC_2.";
    unsigned newest = 0;
    for (size_t from = 0;;) {
        const char *p = find_name(bytes, from, start);
        if (!p) return newest;
        unsigned v = digits(p + sizeof start - 1, bytes.p + bytes.n);
        if (v > newest) newest = v;
        from = (size_t)(p - bytes.p);
    }
}

nr_binary nr_binary_read(nr_str bytes)
{
    nr_binary b = {NR_BINARY_NONE, NR_MACHINE_OTHER, 0, false, false};
    const uint8_t *p = (const uint8_t *)bytes.p;
    enum { MACHINE = 18, NEW_HEADER = 0x3C };
    if (bytes.n > MACHINE + 2 && !memcmp(p, "\177ELF", 4)) {
        b.kind = NR_BINARY_ELF;
        b.machine = elf_machine(nr_get_u16(p + MACHINE)); /* little endian, as all machines with .NET here are */
        b.glibc = newest_glibc(bytes);
        b.musl = find_name(bytes, 0, "libc.musl-") != NULL;
        b.cpp_runtime = find_name(bytes, 0, "libstdc++.so") || find_name(bytes, 0, "libc++.so");
    } else if (bytes.n > NEW_HEADER + 4 && p[0] == 'M' && p[1] == 'Z') {
        uint32_t at = nr_get_u32(p + NEW_HEADER);
        if (at < bytes.n - 6 && !memcmp(p + at, "PE\0\0", 4)) {
            b.kind = NR_BINARY_PE;
            b.machine = pe_machine(nr_get_u16(p + at + 4));
        }
    }
    return b;
}

const char *nr_machine_name(nr_machine m)
{
    static const char *const names[] = {"another machine", "x64", "x86", "ARM64", "ARM"};
    return names[m];
}

unsigned nr_glibc_version(nr_str bytes)
{
    static const char start[] = "stable release version 2.";
    for (size_t i = 0; i + sizeof start < bytes.n; i++) {
        const char *p = memchr(bytes.p + i, 's', bytes.n - i - sizeof start);
        if (!p) return 0;
        if (!memcmp(p, start, sizeof start - 1)) return digits(p + sizeof start - 1, bytes.p + bytes.n);
        i = (size_t)(p - bytes.p);
    }
    return 0;
}
