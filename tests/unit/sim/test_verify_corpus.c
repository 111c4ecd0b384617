/* Every method body of the shared framework has to verify: a fault here is one of the verifier. */
#include "framework.h"
#include "test.h"

#include "il/verify.h"
#include "il/verify_sig.h"

#include <stdio.h>

enum { MOST = 4096, SHOWN = 20 };

typedef struct corpus {
    const nr_md *md;
    uint8_t parameters[MOST], arguments[MOST], locals[MOST];
    unsigned verdicts[3];
    unsigned faults[NR_VERIFY_FAULT_COUNT];
    unsigned files, shown;
} corpus;

static bool signature(const nr_md *md, uint32_t token, const uint8_t **p, uint32_t *size)
{
    static const struct {
        unsigned table, column;
    } places[] = {{NR_TAB_METHOD_DEF, NR_COL_METHOD_SIG},
                  {NR_TAB_MEMBER_REF, NR_COL_MEMBER_REF_SIG},
                  {NR_TAB_STAND_ALONE_SIG, 0}};
    if (nr_md_is(md, token, NR_TAB_METHOD_SPEC))
        token = nr_md_token(md, NR_TAB_METHOD_SPEC, token & 0xFFFFFF, NR_COL_METHOD_SPEC_METHOD);
    for (size_t i = 0; i < NR_COUNT(places); i++) {
        if (nr_md_is(md, token, places[i].table))
            return nr_md_bytes(md, places[i].table, token & 0xFFFFFF, places[i].column, p, size);
    }
    return false;
}

static bool shape_of(void *self, uint32_t token, nr_call_shape *out)
{
    corpus *c = self;
    const uint8_t *p;
    uint32_t size;
    return signature(c->md, token, &p, &size) && nr_verify_method_sig(p, size, c->parameters, MOST, out);
}

static void fill_context(corpus *c, uint32_t method, uint32_t locals, nr_verify_context *out)
{
    const uint8_t *p;
    uint32_t size;
    nr_verify_context x = {.call_shape = shape_of, .self = c};
    if (signature(c->md, method, &p, &size)) nr_verify_own_sig(p, size, c->arguments, MOST, &x);
    bool classes;
    if (locals && signature(c->md, locals, &p, &size) &&
        nr_verify_locals_sig(p, size, c->locals, MOST, &x.local_count, &classes)) {
        x.locals_known = true;
        x.local_classes = classes ? c->locals : NULL;
    }
    *out = x;
}

static void verify_method(corpus *c, nr_str file, uint32_t rid)
{
    const uint8_t *body;
    size_t size;
    bool damaged;
    nr_verify_context context;
    nr_verify_report report;
    if (!nr_md_body(c->md, rid, &body, &size, &damaged)) return;
    fill_context(c, 0x06000000 | rid, (body[0] & 3) == 3 && size >= 12 ? nr_get_u32(body + 8) : 0, &context);
    CHECK_EQ(nr_verify_body(body, size, &context, &report), NR_IL_OK);
    c->verdicts[report.verdict]++;
    c->faults[report.fault]++;
    if (report.verdict != NR_VERDICT_OK && c->shown++ < SHOWN) {
        nr_str name = nr_md_text(c->md, NR_TAB_METHOD_DEF, rid, NR_COL_METHOD_NAME);
        printf("  %s %.*s %08x %.*s: %s at %x, %x\n", nr_verify_verdict_name(report.verdict), NR_STR_ARG(file),
               0x06000000u | rid, NR_STR_ARG(name), nr_verify_fault_name(report.fault), report.offset, report.other);
    }
}

static void verify_file(void *self, const nr_md *md, nr_str path)
{
    corpus *c = self;
    c->md = md;
    for (uint32_t rid = 1; rid <= nr_md_rows(md, NR_TAB_METHOD_DEF); rid++) verify_method(c, path, rid);
}

TEST(shared_framework)
{
    static corpus c;
    c.files = nr_each_framework_file(verify_file, &c);
    if (!c.files) SKIP("no shared framework is installed");
    printf("  %u assemblies: %u bodies ok, %u unknown, %u bad\n", c.files, c.verdicts[NR_VERDICT_OK],
           c.verdicts[NR_VERDICT_UNKNOWN], c.verdicts[NR_VERDICT_BAD]);
    for (unsigned f = 1; f < NR_VERIFY_FAULT_COUNT; f++) {
        if (c.faults[f]) printf("  %u %s\n", c.faults[f], nr_verify_fault_name((nr_verify_fault)f));
    }
    printf("figure corpus.valid %u\n", c.verdicts[NR_VERDICT_OK]);
    CHECK(c.verdicts[NR_VERDICT_OK] > 100000);
    CHECK_EQ(c.verdicts[NR_VERDICT_BAD], 0);
    CHECK_EQ(c.verdicts[NR_VERDICT_UNKNOWN], 0); /* every signature is there */
}

TESTS(verify_corpus, T(shared_framework))
