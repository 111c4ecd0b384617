/* Module: compare.h and trial.h, over metadata that is a list of user strings. */
#include "base/alloc.h"
#include "base/compiler.h"
#include "os/tool.h"
#include "test.h"
#include "validate/compare.h"
#include "validate/frame.h"
#include "validate/hooks.h"
#include "validate/private.h"
#include "validate/proxy.h"
#include "validate/trial.h"

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
    nr_frame f = {.callback = "jit", .module = 5, .method = 1, .trial = &t};
    memset(&t, 0, sizeof t);
    nr_frame_enter(&f);
    nr_trial_requests(&charge, NR_TRIAL_REJIT, 2, modules, forth);
    nr_trial_requests(&beside, NR_TRIAL_REJIT, 2, modules, back);
    nr_trial_body(&beside, NULL, 5, 0x06000001, x, n, 0);
    nr_trial_body(&charge, NULL, 5, 0x06000001, x, 0, 0);
    CHECK(nr_trial_alloc(100) != NULL);
    nr_frame_leave(&f);
    nr_trial_end(&shadow, &t, same, 5, 1);
    CHECK_EQ(atomic_load(&shadow.counts[NR_VERDICT_IDENTICAL]), 1);
    memset(&t, 0, sizeof t);
    nr_frame_enter(&f);
    nr_trial_requests(&charge, NR_TRIAL_REJIT, 2, modules, forth);
    nr_trial_requests(&beside, NR_TRIAL_REVERT, 1, modules, forth);
    nr_trial_body(&beside, NULL, 5, 0x06000001, x, n, 0);
    nr_frame_leave(&f);
    nr_trial_end(&shadow, &t, other, 5, 1);
    CHECK_EQ(atomic_load(&shadow.counts[NR_VERDICT_ONLY_CHARGE]), 2);
    CHECK_EQ(atomic_load(&shadow.counts[NR_VERDICT_ONLY_SHADOW]), 2);
    CHECK_EQ(atomic_load(&shadow.counts[NR_VERDICT_DIFFERENT]), 1); /* the results */
    CHECK(nr_trial_alloc(100) == NULL);                             /* outside of every callback */
    end();
}

/* A fat header of no length, and no code. */
#define NO_SIZE "03 00 08 00 00 00 00 00 00 00 00 00"

TEST(a_body_without_a_size)
{
    uint8_t x[64];
    nr_trial t;
    const int32_t same[2] = {0, 0};
    nr_trial_item none = body("", x), some = body(STRING_0, x);
    nr_buf why = NR_BUF_INIT;
    begin("text", "more", "text", "more");
    none.body = NULL;
    none.unreadable = true;
    CHECK_EQ(nr_compare_bodies(&shadow, &none, &some, &why), NR_VERDICT_DIFFERENT);
    CHECK_EQ(nr_compare_bodies(&shadow, &some, &none, &why), NR_VERDICT_DIFFERENT);
    CHECK_EQ(nr_compare_bodies(&shadow, &none, &none, &why), NR_VERDICT_DIFFERENT);
    CHECK_STR(nr_buf_str(&why), "not compared: the header of the body of the one in charge does not say how long it is"
                                "not compared: the header of the body of the one beside does not say how long it is"
                                "not compared: the header of the body of both does not say how long it is");
    nr_buf_free(&why);
    nr_frame f = {.callback = "jit", .module = 5, .method = 1, .trial = &t};
    memset(&t, 0, sizeof t);
    nr_frame_enter(&f);
    nr_test_hex(NO_SIZE, x, sizeof x);
    nr_trial_body(&charge, NULL, 5, 0x06000001, x, 0, 0);
    nr_trial_body(&beside, NULL, 5, 0x06000001, x, 0, 0);
    nr_frame_leave(&f);
    CHECK(!t.halves[0].failed && !t.halves[1].failed); /* that would be want of memory */
    CHECK_EQ(t.halves[0].count, 1);
    CHECK(t.halves[0].count && t.halves[0].items[0].unreadable && !t.halves[0].items[0].body);
    nr_trial_end(&shadow, &t, same, 5, 1);
    CHECK_EQ(atomic_load(&shadow.counts[NR_VERDICT_DIFFERENT]), 1);
    end();
}

/* ---- trials of other threads ----------------------------------------------------------------------------- */

static const uintptr_t module_5[] = {5};
static const uint32_t method_1[] = {0x06000001};
static const int32_t no_results[2] = {0, 0};

static void request(void *self)
{
    nr_trial_requests(self, NR_TRIAL_REJIT, 1, module_5, method_1);
}

TEST(trials_elsewhere)
{
    nr_trial t, second;
    begin("text", "more", "text", "more");
    memset(&t, 0, sizeof t);
    memset(&second, 0, sizeof second);
    nr_trial_elsewhere(&t, true);
    nr_trial_elsewhere(&second, true); /* one at a time */
    CHECK(nr_os_run_on_thread(request, &charge));
    nr_trial_elsewhere(&second, false);
    CHECK(nr_os_run_on_thread(request, &beside));
    CHECK(nr_trial_alloc(100) == NULL); /* it could end while the memory is in use */
    nr_trial_elsewhere(&t, false);
    CHECK(nr_os_run_on_thread(request, &beside));
    CHECK_EQ(t.halves[0].count, 1);
    CHECK_EQ(t.halves[1].count, 1);
    CHECK_EQ(second.halves[0].count + second.halves[1].count, 0);
    nr_trial_end(&shadow, &t, no_results, 0, 0);
    end();
}

static atomic_bool stop;
static atomic_uint made;

static void keep_requesting(void *self)
{
    while (!atomic_load(&stop)) {
        request(self);
        atomic_fetch_add(&made, 1);
    }
}

/* Calls of the agent end while threads that nobody waits for make requests. Each trial is memory of its own, so that AddressSanitizer sees
 * one that is used after its end. */
TEST(trials_end_while_others_ask)
{
    enum { ROUNDS = 3000, ASKERS = 2 };
    nr_thread threads[ASKERS];
    unsigned started = 0, landed = 0;
    begin("text", "more", "text", "more");
    atomic_store(&stop, false);
    atomic_store(&made, 0);
    while (started < ASKERS && nr_thread_start(&threads[started], keep_requesting, &charge)) started++;
    CHECK_EQ(started, ASKERS);
    for (int i = 0; i < ROUNDS; i++) {
        nr_trial *t = nr_zalloc(sizeof *t);
        if (!t) break;
        nr_trial_elsewhere(t, true);
        while (i % 100 == 0 && atomic_load(&made) == landed && started) nr_os_sleep_ms(0);
        landed = atomic_load(&made);
        nr_trial_elsewhere(t, false);
        nr_trial_end(&shadow, t, no_results, 0, 0);
        nr_free(t, sizeof *t);
    }
    atomic_store(&stop, true);
    for (unsigned i = 0; i < started; i++) nr_thread_join(&threads[i]);
    uint64_t seen = atomic_load(&shadow.counts[NR_VERDICT_ONLY_CHARGE]);
    CHECK(seen > 0);
    CHECK(seen <= atomic_load(&made));
    end();
}

/* A function control that somebody kept leads nowhere when its callback has ended. */
TEST(a_trial_withdrawn)
{
    uint8_t x[64];
    nr_trial t, *place = &t;
    size_t n = nr_test_hex(STRING_0, x, sizeof x);
    begin("text", "more", "text", "more");
    memset(&t, 0, sizeof t);
    nr_trial_body(&charge, &place, 5, 0x06000001, x, n, 0);
    nr_trial_withdraw(&place);
    nr_trial_body(&beside, &place, 5, 0x06000001, x, n, 0);
    CHECK_EQ(t.halves[0].count, 1);
    CHECK_EQ(t.halves[1].count, 0);
    CHECK_EQ(atomic_load(&shadow.counts[NR_VERDICT_DIFFERENT]), 1);
    nr_trial_end(&shadow, &t, no_results, 5, 1);
    end();
}

/* ---- whose metadata -------------------------------------------------------------------------------------- */

/* Is a module read as it is in the runtime? There is no image to make a copy of. */
static bool read_in_place(uintptr_t module)
{
    void *found = NULL;
    return nr_private_metadata(&shadow, module, 0, &nr_iid_IMetaDataImport2, &found) >= 0;
}

static int32_t NR_COM query_all(void *self, const nr_guid *iid, void **object)
{
    (void)iid;
    *object = self;
    return NR_S_OK;
}

TEST(a_module_that_the_one_in_charge_may_write)
{
    static const nr_IUnknown_vtbl slots = {query_all, count, count};
    nr_IUnknown behind = {&slots};
    void *found = NULL;
    nr_proxy_prepare();
    begin("text", "more", "text", "more");
    nr_release(nr_metadata_wrap(&beside, &nr_iid_IMetaDataEmit2, &behind, 6));
    CHECK(read_in_place(6)); /* that one has a copy to write to */
    nr_release(nr_metadata_wrap(&charge, &nr_iid_IMetaDataEmit2, &behind, 7));
    CHECK(!read_in_place(7));
    nr_release(nr_metadata_wrap(&charge, &nr_iid_IMetaDataAssemblyEmit, &behind, 8));
    CHECK(!read_in_place(8));
    nr_IUnknown *import = nr_metadata_wrap(&charge, &nr_iid_IMetaDataImport2, &behind, 9);
    CHECK(read_in_place(9));
    CHECK_EQ(NR_CALL(import, QueryInterface, &nr_iid_IMetaDataEmit2, &found),
             NR_S_OK); /* the importer is asked for the writer */
    CHECK(!read_in_place(9));
    nr_release(found);
    nr_release(import);
    end();
}

TESTS(compare, T(identical), T(another_text), T(another_number), T(another_byte), T(a_token_that_is_not_there),
      T(trials), T(a_body_without_a_size), T(trials_elsewhere), T(trials_end_while_others_ask), T(a_trial_withdrawn),
      T(a_module_that_the_one_in_charge_may_write))
