/* The list of inlinings in a ReadyToRun image: both formats, and damaged ones. */
#include "clr/inlinings.h"

#include "base/buf.h"
#include "test.h"

#include <stdio.h>

enum { PE = 0x40, NATIVE = 0x200, SECTION = 0x300, SIZE_OF_IMAGE = PE + 24 + 56, MULTI = 0x40 };
enum { INFO2 = 114, CROSS_MODULE = 119, ENTRIES = 8, NUMBERS = 8 };

typedef struct row {
    unsigned count;
    uint32_t numbers[NUMBERS];
} row;

/* As few bytes as it takes. */
static void put_number(nr_buf *b, uint32_t v)
{
    if (v < 1u << 7) {
        nr_buf_u8(b, (uint8_t)(v << 1));
    } else if (v < 1u << 14) {
        nr_buf_u16(b, (uint16_t)(v << 2 | 1));
    } else if (v < 1u << 21) {
        nr_buf_u16(b, (uint16_t)(v << 3 | 3));
        nr_buf_u8(b, (uint8_t)(v >> 13));
    } else if (v < 1u << 28) {
        nr_buf_u32(b, v << 4 | 7);
    } else {
        nr_buf_u8(b, 15);
        nr_buf_u32(b, v);
    }
}

/* Two buckets: one entry in the first, the others in the second. */
static void put_table(nr_buf *b, const row *rows, unsigned count, unsigned width)
{
    uint32_t at[ENTRIES], table = (1 + 3 * width), list = 3 * count;
    nr_buf bodies = NR_BUF_INIT;
    for (unsigned i = 0; i < count; i++) {
        at[i] = table + list + (uint32_t)bodies.size;
        put_number(&bodies, rows[i].count);
        for (unsigned k = 0; k < rows[i].count; k++) put_number(&bodies, rows[i].numbers[k]);
    }
    const uint32_t index[] = {table - 1, table - 1 + 3, table - 1 + list};
    nr_buf_u8(b, (uint8_t)(1 << 2 | (width == 4 ? 2 : width - 1)));
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned k = 0; k < width; k++) nr_buf_u8(b, (uint8_t)(index[i] >> 8 * k));
    }
    for (unsigned i = 0; i < count; i++) {
        nr_buf_u8(b, 0xAA);
        nr_buf_u16(b, (uint16_t)((at[i] - (table + 3 * i + 1)) << 2 | 1));
    }
    nr_buf_put(b, bodies.data, bodies.size);
    nr_buf_free(&bodies);
}

static nr_loaded_image image_of(nr_buf *b, unsigned kind, uint32_t flags, const row *rows, unsigned count,
                                unsigned width)
{
    const uint32_t header[] = {0x00525452, 9, flags, 2, 100, SECTION, 4, kind, SECTION};
    nr_buf_fill(b, 0, NATIVE);
    for (size_t i = 0; i < NR_COUNT(header); i++) nr_buf_u32(b, header[i]);
    size_t size_at = b->size;
    nr_buf_fill(b, 0, SECTION - b->size);
    put_table(b, rows, count, width);
    nr_put_u32(b->data + size_at, (uint32_t)(b->size - SECTION));
    nr_put_u32(b->data + SIZE_OF_IMAGE, (uint32_t)b->size);
    return (nr_loaded_image){.base = b->data, .pe = b->data + PE, .native = NATIVE};
}

typedef struct seen {
    char text[200];
    unsigned stop_after;
} seen;

static bool note(void *self, uint32_t inlinee, uint32_t inliner)
{
    seen *s = self;
    size_t n = strlen(s->text);
    snprintf(s->text + n, sizeof s->text - n, "%x in %x\n", inlinee, inliner);
    return !s->stop_after || --s->stop_after;
}

static bool all_of(unsigned kind, uint32_t flags, const row *rows, unsigned count, seen *s)
{
    nr_buf b = NR_BUF_INIT;
    bool whole = true;
    const unsigned widths[] = {1, 2, 4};
    for (size_t i = 0; i < NR_COUNT(widths); i++) {
        nr_loaded_image image = image_of(&b, kind, flags, rows, count, widths[i]);
        memset(s->text, 0, sizeof s->text);
        whole = nr_image_inlinings(&image, note, s) && whole;
        nr_buf_free(&b);
    }
    return whole;
}

/* inlinee << 1 | foreign, its module when it is; differences << 1 | foreign, their modules. */
TEST(inlining_info_2)
{
    static const row rows[] = {
        {3, {5 << 1, 7 << 1, 2 << 1}},
        {3, {6 << 1 | 1, 3, 8 << 1}},                                  /* comes from elsewhere */
        {5, {0x12345 << 1, 0x100 << 1 | 1, 2, 1 << 1, 0x123456 << 1}}, /* the first of its inliners is elsewhere */
        {2, {0x00ABCDEF << 1, 0x40000000u << 1}},
    };
    seen s = {"", 0};
    CHECK(all_of(INFO2, 0, rows, 4, &s));
    CHECK_STR(nr_str_of(s.text), "5 in 7\n5 in 9\n12345 in 101\n12345 in 123557\nabcdef in 40000000\n");
}

/* inlinee << 2 | flags; bodies of other modules, counted; differences. */
TEST(cross_module_inlinings)
{
    static const row rows[] = {
        {3, {5 << 2, 7, 2}},
        {2, {6 << 2 | 1, 8}},                /* a body of another module */
        {6, {9 << 2 | 2, 2, 77, 1, 10, 10}}, /* is in two bodies of other modules as well */
    };
    seen s = {"", 0};
    CHECK(all_of(CROSS_MODULE, 0, rows, 3, &s));
    CHECK_STR(nr_str_of(s.text), "5 in 7\n5 in 9\n9 in a\n9 in 14\n");
}

/* The same for a bubble of several modules: each inlinee but a body has a module, each inliner may. */
TEST(cross_module_inlinings_of_several_modules)
{
    static const row rows[] = {
        {4, {5 << 2, 0, 7 << 1, 2 << 1}},
        {3, {5 << 2, 3, 7 << 1}},
        {2, {6 << 2 | 1, 8 << 1}},
        {5, {9 << 2, 0, 1 << 1 | 1, 4, 1 << 1}},
        {7, {10 << 2 | 2, 0, 1, 99, 3 << 1, 1 << 1 | 1, 2}},
    };
    seen s = {"", 0};
    CHECK(all_of(CROSS_MODULE, MULTI, rows, 5, &s));
    CHECK_STR(nr_str_of(s.text), "5 in 7\n5 in 9\n9 in 2\na in 3\n");
}

TEST(a_visitor_that_has_seen_enough)
{
    static const row rows[] = {{3, {5 << 1, 7 << 1, 2 << 1}}, {2, {6 << 1, 8 << 1}}};
    nr_buf b = NR_BUF_INIT;
    seen s = {"", 1};
    nr_loaded_image image = image_of(&b, INFO2, 0, rows, 2, 2);
    CHECK(nr_image_inlinings(&image, note, &s));
    CHECK_STR(nr_str_of(s.text), "5 in 7\n");
    nr_buf_free(&b);
}

static bool pass(void *self, uint32_t inlinee, uint32_t inliner)
{
    (void)self, (void)inlinee, (void)inliner;
    return true;
}

/* Memory of its own, so that what is read beyond its end is found out. */
static bool read_copy(const nr_buf *b, size_t size)
{
    nr_buf copy = NR_BUF_INIT;
    nr_buf_put(&copy, b->data, size);
    nr_loaded_image image = {.base = copy.data, .pe = copy.data + PE, .native = NATIVE};
    bool whole = nr_image_inlinings(&image, pass, NULL);
    nr_buf_free(&copy);
    return whole;
}

TEST(damaged_lists)
{
    static const row rows[] = {{3, {5 << 2, 0, 7 << 1}}, {6, {9 << 2 | 2, 0, 1, 77, 1 << 1 | 1, 10}}};
    nr_buf b = NR_BUF_INIT;
    image_of(&b, CROSS_MODULE, MULTI, rows, 2, 1);
    CHECK(read_copy(&b, b.size));
    for (size_t size = SECTION; size < b.size; size++) { /* cut off: section and image are shorter */
        nr_put_u32(b.data + SIZE_OF_IMAGE, (uint32_t)size);
        CHECK(!read_copy(&b, size));
        nr_put_u32(b.data + NATIVE + 16 + 12 + 8, (uint32_t)(size - SECTION));
        CHECK(!read_copy(&b, size));
        nr_put_u32(b.data + NATIVE + 16 + 12 + 8, (uint32_t)(b.size - SECTION));
    }
    nr_put_u32(b.data + SIZE_OF_IMAGE, (uint32_t)b.size);
    CHECK(read_copy(&b, b.size));
    for (size_t i = NATIVE; i < b.size; i++) { /* each byte is another: it may mean something else, or nothing */
        uint8_t before = b.data[i];
        for (unsigned v = 0; v < 256; v++) {
            b.data[i] = (uint8_t)v;
            read_copy(&b, b.size);
        }
        b.data[i] = before;
    }
    b.data[NATIVE] ^= 1; /* no signature */
    CHECK(!read_copy(&b, b.size));
    nr_buf_free(&b);
}

TESTS(inlinings, T(inlining_info_2), T(cross_module_inlinings), T(cross_module_inlinings_of_several_modules),
      T(a_visitor_that_has_seen_enough), T(damaged_lists))
