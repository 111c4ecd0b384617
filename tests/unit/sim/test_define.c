/* Definitions on top of an image: metadata-tokens.md section 5, and the answers of the .NET 10 metadata writer to the
 * same calls (test_runtime.c asks it again where a runtime is installed). */
#include "sim/md.h"
#include "sim/index.h"
#include "test.h"
#include "tiny_image.h"

#include <stdio.h>

static nr_buf image;
static nr_md md;

static void start(void)
{
    nr_image_error error;
    image = (nr_buf)NR_BUF_INIT;
    tiny_image(&image, 0);
    CHECK(nr_md_parse(&md, image.data, image.size, &error));
}
static void stop(void)
{
    nr_md_close(&md);
    nr_buf_free(&image);
}

/* One call per row: kind, parent, name or bytes, expected code and token. */
enum { TYPE_REF, MEMBER_REF, USER, SIG, TYPE_SPEC, METHOD_SPEC, MODULE_REF, ASSEMBLY_REF, METHOD, ATTRIBUTE, PERMISSION };

TEST(codes_and_numbers)
{
    static const uint16_t zero[4] = {0, 0, 0, 0};
    static const struct {
        int kind;
        uint32_t parent;
        const char *text;
        int32_t hr;
        uint32_t token;
    } rows[] = {
        /* 5.1: an equal entry of the image is returned, and the code says so */
        {TYPE_REF, 0x23000001, "System.Object", NR_MD_S_DUPLICATE, 0x01000001},
        {MEMBER_REF, 0x01000001, ".ctor", NR_MD_S_DUPLICATE, 0x0A000001},
        {SIG, 0, "\x07\x01\x08", NR_MD_S_DUPLICATE, 0x11000001},
        /* 5.2: new rows follow the image's */
        {TYPE_REF, 0x23000001, "System.Exception", NR_MD_S_OK, 0x01000002},
        {TYPE_REF, 0x23000001, "System.Exception", NR_MD_S_DUPLICATE, 0x01000002},
        {TYPE_REF, 1, "System.Exception", NR_MD_S_OK, 0x01000003}, /* 2.5: scope is the module itself */
        {TYPE_REF, 0x23000001, "SystemException", NR_MD_S_OK, 0x01000004},
        {MEMBER_REF, 0x01000002, ".ctor", NR_MD_S_OK, 0x0A000002},
        {MEMBER_REF, 0x01000002, ".ctor", NR_MD_S_DUPLICATE, 0x0A000002},
        {MEMBER_REF, 0x02000002, ".ctor", NR_MD_S_OK, 0x0A000003},
        {SIG, 0, "\x07\x01\x0E", NR_MD_S_OK, 0x11000002},
        {SIG, 0, "\x07\x01\x0E", NR_MD_S_DUPLICATE, 0x11000002},
        {TYPE_SPEC, 0, "\x1D\x0E", NR_MD_S_OK, 0x1B000001},
        {TYPE_SPEC, 0, "\x1D\x0E", NR_MD_S_OK, 0x1B000001}, /* no code for a duplicate here */
        {METHOD_SPEC, 0x06000004, "\x0A\x01\x0E", NR_MD_S_OK, 0x2B000001},
        {METHOD_SPEC, 0x06000004, "\x0A\x01\x0E", NR_MD_S_DUPLICATE, 0x2B000001},
        {METHOD_SPEC, 0x0A000001, "\x0A\x01\x0E", NR_MD_S_OK, 0x2B000002},
        {METHOD_SPEC, 0x01000001, "\x0A\x01\x0E", NR_MD_E_BAD_PARENT, 0},
        /* never looked for */
        {MODULE_REF, 0, "kernel32", NR_MD_S_OK, 0x1A000001},
        {MODULE_REF, 0, "kernel32", NR_MD_S_OK, 0x1A000002},
        {ASSEMBLY_REF, 0, "mscorlib", NR_MD_S_OK, 0x23000002},
        {ASSEMBLY_REF, 0, "mscorlib", NR_MD_S_OK, 0x23000003},
        {METHOD, 0x02000003, "Sell", NR_MD_S_OK, 0x06000007},
        {METHOD, 0x02000003, "Sell", NR_MD_S_OK, 0x06000008},
        {METHOD, 0x02000003, ".ctor", NR_MD_S_OK, 0x06000009},
        {METHOD, 0x02000099, "Sell", NR_MD_E_INDEX, 0},
        {ATTRIBUTE, 0x06000007, "\x01", NR_MD_S_OK, 0x0C000002},
        {ATTRIBUTE, 0x06000007, "\x01", NR_MD_S_OK, 0x0C000003},
        {PERMISSION, 0x06000001, "set", NR_MD_S_OK, 0x0E000001},
        {PERMISSION, 0x06000001, "set", NR_MD_S_OK, 0x0E000002},
    };
    start();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const uint8_t *bytes = (const uint8_t *)rows[i].text;
        nr_str name = nr_str_of(rows[i].text);
        uint32_t n = (uint32_t)name.n, token = 0;
        int32_t hr = -1;
        switch (rows[i].kind) {
        case TYPE_REF: hr = nr_md_define_type_ref(&md, rows[i].parent, name, &token); break;
        case MEMBER_REF:
            hr = nr_md_define_member_ref(&md, rows[i].parent, name, (const uint8_t *)"\x20\x00\x01", 3, &token);
            break;
        case SIG: hr = nr_md_define_sig(&md, bytes, n, &token); break;
        case TYPE_SPEC: hr = nr_md_define_type_spec(&md, bytes, n, &token); break;
        case METHOD_SPEC: hr = nr_md_define_method_spec(&md, rows[i].parent, bytes, n, &token); break;
        case MODULE_REF: hr = nr_md_define_module_ref(&md, name, &token); break;
        case ASSEMBLY_REF:
            hr = nr_md_define_assembly_ref(&md, name, zero, NR_STR(""), NULL, 0, NULL, 0, 0, &token);
            break;
        case METHOD: hr = nr_md_define_method(&md, rows[i].parent, name, 0x96, bytes, n, 0x2050, 8, &token); break;
        case ATTRIBUTE: hr = nr_md_define_attribute(&md, rows[i].parent, 0x0A000001, bytes, n, &token); break;
        default: hr = nr_md_define_permission_set(&md, rows[i].parent, 3, bytes, n, &token); break;
        }
        if (!CHECK_EQ(hr, rows[i].hr) || !CHECK_EQ(token, rows[i].token)) printf("    in row %zu\n", i);
    }
    /* What was defined is found where it belongs, behind what the image has. */
    CHECK_EQ(nr_md_method_at(&md, 3, 0), 5);
    CHECK_EQ(nr_md_method_at(&md, 3, 1), 7);
    CHECK_EQ(nr_md_method_at(&md, 3, 3), 9);
    CHECK_EQ(nr_md_method_at(&md, 3, 4), 0);
    CHECK_EQ(nr_md_method_type(&md, 8), 3);
    CHECK_EQ(nr_md_get(&md, NR_TAB_METHOD_DEF, 9, NR_COL_METHOD_FLAGS), 0x1896);
    CHECK_EQ(nr_md_get(&md, NR_TAB_METHOD_DEF, 1, NR_COL_METHOD_FLAGS), 0x5886); /* HasSecurity */
    CHECK_EQ(nr_md_first(&md, NR_TAB_CUSTOM_ATTRIBUTE, 0, 7 << 5), 2);
    CHECK_EQ(nr_md_next(&md, NR_TAB_CUSTOM_ATTRIBUTE, 0, 7 << 5, 2), 3);
    uint32_t entry = 0;
    CHECK_EQ(nr_md_member_ref_of(&md, 0x01000002, &entry), 0x0A000002);
    CHECK_EQ(nr_md_member_ref_of(&md, 0x01000002, &entry), 0);
    stop();
}

TEST(user_strings) /* 5.2: aligned start, then consecutive: compressed length, 2 bytes a unit, 1 flag */
{
    static const struct {
        uint32_t units;
        uint32_t offset;
    } rows[] = {{4, 0x08}, {0, 0x12}, {63, 0x14}, {64, 0x94}, {63, 0x14}, {0, 0x12}, {9000, 0x117}, {1, 0x476C}};
    static uint16_t text[9000];
    start();
    for (size_t i = 0; i < 9000; i++) text[i] = (uint16_t)('a' + i % 26);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t token = 0, n;
        const uint8_t *p;
        CHECK_EQ(nr_md_define_user_string(&md, text, rows[i].units, &token), NR_MD_S_OK);
        CHECK_EQ(token, 0x70000000 | rows[i].offset);
        CHECK(nr_md_user_string(&md, token, &p, &n));
        CHECK_EQ(n, rows[i].units);
        CHECK(!nr_md_user_string(&md, token + 1, &p, &n));
    }
    uint32_t token;
    nr_md_define_user_string(&md, (const uint16_t *)u"hi", 2, &token);
    CHECK(token != 0x70000001); /* the image's "hi" is not used again */
    stop();
}

TEST(user_strings_start_aligned) /* 5.2: image heap up to 0x83, first new string at 0x84 */
{
    static const uint32_t sizes[][2] = {{5, 8}, {7, 8}, {8, 8}, {0, 1}};
    for (size_t i = 0; i < 4; i++) {
        nr_image_error error;
        uint32_t token = 0;
        image = (nr_buf)NR_BUF_INIT;
        tiny_image(&image, 0);
        nr_put_u32(image.data + 0x280 + 32 + 12 + 20 + 4, sizes[i][0]); /* size in the header of "#US" */
        CHECK(nr_md_parse(&md, image.data, image.size, &error));
        nr_md_define_user_string(&md, (const uint16_t *)u"x", 1, &token);
        CHECK_EQ(token, 0x70000000 | sizes[i][1]);
        stop();
    }
}

TEST(type_names) /* where the namespace ends; joined again when read */
{
    static const struct {
        const char *given, *ns, *name, *read;
    } rows[] = {{"A.B.C", "A.B", "C", "A.B.C"}, {"X", "", "X", "X"},    {"A..B", "A", ".B", "A..B"}, {".A", "", ".A", ".A"},
                {"A.", "A", "", "A"},           {"..", "", ".", "."}, {"..a", "", ".a", ".a"},     {"", "", "", ""},
                {"[mscorlib]System.X", "[mscorlib]System", "X", "[mscorlib]System.X"}};
    start();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        nr_str ns, name;
        uint32_t token = 0;
        nr_arena a = NR_ARENA_INIT;
        nr_md_split(nr_str_of(rows[i].given), &ns, &name);
        CHECK_STR(ns, rows[i].ns);
        CHECK_STR(name, rows[i].name);
        CHECK_EQ(nr_md_define_type_ref(&md, 0x23000001, nr_str_of(rows[i].given), &token), NR_MD_S_OK);
        CHECK_STR(nr_md_dotted(&md, &a, NR_TAB_TYPE_REF, token & 0xFFFFFF), rows[i].read);
        nr_arena_free(&a);
    }
    stop();
}

TEST(index_keeps_order)
{
    nr_index ix = {0};
    for (uint32_t i = 0; i < 1000; i++) CHECK(nr_index_add(&ix, i % 7, i));
    for (uint32_t h = 0; h < 8; h++) {
        uint32_t want = h, n = 0;
        for (uint32_t e = nr_index_first(&ix, h); e; e = nr_index_next(&ix, e), n++, want += 7)
            if (nr_index_value(&ix, e) != want) CHECK_EQ(nr_index_value(&ix, e), want);
        CHECK_EQ(n, h == 7 ? 0 : h < 6 ? 143 : 142);
    }
    nr_index_free(&ix);
}

TESTS(define, T(codes_and_numbers), T(user_strings), T(user_strings_start_aligned), T(type_names), T(index_keeps_order))
