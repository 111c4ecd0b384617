/* facts.h - what a rule's functions may ask about a method: `where = function(m) … m.is_async … end`.
 *
 * Nothing is found out before it is asked for. docs/rules.md has the same table; a test compares them. */
#ifndef NR_SCRIPT_FACTS_H
#define NR_SCRIPT_FACTS_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Identifier, name in Lua, kind. */
#define NR_FACTS(X) \
    X(ASSEMBLY, "assembly", TEXT) \
    X(VERSION, "version", TEXT) \
    X(CLASS, "class", TEXT) \
    X(NAMESPACE, "namespace", TEXT) \
    X(METHOD, "method", TEXT) \
    X(PARAMETERS, "parameters", TEXT) \
    X(RETURN_TYPE, "return_type", TEXT) \
    X(ARGUMENT_COUNT, "argument_count", NUMBER) \
    X(GENERIC_COUNT, "generic_count", NUMBER) \
    X(IL_SIZE, "il_size", NUMBER) \
    X(IS_STATIC, "is_static", FLAG) \
    X(RETURNS, "returns", FLAG) \
    X(IS_ASYNC, "is_async", FLAG) \
    X(IS_ITERATOR, "is_iterator", FLAG) \
    X(IS_CONSTRUCTOR, "is_constructor", FLAG) \
    X(IS_PUBLIC, "is_public", FLAG) \
    X(IS_PRIVATE, "is_private", FLAG) \
    X(IS_VIRTUAL, "is_virtual", FLAG) \
    X(IS_FINAL, "is_final", FLAG) \
    X(ATTRIBUTES, "attributes", LIST) \
    X(CLASS_ATTRIBUTES, "class_attributes", LIST) \
    X(CLASS_IS_PUBLIC, "class_is_public", FLAG) \
    X(CLASS_IS_SEALED, "class_is_sealed", FLAG) \
    X(BASE, "base", TEXT) \
    X(BASES, "bases", LIST) \
    X(INTERFACES, "interfaces", LIST)

typedef enum nr_fact {
#define X(id, name, kind) NR_FACT_##id,
    NR_FACTS(X)
#undef X
        NR_FACT_COUNT
} nr_fact;

typedef enum nr_fact_kind { NR_FACT_TEXT, NR_FACT_NUMBER, NR_FACT_FLAG, NR_FACT_LIST } nr_fact_kind;

typedef struct nr_fact_value { /* the member of the fact's kind; texts live as long as the facts */
    nr_str text;
    int64_t number;
    bool flag;
    const nr_str *list;
    size_t count;
} nr_fact_value;

typedef struct nr_method_facts {
    /* False: it cannot be told (Lua sees nil). */
    bool (*get)(void *self, nr_fact fact, nr_fact_value *value);
    void *self;
} nr_method_facts;

const char *nr_fact_name(nr_fact fact);
nr_fact_kind nr_fact_kind_of(nr_fact fact);

#endif
