#include "sim/image.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "os/map.h"

#include <string.h>

/* ---- schema (II.22) ------------------------------------------------------------ */

/* Kinds of columns: constants and heaps, then coded indexes (II.24.2.6), then CI + table number. */
enum {
    END,
    U1,
    PAD, /* the padding byte of Constant.Type */
    U2,
    U4,
    STR,
    GUID,
    BLOB,
    TYPE_DEF_OR_REF,
    HAS_CONSTANT,
    HAS_ATTRIBUTE,
    HAS_MARSHAL,
    HAS_SECURITY,
    MEMBER_PARENT,
    HAS_SEMANTICS,
    METHOD_DEF_OR_REF,
    MEMBER_FORWARDED,
    IMPLEMENTATION,
    ATTRIBUTE_TYPE,
    RESOLUTION_SCOPE,
    TYPE_OR_METHOD,
    CI = 0x40
};
#define ROW(table) (CI + (table))

static const uint8_t schema[NR_TAB_COUNT][NR_TAB_MAX_COLUMNS + 1] = {
    [NR_TAB_MODULE] = {U2, STR, GUID, GUID, GUID},
    [NR_TAB_TYPE_REF] = {RESOLUTION_SCOPE, STR, STR},
    [NR_TAB_TYPE_DEF] = {U4, STR, STR, TYPE_DEF_OR_REF, ROW(NR_TAB_FIELD), ROW(NR_TAB_METHOD_DEF)},
    [NR_TAB_FIELD_PTR] = {ROW(NR_TAB_FIELD)},
    [NR_TAB_FIELD] = {U2, STR, BLOB},
    [NR_TAB_METHOD_PTR] = {ROW(NR_TAB_METHOD_DEF)},
    [NR_TAB_METHOD_DEF] = {U4, U2, U2, STR, BLOB, ROW(NR_TAB_PARAM)},
    [NR_TAB_PARAM_PTR] = {ROW(NR_TAB_PARAM)},
    [NR_TAB_PARAM] = {U2, U2, STR},
    [NR_TAB_INTERFACE_IMPL] = {ROW(NR_TAB_TYPE_DEF), TYPE_DEF_OR_REF},
    [NR_TAB_MEMBER_REF] = {MEMBER_PARENT, STR, BLOB},
    [NR_TAB_CONSTANT] = {U1, PAD, HAS_CONSTANT, BLOB},
    [NR_TAB_CUSTOM_ATTRIBUTE] = {HAS_ATTRIBUTE, ATTRIBUTE_TYPE, BLOB},
    [0x0D] = {HAS_MARSHAL, BLOB},                                  /* FieldMarshal */
    [NR_TAB_DECL_SECURITY] = {U2, HAS_SECURITY, BLOB},
    [0x0F] = {U2, U4, ROW(NR_TAB_TYPE_DEF)},                       /* ClassLayout */
    [0x10] = {U4, ROW(NR_TAB_FIELD)},                              /* FieldLayout */
    [NR_TAB_STAND_ALONE_SIG] = {BLOB},
    [0x12] = {ROW(NR_TAB_TYPE_DEF), ROW(NR_TAB_EVENT)},            /* EventMap */
    [0x13] = {ROW(NR_TAB_EVENT)},                                  /* EventPtr */
    [NR_TAB_EVENT] = {U2, STR, TYPE_DEF_OR_REF},
    [0x15] = {ROW(NR_TAB_TYPE_DEF), ROW(NR_TAB_PROPERTY)},         /* PropertyMap */
    [0x16] = {ROW(NR_TAB_PROPERTY)},                               /* PropertyPtr */
    [NR_TAB_PROPERTY] = {U2, STR, BLOB},
    [0x18] = {U2, ROW(NR_TAB_METHOD_DEF), HAS_SEMANTICS},          /* MethodSemantics */
    [0x19] = {ROW(NR_TAB_TYPE_DEF), METHOD_DEF_OR_REF, METHOD_DEF_OR_REF}, /* MethodImpl */
    [NR_TAB_MODULE_REF] = {STR},
    [NR_TAB_TYPE_SPEC] = {BLOB},
    [0x1C] = {U2, MEMBER_FORWARDED, STR, ROW(NR_TAB_MODULE_REF)},  /* ImplMap */
    [0x1D] = {U4, ROW(NR_TAB_FIELD)},                              /* FieldRVA */
    [0x1E] = {U4, U4},                                             /* ENCLog */
    [0x1F] = {U4},                                                 /* ENCMap */
    [NR_TAB_ASSEMBLY] = {U4, U2, U2, U2, U2, U4, BLOB, STR, STR},
    [0x21] = {U4},                                                 /* AssemblyProcessor */
    [0x22] = {U4, U4, U4},                                         /* AssemblyOS */
    [NR_TAB_ASSEMBLY_REF] = {U2, U2, U2, U2, U4, BLOB, STR, STR, BLOB},
    [0x24] = {U4, ROW(NR_TAB_ASSEMBLY_REF)},                       /* AssemblyRefProcessor */
    [0x25] = {U4, U4, U4, ROW(NR_TAB_ASSEMBLY_REF)},               /* AssemblyRefOS */
    [NR_TAB_FILE] = {U4, STR, BLOB},
    [NR_TAB_EXPORTED_TYPE] = {U4, U4, STR, STR, IMPLEMENTATION},
    [NR_TAB_MANIFEST_RESOURCE] = {U4, U4, STR, IMPLEMENTATION},
    [NR_TAB_NESTED_CLASS] = {ROW(NR_TAB_TYPE_DEF), ROW(NR_TAB_TYPE_DEF)},
    [NR_TAB_GENERIC_PARAM] = {U2, U2, TYPE_OR_METHOD, STR},
    [NR_TAB_METHOD_SPEC] = {METHOD_DEF_OR_REF, BLOB},
    [NR_TAB_GENERIC_PARAM_CONSTRAINT] = {ROW(NR_TAB_GENERIC_PARAM), TYPE_DEF_OR_REF},
};

enum { NONE = 0xFF };
typedef struct coded {
    uint8_t bits, count;
    uint8_t tables[22];
} coded;

static const coded coded_indexes[] = {
    [TYPE_DEF_OR_REF] = {2, 3, {NR_TAB_TYPE_DEF, NR_TAB_TYPE_REF, NR_TAB_TYPE_SPEC}},
    [HAS_CONSTANT] = {2, 3, {NR_TAB_FIELD, NR_TAB_PARAM, NR_TAB_PROPERTY}},
    [HAS_ATTRIBUTE] = {5, 22,
                       {NR_TAB_METHOD_DEF, NR_TAB_FIELD, NR_TAB_TYPE_REF, NR_TAB_TYPE_DEF, NR_TAB_PARAM,
                        NR_TAB_INTERFACE_IMPL, NR_TAB_MEMBER_REF, NR_TAB_MODULE, NR_TAB_DECL_SECURITY,
                        NR_TAB_PROPERTY, NR_TAB_EVENT, NR_TAB_STAND_ALONE_SIG, NR_TAB_MODULE_REF,
                        NR_TAB_TYPE_SPEC, NR_TAB_ASSEMBLY, NR_TAB_ASSEMBLY_REF, NR_TAB_FILE,
                        NR_TAB_EXPORTED_TYPE, NR_TAB_MANIFEST_RESOURCE, NR_TAB_GENERIC_PARAM,
                        NR_TAB_GENERIC_PARAM_CONSTRAINT, NR_TAB_METHOD_SPEC}},
    [HAS_MARSHAL] = {1, 2, {NR_TAB_FIELD, NR_TAB_PARAM}},
    [HAS_SECURITY] = {2, 3, {NR_TAB_TYPE_DEF, NR_TAB_METHOD_DEF, NR_TAB_ASSEMBLY}},
    [MEMBER_PARENT] = {3, 5, {NR_TAB_TYPE_DEF, NR_TAB_TYPE_REF, NR_TAB_MODULE_REF, NR_TAB_METHOD_DEF,
                              NR_TAB_TYPE_SPEC}},
    [HAS_SEMANTICS] = {1, 2, {NR_TAB_EVENT, NR_TAB_PROPERTY}},
    [METHOD_DEF_OR_REF] = {1, 2, {NR_TAB_METHOD_DEF, NR_TAB_MEMBER_REF}},
    [MEMBER_FORWARDED] = {1, 2, {NR_TAB_FIELD, NR_TAB_METHOD_DEF}},
    [IMPLEMENTATION] = {2, 3, {NR_TAB_FILE, NR_TAB_ASSEMBLY_REF, NR_TAB_EXPORTED_TYPE}},
    [ATTRIBUTE_TYPE] = {3, 5, {NONE, NONE, NR_TAB_METHOD_DEF, NR_TAB_MEMBER_REF, NONE}},
    [RESOLUTION_SCOPE] = {2, 4, {NR_TAB_MODULE, NR_TAB_MODULE_REF, NR_TAB_ASSEMBLY_REF, NR_TAB_TYPE_REF}},
    [TYPE_OR_METHOD] = {1, 2, {NR_TAB_TYPE_DEF, NR_TAB_METHOD_DEF}},
};

unsigned nr_image_columns_of(unsigned table)
{
    unsigned n = 0;
    if (table < NR_TAB_COUNT)
        while (n < NR_TAB_MAX_COLUMNS && schema[table][n] != END) n++;
    return n;
}

bool nr_image_coded_token(unsigned table, unsigned column, uint32_t value, uint32_t *token)
{
    unsigned kind = schema[table][column];
    if (kind >= CI) {
        *token = (uint32_t)(kind - CI) << 24 | value;
        return value <= 0xFFFFFF;
    }
    if (kind < TYPE_DEF_OR_REF || kind > TYPE_OR_METHOD) return false;
    const coded *c = &coded_indexes[kind];
    unsigned tag = value & ((1u << c->bits) - 1);
    uint32_t rid = value >> c->bits;
    if (tag >= c->count || c->tables[tag] == NONE || rid > 0xFFFFFF) return false;
    *token = (uint32_t)c->tables[tag] << 24 | rid;
    return true;
}

bool nr_image_token_coded(unsigned table, unsigned column, uint32_t token, uint32_t *value)
{
    unsigned kind = schema[table][column];
    if (kind < TYPE_DEF_OR_REF || kind > TYPE_OR_METHOD) return false;
    const coded *c = &coded_indexes[kind];
    for (unsigned tag = 0; tag < c->count; tag++) {
        if (c->tables[tag] != token >> 24) continue;
        *value = (token & 0xFFFFFF) << c->bits | tag;
        return true;
    }
    return false;
}

/* ---- reading --------------------------------------------------------------------- */

typedef struct reader {
    nr_image *image;
    nr_image_error *error;
} reader;

static bool bad(reader *r, const char *text, size_t offset)
{
    r->error->text = text;
    r->error->offset = offset;
    return false;
}

/* `n` bytes at `offset` of the file. */
static const uint8_t *need(reader *r, const char *text, size_t offset, size_t n)
{
    if (offset > r->image->size || n > r->image->size - offset) {
        bad(r, text, offset < r->image->size ? offset : r->image->size);
        return NULL;
    }
    return r->image->data + offset;
}

const uint8_t *nr_image_at_rva(const nr_image *image, uint32_t rva, size_t *left)
{
    for (size_t i = 0; i < image->section_count; i++) {
        const nr_image_section *s = &image->sections[i];
        if (rva < s->rva || rva - s->rva >= s->file_size) continue;
        uint32_t into = rva - s->rva;
        *left = s->file_size - into;
        return image->data + s->file_offset + into;
    }
    return NULL;
}

/* An RVA that must hold `n` bytes, as file offset. */
static bool locate(reader *r, const char *text, uint32_t rva, size_t n, size_t where, size_t *offset)
{
    size_t left = 0;
    const uint8_t *p = nr_image_at_rva(r->image, rva, &left);
    if (!p || left < n) return bad(r, text, where);
    *offset = (size_t)(p - r->image->data);
    return true;
}

static bool read_headers(reader *r, size_t *cli_offset)
{
    nr_image *image = r->image;
    const uint8_t *p = need(r, "no room for a DOS header", 0, 64);
    if (!p) return false;
    if (p[0] != 'M' || p[1] != 'Z') return bad(r, "no MZ signature", 0);
    size_t pe = nr_get_u32(p + 0x3C);
    p = need(r, "the PE header lies outside the file", pe, 24);
    if (!p) return false;
    if (memcmp(p, "PE\0\0", 4)) return bad(r, "no PE signature", pe);
    image->machine = nr_get_u16(p + 4);
    size_t sections = nr_get_u16(p + 6), optional_size = nr_get_u16(p + 20), optional = pe + 24;
    p = need(r, "the optional header lies outside the file", optional, optional_size);
    if (!p) return false;
    if (optional_size < 2) return bad(r, "no optional header", optional);
    uint16_t magic = nr_get_u16(p);
    if (magic != 0x10B && magic != 0x20B) return bad(r, "neither PE32 nor PE32+", optional);
    image->pe32_plus = magic == 0x20B;
    size_t directories = image->pe32_plus ? 112 : 96;
    if (optional_size < directories) return bad(r, "the optional header is too short", optional);
    uint32_t count = nr_get_u32(p + directories - 4);
    if (count < 15 || optional_size < directories + 15 * 8)
        return bad(r, "no managed code: there is no CLI header directory", optional + directories - 4);
    size_t cli_entry = optional + directories + 14 * 8;
    uint32_t cli_rva = nr_get_u32(image->data + cli_entry), cli_size = nr_get_u32(image->data + cli_entry + 4);
    if (!cli_rva) return bad(r, "no managed code: the CLI header directory is empty", cli_entry);

    size_t table = optional + optional_size;
    p = need(r, "the section table lies outside the file", table, sections * 40);
    if (!p) return false;
    if (sections) {
        image->sections = nr_alloc(NULL, 0, sections * sizeof *image->sections);
        if (!image->sections) return bad(r, "out of memory", 0);
    }
    image->section_count = sections;
    for (size_t i = 0; i < sections; i++, p += 40) {
        nr_image_section *s = &image->sections[i];
        s->virtual_size = nr_get_u32(p + 8);
        s->rva = nr_get_u32(p + 12);
        s->file_size = nr_get_u32(p + 16);
        s->file_offset = nr_get_u32(p + 20);
        if (s->file_size && (s->file_offset > image->size || s->file_size > image->size - s->file_offset))
            return bad(r, "a section lies outside the file", table + i * 40 + 16);
        if (UINT32_MAX - s->rva < s->file_size) return bad(r, "a section wraps around", table + i * 40 + 12);
    }
    if (cli_size < 72) return bad(r, "the CLI header is too short", cli_entry + 4);
    return locate(r, "the CLI header lies in no section", cli_rva, 72, cli_entry, cli_offset);
}

static bool heap_of(reader *r, nr_image_heap *heap, size_t at, uint32_t size)
{
    heap->data = r->image->data + at;
    heap->size = size;
    return true;
}

/* II.24.2.1, II.24.2.2. */
static bool read_root(reader *r, size_t cli, size_t *tables, uint32_t *tables_size)
{
    nr_image *image = r->image;
    const uint8_t *p = image->data + cli;
    image->cli_flags = nr_get_u32(p + 16);
    image->entry_point = nr_get_u32(p + 20);
    image->ready_to_run = nr_get_u32(p + 64) != 0;
    uint32_t size = nr_get_u32(p + 12);
    size_t root;
    if (!locate(r, "the metadata lies in no section", nr_get_u32(p + 8), size, cli + 8, &root)) return false;
    if (size < 20) return bad(r, "the metadata root is too short", cli + 12);
    p = image->data + root;
    if (nr_get_u32(p) != 0x424A5342) return bad(r, "no metadata signature (BSJB)", root);
    uint32_t length = nr_get_u32(p + 12);
    if (length > size - 20) return bad(r, "the version text is longer than the metadata", root + 12);
    const uint8_t *nul = memchr(p + 16, 0, length);
    image->version.p = (const char *)p + 16;
    image->version.n = nul ? (size_t)(nul - p - 16) : length;
    size_t at = 16 + (size_t)length;
    unsigned streams = nr_get_u16(p + at + 2);
    at += 4;
    *tables_size = 0;
    for (unsigned i = 0; i < streams; i++) {
        if (size - at < 12) return bad(r, "the stream headers are longer than the metadata", root + at);
        uint32_t offset = nr_get_u32(p + at), bytes = nr_get_u32(p + at + 4);
        const char *name = (const char *)p + at + 8;
        size_t room = size - at - 8, n = 0;
        while (n < room && n < 32 && name[n]) n++;
        if (n == room || n == 32) return bad(r, "a stream name has no end", root + at + 8);
        if (offset > size || bytes > size - offset) return bad(r, "a stream lies outside the metadata", root + at);
        size_t where = root + offset;
        if (!strcmp(name, "#~") || !strcmp(name, "#-")) {
            image->uncompressed = name[1] == '-';
            *tables = where;
            *tables_size = bytes;
        } else if (!strcmp(name, "#Strings")) {
            heap_of(r, &image->strings, where, bytes);
        } else if (!strcmp(name, "#Blob")) {
            heap_of(r, &image->blobs, where, bytes);
        } else if (!strcmp(name, "#GUID")) {
            heap_of(r, &image->guids, where, bytes);
        } else if (!strcmp(name, "#US")) {
            heap_of(r, &image->user_strings, where, bytes);
        }
        size_t step = 8 + ((n + 4) & ~(size_t)3);
        if (step > size - at) return bad(r, "the stream headers are longer than the metadata", root + at);
        at += step;
    }
    if (!*tables_size) return bad(r, "there is no table stream", root);
    return true;
}

static uint8_t column_width(unsigned kind, uint8_t heap_sizes, const uint32_t *counts)
{
    uint32_t most = 0;
    unsigned bits = 0;
    switch (kind) {
    case U1:
    case PAD: return 1;
    case U2: return 2;
    case U4: return 4;
    case STR: return heap_sizes & 1 ? 4 : 2;
    case GUID: return heap_sizes & 2 ? 4 : 2;
    case BLOB: return heap_sizes & 4 ? 4 : 2;
    default: break;
    }
    if (kind >= CI) {
        most = counts[kind - CI];
    } else {
        const coded *c = &coded_indexes[kind];
        bits = c->bits;
        for (unsigned i = 0; i < c->count; i++)
            if (c->tables[i] != NONE && counts[c->tables[i]] > most) most = counts[c->tables[i]];
    }
    return most >= 1u << (16 - bits) ? 4 : 2;
}

/* II.24.2.6. */
static bool read_tables(reader *r, size_t at, uint32_t size)
{
    nr_image *image = r->image;
    uint32_t counts[64] = {0};
    if (size < 24) return bad(r, "the table stream is too short", at);
    const uint8_t *p = image->data + at;
    uint8_t heap_sizes = p[6];
    uint64_t valid = nr_get_u64(p + 8);
    image->sorted = nr_get_u64(p + 16);
    size_t offset = 24;
    for (unsigned t = 0; t < 64; t++) {
        if (!(valid >> t & 1)) continue;
        if (size - offset < 4) return bad(r, "the row counts are longer than the table stream", at + offset);
        counts[t] = nr_get_u32(p + offset);
        if (counts[t] > 0xFFFFFF) return bad(r, "a table has more rows than a token can name", at + offset);
        offset += 4;
    }
    if (heap_sizes & 0x40) { /* extra data word, written by some compilers */
        if (size - offset < 4) return bad(r, "the row counts are longer than the table stream", at + offset);
        offset += 4;
    }
    /* II.24.2.6: a MethodList names MethodPtr rows when that table exists, and so on. The width of the
     * column follows the larger of the two. */
    uint32_t widths[64];
    memcpy(widths, counts, sizeof widths);
    static const uint8_t indirect[][2] = {{NR_TAB_FIELD_PTR, NR_TAB_FIELD}, {NR_TAB_METHOD_PTR, NR_TAB_METHOD_DEF},
                                          {NR_TAB_PARAM_PTR, NR_TAB_PARAM}, {0x13, NR_TAB_EVENT},
                                          {0x16, NR_TAB_PROPERTY}};
    for (unsigned t = 0; t < NR_TAB_COUNT; t++) {
        nr_image_table *table = &image->tables[t];
        unsigned n = nr_image_columns_of(t), row = 0;
        for (unsigned c = 0; c < n; c++) {
            unsigned kind = schema[t][c];
            uint8_t width = column_width(kind, heap_sizes, widths);
            bool list = (t == NR_TAB_TYPE_DEF && c >= NR_COL_TYPE_DEF_FIELDS) ||
                        (t == NR_TAB_METHOD_DEF && c == NR_COL_METHOD_PARAMS) || ((t == 0x12 || t == 0x15) && c == 1);
            for (unsigned i = 0; list && i < NR_COUNT(indirect); i++)
                if (kind == (unsigned)CI + indirect[i][1] && counts[indirect[i][0]] >= 1u << 16) width = 4;
            table->at[c] = (uint8_t)row;
            table->width[c] = width;
            row += width;
        }
        table->row_size = row;
        table->count = counts[t];
        if (!counts[t]) continue;
        if (!row) return bad(r, "an unknown table has rows", at + 8);
        if ((uint64_t)counts[t] * row > size - offset)
            return bad(r, "a table is longer than the table stream", at + offset);
        table->rows = p + offset;
        offset += (size_t)counts[t] * row;
    }
    if (!image->tables[NR_TAB_MODULE].count) return bad(r, "there is no Module row", at);
    return true;
}

bool nr_image_parse(nr_image *image, const uint8_t *data, size_t size, nr_image_error *error)
{
    reader r = {image, error};
    size_t cli = 0, tables = 0;
    uint32_t tables_size = 0;
    memset(image, 0, sizeof *image);
    image->data = data;
    image->size = size;
    if (read_headers(&r, &cli) && read_root(&r, cli, &tables, &tables_size) &&
        read_tables(&r, tables, tables_size))
        return true;
    nr_image_close(image);
    return false;
}

bool nr_image_open(nr_image *image, nr_str path, nr_image_error *error)
{
    const uint8_t *data;
    size_t size;
    memset(image, 0, sizeof *image);
    if (!nr_os_map_file(path, &data, &size)) {
        error->text = "cannot be opened";
        error->offset = 0;
        return false;
    }
    if (!nr_image_parse(image, data, size, error)) {
        nr_os_unmap(data, size);
        return false;
    }
    image->mapped = true;
    return true;
}

void nr_image_close(nr_image *image)
{
    nr_free(image->sections, image->section_count * sizeof *image->sections);
    if (image->mapped) nr_os_unmap(image->data, image->size);
    memset(image, 0, sizeof *image);
}

uint32_t nr_image_column(const nr_image *image, unsigned table, uint32_t rid, unsigned column)
{
    const nr_image_table *t = &image->tables[table];
    const uint8_t *p = t->rows + (size_t)(rid - 1) * t->row_size + t->at[column];
    switch (t->width[column]) {
    case 1: return p[0];
    case 2: return nr_get_u16(p);
    default: return nr_get_u32(p);
    }
}

bool nr_uncompress(const uint8_t *p, size_t size, uint32_t *value, size_t *length)
{
    if (size < 1) return false;
    if (!(p[0] & 0x80)) {
        *value = p[0];
        *length = 1;
        return true;
    }
    if (!(p[0] & 0x40)) {
        if (size < 2) return false;
        *value = (uint32_t)(p[0] & 0x3F) << 8 | p[1];
        *length = 2;
        return true;
    }
    if (size < 4 || p[0] & 0x20) return false;
    *value = (uint32_t)(p[0] & 0x1F) << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    *length = 4;
    return true;
}
