#include "validate/trial.h"

#include "base/alloc.h"
#include "il/scan.h"
#include "validate/compare.h"
#include "validate/frame.h"
#include "validate/shadow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct nr_trial_block {
    struct nr_trial_block *next;
    size_t size;
};

/* Over all trials' halves, `elsewhere`, and the places where a trial is kept. Whoever adds to a trial holds it from the look-up on: a
 * trial ends on the stack of its own thread, and a lock of its own would end with it. */
static nr_mutex lock;
static nr_trial *elsewhere;

/* The lock is held. */
static nr_trial *trial_for(const nr_frame *f, nr_trial *const *place)
{
    return place ? *place : f ? f->trial : elsewhere;
}

void nr_trial_elsewhere(nr_trial *trial, bool begins)
{
    nr_mutex_lock(&lock);
    if (elsewhere == (begins ? NULL : trial)) elsewhere = begins ? trial : NULL;
    nr_mutex_unlock(&lock);
}

void nr_trial_withdraw(nr_trial **place)
{
    nr_mutex_lock(&lock);
    *place = NULL;
    nr_mutex_unlock(&lock);
}

void *nr_trial_alloc(size_t size)
{
    const nr_frame *f = nr_frame_now();
    nr_trial *trial = f ? f->trial : NULL;
    if (!trial || size > SIZE_MAX - sizeof(struct nr_trial_block)) return NULL;
    struct nr_trial_block *b = nr_alloc(NULL, 0, sizeof *b + size);
    if (!b) return NULL;
    b->size = size;
    b->next = trial->blocks;
    trial->blocks = b;
    return b + 1;
}

/* The lock is held. */
static nr_trial_item *add(nr_trial_half *h)
{
    if (h->count == h->room) {
        size_t room = h->room ? h->room * 2 : 4;
        nr_trial_item *items = nr_alloc(h->items, h->room * sizeof *items, room * sizeof *items);
        if (!items) {
            h->failed = true;
            return NULL;
        }
        h->items = items;
        h->room = room;
    }
    memset(&h->items[h->count], 0, sizeof *h->items);
    return &h->items[h->count++];
}

void nr_trial_body(nr_side *side, nr_trial *const *place, uintptr_t module, uint32_t method, const uint8_t *body,
                   size_t size, int32_t hr)
{
    if (!side->shadow) return;
    const nr_frame *f = nr_frame_now();
    nr_scan s = {0, {NULL, 0, 0}, {NULL, 0, 0}, false, false};
    if (body && !size) {
        nr_scan_body(&s, body, SIZE_MAX);
        size = s.size;
        nr_scan_free(&s);
    }
    bool unreadable = body && !size;
    uint8_t *copy = body && size ? nr_alloc(NULL, 0, size) : NULL;
    if (copy) memcpy(copy, body, size);
    nr_mutex_lock(&lock);
    nr_trial *trial = trial_for(f, place);
    nr_trial_half *h = trial ? &trial->halves[side->beside] : NULL;
    nr_trial_item *i = h ? add(h) : NULL;
    if (h && body && !copy && !unreadable) h->failed = true;
    if (i) *i = (nr_trial_item){NR_TRIAL_BODY, module, method, hr, copy, copy ? size : 0, unreadable};
    nr_mutex_unlock(&lock);
    if (!i) nr_free(copy, size);
    if (!trial)
        nr_shadow_verdict(side->shadow, NR_VERDICT_DIFFERENT, module, method, "written outside of every callback");
}

void nr_trial_requests(nr_side *side, nr_trial_request what, uint32_t count, const uintptr_t *modules,
                       const uint32_t *methods)
{
    if (!side->shadow) return;
    const nr_frame *f = nr_frame_now();
    nr_mutex_lock(&lock);
    nr_trial *trial = trial_for(f, NULL);
    for (uint32_t n = 0; trial && n < count; n++) {
        nr_trial_item *i = add(&trial->halves[side->beside]);
        if (i) *i = (nr_trial_item){(int)what, modules[n], methods[n], 0, NULL, 0, false};
    }
    nr_mutex_unlock(&lock);
}

void nr_trial_mask(nr_side *side, uint32_t low, uint32_t high)
{
    if (!side->shadow) return;
    side->shadow->masks[side->beside][0] = low;
    side->shadow->masks[side->beside][1] = high;
}

/* ---- comparison ------------------------------------------------------------------------------------------ */

static int order(const nr_trial_item *a, const nr_trial_item *b)
{
    if (a->what != b->what) return a->what < b->what ? -1 : 1;
    if (a->module != b->module) return a->module < b->module ? -1 : 1;
    return (a->method > b->method) - (a->method < b->method);
}

static int by_place(const void *a, const void *b)
{
    return order(a, b);
}

static void alone(nr_shadow *s, const nr_trial_item *i, nr_verdict verdict)
{
    static const char *const why[] = {"asked to be compiled again", "asked to be reverted", "written"};
    nr_shadow_verdict(s, verdict, i->module, i->method, why[i->what]);
}

static void pair(nr_shadow *s, const nr_trial_item *a, const nr_trial_item *b)
{
    nr_buf why = NR_BUF_INIT;
    if (a->what != NR_TRIAL_BODY) return;
    nr_verdict v = nr_compare_bodies(s, a, b, &why);
    nr_buf_u8(&why, 0);
    nr_shadow_verdict(s, v, a->module, a->method, why.failed ? "" : (const char *)why.data);
    nr_buf_free(&why);
}

static void half_free(nr_trial_half *h)
{
    for (size_t i = 0; i < h->count; i++) nr_free(h->items[i].body, h->items[i].size);
    nr_free(h->items, h->room * sizeof *h->items);
}

void nr_trial_end(nr_shadow *s, nr_trial *trial, const int32_t results[2], uintptr_t module, uint32_t method)
{
    nr_trial_half *a = &trial->halves[0], *b = &trial->halves[1];
    char text[64];
    if (results[0] != results[1]) {
        snprintf(text, sizeof text, "result of the callback %08x / %08x", (unsigned)results[0], (unsigned)results[1]);
        nr_shadow_verdict(s, NR_VERDICT_DIFFERENT, module, method, text);
    }
    if (a->failed || b->failed) {
        nr_shadow_verdict(s, NR_VERDICT_DIFFERENT, module, method, "not compared: out of memory");
    } else {
        if (a->count > 1) qsort(a->items, a->count, sizeof *a->items, by_place);
        if (b->count > 1) qsort(b->items, b->count, sizeof *b->items, by_place);
        for (size_t i = 0, j = 0; i < a->count || j < b->count;) {
            int c = i == a->count ? 1 : j == b->count ? -1 : order(&a->items[i], &b->items[j]);
            if (c < 0)
                alone(s, &a->items[i++], NR_VERDICT_ONLY_CHARGE);
            else if (c > 0)
                alone(s, &b->items[j++], NR_VERDICT_ONLY_SHADOW);
            else
                pair(s, &a->items[i++], &b->items[j++]);
        }
    }
    half_free(a);
    half_free(b);
    while (trial->blocks) {
        struct nr_trial_block *gone = trial->blocks;
        trial->blocks = gone->next;
        nr_free(gone, sizeof *gone + gone->size);
    }
}
