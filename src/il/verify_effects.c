/* What instructions take and leave, as stack classes: III.1.5 and the pages of III.3 and III.4. Only what the pops and pushes
 * of opcodes.def do not say is here. */
#include "il/verify_internal.h"

#define BIT(class) (1u << NR_STACK_##class)

/* A letter for each set of classes that is taken. */
static unsigned taken(char letter)
{
    switch (letter) {
    case '4': return BIT(INT32) | BIT(NATIVE_INT); /* indices, sizes, counts: III takes both nearly everywhere */
    case '8': return BIT(INT64) | BIT(NATIVE_INT);
    case 'i': return BIT(INT32) | BIT(INT64) | BIT(NATIVE_INT) | BIT(POINTER); /* for a native int variable */
    case 'F': return BIT(FLOAT);
    case 'O': return BIT(OBJECT);
    case 'p': return BIT(NATIVE_INT) | BIT(POINTER) | BIT(INT32); /* an address; int32 as JITs widen it */
    case 'n': return BIT(INT32) | BIT(INT64) | BIT(NATIVE_INT) | BIT(FLOAT);
    case 'z': return BIT(INT32) | BIT(INT64) | BIT(NATIVE_INT);
    case 'b': return BIT(INT32) | BIT(INT64) | BIT(NATIVE_INT) | BIT(OBJECT) | BIT(POINTER); /* brtrue, brfalse */
    case 'c': return 0xFFu & ~BIT(VALUE); /* conversions: objects and pointers become addresses */
    case 'f': return BIT(OBJECT) | BIT(POINTER) | BIT(NATIVE_INT) | BIT(VALUE); /* something with fields */
    case 'V': return BIT(VALUE);
    case 'x': return 0xFFu & ~BIT(POINTER); /* what can be kept */
    default: return 0xFF;
    }
}

static nr_stack_class left(char letter)
{
    switch (letter) {
    case '4': return NR_STACK_INT32;
    case '8': return NR_STACK_INT64;
    case 'I': return NR_STACK_NATIVE_INT;
    case 'F': return NR_STACK_FLOAT;
    case 'O': return NR_STACK_OBJECT;
    case '&': return NR_STACK_POINTER;
    case 'V': return NR_STACK_VALUE;
    default: return NR_STACK_UNKNOWN;
    }
}

/* Operands, bottom first, and after '>' the result. */
// clang-format off
static const char *const effects[NR_OP_COUNT] = {
    [NR_OP_LDNULL] = ">O",          [NR_OP_LDC_I4_M1] = ">4",       [NR_OP_LDC_I4_0] = ">4",
    [NR_OP_LDC_I4_1] = ">4",        [NR_OP_LDC_I4_2] = ">4",        [NR_OP_LDC_I4_3] = ">4",
    [NR_OP_LDC_I4_4] = ">4",        [NR_OP_LDC_I4_5] = ">4",        [NR_OP_LDC_I4_6] = ">4",
    [NR_OP_LDC_I4_7] = ">4",        [NR_OP_LDC_I4_8] = ">4",        [NR_OP_LDC_I4_S] = ">4",
    [NR_OP_LDC_I4] = ">4",          [NR_OP_LDC_I8] = ">8",          [NR_OP_LDC_R4] = ">F",
    [NR_OP_LDC_R8] = ">F",          [NR_OP_LDSTR] = ">O",           [NR_OP_LDARGA_S] = ">&",
    [NR_OP_LDLOCA_S] = ">&",        [NR_OP_LDARGA] = ">&",          [NR_OP_LDLOCA] = ">&",
    [NR_OP_BRFALSE_S] = "b",        [NR_OP_BRTRUE_S] = "b",         [NR_OP_BRFALSE] = "b",
    [NR_OP_BRTRUE] = "b",           [NR_OP_SWITCH] = "4",
    /* memory */
    [NR_OP_LDIND_I1] = "p>4",       [NR_OP_LDIND_U1] = "p>4",       [NR_OP_LDIND_I2] = "p>4",
    [NR_OP_LDIND_U2] = "p>4",       [NR_OP_LDIND_I4] = "p>4",       [NR_OP_LDIND_U4] = "p>4",
    [NR_OP_LDIND_I8] = "p>8",       [NR_OP_LDIND_I] = "p>I",        [NR_OP_LDIND_R4] = "p>F",
    [NR_OP_LDIND_R8] = "p>F",       [NR_OP_LDIND_REF] = "p>O",      [NR_OP_STIND_REF] = "pO",
    [NR_OP_STIND_I1] = "p4",        [NR_OP_STIND_I2] = "p4",        [NR_OP_STIND_I4] = "p4",
    [NR_OP_STIND_I8] = "p8",        [NR_OP_STIND_R4] = "pF",        [NR_OP_STIND_R8] = "pF",
    [NR_OP_STIND_I] = "pi",         [NR_OP_CPOBJ] = "pp",           [NR_OP_LDOBJ] = "p>*",
    [NR_OP_STOBJ] = "p*",           [NR_OP_INITOBJ] = "p",          [NR_OP_CPBLK] = "pp4",
    [NR_OP_INITBLK] = "p44",        [NR_OP_LOCALLOC] = "4>I",       [NR_OP_SIZEOF] = ">4",
    /* arithmetic on one operand */
    [NR_OP_NEG] = "n",              [NR_OP_NOT] = "z",              [NR_OP_CKFINITE] = "F>F",
    [NR_OP_CONV_I1] = "c>4",        [NR_OP_CONV_I2] = "c>4",        [NR_OP_CONV_I4] = "c>4",
    [NR_OP_CONV_I8] = "c>8",        [NR_OP_CONV_R4] = "c>F",        [NR_OP_CONV_R8] = "c>F",
    [NR_OP_CONV_U4] = "c>4",        [NR_OP_CONV_U8] = "c>8",        [NR_OP_CONV_R_UN] = "c>F",
    [NR_OP_CONV_U2] = "c>4",        [NR_OP_CONV_U1] = "c>4",        [NR_OP_CONV_I] = "c>I",
    [NR_OP_CONV_U] = "c>I",         [NR_OP_CONV_OVF_I1_UN] = "c>4", [NR_OP_CONV_OVF_I2_UN] = "c>4",
    [NR_OP_CONV_OVF_I4_UN] = "c>4", [NR_OP_CONV_OVF_I8_UN] = "c>8", [NR_OP_CONV_OVF_U1_UN] = "c>4",
    [NR_OP_CONV_OVF_U2_UN] = "c>4", [NR_OP_CONV_OVF_U4_UN] = "c>4", [NR_OP_CONV_OVF_U8_UN] = "c>8",
    [NR_OP_CONV_OVF_I_UN] = "c>I",  [NR_OP_CONV_OVF_U_UN] = "c>I",  [NR_OP_CONV_OVF_I1] = "c>4",
    [NR_OP_CONV_OVF_U1] = "c>4",    [NR_OP_CONV_OVF_I2] = "c>4",    [NR_OP_CONV_OVF_U2] = "c>4",
    [NR_OP_CONV_OVF_I4] = "c>4",    [NR_OP_CONV_OVF_U4] = "c>4",    [NR_OP_CONV_OVF_I8] = "c>8",
    [NR_OP_CONV_OVF_U8] = "c>8",    [NR_OP_CONV_OVF_I] = "c>I",     [NR_OP_CONV_OVF_U] = "c>I",
    /* objects */
    [NR_OP_CASTCLASS] = "O>O",      [NR_OP_ISINST] = "O>O",         [NR_OP_UNBOX] = "O>&",
    [NR_OP_UNBOX_ANY] = "O>*",      [NR_OP_BOX] = "x>O",            [NR_OP_THROW] = "O",
    [NR_OP_LDFLD] = "f>*",          [NR_OP_LDFLDA] = "f>*",         [NR_OP_STFLD] = "f*",
    [NR_OP_STSFLD] = "x",           [NR_OP_LDSFLDA] = ">&",         [NR_OP_LDFTN] = ">I",
    [NR_OP_LDVIRTFTN] = "O>I",      [NR_OP_LDTOKEN] = ">V",         [NR_OP_ARGLIST] = ">V",
    [NR_OP_MKREFANY] = "p>V",       [NR_OP_REFANYVAL] = "V>&",      [NR_OP_REFANYTYPE] = "V>V",
    [NR_OP_ENDFILTER] = "4",
    /* arrays */
    [NR_OP_NEWARR] = "4>O",         [NR_OP_LDLEN] = "O>I",          [NR_OP_LDELEMA] = "O4>&",
    [NR_OP_LDELEM_I1] = "O4>4",     [NR_OP_LDELEM_U1] = "O4>4",     [NR_OP_LDELEM_I2] = "O4>4",
    [NR_OP_LDELEM_U2] = "O4>4",     [NR_OP_LDELEM_I4] = "O4>4",     [NR_OP_LDELEM_U4] = "O4>4",
    [NR_OP_LDELEM_I8] = "O4>8",     [NR_OP_LDELEM_I] = "O4>I",      [NR_OP_LDELEM_R4] = "O4>F",
    [NR_OP_LDELEM_R8] = "O4>F",     [NR_OP_LDELEM_REF] = "O4>O",    [NR_OP_LDELEM] = "O4>*",
    [NR_OP_STELEM_I] = "O4i",       [NR_OP_STELEM_I1] = "O44",      [NR_OP_STELEM_I2] = "O44",
    [NR_OP_STELEM_I4] = "O44",      [NR_OP_STELEM_I8] = "O48",      [NR_OP_STELEM_R4] = "O4F",
    [NR_OP_STELEM_R8] = "O4F",      [NR_OP_STELEM_REF] = "O4O",     [NR_OP_STELEM] = "O4*",
};
// clang-format on

nr_verify_effect nr_verify_effect_of(nr_opcode op)
{
    nr_verify_effect e = {{0xFF, 0xFF, 0xFF}, NR_STACK_UNKNOWN};
    const char *p = effects[op];
    if (!p) return e;
    for (size_t n = 0; *p && *p != '>'; p++, n++) e.takes[n] = (uint8_t)taken(*p);
    if (*p) e.leaves = (uint8_t)left(p[1]);
    return e;
}

nr_binary nr_verify_binary(nr_opcode op)
{
    if ((op >= NR_OP_BEQ_S && op <= NR_OP_BLT_UN_S) || (op >= NR_OP_BEQ && op <= NR_OP_BLT_UN))
        return NR_BINARY_COMPARE;
    switch (op) {
    case NR_OP_ADD:
    case NR_OP_ADD_OVF_UN: return NR_BINARY_ADD;
    case NR_OP_SUB:
    case NR_OP_SUB_OVF_UN: return NR_BINARY_SUB;
    case NR_OP_MUL:
    case NR_OP_DIV:
    case NR_OP_REM: return NR_BINARY_NUMBERS;
    case NR_OP_ADD_OVF:
    case NR_OP_SUB_OVF:
    case NR_OP_MUL_OVF:
    case NR_OP_MUL_OVF_UN:
    case NR_OP_DIV_UN:
    case NR_OP_REM_UN:
    case NR_OP_AND:
    case NR_OP_OR:
    case NR_OP_XOR: return NR_BINARY_INTEGERS;
    case NR_OP_SHL:
    case NR_OP_SHR:
    case NR_OP_SHR_UN: return NR_BINARY_SHIFT;
    case NR_OP_CEQ:
    case NR_OP_CGT:
    case NR_OP_CGT_UN:
    case NR_OP_CLT:
    case NR_OP_CLT_UN: return NR_BINARY_COMPARE;
    default: return NR_NOT_BINARY;
    }
}

bool nr_verify_fits(nr_stack_class from, nr_stack_class to)
{
    if (from == to || from == NR_STACK_UNKNOWN || to == NR_STACK_UNKNOWN) return true;
    unsigned pair = 1u << from | 1u << to;
    return pair == (BIT(NATIVE_INT) | BIT(INT32)) || pair == (BIT(NATIVE_INT) | BIT(INT64)) ||
           pair == (BIT(NATIVE_INT) | BIT(POINTER));
}

static bool is_in(nr_stack_class c, unsigned set)
{
    return c == NR_STACK_UNKNOWN || (set >> c & 1);
}

/* Tables 2 to 6 of III.1.5. */
bool nr_verify_combine(nr_binary kind, nr_stack_class a, nr_stack_class b, nr_stack_class *result)
{
    unsigned integers = taken('z'), numbers = taken('n');
    bool pointers = a == NR_STACK_POINTER || b == NR_STACK_POINTER;
    *result = a == b ? a : NR_STACK_UNKNOWN;
    switch (kind) {
    case NR_BINARY_ADD:
    case NR_BINARY_SUB:
        if (pointers) {
            bool difference = a == b;
            unsigned either = integers | BIT(POINTER);
            if (difference)
                *result = NR_STACK_NATIVE_INT;
            else if (a != NR_STACK_UNKNOWN && b != NR_STACK_UNKNOWN)
                *result = NR_STACK_POINTER;
            return is_in(a, either) && is_in(b, either) && !(difference && kind == NR_BINARY_ADD);
        }
        return is_in(a, numbers) && is_in(b, numbers) && nr_verify_fits(a, b);
    case NR_BINARY_NUMBERS: return is_in(a, numbers) && is_in(b, numbers) && nr_verify_fits(a, b);
    case NR_BINARY_INTEGERS: return is_in(a, integers) && is_in(b, integers) && nr_verify_fits(a, b);
    case NR_BINARY_SHIFT: *result = a; return is_in(a, integers) && is_in(b, BIT(INT32) | BIT(NATIVE_INT));
    case NR_BINARY_COMPARE:
        return is_in(a, 0xFFu & ~BIT(VALUE)) && is_in(b, 0xFFu & ~BIT(VALUE)) && nr_verify_fits(a, b);
    default: return true;
    }
}
