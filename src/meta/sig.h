/* sig.h - method signatures (ECMA-335 II.23.2.1, II.23.2.12): parsing, text, encoding.
 *
 * As lenient and as strict as the reference: injected-code.md sections 4 and 6. Nesting is
 * limited to NR_SIG_MAX_DEPTH, so no input can exhaust the stack. */
#ifndef NR_META_SIG_H
#define NR_META_SIG_H

#include "base/arena.h"
#include "base/buf.h"
#include "meta/error.h"
#include "meta/meta.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    NR_SIG_MAX_DEPTH = 100, /* types inside types */
    NR_SIG_MAX_RANK = 1024  /* of an array that is printed; the CLR refuses more than 32 */
};

enum { /* first byte of a method signature */
    NR_SIG_GENERIC = 0x10,
    NR_SIG_HAS_THIS = 0x20,
    NR_SIG_EXPLICIT_THIS = 0x40
};

enum nr_element { /* ECMA-335 II.23.1.16 */
    NR_ELEMENT_VOID = 0x01,
    NR_ELEMENT_BOOLEAN = 0x02,
    NR_ELEMENT_CHAR = 0x03,
    NR_ELEMENT_I1 = 0x04,
    NR_ELEMENT_U1 = 0x05,
    NR_ELEMENT_I2 = 0x06,
    NR_ELEMENT_U2 = 0x07,
    NR_ELEMENT_I4 = 0x08,
    NR_ELEMENT_U4 = 0x09,
    NR_ELEMENT_I8 = 0x0A,
    NR_ELEMENT_U8 = 0x0B,
    NR_ELEMENT_R4 = 0x0C,
    NR_ELEMENT_R8 = 0x0D,
    NR_ELEMENT_STRING = 0x0E,
    NR_ELEMENT_PTR = 0x0F,
    NR_ELEMENT_BYREF = 0x10,
    NR_ELEMENT_VALUETYPE = 0x11,
    NR_ELEMENT_CLASS = 0x12,
    NR_ELEMENT_VAR = 0x13,
    NR_ELEMENT_ARRAY = 0x14,
    NR_ELEMENT_GENERICINST = 0x15,
    NR_ELEMENT_TYPEDBYREF = 0x16,
    NR_ELEMENT_I = 0x18,
    NR_ELEMENT_U = 0x19,
    NR_ELEMENT_FNPTR = 0x1B,
    NR_ELEMENT_OBJECT = 0x1C,
    NR_ELEMENT_SZARRAY = 0x1D,
    NR_ELEMENT_MVAR = 0x1E,
    NR_ELEMENT_CMOD_REQD = 0x1F,
    NR_ELEMENT_CMOD_OPT = 0x20,
    NR_ELEMENT_SENTINEL = 0x41
};

typedef struct nr_type nr_type;
typedef struct nr_method_sig nr_method_sig;

struct nr_type {
    uint8_t element;
    uint32_t token;               /* CLASS, VALUETYPE */
    uint32_t number;              /* VAR, MVAR: index; ARRAY: rank; GENERICINST: argument count */
    const nr_type *type;          /* PTR, SZARRAY, ARRAY: element (NULL: void, PTR only); GENERICINST: the generic type */
    const nr_type *const *arguments; /* GENERICINST */
    const nr_method_sig *method;  /* FNPTR */
    const uint32_t *sizes, *lower_bounds; /* ARRAY, raw compressed values */
    uint32_t size_count, lower_bound_count;
};

typedef enum nr_param_kind { NR_PARAM_TYPE, NR_PARAM_VOID, NR_PARAM_TYPEDBYREF, NR_PARAM_SENTINEL } nr_param_kind;

typedef struct nr_param {
    nr_param_kind kind;
    bool by_ref;
    const nr_type *type; /* NR_PARAM_TYPE */
} nr_param;

struct nr_method_sig {
    uint8_t convention; /* first byte, as it stands */
    uint32_t generic_count;
    uint32_t param_count; /* as counted by the signature; sentinels included */
    nr_param ret;
    const nr_param *params;
};

/* Parses a whole method signature. The result lives in `arena`; tokens are not looked up. Bytes
 * behind the last parameter are not looked at. Memory is proportional to `size`, whatever the counts
 * in the signature say. */
nr_meta_error nr_sig_parse_method(nr_arena *arena, const uint8_t *sig, size_t size, const nr_method_sig **out);

/* Appends the parameter list text of injected-code.md section 6: the text that rules are matched
 * with and that item 7 of the tracer call carries. A failing name lookup is an error (C12), and so is
 * a class that is a TypeSpec or something else (C2). After an error nothing has been appended. */
nr_meta_error nr_sig_print_params(nr_buf *out, nr_arena *scratch, const nr_meta *meta, const nr_method_sig *sig);
/* The text of one type, by the same rules. */
nr_meta_error nr_sig_print_type(nr_buf *out, nr_arena *scratch, const nr_meta *meta, const nr_type *type);

/* The log line (at ERROR) of a failed nr_sig_parse_method or nr_sig_print_params; empty when the
 * reference has none or nothing failed. They do the work again, so nothing has to be kept. */
nr_str nr_sig_parse_line(nr_arena *arena, const uint8_t *sig, size_t size);
nr_str nr_sig_print_line(nr_arena *arena, const nr_meta *meta, const nr_method_sig *sig);

/* "System.Int32" for I4, and so on; NULL for an element that carries more than itself. */
const char *nr_sig_simple_name(uint8_t element);

/* Appends the signature bytes of a type: modifiers dropped, 4.3 and 4.7. The one error besides
 * memory is NR_META_TOO_LARGE, with the number in *value (may be NULL). After an error nothing has
 * been appended. */
nr_meta_error nr_sig_encode_type_value(nr_buf *out, const nr_type *type, uint32_t *value);
nr_meta_error nr_sig_encode_type(nr_buf *out, const nr_type *type);
/* The bytes of a parameter or result as a local variable (il-method-body.md 3.4): by-ref kept.
 * Void, TypedReference and the sentinel are their one byte. */
nr_meta_error nr_sig_encode_param(nr_buf *out, const nr_param *param);

/* TypeDefOrRefOrSpec before compression (4.8). Rids beyond 24 bits run into the table number when
 * decoding, as in the reference. */
uint32_t nr_coded_type(uint32_t token);
uint32_t nr_token_of_coded_type(uint32_t coded);

#endif
