#include "cli/glob.h"

/* Iterative: at a mismatch the last star takes one character more. */
bool nr_glob(nr_str pattern, nr_str text)
{
    size_t p = 0, t = 0, star = pattern.n, star_text = 0;
    while (t < text.n) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = p++;
            star_text = t;
        } else if (p < pattern.n && (pattern.p[p] == '?' || pattern.p[p] == text.p[t])) {
            p++;
            t++;
        } else if (star < pattern.n) {
            p = star + 1;
            t = ++star_text;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*') p++;
    return p == pattern.n;
}
