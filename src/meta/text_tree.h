/* text_tree.h - a parsed type or method text, shared by the parser and the token requests. */
#ifndef NR_META_TEXT_TREE_H
#define NR_META_TEXT_TREE_H

#include "meta/sig.h"
#include "meta/text.h"

typedef struct nr_text_type nr_text_type;

/* A list of types, in the order of the text. */
typedef struct nr_text_types {
    nr_text_type *first, *last;
    uint32_t count;
} nr_text_types;

struct nr_text_type {
    uint8_t element;         /* what its signature begins with: a simple element, CLASS, VALUETYPE, VAR or MVAR */
    uint32_t arrays;         /* number of "[]" behind it */
    uint32_t number;         /* VAR, MVAR */
    nr_str assembly;         /* CLASS, VALUETYPE; n == 0: a type of this module */
    nr_str name;             /* with "`n" when it is generic */
    nr_text_types arguments; /* count != 0: a generic instance */
    nr_text_type *next;      /* in a list */
};

typedef enum nr_text_kind { NR_TEXT_TYPE, NR_TEXT_METHOD, NR_TEXT_RAW, NR_TEXT_FIELD } nr_text_kind;

struct nr_text {
    nr_text_kind kind;
    nr_str source;
    nr_text_type *type; /* the type; a method's result, a field's type */
    /* methods and fields */
    bool instance;
    nr_text_type *target;
    nr_str method; /* or the field's name */
    /* methods only */
    nr_text_types arguments; /* of a generic method */
    nr_text_types params;
};

#endif
