/* fuzz.h - what the fuzz targets share.
 *
 * One target is one file fuzz_NAME.c with a LLVMFuzzerTestOneInput. A broken property ends the program, as a sanitizer's
 * report does, so that libFuzzer keeps the input. */
#ifndef NR_TESTS_FUZZ_H
#define NR_TESTS_FUZZ_H

#include "base/arena.h"
#include "base/buf.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(cond) \
    do { \
        if (!(cond)) { \
            fprintf(stderr, "%s:%d: property broken: %s\n", __FILE__, __LINE__, #cond); \
            abort(); \
        } \
    } while (0)

/* Takes numbers from the front of the input; 0 when it is used up. */
typedef struct fuzz_input {
    const uint8_t *at, *end;
} fuzz_input;

static inline uint8_t fuzz_u8(fuzz_input *in)
{
    return in->at < in->end ? *in->at++ : 0;
}

static inline uint32_t fuzz_below(fuzz_input *in, uint32_t n)
{
    return fuzz_u8(in) % n;
}

/* The text up to the next NUL byte, which is left out; the rest when there is none. */
static inline nr_str fuzz_text(fuzz_input *in)
{
    const uint8_t *start = in->at;
    while (in->at < in->end && *in->at) in->at++;
    nr_str s = {(const char *)start, (size_t)(in->at - start)};
    if (in->at < in->end) in->at++;
    return s;
}

#endif
