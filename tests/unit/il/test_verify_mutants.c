/* What rewriters get wrong: the reference's wrapper around an int method, and one mutant per bug that is known from
 * profilers (the list was tried on other verifiers and on a JIT as well). */
#include "test.h"

#include "base/buf.h"
#include "base/compiler.h"
#include "il/verify.h"
#include "il/verify_sig.h"

#include <stdlib.h>
#include <string.h>

/* Newtonsoft.Json.Linq.JArray::GetDeepHashCode as the reference instruments it:
 *   0004..00a3 catch 00a3..00a9   bd..cf catch cf..d5 (inside the next handler)
 *   00a9..00b6 catch 00b6..00dc   e2..f9 catch f9..ff */
static const char wrapper[] =
    "1b300a000101000067030011140a140b72d8df0070286608000a7238e000706f6708000a7274e000706f6808000a141f0b8d1c00"
    "0001251672a4e00070a2251720003400008c05010001a225187218e10070a22519721ae10070a2251ad0b400000228c200000aa2"
    "251b728e9f0270a2251c72b4a50270a2251d7218e10070a2251e02a2251f0920000000008d1c000001a2251f0a2148f90d95fa7f"
    "00008c07010001a26f6908000a0add0600000026dd000000000228f9090006000cdd260000000b0639180000000674e201001b14"
    "076f6a08000add0600000026dd00000000fe1add0000000006391d0000000674e201001b088c02010001146f6a08000add060000"
    "0026dd00000000082a0000004164000000000000040000009f000000a3000000060000003000000100000000bd00000012000000"
    "cf000000060000003000000100000000a90000000d000000b6000000260000003000000100000000e200000017000000f9000000"
    "0600000030000001";

enum { HEADER = 12, CODE = 257, SECTION = 272, CLAUSES = SECTION + 4, CLAUSE = 24 };

static uint8_t body[400];
static size_t size;

static const struct {
    uint32_t token;
    const char *sig;
} methods[] = {
    {0x0A000866, "00011285a50e"}, /* Assembly::LoadFrom */
    {0x0A000867, "200112790e"},   /* Assembly::GetType */
    {0x0A000868, "20011285a90e"}, /* Type::GetMethod */
    {0x0A000869, "20021c1c1d1c"}, /* MethodBase::Invoke */
    {0x0A00086A, "20020113001301"}, /* Action`2::Invoke */
    {0x0A0000C2, "00011279118105"}, /* Type::GetTypeFromHandle */
    {0x060009F9, "200008"},         /* what the method itself calls */
};

static bool shape_of(void *self, uint32_t token, nr_call_shape *out)
{
    static uint8_t classes[8];
    uint8_t sig[32];
    (void)self;
    for (size_t i = 0; i < NR_COUNT(methods); i++) {
        if (methods[i].token == token)
            return nr_verify_method_sig(sig, nr_test_hex(methods[i].sig, sig, sizeof sig), classes, sizeof classes, out);
    }
    return false;
}

static nr_verify_report verify(const char *locals)
{
    static uint8_t local_classes[8];
    static const uint8_t argument_classes[] = {NR_STACK_OBJECT};
    uint8_t sig[32];
    bool known;
    nr_verify_context c = {.call_shape = shape_of, .arguments_known = true, .argument_count = 1,
                           .argument_classes = argument_classes, .result = NR_RESULT_VALUE,
                           .result_class = NR_STACK_INT32, .locals_known = true, .local_classes = local_classes};
    nr_verify_report r;
    CHECK(nr_verify_locals_sig(sig, nr_test_hex(locals, sig, sizeof sig), local_classes, sizeof local_classes,
                               &c.local_count, &known));
    CHECK(known);
    CHECK_EQ(nr_verify_body(body, size, &c, &r), NR_IL_OK);
    return r;
}

static void check(nr_verify_fault fault, uint32_t offset, uint32_t other, const char *locals)
{
    nr_verify_report r = verify(locals);
    CHECK_STR(nr_str_of(nr_verify_fault_name(r.fault)), nr_verify_fault_name(fault));
    CHECK_EQ(r.verdict, fault ? NR_VERDICT_BAD : NR_VERDICT_OK);
    CHECK_EQ(r.offset, offset);
    CHECK_EQ(r.other, other);
    size = nr_test_hex(wrapper, body, sizeof body); /* for the next one */
}

/* Bytes at an offset of the code. */
static void edit(uint32_t offset, const char *hex)
{
    nr_test_hex(hex, body + HEADER + offset, 16);
}

#define NOWHERE NR_VERIFY_NO_OFFSET
#define LOCALS "070312711280c108"

TEST(wrapper)
{
    size = nr_test_hex(wrapper, body, sizeof body);
    CHECK_EQ(size, CLAUSES + 4 * CLAUSE);
    check(NR_VERIFY_NONE, NOWHERE, NOWHERE, LOCALS);
}

TEST(mutants)
{
    size = nr_test_hex(wrapper, body, sizeof body);
    edit(0x9E, "00 00 00 00 2a"); /* ret inside a try block */
    check(NR_VERIFY_RET_IN_TRY, 0xA2, NOWHERE, LOCALS);
    edit(0x9D, "0d"); /* wrong local index */
    check(NR_VERIFY_LOCAL_INDEX, 0x9D, NOWHERE, LOCALS);
    edit(0x9E, "00 00 00 00 00"); /* missing leave */
    check(NR_VERIFY_FALL_OUT_OF_TRY, 0xA2, 0xA3, LOCALS);
    body[2] = 5; /* max stack too small, by one */
    check(NR_VERIFY_STACK_OVERFLOW, 0x2C, NOWHERE, LOCALS);
    body[2] = 6;
    check(NR_VERIFY_NONE, NOWHERE, NOWHERE, LOCALS);
    nr_put_u32(body + CLAUSES + 3 * CLAUSE + 16, 7); /* handler range too long */
    check(NR_VERIFY_BRANCH_INTO_HANDLER, 0xDD, 0xFF, LOCALS);
    edit(0x9E, "38"); /* br out of a try block */
    check(NR_VERIFY_BRANCH_OUT_OF_TRY, 0x9E, 0xA9, LOCALS);
    edit(0xFF, "2a 00"); /* falls off the end, unreachable */
    check(NR_VERIFY_FALL_OFF_END, 0x100, NOWHERE, LOCALS);
    check(NR_VERIFY_STACK_CLASS, 0xB0, NOWHERE, "070312711280c10e"); /* the result local has the wrong type */
    edit(0x39, "00 00 00 00 00"); /* an int32 not boxed into object[] */
    check(NR_VERIFY_STACK_CLASS, 0x3E, NOWHERE, LOCALS);
    edit(0xB1, "dd 3e 00 00 00"); /* a leave into the next try block */
    check(NR_VERIFY_BRANCH_INTO_TRY, 0xB1, 0xF4, LOCALS);
    edit(0xB1, "dd 28 00 00 00"); /* and one that misses its target */
    check(NR_VERIFY_BRANCH_TARGET, 0xB1, NOWHERE, LOCALS);
}

/* Two that only look wrong, and the one whose objects are of the wrong type: classes do not tell. */
TEST(no_faults)
{
    uint8_t swap[CLAUSE];
    size = nr_test_hex(wrapper, body, sizeof body);
    edit(0xA3, "00"); /* no pop in front of leave */
    check(NR_VERIFY_NONE, NOWHERE, NOWHERE, LOCALS);
    uint8_t *inner = body + CLAUSES + CLAUSE; /* the clause inside the handler comes after the handler's */
    memcpy(swap, inner, CLAUSE);
    memcpy(inner, inner + CLAUSE, CLAUSE);
    memcpy(inner + CLAUSE, swap, CLAUSE);
    check(NR_VERIFY_NONE, NOWHERE, NOWHERE, LOCALS);
    edit(0xBE, "00 00 00 00 00"); /* castclass missing */
    check(NR_VERIFY_NONE, NOWHERE, NOWHERE, LOCALS);
}

/* Whatever the bytes are, there is a verdict; most random edits of the code are noticed. */
TEST(random_edits)
{
    uint64_t seed = 1;
    unsigned verdicts[3] = {0};
    for (int round = 0; round < 40000; round++) {
        size = nr_test_hex(wrapper, body, sizeof body);
        for (int edits = round % 3; edits >= 0; edits--) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            body[(seed >> 33) % size] = (uint8_t)(seed >> 24);
        }
        uint8_t *exact = malloc(size);
        memcpy(exact, body, size);
        nr_verify_context c = {.call_shape = shape_of};
        nr_verify_report r;
        CHECK_EQ(nr_verify_body(exact, size - (round % 5 ? 0 : (size_t)round % size), &c, &r), NR_IL_OK);
        verdicts[r.verdict]++;
        free(exact);
    }
    CHECK(verdicts[NR_VERDICT_BAD] > 20000);
    CHECK(verdicts[NR_VERDICT_OK] > 1000); /* operands of constants and strings */
}

TESTS(verify_mutants, T(wrapper), T(mutants), T(no_faults), T(random_edits))
