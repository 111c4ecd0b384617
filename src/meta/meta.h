/* meta.h - one module's metadata as a small table of functions.
 *
 * The adapters in src/clr put IMetaDataImport2, IMetaDataEmit2 and their assembly twins
 * behind it; tests and tools put their own tables behind it. Text is UTF-8, tokens are ECMA-335
 * II.22 tokens, results are HRESULTs (negative: failed). */
#ifndef NR_META_META_H
#define NR_META_META_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { /* table numbers in the high byte of a token */
    NR_TABLE_TYPE_REF = 0x01,
    NR_TABLE_TYPE_DEF = 0x02,
    NR_TABLE_METHOD_DEF = 0x06,
    NR_TABLE_MEMBER_REF = 0x0A,
    NR_TABLE_STAND_ALONE_SIG = 0x11,
    NR_TABLE_TYPE_SPEC = 0x1B,
    NR_TABLE_ASSEMBLY_REF = 0x23,
    NR_TABLE_METHOD_SPEC = 0x2B,
    NR_TABLE_USER_STRING = 0x70
};

/* A visitor of rows; returns false to stop. `signature` is NULL where a row has none. */
typedef bool (*nr_meta_row)(void *self, uint32_t token, nr_str name, const uint8_t *signature, size_t size);

typedef struct nr_meta_ops {
    int32_t (*find_type_def)(void *m, nr_str name, uint32_t *token);
    int32_t (*type_def_name)(void *m, nr_arena *arena, uint32_t token, nr_str *name);
    int32_t (*type_ref_name)(void *m, nr_arena *arena, uint32_t token, nr_str *name);
    /* Rows in ascending order. Enumeration ends silently where the CLR's does (1.2). */
    void (*each_assembly_ref)(void *m, nr_meta_row row, void *self);
    void (*each_member_ref)(void *m, uint32_t parent, nr_meta_row row, void *self);
    void (*each_method)(void *m, uint32_t type_def, nr_meta_row row, void *self);
    int32_t (*define_type_ref)(void *m, uint32_t scope, nr_str name, uint32_t *token);
    int32_t (*define_member_ref)(void *m, uint32_t parent, nr_str name, const uint8_t *sig, size_t size,
                                 uint32_t *token);
    /* Version 0.0.0.0, no key, no culture, no flags (metadata-tokens.md 2.4). */
    int32_t (*define_assembly_ref)(void *m, nr_str name, uint32_t *token);
    int32_t (*define_user_string)(void *m, nr_str text, uint32_t *token);
    int32_t (*define_method_spec)(void *m, uint32_t method, const uint8_t *sig, size_t size, uint32_t *token);
    int32_t (*token_from_type_spec)(void *m, const uint8_t *sig, size_t size, uint32_t *token);
    int32_t (*token_from_sig)(void *m, const uint8_t *sig, size_t size, uint32_t *token);
} nr_meta_ops;

typedef struct nr_meta {
    const nr_meta_ops *ops;
    void *self;
} nr_meta;

#endif
