/* tokens.h - token requests in the reference's order (metadata-tokens.md sections 1 to 3). */
#ifndef NR_META_TOKENS_H
#define NR_META_TOKENS_H

#include "base/arena.h"
#include "base/buf.h"
#include "meta/error.h"
#include "meta/meta.h"
#include "meta/sig.h"
#include "meta/text.h"
#include "meta/token_cache.h"

/* How "[mscorlib]System.X" becomes a scope. */
typedef enum nr_tokenizer {
    NR_TOKENIZER_CORE,      /* 2.3 to 2.6 */
    NR_TOKENIZER_FRAMEWORK, /* 2.7 */
    NR_TOKENIZER_BASE       /* 2.9, module injection */
} nr_tokenizer;

/* Zero what you do not set. One job uses one nr_tokens, from one thread. */
typedef struct nr_tokens {
    nr_meta meta;
    nr_tokenizer tokenizer;
    nr_arena *scratch;     /* lives as long as this job */
    nr_token_cache *cache; /* of this module; NULL: every request goes to `meta` */
    int32_t hr;            /* the HRESULT behind NR_META_CALL_FAILED */
    nr_str detail;         /* what the log line of the last failure says behind the text of the error */
    bool unsettled;        /* internal: an answer since the start of this text may be another one next time */
} nr_tokens;

/* Every request answers NR_META_OK with the token, or an error, with `hr` and `detail` set, and the token
 * untouched. What has been defined before the failure stays (Q44). Only successes are remembered in
 * `cache`, and of these only what cannot change when the module gains rows: not the scope 1 that stands
 * for a missing assembly, and not a second or third choice of the Framework's. */

/* The log line of the last failure, in `scratch`; empty where the reference has none (a type that
 * is not defined in this module, no memory). The level is nr_meta_error_is_warning's. */
nr_str nr_tokens_line(const nr_tokens *t, nr_meta_error e);

/* The token of a whole text (4.4). NR_META_TEXT_TOKEN: a text without a token form, such as "object". */
nr_meta_error nr_tokens_of_text(nr_tokens *t, const nr_text *text, uint32_t *token);
/* Appends the signature bytes of a text (4.3), e.g. for a local variable; requests are made. For a
 * method these are the bytes of its signature: its target is not requested (module-injection.md 4.1).
 * After an error nothing has been appended. */
nr_meta_error nr_tokens_signature(nr_tokens *t, const nr_text *text, nr_buf *out);
/* T(asm, name). */
nr_meta_error nr_tokens_type_ref(nr_tokens *t, nr_str assembly, nr_str name, uint32_t *token);
/* A(asm): the resolution scope as section 2 finds or defines it. */
nr_meta_error nr_tokens_scope(nr_tokens *t, nr_str assembly, uint32_t *scope);
/* M(parent, name, signature) with its searches; a MemberRef or a MethodDef. */
nr_meta_error nr_tokens_member(nr_tokens *t, uint32_t parent, nr_str name, const uint8_t *sig, size_t size,
                               uint32_t *token);
nr_meta_error nr_tokens_type_spec(nr_tokens *t, const uint8_t *sig, size_t size, uint32_t *token);
/* The token that BOX takes for a parameter or result type (injected-code.md section 4). For a type
 * without one (void, pointer, function pointer) an error that says so. `by_ref` is not looked at.
 * The sentinel's token is 0, with NR_META_OK. */
nr_meta_error nr_tokens_box(nr_tokens *t, const nr_param *param, uint32_t *token);
/* The same for a result: by-ref is an error, NR_META_BY_REF_TOKEN, before anything is requested. */
nr_meta_error nr_tokens_box_result(nr_tokens *t, const nr_param *result, uint32_t *token);
nr_meta_error nr_tokens_user_string(nr_tokens *t, nr_str text, uint32_t *token);
nr_meta_error nr_tokens_local_sig(nr_tokens *t, const uint8_t *sig, size_t size, uint32_t *token);

#endif
