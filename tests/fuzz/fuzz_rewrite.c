/* Random but valid methods through the whole engine, with the built-in tracer template.
 *
 * Properties: what is written is valid IL when the original is; the original's instructions stand in it in one piece,
 * unchanged but for RETs, which lead to the last instruction, and for short branches made long; branches lead to the same
 * instructions; the original's clauses guard the same instructions. */
#include "support.h"

#include "program.h"

#include "engine/engine.h"
#include "il/insn.h"
#include "il/parts.h"
#include "il/verify.h"
#include "il/verify_sig.h"

enum { RUNS_OF_AN_ENGINE = 2000 };

static const struct {
    const char *signature;
    fuzz_shape shape;
} shapes[] = {
    {"00 00 01", {0, false}},
    {"20 00 01", {1, false}},
    {"00 00 08", {0, true}},
    {"20 02 08 08 0e", {3, true}},
};

static fake_clr clr;
static fake_module *module;
static nr_engine *engine;
static uintptr_t functions[4];
static uint32_t exception; /* a TypeRef for catch clauses */

static void start(void)
{
    clear_env();
    log_start(NR_ERROR);
    clr_init(&clr, true);
    module = add_module(&clr, "MyAssembly", "/app/MyAssembly.dll", "clrhost", "System.Runtime");
    uint32_t type = add_type(module, "MyNamespace.MyClass", 1, 0);
    exception = fake_add(&module->meta, NR_TABLE_TYPE_REF, 0x23000001, NR_STR("System.SystemException"), fake_none);
    for (size_t i = 0; i < 4; i++) {
        functions[i] = add_method(module, type, "M", shapes[i].signature, "06 2a");
        if (shapes[i].signature[0] == '2') last_method_of(module)->attributes = 0x86; /* an instance method */
    }
    engine = start_engine(&clr, rule("MyAssembly", "MyNamespace.MyClass", "M"), NULL);
    REQUIRE(engine);
}

static void stop(void)
{
    nr_engine_free(engine);
    clr_free(&clr);
    engine = NULL;
}

typedef struct program {
    nr_method_body body;
    nr_insn *list;
    size_t count;
} program;

static program read_program(nr_arena *arena, const uint8_t *bytes, size_t size)
{
    program p;
    REQUIRE(nr_body_split(arena, bytes, size, &p.body) == NR_IL_OK);
    REQUIRE(nr_insns_decode(arena, p.body.code, p.body.code_size, &p.list, &p.count, NULL) == NR_IL_OK);
    return p;
}

/* Number of the instruction at an offset, counted from `first`; the end of the code is one more. -1: none starts there. */
static long index_at(const program *p, size_t first, int64_t offset)
{
    size_t low = first, high = p->count;
    if (offset == (int64_t)p->body.code_size) return (long)(p->count - first);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (p->list[middle].offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low < p->count && p->list[low].offset == offset ? (long)(low - first) : -1;
}

static bool same_targets(const program *a, const nr_insn *x, const program *b, size_t first, const nr_insn *y)
{
    uint32_t arms = x->op == NR_OP_SWITCH ? (uint32_t)x->operand : 1;
    if (x->op == NR_OP_SWITCH && x->operand != y->operand) return false;
    for (uint32_t i = 0; i < arms; i++) {
        if (index_at(a, 0, nr_insn_target(x, i)) != index_at(b, first, nr_insn_target(y, i))) return false;
    }
    return true;
}

static bool same_insn(const program *a, size_t i, const program *b, size_t first)
{
    const nr_insn *x = &a->list[i], *y = &b->list[first + i];
    if (x->op == NR_OP_RET) {
        if (i + 1 == a->count) return y->op == NR_OP_NOP;
        return (y->op == NR_OP_BR || y->op == NR_OP_BR_S) &&
               index_at(b, first, nr_insn_target(y, 0)) == (long)a->count - 1;
    }
    if (nr_opcode_long_branch(x->op) != nr_opcode_long_branch(y->op)) return false;
    return x->op == NR_OP_SWITCH || nr_insn_target(x, 0) >= 0 ? same_targets(a, x, b, first, y)
                                                              : x->operand == y->operand;
}

/* Where the original's instructions stand in the new code. */
static size_t find_original(const program *a, const program *b)
{
    for (size_t first = 0;; first++) {
        size_t i = 0;
        REQUIRE(first + a->count <= b->count); /* it is in there */
        while (i < a->count && same_insn(a, i, b, first)) i++;
        if (i == a->count) return first;
    }
}

/* The clause of the original stands in the new body, around the same instructions. */
static bool has_clause(const program *a, const nr_eh_clause *c, const program *b, size_t first)
{
    for (size_t k = 0; k < b->body.clause_count; k++) {
        const nr_eh_clause *d = &b->body.clauses[k];
        if (c->flags == d->flags && index_at(a, 0, c->try_offset) == index_at(b, first, d->try_offset) &&
            index_at(a, 0, c->try_offset + c->try_length) == index_at(b, first, d->try_offset + d->try_length) &&
            index_at(a, 0, c->handler_offset) == index_at(b, first, d->handler_offset) &&
            index_at(a, 0, c->handler_offset + c->handler_length) ==
                index_at(b, first, d->handler_offset + d->handler_length))
            return true;
    }
    return false;
}

static void verify(const uint8_t *bytes, size_t size, const char *signature)
{
    uint8_t sig[16], classes[8];
    nr_verify_context context = {0};
    nr_verify_report report;
    size_t n = nr_test_hex(signature, sig, sizeof sig);
    REQUIRE(nr_verify_own_sig(sig, n, classes, sizeof classes, &context));
    REQUIRE(nr_verify_body(bytes, size, &context, &report) == NR_IL_OK);
    if (report.verdict == NR_VERDICT_BAD) {
        fprintf(stderr, "%s at %x, %x\n", nr_verify_fault_name(report.fault), report.offset, report.other);
        abort();
    }
}

static void check(const nr_buf *before, const nr_buf *after, const char *signature)
{
    nr_arena arena = NR_ARENA_INIT;
    verify(after->data, after->size, signature);
    program a = read_program(&arena, before->data, before->size), b = read_program(&arena, after->data, after->size);
    size_t first = find_original(&a, &b);
    REQUIRE(b.body.max_stack >= a.body.max_stack);
    REQUIRE(b.body.clause_count == a.body.clause_count + 4);
    for (size_t i = 0; i < a.body.clause_count; i++) REQUIRE(has_clause(&a, &a.body.clauses[i], &b, first));
    nr_arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned runs;
    fuzz_input in = {data, data + size};
    nr_buf body = NR_BUF_INIT;
    if (!engine) start();
    unsigned k = fuzz_below(&in, 4);
    fake_method *method = &module->methods[k];
    fuzz_program(&in, shapes[k].shape, exception, 240, &body);
    REQUIRE(!body.failed);
    verify(body.data, body.size, shapes[k].signature); /* else the generator is wrong */
    if (body.size <= sizeof method->body) {
        memcpy(method->body, body.data, body.size);
        method->body_size = (uint32_t)body.size;
        unsigned written = clr.bodies;
        REQUIRE(jit_and_rejit(engine, &clr, functions[k]) == 0);
        REQUIRE(clr.bodies == written + 1);
        check(&body, &clr.body, shapes[k].signature);
    }
    nr_buf_free(&body);
    if (++runs % RUNS_OF_AN_ENGINE == 0) stop();
    return 0;
}
