#include "clr/loaded_image.h"

#include "base/buf.h"
#include "os/guard.h"

#include <string.h>

enum { COLLECTIBLE = 0x8, FLAT_LAYOUT = 0x20 }; /* COR_PRF_MODULE_FLAGS; flat: sections lie as in the file */

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

/* II.25.3: where an address relative to the image is. The runtime has checked the headers. */
static const uint8_t *at_rva(const uint8_t *base, const uint8_t *pe, bool flat, uint32_t rva)
{
    const uint8_t *section = pe + 24 + nr_get_u16(pe + 20);
    if (!flat) return base + rva;
    for (unsigned i = nr_get_u16(pe + 6); i; i--, section += 40) {
        uint32_t from = nr_get_u32(section + 12), size = nr_get_u32(section + 16);
        if (rva >= from && rva - from < size) return base + nr_get_u32(section + 20) + (rva - from);
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
    uint32_t cli = nr_get_u32(pe + 24 + directories + 14 * 8);
    const uint8_t *header = cli ? at_rva(base, pe, flags & FLAT_LAYOUT, cli) : NULL;
    const uint8_t *root = header ? at_rva(base, pe, flags & FLAT_LAYOUT, nr_get_u32(header + 8)) : NULL;
    if (!root || memcmp(root, "BSJB", 4)) return false;
    *image = (nr_loaded_image){root, nr_get_u32(header + 12), (flags & COLLECTIBLE) != 0};
    return true;
}
