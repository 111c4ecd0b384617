/* blob.h - what a template run leaves: native code with holes.
 *
 * A blob is a flat list of steps in the order in which the template made them. Order matters
 * twice: it is the order of the bytes, and the order of the token requests, on which token numbers depend.
 * The linker (engine/link.c) walks the list once per method. Lua is not involved any more.
 *
 * What differs between methods of one shape is a hole that the linker fills; what is laid out differently
 * (a result or none, static or instance, cached lookup or not) is part of the shape, and the template runs
 * once for each. Index-dependent encodings (ldloc, stloc, ldarg) are left to the linker, too: with the width
 * of every local in the shape there would be eight times as many shapes for the same bytes. */
#ifndef NR_SCRIPT_BLOB_H
#define NR_SCRIPT_BLOB_H

#include "base/str.h"
#include "meta/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Facts that a template may branch on; a bit each. */
enum {
    NR_SHAPE_STATIC = 1,  /* m.is_static */
    NR_SHAPE_RETURNS = 2, /* m.returns: not void */
    NR_SHAPE_CACHED = 4,  /* m.cached: look methods up through the helper of mscorlib */
    NR_SHAPE_COUNT = 8
};

/* Text holes: X(enum, name in templates). */
#define NR_TEXT_HOLES(X) \
    X(FACTORY, "factory") \
    X(METRIC, "metric") \
    X(ASSEMBLY, "assembly") \
    X(TYPE, "type") \
    X(METHOD, "method") \
    X(PARAMETERS, "parameters") \
    X(CORE_PATH, "core_path") \
    X(FUNCTION_ULONG, "function_ulong") /* decimal, as the reference's unsigned long */

/* Number holes. */
#define NR_NUMBER_HOLES(X) \
    X(FLAGS, "flags") \
    X(FUNCTION_ID, "function_id") \
    X(ARGUMENT_COUNT, "argument_count") \
    X(SHARED_WORD, "shared_word") /* address of a word of memory, at first 0: one for each `entry` */ \
    X(ARGUMENT_INDEX, "argument_index") /* inside each_argument */

/* Token holes. */
#define NR_TOKEN_HOLES(X) \
    X(TYPE_DEF, "type_def") \
    X(ARGUMENT_TYPE, "argument_type") /* inside with_argument_type */

typedef enum nr_text_hole {
    NR_TEXT_LITERAL,
#define X(name, text) NR_TEXT_##name,
    NR_TEXT_HOLES(X)
#undef X
        NR_TEXT_HOLE_COUNT
} nr_text_hole;

typedef enum nr_number_hole {
    NR_NUMBER_LITERAL,
#define X(name, text) NR_NUMBER_##name,
    NR_NUMBER_HOLES(X)
#undef X
        NR_NUMBER_HOLE_COUNT
} nr_number_hole;

typedef enum nr_token_hole {
    NR_TOKEN_TEXT, /* a type or method text */
#define X(name, text) NR_TOKEN_##name,
    NR_TOKEN_HOLES(X)
#undef X
        NR_TOKEN_HOLE_COUNT
} nr_token_hole;

typedef enum nr_step_kind {
    NR_STEP_PLAIN,          /* an instruction without operand, or with a literal one */
    NR_STEP_NUMBER,         /* operand from a number hole */
    NR_STEP_STRING,         /* ldstr: pieces */
    NR_STEP_TOKEN,          /* operand: token */
    NR_STEP_SIGNATURE,      /* calli: the signature of the method text */
    NR_STEP_LOCAL,          /* ldloc or stloc of a named local */
    NR_STEP_BRANCH,         /* long form, to a label */
    NR_STEP_LABEL,
    NR_STEP_TRY,            /* a try region begins */
    NR_STEP_CATCH,          /* it ends; token of the caught type is requested; the handler begins */
    NR_STEP_END_CATCH,      /* the handler ends; the clause takes its place in the list */
    NR_STEP_ORIGINAL,       /* the method's own code */
    NR_STEP_EACH_ARGUMENT,  /* repeat up to the matching NR_STEP_END_EACH */
    NR_STEP_END_EACH,
    NR_STEP_LDARG_BOXED,    /* the argument as object, or null where it cannot be boxed */
    NR_STEP_ARGUMENT_TYPE,  /* request its type token; go to NR_STEP_END_TYPE when there is none (sentinel) */
    NR_STEP_END_TYPE,
    NR_STEP_LDLOC_BOXED     /* the result local as object */
} nr_step_kind;

typedef struct nr_text_piece {
    nr_text_hole hole;
    nr_str literal;
} nr_text_piece;

typedef struct nr_step {
    uint8_t kind;       /* nr_step_kind */
    uint8_t code_size;  /* NR_STEP_PLAIN: bytes of `code`; otherwise bytes of the opcode in it */
    uint8_t hole;       /* nr_number_hole or nr_token_hole */
    bool trim;          /* NR_STEP_STRING: leading spaces are dropped */
    uint8_t code[10];   /* opcode, and a literal operand */
    uint8_t width;      /* NR_STEP_NUMBER: bytes of the operand */
    bool store;         /* NR_STEP_LOCAL: stloc */
    uint16_t local;     /* NR_STEP_LOCAL, NR_STEP_LDLOC_BOXED: index into the blob's locals */
    uint32_t target;    /* label number; for NR_STEP_EACH_ARGUMENT and NR_STEP_ARGUMENT_TYPE: index of the matching end */
    uint32_t line;      /* of the template file, or of … */
    const char *library; /* … this library ("nrprof.shim"), when it is not NULL */
    const nr_text *text;
    const nr_text_piece *pieces;
    size_t piece_count;
} nr_step;

typedef struct nr_blob_local {
    nr_str name;
    const nr_text *type; /* NULL: the method's result */
} nr_blob_local;

/* The function that a template calls by its address (engine/entry.h). All texts as in rules; `returns` is a type of that kind. */
typedef struct nr_template_entry {
    nr_str assembly, class_name, method, parameters, returns;
    nr_str instead; /* the template that writes while the function is not there */
    nr_str file;    /* where it is written */
    uint32_t line;
} nr_template_entry;

typedef enum nr_prepare {
    NR_PREPARE_NONE,      /* the original code is replaced */
    NR_PREPARE_ALL_RETS,  /* every RET leaves to the end (il-method-body.md section 4) */
    NR_PREPARE_LAST_RET   /* only a RET as the last byte becomes a NOP (injected-code.md 5.2) */
} nr_prepare;

typedef struct nr_blob {
    nr_str template_name, file;
    nr_prepare prepare;
    bool tiny;                    /* tiny header, no locals signature */
    uint16_t stack_at_least;      /* max stack: max(original, this, arguments + stack_arguments) */
    uint16_t stack_over_arguments;
    bool stack_exact;             /* stack_at_least, whatever the original had */
    const nr_blob_local *locals;
    size_t local_count;
    const nr_step *steps;
    size_t step_count;
    uint32_t label_count;
} nr_blob;

#endif
