/* verify_internal.h - what the parts of the verifier share; inside this room only.
 *
 *     verify.c           header, instructions one by one, and the flow between regions
 *     verify_regions.c   clauses become a tree of regions
 *     verify_stack.c     reachable code, depth and classes of the stack
 *     verify_effects.c   what an instruction takes and leaves, as classes
 *
 * Their functions answer true to go on; false after nr_verify_stop has filled in the report. */
#ifndef NR_IL_VERIFY_INTERNAL_H
#define NR_IL_VERIFY_INTERNAL_H

#include "base/arena.h"
#include "il/insn.h"
#include "il/parts.h"
#include "il/verify.h"

enum { /* per byte of code */
    NR_MARK_START = 1,     /* an instruction starts here */
    NR_MARK_TARGET = 2,    /* branch target, or entry of a handler or filter: paths may meet here */
    NR_MARK_TRY = 4,       /* a try block starts here */
    NR_MARK_QUEUED = 8,    /* waits to be followed */
    NR_MARK_PREFIXED = 16  /* a prefix is in front of the instruction */
};

typedef enum nr_region_kind {
    NR_REGION_METHOD, /* everything: region 0 */
    NR_REGION_TRY,
    NR_REGION_CATCH, /* of a typed or filtered clause */
    NR_REGION_FILTER,
    NR_REGION_FINALLY,
    NR_REGION_FAULT
} nr_region_kind;

#define NR_NO_CLAUSE UINT32_MAX

/* Regions are in the order in which they start, outer before inner, so the descendants of a region are
 * those behind it that start before it ends. Try blocks of the same extent are one region. */
typedef struct nr_region {
    uint32_t start, end;
    uint32_t parent;
    uint32_t outer;   /* a try block: first region outwards that does not start with it; may be entered from there */
    uint32_t blocker; /* this or the nearest region outwards that leave cannot end; 0: none */
    uint32_t first_clause, last_clause; /* a try block: lowest and highest number */
    uint32_t clauses;                   /* a try block: list through nr_verify_clause.next */
    uint8_t kind;
    bool catching; /* this or a region outwards is a catch handler */
    bool handling; /* ... any handler or filter */
} nr_region;

typedef struct nr_verify_clause {
    nr_eh_clause c;
    uint32_t block, handler; /* regions */
    uint32_t next;           /* of the same try block */
} nr_verify_clause;

typedef struct nr_verifier {
    nr_arena arena;
    nr_verify_context context;
    nr_verify_report *report;
    nr_body_parts body;
    const uint8_t *code;
    uint32_t size; /* of the code */
    uint32_t instructions, targets;
    uint8_t *marks;      /* size bytes */
    uint32_t *region_of; /* innermost region per byte */
    nr_verify_clause *clauses;
    nr_region *regions;
    uint32_t clause_count, region_count;
    size_t budget; /* steps that are not bounded by the size of the body otherwise */
    bool out_of_memory;
} nr_verifier;

/* Fills in the report, BAD or UNKNOWN by the fault, and is false. */
bool nr_verify_stop(nr_verifier *v, nr_verify_fault fault, uint32_t offset, uint32_t other);
/* As nr_arena_zalloc; NULL after the report has been filled in. */
void *nr_verify_alloc(nr_verifier *v, size_t count, size_t size);

/* Number of the argument or local that an instruction names; false: it names none. */
bool nr_verify_variable(const nr_insn *i, bool *argument, uint32_t *number);
/* Control never goes on to the next instruction. */
static inline bool nr_verify_ends(nr_opcode op)
{
    uint8_t flow = nr_opcodes[op].flow;
    return flow == NR_FLOW_RETURN || flow == NR_FLOW_BRANCH || flow == NR_FLOW_THROW || op == NR_OP_JMP;
}

bool nr_verify_regions(nr_verifier *v);
/* `inner` is `outer` or inside it. */
static inline bool nr_region_has(const nr_verifier *v, uint32_t outer, uint32_t inner)
{
    return outer <= inner && v->regions[inner].start < v->regions[outer].end;
}
/* Control goes from an instruction at `from` to `to` by falling through or a branch; by a leave. */
bool nr_verify_fall(nr_verifier *v, uint32_t from, uint32_t to);
bool nr_verify_branch(nr_verifier *v, uint32_t from, uint32_t to);
bool nr_verify_leave(nr_verifier *v, uint32_t from, uint32_t to);

bool nr_verify_stack(nr_verifier *v);

/* What an instruction with a fixed effect takes, bottom first, as sets of classes (bit per nr_stack_class), and the class it leaves
 * (only looked at when the table of opcodes says that it leaves something). */
typedef struct nr_verify_effect {
    uint8_t takes[3];
    uint8_t leaves;
} nr_verify_effect;

nr_verify_effect nr_verify_effect_of(nr_opcode op);
/* Instructions on two operands whose classes depend on each other (III.1.5). NOT_BINARY: it is none of them. */
typedef enum nr_binary {
    NR_NOT_BINARY,
    NR_BINARY_ADD,
    NR_BINARY_SUB,
    NR_BINARY_NUMBERS,
    NR_BINARY_INTEGERS,
    NR_BINARY_SHIFT,
    NR_BINARY_COMPARE
} nr_binary;
nr_binary nr_verify_binary(nr_opcode op);
/* False: not valid together. *result is not set for comparisons. */
bool nr_verify_combine(nr_binary kind, nr_stack_class a, nr_stack_class b, nr_stack_class *result);
/* A value of class `from` may be where one of class `to` is expected, as argument, in a variable or at a join. */
bool nr_verify_fits(nr_stack_class from, nr_stack_class to);

#endif
