/* fault.h - tests let file operations fail.
 *
 * Every operation of os.h on files and directories asks nr_os_file_fails first: opening, reading, listing, looking, making,
 * writing. In production that is one load and one branch beside a system call. */
#ifndef NR_OS_FAULT_H
#define NR_OS_FAULT_H

#include "base/compiler.h"

#include <stdatomic.h>
#include <stdbool.h>

extern atomic_ulong nr_os_file_fault; /* 0: none; n: the n-th from now */

/* Tests only: the n-th operation from now fails, 1 is the next one; with `forever` every later one as well. 0: none. */
void nr_os_fail_file_at(unsigned long nth, bool forever);
bool nr_os_file_fault_now(void);

static inline bool nr_os_file_fails(void)
{
    return NR_UNLIKELY(atomic_load_explicit(&nr_os_file_fault, memory_order_relaxed) != 0) && nr_os_file_fault_now();
}

#endif
