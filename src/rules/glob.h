/* glob.h - names with wildcards: "Execute*", "Contoso.*.Data", "*Controller".
 *
 * A `*` stands for any number of characters. Two kinds of names are meant only by a pattern that says so: one with a
 * "<" in it (what compilers make up) by a pattern with a "<", and one that begins with "." (constructors) by a
 * pattern that begins with ".".
 *
 * An index answers "which of these patterns does the name match?" without trying them all: a pattern is found by its
 * longest literal head, else tail, else by the first bytes of a piece inside. */
#ifndef NR_RULES_GLOB_H
#define NR_RULES_GLOB_H

#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool nr_glob_has_wildcard(nr_str pattern);
/* The whole text, byte by byte. */
bool nr_glob_matches(nr_str pattern, nr_str text);
/* The same without case, as nr_str_eq_ci compares ASCII, and for any name. */
bool nr_glob_matches_ci(nr_str pattern, nr_str text);
/* Parameter lists: `*` at the start of a type, of a type argument or behind a "." is a wildcard (elsewhere it is a
 * pointer), and a last "..." stands for any further parameters, or none. `pattern` is without white space. */
bool nr_glob_matches_parameters(nr_str pattern, nr_str parameters);
/* Is there anything in a parameter list that only the function above understands? */
bool nr_glob_parameters_have_wildcard(nr_str pattern);

typedef struct nr_glob_item {
    nr_str text;
    uint32_t next; /* with the same anchor; number + 1 */
} nr_glob_item;

enum { NR_GLOB_ANCHOR = 255 }; /* longest literal that is looked up */

typedef struct nr_globs {
    nr_arena *arena;
    nr_map numbers; /* pattern -> number + 1 */
    nr_map heads, tails, pieces;
    uint32_t always; /* "*": number + 1 of the first */
    uint8_t head_lengths[NR_GLOB_ANCHOR + 1], tail_lengths[NR_GLOB_ANCHOR + 1], piece_lengths[5];
    nr_glob_item *items;
    uint32_t count, room;
} nr_globs;

void nr_globs_init(nr_globs *g, nr_arena *arena);
/* The number of a pattern, from 0; equal patterns have one. `pattern` must live as long as the index. False: no memory. */
bool nr_globs_add(nr_globs *g, nr_str pattern, uint32_t *number);
/* Calls `visit` for each pattern that matches, once, in no order. */
void nr_globs_each(const nr_globs *g, nr_str text, void (*visit)(void *self, uint32_t number), void *self);

#endif
