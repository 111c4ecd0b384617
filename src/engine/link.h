/* link.h - a blob and a method become a method body. */
#ifndef NR_ENGINE_LINK_H
#define NR_ENGINE_LINK_H

#include "base/arena.h"
#include "base/buf.h"
#include "il/body.h"
#include "meta/sig.h"
#include "meta/tokens.h"
#include "script/blob.h"

#include <stdint.h>

typedef struct nr_link_job {
    const nr_blob *blob;
    nr_tokens *tokens;
    const nr_method_sig *sig;
    const uint8_t *body; /* the original method body */
    size_t body_size;
    /* Bytes of the local variable signature of a token; HRESULT. */
    int32_t (*sig_from_token)(void *self, uint32_t token, const uint8_t **sig, uint32_t *size);
    void *sig_self;
    /* May a value of this type not be boxed? NULL: it is boxed as the reference does, whatever it is. */
    bool (*is_by_ref_like)(void *self, uint32_t type);
    void *type_self;
    nr_str text[NR_TEXT_HOLE_COUNT];
    uint64_t number[NR_NUMBER_HOLE_COUNT];
    uint32_t type_def;
    uint32_t *step_offsets; /* NULL, or for each step of the blob where its code begins, filled in when it is reached first */
} nr_link_job;

typedef enum nr_link_stage { NR_LINK_DONE, NR_LINK_IL, NR_LINK_META } nr_link_stage;

/* Which part refused, and its error; il == NR_IL_NO_MEMORY also stands for this part's own memory. */
typedef struct nr_link_result {
    nr_link_stage stage;
    nr_il_error il;
    nr_meta_error meta;
    bool multiple_rets;  /* the multi-RET rewrite took place */
    bool last_not_ret;   /* the last byte of an API method is no RET */
    uint32_t own_start, own_size; /* where the method's own code stands in the new one */
    uint32_t local_count; /* with NR_IL_LOCALS_TOO_MANY: how many there are */
} nr_link_result;

/* Appends the finished body to `out`. Requests tokens in the order of the blob; what was requested before a
 * failure stays in the module (quirks.md Q44). */
nr_link_result nr_link(const nr_link_job *job, nr_buf *out);

#endif
