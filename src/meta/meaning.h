/* meaning.h - signatures as the text of recordings: every token in them named, so that equal texts mean the same in
 * modules with other row numbers. */
#ifndef NR_META_MEANING_H
#define NR_META_MEANING_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NR_MEANING_DEPTH = 12 }; /* of tokens within tokens, as in the recordings; also the guard against cycles */

/* Writes what a TypeDef, TypeRef or TypeSpec means; deeper than NR_MEANING_DEPTH: "?" and the token. */
typedef void (*nr_meaning_names)(void *self, nr_buf *out, uint32_t token, int depth);

/* Any signature of ECMA-335 II.23.2; `type_spec`: the blob of a TypeSpec, which is a type alone. What cannot be read is
 * followed, or replaced, by "{raw <digits>}". */
void nr_meaning_of_signature(nr_buf *out, const uint8_t *p, size_t n, bool type_spec, int depth, nr_meaning_names names,
                             void *self);

#endif
