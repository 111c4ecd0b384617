/* image.h - a managed PE file, read (ECMA-335 II.22 to II.25).
 *
 * Nothing is trusted: every offset and size is checked against the file before it is used, and the
 * error names the file offset at which it was found. After nr_image_open has succeeded each table
 * lies inside the file, so a column can be read without another check; what a column *says* (heap
 * offsets, rids) is checked where it is followed. */
#ifndef NR_SIM_IMAGE_H
#define NR_SIM_IMAGE_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* II.22: tables by number; the columns of each are in image.c. */
enum {
    NR_TAB_MODULE = 0x00,
    NR_TAB_TYPE_REF = 0x01,
    NR_TAB_TYPE_DEF = 0x02,
    NR_TAB_FIELD_PTR = 0x03,
    NR_TAB_FIELD = 0x04,
    NR_TAB_METHOD_PTR = 0x05,
    NR_TAB_METHOD_DEF = 0x06,
    NR_TAB_PARAM_PTR = 0x07,
    NR_TAB_PARAM = 0x08,
    NR_TAB_INTERFACE_IMPL = 0x09,
    NR_TAB_MEMBER_REF = 0x0A,
    NR_TAB_CONSTANT = 0x0B,
    NR_TAB_CUSTOM_ATTRIBUTE = 0x0C,
    NR_TAB_DECL_SECURITY = 0x0E,
    NR_TAB_STAND_ALONE_SIG = 0x11,
    NR_TAB_EVENT = 0x14,
    NR_TAB_PROPERTY = 0x17,
    NR_TAB_MODULE_REF = 0x1A,
    NR_TAB_TYPE_SPEC = 0x1B,
    NR_TAB_ASSEMBLY = 0x20,
    NR_TAB_ASSEMBLY_REF = 0x23,
    NR_TAB_FILE = 0x26,
    NR_TAB_EXPORTED_TYPE = 0x27,
    NR_TAB_MANIFEST_RESOURCE = 0x28,
    NR_TAB_NESTED_CLASS = 0x29,
    NR_TAB_GENERIC_PARAM = 0x2A,
    NR_TAB_METHOD_SPEC = 0x2B,
    NR_TAB_GENERIC_PARAM_CONSTRAINT = 0x2C,
    NR_TAB_COUNT = 0x2D,
    NR_TAB_MAX_COLUMNS = 9
};

/* Columns by name, for the tables whose columns are used. */
enum {
    NR_COL_MODULE_NAME = 1,
    NR_COL_MODULE_MVID = 2,
    NR_COL_TYPE_REF_SCOPE = 0,
    NR_COL_TYPE_REF_NAME = 1,
    NR_COL_TYPE_REF_NAMESPACE = 2,
    NR_COL_TYPE_DEF_FLAGS = 0,
    NR_COL_TYPE_DEF_NAME = 1,
    NR_COL_TYPE_DEF_NAMESPACE = 2,
    NR_COL_TYPE_DEF_EXTENDS = 3,
    NR_COL_TYPE_DEF_FIELDS = 4,
    NR_COL_TYPE_DEF_METHODS = 5,
    NR_COL_FIELD_FLAGS = 0,
    NR_COL_FIELD_NAME = 1,
    NR_COL_FIELD_SIG = 2,
    NR_COL_METHOD_RVA = 0,
    NR_COL_METHOD_IMPL_FLAGS = 1,
    NR_COL_METHOD_FLAGS = 2,
    NR_COL_METHOD_NAME = 3,
    NR_COL_METHOD_SIG = 4,
    NR_COL_METHOD_PARAMS = 5,
    NR_COL_INTERFACE_CLASS = 0,
    NR_COL_INTERFACE_INTERFACE = 1,
    NR_COL_MEMBER_REF_PARENT = 0,
    NR_COL_MEMBER_REF_NAME = 1,
    NR_COL_MEMBER_REF_SIG = 2,
    NR_COL_ATTRIBUTE_PARENT = 0,
    NR_COL_ATTRIBUTE_TYPE = 1,
    NR_COL_ATTRIBUTE_VALUE = 2,
    NR_COL_SECURITY_ACTION = 0,
    NR_COL_SECURITY_PARENT = 1,
    NR_COL_SECURITY_SET = 2,
    NR_COL_ASSEMBLY_HASH = 0,
    NR_COL_ASSEMBLY_MAJOR = 1,
    NR_COL_ASSEMBLY_FLAGS = 5,
    NR_COL_ASSEMBLY_KEY = 6,
    NR_COL_ASSEMBLY_NAME = 7,
    NR_COL_ASSEMBLY_CULTURE = 8,
    NR_COL_ASSEMBLY_REF_MAJOR = 0,
    NR_COL_ASSEMBLY_REF_FLAGS = 4,
    NR_COL_ASSEMBLY_REF_KEY = 5,
    NR_COL_ASSEMBLY_REF_NAME = 6,
    NR_COL_ASSEMBLY_REF_CULTURE = 7,
    NR_COL_ASSEMBLY_REF_HASH = 8,
    NR_COL_EXPORTED_FLAGS = 0,
    NR_COL_EXPORTED_TYPE_DEF = 1,
    NR_COL_EXPORTED_NAME = 2,
    NR_COL_EXPORTED_NAMESPACE = 3,
    NR_COL_EXPORTED_IMPLEMENTATION = 4,
    NR_COL_NESTED_INNER = 0,
    NR_COL_NESTED_OUTER = 1,
    NR_COL_GENERIC_PARAM_NUMBER = 0,
    NR_COL_GENERIC_PARAM_FLAGS = 1,
    NR_COL_GENERIC_PARAM_OWNER = 2,
    NR_COL_GENERIC_PARAM_NAME = 3,
    NR_COL_METHOD_SPEC_METHOD = 0,
    NR_COL_METHOD_SPEC_SIG = 1
};

typedef struct nr_image_table {
    const uint8_t *rows;
    uint32_t count;
    uint32_t row_size;
    uint8_t at[NR_TAB_MAX_COLUMNS];    /* offset of each column in a row */
    uint8_t width[NR_TAB_MAX_COLUMNS]; /* 2 or 4 (1 for a padding byte); 0: no such column */
} nr_image_table;

typedef struct nr_image_heap {
    const uint8_t *data;
    uint32_t size;
} nr_image_heap;

typedef struct nr_image_section {
    uint32_t rva, virtual_size, file_offset, file_size;
} nr_image_section;

typedef struct nr_image {
    const uint8_t *data;
    size_t size;
    bool mapped;          /* data is a mapping of our own */
    bool pe32_plus;
    uint16_t machine;     /* IMAGE_FILE_HEADER.Machine */
    bool ready_to_run;    /* has a managed native header */
    uint32_t cli_flags;   /* II.25.3.3.1 */
    uint32_t entry_point;
    nr_image_section *sections;
    size_t section_count;
    nr_str version;       /* of the metadata root, e.g. "v4.0.30319" */
    bool uncompressed;    /* "#-" */
    uint64_t sorted;      /* II.24.2.6: bit per table */
    nr_image_heap strings, blobs, guids, user_strings;
    nr_image_table tables[NR_TAB_COUNT];
} nr_image;

typedef struct nr_image_error {
    const char *text; /* static, English */
    size_t offset;    /* in the file */
} nr_image_error;

/* Opens a file; `error` says why not. Text "cannot be opened" and "out of memory" have offset 0. */
bool nr_image_open(nr_image *image, nr_str path, nr_image_error *error);
/* The same over bytes that outlive the image. */
bool nr_image_parse(nr_image *image, const uint8_t *data, size_t size, nr_image_error *error);
void nr_image_close(nr_image *image);

/* Column of a row; `rid` is 1-based and must not exceed tables[table].count. */
uint32_t nr_image_column(const nr_image *image, unsigned table, uint32_t rid, unsigned column);
/* Bytes at an RVA and how many follow it in its section. NULL: no section holds it. */
const uint8_t *nr_image_at_rva(const nr_image *image, uint32_t rva, size_t *left);

/* What kind of value a column holds: the low bits of a coded index, for code that adds rows. */
bool nr_image_coded_token(unsigned table, unsigned column, uint32_t value, uint32_t *token);
bool nr_image_token_coded(unsigned table, unsigned column, uint32_t token, uint32_t *value);
/* Number of columns of a table; 0: no such table. */
unsigned nr_image_columns_of(unsigned table);

/* Compressed unsigned integer of II.23.2; false: it does not fit into `size` bytes. */
bool nr_uncompress(const uint8_t *p, size_t size, uint32_t *value, size_t *length);

#endif
