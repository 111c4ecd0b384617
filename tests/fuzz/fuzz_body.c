/* Any bytes as a method body: what every reader of bodies makes of them. */
#include "fuzz.h"

#include "il/body.h"
#include "il/disasm.h"
#include "il/parts.h"
#include "il/verify.h"

static void rewrite(const uint8_t *data, size_t size)
{
    nr_arena arena = NR_ARENA_INIT;
    const uint8_t *out = NULL;
    size_t out_size = 0;
    bool multiple = false;
    nr_il_error e = nr_body_rewrite_ret(&arena, data, size, &out, &out_size, &multiple);
    if (e) {
        REQUIRE(!out);
    } else {
        nr_method_body body;
        e = nr_body_split(&arena, out, out_size, &body);
        REQUIRE(!multiple || e == NR_IL_OK); /* what we wrote ourselves can be read */
        nr_buf written = NR_BUF_INIT;
        if (!e && !nr_body_write_fat(&written, body.flags, body.max_stack, body.local_var_sig, body.code,
                                     body.code_size, body.clauses, body.clause_count)) {
            nr_method_body again;
            REQUIRE(nr_body_split(&arena, written.data, written.size, &again) == NR_IL_OK);
            REQUIRE(again.code_size == body.code_size && !memcmp(again.code, body.code, body.code_size));
            REQUIRE(again.clause_count == body.clause_count);
        }
        nr_buf_free(&written);
    }
    nr_arena_free(&arena);
}

static void round_trip(const uint8_t *data, size_t size)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_body_parts parts;
    size_t measured = 0;
    if (!nr_body_parse(&arena, data, size, &parts)) {
        nr_buf out = NR_BUF_INIT;
        REQUIRE(nr_body_encode(&out, &parts) == NR_IL_OK);
        REQUIRE(out.size == parts.size && !memcmp(out.data, data, parts.size));
        REQUIRE(nr_body_size(data, size, &measured) == NR_IL_OK && measured == parts.size);
        nr_buf_free(&out);
    }
    nr_arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nr_buf text = NR_BUF_INIT;
    nr_verify_report report;
    rewrite(data, size);
    round_trip(data, size);
    nr_disasm(&text, data, size, NULL, NULL);
    REQUIRE(nr_verify_body(data, size, NULL, &report) == NR_IL_OK);
    REQUIRE(report.verdict == NR_VERDICT_OK ? !report.fault : report.fault);
    nr_buf_free(&text);
    return 0;
}
