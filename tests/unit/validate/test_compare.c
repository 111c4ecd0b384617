/* Module: compare.h and trial.h, over metadata that is a list of user strings. */
#include "base/alloc.h"
#include "base/compiler.h"
#include "test.h"
#include "validate/compare.h"
#include "validate/frame.h"
#include "validate/private.h"
#include "validate/proxy.h"

/* ---- an importer that knows user strings only ------------------------------------------------------------- */

static int32_t NR_COM no_slot(void *self)
{
    (void)self;
    return NR_E_NOTIMPL;
}

static uint32_t NR_COM count(void *self)
{
    (void)self;
    return 1;
}

typedef struct strings {
    const nr_IMetaDataImport2_vtbl *vtbl;
    const char *texts[3]; /* tokens 70000000, 70000001, 70000002 */
} strings;

static int32_t NR_COM query(void *self, const nr_guid *iid, void **object)
{
    bool known = nr_guid_eq(iid, &nr_iid_IMetaDataImport2);
    *object = known ? self : NULL;
    return known ? NR_S_OK : NR_E_NOINTERFACE;
}

static int32_t NR_COM user_string(void *self, uint32_t token, uint16_t *units, uint32_t room, uint32_t *length)
{
    const strings *s = self;
    if (token < 0x70000000 || token > 0x70000002) return NR_CLDB_E_RECORD_NOTFOUND;
    const char *text = s->texts[token & 3];
    for (*length = 0; text[*length]; ++*length)
        if (*length < room) units[*length] = (uint8_t)text[*length];
    return NR_S_OK;
}

static strings charge_strings, beside_strings;

static int32_t NR_COM metadata(void *self, uintptr_t module, uint32_t flags, const nr_guid *iid, void **object)
{
    (void)self, (void)module, (void)flags;
    return query(&charge_strings, iid, object);
}

static nr_side charge, beside;
static nr_shadow shadow;

static void begin(const char *a0, const char *a1, const char *b0, const char *b1)
{
    static nr_IMetaDataImport2_vtbl import;
    static nr_ICorProfilerInfo4_vtbl slots;
    static nr_ICorProfilerInfo4 info = {&slots};
    static nr_any_function nothing[sizeof import / sizeof(nr_any_function)];
    for (size_t i = 0; i < NR_COUNT(nothing); i++) nothing[i] = (nr_any_function)no_slot;
    memcpy(&import, nothing, sizeof import);
    import.QueryInterface = query;
    import.AddRef = count;
    import.Release = count;
    import.GetUserString = user_string;
    for (size_t i = 0; i < sizeof slots / sizeof nothing[0]; i++)
        memcpy((nr_any_function *)(void *)&slots + i, nothing, sizeof nothing[0]);
    slots.GetModuleMetaData = metadata;
    charge_strings = (strings){&import, {a0, a1, "third"}};
    beside_strings = (strings){&import, {b0, b1, "third"}};
    memset(&charge, 0, sizeof charge);
    memset(&beside, 0, sizeof beside);
    memset(&shadow, 0, sizeof shadow);
    charge.info = beside.info = &info;
    charge.shadow = beside.shadow = &shadow;
    beside.beside = true;
    shadow.charge = &charge;
    shadow.beside = &beside;
    nr_private_adopt(&shadow, 5, (nr_IUnknown *)(void *)&beside_strings);
}

static void end(void)
{
    nr_shadow_free(&shadow);
}

static nr_trial_item body(const char *hex, uint8_t *bytes)
{
    nr_trial_item i;
    memset(&i, 0, sizeof i);
    i.what = NR_TRIAL_BODY;
    i.module = 5;
    i.method = 0x06000001;
    i.size = nr_test_hex(hex, bytes, 64);
    i.body = bytes;
    return i;
}

static nr_verdict verdict(const char *a, const char *b, const char *why)
{
    uint8_t x[64], y[64];
    nr_trial_item p = body(a, x), q = body(b, y);
    nr_buf said = NR_BUF_INIT;
    nr_verdict v = nr_compare_bodies(&shadow, &p, &q, &said);
    if (*why)
        CHECK_STR(nr_buf_str(&said), why);
    else
        CHECK_EQ(said.size, 0);
    nr_buf_free(&said);
    return v;
}

/* ldstr, pop, ret behind a tiny header */
#define STRING_0 "1e 72 00 00 00 70 26 2a"
#define STRING_1 "1e 72 01 00 00 70 26 2a"

TEST(identical)
{
    begin("text", "more", "text", "more");
    CHECK_EQ(verdict(STRING_0, STRING_0, ""), NR_VERDICT_IDENTICAL);
    CHECK_EQ(verdict(STRING_0, STRING_0, ""), NR_VERDICT_IDENTICAL); /* now from memory */
    end();
}

TEST(another_text)
{
    begin("text", "more", "other", "more");
    CHECK_EQ(verdict(STRING_0, STRING_0, "token at 0x2: 70000000 \"text\" / 70000000 \"other\""), NR_VERDICT_DIFFERENT);
    end();
}

TEST(another_number)
{
    begin("text", "more", "more", "text");
    CHECK_EQ(verdict(STRING_0, STRING_1, "token at 0x2: 70000000 / 70000001"), NR_VERDICT_NUMBERING);
    end();
}

TEST(another_byte)
{
    begin("text", "more", "text", "more");
    CHECK_EQ(verdict(STRING_0, "1e 72 00 00 00 70 00 2a", "byte at 0x6: 262a / 002a"), NR_VERDICT_DIFFERENT);
    CHECK_EQ(verdict(STRING_0, "22 72 00 00 00 70 26 00 2a",
                     "byte at 0x0: 1e72000000702"
                     "62a / 227200000070260"
                     "0, size 8 / 9"),
             NR_VERDICT_DIFFERENT);
    end();
}

TEST(a_token_that_is_not_there)
{
    begin("text", "more", "text", "more");
    CHECK_EQ(verdict("1e 72 09 00 00 70 26 2a", "1e 72 08 00 00 70 26 2a",
                     "token at 0x2: 70000009 ?70000009 / 70000008 ?70000008"),
             NR_VERDICT_DIFFERENT);
    end();
}

/* What one side does and the other does not is found whatever the order. */
TEST(trials)
{
    uint8_t x[64];
    nr_trial t;
    const int32_t same[2] = {0, 0}, other[2] = {0, 1};
    const uintptr_t modules[] = {5, 5};
    const uint32_t forth[] = {0x06000001, 0x06000002}, back[] = {0x06000002, 0x06000001};
    size_t n = nr_test_hex(STRING_0, x, sizeof x);
    begin("text", "more", "text", "more");
    nr_frame f = {"jit", 5, 1, false, &t, NULL, NULL};
    memset(&t, 0, sizeof t);
    nr_frame_enter(&f);
    nr_trial_requests(&charge, NR_TRIAL_REJIT, 2, modules, forth);
    nr_trial_requests(&beside, NR_TRIAL_REJIT, 2, modules, back);
    nr_trial_body(&beside, nr_trial_now(), 5, 0x06000001, x, n, 0);
    nr_trial_body(&charge, nr_trial_now(), 5, 0x06000001, x, 0, 0);
    CHECK(nr_trial_alloc(nr_trial_now(), 100) != NULL);
    nr_frame_leave(&f);
    nr_trial_end(&shadow, &t, same, 5, 1);
    CHECK_EQ(atomic_load(&shadow.counts[NR_VERDICT_IDENTICAL]), 1);
    memset(&t, 0, sizeof t);
    nr_frame_enter(&f);
    nr_trial_requests(&charge, NR_TRIAL_REJIT, 2, modules, forth);
    nr_trial_requests(&beside, NR_TRIAL_REVERT, 1, modules, forth);
    nr_trial_body(&beside, nr_trial_now(), 5, 0x06000001, x, n, 0);
    nr_frame_leave(&f);
    nr_trial_end(&shadow, &t, other, 5, 1);
    CHECK_EQ(atomic_load(&shadow.counts[NR_VERDICT_ONLY_CHARGE]), 2);
    CHECK_EQ(atomic_load(&shadow.counts[NR_VERDICT_ONLY_SHADOW]), 2);
    CHECK_EQ(atomic_load(&shadow.counts[NR_VERDICT_DIFFERENT]), 1); /* the results */
    CHECK(nr_trial_now() == NULL);
    end();
}

TESTS(compare, T(identical), T(another_text), T(another_number), T(another_byte), T(a_token_that_is_not_there),
      T(trials))
