/* record_internal.h - how a line comes about; for record*.c only. */
#ifndef NR_VALIDATE_RECORD_INTERNAL_H
#define NR_VALIDATE_RECORD_INTERNAL_H

#include "validate/record.h"

typedef struct nr_line {
    nr_side *side;
    nr_recorder *recorder;
    nr_buf text;
    uint64_t from;
} nr_line;

/* False: nothing is recorded, and the line must not be used. */
bool nr_line_begin(nr_line *l, nr_side *side, const char *ev);
void nr_line_end(nr_line *l);
void nr_line_hr(nr_line *l, int32_t hr);
void nr_line_assembly(nr_line *l, uintptr_t module); /* the name with its quotes */
void nr_line_method(nr_line *l, uintptr_t module, uint32_t method);

#endif
