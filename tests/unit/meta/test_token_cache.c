#include "meta/token_cache.h"

#include "base/alloc.h"
#include "token_job.h"

TEST(cache_of_each_kind)
{
    job j;
    begin(&j, NR_TOKENIZER_CORE, "System.Runtime");
    fake_add(&j.fake, NR_TABLE_TYPE_DEF, 0, NR_STR("Own"), NR_STR(""));
    j.t.cache = nr_token_cache_new();
    for (int round = 0; round < 2; round++) {
        uint32_t found = 0;
        CHECK_EQ(token(&j, "class [mscorlib]A"), 0x01000001);
        CHECK_EQ(raw(&j, "[mscorlib]A"), 0x01000001);
        CHECK_EQ(token(&j, "class Own"), 0x02000001);
        CHECK_EQ(token(&j, "object[]"), 0x1B000001);
        CHECK_EQ(token(&j, "void [mscorlib]A::M(object[])"), 0x0A000001);
        CHECK_EQ(string(&j, ""), 0x70000001);
        CHECK_EQ(string(&j, "x"), 0x70000003);
        CHECK_EQ(nr_tokens_local_sig(&j.t, (const uint8_t *)"\x07\x00", 2, &found), NR_META_OK);
        CHECK_EQ(found, 0x11000001);
        CHECK_EQ(nr_tokens_type_spec(&j.t, (const uint8_t *)"\x1d\x1c", 2, &found), NR_META_OK);
        CHECK_EQ(found, 0x1B000001);
        CHECK_EQ(nr_tokens_scope(&j.t, NR_STR("mscorlib"), &found), NR_META_OK);
        CHECK_EQ(found, 0x23000001);
        CHECK_EQ(nr_tokens_member(&j.t, 0x01000001, NR_STR("M"), (const uint8_t *)"\x00\x01\x01\x1d\x1c", 5, &found),
                 NR_META_OK);
        CHECK_EQ(found, 0x0A000001);
        CHECK_STR(fake_take(&j.fake.requests),
                  round ? "" : "T 23000001 A\nfind Own\nTS 1d 1c\nM 01000001 M 00 01 01 1d 1c\nS \nS x\nSIG 07 00\n");
        if (round) CHECK_EQ(j.fake.calls, 0);
        j.fake.calls = 0;
    }
    end(&j);
}

/* Equal letters, different questions. */
TEST(cache_keys)
{
    job j;
    uint32_t a = 0, b = 0;
    begin(&j, NR_TOKENIZER_CORE, "System.Runtime");
    j.t.cache = nr_token_cache_new();
    /* where a name ends matters */
    CHECK_EQ(nr_tokens_member(&j.t, 0x01000001, NR_STR("AB"), (const uint8_t *)"C", 1, &a), NR_META_OK);
    CHECK_EQ(nr_tokens_member(&j.t, 0x01000001, NR_STR("A"), (const uint8_t *)"BC", 2, &b), NR_META_OK);
    CHECK(a != b);
    CHECK_EQ(nr_tokens_member(&j.t, 0x01000002, NR_STR("A"), (const uint8_t *)"BC", 2, &a), NR_META_OK);
    CHECK(a != b);
    /* raw and parsed texts of the same letters */
    CHECK(raw(&j, "[mscorlib]X`1<object>") >> 24 == 0x01);
    CHECK(token(&j, "[mscorlib]X`1<object>") >> 24 == 0x1B);
    /* one module, two tokenizers */
    a = token(&j, "class [mscorlib]System.Reflection.Assembly");
    fake_assembly(&j.fake, "mscorlib");
    j.t.tokenizer = NR_TOKENIZER_FRAMEWORK;
    b = token(&j, "class [mscorlib]System.Reflection.Assembly");
    CHECK(a != b);
    /* a key too long for the stack */
    char big[1000];
    memset(big, 'x', sizeof big);
    for (int i = 0; i < 2; i++) CHECK_EQ(nr_tokens_user_string(&j.t, bytes(big, sizeof big), i ? &b : &a), NR_META_OK);
    CHECK_EQ(a, b);
    CHECK(nr_token_cache_count(j.t.cache) > 5);
    end(&j);
}

/* What may be answered otherwise next time is not remembered: neither the scope nor the texts on it. */
TEST(cache_unsettled)
{
    job j;
    begin(&j, NR_TOKENIZER_FRAMEWORK, "netstandard");
    j.t.cache = nr_token_cache_new();
    CHECK_EQ(token(&j, "class [mscorlib]X"), 0x01000001);
    CHECK_EQ(token(&j, "class [mscorlib]X"), 0x01000001);
    fake_assembly(&j.fake, "mscorlib"); /* a dynamic module gains a reference */
    CHECK_EQ(token(&j, "class [mscorlib]X"), 0x01000002);
    CHECK_STR(fake_take(&j.fake.requests), "T 23000001 X\nT 23000002 X\n");
    end(&j);
    begin(&j, NR_TOKENIZER_BASE, NULL);
    j.t.cache = nr_token_cache_new();
    CHECK_EQ(token(&j, "class [mscorlib]X"), 0x01000001);
    fake_assembly(&j.fake, "mscorlib");
    CHECK_EQ(token(&j, "class [mscorlib]X"), 0x01000002);
    CHECK_STR(fake_take(&j.fake.requests), "T 00000001 X\nT 23000001 X\n");
    end(&j);
    /* an unsettled text does not keep a later, settled one from being remembered */
    begin(&j, NR_TOKENIZER_CORE, "System.Runtime");
    j.t.cache = nr_token_cache_new();
    token(&j, "void [mscorlib]A::M<object>()");
    size_t count = nr_token_cache_count(j.t.cache);
    token(&j, "class [mscorlib]B");
    CHECK_EQ(nr_token_cache_count(j.t.cache), count + 2); /* the TypeRef and the text */
    fake_take(&j.fake.requests);
    token(&j, "void [mscorlib]A::M<object>()");
    j.fake.calls = 0;
    token(&j, "class [mscorlib]B");
    CHECK_EQ(j.fake.calls, 0);
    CHECK_STR(fake_take(&j.fake.requests), "MS 0a000001 0a 01 1c\n");
    end(&j);
}

/* The first answer stays; a missing cache and a missing block of memory are no faults. */
TEST(get_and_put)
{
    nr_token_cache *c = nr_token_cache_new();
    uint32_t found = 0xAAAA;
    CHECK(!nr_token_cache_get(c, "key", 3, &found));
    nr_token_cache_put(c, "key", 3, 7);
    nr_token_cache_put(c, "key", 3, 8);
    CHECK(nr_token_cache_get(c, "key+", 3, &found));
    CHECK_EQ(found, 7);
    CHECK(!nr_token_cache_get(c, "key+", 4, &found));
    CHECK_EQ(nr_token_cache_count(c), 1);
    nr_token_cache_free(c);
    CHECK(!nr_token_cache_get(NULL, "key", 3, &found));
    nr_token_cache_put(NULL, "key", 3, 7);
    CHECK_EQ(nr_token_cache_count(NULL), 0);
    nr_token_cache_free(NULL);
    nr_alloc_fail_at(1, 0);
    CHECK(nr_token_cache_new() == NULL);
    c = nr_token_cache_new();
    nr_alloc_fail_at(1, 1);
    nr_token_cache_put(c, "key", 3, 7);
    nr_alloc_fail_at(0, 0);
    CHECK(!nr_token_cache_get(c, "key", 3, &found));
    nr_token_cache_put(c, "key", 3, 9);
    CHECK(nr_token_cache_get(c, "key", 3, &found));
    CHECK_EQ(found, 9);
    nr_token_cache_free(c);
}

/* Growing keeps what is there. */
TEST(many)
{
    nr_token_cache *c = nr_token_cache_new();
    for (uint32_t i = 0; i < 5000; i++) nr_token_cache_put(c, &i, sizeof i, i * 3);
    for (uint32_t i = 0; i < 5000; i++) {
        uint32_t found = UINT32_MAX;
        if (!nr_token_cache_get(c, &i, sizeof i, &found) || found != i * 3) CHECK_EQ(found, i * 3);
    }
    CHECK_EQ(nr_token_cache_count(c), 5000);
    nr_token_cache_free(c);
}

TESTS(token_cache, T(cache_of_each_kind), T(cache_keys), T(cache_unsettled), T(get_and_put), T(many))
