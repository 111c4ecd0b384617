/* tokens.h - token requests in the reference's order (metadata-tokens.md sections 1 to 3). */
#ifndef NR_META_TOKENS_H
#define NR_META_TOKENS_H

#include "base/arena.h"
#include "base/buf.h"
#include "meta/error.h"
#include "meta/meta.h"
#include "meta/sig.h"
#include "meta/text.h"

/* How "[mscorlib]System.X" becomes a scope. */
typedef enum nr_tokenizer {
    NR_TOKENIZER_CORE,      /* 2.3 to 2.6 */
    NR_TOKENIZER_FRAMEWORK, /* 2.7 */
    NR_TOKENIZER_BASE       /* 2.9, module injection */
} nr_tokenizer;

typedef struct nr_tokens {
    nr_meta meta;
    nr_tokenizer tokenizer;
    nr_arena *scratch;   /* lives as long as this job */
    int32_t hr;          /* the HRESULT behind NR_META_CALL_FAILED */
    nr_str detail;       /* what the log says about the last failure, e.g. an assembly name */
} nr_tokens;

/* The token of a whole text (4.4). */
nr_meta_error nr_tokens_of_text(nr_tokens *t, const nr_text *text, uint32_t *token);
/* Signature bytes of a type text, e.g. for a local variable (4.3); requests are made. */
nr_meta_error nr_tokens_signature(nr_tokens *t, const nr_text *text, nr_buf *out);
/* T(asm, name). */
nr_meta_error nr_tokens_type_ref(nr_tokens *t, nr_str assembly, nr_str name, uint32_t *token);
/* The token that BOX takes for a parameter or result type (injected-code.md section 4). For a type
 * without one (pointer, function pointer) an error that says so. `by_ref` is not looked at. */
nr_meta_error nr_tokens_box(nr_tokens *t, const nr_param *param, uint32_t *token);
nr_meta_error nr_tokens_user_string(nr_tokens *t, nr_str text, uint32_t *token);
nr_meta_error nr_tokens_local_sig(nr_tokens *t, const uint8_t *sig, size_t size, uint32_t *token);

#endif
