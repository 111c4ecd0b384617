/* counters.h - what the branch coverage build (scripts/branches.sh) adds to the tool and the library, so that the counters of a process
 * that ends by _exit are written: each of the two has counters of its own. */
#ifndef NR_TESTS_COVERAGE_COUNTERS_H
#define NR_TESTS_COVERAGE_COUNTERS_H

/* In the tool: `dump` is called, too, when this process ends by _exit. Weak, because other programs load the library as well. */
void nr_coverage_register(void (*dump)(void)) __attribute__((weak, visibility("default")));

#endif
