#include "il/insn.h"

enum { ARM = 4 };

nr_il_error nr_insn_decode(const uint8_t *code, size_t size, size_t offset, nr_insn *out)
{
    nr_insn i = {0};
    size_t left = size - offset;
    uint16_t value = code[offset];
    if (value == NR_CODE_TWO_BYTES >> 8) {
        if (left < 2) return NR_IL_CODE_OVERRUN;
        value = (uint16_t)(NR_CODE_TWO_BYTES | code[offset + 1]);
    }
    i.op = nr_opcode_by_code(value);
    if (i.op == NR_OP_COUNT) return NR_IL_ILLEGAL_OPCODE;
    uint32_t opcode_size = nr_opcode_size(i.op), operand_size = nr_opcodes[i.op].operand_size;
    i.offset = (uint32_t)offset;
    i.size = opcode_size + operand_size;
    if (left < i.size) return NR_IL_CODE_OVERRUN;
    const uint8_t *p = code + offset + opcode_size;
    switch (operand_size) {
    case 1: i.operand = p[0]; break;
    case 2: i.operand = nr_get_u16(p); break;
    case 4: i.operand = nr_get_u32(p); break;
    case 8: i.operand = nr_get_u64(p); break;
    default: break;
    }
    if (i.op == NR_OP_SWITCH) {
        if (i.operand > (left - i.size) / ARM) return NR_IL_CODE_OVERRUN;
        i.arms = p + operand_size;
        i.size += (uint32_t)i.operand * ARM;
    }
    *out = i;
    return NR_IL_OK;
}

nr_il_error nr_insns_decode(nr_arena *arena, const uint8_t *code, size_t size, nr_insn **out, size_t *count,
                            size_t *bad)
{
    nr_il_error err = NR_IL_OK;
    nr_insn one, *list;
    size_t n = 0, pos = 0;

    if (size > UINT32_MAX) {
        err = NR_IL_TOO_LARGE;
        goto done;
    }
    for (; pos < size; pos += one.size, n++) {
        err = nr_insn_decode(code, size, pos, &one);
        if (err) goto done;
    }
    list = nr_arena_zalloc(arena, n, sizeof *list);
    if (!list) {
        err = NR_IL_NO_MEMORY;
        goto done;
    }
    pos = 0;
    for (size_t i = 0; i < n; i++) {
        nr_insn_decode(code, size, pos, &list[i]); /* has succeeded above */
        pos += list[i].size;
    }
    *out = list;
    *count = n;
done:
    if (err && bad) *bad = pos;
    return err;
}

void nr_insn_encode(nr_buf *out, const nr_insn *insn)
{
    uint16_t code = nr_opcodes[insn->op].code;
    if (code >= NR_CODE_TWO_BYTES) nr_buf_u8(out, (uint8_t)(code >> 8));
    nr_buf_u8(out, (uint8_t)code);
    switch (nr_opcodes[insn->op].operand_size) {
    case 1: nr_buf_u8(out, (uint8_t)insn->operand); break;
    case 2: nr_buf_u16(out, (uint16_t)insn->operand); break;
    case 4: nr_buf_u32(out, (uint32_t)insn->operand); break;
    case 8: nr_buf_u64(out, insn->operand); break;
    default: break;
    }
    if (insn->op == NR_OP_SWITCH) nr_buf_put(out, insn->arms, (size_t)insn->operand * ARM);
}

int64_t nr_insn_target(const nr_insn *insn, uint32_t arm)
{
    int64_t next = (int64_t)insn->offset + insn->size;
    switch (nr_opcodes[insn->op].operand) {
    case NR_OPERAND_SHORT_BR: return next + (int8_t)(uint8_t)insn->operand;
    case NR_OPERAND_BR: return next + (int32_t)(uint32_t)insn->operand;
    case NR_OPERAND_SWITCH: return next + (int32_t)nr_get_u32(insn->arms + (size_t)arm * ARM);
    default: return -1;
    }
}
