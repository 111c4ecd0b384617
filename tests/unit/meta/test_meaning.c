/* Module: signatures as the text of recordings. */
#include "meta/meaning.h"

#include "base/arena.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

static void name(void *self, nr_buf *out, uint32_t token, int depth)
{
    (void)self;
    nr_buf_printf(out, "<%08x at %d>", (unsigned)token, depth);
}

static nr_str meaning(nr_arena *a, const char *hex, bool type_spec, int depth)
{
    uint8_t bytes[300];
    nr_buf out = NR_BUF_INIT;
    size_t n = nr_test_hex(hex, bytes, sizeof bytes);
    nr_meaning_of_signature(&out, n ? bytes : NULL, n, type_spec, depth, name, NULL);
    nr_str text = nr_arena_str(a, nr_buf_str(&out));
    nr_buf_free(&out);
    return text;
}

TEST(signatures)
{
    static const struct {
        const char *sig;
        bool type_spec;
        const char *text;
    } rows[] = {
        {"00 00 01", false, "cc00 void()"},
        {"20 02 08 0e 1c", false, "cc20 i4(string,object)"},
        {"30 02 01 01 1e 01", false, "cc30 gen2 void(!!1)"},
        {"06 0e", false, "field string"},
        {"07 02 08 1d 05", false, "locals(i4,u1[])"},
        {"0a 02 08 13 00", false, "inst(i4,!0)"},
        {"12 05", true, "class <01000001 at 1>"},
        {"11 0a", true, "valuetype <1b000002 at 1>"},
        {"0f 01", true, "void*"},
        {"10 0a", true, "i8&"},
        {"15 12 09 02 08 0e", true, "class <01000002 at 1><i4,string>"},
        {"16", true, "typedref"},
        {"18", true, "i"},
        {"19", true, "u"},
        {"1b 00 01 01 02", true, "fnptr cc00 void(bool)"},
        {"1f 05 08", true, "modreq(<01000001 at 1>) i4"},
        {"20 05 08", true, "modopt(<01000001 at 1>) i4"},
        {"45 1c", true, "pinned object"},
        {"41 08", true, "sentinel i4"},
        {"05 02 08 41 0e 08", false, "cc05 i4(sentinel string,i4)"},
        {"14 02 08 01 03 02 00 01", true, "i4[rank 2 s3 l0 l1]"},     /* rank first, as the recorder reads it */
        {"14 02 08 05 03", true, "i4[rank 2 s3 s0]{raw 1402080503}"}, /* fewer sizes than it says */
        {"14 02 08 00 05 03", true, "i4[rank 2 l3 l0]{raw 140208000503}"},
        {"", false, "{raw }"},
        {"00 00 01 08", false, "cc00 void(){raw 00000108}"},
        {"00 02 01 08", false, "cc00 void(i4,end){raw 00020108}"},
        {"17", true, "?et17{raw 17}"},
        {"1d 17", true, "?et17[]{raw 1d17}"},
        {"00 01 17 08", false, "cc00 ?et17(){raw 00011708}"},
        {"12", true, "class <02000000 at 1>{raw 12}"},
        {"ff", true, "end{raw ff}"}, /* no compressed number begins so */
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        nr_arena a = NR_ARENA_INIT;
        if (!CHECK_STR(meaning(&a, rows[i].sig, rows[i].type_spec, 0), rows[i].text)) printf("    %s\n", rows[i].sig);
        nr_arena_free(&a);
    }
}

/* Tokens within tokens and types within types are followed so far and no further. */
TEST(depth)
{
    nr_arena a = NR_ARENA_INIT;
    char deep[3 * 250 + 1] = "";
    CHECK_STR(meaning(&a, "12 05", true, NR_MEANING_DEPTH), "class <01000001 at 13>");
    CHECK_STR(meaning(&a, "12 05", true, NR_MEANING_DEPTH + 1), "{raw 1205}");
    for (int i = 0; i < 249; i++) strcat(deep, "1d ");
    strcat(deep, "08");
    nr_str text = meaning(&a, deep, true, 0);
    CHECK(nr_str_starts(text, NR_STR("?[][]")) && nr_str_has(text, NR_STR("[]{raw 1d1d1d")));
    nr_str fits = meaning(&a, deep + 3 * 50, true, 0); /* 199 arrays of int */
    CHECK(nr_str_starts(fits, NR_STR("i4[][]")) && !nr_str_has(fits, NR_STR("raw")));
    nr_arena_free(&a);
}

TESTS(meaning, T(signatures), T(depth))
