/* wide_rows.h - which methods of a module wide rules are about (rules/wide.h): found once per module and generation.
 *
 * Whatever a rule asks for is looked at here, `where` last, so that only methods which will be instrumented are asked
 * for by number. What metadata alone cannot answer yet, because a base class or interface is in an assembly that is not
 * loaded, stays open: the row is a candidate, and is settled when the method is compiled. By then its type is loaded, and so is
 * everything that the type is made of.
 *
 * Never matched: methods without IL, special names but constructors, native exports and types of sequential layout, which
 * could not be instrumented; and what `ignore` names. */
#ifndef NR_ENGINE_WIDE_ROWS_H
#define NR_ENGINE_WIDE_ROWS_H

#include "engine/generation.h"
#include "engine/runtime.h"

struct nr_modules;
struct nr_module;
struct nr_method;

typedef struct nr_wide_row {
    uint32_t row;
    bool open; /* not settled yet */
    const nr_wide *rule;
} nr_wide_row;

typedef struct nr_wide_rows { /* by row, then in the order of the rules; nothing behind the first settled one of a row */
    nr_wide_row *items;
    size_t count, room;
    bool failed;
} nr_wide_rows;

/* All of the module. False: no memory. */
bool nr_wide_rows_of(struct nr_modules *m, struct nr_module *module, const nr_generation *g, nr_scope *scope,
                     nr_wide_rows *rows);
void nr_wide_rows_free(nr_wide_rows *rows);
/* The first of this row; NULL: none. */
const nr_wide_row *nr_wide_rows_find(const nr_wide_rows *rows, uint32_t row);

/* The rule for one method whose names are known: out of `rows`, or, when they are NULL (the method came after them), by
 * names. NULL: none. */
const nr_wide *nr_wide_of_method(struct nr_method *method, const nr_wide_rows *rows);

/* For tools that explain a decision: what of a rule does not fit the method: "assembly", "class", "method", "parameters", "except",
 * "attribute", "class_attribute", "extends", "implements", "ignore", "version", "where", or "kind", for what is never matched. NULL:
 * nothing. */
const char *nr_wide_objection(struct nr_method *method, const nr_wide *rule);

#endif
