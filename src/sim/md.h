/* md.h - the metadata of one module: the image and, on top of it, the rows that were defined later.
 *
 * Every row, of the image or defined, is read through nr_md_get; a heap offset with the top bit set
 * names a defined string or blob. What is handed out stays where it is until nr_md_close: callers of
 * the COM interfaces keep such pointers. */
#ifndef NR_SIM_MD_H
#define NR_SIM_MD_H

#include "base/arena.h"
#include "base/buf.h"
#include "sim/image.h"
#include "sim/index.h"

enum { /* HRESULTs of the metadata interfaces (corerror.h) */
    NR_MD_S_OK = 0,
    NR_MD_S_TRUNCATED = 0x00131106,
    NR_MD_S_DUPLICATE = 0x00131197,
    NR_MD_E_NOT_FOUND = (int32_t)0x80131130,     /* CLDB_E_RECORD_NOTFOUND */
    NR_MD_E_INDEX = (int32_t)0x80131124,         /* CLDB_E_INDEX_NOTFOUND */
    NR_MD_E_BAD_PARENT = (int32_t)0x80131193,    /* META_E_BAD_INPUT_PARAMETER */
    NR_MD_E_TOO_BIG = (int32_t)0x80131198,       /* META_E_STRINGSPACE_FULL */
    NR_MD_E_BAD_ARGUMENT = (int32_t)0x80070057,
    NR_MD_E_NO_MEMORY = (int32_t)0x8007000E
};

enum { NR_MD_CELLS = NR_TAB_MAX_COLUMNS + 1 }; /* columns, and the declaring type of a defined method */

typedef struct nr_md {
    nr_image image;
    nr_arena arena;
    nr_buf added[NR_TAB_COUNT]; /* uint32_t[NR_MD_CELLS] per defined row */
    nr_buf strings;             /* nr_str */
    nr_buf blobs;               /* nr_str, too: pointer and size */
    nr_buf users;               /* struct user, ascending by offset */
    nr_buf secured;             /* uint32_t: types and methods that were given a permission set */
    uint32_t user_end;          /* #US offset of the next user string */
    nr_index type_defs, type_refs, member_refs, members_of, type_specs, sigs, method_specs, user_index;
} nr_md;

bool nr_md_open(nr_md *md, nr_str path, nr_image_error *error);
/* Over bytes that outlive it. */
bool nr_md_parse(nr_md *md, const uint8_t *data, size_t size, nr_image_error *error);
void nr_md_close(nr_md *md);

/* ---- rows --------------------------------------------------------------------------- */

uint32_t nr_md_rows(const nr_md *md, unsigned table);
/* A token of `table` that names an existing row. */
bool nr_md_is(const nr_md *md, uint32_t token, unsigned table);
/* Any table, and user strings. */
bool nr_md_is_valid(const nr_md *md, uint32_t token);
uint32_t nr_md_get(const nr_md *md, unsigned table, uint32_t rid, unsigned column);
/* A coded index or row number as token; 0 when it cannot be decoded. */
uint32_t nr_md_token(const nr_md *md, unsigned table, uint32_t rid, unsigned column);
/* First row whose `column` is `value`, then the next; 0: no more. Uses the sort order where there is one. */
uint32_t nr_md_first(const nr_md *md, unsigned table, unsigned column, uint32_t value);
uint32_t nr_md_next(const nr_md *md, unsigned table, unsigned column, uint32_t value, uint32_t rid);

nr_str nr_md_string(const nr_md *md, uint32_t offset); /* p == NULL: not in the heap */
bool nr_md_blob(const nr_md *md, uint32_t offset, const uint8_t **p, uint32_t *size);
/* UTF-16LE bytes, unaligned, and the number of units. */
bool nr_md_user_string(const nr_md *md, uint32_t token, const uint8_t **bytes, uint32_t *units);
/* Shorthands: string and blob column of a row. */
nr_str nr_md_text(const nr_md *md, unsigned table, uint32_t rid, unsigned column);
bool nr_md_bytes(const nr_md *md, unsigned table, uint32_t rid, unsigned column, const uint8_t **p, uint32_t *size);

/* ---- types and methods ----------------------------------------------------------------- */

/* "Namespace.Name" of a TypeDef or TypeRef row; in `arena`; p == NULL: no memory or a damaged heap. */
nr_str nr_md_dotted(const nr_md *md, nr_arena *arena, unsigned table, uint32_t rid);
/* rid of the encloser of a nested TypeDef, 0: none. */
uint32_t nr_md_encloser(const nr_md *md, uint32_t type_rid);
/* "Outer+Inner", by the visibility bits as the profiler does it. */
nr_str nr_md_type_name(const nr_md *md, nr_arena *arena, uint32_t type_rid);
uint32_t nr_md_method_type(const nr_md *md, uint32_t method_rid); /* rid of the declaring type, 0: none */
uint32_t nr_md_field_type(const nr_md *md, uint32_t field_rid);
/* Methods of a type, in order: position 0, 1, …; 0: no more. */
uint32_t nr_md_method_at(const nr_md *md, uint32_t type_rid, uint32_t position);
uint32_t nr_md_field_at(const nr_md *md, uint32_t type_rid, uint32_t position);
/* The method or its type has generic parameters. */
bool nr_md_is_generic(const nr_md *md, uint32_t method_rid);
/* The IL body in the image, with its exact size. False: none, or damaged (*damaged says which). */
bool nr_md_body(const nr_md *md, uint32_t method_rid, const uint8_t **body, size_t *size, bool *damaged);
uint32_t nr_md_find_type_def(nr_md *md, nr_str name, uint32_t encloser); /* token, 0: none */

/* Splits at the last '.', as the runtime does ("A..B": namespace "A", name ".B"; ".A": no namespace). */
void nr_md_split(nr_str full, nr_str *ns, nr_str *name);

/* ---- definitions (metadata-tokens.md section 5) -------------------------------------------- */

int32_t nr_md_define_type_ref(nr_md *md, uint32_t scope, nr_str name, uint32_t *token);
int32_t nr_md_define_member_ref(nr_md *md, uint32_t parent, nr_str name, const uint8_t *sig, uint32_t size,
                                uint32_t *token);
int32_t nr_md_define_user_string(nr_md *md, const uint16_t *units, uint32_t count, uint32_t *token);
int32_t nr_md_define_sig(nr_md *md, const uint8_t *sig, uint32_t size, uint32_t *token);
int32_t nr_md_define_type_spec(nr_md *md, const uint8_t *sig, uint32_t size, uint32_t *token);
int32_t nr_md_define_method_spec(nr_md *md, uint32_t parent, const uint8_t *sig, uint32_t size, uint32_t *token);
int32_t nr_md_define_module_ref(nr_md *md, nr_str name, uint32_t *token);
int32_t nr_md_define_assembly_ref(nr_md *md, nr_str name, const uint16_t version[4], nr_str culture,
                                  const void *key, uint32_t key_size, const void *hash, uint32_t hash_size,
                                  uint32_t flags, uint32_t *token);
int32_t nr_md_define_method(nr_md *md, uint32_t type, nr_str name, uint32_t flags, const uint8_t *sig,
                            uint32_t size, uint32_t rva, uint32_t impl_flags, uint32_t *token);
int32_t nr_md_define_attribute(nr_md *md, uint32_t owner, uint32_t constructor, const void *value,
                               uint32_t size, uint32_t *token);
int32_t nr_md_define_permission_set(nr_md *md, uint32_t owner, uint32_t action, const void *set, uint32_t size,
                                    uint32_t *token);
/* First MemberRef of a parent, then the next, ascending; entry 0 starts, 0 ends. */
uint32_t nr_md_member_ref_of(nr_md *md, uint32_t parent, uint32_t *entry);

#endif
