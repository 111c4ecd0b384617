#include "il/disasm.h"

#include "base/compiler.h"
#include "il/insn.h"
#include "il/parts.h"

#include <inttypes.h>
#include <string.h>

typedef struct printer {
    nr_buf *out;
    nr_disasm_name *name;
    void *context;
} printer;

static void token(const printer *p, uint32_t value)
{
    nr_buf_printf(p->out, "%08" PRIX32, value);
    if (!p->name) return;
    size_t before = p->out->size;
    nr_buf_u8(p->out, ' ');
    size_t after = p->out->size;
    p->name(p->context, value, p->out);
    if (p->out->size == after) p->out->size = before;
}

static void target(const printer *p, int64_t offset)
{
    if (offset < 0) {
        nr_buf_printf(p->out, "-0x%" PRIx64, (uint64_t)-offset);
    } else {
        nr_buf_printf(p->out, "IL_%04" PRIx64, (uint64_t)offset);
    }
}

/* The bits say it exactly; the decimal number is for the reader. */
static void real(const printer *p, const nr_insn *i, bool is_double)
{
    double d;
    if (is_double) {
        memcpy(&d, &i->operand, sizeof d);
        nr_buf_printf(p->out, "%.17g (0x%016" PRIx64 ")", d, i->operand);
    } else {
        float f;
        uint32_t bits = (uint32_t)i->operand;
        memcpy(&f, &bits, sizeof f);
        nr_buf_printf(p->out, "%.9g (0x%08" PRIx32 ")", (double)f, bits);
    }
}

static void operand(const printer *p, const nr_insn *i)
{
    nr_operand kind = (nr_operand)nr_opcodes[i->op].operand;
    if (kind == NR_OPERAND_NONE) return;
    nr_buf_u8(p->out, ' ');
    switch (kind) {
    case NR_OPERAND_SHORT_VAR:
    case NR_OPERAND_VAR:
        nr_buf_printf(p->out, "%" PRIu64, i->operand);
        break;
    case NR_OPERAND_SHORT_I:
        /* Alignments and checks are unsigned, the constant is not. */
        if (i->op == NR_OP_LDC_I4_S) {
            nr_buf_printf(p->out, "%d", (int8_t)(uint8_t)i->operand);
        } else {
            nr_buf_printf(p->out, "%" PRIu64, i->operand);
        }
        break;
    case NR_OPERAND_I:
        nr_buf_printf(p->out, "%" PRId32, (int32_t)(uint32_t)i->operand);
        break;
    case NR_OPERAND_I8:
        nr_buf_printf(p->out, "0x%016" PRIx64, i->operand);
        break;
    case NR_OPERAND_SHORT_R:
        real(p, i, false);
        break;
    case NR_OPERAND_R:
        real(p, i, true);
        break;
    case NR_OPERAND_SHORT_BR:
    case NR_OPERAND_BR:
        target(p, nr_insn_target(i, 0));
        break;
    case NR_OPERAND_SWITCH:
        nr_buf_u8(p->out, '(');
        for (uint32_t arm = 0; arm < i->operand; arm++) {
            if (arm) nr_buf_put_str(p->out, NR_STR(", "));
            target(p, nr_insn_target(i, arm));
        }
        nr_buf_u8(p->out, ')');
        break;
    default:
        token(p, (uint32_t)i->operand);
        break;
    }
}

nr_il_error nr_disasm_code(nr_buf *out, const char *indent, const uint8_t *code, size_t size, nr_disasm_name *name,
                           void *context)
{
    nr_il_error first = NR_IL_OK;
    const printer p = {out, name, context};
    nr_insn i;
    size_t step;

    for (size_t pos = 0; pos < size && !out->failed; pos += step) {
        nr_il_error err = nr_insn_decode(code, size, pos, &i);
        nr_buf_printf(out, "%sIL_%04" PRIx64 ": ", indent, (uint64_t)pos);
        if (err) {
            if (!first) first = err;
            step = 1;
            nr_buf_printf(out, ".byte 0x%02x", code[pos]);
        } else {
            step = i.size;
            nr_buf_put_str(out, nr_str_of(nr_opcodes[i.op].mnemonic));
            operand(&p, &i);
        }
        nr_buf_u8(out, '\n');
    }
    return out->failed ? NR_IL_NO_MEMORY : first;
}

static void header(const printer *p, const nr_body_parts *b)
{
    static const uint16_t named = NR_IL_FAT_FORMAT | NR_IL_MORE_SECTS | NR_IL_INIT_LOCALS;
    const uint32_t size = (uint32_t)b->code_size;
    nr_buf_printf(p->out, "%s, code size %" PRIu32 " (0x%" PRIx32 "), max stack %u", b->tiny ? "tiny" : "fat", size, size,
                  b->max_stack);
    if (b->flags & NR_IL_INIT_LOCALS) nr_buf_put_str(p->out, NR_STR(", init locals"));
    if (b->flags & ~named) nr_buf_printf(p->out, ", flags 0x%03x", b->flags);
    if (!b->tiny && b->header_size != NR_IL_FAT_HEADER) nr_buf_printf(p->out, ", header of %u bytes", (unsigned)b->header_size);
    if (b->local_var_sig) {
        nr_buf_put_str(p->out, NR_STR(", locals "));
        token(p, b->local_var_sig);
    }
    nr_buf_u8(p->out, '\n');
}

static void range(const printer *p, uint32_t offset, uint32_t length)
{
    target(p, offset);
    nr_buf_put_str(p->out, NR_STR(".."));
    target(p, (int64_t)offset + length);
}

static void clause(const printer *p, const nr_eh_clause *c)
{
    nr_buf_put_str(p->out, NR_STR(".try "));
    range(p, c->try_offset, c->try_length);
    switch (c->flags) {
    case NR_EH_CATCH:
        nr_buf_put_str(p->out, NR_STR(" catch "));
        token(p, c->token_or_filter);
        break;
    case NR_EH_FILTER:
        nr_buf_put_str(p->out, NR_STR(" filter "));
        target(p, c->token_or_filter);
        break;
    case NR_EH_FINALLY:
        nr_buf_put_str(p->out, NR_STR(" finally"));
        break;
    case NR_EH_FAULT:
        nr_buf_put_str(p->out, NR_STR(" fault"));
        break;
    default:
        nr_buf_printf(p->out, " flags 0x%" PRIx32 " 0x%08" PRIx32, c->flags, c->token_or_filter);
        break;
    }
    nr_buf_put_str(p->out, NR_STR(" handler "));
    range(p, c->handler_offset, c->handler_length);
    nr_buf_u8(p->out, '\n');
}

static void sections(const printer *p, const nr_body_parts *b)
{
    for (size_t s = 0; s < b->section_count; s++) {
        const nr_body_section *section = &b->sections[s];
        if ((section->kind & 0x3F) != 1) {
            nr_buf_printf(p->out, ".section kind 0x%02x, %" PRIu32 " bytes\n", section->kind, (uint32_t)section->size);
        }
        for (uint32_t c = 0; c < section->clause_count && !p->out->failed; c++) {
            nr_eh_clause one = nr_body_section_clause(section, c);
            clause(p, &one);
        }
    }
}

static void say(nr_buf *out, nr_il_error err)
{
    nr_buf_printf(out, "error: %s\n", nr_il_error_text(err));
}

nr_il_error nr_disasm(nr_buf *out, const uint8_t *bytes, size_t size, nr_disasm_name *name, void *context)
{
    nr_arena arena = NR_ARENA_INIT;
    const printer p = {out, name, context};
    nr_body_parts b;
    nr_il_error broken = NR_IL_OK;
    nr_il_error err = nr_body_parse(&arena, bytes, size, &b);

    if (err == NR_IL_NO_MEMORY) goto done;
    if (err) {
        /* Whatever is wrong with sections, the code may be fine: try again without them. */
        broken = err;
        err = nr_body_parse_code(bytes, size, &b);
    }
    if (err) {
        say(out, err);
        goto done;
    }
    header(&p, &b);
    err = nr_disasm_code(out, "  ", b.code, b.code_size, name, context);
    sections(&p, &b);
    if (broken) {
        say(out, broken);
        err = broken;
    }
done:
    if (out->failed) err = NR_IL_NO_MEMORY;
    nr_arena_free(&arena);
    return err;
}
