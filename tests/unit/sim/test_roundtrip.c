/* Decode and encode every method body of the shared framework: the same bytes, as a whole and instruction by instruction. */
#include "framework.h"
#include "il/insn.h"
#include "il/parts.h"
#include "test.h"

#include <stdio.h>

typedef struct roundtrip {
    unsigned bodies, instructions, failed;
} roundtrip;

static bool same_body(nr_arena *arena, const uint8_t *body, size_t size, nr_buf *out, nr_body_parts *parts)
{
    out->size = 0;
    return nr_body_parse(arena, body, size, parts) == NR_IL_OK && nr_body_encode(out, parts) == NR_IL_OK &&
           !out->failed && out->size == size && memcmp(out->data, body, size) == 0;
}

static bool same_code(nr_arena *arena, const nr_body_parts *parts, nr_buf *out, unsigned *instructions)
{
    nr_insn *list;
    size_t count;
    out->size = 0;
    if (nr_insns_decode(arena, parts->code, parts->code_size, &list, &count, NULL) != NR_IL_OK) return false;
    for (size_t i = 0; i < count; i++) nr_insn_encode(out, &list[i]);
    *instructions += (unsigned)count;
    return !out->failed && out->size == parts->code_size && memcmp(out->data, parts->code, out->size) == 0;
}

static void file(void *self, const nr_md *md, nr_str path)
{
    roundtrip *r = self;
    nr_buf out = NR_BUF_INIT;
    for (uint32_t rid = 1; rid <= nr_md_rows(md, NR_TAB_METHOD_DEF); rid++) {
        nr_arena arena = NR_ARENA_INIT;
        nr_body_parts parts;
        const uint8_t *body;
        size_t size;
        bool damaged;
        if (nr_md_body(md, rid, &body, &size, &damaged)) {
            r->bodies++;
            if (!same_body(&arena, body, size, &out, &parts) || !same_code(&arena, &parts, &out, &r->instructions)) {
                if (r->failed++ < 10) printf("  %.*s %08x\n", NR_STR_ARG(path), 0x06000000u | rid);
            }
        }
        nr_arena_free(&arena);
    }
    nr_buf_free(&out);
}

TEST(shared_framework)
{
    roundtrip r = {0, 0, 0};
    unsigned files = nr_each_framework_file(file, &r);
    if (!files) SKIP("no shared framework is installed");
    printf("  %u assemblies: %u bodies with %u instructions decoded and encoded, %u not identical\n", files, r.bodies,
           r.instructions, r.failed);
    printf("figure corpus.roundtrip %u\n", r.bodies - r.failed);
    CHECK(r.bodies > 100000);
    CHECK_EQ(r.failed, 0);
}

TESTS(roundtrip, T(shared_framework))
