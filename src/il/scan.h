/* scan.h - where a method body holds what differs from process to process: metadata tokens and 8-byte constants. */
#ifndef NR_IL_SCAN_H
#define NR_IL_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct nr_scan_offsets {
    uint32_t *items;
    size_t count, room;
} nr_scan_offsets;

typedef struct nr_scan {
    size_t size;            /* by the body's own structure, as far as it could be read */
    nr_scan_offsets tokens; /* locals' signature when there is one, operands, classes of typed clauses, in the order of bytes */
    nr_scan_offsets longs;  /* operands of ldc.i8 */
    bool bad;               /* the structure is broken, or reaches beyond `size` */
    bool failed;            /* no memory: offsets are missing */
} nr_scan;

/* Reads a whole body (ECMA-335 II.25.4), of which `size` bytes may be looked at. False: no memory. */
bool nr_scan_body(nr_scan *s, const uint8_t *p, size_t size);
void nr_scan_free(nr_scan *s);

#endif
