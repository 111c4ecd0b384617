#include "il/emit.h"

#include "base/alloc.h"

#include <limits.h>

struct nr_emit_fixup {
    uint32_t at;   /* offset of the displacement */
    uint32_t size; /* 1 or 4; it is the last thing of its instruction */
    int label;
};

struct nr_emit_region {
    uint32_t start, handler;
    bool in_handler;
};

enum { FIRST_LONG_INDEX = 255, FIRST_SHORT_INDEX = 4, FIRST_ROOM = 16 };

nr_emit nr_emit_start(nr_buf *code)
{
    nr_emit e = {0};
    e.code = code;
    e.start = code->size;
    return e;
}

void nr_emit_free(nr_emit *e)
{
    nr_free(e->labels, e->label_room * sizeof *e->labels);
    nr_free(e->fixups, e->fixup_room * sizeof *e->fixups);
    nr_free(e->open, e->open_room * sizeof *e->open);
    nr_free(e->clauses, e->clause_room * sizeof *e->clauses);
    nr_emit none = {0};
    *e = none;
}

static void fail(nr_emit *e, nr_il_error error)
{
    if (!e->error) e->error = error;
}

/* The array with room for one more, or NULL after the error has been noted. */
static void *room_for_one(nr_emit *e, void *array, size_t count, size_t *room, size_t size)
{
    if (count < *room) return array;
    size_t want = *room ? *room * 2 : FIRST_ROOM;
    void *p = want > INT_MAX / size ? NULL : nr_alloc(array, *room * size, want * size);
    if (!p) {
        fail(e, NR_IL_NO_MEMORY);
        return NULL;
    }
    *room = want;
    return p;
}

uint32_t nr_emit_offset(const nr_emit *e)
{
    return (uint32_t)(e->code->size - e->start);
}

static void opcode(nr_emit *e, nr_opcode op)
{
    uint16_t code = nr_opcodes[op].code;
    if (code >= NR_CODE_TWO_BYTES) nr_buf_u8(e->code, (uint8_t)(code >> 8));
    nr_buf_u8(e->code, (uint8_t)code);
}

void nr_emit_op(nr_emit *e, nr_opcode op)
{
    if (op >= NR_OP_COUNT || nr_opcodes[op].operand != NR_OPERAND_NONE) {
        fail(e, NR_IL_EMIT_OPERAND);
        return;
    }
    opcode(e, op);
}

/* `v` is the zero or sign extension of its lowest `bits`. */
static bool fits(uint64_t v, unsigned bits)
{
    if (bits == 64) return true;
    uint64_t high = v >> (bits - 1);
    return high <= 1 || high == UINT64_MAX >> (bits - 1);
}

void nr_emit_operand(nr_emit *e, nr_opcode op, uint64_t operand)
{
    nr_operand kind = op < NR_OP_COUNT ? (nr_operand)nr_opcodes[op].operand : NR_OPERAND_NONE;
    if (kind == NR_OPERAND_NONE || kind == NR_OPERAND_SHORT_BR || kind == NR_OPERAND_BR || kind == NR_OPERAND_SWITCH ||
        !fits(operand, 8u * nr_opcodes[op].operand_size)) {
        fail(e, NR_IL_EMIT_OPERAND);
        return;
    }
    opcode(e, op);
    switch (nr_opcodes[op].operand_size) {
    case 1: nr_buf_u8(e->code, (uint8_t)operand); break;
    case 2: nr_buf_u16(e->code, (uint16_t)operand); break;
    case 4: nr_buf_u32(e->code, (uint32_t)operand); break;
    default: nr_buf_u64(e->code, operand); break;
    }
}

void nr_emit_bytes(nr_emit *e, const void *p, size_t n)
{
    nr_buf_put(e->code, p, n);
}

unsigned nr_emit_index_size(uint16_t n)
{
    return n < FIRST_SHORT_INDEX ? 1 : n < FIRST_LONG_INDEX ? 2 : 4;
}

/* 255 would fit the short form; the reference takes the long one (Q31). */
static void indexed(nr_emit *e, nr_opcode zero, nr_opcode short_form, nr_opcode long_form, uint16_t n)
{
    if (n < FIRST_SHORT_INDEX) {
        nr_emit_op(e, (nr_opcode)(zero + n));
    } else {
        nr_emit_operand(e, n < FIRST_LONG_INDEX ? short_form : long_form, n);
    }
}
_Static_assert(NR_OP_LDARG_3 - NR_OP_LDARG_0 == 3 && NR_OP_LDLOC_3 - NR_OP_LDLOC_0 == 3 &&
                   NR_OP_STLOC_3 - NR_OP_STLOC_0 == 3,
               "the forms for 0 to 3 follow each other");

void nr_emit_ldarg(nr_emit *e, uint16_t n)
{
    indexed(e, NR_OP_LDARG_0, NR_OP_LDARG_S, NR_OP_LDARG, n);
}

void nr_emit_ldloc(nr_emit *e, uint16_t n)
{
    indexed(e, NR_OP_LDLOC_0, NR_OP_LDLOC_S, NR_OP_LDLOC, n);
}

void nr_emit_stloc(nr_emit *e, uint16_t n)
{
    indexed(e, NR_OP_STLOC_0, NR_OP_STLOC_S, NR_OP_STLOC, n);
}

void nr_emit_ldc_i4(nr_emit *e, uint32_t value)
{
    nr_emit_operand(e, NR_OP_LDC_I4, value);
}

void nr_emit_ldc_i8(nr_emit *e, uint64_t value)
{
    nr_emit_operand(e, NR_OP_LDC_I8, value);
}

int nr_emit_label(nr_emit *e)
{
    uint32_t *labels = room_for_one(e, e->labels, e->label_count, &e->label_room, sizeof *labels);
    if (!labels) return -1;
    e->labels = labels;
    labels[e->label_count] = NR_EMIT_NOT_PLACED;
    return (int)e->label_count++;
}

static bool known_label(const nr_emit *e, int label)
{
    return label >= 0 && (size_t)label < e->label_count;
}

void nr_emit_place(nr_emit *e, int label)
{
    if (!known_label(e, label) || e->labels[label] != NR_EMIT_NOT_PLACED) {
        fail(e, NR_IL_EMIT_LABEL);
        return;
    }
    e->labels[label] = nr_emit_offset(e);
}

void nr_emit_branch(nr_emit *e, nr_opcode op, int label)
{
    nr_operand kind = op < NR_OP_COUNT ? (nr_operand)nr_opcodes[op].operand : NR_OPERAND_NONE;
    if (kind != NR_OPERAND_BR && kind != NR_OPERAND_SHORT_BR) {
        fail(e, NR_IL_EMIT_BRANCH);
        return;
    }
    if (!known_label(e, label)) {
        fail(e, NR_IL_EMIT_LABEL);
        return;
    }
    nr_emit_fixup *fixups = room_for_one(e, e->fixups, e->fixup_count, &e->fixup_room, sizeof *fixups);
    if (!fixups) return;
    e->fixups = fixups;
    opcode(e, op);
    nr_emit_fixup *f = &fixups[e->fixup_count++];
    f->at = nr_emit_offset(e);
    f->size = nr_opcodes[op].operand_size;
    f->label = label;
    nr_buf_fill(e->code, 0, f->size);
}

void nr_emit_try(nr_emit *e)
{
    nr_emit_region *open = room_for_one(e, e->open, e->open_count, &e->open_room, sizeof *open);
    if (!open) return;
    e->open = open;
    nr_emit_region r = {nr_emit_offset(e), 0, false};
    open[e->open_count++] = r;
}

void nr_emit_handler(nr_emit *e)
{
    nr_emit_region *r = e->open_count ? &e->open[e->open_count - 1] : NULL;
    if (!r || r->in_handler) {
        fail(e, NR_IL_EMIT_TRY);
        return;
    }
    r->handler = nr_emit_offset(e);
    r->in_handler = true;
}

void nr_emit_end_try(nr_emit *e, uint32_t flags, uint32_t token_or_filter)
{
    if (!e->open_count || !e->open[e->open_count - 1].in_handler) {
        fail(e, NR_IL_EMIT_TRY);
        return;
    }
    nr_eh_clause *clauses = room_for_one(e, e->clauses, e->clause_count, &e->clause_room, sizeof *clauses);
    if (!clauses) return;
    e->clauses = clauses;
    const nr_emit_region *r = &e->open[--e->open_count];
    nr_eh_clause *c = &clauses[e->clause_count++];
    c->flags = flags;
    c->try_offset = r->start;
    c->try_length = r->handler - r->start;
    c->handler_offset = r->handler;
    c->handler_length = nr_emit_offset(e) - r->handler;
    c->token_or_filter = token_or_filter;
}

nr_il_error nr_emit_finish(nr_emit *e)
{
    if (e->code->failed) fail(e, NR_IL_NO_MEMORY);
    if (e->code->size - e->start > INT32_MAX) fail(e, NR_IL_TOO_LARGE);
    if (e->open_count) fail(e, NR_IL_EMIT_TRY);
    if (e->error) return e->error;
    for (size_t i = 0; i < e->fixup_count; i++) {
        const nr_emit_fixup *f = &e->fixups[i];
        uint32_t target = e->labels[f->label];
        if (target == NR_EMIT_NOT_PLACED) continue;
        uint32_t d = target - (f->at + f->size);
        uint8_t *p = e->code->data + e->start + f->at;
        if (f->size == 4) {
            nr_put_u32(p, d);
        } else if ((int32_t)d >= INT8_MIN && (int32_t)d <= INT8_MAX) {
            *p = (uint8_t)d;
        } else {
            fail(e, NR_IL_EMIT_BRANCH);
        }
    }
    return e->error;
}
