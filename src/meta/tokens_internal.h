/* tokens_internal.h - what tokens.c and tokens_text.c share. */
#ifndef NR_META_TOKENS_INTERNAL_H
#define NR_META_TOKENS_INTERNAL_H

#include "meta/tokens.h"

/* The first byte of a key says what was asked for. */
enum nr_request {
    NR_REQUEST_SCOPE = 'A',
    NR_REQUEST_TYPE_REF = 'T',
    NR_REQUEST_TYPE_DEF = 'D',
    NR_REQUEST_MEMBER = 'M',
    NR_REQUEST_TYPE_SPEC = 'P',
    NR_REQUEST_STRING = 'S',
    NR_REQUEST_LOCAL_SIG = 'L',
    NR_REQUEST_TEXT = 'X',
    NR_REQUEST_RAW_TEXT = 'R'
};

/* A key for the cache. Most fit on the stack. data == NULL: there is no cache (or no memory for
 * the key), everything is asked for. */
typedef struct nr_request_key {
    uint8_t small[192];
    uint8_t *data;
    size_t size;
} nr_request_key;

/* `number`: a scope, a parent or a tokenizer. */
void nr_request_begin(nr_request_key *key, nr_tokens *t, enum nr_request request, uint32_t number, nr_str name,
                      const uint8_t *sig, size_t size);
bool nr_request_known(const nr_request_key *key, nr_tokens *t, uint32_t *token);
void nr_request_done(const nr_request_key *key, nr_tokens *t, uint32_t token);

/* Records a failing HRESULT. `call` is the expression the reference's log shows; NULL: it logs none. */
nr_meta_error nr_tokens_call_failed(nr_tokens *t, int32_t hr, const char *call);
nr_meta_error nr_tokens_fail(nr_tokens *t, nr_meta_error e, nr_str detail);

#endif
