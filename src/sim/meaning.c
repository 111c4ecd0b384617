/* meaning.c - what a token means, resolved down to names: the "is" text of the golden recordings.
 *
 * The text is for comparison: two modules with different row numbers but the same definitions give the same. */
#include "base/utf.h"
#include "meta/meaning.h"
#include "sim/sim.h"

static void say(const sim_module *m, nr_buf *out, uint32_t token, int depth);

static void name_token(void *self, nr_buf *out, uint32_t token, int depth)
{
    say(self, out, token, depth);
}

static void signature(const sim_module *m, nr_buf *out, const uint8_t *p, uint32_t n, bool spec, int depth)
{
    nr_meaning_of_signature(out, p, n, spec, depth, name_token, (void *)(uintptr_t)m);
}

/* `owner`: as the owner of a member, where "<Module>" counts as no type and has no name. */
static void type_def(const sim_module *m, nr_buf *out, uint32_t rid, bool owner)
{
    nr_arena scratch = NR_ARENA_INIT;
    nr_str name = {NULL, 0};
    if (owner && rid == 1) return;
    if (rid && rid <= nr_md_rows(&m->md, NR_TAB_TYPE_DEF)) name = nr_md_type_name(&m->md, &scratch, rid);
    if (name.p)
        nr_buf_put_str(out, name);
    else
        nr_buf_printf(out, "?%08x", 0x02000000u | (unsigned)rid);
    nr_arena_free(&scratch);
}

/* Name and signature columns behind an owner that has been written already. */
static void member(const sim_module *m, nr_buf *out, unsigned table, uint32_t rid, unsigned name, unsigned sig,
                   int depth)
{
    const uint8_t *p = NULL;
    uint32_t n = 0;
    nr_str text = nr_md_text(&m->md, table, rid, name);
    nr_md_bytes(&m->md, table, rid, sig, &p, &n);
    nr_buf_put_str(out, NR_STR("::"));
    nr_buf_put_str(out, text);
    nr_buf_u8(out, ' ');
    signature(m, out, p, n, false, depth);
}

static void type_ref(const sim_module *m, nr_buf *out, uint32_t rid, int depth)
{
    const nr_md *md = &m->md;
    nr_arena scratch = NR_ARENA_INIT;
    uint32_t scope = nr_md_token(md, NR_TAB_TYPE_REF, rid, NR_COL_TYPE_REF_SCOPE);
    nr_str name = nr_md_dotted(md, &scratch, NR_TAB_TYPE_REF, rid);
    bool nested = scope >> 24 == NR_TAB_TYPE_REF;
    if (!nested) nr_buf_u8(out, '[');
    say(m, out, scope, depth + 1);
    nr_buf_u8(out, nested ? '/' : ']');
    nr_buf_put_str(out, name);
    nr_arena_free(&scratch);
}

static void assembly_ref(const sim_module *m, nr_buf *out, uint32_t rid)
{
    const nr_md *md = &m->md;
    const uint8_t *key = NULL;
    uint32_t n = 0, flags = nr_md_get(md, NR_TAB_ASSEMBLY_REF, rid, NR_COL_ASSEMBLY_REF_FLAGS);
    nr_buf_put_str(out, nr_md_text(md, NR_TAB_ASSEMBLY_REF, rid, NR_COL_ASSEMBLY_REF_NAME));
    for (unsigned i = 0; i < 4; i++)
        nr_buf_printf(out, "%c%u", i ? '.' : ',', (unsigned)nr_md_get(md, NR_TAB_ASSEMBLY_REF, rid, i));
    nr_buf_u8(out, ',');
    nr_md_bytes(md, NR_TAB_ASSEMBLY_REF, rid, NR_COL_ASSEMBLY_REF_KEY, &key, &n);
    for (uint32_t i = 0; i < n; i++) nr_buf_printf(out, "%02x", key[i]);
    if (flags) nr_buf_printf(out, ",f%x", (unsigned)flags);
}

static void user_string(const sim_module *m, nr_buf *out, uint32_t token)
{
    const uint8_t *p;
    uint32_t n;
    if (!nr_md_user_string(&m->md, token, &p, &n)) {
        nr_buf_printf(out, "?%08x", (unsigned)token);
        return;
    }
    nr_buf_u8(out, '"');
    for (uint32_t i = 0; i < n; i++) {
        uint32_t c = nr_get_u16(p + (size_t)i * 2);
        if (c >= 0xD800 && c < 0xDC00 && i + 1 < n) {
            uint32_t low = nr_get_u16(p + (size_t)i * 2 + 2);
            if (low >= 0xDC00 && low < 0xE000) {
                c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
                i++;
            }
        }
        if (c >= 0xD800 && c < 0xE000)
            nr_buf_printf(out, "\\u%04x", (unsigned)c);
        else
            nr_utf8_put(out, c);
    }
    nr_buf_u8(out, '"');
}

static void say(const sim_module *m, nr_buf *out, uint32_t token, int depth)
{
    const nr_md *md = &m->md;
    unsigned table = token >> 24;
    uint32_t rid = token & 0xFFFFFF, n = 0;
    const uint8_t *p = NULL;
    if (table == NR_TAB_MODULE && depth <= NR_MEANING_DEPTH) {
        nr_buf_put_str(out, token ? NR_STR("module") : NR_STR("module(nil)"));
        return;
    }
    if (table == 0x70 && depth <= NR_MEANING_DEPTH) {
        user_string(m, out, token);
        return;
    }
    if (depth > NR_MEANING_DEPTH || !nr_md_is(md, token, table)) {
        nr_buf_printf(out, "?%08x", (unsigned)token);
        return;
    }
    switch (table) {
    case NR_TAB_TYPE_REF: type_ref(m, out, rid, depth); return;
    case NR_TAB_TYPE_DEF: type_def(m, out, rid, false); return;
    case NR_TAB_FIELD:
        type_def(m, out, nr_md_field_type(md, rid), true);
        member(m, out, table, rid, NR_COL_FIELD_NAME, NR_COL_FIELD_SIG, depth);
        return;
    case NR_TAB_METHOD_DEF:
        type_def(m, out, nr_md_method_type(md, rid), true);
        member(m, out, table, rid, NR_COL_METHOD_NAME, NR_COL_METHOD_SIG, depth);
        return;
    case NR_TAB_MEMBER_REF:
        n = nr_md_token(md, table, rid, NR_COL_MEMBER_REF_PARENT);
        if (n != 0x02000001) say(m, out, n, depth + 1);
        member(m, out, table, rid, NR_COL_MEMBER_REF_NAME, NR_COL_MEMBER_REF_SIG, depth);
        return;
    case NR_TAB_STAND_ALONE_SIG:
    case NR_TAB_TYPE_SPEC:
        if (!nr_md_bytes(md, table, rid, 0, &p, &n)) break;
        if (table == NR_TAB_TYPE_SPEC) nr_buf_put_str(out, NR_STR("spec "));
        signature(m, out, p, n, table == NR_TAB_TYPE_SPEC, depth);
        return;
    case NR_TAB_MODULE_REF:
        nr_buf_put_str(out, NR_STR("module "));
        nr_buf_put_str(out, nr_md_text(md, table, rid, 0));
        return;
    case NR_TAB_ASSEMBLY_REF: assembly_ref(m, out, rid); return;
    case NR_TAB_METHOD_SPEC:
        say(m, out, nr_md_token(md, table, rid, NR_COL_METHOD_SPEC_METHOD), depth + 1);
        nr_buf_u8(out, ' ');
        nr_md_bytes(md, table, rid, NR_COL_METHOD_SPEC_SIG, &p, &n);
        signature(m, out, p, n, false, depth);
        return;
    default: break;
    }
    nr_buf_printf(out, "?%08x", (unsigned)token);
}

void sim_meaning(const sim_module *m, nr_buf *out, uint32_t token)
{
    say(m, out, token, 0);
}
