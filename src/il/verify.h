/* verify.h - is a method body valid IL, as far as its bytes tell?
 *
 * The last gate before a body is handed to the CLR, which trusts a profiler's IL blindly, and what lets templates be
 * checked when they load and scenarios assert validity. It is no proof of type safety: of a value on the stack
 * only its class (III.1.1) is known, so two unlike objects look the same, and a by-ref-like value is only seen
 * where an instruction names its type.
 *
 *   BAD       the body breaks a rule of ECMA-335, or one that the JIT enforces beyond it (said at the fault)
 *   UNKNOWN   nothing wrong was found, but a part of the stack could not be followed
 *   OK        nothing wrong was found anywhere
 *
 * Never BAD on a guess: what is not known goes with everything. Where JITs are known to accept more than III.1.5
 * has, so does this (native int with managed pointer, int32 or int64).
 *
 * Unreachable code has to decode and to keep to the rules of regions and operands, as the JIT demands, but has no
 * stack. Time and memory are linear in the size of the body; nothing recurses. */
#ifndef NR_IL_VERIFY_H
#define NR_IL_VERIFY_H

#include "il/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Name and text. The offset of the report is that of the instruction, or of the try block of a clause; the second
 * one, where there is one, is said in brackets. */
#define NR_VERIFY_FAULTS(X) \
    X(NONE, "nothing is wrong") \
    /* II.25.4 */ \
    X(BODY, "the method header or an extra section is damaged") /* nr_verify_report.body says how */ \
    X(EMPTY_CODE, "the method has no code") \
    X(LOCALS_TOKEN, "the locals of the header are no StandAloneSig token") \
    /* single instructions */ \
    X(OPCODE, "not an instruction of ECMA-335") \
    X(OVERRUN, "an instruction reaches beyond the end of the code") \
    X(TOKEN, "the token is of a table that does not go with the instruction") \
    X(LOCAL_INDEX, "there is no such local variable") \
    X(ARGUMENT_INDEX, "there is no such argument") \
    X(PREFIX, "a prefix is in front of an instruction that it does not go with") \
    X(PREFIX_TARGET, "a branch leads between a prefix and its instruction") /* [target] */ \
    X(TAIL_CALL, "a tail call is not followed by ret") \
    X(BRANCH_TARGET, "a branch leads to something that is not an instruction") \
    X(FALL_OFF_END, "control falls off the end of the code") /* the JIT: reachable or not */ \
    /* exception clauses: [handler] */ \
    X(CLAUSE_FLAGS, "an exception clause is neither catch, filter, finally nor fault") \
    X(CLAUSE_RANGE, "a try block or handler is empty or reaches beyond the end of the code") \
    X(CLAUSE_BOUNDARY, "a try block or handler does not start and end at instructions") \
    X(CLAUSE_TOKEN, "the class of a catch clause is no type token") \
    X(CLAUSE_FILTER, "a filter does not end where its handler starts") \
    X(CLAUSE_OVERLAP, "try blocks and handlers overlap without one being inside the other") \
    X(CLAUSE_APART, "a try block and its handler are not side by side") \
    X(CLAUSE_ORDER, "the clause of an inner try block comes after that of an outer one") \
    /* control flow between regions, III.1.7.5 and I.12.4.2.8: [target] */ \
    X(BRANCH_OUT_OF_TRY, "a branch leads out of a try block") \
    X(BRANCH_OUT_OF_HANDLER, "a branch leads out of a handler or filter") \
    X(BRANCH_INTO_TRY, "a branch leads into the middle of a try block") \
    X(BRANCH_INTO_HANDLER, "a branch leads into a handler or filter") \
    X(FALL_OUT_OF_TRY, "control falls out of a try block") \
    X(FALL_OUT_OF_HANDLER, "control falls out of a handler or filter") \
    X(FALL_INTO_HANDLER, "control falls into a handler or filter") \
    X(LEAVE_HANDLER, "leave cannot end a filter, finally or fault block") \
    X(RET_IN_TRY, "ret inside a try block") \
    X(RET_IN_HANDLER, "ret inside a handler or filter") \
    X(JMP_IN_REGION, "jmp inside a try block, handler or filter") \
    X(RETHROW_OUTSIDE, "rethrow outside a catch handler") \
    X(ENDFINALLY_OUTSIDE, "endfinally outside a finally or fault block") \
    X(ENDFILTER_OUTSIDE, "endfilter outside a filter") \
    X(LOCALLOC_IN_HANDLER, "localloc inside a handler or filter") \
    /* the stack */ \
    X(STACK_UNDERFLOW, "an instruction takes more than there is on the stack") \
    X(STACK_OVERFLOW, "the stack grows beyond the maximum of the header") \
    X(STACK_CLASS, "an instruction cannot work on a value of this class") \
    X(JOIN_DEPTH, "two paths meet with stacks of different depths") /* [join] */ \
    X(JOIN_CLASS, "two paths meet with values of different classes on the stack") /* [join] */ \
    X(TRY_STACK, "the stack is not empty where a try block is entered") \
    X(RET_STACK, "the stack does not hold exactly the result at ret") \
    X(END_STACK, "the stack is not empty, but for the operand, at jmp, endfilter or localloc") \
    X(POINTER_AS_OBJECT, "a managed pointer is boxed, kept in a static field, or stands where an object has to be") \
    X(BY_REF_LIKE, "a value of a by-ref-like type is boxed or put into an array") \
    /* reasons to be UNKNOWN: from here on */ \
    X(CALL_SHAPE, "a signature is not known") \
    X(TYPE_UNRESOLVED, "it could not be found out whether a type is by-ref-like") \
    X(TOO_COMPLEX, "the body is too large or too intricate") \
    X(NO_MEMORY, "out of memory")

typedef enum nr_verify_fault {
#define X(name, text) NR_VERIFY_##name,
    NR_VERIFY_FAULTS(X)
#undef X
        NR_VERIFY_FAULT_COUNT
} nr_verify_fault;

typedef enum nr_verify_verdict { NR_VERDICT_OK, NR_VERDICT_BAD, NR_VERDICT_UNKNOWN } nr_verify_verdict;

/* What a value on the stack is: III.1.1 and I.12.3.2. */
typedef enum nr_stack_class {
    NR_STACK_UNKNOWN, /* also every value type and type parameter whose definition one would have to see (enums are integers) */
    NR_STACK_INT32,
    NR_STACK_INT64,
    NR_STACK_NATIVE_INT, /* unmanaged and function pointers, too */
    NR_STACK_FLOAT,
    NR_STACK_OBJECT,
    NR_STACK_POINTER, /* managed pointer, & */
    NR_STACK_VALUE,   /* a value type that is certainly no enum */
    NR_STACK_CLASS_COUNT
} nr_stack_class;

typedef struct nr_call_shape {
    bool has_this;       /* there is one besides the parameters: HASTHIS without EXPLICITTHIS */
    bool has_result;
    uint8_t result;      /* nr_stack_class */
    uint32_t parameters; /* those of the call site */
    const uint8_t *classes; /* nr_stack_class per parameter, valid until the next question; NULL: unknown */
} nr_call_shape;

/* What a TypeDef, TypeRef or TypeSpec token stands for. */
typedef enum nr_type_kind {
    NR_KIND_UNRESOLVED,
    NR_KIND_REFERENCE,
    NR_KIND_VALUE,
    NR_KIND_BY_REF_LIKE /* II.14.1: Span<T>, TypedReference and the like, which can be on the stack only */
} nr_type_kind;

typedef enum nr_verify_result { NR_RESULT_UNKNOWN, NR_RESULT_VOID, NR_RESULT_VALUE } nr_verify_result;

/* What is known about the method. All zero: nothing. */
typedef struct nr_verify_context {
    /* The signature behind a method token, or a StandAloneSig of a calli; false: unknown. NULL: all are. */
    bool (*call_shape)(void *self, uint32_t token, nr_call_shape *out);
    void *self;
    bool arguments_known, locals_known;
    uint32_t argument_count; /* `this` included */
    uint32_t local_count;    /* a header without locals has none, whatever this says */
    const uint8_t *argument_classes, *local_classes; /* nr_stack_class of each; NULL: unknown */
    nr_verify_result result;
    uint8_t result_class; /* nr_stack_class */
    bool loose_tokens;    /* tokens are not filled in yet: their tables are not looked at */
    /* NULL: no type is asked about. Code in [own_start, own_end) is the method's own: the CLR compiles it anyway, so
     * a type there that cannot be resolved is no reason to doubt. */
    nr_type_kind (*type_kind)(void *self, uint32_t token);
    uint32_t own_start, own_end;
} nr_verify_context;

#define NR_VERIFY_NO_OFFSET UINT32_MAX

typedef struct nr_verify_report {
    nr_verify_verdict verdict;
    nr_verify_fault fault; /* UNKNOWN: the first reason to be so */
    nr_il_error body;      /* with NR_VERIFY_BODY */
    uint32_t offset, other; /* in the code, or NR_VERIFY_NO_OFFSET */
} nr_verify_report;

/* `context` may be NULL. The answer is OK whatever the verdict, or NO_MEMORY (the verdict is UNKNOWN then). Bytes behind
 * the body are not looked at. */
nr_il_error nr_verify_body(const uint8_t *body, size_t size, const nr_verify_context *context, nr_verify_report *report);

const char *nr_verify_verdict_name(nr_verify_verdict verdict); /* "ok", "bad", "unknown" */
const char *nr_verify_fault_name(nr_verify_fault fault);       /* "BRANCH_OUT_OF_TRY" */
const char *nr_verify_fault_text(nr_verify_fault fault);

#endif
