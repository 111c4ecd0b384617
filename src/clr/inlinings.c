#include "clr/inlinings.h"

#include "base/buf.h"

/* The format is that of the runtime's documentation, docs/design/coreclr/botr/readytorun-format.md. */
enum {
    SIGNATURE = 0x00525452,
    HEADER = 16,
    SECTION = 12,
    MULTI_MODULE = 0x40 /* READYTORUN_FLAG_MULTIMODULE_VERSION_BUBBLE */
};
enum { INLINING_INFO2 = 114, CROSS_MODULE_INLINE_INFO = 119 };
/* In the first number of an entry. */
enum { FOREIGN = 1 /* of the inlinee of INLINING_INFO2, and of each inliner: a module follows */ };
enum { BY_BODY = 1, HAS_INLINERS_BY_BODY = 2 /* CROSS_MODULE_INLINE_INFO: names bodies of other modules */ };

/* Over a section. What lies outside of it reads as 0 and is remembered. */
typedef struct nr_native_reader {
    const uint8_t *data;
    size_t size, at;
    bool bad;
} nr_native_reader;

static uint32_t byte_at(nr_native_reader *r, size_t at)
{
    if (at < r->size) return r->data[at];
    r->bad = true;
    return 0;
}

static uint32_t little(nr_native_reader *r, size_t at, unsigned bytes)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < bytes; i++) v |= byte_at(r, at + i) << 8 * i;
    return v;
}

/* A number: as many low bits of the first byte as are set before the first that is not tell how many bytes follow, up to 3; after
 * four set bits the number is in the four bytes that follow. `bits`: those that it has. */
static uint32_t number(nr_native_reader *r, unsigned *bits)
{
    uint32_t first = byte_at(r, r->at);
    unsigned more = 0;
    while (more < 4 && first >> more & 1) more++;
    uint32_t v = more == 4 ? little(r, r->at + 1, 4) : little(r, r->at, more + 1) >> (more + 1);
    r->at += more == 4 ? 5 : more + 1;
    *bits = more == 4 ? 32 : 7 * (more + 1);
    return v;
}

static uint32_t next(nr_native_reader *r)
{
    unsigned bits;
    return number(r, &bits);
}

/* Distance from where it stands. */
static size_t next_target(nr_native_reader *r)
{
    unsigned bits;
    size_t from = r->at;
    uint32_t v = number(r, &bits);
    if (bits < 32 && v >> (bits - 1) & 1) v |= UINT32_MAX << bits;
    return from + (size_t)(ptrdiff_t)(int32_t)v;
}

typedef struct nr_inlining_list {
    bool by_body, multi; /* the section's format */
    nr_inlining_visitor visit;
    void *self;
    bool stopped;
} nr_inlining_list;

/* The numbers of an entry are counted: `left`. */
static uint32_t take(nr_native_reader *r, uint32_t *left)
{
    if (!*left) {
        r->bad = true;
        return 0;
    }
    --*left;
    return next(r);
}

/* One inlinee and its inliners. In each format the rows of the inliners are differences, each to the one before. */
static void entry(nr_native_reader *r, nr_inlining_list *list)
{
    uint32_t left = next(r), first = take(r, &left), inlinee = list->by_body ? first >> 2 : first >> 1;
    bool foreign = (first & (list->by_body ? BY_BODY : FOREIGN)) != 0, flagged = !list->by_body || list->multi;
    if (list->by_body ? list->multi && !foreign : foreign) {
        uint32_t module = take(r, &left); /* 0: the image's own */
        foreign = module != 0;
    }
    if (list->by_body && first & HAS_INLINERS_BY_BODY) {
        for (uint32_t count = take(r, &left); count && !r->bad; count--) take(r, &left);
    }
    uint32_t inliner = 0;
    while (left && !r->bad && !list->stopped) {
        uint32_t v = take(r, &left);
        bool elsewhere = flagged && v & FOREIGN;
        inliner += flagged ? v >> 1 : v;
        if (elsewhere) take(r, &left);
        if (!foreign && !elsewhere && !r->bad) list->stopped = !list->visit(list->self, inlinee, inliner);
    }
}

/* A hash table: a byte with the size of an index and the number of buckets, an index for each bucket and one more, both counted
 * from behind that byte; in a bucket for each entry a byte of its hash and the way to it. All of it is gone through. */
static bool each_entry(nr_native_reader *r, nr_inlining_list *list)
{
    uint32_t head = byte_at(r, 0), width = 1u << (head & 3), shift = head >> 2;
    if (r->bad || width > 4 || shift > 24) return false;
    for (uint32_t b = 0; b < 1u << shift && !r->bad && !list->stopped; b++) {
        size_t at = 1 + (size_t)little(r, 1 + (size_t)b * width, width);
        size_t end = 1 + (size_t)little(r, 1 + ((size_t)b + 1) * width, width);
        if (r->bad || end > r->size) return false;
        while (at < end && !r->bad && !list->stopped) {
            r->at = at + 1;
            size_t target = next_target(r);
            at = r->at;
            r->at = target;
            if (!r->bad) entry(r, list);
        }
    }
    return !r->bad;
}

bool nr_image_inlinings(const nr_loaded_image *image, nr_inlining_visitor visit, void *self)
{
    const uint8_t *header = nr_image_at(image, image->native, HEADER);
    if (!header || nr_get_u32(header) != SIGNATURE) return false;
    uint32_t flags = nr_get_u32(header + 8), count = nr_get_u32(header + 12);
    if (count > UINT16_MAX || !nr_image_at(image, image->native, HEADER + count * SECTION)) return false;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *section = header + HEADER + (size_t)i * SECTION;
        uint32_t kind = nr_get_u32(section), size = nr_get_u32(section + 8);
        if (kind != INLINING_INFO2 && kind != CROSS_MODULE_INLINE_INFO) continue;
        nr_native_reader r = {nr_image_at(image, nr_get_u32(section + 4), size), size, 0, false};
        nr_inlining_list list = {kind == CROSS_MODULE_INLINE_INFO, (flags & MULTI_MODULE) != 0, visit, self, false};
        return r.data && each_entry(&r, &list);
    }
    return false;
}
