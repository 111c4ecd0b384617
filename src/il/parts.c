#include "il/parts.h"

#include "il/eh.h"
#include "il/header.h"

#include <string.h>

/* Everything but the sections. */
static nr_il_error parse_head(const uint8_t *bytes, size_t size, nr_body_header *h, nr_body_parts *out)
{
    nr_il_error err = nr_header_read(bytes, size, h);
    if (err) return err;
    if (!h->tiny && h->dwords < NR_IL_FAT_HEADER / 4) return NR_IL_HEADER_SIZE;
    nr_body_parts b = {0};
    b.tiny = h->tiny;
    b.header = bytes;
    b.header_size = h->code_offset;
    b.flags = h->flags;
    b.max_stack = h->max_stack;
    b.local_var_sig = h->local_var_sig;
    b.code = bytes + h->code_offset;
    b.code_size = h->code_size;
    b.size = b.header_size + b.code_size;
    *out = b;
    return NR_IL_OK;
}

nr_il_error nr_body_parse_code(const uint8_t *bytes, size_t size, nr_body_parts *out)
{
    nr_body_header h;
    return parse_head(bytes, size, &h, out);
}

nr_il_error nr_body_parse(nr_arena *arena, const uint8_t *bytes, size_t size, nr_body_parts *out)
{
    nr_il_error err = NR_IL_OK;
    nr_body_header h;
    nr_eh_section s;
    nr_body_parts b;

    err = parse_head(bytes, size, &h, &b);
    if (err) goto done;
    size_t end = b.size;
    for (bool more = h.sections; more; more = s.more) {
        err = nr_eh_section_at(bytes, size, end + nr_body_padding(end), &s);
        if (err) goto done;
        end = s.offset + s.size;
        b.section_count++;
    }
    b.sections = nr_arena_zalloc(arena, b.section_count, sizeof *b.sections);
    if (!b.sections) {
        err = NR_IL_NO_MEMORY;
        goto done;
    }
    for (size_t i = 0; i < b.section_count; i++) {
        nr_body_section *to = &b.sections[i];
        to->gap = bytes + b.size;
        to->gap_size = nr_body_padding(b.size);
        nr_eh_section_at(bytes, size, b.size + to->gap_size, &s); /* has succeeded above */
        to->bytes = bytes + s.offset;
        to->size = s.size;
        to->kind = s.kind;
        to->clause_count = s.clauses;
        b.size = s.offset + s.size;
    }
    *out = b;
done:
    return err;
}

nr_il_error nr_body_encode(nr_buf *out, const nr_body_parts *parts)
{
    nr_il_error err = NR_IL_OK;
    size_t start = out->size;

    if (parts->tiny) {
        err = nr_body_write_tiny(out, parts->code, parts->code_size);
        goto done;
    }
    if (parts->code_size > UINT32_MAX) {
        err = NR_IL_TOO_LARGE;
        goto done;
    }
    nr_buf_put(out, parts->header, parts->header_size);
    if (!out->failed) nr_put_u32(out->data + start + 4, (uint32_t)parts->code_size);
    nr_buf_put(out, parts->code, parts->code_size);
    for (size_t i = 0; i < parts->section_count; i++) {
        const nr_body_section *s = &parts->sections[i];
        size_t gap = nr_body_padding(out->size - start);
        if (gap == s->gap_size) {
            nr_buf_put(out, s->gap, gap);
        } else {
            nr_buf_fill(out, 0, gap);
        }
        nr_buf_put(out, s->bytes, s->size);
    }
    if (out->failed) {
        out->size = start;
        err = NR_IL_NO_MEMORY;
    }
done:
    return err;
}

nr_eh_clause nr_body_section_clause(const nr_body_section *section, uint32_t i)
{
    nr_eh_section s = {0};
    s.fat = (section->kind & NR_EH_FAT) != 0;
    return nr_eh_section_clause(section->bytes, &s, i);
}
