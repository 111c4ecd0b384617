/* Any bytes as a signature (ECMA-335 II.23.2). */
#include "fuzz.h"

#include "il/verify_sig.h"
#include "meta/meta.h"
#include "meta/sig.h"

static int32_t type_name(void *m, nr_arena *arena, uint32_t token, nr_str *name)
{
    (void)m;
    if (token % 5 == 4) return (int32_t)0x80131130u;
    *name = nr_arena_printf(arena, "N.T%x", (unsigned)token);
    return 0;
}

static void encode(const nr_method_sig *sig, size_t size)
{
    nr_buf out = NR_BUF_INIT;
    nr_sig_encode_param(&out, &sig->ret);
    for (uint32_t i = 0; i < sig->param_count; i++) nr_sig_encode_param(&out, &sig->params[i]);
    REQUIRE(out.size <= size * 4 + 16); /* a coded token may grow, from one byte to four at most */
    nr_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const nr_meta_ops ops = {.type_def_name = type_name, .type_ref_name = type_name};
    const nr_meta meta = {&ops, NULL};
    nr_arena arena = NR_ARENA_INIT;
    const nr_method_sig *sig = NULL;
    if (!nr_sig_parse_method(&arena, data, size, &sig)) {
        nr_buf text = NR_BUF_INIT;
        REQUIRE(sig->param_count <= size);
        if (nr_sig_print_params(&text, &arena, &meta, sig)) REQUIRE(text.size == 0);
        nr_sig_print_line(&arena, &meta, sig);
        nr_buf_free(&text);
        encode(sig, size);
    } else {
        REQUIRE(!sig);
    }
    nr_sig_parse_line(&arena, data, size);
    uint8_t classes[64];
    nr_call_shape shape;
    nr_verify_context context = {0};
    uint32_t count = 0;
    bool known;
    nr_verify_method_sig(data, size, classes, sizeof classes, &shape);
    nr_verify_own_sig(data, size, classes, sizeof classes, &context);
    nr_verify_locals_sig(data, size, classes, sizeof classes, &count, &known);
    nr_arena_free(&arena);
    return 0;
}
