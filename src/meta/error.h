/* error.h - why a signature, a type text or a token request failed. */
#ifndef NR_META_ERROR_H
#define NR_META_ERROR_H

#include <stdint.h>

/* Name and text. Texts that the reference logs (logging.md 5.3) are the reference's. The first
 * %s-free line of each is what goes into the log after the name of the method. */
#define NR_META_ERRORS(X) \
    X(OK, "") \
    X(NO_MEMORY, "out of memory") \
    X(CALL_FAILED, "a metadata call failed") \
    X(SIGNATURE, "the signature cannot be parsed")

typedef enum nr_meta_error {
#define X(name, text) NR_META_##name,
    NR_META_ERRORS(X)
#undef X
        NR_META_ERROR_COUNT
} nr_meta_error;

const char *nr_meta_error_name(nr_meta_error e);
const char *nr_meta_error_text(nr_meta_error e);

#endif
