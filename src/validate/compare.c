#include "validate/compare.h"

#include "il/scan.h"

/* Both sides' metadata, opened when the first token is looked at. */
typedef struct views {
    nr_shadow *s;
    uintptr_t module;
    nr_view charge, beside;
    bool open;
} views;

static bool seen_same(views *v, uint32_t token)
{
    nr_mutex_lock(&v->s->lock);
    bool same = nr_ids_get(&v->s->same, v->module, token) != NULL;
    nr_mutex_unlock(&v->s->lock);
    return same;
}

static void remember_same(views *v, uint32_t token)
{
    bool added;
    nr_mutex_lock(&v->s->lock);
    nr_ids_put(&v->s->same, v->module, token, &added);
    nr_mutex_unlock(&v->s->lock);
}

/* Do two tokens mean the same? If not, *why says what they mean. */
static bool same_meaning(views *v, uint32_t a, uint32_t b, size_t at, nr_buf *why)
{
    nr_buf x = NR_BUF_INIT, y = NR_BUF_INIT;
    if (a == b && seen_same(v, a)) return true;
    if (!v->open) {
        nr_side_view(v->s->charge, v->module, &v->charge);
        nr_side_view(v->s->beside, v->module, &v->beside);
        v->open = true;
    }
    nr_view_meaning(&v->charge, &x, a);
    nr_view_meaning(&v->beside, &y, b);
    bool same =
        !x.failed && !y.failed && nr_str_eq(nr_buf_str(&x), nr_buf_str(&y)) && x.size && (x.data[0] != '?' || a == b);
    if (same && a == b) remember_same(v, a);
    if (!same)
        nr_buf_printf(why, "token at 0x%lx: %08x %.*s / %08x %.*s", (unsigned long)at, (unsigned)a,
                      NR_STR_ARG(nr_buf_str(&x)), (unsigned)b, NR_STR_ARG(nr_buf_str(&y)));
    nr_buf_free(&x);
    nr_buf_free(&y);
    return same;
}

static size_t first_difference(const nr_trial_item *a, const nr_trial_item *b, const nr_scan *tokens, bool *any)
{
    size_t n = a->size < b->size ? a->size : b->size, t = 0;
    *any = true;
    for (size_t i = 0; i < n; i++) {
        while (t < tokens->tokens.count && tokens->tokens.items[t] + 4 <= i) t++;
        if (t < tokens->tokens.count && tokens->tokens.items[t] <= i) continue; /* within a token */
        if (a->body[i] != b->body[i]) return i;
    }
    *any = a->size != b->size;
    return n;
}

static void say_bytes(nr_buf *why, const nr_trial_item *i, size_t at)
{
    for (size_t k = at; k < at + 8 && k < i->size; k++) nr_buf_printf(why, "%02x", i->body[k]);
}

nr_verdict nr_compare_bodies(nr_shadow *s, const nr_trial_item *a, const nr_trial_item *b, nr_buf *why)
{
    views v;
    nr_scan sa, sb;
    nr_verdict verdict = NR_VERDICT_DIFFERENT;
    bool differs = false;
    if (a->unreadable || b->unreadable) {
        nr_buf_printf(why, "not compared: the header of the body %s does not say how long it is",
                      !a->unreadable  ? "of the one beside"
                      : b->unreadable ? "of both"
                                      : "of the one in charge");
        return verdict;
    }
    if (!a->body || !b->body) {
        if (a->body == b->body) return NR_VERDICT_IDENTICAL;
        nr_buf_put_str(why, a->body ? NR_STR("written / taken back") : NR_STR("taken back / written"));
        return verdict;
    }
    memset(&v, 0, sizeof v);
    v.s = s;
    v.module = a->module;
    bool complete = nr_scan_body(&sa, a->body, a->size);
    complete = nr_scan_body(&sb, b->body, b->size) && complete;
    if (!complete) {
        nr_buf_put_str(why, NR_STR("not compared: out of memory"));
        goto done;
    }
    size_t at = first_difference(a, b, &sa, &differs);
    if (differs) {
        nr_buf_printf(why, "byte at 0x%lx: ", (unsigned long)at);
        say_bytes(why, a, at);
        nr_buf_put_str(why, NR_STR(" / "));
        say_bytes(why, b, at);
        if (a->size != b->size) nr_buf_printf(why, ", size %lu / %lu", (unsigned long)a->size, (unsigned long)b->size);
        goto done;
    }
    /* The same but for tokens, so both have them in the same places. */
    verdict = NR_VERDICT_IDENTICAL;
    for (size_t i = 0; i < sa.tokens.count; i++) {
        uint32_t x = nr_get_u32(a->body + sa.tokens.items[i]), y = nr_get_u32(b->body + sa.tokens.items[i]);
        if (x != y && verdict == NR_VERDICT_IDENTICAL) {
            verdict = NR_VERDICT_NUMBERING;
            nr_buf_printf(why, "token at 0x%x: %08x / %08x", (unsigned)sa.tokens.items[i], (unsigned)x, (unsigned)y);
        }
        nr_buf meanings = NR_BUF_INIT;
        if (!same_meaning(&v, x, y, sa.tokens.items[i], &meanings)) {
            verdict = NR_VERDICT_DIFFERENT;
            nr_buf_free(why); /* what was said of numbers */
            *why = meanings;
            break;
        }
    }
done:
    if (v.open) {
        nr_view_close(&v.charge);
        nr_view_close(&v.beside);
    }
    nr_scan_free(&sa);
    nr_scan_free(&sb);
    return verdict;
}
