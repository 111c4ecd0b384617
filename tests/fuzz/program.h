/* program.h - random but valid method bodies, from the bytes of an input.
 *
 * Statements at stack depth 0, branches between statements of one block, switches, try blocks with catch and finally handlers,
 * nested; RETs outside of try blocks only. A method has no locals of its own, and takes and returns what `fuzz_program` is told. */
#ifndef NR_TESTS_FUZZ_PROGRAM_H
#define NR_TESTS_FUZZ_PROGRAM_H

#include "fuzz.h"

typedef struct fuzz_shape {
    unsigned arguments; /* `this` included; all of them objects or int32 */
    bool returns;       /* an int32 */
} fuzz_shape;

/* Appends a complete body, fat or tiny, of at most `most` bytes of code (about). `catch_type`: a token of a type. */
void fuzz_program(fuzz_input *in, fuzz_shape shape, uint32_t catch_type, size_t most, nr_buf *body);

#endif
