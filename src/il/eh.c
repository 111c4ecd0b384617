#include "il/eh.h"

static nr_eh_clause read_clause(const uint8_t *p, bool fat)
{
    nr_eh_clause c;
    if (fat) {
        c.flags = nr_get_u32(p);
        c.try_offset = nr_get_u32(p + 4);
        c.try_length = nr_get_u32(p + 8);
        c.handler_offset = nr_get_u32(p + 12);
        c.handler_length = nr_get_u32(p + 16);
        c.token_or_filter = nr_get_u32(p + 20);
    } else {
        c.flags = nr_get_u16(p);
        c.try_offset = nr_get_u16(p + 2);
        c.try_length = p[4];
        c.handler_offset = nr_get_u16(p + 5);
        c.handler_length = p[7];
        c.token_or_filter = nr_get_u32(p + 8);
    }
    return c;
}

static uint32_t clause_size(bool fat)
{
    return fat ? NR_EH_FAT_CLAUSE : NR_EH_SMALL_CLAUSE;
}

nr_il_error nr_eh_section_at(const uint8_t *bytes, size_t size, size_t offset, nr_eh_section *out)
{
    nr_eh_section s = {0};
    if (offset > size || size - offset < NR_EH_SECTION_HEADER) return NR_IL_SECTION_TRUNCATED;
    const uint8_t *p = bytes + offset;
    s.offset = offset;
    s.kind = p[0];
    s.is_eh = (s.kind & NR_EH_KIND_MASK) == NR_EH_KIND;
    s.fat = (s.kind & NR_EH_FAT) != 0;
    s.more = (s.kind & NR_EH_MORE) != 0;
    s.data_size = s.fat ? nr_get_u32(p) >> 8 : p[1];
    if (s.is_eh) {
        s.clauses = s.data_size / clause_size(s.fat);
        s.size = NR_EH_SECTION_HEADER + s.clauses * clause_size(s.fat);
    } else {
        /* It would chain to itself. */
        if (s.data_size == 0 && s.more) return NR_IL_SECTION_SIZE;
        s.size = s.data_size;
    }
    if (s.size > size - offset) return NR_IL_SECTION_TRUNCATED;
    *out = s;
    return NR_IL_OK;
}

nr_eh_clause nr_eh_section_clause(const uint8_t *bytes, const nr_eh_section *s, uint32_t i)
{
    return read_clause(bytes + s->offset + NR_EH_SECTION_HEADER + (size_t)i * clause_size(s->fat), s->fat);
}

nr_il_error nr_eh_read_single(nr_arena *arena, const uint8_t *bytes, size_t size, size_t offset,
                              nr_eh_clause **clauses, size_t *count)
{
    nr_il_error err = NR_IL_OK;
    nr_eh_clause *list = NULL;
    size_t n = 0;

    if (offset >= size) {
        err = NR_IL_SECTION_TRUNCATED;
        goto done;
    }
    /* 5.1: bits are tested, not the kind, so kind 3 passes. */
    uint8_t kind = bytes[offset];
    bool fat = (kind & NR_EH_FAT) != 0;
    if (!(kind & NR_EH_KIND)) {
        err = NR_IL_SECTION_KIND;
        goto done;
    }
    if (kind & NR_EH_MORE) {
        err = NR_IL_SECTION_CHAIN;
        goto done;
    }
    if (size - offset < NR_EH_SECTION_HEADER) {
        err = NR_IL_SECTION_TRUNCATED;
        goto done;
    }
    uint32_t data_size = fat ? nr_get_u32(bytes + offset) >> 8 : bytes[offset + 1];
    if (data_size < NR_EH_SECTION_HEADER) {
        err = NR_IL_SECTION_SIZE;
        goto done;
    }
    n = (data_size - NR_EH_SECTION_HEADER) / clause_size(fat);
    if (n * clause_size(fat) > size - offset - NR_EH_SECTION_HEADER) {
        err = NR_IL_SECTION_TRUNCATED;
        goto done;
    }
    list = nr_arena_zalloc(arena, n, sizeof *list);
    if (!list) {
        err = NR_IL_NO_MEMORY;
        goto done;
    }
    const uint8_t *p = bytes + offset + NR_EH_SECTION_HEADER;
    for (size_t i = 0; i < n; i++, p += clause_size(fat)) {
        list[i] = read_clause(p, fat);
        /* 5.3, 5.4: a fat filter is one by its whole flags, a small one by the bit; what is neither filter nor
         * catch loses its last field when it is written. */
        bool filter = fat ? list[i].flags == NR_EH_FILTER : (list[i].flags & NR_EH_FILTER) != 0;
        if (!filter && list[i].flags != NR_EH_CATCH) list[i].token_or_filter = 0;
    }
    *clauses = list;
    *count = n;
done:
    return err;
}

nr_il_error nr_eh_read_chain(nr_arena *arena, const uint8_t *bytes, size_t size, size_t offset,
                             nr_eh_clause **clauses, size_t *count)
{
    nr_il_error err = NR_IL_OK;
    nr_eh_clause *list = NULL;
    nr_eh_section s;
    uint32_t room = 0;

    /* The kind is looked at before anything else is, so a section of another kind may be as broken as it likes. */
    if (offset >= size) {
        err = NR_IL_SECTION_TRUNCATED;
        goto done;
    }
    if ((bytes[offset] & NR_EH_KIND_MASK) != NR_EH_KIND) {
        *clauses = NULL;
        *count = 0;
        goto done;
    }
    for (bool first = true, more = true; more; first = false, more = s.more) {
        err = nr_eh_section_at(bytes, size, offset, &s);
        if (err) goto done;
        if (first) {
            room = s.clauses;
            list = nr_arena_zalloc(arena, room, sizeof *list);
            if (!list) {
                err = NR_IL_NO_MEMORY;
                goto done;
            }
        }
        if (s.clauses > room) {
            err = NR_IL_SECTION_OVERFLOW;
            goto done;
        }
        for (uint32_t i = 0; i < s.clauses; i++) list[i] = nr_eh_section_clause(bytes, &s, i);
        /* As if the body started at a multiple of four: its copy does. */
        offset = (s.offset + s.size + 3) & ~(size_t)3;
    }
    *clauses = list;
    *count = room;
done:
    return err;
}

static bool fits_small(const nr_eh_clause *clauses, size_t count)
{
    if (count * NR_EH_SMALL_CLAUSE + NR_EH_SECTION_HEADER >= NR_EH_SMALL_LIMIT) return false;
    for (size_t i = 0; i < count; i++) {
        const nr_eh_clause *c = &clauses[i];
        if (c->try_offset > 0xFFFF || c->try_length > 0xFF) return false;
        if (c->handler_offset > 0xFFFF || c->handler_length > 0xFF) return false;
    }
    return true;
}

void nr_eh_write_best(uint8_t *out, const nr_eh_clause *clauses, size_t count)
{
    bool fat = !fits_small(clauses, count);
    uint32_t data_size = (uint32_t)(NR_EH_SECTION_HEADER + count * clause_size(fat));
    nr_put_u32(out, NR_EH_KIND | (fat ? NR_EH_FAT : 0u) | data_size << 8);
    uint8_t *p = out + NR_EH_SECTION_HEADER;
    for (size_t i = 0; i < count; i++, p += clause_size(fat)) {
        const nr_eh_clause *c = &clauses[i];
        if (fat) {
            nr_put_u32(p, c->flags);
            nr_put_u32(p + 4, c->try_offset);
            nr_put_u32(p + 8, c->try_length);
            nr_put_u32(p + 12, c->handler_offset);
            nr_put_u32(p + 16, c->handler_length);
            nr_put_u32(p + 20, c->token_or_filter);
        } else {
            nr_put_u16(p, (uint16_t)c->flags);
            nr_put_u16(p + 2, (uint16_t)c->try_offset);
            p[4] = (uint8_t)c->try_length;
            nr_put_u16(p + 5, (uint16_t)c->handler_offset);
            p[7] = (uint8_t)c->handler_length;
            nr_put_u32(p + 8, c->token_or_filter);
        }
    }
}
