#include "cli/steps.h"

#include "il/opcodes.h"

const char *nr_text_hole_name(nr_text_hole hole)
{
    static const char *const names[] = {"",
#define X(id, text) text,
                                        NR_TEXT_HOLES(X)
#undef X
    };
    return (unsigned)hole < NR_TEXT_HOLE_COUNT ? names[hole] : "";
}

static const char *number_name(unsigned hole)
{
    static const char *const names[] = {"",
#define X(id, text) text,
                                        NR_NUMBER_HOLES(X)
#undef X
    };
    return hole < NR_NUMBER_HOLE_COUNT ? names[hole] : "";
}

static const char *token_name(unsigned hole)
{
    static const char *const names[] = {"",
#define X(id, text) text,
                                        NR_TOKEN_HOLES(X)
#undef X
    };
    return hole < NR_TOKEN_HOLE_COUNT ? names[hole] : "";
}

/* Mnemonic of the opcode that `code` begins with; *size: its bytes. */
static const char *mnemonic(const nr_step *s, unsigned *size)
{
    uint16_t code = s->code[0];
    *size = 1;
    if (code == 0xFE) {
        code = (uint16_t)(0xFE00 | s->code[1]);
        *size = 2;
    }
    nr_opcode op = nr_opcode_by_code(code);
    return op == NR_OP_COUNT ? "?" : nr_opcodes[op].mnemonic;
}

/* The literal operand behind the opcode, little endian and signed. */
static void print_plain(nr_buf *out, const nr_step *s)
{
    unsigned at;
    nr_buf_printf(out, "%s", mnemonic(s, &at));
    unsigned width = s->code_size - at;
    if (!width) return;
    uint64_t v = 0;
    for (unsigned i = width; i-- > 0;) v = v << 8 | s->code[at + i];
    if (width < 8 && v >> (8 * width - 1)) v |= ~(uint64_t)0 << 8 * width;
    nr_buf_printf(out, " %lld", (long long)v);
}

static void print_string(nr_buf *out, const nr_step *s)
{
    nr_buf_printf(out, "ldstr%s ", s->trim ? ".trimmed" : "");
    if (s->piece_count == 1 && s->pieces[0].hole != NR_TEXT_LITERAL) {
        nr_buf_printf(out, "$%s", nr_text_hole_name(s->pieces[0].hole));
        return;
    }
    nr_buf_u8(out, '"');
    for (size_t i = 0; i < s->piece_count; i++) {
        if (s->pieces[i].hole == NR_TEXT_LITERAL)
            nr_buf_put_str(out, s->pieces[i].literal);
        else
            nr_buf_printf(out, "${%s}", nr_text_hole_name(s->pieces[i].hole));
    }
    nr_buf_u8(out, '"');
}

static void print_token(nr_buf *out, const nr_step *s)
{
    unsigned size;
    nr_buf_printf(out, "%s ", mnemonic(s, &size));
    if (s->hole == NR_TOKEN_TEXT)
        nr_buf_put_str(out, nr_text_source(s->text));
    else
        nr_buf_printf(out, "$%s", token_name(s->hole));
}

void nr_step_print(nr_buf *out, const nr_blob *blob, const nr_step *s)
{
    unsigned size;
    switch ((nr_step_kind)s->kind) {
    case NR_STEP_PLAIN: print_plain(out, s); break;
    case NR_STEP_NUMBER: nr_buf_printf(out, "%s $%s", mnemonic(s, &size), number_name(s->hole)); break;
    case NR_STEP_STRING: print_string(out, s); break;
    case NR_STEP_TOKEN: print_token(out, s); break;
    case NR_STEP_SIGNATURE:
        nr_buf_printf(out, "calli ");
        nr_buf_put_str(out, nr_text_source(s->text));
        break;
    case NR_STEP_LOCAL:
        nr_buf_printf(out, "%s %.*s", s->store ? "stloc" : "ldloc", NR_STR_ARG(blob->locals[s->local].name));
        break;
    case NR_STEP_BRANCH: nr_buf_printf(out, "%s L%u", mnemonic(s, &size), s->target); break;
    case NR_STEP_LABEL: nr_buf_printf(out, "L%u:", s->target); break;
    case NR_STEP_TRY: nr_buf_put_str(out, NR_STR("try")); break;
    case NR_STEP_CATCH: nr_buf_printf(out, "catch %.*s", NR_STR_ARG(nr_text_source(s->text))); break;
    case NR_STEP_END_CATCH: nr_buf_put_str(out, NR_STR("end catch")); break;
    case NR_STEP_ORIGINAL: nr_buf_put_str(out, NR_STR("original")); break;
    case NR_STEP_EACH_ARGUMENT: nr_buf_put_str(out, NR_STR("each argument")); break;
    case NR_STEP_END_EACH: nr_buf_put_str(out, NR_STR("end each")); break;
    case NR_STEP_LDARG_BOXED: nr_buf_put_str(out, NR_STR("ldarg boxed")); break;
    case NR_STEP_ARGUMENT_TYPE: nr_buf_put_str(out, NR_STR("with argument type")); break;
    case NR_STEP_END_TYPE: nr_buf_put_str(out, NR_STR("end type")); break;
    case NR_STEP_LDLOC_BOXED: nr_buf_printf(out, "ldloc boxed %.*s", NR_STR_ARG(blob->locals[s->local].name)); break;
    }
}
