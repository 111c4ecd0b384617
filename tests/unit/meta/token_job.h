/* token_job.h - a module, its nr_tokens and one-line requests, for the tests of token requests. */
#ifndef NR_TESTS_TOKEN_JOB_H
#define NR_TESTS_TOKEN_JOB_H

#include "fake_meta.h"
#include "meta/tokens.h"
#include "test.h"

typedef struct job {
    fake_meta fake;
    nr_arena arena;
    nr_tokens t;
} job;

static inline void begin(job *j, nr_tokenizer tokenizer, const char *assembly)
{
    memset(j, 0, sizeof *j);
    fake_init(&j->fake);
    if (assembly) fake_assembly(&j->fake, assembly);
    j->t.meta = fake_table(&j->fake);
    j->t.tokenizer = tokenizer;
    j->t.scratch = &j->arena;
}

static inline void end(job *j)
{
    nr_token_cache_free(j->t.cache);
    nr_arena_free(&j->arena);
    fake_free(&j->fake);
}

static inline const nr_text *text_of(job *j, const char *text)
{
    const char *why = NULL;
    const nr_text *t = nr_text_parse(&j->arena, nr_str_of(text), &why);
    if (!t) printf("    %s: %s\n", text, why);
    CHECK(t != NULL);
    return t;
}

/* One step of a template: the token of a text, or 0. */
static inline uint32_t token(job *j, const char *text)
{
    uint32_t found = 0;
    CHECK_EQ(nr_tokens_of_text(&j->t, text_of(j, text), &found), NR_META_OK);
    return found;
}

static inline uint32_t raw(job *j, const char *text)
{
    uint32_t found = 0;
    const char *why = NULL;
    const nr_text *t = nr_text_parse_raw(&j->arena, nr_str_of(text), &why);
    CHECK(t != NULL);
    CHECK_EQ(nr_tokens_of_text(&j->t, t, &found), NR_META_OK);
    return found;
}

static inline uint32_t string(job *j, const char *text)
{
    uint32_t found = 0;
    CHECK_EQ(nr_tokens_user_string(&j->t, nr_str_of(text), &found), NR_META_OK);
    return found;
}

static inline const nr_method_sig *sig_of(job *j, const char *hex)
{
    uint8_t bytes[256];
    const nr_method_sig *m = NULL;
    size_t n = nr_test_hex(hex, bytes, sizeof bytes);
    CHECK_EQ(nr_sig_parse_method(&j->arena, bytes, n, &m), NR_META_OK);
    return m;
}

static inline nr_str bytes(const char *p, size_t n)
{
    nr_str s = {p, n};
    return s;
}

#endif
