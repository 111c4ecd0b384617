/* Any text as a type or method text of a template, and its tokens in a small module. */
#include "fuzz.h"

#include "meta/fake_meta.h"
#include "meta/tokens.h"

static void tokens(const nr_text *text, nr_tokenizer tokenizer)
{
    static fake_meta module; /* large for a stack */
    nr_arena scratch = NR_ARENA_INIT;
    nr_buf signature = NR_BUF_INIT;
    uint32_t token = 0;
    fake_init(&module);
    fake_assembly(&module, "mscorlib");
    nr_tokens t = {.meta = {&fake_ops, &module}, .tokenizer = tokenizer, .scratch = &scratch};
    nr_meta_error e = nr_tokens_of_text(&t, text, &token);
    REQUIRE(e || token);
    if (!nr_text_has_token(text)) REQUIRE(e);
    size_t before = signature.size;
    if (nr_tokens_signature(&t, text, &signature)) REQUIRE(signature.size == before);
    nr_buf_free(&signature);
    nr_arena_free(&scratch);
    fake_free(&module);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nr_arena arena = NR_ARENA_INIT;
    const char *why = NULL;
    nr_str s = {size ? (const char *)data : "", size};
    for (int raw = 0; raw < 2; raw++) {
        const nr_text *text = raw ? nr_text_parse_raw(&arena, s, &why) : nr_text_parse(&arena, s, &why);
        if (!text) {
            REQUIRE(why && *why);
            continue;
        }
        REQUIRE(nr_str_eq(nr_text_source(text), s));
        for (int k = 0; k < 3; k++) tokens(text, (nr_tokenizer)k);
    }
    nr_arena_free(&arena);
    return 0;
}
