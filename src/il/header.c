#include "il/header.h"

#include "base/buf.h"
#include "il/body.h"

nr_il_error nr_header_read(const uint8_t *bytes, size_t size, nr_body_header *out)
{
    nr_body_header h = {0};
    if (size == 0) return NR_IL_EMPTY;
    if ((bytes[0] & NR_TINY_MASK) == NR_TINY_FORMAT) {
        h.tiny = true;
        h.max_stack = NR_IL_TINY_MAX_STACK;
        h.code_offset = 1;
        h.code_size = bytes[0] >> 2;
    } else if ((bytes[0] & NR_FAT_FORMAT_MASK) == NR_IL_FAT_FORMAT) {
        if (size < NR_IL_FAT_HEADER) return NR_IL_TRUNCATED;
        h.flags = (uint16_t)(nr_get_u16(bytes) & 0x0FFF);
        h.dwords = bytes[1] >> 4;
        h.max_stack = nr_get_u16(bytes + 2);
        h.code_size = nr_get_u32(bytes + 4);
        h.local_var_sig = nr_get_u32(bytes + 8);
        h.code_offset = (uint32_t)h.dwords * 4;
        h.sections = (h.flags & NR_IL_MORE_SECTS) != 0;
    } else {
        return NR_IL_NOT_TINY_OR_FAT;
    }
    if (h.code_offset > size || h.code_size > size - h.code_offset) return NR_IL_TRUNCATED;
    *out = h;
    return NR_IL_OK;
}
