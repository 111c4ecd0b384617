/* listing.h - a method body as lines that can be compared: the disassembly, cut up. */
#ifndef NR_CLI_LISTING_H
#define NR_CLI_LISTING_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "il/disasm.h"
#include "script/blob.h"

#include <stdbool.h>

typedef struct nr_line {
    nr_str text; /* as the disassembler writes it */
    nr_str key;  /* without offsets: what is equal before and after, wherever it stands */
    nr_str mnemonic; /* n == 0: no instruction (header, exception region, error) */
    nr_str operand;
    const nr_step *step; /* the step of a template that made it; NULL: it is the method's own, or nobody knows */
} nr_line;

typedef struct nr_listing {
    nr_line *lines;
    size_t count;
} nr_listing;

/* False: no memory. A damaged body has a listing, too. */
bool nr_listing_make(nr_arena *arena, const uint8_t *il, size_t size, nr_disasm_name *name, void *context, nr_listing *out);

/* Appends the recordings' text of a token, cut down for people: "[System.Runtime,6.0.0.0,b03f5f7f11d50a3a]" to "[System.Runtime]",
 * "cc20" (the calling convention of a method) to "instance" or nothing. Strings stay as they are. */
void nr_listing_short_name(nr_buf *out, nr_str text);

/* Does the listing look like what `blob` makes? Then every line that a step made has that step. */
bool nr_listing_align(nr_arena *arena, nr_listing *listing, const nr_blob *blob);

#endif
