/* Module: bodies as lines, and which step of a template made which of them (cli/listing.h). */
#include "cli/listing.h"

#include "il/opcodes.h"
#include "test.h"

#include <string.h>

static nr_arena arena;

static nr_listing list(const char *hex)
{
    static uint8_t il[256];
    nr_listing l;
    size_t n = nr_test_hex(hex, il, sizeof il);
    CHECK(nr_listing_make(&arena, il, n, NULL, NULL, &l));
    return l;
}

TEST(lines)
{
    /* tiny, 6 bytes: ldarg.0, brtrue.s to the end, ldc.i4.s 7, ret */
    nr_listing l = list("1a 02 2d 02 1f 07 2a");
    CHECK_EQ(l.count, 5);
    CHECK_EQ(l.lines[0].mnemonic.n, 0);
    CHECK_STR(l.lines[1].mnemonic, "ldarg.0");
    CHECK_STR(l.lines[1].key, "ldarg.0");
    CHECK_STR(l.lines[2].mnemonic, "brtrue.s");
    CHECK_STR(l.lines[2].operand, "IL_0005");
    CHECK_STR(l.lines[2].key, "brtrue.s IL"); /* wherever it goes to */
    CHECK_STR(l.lines[3].key, "ldc.i4.s 7");
    CHECK_STR(l.lines[3].text, "  IL_0003: ldc.i4.s 7");
    CHECK_STR(l.lines[4].key, "ret");
    nr_arena_free(&arena);
}

TEST(a_damaged_body_has_lines)
{
    nr_listing l = list("1a 02");
    CHECK(l.count > 0);
    nr_arena_free(&arena);
}

static nr_step step(nr_step_kind kind, nr_opcode op)
{
    nr_step s;
    memset(&s, 0, sizeof s);
    s.kind = (uint8_t)kind;
    s.code[s.code_size++] = (uint8_t)nr_opcodes[op].code;
    return s;
}

/* Indexes of the steps that made the instructions; '.': none. */
static nr_str made_by(const nr_listing *l, const nr_step *steps)
{
    static char out[64];
    size_t n = 0;
    for (size_t i = 0; i < l->count; i++) {
        if (!l->lines[i].mnemonic.n) continue;
        out[n++] = l->lines[i].step ? (char)('0' + (l->lines[i].step - steps)) : '.';
    }
    return (nr_str){out, n};
}

TEST(around_the_original)
{
    nr_step steps[] = {step(NR_STEP_PLAIN, NR_OP_LDNULL), step(NR_STEP_LOCAL, NR_OP_STLOC),
                       step(NR_STEP_TRY, NR_OP_NOP),      step(NR_STEP_ORIGINAL, NR_OP_NOP),
                       step(NR_STEP_LABEL, NR_OP_NOP),    step(NR_STEP_LDLOC_BOXED, NR_OP_NOP),
                       step(NR_STEP_PLAIN, NR_OP_RET)};
    steps[1].store = true;
    nr_blob blob;
    memset(&blob, 0, sizeof blob);
    blob.steps = steps;
    blob.step_count = NR_COUNT(steps);
    /* ldnull, stloc.s 4 | nop, ret | ldloc.0, box, ret */
    nr_listing l = list("32 14 13 04 00 2a 06 8c 01 00 00 01 2a");
    CHECK(nr_listing_align(&arena, &l, &blob));
    CHECK_STR(made_by(&l, steps), "01..556");
    /* the tail is missing; the head is another */
    l = list("16 14 13 04 00 2a");
    CHECK(!nr_listing_align(&arena, &l, &blob));
    CHECK_STR(made_by(&l, steps), "....");
    l = list("32 16 13 04 00 2a 06 8c 01 00 00 01 2a");
    CHECK(!nr_listing_align(&arena, &l, &blob));
    nr_arena_free(&arena);
}

/* ldc.i4 2, then twice: dup, and an argument that is boxed, null, or (a sentinel) nothing. */
TEST(each_argument)
{
    nr_step steps[] = {step(NR_STEP_NUMBER, NR_OP_LDC_I4), step(NR_STEP_EACH_ARGUMENT, NR_OP_NOP),
                       step(NR_STEP_PLAIN, NR_OP_DUP),     step(NR_STEP_LDARG_BOXED, NR_OP_NOP),
                       step(NR_STEP_END_EACH, NR_OP_NOP),  step(NR_STEP_PLAIN, NR_OP_DUP),
                       step(NR_STEP_PLAIN, NR_OP_RET)};
    steps[0].hole = NR_NUMBER_ARGUMENT_COUNT;
    steps[1].target = 4;
    steps[4].target = 1;
    nr_blob blob;
    memset(&blob, 0, sizeof blob);
    blob.steps = steps;
    blob.step_count = NR_COUNT(steps);
    nr_listing l = list("42 20 02 00 00 00 25 02 8c 01 00 00 01 25 14 25 2a");
    CHECK(nr_listing_align(&arena, &l, &blob));
    CHECK_STR(made_by(&l, steps), "02332356");
    l = list("26 20 02 00 00 00 25 25 25 2a");
    CHECK(nr_listing_align(&arena, &l, &blob));
    CHECK_STR(made_by(&l, steps), "02256");
    l = list("1e 20 00 00 00 00 25 2a");
    CHECK(nr_listing_align(&arena, &l, &blob));
    CHECK_STR(made_by(&l, steps), "056");
    l = list("1e 20 01 00 00 00 25 2a"); /* one argument is missing */
    CHECK(!nr_listing_align(&arena, &l, &blob));
    nr_arena_free(&arena);
}

TESTS(listing, T(lines), T(a_damaged_body_has_lines), T(around_the_original), T(each_argument))
