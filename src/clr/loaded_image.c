#include "clr/loaded_image.h"

#include "base/buf.h"
#include "engine/runtime.h"
#include "os/guard.h"

#include <string.h>

enum { FLAT_LAYOUT = 0x20 }; /* COR_PRF_MODULE_FLAGS: sections lie as in the file */

static const nr_guid class_dispenser = {0xE5CB7A31, 0x7512, 0x11D2, {0x89, 0xCE, 0x00, 0x80, 0xC7, 0x92, 0xE5, 0xD8}};

nr_get_dispenser nr_dispenser_export(const nr_ICorProfilerInfo4 *info)
{
    return (nr_get_dispenser)nr_os_symbol_around(info->vtbl, "MetaDataGetDispenser");
}

nr_IMetaDataDispenserEx *nr_dispenser_new(nr_get_dispenser get)
{
    void *found = NULL;
    if (!get || get(&class_dispenser, &nr_iid_IMetaDataDispenserEx, &found) < 0) return NULL;
    return found;
}

/* II.25.3. The runtime has checked the headers. */
const uint8_t *nr_image_at(const nr_loaded_image *image, uint32_t rva, uint32_t size)
{
    const uint8_t *section = image->pe + 24 + nr_get_u16(image->pe + 20);
    uint32_t whole = nr_get_u32(image->pe + 24 + 56); /* SizeOfImage */
    if (!image->flat) return rva && rva <= whole && size <= whole - rva ? image->base + rva : NULL;
    for (unsigned i = nr_get_u16(image->pe + 6); i; i--, section += 40) {
        uint32_t from = nr_get_u32(section + 12), room = nr_get_u32(section + 16);
        if (rva >= from && rva - from < room && size <= room - (rva - from))
            return image->base + nr_get_u32(section + 20) + (rva - from);
    }
    return NULL;
}

bool nr_loaded_image_of(nr_ICorProfilerInfo4 *info, uintptr_t module, nr_loaded_image *image)
{
    const uint8_t *base = NULL;
    uint32_t length = 0, flags = 0;
    uintptr_t assembly = 0;
    if (NR_CALL(info, GetModuleInfo2, module, &base, 0, &length, NULL, &assembly, &flags) < 0 || !base) return false;
    if (base[0] != 'M' || base[1] != 'Z') return false;
    const uint8_t *pe = base + nr_get_u32(base + 60);
    if (memcmp(pe, "PE\0\0", 4)) return false;
    uint32_t directories = nr_get_u16(pe + 24) == 0x20B ? 112 : 96;
    nr_loaded_image i = {
        .base = base, .pe = pe, .flat = flags & FLAT_LAYOUT, .collectible = flags & NR_MODULE_COLLECTIBLE};
    const uint8_t *header = nr_image_at(&i, nr_get_u32(pe + 24 + directories + 14 * 8), 72);
    if (!header) return false;
    i.size = nr_get_u32(header + 12);
    i.metadata = nr_image_at(&i, nr_get_u32(header + 8), i.size);
    if (!i.metadata || i.size < 4 || memcmp(i.metadata, "BSJB", 4)) return false;
    i.native = nr_get_u32(header + 64);
    *image = i;
    return true;
}
