/* record_body.c - method bodies, and the tokens in them; definitions. */
#include "base/json.h"
#include "il/scan.h"
#include "validate/frame.h"
#include "validate/record_internal.h"

/* "tok": what a token means, before the first line that uses it. */
static void token_line(nr_side *side, uintptr_t module, nr_view *view, uint32_t token)
{
    nr_recorder *r = side->recorder;
    nr_line l;
    bool added = false;
    nr_mutex_lock(&r->lock);
    nr_ids_put(&r->tokens, module, token, &added);
    nr_mutex_unlock(&r->lock);
    if (!added || !nr_line_begin(&l, side, "tok")) return;
    nr_buf text = NR_BUF_INIT;
    if (!view->import) nr_side_view(side, module, view);
    nr_view_meaning(view, &text, token);
    nr_buf_put_str(&l.text, NR_STR(",\"asm\":"));
    nr_line_assembly(&l, module);
    nr_buf_printf(&l.text, ",\"tok\":\"%08x\",\"is\":", (unsigned)token);
    nr_json_text(&l.text, nr_buf_str(&text));
    if (text.failed) l.text.failed = true;
    nr_buf_free(&text);
    nr_line_end(&l);
}

void nr_record_read(nr_side *side, uintptr_t module, uint32_t method, const uint8_t *body, uint32_t size, int32_t hr)
{
    nr_line l;
    uint64_t f = 1469598103934665603u; /* FNV-1a with the start value of the format */
    if (!nr_line_begin(&l, side, "getil")) return;
    if (hr < 0 || !body) size = 0;
    for (uint32_t i = 0; i < size; i++) f = (f ^ body[i]) * 1099511628211u;
    nr_line_method(&l, module, method);
    nr_line_hr(&l, hr);
    nr_buf_printf(&l.text, ",\"size\":%u,\"fnv\":\"%08x%08x\"", (unsigned)size, (unsigned)(f >> 32), (unsigned)f);
    nr_line_end(&l);
}

/* Offsets of operands that are function ids, each with whose it is. */
static void functions(nr_line *l, const nr_scan *s, const uint8_t *body, uintptr_t module, uint32_t method)
{
    nr_recorder *r = l->recorder;
    const char *comma = "";
    for (size_t i = 0; i < s->longs.count; i++) {
        nr_mutex_lock(&r->lock);
        const nr_id_entry *e = nr_ids_get(&r->functions, nr_get_u64(body + s->longs.items[i]), 0);
        nr_id_entry of = e ? *e : (nr_id_entry){{0, 0}, {0, 0}};
        nr_mutex_unlock(&r->lock);
        if (!of.key[0]) continue;
        nr_buf_printf(&l->text, "%s[%u,", comma, (unsigned)s->longs.items[i]);
        if (of.value[0] == module && of.value[1] == method) {
            nr_buf_put_str(&l->text, NR_STR("\"self\"]"));
        } else {
            nr_line_assembly(l, (uintptr_t)of.value[0]);
            l->text.size--; /* the closing quote */
            nr_buf_printf(&l->text, ":%08x\"]", (unsigned)of.value[1]);
        }
        comma = ",";
    }
}

void nr_record_write(nr_side *side, const char *via, uintptr_t module, uint32_t method, const uint8_t *body,
                     uint32_t size, int32_t hr)
{
    nr_line l;
    nr_scan s;
    nr_view view = {NULL, NULL};
    if (!side->recorder) return;
    atomic_fetch_add(&side->recorder->bodies, 1);
    if (!body) {
        if (!nr_line_begin(&l, side, "setil")) return;
        nr_buf_printf(&l.text, ",\"via\":\"%s\"", via);
        nr_line_method(&l, module, method);
        nr_line_hr(&l, hr);
        nr_buf_put_str(&l.text, NR_STR(",\"il\":null"));
        nr_line_end(&l);
        return;
    }
    bool complete = nr_scan_body(&s, body, size ? size : SIZE_MAX);
    if (!size) size = (uint32_t)s.size;
    for (size_t i = 0; i < s.tokens.count; i++) token_line(side, module, &view, nr_get_u32(body + s.tokens.items[i]));
    nr_view_close(&view);
    if (!complete || !nr_line_begin(&l, side, "setil")) goto done;
    nr_buf_printf(&l.text, ",\"via\":\"%s\"", via);
    nr_line_method(&l, module, method);
    nr_line_hr(&l, hr);
    nr_buf_printf(&l.text, ",\"size\":%u", (unsigned)size);
    if (s.size != size) nr_buf_printf(&l.text, ",\"calc\":%lu", (unsigned long)s.size);
    if (s.bad) nr_buf_put_str(&l.text, NR_STR(",\"bad\":1"));
    nr_buf_put_str(&l.text, NR_STR(",\"tk\":["));
    for (size_t i = 0; i < s.tokens.count; i++) nr_buf_printf(&l.text, i ? ",%u" : "%u", (unsigned)s.tokens.items[i]);
    nr_buf_put_str(&l.text, NR_STR("],\"fid\":["));
    functions(&l, &s, body, module, method);
    nr_buf_put_str(&l.text, NR_STR("],\"il\":"));
    nr_json_hex(&l.text, body, size);
    nr_line_end(&l);
done:
    nr_scan_free(&s);
}

/* Two hashes of one text: which definitions have been seen is not worth keeping the texts. */
static void hashes(nr_str text, uint64_t out[2])
{
    out[0] = nr_str_hash(text) | 1;
    out[1] = 1469598103934665603u;
    for (size_t i = 0; i < text.n; i++) out[1] = (out[1] ^ (uint8_t)text.p[i]) * 1099511628211u;
}

void nr_record_definition(nr_side *side, nr_definition what, uintptr_t module, nr_buf *arguments, int32_t hr,
                          const uint32_t *token)
{
    static const char *const names[] = {
#define X(name) #name,
        NR_DEFINITIONS(X)
#undef X
    };
    nr_recorder *r = side->recorder;
    nr_line l;
    bool first = false;
    if (!r) return;
    atomic_fetch_add_explicit(&r->defined[what], 1, memory_order_relaxed);
    uint64_t key[2];
    hashes(nr_buf_str(arguments), key);
    nr_mutex_lock(&r->lock);
    nr_ids_put(&r->definitions, key[0] ^ (uint64_t)module << 1, key[1] + (unsigned)what, &first);
    nr_mutex_unlock(&r->lock);
    if ((first || hr < 0) && nr_line_begin(&l, side, "emit")) {
        const nr_frame *f = nr_frame_now();
        nr_buf_printf(&l.text, ",\"api\":\"%s\",\"asm\":", names[what]);
        nr_line_assembly(&l, module);
        if (f && f->method) nr_buf_printf(&l.text, ",\"in\":\"%08x\"", (unsigned)f->method);
        nr_buf_u8(&l.text, ',');
        nr_buf_put_str(&l.text, nr_buf_str(arguments));
        nr_line_hr(&l, hr);
        if (token) nr_buf_printf(&l.text, ",\"tok\":\"%08x\"", hr >= 0 ? (unsigned)*token : 0u);
        if (arguments->failed) l.text.failed = true;
        nr_line_end(&l);
        if (token && hr >= 0) {
            nr_view view = {NULL, NULL};
            token_line(side, module, &view, *token);
            nr_view_close(&view);
        }
    }
    nr_buf_free(arguments);
}
