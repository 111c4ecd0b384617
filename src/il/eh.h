/* eh.h - extra method data sections (ECMA-335 II.25.4.5 and 6), inside this room only.
 *
 *     small   kind | data size | 0 0            then clauses of 12 bytes
 *     fat     kind | data size, 3 bytes         then clauses of 24 bytes
 *
 * Three ways to count the clauses meet here: the CLR's (data size / clause size, whether the 4 bytes of the header are in
 * the data size or not), the reference's for bodies with one RET at most ((data size - 4) / clause size), and
 * the reference's for more RETs, which is the CLR's over all chained sections. */
#ifndef NR_IL_EH_H
#define NR_IL_EH_H

#include "il/body.h"

enum {
    NR_EH_KIND = 0x01, /* the section holds exception clauses */
    NR_EH_KIND_MASK = 0x3F,
    NR_EH_FAT = 0x40,
    NR_EH_MORE = 0x80,
    NR_EH_SECTION_HEADER = 4,
    NR_EH_SMALL_CLAUSE = 12,
    NR_EH_FAT_CLAUSE = 24,
    NR_EH_SMALL_LIMIT = 255, /* the CLR's emitter makes a section of this size fat */
    NR_EH_MAX_DATA_SIZE = 0xFFFFFF
};

typedef struct nr_eh_section {
    size_t offset;       /* of the kind byte */
    uint32_t size;       /* header and clauses, as the CLR measures them */
    uint32_t data_size;  /* as written */
    uint32_t clauses;    /* as the CLR counts them; 0 when it is another kind of section */
    uint8_t kind;        /* the whole byte */
    bool is_eh, fat, more;
} nr_eh_section;

/* The section at `offset`, all of it inside `size` bytes. */
nr_il_error nr_eh_section_at(const uint8_t *bytes, size_t size, size_t offset, nr_eh_section *out);

/* Clause `i` of a section found by nr_eh_section_at, the last field as it is. */
nr_eh_clause nr_eh_section_clause(const uint8_t *bytes, const nr_eh_section *s, uint32_t i);

/* Section 5: the only section, with the reference's count and last fields. */
nr_il_error nr_eh_read_single(nr_arena *arena, const uint8_t *bytes, size_t size, size_t offset,
                              nr_eh_clause **clauses, size_t *count);

/* 4.10, 1 to 3: *count is the first section's; each later one overwrites from the first slot. A first section of
 * another kind gives no clauses. Last fields as they are. */
nr_il_error nr_eh_read_chain(nr_arena *arena, const uint8_t *bytes, size_t size, size_t offset,
                             nr_eh_clause **clauses, size_t *count);

/* 4.10, 5: writes `count` > 0 clauses into the room of a fat section, small when they fit; flags are cut to 16 bits then. */
void nr_eh_write_best(uint8_t *out, const nr_eh_clause *clauses, size_t count);

#endif
