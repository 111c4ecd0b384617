#include "il/body.h"

#include "il/eh.h"
#include "il/header.h"
#include "il/opcodes.h"

#include <string.h>

nr_il_error nr_body_split(nr_arena *arena, const uint8_t *bytes, size_t size, nr_method_body *out)
{
    nr_il_error err = NR_IL_OK;
    nr_body_header h;
    nr_method_body b = {0};

    err = nr_header_read(bytes, size, &h);
    if (err) goto done;
    /* 12 bytes of header are written again with the old size field, so anything but 3 would shift the code (C10). */
    if (!h.tiny && h.dwords != NR_IL_FAT_HEADER / 4) {
        err = NR_IL_HEADER_SIZE;
        goto done;
    }
    /* 2.5: a tiny body gets InitLocals here, though it has no locals. */
    b.flags = h.tiny ? NR_IL_FAT_FORMAT | NR_IL_INIT_LOCALS : h.flags;
    b.header_dwords = NR_IL_FAT_HEADER / 4;
    b.max_stack = h.max_stack;
    b.local_var_sig = h.local_var_sig;
    b.code = bytes + h.code_offset;
    b.code_size = h.code_size;
    if (h.sections) {
        err = nr_eh_read_single(arena, bytes, size, nr_header_sections(&h), &b.clauses, &b.clause_count);
        if (err) goto done;
    }
    *out = b;
done:
    return err;
}

nr_il_error nr_body_replace_last_ret(nr_arena *arena, nr_method_body *body, bool *replaced)
{
    if (body->code_size == 0) return NR_IL_EMPTY_CODE;
    uint8_t *copy = nr_arena_copy(arena, body->code, body->code_size);
    if (!copy) return NR_IL_NO_MEMORY;
    uint8_t *last = copy + body->code_size - 1;
    *replaced = *last == NR_CODE_RET;
    if (*replaced) *last = NR_CODE_NOP;
    body->code = copy;
    return NR_IL_OK;
}

nr_il_error nr_body_write_fat(nr_buf *out, uint16_t flags, uint16_t max_stack, uint32_t local_var_sig,
                              const uint8_t *code, size_t code_size, const nr_eh_clause *clauses,
                              size_t clause_count)
{
    nr_il_error err = NR_IL_OK;
    size_t start = out->size;

    if (code_size > UINT32_MAX) {
        err = NR_IL_TOO_LARGE;
        goto done;
    }
    if (clause_count > (NR_EH_MAX_DATA_SIZE - NR_EH_SECTION_HEADER) / NR_EH_FAT_CLAUSE) {
        err = NR_IL_CLAUSES_TOO_LARGE;
        goto done;
    }
    flags = (uint16_t)((flags & 0x0FFF) | NR_IL_FAT_FORMAT | NR_IL_MORE_SECTS);
    nr_buf_u16(out, (uint16_t)(flags | (NR_IL_FAT_HEADER / 4) << 12));
    nr_buf_u16(out, max_stack);
    nr_buf_u32(out, (uint32_t)code_size);
    nr_buf_u32(out, local_var_sig);
    nr_buf_put(out, code, code_size);
    nr_buf_fill(out, 0, nr_body_padding(out->size - start));
    nr_buf_u32(out, NR_EH_KIND | NR_EH_FAT | (uint32_t)(NR_EH_SECTION_HEADER + clause_count * NR_EH_FAT_CLAUSE) << 8);
    for (size_t i = 0; i < clause_count; i++) {
        const nr_eh_clause *c = &clauses[i];
        bool last = c->flags == NR_EH_CATCH || (c->flags & NR_EH_FILTER);
        nr_buf_u32(out, c->flags);
        nr_buf_u32(out, c->try_offset);
        nr_buf_u32(out, c->try_length);
        nr_buf_u32(out, c->handler_offset);
        nr_buf_u32(out, c->handler_length);
        nr_buf_u32(out, last ? c->token_or_filter : 0);
    }
    if (out->failed) {
        out->size = start;
        err = NR_IL_NO_MEMORY;
    }
done:
    return err;
}

nr_il_error nr_body_write_tiny(nr_buf *out, const uint8_t *code, size_t code_size)
{
    if (code_size > NR_IL_TINY_MAX_CODE) return NR_IL_TINY_TOO_LARGE;
    size_t start = out->size;
    nr_buf_u8(out, (uint8_t)(code_size << 2 | NR_TINY_FORMAT));
    nr_buf_put(out, code, code_size);
    if (!out->failed) return NR_IL_OK;
    out->size = start;
    return NR_IL_NO_MEMORY;
}

nr_il_error nr_body_size(const uint8_t *bytes, size_t size, size_t *body_size)
{
    nr_il_error err = NR_IL_OK;
    nr_body_header h;
    nr_eh_section s;

    err = nr_header_read(bytes, size, &h);
    if (err) goto done;
    if (!h.tiny && h.dwords < NR_IL_FAT_HEADER / 4) {
        err = NR_IL_HEADER_SIZE;
        goto done;
    }
    size_t end = (size_t)h.code_offset + h.code_size;
    for (bool more = h.sections; more; more = s.more) {
        err = nr_eh_section_at(bytes, size, end + nr_body_padding(end), &s);
        if (err) goto done;
        end = s.offset + s.size;
    }
    *body_size = end;
done:
    return err;
}
