/* progress.h - a progress bar for what takes longer than a second, on a terminal only. */
#ifndef NR_CLI_PROGRESS_H
#define NR_CLI_PROGRESS_H

#include "cli/cli.h"

#include <stdint.h>

typedef struct nr_progress {
    FILE *to; /* NULL: nobody is watching */
    const char *what;
    uint64_t start_ns, drawn_ns;
} nr_progress;

/* `what` is said in front of the bar. It goes to the error stream, so that the output can be redirected. */
void nr_progress_begin(nr_progress *p, nr_cli *cli, const char *what);
void nr_progress_set(nr_progress *p, size_t done, size_t total);
/* Takes the bar away: before other lines are written to a terminal, and at the end. */
void nr_progress_clear(nr_progress *p);

#endif
