/* Module: every slot of every family passes on the object behind, all arguments and the result. */
#include "base/compiler.h"
#include "test.h"
#include "validate/proxy.h"
#include "validate/side.h"

typedef uintptr_t W;
enum { MAX_WORDS = 16 };

/* What the object behind has heard. */
static struct {
    void *self;
    size_t slot;
    W words[MAX_WORDS];
} heard;

static const unsigned words_of_callback[] = {
#define X(result, name, words, args) words,
    NR_SLOTS_ICorProfilerCallback11(X)};
static const unsigned words_of_info[] = {NR_SLOTS_ICorProfilerInfo15(X)};
static const unsigned words_of_control[] = {NR_SLOTS_ICorProfilerFunctionControl(X)};
static const unsigned words_of_import[] = {NR_SLOTS_IMetaDataImport2(X)};
static const unsigned words_of_emit[] = {NR_SLOTS_IMetaDataEmit2(X)};
static const unsigned words_of_assembly_import[] = {NR_SLOTS_IMetaDataAssemblyImport(X)};
static const unsigned words_of_assembly_emit[] = {NR_SLOTS_IMetaDataAssemblyEmit(X)};
static const unsigned words_of_tables[] = {NR_SLOTS_IMetaDataTables2(X)
#undef X
};
static const unsigned *const words_of[] = {words_of_callback,      words_of_info,  words_of_control,
                                           words_of_import,        words_of_emit,  words_of_assembly_import,
                                           words_of_assembly_emit, words_of_tables};

typedef W (*sixteen)(void *, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W);
typedef struct fake {
    const nr_any_function *slots;
} fake;

/* A slot is told apart by a function of its own. */
#define HEAR(n) \
    static W hear_##n(void *self, W a, W b, W c, W d, W e, W f, W g, W h, W i, W j, W k, W l, W m, W o, W p, W q) \
    { \
        const W all[MAX_WORDS] = {a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q}; \
        heard.self = self; \
        heard.slot = n; \
        memcpy(heard.words, all, sizeof all); \
        return 7000 + n; \
    }
/* clang-format off */
#define TEN(X, t) X(t##0) X(t##1) X(t##2) X(t##3) X(t##4) X(t##5) X(t##6) X(t##7) X(t##8) X(t##9)
#define ALL(X) \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) \
    TEN(X, 1) TEN(X, 2) TEN(X, 3) TEN(X, 4) TEN(X, 5) TEN(X, 6) TEN(X, 7) TEN(X, 8) TEN(X, 9) TEN(X, 10) TEN(X, 11)
/* clang-format on */
ALL(HEAR)
#define ROW(n) (nr_any_function) hear_##n,
static const nr_any_function all_slots[] = {ALL(ROW)};

TEST(pass_on)
{
    if (sizeof(void *) == 4) SKIP("slots of 32-bit Windows take their own number of words off the stack");
    const fake behind = {all_slots};
    for (unsigned f = 0; f < NR_FAMILY_COUNT; f++) {
        nr_any_function *slots = nr_family_slots((nr_family)f);
        nr_face face = {slots, (void *)(uintptr_t)&behind, NULL};
        CHECK(nr_family_size((nr_family)f) <= NR_COUNT(all_slots));
        for (size_t s = 3; s < nr_family_size((nr_family)f); s++) {
            W result = ((sixteen)slots[s])(&face, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114,
                                           115, 116);
            bool ok = result == 7000 + s && heard.self == &behind && heard.slot == s;
            for (unsigned w = 0; w < words_of[f][s]; w++) ok = ok && heard.words[w] == 101 + w;
            if (!ok) CHECK_EQ(f * 1000 + s, -1); /* names family and slot */
        }
    }
}

/* ---- identity ------------------------------------------------------------------------------------------ */

static int references;
static const nr_guid *answers[2]; /* what the object behind knows, beside IUnknown */

static int32_t NR_COM fake_query(void *self, const nr_guid *iid, void **object)
{
    bool known = nr_guid_eq(iid, &nr_iid_IUnknown);
    for (size_t i = 0; i < NR_COUNT(answers); i++) known = known || (answers[i] && nr_guid_eq(iid, answers[i]));
    *object = known ? self : NULL;
    references += known;
    return known ? NR_S_OK : NR_E_NOINTERFACE;
}

static uint32_t NR_COM fake_add(void *self)
{
    (void)self;
    return (uint32_t)++references;
}

static uint32_t NR_COM fake_release(void *self)
{
    (void)self;
    return (uint32_t)--references;
}

static const nr_IUnknown_vtbl fake_unknown = {fake_query, fake_add, fake_release};

TEST(identity)
{
    nr_IUnknown behind = {&fake_unknown};
    nr_side side;
    void *a = NULL, *b = NULL, *c = NULL;
    memset(&side, 0, sizeof side);
    nr_proxy_prepare();
    references = 1;
    answers[0] = &nr_iid_IMetaDataImport2;
    answers[1] = &nr_iid_IMetaDataEmit;
    nr_IUnknown *import = (nr_IUnknown *)(void *)nr_proxy_new(&side, NR_FAMILY_IMPORT, &behind);
    CHECK((void *)import != (void *)&behind);
    CHECK(nr_proxy_unwrap(import) == &behind);
    CHECK(nr_proxy_unwrap(&behind) == &behind);
    CHECK_EQ(NR_CALL(import, QueryInterface, &nr_iid_IMetaDataEmit, &a), NR_S_OK);
    CHECK(a != import && a != &behind);
    nr_IUnknown *emit = a;
    CHECK_EQ(NR_CALL(emit, QueryInterface, &nr_iid_IUnknown, &b), NR_S_OK);
    CHECK_EQ(NR_CALL(import, QueryInterface, &nr_iid_IUnknown, &c), NR_S_OK);
    CHECK(b == c); /* one object, whoever is asked */
    nr_release(b);
    nr_release(c);
    CHECK_EQ(NR_CALL(emit, QueryInterface, &nr_iid_IMetaDataImport2, &b), NR_S_OK);
    CHECK(b == import);
    nr_release(b);
    CHECK_EQ(NR_CALL(import, QueryInterface, &nr_iid_IMetaDataAssemblyImport, &b), NR_E_NOINTERFACE);
    CHECK(b == NULL);
    CHECK_EQ(NR_CALL(import, QueryInterface, &nr_iid_IUnknown, NULL), NR_E_POINTER);
    nr_release(emit);
    CHECK_EQ(import->vtbl->Release(import), 0);
    CHECK_EQ(references, 0);
}

/* What is not known here is not handed through where the profiler would be met without anything between. */
TEST(unknown_interfaces)
{
    static const nr_guid callback99 = {0x99999999, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}};
    nr_IUnknown behind = {&fake_unknown};
    nr_side side;
    void *a = &a;
    memset(&side, 0, sizeof side);
    nr_proxy_prepare();
    references = 1;
    answers[0] = &callback99;
    answers[1] = &nr_iid_ICorProfilerCallback11;
    nr_IUnknown *callback = (nr_IUnknown *)(void *)nr_proxy_new(&side, NR_FAMILY_CALLBACK, &behind);
    CHECK_EQ(NR_CALL(callback, QueryInterface, &callback99, &a), NR_E_NOINTERFACE);
    CHECK(a == NULL);
    CHECK_EQ(NR_CALL(callback, QueryInterface, &nr_iid_ICorProfilerCallback11, &a), NR_S_OK);
    CHECK(a == callback);
    nr_release(a);
    CHECK_EQ(NR_CALL(callback, QueryInterface, &nr_iid_ICorProfilerCallback10, &a), NR_E_NOINTERFACE);
    nr_release(callback);
    CHECK_EQ(references, 0);
    references = 1;
    answers[0] = &callback99; /* metadata has interfaces that only read: they are handed through */
    nr_IUnknown *import = (nr_IUnknown *)(void *)nr_proxy_new(&side, NR_FAMILY_IMPORT, &behind);
    CHECK_EQ(NR_CALL(import, QueryInterface, &callback99, &a), NR_S_OK);
    CHECK(a == &behind);
    nr_release(a);
    nr_release(import);
    CHECK_EQ(references, 0);
}

TESTS(thunks, T(pass_on), T(identity), T(unknown_interfaces))
