/* verify_helper.h - rows of code, clauses and the verdict that they have to get. */
#ifndef NR_TESTS_VERIFY_HELPER_H
#define NR_TESTS_VERIFY_HELPER_H

#include "test.h"

#include "base/buf.h"
#include "base/compiler.h"
#include "il/body.h"
#include "il/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Tokens of the pretended module: 0A 00 <result> <parameters>: `result` is the letter below, high bit: has `this`; a
 * parameter count of FF is an unknown method. Parameters are alternately int32 and object. */
static inline bool pretended_shape(void *self, uint32_t token, nr_call_shape *out)
{
    static const uint8_t classes[] = {NR_STACK_INT32, NR_STACK_OBJECT, NR_STACK_INT32, NR_STACK_OBJECT};
    uint32_t result = token >> 8 & 0x7F, count = token & 0xFF;
    (void)self;
    if (count == 0xFF) return false;
    nr_call_shape s = {0};
    s.has_this = (token & 0x8000) != 0;
    s.has_result = result != 0;
    s.result = (uint8_t)(result ? result - 1 : 0); /* 1: unknown, 2: int32, ..., 6: object */
    s.parameters = count;
    s.classes = count <= NR_COUNT(classes) ? classes : NULL;
    *out = s;
    return true;
}

typedef struct verify_row {
    const char *code; /* hex */
    nr_verify_fault fault;
    uint32_t offset, other; /* with NONE: not looked at */
    nr_eh_clause clauses[4];
    int max_stack; /* 0: 8; -1: 0 */
} verify_row;

/* {"code", OK}, {"code", BAD(fault, offset)}, {"code", BAD_AT(fault, offset, other)}, clauses and max_stack by name */
#define OK .fault = NR_VERIFY_NONE
#define BAD(fault_, offset_) BAD_AT(fault_, offset_, NR_VERIFY_NO_OFFSET)
#define BAD_AT(fault_, offset_, other_) .fault = NR_VERIFY_##fault_, .offset = offset_, .other = other_
#define CATCH(t, tn, h, hn) {NR_EH_CATCH, t, tn, h, hn, 0x01000001}
#define FILTER(t, tn, f, h, hn) {NR_EH_FILTER, t, tn, h, hn, f}
#define FINALLY(t, tn, h, hn) {NR_EH_FINALLY, t, tn, h, hn, 0}
#define FAULT(t, tn, h, hn) {NR_EH_FAULT, t, tn, h, hn, 0}

/* Two arguments and three locals: int32, object, int64 (the arguments are the first two). */
static inline nr_verify_context pretended_context(void)
{
    static const uint8_t classes[] = {NR_STACK_INT32, NR_STACK_OBJECT, NR_STACK_INT64};
    nr_verify_context c = {.call_shape = pretended_shape, .arguments_known = true, .locals_known = true};
    c.argument_count = 2;
    c.local_count = 3;
    c.argument_classes = c.local_classes = classes;
    return c;
}

static inline void pretended_body(nr_buf *out, const verify_row *row)
{
    uint8_t code[512];
    size_t n = nr_test_hex(row->code, code, sizeof code), clauses = 0;
    while (clauses < NR_COUNT(row->clauses) && (row->clauses[clauses].try_length || row->clauses[clauses].handler_length)) clauses++;
    uint16_t max_stack = (uint16_t)(row->max_stack > 0 ? row->max_stack : row->max_stack < 0 ? 0 : 8);
    if (clauses) {
        nr_body_write_fat(out, 0x3013, max_stack, 0x11000001, code, n, row->clauses, clauses);
        return;
    }
    nr_buf_u16(out, 0x3013);
    nr_buf_u16(out, max_stack);
    nr_buf_u32(out, (uint32_t)n);
    nr_buf_u32(out, 0x11000001);
    nr_buf_put(out, code, n);
}

static inline void verify_rows(const char *file, int line, const verify_row *rows, size_t count, const nr_verify_context *context)
{
    for (size_t i = 0; i < count; i++) {
        nr_buf body = NR_BUF_INIT;
        nr_verify_report got;
        pretended_body(&body, &rows[i]);
        uint8_t *exact = malloc(body.size); /* so that a sanitizer sees what is read behind it */
        memcpy(exact, body.data, body.size);
        nr_verify_verdict want = rows[i].fault == NR_VERIFY_NONE         ? NR_VERDICT_OK
                                 : rows[i].fault >= NR_VERIFY_CALL_SHAPE ? NR_VERDICT_UNKNOWN
                                                                         : NR_VERDICT_BAD;
        int ok = nr_test_equal(nr_verify_body(exact, body.size, context, &got), NR_IL_OK, "answer", file, line);
        ok &= nr_test_equal(got.verdict, want, rows[i].code, file, line);
        ok &= nr_test_str(nr_str_of(nr_verify_fault_name(got.fault)), nr_verify_fault_name(rows[i].fault), rows[i].code, file, line);
        if (want != NR_VERDICT_OK) {
            ok &= nr_test_equal(got.offset, rows[i].offset, "offset", file, line);
            ok &= nr_test_equal(got.other, rows[i].other, "other", file, line);
        }
        if (!ok) printf("  row %u: %s\n", (unsigned)i, rows[i].code);
        free(exact);
        nr_buf_free(&body);
    }
}

#define VERIFY(rows, context) verify_rows(__FILE__, __LINE__, rows, NR_COUNT(rows), context)

#endif
