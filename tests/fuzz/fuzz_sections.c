/* A sound body with any bytes as its extra sections (ECMA-335 II.25.4.5). */
#include "fuzz.h"

#include "il/body.h"
#include "il/parts.h"
#include "il/verify.h"

enum { CODE = 40 };

/* 38 instructions of one byte, two RETs or one: the sections are read by different rules then. */
static void head(nr_buf *out, bool many_rets)
{
    nr_buf_u16(out, 3 << 12 | NR_IL_FAT_FORMAT | NR_IL_MORE_SECTS);
    nr_buf_u16(out, 8);
    nr_buf_u32(out, CODE);
    nr_buf_u32(out, 0);
    nr_buf_fill(out, 0, CODE - 1);
    nr_buf_u8(out, 0x2A);
    if (many_rets) out->data[NR_IL_FAT_HEADER + 20] = 0x2A;
}

static void run(const uint8_t *data, size_t size, bool many_rets)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_buf bytes = NR_BUF_INIT;
    const uint8_t *out = NULL;
    size_t out_size = 0;
    bool multiple;
    nr_method_body body;
    nr_body_parts parts;
    nr_verify_report report;
    head(&bytes, many_rets);
    if (size) nr_buf_put(&bytes, data, size);
    uint8_t *exact = malloc(bytes.size); /* a sanitizer sees a read behind its end */
    memcpy(exact, bytes.data, bytes.size);
    if (!nr_body_rewrite_ret(&arena, exact, bytes.size, &out, &out_size, &multiple)) {
        REQUIRE(!many_rets || multiple);
        if (!nr_body_split(&arena, out, out_size, &body)) {
            REQUIRE(body.clause_count <= out_size / 12);
        } else {
            REQUIRE(!multiple);
        }
    }
    nr_body_parse(&arena, exact, bytes.size, &parts);
    nr_verify_body(exact, bytes.size, NULL, &report);
    free(exact);
    nr_buf_free(&bytes);
    nr_arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    run(data, size, false);
    run(data, size, true);
    return 0;
}
