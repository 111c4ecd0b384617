#include "meta/sig.h"

#include "base/alloc.h"
#include "fake_meta.h"
#include "test.h"

#include <stdlib.h>

/* A type by itself is parsed as the only parameter of a static void method. */
typedef struct parsed {
    nr_arena arena;
    const nr_method_sig *sig;
    nr_meta_error error;
    uint8_t bytes[512];
    size_t size;
} parsed;

static void parse_method(parsed *p, const char *hex)
{
    p->arena = (nr_arena)NR_ARENA_INIT;
    p->size = nr_test_hex(hex, p->bytes, sizeof p->bytes);
    p->sig = NULL;
    /* the exact size on the heap, so that a read behind the end is seen */
    uint8_t *copy = malloc(p->size ? p->size : 1);
    memcpy(copy, p->bytes, p->size);
    p->error = nr_sig_parse_method(&p->arena, copy, p->size, &p->sig);
    free(copy);
}

static void parse_param(parsed *p, const char *hex)
{
    char text[1024];
    snprintf(text, sizeof text, "00 01 01 %s", hex);
    parse_method(p, text);
}

static void names(fake_meta *f)
{
    fake_init(f);
    fake_add(f, NR_TABLE_TYPE_REF, 0x23000001, NR_STR("System.Span`1"), NR_STR(""));
    fake_add(f, NR_TABLE_TYPE_REF, 0x23000001, NR_STR("System.Collections.Generic.List`1"), NR_STR(""));
    fake_add(f, NR_TABLE_TYPE_REF, 0x01000002, NR_STR("Enumerator"), NR_STR(""));
    fake_add(f, NR_TABLE_TYPE_DEF, 0, NR_STR("<Module>"), NR_STR(""));
    fake_add(f, NR_TABLE_TYPE_DEF, 0, NR_STR("Lab.Thing"), NR_STR(""));
}

/* One type: text and bytes as injected-code.md 4.3, 4.6, 4.7, 6.2, 6.3 and the quirks say. */
static const struct {
    const char *hex, *text, *bytes; /* bytes NULL: the same */
} types[] = {
    /* 6.2 primitives */
    {"02", "System.Boolean", NULL},
    {"03", "System.Char", NULL},
    {"04", "System.SByte", NULL},
    {"05", "System.Byte", NULL},
    {"06", "System.Int16", NULL},
    {"07", "System.UInt16", NULL},
    {"08", "System.Int32", NULL},
    {"09", "System.UInt32", NULL},
    {"0a", "System.Int64", NULL},
    {"0b", "System.UInt64", NULL},
    {"0c", "System.Single", NULL},
    {"0d", "System.Double", NULL},
    {"0e", "System.String", NULL},
    {"18", "System.IntPtr", NULL},
    {"19", "System.UIntPtr", NULL},
    {"1c", "System.Object", NULL},
    /* 6.2 classes; a nested type gives its own name only (Q38) */
    {"12 05", "System.Span`1", NULL},
    {"11 05", "System.Span`1", NULL},
    {"12 0d", "Enumerator", NULL},
    {"12 08", "Lab.Thing", NULL},
    {"12 80 08", "Lab.Thing", "12 08"}, /* minimal again */
    /* 6.2 generics, [E] Span<int> */
    {"15 11 05 01 08", "System.Span`1[System.Int32]", NULL},
    {"15 12 09 01 08", "System.Collections.Generic.List`1[System.Int32]", NULL},
    {"15 12 09 02 0e 15 12 09 01 1c",
     "System.Collections.Generic.List`1[System.String,System.Collections.Generic.List`1[System.Object]]", NULL},
    {"15 12 09 00", "System.Collections.Generic.List`1[]", NULL},
    {"15 08 01 08", "System.Int32[System.Int32]", NULL}, /* any type may be the generic one */
    {"13 00", "!0", NULL},
    {"1e 80 80", "!!128", NULL},
    /* 6.3 arrays; Q37 */
    {"14 08 02 00 02 00 00", "System.Int32[,]", NULL},
    {"14 08 02 02 05 04 00", "System.Int32[0...4,0...3]", NULL},
    {"14 08 02 02 05 04 02 02 04", "System.Int32[2...6,4...7]", NULL},
    {"14 08 01 01 00 00", "System.Int32[0...4294967295]", NULL},
    {"14 08 01 00 01 02", "System.Int32[]", NULL}, /* a bound without a size is not shown */
    {"14 08 00 00 00", "System.Int32[]", NULL},
    {"14 08 01 02 05 06 00", "System.Int32[0...4]", NULL}, /* more sizes than dimensions */
    {"14 08 03 02 05 04 01 01", "System.Int32[1...5,0...3,]", NULL},
    {"14 08 01 01 02 01 df ff ff ff", "System.Int32[536870911...536870912]", NULL},
    {"14 08 80 01 80 01 80 05 00", "System.Int32[0...4]", "14 08 01 01 05 00"},
    /* array_parameter_1..5 of the reference's own tests, as texts */
    {"14 08 01 01 03 00", "System.Int32[0...2]", NULL},
    {"14 08 07 00 00", "System.Int32[,,,,,,]", NULL},
    {"14 08 06 02 04 03 00", "System.Int32[0...3,0...2,,,,]", NULL},
    {"14 08 02 02 02 03 02 01 06", "System.Int32[1...2,6...8]", NULL},
    {"14 08 04 02 05 03 02 00 03", "System.Int32[0...4,3...5,,]", NULL},
    {"1d 08", "System.Int32[]", NULL},
    {"1d 1d 0e", "System.String[][]", NULL}, /* 6.3 */
    /* pointers and functions */
    {"0f 08", "System.Int32*", NULL},
    {"0f 01", "void*", NULL},
    {"0f 0f 01", "void**", NULL},
    {"1d 0f 08", "System.Int32*[]", NULL}, /* 4.6 */
    {"1b 00 01 01 08", "(void)(System.Int32)", NULL},
    {"1b 00 00 08", "(System.Int32)()", NULL},
    {"1b 20 02 10 08 10 0e 41", "(System.Int32&)(System.String&,...)", NULL},
    {"1b 60 01 16 16", "(System.TypedReference)(System.TypedReference)", NULL},
    {"1b 10 01 01 08 1e 00", "(System.Int32)(!!0)", NULL}, /* 6.3; 10 keeps its generic count (4.7) */
    {"1d 1b 15 01 01 08 1e 00", "(System.Int32)(!!0)[]", "1d 1b 15 01 08 1e 00"}, /* 4.6, Q36 */
    {"1b 80 00 01", "(void)()", "1b 00 00 01"},                                   /* 4.7: bit 7 is dropped */
    {"1b 05 00 01", "(void)()", "1b 05 00 01"},                                   /* vararg */
    {"1b 70 01 00 01", "(void)()", "1b 70 01 00 01"},                             /* instance, explicit, generic */
    /* 4.3 modifiers: before any type, after PTR, after SZARRAY, any number */
    {"1d 20 05 08", "System.Int32[]", "1d 08"}, /* 4.6, Q36 */
    {"20 05 1f 09 20 0d 08", "System.Int32", "08"},
    {"0f 20 05 01", "void*", "0f 01"},
    {"0f 1f 05 20 05 08", "System.Int32*", "0f 08"},
    {"15 20 05 12 09 01 1f 80 05 08", "System.Collections.Generic.List`1[System.Int32]", "15 12 09 01 08"},
    {"14 20 05 08 01 00 00", "System.Int32[]", "14 08 01 00 00"},
    {"1b 00 01 20 05 01 20 05 08", "(void)(System.Int32)", "1b 00 01 01 08"},
};

TEST(types)
{
    fake_meta f;
    names(&f);
    nr_meta meta = fake_table(&f);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        parsed p;
        parse_param(&p, types[i].hex);
        CHECK_EQ(p.error, NR_META_OK);
        if (!p.sig) {
            printf("    at %s\n", types[i].hex);
            nr_arena_free(&p.arena);
            continue;
        }
        CHECK_EQ(p.sig->param_count, 1);
        CHECK_EQ(p.sig->params[0].kind, NR_PARAM_TYPE);
        CHECK(!p.sig->params[0].by_ref);
        nr_buf text = NR_BUF_INIT, bytes = NR_BUF_INIT;
        CHECK_EQ(nr_sig_print_type(&text, &p.arena, &meta, p.sig->params[0].type), NR_META_OK);
        CHECK_STR(nr_buf_str(&text), types[i].text);
        CHECK_EQ(nr_sig_encode_type(&bytes, p.sig->params[0].type), NR_META_OK);
        CHECK_BYTES(bytes.data, bytes.size, types[i].bytes ? types[i].bytes : types[i].hex);
        nr_buf_free(&text);
        nr_buf_free(&bytes);
        nr_arena_free(&p.arena);
    }
    fake_free(&f);
}

/* Whole methods: the parameter list (6.1) and the parts that the engine looks at. */
static const struct {
    const char *hex, *text;
    uint8_t convention;
    uint32_t generic, params;
    nr_param_kind ret;
    bool ret_by_ref;
} methods[] = {
    {"00 00 01", "", 0x00, 0, 0, NR_PARAM_VOID, false},
    {"20 00 01", "", 0x20, 0, 0, NR_PARAM_VOID, false},
    {"20 02 08 0e 08", "System.String,System.Int32", 0x20, 0, 2, NR_PARAM_TYPE, false},
    {"60 01 01 12 05", "System.Span`1", 0x60, 0, 1, NR_PARAM_VOID, false},
    {"30 01 01 01 1e 00", "!!0", 0x30, 1, 1, NR_PARAM_VOID, false},
    {"10 80 81 00 01", "", 0x10, 129, 0, NR_PARAM_VOID, false},
    {"00 01 10 08 10 08", "System.Int32&", 0x00, 0, 1, NR_PARAM_TYPE, true},
    {"00 01 16 16", "System.TypedReference", 0x00, 0, 1, NR_PARAM_TYPEDBYREF, false},
    {"05 03 01 08 41 0e", "System.Int32,...,System.String", 0x05, 0, 3, NR_PARAM_VOID, false}, /* the sentinel counts */
    {"00 01 01 10 0f 08", "System.Int32*&", 0x00, 0, 1, NR_PARAM_VOID, false},                 /* 6.3 */
    {"00 02 1d 1c 1d 1c 10 12 08", "System.Object[],Lab.Thing&", 0x00, 0, 2, NR_PARAM_TYPE, false},
    /* 4.3: modifiers before byref, void, typedbyref and sentinel, and behind byref */
    {"00 04 20 05 01 1f 05 20 05 10 20 05 08 20 05 16 1f 05 41 20 05 08",
     "System.Int32&,System.TypedReference,...,System.Int32", 0x00, 0, 4, NR_PARAM_VOID, false},
    {"00 00 1f 05 10 20 05 08", "", 0x00, 0, 0, NR_PARAM_TYPE, true},
    {"00 00 20 05 16", "", 0x00, 0, 0, NR_PARAM_TYPEDBYREF, false},
    {"00 00 01 ff ff", "", 0x00, 0, 0, NR_PARAM_VOID, false}, /* bytes behind the end are not looked at */
    {"0a 00 01", "", 0x0a, 0, 0, NR_PARAM_VOID, false},       /* the first byte is taken as it stands */
};

TEST(methods)
{
    fake_meta f;
    names(&f);
    nr_meta meta = fake_table(&f);
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        parsed p;
        parse_method(&p, methods[i].hex);
        CHECK_EQ(p.error, NR_META_OK);
        if (!p.sig) continue;
        CHECK_EQ(p.sig->convention, methods[i].convention);
        CHECK_EQ(p.sig->generic_count, methods[i].generic);
        CHECK_EQ(p.sig->param_count, methods[i].params);
        CHECK_EQ(p.sig->ret.kind, methods[i].ret);
        CHECK_EQ(p.sig->ret.by_ref, methods[i].ret_by_ref);
        nr_buf text = NR_BUF_INIT;
        nr_buf_put_str(&text, NR_STR("x"));
        CHECK_EQ(nr_sig_print_params(&text, &p.arena, &meta, p.sig), NR_META_OK);
        nr_str s = {(const char *)text.data + 1, text.size - 1};
        CHECK_STR(s, methods[i].text);
        CHECK_EQ(nr_sig_parse_line(&p.arena, p.bytes, p.size).n, 0);
        CHECK_EQ(nr_sig_print_line(&p.arena, &meta, p.sig).n, 0);
        nr_buf_free(&text);
        nr_arena_free(&p.arena);
    }
    fake_free(&f);
}

/* 3.4 of il-method-body.md: a result or parameter as a local. */
TEST(encode_param)
{
    parsed p;
    parse_method(&p, "00 04 1f 05 10 20 05 1d 08 16 41 10 12 08 1c");
    CHECK_EQ(p.error, NR_META_OK);
    nr_buf b = NR_BUF_INIT;
    CHECK_EQ(nr_sig_encode_param(&b, &p.sig->ret), NR_META_OK);
    for (uint32_t i = 0; i < 4; i++) CHECK_EQ(nr_sig_encode_param(&b, &p.sig->params[i]), NR_META_OK);
    CHECK_BYTES(b.data, b.size, "10 1d 08 16 41 10 12 08 1c");
    nr_arena_free(&p.arena);
    parse_method(&p, "00 00 01");
    CHECK_EQ(nr_sig_encode_param(&b, &p.sig->ret), NR_META_OK);
    CHECK_EQ(b.data[b.size - 1], 0x01);
    nr_arena_free(&p.arena);
    nr_buf_free(&b);
}

#define INTEGER "Attempted to read past the end of the signature while decompressing an integer."
#define METHOD "Attempted to read past the end of the signature while parsing a method signature."
#define MODIFIER "Attempted to read past the end of the signature while checking for a custom mod."
#define TYPE "Attempted to read past the end of the signature while parsing a type."
#define ELEMENT "Unhandled token encountered while parsing the type.  Token: "

/* 4.3, last row, and logging.md 5.3: what is refused, and the line for it. */
static const struct {
    const char *hex;
    nr_meta_error error;
    const char *line;
} bad[] = {
    {"", NR_META_END_IN_METHOD, METHOD},
    {"00", NR_META_END_IN_INTEGER, INTEGER},
    {"10", NR_META_END_IN_INTEGER, INTEGER},
    {"10 01", NR_META_END_IN_INTEGER, INTEGER},
    {"00 80", NR_META_END_IN_INTEGER, INTEGER},
    {"00 c0 00 00", NR_META_END_IN_INTEGER, INTEGER},
    {"00 00", NR_META_END_IN_MODIFIER, MODIFIER},
    {"00 00 20", NR_META_END_IN_INTEGER, INTEGER},
    {"00 00 20 05", NR_META_END_IN_MODIFIER, MODIFIER},
    {"00 00 10", NR_META_END_IN_TYPE, TYPE},
    {"00 01 01", NR_META_END_IN_MODIFIER, MODIFIER},
    {"00 02 01 08", NR_META_END_IN_MODIFIER, MODIFIER},
    {"00 01 01 10", NR_META_END_IN_TYPE, TYPE},
    {"00 01 01 10 20 05", NR_META_END_IN_MODIFIER, MODIFIER},
    {"00 01 01 0f", NR_META_END_IN_MODIFIER, MODIFIER},
    {"00 01 01 1d", NR_META_END_IN_MODIFIER, MODIFIER},
    {"00 01 01 1d 20 05", NR_META_END_IN_MODIFIER, MODIFIER},
    {"00 01 01 1b", NR_META_END_IN_METHOD, METHOD},
    {"00 01 01 1b 00 01 01", NR_META_END_IN_MODIFIER, MODIFIER},
    {"00 01 01 12", NR_META_END_IN_INTEGER, INTEGER},
    {"00 01 01 11 80", NR_META_END_IN_INTEGER, INTEGER},
    {"00 01 01 13", NR_META_END_IN_INTEGER, INTEGER},
    {"00 01 01 15", NR_META_END_IN_TYPE, TYPE},
    {"00 01 01 15 12 05", NR_META_END_IN_INTEGER, INTEGER},
    {"00 01 01 15 12 05 02 08", NR_META_END_IN_TYPE, TYPE},
    {"00 01 01 14", NR_META_END_IN_TYPE, TYPE},
    {"00 01 01 14 08", NR_META_END_IN_INTEGER, INTEGER},
    {"00 01 01 14 08 01", NR_META_END_IN_INTEGER, INTEGER},
    {"00 01 01 14 08 01 01", NR_META_END_IN_INTEGER, INTEGER},
    {"00 01 01 14 08 01 00", NR_META_END_IN_INTEGER, INTEGER},
    {"00 01 01 14 08 01 00 01", NR_META_END_IN_INTEGER, INTEGER},
    /* VOID as a parameter or inside, PINNED, INTERNAL, BYREF BYREF, BYREF TYPEDBYREF, others */
    {"00 01 01 01", NR_META_ELEMENT, ELEMENT "0x1"},
    {"00 01 01 1d 01", NR_META_ELEMENT, ELEMENT "0x1"},
    {"00 01 01 45 08", NR_META_ELEMENT, ELEMENT "0x45"},
    {"00 01 01 21 00", NR_META_ELEMENT, ELEMENT "0x21"},
    {"00 01 01 10 10 08", NR_META_ELEMENT, ELEMENT "0x10"},
    {"00 01 01 10 16", NR_META_ELEMENT, ELEMENT "0x16"},
    {"00 00 10 16", NR_META_ELEMENT, ELEMENT "0x16"},
    {"00 00 10 01", NR_META_ELEMENT, ELEMENT "0x1"},
    {"00 00 41", NR_META_ELEMENT, ELEMENT "0x41"}, /* a sentinel as the result */
    {"00 01 01 1d 41", NR_META_ELEMENT, ELEMENT "0x41"},
    {"00 01 01 10 41", NR_META_ELEMENT, ELEMENT "0x41"},
    {"00 01 01 00", NR_META_ELEMENT, ELEMENT "0"},
    {"00 01 01 17", NR_META_ELEMENT, ELEMENT "0x17"},
    {"00 01 01 1a", NR_META_ELEMENT, ELEMENT "0x1a"},
    {"00 01 01 ff", NR_META_ELEMENT, ELEMENT "0xff"},
    {"00 01 01 15 10 08 00", NR_META_ELEMENT, ELEMENT "0x10"},
    {"00 01 01 0f 10 08", NR_META_ELEMENT, ELEMENT "0x10"},
    {"00 01 01 1b 00 00 41", NR_META_ELEMENT, ELEMENT "0x41"},
    /* counts far beyond the data */
    {"00 df ff ff ff 01 08", NR_META_END_IN_MODIFIER, MODIFIER},
    {"00 ff ff ff ff 01 08", NR_META_END_IN_MODIFIER, MODIFIER},
    {"00 01 01 15 12 05 df ff ff ff 08", NR_META_END_IN_TYPE, TYPE},
    {"00 01 01 14 08 01 df ff ff ff 01", NR_META_END_IN_INTEGER, INTEGER},
    {"00 01 01 14 08 01 00 df ff ff ff 01", NR_META_END_IN_INTEGER, INTEGER},
    {"00 01 01 1b 00 df ff ff ff 01 08", NR_META_END_IN_MODIFIER, MODIFIER},
    {"00 df ff ff ff 01 01", NR_META_ELEMENT, ELEMENT "0x1"},
};

TEST(refused)
{
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        parsed p;
        nr_alloc_count(1);
        parse_method(&p, bad[i].hex);
        CHECK(nr_alloc_live() <= 64 * 1024); /* nothing is allocated ahead of the data */
        nr_alloc_count(0);
        CHECK_EQ(p.error, bad[i].error);
        CHECK(p.sig == NULL);
        CHECK(nr_meta_error_is_parser(p.error));
        CHECK_STR(nr_sig_parse_line(&p.arena, p.bytes, p.size), bad[i].line);
        if (p.error != bad[i].error) printf("    at %s\n", bad[i].hex);
        nr_arena_free(&p.arena);
    }
}

/* Nesting: NR_SIG_MAX_DEPTH types that hold a type are taken, one more is refused. */
TEST(depth)
{
    static const uint8_t holders[] = {NR_ELEMENT_SZARRAY, NR_ELEMENT_PTR, NR_ELEMENT_ARRAY, NR_ELEMENT_GENERICINST};
    for (size_t h = 0; h < sizeof holders; h++) {
        for (size_t n = NR_SIG_MAX_DEPTH - 1; n <= NR_SIG_MAX_DEPTH + 1; n++) {
            nr_arena arena = NR_ARENA_INIT;
            nr_buf sig = NR_BUF_INIT;
            const nr_method_sig *m = NULL;
            nr_buf_put(&sig, "\x00\x01\x01", 3);
            nr_buf_fill(&sig, holders[h], n);
            nr_buf_u8(&sig, 0x08);
            nr_buf_fill(&sig, 0, n * 3); /* ranks, sizes, bounds; argument counts; or ignored */
            nr_meta_error e = nr_sig_parse_method(&arena, sig.data, sig.size, &m);
            CHECK_EQ(e, n <= NR_SIG_MAX_DEPTH ? NR_META_OK : NR_META_SIGNATURE);
            CHECK_EQ(nr_sig_parse_line(&arena, sig.data, sig.size).n, 0);
            nr_buf_free(&sig);
            nr_arena_free(&arena);
        }
    }
    /* Types side by side do not count as nesting. */
    nr_buf wide = NR_BUF_INIT;
    nr_arena wide_arena = NR_ARENA_INIT;
    const nr_method_sig *many = NULL;
    nr_buf_put(&wide, "\x00\x81\x2c\x01", 4); /* 300 parameters */
    for (int i = 0; i < 300; i++) nr_buf_put(&wide, "\x1d\x08", 2);
    CHECK_EQ(nr_sig_parse_method(&wide_arena, wide.data, wide.size, &many), NR_META_OK);
    CHECK_EQ(many ? many->param_count : 0, 300);
    nr_buf_free(&wide);
    nr_arena_free(&wide_arena);
    /* function pointers that return function pointers */
    nr_arena arena = NR_ARENA_INIT;
    nr_buf sig = NR_BUF_INIT;
    const nr_method_sig *m = NULL;
    nr_buf_put(&sig, "\x00\x00", 2);
    for (int i = 0; i < 100000; i++) nr_buf_put(&sig, "\x1b\x00\x00", 3);
    nr_buf_u8(&sig, 0x01);
    CHECK_EQ(nr_sig_parse_method(&arena, sig.data, sig.size, &m), NR_META_SIGNATURE);
    nr_buf_free(&sig);
    nr_arena_free(&arena);
}

/* A rank costs nothing in the signature, but a character each in the text. */
TEST(rank)
{
    fake_meta f;
    names(&f);
    nr_meta meta = fake_table(&f);
    nr_buf text = NR_BUF_INIT;
    parsed p;
    parse_param(&p, "14 08 84 00 00 00"); /* 1024 */
    CHECK_EQ(nr_sig_print_params(&text, &p.arena, &meta, p.sig), NR_META_OK);
    CHECK_EQ(text.size, sizeof "System.Int32[]" - 1 + 1023);
    nr_arena_free(&p.arena);
    parse_param(&p, "14 08 df ff ff ff 00 00");
    CHECK_EQ(p.error, NR_META_OK);
    size_t before = text.size;
    CHECK_EQ(nr_sig_print_params(&text, &p.arena, &meta, p.sig), NR_META_SIGNATURE);
    CHECK_EQ(text.size, before);
    nr_arena_free(&p.arena);
    nr_buf_free(&text);
    fake_free(&f);
}

/* C2, C12: names that cannot be had. The text stays as it was. */
static const struct {
    const char *hex;
    nr_meta_error error;
    const char *line;
} nameless[] = {
    {"12 06", NR_META_TYPE_SPEC, "TypeSpec parameters not supported."},
    {"11 06", NR_META_TYPE_SPEC, "TypeSpec parameters not supported."},
    {"10 1d 12 06", NR_META_TYPE_SPEC, "TypeSpec parameters not supported."},
    {"15 12 06 01 08", NR_META_TYPE_SPEC, "TypeSpec parameters not supported."},
    {"15 12 05 01 12 06", NR_META_TYPE_SPEC, "TypeSpec parameters not supported."},
    {"1b 00 00 12 06", NR_META_TYPE_SPEC, "TypeSpec parameters not supported."},
    {"1b 00 01 01 12 06", NR_META_TYPE_SPEC, "TypeSpec parameters not supported."},
    {"14 12 06 01 00 00", NR_META_TYPE_SPEC, "TypeSpec parameters not supported."},
    {"0f 12 06", NR_META_TYPE_SPEC, "TypeSpec parameters not supported."},
    {"12 07", NR_META_TOKEN_TYPE, "Attempted to lookup type strings for an unhandled token type.  Token type: 114"},
    /* a rid beyond 24 bits runs into the table: 02000000 | 07000000 */
    {"12 dc 00 00 00", NR_META_TOKEN_TYPE,
     "Attempted to lookup type strings for an unhandled token type.  Token type: 7"},
    {"12 80 80", NR_META_TYPE_NAME, ""}, /* no such TypeDef */
    {"11 80 81", NR_META_TYPE_NAME, ""}, /* no such TypeRef */
};

TEST(names_refused)
{
    fake_meta f;
    names(&f);
    nr_meta meta = fake_table(&f);
    for (size_t i = 0; i < sizeof nameless / sizeof nameless[0]; i++) {
        char hex[128];
        nr_buf text = NR_BUF_INIT;
        parsed p;
        snprintf(hex, sizeof hex, "00 02 01 08 %s", nameless[i].hex);
        parse_method(&p, hex);
        CHECK_EQ(p.error, NR_META_OK);
        nr_buf_put_str(&text, NR_STR("kept"));
        CHECK_EQ(nr_sig_print_params(&text, &p.arena, &meta, p.sig), nameless[i].error);
        CHECK_STR(nr_buf_str(&text), "kept");
        CHECK(!nr_meta_error_is_parser(nameless[i].error));
        CHECK_STR(nr_sig_print_line(&p.arena, &meta, p.sig), nameless[i].line);
        nr_buf_free(&text);
        nr_arena_free(&p.arena);
    }
    fake_free(&f);
}

/* 4.8 */
static const struct {
    uint32_t token, coded;
} coded[] = {
    {0x02000001, 0x04}, {0x01000001, 0x05}, {0x1B000001, 0x06}, {0x72000001, 0x07}, {0x01FFFFFF, 0x03FFFFFD},
};

TEST(coded_types)
{
    for (size_t i = 0; i < sizeof coded / sizeof coded[0]; i++) {
        CHECK_EQ(nr_coded_type(coded[i].token), coded[i].coded);
        CHECK_EQ(nr_token_of_coded_type(coded[i].coded), coded[i].token);
    }
    CHECK_EQ(nr_coded_type(0x06000003), 0x0C); /* any other table: tag 0 */
    CHECK_EQ(nr_token_of_coded_type(0x3FFFFFFC), 0x0FFFFFFF);
    CHECK_EQ(nr_token_of_coded_type(0x3FFFFFFF), 0x7FFFFFFF);
}

/* What was read as a 4-byte form with three high bits cannot be written again. */
TEST(too_large)
{
    static const char *const rows[] = {"13 ff ff ff ff",
                                       "1d 1e ff ff ff ff",
                                       "14 08 ff ff ff ff 00 00",
                                       "14 08 01 01 ff ff ff ff 00",
                                       "14 08 01 00 01 ff ff ff ff",
                                       "1b 10 ff ff ff ff 00 01"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        parsed p;
        nr_buf b = NR_BUF_INIT;
        uint32_t value = 0;
        parse_param(&p, rows[i]);
        CHECK_EQ(p.error, NR_META_OK);
        nr_buf_u8(&b, 0xAA);
        CHECK_EQ(nr_sig_encode_type_value(&b, p.sig->params[0].type, &value), NR_META_TOO_LARGE);
        CHECK_EQ(value, 0x3FFFFFFF);
        CHECK_EQ(nr_sig_encode_param(&b, &p.sig->params[0]), NR_META_TOO_LARGE);
        CHECK_BYTES(b.data, b.size, "aa");
        nr_buf_free(&b);
        nr_arena_free(&p.arena);
    }
    CHECK(nr_meta_error_is_parser(NR_META_TOO_LARGE));
}

static uint32_t random_state = 12345;

static uint32_t random_u32(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

/* Elements that lead on are more likely than their share of the 256 bytes. */
static uint8_t random_byte(void)
{
    static const uint8_t likely[] = {0x00, 0x01, 0x02, 0x05, 0x08, 0x0e, 0x0f, 0x10, 0x11, 0x12,
                                     0x13, 0x14, 0x15, 0x16, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x20,
                                     0x41, 0x45, 0x80, 0xc0, 0xdf, 0xff, 0x03, 0x04, 0x06, 0x18};
    uint32_t r = random_u32();
    return r % 8 ? likely[(r >> 8) % sizeof likely] : (uint8_t)(r >> 8);
}

/* Whatever the bytes: no fault; what is printed can be encoded and parsed again to the same text. */
TEST(random_bytes)
{
    fake_meta f;
    names(&f);
    nr_meta meta = fake_table(&f);
    unsigned parsed_count = 0, printed = 0;
    for (int i = 0; i < 200000; i++) {
        nr_arena arena = NR_ARENA_INIT;
        nr_buf text = NR_BUF_INIT, again = NR_BUF_INIT, bytes = NR_BUF_INIT;
        const nr_method_sig *m = NULL, *m2 = NULL;
        size_t n = random_u32() % 24;
        uint8_t *sig = malloc(n ? n : 1);
        for (size_t k = 0; k < n; k++) sig[k] = random_byte();
        if (n > 1 && random_u32() % 2) sig[1] = (uint8_t)(random_u32() % 4);
        nr_meta_error e = nr_sig_parse_method(&arena, sig, n, &m);
        if ((e == NR_META_OK) != (m != NULL)) CHECK_EQ(e, m ? NR_META_OK : NR_META_SIGNATURE);
        if (!e) {
            parsed_count++;
            f.requests.size = 0;
            if (!nr_sig_print_params(&text, &arena, &meta, m)) {
                printed++;
                nr_buf_u8(&bytes, m->convention);
                nr_buf_put(&bytes, "\x01\x01", 2);
                /* as the only parameter of another signature; a function pointer may lose its generic count (Q36) */
                if (!nr_str_has(nr_buf_str(&text), NR_STR(")(")) && m->param_count == 1 &&
                    !(m->convention & NR_SIG_GENERIC) && !nr_sig_encode_param(&bytes, m->params)) {
                    if (nr_sig_parse_method(&arena, bytes.data, bytes.size, &m2) ||
                        nr_sig_print_params(&again, &arena, &meta, m2) ||
                        !nr_str_eq(nr_buf_str(&text), nr_buf_str(&again)))
                        CHECK_STR(nr_buf_str(&again), "what was printed before");
                }
            }
        }
        nr_buf_free(&text);
        nr_buf_free(&again);
        nr_buf_free(&bytes);
        nr_arena_free(&arena);
        free(sig);
    }
    CHECK(parsed_count > 10000); /* the loop must reach the printer and the encoder */
    CHECK(printed > 10000);
    fake_free(&f);
}

/* Every allocation may fail; the answer is an error and nothing leaks. */
TEST(no_memory)
{
    static const char hex[] =
        "30 01 07 08 10 08 15 12 09 05 08 08 08 08 0e 14 08 02 02 05 04 02 02 04 1b 00 05 01 08 08 08 08 08 "
        "1d 12 08 0f 01 41";
    fake_meta f;
    names(&f);
    nr_meta meta = fake_table(&f);
    uint8_t bytes[128];
    size_t size = nr_test_hex(hex, bytes, sizeof bytes);
    unsigned long n = 1;
    f.requests.failed = true; /* nothing is written down, so the fake itself allocates nothing here */
    for (;; n++) {
        nr_arena arena = NR_ARENA_INIT;
        nr_buf text = NR_BUF_INIT, sig = NR_BUF_INIT;
        const nr_method_sig *m = NULL;
        nr_alloc_fail_at(n, 0);
        nr_meta_error e = nr_sig_parse_method(&arena, bytes, size, &m);
        if (!e) e = nr_sig_print_params(&text, &arena, &meta, m);
        for (uint32_t i = 0; !e && i < m->param_count; i++) e = nr_sig_encode_param(&sig, &m->params[i]);
        nr_alloc_fail_at(0, 0);
        if (!e)
            CHECK_STR(nr_buf_str(&text),
                      "System.Int32&,System.Collections.Generic.List`1[System.Int32,System.Int32,System.Int32,"
                      "System.Int32,System.String],System.Int32[2...6,4...7],(void)(System.Int32,System.Int32,"
                      "System.Int32,System.Int32,System.Int32),Lab.Thing[],void*,...");
        else
            CHECK(e == NR_META_NO_MEMORY || e == NR_META_TYPE_NAME);
        nr_buf_free(&text);
        nr_buf_free(&sig);
        nr_arena_free(&arena);
        if (!e) break;
    }
    CHECK(n > 3);
    fake_free(&f);
}

/* The table of errors and what follows from it. */
TEST(errors)
{
    CHECK_STR(nr_str_of(nr_meta_error_name(NR_META_END_IN_TYPE)), "END_IN_TYPE");
    CHECK_STR(nr_str_of(nr_meta_error_text(NR_META_NO_MEMORY)), "out of memory");
    CHECK_STR(nr_str_of(nr_meta_error_name(NR_META_ERROR_COUNT)), "?");
    CHECK(!nr_meta_error_is_logged(NR_META_OK));
    CHECK(!nr_meta_error_is_logged(NR_META_SIGNATURE));
    CHECK(nr_meta_error_is_logged(NR_META_ELEMENT));
    CHECK(!nr_meta_error_is_warning(NR_META_ELEMENT));
    CHECK(nr_meta_error_is_warning(NR_META_POINTER_TOKEN));
    CHECK(!nr_meta_error_is_parser(NR_META_CALL_FAILED));
    CHECK(!nr_meta_error_is_parser(NR_META_TYPE_SPEC));
}

TESTS(sig, T(types), T(methods), T(encode_param), T(refused), T(depth), T(rank), T(names_refused), T(coded_types),
      T(too_large), T(random_bytes), T(no_memory), T(errors))
