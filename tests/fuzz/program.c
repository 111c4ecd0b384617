#include "program.h"

#include "il/body.h"

enum { DEEPEST = 4, MOST_STATEMENTS = 12, MOST_CLAUSES = 24, MOST_FIXUPS = 400 };

typedef struct fixup { /* a displacement that is filled in when all statements of its block have places */
    uint32_t at, from; /* of the displacement; of the next instruction */
    uint8_t size;      /* 1 or 4 bytes */
    uint8_t target;    /* statement of the block */
} fixup;

typedef struct maker {
    fuzz_input *in;
    fuzz_shape shape;
    uint32_t catch_type;
    size_t most;
    nr_buf code;
    nr_eh_clause clauses[MOST_CLAUSES];
    size_t clause_count, open; /* written; being made around this place */
    fixup fixups[MOST_FIXUPS];
    size_t fixup_count;
} maker;

static void block(maker *m, unsigned depth, unsigned count);

static void ret(maker *m)
{
    if (m->shape.returns) nr_buf_u8(&m->code, 0x17); /* ldc.i4.1 */
    nr_buf_u8(&m->code, 0x2A);
}

static void branch(maker *m, uint8_t opcode, uint8_t size, unsigned count)
{
    if (m->fixup_count == MOST_FIXUPS) {
        nr_buf_u8(&m->code, 0x26); /* pop the condition */
        return;
    }
    nr_buf_u8(&m->code, opcode);
    fixup *f = &m->fixups[m->fixup_count++];
    f->at = (uint32_t)m->code.size;
    nr_buf_fill(&m->code, 0, size);
    f->from = (uint32_t)m->code.size;
    f->size = size;
    f->target = (uint8_t)fuzz_below(m->in, count);
}

static void choose(maker *m, unsigned count)
{
    unsigned arms = fuzz_below(m->in, 5);
    if (m->fixup_count + arms > MOST_FIXUPS) return;
    nr_buf_u8(&m->code, 0x16); /* ldc.i4.0 */
    nr_buf_u8(&m->code, 0x45);
    nr_buf_u32(&m->code, arms);
    uint32_t from = (uint32_t)m->code.size + 4 * arms;
    for (unsigned i = 0; i < arms; i++) {
        m->fixups[m->fixup_count++] = (fixup){(uint32_t)m->code.size, from, 4, (uint8_t)fuzz_below(m->in, count)};
        nr_buf_u32(&m->code, 0);
    }
}

/* leave to what follows the whole statement; returns where the displacement is. */
static uint32_t leave(maker *m)
{
    nr_buf_u8(&m->code, 0xDD);
    nr_buf_u32(&m->code, 0);
    return (uint32_t)m->code.size - 4;
}

static void guarded(maker *m, unsigned depth)
{
    bool finally = fuzz_below(m->in, 2);
    uint32_t start = (uint32_t)m->code.size;
    if (depth == DEEPEST || m->clause_count + m->open == MOST_CLAUSES) return;
    m->open++;
    block(m, depth + 1, fuzz_below(m->in, 4));
    uint32_t out = leave(m), out2 = 0, handler = (uint32_t)m->code.size;
    if (!finally) nr_buf_u8(&m->code, 0x26); /* pop the exception */
    block(m, depth + 1, fuzz_below(m->in, 3));
    if (finally)
        nr_buf_u8(&m->code, 0xDC);
    else
        out2 = leave(m);
    uint32_t end = (uint32_t)m->code.size;
    if (!m->code.failed) {
        nr_put_u32(m->code.data + out, end - out - 4);
        if (out2) nr_put_u32(m->code.data + out2, end - out2 - 4);
    }
    m->open--;
    m->clauses[m->clause_count++] = (nr_eh_clause){finally ? NR_EH_FINALLY : NR_EH_CATCH,
                                                   start,
                                                   handler - start,
                                                   handler,
                                                   end - handler,
                                                   finally ? 0 : m->catch_type};
}

static void statement(maker *m, unsigned depth, unsigned count)
{
    switch (fuzz_below(m->in, 10)) {
    case 0: nr_buf_u8(&m->code, 0); break;
    case 1: nr_buf_put(&m->code, "\x1f\x2a\x26", 3); break; /* ldc.i4.s '*' (the byte of RET), pop */
    case 2: nr_buf_put(&m->code, "\x20\x2a\x2a\x2a\x2a\x26", 6); break;
    case 3: nr_buf_put(&m->code, "\x14\x14\xfe\x01\x26", 5); break; /* ldnull, ldnull, ceq, pop */
    case 4:
        if (m->shape.arguments) {
            nr_buf_u8(&m->code, 0x0E); /* ldarg.s */
            nr_buf_u8(&m->code, (uint8_t)fuzz_below(m->in, m->shape.arguments));
            nr_buf_u8(&m->code, 0x26);
        }
        break;
    case 5:
        nr_buf_u8(&m->code, 0x16);
        branch(m, 0x2C, 1, count); /* brfalse.s */
        break;
    case 6:
        nr_buf_u8(&m->code, 0x16);
        branch(m, 0x39, 4, count); /* brfalse */
        break;
    case 7: choose(m, count); break;
    case 8: guarded(m, depth); break;
    default:
        if (depth == 0 && fuzz_below(m->in, 2)) {
            /* behind a branch around it, so that what follows is reachable */
            nr_buf_u8(&m->code, 0x16);
            nr_buf_u8(&m->code, 0x2D); /* brtrue.s */
            nr_buf_u8(&m->code, m->shape.returns ? 2 : 1);
            ret(m);
        }
        break;
    }
}

/* `count` statements and an empty one behind them that can be branched to. */
static void block(maker *m, unsigned depth, unsigned count)
{
    uint32_t starts[MOST_STATEMENTS + 1];
    size_t mine = m->fixup_count;
    for (unsigned i = 0; i <= count; i++) {
        starts[i] = (uint32_t)m->code.size;
        if (i < count && m->code.size < m->most)
            statement(m, depth, count + 1);
        else
            nr_buf_u8(&m->code, 0);
    }
    for (size_t k = mine; k < m->fixup_count && !m->code.failed; k++) {
        const fixup *f = &m->fixups[k];
        int32_t d = (int32_t)(starts[f->target % (count + 1)] - f->from);
        if (f->size == 4)
            nr_put_u32(m->code.data + f->at, (uint32_t)d);
        else if (d >= -128 && d <= 127)
            m->code.data[f->at] = (uint8_t)d;
    }
    m->fixup_count = mine;
}

/* II.25.4.6: 16-bit offsets, 8-bit lengths. */
static bool fits_small(const maker *m)
{
    for (size_t i = 0; i < m->clause_count; i++) {
        const nr_eh_clause *c = &m->clauses[i];
        if (c->handler_offset > 0xFFFF || c->try_length > 0xFF || c->handler_length > 0xFF) return false;
    }
    return m->clause_count <= 20;
}

static void fat(const maker *m, uint32_t flags, nr_buf *body)
{
    nr_buf_u32(body, 3u << 12 | NR_IL_FAT_FORMAT | flags | 8u << 16);
    nr_buf_u32(body, (uint32_t)m->code.size);
    nr_buf_u32(body, 0);
    nr_buf_put(body, m->code.data, m->code.size);
}

static void small_section(const maker *m, nr_buf *body)
{
    nr_buf_fill(body, 0, (4 - body->size % 4) % 4);
    nr_buf_u8(body, 1);
    nr_buf_u8(body, (uint8_t)(m->clause_count * 12 + 4));
    nr_buf_u16(body, 0);
    for (size_t i = 0; i < m->clause_count; i++) {
        const nr_eh_clause *c = &m->clauses[i];
        nr_buf_u16(body, (uint16_t)c->flags);
        nr_buf_u16(body, (uint16_t)c->try_offset);
        nr_buf_u8(body, (uint8_t)c->try_length);
        nr_buf_u16(body, (uint16_t)c->handler_offset);
        nr_buf_u8(body, (uint8_t)c->handler_length);
        nr_buf_u32(body, c->token_or_filter);
    }
}

void fuzz_program(fuzz_input *in, fuzz_shape shape, uint32_t catch_type, size_t most, nr_buf *body)
{
    maker m = {.in = in, .shape = shape, .catch_type = catch_type, .most = most, .code = NR_BUF_INIT};
    block(&m, 0, 1 + fuzz_below(in, MOST_STATEMENTS - 1));
    ret(&m);
    bool compact = fuzz_below(in, 2);
    if (!m.clause_count && m.code.size <= NR_IL_TINY_MAX_CODE && compact) {
        nr_body_write_tiny(body, m.code.data, m.code.size);
    } else if (m.clause_count && compact && fits_small(&m)) {
        fat(&m, NR_IL_MORE_SECTS, body);
        small_section(&m, body);
    } else if (m.clause_count) {
        nr_body_write_fat(body, NR_IL_FAT_FORMAT | NR_IL_INIT_LOCALS, 8, 0, m.code.data, m.code.size, m.clauses,
                          m.clause_count);
    } else {
        fat(&m, 0, body);
    }
    nr_buf_free(&m.code);
}
