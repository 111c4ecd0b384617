/* Every allocation of what this room does fails once: the answer says so and is no other one, nothing is left, and without a failure it is
 * what it always was. */
#include "base/alloc.h"
#include "token_job.h"

static const char rich_sig[] = "30 02 03 15 12 05 02 08 1d 0e  10 12 09  14 08 02 01 03 01 00  1f 0d 1e 01";

static void types(fake_meta *f)
{
    for (int i = 0; i < 4; i++) {
        char name[8];
        snprintf(name, sizeof name, "N.T%d", i);
        fake_add(f, NR_TABLE_TYPE_REF, 0x23000001, nr_str_of(name), NR_STR(""));
    }
}

TEST(signatures)
{
    uint8_t sig[64];
    size_t size = nr_test_hex(rich_sig, sig, sizeof sig);
    job j;
    nr_buf want = NR_BUF_INIT;
    const nr_method_sig *m;
    begin(&j, NR_TOKENIZER_CORE, "System.Runtime");
    types(&j.fake);
    CHECK_EQ(nr_sig_parse_method(&j.arena, sig, size, &m), NR_META_OK);
    CHECK_EQ(nr_sig_print_params(&want, &j.arena, &j.t.meta, m), NR_META_OK);
    long long before = nr_alloc_live();
    unsigned long n = 1;
    nr_arena_exact(true);
    for (bool whole = false; !whole && n < 200; n++) {
        nr_arena a = NR_ARENA_INIT;
        nr_buf text = NR_BUF_INIT, encoded = NR_BUF_INIT;
        nr_alloc_fail_at(n, 0);
        nr_meta_error e = nr_sig_parse_method(&a, sig, size, &m);
        if (!e) e = nr_sig_print_params(&text, &a, &j.t.meta, m);
        if (!e) e = nr_sig_encode_param(&encoded, &m->ret);
        whole = !nr_alloc_has_failed();
        nr_alloc_fail_at(0, 0);
        /* A name that the metadata has no memory for is a call that fails. */
        CHECK(whole ? e == NR_META_OK : e == NR_META_NO_MEMORY || e == NR_META_TYPE_NAME || e == NR_META_CALL_FAILED);
        if (whole) {
            CHECK(nr_str_eq(nr_buf_str(&text), nr_buf_str(&want)));
            CHECK_BYTES(encoded.data, encoded.size, "15 12 05 02 08 1d 0e");
        }
        nr_buf_free(&text);
        nr_buf_free(&encoded);
        nr_arena_free(&a);
        fake_take(&j.fake.requests);
        j.fake.requests.failed = false;
    }
    CHECK(n > 10 && n < 200);
    nr_arena_exact(false);
    nr_buf_free(&want);
    CHECK(nr_alloc_live() < before + 4096);
    end(&j);
}

/* Texts of types and methods; an error has words even when there is no memory for the right ones. */
TEST(texts)
{
    static const char *const rows[] = {
        "instance class [mscorlib]R`2<!0,!!1[]> [mscorlib]N.C`1<class "
        "[mscorlib]N.D/E>::M<int32,string>(object,valuetype [X]N.V[],!0)",
        "class [System.Runtime]A.B`2<int32,class [X]C>[][]",
        "int64 [System.Runtime]System.Diagnostics.Stopwatch::Frequency",
        "class [",
        "void [mscorlib]A::",
        "instance int32",
        "!x",
        "class [a]b<",
        "void [a]b::c(",
        "",
    };
    nr_arena_exact(true);
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        const char *right = NULL;
        nr_arena a = NR_ARENA_INIT;
        bool valid = nr_text_parse(&a, nr_str_of(rows[i]), &right) != NULL;
        if (!CHECK_EQ(valid, i < 3)) printf("    %s: %s\n", rows[i], right);
        nr_alloc_count(1);
        unsigned long n = 1;
        for (bool whole = false; !whole && n < 100; n++) {
            nr_arena b = NR_ARENA_INIT;
            const char *why = NULL;
            nr_alloc_fail_at(n, 0);
            const nr_text *t = nr_text_parse(&b, nr_str_of(rows[i]), &why);
            whole = !nr_alloc_has_failed();
            nr_alloc_fail_at(0, 0);
            CHECK_EQ(t != NULL, valid && whole);
            if (!t) CHECK(why && *why);
            if (whole && !valid) CHECK_STR(nr_str_of(why), right);
            nr_arena_free(&b);
            CHECK_EQ(nr_alloc_live(), 0);
        }
        CHECK(n < 100);
        nr_alloc_count(0);
        nr_arena_free(&a);
    }
    nr_arena_exact(false);
}

/* Requests for the tokens of a text: whatever failed, the next attempt has them. */
TEST(tokens_of_texts)
{
    static const char *const rows[] = {
        "void [mscorlib]A.B`1<class [mscorlib]P>::M<string,!!0>(!!1,class [mscorlib]Q[])",
        "class [mscorlib]System.Action`2<object,class [mscorlib]System.Exception>",
        "int64 [System.Runtime]System.Diagnostics.Stopwatch::Frequency",
    };
    nr_arena_exact(true);
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        unsigned long n = 1;
        for (bool whole = false; !whole && n < 200; n++) {
            job j;
            uint32_t found = 0, again = 0;
            nr_alloc_count(1);
            begin(&j, NR_TOKENIZER_CORE, "System.Runtime");
            j.t.cache = nr_token_cache_new();
            const nr_text *t = text_of(&j, rows[i]);
            nr_alloc_fail_at(n, 0);
            nr_meta_error e = nr_tokens_of_text(&j.t, t, &found);
            whole = !nr_alloc_has_failed();
            nr_alloc_fail_at(0, 0);
            CHECK(e == NR_META_OK || e == NR_META_NO_MEMORY || e == NR_META_CALL_FAILED);
            CHECK(!whole || e == NR_META_OK);
            j.fake.requests.failed = false;
            CHECK_EQ(nr_tokens_of_text(&j.t, t, &again), NR_META_OK);
            if (whole) CHECK_EQ(found, again);
            end(&j);
            CHECK_EQ(nr_alloc_live(), 0);
            nr_alloc_count(0);
        }
        CHECK(n > 5 && n < 200);
    }
    nr_arena_exact(false);
}

TESTS(no_memory, T(signatures), T(texts), T(tokens_of_texts))
