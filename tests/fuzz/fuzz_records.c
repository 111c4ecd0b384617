/* Any texts as two validation recordings (JSON lines) with a NUL byte between them: the reader, the comparison and its report. One
 * text is compared with itself only. */
#include "fuzz.h"

#include "cli/recording.h"
#include "cli/report.h"

typedef struct compared {
    nr_ignores ignores;
    nr_comparison comparison;
} compared;

/* False: it is no recording, and there is a reason. */
static bool read(nr_recording *r, nr_str text)
{
    FILE *file = text.n ? fmemopen((void *)(uintptr_t)text.p, text.n, "rb") : fopen("/dev/null", "rb");
    REQUIRE(file);
    const char *error = nr_recording_read_stream(r, file);
    fclose(file);
    REQUIRE(r->unreadable <= r->lines && (!r->unreadable || r->first_unreadable));
    if (error) {
        REQUIRE(*error);
        return false;
    }
    size_t bodies = 0;
    for (const nr_rec_method *m = r->methods; m; m = m->next) {
        REQUIRE(nr_recording_method(nr_recording_assembly(r, m->assembly->name), m->token) == m);
        for (const nr_rec_body *b = m->bodies; b; b = b->next) {
            bodies++;
            for (uint32_t i = 0; i < b->token_count; i++) REQUIRE(b->tokens[i] + 4ull <= b->size);
            for (uint32_t i = 0; i < b->own_id_count; i++) REQUIRE(b->own_ids[i] + 8ull <= b->size);
        }
    }
    REQUIRE(bodies == r->body_count);
    return true;
}

static void compare(compared *c, const nr_recording *a, const nr_recording *b)
{
    memset(c, 0, sizeof *c);
    nr_comparison *m = &c->comparison;
    REQUIRE(nr_compare(m, a, b, &c->ignores, false, NULL, NULL));
    nr_compare_events(m);
    REQUIRE(!m->failed);
    size_t all = 0;
    for (int v = 0; v < NR_VERDICT_COUNT; v++) all += m->verdicts[v];
    REQUIRE(all == m->pair_count && all >= a->body_count && all >= b->body_count);
}

static void report(const nr_comparison *c)
{
    nr_report_options options = {NULL, 20, true};
    cJSON *document = nr_report_make(c, &options);
    REQUIRE(document);
    char *text = cJSON_PrintUnformatted(document);
    REQUIRE(text);
    cJSON_free(text);
    cJSON_Delete(document);
}

/* A recording equals itself: every body is the same and nothing else differs. */
static void with_itself(const nr_recording *r)
{
    compared c;
    compare(&c, r, r);
    REQUIRE(c.comparison.verdicts[NR_VERDICT_IDENTICAL] == c.comparison.pair_count);
    REQUIRE(nr_comparison_is_clean(&c.comparison));
    nr_comparison_free(&c.comparison);
}

/* The two ways round give the same verdicts with the sides changed. */
static void both_ways(const nr_recording *a, const nr_recording *b)
{
    compared there, back;
    compare(&there, a, b);
    compare(&back, b, a);
    const size_t *x = there.comparison.verdicts, *y = back.comparison.verdicts;
    for (int v = 0; v < NR_VERDICT_ONLY_A; v++) REQUIRE(x[v] == y[v]);
    REQUIRE(x[NR_VERDICT_ONLY_A] == y[NR_VERDICT_ONLY_B] && x[NR_VERDICT_ONLY_B] == y[NR_VERDICT_ONLY_A]);
    REQUIRE(nr_comparison_is_clean(&there.comparison) == nr_comparison_is_clean(&back.comparison));
    report(&there.comparison);
    nr_comparison_free(&there.comparison);
    nr_comparison_free(&back.comparison);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = {data, data + size};
    nr_recording a, b;
    bool first = read(&a, fuzz_text(&in));
    if (first) with_itself(&a);
    if (in.at < in.end) {
        if (read(&b, fuzz_text(&in)) && first) both_ways(&a, &b);
        nr_recording_free(&b);
    }
    nr_recording_free(&a);
    return 0;
}
