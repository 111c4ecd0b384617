/* Signature blobs (ECMA-335 II.23.2) as stack classes. */
#include "test.h"

#include "base/compiler.h"
#include "il/verify_sig.h"

#include <stdlib.h>
#include <string.h>

static const char letters[] = "-48IFO&V"; /* by nr_stack_class */

static uint8_t *exact_copy(const char *hex, size_t *n)
{
    uint8_t bytes[256];
    *n = nr_test_hex(hex, bytes, sizeof bytes);
    uint8_t *exact = malloc(*n ? *n : 1); /* so that a sanitizer sees what is read behind it */
    memcpy(exact, bytes, *n);
    return exact;
}

/* "result(parameters)", result 0 for void, "this " in front of an instance method, a count for parameters that are not
 * known. */
static void method(const char *hex, const char *want)
{
    char text[32] = "bad", *p = text;
    uint8_t classes[8];
    nr_call_shape s;
    size_t n;
    uint8_t *sig = exact_copy(hex, &n);
    if (nr_verify_method_sig(sig, n, classes, sizeof classes, &s)) {
        if (s.has_this) {
            memcpy(p, "this ", 5);
            p += 5;
        }
        *p++ = s.has_result ? letters[s.result] : '0';
        *p++ = '(';
        for (uint32_t i = 0; s.classes && i < s.parameters; i++) *p++ = letters[s.classes[i]];
        if (!s.classes) *p++ = (char)('0' + s.parameters % 10);
        *p++ = ')';
        *p = 0;
    }
    CHECK_STR(nr_str_of(text), want);
    free(sig);
}

TEST(methods)
{
    method("00 00 01", "0()");
    method("20 00 08", "this 4()");
    method("60 01 01 1c", "0(O)"); /* EXPLICITTHIS: `this` is the first parameter */
    method("30 01 01 1e 00 08", "this -(4)");
    method("00 08 01 02 03 05 09 0a 0b 0c 0d", "0(444488FF)");
    method("00 07 18 19 0f 01 10 08 0e 1c 12 08 16", "I(II&OOOV)");
    method("00 03 1d 08 14 08 02 00 00 13 00 11 08", "O(O--)");
    method("00 02 0e 15 12 08 01 08 15 11 08 02 08 0e", "O(O-)");
    method("00 01 01 1b 20 02 01 08 0e", "0(I)"); /* a function pointer */
    method("00 01 01 1b 30 01 02 01 08 0e", "0(I)");
    /* modifiers: void modreq(IsExternalInit), volatile, on a by-ref */
    method("20 01 1f 81 05 01 08", "this 0(4)");
    method("00 02 20 08 08 1f 08 10 08 0e", "4(&O)");
    method("05 02 01 08 41 0e", "0(4O)"); /* the sentinel of a vararg call is not counted */
}

/* The number of parameters and the result are what matters; classes come on top. */
TEST(damaged_methods)
{
    method("", "bad");
    method("00", "bad");
    method("10 01", "bad");
    method("00 00", "bad");
    method("00 00 1f", "bad");
    method("00 01 01", "0(1)");
    method("00 02 08 08", "4(2)");
    method("00 01 08 1d", "4(1)");
    method("00 01 08 12", "4(1)");
    method("00 01 08 15 12 08 c1 ff ff ff 08", "4(1)");
    method("00 01 08 77", "4(1)");
    method("00 01 08 14 08 02 05 01 01", "4(1)");
    method("00 01 08 14 08", "4(1)");
    method("00 09 01 08 08 08 08 08 08 08 08 08", "0(9)"); /* more than there is room for */
    method("00 01 08 1b 00", "4(1)");
}

static void locals(const char *hex, bool answer, uint32_t count, const char *want)
{
    char text[16] = {0};
    uint8_t classes[8];
    uint32_t got = 0;
    bool known = false;
    size_t n;
    uint8_t *sig = exact_copy(hex, &n);
    CHECK_EQ(nr_verify_locals_sig(sig, n, classes, sizeof classes, &got, &known), answer);
    CHECK_EQ(got, count);
    CHECK_EQ(known, want != NULL);
    for (uint32_t i = 0; known && i < got; i++) text[i] = letters[classes[i]];
    if (want) CHECK_STR(nr_str_of(text), want);
    free(sig);
}

TEST(local_variables)
{
    locals("07 00", true, 0, "");
    locals("07 03 12 71 12 80 c1 08", true, 3, "OO4");
    locals("07 02 45 10 08 45 0e", true, 2, "&O");                      /* pinned */
    locals("07 02 14 14 08 02 00 00 01 01 05 01 00 0d", true, 2, "OF"); /* an array of arrays with bounds */
    locals("07 02 08", true, 2, NULL);
    locals("07 09 08 08 08 08 08 08 08 08 08", true, 9, NULL);
    locals("07", false, 0, NULL);
    locals("06 08", false, 0, NULL);
    locals("", false, 0, NULL);
}

TEST(the_method_itself)
{
    static const struct {
        const char *sig;
        bool answer;
        uint32_t count;
        const char *classes; /* "-" is the class of `this`; NULL: unknown */
        nr_verify_result result;
    } rows[] = {
        {"00 00 01", true, 0, "", NR_RESULT_VOID},
        {"00 02 08 0a 0d", true, 2, "8F", NR_RESULT_VALUE},
        {"20 02 01 08 0e", true, 3, "-4O", NR_RESULT_VOID},
        {"60 02 01 1c 08", true, 2, "O4", NR_RESULT_VOID},       /* EXPLICITTHIS: among the parameters */
        {"20 04 01 08 08 08 08", true, 5, NULL, NR_RESULT_VOID}, /* no room for their classes */
        {"20 02 01 08", true, 3, NULL, NR_RESULT_VOID},
        {"20", false, 0, NULL, NR_RESULT_UNKNOWN},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        uint8_t classes[4];
        char text[8] = {0};
        nr_verify_context c = {0};
        size_t n;
        uint8_t *sig = exact_copy(rows[i].sig, &n);
        CHECK_EQ(nr_verify_own_sig(sig, n, classes, sizeof classes, &c), rows[i].answer);
        CHECK_EQ(c.arguments_known, rows[i].answer);
        CHECK_EQ(c.argument_count, rows[i].count);
        CHECK_EQ(c.result, rows[i].result);
        CHECK_EQ(c.argument_classes != NULL, rows[i].classes != NULL);
        for (uint32_t a = 0; c.argument_classes && a < c.argument_count; a++) text[a] = letters[c.argument_classes[a]];
        if (rows[i].classes) CHECK_STR(nr_str_of(text), rows[i].classes);
        free(sig);
    }
}

/* Arrays inside arrays: 32 are followed. */
TEST(nesting)
{
    for (unsigned depth = 31; depth <= 34; depth++) {
        char hex[1024] = "0701";
        for (unsigned i = 0; i < depth; i++) strcat(hex, "14");
        strcat(hex, "08");
        for (unsigned i = 0; i < depth; i++) strcat(hex, "010000");
        locals(hex, true, 1, depth <= 32 ? "O" : NULL);
    }
    char hex[512] = "0701";
    for (unsigned i = 0; i < 200; i++) strcat(hex, "1d"); /* other nesting has no limit */
    strcat(hex, "08");
    locals(hex, true, 1, "O");
}

TESTS(verify_sig, T(methods), T(damaged_methods), T(local_variables), T(the_method_itself), T(nesting))
