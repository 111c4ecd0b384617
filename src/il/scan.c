#include "il/scan.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "il/opcodes.h"

#include <string.h>

static void add(nr_scan *s, nr_scan_offsets *list, size_t offset)
{
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 64;
        uint32_t *items = nr_alloc(list->items, list->room * sizeof *items, room * sizeof *items);
        if (!items) {
            s->failed = true;
            return;
        }
        list->items = items;
        list->room = room;
    }
    list->items[list->count++] = (uint32_t)offset;
}

static void scan_code(nr_scan *s, const uint8_t *p, size_t at, size_t end)
{
    while (at < end) {
        uint16_t code = p[at] != 0xFE ? p[at] : at + 1 < end ? (uint16_t)(0xFE00 | p[at + 1]) : (uint16_t)0xFEFF;
        nr_opcode op = nr_opcode_by_code(code);
        if (op == NR_OP_COUNT) {
            s->bad = true;
            return;
        }
        size_t operand = at + nr_opcode_size(op), n = nr_opcodes[op].operand_size;
        if (n > end || operand > end - n) {
            s->bad = true;
            return;
        }
        if (nr_opcode_has_token(op)) add(s, &s->tokens, operand);
        if (nr_opcodes[op].operand == NR_OPERAND_I8) add(s, &s->longs, operand);
        if (nr_opcodes[op].operand == NR_OPERAND_SWITCH) {
            uint64_t arms = (uint64_t)nr_get_u32(p + operand) * 4;
            if (arms > end - operand - n) {
                s->bad = true;
                return;
            }
            n += (size_t)arms;
        }
        at = operand + n;
    }
}

/* II.25.4.5: clauses of type 0 hold a class token in their last word. */
static size_t scan_section(nr_scan *s, const uint8_t *p, size_t at, size_t size, bool *more)
{
    uint8_t kind = p[at];
    bool fat = kind & 0x40;
    size_t bytes = fat ? nr_get_u32(p + at) >> 8 : p[at + 1], step = fat ? 24 : 12;
    *more = kind & 0x80;
    if (bytes < 4 || bytes > size - at) {
        s->bad = true;
        *more = false;
        return size;
    }
    for (size_t o = at + 4; (kind & 0x3F) == 1 && o + step <= at + bytes; o += step)
        if (!((fat ? nr_get_u32(p + o) : nr_get_u16(p + o)) & 7)) add(s, &s->tokens, o + step - 4);
    return at + bytes;
}

static void scan_parts(nr_scan *s, const uint8_t *p, size_t size)
{
    size_t code = 1, length;
    bool more = false;
    if (!size) {
        s->bad = true;
        return;
    }
    if ((p[0] & 3) == 2) {
        length = p[0] >> 2;
    } else if (size < 12) {
        s->bad = true;
        return;
    } else {
        code = (size_t)(p[1] >> 4) * 4;
        length = nr_get_u32(p + 4);
        more = p[0] & 8;
        if (nr_get_u32(p + 8)) add(s, &s->tokens, 8);
    }
    if (code > size || length > size - code) {
        s->bad = true;
        return;
    }
    scan_code(s, p, code, code + length);
    s->size = code + length;
    while (more) {
        size_t at = (s->size + 3) & ~(size_t)3;
        if (at > size || size - at < 4) {
            s->bad = true;
            return;
        }
        s->size = scan_section(s, p, at, size, &more);
    }
}

bool nr_scan_body(nr_scan *s, const uint8_t *p, size_t size)
{
    memset(s, 0, sizeof *s);
    scan_parts(s, p, size);
    return !s->failed;
}

void nr_scan_free(nr_scan *s)
{
    nr_free(s->tokens.items, s->tokens.room * sizeof *s->tokens.items);
    nr_free(s->longs.items, s->longs.room * sizeof *s->longs.items);
}
