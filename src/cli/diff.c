#include "cli/diff.h"

#include <stdint.h>
#include <string.h>

enum { MOST_DIFFERENCES = 3000 }; /* of memory: the square of it, in ints */

/* furthest[d]: for each diagonal k = x - y in [-d, d] the furthest x that d differences reach, at index k + d. */
static ptrdiff_t *search(nr_arena *arena, ptrdiff_t n, ptrdiff_t m, nr_diff_equal *equal, void *context,
                         ptrdiff_t **furthest, ptrdiff_t *differences)
{
    for (ptrdiff_t d = 0; d <= n + m && d <= MOST_DIFFERENCES; d++) {
        ptrdiff_t *row = nr_arena_alloc(arena, (size_t)(2 * d + 1) * sizeof *row);
        if (!row) return NULL;
        furthest[d] = row;
        for (ptrdiff_t k = -d; k <= d; k += 2) {
            const ptrdiff_t *last = d ? furthest[d - 1] + (d - 1) : NULL; /* by diagonal */
            ptrdiff_t x = 0;
            if (d && (k == -d || (k != d && last[k - 1] < last[k + 1])))
                x = last[k + 1];
            else if (d)
                x = last[k - 1] + 1;
            while (x < n && x - k < m && equal(context, (size_t)x, (size_t)(x - k))) x++;
            row[k + d] = x;
            if (x >= n && x - k >= m) {
                *differences = d;
                return row;
            }
        }
    }
    *differences = -1;
    return NULL;
}

static void everything(nr_edit *out, size_t n, size_t m, size_t *count)
{
    for (size_t i = 0; i < n; i++) out[(*count)++] = (nr_edit){'-', i, 0};
    for (size_t i = 0; i < m; i++) out[(*count)++] = (nr_edit){'+', 0, i};
}

/* From the end back to the start. */
static void trace(nr_edit *out, ptrdiff_t x, ptrdiff_t y, ptrdiff_t d, ptrdiff_t **furthest, size_t *count)
{
    size_t at = 0;
    for (; d >= 0; d--) {
        ptrdiff_t k = x - y, from_x = 0, from_y = 0;
        bool insert = false;
        if (d) {
            const ptrdiff_t *last = furthest[d - 1] + (d - 1);
            insert = k == -d || (k != d && last[k - 1] < last[k + 1]);
            from_x = insert ? last[k + 1] : last[k - 1];
            from_y = from_x - (insert ? k + 1 : k - 1);
        }
        ptrdiff_t start_x = d ? from_x + !insert : 0;
        while (x > start_x) {
            x--, y--;
            out[at++] = (nr_edit){' ', (size_t)x, (size_t)y};
        }
        if (!d) break;
        out[at++] = insert ? (nr_edit){'+', 0, (size_t)from_y} : (nr_edit){'-', (size_t)from_x, 0};
        x = from_x;
        y = from_y;
    }
    for (size_t i = 0; i < at / 2; i++) {
        nr_edit e = out[i];
        out[i] = out[at - 1 - i];
        out[at - 1 - i] = e;
    }
    *count = at;
}

nr_edit *nr_diff(nr_arena *arena, size_t n, size_t m, nr_diff_equal *equal, void *context, size_t *count)
{
    nr_arena scratch = NR_ARENA_INIT;
    nr_edit *out = nr_arena_alloc(arena, (n + m + 1) * sizeof *out);
    ptrdiff_t **furthest = nr_arena_alloc(&scratch, (MOST_DIFFERENCES + 1) * sizeof *furthest);
    ptrdiff_t differences = -1;
    *count = 0;
    if (out && furthest) {
        search(&scratch, (ptrdiff_t)n, (ptrdiff_t)m, equal, context, furthest, &differences);
        if (differences >= 0)
            trace(out, (ptrdiff_t)n, (ptrdiff_t)m, differences, furthest, count);
        else
            everything(out, n, m, count);
    }
    nr_arena_free(&scratch);
    return out;
}
