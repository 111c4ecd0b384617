/* text.h - the grammar of types and methods in templates (metadata-tokens.md section 4), and of ours fields and the other simple
 * types of the standard.
 *
 * A text is parsed once, when a template is evaluated, and compiled for each module: compiling makes
 * the token requests in the reference's order. */
#ifndef NR_META_TEXT_H
#define NR_META_TEXT_H

#include "base/arena.h"
#include "base/str.h"
#include "meta/error.h"

#include <stdbool.h>

typedef struct nr_text nr_text; /* a parsed type or method text */

/* `text` need not outlive the call: the result, in `arena`, keeps a copy.
 *
 * Parses "class [mscorlib]System.Type[]", "instance object [mscorlib]A.B::M(object)", … NULL: it is
 * no such text, *why is a short English reason in `arena` (or static). */
const nr_text *nr_text_parse(nr_arena *arena, nr_str text, const char **why);
/* "[mscorlib]System.UInt32", as newarr and box take it: plain substrings
 * up to the first "[" and "]", no grammar (injected-code.md 1.6). */
const nr_text *nr_text_parse_raw(nr_arena *arena, nr_str text, const char **why);
bool nr_text_is_method(const nr_text *t);
bool nr_text_is_field(const nr_text *t);
/* Does it stand for a row of a metadata table (4.4)? "object", "string", "!0" and the like do not. */
bool nr_text_has_token(const nr_text *t);
/* The text it was parsed from. */
nr_str nr_text_source(const nr_text *t);

#endif
