/* report.h - what a comparison found, as JSON and as a page that needs nothing but a browser. */
#ifndef NR_CLI_REPORT_H
#define NR_CLI_REPORT_H

#include "cli/side_by_side.h"

#include <cJSON.h>
#include <stdio.h>

typedef struct nr_report_options {
    nr_origins *origins; /* may be NULL */
    size_t details;      /* for how many methods the code is compared line by line */
    bool page;           /* for the page: all lines of these, and the names of identical methods */
} nr_report_options;

/* The document (docs/validation.md), to be freed with cJSON_Delete. NULL: no memory. */
cJSON *nr_report_make(const nr_comparison *c, const nr_report_options *options);
/* The page around the document. False: no memory, or it cannot be written. */
bool nr_report_write_page(FILE *out, const cJSON *document);

#endif
