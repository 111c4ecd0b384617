/* RET rewriting of whole programs: what they do has to stay the same, and whatever comes in has to come out or be refused. */
#include "ret_helper.h"

#include "il/insn.h"

static uint32_t seed;
static uint32_t next(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;
    return n ? (seed >> 8) % n : 0;
}

/* `count` random instructions, a RET last; branches lead to random instructions. */
static size_t random_code(uint8_t *code, size_t count, uint32_t *starts)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        starts[i] = (uint32_t)n;
        uint32_t kind = i + 1 == count ? 0 : next(8);
        static const uint8_t first[] = {0x2A, 0x2C, 0x39, 0x45, 0x00, 0x20, 0xFE, 0xDD};
        code[n++] = first[kind];
        switch (kind) {
        case 1: code[n++] = 0; break;
        case 3:
            nr_put_u32(code + n, next(4));
            n += 4 + 4 * nr_get_u32(code + n);
            break;
        case 2:
        case 5:
        case 7: n += 4; break;
        case 6: code[n++] = 0x14; break;
        default: break;
        }
    }
    return n;
}

static void random_targets(uint8_t *code, size_t count, const uint32_t *starts, size_t size)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t next_insn = i + 1 < count ? starts[i + 1] : (uint32_t)size;
        uint8_t *p = code + starts[i];
        if (*p == 0x2C) {
            for (int tries = 0; tries < 50; tries++) {
                int32_t d = (int32_t)(starts[next((uint32_t)count)] - next_insn);
                if (d >= -128 && d <= 127) {
                    p[1] = (uint8_t)d;
                    break;
                }
            }
        } else if (*p == 0x39 || *p == 0xDD) {
            nr_put_u32(p + 1, starts[next((uint32_t)count)] - next_insn);
        } else if (*p == 0x45) {
            for (uint32_t a = 0; a < nr_get_u32(p + 1); a++) {
                nr_put_u32(p + 5 + 4 * a, starts[next((uint32_t)count)] - next_insn);
            }
        }
    }
}

static long long index_of(const nr_insn *list, size_t count, int64_t offset)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (list[middle].offset < offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && list[low].offset == offset ? (long long)low : -1;
}

/* Instruction i stays instruction i, a branch to instruction k stays a branch to instruction k, a RET is a branch to the
 * last one. Judged by the strict decoder, which shares nothing with the rewrite. */
static void check_same_program(const uint8_t *old_code, size_t old_size, const uint8_t *new_code, size_t new_size)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_insn *a, *b;
    size_t n, m;
    int wrong = 0;
    if (CHECK_EQ(nr_insns_decode(&arena, old_code, old_size, &a, &n, NULL), NR_IL_OK) &&
        CHECK_EQ(nr_insns_decode(&arena, new_code, new_size, &b, &m, NULL), NR_IL_OK) && CHECK_EQ(m, n)) {
        for (size_t i = 0; i < n; i++) {
            if (a[i].op == NR_OP_RET) {
                wrong += i + 1 == n ? b[i].op != NR_OP_NOP
                                    : (b[i].op != NR_OP_BR && b[i].op != NR_OP_BR_S) ||
                                          index_of(b, n, nr_insn_target(&b[i], 0)) != (long long)n - 1;
                continue;
            }
            wrong += nr_opcode_long_branch(a[i].op) != nr_opcode_long_branch(b[i].op);
            if (a[i].op == NR_OP_SWITCH) {
                wrong += a[i].operand != b[i].operand;
                for (uint32_t k = 0; k < a[i].operand; k++) {
                    wrong += index_of(a, n, nr_insn_target(&a[i], k)) != index_of(b, n, nr_insn_target(&b[i], k));
                }
            } else if (nr_insn_target(&a[i], 0) >= 0) {
                wrong += index_of(a, n, nr_insn_target(&a[i], 0)) != index_of(b, n, nr_insn_target(&b[i], 0));
            } else {
                wrong += a[i].operand != b[i].operand;
            }
        }
    }
    CHECK_EQ(wrong, 0);
    nr_arena_free(&arena);
}

TEST(random_programs)
{
    static uint8_t code[8192];
    static uint32_t starts[1024];
    int rewritten = 0;
    seed = 1;
    for (int i = 0; i < 400; i++) {
        memset(code, 0, sizeof code);
        size_t count = 2 + next(i < 300 ? 40 : 600);
        size_t size = random_code(code, count, starts);
        random_targets(code, count, starts, size);
        result r = rewrite_fat(code, size);
        if (r.err == NR_IL_OK && r.multiple) {
            rewritten++;
            check_same_program(code, size, r.bytes + 12, r.size - 12);
        } else if (r.err) {
            /* Only short displacements of -128 and those that 50 tries could not place. */
            CHECK_EQ(r.err, NR_IL_BRANCH_TARGET);
        }
        nr_arena_free(&r.arena);
    }
    CHECK(rewritten > 200);
}

/* 150 KB, 50,000 branches, 16,000 RETs: a quadratic rewrite would be noticed by whoever waits for this. */
TEST(large_methods)
{
    enum { COUNT = 66000 };
    uint8_t *code = calloc(COUNT, 6);
    uint32_t *starts = calloc(COUNT, sizeof *starts);
    size_t size = 0;
    for (size_t i = 0; i < COUNT; i++) {
        starts[i] = (uint32_t)size;
        code[size] = i % 4 == 0 || i + 1 == COUNT ? 0x2A : i % 4 == 1 ? 0xDD : 0x39;
        size += code[size] == 0x2A ? 1 : 5;
    }
    seed = 7;
    random_targets(code, COUNT, starts, size);
    result r = rewrite_fat(code, size);
    if (CHECK_EQ(r.err, NR_IL_OK)) check_same_program(code, size, r.bytes + 12, r.size - 12);
    nr_arena_free(&r.arena);
    free(code);
    free(starts);
}

/* Anything may come in; what goes out can be split, or is refused with a name. */
TEST(arbitrary_bytes)
{
    static const uint8_t likely[] = {0x2A, 0x2A, 0x2B, 0x2C, 0x38, 0x45, 0xFE, 0xFF, 0x00, 0x01, 0xDE, 0x20};
    int done = 0, refused = 0;
    seed = 3;
    for (int i = 0; i < 30000; i++) {
        uint8_t body[120] = {0};
        size_t n = next(sizeof body);
        for (size_t k = 0; k < n; k++) body[k] = (uint8_t)(next(2) ? likely[next(sizeof likely)] : next(256));
        if (next(4) && n) {
            bool fat = n > 16 && next(2);
            body[0] = fat ? (uint8_t)(next(2) ? 0x1B : 0x13) : (uint8_t)((n < 64 ? n - 1 : 63) << 2 | 2);
            if (fat) {
                body[1] = 0x30;
                nr_put_u32(body + 4, 1 + next((uint32_t)n - 12));
                body[11 + nr_get_u32(body + 4)] = 0x2A;
            } else {
                body[n < 64 ? n - 1 : 63] = 0x2A;
            }
        }
        result r = rewrite(body, n);
        if (r.err) {
            refused++;
            CHECK(r.bytes == NULL);
        } else {
            nr_method_body b;
            nr_il_error err = nr_body_split(&r.arena, r.bytes, r.size, &b);
            done += err == NR_IL_OK;
            if (r.multiple) CHECK_EQ(err, NR_IL_OK);
        }
        nr_arena_free(&r.arena);
    }
    CHECK(done > 1000 && refused > 1000);
}

TESTS(ret_programs, T(random_programs), T(large_methods), T(arbitrary_bytes))
