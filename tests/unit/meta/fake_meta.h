/* fake_meta.h - a module's metadata in memory, behaving as the CLR does (metadata-tokens.md section 5):
 * an equal entry gives the row that is there, new rows are numbered on. Every request is written down
 * as text, so a test compares orders by reading. Static functions: include it where it is used. */
#ifndef NR_TESTS_FAKE_META_H
#define NR_TESTS_FAKE_META_H

#include "base/buf.h"
#include "base/utf.h"
#include "meta/meta.h"

#include <stdio.h>
#include <string.h>

enum { FAKE_ROWS = 256 };

typedef struct fake_row {
    uint8_t table;
    uint32_t token, parent; /* scope, parent or method */
    nr_str name;            /* also a user string */
    nr_str blob;
} fake_row;

typedef struct fake_meta {
    nr_arena arena;
    fake_row rows[FAKE_ROWS];
    size_t count;
    uint32_t next_string; /* offset in #US; the image's heap ends there */
    nr_buf requests;      /* every call that may define or fails, one a line */
    nr_buf added;         /* "token content" of every row that was new, one a line */
    unsigned calls;       /* all calls, enumerations included */
    unsigned enumerated;  /* rows handed to visitors */
    unsigned fail_at;     /* the n-th call that can fail does; 0: none */
    unsigned failable;
    const char *fail_request; /* or every request whose line begins like this */
    int32_t fail_hr;
} fake_meta;

static inline void fake_init(fake_meta *f)
{
    memset(f, 0, sizeof *f);
    f->next_string = 1;
    f->fail_hr = (int32_t)0x80131124u;
}

static inline void fake_free(fake_meta *f)
{
    nr_arena_free(&f->arena);
    nr_buf_free(&f->requests);
    nr_buf_free(&f->added);
}

/* What has been written down since the last call. */
static inline nr_str fake_take(nr_buf *b)
{
    nr_str s = nr_buf_str(b);
    if (!s.p) s.p = "";
    b->size = 0;
    return s;
}

static inline uint32_t fake_number(fake_meta *f, uint8_t table)
{
    uint32_t rid = 1;
    for (size_t i = 0; i < f->count; i++) rid += f->rows[i].table == table;
    return (uint32_t)table << 24 | rid;
}

static inline void fake_hex(nr_buf *b, nr_str blob)
{
    for (size_t i = 0; i < blob.n; i++) nr_buf_printf(b, "%s%02x", i ? " " : "", (unsigned)(uint8_t)blob.p[i]);
}

/* A row of the image: no request, nothing written down. */
static inline uint32_t fake_add(fake_meta *f, uint8_t table, uint32_t parent, nr_str name, nr_str blob)
{
    fake_row *r = &f->rows[f->count];
    r->table = table;
    r->parent = parent;
    r->name = nr_arena_str(&f->arena, name);
    r->blob = nr_arena_str(&f->arena, blob);
    r->token = fake_number(f, table);
    f->count++;
    if (table == NR_TABLE_USER_STRING) {
        size_t bytes = nr_utf16_length(name) * 2 + 1;
        r->token = (uint32_t)table << 24 | f->next_string;
        f->next_string += (uint32_t)(bytes + (bytes < 0x80 ? 1 : bytes < 0x4000 ? 2 : 4));
    }
    return r->token;
}

static inline uint32_t fake_assembly(fake_meta *f, const char *name)
{
    return fake_add(f, NR_TABLE_ASSEMBLY_REF, 0, nr_str_of(name), NR_STR(""));
}

/* Writes "verb parent name blob" down and says whether this request fails. */
static inline bool fake_request(fake_meta *f, const char *verb, uint32_t parent, nr_str name, nr_str blob)
{
    size_t start = f->requests.size;
    f->calls++;
    f->failable++;
    nr_buf_printf(&f->requests, "%s", verb);
    if (parent) nr_buf_printf(&f->requests, " %08x", (unsigned)parent);
    if (name.p) nr_buf_printf(&f->requests, " %.*s", NR_STR_ARG(name));
    if (blob.n) nr_buf_u8(&f->requests, ' ');
    fake_hex(&f->requests, blob);
    nr_str line = {NULL, 0};
    if (!f->requests.failed) line = (nr_str){(const char *)f->requests.data + start, f->requests.size - start};
    bool fails = f->failable == f->fail_at || (f->fail_request && nr_str_starts(line, nr_str_of(f->fail_request)));
    if (fails) nr_buf_printf(&f->requests, " FAILS");
    nr_buf_u8(&f->requests, '\n');
    return fails;
}

static inline int32_t fake_define(fake_meta *f, const char *verb, uint8_t table, uint32_t parent, nr_str name, nr_str blob,
                                  uint32_t *token)
{
    if (fake_request(f, verb, parent, name, blob)) {
        *token = 0xDEADBEEF; /* nobody may use it */
        return f->fail_hr;
    }
    for (size_t i = 0; i < f->count; i++) {
        const fake_row *r = &f->rows[i];
        if (r->table != table || r->parent != parent || !nr_str_eq(r->name, name) || !nr_str_eq(r->blob, blob)) continue;
        *token = r->token;
        return 0;
    }
    if (f->count == FAKE_ROWS) return (int32_t)0x8007000Eu;
    *token = fake_add(f, table, parent, name, blob);
    const fake_row *added = &f->rows[f->count - 1];
    if (!added->name.p || !added->blob.p) { /* no memory: the row does not stay */
        f->count--;
        return (int32_t)0x8007000Eu;
    }
    nr_buf_printf(&f->added, "%08x", (unsigned)*token);
    if (parent) nr_buf_printf(&f->added, " %08x", (unsigned)parent);
    if (name.p) nr_buf_printf(&f->added, " %.*s", NR_STR_ARG(name));
    if (blob.n) nr_buf_u8(&f->added, ' ');
    fake_hex(&f->added, blob);
    nr_buf_u8(&f->added, '\n');
    return 0;
}

static const nr_str fake_none = {NULL, 0};

static inline nr_str fake_blob(const uint8_t *p, size_t n)
{
    nr_str s = {(const char *)p, n};
    return s;
}

static inline int32_t fake_find_type_def(void *m, nr_str name, uint32_t *token)
{
    fake_meta *f = m;
    if (fake_request(f, "find", 0, name, fake_none)) return f->fail_hr;
    for (size_t i = 0; i < f->count; i++) {
        if (f->rows[i].table != NR_TABLE_TYPE_DEF || !nr_str_eq(f->rows[i].name, name)) continue;
        *token = f->rows[i].token;
        return 0;
    }
    return (int32_t)0x80131130u; /* CLDB_E_RECORD_NOTFOUND */
}

static inline int32_t fake_name(void *m, nr_arena *arena, uint32_t token, nr_str *name)
{
    fake_meta *f = m;
    if (fake_request(f, "name", token, fake_none, fake_none)) return f->fail_hr;
    for (size_t i = 0; i < f->count; i++) {
        if (f->rows[i].token != token) continue;
        *name = nr_arena_str(arena, f->rows[i].name);
        return name->p ? 0 : (int32_t)0x8007000Eu;
    }
    return (int32_t)0x80131124u;
}

static inline void fake_each(fake_meta *f, uint8_t table, uint32_t parent, nr_meta_row row, void *self)
{
    size_t end = f->count;
    f->calls++;
    for (size_t i = 0; i < end; i++) {
        const fake_row *r = &f->rows[i];
        if (r->table != table || r->parent != parent) continue;
        f->enumerated++;
        if (!row(self, r->token, r->name, r->blob.n ? (const uint8_t *)r->blob.p : NULL, r->blob.n)) return;
    }
}

static inline void fake_each_assembly_ref(void *m, nr_meta_row row, void *self)
{
    fake_each(m, NR_TABLE_ASSEMBLY_REF, 0, row, self);
}

static inline void fake_each_member_ref(void *m, uint32_t parent, nr_meta_row row, void *self)
{
    fake_each(m, NR_TABLE_MEMBER_REF, parent, row, self);
}

static inline void fake_each_method(void *m, uint32_t type_def, nr_meta_row row, void *self)
{
    fake_each(m, NR_TABLE_METHOD_DEF, type_def, row, self);
}

static inline int32_t fake_define_type_ref(void *m, uint32_t scope, nr_str name, uint32_t *token)
{
    return fake_define(m, "T", NR_TABLE_TYPE_REF, scope, name, fake_none, token);
}

static inline int32_t fake_define_member_ref(void *m, uint32_t parent, nr_str name, const uint8_t *sig, size_t size,
                                             uint32_t *token)
{
    return fake_define(m, "M", NR_TABLE_MEMBER_REF, parent, name, fake_blob(sig, size), token);
}

static inline int32_t fake_define_assembly_ref(void *m, nr_str name, uint32_t *token)
{
    return fake_define(m, "A", NR_TABLE_ASSEMBLY_REF, 0, name, fake_none, token);
}

static inline int32_t fake_define_user_string(void *m, nr_str text, uint32_t *token)
{
    nr_str s = {text.p ? text.p : "", text.n};
    return fake_define(m, "S", NR_TABLE_USER_STRING, 0, s, fake_none, token);
}

static inline int32_t fake_define_method_spec(void *m, uint32_t method, const uint8_t *sig, size_t size, uint32_t *token)
{
    return fake_define(m, "MS", NR_TABLE_METHOD_SPEC, method, fake_none, fake_blob(sig, size), token);
}

static inline int32_t fake_token_from_type_spec(void *m, const uint8_t *sig, size_t size, uint32_t *token)
{
    return fake_define(m, "TS", NR_TABLE_TYPE_SPEC, 0, fake_none, fake_blob(sig, size), token);
}

static inline int32_t fake_token_from_sig(void *m, const uint8_t *sig, size_t size, uint32_t *token)
{
    return fake_define(m, "SIG", NR_TABLE_STAND_ALONE_SIG, 0, fake_none, fake_blob(sig, size), token);
}

static const nr_meta_ops fake_ops = {
    .find_type_def = fake_find_type_def,
    .type_def_name = fake_name,
    .type_ref_name = fake_name,
    .each_assembly_ref = fake_each_assembly_ref,
    .each_member_ref = fake_each_member_ref,
    .each_method = fake_each_method,
    .define_type_ref = fake_define_type_ref,
    .define_member_ref = fake_define_member_ref,
    .define_assembly_ref = fake_define_assembly_ref,
    .define_user_string = fake_define_user_string,
    .define_method_spec = fake_define_method_spec,
    .token_from_type_spec = fake_token_from_type_spec,
    .token_from_sig = fake_token_from_sig,
};

static inline nr_meta fake_table(fake_meta *f)
{
    nr_meta m = {&fake_ops, f};
    return m;
}

#endif
