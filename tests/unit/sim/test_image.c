#include "sim/md.h"
#include "test.h"
#include "base/alloc.h"
#include "os/os.h"
#include "tiny_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- every assembly of the installed frameworks ------------------------------------------------ */

typedef struct walk {
    nr_arena arena;
    nr_str directory;
    unsigned images, ready_to_run, bad;
    unsigned long methods, bodies;
} walk;

static void one(void *self, nr_str name)
{
    walk *w = self;
    if (!nr_str_ends(name, NR_STR(".dll"))) return;
    nr_str path = nr_arena_printf(&w->arena, "%.*s/%.*s", NR_STR_ARG(w->directory), NR_STR_ARG(name));
    nr_md md;
    nr_image_error error;
    if (!nr_md_open(&md, path, &error)) {
        printf("    %.*s: %s at 0x%zx\n", NR_STR_ARG(path), error.text, error.offset);
        w->bad++;
        return;
    }
    w->images++;
    w->ready_to_run += md.image.ready_to_run;
    uint32_t n = nr_md_rows(&md, NR_TAB_METHOD_DEF), types = nr_md_rows(&md, NR_TAB_TYPE_DEF);
    w->methods += n;
    for (uint32_t rid = 1; rid <= n; rid++) {
        const uint8_t *body;
        size_t size;
        bool damaged;
        w->bodies += nr_md_body(&md, rid, &body, &size, &damaged);
        if (damaged) {
            printf("    %.*s: damaged body of method %u\n", NR_STR_ARG(path), rid);
            w->bad++;
        }
    }
    /* Type lists and declaring types say the same. */
    unsigned long listed = 0;
    for (uint32_t t = 1; t <= types; t++)
        for (uint32_t i = 0, m; (m = nr_md_method_at(&md, t, i)) != 0; i++) {
            listed++;
            if (nr_md_method_type(&md, m) != t) w->bad++;
        }
    if (listed != n) w->bad++;
    nr_md_close(&md);
}

TEST(installed_frameworks)
{
    const char *root = getenv("DOTNET_ROOT");
    nr_str base = nr_str_of(root && *root ? root : "/usr/share/dotnet");
    static const char *const frameworks[] = {"Microsoft.NETCore.App", "Microsoft.AspNetCore.App"};
    const char *version = getenv("NR_TEST_DOTNET_VERSION");
    walk w = {NR_ARENA_INIT, {NULL, 0}, 0, 0, 0, 0, 0};
    for (int i = 0; i < 2; i++) {
        w.directory = nr_arena_printf(&w.arena, "%.*s/shared/%s/%s", NR_STR_ARG(base), frameworks[i],
                                      version ? version : "10.0.12");
        nr_os_list_directory(w.directory, one, &w);
    }
    nr_arena_free(&w.arena);
    if (!w.images) SKIP("no shared framework 10.0.12 is installed");
    printf("    %u images (%u ready-to-run), %lu methods, %lu bodies\n", w.images, w.ready_to_run, w.methods, w.bodies);
    CHECK_EQ(w.bad, 0);
    if (!version) CHECK_EQ(w.bodies, 183931);
}

/* ---- a small image ----------------------------------------------------------------------------------- */

static unsigned walk_all(nr_md *md)
{
    unsigned bodies = 0;
    nr_arena scratch = NR_ARENA_INIT;
    for (uint32_t rid = 1; rid <= nr_md_rows(md, NR_TAB_METHOD_DEF); rid++) {
        const uint8_t *body;
        size_t size;
        bool damaged;
        bodies += nr_md_body(md, rid, &body, &size, &damaged);
        nr_md_is_generic(md, rid);
        nr_md_text(md, NR_TAB_METHOD_DEF, rid, NR_COL_METHOD_NAME);
        uint32_t type = nr_md_method_type(md, rid);
        if (type) nr_md_type_name(md, &scratch, type);
    }
    for (uint32_t t = 1; t <= nr_md_rows(md, NR_TAB_TYPE_DEF); t++)
        for (uint32_t i = 0; i < 50 && nr_md_method_at(md, t, i); i++) nr_md_field_at(md, t, i);
    for (unsigned t = 0; t < NR_TAB_COUNT; t++)
        for (uint32_t rid = 1; rid <= nr_md_rows(md, t) && rid < 50; rid++)
            for (unsigned c = 0; c < nr_image_columns_of(t); c++) {
                const uint8_t *p;
                uint32_t n, v = nr_md_get(md, t, rid, c);
                nr_md_string(md, v);
                nr_md_user_string(md, 0x70000000 | (v & 0xFFFFFF), &p, &n);
                if (nr_md_blob(md, v, &p, &n) && n) bodies += p[n - 1] & 0; /* touches the last byte */
                nr_md_token(md, t, rid, c);
            }
    nr_md_find_type_def(md, NR_STR("Contoso.Shop"), 0);
    nr_arena_free(&scratch);
    return bodies;
}

TEST(every_form)
{
    static const unsigned forms[] = {0, TINY_PLUS, TINY_WIDE, TINY_MINUS, TINY_PLUS | TINY_WIDE | TINY_MINUS};
    for (size_t f = 0; f < 5; f++) {
        nr_buf image = NR_BUF_INIT;
        nr_md md;
        nr_image_error error = {"", 0};
        nr_arena a = NR_ARENA_INIT;
        const uint8_t *p;
        uint32_t n;
        size_t size;
        bool damaged;
        tiny_image(&image, forms[f]);
        if (!CHECK(nr_md_parse(&md, image.data, image.size, &error))) {
            printf("    %s at 0x%zx\n", error.text, error.offset);
            nr_buf_free(&image);
            continue;
        }
        CHECK_EQ(md.image.pe32_plus, (forms[f] & TINY_PLUS) != 0);
        CHECK_EQ(md.image.uncompressed, (forms[f] & TINY_MINUS) != 0);
        CHECK_STR(md.image.version, "v4.0.30319");
        CHECK_EQ(nr_md_rows(&md, NR_TAB_METHOD_DEF), TINY_METHODS);
        CHECK_STR(nr_md_type_name(&md, &a, 2), "Contoso.Shop");
        CHECK_STR(nr_md_type_name(&md, &a, 3), "Contoso.Shop+Cart");
        CHECK_EQ(nr_md_method_type(&md, 1), 2);
        CHECK_EQ(nr_md_method_type(&md, 4), 2);
        CHECK_EQ(nr_md_method_type(&md, 5), 3);
        CHECK_EQ(nr_md_method_type(&md, 6), 4);
        CHECK_EQ(nr_md_method_at(&md, 2, 3), 4);
        CHECK_EQ(nr_md_method_at(&md, 2, 4), 0);
        CHECK_EQ(nr_md_method_at(&md, 1, 0), 0);
        static const bool generic[] = {false, false, false, true, false, true};
        for (uint32_t m = 1; m <= 6; m++) CHECK_EQ(nr_md_is_generic(&md, m), generic[m - 1]);
        CHECK(nr_md_body(&md, 1, &p, &size, &damaged));
        CHECK_BYTES(p, size, "0a 00 2a");
        CHECK(nr_md_body(&md, 2, &p, &size, &damaged));
        CHECK_EQ(size, 36);
        CHECK(!nr_md_body(&md, 3, &p, &size, &damaged));
        CHECK(!damaged);
        CHECK_EQ(nr_md_find_type_def(&md, NR_STR("Contoso.Shop"), 0), 0x02000002);
        CHECK_EQ(nr_md_find_type_def(&md, NR_STR("Cart"), 0), 0);
        CHECK_EQ(nr_md_find_type_def(&md, NR_STR("Cart"), 0x02000002), 0x02000003);
        CHECK(nr_md_user_string(&md, 0x70000001, &p, &n));
        CHECK_BYTES(p, n * 2, "68 00 69 00");
        CHECK_EQ(nr_md_token(&md, NR_TAB_TYPE_REF, 1, 0), 0x23000001);
        CHECK_EQ(nr_md_token(&md, NR_TAB_CUSTOM_ATTRIBUTE, 1, 0), 0x06000005);
        CHECK_EQ(nr_md_token(&md, NR_TAB_CUSTOM_ATTRIBUTE, 1, 1), 0x0A000001);
        CHECK_EQ(nr_md_first(&md, NR_TAB_CUSTOM_ATTRIBUTE, 0, 5 << 5), 1);
        CHECK_EQ(nr_md_first(&md, NR_TAB_CUSTOM_ATTRIBUTE, 0, 4 << 5), 0);
        CHECK_EQ(walk_all(&md), TINY_BODIES);
        nr_arena_free(&a);
        nr_md_close(&md);
        nr_buf_free(&image);
    }
}

/* Cut after any byte: either refused, with an offset inside, or read without leaving the bytes. The copy has exactly
 * the size of the head, so that one byte too many is found out by the sanitizer. */
TEST(truncated_anywhere)
{
    nr_buf image = NR_BUF_INIT;
    tiny_image(&image, 0);
    unsigned refused = 0, odd = 0;
    for (size_t n = 0; n < image.size; n++) {
        uint8_t *head = malloc(n ? n : 1);
        nr_md md;
        nr_image_error error = {NULL, SIZE_MAX};
        if (n) memcpy(head, image.data, n);
        if (nr_md_parse(&md, head, n, &error)) {
            walk_all(&md);
            nr_md_close(&md);
        } else {
            refused++;
            odd += !error.text || error.offset > n;
        }
        free(head);
    }
    CHECK_EQ(refused, image.size); /* the section is always cut */
    CHECK_EQ(odd, 0);
    nr_buf_free(&image);
}

/* Any byte replaced by others: never a read outside. */
TEST(damaged_anywhere)
{
    static const uint8_t values[] = {0x00, 0x01, 0x7F, 0x80, 0xFF};
    for (unsigned form = 0; form < 2; form++) {
        nr_buf image = NR_BUF_INIT;
        tiny_image(&image, form ? TINY_WIDE | TINY_PLUS : 0);
        uint8_t *copy = malloc(image.size);
        memcpy(copy, image.data, image.size);
        unsigned refused = 0;
        for (size_t i = 0; i < image.size; i++)
            for (size_t v = 0; v < sizeof values; v++) {
                nr_md md;
                nr_image_error error;
                copy[i] = values[v];
                if (nr_md_parse(&md, copy, image.size, &error)) {
                    walk_all(&md);
                    nr_md_close(&md);
                } else {
                    refused++;
                }
                copy[i] = image.data[i];
            }
        CHECK(refused > 100);
        free(copy);
        nr_buf_free(&image);
    }
}

TEST(errors_name_the_place)
{
    static const struct {
        size_t at;
        uint32_t value;
        const char *text;
        size_t offset;
    } rows[] = {
        {0x00, 0x00004E45, "no MZ signature", 0},
        {0x3C, 0x00100000, "the PE header lies outside the file", 0x3C},
        {0x40, 0x00004E45, "no PE signature", 0x40},
        {0x58, 0x00000107, "neither PE32 nor PE32+", 0x58},
        {0x58 + 96 + 14 * 8, 0, "no managed code: the CLI header directory is empty", 0x58 + 96 + 14 * 8},
        {0x58 + 96 + 14 * 8, 0x9000, "the CLI header lies in no section", 0x58 + 96 + 14 * 8},
        {0x208, 0x9000, "the metadata lies in no section", 0x208},
        {0x280, 0, "no metadata signature (BSJB)", 0x280},
        {0x28C, 0x1000, "the version text is longer than the metadata", 0x28C},
        {0x2A4, 28, "the row counts are longer than the table stream", 0x2EC + 28},
        {0x2A4, 0x1000, "a stream lies outside the metadata", 0x2A0},
        {0x304, 0x01000000, "a table has more rows than a token can name", 0x304},
        {0x304, 0x00100000, "a table is longer than the table stream", 0x330},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        nr_buf image = NR_BUF_INIT;
        nr_image parsed;
        nr_image_error error = {"accepted", 0};
        tiny_image(&image, 0);
        nr_put_u32(image.data + rows[i].at, rows[i].value);
        CHECK(!nr_image_parse(&parsed, image.data, image.size, &error));
        CHECK_STR(nr_str_of(error.text), rows[i].text);
        if (i != 1) CHECK_EQ(error.offset, rows[i].offset);
        nr_buf_free(&image);
    }
    nr_image parsed;
    nr_image_error error = {"accepted", 0};
    CHECK(!nr_image_open(&parsed, NR_STR("no/such/file.dll"), &error));
    CHECK_STR(nr_str_of(error.text), "cannot be opened");
}

TEST(compressed_numbers) /* II.23.2, its examples */
{
    static const struct {
        const char *hex;
        long value; /* -1: refused */
    } rows[] = {{"03", 3}, {"7f", 0x7F}, {"8080", 0x80}, {"ae57", 0x2E57}, {"bfff", 0x3FFF}, {"c0004000", 0x4000},
                {"dfffffff", 0x1FFFFFFF}, {"", -1}, {"80", -1}, {"c00040", -1}, {"e0000000", -1}, {"ff", -1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t bytes[8];
        uint32_t v = 0;
        size_t n = nr_test_hex(rows[i].hex, bytes, sizeof bytes), length;
        bool ok = nr_uncompress(bytes, n, &v, &length);
        CHECK_EQ(ok ? (long)v : -1, rows[i].value);
        if (ok) CHECK_EQ(length, n);
    }
}

TEST(memory_runs_out)
{
    nr_buf image = NR_BUF_INIT;
    tiny_image(&image, 0);
    bool done = false;
    for (unsigned long n = 1; !done && n < 1000; n++) {
        nr_md md;
        nr_image_error error = {"", 0};
        uint32_t token;
        nr_alloc_fail_at(n, 0);
        if (nr_md_parse(&md, image.data, image.size, &error)) {
            int32_t worst = 0, hr[6];
            hr[0] = nr_md_define_type_ref(&md, 0x23000001, NR_STR("A.B"), &token);
            hr[1] = nr_md_define_member_ref(&md, 0x01000001, NR_STR("M"), (const uint8_t *)"abc", 3, &token);
            hr[2] = nr_md_define_user_string(&md, (const uint16_t *)u"abc", 3, &token);
            hr[3] = nr_md_define_sig(&md, (const uint8_t *)"abc", 3, &token);
            hr[4] = nr_md_define_method(&md, 0x02000002, NR_STR("N"), 0, (const uint8_t *)"abc", 3, 0, 0, &token);
            hr[5] = nr_md_define_permission_set(&md, 0x06000001, 3, "abc", 3, &token);
            for (int i = 0; i < 6; i++)
                if (hr[i] < worst) worst = hr[i];
            done = worst == 0;
            if (!done) {
                CHECK_EQ(worst, NR_MD_E_NO_MEMORY);
                /* What failed works at the next attempt, with the row number it would have had. */
                CHECK(nr_md_define_type_ref(&md, 0x23000001, NR_STR("A.B"), &token) >= 0);
                CHECK_EQ(token, 0x01000002);
                CHECK(nr_md_define_member_ref(&md, 0x01000001, NR_STR("M"), (const uint8_t *)"abc", 3, &token) >= 0);
                CHECK_EQ(token, 0x0A000002);
                CHECK(nr_md_define_user_string(&md, (const uint16_t *)u"abc", 3, &token) >= 0);
                CHECK_EQ(token, 0x70000008);
            }
            nr_md_close(&md);
        } else {
            CHECK_STR(nr_str_of(error.text), "out of memory");
        }
        nr_alloc_fail_at(0, 0);
    }
    CHECK(done);
    nr_buf_free(&image);
}

TESTS(image, T(installed_frameworks), T(every_form), T(truncated_anywhere), T(damaged_anywhere), T(errors_name_the_place),
      T(compressed_numbers), T(memory_runs_out))
