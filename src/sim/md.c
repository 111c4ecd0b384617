#include "sim/md.h"

#include "base/utf.h"
#include "il/body.h"
#include "sim/md_internal.h"

#include <string.h>

static void begin(nr_md *md)
{
    uint32_t size = md->image.user_strings.size;
    /* An image without the heap gets one that holds the empty string at 0. */
    md->user_end = size ? (size + 3) & ~3u : 1;
}

bool nr_md_open(nr_md *md, nr_str path, nr_image_error *error)
{
    memset(md, 0, sizeof *md);
    if (!nr_image_open(&md->image, path, error)) return false;
    begin(md);
    return true;
}

bool nr_md_parse(nr_md *md, const uint8_t *data, size_t size, nr_image_error *error)
{
    memset(md, 0, sizeof *md);
    if (!nr_image_parse(&md->image, data, size, error)) return false;
    begin(md);
    return true;
}

void nr_md_close(nr_md *md)
{
    for (unsigned t = 0; t < NR_TAB_COUNT; t++) nr_buf_free(&md->added[t]);
    nr_buf_free(&md->strings);
    nr_buf_free(&md->blobs);
    nr_buf_free(&md->users);
    nr_buf_free(&md->secured);
    nr_index *all[] = {&md->type_defs,  &md->type_refs, &md->member_refs,  &md->members_of,
                       &md->type_specs, &md->sigs,      &md->method_specs, &md->user_index};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) nr_index_free(all[i]);
    nr_arena_free(&md->arena);
    nr_image_close(&md->image);
}

/* ---- rows --------------------------------------------------------------------------- */

static uint32_t added_rows(const nr_md *md, unsigned table)
{
    return (uint32_t)(md->added[table].size / (NR_MD_CELLS * sizeof(uint32_t)));
}

uint32_t nr_md_rows(const nr_md *md, unsigned table)
{
    return table < NR_TAB_COUNT ? md->image.tables[table].count + added_rows(md, table) : 0;
}

bool nr_md_is(const nr_md *md, uint32_t token, unsigned table)
{
    uint32_t rid = token & 0xFFFFFF;
    return token >> 24 == table && rid && rid <= nr_md_rows(md, table);
}

bool nr_md_is_valid(const nr_md *md, uint32_t token)
{
    const uint8_t *p;
    uint32_t n;
    if (token >> 24 == 0x70) return nr_md_user_string(md, token, &p, &n);
    return nr_md_is(md, token, token >> 24);
}

static const uint32_t *added_row(const nr_md *md, unsigned table, uint32_t number)
{
    return (const uint32_t *)(const void *)md->added[table].data + (size_t)number * NR_MD_CELLS;
}

/* HasSecurity, which a permission set brings to a row of the image. */
static uint32_t security_flag(const nr_md *md, unsigned table, uint32_t rid, unsigned column)
{
    const uint32_t *tokens = (const uint32_t *)(const void *)md->secured.data;
    bool method = table == NR_TAB_METHOD_DEF && column == NR_COL_METHOD_FLAGS;
    bool type = table == NR_TAB_TYPE_DEF && column == NR_COL_TYPE_DEF_FLAGS;
    for (size_t i = 0; (method || type) && i < md->secured.size / sizeof *tokens; i++)
        if (tokens[i] == ((uint32_t)table << 24 | rid)) return method ? 0x4000 : 0x40000;
    return 0;
}

uint32_t nr_md_get(const nr_md *md, unsigned table, uint32_t rid, unsigned column)
{
    uint32_t count = md->image.tables[table].count;
    uint32_t flag = md->secured.size ? security_flag(md, table, rid, column) : 0;
    if (rid <= count) return nr_image_column(&md->image, table, rid, column) | flag;
    return added_row(md, table, rid - count - 1)[column] | flag;
}

uint32_t nr_md_token(const nr_md *md, unsigned table, uint32_t rid, unsigned column)
{
    uint32_t token;
    return nr_image_coded_token(table, column, nr_md_get(md, table, rid, column), &token) ? token : 0;
}

uint32_t nr_md_next(const nr_md *md, unsigned table, unsigned column, uint32_t value, uint32_t rid)
{
    uint32_t count = md->image.tables[table].count, all = nr_md_rows(md, table);
    bool sorted = md->image.sorted >> table & 1;
    for (rid++; rid <= all; rid++) {
        uint32_t v = nr_md_get(md, table, rid, column);
        if (v == value) return rid;
        if (sorted && rid <= count && v > value) rid = count; /* on with the defined rows */
    }
    return 0;
}

uint32_t nr_md_first(const nr_md *md, unsigned table, unsigned column, uint32_t value)
{
    uint32_t low = 1, high = md->image.tables[table].count + 1;
    if (!(md->image.sorted >> table & 1)) return nr_md_next(md, table, column, value, 0);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (nr_image_column(&md->image, table, middle, column) < value) low = middle + 1;
        else high = middle;
    }
    return nr_md_next(md, table, column, value, low - 1);
}

/* ---- heaps ----------------------------------------------------------------------------- */

static nr_str defined(const nr_buf *list, uint32_t offset)
{
    uint32_t number = offset & ~NR_MD_DEFINED;
    nr_str none = {NULL, 0};
    /* A row of the image may hold any 32 bits. */
    return number < list->size / sizeof none ? ((const nr_str *)(const void *)list->data)[number] : none;
}

nr_str nr_md_string(const nr_md *md, uint32_t offset)
{
    nr_str s = {NULL, 0};
    const nr_image_heap *heap = &md->image.strings;
    if (offset & NR_MD_DEFINED) return defined(&md->strings, offset);
    if (offset >= heap->size) {
        if (!offset) s.p = ""; /* an image without names */
        return s;
    }
    const uint8_t *end = memchr(heap->data + offset, 0, heap->size - offset);
    if (!end) return s;
    s.p = (const char *)heap->data + offset;
    s.n = (size_t)(end - (heap->data + offset));
    return s;
}

bool nr_md_blob(const nr_md *md, uint32_t offset, const uint8_t **p, uint32_t *size)
{
    if (offset & NR_MD_DEFINED) {
        nr_str b = defined(&md->blobs, offset);
        *p = (const uint8_t *)b.p;
        *size = (uint32_t)b.n;
        return b.p != NULL;
    }
    const nr_image_heap *heap = &md->image.blobs;
    static const uint8_t empty[1];
    if (!offset && !heap->size) {
        *p = empty;
        *size = 0;
        return true;
    }
    uint32_t n;
    size_t head;
    if (offset >= heap->size || !nr_uncompress(heap->data + offset, heap->size - offset, &n, &head)) return false;
    if (n > heap->size - offset - head) return false;
    *p = heap->data + offset + head;
    *size = n;
    return true;
}

static const struct user *user_at(const nr_md *md, uint32_t offset)
{
    const struct user *users = (const struct user *)(const void *)md->users.data;
    size_t low = 0, high = md->users.size / sizeof *users;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (users[middle].offset < offset) low = middle + 1;
        else high = middle;
    }
    return low < md->users.size / sizeof *users && users[low].offset == offset ? &users[low] : NULL;
}

bool nr_md_user_string(const nr_md *md, uint32_t token, const uint8_t **bytes, uint32_t *units)
{
    uint32_t offset = token & 0xFFFFFF, n;
    const nr_image_heap *heap = &md->image.user_strings;
    size_t head;
    if (token >> 24 != 0x70) return false;
    if (offset >= heap->size) {
        const struct user *u = user_at(md, offset);
        if (!u) return false;
        *bytes = (const uint8_t *)u->units;
        *units = u->count;
        return true;
    }
    if (!nr_uncompress(heap->data + offset, heap->size - offset, &n, &head)) return false;
    if (n > heap->size - offset - head) return false;
    *bytes = heap->data + offset + head;
    *units = n / 2; /* the odd byte at the end is a flag (II.24.2.4) */
    return true;
}

nr_str nr_md_text(const nr_md *md, unsigned table, uint32_t rid, unsigned column)
{
    return nr_md_string(md, nr_md_get(md, table, rid, column));
}

bool nr_md_bytes(const nr_md *md, unsigned table, uint32_t rid, unsigned column, const uint8_t **p, uint32_t *size)
{
    return nr_md_blob(md, nr_md_get(md, table, rid, column), p, size);
}

/* ---- types and methods ---------------------------------------------------------------------- */

void nr_md_split(nr_str full, nr_str *ns, nr_str *name)
{
    size_t at = full.n;
    while (at && full.p[at - 1] != '.') at--;
    ns->p = full.p;
    ns->n = 0;
    *name = full;
    if (at < 2) return;                          /* no dot, or only one at the start */
    at--;                                        /* the last dot */
    if (at && full.p[at - 1] == '.') at--;       /* "A..B": the second dot belongs to the name */
    ns->n = at;
    name->p = full.p + at + 1;
    name->n = full.n - at - 1;
}

nr_str nr_md_dotted(const nr_md *md, nr_arena *arena, unsigned table, uint32_t rid)
{
    nr_str name = nr_md_text(md, table, rid, 1), ns = nr_md_text(md, table, rid, 2), none = {NULL, 0};
    if (!name.p || !ns.p) return none;
    if (!ns.n) return nr_arena_str(arena, name);
    if (!name.n) return nr_arena_str(arena, ns);
    return nr_arena_printf(arena, "%.*s.%.*s", NR_STR_ARG(ns), NR_STR_ARG(name));
}

uint32_t nr_md_encloser(const nr_md *md, uint32_t type_rid)
{
    uint32_t row = nr_md_first(md, NR_TAB_NESTED_CLASS, NR_COL_NESTED_INNER, type_rid);
    uint32_t outer = row ? nr_md_get(md, NR_TAB_NESTED_CLASS, row, NR_COL_NESTED_OUTER) : 0;
    return outer <= nr_md_rows(md, NR_TAB_TYPE_DEF) ? outer : 0;
}

nr_str nr_md_type_name(const nr_md *md, nr_arena *arena, uint32_t type_rid)
{
    nr_str name = nr_md_dotted(md, arena, NR_TAB_TYPE_DEF, type_rid);
    for (unsigned depth = 0; name.p && depth < 100; depth++) { /* a damaged image may have a cycle */
        if ((nr_md_get(md, NR_TAB_TYPE_DEF, type_rid, NR_COL_TYPE_DEF_FLAGS) & 7) < 2) break;
        type_rid = nr_md_encloser(md, type_rid);
        if (!type_rid) break;
        nr_str outer = nr_md_dotted(md, arena, NR_TAB_TYPE_DEF, type_rid);
        if (!outer.p) return outer;
        name = nr_arena_printf(arena, "%.*s+%.*s", NR_STR_ARG(outer), NR_STR_ARG(name));
    }
    return name;
}

/* The type whose list (methods or fields) holds a position; II.22.37: the last one that starts at or before. */
static uint32_t owner_of(const nr_md *md, unsigned column, uint32_t position)
{
    uint32_t low = 1, high = md->image.tables[NR_TAB_TYPE_DEF].count + 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (nr_image_column(&md->image, NR_TAB_TYPE_DEF, middle, column) <= position) low = middle + 1;
        else high = middle;
    }
    return low - 1;
}

static uint32_t through_pointers(const nr_md *md, unsigned pointers, uint32_t rid)
{
    uint32_t n = md->image.tables[pointers].count;
    for (uint32_t i = 1; i <= n; i++)
        if (nr_image_column(&md->image, pointers, i, 0) == rid) return i;
    return rid;
}

uint32_t nr_md_method_type(const nr_md *md, uint32_t method_rid)
{
    uint32_t count = md->image.tables[NR_TAB_METHOD_DEF].count;
    if (method_rid > count) return added_row(md, NR_TAB_METHOD_DEF, method_rid - count - 1)[NR_TAB_MAX_COLUMNS];
    return owner_of(md, NR_COL_TYPE_DEF_METHODS, through_pointers(md, NR_TAB_METHOD_PTR, method_rid));
}

uint32_t nr_md_field_type(const nr_md *md, uint32_t field_rid)
{
    return owner_of(md, NR_COL_TYPE_DEF_FIELDS, through_pointers(md, NR_TAB_FIELD_PTR, field_rid));
}

static uint32_t list_at(const nr_md *md, uint32_t type_rid, unsigned column, unsigned table, unsigned pointers,
                        uint32_t *position)
{
    const nr_image *image = &md->image;
    uint32_t types = image->tables[NR_TAB_TYPE_DEF].count, rows = image->tables[table].count;
    uint32_t through = image->tables[pointers].count, most = through ? through : rows;
    if (type_rid > types) return 0;
    uint32_t from = nr_image_column(image, NR_TAB_TYPE_DEF, type_rid, column);
    uint32_t to = type_rid < types ? nr_image_column(image, NR_TAB_TYPE_DEF, type_rid + 1, column) : most + 1;
    if (!from || from > most) return 0;
    if (to > most + 1) to = most + 1;
    if (to < from) to = from;
    if (*position >= to - from) {
        *position -= to - from;
        return 0;
    }
    uint32_t rid = from + *position;
    if (through) rid = nr_image_column(image, pointers, rid, 0);
    return rid <= rows ? rid : 0;
}

uint32_t nr_md_method_at(const nr_md *md, uint32_t type_rid, uint32_t position)
{
    uint32_t rid = list_at(md, type_rid, NR_COL_TYPE_DEF_METHODS, NR_TAB_METHOD_DEF, NR_TAB_METHOD_PTR, &position);
    if (rid) return rid;
    uint32_t n = added_rows(md, NR_TAB_METHOD_DEF);
    for (uint32_t i = 0; i < n; i++)
        if (added_row(md, NR_TAB_METHOD_DEF, i)[NR_TAB_MAX_COLUMNS] == type_rid && position-- == 0)
            return md->image.tables[NR_TAB_METHOD_DEF].count + i + 1;
    return 0;
}

uint32_t nr_md_field_at(const nr_md *md, uint32_t type_rid, uint32_t position)
{
    return list_at(md, type_rid, NR_COL_TYPE_DEF_FIELDS, NR_TAB_FIELD, NR_TAB_FIELD_PTR, &position);
}

bool nr_md_is_generic(const nr_md *md, uint32_t method_rid)
{
    uint32_t type = nr_md_method_type(md, method_rid); /* II.24.2.6 TypeOrMethodDef: 0 type, 1 method */
    return nr_md_first(md, NR_TAB_GENERIC_PARAM, NR_COL_GENERIC_PARAM_OWNER, method_rid << 1 | 1) ||
           (type && nr_md_first(md, NR_TAB_GENERIC_PARAM, NR_COL_GENERIC_PARAM_OWNER, type << 1));
}

bool nr_md_body(const nr_md *md, uint32_t method_rid, const uint8_t **body, size_t *size, bool *damaged)
{
    uint32_t rva = nr_md_get(md, NR_TAB_METHOD_DEF, method_rid, NR_COL_METHOD_RVA);
    uint32_t impl = nr_md_get(md, NR_TAB_METHOD_DEF, method_rid, NR_COL_METHOD_IMPL_FLAGS);
    *damaged = false;
    if (!rva || (impl & 3) != 0) return false; /* II.23.1.11: 0 is IL */
    size_t left = 0;
    *body = nr_image_at_rva(&md->image, rva, &left);
    if (*body && nr_body_size(*body, left, size) == NR_IL_OK) return true;
    *damaged = true;
    return false;
}
